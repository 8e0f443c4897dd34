"""Saved clips that explain themselves: tags are added, and nothing else changes."""

import json
import shutil
import warnings

import av
import numpy as np
import pytest
from clips import make_clip
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import film
from studio_rig import KEY, rigged

import pixverse_nb as pv
from pixverse_nb.media import tags
from pixverse_nb.media.tags import NAME, NotTaggable, read, write
from pixverse_nb.provenance import story_of

HOSTILE = '<img src=x onerror=alert(1)> "q" \\ \x07 café 猫 🎬 \u202e end'
STORY = {"schema": 1, "prompt": HOSTILE, "numbers": [0.1, 1e-9, -3, True, None], "long": "x" * 5000}
WORDS = {"title": "a cat", "description": HOSTILE + "\nsecond line", "comment": "take 1"}

KINDS = {
    "plain": {},
    "b-frames": {"b_frames": 3, "gop": 12},
    "turned": {"rotation": 90},
    "index at the end": {"faststart": False},
    "no sound": {"audio": False},
    "one frame": {"frames": 1},
    "mpeg4": {"codec": "mpeg4"},
    "30 fps": {"fps": 30},
}


def packets(path):
    """Everything in a file's tracks: moments, flags and bytes of every packet."""
    with av.open(str(path)) as container:
        return [
            (
                p.stream.index, p.stream.type, p.pts * p.time_base if p.pts is not None else None,
                p.dts * p.time_base, p.is_keyframe, bytes(p),
            )
            for p in sorted((p for p in container.demux() if p.dts is not None), key=lambda p: p.stream.index)
        ]  # fmt: skip


def frames(path):
    """Every decoded picture and sample."""
    with av.open(str(path)) as container:
        pictures = [(f.pts * f.time_base, f.rotation, f.to_ndarray().tobytes()) for f in container.decode(video=0)]
    with av.open(str(path)) as container:
        heard = container.decode(audio=0) if container.streams.audio else ()
        sound = [(f.pts * f.time_base, f.to_ndarray().tobytes()) for f in heard]
    return pictures, sound


def metadata(path):
    with av.open(str(path)) as container:
        return dict(container.metadata)


def boxes(path):
    """The names of a file's outermost boxes, in order."""
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        found.append(data[place + 4 : place + 8].decode("latin-1"))
        place += size or len(data)
    return found


@pytest.mark.parametrize("how", KINDS.values(), ids=KINDS)
def test_pictures_and_sound_stay_as_they_are(tmp_path, how):
    source = make_clip(tmp_path / "a.mp4", **how)
    before = source.read_bytes()
    write(source, tmp_path / "b.mp4", story=STORY, **WORDS)
    assert source.read_bytes() == before
    assert packets(tmp_path / "b.mp4") == packets(source)
    assert frames(tmp_path / "b.mp4") == frames(source)
    found = boxes(tmp_path / "b.mp4")
    assert found.index("moov") < found.index("mdat")


def test_a_real_sound_stays_in_time(tmp_path):
    source = film(tmp_path / "a.mp4", [("moves", 2)], amplitude=0.3)
    write(source, tmp_path / "b.mp4", story=STORY, **WORDS)
    assert frames(tmp_path / "b.mp4") == frames(source)
    assert len(frames(source)[1]) > 50


def test_players_read_title_description_and_comment(tmp_path):
    write(make_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", story=STORY, **WORDS)
    told = metadata(tmp_path / "b.mp4")
    assert {name: told[name] for name in WORDS} == WORDS
    assert json.loads(told[NAME]) == STORY
    assert "lyrics" not in told  # what held its place is gone
    assert read(tmp_path / "b.mp4") == STORY


def test_a_clip_saved_twice_has_one_story(tmp_path):
    write(make_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", story={"schema": 1, "n": 1}, **WORDS)
    write(tmp_path / "b.mp4", tmp_path / "c.mp4", story={"schema": 1, "n": 2}, **WORDS)
    assert read(tmp_path / "c.mp4") == {"schema": 1, "n": 2}
    assert packets(tmp_path / "c.mp4") == packets(tmp_path / "a.mp4")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("small") / "a.mp4", frames=3, audio=False)


@settings(max_examples=40, deadline=None)
@given(story=st.dictionaries(texts, values, max_size=5), title=texts, description=texts)
def test_every_story_comes_back_as_it_was_told(small, story, title, description):
    target = small.with_name("b.mp4")
    write(small, target, story=story, title=title, description=description, comment="c")
    assert read(target) == story
    assert metadata(target).get("description", "") == description


def test_a_clip_without_a_story_tells_none(tmp_path):
    assert read(make_clip(tmp_path / "a.mp4")) is None


def _with_tag(path, text):
    """A clip with any bytes for its story."""
    source = make_clip(path.with_name("source.mp4"), frames=2, audio=False)
    item, stand_in = tags._item(text), tags._stand_in(len(tags._item(text)))
    tags._remux(source, path, {"title": "t", "lyrics": stand_in})
    tags._put(path, stand_in.encode(), item)
    return path


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -Infinity}', b"[" * 200_000,
        b'{"n": ' + b"9" * 9000 + b"}", b'"' + b"x" * (tags.MOST_BYTES + 10) + b'"',
    ],
)  # fmt: skip
def test_a_broken_story_is_a_value_error(tmp_path, text):
    with pytest.raises(ValueError):  # noqa: PT011
        read(_with_tag(tmp_path / "b.mp4", text))


