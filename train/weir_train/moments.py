"""Event times as milliseconds since the Unix epoch, UTC, which is how the engine keeps them."""

import re
from datetime import UTC, datetime

from weir_train import TrainingError

DAY_MS = 86_400_000
_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(text: str) -> int:
    """Read an RFC 3339 time; digits beyond the millisecond are cut off."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TrainingError(f"{text!r} is not an RFC 3339 time, such as 2026-11-24T00:00:00Z") from None
    if moment.tzinfo is None:
        raise TrainingError(f"{text!r} has no time zone; write it as in 2026-11-24T00:00:00Z")
    delta = moment - _EPOCH
    return delta.days * DAY_MS + delta.seconds * 1000 + delta.microseconds // 1000


def format_time(ms: int) -> str:
    """Write a time as RFC 3339 in UTC, with milliseconds only where there are any."""
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def parse_duration(text: str) -> int:
    """Read a duration such as 90m, 12h or 7d, in milliseconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise TrainingError(f"{text!r} is not a duration; write a number and s, m, h or d, as in 7d")
    return round(float(match[1]) * _UNITS[match[2]])
