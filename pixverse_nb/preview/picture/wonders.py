"""A volcano, a waterfall, umbrellas, people on boards and on horseback, and faces seen from near (phase 0-1)."""

from __future__ import annotations

import math
from collections.abc import Callable

from . import creatures, figures
from .palette import mix, scaled
from .pen import Pen, Point, Tones, darker

_TURN = 2 * math.pi
Draw = Callable[[Pen, float, Tones], None]


def volcano(pen: Pen, phase: float, tones: Tones) -> None:
    """A cone with a glowing crater, smoke, and streams of lava that creep down."""
    rock = mix(tones.main, tones.dark, 0.35)
    puff = [((0.03 + 0.07 * k + 0.02 * math.sin(_TURN * phase + k)), 1.0 + 0.13 * k) for k in range(5)]
    pen.haze(
        puff,
        [0.20 + 0.08 * k for k in range(5)],
        mix((0.16, 0.13, 0.14), tones.dark, 0.3),
        [0.85, 0.8, 0.7, 0.5, 0.25],
        soft=0.035,
    )
    pen.haze([(0.0, 0.90), (0.0, 1.06)], [0.36, 0.50], (1.0, 0.30, 0.08), [0.75, 0.25], soft=0.09)
    pen.smooth([(-0.15, 0.96), (-0.30, 0.66), (-0.56, 0.30), (-0.95, 0.03), (-1.10, -0.04), (1.10, -0.04),
                (0.92, 0.04), (0.54, 0.32), (0.30, 0.66),
                (0.16, 0.96), (0.07, 0.93), (0.0, 0.90), (-0.08, 0.93)], rock)  # fmt: skip
    pen.smooth(
        [(0.10, 0.92), (0.30, 0.64), (0.54, 0.31), (0.92, 0.03), (0.30, -0.03), (0.22, 0.40)], scaled(rock, 0.62)
    )
    for k in range(5):  # fountains above the crater
        high = 0.16 + 0.10 * math.sin(_TURN * (phase + 0.37 * k))
        pen.limb([(0.02 * (k - 2), 0.92), (0.05 * (k - 2), 0.94 + high)], (0.045, 0.012), (1.0, 0.55 + 0.08 * k, 0.16))
    streams: tuple[tuple[Point, ...], ...] = (
        ((-0.02, 0.93), (-0.07, 0.74), (-0.02, 0.56), (-0.12, 0.36), (-0.10, 0.17), (-0.24, -0.02)),
        ((0.07, 0.93), (0.16, 0.72), (0.15, 0.54), (0.31, 0.32), (0.36, 0.18)),
        ((-0.10, 0.93), (-0.20, 0.76), (-0.27, 0.62), (-0.44, 0.42)),
    )
    for stream in streams:
        wide = [0.075 - 0.008 * k for k in range(len(stream))]
        pen.limb(stream, wide, (0.82, 0.14, 0.04))
        pen.limb(stream, [w * 0.55 for w in wide], (1.0, 0.50, 0.10))
        for k in range(len(stream) - 1):  # bright clots run down
            (ax, ay), (bx, by) = stream[k], stream[k + 1]
            t = (phase + 0.4 * k) % 1.0
            pen.blob((ax + (bx - ax) * t, ay + (by - ay) * t), wide[k] * 0.30, wide[k] * 0.55, (1.0, 0.88, 0.42))
    pen.blob((0.0, 0.935), 0.125, 0.026, (1.0, 0.72, 0.26))


