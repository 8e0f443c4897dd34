"""The player in JupyterLab and on a page of its own, in a real Chromium: in step, by keys, without a kernel."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from itertools import cycle
from pathlib import Path
from statistics import median

import pytest
from clips import make_clip

from pixverse_nb.display.player import module_html, mount_html

lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
TESTS = str(Path(__file__).parent)
MODULE = Path(sys.modules["pixverse_nb"].__file__).parent / "player" / "player.js"

EVIL = '<img src=x onerror="document.title=1234567"><script>document.title=1234567</script>'
FRAME_MS = 1000 / 24  # of the slower clip
REFRESH_MS = 1000 / 60  # a picture that is due comes to the screen with its next refresh
LONG_S, SHORT_S = 4.0, 2.0

# Two clips of another length and frame rate, and a third one of another shape, as a service delivered them.
MAKE = f"""
import sys
from pathlib import Path
sys.path.insert(0, {TESTS!r})
from clips import make_clip
import pixverse_nb as pv
kinds = {{
    "24 fps": dict(width=320, height=180, frames=96, fps=24),
    "30 fps": dict(width=320, height=180, frames=60, fps=30),
    "tall": dict(width=180, height=320, frames=48, fps=24, audio=False),
}}
def render(shot, path):
    kind = next((kind for name, kind in kinds.items() if name in repr(shot)), kinds["24 fps"])
    make_clip(path, noise=40, **kind)
server = pv.PreviewServer(render=render).start()
studio = pv.Studio(api_key="SG_0123456789abcdef", base_url=server.url, home="pixverse_player")
long = studio.submit("a red fox, slow pan, 24 fps", duration=4, quality="360p")
short = studio.submit("a grey fox, slow pan, 30 fps " + {EVIL!r}, duration=2, quality="540p")
tall = studio.submit("a tall tree", duration=2, quality="360p", aspect_ratio="9:16", generate_audio_switch=False)
for one in (long, short, tall):
    one.wait()
