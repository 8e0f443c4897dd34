"""What was delivered, held against what was asked for: in words, on the row, and never in the way of a clip."""

import shutil
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest
from clips import make_clip
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scenes import film
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb import delivered, inspections
from pixverse_nb.delivered import LONG_SIDES, PIXELS_OFF, mismatches
from pixverse_nb.display.card import FLAG
from pixverse_nb.display.shelf import card_of
from pixverse_nb.media.inspect import Inspection
from pixverse_nb.media.probe import Facts
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.player.sheet import data_of
from pixverse_nb.request import Request
from pixverse_nb.store.database import FILE
from pixverse_nb.store.words import CLIP_COLUMNS

QUIET = Inspection([], [], -23.0)


def request(**given):
    return Request.of({"prompt": "a cat", **given})


def facts(**changes):
    usual = {"width": 1024, "height": 576, "duration_s": 5.0, "fps": 24.0, "has_audio": True, "size_bytes": 1}
    return Facts(**{**usual, **changes})


def told(found):
    assert len(found) == 1, found
    return found[0]


# ---- the rule ----------------------------------------------------------------------------------------------------


def test_what_came_as_it_was_asked_for_has_nothing_to_tell():
    assert mismatches(request(), facts(), QUIET) == []
    assert mismatches(request(), facts()) == []


@pytest.mark.parametrize(("seconds", "as_asked"), [(5.0, True), (5.04, True), (4.9, True), (5.11, False), (4.2, False)])
def test_a_duration_may_be_two_frames_or_a_tenth_of_a_second_off(seconds, as_asked):
    found = mismatches(request(), facts(duration_s=seconds))
    assert (found == []) == as_asked
    assert as_asked or told(found) == f"lasts {seconds:.3g} s, 5 s were asked for"


def test_a_size_is_only_expected_and_a_shape_was_asked_for():
    found = mismatches(request(quality="720p", aspect_ratio="9:16"), facts())
    assert found[0] == "is 1024×576 px, a long side of 1280 px was expected of 720p"
    assert found[1] == "has the shape 16:9, 9:16 was asked for"
    assert told(mismatches(request(), facts(width=1024, height=1024))) == "has the shape 1:1, 16:9 is the default"


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(LONG_SIDES)),
    st.sampled_from(PARAMETERS["aspect_ratio"].choices),
    st.sampled_from([2, 8, 16]),
)
def test_every_quality_in_every_shape_is_as_asked_however_an_encoder_rounds(quality, ratio, multiple):
    across, down = (int(part) for part in ratio.split(":"))
    long = LONG_SIDES[quality]
    sides = [long * min(across / down, 1), long * min(down / across, 1)]
    width, height = (max(multiple * round(side / multiple), multiple) for side in sides)
    asked = request(quality=quality, aspect_ratio=ratio)
    assert mismatches(asked, facts(width=width, height=height), QUIET) == []


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PARAMETERS["aspect_ratio"].choices), st.sampled_from(PARAMETERS["aspect_ratio"].choices))
def test_another_shape_is_always_told(asked, came):
    across, down = (int(part) for part in came.split(":"))
    width, height = round(1024 * min(across / down, 1)), round(1024 * min(down / across, 1))
    found = mismatches(request(aspect_ratio=asked), facts(width=width, height=height))
    assert (found == []) == (asked == came)
    assert asked == came or told(found) == f"has the shape {came}, {asked} was asked for"


def test_a_clip_from_a_picture_is_held_against_the_pictures_own_shape():
    asked = Request.of({"prompt": "a cat", "aspect_ratio": "16:9"}, image_sha256="0" * 64)
    square = facts(width=1024, height=1024)
    assert mismatches(asked, square, image_size=(800, 800)) == []
    assert told(mismatches(asked, facts(), image_size=(800, 800))) == (
        "has the shape 16:9, the picture's own, 1:1, was expected"
    )
    assert mismatches(asked, square) == []  # the picture is not here: nobody knows its shape
    assert mismatches(request(image_url="https://a.example/cat.png"), square) == []


def test_width_and_height_take_the_place_of_the_qualitys_size():
    asked = request(width=512, height=512)
    assert mismatches(asked, facts(width=512, height=512)) == []
    assert "width=512 and height=512 px was expected" in told(mismatches(asked, facts()))


def test_an_odd_frame_rate_is_told_and_an_unknown_one_is_not():
    assert "7.5 frames a second" in told(mismatches(request(), facts(fps=7.5)))
    assert "120 frames a second" in told(mismatches(request(), facts(fps=120.0)))
    assert mismatches(request(), facts(fps=0.0)) == []


