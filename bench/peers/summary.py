"""From measurements to figures: medians, spread, ratios, agreement. Pure functions of numbers."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    median: float
    low: float
    high: float
    rounds: int

    @property
    def spread(self):
        """Half of the range, as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


def figure(values):
    if not values:
        return None
    return Figure(statistics.median(values), min(values), max(values), len(values))


def paired_ratio(ours, theirs):
    """The median of the ratios of each round, where both were measured in it. `ours` and `theirs`
    map a round to a rate. Rounds are paired because what disturbs a machine lasts longer than a
    measurement."""
    return figure([ours[turn] / theirs[turn] for turn in sorted(ours) if theirs.get(turn)])


def agreement(ours, theirs):
    """The share of rows that both answered with the same answer; None where there are none."""
    shared = [row for row in ours if row in theirs]
    if not shared:
        return None
    return sum(ours[row] == theirs[row] for row in shared) / len(shared)


def common_beginning(left, right):
    count = 0
    for a, b in zip(left, right):
        if a != b:
            break
        count += 1
    return count


def leading_agreement(ours, theirs):
    """How far texts agree from their beginning: the mean over rows of the length of the common
    beginning over the length of the longer text. Greedy texts of two engines part for good at the
    first token where rounding decides, so this is never 1."""
    shared = [row for row in ours if row in theirs]
    if not shared:
        return None
    shares = []
    for row in shared:
        longest = max(len(ours[row]), len(theirs[row]))
        shares.append(common_beginning(ours[row], theirs[row]) / longest if longest else 1.0)
    return sum(shares) / len(shares)


def accuracy(answers, gold):
    """The share of the answered rows whose answer is the right one."""
    if not answers:
        return None
    return sum(answers[row] == gold[row] for row in answers) / len(answers)


def decode_rate(batch, steps, seconds, first_seconds):
    """Tokens a second of the steps behind the first token."""
    if seconds <= first_seconds:
        raise ValueError(f"{seconds} s for {steps + 1} tokens, {first_seconds} s for the first")
    return batch * steps / (seconds - first_seconds)
