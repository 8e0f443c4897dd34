"""From the words of a prompt to a scene: what is seen, in which light, how the camera moves, what is heard."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .heading import CALMING, Move, moves, stands_still
from .languages import EASTERN, in_english, is_eastern, plain
from .planes import Triple
from .search import STOPS, elements, found
from .senses import in_sense
from .shot import Shot, dice
from .subjects import Actor, actors_of
from .tints import ACCENT, ALL, alike, tints
from .vocabulary import (
    COLOURS,
    DIRECTIONS,
    FLYERS,
    HEIGHTS,
    LOUDNESS,
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

__all__ = ["Actor", "Move", "Scene", "found", "in_the_air", "read", "split_negations", "tokens"]

_RUN = 3  # words that a negation denies, at most
_ROADS = frozenset(["road", "highway", "freeway", "motorway", "crosswalk", "intersection"])
_LIFTOFF = frozenset(["launch", "launches", "launching", "launched", "liftoff", "launchpad"])
_WATERS = frozenset(["sea", "beach", "lake"])
_HARDLY_WATER = frozenset(["water", "reflection", "reflections", "tropical", "palm", "palms", "island"])
"""Words of watery places that do not ask to see open water."""
_SKIES = frozenset(["sky", "skies"])
_JUNGLES = frozenset(["jungle", "jungles", "rainforest", "rainforests"])
_UNCLOUDED = frozenset(["cloudless", "unclouded", "cloud-free"])
_TWO_TONED = "black and white"
_GREEN = frozenset({"green", "lush", "grassy", "verdant", "sunny"})
_TABLES = (TIMES, PLACES, SUBJECTS, WEATHERS, MOODS, MOVES, DIRECTIONS, SOUNDS)
_SCRIPT = re.compile("|".join(sorted(
    EASTERN.union(*(filter(is_eastern, table) for table in _TABLES)),
    key=lambda word: (-len(word), word),
)) + r"|[^\W\u2e80-\U000fffff]+")  # fmt: skip
"""The words of scripts without spaces, longest first, and whatever Latin stands between them."""
_ELISION = re.compile(r"\b(?:l|d|qu|dell|nell|sull|all)'(?=\w\w)")  # l'hiver, d'inverno
_CLAUSE_ENDS = frozenset([".", ",", ";", "but", "and"])
_NEXT_PHRASE = frozenset([
    "at", "in", "on", "under", "during", "by", "with", "near", "over", "while", "who", "which", "that", "where", "from",
    "to", "through", "across", "behind", "before", "after", "above", "below", "beside", "between", "around", "against",
    "along", "into", "inside", "as", "when", "until",
])  # fmt: skip
"""These begin something else: "a beach without people | at sunset"."""
_UNSPACED = re.compile(r"[\u2e80-\U000fffff]")
_ASCII_STOPS = {"。": ".", "、": ",", "，": ",", "；": ";"}
_SILENT = re.compile(r"\b(?:no|without|zero)(?: any)? (?:sounds?|audio)\b(?! effects?)|\bnot a sound\b")
_UNHEARD = re.compile(r"(?:^|[.,;] )(?:no )?(?:sounds?|audio)(?= [.,;]|$)")  # in a negative prompt
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
    "penguin": "snow",
    "skier": "snow",
    "surfer": "sea",
    "shark": "underwater",
    "frog": "lake",
    "panda": "forest",
    "camel": "desert",
    "lion": "desert",
    "volcano": "mountains",
    "waterfall": "forest",
}


_SAND: Triple = (0.80, 0.60, 0.36)  # the air of a sandstorm
_LIGHT_ENOUGH = {
    "city": ("dusk", "night", "sunset"),
    "forest": ("day", "golden", "dawn"),
    "studio": ("day", "golden", "dawn"),
}
"""Times of day, where the words name none, for places that have lights of their own or are dark without the sun."""


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
    tint, sky, water, ground : tuple of float or None
        Colours that the words give to everything, or to one part of the picture.
    cliff : bool
        Whether a cliff, rock, hill or mountain is named, on which something may stand by the water.
    moves : tuple of Move
        Camera moves in the order of the prompt; empty when it says nothing.
    speed : float
        Of the camera, 1 is normal (0.3-3).
    loudness : float
        Of the sound, 1 is normal (0.02-2.5).
    unheard : frozenset of str
        Elements of `sounds` that are not wanted.
    shunned : tuple of tuple of float
        Colours that are not wanted.
    refused : frozenset of str
        Weather that is not wanted.
    accent : tuple of float or None
        The second of a pair of colours for everything or the sky, on what the light falls on: "teal and orange".
    """

    time: str
    place: str
    actors: tuple[Actor, ...] = ()
    weather: frozenset[str] = frozenset()
    moods: frozenset[str] = frozenset()
    sounds: frozenset[str] = frozenset()
    tint: Triple | None = None
    sky: Triple | None = None
    water: Triple | None = None
    ground: Triple | None = None
    cliff: bool = False
    moves: tuple[Move, ...] = ()
    speed: float = 1.0
    loudness: float = 1.0
    unheard: frozenset[str] = frozenset()
    shunned: tuple[Triple, ...] = ()
    refused: frozenset[str] = frozenset()
    accent: Triple | None = None


