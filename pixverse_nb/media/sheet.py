"""Contact sheets that move: all clips at once in a grid, labelled; and animated WebP pictures for chats and slides.

A clip that ends before the others stands still on its last frame. There is no sound: which clip's would it be? Of each
clip one frame is held, so that the memory does not grow with the clips' length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixverse_nb.errors import ClipError

from .frames import _decodable, _upright  # the same way of decoding: what does not decode is passed over
from .lettering import shortened, write
from .probe import opened

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL.Image import Image

FPS = 24
"""Frames per second of a sheet: a clip's own frame at each moment."""

WEBP_BYTES = 3_000_000
"""How large an animated WebP may be."""

_WIDEST, _TALLEST = 1920, 1080  # px
_GROUND, _EMPTY = (22, 24, 28), (40, 43, 49)
_INK, _MUTED, _ACCENT = (232, 234, 237), (154, 160, 166), (150, 170, 255)
_SOON = 0.45  # of a frame's time: so much too early a frame is shown, rather than late

# Width (px; of a sheet 1.6 times that), frames per second and quality (0-100): the first that is small enough is taken.
_STEPS = (
    (640, 12, 75), (560, 12, 70), (480, 12, 65), (480, 10, 55), (400, 10, 50), (320, 10, 45), (280, 8, 40),
    (240, 8, 35), (200, 6, 30), (160, 5, 20), (128, 4, 10), (96, 3, 5),
)  # fmt: skip
_SHEET_WIDER = 1.6


@dataclass(frozen=True)
class Part:
    """One clip of a sheet.

    Attributes
    ----------
    path : Path
        The clip; one that is gone or does not play has its place, with a word.
    size : tuple of int
        Its width and height, px.
    letter, title, facts : str
        What stands below it: in the first line its letter and the title, in the second the facts.
    """

    path: Path
    size: tuple[int, int]
    letter: str = ""
    title: str = ""
    facts: str = ""


def sheet_mp4(target: Path, parts: Sequence[Part]) -> list[Part]:
    """Write a labelled sheet as an MP4 (H.264, at most 1920 x 1080, 24 frames per second, no sound).

    Returns
    -------
    list of Part
        The clips that could not be shown.

    Raises
    ------
    ClipError
        When none of the clips plays.
    OSError
        When the file cannot be written.
    """
    show = _Show(parts, _WIDEST, FPS)
    _encode(target, show.pictures(), show.size, FPS, "libx264", {"preset": "veryfast", "crf": "20"})
    return show.dark


def webp(target: Path, parts: Sequence[Part], *, most_bytes: int = WEBP_BYTES) -> list[Part]:
    """Write an animated WebP that loops: of one clip without its label, of several a sheet.

    Size, frame rate and quality go down until it is small enough: of one clip from 640 px and 12 frames per second.

    Returns, raises
        As `sheet_mp4`.
    """
    at = 0
    while True:
        width, fps, quality = _STEPS[at]
        show = _Show(parts, round(width * _SHEET_WIDER) if len(parts) > 1 else width, fps)
        options = {"quality": str(quality), "compression_level": "4", "loop": "0"}
        _encode(target, show.pictures(), show.size, fps, "libwebp_anim", options)
        size = target.stat().st_size
        if size <= most_bytes or at == len(_STEPS) - 1:
            return show.dark
        at = _next_step(at, most_bytes / size)


def _next_step(at: int, share: float) -> int:
    """The first step that promises to be small enough: bytes go with pixels and frames, and a little with quality."""

    def weight(step: tuple[int, int, int]) -> float:
        return float(step[0] ** 1.6 * step[1] * (step[2] + 20))

    for number in range(at + 1, len(_STEPS)):
        if weight(_STEPS[number]) <= weight(_STEPS[at]) * share:
            return number
    return len(_STEPS) - 1


# ---- the pictures --------------------------------------------------------------------------------------------------


class _Show:
    """The pictures of a sheet, one after the other.

    Parameters
    ----------
    parts : sequence of Part
        One or more clips.
    width : int
        Of the sheet, px, at most.
    fps : int
        Frames per second.
    """

    def __init__(self, parts: Sequence[Part], width: int, fps: int) -> None:
        self._parts = parts
        self._fps = fps
        self._plan = _Plan.of([part.size for part in parts], width, labels=len(parts) > 1)
        self.size = self._plan.size
        self.dark: list[Part] = []

    def pictures(self) -> Iterator[Image]:
        """Each moment's picture; the same object, drawn over."""
        tracks = [_Track(part.path, self._fps) for part in self._parts]
        try:
            self.dark = [part for part, track in zip(self._parts, tracks, strict=True) if track.is_dark]
            if len(self.dark) == len(tracks):
                words = (
                    "none of the clips plays" if len(tracks) > 1 else f"the clip {self._parts[0].path} does not play"
                )
                raise ClipError(words, remedy="See studio.history() for clips that are there.")
            canvas = self._ground()
            number = 0
            while number == 0 or any(not track.ended for track in tracks):
                for place, track in enumerate(tracks):
                    frame = track.at(number / self._fps)
                    if frame is not None:
                        self._paste(canvas, frame, place)
                yield canvas
                number += 1
        finally:
            for track in tracks:
                track.close()

    def _paste(self, canvas: Image, frame: VideoFrame, place: int) -> None:
        plan = self._plan
        turned = frame.rotation % 180 != 0
        across, down = (frame.height, frame.width) if turned else (frame.width, frame.height)
        wide, high = _fitted((across, down), plan.room)
        picture = _upright(frame, *((high, wide) if turned else (wide, high)))
        x, y = plan.corner(place)
        canvas.paste(picture, (x, y + plan.room[1] - high))  # above its label

    def _ground(self) -> Image:
        """The sheet without its clips: the labels, and a word where there is no clip."""
        from PIL import ImageDraw
        from PIL.Image import new

        canvas = new("RGB", self.size, _GROUND)
        draw = ImageDraw.Draw(canvas)
        plan = self._plan
        for place, part in enumerate(self._parts):
            x, y = plan.corner(place)
            if part in self.dark:
                draw.rectangle([x, y, x + plan.room[0] - 1, y + plan.room[1] - 1], fill=_EMPTY)
                words = shortened("no clip: its file is gone or does not play", plan.letters, plan.room[0] - 16)
                write(draw, (x + 8, y + (plan.room[1] + plan.letters) / 2), words, plan.letters, _MUTED)
            if plan.label:
                self._label(draw, part, x, y + plan.room[1])
        return canvas

    def _label(self, draw: Any, part: Part, x: int, y: int) -> None:
        size, room = self._plan.letters, self._plan.room[0]
        line = y + size * 1.4
        after = write(draw, (x, line), part.letter, size, _ACCENT) + size * 0.6
        write(draw, (after, line), shortened(part.title, size, x + room - after), size, _INK)
        facts = shortened(part.facts, size - 2, room)
        write(draw, (x, line + size * 1.35), facts, size - 2, _MUTED)


