"""From the words of a prompt to a scene: what is seen, in which light, how the camera moves, what is heard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from .planes import Triple
from .shot import Shot, dice
from .vocabulary import (
    COLOURS,
    DIRECTIONS,
    FLYERS,
    GARMENTS,
    MOODS,
    MOVES,
    NEGATIONS,
    PEOPLE,
    PLACES,
    SOUNDS,
    SPEEDS,
    SUBJECTS,
    TIMES,
    WEATHERS,
)

_LONGEST = 3  # words in a phrase
_MOST_SUBJECTS = 3
_GREEN = frozenset({"green", "lush", "grassy", "verdant", "sunny"})
_CALMING = frozenset(
    [
        "sudden",
        "fast",
        "shaky",
        "shake",
        "shaking",
        "jitter",
        "jerky",
        "jump",
        "movement",
        "movements",
        "motion",
        "zoom",
        "zooms",
        "quick",
        "rapid",
        "blur",
    ]
)
_HOME = {
    "ship": "sea",
    "whale": "sea",
    "fish": "underwater",
    "jellyfish": "underwater",
    "turtle": "underwater",
    "car": "street",
    "astronaut": "space",
    "ufo": "desert",
    "lighthouse": "sea",
    "horse": "meadow",
    "deer": "forest",
    "windmill": "meadow",
    "product": "studio",
    "train": "mountains",
    "castle": "mountains",
    "campfire": "forest",
    "elephant": "desert",
    "robot": "city",
    "lantern": "lake",
    "flower": "meadow",
    "butterfly": "meadow",
}


@dataclass(frozen=True)
class Actor:
    """A subject of the scene and the colour that the prompt gave it."""

    kind: str
    colour: Triple | None = None


@dataclass(frozen=True)
class Move:
    """A camera move and where it goes: left, right, up, down, in, out, or "" for its usual way."""

    kind: str
    way: str = ""


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn and heard.

    Attributes
    ----------
    time, place : str
        An element of the vocabulary; place may also be "studio" or "dream" (nothing was recognised).
    actors : tuple of Actor
        At most three.
    weather, moods, sounds : frozenset of str
        Elements of the vocabulary.
    tint : tuple of float or None
        A colour that belongs to nothing in particular and tints everything.
    moves : tuple of Move
        Camera moves in the order of the prompt; empty when it says nothing.
    speed : float
        Of the camera, 1 is normal (0.3-3).
    """

    time: str
    place: str
    actors: tuple[Actor, ...] = ()
    weather: frozenset[str] = frozenset()
    moods: frozenset[str] = frozenset()
    sounds: frozenset[str] = frozenset()
    tint: Triple | None = None
    moves: tuple[Move, ...] = ()
    speed: float = 1.0


