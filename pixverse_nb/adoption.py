"""Taking a job of the account into the history, and closing a row that the account does not know."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from . import errors
from .books import LOOKS_S, Desk, bring_home
from .generation import Generation
from .job import Job
from .lost import ADOPTED, inputs_of, job_of, recorded_at, still_running
from .mishaps import failed
from .parameters import MODEL, PARAMETERS, Parameter, Value
from .pricing import price as estimated
from .request import Request
from .rows import words_of
from .segmind.answers import AccountRow, normalise
from .store.schema import PREVIEW
from .store.words import Row, now_us

_LONGEST_ID = 200  # characters
_TEXT_AS: Mapping[str, Callable[[str], Value]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


# ---- adopting ----------------------------------------------------------------------------------------------------


def adopt(desk: Desk, request_id: object) -> Generation:
    """See `Studio.adopt`."""
    store = desk.bench.store
    if store.read_only is not None:
        raise store.read_only
    if not isinstance(request_id, str) or not normalise(request_id.strip()) or len(request_id) > _LONGEST_ID:
        raise errors.InvalidParameter(
            f"request_id={str(request_id)[:80]!r} is not a request id",
            remedy="Pass one that studio.reconcile() shows, as text.",
            billed=False,
        )
    wanted = normalise(request_id.strip())
    row = store.rows_of_requests([wanted]).get(wanted)
    if row is not None and row["service"] == desk.bench.backend.name:
        away = row["status"] == "failed" or (row["status"] == "completed" and not desk.has_clip(row))
        known = desk.bench.backend.client.account_row(request_id.strip()) if away else None
        if known is not None and bring_home(desk, row, known):
            return desk.handle(store.row(row["id"]) or row)
    if row is None:
        told = _told(desk, request_id.strip())
        sender = _sender(desk, told)
        if sender is not None:
            return sender
        row = store.take_over(_row_of(desk, told))
    generation = desk.handle(row)
    if row["service"] == desk.bench.backend.name:
        desk.follow(generation)
    return generation


def _told(desk: Desk, request_id: str) -> AccountRow:
    """The account's record of a job that can be taken over."""
    told = desk.bench.backend.client.account_row(request_id)
    if told is None:
        raise errors.NotFound(
            f"the account's history knows no request {request_id!r}", remedy="See studio.reconcile() for its requests."
        )
    if told.model not in {"", MODEL}:
        raise errors.InvalidParameter(
            f"request {request_id} is a job of {told.model}", remedy=f"Only jobs of {MODEL} can be taken over."
        )
    if told.status == "FAILED" and not told.cost_micros:
        raise errors.InvalidParameter(
            f"request {request_id} failed ({told.error or 'no reason given'}): there is no clip to take over",
            billed=False,
        )
    if told.status == "COMPLETED" and told.url is None and not told.cost_micros:
        raise errors.BadAnswer(f"request {request_id} is finished, but the account does not say where its clip is")
    return told


def _sender(desk: Desk, told: AccountRow) -> Generation | None:
    """The row here that most likely sent a job, once it has found it; None when there is no such row."""
    wanted = normalise(told.request_id)
    for row in desk.bench.store.unfinished(desk.bench.backend.name):
        lost = row["status"] in {"unknown", "submitting"} and row["sent_at"] and not row["request_id"]
        if not lost or job_of(row, [told], set(), desk.bench) is None:
            continue
        generation = desk.handle(row)
        if row["status"] == "unknown":
            desk.await_look(generation, time.monotonic() + LOOKS_S)
        if normalise(generation.request_id or "") == wanted:
            return generation
        raise errors.PixverseError(
            f"request {told.request_id} is most likely that of generation {row['id']}, whose answer is still out",
            request_id=told.request_id,
            remedy=f'It finds its job by itself: studio.generation("{row["id"]}").wait()',
        )
    return None


def _row_of(desk: Desk, told: AccountRow) -> Row:
    """A new row for a job of the account, as far as the account tells; a charge without a clip is a failed one."""
    backend = desk.bench.backend
    request = request_of_body(told.body)
    # What was drawn at an unknown quality or length teaches no price, and may cost whatever the model costs at most.
    priced = {"duration", "quality"} <= inputs_of(told.body).keys() - request.extra.keys()
    price = request.estimate if priced else estimated(request.parameters, unlisted=True)
    ended, pretended = told.status in {"COMPLETED", "FAILED"}, backend.name == PREVIEW
    done = told.status == "COMPLETED" and told.url is not None
    known = ended and told.cost_micros is not None
    sent_at = min(recorded_at(told, desk.bench) or now_us(), now_us())
    return {
        **(_why_no_clip(told) if ended and not done else {}),
        "service": backend.name,
        "engine": backend.engine,
        "api": "v2",
        "studio": ADOPTED,
        "status": "downloading" if done else "failed" if ended else "queued",
        "created_at": sent_at,
        "sent_at": sent_at,
        **request.parameters,
        "extra": json.dumps(request.extra, sort_keys=True) if request.extra else None,
        "take": request.take,
        "identity": request.identity,
        "family": request.family,
        "request_id": told.request_id,
        "estimate_micros": price.expected_micros if priced else None,
        "ceiling_micros": price.ceiling_micros,
        "reserved_micros": 0 if known else price.ceiling_micros,
        "cost_micros": told.cost_micros if known else None,
        "cost_source": (PREVIEW if pretended else "account") if known else None,
        "billed": True if ended and not pretended else None,
        "output_url": told.url if done else None,
    }


