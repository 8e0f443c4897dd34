"""The sky: gradient, sun or moon with their glow, clouds that drift, stars, northern lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import noise
from .camera import Pose
from .palette import gradient, mix
from .planes import Floats, Frame, Plate, lay, painted_softly
from .world import Item, Still, World

_COARSE = 4  # a sky is soft: it is painted at a quarter of its size


def sky(world: World) -> list[Item]:
    """Everything above the land, from back to front."""
    items: list[Item] = [Still(_dome(world))]
    if "aurora" in world.scene.weather:
        items.append(Aurora.of(world))
    if _cloudiness(world) > 0:
        items.append(Still(_clouds(world)))
    return items


def canvas(world: World, depth: float, extra: int = 0) -> tuple[int, int, int, int]:
    """Margins and size (mx, my, width, height), px, of a plate that covers the whole frame at this depth."""
    mx, my = world.reach(depth)
    mx += 2 * (extra // 2)
    return mx, my, world.width + 2 * mx, world.height + 2 * my


def _dome(world: World) -> Plate:
    mx, my, width, height = canvas(world, 0.0)
    w, h = -(-width // _COARSE), -(-height // _COARSE)
    rows = (np.arange(h, dtype=np.float32) * _COARSE - my)[:, None]
    columns = (np.arange(w, dtype=np.float32) * _COARSE - mx)[None, :]
    light = world.light
    rng = world.dice("dome")
    bend = (noise.field(rng, w, h, 2, octaves=2) - 0.5) * 0.10
    at = np.clip(rows / max(world.horizon, 1), -0.2, 1.3) + bend
    rgb = gradient(
        [(0.0, light.top), (0.55, light.middle), (0.98, light.low), (1.3, mix(light.low, light.middle, 0.3))], at
    )
    sx, sy = world.sun
    # The glow is wider than high near the horizon, as air is.
    distance = np.hypot((columns - sx) * (0.75 if light.height < 0.3 else 1.0), rows - sy) / world.unit
    glow = light.glow * (0.55 * np.exp(-distance * 3.2) + 0.50 * np.exp(-((distance / 0.13) ** 2)))
    rgb += glow[..., None] * np.asarray(light.sun, np.float32)
    plate = painted_softly(rgb, width, height, x=-mx, y=-my)
    hidden = "storm" in world.scene.weather or world.scene.time == "overcast"
    if "stars" in world.scene.weather or (light.night and not hidden):
        _stars(world, plate)
    if (light.height < 0.7 or light.night) and not hidden:
        _disc(world, plate)
    return plate


def _stars(world: World, plate: Plate) -> None:
    """Points of light, denser high up."""
    luma = plate.planes[0]
    rng = world.dice("stars")
    count = 1500 if "stars" in world.scene.weather else 600
    x = rng.integers(2, luma.shape[1] - 3, count)
    y = (rng.random(count) ** 1.4 * (min(world.horizon, luma.shape[0]) - 8) + 3).astype(int)
    bright = 40 + 165 * rng.random(count) ** 3
    size = max(1, round(world.unit / 540))
    for ox in range(size):
        for oy in range(size):
            luma[y + oy, x + ox] = np.maximum(luma[y + oy, x + ox], bright.astype(np.uint8))
    big = bright > 150
    for ox, oy in ((-1, 0), (size, 0), (0, -1), (0, size)):
        at = (y[big] + oy, x[big] + ox)
        luma[at] = np.maximum(luma[at], (bright[big] * 0.45).astype(np.uint8))


def _disc(world: World, plate: Plate) -> None:
    """The sun's or moon's own face, with soft edge."""
    light = world.light
    radius = world.unit * (0.045 if light.night else 0.058)
    sx, sy = world.sun[0] - plate.x, world.sun[1] - plate.y
    # Behind thick clouds it is a pale spot.
    strength = 0.22 if _cloudiness(world) > 0.9 else 1.0 if light.night else 0.88
    luma, u, v = plate.planes
    for plane, part, value in ((luma, 1, 236.0 if not light.night else 214.0), (u, 2, 122.0), (v, 2, 134.0)):
        r = radius / part
        x0, y0 = max(int(sx / part - r - 2), 0), max(int(sy / part - r - 2), 0)
        patch = plane[y0 : max(int(sy / part + r + 3), 0), x0 : max(int(sx / part + r + 3), 0)]
        if patch.size == 0:
            continue
        yy, xx = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]].astype(np.float32)
        away = np.hypot(xx + x0 - sx / part, yy + y0 - sy / part)
        cover = np.clip(r - away + 0.5, 0, 1) * strength
        if light.night and part == 1:
            maria = noise.field(world.dice("moon"), patch.shape[1], patch.shape[0], 3, octaves=3)
            cover = cover * (0.80 + 0.25 * maria)
        patch[:] = (patch + (value - patch) * cover).astype(np.uint8)


def _cloudiness(world: World) -> float:
    scene = world.scene
    if scene.place in {"studio", "space", "underwater"}:
        return 0.0
    if scene.weather & {"storm", "rain"}:
        return 0.95
    if "clouds" in scene.refused:
        return 0.0
    if scene.time == "overcast":
        return 0.95
    if "clouds" in scene.weather:
        return 0.8
    return 0.25 if world.light.night else 0.5


def _clouds(world: World) -> Plate:
    speed = world.unit * (0.030 if "storm" in world.scene.weather or "wind" in world.scene.weather else 0.010)
    mx, my, width, _ = canvas(world, 0.06, extra=int(speed * world.shot.duration) + 4)
    height = world.horizon + 2 * my
    w, h = -(-width // _COARSE), -(-height // _COARSE)
    rng = world.dice("clouds")
    thick = _cloudiness(world)
    shape = noise.field(rng, w, h, 4.0 * width / world.width, octaves=6, stretch=3.0)
    shape = (shape - shape.mean()) / (shape.std() + 1e-6)
    rows = np.linspace(0, 1, h, dtype=np.float32)[:, None]
    alpha = noise.smoothstep(1.25 - 2.0 * thick, 2.6 - 1.6 * thick, shape + 0.35 * (1 - np.abs(rows - 0.45) * 2))
    alpha *= noise.smoothstep(1.02, 0.72, rows) * (0.9 if thick > 0.7 else 0.8)
    light = world.light
    toward = int(np.sign(world.sun[0] - world.width / 2)) * 5
    lit = np.clip(0.5 + (shape - _beside(shape, toward, 3)) * 0.55, 0, 1)[..., None]
    bright = np.asarray(
        mix(light.sun, light.low, 0.35) if not light.night else mix(light.low, light.middle, 0.2), np.float32
    )
    shade = np.asarray(mix(light.middle, light.top, 0.45), np.float32)
    if "storm" in world.scene.weather:
        bright, shade = bright * 0.55, shade * 0.5
    rgb: Floats = shade + (bright - shade) * lit
    plate = painted_softly(rgb, width, height, alpha.astype(np.float32), x=-mx, y=-my, depth=0.06)
    plate.drift = speed if rng.random() < 0.5 else -speed
    return plate


def _beside(shape: Floats, right: int, up: int) -> Floats:
    """What lies this many px further right and up of each point; beyond the edge the last value goes on."""
    high, wide = shape.shape
    rows = np.clip(np.arange(high) - up, 0, high - 1)
    columns = np.clip(np.arange(wide) + right, 0, wide - 1)
    return shape[rows[:, None], columns]


@dataclass
class Aurora:
    """Curtains of green and violet light, waving: columns of one painting, moved up and down by waves."""

    plate: Plate
    unit: float

    @classmethod
    def of(cls, world: World) -> Aurora:
        """Paint the curtain once."""
        mx, my, width, _ = canvas(world, 0.02, extra=int(world.unit * 0.1))
        height = 2 * (int(world.horizon * 0.92 + 2 * my) // 2)
        w, h = width // _COARSE, height // _COARSE
        rng = world.dice("aurora")
        strands = noise.line(rng, w, 26 * width / world.width, octaves=3)
        foot = 0.45 + 0.45 * noise.line(rng, w, 3, octaves=2)
        rows = np.linspace(0, 1, h, dtype=np.float32)[:, None]
        under = (foot[None, :] - rows) / 0.5
        alpha = np.where(under > 0, np.exp(-under * 2.6), np.exp(under * 26.0)) * (
            0.25 + 0.75 * strands[None, :] ** 1.5
        )
        rgb = gradient(
            [(0.0, (0.55, 0.20, 0.85)), (0.45, (0.10, 0.80, 0.65)), (1.0, (0.35, 1.0, 0.55))], 1 - under.clip(0, 1)
        )
        plate = painted_softly(
            rgb, width, height, np.clip(alpha * 0.85, 0, 1).astype(np.float32), x=-mx, y=-my, depth=0.02
        )
        return cls(plate, world.unit)

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Sway and breathe."""
        dx, dy = pose.shift(0.02, frame.width, frame.height)
        sway = np.sin(pose.seconds * 0.7) * self.unit * 0.04
        lay(frame, self.plate, dx + float(sway), dy + float(np.sin(pose.seconds * 1.1)) * self.unit * 0.012)
