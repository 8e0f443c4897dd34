"""A clip's bytes for a player in the browser, in pieces: no file server is needed, so it works in every front end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pixverse_nb.display.frontend import file_for
from pixverse_nb.errors import ClipError

PIECE_BYTES = 1 << 20
"""Bytes of one message."""

AT_ONCE = 8
"""Pieces that are sent before the browser has to ask for more: one that has gone away asks for none."""


@dataclass(frozen=True)
class Piece:
    """A part of a clip.

    Attributes
    ----------
    at : int
        Where it begins, bytes.
    data : bytes
        Not empty.
    total : int
        Length of the whole clip, bytes.
    last : bool
        Whether the browser has to ask for what follows: the clip ends here, or so many pieces were sent.
    """

    at: int
    data: bytes
    total: int
    last: bool


def pieces(path: Path, start: int) -> Iterator[Piece]:
    """The next pieces of a clip, from byte `start` on.

    Raises
    ------
    ClipError
        When the file has vanished, cannot be read, or ends before `start`.
    """
    try:
        with file_for(path).open("rb") as file:
            total = file.seek(0, 2)
            at = file.seek(start)
            for number in range(1, AT_ONCE + 1):
                data = file.read(PIECE_BYTES)
                if not data:
                    raise ClipError(f"the clip ends at {total:,} bytes, {start:,} were asked for")
                end = at + len(data)
                last = number == AT_ONCE or end >= total
                yield Piece(at, data, total, last)
                if last:
                    return
                at = end
    except FileNotFoundError:
        raise gone(path) from None
    except OSError as error:
        raise ClipError(f"the clip cannot be read: {error.strerror or error}", remedy=f"It lies at {path}.") from None


def gone(path: Path) -> ClipError:
    """The error of a clip that is no longer there."""
    return ClipError(
        "the clip's file is gone",
        remedy=f"It was {path.name} in {path.parent}; put it back, or generate the same request again to get it.",
    )
