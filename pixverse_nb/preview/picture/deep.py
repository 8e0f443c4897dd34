"""Places without a horizon: space, the deep sea, and the studio of a product shot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import noise
from .camera import Pose
from .land import ridge, rows_plate
from .palette import gradient, mix, turned
from .planes import (
    BRIGHTEST,
    Bytes,
    Floats,
    Frame,
    Plate,
    Triple,
    brighten,
    dithered,
    painted,
    painted_softly,
    resized,
    yuv_of,
)
from .sky import canvas
from .words import tokens
from .world import Item, Still, World

_RINGED = frozenset(["saturn", "ring", "rings", "ringed"])
_RINGS = (1.28, 2.25)  # radii of the planet, from the inner edge to the outer one
_FLAT, _LEAN = 0.27, 0.36  # how narrow the rings look, and how far they lean


def space(world: World) -> list[Item]:
    """Nebula, stars in three depths, and a planet with its lit limb."""
    mx, my, width, height = canvas(world, 0.03)
    w, h = width // 4, height // 4
    rng = world.dice("nebula")
    hue = float(rng.random())
    first = turned((0.55, 0.16, 0.42), hue)
    second = turned((0.10, 0.30, 0.62), hue * 0.5)
    if world.scene.tint is not None:
        first, second = world.scene.tint, mix(world.scene.tint, second, 0.5)
    cloud = noise.smoothstep(0.44, 0.78, noise.field(rng, w, h, 2.5, octaves=6))
    other = noise.smoothstep(0.46, 0.80, noise.field(rng, w, h, 3.0, octaves=6))
    dark = noise.field(rng, w, h, 5, octaves=5)
    rgb = np.full((h, w, 3), (0.012, 0.014, 0.035), np.float32)
    rgb += cloud[..., None] * np.asarray(first, np.float32) * 0.75
    rgb += other[..., None] * np.asarray(second, np.float32) * 0.75
    rgb += (cloud * other)[..., None] * np.asarray((1.0, 0.85, 0.75), np.float32) * 0.5
    rgb *= (0.45 + 0.9 * dark)[..., None]
    backdrop = painted_softly(rgb, width, height, x=-mx, y=-my, depth=0.03)
    _sprinkle(backdrop, rng, 900, world.unit)
    return [Still(backdrop), Still(_planet(world))]


def _sprinkle(plate: Plate, rng: np.random.Generator, count: int, unit: float) -> None:
    """Stars: many faint, a few bright with a soft cross."""
    luma = plate.planes[0]
    x, y = rng.integers(6, luma.shape[1] - 7, count), rng.integers(6, luma.shape[0] - 7, count)
    bright = 45 + 170 * rng.random(count) ** 4
    size = max(1, round(unit / 540))
    for ox in range(size):
        for oy in range(size):
            luma[y + oy, x + ox] = np.maximum(luma[y + oy, x + ox], bright.astype(np.uint8))
    big = bright > 130
    for reach in range(1, 4):
        for ox, oy in ((-reach, 0), (reach, 0), (0, -reach), (0, reach)):
            at = (y[big] + oy, x[big] + ox)
            luma[at] = np.maximum(luma[at], (bright[big] * 0.55 / reach).astype(np.uint8))


def _planet(world: World) -> Plate:
    """A banded world with an atmosphere, lit from one side; with rings when the words speak of them."""
    rng = world.dice("planet")
    ringed = not _RINGED.isdisjoint(tokens(world.shot.prompt))
    radius = world.unit * (0.24 + 0.20 * float(rng.random())) * (0.62 if ringed else 1.0)
    aside = 0.14 if ringed else 0.28  # of the width, from the middle: rings want room
    cx = world.width * (0.5 - aside if rng.random() < 0.5 else 0.5 + aside)
    cy = world.height * (0.30 + 0.35 * float(rng.random()))
    size = 2 * int(radius * (_RINGS[1] * 1.04 if ringed else 1.25))
    yy, xx = np.mgrid[0:size, 0:size].astype(np.float32)
    nx, ny = (xx - size / 2) / radius, (yy - size / 2) / radius
    away = np.hypot(nx, ny)
    nz = np.sqrt(np.clip(1 - away**2, 0, 1))
    lamp = np.clip((nx * (-0.7 if cx > world.width / 2 else 0.7) - 0.45 * ny + 0.45 * nz), 0, 1)
    tile = noise.field(rng, size, size, 3, octaves=5, stretch=3.0)
    # The painting is wrapped round the ball: columns by longitude, rows by height.
    longitude = np.arcsin(np.clip(nx / np.sqrt(np.clip(1 - ny**2, 0.01, 1)), -1, 1)) / 3.2 + 0.5
    row = np.clip((ny * 0.8 + 1) * size / 2, 0, size - 1).astype(np.intp)
    bands = tile[row, np.clip(longitude * size, 0, size - 1).astype(np.intp)]
    base = turned((0.75, 0.52, 0.34), float(rng.random()) * (0.04 if ringed else 1.0), 0.9)
    if world.scene.tint is not None:
        base = world.scene.tint
    rgb = gradient(
        [(0.25, mix(base, (0.08, 0.06, 0.10), 0.5)), (0.5, base), (0.75, mix(base, (1.0, 0.96, 0.9), 0.6))], bands
    )
    rgb *= (0.03 + 1.05 * lamp**0.8)[..., None]
    air = np.exp(-np.abs(away - 1.0) * 16) * (0.1 + 0.9 * lamp)
    rgb += air[..., None] * np.asarray(mix((0.45, 0.70, 1.0), base, 0.25), np.float32) * 0.8
    body = np.clip((1 - away) * radius + 0.5, 0, 1)
    alpha = np.maximum(body, np.where(away > 1, np.exp(-(away - 1) * 16) * 0.7, 0) * np.clip(lamp * 2 + 0.15, 0, 1))
    if ringed:
        lean = _LEAN if cx > world.width / 2 else -_LEAN
        rgb, alpha = _with_rings(rgb, alpha, (nx, ny), lean, base)
    x, y = 2 * int((cx - size / 2) / 2), 2 * int((cy - size / 2) / 2)
    return painted(rgb.astype(np.float32), alpha.astype(np.float32), x=x, y=y, depth=0.14)


def _with_rings(
    rgb: Floats, alpha: Floats, place: tuple[Floats, Floats], lean: float, colour: Triple
) -> tuple[Floats, Floats]:
    """A planet's picture with its rings, behind it above and before it below; `place` in its radii from its middle."""
    nx, ny = place
    along, across = nx * np.cos(lean) + ny * np.sin(lean), ny * np.cos(lean) - nx * np.sin(lean)
    away = np.hypot(along, across / _FLAT)
    low, high = _RINGS
    line = noise.line(np.random.default_rng(6), 512, 26, octaves=4)
    grain = line[np.clip((away - low) / (high - low) * 511, 0, 511).astype(np.intp)]
    cover = noise.smoothstep(low, low + 0.08, away) * noise.smoothstep(high, high - 0.06, away)
    cover = cover * (0.35 + 0.65 * grain) * (1 - 0.85 * np.exp(-(((away - 1.86) / 0.035) ** 2)))  # and the gap in them
    cover = np.where((across < 0) & (np.hypot(nx, ny) < 1), 0.0, cover)
    bright = (0.55 + 0.55 * grain) * np.where(across < 0, 0.80, 1.0)
    own = np.asarray(mix(colour, (1.0, 0.95, 0.86), 0.55), np.float32) * bright[..., None]
    both = cover + alpha * (1 - cover)
    share = (cover / np.maximum(both, 1e-6))[..., None]
    return (rgb + (own - rgb) * share).astype(np.float32), both.astype(np.float32)


