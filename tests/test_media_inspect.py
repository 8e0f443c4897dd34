"""What is seen and heard in a clip: black, standing still, loud or silent; and odd clips."""

import tempfile
import tracemalloc
from pathlib import Path

import pytest
from clips import make_clip
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import film

from pixverse_nb.errors import ClipError
from pixverse_nb.media.inspect import (
    BLACK_S,
    FROZEN_S,
    SILENT_LUFS,
    _merged,
    _shared,
    _Stretches,
    _total,
    _without,
    inspect,
)

FRAME = 1 / 24


def near(stretches, *expected):
    assert len(stretches) == len(expected), stretches
    for (start, end), (begins, ends) in zip(stretches, expected, strict=True):
        assert start == pytest.approx(begins, abs=1.5 * FRAME)
        assert end == pytest.approx(ends, abs=1.5 * FRAME)


def test_a_clip_that_moves_has_nothing_to_be_told(tmp_path):
    seen = inspect(film(tmp_path / "c.mp4", [("moves", 3)], amplitude=0.2))
    assert (seen.black, seen.frozen, seen.black_s, seen.frozen_s) == ([], [], 0.0, 0.0)
    assert not seen.is_silent


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("black", 1), ("moves", 2)], [(0, 1)]),
        ([("moves", 1), ("black", 0.8), ("moves", 1.2)], [(1, 1.8)]),
        ([("moves", 2), ("black", 1)], [(2, 3)]),
        ([("black", 2)], [(0, 2)]),
        ([("black", 0.7), ("moves", 1), ("black", 0.9)], [(0, 0.7), (1.7, 2.6)]),
        ([("moves", 1), ("black", 0.4), ("moves", 1)], []),
    ],
)
def test_black_stretches_are_found_where_they_are(tmp_path, parts, expected):
    seen = inspect(film(tmp_path / "c.mp4", parts))
    near(seen.black, *expected)
    assert seen.black_s == pytest.approx(sum(b - a for a, b in expected), abs=3 * FRAME)
    assert seen.frozen == []  # what is black is not called frozen, too


@pytest.mark.parametrize("gop", [12, 24, 250])
@pytest.mark.parametrize("crf", [18, 26, 30])
def test_a_picture_that_stands_still_is_found_across_its_keyframes(tmp_path, gop, crf):
    parts = [("moves", 1), ("still", 2), ("moves", 1)]
    seen = inspect(film(tmp_path / "c.mp4", parts, gop=gop, crf=crf))
    assert len(seen.frozen) == 1
    start, end = seen.frozen[0]
    assert end == pytest.approx(3, abs=1.5 * FRAME)
    assert 1 - 1.5 * FRAME <= start <= 1.5  # an encoder may still refine the picture for some frames


def test_standing_still_to_the_end_is_found(tmp_path):
    seen = inspect(film(tmp_path / "c.mp4", [("moves", 1), ("still", 1.5)]))
    assert len(seen.frozen) == 1
    assert seen.frozen_s == pytest.approx(1.5, abs=0.35)
    assert seen.frozen[0][1] == pytest.approx(2.5, abs=1.5 * FRAME)


@pytest.mark.parametrize("parts", [[("crawls", 3)], [("moves", 1), ("still", 0.8), ("moves", 1)]])
def test_something_small_that_moves_and_a_short_pause_are_not_called_frozen(tmp_path, parts):
    assert inspect(film(tmp_path / "c.mp4", parts, crf=18)).frozen == []


def test_a_slow_slide_show_is_not_called_frozen(tmp_path):
    """Pictures that change twice a second, each of them still."""
    parts = [("moves", 1 / 24), ("still", 11 / 24)] * 6
    assert inspect(film(tmp_path / "c.mp4", parts, gop=250)).frozen == []


@pytest.mark.parametrize(("amplitude", "lufs"), [(1.0, -3.0), (0.1, -23.0), (0.01, -43.0)])
def test_loudness_is_that_of_the_norm(tmp_path, amplitude, lufs):
    """EBU R 128: a full-scale sine of 1 kHz on one channel is -3 LUFS, give or take what AAC loses."""
    seen = inspect(film(tmp_path / "c.mp4", [("moves", 2)], amplitude=amplitude))
    assert seen.loudness_lufs == pytest.approx(lufs, abs=1.0)


def test_silence_is_recognised_and_no_sound_track_is_not_silence(tmp_path):
    silent = inspect(film(tmp_path / "s.mp4", [("moves", 1)], amplitude=0))
    assert silent.is_silent
    assert silent.loudness_lufs == SILENT_LUFS
    mute = inspect(film(tmp_path / "m.mp4", [("moves", 1)]))
    assert (mute.loudness_lufs, mute.is_silent) == (None, False)


def test_a_sound_too_short_to_be_measured_is_not_called_silent(tmp_path):
    seen = inspect(film(tmp_path / "c.mp4", [("moves", 1)], amplitude=0.3, tone_s=0.1))
    assert (seen.loudness_lufs, seen.is_silent) == (None, False)


