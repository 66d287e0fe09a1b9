"""The report that stands beside a model, in Markdown."""

from weir_train.calibration import Calibration, Uncalibrated
from weir_train.dataset import Dataset
from weir_train.evaluation import Calibrated, Evaluation, Reliability
from weir_train.manifest import window
from weir_train.metrics import Operation
from weir_train.model import Model
from weir_train.split import Split
from weir_train.thresholds import Budget, Thresholds

_MOST_FEATURES = 25


def build(
    *,
    model_id: str,
    data: Dataset,
    split: Split,
    refit: bool,
    made_by: str,
    thresholds: Thresholds,
    calibration: Calibration,
    reliability: list[Calibrated],
    validation: Evaluation,
    test: Evaluation,
    budget: Budget,
    model: Model,
) -> bytes:
    """Write the report."""
    sections = [
        f"# Model {model_id}",
        _data(data, split, refit),
        _thresholds(thresholds, validation, test, budget),
        _ranking(validation, test),
        _sources(test),
        _patterns(test),
        _bands(test) if isinstance(calibration, Uncalibrated) else _calibration(calibration, reliability, refit),
        importance(model),
        groups(model),
        _made_by(made_by, data),
    ]
    return ("\n\n".join(s for s in sections if s) + "\n").encode()


def _data(data: Dataset, split: Split, refit: bool) -> str:
    rows = []
    again = (
        "\n\nThe trees were grown again on fit and validation together once the thresholds were chosen. The figures of "
        "the validation part are those of the trees before that."
    )
    for part, use in zip(split.parts, ["grows the trees", "chooses the thresholds", "gives the figures"], strict=True):
        w = window(data, part)
        share = f"{100 * w['frauds'] / w['rows']:.2f} %"
        rows.append([part.name, use, w["from"], w["to"], f"{w['rows']:,}", f"{w['frauds']:,}", share])
    unlabelled = int((~data.labelled).sum())
    return (
        "## Data\n\n"
        + table(["part", "use", "from", "to", "labelled rows", "frauds", "share"], rows)
        + f"\n\n{unlabelled:,} unlabelled rows count towards alerts a day and towards nothing else."
        + (again if refit else "")
    )


def _thresholds(t: Thresholds, validation: Evaluation, test: Evaluation, budget: Budget) -> str:
    rows = []
    for name, score, on_validation, on_test in (
        ("review", t.review, validation.review, test.review),
        ("decline", t.decline, validation.decline, test.decline),
    ):
        if score is None or on_validation is None or on_test is None:
            continue
        rows.append([name, "validation", f"{score:g}", *_operation(on_validation)])
        rows.append([name, "test", f"{score:g}", *_operation(on_test)])
    never = "" if t.decline is not None else "\n\nNo score was precise enough to decline on."
    return (
        "## Thresholds\n\n"
        + table(["threshold", "part", "score", "a day", "of all", "precision", "recall"], rows)
        + f"\n\nReview was chosen for a budget of {budget}.{never}"
    )


def _ranking(validation: Evaluation, test: Evaluation) -> str:
    rows = [
        [name, f"{e.average_precision:.4f}", f"{e.base_rate:.4f}", f"{e.roc_auc:.4f}", _share(e.budget_precision)]
        for name, e in (("validation", validation), ("test", test))
    ]
    head = ["part", "average precision", "of a random score", "ROC AUC", "precision within the alert budget"]
    return "## Ranking\n\n" + table(head, rows)


def _sources(test: Evaluation) -> str:
    if len(test.sources) < 2:
        return ""
    rows = [
        [
            s.name,
            f"{s.rows:,}",
            f"{s.frauds:,}",
            f"{100 * s.review.share:.2f} %",
            _share(s.review.precision),
            _share(s.review.recall),
        ]
        for s in test.sources
    ]
    return "## Review by file, in the test part\n\n" + table(
        ["file", "rows", "frauds", "alerts", "precision", "recall"], rows
    )


