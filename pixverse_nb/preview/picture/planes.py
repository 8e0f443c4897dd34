"""Cheap pictures: uint8 YUV 4:2:0 planes, and the few operations that a frame is made of.

Everything that moves is drawn here with whole-array integer operations, because drawing and encoding share the time.
Colours are designed as sRGB floats (0-1) and become BT.709 video levels (luma 16-235) once, with dither, so that soft
gradients do not band.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint16]
Floats: TypeAlias = NDArray[np.float32]
Grid = TypeVar("Grid", Bytes, Words)
Triple: TypeAlias = tuple[float, float, float]
Area: TypeAlias = tuple[int, int, int, int, bool]
"""Left, top, right, bottom of a part of a plate, px, and whether it covers fully."""

_SMALL = 12_000  # px; smaller plates are drawn in one piece, larger ones by tiles that cover something
_MOST_RUNS = 5  # pieces of one row of tiles
_STRIP = 60_000  # px worked on at once

# BT.709, limited range: rows give Y, U, V from R, G, B in 0-1.
_TO_YUV = np.array([[46.559, 156.629, 15.812], [-25.664, -86.336, 112.0], [112.0, -101.730, -10.270]], dtype=np.float32)
_OFFSET = np.array([16.0, 128.0, 128.0], dtype=np.float32)

VIDEO_MATRIX = tuple(
    float(value) for row, offset in zip(_TO_YUV / 255, _OFFSET, strict=True) for value in (*row, offset)
)
"""The same for `Image.convert`: bytes in, bytes out, for drawings that need no dither."""


def yuv_of(rgb: Floats) -> Floats:
    """RGB floats (..., 3) in 0-1 as Y, U, V floats (..., 3) in video levels."""
    clipped = np.clip(rgb, 0.0, 1.0, dtype=np.float32)
    result: Floats = clipped @ _TO_YUV.T + _OFFSET
    return result


@lru_cache(maxsize=1)
def _dither_tile() -> Floats:
    """256 x 256 triangular noise of about one level, plus one half, so that truncation rounds."""
    rng = np.random.default_rng(20)
    tile: Floats = (rng.random((256, 256), dtype=np.float32) + rng.random((256, 256), dtype=np.float32)) * 0.9 - 0.4
    return tile


def dithered(plane: Floats) -> Bytes:
    """A float plane in levels as bytes, without banding."""
    height, width = plane.shape
    tile = _dither_tile()
    noise = np.tile(tile, (height // 256 + 1, width // 256 + 1))[:height, :width]
    noise += plane
    np.clip(noise, 1.0, 254.0, out=noise)
    return noise.astype(np.uint8)


def resized(plane: Floats, width: int, height: int) -> Floats:
    """A smooth float plane at another size (bicubic)."""
    grown = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.asarray(grown, dtype=np.float32)


@dataclass
class Frame:
    """The picture being drawn: three planes, the two chroma planes at half size, and room to work in."""

    width: int
    height: int
    y: Bytes = field(init=False)
    u: Bytes = field(init=False)
    v: Bytes = field(init=False)

    def __post_init__(self) -> None:
        self.y = np.full((self.height, self.width), 16, np.uint8)
        self.u = np.full((self.height // 2, self.width // 2), 128, np.uint8)
        self.v = self.u.copy()

    @property
    def planes(self) -> tuple[Bytes, Bytes, Bytes]:
        """Y, U and V."""
        return self.y, self.u, self.v


@dataclass
class Plate:
    """A painted layer, larger than the frame, that a frame shows a window of.

    Attributes
    ----------
    planes : tuple of uint8 arrays
        Y, U, V; chroma at half size.
    alpha : tuple of uint8 arrays or None
        0-255 coverage at luma size and at chroma size; None where the plate is solid.
    x, y : int
        Where its first pixel lies in the frame when the camera rests, in px; even, usually negative.
    depth : float
        How much of the camera's travel it follows: 0 at infinity, 1 at the subject.
    drift : float
        Own sideways speed, px per second.
    """

    planes: tuple[Bytes, Bytes, Bytes]
    alpha: tuple[Bytes, Bytes] | None = None
    x: int = 0
    y: int = 0
    depth: float = 0.0
    drift: float = 0.0
    areas: list[Area] = field(init=False)
    _mixes: dict[int, tuple[Words, Words]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        height, width = self.planes[0].shape
        self.areas = [(0, 0, width, height, True)] if self.alpha is None else _areas(self.alpha[0])

    def mixes(self, number: int) -> tuple[Words, Words] | None:
        """What is added (times 256) and what is left (of 256) of the picture below, for one plane; made once."""
        if self.alpha is None:
            return None
        if number not in self._mixes:
            cover = self.alpha[min(number, 1)].astype(np.uint16)
            cover += cover >> 7  # 0-256, so that full coverage is full
            self._mixes[number] = (self.planes[number] * cover + np.uint16(128), np.uint16(256) - cover)
        return self._mixes[number]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.planes[0].shape[1], self.planes[0].shape[0]


def _areas(alpha: Bytes) -> list[Area]:
    """Where a plate covers anything: rectangles of tiles, solid or mixed; most of many plates is empty air."""
    height, width = alpha.shape
    if width * height < _SMALL:
        return [(0, 0, width, height, False)]
    tile = max(32, 2 * (max(width, height) // 28))
    rows, columns = range(0, height, tile), range(0, width, tile)
    # A tile also looks two pixels further, for in between two pixels it shows a mix of both.
    kinds = [[_kind(alpha[max(r - 2, 0) : r + tile + 2, max(c - 2, 0) : c + tile + 2]) for c in columns] for r in rows]
    areas: list[Area] = []
    open_runs: dict[tuple[int, int, bool], int] = {}
    for number, row in enumerate([*kinds, [0] * len(columns)]):
        runs = _runs(row)
        for run in [run for run in open_runs if run not in runs]:
            x0, x1, solid = run
            top = open_runs.pop(run) * tile
            areas.append((x0 * tile, top, min(x1 * tile, width), min(number * tile, height), solid))
        for run in runs:
            open_runs.setdefault(run, number)
    return areas


def _kind(alpha: Bytes) -> int:
    """0 for empty, 1 for mixed, 2 for solid."""
    return 0 if alpha.max() == 0 else 2 if alpha.min() == 255 else 1


def _runs(row: list[int]) -> list[tuple[int, int, bool]]:
    """Neighbours of one kind that is not empty: (first, past the last, solid)."""
    runs: list[tuple[int, int, bool]] = []
    for at, kind in enumerate(row):
        if kind and runs and runs[-1][1] == at and runs[-1][2] == (kind == 2):
            runs[-1] = (runs[-1][0], at + 1, kind == 2)
        elif kind:
            runs.append((at, at + 1, kind == 2))
    if len(runs) > _MOST_RUNS:  # many small pieces cost more than the air between them
        return [(runs[0][0], runs[-1][1], False)]
    return runs


def painted(rgb: Floats, alpha: Floats | None = None, *, x: int = 0, y: int = 0, depth: float = 0.0) -> Plate:
    """A plate from RGB floats (h, w, 3) of even size and coverage (h, w) in 0-1."""
    yuv = yuv_of(rgb)
    chroma = (yuv[0::2, 0::2, 1:] + yuv[1::2, 0::2, 1:] + yuv[0::2, 1::2, 1:] + yuv[1::2, 1::2, 1:]) * 0.25
    planes = (dithered(yuv[..., 0]), dithered(chroma[..., 0]), dithered(chroma[..., 1]))
    return Plate(planes, None if alpha is None else coverage(alpha), x, y, depth)


def painted_softly(
    rgb: Floats, width: int, height: int, alpha: Floats | None = None, *, x: int = 0, y: int = 0, depth: float = 0.0
) -> Plate:
    """A plate from a small smooth RGB painting, grown to (width, height) before it is dithered."""
    yuv = yuv_of(rgb)
    planes = (
        dithered(resized(yuv[..., 0], width, height)),
        dithered(resized(yuv[..., 1], width // 2, height // 2)),
        dithered(resized(yuv[..., 2], width // 2, height // 2)),
    )
    grown = None if alpha is None else coverage(resized(alpha, width, height))
    return Plate(planes, grown, x, y, depth)


def coverage(alpha: Floats) -> tuple[Bytes, Bytes]:
    """Coverage in 0-1 as 0-255 at luma and at chroma size."""
    full = np.clip(alpha * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return full, halved(full)


def halved(alpha: Bytes) -> Bytes:
    """Coverage at luma size as coverage at chroma size."""
    wide = alpha.astype(np.uint16)
    half: Bytes = ((wide[0::2, 0::2] + wide[1::2, 0::2] + wide[0::2, 1::2] + wide[1::2, 1::2]) >> 2).astype(np.uint8)
    return half


def average(a: Grid, b: Grid) -> Grid:
    """The mean of two pictures, rounded down, without wider numbers."""
    mean: Grid = np.bitwise_xor(a, b)
    mean >>= 1
    mean += np.bitwise_and(a, b)
    return mean


def window(plane: Grid, x: int, y: int, width: int, height: int, half_x: bool, half_y: bool) -> Grid:  # noqa: PLR0917 - a window has this many numbers
    """The (height, width) window at (x, y), half a pixel further right or down if asked."""
    found = plane[y : y + height + half_y, x : x + width + half_x]
    if half_y:
        found = average(found[:-1], found[1:])
    if half_x:
        found = average(found[:, :-1], found[:, 1:])
    return found


def blend(under: Bytes, share: Words, rest: Words) -> None:
    """Lay a plate's `share` on `under` in place, of which `rest` / 256 is left."""
    mixed: Words = under * rest
    mixed += share
    mixed >>= 8
    np.copyto(under, mixed, casting="unsafe")


