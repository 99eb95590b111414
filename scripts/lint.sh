#!/usr/bin/env bash
# lint.sh: gofmt, vet and staticcheck. Runs all three, fails if one does.
set -u
cd "$(dirname "$0")/.."
staticcheck=v0.8.1 # the first line that knows Go 1.26; kept out of go.mod, it is no part of the program
bad=0

unformatted=$(find . -name '*.go' -not -path './.*' -not -path '*/node_modules/*' -print0 | xargs -0r gofmt -l)
[ -z "$unformatted" ] || { printf 'gofmt -w these:\n%s\n' "$unformatted"; bad=1; }

go vet ./... || bad=1

bin=$PWD/.cache/bin/$staticcheck
if [ ! -x "$bin/staticcheck" ]; then
	for wait in 0 3 10; do
		sleep $wait
		GOBIN=$bin GOFLAGS=-buildvcs=false go install honnef.co/go/tools/cmd/staticcheck@$staticcheck && break
	done
fi
"$bin/staticcheck" ./... || bad=1
exit $bad
