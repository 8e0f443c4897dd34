"""A page of the history at a time, filtered and sorted by the database; never by counting rows off (OFFSET).

A page starts where the last one ended: its last row's key is looked up in an index, so the thousandth page costs what
the first one does. A row without a value in the chosen column comes after all others, whichever way they are sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .schema import generations as _g

MOST_COUNTED = 1000
"""Matches are counted up to here: "1,000+" says enough, and counting a million does not."""

SORTS: Sequence[str] = ("id", "cost_micros", "latency_s", "rating", "duration")
"""The columns that a page may be sorted by; ids sort by time. All but the duration have an index for it."""

Key = tuple[Any, str]
"""Where a row stands: its value in the chosen column, and its id."""


@dataclass(frozen=True)
class Wanted:
    """Which rows; an empty filter lets all through.

    Attributes
    ----------
    text : str
        What prompt, note, tags or reason contain, without regard to (Latin) case.
    statuses, qualities : tuple of str
        Any of them.
    since_us, until_us : int or None
        Range of `created_at`, microseconds since 1970, the end left out.
    least_micros, most_micros : int or None
        Range of the cost, both ends in; a row with an unknown cost is in none.
    least_rating : int or None
        1-5.
    starred : bool
        Only starred ones.
    decision : str or None
        "keep" or "reject".
    clips : bool
        Only those that have a clip.
    """

    text: str = ""
    statuses: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    since_us: int | None = None
    until_us: int | None = None
    least_micros: int | None = None
    most_micros: int | None = None
    least_rating: int | None = None
    starred: bool = False
    decision: str | None = None
    clips: bool = False


@dataclass(frozen=True)
class Place:
    """Which page: the first one, the one after a row, or the one before it."""

    key: Key | None = None
    before: bool = False


FIRST = Place()


@dataclass(frozen=True)
class Page:
    """Some rows, and how to go on.

    Attributes
    ----------
    rows : list of sqlalchemy.Row
        In order.
    earlier, later : Place or None
        The page before this one and the one after it; None where there is none.
    """

    rows: list[sa.Row[Any]]
    earlier: Place | None
    later: Place | None


def page(
    connection: sa.Connection,
    wanted: Wanted,
    *,
    place: Place = FIRST,
    size: int = 24,
    sort: str = "id",
    descending: bool = True,
) -> Page:
    """One page; from the first one `later` leads to the end, and `earlier` back.

    Parameters
    ----------
    place : Place
        Where; another page's `earlier` or `later`, of the same filters and sorting.
    size : int
        At most so many rows, from 1.
    sort : str
        One of `SORTS`.
    descending : bool
        Largest, or newest, first.
    """
    if sort not in SORTS:
        msg = f"a page cannot be sorted by {sort!r}"
        raise ValueError(msg)
    query = sa.select(_g).where(*_conditions(wanted))
    rows: list[sa.Row[Any]] = []
    for section in _sections(sort, place, descending=descending):
        if len(rows) <= size:
            rows += connection.execute(section(query).limit(size + 1 - len(rows)))
    more, rows = len(rows) > size, rows[:size]
    if not place.before:
        if place.key is not None and not rows:  # what followed is gone
            return page(connection, wanted, size=size, sort=sort, descending=descending)
        earlier = None if place.key is None else Place(_key(rows[0], sort), before=True)
        return Page(rows, earlier, _next(rows, sort) if more else None)
    rows.reverse()
    if not more:  # the beginning: a page there is full, so that new rows are seen
        return page(connection, wanted, size=size, sort=sort, descending=descending)
    return Page(rows, Place(_key(rows[0], sort), before=True), _next(rows, sort))


def count(connection: sa.Connection, wanted: Wanted) -> int:
    """How many match, at most `MOST_COUNTED` + 1."""
    some: sa.Select[Any] = (
        sa.select(sa.literal_column("1")).select_from(_g).where(*_conditions(wanted)).limit(MOST_COUNTED + 1)
    )
    return int(connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0)


def _next(rows: Sequence[sa.Row[Any]], sort: str) -> Place:
    return Place(_key(rows[-1], sort))


def _key(row: sa.Row[Any], sort: str) -> Key:
    values = row._mapping
    return values[sort], str(values["id"])


def _sections(sort: str, place: Place, *, descending: bool) -> Iterator[Any]:
    """The parts of the order in the direction of reading: rows with a value in the column, then those without.

    Apart, each is one walk along an index; together, with missing values last, they would be a sort of everything.
    """
    column, key_column = _g.c[sort], _g.c.id
    down = descending != place.before
    if sort == "id":
        yield lambda query: _walk(query, [key_column], None if place.key is None else [place.key[1]], down=down)
        return
    value, key = place.key or (None, None)
    in_valued = value is not None
    valued = None if not in_valued else [value, key]
    missing = None if in_valued or key is None else [key]

    def with_value(query: sa.Select[Any]) -> sa.Select[Any]:
        return _walk(query.where(column.is_not(None)), [column, key_column], valued, down=down)

    def without(query: sa.Select[Any]) -> sa.Select[Any]:
        return _walk(query.where(column.is_(None)), [key_column], missing, down=down)

    if not place.before:
        if key is None or in_valued:
            yield with_value
        yield without
    else:
        if not in_valued:
            yield without
        yield with_value


def _walk(query: sa.Select[Any], columns: list[Any], key: list[Any] | None, *, down: bool) -> sa.Select[Any]:
    if key is not None:
        here, there = (sa.tuple_(*columns), sa.tuple_(*key)) if len(columns) > 1 else (columns[0], key[0])
        query = query.where(here < there if down else here > there)
    return query.order_by(*(column.desc() if down else column.asc() for column in columns))


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    text = wanted.text.encode("utf-8", "ignore").decode()  # half of a surrogate pair is in no row
    if text:
        # SQLite's LIKE ignores case by itself, of Latin letters without accents.
        yield sa.or_(*(column.contains(text, autoescape=True) for column in SEARCHED))
    if wanted.statuses:
        yield _g.c.status.in_(wanted.statuses)
    if wanted.qualities:
        yield _g.c.quality.in_(wanted.qualities)
    if wanted.clips:
        yield _g.c.video_path.is_not(None) & (_g.c.status == "completed")
    yield from _ranges(wanted)
    if wanted.starred:
        yield _g.c.starred == sa.literal_column("1")  # as the partial index has it
    if wanted.decision is not None:
        yield _g.c.decision == wanted.decision


def _ranges(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.since_us is not None:
        yield _g.c.created_at >= wanted.since_us
    if wanted.until_us is not None:
        yield _g.c.created_at < wanted.until_us
    if wanted.least_micros is not None:
        yield _g.c.cost_micros >= wanted.least_micros
    if wanted.most_micros is not None:
        yield _g.c.cost_micros <= wanted.most_micros
    if wanted.least_rating is not None:
        yield _g.c.rating >= wanted.least_rating


SEARCHED = (_g.c.prompt, _g.c.note, _g.c.tags, _g.c.reason)
"""Where a text is looked for."""
