"""What `df.pixverse` measures: sums that equal the rows, missing that stays missing, and types that never change."""

import io
import itertools
import math
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pixverse_nb as pv
from pixverse_nb.history import frame as table_of
from pixverse_nb.store import schema
from pixverse_nb.table import measures

HOSTILE = '<img src=x onerror="alert(1)">&amp;</td><script>alert(2)</script>'
REAL = "https://s.example"
NOWHERE = SimpleNamespace(home=Path("nowhere"))
EMPTY = dict.fromkeys(column.name for column in schema.generations.columns)
ROW = {
    **EMPTY, "service": REAL, "api": "v2", "status": "completed", "prompt": "a cat", "duration": 5, "quality": "540p",
    "take": 1, "created_at": 0, "cost_micros": 281_250, "cost_source": "reported", "billed": True,
    "video_duration_s": 5.0,
}  # fmt: skip
FAILED = {
    "status": "failed", "cost_micros": None, "cost_source": None, "billed": False, "video_duration_s": None,
    "error": "the generation failed: too dark", "http_status": 422,
}  # fmt: skip


def rows_of(*changes):
    return [{**ROW, "id": f"{n:016d}", **change} for n, change in enumerate(changes)]


def table(*changes):
    return table_of(rows_of(*changes), NOWHERE, None)


def one(measured):
    """The only row, as plain values; None for missing ones."""
    (record,) = measured.to_dict("records")
    return {name: None if pd.isna(value) else value for name, value in record.items()}


# ---- money -------------------------------------------------------------------------------------------------------


def test_one_clip_costs_what_it_cost():
    assert one(table({}).pixverse.costs()) == {
        "is_preview": False, "clips": 1, "reused": 0, "billed_clips": 1, "unknown_costs": 0, "sum_usd": 0.28125,
        "mean_usd": 0.28125, "video_s": 5.0, "per_second_usd": 0.05625, "usable_s": 5.0,
        "per_usable_second_usd": 0.05625, "rejected": 0, "rejected_usd": 0.0, "saved_usd": 0.0,
    }  # fmt: skip


def test_a_cost_that_nobody_knows_is_counted_and_never_zero():
    unknown = {"cost_micros": None, "cost_source": None}
    alone = table(unknown, unknown).pixverse.costs()
    assert one(alone)["unknown_costs"] == 2
    for name in ("sum_usd", "mean_usd", "per_second_usd", "per_usable_second_usd"):
        assert one(alone)[name] is None, name
    beside = one(table(unknown, {}).pixverse.costs())
    assert (beside["sum_usd"], beside["unknown_costs"], beside["video_s"]) == (0.28125, 1, 10.0)
    assert beside["per_second_usd"] == 0.05625, "money and seconds of the same clip"
    assert "unknown: 2" in repr(alone)
    assert "unknown: 2" in alone._repr_html_()
    assert "unknown:" not in table({})._repr_html_() + repr(table({}).pixverse.costs())


def test_a_failure_that_was_not_billed_cost_nothing_and_one_that_was_counts():
    free = one(table(FAILED).pixverse.costs())
    assert (free["sum_usd"], free["unknown_costs"], free["clips"], free["mean_usd"]) == (0.0, 0, 0, None)
    maybe = one(table({**FAILED, "billed": None}).pixverse.costs())
    assert (maybe["sum_usd"], maybe["unknown_costs"]) == (None, 1)
    billed = one(table({}, {**FAILED, "billed": True, "cost_micros": 118_750}).pixverse.costs())
    assert (billed["sum_usd"], billed["billed_clips"], billed["clips"]) == (0.4, 2, 1)
    assert billed["per_second_usd"] == 0.08, "what failed was paid for, too"


def test_pretended_money_stands_apart():
    pretended = {"service": "preview", "cost_source": "preview", "cost_micros": 500_000, "billed": False}
    copy = {**pretended, "reused_from": f"{1:016d}", "cost_micros": 0, "cost_source": "reused", "saved_micros": 7}
    found = table({}, pretended, copy).pixverse.costs()
    assert list(found["is_preview"]) == [False, True]
    assert list(found["sum_usd"]) == [0.28125, 0.5]
    assert list(found["saved_usd"]) == [0.0, 0.000007]
    assert list(table({}, pretended).pixverse.yields()["sum_usd"]) == [0.28125, 0.5]
    assert list(table({"latency_s": 9.0}, pretended).pixverse.latencies([])["n"][3::4]) == [1, 0]
    html = found._repr_html_()
    assert "PREVIEW" in html
    assert "pretended" in html
    assert "pretended" in repr(found)
    assert "pretended" not in repr(found[:1])


