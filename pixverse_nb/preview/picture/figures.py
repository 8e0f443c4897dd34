"""People and machines on two legs, walking in a cycle (phase 0-1), looking to the right."""

from __future__ import annotations

import math

from .palette import mix, scaled
from .pen import Pen, Point, Tones, darker, reach_to

_TURN = 2 * math.pi


def _leg(hip: Point, swing: float, phase: float, thigh: float, shin: float, stride: float) -> list[Point]:
    """Hip, knee, ankle and toe of one leg."""
    angle = stride * swing
    bend = 0.12 + stride * 1.25 * max(0.0, math.sin(phase + 0.9)) ** 1.5
    knee = reach_to(hip, angle, thigh)
    ankle = reach_to(knee, angle - bend, shin)
    toe = (ankle[0] + 0.062 * math.cos(angle - bend) + 0.01, ankle[1] - 0.018 + 0.03 * math.sin(angle - bend))
    return [hip, knee, ankle, toe]


def _arm(shoulder: Point, angle: float, bend: float, upper: float = 0.155, fore: float = 0.145) -> list[Point]:
    """Shoulder, elbow and hand."""
    elbow = reach_to(shoulder, angle, upper)
    return [shoulder, elbow, reach_to(elbow, angle + bend, fore)]


def woman(pen: Pen, phase: float, tones: Tones) -> None:
    """A woman in a long dress whose skirt and hair flow behind her; in company also in trousers or a coat."""
    a = _TURN * phase
    if tones.cut:
        _walking_woman(pen, phase, tones)
        return
    bob = 0.010 * math.cos(2 * a)
    hip = (0.0, 0.53 + bob)
    for shift, shade in ((math.pi, 0.72), (0.0, 1.0)):
        leg = _leg(hip, math.sin(a + shift), a + shift, 0.25, 0.25, 0.38)
        pen.limb(leg[:3], (0.07, 0.05, 0.032), scaled(tones.skin, shade))
        pen.limb(leg[2:], (0.034, 0.020), tones.dark)
    far = _arm((0.005, 0.80 + bob), -0.42 * math.sin(a), 0.35)
    pen.limb(far, (0.042, 0.034, 0.026), scaled(tones.skin, 0.78))
    _skirt(pen, a, bob, tones)
    pen.smooth([(-0.055, 0.815 + bob), (0.03, 0.83 + bob), (0.072, 0.76 + bob), (0.050, 0.655 + bob), (0.060, 0.58 + bob),
                (-0.062, 0.58 + bob), (-0.045, 0.655 + bob), (-0.070, 0.76 + bob)], tones.main)  # fmt: skip
    near = _arm((-0.012, 0.795 + bob), 0.42 * math.sin(a), 0.30)
    _hair(pen, a, bob, tones, behind=True)
    pen.limb([(0.0, 0.80 + bob), (0.012, 0.88 + bob)], (0.045, 0.038), tones.skin)
    pen.blob((0.018, 0.925 + bob), 0.050, 0.062, tones.skin)
    pen.smooth([(0.058, 0.935 + bob), (0.078, 0.912 + bob), (0.060, 0.898 + bob)], tones.skin)
    _hair(pen, a, bob, tones, behind=False)
    pen.limb(near, (0.044, 0.035, 0.026), tones.skin)


def _walking_woman(pen: Pen, phase: float, tones: Tones) -> None:
    """A woman in everyday clothes: trousers, or a coat to the knee; her hair open or tied."""
    a = _TURN * phase
    x, y = _walker(pen, phase, tones, stride=0.38, lean=0.008, bulk=0.84)
    bob = y - 0.845
    if tones.cut % 2:
        flare = 0.02 * math.sin(2 * a)
        pen.smooth([(-0.060, 0.62 + bob), (0.060, 0.62 + bob), (0.085, 0.45), (0.120 + flare, 0.30), (-0.02, 0.275),
                    (-0.140 + flare, 0.30), (-0.085, 0.45)], tones.main)  # fmt: skip
        pen.shape([(0.0, 0.60 + bob), (0.012, 0.30), (-0.006, 0.30)], tones.shade(0.70))
        pen.limb([(-0.064, 0.615 + bob), (0.062, 0.615 + bob)], (0.020, 0.020), tones.shade(0.60))
    _head(pen, x, y, tones)
    hair = mix(tones.hair, tones.dark, 0.4)
    if tones.cut == 2:
        pen.limb(
            [(x - 0.045, y + 0.105), (x - 0.10, y + 0.06), (x - 0.11 - 0.02 * math.sin(a), y - 0.03)],
            (0.05, 0.045, 0.012),
            hair,
        )
    else:
        wave = 0.012 * math.sin(a)
        pen.smooth([(x + 0.03, y + 0.148), (x - 0.04, y + 0.135), (x - 0.066, y + 0.06), (x - 0.085 + wave, y - 0.045), (x - 0.03 + wave, y - 0.055),
                    (x - 0.006, y + 0.03), (x + 0.0, y + 0.10)], hair)  # fmt: skip


