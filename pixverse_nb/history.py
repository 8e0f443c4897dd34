"""The history as a DataFrame: typed columns, units in their names, posters when it is shown."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import pandas as pd

from .display.table import table_html
from .errors import InvalidParameter
from .media.clips import Clips
from .parameters import PARAMETERS, check_count, unknown_parameter
from .pricing import MICROS
from .store.store import Store
from .table.accessor import Accessor
from .table.origin import studio_of
from .typed import FLAG, FLOAT, MOMENT, TEXT, WHOLE, Columns, in_dollars

STATUSES = ("submitting", "queued", "processing", "downloading", "completed", "failed", "unknown")
_OF_TYPE = {str: TEXT, int: WHOLE, float: FLOAT, bool: FLAG}


def _parameter_dtype(name: str) -> Any:
    parameter = PARAMETERS[name]
    if name == "quality":
        return pd.CategoricalDtype(list(parameter.choices), ordered=True)
    return _OF_TYPE[parameter.python_type]


# Column -> dtype, in the table's order. A name ending in _usd is stored as ..._micros.
COLUMNS: Mapping[str, Any] = {
    "created_at": MOMENT,
    "status": pd.CategoricalDtype(list(STATUSES)),
    **{name: _parameter_dtype(name) for name in PARAMETERS},
    "extra": TEXT,
    "take": WHOLE,
    "image_sha256": TEXT,
    "estimate_usd": FLOAT,
    "ceiling_usd": FLOAT,
    "cost_usd": FLOAT,
    "cost_source": TEXT,
    "billed": FLAG,
    "latency_s": FLOAT,
    "queue_s": FLOAT,
    "inference_s": FLOAT,
    "download_s": FLOAT,
    "video_path": TEXT,
    "video_duration_s": FLOAT,
    "video_width_px": WHOLE,
    "video_height_px": WHOLE,
    "video_fps": FLOAT,
    "video_bytes": WHOLE,
    "video_has_audio": FLAG,
    "video_black_s": FLOAT,
    "video_frozen_s": FLOAT,
    "video_loudness_lufs": FLOAT,
    "mismatch": TEXT,
    "error": TEXT,
    "http_status": WHOLE,
    "reused_from": TEXT,
    "saved_usd": FLOAT,
    "starred": FLAG,
    "rating": WHOLE,
    "decision": TEXT,
    "reason": TEXT,
    "tags": TEXT,
    "note": TEXT,
    "mark_in_s": FLOAT,
    "mark_out_s": FLOAT,
    "seed_used": WHOLE,
    "request_id": TEXT,
    "completed_at": MOMENT,
    "api": TEXT,
    "service": TEXT,
}

_FILTERS = ("id", *COLUMNS)
_LONGEST_SEARCH = 5000  # characters: a prompt's own length
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SQL_INTEGERS = 2**63


class History(pd.DataFrame):
    """A DataFrame that shows posters in a notebook; in everything else a DataFrame like any other.

    Slices, sorts and merges that keep the `id` index keep the posters. `.pixverse` plays, compares, measures and rates
    what it holds; it knows the studio that the frame came from by the clips that the frame carries along.
    """

    _metadata = ["_clips"]  # noqa: RUF012  pandas' own way to carry an attribute along
    _clips: Clips | None = None
    if TYPE_CHECKING:
        pixverse: Accessor

    @property
    def _constructor(self) -> type[History]:
        return History

    def __finalize__(self, other: Any, method: str | None = None, **kwargs: Any) -> History:
        made: History = super().__finalize__(other, method=method, **kwargs)  # type: ignore[misc]
        if made._clips is None and not isinstance(other, pd.DataFrame | pd.Series):
            # Of the frames that were merged or joined, pandas carries nothing along by itself.
            parts = [getattr(other, name, None) for name in ("left", "right")]
            parts += [*(getattr(other, "input_objs", None) or getattr(other, "objs", None) or ())]
            found = (getattr(part, "_clips", None) for part in parts if isinstance(part, History))
            made._clips = next((clips for clips in found if clips is not None), None)
        return made

    def _repr_html_(self) -> str | None:
        clips = getattr(self, "_clips", None)
        plain = self.index.nlevels == self.columns.nlevels == 1 and self.columns.is_unique
        if clips is None or self.index.name != "id" or not plain:
            return str(pd.DataFrame(self).to_html(max_rows=60, max_cols=20))  # escapes, as pandas' own repr does
        places = self["video_path"] if "video_path" in self.columns else None
        studio = studio_of(self)

        def thumbnail(key: str) -> bytes | None:
            if places is not None:
                place = places.get(key)
            else:  # a choice of columns without it: the history knows
                row = None if studio is None else studio._store.row(key)
                place = None if row is None else row["video_path"]
            jpeg: bytes | None = clips.thumbnail(key, clips.home / place if isinstance(place, str) else None)
            return jpeg

        limit = int(pd.get_option("display.max_rows") or len(self))
        return str(table_html(self._shown(), COLUMNS.keys(), thumbnail, rows=min(limit, 20)))

    def _shown(self) -> pd.DataFrame:
        """The frame itself; of a sweep's results, what was swept over and what came of it."""
        axes = [name for name in self.attrs.get("axes", ()) if name in self.columns]
        results = ["latency_s", "cost_usd", "cost_source", "status", "error"]
        if not axes or not set(COLUMNS) <= set(self.columns):
            return self
        shown: pd.DataFrame = self[[*axes, *(n for n in results if n != "error" or self["error"].notna().any())]]
        return shown


