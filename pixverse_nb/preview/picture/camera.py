"""The film vocabulary as motion: where every layer of the scene lies at every moment."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .planes import Floats
from .roles import ROLES
from .shot import FPS, Shot, dice, frame_size
from .vocabulary import FAR_OFF, STANDING
from .words import Scene

FAR_DEPTH, ON_CRAG = 0.45, 0.37
"""How much of the camera's travel something far away follows, on the plain and on a headland."""
_FEET = {
    "street": 0.93, "city": 0.90, "lake": 0.90, "sea": 0.90, "beach": 0.90, "forest": 0.90, "space": 0.80,
    "underwater": 0.62, "studio": 0.80,
}  # fmt: skip
"""The row on which who walks stands in each place, as a share of the height; elsewhere it is 0.88."""
_LANDMARKS = {"space": 0.14, "mountains": 0.12, "city": 0.22}
"""The depth of what one goes round where the words name no subject: a planet, the peaks, the towers."""
_EDGE = 0.012  # of the frame, free beyond head and feet
_TRIES = 6
_FASTEST = 1.8  # times a normal move: beyond it there is nothing left to show at the edges


@dataclass(frozen=True)
class Pose:
    """The camera at one moment, in fractions of the frame.

    A layer of depth d (0 at infinity, 1 at the subject) is moved by `-(turn + travel * d)`.
    """

    seconds: float
    turn_x: float
    turn_y: float
    travel_x: float
    travel_y: float
    zoom: float
    orbit: float

    def shift(self, depth: float, width: int, height: int) -> tuple[float, float]:
        """Where a layer of this depth has moved to, in px (right and down are positive)."""
        x = self.turn_x + self.travel_x * depth + self.orbit * (depth - 1.0)
        y = self.turn_y + self.travel_y * depth
        return -x * width, -y * height

    def nudged(self, right: float, down: float) -> Pose:
        """The same view with everything moved a little, in fractions of the frame."""
        return replace(self, turn_x=self.turn_x - right, turn_y=self.turn_y - down)


@dataclass(frozen=True)
class Track:
    """The camera's way through a whole clip: one row for each frame.

    Attributes
    ----------
    rows : float array (frames, 6)
        turn_x, turn_y, travel_x, travel_y, zoom, orbit.
    follows : bool
        Whether the camera goes with the subject.
    """

    rows: Floats
    follows: bool

    def pose(self, number: int) -> Pose:
        """The camera at frame `number`."""
        return Pose(number / FPS, *(float(value) for value in self.rows[number]))

    def reach(self, depth: float, width: int, height: int) -> tuple[int, int]:
        """How far a layer of this depth moves at most from rest, in even px."""
        rows = self.rows
        x = np.abs(rows[:, 0] + rows[:, 2] * depth + rows[:, 5] * (depth - 1.0)).max() * width
        y = np.abs(rows[:, 1] + rows[:, 3] * depth).max() * height
        return 2 * math.ceil(x / 2 + 1), 2 * math.ceil(y / 2 + 1)


@dataclass(frozen=True)
class Pace:
    """How far moves go in a clip.

    Attributes
    ----------
    speed : float
        Of the camera, 1 is normal (0.3-3).
    duration : int
        Of the clip, s.
    """

    speed: float
    duration: int

    def reach(self, rate: float, most: float) -> float:
        """The way of a move at `rate` a second; a normal clip's way ends at `most`, a fast one's somewhat beyond.

        The speed counts after the limit, so that slow and fast differ in long clips too.
        """
        return min(rate * self.duration, most) * min(self.speed, _FASTEST)


def plan(shot: Shot, scene: Scene) -> Track:
    """The camera's way for this shot: every named move, eased, one on top of the other."""
    count = shot.frames
    part = np.arange(count, dtype=np.float32) / max(count - 1, 1)
    eased: Floats = (part * part * (3 - 2 * part) * 0.6 + part * 0.4).astype(
        np.float32
    )  # starts and ends softly, but never stands still
    rows = np.zeros((count, 6), np.float32)
    rows[:, 4] = 1.0
    pace = Pace(scene.speed, shot.duration)
    kinds = [move.kind for move in scene.moves]
    if not kinds:
        _drift(rows, eased, shot, pace)
    if "static" in kinds:
        return Track(rows, follows=False)
    for move in scene.moves:
        if move.kind in _ACTIONS:
            _ACTIONS[move.kind](rows, eased, move.way, pace)
    rows[:, 0] += rows[:, 5] * np.float32(1 - _pivot(shot, scene))
    if "handheld" in kinds:
        _handheld(rows, shot, scene.speed)
    if kinds != ["tilt"]:
        _hold(rows, shot, scene)
    return Track(rows, "track" in kinds)


