"""The History tab's half in the kernel: filters, sorting, pages, the frame; its fields set by hand."""

import re
import threading
from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest

import pixverse_nb as pv
from pixverse_nb.display.browse import STALE
from pixverse_nb.history import COLUMNS, STATUSES
from pixverse_nb.panel.browse import SORTS, Browse, cost_range, day_us
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.store import schema
from pixverse_nb.store.ids import new_id
from pixverse_nb.store.pages import SORTS as STORED

pytestmark = pytest.mark.filterwarnings("ignore:.*ipykernel.comm.Comm.*:DeprecationWarning")  # ipywidgets 7
HOSTILE = '<img src=x onerror="alert(1)"></td><script>alert(2)</script>'
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def studio(tmp_path):
    made = pv.Studio(home=tmp_path / "home")
    yield made
    made._store.close()


@pytest.fixture
def tab(studio):
    tab = Browse(studio)
    yield tab
    tab.close()


def add(made, n=0, /, **changes):
    moment = datetime(2026, 11, 20, 12, tzinfo=timezone.utc) + timedelta(hours=n)
    row = {
        "id": new_id(), "service": "https://s.example", "api": "v2", "studio": "s", "status": "completed",
        "created_at": (moment - EPOCH) // timedelta(microseconds=1), "prompt": f"clip {n}", "duration": 5,
        "quality": "540p", "take": 1, "identity": "i", "reserved_micros": 0, **changes,
    }  # fmt: skip
    with made._store._db.write() as connection:
        connection.execute(schema.generations.insert().values(row))
    return row["id"]


def shown(tab, **fields):
    """Set fields as a person does; the prompts that are shown then."""
    for name, value in fields.items():
        tab._fields[name].value = value
    tab.refresh()
    assert tab.wait()
    return re.findall(r">(clip \d+)<", tab._table.value)


def test_the_newest_come_first_a_page_at_a_time_there_and_back(studio, tab):
    for n in range(60):
        add(studio, n)
    assert shown(tab) == [f"clip {n}" for n in range(59, 34, -1)]
    assert "60 rows · page 1" in tab._status.value
    assert (tab._earlier.disabled, tab._later.disabled) == (True, False)
    for _ in range(2):
        tab._later.click()
        assert tab.wait()
    assert shown(tab) == [f"clip {n}" for n in range(9, -1, -1)]
    assert "page 3" in tab._status.value
    assert tab._later.disabled
    for _ in range(2):
        tab._earlier.click()
        assert tab.wait()
    assert shown(tab)[0] == "clip 59"
    assert len(shown(tab, size=100)) == 60
    assert "page" not in tab._status.value


def test_every_sort_and_both_orders_are_done_by_the_database(studio, tab):
    for n in range(5):
        add(studio, n, cost_micros=[5, None, 3, 9, 1][n], latency_s=[5.0, None, 3.0, 9.0, 1.0][n],
            rating=[4, None, 3, 5, 1][n], duration=[4, 15, 3, 5, 1][n])  # fmt: skip
    assert set(SORTS.values()) == set(STORED)
    down, up = tab._fields["order"].options
    for name in ("Cost", "Time it took", "Rating"):
        assert shown(tab, sort=name, order=down) == ["clip 3", "clip 0", "clip 2", "clip 4", "clip 1"]
        assert shown(tab, sort=name, order=up) == ["clip 4", "clip 2", "clip 0", "clip 3", "clip 1"]
        assert 'aria-sort="ascending"' in tab._table.value
    assert shown(tab, sort="Duration", order=down) == ["clip 1", "clip 3", "clip 0", "clip 2", "clip 4"]
    assert shown(tab, sort="Date", order=up) == [f"clip {n}" for n in range(5)]


