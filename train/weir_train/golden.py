"""Golden vectors: inputs and LightGBM's own scores of them, by which the Go side verifies a model it loads."""

import csv
import io
import math
from typing import Any

import lightgbm as lgb
import numpy as np

from weir_train.boosting import margins, scores
from weir_train.calibration import Calibration, Uncalibrated
from weir_train.dataset import Floats

_HUGE = 1e300


def vectors(booster: lgb.Booster, X: Floats, seed: int) -> Floats:
    """Make golden vectors: rows of X, its extremes, missing and odd values, and values right at the trees' thresholds.

    X must have at least one row.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(margins(booster, X), kind="stable")
    evenly = X[order[np.unique(np.linspace(0, len(order) - 1, 120).astype(np.int64))]]
    width = X.shape[1]
    constant = [np.full((1, width), v) for v in (math.nan, 0.0, -0.0, 1.0, _HUGE, -_HUGE, math.inf, -math.inf)]
    riddled = evenly[rng.integers(len(evenly), size=80)].copy()
    riddled[rng.random(riddled.shape) < 0.4] = math.nan
    return np.concatenate([evenly, *constant, riddled, _at_thresholds(booster, evenly, rng)])


def _at_thresholds(booster: lgb.Booster, rows: Floats, rng: np.random.Generator) -> Floats:
    """Rows in which one feature is a threshold of the model, or the next number above it."""
    table = [
        (node["split_feature"], node["threshold"])
        for tree in booster.dump_model()["tree_info"]
        for node in _splits(tree["tree_structure"])
        # LightGBM's Python side reads anything within 1e-35 of 0 as 0.
        if abs(node["threshold"]) > 1e-30
    ]
    if not table:
        return np.empty((0, rows.shape[1]))
    chosen = [table[i] for i in rng.integers(len(table), size=60)]
    made = rows[rng.integers(len(rows), size=2 * len(chosen))].copy()
    for i, (feature, threshold) in enumerate(chosen):
        made[2 * i, feature] = threshold
        made[2 * i + 1, feature] = math.nextafter(threshold, math.inf)
    return made


def _splits(node: dict[str, Any]) -> list[dict[str, Any]]:
    """List the inner nodes of a dumped tree, without recursion: a tree may be deep."""
    found, stack = [], [node]
    while stack:
        n = stack.pop()
        if "split_feature" in n:
            found.append(n)
            stack.extend((n["right_child"], n["left_child"]))
    return found


def to_csv(booster: lgb.Booster, names: list[str], X: Floats, calibration: Calibration | None = None) -> bytes:
    """Write vectors with their margin and probability. Numbers read back to the same bits; NaN is an empty field."""
    given = scores(booster, X)
    probability = (calibration or Uncalibrated()).apply(given)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["margin", "probability", *names])
    for margin, p, row in zip(given.margin.tolist(), probability.tolist(), X.tolist(), strict=True):
        writer.writerow([repr(margin), repr(p), *("" if math.isnan(v) else repr(v) for v in row)])
    return out.getvalue().encode()
