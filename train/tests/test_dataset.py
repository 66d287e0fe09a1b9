import gzip
import hashlib
import json
import math
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from weir_train import TrainingError
from weir_train.dataset import Span, read
from weir_train.moments import parse_time

HEADER = "transaction_id,account_id,timestamp,label,pattern,a,b\n"
ROWS = (
    "t1,A,2026-11-24T00:00:00Z,1,testing,1.5,\n"
    '"t,2",A,2026-11-24T00:00:01.5Z,0,,-0.0,1e300\n'
    "t3,B,2026-11-24T01:00:02+01:00,,,,0.1\n"
)
SCHEMA = {"names": ["a", "b"], "hashes": ["h1", "h2"]}


def write(directory: Path, text: str = HEADER + ROWS, schema: object = SCHEMA, name: str = "f.csv") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    path.with_name(name + ".schema.json").write_text(json.dumps(schema), encoding="utf-8")
    return path


def test_read(tmp_path: Path) -> None:
    data = read([write(tmp_path)])
    assert data.schema.names == ["a", "b"]
    assert data.schema.hashes == ["h1", "h2"]
    assert data.label.tolist() == [1, 0, -1]
    assert data.labelled.tolist() == [True, True, False]
    assert data.pattern.tolist() == ["testing", "", ""]
    assert (data.time - data.time[0]).tolist() == [0, 1500, 2000]
    assert data.X[0, 0] == 1.5
    assert math.isnan(data.X[0, 1])
    assert math.copysign(1, data.X[1, 0]) == -1
    assert data.X[1, 1] == 1e300
    assert data.X[2, 1] == 0.1
    assert data.sha256 == hashlib.sha256((HEADER + ROWS).encode()).hexdigest()


@pytest.mark.parametrize("schema_name", ["f.csv.gz.schema.json", "f.csv.schema.json"])
def test_read_gz(tmp_path: Path, schema_name: str) -> None:
    plain = read([write(tmp_path, name="plain.csv")])
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress((HEADER + ROWS).encode()))
    (tmp_path / schema_name).write_text(json.dumps(SCHEMA), encoding="utf-8")
    data = read([path])
    assert data.X.tobytes() == plain.X.tobytes()
    assert data.sha256 == plain.sha256


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER.replace("label,", "") + ROWS, "has no column label; write the file with weir replay"),
        (
            HEADER.replace("label,pattern", "pattern,label") + ROWS,
            "must begin with the columns transaction_id, account_id",
        ),
        (HEADER.replace("a,b", "b,a") + ROWS, "has the column b where its schema has a; they are of different runs"),
        (HEADER.replace("a,b", "a") + ROWS, "has 1 features and its schema has 2"),
        (HEADER, "has no rows; replay some transactions first"),
        ("", "has no column transaction_id"),
        (HEADER + ROWS.replace("-0.0", "minus"), "row 2 has a feature that is not a number: .*'minus'"),
        (HEADER + ROWS.replace("Z,0,", "Z,2,"), "row 2 has the label '2'; it must be 1, 0 or empty"),
        (HEADER + ROWS.replace("2026-11-24T00:00:00Z", "today"), "row 1: 'today' is not an RFC 3339 time"),
        (HEADER + ROWS.replace("1.5,", "1.5,2,"), "row 1 has 8 fields instead of 7"),
        (HEADER + ROWS.replace("t1", '"t1'), "cannot be read"),
    ],
)
def test_read_refuses(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TrainingError, match=sentence):
        read([path])


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ([], "must be"),
        ({"names": ["a", "b"]}, "must be"),
        ({"names": ["a", ""], "hashes": ["x", "y"]}, "must be"),
        ({"names": ["a", "b"], "hashes": ["x"]}, "one hash for each name"),
        ({"names": ["a", "a"], "hashes": ["x", "y"]}, "each name once"),
        ({"names": ["a", "b:c"], "hashes": ["x", "y"]}, "LightGBM cannot take the feature name 'b:c'"),
    ],
)
def test_read_refuses_schema(tmp_path: Path, schema: object, sentence: str) -> None:
    path = write(tmp_path, schema=schema)
    with pytest.raises(TrainingError, match=sentence):
        read([path])


def test_read_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.csv\.schema\.json does not exist; weir replay"):
        read([tmp_path / "none.csv"])
    path = write(tmp_path)
    path.unlink()
    with pytest.raises(TrainingError, match=r"f\.csv does not exist; write it with weir replay"):
        read([path])
    broken = write(tmp_path, name="f.csv.gz")
    with pytest.raises(TrainingError, match="cannot be read"):
        read([broken])


