"""Reading what ``weir replay --features-out`` and ``weir export`` wrote: feature vectors and, beside each file, their
schema.
"""

import csv
import gzip
import hashlib
import json
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
import pyarrow
from pyarrow import parquet

from weir_train import TrainingError
from weir_train.moments import format_time, parse_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEADING = ["transaction_id", "account_id", "timestamp", "label", "pattern"]
_LABELS = {"1": 1, "0": 0, "": -1}
_UNUSABLE = set(' \t\r\n,:[]{}"')  # LightGBM refuses these in a feature's name, or changes them


@dataclass(frozen=True)
class Schema:
    """The features in their order, each with the hash of its definition."""

    names: list[str]
    hashes: list[str]
    # The file's columns behind the features, which are none: what was decided, and where the label is from.
    trailing: list[str] = field(default_factory=list, compare=False)

    def select(self, names: Sequence[str]) -> "Schema":
        """Return the features of the given names, in that order."""
        for name in names:
            if name not in self.names:
                raise TrainingError(f"there is no feature {name!r} in the file; there are {', '.join(self.names)}")
            if names.count(name) > 1:
                raise TrainingError(f"the feature {name} is selected twice")
        return Schema(list(names), [self.hashes[self.names.index(name)] for name in names])


@dataclass(frozen=True)
class Span:
    """A span of event time, in milliseconds: from start to before end."""

    start: int | None = None  # None for the beginning of time
    end: int | None = None  # None for its end

    def __contains__(self, time: int) -> bool:
        """Tell whether a moment lies in it."""
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)


EVER = Span()


@dataclass(frozen=True)
class Dataset:
    """The rows that were read of the files. All arrays have one entry a row."""

    schema: Schema
    X: Floats  # rows × features; NaN is a missing value
    label: Ints  # 1 fraud, 0 legitimate, -1 unlabelled
    time: Ints  # event time in milliseconds
    account: Ints  # a number for each account
    pattern: npt.NDArray[np.str_]  # the fraud pattern's name, or empty
    source: Ints  # index of the file in sources
    sources: list[str]  # the files' names without endings
    sha256: str  # of the files' bytes, those of CSVs uncompressed, one after the other

    @property
    def labelled(self) -> Bools:
        """Which rows have a label."""
        return self.label >= 0


def read(
    paths: Sequence[Path],
    progress: Callable[[str], None] = lambda _: None,
    *,
    select: Sequence[str] | None = None,
    span: Span = EVER,
) -> Dataset:
    """Read files of the same features, CSV (plain or .gz) or Parquet, and the schemas beside them.

    Only the selected features are kept, in that order, or all of them; and only the rows whose time lies in the span.
    """
    schema = read_schema(schema_path(paths[0]))
    selected = schema if select is None else schema.select(select)
    digest = hashlib.sha256()
    columns = _Columns([len(LEADING) + schema.names.index(name) for name in selected.names], span)
    for i, path in enumerate(paths):
        own = read_schema(schema_path(path))  # files of equal features may have other columns behind them
        if own != schema:
            raise TrainingError(f"{path} has other features than {paths[0]}; replay both with the same version of weir")
        before = len(columns.label)
        try:
            if path.suffix == ".parquet":
                _read_parquet(path, selected, columns, digest.update, progress)
            else:
                with _open(path) as file:
                    _read_rows(csv.reader(_lines(file, digest.update), strict=True), own, columns, path, progress)
        except FileNotFoundError:
            raise TrainingError(
                f"{path} does not exist; write it with weir replay --features-out or weir export"
            ) from None
        except (OSError, EOFError, UnicodeDecodeError, csv.Error, pyarrow.ArrowException) as e:
            raise TrainingError(f"{path} cannot be read: {e}") from e
        rows = len(columns.label) - before
        if rows == 0:
            raise TrainingError(f"{path} has no rows{_within(span)}; replay some transactions first")
        columns.source.extend([i] * rows)
    return Dataset(
        schema=selected,
        X=np.frombuffer(columns.values, dtype=np.float64).reshape(len(columns.label), len(selected.names)),
        label=np.frombuffer(columns.label, dtype=np.int8).astype(np.int64),
        time=np.frombuffer(columns.time, dtype=np.int64),
        account=np.frombuffer(columns.account, dtype=np.int64),
        pattern=np.array(columns.pattern, dtype=np.str_),
        source=np.frombuffer(columns.source, dtype=np.int16).astype(np.int64),
        sources=[path.name.removesuffix(".gz").removesuffix(".csv").removesuffix(".parquet") for path in paths],
        sha256=digest.hexdigest(),
    )


def schema_path(path: Path) -> Path:
    """Return where the schema of the file at path lies: FILE.schema.json, .gz left out if there is none with it."""
    beside = path.with_name(path.name + ".schema.json")
    if path.suffix == ".gz" and not beside.exists():
        return path.with_name(path.stem + ".schema.json")
    return beside


