"""Pictures out of a clip: a poster, and the last frame that another clip can start from."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixverse_nb.errors import ClipError

from .boxes import FETCH_AGAIN, REPLACE
from .probe import duration_of, opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image

_POSTER_QUALITY = 80  # JPEG
_LAST_FRAMES, _LAST_S = (
    4,
    0.2,
)  # how far a clip's told end may lie behind its last frame
_TAIL_S = 1.0  # before this much of its end, a clip's frames are decoded only as far as others need them
_BUDGET_PX = 12 * 1280 * 720  # what is decoded for a poster: 12 frames at 720p take 30 to 70 ms
_FEWEST, _STEP = 12, 4  # frames that are decoded whatever their size; and between two looks for one that is not dark
_DARK = 20  # mean grey, 0 to 255
_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
_HD_LINES = 720


def poster(path: Path, *, width: int = 640, at: float = 0.4) -> bytes:
    """Make a still of a clip.

    Parameters
    ----------
    path : Path
        The clip.
    width : int
        Width in pixels, 1 or more; a narrower clip is not enlarged. The height follows.
    at : float
        Which moment, as a share of the length, 0 to 1. Where it is far behind a keyframe, an earlier one is shown: a
        frame stands on all before it. At 720p it is 12 frames behind the keyframe, or up to 36 while they are dark.

    Returns
    -------
    bytes
        A JPEG.

    Raises
    ------
    ClipError
        When the clip is missing or no frame can be decoded.
    """
    with opened(path) as (container, video):
        frame = _frame_at(container, video, min(max(at, 0.0), 1.0))
        turned = frame.rotation % 180 != 0
        share = min(1.0, max(1, width) / (frame.height if turned else frame.width))
        picture = _upright(frame, max(1, round(frame.width * share)), max(1, round(frame.height * share)))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_POSTER_QUALITY)
    return out.getvalue()


def shrink(jpeg: bytes, height: int) -> bytes:
    """A still made smaller, as a JPEG `height` px high."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as image:
        image.draft("RGB", (2 * height, height))
        small = image.resize((max(round(image.width * height / image.height), 1), height))
    out = io.BytesIO()
    small.convert("RGB").save(out, "JPEG", quality=75)
    return out.getvalue()


def last_frame(path: Path) -> Image:
    """Give the last frame, upright, as an RGB picture of the clip's full size.

    Raises
    ------
    ClipError
        When the clip is missing, or its end cannot be decoded: what went on from an earlier frame would be paid for.
    """
    try:
        return _last_frame(path)
    except ClipError as error:
        error.remedy = REPLACE
        raise


def _last_frame(path: Path) -> Image:
    with opened(path) as (container, video):
        last = None
        if video.duration and video.time_base:
            end = (video.start_time or 0) + video.duration
            tail = float(end * video.time_base) - _TAIL_S
            container.seek(end, stream=video)
            last = _last(_decodable(container, video, tail))
            if last is not None and (last.time or 0.0) < tail:
                last = None  # the tail does not decode, and frames before it were passed over
        if last is None:  # also when there is no index to seek by, or nothing whole behind its last keyframe
            container.seek(0)
            last = _last(_decodable(container, video))
        if last is None:
            raise _no_frame(path)
        missing = _end_of(video) - (last.time or 0.0)
        if missing > max(_LAST_FRAMES / float(video.average_rate or 1), _LAST_S):
            raise ClipError(f"the clip {path} is damaged: its last {missing:.1f} s cannot be decoded")
        return _upright(last, last.width, last.height)


def _end_of(video: VideoStream) -> float:
    """When its picture ends, s; 0 where the file does not say."""
    if not video.duration or not video.time_base:
        return 0.0
    return float(((video.start_time or 0) + video.duration) * video.time_base)


def _frame_at(container: InputContainer, video: VideoStream, at: float) -> VideoFrame:
    """Give the frame on screen at a share of the length, or as near to it as decoding may go.

    Seek to the keyframe before, and decode up to it.
    """
    base = float(video.time_base or 1)
    start = (video.start_time or 0) * base
    target = start + at * duration_of(container, video)
    most = max(_BUDGET_PX // max(video.width * video.height, 1), _FEWEST)
    container.seek(int(target / base), stream=video)
    last = None
    for number, frame in enumerate(_decodable(container, video, target), 1):
        if last is not None and frame.time is not None and frame.time > target:
            break
        last = frame
        over = number - most
        if over >= 2 * most or (over >= 0 and over % _STEP == 0 and not _is_dark(frame)):
            break
    if last is None:
        raise _no_frame(Path(container.name))
    return last


def _is_dark(frame: VideoFrame) -> bool:
    """Whether it is black, or not far from it: clips begin so that are faded in."""
    return bool(frame.reformat(width=32, height=18, format="gray", interpolation="AREA").to_ndarray().mean() < _DARK)


def _decodable(container: InputContainer, video: VideoStream, target: float | None = None) -> Iterator[VideoFrame]:
    """Give the frames from here on; packets that do not decode are passed over.

    Frames that end before `target` (s) and that no other frame is built on are not even decoded: with B-frames, about
    half of them are such.
    """
    import av

    video.codec_context.skip_frame = "DEFAULT"
    for packet in container.demux(video):
        if target is not None and packet.pts is not None:
            over = float((packet.pts + (packet.duration or 0)) * packet.time_base) <= target
            video.codec_context.skip_frame = "NONREF" if over else "DEFAULT"
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def _last(frames: Iterator[VideoFrame]) -> VideoFrame | None:
    last = None
    for frame in frames:
        last = frame  # only one is held: a frame at 1080p is 3 MB
    return last


def _upright(frame: VideoFrame, width: int, height: int) -> Image:
    """Convert a frame to RGB at `width` x `height` (before turning), and turn it as the file says."""
    options: dict[str, Any] = {"width": width, "height": height}
    if (width, height) != (frame.width, frame.height):
        options["interpolation"] = "AREA"
    if frame.colorspace == _UNSPECIFIED and min(frame.width, frame.height) >= _HD_LINES:
        # Browsers take HD video that does not say its matrix for BT.709, FFmpeg for BT.601, whose greens differ.
        options["src_colorspace"] = "ITU709"
    picture: Image = frame.to_image(**options)  # type: ignore[no-untyped-call]
    # The display matrix counts counter-clockwise, as Pillow's rotate does.
    return picture.rotate(frame.rotation, expand=True) if frame.rotation % 360 else picture


def _no_frame(path: Path) -> ClipError:
    return ClipError(f"the clip {path} does not play: none of its frames can be decoded", remedy=FETCH_AGAIN)