@pytest.mark.parametrize(
    ("wanted", "has_audio", "lufs", "expected"),
    [
        (None, True, -20.0, None),
        (True, False, None, "has no sound, though sound was asked for"),
        (None, False, None, "has no sound, though sound is on by default"),
        (True, True, -70.0, "its sound track is silent, though sound was asked for"),
        (False, False, None, None),
        (False, True, -20.0, "has sound, none was asked for"),
        (False, True, -70.0, None),
    ],
)
def test_sound_is_as_asked_for_or_told(wanted, has_audio, lufs, expected):
    asked = request() if wanted is None else request(generate_audio_switch=wanted)
    found = mismatches(asked, facts(has_audio=has_audio), Inspection([], [], lufs))
    assert found == ([] if expected is None else [expected])


def test_black_and_frozen_stretches_are_told_with_their_places():
    seen = Inspection([(0.0, 1.0)], [(1.5, 3.0), (3.2, 4.4)], -20.0)
    assert mismatches(request(), facts(), seen) == [
        "black for 1.0 s from 0.0 s",
        "the picture stands still for 1.5 s from 1.5 s, 1.2 s from 3.2 s",
    ]
    many = Inspection([(n, n + 0.6) for n in range(5)], [], None)
    assert mismatches(request(), facts(), many)[0].endswith("0.6 s from 2.0 s and 2 more")


def test_what_nobody_knows_was_asked_for_is_not_held_against_the_clip():
    found = mismatches(request(), facts(duration_s=9.0, width=640, height=360), unknown=("duration", "quality"))
    assert found == []


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0.01, 1e4), st.integers(1, 9000), st.integers(1, 9000), st.floats(0, 1000), st.booleans(),
    st.one_of(st.none(), st.tuples(st.integers(1, 9000), st.integers(1, 9000))),
    st.dictionaries(st.sampled_from(["width", "height"]), st.integers(256, 1024)),
)  # fmt: skip
def test_whatever_was_delivered_there_are_words_for_it(seconds, width, height, fps, sound, image, sides):
    asked = Request.of({"prompt": "a cat", **sides}, image_sha256="0" * 64 if image else None)
    measured = facts(duration_s=seconds, width=width, height=height, fps=fps, has_audio=sound)
    for words in mismatches(asked, measured, QUIET, image_size=image):
        assert words == words.strip()
        assert ";" not in words  # several are joined by it
        assert "nan" not in words
    if not sides and image is None and abs(max(width, height) - 1024) > PIXELS_OFF:
        assert any("expected of 540p" in words for words in mismatches(asked, measured))


# ---- on a row ----------------------------------------------------------------------------------------------------


@pytest.fixture
def rig(tmp_path, monkeypatch):
    """Clips are looked at when a test says so."""
    monkeypatch.setattr(inspections, "_AFTER_S", 3600.0)
    with rigged(tmp_path / "home") as made:
        yield made


def painted(tmp_path, **how):
    """A server whose every clip is this film, two tenths longer for each further one."""
    clip = film(tmp_path / "film.mp4", **how)
    return lambda _, path: shutil.copy(clip, path)


BLACK = {"parts": [("black", 0.7), ("moves", 0.3)], "size": (640, 360), "amplitude": 0}
ASKED = {"duration": 1, "quality": "360p"}


def test_a_clip_is_given_first_and_looked_at_afterwards(rig, tmp_path, monkeypatch):
    started, going_on = threading.Event(), threading.Event()
    real = inspections.columns_inspected

    def slow(row, clips):
        started.set()
        assert going_on.wait(20)
        return real(row, clips)

    monkeypatch.setattr(inspections, "columns_inspected", slow)
    monkeypatch.setattr(inspections, "_AFTER_S", 0.0)
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    looked = _signal(studio, monkeypatch)
    generation = studio.submit("a cat", **ASKED).wait(20)
    assert started.wait(20)
    row = studio._store.row(generation.id)
    assert row["status"] == "completed"  # while somebody still looks
    assert (row["inspected_at"], row["video_black_s"], row["mismatch"]) == (None, None, None)
    going_on.set()
    assert looked.wait(20)
    row = studio._store.row(generation.id)
    assert row["video_black_s"] == pytest.approx(0.7, abs=0.1)
    assert row["video_loudness_lufs"] == -70.0
    assert row["mismatch"] == "its sound track is silent, though sound is on by default; black for 0.7 s from 0.0 s"
    assert generation.video.mismatch == row["mismatch"]  # the handle learns it, too