def _skirt(pen: Pen, a: float, bob: float, tones: Tones) -> None:
    """The flowing part: it lags the step and trails in the wind."""
    wave = [0.030 * math.sin(a * 1.0 - k * 0.9) for k in range(7)]
    front = 0.155 + 0.040 * math.sin(2 * a)
    hem = [(front, 0.15 + wave[0] * 0.5), (0.06, 0.125 + wave[1] * 0.4), (-0.06, 0.12 + wave[2] * 0.6), (-0.19, 0.15 + wave[3]),
           (-0.33, 0.20 + wave[4] * 1.5), (-0.43, 0.27 + wave[5] * 2.0)]  # fmt: skip
    pen.smooth([(0.052, 0.66 + bob), (0.105, 0.47), (0.135 + 0.02 * math.sin(2 * a), 0.30), *hem,
                (-0.30 + wave[6], 0.37), (-0.15, 0.50), (-0.052, 0.66 + bob)], tones.main)  # fmt: skip
    for n, (x, y) in enumerate(hem[1:5]):
        top = (0.035 - 0.028 * n, 0.56)
        pen.shape([top, (x + 0.016, y + 0.02), (x - 0.022, y + 0.02)], tones.shade(0.70 if n % 2 else 0.80))
        pen.shape([top, (x + 0.055, y + 0.025), (x + 0.035, y + 0.022)], mix(tones.main, tones.pale, 0.22))


def _hair(pen: Pen, a: float, bob: float, tones: Tones, *, behind: bool) -> None:
    colour = mix(tones.hair, tones.dark, 0.4)
    if behind:
        w = [0.022 * math.sin(a - k) for k in range(4)]
        pen.smooth([(0.0, 0.985 + bob), (-0.055, 0.95 + bob), (-0.085, 0.87 + bob + w[0]), (-0.14, 0.80 + w[1]), (-0.22, 0.755 + w[2]),
                    (-0.155, 0.745 + w[3]), (-0.08, 0.76 + w[1]), (-0.03, 0.82 + bob), (0.0, 0.90 + bob)], colour)  # fmt: skip
        return
    pen.smooth([(0.055, 0.975 + bob), (0.025, 1.0 + bob), (-0.030, 0.985 + bob), (-0.056, 0.93 + bob), (-0.045, 0.87 + bob),
                (-0.008, 0.885 + bob), (0.004, 0.945 + bob)], colour)  # fmt: skip


def _walker(pen: Pen, phase: float, tones: Tones, *, stride: float, lean: float, bulk: float = 1.0) -> Point:
    """Legs, far arm and torso of a clothed person; returns the neck, for a head to be put on."""
    a = _TURN * phase
    bob = 0.014 * math.cos(2 * a) * (stride / 0.4)
    hip = (0.0, 0.51 + bob)
    neck = (lean, 0.845 + bob)
    trousers = darker(tones.dark, 0.9)
    for shift, shade in ((math.pi, 0.7), (0.0, 1.0)):
        if shift == 0.0:
            far = _arm((lean * 0.9, 0.79 + bob), -stride * 1.1 * math.sin(a + math.pi) * -1, 0.35 + stride)
            pen.limb(far, (0.062 * bulk, 0.052 * bulk, 0.036), tones.shade(0.66))
        leg = _leg(hip, math.sin(a + shift), a + shift, 0.25, 0.245, stride)
        pen.limb(leg[:3], (0.095 * bulk, 0.072 * bulk, 0.048 * bulk), scaled(trousers, shade))
        pen.limb(leg[2:], (0.046, 0.030), scaled(tones.dark, 0.5))
    pen.smooth([(lean - 0.075 * bulk, 0.80 + bob), (lean, 0.835 + bob), (lean + 0.070 * bulk, 0.80 + bob),
                (lean * 0.6 + 0.078 * bulk, 0.66 + bob), (0.072 * bulk, 0.47 + bob), (-0.078 * bulk, 0.465 + bob),
                (lean * 0.6 - 0.075 * bulk, 0.66 + bob)], tones.main)  # fmt: skip
    near = _arm((lean * 0.9 - 0.01, 0.785 + bob), stride * 1.1 * math.sin(a + math.pi), 0.30 + stride)
    pen.limb(near, (0.064 * bulk, 0.054 * bulk, 0.036), tones.shade(0.86))
    pen.blob(near[-1], 0.020, 0.022, tones.skin)
    return neck


