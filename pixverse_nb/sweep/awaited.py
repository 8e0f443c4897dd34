"""A run that is awaited: it works on a thread of its own, so that the event loop stays free."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from pixverse_nb.errors import WaitInterrupted
from pixverse_nb.interrupts import explain

T = TypeVar("T")

_LOOK_S = 0.25
_STANDS = 4  # looks in a row at a loop that does not run: between two calls of a script it stands for a moment, too
_CALLED_BACK_S = 5.0  # a run that is told to stop takes two seconds at most to call back what is not sent yet


async def beside(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Carry work out without blocking the event loop; give or raise what it did.

    A thread of its own, not one of the loop's few: a run may last for hours, and others need those to look up names.

    Parameters
    ----------
    work : callable
        What is to be done.
    stop : callable
        Makes `work` come to an end soon. Called when the task is cancelled, which ends after that; and when the loop
        stands still, as after Ctrl-C in a terminal's IPython, which leaves the task where it is.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Callable[[], T]] = loop.create_future()
    is_over = threading.Event()
    is_left = threading.Event()

    def tell(outcome: Callable[[], T]) -> None:
        if is_left.is_set():  # the loop runs again: whoever awaited this has been interrupted before
            done.cancel()
        elif not done.done():
            done.set_result(outcome)

    def carry_out() -> None:
        outcome = _outcome(work)
        is_over.set()
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(tell, outcome)

    def leave() -> None:
        is_left.set()
        stop()

    context = contextvars.copy_context()  # what is displayed goes to the cell that asked for it
    threading.Thread(target=context.run, args=(carry_out,), name="pixverse-run", daemon=True).start()
    threading.Thread(target=_watch, args=(loop, is_over, leave), name="pixverse-run-watch", daemon=True).start()
    try:
        outcome = await asyncio.shield(done)
    except asyncio.CancelledError as cancelled:
        stop()
        await asyncio.wait([done], timeout=_CALLED_BACK_S)
        if words := _left(done):
            explain(cancelled, words)
        raise
    return outcome()


def _left(done: asyncio.Future[Callable[[], T]]) -> str:
    """What a run that was stopped says of what is there and what is not; empty when it does not say."""
    if done.done() and not done.cancelled():
        try:
            done.result()()
        except WaitInterrupted as told:
            return str(told)
        except BaseException:  # noqa: BLE001  the task is cancelled, whatever else went wrong
            return ""
    return ""


def _watch(loop: asyncio.AbstractEventLoop, is_over: threading.Event, leave: Callable[[], None]) -> None:
    """Wake the loop now and then until all is over; `leave` once it stands still or is closed.

    It has to be woken: at Kernel > Interrupt ipykernel cancels the task from a signal handler, and a loop that has
    nothing else to do would learn of it when everything is sent.
    """
    has_run, stood = threading.Event(), 0
    with contextlib.suppress(RuntimeError):  # it is closed
        while not is_over.wait(_LOOK_S):
            stood = 0 if loop.is_running() or has_run.is_set() else stood + 1
            if stood == _STANDS:
                break
            has_run.clear()
            loop.call_soon_threadsafe(has_run.set)
    if not is_over.is_set():
        leave()


def _outcome(work: Callable[[], T]) -> Callable[[], T]:
    """What came of it, to be given or raised by who waits; a future takes no StopIteration and no interruption."""
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  raised where it is waited for
        caught = error

        def fail() -> T:
            raise caught

        return fail
    return lambda: result
