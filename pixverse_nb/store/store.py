"""The history of a home: the journal of its jobs, the ledger of its money, the table of its clips."""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pixverse_nb.errors import HomeError
from pixverse_nb.request import Request
from pixverse_nb.segmind.answers import normalise

from . import annotations as remarks
from . import leases, opening, pages, schema, statements
from .database import Database
from .ledger import Spent, spent
from .opening import Admit, Opened, Shelf
from .rescue import Rescue
from .words import CLIP_COLUMNS, DISOWNED, UNFINISHED, Row, now_us

log = logging.getLogger(__name__)

_g = schema.generations
_u = schema.uploads


class LeaseLost(Exception):
    """Another process has taken this job over; whoever gets this stops working on it."""


class Store:
    """One home's history; safe to use from many threads and several kernels.

    Parameters
    ----------
    home : Path
        The folder.
    changed : callable, optional
        Called with the ids of ended rows that a step of another row has changed, after the commit.

    Raises
    ------
    HomeError
        When the history can be neither written nor read.
    """

    def __init__(self, home: Path, changed: Callable[[Sequence[str]], None] | None = None) -> None:
        self.home = home
        self._changed = changed
        self._aside: set[str] = set()  # rows with a step that only an emergency file holds
        self._db = Database(home)
        self._rescue = Rescue(home)
        if self.read_only is None:
            self.take_in_rescued()

    @property
    def read_only(self) -> HomeError | None:
        """Why nothing can be written; None when all is well."""
        return self._db.read_only

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    # ---- a job's beginning -------------------------------------------------------------------------------------

    def open_all(
        self,
        wishes: Sequence[Mapping[str, Any]],
        *,
        reuse: bool,
        owner: str,
        lease_s: float,
        shelf: Shelf,
        admit: Admit | None,
    ) -> list[Opened]:
        """Decide about wishes for clips and write the decisions down, all of them or none, in one transaction.

        With `reuse`, a finished row of the same identity whose clip is on disk gives a copy at no cost, an unfinished
        one is joined, and a finished one whose file has vanished is fetched again. Otherwise a new row is written, its
        ceiling reserved. `admit` is asked about the money of all new rows; what it raises undoes everything. Without
        it nothing is summed: no cap, no question.

        Raises
        ------
        HomeError
            When the history cannot be written: then nothing may be sent.
        """
        with _nothing_sent(), self._db.write() as connection:
            return opening.open_all(
                connection, wishes, reuse=reuse, owner=owner, lease_s=lease_s, shelf=shelf, admit=admit
            )

    def standing(self, service: str, requests: Iterable[Request], shelf: Shelf) -> list[str]:
        """What requests would become now: see `opening.standing`."""
        with self._db.read() as connection:
            return [opening.standing(connection, service, r.identity, r.family, shelf) for r in requests]

    def refused_before(self, wishes: Sequence[Mapping[str, Any]], *, reuse: bool, shelf: Shelf) -> dict[str, Row]:
        """Of wishes that would be sent now, by their ids: the rows of the same requests that moderation refused."""
        with self._db.read() as connection:
            found = {wish["id"]: opening.refused_before(connection, wish, shelf if reuse else None) for wish in wishes}
        return {key: row for key, row in found.items() if row is not None}

    def withdraw(
        self, service: str, asked_by: str | None, words: Mapping[str, Any], of: Callable[[Row], bool] = lambda _: True
    ) -> None:
        """Close what was not sent yet as never sent, unless somebody else asked for it, too.

        Parameters
        ----------
        service, asked_by : str
            Whose wishes, as their rows say; None is nobody's.
        words : mapping
            The error's columns.
        of : callable
            Which of these rows.

        Raises
        ------
        HomeError
            When the history cannot be written.
        """
        unsent = (_g.c.service == service) & (_g.c.status == "submitting") & _g.c.sent_at.is_(None)
        closed = {"status": "failed", "completed_at": now_us(), "billed": False, "reserved_micros": 0, **words}
        closed |= {"lease_owner": None, "lease_until": None}
        with _nothing_sent(), self._db.write() as connection:
            mine = sa.select(_g).where(unsent & (_g.c.asked_by == (asked_by or "")))
            for row in connection.execute(mine).mappings().all():
                if of(dict(row)):
                    connection.execute(_g.update().where(_g.c.id == row["id"]).values(closed))

    # ---- a job's life ------------------------------------------------------------------------------------------

    def claim(self, id: str, owner: str, lease_s: float) -> Row | None:
        """Take a job over if nobody alive works on it; None when somebody does, or when it has ended."""
        with self._db.read() as connection:  # mostly the answer is no, and nobody should be locked out for it
            if not _is_free(self._row(connection, id), owner):
                return None
        with self._db.write() as connection:
            row = self._row(connection, id)
            if row is None or not _is_free(row, owner):
                return None
            # What a failing database could not take is in a file: it knows more than the row.
            rescued = self._rescue.read(id)
            worked = _worked(rescued) if rescued is not None and _is_news(rescued, row) else {}
            changes = {**worked, "lease_owner": owner, "lease_until": now_us() + int(lease_s * 1e6)}
            connection.execute(_g.update().where(_g.c.id == id).values(changes))
            others = _disown(connection, {**row, **changes}) if worked else []
            leases.hold(owner, id)
        self._rescue.drop(id)
        self._tell(others)
        return {**row, **changes}

    def journal(
        self, row: Row, owner: str, lease_s: float, *, strict: bool = False, force: bool = False, **changes: Any
    ) -> Row:
        """Write a step of a job down; returns the new row.

        A database that fails does not fail a job in flight: the row goes into an emergency file, and the job goes on.

        Parameters
        ----------
        row : dict
            The row as the job knows it.
        owner, lease_s
            Who works on it, and for how many seconds others stay away.
        strict : bool
            Before a send: a database that fails raises HomeError instead, so that nothing is sent unjournalled.
        force : bool
            After an answer that only this process has seen: written even when the lease was lost meanwhile. A request
            that it names is taken from any other row that found it in the account's history, in the same transaction:
            that row's own job is unknown again, its money reserved.
        **changes
            The columns that change.

        Raises
        ------
        LeaseLost
            When another process has taken the job over.
        HomeError
            With `strict`, when it could not be written.
        """
        ended = changes.get("status", row["status"]) in {"completed", "failed"}
        lease = {
            "lease_owner": None if ended else owner,
            "lease_until": None if ended else now_us() + int(lease_s * 1e6),
        }
        new = {**row, **lease, **changes}
        told = (force and "request_id" in changes) or row["id"] in self._aside
        others: list[str] = []
        try:
            with self._db.write() as connection:
                mine = {"by_id": row["id"], "by_owner": owner, "by_force": int(force)}
                mine["by_request"] = normalise(new["request_id"] or "")
                # All that the job has learned is written, so that a step that only reached a file is made good.
                worked = _worked(new)
                done = connection.execute(statements.STEP, worked | mine).rowcount
                if not done and self._row(connection, row["id"]) is None:  # the history was deleted under the job
                    done = bool(opening.insert(connection, new))
                if done and told:
                    others = _disown(connection, new)
                if done and changes.get("video_path") and row["completed_at"] is not None:  # its file had vanished
                    others += _hand_on(connection, new)
        except (sa.exc.SQLAlchemyError, OSError, HomeError) as error:
            if strict:
                raise _unwritten(error) from None
            self._keep_aside(new, error)
            return new
        if not done:
            raise LeaseLost(row["id"])
        self._aside.discard(row["id"])
        self._rescue.drop(row["id"])
        self._tell(others)
        return new

    def _tell(self, ids: Sequence[str]) -> None:
        if ids and self._changed is not None:
            self._changed(ids)

    def _keep_aside(self, row: Row, error: Exception) -> None:
        self._aside.add(row["id"])
        try:
            place: object = self._rescue.save(row)
        except OSError as trouble:
            place = f"memory only ({trouble})"
        log.error("the history could not be written (%s); job %s goes on, kept in %s", error, row["id"], place)

    def claim_request(self, id: str, request_id: str, **remark: object) -> bool:
        """Give a request found in the account's history to a row, with a remark, unless another row has it already."""
        with self._db.write() as connection:
            others = (_g.c.id != id) & (_plain_id == normalise(request_id)) & _g.c.reused_from.is_(None)
            if connection.execute(sa.select(_g.c.id).where(others).limit(1)).first():
                return False
            connection.execute(_g.update().where(_g.c.id == id).values(request_id=request_id, **remark))
            return True

    def rivals(self, row: Row) -> list[int]:
        """When the same request, in whatever take, was sent by others whose answers are still out (microseconds).

        What the account records from then on may be theirs.
        """
        # All takes of a request send the same body; rows of an older version do not name their family.
        like = _g.c.identity == row["identity"] if row["family"] is None else _g.c.family == row["family"]
        same = (_g.c.service == row["service"]) & like & (_g.c.id != row["id"])
        out = (_g.c.status == "submitting") & _g.c.sent_at.is_not(None) & _g.c.request_id.is_(None)
        with self._db.read() as connection:
            return list(connection.scalars(sa.select(_g.c.sent_at).where(same & out)))

    def release(self, id: str, owner: str) -> None:
        """Let others take a job up."""
        leases.let_go(owner, id)
        with self._db.write() as connection:
            mine = (_g.c.id == id) & (_g.c.lease_owner == owner)
            connection.execute(_g.update().where(mine).values(lease_owner=None, lease_until=None))

    def take_in_rescued(self) -> None:
        """Take in the emergency files that wait for this home."""
        for path, row in self._rescue.waiting():
            try:
                if self._take_in({k: v for k, v in row.items() if k in _g.columns}):
                    path.unlink(missing_ok=True)
            except (sa.exc.SQLAlchemyError, OSError) as error:  # one broken file must not lock its owner out
                log.warning("the emergency file %s could not be taken in (%s); it stays there", path, error)

    def _take_in(self, rescued: Row) -> bool:
        """Write a rescued row down; False when its process lives and will write it itself."""
        free = {"lease_owner": None, "lease_until": None}
        with self._db.write() as connection:
            stored = self._row(connection, rescued["id"])
            if stored is None:
                opening.insert(connection, {**rescued, **free})
            elif stored["status"] in UNFINISHED:
                if not _is_free(stored, None):
                    return False
                worked = _worked(rescued) if _is_news(rescued, stored) else {}
                connection.execute(_g.update().where(_g.c.id == rescued["id"]).values({**worked, **free}))
                if worked:
                    _disown(connection, {**stored, **worked})
        return True

    # ---- looking things up -------------------------------------------------------------------------------------

    def row(self, id: str) -> Row | None:
        """One row by its id."""
        with self._db.read() as connection:
            return self._row(connection, id)

    def unfinished(self, service: str) -> list[Row]:
        """Jobs of a service that have not ended, oldest first."""
        where = (_g.c.service == service) & _g.c.status.in_(UNFINISHED)
        return self._rows(sa.select(_g).where(where).order_by(_g.c.id))

    def claimed_requests(self) -> set[str]:
        """Request ids that rows already have, as the service wrote them."""
        with self._db.read() as connection:
            return set(connection.scalars(sa.select(_g.c.request_id).where(_g.c.request_id.is_not(None))))

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
        try:
            with self._db.write() as connection:
                return remarks.write(connection, id, changes)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise HomeError(
                f"the history could not be written ({getattr(error, 'orig', error)})",
                remedy="Free or repair the disk of the home, then try again.",
            ) from None

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
        try:
            with self._db.write() as connection:
                connection.execute(_g.update().where(same & clip & others).values(**found))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise HomeError(
                f"the history could not be written ({getattr(error, 'orig', error)})",
                remedy="Free or repair the disk of the home, then try again.",
            ) from None

    def not_inspected(self) -> list[str]:
        """Ids of the rows whose clips nobody has looked at, oldest first."""
        clip = (_g.c.status == "completed") & _g.c.video_path.is_not(None) & _g.c.inspected_at.is_(None)
        with self._db.read() as connection:
            return list(connection.scalars(sa.select(_g.c.id).where(clip).order_by(_g.c.id)))

    def sent_since(self, service: str, since_us: int) -> list[Row]:
        """Rows of a service that were sent and made since then, without copies, oldest first."""
        where = (_g.c.service == service) & (_g.c.created_at >= since_us) & _g.c.sent_at.is_not(None)
        return self._rows(sa.select(_g).where(where & _g.c.reused_from.is_(None)).order_by(_g.c.id))

    def rows_of_requests(self, request_ids: Iterable[str]) -> dict[str, Row]:
        """The rows that have these requests, of any service, without copies; by the id without dashes, lower case."""
        plain = sorted({normalise(request_id) for request_id in request_ids})
        found: dict[str, Row] = {}
        for start in range(0, len(plain), 500):
            some = _plain_id.in_(plain[start : start + 500]) & _g.c.reused_from.is_(None)
            found |= {normalise(row["request_id"]): row for row in self._rows(sa.select(_g).where(some))}
        return found

    def requests_in_two_rows(self, service: str) -> list[list[Row]]:
        """Rows of a service that have one request together, though each request is one job."""
        ours = (_g.c.service == service) & _g.c.request_id.is_not(None) & _g.c.reused_from.is_(None)
        twice = sa.select(_plain_id).where(ours).group_by(_plain_id).having(sa.func.count() > 1)
        together = defaultdict(list)
        for row in self._rows(sa.select(_g).where(ours & _plain_id.in_(twice)).order_by(_g.c.id)):
            together[normalise(row["request_id"])].append(row)
        return list(together.values())

    def fill_costs(self, service: str, charges: Mapping[str, int], source: str) -> list[str]:
        """Write the account's charges (micro-dollars, by plain request id) on ended rows; ids of those that had none.

        A charge that is known stays, and another one by the account stands beside it: see `charge_of`.
        """
        ended = _g.c.status.in_(("completed", "failed")) & (_g.c.service == service)
        ours = ended & _g.c.request_id.is_not(None) & _g.c.reused_from.is_(None)
        columns = (_g.c.id, _g.c.request_id, _g.c.cost_micros, _g.c.account_micros)
        with self._db.read() as connection:
            known = [dict(row) for row in connection.execute(sa.select(*columns).where(ours)).mappings()]
        filled = []
        for row in known:
            bill = charge_of(row, charges.get(normalise(row["request_id"])), source)
            if all(row.get(name) == value for name, value in bill.items()):
                continue
            if bill.get("cost_micros") and source != schema.PREVIEW:
                bill["billed"] = True
            same = (_g.c.id == row["id"]) & _g.c.cost_micros.is_not_distinct_from(row["cost_micros"])
            with self._db.write() as connection:
                done = connection.execute(_g.update().where(ours & same).values(bill)).rowcount
            if done and "cost_micros" in bill:
                filled.append(str(row["id"]))
        return filled

    def reopen(
        self, id: str, url: str, *, status: str = "completed", micros: int | None = None, source: str = "account"
    ) -> Row | None:
        """Have the clip of an ended row fetched from the service, at no cost.

        Parameters
        ----------
        id, url : str
            The row, and where its clip is.
        status : str
            How it has ended: "completed", its file having vanished; or "failed", though the account has its clip.
        micros : int, optional
            The account's charge for it, micro-dollars; `source` says whose money it is.

        Returns
        -------
        dict or None
            The row, free for whoever follows it; None when it has not ended so, or no longer.
        """
        ended = (_g.c.id == id) & (_g.c.status == status) & _g.c.reused_from.is_(None)
        changes: Row = {"status": "downloading", "output_url": url, "lease_owner": None, "lease_until": None}
        with self._db.write() as connection:
            found = connection.execute(sa.select(_g).where(ended)).mappings().one_or_none()
            if found is None:
                return None
            row = dict(found)
            if status == "failed":  # it is a job in flight again: it has no end yet, and its price is reserved
                billed = None if source == schema.PREVIEW else True
                changes |= {**_UNFAILED, "billed": billed}
                changes["reserved_micros"] = 0 if row["cost_micros"] is not None else row["ceiling_micros"] or 0
            changes |= charge_of(row, micros, source)
            connection.execute(_g.update().where(_g.c.id == id).values(changes))
            return {**row, **changes}

    def take_over(self, row: Mapping[str, Any]) -> Row:
        """A new row for a request of the account, or the one that already has it."""
        same = (_plain_id == normalise(row["request_id"])) & _g.c.reused_from.is_(None)
        with self._db.write() as connection:
            known = connection.execute(sa.select(_g).where(same).limit(1)).mappings().one_or_none()
            return dict(known) if known is not None else opening.insert(connection, row)

    def known_as(self, row: Row, shas: Iterable[str]) -> str | None:
        """Id of the row that a told row already is: by its id, by its job, or by its request and its clip."""
        with self._db.read() as connection:
            return _known_as(connection, row, list(shas))

    def import_row(self, row: Row, shas: Iterable[str]) -> str | None:
        """Write a told row down, unless it is here already: then the id of the row that it is.

        Raises
        ------
        HomeError
            When the history cannot be written.
        """
        try:
            with self._db.write() as connection:
                known = _known_as(connection, row, list(shas))
                if known is None:
                    opening.insert(connection, row)
                return known
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise HomeError(
                f"the history could not be written ({getattr(error, 'orig', error)})",
                remedy="Free or repair the disk of the home, then import again.",
            ) from None

    # ---- money -------------------------------------------------------------------------------------------------

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

    # ---- uploads -----------------------------------------------------------------------------------------------

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

    # ---- plumbing ----------------------------------------------------------------------------------------------

    def _row(self, connection: sa.Connection, id: str) -> Row | None:
        found = connection.execute(statements.ROW, {"by_id": id}).mappings().one_or_none()
        return None if found is None else dict(found)

    def _rows(self, query: sa.Select[Any]) -> list[Row]:
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def charge_of(row: Mapping[str, Any], micros: int | None, source: str) -> dict[str, Any]:
    """The account's charge (micro-dollars) as columns; nothing when it tells none.

    It settles a row whose charge is not known. Else it stands beside what was reported, if it is another one: the
    ledger counts the higher.
    """
    if micros is None:
        return {}
    if row["cost_micros"] is None:
        return {"cost_micros": micros, "cost_source": source, "reserved_micros": 0}
    differs = abs(row["cost_micros"] - micros) > 1  # a micro-dollar is rounding
    return {"account_micros": micros if differs else None}


