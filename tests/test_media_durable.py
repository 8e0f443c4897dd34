"""A clip that the journal calls home survives a power failure: what is synced, in which order, and what fails."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest
from clips import make_clip

from pixverse_nb.errors import ClipError
from pixverse_nb.media import durable
from pixverse_nb.media.clips import Clips

MB = 1_000_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=12).read_bytes()


def fails(number):
    def fail(*_args):
        raise OSError(number, os.strerror(number))

    return fail


def left(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.is_file())


@pytest.fixture
def steps(monkeypatch) -> list[tuple[str, int]]:
    """What was synced (by inode) and moved, in order."""
    seen: list[tuple[str, int]] = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor):
        sync(descriptor)
        seen.append(("synced", os.fstat(descriptor).st_ino))

    def replaced(self, target):
        seen.append(("moved", self.stat().st_ino))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    return seen


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
def test_a_clip_is_synced_before_it_is_moved_and_its_folders_afterwards(clip, tmp_path, steps):
    clips = Clips(tmp_path / "home")
    place, _ = clips.keep(clips.receive([clip]))
    file, folder, home = (path.stat().st_ino for path in (place, place.parent, clips.home))
    assert steps == [("synced", file), ("moved", file), ("synced", folder), ("synced", home)]


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
def test_a_clip_that_was_there_is_synced_too(clip, tmp_path, steps):
    """Another thread may have moved it there a moment ago, and not have synced the folder yet."""
    clips = Clips(tmp_path)
    place, _ = clips.keep(clips.receive([clip]))
    received = clips.receive([clip])
    del steps[:]
    clips.keep(received)
    assert "moved" not in {step for step, _ in steps}
    assert {("synced", place.stat().st_ino), ("synced", place.parent.stat().st_ino)} <= set(steps)


@pytest.mark.skipif(os.name == "nt", reason="only what may be written is synced there")
def test_a_clip_that_another_user_owns_can_be_synced(clip, tmp_path, monkeypatch):
    """In a home that is shared, the same clip may be there already, readable and no more."""
    import fcntl

    modes: list[int] = []
    clips = Clips(tmp_path)
    clips.keep(clips.receive([clip]))
    monkeypatch.setattr(os, "fsync", lambda fd: modes.append(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE))
    clips.keep(clips.receive([clip]))
    assert len(modes) >= 3
    assert set(modes) == {os.O_RDONLY}


def test_a_clip_whose_bytes_do_not_reach_the_disk_is_not_kept(clip, tmp_path, monkeypatch):
    clips = Clips(tmp_path)
    received = clips.receive([clip])
    monkeypatch.setattr(os, "fsync", fails(errno.EIO))
    with pytest.raises(ClipError, match=r"could not be written.*studio\.resume"):
        clips.keep(received)
    assert left(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
def test_a_name_that_does_not_reach_the_disk_is_told(clip, tmp_path, monkeypatch):
    clips, sync = Clips(tmp_path), os.fsync
    received = clips.receive([clip])
    folder = clips.clips.stat().st_ino
    monkeypatch.setattr(os, "fsync", lambda fd: fails(errno.EIO)() if os.fstat(fd).st_ino == folder else sync(fd))
    with pytest.raises(ClipError, match=r"could not be written.*studio\.resume"):
        clips.keep(received)


def test_a_file_system_without_syncs_holds_clips_all_the_same(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fails(errno.EINVAL))
    clips = Clips(tmp_path)
    place, _ = clips.keep(clips.receive([clip]))
    assert place.read_bytes() == clip


def test_a_broken_clip_leaves_nothing_although_it_was_being_synced(clip, tmp_path, monkeypatch):
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (time.sleep(0.1), sync(descriptor)))
    clips = Clips(tmp_path)
    with pytest.raises(ClipError):
        clips.keep(clips.receive([clip[:-1]]))
    assert left(tmp_path) == []


def test_a_large_file_is_written_back_while_it_grows(tmp_path, monkeypatch):
    synced_at: list[int] = []
    monkeypatch.setattr(durable, "_data_sync", lambda descriptor: synced_at.append(os.fstat(descriptor).st_size))

    def slowly():
        for _ in range(20):
            yield bytes(MB)
            time.sleep(0.005)

    Clips(tmp_path).receive(slowly())
    assert len(synced_at) >= 3
    assert 4 * MB <= synced_at[0] <= 8 * MB


def test_an_early_sync_that_fails_is_not_forgotten(tmp_path, monkeypatch):
    """The system tells a write that failed only once: the sync in the end would say that all is well."""
    monkeypatch.setattr(durable, "_data_sync", fails(errno.ENOSPC))
    for size in (5, 50):  # told at the end, and while more is written
        with pytest.raises(ClipError, match="disk is full"):
            Clips(tmp_path).receive(bytes(MB) for _ in range(size))
    assert left(tmp_path) == []


def test_no_file_is_closed_or_cut_under_its_sync(tmp_path, monkeypatch):
    """Its descriptor may be another file's by then."""
    sizes: list[tuple[int, int]] = []
    begun = threading.Event()

    def slow(descriptor):
        before = os.fstat(descriptor).st_size
        begun.set()
        time.sleep(0.1)
        sizes.append((before, os.fstat(descriptor).st_size))  # EBADF when it was closed

    monkeypatch.setattr(durable, "_data_sync", slow)
    for end in ("restart", "finish", "discard"):
        begun.clear()
        partial = Clips(tmp_path).begin()
        for _ in range(5):
            partial.write(bytes(MB))
        assert begun.wait(5)
        getattr(partial, end)()
        partial.discard()
    assert len(sizes) == 3
    assert all(after >= before > 4 * MB for before, after in sizes)
