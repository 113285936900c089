"""The jobs of the comparison: which rows, which prompt, what is asked.

What it is not: a runner. Everything here is the same for all engines, and nothing is measured. The
data sets are public and not part of the project; README.md says where the files come from.
"""

import csv
import json
from dataclasses import dataclass, field

TOPICS = ("World", "Sports", "Business", "Sci/Tech")
TOPICS_INSTRUCTION = ("Classify the news article into one of these topics: "
                      + ", ".join(TOPICS) + ".\n\n")
ARTICLE = "Article: {{title}}. {{description}}\nTopic:"
SUMMARY = ("Summarise the news item in one sentence.\n\n"
           "Item: {{title}}. {{description}}\nSummary:")
# The chat template of SmolLM2 around a plain question, and the beginning of the answer.
SENTIMENT = ("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
             "Face<|im_end|>\n<|im_start|>user\nClassify the sentiment of this movie review as "
             "positive or negative.\nReview: {{text}}<|im_end|>\n<|im_start|>assistant\n"
             "Sentiment:")

SLICE_WORDS = 90
PREFILL_PROMPTS = 64
DECODE_TOKENS = 33  # one by the prompt, 32 by steps of their own
DECODE_BATCHES = (1, 8, 32, 64)
WARM_UP_PROMPTS = 8


@dataclass(frozen=True)
class Job:
    name: str
    kind: str  # "tokens": prompt and decoding speed; "label"; "text"
    template: str  # what the model reads, with {{column}}
    rows: list  # dictionaries of column to value
    max_tokens: int
    labels: tuple = ()
    gold: list = field(default_factory=list)  # the right label of each row, where there is one
    unit: str = "rows/s"

    def prompts(self):
        return [render(self.template, row) for row in self.rows]


def render(template, row):
    """The template with the row's values in place of {{column}}."""
    parts = template.split("{{")
    text = parts[0]
    for part in parts[1:]:
        name, rest = part.split("}}", 1)
        text += row[name] + rest
    return text


def slices(texts, first, count):
    """`count` prompts of SLICE_WORDS words each, from slice `first` on, out of all words of the
    texts."""
    words = " ".join(texts).split()
    found = [" ".join(words[i * SLICE_WORDS:(i + 1) * SLICE_WORDS])
             for i in range(first, first + count)]
    if len(found[-1].split()) != SLICE_WORDS:
        raise ValueError(f"too few words for {count} prompts from slice {first} on")
    return found


def few_shot_template(examples):
    """The AG News prompt: the instruction, the examples with their labels, and the row."""
    shots = "".join(render(ARTICLE, row) + f" {label}\n\n" for row, label in examples)
    return TOPICS_INSTRUCTION + shots + ARTICLE


class Data:
    """The rows of the data sets in a folder laid out as README.md says."""

    def __init__(self, folder):
        with open(folder / "gsm8k/test-first400.jsonl", encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        self.questions = [f"{record['question']} {record['answer']}" for record in records]
        with open(folder / "ag_news/test-first4000.csv", encoding="utf-8", newline="") as lines:
            self.news = [({"title": title, "description": description}, TOPICS[int(topic) - 1])
                         for topic, title, description in csv.reader(lines)]
        with open(folder / "sst2/dev.tsv", encoding="utf-8") as lines:
            pairs = [line.rstrip("\n").split("\t", 1) for line in lines]
        self.reviews = [({"text": text}, ("negative", "positive")[int(label)])
                        for label, text in pairs]

    def warm_up(self):
        """Prompts that are in no job."""
        return slices(self.questions, PREFILL_PROMPTS, WARM_UP_PROMPTS)

    def jobs(self):
        """All jobs by name. `tokens` is prefill and decode-64: the same 64 prompts."""
        prompts = [{"text": text} for text in slices(self.questions, 0, PREFILL_PROMPTS)]
        jobs = [Job(f"decode-{batch}", "tokens", "{{text}}", prompts[:batch], DECODE_TOKENS,
                    unit="tokens/s") for batch in DECODE_BATCHES]
        news = self.news[:1000]
        jobs.append(Job("classify-agnews", "label", few_shot_template(self.news[-4:]),
                        [row for row, _ in news], 1, TOPICS, [label for _, label in news]))
        jobs.append(Job("sentiment-sst2", "label", SENTIMENT,
                        [row for row, _ in self.reviews], 1, ("negative", "positive"),
                        [label for _, label in self.reviews]))
        jobs.append(Job("generate-32", "text", SUMMARY,
                        [row for row, _ in self.news[:500]], 32))
        return {job.name: job for job in jobs}


def sample(count, wanted, turn):
    """Indices of at most about `wanted` of `count` rows, evenly spread; another `turn`, other rows
    as long as there are any."""
    if wanted >= count:
        return list(range(count))
    step = -(-count // max(1, wanted))
    return list(range(turn % step, count, step))
