"""How a wish for a clip begins: reused, joined, fetched again, or a new row with its money reserved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from . import leases, statements
from .ids import new_id
from .ledger import Spent, spent
from .schema import generations as _g
from .words import CLIP_COLUMNS, UNFINISHED, Row, now_us

Admit = Callable[[Spent, Sequence[Row]], None]


@dataclass(frozen=True)
class Shelf:
    """What is known of clips outside the database.

    Attributes
    ----------
    has_clip : callable
        Whether a completed row's file is on the disk.
    can_fetch : callable
        Whether the service may still have a completed row's file.
    """

    has_clip: Callable[[Row], bool]
    can_fetch: Callable[[Row], bool]


@dataclass(frozen=True)
class Opened:
    """What became of a wish for a clip.

    Attributes
    ----------
    kind : str
        "new", "reused" (a copy of a finished row), "joined" (a job that is under way) or "fetched" (a finished row
        whose file has vanished, to be fetched again).
    row : dict
        The row.
    vanished : dict or None
        Of a new row: a paid one of the same identity, whose file neither the disk nor the service has any more.
    """

    kind: str
    row: Row
    vanished: Row | None = None


def open_all(
    connection: sa.Connection,
    wishes: Sequence[Mapping[str, Any]],
    *,
    reuse: bool,
    owner: str,
    lease_s: float,
    shelf: Shelf,
    admit: Admit | None,
) -> list[Opened]:
    """Decide about wishes, in the caller's transaction; what `admit` raises undoes all of it."""
    first = wishes[0]
    before = spent(connection, first["service"], first["studio"], now_us()) if admit is not None else None
    opened: list[Opened] = []
    for wish in wishes:
        lease = {"lease_owner": owner, "lease_until": now_us() + int(lease_s * 1e6)}
        opened.append(_open(connection, wish, lease, shelf if reuse else None))
    new = [one.row for one in opened if one.kind == "new"]
    if admit is not None and before is not None and new:
        admit(before, new)
    for one in opened:
        if one.kind in {"new", "fetched"}:
            leases.hold(owner, one.row["id"])  # before others can see the row
    return opened


def _open(connection: sa.Connection, wish: Mapping[str, Any], lease: Row, shelf: Shelf | None) -> Opened:
    finished: list[Row] = []
    if shelf is not None:
        twins = _twins(connection, wish)
        finished = [row for row in twins if row["status"] == "completed"]
        kept = next((row for row in finished if shelf.has_clip(row)), None)
        if kept is not None:
            return Opened("reused", insert(connection, _copy_of(kept, wish)))
        running = next((row for row in twins if row["status"] in UNFINISHED), None)
        if running is not None:
            return Opened("joined", _shared(connection, running, wish))
        away = next((row for row in finished if row["reused_from"] is None and shelf.can_fetch(row)), None)
        if away is not None:
            changes = {"status": "downloading", **lease}
            connection.execute(_g.update().where(_g.c.id == away["id"]).values(changes))
            return Opened("fetched", {**away, **changes})
    return Opened("new", insert(connection, {**wish, **lease}), finished[0] if finished else None)


def _shared(connection: sa.Connection, running: Row, wish: Mapping[str, Any]) -> Row:
    """A job that another wish joins: no longer the first one's alone, who may else withdraw it."""
    if running["asked_by"] in {None, wish.get("asked_by")}:
        return running
    connection.execute(_g.update().where(_g.c.id == running["id"]).values(asked_by=None))
    return {**running, "asked_by": None}


def refused_before(connection: sa.Connection, wish: Mapping[str, Any], shelf: Shelf | None) -> Row | None:
    """The row of the same request that moderation refused, of a wish that would be sent now; else None."""
    refused = _refusal(connection, wish["service"], wish.get("family"))
    if refused is None or shelf is None:
        return refused
    stands = standing(connection, wish["service"], wish["identity"], str(wish.get("family")), shelf)
    return refused if stands == "refused" else None


def _refusal(connection: sa.Connection, service: str, family: str | None) -> Row | None:
    """The row of the same request, whatever its take, that moderation refused; None when it was drawn since."""
    found = connection.execute(statements.JUDGED, {"service": service, "family": family}).mappings().one_or_none()
    return dict(found) if found is not None and found["error_kind"] == "ModerationRefused" else None


def _twins(connection: sa.Connection, wish: Mapping[str, Any]) -> list[Row]:
    """Everything that was ever tried for the same clip; the original before its copies, for it was paid for."""
    same = {"service": wish["service"], "identity": wish["identity"]}
    found = [dict(row) for row in connection.execute(statements.TWINS, same).mappings()]
    return sorted(found, key=lambda row: row["reused_from"] is not None)


def standing(connection: sa.Connection, service: str, identity: str, family: str, shelf: Shelf) -> str:
    """What a wish would become now: "reused", "joined", "fetched", "refused" (new, but refused before) or "new"."""
    twins = _twins(connection, {"service": service, "identity": identity})
    finished = [row for row in twins if row["status"] == "completed"]
    if any(shelf.has_clip(row) for row in finished):
        return "reused"
    if any(row["status"] in UNFINISHED for row in twins):
        return "joined"
    if any(row["reused_from"] is None and shelf.can_fetch(row) for row in finished):
        return "fetched"
    return "new" if _refusal(connection, service, family) is None else "refused"


def insert(connection: sa.Connection, row: Mapping[str, Any]) -> Row:
    """Write a new row down; what it does not say is missing."""
    full = {column.name: None for column in _g.columns} | {"id": new_id(), "created_at": now_us()} | dict(row)
    connection.execute(statements.INSERT, full)
    return full


def _copy_of(twin: Row, wish: Mapping[str, Any]) -> Row:
    """The row of a reused clip: its own wish, the twin's clip, no cost."""
    return {
        **wish,
        **{name: twin[name] for name in CLIP_COLUMNS},
        "status": "completed",
        "completed_at": now_us(),
        "reserved_micros": 0,
        "cost_micros": 0,
        "cost_source": "reused",
        "billed": False,
        "reused_from": twin["reused_from"] or twin["id"],
        "saved_micros": _worth(twin, wish),
    }


def _worth(twin: Row, wish: Mapping[str, Any]) -> int | None:
    """What a copy saves: what the clip cost, or where nobody told, what it would cost."""
    paid = twin["saved_micros"] if twin["cost_source"] == "reused" else twin["cost_micros"]
    worth: int | None = wish["estimate_micros"] if paid is None else paid
    return worth
