"""From feature files to a model directory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import lightgbm as lgb

from weir_train import boosting, calibration, dataset, golden, manifest, report
from weir_train.boosting import Shape
from weir_train.dataset import EVER, Dataset, Span
from weir_train.evaluation import evaluate, reliable
from weir_train.moments import format_time
from weir_train.publish import check_free, publish
from weir_train.split import Part, split
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


def run(job: Job, progress: Callable[[str], None]) -> None:
    """Train a model and put its directory in place."""
    check_free(job.out, replace=job.replace)
    data = dataset.read(job.features, progress, select=job.select, span=Span(job.train.start, job.test.end))
    parts = split(
        data,
        test_fraction=job.test_fraction,
        validation_fraction=job.validation_fraction,
        delay_ms=job.delay_ms,
        train=job.train,
        test=job.test,
    )
    for part in parts.parts:
        rows = part.rows & data.labelled
        progress(
            f"{part.name}: {format_time(part.start)} to {format_time(part.end)}, {int(rows.sum()):,} labelled rows, "
            f"{int((data.label[rows] == 1).sum()):,} frauds"
        )
    booster = _grow(data, parts.fit, job, progress)
    progress("calibrating and choosing thresholds on the validation part, measuring on the test part")
    given = boosting.scores(booster, data.X[parts.validation.rows])
    calibrated = _calibrate(data, parts.validation, given, job)
    score = calibrated.apply(given)
    thresholds = choose(
        score,
        data.label[parts.validation.rows],
        days=parts.validation.days,
        budget=job.budget,
        decline_precision=job.decline_precision,
    )
    on_validation = evaluate(data, parts.validation, score, thresholds, budget=job.budget)
    reliability = [reliable("validation", data, parts.validation, given.probability, score)]
    if job.refit:
        progress("growing the trees again on fit and validation together")
        booster = _grow(data, parts.grown, job, progress)
    given = boosting.scores(booster, data.X[parts.test.rows])
    score = calibrated.apply(given)
    on_test = evaluate(data, parts.test, score, thresholds, budget=job.budget)
    reliability.append(reliable("test", data, parts.test, given.probability, score))
    vectors = golden.vectors(booster, data.X[parts.test.rows], job.shape.seed)
    files = {
        "model.txt": booster.model_to_string().encode(),
        "golden.csv": golden.to_csv(booster, data.schema.names, vectors, calibrated),
    }
    described = manifest.build(
        model_id=job.model_id,
        created_ms=job.created_ms if job.created_ms is not None else int(data.time.max()),
        seed=job.shape.seed,
        data=data,
        training=parts.grown if job.refit else parts.fit,
        validation=parts.validation,
        tested=parts.test,
        thresholds=thresholds,
        calibration=calibrated,
        chosen_on=(on_validation.review, on_validation.decline),
        test=on_test,
        files=files,
    )
    files["manifest.json"] = manifest.to_json(described)
    files["report.md"] = report.build(
        model_id=job.model_id,
        data=data,
        split=parts,
        refit=job.refit,
        shape=job.shape,
        thresholds=thresholds,
        calibration=calibrated,
        reliability=reliability,
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


def _grow(data: Dataset, part: Part, job: Job, progress: Callable[[str], None]) -> lgb.Booster:
    rows = part.rows & data.labelled
    return boosting.grow(data.X[rows], data.label[rows], data.schema.names, job.shape, progress)


def _calibrate(data: Dataset, part: Part, given: calibration.Scores, job: Job) -> calibration.Calibration:
    label = data.label[part.rows]
    known = label >= 0
    scores = calibration.Scores(given.margin[known], given.probability[known])
    return calibration.learn(job.calibrate, scores, label[known] == 1)
