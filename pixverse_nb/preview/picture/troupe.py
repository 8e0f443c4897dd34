"""Who comes on: how many of each subject the words ask for, and who rides, dances or leads them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .planes import Triple
from .search import found
from .shot import Shot
from .vocabulary import PEOPLE, SUBJECTS
from .words import Actor, Scene, tokens

_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "dozen": 12, "couple": 2, "pair": 2, "both": 2, "twin": 2, "duo": 2, "trio": 3, "few": 3,
    "several": 4, "some": 3,
}  # fmt: skip
MANY = 99
"""As many as there is room for."""
_GROUPS = frozenset([
    "many", "countless", "dozens", "hundreds", "thousands", "crowd", "crowds", "flock", "flocks", "herd", "herds",
    "pack", "swarm", "swarms", "school", "shoal", "army", "troop", "troops", "group", "groups", "team", "bunch",
    "band", "cluster", "clusters", "legion", "sea", "field", "fields", "row", "rows", "colony", "family", "lots",
    "plenty",
])  # fmt: skip
_COLONIES = frozenset(["colony", "herd", "flock", "pack", "swarm", "caravan", "crowd", "army"])
_GATHERED = frozenset(["crowd", "crowds", "flock", "army", "troops", "family", "couple", "parade"])  # subjects, too
_IRREGULAR = frozenset([
    "men", "women", "children", "kids", "people", "geese", "crowd", "crowds", "audience", "pedestrians", "villagers",
    "spectators", "passers-by", "parade", "family", "friends", "butterflies", "foxes", "fish", "fishes",
    "jellyfishes", "troops", "army", "flock", "infantry", "schoolchildren", "poppies", "lavender", "lanterns",
])  # fmt: skip
"""Plurals that do not end in s, or whose singular is not a word of the vocabulary."""
_BY_NAME = {
    "couple": 2,
    "lovers": 2,
    "friends": 3,
    "family": 4,
    "crowd": MANY,
    "stadium": MANY,
    "football match": MANY,
    "soccer match": MANY,
    "crowds": MANY,
    "audience": MANY,
    "parade": MANY,
}
_RIDING = frozenset(["riding", "rides", "ride", "cycling", "cycles", "pedaling", "pedalling", "pedals", "rider"])
_DANCING = frozenset(
    ["dancing", "dances", "dance", "waltzing", "waltz", "tango", "pirouette", "pirouettes", "twirling"]
)
_MOUNTED = frozenset(["rider", "jockey", "horseback", "riders"])
_SPORTS = ("surfer", "skier")
_SHADE: Triple = (0.78, 0.14, 0.16)  # of an umbrella without a colour
_FIRES = frozenset(["campfire", "bonfire", "fireplace", "fire"])
_CLOSE = ("close-up", "closeup", "close up", "macro", "extreme close", "portrait of", "headshot")
_LOOK_BACK = 4  # words between a number and what it counts: "three very small white cats"
_STOPS = frozenset([".", ",", ";", ":", "!", "?", "and", "with", "or", "on", "in", "at", "over", "under", "near", "by"])


_COUNTED_AS = {
    "dancer": frozenset({"woman", "man", "crowd"}),
    "rider": frozenset({"horse", "man", "woman"}),
    **dict.fromkeys(_SPORTS, frozenset({"man", "woman"})),
}


@dataclass(frozen=True)
class Part:
    """One subject of the prompt.

    Attributes
    ----------
    actor : Actor
        What it is and which colour it was given.
    asked : int or None
        How many the words ask for: a number, `MANY`, 0 for a plural without a number, None for a single one.
    close : bool
        Whether it is seen from near.
    """

    actor: Actor
    asked: int | None = None
    close: bool = False


def parts(shot: Shot, scene: Scene) -> list[Part]:
    """Every subject of a scene and how many of it there are, in reading order."""
    words = tokens(shot.prompt)
    named = list(_named(words))
    actors = _joined(scene.actors, words)
    text = " ".join(words)
    close = any(phrase in text for phrase in _CLOSE)
    cast = []
    for n, actor in enumerate(actors):
        kinds = {actor.kind} | _COUNTED_AS.get(actor.kind, frozenset())
        mentions = [count for kind, count in named if kind in kinds]
        alike = [i for i, other in enumerate(actors) if other.kind == actor.kind]
        if len(alike) > 1 and len(mentions) == len(alike):  # "two red cars and a blue car"
            mentions = [mentions[alike.index(n)]]
        asked = [count for count in mentions if count is not None]
        cast.append(Part(actor, max(asked) if asked else None, close=close and n == 0))
    led = {kind for kind, count in named if count is None}  # named for themselves, and not only as a crowd of others
    others = [part for part in cast if part.actor.kind not in _leaders(words) or part.actor.kind in led]
    return others or cast


def _named(words: list[str]) -> Iterator[tuple[str, int | None]]:
    """(kind, how many) for each mention of a subject."""
    for at, key in found(SUBJECTS, words):
        last = words[at + len(key.split()) - 1]
        plural = last in _IRREGULAR or last != key.split()[-1] or (last.endswith("s") and last[:-1] in SUBJECTS)
        if last in {"sails", "sail"}:
            continue  # the sails of one ship
        yield SUBJECTS[key], _BY_NAME.get(key, _counted(words, at, plural=plural))


def _counted(words: list[str], at: int, *, plural: bool) -> int | None:
    if not plural and words[at + 1 : at + 2] and words[at + 1] in _COLONIES:
        return MANY
    for word in reversed(words[max(at - _LOOK_BACK, 0) : at]):
        if word in _STOPS:
            break
        if word.isdecimal() and int(word) > 1:
            return min(int(word), MANY)
        if _NUMBERS.get(word, 1) > 1:
            return _NUMBERS[word]
        if word in _GROUPS and plural:
            return MANY
    return 0 if plural else None


def _leaders(words: list[str]) -> set[str]:
    """Kinds that are named only as a crowd of something else: "a flock of sheep" holds no bird."""
    mentions = found(SUBJECTS, words)
    leaders = set()
    for (at, key), (after, other) in itertools.pairwise(mentions):
        follows = words[at + 1 : at + 2] == ["of"] and after - at <= _LOOK_BACK
        if key in _GATHERED and follows and SUBJECTS[other] != SUBJECTS[key]:
            leaders.add(SUBJECTS[key])
    return leaders


def _joined(actors: tuple[Actor, ...], words: list[str]) -> list[Actor]:
    """Somebody and a bicycle are a cyclist if the words say so; a woman who dances is a dancer."""
    said = set(words)
    kinds = [actor.kind for actor in actors]
    if "candle" in kinds and not said & _FIRES:
        actors = tuple(actor for actor in actors if actor.kind != "campfire")  # it is the candle that burns
    for sport in _SPORTS:
        if sport in kinds and any(actor.kind in _PERSONS for actor in actors):  # a woman who surfs
            colour = next((actor.colour for actor in actors if actor.kind in _PERSONS and actor.colour), None)
            rest = tuple(actor for actor in actors if actor.kind not in _PERSONS | {sport})
            actors = (Actor(sport, colour), *rest)
    actors = _sheltered(_mounted(actors, words))
    kinds = [actor.kind for actor in actors]
    if "bicycle" in kinds and said & _RIDING:
        rider = next((actor for actor in actors if actor.kind in PEOPLE), None)
        colour = rider.colour if rider else next(actor.colour for actor in actors if actor.kind == "bicycle")
        others = [actor for actor in actors if actor.kind != "bicycle" and actor is not rider]
        return [Actor("cyclist", colour), *(actor for actor in others if actor.kind != "cyclist")]
    if said & _DANCING:
        joined: dict[str, Actor] = {}
        for actor in actors:
            one = replace(actor, kind="dancer") if actor.kind in {"woman", "crowd"} else actor
            joined.setdefault(one.kind, one)
        return list(joined.values())
    return list(actors)


_PERSONS = frozenset({"woman", "man", "child", "soldier", "crowd"})


def _mounted(actors: tuple[Actor, ...], words: list[str]) -> tuple[Actor, ...]:
    """Somebody and a horse are one if the words say who rides: "a knight on a white horse"."""
    horse = next((actor for actor in actors if actor.kind == "horse"), None)
    if horse is None:
        return actors
    on = any(
        words[at] in {"on", "upon"}
        for at, key in found(SUBJECTS, words)
        if SUBJECTS[key] == "horse"
        for at in range(max(at - 3, 0), at)
    )
    said = set(words)
    person = next((actor for actor in actors if actor.kind in _PERSONS), None)
    if not said & _MOUNTED and (person is None or not (on or said & _RIDING)):
        return actors
    both = Actor("rider", horse.colour, person.colour if person else None)
    return both, *(actor for actor in actors if actor not in {horse, person})


def _sheltered(actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
    """The first person holds the umbrella; where nobody is, it stands for itself."""
    shade = next((actor for actor in actors if actor.kind == "umbrella"), None)
    person = next((actor for actor in actors if actor.kind in {"woman", "man", "child", "crowd"}), None)
    if shade is None or person is None:
        return actors
    return tuple(
        replace(actor, trim=shade.colour or _SHADE) if actor is person else actor
        for actor in actors
        if actor is not shade
    )
