"""`df.pixverse.table()`: rows to choose from, in a real Chromium; what is chosen comes back; nobody's text runs."""

import json
import re
from pathlib import Path

import itables.widget
import lab
import pandas as pd
import pytest
from lab import CHROMIUM
from studio_rig import KEY, rigged

import pixverse_nb as pv
from pixverse_nb.display import chooser as looks
from pixverse_nb.history import History
from pixverse_nb.table import chooser
from pixverse_nb.table.chooser import Chooser

HOSTILE = '<img src=x onerror="document.title=\'run\'">&lt;b&gt;</td></table><script>document.title="run"</script>\'"'


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with rigged(tmp_path_factory.mktemp("studio") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def studio(rig):
    """Two clips, one of them hostile in every word, and a failure."""
    made = rig.studio()
    made.generate("a red cat " * 20, quality="360p", duration=10, seed=3)
    hostile = made.generate(HOSTILE, quality="1080p", negative_prompt=HOSTILE, extra={"style": HOSTILE})
    made.annotate(hostile.id, rating=4, decision="reject", reason=HOSTILE, note=HOSTILE, tags=["<b>x</b>"])
    rig.servers[0].faults.add("job", "fail")
    with pytest.raises(pv.GenerationFailed):
        made.generate("a bird", duration=2)
    return made


@pytest.fixture
def df(studio):
    frame = studio.history()
    assert len(frame) == 3
    return frame


def rows_of(table):
    """The cells of each row, as they are sent to the browser."""
    return json.loads(table._widget._dt_args["data_json"])


# ---- without a browser -------------------------------------------------------------------------------------------


def test_it_says_what_a_person_chooses_by(df):
    table = df.assign(mismatch=["", "asked 5 s, got 4.2", ""]).pixverse.table()
    heads = re.findall(r"<th>(.*?)</th>", table._widget._dt_args["table_html"])
    assert heads[:11] == [
        "", "Prompt", "What differs", "Quality", "Duration", "Latency", "Cost", "Rating", "Decision", "Mismatch",
        "Created",
    ]  # fmt: skip
    failed, hostile, cat = (dict(zip(heads, row, strict=True)) for row in rows_of(table))
    assert "failed" in failed["Prompt"]
    assert "pxc-none" in failed[""]
    assert "data:image/jpeg;base64," in cat[""]
    assert "…" in cat["Prompt"]
    assert f'title="{"a red cat " * 20}'.strip() in cat["Prompt"]
    assert "Seed 3" in cat["What differs"]
    assert "10 s" in cat["Duration"]
    assert "$0.4" in cat["Cost"]
    assert "4 ★" in hostile["Rating"]
    assert "✕ rejected" in hostile["Decision"]
    assert "asked 5 s, got 4.2" in hostile["Mismatch"]
    assert (failed["by Quality"], hostile["by Quality"], cat["by Quality"]) == (1, 3, 0), "by size, not by spelling"
    assert failed["by Cost"] == -1, "what nobody knows is no 0"


def test_pretended_and_unknown_money_is_marked():
    assert "pretended" in looks.cost_cell(0.2, "preview")
    assert "unknown" in looks.cost_cell(None, "none")
    assert ">–<" in looks.cost_cell(None, ""), "never 0"
    assert "reused" in looks.cost_cell(0.0, "reused")


def test_what_is_chosen_comes_back_as_a_table_of_its_own(df, studio):
    table = df.pixverse.table()
    assert table.selected.empty
    assert "0 chosen" in repr(table)
    table._widget.selected_rows = [2, 1, 1, 99, -1]  # what a browser sends is not trusted
    assert isinstance(table.selected, History)
    assert list(table.selected.index) == list(df.index[1:])
    assert table.selected.pixverse.compare().ids == tuple(df.index[1:])
    df["prompt"] = "changed since"
    assert "changed since" not in set(table.selected["prompt"])
    plain = pd.DataFrame(studio.history()).reset_index()
    table = plain.pixverse.of(studio).table()
    table._widget.selected_rows = [1, 2]
    assert table.selected.pixverse.compare().ids == tuple(plain["id"][1:])


def test_without_a_kernel_it_is_the_table_of_any_notebook(df):
    table = df.pixverse.table()
    bundle = table._repr_mimebundle_()
    assert bundle["text/html"].startswith(df._repr_html_())
    assert "<script" not in bundle["text/html"]
    assert "<img src=x" not in bundle["text/html"]
    assert bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    table.close()
    assert "application/vnd.jupyter.widget-view+json" not in table._repr_mimebundle_()


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_no_row_and_of_one(df, rows):
    table = df.head(rows).pixverse.table()
    assert len(rows_of(table)) == rows == len(table)
    assert table.selected.empty
    assert table._repr_mimebundle_()["text/html"]


def test_any_table_will_do(df):
    for frame in (
        df[["prompt"]], df.reset_index(drop=True), df.set_index("quality", append=True), pd.concat([df, df]),
        pd.DataFrame(df).astype(object), df.sort_values("cost_usd"), df[["cost_usd", "rating"]], df[[]],
    ):  # fmt: skip
        table = frame.pixverse.table()
        assert len(rows_of(table)) == len(frame)
        assert table._repr_mimebundle_()["text/html"]
    assert "does not know its studio" in pd.DataFrame(df).pixverse.table()._repr_mimebundle_()["text/plain"]
    with pytest.raises(pv.InvalidParameter, match="several levels"):
        pd.concat([df], axis=1, keys=["x"]).pixverse.table()
    with pytest.raises(pv.InvalidParameter, match="'rating' holds"):
        df.assign(rating="good").pixverse.table()


def test_large_tables_are_cut_and_few_rows_have_posters(df, monkeypatch):
    monkeypatch.setattr(chooser, "ROWS", 5)
    monkeypatch.setattr(chooser, "POSTERS", 2)
    table = pd.concat([df.tail(2)] * 4).pixverse.table()
    rows = rows_of(table)
    assert len(rows) == 5
    assert ["data:image" in row[0] for row in rows] == [True, True, False, False, False]
    text = table._repr_mimebundle_()["text/plain"]
    assert "The first 5 of 8 rows can be chosen from" in text
    assert "The first 2 rows have posters." in text
    table._widget.selected_rows = [4, 5]
    assert len(table.selected) == 1


def test_a_cell_that_runs_again_closes_what_it_showed(df, monkeypatch):
    run = ["cell", 1]
    monkeypatch.setattr(chooser, "_this_run", lambda: tuple(run))
    first = df.pixverse.table()
    first._repr_mimebundle_()
    run[1] = 2
    second = df.pixverse.table()
    second._repr_mimebundle_()
    assert first._widget.comm is None
    assert second._widget.comm is not None


# ---- in Chromium, without a network ------------------------------------------------------------------------------

_MODEL = """
const model = {
  state: %s, heard: {},
  get(name) { return this.state[name]; },
  set(name, value) { this.state[name] = value; window.sent = {name, value}; },
  save_changes() { window.saved = (window.saved || 0) + 1; },
  on(event, call) { this.heard[event] = call; }, off() {}, send() {},
};
const module = await import(%s);
module.default.render({model, el: document.querySelector("main")});
document.body.dataset.ready = "yes";
"""


def page_of(table, folder: Path) -> Path:
    """The widget on a page of its own, with the state that a front end is given."""
    widget = table._widget
    synced = {name: getattr(widget, name) for name in widget.traits(sync=True)}
    state = {
        name: value for name, value in synced.items() if isinstance(value, str | list | dict) and name[:4] != "_css"
    }
    state.pop("_esm", None)
    (folder / "widget.js").write_text(str(widget._esm), encoding="utf-8")
    script = _MODEL % (json.dumps(state).replace("<", "\\u003c"), json.dumps("./widget.js"))
    page = folder / "page.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>quiet</title><style>{widget._css}</style><main></main>"
        f"<script type=module>{script}</script>",
        encoding="utf-8",
    )
    return page


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_in_a_browser_it_sorts_searches_and_is_ticked_by_keyboard_and_runs_nobodys_text(df, tmp_path):
    table = pd.concat([df] * 5).pixverse.table()
    page_of(table, tmp_path)
    asked, said = [], []
    with lab.browser() as chromium:
        context = chromium.new_context(color_scheme="light")

        def serve(route):
            name = route.request.url.rsplit("/", 1)[-1]
            if route.request.url.startswith("http://table.test/") and (tmp_path / name).is_file():
                route.fulfill(path=tmp_path / name)
            else:
                asked.append(route.request.url)
                route.abort()

        context.route("**/*", serve)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("http://table.test/page.html")
        page.wait_for_selector("body[data-ready=yes] table.pixverse-chooser tbody tr td img")
        rows = page.locator("table.pixverse-chooser tbody tr")
        assert page.get_by_role("status").first.inner_text().startswith("1–10 of 15")
        page.locator(".dt-paging-button", has_text="2").click()
        assert rows.count() == 5
        # Every column, hidden words too, is searched; HTML is found as the text that it is.
        search = page.get_by_role("searchbox", name="Search")
        search.fill("onerror")
        page.wait_for_function("() => document.querySelectorAll('table.pixverse-chooser tbody tr').length === 5")
        assert "<img src=x" in rows.first.inner_text()
        search.fill("x</b>")  # a tag of the clip's, which no column shows
        page.wait_for_function("() => document.querySelectorAll('table.pixverse-chooser tbody tr').length === 5")
        search.fill("nobody has written this")
        page.wait_for_selector("table.pixverse-chooser td.dt-empty")
        search.fill("")
        # By value: ten seconds come after five.
        page.get_by_role("button", name="Duration: Activate to sort").click()
        page.wait_for_function(
            "() => document.querySelector('table.pixverse-chooser td.pxc-duration').innerText === '2 s'"
        )
        page.get_by_role("button", name=re.compile("^Duration")).click()
        page.wait_for_function(
            "() => document.querySelector('table.pixverse-chooser td.pxc-duration').innerText === '10 s'"
        )
        # By mouse on the poster, and by keyboard on the box.
        rows.nth(0).locator("img").click()
        box = rows.nth(1).get_by_role("checkbox", name=re.compile("choose a red cat"))
        box.focus()
        page.keyboard.press("Space")
        assert [rows.nth(n).get_by_role("checkbox").is_checked() for n in range(3)] == [True, True, False]
        chosen = page.evaluate("window.sent.value")
        assert len(chosen) == 2
        assert {place % 3 for place in chosen} == {2}, "the cats, wherever they are sorted to"
        page.keyboard.press("Space")
        assert len(page.evaluate("window.sent.value")) == 1
        assert not box.is_checked()
        assert page.title() == "quiet"
        assert page.evaluate("() => document.querySelectorAll('main script, main [onerror]').length") == 0
    outside = [url for url in asked if not url.endswith("favicon.ico")]
    assert (said, outside) == ([], []), "nothing is fetched from anywhere"


def test_the_widget_is_the_librarys_own_and_carries_no_address_to_fetch(df):
    table = df.pixverse.table()
    assert isinstance(table, Chooser)
    assert isinstance(table._widget, itables.widget.ITable)
    css = str(table._widget._css)
    assert not re.search(r"url\(\s*['\"]?https?:|@import", css)
    assert "pixverse-chooser" in css
    assert KEY not in json.dumps(table._widget.get_state(), default=str)
    assert not table._widget._dt_args.get("keys_to_be_evaluated"), "no script of ours is evaluated"
