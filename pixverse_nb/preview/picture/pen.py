"""A pen for figures: smooth shapes in units of the figure's height, drawn larger and shrunk, so that edges are soft."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .palette import mix, scaled
from .planes import VIDEO_MATRIX, Bytes, Plate, Triple, halved, yuv_of

Point = tuple[float, float]
_FINER, _FINE_ENOUGH = 3, 110  # drawn this many times larger; figures above this height (px) twice

_BLOCK = 64  # rows, even
_TINY = 4000  # px: leaves and petals, which are seen again and again
_CIRCLE, _DOT = ([(math.cos(math.tau * k / n), math.sin(math.tau * k / n)) for k in range(n)] for n in (28, 14))
_DOTS = 7  # px of the large drawing: up to this radius, fewer corners are round enough

Box = tuple[float, float, float, float]
"""Room around a figure's origin (its feet) in its heights: left, right, below, above."""


@dataclass(frozen=True)
class Tones:
    """The colours of one figure in the scene's light.

    Attributes
    ----------
    main : triple
        What the prompt's colour word colours: the dress, the coat of an animal, the paint of a car.
    dark, pale, skin, glow : triple
        Outlines and shadows, light parts, skin, and lamps or windows.
    hair : triple
        A person's.
    cut : int
        Which haircut and clothes, 0-3; 0 is what somebody wears who comes alone.
    """

    main: Triple
    dark: Triple
    pale: Triple
    skin: Triple
    glow: Triple
    hair: Triple = (0.14, 0.09, 0.06)
    cut: int = 0

    def shade(self, by: float) -> Triple:
        """The main colour, darker or lighter."""
        return scaled(self.main, by)


