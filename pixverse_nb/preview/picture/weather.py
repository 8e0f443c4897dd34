"""What falls, drifts and glows in the air: rain, snow, mist, lightning, leaves, petals, fireflies, sparks, bubbles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import noise
from .camera import Pose
from .deep import rays
from .palette import mix, turned
from .pen import Pen
from .planes import BRIGHTEST, Bytes, Floats, Frame, Plate, Triple, brighten, lay, painted, painted_softly
from .sky import canvas
from .world import Item, Still, World


def weather(world: World) -> list[Item]:
    """The scene's weather, from far to near; drawn over everything else."""
    kinds = world.scene.weather
    items: list[Item] = [Fireworks.of(world)] if "fireworks" in kinds else []
    if "fog" in kinds:
        items.append(_mist(world, 0.5, 0.62))
    if "storm" in kinds:
        items.append(Lightning.of(world))
    if kinds & {"rain", "storm"}:
        items += [_rain(world, depth) for depth in (0.4, 1.0)]
    if "snowfall" in kinds:
        items += [_snow(world, n) for n in range(3)]
    if "fog" in kinds:
        items.append(_mist(world, 1.2, 0.40))
    if "dust" in kinds or (world.scene.place == "forest" and world.scene.time in {"golden", "dawn", "day"}):
        items.append(rays(world, 40, lean=0.5 if world.sun[0] < world.width / 2 else -0.5))
    for kind in sorted(_SWARMS):
        if kind in kinds:
            items.append(Swarm.of(world, kind))
    if world.scene.place == "underwater" and "bubbles" not in kinds:
        items.append(Swarm.of(world, "bubbles"))
    return items