@dataclass
class Rays:
    """Shafts of light from the surface: two painted fans that cross, brightening the luma."""

    first: Bytes
    second: Bytes
    rate: float

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Slide the fans over each other."""
        swing = (self.first.shape[1] - frame.width) / 2
        at = swing * (1 + np.sin(pose.seconds * self.rate)), swing * (1 - np.sin(pose.seconds * self.rate * 0.7 + 1))
        a, b = (fan[:, int(x) : int(x) + frame.width] for fan, x in zip((self.first, self.second), at, strict=True))
        light = np.minimum(a, b)
        brighten(frame.y, light, np.uint8(BRIGHTEST) - light)


def rays(world: World, strength: float, *, lean: float = 0.35) -> Rays:
    """Light shafts that fade downward; `strength` in luma levels."""
    fans = []
    width, height = world.width + 2 * int(world.unit * 0.06), world.height
    for n in range(2):
        rng = world.dice(f"rays {n}")
        profile = noise.line(rng, width * 2, 18 * width / world.width, octaves=3)
        profile = noise.smoothstep(0.42, 0.75, profile)
        rows = np.arange(0, height, 4, dtype=np.float32)
        columns = np.arange(0, width, 4, dtype=np.float32)
        spread = 1.0 + rows[:, None] / height * 0.7
        at = (columns[None, :] - width * 0.5) / spread + width - rows[:, None] * lean
        coarse = (
            profile[np.clip(at, 0, width * 2 - 1).astype(np.intp)]
            * (1 - rows[:, None] / height) ** 1.3
            * strength
            * 1.4
        )

        fans.append(np.clip(dithered(resized(coarse.astype(np.float32), width, height)), 1, 120) - 1)
    return Rays(fans[0], fans[1], 0.5)


def underwater(world: World) -> list[Item]:
    """Blue that deepens, light from above, reefs in the haze."""
    light = world.light
    surface = mix((0.30, 0.78, 0.86), light.low, 0.15 if not light.night else 0.0)
    body: Triple = (0.03, 0.38, 0.55)
    floor: Triple = (0.01, 0.09, 0.20)
    if world.scene.tint is not None:
        body = mix(body, world.scene.tint, 0.4)
    if light.night:
        surface, body, floor = (0.05, 0.22, 0.40), (0.015, 0.08, 0.20), (0.005, 0.02, 0.07)
    mx, my, width, height = canvas(world, 0.02)
    at = np.linspace(0, 1, height, dtype=np.float32)
    colours = gradient([(0.0, surface), (0.30, body), (1.0, floor)], at)
    glow = (
        np.exp(-(((np.arange(width) - width / 2) / (0.35 * world.width)) ** 2))[None, :]
        * np.exp(-at[:, None] * 3.5)
        * 36
    )
    items: list[Item] = [
        Still(rows_plate(colours, None, glow.astype(np.float32), x=-mx, y=-my, depth=0.02)),
        rays(world, 46),
    ]
    for n, (share, base, rise) in enumerate(((0.25, 0.90, 0.20), (0.5, 0.97, 0.20), (0.8, 1.06, 0.20))):
        colour = mix(mix(body, floor, 0.3 + 0.5 * share), (0.02, 0.05, 0.09), 0.35 + 0.4 * share)
        reef = ridge(
            world,
            f"reef {n}",
            base=base,
            rise=rise,
            cells=3.5 + n,
            colour=colour,
            distance=0.0,
            depth=0.2 + 0.4 * n,
            roughness=0.62,
        )
        _flatten(reef, colour)
        items.append(Still(reef))
    return items


def _flatten(plate: Plate, colour: Triple) -> None:
    """Give a ridge one colour of its own: in water there is no haze of the sky."""
    y, u, v = yuv_of(np.asarray(colour, np.float32))
    luma = plate.planes[0]
    luma[:] = np.clip(luma.astype(np.float32) - float(luma.mean()) + float(y), 17, 235).astype(np.uint8)
    plate.planes[1][:] = int(u)
    plate.planes[2][:] = int(v)


def studio(world: World) -> list[Item]:
    """A seamless sweep of paper with a pool of light."""
    base = world.scene.tint or mix(world.light.middle, (0.5, 0.5, 0.55), 0.5)
    mx, my, width, height = canvas(world, 0.1)
    w, h = width // 4, height // 4
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    pool = np.exp(-((xx / w - 0.5) ** 2 / 0.06 + (yy / h - 0.42) ** 2 / 0.10))
    table = np.exp(-((xx / w - 0.5) ** 2 / 0.09 + (yy / h - 0.84) ** 2 / 0.02)) * 0.5
    level = 0.16 + 0.85 * np.clip(pool + table, 0, 1.1)
    rgb = np.asarray(base, np.float32) * level[..., None] + (0.22 * pool + 0.2 * table)[..., None] ** 1.5
    return [Still(painted_softly(rgb.astype(np.float32), width, height, x=-mx, y=-my, depth=0.1))]
