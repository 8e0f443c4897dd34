"""The table: columns and dtypes, filters in SQL, and how it is shown."""

import base64
import functools
import re
import shutil
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb.history import COLUMNS, History, history
from pixverse_nb.media.clips import Clips
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.store import schema
from pixverse_nb.store.ids import new_id
from pixverse_nb.store.opening import Shelf
from pixverse_nb.store.store import Store

HOSTILE = '<img src=x onerror="alert(1)">&amp;</td><script>alert(2)</script>'
NO_CLIPS = Shelf(lambda _: False, lambda _: False)
T0 = datetime(2026, 11, 20, 12, 0, 0, 123457, tzinfo=timezone.utc)
ROW = {
    "service": "https://s.example", "api": "v2", "studio": "s", "status": "completed", "prompt": "a cat", "duration": 5,
    "quality": "540p", "take": 1, "identity": "i", "reserved_micros": 0,
}  # fmt: skip

# product.md, "The history's words", written down a second time on purpose.
TEXT = [
    "prompt", "image_url", "negative_prompt", "aspect_ratio", "motion_mode", "thinking_type", "scheduler",
    "image_sha256", "cost_source", "request_id", "reused_from", "video_path", "error", "decision", "tags",
    "note",
]  # fmt: skip
WHOLE = [
    "duration", "seed", "width", "height", "steps", "take", "video_width_px", "video_height_px", "video_bytes",
    "http_status", "rating",
]  # fmt: skip
FLOAT = [
    "guidance_scale", "latency_s", "queue_s", "inference_s", "download_s", "estimate_usd", "ceiling_usd",
    "cost_usd", "video_duration_s", "video_fps",
]  # fmt: skip
FLAG = ["generate_audio_switch", "billed", "video_has_audio"]


class Books:
    """A store, and rows written straight into it."""

    def __init__(self, home) -> None:
        self.store, self.clips, self.count = Store(home), Clips(home), 0

    def add(self, **changes):
        moment = T0 + timedelta(hours=self.count)
        self.count += 1
        row = {**ROW, "id": new_id(), "created_at": micros(moment), **changes}
        with self.store._db.write() as connection:
            connection.execute(schema.generations.insert().values(row))
        return row["id"]

    def table(self, **filters):
        own = {name: filters.pop(name) for name in ("search", "since", "until", "limit") if name in filters}
        return history(self.store, self.clips, **own, columns=filters)

    def prompts(self, **filters):
        return list(self.table(**filters)["prompt"])


def micros(moment):
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


@pytest.fixture
def books(tmp_path):
    made = Books(tmp_path / "home")
    yield made
    made.store.close()


# ---- columns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_columns_and_dtypes_are_the_same_for_none_one_or_many_rows(books, rows):
    for _ in range(rows):
        books.add()
    table = books.table()
    assert len(table) == rows
    assert list(table.columns) == list(COLUMNS)
    assert table.index.name == "id"
    assert table.index.dtype == "string"
    expected = {**dict.fromkeys(TEXT, "string"), **dict.fromkeys(WHOLE, "Int64"), **dict.fromkeys(FLOAT, "Float64"),
                **dict.fromkeys(FLAG, "boolean")}  # fmt: skip
    assert {name: str(table[name].dtype) for name in expected} == expected
    for name in ("created_at", "completed_at"):
        assert isinstance(table[name].dtype, pd.DatetimeTZDtype)
        assert str(table[name].dt.tz) == "UTC"
    assert table["quality"].dtype == pd.CategoricalDtype(["360p", "540p", "720p", "1080p"], ordered=True)
    assert set(table["status"].dtype.categories) == {
        "submitting", "queued", "processing", "downloading", "completed", "failed", "unknown",
    }  # fmt: skip
    assert set(PARAMETERS) <= set(table.columns)


def test_a_parameter_that_was_not_set_is_missing_not_its_default(books):
    books.add()
    row = books.table().iloc[0]
    for name in set(PARAMETERS) - {"prompt", "duration", "quality"}:
        assert row[name] is pd.NA, name


def test_an_unknown_cost_is_missing_and_a_reused_one_is_zero(books):
    books.add(cost_micros=0, cost_source="reused")
    books.add()
    unknown, reused = (books.table().iloc[n] for n in (0, 1))
    assert unknown["cost_usd"] is pd.NA
    assert unknown["cost_source"] is pd.NA
    assert reused["cost_usd"] == 0.0
    assert books.table()["cost_usd"].sum() == 0
    assert books.table()["cost_usd"].count() == 1


