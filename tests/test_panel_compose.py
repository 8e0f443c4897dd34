"""The form, without a browser: controls are driven as a front end drives them, handlers called as by a click."""

import io
import os
import re
import threading
import time
from pathlib import Path

import ipywidgets as w
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb import parameters
from pixverse_nb.display.compose import CSS
from pixverse_nb.panel import chips
from pixverse_nb.panel.compose import Compose
from pixverse_nb.panel.pictures_field import size_words
from pixverse_nb.parameters import PARAMETERS, Parameter
from pixverse_nb.wishes import make_wish

pytestmark = pytest.mark.filterwarnings("ignore:The `ipykernel.comm.Comm` class:DeprecationWarning")  # ipywidgets 7's

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
ALWAYS = {"duration": 5, "quality": "540p", "takes": 1}


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as rig:
        yield rig


@pytest.fixture
def sent():
    return []


@pytest.fixture
def form(rig, sent):
    return Compose(rig.studio(), sent.append)


def prompt_of(form):
    return form.fields["prompt"].control


def widgets_below(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_below(child)


def text_of(form):
    """All that its HTML widgets show."""
    return "\n".join(one.value for one in widgets_below(form.box) if isinstance(one, w.HTML))


def trouble_of(form, name):
    """What stands in red below a field."""
    shown = [one.value for one in widgets_below(form.fields[name].box) if isinstance(one, w.HTML)]
    return "\n".join(value for value in shown if 'role="alert"' in value)


def png(width=64, height=48, colour=(200, 30, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def upload(form, name, content, piece=100_000):
    """What the front end sends when a person has chosen a file; what the kernel has answered."""
    button, answers = form.picture.upload.box, []
    button.send = answers.append
    for at in range(0, len(content), piece):
        told = {"say": "piece", "ticket": name, "at": at, "total": len(content), "name": name}
        button._handle_custom_msg(told, [memoryview(content[at : at + piece])])
    form.picture.settle()
    return answers


# ---- what is asked for -----------------------------------------------------------------------------------------


def test_a_form_left_alone_asks_for_what_is_always_sent_and_nothing_else(form):
    assert form.values() == {"prompt": "", **ALWAYS}
    assert form.button.disabled
    assert form.reason == "Write a prompt first."
    assert 'role="alert"' not in text_of(form)  # nobody has made a mistake yet


def test_every_parameter_of_the_schema_has_a_field_with_its_label_and_all_controls_have_names(form):
    held = set(form.fields) | {"image_url"}
    assert held == {*PARAMETERS, "takes"}
    controls = [one for one in widgets_below(form.box) if "description" in one.keys and not isinstance(one, w.HTML)]
    assert len(controls) > 30
    assert all(control.description for control in controls)
    for name, field in form.fields.items():
        label = "Takes" if name == "takes" else PARAMETERS[name].label
        assert field.control.description.startswith(label)


@pytest.mark.parametrize(
    "case",
    [
        (Parameter("fps", "integer", "Frames", "How many.", "", low=1, high=60), "24", 24, "61"),
        (Parameter("blur", "number", "Blur", "How soft.", "", low=0, high=1), "0.25", 0.25, "two"),
        (Parameter("style", "choice", "Style", "Of drawing.", "", choices=("anime", "clay")), "clay", "clay", None),
        (Parameter("multi", "boolean", "Many shots", "Cuts.", ""), True, True, None),
        (Parameter("voice", "string", "Voice", "Who speaks.", "", high=8), "Ann", "Ann", "far too long"),
        (Parameter("mask", "url", "Mask", "Where.", "", high=99), "https://x.y/m.png", "https://x.y/m.png", "http://x"),
    ],
)
def test_a_parameter_that_is_added_to_the_schema_is_a_field_by_itself(rig, sent, monkeypatch, case):
    new, raw, value, wrong = case
    monkeypatch.setattr(parameters, "PARAMETERS", {**PARAMETERS, new.name: new})
    form = Compose(rig.studio(), sent.append)
    prompt_of(form).value = "a cat"
    assert new.name not in form.values()
    assert new.help in text_of(form)
    form.fields[new.name].control.value = raw
    assert form.values()[new.name] == value
    assert not form.button.disabled
    form.button.click()
    assert sent == [{"prompt": "a cat", **ALWAYS, new.name: value}]
    if wrong is not None:
        form.fields[new.name].control.value = wrong
        assert trouble_of(form, new.name)
        assert form.button.disabled


def test_going_back_to_where_a_field_started_is_leaving_it_alone(form):
    for name, other in (
        ("aspect_ratio", "9:16"),
        ("generate_audio_switch", False),
        ("seed", "5"),
        ("scheduler", "PNDM"),
    ):
        control = form.fields[name].control
        start, control.value = control.value, other
        assert name in form.values()
        control.value = start
        assert name not in form.values()


def test_help_ranges_and_the_generic_table_are_said_in_the_advanced_fold(form):
    assert form.advanced._content.layout.display == "none"
    form.advanced.button.click()
    assert form.advanced._content.layout.display is None
    shown = "\n".join(one.value for one in widgets_below(form.advanced.box) if isinstance(one, w.HTML))
    for name in ("thinking_type", "motion_mode", "seed", "steps", "scheduler", "guidance_scale", "width", "height"):
        assert PARAMETERS[name].help.replace("'", "&#x27;") in shown
        assert form.fields[name].box in list(widgets_below(form.advanced.box))
    assert "generic table" in shown
    assert "1 to 100" in shown


# ---- words -----------------------------------------------------------------------------------------------------


def test_the_count_follows_the_typing_and_too_much_is_said_at_the_field(form):
    prompt_of(form).value = "a" * 123
    assert "123 / 5000" in text_of(form)
    prompt_of(form).value = "a" * 5012
    assert "Shorten it by 12 characters" in trouble_of(form, "prompt")
    assert form.button.disabled
    form.fields["negative_prompt"].control.value = "b" * 2050
    assert "2050 / 2048" in text_of(form)
    assert "Shorten it by 2 characters" in trouble_of(form, "negative_prompt")


def test_a_prompt_that_was_emptied_again_is_a_mistake(form):
    prompt_of(form).value = "a"
    prompt_of(form).value = ""
    assert "Write something" in trouble_of(form, "prompt")
    assert form.button.disabled


def test_pressing_a_chip_adds_its_words_and_pressing_again_removes_them(form):
    prompt_of(form).value = "A lighthouse in a storm"
    chip = form.chips.chips["slow dolly in"]
    chip.value = True
    assert prompt_of(form).value == "A lighthouse in a storm, slow dolly in"
    assert form.values()["prompt"] == "A lighthouse in a storm, slow dolly in"
    form.chips.chips["golden hour"].value = True
    chip.value = False
    assert prompt_of(form).value == "A lighthouse in a storm, golden hour"


def test_the_prompt_is_the_truth_about_chips(form):
    prompt_of(form).value = "Golden Hour over the bay, an intense pan righteous"
    assert {phrase for phrase, chip in form.chips.chips.items() if chip.value} == {"golden hour"}
    prompt_of(form).value = "night"
    assert not any(chip.value for chip in form.chips.chips.values())
    assert prompt_of(form).value == "night"


PHRASES = [phrase for group in chips.VOCABULARY.values() for phrase in group]


def test_no_chip_contains_another():
    assert not [(a, b) for a in PHRASES for b in PHRASES if a != b and chips.holds(a, b)]


@given(st.text(max_size=60), st.sampled_from(PHRASES))
def test_a_chip_undoes_itself(prompt, phrase):
    with_it = chips.added(prompt, phrase)
    assert chips.holds(with_it, phrase)
    assert not chips.holds(chips.removed(with_it, phrase), phrase)
    if prompt.strip() == prompt and prompt and not prompt.endswith(chips._ENDS) and not chips.holds(prompt, phrase):
        assert with_it == f"{prompt}, {phrase}"
        assert chips.removed(with_it, phrase) == prompt


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("handheld", ""),
        ("handheld, a dog", "a dog"),
        ("a dog, Handheld, at dawn", "a dog, at dawn"),
        ("a dog filmed handheld at dawn", "a dog filmed at dawn"),
        ("handheld handheld", ""),
    ],
)
def test_words_leave_no_commas_behind(prompt, left):
    assert chips.removed(prompt, "handheld") == left


# ---- mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        ("duration", "16", "15", "a whole number from 1 to 15 s"),
        ("duration", "0", "1", "a whole number from 1 to 15 s"),
        ("takes", "21", "20", "a whole number from 1 to 20"),
        ("seed", "abc", "7", "a whole number from -1 to 2147483647"),
        ("seed", "1.5", "-1", "a whole number from -1 to 2147483647"),
        ("steps", "0", "1", "a whole number from 1 to 100"),
        ("guidance_scale", "nan", "7.5", "a number from 1 to 20"),
        ("width", "9" * 5000, "256", "a whole number from 256 to 1024 px"),
    ],
)
def test_a_wrong_value_says_so_at_its_field_before_any_click(form, sent, case):
    name, wrong, right, words = case
    prompt_of(form).value = "a cat"
    assert not form.button.disabled
    form.fields[name].control.value = wrong
    assert words in trouble_of(form, name)
    assert form.button.disabled
    assert words in form.reason
    form._click()  # one that was on its way
    assert sent == []
    form.fields[name].control.value = right
    assert trouble_of(form, name) == ""
    assert form.reason is None
    assert not form.button.disabled
    form.button.click()
    assert len(sent) == 1


