#!/usr/bin/env bash
# Checks the content of the tour's results. Usage: check.sh [DIRECTORY WITH results/]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"

fail() {
    echo "tour: FAILED: $1" >&2
    exit 1
}

[ -f results/report.txt ] || fail "results/report.txt is not there: has the workflow run here?"
diff -u "$here/expected-report.txt" results/report.txt >&2 || fail "the report is not as expected (difference above)"

# Fan-out and join: eight parts, 8 volumes x 60 nights x 3 words that count.
parts=(results/counts/*.tsv)
[ ${#parts[@]} -eq 8 ] || fail "expected 8 files in results/counts, found ${#parts[@]}"
words=$(awk '{ words += $1 } END { print words + 0 }' "${parts[@]}")
[ "$words" -eq 1440 ] || fail "expected 1440 words in results/counts, found $words"

# The service counted the same words.
cmp -s results/words.tsv results/tally.tsv || fail "the service's tally differs from results/words.tsv"

# The checkpoint's directory, and one page for each theme in it.
for folder in results/themes results/pages; do
    [ -d $folder ] || fail "$folder is missing"
done
themes=$(cd results/themes && printf '%s\n' *.list | sed 's/\.list$//' | LC_ALL=C sort | paste -sd' ')
pages=$(cd results/pages && printf '%s\n' *.txt | sed 's/\.txt$//' | LC_ALL=C sort | paste -sd' ')
[ "$themes" = "fog gull star whale" ] || fail "expected the themes fog gull star whale, found: $themes"
[ "$pages" = "$themes" ] || fail "expected one page per theme ($themes), found: $pages"

# The retry: the book is of the second attempt, which had more memory.
[ "$(head -n 1 results/book.txt)" = "Bound at attempt 2, with 200 MB." ] \
    || fail "results/book.txt does not say that it was bound at attempt 2"

# touch(), temp(), benchmark: and log:
[ -f results/proofread.done ] || fail "touch() left no results/proofread.done"
[ ! -s results/proofread.done ] || fail "results/proofread.done should be empty"
for gone in results/logbook.txt results/volumes/[0-9]*.txt; do
    [ ! -e "$gone" ] || fail "$gone is temp() and should have been removed"
done
for volume in 1 2 3 4 5 6 7 8; do
    benchmark=results/benchmarks/count_words/$volume.tsv
    [ -f "$benchmark" ] || fail "$benchmark is missing"
    awk -F'\t' 'NR == 1 && $1 != "s" { exit 1 } NR == 2 && $1 !~ /^[0-9.]+$/ { exit 1 } END { exit NR != 2 }' "$benchmark" \
        || fail "$benchmark is not a header and one row of numbers"
    [ -f "results/logs/count_words/$volume.log" ] || fail "results/logs/count_words/$volume.log is missing"
done
answers=$(grep -c ': OK [0-9]*$' results/logs/tally_words.log || true)
[ "$answers" -eq 8 ] || fail "results/logs/tally_words.log should hold 8 answers of the service, holds $answers"

echo "tour: all results are as expected"
