"""Who works on a job: at most one live process, known by machine, process and start time."""

from __future__ import annotations

import os
import platform
import secrets

import psutil

_UNKNOWN = "unknown"


def new_owner() -> str:
    """A name for one runner of this process, by which others can see whether the process still lives."""
    return f"{platform.node()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(4)}"


def is_free(owner: str | None, until_us: int | None, now_us: int) -> bool:
    """Whether a job may be taken over.

    On this machine the process itself decides: while it lives the job is its own, however long a send takes. Of another
    machine's process, or one that may not be looked at, only the lease is known.
    """
    if owner is None:
        return True
    node, pid, started, _ = owner.rsplit("/", 3)
    now_started = _started(int(pid)) if node == platform.node() else _UNKNOWN
    if _UNKNOWN not in {now_started, started}:
        return now_started != started
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
