"""Things that one sees from near: a cup, a candle, a guitar, a bicycle and its rider, a submarine, one large flower."""

from __future__ import annotations

import math

from .palette import mix, scaled, turned
from .pen import Pen, Point, Tones, darker, reach_to
from .planes import Triple

_TURN = 2 * math.pi
_WHITE: Triple = (1.0, 1.0, 1.0)


def cup(pen: Pen, phase: float, tones: Tones) -> None:
    """A cup of coffee on its saucer; the steam rises."""
    pen.blob((0.0, 0.0), 0.70, 0.07, (0.02, 0.02, 0.03), alpha=0.40)
    pen.blob((0.0, 0.055), 0.64, 0.105, scaled(tones.pale, 0.72))
    pen.blob((0.0, 0.075), 0.62, 0.095, tones.pale)
    pen.blob((0.0, 0.070), 0.36, 0.050, scaled(tones.pale, 0.80))
    handle = ((0.36, 0.53), (0.53, 0.53), (0.605, 0.41), (0.53, 0.27), (0.34, 0.23))
    pen.limb(closed_open(handle), (0.070,) * 25, tones.shade(0.88))
    body = ((-0.41, 0.62), (-0.395, 0.42), (-0.31, 0.20), (-0.17, 0.095), (0.0, 0.08), (0.17, 0.095), (0.31, 0.20))
    pen.smooth([*body, (0.395, 0.42), (0.41, 0.62), (0.0, 0.66)], tones.main)
    side = ((0.13, 0.60), (0.15, 0.35), (0.08, 0.12), (0.17, 0.10), (0.31, 0.20), (0.395, 0.42), (0.405, 0.60))
    pen.smooth(side, tones.shade(0.84))
    pen.smooth(
        [(-0.33, 0.52), (-0.31, 0.36), (-0.25, 0.22), (-0.22, 0.25), (-0.27, 0.38), (-0.28, 0.53)], lighter(tones)
    )
    pen.blob((0.0, 0.62), 0.412, 0.098, mix(tones.main, _WHITE, 0.45))
    pen.blob((0.0, 0.612), 0.375, 0.080, (0.20, 0.10, 0.05))
    pen.blob((0.0, 0.606), 0.345, 0.066, (0.36, 0.20, 0.10))
    pen.blob((-0.10, 0.614), 0.12, 0.020, (0.62, 0.42, 0.25))
    for n, x in enumerate((-0.17, 0.0, 0.16)):
        wisp, level = [], []
        for k in range(15):
            part = k / 14
            sway = math.sin(_TURN * (part * 1.15 - phase) + 2.1 * n)
            wisp.append((x + sway * (0.02 + 0.085 * part), 0.64 + (0.70 + 0.08 * (n % 2)) * part))
            level.append(0.42 * math.sin(math.pi * min(1.0, part * 0.94 + 0.06)) ** 1.2)
        pen.haze(wisp, [0.045 + 0.075 * k / 14 for k in range(15)], (0.97, 0.97, 0.96), level, soft=0.028)


def lighter(tones: Tones) -> Triple:
    """The main colour where it shines."""
    return mix(tones.main, _WHITE, 0.55)


def closed_open(points: tuple[Point, ...], steps: int = 6) -> list[Point]:
    """An open curve through the points: Catmull-Rom with doubled ends."""
    ends = (points[0], *points, points[-1])
    curve: list[Point] = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for n in range(steps):
            t = n / steps
            curve.append((_through(a[0], b[0], c[0], d[0], t), _through(a[1], b[1], c[1], d[1], t)))
    return [*curve, points[-1]]


