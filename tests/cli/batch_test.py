"""OpenAI batch files: requests in, results out, each in its line."""

import base64
import json
import os
import signal
import struct
import unittest

import program
from program import OK, USAGE, ProgramTest, read_jsonl


def chat(custom_id, text, **body):
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions",
            "body": {"model": "any", "messages": [{"role": "user", "content": text}], **body}}


def completion(custom_id, text, **body):
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/completions",
            "body": {"model": "any", "prompt": text, **body}}


class BatchTest(ProgramTest):
    def run_batch(self, requests, *options, expect=OK, name="in.jsonl"):
        if not isinstance(requests, str):
            self.write_jsonl(name, requests)
        else:
            self.write(name, requests)
        run = self.run_program("batch", name, "-o", "out.jsonl", "-m", program.tiny_model(),
                               "--progress", "none", *options, expect=expect)
        return run, read_jsonl(self.path("out.jsonl")) if expect == OK else None

    def body(self, result):
        self.assertIsNone(result["error"], result)
        self.assertEqual(result["response"]["status_code"], 200)
        return result["response"]["body"]

    def test_chats_and_completions_in_one_file(self):
        requests = [chat("a", "Say something", temperature=0, max_tokens=5),
                    completion("b", "Once upon", temperature=0, max_tokens=7),
                    chat("c", "Say something", temperature=0, max_tokens=5),
                    chat("d", "And else?", temperature=0.7, seed=3, max_tokens=5, top_p=0.9),
                    completion("e", "", max_tokens=3)]
        requests[2]["body"]["messages"].insert(0, {"role": "system", "content": "Be brief."})
        run, results = self.run_batch(requests)
        self.assertIn("5 sets of equal parameters", run.stderr)
        self.assertEqual([r["custom_id"] for r in results], list("abcde"))
        self.assertEqual(results[4]["response"]["status_code"], 400)  # nothing to ask
        for result, kind, tokens in zip(results, ["chat.completion", "text_completion",
                                                  "chat.completion", "chat.completion"],
                                        [5, 7, 5, 5]):
            body = self.body(result)
            self.assertEqual(body["object"], kind)
            choice = body["choices"][0]
            text = choice["text"] if kind == "text_completion" else choice["message"]["content"]
            self.assertIsInstance(text, str)
            self.assertIn(choice["finish_reason"], ("stop", "length"))
            usage = body["usage"]
            self.assertLessEqual(usage["completion_tokens"], tokens)
            self.assertGreater(usage["prompt_tokens"], 0)
            self.assertEqual(usage["total_tokens"],
                             usage["prompt_tokens"] + usage["completion_tokens"])
        self.assertEqual(self.names(), ["in.jsonl", "out.jsonl"])
        # What it says is what `generate` says.
        self.write_jsonl("rows.jsonl", [{"begin": "Once upon"}])
        self.run_job("generate", "rows.jsonl", "--prompt", "{{begin}}", "--raw-prompt",
                     "--max-tokens", "7", "-o", "rows.out.jsonl")
        self.assertEqual(self.body(results[1])["choices"][0]["text"],
                         read_jsonl(self.path("rows.out.jsonl"))[0]["text"])

    def test_what_is_not_supported_is_an_error_of_its_request(self):
        wrong = [chat("logprobs", "x", logprobs=True), chat("n", "x", n=0),
                 chat("tools", "x", tools=[{"type": "function"}]),
                 chat("penalty", "x", presence_penalty=0.5), chat("hot", "x", temperature="warm"),
                 chat("colder", "x", temperature=-1), chat("what", "x", no_such_thing=1),
                 chat("json", "x", response_format={"type": "json_object"}),
                 chat("same", "x"), chat("same", "y"),
                 {**chat("url", "x"), "url": "/v1/responses"}, {"custom_id": "empty"},
                 completion("scores", "x", logprobs=0), completion("best", "x", best_of=3, n=2),
                 completion("tokens", [1, 2, 3]), completion("none", []),
                 chat("skip", "x", skip_special_tokens=False), chat("roles", "x"),
                 chat("last", "x"), chat("calls", "x")]
        wrong[-3]["body"]["messages"].insert(0, {"role": "tool", "content": "y"})
        wrong[-2]["body"]["messages"] += [{"role": "assistant", "content": "y"}]
        wrong[-1]["body"]["messages"].insert(0, {"role": "assistant", "content": "y",
                                                 "tool_calls": [{"id": "z"}]})
        fine = chat("fine", "x", logprobs=False, n=1, presence_penalty=0, tools=[], user="me",
                    stream=False, max_tokens=2)
        lines = "".join(json.dumps(request) + "\n" for request in [*wrong, fine])
        _, results = self.run_batch(lines + "no json\n")
        self.assertEqual(len(results), len(wrong) + 2)
        errors = {i: r for i, r in enumerate(results) if r["error"] is not None}
        self.assertEqual(sorted(set(range(len(results))) - errors.keys()), [8, len(wrong)])
        for result in errors.values():
            self.assertEqual(result["response"]["status_code"], 400)
            self.assertEqual(result["error"]["message"],
                             result["response"]["body"]["error"]["message"])
        self.assertEqual(results[0]["response"]["body"]["error"]["param"], "logprobs")
        self.assertIn("no_such_thing is not supported", results[6]["error"]["message"])

    def test_chats_of_several_turns(self):
        turns = [{"role": "system", "content": "Be {{brief}}."}, {"role": "user", "content": "One?"},
                 {"role": "assistant", "content": "Two."}, {"role": "user", "content": "Three?"}]
        parts = [{"type": "text", "text": "Th"}, {"type": "text", "text": "ree?"}]
        requests = [chat(str(i), "", temperature=0, max_tokens=6) for i in range(4)]
        requests[0]["body"]["messages"] = turns
        requests[1]["body"]["messages"] = [*turns[:-1], {"role": "user", "content": parts}]
        requests[2]["body"]["messages"] = [*turns[:2], {"role": "assistant", "content": "2."},
                                           turns[3]]
        requests[3]["body"]["messages"] = turns[1:]
        run, results = self.run_batch(requests)
        self.assertIn("2 sets of equal parameters", run.stderr)
        texts = [self.body(r)["choices"][0]["message"]["content"] for r in results]
        tokens = [self.body(r)["usage"]["prompt_tokens"] for r in results]
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(tokens[0], tokens[1])
        self.assertNotEqual(tokens[0], tokens[3])
        self.assertEqual(len({texts[0], texts[2], texts[3]}), 3)
        # What the model reads is what its template makes of the messages.
        whole = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n"
                        for turn in turns) + "<|im_start|>assistant\n"
        self.write("prompt.txt", whole.replace("Three?", "{{last}}").replace("{{brief}}", "{{{{brief}}}}"))
        self.write_jsonl("rows.jsonl", [{"last": "Three?"}])
        self.run_job("generate", "rows.jsonl", "--prompt-file", "prompt.txt", "--raw-prompt",
                     "--max-tokens", "6", "-o", "rows.out.jsonl")
        self.assertEqual(read_jsonl(self.path("rows.out.jsonl"))[0]["text"], texts[0])

    def test_several_choices_and_lists_of_prompts(self):
        requests = [chat("n", "Say something", n=3, seed=5, max_tokens=8),
                    chat("one", "Say something", seed=5, max_tokens=8),
                    chat("cold", "Say something", n=2, temperature=0, max_tokens=3),
                    completion("list", ["Once upon", "Twice upon"], n=2, best_of=2, seed=5,
                               max_tokens=4),
                    completion("bad", ["Once upon", ""], max_tokens=4)]
        _, results = self.run_batch(requests)
        bodies = [self.body(r) for r in results[:4]]
        many = [choice["message"]["content"] for choice in bodies[0]["choices"]]
        self.assertEqual([choice["index"] for choice in bodies[0]["choices"]], [0, 1, 2])
        self.assertEqual(len(set(many)), 3)
        self.assertEqual(bodies[1]["choices"][0]["message"]["content"], many[0])
        cold = bodies[2]["choices"]
        self.assertEqual(cold[0]["message"], cold[1]["message"])
        self.assertEqual(bodies[2]["usage"]["completion_tokens"], 6)
        listed = bodies[3]["choices"]
        self.assertEqual([choice["index"] for choice in listed], [0, 1, 2, 3])
        self.assertEqual(len({choice["text"] for choice in listed}), 4)
        self.assertTrue(all(choice["finish_reason"] in ("stop", "length") for choice in listed))
        self.assertLessEqual(bodies[3]["usage"]["completion_tokens"], 16)
        self.assertEqual(results[4]["response"]["status_code"], 400)

    def test_stopped_and_going_on(self):
        requests = [chat(str(i), f"text {i}", temperature=0, max_tokens=3 + i % 2 * 60)
                    for i in range(200)]
        _, _ = self.run_batch(requests)
        whole = self.read("out.jsonl")
        os.remove(self.path("out.jsonl"))
        process = self.start("batch", "in.jsonl", "-o", "out.jsonl", "-m", program.tiny_model(),
                             "--progress", "none")
        while not (self.folder / "out.jsonl.batch" / "group-0.results").exists():
            if process.poll() is not None:
                break
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        if "out.jsonl" not in self.names():
            # Other requests are not taken for the same ones.
            self.write_jsonl("other.jsonl", requests[:3])
            run = self.run_program("batch", "other.jsonl", "-o", "out.jsonl", "-m",
                                   program.tiny_model(), expect=USAGE)
            self.assertIn("--force-new", run.stderr)
            self.run_batch(requests)
        self.assertEqual(self.read("out.jsonl"), whole)
        run, _ = self.run_batch(requests, expect=USAGE)
        self.assertIn("--overwrite", run.stderr)
        self.run_batch(requests, "--overwrite", "--units", "1")
        self.assertEqual(self.read("out.jsonl"), whole)

    def test_embeddings(self):
        models = os.path.expanduser(os.environ.get("ROWMILL_MODELS", "~/.cache/rowmill/models"))
        if not os.path.isdir(os.path.join(models, "minilm")):
            self.skipTest("MiniLM is not on this machine")
        texts = ["a small dog", "a little hound", "tax law"]
        self.write_jsonl("in.jsonl", [
            {"custom_id": str(i), "method": "POST", "url": "/v1/embeddings",
             "body": {"model": "minilm", "input": text, "encoding_format": "float"}}
            for i, text in enumerate(texts)])
        self.run_program("batch", "in.jsonl", "-o", "out.jsonl", "--progress", "none")
        vectors = [self.body(r)["data"][0]["embedding"] for r in
                   read_jsonl(self.path("out.jsonl"))]
        self.write_jsonl("in.jsonl", [
            {"custom_id": "all", "method": "POST", "url": "/v1/embeddings",
             "body": {"model": "minilm", "input": texts}}])
        self.run_program("batch", "in.jsonl", "-o", "all.jsonl", "--progress", "none")
        data = self.body(read_jsonl(self.path("all.jsonl"))[0])["data"]
        self.assertEqual([item["embedding"] for item in data], vectors)
        self.assertEqual([item["index"] for item in data], [0, 1, 2])

        # The same numbers as bytes; requests for both run together.
        self.write_jsonl("in.jsonl", [
            {"custom_id": form, "method": "POST", "url": "/v1/embeddings",
             "body": {"model": "minilm", "input": texts[:2], "encoding_format": form}}
            for form in ["base64", "float", "int8"]])
        run = self.run_program("batch", "in.jsonl", "-o", "both.jsonl", "--progress", "none")
        self.assertIn("1 sets of equal parameters", run.stderr)
        coded, plain, wrong = read_jsonl(self.path("both.jsonl"))
        self.assertEqual([item["embedding"] for item in self.body(plain)["data"]], vectors[:2])
        floats = [struct.unpack("<384f", base64.b64decode(item["embedding"], validate=True))
                  for item in self.body(coded)["data"]]
        single = [struct.unpack("<384f", struct.pack("<384f", *vector)) for vector in vectors[:2]]
        self.assertEqual(floats, single)
        self.assertIn("float or base64", wrong["error"]["message"])

        def cosine(a, b):
            return sum(x * y for x, y in zip(a, b))
        self.assertGreater(cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2]))


if __name__ == "__main__":
    unittest.main()
