"""What colour each subject is: what the prompt says, what goes without saying, or what its kind wears."""

from __future__ import annotations

import numpy as np

from .palette import scaled, turned
from .planes import Triple
from .roles import BY_NAME, CLOTHES, COATS, ROLES
from .search import found
from .tints import alike
from .vocabulary import COLOURS, PEOPLE, SUBJECTS
from .words import Actor, tokens
from .world import World

_UNIFORM = frozenset({"soldier", "astronaut", "dancer"})  # people who all wear the same


def colour_of(world: World, actor: Actor, n: int, rng: np.random.Generator) -> Triple:
    """What the prompt says, or what its kind wears; companions differ."""
    kind = actor.kind
    plain = _wanted(world, ROLES[kind].colour)
    chance = float(rng.normal())
    said = actor.colour
    if kind == "fox" and said == COLOURS["red"]:
        said = None  # a red fox is orange
    if said is None and (n == 0 or kind not in PEOPLE):
        said = _by_name(world, "flower" if kind == "bloom" else kind)
    if said is not None:
        return said if n == 0 else scaled(turned(said, 0.008 * chance), 0.88 + 0.07 * (n % 4))
    if kind == "tree":
        seasons = world.scene.weather
        return (0.96, 0.62, 0.74) if "petals" in seasons else (0.86, 0.46, 0.14) if "leaves" in seasons else plain
    if n == 0:
        return plain
    shades = COATS.get(kind, CLOTHES if kind in PEOPLE - _UNIFORM else ())
    if shades:
        return _wanted(world, shades[(3 * n + int(rng.integers(0, 2))) % len(shades)])
    return scaled(turned(plain, 0.17 * n if kind == "dancer" else 0.015 * chance, 0.9), 0.86 + 0.08 * (n % 4))


def _by_name(world: World, kind: str) -> Triple | None:
    """The colour that goes without saying: a polar bear is white."""
    words = tokens(world.shot.prompt)
    return next(
        (
            BY_NAME[key]
            for _, key in found(BY_NAME, words)
            if SUBJECTS.get(key) == kind and not _shunned(world, BY_NAME[key])
        ),
        None,
    )


def _shunned(world: World, colour: Triple) -> bool:
    return any(alike(colour, ban) for ban in world.scene.shunned)


def _wanted(world: World, colour: Triple) -> Triple:
    """A colour that nobody asked for; another one if the negative prompt shuns it."""
    return next(
        (c for c in (colour, *(turned(colour, hue) for hue in (0.45, 0.3, 0.6))) if not _shunned(world, c)), colour
    )


def umbrella_of(world: World, actor: Actor, n: int) -> Triple:
    """The colour of an umbrella, or of a rider's clothes."""
    plain = actor.trim or CLOTHES[int(world.dice("clothes").integers(len(CLOTHES)))]
    if n <= 1 or "crowd" not in {one.kind for one in world.scene.actors}:
        return plain
    # In a crowd of umbrellas the second colour is everybody else's: one red among the black.
    words = tokens(world.shot.prompt)
    said = [COLOURS[word] for at, word in enumerate(words) if word in COLOURS and _of_umbrellas(words, at)]
    return said[-1] if said else plain


def _of_umbrellas(words: list[str], at: int) -> bool:
    return bool({"umbrella", "umbrellas"}.intersection(words[at + 1 : at + 2]))
