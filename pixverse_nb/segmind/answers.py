"""What the service says, read tolerantly and handed on as plain values.

Nothing here touches the network. A figure that is absent or absurd is None, never zero.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from pixverse_nb.errors import BadAnswer
from pixverse_nb.pricing import to_micros

# An answer also names its own polling addresses, and may repeat the picture that was sent.
_NO_CLIP = re.compile(r"/v2/requests/|\.(png|jpe?g|webp|gif)([?#]|$)", re.IGNORECASE)
# Spaces only after the host and its slash: a sentence that begins with an address is rarely one.
_URL = re.compile(r"https?://[^\s/?#]+(/[\S ]*|[?#]\S*)?", re.IGNORECASE)
_ROW_NAMES = frozenset({"model_name", "model_status", "request_body", "generation_url", "credits_deduction"})
_MOST_USD = 1e6  # a clip costs a few dollars: more than this is no price

_FINAL = {"COMPLETED": 2, "FAILED": 1}  # of two records of one request, the further one counts

STATES = {"QUEUED": "queued", "PROCESSING": "processing", "COMPLETED": "completed", "FAILED": "failed"}


@dataclass(frozen=True)
class Accounting:
    """What the service reported about one job; None where it said nothing.

    Attributes
    ----------
    cost_micros : int or None
        Charge in micro-dollars.
    remaining_usd : float or None
        Balance after it.
    queue_s, inference_s : float or None
        Seconds in the queue and at work.
    seed : int or None
        The seed that was used.
    request_id : str or None
        The service's id of the job.
    """

    cost_micros: int | None = None
    remaining_usd: float | None = None
    queue_s: float | None = None
    inference_s: float | None = None
    seed: int | None = None
    request_id: str | None = None

    @classmethod
    def of_metrics(cls, body: Mapping[str, Any]) -> Accounting:
        """From a v2 body's `metrics` and `seed`."""
        metrics = body.get("metrics")
        metrics = metrics if isinstance(metrics, Mapping) else {}
        return cls(
            cost_micros=_cost(metrics.get("cost")),
            remaining_usd=_number(metrics.get("remaining_credits"), signed=True),
            queue_s=_number(metrics.get("queue_time")),
            inference_s=_number(metrics.get("inference_time")),
            seed=_seed(body.get("seed")),
            request_id=_text(body.get("request_id")),
        )

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> Accounting:
        """From a v1 answer's headers."""
        return cls(
            cost_micros=_cost(headers.get("x-cost")),
            remaining_usd=_number(headers.get("x-remaining-credits"), signed=True),
            inference_s=_number(headers.get("x-generation-time")),
            seed=_seed(headers.get("x-seed-value")),
            request_id=_text(headers.get("x-request-id")),
        )

    def or_else(self, other: Accounting) -> Accounting:
        """These figures, and the other's where these say nothing."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return Accounting(**{name: getattr(other, name) if value is None else value for name, value in pairs})


@dataclass(frozen=True)
class Progress:
    """A v2 status answer: one of the history's words, and the service's text for a failure."""

    status: str
    error: str | None
    accounting: Accounting


@dataclass(frozen=True)
class AccountRow:
    """One row of the account's history.

    Attributes
    ----------
    request_id : str
        As the history writes it; compare with `normalise`.
    status : str
        COMPLETED, FAILED or PENDING.
    body : dict
        The inputs as sent.
    created_at : datetime or None
        UTC, where the row tells.
    """

    request_id: str
    model: str
    status: str
    cost_micros: int | None
    body: dict[str, Any] = field(repr=False)
    url: str | None
    error: str | None
    latency_s: float | None
    created_at: datetime | None


def read_json(text: str) -> Any:
    """Parse an answer's text; raises BadAnswer when it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the latter for thousands of brackets
        shown = re.sub(r"\s+", " ", text[:80]) or "nothing"
        raise BadAnswer("the answer is not JSON", detail=repr(shown)) from None


def read_accepted(body: Any) -> str:
    """The request id of a v2 submit; raises BadAnswer without one."""
    found = _text(body.get("request_id")) if isinstance(body, Mapping) else None
    if not found:
        raise BadAnswer("the answer to the submit holds no request_id")
    return found


def read_progress(body: Any) -> Progress:
    """A v2 status body; raises BadAnswer for an unknown status."""
    word = str(body.get("status", "")).upper() if isinstance(body, Mapping) else ""
    if word not in STATES:
        raise BadAnswer("the status answer holds no known status", detail=repr(word))
    return Progress(STATES[word], _text(body.get("error")), Accounting.of_metrics(body))


def read_output(body: Any) -> str:
    """The clip's URL in a finished body, wherever it is: `video.url`, `output` as text, list, object or nested.

    `output` may also be JSON text, and a URL may hold spaces, which are then percent-encoded.

    Raises
    ------
    BadAnswer
        When the body holds no http(s) URL.
    """
    if isinstance(body, Mapping):
        for place in (body.get("video"), _opened(body.get("output")), body):
            # One with spaces comes last: it may be a sentence.
            urls = sorted((u for u in _urls(place) if not _NO_CLIP.search(u)), key=lambda u: "%20" in u)
            if urls:
                return next((u for u in urls if re.search(r"\.(mp4|webm|mov)\b", u, re.IGNORECASE)), urls[0])
    elif isinstance(body, list | str):
        for url in _urls(body):
            return url
    raise BadAnswer("the finished answer holds no URL of a clip")


