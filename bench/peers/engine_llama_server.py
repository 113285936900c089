"""llama-server as people run it: one process, slots with continuous batching and the prompt cache,
and a client that keeps all slots busy over loopback."""

import http.client
import json
import os
import pathlib
import queue
import socket
import subprocess
import threading
import time

START_SECONDS = 120


class Engine:
    """options: `slots`; `context` tokens of each."""

    def __init__(self, model_path, threads, options):
        self.options = {"slots": 8, "context": 1024, **options}
        self.folder = pathlib.Path(os.environ["LLAMA_CPP_LIB_PATH"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        slots = self.options["slots"]
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [self.folder / "llama-server", "-m", model_path, "--host", "127.0.0.1", "--port",
             str(self.port), "-t", str(threads), "-np", str(slots), "-c",
             str(slots * self.options["context"]), "--no-webui", "--log-disable"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pids = [self.process.pid]
        self._wait_until_ready(started + START_SECONDS)
        self.load_seconds = time.perf_counter() - started

    def _wait_until_ready(self, deadline):
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"llama-server ended with {self.process.returncode}")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("llama-server did not start")

    def versions(self):
        text = subprocess.run([self.folder / "llama-server", "--version"], capture_output=True,
                              text=True).stderr
        # Behind the number it names the commit of whatever repository it was built in.
        return {"llama-server": text.partition("version: ")[2].split(" ")[0].strip()}

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)

    def generate(self, prompts, max_tokens, allowed=()):
        """prompts: token ids; allowed: the tokens that may be answered, all where empty. The first
        token's time is not known here."""
        answers = [None] * len(prompts)
        failures = []
        waiting = queue.SimpleQueue()
        for index in range(len(prompts)):
            waiting.put(index)

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
            while not failures:
                try:
                    index = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    answers[index] = self._complete(connection, prompts[index], max_tokens, allowed)
                except Exception as error:
                    failures.append(error)

        # Twice as many as slots, so that none waits for a client.
        clients = [threading.Thread(target=client)
                   for _ in range(min(len(prompts), 2 * self.options["slots"]))]
        started = time.perf_counter()
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        seconds = time.perf_counter() - started
        if failures:
            raise failures[0]
        return answers, seconds, None

    @staticmethod
    def _complete(connection, prompt, max_tokens, allowed):
        body = {"prompt": prompt, "n_predict": max_tokens, "temperature": 0, "return_tokens": True,
                "cache_prompt": True, "ignore_eos": max_tokens > 1,
                "logit_bias": [[token, 100.0] for token in allowed],
                "response_fields": ["tokens"]}
        connection.request("POST", "/completion", json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"llama-server answered {answer.status}: {text[:200]!r}")
        return json.loads(text)["tokens"]
