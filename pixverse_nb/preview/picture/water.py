"""Water that mirrors what stands above it: rippled rows, running swell, and the sun's path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import noise
from .camera import Pose
from .palette import mix
from .planes import Floats, Frame, Words, yuv_of
from .world import World


@dataclass
class Water:
    """Everything below the horizon, made anew for each frame from the picture above it.

    Attributes
    ----------
    row : int
        The shore line when the camera rests, px.
    depth : float
        How far the shore follows the camera.
    clear : array (h,)
        How much of the mirror image is seen in each row, 0-256.
    deep : array (h, 3)
        The water's own colour by row, in video levels.
    swell : array
        Wave texture (signed levels as int16) that the rows wander through.
    """

    row: int
    depth: float
    clear: Words
    deep: Floats
    swell: NDArray[np.int16]
    wander: Floats
    path: NDArray[np.int16]
    rough: float
    unit: float

    @classmethod
    def of(cls, world: World, *, rough: float, depth: float = 0.25) -> Water:
        """Prepare textures; `rough` is 0 for a pond and 1 for the open sea."""
        height = world.height - world.horizon + world.reach(depth)[1] + 2
        at = np.linspace(0, 1, height, dtype=np.float32)
        clear = (0.80 - 0.28 * rough) * (1 - at) ** 0.8 + 0.16
        body = mix((0.02, 0.13, 0.20), world.light.middle, 0.30)
        colours = np.stack([np.asarray(mix(world.hazed(body, 0.5), world.lit(body, 1.1), float(a) ** 0.5)) for a in at])
        rng = world.dice("water")
        texture = noise.field(rng, world.width, 512, 16, octaves=4, stretch=0.9)
        fine = noise.field(rng, world.width, 512, 70, octaves=2, stretch=0.5)
        waves = texture * 0.6 + fine * 0.4
        waves = (waves - waves.mean()) / waves.std()
        waves = np.concatenate([waves, waves[::-1]])  # runs round without a seam
        # Perspective: rows near the horizon stand for far more water than rows at the feet.
        wander = 70.0 / (at + 0.06)
        columns = np.arange(world.width, dtype=np.float32) - world.sun[0]
        wide = world.width * (0.035 + 0.16 * at)
        sunny = np.exp(-((columns[None, :] / wide[:, None]) ** 2)) * (1 - 0.75 * at[:, None])
        strength = (0.25 + world.light.glow) * (90 if world.light.height < 0.5 or world.light.night else 45)
        path = (sunny * strength * (0.55 if world.light.night else 1.0)).astype(np.int16)
        return cls(
            world.horizon,
            depth,
            (clear * 256).astype(np.uint16),
            yuv_of(colours),
            (waves * 32).astype(np.int16),
            wander.astype(np.float32),
            path,
            rough,
            world.unit,
        )

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Mirror, colour, ripple and glitter for one moment."""
        _, dy = pose.shift(self.depth, frame.width, frame.height)
        top = round((self.row + dy) / 2) * 2
        top = min(max(top, 4), frame.height)
        height = min(frame.height - top, len(self.clear) // 2 * 2)
        if height < 4:
            return
        rows = np.arange(height)
        time = pose.seconds
        calm = 1.0 + 5.0 * self.rough
        wave = np.sin(self.wander[:height] * 0.9 - time * 2.4) + 0.6 * np.sin(self.wander[:height] * 2.3 + time * 3.1)
        sway = wave * (0.6 + rows / height * self.unit * 0.010) * calm
        source = np.clip(top - 1 - (rows * 0.92 + np.abs(sway)).astype(np.intp), 0, top - 1)
        self._mirror(frame, top, height, source)
        self._ripple(frame, top, height, time)

    def _mirror(self, frame: Frame, top: int, height: int, source: NDArray[np.intp]) -> None:
        planes = zip(frame.planes, (1, 2, 2), range(3), strict=True)
        for plane, part, channel in planes:
            t, h = top // part, height // part
            seen: Words = plane.take(source[::part] // part, axis=0)[:h].astype(np.uint16)
            clear = self.clear[: h * part : part][:, None]
            seen *= clear
            own = self.deep[: h * part : part, channel][:, None]
            seen += (own * (256 - clear) + 64).astype(np.uint16)
            seen >>= 8
            np.copyto(plane[t : t + h], seen, casting="unsafe")

    def _ripple(self, frame: Frame, top: int, height: int, time: float) -> None:
        """Two swells that cross: light on their backs, and glitter where they meet under the sun."""
        count = len(self.swell)
        first = (self.wander[:height] * 6 + time * 22).astype(np.intp) % count
        second = (self.wander[:height] * 9 - time * 13 + 77).astype(np.intp) % count
        shift = int(time * self.unit * 0.02)
        waves = self.swell.take(first, axis=0)
        other = self.swell.take(second, axis=0)
        waves[:, shift:] += other[:, : other.shape[1] - shift]
        waves[:, :shift] += other[:, other.shape[1] - shift :]
        luma = frame.y[top : top + height]
        glitter = np.clip(waves - 18, 0, 64)
        glitter *= self.path[:height]
        glitter >>= 5
        fade = (4 + np.arange(height) / height * (5 + 7 * self.rough)).astype(np.int16)[:, None]
        waves *= fade
        waves >>= 6
        waves += glitter
        waves += luma
        np.clip(waves, 16, 240, out=waves)
        np.copyto(luma, waves, casting="unsafe")
