"""Keyword arguments as the words of the command line, which alone knows what they mean.

An option `--max-tokens` is the keyword `max_tokens`; where Python has a word of the same spelling, an
underscore follows it (`from_`). What the command line does not know becomes its own error, with "did you
mean".
"""

import os

from . import _core

TASKS = {task.name: task for task in _core.tasks()}

# Said in other ways: the input is the first argument, progress and output are of the call.
CALL_OPTIONS = {"INPUT", "output", "progress"}

# Stands at the place of the input where rows come from memory. A task that takes no rows from there finds no
# such file, and does not read the standard input of the process instead.
TABLE = "(a table).jsonl"


def keyword(option):
    """The keyword argument of an option."""
    name = option.name.lower().replace("-", "_")
    return name + "_" if name in ("from", "in", "is", "not", "lambda", "class") else name


def call_options(task):
    """{keyword: option} of the task's options that a call may give."""
    return {keyword(option): option for option in task.options if option.name not in CALL_OPTIONS}


def _text(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return str(value)


def _list_text(name, values):
    texts = [_text(value) for value in values]
    for text in texts:
        if "," in text:
            raise _core.UsageError(f"--{name}: {text!r} has a comma, which separates them; "
                                   f"use --{name}-file, where each has a line of its own")
    return ",".join(texts)


def option_words(name, value, option):
    """The words for one option; `option` is None where the task has none of this name."""
    flag = ("-" if len(name) == 1 else "--") + name
    if value is None:
        return []
    if option is not None and option.is_switch:
        return [flag] if value else [f"{flag}=false"]
    is_list = isinstance(value, (list, tuple, set, frozenset))
    if is_list and option is not None and option.is_repeated:
        texts = [_text(item) for item in value]
    elif is_list:
        texts = [_list_text(name, value)]
    else:
        texts = [_text(value)]
    if len(name) == 1:
        return [word for text in texts for word in (flag, text)]
    return [f"{flag}={text}" if text else word
            for text in texts for word in ([flag] if text else [flag, ""])]


def words(task_name, source, options):
    """`rowmill TASK SOURCE --option=value ...` without its first word."""
    task = TASKS.get(task_name)
    known = call_options(task) if task is not None else {}
    named = [task_name, "./" + source if source.startswith("-") else source]
    placed = []
    for key, value in options.items():
        option = known.get(key) or known.get(key.rstrip("_"))
        if option is not None and option.is_positional:
            placed.append(_text(value))
        else:
            name = option.name if option is not None else key.rstrip("_").replace("_", "-")
            named += option_words(name, value, option)
    return named[:2] + placed + named[2:]
