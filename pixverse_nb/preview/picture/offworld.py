"""Other worlds: the moon's craters under a black sky with the earth in it, and the rust-red dunes of mars."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import noise
from .land import ridge, rows_plate
from .palette import gradient, mix, scaled
from .planes import Floats, Plate, Triple, painted, pasted
from .sky import canvas, sky
from .world import Item, Setting, Still, World

_TILE = 1024  # px of the painted piece of ground that repeats
_REGOLITH: Triple = (0.60, 0.60, 0.60)
_RUST: Triple = (0.80, 0.40, 0.22)


def build(world: World) -> Setting:
    """The setting of a scene on the moon or on mars."""
    return BUILDERS[world.scene.place](world)


def _moon(world: World) -> Setting:
    base = world.horizon / world.height
    grey = _tinted(world, _REGOLITH)
    items: list[Item] = [Still(_black_sky(world)), Still(_earth(world))]
    for n, (rise, cells, tone, depth) in enumerate(((0.13, 1.8, 0.66, 0.10), (0.075, 2.6, 0.80, 0.24))):
        hills = ridge(world, f"moon {n}", base=base + 0.03 * n + 0.01, rise=rise, cells=cells,
                      colour=scaled(grey, tone), distance=0.0, depth=depth, roughness=0.38, power=1.3)  # fmt: skip
        items.append(Still(hills))
    light = 1.0 if world.sun[0] > world.width / 2 else -1.0
    relief = _shaded(_cratered(world.dice("craters")), light) * 62
    items.append(Still(_plain(world, grey, relief, base + 0.035)))
    items.append(Still(_rocks(world, scaled(grey, 0.86), base + 0.06, 46, light)))
    return Setting(items, feet=0.88)


def _mars(world: World) -> Setting:
    base = world.horizon / world.height
    rust = _tinted(world, _RUST)
    items: list[Item] = [sky(world)[0]]
    shapes = (
        (0.16, 3.0, 0.66, 0.08, 0.50, 1.7),
        (0.085, 1.7, 0.42, 0.22, 0.26, 1.0),
        (0.10, 1.2, 0.22, 0.46, 0.24, 1.0),
    )
    for n, (rise, cells, distance, depth, roughness, power) in enumerate(shapes):
        dune = ridge(world, f"mars {n}", base=base + 0.035 * n + 0.01, rise=rise, cells=cells,
                     colour=scaled(rust, 0.98 - 0.10 * n), distance=distance, depth=depth,
                     roughness=roughness, power=power)  # fmt: skip
        items.append(Still(dune))
    light = 1.0 if world.sun[0] > world.width / 2 else -1.0
    relief = _shaded(_rippled(world.dice("ripples")), light) * 26 * (0.3 + 0.7 * world.light.level)
    items.append(Still(_plain(world, rust, relief, base + 0.105)))
    items.append(Still(_rocks(world, scaled(rust, 0.62), base + 0.125, 80, light)))
    return Setting(items, feet=0.89)


BUILDERS = {"moon": _moon, "mars": _mars}
"""What this module can build, by place."""


def _tinted(world: World, colour: Triple) -> Triple:
    own = world.scene.ground or world.scene.tint
    return colour if own is None else mix(colour, own, 0.5)


def _black_sky(world: World) -> Plate:
    """Stars that do not twinkle, for there is no air."""
    mx, my, width, height = canvas(world, 0.0)
    colours = np.broadcast_to(np.asarray((0.006, 0.006, 0.012), np.float32), (height, 3))
    plate = rows_plate(colours, None, np.zeros((height, width), np.float32), x=-mx, y=-my, depth=0.0)
    rng = world.dice("moon stars")
    luma, count = plate.planes[0], 700
    luma[luma > 17] = 17  # no dither in the dark: it would only cost bits
    x, y = rng.integers(1, width - 3, count), rng.integers(1, height - 3, count)
    bright = (28 + 175 * rng.random(count) ** 4).astype(np.uint8)
    size = max(1, round(world.unit / 540))
    for right in range(size):
        for down in range(size):
            luma[y + down, x + right] = np.maximum(luma[y + down, x + right], bright)
    return plate


def _earth(world: World) -> Plate:
    """The earth: oceans, land and clouds, half in the dark."""
    rng = world.dice("earth")
    radius = world.unit * (0.095 + 0.035 * float(rng.random()))
    left = world.sun[0] > world.width / 2
    cx = world.width * ((0.20 if left else 0.68) + 0.12 * float(rng.random()))
    cy = world.horizon * (0.28 + 0.16 * float(rng.random()))
    size = 2 * math.ceil(radius * 1.3)
    yy, xx = np.mgrid[0:size, 0:size].astype(np.float32)
    nx, ny = (xx - size / 2 + 0.5) / radius, (yy - size / 2 + 0.5) / radius
    away = np.hypot(nx, ny)
    nz = np.sqrt(np.clip(1 - away**2, 0, 1))
    land = noise.smoothstep(0.50, 0.56, noise.field(rng, size, size, 3.2, octaves=5))[..., None]
    swirl = noise.smoothstep(0.50, 0.72, noise.field(rng, size, size, 3.0, octaves=5, stretch=2.2))[..., None]
    ice = noise.smoothstep(0.80, 0.90, np.abs(ny * 0.95 + 0.18 * nx))[..., None]
    ocean, green = np.asarray((0.05, 0.22, 0.58), np.float32), np.asarray((0.28, 0.36, 0.16), np.float32)
    rgb = ocean + (green - ocean) * land
    rgb += (np.float32(0.96) - rgb) * np.maximum(swirl * 0.92, ice)
    lamp = np.clip((0.80 if left else -0.80) * nx - 0.35 * ny + 0.42 * nz, 0, 1)
    rgb *= (0.015 + 1.12 * lamp**0.75)[..., None]
    halo = np.exp(-np.clip(away - 1, 0, None) * 13)
    rgb += (np.exp(-np.abs(away - 1.0) * 15) * (0.08 + 0.9 * lamp))[..., None] * np.asarray(
        (0.30, 0.58, 1.0), np.float32
    )
    body = np.clip((1 - away) * radius + 0.5, 0, 1)
    alpha = np.maximum(body, np.where(away > 1, halo * 0.6, 0) * np.clip(lamp * 1.8, 0, 1))
    alpha *= np.clip((1.28 - away) * 12, 0, 1)  # nothing is left at the edge of the plate
    x, y = 2 * int((cx - size / 2) / 2), 2 * int((cy - size / 2) / 2)
    return painted(rgb.astype(np.float32), alpha.astype(np.float32), x=x, y=y, depth=0.01)


def _cratered(rng: np.random.Generator) -> Floats:
    """The height of a cratered plain, which repeats: many small bowls, a few large ones, each with its wall."""
    ground = _wrapped(rng, 9.0) * 7.0
    sizes = np.sort(7 + 95 * rng.random(260) ** 7)[::-1]  # px; the old, large ones lie under the young ones
    for radius in sizes:
        reach = int(radius * 1.7) + 2
        span = np.arange(-reach, reach + 1)
        away = np.hypot(span[:, None], span[None, :]) / radius
        bowl = np.where(away < 1, (away**2 - 1) * 0.40, 0.0) + 0.20 * np.exp(-(((away - 1) / 0.20) ** 2))
        x, y = rng.integers(0, _TILE, 2)
        rows, columns = (y + span) % _TILE, (x + span) % _TILE
        inside = np.ix_(rows, columns)
        worn = 0.75 + 0.25 * float(rng.random())
        ground[inside] = ground[inside] * np.clip(away * 0.9, 0.25, 1) + (bowl * radius * worn).astype(np.float32)
    return ground


def _rippled(rng: np.random.Generator) -> Floats:
    """The height of sand that the wind has combed, which repeats."""
    rows = np.arange(_TILE, dtype=np.float32)[:, None] * (math.tau / _TILE)
    columns = np.arange(_TILE, dtype=np.float32)[None, :] * (math.tau / _TILE)
    bend = _wrapped(rng, 5.0)
    ripples: Floats = np.sin(rows * 9 + columns * 26 + bend * 7.0) * 4.2 + np.sin(rows * 5 + columns * 9 + bend * 4) * 3
    return (ripples + _wrapped(rng, 22.0) * 9.0).astype(np.float32)


def _wrapped(rng: np.random.Generator, cells: float) -> Floats:
    """Noise in about -1..1 whose edges meet."""
    tile = noise.field(rng, _TILE, _TILE, cells, octaves=4) * 2 - 1
    part = np.clip(np.arange(_TILE, dtype=np.float32) / 128, 0, 1)
    for axis in (0, 1):  # the first rows fade over from what would follow the last ones
        weight = part if axis else part[:, None]
        tile = (tile * weight + np.flip(tile, axis) * (1 - weight)).astype(np.float32)
    return np.asarray(tile, np.float32)


def _shaded(ground: Floats, light: float) -> Floats:
    """How bright each point of a ground is, about -1..1, under a low light from the right (1) or the left (-1)."""
    across = (np.roll(ground, -1, 1) - np.roll(ground, 1, 1)) * 0.5
    down = (np.roll(ground, -1, 0) - np.roll(ground, 1, 0)) * 0.5
    slope: Floats = np.tanh((-across * light + down * 0.35) * 1.25).astype(np.float32)
    return slope


def _plain(world: World, colour: Triple, relief: Floats, base: float) -> Plate:
    """A painted tile laid out to the horizon in perspective; `relief` in levels, `base` a share of the height."""
    mx, my = world.reach(0.8)
    top = 2 * int(base * world.height / 2)
    width, height = world.width + 2 * mx, 2 * ((world.height + my - top) // 2)
    far = 1.0 / (np.arange(height, dtype=np.float32) / height + 0.10)  # 10 at the horizon, 0.9 at the feet
    rows = (far * 250).astype(np.intp) % _TILE
    columns = (np.arange(width, dtype=np.float32) - width / 2)[None, :] * (far[:, None] * 640 / world.width)
    strength = np.clip(1.35 - far * 0.15, 0.0, 1.0)[:, None]  # far away it would only flicker
    texture = relief[rows[:, None], (columns + _TILE / 2).astype(np.intp) % _TILE] * strength
    at = np.linspace(0, 1, height, dtype=np.float32)
    ground = world.lit(colour)
    air = world.scene.place == "mars"
    colours = gradient(
        [(0.0, world.hazed(ground, 0.36) if air else scaled(ground, 1.12)), (0.3, ground), (1.0, scaled(ground, 0.80))],
        at,
    )
    return rows_plate(colours, None, texture.astype(np.float32), x=-mx, y=top, depth=0.8)


def _rocks(world: World, colour: Triple, base: float, count: int, light: float) -> Plate:
    """Stones with their shadows, the nearer the larger."""
    mx, my = world.reach(0.8)
    top = 2 * int(base * world.height / 2)
    width, height = world.width + 2 * mx, 2 * ((world.height + my - top) // 2)
    rng = world.dice("rocks")
    image = Image.new("RGBA", (width * 2, height * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    near = np.sort(rng.random(count) ** 1.6)
    for part in near:
        x, y = 2 * width * float(rng.random()), 2 * ((world.height - top) * float(part) * 0.98 + 3)
        size = 2 * world.unit * (0.0035 + 0.030 * float(part) * float(rng.random()) ** 2 + 0.004 * float(part))
        ground = scaled(world.lit(colour), 0.80 + 0.35 * float(rng.random()))
        _rock(draw, (x, y), size, ground, light, rng)
    return pasted(image.filter(ImageFilter.GaussianBlur(0.7)).reduce(2), x=-mx, y=top, depth=0.8)


def _rock(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    size: float,
    colour: Triple,
    light: float,
    rng: np.random.Generator,
) -> None:
    x, y = at
    dark = _ink(scaled(colour, 0.30))
    draw.ellipse(
        [
            x - size * (1.0 if light < 0 else 2.1),
            y - size * 0.22,
            x + size * (2.1 if light < 0 else 1.0),
            y + size * 0.24,
        ],
        fill=(*dark[:3], 130),
    )
    turns = np.sort(rng.random(9)) * math.tau
    far = 0.78 + 0.30 * rng.random(9)
    outline = [
        (x + math.cos(t) * size * f, y - size * 0.30 - math.sin(t) * size * 0.62 * f)
        for t, f in zip(turns, far, strict=True)
    ]
    draw.polygon(outline, fill=_ink(scaled(colour, 0.55)))
    lit = [(px * 0.68 + (x + light * size * 0.30) * 0.32, py * 0.68 + (y - size * 0.52) * 0.32) for px, py in outline]
    draw.polygon(lit, fill=_ink(scaled(colour, 1.12)))


def _ink(colour: Triple) -> tuple[int, int, int, int]:
    r, g, b = (int(min(max(c, 0.0), 1.0) * 255) for c in colour)
    return r, g, b, 255
