"""What is asked of the trainer."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from weir_train import calibration, dataset
from weir_train.boosting import Shape
from weir_train.dataset import EVER, Span
from weir_train.groups import Options
from weir_train.thresholds import Budget

Method = Literal["boosting", "random-forest", "isolation-forest"]
METHODS: tuple[Method, ...] = ("boosting", "random-forest", "isolation-forest")
Scoring = Literal["isolation", "groups", "both"]
SCORINGS: tuple[Scoring, ...] = ("isolation", "groups", "both")


@dataclass(frozen=True)
class Job:
    """All that decides what is written: equal jobs on equal files write equal bytes."""

    features: list[Path]
    out: Path
    model_id: str
    shape: Shape = field(default_factory=Shape)
    method: Method = "boosting"
    sample: int = 256  # rows that each tree of an isolation forest is grown on
    groups: Options | None = None  # of accounts that behave alike; None for no groups
    scoring: Scoring = "both"  # what of an isolation forest and groups makes the score
    test_fraction: float = 0.25
    validation_fraction: float = 0.25
    train: Span = EVER  # what fit and validation may hold
    test: Span = EVER  # a start overrides test_fraction
    delay_ms: int = 0
    select: list[str] | None = None  # the features to train on, in the model's order; None for all
    refit: bool = False  # grow the trees once more on fit and validation together
    budget: Budget = field(default_factory=Budget)
    decline_precision: float = 0.9
    calibrate: calibration.Kind = "none"
    created_ms: int | None = None  # None: the last transaction's time
    replace: bool = False

    def made_by(self) -> str:
        """Return how the trees were grown, as a sentence."""
        shape = self.shape
        grown = {
            "boosting": f"{shape.trees} trees of at most {shape.leaves} leaves, learning rate {shape.learning_rate:g}, "
            f"at least {shape.min_data_in_leaf} rows a leaf, seed {shape.seed}, {shape.threads} threads",
            "random-forest": f"A random forest of {shape.trees} trees of at most {shape.leaves} leaves, at least "
            f"{shape.min_data_in_leaf} rows a leaf, seed {shape.seed}",
            "isolation-forest": f"An isolation forest of {shape.trees} trees, each grown on {self.sample} rows, "
            f"seed {shape.seed}",
        }[self.method]
        if self.groups is None:
            return grown + "."
        groups = f"{self.groups.number} groups of accounts"
        if self.method != "isolation-forest":
            return f"{grown}; the distance from the nearest of {groups} is one of the inputs."
        return {
            "isolation": f"{grown}; {groups} that only tell an analyst more.",
            "groups": f"The distance from the nearest of {groups}, seed {shape.seed}; no forest.",
            "both": f"{grown}, and the distance from the nearest of {groups}: the score is the geometric mean of both.",
        }[self.scoring]

    def libraries(self) -> list[str]:
        """Return the names of the libraries that had a part in it."""
        names = {"lightgbm"} if self.method == "boosting" else {"scikit-learn"}
        return sorted(names | {"numpy"} | ({"scikit-learn"} if self.groups is not None else set()))


# What an isolation forest reads where nothing else is asked for: ratios, bursts and marks among the shipped features.
# It splits on any feature alike, so what says nothing of strangeness, such as the hour or a mean, drowns what does.
_TELLING = (
    "amount_to_mean_30d",
    "amount_to_max_30d",
    "count_1m",
    "count_10m",
    "count_1h",
    "count_24h",
    "distinct_merchants_1h",
    "new_device_30d",
    "distinct_devices_7d",
    "km_since_last",
    "kmh_since_last",
    "small_24h",
    "unusual_24h",
    "merchant_small_24h",
    "merchant_unusual_24h",
    "withdrawals_24h",
    "device_count_7d",
)


def selected(job: Job) -> tuple[Job, list[str] | None]:
    """Settle which features trees and groups are made of, and return what is to be read of the files, None for all."""
    if job.groups is None and (job.method != "isolation-forest" or job.select is not None):
        return job, job.select
    there = dataset.read_schema(dataset.schema_path(job.features[0])).names
    if job.method == "isolation-forest" and job.select is None and set(_TELLING) <= set(there):
        job = replace(job, select=list(_TELLING))
    if job.groups is None:
        return job, job.select
    settled = replace(job, groups=job.groups.settled(there))
    if job.select is None or settled.groups is None:
        return settled, None
    return settled, [*job.select, *(name for name in settled.groups.features() if name not in job.select)]
