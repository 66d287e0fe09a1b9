"""``python -m weir_train.formats DIR`` makes the models of other libraries and modes that the tests of scoring read.

They are real files of LightGBM and XGBoost on synthetic data: a model directory for each form that is scored, with the
library's own predictions as golden vectors, and a file for each that is refused. Equal versions make equal bytes.
"""

import argparse
import csv
import hashlib
import io
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import xgboost as xgb

from weir_train import __version__, manifest
from weir_train.dataset import Floats

_NAMES = ["amount", "ratio", "direction", "count", "hour"]
# Beyond float32, a float32 to the last bit and just beyond, subnormal ones, and what rounds to 0.
_ODD = (math.nan, 0.0, -0.0, 1.0, -1.0, 1e300, -1e300, math.inf, -math.inf, 1e39, 3.4028234663852886e38)
_ODDER = (3.4028235677973366e38, 3.4028235677973362e38, -3.4028235677973366e38, 1e-45, -1e-45, 7e-46, -7e-46, 1e-300)

Predict = Callable[[Floats], tuple[Floats, Floats]]


def _synthetic(rows: int, seed: int) -> tuple[Floats, Floats]:
    """Make data by exact arithmetic alone, so that every machine makes the same."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            np.round(20.0 / (0.05 + rng.random(rows)), 2),
            3.0 * rng.random(rows) * rng.random(rows) - 0.5,
            rng.integers(-1, 2, rows).astype(np.float64),
            rng.integers(0, 5, rows).astype(np.float64),
            rng.integers(0, 24, rows).astype(np.float64),
        ]
    )
    odds = X[:, 1] + 0.6 * X[:, 2] * X[:, 3] - (X[:, 4] > 5) + (X[:, 0] > 150) + rng.random(rows) + rng.random(rows)
    y = (odds > 2.2).astype(np.float64)
    X[rng.random(X.shape) < 0.08] = math.nan
    return X, y


def make(out: Path) -> None:
    """Write all models into out, in place of what is there under the same names."""
    X, y = _synthetic(3000, seed=11)
    boostings: dict[str, dict[str, Any]] = {
        "lightgbm_dart": {"boosting": "dart", "drop_rate": 0.4},
        "lightgbm_rf": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    }
    for name, changed in boostings.items():
        booster = _lightgbm(X, y, **changed)
        mean = booster.num_trees() if changed["boosting"] == "rf" else 1
        text = booster.model_to_string().encode()
        _write(out, name, ("model.txt", text), X, _lightgbm_ties(booster), _mean_of(booster, mean))
    boosters: dict[str, dict[str, Any]] = {
        "xgboost": {"tree_method": "hist"},
        "xgboost_pruned": {"tree_method": "exact", "gamma": 4.0, "max_depth": 5, "base_score": 0.9},
        "xgboost_dart": {"booster": "dart", "rate_drop": 0.4},
        "xgboost_forest": {"num_parallel_tree": 3, "subsample": 0.6, "colsample_bynode": 0.6},
    }
    for name, changed in boosters.items():
        model = _xgboost(X, y, names=name != "xgboost_forest", **changed)
        _write(out, name, ("model.json", _json(model)), X, _xgboost_ties(model), partial(_in_place, model))
    refused = out / "refused"
    refused.mkdir(parents=True, exist_ok=True)
    for name, text in _refused(X, y).items():
        (refused / f"{name}.json").write_bytes(text)


def _lightgbm(X: Floats, y: Floats, **changed: Any) -> lgb.Booster:  # noqa: ANN401
    parameters = {"objective": "binary", "num_leaves": 7, "seed": 7, "num_threads": 1, "deterministic": True}
    parameters |= {"force_row_wise": True, "verbosity": -1, **changed}
    return lgb.train(parameters, lgb.Dataset(X, y, feature_name=list(_NAMES)), num_boost_round=9)


def _mean_of(booster: lgb.Booster, mean: int) -> Predict:
    # Of a random forest LightGBM gives the sum for a raw score, and predicts from the mean.
    return lambda V: (
        np.asarray(booster.predict(V, raw_score=True, num_threads=1)) / mean,
        np.asarray(booster.predict(V, num_threads=1)),
    )


def _lightgbm_ties(booster: lgb.Booster) -> list[tuple[int, list[float]]]:
    """List for each split its feature, its threshold and the numbers beside it."""
    found = []
    for line in booster.model_to_string().split("Tree=")[1:]:
        tree = dict(part.split("=", 1) for part in line.splitlines() if "=" in part)
        for feature, text in zip(tree["split_feature"].split(), tree["threshold"].split(), strict=True):
            t = float(text)
            if abs(t) > 1e-30:  # LightGBM's Python side reads anything within 1e-35 of 0 as 0
                found.append((int(feature), [math.nextafter(t, -math.inf), t, math.nextafter(t, math.inf)]))
    return found


def _xgboost(X: Floats, y: Floats, *, names: bool = True, **changed: Any) -> xgb.Booster:  # noqa: ANN401
    parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.4, "seed": 7, "nthread": 1, **changed}
    data = xgb.DMatrix(X, y, feature_names=list(_NAMES) if names else None, nthread=1)
    return xgb.train(parameters, data, num_boost_round=6)


def _json(model: xgb.Booster) -> bytes:
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "model.json"
        model.save_model(path)
        return path.read_bytes()


def _in_place(model: xgb.Booster, V: Floats) -> tuple[Floats, Floats]:
    # Only a prediction in place takes infinities and what float32 makes infinite.
    margin = model.inplace_predict(V, predict_type="margin", validate_features=False)
    return np.asarray(margin), np.asarray(model.inplace_predict(V, validate_features=False))


def _xgboost_ties(model: xgb.Booster) -> list[tuple[int, list[float]]]:
    """List for each split its feature, its threshold, the float32s beside it, and what rounds to either just so."""
    found = []
    for tree in model.get_dump(dump_format="json"):
        for node in _nodes(tree):
            t = np.float32(node["split_condition"])
            below, above = np.nextafter(t, np.float32(-np.inf)), np.nextafter(t, np.float32(np.inf))
            ties = [(float(below) + float(t)) / 2, (float(t) + float(above)) / 2]
            near = [math.nextafter(v, to) for v in (*ties, float(t)) for to in (-math.inf, math.inf)]
            feature = node["split"]
            index = _NAMES.index(feature) if feature in _NAMES else int(feature.removeprefix("f"))
            found.append((index, [float(below), float(t), float(above), *ties, *near]))
    return found


def _nodes(tree: str) -> Iterator[dict[str, Any]]:
    stack = [json.loads(tree)]
    while stack:
        node = stack.pop()
        if "children" in node:
            yield node
            stack.extend(node["children"])


def _vectors(X: Floats, ties: list[tuple[int, list[float]]]) -> Floats:
    rng = np.random.default_rng(5)
    rows = X[rng.choice(len(X), size=60, replace=False)]
    constant = np.array([[v] * X.shape[1] for v in (*_ODD, *_ODDER)])
    riddled = rows.copy()
    for row in riddled:
        row[rng.integers(X.shape[1])] = rng.choice([*_ODD, *_ODDER])
    made = []
    for k in rng.permutation(len(ties))[:16].tolist():
        feature, values = ties[k]
        for value in values:
            row = rows[rng.integers(len(rows))].copy()
            row[feature] = value
            made.append(row)
    return np.concatenate([rows, constant, riddled, np.array(made)])


def _write(
    out: Path, name: str, file: tuple[str, bytes], X: Floats, ties: list[tuple[int, list[float]]], predict: Predict
) -> None:
    V = _vectors(X, ties)
    margins, probabilities = predict(V)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["margin", "probability", *_NAMES])
    for margin, probability, row in zip(margins.tolist(), probabilities.tolist(), V.tolist(), strict=True):
        writer.writerow([repr(margin), repr(probability), *("" if math.isnan(v) else repr(v) for v in row)])
    files = {file[0]: file[1], "golden.csv": text.getvalue().encode()}
    window = {"from": "2026-08-01T00:00:00Z", "to": "2026-09-30T00:00:00Z", "rows": 3000, "frauds": 900}
    says = {
        "format": 1,
        "id": f"formats/{name}",
        "created": "2026-09-30T00:00:00Z",
        "trainer": {"name": "weir_train.formats", "version": __version__, "seed": 7},
        "training": window,
        "thresholds": {"review": {"score": 0.5, "per_day": 10}},
        "features": [{"name": feature, "hash": f"{i:04x}"} for i, feature in enumerate(_NAMES)],
        "files": {key: hashlib.sha256(content).hexdigest() for key, content in files.items()},
    }
    directory = out / "formats" / name
    directory.mkdir(parents=True, exist_ok=True)
    for key, content in (files | {"manifest.json": manifest.to_json(says)}).items():
        (directory / key).write_bytes(content)


def _refused(X: Floats, y: Floats) -> dict[str, bytes]:
    """Make one small XGBoost model of each kind that Weir cannot score."""

    def model(target: Floats, types: list[str] | None = None, **changed: Any) -> bytes:  # noqa: ANN401
        data = xgb.DMatrix(
            np.abs(X), target, feature_names=list(_NAMES), feature_types=types, enable_categorical=True, nthread=1
        )
        parameters = {
            "objective": "binary:logistic",
            "max_depth": 2,
            "seed": 7,
            "nthread": 1,
            "verbosity": 0,
            **changed,
        }
        return _json(xgb.train(parameters, data, num_boost_round=2))

    return {
        "xgboost_linear": model(y, booster="gblinear", updater="coord_descent"),
        "xgboost_multiclass": model(np.nan_to_num(X[:, 2]) + 1, objective="multi:softprob", num_class=3),
        "xgboost_regression": model(y, objective="reg:squarederror"),
        "xgboost_vector_leaf": model(
            np.column_stack([y, 1 - y]), multi_strategy="multi_output_tree", tree_method="hist"
        ),
        "xgboost_categorical": model(y, types=["q", "q", "c", "q", "q"], tree_method="hist"),
    }


def main() -> int:
    """Make the models in the directory given."""
    parser = argparse.ArgumentParser(prog="python -m weir_train.formats", description=__doc__)
    parser.add_argument("out", type=Path, metavar="DIR", help="scoring/testdata of the checkout")
    make(parser.parse_args().out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