def lay(frame: Frame, plate: Plate, dx: float = 0.0, dy: float = 0.0) -> None:
    """Draw a plate, moved by (dx, dy) px from its place at rest, to half a pixel; it is clipped to the frame."""
    for number, part in enumerate((1, 2, 2)):
        mixes = plate.mixes(number)
        at = (round(-(plate.x + dx) / part * 2), round(-(plate.y + dy) / part * 2))
        for x0, y0, x1, y1, solid in plate.areas:
            area = (x0 // part, y0 // part, x1 // part, y1 // part)
            _lay_area(frame.planes[number], plate.planes[number], None if solid else mixes, area, at)


def _lay_area(
    under: Bytes, over: Bytes, mixes: tuple[Words, Words] | None, area: tuple[int, int, int, int], at: tuple[int, int]
) -> None:
    """Draw one rectangle of a plate's plane; `at` is where the frame's first pixel lies on the plate, in half px."""
    (x, half_x), (y, half_y) = (divmod(value, 2) for value in at)
    x0, x1 = max(area[0] - x, 0), min(area[2] - x, under.shape[1], over.shape[1] - half_x - x)
    y0, y1 = max(area[1] - y, 0), min(area[3] - y, under.shape[0], over.shape[0] - half_y - y)
    if x1 <= x0 or y1 <= y0:
        return
    # Strips that stay in the processor's cache.
    step = max(8, _STRIP // (x1 - x0))
    for top in range(y0, y1, step):
        low = min(top + step, y1)
        place = (x + x0, y + top, x1 - x0, low - top, bool(half_x), bool(half_y))
        if mixes is None:
            under[top:low, x0:x1] = window(over, *place)
        else:
            blend(under[top:low, x0:x1], window(mixes[0], *place), window(mixes[1], *place))


def zoomed(plane: Bytes, zoom: float, cx: float, cy: float, out: Bytes) -> None:
    """Enlarge a plane about the point (cx, cy), both 0-1, by `zoom` >= 1, bilinearly, into `out` of any size."""
    height, width = plane.shape
    rows = np.linspace(0, 1, out.shape[0]) * (height - 1) / zoom + (height - 1) * (1 - 1 / zoom) * cy
    columns = np.linspace(0, 1, out.shape[1]) * (width - 1) / zoom + (width - 1) * (1 - 1 / zoom) * cx
    r, c = np.minimum(rows.astype(np.intp), height - 2), np.minimum(columns.astype(np.intp), width - 2)
    fr = ((rows - r) * 16).astype(np.uint16)[:, None]
    fc = ((columns - c) * 16).astype(np.uint16)[None, :]
    rest = 16 - fc
    step = max(8, _STRIP // out.shape[1])
    for top in range(0, out.shape[0], step):
        part = slice(top, top + step)
        tall: Words = plane.take(r[part], axis=0) * (16 - fr[part])
        tall += plane.take(r[part] + 1, axis=0) * fr[part]
        tall >>= 4
        # Neighbours travel as one 16-bit word, so that the slow sideways gather happens once.
        tall[:, :-1] |= tall[:, 1:] << 8
        picked = tall.take(c, axis=1, mode="clip")
        mixed = picked & 255
        mixed *= rest
        picked >>= 8
        picked *= fc
        mixed += picked
        mixed += 8
        mixed >>= 4
        np.copyto(out[part], mixed, casting="unsafe")
