"""``python -m weir_train.contributions DIR`` makes what the tests of attribution compare with: models, and what
LightGBM and XGBoost themselves say that each feature of some rows adds. ``--time MODEL ROWS`` measures how long
LightGBM takes for it, on one thread.

Equal versions of the libraries make equal bytes.
"""

import argparse
import csv
import io
import math
import sys
import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import xgboost as xgb

from weir_train import golden
from weir_train.boosting import Boosted
from weir_train.dataset import Floats
from weir_train.fixtures import synthetic

_ROWS = 90


def make(out: Path) -> None:
    """Write the models and their contributions into out."""
    out.mkdir(parents=True, exist_ok=True)
    X, label, _, _ = synthetic(4000, seed=5)
    y = (label == 1).astype(np.float64)
    rare = np.zeros((len(X), 3))  # too rare to split on: trees that are given nothing else have one leaf
    rare[:15] = 1.0
    forest = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.9, "min_data_in_leaf": 5}
    shapes: list[tuple[str, Floats, dict[str, Any]]] = [
        ("few_features", X[:, :2], {"num_leaves": 31}),  # so each is split on several times on a path
        ("deep", X, {"num_leaves": 40, "min_data_in_leaf": 3}),
        ("single_leaf", np.column_stack([X[:, :2], rare]), {"num_leaves": 5, "feature_fraction": 0.2, "seed": 2}),
        ("leaves_31", X, {"num_leaves": 31, "min_data_in_leaf": 5}),
        ("leaves_63", X, {"num_leaves": 63, "min_data_in_leaf": 2, "min_sum_hessian_in_leaf": 0.0}),
        ("dart", X, {"num_leaves": 15, "boosting": "dart", "drop_rate": 0.4}),
        ("rf", X, {"num_leaves": 15, **forest}),
    ]
    for name, data, shape in shapes:
        booster = _train(data, y, shape)
        rows = golden.vectors(Boosted(booster), data, seed=3)
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, _ROWS).astype(np.int64))]
        (out / f"{name}.txt").write_text(booster.model_to_string(), encoding="utf-8", newline="\n")
        says = contributions(booster, rows)
        if shape.get("boosting") == "rf":  # of which LightGBM explains the sum, and predicts from the mean
            says /= booster.num_trees()
        (out / f"{name}.csv").write_bytes(_to_csv(rows, says))
    _make_xgboost(out, X, y)


def _make_xgboost(out: Path, X: Floats, y: Floats) -> None:
    shapes: list[tuple[str, dict[str, Any]]] = [
        ("xgboost", {"max_depth": 6}),
        ("xgboost_deep", {"grow_policy": "lossguide", "max_leaves": 63, "max_depth": 0, "min_child_weight": 0.1}),
        ("xgboost_dart", {"booster": "dart", "rate_drop": 0.4, "max_depth": 4}),
        ("xgboost_forest", {"num_parallel_tree": 3, "subsample": 0.6, "max_depth": 5}),
    ]
    rng = np.random.default_rng(3)
    rows = X[rng.choice(len(X), size=_ROWS, replace=False)]
    rows[-10:] = np.where(rng.random((10, rows.shape[1])) < 0.5, math.nan, rows[-10:])
    rows[-1] = math.nan
    rows = rows.astype(np.float32).astype(np.float64)  # which is what XGBoost reads of them
    for name, shape in shapes:
        parameters = {"objective": "binary:logistic", "eta": 0.2, "seed": 1, "nthread": 1, "base_score": 0.2, **shape}
        booster = xgb.train(parameters, xgb.DMatrix(X, y, nthread=1), num_boost_round=12)
        booster.save_model(out / f"{name}.json")
        says = booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True)
        (out / f"{name}.csv").write_bytes(_to_csv(rows, np.asarray(says, dtype=np.float64)))


def contributions(booster: lgb.Booster, X: Floats) -> Floats:
    """What LightGBM says each feature adds to the margin, and in the last column the base."""
    return np.asarray(booster.predict(X, pred_contrib=True, num_threads=1), dtype=np.float64)


def _train(X: Floats, y: Floats, shape: dict[str, Any]) -> lgb.Booster:
    parameters = {"objective": "binary", "learning_rate": 0.2, "seed": 1, "num_threads": 1, "deterministic": True}
    parameters |= {"force_row_wise": True, "verbosity": -1, "feature_pre_filter": False, **shape}
    return lgb.train(parameters, lgb.Dataset(X, y, params={"feature_pre_filter": False}), num_boost_round=12)


def _to_csv(rows: Floats, contributed: Floats) -> bytes:
    """Write the features of each row and then what they add. Numbers read back to the same bits; NaN is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    width = rows.shape[1]
    writer.writerow([*(f"f{i}" for i in range(width)), *(f"adds_f{i}" for i in range(width)), "base"])
    for row in np.hstack([rows, contributed]).tolist():
        writer.writerow(["" if math.isnan(v) else repr(v) for v in row])
    return out.getvalue().encode()


def microseconds(model: Path, rows: Path, tries: int = 3) -> float:
    """Measure the CPU time of a row's pred_contrib: the best of some tries, one thread, all rows in one call."""
    booster = lgb.Booster(model_file=str(model))
    X = np.genfromtxt(rows, delimiter=",", dtype=np.float64)
    best = math.inf
    for _ in range(tries):
        start = time.process_time()
        contributions(booster, X)
        best = min(best, time.process_time() - start)
    return best / len(X) * 1e6


def main() -> int:
    """Make the fixtures in the directory given, or measure."""
    parser = argparse.ArgumentParser(prog="python -m weir_train.contributions", description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", metavar="DIR", help="scoring/forest/testdata of the checkout")
    parser.add_argument("--time", type=Path, nargs=2, metavar=("MODEL", "ROWS"), help="print microseconds a row")
    arguments = parser.parse_args()
    if arguments.time:
        print(f"{microseconds(*arguments.time):.3f}")
    elif arguments.out:
        make(arguments.out)
    else:
        parser.error("give DIR or --time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
