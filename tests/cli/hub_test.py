"""Models by `hf:user/repo:quant`: fetched from a hub on the loopback that breaks, lies and redirects."""

import hashlib
import http.server
import json
import os
import pathlib
import threading
import unittest

import program
from program import IO, MODEL, OK, PROJECT, RESOURCE, STOPPED, USAGE, ProgramTest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ENCODER = PROJECT / "tests" / "data" / "encoders" / "bert"


def git_name(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub:
    """A hub of one repository, `user/repo`. What it does wrong is asked for by name."""

    def __init__(self, files):
        self.files = files
        self.commit = COMMIT
        self.hashes = {}         # name -> what is said instead of the truth
        self.statuses = []       # answered to the next requests for content, one each
        self.break_after = None  # bytes of content after which the line goes dead, each time
        self.breaks_left = 0
        self.ignore_ranges = False
        self.redirects = False
        self.token = None
        self.requests = []       # (path, range)
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hub.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def listing(self):
        siblings = []
        for name, content in self.files.items():
            entry = {"rfilename": name, "size": len(content), "blobId": git_name(content)}
            if name.endswith((".gguf", ".safetensors")):
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
            if name in self.hashes:
                entry.get("lfs", entry)["sha256" if "lfs" in entry else "blobId"] = self.hashes[name]
            siblings.append(entry)
        return {"id": "user/repo", "sha": self.commit, "siblings": siblings}

    def answer(self, request):
        path, _, _ = request.path.partition("?")
        self.requests.append((path, request.headers.get("Range")))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return self.send(request, 401, b'{"error":"Invalid username or password."}')
        if path == "/api/models/user/repo/revision/main":
            return self.send(request, 200, json.dumps(self.listing()).encode())
        prefix = f"/user/repo/resolve/{self.commit}/"
        if self.redirects and path.startswith(prefix):
            request.send_response(302)
            request.send_header("Location", f"/content/{path[len(prefix):]}")
            request.send_header("Content-Length", "0")
            return request.end_headers()
        name = path.removeprefix("/content/" if self.redirects else prefix)
        if name not in self.files:
            return self.send(request, 404, b"Entry not found")
        if self.statuses:
            return self.send(request, self.statuses.pop(0), b"not now")
        return self.send_content(request, self.files[name])

    def send(self, request, status, body):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def send_content(self, request, content):
        begin = 0
        if request.headers.get("Range") and not self.ignore_ranges:
            begin = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            request.send_response(200)
        body = content[begin:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.breaks_left and self.break_after < len(body):
            self.breaks_left -= 1
            body = body[:self.break_after]
        request.wfile.write(body)
        request.close_connection = True


class HubTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.gguf = pathlib.Path(program.tiny_model()).read_bytes()
        self.hub = self.start_hub({"README.md": b"hello", "tiny-Q4_0_8_8.gguf": b"not this one",
                                   "tiny-Q4_0.gguf": self.gguf, "tiny-q8_0.gguf": b"nor this"})
        self.cache = self.folder / "cache"
        self.write_csv("in.csv", [{"text": "good film"}, {"text": "bad plot"}])

    def start_hub(self, files):
        hub = Hub(files)
        self.addCleanup(hub.close)
        return hub

    def run_hub(self, *arguments, expect=OK, **variables):
        environment = {"HF_ENDPOINT": self.hub.address, "HF_HUB_CACHE": str(self.cache), "HF_TOKEN": "",
                       "HF_HUB_OFFLINE": "", "no_proxy": "*", **variables}
        return self.run_program(*arguments, expect=expect, env=environment)

    def pull(self, reference="hf:user/repo:q4_0", **options):
        return self.run_hub("models", "pull", reference, **options)

    def blobs(self):
        folder = self.cache / "models--user--repo" / "blobs"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def contents(self):
        """Requests for content, and the ranges that they asked for."""
        return [wanted for path, wanted in self.hub.requests if "/resolve/" in path]

    def test_a_job_fetches_its_model_once_and_checks_it(self):
        job = ["sentiment", "in.csv", "-m", "hf:user/repo:q4_0", "--progress", "none"]
        self.run_hub(*job, "-o", "a.csv")
        sha256 = hashlib.sha256(self.gguf).hexdigest()
        repo = self.cache / "models--user--repo"
        link = repo / "snapshots" / COMMIT / "tiny-Q4_0.gguf"
        self.assertEqual(os.readlink(link), f"../../blobs/{sha256}")
        self.assertEqual((repo / "refs" / "main").read_text(), COMMIT)
        self.assertEqual(self.blobs(), [sha256])
        report = program.read_report(self.path("a.csv"))
        self.assertEqual(report["model"]["reference"], "hf:user/repo:q4_0")
        self.assertEqual(report["model"]["sha256"], sha256)
        # Nothing is asked again, also where the hub has moved on.
        before = len(self.hub.requests)
        self.hub.files["tiny-Q4_0.gguf"] = b"something new"
        self.hub.commit = "f" * 40
        self.run_hub(*job, "-o", "b.csv")
        self.run_hub(*job, "-o", "c.csv", "--offline")
        self.assertEqual(len(self.hub.requests), before)
        self.assertEqual(self.read("a.csv"), self.read("b.csv"))
        self.assertIn("hf:user/repo:q4_0", self.run_hub("models").stdout.decode())
        # The word of a person moves the reference.
        run = self.pull()
        self.assertIn(hashlib.sha256(b"something new").hexdigest(), run.stdout.decode())
        self.assertIn("f" * 40, run.stdout.decode())
        self.run_hub(*job, "-o", "d.csv", expect=MODEL)  # No model, as it is: 13 bytes.

    def test_a_broken_transfer_goes_on_where_it_ended(self):
        self.hub.break_after, self.hub.breaks_left = len(self.gguf) // 3, 2
        self.pull()
        third = len(self.gguf) // 3
        self.assertEqual(self.contents(), [None, f"bytes={third}-", f"bytes={2 * third}-"])
        self.assertEqual(self.blobs(), [hashlib.sha256(self.gguf).hexdigest()])

    def test_another_run_goes_on_too(self):
        self.hub.break_after, self.hub.breaks_left = 1000, 1
        self.hub.statuses = []
        original = self.hub.send_content

        def once(request, content):
            original(request, content)
            self.hub.statuses = [503] * 9

        self.hub.send_content = once
        run = self.pull(expect=IO)
        self.assertIn("HTTP 503", run.stderr)
        self.assertEqual(self.blobs(), [hashlib.sha256(self.gguf).hexdigest() + ".incomplete"])
        self.hub.statuses, self.hub.send_content = [], original
        self.pull()
        self.assertEqual(self.contents()[-1], "bytes=1000-")
        self.assertEqual(self.blobs(), [hashlib.sha256(self.gguf).hexdigest()])

    def test_damage_left_by_an_earlier_run_is_fetched_anew(self):
        folder = self.cache / "models--user--repo" / "blobs"
        folder.mkdir(parents=True)
        part = folder / (hashlib.sha256(self.gguf).hexdigest() + ".incomplete")
        for damaged in (b"x" * 100, b"x" * len(self.gguf), self.gguf + b"x"):
            (folder / part.stem).unlink(missing_ok=True)
            part.write_bytes(damaged)
            self.pull()
            self.assertEqual(self.blobs(), [part.stem])
        # A finished one is found out when it is loaded.
        (folder / part.stem).write_bytes(self.gguf[:-1] + bytes([self.gguf[-1] ^ 1]))
        run = self.run_hub("sentiment", "in.csv", "-m", "hf:user/repo:q4_0", "-o", "out.csv", expect=MODEL)
        self.assertIn("damaged", run.stderr)
        self.pull()
        self.run_hub("inspect", "hf:user/repo:q4_0")

    def test_a_server_without_ranges(self):
        self.hub.break_after, self.hub.breaks_left = 1000, 1
        self.hub.ignore_ranges = True
        self.pull()
        self.assertEqual(self.blobs(), [hashlib.sha256(self.gguf).hexdigest()])

    def test_redirects_are_followed(self):
        self.hub.redirects = True
        self.pull()
        self.assertEqual(self.blobs(), [hashlib.sha256(self.gguf).hexdigest()])

    def test_a_wrong_hash_is_refused_and_nothing_stays(self):
        self.hub.hashes["tiny-Q4_0.gguf"] = "0" * 64
        run = self.pull(expect=MODEL)
        self.assertIn("is not what the hub says", run.stderr)
        self.assertEqual(self.blobs(), [])
        self.assertFalse((self.cache / "models--user--repo" / "refs").exists())

    def test_what_the_hub_does_not_have(self):
        run = self.run_hub("models", "pull", "hf:user/other", expect=MODEL)
        self.assertIn("404", run.stderr)
        run = self.pull("hf:user/repo:q5_k_m", expect=MODEL)
        self.assertIn("tiny-q8_0.gguf", run.stderr)
        self.hub.token = "secret-of-mine"
        run = self.pull(expect=MODEL)
        self.assertIn("HF_TOKEN", run.stderr)
        run = self.pull(HF_TOKEN="secret-of-mine")
        self.assertNotIn("secret", run.stderr + run.stdout.decode())

    def test_a_busy_hub_is_asked_again(self):
        self.hub.statuses = [503, 429]
        self.pull()
        self.assertEqual(len(self.contents()), 3)

    def test_a_folder(self):
        files = {path.name: path.read_bytes() for path in ENCODER.iterdir()}
        self.hub = self.start_hub({**files, "pytorch_model.bin": b"pickle", "../evil": b"", "onnx/model.onnx": b""})
        self.run_hub("embed", "in.csv", "-m", "hf:user/repo", "-o", "a.jsonl")
        self.run_program("embed", "in.csv", "-m", ENCODER, "-o", "b.jsonl")
        self.assertEqual(self.read("a.jsonl"), self.read("b.jsonl"))
        self.assertEqual(len(self.blobs()), len(files))
        self.assertIn(git_name(files["config.json"]), self.blobs())
        self.assertNotIn("pytorch_model.bin", str([path for path, _ in self.hub.requests]))

    def test_what_other_tools_fetched_is_used_offline(self):
        snapshot = self.cache / "models--user--repo" / "snapshots" / COMMIT
        snapshot.mkdir(parents=True)
        (snapshot / "some.Q4_0.gguf").write_bytes(self.gguf)
        (snapshot.parents[1] / "refs").mkdir()
        (snapshot.parents[1] / "refs" / "main").write_text(COMMIT)
        for reference in ("hf:user/repo", "hf:user/repo:q4_0"):
            self.run_hub("inspect", reference, "--offline")
        (snapshot / "some.Q8_0.gguf").write_bytes(self.gguf)
        self.run_hub("inspect", "hf:user/repo", "--offline", expect=MODEL)
        self.assertEqual(self.hub.requests, [])

    def test_no_network_no_question(self):
        for arguments, variables in ((["--offline"], {}), ([], {"HF_HUB_OFFLINE": "1"}),
                                     ([], {"ROWMILL_OFFLINE": "1"})):
            run = self.run_hub("inspect", "hf:user/repo:q4_0", *arguments, expect=MODEL, **variables)
            self.assertIn("rowmill models pull hf:user/repo:q4_0", run.stderr)
            self.run_hub("models", "pull", "hf:user/repo:q4_0", *arguments, expect=USAGE, **variables)
        self.assertEqual(self.hub.requests, [])
        for reference in ("hf:user", "hf:user/", "hf:../repo", "hf:user/repo:", "hf:user/a/b", "smollm2"):
            self.run_hub("models", "pull", reference, expect=USAGE)

    def test_nobody_answers(self):
        run = self.pull(expect=IO, HF_ENDPOINT="http://127.0.0.1:1")
        self.assertIn("127.0.0.1:1", run.stderr)

    def test_without_libcurl(self):
        folder = self.folder / "libraries"
        folder.mkdir()
        for name in ("libcurl.so.4", "libcurl-gnutls.so.4"):
            (folder / name).write_bytes(b"")
        run = self.pull(expect=RESOURCE, LD_LIBRARY_PATH=str(folder))
        self.assertIn("install libcurl4", run.stderr)

    def test_stopped_and_gone_on_with(self):
        blocked, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def stall(request, content):
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content[:5000])
            request.wfile.flush()
            blocked.set()
            release.wait(30)

        original, self.hub.send_content = self.hub.send_content, stall
        process = self.start("models", "pull", "hf:user/repo:q4_0", env=program.clean_environment(
            HF_ENDPOINT=self.hub.address, HF_HUB_CACHE=str(self.cache), no_proxy="*"))
        self.assertTrue(blocked.wait(30))
        process.terminate()
        _, errors = process.communicate(timeout=30)
        release.set()
        self.assertEqual(process.returncode, STOPPED, errors)
        self.hub.send_content = original
        self.pull()
        self.assertEqual(self.blobs(), [hashlib.sha256(self.gguf).hexdigest()])


if __name__ == "__main__":
    unittest.main()
