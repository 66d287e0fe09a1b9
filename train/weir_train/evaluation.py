"""How a model did on the test part, which chose nothing."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from weir_train.dataset import Bools, Dataset, Floats
from weir_train.metrics import Operation, average_precision, curve, operation, roc_auc
from weir_train.split import Part
from weir_train.thresholds import Budget, Thresholds


@dataclass(frozen=True)
class Pattern:
    """How much of one fraud pattern the review threshold finds."""

    name: str
    frauds: int
    recall: float


@dataclass(frozen=True)
class Source:
    """What the review threshold does on the rows of one file."""

    name: str
    rows: int
    frauds: int
    review: Operation
    patterns: list[Pattern]


@dataclass(frozen=True)
class Band:
    """The labelled rows between two scores, to see whether a score is a probability."""

    low: float
    high: float
    rows: int
    mean_score: float
    fraud_share: float


@dataclass(frozen=True)
class Reliability:
    """How far scores are from the shares of fraud that they state, on the labelled rows of a part."""

    brier: float  # the mean squared distance of a score from what the transaction was, 0 or 1
    error: float  # expected calibration error: the mean distance of a band's mean score from its share of fraud
    mean: float  # of the scores; the share of fraud should be the same
    bands: list[Band]


@dataclass(frozen=True)
class Calibrated:
    """A part before and after calibration."""

    part: str
    fraud_share: float
    before: Reliability
    after: Reliability


@dataclass(frozen=True)
class Evaluation:
    """The figures of one part."""

    base_rate: float  # the share of fraud in the part: the average precision of a random score
    average_precision: float
    roc_auc: float
    budget_precision: float | None  # of the best-scored rows that the alert budget allows in this very part
    review: Operation
    decline: Operation | None
    patterns: list[Pattern]
    sources: list[Source]
    bands: list[Band]


def evaluate(data: Dataset, part: Part, score: Floats, thresholds: Thresholds, *, budget: Budget) -> Evaluation:
    """Measure scores, one for each row of the part."""
    label = data.label[part.rows]
    labelled = label >= 0
    fraud = label == 1
    decline = thresholds.decline
    return Evaluation(
        base_rate=float(fraud[labelled].mean()),
        average_precision=average_precision(score[labelled], fraud[labelled]),
        roc_auc=roc_auc(score[labelled], fraud[labelled]),
        budget_precision=_budget_precision(
            score[labelled], fraud[labelled], budget.alerts(int(labelled.sum()), part.days)
        ),
        review=operation(thresholds.review, score, label, part.days),
        decline=None if decline is None else operation(decline, score, label, part.days),
        patterns=_patterns(data.pattern[part.rows][fraud], score[fraud] >= thresholds.review),
        sources=_sources(data, part, score, thresholds.review),
        bands=_bands(score[labelled], fraud[labelled]),
    )


def _sources(data: Dataset, part: Part, score: Floats, review: float) -> list[Source]:
    source, label, pattern = data.source[part.rows], data.label[part.rows], data.pattern[part.rows]
    result = []
    for i, name in enumerate(data.sources):
        rows = source == i
        fraud = rows & (label == 1)
        if fraud.any():
            did = operation(review, score[rows], label[rows], part.days)
            patterns = _patterns(pattern[fraud], score[fraud] >= review)
            result.append(Source(name, int(rows.sum()), int(fraud.sum()), did, patterns))
    return result


def _budget_precision(score: Floats, fraud: Bools, budget: int) -> float | None:
    c = curve(score, fraud)
    within = np.flatnonzero(c.rows <= budget)
    return float(c.frauds[within[-1]] / c.rows[within[-1]]) if len(within) else None


def _patterns(names: npt.NDArray[np.str_], found: Bools) -> list[Pattern]:
    result = []
    for name in sorted(set(names.tolist()) - {""}):
        rows = names == name
        result.append(Pattern(name, int(rows.sum()), float(found[rows].mean())))
    return result


def reliable(name: str, data: Dataset, part: Part, before: Floats, after: Floats) -> Calibrated:
    """Measure scores of a part before and after calibration, one for each of its rows."""
    label = data.label[part.rows]
    known, fraud = label >= 0, label == 1
    share = float(fraud[known].mean())
    return Calibrated(name, share, reliability(before[known], fraud[known]), reliability(after[known], fraud[known]))


def reliability(score: Floats, fraud: Bools) -> Reliability:
    """Measure scores against what the transactions were."""
    bands = _bands(score, fraud)
    off = sum(b.rows * abs(b.mean_score - b.fraud_share) for b in bands)
    return Reliability(float(np.mean((score - fraud) ** 2)), off / len(score), float(score.mean()), bands)


def _bands(score: Floats, fraud: Bools) -> list[Band]:
    edges = [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
    result = []
    for low, high in pairwise(edges):
        rows = (score >= low) & ((score < high) | (high == 1.0))
        if rows.any():
            result.append(Band(low, high, int(rows.sum()), float(score[rows].mean()), float(fraud[rows].mean())))
    return result
