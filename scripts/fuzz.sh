#!/usr/bin/env bash
# fuzz.sh TIME: a random search with every fuzz target of the tree for TIME, one after the
# other. Exit 1 if it found something; that lies in the package's testdata/fuzz and fails go
# test from then on: mend the code and commit the file. With LINLI_FUZZ=report, as the tests
# run it, a find is printed and laid in .cache/fuzz/found instead, and the exit is 0: a new
# find says nothing of the change at hand, and the same tree has to give the same answer twice.
set -u
cd "$(dirname "$0")/.."
top=$PWD
time=${1:-10s}
bad=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p .cache/fuzz

# one PKG TARGET: the engine itself sometimes reports its own deadline
# (go.dev/issue/75804); that is no finding and is tried once more.
one() {
	local try
	for try in 1 2; do
		if (cd "$1" && "$tmp/fuzz.test" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$time" -test.fuzzcachedir="$top/.cache/fuzz/$2") >"$tmp/out" 2>&1; then
			echo "fuzz $1 $2: $(grep -o 'execs: [0-9]*' "$tmp/out" | tail -n 1)"
			return 0
		fi
		if grep -q 'Failing input written' "$tmp/out" || ! grep -q 'context deadline exceeded' "$tmp/out"; then break; fi
	done
	cat "$tmp/out"
	echo "fuzz $1 $2: FOUND SOMETHING"
	if [ "${LINLI_FUZZ:-}" = report ]; then
		mkdir -p ".cache/fuzz/found/$2"
		for f in $(sed -n 's/.*Failing input written to //p' "$tmp/out"); do mv "$1/$f" ".cache/fuzz/found/$2/"; done
		rmdir -p "$1/testdata/fuzz/$2" 2>/dev/null
		return 0
	fi
	return 1
}

last=
while IFS=: read -r file name; do
	pkg=$(dirname "$file")
	if [ "$pkg" != "$last" ]; then
		last=$pkg
		rm -f "$tmp/fuzz.test"
		go test -c -fuzz=. -o "$tmp/fuzz.test" "$pkg" || bad=1
	fi
	[ -x "$tmp/fuzz.test" ] || continue
	one "$pkg" "$name" || bad=1
done < <(find . -name '*_test.go' -not -path './.*' -print0 | sort -z | xargs -0r grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/')
exit $bad