def _patterns(test: Evaluation) -> str:
    if not test.patterns:
        return ""
    sources = test.sources if len(test.sources) > 1 else []
    by_source = [{p.name: p.recall for p in s.patterns} for s in sources]
    rows = [
        [p.name, f"{p.frauds:,}", _share(p.recall), *(_share(found.get(p.name)) for found in by_source)]
        for p in test.patterns
    ]
    head = ["pattern", "frauds", "found at review", *(f"in {s.name}" for s in sources)]
    return "## Fraud patterns in the test part\n\n" + table(head, rows)


def _calibration(calibration: Calibration, parts: list[Calibrated], refit: bool) -> str:
    rows = [
        [part.part, when, f"{r.brier:.6f}", f"{r.error:.6f}", f"{r.mean:.6f}", f"{part.fraud_share:.6f}"]
        for part in parts
        for when, r in (("before", part.before), ("after", part.after))
    ]
    again = (
        " It was learnt from the trees before they were grown again, and the figures of the test part are those of the "
        "trees after that."
    )
    test = parts[-1]
    return (
        "## Calibration\n\n"
        f"The scores are calibrated: {calibration}, learnt on the validation part. All other sections are about the "
        f"calibrated scores.{again if refit else ''}\n\n"
        + table(
            ["part", "calibration", "Brier score", "expected calibration error", "mean score", "share of fraud"], rows
        )
        + "\n\n## Is the score a probability? (test part)\n\n"
        + table(
            ["score", "rows before", "mean score", "share of fraud", "rows after", "mean score", "share of fraud"],
            _before_and_after(test.before, test.after),
        )
    )


def _before_and_after(before: Reliability, after: Reliability) -> list[list[str]]:
    by_band = [
        {f"{b.low:g} – {b.high:g}": [f"{b.rows:,}", f"{b.mean_score:.4f}", f"{b.fraud_share:.4f}"] for b in r.bands}
        for r in (before, after)
    ]
    names = sorted({*by_band[0], *by_band[1]}, key=lambda name: float(name.split()[0]))
    return [[name, *(cell for bands in by_band for cell in bands.get(name, ["0", "–", "–"]))] for name in names]


def _bands(test: Evaluation) -> str:
    rows = [
        [f"{b.low:g} – {b.high:g}", f"{b.rows:,}", f"{b.mean_score:.4f}", f"{b.fraud_share:.4f}"] for b in test.bands
    ]
    head = ["score", "labelled rows", "mean score", "share of fraud"]
    return "## Is the score a probability? (test part)\n\n" + table(head, rows)


def importance(model: Model) -> str:
    """Tell which inputs decide most."""
    found = model.importance()
    ranked = sorted(found.share, key=lambda pair: (-pair[1], pair[0]))
    used = [[name, f"{100 * share:.1f} %"] for name, share in ranked if share > 0]
    rest = len(used) - _MOST_FEATURES
    more = f"\n\n{rest} more have a smaller share." if rest > 0 else ""
    unused = f"\n\n{len(ranked) - len(used)} features are in no split." if len(used) < len(ranked) else ""
    head = ["feature", f"share of the {found.of}"]
    return f"## Features by {found.of}\n\n" + table(head, used[:_MOST_FEATURES]) + more + unused


def groups(model: Model) -> str:
    """Describe the groups of accounts, where there are any."""
    if (g := model.groups) is None:
        return ""
    rows = [
        [
            str(i + 1),
            f"{g.accounts[i]:,}",
            *(f"{u:.3g} ± {s:.3g}" for u, s in zip(g.usual[i], g.spread[i], strict=True)),
        ]
        for i in range(len(g.accounts))
    ]
    by = ", ".join(map(str, g.behaviour))
    return (
        f"## Groups of accounts\n\nAccounts are grouped by {by}. A transaction is compared with what is usual in its "
        "own account's group; log is the logarithm of 1 + x.\n\n"
        + table(["group", "accounts", *map(str, g.compared)], rows)
    )


def _made_by(text: str, data: Dataset) -> str:
    return f"## Made by\n\n{text} The SHA-256 of the features, uncompressed, is `{data.sha256}`."


def _operation(o: Operation) -> list[str]:
    return [f"{o.per_day:,.1f}", f"{100 * o.share:.2f} %", _share(o.precision), _share(o.recall)]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
