"""The history of a home, read: rows, pages, sums; and what people say of a clip, or was found in it, written down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pixverse_nb.errors import HomeError
from pixverse_nb.home import reason

from . import annotations as remarks
from . import pages, schema, statements
from .database import Database
from .ledger import Spent, spent
from .words import UNFINISHED, Row, now_us

_g = schema.generations
_u = schema.uploads


class Reading:
    """What can be looked up in a history, and noted on its rows."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._db = Database(home)

    @property
    def read_only(self) -> HomeError | None:
        """Why nothing can be written; None when all is well."""
        return self._db.read_only

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    # ---- rows ----------------------------------------------------------------------------------------------------

    def row(self, id: str) -> Row | None:
        """One row by its id."""
        with self._db.read() as connection:
            return self._row(connection, id)

    def unfinished(self, service: str) -> list[Row]:
        """Jobs of a service that have not ended, oldest first."""
        where = (_g.c.service == service) & _g.c.status.in_(UNFINISHED)
        return self._rows(sa.select(_g).where(where).order_by(_g.c.id))

    def recent_seconds(self, service: str, quality: str, duration: int, limit: int = 20) -> list[float]:
        """What the newest finished jobs of this kind took, in seconds: same quality, about the same duration."""
        kind = {"service": service, "quality": quality, "duration": duration, "most": limit}
        with self._db.read() as connection:
            return [float(seconds) for seconds in connection.scalars(statements.RECENT, kind)]

    def select(
        self,
        equal: Mapping[str, Any],
        *,
        since_us: int | None = None,
        until_us: int | None = None,
        search: str | None = None,
        limit: int | None = None,
    ) -> list[sa.Row[Any]]:
        """Rows, newest first; every condition is part of the SQL.

        Parameters
        ----------
        equal : mapping
            Column to a value, a list of values (any of them), or None (missing); an empty list finds nothing.
        since_us, until_us : int, optional
            Range of `created_at`, the end left out.
        search : str, optional
            Text that the prompt, the note, the tags or the reason contain, without regard to case.
        limit : int, optional
            At most so many.
        """
        query = _matching(sa.select(_g), equal, since_us, until_us, search).limit(limit)
        with self._db.read() as connection:
            return list(connection.execute(query))

    def stream(
        self,
        names: Sequence[str],
        equal: Mapping[str, Any],
        *,
        since_us: int | None = None,
        until_us: int | None = None,
        search: str | None = None,
        limit: int | None = None,
        size: int = 10_000,
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """The same, but only these columns, and so many rows at a time as the driver gives them: flags as 0 and 1."""
        query = _matching(sa.select(*(_g.c[name] for name in names)), equal, since_us, until_us, search).limit(limit)
        with self._db.read() as connection:
            cursor = connection.execute(query).cursor  # SQLite's own gives rows as they are asked for
            while cursor is not None and (rows := cursor.fetchmany(size)):
                yield rows

    def page(self, wanted: pages.Wanted, **how: Any) -> pages.Page:
        """Some rows, filtered and sorted by the database; see `pages.page`."""
        with self._db.read() as connection:
            return pages.page(connection, wanted, **how)

    def count(self, wanted: pages.Wanted) -> int:
        """How many rows match, at most `pages.MOST_COUNTED` + 1."""
        with self._db.read() as connection:
            return pages.count(connection, wanted)

    # ---- remarks -------------------------------------------------------------------------------------------------

    def annotate(self, id: str, changes: Mapping[str, Any]) -> Row:
        """Write what people say of a row, in one transaction; what they have said of it now.

        Raises
        ------
        NotFound
            When there is no such row.
        InvalidParameter
            For a reason where nothing was rejected.
        HomeError
            When the history cannot be written.
        """
        with unwritten("then try again"), self._db.write() as connection:
            return remarks.write(connection, id, changes)

    def annotate_all(self, ids: Sequence[str], change: Callable[[Row], Mapping[str, Any]]) -> None:
        """Write on all of these rows in one transaction or, where one refuses, on none.

        Parameters
        ----------
        ids : list of str
            The rows.
        change : callable
            Given what is said of a row, what to change.

        Raises
        ------
        NotFound, InvalidParameter, HomeError
            As `annotate`.
        """
        with unwritten("then try again"), self._db.write() as connection:
            for key in ids:
                remarks.write(connection, key, change(remarks.write(connection, key, {})))

    def inspected(self, row: Row, found: Mapping[str, Any]) -> None:
        """Write down what was found in a clip: on its row, and on copies that were made of it before.

        Raises
        ------
        HomeError
            When the history cannot be written.
        """
        same = (_g.c.service == row["service"]) & (_g.c.identity == row["identity"])
        clip = (_g.c.video_sha256 == row["video_sha256"]) & (_g.c.status == "completed")
        others = (_g.c.id == row["id"]) | _g.c.inspected_at.is_(None)
        with unwritten("then try again"), self._db.write() as connection:
            connection.execute(_g.update().where(same & clip & others).values(**found))

    def not_inspected(self) -> list[str]:
        """Ids of the rows whose clips nobody has looked at, oldest first."""
        clip = (_g.c.status == "completed") & _g.c.video_path.is_not(None) & _g.c.inspected_at.is_(None)
        with self._db.read() as connection:
            return list(connection.scalars(sa.select(_g.c.id).where(clip).order_by(_g.c.id)))

    # ---- money and uploads ---------------------------------------------------------------------------------------

    def spent(self, service: str, studio: str) -> Spent:
        """What counts against budgets right now."""
        with self._db.read() as connection:
            return spent(connection, service, studio, now_us())

    def charges(
        self, service: str, quality: str, extra: str | None, *, audio: bool, image: bool
    ) -> list[tuple[int, int, int | None]]:
        """What the newest clips of a kind were charged: (duration in s, micro-dollars, when in microseconds)."""
        kind = {"service": service, "quality": quality, "audio": int(audio), "extra": extra, "image": image}
        with self._db.read() as connection:
            return [tuple(row) for row in connection.execute(statements.CHARGES, kind)]

    def upload(self, service: str, image_sha256: str) -> tuple[str, int] | None:
        """URL of a picture that was uploaded before, and when it was last seen alive (microseconds)."""
        with self._db.read() as connection:
            where = (_u.c.service == service) & (_u.c.image_sha256 == image_sha256)
            found = connection.execute(sa.select(_u.c.url, _u.c.checked_at).where(where)).one_or_none()
        return None if found is None else (str(found.url), int(found.checked_at))

    def keep_upload(self, service: str, image_sha256: str, url: str) -> None:
        """Remember where a picture was uploaded to, or that it was seen alive there."""
        key = {"service": service, "image_sha256": image_sha256}
        with self._db.write() as connection:
            kept = connection.scalar(sa.select(_u.c.url).filter_by(**key))
            if kept != url:
                connection.execute(_u.delete().filter_by(**key))
                connection.execute(_u.insert().values(**key, url=url, uploaded_at=now_us(), checked_at=now_us()))
            else:
                connection.execute(_u.update().filter_by(**key).values(checked_at=now_us()))

    # ---- plumbing ------------------------------------------------------------------------------------------------

    def _row(self, connection: sa.Connection, id: str) -> Row | None:
        found = connection.execute(statements.ROW, {"by_id": id}).mappings().one_or_none()
        return None if found is None else dict(found)

    def _rows(self, query: sa.Select[Any]) -> list[Row]:
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


@contextlib.contextmanager
def unwritten(then: str, *, billed: bool | None = None) -> Iterator[None]:
    """What cannot be written is a HomeError, with what to do after the disk is well again."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise not_written(error, then, billed=billed) from None


def not_written(error: Exception, then: str, *, billed: bool | None = None) -> HomeError:
    """The error for a disk or a database that takes nothing."""
    return HomeError(
        f"the history could not be written ({reason(error)})",
        remedy=f"Free or repair the disk of the home, {then}.",
        billed=billed,
    )


def _matching(
    query: sa.Select[Any], equal: Mapping[str, Any], since_us: int | None, until_us: int | None, search: str | None
) -> sa.Select[Any]:
    for name, value in equal.items():
        several = isinstance(value, Iterable) and not isinstance(value, str)
        query = query.where(sa.or_(*_any_of(_g.c[name], list(value) if several else [value])))
    if since_us is not None:
        query = query.where(_g.c.created_at >= since_us)
    if until_us is not None:
        query = query.where(_g.c.created_at < until_us)
    if search:
        query = query.where(sa.or_(*(column.icontains(search, autoescape=True) for column in pages.SEARCHED)))
    # Both say newest first; each has an index that finds and orders at once.
    bounded = since_us is not None or until_us is not None
    return query.order_by(*((_g.c.created_at.desc(),) if bounded else ()), _g.c.id.desc())


def _any_of(column: sa.Column[Any], values: list[Any]) -> list[sa.ColumnElement[bool]]:
    """Conditions of which one must hold: SQL's IN finds no missing values."""
    if values == [True]:
        return [column == sa.true()]  # written out: a partial index serves only what its own words say
    given = [value for value in values if value is not None]
    missing = [column.is_(None)] if len(given) < len(values) else []
    return [column.in_(given), *missing]
