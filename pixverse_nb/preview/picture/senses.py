"""Words that mean something else in company: "leaves the house", "a frying pan", "jet black", "a woman's face"."""

from __future__ import annotations

import re

from .vocabulary import COLOURS, PARTS, PEOPLE, SUBJECTS

_KEPT = frozenset({("bird's", "eye"), ("moon's", "surface")})
"""Possessives that are words of the vocabulary."""
_OWN = frozenset(["his", "her", "their", "its", "my", "your", "our"])
_LEFT = _OWN | {
    "the",
    "a",
    "an",
    "for",
    "home",
    "behind",
    "him",
    "me",
    "us",
    "them",
    "this",
    "that",
    "school",
    "work",
    "town",
}
"""What somebody leaves; leaves of a tree are followed by nothing of the kind."""
_GREETED = (_OWN - {"its"}) | {"goodbye", "hello", "farewell", "hands", "hand", "back"}
_UPWARD = frozenset(
    ["over", "above", "up", "from", "into", "in", "to", "slowly", "high", "behind", "through", "out", "and"]
)
_KITCHEN = frozenset(
    ["frying", "fry", "sauce", "sizzling", "iron", "baking", "cooking", "cast-iron", "non-stick", "greased"]
)
_OF_BIRDS = frozenset(
    [
        "fly",
        "flies",
        "flying",
        "flew",
        "stands",
        "standing",
        "wading",
        "wades",
        "nesting",
        "landing",
        "lands",
        "feeding",
    ]
)
_PUSHED = _OWN | {"a", "an", "the"}
_CAMERAS = frozenset(["camera", "shot", "lens", "cam"])
_COMPOUND = re.compile(
    r"(?:fire|police|fisher|business|sports|sales|mail|post|crafts|swords|camera|cow|hunts|front|milk|gentle|swim)"
    r"(wom[ae]n|m[ae]n)"
)
_PHRASES = (
    ("sun rose", "sunrise"), ("sun rises", "sunrise"), ("sun is rising", "sunrise"), ("rising sun", "sunrise"),
    ("sun sets", "sunset"), ("sun is setting", "sunset"), ("sand storm", "sandstorm"), ("dust storm", "sandstorm"),
    ("dust storms", "sandstorm"), ("sand storms", "sandstorm"), ("sandstorms", "sandstorm"), ("jet black", "black"),
    ("jet-black", "black"), ("bird's-eye", "bird's eye"), ("hot spring", "steam lagoon"), ("hot springs",
    "steam lagoon"),
    ("lift off", "liftoff"), ("lifts off", "liftoff"), ("lifting off", "liftoff"), ("lift-off", "liftoff"),
    ("blast off", "liftoff"), ("blasts off", "liftoff"), ("blast-off", "liftoff"), ("taking off", "liftoff"),
    ("takes off", "liftoff"), ("construction crane", "derrick"), ("construction cranes", "derricks"),
    ("tower crane", "derrick"), ("crane bird", "heron"), ("crane birds", "herons"), ("paper crane", "heron"),
    ("paper cranes", "herons"), ("red-crowned crane", "heron"), ("red-crowned cranes", "herons"),
    ("counter clockwise", "counterclockwise"), ("anti clockwise", "counterclockwise"),
    ("railway tracks", "railway rails"), ("train tracks", "train rails"),
)  # fmt: skip
_ALONE = {tuple(old.split()): new.split() for old, new in _PHRASES}


def in_sense(words: list[str]) -> list[str]:
    """The same words; what would be misread stands as another word that says what is meant."""
    bare = [_bare(word, words[at + 1 : at + 2]) for at, word in enumerate(words)]
    out: list[str] = []
    at = 0
    while at < len(bare):
        for length in (3, 2, 1):
            new = _ALONE.get(tuple(bare[at : at + length]))
            if new is not None:
                out += new
                at += length
                break
        else:
            out.append(_meant(bare, at))
            at += 1
    return out


def _bare(word: str, after: list[str]) -> str:
    """The word without a possessive's ending, quotes, or the trade of a man or a woman."""
    if "'" in word:
        if after and (word, after[0]) in _KEPT:
            return word
        word = word.strip("'").removesuffix("'s") or word
    compound = _COMPOUND.fullmatch(word)
    return compound.group(1) if compound else word


def _meant(words: list[str], at: int) -> str:
    """What a word means between its neighbours: a verb that looks like a thing, a thing that looks like a move."""
    word = _crane(words, at)
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if word == "leaves" and (after in _LEFT or _somebody(before)) and before not in COLOURS:
        return "leaving"
    if word in {"waves", "wave"} and (_somebody(before) or (word == "waves" and after in _GREETED)):
        return "greeting"
    if word == "rose" and after in _UPWARD and (_somebody(before) or PARTS.get(before) == "sky" or _alive(before)):
        return "ascended"
    if word == "pan" and (
        before in _KITCHEN or (before in {"a", "the", "his", "her"} and words[max(at - 2, 0)] in {"in", "into", "with"})
    ):
        return "skillet"
    if word in {"push", "pushes", "pushing"} and after in _PUSHED and not _CAMERAS.intersection(words[at + 1 : at + 4]):
        return "shoving"
    return word


def _crane(words: list[str], at: int) -> str:
    """The word; a crane that does as birds do, or has a colour, as a heron, and not as a camera on an arm."""
    word = words[at]
    if word not in {"crane", "cranes"} or _CAMERAS.intersection(words[at + 1 : at + 2]):
        return word
    bird = _OF_BIRDS.intersection(words[at + 1 : at + 2]) or (at and words[at - 1] in COLOURS)
    return word.replace("crane", "heron") if bird else word


def _somebody(word: str) -> bool:
    return SUBJECTS.get(word, "") in PEOPLE or word in {"i", "we", "they", "you", "who"}


def _alive(word: str) -> bool:
    return word in {"it", "balloon", "rocket", "plane", "steam", "dust", "tide"} or SUBJECTS.get(word) in {
        "bird",
        "dragon",
        "whale",
    }
