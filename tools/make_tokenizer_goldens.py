#!/usr/bin/env python3
"""Writes tests/data/tokenizer_goldens.json: small tokenizer.json files of each kind that Rowmill
reads, trained here on the text of tools/make_tiny_model.py, and the ids that the `tokenizers` library
gives for some texts.

    pip install tokenizers
    python3 tools/make_tokenizer_goldens.py
"""

import argparse
import json
import os

from make_tiny_model import TRAINING_TEXT

OUTPUT = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../tests/data/tokenizer_goldens.json"
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEXTS = [
    "",
    " ",
    "The film was good, and the story was great!",
    "  two spaces  and\ttabs \n\n and lines\r\n",
    "It's 12345 o'clock; they'LL say I'd've 3.14159 of 1,000,000.",
    "Tradução: o preço é justo, não é?",
    "caf\u00e9 cafe\u0301 \u1e9b\u0323 \ud55c\uae00 \u1112\u1161\u11ab",
    "\u4e2d\u6587\u6d4b\u8bd5 \u65e5\u672c\u8a9e \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\U0001f600 emoji \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "x = {'a': [1, 2], \"b\": None}  # code",
    "<|im_start|>user\nhello<|im_end|>",
    "<tool>call</tool> and <tool>",
    "\u00a0non\u2003breaking\u3000spaces\u0085next",
    "\u2581already\u2581escaped",
    "a" * 300,
    "\x00\x01\x7f control",
]


def byte_level(pre_tokenizer, normalizer=None, ignore_merges=False):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXT.splitlines(), trainer)
    tokenizer.add_tokens(["<tool>"])
    return json.loads(tokenizer.to_str())


def sentence_piece(prefix):
    """BPE over characters with bytes as fallback, merges listed as converters of SentencePiece list
    them: for each token, best first, every pair of tokens that makes it."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, trainers

    text = " ".join(TRAINING_TEXT.split()).replace(" ", " \u2581").split()
    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=300, show_progress=False)
    tokenizer.train_from_iterator(text, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    pieces = ["".join(pair) for pair in learned["merges"]]
    characters = sorted(token for token in learned["vocab"] if len(token) == 1)
    tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % byte for byte in range(256)]
    tokens += list(dict.fromkeys(pieces)) + characters
    vocab = {token: i for i, token in enumerate(tokens)}
    merges = []
    for piece in dict.fromkeys(pieces):
        splits = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        merges += [pair for pair in splits if pair[0] in vocab and pair[1] in vocab]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    steps = [normalizers.Replace(" ", "\u2581")]
    if prefix:
        steps.insert(0, normalizers.Prepend("\u2581"))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=False)])
    return json.loads(tokenizer.to_str())


def bert():
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False
    )
    tokenizer.train_from_iterator(TRAINING_TEXT.splitlines(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    )
    return json.loads(tokenizer.to_str())


def roberta():
    """GPT-2's way of cutting, with BERT's way of special tokens; the mask takes the space before it along."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXT.splitlines(), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return json.loads(tokenizer.to_str())


def xlm_roberta():
    """Unigram between <s> and </s>. Without its table of characters, and so for plain texts alone."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXT.splitlines(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return json.loads(tokenizer.to_str())


PLAIN = ["", "The film was good, and the story was great!", "  two  spaces ", "unknown: \u4e2d", "goodness"]


def kinds():
    from tokenizers import Regex, normalizers, pre_tokenizers

    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), plain])
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def split(pattern):
        return pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(pattern), behavior="isolated"), bytes_only]
        )

    return {
        "gpt-2": byte_level(plain),
        "smollm": byte_level(digits),
        "llama-bpe": byte_level(split(LLAMA3), ignore_merges=True),
        "qwen2": byte_level(split(QWEN2), normalizers.NFC()),
        "llama": sentence_piece(prefix=True),
        "gemma": sentence_piece(prefix=False),
        "bert": bert(),
        "roberta": roberta(),
        "xlm-roberta": xlm_roberta(),
    }


def main():
    import tokenizers

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", default=OUTPUT)
    args = parser.parse_args()
    out = {"engine": "tokenizers %s" % tokenizers.__version__, "texts": TEXTS, "kinds": {}}
    for name, document in kinds().items():
        engine = tokenizers.Tokenizer.from_str(json.dumps(document))
        texts = PLAIN if name == "xlm-roberta" else TEXTS
        parsed = [engine.encode(text, add_special_tokens=False).ids for text in texts]
        around = engine.encode("", add_special_tokens=True).ids
        engine.encode_special_tokens = True  # what spells a special token is text
        plain = [engine.encode(text, add_special_tokens=False).ids for text in texts]
        golden = {"tokenizer": document, "plain": plain, "parsed": parsed}
        if texts is not TEXTS:
            golden["texts"] = texts
        if around:
            golden["around"] = around
        out["kinds"][name] = golden
    with open(args.output, "w", encoding="ascii") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
