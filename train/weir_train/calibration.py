"""Calibration: what share of the transactions of a score is fraud, learnt on rows that the trees have not seen.

Every calibration rises strictly, so it changes neither a ranking nor what keeps within an alert budget.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from weir_train import TrainingError
from weir_train.dataset import Bools, Floats

Kind = Literal["none", "isotonic", "platt"]
KINDS: tuple[Kind, ...] = ("none", "isotonic", "platt")


@dataclass(frozen=True)
class Scores:
    """What a model says of rows: the margins, log-odds, and the probabilities that they stand for."""

    margin: Floats
    probability: Floats


@dataclass(frozen=True)
class Uncalibrated:
    """Scores as the model gives them."""

    def apply(self, scores: Scores) -> Floats:
        """Return the scores as they are."""
        return scores.probability

    def to_manifest(self) -> dict[str, Any] | None:
        """Return what the manifest says of it, None for nothing."""
        return None

    def __str__(self) -> str:
        """Return it as it is said in a sentence."""
        return "not calibrated"


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between knots, which rise strictly from the score 0 to the score 1."""

    scores: Floats
    probabilities: Floats

    def apply(self, scores: Scores) -> Floats:
        """Return the calibrated scores, by the arithmetic of the Go side."""
        x = scores.probability
        low = np.clip(np.searchsorted(self.scores, x, side="right") - 1, 0, len(self.scores) - 2)
        start, end = self.probabilities[low], self.probabilities[low + 1]
        part = (x - self.scores[low]) / (self.scores[low + 1] - self.scores[low])
        return np.asarray(np.minimum(start + part * (end - start), end), dtype=np.float64)

    def to_manifest(self) -> dict[str, Any] | None:
        """Return what the manifest says of it."""
        return {"kind": "isotonic", "scores": self.scores.tolist(), "probabilities": self.probabilities.tolist()}

    def __str__(self) -> str:
        """Return it as it is said in a sentence."""
        return f"isotonic, straight lines between {len(self.scores)} knots"


@dataclass(frozen=True)
class Platt:
    """A logistic curve over the margin."""

    slope: float
    intercept: float

    def apply(self, scores: Scores) -> Floats:
        """Return the calibrated scores."""
        return _logistic(self.slope * scores.margin + self.intercept)

    def to_manifest(self) -> dict[str, Any] | None:
        """Return what the manifest says of it."""
        return {"kind": "platt", "slope": self.slope, "intercept": self.intercept}

    def __str__(self) -> str:
        """Return it as it is said in a sentence."""
        return f"platt, slope {self.slope:.4g}, intercept {self.intercept:.4g}"


Calibration = Uncalibrated | Isotonic | Platt


def learn(kind: Kind, scores: Scores, fraud: Bools) -> Calibration:
    """Learn a calibration of the kind from labelled rows, among which are frauds and others."""
    if kind == "isotonic":
        return _isotonic(scores.probability, fraud)
    if kind == "platt":
        return _platt(scores.margin, fraud)
    return Uncalibrated()


def _isotonic(score: Floats, fraud: Bools) -> Isotonic:
    """Fit the rising function with the least squared error, with a knot at the mean score of each of its levels.

    A knot at the centre of a level and straight lines between them keep different scores different, where steps
    would make ties (Oron, Flournoy, "Centered isotonic regression", Statistics in Biopharmaceutical Research 9, 2017).
    Before the first knot and after the last one the function would be level all the same, so the score itself is
    mixed in with the weight of one row.
    """
    levels = _levels(score, fraud)
    weight = 1.0 / len(score)

    def mixed(level: float, at: float) -> float:
        return (1.0 - weight) * level + weight * at

    knots = [(0.0, mixed(levels[0][1], 0.0))]
    last = (1.0, mixed(levels[-1][1], 1.0))
    for at, level in levels:
        knot = (at, mixed(level, at))
        if _rises(knots[-1], knot) and _rises(knot, last):
            knots.append(knot)
    knots.append(last)
    return Isotonic(np.array([x for x, _ in knots]), np.array([y for _, y in knots]))


def _rises(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] < b[0] and a[1] < b[1]


def _levels(score: Floats, fraud: Bools) -> list[tuple[float, float]]:
    """Pool adjacent violators: return the mean score and the share of fraud of each level, both rising."""
    distinct, at = np.unique(score, return_inverse=True)
    rows = np.bincount(at, minlength=len(distinct))
    frauds = np.bincount(at, weights=fraud, minlength=len(distinct))
    sums = distinct * rows
    pooled: list[tuple[float, float, float]] = []  # rows, frauds, sum of the scores
    for level in zip(rows.tolist(), frauds.tolist(), sums.tolist(), strict=True):
        n, f, s = level
        # Shares of whole numbers are compared without dividing, so that equal ones are equal.
        while pooled and pooled[-1][1] * n >= f * pooled[-1][0]:
            before = pooled.pop()
            n, f, s = n + before[0], f + before[1], s + before[2]
        pooled.append((n, f, s))
    return [(s / n, f / n) for n, f, s in pooled]


def _platt(margin: Floats, fraud: Bools) -> Platt:
    """Fit the logistic curve of greatest likelihood by Newton's method.

    The targets lie a little inside of 0 and 1, which keeps the curve finite where the margins part fraud from the
    rest without a mistake (Platt, "Probabilistic outputs for support vector machines", 1999), and steps are halved
    until they help (Lin, Lin, Weng, "A note on Platt's probabilistic outputs", Machine Learning 68, 2007).
    """
    frauds = int(fraud.sum())
    target = np.where(fraud, (frauds + 1) / (frauds + 2), 1 / (len(fraud) - frauds + 2))
    centre, spread = float(margin.mean()), float(margin.std())
    if spread == 0:
        raise TrainingError("--calibrate platt: every row of the validation part has the same score")
    x = (margin - centre) / spread
    slope, intercept = 0.0, float(np.log((frauds + 1) / (len(fraud) - frauds + 1)))
    loss = _loss(x, target, slope, intercept)
    for _ in range(100):
        p = _logistic(slope * x + intercept)
        error, w = p - target, p * (1 - p) + 1e-12
        g1, g0 = float(np.sum(error * x)), float(np.sum(error))
        h11, h10, h00 = float(np.sum(w * x * x)), float(np.sum(w * x)), float(np.sum(w))
        determinant = h11 * h00 - h10 * h10
        d1, d0 = (h00 * g1 - h10 * g0) / determinant, (h11 * g0 - h10 * g1) / determinant
        step = 1.0
        while step > 1e-10 and (tried := _loss(x, target, slope - step * d1, intercept - step * d0)) > loss:
            step /= 2
        if step <= 1e-10 or loss - tried <= 1e-14 * abs(loss):
            break
        slope, intercept, loss = slope - step * d1, intercept - step * d0, tried
    if slope <= 0:
        raise TrainingError("--calibrate platt: in the validation part greater scores do not mean more fraud")
    return Platt(slope / spread, intercept - slope * centre / spread)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -700.0, 700.0))), dtype=np.float64)


def _loss(x: Floats, target: Floats, slope: float, intercept: float) -> float:
    """Return the negative log-likelihood."""
    z = slope * x + intercept
    return float(np.sum(np.logaddexp(0.0, z) - target * z))
