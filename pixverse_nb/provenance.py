"""A row of the history as the story that a saved clip tells of itself, and back.

What is secret or means nothing elsewhere stays out: no key, no address with a signature, no path, no address of the
preview engine. Whatever a file tells is checked like anything else that comes from outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .errors import InvalidParameter
from .parameters import check_count, check_extra, check_parameters
from .plain import cleaned, scrubbed
from .request import Request
from .rows import request_of
from .store.annotations import COLUMNS as SAID
from .store.annotations import checked
from .store.ids import is_id, moment_of
from .store.schema import PREVIEW
from .store.words import Row, now_us

SCHEMA = 1
"""The version of the story; a later one is not read."""

IMPORTED = "imported"
"""The studio of rows that were told by files: no studio of this home sent them."""

_LONGEST_TITLE = 120
_EARLIEST_US = 1_577_836_800_000_000  # 2020: there was no such service before
_CLOCK_US = 300_000_000  # how far a clock may be ahead of this one
_MOST_MICROS = 100_000_000  # a clip costs at most some dollars; what claims more is no bill
_MOST_S = 1_000_000.0


# ---- telling -----------------------------------------------------------------------------------------------------


def story_of(row: Row) -> dict[str, Any]:
    """What a row's clip tells of itself: JSON, for `row_of`."""
    request = request_of(row)
    told = {"parameters": request.parameters, "extra": request.extra}
    plain = {name: _without_secrets(value) for name, value in told.items()}
    story: dict[str, Any] = {
        "schema": SCHEMA,
        "id": row["id"],
        "service": _without_secrets(row["service"]),
        **plain,
        **{name: row[name] for name in _CHECKS},
        **{name: _without_secrets(row[name]) for name in SAID},
    }
    if plain != told:  # the hash of the whole request tells them apart all the same
        story |= {"identity": row["identity"], "family": row["family"]}
    return {name: value for name, value in story.items() if value is not None}


def titles_of(row: Row) -> dict[str, str]:
    """What players show: a short title, the whole prompt, and a line about the rest."""
    prompt = scrubbed(str(row["prompt"]))
    line = " ".join(prompt.split())
    facts = [row["quality"], f"{row['duration']} s", f"take {row['take']}", f"id {row['id']}"]
    by = "drawn by the preview engine of pixverse_nb" if row["service"] == PREVIEW else "PixVerse V6 on Segmind"
    return {
        "title": line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…",
        "description": prompt,
        "comment": " · ".join([by, *facts]),
    }


def _without_secrets(value: Any) -> Any:
    """The same without keys, and without what may be a secret in an address: user, password, what signs it.

    Of a value that is an address as a whole, query and fragment go whatever they are: nothing is lost with them.
    """
    return cleaned(value, lambda text: scrubbed(_unsigned(text)))


def _unsigned(value: str) -> str:
    if not value.lower().startswith(("http://", "https://")) or " " in value:
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


# ---- believing ---------------------------------------------------------------------------------------------------


def row_of(story: object) -> Row:
    """The completed row that a story tells of, without its clip.

    Raises
    ------
    InvalidParameter
        Naming what cannot be believed.
    """
    if not isinstance(story, Mapping):
        raise _refused("it is no story of ours")
    if story.get("schema") != SCHEMA or isinstance(story.get("schema"), bool):
        raise _refused(f"it is of version {_short(story.get('schema'))}, and this pixverse_nb reads {SCHEMA}")
    request = _request(story)
    told: Row = {name: check(name, story.get(name)) for name, check in _CHECKS.items()}
    if told["created_at"] is None:
        raise _refused("created_at is missing")
    key, service = story.get("id"), story.get("service")
    if not _is_ours(key):
        raise _refused(f"id={_short(key)} is no id of ours")
    if not isinstance(service, str) or not _is_service(service):
        raise _refused(f"service={_short(service)} is no service")
    _check_bill(told, service)
    ceiling = max(told["ceiling_micros"] or 0, request.estimate.ceiling_micros)
    return {
        **told,
        "id": key,
        "service": service,
        "studio": IMPORTED,
        "status": "completed",
        "api": told["api"] or "v2",
        "take": request.take,
        **request.parameters,
        "extra": json.dumps(request.extra, sort_keys=True) if request.extra else None,
        "image_sha256": request.image_sha256,
        "identity": _hash(story, "identity") or request.identity,
        "family": _hash(story, "family") or request.family,
        "ceiling_micros": ceiling,
        # As for every row: until its charge is known, what it may have cost counts.
        "reserved_micros": ceiling if told["cost_micros"] is None else 0,
        **_said(story),
    }


