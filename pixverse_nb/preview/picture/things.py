"""Vehicles, buildings and plants, in a cycle where something turns or flickers (phase 0-1), looking to the right."""

from __future__ import annotations

import math

from .palette import mix, scaled, turned
from .pen import Pen, Tones, darker

_TURN = 2 * math.pi
_BRIGHT = (1.0, 0.90, 0.62)


def car(pen: Pen, phase: float, tones: Tones) -> None:
    """A sports car with turning wheels."""
    pen.blob((0.0, 0.05), 1.55, 0.06, (0.02, 0.02, 0.03), alpha=0.5)
    pen.smooth(
        [
            (-1.50, 0.26),
            (-1.48, 0.56),
            (-1.20, 0.66),
            (-0.70, 0.70),
            (0.45, 0.64),
            (1.15, 0.56),
            (1.50, 0.40),
            (1.50, 0.24),
            (1.2, 0.18),
            (-1.3, 0.18),
        ],
        tones.main,
    )
    pen.smooth([(-0.95, 0.66), (-0.62, 0.94), (-0.10, 1.0), (0.25, 0.92), (0.62, 0.64), (0.0, 0.62)], tones.shade(0.82))
    pen.smooth([(-0.78, 0.68), (-0.54, 0.89), (-0.18, 0.93), (-0.16, 0.67)], mix(tones.dark, tones.pale, 0.35))
    pen.smooth([(-0.08, 0.67), (-0.08, 0.93), (0.20, 0.87), (0.46, 0.66)], mix(tones.dark, tones.pale, 0.5))
    pen.limb([(-1.45, 0.46), (1.42, 0.42)], (0.022, 0.022), mix(tones.main, tones.pale, 0.45))
    pen.blob((1.40, 0.43), 0.09, 0.05, _BRIGHT)
    pen.blob((-1.45, 0.50), 0.05, 0.05, (0.95, 0.10, 0.10))
    for x in (-0.92, 0.94):
        pen.blob((x, 0.24), 0.25, 0.25, (0.04, 0.04, 0.05))
        pen.blob((x, 0.24), 0.16, 0.16, (0.62, 0.63, 0.66))
        for k in range(5):
            angle = _TURN * (k / 5 - phase / 5)
            pen.limb(
                [(x, 0.24), (x + 0.15 * math.cos(angle), 0.24 + 0.15 * math.sin(angle))],
                (0.05, 0.03),
                (0.20, 0.20, 0.22),
            )


def ship(pen: Pen, phase: float, tones: Tones) -> None:
    """A sailing boat, rocking."""
    tilt = 0.05 * math.sin(_TURN * phase)

    def at(x: float, y: float) -> tuple[float, float]:
        return x * math.cos(tilt) - y * math.sin(tilt), x * math.sin(tilt) + y * math.cos(tilt)

    pen.limb([at(0.02, 0.10), at(0.02, 1.0)], (0.022, 0.012), tones.dark)
    pen.smooth([at(0.0, 0.97), at(-0.20, 0.62), at(-0.43, 0.24), at(-0.20, 0.20), at(0.0, 0.20)], tones.pale)
    pen.smooth(
        [at(0.05, 0.92), at(0.25, 0.60), at(0.44, 0.22), at(0.22, 0.19), at(0.05, 0.21)], scaled(tones.pale, 0.84)
    )
    pen.shape([at(0.0, 0.62), at(-0.20, 0.62), at(-0.27, 0.50), at(0.0, 0.50)], tones.main)
    hull = ((-0.42, 0.15), (-0.36, 0.02), (-0.2, -0.02), (0.22, -0.02), (0.42, 0.06), (0.58, 0.18), (0.0, 0.13))
    pen.smooth([at(*point) for point in hull], tones.main)
    pen.smooth(
        [at(-0.39, 0.08), at(-0.36, 0.02), at(-0.2, -0.02), at(0.22, -0.02), at(0.42, 0.06), at(0.0, 0.035)],
        darker(tones.main, 0.5),
    )
    flag = 0.02 * math.sin(_TURN * phase * 3)
    pen.smooth([at(0.02, 1.0), at(-0.08, 0.99 + flag), at(-0.15, 0.96 - flag), at(0.02, 0.94)], (0.85, 0.20, 0.18))