def test_what_the_handler_raises_stands_below_the_button(rig):
    def refuse(_):
        raise pv.BudgetExceeded(f"no room {EVIL}", remedy="Raise it.", billed=False)

    form = Compose(rig.studio(), refuse)
    prompt_of(form).value = "a cat"
    form.button.click()
    assert "Nothing was billed. Raise it." in text_of(form)
    assert EVIL not in text_of(form)
    form._on_generate = lambda _: 1 / 0
    prompt_of(form).value = "a dog"
    form.button.click()
    assert "ZeroDivisionError" in text_of(form)
    form._on_generate = lambda _: None
    prompt_of(form).value = "a cow"
    form.button.click()
    assert "ZeroDivisionError" not in text_of(form)


def test_a_double_click_sends_once_and_says_so(form, sent, monkeypatch):
    prompt_of(form).value = "a cat"
    form.button.click()
    form.button.click()
    assert len(sent) == 1
    assert "A double click sends once" in text_of(form)
    prompt_of(form).value = "a dog"  # something else, however fast
    form.button.click()
    assert [values["prompt"] for values in sent] == ["a cat", "a dog"]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 0.5)
    form.button.click()
    assert [values["prompt"] for values in sent] == ["a cat", "a dog", "a dog"]
    assert "A double click" not in text_of(form)


