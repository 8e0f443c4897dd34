"""Emergency files: nobody else's folder is trusted, the newest step is the one that counts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pixverse_nb.store.rescue import Rescue

ID = "0000000000000001"
posix = pytest.mark.skipif(os.name == "nt", reason="owners and modes are POSIX's; Windows' temporary folder is private")


@pytest.fixture
def tmp(tmp_path, monkeypatch) -> Path:
    """The system's temporary folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def home(tmp_path, tmp) -> Path:  # noqa: ARG001 - its rows go into no other temporary folder
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def row(status="queued", id=ID):
    return {"id": id, "status": status, "prompt": "a cat"}


def block(home: Path) -> None:
    """Let the home take no emergency file."""
    (home / "rescue").write_text("a file in the folder's place")


def waiting(home: Path) -> list[tuple[str, str]]:
    return [(found["id"], found["status"]) for _, found in Rescue(home).waiting()]


def aside(home: Path, tmp: Path) -> Path:
    """Where a row goes when the home takes none: made, and empty."""
    other = Rescue(home)
    (home / "rescue").write_text("in the way")
    folder = other.save(row()).parent
    other.drop(ID)
    (home / "rescue").unlink()
    assert folder.parent == tmp
    return folder


def write(folder: Path, status="queued", id=ID) -> Path:
    path = folder / f"{id}.json"
    path.write_text(json.dumps(row(status, id)))
    return path


def test_a_row_is_kept_beside_the_history_read_and_dropped(home):
    rescue = Rescue(home)
    assert rescue.read(ID) is None
    assert rescue.save(row()) == home / "rescue" / f"{ID}.json"
    rescue.save(row("processing"))
    assert Rescue(home).read(ID) == row("processing")
    assert waiting(home) == [(ID, "processing")]
    rescue.drop(ID)
    assert Rescue(home).read(ID) is None
    assert waiting(home) == []


@posix
def test_the_folder_aside_is_private_and_named_for_its_user(home, tmp):
    block(home)
    path = Rescue(home).save(row())
    assert path.parent.parent == tmp
    assert f"-{os.getuid()}-" in path.parent.name
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert Rescue(home).read(ID) == row()
    assert waiting(home) == [(ID, "queued")]


@posix
def test_a_folder_that_is_open_to_others_is_neither_used_nor_read(home, tmp):
    folder = aside(home, tmp)
    path = write(folder, "planted")
    folder.chmod(0o770)
    block(home)
    rescue = Rescue(home)
    assert rescue.read(ID) is None
    assert waiting(home) == []
    with pytest.raises(OSError, match=rf"no place takes an emergency file.*{folder.name}: open to other users"):
        rescue.save(row())
    rescue.drop(ID)
    assert json.loads(path.read_text())["status"] == "planted", "what is not ours is left alone"


@posix
def test_a_link_in_the_folders_place_is_neither_followed_nor_cleared(home, tmp, tmp_path):
    """Anyone may make a link of that name in /tmp, to a folder that is ours."""
    folder = aside(home, tmp)
    folder.rmdir()
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    path = write(mine, "mine")
    folder.symlink_to(mine)
    block(home)
    rescue = Rescue(home)
    assert rescue.read(ID) is None
    assert waiting(home) == []
    with pytest.raises(OSError, match="not a folder of this user"):
        rescue.save(row())
    rescue.drop(ID)
    assert list(mine.iterdir()) == [path]


@posix
def test_another_users_folder_is_neither_used_nor_read(home, tmp, monkeypatch):
    """As if its maker were somebody else: only the superuser could make such a folder here."""
    folder = aside(home, tmp)
    write(folder, "planted")
    rescue = Rescue(home)
    block(home)
    stranger = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: stranger)
    assert rescue.read(ID) is None
    assert list(rescue.waiting()) == []
    with pytest.raises(OSError, match="not a folder of this user"):
        rescue.save(row())