def tokens(text: str) -> list[str]:
    """Lower-case words without accents; CJK text stays in one piece and is searched by part."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("depth of field", " "))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[\w'-]+|[.,;:!?]", plain)


def found(table: Mapping[str, object], words: list[str]) -> list[tuple[int, str]]:
    """Every (position, key) of a table in the words, longest phrases first wins, in reading order."""
    hits: list[tuple[int, str]] = []
    at = 0
    while at < len(words):
        step = 1
        for length in range(_LONGEST, 0, -1):
            phrase = " ".join(words[at : at + length])
            key = phrase if phrase in table else phrase.removesuffix("s")
            if key in table and len(words[at : at + length]) == length:
                hits.append((at, key))
                step = length
                break
        else:
            hits += [(at, key) for key in _cjk(table) if key in words[at]]
        at += step
    return hits


def _cjk(table: Mapping[str, object]) -> list[str]:
    return [key for key in table if ord(key[0]) > 0x2E80]


def split_negations(words: list[str]) -> tuple[list[str], list[str]]:
    """Words that are wanted, and words after "no" or "without" up to the next stop or the third word."""
    wanted: list[str] = []
    unwanted: list[str] = []
    left = 0
    for word in words:
        if word in NEGATIONS:
            left = 3
        elif word in {".", ",", ";", "but", "and"}:
            left = 0
        elif left:
            unwanted.append(word)
            left -= 1
            continue
        wanted.append(word)
    return wanted, unwanted


def read(shot: Shot) -> Scene:
    """The scene of a shot; never fails, whatever the text."""
    words, unwanted = split_negations(tokens(shot.prompt))
    unwanted = unwanted + [word for word in tokens(shot.negative_prompt) if word not in NEGATIONS]
    actors = tuple(a for a in _actors(words) if a.kind not in _elements(SUBJECTS, unwanted))
    weather = _elements(WEATHERS, words) - _elements(WEATHERS, unwanted)
    place = _place(shot, words, unwanted, actors, weather)
    moods = _elements(MOODS, words) - _elements(MOODS, unwanted)
    return Scene(
        time=_time(shot, words, unwanted, place, weather, moods),
        place=place,
        actors=actors,
        weather=frozenset(weather),
        moods=frozenset(moods),
        sounds=frozenset(_elements(SOUNDS, words) - _elements(SOUNDS, unwanted)),
        tint=_tint(words),
        moves=_moves(words, unwanted),
        speed=_speed(shot, words, unwanted),
    )


def _elements(table: Mapping[str, str], words: list[str]) -> set[str]:
    return {table[key] for _, key in found(table, words)}


def _actors(words: list[str]) -> list[Actor]:
    """Subjects in reading order, each kind once, with their colours."""
    colours = found(COLOURS, words)
    actors: dict[str, Actor] = {}
    for at, key in found(SUBJECTS, words):
        kind = SUBJECTS[key]
        if kind == "tree" and (words[at - 1 : at] == ["palm"] or (key == "tree" and words[at] == "trees")):
            continue  # palms belong to the beach, and trees in the plural are the place itself
        near = [COLOURS[c] for i, c in colours if 0 <= at - i <= 2]
        if not near and kind in PEOPLE:
            near = [COLOURS[c] for i, c in colours if GARMENTS.intersection(words[i + 1 : i + 3])]
        actors.setdefault(kind, Actor(kind, near[-1] if near else None))
    if "woman" in actors and any(GARMENTS.intersection(words)) and "man" in actors and "man" not in words:
        del actors["man"]  # "a woman ... her figure"
    return list(actors.values())[:_MOST_SUBJECTS]


def _tint(words: list[str]) -> Triple | None:
    """The first colour that belongs to no subject and no garment."""
    subjects = {at for at, key in found(SUBJECTS, words)}
    subjects |= {
        at for at, key in found(PLACES, words) if PLACES[key] != "space"
    }  # green hills do not make a green sky
    for at, key in found(COLOURS, words):
        if not GARMENTS.intersection(words[at + 1 : at + 3]) and not subjects.intersection(range(at, at + 3)):
            return COLOURS[key]
    return None


def _place(shot: Shot, words: list[str], unwanted: list[str], actors: tuple[Actor, ...], weather: set[str]) -> str:  # noqa: PLR0911 - the first rule that fits
    without = _elements(PLACES, unwanted)
    places = [PLACES[key] for _, key in found(PLACES, words) if PLACES[key] not in without]
    for special in ("underwater", "space"):
        if special in places:
            return special
    if places:
        # A particular place wins over the general one that came with it: "a city street", "waves on a beach".
        for particular, general in (("street", "city"), ("beach", "sea"), ("snow", "meadow"), ("forest", "meadow")):
            if places[0] == general and particular in places:
                return particular
        return places[0]
    for actor in actors:
        if actor.kind in _HOME and _HOME[actor.kind] not in without:
            return _HOME[actor.kind]
    if "snowfall" in weather:
        return "snow"
    if actors or weather or found(TIMES, words):
        choices = [p for p in ("meadow", "mountains", "lake", "meadow") if p not in without] or ["desert"]
        return choices[int(dice(shot, "place").integers(len(choices)))]
    return "dream"


def _time(shot: Shot, words: list[str], unwanted: list[str], place: str, weather: set[str], moods: set[str]) -> str:  # noqa: PLR0917 - everything that was read so far
    without = _elements(TIMES, unwanted)
    times = [TIMES[key] for _, key in found(TIMES, words) if TIMES[key] not in without]
    for strong in ("night", "sunset", "dusk", "dawn", "golden"):
        if strong in times:
            return strong
    if times:
        return times[0]
    if (
        weather & {"aurora", "fireflies", "stars"}
        or "dark" in moods
        or ("neon" in moods and place in {"city", "street"})
    ):
        return "night"
    if weather & {"rain", "storm", "fog", "snowfall"}:
        return "overcast"
    if _GREEN.intersection(words) and place in {"meadow", "forest", "mountains", "lake"}:
        return "day"  # only daylight shows that it is green
    options = ("day", "golden", "dawn", "sunset", "dusk") if place != "city" else ("dusk", "night", "sunset")
    return options[int(dice(shot, "time").integers(len(options)))]


def _moves(words: list[str], unwanted: list[str]) -> tuple[Move, ...]:
    """Camera moves, each with the direction word that stands beside it."""
    # "no fast zooms" calms; only a plain "zoom" takes zooming away.
    plain = [word for i, word in enumerate(unwanted) if i == 0 or unwanted[i - 1] not in _CALMING]
    without = {MOVES[key] for _, key in found(MOVES, plain)}
    if {"shaky", "shake", "shaking"}.intersection(unwanted):
        without.add("handheld")
    moves: list[Move] = []
    for at, key in found(MOVES, words):
        kind = MOVES[key]
        if kind in without or any(move.kind == kind for move in moves):
            continue
        way = _way(words, at, key)
        moves.append(Move(kind, way))
    return tuple(moves)


def _way(words: list[str], at: int, key: str) -> str:
    inside = [DIRECTIONS[word] for word in key.split() if word in DIRECTIONS]
    after = [DIRECTIONS[k] for i, k in found(DIRECTIONS, words[at + 1 : at + 5])]
    before = [DIRECTIONS[k] for i, k in found(DIRECTIONS, words[max(0, at - 2) : at])]
    return next(iter(inside + after + before), "")


def _speed(shot: Shot, words: list[str], unwanted: list[str]) -> float:
    speed = 1.6 if shot.motion_mode == "fast" else 1.0
    for _, key in found(SPEEDS, words)[:2]:
        speed *= SPEEDS[key]
    if _CALMING.intersection(unwanted):
        speed = min(speed, 1.0) * 0.7
    return min(max(speed, 0.3), 3.0)


def in_the_air(scene: Scene) -> bool:
    """Whether the first subject flies, so that the horizon should be low."""
    return bool(scene.actors) and scene.actors[0].kind in FLYERS
