"""The manifest of a model directory, key by key as the Go side reads it. See docs/models.md."""

import hashlib
import json
from importlib.metadata import version
from typing import Any

from weir_train import __version__
from weir_train.calibration import Calibration
from weir_train.dataset import Dataset
from weir_train.evaluation import Evaluation
from weir_train.metrics import Operation
from weir_train.model import Model
from weir_train.moments import format_time
from weir_train.split import Part
from weir_train.thresholds import Thresholds


def window(data: Dataset, part: Part) -> dict[str, Any]:
    """Describe the labelled rows of a part."""
    rows = part.rows & data.labelled
    return {
        "from": format_time(int(data.time[rows].min())),
        "to": format_time(int(data.time[rows].max())),
        "rows": int(rows.sum()),
        "frauds": int((data.label[rows] == 1).sum()),
    }


def span(data: Dataset, part: Part) -> dict[str, Any]:
    """Describe all rows of a part, labelled or not. A fraud is counted where a label says so."""
    return {
        "from": format_time(int(data.time[part.rows].min())),
        "to": format_time(int(data.time[part.rows].max())),
        "rows": int(part.rows.sum()),
        "frauds": int((data.label[part.rows] == 1).sum()),
    }


def tested(data: Dataset, part: Part, test: Evaluation) -> dict[str, Any]:
    """Describe the labelled rows of the test part, and what the model did on them."""
    return {**window(data, part), **_figures(test)}


def build(
    *,
    model_id: str,
    created_ms: int,
    seed: int,
    libraries: list[str],
    data: Dataset,
    training: dict[str, Any],
    validation: dict[str, Any],
    test: dict[str, Any] | None,
    thresholds: Thresholds,
    calibration: Calibration,
    model: Model,
    chosen_on: tuple[float, float | None],
    files: dict[str, bytes],
) -> dict[str, Any]:
    """Build the manifest of trees grown on the training part.

    chosen_on is how many transactions a day reached the thresholds on the validation part; test is None where nothing
    was measured.
    """
    review, decline = chosen_on
    score_of: dict[str, Any] = {"review": {"score": thresholds.review, "per_day": _short(review)}}
    if decline is not None:
        score_of["decline"] = {"score": thresholds.decline, "per_day": _short(decline)}
    calibrated = calibration.to_manifest()
    return {
        "format": 1,
        "id": model_id,
        "created": format_time(created_ms),
        "trainer": {
            "name": "weir_train",
            "version": __version__,
            "seed": seed,
            "libraries": {name: version(name) for name in libraries},
            "data_sha256": data.sha256,
        },
        "training": training,
        "validation": validation,
        **({} if test is None else {"test": test}),
        "thresholds": score_of,
        **({} if model.link is None else {"link": model.link}),
        **({} if calibrated is None else {"calibration": calibrated}),
        **({} if model.groups is None else {"groups": model.groups.manifest()}),
        "features": [
            {"name": name, "hash": digest} for name, digest in zip(data.schema.names, data.schema.hashes, strict=True)
        ],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }


def to_json(manifest: dict[str, Any]) -> bytes:
    """Write a manifest for people and diffs."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _figures(e: Evaluation) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "average_precision": _short(e.average_precision),
        "roc_auc": _short(e.roc_auc),
        "review": _operation(e.review),
    }
    if e.decline is not None:
        figures["decline"] = _operation(e.decline)
    if e.patterns:
        figures["patterns"] = {p.name: {"frauds": p.frauds, "recall": _short(p.recall)} for p in e.patterns}
    return figures


def _operation(o: Operation) -> dict[str, Any]:
    figures: dict[str, Any] = {"per_day": _short(o.per_day)}
    if o.precision is not None:
        figures["precision"] = _short(o.precision)
    return {**figures, "recall": _short(o.recall)}


def _short(value: float) -> float:
    """Keep what a reader can use of a measured figure."""
    return float(f"{value:.6g}")
