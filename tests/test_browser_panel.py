"""The panel in a real Chromium: from the prompt to the clip and back, by mouse and by keyboard.

In JupyterLab and in Notebook 7; what fails is looked at in JupyterLab alone.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import panel_aria
import pytest
from panel_rig import Easel, until
from PIL import Image
from studio_rig import KEY, sends

import pixverse_nb as pv

lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
EVIL = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"
CHINESE = "雨夜的老街，霓虹灯在湿漉漉的石板路上闪烁，一只橘猫慢慢走过，镜头缓缓推近" * 4
ARABIC = "قطة برتقالية تمشي ببطء في شارع قديم تحت المطر، والأضواء تنعكس على الحجارة المبللة"


FRONTS = ["JupyterLab", pytest.param("Notebook 7", marks=pytest.mark.slow)]


REACHED = "() => { const one = document.activeElement; return [one?.textContent ?? '', one?.className ?? '']; }"


class Stage:
    """A service whose jobs wait for their easel, and a JupyterLab whose kernels send to it.

    Its folder, and so its notebooks, kernels and homes, is its own: a test that is tried again begins anew.
    """

    def __init__(self, root, server, easel, url, chromium) -> None:
        self.root, self.server, self.easel, self.url, self.chromium = root, server, easel, url, chromium
        self._pages = []

    def open(self, name, *cells, kernel=True, theme="light", front="JupyterLab"):
        if cells:
            lab.write_notebook(self.root / f"{name}.ipynb", *cells)
        path = f"{self.root.name}/{name}.ipynb"
        notebook = lab.Notebook(self.chromium, self.url, path, kernel=kernel, theme=theme, front=front)
        self._pages.append(notebook.page)
        change = "kind => window.jupyterapp.commands.execute('apputils:change-theme', {theme: kind}).then(() => null)"
        notebook.page.evaluate(change, f"JupyterLab {theme.capitalize()}")
        if front == "JupyterLab":
            notebook.command("application:toggle-left-area")
        return notebook

    def panel(self, name, *, settings="", **how):
        """A notebook with a panel in sight, and a cell to write into."""
        made = f"pv.Studio(home='{name}', base_url='{self.server.url}'{settings})"
        cells = (f"import pixverse_nb as pv\nstudio = {made}", "studio.panel()", "")
        notebook = self.open(name, *cells, **how)
        notebook.run_all()
        see(notebook)
        return notebook

    def close(self):
        self.easel.ready.set()
        for page in self._pages:
            page.close()
        self.server.close()


def see(notebook):
    from playwright.sync_api import Error

    try:
        notebook.page.wait_for_selector(".pixverse-panel .pixverse-compose", timeout=60_000)
    except Error:
        raise AssertionError(f"no panel: {notebook.text()}") from None
    notebook.page.evaluate("() => document.querySelector('.pixverse-panel').scrollIntoView()")


def shoot(notebook, name):
    if lab.SHOTS.name:
        for width in (1440, 1000, 700):
            notebook.page.set_viewport_size({"width": width, "height": 1100})
            notebook.page.wait_for_timeout(400)
            notebook.page.evaluate("() => document.querySelector('.pixverse-panel').scrollIntoView()")
            notebook.page.screenshot(path=lab.SHOTS / f"panel-{name}-{width}.png")
    notebook.page.set_viewport_size({"width": 1440, "height": 1100})


def prompt(notebook):
    return notebook.page.get_by_role("textbox", name="Prompt", exact=True)


def generate(notebook):
    return notebook.page.get_by_role("button", name=re.compile(r"^Generate"))


def lines(notebook):
    return notebook.page.locator(".pixverse-line:not(.pixverse-hidden)")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder, and the address of the JupyterLab that serves it."""
    root = tmp_path_factory.mktemp("panel") / "lab"
    root.mkdir()
    environment = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "SEGMIND_API_KEY": KEY}
    with lab.lab_server(root, tmp_path_factory.mktemp("state"), **environment) as url:
        yield root, url


@pytest.fixture
def stage(chromium, place):
    easel = Easel()
    server = pv.PreviewServer(render=easel, workers=8).start()
    one = Stage(Path(tempfile.mkdtemp(dir=place[0])), server, easel, place[1], chromium)
    try:
        yield one
    finally:
        one.close()