class Pen:
    """Draws one pose of one figure; x to the right, y up, the figure's height is 1."""

    def __init__(self, height: float, box: Box) -> None:
        left, right, low, high = box
        self.finer = finer = _FINER if height < _FINE_ENOUGH else 2
        self.scale = height * finer
        self.origin = (left * self.scale, high * self.scale)
        wide, tall = 2 * math.ceil((left + right) * height / 2), 2 * math.ceil((low + high) * height / 2)
        # Colours multiplied by their coverage, which is the fourth channel: what is shrunk or laid over must be so
        # anyway, and turning the large drawing into that is dear. "RGBa" would name it, but pasting knows better there.
        self.image = Image.new("RGBX", (max(wide, 4) * finer, max(tall, 4) * finer), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)
        self._even: list[list[Point]] = []

    def at(self, point: Point) -> Point:
        """A point in pixels of the large drawing."""
        return self.origin[0] + point[0] * self.scale, self.origin[1] - point[1] * self.scale

    def shape(self, points: Sequence[Point], colour: Triple, *, alpha: float = 1.0) -> None:
        """A filled polygon with straight edges."""
        (left, top), scale = self.origin, self.scale
        self.draw.polygon([(left + x * scale, top - y * scale) for x, y in points], fill=_ink(colour, alpha))

    def even(self, points: Sequence[Point], colour: Triple) -> None:
        """A filled polygon that shows no light along its edge and no shadow: a lamp, or rough dark rock."""
        self.shape(points, colour)
        self._even.append([self.at(p) for p in points])

    def smooth(self, points: Sequence[Point], colour: Triple) -> None:
        """A filled shape whose outline runs smoothly through the points."""
        self.shape(closed_curve(points), colour)

    def blob(
        self, centre: Point, rx: float, ry: float, colour: Triple, *, turn: float = 0.0, alpha: float = 1.0
    ) -> None:
        """An ellipse, turned by `turn` radians against the clock."""
        x, y = centre
        outline = _CIRCLE if max(rx, ry) * self.scale > _DOTS else _DOT
        if turn:
            c, s = math.cos(turn), math.sin(turn)
            points = [(x + c * rx * a - s * ry * b, y + s * rx * a + c * ry * b) for a, b in outline]
        else:
            points = [(x + rx * a, y + ry * b) for a, b in outline]
        self.shape(points, colour, alpha=alpha)

    def limb(self, points: Sequence[Point], thick: Sequence[float], colour: Triple) -> None:
        """A chain of tapering segments with round joints; `thick` is the width at each point."""
        for (ax, ay), (bx, by), wa, wb in zip(points, points[1:], thick, thick[1:], strict=False):
            away = math.hypot(bx - ax, by - ay) or 1.0
            nx, ny = -(by - ay) / away / 2, (bx - ax) / away / 2
            self.shape(
                [
                    (ax + nx * wa, ay + ny * wa),
                    (bx + nx * wb, by + ny * wb),
                    (bx - nx * wb, by - ny * wb),
                    (ax - nx * wa, ay - ny * wa),
                ],
                colour,
            )
        for (x, y), w in zip(points, thick, strict=True):
            self.blob((x, y), w / 2, w / 2, colour)

    def haze(
        self, points: Sequence[Point], thick: Sequence[float], colour: Triple, alpha: Sequence[float], *, soft: float
    ) -> None:
        """Steam, breath or glow: a chain of round puffs whose edges are blurred, laid over what is there.

        Parameters
        ----------
        points, thick, alpha : sequences
            Centre, width and coverage (0-1) of each puff; between two of them the chain tapers.
        soft : float
            How far the edge is blurred.
        """
        coarse = self.finer * 2  # it is soft: half the size of the finished figure will do
        spots = _strung([(*self.at(p), w * self.scale / 2, a) for p, w, a in zip(points, thick, alpha, strict=True)])
        edge = 2.5 * soft * self.scale
        left, top = (max(int(min(s[i] - s[2] for s in spots) - edge), 0) for i in (0, 1))
        right = min(int(max(x + r for x, _, r, _ in spots) + edge), self.image.width)
        low = min(int(max(y + r for _, y, r, _ in spots) + edge), self.image.height)
        if right - left < coarse or low - top < coarse:
            return
        mask = Image.new("L", (-(-(right - left) // coarse), -(-(low - top) // coarse)), 0)
        draw = ImageDraw.Draw(mask)
        for x, y, r, a in spots:
            draw.ellipse(
                [(v - r0 + k) / coarse for v, r0, k in ((x, left, -r), (y, top, -r), (x, left, r), (y, top, r))],
                fill=int(a * 255),
            )
        mask = mask.filter(ImageFilter.GaussianBlur(soft * self.scale / coarse))
        grown = mask.resize((right - left, low - top), Image.Resampling.BILINEAR)
        self.image.paste(_ink(colour, 1.0), (left, top, right, low), grown)

    def plate(self, *, flip: bool, rim: Triple, toward: float, strength: float) -> Plate:
        """The finished drawing, with light along the edge that looks at the sun.

        Parameters
        ----------
        flip : bool
            Whether it looks to the left.
        rim, toward, strength : triple, float, float
            Colour of the light, -1 or 1 for the side it comes from, and how strong it is (0-1).
        """
        grid = 2 * self.finer  # what is cut off keeps chroma and shrinking aligned
        left, top, right, low = self.image.getbbox() or (0, 0, grid, grid)
        left, top = max(left // grid - 1, 0) * grid, max(top // grid - 1, 0) * grid
        right = min((right // grid + 2) * grid, self.image.width)
        low = min((low // grid + 2) * grid, self.image.height)
        bands = self.image.reduce(self.finer, (left, top, right, low)).split()
        small = Image.merge("RGBa", bands).convert("RGBA")
        if flip:
            small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        x = (self.image.width - right if flip else left) // self.finer
        alpha = np.asarray(small.getchannel("A"))
        even = self._evened((left, top, right, low), flip=flip) if self._even else None
        planes = _shaded(small, alpha, even, rim, toward, strength, max(1, round(self.scale / self.finer * 0.012)))
        return Plate(planes, (alpha, halved(alpha)), x=x, y=top // self.finer, kept=alpha.size < _TINY)

    def _evened(self, box: tuple[int, int, int, int], *, flip: bool) -> Bytes:
        """How much of each pixel of the finished drawing is an `even` shape, 0-255, and one pixel around."""
        mask = Image.new("L", self.image.size, 0)
        draw = ImageDraw.Draw(mask)
        for points in self._even:
            draw.polygon(points, fill=255)
        small = mask.crop(box).reduce(self.finer).filter(ImageFilter.MaxFilter(3))
        return np.asarray(small.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else small)


def _shaded(
    image: Image.Image, alpha: Bytes, even: Bytes | None, rim: Triple, toward: float, strength: float, reach: int
) -> tuple[Bytes, Bytes, Bytes]:
    """The drawing as video planes, made round: darker away from the light, a bright edge toward it."""
    luma, u, v = (np.asarray(band) for band in image.convert("RGB").convert("RGB", VIDEO_MATRIX).split())
    (high, wide), side, room = alpha.shape, -reach if toward > 0 else reach, 3 * reach
    around = np.pad(alpha, room)
    behind = around[room - reach :, room - side :][:high, :wide]
    away = around[room + 2 * reach :, room + 3 * side :][:high, :wide]
    down = np.linspace(1.06, 0.84, high, dtype=np.float32)[:, None]
    y_rim, u_rim, v_rim = (float(value) for value in yuv_of(np.asarray(rim, np.float32)))
    lit, blue, red = np.empty_like(luma), u[0::2, 0::2].copy(), v[0::2, 0::2].copy()
    for top in range(0, high, _BLOCK):  # in pieces that stay in the processor's cache: the sums take half the time
        rows, half = np.s_[top : top + _BLOCK], np.s_[top // 2 : (top + _BLOCK) // 2]
        cover = alpha[rows]
        edge = (cover - np.minimum(cover, behind[rows])).astype(np.float32)
        edge *= 0.8 * strength / 255
        shadow = (cover - np.minimum(cover, away[rows])).astype(np.float32)
        shadow *= 0.30 / 255
        if even is not None:
            plain = 1 - even[rows].astype(np.float32) / 255
            edge *= plain
            shadow *= plain
        np.subtract(1, shadow, out=shadow)
        shadow *= down[rows]
        shadow -= edge * np.float32(0.5)
        shadow *= luma[rows].astype(np.float32) - np.float32(16)
        shadow += edge * np.float32(y_rim - 16)
        shadow += np.float32(16)
        np.clip(shadow, 16, 240, out=shadow)
        lit[rows] = shadow
        soft = edge[0::2, 0::2]
        for plane, target in ((blue[half], u_rim), (red[half], v_rim)):
            plane[...] = plane + (target - plane) * soft
    return lit, blue, red


def _strung(
    spots: Sequence[tuple[float, float, float, float]], pieces: int = 4
) -> list[tuple[float, float, float, float]]:
    """The spots (x, y, radius, coverage), and more in between each two."""
    strung = [
        (
            ax + (bx - ax) * n / pieces,
            ay + (by - ay) * n / pieces,
            ar + (br - ar) * n / pieces,
            aa + (ba - aa) * n / pieces,
        )
        for (ax, ay, ar, aa), (bx, by, br, ba) in itertools.pairwise(spots)
        for n in range(pieces)
    ]
    return [*strung, spots[-1]]


@lru_cache(maxsize=512)
def _ink(colour: Triple, alpha: float) -> tuple[int, int, int, int]:
    """A colour multiplied by its coverage, and the coverage, 0-255."""
    r, g, b = (int(min(max(c, 0.0), 1.0) * 255 * alpha) for c in colour)
    return r, g, b, int(alpha * 255)


_STEPS = 8  # of a curve, between two points
# How much of each of four neighbours there is at every step from the second to the third (Catmull-Rom).
_WEIGHTS = [
    ((2 * t * t - t - t**3) / 2, 1 + (3 * t**3 - 5 * t * t) / 2, (t + 4 * t * t - 3 * t**3) / 2, (t**3 - t * t) / 2)
    for t in (step / _STEPS for step in range(_STEPS))
]


def closed_curve(points: Sequence[Point]) -> list[Point]:
    """A closed curve that runs smoothly through the points."""
    before, after = (*points[-1:], *points[:-1]), (*points[1:], *points[:1])
    curve: list[Point] = []
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in zip(before, points, after, (*after[1:], *after[:1]), strict=True):
        curve += [(a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy) for a, b, c, d in _WEIGHTS]
    return curve


def reach_to(root: Point, angle: float, length: float) -> Point:
    """The point `length` away; angle 0 hangs down, positive swings forward."""
    return root[0] + math.sin(angle) * length, root[1] - math.cos(angle) * length


def darker(colour: Triple, by: float = 0.6) -> Triple:
    """A shadow tone of a colour."""
    return mix(scaled(colour, by), (0.02, 0.02, 0.06), 0.12)
