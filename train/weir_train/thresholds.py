"""Choosing the thresholds, on the validation part only."""

from dataclasses import dataclass

import numpy as np

from weir_train import TrainingError
from weir_train.dataset import Floats, Ints
from weir_train.metrics import curve

# The standard normal quantile of 90 %: of ten thresholds chosen by such a bound, nine are as precise as it says.
_Z = 1.2816


@dataclass(frozen=True)
class Budget:
    """How many alerts the analysts can take: so many a day or, where share is given, so many of all transactions."""

    per_day: float = 200.0
    share: float | None = None

    def alerts(self, rows: int, days: float) -> int:
        """Return how many alerts it allows among so many transactions of so many days."""
        return int(self.per_day * days) if self.share is None else int(self.share * rows)

    def __str__(self) -> str:
        """Return it as it is said in a sentence."""
        if self.share is None:
            return f"{self.per_day:g} alerts a day"
        return f"alerts on {100 * self.share:g} % of all transactions"


@dataclass(frozen=True)
class Thresholds:
    """Probabilities at or above which a transaction is reviewed or declined; decline None means never."""

    review: float
    decline: float | None


def choose(score: Floats, label: Ints, *, days: float, budget: Budget, decline_precision: float) -> Thresholds:
    """Choose both thresholds on rows with their labels, -1 being unlabelled.

    Review is as low as the budget allows, counting every row. Decline is the lowest threshold, not
    below review, at which the share of fraud among the labelled rows is at least decline_precision with 90 %
    confidence: a share that few rows show by chance does not decline a customer's payment.
    """
    review = for_budget(score, days=days, budget=budget)
    labelled = label >= 0
    c = curve(score[labelled], label[labelled] == 1)
    precise = lower_bound(c.frauds, c.rows) >= decline_precision
    if not precise.any():
        return Thresholds(review, None)
    lowest = int(np.flatnonzero(precise)[-1])
    return Thresholds(review, max(review, between(c.score, lowest)))


def lower_bound(found: Ints, rows: Ints) -> Floats:
    """Return the Wilson lower bound, at 90 % confidence on one side, of a share that was found so often in rows.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    share, z2 = found / rows, _Z * _Z
    spread = _Z * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    return np.asarray((share + z2 / (2 * rows) - spread) / (1 + z2 / rows), dtype=np.float64)


def for_budget(score: Floats, *, days: float, budget: Budget) -> float:
    """Return the lowest threshold that keeps within the budget on rows of these scores."""
    allowed = budget.alerts(len(score), days)
    c = curve(score, np.zeros(len(score), dtype=np.bool_))
    within = np.flatnonzero(c.rows <= allowed)
    if len(within) == 0:
        raise TrainingError(
            f"{budget} are {allowed} alerts in the {days:.2f} days of the validation part, and "
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
