#!/usr/bin/env bash
# Checks the content of the results. Usage: check.sh [DIRECTORY WITH results/]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"

fail() {
    echo "mixed: FAILED: $1" >&2
    exit 1
}

[ -f results/report.txt ] || fail "results/report.txt is not there: has the workflow run here?"
diff -u "$here/expected-report.txt" results/report.txt >&2 || fail "the report is not as expected (difference above)"

# Each rank has done its part, and no seed was counted twice.
for way in count:2 recount:2; do
    ranks=$(find "results/${way%:*}" -name 'rank-*.txt' | wc -l)
    [ "$ranks" -eq "${way#*:}" ] || fail "${way%:*} has the files of $ranks ranks, not of ${way#*:} (are all ranks of one mpirun?)"
    diff <(cat "results/${way%:*}"/rank-*.txt | cut -d' ' -f1 | sort) <(seq 101 140 | sort) >&2 ||
        fail "${way%:*} did not count each seed once (difference above)"
done

echo "mixed: all results are as expected"
