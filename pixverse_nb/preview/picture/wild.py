"""Animals with a shape of their own, in a cycle (phase 0-1), looking to the right."""

from __future__ import annotations

import math

from .creatures import Build, quadruped
from .palette import mix, scaled
from .pen import Pen, Tones, darker

_TURN = 2 * math.pi
_EYE = (0.03, 0.03, 0.04)
_BEAR = Build(
    long=1.30,
    deep=0.66,
    neck=(0.24, 0.10),
    head=(0.21, 0.18),
    snout=0.13,
    leg=0.150,
    ears="round",
    tail="short",
    stride=0.34,
)
_LION = Build(
    long=1.25,
    deep=0.48,
    neck=(0.24, 0.20),
    head=(0.20, 0.165),
    snout=0.09,
    leg=0.105,
    ears="none",
    tail="long",
    stride=0.40,
)
_CAMEL = Build(
    long=1.12,
    deep=0.46,
    neck=(0.46, 0.42),
    head=(0.15, 0.105),
    snout=0.20,
    leg=0.075,
    ears="round",
    tail="short",
    stride=0.40,
)

bear = quadruped(_BEAR)
_lion, _camel = quadruped(_LION), quadruped(_CAMEL)


def lion(pen: Pen, phase: float, tones: Tones) -> None:
    """A lion: the mane is drawn behind the face and round it."""
    _lion(pen, phase, tones)
    nod = 0.03 * math.sin(2 * _TURN * phase + 1)
    x, y = _LION.long / 2 - 0.04 + _LION.neck[0], 0.88 + _LION.neck[1] + nod
    mane = darker(tones.main, 0.48)
    for k in range(13):
        angle = _TURN * k / 13
        pen.blob(
            (x - 0.10 + 0.20 * math.cos(angle), y - 0.06 + 0.24 * math.sin(angle)),
            0.105,
            0.085,
            scaled(mane, 0.9 + 0.2 * (k % 2)),
            turn=angle,
        )
    pen.blob((x - 0.10, y - 0.06), 0.24, 0.27, mane)
    for dx in (-0.12, 0.03):
        pen.blob((x + dx, y + 0.165), 0.048, 0.050, tones.shade(0.85))
    pen.blob((x + 0.015, y - 0.005), 0.165, 0.165, tones.main)
    pen.limb([(x + 0.04, y - 0.03), (x + 0.21, y - 0.07)], (0.20, 0.135), tones.main)
    pen.blob((x + 0.20, y - 0.105), 0.085, 0.055, mix(tones.main, tones.pale, 0.6))
    pen.blob((x + 0.265, y - 0.045), 0.032, 0.026, tones.dark)
    pen.blob((x + 0.095, y + 0.035), 0.020, 0.022, _EYE)
    pen.blob((-_LION.long / 2 - 0.44, 1.22), 0.055, 0.075, mane)


def camel(pen: Pen, phase: float, tones: Tones) -> None:
    """A camel with two humps."""
    bob = 0.02 * math.sin(2 * _TURN * phase)
    for x in (-0.24, 0.17):
        pen.smooth([(x - 0.21, 0.86 + bob), (x - 0.10, 1.15 + bob), (x + 0.01, 1.25 + bob), (x + 0.11, 1.13 + bob),
                    (x + 0.20, 0.86 + bob)],
                   tones.shade(0.88))  # fmt: skip
    _camel(pen, phase, tones)


