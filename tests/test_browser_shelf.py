"""The gallery and the History tab in JupyterLab in a real Chromium: played, rated, paged, searched."""

from __future__ import annotations

import os

import pytest
from panel_rig import until

lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EVIL = '<img src=x onerror="document.title=1234567"><script>document.title=1234567</script>'
MAKE = f"""
import sqlalchemy as sa
import pixverse_nb as pv
from pixverse_nb.store.ids import new_id
from pixverse_nb.store.schema import generations as g
studio = pv.Studio(home="pixverse_shelf")
prompts = ["A lighthouse in a storm, slow dolly in", "一只红色的气球飘过雪地，缓慢推进，金色的阳光",
           "قارب صغير في البحر عند الغروب", {EVIL!r}]
shapes = ["16:9", "1:1", "9:16", "16:9"]
made = [studio.submit(p, duration=2, quality="360p", aspect_ratio=s) for p, s in zip(prompts, shapes)]
made = [one.wait() for one in made]
studio.annotate(made[0].id, starred=True, rating=4, tags="night, sea", note="the best so far")
studio.annotate(made[1].id, decision="reject", reason="hands")
studio.annotate(made[2].id, decision="keep")
with studio._store._db.write() as connection:  # more of them: rows on the same files
    rows = [dict(row) for row in connection.execute(sa.select(g).order_by(g.c.id)).mappings()]
    for number in range(56):
        row = rows[number % 4]
        copy = dict(row, id=new_id(), prompt=row["prompt"] if number % 4 else f"Take {{number}} of a lighthouse in fog",
                    take=number + 2, rating=None, starred=None, decision=None, reason=None, tags=None, note=None)
        connection.execute(g.insert().values(copy))
print("ready", len(studio.history()))
"""
SHOW = """
from pixverse_nb.panel.shelf import Shelf
from pixverse_nb.panel import clip_stream
clip_stream.PIECE_BYTES, clip_stream.AT_ONCE = 20_000, 2  # as if the clips were large: many pieces, asked for in turns
shelf = Shelf(studio)
heard = []
shelf.on_action(lambda action, id, **more: heard.append((action, id, more)))
shelf.box
"""
BROWSE = """
from pixverse_nb.panel.browse import Browse
browse = Browse(studio)
browse.refresh()
browse.box
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("lab") / "shelf"
    root.mkdir()
    return root


@pytest.fixture(scope="module")
def url(place, tmp_path_factory):
    quiet = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with lab.lab_server(place, tmp_path_factory.mktemp("state"), **quiet) as url:
        yield url


@pytest.fixture(scope="module")
def notebook(chromium, place, url):
    lab.write_notebook(place / "shelf.ipynb", MAKE, SHOW, BROWSE, "1")
    notebook = lab.Notebook(chromium, url, "shelf.ipynb")
    notebook.run_all()
    notebook.page.wait_for_selector("text=ready 60", timeout=120_000)
    notebook.page.locator(".pxs-card").nth(23).wait_for(timeout=30_000)
    yield notebook
    notebook.page.close()


def hears(notebook, action):
    """What was pressed last has reached the kernel, or does so soon."""
    until(lambda: action in notebook.ask("print(heard[-1:])"))


def cards(notebook):
    return notebook.page.locator(".pxs-card")


def test_a_page_shows_posters_first_and_no_video(notebook):
    page = notebook.page
    page.wait_for_function(
        "() => [...document.querySelectorAll('.pxs-card img')].filter(i => i.naturalWidth > 50).length === 24",
        timeout=30_000,
    )
    assert cards(notebook).count() == 24
    assert page.locator(".pxs-card video").count() == 0
    assert page.locator(".pxs-count").first.inner_text() == "60 clips"
    lab.shoot(notebook.page, "shelf-1280")


def test_enter_plays_with_the_notebooks_own_shortcuts_left_alone(notebook):
    page = notebook.page
    before = notebook.cells()
    cards(notebook).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => { const v = document.querySelector('.pxs-card video');"
        " return v && v.videoWidth > 0 && v.currentTime > 0.2; }",
        timeout=30_000,
    )
    assert page.locator(".pxs-card video").count() == 1
    lab.shoot(notebook.page, "shelf-playing")
    cards(notebook).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => { const v = document.querySelectorAll('.pxs-card')[1].querySelector('video');"
        " return v && v.videoWidth > 0 && v.currentTime > 0.1; }",
        timeout=30_000,
    )
    assert page.locator(".pxs-card video").count() == 1, "one plays at a time"
    assert notebook.cells() == before
    assert page.evaluate("() => document.querySelector('.pxs-card:nth-child(2) video').src").startswith("blob:")


def test_keys_rate_star_keep_and_reject_and_it_is_in_the_history(notebook):
    page = notebook.page
    card = cards(notebook).nth(2)
    key = card.get_attribute("data-id")
    label = f"document.querySelector('[data-id=\"{key}\"]').ariaLabel"
    # As it was made, also where this is tried once more: the keys that set take back, too.
    notebook.ask(f"studio.annotate({key!r}, starred=None, rating=None, decision=None)", "shelf.refresh()")
    page.wait_for_function(f"() => !/starred|rated|kept|rejected/.test({label})")
    card.focus()
    for one in ("4", "s", "k"):
        page.keyboard.press(one)
    page.wait_for_function(f"() => {label}.includes('starred, rated 4 of 5, kept')")
    words = notebook.ask(f"print(*studio.history(id={key!r})[['starred', 'rating', 'decision']].iloc[0])")
    assert words == "True 4 keep\n"
    assert notebook.cells()[:3] == [["code", text] for text in (MAKE, SHOW, BROWSE)], "no cell was cut or turned"
    card.focus()
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    page.wait_for_function("id => document.activeElement.dataset.id === id", arg=key)
    assert "keep" not in notebook.ask(f"print(studio.history(id={key!r})['decision'].iloc[0])"), (
        "rejected, without a reason"
    )
    card.focus()
    page.keyboard.press("x")  # takes it back
    page.wait_for_function(f"() => !{label}.includes('rejected')")
    page.keyboard.press("x")
    page.keyboard.type("a sixth finger")
    lab.shoot(notebook.page, "shelf-why")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-id='{key}'] .pxs-meta:has-text('Rejected: a sixth finger')")
    row = notebook.ask(f"print(studio.history(id={key!r}).iloc[0][['decision', 'reason']].tolist())")
    assert "['reject', 'a sixth finger']" in row


def test_the_sheet_saves_tags_and_note_and_asks_for_actions(notebook):
    page = notebook.page
    card = cards(notebook).nth(1)
    key = card.get_attribute("data-id")
    card.focus()
    page.keyboard.press("m")
    sheet = page.get_by_role("dialog")
    sheet.wait_for()
    sheet.get_by_label("Tags, with commas between them").fill("Night, sea")
    sheet.get_by_label("Note", exact=True).fill("again with rain")
    sheet.get_by_label("Tags, with commas between them").focus()
    page.wait_for_function("() => document.querySelector('.pxs-said').textContent === 'Saved.'")
    lab.shoot(notebook.page, "shelf-sheet")
    said = notebook.ask(f"print(studio.history(id={key!r}).iloc[0][['tags', 'note']].tolist())")
    assert "['night, sea', 'again with rain']" in said
    sheet.get_by_label("Tags, with commas between them").fill("x" * 41)
    sheet.get_by_label("Note", exact=True).focus()
    page.wait_for_selector(".pxs-said.bad:has-text('at most 40 characters')")
    sheet.get_by_role("button", name="Finalise at 1080p · preview, $0").click()
    sheet.wait_for(state="detached")
    page.wait_for_function("id => document.activeElement.dataset.id === id", arg=key)  # the keyboard is back
    hears(notebook, f"('finalise', '{key}'")


def test_two_are_picked_across_pages_and_compared(notebook):
    page = notebook.page
    while page.get_by_role("button", name="Newer", exact=True).get_attribute("aria-disabled") != "true":  # tried again
        page.get_by_role("button", name="Newer", exact=True).click()
        page.wait_for_timeout(300)
    for box in page.locator(".pxs-card input[type=checkbox]:checked").all():
        box.uncheck()
    first = cards(notebook).first.get_attribute("data-id")
    cards(notebook).nth(3).locator(".pxs-play").click()
    page.wait_for_function("() => document.querySelector('.pxs-card:nth-child(4) video')?.videoWidth > 0")
    blob = page.evaluate("() => document.querySelector('.pxs-card:nth-child(4) video').src")
    there = "blob => fetch(blob).then(() => true, () => false)"
    assert page.evaluate(there, blob)
    cards(notebook).first.locator("input[type=checkbox]").check()
    page.get_by_role("button", name="Older", exact=True).click()
    page.wait_for_selector(".pxs-foot :text('Page 2')")
    assert not page.evaluate(there, blob), "a clip that has left the page is given back"
    assert cards(notebook).first.get_attribute("data-id") != first
    second = cards(notebook).first.get_attribute("data-id")
    cards(notebook).first.locator("input[type=checkbox]").check()
    page.get_by_role("button", name="Compare 2").click()
    hears(notebook, f"('compare', '{first}', {{'ids': ['{first}', '{second}']}})")
    page.get_by_role("button", name="Older", exact=True).click()
    page.wait_for_selector(".pxs-foot :text('Page 3')")
    assert cards(notebook).count() == 12
    assert page.get_by_role("button", name="Older", exact=True).get_attribute("aria-disabled") == "true"
    for number in (2, 1):
        page.get_by_role("button", name="Newer", exact=True).click()
        page.wait_for_selector(f".pxs-foot :text('Page {number}')")
    assert cards(notebook).first.get_attribute("data-id") == first


def test_filters_find_and_hostile_text_stays_text(notebook):
    page = notebook.page
    page.get_by_role("group", name="Show").get_by_role("button", name="Rejected").click()
    page.wait_for_selector(".pxs-count:text-is('2 clips')")
    page.get_by_role("group", name="Show").get_by_role("button", name="All").click()
    page.get_by_role("searchbox", name="Search prompts, tags and notes").fill("onerror")
    page.wait_for_selector(".pxs-count:text-is('15 clips')")
    assert "<img src=x onerror" in cards(notebook).first.inner_text()
    cards(notebook).first.focus()
    page.keyboard.press("m")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("searchbox", name="Search prompts, tags and notes").fill("")
    page.wait_for_selector(".pxs-count:text-is('60 clips')")
    assert "1234567" not in page.title()


def test_the_history_tab_sorts_filters_and_gives_its_frame(notebook):
    page = notebook.page
    page.wait_for_selector(".pixverse-browse tbody tr")
    page.get_by_label("Search", exact=True).fill("lighthouse")
    page.get_by_label("Sort by").select_option("Rating")
    page.wait_for_selector(".pixverse-browse th[aria-sort=descending]:has-text('Rating')")
    page.wait_for_selector("[role=status]:has-text('15 rows')")
    page.evaluate("() => document.querySelector('.pixverse-browse').scrollIntoView({block: 'center'})")
    lab.shoot(notebook.page, "browse-1280")
    assert "(15, 4)" in notebook.ask("print((len(browse.frame), int(browse.frame['rating'].iloc[0])))")
    page.get_by_label("Cost, $").fill("lots")
    page.wait_for_selector("[role=alert]:has-text('is no amount')")
    page.get_by_label("Cost, $").fill("")
    page.get_by_label("Search", exact=True).fill("onerror")
    page.wait_for_selector(".pixverse-browse :text('<img src=x onerror')")
    assert "1234567" not in page.title()
