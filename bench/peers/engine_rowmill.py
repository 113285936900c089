"""Rowmill as people run it: a file of rows in, a file of answers out, a process for each job. The
seconds are its own account from the first row read to the last one written; loading the model is
apart."""

import json
import os
import pathlib
import subprocess
import tempfile


class Engine:
    """options: `arguments`, further flags; none by default."""

    def __init__(self, model_path, threads, options):
        self.binary = os.environ["ROWMILL_BINARY"]
        self.model_path = model_path
        self.threads = threads
        self.options = {"arguments": [], **options}
        self.load_seconds = 0.0
        self.folder = tempfile.TemporaryDirectory(prefix="rowmill-peers-")

    def versions(self):
        text = subprocess.run([self.binary, "--version"], capture_output=True, text=True).stdout
        return {"rowmill": text.strip().replace("rowmill ", "")}

    def close(self):
        self.folder.cleanup()

    def _run(self, work, max_tokens):
        folder = pathlib.Path(self.folder.name)
        source, prompt, output = folder / "rows.jsonl", folder / "prompt.txt", folder / "out.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in work["rows"]))
        prompt.write_text(work["template"])
        command = [self.binary]
        if work["kind"] == "label":
            command += ["classify", source, "--labels", ",".join(work["labels"])]
        else:
            command += ["generate", source, "--max-tokens", str(max_tokens), "--ignore-eos"]
        command += ["--raw-prompt", "--prompt-file", prompt, "-m", self.model_path, "-o", output,
                    "--overwrite", "--progress", "none", *self.options["arguments"]]
        subprocess.run(command, check=True, stderr=subprocess.PIPE)
        report = json.loads((folder / "out.jsonl.run.json").read_text())
        with open(output, encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        if any(record["status"] != "ok" for record in records):
            raise RuntimeError(f"rows without an answer: {report['rows']}")
        # A column of the input that has the name of an answer's keeps it.
        column = "label" if work["kind"] == "label" else "text"
        if column in work["rows"][0]:
            column = "rowmill_" + column
        return report, [record[column] for record in records]

    def warm_up(self, work):
        self._run(work, 2)

    def run(self, work):
        """Answers are texts here. Also the tokens of all prompts, which must be those that the
        others get."""
        measures, answers = self._run(work, work["max_tokens"])
        found = {"answers": answers, "seconds": measures["measures"]["wall_seconds"],
                 "first_seconds": None, "prompt_tokens": measures["tokens"]["prompt"],
                 "generated": measures["tokens"]["generated"],
                 "load_seconds": measures["measures"]["stages"]["load"]}
        if work["kind"] == "tokens":
            found["first_seconds"] = self._run(work, 1)[0]["measures"]["wall_seconds"]
        return found
