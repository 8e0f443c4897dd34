"""A dragon in flight, looking to the right, in a cycle (phase 0-1)."""

from __future__ import annotations

import math

from .palette import mix, scaled
from .pen import Pen, Point, Tones, darker

_TURN = 2 * math.pi


def dragon(pen: Pen, phase: float, tones: Tones) -> None:
    """A dragon: bat's wings, horned head, arrow-tipped tail, and fire."""
    a = _TURN * phase
    beat, sway = math.sin(a), 0.05 * math.sin(a - 1.2)
    lift = -0.035 * beat
    _fire(pen, (1.05, 0.635 + lift), phase)
    _wing(pen, (0.10, 0.63 + lift), beat, 0.16, tones, 0.60)
    _tail(pen, lift, sway, tones)
    for x, back in ((0.20, 0.75), (-0.22, 0.62)):
        leg = [(x, 0.48 + lift), (x - 0.05, 0.36 + lift), (x - 0.19, 0.31 + lift), (x - 0.25, 0.345 + lift)]
        pen.limb(leg, (0.15, 0.085, 0.050, 0.030), tones.shade(back))
        for k in range(3):
            pen.limb([leg[2], (x - 0.26, 0.335 - 0.035 * k + lift)], (0.030, 0.008), tones.pale)
    spine = [(-0.34, 0.50), (-0.10, 0.545), (0.14, 0.57), (0.34, 0.60), (0.50, 0.685), (0.64, 0.745), (0.76, 0.725)]
    for (x, y), (x2, y2), tall in zip(spine, spine[1:], (0.11, 0.13, 0.13, 0.12, 0.11, 0.10), strict=False):
        middle = ((x + x2) / 2 - 0.05, (y + y2) / 2 + tall + 0.035 + lift)
        pen.shape([(x, y + 0.06 + lift), middle, (x2, y2 + 0.06 + lift)], darker(tones.main, 0.55))
    body = [(x, y + lift) for x, y in spine]
    pen.limb(body, (0.17, 0.25, 0.27, 0.22, 0.150, 0.115, 0.12), tones.main)
    belly = [(-0.30, 0.44), (-0.08, 0.455), (0.16, 0.475), (0.36, 0.535), (0.52, 0.635)]
    pen.limb(
        [(x, y + lift) for x, y in belly], (0.07, 0.10, 0.11, 0.09, 0.05), mix(tones.main, (0.95, 0.82, 0.52), 0.55)
    )
    for k in range(9):
        x, y = -0.24 + 0.075 * k, 0.405 + 0.012 * k + (0.006 * (k - 4) ** 2 if k > 4 else 0.0) + lift
        pen.limb([(x, y), (x + 0.02, y + 0.09)], (0.007, 0.007), tones.shade(0.72))
    _head(pen, (0.78, 0.725 + lift), tones)
    _wing(pen, (0.06, 0.62 + lift), beat, 0.0, tones, 1.0)


def _fire(pen: Pen, mouth: Point, phase: float) -> None:
    """A breath of fire that licks and thins."""
    x, y = mouth
    for colour, size in (((0.96, 0.30, 0.06), 1.0), ((1.0, 0.62, 0.14), 0.72), ((1.0, 0.92, 0.60), 0.42)):
        wave = [0.030 * math.sin(_TURN * (phase * 2 - k * 0.28)) for k in range(6)]
        points = [(x + 0.115 * k * (0.55 + 0.45 * size), y - 0.038 * k + wave[k] * k / 4) for k in range(6)]
        thick = [(0.030 + 0.050 * k) * size for k in range(6)]
        pen.haze(points, thick, colour, [0.95, 0.92, 0.80, 0.60, 0.36, 0.10], soft=0.018)


def _tail(pen: Pen, lift: float, sway: float, tones: Tones) -> None:
    points = [(-0.28, 0.495 + lift), (-0.54, 0.45 + sway * 0.6), (-0.80, 0.50 + sway * 1.5), (-1.02, 0.60 + sway * 2.2),
              (-1.16, 0.60 + sway * 2.8)]  # fmt: skip
    pen.limb(points, (0.19, 0.125, 0.080, 0.045, 0.022), tones.shade(0.92))
    x, y = points[-1]
    pen.shape(
        [(x + 0.07, y + 0.085), (x - 0.17, y - 0.02), (x + 0.05, y - 0.085), (x + 0.02, y)], darker(tones.main, 0.6)
    )
    for (ax, ay), size in zip(points[1:4], (0.085, 0.065, 0.045), strict=True):
        pen.shape(
            [(ax - 0.05, ay + size * 0.5), (ax - 0.07, ay + size * 1.7), (ax + 0.05, ay + size * 0.6)],
            darker(tones.main, 0.55),
        )


