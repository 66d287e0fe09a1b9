from importlib.metadata import version
from pathlib import Path

import pytest

from weir_train import formats

TESTDATA = Path(__file__).parents[2] / "scoring" / "testdata"
MADE_WITH = {"lightgbm": "4.7.0", "xgboost-cpu": "3.2.0"}


@pytest.mark.skipif(
    any(version(name) != made for name, made in MADE_WITH.items()), reason="other versions make other models"
)
def test_the_go_fixtures_are_what_the_libraries_make(tmp_path: Path) -> None:
    formats.make(tmp_path)
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    kept = sorted(p.relative_to(TESTDATA) for p in (TESTDATA / "formats").rglob("*") if p.is_file())
    assert [p for p in made if p.parts[0] == "formats"] == kept
    for path in made:
        assert (TESTDATA / path).read_bytes() == (tmp_path / path).read_bytes(), (
            f"make {path} again: python -m weir_train.formats scoring/testdata"
        )