def read_schema(path: Path) -> Schema:
    """Read a schema file and check it."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(
            f"{path} does not exist; weir replay --features-out and weir export write it beside the file"
        ) from None
    except (OSError, ValueError) as e:
        raise TrainingError(f"{path} cannot be read: {e}") from e
    trailing = _strings(raw, "trailing", path) if isinstance(raw, dict) and "trailing" in raw else []
    schema = Schema(_strings(raw, "names", path), _strings(raw, "hashes", path), trailing)
    if len(schema.names) != len(schema.hashes) or len(set(schema.names)) != len(schema.names):
        raise TrainingError(f"{path} must have one hash for each name, and each name once")
    for name in schema.names:
        if _UNUSABLE & set(name) or not name.isascii():
            raise TrainingError(f"{path}: LightGBM cannot take the feature name {name!r}; use letters, digits and _")
    return schema


def _strings(raw: object, key: str, path: Path) -> list[str]:
    value = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
        raise TrainingError(f'{path} must be {{"names": […], "hashes": […]}}, lists of strings that are not empty')
    return value


def _within(span: Span) -> str:
    start, end = (None if t is None else format_time(t) for t in (span.start, span.end))
    return (f" from {start}" if start else "") + (f" before {end}" if end else "")


class _Columns:
    def __init__(self, at: list[int], span: Span) -> None:
        self.at = at  # where in a row the selected features stand
        self.span = span
        self.values = array("d")
        self.label = array("b")
        self.time = array("q")
        self.account = array("q")
        self.accounts: dict[str, int] = {}
        self.pattern: list[str] = []
        self.source = array("h")


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def _lines(file: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[str]:
    for line in file:
        update(line)
        yield line.decode()


def _read_rows(
    rows: Iterator[list[str]], schema: Schema, columns: _Columns, path: Path, progress: Callable[[str], None]
) -> None:
    _check_header(next(rows, []), schema, path)
    names, missing = schema.names, math.nan
    width = len(LEADING) + len(names) + len(schema.trailing)
    patterns: dict[str, str] = {}  # one string object for each name
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise TrainingError(f"{path}: row {number} has {len(row)} fields instead of {width}")
        if number % 200_000 == 0:
            progress(f"{number:,} rows read")
        label = _LABELS.get(row[3])
        if label is None:
            raise TrainingError(f"{path}: row {number} has the label {row[3]!r}; it must be 1, 0 or empty")
        try:
            time = parse_time(row[2])
        except TrainingError as e:
            raise TrainingError(f"{path}: row {number}: {e}") from None
        if time not in columns.span:
            continue
        try:
            columns.values.extend([float(v) if (v := row[i]) else missing for i in columns.at])
        except ValueError as e:
            raise TrainingError(f"{path}: row {number} has a feature that is not a number: {e}") from None
        columns.time.append(time)
        columns.account.append(columns.accounts.setdefault(row[1], len(columns.accounts)))
        columns.label.append(label)
        columns.pattern.append(patterns.setdefault(row[4], row[4]))


def _check_header(header: list[str], schema: Schema, path: Path) -> None:
    for want in LEADING:
        if want not in header:
            raise TrainingError(f"{path} has no column {want}; write the file with weir replay --features-out")
    if header[: len(LEADING)] != LEADING:
        raise TrainingError(f"{path} must begin with the columns {', '.join(LEADING)}")
    features = header[len(LEADING) :]
    if schema.trailing and features[-len(schema.trailing) :] == schema.trailing:
        features = features[: -len(schema.trailing)]
    for have, want in zip(features, schema.names, strict=False):
        if have != want:
            raise TrainingError(f"{path} has the column {have} where its schema has {want}; they are of different runs")
    if len(features) != len(schema.names):
        raise TrainingError(
            f"{path} has {len(features)} features and its schema has {len(schema.names)}; they are of different runs"
        )


def _read_parquet(
    path: Path, selected: Schema, columns: _Columns, update: Callable[[bytes], None], progress: Callable[[str], None]
) -> None:
    """Read the rows of a Parquet file, some thousands at a time. Columns may be in any order."""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            update(block)
    with parquet.ParquetFile(path) as file:
        there = file.schema_arrow.names
        for want in [*LEADING, *selected.names]:
            if want not in there:
                raise TrainingError(f"{path} has no column {want}; write the file with weir export")
        rows = 0
        for batch in file.iter_batches(1 << 14, columns=[*LEADING, *selected.names]):
            _add_batch(batch, selected, columns, path)
            rows += batch.num_rows
            if rows // 200_000 != (rows - batch.num_rows) // 200_000:
                progress(f"{rows:,} rows read")


def _add_batch(batch: pyarrow.RecordBatch, selected: Schema, columns: _Columns, path: Path) -> None:
    time = batch.column("timestamp").cast(pyarrow.timestamp("ms", "UTC")).cast(pyarrow.int64())
    within = [t in columns.span for t in time.to_pylist()]
    batch = batch.filter(pyarrow.array(within))
    label = batch.column("label").cast(pyarrow.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    if not np.isin(label, (-1, 0, 1)).all():
        raise TrainingError(f"{path} has a label that is neither 1, 0 nor null")
    values = [batch.column(name).cast(pyarrow.float64()).to_numpy(zero_copy_only=False) for name in selected.names]
    columns.values.frombytes(np.column_stack(values).astype(np.float64, copy=False).tobytes())
    columns.label.frombytes(label.astype(np.int8).tobytes())
    columns.time.frombytes(time.filter(pyarrow.array(within)).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
    accounts = columns.accounts
    columns.account.extend(accounts.setdefault(a, len(accounts)) for a in batch.column("account_id").to_pylist())
    patterns: dict[str, str] = {}
    columns.pattern.extend(patterns.setdefault(p or "", p or "") for p in batch.column("pattern").to_pylist())
