#!/usr/bin/env bash
# Checks the content of the results. Usage: check.sh [DIRECTORY WITH results/]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"

fail() {
    echo "containers: FAILED: $1" >&2
    exit 1
}

[ -f results/report.txt ] || fail "results/report.txt is not there: has the workflow run here?"
diff -u "$here/expected-report.txt" results/report.txt >&2 || fail "the report is not as expected (difference above)"

for die in red green blue; do
    rolls=results/rolls/$die.txt
    [ -f "$rolls" ] || fail "$rolls is missing"
    [ "$(wc -l < "$rolls")" -eq 600 ] || fail "$rolls should have 600 lines"
done

echo "containers: all results are as expected"