def man(pen: Pen, phase: float, tones: Tones) -> None:
    """A man in a coat, walking."""
    x, y = _walker(pen, phase, tones, stride=0.42, lean=0.012)
    _head(pen, x, y, tones)
    _hat(pen, x, y, tones)


def runner(pen: Pen, phase: float, tones: Tones) -> None:
    """The same, running."""
    x, y = _walker(pen, phase, tones, stride=0.80, lean=0.075, bulk=0.9)
    _head(pen, x + 0.02, y, tones)


def _head(pen: Pen, x: float, y: float, tones: Tones) -> None:
    pen.limb([(x, y - 0.03), (x + 0.008, y + 0.03)], (0.050, 0.045), tones.skin)
    pen.blob((x + 0.014, y + 0.078), 0.050, 0.063, tones.skin)
    pen.smooth([(x + 0.055, y + 0.09), (x + 0.076, y + 0.066), (x + 0.056, y + 0.052)], tones.skin)
    hair = mix(tones.hair, tones.dark, 0.5)
    pen.smooth([(x + 0.058, y + 0.125), (x + 0.02, y + 0.152), (x - 0.035, y + 0.130), (x - 0.050, y + 0.07), (x - 0.022, y + 0.045),
                (x - 0.010, y + 0.10)], hair)  # fmt: skip


def _hat(pen: Pen, x: float, y: float, tones: Tones) -> None:
    """What men wear in company: a brimmed hat, a beard, or a woollen cap."""
    if tones.cut == 1:
        felt = scaled(mix(tones.dark, tones.main, 0.35), 0.9)
        pen.smooth(
            [
                (x - 0.045, y + 0.115),
                (x - 0.035, y + 0.180),
                (x + 0.02, y + 0.190),
                (x + 0.060, y + 0.175),
                (x + 0.066, y + 0.115),
            ],
            felt,
        )
        pen.limb([(x - 0.090, y + 0.112), (x + 0.108, y + 0.116)], (0.020, 0.016), felt)
    elif tones.cut == 2:
        beard = mix(tones.hair, tones.dark, 0.4)
        pen.smooth(
            [
                (x - 0.012, y + 0.060),
                (x + 0.030, y + 0.048),
                (x + 0.066, y + 0.046),
                (x + 0.060, y - 0.005),
                (x + 0.020, y - 0.012),
            ],
            beard,
        )
    elif tones.cut == 3:
        pen.smooth([(x - 0.048, y + 0.085), (x - 0.040, y + 0.140), (x + 0.010, y + 0.166), (x + 0.058, y + 0.140), (x + 0.066, y + 0.100)],
                   mix(tones.main, tones.pale, 0.55))  # fmt: skip