def test_a_reused_clip_saves_money_and_its_seconds_count_once():
    copy = {"reused_from": f"{0:016d}", "cost_micros": 0, "cost_source": "reused", "billed": False,
            "saved_micros": 281_250}  # fmt: skip
    found = one(table({}, copy, copy).pixverse.costs())
    assert (found["clips"], found["reused"], found["saved_usd"], found["video_s"]) == (1, 2, 0.5625, 5.0)
    assert found["per_second_usd"] == 0.05625
    assert one(table({}, copy).pixverse.yields())["made"] == 1


def test_what_is_said_of_a_copy_is_said_of_its_clip_unless_that_has_words_of_its_own():
    copy = {"reused_from": f"{0:016d}", "cost_micros": 0, "cost_source": "reused", "decision": "reject",
            "reason": "hands", "mark_in_s": 1.0}  # fmt: skip
    assert one(table({}, copy).pixverse.yields())["usable_s"] == 0
    assert list(table({}, copy).pixverse.rejects().index) == ["hands"]
    kept = one(table({"decision": "keep"}, copy).pixverse.yields())
    assert (kept["kept"], kept["rejected"], kept["usable_s"]) == (1, 0, 4.0)
    newer = {**copy, "decision": "keep", "reason": None, "mark_in_s": 2.0}
    assert one(table({}, copy, newer).pixverse.yields())["usable_s"] == 3.0, "the latest word"


def test_what_rejects_cost_by_reason():
    unknown = {"cost_micros": None, "cost_source": None}
    frame = table(
        {"decision": "reject", "reason": "hands"},
        {"decision": "reject", "reason": HOSTILE, "cost_micros": 2_000_000},
        {"decision": "reject", "reason": "hands", **unknown},
        {"decision": "reject"},
        {"decision": "keep"},
        FAILED,
    )
    found = frame.pixverse.rejects()
    assert list(found.index) == [HOSTILE, "hands", "no reason given"]
    assert list(found["sum_usd"]) == [2.0, 0.28125, 0.28125]
    assert list(found["unknown_costs"]) == [0, 1, 0]
    whole = one(frame.pixverse.costs())
    assert (whole["rejected"], whole["rejected_usd"]) == (4, 2.5625)
    assert "<script" not in found._repr_html_()
    assert "&lt;img src=x" in found._repr_html_()
    nobody = one(table({"decision": "reject", **unknown}, {}).pixverse.costs())
    assert (nobody["rejected"], nobody["rejected_usd"]) == (1, None)


# ---- yield -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "usable"),
    [
        ({}, 5.0),
        ({"decision": "keep"}, 5.0),
        ({"decision": "reject"}, 0.0),
        ({"decision": "reject", "mark_in_s": 1.0, "mark_out_s": 2.0}, 0.0),
        ({"mark_in_s": 1.5}, 3.5),
        ({"mark_out_s": 1.5}, 1.5),
        ({"mark_in_s": 1.0, "mark_out_s": 2.25}, 1.25),
        ({"mark_in_s": 0.0, "mark_out_s": 9.0}, 5.0),  # a file that was changed since
        ({"mark_in_s": 6.0}, 0.0),
        ({"video_duration_s": 0.0}, 0.0),
        (FAILED, 0.0),
        ({"status": "processing", "video_duration_s": None}, 0.0),
    ],
    ids=str,
)
def test_seconds_that_can_be_used(row, usable):
    found = one(table(row).pixverse.yields())
    assert found["usable_s"] == usable
    cost = found["sum_usd"]
    price = found["per_usable_second_usd"]
    assert price == (pytest.approx(cost / usable) if usable else None), "nothing to divide by is missing"


def test_a_length_that_nobody_measured_is_in_no_price():
    found = one(table({"video_duration_s": None}, {}).pixverse.costs())
    assert (found["clips"], found["video_s"], found["per_second_usd"]) == (2, 5.0, 0.05625)


