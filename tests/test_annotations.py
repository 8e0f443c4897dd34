"""What people write on a row: one door, checked, at once, and never undone by a job's own steps; and pages of rows."""

import sqlite3

import numpy as np
import pytest
import sqlalchemy as sa
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb.errors import HomeError, NotFound
from pixverse_nb.store import schema
from pixverse_nb.store.annotations import COLUMNS, UNSET, checked
from pixverse_nb.store.database import FILE
from pixverse_nb.store.ids import new_id
from pixverse_nb.store.opening import Shelf
from pixverse_nb.store.pages import FIRST, MOST_COUNTED, SORTS, Wanted
from pixverse_nb.store.store import Store, _worked

ROW = {
    "service": "https://s.example", "api": "v2", "studio": "s", "status": "completed", "prompt": "a cat", "duration": 5,
    "quality": "540p", "take": 1, "identity": "i", "reserved_micros": 0,
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "home")
    yield made
    made.close()


def add(store, **changes):
    row = {**ROW, "id": new_id(), "created_at": 1_800_000_000_000_000, **changes}
    with store._db.write() as connection:
        connection.execute(schema.generations.insert().values(row))
    return row["id"]


def remarks(store, key):
    row = store.row(key)
    return {name: row[name] for name in COLUMNS}


# ---- the door ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with rigged(tmp_path_factory.mktemp("studio") / "home") as rig:
        yield rig.studio()


@pytest.fixture
def clip(studio):
    return add(studio._store)


def test_it_is_written_at_once_and_read_back_in_the_history(studio, clip):
    done = studio.annotate(
        clip, starred=True, rating=4, decision="reject", reason="hands", tags="Night, sea", note="again with rain"
    )
    assert done is None
    row = studio.history(id=clip).iloc[0]
    assert [row[name] for name in COLUMNS[:6]] == [True, 4, "reject", "hands", "night, sea", "again with rain"]
    assert [str(studio.history()[name].dtype) for name in ("starred", "reason")] == ["boolean", "string"]


def test_what_is_not_given_stays_and_none_clears(studio, clip):
    studio.annotate(clip, starred=True, rating=4, tags=["a"], note="n")
    studio.annotate(clip, rating=2)
    assert remarks(studio._store, clip) == {
        "starred": True, "rating": 2, "decision": None, "reason": None, "tags": "a", "note": "n",
        "mark_in_s": None, "mark_out_s": None,
    }  # fmt: skip
    studio.annotate(clip)
    assert remarks(studio._store, clip)["rating"] == 2
    studio.annotate(clip, starred=None, rating=None, tags=None, note=None)
    assert set(remarks(studio._store, clip).values()) == {None}


def test_a_reason_goes_with_a_reject_only(studio, clip):
    with pytest.raises(pv.InvalidParameter, match="the clip is not rejected"):
        studio.annotate(clip, reason="hands")
    with pytest.raises(pv.InvalidParameter, match="the clip is not rejected"):
        studio.annotate(clip, decision="keep", reason="hands")
    studio.annotate(clip, decision="reject")
    studio.annotate(clip, reason="hands")
    assert remarks(studio._store, clip)["reason"] == "hands"
    studio.annotate(clip, decision="reject")
    assert remarks(studio._store, clip)["reason"] == "hands"
    studio.annotate(clip, decision="keep")
    assert remarks(studio._store, clip)["reason"] is None
    studio.annotate(clip, decision="reject", reason="motion")
    studio.annotate(clip, decision=None)
    assert remarks(studio._store, clip)["reason"] is None


def test_an_error_writes_nothing_of_the_rest(studio, clip):
    with pytest.raises(pv.InvalidParameter):
        studio.annotate(clip, starred=True, reason="hands")
    assert set(remarks(studio._store, clip).values()) == {None}


