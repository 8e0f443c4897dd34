"""Ground to stand on: ranges of hills in the haze, plains with texture, woods, snow and dunes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from . import noise
from .palette import gradient, mix, scaled
from .planes import Floats, Plate, Triple, coverage, dithered, yuv_of
from .world import Item, Still, World


def rows_plate(colours: Floats, alpha: Floats | None, texture: Floats | None, *, x: int, y: int, depth: float) -> Plate:
    """A plate whose colour changes only with the row (h, 3); `texture` (h, w), in levels, is added to its luma."""
    yuv = yuv_of(colours)
    height = len(colours)
    width = (alpha if alpha is not None else texture).shape[1]  # type: ignore[union-attr]
    luma = np.broadcast_to(yuv[:, :1], (height, width))
    if texture is not None:
        luma = luma + texture
    chroma = yuv.reshape(height // 2, 2, 3).mean(axis=1)
    u, v = (dithered(np.broadcast_to(chroma[:, i : i + 1], (height // 2, width // 2))) for i in (1, 2))
    return Plate(
        (dithered(np.asarray(luma, np.float32)), u, v), None if alpha is None else coverage(alpha), x, y, depth
    )


def below(line: Floats, height: int) -> Floats:
    """Coverage (height, len(line)): 1 under the outline (rows counted downward), with a soft edge."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    cover: Floats = np.clip(rows - line[None, :] + 0.5, 0.0, 1.0)
    return cover


