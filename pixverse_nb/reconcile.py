"""The local history held against the account's: what was lost is found, and what is left is said."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from . import errors
from .books import LOOKS_S, Books, Desk, await_look
from .display.reconciled import Line, Section, reconciled_html, reconciled_text
from .lost import job_of
from .parameters import MODEL
from .pricing import MICROS, money
from .segmind.answers import AccountRow, merged, normalise
from .store.schema import DAY_US, PREVIEW
from .store.words import now_us
from .workbench import Workbench

if TYPE_CHECKING:
    import pandas as pd

_DAYS = 27  # with the day before it and the two that time zones may add, one query of 31 days
_MOST_DAYS = 731
_QUERY_DAYS = 31
_AGAIN = "What was learned until then is kept; run it again."


# kind -> (title, whether there is something to do), in the order in which they are shown.
_KINDS: dict[str, tuple[str, bool]] = {
    "unknown": ("Sent, and nobody has told yet what became of it; the money stays reserved", True),
    "doubled": ("Rows here that have one job together, which is counted more than once", True),
    "expiring": ("Paid clips that are not on this disk; being fetched again, at no cost", True),
    "unexplained": ("Charges that no row here explains: another home, or the website", True),
    "missing": ("Rows here that the account's history does not know", True),
    "differs": ("The account says another charge than was reported; both are kept, the higher one counts", True),
    "adopted": ("Lost jobs that were found", False),
    "filled": ("Costs that were filled in by the account's history", False),
}
_COLUMNS: dict[str, Any] = {
    "kind": "string",
    "id": "string",
    "request_id": "string",
    "prompt": "string",
    "cost_usd": "Float64",
    "at": "datetime64[us, UTC]",
    "what": "string",
    "action": "string",
}


@dataclass(frozen=True, eq=False)
class Reconciliation:
    """The local history held against the account's; shows itself as a table of what there is to do.

    Attributes
    ----------
    since, checked_at : datetime
        What was looked at: everything sent from `since` on, as it was at `checked_at`; UTC.
    findings : pandas.DataFrame
        Typed columns, the same when there are none: `kind`, `id` (of the row here, if any), `request_id`, `prompt`,
        `cost_usd` (USD, missing where nobody knows), `at` (UTC: when it was sent; of an expiring clip, until when the
        service keeps it), `what` (in words), `action` (one line of code, missing where there is nothing to do).
        Kinds: unknown, doubled, expiring (by the time left), unexplained, missing, differs; adopted and filled were put
        right.
    adopted : list of str
        Ids of the rows whose lost job was found.
    account_usd, history_usd : float
        USD that the account's history and this one know to be charged in that time, without what neither knows.
    agreed : int
        How many requests both know.
    under_way : int
        How many rows have not ended.
    is_preview : bool
        Whether the money is pretended.
    """

    since: datetime
    checked_at: datetime
    findings: pd.DataFrame
    adopted: list[str]
    account_usd: float
    history_usd: float
    agreed: int = 0
    under_way: int = 0
    is_preview: bool = False
    _sections: Sequence[Section] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return reconciled_text(self._headline, self._sections, self._foot)

    def _repr_html_(self) -> str:
        return str(reconciled_html(self._headline, self._sections, self._foot))

    @property
    def _headline(self) -> str:
        todo = sum(len(section.lines) for section in self._sections if section.urgent)
        done = sum(len(section.lines) for section in self._sections if not section.urgent)
        right = f"{done} {'was' if done == 1 else 'were'} put right" if done else ""
        if todo:
            return f"{todo} to look at" + (f"; {right}" if right else "")
        if abs(self.account_usd - self.history_usd) * MICROS > self.agreed + 1:  # each is rounded to a micro-dollar
            sums = f"the account's sum is {money(self.account_usd)}, this history's {money(self.history_usd)}"
            later = "what is under way may settle it" if self.under_way else "look again in some minutes"
            return f"The sums differ: {sums}; {later}" + (f"; {right}" if right else "")
        rows = f"{self.agreed:,} row{'' if self.agreed == 1 else 's'} and the account's {self.agreed:,} agree"
        return f"All is well: {rows}, {money(self.account_usd)}" + (f"; {right}" if right else "")

    @property
    def _foot(self) -> str:
        parts = [
            f"account {money(self.account_usd)}, this history {money(self.history_usd)}",
            f"since {self.since:%d %b %Y %H:%M} UTC, checked at {self.checked_at:%H:%M:%S} UTC",
        ]
        if self.under_way:
            parts.append(f"{self.under_way} under way or looked for")
        if self.is_preview:
            parts.append("pretended money: the preview engine bills nothing")
        return " · ".join(parts)


def reconcile(desk: Desk, since: str | datetime | None) -> Reconciliation:
    """Put right what the account's history tells, and say what is left; see `Studio.reconcile`."""
    bench = desk.bench
    if bench.store.read_only is not None:
        raise bench.store.read_only
    since_us = _since(since)
    before = bench.store.unfinished(bench.backend.name)
    account, filled = _learn(bench, since_us)
    _take_up(desk)
    for row in map(bench.store.row, filled):
        if row is not None:
            desk.handle(row)  # whoever holds it sees the cost
    books = Books(desk, since_us, account, before, set(filled))
    found = books.findings()
    return Reconciliation(
        since=_moment(since_us),
        checked_at=datetime.now(timezone.utc),
        findings=_frame(found),
        adopted=[str(one["id"]) for one in found if one["kind"] == "adopted"],
        account_usd=sum(a.cost_micros or 0 for a in books.account.values()) / 1e6,
        history_usd=sum(r["cost_micros"] or 0 for r in books.rows if r["sent_at"] >= since_us) / 1e6,
        agreed=sum(plain in books.known for plain in books.account),
        under_way=len(bench.store.unfinished(bench.backend.name)),
        is_preview=bench.backend.name == PREVIEW,
        _sections=_sections(found),
    )


