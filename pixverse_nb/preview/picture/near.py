"""What stands close to the camera: grass, palms, the shore, framing branches, and the orbs of a dream."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from . import noise
from .camera import Pose
from .land import cut_out, flat_texture, rows_plate
from .palette import gradient, mix, scaled, turned
from .planes import Floats, Frame, Plate, Triple, lay, painted_softly
from .world import Still, World


@dataclass
class Swaying:
    """A plate that also moves in the wind."""

    plate: Plate
    across: float  # px
    rate: float  # swings per second
    down: float = 0.0  # px

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Lay it where camera and wind have put it."""
        dx, dy = pose.shift(self.plate.depth, frame.width, frame.height)
        angle = 2 * math.pi * self.rate * pose.seconds
        gust = math.sin(angle) + 0.4 * math.sin(angle * 2.3 + 1)
        lay(frame, self.plate, dx + gust * self.across, dy + math.sin(angle * 0.8 + 2) * self.down)


def _margins(world: World, depth: float, sway: float) -> tuple[int, int]:
    mx, my = world.reach(depth)
    return mx + 2 * math.ceil(sway), my


def grass(world: World, colour: Triple) -> Swaying:
    """Blades and seed heads along the bottom edge."""
    depth, sway = 1.25, world.unit * 0.006
    mx, my = _margins(world, depth, sway * 2)
    width = world.width + 2 * mx
    tall = world.unit * 0.17
    top = 2 * int((world.height - tall * 1.2) / 2) - my
    height = 2 * ((world.height + my - top) // 2)
    rng = world.dice("grass")

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        for _ in range(int(width / world.unit * 330)):
            x = float(rng.random()) * width
            size = tall * (0.25 + 0.75 * float(rng.random()) ** 2)
            lean = float(rng.normal()) * size * 0.25
            base = height * scale
            wide = world.unit * 0.0028 * scale
            points = [
                (x * scale - wide, base),
                (x * scale + wide, base),
                ((x + lean * 0.4) * scale + wide * 0.7, base - size * 0.6 * scale),
                ((x + lean) * scale, base - (my + size) * scale),
                ((x + lean * 0.4) * scale - wide * 0.5, base - size * 0.6 * scale),
            ]
            draw.polygon(points, fill=255)

    alpha = cut_out((width, height), paint)
    dark = scaled(world.lit(colour), 0.42)
    colours = gradient(
        [(0.0, mix(world.lit(colour), world.light.low, 0.25)), (0.5, dark), (1.0, scaled(dark, 0.6))],
        np.linspace(0, 1, height, dtype=np.float32),
    )
    texture = np.broadcast_to((rng.random(width, dtype=np.float32) - 0.5)[None, :] * 14, (height, width))
    return Swaying(rows_plate(colours, alpha, texture, x=-mx, y=top, depth=depth), sway, 0.35)


def shore(world: World, colour: Triple) -> Still:
    """Sand that meets the water in a slanted, foaming line."""
    depth = 0.7
    mx, my = world.reach(depth)
    width = world.width + 2 * mx
    top = int(world.height * 0.70) // 2 * 2 - my
    height = 2 * ((world.height + my - top) // 2)
    rng = world.dice("shore")
    across = np.arange(width, dtype=np.float32) / width
    line = world.height * (0.03 + 0.10 * across) + my + noise.line(rng, width, 3, octaves=3) * world.height * 0.05
    rows = np.arange(height, dtype=np.float32)[:, None]
    soft = world.unit * 0.012
    alpha = np.clip((rows - line[None, :]) / soft, 0, 1)
    lit = world.lit(colour)
    colours = gradient(
        [(0.0, mix(scaled(lit, 0.62), world.light.middle, 0.25)), (0.35, lit), (1.0, scaled(lit, 0.86))],
        np.linspace(0, 1, height, dtype=np.float32),
    )
    foam = np.exp(-(((rows - line[None, :] - soft * 0.8) / (soft * 0.8)) ** 2)) * (
        95 * (0.25 + 0.75 * world.light.level)
    )
    texture = flat_texture(rng, width, height) * 9 + foam
    return Still(rows_plate(colours, alpha, texture.astype(np.float32), x=-mx, y=top, depth=depth))


def palms(world: World, *, behind: bool = False) -> Swaying:
    """Two palms that lean in from the side; `behind` are those of a jungle, farther off on the other side."""
    depth, sway = 0.55 if behind else 1.15, world.unit * 0.006
    mx, my = _margins(world, depth, sway * 2)
    width, top = world.width + 2 * mx, -my
    height = world.height + 2 * my
    rng = world.dice("palms")
    left = (world.sun[0] > world.width / 2) != behind
    unit = world.unit * (0.80 if behind else 1.0)

    def paint(draw: ImageDraw.ImageDraw, s: float) -> None:
        for n in range(2):
            side = -1.0 if left else 1.0
            foot = (mx + (world.width * (0.03 if left else 0.97))) + side * -unit * 0.09 * n
            size = unit * (0.62 - 0.17 * n)
            lean = -side * unit * (0.13 + 0.06 * n)
            base = my + world.height * (0.80 if behind else 0.98)
            trunk = [(foot + lean * (k / 12) ** 1.6, base - size * k / 12) for k in range(13)]
            for k, ((ax, ay), (bx, by)) in enumerate(itertools.pairwise(trunk)):
                draw.line(
                    [ax * s, ay * s, bx * s, by * s], fill=255, width=max(1, int(unit * 0.024 * (1 - k / 26) * s))
                )
            for leaf in range(11):
                _frond(draw, trunk[-1], -0.35 + 3.8 * leaf / 10 + float(rng.normal()) * 0.12, unit * 0.30, s)

    alpha = cut_out((width, height), paint)
    dark = world.hazed(world.lit((0.12, 0.30, 0.14)), 0.16) if behind else scaled(world.lit((0.16, 0.24, 0.12)), 0.55)
    colours = np.broadcast_to(np.asarray(dark, np.float32), (height, 3))
    return Swaying(rows_plate(colours, alpha, None, x=-mx, y=top, depth=depth), sway, 0.22, sway * 0.4)


def _frond(draw: ImageDraw.ImageDraw, root: tuple[float, float], angle: float, size: float, s: float) -> None:
    """One palm leaf: a drooping rib with leaflets on both sides."""
    x, y = root
    rib = []
    for k in range(15):
        part = k / 14
        px = x + math.cos(angle) * size * part
        py = y - math.sin(angle) * size * part * 0.75 + size * 0.55 * part**2
        rib.append((px, py))
    for k, (px, py) in enumerate(rib[1:], 1):
        part = k / 14
        length = size * 0.24 * math.sin(math.pi * min(part * 0.9 + 0.1, 1)) + size * 0.03
        ax, ay = rib[k - 1]
        slope = math.atan2(py - ay, px - ax)
        for turn in (1.1, -1.1):
            tip = (px + math.cos(slope + turn) * length, py + math.sin(slope + turn) * length + length * 0.35)
            draw.polygon([(ax * s, ay * s), (px * s, py * s), (tip[0] * s, tip[1] * s)], fill=255)


def orbs(world: World, *, near: bool = False, astray: float) -> Swaying:
    """Glass spheres that float: large and few when near; `astray` is how far their hues differ, in turns."""
    depth = 0.9 if near else 0.35
    sway = world.unit * 0.010
    mx, my = _margins(world, depth, sway * 2)
    width, height = world.width + 2 * mx, world.height + 2 * my
    w, h = width // 2, height // 2
    rng = world.dice(f"orbs {near}")
    rgb = np.zeros((h, w, 3), np.float32)
    alpha = np.zeros((h, w), np.float32)
    for _ in range(int(rng.integers(2, 5)) if near else int(rng.integers(4, 9))):
        r = world.unit * (0.05 + 0.10 * rng.random()) * (0.55 if near else 0.28)
        x, y = rng.random() * w, (0.12 + 0.55 * rng.random()) * h
        _orb(
            rgb,
            alpha,
            (x, y, r),
            turned(mix(world.light.low, world.light.middle, float(rng.random())), float(rng.normal()) * astray),
        )
    plate = painted_softly(rgb, width, height, alpha, x=-mx, y=-my, depth=depth)
    return Swaying(plate, sway, 0.11, sway * 1.6)


def _orb(rgb: Floats, alpha: Floats, place: tuple[float, float, float], colour: Triple) -> None:
    """Paint one sphere: centre and radius in px."""
    x, y, r = place
    x0, y0 = max(int(x - r - 2), 0), max(int(y - r - 2), 0)
    part = np.s_[y0 : min(int(y + r + 3), rgb.shape[0]), x0 : min(int(x + r + 3), rgb.shape[1])]
    yy, xx = np.mgrid[part].astype(np.float32)
    away = np.hypot(xx - x, yy - y) / r
    light = np.clip(1.15 - np.hypot(xx - x + 0.4 * r, yy - y + 0.45 * r) / r, 0, 1)[..., None]
    rim = np.clip(away - 0.72, 0, 1)[..., None] * 1.5
    own = np.asarray(colour, np.float32) * (0.50 + 0.4 * rim) + light**2 * 0.55
    cover = np.clip((1 - away) * r * 0.8 + 0.5, 0, 1) * 0.92
    # Spheres behind this one are seen around it and through it. Where there is none, its colour also lies beyond its
    # edge, which therefore stays clean when the painting is enlarged.
    both = cover + alpha[part] * (1 - cover)
    share = np.where(alpha[part] > 0, cover / np.maximum(both, 1e-6), 1.0)[..., None]
    rgb[part] += (own - rgb[part]) * share
    alpha[part] = both
