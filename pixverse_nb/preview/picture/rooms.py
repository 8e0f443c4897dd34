"""Rooms: a wall and a floor, with shelves full of books, or a window that shows the weather."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .palette import mix, scaled, turned
from .planes import Floats, Triple, painted
from .sky import canvas
from .words import tokens
from .world import Item, Still, World

_SHELVED = frozenset(
    ["library", "bookshelf", "bookshelves", "bookcase", "bookshop", "bookstore", "office", "room", "classroom"]
)
_GLAZED = frozenset(["windowsill", "bedroom", "kitchen", "indoors", "interior"])
_WOOD: Triple = (0.36, 0.23, 0.14)
_WALL: Triple = (0.74, 0.66, 0.55)
_SPINES: tuple[Triple, ...] = (
    (0.55, 0.14, 0.12), (0.16, 0.26, 0.42), (0.18, 0.36, 0.24), (0.76, 0.60, 0.30), (0.40, 0.22, 0.34),
    (0.82, 0.76, 0.64), (0.24, 0.20, 0.18),
)  # fmt: skip
_FLOOR = 0.70  # of the height: where it meets the wall
_SILL = 0.80  # of the height: who sits on a windowsill has the feet there
_SHELVES = 5
_PANES = 3


def room(world: World) -> list[Item]:
    """The room that the words speak of; nothing when they speak of none."""
    words = frozenset(tokens(world.shot.prompt))
    if words.isdisjoint(_SHELVED | _GLAZED):
        return []
    mx, my, width, height = canvas(world, 0.1)
    image = Image.new("RGB", (width * 2, height * 2))
    draw = ImageDraw.Draw(image)
    rng = world.dice("room")
    floor = 2 * (my + _FLOOR * world.height)
    _walls(world, draw, (2 * width, 2 * height), floor)
    low, high = 2.0 * my, 2.0 * world.height
    if words.isdisjoint(_SHELVED):
        sill = low + (_SILL if "windowsill" in words else 0.52) * high
        _window(world, draw, (2 * mx + 0.54 * world.width, low + 0.08 * high, 2 * mx + 1.46 * world.width, sill))
    else:
        _shelves(draw, rng, (0.0, low + 0.04 * high, 2.0 * width, floor))
    rgb: Floats = np.asarray(image.reduce(2), np.float32) / np.float32(255)
    return [Still(painted((rgb * _lamp(world, width, height)).astype(np.float32), None, x=-mx, y=-my, depth=0.1))]


def _lamp(world: World, width: int, height: int) -> Floats:
    """How bright each point is (.., 3): a warm pool of light, wider and whiter by day."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    wide = 0.9 + 0.9 * world.light.level
    pool = np.exp(-(x**2 / wide + (y + 0.1) ** 2 / wide))
    tone = mix((1.0, 0.84, 0.62), (1.0, 0.97, 0.92), world.light.level)
    light = (0.24 + 0.16 * world.light.level + 0.75 * pool)[..., None] * np.asarray(tone, np.float32)
    return np.asarray(light, np.float32)


def _walls(world: World, draw: ImageDraw.ImageDraw, size: tuple[int, int], floor: float) -> None:
    """Plaster down to a skirting board, and floorboards that run towards the viewer."""
    width, height = size
    wall = _WALL if world.scene.tint is None else mix(_WALL, world.scene.tint, 0.6)
    draw.rectangle([0, 0, width, floor], fill=_ink(wall))
    draw.rectangle([0, floor, width, height], fill=_ink(scaled(_WOOD, 1.25)))
    for n in range(-16, 17):
        draw.line([width / 2 + n * width * 0.06, floor, width / 2 + n * width * 0.16, height],
                  fill=_ink(scaled(_WOOD, 0.90)), width=max(2, height // 300))  # fmt: skip
    draw.rectangle([0, floor - height * 0.022, width, floor], fill=_ink(scaled(_WOOD, 0.75)))


def _shelves(draw: ImageDraw.ImageDraw, rng: np.random.Generator, box: tuple[float, float, float, float]) -> None:
    """A wall of books in wooden cases: left, top, right, bottom."""
    left, top, right, bottom = box
    draw.rectangle(box, fill=_ink(scaled(_WOOD, 0.38)))
    step = (bottom - top) / _SHELVES
    board = step * 0.09
    for shelf in range(_SHELVES):
        foot = top + (shelf + 1) * step - board
        x = left
        while x < right:
            wide = step * (0.07 + 0.11 * float(rng.random()))
            tall = step * (0.60 + 0.24 * float(rng.random()))
            spine = turned(_SPINES[int(rng.integers(len(_SPINES)))], 0.02 * float(rng.normal()))
            if rng.random() < 0.93:  # here and there one is being read
                draw.rectangle([x, foot - tall, x + wide * 0.92, foot], fill=_ink(spine))
                band = foot - tall * 0.80
                draw.rectangle([x, band, x + wide * 0.92, band + step * 0.03], fill=_ink(scaled(spine, 1.5)))
            x += wide
        draw.rectangle([left, foot, right, foot + board], fill=_ink(_WOOD))
    case = (bottom - top) * 0.62
    for n in range(int((right - left) / case) + 2):
        x = left + (n - 0.5) * case
        draw.rectangle([x - board, top, x + board, bottom], fill=_ink(scaled(_WOOD, 1.12)))


def _window(world: World, draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float]) -> None:
    """Panes with the sky behind them, in a white frame over a sill."""
    left, top, right, bottom = box
    light = world.light
    bar = (right - left) * 0.016
    rows = max(int(bottom - top), 1)
    for row in range(rows):
        part = row / rows
        colour = mix(light.top, light.middle, part * 2) if part < 0.5 else mix(light.middle, light.low, part * 2 - 1)
        draw.line([left, top + row, right, top + row], fill=_ink(colour))
    frame = _ink((0.93, 0.91, 0.87))
    for n in range(_PANES + 1):
        x = left + (right - left) * n / _PANES
        draw.rectangle([x - bar, top, x + bar, bottom], fill=frame)
    for y in (top, top + (bottom - top) * 0.42):
        draw.rectangle([left - bar, y - bar, right + bar, y + bar], fill=frame)
    draw.rectangle([left - 6 * bar, bottom, right + 6 * bar, bottom + 3.5 * bar], fill=frame)
    draw.rectangle(
        [left - 6 * bar, bottom + 3.5 * bar, right + 6 * bar, bottom + 5 * bar], fill=_ink(scaled(_WALL, 0.6))
    )


def _ink(colour: Triple) -> tuple[int, int, int]:
    r, g, b = (int(min(max(c, 0.0), 1.0) * 255) for c in colour)
    return r, g, b
