"""Why a home cannot be used, in words: what is in the way, and what helps."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from .errors import HomeError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
_ELSEWHERE = "pass home=... (or set PIXVERSE_NB_HOME) to a folder that is writable"
_HISTORY = "history.sqlite3"
_FEW_BYTES = 1_000_000  # an empty history takes a tenth of it


def unusable(home: Path, error: BaseException) -> HomeError:
    """What to raise for a home that can be neither made nor written.

    Parameters
    ----------
    home : Path
        The folder.
    error : exception
        What the system or SQLite raised; its words are used only where its cause cannot be seen.
    """
    why, remedy = _trouble(home, error)
    return HomeError(f"the home {home} cannot be written: {why}", remedy=f"{remedy}{_ELSEWHERE}.", billed=False)


def reason(error: BaseException) -> str:
    """An error of the disk or of SQLite in a few words, without its number and without paths."""
    error = getattr(error, "orig", None) or error
    if isinstance(error, OSError):
        return _lower(error.strerror or type(error).__name__)
    said = str(error)
    return "the disk is full" if "disk is full" in said else said


def _trouble(home: Path, error: BaseException) -> tuple[str, str]:
    """What stands in the way, and the beginning of what helps."""
    error = getattr(error, "orig", None) or error
    place = _nearest(home)
    found = _in_the_way(home, place) or _of_the_disk(place, error)
    if found is None and getattr(error, "errno", None) in {None, errno.EACCES, errno.EPERM}:
        shut = next((one for one in (place, *_files(home)) if not os.access(one, os.W_OK)), None)
        found = None if shut is None else _shut(shut, home)
    return found or (reason(error), "Look at the folder and its disk, or ")


def _in_the_way(home: Path, place: Path) -> tuple[str, str] | None:
    """Something that is no folder where one is needed, or no file."""
    if place.is_symlink() and not place.exists():
        return f"{_it(place, home)} is a link to a place that is not there", "Mend the link, or "
    if not place.is_dir():
        return f"{_it(place, home)} is a file, not a folder", f"Move {'it' if place == home else 'the file'} aside, or "
    if place == home and (home / _HISTORY).is_dir():
        return f"its {_HISTORY} is a folder, not a file", "Move that aside, or "
    return None


def _of_the_disk(place: Path, error: BaseException) -> tuple[str, str] | None:
    number = getattr(error, "errno", None)
    if "locked" in str(error):
        return "another program keeps its history locked", "Close that program, or "
    if number == errno.EROFS or _is_read_only(place):
        return "its disk is mounted for reading only", "Mount it for writing, or "
    if number in _FULL or _is_full(place, error):
        return "the disk is full", "Free some space, or "
    return None


def _nearest(home: Path) -> Path:
    """The home, or what there is of the way to it."""
    return next(one for one in (home, *home.parents) if os.path.lexists(one))


def _it(place: Path, home: Path) -> str:
    return "it" if place == home else f"{place.name or place} on the way to it"


def _files(home: Path) -> list[Path]:
    """What the home holds of a history: SQLite writes into all of it."""
    return sorted(home.glob(f"{_HISTORY}*")) if os.access(home, os.R_OK | os.X_OK) else []


def _shut(place: Path, home: Path) -> tuple[str, str]:
    """A place that this user may not write."""
    name = _it(place, home) if place.is_dir() else f"its {place.name}"
    owner = _owner(place)
    if owner is not None:
        return f"{name} belongs to {owner}, and you may not write there", "Ask for the right to write, or "
    return f"you may not write {'into ' if place.is_dir() else ''}{name}", "Make it writable (chmod u+w), or "


def _owner(place: Path) -> str | None:
    """The user whose place it is; None when it is one's own, or where nobody can tell."""
    try:
        mine = os.getuid() == place.stat().st_uid
    except (AttributeError, OSError):  # Windows has no such numbers
        return None
    if mine:
        return None
    try:
        return f"the user {place.owner()!r}"
    except (KeyError, NotImplementedError):  # a number without a name
        return "another user"


def _is_read_only(place: Path) -> bool:
    try:
        return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
    except (AttributeError, OSError):
        return False


def _is_full(place: Path, error: BaseException) -> bool:
    """Whether there is no room; SQLite calls that an I/O error, too."""
    said = str(error)
    if "disk is full" in said:
        return True
    try:
        return "I/O error" in said and shutil.disk_usage(place).free < _FEW_BYTES
    except OSError:
        return False


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
