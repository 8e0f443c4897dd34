"""What a saved clip says of itself: a title and a description for every player, and its whole story for us.

Written as iTunes writes its tags, which players, file managers and FFmpeg read. Ours stands among them as a free-form
item of the name `pixverse_nb`: JSON. Pictures and sound are copied packet by packet, and compared afterwards.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import uuid
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from pixverse_nb.errors import ClipError
from pixverse_nb.plain import scrubbed

from .boxes import container_of
from .probe import _open, opened, probe  # the same way of opening: by a name that the file's head has told

NAME = "pixverse_nb"
"""Of the item that holds the JSON."""

MOST_BYTES = 1 << 20
"""How large the JSON may be; that of a clip with a prompt of 5000 characters is some 20 KB."""

_MEAN = b"com.apple.iTunes"  # whose free-form items FFmpeg, mutagen and others read
_SEARCHED = 64 << 20  # bytes from a file's start; with the index in front, the tags come long before
_OF_THE_DISK = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR,
}  # fmt: skip
_STREAM_TAGS = ("language", "handler_name")
_CONTAINERS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})


class NotTaggable(Exception):
    """The clip cannot be copied packet by packet into an MP4 that is as good; says why."""


def write(source: Path, target: Path, *, title: str, description: str, comment: str, story: Mapping[str, Any]) -> None:
    """Copy a clip's packets into an MP4 of its own, with tags, its index in front.

    Parameters
    ----------
    source, target : Path
        The clip, and a file that is written anew; the caller moves it to its place.
    title, description, comment : str
        For players.
    story : mapping
        For `read`; JSON.

    Raises
    ------
    NotTaggable
        When what was written is not the same, packet by packet, or cannot be written at all.
    OSError
        When the disk is full or not writable.
    """
    text = json.dumps(story, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(text) > MOST_BYTES:
        raise NotTaggable(f"its tag would have {len(text):,} bytes")
    item = _item(text)
    stand_in = _stand_in(len(item))
    tags = {"title": title, "description": description, "comment": comment, "lyrics": stand_in}
    try:
        _remux(source, target, tags)
        _put(target, stand_in.encode("ascii"), item)
        _check_same(source, target)
        if read(target) != json.loads(text):
            raise NotTaggable("its tag cannot be read back")
    except ClipError as error:
        raise NotTaggable(error.what) from error


def read(path: Path) -> Any:
    """What a clip says of itself, as the JSON's value; None when it says nothing to us.

    Raises
    ------
    ValueError
        When it is no JSON, too large, or holds numbers that are none.
    ClipError
        When the file is missing or no clip.
    """
    with opened(path) as (container, _):
        text = container.metadata.get(NAME)
    if text is None:
        return None
    if len(text) > MOST_BYTES:
        raise ValueError(f"it is {len(text):,} characters long")
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


# ---- writing -----------------------------------------------------------------------------------------------------


def _remux(source: Path, target: Path, tags: Mapping[str, str]) -> None:
    import av

    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    try:
        with (
            _open(source, container_of(source)) as container,
            av.open(str(target.absolute()), "w", format="mp4", options=options) as out,
        ):
            out.metadata.update({**_kept(container.metadata), **tags})
            streams = {}
            for stream in container.streams:
                if stream.type not in {"video", "audio"}:
                    raise NotTaggable(f"it has a track of {stream.type}")
                streams[stream.index] = copy = out.add_stream_from_template(stream, opaque=True)
                copy.metadata.update({n: scrubbed(stream.metadata[n]) for n in _STREAM_TAGS if n in stream.metadata})
                if stream.time_base is not None:
                    copy.time_base = stream.time_base
            for packet in container.demux():
                if packet.dts is None:  # the flush at the end
                    continue
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    except OSError as error:
        if error.errno in _OF_THE_DISK:  # FFmpeg's errors are OSErrors, too
            raise
        raise NotTaggable(f"it cannot be copied ({error.strerror or type(error).__name__})") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise NotTaggable(f"it cannot be copied ({type(error).__name__})") from error


def _kept(metadata: Mapping[str, str]) -> dict[str, str]:
    """The service's own tags, without what the container says of itself, and without an earlier story of ours."""
    told = ((name, value) for name, value in metadata.items() if name not in {*_CONTAINERS, NAME})
    return {scrubbed(name): scrubbed(value) for name, value in told}


def _item(text: bytes) -> bytes:
    """A free-form item of an iTunes tag list."""
    mean, name = _box(b"mean", bytes(4) + _MEAN), _box(b"name", bytes(4) + NAME.encode("ascii"))
    return _box(b"----", mean + name + _box(b"data", (1).to_bytes(4, "big") + bytes(4) + text))  # 1: UTF-8


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def _stand_in(size: int) -> str:
    """Lyrics whose item has so many bytes: FFmpeg writes no free-form items, but leaves their room so."""
    mark = uuid.uuid4().hex
    return mark + "." * (size - 24 - len(mark))


def _put(path: Path, stand_in: bytes, item: bytes) -> None:
    """Put an item in the place of its stand-in, byte by byte: nothing in the file moves."""
    lyrics = _box(b"\xa9lyr", _box(b"data", (1).to_bytes(4, "big") + bytes(4) + stand_in))
    if len(lyrics) != len(item):
        raise NotTaggable("its tag does not fit")
    with path.open("r+b") as file:
        place = file.read(_SEARCHED).find(lyrics)
        if place < 0:
            raise NotTaggable("its tag was not written")
        file.seek(place)
        file.write(item)
        file.flush()
        os.fsync(file.fileno())


# ---- comparing ---------------------------------------------------------------------------------------------------


def _check_same(source: Path, target: Path) -> None:
    """Hold what was written against the original: every packet, its moments, and how the picture is shown."""
    one, other = probe(source), probe(target)
    shown = [(f.width, f.height, f.has_audio, round(f.duration_s, 2)) for f in (one, other)]
    if shown[0] != shown[1]:
        raise NotTaggable("its picture would be shown in another way")
    with opened(source) as (before, _), opened(target) as (after, _):
        kinds = [[_kind(stream) for stream in container.streams] for container in (before, after)]
        if kinds[0] != kinds[1]:
            raise NotTaggable("its tracks would be others")
        first, second = (_by_track(container) for container in (before, after))
        if first != second:
            raise NotTaggable("its packets would be timed or filled otherwise")


def _kind(stream: Any) -> tuple[str, str, str, bytes | None]:
    """What a track is, and what its decoder is told beforehand."""
    context = stream.codec_context
    return stream.type, context.name, context.codec_tag, context.extradata


def _by_track(container: Any) -> dict[int, str]:
    """A hash of each track's packets, in their order: moments in seconds, exactly, and bytes."""
    hashes: dict[int, Any] = {}
    for packet in container.demux():
        if packet.dts is None:
            continue
        digest = hashes.setdefault(packet.stream.index, hashlib.sha256())
        moments = [None if ticks is None else Fraction(ticks) * packet.time_base for ticks in (packet.pts, packet.dts)]
        digest.update(f"{moments} {packet.is_keyframe} {packet.size};".encode())
        digest.update(memoryview(packet))
    return {index: digest.hexdigest() for index, digest in hashes.items()}