def _head(pen: Pen, root: Point, tones: Tones) -> None:
    """Brow, jaws with teeth, horns that sweep back, a glowing eye."""
    x, y = root
    bone = scaled(mix(tones.pale, (0.80, 0.70, 0.50), 0.5), 0.9)
    pen.limb(
        [(x - 0.02, y + 0.05), (x - 0.12, y + 0.15), (x - 0.26, y + 0.17)], (0.05, 0.035, 0.008), scaled(bone, 0.75)
    )
    pen.smooth(
        [
            (x - 0.02, y - 0.055),
            (x + 0.14, y - 0.115),
            (x + 0.235, y - 0.125),
            (x + 0.14, y - 0.07),
            (x + 0.04, y - 0.02),
        ],
        tones.shade(0.80),
    )
    pen.smooth([(x - 0.08, y + 0.02), (x - 0.02, y + 0.085), (x + 0.09, y + 0.065), (x + 0.20, y + 0.010),
                (x + 0.285, y - 0.005), (x + 0.295, y - 0.050), (x + 0.16, y - 0.055), (x + 0.02, y - 0.060)],
               tones.main)  # fmt: skip
    for k in range(4):
        tx = x + 0.12 + 0.045 * k
        pen.shape([(tx - 0.012, y - 0.05), (tx, y - 0.085), (tx + 0.012, y - 0.05)], tones.pale)
    pen.limb([(x + 0.02, y + 0.06), (x - 0.06, y + 0.18), (x - 0.20, y + 0.24)], (0.055, 0.038, 0.008), bone)
    pen.shape([(x - 0.06, y + 0.0), (x - 0.18, y - 0.03), (x - 0.05, y - 0.05)], darker(tones.main, 0.6))
    pen.blob((x + 0.265, y - 0.005), 0.012, 0.010, tones.dark)
    pen.limb([(x + 0.05, y + 0.055), (x + 0.13, y + 0.030)], (0.026, 0.016), darker(tones.main, 0.5))
    pen.blob((x + 0.085, y + 0.022), 0.024, 0.017, (1.0, 0.82, 0.20))
    pen.blob((x + 0.088, y + 0.022), 0.007, 0.016, (0.05, 0.02, 0.02))


def _wing(pen: Pen, root: Point, beat: float, lean: float, tones: Tones, shade: float) -> None:
    """Fingers from the wrist, and the skin between them in scallops."""
    x, y = root
    wrist = (x + 0.13 + lean * 0.5, y + 0.10 + 0.34 * beat)
    tips = [
        (x + 0.10 + lean - 0.12 * abs(beat), y + 0.14 + 0.74 * beat),
        (x - 0.30 + lean, y + 0.14 + 0.66 * beat),
        (x - 0.60 + lean, y + 0.10 + 0.44 * beat),
        (x - 0.70 + lean, y + 0.02 + 0.18 * beat),
    ]
    edge: list[Point] = [wrist, tips[0]]
    for (ax, ay), (bx, by) in zip(tips, [*tips[1:], (x - 0.30, y - 0.08)], strict=True):
        for t in (0.25, 0.5, 0.75):
            pull = 0.30 * math.sin(math.pi * t)  # toward the wrist
            mx, my = ax + (bx - ax) * t, ay + (by - ay) * t
            edge.append((mx + (wrist[0] - mx) * pull, my + (wrist[1] - my) * pull))
        edge.append((bx, by))
    skin = mix(scaled(tones.main, shade), (0.62, 0.22, 0.12), 0.42)
    pen.shape([(x + 0.06, y), *edge], scaled(skin, 0.55 + 0.45 * shade))
    for tip in tips:
        pen.limb([wrist, tip], (0.032, 0.010), tones.shade(0.66 * shade))
    pen.limb([root, wrist], (0.10, 0.048), tones.shade(0.86 * shade))
    pen.shape(
        [(wrist[0] - 0.015, wrist[1]), (wrist[0] + 0.05, wrist[1] + 0.075), (wrist[0] + 0.025, wrist[1])], tones.pale
    )
