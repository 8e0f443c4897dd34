"""The panel in JupyterLab, looked at in a real Chromium: from the prompt to the clip, by mouse and by keyboard."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from panel_rig import Easel, until
from studio_rig import KEY, sends

import pixverse_nb as pv

lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOTS = Path(os.environ.get("PIXVERSE_NB_SHOTS", ""))  # a folder to put screenshots in, to look at them
EVIL = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"
CHINESE = "雨夜的老街，霓虹灯在湿漉漉的石板路上闪烁，一只橘猫慢慢走过，镜头缓缓推近" * 4
ARABIC = "قطة برتقالية تمشي ببطء في شارع قديم تحت المطر، والأضواء تنعكس على الحجارة المبللة"


class Stage:
    """A service whose jobs wait for their easel, and a JupyterLab whose kernels send to it."""

    def __init__(self, root, server, easel, url, chromium) -> None:
        self.root, self.server, self.easel, self.url, self.chromium = root, server, easel, url, chromium

    def open(self, name, *cells, kernel=True, theme="light"):
        if cells:
            lab.write_notebook(self.root / f"{name}.ipynb", *cells)
        notebook = lab.Notebook(self.chromium, self.url, f"{name}.ipynb", kernel=kernel, theme=theme)
        if theme == "dark":
            change = "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
            notebook.page.evaluate(f"() => {change}.then(() => null)")
        notebook.command("application:toggle-left-area")
        return notebook

    def panel(self, name, *, home=None, theme="light", settings=""):
        """A notebook with a panel in sight."""
        cells = (
            f"import pixverse_nb as pv\nstudio = pv.Studio(home='{home or name}'{settings})",
            "studio.panel()",
        )
        notebook = self.open(name, *cells, theme=theme)
        notebook.run_all()
        see(notebook)
        return notebook


def see(notebook):
    notebook.page.wait_for_selector(".pixverse-panel .pixverse-compose", timeout=60_000)
    notebook.page.evaluate("() => document.querySelector('.pixverse-panel').scrollIntoView()")


def shoot(notebook, name):
    if SHOTS.name:
        for width in (1440, 1000, 700):
            notebook.page.set_viewport_size({"width": width, "height": 1100})
            notebook.page.wait_for_timeout(400)
            notebook.page.evaluate("() => document.querySelector('.pixverse-panel').scrollIntoView()")
            notebook.page.screenshot(path=SHOTS / f"panel-{name}-{width}.png")
    notebook.page.set_viewport_size({"width": 1440, "height": 1100})


def prompt(notebook):
    return notebook.page.get_by_role("textbox", name="Prompt", exact=True)


def generate(notebook):
    return notebook.page.get_by_role("button", name=re.compile(r"^Generate"))


def lines(notebook):
    return notebook.page.locator(".pixverse-line:not(.pixverse-hidden)")


@pytest.fixture(scope="module")
def chromium():
    with lab.browser() as chromium:
        yield chromium


@pytest.fixture
def stage(chromium, tmp_path):
    root, state = tmp_path / "lab", tmp_path / "state"
    root.mkdir()
    easel = Easel()
    server = pv.PreviewServer(render=easel, workers=8).start()
    environment = {
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "SEGMIND_API_KEY": KEY,
        "PIXVERSE_NB_BASE_URL": server.url,
    }
    try:
        with lab.lab_server(root, state, **environment) as url:
            yield Stage(root, server, easel, url, chromium)
    finally:
        easel.ready.set()
        server.close()


def act_on_a_clip(notebook):
    """Of the oldest clip: its code, its settings, another take; the last two leave the keyboard on Generate."""
    from playwright.sync_api import expect

    page = notebook.page
    more = page.get_by_role("button", name=re.compile("^More about"))
    for action in ("Copy as code", "Use these settings", "New take"):
        more.last.click()
        page.get_by_role("dialog").get_by_role("button", name=action).click()
        if action == "Copy as code":
            expect(page.get_by_role("textbox", name="Code", exact=True)).to_have_value(re.compile(r"^studio\.generate"))
            shoot(notebook, "code")
        else:
            expect(prompt(notebook)).to_have_value(EVIL)
            expect(generate(notebook)).to_be_focused()
            prompt(notebook).fill("something else")


def read_without_the_kernel(stage, name):
    """A saved notebook, in a new kernel that has not run it ("another"), or without any ("reader")."""
    from playwright.sync_api import expect

    reader = stage.open(name, kernel=name == "another")
    if name == "reader":
        reader.page.locator(".jp-Dialog-button:has-text('No Kernel')").click(timeout=30_000)
    summary = reader.page.locator("[class*=pixverse-summary]")
    expect(summary).to_be_visible()
    expect(summary).to_contain_text("2 clips · $0.562 charged")
    expect(summary.locator("img")).to_have_count(2)
    assert "Error" not in reader.text()
    assert "<img src=x onerror" in reader.text()
    assert reader.page.title() != "hacked"
    if SHOTS.name:
        reader.page.screenshot(path=SHOTS / f"panel-{name}.png")
    reader.page.close()


def test_from_the_prompt_to_the_clip_and_to_a_reader_without_a_kernel(stage):
    """Two jobs at once while the kernel stays free; hostile text runs nothing; the saved notebook shows a summary."""
    from playwright.sync_api import expect

    notebook = stage.panel("flow", settings=", budget=5")
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
    see(notebook)
    shoot(notebook, "busy")
    stage.easel.ready.set()
    expect(page.locator(".pixverse-queue [role=status]")).to_contain_text("ompleted", timeout=60_000)
    expect(lines(notebook).filter(has_text="completed")).to_have_count(2, timeout=60_000)
    expect(page.locator(".pixverse-shelf img")).to_have_count(2, timeout=30_000)
    expect(page.locator(".pixverse-panel")).to_contain_text("balance $99.438budget $4.44 of $5.00 left")
    see(notebook)
    shoot(notebook, "done")
    act_on_a_clip(notebook)
    assert sends(stage.server) == 2, "only Generate sends"
    assert page.title() != "hacked"
    expect(page.locator("[class*=pixverse-summary]")).to_be_hidden()
    expect(page.locator("[class*=pixverse-summary]")).to_contain_text("2 clips")
    notebook.save()
    page.close()
    saved = json.loads((stage.root / "flow.ipynb").read_text(encoding="utf-8"))
    assert "widgets" not in saved["metadata"]
    assert KEY not in (stage.root / "flow.ipynb").read_text(encoding="utf-8")
    (stage.root / "another.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    saved["metadata"] = {"kernelspec": {"display_name": "gone", "language": "gone", "name": "gone"}}
    (stage.root / "reader.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    read_without_the_kernel(stage, "another")
    read_without_the_kernel(stage, "reader")


def test_run_again_it_keeps_what_was_typed_and_a_restarted_kernel_has_its_jobs(stage):
    """The cell run again shows one panel with the same prompt; after a restart the job is there, and was sent once."""
    from playwright.sync_api import expect

    notebook = stage.panel("again")
    page = notebook.page
    prompt(notebook).fill("half a tho")
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_timeout(300)
    notebook.run_all()
    see(notebook)
    expect(page.locator(".pixverse-panel")).to_have_count(1)
    expect(prompt(notebook)).to_have_value("half a tho")
    expect(page.get_by_role("tab", name="Settings")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Queue and gallery").click()
    prompt(notebook).fill("a fox that waits")
    generate(notebook).click()
    expect(lines(notebook)).to_have_count(1)
    expect(lines(notebook).first).to_contain_text("drawing")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'", timeout=60_000
    )
    notebook.run_all()
    see(notebook)
    expect(lines(notebook)).to_have_count(1)
    expect(lines(notebook).first).to_contain_text("a fox that waits")
    stage.easel.ready.set()
    expect(lines(notebook).first).to_contain_text("completed", timeout=60_000)
    assert sends(stage.server) == 1
    page.close()


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
    page.close()


def test_the_keyboard_alone_does_everything(stage):
    """Tab reaches the button and every tab, Enter generates, the queue's buttons work; each control has a name."""
    from playwright.sync_api import expect

    notebook = stage.panel("keys")
    page = notebook.page

    def tab_to(pattern, key="Tab"):
        for _ in range(120):
            page.keyboard.press(key)
            name = page.evaluate("() => document.activeElement?.textContent ?? ''")
            if re.search(pattern, name):
                return
        raise AssertionError(f"{pattern} is out of the keyboard's reach")

    prompt(notebook).focus()
    page.keyboard.type("a fox by keyboard")
    expect(generate(notebook)).to_be_enabled()
    tab_to(r"^Generate")
    page.keyboard.press("Enter")
    expect(lines(notebook)).to_have_count(1)
    tab_to(r"^Queue and gallery")
    for name in ("History", "Settings"):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    tab_to(r"^Refresh balance")
    tab_to(r"^Settings", "Shift+Tab")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
    tab_to(r"^Stop waiting")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Not watched (1)")).to_be_visible()
    expect(page.locator(".pixverse-queue [role=status]")).to_contain_text("still running and still billed")
    assert sends(stage.server) == 1
    expect(page.locator(".pixverse-panel > .widget-html").nth(1)).to_match_aria_snapshot(
        '- heading "PixVerse" [level=2]\n- text: /127.0.0.1:\\d+ balance \\$\\d+\\.\\d+/'
    )
    expect(page.locator(".pixverse-queue")).to_match_aria_snapshot(
        '- heading "Queue" [level=3]\n- text: /running/\n- button "Not watched (1)"\n'
        "- status: /No longer watched.*still billed/"
    )
    expect(page.locator(".pixverse-right [role=tablist]")).to_match_aria_snapshot(
        '- tablist:\n  - tab "Queue and gallery" [selected]\n  - tab "History"\n  - tab "Settings"'
    )
    for name in ("Queue and gallery", "History", "Settings"):
        page.get_by_role("tab", name=name).click()
        seen = page.locator(".pixverse-panel").aria_snapshot()
        nameless = re.findall(
            r"^\s*- (?:button|textbox|combobox|spinbutton|checkbox|radio|slider|listbox)(?!.* \").*$",
            seen,
            re.MULTILINE,
        )
        assert nameless == []
    page.close()
