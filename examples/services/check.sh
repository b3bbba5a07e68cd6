#!/usr/bin/env bash
# Checks the content of the results. Usage: check.sh [DIRECTORY WITH results/]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"

fail() {
    echo "services: FAILED: $1" >&2
    exit 1
}

[ -f results/report.txt ] || fail "results/report.txt is not there: has the workflow run here?"
diff -u "$here/expected-report.txt" results/report.txt >&2 || fail "the report is not as expected (difference above)"

# What the databases say, counted once more from the file.
LC_ALL=C diff -u <(awk -F'\t' '{ n[$1]++; tons[$1] += $2 } END { for (ship in n) print ship "\t" n[ship] "\t" tons[ship] }' \
    results/passages.tsv | LC_ALL=C sort -k2,2nr -k1,1r) results/ranking.tsv >&2 \
    || fail "results/ranking.tsv is not what results/passages.tsv says (difference above)"
cmp -s results/ranking.tsv results/ranking-of-shards.tsv || fail "one server and two of them disagree"

echo "services: all results are as expected"
