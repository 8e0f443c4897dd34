"""What is in a clip, whether it is whole, and the stills that are made of it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import av
import numpy as np
import pytest
from clips import grey_of, make_clip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pixverse_nb.errors import ClipError
from pixverse_nb.media import frames
from pixverse_nb.media.boxes import check_whole
from pixverse_nb.media.frames import last_frame, poster
from pixverse_nb.media.probe import probe


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "front.mp4", frames=48)


@pytest.fixture(scope="module")
def late(tmp_path_factory) -> Path:
    """The index at the end, as plain writers leave it."""
    return make_clip(tmp_path_factory.mktemp("clips") / "late.mp4", faststart=False)


def middle_grey(image: Image.Image) -> int:
    return int(np.asarray(image.convert("L"))[image.height // 2, image.width // 2])


# --- probe


def test_facts_are_the_file_s(clip):
    facts = probe(clip)
    assert (facts.width, facts.height, facts.fps, facts.has_audio) == (96, 64, 24.0, True)
    assert facts.duration_s == pytest.approx(2.0)
    assert facts.size_bytes == clip.stat().st_size


@pytest.mark.parametrize(
    ("options", "size", "audio"),
    [
        ({"audio": False}, (96, 64), False),
        ({"rotation": 90}, (64, 96), True),
        ({"rotation": -90}, (64, 96), True),
        ({"rotation": 180}, (96, 64), True),
        ({"frames": 1}, (96, 64), True),
        ({"b_frames": 3, "gop": 12}, (96, 64), True),
        ({"container": "mov", "audio": False}, (96, 64), False),
        ({"container": "webm", "codec": "libvpx-vp9", "frames": 6}, (96, 64), True),
    ],
)
def test_other_containers_rotations_and_streams(tmp_path, options, size, audio):
    facts = probe(make_clip(tmp_path / "clip", **options))
    assert (facts.width, facts.height) == size
    assert facts.has_audio is audio
    assert facts.fps == pytest.approx(24)
    assert facts.duration_s == pytest.approx(options.get("frames", 24) / 24, abs=0.2)


@pytest.mark.parametrize("which", ["clip", "late"])
def test_every_cut_is_found_without_decoding_it_all(which, request, tmp_path):
    data = request.getfixturevalue(which).read_bytes()
    path = tmp_path / "cut.mp4"
    sizes = sorted({1, 7, 8, 15, 40, *range(100, len(data), 331), len(data) - 9, len(data) - 1})
    for size in sizes:
        path.write_bytes(data[:size])
        with pytest.raises(ClipError) as caught:
            probe(path)
        assert "studio.resume()" in str(caught.value)
    path.write_bytes(data)
    probe(path)


def open_ended(data: bytes) -> bytes:
    """The same file, its media box declared to reach "to the end of the file"."""
    at = data.index(b"mdat") - 4
    assert int.from_bytes(data[at : at + 4], "big") == len(data) - at, "the media must come last"
    return data[:at] + bytes(4) + data[at + 4 :]


def test_a_media_box_without_a_size_is_checked_by_its_samples(clip, tmp_path):
    data = open_ended(clip.read_bytes())
    path = tmp_path / "open.mp4"
    path.write_bytes(data)
    assert check_whole(path) is False
    assert probe(path).duration_s == pytest.approx(2.0)
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ClipError, match=r"cut short: \d+ frames are missing"):
        probe(path)


def test_a_media_box_with_a_64_bit_size(late, tmp_path):
    data = late.read_bytes()
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    assert data[at - 4 : at] == b"free"  # FFmpeg leaves just the room that the longer head needs
    wide = data[: at - 8] + (1).to_bytes(4, "big") + b"mdat" + (size + 8).to_bytes(8, "big") + data[at + 8 :]
    path = tmp_path / "wide.mp4"
    path.write_bytes(wide)
    assert check_whole(path) is True
    assert probe(path).width == 96
    path.write_bytes(data[: at - 8] + (1).to_bytes(4, "big") + b"mdat" + (1 << 62).to_bytes(8, "big") + data[at + 8 :])
    with pytest.raises(ClipError, match="cut short"):
        probe(path)


@pytest.mark.parametrize("tail", [b"\0", bytes(8), bytes(1000), b"\0\0\0\x08free", b"\xff" * 64])
def test_padding_behind_the_last_box_is_no_cut(clip, tmp_path, tail):
    path = tmp_path / "padded.mp4"
    path.write_bytes(clip.read_bytes() + tail)
    assert probe(path).duration_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    "data",
    [
        b"<html>sign in to the hotel's network</html>",
        b'{"status": "FAILED"}',
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08mdat" + b"\0\0\0\x08moov",
        b"\x1aE\xdf\xa3" + bytes(200),
        b"\0\0\0\x18ftyp",
        bytes(5000),
        os.urandom(5000),
    ],
)
def test_what_is_not_a_video_is_refused_and_no_playlist_is_followed(tmp_path, data):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    for look in (probe, poster, last_frame):
        with pytest.raises(ClipError):
            look(path)


def test_missing_empty_folder_and_soundtrack_only(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    for path, says in [
        (tmp_path / "none.mp4", "not there any more"),
        (tmp_path / "empty.mp4", "is empty"),
        (tmp_path, "cannot be read"),
    ]:
        with pytest.raises(ClipError, match=says):
            probe(path)
    make_clip(tmp_path / "sound.mp4", frames=0)
    with pytest.raises(ClipError):
        probe(tmp_path / "sound.mp4")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), min_size=1, max_size=30))
def test_damage_is_found_or_harmless_but_never_a_crash(clip, tmp_path, changes):
    data = bytearray(clip.read_bytes())
    for at, value in changes:
        data[at % len(data)] = value
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    for look in (probe, poster, last_frame):
        try:
            look(path)
        except ClipError:
            continue


def test_a_codec_that_nobody_knows_is_refused(clip, tmp_path):
    data = clip.read_bytes()
    at = data.index(b"avc1", data.index(b"stsd"))
    path = tmp_path / "unknown.mp4"
    path.write_bytes(data[:at] + b"zzzz" + data[at + 4 :])
    for look in (probe, poster, last_frame):
        with pytest.raises(ClipError, match="does not play"):
            look(path)


def test_metadata_in_an_old_encoding_is_no_fault(clip, tmp_path):
    data = clip.read_bytes()
    at = data.index(b"Lavf")
    path = tmp_path / "latin.mp4"
    path.write_bytes(data[:at] + b"\x80\xe9" + data[at + 2 :])
    assert probe(path).width == 96


def test_a_damaged_first_frame_is_found(tmp_path):
    path = make_clip(tmp_path / "noisy.mp4", noise=90, audio=False)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : start + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(ClipError, match="does not play"):
        probe(path)


# --- stills


@pytest.mark.parametrize("gop", [1, 5, 12, 250])
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("frames", [1, 2, 11, 37])
def test_the_last_frame_is_exactly_the_last(tmp_path, gop, b_frames, frames):
    path = make_clip(tmp_path / "clip.mp4", gop=gop, b_frames=b_frames, frames=frames)
    image = last_frame(path)
    assert (image.mode, image.size) == ("RGB", (96, 64))
    assert abs(middle_grey(image) - grey_of(frames - 1)) <= 3
    assert image.getpixel((3, 3)) >= (240, 240, 240)


def test_the_last_frame_of_a_webm_whose_track_has_no_length(tmp_path):
    path = make_clip(tmp_path / "clip.webm", container="webm", codec="libvpx-vp9", frames=10)
    assert abs(middle_grey(last_frame(path)) - grey_of(9)) <= 3


def test_a_clip_whose_end_is_broken_has_no_last_frame(tmp_path):
    """What goes on from an earlier one would be paid for, and not what was asked for."""
    path = make_clip(tmp_path / "clip.mp4", gop=1, noise=60, audio=False, frames=20)
    data = bytearray(path.read_bytes())
    data[-len(data) // 4 :] = bytes(len(data[-len(data) // 4 :]))
    path.write_bytes(data)
    with pytest.raises(ClipError, match=r"clip\.mp4 is damaged: its last 0\.\d s cannot be decoded"):
        last_frame(path)


@pytest.mark.parametrize(("rotation", "corner"), [(90, (3, -4)), (180, (-4, -4)), (-90, (-4, 3))])
def test_stills_are_turned_as_players_turn_them(tmp_path, rotation, corner):
    """The white corner is top left in the stream; the matrix turns counter-clockwise."""
    path = make_clip(tmp_path / "clip.mp4", rotation=rotation)
    for image in (last_frame(path), Image.open(io.BytesIO(poster(path)))):
        assert image.size == ((96, 64) if rotation == 180 else (64, 96))
        x, y = (c % s for c, s in zip(corner, image.size, strict=True))
        assert min(image.getpixel((x, y))) > 230
        assert middle_grey(image) < 230


@pytest.mark.parametrize("at", [0.0, 0.1, 0.4, 0.77, 1.0, -3.0, 7.0])
@pytest.mark.parametrize("options", [{}, {"gop": 7}, {"b_frames": 3}])
def test_a_poster_shows_the_asked_moment(tmp_path, at, options):
    path = make_clip(tmp_path / "clip.mp4", frames=16, fps=8, **options)
    image = Image.open(io.BytesIO(poster(path, at=at)))
    index = min(15, int(min(max(at, 0), 1) * 16))
    assert image.format == "JPEG"
    assert abs(middle_grey(image) - grey_of(index)) <= 3


@pytest.mark.parametrize(("width", "size"), [(48, (48, 32)), (640, (96, 64)), (1, (1, 1)), (-5, (1, 1))])
def test_a_poster_has_the_asked_width_and_is_never_enlarged(clip, width, size):
    assert Image.open(io.BytesIO(poster(clip, width=width))).size == size


@pytest.mark.parametrize("dark", [0, 30, 60])
def test_a_poster_stands_on_few_frames_and_is_not_black(tmp_path, monkeypatch, dark):
    """A clip of 720p with no keyframe but the first: no more frames are decoded than time allows."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.options = {"preset": "ultrafast", "x264-params": "keyint=1000:scenecut=0", "bf": "0"}
        for number in range(100):
            grey = np.full((720, 1280, 3), 0 if number < dark else 60 + number, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        out.mux(video.encode())
    decoded = []
    real = frames._decodable
    monkeypatch.setattr(frames, "_decodable", lambda *a: (decoded.append(one.pts) or one for one in real(*a)))
    image = Image.open(io.BytesIO(poster(path, at=0.9)))
    assert len(decoded) == {0: 12, 30: 32, 60: 36}[dark]
    assert (middle_grey(image) > 60) == (dark < 36)


def test_hd_colours_are_read_as_browsers_read_them(tmp_path):
    """Untagged HD is BT.709: a green that was encoded so comes back as itself, and would not by BT.601."""
    import av

    path = tmp_path / "green.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "5"}
        green = np.zeros((720, 1280, 3), np.uint8)
        green[:] = (40, 180, 60)
        frame = av.VideoFrame.from_ndarray(green, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.colorspace, frame.pts = 2, 0
        out.mux(video.encode(frame))
        out.mux(video.encode())
    seen = np.asarray(last_frame(path))[360, 640].astype(int)
    assert np.abs(seen - (40, 180, 60)).max() <= 4
