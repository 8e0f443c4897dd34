"""What people write on a row: star, rating, decision, reason, tags, note, marks; checked here, whoever writes it."""

from __future__ import annotations

import math
import numbers
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from pixverse_nb.errors import InvalidParameter, NotFound

from .schema import generations as _g

COLUMNS = ("starred", "rating", "decision", "reason", "tags", "note", "mark_in_s", "mark_out_s")
"""The columns that belong to people: a job's own steps leave them alone."""

DECISIONS = ("keep", "reject")
RATINGS = range(1, 6)
MOST_TAGS = 30
LONGEST = {"reason": 500, "tag": 40, "note": 5000}
"""Characters."""

_MARKS = ("mark_in_s", "mark_out_s")
_ROUNDING_S = 0.002  # a player's last frame may end that much after the length that was measured


class Unset:
    """Stands for what was not given: None means "cleared"."""

    def __repr__(self) -> str:
        return "unchanged"


UNSET: Final = Unset()


def checked(given: Mapping[str, object]) -> dict[str, Any]:
    """What was given, as columns; what is UNSET is left out.

    Parameters
    ----------
    given : mapping
        `starred` True or False; `rating` 1-5; `decision` "keep" or "reject"; `reason` up to 500 characters; `tags` a
        list or text with commas, up to 30 of up to 40 characters, kept in lower case and sorted; `note` up to 5000
        characters; `mark_in_s` and `mark_out_s` seconds from the clip's start, 0 or more. None clears.

    Raises
    ------
    InvalidParameter
        Naming the value, what is allowed, and what to do.
    """
    changes: dict[str, Any] = {
        name: _CHECKS[name](value) for name, value in given.items() if not isinstance(value, Unset)
    }
    decision = changes.get("decision", UNSET)
    if changes.get("reason") is not None and decision is not UNSET and decision != "reject":
        raise _only_with_a_reject(changes["reason"])
    if decision is not UNSET and decision != "reject":
        changes["reason"] = None
    return changes