@pytest.mark.parametrize("id", ["nothing", "", "'; DROP TABLE generations; --"])
def test_an_unknown_id_is_not_found(studio, id):
    for changes in ({"rating": 1}, {}):
        with pytest.raises(NotFound, match="the history holds no"):
            studio.annotate(id, **changes)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"rating": np.int64(5)}, {"rating": 5}),
        ({"starred": np.bool_(True)}, {"starred": True}),
        ({"starred": False}, {"starred": False}),
        ({"tags": " Night ,sea,, night , GOLDEN  hour"}, {"tags": "golden hour, night, sea"}),
        ({"tags": ("b", "a")}, {"tags": "a, b"}),
        ({"tags": {"e\u0301té"}}, {"tags": "été"}),
        ({"tags": " , "}, {"tags": None}),
        ({"tags": []}, {"tags": None}),
        ({"tags": [f"t{n:02}" for n in range(30)]}, {"tags": ", ".join(f"t{n:02}" for n in range(30))}),
        ({"tags": "x" * 40}, {"tags": "x" * 40}),
        ({"note": "  "}, {"note": None}),
        ({"note": "<b>\n"}, {"note": "<b>"}),
        ({"note": "x" * 5000}, {"note": "x" * 5000}),
        ({"decision": "reject", "reason": "x" * 500}, {"decision": "reject", "reason": "x" * 500}),
        ({"decision": "keep"}, {"decision": "keep", "reason": None}),
        ({"rating": UNSET}, {}),
    ],
    ids=str,
)
def test_values_are_kept_in_one_spelling(given, kept):
    assert checked(given) == kept


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"rating": 0}, "1 to 5"),
        ({"rating": 6}, "1 to 5"),
        ({"rating": 4.0}, "1 to 5"),
        ({"rating": True}, "1 to 5"),
        ({"rating": "5"}, "1 to 5"),
        ({"starred": 1}, "True or False"),
        ({"starred": "yes"}, "True or False"),
        ({"decision": "kept"}, "'keep' or 'reject'"),
        ({"decision": 1}, "'keep' or 'reject'"),
        ({"decision": "reject", "reason": "x" * 501}, "500 characters"),
        ({"tags": ["a,b"]}, "without a comma"),
        ({"tags": [5]}, "texts"),
        ({"tags": 5}, "a list of texts"),
        ({"tags": b"a"}, "a list of texts"),
        ({"tags": {"a": 1}}, "a list of texts"),
        ({"tags": "x" * 41}, "40 characters"),
        ({"tags": [str(n) for n in range(31)]}, "30 tags"),
        ({"note": "x" * 5001}, "5,000 characters"),
        ({"note": 5}, "5,000 characters"),
        ({"note": "\ud800"}, "5,000 characters"),
        ({"tags": "\ud800"}, "texts"),
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_what_is_not_allowed_is_refused_with_value_range_and_remedy(studio, clip, given, allowed):
    with pytest.raises(pv.InvalidParameter) as caught:
        studio.annotate(clip, **given)
    name = list(given)[-1]
    assert caught.value.what.startswith(f"{name}=")
    assert allowed in caught.value.what
    assert caught.value.remedy
    assert caught.value.billed is False
    assert len(str(caught.value)) < 250
    assert set(remarks(studio._store, clip).values()) == {None}


# ---- beside a job ------------------------------------------------------------------------------------------------


def test_a_jobs_steps_leave_people_s_words_alone(store):
    key = add(store, status="queued", request_id="r", video_duration_s=5.0)
    row = store.claim(key, "me", 60)  # the job knows the row as it was before anybody wrote on it
    said = {"starred": True, "rating": 5, "decision": "reject", "reason": "x", "tags": "t", "note": "n"}
    written = checked({**said, "mark_in_s": 0.5, "mark_out_s": 2})
    store.annotate(key, written)
    store.journal(row, "me", 60, status="completed", cost_micros=1)
    assert remarks(store, key) == written
    assert store.row(key)["status"] == "completed"
    assert not set(_worked(store.row(key))) & set(COLUMNS)


def test_a_reused_copy_starts_without_them(store):
    add(store, starred=True, rating=5, decision="reject", reason="x", tags="t", note="n", video_path="c.mp4",
        identity="same", cost_micros=5, mark_in_s=0.5, mark_out_s=2.0)  # fmt: skip
    wish = {**ROW, "identity": "same", "estimate_micros": 5}
    shelf = Shelf(lambda _: True, lambda _: False)
    (one,) = store.open_all([wish], reuse=True, owner="me", lease_s=1, shelf=shelf, admit=None)
    assert one.kind == "reused"
    assert set(remarks(store, one.row["id"]).values()) == {None}


def test_a_history_that_cannot_be_written_says_so(store):
    key = add(store)
    with sqlite3.connect(store.home / FILE) as other:
        other.execute("CREATE TRIGGER full BEFORE UPDATE ON generations BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    with pytest.raises(HomeError, match="disk full"):
        store.annotate(key, {"rating": 1})


def test_an_older_history_gets_the_columns_and_their_indexes(tmp_path):
    home = tmp_path / "old"
    made = Store(home)
    key = add(made, rating=3)
    made.close()
    fresh = indexes(home)
    with sqlite3.connect(home / FILE) as old:
        for name in ("star", "rating", "decision", "cost", "latency"):
            old.execute(f"DROP INDEX generations_by_{name}")
        for name in ("starred", "reason"):
            old.execute(f"ALTER TABLE generations DROP COLUMN {name}")
    old.close()
    again = Store(home)
    again.annotate(key, {"starred": True})
    assert remarks(again, key)["starred"] is True
    assert remarks(again, key)["rating"] == 3
    assert indexes(home) == fresh
    again.close()


def indexes(home):
    connection = sqlite3.connect(home / FILE)
    try:
        return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
    finally:
        connection.close()


# ---- pages -------------------------------------------------------------------------------------------------------


def walk(store, wanted=None, **how):
    """Every id, page by page to the end, and then back to the beginning."""
    wanted, place, there, back = wanted or Wanted(), FIRST, [], []
    while True:
        page = store.page(wanted, place=place, size=7, **how)
        there.append([row.id for row in page.rows])
        if page.later is None:
            break
        place = page.later
    back.append(there[-1])
    while page.earlier is not None:
        page = store.page(wanted, place=page.earlier, size=7, **how)
        back.append([row.id for row in page.rows])
    assert back[::-1] == there
    return [key for keys in there for key in keys]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 7, 14, 40])
