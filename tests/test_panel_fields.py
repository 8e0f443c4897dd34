"""What is typed into the form's fields: figures as text, odd addresses, code while one types; nothing is rewritten."""

import threading
import time

import ipywidgets as w
import pytest
from studio_rig import rigged

from pixverse_nb.panel.code import code_of
from pixverse_nb.panel.compose import Compose

pytestmark = pytest.mark.filterwarnings("ignore:The `ipykernel.comm.Comm` class:DeprecationWarning")  # ipywidgets 7's


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as rig:
        yield rig


@pytest.fixture
def sent():
    return []


@pytest.fixture
def form(rig, sent):
    form = Compose(rig.studio(budget=20), sent.append)
    form.fields["prompt"].control.value = "a cat"
    yield form
    form.settle()


# ---- figures ---------------------------------------------------------------------------------------------------

RANGES = {"duration": "a whole number from 1 to 15 s", "takes": "a whole number from 1 to 20"}


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("wrong", ["", "  ", "2.5", "1e1", "1_0", "0x5", "five", "0", "21", "-1", "5 s"])
def test_a_figure_that_is_none_is_said_and_never_turned_into_another_one(form, sent, name, wrong):
    """A browser's own number field turned "" and "2.5" into other numbers, and the price with them."""
    control = form.fields[name].control
    assert isinstance(control, w.Text)
    control.value = wrong
    assert control.value == wrong, "what was typed stays"
    said = form.fields[name]._trouble.value
    assert 'role="alert"' in said
    assert RANGES[name] in said
    assert form.button.disabled
    assert form.button.description == "Generate", "no price for what is none"
    form._click()
    assert sent == []
    control.value = " 7 "
    assert form.fields[name]._trouble.value == ""
    assert form.values()[name] == 7
    assert not form.button.disabled


def test_a_seed_is_written_in_figures_alone(form):
    """Python reads 1_0 as ten; a person who mistypes does not mean it."""
    form.fields["seed"].control.value = "1_0"
    assert "a whole number from -1" in form.fields["seed"]._trouble.value
    form.fields["guidance_scale"].control.value = "1_0.5"
    assert "a number from 1 to 20" in form.fields["guidance_scale"]._trouble.value


def test_what_was_wrong_in_a_figure_comes_back_as_it_was_typed(rig, form):
    for name, typed in (("duration", "2.5"), ("takes", "")):
        form.fields[name].control.value = typed
    again = Compose(rig.studio(), print)
    again.load(form.values())
    assert again.values() == form.values()
    assert [again.fields[name].control.value for name in ("duration", "takes")] == ["2.5", ""]
    assert again.button.disabled


def test_one_character_too_many_is_one_character(form):
    form.fields["prompt"].control.value = "a" * 5001
    assert "Shorten it by 1 character." in form.fields["prompt"]._trouble.value
    form.fields["prompt"].control.value = "a" * 6001
    assert "Shorten it by 1,001 characters." in form.fields["prompt"]._trouble.value


# ---- addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://", "names no host"),
        ("https:///a.png", "names no host"),
        ("https:a.png", "names no host"),
        ("http://example.org/a.png", "Use https"),
        ("ftp://example.org/a.png", "begins with https://, not ftp://"),
        ("s3://bucket/a.png", "begins with https://, not s3://"),
        ("file:///home/a.png", "write the path alone"),
        ("HTTPS://localhost/a.png", "only this machine"),
        ("https://127.0.0.1:8888/files/a.png", "only this machine"),
        ("https://[::1]/a.png", "only this machine"),
        ("https://ann:secret@example.org/a.png", "name or password"),
        ("https://ann@example.org/a.png", "name or password"),
        ("https://exa mple.org/a.png", "a space"),
        ("https://[::1/a.png", "cannot be read"),
    ],
)
def test_an_address_that_the_service_cannot_open_is_said_in_its_own_words(form, sent, address, words):
    form.picture.place.value = address
    form.picture.settle()
    said = form.picture._trouble.value
    assert words in said
    assert "secret" not in said
    assert "secret" not in form.picture._shown.value
    assert form.button.disabled
    form._click()
    assert sent == []
    form.picture.place.value = "https://example.org/a.png?of=ann@example.org"
    assert form.picture._trouble.value == ""
    assert not form.button.disabled


# ---- code and price while one types ----------------------------------------------------------------------------


def test_with_the_code_open_a_keystroke_asks_no_database(form, monkeypatch):
    """The database is slow here: typing does not wait for it, and the code comes with the last letter."""
    form.as_code.turn(open=True)
    form.settle()
    asked, real = [], form._studio._store.standing

    def slow(*given, **more):
        asked.append(threading.current_thread())
        time.sleep(0.1)
        return real(*given, **more)

    monkeypatch.setattr(form._studio._store, "standing", slow)
    text = "A lighthouse in a storm, waves breaking over the rocks"
    start = time.perf_counter()
    for end in range(1, len(text) + 1):
        form.fields["prompt"].control.value = text[:end]
    took = (time.perf_counter() - start) / len(text)
    form.settle()
    assert took < 0.010
    assert form.code.value == f"studio.generate({text!r})" == form.copy.text
    assert asked
    assert len(asked) < 5, "of many letters only the newest are looked at"
    assert threading.current_thread() not in asked


def test_a_form_that_is_closed_leaves_no_thread(form):
    form.as_code.turn(open=True)
    form.close()
    form.settle()
    form.fields["prompt"].control.value = "a dog"
    assert not [one for one in threading.enumerate() if one.name == "pixverse-code"]


def test_a_new_length_asks_nothing_of_the_caps(form, monkeypatch):
    """What others spend is looked for by the panel's own slow clock, never by a keystroke, however long ago it was."""
    asked = []
    monkeypatch.setattr(form._studio._store, "spent", lambda *_, **__: asked.append(1))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600)
    form.fields["prompt"].control.value = "a dog"
    form.fields["duration"].control.value = "6"
    assert asked == []


def columns(text):
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


@pytest.mark.parametrize("prompt", ["雨夜的老街，霓虹灯在湿漉漉的石板路上闪烁，" * 12, "قطة برتقالية تمشي ببطء " * 12])
def test_no_line_of_code_is_wider_than_others_whatever_the_script(prompt):
    """A Chinese character is as wide as two Latin ones."""
    code = code_of({"prompt": prompt, "duration": 7})
    assert max(columns(line) for line in code.splitlines()) <= 79
    held = []
    eval(code, {"studio": type("S", (), {"generate": staticmethod(lambda prompt, **_: held.append(prompt))})})  # noqa: S307
    assert held == [prompt]
