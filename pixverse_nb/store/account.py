"""The history of a home held against the account's: whose a job is, and what it was charged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from pixverse_nb.segmind.answers import normalise

from . import opening, schema
from .reading import Reading, unwritten
from .words import UNFAILED, Row

_g = schema.generations

plain_id: sa.ColumnElement[str] = sa.literal_column(schema.PLAIN_ID, sa.Text)
"""A row's request id without dashes, lower case."""


class Account(Reading):
    """What the account's history is held against."""

    def claimed_requests(self) -> set[str]:
        """Request ids that rows already have, as the service wrote them."""
        with self._db.read() as connection:
            return set(connection.scalars(sa.select(_g.c.request_id).where(_g.c.request_id.is_not(None))))

    def claim_request(self, id: str, request_id: str, **remark: object) -> bool:
        """Give a request found in the account's history to a row, with a remark, unless another row has it already."""
        with self._db.write() as connection:
            others = (_g.c.id != id) & (plain_id == normalise(request_id)) & _g.c.reused_from.is_(None)
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

    def sent_since(self, service: str, since_us: int) -> list[Row]:
        """Rows of a service that were sent and made since then, without copies, oldest first."""
        where = (_g.c.service == service) & (_g.c.created_at >= since_us) & _g.c.sent_at.is_not(None)
        return self._rows(sa.select(_g).where(where & _g.c.reused_from.is_(None)).order_by(_g.c.id))

    def rows_of_requests(self, request_ids: Iterable[str]) -> dict[str, Row]:
        """The rows that have these requests, of any service, without copies; by the id without dashes, lower case."""
        plain = sorted({normalise(request_id) for request_id in request_ids})
        found: dict[str, Row] = {}
        for start in range(0, len(plain), 500):
            some = plain_id.in_(plain[start : start + 500]) & _g.c.reused_from.is_(None)
            found |= {normalise(row["request_id"]): row for row in self._rows(sa.select(_g).where(some))}
        return found

    def requests_in_two_rows(self, service: str) -> list[list[Row]]:
        """Rows of a service that have one request together, though each request is one job."""
        ours = (_g.c.service == service) & _g.c.request_id.is_not(None) & _g.c.reused_from.is_(None)
        twice = sa.select(plain_id).where(ours).group_by(plain_id).having(sa.func.count() > 1)
        together = defaultdict(list)
        for row in self._rows(sa.select(_g).where(ours & plain_id.in_(twice)).order_by(_g.c.id)):
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
                changes |= {**UNFAILED, "billed": billed}
                changes["reserved_micros"] = 0 if row["cost_micros"] is not None else row["ceiling_micros"] or 0
            changes |= charge_of(row, micros, source)
            connection.execute(_g.update().where(_g.c.id == id).values(changes))
            return {**row, **changes}

    def take_over(self, row: Mapping[str, Any]) -> Row:
        """A new row for a request of the account, or the one that already has it."""
        same = (plain_id == normalise(row["request_id"])) & _g.c.reused_from.is_(None)
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
        with unwritten("then import again"), self._db.write() as connection:
            known = _known_as(connection, row, list(shas))
            if known is None:
                opening.insert(connection, row)
            return known


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


def _known_as(connection: sa.Connection, row: Row, shas: list[str]) -> str | None:
    is_copy = row["reused_from"] is not None
    of_its_kind = _g.c.reused_from.is_not(None) if is_copy else _g.c.reused_from.is_(None)
    same_wish = (_g.c.service == row["service"]) & (_g.c.identity == row["identity"])
    ways = [_g.c.id == row["id"], same_wish & _g.c.video_sha256.in_(shas) & of_its_kind]
    if row["request_id"] and not is_copy:
        ways.insert(1, (plain_id == normalise(row["request_id"])) & of_its_kind)
    found = (connection.scalar(sa.select(_g.c.id).where(way).limit(1)) for way in ways)
    return next((str(key) for key in found if key is not None), None)
