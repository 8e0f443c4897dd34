"""Live outputs: plain HTML that is replaced in place, from any thread, and stays in the notebook."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from .frontend import in_notebook

_TICK_S = 0.5
_EACH_S = 0.02  # hundreds of lines, twice a second each, would drown the front end (measured: 614 updates a second)

Bundle = dict[str, Any]


class Live:
    """One output that follows something until it has ended.

    Parameters
    ----------
    render : callable
        Gives the mime bundle to show now, and whether it is the last one.
    """

    def __init__(self, render: Callable[[], tuple[Bundle, bool]]) -> None:
        self._render = render
        self._lock = threading.Lock()
        self._handle: Any = None
        self._shown: Bundle = {}

    def show(self) -> None:
        """Display it in the current cell and keep it up to date."""
        from IPython.display import display

        self._shown, last = self._render()
        self._handle = display(self._shown, raw=True, display_id=True)
        if not last and in_notebook():  # a terminal cannot replace what it has printed
            _ticker.add(self)

    def refresh(self) -> bool:
        """Show the newest state, if it looks different; returns whether it was the last one."""
        with self._lock:
            bundle, last = self._render()
            if bundle != self._shown and self._handle is not None and in_notebook():
                self._shown = bundle
                self._handle.update(bundle, raw=True)
        return last


class _Ticker:
    """One daemon thread that refreshes whatever is live."""

    def __init__(self) -> None:
        self._lives: set[Live] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, live: Live) -> None:
        with self._lock:
            self._lives.add(live)
            if self._thread is None:
                self._thread = threading.Thread(target=self._tick, name="pixverse-live", daemon=True)
                self._thread.start()

    def _tick(self) -> None:
        while True:
            time.sleep(max(_TICK_S, _EACH_S * len(self._lives)))
            with self._lock:
                if not self._lives:
                    self._thread = None
                    return
                lives = list(self._lives)
            done = {live for live in lives if _is_over(live)}
            with self._lock:
                self._lives -= done


def _is_over(live: Live) -> bool:
    with contextlib.suppress(Exception):  # a front end that has gone away must not stop the others
        return live.refresh()
    return True


_ticker = _Ticker()