def _pivot(shot: Shot, scene: Scene) -> float:
    """The depth of what an orbit turns about: it stays where it is, what is nearer and what is farther swing."""
    if shot.image is not None:
        return 1.0
    if not scene.actors:
        return _LANDMARKS.get(scene.place, 1.0)
    if scene.actors[0].kind not in FAR_OFF:
        return 1.0
    return ON_CRAG if scene.cliff and scene.place in {"sea", "beach", "lake"} else FAR_DEPTH


def _hold(rows: Floats, shot: Shot, scene: Scene) -> None:
    """Aim so that the first subject stays in the picture from head to feet: higher or lower for the whole clip.

    Where no aim will do, the moves that would cut it are made smaller.
    """
    kind = scene.actors[0].kind if scene.actors else ""
    if kind not in STANDING or shot.image is not None:
        return
    wide, high = frame_size(shot)
    feet = _FEET.get(scene.place, 0.88)
    head = feet - ROLES[kind].size * min(high, wide * 1.1) / high
    for _ in range(_TRIES):
        shift = -(rows[:, 1] + rows[:, 3])
        half = (0.5 - _EDGE) / rows[:, 4]
        lowest = float((0.5 + half - feet - shift).min())  # how far down it may be moved
        highest = float((0.5 - half - head - shift).max())
        if highest <= lowest:
            rows[:, 1] -= min(max(0.0, highest), lowest)
            return
        rows[:, 3] *= 0.8
        rows[:, 1] *= 0.8
        rows[:, 4] = 1 + (rows[:, 4] - 1) * np.float32(0.9)


def _drift(rows: Floats, eased: Floats, shot: Shot, pace: Pace) -> None:
    """What a camera does when nobody tells it: a breath of a push, a little sideways."""
    side = 1.0 if dice(shot, "drift").random() < 0.5 else -1.0
    rows[:, 2] += side * (eased - 0.5) * pace.reach(0.012, 0.09)
    rows[:, 4] *= 1 + eased * pace.reach(0.016, 0.12)


def _pan(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    sign = -1.0 if way == "left" else 1.0
    reach = pace.reach(0.075, 0.42)
    rows[:, 0] += sign * (eased - 0.5) * reach * 0.75
    rows[:, 2] += sign * (eased - 0.5) * reach * 0.25


def _tilt(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    sign = 1.0 if way == "down" else -1.0
    rows[:, 1] += sign * (eased - 0.5) * pace.reach(0.06, 0.26)


def _zoom(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    most = pace.reach(0.085, 0.5)
    rows[:, 4] *= 1 + most * ((1 - eased) if way == "out" else eased)


def _dolly(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    if way in {"left", "right"}:
        _track(rows, eased, way, pace)
        return
    along = (1 - eased) if way == "out" else eased
    rows[:, 4] *= 1 + pace.reach(0.06, 0.36) * along
    # Near ground passes under the camera: nearer layers sink.
    rows[:, 3] -= pace.reach(0.014, 0.07) * along


def _orbit(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    sign = -1.0 if way == "left" else 1.0
    rows[:, 5] += sign * (eased - 0.5) * pace.reach(0.09, 0.45)
    rows[:, 4] *= 1.03


def _crane(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    sign = 1.0 if way == "down" else -1.0
    reach = (eased - 0.5) * pace.reach(0.05, 0.22)
    rows[:, 3] += sign * reach
    rows[:, 1] += sign * reach * 0.35
    rows[:, 4] *= 1.02


def _track(rows: Floats, eased: Floats, way: str, pace: Pace) -> None:
    sign = -1.0 if way == "left" else 1.0
    rows[:, 2] += sign * (eased - 0.5) * pace.reach(0.10, 0.8)


_ACTIONS = {
    "pan": _pan,
    "tilt": _tilt,
    "zoom": _zoom,
    "dolly": _dolly,
    "orbit": _orbit,
    "crane": _crane,
    "track": _track,
}


def _handheld(rows: Floats, shot: Shot, speed: float) -> None:
    """Breath, steps and small corrections: a few incommensurate waves."""
    rng = dice(shot, "hand")
    seconds = np.arange(len(rows), dtype=np.float32) / FPS
    for column, strength in ((0, 0.0055), (1, 0.0070)):
        for rate in (0.35, 0.9, 1.7, 2.9):
            rows[:, column] += (
                strength
                / (0.6 + rate)
                * np.sin(2 * np.pi * (rate * (0.8 + 0.4 * rng.random()) * seconds * (0.7 + 0.3 * speed) + rng.random()))
            )
    rows[:, 4] *= 1.03