def _through(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def candle(pen: Pen, phase: float, tones: Tones) -> None:
    """A burning candle on a brass dish, in its own glow."""
    flick = math.sin(_TURN * phase)
    quick = math.sin(_TURN * phase * 2 + 1.0)
    glow = 1.0 + 0.05 * flick
    pen.haze([(0.0, 0.78)], [0.46 * glow], (1.0, 0.66, 0.26), [0.60], soft=0.15)
    pen.haze([(0.0, 0.78)], [0.26 * glow], (1.0, 0.84, 0.48), [0.60], soft=0.08)
    brass: Triple = (0.58, 0.40, 0.16)
    pen.blob((0.0, -0.005), 0.30, 0.040, (0.02, 0.02, 0.03), alpha=0.45)
    pen.blob((0.0, 0.035), 0.26, 0.050, darker(brass, 0.7))
    pen.blob((0.0, 0.050), 0.25, 0.044, brass)
    pen.blob((0.0, 0.052), 0.17, 0.028, darker(brass, 0.6))
    wax = [(-0.098, 0.06), (-0.10, 0.30), (-0.096, 0.60), (0.0, 0.612), (0.096, 0.60), (0.10, 0.30), (0.098, 0.06)]
    pen.smooth([*wax, (0.0, 0.045)], tones.main)
    pen.smooth([(0.02, 0.06), (0.035, 0.58), (0.094, 0.59), (0.098, 0.30), (0.096, 0.06)], tones.shade(0.80))
    for x, low in ((-0.088, 0.43), (-0.045, 0.50), (0.070, 0.36)):
        pen.limb([(x, 0.595), (x, low)], (0.040, 0.030), lighter(tones))
    pen.blob((0.0, 0.602), 0.097, 0.024, mix(tones.main, (1.0, 0.88, 0.58), 0.75))
    pen.limb([(0.0, 0.60), (0.006, 0.655)], (0.013, 0.010), (0.10, 0.07, 0.05))
    for colour, wide, tall in (
        ((1.0, 0.55, 0.12), 1.0, 1.0),
        ((1.0, 0.80, 0.28), 0.78, 0.84),
        ((1.0, 0.97, 0.80), 0.48, 0.60),
    ):
        tip = (0.018 * flick * tall, 0.625 + (0.27 + 0.022 * quick) * tall)
        pen.smooth(
            [
                (0.0, 0.622),
                (0.042 * wide, 0.665),
                (0.030 * wide, 0.745),
                tip,
                (-0.030 * wide, 0.745),
                (-0.042 * wide, 0.665),
            ],
            colour,
        )
    pen.blob((0.0, 0.640), 0.018, 0.020, (0.38, 0.50, 0.95), alpha=0.75)


_HALF_BODY: tuple[Point, ...] = (
    (0.0, 0.0), (0.13, 0.012), (0.232, 0.075), (0.262, 0.18), (0.222, 0.285), (0.160, 0.355), (0.152, 0.415),
    (0.188, 0.495), (0.172, 0.585), (0.095, 0.642), (0.0, 0.655),
)  # fmt: skip


def guitar(pen: Pen, phase: float, tones: Tones) -> None:
    """An acoustic guitar that leans a little; light wanders over the top."""
    lean = -0.16

    def at(x: float, y: float) -> Point:
        return x * math.cos(lean) - y * math.sin(lean), x * math.sin(lean) + y * math.cos(lean)

    def outline(grow: float, dx: float = 0.0) -> list[Point]:
        right = [(x * grow, 0.33 + (y - 0.33) * grow) for x, y in _HALF_BODY]
        return [at(x + dx, y) for x, y in right] + [at(dx - x, y) for x, y in right[-2:0:-1]]

    pen.blob((0.03, 0.0), 0.30, 0.030, (0.02, 0.02, 0.03), alpha=0.45)
    pen.smooth(outline(1.02, 0.030), darker(tones.main, 0.42))
    pen.smooth(outline(1.02), mix(tones.pale, tones.main, 0.35))
    pen.smooth(outline(0.985), tones.main)
    shine = 0.05 * math.sin(_TURN * phase)
    gleam = [(-0.20 + shine, 0.10), (-0.235 + shine, 0.20), (-0.15 + shine, 0.33), (-0.11 + shine, 0.34), (-0.16, 0.18)]
    pen.smooth([at(x, y) for x, y in gleam], mix(tones.main, _WHITE, 0.22))
    pen.smooth([at(x, y) for x, y in ((0.07, 0.40), (0.14, 0.37), (0.15, 0.27), (0.07, 0.30))], darker(tones.main, 0.4))
    pen.blob(at(0.0, 0.415), 0.094, 0.094, mix(tones.pale, tones.main, 0.3))
    pen.blob(at(0.0, 0.415), 0.080, 0.080, (0.05, 0.03, 0.02))
    wood: Triple = scaled(mix((0.20, 0.11, 0.06), tones.dark, 0.25), 1.0)
    pen.shape([at(-0.105, 0.175), at(0.105, 0.175), at(0.09, 0.208), at(-0.09, 0.208)], wood)
    pen.shape([at(-0.036, 0.49), at(0.036, 0.49), at(0.027, 0.985), at(-0.027, 0.985)], wood)
    for fret in range(12):
        y = 0.985 - 0.335 * (1 - 0.5 ** (fret / 7.0)) * 1.45
        pen.limb([at(-0.029, y), at(0.029, y)], (0.005, 0.005), (0.70, 0.66, 0.52))
    pen.smooth(
        [
            at(x, y)
            for x, y in (
                (-0.030, 0.98),
                (-0.062, 1.02),
                (-0.055, 1.13),
                (0.0, 1.145),
                (0.055, 1.13),
                (0.062, 1.02),
                (0.030, 0.98),
            )
        ],
        darker(tones.main, 0.5),
    )
    for side in (-1, 1):
        for k in range(3):
            pen.blob(at(side * 0.075, 1.03 + 0.035 * k), 0.016, 0.011, tones.pale)
    for k in range(6):
        x = -0.026 + 0.0104 * k
        hum = 0.004 * math.sin(_TURN * phase * 2 + k)
        pen.limb([at(x * 1.15, 0.19), at(x + hum, 0.55), at(x * 0.85, 0.985)], (0.0042,) * 3, (0.92, 0.90, 0.80))


def _ring(pen: Pen, centre: Point, radius: float, thick: float, colour: Triple) -> None:
    steps = [_TURN * k / 36 for k in range(37)]
    pen.limb(
        [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in steps], (thick,) * 37, colour
    )


def _bike(pen: Pen, k: float, turn: float, paint: Triple, tones: Tones) -> None:
    """A bicycle whose handlebar is `k` high; `turn` is how far its wheels have rolled, in radians."""

    def at(x: float, y: float) -> Point:
        return x * k, y * k

    rubber, steel = mix((0.05, 0.05, 0.06), tones.dark, 0.4), scaled(tones.pale, 0.72)
    rear, front, crank = (-0.60, 0.37), (0.62, 0.37), (-0.05, 0.34)
    for hub in (rear, front):
        _ring(pen, at(*hub), 0.345 * k, 0.048 * k, rubber)
        _ring(pen, at(*hub), 0.315 * k, 0.016 * k, steel)
        for n in range(9):
            angle = -turn + _TURN * n / 9
            far = (hub[0] + 0.31 * math.cos(angle), hub[1] + 0.31 * math.sin(angle))
            pen.limb([at(*hub), at(*far)], (0.009 * k,) * 2, steel)
        pen.blob(at(*hub), 0.035 * k, 0.035 * k, steel)
    seat, head = (-0.21, 0.80), (0.42, 0.82)
    pen.limb([at(*rear), at(-0.33, 0.36), at(*crank)], (0.020 * k,) * 3, rubber)  # the chain
    tubes = (
        (rear, seat, 0.034), (rear, crank, 0.034), (crank, seat, 0.052), (seat, head, 0.050),
        (crank, (0.44, 0.76), 0.056), ((0.40, 0.90), front, 0.044),
    )  # fmt: skip
    for a, b, thick in tubes:
        pen.limb([at(*a), at(*b)], (thick * k,) * 2, paint)
    pen.limb([at(*seat), at(-0.235, 0.90)], (0.032 * k,) * 2, steel)
    pen.smooth(
        [at(-0.37, 0.955), at(-0.36, 0.905), at(-0.20, 0.905), at(-0.06, 0.925), at(-0.06, 0.95), at(-0.22, 0.96)],
        rubber,
    )
    pen.limb(
        [at(0.40, 0.88), at(0.385, 0.985), at(0.47, 1.0), at(0.555, 0.975), at(0.57, 0.90)], (0.034 * k,) * 5, rubber
    )
    _ring(pen, at(*crank), 0.085 * k, 0.026 * k, steel)
    for side in (0.0, math.pi):
        pedal = (crank[0] + 0.165 * math.cos(-turn + side), crank[1] + 0.165 * math.sin(-turn + side))
        pen.limb([at(*crank), at(*pedal)], (0.030 * k,) * 2, steel)
        pen.limb([at(pedal[0] - 0.05, pedal[1]), at(pedal[0] + 0.05, pedal[1])], (0.030 * k,) * 2, rubber)


def bicycle(pen: Pen, phase: float, tones: Tones) -> None:
    """A bicycle on its stand."""
    pen.limb([(-0.10, 0.32), (-0.24, 0.0)], (0.03, 0.03), scaled(tones.dark, 1.3))
    _bike(pen, 1.0, 0.7 + 0.03 * math.sin(_TURN * phase), tones.main, tones)


def cyclist(pen: Pen, phase: float, tones: Tones) -> None:
    """Somebody riding a bicycle."""
    k, turn = 0.60, _TURN * phase
    hip, neck = (-0.115, 0.60), (0.10, 0.845)
    feet = [
        ((-0.05 + 0.165 * math.cos(-turn + side)) * k, (0.34 + 0.165 * math.sin(-turn + side)) * k + 0.022)
        for side in (math.pi, 0.0)
    ]
    trousers = darker(tones.dark, 0.9)
    _thigh(pen, hip, feet[0], scaled(trousers, 0.65), tones)
    pen.limb([(0.085, 0.80), (0.17, 0.70), (0.30, 0.615)], (0.060, 0.048, 0.036), tones.shade(0.62))
    _bike(pen, k, turn, mix((0.80, 0.16, 0.14), tones.glow, 0.10), tones)
    _thigh(pen, hip, feet[1], trousers, tones)
    pen.smooth(
        [
            (-0.19, 0.63),
            (-0.13, 0.56),
            (-0.05, 0.60),
            (0.09, 0.715),
            (0.155, 0.80),
            (0.11, 0.855),
            (0.04, 0.85),
            (-0.10, 0.76),
        ],
        tones.main,
    )
    pen.limb([(0.07, 0.80), (0.155, 0.68), (0.30, 0.62)], (0.064, 0.050, 0.036), tones.shade(0.84))
    pen.blob((0.305, 0.618), 0.022, 0.020, tones.skin)
    pen.limb([neck, (0.135, 0.90)], (0.052, 0.046), tones.skin)
    pen.blob((0.155, 0.945), 0.050, 0.060, tones.skin)
    pen.smooth([(0.195, 0.955), (0.217, 0.933), (0.196, 0.918)], tones.skin)
    pen.smooth(
        [(0.215, 0.985), (0.17, 1.025), (0.10, 1.01), (0.075, 0.95), (0.095, 0.935), (0.145, 0.975)],
        mix(tones.main, tones.pale, 0.7),
    )


def _thigh(pen: Pen, hip: Point, foot: Point, colour: Triple, tones: Tones) -> None:
    """A leg from the hip to where the foot must be: the knee bends forward."""
    length = 0.225
    away = math.hypot(foot[0] - hip[0], foot[1] - hip[1])
    straight = math.atan2(foot[0] - hip[0], hip[1] - foot[1])
    bend = math.acos(min(away / 2 / length, 1.0))
    knee = reach_to(hip, straight + bend, length)
    pen.limb([hip, knee, foot], (0.105, 0.075, 0.045), colour)
    pen.limb(
        [(foot[0] - 0.02, foot[1] - 0.004), (foot[0] + 0.055, foot[1] - 0.010)], (0.044, 0.030), scaled(tones.dark, 0.5)
    )


def submarine(pen: Pen, phase: float, tones: Tones) -> None:
    """A submarine with lit portholes, a searchlight, and bubbles behind its screw."""
    a = _TURN * phase
    beam = [(1.56 + 0.30 * k, 0.335 - 0.016 * k) for k in range(7)]
    thick = [0.11 + 0.105 * k for k in range(7)]
    pen.haze(beam, thick, (1.0, 0.96, 0.72), [0.42, 0.34, 0.26, 0.18, 0.11, 0.05, 0.0], soft=0.05)
    metal = darker(tones.main, 0.55)
    pen.shape([(-1.38, 0.40), (-1.78, 0.80), (-1.62, 0.80), (-1.16, 0.48)], tones.shade(0.80))
    pen.shape([(-1.38, 0.32), (-1.74, 0.0), (-1.58, 0.0), (-1.16, 0.26)], tones.shade(0.62))
    for side in (-1, 1):
        pen.blob((-1.74, 0.365 + 0.13 * side * math.cos(a)), 0.045, 0.12 * abs(math.cos(a)) + 0.03, (0.72, 0.56, 0.24))
    pen.limb([(-1.80, 0.365), (-1.5, 0.365)], (0.06, 0.10), metal)
    pen.smooth(
        [(-0.34, 0.56), (-0.30, 0.92), (-0.22, 0.97), (0.16, 0.97), (0.26, 0.90), (0.36, 0.56)], tones.shade(0.92)
    )
    pen.shape([(-0.42, 0.80), (-0.05, 0.80), (-0.05, 0.76), (-0.42, 0.76)], tones.shade(0.66))
    pen.limb([(0.02, 0.95), (0.02, 1.20), (0.12, 1.20)], (0.045, 0.045, 0.050), metal)
    pen.limb([(-0.14, 0.95), (-0.14, 1.10)], (0.025, 0.02), metal)
    hull = [
        (-1.66, 0.37),
        (-1.30, 0.52),
        (-0.70, 0.63),
        (0.20, 0.66),
        (1.10, 0.61),
        (1.52, 0.48),
        (1.62, 0.34),
        (1.50, 0.19),
    ]
    pen.smooth([*hull, (1.05, 0.08), (0.10, 0.04), (-0.70, 0.09), (-1.30, 0.24)], tones.main)
    pen.smooth(
        [
            (-1.50, 0.31),
            (-0.70, 0.22),
            (0.30, 0.19),
            (1.50, 0.26),
            (1.50, 0.19),
            (1.05, 0.08),
            (0.10, 0.04),
            (-0.70, 0.09),
            (-1.30, 0.24),
        ],
        tones.shade(0.66),
    )
    pen.smooth(
        [(-1.20, 0.52), (-0.40, 0.615), (0.50, 0.615), (1.20, 0.55), (0.50, 0.575), (-0.40, 0.575)],
        mix(tones.main, _WHITE, 0.42),
    )
    for x in (-0.75, -0.30, 0.15, 0.60, 1.05):
        pen.blob((x, 0.39), 0.115, 0.115, metal)
        pen.blob((x, 0.39), 0.080, 0.080, (1.0, 0.92, 0.62))
        pen.blob((x - 0.02, 0.415), 0.030, 0.026, (1.0, 1.0, 0.94))
    pen.blob((1.53, 0.33), 0.055, 0.085, (1.0, 0.97, 0.80))
    for k in range(7):
        part = (k / 7 + phase) % 1.0
        pen.blob(
            (-1.82 - 0.30 * part, 0.36 + 0.10 * math.sin(2.4 * k) + 0.5 * part), 0.022 * (1 + part), 0.022 * (1 + part),
            (0.80, 0.94, 0.98), alpha=0.75 * (1 - part),
        )  # fmt: skip


def bloom(pen: Pen, _: float, tones: Tones) -> None:
    """A flower seen from so near that it fills the picture."""
    green = mix((0.20, 0.44, 0.14), tones.dark, 0.15)
    x0, y0 = 0.0, 0.60
    pen.limb([(0.10, -0.05), (0.06, 0.25), (x0, y0)], (0.050, 0.045, 0.040), green)
    for side, y in ((1, 0.06), (-1, 0.13)):
        leaf = [(0.07, y - 0.05), (side * 0.22, y + 0.12), (side * 0.48, y + 0.15), (side * 0.28, y - 0.01)]
        pen.smooth(leaf, scaled(green, 0.92))
        pen.limb(
            [(0.07, y - 0.04), (side * 0.26, y + 0.06), (side * 0.46, y + 0.145)],
            (0.008, 0.006, 0.003),
            scaled(green, 1.3),
        )
    for ring, (count, far, wide, shade) in enumerate(
        ((13, 0.42, 0.092, 0.72), (13, 0.39, 0.088, 0.92), (11, 0.27, 0.070, 1.08))
    ):
        for k in range(count):
            angle = _TURN * (k + 0.5 * ring) / count + 0.13 * ring
            length = far * (1.0 + 0.05 * math.sin(7.3 * k + ring))
            _petal(
                pen,
                (x0, y0),
                angle,
                length,
                wide,
                turned(tones.shade(shade * (0.95 + 0.08 * math.sin(5.1 * k))), 0.010 * math.sin(3.7 * k)),
            )
    pen.blob((x0, y0), 0.138, 0.130, (0.34, 0.19, 0.06))
    for k in range(150):
        away, angle = 0.128 * math.sqrt((k + 0.5) / 150), 2.39996 * k
        seed = mix((0.62, 0.38, 0.10), (0.98, 0.80, 0.26), (k / 150) ** 0.6)
        pen.blob((x0 + away * math.cos(angle), y0 + away * 0.94 * math.sin(angle)), 0.0095, 0.0095, seed)


def _petal(pen: Pen, root: Point, angle: float, length: float, wide: float, colour: Triple) -> None:
    """One petal: darker at its root and edges, with pale veins."""
    c, s = math.cos(angle), math.sin(angle) * 0.95

    def at(along: float, across: float) -> Point:
        return root[0] + c * along * length - s * across * wide, root[1] + s * along * length + c * across * wide

    for grow, shade in ((1.0, 0.80), (0.86, 1.0)):
        pen.smooth(
            [at(0.10, 0.0), at(0.42, 0.82 * grow), at(0.78, 0.90 * grow), at(0.96 * grow + 0.03, 0.30),
             at(1.02 * grow, 0.0), at(0.96 * grow + 0.03, -0.30), at(0.78, -0.90 * grow), at(0.42, -0.82 * grow)],
            scaled(colour, shade),
        )  # fmt: skip
    pen.smooth([at(0.15, 0.0), at(0.40, 0.42), at(0.60, 0.0), at(0.40, -0.42)], scaled(colour, 0.82))
    for across in (-0.42, 0.0, 0.42):
        pen.limb(
            [at(0.35, across * 0.7), at(0.66, across), at(0.90, across * 0.8)],
            (0.0045, 0.0035, 0.002),
            mix(colour, _WHITE, 0.30),
        )
