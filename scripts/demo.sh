#!/usr/bin/env bash
# Rowmill at work, from a fresh clone: installs what is missing, builds the program, gets the default model
# and finds out which of the example reviews are positive. Quick when all of that is there already.
# Arguments are handed on to `rowmill sentiment`, for instance --units 1.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$rowmill_root"

install_packages "${rowmill_packages[@]}"
build release rowmill
scripts/get_model.sh >/dev/null

mkdir -p build/demo
output=build/demo/reviews.jsonl
command=(build/release/rowmill sentiment examples/reviews.csv --text review --gold sentiment
    -o "$output" --overwrite "$@")
echo
echo "\$ ${command[*]}"
"${command[@]}"

echo
echo "The first rows of $output:"
head -n 4 "$output" | cut -c 1-240
echo
echo "All about the run is in $output.run.json. Now your own file:"
echo "  build/release/rowmill sentiment YOUR.csv --text COLUMN -o answers.csv"
