#!/usr/bin/env python3
"""Simulates a job over many machines: how long it takes and what of the machines' time is work.

    bench/scaling/simulate.py            # the tables of docs/scaling.md
    bench/scaling/simulate.py --rows 1e8 --machines 100

The data set is cut into parts; a machine takes a part, reads it, plans, runs, writes, and takes the next one, or
each machine has its parts from the beginning (as with Slurm arrays or --shard). Machines differ in speed, some
are much slower, all of them fail now and then and come back. A part of a failed machine goes on from its journal
where the file system is shared, or starts again where it is not. Times are simulated, figures of one machine are
measured (docs/scaling.md says where).
"""

import argparse
import dataclasses
import heapq
import random
import statistics


@dataclasses.dataclass
class Cluster:
    rows: float = 1e9
    machines: int = 1000
    rows_per_second: float = 280.0  # of one machine at its full speed
    parts_per_machine: int = 8
    assignment: str = "queue"  # or "fixed"
    resume: bool = True  # a part goes on where its machine failed
    # Machines.
    speed_spread: float = 0.05  # standard deviation of the logarithm
    slow_share: float = 0.01
    slow_speed: float = 0.5
    mean_hours_to_failure: float = 24 * 30.0
    minutes_to_return: float = 10.0
    # Of each part.
    start_seconds: float = 3.0  # scheduling, process, opening files
    load_seconds: float = 0.5
    plan_rows_per_second: float = 125000.0
    write_rows_per_second: float = 590000.0
    # Storage and network.
    weights_bytes: float = 98e6
    row_bytes: float = 200.0  # read once
    answer_bytes: float = 80.0
    storage_bytes_per_second: float = 5e9  # of all machines together
    link_bytes_per_second: float = 1.25e9  # of one


def seconds_of_part(cluster, rows, speed):
    return (cluster.start_seconds + cluster.load_seconds + rows / cluster.plan_rows_per_second +
            rows / (cluster.rows_per_second * speed) + rows / cluster.write_rows_per_second)


def storage_seconds(cluster, bytes_per_machine):
    """For all machines at once."""
    return max(bytes_per_machine / cluster.link_bytes_per_second,
               bytes_per_machine * cluster.machines / cluster.storage_bytes_per_second)


def simulate(cluster, seed=1):
    """(hours until the last part is written, share of the machines' time that was needed work)."""
    rng = random.Random(seed)
    speeds = [rng.lognormvariate(0.0, cluster.speed_spread) for _ in range(cluster.machines)]
    for machine in rng.sample(range(cluster.machines), round(cluster.machines * cluster.slow_share)):
        speeds[machine] *= cluster.slow_speed
    parts = cluster.machines * cluster.parts_per_machine
    rows = cluster.rows / parts
    weights = storage_seconds(cluster, cluster.weights_bytes)
    reading = storage_seconds(cluster, rows * (cluster.row_bytes + cluster.answer_bytes))
    waiting = [cluster.parts_per_machine] * cluster.machines  # of fixed assignment
    queue = parts
    free = [(weights, machine) for machine in range(cluster.machines)]
    heapq.heapify(free)
    end = weights
    while free:
        now, machine = heapq.heappop(free)
        if cluster.assignment == "queue":
            if queue == 0:
                continue
            queue -= 1
        else:
            if waiting[machine] == 0:
                continue
            waiting[machine] -= 1
        left = seconds_of_part(cluster, rows, speeds[machine]) + reading
        while True:
            failure = rng.expovariate(1.0 / (cluster.mean_hours_to_failure * 3600.0))
            if failure >= left:
                now += left
                break
            now += failure + cluster.minutes_to_return * 60.0
            if cluster.resume:
                # Loading and planning are done again, answers are not.
                left += -failure + seconds_of_part(cluster, rows, 1e9)
            else:
                left = seconds_of_part(cluster, rows, speeds[machine]) + reading
        end = max(end, now)
        heapq.heappush(free, (now, machine))
    needed = cluster.rows / cluster.rows_per_second / statistics.fmean(speeds)
    return end / 3600.0, needed / (end * cluster.machines)


def row(cluster, seeds=5):
    runs = [simulate(cluster, seed) for seed in range(1, seeds + 1)]
    hours, shares = zip(*runs)
    return f"{statistics.median(hours):.2f} | {100.0 * statistics.median(shares):.1f} %"


def tables(base):
    print("| parts per machine | fixed: hours | work | queue: hours | work |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for parts in (1, 4, 8, 16, 64, 256):
        cells = [row(dataclasses.replace(base, parts_per_machine=parts, assignment=assignment))
                 for assignment in ("fixed", "queue")]
        print(f"| {parts} | {cells[0]} | {cells[1]} |")
    print()
    print("| machines fail every | with a journal: hours | work | without: hours | work |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, hours in (("30 days", 720.0), ("day", 24.0), ("2 hours", 2.0), ("half hour", 0.5)):
        cells = [row(dataclasses.replace(base, mean_hours_to_failure=hours, minutes_to_return=3.0,
                                         resume=resume, parts_per_machine=4))
                 for resume in (True, False)]
        print(f"| {name} | {cells[0]} | {cells[1]} |")
    print()
    print("| weights | from storage to all machines, s | work |")
    print("| --- | ---: | ---: |")
    for name, size in (("98 MB", 98e6), ("1 GB", 1e9), ("8 GB", 8e9), ("40 GB", 40e9)):
        cluster = dataclasses.replace(base, weights_bytes=size)
        seconds = storage_seconds(cluster, size)
        print(f"| {name} | {seconds:.0f} | {row(cluster).split(' | ')[1]} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for field in dataclasses.fields(Cluster):
        if field.type in (float, int, "float", "int"):
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default),
                                default=field.default)
    tables(dataclasses.replace(Cluster(), **vars(parser.parse_args())))


if __name__ == "__main__":
    main()
