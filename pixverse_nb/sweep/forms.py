"""The forms in which a sweep is asked for: keywords with lists, exchanged words, lists of requests, tables."""

from __future__ import annotations

import itertools
import json
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pixverse_nb import errors
from pixverse_nb.generation import Generation
from pixverse_nb.parameters import PARAMETERS, unknown_parameter

MOST_CELLS = 10_000
"""A sweep has at most so many cells."""

FIELDS = (*PARAMETERS, "image", "take", "extra")
"""What a cell is made of."""

AXES = "axes"
"""In a frame's `attrs`: the columns that a sweep added to the history's."""

Fields = dict[str, Any]


def short(value: object) -> str:
    """A value in a message."""
    try:
        text = f"<{len(value):,} bytes>" if isinstance(value, bytes | bytearray) else repr(value)
    except ValueError:  # a whole number of thousands of digits has no text
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else text[:59] + "…"


def known(given: Mapping[str, object]) -> Mapping[str, object]:
    """The keywords that are set; UnknownParameter for one that a sweep does not take."""
    for name in given:
        if name == "reuse":
            raise refused(
                "a sweep always reuses: that is how it goes on after an interruption",
                "For new clips ask for other takes: takes=3, or take=[4, 5, 6].",
            )
        if name not in FIELDS:
            raise unknown_parameter(name, (*FIELDS, "takes", "replace"))
    return {name: value for name, value in given.items() if value is not None}


def values_of(name: str, value: object) -> list[Any]:
    """The values of one keyword: a list's items, or the one that it is."""
    single = isinstance(value, str | bytes | bytearray | memoryview | Path | Mapping | Generation)
    if name == "image":  # an array or a Pillow image is a picture
        single = single or not isinstance(value, list | tuple)
    if not single and getattr(value, "ndim", 1) == 0:  # a number of numpy's, or an array of no dimension
        value = getattr(value, "item", lambda: value)() if _narrow_type(value) is None else next(_written([value]))
        single = True
    if single or not isinstance(value, Iterable):
        return [value]
    if isinstance(value, set | frozenset):
        raise refused(f"{name}={short(value)} is a set, which has no order", "Pass a list.")
    values = list(itertools.islice(_written(value), MOST_CELLS + 1))
    if not values:
        raise refused(f"{name}=[] is empty: there is nothing to send", "Pass at least one value.")
    check_size(len(values))
    return values


def exchanges_of(given: object) -> dict[str, list[str]]:
    """Text -> what may stand in its place, itself first."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise refused(f"replace={short(given)} is not a dict", "Pass replace={'red': ['blue', 'green']}.")
    exchanges = {}
    for text, others in given.items():
        values = values_of("replace", others)
        if not (isinstance(text, str) and text and all(isinstance(value, str) for value in values)):
            raise refused(
                f"replace={{{short(text)}: {short(others)}}} is not text", "Pass replace={'red': ['blue', 'green']}."
            )
        exchanges[text] = list(dict.fromkeys([text, *values]))
    return exchanges


def rows_of(requests: object) -> list[Fields]:
    """The requests of a list or a table, by names that `make_wish` knows; one empty request when there is none."""
    if requests is None:
        return [{}]
    if isinstance(requests, str | Mapping):
        requests = [requests]
    if hasattr(requests, "columns") and hasattr(requests, "to_dict"):
        return _table_rows(requests)
    if not isinstance(requests, Iterable):
        raise _not_requests(requests)
    items = list(itertools.islice(requests, MOST_CELLS + 1))
    check_size(len(items))
    if not items:
        raise refused("the list of requests is empty: there is nothing to send", "Pass at least one.")
    found = []
    for number, item in enumerate(items, 1):
        row = {"prompt": item} if isinstance(item, str) else item
        if not isinstance(row, Mapping):
            raise _not_requests(item)
        for name in row:
            if name not in FIELDS:
                error = unknown_parameter(str(name), FIELDS)
                error.what = f"request {number}: {error.what}"
                raise error
        found.append({name: value for name, value in row.items() if value is not None})
    return found


def _table_rows(table: Any) -> list[Fields]:
    from pixverse_nb.history import COLUMNS

    beside = {*COLUMNS, "id", *table.attrs.get(AXES, ())} - {*PARAMETERS, "take", "extra", "image_sha256"}
    if "image_sha256" not in table.columns:
        beside.discard("image")  # a picture itself, not a frame's label of one
    used = [name for name in table.columns if name not in beside]
    for name in used:
        if name not in {*FIELDS, "image_sha256"}:
            raise unknown_parameter(str(name), (*FIELDS, "image_sha256"), "a column that a sweep knows")
    if not len(table):
        raise refused("the table has no rows: there is nothing to send", "Pass at least one.")
    if not table.columns.is_unique:
        raise refused("the table has two columns of one name", "Drop one of them.")
    check_size(len(table))
    rows = zip(*(_written(table[name]) for name in used), strict=True) if used else ([] for _ in range(len(table)))
    return [_table_row(dict(zip(used, row, strict=True))) for row in rows]


def _written(values: Iterable[Any]) -> Iterator[Any]:
    """The values, narrow floats as one writes them: float32's 7.3 is 7.3, and not 7.300000190734863."""
    narrow = _narrow_type(values)
    for value in values:
        # A column of them gives them as Python's floats.
        own = narrow(value) if narrow is not None and isinstance(value, float) else value
        yield float(str(own)) if _narrow_type(own) is not None else own


def _narrow_type(value: Any) -> Callable[[float], Any] | None:
    """The numpy type of less than eight bytes of a float, an array or a column of them; None for all else."""
    dtype: Any = getattr(value, "dtype", None)
    dtype = getattr(dtype, "numpy_dtype", dtype)  # pandas' own types
    return dtype.type if getattr(dtype, "kind", "") == "f" and dtype.itemsize < 8 else None


def _table_row(row: Mapping[str, Any]) -> Fields:
    fields = {name: value for name, value in row.items() if not _is_missing(value)}
    for name, value in fields.items():  # pandas' ways with missing values beside them
        kind = "integer" if name == "take" else PARAMETERS[name].kind if name in PARAMETERS else ""
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            fields[name] = int(value)
        if kind == "boolean" and isinstance(value, numbers.Real) and value in (0, 1):
            fields[name] = bool(value)
    if isinstance(fields.get("extra"), str):  # as the history has it
        try:
            fields["extra"] = json.loads(fields["extra"])
        except ValueError:
            raise refused(f"extra={short(fields['extra'])} is not JSON", "Pass a dict.") from None
    return fields


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT or pandas' NA."""
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def check_size(cells: int) -> None:
    """Refuse a sweep that is larger than anyone means."""
    if cells > MOST_CELLS:
        raise refused(
            f"this sweep has {cells:,} cells or more; {MOST_CELLS:,} are allowed", "Sweep over fewer values at once."
        )


def _not_requests(given: object) -> errors.InvalidParameter:
    return refused(
        f"{short(given)} is not a request",
        "Pass keywords with lists, a list of dicts such as {'prompt': ..., 'quality': ...}, or a DataFrame.",
    )


def refused(what: str, remedy: str) -> errors.InvalidParameter:
    """The error for what cannot be swept over."""
    return errors.InvalidParameter(what, remedy=remedy, billed=False)
