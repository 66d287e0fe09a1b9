"""Writes golden.json: samples, and the figures that scikit-learn and the Fraud Detection Handbook's recipe give them.

python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scikit-learn==1.9.1 pandas==3.1.1
/tmp/golden/bin/python evaluation/testdata/golden.py
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.metrics import average_precision_score, roc_auc_score


def ranking(rng: np.random.Generator, n: int, share: float, digits: int | None) -> dict[str, Any]:
    """Scores that know a little, rounded to the given digits so that many are equal."""
    fraud = rng.random(n) < share
    fraud[0], fraud[1] = True, False
    score = 1 / (1 + np.exp(-rng.normal(3.0 * fraud - 3.0, 2.0)))
    if digits is not None:
        score = np.round(score, digits)
    return {
        "score": score.tolist(),
        "fraud": fraud.astype(int).tolist(),
        "average_precision": float(average_precision_score(fraud, score)),
        "roc_auc": float(roc_auc_score(fraud, score)),
    }


def card_precision(rows: pd.DataFrame, k: int) -> float:
    """Follow card_precision_top_k of the handbook's shared functions (chapter 4, "Precision top-k metrics")."""
    detected: set[int] = set()
    days = []
    for _, day in rows.groupby("day"):
        left = day[~day["card"].isin(detected)]
        cards = left.groupby("card")[["score", "fraud"]].max().sort_values("score", ascending=False)
        top = cards.head(k)
        hits = top.index[top["fraud"] == 1].tolist()
        detected.update(hits)
        days.append(len(hits) / k)
    return float(np.mean(days))


def cards(rng: np.random.Generator, n: int, accounts: int, days: int, k: int) -> dict[str, Any]:
    """Transactions of cards over some days. No two scores are equal: the recipe leaves the order of ties open."""
    fraud = rng.random(n) < 0.15
    rows = pd.DataFrame(
        {
            "day": np.sort(rng.integers(0, days, n)),
            "card": rng.integers(0, accounts, n),
            "score": 1 / (1 + np.exp(-rng.normal(2.0 * fraud - 2.0, 2.0))),
            "fraud": fraud.astype(int),
        }
    )
    return {"k": k, **rows.to_dict("list"), "mean": card_precision(rows, k)}


def main() -> None:
    """Write the file beside this one."""
    rng = np.random.default_rng(1)
    golden = {
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "pandas": pd.__version__},
        "rankings": [
            ranking(rng, n, share, digits)
            for n, share in ((2, 0.5), (7, 0.4), (60, 0.3), (300, 0.05))
            for digits in (None, 2, 1, 0)
        ],
        "cards": [cards(rng, n, accounts, days, k) for n, accounts, days, k in ((40, 8, 4, 3), (300, 60, 9, 10))],
    }
    Path(__file__).with_name("golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
