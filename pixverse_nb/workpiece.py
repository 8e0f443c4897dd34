"""A row that is worked on, and how what was learned of it is written down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from . import errors, mishaps
from .rows import reported, words_of
from .segmind.answers import Accounting
from .store.schema import PREVIEW
from .store.words import Row, now_us
from .workbench import Workbench

_SEAL_AGAIN_S = 15.0


class Stalled(Exception):
    """A job that cannot go on for now, though nothing is lost; `error` says why."""

    def __init__(self, error: errors.PixverseError) -> None:
        super().__init__(str(error))
        self.error = error


class Workpiece:
    """A row, leased to this process while it works on it.

    Parameters
    ----------
    row : dict
        The row, leased to `bench.owner` when `fresh`.
    bench : Workbench
        Store, clips, service, pace.
    tell : callable
        Called with (row, note) after every change; the note is a passing remark such as "trying again".
    fresh : bool
        True for a row that this process just opened and that is still to be sent.
    """

    def __init__(self, row: Row, bench: Workbench, tell: Callable[[Row, str | None], None], *, fresh: bool) -> None:
        self.row = row
        self.bench = bench
        self._tell = tell
        self._mine = fresh
        self._sent: float | None = None  # monotonic moment of the send, when it was this process's
        self._seals = 0

    @property
    def ended(self) -> bool:
        """Whether the row is completed or failed."""
        return self.row["status"] in {"completed", "failed"}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the send."""
        if self._sent is not None:
            return time.monotonic() - self._sent
        return max(now_us() - (self.row["sent_at"] or now_us()), 0) / 1e6

    @property
    def _orphaned(self) -> bool:
        """Whether the preview engine that has this job is gone; asked before anything could start another one."""
        row = self.row
        return bool(row["service"] == PREVIEW and row["sent_at"] and row["engine"] != self.bench.backend.engine)

    def _engine_ended(self) -> float | None:
        return self._fail(mishaps.engine_ended())

    def _stall(self, error: errors.PixverseError) -> Stalled:
        """The job cannot be followed for now; what a free request was answered says nothing about its bill."""
        error.billed, error.request_id = self.row["billed"], self.row["request_id"]
        error.remedy = f"{error.remedy or ''} The job itself goes on; studio.resume() takes it up again.".strip()
        return Stalled(error)

    def _fail(
        self, error: errors.PixverseError, accounting: Accounting | None = None, source: str = "reported"
    ) -> float | None:
        """Close the row; a failure that the service charged for is billed, whatever its documents say."""
        accounting = accounting or error.accounting
        bill = reported(self.row, accounting, source) if accounting and accounting.cost_micros else {}
        billed = bool(error.billed or bill)
        error.billed = billed
        kept = self.row["reserved_micros"] if billed and self.row["cost_micros"] is None else 0
        self._write(
            **{
                "status": "failed",
                "completed_at": now_us(),
                "billed": billed,
                "reserved_micros": kept,
                "http_status": error.status_code,
                **bill,
                # On v2 an id in an error's header is a proxy's own, and before the send there is no job at all.
                "request_id": self.row["request_id"] or (error.request_id if self._may_name(error) else None),
                **words_of(error),
            }
        )
        return self._sealed()

    def _may_name(self, error: errors.PixverseError) -> bool:
        return error.request_id is not None and self.row["api"] == "v1" and self.row["sent_at"] is not None

    def _sealed(self) -> float | None:
        """None when the job's end is in the history; else it is in an emergency file, and is written again later.

        Once it is in the history, others may go on from there: a clip that vanishes is fetched again at once.
        """
        if not self.bench.store.is_aside(self.row["id"]):
            return None
        with contextlib.suppress(Exception):
            stored = self.bench.store.row(self.row["id"])
            if stored is None or stored["status"] == self.row["status"]:
                return None
        self._seals += 1
        return _SEAL_AGAIN_S * 2.0 ** min(self._seals - 1, 5)

    def seal(self) -> float | None:
        """Write the end down again, which only an emergency file holds."""
        self._write(force=True)
        return self._sealed()

    def _write(
        self, *, lease_s: float | None = None, strict: bool = False, force: bool = False, **changes: Any
    ) -> None:
        lease = self.bench.pace.lease_s if lease_s is None else lease_s
        store, owner = self.bench.store, self.bench.owner
        self.row = store.journal(self.row, owner, lease, strict=strict, force=force, **changes)
        self._tell(self.row, None)

    def _let_go(self) -> None:
        self._mine = False
        with contextlib.suppress(Exception):
            self.bench.store.release(self.row["id"], self.bench.owner)
