"""What `logging` is told, under the logger "pixverse_nb". No handler is set up: that is the program's business.

    logging.basicConfig(level=logging.INFO)

pixverse_nb.jobs      INFO: a job's beginning (with the first 40 characters of its prompt) and each of its states, with
                      ids, cost and what it took; WARNING: pauses, tries after trouble, why it cannot go on;
                      DEBUG: passing remarks
pixverse_nb.network   DEBUG: each request and its answer, with method, host, path, status and seconds;
                      WARNING: tries again

No record holds the key, an address's query (signatures stand there), a body, a header or a picture, or more of a prompt
than its first 40 characters, whoever repeats it. urllib3 writes the whole address into records of its own; those about
our requests have the query taken out. SQLAlchemy writes whole rows into its own; those about the history are dropped.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .plain import one_line, shortened

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
        shortened(row["prompt"], _PROMPT),
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
        parts.append(_told(str(row["error"]), row))
    level = logging.WARNING if row["status"] in {"failed", "unknown"} else logging.INFO
    jobs.log(level, "%s %s", row["id"], ", ".join(part for part in parts if part))


def remarked(row: Mapping[str, Any], remark: str) -> None:
    """A remark on a job that is under way: a pause, a try after trouble; or what passes."""
    level = logging.DEBUG if isinstance(remark, Passing) else logging.WARNING
    jobs.log(level, "%s %s", row["id"], _told(remark, row))


def stalled(row: Mapping[str, Any], what: str) -> None:
    """Why a job cannot go on for now."""
    jobs.warning("%s cannot go on for now: %s", row["id"], _told(what, row))


def _told(text: str, row: Mapping[str, Any]) -> str:
    """Words about a job for a record; a service may repeat its prompts in them, of which the beginning is enough."""
    line = without_queries(one_line(text))
    for prompt in (one_line(row[name] or "") for name in ("prompt", "negative_prompt")):
        at = line.find(prompt[:_PROMPT]) if len(prompt) > _PROMPT else -1
        if at >= 0:
            more = len(os.path.commonprefix([prompt, line[at:]]))  # noqa: RUF071  letters; it may be cut there
            line = f"{line[:at]}{shortened(prompt, _PROMPT)}{_told(line[at + more :], row)}"
    return line


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