# What is known of a failure, and is no longer so.
_UNFAILED = dict.fromkeys(("completed_at", "http_status", "error", "error_kind", "error_detail", "remedy"))

_LOOK_AGAIN = "studio.resume() looks for its own job in the account's history."

# How much a status knows, for two accounts of one job.
_STEPS = ("submitting", "unknown", "queued", "processing", "downloading", "failed", "completed")

# What others write on a row: people, and whoever asks for it, too. A job's own steps leave it alone.
_OTHERS = frozenset({*remarks.COLUMNS, "asked_by", "taken_request"})

_plain_id: sa.ColumnElement[str] = sa.literal_column(schema.PLAIN_ID, sa.Text)


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


def _known_as(connection: sa.Connection, row: Row, shas: list[str]) -> str | None:
    is_copy = row["reused_from"] is not None
    of_its_kind = _g.c.reused_from.is_not(None) if is_copy else _g.c.reused_from.is_(None)
    same_wish = (_g.c.service == row["service"]) & (_g.c.identity == row["identity"])
    ways = [_g.c.id == row["id"], same_wish & _g.c.video_sha256.in_(shas) & of_its_kind]
    if row["request_id"] and not is_copy:
        ways.insert(1, (_plain_id == normalise(row["request_id"])) & of_its_kind)
    found = (connection.scalar(sa.select(_g.c.id).where(way).limit(1)) for way in ways)
    return next((str(key) for key in found if key is not None), None)


