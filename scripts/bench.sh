#!/usr/bin/env bash
# bench.sh [PATTERN]: the benchmarks, with every database file on a real disk.
set -eu -o pipefail
cd "$(dirname "$0")/.."
go test -run='^$' -bench="${1:-.}" -benchmem -timeout 60m -p 1 ./... | grep -v 'no test files'
