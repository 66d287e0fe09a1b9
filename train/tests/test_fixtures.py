import json
from importlib.metadata import version
from pathlib import Path

import pytest

from weir_train import contributions
from weir_train.fixtures import make

TESTDATA = Path(__file__).parents[2] / "scoring" / "testdata"


@pytest.mark.skipif(version("lightgbm") != "4.7.0", reason="other versions make other models")
def test_the_go_fixtures_are_what_the_trainer_makes(tmp_path: Path) -> None:
    make(tmp_path)
    made, kept = (json.loads((d / "cards" / "manifest.json").read_bytes()) for d in (tmp_path, TESTDATA))
    if made["trainer"]["data_sha256"] != kept["trainer"]["data_sha256"]:
        pytest.skip("this machine's mathematics gives other synthetic data in the last bits")
    for path in sorted(p for p in tmp_path.rglob("*") if p.is_file()):
        there = TESTDATA / path.relative_to(tmp_path)
        assert there.read_bytes() == path.read_bytes(), (
            f"make {there} again: python -m weir_train.fixtures scoring/testdata"
        )


@pytest.mark.skipif(
    version("lightgbm") != "4.7.0" or version("xgboost-cpu") != "3.2.0", reason="other versions make other models"
)
def test_the_contributions_are_what_the_libraries_say(tmp_path: Path) -> None:
    contributions.make(tmp_path)
    kept = TESTDATA.parent / "forest" / "testdata" / "contributions"
    # Other processors round the synthetic data and the training otherwise; the models then differ, and so may the rest.
    for path in sorted([*tmp_path.glob("*.txt"), *tmp_path.glob("*.json")]):
        if (kept / path.name).read_bytes() != path.read_bytes():
            pytest.skip("this machine's mathematics gives other models in the last bits")
        table = path.with_suffix(".csv").name
        assert (kept / table).read_bytes() == (tmp_path / table).read_bytes(), (
            f"make {table} again: python -m weir_train.contributions scoring/forest/testdata/contributions"
        )
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in kept.iterdir()}
