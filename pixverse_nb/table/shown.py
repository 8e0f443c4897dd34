"""The tables that `df.pixverse` gives back: DataFrames that say in words what a figure alone does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pixverse_nb.display.costs import measures_html, notes_of, remark_html, words_html
from pixverse_nb.display.shown import show

Piece = tuple[str, str]


class Measures(pd.DataFrame):
    """A DataFrame of figures, with units in the names; shown, it says what is pretended, unknown, or a small sample."""

    @property
    def _constructor(self) -> type[Measures]:
        return Measures

    def _repr_html_(self) -> str | None:
        if self.columns.nlevels > 1 or not self.columns.is_unique:
            return str(pd.DataFrame(self).to_html(max_rows=60, max_cols=20))
        said = _saying(self)
        silent = [str(name) for name in self.columns if name not in said.columns]
        return str(measures_html(*_plain(said), silent=silent))

    def __repr__(self) -> str:
        plain = self.columns.nlevels == 1 and self.columns.is_unique
        return "\n".join([super().__repr__(), *(notes_of(_noted(self)) if plain else ())])


class Differences(pd.DataFrame):
    """A DataFrame of what differs between rows; shown, new words are underlined, old ones struck through."""

    _metadata = ["_pieces"]  # noqa: RUF012  pandas' own way to carry an attribute along
    _pieces: Mapping[tuple[str, str], Sequence[Piece]] | None = None

    @property
    def _constructor(self) -> type[Differences]:
        return Differences

    def _repr_html_(self) -> str | None:
        plain = self.columns.nlevels == self.index.nlevels == 1 and self.columns.is_unique
        if not plain:
            return str(pd.DataFrame(self).to_html(max_rows=60, max_cols=20))
        heads, rows, _ = _plain(self)
        pieces = getattr(self, "_pieces", None) or {}
        names = list(self.columns)
        return str(words_html(heads, rows, lambda key, at: pieces.get((key, str(names[at])))))


_MOST = 60  # rows on the screen; the frame has them all
_ALWAYS = ("n", "clips", "made", "finished", "rows")


def _saying(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns in which there is a figure but 0; the others would push what there is to read out of sight."""

    def is_silent(name: Any) -> bool:
        column = frame[name]
        numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        return numbers and name not in _ALWAYS and bool((column.fillna(1) == 0).all())

    made: pd.DataFrame = frame[[name for name in frame.columns if not (len(frame) and is_silent(name))]]
    return made


def _plain(frame: pd.DataFrame) -> tuple[list[str], list[list[Any]], Mapping[str, Any]]:
    """Heads and rows as plain values, the index first; and what there is to note."""
    named = frame.index.nlevels > 1 or frame.index.name is not None
    levels = [str(name or "") for name in frame.index.names] if named else []
    heads = [*levels, *map(str, frame.columns)]
    rows = []
    for key, *values in frame.head(_MOST).itertuples(name=None):
        keys = list(key) if isinstance(key, tuple) and frame.index.nlevels > 1 else [key]
        rows.append([*(keys if named else []), *values])
    return heads, rows, _noted(frame) | {"rows": len(frame)}


def _noted(frame: pd.DataFrame) -> dict[str, int]:
    """How much of a table needs a word."""

    def total(name: str) -> int:
        found = frame[name] if name in frame.columns else pd.Series(dtype="Int64")
        return int(found.fillna(0).sum()) if pd.api.types.is_numeric_dtype(found) else 0

    return {name: total(name) for name in ("unknown_costs", "small_sample", "is_preview")}


def say(text: str) -> None:
    """A line to the reader."""
    show(str(remark_html(text)), text)


def in_rows(count: int) -> str:
    """How many, in words."""
    return "1 row" if count == 1 else f"{count:,} rows"
