#!/usr/bin/env bash
# Installs what building and testing need and is not there yet; says what it does; quick when nothing is to be
# done. Sourced by demo.sh and test.sh. Debian 12 and its relatives (apt); elsewhere it names what is missing.
set -euo pipefail

rowmill_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

rowmill_packages=(g++ cmake ninja-build pkg-config nlohmann-json3-dev libcli11-dev libfmt-dev libzstd-dev zlib1g-dev
    libutf8proc-dev)
# Only for the tests: GoogleTest, a second compiler, an oracle for the splitters, system call injection.
rowmill_test_packages=(libgtest-dev libgmock-dev libpcre2-dev clang-19 libclang-rt-19-dev libbenchmark-dev strace python3-venv)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_packages NAME...: those that dpkg does not know as installed.
install_packages() {
    local missing=()
    local name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return 0
    if ! command -v apt-get >/dev/null; then
        echo "please install the equivalents of: ${missing[*]}" >&2
        return 1
    fi
    echo "installing: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# python_environment FOLDER PACKAGE...: a virtual environment with these packages.
python_environment() {
    local folder="$1"
    shift
    if [ ! -x "$folder/bin/python" ]; then
        echo "making a Python environment in $folder"
        python3 -m venv "$folder"
    fi
    local stamp="$folder/.installed"
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$*" ]; then
        echo "installing Python packages: $*"
        "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
        echo "$*" >"$stamp"
    fi
}

# build PRESET TARGET...: configures where needed and builds.
build() {
    local preset="$1"
    shift
    local folder="$rowmill_root/build/$preset"
    if [ ! -f "$folder/build.ninja" ]; then
        echo "configuring $preset"
        (cd "$rowmill_root" && cmake --preset "$preset" >/dev/null)
    fi
    echo "building $preset: ${*:-everything}"
    cmake --build "$folder" -- "$@" | tail -n 1
}
