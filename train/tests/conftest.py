from pathlib import Path

import pytest

from weir_train.fixtures import write_features


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a features file as weir replay writes it, which no test may change."""
    path = tmp_path_factory.mktemp("features") / "features.csv"
    write_features(path, rows=3000, seed=5)
    return path
