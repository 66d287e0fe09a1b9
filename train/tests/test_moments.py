import pytest

from weir_train import TrainingError
from weir_train.moments import format_time, parse_duration, parse_time


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-24T00:00:00Z", 1_795_478_400_000),
        ("2026-11-24T02:00:00+02:00", 1_795_478_400_000),
        ("2026-11-24T00:00:00.123999Z", 1_795_478_400_123),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_parse_time(text: str, ms: int) -> None:
    assert parse_time(text) == ms
    assert parse_time(format_time(ms)) == ms


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-24T00:00:00", "2026-13-01T00:00:00Z"])
def test_parse_time_refuses(text: str) -> None:
    with pytest.raises(TrainingError, match="2026-11-24T00:00:00Z"):
        parse_time(text)


def test_format_time_writes_milliseconds_only_where_there_are_any() -> None:
    assert format_time(0) == "1970-01-01T00:00:00Z"
    assert format_time(50) == "1970-01-01T00:00:00.050Z"


def test_parse_duration() -> None:
    assert [parse_duration(t) for t in ("0d", "90m", "1.5h", "7d", "2s")] == [
        0,
        5_400_000,
        5_400_000,
        604_800_000,
        2000,
    ]
    for text in ("", "7", "d", "-1d", "7w", "1e3s"):
        with pytest.raises(TrainingError, match="as in 7d"):
            parse_duration(text)
