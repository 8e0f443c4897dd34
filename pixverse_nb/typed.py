"""Rows of the database as pandas' typed columns, some thousands at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

TEXT: Any = "string"
WHOLE, FLOAT, FLAG, MOMENT = "Int64", "Float64", "boolean", "datetime64[us, UTC]"

Change = Callable[[Sequence[Any]], Sequence[Any]]

_GROWTH = 1.25


class Columns:
    """Collects rows column by column; what it holds besides the columns themselves is one batch.

    Parameters
    ----------
    dtypes : mapping
        Column -> dtype of pandas, in the order of the rows' values.
    changes : mapping, optional
        Column -> what is done to its values before, such as a path made whole.
    """

    def __init__(self, dtypes: Mapping[str, Any], changes: Mapping[str, Change] | None = None) -> None:
        self._columns = {name: _column(dtype) for name, dtype in dtypes.items()}
        self._changes = changes or {}

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in a batch; None is what is missing."""
        for (name, column), values in zip(self._columns.items(), zip(*rows, strict=True), strict=True):
            change = self._changes.get(name)
            column.add(change(values) if change else values)

    def finished(self) -> dict[str, Any]:
        """The columns."""
        return {name: column.finished() for name, column in self._columns.items()}


def in_dollars(micros: Sequence[Any]) -> list[Any]:
    """Micro-dollars as USD."""
    return [None if amount is None else amount / 1_000_000 for amount in micros]


class _Column(Protocol):
    def add(self, values: Sequence[Any]) -> None:
        """Take in values."""

    def finished(self) -> Any:
        """All of them as an array of pandas."""


class _Growing:
    """One array that grows in place: the system moves its pages, nothing is copied and no pieces are left behind."""

    def __init__(self, dtype: Any) -> None:
        self._array = np.empty(0, dtype)
        self._size = 0

    def add(self, values: Any) -> None:
        size = self._size + len(values)
        if size > len(self._array):
            self._array.resize(max(size, int(len(self._array) * _GROWTH)), refcheck=False)
        self._array[self._size : size] = values
        self._size = size

    def finished(self) -> Any:
        self._array.resize(self._size, refcheck=False)
        return self._array


class _Masked:
    """Numbers and flags, and beside them which are missing."""

    def __init__(self, kind: Any, make: Callable[[Any, Any], Any]) -> None:
        self._values, self._missing = _Growing(kind), _Growing(np.bool_)
        self._make = make

    def add(self, values: Sequence[Any]) -> None:
        array = np.array(values, dtype=object)
        missing = array == None  # noqa: E711  one by one, at the speed of C
        array[missing] = 0
        self._values.add(array)
        self._missing.add(missing)

    def finished(self) -> Any:
        return self._make(self._values.finished(), self._missing.finished())


class _Choices:
    """A categorical: a byte or two each."""

    def __init__(self, dtype: pd.CategoricalDtype) -> None:
        self._dtype = dtype
        self._codes = _Growing(pd.Categorical([], dtype=dtype).codes.dtype)

    def add(self, values: Sequence[Any]) -> None:
        self._codes.add(pd.Categorical(list(values), dtype=self._dtype).codes)

    def finished(self) -> Any:
        return pd.Categorical.from_codes(self._codes.finished(), dtype=self._dtype)


class _Text:
    """Text, in pieces as they came."""

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._nothing = pd.array([], dtype=TEXT)

    def add(self, values: Sequence[Any]) -> None:
        if values.count(None) < len(values):
            self._parts.append(pd.array(list(values), dtype=TEXT))
            return
        if len(self._nothing) != len(values):
            self._nothing = pd.array([None] * len(values), dtype=TEXT)
        self._parts.append(self._nothing)  # most texts are missing nearly always: all these pieces are one

    def finished(self) -> Any:
        parts = self._parts or [pd.array([], dtype=TEXT)]
        self._parts = []
        return parts[0] if len(parts) == 1 else type(parts[0])._concat_same_type(parts)


def _moments(micros: Any, missing: Any) -> Any:
    moments = micros.view("datetime64[us]")
    moments[missing] = np.datetime64("NaT")
    return pd.DatetimeIndex(moments, tz="UTC", copy=False).array


def _column(dtype: Any) -> _Column:
    if isinstance(dtype, pd.CategoricalDtype):
        return _Choices(dtype)
    if dtype == TEXT:
        return _Text()
    kind, make = _MASKED[dtype]
    return _Masked(kind, make)


_MASKED: Mapping[str, tuple[Any, Callable[[Any, Any], Any]]] = {
    WHOLE: (np.int64, pd.arrays.IntegerArray),
    FLOAT: (np.float64, pd.arrays.FloatingArray),
    FLAG: (np.bool_, pd.arrays.BooleanArray),
    MOMENT: (np.int64, _moments),
}
