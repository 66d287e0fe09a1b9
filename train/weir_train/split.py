"""Splitting by time. The order is fit, validation, delay, test, and nothing later ever chooses anything earlier."""

from dataclasses import dataclass

import numpy as np

from weir_train import TrainingError
from weir_train.dataset import Bools, Dataset, Ints
from weir_train.moments import DAY_MS, format_time

# Fewer frauds than these, and the trees or the figures would be chance.
LEAST_FRAUDS = {"fit": 20, "validation": 5, "test": 5}


@dataclass(frozen=True)
class Part:
    """One part of the data: the rows in it, and the span of time it stands for."""

    name: str
    rows: Bools  # labelled or not
    start: int  # milliseconds, included
    end: int  # milliseconds, excluded

    @property
    def days(self) -> float:
        """The length of the span, in days."""
        return (self.end - self.start) / DAY_MS


@dataclass(frozen=True)
class Split:
    """The three parts."""

    fit: Part  # grows the trees
    validation: Part  # chooses the thresholds
    test: Part  # gives the figures

    @property
    def parts(self) -> list[Part]:
        """The parts in the order of time."""
        return [self.fit, self.validation, self.test]


def split(
    data: Dataset, *, test_fraction: float, validation_fraction: float, delay_ms: int, split_time: int | None = None
) -> Split:
    """Cut the data at split_time, or where test_fraction of the labelled rows lie after it.

    What lies within delay_ms before the cut is left out: on the day of the cut its labels were not known yet. Of the
    rest, the last validation_fraction of the labelled rows is the validation part.
    """
    if not data.labelled.any():
        raise TrainingError("no row has a label; give the replay its labels, or import feedback first")
    first, last = int(data.time.min()), int(data.time.max()) + 1
    cut = split_time if split_time is not None else _quantile(data.time[data.labelled], 1 - test_fraction)
    until = cut - delay_ms
    before = data.labelled & (data.time < until)
    if not before.any():
        raise TrainingError(
            f"no labelled row lies before {format_time(until)}, the split less the label delay; "
            "move --split-time, or use more history"
        )
    middle = _quantile(data.time[before], 1 - validation_fraction)
    result = Split(
        fit=_part(data, "fit", first, middle),
        validation=_part(data, "validation", middle, until),
        test=_part(data, "test", cut, last),
    )
    for part in result.parts:
        _check(data, part)
    return result


def _quantile(times: Ints, q: float) -> int:
    ordered = np.sort(times)
    return int(ordered[min(int(len(ordered) * q), len(ordered) - 1)])


def _part(data: Dataset, name: str, start: int, end: int) -> Part:
    return Part(name, (data.time >= start) & (data.time < end), start, end)


def _check(data: Dataset, part: Part) -> None:
    labels = data.label[part.rows & data.labelled]
    frauds, least = int((labels == 1).sum()), LEAST_FRAUDS[part.name]
    if frauds < least:
        raise TrainingError(
            f"the {part.name} part, from {format_time(part.start)} to {format_time(part.end)}, has {frauds} frauds in "
            f"{len(labels)} labelled rows, and at least {least} are needed; use more history, or move the split"
        )
    if frauds == len(labels):
        raise TrainingError(
            f"the {part.name} part has frauds only; a model needs legitimate transactions too, labelled 0"
        )
