"""What each kind of subject looks like: its drawing, its size, its pace, its colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import beasts, creatures, figures, objects, things, wild, wonders
from .pen import Box, Pen, Tones
from .planes import Triple

_POSES = 12  # drawings of a figure per second: what moves along and with the camera moves on every frame
_FEWEST = 8  # drawings in a cycle


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
        How many come when the prompt says "some"; at most twice as many when it names a number. 1 always comes alone.
    swings : bool
        The way back of a cycle looks like the way there, so half the drawings do.
    most : int
        Drawings in a cycle, at most; 2 with `swings` is one drawing, which only sways.
    """

    draw: Callable[[Pen, float, Tones], None]
    size: float
    box: Box
    period: float
    pace: float
    colour: Triple
    many: int = 1
    swings: bool = False
    most: int = 16

    @property
    def steps(self) -> int:
        """Drawings in a cycle, even."""
        return 2 * round(min(max(self.period * _POSES, _FEWEST), self.most) / 2)

    def count(self, asked: int | None) -> int:
        """How many come on for what the words ask for (see troupe.Part)."""
        if asked is None or self.many == 1:
            return 1
        return self.many if asked == 0 else min(asked, 2 * self.many)


_BODY: Box = (0.50, 0.42, 0.06, 1.12)
_BEAST: Box = (1.15, 1.34, 0.08, 1.75)
ROLES = {
    "woman": Role(figures.woman, 0.50, _BODY, 1.15, 0.035, (0.62, 0.20, 0.34), 5),
    "man": Role(figures.man, 0.50, _BODY, 1.10, 0.035, (0.20, 0.26, 0.36), 5),
    "child": Role(figures.child, 0.34, (0.48, 0.48, 0.06, 1.22), 0.95, 0.045, (0.90, 0.44, 0.16), 5),
    "dancer": Role(figures.dancer, 0.50, (0.55, 0.62, 0.06, 1.22), 1.90, 0.012, (0.90, 0.56, 0.68), 5),
    "soldier": Role(figures.soldier, 0.48, _BODY, 1.05, 0.030, (0.36, 0.38, 0.22), 7),
    "crowd": Role(figures.man, 0.46, _BODY, 1.10, 0.030, (0.20, 0.26, 0.36), 7),
    "runner": Role(figures.runner, 0.48, _BODY, 0.62, 0.11, (0.90, 0.40, 0.16), 5),
    "surfer": Role(wonders.surfer, 0.44, (0.90, 0.72, 0.12, 1.12), 1.2, 0.05, (0.10, 0.24, 0.44), 3),
    "skier": Role(wonders.skier, 0.46, (0.90, 0.66, 0.08, 1.12), 0.8, 0.10, (0.86, 0.26, 0.16), 4),
    "astronaut": Role(figures.astronaut, 0.50, _BODY, 5.0, 0.012, (0.86, 0.88, 0.92), 3),
    "robot": Role(figures.robot, 0.46, _BODY, 1.30, 0.03, (0.62, 0.68, 0.76), 5),
    "cat": Role(creatures.CAT, 0.20, _BEAST, 0.95, 0.05, (0.70, 0.44, 0.22), 4),
    "dog": Role(creatures.DOG, 0.23, _BEAST, 0.70, 0.08, (0.66, 0.48, 0.28), 4),
    "fox": Role(creatures.FOX, 0.23, (1.65, 1.25, 0.08, 1.60), 0.80, 0.06, (0.86, 0.38, 0.10), 3),
    "horse": Role(creatures.HORSE, 0.30, _BEAST, 0.62, 0.13, (0.40, 0.24, 0.13), 5),
    "deer": Role(creatures.DEER, 0.29, (0.95, 1.15, 0.08, 1.95), 1.4, 0.03, (0.55, 0.36, 0.20), 4),
    "elephant": Role(creatures.ELEPHANT, 0.40, _BEAST, 1.9, 0.025, (0.46, 0.45, 0.47), 4),
    "lion": Role(wild.lion, 0.29, _BEAST, 0.95, 0.045, (0.76, 0.54, 0.28), 4),
    "bear": Role(wild.bear, 0.27, _BEAST, 1.20, 0.040, (0.34, 0.22, 0.14), 3),
    "panda": Role(wild.panda, 0.40, (0.66, 0.80, 0.06, 1.14), 2.4, 0.0, (0.93, 0.92, 0.89), 3),
    "camel": Role(wild.camel, 0.34, _BEAST, 1.30, 0.045, (0.70, 0.50, 0.30), 4),
    "penguin": Role(wild.penguin, 0.34, (0.46, 0.40, 0.06, 1.06), 0.90, 0.020, (0.09, 0.10, 0.14), 7),
    "frog": Role(wild.frog, 0.19, (0.90, 0.76, 0.08, 1.08), 1.6, 0.0, (0.32, 0.58, 0.16), 4, swings=True),
    "rider": Role(wonders.rider, 0.30, (1.15, 1.34, 0.08, 1.95), 0.62, 0.12, (0.40, 0.24, 0.13), 4),
    "bird": Role(creatures.bird, 0.20, (0.66, 0.55, 0.25, 1.30), 0.85, 0.09, (0.36, 0.30, 0.28), 6),
    "dragon": Role(beasts.dragon, 0.36, (1.40, 1.90, 0.28, 1.60), 1.50, 0.035, (0.24, 0.46, 0.22), 3),
    "butterfly": Role(creatures.butterfly, 0.085, (0.62, 0.62, 0.1, 1.1), 0.5, 0.05, (0.95, 0.52, 0.12), 6),
    "fish": Role(creatures.fish, 0.105, (1.0, 0.85, 0.0, 1.1), 0.7, 0.07, (0.96, 0.50, 0.14), 9, swings=True),
    "shark": Role(wild.shark, 0.26, (1.60, 1.25, 0.0, 1.1), 1.3, 0.06, (0.42, 0.47, 0.53), 4),
    "whale": Role(creatures.whale, 0.34, (1.65, 1.25, 0.3, 1.4), 3.4, 0.04, (0.22, 0.36, 0.50), 3, swings=True),
    "jellyfish": Role(creatures.jellyfish, 0.30, (0.45, 0.45, 0.08, 1.12), 2.4, 0.012, (0.86, 0.52, 0.84), 5),
    "turtle": Role(creatures.turtle, 0.26, (0.75, 0.95, 0.20, 0.95), 2.2, 0.045, (0.30, 0.44, 0.24), 3, swings=True),
    "submarine": Role(objects.submarine, 0.25, (2.25, 3.75, 0.35, 1.25), 1.2, 0.030, (0.92, 0.68, 0.12), 2),
    "car": Role(things.car, 0.17, (1.62, 1.62, 0.06, 1.06), 0.30, 0.16, (0.78, 0.12, 0.12), 3),
    "bicycle": Role(objects.bicycle, 0.34, (1.05, 1.05, 0.04, 1.06), 4.0, 0.0, (0.12, 0.46, 0.50), 3, swings=True),
    "cyclist": Role(objects.cyclist, 0.48, (0.66, 0.66, 0.04, 1.10), 0.90, 0.085, (0.92, 0.62, 0.12), 3),
    "ship": Role(things.ship, 0.40, (0.60, 0.72, 0.08, 1.08), 3.6, 0.02, (0.48, 0.18, 0.12), 4, swings=True),
    "train": Role(things.train, 0.15, (4.2, 0.9, 0.02, 1.8), 0.6, 0.10, (0.50, 0.14, 0.14)),
    "plane": Role(things.plane, 0.17, (1.25, 1.05, 0.0, 1.05), 1.0, 0.10, (0.16, 0.36, 0.70), 3),
    "rocket": Role(things.rocket, 0.44, (0.32, 0.32, 0.66, 1.04), 0.5, 0.0, (0.82, 0.20, 0.16), 3),
    "ufo": Role(things.ufo, 0.22, (1.0, 1.0, 0.95, 1.05), 1.2, 0.03, (0.60, 0.64, 0.70), 3),
    "balloon": Role(things.balloon, 0.34, (0.42, 0.42, 0.03, 1.04), 1.5, 0.008, (0.88, 0.24, 0.18), 5),
    "lantern": Role(things.lantern, 0.11, (0.80, 0.80, 0.35, 1.35), 1.3, 0.006, (0.96, 0.44, 0.16), 12, swings=True),
    "lighthouse": Role(things.lighthouse, 0.52, (0.55, 0.60, 0.08, 1.10), 6.0, 0.0, (0.80, 0.18, 0.16), swings=True),
    "castle": Role(things.castle, 0.42, (0.75, 0.75, 0.02, 1.10), 2.0, 0.0, (0.58, 0.53, 0.48)),
    "house": Role(things.house, 0.22, (0.80, 0.90, 0.02, 1.55), 3.0, 0.0, (0.60, 0.44, 0.30), 4),
    "volcano": Role(wonders.volcano, 0.52, (1.30, 1.30, 0.10, 2.10), 2.0, 0.0, (0.30, 0.24, 0.24)),
    "waterfall": Role(wonders.waterfall, 0.56, (0.75, 0.75, 0.10, 1.08), 0.9, 0.0, (0.42, 0.40, 0.38), most=10),
    "umbrella": Role(wonders.umbrella, 0.36, (0.64, 0.64, 0.04, 1.04), 4.0, 0.0, (0.80, 0.14, 0.16), 4, swings=True),
    "windmill": Role(things.windmill, 0.46, (0.55, 0.55, 0.02, 1.12), 2.2, 0.0, (0.52, 0.28, 0.20), 3),
    "tree": Role(things.tree, 0.62, (0.60, 0.60, 0.02, 1.14), 4.0, 0.0, (0.26, 0.46, 0.16), 3, swings=True),
    "flower": Role(things.flower, 0.30, (0.36, 0.36, 0.02, 1.04), 3.2, 0.0, (0.86, 0.16, 0.24), 7, swings=True),
    "face of a woman": Role(wonders.portrait(long_hair=True), 0.94, (0.80, 0.80, 0.12, 1.06),
    4.0, 0.0, (0.62, 0.20, 0.34), 2, most=14),
    "face of a man": Role(wonders.portrait(long_hair=False), 0.94, (0.80, 0.80, 0.12, 1.06),
    4.0, 0.0, (0.20, 0.26, 0.36), 2, most=14),
    "bloom": Role(objects.bloom, 0.98, (0.62, 0.62, 0.06, 1.08), 3.2, 0.0, (0.88, 0.22, 0.36), swings=True, most=2),
    "campfire": Role(things.campfire, 0.22, (1.3, 1.3, 0.42, 1.12), 1.0, 0.0, (0.9, 0.4, 0.1)),
    "candle": Role(objects.candle, 0.58, (0.80, 0.80, 0.10, 1.55), 1.3, 0.0, (0.93, 0.84, 0.68), 3, most=12),
    "cup": Role(objects.cup, 0.42, (0.76, 0.76, 0.12, 1.50), 2.4, 0.0, (0.86, 0.83, 0.78), 2, most=24),
    "guitar": Role(objects.guitar, 0.66, (0.40, 0.46, 0.08, 1.18), 3.0, 0.0, (0.76, 0.42, 0.16), 2, most=12),
    "product": Role(things.product, 0.60, (0.42, 0.42, 0.06, 1.04), 5.0, 0.0, (0.12, 0.46, 0.52), 2, swings=True),
}  # fmt: skip
SKY = frozenset({"rainbow"})
"""Subjects that are light in the sky and stand nowhere."""

