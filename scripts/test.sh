#!/usr/bin/env bash
# Sets up what is missing, builds, and runs all tests. The last line is `N passed, N failed, N skipped`; the
# exit code is 0 where nothing failed.
#
#   scripts/test.sh                     everything but the slow stages
#   scripts/test.sh --quick             checks, the dev build and its unit tests
#   scripts/test.sh --all               the slow stages too
#   scripts/test.sh --stages unit,cli   these, in the order below
#
#   checks   includes, documents, style, format, and the tests of these checks
#   unit     preset dev (optimised, with debug checks): the unit tests
#   cli      the program as people run it, with the dev build
#   python   the Python package, with a module that is linked with the dev build
#   asan     preset asan-ubsan: the unit tests of what reads hostile input
#   tsan     preset tsan: the unit tests of the thread team and the queue
#   builds   presets release and clang: the same bytes as from the dev build
#
# Slow, because each builds nearly everything once more:
#
#   tsan-engine      preset tsan: the unit tests of the engine
#   wheel            pip builds and installs the package from the repository
#   ray              the Python package on a local Ray cluster
#   spark            the recipe for Spark, on two cores
#   slurm            the recipe for Slurm, given to a controller and a node on this machine
#   debug            preset debug, without optimisation: the same bytes
#   aarch64          preset aarch64, cross-built and run under qemu: the kernels on three models of ARM processor
#   aarch64-program  preset aarch64: the whole program under qemu writes the bytes of the dev build
#
# Reference outputs are looked for in ../shared (or ROWMILL_SHARED). Where they are, a golden test that is
# skipped counts as failed, unless its reason contains the words `not built yet`: a feature that is missing
# may say so, a golden may not go unseen.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$rowmill_root"
exec </dev/null

usual_stages=checks,unit,cli,python,asan,tsan,builds
slow_stages=tsan-engine,wheel,ray,spark,slurm,debug,aarch64,aarch64-program
stages=$usual_stages
case "${1:-}" in
    "") ;;
    --quick) stages=checks,unit ;;
    --all) stages=$usual_stages,$slow_stages ;;
    --stages) stages="${2:?--stages takes names, separated by commas}" ;;
    *)
        sed -n '2,/^source/s/^# \{0,1\}//p' "$0" >&2
        exit 1
        ;;
esac

# Rooms that read files, prompts and data of strangers.
hostile_rooms=(base tensor formats hub text data media decode tasks recommend engine)

results="$rowmill_root/build/test-results.jsonl"
mkdir -p build
rm -f "$results"
run_tests=(python3 scripts/run_tests.py)
started=$SECONDS
stage=setup
stage_started=$SECONDS
times=()
summary_options=()
runner=()

end_stage() {
    local seconds=$((SECONDS - stage_started))
    times+=("$(printf '  %-15s %3d min %02d s' "$stage" $((seconds / 60)) $((seconds % 60)))")
    stage_started=$SECONDS
}

wants() {
    [[ ",$stages," == *",$1,"* ]]
}

begin_stage() {
    end_stage
    stage="$1"
    echo
    echo "== $stage: $2"
}

fail() {
    "${run_tests[@]}" failure --results "$results" --stage "$stage" --name "$1"
}

# Whatever ends this script, the counts are its last line.
finish() {
    local code=$?
    trap - EXIT
    [ "$code" = 0 ] || fail "the script ended early, exit code $code" || true
    end_stage
    echo
    echo "Time:"
    printf '%s\n' "${times[@]}"
    printf '  %-15s %3d min %02d s\n' all $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
    code=0
    "${run_tests[@]}" summary --results "$results" "${summary_options[@]}" || code=1
    exit "$code"
}
trap finish EXIT

count() {
    local kind="$1"
    shift
    "${runner[@]}" "${run_tests[@]}" "$kind" --results "$results" --stage "$stage" "$@"
}

# test_targets ROOM...: the test binaries of those rooms that have tests.
test_targets() {
    local room
    for room in "$@"; do
        if compgen -G "tests/unit/$room/*.cc" >/dev/null; then echo "test_$room"; fi
    done
}

