"""The panel's frame: one for each studio, nothing leaks, nothing typed is lost, and no button spends but Generate."""

from __future__ import annotations

import operator
import re
import sys
import threading
import time
import types

import pytest
from panel_rig import Easel, click, registry, states, until, values
from studio_rig import KEY, rigged, sends

import pixverse_nb as pv
from pixverse_nb.media import tags
from pixverse_nb.panel import panel as frame
from pixverse_nb.panel.panel import Panel

pytestmark = pytest.mark.filterwarnings("ignore:.*ipykernel.comm.Comm.*:DeprecationWarning")  # ipywidgets 7
EVIL = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as rig:
        yield rig


@pytest.fixture(autouse=True)
def _nothing_left():
    """Every panel that a test made is closed, and then no widget of it is alive."""
    frame._shown.clear()
    before = registry()
    made = []
    build = Panel.__init__

    def noted(self, studio):
        build(self, studio)
        made.append(self)

    Panel.__init__ = noted
    try:
        yield
        for panel in made:
            panel.settle()
            panel.close()
        assert registry() == before, "widgets were left alive"
    finally:
        Panel.__init__ = build


@pytest.fixture
def screen(monkeypatch):
    """A notebook in place of the terminal: what was displayed, and the cell that is being run."""
    screen = types.SimpleNamespace(shown=[], cell="cell-1", updated=[])

    class Handle:
        def update(self, bundle, raw):
            assert raw
            screen.updated.append(bundle)

    def display(bundle, *, raw=False, display_id=False):
        assert raw
        screen.shown.append(bundle)
        return Handle() if display_id else None

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(frame, "in_notebook", lambda: True)
    monkeypatch.setattr(frame, "_this_cell", lambda: screen.cell)
    return screen


def type_in(panel, text):
    panel.compose.fields["prompt"].control.value = text


def view_of(bundle):
    return bundle["application/vnd.jupyter.widget-view+json"]["model_id"]


# ---- its life --------------------------------------------------------------------------------------------------


def test_one_panel_for_each_studio_and_its_history_is_a_frame(rig):
    """Asking for the history in the next cell disturbs nothing."""
    studio = rig.studio()
    studio.submit(**values()).wait()
    panel = studio.panel()
    assert studio.panel() is panel
    root = panel.root
    assert list(studio.panel().history["prompt"]) == ["a red fox"]
    assert panel.root is root
    assert "history" in dir(panel)


def test_it_displays_as_a_widget_with_a_summary_beside_it(rig, screen):
    """The summary is an output of its own, hidden by the living panel alone; it follows what happens."""
    studio = rig.studio()
    panel = studio.panel()
    panel._ipython_display_()
    widget, summary = screen.shown
    assert view_of(widget) == panel.root.model_id
    assert "PixVerse" not in widget["text/html"]
    assert "run its cell" in summary["text/html"]
    (name,) = re.findall(r"pixverse-summary-\w+", summary["text/html"])
    assert f".{name} {{ display: none; }}" in panel._style.value
    assert "0 clips" in summary["text/html"]
    panel.compose._on_generate(values())
    until(lambda: screen.updated and "1 clip " in screen.updated[-1]["text/html"])
    assert "data:image/jpeg;base64," in screen.updated[-1]["text/html"]


def test_the_summary_needs_no_script_and_runs_nothing(rig):
    """Counts, money, posters; other people's text is text."""
    studio = rig.studio()
    studio.submit(**values(prompt=EVIL)).wait()
    rig.servers[0].faults.add("job", "fail")
    with pytest.raises(pv.GenerationFailed):
        studio.submit(**values(prompt="fails")).wait()
    bundle = studio.panel()._repr_mimebundle_()
    html = bundle["text/html"]
    assert "1 clip " in html
    assert "1 failed" in html
    assert "$0.044 charged" in html
    assert html.count("data:image/jpeg;base64,") == 1
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;script" in html
    assert "PixVerse panel · 1 clip" in bundle["text/plain"]
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}


