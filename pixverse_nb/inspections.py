"""Clips are looked at after they were given: one at a time, and never in the way of a job."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

import sqlalchemy as sa

from .delivered import columns_inspected, is_to_inspect
from .errors import PixverseError
from .media.clips import Clips
from .runner import Runner
from .store.store import Store
from .store.words import Row

log = logging.getLogger(__name__)

_AFTER_S = 0.5  # a clip is first shown, and its file is left to whoever asked for it


class Inspections:
    """Looks at clips on a thread of its own, and writes down what was found.

    Nothing hangs on it: a clip that was not looked at before the kernel ended is looked at when it is opened in the
    player, or by `Studio.inspect`.

    Parameters
    ----------
    store, clips
        Of the home.
    tell : callable
        Called with each row after it was looked at.
    """

    def __init__(self, store: Store, clips: Clips, tell: Callable[[Row], None]) -> None:
        self._store, self._clips, self._tell = store, clips, tell
        self._runner = Runner(1, "pixverse-inspect")

    def add(self, id: str, *, after_s: float = _AFTER_S) -> None:
        """Have a row's clip looked at in a moment."""
        self._runner.add(lambda: self._quietly(id), after_s)

    def _quietly(self, id: str) -> None:
        """Whatever is the matter with a clip or the disk, it is no reason for a word: the clip is there."""
        if not self._clips.home.is_dir():  # deleted meanwhile: asking its history would make it anew
            return
        try:
            row = self._store.row(id)
            if row is not None and is_to_inspect(row):
                self.look(row)
        except (PixverseError, sa.exc.SQLAlchemyError, OSError) as error:
            log.debug("the clip of %s was not looked at: %s", id, error)

    def look(self, row: Row) -> Row:
        """Look at a completed row's clip now; the row as it is then.

        Raises
        ------
        ClipError
            When its file is gone.
        HomeError
            When the history cannot be written.
        """
        found = columns_inspected(row, self._clips)
        if not self._clips.home.is_dir():  # deleted while it was looked at
            return row
        self._store.inspected(row, found)
        new = {**row, **found}
        with contextlib.suppress(Exception):  # a front end that has gone away
            self._tell(new)
        return new