def panda(pen: Pen, phase: float, tones: Tones) -> None:
    """A giant panda that sits and eats bamboo."""
    nod = 0.014 * math.sin(_TURN * phase)
    white, black = tones.pale, scaled(tones.dark, 0.9)
    pen.blob((-0.02, 0.34), 0.36, 0.37, white)
    pen.smooth([(-0.30, 0.60), (0.0, 0.68), (0.30, 0.58), (0.28, 0.44), (0.0, 0.50), (-0.30, 0.46)], black)
    for x, turn in ((-0.24, 0.25), (0.22, -0.15)):
        pen.blob((x, 0.10), 0.18, 0.115, black, turn=turn)
        pen.blob((x + 0.03, 0.10), 0.085, 0.065, mix(black, white, 0.25))
    for x in (-0.20, 0.20):
        pen.blob((x, 0.965 + nod), 0.085, 0.085, black)
    pen.blob((0.0, 0.78 + nod), 0.285, 0.245, white)
    for side in (-1, 1):
        pen.blob((side * 0.115, 0.80 + nod), 0.058, 0.078, black, turn=0.5 * side)
        pen.blob((side * 0.105, 0.81 + nod), 0.020, 0.024, _EYE)
        pen.blob((side * 0.100, 0.818 + nod), 0.007, 0.008, (1.0, 1.0, 1.0))
    pen.blob((0.0, 0.700 + nod), 0.042, 0.030, black)
    chew = 0.012 * math.sin(_TURN * 3 * phase)
    pen.limb(
        [(-0.045, 0.650 + nod - chew), (0.0, 0.632 + nod - chew), (0.045, 0.650 + nod - chew)],
        (0.010, 0.014, 0.010),
        black,
    )
    pen.limb([(0.06, 0.64 + nod), (0.30, 0.46), (0.50, 0.28)], (0.030, 0.034, 0.034), (0.36, 0.55, 0.18))
    for x, y in ((0.42, 0.44), (0.30, 0.34)):
        pen.smooth(
            [(x - 0.06, y - 0.03), (x + 0.06, y + 0.03), (x + 0.18, y + 0.03), (x + 0.06, y - 0.02)], (0.30, 0.56, 0.20)
        )
    pen.limb([(0.26, 0.54), (0.33, 0.44), (0.24, 0.44)], (0.17, 0.15, 0.12), black)
    pen.limb([(-0.26, 0.54), (-0.28, 0.38), (-0.12, 0.34)], (0.17, 0.15, 0.12), black)


def penguin(pen: Pen, phase: float, tones: Tones) -> None:
    """A penguin that waddles."""
    a = _TURN * phase
    lean = 0.055 * math.sin(a)

    def at(x: float, y: float) -> tuple[float, float]:
        return x + lean * y, y

    for shift, x in ((math.pi, -0.02), (0.0, 0.05)):
        lift = 0.035 * max(0.0, math.sin(a + shift))
        pen.blob((x + 0.06, 0.025 + lift), 0.095, 0.030, (0.90, 0.55, 0.14))
    coat = tones.main
    pen.smooth(
        [at(-0.18, 0.62), at(-0.30, 0.42), at(-0.34 - 0.03 * math.sin(2 * a), 0.26), at(-0.22, 0.36)], scaled(coat, 0.6)
    )
    pen.smooth([at(0.02, 1.0), at(0.135, 0.92), at(0.13, 0.80), at(0.20, 0.58), at(0.20, 0.24), at(0.10, 0.04),
                at(-0.10, 0.03), at(-0.24, -0.01),
                at(-0.22, 0.24), at(-0.20, 0.58), at(-0.10, 0.82), at(-0.09, 0.93)], coat)  # fmt: skip
    pen.smooth(
        [
            at(0.09, 0.76),
            at(0.19, 0.56),
            at(0.19, 0.26),
            at(0.10, 0.06),
            at(-0.03, 0.07),
            at(-0.02, 0.40),
            at(0.02, 0.66),
        ],
        tones.pale,
    )
    pen.blob(at(0.075, 0.80), 0.052, 0.060, (0.95, 0.72, 0.24))
    pen.shape([at(0.11, 0.93), at(0.27, 0.88), at(0.115, 0.865)], (0.88, 0.52, 0.14))
    pen.blob(at(0.065, 0.925), 0.018, 0.019, tones.pale)
    pen.blob(at(0.068, 0.925), 0.010, 0.011, _EYE)
    flap = 0.06 * math.sin(2 * a)
    pen.smooth(
        [
            at(-0.04, 0.66),
            at(-0.13 - flap * 0.4, 0.46),
            at(-0.20 - flap, 0.26),
            at(-0.10 - flap * 0.5, 0.30),
            at(0.03, 0.50),
        ],
        scaled(coat, 0.78),
    )