# ---- odd clips ---------------------------------------------------------------------------------------------------


def test_a_clip_of_one_frame_is_neither_frozen_nor_black(tmp_path):
    seen = inspect(make_clip(tmp_path / "c.mp4", frames=1, audio=False))
    assert (seen.black, seen.frozen, seen.loudness_lufs) == ([], [], None)


def test_a_frame_rate_that_varies_does_not_move_the_stretches(tmp_path):
    moments = [n / 24 for n in range(24)] + [1 + n / 12 for n in range(24)] + [3 + n / 24 for n in range(24)]
    parts = [("moves", 1), ("black", 1), ("moves", 1)]  # by number; by their moments the black lasts two seconds
    seen = inspect(film(tmp_path / "c.mp4", parts, moments=moments))
    assert len(seen.black) == 1
    assert seen.black[0] == pytest.approx((1, 3), abs=0.1)


@pytest.mark.parametrize(
    "how",
    [
        {"codec": "mpeg4"},
        {"codec": "libvpx-vp9", "container": "matroska"},
        {"rotation": 90},
        {"b_frames": 3},
        {"width": 2, "height": 2},
        {"width": 4, "height": 1600},
        {"faststart": False},
    ],
)
def test_unusual_clips_are_looked_at(tmp_path, how):
    seen = inspect(make_clip(tmp_path / "c.mp4", frames=30, **how))
    assert seen.black == []


@pytest.mark.parametrize("content", [b"", b"no clip", bytes(5000)])
def test_what_is_no_clip_is_a_clip_error(tmp_path, content):
    (tmp_path / "c.mp4").write_bytes(content)
    with pytest.raises(ClipError):
        inspect(tmp_path / "c.mp4")
    with pytest.raises(ClipError):
        inspect(tmp_path / "gone.mp4")


def test_damage_in_the_middle_is_passed_over_or_told(tmp_path):
    """Whatever a damaged clip does to the decoder: a finding, or one clear error; never another one."""
    good = film(tmp_path / "c.mp4", [("moves", 2)], amplitude=0.2).read_bytes()
    for place in range(200, len(good), max(len(good) // 25, 1)):
        bad = good[:place] + bytes(64) + good[place + 64 :]
        (tmp_path / "bad.mp4").write_bytes(bad)
        try:
            assert inspect(tmp_path / "bad.mp4").black_s >= 0
        except ClipError as error:
            assert error.what  # noqa: PT017


def test_memory_does_not_grow_with_the_clip(tmp_path):
    def peak(seconds):
        path = film(tmp_path / f"{seconds}.mp4", [("moves", seconds)], size=(320, 180), amplitude=0.1)
        tracemalloc.start()
        try:
            inspect(path)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # whatever is imported and cached at the first time
    assert peak(6) < peak(1) + 300_000


# ---- stretches ---------------------------------------------------------------------------------------------------

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=6).map(
    lambda pairs: [(float(a), float(a + b)) for a, b in sorted(pairs)]
)


def covered(stretches):
    return {n for start, end in stretches for n in range(int(start), int(end))}


@settings(max_examples=200, deadline=None)
@given(spans, spans)
def test_stretches_are_counted_as_sets_of_moments(one, other):
    merged, others = _merged(one, 0.0), _merged(other, 0.0)
    assert covered(merged) == covered(one)
    assert covered(_shared(merged, others)) == covered(one) & covered(other)
    left = _without(merged, others)
    assert covered(left) == covered(one) - covered(other)
    assert _total(left) == len(covered(left))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_whatever_a_filter_writes_stretches_are_in_order_and_within(marks):
    stretches = _Stretches("black")
    for number, (start, end) in enumerate(marks):
        told = {"lavfi.black_start": str(number)} if start else {}
        stretches.note(told | ({"lavfi.black_end": str(number)} if end else {}))
    found = stretches.until(len(marks))
    assert all(0 <= start <= end <= len(marks) for start, end in found)
    assert found == sorted(found)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["moves", "black"]), st.integers(2, 30)), min_size=1, max_size=4))
def test_the_sum_of_what_is_black_is_what_was_drawn_black(parts):
    whole: list = []
    for kind, frames in parts:  # neighbours of one kind are one stretch
        if whole and whole[-1][0] == kind:
            whole[-1] = (kind, whole[-1][1] + frames)
        else:
            whole.append((kind, frames))
    drawn = [n / 24 for kind, n in whole if kind == "black" and n / 24 > BLACK_S + FRAME]
    least = [n / 24 for kind, n in whole if kind == "black" and n / 24 > BLACK_S - FRAME]
    with tempfile.TemporaryDirectory() as folder:
        clip = film(Path(folder) / "c.mp4", [(k, n / 24) for k, n in parts], size=(64, 48), gop=250)
        seen = inspect(clip)
    assert len(drawn) <= len(seen.black) <= len(least)
    assert seen.black_s <= sum(least) + len(least) * 2 * FRAME
    assert seen.black_s >= sum(drawn) - len(drawn) * 2 * FRAME
    assert all(end - start > FROZEN_S for start, end in seen.frozen)
