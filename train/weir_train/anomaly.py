"""Models that no label made: an isolation forest, the distance from the group of like accounts, or both."""

from dataclasses import dataclass

import numpy as np

from weir_train import groups as grouping
from weir_train import trees
from weir_train.calibration import Scores
from weir_train.dataset import Floats, Ints
from weir_train.forests import Isolation
from weir_train.groups import Groups
from weir_train.model import Importance
from weir_train.trees import Tree

# How many levels of the distance are told apart.
_LEVELS = 256


@dataclass(frozen=True)
class Anomaly:
    """A model that was trained without labels: an isolation forest, the distance from the own group, or both.

    The margin is less than 0 and the score 2^margin. Of both it is the mean of their margins, so the score is the
    geometric mean of their scores.
    """

    names: list[str]  # of the features
    isolation: Isolation | None
    columns: Ints  # positions of the features that the isolation forest reads
    groups: Groups | None
    levels: Tree | None  # the margin of a distance; None where the distance has no part in the score
    link: str = "exp2"

    def scores(self, X: Floats) -> Scores:
        """Return scikit-learn's anomaly score, the distance's, or the geometric mean of them."""
        margins = []
        if self.isolation is not None:
            margins.append(np.log2(self.isolation.scores(X[:, self.columns])))
        if self.levels is not None and self.groups is not None:
            margins.append(trees.predict(self.levels, self.groups.extend(X)))
        margin = np.asarray(np.mean(margins, axis=0), dtype=np.float64)
        return Scores(margin, np.asarray(np.exp2(margin), dtype=np.float64))

    def text(self) -> bytes:
        """Return the trees in LightGBM's text form."""
        inputs = self.names if self.groups is None else [*self.names, grouping.FEATURE]
        return trees.to_text(inputs, self._trees())

    def splits(self) -> list[tuple[int, float]]:
        """Return the splits on features."""
        return [(at, threshold) for at, threshold in trees.splits(self._trees()) if at < len(self.names)]

    def importance(self) -> Importance:
        """Return by how much the splits on each input change the margin of a training row, on average."""
        inputs = self.names if self.levels is None else [*self.names, grouping.FEATURE]
        weight = np.zeros(len(inputs))
        for tree in self._trees():
            np.add.at(weight, tree.feature, _changes(tree))
        weight /= max(weight.sum(), 1e-300)
        return Importance("change of the margin", list(zip(inputs, weight.tolist(), strict=True)))

    def _trees(self) -> list[Tree]:
        parts = (self.isolation is not None) + (self.levels is not None)
        result = []
        if self.isolation is not None:
            result += [trees.scaled(trees.moved(t, self.columns), 1 / parts) for t in self.isolation.trees()]
        if self.levels is not None:
            result.append(trees.scaled(self.levels, 1 / parts))
        return result


def levels(distance: Floats, feature: int) -> Tree:
    """Make the tree that turns a distance into a margin: log2(d / (d + m)), where m is the median of all distances.

    So the score of an ordinary distance is 0.5, as it is of an isolation forest, and that of a great one nears 1.
    The levels are finest where distances are rare.
    """
    known = np.sort(distance[~np.isnan(distance)])
    rows, median = len(known), float(np.median(known))
    above = np.unique(np.rint(np.geomspace(1, rows, _LEVELS)).astype(np.int64))[::-1]  # rows above an edge
    edges = np.unique(known[rows - above[1:] - 1]) if len(above) > 1 else known[:0]
    edges = edges[edges < known[-1]]
    at = np.searchsorted(edges, known, side="left")
    counts = np.bincount(at, minlength=len(edges) + 1).astype(np.int64)
    mean = np.bincount(at, weights=known, minlength=len(edges) + 1) / counts
    return trees.chain(feature, edges, np.log2(np.maximum(mean, 1e-9) / (mean + max(median, 1e-9))), counts)


def _changes(tree: Tree) -> Floats:
    """Return by how much each split changes the margin on average: of a training row taken to the one or other side."""
    count, mean = tree.count.astype(np.float64), np.zeros(len(tree.feature))
    changes = np.zeros(len(tree.feature))
    for node in reversed(range(len(tree.feature))):  # children stand behind their parents
        (n1, m1), (n2, m2) = (
            (count[child], mean[child]) if child >= 0 else (float(tree.leaf_count[~child]), float(tree.value[~child]))
            for child in (int(tree.left[node]), int(tree.right[node]))
        )
        total = max(n1 + n2, 1.0)
        mean[node] = (n1 * m1 + n2 * m2) / total
        changes[node] = 2 * n1 * n2 / total * abs(m1 - m2)
    return np.asarray(changes / max(count.max(initial=0.0), 1.0), dtype=np.float64)