@pytest.mark.usefixtures("screen")
def test_shown_again_it_closes_its_old_self_and_keeps_what_was_typed(rig):
    """A cell that is run again: nothing leaks, and prompt, settings, tab and filters stay."""
    studio = rig.studio()
    panel = studio.panel()
    panel._ipython_display_()
    alive = len(registry())
    old = panel.root.model_id
    type_in(panel, "a half written tho")
    panel.compose.fields["duration"].load(9)
    panel.tabs.selected_index = 1
    panel.shelf.filters = {"show": "starred", "text": "fox"}
    studio.panel()._ipython_display_()
    assert panel.root.model_id != old
    assert old not in registry()
    assert len(registry()) == alive
    held = panel.compose.values()
    assert held["prompt"] == "a half written tho"
    assert held["duration"] == 9
    assert panel.tabs.selected_index == 1
    assert panel.shelf.filters == {"show": "starred", "text": "fox"}


@pytest.mark.usefixtures("screen")
def test_what_was_typed_can_be_brought_back_after_the_cell_was_run_again(rig):
    """Settings of a clip are in the form; the words they replaced are not lost with the old panel."""
    panel = rig.studio().panel()
    panel._ipython_display_()
    type_in(panel, "half a thought")
    panel.compose.take_over(values(prompt="a clip's prompt"), "Its settings are in the form.")
    panel._ipython_display_()
    assert panel.compose.values()["prompt"] == "a clip's prompt"
    assert panel.compose._undo.layout.display is None
    panel.compose.take_over(values(prompt="another clip's prompt"), "Its settings are in the form.")
    click(panel.compose._undo)
    assert panel.compose.values()["prompt"] == "half a thought"


def test_a_new_studio_in_the_same_cell_takes_the_panel_over(rig, screen):
    """`pv.Studio().panel()` run again: the old studio's panel is closed, what was typed in it goes on."""
    first = rig.studio().panel()
    first._ipython_display_()
    old = first.root.model_id
    type_in(first, "a fox at dawn")
    second = rig.studio().panel()
    second._ipython_display_()
    assert second.compose.values()["prompt"] == "a fox at dawn"
    assert old not in registry()
    assert set(first._repr_mimebundle_()) == {"text/html", "text/plain"}
    screen.cell = "cell-2"
    third = rig.studio().panel()
    third._ipython_display_()
    assert third.compose.values()["prompt"] == ""
    assert second.root.model_id in registry(), "another cell's panel is left alone"


@pytest.mark.usefixtures("screen")
def test_jobs_go_on_when_the_panel_is_built_anew(rig):
    """Unfinished jobs are in the new queue; nothing is sent again."""
    easel = Easel()
    studio = rig.studio(rig.server(render=easel))
    panel = studio.panel()
    panel._ipython_display_()
    panel.compose._on_generate(values())
    panel._sending.settle()
    (generation,) = panel.queue.generations
    panel._ipython_display_()
    assert [one.id for one in panel.queue.generations] == [generation.id]
    easel.ready.set()
    generation.wait()
    assert sends(rig.servers[0]) == 1


# ---- generating ------------------------------------------------------------------------------------------------


def test_a_click_returns_at_once_and_sends_a_new_take(rig):
    """Two clicks are two takes, and the gallery, the price and the header hear of their ends."""
    easel = Easel()
    server = rig.server(render=easel)
    panel = rig.studio(server, budget=5).panel()
    refreshed = []
    panel.shelf.refresh = lambda: refreshed.append(1)
    for _ in range(2):
        panel._generate(values())
    panel._sending.settle()
    assert [one.request.take for one in panel.queue.generations] == [1, 2]
    until(lambda: "$4.91 of $5.00 left" in panel._header.value)
    easel.ready.set()
    for one in panel.queue.generations:
        one.wait()
    panel.settle()
    until(lambda: refreshed)
    assert sends(server) == 2


def test_what_other_cells_spend_is_in_header_price_and_settings_at_once(rig):
    """Announced when it begins and when it ends; the gallery, too, and the clips to go on from."""
    easel = Easel()
    studio = rig.studio(rig.server(render=easel), budget=5)
    panel = studio.panel()
    panel.compose.fields["prompt"].control.value = "something else"
    refreshed = []
    panel.shelf.refresh = lambda: refreshed.append(1)
    generation = studio.submit(**values())
    until(lambda: "$4.96 of $5.00 left" in panel._header.value)
    until(lambda: "budget $4.96 of $5.00 left" in panel.compose._line.value)
    until(lambda: "1 running" in panel.compose._reason.value)
    until(lambda: "4.956" in panel.settings._caps.value)
    assert refreshed == []
    easel.ready.set()
    generation.wait()
    until(lambda: refreshed)
    until(lambda: [key for _, key in panel.compose.picture.clip.options] == ["", generation.id])
    until(lambda: "running" not in panel.compose._reason.value)
    assert studio.submit(**values()).reused_from
    until(lambda: len(refreshed) == 2)


