"""Label scoring through the program against another engine's figures with F32 weights.

The prompts are those of the reference (shared/goldens, section 4), given by --prompt-file; the
labels by --labels-file, scored without what would end them (--label-end none). Compared are the
log-probabilities of every label of every row, and the label that wins.

With `--numerics f32` only the arithmetic of attention's keys and values (f16) differs from the
reference; `int16` rounds the activations to two terms of 8 bits and is nearly as close. `auto` rounds
them to 8 bits; what that costs depends on the prompt, and the bounds here are what it costs today, so
that no change makes it worse unseen.
"""

import dataclasses
import json
import unittest

import program
from program import ProgramTest

F32, INT16, AUTO = "f32", "int16", "auto"


@dataclasses.dataclass(frozen=True)
class Bounds:
    mean_error: float  # nat, over all labels of all rows
    decided: float     # nat: the label is the reference's where that was so far ahead
    same_label: float  # of all rows


EXACT = Bounds(mean_error=0.005, decided=0.01, same_label=0.99)



def golden(name):
    folder = program.shared_folder() / "goldens"
    meta, rows = folder / f"{name}.meta.json", folder / f"{name}.jsonl"
    if not meta.exists() or not rows.exists():
        return None
    return json.loads(meta.read_text(encoding="utf-8")), program.read_jsonl(rows)


def margin(log_probs):
    first, second = sorted(log_probs, reverse=True)[:2]
    return first - second


class LabelGoldenTest(ProgramTest):
    def check(self, name, numerics, bounds):
        model, reference = program.real_model(), golden(name)
        if model is None or reference is None:
            self.skipTest("no weights or no reference outputs")
        meta, rows = reference
        self.assertEqual(len(rows), meta["n"])
        for text in [meta["prefix"], meta["suffix"]]:
            self.assertNotIn("{{", text)
        self.write("prompt.txt", meta["prefix"] + "{{text}}" + meta["suffix"])
        self.write("labels.txt", "".join(label + "\n" for label in meta["labels"]))
        names = [label.strip() for label in meta["labels"]]
        self.write_jsonl("rows.jsonl", [{"text": row["text"]} for row in rows])
        output = f"{numerics}.jsonl"
        self.run_job("classify", "rows.jsonl", "--prompt-file", "prompt.txt", "--raw-prompt",
                     "--labels-file", "labels.txt", "--label-end", "none", "--log-probs",
                     "--numerics", numerics, "-o", output, model=model, timeout=1800)

        errors, same = [], 0
        for row, answer in zip(rows, program.read_jsonl(self.path(output)), strict=True):
            self.assertEqual(answer["status"], "ok")
            errors += [abs(ours - theirs) for ours, theirs
                       in zip(answer["log_probs"], row["logprobs"], strict=True)]
            expected = names[row["pred"]]
            same += answer["label"] == expected
            if margin(row["logprobs"]) > bounds.decided:
                self.assertEqual(answer["label"], expected, f"row {row['row']}")
        mean = sum(errors) / len(errors)
        print(f"{name}, {numerics}: mean error {mean:.4f} nat, largest {max(errors):.4f}, "
              f"same label on {same} of {len(rows)} rows")
        self.assertLessEqual(mean, bounds.mean_error)
        self.assertGreaterEqual(same, bounds.same_label * len(rows))

    def test_two_labels_of_one_token(self):
        self.check("sst2_smollm2", F32, EXACT)
        self.check("sst2_smollm2", INT16, EXACT)
        self.check("sst2_smollm2", AUTO, Bounds(0.07, 0.2, 0.98))

    def test_four_labels_of_one_token(self):
        self.check("agnews_smollm2", INT16, EXACT)
        self.check("agnews_smollm2", AUTO, Bounds(0.15, 0.35, 0.93))

    def test_labels_of_several_tokens(self):
        self.check("multilabel_smollm2", F32, EXACT)
        self.check("multilabel_smollm2", INT16, EXACT)
        self.check("multilabel_smollm2", AUTO, Bounds(0.17, 0.15, 0.98))


if __name__ == "__main__":
    unittest.main()
