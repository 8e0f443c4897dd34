"""A filmstrip: frames of a clip from its start to its end, side by side in one small picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from .frames import _decodable, _no_frame, _upright  # the same way of decoding: what does not decode is passed over
from .probe import duration_of, opened

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL.Image import Image

_QUALITY = 70  # JPEG
_MOST_WIDE = 4.0  # of a frame, as a multiple of its height


def filmstrip(path: Path, *, frames: int = 12, height: int = 44) -> bytes:
    """Make a filmstrip: one pass over the clip, which costs less than a seek for each frame.

    Parameters
    ----------
    path : Path
        The clip.
    frames : int
        How many, 1-60; each is the one in the middle of its part of the length.
    height : int
        Of the strip, px, 8 or more; the width follows from the clip's shape.

    Returns
    -------
    bytes
        A JPEG.

    Raises
    ------
    ClipError
        When the clip is missing or no frame can be decoded.
    """
    from PIL.Image import new

    cells: list[Image] = []
    last = None
    with opened(path) as (container, video):
        length = duration_of(container, video)
        start = float((video.start_time or 0) * (video.time_base or 1))
        container.seek(0)
        for last in _decodable(container, video, start + length * 0.5 / frames):
            due = _due((last.time or 0.0) - start, length, frames) - len(cells)
            if due > 0:
                cells += [_cell(last, height)] * due
            if len(cells) >= frames:
                break
        if last is None:
            raise _no_frame(path)
        cells += (cells[-1:] or [_cell(last, height)]) * (frames - len(cells))
    wide = cells[0].width
    strip = new("RGB", (wide * frames, height))
    for number, cell in enumerate(cells):
        strip.paste(cell, (number * wide, 0))
    out = io.BytesIO()
    strip.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _due(moment: float, length: float, frames: int) -> int:
    """How many places of the strip a moment has reached: the middle of each is where its frame stands."""
    return min(int(moment / length * frames + 0.5 + 1e-6), frames) if length > 0 else frames


def _cell(frame: VideoFrame, height: int) -> Image:
    turned = frame.rotation % 180 != 0
    across, down = (frame.height, frame.width) if turned else (frame.width, frame.height)
    wide = max(round(height * min(across / down, _MOST_WIDE)), 4)
    return _upright(frame, *((height, wide) if turned else (wide, height)))
