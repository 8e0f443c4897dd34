"""Who and what the words name, in which colour; and who of them is one and the same."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from .planes import Triple
from .search import found
from .tints import owner, worn
from .vocabulary import COLOURS, GARMENTS, PEOPLE, SUBJECTS, TRADES

_MOST_SUBJECTS = 3
_SAILS = frozenset(["sails", "sail"])
_TRADES = frozenset(TRADES.split(", "))
_PRONOUNS = frozenset(["she", "he", "male", "female"])
_NEW = frozenset(["a", "an", "another", "one", "second"])


@dataclass(frozen=True)
class Actor:
    """A subject of the scene, the colour that the prompt gave it, and that of its sails, umbrella or rider."""

    kind: str
    colour: Triple | None = None
    trim: Triple | None = None


def actors_of(words: list[str]) -> list[Actor]:
    """Subjects in reading order with their colours: each kind once, or twice when it is named in two colours."""
    colours = found(COLOURS, words)
    subjects = found(SUBJECTS, words)
    nouns = {at for at, _ in subjects}
    owners = {at: owner(words, at, nouns) for at, _ in colours}
    clothes = _clothes(words, subjects, colours)
    actors: dict[str, Actor] = {}
    for at, key in subjects:
        kind = SUBJECTS[key]
        if kind == "tree" and (words[at - 1 : at] == ["palm"] or (key == "tree" and words[at] == "trees")):
            continue  # palms belong to the beach, and trees in the plural are the place itself
        near = [COLOURS[c] for i, c in colours if owners[i] == at]
        if words[at] in _SAILS:
            ship = actors.setdefault(kind, Actor(kind))
            actors[kind] = replace(ship, trim=near[-1] if near else ship.trim)
            continue
        worn_by = near or clothes.get(at)
        one = Actor(kind, worn_by[-1] if worn_by else None)
        first = actors.setdefault(kind, one)
        if first.colour is None:
            actors[kind] = replace(first, colour=one.colour)
        elif one.colour not in {None, first.colour} and (near or _another(words, at)):
            actors.setdefault(f"another {kind}", one)
    _one_person(actors, subjects, words)
    if "woman" in actors and any(GARMENTS.intersection(words)) and "man" in actors and "man" not in words:
        del actors["man"]  # "a woman ... her figure"
    return list(actors.values())[:_MOST_SUBJECTS]


def _clothes(
    words: list[str], subjects: list[tuple[int, str]], colours: list[tuple[int, str]]
) -> dict[int, list[Triple]]:
    """The colours that each person wears, by the position of the mention.

    Somebody alone wears all that is said; of several, each wears what is said between it and the next one.
    """
    nouns = {at for at, _ in subjects}
    dresses = [
        (i, COLOURS[c]) for i, c in colours if GARMENTS.intersection(words[i + 1 : i + 3]) or worn(words, i, nouns)
    ]
    people = {at: SUBJECTS[key] for at, key in subjects if SUBJECTS[key] in PEOPLE}
    if len(set(people.values())) < 2 and sum(_another(words, at) for at in people) < 2:
        return {at: [colour for _, colour in dresses] for at in people}
    starts = [0, *list(people)[1:], len(words)]
    spans = zip(people, itertools.pairwise(starts), strict=True)
    return {at: [colour for i, colour in dresses if start <= i < end] for at, (start, end) in spans}


def _another(words: list[str], at: int) -> bool:
    """Whether the subject at `at` is mentioned for the first time: "a woman", and not "she" or "the woman"."""
    return words[at] not in _PRONOUNS and bool(_NEW.intersection(words[max(at - 3, 0) : at]))


def _one_person(actors: dict[str, Actor], subjects: list[tuple[int, str]], words: list[str]) -> None:
    """A female chef, or a chef and her pan, is one woman."""
    mentions = {kind: [at for at, key in subjects if SUBJECTS[key] == kind] for kind in ("woman", "man")}
    trades = [at for at in mentions["man"] if words[at] in _TRADES or words[at].removesuffix("s") in _TRADES]
    if "woman" not in actors or not trades or len(trades) < len(mentions["man"]):
        return
    spoken = all(words[at] == "she" for at in mentions["woman"])
    if spoken or all(set(mentions["woman"]) & {at - 1, at - 2} and words[at - 1] not in {"and", ","} for at in trades):
        woman, man = actors["woman"], actors.pop("man")
        actors["woman"] = replace(woman, colour=woman.colour or man.colour)