def tokens(text: str) -> list[str]:
    """Lower-case words without accents, in English where known, and stops; unspaced scripts are taken apart."""
    known = _ELISION.sub("", plain(text).replace("\u2019", "'").replace("depth of field", " "))
    words: list[str] = []
    for word in re.findall(r"[\w'-]+|[.,;:!?。、，；]", known):
        words += (_SCRIPT.findall(word) or [word]) if _UNSPACED.search(word) else [_ASCII_STOPS.get(word, word)]
    return in_english(in_sense(words))


def split_negations(words: list[str]) -> tuple[list[str], list[str]]:
    """Words that are wanted, and words after "no" or "without" up to the next stop, preposition or the third word.

    Each run of unwanted words ends in a full stop, so that none reads on into the next.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    left = 0
    for at, word in enumerate(words):
        if word in NEGATIONS:
            left = _RUN
            unwanted.append(".")
        elif left and word == "," and _list_goes_on(words, at):
            left = _RUN
            continue
        elif word in _CLAUSE_ENDS or (word in _NEXT_PHRASE and 0 < left < _RUN):
            left = 0
        elif left:
            unwanted.append(word)
            left -= 1
            continue
        wanted.append(word)
    return wanted, unwanted


def _list_goes_on(words: list[str], comma: int) -> bool:
    """Whether a comma stands in a list of camera moves that are all denied: "no zooming, panning or tilting"."""
    return words[comma - 1] in MOVES and words[comma + 1 : comma + 3][-1:] == ["or"] and words[comma + 1] in MOVES


def read(shot: Shot) -> Scene:
    """The scene of a shot; never fails, whatever the text."""
    said, denied = tokens(shot.prompt), tokens(shot.negative_prompt)
    words, unwanted = split_negations(said)
    unwanted = [*unwanted, ".", *(word for word in denied if word not in NEGATIONS)]
    shunned = _shunned(unwanted)
    words = [word for word in words if COLOURS.get(word) not in shunned]
    actors = tuple(a for a in actors_of(words) if a.kind not in elements(SUBJECTS, unwanted))
    weather = elements(WEATHERS, words) - elements(WEATHERS, unwanted)
    place = _place(shot, words, unwanted, actors, weather)
    if place == "mars" and "storm" in weather:
        weather = weather - {"storm", "rain"} | {"sandstorm"}  # nothing falls there but dust
    moods = _moods(words) - elements(MOODS, unwanted)
    colours = tints(words, {at for at, _ in found(SUBJECTS, words)}, place)
    still = (Move("static"),) if stands_still(said, denied) else ()
    return Scene(
        time=_time(shot, words, unwanted, place, weather, moods),
        place=place,
        actors=actors,
        weather=frozenset(weather - {"sandstorm"} | {"dust", "fog", "wind"} if "sandstorm" in weather else weather),
        moods=frozenset(moods),
        sounds=frozenset(elements(SOUNDS, words) - elements(SOUNDS, unwanted)),
        tint=colours.get(ALL, _SAND if "sandstorm" in weather and place != "mars" else None),
        sky=colours.get("sky"),
        water=colours.get("water"),
        ground=colours.get("ground"),
        cliff=bool(HEIGHTS.intersection(words)),
        moves=still or moves(words, unwanted),
        speed=_speed(shot, words, unwanted),
        loudness=_loudness(said, denied, words, unwanted),
        unheard=frozenset(elements(SOUNDS, unwanted)),
        shunned=shunned,
        refused=_refused(words, unwanted, weather),
        accent=colours.get(ACCENT),
    )


def _moods(words: list[str]) -> set[str]:
    """The moods; a black and white cat makes no black and white picture."""
    hits = found(MOODS, words)
    return {MOODS[key] for at, key in hits if key != _TWO_TONED or not _of_a_thing(words, at + 3)}


def _of_a_thing(words: list[str], at: int) -> bool:
    """Whether a thing or an animal follows here, at most one word on."""
    here = words[at : at + 3]
    near = [start for start, key in found(SUBJECTS, here) if SUBJECTS[key] not in PEOPLE]
    return any(start <= 1 and STOPS.isdisjoint(here[:start]) for start in near)


def _refused(words: list[str], unwanted: list[str], weather: set[str]) -> frozenset[str]:
    """Weather that is denied, or that a clear sky leaves out."""
    refused = elements(WEATHERS, unwanted) | ({"clouds"} if "overcast" in unwanted else set())
    clear = any(words[at] == "clear" and _SKIES.intersection(words[at + 1 : at + 4]) for at in range(len(words)))
    if clear or _UNCLOUDED.intersection(words):
        refused.add("clouds")
    return frozenset(refused - weather)


def _shunned(unwanted: list[str]) -> tuple[Triple, ...]:
    """The colours that are not wanted, and those that are nearly the same: no red means no crimson."""
    bans = [COLOURS[key] for _, key in found(COLOURS, unwanted)]
    return tuple({colour: 0 for ban in bans for colour in COLOURS.values() if alike(colour, ban)})


def _place(shot: Shot, words: list[str], unwanted: list[str], actors: tuple[Actor, ...], weather: set[str]) -> str:
    without = elements(PLACES, unwanted)
    named = [(at, PLACES[key]) for at, key in found(PLACES, words) if PLACES[key] not in without]
    # A road may run anywhere: a desert road is desert.
    roads = {at for at, key in found(PLACES, words) if key.removesuffix("s") in _ROADS}
    named = [(at, name) for at, name in named if at not in roads] or named
    if any(words[at] in _JUNGLES for at, _ in named):  # palms grow in it, too
        named = [(at, name) for at, name in named if name != "beach" or words[at] not in _HARDLY_WATER]
    lakes = {at for at, name in named if name == "lake"}
    # A mountain lake is a lake.
    places = [name for at, name in named if not (name in {"mountains", "forest", "meadow"} and at + 1 in lakes)]
    places = _waters_below(words, named, places) or places
    for special in ("underwater", "space"):
        if special in places:
            return special
    if places:
        return _particular(places)
    homes = [_HOME[actor.kind] for actor in actors if actor.kind in _HOME]
    homes += ["space"] if any(actor.kind == "rocket" for actor in actors) and _LIFTOFF.isdisjoint(words) else []
    if any(home not in without for home in homes):
        return next(home for home in homes if home not in without)
    if "snowfall" in weather:
        return "snow"
    # Something golden may be anything; something at night is somewhere.
    if actors or weather or any(key != "golden" for _, key in found(TIMES, words)):
        choices = [p for p in ("meadow", "mountains", "lake", "meadow") if p not in without] or ["desert"]
        return choices[int(dice(shot, "place").integers(len(choices)))]
    return "dream"


def _particular(places: list[str]) -> str:
    """A particular place wins over the general one that came with it: "a city street", "waves on a beach"."""
    for general, particular in (
        ("city", "street"),
        ("sea", "beach"),
        ("desert", "beach"),
        ("meadow", "snow"),
        ("meadow", "forest"),
    ):
        if places[0] == general and particular in places:
            return particular
    return places[0]


def _waters_below(words: list[str], named: list[tuple[int, str]], places: list[str]) -> list[str]:
    """The waters that must be seen from a height that is named first: "a house on a cliff above the sea"."""
    if places[:1] not in (["mountains"], ["meadow"]) or not HEIGHTS.intersection(words):
        return []
    return [name for at, name in named if name in _WATERS and words[at] not in _HARDLY_WATER]


def _time(shot: Shot, words: list[str], unwanted: list[str], place: str, weather: set[str], moods: set[str]) -> str:
    without = elements(TIMES, unwanted)
    keys = [key for _, key in found(TIMES, words) if TIMES[key] not in without]
    # A golden thing is seen in golden light only when no other light is asked for.
    times = [TIMES[key] for key in keys if key != "golden"] or [TIMES[key] for key in keys]
    for strong in ("night", "sunset", "dusk", "dawn", "golden"):
        if strong in times:
            return strong
    if times:
        return times[0]
    if (
        weather & {"aurora", "fireflies", "stars", "fireworks"}
        or "dark" in moods
        or ("neon" in moods and place in {"city", "street"})
    ):
        return "night"
    if weather & {"rain", "storm", "fog", "snowfall"}:
        return "overcast"
    if _GREEN.intersection(words) and place in {"meadow", "forest", "mountains", "lake"}:
        return "day"  # only daylight shows that it is green
    options = _LIGHT_ENOUGH.get(place, ("day", "golden", "dawn", "sunset", "golden"))
    return options[int(dice(shot, "time").integers(len(options)))]


def _speed(shot: Shot, words: list[str], unwanted: list[str]) -> float:
    speed = 1.6 if shot.motion_mode == "fast" else 1.0
    said = found(SPEEDS, words)
    of_camera = [(at, key) for at, key in said if _speaks_of_camera(words, at)]
    for _, key in (of_camera or said)[:2]:
        speed *= SPEEDS[key]
    if CALMING.intersection(unwanted):
        speed = min(speed, 1.0) * 0.7
    return min(max(speed, 0.3), 3.0)


def _speaks_of_camera(words: list[str], at: int) -> bool:
    """Whether a move of the camera stands in the clause of the word at `at`."""
    start = next((i + 1 for i in range(at - 1, -1, -1) if words[i] in _CLAUSE_ENDS), 0)
    end = next((i for i in range(at, len(words)) if words[i] in _CLAUSE_ENDS), len(words))
    clause = words[start:end]
    return "camera" in clause or bool(found(MOVES, clause))


def _loudness(said: list[str], denied: list[str], words: list[str], unwanted: list[str]) -> float:
    """How loud the words want it: silence wins, then each word counts; a loudness that is not wanted turns it round."""
    if _SILENT.search(" ".join(said)) or _UNHEARD.search(" ".join(denied)):
        return 0.02
    levels = {LOUDNESS[key] for _, key in found(LOUDNESS, words)}
    if any(LOUDNESS[key] > 1 for _, key in found(LOUDNESS, unwanted)):
        levels.add(0.3)
    if levels and min(levels) < 0.1:
        return 0.02
    loud = 1.0
    for level in sorted(levels):
        loud *= level
    return min(max(loud, 0.02), 2.5)


def in_the_air(scene: Scene) -> bool:
    """Whether the first subject flies, so that the horizon should be low."""
    return bool(scene.actors) and scene.actors[0].kind in FLYERS