def train(pen: Pen, phase: float, tones: Tones) -> None:
    """A steam locomotive with two coaches."""
    for n in range(2):
        x = -1.9 - 1.45 * n
        pen.shape([(x - 0.66, 0.26), (x - 0.66, 0.92), (x + 0.66, 0.92), (x + 0.66, 0.26)], tones.main)
        pen.shape([(x - 0.70, 0.90), (x - 0.66, 1.0), (x + 0.66, 1.0), (x + 0.70, 0.90)], tones.dark)
        for k in range(5):
            wx = x - 0.48 + 0.24 * k
            pen.shape([(wx - 0.07, 0.56), (wx - 0.07, 0.80), (wx + 0.07, 0.80), (wx + 0.07, 0.56)], tones.glow)
    pen.shape([(-1.15, 0.26), (-1.15, 1.08), (-0.55, 1.08), (-0.55, 0.26)], tones.main)
    pen.shape([(-1.22, 1.06), (-1.18, 1.16), (-0.50, 1.16), (-0.46, 1.06)], tones.dark)
    pen.shape([(-1.0, 0.70), (-1.0, 0.98), (-0.70, 0.98), (-0.70, 0.70)], tones.glow)
    pen.smooth([(-0.56, 0.32), (-0.56, 0.84), (0.2, 0.86), (0.62, 0.84), (0.68, 0.58), (0.62, 0.32)], tones.shade(0.8))
    pen.shape([(0.28, 0.82), (0.24, 1.12), (0.52, 1.12), (0.46, 0.82)], tones.dark)
    for k in range(5):
        part = (k + phase) / 5
        pen.blob(
            (0.36 - 1.8 * part, 1.18 + 0.35 * part),
            0.10 + 0.24 * part,
            0.09 + 0.16 * part,
            (0.86, 0.86, 0.88),
            alpha=0.75 * (1 - part),
        )
    for x in (-2.3, -1.6, -3.75, -3.05, -0.9, -0.3, 0.3):
        pen.blob((x, 0.17), 0.17, 0.17, (0.06, 0.06, 0.07))
        angle = -_TURN * phase
        pen.limb(
            [
                (x - 0.13 * math.cos(angle), 0.17 - 0.13 * math.sin(angle)),
                (x + 0.13 * math.cos(angle), 0.17 + 0.13 * math.sin(angle)),
            ],
            (0.04, 0.04),
            (0.5, 0.2, 0.15),
        )
    pen.blob((0.70, 0.60), 0.05, 0.06, _BRIGHT)


def plane(pen: Pen, phase: float, tones: Tones) -> None:
    """An airliner from the side."""
    pen.smooth(
        [(0.95, 0.46), (0.75, 0.58), (0.3, 0.62), (-0.6, 0.60), (-1.0, 0.56), (-0.6, 0.44), (0.3, 0.36), (0.8, 0.38)],
        tones.pale,
    )
    pen.shape([(-0.95, 0.56), (-1.12, 0.98), (-0.90, 0.98), (-0.60, 0.60)], tones.main)
    pen.shape([(0.25, 0.48), (-0.45, 0.12), (-0.62, 0.12), (-0.22, 0.48)], scaled(tones.pale, 0.7))
    pen.limb([(-0.9, 0.50), (0.88, 0.47)], (0.05, 0.02), tones.main)
    for k in range(12):
        pen.blob((0.52 - 0.10 * k, 0.545), 0.018, 0.022, tones.dark)
    pen.blob((0.02, 0.34), 0.14, 0.06, scaled(tones.pale, 0.55))
    if phase < 0.5:
        pen.blob((-0.52, 0.12), 0.03, 0.03, (1.0, 0.2, 0.15))


