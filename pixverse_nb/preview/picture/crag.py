"""A headland: the rock by the water on which a lighthouse, a castle or a house stands."""

from __future__ import annotations

import numpy as np

from . import noise
from .camera import ON_CRAG
from .land import below, rows_plate
from .palette import gradient, scaled
from .planes import Floats, Plate, Triple
from .world import World

DEPTH = ON_CRAG
"""How much of the camera's travel it follows, with what stands on it."""
_REACHES = 0.17  # heights of the frame from the horizon down to its foot in the water


def crag(world: World, top: tuple[float, float], *, colour: Triple, crest: Triple) -> Plate:
    """A rock that falls to the sea on one side and goes on beyond the frame on the other.

    Parameters
    ----------
    top : tuple of float
        A point on its level back, as shares of the frame's width and height.
    colour, crest : triple
        Its stone, and what grows on its back.
    """
    mx, _ = world.reach(DEPTH)
    width, unit = world.width + 2 * mx, world.unit
    peak, foot = top[1] * world.height, world.horizon + _REACHES * world.height
    start = 2 * int((peak - 0.06 * world.height) / 2)
    height = 2 * int((foot + 0.12 * world.height - start) / 2)
    rng = world.dice("crag")
    seaward = 1.0 if top[0] < 0.5 else -1.0
    away = ((np.arange(width, dtype=np.float32) - mx - top[0] * world.width) / unit * seaward).astype(np.float32)
    steps = noise.line(rng, width, 9 * width / world.width, octaves=6, roughness=0.6) - 0.5
    # Level where something stands, rising inland, and broken off toward the sea.
    fall = noise.smoothstep(0.20, 0.40, away + steps * 0.16)
    rise = (1 - fall) * (1 + 0.16 * noise.smoothstep(-0.16, -0.70, away)) + steps * 0.07 * noise.smoothstep(
        0.14, 0.30, np.abs(away)
    )
    line = (foot - start) - np.clip(rise, 0, None) * (foot - peak)
    shore = (foot - start) + (noise.line(rng, width, 14, octaves=3) - 0.5) * unit * 0.022
    rows = np.arange(height, dtype=np.float32)[:, None]
    dark = scaled(world.hazed(world.lit(colour), 0.10), 0.55)
    grown = world.hazed(world.lit(crest), 0.12)
    colours = gradient(
        [(0.0, grown), (0.10, grown), (0.26, world.hazed(world.lit(colour), 0.14)), (1.0, dark)],
        np.clip((np.arange(height, dtype=np.float32) + start - peak) / (foot - peak), 0, 1),
    )
    return rows_plate(
        colours,
        _cover(line, shore, rows, unit),
        _relief(world, rng, rows, (line, shore), seaward),
        x=-mx,
        y=start,
        depth=DEPTH,
    )


def _cover(line: Floats, shore: Floats, rows: Floats, unit: float) -> Floats:
    """Full on the rock, and its dark mirror image fading on the water."""
    stands = np.clip((shore - line) / (unit * 0.02), 0, 1)[None, :]
    under = rows - shore[None, :]
    mirrored = 0.55 * np.exp(-np.clip(under, 0, None) / (unit * 0.035)) * np.clip((unit * 0.11 - under) / 4, 0, 1)
    cover: Floats = below(line, len(rows)) * stands * np.where(under > 0, mirrored, 1.0)
    return cover.astype(np.float32)


def _relief(
    world: World, rng: np.random.Generator, rows: Floats, edges: tuple[Floats, Floats], seaward: float
) -> Floats:
    """Clefts and ledges in the light of the sun, and foam along the foot, in levels of luma."""
    line, shore = edges
    height, width = len(rows), len(line)
    level = 0.25 + 0.75 * world.light.level
    stone = noise.field(rng, width, height, 22 * width / world.width, octaves=5, stretch=0.55)
    lit = 1.0 if world.sun[0] > world.width / 2 else -1.0
    facets = np.tanh((np.gradient(stone, axis=1) * -lit + np.gradient(stone, axis=0) * 0.5) * world.unit * 0.035)
    on_back = noise.smoothstep(0.0, world.unit * 0.03, rows - line[None, :])
    texture = facets * 26 * level * (0.25 + 0.75 * on_back) + (stone - 0.5) * 22 * level
    foam = np.exp(-(((rows - shore[None, :] + 1.0) / (world.unit * 0.006)) ** 2)) * (0.35 + stone)
    texture += foam * 60 * level
    if lit == seaward:
        texture += on_back * 8 * level  # the sun stands over the water
    return np.where(rows - shore[None, :] > world.unit * 0.012, 0.0, texture).astype(np.float32)
