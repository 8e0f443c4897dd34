"""A table's clips side by side: its rows as the cells of a sweep, which have a grid already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pixverse_nb.display.grid import GridView
from pixverse_nb.parameters import PARAMETERS, unknown_parameter
from pixverse_nb.rows import request_of
from pixverse_nb.sweep.cells import Cell
from pixverse_nb.sweep.forms import AXES
from pixverse_nb.sweep.grid import SHOWN, sides, view_of
from pixverse_nb.wishes import Wish

from .columns import ids_of
from .door import Door


def grid_of(frame: pd.DataFrame, door: Door, x: str | None, y: str | None) -> GridView:
    """See `Accessor.grid`."""
    keys = ids_of(frame)
    first: dict[str, int] = {}
    for at, key in enumerate(keys):
        if key is not None:
            first.setdefault(key, at)
    ids = list(first)
    part = frame.iloc[list(first.values())[:SHOWN]]
    for name in (x, y):
        if name is not None and name not in part.columns:
            raise unknown_parameter(str(name), map(str, part.columns), "a column of this table")
    columns = {name: _values(part[name]) for name in _candidates(part, x, y)}
    axes = {name: _in_order(part[name], values) for name, values in columns.items()}
    axes = {name: values for name, values in axes.items() if len(values) > 1 or name in {x, y}}
    rows = {row["id"]: row for row in door.rows(ids[:SHOWN])}
    cells = [
        Cell(Wish(request_of(rows[key])), key, {name: columns[name][at] for name in axes})
        for at, key in enumerate(ids[:SHOWN])
    ]
    cells += cells[-1:] * (len(ids) - len(cells))  # what is beyond the grid's end is only counted

    def found(shown: Sequence[Cell]) -> Mapping[str, Any]:
        return {cell.identity: door.handle(rows[cell.identity]) for cell in shown}

    across, down = sides(axes, x, y)
    return view_of(axes, cells, found, {}, door.clips, x=across, y=down)


def _candidates(frame: pd.DataFrame, x: str | None, y: str | None) -> list[str]:
    """What may be an axis: what was asked for, what a sweep was made over, and every parameter."""
    swept = [str(name) for name in frame.attrs.get(AXES, ())]
    names = [*swept, *PARAMETERS, "image_sha256", "take"]
    if "image" in swept:
        names.remove("image_sha256")
    asked = [name for name in (x, y) if name is not None]
    return [name for name in dict.fromkeys([*names, *asked]) if name in frame.columns]


def _values(column: Any) -> list[object]:
    """Plain values that can be told apart; None for missing ones."""
    plain: list[object] = []
    for value in column:
        missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
        item = getattr(value, "item", None)  # numpy's numbers
        own = None if missing else item() if callable(item) else value
        plain.append(own if isinstance(own, str | int | float | None) else str(own))
    return plain


def _in_order(column: Any, values: list[object]) -> list[object]:
    """Distinct values: numbers and categories by size, texts as they come; missing ones last."""
    distinct = [value for value in dict.fromkeys(values) if value is not None]
    if isinstance(column.dtype, pd.CategoricalDtype):
        order = [str(value) for value in column.dtype.categories]
        distinct.sort(key=lambda value: order.index(str(value)))
    elif all(isinstance(value, int | float) for value in distinct):
        distinct.sort(key=_size)
    return [*distinct, *([None] if None in values else [])]


def _size(value: Any) -> float:
    return float(value)
