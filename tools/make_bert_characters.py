#!/usr/bin/env python3
"""Writes tests/data/bert_characters.json: what Hugging Face's tokenizers does with every character.

Run it with the package `tokenizers` (0.23). Each character is set between two letters and passed
through the steps of BertNormalizer and BertPreTokenizer; kept are ranges of code points and, for
characters that become something else (Hangul syllables, which all decompose, apart), what.
"""

import json
import pathlib
import sys

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer


def ranges(code_points):
    out = []
    for c in code_points:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def main():
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    clean = BertNormalizer(**{**off, "clean_text": True})
    ideographs = BertNormalizer(**{**off, "handle_chinese_chars": True})
    everything = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    words = BertPreTokenizer()
    dropped, spaces, apart, punctuation, mapped = [], [], [], [], {}
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        text = "a" + chr(c) + "b"
        cleaned = clean.normalize_str(text)
        if cleaned == "ab":
            dropped.append(c)
        elif cleaned == "a b":
            spaces.append(c)
        is_ideograph = ideographs.normalize_str(text) == "a " + chr(c) + " b"
        if is_ideograph:
            apart.append(c)
        if [word for word, _ in words.pre_tokenize_str(text)] == ["a", chr(c), "b"]:
            punctuation.append(c)
        result = everything.normalize_str(text)
        plain = "a " + chr(c) + " b" if is_ideograph else text
        if result != plain and cleaned not in ("ab", "a b") and not 0xAC00 <= c <= 0xD7A3:
            mapped[str(c)] = result[1:-1]
    golden = {
        "dropped": ranges(dropped),
        "spaces": ranges(spaces),
        "ideographs": ranges(apart),
        "punctuation": ranges(punctuation),
        "mapped": mapped,
    }
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/bert_characters.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