def rocket(pen: Pen, phase: float, tones: Tones) -> None:
    """A rocket on its flame."""
    for k, colour in enumerate(((1.0, 0.42, 0.10), (1.0, 0.74, 0.22), (1.0, 0.97, 0.85))):
        size = (1 - 0.28 * k) * (1 + 0.12 * math.sin(_TURN * phase * 3 + k))
        pen.smooth(
            [
                (-0.10 * size, 0.20),
                (-0.12 * size, -0.05),
                (0.0, -0.55 * size),
                (0.12 * size, -0.05),
                (0.10 * size, 0.20),
            ],
            colour,
        )
    for side in (-1, 1):
        pen.smooth([(side * 0.10, 0.42), (side * 0.24, 0.20), (side * 0.23, 0.08), (side * 0.10, 0.18)], tones.main)
    pen.smooth(
        [(0.0, 1.0), (0.11, 0.80), (0.135, 0.52), (0.10, 0.18), (-0.10, 0.18), (-0.135, 0.52), (-0.11, 0.80)],
        tones.pale,
    )
    pen.smooth([(0.0, 1.0), (0.075, 0.88), (0.10, 0.80), (-0.10, 0.80), (-0.075, 0.88)], tones.main)
    pen.blob((0.0, 0.64), 0.062, 0.062, tones.dark)
    pen.blob((0.0, 0.64), 0.045, 0.045, (0.55, 0.80, 0.95))
    pen.shape([(-0.10, 0.18), (-0.08, 0.12), (0.08, 0.12), (0.10, 0.18)], tones.dark)


def ufo(pen: Pen, phase: float, tones: Tones) -> None:
    """A saucer with running lights and a beam."""
    for k in range(4):
        pen.shape(
            [(-0.16, 0.50), (0.16, 0.50), (0.62 - 0.06 * k, -0.9), (-0.62 + 0.06 * k, -0.9)],
            (0.75, 1.0, 0.85),
            alpha=0.16 + 0.08 * k,
        )
    pen.blob((0, 0.74), 0.34, 0.24, mix((0.5, 0.85, 0.95), tones.pale, 0.3))
    pen.blob((0, 0.58), 0.92, 0.17, tones.main)
    pen.blob((0, 0.54), 0.92, 0.10, darker(tones.main, 0.55))
    for k in range(7):
        on = (k / 7 + phase) % 1 < 0.5
        pen.blob(
            (-0.72 + 0.24 * k, 0.55 - 0.035 * (1 - abs(k - 3) / 3)), 0.045, 0.035, tones.glow if on else tones.dark
        )


def balloon(pen: Pen, phase: float, tones: Tones) -> None:
    """A hot-air balloon in gores, its burner breathing."""
    count = 8
    for k in range(count):
        a, b = math.cos(math.pi * k / count), math.cos(math.pi * (k + 1) / count)
        colour = tones.main if k % 2 else mix(tones.main, tones.pale, 0.72)
        shade = 1.12 - 0.45 * k / count
        pen.smooth([(0.0, 1.0), (a * 0.22, 0.955), (a * 0.35, 0.82), (a * 0.36, 0.66), (a * 0.25, 0.45), (a * 0.09, 0.28),
                    (b * 0.09, 0.28), (b * 0.25, 0.45), (b * 0.36, 0.66), (b * 0.35, 0.82), (b * 0.22, 0.955)], scaled(colour, shade))  # fmt: skip
    for x in (-0.065, 0.065):
        pen.limb([(x * 1.2, 0.285), (x, 0.12)], (0.008, 0.008), tones.dark)
    pen.blob((0, 0.245), 0.022, 0.040 + 0.016 * math.sin(_TURN * phase * 2), (1.0, 0.76, 0.30))
    pen.smooth([(-0.075, 0.12), (0.075, 0.12), (0.060, 0.0), (-0.060, 0.0)], (0.36, 0.22, 0.12))


def lantern(pen: Pen, phase: float, tones: Tones) -> None:
    """A paper lantern, lit from inside."""
    flick = 0.92 + 0.08 * math.sin(_TURN * phase)
    warm = mix((1.0, 0.66, 0.24), tones.main, 0.35)
    for k in range(5):
        pen.blob((0, 0.5), 0.75 - 0.07 * k, 0.80 - 0.07 * k, (1.0, 0.62, 0.22), alpha=0.05 + 0.03 * k)
    pen.smooth(
        [(-0.30, 0.92), (0.30, 0.92), (0.38, 0.55), (0.26, 0.12), (-0.26, 0.12), (-0.38, 0.55)], scaled(warm, flick)
    )
    pen.smooth(
        [(-0.18, 0.72), (0.18, 0.72), (0.24, 0.38), (0.18, 0.14), (-0.18, 0.14), (-0.24, 0.38)],
        mix(warm, (1, 0.95, 0.7), 0.6 * flick),
    )
    pen.limb([(-0.26, 0.12), (0.26, 0.12)], (0.04, 0.04), (0.35, 0.14, 0.06))


