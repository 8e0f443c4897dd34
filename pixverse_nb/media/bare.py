"""A clip without a word: its pictures and its sound, copied packet by packet, and none of its tags."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixverse_nb.errors import ClipError

from .probe import opened

_OF_THE_DISK = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EROFS}

_WRITERS = frozenset({
    "major_brand", "minor_version", "compatible_brands", "encoder", "language", "handler_name", "vendor_id",
    "creation_time",
})  # fmt: skip


def bare(source: Path, target: Path) -> None:
    """Copy a clip without its tags: a prompt or a price may stand in them, whoever wrote them.

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
        opened(source) as (container, _),
        av.open(str(target.absolute()), "w", format="mp4", options=options) as out,
    ):
        streams: dict[int, Any] = {}
        for stream in container.streams:
            if stream.type not in {"video", "audio"}:
                continue  # subtitles and data are words
            streams[stream.index] = copy = out.add_stream_from_template(stream)
            copy.metadata.clear()
            if stream.time_base is not None:
                copy.time_base = stream.time_base
        for packet in container.demux([s for s in container.streams if s.index in streams]):
            if packet.dts is None:  # the flush at the end
                continue
            packet.stream = streams[packet.stream.index]
            out.mux(packet)


def has_words(path: Path) -> bool:
    """Whether anything but what writers of files put into each stands in a clip's tags, or beside its tracks.

    Raises
    ------
    ClipError
        When the clip is missing or no clip.
    """
    with opened(path) as (container, _):
        tracks = [stream.type for stream in container.streams]
        names = set(container.metadata).union(*(stream.metadata for stream in container.streams))
    return bool(names - _WRITERS) or not {"video", "audio"}.issuperset(tracks)


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
