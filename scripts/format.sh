#!/usr/bin/env bash
# Formats all C++ (clang-format 19, .clang-format). --check: changes nothing, names the files that would
# change and fails where there are any.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$rowmill_root"

command -v clang-format-19 >/dev/null || install_packages clang-format-19
mapfile -t files < <(find src tests fuzz bench -name '*.h' -o -name '*.cc' | sort)
if [ "${1:-}" = --check ]; then
    clang-format-19 --dry-run -Werror --ferror-limit=1 "${files[@]}" 2>&1 |
        { grep -o '^[^:]*:[0-9]*:[0-9]*: error:' || true; } | sed 's/:[0-9]*: error:/: not formatted/' | sort -u |
        { ! grep .; }
else
    clang-format-19 -i "${files[@]}"
fi