def looking():
    return [one for one in threading.enumerate() if one.name == "pixverse-caps"]


@pytest.mark.usefixtures("screen")
def test_what_another_studio_on_the_home_spends_is_in_the_header_soon(rig, monkeypatch):
    """By a slow clock of the panel's own, that ends with the panel; without a cap there is none."""
    monkeypatch.setattr(frame, "_LOOK_EVERY_S", 0.05)
    before = len(looking())
    server = rig.server()
    panel = rig.studio(server, budget=pv.Budget(per_home=5)).panel()
    assert len(looking()) == before, "it is not on the screen yet"
    panel._ipython_display_()
    assert "budget $5.00 of $5.00 left" in panel._header.value
    other = rig.studio(server)
    assert other is not panel.studio
    other.submit(**values()).wait()
    for place in ("_header.value", "compose._line.value", "settings._caps.value"):
        until(lambda place=place: re.search(r"\$4\.95?6", operator.attrgetter(place)(panel)))
    said = []
    panel._header.observe(said.append, "value")
    panel.compose._line.observe(said.append, "value")
    time.sleep(0.3)
    assert said == [], "where nothing was spent nothing is sent to the browser"
    for _ in range(3):
        panel._ipython_display_()
    until(lambda: len(looking()) == before + 1)
    panel.close()
    until(lambda: len(looking()) == before)


@pytest.mark.usefixtures("screen")
def test_without_a_cap_nobody_looks_and_with_one_somebody_does(rig, monkeypatch):
    monkeypatch.setattr(frame, "_LOOK_EVERY_S", 0.05)
    before = len(looking())
    panel = rig.studio().panel()
    panel._ipython_display_()
    until(lambda: len(looking()) == before)
    panel.settings.cap_fields["per_home"].value = "3"
    click(panel.settings.set_budget)
    assert len(looking()) == before + 1
    time.sleep(0.2)
    assert len(looking()) == before + 1


def test_why_nothing_was_sent_stands_under_the_button(rig):
    """A budget without room and a wrong value, in words; the jobs stay none."""
    server = rig.server()
    panel = rig.studio(server, budget=0.01).panel()
    said = []
    panel.compose.say = said.append
    panel._generate(values())
    panel._sending.settle()
    panel._generate(values(duration=99))
    panel._sending.settle()
    assert "the budget for today (UTC) is $0.010" in said[0]
    assert "duration is a whole number from 1 to 15" in said[1]
    assert sends(server) == 0
    assert panel.queue.generations == []


# ---- what the gallery's buttons do -----------------------------------------------------------------------------


@pytest.fixture
def made(rig):
    """A panel with one clip."""
    studio = rig.studio()
    generation = studio.submit(**values(negative_prompt="rain")).wait()
    return studio.panel(), generation


def test_actions_fill_the_form_and_spend_nothing(rig, made):
    """Use, take, continue and finalise: money is only spent by the button that shows its price."""
    panel, generation = made
    wanted = {"use": {}, "take": {"takes": 1}, "finalise": {"quality": "1080p"}}
    for action, changed in wanted.items():
        panel._act(action, generation.id)
        panel.settle()
        held = panel.compose.values()
        assert held == {**values(negative_prompt="rain", takes=1), **held, **changed}
    assert panel.compose.button.description == "Generate · $0.14"
    assert "Its settings are in the form, at 1080p." in panel.compose._note.value, "said where it was done"
    type_in(panel, "and then it snows")
    before = panel.compose.values()
    panel._act("continue", generation.id)
    panel.settle()
    until(lambda: panel.compose.reason is None)
    assert panel.compose.values() == {**before, "image": generation}, "what was typed stays"
    panel._act("use", generation.id)
    panel.settle()
    click(panel.compose._undo)
    assert panel.compose.values() == {**before, "image": generation}
    assert sends(rig.servers[0]) == 1


def test_old_words_go_when_something_else_is_done(made):
    """The line below the queue says the last thing alone."""
    panel, generation = made
    for action in ("code", "save", "use", "compare"):
        panel.queue.say("Sent.")
        panel._act(action, generation.id, ids=[generation.id, generation.id])
        panel.settle()
        assert "Sent." not in panel.queue._status.value


def test_what_an_action_shows_lies_above_the_page_until_it_is_closed(made):
    """By its button, or in the browser by Escape and by a click beside it; then nothing of it is left."""
    panel, generation = made
    told = {"say": "closed"}
    for close in (lambda: click(panel.actions._away), lambda: panel.actions._lift._handle_custom_msg(told, [])):
        panel._act("save", generation.id)
        panel.settle()
        assert panel.actions._lift in panel.actions.box.children
        assert panel.actions._lift.title == "Save as"
        assert "pixverse-gone" not in panel.actions.box._dom_classes
        close()
        assert panel.actions.box.children == ()
        assert "pixverse-gone" in panel.actions.box._dom_classes


def test_copy_as_code_gives_the_call_that_does_the_same(made):
    """It runs, and asks for the very same request."""
    panel, generation = made
    panel._act("code", generation.id)
    panel.settle()
    text, copy = panel.actions.box.children[1].children
    assert text.description == "Code"
    assert copy.text == text.value
    again = eval(text.value, {"studio": panel.studio})  # noqa: S307  our own line
    assert again.reused_from == generation.id
    assert again.request == generation.request
    click(panel.actions._away)
    assert panel.actions.box.children == ()


def test_save_as_copies_the_clip_and_overwrites_nothing(made, tmp_path):
    """The file lies where it was asked for; where one lies already, that is said."""
    panel, generation = made
    panel._act("save", generation.id)
    panel.settle()
    path, save = panel.actions.box.children[1].children
    path.value = str(tmp_path / "fox.mp4")
    for word in ("Saved to", "exists already"):
        click(save)
        panel.actions._saving.settle()
        assert word in panel.actions._words.value
    assert tags.read(tmp_path / "fox.mp4")["id"] == generation.id  # the clip, which says what it is


def test_compare_shows_what_differs(made):
    """Both posters, only the settings that differ, and no markup of other people."""
    panel, generation = made
    other = panel.studio.submit(**values(prompt=EVIL, duration=2)).wait()
    panel._act("compare", generation.id, ids=[generation.id, other.id])
    panel.settle()
    if not hasattr(panel.studio, "compare"):
        html = panel.actions.box.children[1].value
        assert html.count("data:image/jpeg;base64,") == 2
        assert "duration" in html
        assert "quality" not in html
        assert "<script" not in html
    assert len(panel.actions.box.children) == 4


def test_what_goes_wrong_has_a_place_until_it_is_dismissed(made):
    """An action on a clip that there is not: said in words, with a button to take it away."""
    panel, _ = made
    panel._act("use", "nothing")
    panel.settle()
    assert "the history holds no &#x27;nothing&#x27;" in panel._alarm_words.value
    assert "pixverse-gone" not in panel._alarm._dom_classes
    click(panel._alarm_away)
    assert panel._alarm_words.value == ""
    assert "pixverse-gone" in panel._alarm._dom_classes
    panel._act("no such action", "x")
    panel.settle()
    assert "no action" in panel._alarm_words.value


# ---- settings --------------------------------------------------------------------------------------------------


def test_settings_say_where_the_key_came_from_and_never_the_key(rig):
    """Nor does any widget of the panel hold it."""
    panel = rig.studio().panel()
    panel.settle()
    assert "from the api_key argument" in panel.settings._facts.value
    assert str(rig.home) in panel.settings._facts.value
    assert KEY not in states()


class Ring(types.ModuleType):
    """A keyring in memory."""

    def __init__(self, works=True) -> None:
        super().__init__("keyring")
        self.kept = {}
        self.works = works

    def set_password(self, service, name, text):
        if not self.works:
            raise RuntimeError(f"no back end for {text}")
        self.kept[service, name] = text

    def get_password(self, service, name):
        return self.kept.get((service, name))


