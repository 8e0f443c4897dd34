"""The clip library: the one door to the disk for media."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from clips import make_clip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixverse_nb.errors import ClipError
from pixverse_nb.media import clips as library
from pixverse_nb.media import partial
from pixverse_nb.media.clips import Clips
from pixverse_nb.media.images import load_picture
from pixverse_nb.media.probe import probe


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "front.mp4", frames=48)


def pieces(data: bytes, size: int = 1000):
    for start in range(0, len(data), size):
        yield data[start : start + size]


def files(home: Path) -> list[str]:
    return sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file())


def test_a_clip_is_received_and_kept_under_its_hash_byte_for_byte(clip, tmp_path):
    data = clip.read_bytes()
    clips = Clips(tmp_path / "home")
    assert not (tmp_path / "home").exists(), "nothing is made before the first write"
    received = clips.receive(pieces(data), expected_bytes=len(data))
    digest = hashlib.sha256(data).hexdigest()
    assert (received.sha256, received.size_bytes) == (digest, len(data))
    path, facts = clips.keep(received)
    assert path == tmp_path / "home" / "clips" / f"{digest}.mp4"
    assert path.read_bytes() == data
    assert facts == probe(clip)
    assert path.stat().st_mode & 0o044 == 0o666 & ~_umask() & 0o044, "as readable as any other new file"
    assert not any(part.startswith(".") for part in path.relative_to(tmp_path).parts)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.binary(max_size=3000), max_size=20))
def test_the_hash_is_right_however_the_pieces_fall(tmp_path, parts):
    clips = Clips(tmp_path)
    received = clips.receive(iter(parts))
    data = b"".join(parts)
    assert received.path.read_bytes() == data
    assert received.sha256 == hashlib.sha256(data).hexdigest()
    received.path.unlink()


def test_a_buffer_that_is_used_again_does_not_spoil_the_hash(tmp_path):
    def reused():
        buffer = bytearray(10_000_000)  # overwritten sooner than it is hashed
        for value in range(6):
            buffer[:] = bytes([value]) * len(buffer)
            yield memoryview(buffer)

    received = Clips(tmp_path).receive(reused())
    assert received.sha256 == hashlib.sha256(received.path.read_bytes()).hexdigest()


def test_a_clip_that_is_there_stays_and_a_damaged_one_is_replaced(clip, tmp_path):
    data, clips = clip.read_bytes(), Clips(tmp_path)
    path, _ = clips.keep(clips.receive(pieces(data)))
    os.utime(path, (1, 1))
    again, _ = clips.keep(clips.receive(pieces(data)))
    assert again == path
    assert path.stat().st_mtime == 1
    path.write_bytes(data[:-100] + bytes(100))  # the same size, other bytes
    clips.keep(clips.receive(pieces(data)))
    assert path.read_bytes() == data
    assert files(tmp_path) == [f"clips/{path.name}"]


def test_what_is_no_clip_leaves_nothing_behind(clip, tmp_path):
    clips = Clips(tmp_path)
    for data in (b"", b"<html>", clip.read_bytes()[:-1]):
        with pytest.raises(ClipError):
            clips.keep(clips.receive(pieces(data)))
    with pytest.raises(ClipError, match="6 of 7 bytes"):
        clips.receive(iter([b"abc", b"def"]), expected_bytes=7)
    assert files(tmp_path) == []


def test_the_error_of_a_broken_stream_passes_and_leaves_nothing(tmp_path):
    class Cut(Exception):
        pass

    def broken():
        for _ in range(4):
            yield bytes(1_000_000)  # enough for the hashing thread to have begun
        raise Cut

    for _ in range(5):
        with pytest.raises(Cut):
            Clips(tmp_path).receive(broken())
    assert files(tmp_path) == []
    assert "pixverse-sha256" not in [thread.name for thread in threading.enumerate()], "no hashing thread stays behind"


def test_a_stream_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(partial, "MAX_BYTES", 3_000_000)

    def endless():
        while True:
            yield bytes(1_000_000)

    with pytest.raises(ClipError, match="larger than"):
        Clips(tmp_path).receive(endless())
    assert files(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_full_disk_says_so_and_where(tmp_path, monkeypatch, size):
    """Small pieces reach the disk only when the file is closed, large ones at once: both must be told."""
    target = tmp_path / "clips" / "x.part"
    monkeypatch.setattr(library, "_temporary", lambda _folder: target)
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: real(Path("/dev/full"), "wb", **k) if "xb" in a else real(self, *a, **k)
    )
    with pytest.raises(ClipError, match=r"disk is full.*clips could not.*Free some space") as caught:
        Clips(tmp_path).receive(iter([bytes(size)]))
    assert ".part" not in str(caught.value), "that file is gone"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "not writable"),
        (errno.EROFS, "not writable"),
        (errno.EIO, "written"),
    ],
)
def test_every_door_to_the_disk_says_what_is_wrong_with_it(clip, tmp_path, monkeypatch, number, says):
    clips = Clips(tmp_path)
    received = clips.receive(pieces(clip.read_bytes()))

    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ClipError, match=f"{says}.*\n?.*studio.resume") as caught:
        clips.keep(received)
    assert str(tmp_path) in str(caught.value)
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(ClipError, match=says):
        clips.keep_picture(load_picture(np.zeros((4, 4), np.uint8)))
    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(ClipError, match=says):
        clips.receive(iter([b"x"]))
    assert files(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_paid_clip_is_not_sent_to_another_home(number):
    """Another home's history does not know the job: studio.resume() would find nothing there."""
    error = partial.disk_error(OSError(number, os.strerror(number), "/home/x/clips/a.part"), Path("/home/x/clips"))
    assert "home=" not in str(error)
    assert error.remedy.endswith(", then call studio.resume().")
    assert "/home/x/clips" in str(error)
    assert ".part" not in str(error)


