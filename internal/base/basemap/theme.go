package basemap

// Theme holds the colours: calm, so that what people report stands out. It is a value:
// set Lang on a copy for names in another script.
type Theme struct {
	Land, Area, Water, Green, Pitch, Building, BuildingEdge, Road, RoadEdge, Path, Rail string
	Text, Halo, WaterText, Bound, Pin, PinEdge                                          string
	Size                                                                                float64 // of names; 1 is 12px
	Lang                                                                                string  // zh-Hans, zh-Hant or en
}

// Day is the usual theme.
var Day = Theme{Land: "#f4f1ea", Area: "#efeae0", Water: "#c3dde3", Green: "#d5e3c5", Pitch: "#bcd6b5", Building: "#e0d8c9", BuildingEdge: "#cfc5b2",
	Road: "#ffffff", RoadEdge: "#d6cebf", Path: "#cbbfa9", Rail: "#b9b0a2", Text: "#4d483f", Halo: "#f9f7f2", WaterText: "#2f6170", Bound: "#8d4a20",
	Pin: "#a8381f", PinEdge: "#ffffff", Size: 1}

// Night is for dark pages.
var Night = Theme{Land: "#1e2126", Area: "#24282e", Water: "#1b3440", Green: "#25332a", Pitch: "#2d4033", Building: "#343a42", BuildingEdge: "#444b55",
	Road: "#4a515b", RoadEdge: "#15171a", Path: "#59606a", Rail: "#6a717c", Text: "#dcdfe4", Halo: "#16181c", WaterText: "#8fc3d4", Bound: "#e0a070",
	Pin: "#e8694c", PinEdge: "#16181c", Size: 1}

// Elder has larger names and stronger lines.
var Elder = Theme{Land: "#ffffff", Area: "#f3efe4", Water: "#a9d2de", Green: "#c6ddb0", Pitch: "#a5cc9b", Building: "#d3c6ab", BuildingEdge: "#8f8367",
	Road: "#ffffff", RoadEdge: "#9b917d", Path: "#a08f6c", Rail: "#7c7466", Text: "#1d1a15", Halo: "#ffffff", WaterText: "#0f4656", Bound: "#7a3205",
	Pin: "#a8201a", PinEdge: "#ffffff", Size: 1.4}

// Named is the theme of a name ("day", "night", "elder") in a language; Day for any other.
func Named(name, lang string) Theme {
	t := Day
	switch name {
	case "night":
		t = Night
	case "elder":
		t = Elder
	}
	t.Lang = lang
	return t
}
