#!/usr/bin/env bash
# Checks the content of the results. Usage: check.sh [DIRECTORY WITH results/]
set -euo pipefail

cd "${1:-.}"

fail() {
    echo "hello-flux: FAILED: $1" >&2
    exit 1
}

for greeting in hello hola; do
    file=results/$greeting/world.txt
    [ -f "$file" ] || fail "$file is missing"
    content=$(cat "$file")
    [ "$content" = "$greeting, World!" ] || fail "$file should say \"$greeting, World!\", says \"$content\""
done

echo "hello-flux: all results are as expected"
