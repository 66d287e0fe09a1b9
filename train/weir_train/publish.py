"""Putting a model directory in place all at once."""

import os
import shutil
from pathlib import Path

from weir_train import TrainingError


def check_free(out: Path, *, replace: bool) -> None:
    """Refuse early what publish would refuse at the end."""
    if out.exists() and not replace:
        raise TrainingError(f"{out} exists already; choose another --out, or give --replace")
    if out.exists() and not (out.is_dir() and (out / "manifest.json").exists()):
        raise TrainingError(f"{out} is not a model directory, so it is not replaced; choose another --out")


def publish(out: Path, files: dict[str, bytes], *, replace: bool) -> None:
    """Write the files beside out and rename: a reader sees all of them or none."""
    check_free(out, replace=replace)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = (out.with_name(f".{out.name}.{kind}-{os.getpid()}") for kind in ("new", "old"))
    fresh.mkdir()
    try:
        for name, content in files.items():
            with (fresh / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if out.exists():
            shutil.rmtree(old, ignore_errors=True)
        elif old.exists():
            old.rename(out)