def lighthouse(pen: Pen, _: float, tones: Tones) -> None:
    """A banded tower on its rock; the beam is light in the air, and not drawn here."""
    ground = [(-0.44, -0.03), (-0.36, 0.015), (-0.29, 0.025), (-0.24, 0.075), (-0.15, 0.085), (-0.08, 0.125),
              (0.06, 0.115), (0.14, 0.09), (0.21, 0.095), (0.27, 0.045), (0.38, 0.03), (0.47, -0.03), (0.25, -0.05),
              (-0.20, -0.05)]  # fmt: skip
    stone = mix(tones.dark, tones.pale, 0.16)
    pen.even(ground, stone)
    for facet, by in (
        ([(-0.36, 0.015), (-0.29, 0.025), (-0.24, 0.075), (-0.19, -0.03), (-0.32, -0.045)], 1.25),
        ([(-0.08, 0.125), (0.06, 0.115), (0.02, 0.03), (-0.10, 0.01)], 1.30),
        ([(0.14, 0.09), (0.21, 0.095), (0.27, 0.045), (0.20, -0.02), (0.10, 0.02)], 0.72),
        ([(-0.19, -0.03), (-0.10, 0.01), (0.02, 0.03), (0.05, -0.05), (-0.16, -0.05)], 0.66),
    ):
        pen.shape(facet, scaled(stone, by))
    for k in range(5):
        low, high = 0.08 + 0.15 * k, 0.08 + 0.15 * (k + 1)
        a, b = 0.115 - 0.045 * (low - 0.08) / 0.75, 0.115 - 0.045 * (high - 0.08) / 0.75
        pen.shape([(-a, low), (-b, high), (b, high), (a, low)], tones.main if k % 2 == 0 else tones.pale)
    pen.shape([(-0.10, 0.83), (-0.10, 0.86), (0.10, 0.86), (0.10, 0.83)], tones.dark)
    pen.even([(-0.055, 0.86), (-0.055, 0.95), (0.055, 0.95), (0.055, 0.86)], _BRIGHT)
    pen.shape([(-0.075, 0.95), (0.0, 1.02), (0.075, 0.95)], tones.main)


def castle(pen: Pen, phase: float, tones: Tones) -> None:
    """Towers with pointed roofs, flags and lit windows."""
    stone = tones.main
    for x, wide, tall, roof in (
        (-0.52, 0.15, 0.52, 0.22),
        (0.50, 0.16, 0.58, 0.22),
        (-0.24, 0.13, 0.70, 0.22),
        (0.22, 0.14, 0.66, 0.24),
        (0.0, 0.16, 0.74, 0.26),
    ):
        pen.shape(
            [(x - wide / 2, 0.0), (x - wide / 2, tall), (x + wide / 2, tall), (x + wide / 2, 0.0)],
            scaled(stone, 0.9 + 0.15 * math.sin(x * 9)),
        )
        pen.shape(
            [(x - wide * 0.62, tall), (x, tall + roof), (x + wide * 0.62, tall)],
            mix(tones.dark, (0.22, 0.26, 0.42), 0.5),
        )
        flag = 0.012 * math.sin(_TURN * phase + x * 5)
        pen.shape(
            [(x, tall + roof), (x + 0.09, tall + roof + 0.03 + flag), (x, tall + roof + 0.05)], (0.78, 0.18, 0.20)
        )
        for k in range(3):
            pen.blob((x, tall - 0.10 - 0.14 * k), 0.015, 0.030, tones.glow)
    pen.shape([(-0.62, 0.0), (-0.62, 0.34), (0.60, 0.34), (0.60, 0.0)], stone)
    for k in range(13):
        pen.shape(
            [
                (-0.62 + 0.098 * k, 0.34),
                (-0.62 + 0.098 * k, 0.375),
                (-0.57 + 0.098 * k, 0.375),
                (-0.57 + 0.098 * k, 0.34),
            ],
            stone,
        )
    pen.smooth([(-0.08, 0.0), (-0.08, 0.14), (0.0, 0.21), (0.08, 0.14), (0.08, 0.0)], tones.dark)