def ridge(
    world: World,
    name: str,
    *,
    base: float,
    rise: float,
    cells: float,
    colour: Triple,
    distance: float,
    depth: float,
    roughness: float = 0.5,
    power: float = 1.0,
    crest: Triple | None = None,
    crest_share: float = 0.0,
) -> Plate:
    """A range of hills.

    Parameters
    ----------
    base, rise : float
        Row of its foot and the height of its peaks, as shares of the frame's height.
    cells : float
        Peaks across the frame.
    colour, distance : triple, float
        Its own colour and how deep in the haze it lies, 0-1.
    roughness, power : float
        How jagged, and how far the peaks stand out.
    crest, crest_share : triple or None, float
        Colour of the tops (snow), and the share of the rise that has it.
    """
    mx, my = world.reach(depth)
    width = world.width + 2 * mx
    tall = rise * world.height
    top = 2 * int((base * world.height - tall) // 2) - my
    height = 2 * ((world.height + my - top) // 2)
    rng = world.dice(f"ridge {name}")
    profile = noise.line(rng, width, cells * width / world.width, octaves=7, roughness=roughness)
    profile = ((profile - profile.min()) / (np.ptp(profile) + 1e-6)) ** power
    line = (base * world.height - top) - profile * tall
    at = np.linspace(0, height / world.height / max(rise + 0.12, 0.2), height, dtype=np.float32)
    lit = world.lit(colour)
    colours = gradient(
        [(0.0, world.hazed(lit, distance)), (1.0, world.hazed(scaled(lit, 0.86), min(distance + 0.16, 0.97)))], at
    )
    grain = noise.field(rng, width, height, 30 * width / world.width, octaves=3, stretch=1.6) - 0.5
    texture = grain * 22 * (1 - distance) * (0.3 + 0.7 * world.light.level)
    plate = rows_plate(colours, below(line, height), texture, x=-mx, y=top, depth=depth)
    if crest is not None:
        _crest(
            plate,
            line,
            profile,
            grain,
            yuv_of(np.asarray(world.hazed(world.lit(crest), distance * 0.7), np.float32)),
            crest_share * tall,
        )
    return plate


def _crest(plate: Plate, line: Floats, profile: Floats, grain: Floats, colour: Floats, deep: float) -> None:
    """Snow on the tops: ragged below, lit from one side."""
    height = plate.planes[0].shape[0]
    width = len(line)
    smooth = np.convolve(np.pad(line, 6, mode="edge"), np.full(13, 1 / 13, np.float32), "valid")
    rows = np.arange(height, dtype=np.float32)[:, None] - line[None, :]
    # Ribs run down the mountain at a slant, so the slope is read further along the lower one looks.
    along = np.clip(np.arange(width)[None, :] + rows * 0.45 + grain * 40, 0, width - 1).astype(np.intp)
    slope = np.clip(np.gradient(smooth) * 1.3, -1, 1)[along]
    reach = deep * np.clip(profile * 1.5 - 0.35, 0, 1)[None, :] + grain * deep * 0.9
    cover = np.clip((reach - rows) / 3.0, 0, 1)
    shade = 0.93 - 0.15 * slope - 0.12 * np.clip(grain * 3 + 0.3, 0, 1)
    for plane, part, value in zip(plate.planes, (1, 2, 2), colour, strict=True):
        share = cover[::part, ::part]
        target = value * shade if part == 1 else value
        plane[:] = np.clip(plane + (target - plane) * share, 16, 240).astype(np.uint8)


def ground(
    world: World,
    name: str,
    near: Triple,
    far: Triple,
    *,
    grain: float = 14.0,
    depth: float = 0.8,
    from_row: int | None = None,
    paved: bool = False,
) -> Plate:
    """A plain from the horizon to the bottom: texture that grows toward the viewer, light toward the sun."""
    mx, my = world.reach(depth)
    top = (world.horizon if from_row is None else from_row) // 2 * 2
    width = world.width + 2 * mx
    height = 2 * ((world.height + my - top) // 2)
    at = np.linspace(0, 1, height, dtype=np.float32)
    colours = gradient(
        [(0.0, world.hazed(world.lit(far), 0.55)), (0.25, world.hazed(world.lit(far), 0.2)), (1.0, world.lit(near))], at
    )
    rng = world.dice(f"ground {name}")
    texture = flat_texture(rng, width, height) * grain * (0.25 + 0.75 * world.light.level)
    if paved:
        texture += paving(rng, width, height, world.unit) * (0.25 + 0.75 * world.light.level)
    sx = world.sun[0] + mx
    shine = np.exp(-(((np.arange(width) - sx) / (0.42 * world.width)) ** 2))[None, :] * (1 - at[:, None]) ** 2
    texture += shine * 34 * world.light.glow * world.light.level
    return rows_plate(colours, None, texture.astype(np.float32), x=-mx, y=top, depth=depth)


def flat_texture(rng: np.random.Generator, width: int, height: int) -> Floats:
    """Noise in -1..1 lying on the ground: fine at the top, coarse at the bottom, as perspective has it."""
    tile = noise.field(rng, 512, 512, 12, octaves=5) * 2 - 1
    tile /= np.abs(tile).max()
    depth = 1.0 / (np.arange(height, dtype=np.float32) / height + 0.10)  # 10 at the horizon, 0.9 at the feet
    rows = _there_and_back((depth * 90).astype(np.intp))
    columns = (np.arange(width, dtype=np.float32) - width / 2)[None, :] * (depth[:, None] * 260 / width) + 256
    return tile[rows[:, None], _there_and_back(columns.astype(np.intp))]


def _there_and_back(at: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where one is on a tile of 512 px that is mirrored at its edges, so that no seam shows."""
    round_trip = at % 1022
    return np.minimum(round_trip, 1022 - round_trip)


def paving(rng: np.random.Generator, width: int, height: int, unit: float) -> Floats:
    """Cobbles in perspective, in levels: each stone its own tone, dark joints, fading with distance."""
    rows = np.arange(height, dtype=np.float32)[:, None] + 2.0
    away = unit * 0.47 / rows  # distance from the viewer, in the street's own measure
    along = away * 7.0
    course = np.floor(along)
    across = (np.arange(width, dtype=np.float32)[None, :] - width / 2) / unit * away * 13.0 + 0.5 * (course % 2)
    stone = np.floor(across)
    tones = rng.random((64, 64), dtype=np.float32)[(course % 64).astype(np.intp), (stone % 64).astype(np.intp)]
    edge = np.maximum(np.abs(along - course - 0.5), np.abs(across - stone - 0.5))
    joint = noise.smoothstep(0.36, 0.48, edge)
    result: Floats = ((tones - 0.5) * 20 - joint * 22) * np.clip(1.9 - away * 0.42, 0, 1)
    return result


def cut_out(size: tuple[int, int], paint: Callable[[ImageDraw.ImageDraw, float], None]) -> Floats:
    """Coverage (h, w) drawn by `paint(draw, scale)` at twice the size, so that edges are smooth."""
    image = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    paint(ImageDraw.Draw(image), 2.0)
    cover: Floats = np.asarray(image.reduce(2), np.float32) * np.float32(1 / 255)
    return cover


def trees(
    world: World,
    name: str,
    *,
    foot: float,
    tall: float,
    count: int,
    colour: Triple,
    distance: float,
    depth: float,
    leafy: bool = False,
    ragged: float = 0.02,
    gap: float = 0.0,
) -> Plate:
    """A row of trees, conifers or leafy; `foot` and `tall` are shares of the frame's height, `gap` of the width."""
    mx, my = world.reach(depth)
    width = world.width + 2 * mx
    top = 2 * int((foot - tall * 1.25 - ragged) * world.height / 2) - my
    height = 2 * ((world.height + my - top) // 2)
    rng = world.dice(f"trees {name}")
    ground_row = foot * world.height - top
    number = max(3, round(count * width / world.width))
    places = (np.arange(number) + rng.random(number) * 0.8) / number * width
    sizes = tall * world.height * (0.55 + 0.65 * rng.random(number))
    draw_one = leafy_tree if leafy else conifer

    def paint(draw: ImageDraw.ImageDraw, scale: float) -> None:
        for x, size in zip(places, sizes, strict=True):
            if abs(x / width - 0.5) < gap / 2:
                continue
            base = ground_row + float(rng.normal()) * ragged * world.height
            draw_one(draw, rng, x * scale, base * scale, size * scale)
        edge = ground_row + (noise.line(rng, width, 9) - 0.5) * ragged * 3 * world.height
        points = [(i * scale, float(edge[i]) * scale) for i in range(0, width, 8)]
        draw.polygon(
            [(0, height * scale), *points, (width * scale, edge[-1] * scale), (width * scale, height * scale)], fill=255
        )

    alpha = cut_out((width, height), paint)
    lit = world.lit(colour)
    at = np.linspace(0, 1, height, dtype=np.float32)
    colours = gradient([(0.0, world.hazed(lit, distance)), (1.0, world.hazed(scaled(lit, 0.75), distance * 0.9))], at)
    texture = (noise.field(rng, width, height, 60, octaves=2) - 0.5) * 26 * (1 - distance) * (0.2 + world.light.level)
    return rows_plate(colours, alpha, texture, x=-mx, y=top, depth=depth)


def conifer(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, base: float, size: float) -> None:
    """A fir: tiers of drooping branches on a thin trunk."""
    tiers = 9
    draw.rectangle([x - size * 0.012, base - size * 0.3, x + size * 0.012, base + size * 0.1], fill=255)
    for tier in range(tiers):
        part = tier / tiers
        y = base - size * (1 - part * 0.90)
        half = size * (0.02 + 0.17 * part) * (0.85 + 0.3 * rng.random())
        drop = size * 0.16
        draw.polygon(
            [
                (x, y - size * 0.04),
                (x + half, y + drop),
                (x + half * 0.35, y + drop * 0.8),
                (x, y + drop * 0.95),
                (x - half * 0.4, y + drop * 0.8),
                (x - half, y + drop * 1.03),
            ],
            fill=255,
        )


def leafy_tree(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, base: float, size: float) -> None:
    """A broad tree: a forked trunk and a crown of many rounds."""
    draw.polygon(
        [
            (x - size * 0.04, base + size * 0.05),
            (x - size * 0.018, base - size * 0.5),
            (x + size * 0.018, base - size * 0.5),
            (x + size * 0.045, base + size * 0.05),
        ],
        fill=255,
    )
    for _ in range(16):
        angle, away = rng.random() * 2 * math.pi, math.sqrt(rng.random()) * 0.25
        cx, cy = x + math.cos(angle) * away * size * 1.15, base - size * (0.66 + math.sin(angle) * away)
        r = size * (0.07 + 0.08 * rng.random())
        draw.ellipse([cx - r * 1.1, cy - r, cx + r * 1.1, cy + r], fill=255)


def far_hills(world: World, colour: Triple, *, count: int = 3, high: float = 0.12) -> list[Item]:
    """Ranges behind the plain, each nearer one lower, darker and faster."""
    base = world.horizon / world.height
    items: list[Item] = []
    for n in range(count):
        part = (n + 1) / count
        items.append(
            Still(
                ridge(
                    world,
                    f"far {n}",
                    base=base + 0.012 * n,
                    rise=high * (1.15 - 0.6 * part),
                    cells=2.2 + 1.6 * n,
                    colour=mix(colour, (0.30, 0.36, 0.46), 0.5 * (1 - part)),
                    distance=0.80 - 0.42 * part,
                    depth=0.10 + 0.22 * part,
                )
            )
        )
    return items
