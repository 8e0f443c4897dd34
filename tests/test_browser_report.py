"""A report in a real Chromium, from a file and without any network: the player, ticks, no script, hostile words."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from clips import make_clip
from studio_rig import rigged

lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EVIL = '<img src=x onerror="document.title=1234567"></script><script>document.title=1234567</script>'
PROMPTS = ("a red fox, running in snow", "a grey fox, walking in snow", EVIL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Reports of eleven clips: with clips beside, and of three with small ones only."""
    from pixverse_nb.table.report_page import Draft

    made = tmp_path_factory.mktemp("reports")

    def paint(shot, path):
        seconds = 1 + len(shot.prompt) % 2
        make_clip(path, width=320, height=180, frames=24 * seconds, fps=24)
        path.write_bytes(path.read_bytes() + (16).to_bytes(4, "big") + b"free" + repr(hash(shot)).encode()[:8].ljust(8))

    patch = pytest.MonkeyPatch()
    patch.setattr(Draft, "_drawn", lambda *_: [])  # they have tests of their own
    with rigged(tmp_path_factory.mktemp("home") / "home") as rig:
        rig.server(render=paint)
        studio = rig.studio()
        wishes = [(prompt, 1) for prompt in PROMPTS] + [(PROMPTS[0], take) for take in range(2, 10)]
        sent = [studio.submit(prompt, duration=1, quality="360p", take=take) for prompt, take in wishes]
        for one in sent:
            one.wait()
        frame = studio.history()
        studio.annotate(frame.index[-1], rating=5, note=EVIL, tags=[EVIL[:40]])
        studio.annotate(frame.index[-2], decision="keep")
        studio.annotate(frame.index[0], decision="reject", reason=EVIL)
        frame.pixverse.report(made / "all.html", compare=list(frame.index[-2:]), title=EVIL)
        frame.tail(3).pixverse.report(made / "small.html", clips="none", redact="costs")
    patch.undo()
    return made


class Page:
    """A report, open; everything that it asked for, and everything that went wrong."""

    def __init__(self, chromium, path: Path, *, script: bool = True) -> None:
        self.context = chromium.new_context(
            viewport={"width": 1200, "height": 900}, offline=True, java_script_enabled=script
        )
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.goto(path.as_uri())
        if script:
            self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector(".pixverse-player[data-ready=true]", timeout=30_000)

    def names(self) -> int:
        return self.page.locator(".pxp-view").count()


@pytest.fixture
def opened(chromium):
    pages = []

    def open_one(path, **how):
        pages.append(Page(chromium, path, **how))
        return pages[-1]

    yield open_one
    for one in pages:
        one.context.close()


def test_it_plays_from_a_file_without_network_and_hostile_words_are_words(opened, folder):
    report = opened(folder / "all.html")
    page = report.page
    assert page.evaluate("() => [...document.querySelectorAll('.pxp-view video')].map(v => v.videoWidth)") == [320, 320]
    page.locator(".pixverse-player").focus()
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.pxp-view video').currentTime > 0.2")
    text = page.locator("main").inner_text()
    assert EVIL in text
    assert page.title() == EVIL
    assert report.wrong == []
    outside = [url for url in report.asked if not url.startswith(("data:", folder.as_uri()))]
    assert outside == []
    assert len([url for url in report.asked if url.endswith(".mp4")]) >= 2
    lab.shoot(page, "report")


def test_its_policy_forbids_the_network_and_other_scripts(opened, folder):
    page = opened(folder / "all.html").page
    broken = page.evaluate(
        """() => new Promise(done => {
          const seen = [];
          document.addEventListener('securitypolicyviolation', event => {
            seen.push(event.effectiveDirective);
            if (seen.length === 3) done(seen.sort());
          });
          const [image, script] = [new Image(), document.createElement('script')];
          image.src = 'https://example.invalid/a.png';
          script.textContent = 'document.title = 1234567';
          document.body.append(image, script);
          fetch('https://example.invalid/').catch(() => {});
        })"""
    )
    assert broken == ["connect-src", "img-src", "script-src-elem"]
    assert page.title() == EVIL


def test_ticks_choose_the_clips_and_below_each_stands_what_differs(opened, folder):
    report = opened(folder / "all.html")
    page = report.page
    ticks = page.get_by_role("checkbox")
    assert (ticks.count(), report.names()) == (11, 2)
    assert page.locator(".rep-letter", has_text="B").count() == 1
    changed = [page.locator(f".pxp-words {kind}").all_inner_texts() for kind in ("del", "ins")]
    assert sorted(changed) == [["grey", "walking"], ["red", "running"]]
    page.get_by_role("button", name="None").click()
    page.get_by_text("Tick two to nine clips in the table below.").wait_for()
    assert report.names() == 0
    for number in range(9):
        ticks.nth(number).check()
    report.ready()
    assert report.names() == 9
    ticks.nth(9).click()
    assert not ticks.nth(9).is_checked()
    assert "9 clips are compared at most" in page.locator(".rep-many").inner_text()
    page.get_by_role("button", name=re.compile("^The (best|kept|chosen|first)")).click()
    report.ready()
    assert report.names() == 2
    assert report.wrong == []


def test_without_script_everything_else_is_there(opened, folder):
    report = opened(folder / "all.html", script=False)
    page = report.page
    assert page.locator(".rep-clips tbody tr").count() == 11
    assert page.locator(".rep-clips video[controls]").count() == 11
    assert page.locator(".rep-clips a[href^='./all_clips/']").count() == 11
    assert not page.locator(".rep-compare").is_visible()
    assert page.get_by_role("checkbox").count() == 0
    assert EVIL in page.locator("main").inner_text()


def test_small_ones_play_where_there_is_nothing_else(opened, folder):
    report = opened(folder / "small.html")
    sources = report.page.evaluate(
        "() => [...document.querySelectorAll('.pxp-view video')].map(v => v.src.slice(0, 15))"
    )
    assert set(sources) == {"data:video/mp4;"}
    assert "$" not in report.page.locator("main").inner_text()
    still = report.page.locator("video[data-small]").first
    still.scroll_into_view_if_needed()
    still.hover()
    report.page.wait_for_function("() => document.querySelector('video[data-small]').currentTime > 0.1")
    assert report.wrong == []


def test_a_page_that_was_moved_without_its_folder_shows_the_small_ones(opened, folder, tmp_path):
    shutil.copy(folder / "all.html", tmp_path / "all.html")
    report = opened(tmp_path / "all.html")
    report.page.get_by_text("2 are shown small").wait_for(timeout=30_000)
    report.ready()
    assert report.names() == 2
    assert report.page.evaluate("() => document.querySelector('.pxp-view video').videoWidth") == 256


def test_it_fits_a_narrow_screen_and_paper(opened, folder):
    report = opened(folder / "all.html")
    for width in (700, 380):
        report.page.set_viewport_size({"width": width, "height": 900})
        assert report.page.evaluate("() => document.documentElement.scrollWidth") <= width
    report.page.emulate_media(media="print", color_scheme="dark")
    assert not report.page.locator(".rep-compare").is_visible()
    paper = report.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(251, 251, 249)", "paper is light"
