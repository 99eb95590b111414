#!/usr/bin/env bash
# test.sh: everything that must hold, in the order: format, vet and staticcheck; ten
# seconds of every fuzz target; all tests, on SQLite and on a PostgreSQL of our own,
# with the browser. The last lines are those of go test. Exit 0 only if all held.
set -u
cd "$(dirname "$0")/.."
mkdir -p .cache
. scripts/where.sh
. scripts/pg.sh

scripts/need.sh || exit 1

trap pg_stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
pg_start || { echo "PostgreSQL did not start"; exit 1; }

LINLI_CHROMIUM=$(chromium_path)
export LINLI_CHROMIUM LINLI_AXE=$axe_file LINLI_VNU=$vnu_file LINLI_TEST_NEED_PG=1 LINLI_TEST_NEED_BROWSER=1
bad=()

scripts/lint.sh || bad+=(lint)
LINLI_FUZZ=report scripts/fuzz.sh "${FUZZTIME:-10s}" || bad+=(fuzz)
[ ${#bad[@]} -eq 0 ] || echo "did not hold: ${bad[*]} (see above)"

go test -count=1 -timeout 25m ./... || bad+=(test)
[ ${#bad[@]} -eq 0 ]