# ---- the price -------------------------------------------------------------------------------------------------


def test_the_price_is_on_the_button_and_moves_with_the_fields(form):
    assert form.button.description == "Generate · $0.28"
    assert "at most $0.281 · about 1:06" in re.sub(r"<[^>]*>", "", text_of(form))
    form.fields["takes"].control.value = "3"
    assert form.button.description == "Generate 3 · $0.84"
    form.fields["quality"].control.value = "1080p"
    form.fields["duration"].control.value = "15"
    assert form.button.description == "Generate 3 · $6.47"
    form.fields["generate_audio_switch"].control.value = False
    assert form.button.description == "Generate 3 · $5.06"
    assert "at most $6.469" in text_of(form)  # a silent clip may be billed as one with sound
    form.fields["duration"].control.value = "16"
    assert form.button.description == "Generate"
    assert "no price as long as something is wrong" in text_of(form)


def test_on_the_preview_engine_the_button_says_that_nothing_is_billed(tmp_path):
    form = Compose(pv.Studio(home=tmp_path / "home"), print)
    assert form.button.description == "Generate · preview, $0"
    form.fields["takes"].control.value = "2"
    assert form.button.description == "Generate 2 · preview, $0"
    assert "at most $0.562 on the service" in text_of(form)


def test_the_budget_stands_below_the_button_and_says_when_it_has_no_room(rig, sent):
    form = Compose(rig.studio(budget=1.0), sent.append)
    prompt_of(form).value = "a cat"
    assert "budget $1.00 of $1.00 left" in text_of(form)
    assert "width: 28.1%" in text_of(form)
    form.fields["takes"].control.value = "4"
    assert "The budget for today (UTC) has no room for this" in text_of(form)
    assert not form.button.disabled  # the studio has the last word: what is known here may be old