def frog(pen: Pen, phase: float, tones: Tones) -> None:
    """A frog that sits; its throat swells."""
    swell = 0.5 + 0.5 * math.sin(_TURN * phase)
    main = tones.main
    pen.smooth([(-0.66, 0.10), (-0.52, 0.44), (-0.20, 0.42), (-0.16, 0.14), (-0.34, 0.02)], tones.shade(0.78))
    pen.limb([(-0.24, 0.05), (-0.56, 0.045), (-0.76, 0.03)], (0.11, 0.08, 0.05), tones.shade(0.72))
    pen.smooth(
        [
            (-0.52, 0.30),
            (-0.20, 0.66),
            (0.18, 0.86),
            (0.52, 0.80),
            (0.66, 0.62),
            (0.50, 0.42),
            (0.30, 0.18),
            (-0.20, 0.10),
        ],
        main,
    )
    pen.smooth([(0.64, 0.58), (0.48, 0.40 - 0.05 * swell), (0.30, 0.16), (-0.05, 0.12), (0.16, 0.40), (0.40, 0.54)],
               mix(main, (0.94, 0.92, 0.70), 0.65))  # fmt: skip
    pen.limb([(0.26, 0.34), (0.36, 0.14), (0.30, 0.03), (0.50, 0.02)], (0.13, 0.09, 0.06, 0.045), tones.shade(0.86))
    pen.blob((0.34, 0.88), 0.125, 0.120, main)
    pen.blob((0.36, 0.89), 0.085, 0.082, (0.95, 0.80, 0.25))
    pen.blob((0.375, 0.89), 0.055, 0.034, _EYE)
    pen.limb([(0.655, 0.615), (0.46, 0.60), (0.30, 0.63)], (0.014, 0.016, 0.010), darker(main, 0.4))
    for x, y in ((-0.10, 0.58), (0.06, 0.66), (-0.28, 0.44)):
        pen.blob((x, y), 0.050, 0.034, tones.shade(0.66))


def shark(pen: Pen, phase: float, tones: Tones) -> None:
    """A shark: grey above, white below, its tail swinging."""
    wag = 0.07 * math.sin(_TURN * phase)
    pen.shape([(-0.98, 0.50), (-1.42 - wag, 0.94), (-1.24, 0.50), (-1.34 + wag, 0.22)], tones.shade(0.82))
    pen.smooth([(0.02, 0.68), (-0.16, 1.02), (-0.25, 0.98), (-0.30, 0.66)], tones.shade(0.86))
    pen.smooth([(-0.80, 0.56), (-0.92, 0.68), (-0.98, 0.53)], tones.shade(0.8))
    pen.smooth([(1.10, 0.55), (0.80, 0.68), (0.20, 0.74), (-0.45, 0.64), (-1.06, 0.53), (-1.06, 0.47), (-0.45, 0.38),
                (0.20, 0.28),
                (0.80, 0.36)], tones.main)  # fmt: skip
    pen.smooth(
        [(1.06, 0.52), (0.70, 0.46), (0.10, 0.44), (-0.60, 0.47), (-0.45, 0.385), (0.20, 0.285), (0.80, 0.365)],
        mix(tones.main, tones.pale, 0.8),
    )
    pen.smooth([(0.32, 0.36), (0.00, 0.04), (-0.12, 0.06), (0.06, 0.38)], tones.shade(0.72))
    for k in range(4):
        pen.limb([(0.42 - 0.06 * k, 0.60), (0.40 - 0.06 * k, 0.47)], (0.012, 0.012), tones.shade(0.55))
    pen.blob((0.82, 0.565), 0.022, 0.024, _EYE)
    pen.limb([(0.98, 0.445), (0.84, 0.43), (0.70, 0.455)], (0.010, 0.016, 0.010), darker(tones.main, 0.4))