@dataclass(frozen=True)
class _Plan:
    """Where everything is; px."""

    columns: int
    room: tuple[int, int]  # for each picture
    gap: int
    label: int  # height of a label
    letters: int  # their size
    size: tuple[int, int]

    @classmethod
    def of(cls, sizes: Sequence[tuple[int, int]], width: int, *, labels: bool) -> _Plan:
        """The grid that gives the clips the most room."""
        if not labels:
            room = _even(_fitted(sizes[0], (width, round(width * _TALLEST / _WIDEST))))
            return cls(1, room, 0, 0, 0, room)
        height = round(width * _TALLEST / _WIDEST)
        letters = max(round(width * 0.0115), 11)
        gap, label = max(letters // 2, 8), round(letters * 3.3)
        shape = math.exp(sum(math.log(across / down) for across, down in sizes) / len(sizes))
        most = max(across for across, _ in sizes)

        def room_of(columns: int) -> tuple[int, int]:
            rows = -(-len(sizes) // columns)
            across = (width - gap * (columns + 1)) / columns
            down = (height - gap * (rows + 1)) / rows - label
            wide = max(min(across, down * shape, most), 16)
            return _even((int(wide), int(wide / shape)))

        columns = max(range(1, len(sizes) + 1), key=lambda columns: (room_of(columns)[0], -columns))
        room = room_of(columns)
        rows = -(-len(sizes) // columns)
        whole = (columns * (room[0] + gap) + gap, rows * (room[1] + label + gap) + gap)
        return cls(columns, room, gap, label, letters, _even(whole))

    def corner(self, place: int) -> tuple[int, int]:
        """The top left corner of a picture's room."""
        row, column = divmod(place, self.columns)
        across = self.gap + column * (self.room[0] + self.gap)
        return across, self.gap + row * (self.room[1] + self.label + self.gap)


class _Track:
    """A clip that is asked for its frame at one moment after the other; it never raises."""

    def __init__(self, path: Path, fps: int) -> None:
        self._soon = _SOON / fps
        self._frames = _timed(path)
        self._next = self._read()
        self.is_dark = self._next is None

    @property
    def ended(self) -> bool:
        """Whether its last frame was given."""
        return self._next is None

    def at(self, moment: float) -> VideoFrame | None:
        """The frame on screen at a moment, s; None while it is the one that was given before."""
        found = None
        while self._next is not None and self._next[0] <= moment + self._soon:
            found = self._next[1]
            self._next = self._read()
        return found

    def close(self) -> None:
        """Close the file."""
        self._frames.close()

    def _read(self) -> tuple[float, VideoFrame] | None:
        try:
            return next(self._frames, None)
        except ClipError:  # gone, or damaged from here on
            return None


def _timed(path: Path) -> Any:
    """The frames of a clip, with their moments from its start, s."""
    if not path.is_file():
        return
    with opened(path) as (container, video):
        first = None
        for frame in _decodable(container, video):
            first = (frame.time or 0.0) if first is None else first
            # The first one is shown at once, whatever the file says of its start.
            yield (frame.time or 0.0) - first, frame


def _fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """A picture's size in a room; it is not enlarged."""
    share = min(room[0] / size[0], room[1] / size[1], 1.0)
    return max(round(size[0] * share), 2), max(round(size[1] * share), 2)


def _even(size: tuple[int, int]) -> tuple[int, int]:
    return max(size[0] // 2 * 2, 16), max(size[1] // 2 * 2, 16)


# ---- the file ------------------------------------------------------------------------------------------------------


def _encode(
    target: Path, pictures: Iterator[Image], size: tuple[int, int], fps: int, codec: str, options: dict[str, str]
) -> None:
    """Write pictures as they come; what the disk refuses is an OSError."""
    import av

    kind = "mp4" if codec == "libx264" else "webp"
    flags = {"movflags": "+faststart"} if kind == "mp4" else {"loop": "0"}
    try:
        with av.open(str(target.absolute()), "w", format=kind, options=flags) as out:
            stream: Any = out.add_stream(codec, rate=fps)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.time_base = Fraction(1, fps)
            stream.options = options
            if kind == "mp4":
                context = stream.codec_context
                context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
                context.color_range = 1  # video levels
            for number, picture in enumerate(pictures):
                drawn: VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
                frame = drawn.reformat(format="yuv420p", dst_colorspace=_MATRIX[kind])
                frame.pts, frame.time_base = number, Fraction(1, fps)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


_MATRIX = {"mp4": "ITU709", "webp": "ITU601"}  # what players take each kind for
