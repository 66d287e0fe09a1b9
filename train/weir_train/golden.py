"""Golden vectors: inputs with the scores of the library that grew the trees, by which the Go side verifies a model."""

import csv
import io
import math

import numpy as np

from weir_train.calibration import Calibration, Uncalibrated
from weir_train.dataset import Floats
from weir_train.model import Model

_HUGE = 1e300


def vectors(model: Model, X: Floats, seed: int) -> Floats:
    """Make golden vectors: rows of X, its extremes, missing and odd values, and values right at the trees' thresholds.

    X must have at least one row.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(model.scores(X).margin, kind="stable")
    evenly = X[order[np.unique(np.linspace(0, len(order) - 1, 120).astype(np.int64))]]
    width = X.shape[1]
    constant = [np.full((1, width), v) for v in (math.nan, 0.0, -0.0, 1.0, _HUGE, -_HUGE, math.inf, -math.inf)]
    riddled = evenly[rng.integers(len(evenly), size=80)].copy()
    riddled[rng.random(riddled.shape) < 0.4] = math.nan
    return np.concatenate([evenly, *constant, riddled, _at_thresholds(model, evenly, rng)])


def _at_thresholds(model: Model, rows: Floats, rng: np.random.Generator) -> Floats:
    """Rows in which one feature is a threshold of the model, or the next number above it."""
    # LightGBM's Python side reads anything within 1e-35 of 0 as 0.
    table = [split for split in model.splits() if abs(split[1]) > 1e-30]
    if not table:
        return np.empty((0, rows.shape[1]))
    chosen = [table[i] for i in rng.integers(len(table), size=60)]
    made = rows[rng.integers(len(rows), size=2 * len(chosen))].copy()
    for i, (feature, threshold) in enumerate(chosen):
        made[2 * i, feature] = threshold
        made[2 * i + 1, feature] = math.nextafter(threshold, math.inf)
    return made


def to_csv(model: Model, names: list[str], X: Floats, calibration: Calibration | None = None) -> bytes:
    """Write vectors with their margin and probability. Numbers read back to the same bits; NaN is an empty field."""
    given = model.scores(X)
    probability = (calibration or Uncalibrated()).apply(given)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["margin", "probability", *names])
    for margin, p, row in zip(given.margin.tolist(), probability.tolist(), X.tolist(), strict=True):
        writer.writerow([repr(margin), repr(p), *("" if math.isnan(v) else repr(v) for v in row)])
    return out.getvalue().encode()
