"""What every part of a scene is built from: the shot, its light, its camera, and where the horizon lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from . import camera, homes, palette, words
from .camera import Pose, Track
from .palette import Light, mix, scaled
from .planes import Frame, Plate, Triple, lay
from .shot import Shot, dice, frame_size

_HORIZON = {
    "meadow": 0.64,
    "sea": 0.56,
    "lake": 0.56,
    "beach": 0.54,
    "city": 0.74,
    "street": 0.60,
    "forest": 0.70,
    "desert": 0.66,
    "snow": 0.66,
    "mountains": 0.74,
    "space": 1.0,
    "underwater": 0.90,
    "studio": 0.68,
    "dream": 0.70,
    "moon": 0.60,
    "mars": 0.62,
}


_DRAWN = {"360p": 1.0, "540p": 0.8, "720p": 0.75, "1080p": 0.6}
"""How large a scene is drawn, as a share of the clip's size, by quality."""


class Item(Protocol):
    """One part of the picture; items are drawn from back to front."""

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Draw this part as the camera sees it at one moment."""


@dataclass
class Still:
    """A painted plate that follows the camera."""

    plate: Plate

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Lay the plate where the camera's move has put it."""
        dx, dy = pose.shift(self.plate.depth, frame.width, frame.height)
        lay(frame, self.plate, dx + self.plate.drift * pose.seconds, dy)


@dataclass
class Setting:
    """A place: what lies behind the subjects, what lies before them, and where they stand.

    Attributes
    ----------
    feet : float
        Row on which walkers stand, as a share of the height.
    """

    behind: list[Item]
    before: list[Item] = field(default_factory=list)
    feet: float = 0.88


@dataclass(frozen=True)
class World:
    """One shot, understood.

    Attributes
    ----------
    width, height : int
        Size at which the scene is drawn, px, even: the clip's own, or a share of it for large clips.
    size : tuple of int
        Width and height of the clip, px.
    """

    shot: Shot
    scene: words.Scene
    light: Light
    track: Track
    width: int
    height: int
    size: tuple[int, int]

    @classmethod
    def of(cls, shot: Shot) -> World:
        """Read the prompt and plan light and camera; raises RenderError for an unreadable image."""
        scene = homes.settled(shot, words.read(shot))
        size = frame_size(shot)
        # Soft scenes lose little when they are enlarged, and drawing shares the time with the encoder; pictures would.
        scale = _DRAWN[shot.quality] if shot.image is None else 1.0
        width, height = (2 * round(side * scale / 2) for side in size)
        light = homes.lit(scene, palette.light_of(shot, scene))
        return cls(shot, scene, light, camera.plan(shot, scene), width, height, size)

    def dice(self, purpose: str) -> np.random.Generator:
        """Randomness of this prompt and seed for one purpose."""
        return dice(self.shot, purpose)

    @property
    def unit(self) -> float:
        """A length that suits the frame in either orientation, px: lines, particles and figures hang on it."""
        return min(self.height, self.width * 1.1)

    @cached_property
    def horizon(self) -> int:
        """Row of the horizon when the camera rests, px."""
        place = _HORIZON[self.scene.place]
        if words.in_the_air(self.scene) and place < 0.9:
            place += 0.08
        return 2 * round(self.height * place / 2)

    @cached_property
    def headland(self) -> tuple[float, float] | None:
        """Where the top of a rock by the water lies, as shares of the width and the height, if there is one."""
        if not self.scene.cliff or self.scene.place not in {"sea", "beach", "lake"}:
            return None
        rng = self.dice("headland")
        # Not under the sun, whose path on the water it would hide.
        left = self.sun[0] > self.width / 2
        across = (0.27 if left else 0.65) + 0.08 * float(rng.random())
        return across, self.horizon / self.height - 0.05 - 0.03 * float(rng.random())

    @cached_property
    def sun(self) -> tuple[float, float]:
        """Where sun or moon stands when the camera rests, px."""
        side = float(self.dice("sun").random())
        across = 0.22 + 0.16 * side if self.dice("side").random() < 0.5 else 0.62 + 0.16 * side
        if self.scene.place == "street":
            across = 0.47 + 0.06 * side
        return across * self.width, self.horizon * (1.0 - 0.92 * self.light.height)

    def reach(self, depth: float) -> tuple[int, int]:
        """How far a layer of this depth moves at most, even px."""
        return self.track.reach(depth, self.width, self.height)

    def lit(self, colour: Triple, level: float = 1.0) -> Triple:
        """A colour of the land in this scene's light."""
        light = self.light
        # Snow and other white things throw back what little light there is.
        pale = min(colour) ** 3
        shade = scaled(colour, (0.10 + 0.90 * light.level) * level * (1 + 0.55 * pale * (1.3 - light.level)))
        wash = mix(light.low, light.middle, 0.4)
        tinted = (
            shade[0] * (0.45 + 0.55 * wash[0]),
            shade[1] * (0.45 + 0.55 * wash[1]),
            shade[2] * (0.45 + 0.55 * wash[2]),
        )
        if "noir" in self.scene.moods:
            tinted = palette.turned(tinted, 0.0, 0.06)
        return mix(tinted, light.middle, 0.06)

    def hazed(self, colour: Triple, distance: float) -> Triple:
        """A lit colour seen through the air; distance 0 (here) to 1 (at the horizon)."""
        air = mix(self.light.low, self.light.middle, 0.35)
        thick = 1.35 if "fog" in self.scene.weather else 1.0
        return mix(colour, air, min(distance * thick, 0.97))
