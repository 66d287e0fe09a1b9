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


def build(
    *,
    model_id: str,
    created_ms: int,
    seed: int,
    data: Dataset,
    training: Part,
    validation: Part,
    tested: Part,
    thresholds: Thresholds,
    calibration: Calibration,
    chosen_on: tuple[Operation, Operation | None],
    test: Evaluation,
    files: dict[str, bytes],
) -> dict[str, Any]:
    """Build the manifest of trees grown on the training part.

    chosen_on is what the thresholds did on the validation part, test what the model did on the tested part.
    """
    review, decline = chosen_on
    score_of: dict[str, Any] = {"review": {"score": thresholds.review, "per_day": _short(review.per_day)}}
    if decline is not None:
        score_of["decline"] = {"score": thresholds.decline, "per_day": _short(decline.per_day)}
    calibrated = calibration.to_manifest()
    return {
        "format": 1,
        "id": model_id,
        "created": format_time(created_ms),
        "trainer": {
            "name": "weir_train",
            "version": __version__,
            "seed": seed,
            "libraries": {name: version(name) for name in ("lightgbm", "numpy")},
            "data_sha256": data.sha256,
        },
        "training": window(data, training),
        "validation": window(data, validation),
        "test": {**window(data, tested), **_figures(test)},
        "thresholds": score_of,
        **({} if calibrated is None else {"calibration": calibrated}),
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
