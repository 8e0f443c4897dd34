"""Emergency files: what a job wants to write while its database cannot be written.

One small JSON file a job, beside the history or, when that folder is the trouble, in a private folder of the system's
temporary one. The next store that opens the home takes them in.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Rescue:
    """The emergency files of one home.

    Parameters
    ----------
    home : Path
        The home whose database may fail.
    """

    def __init__(self, home: Path) -> None:
        self._beside = home / "rescue"
        self._aside = _aside(home)

    def save(self, row: Mapping[str, Any]) -> Path:
        """Write a job's whole row, in the place of an earlier one.

        Raises
        ------
        OSError
            When no place on this machine takes it, naming each and what is wrong with it.
        """
        name, content, troubles = f"{row['id']}.json", json.dumps(dict(row)), []
        for folder in filter(None, (self._beside, self._aside)):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder == self._aside:
                    _check_private(folder)
                _write(folder / name, content)
            except OSError as error:
                troubles.append(f"{folder}: {error.strerror or error}")
            else:
                self._drop(name, besides=folder)  # an older step must not be taken in after this one
                return folder / name
        raise OSError(errno.EIO, f"no place takes an emergency file ({'; '.join(troubles)})")

    def waiting(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The files and the rows in them, the last written last; what is unreadable or not ours is left where it is."""
        found: list[tuple[int, Path]] = []
        for folder in self._folders():
            with contextlib.suppress(OSError):
                found += [(written, path) for path in folder.glob("*.json") if (written := self._written(path))]
        for _, path in sorted(found):
            row = _row(path)
            if row is not None:
                yield path, row

    def read(self, id: str) -> dict[str, Any] | None:
        """The row that waits for this id, the newest one should both folders have one; None when none waits."""
        if Path(id).name != id:
            return None
        paths = sorted((folder / f"{id}.json" for folder in self._folders()), key=self._written, reverse=True)
        return next((row for path in paths if self._written(path) and (row := _row(path)) is not None), None)

    def drop(self, id: str) -> None:
        """Remove a job's file, if there is one."""
        self._drop(f"{id}.json")

    def _drop(self, name: str, besides: Path | None = None) -> None:
        for folder in self._folders():
            if folder != besides:
                with contextlib.suppress(OSError):
                    (folder / name).unlink(missing_ok=True)

    def _folders(self) -> Iterator[Path]:
        """The folders that may be read and cleared."""
        yield self._beside
        with contextlib.suppress(OSError):
            if self._aside is not None:
                _check_private(self._aside)
                yield self._aside

    def _written(self, path: Path) -> int:
        """When a file was written, ns since 1970; 0 when it is not there, no plain file, or aside and not ours."""
        try:
            facts = path.lstat()
        except (OSError, ValueError):
            return 0
        ours = path.parent != self._aside or _is_ours(facts)
        return max(facts.st_mtime_ns, 1) if stat.S_ISREG(facts.st_mode) and ours else 0


def _aside(home: Path) -> Path | None:
    """A folder of this user and this home where everybody may write; None on a machine without one."""
    mark = hashlib.sha256(os.fspath(home.resolve()).encode()).hexdigest()[:16]
    user = f"{os.getuid()}-" if hasattr(os, "getuid") else ""  # Windows' temporary folder is the user's own
    try:
        return Path(tempfile.gettempdir()) / f"pixverse_nb-rescue-{user}{mark}"
    except OSError:
        return None


def _check_private(folder: Path) -> None:
    """Refuse a folder that somebody else may have put there: its name can be guessed, and its rows would be believed.

    Once it is known to be ours and closed to others, nobody else can replace it: temporary folders are sticky.

    Raises
    ------
    OSError
        When it is no real folder, not ours, or open to others.
    """
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or not _is_ours(facts):
        raise PermissionError(errno.EPERM, "not a folder of this user")
    if hasattr(os, "getuid") and stat.S_IMODE(facts.st_mode) & 0o077:
        raise PermissionError(errno.EPERM, "open to other users")


def _is_ours(facts: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or facts.st_uid == os.getuid()


def _write(path: Path, content: str) -> None:
    """Write a file at once or not at all, and make it survive a power failure."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _row(path: Path) -> dict[str, Any] | None:
    """The row in a file, when it is one of the job that the file is named for."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and row.get("id") == path.stem else None