def _disown(connection: sa.Connection, owner: Row) -> list[str]:
    """Take a row's request from any other row: those that had ended are given.

    They found it in the account's history, and the answer to the send says whose it is. Their own jobs are unknown
    again, their money reserved.
    """
    plain = normalise(owner["request_id"] or "")
    taken = (_plain_id == plain) & (_g.c.id != owner["id"]) & _g.c.reused_from.is_(None)
    found = connection.execute(sa.select(_g.c.id, _g.c.status).where(taken)).all() if plain else []
    lost = dict.fromkeys((*CLIP_COLUMNS, *_UNFAILED, "cost_micros", "cost_source", "account_micros", "billed"))
    lost |= {"status": "unknown", "reserved_micros": sa.func.coalesce(_g.c.ceiling_micros, 0)}
    lost |= {"error": DISOWNED, "error_kind": "OutcomeUnknown", "error_detail": plain, "remedy": _LOOK_AGAIN}
    lost |= {"taken_request": plain}
    lost |= {"lease_owner": None, "lease_until": None}  # whoever works on it knows less than this
    if found:
        connection.execute(_g.update().where(taken).values(lost))
    return [row.id for row in found if row.status in {"completed", "failed"}]


def _hand_on(connection: sa.Connection, row: Row) -> list[str]:
    """Give the copies of a row the clip that it has now; their ids."""
    same = (_g.c.service == row["service"]) & (_g.c.identity == row["identity"])
    copies = same & (_g.c.reused_from == row["id"]) & (_g.c.status == "completed")
    ids = list(connection.scalars(sa.select(_g.c.id).where(copies)))
    if ids:
        connection.execute(_g.update().where(copies).values({name: row[name] for name in CLIP_COLUMNS}))
    return ids


