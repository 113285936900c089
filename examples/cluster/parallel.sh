#!/usr/bin/env bash
# Parts of a data set on the machines that a file names, by GNU parallel:
#
#     examples/cluster/parallel.sh reviews.csv answers 8 --sshloginfile machines
#
# --retries gives a part whose machine is gone to another one, which goes on where the first stopped.
set -euo pipefail
input="$1"
folder="$2"
parts="$3"
shift 3
mkdir -p "$folder"
seq 0 $((parts - 1)) | parallel --jobs 1 --retries 3 "$@" \
    rowmill sentiment "$input" --text review --shard "{}/$parts" --progress none \
    -o "$folder/part-{}-of-$parts.csv"
exec rowmill merge "$folder"/part-*-of-"$parts".csv -o "$folder.csv" --overwrite