@pytest.mark.parametrize("how", [{"codec": "libvpx-vp9", "container": "matroska"}])
def test_a_clip_that_cannot_be_copied_so_is_not_tagged(tmp_path, how):
    with pytest.raises(NotTaggable):
        write(make_clip(tmp_path / "a.mp4", **how), tmp_path / "b.mp4", story=STORY, **WORDS)


def test_what_would_not_be_the_same_is_not_given_out(tmp_path, monkeypatch):
    """The comparison is real: a copy that lost a packet is found."""
    source = make_clip(tmp_path / "a.mp4")
    real = tags._remux

    def loses(_, target, words):
        shorter = make_clip(tmp_path / "shorter.mp4", frames=23)
        real(shorter, target, words)

    monkeypatch.setattr(tags, "_remux", loses)
    with pytest.raises(NotTaggable, match=r"packets|shown"):
        write(source, tmp_path / "b.mp4", story=STORY, **WORDS)


# ---- saving ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        yield made


def test_save_tells_the_whole_story_and_no_secret(rig, tmp_path):
    studio = rig.studio()
    signed = "https://bucket.example/cat.png?X-Amz-Signature=5ec2e7#frag"
    extra = {"style": "anime", "mask": "https://u:pw@a.example/m.png?token=5ec2e7"}
    generation = studio.submit(HOSTILE, duration=5, seed=7, image_url=signed, extra=extra).wait(20)
    studio.annotate(generation.id, rating=4, decision="reject", reason="hands", tags="night", note="n", mark_in_s=0.1)
    clip = generation.video.path.read_bytes()
    place = generation.video.save(tmp_path / "out.mp4")
    assert generation.video.path.read_bytes() == clip
    assert packets(place) == packets(generation.video.path)
    story = read(place)
    row = studio._store.row(generation.id)
    assert story["schema"] == 1
    for name in ("id", "take", "request_id", "cost_micros", "cost_source", "latency_s", "created_at", "completed_at",
                 "rating", "decision", "reason", "tags", "note", "mark_in_s", "video_sha256", "service"):  # fmt: skip
        assert story[name] == row[name], name
    assert story["parameters"]["seed"] == 7
    assert story["parameters"]["image_url"] == "https://bucket.example/cat.png"
    assert story["extra"] == {"style": "anime", "mask": "https://a.example/m.png"}
    content = place.read_bytes()
    assert row["output_url"]
    for secret in (KEY, "5ec2e7", "u:pw", row["output_url"], str(studio.home), "output_url", "sent_image_url"):
        assert secret.encode() not in content, secret
    assert metadata(place)["description"] == generation.request.prompt
    assert generation.id in metadata(place)["comment"]


def test_save_without_tags_copies_byte_for_byte(rig, tmp_path):
    generation = rig.studio().submit("a cat", duration=5).wait(20)
    place = generation.video.save(tmp_path / "out.mp4", tags=False)
    assert place.read_bytes() == generation.video.path.read_bytes()
    assert read(place) is None


def test_an_odd_clip_is_copied_byte_for_byte_with_a_word(rig, tmp_path):
    odd = make_clip(tmp_path / "odd.mkv", codec="libvpx-vp9", container="matroska")
    studio = rig.studio(rig.server(render=lambda _, path: shutil.copy(odd, path)))
    generation = studio.submit("a cat", duration=5).wait(20)
    with pytest.warns(UserWarning, match="byte for byte, without tags"):
        place = generation.video.save(tmp_path / "out.mp4")
    assert place.read_bytes() == odd.read_bytes()


def test_saving_tells_what_was_said_since_the_handle_was_made(rig, tmp_path):
    studio = rig.studio()
    video = studio.submit("a cat", duration=5).wait(20).video
    studio.annotate(studio.history().index[0] if len(studio.history()) else video._id, note="later")
    assert read(video.save(tmp_path / "out.mp4"))["note"] == "later"


@pytest.mark.parametrize("tagged", [True, False])
def test_a_place_that_cannot_be_written_is_one_clear_error(rig, tmp_path, tagged):
    video = rig.studio().submit("a cat", duration=5).wait(20).video
    (tmp_path / "file").write_text("x")
    with pytest.raises(pv.ClipError, match="could not be saved"):
        video.save(tmp_path / "file" / "out.mp4", tags=tagged)
    video.save(tmp_path / "there.mp4", tags=tagged)
    assert not list(tmp_path.glob("*.partial"))


def test_a_full_disk_while_saving_leaves_nothing_half_written(rig, tmp_path, monkeypatch):
    video = rig.studio().submit("a cat", duration=5).wait(20).video

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tags, "_put", full)
    with pytest.raises(pv.ClipError, match="No space left"):
        video.save(tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_saving_warns_of_nothing(rig, tmp_path):
    video = rig.studio().submit("a cat", duration=5).wait(20).video
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        video.save(tmp_path / "out.mp4")


def test_a_story_is_json_whatever_the_row_holds(rig):
    studio = rig.studio()
    generation = studio.submit("a cat", duration=5, extra={"deep": [{"a": [1.5, None, "ü"]}]}).wait(20)
    story = story_of(studio._store.row(generation.id))
    assert json.loads(json.dumps(story, allow_nan=False)) == story
    assert not any(isinstance(value, np.generic) for value in story.values())