def more_about(notebook, prompt, action):
    """Choose an action of a clip in the gallery."""
    notebook.page.get_by_role("button", name=f"More about: {prompt[:80]}", exact=True).first.click()
    notebook.page.get_by_role("dialog").get_by_role("button", name=action).click()


def rate_and_find_again(notebook):
    """Rated by a key, found by its words in the gallery and in the History tab; both say so to the history."""
    from playwright.sync_api import expect

    page = notebook.page
    card = page.locator(".pxs-card", has_text="onerror")
    card.focus()
    page.keyboard.press("4")
    expect(card).to_have_attribute("aria-label", re.compile("rated 4 of 5"))
    page.get_by_role("searchbox", name="Search prompts, tags and notes").fill("ONERROR")
    expect(page.locator(".pxs-card")).to_have_count(1)
    page.get_by_role("searchbox", name="Search prompts, tags and notes").fill("")
    expect(page.locator(".pxs-card")).to_have_count(2)
    page.get_by_role("tab", name="History").click()
    page.get_by_label("Search", exact=True).fill("onerror")
    rows = page.locator(".pixverse-browse tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("4 of 5")
    notebook.page.set_viewport_size({"width": 700, "height": 1100})
    notebook.page.wait_for_function("() => document.querySelector('.pixverse-panel').clientWidth < 680")
    for part in (".pixverse-panel", ".pixverse-right"):  # the table scrolls in its own place, and moves nothing else
        wide = f"() => {{ const n = document.querySelector('{part}'); return n.scrollWidth - n.clientWidth; }}"
        assert notebook.page.evaluate(wide) < 8, part
    wide = (
        "() => { const n = document.querySelector('.pixverse-panel').closest('.jp-OutputArea-output');"
        " return n.scrollWidth - n.clientWidth; }"
    )
    assert notebook.page.evaluate(wide) == 0, "two pixels too many are a scrollbar below the panel"
    notebook.page.set_viewport_size({"width": 1440, "height": 1100})
    shoot(notebook, "history")
    assert notebook.ask("print(studio.panel().history['rating'].tolist())") == "[4]\n"
    page.get_by_role("tab", name="Queue and gallery").click()


def use_its_settings(notebook):
    """Code, settings, another take; the last two leave the keyboard on Generate, and nothing is sent."""
    from playwright.sync_api import expect

    page = notebook.page
    for action in ("Copy as code", "Use these settings", "New take"):
        more_about(notebook, EVIL, action)
        if action == "Copy as code":
            expect(page.get_by_role("textbox", name="Code", exact=True)).to_have_value(re.compile(r"^studio\.generate"))
            shoot(notebook, "code")
            page.keyboard.press("Escape")
        else:
            expect(prompt(notebook)).to_have_value(EVIL)
            expect(generate(notebook)).to_be_focused()
            if action != "New take":
                prompt(notebook).fill("something else")


def take_another_and_run_its_code(notebook, stage):
    """A click is a new take; its code, run in the next cell, gives that very clip and sends nothing."""
    from playwright.sync_api import expect

    page = notebook.page
    generate(notebook).click()
    expect(page.locator(".pxs-card")).to_have_count(3, timeout=60_000)
    assert sends(stage.server) == 3
    key = page.locator(".pxs-card").first.get_attribute("data-id")
    more_about(notebook, EVIL, "Copy as code")
    code = page.get_by_role("textbox", name="Code", exact=True)
    expect(code).to_have_value(re.compile("take=2"))
    told = notebook.ask(
        f"again, first = {code.input_value()}, studio.generation('{key}')",
        "print(again.video.path == first.video.path, again.request == first.request, again.cost_usd)",
    )
    assert told.endswith("True True 0.0\n")
    assert sends(stage.server) == 3, "it is owned: running its code sends nothing"


def read_without_the_kernel(stage, name, front):
    """A saved notebook, in a new kernel that has not run it ("another"), or without any ("reader")."""
    from playwright.sync_api import expect

    reader = stage.open(name, kernel=name == "another", front=front)
    if name == "reader":
        reader.page.locator(".jp-Dialog-button:has-text('No Kernel')").click(timeout=30_000)
    summary = reader.page.locator("[class*=pixverse-summary]")
    expect(summary).to_be_visible()
    expect(summary).to_contain_text("3 clips · $0.844 charged")
    expect(summary.locator("img")).to_have_count(3)
    assert "Error" not in reader.text()
    assert "<img src=x onerror" in reader.text()
    assert reader.page.title() != "hacked"
    if lab.SHOTS.name:
        reader.page.screenshot(path=lab.SHOTS / f"panel-{name}.png")


@pytest.mark.parametrize("front", FRONTS)
def test_from_the_prompt_to_the_clip_and_to_a_reader_without_a_kernel(stage, front):
    """Two jobs at once while the kernel stays free; rated, found again, its settings used, its code run in the next
    cell; hostile text runs nothing; the saved notebook shows a summary."""
    from playwright.sync_api import expect

    name = "flow-" + front.partition(" ")[0].lower()
    notebook = stage.panel(name, settings=", budget=5", front=front)
    page = notebook.page
    expect(page.locator(".pixverse-panel")).to_contain_text("balance $100.000")
    prompt(notebook).fill(EVIL)
    expect(generate(notebook)).to_have_text("Generate · $0.28")
    generate(notebook).click()
    expect(lines(notebook)).to_have_count(1)
    prompt(notebook).fill(CHINESE)
    generate(notebook).click()
    expect(lines(notebook)).to_have_count(2)
    until(lambda: sends(stage.server) == 2)
    expect(lines(notebook).first).to_contain_text("drawing")
    expect(page.get_by_role("button", name="Stop waiting · still billed")).to_have_count(2)
    assert page.locator(".pixverse-queue").inner_text().count("<img src=x onerror") == 1
    assert notebook.ask("print('the kernel is free')") == "the kernel is free\n"
    see(notebook)
    shoot(notebook, "busy")
    stage.easel.ready.set()
    expect(page.locator(".pixverse-queue [role=status]")).to_contain_text("ompleted", timeout=60_000)
    expect(lines(notebook).filter(has_text="completed")).to_have_count(2, timeout=60_000)
    expect(page.locator(".pixverse-shelf img")).to_have_count(2, timeout=30_000)
    expect(page.locator(".pixverse-panel")).to_contain_text("balance $99.438budget $4.44 of $5.00 left")
    see(notebook)
    shoot(notebook, "done")
    rate_and_find_again(notebook)
    use_its_settings(notebook)
    assert sends(stage.server) == 2, "only Generate sends"
    take_another_and_run_its_code(notebook, stage)
    assert page.title() != "hacked"
    expect(page.locator("[class*=pixverse-summary]")).to_be_hidden()
    expect(page.locator("[class*=pixverse-summary]")).to_contain_text("3 clips")
    notebook.save()
    as_read(stage, name, front)


def as_read(stage, name, front):
    """The saved notebook in a kernel that has not run it, and without any."""
    text = (stage.root / f"{name}.ipynb").read_text(encoding="utf-8")
    saved = json.loads(text)
    assert "widgets" not in saved["metadata"]
    assert KEY not in text
    (stage.root / "another.ipynb").write_text(text, encoding="utf-8")
    saved["metadata"] = {"kernelspec": {"display_name": "gone", "language": "gone", "name": "gone"}}
    (stage.root / "reader.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    read_without_the_kernel(stage, "reader", front)
    if front == "JupyterLab":
        read_without_the_kernel(stage, "another", front)


def test_what_fails_says_so_where_one_looks(stage):
    """A failed job with its reason and the price of a retry; a budget without room, under the button."""
    from playwright.sync_api import expect

    stage.easel.ready.set()
    stage.server.faults.add("job", "fail", text="the painter fell ill")
    notebook = stage.panel("failing", theme="dark")
    page = notebook.page
    prompt(notebook).fill(ARABIC)
    generate(notebook).click()
    alert = page.locator(".pixverse-line [role=alert]")
    expect(alert).to_contain_text("the painter fell ill", timeout=30_000)
    expect(alert).to_contain_text("Nothing was billed")
    shoot(notebook, "failed-dark")
    page.get_by_role("button", name="Retry · $0.28").click()
    expect(lines(notebook).first).to_contain_text("completed", timeout=30_000)
    expect(lines(notebook)).to_have_count(1)
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("textbox", name="This home, USD").fill("0.30")
    page.get_by_role("button", name="Set budget").click()
    expect(page.locator(".pixverse-settings")).to_contain_text("The budget is set.")
    shoot(notebook, "settings-dark")
    expect(page.locator(".pixverse-compose")).to_contain_text("has no room for this")
    generate(notebook).click()
    expect(page.locator(".pixverse-compose")).to_contain_text("the budget for this home is $0.300")
    assert sends(stage.server) == 2


@pytest.mark.parametrize("front", FRONTS)
def test_the_keyboard_a_run_again_a_restart_and_pictures_of_any_size(stage, tmp_path, front):
    """On one page, one after the other: what each of these promises is said where it is tried."""
    name = "steps-" + front.partition(" ")[0].lower()
    notebook = stage.panel(name, front=front)
    the_keyboard_alone_does_everything(notebook, stage)
    run_again_it_keeps_what_was_typed(notebook)
    a_restarted_kernel_has_its_jobs(notebook, stage)
    a_screen_reader_finds_every_part(notebook)
    what_is_shown_lies_above_and_moves_nothing(notebook)
    figures_step_and_stay_as_they_are_typed(notebook)
    the_button_is_in_sight_on_every_screen(notebook)
    the_frame_is_in_the_next_cell(notebook)
    pictures_arrive_or_say_why_not(notebook, stage, tmp_path)
    assert notebook.page.title() != "hacked"


def the_keyboard_alone_does_everything(notebook, stage):
    """Tab reaches the button and every tab, Enter generates, the queue's buttons work."""
    from playwright.sync_api import expect

    page = notebook.page

    def tab_to(pattern, key="Tab"):
        reached = []
        for _ in range(120):
            page.keyboard.press(key)
            reached.append(page.evaluate(REACHED))
            if re.search(pattern, reached[-1][0]):
                return
        raise AssertionError(f"{pattern} is out of the keyboard's reach: {reached}")

    prompt(notebook).focus()
    page.keyboard.type("a fox by keyboard")
    expect(generate(notebook)).to_be_enabled()
    tab_to(r"Show advanced settings")
    page.keyboard.press("Enter")
    tab_to(r"^Generate")
    page.keyboard.press("Enter")
    expect(lines(notebook)).to_have_count(1)
    tab_to(r"Copy as code")
    page.keyboard.press("Enter")
    tab_to(r"^Queue and gallery$")
    for name in ("History", "Settings"):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    tab_to(r"^Refresh balance")
    tab_to(r"^Settings$", "Shift+Tab")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
    expect(lines(notebook)).to_contain_text("drawing")
    expect(lines(notebook)).to_match_aria_snapshot(panel_aria.LINE)
    expect(page.locator(".pixverse-compose")).to_match_aria_snapshot(panel_aria.FORM)
    tab_to(r"^Stop waiting")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Not watched (1)")).to_be_visible()
    expect(page.locator(".pixverse-queue")).to_match_aria_snapshot(panel_aria.QUEUE)
    assert sends(stage.server) == 1


def run_again_it_keeps_what_was_typed(notebook):
    """The cell run again shows one panel, with the same prompt and the same tab."""
    from playwright.sync_api import expect

    page = notebook.page
    prompt(notebook).fill("half a tho")
    page.get_by_role("tab", name="Settings").click()
    told = "panel = studio.panel(); print(panel.compose.values()['prompt'], panel.tabs.selected_index)"
    assert notebook.ask(told) == "half a tho 2\n", "what was done here has reached the kernel"
    notebook.run_all()
    see(notebook)
    expect(page.locator(".pixverse-panel")).to_have_count(1)
    expect(prompt(notebook)).to_have_value("half a tho")
    expect(page.get_by_role("tab", name="Settings")).to_have_attribute("aria-selected", "true")


def a_restarted_kernel_has_its_jobs(notebook, stage):
    """The job under way is there again; it was sent once."""
    from playwright.sync_api import expect

    page = notebook.page
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'", timeout=60_000
    )
    notebook.run_all()
    see(notebook)
    expect(lines(notebook)).to_have_count(1)
    expect(lines(notebook).first).to_contain_text("a fox by keyboard")
    stage.easel.ready.set()
    expect(lines(notebook).first).to_contain_text("completed", timeout=60_000)
    assert sends(stage.server) == 1


def a_screen_reader_finds_every_part(notebook):
    """Each part is what it should be, and no control anywhere is without a name."""
    from playwright.sync_api import expect

    page = notebook.page
    expect(page.locator(".pxs-card")).to_have_count(1, timeout=30_000)
    expect(page.locator(".pixverse-panel > .widget-html").nth(1)).to_match_aria_snapshot(panel_aria.HEADER)
    expect(page.locator(".pixverse-right [role=tablist]")).to_match_aria_snapshot(panel_aria.TABS)
    expect(page.locator(".pxs-list")).to_match_aria_snapshot(panel_aria.CARD)
    parts = {"Settings": panel_aria.SETTINGS, "History": panel_aria.HISTORY, "Queue and gallery": panel_aria.CARD}
    for name, part in parts.items():
        page.get_by_role("tab", name=name).click()
        expect(page.locator(".pixverse-right")).to_match_aria_snapshot(part)
        seen = page.locator(".pixverse-panel").aria_snapshot()
        nameless = re.findall(
            r"^\s*- (?:button|textbox|combobox|spinbutton|checkbox|radio|slider|listbox)(?!.* \").*$",
            seen,
            re.MULTILINE,
        )
        assert nameless == []


def what_is_shown_lies_above_and_moves_nothing(notebook):
    """Code above the page, with the keyboard in it; Copy copies; Escape closes it, and the keyboard is back."""
    from playwright.sync_api import expect

    page = notebook.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    where = "() => ['.pxs-bar', '.pixverse-go'].map(one => document.querySelector(one).getBoundingClientRect().y)"
    before = page.evaluate(where)
    page.get_by_role("button", name="More about: a fox by keyboard").click()
    sheet = page.get_by_role("dialog")
    expect(page.locator(".pixverse-shelf")).to_match_aria_snapshot(panel_aria.SHEET)
    sheet.get_by_role("button", name="Copy as code").click()
    expect(page.get_by_role("textbox", name="Code", exact=True)).to_be_focused()
    expect(page.locator(".pixverse-tab").first).to_match_aria_snapshot(panel_aria.CODE)
    assert page.evaluate(where) == before
    sheet.get_by_role("button", name="Copy", exact=True).click()
    expect(sheet).to_contain_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == "studio.generate('a fox by keyboard')"
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.locator(".pxs-card")).to_be_focused()


