"""Finding a job whose answer was lost in the account's history: the only substitute for an idempotency key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from . import errors
from .parameters import MODEL, PARAMETERS
from .rows import request_of
from .segmind.answers import AccountRow, normalise
from .store.store import Row
from .workbench import Workbench

_TICK_S = 5.0  # a row this much before the send may be the send's: clocks are known to about a second
_EARLY_S = 60.0  # beyond this it is not, whatever the clocks
_LATE_S = 600.0  # a row may be dated when the job ends, not when it is queued
_WRAPPERS = ("inputs", "input", "body", "data", "parameters")
# What the service may fill in where its pages name no default: the values of the document's sample body.
_SAMPLE = {"motion_mode": "normal", "thinking_type": "auto"}


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
    sent_at = _by_their_clock(row["sent_at"], client.clock_offset_s)
    day = datetime.fromtimestamp(sent_at / 1e6, timezone.utc).date()
    rows = list(client.account_rows(day - timedelta(days=1), day + timedelta(days=2)))
    if known:
        found = next((r for r in rows if normalise(r.request_id) == normalise(known)), None)
        if found is not None or row["api"] == "v2":
            return found
    body = request_of(row).body(row["sent_image_url"])
    span = bench.pace.run_read_s if row["api"] == "v1" else bench.pace.submit_read_s
    sent_at = _by_their_clock(row["sent_at"], client.clock_offset_s)  # the history's answer tells it best
    return find_job(rows, body, sent_at, bench.store.claimed_requests(), span)


def _by_their_clock(moment_us: int, offset_s: float) -> int:
    return moment_us + round(offset_s * 1e6)


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
        if -_EARLY_S <= after_s <= span_s + _LATE_S:
            rank = (after_s < -_TICK_S, not _same_seed(sent, row.body), abs(after_s))
            candidates.append((rank, row))
    return min(candidates, key=lambda candidate: candidate[0], default=(None, None))[1]


def same_inputs(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    """Whether a recorded body can be that of what was sent; whether it is kept byte for byte is open.

    Everything that was sent must be there, or be the documented default. What was not sent may be there as its default,
    as the document's sample has it, or under a name that the schema does not know: the service may have filled it in.
    A random seed may be there as the one that was drawn. Numbers and switches may be text.
    """
    ours, theirs = _said(sent), _said(recorded)
    if _same(ours.get("seed", -1), -1):
        ours, theirs = ({n: v for n, v in body.items() if n != "seed"} for body in (ours, theirs))
    return all(_same(value, theirs.get(name, _default(name))) for name, value in ours.items()) and all(
        _same(value, _SAMPLE.get(name, _default(name)))
        for name, value in theirs.items()
        if name in PARAMETERS and name not in ours
    )


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body sets, taken out of one wrapper: nothing and empty text mean "not set"."""
    if "prompt" not in body:
        inner = (body.get(name) for name in _WRAPPERS)
        body = next((b for b in inner if isinstance(b, Mapping) and "prompt" in b), body)
    return {name: value for name, value in body.items() if value is not None and value != ""}


def _default(name: str) -> Any:
    return PARAMETERS[name].default if name in PARAMETERS else None


def _same_seed(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    return _same(_said(sent).get("seed", -1), _said(recorded).get("seed", -1))


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
