"""Whether an MP4 file is whole, without decoding it: a walk over its top-level boxes.

An MP4 file is a row of boxes, each headed by its size and a four-letter type (ISO/IEC 14496-12, 4.2). A file that was
cut on its way ends inside a box; when its index stands in front ("faststart") its first frames still play, so that only
the walk, or decoding everything, finds it out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from pixverse_nb.errors import ClipError

FETCH_AGAIN = "The service keeps an output for 7 days: studio.resume() fetches it again."
REPLACE = (
    "Delete that file, and run its cell again: it is fetched anew, at no cost, while the service keeps it (7 days)."
)
"""Of a clip in the home: `resume` goes on with downloads, and takes what is there for whole."""

# The first box of what FFmpeg's MP4 demuxer reads; QuickTime's older files start without "ftyp".
_FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}
_EBML = b"\x1aE\xdf\xa3"


def container_of(path: Path) -> str:
    """Name the container, by content: "mp4" (and QuickTime) or "matroska" (and WebM).

    Only these two are ever handed to FFmpeg, by name: guessing would let a downloaded playlist name files to open.

    Raises
    ------
    ClipError
        When the file is missing, empty, unreadable or something else.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise unreadable(path, error) from error
    if head[4:8] in _FIRST:
        return "mp4"
    if head.startswith(_EBML):
        return "matroska"
    if not head:
        raise ClipError(f"{path} is empty, not a video", remedy=FETCH_AGAIN)
    raise ClipError(f"{path} is not an MP4 video; it starts with {_shown(head)}", remedy=FETCH_AGAIN)


def unreadable(path: Path, error: OSError) -> ClipError:
    """The error for a clip that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return ClipError(f"the clip {path} is not there any more", remedy=FETCH_AGAIN)
    return ClipError(f"the clip {path} cannot be read ({error.strerror or error})", remedy="Check its permissions.")


def _shown(head: bytes) -> str:
    text = head[:40].decode("ascii", "replace").strip()
    return repr(text) if text.isprintable() else head[:8].hex(" ")


def check_whole(path: Path) -> bool:
    """Walk the top-level boxes of an MP4 file.

    Returns
    -------
    bool
        Whether the end of the media is known. False for a last box of size 0, "to the end of the file": then only its
        samples can tell whether the file is whole.

    Raises
    ------
    ClipError
        When the file ends inside a box, or its index or its media are missing.
    """
    seen: set[bytes] = set()
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        start = 0
        while start < end:
            kind, size = _box(file, start, end)
            if not _plausible(kind) and {b"moov", b"mdat"} <= seen:
                return True  # padding after the last box, as some writers leave it
            if size and start + size > end:
                raise _cut(path, f"{start + size - end:,} bytes are missing at its end")
            seen.add(kind)
            if size == 0:
                break
            start += size
        open_ended = start < end
    if b"moov" not in seen:
        raise _cut(path, "its index is missing")
    if not seen & {b"mdat", b"moof"}:
        raise _cut(path, "its pictures are missing")
    return not open_ended


def _box(file: BinaryIO, start: int, end: int) -> tuple[bytes, int]:
    """Type and whole size in bytes of the box at `start`; size 0 means "to the end of the file"."""
    file.seek(start)
    head = file.read(16)
    kind, size, least = head[4:8], int.from_bytes(head[:4], "big"), 8
    if size == 1:  # a 64-bit size follows the type
        size, least = int.from_bytes(head[8:16], "big"), 16
        if len(head) < least:
            size = 0
    if len(head) < least or 0 < size < least:
        size = end - start + least  # a header that is cut or impossible: the box cannot be whole
    return kind, size


def _plausible(kind: bytes) -> bool:
    return len(kind) == 4 and all(32 <= c < 127 or c == 0xA9 for c in kind)


def _cut(path: Path, what: str) -> ClipError:
    return ClipError(f"the clip {path} is cut short: {what}", remedy=FETCH_AGAIN)
