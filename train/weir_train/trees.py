"""Trees of other libraries than LightGBM, written in LightGBM's text form, which is what Weir loads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from weir_train.dataset import Bools, Floats, Ints

_MISSING_NAN = 2 << 2  # decision_type: the missing value is NaN
_DEFAULT_LEFT = 1 << 1  # and it goes to the left


@dataclass(frozen=True)
class Tree:
    """One tree. A child below 0 is a leaf: leaf i is ~i. Node 0 is the root; a tree of one leaf has no nodes."""

    feature: Ints
    threshold: Floats  # a value at or below it goes to the left
    missing_left: Bools
    left: Ints
    right: Ints
    count: Ints  # of training rows that reached the node
    value: Floats  # of each leaf
    leaf_count: Ints


def to_text(names: Sequence[str], trees: Sequence[Tree]) -> bytes:
    """Write a model whose margin is the sum of its trees. It states no objective: that is the manifest's link."""
    sections = [_tree(i, tree) for i, tree in enumerate(trees)]
    header = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={len(names) - 1}",
        "feature_names=" + " ".join(names),
        "feature_infos=" + " ".join(["none"] * len(names)),
        "tree_sizes=" + " ".join(str(len(section)) for section in sections),
    ]
    return ("\n".join(header) + "\n\n" + "".join(sections) + "end of trees\n").encode()


def _tree(index: int, tree: Tree) -> str:
    lines = [f"Tree={index}", f"num_leaves={len(tree.value)}", "num_cat=0"]
    if len(tree.feature):
        decision = _MISSING_NAN + _DEFAULT_LEFT * tree.missing_left.astype(np.int64)
        lines += [
            _list("split_feature", tree.feature),
            _list("threshold", tree.threshold),
            _list("decision_type", decision),
            _list("left_child", tree.left),
            _list("right_child", tree.right),
        ]
    lines += [_list("leaf_value", tree.value), _list("leaf_count", tree.leaf_count)]
    if len(tree.feature):
        lines.append(_list("internal_count", tree.count))
    lines += ["is_linear=0", "shrinkage=1"]
    return "\n".join(lines) + "\n\n\n"


def _list(key: str, values: Floats | Ints) -> str:
    return f"{key}=" + " ".join(repr(v) for v in values.tolist())


def scaled(tree: Tree, factor: float) -> Tree:
    """Return the tree with its leaves multiplied."""
    return replace(tree, value=tree.value * factor)


def moved(tree: Tree, positions: Ints) -> Tree:
    """Return the tree with feature i read from positions[i]."""
    return replace(tree, feature=positions[tree.feature])


def boundary(threshold: float) -> float:
    """Return the greatest float64 that, once rounded to float32, is at or below the threshold.

    scikit-learn compares float32(x) <= threshold; x <= boundary(threshold) is the same for every float64 x but NaN. A
    threshold of infinity, which scikit-learn uses to part missing values from all others, stays.
    """
    if math.isinf(threshold):
        return threshold
    with np.errstate(over="ignore"):
        low = np.float32(threshold)
        if float(low) > threshold:
            low = np.nextafter(low, np.float32(-math.inf))
        high = np.nextafter(low, np.float32(math.inf))
    # The next number would be a power of two, were the exponent not at its end: beyond it the value rounds to infinity.
    top = float(high) if math.isfinite(high) else 2.0**128
    middle = float(low) + (top - float(low)) / 2  # both are float32, so this is exact
    with np.errstate(over="ignore"):
        rounded = np.float32(middle)
    return middle if rounded == low else math.nextafter(middle, -math.inf)


def chain(feature: int, edges: Floats, values: Floats, counts: Ints) -> Tree:
    """Make a tree of a single feature: a value up to edges[i], and above the edge before, gets values[i].

    There is one value more than edges, and counts has the training rows of each. It is balanced, so its depth is the
    logarithm of its leaves. A missing value goes where the median of the rows goes.
    """
    median = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    nodes: list[tuple[int, int, int, int, int]] = []  # edge, left, right, first leaf, last leaf

    def grow(first: int, last: int) -> int:
        if first == last:
            return ~first
        at = len(nodes)
        nodes.append((0, 0, 0, first, last))
        middle = (first + last) // 2
        nodes[at] = (middle, grow(first, middle), grow(middle + 1, last), first, last)
        return at

    grow(0, len(values) - 1)
    edge = np.array([n[0] for n in nodes], dtype=np.int64)
    return Tree(
        feature=np.full(len(nodes), feature, dtype=np.int64),
        threshold=edges[edge],
        missing_left=np.array([median <= n[0] for n in nodes], dtype=np.bool_),
        left=np.array([n[1] for n in nodes], dtype=np.int64),
        right=np.array([n[2] for n in nodes], dtype=np.int64),
        count=np.array([counts[n[3] : n[4] + 1].sum() for n in nodes], dtype=np.int64),
        value=values,
        leaf_count=counts,
    )


def predict(tree: Tree, X: Floats) -> Floats:
    """Return the value of the leaf of each row, as the text form has it. It is slow where a tree is deep."""
    if not len(tree.feature):
        return np.full(len(X), tree.value[0])
    at = np.zeros(len(X), dtype=np.int64)
    rows = np.arange(len(X))
    while len(rows):
        node = at[rows]
        x = X[rows, tree.feature[node]]
        left = np.where(np.isnan(x), tree.missing_left[node], x <= tree.threshold[node])
        at[rows] = np.where(left, tree.left[node], tree.right[node])
        rows = rows[at[rows] >= 0]
    return tree.value[~at]


def splits(trees: Sequence[Tree]) -> list[tuple[int, float]]:
    """Return the feature and the threshold of every split that has a finite one."""
    return [
        (at, threshold)
        for tree in trees
        for at, threshold in zip(tree.feature.tolist(), tree.threshold.tolist(), strict=True)
        if math.isfinite(threshold)
    ]
