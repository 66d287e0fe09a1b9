import numpy as np
import pytest

from weir_train import TrainingError
from weir_train.metrics import curve
from weir_train.thresholds import Budget, between, choose, lower_bound


def test_review_keeps_the_budget_and_decline_the_precision() -> None:
    rng = np.random.default_rng(1)
    for decimals in (2, 15):
        fraud = rng.random(4000) < 0.05
        score = np.round(np.clip(rng.normal(0.2 + 0.4 * fraud, 0.12), 0, 1), decimals)
        label = np.where(rng.random(4000) < 0.1, -1, fraud.astype(np.int64))
        for budget in (3, 10, 40):
            t = choose(score, label, days=10, budget=Budget(per_day=budget), decline_precision=0.8)
            above = int((score >= t.review).sum())
            assert above <= budget * 10
            lower = score[score < t.review].max()
            assert int((score >= lower).sum()) > budget * 10  # the next lower one would not keep it
            if t.decline is not None:
                assert t.decline >= t.review
                declined = label[(score >= t.decline) & (label >= 0)]
                assert t.decline == t.review or declined.mean() >= 0.8
                assert len(declined) >= 7  # fewer could not show it


def test_unlabelled_rows_count_towards_the_budget() -> None:
    score = np.linspace(0, 1, 101)
    labelled = np.zeros(101, dtype=np.int64)
    with_unlabelled = np.where(np.arange(101) % 2 == 0, -1, 0)
    for label in (labelled, with_unlabelled):
        t = choose(score, label, days=1, budget=Budget(per_day=10), decline_precision=0.9)
        assert int((score >= t.review).sum()) == 10
        assert t.decline is None


def test_few_declines_prove_nothing() -> None:
    score, label = np.linspace(0, 1, 1000), np.zeros(1000, dtype=np.int64)
    label[-14:] = 1
    assert choose(score, label, days=1, budget=Budget(per_day=100), decline_precision=0.9).decline is None
    label[-15:] = 1
    assert choose(score, label, days=1, budget=Budget(per_day=100), decline_precision=0.9).decline is not None


def test_the_lower_bound_holds_nine_times_in_ten() -> None:
    rng = np.random.default_rng(1)
    for rows in (100, 1000):
        for share in (0.6, 0.8, 0.9):
            found = rng.binomial(rows, share, 20_000)
            bound = lower_bound(found, np.full(20_000, rows))
            assert (bound <= share).mean() == pytest.approx(0.9, abs=0.04)
            assert (bound <= found / rows).all()


def test_a_budget_below_the_first_tie_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"5 alerts a day are 5 alerts in the 1.00 days .* 8 transactions share"):
        choose(np.ones(8), np.zeros(8, dtype=np.int64), days=1, budget=Budget(per_day=5), decline_precision=0.9)


def test_between_is_short_and_lies_between() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        scores = np.sort(rng.random(2) ** 3)[::-1]
        t = between(scores, 0)
        assert scores[1] < t <= scores[0]
    assert between(np.array([0.73, 0.27]), 0) == 0.5
    assert between(np.array([0.3000001, 0.3]), 0) == pytest.approx(0.30000005)
    tight = np.array([0.5, np.nextafter(0.5, 0)])
    assert between(tight, 0) == 0.5
    assert 0 < between(np.array([1e-9]), 0) <= 1e-9
    c = curve(np.array([0.0]), np.array([True]))
    assert between(c.score, 0) == 0.0


def test_a_share_as_budget_counts_every_row() -> None:
    score, label = np.linspace(0, 1, 1000), np.where(np.arange(1000) % 3 == 0, -1, 0)
    for days in (0.1, 100):
        t = choose(score, label, days=days, budget=Budget(share=0.05), decline_precision=0.9)
        assert int((score >= t.review).sum()) == 50
