#!/usr/bin/env bash
# Runs clang-tidy 19 (.clang-tidy) over the sources, or over those that are named. Takes minutes per core,
# so it is no part of scripts/test.sh. Its compile commands are those of preset clang.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$rowmill_root"

install_packages "${rowmill_packages[@]}" "${rowmill_test_packages[@]}" clang-tidy-19
[ -f build/clang/compile_commands.json ] || cmake --preset clang >/dev/null
if [ $# -gt 0 ]; then
    files=("$@")
else
    mapfile -t files < <(find src -name '*.cc' | sort)
fi
printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p build/clang --quiet 2> >(grep -v 'warnings generated' >&2)
