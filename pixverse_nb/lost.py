"""Finding a job whose answer was lost in the account's history: the only substitute for an idempotency key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from . import errors
from .parameters import MODEL, PARAMETERS, with_defaults
from .rows import request_of
from .segmind.answers import AccountRow, normalise
from .store.store import Row
from .workbench import Workbench

_SKEW = timedelta(minutes=10)  # clocks differ, and a blocking call may be recorded at its end


def find_lost(row: Row, bench: Workbench) -> AccountRow | None:
    """The account's record of a row's job: by request id where there is one, else by parameters and time.

    The id of a v2 job is what its submit was answered with. On v1 it is a header, which a proxy may have written: when
    the account does not know it, the parameters decide.
    """
    client = bench.backend.client
    known = row["request_id"]
    found = client.account_row(known) if known else None
    if found is not None:
        return found
    day = datetime.fromtimestamp(row["sent_at"] / 1e6, timezone.utc).date()
    rows = list(client.account_rows(day - timedelta(days=1), day + timedelta(days=2)))
    if known:
        found = next((r for r in rows if normalise(r.request_id) == normalise(known)), None)
        if found is not None or row["api"] == "v2":
            return found
    body = request_of(row).body(row["sent_image_url"])
    span = bench.pace.run_read_s if row["api"] == "v1" else bench.pace.submit_read_s
    return find_job(rows, body, row["sent_at"], bench.store.claimed_requests(), span)


def fresh_url(row: Row, bench: Workbench) -> str | None:
    """Another address of a finished clip than the row's: by request id, else from the account's history."""
    client, request_id, old = bench.backend.client, row["request_id"], row["output_url"]
    if not request_id:
        return None
    with contextlib.suppress(errors.PixverseError):
        url, _ = client.result(request_id)
        if url != old:
            return url
    account = client.account_row(request_id)
    return account.url if account and account.url != old else None


def find_job(
    rows: Iterable[AccountRow], sent: Mapping[str, Any], sent_at_us: int, claimed: set[str], span_s: float
) -> AccountRow | None:
    """The earliest account row that can be the job: same model and parameters, near in time, of no other local row.

    Parameters
    ----------
    rows : iterable of AccountRow
        The account's history around the send.
    sent : mapping
        The body of the POST.
    sent_at_us : int
        When it was sent, microseconds since 1970.
    claimed : set of str
        Request ids that other rows of this home have.
    span_s : float
        How long the service may have taken to record it, s.
    """
    moment = datetime.fromtimestamp(sent_at_us / 1e6, timezone.utc)
    taken = {normalise(request_id) for request_id in claimed}
    candidates = [
        row
        for row in rows
        if normalise(row.request_id) not in taken
        and row.model in ("", MODEL)
        and (row.created_at is None or moment - _SKEW <= row.created_at <= moment + timedelta(seconds=span_s) + _SKEW)
        and same_inputs(sent, row.body)
    ]
    latest = datetime.max.replace(tzinfo=timezone.utc)
    return min(candidates, key=lambda row: row.created_at or latest, default=None)


def same_inputs(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    """Whether two bodies ask for the same clip, defaults filled in; whether they are kept byte for byte is open."""
    full_sent, full_recorded = with_defaults(sent), with_defaults({k: v for k, v in recorded.items() if v is not None})
    names = {*full_sent, *(name for name in full_recorded if name in PARAMETERS)}
    return all(_same(full_sent.get(name), full_recorded.get(name)) for name in names)


def _same(one: Any, other: Any) -> bool:
    if one == other:
        return True
    return str(one).strip().lower() == str(other).strip().lower() and one is not None and other is not None