def test_yields_count_what_became_of_what_was_sent():
    found = table(
        {"decision": "keep"}, {"decision": "reject"}, {}, FAILED, {"status": "queued", "cost_micros": None},
        {"status": None, "id": None, "cost_micros": None, "error": "not sent"},
    ).pixverse.yields()  # fmt: skip
    counts = ["made", "finished", "failed", "kept", "rejected", "undecided", "unknown_costs"]
    assert [one(found)[name] for name in counts] == [5, 3, 1, 1, 1, 1, 1]


# ---- latency -----------------------------------------------------------------------------------------------------


def test_latencies_by_duration_and_quality_and_stage():
    rows = [{"latency_s": float(n), "queue_s": 1.0, "duration": 8, "quality": "720p"} for n in range(1, 102)]
    found = table(*rows, {"latency_s": 3.0}).pixverse.latencies()
    assert found.index.names == ["duration", "quality"]
    assert list(found.index.unique()) == [(5, "540p"), (8, "720p")]
    many = found.loc[(8, "720p")].set_index("stage")
    assert list(many.index) == ["queue", "inference", "download", "whole"]
    assert list(many["n"]) == [101, 0, 0, 101]
    assert many.loc["whole", ["p50_s", "p90_s", "p99_s"]].tolist() == [51.0, 91.0, 100.0]
    assert many.loc["inference", ["p50_s", "p90_s", "p99_s"]].isna().all()
    assert list(many["small_sample"]) == [False, True, True, False]


@pytest.mark.parametrize(("n", "small"), [(1, True), (19, True), (20, False)])
def test_a_small_sample_says_that_it_is_small(n, small):
    stages = {"latency_s": 2.0, "queue_s": 2.0, "inference_s": 2.0, "download_s": 2.0}
    found = table(*[stages] * n).pixverse.latencies()
    assert list(found["small_sample"]) == [small] * 4
    for shown in (repr(found), found._repr_html_()):
        assert ("4 small samples" in shown) is small
    assert found._repr_html_().count(">small sample<") == 4 * small


def test_a_reused_clip_and_a_failure_have_no_latency():
    rows = [{"latency_s": 2.0}, {**FAILED, "latency_s": 50.0}, {"reused_from": f"{0:016d}", "latency_s": 0.001}]
    found = table(*rows).pixverse.latencies()
    assert list(found["n"]) == [0, 0, 0, 1]
    assert found["p99_s"].iloc[3] == 2.0


# ---- failures ----------------------------------------------------------------------------------------------------


def test_failures_by_kind():
    found = table(
        {}, FAILED, {**FAILED, "error": "the generation failed: too bright", "created_at": 60_000_000},
        {**FAILED, "error": HOSTILE, "billed": True, "cost_micros": 5_000},
        {**FAILED, "status": "unknown", "error": None, "http_status": None, "billed": None},
        {"status": None, "error": "not sent"},
    ).pixverse.failures()  # fmt: skip
    rows = found.set_index("kind")
    assert list(rows["rows"]) == [2, 1, 1]
    first = rows.loc["the generation failed"]
    assert (first["http_status"], first["billed"], first["maybe_billed"], first["sum_usd"]) == (422, 0, 0, 0.0)
    assert first["example"] == "the generation failed: too bright"
    assert first["last_at"] == pd.Timestamp("1970-01-01 00:01", tz="UTC")
    assert (rows.loc["no words", "maybe_billed"], rows.loc["no words", "sum_usd"]) == (1, pd.NA)
    assert rows.loc[HOSTILE, "sum_usd"] == 0.005
    assert "<script" not in found._repr_html_()


# ---- the promise: sums equal the rows ----------------------------------------------------------------------------

MOMENTS = st.one_of(st.none(), st.integers(0, 15_000_000).map(lambda us: us / 1e6))
MONEY = st.one_of(st.none(), st.just(0), st.integers(1, 2_156_250))
CHANGES = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["completed", "completed", "failed", "unknown", "queued"]),
        "prompt": st.sampled_from(["a cat", "a dog", HOSTILE]),
        "quality": st.sampled_from(["360p", "540p", "1080p"]),
        "service": st.sampled_from([REAL, "preview"]),
        "cost_micros": MONEY,
        "saved_micros": MONEY,
        "billed": st.sampled_from([True, False, None]),
        "video_duration_s": MOMENTS,
        "mark_in_s": MOMENTS,
        "mark_out_s": MOMENTS,
        "decision": st.sampled_from(["keep", "reject", None]),
        "reason": st.sampled_from(["hands", HOSTILE, None]),
        "is_copy": st.booleans(),
    }
)


