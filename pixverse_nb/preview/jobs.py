"""Jobs: a queue, a few painters, and the service's own pace when it is asked for."""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import MODERATION, Fault, FaultScript
from .painters import Painters
from .shelf import is_clip

if TYPE_CHECKING:
    from .order import Order
    from .picture import Shot
    from .shelf import Shelf

Render = Callable[["Shot", Path], None]
"""Draws a shot as a finished MP4 at a path."""

STOPPED = "The preview engine was stopped before the clip was finished."

UNFORESEEN = "The clip could not be drawn: something unforeseen went wrong in the preview engine."

UNWRITTEN = "The clip could not be written"

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One accepted request, from the queue to its end.

    Attributes
    ----------
    body : dict
        The inputs as they were sent.
    order : Order or None
        What they ask for; None when they are not valid.
    objection : str or None
        Why they are not valid: a v2 job finds out only after it was queued.
    quirks : list of Fault
        Faults of the job itself.
    faults : FaultScript
        Faults of the exchanges about it.
    queue_s, work_s : float
        Seconds that waiting and inference take at least: the pace.
    charge_micros, remaining_micros : int or None
        What was taken for it and what was left, in micro-dollars, once it has ended.
    """

    body: dict[str, Any]
    order: Order | None
    objection: str | None = None
    quirks: list[Fault] = field(default_factory=list)
    faults: FaultScript = field(default_factory=FaultScript)
    queue_s: float = 0.0
    work_s: float = 0.0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    created: float = field(default_factory=time.monotonic)
    started: float | None = None
    ended: float | None = None
    error: str | None = None
    file_id: str | None = None
    clip: Path | None = None
    charge_micros: int | None = None
    remaining_micros: int | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def quirk(self, *kinds: str) -> Fault | None:
        """The first fault of one of these kinds."""
        return next((fault for fault in self.quirks if fault.kind in kinds), None)

    @property
    def status(self) -> str:
        """QUEUED, PROCESSING, COMPLETED or FAILED."""
        if self.done.is_set():
            return "COMPLETED" if self.error is None else "FAILED"
        begun = self.started is not None and time.monotonic() >= self.created + self.queue_s
        return "PROCESSING" if begun else "QUEUED"

    @property
    def times(self) -> dict[str, float]:
        """Measured `queue_time`, `inference_time` and `total_time` of an ended job, in seconds."""
        if self.ended is None:
            return {}
        begun = min(max(self.started or self.ended, self.created + self.queue_s), self.ended)
        parts = {"queue_time": begun - self.created, "inference_time": self.ended - begun}
        return {name: round(s, 3) for name, s in {**parts, "total_time": self.ended - self.created}.items()}


class Jobs:
    """Runs jobs on a few threads.

    Parameters
    ----------
    shelf : Shelf
        Where clips are put.
    settle : callable
        Told of each job at its end, before anyone can see that it has ended.
    render : callable or None
        Draws a clip; None is the engine's own painters, imported with the first clip.
    workers : int
        Clips that are drawn at once.
    pace : float
        0 is as fast as it draws, 1 the service's own pace, other factors between and beyond.
    """

    def __init__(
        self, shelf: Shelf, settle: Callable[[Job], None], *, render: Render | None, workers: int, pace: float
    ) -> None:
        self._shelf = shelf
        self._settle = settle
        self._painters = Painters()
        self._render = render or self._painters.draw
        self._pace = pace
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self._due: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._clock = threading.Condition()
        self._open: set[Job] = set()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"preview-painter-{n}", daemon=True) for n in range(workers)
        ]
        self._threads.append(threading.Thread(target=self._watch_clock, name="preview-clock", daemon=True))
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; once the engine is closed, it ends at once."""
        if job.order is not None:
            job.queue_s, job.work_s = pace_of(job.order, self._pace)
        with self._clock:
            self._open.add(job)
            closed = self._closed
        if closed:
            self._end(job, STOPPED)
        else:
            self._queue.put(job)

    def close(self, patience_s: float) -> None:
        """End every job, and wait up to `patience_s` seconds for drawings that cannot be interrupted."""
        with self._clock:
            self._closed = True
            unfinished = list(self._open)
            self._clock.notify_all()
        for job in unfinished:
            self._end(job, STOPPED)
        for _ in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._painters.close(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if not job.done.is_set():
                job.started = time.monotonic()
                error, earliest = self._run(job)
                self._end_at(earliest, job, error)

    def _run(self, job: Job) -> tuple[str | None, float]:
        """Do the job; its error, if any, and the time by the monotonic clock before which it must not end."""
        if fault := job.quirk("fail", "moderation"):
            usual = MODERATION if fault.kind == "moderation" else "Inference failed"
            return fault.text or usual, job.created + fault.seconds
        if job.order is None:
            return job.objection, job.created
        try:
            job.clip = self._shelf.drawn(job.order.key) or self._draw(job.order)
        except BaseException as broken:  # noqa: BLE001  whatever it is, it fails its job and never stops the painter
            return _words(broken, job), job.created
        return None, job.created + job.queue_s + job.work_s

    def _draw(self, order: Order) -> Path:
        drawing = self._shelf.easel()
        try:
            self._render(order.shot(), drawing)
            if not is_clip(drawing):
                raise _nothing_drawn()
            return self._shelf.keep_clip(order.key, drawing)
        finally:
            drawing.unlink(missing_ok=True)

    def _end_at(self, earliest: float, job: Job, error: str | None) -> None:
        """End a job now, or when its pace allows it."""
        if earliest <= time.monotonic():
            self._end(job, error)
            return
        with self._clock:
            job.error = error
            heapq.heappush(self._due, (earliest, next(self._order), job))
            self._clock.notify_all()

    def _watch_clock(self) -> None:
        """End the jobs whose time has come."""
        while True:
            with self._clock:
                if self._closed:
                    return
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._clock.wait(wait)
                    continue
                job = heapq.heappop(self._due)[2]
            self._end(job, job.error)

    def _end(self, job: Job, error: str | None) -> None:
        """Close a job's books; only the first end counts."""
        with self._clock:
            if job not in self._open:
                return
            self._open.discard(job)
        job.ended = time.monotonic()
        try:
            if error is None and job.clip is not None:
                job.file_id = self._shelf.publish(job.clip, job.id)
        except BaseException as broken:  # noqa: BLE001  a disk that fails now must leave nobody waiting
            error = _words(broken, job)
        job.error = error
        self._settle(job)
        job.done.set()


def _words(broken: BaseException, job: Job) -> str:
    """What the client is told: the painter's words when they were meant for people, else a plain sentence.

    Unforeseen texts hold paths and other matters of the server's own; they stand in its log. Of a disk's trouble the
    client hears the system's words for it, without the path.
    """
    try:
        from .picture import RenderError
    except Exception:  # noqa: BLE001  the picture libraries themselves may be what is broken
        foreseen = False
    else:
        foreseen = isinstance(broken, RenderError)
    if foreseen and str(broken):
        _log.debug("the clip of %s could not be drawn", job.id, exc_info=broken)
        return str(broken)
    _log.error("the clip of %s could not be drawn", job.id, exc_info=broken)
    if isinstance(broken, OSError) and broken.strerror:
        return f"{UNWRITTEN}: {broken.strerror}"
    return UNFORESEEN


def _nothing_drawn() -> Exception:
    from .picture import RenderError

    return RenderError("the painter left no clip: the file is missing or empty")


def pace_of(order: Order, pace: float) -> tuple[float, float]:
    """Seconds of waiting and of inference, drawn from the order's seed: 60-90 s in all at pace 1.

    The page has shown typical latencies of 58, 66 and 86 s (contract, The two ways in).
    """
    draw = random.Random(f"pace {order.key}")
    return pace * draw.triangular(2, 12, 4), pace * draw.triangular(58, 78, 62)
