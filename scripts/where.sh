# where.sh: where the helpers of the tests are. Sourced by the other scripts.
axe_version=4.14.1
axe_file=$PWD/.cache/npm/node_modules/axe-core/axe.min.js

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

has_axe() { [ -s "$axe_file" ] && grep -q "axe v$axe_version" "$axe_file"; }