def changed(drawn):
    """Rows; some are copies of clips that are in no table, so that nothing is said of one by another."""
    for row in drawn:
        row["reused_from"] = "zzzzzzzzzzzzzzzz" if row.pop("is_copy") else None
    return drawn


def micros(seconds):
    return None if seconds is None else round(seconds * 1e6)


def expected(rows, key):
    """The same from the rows, by hand and in whole numbers."""
    found = {}
    for row in rows:
        to = found.setdefault((row[key], row["service"] == "preview"), dict.fromkeys(_SUMS, 0))
        own, clip = row["reused_from"] is None, row["reused_from"] is None and row["status"] == "completed"
        cost = row["cost_micros"]
        if cost is None and row["status"] == "failed" and row["billed"] is False:
            cost = 0
        length = micros(row["video_duration_s"]) if clip else 0
        start, end = micros(row["mark_in_s"]) or 0, micros(row["mark_out_s"])
        usable = None if length is None else max(min(length if end is None else end, length) - start, 0)
        usable = 0 if row["decision"] == "reject" or not clip else usable
        usable = max(end - start, 0) if usable is None and end is not None else usable
        to["clips"] += clip
        to["reused"] += not own
        to["made"] += own
        to["unknown_costs"] += cost is None
        to["known"] += cost is not None
        to["micros"] += cost or 0
        to["saved"] += row["saved_micros"] or 0
        to["video"] += length or 0
        to["usable"] += usable or 0
        if cost is not None and length is not None:
            to["paid"] += cost
            to["paid_video"] += length
            to["paid_usable"] += usable
    return found


_SUMS = (
    "clips", "reused", "made", "unknown_costs", "known", "micros", "saved", "video", "usable", "paid", "paid_video",
    "paid_usable",
)  # fmt: skip


@given(drawn=st.lists(CHANGES, max_size=25).map(changed), key=st.sampled_from(["prompt", "quality"]))
@settings(max_examples=60, deadline=None)
def test_sums_equal_the_rows(drawn, key):
    rows = rows_of(*drawn)
    frame = table_of(rows, NOWHERE, None)
    wanted = expected(rows, key)
    costs, yields = frame.pixverse.costs(key), frame.pixverse.yields(key)
    assert list(zip(costs.index, costs["is_preview"], strict=True)) == sorted(
        wanted,
        key=lambda group: (["360p", "540p", "1080p"].index(group[0]) if key == "quality" else group[0], group[1]),
    )
    assert list(yields["sum_usd"].fillna(-1)) == list(costs["sum_usd"].fillna(-1))
    for group, found in zip(zip(costs.index, costs["is_preview"], strict=True), costs.to_dict("records"), strict=True):
        sums = wanted[group]
        for name in ("clips", "reused", "unknown_costs"):
            assert found[name] == sums[name]
        for name, usd in (("saved_usd", "saved"), ("video_s", "video"), ("usable_s", "usable")):
            assert found[name] == sums[usd] / 1e6, "exactly: sums are of whole numbers"
        nobody = not sums["known"] and sums["unknown_costs"]
        if nobody:
            assert pd.isna(found["sum_usd"])
        else:
            assert found["sum_usd"] == sums["micros"] / 1e6
        for name, under in (("per_second_usd", "paid_video"), ("per_usable_second_usd", "paid_usable")):
            if sums[under]:
                assert math.isclose(found[name], Fraction(sums["paid"], sums[under]), rel_tol=1e-12)
            else:
                assert pd.isna(found[name])
    assert list(yields["made"]) == [
        wanted[group]["made"] for group in zip(yields.index, yields["is_preview"], strict=True)
    ]
    assert yields["made"].sum() == sum(row["reused_from"] is None for row in rows)


def plain(frame):
    """Without the history's class and its types, as other tools hand tables on."""
    return pd.DataFrame(frame).astype(object)


def from_csv(frame):
    return pd.read_csv(io.StringIO(frame.to_csv()))