def _signal(studio, monkeypatch):
    looked = threading.Event()
    tell = studio._inspections._tell
    monkeypatch.setattr(studio._inspections, "_tell", lambda row: (tell(row), looked.set()))
    return looked


def test_what_needs_no_look_is_known_with_the_clip(rig, tmp_path):
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    generation = studio.submit("a cat", duration=5, quality="360p").wait(20)
    row = studio._store.row(generation.id)
    assert row["inspected_at"] is None
    assert row["mismatch"] == "lasts 1 s, 5 s were asked for"


def test_inspect_takes_up_what_nobody_looked_at_and_copies_learn_it(rig, tmp_path):
    """A kernel that ended before the look loses nothing; a copy made before it learns what was found."""
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    first = studio.submit("a cat", **ASKED).wait(20)
    copy = studio.submit("a cat", **ASKED).wait(20)
    other = rig.studio()
    looked = other.inspect()
    assert set(looked.index) == {first.id, copy.id}
    rows = [studio._store.row(one.id) for one in (first, copy)]
    for row in rows:
        assert row["video_black_s"] == pytest.approx(0.7, abs=0.1)
        assert "black for" in row["mismatch"]
    assert len(other.inspect()) == 0  # everything was looked at
    later = studio.submit("a cat", **ASKED).wait(20)
    assert {name: studio._store.row(later.id)[name] for name in CLIP_COLUMNS} == {
        name: rows[0][name] for name in CLIP_COLUMNS
    }
    table = studio.history(id=later.id)
    assert table["mismatch"].iloc[0] == rows[0]["mismatch"]
    assert table["video_loudness_lufs"].dtype == "Float64"


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_home_that_is_deleted_is_not_made_anew_for_a_look(rig, monkeypatch, when):
    """A temporary home, removed in the last cell: nothing is left of it."""
    monkeypatch.setattr(inspections, "_AFTER_S", 3600.0)
    real = inspections.columns_inspected

    def slow(row, clips):
        found = real(row, clips)
        shutil.rmtree(rig.home)
        return found

    studio = rig.studio()
    made = studio.generate("a cat", duration=1, quality="360p")
    if when == "before":
        shutil.rmtree(rig.home)
    else:
        monkeypatch.setattr(inspections, "columns_inspected", slow)
    studio._inspections._quietly(made.id)
    assert not rig.home.exists()


def test_a_clip_that_cannot_be_looked_at_says_so_and_is_given_all_the_same(rig, tmp_path, monkeypatch):
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    generation = studio.submit("a cat", **ASKED).wait(20)

    def fails(path):
        raise MemoryError(path)

    monkeypatch.setattr("pixverse_nb.media.inspect.inspect", fails)
    table = studio.inspect(generation)
    assert table["mismatch"].iloc[0] == ("could not be looked at for black, frozen or silent stretches (MemoryError)")
    assert table["video_black_s"].isna().all()
    assert generation.video.path.is_file()
    assert len(studio.inspect()) == 0  # it is not tried for ever


def test_a_clip_whose_file_is_gone_is_left_for_later(rig, tmp_path):
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    generation = studio.submit("a cat", **ASKED).wait(20)
    aside = generation.video.path.with_suffix(".aside")
    generation.video.path.rename(aside)
    assert studio.inspect()["mismatch"].isna().all()
    aside.rename(generation.video.path)
    assert "black" in studio.inspect()["mismatch"].iloc[0]


def test_a_rule_that_breaks_does_not_cost_a_clip(rig, monkeypatch):
    monkeypatch.setattr(delivered, "mismatches", lambda *_, **__: 1 / 0)
    generation = rig.studio().submit("a cat", duration=5).wait(20)
    assert generation.status == "completed"
    assert generation.video.mismatch is None


def test_a_clip_from_a_picture_is_held_against_it_at_once(rig):
    studio = rig.studio()
    picture = Image.fromarray(np.full((200, 200, 3), 90, np.uint8))
    generation = studio.submit("a cat", image=picture, duration=5).wait(20)
    assert "the picture's own, 1:1, was expected" in generation.video.mismatch  # the rig's clip is 96x64