def waterfall(pen: Pen, phase: float, tones: Tones) -> None:
    """White water over a ledge of rock, with spray at its foot."""
    rock = mix(tones.main, tones.dark, 0.25)
    pen.smooth([(-0.62, -0.03), (-0.60, 0.40), (-0.50, 0.78), (-0.36, 0.98), (-0.18, 1.0), (0.0, 0.965), (0.20, 1.0),
                (0.40, 0.95), (0.52, 0.70),
                (0.60, 0.35), (0.66, -0.03)], rock)  # fmt: skip
    for k in range(9):
        x = -0.52 + 0.13 * k
        pen.smooth(
            [(x, 0.02), (x + 0.03, 0.34 + 0.09 * (k % 3)), (x + 0.10, 0.62 + 0.05 * (k % 2)), (x + 0.13, 0.22)],
            scaled(rock, 0.66 + 0.16 * (k % 3)),
        )
    for x in (-0.44, -0.30, 0.34, 0.46):
        pen.blob((x, 0.95), 0.13, 0.06, (0.20, 0.36, 0.16))
    water = mix(tones.pale, (0.72, 0.86, 0.95), 0.35)
    pen.smooth(
        [
            (-0.15, 0.975),
            (0.16, 0.975),
            (0.18, 0.60),
            (0.21, 0.25),
            (0.23, 0.0),
            (-0.21, 0.0),
            (-0.18, 0.30),
            (-0.17, 0.65),
        ],
        water,
    )
    for k in range(11):
        x = -0.145 + 0.029 * k
        for part in range(3):
            t = (phase + 0.29 * k + part / 3) % 1.0
            y, long = 0.96 - 0.94 * t, 0.10 + 0.10 * t
            pen.limb(
                [(x * (1 + 0.3 * t), y), (x * (1 + 0.36 * t), max(y - long, 0.0))],
                (0.012, 0.008),
                mix(water, (1.0, 1.0, 1.0), 0.75) if k % 2 else scaled(water, 0.80),
            )
    for k in range(3):
        wave = 0.02 * math.sin(_TURN * phase + 2 * k)
        pen.haze(
            [(-0.28 - wave, 0.02), (0.0, 0.05 + wave), (0.30 + wave, 0.02)],
            [0.13, 0.20, 0.13],
            (0.95, 0.97, 1.0),
            [0.40, 0.55, 0.40],
            soft=0.035,
        )


def canopy(pen: Pen, top: Point, wide: float, colour: tuple[float, float, float], hand: Point) -> None:
    """An open umbrella above `top`, its stick down to a hand."""
    x, y = top
    pen.limb([(x, y + wide * 0.50), hand], (0.014, 0.014), (0.12, 0.10, 0.10))
    count = 6
    for k in range(count):
        a, b = -1 + 2 * k / count, -1 + 2 * (k + 1) / count
        panel = [(x, y + wide * 0.52), (x + a * wide * 0.72, y + wide * 0.36), (x + a * wide, y),
        (x + (a + b) / 2 * wide, y + wide * 0.07),
                 (x + b * wide, y), (x + b * wide * 0.72, y + wide * 0.36)]  # fmt: skip
        pen.shape(panel, scaled(colour, 1.10 - 0.42 * k / count))
    pen.limb([(x, y + wide * 0.50), (x, y + wide * 0.60)], (0.016, 0.010), (0.12, 0.10, 0.10))


def umbrella(pen: Pen, phase: float, tones: Tones) -> None:
    """An umbrella that stands open on its stick."""
    sway = 0.01 * math.sin(_TURN * phase)
    canopy(pen, (sway, 0.58), 0.58, tones.main, (0.0, 0.0))


def sheltered(draw: Draw) -> Draw:
    """The same figure under an umbrella, which has the tones' glow for its colour."""

    def both(pen: Pen, phase: float, tones: Tones) -> None:
        draw(pen, phase, tones)
        bob = 0.012 * math.cos(2 * _TURN * phase)
        pen.limb([(0.01, 0.78 + bob), (0.10, 0.68 + bob), (0.15, 0.80 + bob)], (0.056, 0.048, 0.034), tones.shade(0.8))
        canopy(pen, (0.10, 1.02 + bob), 0.40, tones.glow, (0.15, 0.78 + bob))

    return both


