"""Groups of accounts that behave alike, and how far a transaction is from those of its own account's group.

Accounts are grouped by k-means on what they usually do (the mean of each behaviour over the account's transactions,
standardised). Of each group the mean and the spread of what a transaction is compared by are kept. A transaction's
group is the one whose centre is nearest to its account's behaviour as of that transaction; its distance is the root
mean square of its deviations from that group's means, each in the group's own spreads. The Go package scoring computes
the same from the manifest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import threadpoolctl
from sklearn.cluster import KMeans

from weir_train import TrainingError
from weir_train.dataset import Dataset, Floats, Ints

FEATURE = "group_distance"

# What accounts are grouped and compared by where nothing else is asked for: those of these shipped features that the
# file has. log: is the logarithm of 1 + x, for what has a long tail.
BEHAVIOUR = (
    "log:count_30d",
    "log:mean_30d",
    "night_share_30d",
    "withdrawal_share_7d",
    "distinct_categories_7d",
    "log:online_24h",
)
COMPARED = (
    "amount",
    "amount_to_mean_30d",
    "log:count_1h",
    "log:count_24h",
    "log:km_since_last",
    "log:kmh_since_last",
    "new_device_30d",
    "small_24h",
    "unusual_24h",
)

_FARTHEST = 1e6  # standard deviations; beyond it nothing is told apart
_LEAST_SPREAD = 0.1  # of a group, as a share of all rows' spread


@dataclass(frozen=True)
class Term:
    """One feature, as it is or as the logarithm of 1 + x."""

    feature: str
    log: bool

    def __str__(self) -> str:
        """Return it as it is said in a sentence."""
        return f"log {self.feature}" if self.log else self.feature

    def of(self, column: Floats) -> Floats:
        """Transform a column. What is no number afterwards is missing."""
        if not self.log:
            return column
        with np.errstate(over="ignore"):
            value = np.copysign(np.log1p(np.abs(column)), column)
        return np.where(np.isinf(value), np.nan, value)


@dataclass(frozen=True)
class Options:
    """What is asked of groups."""

    number: int
    behaviour: list[Term] | None = None  # None for those of BEHAVIOUR that the file has
    compared: list[Term] | None = None  # None for those of COMPARED that the file has

    def settled(self, names: Sequence[str]) -> "Options":
        """Return the options for a file with these features."""
        behaviour = self.behaviour or [t for t in terms(BEHAVIOUR) if t.feature in names]
        compared = self.compared or [t for t in terms(COMPARED) if t.feature in names]
        for option, chosen in (("--group-by", behaviour), ("--group-compare", compared)):
            if not chosen:
                raise TrainingError(f"the file has none of the features that groups are made of; name some: {option}")
        return Options(self.number, behaviour, compared)

    def features(self) -> list[str]:
        """Return the names of the features that settled options need."""
        return list(dict.fromkeys(t.feature for t in [*(self.behaviour or []), *(self.compared or [])]))


def terms(texts: Sequence[str]) -> list[Term]:
    """Read names of features, log: before those that are taken as logarithms."""
    return [Term(text.removeprefix("log:"), text.startswith("log:")) for text in texts]


@dataclass(frozen=True)
class Groups:
    """Groups as the manifest has them. Arrays have a row for each group."""

    names: list[str]  # of the features of the rows that distance is given
    behaviour: list[Term]
    mean: Floats  # of the accounts' behaviours
    scale: Floats
    compared: list[Term]
    accounts: Ints
    centre: Floats  # groups × behaviours, standardised
    usual: Floats  # groups × compared: the mean
    spread: Floats  # groups × compared: the standard deviation

    def own(self, X: Floats) -> Ints:
        """Return the group of each row."""
        z = _clipped((_columns(X, self.names, self.behaviour) - self.mean) / self.scale)
        known = ~np.isnan(z)
        far = np.stack([np.where(known, (z - c) ** 2, 0.0).sum(axis=1) for c in self.centre], axis=1)
        return np.asarray(np.argmin(far, axis=1), dtype=np.int64)

    def distance(self, X: Floats) -> Floats:
        """Return how far each row is from its own group, NaN where there is nothing to compare."""
        own = self.own(X)
        z = _clipped((_columns(X, self.names, self.compared) - self.usual[own]) / self.spread[own])
        known = ~np.isnan(z)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.where(known, z**2, 0.0).sum(axis=1) / known.sum(axis=1)), dtype=np.float64)

    def extend(self, X: Floats) -> Floats:
        """Return the rows with their distance as one more column."""
        return np.column_stack([X, self.distance(X)])

    def manifest(self) -> dict[str, Any]:
        """Return what the manifest says of them."""
        return {
            "behaviour": [
                {"feature": t.feature, "log": t.log, "mean": m, "scale": s}
                for t, m, s in zip(self.behaviour, self.mean.tolist(), self.scale.tolist(), strict=True)
            ],
            "compared": [{"feature": t.feature, "log": t.log} for t in self.compared],
            "centres": [
                {"accounts": n, "behaviour": c, "mean": u, "spread": s}
                for n, c, u, s in zip(
                    self.accounts.tolist(),
                    self.centre.tolist(),
                    self.usual.tolist(),
                    self.spread.tolist(),
                    strict=True,
                )
            ],
        }


def fit(data: Dataset, rows: Ints, options: Options, seed: int) -> Groups:
    """Group the accounts of the given rows. No label is read."""
    behaviour, compared = options.behaviour or [], options.compared or []
    X, names = data.X[rows], data.schema.names
    habits = _by_account(_columns(X, names, behaviour), data.account[rows])
    if len(habits) < options.number:
        raise TrainingError(
            f"{options.number} groups cannot be made of {len(habits)} accounts; ask for fewer with --groups"
        )
    mean, scale = _moments(habits)
    standard = np.nan_to_num(_clipped((habits - mean) / scale))
    with threadpoolctl.threadpool_limits(1):  # several threads would add up in any order
        means = KMeans(n_clusters=options.number, n_init=4, random_state=seed).fit(standard)
    groups = Groups(
        names=names,
        behaviour=behaviour,
        mean=mean,
        scale=scale,
        compared=compared,
        accounts=np.bincount(means.labels_, minlength=options.number).astype(np.int64),
        centre=np.asarray(means.cluster_centers_, dtype=np.float64),
        usual=np.zeros((options.number, len(compared))),
        spread=np.ones((options.number, len(compared))),
    )
    own, figures = groups.own(X), _columns(X, names, compared)
    overall, widest = _moments(figures)
    for i in range(options.number):
        usual, spread = _moments(figures[own == i]) if (own == i).any() else (overall, widest)
        groups.usual[i] = np.where(np.isnan(usual), overall, usual)
        groups.spread[i] = np.maximum(spread, _LEAST_SPREAD * widest)
    return groups


def _columns(X: Floats, names: Sequence[str], chosen: Sequence[Term]) -> Floats:
    return np.column_stack([t.of(X[:, names.index(t.feature)]) for t in chosen])


def _clipped(z: Floats) -> Floats:
    return np.clip(z, -_FARTHEST, _FARTHEST)


def _by_account(values: Floats, account: Ints) -> Floats:
    """Return the mean of each column over the rows of each account, NaN where it is missing in all of them."""
    _, row = np.unique(account, return_inverse=True)
    accounts = int(row.max()) + 1
    result = np.full((accounts, values.shape[1]), np.nan)
    for j, column in enumerate(values.T):
        known = ~np.isnan(column)
        number = np.bincount(row[known], minlength=accounts)
        total = np.bincount(row[known], weights=column[known], minlength=accounts)
        np.divide(total, number, out=result[:, j], where=number > 0)
    return result


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column; of one that is all missing 0, and of an even one 1."""
    known = ~np.isnan(values)
    number = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / number
    deviation = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / number)
    return mean, np.where(deviation > 0, deviation, 1.0)
