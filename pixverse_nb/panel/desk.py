"""Work for the panel beside the kernel's own thread: a handler hands it over and returns at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

Work = Callable[[], None]


class Desk:
    """Runs what it is given, one after the other, on a thread that lives only while there is something to do.

    Parameters
    ----------
    name : str
        Of the thread.
    pause_s : float
        How long it waits before each work, s: of what comes meanwhile with the same key only the newest is done.
    """

    def __init__(self, name: str, pause_s: float = 0.0) -> None:
        self._name = name
        self._pause_s = pause_s
        self._change = threading.Condition()
        self._waiting: dict[Hashable, Work] = {}
        self._running = False
        self._closed = False

    def run(self, work: Work, key: Hashable | None = None) -> None:
        """Do it soon; of several with the same key that still wait, only the newest is done.

        `work` reports its own errors: there is nobody else to hear of them.
        """
        with self._change:
            if self._closed:
                return
            self._waiting[object() if key is None else key] = work
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def wait(self, timeout: float = 30.0) -> bool:
        """Wait until nothing is left to do, at most so many seconds; whether it came to that."""
        with self._change:
            return self._change.wait_for(lambda: not self._running, timeout)

    def close(self) -> None:
        """Forget what waits; nothing is taken on any more."""
        with self._change:
            self._closed = True
            self._waiting.clear()
            self._change.notify_all()

    def _work(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except BaseException:
                with self._change:
                    self._running = False
                    self._change.notify_all()
                raise

    def _next(self) -> Work | None:
        with self._change:
            if self._waiting and self._pause_s:
                self._change.wait_for(lambda: self._closed, self._pause_s)
            if not self._waiting:
                self._running = False
                self._change.notify_all()
                return None
            return self._waiting.pop(next(iter(self._waiting)))
