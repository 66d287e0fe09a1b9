import json
from importlib.metadata import version
from pathlib import Path

import pytest

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
