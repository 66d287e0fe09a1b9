import json
import subprocess
import sys
from pathlib import Path

import pytest

from weir_train import TrainingError, cli


def arguments(features: Path, out: Path, *more: str) -> list[str]:
    return ["--features", str(features), "--out", str(out), "--id", "cards/1", "--trees", "5", *more]


def test_main_trains_and_reports_on_stderr(features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m"
    assert cli.main(arguments(features, out, "--alerts-per-day", "3", "--test-from", "2026-09-10T00:00:00Z")) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "5 of 5 trees" in captured.err
    assert "average precision" in captured.err
    test = json.loads((out / "manifest.json").read_bytes())["test"]
    assert test["from"].startswith("2026-09-10T")


def test_select_takes_names_or_a_file_of_names(features: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.write_text("# strongest first\ncount_1h\n\namount  # in dollars\n")
    for name, text in (("a", "count_1h, amount"), ("b", f"@{chosen}")):
        assert cli.main(arguments(features, tmp_path / name, "--alerts-per-day", "3", "--select", text)) == 0
        manifest = json.loads((tmp_path / name / "manifest.json").read_bytes())
        assert [f["name"] for f in manifest["features"]] == ["count_1h", "amount"]
    chosen.write_text("# none\n")
    with pytest.raises(TrainingError, match="names no feature"):
        cli.selection(f"@{chosen}")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--test-fraction", "1"], "--test-fraction must lie between 0 and 1"),
        (["--validation-fraction", "0"], "--validation-fraction must lie between 0 and 1"),
        (["--trees", "0"], "--trees must be at least 1"),
        (["--leaves", "1"], "--leaves must be at least 2"),
        (["--learning-rate", "0"], "--learning-rate must be above 0"),
        (["--alerts-per-day", "nan"], "--alerts-per-day must be above 0"),
        (["--alert-share", "1"], "--alert-share must lie between 0 and 1"),
        (["--decline-precision", "1.5"], "--decline-precision must be above 0 and at most 1"),
        (["--id", "../up"], "--id '../up' is not legal; use lower-case letters"),
        (["--id", "A"], "--id 'A' is not legal"),
        (["--delay", "soon"], "'soon' is not a duration"),
        (["--test-from", "soon"], "'soon' is not an RFC 3339 time"),
        (["--test-from", "2026-09-10T00:00:00Z", "--test-to", "2026-09-10T00:00:00Z"], "--test-from must lie before"),
        (["--train-from", "soon"], "'soon' is not an RFC 3339 time"),
        (["--train-to", "2026-09-30T00:00:00Z"], "reaches into the test"),
        (["--select", "amount,height"], "there is no feature 'height'"),
        (["--select", "@nowhere"], "--select: nowhere cannot be read"),
        (["--created", "2026-11-24"], "has no time zone"),
        (["--features", "nowhere.csv"], "nowhere.csv.schema.json does not exist"),
    ],
)
def test_main_refuses_with_a_sentence(
    features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], sentence: str
) -> None:
    assert cli.main(arguments(features, tmp_path / "m", *more)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert sentence in lines[-1]
    assert not (tmp_path / "m").exists()


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for piece in ("never at random", "example:", "weir replay", "docs/models.md", "default 200"):
        assert piece in text


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "weir_train", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == "0.1.0\n"