def _request(story: Mapping[str, Any]) -> Request:
    given, extra, image = story.get("parameters"), story.get("extra"), story.get("image_sha256")
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise _refused("its parameters are missing")
    if extra is not None and not isinstance(extra, Mapping):
        raise _refused("its extra is no dict")
    unnamed = given.get("prompt") == ""  # a job that was adopted from an account which told no prompt
    parameters = check_parameters({**given, "prompt": "…"} if unnamed else given)
    if unnamed:
        parameters["prompt"] = ""
    if image is not None and not _is_hash(image):
        raise _refused("image_sha256 is no hash")
    return Request(parameters, image, check_count("take", story.get("take")), check_extra(extra))


def _check_bill(told: Row, service: str) -> None:
    cost, source = told["cost_micros"], told["cost_source"]
    if told["reused_from"]:
        good = (cost, source) == (0, "reused")
    elif cost is None:
        good = source is None
    else:
        good = source in ({PREVIEW} if service == PREVIEW else {"reported", "account"})
    if not good:
        raise _refused(f"cost_micros={_short(cost)}, cost_source={_short(source)} do not go together")


def _said(story: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: story.get(name) for name in SAID}
    if given["decision"] is None and given["reason"] is None:
        given.pop("reason")
    return {**dict.fromkeys(SAID), **checked(given)}


def _hash(story: Mapping[str, Any], name: str) -> str | None:
    value = story.get(name)
    if value is not None and not _is_hash(value):
        raise _refused(f"{name} is no hash")
    return value


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _is_ours(key: object) -> bool:
    """Whether it is an id that was made by now."""
    if not isinstance(key, str) or not is_id(key):
        return False
    try:
        made = moment_of(key).timestamp() * 1e6
    except (ValueError, OverflowError, OSError):
        return False
    return _EARLIEST_US <= made <= now_us() + _CLOCK_US


def _is_service(text: str) -> bool:
    if text == PREVIEW:
        return True
    if len(text) > 300 or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _micros(name: str, value: object) -> int | None:
    return _whole(name, value, 0, _MOST_MICROS)


def _moment(name: str, value: object) -> int | None:
    return _whole(name, value, _EARLIEST_US, now_us() + _CLOCK_US)


def _seed(name: str, value: object) -> int | None:
    return _whole(name, value, -1, 2**63 - 1)


def _whole(name: str, value: object, least: int, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _refused(f"{name}={_short(value)} is not believable")
    return value


def _seconds(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_S:
        raise _refused(f"{name}={_short(value)} is not believable")
    return float(value)


def _one_of(*allowed: str) -> Callable[[str, object], str | None]:
    def check(name: str, value: object) -> str | None:
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        raise _refused(f"{name}={_short(value)} is none that there is")

    return check


def _flag(name: str, value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise _refused(f"{name}={_short(value)} is neither true nor false")


def _job(name: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and 0 < len(value) <= 200 and value.isascii() and value.isprintable()):
        return value
    raise _refused(f"{name}={_short(value)} is no id of a request")


def _original(name: str, value: object) -> str | None:
    if value is None or _is_ours(value):
        return value  # type: ignore[return-value]
    raise _refused(f"{name}={_short(value)} is no id of ours")


def _clip(name: str, value: object) -> str | None:
    if value is None or _is_hash(value):
        return value  # type: ignore[return-value]
    raise _refused(f"{name} is no hash")


_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
    "take": check_count,
    "image_sha256": _clip,
    "api": _one_of("v1", "v2"),
    "request_id": _job,
    "created_at": _moment,
    "sent_at": _moment,
    "completed_at": _moment,
    "estimate_micros": _micros,
    "ceiling_micros": _micros,
    "cost_micros": _micros,
    "cost_source": _one_of("reported", "account", "reused", "preview"),
    "account_micros": _micros,
    "billed": _flag,
    "latency_s": _seconds,
    "queue_s": _seconds,
    "inference_s": _seconds,
    "download_s": _seconds,
    "seed_used": _seed,
    "reused_from": _original,
    "saved_micros": _micros,
    "video_sha256": _clip,
}
"""The columns that are told as they are, and what of them is believed."""


def _refused(why: str) -> InvalidParameter:
    return InvalidParameter(why, billed=False)


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) or value is None else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:59]}…"
