import csv
import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weir_train import TrainingError, cli, dataset
from weir_train.boosting import Shape
from weir_train.groups import Options, terms
from weir_train.pipeline import Job, run
from weir_train.thresholds import Budget

GROUPS = Options(3, terms(["log:count_1h", "gap_s"]), terms(["log:amount", "amount_to_mean_30d", "km_from_last"]))


def train(features: Path, out: Path, **changed: Any) -> dict[str, bytes]:  # noqa: ANN401
    job = Job([features], out, "cards/1", Shape(trees=20), "isolation-forest", sample=64, budget=Budget(per_day=3))
    run(replace(job, **changed), lambda _: None)
    return {p.name: p.read_bytes() for p in sorted(out.iterdir())}


@pytest.fixture(scope="session")
def bare(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the features without any label."""
    path = tmp_path_factory.mktemp("bare") / "features.csv"
    with features.open(newline="") as source, path.open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        for i, row in enumerate(csv.reader(source)):
            writer.writerow(row if i == 0 else [*row[:3], "", "", *row[5:]])
    path.with_name("features.csv.schema.json").write_bytes(dataset.schema_path(features).read_bytes())
    return path


@pytest.mark.parametrize("changed", [{}, {"groups": GROUPS}, {"groups": GROUPS, "scoring": "groups"}, {"refit": True}])
def test_labels_have_no_part_in_it(features: Path, bare: Path, tmp_path: Path, changed: dict[str, Any]) -> None:
    with_labels, without = train(features, tmp_path / "a", **changed), train(bare, tmp_path / "b", **changed)
    assert with_labels["model.txt"] == without["model.txt"]
    assert with_labels["golden.csv"] == without["golden.csv"]
    a, b = (json.loads(files["manifest.json"]) for files in (with_labels, without))
    assert a["thresholds"] == b["thresholds"]
    assert a.get("groups") == b.get("groups")
    assert "test" in a
    assert "test" not in b
    assert "decline" not in a["thresholds"]
    assert b["training"]["frauds"] == 0
    assert "so nothing can be measured" in without["report.md"].decode()
    assert f"{a['test']['average_precision']:.4f}" in with_labels["report.md"].decode()


def test_strange_transactions_are_found(features: Path, tmp_path: Path) -> None:
    manifest = json.loads(train(features, tmp_path / "m")["manifest.json"])
    share = manifest["test"]["frauds"] / manifest["test"]["rows"]
    assert manifest["test"]["average_precision"] > 2 * share
    assert manifest["thresholds"]["review"]["per_day"] <= 3
    assert manifest["link"] == "exp2"
    assert set(manifest["trainer"]["libraries"]) == {"numpy", "scikit-learn"}


def test_equal_input_gives_equal_bytes(features: Path, tmp_path: Path) -> None:
    first = train(features, tmp_path / "a", groups=GROUPS)
    assert train(features, tmp_path / "b", groups=GROUPS, shape=Shape(trees=20, threads=1)) == first
    for name, digest in json.loads(first["manifest.json"])["files"].items():
        assert hashlib.sha256(first[name]).hexdigest() == digest


def scores(files: dict[str, bytes]) -> list[tuple[float, float]]:
    rows = list(csv.reader(files["golden.csv"].decode().splitlines()))[1:]
    return [(float(row[0]), float(row[1])) for row in rows]


def test_which_of_them_scores(features: Path, tmp_path: Path) -> None:
    made = {s: train(features, tmp_path / s, groups=GROUPS, scoring=s) for s in ("isolation", "groups", "both")}
    for scoring, files in made.items():
        trees = files["model.txt"].decode().count("Tree=")
        assert trees == {"isolation": 20, "groups": 1, "both": 21}[scoring]
        for margin, probability in scores(files):
            assert margin < 0
            assert probability == pytest.approx(2**margin, rel=1e-12)
        last = json.loads(files["manifest.json"])["features"][-1]["name"]
        assert f" {last} group_distance\n" in files["model.txt"].decode()


def test_select_is_what_the_forest_reads(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m", select=["amount", "hour"], groups=GROUPS)
    names = [f["name"] for f in json.loads(files["manifest.json"])["features"]]
    assert names == ["amount", "hour", "count_1h", "gap_s", "amount_to_mean_30d", "km_from_last"]
    split_on = {
        int(v)
        for line in files["model.txt"].decode().splitlines()
        if line.startswith("split_feature=")
        for v in line.split("=")[1].split()
    }
    assert split_on == {0, 1, len(names)}


@pytest.mark.parametrize("method", ["boosting", "random-forest"])
def test_the_distance_is_an_input_of_a_supervised_model(features: Path, tmp_path: Path, method: str) -> None:
    files = train(features, tmp_path / "m", method=method, groups=GROUPS, shape=Shape(trees=20, leaves=16))
    manifest = json.loads(files["manifest.json"])
    assert manifest.get("link") == (None if method == "boosting" else "identity")
    assert len(manifest["groups"]["centres"]) == 3
    assert "| group_distance |" in files["report.md"].decode()
    assert "## Groups of accounts" in files["report.md"].decode()
    header = files["golden.csv"].decode().splitlines()[0]
    assert header == "margin,probability," + ",".join(f["name"] for f in manifest["features"])
    assert manifest["test"]["average_precision"] > 0.5


def test_a_file_without_spread_is_refused(bare: Path, tmp_path: Path) -> None:
    even = tmp_path / "even.csv"
    with bare.open(newline="") as source, even.open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        for i, row in enumerate(csv.reader(source)):
            writer.writerow(row if i == 0 else [*row[:5], *("1" for _ in row[5:])])
    even.with_name("even.csv.schema.json").write_bytes(dataset.schema_path(bare).read_bytes())
    with pytest.raises(TrainingError, match="all rows are equal"):
        train(even, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_command_line(bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--features", str(bare), "--out", str(tmp_path / "m"), "--id", "cards/1", "--alerts-per-day", "3"]
    groups = ["--groups", "3", "--group-by", "log:count_1h,gap_s", "--group-compare", "log:amount,km_from_last"]
    assert cli.main([*given, "--method", "isolation-forest", "--trees", "5", *groups, "--score", "both"]) == 0
    assert "no label to measure by" in capsys.readouterr().err
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_bytes())
    assert [t["feature"] for t in manifest["groups"]["compared"]] == ["amount", "km_from_last"]
    for options, message in (
        (["--method", "isolation-forest", "--calibrate", "platt"], "--calibrate needs labels"),
        (["--group-by", "amount"], "are about groups; ask for some with --groups"),
        (["--method", "isolation-forest", "--sample", "1"], "--sample must be at least 2"),
    ):
        assert cli.main([*given, "--replace", *options]) == 1
        assert message in capsys.readouterr().err


def test_scores_of_nothing_known_are_finite(features: Path, tmp_path: Path) -> None:
    files = train(features, tmp_path / "m", groups=GROUPS)
    for row in list(csv.reader(files["golden.csv"].decode().splitlines()))[1:]:
        if not any(row[2:]):
            assert math.isfinite(float(row[0]))
            return
    raise AssertionError("no golden vector is all missing")


def test_default_features_are_the_telling_ones(tmp_path: Path) -> None:
    from weir_train.job import _TELLING, selected

    path = tmp_path / "shipped.csv"
    names = ["hour_of_day", *_TELLING]
    path.with_name("shipped.csv.schema.json").write_text(json.dumps({"names": names, "hashes": names}))
    _, select = selected(Job([path], tmp_path / "m", "cards/1", method="isolation-forest"))
    assert select == list(_TELLING)
    assert np.isin(select, names).all()
