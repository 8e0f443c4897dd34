"""Cheap pictures: uint8 YUV 4:2:0 planes, and the few operations that a frame is made of.

Everything that moves is drawn here with whole-array integer operations, because drawing and encoding share the time.
Colours are designed as sRGB floats (0-1) and become BT.709 video levels (luma 16-235) once, with dither, so that soft
gradients do not band.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint16]
Floats: TypeAlias = NDArray[np.float32]
Triple: TypeAlias = tuple[float, float, float]
Area: TypeAlias = tuple[int, int, int, int, bool]
"""Left, top, right, bottom of a part of a plate, px, and whether it covers fully."""

_SMALL = 12_000  # px; smaller plates are drawn in one piece, larger ones by tiles that cover something
_MOST_RUNS = 4  # pieces of one row of tiles

BRIGHTEST = 238
"""Luma that light is added up to."""

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
    # Not `@`: it takes six times as long, and its library's own threads wait in a busy loop beside other clips.
    red, green, blue = (clipped[..., channel].copy() for channel in range(3))
    result: Floats = np.empty_like(clipped)
    for channel, (r, g, b) in enumerate(_TO_YUV):
        result[..., channel] = red * r + green * g + blue * b + _OFFSET[channel]
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


@dataclass(frozen=True)
class Frame:
    """The picture being drawn: luma, and both chroma planes (2, h / 2, w / 2), which are drawn at once."""

    y: Bytes
    uv: Bytes

    @classmethod
    def black(cls, width: int, height: int) -> Frame:
        """A canvas of an even size in px."""
        return cls(np.full((height, width), 16, np.uint8), np.full((2, height // 2, width // 2), 128, np.uint8))

    @property
    def u(self) -> Bytes:
        """Chroma toward blue."""
        plane: Bytes = self.uv[0]
        return plane

    @property
    def v(self) -> Bytes:
        """Chroma toward red."""
        plane: Bytes = self.uv[1]
        return plane

    @property
    def width(self) -> int:
        """Width in px."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Height in px."""
        return int(self.y.shape[0])

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
    kept : bool
        Whether what lies half a pixel further is kept for the next frames; not worth its memory for a pose that is
        seen for a few of them.
    """

    planes: tuple[Bytes, Bytes, Bytes]
    alpha: tuple[Bytes, Bytes] | None = None
    x: int = 0
    y: int = 0
    depth: float = 0.0
    drift: float = 0.0
    kept: bool = True
    uv: Bytes = field(init=False)
    areas: list[Area] = field(init=False)
    one_piece: bool = field(init=False)
    _pieces: dict[tuple[int, int, int, int], tuple[Bytes, ...]] = field(init=False, default_factory=dict)
    _mixes: dict[int, Bytes] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        height, width = self.planes[0].shape
        self.uv = np.stack(self.planes[1:])
        self.planes = (self.planes[0], self.uv[0], self.uv[1])
        if self.alpha is None or not self.kept:
            self.areas = [(0, 0, width, height, self.alpha is None)]
        else:
            self.areas = _areas(self.alpha[0])
        self.one_piece = self.areas == [(0, 0, width, height, self.alpha is None)]

    def piece(self, number: int, area: int, half_x: int, half_y: int) -> tuple[Bytes, ...]:
        """One area of luma (number 0) or chroma (1), half a pixel further right or down if asked (1, else 0).

        Returns
        -------
        tuple of arrays
            The picture itself where it is solid; else what is added, and what is left (of 256) of the picture below.
        """
        key = number, area, half_x, half_y
        found = self._pieces.get(key)
        if found is None:
            *box, solid = self.areas[area]
            x0, y0, x1, y1 = (side // 2 if number else side for side in box)
            cut = np.s_[..., y0 : y1 + half_y, x0 : x1 + half_x]
            grid = self.uv if number else self.planes[0]
            if solid or self.alpha is None:
                found = (_nudged(grid[cut], half_x, half_y),)
            elif self.kept:
                mixed = _mixed(grid[cut], self.alpha[number][cut])
                found = tuple(_nudged(grid, half_x, half_y) for grid in mixed)
            else:
                # What lies in between two pixels is made anew each time.
                both = _nudged(self._whole(number, self.alpha[number]), half_x, half_y)
                return both[:-1] if number else both[0], both[-1]
            self._pieces[key] = found
        return found

    def _whole(self, number: int, alpha: Bytes) -> Bytes:
        """Both parts of what `piece` gives of a plate that is one piece, in one array: they are nudged at once."""
        if number not in self._mixes:
            share, rest = _mixed(self.uv if number else self.planes[0], alpha)
            self._mixes[number] = np.concatenate([share.reshape(-1, *rest.shape), rest[None]])
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
    tile = max(32, 2 * (max(width, height) // 20))
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


def pasted(image: Image.Image, *, x: int = 0, y: int = 0, depth: float = 0.0) -> Plate:
    """A plate from a drawing in flat colours (RGBA, even size), which needs no dither."""
    alpha = np.asarray(image.getchannel("A"))
    return Plate(converted(image.convert("RGB")), (alpha, halved(alpha)), x, y, depth)


def converted(image: Image.Image) -> tuple[Bytes, Bytes, Bytes]:
    """An RGB picture of even size as video planes; for what has no soft gradients, or has a grain of its own."""
    luma, u, v = image.convert("RGB", VIDEO_MATRIX).split()
    return np.asarray(luma), np.asarray(u.reduce(2)), np.asarray(v.reduce(2))


def coverage(alpha: Floats) -> tuple[Bytes, Bytes]:
    """Coverage in 0-1 as 0-255 at luma and at chroma size."""
    full = np.clip(alpha * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return full, halved(full)


def halved(alpha: Bytes) -> Bytes:
    """Coverage at luma size as coverage at chroma size."""
    wide = alpha.astype(np.uint16)
    half: Bytes = ((wide[0::2, 0::2] + wide[1::2, 0::2] + wide[0::2, 1::2] + wide[1::2, 1::2]) >> 2).astype(np.uint8)
    return half


def average(a: Bytes, b: Bytes, out: Bytes | None = None) -> Bytes:
    """The mean of two pictures, rounded down, without wider numbers; written to `out` if given."""
    mean = np.bitwise_xor(a, b, out=out)
    np.right_shift(mean, 1, out=mean)
    np.add(mean, np.bitwise_and(a, b), out=mean)
    return mean


def _mixed(over: Bytes, alpha: Bytes) -> tuple[Bytes, Bytes]:
    """What `over` (one plane or two) adds, and what it leaves (of 256) of the picture below, as `blend` wants them.

    Bytes, although they round more than wider numbers would: a frame reads so many plates that fetching them from
    memory takes longer than the sums.
    """
    rest = np.bitwise_not(alpha)
    share = over.astype(np.uint16)
    share *= alpha
    # `blend` cuts off the fraction of what it keeps, half a level on average, and divides by 256: that is given back
    # here, so that layers do not darken each other. No coverage changes nothing, and full coverage is exact.
    share += np.uint16(127)
    share += np.minimum(rest, 1) * np.uint8(120)
    share += rest >> 1
    share //= np.uint16(255)
    return share.astype(np.uint8), rest


def _nudged(grid: Bytes, half_x: int, half_y: int) -> Bytes:
    """A picture (one plane or more) seen half a pixel further right or down: one column or row fewer."""
    if half_y:
        grid = average(grid[..., :-1, :], grid[..., 1:, :])
    if half_x and grid.flags.c_contiguous:
        # In one long row, whose ends mix with the next row's beginnings and are left out: rows cost more than pixels.
        flat = grid.reshape(-1)
        mean = np.empty_like(grid)
        average(flat[:-1], flat[1:], out=mean.reshape(-1)[:-1])
        grid = mean[..., :-1]
    elif half_x:
        grid = average(grid[..., :-1], grid[..., 1:])
    return grid


def blend(under: Bytes, share: Bytes, rest: Bytes) -> None:
    """Lay a plate's `share` on `under` in place, of which `rest` / 256 is left."""
    kept = np.multiply(under, rest, dtype=np.uint16)
    kept >>= 8
    np.add(kept, share, out=under, casting="unsafe")


