"""The subjects on the stage: how large each is, where it stands, how it moves, and in which light."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from . import creatures, figures, things
from .camera import Pose
from .palette import mix, scaled, turned
from .pen import Box, Pen, Tones
from .planes import Frame, Plate, Triple, lay
from .vocabulary import FLYERS, SWIMMERS, WALKERS
from .words import Actor
from .world import Item, Setting, World

_POSES = 12  # drawings of a figure per second: what moves along and with the camera moves on every frame
_FEWEST, _MOST = 8, 16  # drawings in a cycle


@dataclass(frozen=True)
class Role:
    """How one kind of subject appears.

    Attributes
    ----------
    draw : function
        Draws one pose: (pen, phase 0-1, tones).
    size : float
        Its height as a share of the frame's unit.
    box : tuple of float
        Room around its feet, in heights: left, right, below, above.
    period : float
        Seconds of one cycle.
    pace : float
        Own speed, frame widths per second; 0 stands.
    colour : triple
        When the prompt names none.
    many : int
        How many appear, at most.
    swings : bool
        The way back of a cycle looks like the way there, so half the drawings do.
    """

    draw: Callable[[Pen, float, Tones], None]
    size: float
    box: Box
    period: float
    pace: float
    colour: Triple
    many: int = 1
    swings: bool = False

    @property
    def steps(self) -> int:
        """Drawings in a cycle, even."""
        return 2 * round(min(max(self.period * _POSES, _FEWEST), _MOST) / 2)


_BODY: Box = (0.50, 0.36, 0.06, 1.12)
_BEAST: Box = (1.15, 1.25, 0.08, 1.75)
ROLES = {
    "woman": Role(figures.woman, 0.50, _BODY, 1.15, 0.035, (0.62, 0.20, 0.34)),
    "man": Role(figures.man, 0.50, _BODY, 1.10, 0.035, (0.20, 0.26, 0.36)),
    "runner": Role(figures.runner, 0.48, _BODY, 0.62, 0.11, (0.90, 0.40, 0.16)),
    "astronaut": Role(figures.astronaut, 0.50, _BODY, 5.0, 0.012, (0.86, 0.88, 0.92)),
    "robot": Role(figures.robot, 0.46, _BODY, 1.30, 0.03, (0.62, 0.68, 0.76)),
    "cat": Role(creatures.CAT, 0.20, _BEAST, 0.95, 0.05, (0.70, 0.44, 0.22), 3),
    "dog": Role(creatures.DOG, 0.23, _BEAST, 0.70, 0.08, (0.66, 0.48, 0.28), 3),
    "horse": Role(creatures.HORSE, 0.30, _BEAST, 0.62, 0.13, (0.40, 0.24, 0.13), 3),
    "deer": Role(creatures.DEER, 0.29, _BEAST, 1.4, 0.03, (0.55, 0.36, 0.20), 3),
    "elephant": Role(creatures.ELEPHANT, 0.40, _BEAST, 1.9, 0.025, (0.46, 0.45, 0.47), 3),
    "bird": Role(creatures.bird, 0.20, (0.60, 0.55, 0.25, 1.30), 0.85, 0.09, (0.36, 0.30, 0.28), 5),
    "butterfly": Role(creatures.butterfly, 0.085, (0.62, 0.62, 0.1, 1.1), 0.5, 0.05, (0.95, 0.52, 0.12), 6),
    "fish": Role(creatures.fish, 0.105, (1.0, 0.85, 0.0, 1.1), 0.7, 0.07, (0.96, 0.50, 0.14), 9, swings=True),
    "whale": Role(creatures.whale, 0.34, (1.65, 1.25, 0.3, 1.4), 3.4, 0.04, (0.22, 0.36, 0.50), swings=True),
    "jellyfish": Role(creatures.jellyfish, 0.30, (0.45, 0.45, 0.08, 1.12), 2.4, 0.012, (0.86, 0.52, 0.84), 5),
    "turtle": Role(creatures.turtle, 0.26, (0.75, 0.95, 0.15, 0.95), 2.2, 0.045, (0.30, 0.44, 0.24), swings=True),
    "car": Role(things.car, 0.17, (1.62, 1.62, 0.06, 1.06), 0.30, 0.16, (0.78, 0.12, 0.12)),
    "ship": Role(things.ship, 0.40, (0.60, 0.72, 0.08, 1.08), 3.6, 0.02, (0.48, 0.18, 0.12), swings=True),
    "train": Role(things.train, 0.15, (4.2, 0.9, 0.02, 1.8), 0.6, 0.10, (0.50, 0.14, 0.14)),
    "plane": Role(things.plane, 0.17, (1.25, 1.05, 0.0, 1.05), 1.0, 0.10, (0.16, 0.36, 0.70)),
    "rocket": Role(things.rocket, 0.44, (0.32, 0.32, 0.66, 1.04), 0.5, 0.0, (0.82, 0.20, 0.16)),
    "ufo": Role(things.ufo, 0.22, (1.0, 1.0, 0.95, 1.05), 1.2, 0.03, (0.60, 0.64, 0.70)),
    "balloon": Role(things.balloon, 0.34, (0.42, 0.42, 0.03, 1.04), 1.5, 0.008, (0.88, 0.24, 0.18), 5),
    "lantern": Role(things.lantern, 0.11, (0.80, 0.80, 0.35, 1.35), 1.3, 0.006, (0.96, 0.44, 0.16), 12, swings=True),
    "lighthouse": Role(things.lighthouse, 0.52, (2.5, 2.5, 0.08, 1.16), 6.0, 0.0, (0.80, 0.18, 0.16)),
    "castle": Role(things.castle, 0.42, (0.75, 0.75, 0.02, 1.10), 2.0, 0.0, (0.58, 0.53, 0.48)),
    "house": Role(things.house, 0.22, (0.80, 0.90, 0.02, 1.55), 3.0, 0.0, (0.60, 0.44, 0.30)),
    "windmill": Role(things.windmill, 0.46, (0.55, 0.55, 0.02, 1.12), 2.2, 0.0, (0.52, 0.28, 0.20)),
    "tree": Role(things.tree, 0.62, (0.60, 0.60, 0.02, 1.14), 4.0, 0.0, (0.26, 0.46, 0.16), swings=True),
    "flower": Role(things.flower, 0.30, (0.36, 0.36, 0.02, 1.04), 3.2, 0.0, (0.86, 0.16, 0.24), 7, swings=True),
    "campfire": Role(things.campfire, 0.22, (1.3, 1.3, 0.42, 1.12), 1.0, 0.0, (0.9, 0.4, 0.1)),
    "product": Role(things.product, 0.60, (0.42, 0.42, 0.06, 1.04), 5.0, 0.0, (0.12, 0.46, 0.52), swings=True),
}  # fmt: skip
_FAR = frozenset({"castle", "house", "windmill", "lighthouse", "tree", "train"})


@dataclass
class Performer:
    """One subject in motion; its poses are drawn when they are first needed and kept for the next cycle."""

    world: World
    role: Role
    tones: Tones
    place: tuple[float, float]  # share of the width, share of the height: its feet
    height: float  # px
    pace: float  # frame widths per second, negative to the left
    depth: float
    lag: float = 0.0  # cycles
    bob: float = 0.0  # px
    rise: float = 0.0  # heights of the frame per second
    grounded: bool = False
    poses: dict[int, Plate] = field(default_factory=dict)

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Lay the pose of this moment where camera and own motion have put it."""
        cycle = pose.seconds / self.role.period + self.lag
        steps = self.role.steps
        step = int(cycle * steps) % steps
        if self.role.swings:
            step = min(step, (steps // 2 - step) % steps)
        plate = self.poses.get(step)
        if plate is None:
            plate = self.poses[step] = self._pose(step / steps)
        dx, dy = pose.shift(self.depth, frame.width, frame.height)
        following = self.world.track.follows and self.pace != 0
        x = self.place[0] * frame.width + (0.0 if following else dx + self._walked(pose.seconds) * frame.width)
        y = self.place[1] * frame.height + dy + self.bob * math.sin(2 * math.pi * (pose.seconds * 0.23 + self.lag))
        y -= self.rise * pose.seconds * frame.height
        left, right, _, high = self.role.box
        lay(frame, plate, x - (right if self.pace < 0 else left) * self.height, y - high * self.height)

    def _walked(self, seconds: float) -> float:
        """Own way since the start, in frame widths, centred on the clip's middle."""
        return self.pace * (seconds - self.world.shot.duration / 2)

    def _pose(self, phase: float) -> Plate:
        pen = Pen(self.height, self.role.box)
        if self.grounded:
            pen.blob(
                (0.0, 0.0), 0.5 * (self.role.box[0] + self.role.box[1]) * 0.55, 0.020, (0.02, 0.02, 0.04), alpha=0.32
            )
        self.role.draw(pen, phase, self.tones)
        light = self.world.light
        toward = 1.0 if self.world.sun[0] > self.place[0] * self.world.width else -1.0
        return pen.plate(flip=self.pace < 0, rim=light.sun, toward=toward, strength=0.35 + 0.65 * light.glow)


def perform(world: World, setting: Setting) -> tuple[list[Item], list[Item]]:
    """The scene's subjects: those far away, and those before the place's own ground."""
    far: list[Item] = []
    near: list[Item] = []
    for number, actor in enumerate(world.scene.actors):
        target = far if actor.kind in _FAR else near
        target.extend(_performers(world, setting, actor, number))
    return far, near


def _performers(world: World, setting: Setting, actor: Actor, number: int) -> list[Performer]:
    role = ROLES[actor.kind]
    rng = world.dice(f"actor {actor.kind} {number}")
    text = world.shot.prompt.casefold()
    several = (
        role.many
        if role.many > 1 and any(word in text for word in _plurals(actor.kind))
        else (3 if role.many >= 6 else 1)
    )
    words = text.split()
    side = -1.0 if "left" in words else 1.0 if "right" in words else (1.0 if rng.random() < 0.6 else -1.0)
    cast = []
    for n in range(several):
        shrink = 1.0 if n == 0 else 0.35 + 0.45 * float(rng.random())
        height = role.size * world.unit * (0.9 + 0.2 * float(rng.random())) * shrink
        x, y = _stand(world, setting, actor.kind, number, n, float(rng.random()), float(rng.random()), shrink)
        depth = (0.45 if actor.kind in _FAR else 1.0) * (0.35 + 0.65 * shrink)
        free = actor.kind in FLYERS | SWIMMERS | {"astronaut"} or world.scene.place == "space"
        floats = free or actor.kind == "ship"
        cast.append(Performer(
            world, role, _tones(world, actor, 1.0 - shrink, n, float(rng.normal())), (x, y), height,
            role.pace * side * shrink * min(1.0, 5 / world.shot.duration + 0.25), depth, lag=float(rng.random()),
            grounded=actor.kind in WALKERS and not floats,
                bob=world.unit * (0.014 if free else 0.004) if floats else 0.0,
            rise=0.05 if actor.kind == "rocket" else 0.008 if actor.kind in {"balloon", "lantern"} else 0.0,
        ))  # fmt: skip
    return sorted(cast, key=lambda one: one.depth)


def _plurals(kind: str) -> list[str]:
    return {
        "bird": ["birds", "seagulls", "flock", "geese", "crows", "鸟"],
        "fish": ["fish", "鱼"],
        "flower": ["flowers", "roses", "tulips", "poppies", "sunflowers", "lavender", "花"],
        "balloon": ["balloons", "热气球"],
        "lantern": ["lanterns", "灯"],
        "butterfly": ["butterflies", "蝶"],
        "jellyfish": ["jellyfish", "水母"],
    }.get(kind, [kind + "s"])  # fmt: skip


def _stand(  # noqa: PLR0911, PLR0917 - one line a kind of subject
    world: World, setting: Setting, kind: str, number: int, n: int, a: float, b: float, shrink: float
) -> tuple[float, float]:
    """Where the feet are, as shares of width and height."""
    across = (0.5, 0.30, 0.72)[number] + 0.10 * (a - 0.5)
    if n:
        across = 0.06 + 0.88 * ((a + n * 0.618) % 1.0)
    high = world.horizon / world.height
    if kind in _FAR:
        return (0.30 + 0.4 * a if number == 0 else 0.16 + 0.7 * a), high + (
            0.035 if world.scene.place not in {"sea", "beach"} else 0.01
        )
    if kind == "ship":
        return across, min(high + 0.13, 0.95)
    if kind == "rocket" or world.scene.place == "space":
        return across, 0.80
    if kind in SWIMMERS:
        return across, 0.62 if n == 0 else 0.25 + 0.55 * b
    if kind in FLYERS:
        return across, min(high - 0.10, 0.60) * (1.0 if n == 0 else 0.35 + 0.75 * b) + (
            0.04 if kind == "butterfly" else 0
        )
    if kind == "flower":
        return across, 1.02 if n == 0 else 0.90 + 0.12 * shrink
    # A herd stands in depth: the smaller, the nearer to the horizon.
    return across, high + (setting.feet - high) * (1.0 if n == 0 else 0.30 + 0.70 * shrink) + 0.02 * (a - 0.5)


def _tones(world: World, actor: Actor, distance: float, n: int, chance: float) -> Tones:
    """The subject's colours in the light of the place."""
    role = ROLES[actor.kind]
    colour = actor.colour or role.colour
    if actor.colour is None and n and role.many > 1:
        colour = turned(colour, 0.09 * chance * (2.0 if actor.kind in {"balloon", "flower"} else 1.0))
    if actor.kind == "tree" and actor.colour is None:
        seasons = world.scene.weather
        colour = (0.96, 0.62, 0.74) if "petals" in seasons else (0.86, 0.46, 0.14) if "leaves" in seasons else colour
    level = 1.0 if world.light.level > 0.4 else 1.5

    def lit(c: Triple) -> Triple:
        """In this light, and never lost in the dark: a subject is what one looks at."""
        return world.hazed(
            mix(world.lit(c, level), scaled(c, 0.85), 0.42), distance * 0.45 + (0.22 if actor.kind in _FAR else 0.0)
        )

    if actor.kind in {"lantern", "campfire", "jellyfish"}:
        return Tones(colour, lit((0.1, 0.1, 0.12)), mix(colour, (1, 1, 1), 0.5), colour, (1.0, 0.85, 0.5))
    dark = world.light.level < 0.5
    glow: Triple = (1.0, 0.80, 0.42) if dark else mix(world.light.middle, (0.2, 0.24, 0.3), 0.4)
    if actor.kind in {"robot", "ufo"}:
        glow = (0.35, 0.95, 1.0)
    return Tones(lit(colour), lit((0.10, 0.10, 0.13)), lit((0.93, 0.92, 0.89)), lit((0.84, 0.62, 0.50)), glow)
