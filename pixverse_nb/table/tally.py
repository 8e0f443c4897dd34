"""The rows behind every measure: each clip once, in whole micro-dollars and microseconds, so that sums are exact."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pandas as pd

from pixverse_nb.pricing import MICROS
from pixverse_nb.store.schema import PREVIEW

from .columns import by_columns, has_ids, id_column, needed, refused

NEEDS = (
    "status", "cost_usd", "cost_source", "billed", "service", "reused_from", "saved_usd", "video_duration_s",
    "decision", "reason", "mark_in_s", "mark_out_s",
)  # fmt: skip
"""The history's columns that money, time and decisions are measured by."""

_WORDS = ("decision", "reason"), ("mark_in_s", "mark_out_s")


class Tally:
    """A table's rows, each once in each group.

    A row that a merge or a concatenation has doubled counts once; a reused clip is the clip that it was taken from, so
    that its seconds are not counted twice and what was said of the copy is said of the clip.

    Parameters
    ----------
    frame : DataFrame
        Rows of the history.
    by : str or list of str, optional
        Columns to group by.
    needs : sequence of str
        The history's columns that are needed.

    Attributes
    ----------
    rows : DataFrame
        The needed columns, `is_preview`, `is_copy` (a reused clip), `is_own` (sent, or to be), `is_clip` (finished and
        no copy), and the groups' values, numbered from 0.
    names, keys : list of str
        What the groups' columns are called, and what they are called in `rows`.
    """

    def __init__(self, frame: pd.DataFrame, by: object, needs: Sequence[str] = NEEDS) -> None:
        groups = by_columns(frame, by)
        rows = needed(frame, needs)
        self.names = list(groups)
        self.keys = [f"group {number}" for number in range(len(groups))]
        for key, values in zip(self.keys, groups.values(), strict=True):
            rows[key] = values
        if has_ids(frame):
            rows["id"] = id_column(frame)
            twice = _hashed(rows, ["id", *self.keys]).duplicated() & rows["id"].notna()
            rows = rows[~twice].reset_index(drop=True)
        else:
            rows["id"] = pd.array([None] * len(rows), dtype="string")
        rows["is_preview"] = (rows["service"] == PREVIEW).fillna(False).astype("boolean")
        sent = rows["status"].notna()  # a sweep's cells that were not sent have none
        rows["is_copy"] = (sent & rows["reused_from"].notna()).astype("boolean")
        rows["is_own"] = (sent & rows["reused_from"].isna()).astype("boolean")
        rows["is_clip"] = (rows["is_own"] & (rows["status"] == "completed")).astype("boolean")
        self.rows = _with_words_of_copies(rows) if "decision" in rows else rows

    def add_money(self) -> None:
        """`micros` (0 for what the service did not bill), `saved`, and whether the cost is `known` or `unknown`."""
        rows = self.rows
        free = (rows["status"] == "failed") & (rows["billed"] == False).fillna(False)  # noqa: E712  a column's
        cost = _whole(rows["cost_usd"], MICROS)
        rows["micros"] = cost.mask(cost.isna() & free, 0)
        rows["known"] = rows["micros"].notna().astype("boolean")
        rows["unknown"] = ((rows["is_own"] | rows["is_copy"]) & ~rows["known"]).astype("boolean")
        rows["saved"] = _whole(rows["saved_usd"], MICROS)

    def add_seconds(self) -> None:
        """`video` and `usable`, microseconds of each clip: 0 where there is none, missing where nobody measured."""
        rows = self.rows
        length = _whole(rows["video_duration_s"], MICROS).clip(lower=0)
        start = _whole(rows["mark_in_s"], MICROS).fillna(0).clip(lower=0)
        end = _whole(rows["mark_out_s"], MICROS).fillna(length)
        end = end.mask((end > length).fillna(False), length)
        marked = (end - start).clip(lower=0)
        rejected = (rows["decision"] == "reject").fillna(False)
        none = ~rows["is_clip"]
        rows["video"] = length.mask(none, 0)
        rows["usable"] = marked.mask(rejected | none, 0)

    def grouped(self, rows: pd.DataFrame | None = None, *more: str) -> Any:
        """The rows by group, the preview's apart from the service's."""
        try:
            chosen = self.rows if rows is None else rows
            found = chosen.groupby([*self.keys, "is_preview", *more], dropna=False, observed=True, sort=True)
            _ = found.ngroups  # what cannot be grouped shows now
        except TypeError:
            raise refused(
                f"by={self.names} cannot be grouped by: a value is a list or the like",
                "Make text of the column: frame[name].astype(str).",
            ) from None
        return found

    def only(self, rows: pd.DataFrame, by: str) -> Tally:
        """The same of some of the rows, grouped by one of the needed columns."""
        made = copy.copy(self)
        made.names, made.keys = [by], ["group 0"]
        made.rows = rows.assign(**{"group 0": rows[by]})
        return made

    def labelled(self, table: pd.DataFrame, dtypes: dict[str, Any], *more: str) -> pd.DataFrame:
        """A result with the groups as its index and its columns in order and in type."""
        flat = table.reset_index(names=[*self.keys, "is_preview", *more])
        made: pd.DataFrame = pd.DataFrame(
            {name: flat[name].astype(dtype).array for name, dtype in dtypes.items()}, index=pd.RangeIndex(len(flat))
        )
        if self.names:
            levels = [pd.Index(flat[key].array, name=name) for key, name in zip(self.keys, self.names, strict=True)]
            made.index = levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels, names=self.names)
        return made


def ratio(over: Any, under: Any, scale: float = 1.0) -> Any:
    """One column over another; missing where there is nothing to divide by."""
    under = under.astype("Float64")
    return over.astype("Float64") / under.mask((under <= 0).fillna(True), pd.NA) * scale


def _whole(values: Any, scale: int) -> Any:
    """Whole micro-units; missing stays missing."""
    return (values.astype("Float64") * scale).round().astype("Int64")


def _hashed(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns as something that can be compared, whatever they hold."""
    part: pd.DataFrame = rows[list(names)].copy()
    for name in names:
        if part[name].dtype == object:
            part[name] = part[name].map(repr)
    return part


def _with_words_of_copies(rows: pd.DataFrame) -> pd.DataFrame:
    """What was decided and marked on a reused copy is said of the clip itself, unless that has words of its own."""
    for pair in _WORDS:
        said = rows[list(pair)].notna().any(axis=1)
        copies = rows[rows["is_copy"] & said].sort_values("id", ascending=False).drop_duplicates("reused_from")
        if not len(copies):
            continue
        lacking = rows["is_own"] & ~said & rows["id"].isin(copies["reused_from"])
        for name in pair:
            words = dict(zip(copies["reused_from"], copies[name], strict=True))
            found = [words.get(key, pd.NA) for key in rows.loc[lacking, "id"]]
            dtype: Any = rows[name].dtype
            rows.loc[lacking, name] = pd.array(found, dtype=dtype)
    return rows