def test_values_come_out_in_their_units(books, tmp_path):
    books.add(cost_micros=281_250, estimate_micros=218_750, ceiling_micros=281_250, latency_s=66.5,
              video_path="clips/a.mp4", generate_audio_switch=False, completed_at=micros(T0))  # fmt: skip
    row = books.table().iloc[0]
    assert (row["cost_usd"], row["estimate_usd"], row["ceiling_usd"]) == (0.28125, 0.21875, 0.28125)
    assert row["latency_s"] == 66.5
    assert row["video_path"] == str(tmp_path / "home" / "clips" / "a.mp4")
    assert row["generate_audio_switch"] == False  # noqa: E712  numpy's bool
    assert row["created_at"] == pd.Timestamp(T0)
    assert row["completed_at"] == pd.Timestamp(T0)


def test_the_newest_comes_first(books):
    ids = [books.add(prompt=str(n)) for n in range(5)]
    assert list(books.table().index) == ids[::-1]
    assert books.prompts(limit=2) == ["4", "3"]


# ---- filters -----------------------------------------------------------------------------------------------------


def test_filters_take_a_value_a_list_or_none_and_are_part_of_the_sql(books, monkeypatch):
    books.add(prompt="a", quality="540p", duration=5)
    books.add(prompt="b", quality="720p", duration=8, status="failed")
    books.add(prompt="c", quality="1080p", duration=8, note="x", cost_micros=100_000, generate_audio_switch=False)
    fetched = []
    real = Store.stream

    def counted(*args, **filters):
        fetched.append(0)
        for batch in real(*args, **filters):
            fetched[-1] += len(batch)
            yield batch

    monkeypatch.setattr(Store, "stream", counted)
    for filters, found in [
        ({"status": "completed"}, "ca"),
        ({"quality": ["720p", "1080p"]}, "cb"),
        ({"quality": np.array(["720p"])}, "b"),
        ({"duration": np.int64(8), "status": "failed"}, "b"),
        ({"duration": pd.Series([5, 8], dtype="Int64")}, "cba"),
        ({"note": None}, "ba"),
        ({"note": ["x", None]}, "cba"),
        ({"note": [None]}, "ba"),
        ({"note": []}, ""),
        ({"cost_usd": 0.1}, "c"),
        ({"cost_usd": float("nan")}, "ba"),
        ({"generate_audio_switch": False}, "c"),
        ({"generate_audio_switch": np.bool_(True)}, ""),
        ({"prompt": "A"}, ""),
        ({"limit": np.int64(1)}, "c"),
    ]:
        assert "".join(books.prompts(**filters)) == found, filters
        assert fetched[-1] == len(found)  # the database itself gave no more


def test_one_rows_own_values_find_it_again(books):
    books.add(prompt="other")
    key = books.add(latency_s=66.123456789, seed_used=2**40, cost_micros=333_333)
    row = books.table(id=key).iloc[0]
    for name in ("created_at", "latency_s", "seed_used", "prompt", "cost_usd"):
        assert key in books.table(**{name: row[name]}).index, name
    assert list(books.table(created_at=row["created_at"]).index) == [key]


def test_since_and_until_are_utc_unless_a_zone_is_said_and_the_end_is_left_out(books):
    for n in range(4):
        books.add(prompt=str(n))  # 12:00:00.123457, 13:..., 14:..., 15:... UTC
    assert books.prompts(since="2026-11-20 13:30") == ["3", "2"]
    assert books.prompts(since="2026-11-20 14:30+01:00") == ["3", "2"]
    assert books.prompts(since=datetime(2026, 11, 20, 13, 30)) == ["3", "2"]  # noqa: DTZ001  naive is meant
    assert books.prompts(since=datetime(2026, 11, 20, 14, 30, tzinfo=timezone(timedelta(hours=1)))) == ["3", "2"]
    assert books.prompts(since=T0 + timedelta(hours=2)) == ["3", "2"]
    assert books.prompts(until=T0 + timedelta(hours=2)) == ["1", "0"]
    assert books.prompts(until=pd.Timestamp(T0).tz_convert("Asia/Tokyo") + pd.Timedelta("1h")) == ["0"]
    assert books.prompts(since=T0 + timedelta(hours=1), until=T0 + timedelta(hours=2)) == ["1"]
    assert books.prompts(since=date(2026, 11, 21)) == []
    assert books.prompts(until="2026-11-20") == []