@given(drawn=st.lists(CHANGES, min_size=1, max_size=12).map(changed), order=st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None)
def test_how_the_table_came_about_changes_no_figure(drawn, order):
    frame = table(*drawn)
    places = list(range(len(frame)))
    order.shuffle(places)
    ways = {
        "shuffled": frame.iloc[places],
        "doubled": pd.concat([frame, frame.iloc[places]]),
        "id as a column": frame.reset_index(),
        "in levels": frame.set_index("quality", append=True, drop=False).rename_axis(["id", "level"]),
        "merged": frame.reset_index().merge(pd.DataFrame({"service": [REAL, "preview"], "z": [1, 2]}), on="service"),
        "objects": plain(frame),
        "a file": from_csv(frame),
    }
    for measure in (measures.costs, measures.yields, measures.rejects, measures.failures):
        whole = measure(frame)
        for name, changed_frame in ways.items():
            wanted, found = whole, measure(changed_frame)
            if measure is measures.failures:  # rows of one moment have no order
                wanted, found = wanted.drop(columns="example"), found.drop(columns="example")
            pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted), obj=f"{name}: {measure.__name__}")


def test_a_row_that_a_merge_doubled_counts_once_in_each_group():
    frame = table({}, {"prompt": "a dog"})
    campaigns = pd.DataFrame({"prompt": ["a cat", "a cat", "a dog"], "campaign": ["spring", "summer", "spring"]})
    merged = frame.reset_index().merge(campaigns, on="prompt")
    assert len(merged) == 3
    assert one(merged.pixverse.costs())["clips"] == 2
    by = merged.pixverse.costs("campaign")
    assert dict(zip(by.index, by["clips"], strict=True)) == {"spring": 2, "summer": 1}


# ---- groups ------------------------------------------------------------------------------------------------------


def test_groups_may_be_any_columns_and_missing_values_are_one():
    frame = table({"seed": 1}, {"seed": None}, {"seed": None}).assign(mine=["x", None, 5])
    assert list(frame.pixverse.costs("seed")["clips"]) == [1, 2]
    assert list(frame.pixverse.costs("mine")["clips"]) == [1, 1, 1]
    assert list(frame.pixverse.costs(["seed", "mine"])["clips"]) == [1, 1, 1]
    assert frame.pixverse.costs(["seed", "mine"]).index.names == ["seed", "mine"]
    assert list(frame.pixverse.costs("id").index) == list(frame.index)
    assert frame.pixverse.costs("seed")._repr_html_()
    assert "–" in frame.pixverse.costs("seed")._repr_html_()


@pytest.mark.parametrize(("by", "near"), [("qualty", "quality"), (["prompt", "sed"], "seed")])
def test_a_group_that_is_no_column_names_the_nearest(by, near):
    for measure in (measures.costs, measures.yields, measures.latencies):
        with pytest.raises(pv.UnknownParameter, match=f"Did you mean '{near}'"):
            measure(table({}), by)


def test_a_group_of_lists_is_refused():
    frame = table({}).assign(mine=[[1]])
    with pytest.raises(pv.InvalidParameter, match="astype"):
        frame.pixverse.costs("mine")
    for by in (5, [None], [[1]]):
        with pytest.raises(pv.UnknownParameter):
            frame.pixverse.costs(by)


# ---- tables that lack something ----------------------------------------------------------------------------------


def test_a_missing_column_is_named_with_what_to_do():
    frame = table({})
    for measure in (measures.costs, measures.yields, measures.rejects, measures.failures, measures.latencies):
        with pytest.raises(pv.InvalidParameter, match=r"lacks .*service.*studio\.history\(\)") as caught:
            measure(frame.drop(columns=["service", "reused_from"]), *([[]] if measure is measures.latencies else []))
        assert caught.value.billed is False
    twice = frame.reset_index().merge(frame.reset_index(), on="id")
    with pytest.raises(pv.InvalidParameter, match=r"status_x.*suffixes"):
        twice.pixverse.costs()
    with pytest.raises(pv.InvalidParameter, match="'cost_used' what was 'cost_usd'"):
        frame.rename(columns={"cost_usd": "cost_used"}).pixverse.costs()
    with pytest.raises(pv.InvalidParameter, match="several levels"):
        pd.concat({"a": frame}, axis=1).pixverse.costs()
    with pytest.raises(pv.InvalidParameter, match="two columns named 'prompt'"):
        frame[[*frame.columns, "prompt"]].pixverse.costs()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("cost_usd", "free"),
        ("cost_usd", float("inf")),
        ("cost_usd", -float("inf")),
        ("cost_usd", 1e300),
        ("video_duration_s", "long"),
        ("status", "finished"),
        ("billed", "perhaps"),
        ("billed", 2),
    ],
    ids=str,
)
def test_a_value_that_is_none_is_named(column, value):
    frame = plain(table({}, {}))
    frame.loc[frame.index[1], column] = value
    with pytest.raises(pv.InvalidParameter, match=f"column '{column}' holds what is no"):
        frame.pixverse.costs()


