"""Animals on land, in the air and in the water, moving in a cycle (phase 0-1), looking to the right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .palette import mix, scaled
from .pen import Pen, Point, Tones, darker, reach_to

_TURN = 2 * math.pi
Draw = Callable[[Pen, float, Tones], None]


@dataclass(frozen=True)
class Build:
    """The proportions of a four-legged animal, in shoulder heights."""

    long: float = 1.15  # chest to rump
    deep: float = 0.42  # back to belly
    neck: tuple[float, float] = (0.28, 0.30)  # where the head sits, from the shoulder
    head: tuple[float, float] = (0.17, 0.12)
    snout: float = 0.16
    leg: float = 0.090
    ears: str = "round"
    tail: str = "brush"
    mane: bool = False
    stride: float = 0.42
    socks: bool = False  # dark lower legs


def quadruped(build: Build) -> Draw:
    """A drawing function for an animal of these proportions."""

    def draw(pen: Pen, phase: float, tones: Tones) -> None:
        a = _TURN * phase
        bob = 0.02 * math.sin(2 * a)
        rear, front = -build.long / 2, build.long / 2
        hip, chest = 0.94 - build.deep * 0.45 + bob, 0.95 - build.deep * 0.5 - bob * 0.5
        for x, y, shift in ((rear + 0.06, hip, 2.2), (front - 0.10, chest, 0.6)):
            _leg(pen, (x + 0.05, y), a + shift + math.pi, build, darker(tones.main, 0.55))
        _tail(pen, (rear - 0.02, 0.88 + bob), a, build, tones)
        top, belly = 0.98, 0.98 - build.deep
        pen.smooth([(rear - 0.05, hip + 0.12), (rear + 0.14, top + bob), (0.0, top - 0.05), (front - 0.16, top + 0.02 - bob * 0.5),
                    (front + 0.06, top - 0.10), (front + 0.04, chest - 0.12), (front - 0.20, belly), (0.0, belly + 0.03),
                    (rear + 0.22, belly + 0.07), (rear - 0.04, hip - 0.10)], tones.main)  # fmt: skip
        pen.smooth([(rear + 0.20, belly + 0.10), (0.0, belly + 0.065), (front - 0.16, belly + 0.04), (front - 0.20, belly),
                    (0.0, belly + 0.03), (rear + 0.22, belly + 0.07)], mix(tones.main, tones.pale, 0.35))  # fmt: skip
        for x, y, shift in ((rear + 0.06, hip, 2.2), (front - 0.10, chest, 0.6)):
            _leg(pen, (x, y), a + shift, build, tones.main)
        _head(pen, (front - 0.04, top - 0.10 - bob), a, build, tones)

    return draw


def _leg(pen: Pen, root: Point, a: float, build: Build, colour: tuple[float, float, float]) -> None:
    """Thigh, shin and paw; the foot is lifted while it swings forward."""
    angle = build.stride * math.sin(a)
    length = root[1] / 2
    lift = 0.9 * build.stride * max(0.0, math.cos(a))
    knee = reach_to(root, angle + lift * 0.6, length)
    foot = reach_to(knee, angle - lift, length * 0.96)
    pen.limb([root, knee, foot], (build.leg * 2.3, build.leg * 1.05, build.leg * 0.72), colour)
    if build.socks:
        shin = (knee[0] * 0.75 + foot[0] * 0.25, knee[1] * 0.75 + foot[1] * 0.25)
        pen.limb([shin, foot], (build.leg * 0.98, build.leg * 0.76), darker(scaled(colour, 0.5), 0.45))
    pen.blob((foot[0] + 0.02, foot[1]), build.leg * 0.62, build.leg * 0.40, scaled(colour, 0.7))


def _tail(pen: Pen, root: Point, a: float, build: Build, tones: Tones) -> None:
    x, y = root
    wag = 0.10 * math.sin(a + 0.5)
    if build.tail == "long":
        pen.limb([(x + 0.06, y), (x - 0.22, y - 0.06 + wag), (x - 0.40, y + 0.10 + wag), (x - 0.42, y + 0.34 + wag * 1.5)],
                 (0.09, 0.070, 0.060, 0.045), tones.shade(0.85))  # fmt: skip
    elif build.tail == "hair":
        pen.smooth([(x + 0.05, y + 0.03), (x - 0.14, y + 0.02 + wag), (x - 0.34, y - 0.22 + wag), (x - 0.38, y - 0.48 + wag * 1.6),
                    (x - 0.24, y - 0.34 + wag), (x - 0.06, y - 0.14)], darker(tones.main, 0.5))  # fmt: skip
    elif build.tail == "fox":
        brush = [(x + 0.05, y + 0.03), (x - 0.16, y + 0.05), (x - 0.42, y + 0.05 + wag), (x - 0.68, y - 0.06 + wag * 1.5),
                 (x - 0.88, y - 0.22 + wag * 2.2), (x - 0.66, y - 0.30 + wag * 1.7), (x - 0.40, y - 0.24 + wag), (x - 0.12, y - 0.12)]  # fmt: skip
        pen.smooth(brush, tones.shade(0.92))
        pen.smooth([(x - 0.62, y - 0.07 + wag * 1.4), (x - 0.74, y - 0.09 + wag * 1.7), (x - 0.90, y - 0.225 + wag * 2.2), (x - 0.70, y - 0.285 + wag * 1.8),
                    (x - 0.60, y - 0.24 + wag * 1.6), (x - 0.66, y - 0.20 + wag * 1.6), (x - 0.60, y - 0.15 + wag * 1.5)], scaled(tones.pale, 1.02))  # fmt: skip
    elif build.tail == "short":
        pen.limb([(x + 0.05, y), (x - 0.07, y - 0.06 + wag * 0.4)], (0.09, 0.06), mix(tones.main, tones.pale, 0.3))
    else:
        pen.smooth([(x + 0.06, y + 0.03), (x - 0.16, y + 0.08 + wag), (x - 0.36, y + 0.22 + wag), (x - 0.44, y + 0.20 + wag),
                    (x - 0.28, y + 0.02 + wag), (x, y - 0.08)], tones.shade(0.88))  # fmt: skip


def _head(pen: Pen, root: Point, a: float, build: Build, tones: Tones) -> None:
    """Neck, head, ears, eye; antlers, mane or trunk where they belong."""
    nod = 0.03 * math.sin(2 * a + 1)
    nx, ny = build.neck
    x, y = root[0] + nx, root[1] + ny + nod
    pen.limb([(root[0] - 0.10, root[1] - 0.10), (root[0] + nx * 0.55, root[1] + ny * 0.55), (x - 0.03, y - 0.02)],
             (build.deep * 0.95, build.deep * 0.58, build.head[1] * 1.6), tones.main)  # fmt: skip
    if build.mane:
        pen.smooth([(x - 0.02, y + 0.13), (x - 0.15, y + 0.03), (root[0] - 0.10, root[1] + 0.10), (root[0] - 0.28, root[1] + 0.08 - nod),
                    (root[0] - 0.10, root[1] - 0.04), (x - 0.12, y - 0.07)], darker(tones.main, 0.45))  # fmt: skip
    _ears(pen, x, y, build, tones)
    if build.ears == "fox":
        _fox_head(pen, x, y, root, tones)
        return
    pen.blob((x, y), build.head[0], build.head[1], tones.main, turn=-0.25)
    pen.limb([(x + 0.04, y - 0.02), (x + build.head[0] * 0.6 + build.snout, y - build.snout * 0.55 - 0.02)],
             (build.head[1] * 1.5, build.head[1] * 0.85), tones.main)  # fmt: skip
    nose = (x + build.head[0] * 0.6 + build.snout * 1.1, y - build.snout * 0.52 - 0.01)
    pen.blob(nose, 0.024, 0.020, tones.dark)
    pen.blob((x + build.head[0] * 0.42, y + 0.030), 0.018, 0.020, (0.03, 0.03, 0.04))
    if build.ears == "cat":
        pen.blob((x + 0.10, y - 0.065), 0.095, 0.062, mix(tones.main, tones.pale, 0.65))
        pen.blob((x + 0.175, y - 0.045), 0.022, 0.016, (0.78, 0.42, 0.40))
        pen.blob((x + 0.090, y + 0.030), 0.032, 0.036, (0.62, 0.72, 0.24))
        pen.blob((x + 0.098, y + 0.030), 0.013, 0.032, (0.03, 0.03, 0.04))
        for k in (-1, 0, 1):
            pen.limb([(x + 0.13, y - 0.065), (x + 0.28, y - 0.075 + 0.055 * k)], (0.008, 0.005), tones.pale)
    if build.ears == "trunk":
        pen.limb([(nose[0] - 0.1, nose[1] + 0.02), (nose[0], nose[1] - 0.28), (nose[0] - 0.04 + nod * 2, nose[1] - 0.56), (nose[0] + 0.06 + nod * 3, nose[1] - 0.68)],
                 (0.15, 0.11, 0.08, 0.06), tones.main)  # fmt: skip
        pen.smooth(
            [(x - 0.02, y + 0.10), (x - 0.26, y + 0.10), (x - 0.30, y - 0.16), (x - 0.12, y - 0.24)], tones.shade(0.82)
        )
        pen.limb([(nose[0] - 0.12, nose[1] - 0.10), (nose[0] + 0.06, nose[1] - 0.20)], (0.035, 0.012), tones.pale)


def _fox_head(pen: Pen, x: float, y: float, root: Point, tones: Tones) -> None:
    """A wedge with white cheeks and bib, a thin muzzle and a black nose."""
    pen.smooth([(x - 0.04, y - 0.10), (x + 0.03, y - 0.13), (root[0] + 0.10, root[1] - 0.14), (root[0] + 0.02, root[1] - 0.34), (root[0] - 0.06, root[1] - 0.26),
                (root[0] + 0.0, root[1] - 0.05)], tones.pale)  # fmt: skip
    pen.smooth([(x - 0.17, y + 0.02), (x - 0.10, y + 0.12), (x + 0.04, y + 0.12), (x + 0.15, y + 0.03), (x + 0.34, y - 0.055), (x + 0.345, y - 0.09),
                (x + 0.18, y - 0.10), (x + 0.02, y - 0.14), (x - 0.13, y - 0.11)], tones.main)  # fmt: skip
    pen.smooth([(x + 0.33, y - 0.075), (x + 0.18, y - 0.045), (x + 0.08, y - 0.020), (x - 0.04, y - 0.055), (x - 0.17, y - 0.12), (x - 0.02, y - 0.155),
                (x + 0.18, y - 0.11), (x + 0.33, y - 0.095)], tones.pale)  # fmt: skip
    pen.blob((x + 0.345, y - 0.068), 0.030, 0.025, (0.05, 0.04, 0.05))
    pen.blob((x + 0.085, y + 0.030), 0.025, 0.021, (0.04, 0.03, 0.03), turn=-0.3)
    pen.blob((x + 0.092, y + 0.037), 0.007, 0.007, (1.0, 0.96, 0.88))


def _ears(pen: Pen, x: float, y: float, build: Build, tones: Tones) -> None:
    h = build.head[1]
    if build.ears == "point":
        for dx, shade in ((-0.01, 0.7), (-0.09, 1.0)):
            pen.shape(
                [(x + dx - 0.04, y + h * 0.55), (x + dx - 0.005, y + h * 2.0), (x + dx + 0.065, y + h * 0.6)],
                tones.shade(shade),
            )
    elif build.ears == "cat":
        _cat_ears(pen, x, y, h, tones)
    elif build.ears == "fox":
        _fox_ears(pen, x, y, tones)
    elif build.ears == "antler":
        for lean, shade in ((0.10, 0.8), (-0.16, 1.0)):
            tip = (x + lean, y + 0.52)
            horn = scaled(mix(tones.pale, tones.dark, 0.45), shade)
            pen.limb([(x - 0.05, y + h * 0.6), (x - 0.10 + lean * 0.6, y + 0.30), tip], (0.035, 0.028, 0.012), horn)
            for part in (0.35, 0.65):
                px, py = x - 0.05 + (lean + 0.05) * part, y + h * 0.6 + 0.42 * part
                pen.limb([(px, py), (px + 0.12, py + 0.13)], (0.024, 0.010), horn)
        pen.blob((x - 0.12, y + 0.06), 0.10, 0.035, tones.shade(0.9), turn=2.7)
    elif build.ears == "flop":
        pen.smooth(
            [(x - 0.06, y + h * 0.8), (x + 0.02, y + h * 0.7), (x - 0.02, y - h * 0.9), (x - 0.10, y - h * 0.5)],
            tones.shade(0.62),
        )
    elif build.ears == "round":
        pen.blob((x - 0.07, y + h * 0.9), 0.055, 0.06, tones.shade(0.85))


def _cat_ears(pen: Pen, x: float, y: float, h: float, tones: Tones) -> None:
    for dx, shade in ((0.05, 0.7), (-0.11, 1.0)):
        outer = [(x + dx - 0.055, y + h * 0.55), (x + dx - 0.01, y + h * 1.62), (x + dx + 0.095, y + h * 0.75)]
        pen.shape(outer, tones.shade(shade))
        pen.shape(
            [(x + dx - 0.025, y + h * 0.70), (x + dx, y + h * 1.40), (x + dx + 0.060, y + h * 0.80)],
            mix(tones.main, (0.86, 0.56, 0.52), 0.6),
        )


def _fox_ears(pen: Pen, x: float, y: float, tones: Tones) -> None:
    for dx, shade in ((0.03, 0.7), (-0.09, 1.0)):
        left, tip, right = (x + dx - 0.075, y + 0.07), (x + dx - 0.035, y + 0.335), (x + dx + 0.080, y + 0.09)
        pen.shape([left, tip, right], tones.shade(shade))
        middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
        inner = [(p[0] + (middle[0] - p[0]) * 0.42, p[1] + (middle[1] - p[1]) * 0.34) for p in (left, tip, right)]
        pen.shape(inner, darker(tones.main, 0.45))
        pen.shape([(tip[0] + (left[0] - tip[0]) * 0.3, tip[1] + (left[1] - tip[1]) * 0.3), tip, (tip[0] + (right[0] - tip[0]) * 0.3, tip[1] + (right[1] - tip[1]) * 0.3)],
                  (0.10, 0.06, 0.05))  # fmt: skip


CAT = quadruped(
    Build(long=1.22, deep=0.46, neck=(0.17, 0.17), head=(0.215, 0.195), snout=-0.005, leg=0.098, ears="cat", tail="long",
          stride=0.36)
)  # fmt: skip
DOG = quadruped(
    Build(long=1.15, deep=0.54, neck=(0.24, 0.26), head=(0.19, 0.155), snout=0.15, leg=0.115, ears="flop", stride=0.50)
)  # fmt: skip
FOX = quadruped(
    Build(long=1.22, deep=0.44, neck=(0.22, 0.17), head=(0.17, 0.125), snout=0.16, leg=0.074, ears="fox", tail="fox",
          stride=0.46, socks=True)
)  # fmt: skip
HORSE = quadruped(
    Build(long=1.18, deep=0.50, neck=(0.36, 0.50), head=(0.15, 0.115), snout=0.24, leg=0.085, ears="point", tail="hair",
          mane=True, stride=0.58)
)  # fmt: skip
DEER = quadruped(
    Build(long=1.00, deep=0.44, neck=(0.26, 0.46), head=(0.135, 0.10), snout=0.16, leg=0.066, ears="antler", tail="short",
          stride=0.36)
)  # fmt: skip
ELEPHANT = quadruped(
    Build(long=1.15, deep=0.70, neck=(0.30, 0.10), head=(0.25, 0.23), snout=0.10, leg=0.15, ears="trunk", tail="short",
          stride=0.28)
)  # fmt: skip


def bird(pen: Pen, phase: float, tones: Tones) -> None:
    """A bird in flight; the wings bend as they beat."""
    beat = math.sin(_TURN * phase)
    late = math.sin(_TURN * phase - 0.9)
    body = (0.0, 0.5 - 0.04 * beat)
    for side, shade in ((-1, 0.68), (1, 1.0)):
        lean = 0.10 * side
        elbow = (body[0] + 0.02 + lean, body[1] + 0.30 * beat + 0.06)
        tip = (body[0] - 0.34 + lean * 2.6, body[1] + 0.34 * beat + 0.46 * late)
        pen.smooth([(body[0] + 0.14, body[1] + 0.03), (elbow[0] + 0.13, elbow[1] + 0.03), tip, (elbow[0] - 0.20, elbow[1] - 0.07),
                    (body[0] - 0.14, body[1] - 0.01)], tones.shade(shade))  # fmt: skip
    pen.smooth([(0.36, body[1] + 0.06), (0.22, body[1] + 0.085), (0.0, body[1] + 0.07), (-0.26, body[1] + 0.01), (-0.46, body[1] + 0.02),
                (-0.44, body[1] - 0.05), (-0.22, body[1] - 0.05), (0.05, body[1] - 0.075), (0.24, body[1] - 0.01)], tones.shade(0.92))  # fmt: skip
    pen.blob((0.29, body[1] + 0.055), 0.070, 0.055, mix(tones.main, tones.pale, 0.5))
    pen.shape([(0.34, body[1] + 0.075), (0.44, body[1] + 0.035), (0.34, body[1] + 0.025)], (0.90, 0.62, 0.18))
    pen.blob((0.31, body[1] + 0.07), 0.010, 0.012, (0.02, 0.02, 0.03))


def butterfly(pen: Pen, phase: float, tones: Tones) -> None:
    """Two pairs of wings that open and close."""
    openness = 0.25 + 0.75 * abs(math.sin(_TURN * phase))
    for side, shade in ((-1, 0.75), (1, 1.0)):
        for (w, h), (cx, cy) in (((0.30, 0.26), (0.26, 0.66)), ((0.22, 0.18), (0.20, 0.34))):
            pen.blob((side * cx * openness, cy), w * openness, h, tones.shade(shade), turn=0.5 * side)
            pen.blob(
                (side * cx * openness * 1.1, cy),
                w * openness * 0.5,
                h * 0.5,
                mix(tones.main, tones.pale, 0.6),
                turn=0.5 * side,
            )
    pen.limb([(0.0, 0.25), (0.0, 0.72)], (0.03, 0.05), tones.dark)
    for x in (-0.1, 0.1):
        pen.limb([(0.0, 0.72), (x, 0.92)], (0.012, 0.010), tones.dark)


def fish(pen: Pen, phase: float, tones: Tones) -> None:
    """A fish whose tail beats."""
    wag = math.sin(_TURN * phase)
    pen.shape(
        [(-0.52, 0.5), (-0.86 - 0.06 * wag, 0.82), (-0.76 + 0.06 * wag, 0.5), (-0.86 - 0.06 * wag, 0.18)],
        tones.shade(0.8),
    )
    pen.smooth([(-0.1, 0.74), (-0.26, 0.98), (0.1, 0.86), (0.22, 0.7)], tones.shade(0.75))
    pen.smooth(
        [
            (0.72, 0.5),
            (0.45, 0.70),
            (0.05, 0.80),
            (-0.35, 0.66),
            (-0.58, 0.53),
            (-0.58, 0.47),
            (-0.35, 0.34),
            (0.05, 0.22),
            (0.45, 0.32),
        ],
        tones.main,
    )
    pen.smooth(
        [(0.70, 0.47), (0.40, 0.42), (0.0, 0.38), (-0.5, 0.47), (-0.35, 0.34), (0.05, 0.22), (0.45, 0.32)],
        mix(tones.main, tones.pale, 0.5),
    )
    for x in (0.22, -0.12):
        pen.smooth(
            [(x + 0.06, 0.75), (x + 0.09, 0.5), (x + 0.04, 0.27), (x - 0.04, 0.27), (x, 0.5), (x - 0.04, 0.75)],
            tones.pale,
        )
    pen.smooth([(0.18, 0.46), (-0.08 - 0.05 * wag, 0.30 + 0.06 * wag), (-0.02, 0.46)], tones.shade(0.7))
    pen.blob((0.50, 0.56), 0.050, 0.055, tones.pale)
    pen.blob((0.52, 0.56), 0.026, 0.03, (0.02, 0.02, 0.03))


def whale(pen: Pen, phase: float, tones: Tones) -> None:
    """A whale with pale throat; the fluke rises and falls."""
    wag = 0.14 * math.sin(_TURN * phase)
    pen.smooth(
        [(-1.15, 0.55 + wag), (-1.48, 0.82 + wag * 2), (-1.36, 0.58 + wag * 1.5), (-1.52, 0.44 + wag * 2)],
        tones.shade(0.75),
    )
    pen.smooth([(1.10, 0.46), (0.92, 0.68), (0.40, 0.82), (-0.20, 0.76), (-0.75, 0.62 + wag * 0.5), (-1.25, 0.60 + wag), (-1.25, 0.54 + wag),
                (-0.70, 0.42 + wag * 0.3), (-0.10, 0.22), (0.50, 0.18), (0.95, 0.26)], tones.main)  # fmt: skip
    pen.smooth(
        [(1.08, 0.42), (0.70, 0.40), (0.20, 0.36), (-0.10, 0.22), (0.50, 0.18), (0.95, 0.26)],
        mix(tones.main, tones.pale, 0.6),
    )
    for k in range(4):
        pen.limb(
            [(0.95 - 0.05 * k, 0.36 - 0.035 * k), (0.10, 0.315 - 0.03 * k)],
            (0.010, 0.008),
            mix(tones.main, tones.pale, 0.25),
        )
    pen.smooth([(0.38, 0.32), (0.10, 0.02 - wag), (-0.06, 0.03 - wag), (0.18, 0.32)], tones.shade(0.65))
    pen.smooth([(-0.42, 0.70), (-0.58, 0.84), (-0.62, 0.66)], tones.shade(0.8))
    pen.blob((0.78, 0.46), 0.020, 0.022, (0.02, 0.02, 0.03))


def jellyfish(pen: Pen, phase: float, tones: Tones) -> None:
    """A bell that pulses, and threads that follow it."""
    pulse = math.sin(_TURN * phase)
    wide = 0.30 - 0.04 * pulse
    for k in range(9):
        x = (k - 4) / 4 * wide * 0.85
        points = [(x + 0.05 * math.sin(_TURN * phase + n * 0.9 + k) * n / 5, 0.66 - 0.125 * n) for n in range(6)]
        pen.limb(points, [0.022 - 0.003 * n for n in range(6)], mix(tones.main, tones.pale, 0.3 if k % 2 else 0.55))
    pen.smooth([(-wide, 0.66), (-wide * 0.96, 0.82), (-wide * 0.55, 0.97 + 0.02 * pulse), (0, 1.0 + 0.03 * pulse), (wide * 0.55, 0.97 + 0.02 * pulse),
                (wide * 0.96, 0.82), (wide, 0.66), (wide * 0.5, 0.70), (0, 0.67), (-wide * 0.5, 0.70)], tones.main)  # fmt: skip
    pen.blob((0, 0.84), wide * 0.60, 0.11, mix(tones.main, tones.pale, 0.45))
    pen.blob((-wide * 0.3, 0.90), wide * 0.22, 0.035, mix(tones.main, (1, 1, 1), 0.6), turn=0.4)


def turtle(pen: Pen, phase: float, tones: Tones) -> None:
    """A sea turtle rowing with its flippers."""
    row = math.sin(_TURN * phase)
    skin = mix(tones.main, tones.pale, 0.35)
    pen.smooth([(-0.40, 0.42), (-0.66, 0.30 - 0.08 * row), (-0.60, 0.24 - 0.08 * row), (-0.34, 0.34)], skin)
    pen.limb([(0.42, 0.48), (0.66, 0.56)], (0.20, 0.17), skin)
    pen.blob((0.72, 0.57), 0.13, 0.10, skin)
    pen.smooth(
        [(0.50, 0.44), (0.30, 0.70), (-0.10, 0.80), (-0.45, 0.60), (-0.56, 0.42), (-0.20, 0.30), (0.30, 0.30)],
        tones.main,
    )
    for x, y in ((0.18, 0.56), (-0.10, 0.62), (-0.34, 0.52)):
        pen.blob((x, y), 0.11, 0.09, tones.shade(0.72))
    pen.smooth(
        [(0.36, 0.42), (0.24, 0.04 + 0.34 * max(row, -0.3)), (0.08, -0.02 + 0.38 * max(row, -0.3)), (0.14, 0.38)],
        scaled(skin, 0.9),
    )
    pen.blob((0.77, 0.60), 0.020, 0.022, (0.02, 0.02, 0.03))
