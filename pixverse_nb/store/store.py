"""The history of a home: the journal of its jobs, the ledger of its money, the table of its clips."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pixverse_nb.errors import HomeError
from pixverse_nb.request import Request
from pixverse_nb.segmind.answers import normalise

from . import annotations as remarks
from . import leases, opening, schema, statements
from .account import Account, plain_id
from .opening import Admit, Opened, Shelf
from .reading import not_written, unwritten
from .rescue import Rescue
from .words import CLIP_COLUMNS, DISOWNED, UNFAILED, UNFINISHED, Row, now_us

log = logging.getLogger(__name__)

_g = schema.generations


class LeaseLost(Exception):
    """Another process has taken this job over; whoever gets this stops working on it."""


class Store(Account):
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
        super().__init__(home)
        self._changed = changed
        self._aside: set[str] = set()  # rows with a step that only an emergency file holds
        self._rescue = Rescue(home)
        if self.read_only is None:
            self.take_in_rescued()

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
        with unwritten(_SEND, billed=False), self._db.write() as connection:
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
        with unwritten(_SEND, billed=False), self._db.write() as connection:
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
                raise not_written(error, _SEND, billed=False) from None
            self._keep_aside(new, error)
            return new
        if not done:
            raise LeaseLost(row["id"])
        self._aside.discard(row["id"])
        self._rescue.drop(row["id"])
        self._tell(others)
        return new

    def is_aside(self, id: str) -> bool:
        """Whether the newest state of a job of this process is in an emergency file only."""
        return id in self._aside

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


_SEND = "then send it again; nothing was sent"
_LOOK_AGAIN = "studio.resume() looks for its own job in the account's history."

# How much a status knows, for two accounts of one job.
_STEPS = ("submitting", "unknown", "queued", "processing", "downloading", "failed", "completed")

# What others write on a row: people, and whoever asks for it, too. A job's own steps leave it alone.
_OTHERS = frozenset({*remarks.COLUMNS, "asked_by", "taken_request"})


def _disown(connection: sa.Connection, owner: Row) -> list[str]:
    """Take a row's request from any other row: those that had ended are given.

    They found it in the account's history, and the answer to the send says whose it is. Their own jobs are unknown
    again, their money reserved.
    """
    plain = normalise(owner["request_id"] or "")
    taken = (plain_id == plain) & (_g.c.id != owner["id"]) & _g.c.reused_from.is_(None)
    found = connection.execute(sa.select(_g.c.id, _g.c.status).where(taken)).all() if plain else []
    lost = dict.fromkeys((*CLIP_COLUMNS, *UNFAILED, "cost_micros", "cost_source", "account_micros", "billed"))
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