def _since(since: str | datetime | None) -> int:
    """Microseconds since 1970 of the first moment to look at."""
    if since is None:
        return (now_us() // DAY_US - _DAYS) * DAY_US
    from .history import _moment as moment_of

    given = moment_of("since", since)
    if given is None or not now_us() - _MOST_DAYS * DAY_US <= given <= now_us():
        raise errors.InvalidParameter(
            f"since={since!r} is not allowed",
            remedy=f'Pass a moment of the last {_MOST_DAYS} days, as a datetime or text such as "2026-11-20".',
            billed=False,
        )
    return given


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, timezone.utc)


# ---- learning ----------------------------------------------------------------------------------------------------


def _learn(bench: Workbench, since_us: int) -> tuple[dict[str, AccountRow], list[str]]:
    """The account's requests by plain id, and the rows whose cost they told; what was told before an error is kept."""
    rows: list[AccountRow] = []
    filled: list[str] = []
    today = datetime.now(timezone.utc).date()
    first = _moment(since_us).date() - timedelta(days=1)
    try:
        for start, end in _windows(first, today + timedelta(days=2)):
            bench.listing.rows(bench.backend.client, start, end, into=rows)
    except errors.PixverseError as error:
        error.remedy = f"{error.remedy or ''} {_AGAIN}".strip()
        raise
    finally:
        filled += _fill(bench, rows)
    account = {plain: told for plain, told in merged(rows).items() if told.model in {"", MODEL}}
    if _name_blocking(bench, since_us, account):
        filled += _fill(bench, rows)
    return account, filled


def _windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Days in queries of at most 31, the newest last, so that it is fresh for the looks that follow."""
    span = timedelta(days=_QUERY_DAYS - 1)
    ends = [last]
    while ends[0] - span > first:
        ends.insert(0, ends[0] - span - timedelta(days=1))
    for end in ends:
        if end >= first:
            yield max(end - span, first), end


def _fill(bench: Workbench, rows: Sequence[AccountRow]) -> list[str]:
    """Write the account's charges on ended rows. A failure costs nothing unless the account says otherwise."""
    charges = {
        plain: row.cost_micros
        for plain, row in merged(rows).items()
        if row.cost_micros is not None and (row.status == "COMPLETED" or (row.status == "FAILED" and row.cost_micros))
    }
    return bench.store.fill_costs(bench.backend.name, charges, _source(bench)) if charges else []


def _source(bench: Workbench) -> str:
    return PREVIEW if bench.backend.name == PREVIEW else "account"


def _name_blocking(bench: Workbench, since_us: int, account: dict[str, AccountRow]) -> int:
    """Find the requests of finished v1 rows whose answer named none, or a proxy's; how many were found."""
    claimed = bench.store.claimed_requests()
    count = 0
    for row in bench.store.sent_since(bench.backend.name, since_us):
        nameless = normalise(row["request_id"] or "") not in account
        if row["api"] != "v1" or row["status"] != "completed" or not nameless:
            continue
        found = job_of(row, account.values(), claimed, bench)
        if found is not None and bench.store.claim_request(row["id"], found.request_id):
            claimed.add(found.request_id)
            count += 1
    return count


def _take_up(desk: Desk) -> None:
    """Follow every unfinished row, and let each one whose answer was lost look at once; wait for those looks."""
    deadline = time.monotonic() + LOOKS_S
    asked = time.monotonic()
    lost = [generation for generation in desk.resume() if generation.status == "unknown"]
    looking = [(generation, desk.look(generation)) for generation in lost]
    for generation, job in looking:
        if job is not None:
            await_look(generation, job, asked, deadline)


# ---- showing -----------------------------------------------------------------------------------------------------


def _frame(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    table: dict[str, Any] = {}
    for name, dtype in _COLUMNS.items():
        values = [one.get(name) for one in found]
        if name == "at":
            moments: Any = pd.to_datetime(pd.Series(values, dtype="Int64"), unit="us", utc=True)
            table[name] = moments.astype(dtype).array
        else:
            table[name] = pd.array([pd.NA if value is None else value for value in values], dtype=dtype)
    frame: pd.DataFrame = pd.DataFrame(table, columns=list(_COLUMNS))
    return frame


def _sections(found: Sequence[dict[str, Any]]) -> list[Section]:
    sections = []
    for kind, (title, urgent) in _KINDS.items():
        lines = [_shown(one) for one in found if one["kind"] == kind]
        if lines:
            sections.append(Section(title, lines, urgent))
    return sections


def _shown(one: dict[str, Any]) -> Line:
    return Line(
        key=one.get("id") or _beginning(one["request_id"]),
        prompt=one["prompt"] or "",
        cost="" if one["cost_usd"] is None else money(one["cost_usd"]),
        at="" if one["at"] is None else f"{_moment(one['at']):%d %b %H:%M}",
        what=one["what"],
        action=one["action"] or "",
    )


def _beginning(request_id: str) -> str:
    return request_id if len(request_id) <= 12 else request_id[:8] + "…"
