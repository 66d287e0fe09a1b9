"""Growing the trees, so that equal input gives an equal model byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from weir_train import TrainingError
from weir_train.calibration import Scores
from weir_train.dataset import Floats, Ints
from weir_train.model import Importance


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


@dataclass(frozen=True)
class Boosted:
    """A model of LightGBM, which is a weir_train.model.Model."""

    booster: lgb.Booster
    groups: None = None
    link: None = None

    def scores(self, X: Floats) -> Scores:
        """Return LightGBM's own scores of rows."""
        return scores(self.booster, X)

    def text(self) -> bytes:
        """Return LightGBM's text."""
        return str(self.booster.model_to_string()).encode()

    def splits(self) -> list[tuple[int, float]]:
        """Return the feature and the threshold of each split."""
        return [
            (node["split_feature"], node["threshold"])
            for tree in self.booster.dump_model()["tree_info"]
            for node in _splits(tree["tree_structure"])
        ]

    def importance(self) -> Importance:
        """Return each feature's share of the gain."""
        gains = self.booster.feature_importance("gain")
        shares = (gains / gains.sum()).tolist()
        return Importance("gain", list(zip(self.booster.feature_name(), shares, strict=True)))


def _splits(node: dict[str, Any]) -> list[dict[str, Any]]:
    """List the inner nodes of a dumped tree, without recursion: a tree may be deep."""
    found, stack = [], [node]
    while stack:
        n = stack.pop()
        if "split_feature" in n:
            found.append(n)
            stack.extend((n["right_child"], n["left_child"]))
    return found


def margins(booster: lgb.Booster, X: Floats) -> Floats:
    """Return the raw scores, log-odds, of rows."""
    return np.asarray(booster.predict(X, raw_score=True), dtype=np.float64)


def probabilities(booster: lgb.Booster, X: Floats) -> Floats:
    """Return the probabilities of fraud of rows."""
    return np.asarray(booster.predict(X), dtype=np.float64)


def scores(booster: lgb.Booster, X: Floats) -> Scores:
    """Return both for rows."""
    return Scores(margins(booster, X), probabilities(booster, X))
