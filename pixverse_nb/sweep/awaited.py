"""A run that is awaited: it works on a thread of its own, so that the event loop stays free."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_CALLED_BACK_S = 5.0  # a run that is told to stop takes two seconds at most to call back what is not sent yet


async def beside(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Carry work out without blocking the event loop; give or raise what it did.

    A thread of its own, not one of the loop's few: a run may last for hours, and others need those to look up names.

    Parameters
    ----------
    work : callable
        What is to be done.
    stop : callable
        Makes `work` come to an end soon; called when the task is cancelled, which ends after that.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Callable[[], T]] = loop.create_future()

    def tell(outcome: Callable[[], T]) -> None:
        if not done.done():
            done.set_result(outcome)

    def carry_out() -> None:
        outcome = _outcome(work)
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(tell, outcome)

    context = contextvars.copy_context()  # what is displayed goes to the cell that asked for it
    threading.Thread(target=context.run, args=(carry_out,), name="pixverse-run", daemon=True).start()
    try:
        outcome = await asyncio.shield(done)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([done], timeout=_CALLED_BACK_S)
        raise
    return outcome()


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