def test_a_finished_job_moves_budget_and_wait_after_refresh_price(rig, sent):
    studio = rig.studio(budget=5.0)
    form = Compose(studio, sent.append)
    assert "budget $5.00 of $5.00 left" in text_of(form)
    for take in range(1, 4):
        studio.submit("a cat", take=take).wait(60)
    form.refresh_price()
    assert "under 1 s" in text_of(form)  # this server takes no time
    assert "budget $4.16 of $5.00 left" in text_of(form)
    studio.budget = pv.Budget(per_home=2.0)
    form.fields["takes"].control.value = "2"
    assert "budget $1.16 of $2.00 left" in text_of(form)


def test_a_charge_that_was_learned_is_the_price_after_refresh_price(rig, sent, monkeypatch):
    studio = rig.studio()
    form = Compose(studio, sent.append)
    monkeypatch.setattr(studio._store, "charges", lambda *_, **__: [(5, 400_000, None)])
    prompt_of(form).value = "a"
    assert form.button.description == "Generate · $0.28"
    form.refresh_price()
    assert form.button.description == "Generate · $0.40"
    assert "at most $0.400" in text_of(form)


def test_a_history_that_cannot_be_read_keeps_no_price_from_the_button(rig, sent, monkeypatch):
    def broken(*_, **__):
        raise OSError("the disk is gone")

    studio = rig.studio(budget=5.0)
    for name in ("charges", "recent_seconds", "spent"):
        monkeypatch.setattr(studio._store, name, broken)
    form = Compose(studio, sent.append)
    prompt_of(form).value = "a cat"
    assert form.button.description == "Generate · $0.28"
    assert not form.button.disabled


def test_a_keystroke_takes_under_10_ms_and_asks_no_database(form, monkeypatch):
    prompt_of(form).value = "a"
    asked = []
    for name in ("charges", "recent_seconds", "spent"):
        monkeypatch.setattr(form._tag._studio._store, name, lambda *_, name=name, **__: asked.append(name))
    text = "A lighthouse in a storm, slow dolly in, waves breaking over the rocks " * 20
    best = float("inf")
    for _ in range(3):  # the machine may be busy with something else
        start = time.perf_counter()
        for end in range(1, 200):
            prompt_of(form).value = text[:end]
        best = min(best, (time.perf_counter() - start) / 199)
    assert asked == []
    assert best < 0.010


# ---- the picture -----------------------------------------------------------------------------------------------


def test_an_upload_is_kept_in_the_home_and_leaves_the_widget(form, rig, sent):
    prompt_of(form).value = "it moves"
    content = png(600, 800)
    answers = upload(form, "portrait.png", content, piece=500)
    assert [answer["next"] for answer in answers] == [*range(500, len(content), 500), len(content)]
    assert len(str(form.picture.upload.box.get_state(["accept", "limit"]))) < 100
    assert not form.picture.upload._held
    path = form.values()["image"]
    assert (rig.home / "images") in Path(path).parents
    assert Path(path).read_bytes() == content
    shown = text_of(form)
    assert "600 × 800 px" in shown
    assert "follows the picture, 3:4; this is ignored" in shown
    assert "portrait.png" in shown
    assert "data:image/jpeg;base64," in shown
    form.button.click()
    assert sent == [{"prompt": "it moves", "image": path, **ALWAYS}]


