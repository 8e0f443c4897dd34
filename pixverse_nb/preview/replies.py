"""Answers as the service words them: JSON, plain text or HTML, by status code (contract, Status codes)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from pathlib import Path
from typing import Any

JSON = "application/json"

RESET = -1
"""`Reply.cut_after`: the connection is reset instead of an answer."""

CUT_HALFWAY = -2
"""`Reply.cut_after`: the connection ends halfway through whatever is sent."""

RATE_RESET_HEADER = "x-rate-limit-reset-at-utc"

_WORDS: Mapping[int, tuple[str, str]] = {
    400: ("Bad Request", "Invalid parameters or request format"),
    401: ("Unauthorized", "Invalid API key"),
    402: ("Payment Required", "Insufficient credits"),
    403: ("Forbidden", "Insufficient permissions: this model is not enabled for your account or team"),
    404: ("Not Found", "Model or endpoint not found"),
    405: ("Method Not Allowed", "The method is not allowed for the requested URL."),
    406: ("Insufficient Credits", "Insufficient credits: not enough credits to process request"),
    408: ("Request Timeout", "The request did not arrive in time"),
    410: ("Gone", "This model has been retired"),
    411: ("Length Required", "Send a Content-Length"),
    413: ("Payload Too Large", "The request body is too large"),
    422: ("Unprocessable Entity", "Inference failed"),
    429: ("Too Many Requests", "Rate limit exceeded"),
    500: ("Internal Server Error", "Internal server error"),
    502: ("Bad Gateway", "Service temporarily unavailable"),
    503: ("Service Unavailable", "Service temporarily unavailable"),
    504: ("Gateway Timeout", "Request timed out"),
}

_HTML = frozenset({405, 502, 504})  # 405 always, a proxy's answers for the others (contract, Status codes)
_TEXT = frozenset({406})


class Refusal(Exception):
    """The request is answered with an error: an early answer, raised from any depth, not a failure of the engine."""

    def __init__(self, status: int, text: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, text)
        self.reply = error(status, text)
        self.reply.headers.update(headers or {})


@dataclass
class Reply:
    """An answer before it goes out.

    Attributes
    ----------
    status : int
        HTTP status.
    headers : dict
        Headers, Content-Type included, Content-Length not.
    body : bytes or Path
        What is sent; a file is sent from the disk, in the ranges that were asked for.
    cut_after : int or None
        Bytes of the body after which the connection is closed, or RESET, or CUT_HALFWAY.
    drip_s : float
        Seconds over which the body trickles out; 0 sends it at once.
    length_error : int
        Bytes that Content-Length is wrong by.
    corrupt : bool
        Whether the bytes are damaged from the first quarter on.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Path = b""
    cut_after: int | None = None
    drip_s: float = 0.0
    length_error: int = 0
    corrupt: bool = False


def json_reply(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    body = json.dumps(payload, separators=(",", ":")).encode()  # in ASCII: half a surrogate pair has no UTF-8
    return Reply(status, {"Content-Type": JSON, **(headers or {})}, body)


def error(status: int, text: str | None = None) -> Reply:
    """An error with the body shape that the service gives this status; `text` replaces its usual words."""
    phrase, usual = _WORDS.get(status) or (_phrase(status), _phrase(status))
    words = text or usual
    if status in _HTML:
        page = f"<!doctype html>\n<title>{status} {phrase}</title>\n<h1>{phrase}</h1>\n<p>{_plain(words)}</p>\n"
        return Reply(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode())
    if status in _TEXT:
        return Reply(status, {"Content-Type": "text/plain; charset=utf-8"}, words.encode())
    payload: dict[str, Any] = {"error": words}
    if words != phrase and status != 422:
        payload |= {"error_description": phrase, "status_code": status}
    return json_reply(payload, status)


def rate_limited(reset_in_s: float, text: str | None = None) -> Reply:
    """429 with the time, to the millisecond and in UTC, from which sending again is welcome."""
    reply = error(429, text)
    reply.headers[RATE_RESET_HEADER] = timestamp(datetime.now(timezone.utc) + timedelta(seconds=reset_in_s))
    return reply


def timestamp(moment: datetime) -> str:
    """A UTC time as the service writes it, for example 2026-11-22T14:25:03.512Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Error {status}"


def _plain(words: str) -> str:
    """Words that cannot be taken for markup: they may come from a fault script or from a request."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