print("ready", len(studio.history()))
"""
SHOW = "player = studio.compare(long, short)\nplayer"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("lab") / "player"
    root.mkdir()
    return root


@pytest.fixture(scope="module")
def url(place, tmp_path_factory):
    quiet = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with lab.lab_server(place, tmp_path_factory.mktemp("state"), **quiet) as url:
        yield url


@pytest.fixture(scope="module")
def notebook(chromium, place, url):
    lab.write_notebook(place / "player.ipynb", MAKE, SHOW, "1")
    notebook = lab.Notebook(chromium, url, "player.ipynb")
    notebook.run_all()
    notebook.page.wait_for_selector("text=ready 3", timeout=120_000)
    notebook.page.wait_for_selector(".pixverse-player[data-ready=true]", timeout=60_000)
    yield notebook
    notebook.page.close()


@pytest.fixture
def player(notebook):
    """The player, standing at its start, with the keyboard."""
    found = notebook.page.locator(".pixverse-player")
    found.evaluate("node => node.scrollIntoView({block: 'center'})")
    found.focus()
    notebook.page.keyboard.press("g")
    return found


def times(page):
    """Where each clip stands, s."""
    return page.evaluate("() => [...document.querySelectorAll('.pxp-view video')].map(v => v.currentTime)")


def stand(page, at):
    """Wait until every clip stands near a time."""
    page.wait_for_function(
        "at => [...document.querySelectorAll('.pxp-view video')].every(v =>"
        " v.paused && !v.seeking && Math.abs(v.currentTime - at) < 0.06)",
        arg=at,
    )


WATCH = """() => {
  window.pictures = [];
  for (const [view, video] of [...document.querySelectorAll('.pxp-view video')].entries()) {
    const next = (_, frame) => {
      const moves = !video.paused && !video.seeking;
      if (moves) window.pictures.push([view, frame.expectedDisplayTime, frame.mediaTime * 1000]);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }
}"""


def watched(page, start_s=0.7, end_s=2.2):
    """Play, and measure in one stretch of time after the start how far the clips were apart.

    By the browser's own word of which picture was on the screen when, not the player's. Gives by how much the first
    clip was ahead of the last one, ms, for each tenth of a second; and how many pictures of each clip were seen.
    """
    page.evaluate(WATCH)
    begun = page.evaluate("() => performance.now()")
    page.keyboard.press(" ")
    page.wait_for_timeout(end_s * 1000)
    pictures = page.evaluate("() => window.pictures")
    slices = {}  # of 100 ms -> clip -> by how much its pictures were ahead of the time of day
    for view, moment, media in pictures:
        if start_s * 1000 <= moment - begun < end_s * 1000:
            slices.setdefault(int(moment // 100), {}).setdefault(view, []).append(media - moment)
    apart, seen = [], Counter()
    for ahead in slices.values():
        stood = [median(found) for found in ahead.values()]
        apart.append(max(stood) - min(stood))
        seen.update({view: len(found) for view, found in ahead.items()})
    return apart, seen


def assert_in_step(apart, seen, count):
    """No two clips are further apart than a frame, as a screen shows it: a picture comes with the next refresh."""
    assert len(seen) == count
    assert min(seen.values()) >= 5, "a clip hardly moved"
    assert median(apart) < FRAME_MS + REFRESH_MS, sorted(apart)


def page_of(folder, count):
    """An exported page with that many clips beside it, in turns of 24 and 30 frames a second."""
    clips = []
    for name, fps in zip("ABCDEFGHI"[:count], cycle((24, 30)), strict=False):
        make_clip(folder / f"{name}.mp4", width=160, height=90, frames=4 * fps, fps=fps, noise=20)
        clips.append({
            "id": name, "name": name, "src": f"{name}.mp4", "poster": "", "strip": "", "prompt": "x", "words": [],
            "facts": [["Cost", "$0.1"]], "flag": "", "fps": fps, "duration": 4.0, "width": 160, "height": 90,
            "sound": True, "rating": None, "decision": None, "reason": "", "mark_in_s": None, "mark_out_s": None,
        })  # fmt: skip
    return written(folder, {"prompt": "x", "same": [], "clips": clips})


def written(folder, data):
    """The page of a player, as a report has it."""
    page = folder / "report.html"
    text = f'<!doctype html><meta charset="utf-8">{mount_html(data)}{module_html(MODULE.read_text(encoding="utf-8"))}'
    page.write_text(text, encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize("count", [2, 4, 9])
def test_clips_play_within_one_frame_of_each_other(chromium, tmp_path, count):
    page = chromium.new_page(viewport={"width": 1000, "height": 900})
    page.goto(page_of(tmp_path, count))
    page.wait_for_selector(".pixverse-player[data-ready=true]", timeout=30_000)
    page.locator(".pixverse-player").focus()
    page.keyboard.press("l")
    assert_in_step(*watched(page), count)
    told = page.locator(".pxp-told")
    if count == 2:
        _one_that_falls_behind_is_waited_for(page)
    page.keyboard.press(" ")
    page.get_by_role("button", name="▶ Play").wait_for()
    assert told.inner_text() == "", "it is not in step: nothing runs"
    assert page.locator(".pixverse-player").get_attribute("data-apart-ms") is None
    if count == 9:
        _the_controls_stay_in_sight(page)
    page.close()


def _one_that_falls_behind_is_waited_for(page):
    page.evaluate("""() => {
      window.said = [];
      const live = document.querySelector('.pxp-hidden');
      new MutationObserver(() => window.said.push(live.textContent)).observe(live, {childList: true, subtree: true});
      const [, late] = document.querySelectorAll('.pxp-view video');
      window.behind = setInterval(() => {
        if (late.currentTime > 1.5) { late.currentTime -= 1.2; clearInterval(window.behind); }
      }, 20);
    }""")
    page.wait_for_function("() => window.said.includes('Waiting for clip B')", timeout=20_000)


def _the_controls_stay_in_sight(page):
    """Nine clips are higher than the window: above them, where the page is scrolled, the controls stay."""
    page.set_viewport_size({"width": 1000, "height": 600})
    for place in ("0", "document.body.scrollHeight"):
        page.evaluate(f"() => window.scrollTo(0, {place})")
        box = page.get_by_role("button", name="▶ Play").bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 600 - box["height"]
        lab.shoot(page, f"player-nine-{place[:1]}")
    assert page.evaluate("() => window.scrollY") > 150


def test_two_clips_of_another_length_and_rate_play_in_step(player):
    page = player.page
    assert page.evaluate("() => [...document.querySelectorAll('.pxp-view video')].map(v => v.src.slice(0, 5))") == [
        "blob:", "blob:",
    ]  # fmt: skip
    lengths = page.evaluate("() => [...document.querySelectorAll('.pxp-view video')].map(v => v.duration)")
    assert lengths == [pytest.approx(LONG_S, abs=0.1), pytest.approx(SHORT_S, abs=0.1)]
    for key in ("Home", "l"):  # in a loop, for a machine that has other things to do
        page.keyboard.press(key)
    assert_in_step(*watched(page), 2)
    lab.shoot(page, "player-playing")
    page.keyboard.press(" ")
    page.keyboard.press("l")
    page.get_by_role("button", name="▶ Play").wait_for()
    paused = times(page)
    assert abs(paused[0] - paused[1]) <= FRAME_MS / 1000 or min(paused) > SHORT_S - 0.1


def test_a_shorter_clip_holds_its_last_frame_and_says_so(player):
    page = player.page
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    page.locator(".pxp-view").nth(1).get_by_text("ended").wait_for(timeout=20_000)
    first, second = times(page)
    assert second == pytest.approx(SHORT_S, abs=0.05)
    assert first < LONG_S
    page.wait_for_function(
        "at => document.querySelectorAll('.pxp-view video')[0].currentTime > at + 0.2", arg=first, timeout=20_000
    )
    assert page.locator(".pxp-view").nth(0).get_by_text("ended").is_hidden()
    page.get_by_role("button", name="▶ Play").wait_for(timeout=20_000)  # at the end it stops by itself
    lab.shoot(page, "player-ended")
    page.keyboard.press("Home")
    stand(page, 0)
    assert page.locator(".pxp-view").nth(1).get_by_text("ended").is_hidden()


def test_keys_step_choose_and_mute_and_the_notebook_hears_none_of_them(notebook, player):
    page = notebook.page
    page.keyboard.press("Home")
    stand(page, 0)
    before = notebook.cells()
    for _ in range(30):  # a second, at 30 frames a second
        page.keyboard.press(".")
    stand(page, 1 + 1 / 60)
    page.keyboard.press(",")
    page.keyboard.press("ArrowLeft")
    stand(page, 1 - 1.5 / 30)
    muted = "() => [...document.querySelectorAll('.pxp-view video')].map(v => v.muted)"
    assert page.evaluate(muted) == [False, True]
    page.keyboard.press("ArrowDown")
    assert page.evaluate(muted) == [True, False]
    page.keyboard.press("Shift+Digit1")
    assert page.evaluate(muted) == [False, True]
    page.keyboard.press("m")
    assert page.evaluate(muted) == [True, True]
    page.keyboard.press("m")
    for key, says in (("1", "★☆☆☆☆"), ("1", ""), ("x", "rejected")):  # to the notebook: a heading, cut the cell
        page.keyboard.press(key)
        player.locator(f".pxp-says:text-is('{says}')").first.wait_for(state="attached")
    for key in ("Escape", "x"):  # no reason; not rejected after all
        page.keyboard.press(key)
    page.wait_for_function("() => document.querySelector('.pxp-says').textContent === ''")
    assert notebook.cells() == before


def test_keys_and_the_mouse_change_the_view(player):
    page = player.page
    seen = "() => [...document.querySelectorAll('.pxp-view')].map(v => getComputedStyle(v).visibility)"
    page.keyboard.press("Shift+Digit1")
    page.keyboard.press("f")
    assert page.evaluate(seen) == ["visible", "hidden"]
    page.keyboard.press("f")
    assert page.evaluate(seen) == ["hidden", "visible"]
    lab.shoot(page, "player-flip")
    page.keyboard.press("w")
    assert page.evaluate(seen) == ["visible", "visible"]
    line = page.get_by_role("slider", name="Wipe between A and B")
    line.focus()
    page.keyboard.press("ArrowRight")
    assert line.get_attribute("aria-valuenow") == "52"
    player.focus()
    box = page.locator(".pxp-view").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.52, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 60, steps=4)
    page.mouse.up()
    assert abs(int(line.get_attribute("aria-valuenow")) - 25) <= 1
    clip = "() => getComputedStyle(document.querySelector('.pxp-view.is-over')).clipPath"
    assert page.evaluate(clip).startswith("inset(0px 0px 0px 25")
    lab.shoot(page, "player-wipe")
    page.keyboard.press("d")
    blend = "() => getComputedStyle(document.querySelector('.pxp-view.is-over')).mixBlendMode"
    assert page.evaluate(blend) == "difference"
    lab.shoot(page, "player-difference")
    for key in ("+", "+"):
        page.keyboard.press(key)
    assert (
        len(set(page.evaluate("() => [...document.querySelectorAll('.pxp-view video')].map(v => v.style.transform)")))
        == 1
    )
    page.locator("button:text-is('225 %')").wait_for()
    page.keyboard.press("0")
    page.keyboard.press("?")
    page.get_by_text("usable part: starts, ends at this frame").wait_for()
    lab.shoot(page, "player-keys")
    page.keyboard.press("?")


def test_the_wheel_zooms_a_player_that_has_the_keyboard_and_else_scrolls_the_page(player):
    page = player.page
    page.locator(".pxp-view").first.hover()
    page.mouse.wheel(0, -200)
    page.wait_for_function("() => document.querySelector('.pxp-view video').style.transform.includes('scale(')")
    page.keyboard.press("0")
    page.evaluate("() => document.activeElement.blur()")
    page.mouse.wheel(0, -100)
    page.locator(".pxp-view").first.hover()
    assert page.evaluate("() => document.querySelector('.pxp-view video').style.transform") == ""


def test_a_part_is_looped_at_another_speed(player):
    page = player.page
    page.keyboard.press("Home")
    stand(page, 0)
    for key in [*("." for _ in range(15)), "[", *("." for _ in range(14)), "]", ">"]:
        page.keyboard.press(key)
    assert page.get_by_label("Speed", exact=True).input_value() == "1.5"
    page.evaluate("""() => { window.turned = []; const v = document.querySelector('.pxp-view video');
      v.addEventListener('seeked', () => window.turned.push(v.currentTime)); }""")
    page.keyboard.press(" ")
    page.wait_for_function("() => window.turned.filter(at => Math.abs(at - 0.5) < 0.05).length >= 2", timeout=30_000)
    page.keyboard.press(" ")
    for key in ("l", "<"):
        page.keyboard.press(key)
    assert all(0.45 <= at <= 1.1 for at in times(page))


def test_ratings_decisions_and_marks_come_to_the_kernel(notebook, player):
    page = notebook.page
    cards = page.locator(".pxp-card")
    page.keyboard.press("Home")
    stand(page, 0)
    page.keyboard.press("Shift+Digit1")
    for key in [*("." for _ in range(12)), "i", *("." for _ in range(12)), "o", "4", "k"]:
        page.keyboard.press(key)
    cards.nth(0).get_by_text("★★★★☆ · kept · usable").wait_for()
    first = notebook.ask("print(*player.history.iloc[0][['rating', 'decision', 'mark_in_s', 'mark_out_s']])")
    # 12 and 24 frames of 1/30 s in: in the 24 fps clip from the start of one frame to the end of another.
    low, high = int((12.5 / 30) * 24) / 24, (int((24.5 / 30) * 24) + 1) / 24
    assert first == f"4 keep {int(low * 1000) / 1000} {int(high * 1000) / 1000}\n"
    player.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.type("flicker, 1 x")
    page.keyboard.press("Enter")
    cards.nth(1).get_by_text("rejected: flicker, 1 x").wait_for()
    beside = page.locator("[class*=pixverse-verdicts-]")
    beside.get_by_text("rejected: flicker, 1 x").wait_for(state="attached")
    assert beside.is_hidden(), "the player itself says it"
    lab.shoot(page, "player-verdicts")
    assert "['reject', 'flicker, 1 x']" in notebook.ask(
        "print(player.history.iloc[1][['decision', 'reason']].tolist())"
    )
    player.focus()
    page.keyboard.press("Shift+Digit1")
    page.keyboard.press("u")
    page.wait_for_function("() => !document.querySelector('.pxp-says').textContent.includes('usable')")
    assert "[<NA>, <NA>]" in notebook.ask("print(player.history.iloc[0][['mark_in_s', 'mark_out_s']].tolist())")
    # Refused: the reason stands below the clip.
    notebook.ask("player._heard(None, dict(ask='annotate', id=player.ids[0], changes=dict(rating=9)), None)")
    cards.nth(0).get_by_text("rating=9 is not allowed").wait_for()


def test_every_control_has_a_name_and_only_what_differs_is_shown(notebook, player):
    page = notebook.page
    tree = player.aria_snapshot()
    for name in (
        'region "Player of 2 clips"', 'toolbar "View"', 'button "Side by side" [pressed]', 'button "One frame back"',
        'slider "Time"', 'combobox "Speed"', 'group "Clip A', 'button "Rate A 4 of 5"', 'button "Keep B"',
        'button "Usable part of B starts at this frame"',
    ):  # fmt: skip
        assert name in tree, tree
    buttons = page.evaluate(
        "() => [...document.querySelectorAll('.pixverse-player button')].map(b => b.ariaLabel || b.textContent)"
    )
    assert [text for text in buttons if len(text) < 4 and text not in {"A", "B", "In", "Out"}] == []
    assert page.locator(".pxp-card ins").all_inner_texts()[0] == "grey"
    assert page.locator(".pxp-card").nth(1).get_by_text(EVIL).is_visible()
    assert page.evaluate("() => document.title") != "1234567"
    facts = page.locator(".pxp-card").nth(0).locator(".pxp-facts").inner_text().split("\n")
    assert "Quality" in facts
    assert "Cost" in facts
    assert "Take" not in facts, "it is the same for both"
    # One stop of the Tab key for each toolbar, and the arrows within.
    page.get_by_role("button", name="Side by side").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => document.activeElement.textContent") == "A/B flip"
    page.keyboard.press("ArrowLeft")


def test_more_clips_dark_and_narrow(notebook):
    page = notebook.page
    notebook.run("display(studio.compare(studio.history()))")
    page.locator(".pixverse-player").nth(1).wait_for()
    page.wait_for_function("() => document.querySelectorAll('.pixverse-player[data-ready=true]').length === 2")
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'}).then(() => null)"
    )
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    second = page.locator(".pixverse-player").nth(1)
    second.evaluate("node => node.scrollIntoView({block: 'start'})")
    assert second.locator(".pxp-card").count() == 3
    lab.shoot(page, "player-three-dark")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function("() => document.querySelectorAll('.pixverse-player')[1].clientWidth < 600")
    lab.shoot(page, "player-three-700")
    wide = "n => n.scrollWidth > n.clientWidth + 1"
    assert not second.evaluate(wide)
    assert [n for n in range(3) if second.locator(".pxp-card").nth(n).evaluate(wide)] == []
    # One below the other: the controls stand above them, and stay where the notebook is scrolled.
    second.locator(".pxp-card").nth(2).evaluate("node => node.scrollIntoView({block: 'end'})")
    lab.shoot(page, "player-three-700-below")
    panel, box = page.locator(".jp-WindowedPanel-outer").bounding_box(), second.locator(".pxp-go").bounding_box()
    assert panel["y"] <= box["y"] < panel["y"] + panel["height"]
    second.locator(".pxp-go").focus()
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.wait_for_function("() => document.querySelectorAll('.pixverse-player')[1].clientWidth > 700")
    assert second.locator(".pxp-grid .pxp-go").evaluate("node => node === document.activeElement"), "moved, and kept it"
    notebook.run("1")  # takes the second player off the page
    page.wait_for_function("() => document.querySelectorAll('.pixverse-player').length === 1")


def test_reopened_without_a_kernel_or_trust_there_are_plain_players(notebook, chromium, place, tmp_path):
    notebook.save()
    saved = json.loads((place / "player.ipynb").read_text(encoding="utf-8"))
    assert not [blob for blob in ("video/mp4", "base64,AAAA") if blob in json.dumps(saved)], "clips are linked"
    saved["metadata"] = {"kernelspec": {"display_name": "gone", "language": "gone", "name": "gone"}}
    (place / "reader.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    with lab.lab_server(place, tmp_path / "another") as other:
        reader = lab.Notebook(chromium, other, "reader.ipynb", kernel=False)
        reader.page.locator(".jp-Dialog-button:has-text('No Kernel')").click(timeout=30_000)
        assert [p["width"] for p in reader.videos()] == [320, 320]
        assert reader.plays(1) > 0.3
        text = reader.text()
        assert EVIL in " ".join(text.split())
        assert "Error" not in text
        # What was said in the player after it was shown.
        assert "A rated 4 of 5 · kept" in " ".join(text.split())
        assert "B rejected: flicker, 1 x" in " ".join(text.split())
        assert reader.page.title() != "1234567"
        assert reader.page.locator(".pixverse-compare ins", has_text="grey").count() == 1
        lab.shoot(reader.page, "player-reader")
        reader.page.close()


def test_a_page_from_a_file_plays_with_no_network(chromium, tmp_path):
    """The exported page: the same module's text, a JSON block, clips beside it; nothing else is fetched."""
    for name, frames, fps in (("a", 96, 24), ("b", 60, 30)):
        make_clip(tmp_path / f"{name}.mp4", width=320, height=180, frames=frames, fps=fps, noise=40)
    plain = {
        "poster": "", "strip": "", "facts": [["Cost", "$0.1"]], "width": 320, "height": 180, "sound": True,
        "rating": 4, "decision": "reject", "reason": EVIL, "mark_in_s": None, "mark_out_s": 1.0,
    }  # fmt: skip
    first = {**plain, "id": "1", "name": "A", "src": "a.mp4", "fps": 24, "duration": 4.0}
    second = {**plain, "id": "2", "name": "B", "src": "b.mp4", "fps": 30, "duration": 2.0}
    clips = [{**first, "prompt": "x", "words": [["same", "x"]]}, {**second, "prompt": EVIL, "words": [["ins", EVIL]]}]
    data = {"prompt": "", "same": [["Quality", EVIL]], "clips": clips}
    address = written(tmp_path, data)
    page = chromium.new_page(viewport={"width": 1000, "height": 700})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector(".pixverse-player[data-ready=true]", timeout=30_000)
    page.locator(".pixverse-player").focus()
    page.keyboard.press("l")
    page.keyboard.press(" ")
    moved = "() => [...document.querySelectorAll('.pxp-view video')].every(v => v.currentTime > 0.2)"
    page.wait_for_function(moved)
    page.keyboard.press(" ")
    assert page.locator(".pxp-verdict").count() == 0, "there is nobody to write it down"
    assert "rate" not in page.locator(".pxp-foot").inner_text()
    page.keyboard.press("5")
    assert "★★★★☆" in page.locator(".pxp-says").first.inner_text()
    assert page.locator(".pxp-card ins").inner_text() == EVIL
    assert (page.title(), errors) == ("", [])
    assert all(url.startswith(tmp_path.as_uri()) for url in asked if not url.startswith("data:"))
    lab.shoot(page, "player-page")
    page.close()