def test_a_picture_of_more_than_10_mb_arrives_and_one_that_is_too_large_leaves_the_one_before(form):
    """The browser's pieces are put together; what does not come is said, and costs nothing that was there."""
    noise = os.urandom(2000 * 1900 * 3)
    held = io.BytesIO()
    Image.frombytes("RGB", (2000, 1900), noise).save(held, "PNG", compress_level=0)
    assert len(held.getvalue()) > 11_000_000
    upload(form, "large.png", held.getvalue(), piece=1 << 20)
    path = form.values()["image"]
    assert Path(path).read_bytes() == held.getvalue()
    form.picture.upload.box._handle_custom_msg({"say": "large", "name": EVIL, "bytes": 21_400_000}, [])
    assert "has 21.4 MB; a picture must be under 20 MB. The picture below stays." in form.picture._trouble.value
    assert EVIL not in form.picture._trouble.value
    assert form.values()["image"] == path
    assert form.picture.reason is None
    form.picture.remove.click()
    assert "21.4 MB" not in form.picture._trouble.value


@pytest.mark.parametrize(
    ("message", "data"),
    [
        ({"say": "piece", "ticket": "b", "at": 5, "total": 9}, b"abcd"),  # of a file that never began
        ({"say": "piece", "ticket": "b", "at": 0, "total": 2}, b"abcd"),  # more than was told
        ({"say": "piece", "ticket": "b", "at": 0, "total": "x"}, b"abcd"),
        ({"say": "piece", "ticket": "b", "at": 0, "total": 20_000_000}, b"abcd"),
        ({"say": "piece", "ticket": "b", "at": 0, "total": 9}, b""),
        ({"say": "unread", "name": "gone.png"}, b""),
        ({"say": "else"}, b""),
    ],
)
def test_pieces_that_do_not_fit_are_no_picture(form, message, data):
    """What the browser says is not trusted."""
    form.picture.upload.box._handle_custom_msg(message, [memoryview(data)])
    form.picture.upload.box._handle_custom_msg("what", [])
    assert "image" not in form.values()
    assert ("gone.png could not be read." in form.picture._trouble.value) == (message["say"] == "unread")
    upload(form, "good.png", png(64, 64))
    assert "image" in form.values()


def test_a_second_upload_replaces_the_first_and_remove_takes_it_away(form):
    upload(form, "one.png", png(64, 64))
    first = form.values()["image"]
    upload(form, "two.png", png(64, 64, (1, 2, 3)))
    assert form.values()["image"] != first
    form.picture.remove.click()
    assert "image" not in form.values()
    assert form.picture.remove.disabled
    assert "follows the picture" not in text_of(form)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a" + bytes(100), "is of another type"),
        (png()[:60], "cut short or broken"),
        (png(4001, 10), "4001 x 10 px"),
    ],
    ids=["type", "unreadable", "pixels"],
)
def test_a_picture_that_the_api_does_not_take_is_an_error_at_the_field(form, sent, content, words):
    prompt_of(form).value = "it moves"
    upload(form, f"{EVIL}.png", content)
    assert words in form.picture._trouble.value
    assert 'role="alert"' in form.picture._trouble.value
    assert form.button.disabled
    form._click()
    assert sent == []
    assert EVIL not in text_of(form)
    form.picture.remove.click()
    assert not form.button.disabled


def test_a_path_a_missing_path_and_a_folder(form, tmp_path):
    prompt_of(form).value = "it moves"
    (tmp_path / "wide.png").write_bytes(png(1280, 720))
    form.picture.place.value = "wide.png"
    assert form.values()["image"] == "wide.png"
    form.picture.settle()
    assert "16:9" in text_of(form)
    assert not form.button.disabled
    for wrong, words in (("gone.png", "is not there"), (str(tmp_path), "is a folder")):
        form.picture.place.value = wrong
        form.picture.settle()
        assert words in form.picture._trouble.value
        assert form.button.disabled
    form.picture.place.value = ""
    assert "image" not in form.values()
    assert not form.button.disabled


