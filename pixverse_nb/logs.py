"""What `logging` is told, under the logger "pixverse_nb". No handler is set up: that is the program's business.

    logging.basicConfig(level=logging.INFO)

pixverse_nb.jobs      INFO: a job's beginning (with the first 40 characters of its prompt) and each of its states, with
                      ids, cost and what it took; WARNING: pauses, tries after trouble, why it cannot go on;
                      DEBUG: passing remarks
pixverse_nb.network   DEBUG: each request and its answer, with method, host, path, status and seconds;
                      WARNING: tries again

No record holds the key, an address's query (signatures stand there), a body, a header, a picture, or more of a prompt
than its first 40 characters. The service's own words are left out, too, for they may repeat the prompt: a refusal is
told in the toolkit's words, and the history has the service's. urllib3 writes the whole address into records of its
own; those about our requests have the query taken out. SQLAlchemy writes whole rows into its own; those about the
history are dropped.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .errors import PixverseError
from .plain import one_line, scrubbed, shortened

jobs = logging.getLogger("pixverse_nb.jobs")
network = logging.getLogger("pixverse_nb.network")

ENGINE = "pixverse_nb"
"""What the history's engines are called in SQLAlchemy's records."""

_PROMPT = 40  # characters of a prompt
_QUERY = re.compile(r"\?[^\s'\"]*")
_REDACTED = "?…"


class Passing(str):
    """A remark that is no news, such as how much of a clip has arrived."""

    __slots__ = ()


# ---- jobs ------------------------------------------------------------------------------------------------------------


def begun(row: Mapping[str, Any], kind: str) -> None:
    """A wish became a row: new, joined, fetched again or reused."""
    ceiling = row["ceiling_micros"]
    jobs.info(
        "%s %s: %s s at %s, take %s, at most %s, %r",
        row["id"],
        kind,
        row["duration"],
        row["quality"],
        row["take"],
        "nobody knows what" if ceiling is None or kind == "reused" else _usd(ceiling),
        shortened(scrubbed(row["prompt"]), _PROMPT),
    )


def moved(before: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """A job's row after a step: a record when its state is another one."""
    if row["status"] == before["status"]:
        return
    parts = [f"{before['status']} -> {row['status']}", f"request {row['request_id']}" if row["request_id"] else ""]
    if row["cost_micros"] is not None:
        parts.append(f"cost {_usd(row['cost_micros'])} ({row['cost_source']})")
    elif row["status"] == "failed":
        parts.append({True: "billed", False: "not billed", None: "nobody knows whether billed"}[row["billed"]])
    if row["status"] == "completed" and row["latency_s"] is not None:
        parts.append(f"{row['latency_s']:.1f} s in all")
    if row["error"] and row["status"] in {"failed", "unknown"}:
        parts.append(_reason(row["error"], row["error_detail"], row["http_status"]))
    level = logging.WARNING if row["status"] in {"failed", "unknown"} else logging.INFO
    jobs.log(level, "%s %s", row["id"], ", ".join(part for part in parts if part))


def remarked(row: Mapping[str, Any], remark: str) -> None:
    """A remark on a job that is under way: a pause, a try after trouble; or what passes."""
    level = logging.DEBUG if isinstance(remark, Passing) else logging.WARNING
    jobs.log(level, "%s %s", row["id"], _told(remark))


def stalled(row: Mapping[str, Any], error: PixverseError) -> None:
    """Why a job cannot go on for now."""
    jobs.warning("%s cannot go on for now: %s", row["id"], _reason(error.what, error.detail, error.status_code))


def _reason(what: str, detail: str | None, status: int | None) -> str:
    """Why a job cannot go on: the toolkit's words and the HTTP status, without the service's words behind them."""
    words = (detail or "").rstrip(".")
    ours = what.removesuffix(f": {words}") if words else what
    return _told(ours) + (f" ({status})" if status and str(status) not in ours else "")


def _told(text: str) -> str:
    return without_queries(one_line(text))


def _usd(micros: int) -> str:
    return f"${micros / 1e6:.3f}"


# ---- the network -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def asking(method: str, url: str) -> Iterator[dict[str, Any]]:
    """Around one request: a record when it goes out, and one of what came of it.

    Parameters
    ----------
    method, url : str
        Of the request; the query is not recorded.

    Yields
    ------
    dict
        Put the answer's HTTP status in it, under "status".
    """
    place = without_query(url)
    network.debug("%s %s", method, place)
    answer: dict[str, Any] = {}
    started = time.monotonic()
    _ours.depth = getattr(_ours, "depth", 0) + 1
    try:
        yield answer
    except BaseException as error:
        # The words of a connection's error repeat the address, its query included.
        network.debug("%s %s: %s after %.3f s", method, place, type(error).__name__, time.monotonic() - started)
        raise
    else:
        network.debug("%s %s: %s in %.3f s", method, place, answer.get("status"), time.monotonic() - started)
    finally:
        _ours.depth -= 1


def retrying(state: Any) -> None:
    """What tenacity calls `before_sleep`: what failed, and when it is tried again."""
    error = state.outcome.exception() if state.outcome else None
    what = without_queries(one_line(str(getattr(error, "what", None) or type(error).__name__)))
    pause = state.next_action.sleep if state.next_action else 0.0
    network.warning("%s; trying again in %.1f s (attempt %d failed)", what, pause, state.attempt_number)


def without_query(url: str) -> str:
    """An address for a record: scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return one_line(f"{parts.scheme}://{parts.hostname}{port}{parts.path}")
    except ValueError:
        return one_line(url.partition("?")[0])


def without_queries(text: str) -> str:
    """A text in which addresses may stand, without their queries."""
    return re.sub(r"(\w://[^\s?'\"]*)\?[^\s'\"]*", rf"\1{_REDACTED}", text)


# ---- records of urllib3 and SQLAlchemy -------------------------------------------------------------------------------

_ours = threading.local()


class _WithoutQueries(logging.Filter):
    """Takes the query out of what urllib3 tells about our requests; others' records stay as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(_ours, "depth", 0) and isinstance(record.args, tuple):
            record.args = tuple(_redacted(arg) for arg in record.args)
        return True


def _redacted(arg: object) -> object:
    if isinstance(arg, int | float | None):
        return arg
    text = str(arg)
    return _QUERY.sub(_REDACTED, text) if "?" in text else arg


class _WithoutRows(logging.Filter):
    """Statements may be told, for their values are hidden; the rows that they bring hold prompts and addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


def _silence(name: str, secrets: logging.Filter) -> None:
    logger = logging.getLogger(name)
    if not any(type(one).__name__ == type(secrets).__name__ for one in logger.filters):  # the module was reloaded
        logger.addFilter(secrets)


_silence("urllib3.connectionpool", _WithoutQueries())
_silence("urllib3.util.retry", _WithoutQueries())
_silence(f"sqlalchemy.engine.Engine.{ENGINE}", _WithoutRows())
