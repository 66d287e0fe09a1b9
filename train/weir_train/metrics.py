"""Measures of a ranking by score. Rows of equal score count together, so the order of rows never matters."""

from dataclasses import dataclass

import numpy as np

from weir_train.dataset import Bools, Floats, Ints


@dataclass(frozen=True)
class Curve:
    """For each distinct score, greatest first: how many rows lie at or above it, and how many of them are fraud."""

    score: Floats
    rows: Ints
    frauds: Ints


def curve(score: Floats, fraud: Bools) -> Curve:
    """Count rows and frauds at or above each distinct score."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # the last row of each distinct score
    return Curve(ordered[last], last.astype(np.int64) + 1, np.cumsum(fraud[order], dtype=np.int64)[last])


def average_precision(score: Floats, fraud: Bools) -> float:
    """The mean over all frauds of the precision at that fraud's score: the area under the precision-recall steps."""
    c = curve(score, fraud)
    found = np.diff(c.frauds, prepend=0)
    return float(np.sum(found * (c.frauds / c.rows)) / c.frauds[-1])


def roc_auc(score: Floats, fraud: Bools) -> float:
    """The chance that a fraud scores above a legitimate transaction, a tie counting half."""
    c = curve(score, fraud)
    new_frauds = np.diff(c.frauds, prepend=0)
    new_legitimate = np.diff(c.rows - c.frauds, prepend=0)
    frauds, legitimate = int(c.frauds[-1]), int(c.rows[-1] - c.frauds[-1])
    below = legitimate - np.cumsum(new_legitimate)
    return float(np.sum(new_frauds * (below + new_legitimate / 2)) / (frauds * legitimate))


@dataclass(frozen=True)
class Operation:
    """What a threshold does on a part of the data."""

    share: float  # of all transactions, labelled or not, that are at or above it
    per_day: float  # the same as a number of transactions a day
    precision: float | None  # the share of fraud among the labelled ones of them; None if there are none
    recall: float  # the share of all fraud that is among them


def operation(threshold: float, score: Floats, label: Ints, days: float) -> Operation:
    """Measure a threshold on rows with their labels, -1 being unlabelled."""
    above = score >= threshold
    flagged = int((above & (label >= 0)).sum())
    found = int((above & (label == 1)).sum())
    return Operation(
        share=float(above.mean()),
        per_day=float(above.sum() / days),
        precision=found / flagged if flagged else None,
        recall=found / int((label == 1).sum()),
    )