def _any_of(column: sa.Column[Any], values: list[Any]) -> list[sa.ColumnElement[bool]]:
    """Conditions of which one must hold: SQL's IN finds no missing values."""
    if values == [True]:
        return [column == sa.true()]  # written out: a partial index serves only what its own words say
    given = [value for value in values if value is not None]
    missing = [column.is_(None)] if len(given) < len(values) else []
    return [column.in_(given), *missing]


@contextlib.contextmanager
def _nothing_sent() -> Iterator[None]:
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise _unwritten(error) from None


def _unwritten(error: Exception) -> HomeError:
    return HomeError(
        f"the history could not be written ({getattr(error, 'orig', error)})",
        remedy="Free or repair the disk of the home, then send it again; nothing was sent.",
        billed=False,
    )


def is_ahead(one: Row, other: Row) -> bool:
    """Whether one account of a job knows more than another: a later step, or a request id that the other lacks."""
    if one["request_id"] and not other["request_id"]:
        return True
    return _STEPS.index(one["status"]) > _STEPS.index(other["status"])


def _is_news(rescued: Row, stored: Row) -> bool:
    """Whether an emergency file knows more than the row; what it says of a job that was taken away is no news."""
    taken = stored["taken_request"]
    return is_ahead(rescued, stored) and (taken is None or normalise(rescued["request_id"] or "") != taken)


def _worked(row: Row) -> Row:
    """The columns that a job writes; those of others are left alone."""
    return {name: value for name, value in row.items() if name in _g.columns and name not in _OTHERS}


def _is_free(row: Row | None, owner: str | None) -> bool:
    """Whether `owner` may work on a row: unfinished, and nobody else's."""
    if row is None or row["status"] not in UNFINISHED:
        return False
    return row["lease_owner"] == owner or leases.is_free(row["lease_owner"], row["id"], row["lease_until"], now_us())
