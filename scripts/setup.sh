#!/usr/bin/env bash
# Functions that install what building and testing need, build, and say what they do; quick when nothing
# is to be done. Sourced by demo.sh, test.sh and get_model.sh. For Debian 12 and its relatives (apt);
# elsewhere they name what is needed and go on.
set -euo pipefail

rowmill_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# What building the program takes, and what the tests take on top: GoogleTest, a second compiler with its
# sanitizers, the oracle of the splitters, the formatter, the injection of system call faults, the oracle of
# compression, what fetches models, the decoders of FLAC, MP3 and Ogg.
rowmill_packages=(g++ cmake ninja-build pkg-config nlohmann-json3-dev libcli11-dev libfmt-dev libzstd-dev
    zlib1g-dev libutf8proc-dev libre2-dev libjpeg-dev libpng-dev libwebp-dev)
rowmill_test_packages=(libgtest-dev libgmock-dev libpcre2-dev libbenchmark-dev clang-19 libclang-rt-19-dev
    clang-format-19 strace zstd libcurl4 libsndfile1 python3 python3-dev parallel)
# What building the Python module and testing the package take, and the package on Ray, in virtual
# environments of their own.
rowmill_python_packages=(nanobind pyarrow pandas polars duckdb datasets matplotlib nbclient nbformat ipykernel)
rowmill_ray_packages=(nanobind pyarrow pandas 'ray[data]')
# The same for Spark, which runs on Java, and Slurm from Debian.
rowmill_spark_packages=(default-jre-headless)
rowmill_spark_python_packages=(nanobind pyarrow 'pandas<3' pyspark)
rowmill_slurm_packages=(slurmctld slurmd slurm-client)
# Arrow's C++ library, with its headers, over which the module for Parquet files is built.
rowmill_parquet_packages=(pyarrow)
# What building for 64-bit ARM and running it takes, beside what scripts/aarch64_sysroot.sh unpacks.
rowmill_aarch64_packages=(g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)
# What fetching a model takes: pip lives in a virtual environment of our own, since Debian's Python lets
# nobody install into itself.
rowmill_fetch_packages=(python3 python3-venv ca-certificates)

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root and there is no sudo; as root, run: $*" >&2
        return 1
    fi
}

# install_packages NAME...: those that are not installed. Messages go to standard error.
install_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "no apt here; these Debian packages, or what is like them, are needed: $*" >&2
        return 0
    fi
    local installed missing=() name
    installed=" $(dpkg-query -W -f='${Package} ${Status}\n' "$@" 2>/dev/null |
        awk '/ install ok installed$/ { printf "%s ", $1 }') " || true
    for name in "$@"; do
        [[ "$installed" == *" $name "* ]] || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return 0
    echo "installing: ${missing[*]}" >&2
    as_root apt-get update -qq >&2 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >/dev/null </dev/null
}

# python_environment FOLDER [PACKAGE...]: a virtual environment with these packages.
python_environment() {
    local folder="$1"
    shift
    if [ ! -x "$folder/bin/pip" ]; then
        echo "making a Python environment in $folder" >&2
        python3 -m venv --clear "$folder" >&2
    fi
    local stamp="$folder/.installed"
    if [ $# -gt 0 ] && { [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$*" ]; }; then
        echo "installing Python packages: $*" >&2
        "$folder/bin/pip" install --quiet --no-input --disable-pip-version-check "$@" >&2
        echo "$*" >"$stamp"
    fi
}

# set_up_parquet: what the module for Parquet files is built over, where cmake/parquet.cmake finds it. Without
# it all else works, so that failing is no failure. Build folders that were made without it are told.
set_up_parquet() {
    if ! python_environment "$rowmill_root/build/arrow" "${rowmill_parquet_packages[@]}"; then
        echo "pyarrow cannot be had here: Parquet files will not be read or written" >&2
        return 0
    fi
    local ninja
    for ninja in "$rowmill_root"/build/*/build.ninja; do
        if [ -f "$ninja" ] && ! grep -q rowmill_parquet "$ninja"; then touch "$rowmill_root/CMakeLists.txt"; fi
    done
}

# build PRESET [TARGET...]: configures where needed and builds. On a terminal Ninja shows how far it is;
# elsewhere its output goes to a log, of which the end is shown where the build fails.
build() {
    local preset="$1"
    shift
    local folder="$rowmill_root/build/$preset"
    local log="$folder/build.log"
    mkdir -p "$folder"
    if [ ! -f "$folder/build.ninja" ]; then
        echo "configuring $preset"
        if ! (cd "$rowmill_root" && cmake --preset "$preset" >"$log" 2>&1); then
            cat "$log" >&2
            return 1
        fi
    fi
    echo "building $preset: ${*:-everything}"
    if [ -t 1 ]; then
        cmake --build "$folder" -- "$@"
    elif ! cmake --build "$folder" -- "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        return 1
    fi
}