def lay(frame: Frame, plate: Plate, dx: float = 0.0, dy: float = 0.0) -> None:
    """Draw a plate, moved by (dx, dy) px from its place at rest, to half a pixel; it is clipped to the frame."""
    right, down = -2 * (plate.x + dx), -2 * (plate.y + dy)
    for number, under in enumerate((frame.y, frame.uv)):
        part = number + 1
        # Where the frame's first pixel lies on the plate, in halves of a pixel.
        x, y = round(right / part), round(down / part)
        if plate.one_piece:  # a frame may hold hundreds of these, and steps in between take longer than their pixels
            _put(under, plate.piece(number, 0, x & 1, y & 1), -(x >> 1), -(y >> 1))
            continue
        high, wide = under.shape[-2:]
        for area, (left, top, past, low, _) in enumerate(plate.areas):
            ax, ay = left // part - (x >> 1), top // part - (y >> 1)
            if ax < wide and ay < high and past // part > x >> 1 and low // part > y >> 1:
                _put(under, plate.piece(number, area, x & 1, y & 1), ax, ay)


def _put(under: Bytes, piece: tuple[Bytes, ...], left: int, top: int) -> None:
    """Draw what `Plate.piece` gave at (left, top), px; it is clipped to the planes."""
    high, wide = under.shape[-2:]
    rows, columns = piece[0].shape[-2:]
    right, low = left + columns, top + rows
    if left < 0 or top < 0 or right > wide or low > high:
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, wide), min(low, high)
        if x1 <= x0 or y1 <= y0:
            return
        piece = tuple(part[..., y0 - top : y1 - top, x0 - left : x1 - left] for part in piece)
        left, top, right, low = x0, y0, x1, y1
    target = under[..., top:low, left:right]
    if len(piece) == 1:
        target[...] = piece[0]
    else:
        blend(target, piece[0], piece[1])


def brighten(luma: Bytes, light: Bytes | np.uint8, room: Bytes | np.uint8) -> None:
    """Add light (0-238) to luma in place, never past white; `room` is 238 less the light."""
    np.minimum(luma, room, out=luma)
    np.add(luma, light, out=luma)
