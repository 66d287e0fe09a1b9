"""From feature files to a model directory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from weir_train import boosting, dataset, golden, manifest, report
from weir_train.boosting import Shape
from weir_train.evaluation import evaluate
from weir_train.moments import format_time
from weir_train.publish import check_free, publish
from weir_train.split import split
from weir_train.thresholds import Budget, choose


@dataclass(frozen=True)
class Job:
    """All that decides what is written: equal jobs on equal files write equal bytes."""

    features: list[Path]
    out: Path
    model_id: str
    shape: Shape = field(default_factory=Shape)
    test_fraction: float = 0.25
    validation_fraction: float = 0.25
    split_time_ms: int | None = None  # overrides test_fraction
    delay_ms: int = 0
    budget: Budget = field(default_factory=Budget)
    decline_precision: float = 0.9
    created_ms: int | None = None  # None: the last transaction's time
    replace: bool = False


def run(job: Job, progress: Callable[[str], None]) -> None:
    """Train a model and put its directory in place."""
    check_free(job.out, replace=job.replace)
    data = dataset.read(job.features, progress)
    parts = split(
        data,
        test_fraction=job.test_fraction,
        validation_fraction=job.validation_fraction,
        delay_ms=job.delay_ms,
        split_time=job.split_time_ms,
    )
    for part in parts.parts:
        rows = part.rows & data.labelled
        progress(
            f"{part.name}: {format_time(part.start)} to {format_time(part.end)}, {int(rows.sum()):,} labelled rows, "
            f"{int((data.label[rows] == 1).sum()):,} frauds"
        )
    fit = parts.fit.rows & data.labelled
    booster = boosting.grow(data.X[fit], data.label[fit], data.schema.names, job.shape, progress)

    progress("choosing thresholds on the validation part, measuring on the test part")
    score = {p.name: boosting.probabilities(booster, data.X[p.rows]) for p in (parts.validation, parts.test)}
    thresholds = choose(
        score["validation"],
        data.label[parts.validation.rows],
        days=parts.validation.days,
        budget=job.budget,
        decline_precision=job.decline_precision,
    )
    on_validation, on_test = (
        evaluate(data, part, score[part.name], thresholds, budget=job.budget) for part in (parts.validation, parts.test)
    )
    vectors = golden.vectors(booster, data.X[parts.test.rows], job.shape.seed)
    files = {
        "model.txt": booster.model_to_string().encode(),
        "golden.csv": golden.to_csv(booster, data.schema.names, vectors),
    }
    described = manifest.build(
        model_id=job.model_id,
        created_ms=job.created_ms if job.created_ms is not None else int(data.time.max()),
        seed=job.shape.seed,
        data=data,
        split=parts,
        thresholds=thresholds,
        chosen_on=(on_validation.review, on_validation.decline),
        test=on_test,
        files=files,
    )
    files["manifest.json"] = manifest.to_json(described)
    files["report.md"] = report.build(
        model_id=job.model_id,
        data=data,
        split=parts,
        shape=job.shape,
        thresholds=thresholds,
        validation=on_validation,
        test=on_test,
        budget=job.budget,
        booster=booster,
    )
    publish(job.out, files, replace=job.replace)
    progress(
        f"{job.out}: average precision {on_test.average_precision:.3f} on the test part "
        f"({on_test.base_rate:.3f} for a random score); see {job.out / 'report.md'}"
    )