def child(pen: Pen, phase: float, tones: Tones) -> None:
    """A child at play: it skips along with its arms in the air."""
    a = _TURN * phase
    hop = 0.07 * abs(math.sin(a))
    hip, shoulder = (0.0, 0.40 + hop), (0.010, 0.655 + hop)
    trousers = mix(darker(tones.dark, 0.9), tones.main, 0.15)
    for shift, shade in ((math.pi, 0.7), (0.0, 1.0)):
        if shift:
            far = _arm(shoulder, 2.05 + 0.35 * math.sin(a + 2), 0.35, 0.15, 0.13)
            pen.limb(far, (0.085, 0.070, 0.050), tones.shade(0.66))
            pen.blob(far[-1], 0.030, 0.030, scaled(tones.skin, 0.8))
        leg = _leg(hip, math.sin(a + shift), a + shift, 0.20, 0.20, 0.62)
        pen.limb(leg[:3], (0.125, 0.095, 0.066), scaled(trousers, shade))
        pen.limb(leg[2:], (0.068, 0.050), scaled(mix(tones.main, tones.pale, 0.6), 0.8 * shade))
    wide = 0.155 if tones.cut % 2 else 0.105
    pen.smooth([(-0.085, 0.66 + hop), (0.0, 0.685 + hop), (0.095, 0.66 + hop), (0.105, 0.52 + hop), (wide, 0.37 + hop),
                (0.0, 0.35 + hop), (-wide, 0.37 + hop), (-0.100, 0.52 + hop)], tones.main)  # fmt: skip
    pen.limb([(-0.098, 0.555 + hop), (0.100, 0.555 + hop)], (0.030, 0.030), mix(tones.main, tones.pale, 0.55))
    x, y = 0.020, 0.825 + hop
    hair = mix(tones.hair, tones.dark, 0.35)
    if tones.cut % 2:
        for dx in (-0.15, -0.10):
            pen.limb(
                [(x - 0.07, y + 0.04), (x + dx, y - 0.02), (x + dx - 0.04 * math.cos(2 * a), y - 0.13)],
                (0.06, 0.055, 0.018),
                hair,
            )
    pen.limb([(0.0, 0.66 + hop), (x, y)], (0.07, 0.07), tones.skin)
    pen.blob((x, y), 0.118, 0.132, tones.skin)
    pen.smooth([(x + 0.105, y + 0.015), (x + 0.138, y - 0.018), (x + 0.105, y - 0.035)], tones.skin)
    pen.smooth([(x + 0.108, y + 0.070), (x + 0.060, y + 0.135), (x - 0.030, y + 0.148), (x - 0.112, y + 0.085), (x - 0.122, y - 0.030), (x - 0.070, y - 0.055),
                (x - 0.045, y + 0.030), (x + 0.035, y + 0.055)], hair)  # fmt: skip
    pen.blob((x + 0.068, y + 0.000), 0.013, 0.019, (0.05, 0.04, 0.05))
    pen.smooth(
        [(x + 0.040, y - 0.058), (x + 0.072, y - 0.076), (x + 0.100, y - 0.060), (x + 0.070, y - 0.064)],
        (0.62, 0.20, 0.20),
    )
    near = _arm((shoulder[0] - 0.04, shoulder[1] - 0.01), -1.85 + 0.35 * math.sin(a), -0.45, 0.14, 0.13)
    pen.limb(near, (0.088, 0.072, 0.052), tones.shade(0.88))
    pen.blob(near[-1], 0.032, 0.032, tones.skin)


def dancer(pen: Pen, phase: float, tones: Tones) -> None:
    """A dancer on the tips of her toes: the skirt swings, the free leg and the arms rise and fall."""
    a = _TURN * phase
    rise, swing = 0.012 * math.sin(2 * a), math.sin(a)
    hip, top = (0.0, 0.525 + rise), 0.805 + rise
    free = 0.75 + 0.45 * swing
    knee = reach_to(hip, free, 0.25)
    foot = reach_to(knee, free - 0.55 + 0.45 * swing, 0.25)
    stocking = mix(tones.skin, tones.pale, 0.35)
    for side, shade in ((1.0, 0.80),):
        pen.limb(
            _raised((0.03 * side, top - 0.015), side, swing, 0.0),
            (0.042, 0.034, 0.026, 0.018),
            scaled(tones.skin, shade),
        )
    pen.limb([hip, knee, foot], (0.080, 0.056, 0.030), scaled(stocking, 0.86))
    pen.limb(
        [foot, (foot[0] + 0.055 * math.sin(free + 0.3), foot[1] - 0.055 * math.cos(free + 0.3))],
        (0.032, 0.012),
        tones.main,
    )
    pen.limb([hip, (-0.015, 0.27), (0.0, 0.045)], (0.082, 0.058, 0.032), stocking)
    pen.limb([(0.0, 0.05), (0.004, 0.0)], (0.034, 0.014), tones.main)
    _tutu(pen, a, hip[1], tones)
    pen.smooth([(-0.058, top - 0.01), (0.0, top - 0.025), (0.058, top - 0.01), (0.050, 0.66 + rise), (0.060, 0.555 + rise),
                (-0.060, 0.555 + rise), (-0.050, 0.66 + rise)], tones.main)  # fmt: skip
    pen.limb([(0.0, top - 0.02), (0.008, top + 0.075)], (0.042, 0.036), tones.skin)
    x, y = 0.014, top + 0.12
    hair = mix(tones.hair, tones.dark, 0.4)
    pen.blob((x - 0.050, y + 0.055), 0.030, 0.030, hair)
    pen.blob((x, y), 0.047, 0.059, tones.skin)
    pen.smooth([(x + 0.038, y + 0.008), (x + 0.056, y - 0.012), (x + 0.038, y - 0.024)], tones.skin)
    pen.smooth([(x + 0.044, y + 0.038), (x + 0.010, y + 0.066), (x - 0.040, y + 0.050), (x - 0.052, y - 0.010), (x - 0.022, y - 0.012),
                (x - 0.006, y + 0.030)], hair)  # fmt: skip
    pen.limb(_raised((-0.035, top - 0.02), -1.0, swing, 0.4), (0.044, 0.036, 0.027, 0.018), tones.skin)