def house(pen: Pen, phase: float, tones: Tones) -> None:
    """A cottage with lit windows and smoke."""
    for k in range(5):
        part = (k + phase) / 5
        pen.blob(
            (0.34 + 0.30 * part, 0.98 + 0.45 * part),
            0.045 + 0.08 * part,
            0.04 + 0.06 * part,
            (0.82, 0.82, 0.85),
            alpha=0.55 * (1 - part),
        )
    pen.shape([(0.28, 0.66), (0.28, 0.97), (0.40, 0.97), (0.40, 0.60)], darker(tones.main, 0.7))
    pen.shape([(-0.56, 0.0), (-0.56, 0.50), (0.56, 0.50), (0.56, 0.0)], tones.main)
    pen.shape([(-0.72, 0.46), (-0.40, 0.88), (0.40, 0.88), (0.72, 0.46)], mix(tones.dark, (0.45, 0.18, 0.12), 0.6))
    for x in (-0.36, 0.34):
        pen.shape([(x - 0.10, 0.20), (x - 0.10, 0.38), (x + 0.10, 0.38), (x + 0.10, 0.20)], tones.glow)
        pen.limb([(x, 0.20), (x, 0.38)], (0.012, 0.012), tones.dark)
    pen.shape([(-0.09, 0.0), (-0.09, 0.34), (0.09, 0.34), (0.09, 0.0)], darker(tones.main, 0.4))


def windmill(pen: Pen, phase: float, tones: Tones) -> None:
    """A tower mill; the sails turn."""
    pen.shape([(-0.17, 0.0), (-0.10, 0.62), (0.10, 0.62), (0.17, 0.0)], tones.pale)
    pen.smooth([(-0.12, 0.61), (-0.06, 0.72), (0.06, 0.72), (0.12, 0.61)], tones.main)
    pen.shape([(-0.04, 0.0), (-0.04, 0.13), (0.04, 0.13), (0.04, 0.0)], tones.dark)
    for k in range(4):
        angle = _TURN * (k / 4 + phase / 4)
        c, s = math.cos(angle), math.sin(angle)
        pen.limb([(0.0, 0.65), (0.42 * c, 0.65 + 0.42 * s)], (0.018, 0.010), tones.dark)
        pen.shape([(0.08 * c, 0.65 + 0.08 * s), (0.42 * c, 0.65 + 0.42 * s), (0.42 * c - 0.085 * s, 0.65 + 0.42 * s + 0.085 * c),
                   (0.08 * c - 0.085 * s, 0.65 + 0.08 * s + 0.085 * c)], scaled(tones.pale, 0.9), alpha=0.85)  # fmt: skip


def tree(pen: Pen, phase: float, tones: Tones) -> None:
    """A broad tree whose crown moves in the wind."""
    sway = 0.012 * math.sin(_TURN * phase)
    bark = mix(tones.dark, (0.30, 0.20, 0.12), 0.6)
    pen.limb([(0.0, 0.0), (0.01, 0.28), (-0.02 + sway, 0.50)], (0.12, 0.075, 0.05), bark)
    for x, y in ((-0.24, 0.62), (0.24, 0.66), (0.08, 0.78)):
        pen.limb([(0.0, 0.30), (x * 0.6 + sway, 0.48), (x + sway, y)], (0.06, 0.035, 0.012), bark)
    for layer, (shade, lift) in enumerate(((0.62, -0.03), (0.84, 0.0), (1.06, 0.035))):
        for k in range(15 - 3 * layer):
            angle = k * 2.399 + layer
            away = math.sqrt((k + 0.5) / 15) * (0.36 - 0.05 * layer)
            x = math.cos(angle) * away * 1.15 - 0.02 * layer + sway * (1 + away * 3)
            pen.blob(
                (x, 0.68 + lift + math.sin(angle) * away * 0.80),
                0.105 - 0.012 * layer,
                0.085 - 0.010 * layer,
                tones.shade(shade),
            )


