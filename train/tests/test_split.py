from typing import Any

import numpy as np
import pytest

from weir_train import TrainingError
from weir_train.dataset import Dataset, Schema, Span
from weir_train.moments import DAY_MS
from weir_train.split import split

OPTIONS: dict[str, Any] = {"test_fraction": 0.25, "validation_fraction": 0.25, "delay_ms": 0}


def dataset(label: list[int], time: list[int] | None = None) -> Dataset:
    n = len(label)
    return Dataset(
        Schema(["a"], ["h"]),
        np.zeros((n, 1)),
        np.array(label),
        np.array(time if time is not None else [i * DAY_MS // 10 for i in range(n)]),
        np.arange(n) % 7,
        np.array([""] * n),
        np.zeros(n, dtype=np.int64),
        ["a"],
        "",
    )


def test_parts_follow_each_other_in_time() -> None:
    data = dataset([1, 0, 0, -1] * 400)
    parts = split(data, **OPTIONS)
    times = [data.time[p.rows] for p in parts.parts]
    assert times[0].max() < times[1].min()
    assert times[1].max() < times[2].min()
    assert sum(len(t) for t in times) == len(data.label)
    assert int((parts.test.rows & data.labelled).sum()) == 300
    assert parts.fit.end == parts.validation.start
    assert parts.validation.end == parts.test.start
    assert parts.test.days == pytest.approx(len(times[2]) / 10, abs=0.2)


def test_the_rows_order_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    label, time = [1, 0, 0, 0] * 200, [i * 1000 for i in range(800)]
    order = rng.permutation(800).tolist()
    straight = split(dataset(label, time), **OPTIONS)
    shuffled = split(dataset([label[i] for i in order], [time[i] for i in order]), **OPTIONS)
    for a, b in zip(straight.parts, shuffled.parts, strict=True):
        assert (a.start, a.end) == (b.start, b.end)
        assert a.rows[order].tolist() == b.rows.tolist()


def test_equal_times_are_never_parted() -> None:
    parts = split(dataset([1, 0] * 300, [i // 50 * 1000 for i in range(600)]), **OPTIONS)
    assert [int(p.rows.sum()) % 50 for p in parts.parts] == [0, 0, 0]


def test_the_delay_is_left_out_before_the_test() -> None:
    data = dataset([1, 0, 0, 0] * 400)
    parts = split(data, **{**OPTIONS, "delay_ms": 7 * DAY_MS})
    assert data.time[parts.validation.rows].max() < parts.test.start - 7 * DAY_MS + 1
    assert parts.validation.end == parts.test.start - 7 * DAY_MS
    assert not any(
        (p.rows & (data.time >= parts.validation.end) & (data.time < parts.test.start)).any() for p in parts.parts
    )


def test_start_of_the_test() -> None:
    data = dataset([1, 0, 0, 0] * 400)
    parts = split(data, **OPTIONS, test=Span(start=100 * DAY_MS))
    assert parts.test.start == 100 * DAY_MS
    assert data.time[parts.test.rows].min() == 100 * DAY_MS


def test_training_data_from_a_span_only() -> None:
    data = dataset([1, 0, 0, 0] * 400)
    parts = split(
        data, **OPTIONS, train=Span(20 * DAY_MS, 80 * DAY_MS), test=Span(start=100 * DAY_MS, end=120 * DAY_MS)
    )
    assert data.time[parts.fit.rows].min() == 20 * DAY_MS
    assert data.time[parts.validation.rows].max() < parts.validation.end == 80 * DAY_MS
    assert (parts.test.start, parts.test.end) == (100 * DAY_MS, 120 * DAY_MS)
    assert data.time[parts.test.rows].max() < 120 * DAY_MS
    assert parts.grown.rows.tolist() == (parts.fit.rows | parts.validation.rows).tolist()
    assert (parts.grown.start, parts.grown.end) == (20 * DAY_MS, 80 * DAY_MS)


def test_training_data_within_the_label_delay_is_refused() -> None:
    data, test = dataset([1, 0, 0, 0] * 400), Span(start=100 * DAY_MS)
    split(data, **{**OPTIONS, "delay_ms": 7 * DAY_MS}, train=Span(end=93 * DAY_MS), test=test)
    with pytest.raises(TrainingError, match=r"reaches into the test, from .*, or into the label delay before it"):
        split(data, **{**OPTIONS, "delay_ms": 7 * DAY_MS}, train=Span(end=93 * DAY_MS + 1), test=test)


@pytest.mark.parametrize(
    ("label", "changed", "sentence"),
    [
        ([-1] * 100, {}, "no row has a label"),
        ([0] * 100, {}, "the fit part, from .* has 0 frauds in 56 labelled rows, and at least 20 are needed"),
        ([1] * 100, {}, "the fit part has frauds only; a model needs legitimate transactions too"),
        ([1, 0] * 45 + [0] * 30, {}, "the test part, .* has 0 frauds"),
        ([1, 0] * 200, {"delay_ms": 400 * DAY_MS}, "no labelled row lies before"),
        ([1, 0] * 200, {"test": Span(start=0)}, "no labelled row lies before"),
        ([1, 0] * 200, {"test": Span(start=400 * DAY_MS)}, "the test part, .* has 0 frauds in 0 labelled rows"),
    ],
)
def test_split_refuses(label: list[int], changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TrainingError, match=sentence):
        split(dataset(label), **{**OPTIONS, **changed})
