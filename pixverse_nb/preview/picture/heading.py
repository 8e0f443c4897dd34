"""Camera moves from the words of a prompt: which, and where they go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .search import found
from .vocabulary import DIRECTIONS, MOVES, WAYS

CALMING = frozenset([
    "sudden", "fast", "shaky", "shake", "shaking", "jitter", "jerky", "jump", "movement", "movements", "motion", "zoom",
    "zooms", "quick", "rapid", "blur",
])  # fmt: skip
"""Words of a negative prompt that ask for a calmer camera."""

_MOTION = r"(?:movements?|motion|moves?)"
_STILL = re.compile(
    rf"\b(?:no|without|zero)(?: any)? (?:camera )?{_MOTION}\b(?! (?:blur|in\b|of (?!the camera)))"
    r"|\bcamera (?:does not|doesn't|do not|don't|is not|isn't|never|not) mov\w+"
    r"|\b(?:do not|don't|never) move the camera"
    r"|\b(?:without moving|not moving) (?:the )?camera"
    r"|\bcamera (?:is|stays|remains|holds|held|kept)(?: \w+ly)? (?:still|fixed|locked|static|motionless|stationary)\b"
)
_DENIED = re.compile(rf"\bcamera {_MOTION}(?! (?:blur|shake))")
_AXES = {
    "pan": "across", "track": "across", "orbit": "across", "tilt": "up", "crane": "up",
    "zoom": "along", "dolly": "along",
}  # fmt: skip
_OPPOSITE = {
    "left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in",
    "clockwise": "counterclockwise", "counterclockwise": "clockwise",
}  # fmt: skip
_ROUND = {
    ("orbit", "clockwise"): "left", ("orbit", "counterclockwise"): "right",
    ("pan", "clockwise"): "right", ("pan", "counterclockwise"): "left",
}  # fmt: skip
"""Seen from above, who goes clockwise round something goes left, and who turns clockwise turns right."""
_ENDS = frozenset([".", ",", ";", ":", "!", "?", "then"])
_WINDOW = 8  # words on either side of a move
_BESIDE = 5  # words in which a lone direction still belongs to the move before it
_ARTICLES = frozenset(["a", "an", "the"])


@dataclass(frozen=True)
class Move:
    """A camera move and where it goes: left, right, up, down, in, out, or "" for its usual way."""

    kind: str
    way: str = ""


def stands_still(prompt: list[str], negative: list[str]) -> bool:
    """Whether the camera is told not to move: "no camera movement", or "camera movement" in the negative prompt.

    Both lists are all words, before those that are not wanted were taken out.
    """
    return bool(_STILL.search(" ".join(prompt)) or _DENIED.search(" ".join(negative)))


def moves(words: list[str], unwanted: list[str]) -> tuple[Move, ...]:
    """Camera moves in reading order, each with the direction that is said of it.

    Each kind comes once, and after a "then" nothing that would undo what came first. Of two mentions the one that says
    where the move goes counts: "crane shot of a castle, crane down".
    """
    without = _unwanted(unwanted)
    out: list[Move] = []
    hits = found(MOVES, words)
    for number, (at, key) in enumerate(hits):
        if MOVES[key] in without:
            continue
        end = hits[number + 1][0] if number + 1 < len(hits) else len(words)
        start = hits[number - 1][0] + len(hits[number - 1][1].split()) if number else 0
        move = _turned(Move(MOVES[key], _way(words, start, at, end, key)))
        vague = next((n for n, one in enumerate(out) if _repeats(one, move, MOVES[key])), None)
        if vague is not None:
            out[vague] = move
            continue
        axes = {_AXES.get(one.kind) for one in out} if "then" in words[:at] else set()
        if all(one.kind != move.kind for one in out) and _AXES.get(move.kind, "") not in axes:
            out.append(move)
    return tuple(out)


def _repeats(one: Move, move: Move, kind: str) -> bool:
    """Whether a move says more clearly what one before it said: a tracking shot goes on while a crane rises."""
    return not one.way and bool(move.way) and (one.kind == move.kind or one.kind == kind != "track")


def _unwanted(unwanted: list[str]) -> set[str]:
    # "no fast zooms" calms; only a plain "zoom" takes zooming away.
    plain = [word for i, word in enumerate(unwanted) if i == 0 or unwanted[i - 1] not in CALMING]
    without = {MOVES[key] for _, key in found(MOVES, plain)}
    if {"shaky", "shake", "shaking"}.intersection(unwanted):
        without.add("handheld")
    return without


def _turned(move: Move) -> Move:
    """The move by its proper name: a pan that goes up is a tilt, a camera that moves up is a crane."""
    if (move.kind, move.way) in _ROUND:
        return Move(move.kind, _ROUND[move.kind, move.way])
    if move.way in {"up", "down"} and move.kind in {"pan", "track"}:
        return Move("tilt" if move.kind == "pan" else "crane", move.way)
    if move.way in {"in", "out"} and move.kind == "track":
        return Move("dolly", move.way)
    return move


def _way(words: list[str], start: int, at: int, end: int, key: str) -> str:
    """Where the move at `at` goes, from the words between `start` and `end` and within its own clause."""
    kind = MOVES[key]
    ways = WAYS.get(kind, ())
    if kind == "track" and not key.startswith("camera"):
        ways = ("left", "right")  # who is followed into a house is still followed
    own = len(key.split())  # "dolly left" says it itself
    ahead = _clause(words[at : min(end, at + own + _WINDOW)])
    behind = _clause(words[max(start, at - _WINDOW) : at][::-1])[::-1]
    named = [(i, way, origin) for i, way, origin in _named(ahead, ways) if not (kind == "track" and _in_a(ahead, i))]
    return _chosen(named, 0, own + _BESIDE) or _chosen(_named(behind, ways), len(behind) - 2, len(behind))


def _clause(words: list[str]) -> list[str]:
    """The words up to the first stop."""
    return words[: next((i for i, word in enumerate(words) if word in _ENDS), len(words))]


def _in_a(words: list[str], at: int) -> bool:
    """Whether a direction is only a preposition: "the camera moves in a circle"."""
    return words[at] == "in" and bool(_ARTICLES.intersection(words[at + 1 : at + 2]))


def _named(words: list[str], ways: tuple[str, ...]) -> list[tuple[int, str, bool]]:
    """Every (position, direction, whether it is where the move comes from) in the words."""
    out: list[tuple[int, str, bool]] = []
    for i, word in enumerate(words):
        way = DIRECTIONS.get(word)
        if way not in ways:
            continue
        before = [w for w in words[max(i - 2, 0) : i] if w not in _ARTICLES]
        after = [w for w in words[i + 1 : i + 5] if w not in _ARTICLES and w not in {"side", "edge", "hand"}]
        leads = after[:1] == ["to"] and bool(after[1:]) and DIRECTIONS.get(after[1]) in ways
        out.append((i, way, before[-1:] == ["from"] or leads))
    return out


def _chosen(named: list[tuple[int, str, bool]], first: int, last: int) -> str:
    """The direction that the move goes to: not the one after "from", and near enough unless a "from ... to" says it."""
    travels = any(origin for _, _, origin in named)
    goals = [way for i, way, origin in named if not origin and (travels or first <= i < last)]
    if goals:
        return goals[0]
    return next((_OPPOSITE[way] for _, way, origin in named if origin), "")
