"""Error answers: from a status code and whatever text came with it to one error that a person can act on."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from http.client import responses as HTTP_WORDS  # noqa: N812  a table of constants
from typing import Any

from pixverse_nb import errors
from pixverse_nb.errors import ServiceError

from .answers import Accounting, read_time

_MODERATION = re.compile(
    r"moderat|content policy|safety|nsfw|sensitive|inappropriate|prohibited|violat|not allowed by policy", re.IGNORECASE
)
# Under a status that has other meanings, too, only words that nothing else is said in.
_SURELY_MODERATION = re.compile(
    r"moderat(ion|ed)\b|\bnsfw\b|(content|usage|safety)[- ](policy|policies|filter)|violat\w* (our|the|a|\w*) ?polic"
    r"|(sensitive|inappropriate|prohibited) (content|material|words?)",
    re.IGNORECASE,
)
_TOP_UP = "Top up at Segmind, or ask for less: studio.credits() shows the balance, pv.estimate(...) the price."

# status -> (error, what happened, remedy). The words are ours, the detail is the service's.
_PLAIN: dict[int, tuple[type[ServiceError], str, str]] = {
    400: (errors.BadRequest, "the service did not accept the request", "Change the parameter that it names."),
    402: (errors.InsufficientCredits, "not enough credits", _TOP_UP),
    403: (
        errors.PermissionDenied,
        "this account may not use the model",
        "Ask the owner of the account or team to allow it, or use another key.",
    ),
    404: (errors.NotFound, "the service does not know this model or address", "Check base_url."),
    405: (errors.WrongMethod, "this address does not take this kind of request", "Check base_url."),
    410: (errors.ModelRetired, "the model is no longer served", "See Segmind's model page for its successor."),
    422: (
        errors.GenerationFailed,
        "the generation failed",
        "Send it again; change what its words name, if they do.",
    ),
    429: (errors.RateLimited, "too many requests", "Wait for the reset; nothing was queued."),
}


def refusal(status: int, text: str, headers: Mapping[str, str] | None = None) -> ServiceError:
    """The error for an answered status of 400 or more; not billed (contract, Status codes).

    A job that failed is the exception when its answer reports a cost all the same: what is reported is the truth. All
    that a failed job's answer reports becomes the error's `accounting`.

    Parameters
    ----------
    status : int
        The HTTP status.
    text : str
        The answer's body: JSON, plain text or HTML.
    headers : mapping, optional
        The answer's headers, for `x-request-id`.
    """
    detail = read_detail(text, phrase=HTTP_WORDS.get(status))
    kind, what, remedy = _meaning(status, detail or "", is_page=_is_page(text))
    error = kind(
        what,
        status_code=status,
        detail=detail,
        billed=False,
        remedy=remedy,
        request_id=(headers or {}).get("x-request-id"),
    )
    if isinstance(error, errors.GenerationFailed):
        error.accounting = _accounting(text, headers or {})
        error.billed = bool(error.accounting.cost_micros)
    return error


def _accounting(text: str, headers: Mapping[str, str]) -> Accounting:
    """What a failed job's answer reports, in its body or its headers."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    reported = Accounting.of_metrics(body) if isinstance(body, Mapping) else Accounting()
    return reported.or_else(Accounting.of_headers(headers))


def _meaning(status: int, detail: str, *, is_page: bool) -> tuple[type[ServiceError], str, str]:
    if status == 401:
        return _meaning_of_401(detail)
    moderation = {400: _SURELY_MODERATION, 406: _SURELY_MODERATION, 422: _MODERATION}.get(status)
    if moderation is not None and moderation.search(detail):
        return (
            errors.ModerationRefused,
            "the content was refused by moderation",
            "Reword the prompt or change the picture; the same request will be refused again.",
        )
    if status == 406:
        return _meaning_of_406(detail, is_page=is_page)
    if status in _PLAIN:
        return _PLAIN[status]
    if status >= 500:
        return (
            errors.ServerError,
            "the service failed inside",
            "Try again later; a 500 often means a bad value, so check what was changed last.",
        )
    return (ServiceError, f"the service answered {status}", "See the detail; nothing was queued.")


def _meaning_of_401(detail: str) -> tuple[type[ServiceError], str, str]:
    if re.search(r"missing|required|no api key|not provided|empty", detail, re.IGNORECASE):
        return (
            errors.AuthenticationError,
            "no API key arrived at the service",
            "Pass api_key=..., or set SEGMIND_API_KEY.",
        )
    return (
        errors.AuthenticationError,
        "the API key was rejected",
        "Check the key in Segmind's console; it looks like SG_ and 16 hex digits.",
    )