@dataclass
class Falling:
    """A sheet of streaks or flakes that repeats in both directions and slides through the frame.

    The sheet is as large as the frame and is read like one long line that runs round: whole lines are added several
    times faster than cut rows. So what leaves on the left comes in on the right one row higher.

    Attributes
    ----------
    sheet : uint8 array
        Light to add, in luma levels; its rows follow each other as above.
    down, across : float
        Speed, px per second.
    sway : float
        Sideways swing, px.
    depth : float
        How far it follows the camera.
    """

    sheet: Bytes
    down: float
    across: float
    sway: float
    depth: float
    room: Bytes = field(init=False)

    def __post_init__(self) -> None:
        self.room = np.uint8(BRIGHTEST) - self.sheet

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Add the sheet where it has fallen to."""
        dx, dy = pose.shift(self.depth, frame.width, frame.height)
        x = int(dx + self.across * pose.seconds + self.sway * math.sin(pose.seconds * 1.3))
        y = int(dy + self.down * pose.seconds)
        luma, sheet, room = (plane.reshape(-1) for plane in (frame.y, self.sheet, self.room))
        at = (y * frame.width + x) % len(luma)
        brighten(luma[at:], sheet[: len(luma) - at], room[: len(luma) - at])
        brighten(luma[:at], sheet[len(luma) - at :], room[len(luma) - at :])


def _rain(world: World, depth: float) -> Falling:
    rng = world.dice(f"rain {depth}")
    width, height, unit = world.width, world.height, world.unit
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    slant = 0.30 if world.scene.weather & {"storm", "wind"} else 0.10
    for _ in range(int((90 + 50 * (depth < 1)) * width / world.unit)):
        x, y = rng.random() * width, rng.random() * height
        long = unit * (0.05 + 0.07 * rng.random()) * (0.6 + depth * 0.8)
        light = int(14 + 36 * rng.random() * depth + 10 * depth)
        for ox, fall in ((0, 0), (width, -1)):  # what leaves on the left comes in on the right, one row higher
            for oy in (fall, fall - height):
                draw.line(
                    [x + ox, y + oy, x + ox - long * slant, y + oy + long],
                    fill=light,
                    width=max(1, round(unit * 0.0019 * (0.5 + depth))),
                )
    speed = unit * (1.3 + 1.1 * depth)
    # Soft streaks look wetter, and the encoder has far less to say about them.
    soft = image.filter(ImageFilter.BoxBlur(unit * 0.0009))
    return Falling(np.asarray(soft), speed, -speed * slant, 0.0, depth)


def _snow(world: World, n: int) -> Falling:
    rng = world.dice(f"snow {n}")
    width, height, unit = world.width, world.height, world.unit
    sheet = np.zeros(height * width, np.float32)
    radius = unit * (0.0022, 0.0042, 0.0085)[n]
    reach = math.ceil(radius * 2.2)
    yy, xx = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    for _ in range(int((420, 170, 42)[n] * width / unit)):
        x, y = rng.random() * width, rng.random() * height
        size = radius * (0.6 + 0.7 * rng.random())
        flake = (
            np.exp(-(((xx - x % 1) ** 2 + (yy - y % 1) ** 2) / size**2))
            * (80 + 90 * rng.random())
            * (1.0, 1.0, 0.75)[n]
        )
        rows, columns = int(y) + np.arange(-reach, reach + 1), int(x) + np.arange(-reach, reach + 1)
        at = (rows[:, None] * width + columns) % len(sheet)
        sheet[at] = np.maximum(sheet[at], flake)
    wind = 0.12 if world.scene.weather & {"storm", "wind"} else 0.03
    return Falling(
        sheet.astype(np.uint8).reshape(height, width),
        unit * (0.07, 0.12, 0.22)[n],
        unit * wind * (n + 1),
        unit * 0.012 * (n + 1),
        0.4 + 0.4 * n,
    )


def _mist(world: World, depth: float, thick: float) -> Still:
    """Banks of mist that drift; thickest near the ground."""
    speed = world.unit * 0.03 * depth
    mx, my, width, height = canvas(world, depth, extra=int(speed * world.shot.duration) + 4)
    w, h = width // 4, height // 4
    rng = world.dice(f"mist {depth}")
    banks = noise.smoothstep(0.30, 0.75, noise.field(rng, w, h, 2.5 * width / world.width, octaves=4, stretch=3.0))
    rows = np.linspace(0, 1, h, dtype=np.float32)[:, None]
    low = world.horizon / world.height
    alpha = banks * thick * np.exp(-(((rows - low - 0.04) / 0.30) ** 2))
    alpha = np.maximum(alpha - 0.015, 0)  # air that nobody can see would be drawn all the same
    air = mix(world.light.low, world.light.middle, 0.45)
    if world.light.night:
        air = mix(air, (0.20, 0.27, 0.38), 0.5)
    plate = painted_softly(
        np.broadcast_to(np.asarray(air, np.float32), (h, w, 3)).copy(),
        width,
        height,
        alpha.astype(np.float32),
        x=-mx,
        y=-my,
        depth=depth,
    )
    plate.drift = speed
    return Still(plate)


@dataclass
class Lightning:
    """Flashes at moments of the scene's own, each with a forked bolt."""

    moments: tuple[float, ...]
    bolts: tuple[Plate, ...]

    @classmethod
    def of(cls, world: World) -> Lightning:
        """Draw a bolt for every flash, about one in three seconds."""
        rng = world.dice("lightning")
        count = max(1, round(world.shot.duration / 2.6))
        moments = tuple(float((n + 0.25 + 0.5 * rng.random()) * world.shot.duration / count) for n in range(count))
        return cls(moments, tuple(cls._bolt(world, rng) for _ in range(min(count, 3))))

    @staticmethod
    def _bolt(world: World, rng: np.random.Generator) -> Plate:
        width, height = world.width // 2, (world.horizon + 10) // 2 * 2
        image = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(image)
        stack = [(width * 0.5, 0.0, 1.0)]
        while stack:
            x, y, strength = stack.pop()
            while y < height * (0.97 if strength == 1.0 else 0.55 + 0.3 * strength):
                nx, ny = x + float(rng.normal()) * width * 0.028, y + height * (0.02 + 0.03 * float(rng.random()))
                for wide, light in ((9, 26), (4, 70), (1.6, 255)):
                    draw.line(
                        [x, y, nx, ny],
                        fill=int(light * strength),
                        width=max(1, round(world.unit * 0.0012 * wide * strength)),
                    )
                if rng.random() < 0.10 and strength > 0.4:
                    stack.append((nx, ny, strength * 0.6))
                x, y = nx, ny
        alpha = np.asarray(image, np.float32) * np.float32(1 / 255)
        rgb = np.broadcast_to(np.asarray((0.90, 0.93, 1.0), np.float32), (height, width, 3)).copy()
        return painted(
            rgb, alpha[:height, :width], x=2 * int(world.width * (0.05 + 0.4 * rng.random()) / 2), depth=0.08
        )

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Nothing most of the time."""
        for number, moment in enumerate(self.moments):
            since = pose.seconds - moment
            if 0 <= since < 0.45:
                flicker = math.exp(-since * 7) * (0.6 + 0.4 * math.cos(since * 55))
                if since < 0.26:
                    lay(frame, self.bolts[number % len(self.bolts)], *pose.shift(0.08, frame.width, frame.height))
                light = np.uint8(72 * max(flicker, 0.0))
                brighten(frame.y, light, np.uint8(BRIGHTEST) - light)


_BURNS = 1.6  # s that a burst is seen
_RAYS = 22
_GUNPOWDER: tuple[Triple, ...] = (
    (1.0, 0.30, 0.22), (1.0, 0.80, 0.30), (0.36, 0.86, 1.0), (0.52, 1.0, 0.46), (0.96, 0.46, 0.96), (1.0, 0.94, 0.82),
)  # fmt: skip


@dataclass
class Fireworks:
    """Shells that rise, burst into a ball of sparks, fall and fade; about two in a second.

    Attributes
    ----------
    bursts : list of tuple
        When (s), across and up (shares of the frame), radius (px), colour (an index).
    stamps : list of list of Plate
        A spark by colour, from faint to bright.
    unit : float
        px.
    """

    bursts: list[tuple[float, float, float, float, int]]
    stamps: list[list[Plate]]
    unit: float

    @classmethod
    def of(cls, world: World) -> Fireworks:
        """Plan the show; it has begun when the clip begins."""
        rng = world.dice("fireworks")
        sky = world.horizon / world.height
        count = round(world.shot.duration * 1.8) + 3
        bursts = [
            (
                (n + float(rng.random())) / 1.8 - 1.2,
                0.10 + 0.80 * float(rng.random()),
                sky * (0.14 + 0.48 * float(rng.random())),
                world.unit * (0.13 + 0.15 * float(rng.random())),
                int(rng.integers(len(_GUNPOWDER))),
            )
            for n in range(count)
        ]
        size = max(7.0, world.unit * 0.036)
        stamps = [[_glow(size, colour, 0.25 + 0.25 * step) for step in range(4)] for colour in _GUNPOWDER]
        return cls(bursts, stamps, world.unit)

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Every spark of each burst that burns."""
        dx, dy = pose.shift(0.10, frame.width, frame.height)
        for moment, across, up, radius, colour in self.bursts:
            since = pose.seconds - moment
            x, y = across * frame.width + dx, up * frame.height + dy
            if -0.5 < since < 0:
                lay(frame, self.stamps[colour][1], x, y - since * self.unit * 0.9)
            if not 0 <= since < _BURNS:
                continue
            grown = 1 - math.exp(-3.2 * since)
            fall = self.unit * 0.055 * since * since
            left = 1 - since / _BURNS
            for ring, share in enumerate((1.0, 0.80, 0.52)):
                step = min(int(left * 4.6) - ring // 2, 3)
                if step < 0:
                    continue
                for k in range(_RAYS - 8 * ring):
                    angle = 2 * math.pi * (k + 0.37 * ring + across) / (_RAYS - 8 * ring)
                    away = radius * share * grown * (0.92 + 0.16 * ((k * 7) % 5) / 5)
                    lay(frame, self.stamps[colour][step], x + away * math.cos(angle), y + away * math.sin(angle) + fall)


@dataclass(frozen=True)
class Kind:
    """One kind of drifting thing: how many, size (share of the unit), speed down and across, and its colours."""

    count: int
    size: float
    down: float
    across: float
    colours: tuple[Triple, ...]
    glows: bool = False


_SWARMS = {
    "leaves": Kind(28, 0.034, 0.17, 0.10, ((0.82, 0.34, 0.08), (0.90, 0.58, 0.12), (0.66, 0.18, 0.08))),
    "petals": Kind(36, 0.021, 0.10, 0.09, ((1.0, 0.76, 0.84), (0.98, 0.62, 0.74), (1.0, 0.88, 0.92))),
    "fireflies": Kind(30, 0.034, -0.012, 0.012, ((0.88, 1.0, 0.42), (1.0, 0.92, 0.45)), glows=True),
    "sparks": Kind(30, 0.016, -0.26, 0.05, ((1.0, 0.60, 0.18), (1.0, 0.80, 0.36)), glows=True),
    "eruption": Kind(44, 0.030, -0.30, 0.04, ((1.0, 0.34, 0.08), (1.0, 0.56, 0.14)), glows=True),
    "bubbles": Kind(24, 0.020, -0.14, 0.01, ((0.80, 0.94, 1.0),)),
    "dust": Kind(34, 0.012, 0.012, 0.025, ((1.0, 0.94, 0.80),), glows=True),
}
_TURNS = 8  # drawings of a tumbling leaf


@dataclass
class Swarm:
    """Small things that drift, tumble or glow, each on a way of its own that wraps round the frame."""

    kind: Kind
    stamps: list[list[Plate]]  # by colour, by turn or brightness
    paths: Floats  # (count, 7): x, y, size class, phase, speed, swing, depth
    unit: float

    @classmethod
    def of(cls, world: World, name: str) -> Swarm:
        """Scatter them."""
        kind = _SWARMS[name]
        rng = world.dice(f"swarm {name}")
        stamps = [[_stamp(world, name, kind, colour, turn) for turn in range(_TURNS)] for colour in kind.colours]
        return cls(kind, stamps, rng.random((kind.count, 7), dtype=np.float32), world.unit)

    def draw(self, frame: Frame, pose: Pose) -> None:
        """Lay each where it is now."""
        wide, high = frame.width * 1.2, frame.height * 1.2
        t = pose.seconds
        for x0, y0, shade, phase, speed, swing, near in self.paths.tolist():
            depth = 0.5 + 0.8 * near
            dx, dy = pose.shift(depth, frame.width, frame.height)
            pace = (0.6 + 0.8 * speed) * depth * self.unit
            sway = math.sin(t * (0.8 + swing) + phase * 6.28) * self.unit * 0.03
            x = (x0 * wide + dx + self.kind.across * pace * t + sway) % wide - 0.1 * frame.width
            y = (y0 * high + dy + self.kind.down * pace * t + sway * 0.5) % high - 0.1 * frame.height
            row = self.stamps[int(shade * len(self.stamps)) % len(self.stamps)]
            if self.kind.glows:
                step = int((0.5 + 0.5 * math.sin(t * (1.5 + 2 * speed) + phase * 6.28)) * (_TURNS - 1))
            else:
                step = int((t * (0.5 + speed) + phase) * _TURNS) % _TURNS
            lay(frame, row[step], x, y)


def _stamp(world: World, name: str, kind: Kind, colour: Triple, turn: int) -> Plate:
    """One small drawing: a glow of a certain brightness, or a thing in a certain turn."""
    size = max(4.0, kind.size * world.unit)
    if kind.glows:
        return _glow(size, colour, (turn + 0.5) / _TURNS)
    pen = Pen(size, (0.6, 0.6, 0.1, 1.1))
    angle = 2 * math.pi * turn / _TURNS
    flat = 0.25 + 0.75 * abs(math.cos(angle))
    lit = colour if name == "petals" else mix(world.lit(colour), colour, 0.55)
    if name == "bubbles":
        for ring, (r, a) in enumerate(((0.48, 0.25), (0.42, 0.10), (0.20, 0.06))):
            pen.blob((0, 0.5), r, r, colour, alpha=a + 0.02 * ring)
        pen.blob((-0.16, 0.68), 0.10, 0.07, (1, 1, 1), turn=0.6)
    elif name == "petals":
        pen.blob((0, 0.5), 0.42, 0.26 * flat + 0.04, lit, turn=angle)
    else:
        c, s = math.cos(angle), math.sin(angle)
        shape = [
            (-0.46, 0.0),
            (-0.15, 0.24 * flat),
            (0.2, 0.20 * flat),
            (0.50, 0.0),
            (0.2, -0.20 * flat),
            (-0.15, -0.24 * flat),
        ]
        pen.smooth([(c * x - s * y, 0.5 + s * x + c * y) for x, y in shape], lit)
        pen.limb(
            [(-0.5 * c, 0.5 - 0.5 * s), (0.5 * c, 0.5 + 0.5 * s)],
            (0.03, 0.02),
            turned(mix(lit, (0.1, 0.05, 0), 0.4), 0.0),
        )
    return pen.plate(flip=False, rim=world.light.sun, toward=1.0, strength=0.2)


def _glow(size: float, colour: Triple, strength: float) -> Plate:
    half = 2 * math.ceil(size / 2)
    yy, xx = np.mgrid[-half:half, -half:half].astype(np.float32) + 0.5
    away = np.hypot(xx, yy) / size
    alpha = (np.exp(-((away / 0.13) ** 2)) + 0.42 * np.exp(-((away / 0.42) ** 2)) * (away < 1)) * strength
    core = np.exp(-((away / 0.15) ** 2))[..., None]
    rgb = np.asarray(colour, np.float32) * (1 - core) + core
    return painted(rgb.astype(np.float32), np.clip(alpha, 0, 1).astype(np.float32))
