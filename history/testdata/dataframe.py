"""Makes dataframe.parquet, the file of TestDataframe, with pandas and pyarrow.

    pip install pandas==3.1.1 pyarrow==26.0.1 && python dataframe.py
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd

frame = pd.DataFrame(
    {
        "id": ["t1", "t2", "t3"],
        # A whole-number column with a value missing is one of floats.
        "card": [596.0, 4961.0, float("nan")],
        "local": [datetime(2024, 3, 3, 9, 15), datetime(2024, 3, 3, 9, 20, 0, 250_000), datetime(2024, 7, 1, 21, 2)],
        "instant": pd.to_datetime([datetime(2024, 3, 3, 8, 15, tzinfo=UTC)] * 3).tz_convert("Europe/Berlin"),
        "day": [date(2024, 3, 3), date(2024, 3, 3), date(2024, 7, 1)],
        "amount": [Decimal("1249.90"), Decimal("0.07"), Decimal("-200.00")],
        "wide": [Decimal("12345678901234567890.12"), Decimal("12.00"), None],
        "float": [57.160000000000004, 12.0, 0.5],
        "currency": pd.Categorical(["EUR", "USD", "EUR"]),
        "fraud": [True, False, None],
        "shop": [{"name": "Radio Ort", "at": {"lat": 48.137154, "lon": 11.576124}}, None, {"name": "ATM 7", "at": None}],
        "tags": [["a", "b"], [], None],
    }
)
frame.to_parquet(Path(__file__).with_name("dataframe.parquet"), index=False, compression="zstd")