# run_rooms PRESET ROOM...: builds and runs their unit tests.
run_rooms() {
    local preset="$1"
    shift
    local targets
    mapfile -t targets < <(test_targets "$@")
    if build "$preset" "${targets[@]}"; then
        local IFS='|'
        count ctest --build "build/$preset" --only "^unit[.]($*)\$"
    else
        fail "build of preset $preset"
    fi
}

skip() {
    echo "skipped: $2"
    "${run_tests[@]}" skip --results "$results" --stage "$stage" --name "$1" --reason "$2"
}

# Whether this machine can build for aarch64 and run what it built; says why not.
can_cross_build() {
    if [ "$(uname -m)" = aarch64 ]; then
        skip "$stage" "this machine is an ARM itself: the other stages test what this one would"
    elif ! install_packages "${rowmill_aarch64_packages[@]}" || ! command -v qemu-aarch64 >/dev/null ||
        ! command -v aarch64-linux-gnu-g++ >/dev/null || ! scripts/aarch64_sysroot.sh; then
        skip "$stage" "the cross compiler, qemu or the libraries for aarch64 cannot be had here"
    else
        return 0
    fi
    return 1
}

echo "== setup"
# Python first: counting takes it.
install_packages "${rowmill_packages[@]}" "${rowmill_test_packages[@]}" "${rowmill_fetch_packages[@]}"
set_up_parquet
export ROWMILL_MODELS="${ROWMILL_MODELS:-${HOME:-.}/.cache/rowmill/models}"
export ROWMILL_SHARED="${ROWMILL_SHARED:-$(dirname "$rowmill_root")/shared}"
export ROWMILL_BINARY="$rowmill_root/build/dev/rowmill"
has_model() {
    scripts/get_model.sh "$1" || {
        echo "the model $1 cannot be had here: the tests that need it will be skipped"
        return 1
    }
}
if ! [ -d "$ROWMILL_SHARED/goldens" ]; then
    echo "no reference outputs in $ROWMILL_SHARED: golden tests will be skipped"
    has_model smollm2 || true
elif has_model smollm2; then
    echo "reference outputs in $ROWMILL_SHARED: golden tests have to run"
    summary_options+=(--goldens-required)
    has_model gemma3-270m || summary_options+=(--excused gemma)
    has_model minilm || summary_options+=(--excused minilm)
    has_model efficientnet-lite0 || summary_options+=(--excused efficientnet)
    # No package names a licence for these: used where somebody has converted them.
    [ -d "$ROWMILL_MODELS/marian-en-pt" ] || summary_options+=(--excused marian)
    [ -d "$ROWMILL_MODELS/whisper-base" ] || summary_options+=(--excused whisper)
    # Half a gigabyte for one tokeniser: used where it is, not fetched.
    [ -f "$ROWMILL_MODELS/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf" ] || summary_options+=(--excused qwen)
fi

if wants checks; then
    begin_stage checks "includes, documents, style, format"
    for check in layers docs style; do
        count command --name "check_$check" -- python3 "tools/check_$check.py"
    done
    count command --name format -- scripts/format.sh --check
    count unittest --folder tests/checks
    count unittest --folder tests/bench
fi

if wants unit || wants cli || wants python || wants ray ||
    wants spark || wants slurm || wants builds || wants debug || wants aarch64-program; then
    begin_stage build "preset dev"
    if ! build dev; then
        fail "build of preset dev"
        exit 0
    fi
fi

if wants unit; then
    begin_stage unit "unit tests of preset dev"
    count ctest --build build/dev
fi

if wants cli; then
    begin_stage cli "the program as people run it"
    count unittest --folder tests/cli
fi

