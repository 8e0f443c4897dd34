"""What `df.pixverse` asks of a studio: handles, rows, a written word, and the rows as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pixverse_nb.errors import NotFound
from pixverse_nb.generation import Generation
from pixverse_nb.media.clips import Clips
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.store.words import Row
from pixverse_nb.sweep.forms import check_size

from .columns import ids_of, typed

if TYPE_CHECKING:
    from pixverse_nb.history import History
    from pixverse_nb.studio import Studio

_ASKED = (*PARAMETERS, "extra", "take", "image_sha256")
_AT_ONCE = 500  # ids in one query


class Door:
    """The side of a studio that a table sees.

    Parameters
    ----------
    studio : Studio
        Whose history the table is of.
    """

    # The studio's own rooms are opened here and nowhere else.

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    @property
    def clips(self) -> Clips:
        """The clips."""
        return self.studio._clips

    @property
    def home(self) -> Path:
        """The home."""
        return self.studio.home

    def rows(self, ids: Sequence[str]) -> list[Row]:
        """Rows of the history, in this order.

        Raises
        ------
        NotFound
            When the history lacks one.
        """
        found: dict[str, Row] = {}
        for start in range(0, len(ids), _AT_ONCE):
            wanted = {"id": list(ids[start : start + _AT_ONCE])}
            for row in self.studio._store.select(wanted):
                found[row.id] = dict(row._mapping)
        missing = [key for key in ids if key not in found]
        if missing:
            others = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            raise NotFound(
                f"the history of {self.home} holds no {missing[0][:40]!r}{others}",
                remedy="The table is of another home: df.pixverse.of(studio) with the studio that it came from.",
                billed=False,
            )
        return [found[key] for key in ids]

    def table(self, rows: Sequence[Row]) -> History:
        """Rows as a table."""
        from pixverse_nb.history import frame as table_of

        return table_of(list(rows), self.studio._store, self.clips)

    def handle(self, row: Row) -> Generation:
        """The studio's handle of a row."""
        return self.studio._handle(row)

    def write(self, ids: Sequence[str], change: Callable[[Row], Mapping[str, Any]]) -> None:
        """Write on all of the rows in one transaction or, where one refuses, on none.

        Raises
        ------
        NotFound, InvalidParameter
            As `Store.annotate`.
        HomeError
            When the history cannot be written.
        """
        self.studio._store.annotate_all(ids, change)

    def refreshed(self, frame: pd.DataFrame, written: Sequence[str]) -> History:
        """The same rows and columns as the history has them now, and the columns that were written."""
        from pixverse_nb.history import COLUMNS, History
        from pixverse_nb.history import frame as table_of

        keys = ids_of(frame)
        distinct = list(dict.fromkeys(key for key in keys if key is not None))
        now = table_of(self.rows(distinct), self.studio._store, self.clips)
        at = {key: place for place, key in enumerate(distinct)}
        places = np.array([at[key] for key in keys if key is not None], dtype=np.intp)
        has_id = [key is not None for key in keys]
        made: History = History(frame.copy()).__finalize__(frame)  # a sweep's results know their axes
        made._clips = self.clips
        for name in COLUMNS:
            if name in made.columns or name in written:
                fresh = now[name].array.take(places)
                made[name] = fresh if all(has_id) else _beside(frame, name, fresh, has_id)
        return made

    def requests(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows' requests for a sweep: the table's own values, and the history's for columns that it lacks."""
        check_size(len(frame))
        keys = ids_of(frame)
        known = {row["id"]: row for row in self.rows([key for key in dict.fromkeys(keys) if key is not None])}
        columns: dict[str, Any] = {}
        for name in _ASKED:
            if name in frame.columns:
                columns[name] = typed(name, frame[name])
            else:
                values = [None if key is None else known[key][name] for key in keys]
                columns[name] = pd.Series(values, dtype=object)
        asked: pd.DataFrame = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
        return asked


def _beside(frame: pd.DataFrame, name: str, fresh: Any, has_id: list[bool]) -> Any:
    """A column whose rows without an id, a sweep's cells that were not sent, stay as they are."""
    dtype = fresh.dtype
    old = typed(name, frame[name]) if name in frame.columns else pd.Series([None] * len(frame))
    values, news = list(old), iter(fresh)
    mixed = [next(news) if new else value for value, new in zip(values, has_id, strict=True)]
    return pd.Series(mixed, dtype=object).astype(dtype).array
