import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from weir_train import TrainingError
from weir_train.boosting import Shape
from weir_train.calibration import KINDS, Isotonic, Kind, Platt, Scores, learn
from weir_train.dataset import Bools, Floats
from weir_train.evaluation import reliability
from weir_train.metrics import average_precision, curve, roc_auc
from weir_train.pipeline import Job, run
from weir_train.thresholds import Budget


def sample(seed: int, rows: int = 20_000, decimals: int = 17) -> tuple[Scores, Bools]:
    """Make margins that are twice as sure as they should be, and what the transactions were."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-3.0, 1.5, rows)
    fraud = rng.random(rows) < 1 / (1 + np.exp(-truth))
    margin = np.round(2 * truth + 1, decimals)
    return Scores(margin, 1 / (1 + np.exp(-margin))), np.asarray(fraud, dtype=np.bool_)


def naive_levels(score: Floats, fraud: Bools) -> Floats:
    """The rising fit by its max-min formula: the greatest of the least means of what begins at or below a score."""
    x = np.unique(score)
    share = [[fraud[(score >= a) & (score <= b)].mean() if a <= b else math.inf for b in x] for a in x]
    return np.array([max(min(share[a][b] for b in range(i, len(x))) for a in range(i + 1)) for i in range(len(x))])


@pytest.mark.parametrize("seed", range(5))
def test_isotonic_is_the_rising_fit_with_knots_at_the_centres(seed: int) -> None:
    scores, fraud = sample(seed, rows=60, decimals=0)
    fraud[:2] = [True, False]
    c = learn("isotonic", scores, fraud)
    assert isinstance(c, Isotonic)
    fit, x = naive_levels(scores.probability, fraud), np.unique(scores.probability)
    at = np.searchsorted(x, scores.probability)
    weight = 1 / len(fraud)
    expected = []
    for level in np.unique(np.round(fit, 12)):
        rows = np.abs(fit[at] - level) < 1e-9
        centre = scores.probability[rows].mean()
        expected.append((centre, (1 - weight) * fraud[rows].mean() + weight * centre))
    inner = list(zip(c.scores.tolist(), c.probabilities.tolist(), strict=True))[1:-1]
    assert np.allclose(inner, expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
@pytest.mark.parametrize("seed", range(3))
def test_ranking_survives(kind: Kind, seed: int) -> None:
    scores, fraud = sample(seed)
    calibrated = learn(kind, scores, fraud).apply(scores)
    order = np.argsort(scores.probability)
    assert (np.diff(scores.probability[order]) > 0).all()
    assert (np.diff(calibrated[order]) > 0).all()
    assert calibrated.min() >= 0
    assert calibrated.max() <= 1
    assert average_precision(calibrated, fraud) == average_precision(scores.probability, fraud)
    assert roc_auc(calibrated, fraud) == roc_auc(scores.probability, fraud)
    assert (curve(calibrated, fraud).frauds == curve(scores.probability, fraud).frauds).all()


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_scores_become_shares_on_rows_that_it_has_not_seen(kind: Kind) -> None:
    scores, fraud = sample(1)
    c = learn(kind, scores, fraud)
    unseen, truth = sample(2)
    before, after = reliability(unseen.probability, truth), reliability(c.apply(unseen), truth)
    assert before.error > 0.03
    assert after.error < before.error / 4
    assert after.brier < before.brier
    assert after.mean == pytest.approx(truth.mean(), rel=0.1)


def test_platt_finds_the_curve() -> None:
    scores, fraud = sample(1, rows=200_000)
    c = learn("platt", scores, fraud)  # the truth is (margin - 1) / 2
    assert isinstance(c, Platt)
    assert c.slope == pytest.approx(0.5, rel=0.02)
    assert c.intercept == pytest.approx(-0.5, abs=0.03)
    shifted = learn("platt", Scores(scores.margin * 1e-6 + 1e3, scores.probability), fraud)
    assert isinstance(shifted, Platt)
    assert shifted.slope == pytest.approx(c.slope * 1e6, rel=1e-6)


def test_platt_stays_finite_where_margins_make_no_mistake() -> None:
    margin = np.linspace(-5, 5, 101)
    c = learn("platt", Scores(margin, margin), margin > 0)
    assert isinstance(c, Platt)
    assert 0 < c.slope < 100


def test_platt_refuses_what_is_no_score() -> None:
    margin = np.linspace(-5, 5, 101)
    with pytest.raises(TrainingError, match="greater scores do not mean more fraud"):
        learn("platt", Scores(margin, margin), margin < 0)
    with pytest.raises(TrainingError, match="every row of the validation part has the same score"):
        learn("platt", Scores(np.zeros(4), np.full(4, 0.5)), np.array([True, False, True, False]))


@pytest.mark.parametrize(
    ("score", "fraud"),
    [
        ([0.2, 0.2, 0.2], [True, False, False]),  # one score
        ([0.0, 0.5, 1.0], [False, True, True]),  # at both ends
        ([0.0, 1.0], [True, False]),  # falling: one level
        ([0.1, 0.2, 0.3, 0.4], [False, False, True, True]),  # without a mistake
        ([5e-324, 1e-320, 0.5], [False, True, True]),
    ],
)
def test_isotonic_knots_are_legal_at_the_corners(score: list[float], fraud: list[bool]) -> None:
    x = np.array(score)
    c = learn("isotonic", Scores(x, x), np.array(fraud))
    assert isinstance(c, Isotonic)
    assert c.scores[0] == 0
    assert c.scores[-1] == 1
    assert (np.diff(c.scores) > 0).all()
    assert (np.diff(c.probabilities) > 0).all()
    assert c.probabilities[0] >= 0
    assert c.probabilities[-1] <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_thresholds_and_golden_vectors_are_of_calibrated_scores(kind: Kind, features: Path, tmp_path: Path) -> None:
    shape = Shape(trees=15, leaves=7, learning_rate=0.2)
    job = Job([features], tmp_path / "m", "cards/1", shape, budget=Budget(per_day=3), decline_precision=0.7)
    run(replace(job, calibrate=kind), lambda _: None)
    run(replace(job, out=tmp_path / "plain"), lambda _: None)
    files, plain = ({p.name: p.read_bytes() for p in (tmp_path / d).iterdir()} for d in ("m", "plain"))
    manifest, before = json.loads(files["manifest.json"]), json.loads(plain["manifest.json"])
    assert files["model.txt"] == plain["model.txt"]
    # A calibration moves the thresholds and nothing of what they do where they were chosen.
    for part in ("review", "decline"):
        assert manifest["thresholds"][part]["per_day"] == before["thresholds"][part]["per_day"]
    assert manifest["test"]["average_precision"] == before["test"]["average_precision"]
    if kind == "none":
        assert files == plain
        return
    assert manifest["thresholds"] != before["thresholds"]
    assert manifest["calibration"]["kind"] == kind
    report = files["report.md"].decode()
    assert f"The scores are calibrated: {kind}" in report
    assert "| test | after |" in report

    # Once more, from the files alone.
    booster = lgb.Booster(model_str=files["model.txt"].decode())
    rows = list(csv.reader(files["golden.csv"].decode().splitlines()))
    values = np.array([[float(v) if v else math.nan for v in row] for row in rows[1:]])
    margin = np.asarray(booster.predict(np.ascontiguousarray(values[:, 2:]), raw_score=True))
    assert (margin == values[:, 0]).all()
    stated = manifest["calibration"]
    if kind == "platt":
        expected = 1 / (1 + np.exp(-(stated["slope"] * margin + stated["intercept"])))
    else:
        expected = np.interp(1 / (1 + np.exp(-margin)), stated["scores"], stated["probabilities"])
    assert np.allclose(values[:, 1], expected, atol=1e-12, rtol=0)