def figures_step_and_stay_as_they_are_typed(notebook):
    """Arrow keys step within the schema's range and the price follows; what is no whole number stays, and is said."""
    from playwright.sync_api import expect

    page = notebook.page
    figure = page.get_by_role("textbox", name="Duration (s)")
    prompt(notebook).fill("a fox")
    figure.focus()
    page.keyboard.press("ArrowUp")
    expect(figure).to_have_value("6")
    expect(generate(notebook)).to_have_text("Generate · $0.34")
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    expect(figure).to_have_value("15")
    for typed in ("2.5", "1e1", ""):
        figure.fill(typed)
        expect(page.locator(".pixverse-field-duration [role=alert]")).to_have_text(
            "Not allowed: use a whole number from 1 to 15 s."
        )
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Tab")
        expect(figure).to_have_value(typed)
        expect(generate(notebook)).to_be_disabled()
    figure.fill("5")
    expect(generate(notebook)).to_be_enabled()


def the_button_is_in_sight_on_every_screen(notebook):
    """With the panel at the notebook's upper edge: no scrolling to the button, and it covers no field."""
    page = notebook.page
    page.evaluate("() => document.querySelector('.pixverse-asked').scrollTo(0, 0)")
    for width, height in ((1440, 900), (1000, 900), (700, 900), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        see(notebook)
        page.wait_for_function(
            "() => document.querySelector('.pixverse-go').getBoundingClientRect().bottom < innerHeight - 24"
        )
        edges = "one => document.querySelector(one).getBoundingClientRect()"
        assert page.evaluate(edges, ".pixverse-asked")["bottom"] <= page.evaluate(edges, ".pixverse-go")["top"]
        for name in ("Prompt", "Duration (s)", "Takes"):
            field = page.get_by_role("textbox", name=name, exact=True)
            field.focus()
            field.click()  # whatever lies above it would get the click
    page.set_viewport_size({"width": 1440, "height": 1100})
    see(notebook)


def the_frame_is_in_the_next_cell(notebook):
    """One click writes the line below the panel and runs it: the table that is shown, in the next cell."""
    from playwright.sync_api import expect

    page = notebook.page
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="DataFrame in the next cell").click()
    expect(page.locator(".pixverse-copy [role=status]", has_text="It runs in the next cell")).to_have_count(1)
    sources = "() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map(c => c.sharedModel.source)"
    assert page.evaluate(sources)[1:3] == ["studio.panel()", "studio.panel().history"]
    outputs = "[...window.jupyterapp.shell.currentWidget.content.model.cells][2].sharedModel.getOutputs()"
    page.wait_for_function(f"() => JSON.stringify({outputs}).includes('a fox by keyboard')")
    see(notebook)
    page.get_by_role("tab", name="Queue and gallery").click()