def test_what_is_wrong_with_a_clip_is_said_of_its_place_not_of_a_file_that_is_gone(clip, tmp_path):
    clips, cut = Clips(tmp_path), clip.read_bytes()[:-1]
    with pytest.raises(ClipError, match="cut short") as caught:
        clips.keep(clips.receive(pieces(cut)))
    assert f"{tmp_path / 'clips' / hashlib.sha256(cut).hexdigest()}.mp4" in str(caught.value)
    assert ".part" not in str(caught.value)


def test_a_home_that_takes_clips_says_so_and_keeps_nothing_of_the_trial(tmp_path):
    clips = Clips(tmp_path / "home")
    clips.check_writable()
    clips.check_writable()
    assert (tmp_path / "home" / "clips").is_dir()
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("door", "number", "says"),
    [
        ("mkdir", errno.EROFS, "not writable"),
        ("write_bytes", errno.EACCES, "not writable"),
        ("write_bytes", errno.ENOSPC, "disk is full"),
    ],
)
def test_a_home_that_takes_no_clips_is_known_before_anything_is_sent(tmp_path, monkeypatch, door, number, says):
    clips = Clips(tmp_path)

    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, door, fail)
    with pytest.raises(ClipError, match=f"no clip could be stored: .*{says}.*Nothing was billed.*home=") as caught:
        clips.check_writable()
    assert caught.value.billed is False
    assert str(tmp_path / "clips") in str(caught.value)
    assert "resume" not in str(caught.value), "nothing was sent that could be taken up"
    assert files(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_the_trial_writes_real_bytes_for_a_full_disk_takes_empty_files(tmp_path, monkeypatch):
    real = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda _self, data: real(Path("/dev/full"), data))
    with pytest.raises(ClipError, match="disk is full"):
        Clips(tmp_path).check_writable()


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "clips").write_text("in the way")
    with pytest.raises(ClipError, match="could not be written"):
        Clips(tmp_path).receive(iter([b"x"]))


def test_a_picture_is_stored_once(tmp_path):
    clips, picture = Clips(tmp_path), load_picture(np.zeros((4, 4), np.uint8))
    path = clips.keep_picture(picture)
    assert path == tmp_path / "images" / f"{picture.sha256}.png"
    os.utime(path, (1, 1))
    assert clips.keep_picture(picture) == path
    assert path.stat().st_mtime == 1
    path.write_bytes(b"cut")
    clips.keep_picture(picture)
    assert path.read_bytes() == picture.data


def test_posters_are_made_on_demand_stored_and_never_raise(clip, tmp_path, monkeypatch):
    clips = Clips(tmp_path)
    made = clips.poster("0193-abc", clip)
    stored = tmp_path / "posters" / "0193-abc.jpg"
    assert made == stored.read_bytes()
    assert clips.poster("0193-abc", tmp_path / "deleted.mp4") == made, "a stored still outlives its clip"
    for damaged in (b"", made[:50]):
        stored.write_bytes(damaged)
        assert clips.poster("0193-abc", clip) == made
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:900])
    assert clips.poster("b", broken) is None
    assert clips.poster("c", tmp_path / "none.mp4") is None
    for name in ("../../evil", "a/b", "", ".hidden", "a\0b", "x" * 300):
        assert clips.poster(name, clip) is None

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert clips.poster("d", clip) == made, "a still that cannot be stored is shown all the same"
    assert files(tmp_path) == ["broken.mp4", "posters/0193-abc.jpg"]


def test_only_old_temporary_files_are_swept(clip, tmp_path):
    clips = Clips(tmp_path)
    assert clips.sweep_partial() == 0
    kept, _ = clips.keep(clips.receive(pieces(clip.read_bytes())))
    old, new = (clips.receive(iter([b"x"])).path for _ in range(2))
    for path in (old, kept):
        os.utime(path, (time.time() - 90_000,) * 2)
    assert clips.sweep_partial() == 1
    assert not old.exists()
    assert new.exists()
    assert kept.exists()


def test_many_threads_keep_the_same_clip_at_once(clip, tmp_path):
    data, clips = clip.read_bytes(), Clips(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: clips.keep(clips.receive(pieces(data)))[0], range(24)))
    assert len(set(kept)) == 1
    assert files(tmp_path) == [f"clips/{kept[0].name}"]


def test_memory_stays_flat_for_200_mb(tmp_path):
    def stream():
        for index in range(800):
            yield bytes([index % 256]) * 262_144

    tracemalloc.start()
    received = Clips(tmp_path).receive(stream())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received.size_bytes == 800 * 262_144
    assert peak < 3_000_000