@pytest.mark.parametrize("since", ["yesterday-ish", "", pd.NaT, object(), "2026-13-45", True, 5, [1]])
def test_what_is_not_a_date_is_refused(books, since):
    if since is pd.NaT:
        assert books.prompts(since=since) == []
        return
    with pytest.raises(pv.InvalidParameter, match=r"since=.* is not a date"):
        books.table(since=since)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("cat", ["50% cat", "Cat"]),
        ("50%", ["50% cat"]),
        ("%", ["50% cat"]),
        ("_", ["a_b"]),
        ("it's", ['it\'s "x"']),
        ('"x"', ['it\'s "x"']),
        ("\\", ["back\\slash"]),
        ("猫", ["猫"]),
        ("'; DROP TABLE generations; --", []),
        ("dog", ["tagged"]),
    ],
)
def test_search_takes_every_character_as_it_is(books, search, found):
    for prompt in ("Cat", "a_b", 'it\'s "x"', "back\\slash", "猫", "50% cat"):
        books.add(prompt=prompt)
    books.add(prompt="tagged", tags="dog, night")
    assert books.prompts(search=search) == found


def test_search_looks_into_notes_and_reasons_too_and_ignores_case(books):
    books.add(note="The BEST one")
    books.add(decision="reject", reason="A Sixth finger")
    assert len(books.table(search="best ONE")) == 1
    assert len(books.table(search="sixth")) == 1
    assert len(books.table(search="worst")) == 0


@pytest.mark.parametrize(
    ("wrong", "right"), [("staus", "status"), ("promt", "prompt"), ("Quality", "quality"), ("sinc", "since")]
)
def test_an_unknown_filter_names_the_nearest(books, wrong, right):
    with pytest.raises(pv.UnknownParameter) as caught:
        books.table(**{wrong: "x"})
    assert repr(right) in str(caught.value)


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "finished"},
        {"status": 5},
        {"quality": "999p"},
        {"quality": ["540p", "4k"]},
        {"duration": "5"},
        {"duration": True},
        {"billed": "yes"},
        {"billed": 1},
        {"take": 10**30},
        {"cost_usd": "0.1"},
        {"cost_usd": float("inf")},
        {"prompt": 5},
        {"prompt": b"x"},
        {"prompt": {"a": 1}},
        {"prompt": ...},
        {"created_at": "noon-ish"},
        {"limit": 0},
        {"limit": -1},
        {"limit": 1.5},
        {"limit": True},
        {"limit": "5"},
        {"limit": 10**30},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_one_is_refused_by_name(books, filters):
    books.add()
    (name,) = filters
    with pytest.raises(pv.InvalidParameter) as caught:
        books.table(**filters)
    assert name in caught.value.what
    assert caught.value.remedy
    assert caught.value.billed is False


def test_a_misspelt_status_names_the_nearest(books):
    with pytest.raises(pv.InvalidParameter, match="Did you mean 'completed'"):
        books.table(status="complete")


# ---- on the screen -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The history of a studio with two real clips and a failure."""
    with rigged(tmp_path_factory.mktemp("studio") / "home") as rig:
        studio = rig.studio()
        studio.generate("a cat")
        studio.generate("a dog", quality="360p")
        rig.servers[0].faults.add("job", "fail")
        with pytest.raises(pv.GenerationFailed):
            studio.generate("a bird")
        yield studio.history()


def pictures(frame):
    return [base64.b64decode(data) for data in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', frame._repr_html_())]


def test_it_shows_a_poster_for_each_clip_and_none_for_what_has_no_clip(made):
    assert len(made) == 3
    shown = pictures(made)
    assert len(shown) == 2
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in shown)