def picture(path, width, height):
    """A PNG that is as large as it has pixels, 3 bytes each."""
    Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)).save(path, "PNG", compress_level=0)
    return path


def pictures_arrive_or_say_why_not(notebook, stage, tmp_path):
    """11 MB, which one message cannot carry, arrive; over 20 MB the limit is said, and the picture before stays."""
    from playwright.sync_api import expect

    small = picture(tmp_path / "small.png", 300, 400)
    large = picture(tmp_path / "large.png", 1900, 2000)
    too_large = picture(tmp_path / "<img src=x onerror=document.title='hacked'>.png", 2600, 2600)
    page = notebook.page
    shown = page.locator(".pixverse-picture")

    def choose(path):
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload picture").click()
        chooser.value.set_files(path)

    prompt(notebook).fill("it moves")
    where = "() => document.querySelector('.pixverse-go').getBoundingClientRect().y"
    before = page.evaluate(where)
    choose(small)
    expect(shown).to_contain_text("300 × 400 px")
    assert page.evaluate(where) == before, "its place was kept"
    choose(large)
    expect(shown).to_contain_text("large.png", timeout=30_000)
    expect(shown).to_contain_text("1900 × 2000 px · 11.4 MB")
    expect(page.locator(".pixverse-shape")).to_contain_text("follows the picture, 19:20; this is ignored")
    choose(too_large)
    expect(shown.get_by_role("alert")).to_contain_text("has 20.3 MB; a picture must be under 20 MB")
    expect(shown).to_contain_text("large.png")
    shoot(notebook, "upload")
    expect(generate(notebook)).to_be_enabled()
    choose(small)
    expect(shown).to_contain_text("small.png")
    expect(shown.get_by_role("alert")).to_have_count(0)
    words_and_shapes_move_nothing(notebook)
    generate(notebook).click()
    expect(lines(notebook).filter(has_text="it moves")).to_contain_text("completed", timeout=30_000)
    assert sends(stage.server) == 2


def words_and_shapes_move_nothing(notebook):
    """Chips, segments and tabs keep their places whichever of them is on."""
    page = notebook.page
    places = """() => [...document.querySelectorAll(
      '.pixverse-chip, .pixverse-segments label, .pixverse-right > .lm-TabBar li, .pixverse-shelf .pxs-bar button')]
      .map(node => {
        const {x, y, width} = node.getBoundingClientRect();
        const scrolled = node.closest('.pixverse-asked')?.scrollTop ?? 0; // to reach a field, as a page is
        return [x, y + scrolled, width];
      })"""
    before = page.evaluate(places)
    assert len(before) > 30
    for number in (0, 3, 7, 9, 13, 18):
        page.locator(".pixverse-chip input").nth(number).check()
    for name in ("1080p", "9:16"):
        page.get_by_role("radio", name=name, exact=True).check()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("tab", name="Queue and gallery").click()
    page.wait_for_function("() => /crane up.*epic/.test(document.querySelector('.pixverse-compose textarea').value)")
    assert page.evaluate(places) == before
