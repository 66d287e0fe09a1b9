"""``python -m weir_train.protocol`` measures scores by the protocol of the Fraud Detection Handbook.

Source: Le Borgne, Siblini, Lebichot, Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection –
Practical Handbook", 2022, chapter 3, "Baseline fraud detection system", and chapter 5, "Prequential validation".

    |-- 7 days: training --|-- 7 days: label delay --|-- 7 days: test --|

A model that is trained by the end of the first week is tested in the third, since the labels of the second are not
known before that. Cards that are known to be compromised are blocked and have no part in the test: those with a fraud
in the training week and, on day d of the test (0 to 6), those with a fraud up to day d − 1 of the delay week, which is
known by then.

A fold is one such three weeks. Prequential validation takes several, each a week later, and reports their mean.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from weir_train import TrainingError
from weir_train.dataset import LEADING, Bools, Floats, Ints
from weir_train.metrics import average_precision
from weir_train.moments import DAY_MS, format_time, parse_time

WEEK_DAYS = 7


@dataclass(frozen=True)
class Rows:
    """Labelled transactions in the order of the stream. All arrays have one entry a row."""

    ids: list[str]
    account: Ints  # a number for each account
    day: Ints  # of UTC, since 1970
    fraud: Bools


@dataclass(frozen=True)
class Figures:
    """What scores are worth in the test week of a fold."""

    start: str  # the first day of the training week
    rows: int
    frauds: int
    average_precision: float
    card_precision: float
    perfect: float  # the card precision of scores that are 1 for fraud and 0 otherwise


def in_test(rows: Rows, start: int) -> Rows:
    """Return the rows that are in the test of the fold whose training week begins with day start."""
    delay, first = start + WEEK_DAYS, start + 2 * WEEK_DAYS
    # The last day of the training week is day d − 1 of the delay week for d = 0.
    blocked = np.unique(rows.account[rows.fraud & (rows.day >= start) & (rows.day < delay)])
    part = np.zeros(len(rows.day), dtype=np.bool_)
    for d in range(WEEK_DAYS):
        blocked = np.union1d(blocked, rows.account[rows.fraud & (rows.day == delay + d - 1)])
        part |= (rows.day == first + d) & ~np.isin(rows.account, blocked)
    if not rows.fraud[part].any():
        raise TrainingError(f"the test of the fold {_date(start)} has no fraud; the history is too short")
    ids = [rows.ids[i] for i in np.flatnonzero(part)]
    return Rows(ids, rows.account[part], rows.day[part], rows.fraud[part])


def card_precision(score: Floats, rows: Rows, k: int = 100) -> float:
    """Return the mean over the days of the share of the k cards with the highest scores that have a fraud that day.

    A card's score of a day is the highest of its transactions. A card that was hit is blocked from the next day on. Of
    cards with equal scores the one that reached it first comes first, as in weir replay.
    """
    hit: set[int] = set()
    days = np.unique(rows.day)
    hits = 0
    for day in days:
        today = np.flatnonzero(rows.day == day)
        best: dict[int, float] = {}
        for row in today[np.argsort(-score[today], kind="stable")].tolist():
            account = int(rows.account[row])
            if account not in hit and account not in best:
                best[account] = float(score[row])
        frauds = set(rows.account[today[rows.fraud[today]]].tolist())
        found = frauds.intersection(list(best)[:k])
        hit |= found
        hits += len(found)
    return hits / (k * len(days))


def measure(score: Floats, test: Rows, start: int, k: int = 100) -> Figures:
    """Measure scores, one for each row of the test part of the fold whose training week begins with day start."""
    return Figures(
        start=_date(start),
        rows=len(test.ids),
        frauds=int(test.fraud.sum()),
        average_precision=average_precision(score, test.fraud),
        card_precision=card_precision(score, test, k),
        perfect=card_precision(test.fraud.astype(np.float64), test, k),
    )


def read_rows(path: Path) -> Rows:
    """Read what the protocol needs of the rows that have a label, from a CSV that weir replay --features-out wrote."""
    ids: list[str] = []
    account: list[int] = []
    day: list[int] = []
    fraud: list[bool] = []
    numbers: dict[str, int] = {}
    days: dict[str, int] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if next(rows, [])[: len(LEADING)] != LEADING:
                raise TrainingError(f"{path} must begin with the columns {', '.join(LEADING)}")
            for row in rows:
                if row[3]:
                    ids.append(row[0])
                    account.append(numbers.setdefault(row[1], len(numbers)))
                    date = row[2][:10]  # weir writes times in UTC
                    if date not in days:
                        days[date] = day_of(date)
                    day.append(days[date])
                    fraud.append(row[3] == "1")
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise TrainingError(f"{path} cannot be read: {e}") from e
    return Rows(ids, np.array(account, dtype=np.int64), np.array(day, dtype=np.int64), np.array(fraud, dtype=np.bool_))


def read_scores(lines: Iterable[str], rows: Rows) -> Floats:
    """Read the score of each row from decisions, one JSON object on each line, which may have others too."""
    at = {name: i for i, name in enumerate(rows.ids)}
    score = np.full(len(rows.ids), np.nan)
    for number, line in enumerate(lines, start=1):
        try:
            decision = json.loads(line)
            row = at.get(decision["transaction_id"])
            if row is not None:
                score[row] = decision["score"]
        except (ValueError, KeyError, TypeError) as e:
            raise TrainingError(f"line {number} of the decisions has no transaction_id and score: {e}") from None
    if np.isnan(score).any():
        missing = rows.ids[int(np.flatnonzero(np.isnan(score))[0])]
        raise TrainingError(f"transaction {missing} of the test has no score; replay all of it")
    return score


def day_of(date: str) -> int:
    """Return the number of a day, such as 2018-07-25, since 1970."""
    return parse_time(f"{date}T00:00:00Z") // DAY_MS


def _date(day: int) -> str:
    return format_time(day * DAY_MS)[:10]


def parser() -> argparse.ArgumentParser:
    """Build the argument parser."""
    description = (__doc__ or "").replace("``", "")
    p = argparse.ArgumentParser(
        prog="python -m weir_train.protocol",
        description=description,
        epilog="example:\n  weir replay --decisions-out - transactions.csv | "
        "python -m weir_train.protocol --features features.csv --start 2018-07-25",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument(
        "--features",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV that weir replay --features-out wrote: the labels",
    )
    p.add_argument(
        "--start", required=True, metavar="DAY", help="the first day of the training week, such as 2018-07-25"
    )
    p.add_argument(
        "--decisions",
        default="-",
        metavar="FILE",
        help="what weir replay --decisions-out wrote: the scores; - for standard input (default %(default)s)",
    )
    p.add_argument("--cards", type=int, default=100, metavar="K", help="cards looked at a day (default %(default)s)")
    return p


def run(args: argparse.Namespace, stdin: TextIO) -> Figures:
    """Measure as the arguments say."""
    start = day_of(args.start)
    test = in_test(read_rows(args.features), start)
    if args.decisions == "-":
        return measure(read_scores(stdin, test), test, start, args.cards)
    try:
        with Path(args.decisions).open(encoding="utf-8") as file:
            return measure(read_scores(file, test), test, start, args.cards)
    except OSError as e:
        raise TrainingError(f"{args.decisions} cannot be read: {e.strerror}") from e


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures of one fold as one line of JSON; return 0, or 1 after a sentence on stderr."""
    args = parser().parse_args(argv)
    try:
        print(json.dumps(asdict(run(args, sys.stdin))))
    except TrainingError as e:
        print(f"weir_train: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
