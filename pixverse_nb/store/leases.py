"""Who works on a job: at most one live process, known by machine, process and start time."""

from __future__ import annotations

import os
import platform
import secrets

import psutil

_UNKNOWN = "unknown"
_held: set[tuple[str, str]] = set()  # the jobs that runners of this process work on


def new_owner() -> str:
    """A name for one runner of this process, by which others can see whether the process still lives."""
    return f"{platform.node()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(4)}"


def hold(owner: str, id: str) -> None:
    """Say that a runner of this process works on a job."""
    _held.add((owner, id))


def let_go(owner: str, id: str) -> None:
    """Say that it no longer does."""
    _held.discard((owner, id))


def is_free(owner: str | None, id: str, until_us: int | None, now_us: int) -> bool:
    """Whether a job may be taken over.

    On this machine the process itself decides: while it lives the job is its own, however long a send takes; of our own
    process we know which jobs are worked on. Of another machine's process, or one that may not be looked at, only the
    lease is known.
    """
    if owner is None:
        return True
    node, pid, started, _ = owner.rsplit("/", 3)
    now_started = _started(int(pid)) if node == platform.node() else _UNKNOWN
    if _UNKNOWN not in {now_started, started}:
        gone = now_started != started
        return gone or (int(pid) == os.getpid() and (owner, id) not in _held)
    return (until_us or 0) <= now_us


def _started(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        # A killed process whose parent has not noticed keeps its number: it works no more.
        return "gone" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return "gone"
    except psutil.Error:
        return _UNKNOWN