@posix
def test_what_is_no_plain_file_is_passed_over(home, tmp, tmp_path):
    outside = write(tmp_path, "elsewhere")
    folder = aside(home, tmp)
    (home / "rescue").mkdir()
    for number, place in enumerate((folder, home / "rescue")):
        (place / f"{ID}.json").symlink_to(outside)
        (place / f"{number}.json").mkdir()
        os.mkfifo(place / f"pipe-{number}.json")  # reading it would wait for ever
    rescue = Rescue(home)
    assert waiting(home) == []
    assert [rescue.read(name) for name in (ID, "0", "1", "pipe-0", "pipe-1")] == [None] * 5


@posix
def test_another_users_file_in_the_folder_is_passed_over(home, tmp, monkeypatch):
    """As if somebody else had written the file; the folder is ours."""
    folder = aside(home, tmp)
    path = write(folder, "planted")
    own = write(folder, "queued", "0000000000000002")
    real = Path.lstat

    def lstat(self):
        facts = real(self)
        owner = facts.st_uid + (self == path)
        return SimpleNamespace(st_mode=facts.st_mode, st_uid=owner, st_mtime_ns=facts.st_mtime_ns)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert [found for found, _ in Rescue(home).waiting()] == [own]
    assert Rescue(home).read(ID) is None


def test_the_newest_row_of_two_folders_is_read_and_comes_last(home, tmp):
    """The last one that is taken in is the one that stays."""
    folder = aside(home, tmp)
    (home / "rescue").mkdir()
    for newer, older in ((folder, home / "rescue"), (home / "rescue", folder)):
        os.utime(write(newer, "processing"), (2000, 2000))
        os.utime(write(older, "queued"), (1000, 1000))
        assert Rescue(home).read(ID) == row("processing")
        assert [status for _, status in waiting(home)] == ["queued", "processing"]


def test_a_broken_newer_file_does_not_hide_the_older_one(home, tmp):
    folder = aside(home, tmp)
    (home / "rescue").mkdir()
    os.utime(write(folder, "queued"), (1000, 1000))
    (home / "rescue" / f"{ID}.json").write_text("{")
    assert Rescue(home).read(ID) == row("queued")


def test_a_step_saved_in_one_folder_replaces_the_one_in_the_other(home):
    """Else the older one would be taken in beside it, and turn the job back."""
    block(home)
    first = Rescue(home).save(row("queued"))
    (home / "rescue").unlink()
    second = Rescue(home).save(row("processing"))
    assert second.parent == home / "rescue"
    assert not first.exists()
    assert waiting(home) == [(ID, "processing")]


@pytest.mark.parametrize("id", ["", ".", "..", "../secret", "/etc/passwd", "a/b", "a\0b", "x" * 5000])
def test_an_id_that_is_no_plain_name_finds_nothing(home, id):
    (home / "rescue").mkdir()
    (home / "secret.json").write_text(json.dumps(row(id="secret")))
    assert Rescue(home).read(id) is None


def test_the_row_of_another_job_is_not_read(home):
    (home / "rescue").mkdir()
    (home / "rescue" / f"{ID}.json").write_text(json.dumps(row(id="another")))
    assert Rescue(home).read(ID) is None


def test_no_place_at_all_is_told_with_every_place(home, tmp):
    block(home)
    folder = aside_name(home)
    (tmp / folder).write_text("in the way, too")
    with pytest.raises(OSError, match=f"no place takes an emergency file.*rescue: .*{folder}: "):
        Rescue(home).save(row())


def test_a_machine_without_a_temporary_folder_still_opens_its_homes(home, monkeypatch):
    def nowhere():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    rescue = Rescue(home)
    assert rescue.save(row()) == home / "rescue" / f"{ID}.json"
    assert rescue.read(ID) == row()


def aside_name(home: Path) -> str:
    folder = Rescue(home)._aside
    assert folder is not None
    return folder.name
