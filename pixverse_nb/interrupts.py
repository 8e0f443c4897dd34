"""When somebody interrupts a cell: what must not be left half done, and how it is heard where something is awaited."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_BEAT_S = 0.25


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


@contextlib.contextmanager
def heard(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Have an event loop wake now and then, so that what it awaits can be interrupted.

    At Kernel > Interrupt, ipykernel cancels the cell's task from a signal handler, which wakes no loop: one that has
    nothing else to do would learn of it at the next news, which for a sweep may be its end.
    """
    timer: asyncio.TimerHandle

    def beat() -> None:
        nonlocal timer
        timer = loop.call_later(_BEAT_S, beat)

    beat()
    try:
        yield
    finally:
        timer.cancel()


def explain(cancelled: asyncio.CancelledError, words: str) -> None:
    """Have a cancellation say what it left, in a notebook without a stack of our own frames.

    It stays the very exception that asyncio threw: timeouts look for that.
    """
    cancelled.args = (words,)
    cancelled._render_traceback_ = lambda: [f"CancelledError: {words}"]  # type: ignore[attr-defined]