def test_several_files_are_read_one_after_the_other(tmp_path: Path) -> None:
    first, second = (
        write(tmp_path),
        write(tmp_path, HEADER + "t9,A9,2026-11-20T00:00:00Z,1,testing,7,8\n", name="g.csv"),
    )
    data = read([first, second])
    assert data.sources == ["f", "g"]
    assert data.source.tolist() == [0, 0, 0, 1]
    assert data.X[3].tolist() == [7, 8]
    assert data.sha256 == hashlib.sha256(first.read_bytes() + second.read_bytes()).hexdigest()
    other = write(tmp_path, schema={**SCHEMA, "hashes": ["h1", "h3"]}, name="h.csv")
    with pytest.raises(TrainingError, match=r"h\.csv has other features than .*f\.csv; replay both"):
        read([first, other])


def test_read_keeps_the_selected_features_in_that_order(tmp_path: Path) -> None:
    path = write(tmp_path)
    everything, data = read([path]), read([path], select=["b", "a"])
    assert data.schema.names == ["b", "a"]
    assert data.schema.hashes == ["h2", "h1"]
    assert data.X.tobytes() == everything.X[:, ::-1].tobytes()
    assert data.sha256 == everything.sha256
    assert read([path], select=["b"]).X.shape == (3, 1)
    with pytest.raises(TrainingError, match="there is no feature 'c' in the file; there are a, b"):
        read([path], select=["a", "c"])
    with pytest.raises(TrainingError, match="the feature a is selected twice"):
        read([path], select=["a", "b", "a"])


def test_read_keeps_the_rows_of_a_span(tmp_path: Path) -> None:
    path = write(tmp_path)
    first, second = parse_time("2026-11-24T00:00:00Z"), parse_time("2026-11-24T00:00:02Z")
    assert read([path], span=Span(first, second)).label.tolist() == [1, 0]
    assert read([path], span=Span(start=first + 1)).label.tolist() == [0, -1]
    assert read([path], span=Span(end=second)).sha256 == read([path]).sha256
    with pytest.raises(TrainingError, match=r"has no rows from 2026-11-25T00:00:00Z; replay"):
        read([path], span=Span(start=parse_time("2026-11-25T00:00:00Z")))
    with pytest.raises(TrainingError, match=r"has no rows before 2026-11-24T00:00:00Z; replay"):
        read([path], span=Span(end=first))


TRAILING = ["label_source", "decision_score"]


def test_read_export(tmp_path: Path) -> None:
    plain = read([write(tmp_path, name="plain.csv")])
    header = HEADER.replace("\n", ",label_source,decision_score\n")
    rows = "".join(row + ",analyst,0.5\n" for row in ROWS.splitlines())
    exported = write(tmp_path, header + rows, {**SCHEMA, "trailing": TRAILING}, "export.csv")
    data = read([exported])
    assert data.X.tobytes() == plain.X.tobytes()
    assert data.schema == plain.schema
    both = read([exported, tmp_path / "plain.csv"])
    assert both.X.tobytes() == plain.X.tobytes() * 2


def test_trailing_columns_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="they are of different runs"):
        read([write(tmp_path, HEADER.replace("\n", ",other\n") + ROWS, {**SCHEMA, "trailing": TRAILING})])


def parquet_file(directory: Path, label: list[int | None], schema: object = SCHEMA) -> Path:
    path = directory / "f.parquet"
    columns = {
        "transaction_id": ["t1", "t,2", "t3"],
        "account_id": ["A", "A", "B"],
        "timestamp": pyarrow.array([1795478400000, 1795478401500, 1795478402000], pyarrow.timestamp("ms", "UTC")),
        "label": pyarrow.array(label, pyarrow.int32()),
        "pattern": ["testing", None, None],
        "b": [None, 1e300, 0.1],  # the order of columns is of no matter
        "a": [1.5, -0.0, None],
    }
    parquet.write_table(pyarrow.table(columns), path)
    path.with_name(path.name + ".schema.json").write_text(json.dumps(schema), encoding="utf-8")
    return path


def test_read_parquet(tmp_path: Path) -> None:
    plain, path = read([write(tmp_path, name="plain.csv")]), parquet_file(tmp_path, [1, 0, None])
    data = read([path])
    assert data.X.tobytes() == plain.X.tobytes()
    for have, want in ((data.label, plain.label), (data.time, plain.time), (data.account, plain.account)):
        assert have.tolist() == want.tolist()
    assert data.pattern.tolist() == plain.pattern.tolist()
    assert data.sources == ["f"]
    assert data.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    late = read([path], select=["b"], span=Span(start=1795478401500))
    assert late.X.tolist() == [[1e300], [0.1]]
    assert late.label.tolist() == [0, -1]


def test_parquet_mistakes(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="label that is neither"):
        read([parquet_file(tmp_path, [2, 0, None])])
    with pytest.raises(TrainingError, match="has no column c"):
        read([parquet_file(tmp_path, [1, 0, None], {"names": ["c"], "hashes": ["h"]})])
    path = parquet_file(tmp_path, [1, 0, None])
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(TrainingError, match="cannot be read"):
        read([path])