def test_a_clip_fetched_again_keeps_what_was_found(rig, tmp_path):
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    generation = studio.submit("a cat", **ASKED).wait(20)
    studio.inspect()
    before = studio._store.row(generation.id)
    generation.video.path.unlink()
    again = studio.submit("a cat", **ASKED).wait(20)
    assert again.id == generation.id
    after = studio._store.row(generation.id)
    assert after["inspected_at"] == before["inspected_at"] is not None
    assert after["mismatch"] == before["mismatch"]


def test_an_older_history_gets_the_columns_and_pretends_nothing(rig):
    studio = rig.studio()
    generation = studio.submit("a cat", duration=5).wait(20)
    studio._store.close()
    names = ("inspected_at", "video_black_s", "video_frozen_s", "video_loudness_lufs", "mismatch")
    with closing(sqlite3.connect(rig.home / FILE)) as connection:
        for name in names:
            connection.execute(f"ALTER TABLE generations DROP COLUMN {name}")
        connection.commit()
    newer = rig.studio()
    row = newer._store.row(generation.id)
    assert [row[name] for name in names] == [None] * 5
    assert "lasts 0.5 s" in newer.inspect()["mismatch"].iloc[0]


# ---- on the screen -----------------------------------------------------------------------------------------------


def test_the_flag_is_on_every_card_in_words(rig, tmp_path):
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    one, other = (studio.submit(prompt, **ASKED).wait(20) for prompt in ("a cat", "a dog"))
    plain = one._repr_mimebundle_()
    assert FLAG not in plain["text/html"]
    studio.inspect()
    words = "black for 0.7 s from 0.0 s"
    for bundle in (one._repr_mimebundle_(), one.video._repr_mimebundle_()):
        assert FLAG in bundle["text/html"]
        assert words in bundle["text/html"]
        assert f"{FLAG} " in bundle["text/plain"]
    row = studio._store.row(one.id)
    card = card_of(row, gone=None, finalise=None)
    assert words in card["flag"]
    assert ["Loudness", "silence"] in card["details"]
    # In the player under each clip, though both have the same: it is no difference, and still not as asked for.
    data = data_of([row, studio._store.row(other.id)], still=lambda _: None)
    assert [words in clip["flag"] for clip in data["clips"]] == [True, True]
    html = studio.compare(one, other)._repr_mimebundle_()["text/html"]
    assert html.count(words) == 2
    assert words in studio.history()._repr_html_()


def test_opening_clips_in_the_player_looks_at_them(rig, tmp_path, monkeypatch):
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    player = studio.compare(*(studio.submit(prompt, **ASKED).wait(20) for prompt in ("a cat", "a dog")))
    said = []
    monkeypatch.setattr(player, "_say", lambda what, *_, **content: said.append((what, content)))
    player._heard(None, {"ask": "data"}, None)
    assert player.settle()
    flags = [content["text"] for what, content in said if what == "flag"]
    assert len(flags) == 2
    assert all("black for" in text for text in flags)
    assert studio.history()["video_black_s"].notna().all()
    player.close()


def test_a_live_card_shows_what_was_found_after_it_had_ended(rig, tmp_path):
    """The last picture of a card is not the last word: a flag may come."""
    studio = rig.studio(rig.server(render=painted(tmp_path, **BLACK)))
    generation = studio.submit("a cat", **ASKED).wait(20)
    updates = []

    class Live:
        def refresh(self):
            updates.append(generation._bundle(None)["text/plain"])
            return True

    generation._lives.append(Live())
    generation._refresh()
    assert len(generation._lives) == 1  # it may have to change once more
    studio.inspect()
    assert FLAG in updates[-1]
    assert generation._lives == []


def test_inspect_takes_what_compare_takes(rig):
    studio = rig.studio()
    one, other = (studio.submit(prompt, duration=5).wait(20) for prompt in ("a cat", "a dog"))
    assert list(studio.inspect(one.id).index) == [one.id]
    assert set(studio.inspect([one, other.id]).index) == {one.id, other.id}
    with pytest.raises(pv.NotFound):
        studio.inspect("0123456789abcdef")
    with pytest.raises(pv.InvalidParameter):
        studio.inspect(5)


def test_a_clip_of_one_frame_is_no_trouble(rig, tmp_path):
    clip = make_clip(tmp_path / "one.mp4", frames=1)
    studio = rig.studio(rig.server(render=lambda _, path: shutil.copy(clip, path)))
    generation = studio.submit("a cat", duration=5).wait(20)
    assert "lasts 0.0417 s" in studio.inspect(generation)["mismatch"].iloc[0]
