package place

import "testing"

func TestBuildingsAreFoundByWhatPeopleSay(t *testing.T) {
	ps := []Place{{ID: 1, Name: "1幢"}, {ID: 2, Name: "12幢"}, {ID: 3, Name: "A3座"}, {ID: 4, Name: "3号楼"}}
	for said, want := range map[string]int64{"12": 2, "12幢": 2, "１２号楼": 2, "十二幢": 2, "12 building": 2, "A3": 3, "a3座": 3, "3": 4, "03": 4, "2": 0, "": 0, "楼": 0} {
		got, ok := ByNumber(ps, said)
		if int64(got.ID) != want || ok != (want != 0) {
			t.Errorf("%q: %d %v, want %d", said, got.ID, ok, want)
		}
	}
	if _, ok := ByNumber([]Place{{ID: 1, Name: "1幢"}, {ID: 2, Name: "1号楼"}}, "1"); ok {
		t.Error("two have the number and one was chosen")
	}
}