def flower(pen: Pen, phase: float, tones: Tones) -> None:
    """A flower on its stem, nodding."""
    nod = 0.03 * math.sin(_TURN * phase)
    green = mix((0.20, 0.42, 0.14), tones.dark, 0.2)
    head = (0.02 + nod, 0.78)
    pen.limb([(0.0, 0.0), (0.02, 0.40), head], (0.035, 0.028, 0.024), green)
    for side, y in ((1, 0.22), (-1, 0.36)):
        pen.smooth([(0.0, y), (side * 0.14, y + 0.10), (side * 0.30, y + 0.09), (side * 0.16, y + 0.01)], green)
    for ring, (count, far, size, shade) in enumerate(
        ((9, 0.15, 0.105, 0.80), (8, 0.105, 0.09, 1.0), (6, 0.055, 0.06, 1.15))
    ):
        for k in range(count):
            angle = _TURN * (k + 0.5 * ring) / count
            pen.blob(
                (head[0] + far * math.cos(angle), head[1] + far * math.sin(angle) * 0.9),
                size,
                size * 0.55,
                tones.shade(shade),
                turn=angle,
            )
    pen.blob(head, 0.052, 0.048, (0.93, 0.70, 0.16))
    pen.blob((head[0] - 0.01, head[1] + 0.01), 0.026, 0.024, (0.70, 0.42, 0.08))


def campfire(pen: Pen, phase: float, _: Tones) -> None:
    """Logs, stones and tongues of fire."""
    for k in range(7):
        pen.blob((0, 0.26), 1.25 - 0.15 * k, 0.62 - 0.07 * k, (1.0, 0.48, 0.12), alpha=0.030 + 0.020 * k)
    for angle in (0.35, -0.35, 0.1):
        c, s = math.cos(angle), math.sin(angle)
        pen.limb([(-0.42 * c, 0.08 - 0.3 * s), (0.42 * c, 0.08 + 0.3 * s)], (0.10, 0.09), (0.16, 0.09, 0.05))
    for k, (colour, size) in enumerate(
        (((0.92, 0.26, 0.06), 1.0), ((1.0, 0.52, 0.10), 0.78), ((1.0, 0.80, 0.28), 0.52), ((1.0, 0.96, 0.76), 0.28))
    ):
        w = [0.05 * math.sin(_TURN * phase * (1 + n % 2) + n * 1.7 + k) for n in range(4)]
        pen.smooth([(-0.26 * size, 0.10), (-0.28 * size + w[0], 0.34 * size), (-0.13 * size + w[1], 0.52 * size), (0.02 + w[2], (0.98 + w[3]) * size),
                    (0.12 * size - w[1], 0.55 * size), (0.28 * size - w[0], 0.36 * size), (0.26 * size, 0.10), (0.0, 0.04)], colour)  # fmt: skip
    for k in range(9):
        pen.blob(
            (-0.48 + 0.12 * k, 0.02 - 0.03 * math.sin(math.pi * k / 8)),
            0.07,
            0.05,
            darker((0.40, 0.38, 0.38), 0.5 + 0.06 * (k % 3)),
        )


def product(pen: Pen, phase: float, tones: Tones) -> None:
    """A bottle of coloured glass; a highlight wanders over it."""
    pen.blob((0.0, 0.0), 0.36, 0.035, (0.02, 0.02, 0.03), alpha=0.45)
    pen.smooth(
        [
            (-0.24, 0.02),
            (-0.27, 0.30),
            (-0.24, 0.58),
            (-0.10, 0.70),
            (0.10, 0.70),
            (0.24, 0.58),
            (0.27, 0.30),
            (0.24, 0.02),
            (0.0, 0.0),
        ],
        tones.main,
    )
    pen.smooth(
        [(-0.21, 0.06), (-0.23, 0.30), (-0.20, 0.46), (0.20, 0.46), (0.23, 0.30), (0.21, 0.06), (0.0, 0.04)],
        turned(tones.shade(0.75), 0.03),
    )
    pen.shape([(-0.075, 0.69), (-0.075, 0.78), (0.075, 0.78), (0.075, 0.69)], mix(tones.pale, (0.85, 0.68, 0.35), 0.6))
    pen.smooth(
        [(-0.115, 0.78), (-0.115, 0.985), (0.0, 1.0), (0.115, 0.985), (0.115, 0.78), (0.0, 0.77)],
        scaled(tones.dark, 1.4),
    )
    shine = 0.12 * math.sin(_TURN * phase)
    pen.smooth([(-0.17 + shine, 0.10), (-0.19 + shine, 0.34), (-0.15 + shine, 0.56), (-0.11 + shine, 0.56), (-0.14 + shine, 0.34), (-0.13 + shine, 0.10)],
               mix(tones.main, (1, 1, 1), 0.6))  # fmt: skip
    pen.shape([(-0.12, 0.20), (-0.12, 0.34), (0.14, 0.34), (0.14, 0.20)], mix(tones.pale, tones.main, 0.15), alpha=0.85)