def _raised(shoulder: Point, side: float, swing: float, late: float) -> list[Point]:
    """An arm in a wide arc, between the side and above the head."""
    angle = side * (2.25 + 0.50 * (swing + late) * 0.7)
    elbow = reach_to(shoulder, angle, 0.150)
    hand = reach_to(elbow, angle + side * 0.55, 0.125)
    return [shoulder, elbow, hand, reach_to(hand, angle + side * 0.8, 0.045)]


def _tutu(pen: Pen, a: float, y: float, tones: Tones) -> None:
    """Layers of tulle around the hips, swinging."""
    for layer, (wide, drop, shade) in enumerate(((0.29, 0.150, 0.66), (0.27, 0.115, 0.86), (0.23, 0.080, 1.06))):
        tilt = 0.035 * math.sin(a + layer * 0.5)
        hem = [
            (
                -wide + 2 * wide * k / 8,
                y - drop - tilt * (k - 4) / 4 - 0.018 * math.cos(math.pi * k + a * 2) + 0.03 * abs(k - 4) / 4,
            )
            for k in range(9)
        ]
        pen.smooth(
            [(0.058, y + 0.06), *hem[::-1], (-0.058, y + 0.06)], mix(tones.shade(shade), tones.pale, 0.16 * layer)
        )


def soldier(pen: Pen, phase: float, tones: Tones) -> None:
    """A soldier on the march, with helmet, pack and rifle."""
    a = _TURN * phase
    bob = 0.013 * math.cos(2 * a)
    pack = [(-0.075, 0.80 + bob), (-0.165, 0.785 + bob), (-0.172, 0.60 + bob), (-0.075, 0.57 + bob)]
    pen.limb([(-0.115, 0.50 + bob), (-0.055, 1.05 + bob)], (0.040, 0.014), mix((0.12, 0.09, 0.07), tones.dark, 0.4))
    cloth = Tones(
        tones.main, mix(tones.main, tones.dark, 0.62), tones.pale, tones.skin, tones.glow, tones.hair, tones.cut
    )
    pen.smooth(pack, tones.shade(0.66))
    x, y = _walker(pen, phase, cloth, stride=0.46, lean=0.010, bulk=1.08)
    pen.limb([(-0.082, 0.575 + bob), (0.080, 0.575 + bob)], (0.034, 0.034), tones.shade(0.48))
    pen.limb([(0.045, 0.825 + bob), (0.062, 0.60 + bob)], (0.020, 0.020), tones.shade(0.55))
    _head(pen, x, y, tones)
    steel = tones.shade(0.80)
    pen.smooth(
        [
            (x - 0.070, y + 0.075),
            (x - 0.060, y + 0.140),
            (x - 0.005, y + 0.178),
            (x + 0.055, y + 0.155),
            (x + 0.080, y + 0.095),
            (x + 0.0, y + 0.088),
        ],
        steel,
    )
    pen.limb([(x - 0.082, y + 0.078), (x + 0.096, y + 0.096)], (0.022, 0.014), scaled(steel, 0.8))


