import csv
import gzip
import hashlib
import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from weir_train import TrainingError, boosting, dataset
from weir_train.boosting import Shape
from weir_train.dataset import Span
from weir_train.moments import parse_duration, parse_time
from weir_train.pipeline import Job, run
from weir_train.thresholds import Budget

SHAPE = Shape(trees=15, leaves=7, learning_rate=0.2)
FILES = ["golden.csv", "manifest.json", "model.txt", "report.md"]


def job(features: Path, out: Path, **changed: Any) -> Job:  # noqa: ANN401
    return replace(Job([features], out, "cards/1", SHAPE, budget=Budget(per_day=3), decline_precision=0.7), **changed)


def train(features: Path, out: Path, **changed: Any) -> dict[str, bytes]:  # noqa: ANN401
    run(job(features, out, **changed), lambda _: None)
    return {p.name: p.read_bytes() for p in sorted(out.iterdir())}


def test_equal_input_gives_equal_bytes(features: Path, tmp_path: Path) -> None:
    first = train(features, tmp_path / "a")
    assert list(first) == FILES
    assert train(features, tmp_path / "b") == first
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(features.read_bytes()))
    packed.with_name("packed.csv.schema.json").write_bytes(dataset.schema_path(features).read_bytes())
    assert train(packed, tmp_path / "c") == first
    # Another number of threads may only change the line that states it.
    threads = train(features, tmp_path / "d", shape=replace(SHAPE, threads=1))
    assert threads["golden.csv"] == first["golden.csv"]
    assert threads["model.txt"].replace(b"[num_threads: 1]", b"[num_threads: 2]") == first["model.txt"]