BY_NAME: dict[str, Triple] = {
    "sunflower": (0.98, 0.74, 0.08), "sunflowers": (0.98, 0.74, 0.08), "daisy": (0.95, 0.94, 0.90),
    "daisies": (0.95, 0.94, 0.90), "lavender": (0.56, 0.42, 0.80), "lotus": (0.94, 0.58, 0.72),
    "poppy": (0.88, 0.16, 0.10), "poppies": (0.88, 0.16, 0.10),
    "polar bear": (0.95, 0.95, 0.92), "black bear": (0.10, 0.09, 0.10), "panther": (0.09, 0.09, 0.11),
    "tiger": (0.90, 0.50, 0.14),
    "leopard": (0.86, 0.64, 0.30), "cheetah": (0.88, 0.68, 0.36), "wolf": (0.44, 0.45, 0.48),
    "husky": (0.55, 0.57, 0.62),
    "sheep": (0.92, 0.90, 0.85), "unicorn": (0.96, 0.95, 0.97), "zebra": (0.90, 0.90, 0.88), "crow": (0.08, 0.08, 0.10),
    "raven": (0.08, 0.08, 0.10), "swan": (0.96, 0.96, 0.96), "dove": (0.94, 0.94, 0.95), "seagull": (0.90, 0.91, 0.93),
    "flamingo": (0.97, 0.56, 0.62), "hummingbird": (0.10, 0.58, 0.42), "robin": (0.62, 0.32, 0.18),
    "parrot": (0.86, 0.16, 0.14),
    "peacock": (0.06, 0.34, 0.62), "kingfisher": (0.06, 0.46, 0.76), "nurse": (0.93, 0.95, 0.97),
    "chef": (0.95, 0.95, 0.94),
    "bride": (0.97, 0.96, 0.95), "ninja": (0.08, 0.08, 0.10), "doctor": (0.93, 0.95, 0.97),
    "firefighter": (0.82, 0.60, 0.16),
}  # fmt: skip
"""Flowers, animals and trades whose name says their colour."""
CLOTHES: tuple[Triple, ...] = (
    (0.72, 0.20, 0.18), (0.16, 0.42, 0.44), (0.90, 0.68, 0.24), (0.34, 0.26, 0.48), (0.84, 0.82, 0.76),
    (0.22, 0.32, 0.56), (0.48, 0.54, 0.26), (0.80, 0.46, 0.36), (0.30, 0.30, 0.33), (0.58, 0.22, 0.34),
)  # fmt: skip
TROUSERS: tuple[Triple, ...] = (
    (0.10, 0.10, 0.13),
    (0.14, 0.18, 0.32),
    (0.28, 0.20, 0.13),
    (0.30, 0.30, 0.28),
    (0.34, 0.28, 0.20),
)
SKINS: tuple[Triple, ...] = (
    (0.84, 0.62, 0.50), (0.52, 0.34, 0.23), (0.92, 0.74, 0.62), (0.38, 0.24, 0.16), (0.74, 0.53, 0.38),
)  # fmt: skip
HAIR: tuple[Triple, ...] = (
    (0.14, 0.09, 0.06), (0.06, 0.05, 0.06), (0.66, 0.46, 0.20), (0.44, 0.22, 0.10), (0.62, 0.60, 0.58),
)  # fmt: skip
COATS: dict[str, tuple[Triple, ...]] = {
    "cat": ((0.70, 0.44, 0.22), (0.30, 0.29, 0.31), (0.88, 0.84, 0.77), (0.46, 0.37, 0.30), (0.15, 0.14, 0.15)),
    "dog": ((0.66, 0.48, 0.28), (0.26, 0.18, 0.13), (0.88, 0.80, 0.66), (0.42, 0.40, 0.40)),
    "horse": ((0.40, 0.24, 0.13), (0.17, 0.12, 0.10), (0.78, 0.73, 0.67), (0.58, 0.35, 0.18)),
    "butterfly": ((0.95, 0.52, 0.12), (0.22, 0.46, 0.86), (0.95, 0.84, 0.28), (0.72, 0.28, 0.62), (0.92, 0.92, 0.88)),
    "fish": ((0.96, 0.50, 0.14), (0.18, 0.46, 0.84), (0.97, 0.82, 0.22), (0.84, 0.24, 0.38), (0.28, 0.72, 0.64)),
    "balloon": ((0.88, 0.24, 0.18), (0.16, 0.44, 0.78), (0.95, 0.70, 0.16), (0.22, 0.60, 0.42), (0.56, 0.26, 0.62)),
    "flower": ((0.86, 0.16, 0.24), (0.95, 0.60, 0.20), (0.90, 0.42, 0.62), (0.62, 0.34, 0.76), (0.96, 0.86, 0.40)),
    "car": ((0.78, 0.12, 0.12), (0.16, 0.32, 0.62), (0.84, 0.84, 0.84), (0.93, 0.70, 0.14), (0.14, 0.15, 0.17)),
    "house": ((0.60, 0.44, 0.30), (0.72, 0.62, 0.48), (0.56, 0.26, 0.20), (0.44, 0.46, 0.50)),
}  # fmt: skip
"""Colours of the companions, by kind: neighbours differ as they do in life."""
