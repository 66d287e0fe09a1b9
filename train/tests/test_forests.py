import math

import lightgbm as lgb
import numpy as np
import pytest

from weir_train import TrainingError, anomaly, forests, trees
from weir_train.boosting import Shape
from weir_train.dataset import Floats
from weir_train.fixtures import synthetic

X, LABEL = synthetic(3000, seed=4)[:2]
NAMES = [f"f{i}" for i in range(X.shape[1])]
KNOWN = LABEL >= 0
RANDOM = forests.grow_random_forest(X[KNOWN], LABEL[KNOWN], NAMES, Shape(trees=15, leaves=40))
ISOLATION = forests.grow_isolation(X, Shape(trees=25), 128)


def below_or_equal(x: float, threshold: float) -> bool:
    """Compare as scikit-learn does: float32 against float64."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(x)) <= threshold


@pytest.mark.parametrize("scale", [1e-44, 1e-40, 1e-7, 1.0, 16777216.0, 1e30, 1e38])
def test_boundary_is_where_rounding_to_float32_ends(scale: float) -> None:
    rng = np.random.default_rng(1)
    for threshold in [*(rng.normal(size=300) * scale).tolist(), scale, float(np.float32(scale)), 0.0, -0.0]:
        edge = trees.boundary(threshold)
        assert below_or_equal(edge, threshold)
        assert not below_or_equal(math.nextafter(edge, math.inf), threshold)


def test_boundary_at_the_ends() -> None:
    largest = float(np.finfo(np.float32).max)
    assert trees.boundary(math.inf) == math.inf
    assert trees.boundary(-largest) == pytest.approx(-largest)
    assert below_or_equal(trees.boundary(largest), largest)
    assert not below_or_equal(math.nextafter(trees.boundary(largest), math.inf), largest)


def odd_rows(splits: list[tuple[int, float]]) -> Floats:
    """Rows with a value at, above or a float32 beside a threshold, or far out, or missing."""
    rng = np.random.default_rng(2)
    rows = X[rng.integers(len(X), size=3000)].copy()
    for i in range(len(rows)):
        at, edge = splits[int(rng.integers(len(splits)))]
        beside = float(np.nextafter(np.float32(edge), np.float32(math.inf)))
        rows[i, at] = [edge, math.nextafter(edge, math.inf), float(np.float32(edge)), beside, 1e300, -1e300][i % 6]
    rows[rng.random(rows.shape) < 0.1] = math.nan
    return rows


def summed(list_of: list[trees.Tree], rows: Floats) -> Floats:
    return np.asarray(sum(trees.predict(tree, rows) for tree in list_of), dtype=np.float64)


def test_a_random_forest_is_scikit_learns() -> None:
    rows = odd_rows(RANDOM.splits())
    assert np.abs(summed(RANDOM.trees(), rows) - RANDOM.scores(rows).probability).max() < 1e-12


def test_an_isolation_forest_is_scikit_learns() -> None:
    rows = odd_rows(trees.splits(ISOLATION.trees()))
    assert np.abs(np.exp2(summed(ISOLATION.trees(), rows)) - ISOLATION.scores(rows)).max() < 1e-12
    # What is missing is ordinary: it is scored as the median is.
    filled = np.where(np.isnan(rows), ISOLATION.medians, rows)
    assert ISOLATION.scores(rows).tolist() == ISOLATION.scores(filled).tolist()


def as_regression(text: bytes) -> lgb.Booster:
    return lgb.Booster(model_str=text.decode().replace("num_class=1\n", "num_class=1\nobjective=regression\n", 1))


@pytest.mark.parametrize("list_of", [RANDOM.trees(), ISOLATION.trees()], ids=["random", "isolation"])
def test_lightgbm_reads_the_text(list_of: list[trees.Tree]) -> None:
    booster = as_regression(trees.to_text(NAMES, list_of))
    rows = odd_rows(trees.splits(list_of))
    assert np.abs(np.asarray(booster.predict(rows)) - summed(list_of, rows)).max() < 1e-12
    # Attribution needs the counts: children's are their parents', and all contributions add up.
    shares = np.asarray(booster.predict(rows, pred_contrib=True))
    assert np.abs(shares.sum(axis=1) - summed(list_of, rows)).max() < 1e-9
    for tree in list_of:
        for node in range(len(tree.feature)):
            sides = [tree.count[c] if c >= 0 else tree.leaf_count[~c] for c in (tree.left[node], tree.right[node])]
            assert sum(sides) == tree.count[node]


def test_levels_of_a_distance() -> None:
    rng = np.random.default_rng(3)
    distance = rng.exponential(2.0, 5000)
    distance[:100] = math.nan
    tree = anomaly.levels(distance, 2)
    rows = np.full((6, 3), math.nan)
    known = distance[100:]
    rows[:, 2] = [0.0, np.median(known), np.quantile(known, 0.99), known.max(), 1e9, math.nan]
    score = np.exp2(trees.predict(tree, rows))
    assert (np.diff(score[:4]) > 0).all()
    assert score[1] == pytest.approx(0.5, abs=0.02)  # the ordinary distance
    assert score[4] == score[3]
    assert score[5] == score[1]  # what is not known is ordinary
    assert tree.leaf_count.sum() == len(known)
    ordered = np.exp2(trees.predict(tree, np.column_stack([known, known, np.sort(known)])))
    assert (np.diff(ordered) >= 0).all()
    # Rare distances are told apart best.
    assert len(np.unique(ordered[-20:])) >= 15


def test_levels_of_equal_distances() -> None:
    tree = anomaly.levels(np.full(10, 3.0), 0)
    assert np.exp2(trees.predict(tree, np.array([[1.0], [3.0], [9.0]]))).tolist() == [0.5, 0.5, 0.5]


def test_what_cannot_be_grown_is_refused() -> None:
    with pytest.raises(TrainingError, match="all rows are equal, so none of them is alone"):
        forests.grow_isolation(np.ones((100, 2)), Shape(trees=3), 16)
    with pytest.raises(TrainingError, match=r"no tree found a split in 100 rows"):
        forests.grow_random_forest(np.ones((100, 2)), np.arange(100) % 2, ["a", "b"], Shape(trees=3))
