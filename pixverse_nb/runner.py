"""All jobs together: a heap of due times and a bounded number of threads."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_IDLE_S = 5.0

Step = Callable[[], float | None]


class Runner:
    """Calls each step when it is due, on daemon threads that come and go with the work.

    A step returns the seconds until it wants to be called again, or None when it is done. Daemon threads: a kernel or a
    script may end at any time, and its jobs are taken up by the next one.

    Parameters
    ----------
    threads : int
        The most that work at once, from 1. Waiting jobs need none: hundreds can be in flight.
    name : str
        Of the threads.
    """

    def __init__(self, threads: int, name: str = "pixverse-job") -> None:
        self._most = threads
        self._name = name
        self._heap: list[tuple[float, int, Step]] = []
        self._hurried: set[Step] = set()  # to be called again as soon as they come back
        self._order = itertools.count()
        lock = threading.RLock()
        self._change, self._spare = threading.Condition(lock), threading.Condition(lock)
        self._threads = 0
        self._waiting = 0  # of them, those that have nothing to do
        self._watched = False  # one of these waits for the next due time; the others only for their turn to do so

    def add(self, step: Step, delay_s: float = 0.0) -> None:
        """Call `step` after so many seconds, and then as often as it asks for."""
        with self._change:
            if step in self._hurried:
                self._hurried.discard(step)
                delay_s = 0.0
            heapq.heappush(self._heap, (time.monotonic() + delay_s, next(self._order), step))
            self._watch_heap(sooner=self._heap[0][2] is step)

    def hurry(self, step: Step) -> None:
        """Call a step at once that waits for its time; one that is being called now is called once more after it."""
        with self._change:
            for index, (_, order, waiting) in enumerate(self._heap):
                if waiting is step:
                    self._heap[index] = (time.monotonic(), order, step)
                    heapq.heapify(self._heap)
                    self._watch_heap(sooner=True)
                    return
            self._hurried.add(step)

    def _watch_heap(self, *, sooner: bool) -> None:
        """See to it that one thread, and no more, waits for the next step, which may be `sooner` than it was."""
        if self._watched or not self._heap:
            if sooner:
                self._change.notify()
            return
        self._spare.notify()
        if self._waiting or self._threads >= self._most:
            return
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
            self._threads += 1
        except RuntimeError:  # the machine has no thread left: those that there are will come to it
            if self._threads == 0:
                raise

    def _work(self) -> None:
        while (step := self._next()) is not None:
            delay = _call(step)
            # Handing on to another thread costs more than most steps: go on here, unless others wait for their turn.
            while delay is not None and delay <= 0 and not self._is_due():
                delay = _call(step)
            if delay is not None:
                self.add(step, delay)
            else:
                with self._change:
                    self._hurried.discard(step)

    def _is_due(self) -> bool:
        with self._change:
            return bool(self._heap) and self._heap[0][0] <= time.monotonic()

    def _next(self) -> Step | None:
        """The next step that is due; None when there was nothing to do for a while."""
        idle_since = time.monotonic()
        with self._change:
            while True:
                now = time.monotonic()
                if self._heap and self._heap[0][0] <= now:
                    step = heapq.heappop(self._heap)[2]
                    self._watch_heap(sooner=False)  # this thread may be long
                    return step
                if now - idle_since > _IDLE_S and (self._watched or not self._heap):
                    self._threads -= 1
                    return None
                self._wait(self._heap[0][0] - now if self._heap else _IDLE_S)

    def _wait(self, pause: float) -> None:
        """Wait for the next due time, or, while another thread does, for the turn to do so."""
        watches = not self._watched
        self._waiting += 1
        self._watched = True
        try:
            (self._change if watches else self._spare).wait(pause if watches else _IDLE_S)
        finally:
            self._waiting -= 1
            self._watched = self._watched and not watches


def _call(step: Step) -> float | None:
    try:
        return step()
    except Exception:
        log.exception("a step failed")
        return None
