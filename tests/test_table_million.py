"""A table of a million rows is measured, drawn and chosen from like any other: no step goes through it row by row.

The bounds are on what is kept and shown, not on the clock; that the file ends within seconds is what shows the rest.
"""

import numpy as np
import pandas as pd
import pytest

from pixverse_nb.history import COLUMNS, History
from pixverse_nb.table import measures
from pixverse_nb.table.chooser import ROWS, Chooser
from pixverse_nb.table.columns import ids_of
from pixverse_nb.table.diff import diff
from pixverse_nb.table.pictures import pictures_of

MILLION = 1_000_000


@pytest.fixture(scope="module")
def df():
    """Nine clips of ten, half of them rejected; the tenth failed. Each cost $0.25 and has 5 s."""
    at = np.arange(MILLION)

    def texts(values, codes):
        return pd.array(values, dtype="string").take(codes)

    given = {
        "status": texts(["failed", "completed"], np.minimum(at % 10, 1)),
        "prompt": texts([f"prompt {n}" for n in range(300)], at % 300),
        "duration": np.where(at % 2, 5, 8),
        "quality": texts(["540p", "1080p"], at % 2),
        "created_at": pd.Timestamp("2026-10-01", tz="UTC") + pd.to_timedelta(at, unit="s"),
        "cost_usd": np.where(at % 10, 0.25, np.nan),
        "billed": np.where(at % 10, True, False),
        "latency_s": 30.0 + at % 100,
        "queue_s": at % 7 / 10,
        "inference_s": 25.0 + at % 90,
        "download_s": at % 11 / 100,
        "video_duration_s": np.full(MILLION, 5.0),
        "decision": texts(["keep", "reject"], at // 10 % 2),
        "service": texts(["https://api.segmind.com"], at * 0),
        "error": texts(["the job failed: words of the service", None], np.minimum(at % 10, 1)),
    }
    needs = ("cost_source", "reused_from", "saved_usd", "reason", "mark_in_s", "mark_out_s", "http_status")
    table = {name: pd.Series(values).astype(COLUMNS[name]) for name, values in given.items()}
    table |= {name: texts([None], at * 0).astype(COLUMNS[name]) for name in needs}
    made = History(pd.DataFrame(table))
    made.index = pd.Index(pd.Series(at + MILLION).astype("string").array, name="id")
    return made


def test_measures_of_a_million_rows_are_exact(df):
    whole = measures.costs(df).iloc[0]
    assert (whole["clips"], whole["sum_usd"], whole["unknown_costs"]) == (900_000, 225_000.0, 0)
    yields = measures.yields(df)
    assert len(yields) == 300
    assert (yields["made"].sum(), yields["kept"].sum(), yields["rejected"].sum()) == (MILLION, 450_000, 450_000)
    latencies = measures.latencies(df)
    of_all = latencies[latencies["stage"] == "whole"]
    assert of_all["n"].sum() == 900_000
    assert ids_of(df)[::999_999] == ["1000000", "1999999"]


@pytest.mark.parametrize("name", ["latencies", "tradeoff"])
def test_a_picture_of_a_million_rows_is_drawn_and_small(df, name):
    assert len(pictures_of(df, (name,)).html()) < 400_000


def test_a_million_rows_are_compared_and_the_first_can_be_chosen(df):
    assert len(diff(df)) == MILLION
    table = Chooser(df, None)
    assert f"first {ROWS:,} of 1,000,000" in table._bundle()["text/html"]
    table.close()