def test_a_nan_is_a_missing_cost_whatever_the_type():
    for values in (np.array([np.nan, 0.5]), pd.array([np.nan, 0.5], dtype="Float64"), ["", "0.5"]):
        frame = table({}, {}).assign(cost_usd=pd.Series(values).replace("", None).array)
        found = one(frame.pixverse.costs())
        assert (found["sum_usd"], found["unknown_costs"]) == (0.5, 1)


def test_a_table_without_ids_is_measured_row_by_row():
    frame = pd.concat([table({})] * 2, ignore_index=True)
    assert one(frame.pixverse.costs())["clips"] == 2


# ---- types and the screen ----------------------------------------------------------------------------------------

ALL = {
    "costs": (measures.costs, measures.COSTS),
    "rejects": (measures.rejects, measures.REJECTS),
    "latencies": (measures.latencies, measures.LATENCIES),
    "failures": (measures.failures, measures.FAILURES),
    "yields": (measures.yields, measures.YIELDS),
}


@pytest.mark.parametrize("name", ALL)
def test_columns_and_types_are_the_same_for_none_one_or_many_rows(name):
    measure, types = ALL[name]
    rejected = {"decision": "reject", "latency_s": 1.0}
    for rows in ([], [{}], [FAILED], [rejected, FAILED] * 30):
        for frame in (table(*rows), from_csv(table(*rows))):
            found = measure(frame)
            assert list(found.columns) == list(types)
            assert {column: str(dtype) for column, dtype in found.dtypes.items()} == {
                column: str(dtype) for column, dtype in types.items()
            }
            assert "<table" in found._repr_html_()
            assert repr(found)


def test_units_are_in_the_names():
    names = {name for _, types in ALL.values() for name, dtype in types.items() if dtype == "Float64"}
    assert len(names) > 10
    assert all(name.endswith(("_usd", "_s")) for name in names)


def test_hostile_text_is_shown_as_text():
    frame = table({"prompt": HOSTILE}, {**FAILED, "prompt": HOSTILE, "error": HOSTILE}).rename(
        columns={"seed": HOSTILE}
    )
    for found in (
        frame.pixverse.costs("prompt"), frame.pixverse.yields(), frame.pixverse.latencies("prompt"),
        frame.pixverse.failures(), frame.pixverse.costs(HOSTILE), frame.pixverse.yields().reset_index(),
        frame.pixverse.yields().T, frame.pixverse.yields().rename(columns=lambda _: HOSTILE),
    ):  # fmt: skip
        html = found._repr_html_()
        assert "<img src=x" not in html
        assert "<script" not in html
        assert "alert(1)" in html


def test_many_rows_are_cut_on_the_screen_and_said_to_be():
    frame = table(*[{"prompt": f"cat {n}"} for n in range(100)])
    html = frame.pixverse.costs("prompt")._repr_html_()
    assert html.count("<tr") == 61
    assert "the first 60 of 100 rows" in html


def test_a_hundred_thousand_rows_are_measured():
    frame = pd.concat([table(*[{}, FAILED, {"decision": "reject"}] * 40)] * 850)
    frame.index = pd.Index([f"{n:016d}" for n in range(len(frame))], name="id")
    assert len(frame) > 100_000
    found = one(frame.pixverse.costs())
    assert found["clips"] == len(frame) * 2 // 3
    assert found["sum_usd"] == 281_250 * found["clips"] / 1e6
    assert list(frame.pixverse.latencies()["n"]) == [0] * 4
    assert list(itertools.chain(frame.pixverse.yields()["made"])) == [len(frame)]
