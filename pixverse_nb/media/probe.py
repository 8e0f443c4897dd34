"""What is in a clip: its size, length, frame rate and sound, and whether it plays at all."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixverse_nb.errors import ClipError

from .boxes import FETCH_AGAIN, check_whole, container_of, unreadable

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_AV_TIME_BASE = 1_000_000  # FFmpeg's container durations are in microseconds


@dataclass(frozen=True)
class Facts:
    """What is in a clip, measured on the file.

    Attributes
    ----------
    width, height : int
        Pixels as a viewer sees them: the file's rotation is applied.
    duration_s : float
        Length of the video track, s.
    fps : float
        Mean frames per second; 0.0 when the file does not say.
    has_audio : bool
        Whether there is a sound track.
    size_bytes : int
        Size of the file, bytes.
    """

    width: int
    height: int
    duration_s: float
    fps: float
    has_audio: bool
    size_bytes: int


def probe(path: Path) -> Facts:
    """Measure a clip, and make sure that it is whole and plays: its first frame is decoded.

    Raises
    ------
    ClipError
        When it is missing, not a video, cut short, or its first frame cannot be decoded.
    """
    open_ended = container_of(path) == "mp4" and not check_whole(path)
    with opened(path) as (container, video):
        frame = _first_frame(container, video)
        if open_ended:
            _check_samples(container, video)
        turned = frame.rotation % 180 != 0
        width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
        rate = video.average_rate or video.guessed_rate
        return Facts(
            width=width,
            height=height,
            duration_s=duration_of(container, video),
            fps=float(rate) if rate else 0.0,
            has_audio=bool(container.streams.audio),
            size_bytes=path.stat().st_size,
        )


def probe_in_turn(path: Path) -> Facts:
    """`probe`, on one of a few threads that do it for all: fifty clips at once then take 50 MB of memory, not 110.

    The C library keeps what a thread has freed for that thread's next picture, tens of megabytes each at 1080p.
    """
    try:
        turn = _threads().submit(probe, path)
    except RuntimeError:  # the interpreter is ending and takes no more work
        return probe(path)
    return turn.result()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(os.cpu_count() or 1, 4), "pixverse-probe")


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_threads.cache_clear)


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip and its video track; everything that FFmpeg reports inside becomes a ClipError."""
    import av

    kind = container_of(path)
    try:
        with _open(path, kind) as container:
            if not container.streams.video:
                raise ClipError(f"the clip {path} has no video track", remedy=FETCH_AGAIN)
            video = container.streams.video[0]
            if getattr(video, "codec_context", None) is None:
                raise ClipError(f"the clip {path} does not play: its codec is not known", remedy=FETCH_AGAIN)
            # FFmpeg's threads share the slices of a picture, and clips have one: they would only take their start.
            video.codec_context.thread_count = 1
            yield container, video
    except av.FFmpegError as error:
        raise ClipError(f"the clip {path} does not play ({error.strerror or error})", remedy=FETCH_AGAIN) from error
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, ArithmeticError, MemoryError) as error:  # figures in a damaged file that nobody can work with
        raise ClipError(f"the clip {path} does not play ({type(error).__name__})", remedy=FETCH_AGAIN) from error


def _open(path: Path, kind: str) -> InputContainer:
    """Open a file, and look no further into it than is needed to know its tracks.

    FFmpeg reads up to 5 MB and decodes what it finds, for two thirds of a probe's whole time; an MP4 file's index says
    all of that without, unless the file is fragmented. skip_frame concerns only this look: the decoder that we use
    ourselves is another one, and skips nothing.
    """
    import av

    options = {"skip_frame": "all"}
    if kind == "mp4":
        container: InputContainer = av.open(
            str(path.absolute()), format=kind, options=options | {"probesize": "32"}, **_lenient()
        )
        video = next(iter(container.streams.video), None)
        if video is not None and video.frames and video.average_rate:
            return container
        container.close()
    looked: InputContainer = av.open(str(path.absolute()), format=kind, options=options, **_lenient())
    return looked


def _lenient() -> dict[str, Any]:
    """Tags that are not UTF-8 must not hide a clip: PyAV 19 reads them so by itself, and has no such option."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


def duration_of(container: InputContainer, video: VideoStream) -> float:
    """Length of the video track, s; counted over its packets when the file does not say (this moves the reader)."""
    if video.duration and video.time_base:
        return float(video.duration * video.time_base)
    if container.duration:
        return container.duration / _AV_TIME_BASE
    container.seek(0)
    ends = [(p.pts + (p.duration or 0)) * p.time_base for p in container.demux(video) if p.pts is not None]
    return float(max(ends, default=0))


def _first_frame(container: InputContainer, video: VideoStream) -> VideoFrame:
    """Decode the first keyframe, and no more: the decoder is flushed rather than fed until it gives a frame."""
    for packet in container.demux(video):
        if not packet.is_keyframe or not packet.size:
            continue
        frames = video.codec_context.decode(packet) or video.codec_context.decode(None)
        if not frames or frames[0].is_corrupt:
            break
        return frames[0]
    raise ClipError(f"the clip {container.name} does not play: it has no whole frame", remedy=FETCH_AGAIN)


def _check_samples(container: InputContainer, video: VideoStream) -> None:
    """Hold the packets that are there against the index: a cut is found where the last box has no size of its own."""
    container.seek(0)
    whole = sum(1 for packet in container.demux(video) if packet.size and not packet.is_corrupt)
    if whole < video.frames:
        missing = video.frames - whole
        raise ClipError(f"the clip {container.name} is cut short: {missing} frames are missing", remedy=FETCH_AGAIN)