@pytest.mark.parametrize("works", [True, False])
def test_a_key_that_is_entered_leaves_the_widget_at_once(rig, monkeypatch, works):
    """It goes into the keyring on request, and nowhere else; what failed does not repeat it."""
    ring = Ring(works)
    monkeypatch.setitem(sys.modules, "keyring", ring)
    panel = rig.studio().panel()
    settings = panel.settings
    secret = "SG_fedcba9876543210"
    settings.key.value = secret
    assert settings.key.value == ""
    assert secret not in states()
    assert ring.kept == {}
    click(settings.keep)
    panel.settle()
    assert ring.kept == ({("pixverse_nb", "SEGMIND_API_KEY"): secret} if works else {})
    assert ("It is in the keyring" if works else "The keyring could not take it") in settings._key_words.value
    assert secret not in states()
    click(settings.keep)
    panel.settle()
    assert "Enter a key first" in settings._key_words.value
    settings.key.value = "not a key"
    assert "is not a key" in settings._key_words.value


def test_the_balance_is_asked_beside_everything_else(rig):
    """The header shows it; a refusal is said where it was asked for, and blocks nothing."""
    server = rig.server(balance=12.5)
    panel = rig.studio(server).panel()
    panel.settle()
    assert "balance $12.500" in panel._header.value
    server.faults.add("credits", status=401)
    click(panel.settings.ask)
    panel.settle()
    assert 'role="alert"' in panel.settings._balance.value
    assert "balance not known" in panel._header.value


def test_the_budget_can_be_set_and_counts_at_once(rig):
    """Empty is no cap; what is no amount is refused with words, and changes nothing: 0,50 once became 50."""
    studio = rig.studio(budget=5)
    panel = studio.panel()
    assert panel.settings.cap_fields["per_day"].value == "5"
    panel.settings.cap_fields["per_home"].value = " $2.50"
    click(panel.settings.set_budget)
    assert studio.budget == pv.Budget(per_day=5, per_home=2.5)
    assert "$2.50 of $2.50 left, this home" in panel._header.value
    for wrong in ("lots", "nan", "inf", "-1", "1e3", "1_0", "5 USD", "0,50", "1,5", "1,000"):
        panel.settings.cap_fields["per_day"].value = wrong
        click(panel.settings.set_budget)
        assert "is not a budget" in panel.settings._budget_words.value
        assert "with a point" in panel.settings._budget_words.value
        assert studio.budget == pv.Budget(per_day=5, per_home=2.5), f"{wrong!r} was taken for another amount"
        panel.settings._budget_words.value = ""
    for field in panel.settings.cap_fields.values():
        field.value = ""
    click(panel.settings.set_budget)
    assert studio.budget == pv.Budget()


def test_one_part_that_fails_keeps_no_other_from_the_news(rig):
    """What it says stands in the panel; the gallery, the price and the header are up to date all the same."""
    panel = rig.studio(rig.server(), budget=5).panel()

    def broken():
        raise RuntimeError("the shelf fell down")

    panel.shelf.refresh = broken
    panel._generate(values())
    panel._sending.settle()
    for one in panel.queue.generations:
        one.wait()
    panel.settle()
    until(lambda: "RuntimeError: the shelf fell down" in panel._alarm_words.value)
    assert "$4.96 of $5.00 left" in panel._header.value


def test_nbconvert_shows_the_summary(rig, monkeypatch):
    """A notebook that was run without a browser, exported as a page: counts and posters, and no error."""
    nbformat = pytest.importorskip("nbformat")
    nbclient, nbconvert = pytest.importorskip("nbclient"), pytest.importorskip("nbconvert")
    studio = rig.studio()
    studio.submit(**values(prompt=EVIL)).wait()
    monkeypatch.setenv("SEGMIND_API_KEY", KEY)
    monkeypatch.setenv("PIXVERSE_NB_BASE_URL", rig.servers[0].url)
    monkeypatch.setenv("PIXVERSE_NB_HOME", str(rig.home))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import pixverse_nb as pv\npanel = pv.Studio().panel()\npanel")]
    )
    nbclient.NotebookClient(notebook, store_widget_state=False, kernel_name="python3", timeout=60).execute()
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    shown = page[page.index("pixverse-summary") :]
    assert "1 clip " in shown
    assert "data:image/jpeg;base64," in shown
    assert "<script>document.title" not in page
    assert KEY not in page
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data", "display_data"]