def test_filters_by_text_status_day_quality_cost_and_rating(studio, tab):
    add(studio, 0, cost_micros=100_000, rating=5, quality="720p", note="the Best")
    add(studio, 24, cost_micros=300_000, rating=3, tags="night")
    add(studio, 48, status="failed", error="refused")
    for fields, found in [
        ({"text": "best"}, "0"),
        ({"text": "NIGHT"}, "1"),
        ({"status": "failed"}, "2"),
        ({"quality": "720p"}, "0"),
        ({"rating": 3}, "10"),
        ({"rating": 4}, "0"),
        ({"cost": "0.10-0.30"}, "10"),
        ({"cost": ">0.1"}, "1"),
        ({"cost": "<= $0.1"}, "0"),
        ({"cost": "0.3"}, "1"),
        ({"since": "2026-11-21"}, "21"),
        ({"until": "2026-11-21"}, "10"),
        ({"since": "2026-11-21", "until": "2026-11-21"}, "1"),
        ({"text": "nothing such"}, ""),
    ]:
        wanted = {"0": "clip 0", "1": "clip 24", "2": "clip 48"}
        names = {"clip 0": 0}
        for n, hour in enumerate((0, 24, 48)):
            names[f"clip {hour}"] = n
        assert shown(tab, **fields) == [wanted[letter] for letter in found], fields
        tab._reset.click()
        assert tab.wait()
    assert "Nothing in the history matches" not in tab._table.value
    assert len(shown(tab)) == 3
    assert list(tab._fields["status"].options) == ["any", *STATUSES]
    assert list(tab._fields["quality"].options) == ["any", *PARAMETERS["quality"].choices]


def test_a_new_filter_begins_at_the_first_page(studio, tab):
    for n in range(60):
        add(studio, n)
    shown(tab)
    tab._later.click()
    assert tab.wait()
    assert shown(tab, text="clip")[0] == "clip 59"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("since", "yesterday", "is not a day"), ("until", "2026-13-01", "is not a day"), ("cost", "lots", "is no amount"),
     ("cost", HOSTILE, "is no amount"), ("since", "9999-12-31x", "is not a day")],
)  # fmt: skip
def test_a_filter_that_cannot_be_one_is_said_and_the_table_stays(studio, tab, field, value, said):
    add(studio)
    before = shown(tab)
    assert shown(tab, **{field: value}) == before == ["clip 0"]
    assert said in tab._wrong.value
    assert 'role="alert"' in tab._wrong.value
    assert "<img" not in tab._wrong.value
    assert "billed" not in tab._wrong.value, "a search costs nothing, and says nothing of money"
    assert "1 row, of the search before this one" in tab._status.value
    assert STALE in tab._table._dom_classes
    assert list(tab.frame["prompt"]) == ["clip 0"], "what is shown"
    shown(tab, **{field: ""})
    assert tab._wrong.value == ""
    assert "before" not in tab._status.value
    assert STALE not in tab._table._dom_classes


def test_the_last_day_of_the_calendar_is_no_crash(studio, tab):
    add(studio)
    assert shown(tab, until="9999-12-31") == ["clip 0"]
    assert shown(tab, since="0001-01-01") == ["clip 0"]


def test_the_frame_is_what_is_shown_in_its_order(studio, tab):
    for n in range(30):
        add(studio, n, cost_micros=n * 1000)
    assert len(tab.frame) == 25, "asked for before anything was shown"
    shown(tab, sort="Cost", text="clip 1")
    frame = tab.frame
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(COLUMNS)
    assert frame.index.name == "id"
    assert list(frame["prompt"]) == shown(tab) == [f"clip {n}" for n in (*range(19, 9, -1), 1)]
    assert (tab.as_frame.text, tab.as_frame.into_cell) == ("studio.panel().history", True)


def test_hostile_text_in_any_column_is_text(studio, tab):
    texts = {c.name: HOSTILE for c in schema.generations.columns if c.type.python_type is str}
    fixed = ("id", "status", "quality", "api", "service", "video_path", "image_path")
    add(studio, **{name: text for name, text in texts.items() if name not in fixed}, status="failed")
    shown(tab)
    assert "&lt;img src=x" in tab._table.value
    assert "<img src=x" not in tab._table.value
    assert "<script" not in tab._table.value


