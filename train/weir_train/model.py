"""What every trained model can do, whichever library grew its trees."""

from dataclasses import dataclass
from typing import Protocol

from weir_train.calibration import Scores
from weir_train.dataset import Floats
from weir_train.groups import Groups


@dataclass(frozen=True)
class Importance:
    """How much each feature decides, and what is counted as that."""

    of: str
    share: list[tuple[str, float]]  # all shares add up to 1


class Model(Protocol):
    """A trained model."""

    @property
    def link(self) -> str | None:
        """How the manifest says that a margin becomes a score; None for LightGBM's logistic curve."""

    @property
    def groups(self) -> Groups | None:
        """The groups whose distance is the input after the features."""

    def scores(self, X: Floats) -> Scores:
        """Return the margins and scores of rows, as the library that grew the trees computes them."""

    def text(self) -> bytes:
        """Return the trees in LightGBM's text form."""

    def splits(self) -> list[tuple[int, float]]:
        """Return the position and the threshold of each split on a feature."""

    def importance(self) -> Importance:
        """Return how much each input decides."""


@dataclass(frozen=True)
class Grouped:
    """A model that reads, after the features, the distance from the own group."""

    inner: Model
    groups: Groups

    @property
    def link(self) -> str | None:
        """Return the inner model's."""
        return self.inner.link

    def scores(self, X: Floats) -> Scores:
        """Score rows of features."""
        return self.inner.scores(self.groups.extend(X))

    def text(self) -> bytes:
        """Return the trees in LightGBM's text form."""
        return self.inner.text()

    def splits(self) -> list[tuple[int, float]]:
        """Return the splits on features; the distance is none."""
        return [(at, threshold) for at, threshold in self.inner.splits() if at < len(self.groups.names)]

    def importance(self) -> Importance:
        """Return how much each input decides."""
        return self.inner.importance()
