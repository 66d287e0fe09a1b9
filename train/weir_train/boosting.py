"""Growing the trees, so that equal input gives an equal model byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from weir_train import TrainingError
from weir_train.calibration import Scores
from weir_train.dataset import Floats, Ints


@dataclass(frozen=True)
class Shape:
    """What is asked of the trees."""

    trees: int = 200
    leaves: int = 31
    learning_rate: float = 0.05
    min_data_in_leaf: int = 20
    seed: int = 7
    threads: int = 2


def grow(X: Floats, label: Ints, names: list[str], shape: Shape, progress: Callable[[str], None]) -> lgb.Booster:
    """Train a binary classifier on labelled rows. Nothing stops it early: the number of trees is what was asked."""
    parameters = {
        "objective": "binary",
        "boosting": "gbdt",
        "num_leaves": shape.leaves,
        "learning_rate": shape.learning_rate,
        "min_data_in_leaf": shape.min_data_in_leaf,
        "seed": shape.seed,
        "num_threads": shape.threads,
        "deterministic": True,
        "force_row_wise": True,
        "use_missing": True,
        "zero_as_missing": False,
        "linear_tree": False,
        "verbosity": -1,
    }
    data = lgb.Dataset(X, label.astype(np.float64), feature_name=list(names), categorical_feature=[])
    step = max(1, shape.trees // 10)

    def report(env: lgb.callback.CallbackEnv) -> None:
        if (env.iteration + 1) % step == 0:
            progress(f"{env.iteration + 1} of {shape.trees} trees")

    booster = lgb.train(parameters, data, num_boost_round=shape.trees, callbacks=[report])
    if not any(booster.feature_importance("split")):
        raise TrainingError(
            f"no tree found a split in {len(label)} rows, so every score would be the same; use more history or "
            "a smaller --min-data-in-leaf"
        )
    return booster


def margins(booster: lgb.Booster, X: Floats) -> Floats:
    """Return the raw scores, log-odds, of rows."""
    return np.asarray(booster.predict(X, raw_score=True), dtype=np.float64)


def probabilities(booster: lgb.Booster, X: Floats) -> Floats:
    """Return the probabilities of fraud of rows."""
    return np.asarray(booster.predict(X), dtype=np.float64)


def scores(booster: lgb.Booster, X: Floats) -> Scores:
    """Return both for rows."""
    return Scores(margins(booster, X), probabilities(booster, X))
