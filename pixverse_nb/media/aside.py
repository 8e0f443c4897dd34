"""A file for other places, written at once or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pixverse_nb.errors import ClipError

from .partial import disk_trouble


@contextmanager
def set_aside(target: Path) -> Iterator[Path]:
    """Give a temporary file beside the target, which takes its place at the end; the folders are made.

    Raises
    ------
    ClipError
        When the place is not writable or the disk is full. Nothing is left behind then, and what lay at the target
        lies there still; so it does whatever else is raised inside.
    """
    make_folder(target.parent)
    # Short, whatever the name is: most systems take no more than 255 bytes.
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise _not_exported(error, target) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those on the way to it.

    Raises
    ------
    ClipError
        When it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_exported(error, folder) from error


def _not_exported(error: OSError, place: Path) -> ClipError:
    what, remedy = disk_trouble(error, place)
    return ClipError(f"it was not exported: {what}", remedy=f"{remedy}, or choose another place.")
