#!/usr/bin/env bash
# Sets up what the comparison needs, by package names only, into build/peers (or ROWMILL_PEERS): the rivals in
# a virtual environment, and llama.cpp built for this processor with clang 19 out of the source package of
# llama-cpp-python. Does nothing where all is there. Building llama.cpp takes a quarter of an hour on two cores.
#
#   bench/peers/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

folder="${ROWMILL_PEERS:-$rowmill_root/build/peers}"
llama_package=llama-cpp-python==0.3.36
install_packages clang-19 libomp-19-dev cmake ninja-build "${rowmill_packages[@]}" "${rowmill_fetch_packages[@]}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

python_environment "$folder/venv" openvino-genai==2026.4.1.0 numpy
pip=("$folder/venv/bin/pip" --no-input --disable-pip-version-check)

# build_llama FOLDER [COMPILER_FLAG...]
build_llama() {
    local target="$1"
    shift
    if [ -x "$target/bin/llama-server" ] && [ -e "$target/bin/libllama.so" ]; then return 0; fi
    echo "building llama.cpp of $llama_package in $target" >&2
    if [ ! -f "$folder/source/pyproject.toml" ]; then
        rm -rf "$folder/source"
        mkdir -p "$folder/source"
        "${pip[@]}" download --quiet --no-deps --no-binary :all: --dest "$folder/source" "$llama_package"
        tar -xzf "$folder/source"/*.tar.gz -C "$folder/source" --strip-components 1
    fi
    # OpenMP as in the releases of llama.cpp. No web page, no HTTPS: the build would fetch them.
    cmake -S "$folder/source/vendor/llama.cpp" -B "$target" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 "-DCMAKE_C_FLAGS=$*" "-DCMAKE_CXX_FLAGS=$*" \
        -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
        -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF
    cmake --build "$target" --target llama llama-server
}
build_llama "$folder/llama.cpp"
# Where there is AMX, run.py --avx512 compares without it.
if grep -qw amx_tile /proc/cpuinfo; then
    build_llama "$folder/llama.cpp-avx512" -mno-amx-tile -mno-amx-int8 -mno-amx-bf16
fi

# The Python interface alone; it loads the libraries built above.
if ! "${pip[@]}" show llama-cpp-python >/dev/null 2>&1; then
    CMAKE_ARGS="-DLLAMA_BUILD=OFF" "${pip[@]}" install --quiet --no-binary llama-cpp-python "$llama_package"
fi

ROWMILL_MODELS="${ROWMILL_MODELS:-${HOME:-.}/.cache/rowmill/models}" "$rowmill_root/scripts/get_model.sh" smollm2
