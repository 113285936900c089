"""What a figure needs beside it: the processor, what else ran, versions of the system."""

import os
import platform
import resource
import time
from pathlib import Path

# What decides which kernels an engine takes.
TELLING_FLAGS = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl",
                 "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16")


def describe(cpuinfo=None):
    text = cpuinfo if cpuinfo is not None else Path("/proc/cpuinfo").read_text()
    fields = {}
    for line in text.split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    flags = set(fields.get("flags", "").split())
    return {
        "cpu": fields.get("model name", platform.processor()),
        "family": fields.get("cpu family", ""),
        "model": fields.get("model", ""),
        "flags": [flag for flag in TELLING_FLAGS if flag in flags],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
    }


def parse_stat(text):
    """Seconds of all processors since the start: busy (with guests' time stolen left out) and
    stolen, from the first line of /proc/stat."""
    values = [int(value) for value in text.split("\n")[0].split()[1:]]
    user, nice, system, _, _, interrupt, soft_interrupt, steal = values[:8]
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + interrupt + soft_interrupt) / ticks, steal / ticks


def process_seconds(pid):
    """Processor time of a process that has not ended: its own, in user and in system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """How much of the processors others took while something was measured, in shares of all
    processor time. Ours is the time of this process, of children that have ended, and of those
    named."""

    def __init__(self, pids=()):
        self.pids = pids
        self.before = self._now()

    def _now(self):
        busy, steal = parse_stat(Path("/proc/stat").read_text())
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return {"wall": time.monotonic(), "busy": busy, "steal": steal,
                "own": sum(usage.ru_utime + usage.ru_stime for usage in own)
                + sum(map(process_seconds, self.pids))}

    def read(self):
        after = self._now()
        spent = {name: after[name] - self.before[name] for name in after}
        available = max(spent["wall"] * (os.cpu_count() or 1), 1e-9)
        return {"others": round(max(0.0, spent["busy"] - spent["own"]) / available, 3),
                "steal": round(spent["steal"] / available, 3),
                "load": round(os.getloadavg()[0], 1)}