def test_manifest(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m")
    manifest = json.loads(files["manifest.json"])
    data = dataset.read([features])
    assert manifest["id"] == "cards/1"
    assert parse_time(manifest["created"]) == data.time.max()
    assert [f["name"] for f in manifest["features"]] == data.schema.names
    assert [f["hash"] for f in manifest["features"]] == data.schema.hashes
    for name, digest in manifest["files"].items():
        assert hashlib.sha256(files[name]).hexdigest() == digest
    windows = [manifest[key] for key in ("training", "validation", "test")]
    assert sum(w["rows"] for w in windows) == int(data.labelled.sum())
    assert sum(w["frauds"] for w in windows) == int((data.label == 1).sum())
    for before, after in pairwise(windows):
        assert parse_time(before["to"]) < parse_time(after["from"])
    assert manifest["thresholds"]["review"]["per_day"] <= 3

    # The test figures, computed once more from the files alone.
    booster = lgb.Booster(model_str=files["model.txt"].decode())
    start, end = parse_time(manifest["test"]["from"]), parse_time(manifest["test"]["to"])
    rows = (data.time >= start) & (data.time <= end) & data.labelled
    score, fraud = np.asarray(booster.predict(data.X[rows])), data.label[rows] == 1
    for key in ("review", "decline"):
        flagged = score >= manifest["thresholds"][key]["score"]
        assert manifest["test"][key]["recall"] == pytest.approx(fraud[flagged].sum() / fraud.sum(), rel=1e-5)
        assert manifest["test"][key]["precision"] == pytest.approx(fraud[flagged].mean(), rel=1e-5)
    for name, found in manifest["test"]["patterns"].items():
        of_it = data.pattern[rows] == name
        review = manifest["thresholds"]["review"]["score"]
        assert found["recall"] == pytest.approx((score[of_it & fraud] >= review).mean(), rel=1e-5)
    assert manifest["test"]["average_precision"] > 0.5


def test_the_test_part_chooses_nothing(features: Path, tmp_path: Path) -> None:
    """Other labels in the test part may change the figures, and neither trees nor thresholds."""
    first = train(features, tmp_path / "a")
    start = json.loads(first["manifest.json"])["test"]["from"]
    changed = tmp_path / "changed.csv"
    with features.open(newline="") as source, changed.open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        for i, row in enumerate(csv.reader(source)):
            if i and row[3] and parse_time(row[2]) >= parse_time(start):
                row[3] = str((i * 7919 // 13) % 2)
            writer.writerow(row)
    changed.with_name("changed.csv.schema.json").write_bytes(dataset.schema_path(features).read_bytes())
    second = train(changed, tmp_path / "b")
    assert second["model.txt"] == first["model.txt"]
    a, b = (json.loads(files["manifest.json"]) for files in (first, second))
    assert a["thresholds"] == b["thresholds"]
    assert a["test"] != b["test"]


def test_golden_vectors(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m")
    booster = lgb.Booster(model_str=files["model.txt"].decode())
    rows = list(csv.reader(files["golden.csv"].decode().splitlines()))
    assert rows[0] == ["margin", "probability", *dataset.read([features]).schema.names]
    values = np.array([[float(v) if v else math.nan for v in row] for row in rows[1:]])
    X = np.ascontiguousarray(values[:, 2:])
    assert len(X) > 200
    assert np.asarray(booster.predict(X, raw_score=True)).tobytes() == np.ascontiguousarray(values[:, 0]).tobytes()
    assert np.asarray(booster.predict(X)).tobytes() == np.ascontiguousarray(values[:, 1]).tobytes()
    assert np.isnan(X).all(axis=1).any()
    assert (np.signbit(X) & (X == 0)).all(axis=1).any()
    assert np.isposinf(X).any()
    assert np.isneginf(X).any()
    assert (X == 1e300).any()
    thresholds = {float(t) for line in files["model.txt"].splitlines() if line.startswith(b"threshold=")
                  for t in line.split(b"=")[1].split()}  # fmt: skip
    assert len(thresholds & set(X.ravel().tolist())) > 10


def test_report_tells_the_figures(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m")
    report, manifest = files["report.md"].decode(), json.loads(files["manifest.json"])
    assert f"{manifest['test']['average_precision']:.4f}" in report
    assert f"| card_testing | {manifest['test']['patterns']['card_testing']['frauds']} |" in report
    assert f"| review | test | {manifest['thresholds']['review']['score']:g} |" in report
    assert "unlabelled rows count towards alerts a day" in report


def test_report_tells_files_apart(features: Path, tmp_path: Path) -> None:
    text = features.read_text().splitlines(keepends=True)
    halves = []
    for i, name in enumerate(("odd.csv", "even.csv")):
        half = tmp_path / name
        half.write_text(text[0] + "".join(text[1 + i :: 2]))
        half.with_name(name + ".schema.json").write_bytes(dataset.schema_path(features).read_bytes())
        halves.append(half)
    run(replace(job(features, tmp_path / "m"), features=halves), lambda _: None)
    report = (tmp_path / "m" / "report.md").read_text()
    assert "## Review by file, in the test part" in report
    assert "| odd |" in report
    assert "| even |" in report
    assert "| pattern | frauds | found at review | in odd | in even |" in report
    # The rows are those of the one file, in another order, and so are the parts.
    one = json.loads(train(features, tmp_path / "one")["manifest.json"])
    two = json.loads((tmp_path / "m" / "manifest.json").read_bytes())
    for part in ("training", "validation", "test"):
        assert [two[part][k] for k in ("from", "to", "rows", "frauds")] == [
            one[part][k] for k in ("from", "to", "rows", "frauds")
        ]


def test_no_precise_score_means_never_decline(features: Path, tmp_path: Path) -> None:
    files = train(
        features, tmp_path / "m", decline_precision=1.0, budget=Budget(per_day=30), shape=replace(SHAPE, trees=1)
    )
    manifest = json.loads(files["manifest.json"])
    assert "decline" not in manifest["thresholds"]
    assert "decline" not in manifest["test"]
    assert "No score was precise enough to decline on." in files["report.md"].decode()


def test_select(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m", select=["count_1h", "amount"])
    manifest, schema = json.loads(files["manifest.json"]), dataset.read_schema(dataset.schema_path(features))
    assert manifest["features"] == [
        {"name": name, "hash": schema.hashes[schema.names.index(name)]} for name in ("count_1h", "amount")
    ]
    assert lgb.Booster(model_str=files["model.txt"].decode()).feature_name() == ["count_1h", "amount"]
    assert files["golden.csv"].startswith(b"margin,probability,count_1h,amount\n")


def test_refit_grows_the_trees_on_validation_too(features: Path, tmp_path: Path) -> None:
    plain, refit = train(features, tmp_path / "a"), train(features, tmp_path / "b", refit=True)
    once, again = json.loads(plain["manifest.json"]), json.loads(refit["manifest.json"])
    assert again["thresholds"] == once["thresholds"]  # chosen on rows that the trees had not seen
    assert again["training"]["rows"] == once["training"]["rows"] + once["validation"]["rows"]
    assert again["training"]["to"] == once["validation"]["to"]
    assert again["validation"] == once["validation"]
    assert refit["model.txt"] != plain["model.txt"]
    assert b"grown again on fit and validation together" in refit["report.md"]
    assert b"grown again" not in plain["report.md"]
    # The same trees as of all those rows at once.
    data = dataset.read([features])
    rows = data.labelled & (data.time < parse_time(once["test"]["from"]))
    booster = boosting.grow(data.X[rows], data.label[rows], data.schema.names, SHAPE, lambda _: None)
    assert booster.model_to_string().encode() == refit["model.txt"]


def test_spans(features: Path, tmp_path: Path) -> None:
    train_on = Span(parse_time("2026-08-05T00:00:00Z"), parse_time("2026-09-01T00:00:00Z"))
    test_on = Span(parse_time("2026-09-08T00:00:00Z"), parse_time("2026-09-20T00:00:00Z"))
    files = train(features, tmp_path / "m", train=train_on, test=test_on, delay_ms=parse_duration("7d"))
    manifest = json.loads(files["manifest.json"])
    assert manifest["training"]["from"].startswith("2026-08-05T")
    assert manifest["validation"]["to"].startswith("2026-08-31T")
    assert manifest["test"]["from"].startswith("2026-09-08T")
    assert manifest["test"]["to"].startswith("2026-09-19T")


def test_created(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m", created_ms=parse_time("2026-11-24T00:00:00Z"))
    assert json.loads(files["manifest.json"])["created"] == "2026-11-24T00:00:00Z"


def test_out_is_never_half_written(features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "models" / "m"
    first = train(features, out)
    with pytest.raises(TrainingError, match="exists already; choose another --out, or give --replace"):
        train(features, out)
    second = train(features, out, replace=True, shape=replace(SHAPE, trees=3))
    assert second["model.txt"] != first["model.txt"]

    def fail(fd: int) -> None:
        raise OSError(f"disk full {fd > 0}")

    monkeypatch.setattr("weir_train.publish.os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        train(features, out, replace=True)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == second
    assert [p.name for p in out.parent.iterdir()] == ["m"]


def test_something_else_is_not_replaced(features: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("…")
    with pytest.raises(TrainingError, match="is not a model directory, so it is not replaced"):
        train(features, tmp_path / "precious", replace=True)


def test_rows_that_no_tree_can_split_are_refused(features: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"no tree found a split in .* use more history or a smaller --min-data-in-leaf"
    ):
        train(features, tmp_path / "m", shape=replace(SHAPE, min_data_in_leaf=100_000))
    assert list(tmp_path.iterdir()) == []