def rider(pen: Pen, phase: float, tones: Tones) -> None:
    """Somebody on horseback; the tones' glow colours the clothes."""
    a = _TURN * phase
    creatures.HORSE(pen, phase, tones)
    y = 0.98 + 0.03 * math.sin(2 * a)
    cloth, boot = tones.glow, scaled(tones.dark, 0.6)
    pen.smooth(
        [(-0.24, y), (-0.20, y + 0.06), (0.16, y + 0.04), (0.18, y - 0.06), (-0.22, y - 0.06)], (0.30, 0.16, 0.09)
    )
    pen.smooth(
        [
            (-0.15, y + 0.48),
            (-0.02, y + 0.53),
            (0.12, y + 0.48),
            (0.14, y + 0.22),
            (0.11, y + 0.02),
            (-0.13, y + 0.02),
            (-0.16, y + 0.24),
        ],
        cloth,
    )
    pen.limb([(-0.02, y + 0.05), (0.17, y - 0.12), (0.08, y - 0.36)], (0.17, 0.13, 0.09), mix(tones.dark, cloth, 0.25))
    pen.limb([(0.08, y - 0.32), (0.08, y - 0.42), (0.19, y - 0.43)], (0.10, 0.09, 0.05), boot)
    pen.limb([(0.0, y + 0.44), (0.10, y + 0.24), (0.30, y + 0.20)], (0.105, 0.085, 0.06), scaled(cloth, 0.82))
    pen.limb([(0.30, y + 0.20), (0.62, y + 0.30)], (0.014, 0.012), (0.14, 0.09, 0.06))
    pen.limb([(0.0, y + 0.50), (0.015, y + 0.60)], (0.085, 0.075), tones.skin)
    pen.blob((0.025, y + 0.68), 0.085, 0.105, tones.skin)
    hair = mix(tones.hair, tones.dark, 0.4)
    pen.smooth(
        [
            (0.10, y + 0.76),
            (0.03, y + 0.81),
            (-0.06, y + 0.77),
            (-0.085, y + 0.66),
            (-0.04, y + 0.62),
            (-0.02, y + 0.71),
        ],
        hair,
    )


def surfer(pen: Pen, phase: float, tones: Tones) -> None:
    """Somebody who crouches on a board, in spray."""
    tilt = 0.03 * math.sin(_TURN * phase)
    pen.smooth(
        [(-0.52, 0.0 - tilt), (0.40, 0.01 + tilt), (0.62, 0.09 + tilt), (0.30, -0.05 + tilt), (-0.45, -0.055 - tilt)],
        (0.95, 0.90, 0.78),
    )
    figures.runner(pen, 0.10 + 0.02 * math.sin(_TURN * phase), tones)
    for k in range(4):
        t = (phase + k / 4) % 1.0
        pen.blob(
            (-0.40 - 0.35 * t, 0.02 + 0.12 * math.sin(math.pi * t)),
            0.07 + 0.06 * t,
            0.05,
            (0.94, 0.97, 1.0),
            alpha=0.7 * (1 - t),
        )


def skier(pen: Pen, phase: float, tones: Tones) -> None:
    """Somebody on skis, with poles, in a spray of snow."""
    for dy, shade in ((0.035, 0.6), (0.0, 1.0)):
        pen.limb([(-0.46, dy), (0.40, dy), (0.56, dy + 0.06)], (0.026, 0.030, 0.016), scaled((0.85, 0.25, 0.16), shade))
    figures.runner(pen, 0.10 + 0.015 * math.sin(_TURN * phase), tones)
    pen.limb([(0.10, 0.60), (-0.26, 0.06)], (0.014, 0.010), (0.15, 0.15, 0.18))
    for k in range(5):
        t = (phase + k / 5) % 1.0
        pen.blob(
            (-0.34 - 0.42 * t, 0.02 + 0.16 * math.sin(math.pi * t)),
            0.06 + 0.07 * t,
            0.05 + 0.03 * t,
            (0.96, 0.98, 1.0),
            alpha=0.75 * (1 - t),
        )