def write(connection: sa.Connection, id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Write checked changes on a row, in the caller's transaction; what people have written on it now.

    Raises
    ------
    NotFound
        When there is no such row.
    InvalidParameter
        For a reason where nothing was rejected, and for marks that are no part of the clip.
    """
    found = connection.execute(_READ, {"by_id": id}).mappings().one_or_none()
    if found is None:
        raise NotFound(f"the history holds no {id!r}", remedy="See studio.history().index.")
    now = {**{name: found[name] for name in COLUMNS}, **changes}
    if any(name in changes for name in _MARKS):
        now.update(_part(now, found["video_duration_s"]))
    if now["reason"] is not None and now["decision"] != "reject":
        raise _only_with_a_reject(now["reason"])
    if changes:
        connection.execute(_WRITE, {"by_id": id, **now})
    return now


def within(row: Mapping[str, Any], duration_s: float) -> dict[str, Any]:
    """The marks of a row that is new, whose clip lasts so long.

    Raises
    ------
    InvalidParameter
        For marks that are no part of the clip.
    """
    return _part(row, duration_s)


_ID = _g.c.id == sa.bindparam("by_id", type_=sa.String)
_READ = sa.select(_g.c.video_duration_s, *(_g.c[name] for name in COLUMNS)).where(_ID)
_WRITE = _g.update().where(_ID).values({name: sa.bindparam(name) for name in COLUMNS})


def _starred(value: object) -> bool | None:
    # numpy's bool is not a bool; it is recognised by its name so that numpy need not be imported.
    if value is None or isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}:
        return None if value is None else bool(value)
    raise _refused("starred", value, "True or False")


def _rating(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) not in RATINGS:
        raise _refused("rating", value, "a whole number from 1 to 5")
    return int(value)


def _decision(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in DECISIONS:
        raise _refused("decision", value, "'keep' or 'reject'")
    return str(value)


def _reason(value: object) -> str | None:
    return _text("reason", value)


def _note(value: object) -> str | None:
    return _text("note", value)


def _text(name: str, value: object) -> str | None:
    """The text without blanks around it; None for an empty one."""
    if value is None:
        return None
    allowed = f"text of at most {LONGEST[name]:,} characters"
    if not isinstance(value, str) or not _is_writable(value):
        raise _refused(name, value, allowed)
    text = value.strip()
    if len(text) > LONGEST[name]:
        over = len(text) - LONGEST[name]
        raise _refused(name, text, allowed, f"Shorten it by {over:,} character{'s'[: over - 1]}.")
    return text or None


def _tags(value: object) -> str | None:
    if value is None:
        return None
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    items = list(value) if several and isinstance(value, Iterable) else str(value).split(",")
    if not (several or isinstance(value, str)):
        raise _refused("tags", value, "a list of texts, or text with commas between them")
    tags = sorted({tag for item in items if (tag := _tag(item))})
    if len(tags) > MOST_TAGS:
        over = len(tags) - MOST_TAGS
        raise _refused("tags", value, f"at most {MOST_TAGS} tags", f"Leave {over} of the {len(tags)} out.")
    return ", ".join(tags) or None


def _tag(value: object) -> str:
    """A tag as it is kept: one spelling, so that "Night " and "night" are the same."""
    if not isinstance(value, str) or not _is_writable(value):
        raise _refused("tags", value, "texts")
    if "," in value:
        raise _refused("tags", value, "tags without a comma", "Give them as two.")
    tag = " ".join(unicodedata.normalize("NFC", value).lower().split())
    if len(tag) > LONGEST["tag"]:
        raise _refused("tags", tag, f"tags of at most {LONGEST['tag']} characters", "Put long words into the note.")
    return tag


def _seconds(name: str, value: object) -> float | None:
    if value is None:
        return None
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not math.isfinite(seconds := float(str(value))) or seconds < 0:
        raise _refused(name, value, "seconds from the clip's start, 0 or more")
    return seconds


def _part(now: Mapping[str, Any], duration: float | None) -> dict[str, float | None]:
    """The marks of a row, which lie within its clip, in before out."""
    start, end = (now[name] for name in _MARKS)
    if duration is None and (start, end) != (None, None):
        raise InvalidParameter(
            "the row has no clip, so no part of one can be marked", remedy="Mark it when it is completed.", billed=False
        )
    if end is not None and duration is not None and duration < end <= duration + _ROUNDING_S:
        end = duration
    for name, value in zip(_MARKS, (start, end), strict=True):
        if value is not None and duration is not None and value > duration:
            raise _refused(name, value, f"seconds from 0 to the clip's length, {duration:g}")
    if start is not None and start >= (duration if end is None else end):
        told = f"before mark_out_s={end:g}" if end is not None else f"before the clip's end at {duration:g} s"
        raise _refused("mark_in_s", start, told, "Pass both, or None for the one that is to go.")
    if end == 0:
        raise _refused("mark_out_s", end, "after the clip's start")
    return dict(zip(_MARKS, (start, end), strict=True))


_CHECKS: Mapping[str, Callable[[object], Any]] = {
    "starred": _starred,
    "rating": _rating,
    "decision": _decision,
    "reason": _reason,
    "tags": _tags,
    "note": _note,
    "mark_in_s": lambda value: _seconds("mark_in_s", value),
    "mark_out_s": lambda value: _seconds("mark_out_s", value),
}


def _is_writable(text: str) -> bool:
    """Whether a text can be written down: half of a surrogate pair cannot."""
    return text.encode("utf-8", "ignore").decode("utf-8") == text


def _refused(name: str, value: object, allowed: str, remedy: str | None = None) -> InvalidParameter:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return InvalidParameter(
        f"{name}={shown} is not allowed; allowed: {allowed}", remedy=remedy or "None clears it.", billed=False
    )


def _only_with_a_reject(reason: str) -> InvalidParameter:
    shown = reason if len(reason) <= 40 else f"{reason[:39]}…"
    return InvalidParameter(
        f"reason={shown!r} is not allowed: the clip is not rejected; allowed: a reason with decision='reject'",
        remedy="Pass decision='reject' too, or write it into the note.",
        billed=False,
    )
