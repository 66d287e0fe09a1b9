"""``python -m weir_train.fixtures DIR`` makes the model files that the tests of the Go package scoring read.

They are real LightGBM models on synthetic data: four model directories, two of them calibrated, and a file for each
kind of model that is refused. Equal versions of the libraries make equal bytes.
"""

import argparse
import csv
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from weir_train.boosting import Shape
from weir_train.calibration import Kind
from weir_train.dataset import LEADING, Floats, Ints
from weir_train.groups import Options, terms
from weir_train.moments import DAY_MS, format_time, parse_time
from weir_train.pipeline import Job, run
from weir_train.thresholds import Budget

_NAMES = ["amount", "amount_to_mean_30d", "count_1h", "hour", "km_from_last", "new_merchant", "merchant_share", "gap_s"]
_START = parse_time("2026-08-01T00:00:00Z")


def synthetic(rows: int, seed: int, days: int = 60) -> tuple[Floats, Ints, list[str], list[int]]:
    """Make features, labels, patterns and times of traffic that two fraud patterns stand out from."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            np.round(rng.lognormal(3.5, 1.0, rows), 2),
            rng.lognormal(0.0, 0.6, rows),
            rng.poisson(0.5, rows).astype(np.float64),
            rng.integers(0, 24, rows).astype(np.float64),
            rng.exponential(30.0, rows),
            (rng.random(rows) < 0.2).astype(np.float64),
            rng.beta(1.0, 60.0, rows),
            rng.exponential(40_000.0, rows),
        ]
    )
    kind = rng.random(rows)
    testing, takeover = kind < 0.02, (kind >= 0.02) & (kind < 0.04)
    X[testing, 2] += rng.poisson(6.0, int(testing.sum()))
    X[testing, 0] = np.round(rng.uniform(0.5, 5.0, int(testing.sum())), 2)
    X[takeover, 1] *= rng.uniform(2.0, 8.0, int(takeover.sum()))
    X[takeover, 4] += rng.exponential(900.0, int(takeover.sum()))
    X[rng.random(X.shape) < 0.05] = math.nan
    label = (testing | takeover).astype(np.int64)
    label[rng.random(rows) < 0.03] = -1
    pattern = ["card_testing" if a else "account_takeover" if b else "" for a, b in zip(testing, takeover, strict=True)]
    times = np.sort(rng.integers(_START, _START + days * DAY_MS, rows)).tolist()
    return X, label, pattern, times


def write_features(path: Path, rows: int = 6000, seed: int = 1, features: int = len(_NAMES)) -> None:
    """Write synthetic traffic as weir replay --features-out would, with its schema beside it."""
    X, label, pattern, times = synthetic(rows, seed)
    names = _NAMES[:features]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*LEADING, *names])
        for i, row in enumerate(X[:, :features].tolist()):
            known = label[i] >= 0
            leading = [f"t{i}", f"A{i % 97}", format_time(times[i]), str(label[i]) if known else "", pattern[i]]
            writer.writerow([*leading, *("" if math.isnan(v) else repr(v) for v in row)])
    schema = {"names": names, "hashes": [f"{i:04x}{name}" for i, name in enumerate(names)]}
    path.with_name(path.name + ".schema.json").write_text(json.dumps(schema), encoding="utf-8")


def make(out: Path) -> None:
    """Write all fixtures into out, in place of what is there under the same names."""
    with tempfile.TemporaryDirectory() as temporary:
        small = Shape(trees=6, leaves=5, learning_rate=0.2, threads=1)
        models: tuple[tuple[str, int, Shape, Kind], ...] = (
            ("cards", len(_NAMES), Shape(trees=12, leaves=7, learning_rate=0.2, threads=1), "none"),
            ("one_feature", 1, Shape(trees=4, leaves=4, learning_rate=0.2, threads=1), "none"),
            ("isotonic", 3, small, "isotonic"),
            ("platt", 3, small, "platt"),
        )
        for name, features, shape, calibrate in models:
            path = Path(temporary) / f"{name}.csv"
            write_features(path, features=features)
            job = Job(
                [path],
                out / name,
                f"{name.replace('_', '-')}/2026-09-30",
                shape,
                budget=Budget(per_day=4),
                decline_precision=0.8,
                calibrate=calibrate,
                replace=True,
            )
            run(job, lambda _: None)
    _make_others(out)
    refused = out / "refused"
    refused.mkdir(parents=True, exist_ok=True)
    for name, model in _refused().items():
        (refused / f"{name}.txt").write_text(model, encoding="utf-8", newline="\n")


def _make_others(out: Path) -> None:
    """Make a model directory of each method but plain boosting."""
    behaviour, compared = terms(["log:count_1h", "gap_s"]), terms(["log:amount", "amount_to_mean_30d", "km_from_last"])
    grouped = Options(3, behaviour, compared)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "cards.csv"
        write_features(path)
        job = Job([path], out, "", Shape(trees=10, leaves=12, threads=1), budget=Budget(per_day=4), replace=True)
        for name, changed in {
            "grouped": {"groups": grouped},
            "random_forest": {"method": "random-forest"},
            "isolation": {"method": "isolation-forest", "sample": 64},
            "isolation_and_groups": {
                "method": "isolation-forest",
                "sample": 64,
                "groups": grouped,
                "select": ["amount", "hour"],
            },
            "groups_alone": {"method": "isolation-forest", "groups": grouped, "scoring": "groups"},
        }.items():
            made = replace(job, out=out / name, model_id=f"{name.replace('_', '-')}/2026-09-30", **changed)  # type: ignore[arg-type]
            run(made, lambda _: None)


def _refused() -> dict[str, str]:
    """Make one small model of each kind that Weir cannot score as LightGBM does."""
    X, label, _, _ = synthetic(1500, seed=2)
    y = (label == 1).astype(np.float64)
    X, names = np.nan_to_num(X[:, :3]), _NAMES[:3]

    def model(target: Floats, trees: int = 2, categorical: Sequence[str] = (), **changed: Any) -> str:  # noqa: ANN401
        parameters = {"objective": "binary", "num_leaves": 4, "seed": 7, "num_threads": 1, "deterministic": True}
        parameters |= {"force_row_wise": True, "verbosity": -1, **changed}
        data = lgb.Dataset(X, target, feature_name=list(names), categorical_feature=list(categorical))
        return str(lgb.train(parameters, data, num_boost_round=trees).model_to_string())

    return {
        "linear": model(y, linear_tree=True),
        "categorical": model(
            y, categorical=["count_1h"], min_data_per_group=1, max_cat_to_onehot=1, cat_smooth=1, cat_l2=1
        ),
        "multiclass": model(np.minimum(X[:, 2], 2.0), objective="multiclass", num_class=3),
        "regression": model(y, objective="regression"),
        "sigmoid": model(y, sigmoid=2.0),
        "zero_as_missing": model(y, zero_as_missing=True),
        "constant": model(y, min_data_in_leaf=5000),
    }


def main() -> int:
    """Make the fixtures in the directory given."""
    parser = argparse.ArgumentParser(prog="python -m weir_train.fixtures", description=__doc__)
    parser.add_argument("out", type=Path, metavar="DIR", help="scoring/testdata of the checkout")
    make(parser.parse_args().out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
