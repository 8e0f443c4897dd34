"""Clips whose sound plays in VS Code: it decodes no AAC, but H.264 in MP4 with MP3, Vorbis or FLAC.

Its own list: Vorbis, FLAC, VP8, MP3, WAV, OGG, H.264, "MP4 (without AAC support)"; Opus does not play
(microsoft/vscode 158972, 161823, 162062, 167685; the test plan of microsoft/vscode-electron-prebuilt 22).
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from .boxes import container_of
from .probe import _lenient, opened, probe

FOLDER = "vscode"
"""Of the home, beside `clips`: the copies; safe to delete."""

_PLAYS = {"mp3", "mp3float", "vorbis", "flac"}
_RATES = (32_000, 44_100, 48_000)  # Hz, MPEG-1 layer III
_BITS = 192_000  # a second: more than the AAC had, for a second loss adds to the first


def with_sound_for_vscode(clip: Path) -> Path:
    """A copy of a clip whose sound VS Code plays: the picture packet by packet, the sound as MP3.

    It is made once, beside the home's clips, or in a temporary folder where the home cannot be written. The clip itself
    is only read.

    Parameters
    ----------
    clip : Path
        A file in a folder of the home, such as `clips`.

    Returns
    -------
    Path
        The copy; the clip itself when it is silent, plays as it is, or cannot be copied so.
    """
    cached = clip.parent.parent / FOLDER / clip.name
    if cached.is_file():
        return cached
    # A picture without sound is better than an error in its place, and PyAV has many ways to fail.
    with suppress(Exception):
        if not _needs_it(clip):
            return clip
    with suppress(Exception):
        return _made(clip, cached.parent)
    with suppress(Exception):
        return _made(clip, _temporary() / uuid.uuid5(uuid.NAMESPACE_URL, clip.absolute().as_uri()).hex)
    return clip


@functools.cache
def _temporary() -> Path:
    folder = tempfile.mkdtemp(prefix="pixverse-vscode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _needs_it(clip: Path) -> bool:
    with opened(clip) as (container, _):
        sound = next(iter(container.streams.audio), None)
        return sound is not None and sound.codec_context.name not in _PLAYS


def _made(clip: Path, folder: Path) -> Path:
    """Write the copy, compare it with the clip, and move it to its place."""
    place = folder / clip.name
    if place.is_file():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{uuid.uuid4().hex}.part"
    try:
        _write(clip, partial)
        one, other = probe(clip), probe(partial)
        if (one.width, one.height, round(one.duration_s, 1)) != (other.width, other.height, round(other.duration_s, 1)):
            raise ValueError("its picture would be shown in another way")
        partial.replace(place)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return place


def _write(clip: Path, target: Path) -> None:
    import av

    with (
        av.open(str(clip.absolute()), format=container_of(clip), **_lenient()) as source,
        av.open(str(target.absolute()), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        picture, sound = source.streams.video[0], source.streams.audio[0]
        copy: Any = out.add_stream_from_template(picture, opaque=True)
        rate = sound.rate if sound.rate in _RATES else max(_RATES)
        layout = "mono" if sound.channels == 1 else "stereo"
        track: Any = out.add_stream("libmp3lame", rate=rate, layout=layout, format="fltp")
        track.bit_rate = _BITS if layout == "stereo" else _BITS // 2
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        for packet in source.demux(picture, sound):
            if packet.stream.type == "audio":
                for frame in _frames(packet):
                    for piece in resampler.resample(frame):
                        out.mux(track.encode(piece))
            elif packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
        for piece in resampler.resample(None):
            out.mux(track.encode(piece))
        out.mux(track.encode(None))


def _frames(packet: Any) -> list[Any]:
    """What a packet holds; one that is damaged is a moment of silence."""
    import av

    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []
