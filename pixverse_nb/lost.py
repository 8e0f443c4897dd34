"""Finding a job whose answer was lost in the account's history: the only substitute for an idempotency key."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from . import errors
from .parameters import MODEL, PARAMETERS
from .pricing import money
from .rows import request_of
from .segmind.answers import AccountRow, merged, normalise
from .store.words import Row

if TYPE_CHECKING:
    from .segmind.client import Client
    from .workbench import Workbench

ADOPTED = "account"
"""The studio of rows that were taken over from the account's history: no studio of this home sent them."""

LONG_US = 3_600_000_000
"""How long a job may be called running, microseconds: from then on nobody waits for it."""
STUCK_US = 7_200_000_000
"""From when on a job that is still called running may be written off, microseconds after its send."""

_SHARED_S = 2.0  # looks that begin within so long of a listing share it
_KEPT = 4  # listings; those of a studio's start span a few weeks at most
_MOST_ROWS = 10_000  # as many as a hundred pages hold; where there are that many, there may be more
_DAY = timedelta(days=1)
_TICK_S = 5.0  # a row this much before the send may be the send's: clocks are known to about a second
_EARLY_S = 60.0  # beyond this it is not, whatever the clocks
LATE_S = 600.0
"""How long after its answer a job may be dated, s: perhaps when it ends, not when it is queued."""

_WRAPPERS = ("inputs", "input", "body", "data", "parameters")
# What the service may fill in where its pages name no default: the values of the document's sample body.
_SAMPLE = {"motion_mode": "normal", "thinking_type": "auto"}


@dataclass(frozen=True)
class _Listed:
    """A listing that was made: of which days, when (monotonic), and what came of it."""

    client: Client
    first: date
    last: date
    began: float
    ended: float
    rows: list[AccountRow]
    error: errors.PixverseError | None

    def serves(self, client: Client, first: date, last: date, came: float, shared_s: float) -> bool:
        """Whether a look that came then may take it: it covers the days, and is not older than the look allows."""
        covers = self.client is client and self.first <= first and last <= self.last
        # A failure is only told to those who waited for it: whoever comes later asks anew.
        return covers and self.began > came - shared_s and (self.error is None or came <= self.ended)


class Listing:
    """The account's history, listed once for all who look at about the same time.

    One listing is under way at a time; whoever comes meanwhile waits for it. Safe from every thread.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._listed: list[_Listed] = []

    def rows(
        self, client: Client, first: date, last: date, *, shared_s: float = 0.0, into: list[AccountRow] | None = None
    ) -> list[AccountRow]:
        """Every request of these days, each once.

        Parameters
        ----------
        client : Client
            Whose account.
        first, last : date
            UTC, both included, at most 31 days.
        shared_s : float
            How long before this call a listing may have begun that is good enough, s. With 0 it began after it.
        into : list, optional
            Gets the rows; where the listing fails, those that had come by then.

        Raises
        ------
        PixverseError
            When the account's history cannot be read to its end.
        """
        came = time.monotonic()
        with self._turn:
            found = next((one for one in self._listed if one.serves(client, first, last, came, shared_s)), None)
            if found is None:
                found = _list(client, first, last)
                self._listed = [found, *self._listed[: _KEPT - 1]]
        if into is not None:
            into.extend(found.rows)
        if found.error is not None:
            raise copy.copy(found.error)  # each job writes its own words on it
        return found.rows


def _list(client: Client, first: date, last: date) -> _Listed:
    began, error = time.monotonic(), None
    rows: list[AccountRow] = []
    try:
        rows.extend(_pages(client, first, last))
    except errors.PixverseError as trouble:
        error = trouble
    return _Listed(client, first, last, began, time.monotonic(), list(merged(rows).values()), error)


def _pages(client: Client, first: date, last: date) -> Iterator[AccountRow]:
    count = 0
    for row in client.account_rows(first, last):
        count += 1
        yield row
    if count >= _MOST_ROWS and first < last:
        middle = first + (last - first) // 2
        yield from _pages(client, first, middle)
        yield from _pages(client, middle + _DAY, last)


def recorded_at(told: AccountRow, bench: Workbench) -> int | None:
    """When the account recorded a job, by this machine's clock, microseconds since 1970; None where it does not say."""
    if told.created_at is None:
        return None
    return round((told.created_at.timestamp() - bench.backend.client.clock_offset_s) * 1e6)


def days_around(sent: date) -> tuple[date, date]:
    """The days to list for a job of that day (UTC): its week and what is needed beyond, so that its like share it."""
    first = sent - _DAY
    monday = first - first.weekday() * _DAY
    today = datetime.now(timezone.utc).date()
    return monday, min(monday + 9 * _DAY, max(sent, today) + 2 * _DAY)


def find_lost(row: Row, bench: Workbench, *, now: bool = False) -> AccountRow | None:
    """The account's record of a row's job: by request id where there is one, else by parameters and time.

    The id of a v2 job is what its submit was answered with. On v1 it is a header, which a proxy may have written: when
    the account does not know it, the parameters decide. Jobs that look within about two seconds share one listing,
    unless `now` is said.
    """
    client = bench.backend.client
    known = row["request_id"]
    found = client.account_row(known) if known else None
    if found is not None:
        return found
    sent_at = _by_their_clock(row["sent_at"], client.clock_offset_s)
    first, last = days_around(datetime.fromtimestamp(sent_at / 1e6, timezone.utc).date())
    # No longer than the shortest pause between two looks of one job: it never looks at the same listing twice.
    shared_s = 0.0 if now else min((_SHARED_S, *bench.pace.search_s))
    rows = bench.listing.rows(client, first, last, shared_s=shared_s)
    if known:
        found = next((r for r in rows if normalise(r.request_id) == normalise(known)), None)
        if found is not None or row["api"] == "v2":
            return found
    return job_of(row, rows, bench.store.claimed_requests(), bench)


def job_of(
    row: Row, rows: Iterable[AccountRow], claimed: set[str], bench: Workbench, *, failed: bool = False
) -> AccountRow | None:
    """Which of the account's records is most likely a sent row's job, by parameters and time: see `find_job`.

    A job that failed is looked for only when it is asked for: it may be an earlier try's or another home's, and ours,
    billed, not be recorded yet. So it proves nothing.
    """
    body = request_of(row).body(row["sent_image_url"])
    span = bench.pace.run_read_s if row["api"] == "v1" else bench.pace.submit_read_s
    sent_at = _by_their_clock(row["sent_at"], bench.backend.client.clock_offset_s)  # as the last answer tells it
    rows = [one for one in rows if (one.status == "FAILED") is failed]
    return find_job(rows, body, sent_at, claimed, span)


def _by_their_clock(moment_us: int, offset_s: float) -> int:
    return moment_us + round(offset_s * 1e6)


def address_of(row: Row, bench: Workbench) -> str | None:
    """Where the service says that a finished clip is: by request id, and from the account's history.

    Another address than the row's, if there is one; None when the service does not know the request any more.
    """
    client, request_id, named = bench.backend.client, row["request_id"], None
    if not request_id:
        return None
    with contextlib.suppress(errors.PixverseError):
        named, _ = client.result(request_id)
    if named is not None and named != row["output_url"]:
        return named
    account = client.account_row(request_id)
    return (account.url if account is not None else None) or named


def find_job(
    rows: Iterable[AccountRow], sent: Mapping[str, Any], sent_at_us: int, claimed: set[str], span_s: float
) -> AccountRow | None:
    """The account row that is most likely the job: same model and parameters, nearest in time, of no other local row.

    A row from after the send comes first, one from at most a minute before it last: that one is rather the same request
    from another home. Rows that tell no time count only when none of the history's rows does.

    Parameters
    ----------
    rows : iterable of AccountRow
        The account's history around the send.
    sent : mapping
        The body of the POST.
    sent_at_us : int
        When it was sent by the service's clock, microseconds since 1970.
    claimed : set of str
        Request ids that other rows of this home have.
    span_s : float
        How long the service may have taken to record it, s.
    """
    rows = list(rows)
    moment = datetime.fromtimestamp(sent_at_us / 1e6, timezone.utc)
    taken = {normalise(request_id) for request_id in claimed}
    dated = any(row.created_at for row in rows)
    candidates: list[tuple[tuple[bool, bool, float], AccountRow]] = []
    for row in rows:
        if normalise(row.request_id) in taken or row.model not in ("", MODEL) or not same_inputs(sent, row.body):
            continue
        if row.created_at is not None:
            after_s = (row.created_at - moment).total_seconds()
        elif not dated:
            after_s = 0.0
        else:
            continue
        if -_EARLY_S <= after_s <= span_s + LATE_S:
            rank = (after_s < -_TICK_S, not _same_seed(sent, row.body), abs(after_s))
            candidates.append((rank, row))
    return min(candidates, key=lambda candidate: candidate[0], default=(None, None))[1]


def same_inputs(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    """Whether a recorded body can be that of what was sent; whether it is kept byte for byte is open.

    Everything that was sent must be there, or be the documented default. What was not sent may be there as its default,
    as the document's sample has it, or under a name that the schema does not know: the service may have filled it in.
    A random seed may be there as the one that was drawn. Numbers and switches may be text.
    """
    ours, theirs = inputs_of(sent), inputs_of(recorded)
    if _same(ours.get("seed", -1), -1):
        ours, theirs = ({n: v for n, v in body.items() if n != "seed"} for body in (ours, theirs))
    return all(_same(value, theirs.get(name, _default(name))) for name, value in ours.items()) and all(
        _same(value, _SAMPLE.get(name, _default(name)))
        for name, value in theirs.items()
        if name in PARAMETERS and name not in ours
    )


def inputs_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body sets, taken out of one wrapper: nothing and empty text mean "not set"."""
    if "prompt" not in body:
        inner = (body.get(name) for name in _WRAPPERS)
        body = next((b for b in inner if isinstance(b, Mapping) and "prompt" in b), body)
    return {name: value for name, value in body.items() if value is not None and value != ""}


def _default(name: str) -> Any:
    return PARAMETERS[name].default if name in PARAMETERS else None


def _same_seed(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    return _same(inputs_of(sent).get("seed", -1), inputs_of(recorded).get("seed", -1))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one, though one of them be text: "5" and 5, "true" and True, a space at the end."""
    if one is None or other is None:
        return False
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    if isinstance(one, str) or isinstance(other, str):
        if isinstance(one, bool) or isinstance(other, bool):
            return str(one).strip().lower() == str(other).strip().lower()
        try:
            return float(one) == float(other)
        except (TypeError, ValueError, OverflowError):
            return False
    return bool(one == other)


def taken_up() -> errors.OutcomeUnknown:
    """A row was given the job that is most likely its own; said in the row until the job has ended."""
    return errors.OutcomeUnknown(
        "the answer to the send was lost, and the account has a job that is most likely this one's",
        remedy="studio.resume() looks after it.",
    )


def given_back() -> errors.OutcomeUnknown:
    """The job that was most likely a row's own has failed: so it was perhaps another one's."""
    return errors.OutcomeUnknown(
        "the answer to the send was lost; the account has a job like it that failed, which may be another one's",
        remedy="Run studio.reconcile() some minutes later; it says what to do.",
    )


def still_running(since_us: int, sent_us: int) -> errors.OutcomeUnknown:
    """The account calls the job running: while it does, only time closes the row."""
    return errors.OutcomeUnknown(
        f"the account says that it is still running, since {clock(since_us)}",
        remedy=f"Look again later; from {clock(sent_us + STUCK_US)} on it can be written off.",
    )


def clock(us: int) -> str:
    """A moment as people read it, UTC."""
    return f"{datetime.fromtimestamp(us / 1e6, timezone.utc):%d %b %H:%M} UTC"


def written_off(why: str, kept_usd: float | None) -> errors.OutcomeUnknown:
    """A person has closed a row whose job the account's history does not know, or calls running for ever."""
    if kept_usd is None:
        return errors.OutcomeUnknown(f"you wrote it off: {why}", remedy="Run the cell again to send it anew.")
    return errors.OutcomeUnknown(
        f"you wrote it off: {why}; nobody told the charge, so {money(kept_usd)} stays reserved",
        remedy="studio.reconcile() settles it once the account tells. Run the cell again to send it anew.",
    )


def nowhere_left(status_code: int | None, billed: bool | None) -> errors.ClipError:
    """A clip that was on the disk once, and that neither the disk nor the service has any more."""
    return errors.ClipError(
        "neither this disk nor the service has this clip any more",
        status_code=status_code,
        billed=billed,
        remedy="Generate it again: it will be a new clip.",
    )


def doubtful() -> errors.OutcomeUnknown:
    """A row cannot be closed while the account has a job that may be its own or that of a newer send."""
    return errors.OutcomeUnknown(
        "the account has a job that may be this one's, or that of a newer send whose answer is still out",
        remedy="Wait until that one has been answered, then try again.",
    )


def anothers() -> errors.ServiceError:
    """A row that was taken over from the account's history, whose job turned out to be that of a send from here."""
    return errors.ServiceError(
        "this job was another row's, whose answer has come since",
        billed=False,
        remedy="Its clip and its cost are with that row.",
    )