def portrait(long_hair: bool) -> Draw:
    """A face and shoulders seen from near, three quarters from the front; the eyes blink once in a cycle."""

    def draw(pen: Pen, phase: float, tones: Tones) -> None:
        a = _TURN * phase
        nod, hair = 0.006 * math.sin(a), mix(tones.hair, tones.dark, 0.35)
        if long_hair:
            sway = 0.012 * math.sin(a)
            pen.smooth([(0.0, 1.0 + nod), (-0.20, 0.93), (-0.27, 0.70), (-0.30 + sway, 0.40), (-0.27 + sway, 0.14),
                        (0.20 + sway, 0.14), (0.27 + sway, 0.40),
                        (0.25, 0.70), (0.19, 0.93)], scaled(hair, 0.8))  # fmt: skip
        pen.smooth(
            [(-0.60, -0.06), (-0.52, 0.16), (-0.28, 0.27), (0.0, 0.30), (0.28, 0.27), (0.52, 0.16), (0.60, -0.06)],
            tones.main,
        )
        pen.smooth(
            [(-0.09, 0.50), (-0.10, 0.30), (-0.17, 0.255), (0.0, 0.17), (0.17, 0.255), (0.10, 0.30), (0.09, 0.50)],
            scaled(tones.skin, 0.84),
        )
        pen.smooth([(0.0, 0.95 + nod), (-0.15, 0.90 + nod), (-0.195, 0.72 + nod), (-0.165, 0.54 + nod),
                    (-0.07, 0.42 + nod), (0.02, 0.405 + nod),
                    (0.10, 0.43 + nod), (0.18, 0.55 + nod), (0.20, 0.72 + nod),
                    (0.15, 0.90 + nod)], tones.skin)  # fmt: skip
        _features(pen, phase, nod, hair, tones, soft=long_hair)
        if long_hair:
            pen.smooth(
                [
                    (0.05, 0.99 + nod),
                    (-0.13, 0.96 + nod),
                    (-0.235, 0.80),
                    (-0.255, 0.50),
                    (-0.20, 0.60),
                    (-0.17, 0.76 + nod),
                    (-0.02, 0.90 + nod),
                ],
                hair,
            )
            pen.smooth(
                [
                    (0.02, 0.99 + nod),
                    (0.14, 0.96 + nod),
                    (0.235, 0.80),
                    (0.255, 0.50),
                    (0.205, 0.62),
                    (0.185, 0.76 + nod),
                    (0.08, 0.88 + nod),
                ],
                hair,
            )
        else:
            pen.smooth([(0.0, 1.0 + nod), (-0.15, 0.97 + nod), (-0.22, 0.84 + nod), (-0.205, 0.70 + nod),
                        (-0.165, 0.80 + nod), (-0.06, 0.885 + nod),
                        (0.09, 0.875 + nod), (0.17, 0.80 + nod), (0.21, 0.70 + nod), (0.22, 0.85 + nod),
                        (0.14, 0.97 + nod)], hair)  # fmt: skip

    return draw


def _features(
    pen: Pen, phase: float, nod: float, hair: tuple[float, float, float], tones: Tones, *, soft: bool
) -> None:
    """Eyes, brows, nose, mouth, and the shaded side."""
    shade = scaled(tones.skin, 0.88)
    pen.smooth(
        [
            (-0.02, 0.41 + nod),
            (-0.165, 0.54 + nod),
            (-0.195, 0.72 + nod),
            (-0.15, 0.88 + nod),
            (-0.14, 0.66 + nod),
            (-0.09, 0.50 + nod),
        ],
        shade,
    )
    shut = 0.12 if phase > 0.92 else 1.0
    for x in (-0.065, 0.105):
        y = 0.685 + nod
        pen.blob((x, y), 0.042, 0.024 * shut, (0.95, 0.94, 0.92))
        pen.blob((x + 0.004, y), 0.020, 0.022 * shut, (0.26, 0.17, 0.10))
        pen.blob((x + 0.004, y), 0.010, 0.011 * shut, (0.03, 0.03, 0.04))
        pen.blob((x + 0.010, y + 0.007), 0.005, 0.005 * shut, (1.0, 1.0, 1.0))
        pen.limb(
            [(x - 0.046, y + 0.006), (x, y + 0.028 * shut), (x + 0.046, y + 0.004)],
            (0.006, 0.012 if soft else 0.008, 0.006),
            darker(hair, 0.6),
        )
        pen.limb([(x - 0.052, y + 0.058), (x, y + 0.075), (x + 0.050, y + 0.060)], (0.010, 0.016, 0.008), hair)
    pen.limb([(0.035, 0.69 + nod), (0.045, 0.60 + nod)], (0.010, 0.022), shade)
    pen.blob((0.034, 0.585 + nod), 0.034, 0.018, scaled(tones.skin, 0.93))
    lips = mix(tones.skin, (0.72, 0.18, 0.20), 0.65 if soft else 0.30)
    y = 0.510 + nod
    pen.smooth(
        [(-0.045, y), (0.005, y + 0.020), (0.025, y + 0.014), (0.045, y + 0.020), (0.095, y), (0.025, y - 0.006)],
        scaled(lips, 0.86),
    )
    pen.smooth([(-0.045, y), (0.025, y - 0.004), (0.095, y), (0.055, y - 0.026), (0.0, y - 0.026)], lips)
