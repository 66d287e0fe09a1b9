import numpy as np
import pytest

from weir_train.dataset import Bools, Floats
from weir_train.metrics import average_precision, curve, operation, roc_auc


def samples() -> list[tuple[Floats, Bools]]:
    rng = np.random.default_rng(1)
    made = []
    for n in (2, 5, 40, 300):
        fraud = rng.random(n) < 0.3
        fraud[0], fraud[1] = True, False
        made.append((rng.normal(fraud * 1.0, 1.0), fraud))
        made.append((np.round(rng.normal(fraud * 1.0, 1.0)), fraud))  # many ties
    return made


@pytest.mark.parametrize(("score", "fraud"), samples())
def test_roc_auc_is_the_share_of_ordered_pairs(score: Floats, fraud: Bools) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in score[fraud] for b in score[~fraud]]
    assert roc_auc(score, fraud) == pytest.approx(sum(pairs) / len(pairs))


@pytest.mark.parametrize(("score", "fraud"), samples())
def test_average_precision_is_the_mean_precision_at_each_fraud(score: Floats, fraud: Bools) -> None:
    precisions = [fraud[score >= s].mean() for s in score[fraud]]
    assert average_precision(score, fraud) == pytest.approx(np.mean(precisions))


def test_order_of_rows_does_not_matter() -> None:
    score, fraud = samples()[-1]
    order = np.random.default_rng(2).permutation(len(score))
    assert average_precision(score[order], fraud[order]) == average_precision(score, fraud)
    assert roc_auc(score[order], fraud[order]) == roc_auc(score, fraud)


def test_curve() -> None:
    c = curve(np.array([0.1, 0.9, 0.5, 0.9]), np.array([False, True, True, False]))
    assert c.score.tolist() == [0.9, 0.5, 0.1]
    assert c.rows.tolist() == [2, 3, 4]
    assert c.frauds.tolist() == [1, 2, 2]


def test_operation_counts_unlabelled_rows_as_alerts_only() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    o = operation(0.6, score, np.array([1, -1, 0, 1, 1]), days=2)
    assert o.per_day == 2
    assert o.precision == pytest.approx(2 / 3)
    assert o.recall == pytest.approx(2 / 3)
    assert operation(0.95, score, np.array([1, -1, 0, 1, 1]), days=2).precision is None