def test_a_url_is_checked_by_the_schema_and_sent_as_image_url(form, sent):
    prompt_of(form).value = "it moves"
    form.picture.place.value = "https://example.org/a.png"
    assert form.reason is None
    assert "follows the picture; this is ignored" in text_of(form)
    form.button.click()
    assert sent == [{"prompt": "it moves", "image_url": "https://example.org/a.png", **ALWAYS}]
    form.picture.place.value = "http://example.org/a.png"
    assert "Use https" in form.picture._trouble.value
    assert form.button.disabled


def test_the_last_frame_of_an_earlier_clip(form, rig, sent):
    clip = rig.studios[0].submit(f"a cat {EVIL}", duration=1).wait(60)
    prompt_of(form).value = "and on"
    form.set_image_from(clip)
    form.picture.settle()
    assert form.values()["image"] is clip
    assert f"last frame of {clip.id}" in text_of(form)
    assert "96 × 64 px" in text_of(form)
    assert EVIL not in text_of(form)
    form.button.click()
    assert sent[0]["image"] is clip


def test_the_last_frame_of_an_earlier_clip_is_a_choice_of_the_field_itself(form, rig):
    """The newest clips by their prompts; one that has come since; an older one that was chosen in the gallery."""
    studio = rig.studios[0]
    clip = studio.submit(f"a cat {EVIL}", duration=1).wait(60)
    choice = form.picture.clip
    assert choice.options == (("none", ""),)
    form.picture.refresh()
    assert [key for _, key in choice.options] == ["", clip.id]
    assert form.values() == {"prompt": "", **ALWAYS}, "offered, not chosen"
    prompt_of(form).value = "and on"
    choice.value = clip.id
    form.picture.settle()
    assert form.values() == {"prompt": "and on", "image": clip, **ALWAYS}
    assert not form.picture.remove.disabled
    studio.submit("a dog", duration=1).wait(60)
    form.picture.refresh()
    assert form.values()["image"] is clip, "news leave the choice alone"
    assert choice.value == clip.id
    form.picture.place.value = "p.png"
    assert choice.value == ""
    form.picture._clips = []
    form.set_image_from(clip)
    assert choice.value == clip.id
    choice.value = ""
    assert "image" not in form.values()
    choice.options = [("none", ""), ("gone", "nothing")]
    choice.value = "nothing"
    assert "holds no" in form.picture._trouble.value


def test_a_picture_takes_the_place_that_is_kept_for_it(form, tmp_path):
    """Limits and picture stand in the same place, and what it does stands beside the shapes, so that nothing moves."""
    parts = form.picture.box.children
    (tmp_path / "small.png").write_bytes(png(640, 360))
    form.picture.place.value = "small.png"
    form.picture.settle()
    assert form.picture.box.children == parts
    assert all(part.layout.display is None for part in parts if part is not form.picture._trouble)
    assert "640 × 360 px · 1 KB" in form.picture._shown.value
    assert "0.0 MB" not in text_of(form)
    assert "follows the picture, 16:9; this is ignored" in form._effect.value
    assert [size_words(size) for size in (200, 64_000, 99_999, 100_000, 11_400_000)] == [
        "1 KB", "64 KB", "100 KB", "0.1 MB", "11.4 MB"
    ]  # fmt: skip


def test_what_was_typed_comes_back_after_other_settings_were_used(form):
    """However many were looked at; a form that nobody wrote in offers nothing, and what is wrong comes back too."""
    form.take_over({"prompt": "a cat", "duration": 9}, "Its settings are in the form.")
    assert "Its settings are in the form." in form._note.value
    assert form._undo.layout.display == "none"
    prompt_of(form).value = "half a tho"
    assert form._note.value == "", "words about the form as it was go when it is another one"
    form.fields["seed"].control.value = "abc"
    for prompt in ("a dog", "a cow"):
        form.take_over({"prompt": prompt, "foo": 1}, "Its settings are in the form.")
        assert "Its settings are in the form. Not taken over: foo=1" in form._note.value
    assert form.values() == {"prompt": "a cow", **ALWAYS}
    assert form._undo.layout.display is None
    form._undo.click()
    assert form.values() == {"prompt": "half a tho", **ALWAYS, "duration": 9, "seed": "abc"}
    assert form._undo.layout.display == "none"


