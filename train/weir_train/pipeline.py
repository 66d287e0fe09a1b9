"""From feature files to a model directory."""

from collections.abc import Callable

import numpy as np

from weir_train import boosting, calibration, dataset, forests, golden, groups, manifest, report, unlabelled
from weir_train.boosting import Boosted
from weir_train.dataset import Dataset, Span
from weir_train.evaluation import evaluate, reliable
from weir_train.job import Job, selected
from weir_train.model import Grouped, Model
from weir_train.moments import format_time
from weir_train.publish import check_free, publish
from weir_train.split import Part, split
from weir_train.thresholds import choose

__all__ = ["Job", "run"]


def run(job: Job, progress: Callable[[str], None]) -> None:
    """Train a model and put its directory in place."""
    check_free(job.out, replace=job.replace)
    job, select = selected(job)
    data = dataset.read(job.features, progress, select=select, span=Span(job.train.start, job.test.end))
    if job.method == "isolation-forest":
        unlabelled.run(job, data, progress)
    else:
        _supervised(job, data, progress)


def _supervised(job: Job, data: Dataset, progress: Callable[[str], None]) -> None:
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
    model = _grow(data, parts.fit, job, progress)
    progress("calibrating and choosing thresholds on the validation part, measuring on the test part")
    given = model.scores(data.X[parts.validation.rows])
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
        model = _grow(data, parts.grown, job, progress)
    given = model.scores(data.X[parts.test.rows])
    score = calibrated.apply(given)
    on_test = evaluate(data, parts.test, score, thresholds, budget=job.budget)
    reliability.append(reliable("test", data, parts.test, given.probability, score))
    vectors = golden.vectors(model, data.X[parts.test.rows], job.shape.seed)
    files = {
        "model.txt": model.text(),
        "golden.csv": golden.to_csv(model, data.schema.names, vectors, calibrated),
    }
    described = manifest.build(
        model_id=job.model_id,
        created_ms=job.created_ms if job.created_ms is not None else int(data.time.max()),
        seed=job.shape.seed,
        libraries=job.libraries(),
        data=data,
        training=manifest.window(data, parts.grown if job.refit else parts.fit),
        validation=manifest.window(data, parts.validation),
        test=manifest.tested(data, parts.test, on_test),
        thresholds=thresholds,
        calibration=calibrated,
        model=model,
        chosen_on=(on_validation.review.per_day, None if (d := on_validation.decline) is None else d.per_day),
        files=files,
    )
    files["manifest.json"] = manifest.to_json(described)
    files["report.md"] = report.build(
        model_id=job.model_id,
        data=data,
        split=parts,
        refit=job.refit,
        made_by=job.made_by(),
        thresholds=thresholds,
        calibration=calibrated,
        reliability=reliability,
        validation=on_validation,
        test=on_test,
        budget=job.budget,
        model=model,
    )
    publish(job.out, files, replace=job.replace)
    progress(
        f"{job.out}: average precision {on_test.average_precision:.3f} on the test part "
        f"({on_test.base_rate:.3f} for a random score); see {job.out / 'report.md'}"
    )


def _grow(data: Dataset, part: Part, job: Job, progress: Callable[[str], None]) -> Model:
    rows = part.rows & data.labelled
    X, label, names = data.X[rows], data.label[rows], data.schema.names
    found = None
    if job.groups is not None:
        found = groups.fit(data, np.flatnonzero(part.rows), job.groups, job.shape.seed)
        X, names = found.extend(X), [*names, groups.FEATURE]
    model: Model
    if job.method == "random-forest":
        model = forests.grow_random_forest(X, label, names, job.shape)
    else:
        model = Boosted(boosting.grow(X, label, names, job.shape, progress))
    return model if found is None else Grouped(model, found)


def _calibrate(data: Dataset, part: Part, given: calibration.Scores, job: Job) -> calibration.Calibration:
    label = data.label[part.rows]
    known = label >= 0
    scores = calibration.Scores(given.margin[known], given.probability[known])
    return calibration.learn(job.calibrate, scores, label[known] == 1)
