"""Choosing the thresholds, on the validation part only."""

from dataclasses import dataclass

import numpy as np

from weir_train import TrainingError
from weir_train.dataset import Floats, Ints
from weir_train.metrics import curve

# A precision that fewer declined transactions than these show is chance.
LEAST_DECLINED = 20


@dataclass(frozen=True)
class Thresholds:
    """Probabilities at or above which a transaction is reviewed or declined; decline None means never."""

    review: float
    decline: float | None


def choose(score: Floats, label: Ints, *, days: float, alerts_per_day: float, decline_precision: float) -> Thresholds:
    """Choose both thresholds on rows with their labels, -1 being unlabelled.

    Review is as low as the budget of alerts_per_day allows, counting every row. Decline is the lowest threshold, not
    below review, at which the share of fraud among the labelled rows is at least decline_precision.
    """
    review = _for_budget(score, days=days, alerts_per_day=alerts_per_day)
    labelled = label >= 0
    c = curve(score[labelled], label[labelled] == 1)
    precise = (c.frauds >= decline_precision * c.rows) & (c.rows >= LEAST_DECLINED)
    if not precise.any():
        return Thresholds(review, None)
    lowest = int(np.flatnonzero(precise)[-1])
    return Thresholds(review, max(review, between(c.score, lowest)))


def _for_budget(score: Floats, *, days: float, alerts_per_day: float) -> float:
    budget = int(alerts_per_day * days)
    c = curve(score, np.zeros(len(score), dtype=np.bool_))
    within = np.flatnonzero(c.rows <= budget)
    if len(within) == 0:
        raise TrainingError(
            f"{alerts_per_day:g} alerts a day are {budget} alerts in the {days:.2f} days of the validation part, and "
            f"{int(c.rows[0])} transactions share the greatest score; allow more alerts, or use more history"
        )
    return between(c.score, int(within[-1]))


def between(scores: Floats, i: int) -> float:
    """Return a short decimal above scores[i + 1] and at or below scores[i], scores falling.

    A threshold that lies between two scores does not depend on the last bit of either.
    """
    upper = float(scores[i])
    lower = float(scores[i + 1]) if i + 1 < len(scores) else 0.0
    middle = lower + (upper - lower) / 2
    for digits in range(1, 18):
        short = float(f"{middle:.{digits}g}")
        if lower < short < upper:
            return short
    return upper