def _meaning_of_406(detail: str, *, is_page: bool) -> tuple[type[ServiceError], str, str]:
    """What the text speaks of; "Insufficient Credits", the document's own meaning, where it does not say."""
    if re.search(r"content[- ]?type|media type", detail, re.IGNORECASE):
        return (
            errors.UnsupportedType,
            "the service did not accept the request's Content-Type",
            "Something between here and the service changed the request: check proxies and base_url.",
        )
    if re.search(r"spend|team|member|workspace|budget", detail, re.IGNORECASE):
        return (
            errors.SpendingLimit,
            "a spending limit of the team is reached",
            "Ask the team's owner to raise the limit, or wait for its reset.",
        )
    money = r"credit|balance|insufficient|funds|top.?up|quota|payment|exhaust|billing"
    if not detail or re.search(money, detail, re.IGNORECASE):
        return (errors.InsufficientCredits, "not enough credits", _TOP_UP)
    says_nothing = is_page or re.fullmatch(r"(406\W*)?not acceptable\W*", detail, re.IGNORECASE)
    if says_nothing and not re.search(r"value|parameter|invalid|must |allowed|range", detail, re.IGNORECASE):
        return (errors.InsufficientCredits, "not enough credits, as far as a 406 without a reason says", _TOP_UP)
    return (errors.RejectedValue, "the service rejected a value", "Change the value that it names.")


def read_detail(text: str, *, phrase: str | None = None) -> str | None:
    """The service's own words in an error answer: JSON's `error` and others, plain text, or a page's title.

    `phrase` is what HTTP calls the status: beside other words it says nothing.
    """
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _plain(text)
    if isinstance(body, Mapping):
        words = [body.get(name) for name in ("error", "error_description", "message", "detail")]
        said = list(dict.fromkeys(w if isinstance(w, str) else json.dumps(w, ensure_ascii=False) for w in words if w))
        said = [w for w in said if phrase is None or w.casefold() != phrase.casefold()] or said
        return _short(": ".join(said)) or None
    return (_short(str(body)) or None) if body else None


def _is_page(text: str) -> bool:
    """Whether it is HTML."""
    return re.match(r"\s*<(!doctype|html|head|body|\w+[ >])", text, re.IGNORECASE) is not None


def _plain(text: str) -> str | None:
    if _is_page(text):
        title = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL)
        text = html.unescape(re.sub(r"<[^>]*>", " ", title[2])) if title else "an HTML page"
    return _short(text) or None


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip().encode("utf-8", "replace").decode()  # no halves of surrogate pairs
    return text if len(text) <= 500 else text[:499] + "…"


def reset_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds until a rate limit resets, from `x-rate-limit-reset-at-utc` (or Retry-After); 15 without either.

    At least 0.5 and at most 3600 seconds.
    """
    now = now or datetime.now(timezone.utc)
    moment = read_time(headers.get("x-rate-limit-reset-at-utc"))
    if moment is not None:
        seconds = (moment - now).total_seconds()
    else:
        after = headers.get("retry-after", "")
        seconds = float(after) if re.fullmatch(r"\d+(\.\d+)?", after) else 15.0
    return min(max(seconds, 0.5), 3600.0)


def unreachable(url: str, why: str, *, is_here: bool = False) -> errors.ServiceUnreachable:
    """The error for an address that gave no answer, to a request that costs nothing or was never sent."""
    host = url.split("/")[2]
    remedy = "Check the network and base_url, then try again."
    if is_here:
        remedy = "It is a server on this machine, as the preview engine is: it has ended, or a sandbox is in the way."
    return errors.ServiceUnreachable(f"{host} could not be reached: {why}", billed=False, remedy=remedy)


def lost_answer(
    what: str, status: int | None, detail: str | None = None, request_id: str | None = None
) -> errors.OutcomeUnknown:
    """The error for a send without a clear answer: it may be running and billed."""
    return errors.OutcomeUnknown(
        f"the answer to the send was lost ({what})",
        status_code=status,
        detail=detail,
        request_id=request_id,
        remedy="studio.resume() looks for it in the account's history. To send it again all the same, by your own "
        "decision: reuse=False.",
    )


def reported(lost: errors.OutcomeUnknown, accounting: Accounting, *, billed: bool) -> errors.OutcomeUnknown:
    """The same error with what its 200 reported of the job; a cost in it means a bill."""
    lost.accounting = accounting
    if billed or accounting.cost_micros:
        lost.billed = True
    return lost