@pytest.mark.parametrize("text", ["雨夜的老街，霓虹灯闪烁" * 100, "word " * 900], ids=["Chinese", "Latin"])
def test_a_long_text_takes_three_lines_in_every_script(studio, tab, text):
    """The page's look cuts it by lines, not by letters; all of a short one, and most of a long one, is there."""
    add(studio, prompt=text, note=text, error=text, status="failed")
    shown(tab)
    assert tab._table.value.count('class="pixverse-clamp"') == 3
    assert text[:500] in tab._table.value
    assert ".pixverse-clamp { display: -webkit-box" in tab.box.children[0].value
    assert "-webkit-line-clamp: 3" in tab.box.children[0].value


def test_an_empty_history_says_so(tab):
    shown(tab)
    assert "every attempt will be a row here" in tab._table.value
    assert "0 rows" in tab._status.value
    shown(tab, text="x")
    assert "Nothing in the history matches" in tab._table.value


def test_fields_are_named_and_kept_for_the_next_panel(studio, tab):
    add(studio)
    for field in tab._fields.values():
        assert field.description
    shown(tab, text="clip", status="completed", sort="Rating", cost=">0")
    later = Browse(studio)
    later.filters = {**tab.filters, "nonsense": 1}
    assert later.filters == tab.filters
    later.close()


def test_closed_it_leaves_no_widget_behind(studio):
    from ipywidgets.widgets import widget

    alive = widget._instances if hasattr(widget, "_instances") else widget.Widget.widgets  # ipywidgets 8, 7
    before = set(alive)
    tab = Browse(studio)
    shown(tab)
    assert len(set(alive) - before) > 20
    tab.close()
    assert not set(alive) - before


def test_the_table_is_a_table(studio, tab):
    add(studio, rating=4, starred=True, decision="reject", reason="hands", tags="night", note="again")
    shown(tab)
    html = tab._table.value
    assert html.count('scope="col"') == 9
    for part in ("<caption", "4 of 5", "starred · rejected: hands · night · again", 'role="region"', 'tabindex="0"'):
        assert part in html


def test_typing_reads_the_history_beside_the_kernel_and_only_for_the_newest_word(studio, tab, monkeypatch):
    add(studio)
    go, asked = threading.Event(), []
    real = studio._store.page

    def slow(wanted, **how):
        asked.append((wanted.text, threading.current_thread()))
        assert go.wait(20)
        return real(wanted, **how)

    monkeypatch.setattr(studio._store, "page", slow)
    for text in ("c", "cl", "cli", "clip"):
        tab._fields["text"].value = text
    go.set()
    assert tab.wait()
    assert len(asked) <= 2
    assert asked[-1][0] == "clip"
    assert threading.main_thread() not in [thread for _, thread in asked]


@pytest.mark.parametrize(
    ("text", "found"),
    [("", (None, None)), (" .5 - 1 ", (500_000, 1_000_000)), ("1 to 0.5", (500_000, 1_000_000)),
     ("<1", (None, 999_999)), (">= $2", (2_000_000, None)), ("0.281", (280_500, 281_500))],
)  # fmt: skip
def test_costs_are_read_as_people_write_them(text, found):
    assert cost_range(text) == found


@pytest.mark.parametrize("text", ["-1", "1e9", "99999999", "1,5", "> ", "nan", "$"])
def test_what_is_no_cost_is_refused(text):
    with pytest.raises(pv.InvalidParameter, match="is no amount"):
        cost_range(text)


def test_a_day_ends_where_the_next_begins():
    assert day_us("Until", "2026-11-20", end=True) == day_us("From", "2026-11-21")
    assert day_us("From", "  ") is None
