"""The subjects on the stage: how large each is, where it stands, how it moves, and in which light."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from .camera import FAR_DEPTH, Pose
from .glow import Beam
from .palette import mix, scaled
from .pen import Pen, Tones
from .planes import Frame, Plate, Triple, lay
from .roles import HAIR, ROLES, SKINS, SKY, TROUSERS, Role
from .troupe import Part, parts
from .vocabulary import FAR_OFF, FLYERS, PEOPLE, SWIMMERS, WALKERS
from .wardrobe import colour_of, umbrella_of
from .wonders import sheltered
from .words import Actor
from .world import Item, Setting, World

_MINGLED = ("woman", "man", "child", "man", "woman", "man", "woman")  # a crowd, from the front to the back
_MIDDLES = {True: (0.5,), False: (0.56, 0.25, 0.80)}
"""Where the group of each subject gathers, as a share of the width, by whether it is the only one."""
_NEAR_KINDS = {
    "flower": "bloom", "woman": "face of a woman", "man": "face of a man", "child": "face of a man",
    "dancer": "face of a woman", "runner": "face of a man",
}  # fmt: skip
"""What is drawn instead when it is seen from near."""
_PORTRAITS = frozenset({"face of a woman", "face of a man"})
_BEASTS = frozenset(
    {
        "cat",
        "dog",
        "fox",
        "horse",
        "deer",
        "elephant",
        "lion",
        "bear",
        "panda",
        "camel",
        "penguin",
        "frog",
        "robot",
        "bird",
        "butterfly",
    }
)
_SHELTERED = frozenset({"woman", "man", "child"})
_UNDER_UMBRELLA = (0.50, 0.54, 0.06, 1.34)
_SMALL_GROUP = 4  # so few stand side by side; more stand in depth
_LOOKS = 7  # figures that differ; in a larger crowd two and two look alike
_FEW_LOOKS = 4  # lanterns that differ
_ALIKE = (WALKERS - PEOPLE) | {"ship"}  # a third of a group has twins in it
_ON_CRAG = 0.72
"""How large something is that stands on the headland; it makes it follow the camera as `crag.DEPTH` does."""
_SHORE = {
    "sea": 0.87,
    "lake": 0.87,
    "beach": 0.86,
    "forest": 0.83,
    "mountains": 0.86,
    "desert": 0.84,
    "snow": 0.77,
    "mars": 0.78,
    "studio": 0.77,
}
"""The highest row, as a share of the height, on which the place has firm ground; elsewhere it reaches the horizon."""


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
    poses: dict[int, Plate] = field(default_factory=dict)  # companions that look alike share theirs

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
    cast = [part for part in parts(world.shot, world.scene) if part.actor.kind not in SKY]
    for number, part in enumerate(cast):
        target = far if part.actor.kind in FAR_OFF else near
        performers = _performers(world, setting, part, number, alone=len(cast) == 1)
        if part.actor.kind == "lighthouse":
            (tower,) = performers
            lamp = tower.place[0] * world.width, tower.place[1] * world.height - 0.905 * tower.height
            target.append(Beam.of(world, lamp, tower.height, tower.depth))
        target.extend(performers)
    return far, near


def _performers(world: World, setting: Setting, part: Part, number: int, *, alone: bool) -> list[Performer]:
    """One subject and its companions, the farthest first."""
    actor = part.actor
    kind = _NEAR_KINDS.get(actor.kind, actor.kind) if part.close else actor.kind
    lead = ROLES[kind]
    rng = world.dice(f"actor {kind} {number}")
    count = lead.count(part.asked)
    words = world.shot.prompt.casefold().split()
    side = -1.0 if "left" in words else 1.0 if "right" in words else (1.0 if rng.random() < 0.6 else -1.0)
    spots = _spots(world, setting, kind, count, rng, middle=_MIDDLES[alone][number])
    step = float(rng.random())
    cast: list[Performer] = []
    if part.close and kind in _BEASTS:
        spots = [replace(spot, y=spot.y + 0.05, size=spot.size * 1.7) for spot in spots]
    looks = _looks(kind, count)
    for n, spot in enumerate(spots):
        lag = step if kind == "soldier" else float(rng.random())  # soldiers keep step
        if n >= looks:  # the same look, elsewhere and in another step
            free = kind in FLYERS | SWIMMERS
            twin = cast[1 + n % (looks - 1)] if free else cast[n % looks]  # the first one of a flock leads it alone
            cast.append(replace(twin, place=(spot.x, spot.y if free else twin.place[1]), lag=lag))
            continue
        turn = -1.0 if kind == "crowd" and count > _SMALL_GROUP and rng.random() < 0.5 else 1.0
        one = _performer(world, actor, kind, (n, count), spot, rng)
        one.lag, one.pace = lag, one.pace * side * turn
        cast.append(one)
    return sorted(cast, key=lambda one: one.depth)


def _looks(kind: str, count: int) -> int:
    """How many of a group are drawn; the others are their twins. Drawing is what a large cast costs."""
    if count <= _SMALL_GROUP:
        return count
    if kind == "lantern":
        return _FEW_LOOKS
    if kind in _ALIKE:
        return min(-(-2 * count // 3), _LOOKS)
    return min(count, _LOOKS) if kind in WALKERS | {"bird", "fish"} else count


def _performer(
    world: World, actor: Actor, kind: str, place: tuple[int, int], spot: _Spot, rng: np.random.Generator
) -> Performer:
    """The member number `place[0]` of a group of `place[1]`, looking to the right."""
    n, count = place
    size = ROLES[kind].size * spot.size * (1.0 + (0.07 if count > 1 else 0.10) * (2 * float(rng.random()) - 1))
    if kind == "crowd":
        kind = _MINGLED[n % len(_MINGLED)] if count > 1 else "man"
        size *= ROLES[kind].size / ROLES["man"].size
        n += 1  # nobody in a crowd is dressed for an entrance
    role = ROLES[kind]
    if actor.trim is not None and kind in _SHELTERED:
        role = replace(role, draw=sheltered(role.draw), box=_UNDER_UMBRELLA)
    bob, rise, grounded = _afloat(world, kind)
    return Performer(
        world,
        role,
        _tones(world, replace(actor, kind=kind), 1.0 - spot.size, n, rng),
        (spot.x, spot.y),
        size * world.unit,
        role.pace * spot.size * min(1.0, 5 / world.shot.duration + 0.25),
        (FAR_DEPTH if kind in FAR_OFF else 1.0) * (0.35 + 0.65 * spot.size),
        bob=bob,
        rise=rise,
        grounded=grounded,
    )


def _afloat(world: World, kind: str) -> tuple[float, float, bool]:
    """How far it bobs (px), how fast it rises (heights of the frame per second), and whether it throws a shadow."""
    place = world.scene.place
    free = kind in FLYERS | SWIMMERS or place == "space" or (kind == "astronaut" and place in {"underwater", "dream"})
    bob = world.unit * 0.014 if free else 0.0
    if kind == "ship":
        bob = world.unit * 0.004
    elif kind == "astronaut" and not free:
        bob = world.unit * 0.006  # the spring of somebody who weighs little
    elif kind == "bloom":
        bob = world.unit * 0.005
    rise = 0.05 if kind == "rocket" else 0.008 if kind in {"balloon", "lantern"} else 0.0
    return bob, rise, kind in WALKERS | {"cyclist", "bicycle"} and not free


@dataclass(frozen=True)
class _Spot:
    """Where somebody stands (shares of width and height: the feet), and how large it therefore is."""

    x: float
    y: float
    size: float = 1.0


def _spots(  # noqa: PLR0911 - the first rule that fits
    world: World, setting: Setting, kind: str, count: int, rng: np.random.Generator, *, middle: float
) -> list[_Spot]:
    """A place for each of a group; the first one leads it."""
    high = world.horizon / world.height
    if kind in FAR_OFF:
        low = high + (0.035 if world.scene.place not in {"sea", "beach"} else 0.01)
        first = 0.30 + 0.4 * float(rng.random()) if middle == 0.5 else middle
        if world.headland is not None and kind == _on_land(world):
            return [_Spot(world.headland[0], world.headland[1] + 0.012, _ON_CRAG)]
        return [_Spot(first, low)] + [
            _Spot((first + 0.618 * n) % 1.0 * 0.88 + 0.06, low, 0.55 + 0.35 * float(rng.random()))
            for n in range(1, count)
        ]
    if kind in FLYERS or kind in SWIMMERS or kind == "rocket" or world.scene.place == "space":
        return [_hovering(world, kind, n, count, rng, middle) for n in range(count)]
    if kind == "flower":
        firsts = [_Spot(middle, 1.02)]
        sizes = 0.35 + 0.45 * rng.random(max(count - 1, 0))
        return firsts + [
            _Spot(0.06 + 0.88 * ((middle + 0.618 * (n + 1)) % 1.0), 0.90 + 0.12 * float(s), float(s))
            for n, s in enumerate(sizes)
        ]
    if kind == "bloom":
        return [_Spot(middle, 1.02)]
    if kind in _PORTRAITS:
        return [_Spot(middle + 0.38 * (n + 1) // 2 * (-1) ** n, 1.01, 1.0 - 0.08 * n) for n in range(count)]
    feet = min(high + 0.13, 0.95) if kind == "ship" else setting.feet
    nearest = high + 0.30 * (feet - high)
    back = nearest if kind == "ship" else max(nearest, min(_SHORE.get(world.scene.place, 0.0), feet - 0.015))
    return _standing(world, kind, count, rng, middle, (high, back, feet))


def _on_land(world: World) -> str | None:
    """The kind that stands on the headland, if there is one: the first that is seen from afar."""
    return next((actor.kind for actor in world.scene.actors if actor.kind in FAR_OFF - {"train"}), None)


def _standing(
    world: World, kind: str, count: int, rng: np.random.Generator, middle: float, rows: tuple[float, float, float]
) -> list[_Spot]:
    """A group on the ground: few stand side by side, many in depth, each as large as its distance makes it."""
    high, back, feet = rows
    if count == 1:
        return [_Spot(middle + 0.10 * (float(rng.random()) - 0.5) * (middle == 0.5), feet)]
    role = ROLES[kind]
    stout = (role.box[0] + role.box[1]) * 0.70 * role.size * world.unit / world.width  # of the frame's width
    scale = {2: 0.94, 3: 0.88, 4: 0.82}.get(count, 0.80)
    if count <= _SMALL_GROUP:
        room = 0.92 if middle == 0.5 else 0.50
        gap = min(max(stout * scale * 1.05, 0.10), room / count)
        order = sorted(range(count), key=lambda slot: abs(slot - (count - 1) / 2))
        spots = []
        for n, slot in enumerate(order):
            y = feet - (0.0 if n == 0 else float(rng.random()) * min(feet - back, 0.045))
            jitter = gap * 0.16 * (float(rng.random()) - 0.5)
            spots.append(_Spot(middle + (slot - (count - 1) / 2) * gap + jitter, y, scale * (y - high) / (feet - high)))
        return spots
    looks = min(_looks(kind, count), _LOOKS)
    # Room for depth needs a front row that stands nearer than somebody alone.
    front = min(max(feet, 0.955), high + 1.35 * (feet - high))
    scale = min(scale, 0.18 / stout)  # large beasts would hide each other
    slots = rng.permutation(looks)
    spots = []
    for n in range(count):
        nearness = 1 - (n % looks) / looks  # twins share a row and stand half the picture apart
        y = back + (front - back) * nearness**1.25
        twin = n >= looks
        first = (int(slots[n % looks]) + looks // 2 * twin) % looks + 0.5 * twin
        x = 0.04 + 0.92 * (first + 0.1 + 0.3 * float(rng.random())) / looks
        if world.scene.place == "street":
            x = 0.5 + (x - 0.5) * (0.30 + 0.70 * (y - high) / (feet - high))  # between the houses
        spots.append(_Spot(x, y, scale * (y - high) / (feet - high)))
    return spots


def _hovering(world: World, kind: str, n: int, count: int, rng: np.random.Generator, middle: float) -> _Spot:
    """A place in the air or the water; companions are smaller, for they are farther away."""
    high = world.horizon / world.height
    a, b = float(rng.random()), float(rng.random())
    x = middle + 0.10 * (a - 0.5) if n == 0 else 0.06 + 0.88 * ((middle + n * 0.618 + 0.06 * a) % 1.0)
    size = (1.0 if count < 8 else 0.85) if n == 0 else 0.35 + 0.40 * a
    if kind == "rocket" or world.scene.place == "space":
        return _Spot(x, 0.80 if n == 0 else 0.35 + 0.5 * b, size)
    if kind in SWIMMERS:
        return _Spot(x, 0.62 if n == 0 else 0.25 + 0.55 * ((b + n * 0.38) % 1.0), size)
    top = min(high - 0.10, 0.60) + (0.12 if kind == "dragon" else 0.0)
    rows = 1.0 if n == 0 else 0.35 + 0.75 * ((b * 0.4 + n * 0.38) % 1.0)
    return _Spot(x, top * rows + (0.04 if kind == "butterfly" else 0.0), size)


def _tones(world: World, actor: Actor, distance: float, n: int, rng: np.random.Generator) -> Tones:
    """The subject's colours in the light of the place; `n` counts companions."""
    kind = actor.kind
    people = kind in PEOPLE or kind in _PORTRAITS
    colour = colour_of(world, actor, n, rng)
    level = 1.0 if world.light.level > 0.4 else 1.5
    haze = max(distance - 0.2, 0.0) * (0.2 if people else 0.5) + (0.22 if kind in FAR_OFF else 0.0)

    def lit(c: Triple) -> Triple:
        """In this light, and never lost in the dark: a subject is what one looks at."""
        return world.hazed(mix(world.lit(c, level), scaled(c, 0.85), 0.60 if n and people else 0.42), haze)

    if kind in {"lantern", "campfire", "jellyfish"}:
        return Tones(colour, lit((0.1, 0.1, 0.12)), mix(colour, (1, 1, 1), 0.5), colour, (1.0, 0.85, 0.5))
    if kind == "candle":  # it stands in its own light
        return Tones(scaled(colour, 0.86), (0.08, 0.07, 0.07), colour, colour, (1.0, 0.85, 0.5))
    dark = world.light.level < 0.5
    glow: Triple = (1.0, 0.80, 0.42) if dark else mix(world.light.middle, (0.2, 0.24, 0.3), 0.4)
    if kind in {"robot", "ufo"}:
        glow = (0.35, 0.95, 1.0)
    elif kind == "rider" or (actor.trim is not None and kind in _SHELTERED):
        glow = lit(umbrella_of(world, actor, n))  # or what the rider wears
    pale: Triple = actor.trim if kind == "ship" and actor.trim is not None else (0.93, 0.92, 0.89)
    turn = n + int(rng.integers(0, 3)) if people and n else 0
    return Tones(
        lit(colour), lit(TROUSERS[turn % len(TROUSERS)]), lit(pale), lit(SKINS[turn % len(SKINS)]), glow,
        lit(HAIR[(turn * 2 + n) % len(HAIR)]) if n else HAIR[0], cut=(n - 1) % 3 + 1 if n else 0,
    )  # fmt: skip
