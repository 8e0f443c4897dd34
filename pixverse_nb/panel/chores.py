"""What a click starts: done beside the handler, one after the other; what goes wrong has a place on the screen."""

from __future__ import annotations

from collections.abc import Callable

from pixverse_nb.errors import PixverseError

from .desk import Desk

Chore = Callable[[], object]


class Chores:
    """Does chores in the order in which they came, on a thread of its own.

    Parameters
    ----------
    say : callable
        Told in words what went wrong; called from the thread.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._desk = Desk("pixverse-panel")

    def run(self, chore: Chore) -> None:
        """Have it done soon; returns at once."""
        self._desk.run(lambda: self._do(chore))

    def settle(self) -> None:
        """Wait until all that was asked for is done."""
        self._desk.wait()

    def _do(self, chore: Chore) -> None:
        try:
            chore()
        except Exception as error:  # noqa: BLE001  whatever it was: a person must read it
            self._say(in_words(error))


def in_words(error: Exception) -> str:
    """An error as a person reads it: the toolkit's own in its words, another one with its kind."""
    return str(error) if isinstance(error, PixverseError) else f"{type(error).__name__}: {error}"
