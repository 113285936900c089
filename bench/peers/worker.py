"""Runs works on one engine in a process of its own: reads a request as JSON from standard input,
writes the results as JSON to standard output. run.py starts it; a fresh process is a fresh engine
with empty caches.

A request: {"engine", "model", "threads", "options", "warm_up": work, "works": [work...]}; a work:
{"job", "kind", "template", "rows", "prompts" (token ids), "labels", "allowed" (their first tokens),
"max_tokens"}.
"""

import importlib
import json
import os
import signal
import sys

import machine


def run(request):
    engine = importlib.import_module("engine_" + request["engine"]).Engine(
        request["model"], request["threads"], request["options"])
    try:
        warm_up = request["warm_up"]
        if hasattr(engine, "warm_up"):
            engine.warm_up(warm_up)
        else:
            engine.generate(warm_up["prompts"], 2)
        results = []
        for work in request["works"]:
            watch = machine.Watch(getattr(engine, "pids", ()))
            if hasattr(engine, "run"):
                found = engine.run(work)
            else:
                answers, seconds, first_seconds = engine.generate(
                    work["prompts"], work["max_tokens"], work["allowed"])
                found = {"answers": answers, "seconds": seconds, "first_seconds": first_seconds,
                         "prompt_tokens": sum(map(len, work["prompts"])),
                         "generated": sum(map(len, answers)),
                         "load_seconds": engine.load_seconds}
            results.append({"job": work["job"], "cpu": watch.read(), **found})
        return {"versions": engine.versions(), "options": engine.options, "results": results}
    finally:
        engine.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # What libraries print must not get between the lines of the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    json.dump(run(json.load(sys.stdin)), answer)
    answer.close()