def _why_no_clip(told: AccountRow) -> Row:
    """The end of a job that was charged and of which there is no clip to fetch, as columns."""
    if told.status == "FAILED":
        error = failed(told.error, told.request_id)
    else:
        error = errors.ServiceError(
            "the account says that it is finished, but not where its clip is",
            remedy="studio.reconcile() fetches it once the account does.",
        )
    return {"completed_at": now_us(), **words_of(error)}


def request_of_body(body: Mapping[str, Any]) -> Request:
    """The request that the account recorded: what the schema knows and takes are parameters, all else is `extra`.

    What is always sent and was not recorded is the service's default; a prompt that was not recorded is empty.
    """
    inputs = inputs_of(body)
    parameters: dict[str, Value] = {}
    for name, parameter in PARAMETERS.items():
        value = _value(parameter, inputs[name]) if name in inputs else None
        if value is None and parameter.always_sent:
            value = "" if parameter.default is None else parameter.default
        if value is not None:
            parameters[name] = value
    taken = {name for name in parameters if name in inputs and _value(PARAMETERS[name], inputs[name]) is not None}
    return Request(parameters, None, 1, {name: value for name, value in inputs.items() if name not in taken})


def _value(parameter: Parameter, value: Any) -> Value | None:
    """A recorded value as the schema takes it, though it be kept as text; None when it takes none such."""
    with suppress(errors.InvalidParameter):
        return parameter.check(value)
    if isinstance(value, str) and parameter.kind in _TEXT_AS:
        with suppress(errors.InvalidParameter, ValueError, KeyError):
            return parameter.check(_TEXT_AS[parameter.kind](value.strip()))
    return None


# ---- writing off -------------------------------------------------------------------------------------------------


def write_off(desk: Desk, id: object) -> Generation:
    """See `Studio.write_off`."""
    store = desk.bench.store
    if store.read_only is not None:
        raise store.read_only
    if not isinstance(id, str):
        raise errors.InvalidParameter(
            f"id={str(id)[:80]!r} is not an id of the history", remedy="See studio.history().index.", billed=False
        )
    row = store.row(id)
    if row is None:
        raise errors.NotFound(f"the history holds no {id!r}", remedy="See studio.history().index.")
    if row["status"] != "unknown" or row["service"] != desk.bench.backend.name:
        raise _not_to_write_off(row, desk.bench.backend.name)
    generation = desk.handle(row)
    job = None
    try:
        for _ in range(3):  # a look of its own may have been the job's last one, just now
            job = desk.await_look(generation, time.monotonic() + LOOKS_S, give_up=True)
            if job is None or job.elsewhere or not job.giving_up:
                break
    finally:
        if job is not None:
            job.giving_up = None  # whatever is still being asked, nobody waits for it any more
    running = generation._stall is None and generation.request_id and not row["request_id"]
    if generation.status != "unknown" or running:
        return generation
    raise _why_open(generation, job)


def _not_to_write_off(row: Row, service: str) -> errors.InvalidParameter:
    if row["service"] != service:
        return errors.InvalidParameter(
            f"generation {row['id']} was sent to {row['service']}, but this studio is on {service}",
            remedy="Open a studio there: only that account's history can tell.",
        )
    return errors.InvalidParameter(
        f"generation {row['id']} is {row['status']}: only one whose outcome is unknown can be written off",
        remedy=f'See studio.generation("{row["id"]}").',
    )


def _why_open(generation: Generation, job: Job | None) -> errors.PixverseError:
    if job is not None and job.elsewhere:
        return errors.PixverseError(
            f"another kernel is looking for generation {generation.id} just now",
            remedy="Write it off there, or here in a few minutes.",
        )
    stall = generation._stall
    if stall is None and job is not None and job.running_since is not None:
        return still_running(job.running_since, job.row["sent_at"])
    return stall or errors.WaitTimeout(
        f"the account's history has not answered within {LOOKS_S:g} s, so generation {generation.id} stays unknown",
        remedy="Try again later.",
    )
