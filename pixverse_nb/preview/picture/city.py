"""Built places: a skyline whose windows are lit, and an old street in perspective."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from .land import ground, rows_plate
from .palette import gradient, mix, scaled, turned
from .planes import Floats, Plate, Triple, painted, pasted
from .sky import sky
from .troupe import parts
from .vocabulary import STANDING
from .water import Water
from .world import Item, Setting, Still, World

_NEON: tuple[Triple, ...] = (
    (1.0, 0.16, 0.55),
    (0.10, 0.85, 1.0),
    (0.62, 0.25, 1.0),
    (1.0, 0.62, 0.12),
    (0.2, 1.0, 0.6),
)


_FEET = 0.90


def skyline(world: World) -> Setting:
    """Three rows of towers behind water that mirrors them, and a quay where somebody stands."""
    base = world.horizon / world.height
    rows = ((0.44, 26, 0.60, 0.10), (0.50, 17, 0.36, 0.22), (0.40, 11, 0.14, 0.42))
    items: list[Item] = [*sky(world)]
    for n, (tall, count, distance, depth) in enumerate(rows):
        items.append(Still(_towers(world, n, tall=tall, count=count, distance=distance, depth=depth, base=base)))
    items.append(Water.of(world, rough=0.10 if "rain" in world.scene.weather else 0.16, depth=0.42))
    if any(actor.kind in STANDING for actor in world.scene.actors):
        items.append(Still(_quay(world)))
    return Setting(items, feet=_FEET)


def _quay(world: World) -> Plate:
    """Paved ground on this side of the water; deep enough for many, when there are many."""
    many = any(part.asked not in {None, 1} for part in parts(world.shot, world.scene))
    base = world.horizon / world.height
    top = base + (0.28 if many else 0.5) * (_FEET - base)
    stone = scaled((0.40, 0.39, 0.41), 0.7 if world.scene.weather & {"rain", "storm"} else 1.0)
    return ground(world, "quay", near=stone, far=stone, grain=8, from_row=int(top * world.height), paved=True)


def _towers(world: World, n: int, *, tall: float, count: int, distance: float, depth: float, base: float) -> Plate:
    """One row of towers: `tall` is a share of the height, `count` per frame width."""
    mx, my = world.reach(depth)
    width = world.width + 2 * mx
    top = 2 * int((base - tall * 1.25) * world.height / 2) - my
    foot = world.horizon
    height = 2 * ((foot + my - top) // 2)
    rng = world.dice(f"towers {n}")
    dusk = world.light.level < 0.7
    wall = mix((0.34, 0.36, 0.42), (0.46, 0.38, 0.34), float(rng.random()))
    lit = world.lit(wall, 0.7 if dusk else 0.95)
    at = np.linspace(0, 1, height, dtype=np.float32)
    rgb = np.repeat(
        gradient([(0.0, world.hazed(lit, distance)), (1.0, world.hazed(lit, min(distance + 0.22, 0.9)))], at)[:, None],
        width,
        axis=1,
    )
    alpha = np.zeros((height, width), np.float32)
    number = max(4, round(count * width / world.width))
    step = width / number
    for k in range(number):
        wide = int(step * (0.75 + 0.7 * rng.random()))
        x = int(k * step + (rng.random() - 0.5) * step * 0.4)
        centre = 1 - 0.55 * abs((x + wide / 2) / width - 0.5) * 2
        high = int(world.height * tall * (0.30 + 0.75 * rng.random() ** 1.3) * centre) + my
        _tower(world, rng, rgb, alpha, (max(x, 0), height - high, max(wide, 6)), distance, dusk)
    return painted(rgb, alpha, x=-mx, y=top, depth=depth)


def _tower(
    world: World,
    rng: np.random.Generator,
    rgb: Floats,
    alpha: Floats,
    box: tuple[int, int, int],
    distance: float,
    dusk: bool,
) -> None:
    """One tower with its windows: (left, roof row, width)."""
    x, roof, wide = box
    right = min(x + wide, rgb.shape[1])
    if right - x < 4:
        return
    roof = max(roof, 4)
    alpha[roof:, x:right] = 1.0
    tone = 0.82 + 0.36 * float(rng.random())
    part = rgb[roof:, x:right]
    shade = np.linspace(1.10, 0.86, right - x, dtype=np.float32)  # one side catches the sky
    part *= tone * (shade if world.sun[0] < world.width / 2 else shade[::-1])[None, :, None]
    if rng.random() < 0.45:  # a mast or a stepped roof
        inset = (right - x) // 4
        step = int(world.unit * 0.025 * (1 + rng.random()))
        alpha[max(roof - step, 0) : roof, x + inset : right - inset] = 1.0
        rgb[max(roof - step, 0) : roof, x + inset : right - inset] *= tone
    if rng.random() < 0.3:
        mast = (x + right) // 2
        alpha[max(roof - int(world.unit * 0.07), 0) : roof, mast : mast + max(1, int(world.unit / 400))] = 0.8
    _windows(world, rng, part, distance, dusk)
    if "neon" in world.scene.moods and rng.random() < 0.6 and distance < 0.5:
        _sign(rng, part, world.unit)


def _windows(world: World, rng: np.random.Generator, part: Floats, distance: float, dusk: bool) -> None:
    """A grid of panes; by night some are lit, warm or cold; by day they hold the sky."""
    pitch = max(4, int(world.unit * (0.010 + 0.012 * (1 - distance)) * (0.8 + 0.5 * rng.random())))
    tall = max(3, int(pitch * (1.1 + 0.6 * rng.random())))
    h, w = part.shape[:2]
    rows, columns = h // tall, w // pitch
    if rows < 2 or columns < 1:
        return
    share = 0.42 if dusk else 0.0
    on = rng.random((rows, columns)) < share * (0.4 + rng.random())
    warm = rng.random((rows, columns, 1)) < 0.75
    glow = np.where(warm, np.asarray((1.0, 0.80, 0.46)), np.asarray((0.72, 0.86, 1.0))) * (
        0.55 + 0.45 * rng.random((rows, columns, 1))
    )
    if "neon" in world.scene.moods:
        hues = np.asarray(_NEON)[rng.integers(0, len(_NEON), (rows, columns))]
        glow = np.where(rng.random((rows, columns, 1)) < 0.35, hues, glow)
    sky_pane = np.asarray(mix(world.light.middle, (0.1, 0.12, 0.16), 0.45 if not dusk else 0.8))
    pane = np.where(on[..., None], glow, sky_pane).astype(np.float32)
    strength = np.where(on, 1.0 - 0.55 * distance, 0.30 * (1 - distance)).astype(np.float32)
    pane = pane.repeat(tall, 0).repeat(pitch, 1)
    cover = strength.repeat(tall, 0).repeat(pitch, 1)
    yy, xx = np.mgrid[0 : pane.shape[0], 0 : pane.shape[1]]
    gap_x, gap_y = max(1, pitch // 4), max(1, tall // 4)
    cover *= ((xx % pitch) >= gap_x) & ((yy % tall) >= gap_y)
    ox = (w - columns * pitch) // 2
    area = part[: pane.shape[0], ox : ox + pane.shape[1]]
    area += (pane - area) * cover[..., None]


def _sign(rng: np.random.Generator, part: Floats, unit: float) -> None:
    """A vertical neon sign with its glow on the wall."""
    h, w = part.shape[:2]
    wide, tall = max(3, int(unit * 0.014)), int(unit * (0.08 + 0.10 * rng.random()))
    y, x = int(h * 0.15 + h * 0.3 * rng.random()), int((w - wide) * rng.random())
    hue = np.asarray(_NEON[int(rng.integers(len(_NEON)))], np.float32)
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    away = np.hypot(
        np.maximum(np.abs(xx - x - wide / 2) - wide / 2, 0), np.maximum(np.abs(yy - y - tall / 2) - tall / 2, 0)
    )
    part += hue * (np.exp(-away / (unit * 0.03)) * 0.5)[..., None]
    bars = ((np.arange(tall) // max(2, wide // 2)) % 3 > 0)[: max(h - y, 0), None, None]
    lit = part[y : y + tall, x : x + wide]
    lit += (mix((1.0, 1.0, 1.0), tuple(hue), 0.65) - lit) * bars[: lit.shape[0]]


_PLASTER: tuple[Triple, ...] = (
    (0.88, 0.70, 0.48),
    (0.90, 0.80, 0.64),
    (0.80, 0.55, 0.42),
    (0.86, 0.76, 0.58),
    (0.74, 0.66, 0.58),
    (0.92, 0.84, 0.74),
    (0.78, 0.48, 0.36),
    (0.68, 0.70, 0.64),
)


_DEPTHS = (0.12, 0.30, 0.55, 0.92)  # of the church and the rows, under a camera that hardly moves
_APART = 0.07  # of the frame: a camera's way beyond which the rows stay together
_ASIDE = 0.17  # of the width: how far the end of the street may wander from the middle


def street(world: World) -> Setting:
    """Two rows of old houses that run to a bright vanishing point, in three depths."""
    depths = _depths(world)
    paving = ground(
        world,
        "cobbles",
        near=(0.52, 0.46, 0.40),
        far=(0.80, 0.70, 0.56),
        grain=10,
        depth=depths[2],
        paved=True,
    )
    items: list[Item] = [*sky(world), Still(_church(world, depths[0])), Still(paving)]
    # Each row goes on a little behind the nearer one, so that no gap opens between them as the camera moves.
    for n, (near, far) in enumerate(((4.0, 22.0), (2.0, 5.0), (0.0, 2.4))):
        items.append(Still(_houses(world, n, near, far, depths[1 + n])))
    return Setting(items, feet=0.93)


def _depths(world: World) -> list[float]:
    """How far the church and the three rows of houses follow the camera.

    When it goes far, they move nearly as one, or the street would fall apart; and only so far that its end stays in
    sight, for a camera cannot go sideways through the houses.
    """
    rows = world.track.rows
    turned_by, moved_by = rows[:, 0] - rows[:, 5], rows[:, 2] + rows[:, 5]
    way = max(float(np.abs(moved_by).max()), float(np.abs(rows[:, 3]).max()), 1e-6)
    share = min(1.0, _APART / way)
    # The nearest to the usual depth with which the end of the street stays in sight, or else comes nearest to that.
    middle = min(
        (step / 20 for step in range(21)),
        key=lambda depth: (
            max(float(np.abs(turned_by + moved_by * depth).max()), _ASIDE),
            abs(depth - _DEPTHS[2]),
        ),
    )
    return [middle + (depth - _DEPTHS[2]) * share for depth in _DEPTHS]


def _church(world: World, depth: float) -> Plate:
    """A tower at the end of the street, pale with distance."""
    size = world.unit * 0.34
    w, h = 2 * int(size * 0.25), 2 * int(size * 0.5)
    image = Image.new("L", (w * 2, h * 2), 0)
    draw = ImageDraw.Draw(image)
    u = h * 2
    cx = w
    draw.rectangle([cx - u * 0.085, u * 0.42, cx + u * 0.085, u], fill=255)
    draw.polygon([(cx - u * 0.10, u * 0.42), (cx, u * 0.04), (cx + u * 0.10, u * 0.42)], fill=255)
    alpha = np.asarray(image.reduce(2), np.float32) * np.float32(1 / 255)
    colours = gradient(
        [(0.0, world.hazed(world.lit((0.5, 0.42, 0.38)), 0.62)), (1.0, world.hazed(world.lit((0.6, 0.5, 0.42)), 0.8))],
        np.linspace(0, 1, h, dtype=np.float32),
    )
    x = 2 * int((world.width * (0.56 if world.sun[0] < world.width / 2 else 0.40) - w / 2) / 2)
    return rows_plate(colours, alpha[:h, :w], None, x=x, y=2 * int((world.horizon - h + 6) / 2), depth=depth)


def _houses(world: World, n: int, near: float, far: float, depth: float) -> Plate:
    """The houses between two distances on both sides, painted on one plate; at 0 they go on to its edges."""
    mx, my = world.reach(depth)
    near = near or 0.98 * world.width / (world.width + 2 * mx + 4)
    width, height = world.width + 2 * mx, world.height + 2 * my
    image = Image.new("RGBA", (width * 2, height * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    rng = world.dice(f"houses {n}")
    eye = (mx + world.width * 0.5, my + float(world.horizon))
    for side in (-1.0, 1.0):
        edges = [far]
        while edges[-1] > near:
            edges.append(max(near, edges[-1] / (1.22 + 0.25 * float(rng.random()))))
        for back, front in itertools.pairwise(edges):
            _house(world, draw, rng, eye, side, back, front)
    return pasted(image.reduce(2), x=-mx, y=-my, depth=depth)


def _house(
    world: World,
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    eye: tuple[float, float],
    side: float,
    back: float,
    front: float,
) -> None:
    """One house front in perspective, with cornice, windows and shutters, a door or an awning."""
    unit = world.unit
    wall = 0.40 * max(world.width, unit) + 0.04 * unit
    tall = unit * (0.92 + 0.75 * float(rng.random()))
    low = unit * 0.47

    def at(z: float, high: float) -> tuple[float, float]:
        """Screen place (at twice the size) of a point of the wall: distance z, height 0 (street) to 1 (roof)."""
        return (eye[0] + side * wall * 1.25 / z) * 2, (eye[1] + low / z - (tall + low) * high / z) * 2

    far_share = min(0.16 + 0.40 * np.log(back) / np.log(22), 0.62)
    sunny = 1.06 if (world.sun[0] - world.width / 2) * side < 0 else 0.66
    base = turned(_PLASTER[int(rng.integers(len(_PLASTER)))], float(rng.normal()) * 0.01)
    colour = world.hazed(world.lit(base, sunny), far_share)
    dark = world.light.level < 0.5

    def ink(c: Triple) -> tuple[int, int, int, int]:
        return (int(min(c[0], 1) * 255), int(min(c[1], 1) * 255), int(min(c[2], 1) * 255), 255)

    draw.polygon([at(back, 0), at(back, 1), at(front, 1), at(front, 0)], fill=ink(colour))
    roof = world.hazed(world.lit((0.52, 0.27, 0.20), sunny), far_share)
    draw.polygon([at(back, 0.97), at(back, 1.05), at(front, 1.05), at(front, 0.97)], fill=ink(roof))
    draw.polygon([at(back, 0.0), at(back, 0.07), at(front, 0.07), at(front, 0.0)], fill=ink(scaled(colour, 0.72)))
    floors, bays = 3 + int(rng.integers(2)), max(2, round(3.5 * (back - front) / front * 1.6))
    shutter = world.hazed(world.lit(turned((0.22, 0.38, 0.34), float(rng.random()) * 0.3), sunny), far_share)
    for floor in range(floors):
        low_edge, high_edge = (floor + 0.28) / (floors + 0.35), (floor + 0.84) / (floors + 0.35)
        for bay in range(bays):
            a, b = (bay + 0.32) / bays, (bay + 0.68) / bays
            lamp = dark and rng.random() < 0.5
            pane: Triple = (1.0, 0.82, 0.48) if lamp else world.hazed(world.lit((0.20, 0.22, 0.27), sunny), far_share)
            _pane(draw, at, (front, back), (a, b), (low_edge, high_edge), ink(pane))
            if floor:
                for edge, other in ((a - 0.20 / bays, a), (b, b + 0.20 / bays)):
                    _pane(draw, at, (front, back), (edge, other), (low_edge, high_edge), ink(shutter))
    if rng.random() < 0.55:
        cloth = (0.72, 0.18, 0.14) if rng.random() < 0.6 else (0.24, 0.34, 0.42)
        _pane(draw, at, (front, back), (0.1, 0.9), (0.20, 0.26), ink(world.hazed(world.lit(cloth, sunny), far_share)))


def _pane(
    draw: ImageDraw.ImageDraw,
    at: Callable[[float, float], tuple[float, float]],
    ends: tuple[float, float],
    across: tuple[float, float],
    up: tuple[float, float],
    fill: tuple[int, int, int, int],
) -> None:
    """A rectangle on a wall between shares `across` (even in perspective) and `up`."""
    front, back = ends

    def z(share: float) -> float:
        return 1 / (1 / front + (1 / back - 1 / front) * share)

    (a, b), (low, high) = across, up
    draw.polygon([at(z(a), low), at(z(a), high), at(z(b), high), at(z(b), low)], fill=fill)
