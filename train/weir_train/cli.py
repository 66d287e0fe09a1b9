"""The command line of ``python -m weir_train``."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from weir_train import TrainingError, __version__
from weir_train.boosting import Shape
from weir_train.calibration import KINDS
from weir_train.dataset import Span
from weir_train.groups import BEHAVIOUR, COMPARED, Options, Term, terms
from weir_train.job import METHODS, SCORINGS, Job
from weir_train.moments import parse_duration, parse_time
from weir_train.pipeline import run
from weir_train.thresholds import Budget

_DESCRIPTION = """\
Train a fraud model from the features that weir replay wrote, and write its model directory: model.txt (trees in
LightGBM's text form), manifest.json, golden.csv and report.md. The same files and options give the same bytes.

The rows are split by time, never at random:

    |------ fit: grows the trees ------|-- validation: thresholds --|.. delay ..|---- test: figures ----|
"""

_EPILOG = """\
example:
  weir replay --input transactions.jsonl.zst --features-out features.csv.gz
  python -m weir_train --features features.csv.gz --out models/cards/2026-11-24 --id cards/2026-11-24 \\
      --alerts-per-day 200 --delay 7d

  python -m weir_train --method isolation-forest --groups 8 --features features.csv.gz --out models/cards/strange \\
      --id cards/strange --alerts-per-day 50    # without any label

Then read report.md in the model directory. docs/models.md says what each file holds and what loading verifies.
"""

_FOREST_LEAVES = 255  # of a random forest, whose trees are not small

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


def parser() -> argparse.ArgumentParser:
    """Build the argument parser."""
    p = argparse.ArgumentParser(
        prog="python -m weir_train",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--version", action="version", version=__version__)
    what = p.add_argument_group("what")
    what.add_argument(
        "--features",
        type=Path,
        required=True,
        nargs="+",
        metavar="FILE",
        help="CSV that weir replay --features-out wrote, plain or .gz, with FILE.schema.json beside it; several are "
        "split in time as one",
    )
    what.add_argument(
        "--select",
        metavar="NAME,...",
        help="the features to train on, in the model's order, or @FILE with one on each line (default: all; for an "
        "isolation forest, of the shipped features, those that tell what is strange)",
    )
    what.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model directory to make")
    what.add_argument("--id", required=True, help="the model's name in decisions, such as cards/2026-11-24")
    what.add_argument("--created", metavar="TIME", help="creation time to state (default: the last transaction's)")
    what.add_argument("--replace", action="store_true", help="replace a model directory at --out")

    how = p.add_argument_group("method")
    how.add_argument(
        "--method",
        choices=METHODS,
        default="boosting",
        help="boosting: LightGBM; random-forest: scikit-learn's; isolation-forest: scikit-learn's, which needs no "
        "label and scores how strange a transaction is (default %(default)s)",
    )
    how.add_argument(
        "--groups",
        type=int,
        default=0,
        metavar="N",
        help="make N groups of accounts that behave alike, and the distance from the own group an input (default none)",
    )
    how.add_argument(
        "--group-by",
        metavar="NAME,...",
        help="what accounts are grouped by, log: before a feature that is taken as log(1+x) (default: of "
        + ", ".join(BEHAVIOUR)
        + " those that there are)",
    )
    how.add_argument(
        "--group-compare",
        metavar="NAME,...",
        help="what of a transaction is compared with its group (default: of "
        + ", ".join(COMPARED)
        + " those that there are)",
    )
    how.add_argument(
        "--score",
        choices=SCORINGS,
        default="both",
        help="of an isolation forest with groups: which of them makes the score (default %(default)s)",
    )

    parts = p.add_argument_group("split in time")
    where = parts.add_mutually_exclusive_group()
    where.add_argument(
        "--test-fraction",
        type=float,
        default=0.25,
        metavar="F",
        help="share of the labelled rows, the latest, to test on (default %(default)s)",
    )
    where.add_argument("--test-from", metavar="TIME", help="test on what is at or after this RFC 3339 time")
    parts.add_argument("--test-to", metavar="TIME", help="and before this time (default: to the end)")
    parts.add_argument("--train-from", metavar="TIME", help="train on what is at or after this time (default: on all)")
    parts.add_argument(
        "--train-to", metavar="TIME", help="and before this time (default: the beginning of the test less --delay)"
    )
    parts.add_argument(
        "--validation-fraction",
        type=float,
        default=0.25,
        metavar="F",
        help="share of the labelled rows before the test, the latest, to choose thresholds on (default %(default)s)",
    )
    parts.add_argument(
        "--delay",
        default="0d",
        metavar="D",
        help="how long a label takes to be known, such as 7d: rows within it before the test are left out "
        "(default none)",
    )
    parts.add_argument(
        "--refit",
        action="store_true",
        help="grow the trees again on fit and validation together, once the thresholds are chosen",
    )

    choose = p.add_argument_group("thresholds")
    budget = choose.add_mutually_exclusive_group()
    budget.add_argument(
        "--alerts-per-day",
        type=float,
        default=200,
        metavar="N",
        help="the analysts' budget: the review threshold gives at most this many (default %(default)s)",
    )
    budget.add_argument(
        "--alert-share",
        type=float,
        metavar="F",
        help="the budget as a share of all transactions, where a day means little, as in squeezed traffic",
    )
    choose.add_argument(
        "--decline-precision",
        type=float,
        default=0.9,
        metavar="P",
        help="decline where at least this share is fraud, with 90 %% confidence (default %(default)s)",
    )

    choose.add_argument(
        "--calibrate",
        choices=KINDS,
        help="make scores the share of fraud, as the validation part has it: isotonic needs some hundred frauds there, "
        "platt fewer (default isotonic; an isolation forest is not calibrated)",
    )

    shape = Shape()
    trees = p.add_argument_group("trees")
    trees.add_argument("--trees", type=int, default=shape.trees, metavar="N", help="how many (default %(default)s)")
    trees.add_argument(
        "--leaves",
        type=int,
        metavar="N",
        help=f"of one tree (default {shape.leaves}; of a random forest {_FOREST_LEAVES}; an isolation forest has "
        "no limit)",
    )
    trees.add_argument(
        "--learning-rate", type=float, default=shape.learning_rate, metavar="R", help="(default %(default)s)"
    )
    trees.add_argument(
        "--min-data-in-leaf",
        type=int,
        default=shape.min_data_in_leaf,
        metavar="N",
        help="rows a leaf needs (default %(default)s)",
    )
    trees.add_argument(
        "--sample",
        type=int,
        default=256,
        metavar="N",
        help="rows that each tree of an isolation forest is grown on (default %(default)s)",
    )
    trees.add_argument("--seed", type=int, default=shape.seed, metavar="N", help="(default %(default)s)")
    trees.add_argument(
        "--threads", type=int, default=shape.threads, metavar="N", help="stands in model.txt (default %(default)s)"
    )
    return p


def selection(text: str) -> list[str]:
    """Read names that are separated by commas, or stand on the lines of the file after an @."""
    if not text.startswith("@"):
        return [name.strip() for name in text.split(",")]
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise TrainingError(f"--select: {text[1:]} cannot be read: {e.strerror}") from e
    names = [name for line in lines if (name := line.split("#")[0].strip())]
    if not names:
        raise TrainingError(f"--select: {text[1:]} names no feature")
    return names


def _terms(text: str | None) -> list[Term] | None:
    return None if text is None else terms(selection(text))


def _span(args: argparse.Namespace, name: str) -> Span:
    start, end = (
        None if (text := getattr(args, f"{name}_{edge}")) is None else parse_time(text) for edge in ("from", "to")
    )
    if start is not None and end is not None and start >= end:
        raise TrainingError(f"--{name}-from must lie before --{name}-to")
    return Span(start, end)


def job(args: argparse.Namespace) -> Job:
    """Check the arguments and turn them into a job."""
    for option in ("test_fraction", "validation_fraction"):
        if not 0 < getattr(args, option) < 1:
            raise TrainingError(f"--{option.replace('_', '-')} must lie between 0 and 1")
    if not 0 < args.decline_precision <= 1:
        raise TrainingError("--decline-precision must be above 0 and at most 1")
    if not args.alerts_per_day > 0:
        raise TrainingError("--alerts-per-day must be above 0")
    if args.alert_share is not None and not 0 < args.alert_share < 1:
        raise TrainingError("--alert-share must lie between 0 and 1")
    least_of = {"trees": 1, "leaves": 2, "min_data_in_leaf": 1, "threads": 1, "seed": 0, "sample": 2, "groups": 0}
    for option, least in least_of.items():
        if (value := getattr(args, option)) is not None and value < least:
            raise TrainingError(f"--{option.replace('_', '-')} must be at least {least}")
    if not args.learning_rate > 0:
        raise TrainingError("--learning-rate must be above 0")
    if not _ID.fullmatch(args.id) or len(args.id) > 100:
        raise TrainingError(
            f"--id {args.id!r} is not legal; use lower-case letters, digits, ., _ and -, parts joined by /, "
            "as in cards/2026-11-24"
        )
    if args.method == "isolation-forest" and args.calibrate not in (None, "none"):
        raise TrainingError("--calibrate needs labels, and an isolation forest is trained without; leave it out")
    if args.groups == 0 and (args.group_by or args.group_compare or args.score != "both"):
        raise TrainingError("--group-by, --group-compare and --score are about groups; ask for some with --groups")
    return Job(
        features=args.features,
        out=args.out,
        model_id=args.id,
        shape=Shape(
            args.trees,
            args.leaves or (_FOREST_LEAVES if args.method == "random-forest" else Shape.leaves),
            args.learning_rate,
            args.min_data_in_leaf,
            args.seed,
            args.threads,
        ),
        method=args.method,
        sample=args.sample,
        groups=None if args.groups == 0 else Options(args.groups, _terms(args.group_by), _terms(args.group_compare)),
        scoring=args.score,
        test_fraction=args.test_fraction,
        validation_fraction=args.validation_fraction,
        train=_span(args, "train"),
        test=_span(args, "test"),
        delay_ms=parse_duration(args.delay),
        select=None if args.select is None else selection(args.select),
        refit=args.refit,
        budget=Budget(args.alerts_per_day, args.alert_share),
        decline_precision=args.decline_precision,
        calibrate=args.calibrate or ("none" if args.method == "isolation-forest" else "isotonic"),
        created_ms=None if args.created is None else parse_time(args.created),
        replace=args.replace,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Train; return 0, or 1 after a sentence on stderr."""
    args = parser().parse_args(argv)
    try:
        run(job(args), lambda line: print(f"weir_train: {line}", file=sys.stderr, flush=True))
    except TrainingError as e:
        print(f"weir_train: {e}", file=sys.stderr)
        return 1
    return 0
