"""Forests that scikit-learn grows, as trees that Weir loads.

What scikit-learn computes and what the text form of the trees gives is the same number: thresholds are moved to where
rounding to float32 puts them (trees.boundary), and the leaves are divided by the number of trees.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest, RandomForestClassifier

from weir_train import TrainingError, trees
from weir_train.boosting import Shape
from weir_train.calibration import Scores
from weir_train.dataset import Floats, Ints
from weir_train.model import Importance
from weir_train.trees import Tree, boundary

_EULER = 0.5772156649015329
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class RandomForest:
    """A forest whose margin is its probability of fraud. It is a weir_train.model.Model."""

    sklearn: Any  # RandomForestClassifier; the library has no types
    names: list[str]
    groups: None = None
    link: str = "identity"

    def scores(self, X: Floats) -> Scores:
        """Return scikit-learn's own probabilities of fraud, which are the margins too."""
        p = np.asarray(self.sklearn.predict_proba(_finite(X))[:, 1], dtype=np.float64)
        return Scores(p, p)

    def text(self) -> bytes:
        """Return the trees in LightGBM's text form."""
        return trees.to_text(self.names, self.trees())

    def splits(self) -> list[tuple[int, float]]:
        """Return all splits."""
        return trees.splits(self.trees())

    def importance(self) -> Importance:
        """Return scikit-learn's mean decrease of impurity."""
        shares = self.sklearn.feature_importances_.tolist()
        return Importance("decrease of impurity", list(zip(self.names, shares, strict=True)))

    def trees(self) -> list[Tree]:
        """Return the trees; their sum is the probability."""
        number = len(self.sklearn.estimators_)
        return [
            _tree(e.tree_, e.tree_.value[:, 0, 1] / number, e.tree_.weighted_n_node_samples)
            for e in self.sklearn.estimators_
        ]


@dataclass(frozen=True)
class Isolation:
    """A forest whose margin is the mean depth at which a row is alone, less than 0: its score is 2^margin.

    A missing value is the median of the rows it was grown on, as far as they have one. So what is not known of a
    transaction is not held against it: an isolation forest that was given holes would find a new account, of which
    nearly nothing is known, stranger than any fraud.
    """

    sklearn: Any  # IsolationForest
    medians: Floats

    def scores(self, X: Floats) -> Floats:
        """Return scikit-learn's own anomaly scores: 0.5 is ordinary, 1 is alone from the first split on."""
        return np.asarray(-self.sklearn.score_samples(_finite(_filled(X, self.medians))), dtype=np.float64)

    def trees(self) -> list[Tree]:
        """Return the trees; their sum is the margin."""
        number = len(self.sklearn.estimators_)
        unit = number * float(_path_length(np.array([self.sklearn.max_samples_]))[0])
        result = []
        for e in self.sklearn.estimators_:
            t = e.tree_
            depth = _depths(t.children_left, t.children_right) + _path_length(t.n_node_samples)
            result.append(_tree(t, -depth / unit, t.n_node_samples, self.medians))
        return result


def grow_random_forest(X: Floats, label: Ints, names: list[str], shape: Shape) -> RandomForest:
    """Train a random forest on labelled rows. A missing value goes where it divides the rows best."""
    forest = RandomForestClassifier(
        n_estimators=shape.trees,
        max_leaf_nodes=shape.leaves,
        min_samples_leaf=shape.min_data_in_leaf,
        random_state=shape.seed,
        n_jobs=shape.threads,
    ).fit(_finite(X), label)
    if not any(e.tree_.node_count > 1 for e in forest.estimators_):
        raise TrainingError(
            f"no tree found a split in {len(label)} rows, so every score would be the same; use more history or "
            "a smaller --min-data-in-leaf"
        )
    return RandomForest(forest, list(names))


def grow_isolation(X: Floats, shape: Shape, sample: int) -> Isolation:
    """Train an isolation forest, each tree on so many rows. No label is read."""
    known = ~np.isnan(X)
    medians = np.array([float(np.median(c[k])) if k.any() else 0.0 for c, k in zip(X.T, known.T, strict=True)])
    filled = _finite(_filled(X, medians))
    if (filled == filled[0]).all():
        raise TrainingError("all rows are equal, so none of them is alone; use more history, or other features")
    forest = IsolationForest(
        n_estimators=shape.trees, max_samples=min(sample, len(X)), random_state=shape.seed, n_jobs=1
    ).fit(filled)
    return Isolation(forest, medians)


def _filled(X: Floats, medians: Floats) -> Floats:
    return np.where(np.isnan(X), medians, X)


def _finite(X: Floats) -> Floats:
    """Return rows that scikit-learn takes: it refuses what is beyond float32, of which a tree would think the same."""
    return np.clip(X, -_LARGEST, _LARGEST)


def _path_length(rows: Ints) -> Floats:
    """Return the mean depth at which one of so many rows is alone in a random tree.

    Source: Liu, Ting, Zhou, "Isolation Forest", ICDM 2008, equation 1, with scikit-learn's 0 and 1 for the fewest.
    """
    n = rows.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        many = 2 * (np.log(n - 1) + _EULER) - 2 * (n - 1) / n
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, many))


def _depths(left: Ints, right: Ints) -> Floats:
    depth = np.zeros(len(left))
    for node in range(len(left)):  # a child stands behind its parent
        if left[node] >= 0:
            depth[[left[node], right[node]]] = depth[node] + 1
    return depth


def _tree(t: Any, value: Floats, rows: Floats | Ints, medians: Floats | None = None) -> Tree:  # noqa: ANN401
    """Turn scikit-learn's tree, whose leaves are among its nodes, into ours. medians say where a missing value goes."""
    inner = t.children_left >= 0
    position = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
    feature = t.feature[inner].astype(np.int64)
    threshold = np.array([boundary(v) for v in t.threshold[inner].tolist()], dtype=np.float64)
    missing = t.missing_go_to_left[inner] if medians is None else medians[feature] <= threshold
    count = np.rint(rows).astype(np.int64)
    return Tree(
        feature=feature,
        threshold=threshold,
        missing_left=np.asarray(missing, dtype=np.bool_),
        left=position[t.children_left[inner]],
        right=position[t.children_right[inner]],
        count=count[inner],
        value=value[~inner],
        leaf_count=count[~inner],
    )
