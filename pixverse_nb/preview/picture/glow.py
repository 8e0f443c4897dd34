"""Light in the air: the rainbow, and the beam that goes round a lighthouse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from . import noise
from .camera import Pose
from .palette import gradient
from .planes import Bytes, Frame, Plate, Triple, painted_softly
from .sky import canvas
from .world import Item, Still, World

_BOW: tuple[tuple[float, Triple], ...] = (
    (0.00, (0.92, 0.12, 0.14)), (0.20, (1.00, 0.50, 0.08)), (0.38, (1.00, 0.90, 0.18)), (0.56, (0.22, 0.80, 0.30)),
    (0.74, (0.14, 0.56, 0.96)), (0.90, (0.32, 0.24, 0.84)), (1.00, (0.56, 0.20, 0.80)),
)  # fmt: skip
_COARSE = 3  # a rainbow is soft


def with_bow(world: World, behind: list[Item]) -> list[Item]:
    """The scene's background, with a rainbow before its sky and behind its land if the prompt wants one."""
    if all(actor.kind != "rainbow" for actor in world.scene.actors):
        return behind
    drifting = [n for n, item in enumerate(behind) if isinstance(item, Still) and item.plate.drift]
    after = drifting[-1] + 1 if drifting else 1  # clouds drift; what stands still before them is land
    return [*behind[:after], Still(_bow(world)), *behind[after:]]


def _bow(world: World) -> Plate:
    """A bow around the point that lies opposite to the sun."""
    mx, my, width, height = canvas(world, 0.03)
    w, h = width // _COARSE, height // _COARSE
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    low = min(world.horizon, int(world.height * 0.86))
    radius = min(low * 0.86, world.width * 0.46)
    cx = world.width * (0.5 + 0.16 * (0.5 - world.sun[0] / world.width))
    away = np.hypot(xx * _COARSE - mx - cx, yy * _COARSE - my - low * 1.03)
    inward = (radius - away) / (radius * 0.135)  # 0 at the outer edge, 1 at the inner one
    rgb = gradient(list(_BOW), np.clip(inward, 0, 1))
    band = noise.smoothstep(-0.10, 0.14, inward) * noise.smoothstep(1.12, 0.84, inward)
    fade = noise.smoothstep(low * 1.04, low * 0.70, yy * _COARSE - my)
    strength = 0.46 + 0.26 * (1 - world.light.level)
    second = np.exp(-(((away / radius - 1.27) / 0.045) ** 2)) * 0.10  # fainter, with its colours turned round
    rgb = np.where(
        (away > radius * 1.1)[..., None],
        gradient(list(_BOW), 1 - np.clip((radius * 1.33 - away) / (radius * 0.12), 0, 1)),
        rgb,
    )
    alpha = (band * strength + second) * (0.25 + 0.75 * fade)
    return painted_softly(rgb, width, height, alpha.astype(np.float32), x=-mx, y=-my, depth=0.03)


@dataclass
class Beam:
    """The light that a lamp throws, going round: it grows, sweeps past as a flash, and grows on the other side.

    Attributes
    ----------
    wedge : uint8 array
        Light in luma levels, to the right, at its longest; it fades to nothing before its edges do.
    flare : uint8 array
        Light around the lamp itself when it looks at the viewer.
    lamp : tuple of float
        Where the lamp is when the camera rests, px.
    """

    wedge: Bytes
    flare: Bytes
    lamp: tuple[float, float]
    depth: float
    period: float = 6.0

    @classmethod
    def of(cls, world: World, lamp: tuple[float, float], height: float, depth: float) -> Beam:
        """Paint the beam of a tower this many px high; by day it is hardly seen."""
        strength = 185.0 * min(max(1.12 - world.light.level, 0.06), 1.0)
        long, wide = int(min(height * 2.6, world.width * 0.9)), int(height * 0.60)
        along = np.arange(long, dtype=np.float32)[None, :] / long
        across = (np.arange(wide, dtype=np.float32)[:, None] - wide / 2) / wide
        width = 0.030 + 0.19 * along
        wedge = (
            strength
            * (1 - along) ** 1.5
            * np.exp(-((across / width) ** 2))
            * noise.smoothstep(0.5, 0.36, np.abs(across))
        )
        span = np.arange(-int(height * 0.55), int(height * 0.55) + 1, dtype=np.float32) / (height * 0.55)
        away = np.hypot(span[:, None], span[None, :])
        flare = (
            strength * 1.2 * (np.exp(-(away**2) * 24) + 0.60 * np.exp(-away * 3.6)) * noise.smoothstep(1.0, 0.55, away)
        )
        return cls((wedge + 0.5).astype(np.uint8), np.minimum(flare + 0.5, 220).astype(np.uint8), lamp, depth)

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Shine as the lamp looks at this moment."""
        dx, dy = pose.shift(self.depth, frame.width, frame.height)
        angle = 2 * math.pi * (pose.seconds / self.period + 0.04)
        facing, side = math.sin(angle), math.cos(angle)
        x, y = round(self.lamp[0] + dx), round(self.lamp[1] + dy)
        long = int(abs(side) * self.wedge.shape[1])
        if long > 2:
            columns = (np.arange(long, dtype=np.float32) * (self.wedge.shape[1] / long)).astype(np.intp)
            part = self.wedge[:, columns]
            top = y - part.shape[0] // 2
            _shine(frame, part if side > 0 else part[:, ::-1], x if side > 0 else x - long, top)
        share = int(256 * (0.30 + 0.70 * max(facing, 0.0) ** 6))
        flash = (self.flare.astype(np.uint16) * share >> 8).astype(np.uint8)
        _shine(frame, flash, x - flash.shape[1] // 2, y - flash.shape[0] // 2)


def _shine(frame: Frame, light: Bytes, x: int, y: int) -> None:
    """Add light to the picture, never past white, and warm it."""
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + light.shape[1], frame.width), min(y + light.shape[0], frame.height)
    if x1 <= x0 or y1 <= y0:
        return
    seen = light[y0 - y : y1 - y, x0 - x : x1 - x]
    luma = frame.y[y0:y1, x0:x1]
    luma += np.minimum(seen, 236 - np.minimum(luma, 236))
    # Chroma lies at every other pixel of the frame, whichever pixel this patch begins with.
    warm = seen[y0 % 2 :: 2, x0 % 2 :: 2] >> 3
    rows, columns = (
        slice((y0 + 1) // 2, (y0 + 1) // 2 + warm.shape[0]),
        slice((x0 + 1) // 2, (x0 + 1) // 2 + warm.shape[1]),
    )
    blue = frame.u[rows, columns]
    blue -= np.minimum(warm[: blue.shape[0], : blue.shape[1]], blue - np.minimum(blue, 100))