@pytest.mark.parametrize(
    "change",
    [
        lambda df: df[df["status"] == "completed"],
        lambda df: df.sort_values("prompt"),
        lambda df: df.copy(),
        lambda df: df[["prompt", "cost_usd", "video_path"]],
        lambda df: df[["prompt", "cost_usd"]],
        lambda df: df.assign(mine=1),
        lambda df: df.query("duration == 5"),
        lambda df: df.join(pd.DataFrame({"x": [1]}, index=df.index[:1])),
        lambda df: pd.concat([df[:1], df[1:]]),
        lambda df: df.merge(pd.DataFrame({"x": [1, 2, 3]}, index=df.index), left_index=True, right_index=True),
        lambda df: (
            df.reset_index()
            .merge(pd.DataFrame({"prompt": ["a cat", "a dog"], "z": [1, 2]}), on="prompt")
            .set_index("id")
        ),
        lambda df: df.rename(columns={"prompt": 5}),
    ],
    ids=[
        "mask",
        "sort",
        "copy",
        "columns",
        "no path",
        "assign",
        "query",
        "join",
        "concat",
        "merge",
        "merge on",
        "rename",
    ],
)
def test_slices_sorts_and_merges_keep_their_posters(made, change):
    changed = change(made)
    assert isinstance(changed, History)
    shutil.rmtree(made._clips.posters)  # as of clips that nobody has looked at yet
    assert len(pictures(changed)) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda df: df[["prompt", "prompt"]],
        lambda df: df.T,
        lambda df: df.reset_index(),
        lambda df: df.describe(),
        lambda df: df.set_index("quality"),
        lambda df: pd.concat([df, df]),
        lambda df: df[:0],
        lambda df: df[[]],
        lambda df: df.assign(seen_at="today", lists=[[1]] * len(df)),
        lambda df: pd.concat({"a": df}, axis=1),
        lambda df: df.groupby("quality", observed=True)[["cost_usd"]].sum(),
        lambda df: df.astype(object),
    ],
    ids=[
        "twice",
        "turned",
        "reset",
        "describe",
        "by quality",
        "doubled",
        "no rows",
        "no columns",
        "own",
        "levels",
        "group",
        "object",
    ],
)
def test_whatever_pandas_makes_of_it_is_still_shown(made, change):
    assert "<table" in change(made)._repr_html_()


def test_hostile_text_in_any_column_is_shown_as_text(books):
    texts = {c.name: HOSTILE for c in schema.generations.columns if c.type.python_type is str}
    fixed = ("id", "status", "quality", "api", "service")
    books.add(**{name: text for name, text in texts.items() if name not in fixed})
    books.add(status="failed", error=HOSTILE)
    table = books.table()
    narrow = [table[[name]] for name in table.columns if str(table[name].dtype) == "string"]
    assert len(narrow) > 15
    renamed = table[["prompt"]].rename(columns={"prompt": HOSTILE})
    for frame in (
        table,
        *narrow,
        renamed,
        table.reset_index(),
        table.set_index("prompt"),
        table.rename(index=lambda _: HOSTILE),
    ):
        html = frame._repr_html_()
        assert "<img src=x" not in html
        assert "<script" not in html
    assert "&lt;img src=x" in table._repr_html_()


def test_real_and_pretended_money_are_summed_apart_and_the_unknown_is_counted(books):
    books.add(cost_micros=281_250, cost_source="reported")
    books.add(cost_micros=100_000, cost_source="account")
    books.add(cost_micros=500_000, cost_source="preview", service="preview")
    books.add(cost_micros=0, cost_source="reused")
    books.add()  # completed, nobody said what it cost
    books.add(status="failed")
    html = books.table()._repr_html_()
    assert "$0.381 charged, 1 with unknown cost" in html
    assert "$0.500 pretended by the preview" in html
    assert "6 rows" in html


def test_many_rows_are_cut_and_said_to_be(books):
    for _ in range(30):
        books.add()
    html = books.table()._repr_html_()
    assert "the first 20 of 30 rows" in html
    assert html.count("<tr") == 21


def test_a_clip_is_found_by_the_path_that_the_table_shows(tmp_path):
    """A column's own value finds its row again, video_path too."""
    store, clips = Store(tmp_path), Clips(tmp_path)
    row = {
        "service": "s", "api": "v2", "studio": "s", "status": "completed", "prompt": "a cat", "duration": 5,
        "quality": "540p", "take": 1, "identity": "i", "reserved_micros": 0, "video_path": "clips/a.mp4",
    }  # fmt: skip
    store.open_all([row], reuse=False, owner="me", lease_s=1, shelf=NO_CLIPS, admit=None)
    find = functools.partial(history, store, clips)
    (shown,) = find(columns={}).video_path
    assert shown == str(tmp_path / "clips" / "a.mp4")
    assert len(find(columns={"video_path": shown})) == 1
    assert len(find(columns={"video_path": [shown, "elsewhere.mp4"]})) == 1
    assert len(find(columns={"video_path": "elsewhere.mp4"})) == 0
    store.close()