def astronaut(pen: Pen, phase: float, tones: Tones) -> None:
    """A space suit with its pack and a mirrored visor; the limbs float rather than walk."""
    a = _TURN * phase
    suit = tones.pale
    pen.smooth([(-0.19, 0.84), (-0.09, 0.87), (-0.07, 0.55), (-0.19, 0.53)], darker(suit, 0.62))
    for shift, shade in ((math.pi, 0.72), (0.0, 1.0)):
        angle = 0.30 * math.sin(a + shift) + 0.10
        hip = (-0.01 + 0.03 * math.cos(shift), 0.50)
        knee = reach_to(hip, angle, 0.22)
        foot = reach_to(knee, angle - 0.45 - 0.2 * math.sin(a + shift), 0.20)
        pen.limb([hip, knee, foot], (0.145, 0.115, 0.10), scaled(suit, shade))
        pen.blob((foot[0] + 0.025, foot[1] - 0.015), 0.075, 0.045, scaled(tones.dark, 1.2))
        if shift:
            pen.limb(_arm((0.06, 0.75), 0.9 + 0.25 * math.sin(a), 0.6), (0.11, 0.095, 0.08), scaled(suit, 0.74))
    pen.smooth(
        [(-0.11, 0.80), (0.0, 0.83), (0.11, 0.80), (0.125, 0.64), (0.10, 0.47), (-0.10, 0.47), (-0.125, 0.64)], suit
    )
    pen.shape([(0.0, 0.70), (0.09, 0.70), (0.09, 0.62), (0.0, 0.62)], darker(suit, 0.55))
    pen.blob((0.065, 0.68), 0.012, 0.012, (0.95, 0.25, 0.2))
    pen.blob((0.02, 0.905), 0.105, 0.108, suit)
    pen.blob((0.052, 0.905), 0.076, 0.074, (0.10, 0.09, 0.12))
    pen.blob((0.052, 0.905), 0.070, 0.068, mix((0.95, 0.66, 0.20), tones.glow, 0.3))
    pen.blob((0.066, 0.888), 0.052, 0.046, (0.30, 0.17, 0.12))
    pen.blob((0.030, 0.935), 0.016, 0.011, (1.0, 0.96, 0.86))
    pen.limb(_arm((-0.05, 0.75), -0.5 + 0.22 * math.sin(a + 1), 0.5), (0.115, 0.10, 0.082), scaled(suit, 0.93))


def robot(pen: Pen, phase: float, tones: Tones) -> None:
    """A walking machine with lamps for eyes."""
    a = _TURN * phase
    steel = tones.main
    for shift, shade in ((math.pi, 0.6), (0.0, 1.0)):
        leg = _leg((0.02 * math.cos(shift), 0.42), math.sin(a + shift), a + shift, 0.19, 0.19, 0.40)
        pen.limb(leg[:3], (0.060, 0.050, 0.075), scaled(steel, 0.72 * shade))
        pen.blob(leg[1], 0.042, 0.042, darker(steel, 0.5 * shade))
        pen.shape([(leg[2][0] - 0.05, leg[2][1] - 0.045), (leg[2][0] + 0.10, leg[2][1] - 0.045), (leg[2][0] + 0.06, leg[2][1] + 0.025),
                   (leg[2][0] - 0.04, leg[2][1] + 0.025)], scaled(steel, 0.55 * shade))  # fmt: skip
        if shift:
            pen.limb(_arm((0.04, 0.68), 0.5 * math.sin(a), 0.5), (0.06, 0.05, 0.06), scaled(steel, 0.5))
    pen.smooth(
        [(-0.15, 0.73), (0.0, 0.755), (0.15, 0.73), (0.155, 0.58), (0.09, 0.42), (-0.09, 0.42), (-0.155, 0.58)], steel
    )
    pen.shape([(-0.10, 0.60), (0.10, 0.60), (0.085, 0.57), (-0.085, 0.57)], darker(steel, 0.45))
    pen.blob((0.035, 0.655), 0.040, 0.040, darker(steel, 0.4))
    pen.blob((0.035, 0.655), 0.027, 0.027, tones.glow)
    pen.limb([(0.0, 0.74), (0.0, 0.80)], (0.06, 0.05), darker(steel, 0.5))
    pen.smooth(
        [(-0.115, 0.83), (-0.10, 0.955), (0.0, 0.985), (0.10, 0.955), (0.125, 0.83), (0.05, 0.785), (-0.06, 0.785)],
        scaled(steel, 1.08),
    )
    pen.smooth([(-0.045, 0.90), (0.105, 0.91), (0.11, 0.85), (-0.035, 0.845)], (0.04, 0.05, 0.07))
    for x in (0.0, 0.07):
        pen.blob((x, 0.878), 0.021, 0.021, tones.glow)
    pen.limb([(-0.06, 0.97), (-0.075, 1.05)], (0.012, 0.010), darker(steel, 0.6))
    pen.blob((-0.075, 1.06), 0.018, 0.018, tones.glow)
    pen.limb(_arm((-0.10, 0.68), -0.5 * math.sin(a), 0.45), (0.068, 0.056, 0.066), scaled(steel, 0.84))
