# where.sh: where the helpers of the tests are. Sourced by the other scripts.
axe_version=4.14.1
axe_file=$PWD/.cache/npm/node_modules/axe-core/axe.min.js
vnu_version=26.9.27
vnu_sum=22f15dd39a33bed929d2a5c0cddf5946849a647eca9272bf4d5d00bc7e7a4d47 # of the jar in that version
vnu_file=$PWD/.cache/npm/node_modules/vnu-jar/build/dist/vnu.jar

chromium_path() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

has_font() {
	local f
	for f in /usr/share/fonts/opentype/noto/NotoSansCJK-*; do [ -e "$f" ] && return 0; done
	command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ]
}

# pg_bin is the folder of the newest PostgreSQL server programs.
pg_bin() {
	local d
	for d in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) $(dirname "$(command -v initdb || echo /nowhere/initdb)"); do
		[ -x "$d/initdb" ] && [ -x "$d/postgres" ] && { echo "$d"; return; }
	done
	true
}

has_java() { java -version >/dev/null 2>&1; }

# has_vnu: the checker of pages, in that version and whole.
has_vnu() { [ -s "$vnu_file" ] && echo "$vnu_sum  $vnu_file" | sha256sum --check --status; }

has_axe() { [ -s "$axe_file" ] && grep -q "axe v$axe_version" "$axe_file"; }
