"""Splitting by time. The order is fit, validation, delay, test, and nothing later ever chooses anything earlier."""

from dataclasses import dataclass

import numpy as np

from weir_train import TrainingError
from weir_train.dataset import EVER, Bools, Dataset, Ints, Span
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
    def grown(self) -> Part:
        """Fit and validation together."""
        return Part("fit", self.fit.rows | self.validation.rows, self.fit.start, self.validation.end)

    @property
    def parts(self) -> list[Part]:
        """The parts in the order of time."""
        return [self.fit, self.validation, self.test]


def split(
    data: Dataset,
    *,
    test_fraction: float,
    validation_fraction: float,
    delay_ms: int,
    train: Span = EVER,
    test: Span = EVER,
    labels: bool = True,
) -> Split:
    """Cut the data where the test span begins, or where test_fraction of the labelled rows lie after it.

    What lies within delay_ms before the cut is left out: on the day of the cut its labels were not known yet. Of the
    rest, as far as it lies in the train span, the last validation_fraction of the labelled rows is the validation part.
    Without labels every row counts, and no part needs a fraud.
    """
    counted = data.labelled if labels else np.ones(len(data.label), dtype=np.bool_)
    if not counted.any():
        raise TrainingError("no row has a label; give the replay its labels, or import feedback first")
    first = int(data.time.min()) if train.start is None else train.start
    last = int(data.time.max()) + 1 if test.end is None else test.end
    cut = test.start if test.start is not None else _quantile(data.time[counted], 1 - test_fraction)
    until = cut - delay_ms if train.end is None else train.end
    if until > cut - delay_ms:
        raise TrainingError(
            f"training data until {format_time(until)} reaches into the test, from {format_time(cut)}, or into the "
            "label delay before it; move --train-to or --test-from, or shorten --delay"
        )
    before = counted & (data.time >= first) & (data.time < until)
    if not before.any():
        raise TrainingError(
            f"no {'labelled ' if labels else ''}row lies before {format_time(until)}, the split less the label delay; "
            "move --test-from or the training data, or use more history"
        )
    middle = _quantile(data.time[before], 1 - validation_fraction)
    result = Split(
        fit=_part(data, "fit", first, middle),
        validation=_part(data, "validation", middle, until),
        test=_part(data, "test", cut, last),
    )
    for part in result.parts:
        if labels:
            _check(data, part)
        elif not part.rows.any():
            raise TrainingError(
                f"the {part.name} part, from {format_time(part.start)} to {format_time(part.end)}, has no rows; use "
                "more history, or move the split"
            )
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
