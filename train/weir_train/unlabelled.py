"""Training without labels: an isolation forest, groups of accounts, or both.

No label has a part in it. Where the test part has labels all the same, what the model finds is measured.
"""

from collections.abc import Callable

import numpy as np

from weir_train import TrainingError, anomaly, forests, golden, groups, manifest, report
from weir_train.anomaly import Anomaly
from weir_train.calibration import Uncalibrated
from weir_train.dataset import Dataset
from weir_train.evaluation import Evaluation, evaluate
from weir_train.job import Job
from weir_train.moments import format_time
from weir_train.publish import publish
from weir_train.split import Part, Split, split
from weir_train.thresholds import Thresholds, for_budget


def run(job: Job, data: Dataset, progress: Callable[[str], None]) -> None:
    """Train a model without labels and put its directory in place."""
    parts = split(
        data,
        test_fraction=job.test_fraction,
        validation_fraction=job.validation_fraction,
        delay_ms=job.delay_ms,
        train=job.train,
        test=job.test,
        labels=False,
    )
    for part in parts.parts:
        progress(f"{part.name}: {format_time(part.start)} to {format_time(part.end)}, {int(part.rows.sum()):,} rows")
    model = _grow(data, parts.fit, job)
    progress("choosing the threshold on the validation part")
    score = model.scores(data.X[parts.validation.rows]).probability
    thresholds = Thresholds(for_budget(score, days=parts.validation.days, budget=job.budget), None)
    per_day = [float((score >= thresholds.review).sum() / parts.validation.days)]
    if job.refit:
        progress("growing the trees again on fit and validation together")
        model = _grow(data, parts.grown, job)
    score = model.scores(data.X[parts.test.rows]).probability
    per_day.append(float((score >= thresholds.review).sum() / parts.test.days))
    label = data.label[parts.test.rows]
    measured = None
    if (label == 1).any() and (label == 0).any():
        measured = evaluate(data, parts.test, score, thresholds, budget=job.budget)
    files = {
        "model.txt": model.text(),
        "golden.csv": golden.to_csv(
            model, data.schema.names, golden.vectors(model, data.X[parts.test.rows], job.shape.seed)
        ),
    }
    described = manifest.build(
        model_id=job.model_id,
        created_ms=job.created_ms if job.created_ms is not None else int(data.time.max()),
        seed=job.shape.seed,
        libraries=job.libraries(),
        data=data,
        training=manifest.span(data, parts.grown if job.refit else parts.fit),
        validation=manifest.span(data, parts.validation),
        test=None if measured is None else manifest.tested(data, parts.test, measured),
        thresholds=thresholds,
        calibration=Uncalibrated(),
        model=model,
        chosen_on=(per_day[0], None),
        files=files,
    )
    files["manifest.json"] = manifest.to_json(described)
    files["report.md"] = _report(job, data, parts, model, thresholds, per_day, measured)
    publish(job.out, files, replace=job.replace)
    found = (
        "no label to measure by"
        if measured is None
        else f"average precision {measured.average_precision:.3f} on the test part "
        f"({measured.base_rate:.3f} for a random score)"
    )
    progress(f"{job.out}: {found}; see {job.out / 'report.md'}")


def _grow(data: Dataset, part: Part, job: Job) -> Anomaly:
    rows = np.flatnonzero(part.rows)
    names = data.schema.names
    columns = np.array([names.index(n) for n in job.select or names], dtype=np.int64)
    scoring = job.scoring if job.groups is not None else "isolation"
    isolation, found, levels = None, None, None
    if scoring != "groups":
        isolation = forests.grow_isolation(data.X[np.ix_(rows, columns)], job.shape, job.sample)
    if job.groups is not None:
        found = groups.fit(data, rows, job.groups, job.shape.seed)
    if found is not None and scoring != "isolation":
        distance = found.distance(data.X[rows])
        if not (distance > 0).any():
            raise TrainingError("no transaction differs from its group; compare by other features: --group-compare")
        levels = anomaly.levels(distance, len(names))
    return Anomaly(names, isolation, columns, found, levels)


def _report(
    job: Job,
    data: Dataset,
    parts: Split,
    model: Anomaly,
    thresholds: Thresholds,
    per_day: list[float],
    measured: Evaluation | None,
) -> bytes:
    uses = ["grows the trees", "chooses the threshold", "shows what it does"]
    rows = []
    for part, use in zip(parts.parts, uses, strict=True):
        s = manifest.span(data, part)
        rows.append([part.name, use, s["from"], s["to"], f"{s['rows']:,}"])
    alerts = [
        [part.name, f"{thresholds.review:g}", f"{n:,.1f}", f"{100 * n * part.days / part.rows.sum():.2f} %"]
        for part, n in zip([parts.validation, parts.test], per_day, strict=True)
    ]
    again = "\n\nThe trees were grown again on both the first parts once the threshold was chosen." if job.refit else ""
    sections = [
        f"# Model {job.model_id}",
        "This model was trained without labels: its score says how strange a transaction is, not how likely it is a "
        "fraud. 0.5 is ordinary.",
        "## Data\n\n" + report.table(["part", "use", "from", "to", "rows"], rows) + again,
        f"## Threshold\n\nReview was chosen for a budget of {job.budget}; it never declines.\n\n"
        + report.table(["part", "score", "alerts a day", "of all"], alerts),
        _measured(measured),
        report.importance(model),
        report.groups(model),
        f"## Made by\n\n{job.made_by()} The SHA-256 of the features, uncompressed, is `{data.sha256}`.",
    ]
    return ("\n\n".join(s for s in sections if s) + "\n").encode()


def _measured(e: Evaluation | None) -> str:
    if e is None:
        return (
            "## What it finds\n\nThe test part has no labels of both kinds, so nothing can be measured: neither how "
            "many of the alerts are fraud, nor how much fraud is missed. Label alerts, and train again."
        )
    precision = "–" if e.review.precision is None else f"{100 * e.review.precision:.1f} %"
    return "## What it finds\n\nThe labels of the test part had no part in training.\n\n" + report.table(
        ["average precision", "of a random score", "ROC AUC", "precision at review", "recall at review"],
        [
            [
                f"{e.average_precision:.4f}",
                f"{e.base_rate:.4f}",
                f"{e.roc_auc:.4f}",
                precision,
                f"{100 * e.review.recall:.1f} %",
            ]
        ],
    )
