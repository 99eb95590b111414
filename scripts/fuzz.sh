#!/usr/bin/env bash
# fuzz.sh TIME: every fuzz target of the tree for TIME, one after the other.
set -u
cd "$(dirname "$0")/.."
time=${1:-10s}
bad=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

while IFS=: read -r file name; do
	pkg=./$(dirname "${file#./}")
	for try in 1 2; do
		if go test -run='^$' -fuzz="^$name\$" -fuzztime="$time" "$pkg" >"$out" 2>&1; then
			echo "fuzz $pkg $name $(grep -o 'execs: [0-9]*' "$out" | tail -n 1)"
			continue 2
		fi
		# The fuzz engine itself sometimes reports its own deadline (go.dev/issue/75804): that is no finding.
		if grep -q 'Failing input written' "$out" || ! grep -q 'context deadline exceeded' "$out"; then break; fi
	done
	cat "$out"
	echo "fuzz $pkg $name FAILED"
	bad=1
done < <(find . -name '*_test.go' -not -path './.*' -print0 | sort -z | xargs -0r grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/')
exit $bad
