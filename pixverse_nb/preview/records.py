"""A job as the service tells of it: poll answers, results, accounting headers, rows of the account history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from pixverse_nb.parameters import MODEL
from pixverse_nb.pricing import MICROS

from .faults import PRIVATE_URL
from .replies import Refusal, timestamp

if TYPE_CHECKING:
    from .jobs import Job

HISTORY = "/inference-request/request-history"
USER_ID = "00000000-0000-4000-8000-000000000000"
USER_EMAIL = "preview@example.com"

_STATES = {"QUEUED": "PENDING", "PROCESSING": "PENDING"}
_SORT_KEYS = ("model_created", "model_name", "credits_deduction")


def submitted(job: Job, base: str) -> dict[str, Any]:
    """The answer to a v2 submit; `poll_url` is v1's older one."""
    record = f"/requests/{job.id}"
    return {
        "request_id": job.id,
        "status": "QUEUED",
        "poll_url": f"{base}/v1{record}",
        "status_url": f"{base}/v2{record}/status",
        "response_url": f"{base}/v2{record}",
    }


def status(job: Job, base: str) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of a status poll: FAILED comes under 422 (contract, v2 in full)."""
    urls = submitted(job, base)
    body = {"status": job.status, **{name: urls[name] for name in ("request_id", "status_url", "response_url")}}
    if not job.quirk("no-metrics"):
        body["metrics"] = metrics(job)
    if body["status"] == "FAILED":
        return 422, {**body, "error": job.error}
    return 200, body


def result(job: Job, base: str) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of a result; before the end it is the status."""
    code, body = status(job, base)
    if body["status"] == "COMPLETED":
        body |= {**output(job, base), "seed": job.order.seed if job.order else None}
    return code, body


def output(job: Job, base: str) -> dict[str, Any]:
    """`output` and `video` of a completed job, in the shape that a fault may have asked for."""
    url = file_url(job, base)
    size = job.clip.stat().st_size if job.clip and job.clip.is_file() else None
    fault = job.quirk("output")
    match fault.shape if fault else "url":
        case "list":
            return {"output": [url]}
        case "object":
            return {"output": {"url": url, "content_type": "video/mp4"}}
        case "nested":
            return {"output": {"result": {"videos": [{"video": {"url": url}}]}}}
        case "private":
            url = (fault and fault.url) or PRIVATE_URL
    video = {"url": url, "content_type": "video/mp4", "file_name": f"{job.file_id}.mp4", "file_size": size}
    return {"output": url, "video": video}


def file_url(job: Job, base: str) -> str | None:
    """Where the clip of a completed job lies; it needs no key."""
    return f"{base}/files/{job.file_id}.mp4" if job.file_id else None


def metrics(job: Job) -> dict[str, float | int]:
    """Costs in USD and times in seconds of an ended job; empty before."""
    if not job.done.is_set() or job.charge_micros is None or job.remaining_micros is None:
        return {}
    money = {"cost": job.charge_micros / MICROS, "remaining_credits": job.remaining_micros / MICROS}
    return {**({} if job.quirk("no-cost") else money), **job.times, "retry_count": 0}


def headers(job: Job) -> dict[str, str]:
    """Accounting headers of a v1 answer (contract, The two ways in)."""
    told = {"x-request-id": job.id}
    if job.order:
        told["x-seed-value"] = str(job.order.seed)
    figures = {} if job.quirk("no-metrics") else metrics(job)
    for name, key in (("x-cost", "cost"), ("x-remaining-credits", "remaining_credits")):
        if key in figures:
            told[name] = f"{figures[key]:.6f}"
    if "inference_time" in figures:
        told["x-generation-time"] = f"{figures['inference_time']:.3f}"
    return told


def row(job: Job, base: str) -> dict[str, Any]:
    """A row of the account history."""
    state = _STATES.get(job.status, job.status)
    ended = state != "PENDING"
    ended_at = job.created_at + timedelta(seconds=job.times.get("total_time", 0.0))
    return {
        "request_id": job.id,
        "model_name": MODEL,
        "model_status": state,
        "credits_deduction": None if job.charge_micros is None else job.charge_micros / MICROS,
        "request_body": job.body,
        "generation_url": file_url(job, base),
        "latency_ms": round(job.times["total_time"] * 1000) if ended else None,
        "error": job.error if ended else None,
        "model_created": timestamp(job.created_at),
        "model_updated": timestamp(ended_at) if ended else None,
        "user_id": USER_ID,
    }


def history(jobs: list[Job], query: Mapping[str, str], base: str) -> dict[str, Any]:
    """A page of the account history, newest first unless asked otherwise.

    Raises
    ------
    Refusal
        400 for a filter that cannot be read, 403 for another user's requests.
    """
    page, per_page = _whole(query, "page", 1, None), _whole(query, "per_page", 20, 100)
    first, last = _window(query)
    _only_own(query)
    name = query.get("model_name", "").lower()
    state = _one_of(query, "status", ("COMPLETED", "FAILED", "PENDING"), "")
    rows = [row(job, base) for job in jobs if first <= job.created_at.date() <= last]
    rows = [r for r in rows if name in MODEL and state in {"", r["model_status"]}]
    # Jobs come oldest first and sorting keeps that order among equals, also when it is reversed as a whole.
    key = _one_of(query, "sort_by", _SORT_KEYS, "model_created")
    rows.sort(key=lambda r: r[key] or 0 if key == "credits_deduction" else r[key])
    if _one_of(query, "sort_order", ("desc", "asc"), "desc") == "desc":
        rows.reverse()
    pages = -(-len(rows) // per_page)
    shown = rows[(page - 1) * per_page : page * per_page]
    return {"data": shown, "page": page, "per_page": per_page, "total": len(rows), "total_pages": pages}


def _whole(query: Mapping[str, str], name: str, default: int, most: int | None) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1 or (most and int(text) > most):
        raise Refusal(400, f"{name} must be a whole number from 1" + (f" to {most}" if most else ""))
    return int(text)


def _one_of(query: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    text = query.get(name) or default
    if text not in {*choices, default}:
        raise Refusal(400, f"{name} must be one of {', '.join(choices)}")
    return text


def _window(query: Mapping[str, str]) -> tuple[date, date]:
    """First and last day, UTC, both included: the last 7 days unless asked otherwise, at most 31."""
    today = datetime.now(timezone.utc).date()
    try:
        last = date.fromisoformat(query["to_date"]) if query.get("to_date") else today
        first = date.fromisoformat(query["from_date"]) if query.get("from_date") else last - timedelta(days=7)
    except (ValueError, OverflowError):  # before the year 1, too
        raise Refusal(400, "from_date and to_date must be dates like 2026-11-22") from None
    if last < first or (last - first).days > 31:
        raise Refusal(400, "from_date and to_date must span 0 to 31 days")
    return first, last


def _only_own(query: Mapping[str, str]) -> None:
    if query.get("user_id") and query.get("user_email"):
        raise Refusal(400, "pass user_id or user_email, not both")
    if query.get("user_id", USER_ID) != USER_ID or query.get("user_email", USER_EMAIL) != USER_EMAIL:
        raise Refusal(403, "you may only list your own requests")