pd.api.extensions.register_dataframe_accessor("pixverse")(Accessor)


def history(
    store: Store,
    clips: Clips,
    *,
    search: str | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    limit: int | None = None,
    columns: Mapping[str, object],
) -> History:
    """The rows that match, newest first; see `Studio.history`."""
    if limit is not None:
        check_count("limit", limit)
    if search is not None and not (isinstance(search, str) and len(search) <= _LONGEST_SEARCH and _is_text(search)):
        raise _no_filter("search", search, f"Pass text of at most {_LONGEST_SEARCH:,} characters.")
    made = _columns(store.home)
    for batch in store.stream(
        [_stored(name) for name in ("id", *COLUMNS)],
        {_stored(name): _plain(name, value, store.home) for name, value in columns.items()},
        since_us=_moment("since", since),
        until_us=_moment("until", until),
        search=search,
        limit=limit,
    ):
        made.add(batch)
    return _frame(made, clips)


def frame(rows: list[Any], store: Store, clips: Clips) -> History:
    """Rows of the store as the table; the same dtypes for none, one or a million."""
    names = [_stored(name) for name in ("id", *COLUMNS)]
    made = _columns(store.home)
    mappings = (getattr(row, "_mapping", row) for row in rows)  # SQLAlchemy's public name for it; or plain dicts
    if rows:
        made.add([[row[name] for name in names] for row in mappings])
    return _frame(made, clips)


def _columns(home: Path) -> Columns:
    def whole(paths: Sequence[str | None]) -> Sequence[str | None]:
        return [None if path is None else f"{home}{os.sep}{path.replace('/', os.sep)}" for path in paths]

    dollars = dict.fromkeys((name for name in COLUMNS if name.endswith("_usd")), in_dollars)
    return Columns({"id": TEXT, **COLUMNS}, {**dollars, "video_path": whole})


def _frame(columns: Columns, clips: Clips) -> History:
    table = columns.finished()
    index = pd.Index(table.pop("id"), name="id")
    made: History = History(table, index=index, columns=list(COLUMNS), copy=False)
    made._clips = clips
    return made


def _is_text(text: str) -> bool:
    """Whether a text can be written down: half of a surrogate pair cannot."""
    return text.encode("utf-8", "ignore").decode("utf-8") == text


def _stored(name: str) -> str:
    if name not in _FILTERS:
        raise unknown_parameter(name, (*_FILTERS, "search", "since", "until", "limit"), "a column of the history")
    return name.removesuffix("_usd") + "_micros" if name.endswith("_usd") else name


def _plain(name: str, value: object, home: Path) -> object:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return [_plain(name, item, home) for item in value]
    plain = _plain_one(name, value)
    # The table shows whole paths, the database keeps them relative to the home.
    return Path(plain).relative_to(home).as_posix() if name == "video_path" and _is_below(plain, home) else plain


def _is_below(path: object, home: Path) -> TypeGuard[str]:
    return isinstance(path, str) and Path(path).is_relative_to(home)


def _plain_one(name: str, value: object) -> object:
    if COLUMNS.get(name) == MOMENT:
        return _moment(name, value)
    item = getattr(value, "item", None)
    value = item() if callable(item) else value
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124  NaN is missing, too
        return None
    wanted, fits = _FITTING[_kind(name)]
    if not fits(value):
        raise _no_filter(name, value, f"Pass {wanted}, a list of them, or None for missing ones.")
    known = _choices(name)
    if known and value not in known:
        near = difflib.get_close_matches(str(value).lower(), known, n=1)
        raise _no_filter(name, value, f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}.")
    return round(float(str(value)) * MICROS) if name.endswith("_usd") else value


def _kind(name: str) -> str:
    dtype = COLUMNS.get(name, TEXT)
    return dtype if isinstance(dtype, str) else TEXT


def _choices(name: str) -> list[str]:
    """The values of a categorical column; none for the others."""
    dtype = COLUMNS.get(name)
    return list(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _SQL_INTEGERS


# dtype -> what to pass, and how to know it.
_FITTING: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    TEXT: ("text", lambda value: isinstance(value, str)),
    FLAG: ("True or False", lambda value: isinstance(value, bool)),
    WHOLE: ("a number", _is_number),
    FLOAT: ("a number", _is_number),
}


def _no_filter(name: str, value: object, remedy: str) -> InvalidParameter:
    return InvalidParameter(f"{name}={value!r} cannot be a filter", remedy=remedy, billed=False)


def _moment(name: str, value: object) -> int | None:
    """Microseconds since 1970, exactly: a column's own value finds its row again."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    try:
        moment = pd.Timestamp(value)  # type: ignore[arg-type]
        if moment is pd.NaT or isinstance(value, bool | int | float):
            raise ValueError  # noqa: TRY301
    except (ValueError, TypeError):
        raise InvalidParameter(
            f"{name}={value!r} is not a date",
            remedy='Pass a datetime, or text such as "2026-11-20 14:00".',
            billed=False,
        ) from None
    aware = moment.tz_localize(timezone.utc) if moment.tzinfo is None else moment
    since: timedelta = aware.to_pydatetime(warn=False) - _EPOCH
    return since // timedelta(microseconds=1)