def read_uploaded(body: Any) -> str:
    """The URL of an upload, from `file_urls` (the SDK) or `urls` (the docs)."""
    if isinstance(body, Mapping):
        for name in ("file_urls", "urls"):
            for url in _urls(body.get(name)):
                return url
    raise BadAnswer("the answer to the upload holds no URL")


def read_account_row(row: Mapping[str, Any]) -> AccountRow | None:
    """One row of the account's history; None when it has no id."""
    request_id = _text(row.get("request_id"))
    if not request_id:
        return None
    body = row.get("request_body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            body = None
    latency = _number(row.get("latency_ms"))
    return AccountRow(
        request_id=request_id,
        model=str(row.get("model_name") or ""),
        status=str(row.get("model_status") or row.get("status") or "").upper(),
        cost_micros=_cost(row.get("credits_deduction")),
        body=dict(body) if isinstance(body, Mapping) else {},
        url=next(_urls(_opened(row.get("generation_url"))), None),
        error=_text(row.get("error")),
        latency_s=None if latency is None else latency / 1000,
        created_at=_created(row),
    )


def read_account_rows(body: Any) -> list[Mapping[str, Any]]:
    """The rows of a page of the account's history, under whatever name the page keeps them; or a single one."""
    if isinstance(body, list):
        return [row for row in body if isinstance(row, Mapping)]
    if isinstance(body, Mapping):
        if body.get("request_id") and not _ROW_NAMES.isdisjoint(body):
            return [body]
        for value in body.values():
            if isinstance(value, list | Mapping):
                rows = read_account_rows(value)
                if rows:
                    return rows
    return []


def read_number(body: Any, name: str) -> float | None:
    """A figure of an answer, negative ones included; None when it is absent or absurd."""
    return _number(body.get(name), signed=True) if isinstance(body, Mapping) else None


def normalise(request_id: str) -> str:
    """A request id for comparing: whether the account's history writes dashes is open."""
    return request_id.replace("-", "").lower()


def merged(rows: Iterable[AccountRow]) -> dict[str, AccountRow]:
    """The records by plain request id: the account may have one for each output, and the charge on any of them.

    Of several the furthest status counts, the highest charge, and whatever else any of them tells.
    """
    found: dict[str, AccountRow] = {}
    for row in rows:
        plain = normalise(row.request_id)
        found[plain] = _both(found[plain], row) if plain in found else row
    return found


def _both(one: AccountRow, other: AccountRow) -> AccountRow:
    first, second = (one, other) if _FINAL.get(one.status, 0) >= _FINAL.get(other.status, 0) else (other, one)
    return replace(
        first,
        request_id=one.request_id,
        model=first.model or second.model,
        cost_micros=max((r.cost_micros for r in (one, other) if r.cost_micros is not None), default=None),
        body=first.body or second.body,
        url=first.url or second.url,
        error=first.error or second.error,
        created_at=min((r.created_at for r in (one, other) if r.created_at is not None), default=None),
    )


def _urls(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str) and _URL.fullmatch(value.strip()):
        yield _plain(value.strip()).replace(" ", "%20")
    elif isinstance(value, Mapping) and depth < 6:
        for name in ("url", "video_url", *value):
            yield from _urls(value.get(name), depth + 1)
    elif isinstance(value, list) and depth < 6:
        for item in value:
            yield from _urls(item, depth + 1)


def _opened(value: Any) -> Any:
    """What a list or object in JSON text holds, one level deep; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, Mapping | list):
        value = json.dumps(value, ensure_ascii=False)
    return None if value is None or str(value).strip() == "" else _plain(str(value).strip())


def _plain(text: str) -> str:
    """Text that any file or database takes: JSON can smuggle in halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def _cost(value: Any) -> int | None:
    usd = _number(value)
    return None if usd is None or usd > _MOST_USD else to_micros(usd)


def _number(value: Any, *, signed: bool = False) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    absurd = not math.isfinite(number) or abs(number) > 1e15 or (number < 0 and not signed)
    return None if absurd else number


def _seed(value: Any) -> int | None:
    number = _number(value)
    return None if number is None or number != int(number) else int(number)


def _created(row: Mapping[str, Any]) -> datetime | None:
    names = sorted((n for n in row if "creat" in n.lower()), key=lambda n: (n != "created_at", n))
    names += [n for n in row if re.search(r"time|date|_at$", n.lower()) and n not in names]
    for name in names:
        moment = read_time(row[name])
        if moment:
            return moment
    return None


def read_http_date(text: str | None) -> datetime | None:
    """A `Date` header, to the second; None without a readable one."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def read_time(value: Any) -> datetime | None:
    """A moment in UTC from ISO 8601 text or an epoch in seconds or milliseconds; None for anything else."""
    number = _number(value)
    if number is None and isinstance(value, str):
        text = re.sub(r"(\.\d{6})\d+", r"\1", value.strip().replace("Z", "+00:00").replace(" UTC", "+00:00"))
        text = re.sub(r"\.(\d{1,5})(?!\d)", lambda m: "." + m[1].ljust(6, "0"), text)
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
        except (ValueError, OverflowError):
            return None
    if number is None or not 1e9 <= number < 1e14:  # from 2001 to the year 5138, in seconds or milliseconds
        return None
    return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, timezone.utc)
