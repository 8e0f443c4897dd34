"""A clip without a word: its pictures and its sound, copied packet by packet, and none of its tags."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixverse_nb.errors import ClipError

from .probe import opened

_OF_THE_DISK = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EROFS}

# What writers of files put into each: names, and what they say there. Anything else may be somebody's words.
_WRITERS = {
    "major_brand": r"[\w ]{1,4}",
    "minor_version": r"\d+",
    "compatible_brands": r"[\w ]*",
    "encoder": r"(Lav[fc][\d.]*( lib\w+)?)?",
    "language": r"\w{2,3}",
    "handler_name": r"((Core Media|L-SMASH|GPAC ISO|Bento4|Apple) )?\W?(Video|Sound|Audio)? ?(Media )?(Handler)?",
    "vendor_id": r"[\[\]\w]{0,12}",
    "creation_time": r"[\d:.TZ -]*",
}


def bare(source: Path, target: Path) -> None:
    """Copy a clip without its tags: a prompt or a price may stand in them, whoever wrote them.

    Only the first track of pictures and the first of sound are copied: a cover, subtitles and data are words, too.

    Parameters
    ----------
    source, target : Path
        The clip, and the MP4 file to write.

    Raises
    ------
    ClipError
        When the clip is missing or cannot be copied so.
    OSError
        When the target cannot be written.
    """
    import av

    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with (
        disk_apart(),
        opened(source) as (container, video),
        av.open(str(target.absolute()), "w", format="mp4", options=options) as out,
    ):
        copies: dict[int, Any] = {}
        tracks: list[Any] = [video, *container.streams.audio[:1]]
        for stream in tracks:
            copies[stream.index] = copy = out.add_stream_from_template(stream)
            copy.metadata.clear()
            if stream.time_base is not None:
                copy.time_base = stream.time_base
        for packet in container.demux(*tracks):
            if packet.dts is None:  # the flush at the end
                continue
            packet.stream = copies[packet.stream.index]
            out.mux(packet)


def has_words(path: Path) -> bool:
    """Whether anything but what writers of files put into each stands in a clip's tags, or beside its two tracks.

    Raises
    ------
    ClipError
        When the clip is missing or no clip.
    """
    with opened(path) as (container, _):
        tracks = sorted(stream.type for stream in container.streams)
        told = [container.metadata, *(stream.metadata for stream in container.streams)]
    if tracks not in (["video"], ["audio", "video"]):
        return True
    return not all(re.fullmatch(_WRITERS.get(name, "(?!)"), value) for tags in told for name, value in tags.items())


@contextmanager
def disk_apart() -> Iterator[None]:
    """Where a clip is read and another one written: a full disk is no damaged clip, and comes as its OSError."""
    try:
        yield
    except ClipError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _OF_THE_DISK:
            raise OSError(cause.errno, cause.strerror or "") from error
        raise
