"""One thread for all that moves in a panel."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

TICK_S = 0.5


class Ticker:
    """Calls `tick` now and then, on a daemon thread, as long as it says that there is something to watch.

    Parameters
    ----------
    tick : callable
        Returns whether it wants to be called again.
    every_s : float, optional
        How long it waits before each call, s; else half a second.
    name : str
        Of the thread.
    """

    def __init__(self, tick: Callable[[], bool], every_s: float | None = None, name: str = "pixverse-ticker") -> None:
        self._tick = tick
        self._name = name
        self._every_s = TICK_S if every_s is None else every_s
        self._lock = threading.Lock()
        self._running = False
        self._again = False
        self._stopped = threading.Event()

    def start(self) -> None:
        """See to it that it runs."""
        with self._lock:
            self._again = True
            if not self._running and not self._stopped.is_set():
                self._running = True
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def stop(self) -> None:
        """End it for good; a tick that is under way is the last one."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            with self._lock:
                self._again = False
            wanted = True
            with contextlib.suppress(Exception):  # a front end that has gone away must not stop the clock
                wanted = self._tick()
            with self._lock:
                if not wanted and not self._again:
                    self._running = False
                    return
