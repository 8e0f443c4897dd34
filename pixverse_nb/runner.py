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
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._heap: list[tuple[float, int, Step]] = []
        self._order = itertools.count()
        self._change = threading.Condition()
        self._threads = 0
        self._waiting = 0

    def add(self, step: Step, delay_s: float = 0.0) -> None:
        """Call `step` after so many seconds, and then as often as it asks for."""
        with self._change:
            heapq.heappush(self._heap, (time.monotonic() + delay_s, next(self._order), step))
            self._watch_heap()
            self._change.notify()

    def _watch_heap(self) -> None:
        """See to it that somebody waits for the next step while the others work."""
        if not self._heap or self._waiting or self._threads >= self._most:
            return
        try:
            threading.Thread(target=self._work, name="pixverse-job", daemon=True).start()
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
                    # This thread may be long; who was counted as waiting may have been this very one.
                    self._watch_heap()
                    if self._heap:
                        self._change.notify()
                    return step
                if not self._heap and now - idle_since > _IDLE_S:
                    self._threads -= 1
                    return None
                pause = self._heap[0][0] - now if self._heap else _IDLE_S
                self._waiting += 1
                self._change.wait(pause)
                self._waiting -= 1


def _call(step: Step) -> float | None:
    try:
        return step()
    except Exception:
        log.exception("a step failed")
        return None
