import math

import numpy as np
import pytest

from weir_train import TrainingError, groups
from weir_train.dataset import Dataset, Schema
from weir_train.groups import Options, terms


def two_kinds(rows: int = 4000) -> Dataset:
    """Accounts that buy much and dear, or little and cheap; the amount of a row is as its account's usual."""
    rng = np.random.default_rng(5)
    account = rng.integers(0, 60, rows)
    dear = account % 3 == 0
    count = np.where(dear, 80.0, 10.0) + rng.normal(0, 2, rows)
    mean = np.where(dear, 400.0, 20.0) * rng.lognormal(0, 0.1, rows)
    amount = mean * rng.lognormal(0, 0.3, rows)
    X = np.column_stack([amount, count, mean, rng.normal(size=rows)])
    return Dataset(
        schema=Schema(["amount", "count_30d", "mean_30d", "noise"], ["a", "b", "c", "d"]),
        X=X,
        label=np.full(rows, -1),
        time=np.arange(rows),
        account=account,
        pattern=np.array([""] * rows),
        source=np.zeros(rows, dtype=np.int64),
        sources=["two"],
        sha256="",
    )


OPTIONS = Options(2, terms(["log:count_30d", "log:mean_30d"]), terms(["log:amount"]))


def test_groups_are_the_kinds_of_accounts() -> None:
    data = two_kinds()
    found = groups.fit(data, np.arange(len(data.label)), OPTIONS, seed=1)
    assert sorted(found.accounts.tolist()) == [20, 40]
    own = found.own(data.X)
    dear = data.account % 3 == 0
    assert len(np.unique(own[dear])) == len(np.unique(own[~dear])) == 1
    assert own[dear][0] != own[~dear][0]


def test_a_distance_is_from_the_own_group() -> None:
    data = two_kinds()
    found = groups.fit(data, np.arange(len(data.label)), OPTIONS, seed=1)
    # 400 is ordinary for the ones and far out for the others, and 20 the other way round.
    rows = np.array([[400.0, 80, 400, 0], [400.0, 10, 20, 0], [20.0, 10, 20, 0], [20.0, 80, 400, 0]])
    distance = found.distance(rows)
    assert distance[0] < 0.5
    assert distance[2] < 0.5
    assert distance[1] > 5
    assert distance[3] > 5
    own = data.X[found.own(data.X) == found.own(rows[:1])[0]][:, 0]
    expected = abs(math.log1p(20) - np.log1p(own).mean()) / np.log1p(own).std()
    assert distance[3] == pytest.approx(expected, rel=1e-9)


def test_what_is_missing_is_not_compared() -> None:
    data = two_kinds()
    options = Options(2, OPTIONS.behaviour, terms(["log:amount", "noise"]))
    found = groups.fit(data, np.arange(len(data.label)), options, seed=1)
    row = np.array([[400.0, 80, 400, math.nan], [math.nan, 80, 400, math.nan], [math.nan] * 4])
    distance = found.distance(row)
    one = groups.fit(data, np.arange(len(data.label)), OPTIONS, seed=1).distance(row[:1])
    assert distance[0] == pytest.approx(one[0])
    assert np.isnan(distance[1:]).all()


def test_equal_rows_give_equal_groups() -> None:
    data = two_kinds()
    first, second = (groups.fit(data, np.arange(len(data.label)), OPTIONS, seed=1).manifest() for _ in range(2))
    assert first == second


def test_defaults_are_those_that_there_are() -> None:
    settled = Options(4).settled(["amount", "count_30d", "mean_30d", "noise"])
    assert [str(t) for t in settled.behaviour or []] == ["log count_30d", "log mean_30d"]
    assert [str(t) for t in settled.compared or []] == ["amount"]
    assert settled.features() == ["count_30d", "mean_30d", "amount"]
    with pytest.raises(TrainingError, match="none of the features that groups are made of; name some: --group-by"):
        Options(4).settled(["amount"])


def test_more_groups_than_accounts_are_refused() -> None:
    data = two_kinds()
    with pytest.raises(TrainingError, match="100 groups cannot be made of 60 accounts; ask for fewer with --groups"):
        groups.fit(data, np.arange(len(data.label)), Options(100, OPTIONS.behaviour, OPTIONS.compared), seed=1)
