"""A clip made small: low in resolution and rate, silent, for a page that many of them are put into."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .bare import disk_apart
from .frames import _decodable, _no_frame, _upright  # the same way of decoding: what does not decode is passed over
from .probe import opened

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_USUAL_FPS = 24.0
_OPTIONS = {"preset": "veryfast", "crf": "31", "threads": "1"}
_CLOCK = 90_000  # ticks a second


def miniature(path: Path, target: Path, *, width: int = 256, fps: float = 12.0, longest_s: float = 15.0) -> float:
    """Write a small silent MP4 of a clip; one pass, one frame in memory.

    Parameters
    ----------
    path : Path
        The clip.
    target : Path
        The MP4 file to write.
    width : int
        Its longer side, px, 16 or more; a smaller clip is not enlarged.
    fps : float
        About how many frames a second, above 0: every first, second, third, ... frame of the clip is taken.
    longest_s : float
        What comes later is left out, s.

    Returns
    -------
    float
        Frames a second that it has.

    Raises
    ------
    ClipError
        When the clip is missing or no frame can be decoded.
    OSError
        When the target cannot be written.
    """
    import av

    with disk_apart(), opened(path) as (container, video):
        rate = float(video.average_rate or video.guessed_rate or _USUAL_FPS)
        step = max(round(rate / fps), 1)
        shape = _shape(video, width)
        video.codec_context.options = {"skip_loop_filter": "all"}  # a third faster, and so small nobody sees it
        container.seek(0)
        first: float | None = None
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            stream: Any = None
            for number, frame in enumerate(_decodable(container, video)):
                moment = frame.time if frame.time is not None else number / rate
                first = moment if first is None else first
                if moment - first > longest_s:
                    break
                if number % step:
                    continue
                small = _small(frame, shape)
                if stream is None:
                    stream = _stream(out, small.width, small.height, rate / step)
                small.pts, small.time_base = round((moment - first) * _CLOCK), Fraction(1, _CLOCK)
                out.mux(stream.encode(small))
            if stream is None:
                raise _no_frame(path)
            out.mux(stream.encode())
    return rate / step


def _shape(video: VideoStream, width: int) -> tuple[int, int]:
    """Width and height before turning, px; even, as the encoder's chroma asks for."""
    share = min(1.0, width / max(video.width, video.height, 1))
    across, down = (max(round(side * share / 2) * 2, 16) for side in (video.width, video.height))
    return across, down


def _stream(out: Any, width: int, height: int, fps: float) -> Any:
    stream = out.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, _CLOCK)
    stream.codec_context.gop_size = max(round(fps), 1)  # somebody will scrub through it
    stream.codec_context.thread_count = 1
    stream.options = _OPTIONS
    return stream


def _small(frame: VideoFrame, shape: tuple[int, int]) -> VideoFrame:
    """A frame, small and upright."""
    from av.video.frame import VideoFrame

    if frame.rotation % 360:
        turned: VideoFrame = VideoFrame.from_image(_upright(frame, *shape))  # type: ignore[no-untyped-call]
        return turned
    return frame.reformat(width=shape[0], height=shape[1], format="yuv420p", interpolation="AREA")
