"""What a colour word colours: a subject, its dress, the sky, the water, the ground, or the whole picture."""

from __future__ import annotations

import colorsys
from collections.abc import Collection

from .planes import Triple
from .search import STOPS, found
from .vocabulary import COLOURS, COPULAS, GARMENTS, LIGHTS, PARTS, PLACES, TRIFLES

ALL = "all"
ACCENT = "accent"
"""The second colour of a pair that everything or the sky has: "teal and orange"."""
_NEAR = 3  # words between a colour and what it colours, at most
_DRAWN = {
    "sky": frozenset({"sea", "beach", "lake", "street", "city", "forest", "desert", "snow", "mountains", "meadow"}),
    "water": frozenset({"sea", "beach", "lake"}),
    "ground": frozenset({"beach", "forest", "desert", "snow", "mountains", "meadow"}),
}
_OF_LIGHT = frozenset({"hour", "light", "lighting", "glow"})


def alike(one: Triple, other: Triple) -> bool:
    """Whether two colours go by the same name: of one hue, or grey, and about as bright."""
    (h1, s1, v1), (h2, s2, v2) = colorsys.rgb_to_hsv(*one), colorsys.rgb_to_hsv(*other)
    if min(s1, s2) < 0.35:
        return max(s1, s2) < 0.35 and abs(v1 - v2) < 0.12
    apart = abs(h1 - h2)
    return min(apart, 1 - apart) < 0.055 and abs(v1 - v2) < 0.48


def run(words: list[str], at: int) -> list[int]:
    """Positions of the words that the colour at `at` can belong to: the next few, over further colours, to a stop."""
    positions: list[int] = []
    for i in range(at + 1, len(words)):
        if words[i] in COLOURS or _joins(words, i):
            continue
        if words[i] in STOPS or len(positions) == _NEAR:
            break
        positions.append(i)
    return positions


def _joins(words: list[str], at: int) -> bool:
    """Whether a word stands in a list of colours: "red, blue and yellow balloons"."""
    if words[at + 1 : at + 2] and words[at + 1] in COLOURS:
        return words[at] in {"and", "or"} or (words[at] == "," and words[at + 2 : at + 3] in (["and"], ["or"], [","]))
    return False


def worn(words: list[str], at: int, subjects: Collection[int]) -> bool:
    """Whether somebody wears this colour: "a man in black"."""
    dressed = words[max(at - 1, 0) : at] in (["in"], ["wearing"], ["wears"]) and not run(words, at)
    return dressed and bool(set(range(max(at - 4, 0), at)).intersection(subjects))


def owner(words: list[str], at: int, subjects: Collection[int]) -> int | None:
    """The position of the subject that a colour belongs to; a garment or a trifle on the way keeps it for itself."""
    for i in run(words, at):
        if words[i] in GARMENTS or words[i] in TRIFLES:
            return None
        if i in subjects:
            return i
    return None


def tints(words: list[str], subjects: Collection[int], place: str) -> dict[str, Triple]:
    """Colours by what they colour ("sky", "water", "ground", "all"), the first of each; nothing for subjects' own.

    The second of a pair is the "accent".

    Parameters
    ----------
    subjects : positions
        Where the words name subjects.
    place : str
        The scene's place: a colour of something that it lacks colours everything, if nothing else is coloured.
    """
    out: dict[str, Triple] = {}
    homeless: list[Triple] = []
    for at, key in found(COLOURS, words):
        part = _part(words, at, subjects, place)
        if part is None or (key == "golden" and _OF_LIGHT.intersection(words[at + 1 : at + 2])):
            continue  # the golden hour is a time of day
        if part == ALL or place in _DRAWN[part]:
            if part in {ALL, "sky"} and part in out and _paired(words, at):
                out.setdefault(ACCENT, COLOURS[key])
            out.setdefault(part, COLOURS[key])
        else:
            homeless.append(COLOURS[key])
    if homeless and not out:
        out[ALL] = homeless[0]
    return out


def _paired(words: list[str], at: int) -> bool:
    """Whether the colour at `at` is the second of two, of which neither is a grey."""
    pair = words[max(at - 2, 0) : at + 1 : 2]
    named = [COLOURS[word] for word in pair if word in COLOURS]
    return words[at - 1] == "and" and len(named) == 2 and all(max(c) - min(c) > 0.3 * max(c) for c in named)


def _part(words: list[str], at: int, subjects: Collection[int], place: str) -> str | None:
    ahead = run(words, at)
    taken = GARMENTS | TRIFLES
    if owner(words, at, subjects) is not None or worn(words, at, subjects) or any(words[i] in taken for i in ahead):
        return None
    # The last noun of a run is its head: a red lake sky is a sky.
    heads = [PARTS[words[i]] for i in ahead if words[i] in PARTS]
    if heads:
        return heads[-1]
    if any(words[i] in PLACES or words[i] in LIGHTS for i in ahead):
        return ALL
    said = _said_before(words, at, subjects)
    if said is not None:
        return said or None
    return ALL if not ahead or place == "dream" else None  # a green ball is green, and nothing else is


def _said_before(words: list[str], at: int, subjects: Collection[int]) -> str | None:
    """The part in "the sky is red"; "" when a subject or trifle is, and None when nothing of the kind is said."""
    start = max(at - 4, 0)
    links = [i for i in range(start, at) if words[i] in COPULAS]
    if not links or {".", ",", ";"}.intersection(words[links[-1] : at]):
        return None
    for i in range(links[-1] - 1, max(links[-1] - 3, -1), -1):
        if words[i] in PARTS:
            return PARTS[words[i]]
        if i in subjects or words[i] in TRIFLES | GARMENTS:
            return ""
    return None