# test_package ENVIRONMENT FOLDER PACKAGE...: builds the module for the Python of a virtual environment with
# these packages, and runs the tests of a folder with it.
test_package() {
    local python="$rowmill_root/build/$1/bin/python" folder="$2"
    if python_environment "build/$1" "${@:3}" &&
        cmake -S . -B build/dev -DROWMILL_PYTHON_EXECUTABLE="$python" >build/dev/python.log &&
        build dev rowmill_core; then
        run_tests=("$python" scripts/run_tests.py)
        count unittest --folder "$folder"
        run_tests=(python3 scripts/run_tests.py)
    else
        fail "the Python module"
    fi
}

if wants python; then
    begin_stage python "the Python package"
    test_package python tests/python "${rowmill_python_packages[@]}"
fi

if wants asan; then
    begin_stage asan "unit tests of what reads hostile input, with AddressSanitizer and UBSan"
    run_rooms asan-ubsan "${hostile_rooms[@]}"
fi

# run_with_tsan ROOM: its unit tests under ThreadSanitizer, without the random places of memory that older
# versions of it cannot work with.
run_with_tsan() {
    if setarch "$(uname -m)" -R true 2>/dev/null; then runner=(setarch "$(uname -m)" -R); fi
    run_rooms tsan "$1"
    runner=()
}

if wants tsan; then
    begin_stage tsan "unit tests of the thread team and the queue, with ThreadSanitizer"
    run_with_tsan parallel
fi

# compare_builds PRESET...: builds the program by each and compares what it writes with the dev build's.
compare_builds() {
    local preset others=()
    for preset in "$@"; do
        if build "$preset" rowmill; then
            others+=("$rowmill_root/build/$preset/rowmill")
        else
            fail "build of preset $preset"
        fi
    done
    ROWMILL_OTHER_BINARIES="$(IFS=:; echo "${others[*]}")" count unittest --folder tests/parity
}

if wants builds; then
    begin_stage builds "other compilers and options, the same bytes"
    compare_builds release clang
fi

if wants tsan-engine; then
    begin_stage tsan-engine "unit tests of the engine, with ThreadSanitizer"
    run_with_tsan engine
fi

if wants wheel; then
    begin_stage wheel "pip builds the package"
    if python_environment build/wheel pyarrow && build/wheel/bin/pip install --quiet .; then
        count command --name "the installed command" -- build/wheel/bin/rowmill doctor
        count command --name "the installed package" -- build/wheel/bin/python -I -c \
            'import rowmill; rowmill.Model("smollm2").plan("sentiment", ["fine", "bad"])'
    else
        fail "pip install ."
    fi
fi

if wants ray; then
    begin_stage ray "the Python package on a local Ray cluster"
    test_package ray tests/ray "${rowmill_ray_packages[@]}"
fi

if wants spark; then
    begin_stage spark "the Python package in the executors of Spark"
    install_packages "${rowmill_spark_packages[@]}"
    test_package spark tests/spark "${rowmill_spark_python_packages[@]}"
fi

if wants slurm; then
    begin_stage slurm "shards on Slurm itself"
    install_packages "${rowmill_slurm_packages[@]}"
    count unittest --folder tests/slurm
fi

if wants debug; then
    begin_stage debug "without optimisation, the same bytes"
    compare_builds debug
fi

if wants aarch64; then
    begin_stage aarch64 "64-bit ARM under qemu: the kernels"
    if can_cross_build; then
        if build aarch64 test_kernels; then
            # qemu's own processor has all that we use; older ones must get by without, and not trap.
            count ctest --build build/aarch64 --only '^unit[.]kernels$'
            for cpu in cortex-a72 neoverse-n1; do
                count command --name "kernels on $cpu" -- qemu-aarch64 -cpu "$cpu" \
                    build/aarch64/test_kernels --gtest_brief=1 '--gtest_filter=*Recipe*:*Dispatch*'
            done
        else
            fail "build of preset aarch64"
        fi
    fi
fi

if wants aarch64-program; then
    begin_stage aarch64-program "64-bit ARM under qemu: the program, the same bytes"
    if can_cross_build; then
        if build aarch64 rowmill; then
            ROWMILL_OTHER_BINARY="$rowmill_root/build/aarch64/rowmill" count unittest --folder tests/emulated
        else
            fail "build of preset aarch64"
        fi
    fi
fi
