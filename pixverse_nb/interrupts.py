"""What must not be left half done when somebody interrupts a cell."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def whole(work: Callable[[], T]) -> T:
    """Carry something short out to its end, and give or raise what it did.

    A KeyboardInterrupt comes to the main thread alone, between any two lines there. So an interruption is noted while
    this runs, and handed on when it is over. On any other thread it is simply done.
    """
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        return work()
    came: list[tuple[Any, ...]] = []
    signal.signal(signal.SIGINT, lambda *told: came.append(told))
    try:
        return work()
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            usual(*came[0])
