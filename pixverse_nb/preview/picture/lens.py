"""The lens: enlarges what was drawn to what is encoded, about a point, with the encoder library's own fast scaler."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from .planes import Bytes, Frame

_CENTRE = (0.5, 0.55)  # of the picture: what a zoom goes toward
_ROOM = 2  # px around what is seen
_SLACK = 64  # px by which an enlarged picture exceeds the clip's at most, its lines' padding included


@dataclass(frozen=True)
class Cut:
    """What the scaler, which knows whole pixels only, does along one axis.

    Attributes
    ----------
    start, length : int
        The part of the drawing that is enlarged, px, even.
    grown : int
        Its length afterwards, px.
    skip : int
        How much of that lies before the clip's first pixel, px, even.
    nudge : float
        How far the drawing must be moved, px, so that no fraction of a pixel is lost.
    """

    start: int
    length: int
    grown: int
    skip: int
    nudge: float


def cut(drawn: int, shown: int, zoom: float, centre: float) -> Cut:
    """How `drawn` px become `shown` px, enlarged by `zoom` (1 or more) about `centre` (0-1)."""
    scale = zoom * shown / drawn
    fixed = centre * drawn
    first, last = fixed - fixed / zoom, fixed + (drawn - fixed) / zoom
    start = max(0, int(first) // 2 * 2 - _ROOM)
    length = min(drawn, math.ceil(last / 2) * 2 + _ROOM) - start
    grown = max(round(length * scale), shown)
    real = grown / length
    wanted = (fixed - start) * real - centre * shown
    skip = min(max(2 * round(wanted / 2), 0), (grown - shown) // 2 * 2)
    return Cut(start, length, grown, skip, (skip - wanted) / real)


@dataclass
class Lens:
    """Shows a drawing of one size in another, zoomed.

    Attributes
    ----------
    drawn, shown : tuple of int
        Width and height of the drawing and of the clip, px, even.
    """

    drawn: tuple[int, int]
    shown: tuple[int, int]
    _scaler: VideoReformatter = field(init=False, default_factory=VideoReformatter)
    _shown: Frame | None = field(init=False, default=None)
    _room: Bytes | None = field(init=False, default=None)

    def cuts(self, zoom: float) -> tuple[Cut, Cut]:
        """Across and down; both must be nudged while drawing."""
        if zoom < 1.0005 and self.drawn == self.shown:
            return (Cut(0, self.drawn[0], self.shown[0], 0, 0.0), Cut(0, self.drawn[1], self.shown[1], 0, 0.0))
        across, down = (
            cut(drawn, shown, zoom, centre)
            for drawn, shown, centre in zip(self.drawn, self.shown, _CENTRE, strict=True)
        )
        return across, down

    def through(self, canvas: Frame, cuts: tuple[Cut, Cut]) -> Frame:
        """The canvas as the clip shows it; the canvas itself when there is nothing to enlarge."""
        across, down = cuts
        if (across.length, down.length) == (across.grown, down.grown) == self.shown:
            return canvas
        if self._shown is None:
            self._shown = Frame.black(*self.shown)
        # The scaler's pictures are new in every frame, and in a zoom of another size each time. What is kept from frame
        # to frame would settle between them, and the gaps that they leave would fit none of the next: memory would grow
        # with the clip. So their place is held while they are away, and none of them outlives its frame.
        self._room = None
        grown = self._grown(canvas, across, down)
        for kept, plane, part in zip(self._shown.planes, planes_of(grown), (1, 2, 2), strict=True):
            np.copyto(kept, plane[down.skip // part :, across.skip // part :][: kept.shape[0], : kept.shape[1]])
        del grown, plane
        self._room = self._held()
        return self._shown

    def _held(self) -> Bytes:
        """As much memory as the scaler wants for one frame, whatever the zoom; it is never touched."""
        (width, height), (wide, high) = self.drawn, self.shown
        return np.empty((width * height + (wide + _SLACK) * (high + _SLACK)) * 3 // 2, np.uint8)

    def _grown(self, canvas: Frame, across: Cut, down: Cut) -> VideoFrame:
        """The part of the canvas that is seen, enlarged."""
        source = VideoFrame(across.length, down.length, "yuv420p")
        for plane, target, part in zip(canvas.planes, planes_of(source), (1, 2, 2), strict=True):
            top, left = down.start // part, across.start // part
            target[...] = plane[top : top + target.shape[0], left : left + target.shape[1]]
        return self._scaler.reformat(
            source, across.grown, down.grown, interpolation=Interpolation.BICUBIC, **_threads()
        )


@lru_cache(maxsize=1)
def _threads() -> dict[str, Any]:
    """What keeps the scaler on the caller's own thread: spreading such small work costs more than the work."""
    alone: dict[str, Any] = {"threads": 1}
    try:
        VideoReformatter().reformat(VideoFrame(16, 16, "yuv420p"), 32, 32, **alone)
    except TypeError:  # an older PyAV: it has no such choice, and uses one thread
        return {}
    return alone


def planes_of(picture: VideoFrame) -> list[Bytes]:
    """The planes of an encoder's picture as arrays, to read and to write."""
    return [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]  # type: ignore[call-overload]
        for plane in picture.planes
    ]
