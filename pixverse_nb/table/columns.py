"""What a table must hold: its rows' ids, and columns of the history in the history's own types."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import pandas as pd

from pixverse_nb.errors import InvalidParameter
from pixverse_nb.parameters import unknown_parameter

_LARGEST = 1_000_000  # USD, s: what is more is no charge and no clip, and sums of it would not be exact
FORMULA = "[=+\\-@\t\r\n＝＋－＠]"
"""What a spreadsheet takes for a formula's start; an exported text that begins so has an apostrophe before it."""
_APOSTROPHE = re.compile(rf"\A'(?='*{FORMULA})")
_TRUTHS = {True: True, False: False, "True": True, "False": False, "true": True, "false": False}  # 1 is True


def refused(what: str, remedy: str) -> InvalidParameter:
    """The error for a table that cannot be used."""
    return InvalidParameter(what, remedy=remedy, billed=False)


def has_ids(frame: pd.DataFrame) -> bool:
    """Whether the rows say which of the history's they are."""
    return "id" in frame.index.names or (frame.columns.nlevels == 1 and "id" in frame.columns)


def ids_of(frame: pd.DataFrame) -> list[str | None]:
    """The id of each row; None for a cell of a sweep that was not sent.

    Raises
    ------
    InvalidParameter
        For a table that has lost them.
    """
    plain: list[str | None] = id_column(frame).to_numpy(dtype=object, na_value=None).tolist()
    return plain


def id_column(frame: pd.DataFrame) -> Any:
    """The same as an array of pandas' strings, at once: a table may have a million rows.

    Raises
    ------
    InvalidParameter
        For a table that has lost them.
    """
    check_plain(frame)
    if not has_ids(frame):
        raise refused(
            "this table has lost the ids of its rows: it has neither an index nor a column named 'id'",
            "Keep it: frame.reset_index() before a merge, ignore_index=False in a concat, and index=True in to_csv.",
        )
    values = frame.index.get_level_values("id") if "id" in frame.index.names else frame["id"]
    return values.astype("string").array


def distinct_ids(frame: pd.DataFrame) -> list[str]:
    """The ids in the table's order, each once, without rows that have none."""
    return [key for key in dict.fromkeys(ids_of(frame)) if key is not None]


def check_plain(frame: pd.DataFrame) -> None:
    """Refuse columns in levels, and two of one name."""
    if frame.columns.nlevels > 1:
        raise refused("this table's columns have several levels", "Flatten them, or take a slice with one level.")
    if not frame.columns.is_unique:
        twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise refused(f"this table has two columns named {twice[0]!r}", "Drop or rename one of them.")


def needed(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns of the history in their types, whatever a file or a merge made of them; the rows are numbered from 0.

    Raises
    ------
    InvalidParameter
        Naming the columns that are missing, or the value that is none.
    """
    check_plain(frame)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise _lacking(frame, missing)
    columns = {name: typed(name, frame[name]) for name in names}
    made: pd.DataFrame = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
    return made


def by_columns(frame: pd.DataFrame, by: object) -> dict[str, Any]:
    """What a table is grouped by: name to values; those of the history in their types.

    Raises
    ------
    UnknownParameter
        For a name that is no column; it names the nearest.
    InvalidParameter
        For what is no name.
    """
    check_plain(frame)
    names: list[Any] = [by] if isinstance(by, str) else list(by) if isinstance(by, Iterable) else [by]
    if by is None:
        names = []
    levels = [name for name in frame.index.names if name is not None]
    found: dict[str, Any] = {}
    for name in names:
        if not isinstance(name, Hashable) or (name not in frame.columns and name not in levels):
            known = [str(one) for one in (*frame.columns, *levels)]
            raise unknown_parameter(str(name), known, "a column of this table")
        level: Any = name
        values = frame[name] if name in frame.columns else frame.index.get_level_values(level)
        found[str(name)] = typed(str(name), values)
    return found


def typed(name: str, values: Any) -> Any:
    """One column in the history's own type; a column of the table's own stays as it is.

    Raises
    ------
    InvalidParameter
        For a value that the column cannot hold.
    """
    from pixverse_nb.history import COLUMNS

    series = pd.Series(values).reset_index(drop=True)
    dtype: Any = COLUMNS.get(name)
    if dtype is None:
        return series
    try:
        return _converted(series, dtype)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise refused(
            f"the column {name!r} holds what is no {_word(dtype)}: {str(error)[:120]}",
            "Give it the history's own values; see studio.history().dtypes.",
        ) from None


def _converted(series: pd.Series[Any], dtype: Any) -> Any:
    if series.dtype == dtype and dtype not in {"Float64", "Int64", "string"}:
        return series
    if isinstance(dtype, pd.CategoricalDtype):
        strange = {str(value) for value in series.dropna().unique()} - set(dtype.categories)
        if strange:
            raise ValueError(f"{min(strange)!r}; there are {', '.join(dtype.categories)}")
        return pd.Series(pd.Categorical(series, dtype=dtype))
    if dtype == "boolean":
        return pd.Series(pd.array([pd.NA if _is_missing(v) else _TRUTHS[v] for v in series], dtype="boolean"))
    if dtype in {"Float64", "Int64"}:
        return _numbers(series, dtype)
    if str(dtype).startswith("datetime"):
        moments = series if pd.api.types.is_datetime64_any_dtype(series) else series.astype("string")
        return pd.to_datetime(moments, utc=True, format="ISO8601").astype(dtype)
    return _texts(series)


def _texts(series: pd.Series[Any]) -> Any:
    texts = series.astype("string")
    is_own = isinstance(series.dtype, pd.StringDtype) and series.dtype.na_value is pd.NA
    return texts if is_own else texts.str.replace(_APOSTROPHE, "", regex=True)  # a file's: see `exports`


def _numbers(series: pd.Series[Any], dtype: Any) -> Any:
    if series.dtype == dtype == "Int64":
        return series
    numbers = pd.to_numeric(series, errors="raise").astype("Float64")
    plain = numbers.to_numpy(dtype="float64", na_value=0.0)
    # NaN is missing here: some versions of pandas keep it apart.
    numbers = numbers.mask(pd.Series(plain != plain, dtype="boolean"), pd.NA)  # noqa: PLR0124
    large = abs(plain) > _LARGEST
    if dtype == "Float64" and large.any():
        raise ValueError(f"{plain[large][0]:g}")
    return numbers if dtype == "Float64" else numbers.astype("Int64")


def _lacking(frame: pd.DataFrame, missing: Sequence[str]) -> InvalidParameter:
    names = ", ".join(missing)
    there = [str(name) for name in frame.columns]
    # A merge of two tables with columns of one name calls them prompt_x and prompt_y.
    halves = [name for name in there if name[:-2] in missing and name[-2:] in {"_x", "_y"}]
    if halves:
        return refused(
            f"this table lacks {names}: a merge has made {', '.join(halves)} of it",
            'Merge with suffixes=("", "_other").',
        )
    near = difflib.get_close_matches(missing[0], there, n=1, cutoff=0.8)
    hint = f"Is {near[0]!r} what was {missing[0]!r}? " if near else ""
    listed = ", ".join(f'"{name}"' for name in missing)
    return refused(
        f"this table lacks {names}",
        f"{hint}Keep these columns, or add them by the id: frame.join(studio.history()[[{listed}]]).",
    )


def _word(dtype: Any) -> str:
    if isinstance(dtype, pd.CategoricalDtype):
        return "value of its kind"
    words = {"boolean": "True or False", "Float64": "number", "Int64": "whole number", "string": "text"}
    return words.get(str(dtype), "moment")


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