def test_bringing_back_keeps_what_was_typed_since(form):
    prompt_of(form).value = "the first text"
    form.take_over({"prompt": "a cat"}, "Its settings are in the form.")
    prompt_of(form).value = "the second text"
    form._undo.click()
    assert form.values()["prompt"] == "the first text"
    form._undo.click()
    assert form.values()["prompt"] == "the second text"


def test_what_runs_is_said_beside_the_button(form):
    """On a narrow page the queue is below the form; its line is kept free, and a reason not to send goes first."""
    form.show_running(2)
    assert "Write a prompt first." in form._reason.value
    prompt_of(form).value = "a cat"
    assert "2 running · see the queue" in form._reason.value
    form.show_running(0)
    assert "running" not in form._reason.value


def test_a_slow_look_at_an_earlier_picture_does_not_replace_a_later_one(form, tmp_path, monkeypatch):
    from pixverse_nb.panel import pictures_field

    (tmp_path / "slow.png").write_bytes(png(100, 100))
    (tmp_path / "fast.png").write_bytes(png(300, 100))
    gate, real = threading.Event(), pictures_field._loaded

    def loaded(source):
        if source == "slow.png":
            assert gate.wait(10)
        return real(source)

    monkeypatch.setattr(pictures_field, "_loaded", loaded)
    prompt_of(form).value = "it moves"
    form.picture.place.value = "slow.png"
    slow = form.picture._looking
    assert form.button.disabled
    assert form.reason == "Looking at the picture …"
    form.picture.place.value = "fast.png"
    form.picture.settle()
    gate.set()
    slow.join(10)
    assert form.values()["image"] == "fast.png"
    assert "300 × 100 px" in text_of(form)
    assert not form.button.disabled


# ---- loading ---------------------------------------------------------------------------------------------------


def test_what_the_schema_does_not_know_is_said_and_not_dropped_in_silence(form):
    form.load({"prompt": "a cat, golden hour", "foo": 3, "quality": "2160p", "take": 4, "extra": {"style": "anime"}})
    assert "foo=3: no such parameter" in text_of(form)
    assert "quality=&#x27;2160p&#x27;" in text_of(form)
    assert form.chips.chips["golden hour"].value
    assert form.values() == {"prompt": "a cat, golden hour", **ALWAYS, "extra": {"style": "anime"}}
    assert "style=&#x27;anime&#x27;" in text_of(form)
    form._drop_extra.click()
    assert form.values() == {"prompt": "a cat, golden hour", **ALWAYS}
    form.load({"prompt": "a dog"})
    assert "no such parameter" not in text_of(form)
    assert not form.chips.chips["golden hour"].value


def test_what_was_set_is_kept_to_the_letter(form):
    exact = {"prompt": " a\r\n", "negative_prompt": "", "guidance_scale": 7.0, "seed": -1, "aspect_ratio": "16:9"}
    form.load(exact)
    assert form.values() == {**ALWAYS, **exact}
    form.fields["negative_prompt"].control.value = "x"
    form.fields["negative_prompt"].control.value = ""
    form.fields["guidance_scale"].control.value = ""
    form.fields["seed"].control.value = ""
    assert set(form.values()) == {"prompt", "negative_prompt", "aspect_ratio", *ALWAYS}


def test_loading_sets_every_field_and_empties_the_others(form):
    form.load({"prompt": "a", "seed": 3, "duration": 9, "image_url": "https://x.y/z.png", "takes": 4})
    assert form.picture.place.value == "https://x.y/z.png"
    form.load({"prompt": "b"})
    assert form.values() == {"prompt": "b", **ALWAYS}
    assert form.fields["seed"].control.value == ""