def test_pages_hold_every_row_once_in_order_there_and_back(store, sort, descending, rows):
    kept = {}
    for n in range(rows):
        value = None if n % 3 == 0 else n % 5  # ties, and rows without a value
        changes = {} if sort == "id" else {sort: value if sort != "duration" else n % 5}
        kept[add(store, **changes)] = None if sort == "id" else changes[sort]
    found = walk(store, sort=sort, descending=descending)
    sign = -1 if descending else 1
    valued = sorted((k for k, v in kept.items() if v is not None or sort == "id"), reverse=descending)
    if sort != "id":
        valued = sorted((k for k in valued), key=lambda k: (sign * kept[k],))
    missing = [] if sort == "id" else sorted((k for k, v in kept.items() if v is None), reverse=descending)
    assert found == valued + missing


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(text="CAT"), "acd"),
        (Wanted(text="50%"), "d"),
        (Wanted(text="50%\ud800"), "d"),
        (Wanted(text="best"), "b"),
        (Wanted(text="night"), "c"),
        (Wanted(text="hands"), "d"),
        (Wanted(text="'; DROP TABLE generations; --"), ""),
        (Wanted(statuses=("failed",)), "b"),
        (Wanted(statuses=("failed", "completed"), qualities=("720p",)), "c"),
        (Wanted(since_us=20, until_us=40), "bc"),
        (Wanted(least_micros=100), "cd"),
        (Wanted(most_micros=100), "ac"),
        (Wanted(least_micros=100, most_micros=100), "c"),
        (Wanted(least_rating=4), "c"),
        (Wanted(least_rating=1), "ac"),
        (Wanted(starred=True), "a"),
        (Wanted(decision="reject"), "d"),
        (Wanted(clips=True), "ad"),
        (Wanted(), "abcd"),
    ],
    ids=str,
)
def test_filters_are_part_of_the_sql_and_the_count_agrees(store, wanted, found):
    names = {
        add(store, prompt="a Cat", created_at=10, cost_micros=50, starred=True, rating=3, video_path="a.mp4"): "a",
        add(store, prompt="dog", created_at=20, status="failed", note="the BEST", starred=False): "b",
        add(store, prompt="cats", created_at=30, quality="720p", cost_micros=100, rating=4, tags="night"): "c",
        add(store, prompt="50% cat", created_at=40, cost_micros=900, decision="reject", reason="hands",
            video_path="d.mp4"): "d",
    }  # fmt: skip
    for sort in SORTS:
        assert {names[key] for key in walk(store, wanted, sort=sort)} == set(found)
    assert store.count(wanted) == len(found)


def test_new_rows_do_not_shift_a_page_and_the_first_page_shows_them(store):
    old = [add(store) for _ in range(20)][::-1]
    first = store.page(Wanted(), size=7)
    second = store.page(Wanted(), size=7, place=first.later)
    assert [row.id for row in second.rows] == old[7:14]
    new = [add(store) for _ in range(3)][::-1]
    assert [row.id for row in store.page(Wanted(), size=7, place=first.later).rows] == old[7:14]
    assert [row.id for row in store.page(Wanted(), size=7, place=second.earlier).rows] == old[:7]
    assert [row.id for row in store.page(Wanted(), size=7).rows] == new + old[:4]


def test_the_count_is_bounded(store):
    with store._db.write() as connection:
        rows = [{**ROW, "id": new_id(), "created_at": n} for n in range(MOST_COUNTED + 50)]
        connection.execute(schema.generations.insert(), rows)
    assert store.count(Wanted()) == MOST_COUNTED + 1


@pytest.mark.parametrize(
    ("wanted", "how", "index"),
    [
        (Wanted(), {}, "sqlite_autoindex_generations"),
        (Wanted(starred=True, clips=True), {}, "generations_by_star"),
        (Wanted(decision="keep", clips=True), {}, "generations_by_decision"),
        (Wanted(), {"sort": "cost_micros"}, "generations_by_cost"),
        (Wanted(), {"sort": "latency_s", "descending": False}, "generations_by_latency"),
        (Wanted(least_rating=4), {"sort": "rating"}, "generations_by_rating"),
    ],
    ids=str,
)
def test_a_page_walks_along_an_index_and_sorts_nothing(store, wanted, how, index):
    """What keeps a page of a million rows quick: no scan of the table, no sorting, no counting off."""
    said = []

    def seen(_, cursor, statement, parameters, *__):
        if "ORDER BY" in statement:
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            said.append((parameters, " / ".join(row[3] for row in plan)))

    sa.event.listen(store._db._engine, "before_cursor_execute", seen)
    store.page(wanted, **how)
    parameters, plan = said[0]
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert parameters[-2:] == (25, 0), "a row more than the page, and none counted off"
