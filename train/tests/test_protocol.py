import io
import json
from pathlib import Path

import numpy as np
import pytest

from weir_train import TrainingError, protocol
from weir_train.dataset import LEADING, Floats
from weir_train.moments import DAY_MS, format_time
from weir_train.protocol import Rows, card_precision, day_of, in_test, measure, read_rows, read_scores

START = day_of("2018-07-25")
GOLDEN = Path(__file__).parents[2] / "evaluation" / "testdata" / "golden.json"


def rows(*made: tuple[int, int, bool]) -> Rows:
    """Make rows of (day since START, account, fraud), called t0, t1, …"""
    day, account, fraud = zip(*made, strict=True)
    return Rows([f"t{i}" for i in range(len(made))], np.array(account), np.array(day) + START, np.array(fraud))


@pytest.mark.parametrize("sample", json.loads(GOLDEN.read_text())["cards"])
def test_card_precision_is_that_of_the_handbook(sample: dict[str, list[int]]) -> None:
    part = Rows([], np.array(sample["card"]), np.array(sample["day"]), np.array(sample["fraud"]) == 1)
    assert card_precision(np.array(sample["score"]), part, int(sample["k"])) == pytest.approx(sample["mean"])  # type: ignore[call-overload]


def test_a_card_that_was_hit_leaves_the_later_days() -> None:
    part = rows((0, 1, True), (0, 2, False), (1, 1, True), (1, 2, True))
    score = np.array([0.9, 0.8, 0.9, 0.1])
    assert card_precision(score, part, 1) == 1  # card 1, then card 2, since card 1 is blocked
    assert card_precision(-score, part, 1) == 0.5  # card 2 without a fraud, then card 2 with one


def test_a_cards_fraud_counts_whatever_transaction_has_the_score() -> None:
    part = rows((0, 1, False), (0, 1, True), (0, 2, False))
    assert card_precision(np.array([0.9, 0.1, 0.5]), part, 1) == 1


def test_of_equal_scores_the_first_comes_first() -> None:
    part = rows((0, 2, False), (0, 1, True))
    assert card_precision(np.array([0.5, 0.5]), part, 1) == 0


def test_the_test_leaves_out_cards_that_are_known_to_be_compromised() -> None:
    made = rows(
        (0, 1, True),  # fraud in the training week
        (6, 2, True),  # on its last day
        (7, 3, True),  # on day 0 of the delay week
        (12, 4, True),  # on day 5 of it
        (13, 5, True),  # on its last day, which is known on no day of the test
        (-1, 6, True),  # before the training week
        (14, 7, True),  # in the test
        *((day, account, account == 6) for day in (13, 14, 15, 20, 21) for account in range(1, 8)),
    )
    part = in_test(made, START)
    left = {day: sorted(part.account[part.day == START + day].tolist()) for day in range(13, 22)}
    assert left[13] == left[21] == []  # outside of the test
    assert left[14] == [3, 4, 5, 6, 7, 7]  # on day 0 nothing of the delay week is known
    assert left[15] == [4, 5, 6, 7]
    assert left[20] == [5, 6, 7]
    assert part.ids[0] == "t6"


def test_measure() -> None:
    part = rows((14, 1, True), (14, 2, False), (15, 3, True), (15, 4, False))
    figures = measure(np.array([0.9, 0.1, 0.4, 0.6]), part, START, k=1)
    assert figures.start == "2018-07-25"
    assert (figures.rows, figures.frauds) == (4, 2)
    assert figures.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert figures.card_precision == 0.5
    assert figures.perfect == 1


def write(directory: Path) -> tuple[Path, Floats]:
    """Write a features file and decisions of four weeks; return its path and the scores."""
    rng = np.random.default_rng(1)
    path = directory / "features.csv"
    lines, decisions, scores = [",".join([*LEADING, "a"])], [], []
    for i in range(2000):
        time = START * DAY_MS + i * 28 * DAY_MS // 2000
        label = "" if i % 50 == 0 else str(int(rng.random() < 0.1))
        scores.append(round(float(rng.random()), 3))
        lines.append(f"t{i},A{i % 200},{format_time(time)},{label},,1")
        decisions.append(json.dumps({"transaction_id": f"t{i}", "score": scores[-1]}))
    path.write_text("\n".join(lines) + "\n")
    (directory / "decisions.jsonl").write_text("\n".join(decisions) + "\n")
    return path, np.array(scores)


def test_main_prints_the_figures_of_a_fold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scores = write(tmp_path)
    everything = read_rows(path)
    assert "t0" not in everything.ids  # has no label
    part = in_test(everything, START)
    want = measure(scores[[int(name[1:]) for name in part.ids]], part, START, k=5)
    arguments = ["--features", str(path), "--start", "2018-07-25", "--cards", "5"]
    assert protocol.main([*arguments, "--decisions", str(tmp_path / "decisions.jsonl")]) == 0
    assert json.loads(capsys.readouterr().out) == want.__dict__
    monkeypatch.setattr("sys.stdin", io.StringIO((tmp_path / "decisions.jsonl").read_text()))
    assert protocol.main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == want.__dict__


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--start", "2019-01-01"], "the test of the fold 2019-01-01 has no fraud"),
        (["--start", "soon"], "is not an RFC 3339 time"),
        (["--decisions", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["--features", "nowhere.csv"], "nowhere.csv cannot be read"),
    ],
)
def test_main_refuses_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], sentence: str
) -> None:
    path, _ = write(tmp_path)
    decisions = str(tmp_path / "decisions.jsonl")
    assert protocol.main(["--features", str(path), "--start", "2018-07-25", "--decisions", decisions, *more]) == 1
    assert sentence in capsys.readouterr().err


def test_every_row_needs_a_score() -> None:
    part = rows((14, 1, True), (14, 2, False))
    with pytest.raises(TrainingError, match="transaction t1 of the test has no score"):
        read_scores(['{"transaction_id":"t0","score":0.5}'], part)
    with pytest.raises(TrainingError, match="line 1 of the decisions has no transaction_id and score"):
        read_scores(['{"transaction_id":"t0"}'], part)
    with pytest.raises(TrainingError, match="line 1 of the decisions"):
        read_scores(["score"], part)