def test_what_was_typed_comes_back_even_when_it_is_wrong(rig, form, sent):
    prompt_of(form).value = ""
    form.fields["seed"].control.value = "abc"
    form.fields["duration"].control.value = "16"
    form.picture.place.value = "gone.png"
    again = Compose(rig.studio(), sent.append)
    again.load(form.values())
    again.picture.settle()
    assert again.values() == form.values() == {
        "prompt": "", "image": "gone.png", "duration": 16, "quality": "540p", "seed": "abc", "takes": 1,
    }  # fmt: skip
    assert again.button.disabled


def test_every_rule_of_the_look_stays_inside_the_panel():
    rules = re.sub(r"@supports[^{]*{|}\s*}", "", CSS.replace("}\n}", "}"))
    selectors = [one.strip() for rule in re.findall(r"([^{}]+){", rules) for one in re.split(r",\s*(?![^(]*\))", rule)]
    assert len(selectors) > 60
    assert [one for one in selectors if not one.startswith(".pixverse-panel ")] == []
    assert CSS.count("label:nth-of-type(") == len(PARAMETERS["aspect_ratio"].choices)


def test_hostile_text_runs_nowhere(form):
    form.load({"prompt": EVIL, "negative_prompt": EVIL, "seed": EVIL, EVIL: EVIL, "image": EVIL, "extra": {EVIL: EVIL}})
    form.picture.settle()
    form.as_code.button.click()
    form.settle()
    assert "img src=x" in text_of(form)
    assert "<img src=x" not in text_of(form)
    assert "<script" not in text_of(form)


VALUES = {
    "string": lambda p: st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=int(p.low or 0), max_size=40
    ).filter(lambda text: bool(text.strip()) or not p.low),
    "url": lambda _: st.sampled_from(["https://example.org/a.png", "https://ü.example/ä?b=c&d='e'"]),
    "choice": lambda p: st.sampled_from(p.choices),
    "integer": lambda p: st.integers(int(p.low), int(p.high)),
    "number": lambda p: st.floats(p.low, p.high),
    "boolean": lambda _: st.booleans(),
}
REQUESTS = st.fixed_dictionaries(
    {"prompt": VALUES["string"](PARAMETERS["prompt"])},
    optional={
        **{name: VALUES[p.kind](p) for name, p in PARAMETERS.items() if name != "prompt"},
        "extra": st.dictionaries(st.sampled_from(["style", "x y"]), st.integers() | st.text(max_size=5), max_size=2),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_is_loaded_comes_out_as_the_same_request(form, data):
    values = data.draw(REQUESTS)
    form.load(values)
    assert form.reason is None
    out = form.values()
    assert out.pop("takes") == 1
    assert _identity(out) == _identity(values)
    assert set(out) - {"duration", "quality"} <= {name for name, value in values.items() if value != {}}


def _identity(values):
    given = dict(values)
    return make_wish(given.pop("prompt"), extra=given.pop("extra", None), parameters=given).request.identity


# ---- threads ---------------------------------------------------------------------------------------------------


def test_handlers_on_several_threads_leave_a_consistent_form(form, tmp_path):
    """On some kernels handlers run beside each other, and jobs end at any moment."""
    (tmp_path / "p.png").write_bytes(png())
    errors = []

    def work(act):
        try:
            for number in range(40):
                act(number)
        except Exception as error:  # noqa: BLE001  it is looked at below
            errors.append(error)

    acts = [
        lambda n: setattr(prompt_of(form), "value", f"a cat {n}"),
        lambda n: setattr(form.fields["duration"].control, "value", str(1 + n % 15)),
        lambda _: form.refresh_price(),
        lambda n: form.picture.load("p.png" if n % 2 else None),
    ]
    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    form.picture.settle()
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)
    assert form.values() == {**ALWAYS, "prompt": "a cat 39", "image": "p.png", "duration": 10}
    assert form.button.description == "Generate · $0.56"
