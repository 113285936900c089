#!/usr/bin/env bash
#SBATCH --job-name=rowmill
#SBATCH --array=0-7
#SBATCH --requeue
#SBATCH --signal=TERM@60
# One part of a data set per task of a Slurm array:
#
#     sbatch examples/cluster/slurm.sh reviews.csv answers
#     sbatch --dependency=afterok:JOB --wrap 'rowmill merge answers/part-*.csv -o answers.csv'
#
# Everything lies on a file system that all nodes have. A task that is preempted, killed or requeued goes on
# where it stopped; one that has finished finds nothing left to do.
set -euo pipefail
input="$1"
folder="$2"
mkdir -p "$folder"
exec rowmill sentiment "$input" --text review --shard auto --progress none \
    -o "$folder/part-{shard}.csv"
