"""A table to look and to choose from: posters, sorting, searching, pages; what is chosen comes back as a DataFrame."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd
from itables.widget import ITable

from pixverse_nb.display import chooser as looks
from pixverse_nb.display.frontend import WIDGET_VIEW, unattended, widget_metadata
from pixverse_nb.display.html import Html
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.player.player import _this_run

from .columns import check_plain, has_ids, ids_of, typed
from .shown import in_rows

if TYPE_CHECKING:
    from pixverse_nb.media.clips import Clips

POSTERS = 200
"""Rows that have a poster: each takes 3 to 5 KB in the notebook's traffic."""

ROWS = 5_000
"""Rows that are shown: more of them no browser sorts at once."""

_AT_ONCE = 4  # posters
_STILL_PX = 72  # high: a poster is shown a little smaller
_NAMED = frozenset({"prompt", "quality", "duration"})  # have columns of their own
_shown: dict[str, tuple[int, weakref.WeakSet[Any]]] = {}
"""Cell -> its last run, and the tables that it showed."""


class _Widget(ITable):
    """itables' widget, dressed."""

    _css = f"{ITable._css}\n{looks.CSS}"  # type: ignore[assignment]  # anywidget takes a text as well as a file
    _ipython_display_ = None  # ipywidgets 7 would show itself without what stands there when no kernel runs


class Chooser:
    """The rows of a table to choose from; see `Accessor.table`.

    Parameters
    ----------
    frame : DataFrame
        Rows of the history.
    clips : Clips or None
        Where the posters come from.
    """

    def __init__(self, frame: pd.DataFrame, clips: Clips | None) -> None:
        check_plain(frame)
        self._frame = frame
        part = frame.iloc[:ROWS]
        self._remarks = _remarks(frame, clips)
        table, orders, hidden = _cells(part, _stills(part, clips))
        options = looks.options_of(list(table.columns), orders, hidden, rows=len(part))
        with pd.option_context("display.max_colwidth", None):
            self._widget = _Widget(
                table, maxBytes=0, maxRows=0, maxColumns=0, allow_html=True, showIndex=False, **options
            )

    @property
    def selected(self) -> pd.DataFrame:
        """The chosen rows, as they were when the table was made; in the frame's order. None chosen: no rows."""
        places = sorted({place for place in self._widget.selected_rows if 0 <= place < min(len(self._frame), ROWS)})
        chosen: pd.DataFrame = self._frame.iloc[places]
        return chosen

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        return f"<Chooser of {in_rows(len(self))}; {len(self.selected):,} chosen: .selected>"

    def close(self) -> None:
        """Take it off the screen for good."""
        self._widget.close()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]:
        """The widget; and where no kernel runs, the table as it stands in any notebook."""
        bundle, metadata = self._bundle(), widget_metadata()
        return (bundle, metadata) if metadata else bundle

    def _bundle(self) -> dict[str, Any]:
        static = self._frame._repr_html_() or ""  # type: ignore[operator]
        bundle: dict[str, Any] = {
            "text/html": static + str(looks.remarks_html(self._remarks) if self._remarks else ""),
            "text/plain": "\n".join([repr(self._frame), *self._remarks]),
        }
        if self._widget.comm is not None and not unattended():  # else it was closed, or nobody could use it
            view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
            bundle[WIDGET_VIEW] = view
            self._take_the_place()
        return bundle

    def _take_the_place(self) -> None:
        """Close what this cell showed when it ran before: ipywidgets keeps every widget alive until it is closed."""
        cell, run = _this_run()
        if not cell:
            return
        before = _shown.get(cell)
        if before is None or before[0] != run:
            _shown[cell] = (run, weakref.WeakSet([self._widget]))
            for widget in list(before[1]) if before else ():
                if widget is not self._widget:
                    widget.close()
        else:
            before[1].add(self._widget)


# ---- the cells -----------------------------------------------------------------------------------------------------


def _cells(frame: pd.DataFrame, stills: Mapping[int, bytes]) -> tuple[pd.DataFrame, dict[str, int], list[int]]:
    """The columns as HTML and their hidden beside them: what they are sorted by, and what is found by searching."""
    row = _Rows(frame)
    shown: dict[str, list[Html]] = {
        "": [looks.poster_cell(stills.get(at), row.text("prompt", at), row.key(at)) for at in row.all],
    }
    by: dict[str, list[int]] = {}

    def add(head: str, needs: str, cell: Callable[[int], Html], order: Callable[[int], int] | None = None) -> None:
        if needs in frame.columns:
            shown[head] = [cell(at) for at in row.all]
            if order is not None:
                by[head] = [order(at) for at in row.all]

    add("Prompt", "prompt", row.prompt_cell)
    differences = _differences(frame)
    if any(differences):
        shown["What differs"] = [looks.text_cell(text) for text in differences]
    add("Quality", "quality", lambda at: looks.text_cell(row.text("quality", at)), row.quality)
    add("Duration", "duration", row.duration_cell, lambda at: row.micros("duration", at))
    add("Latency", "latency_s", row.latency_cell, lambda at: row.micros("latency_s", at))
    add("Cost", "cost_usd", row.cost_cell, lambda at: row.micros("cost_usd", at))
    add("Rating", "rating", lambda at: looks.rating_cell(row.whole("rating", at)), lambda at: row.micros("rating", at))
    add("Decision", "decision", lambda at: looks.decision_cell(row.text("decision", at), row.text("reason", at)))
    if any(row.text("mismatch", at) for at in row.all):
        add("Mismatch", "mismatch", lambda at: looks.text_cell(row.text("mismatch", at), warns=True))
    add("Created", "created_at", row.created_cell, row.created)
    table: dict[str, Any] = {head: pd.Series(values, dtype=object) for head, values in shown.items()}
    orders = {}
    for head, values in by.items():
        orders[head] = len(table)
        table[f"by {head}"] = pd.Series(values, dtype="int64")
    table["words"] = pd.Series([looks.words_cell(row.words(at)[:_FOUND]) for at in row.all], dtype=object)
    made: pd.DataFrame = pd.DataFrame(table, index=pd.RangeIndex(len(frame)))
    return made, orders, list(range(len(shown), len(table)))


_FOUND = 6_000  # characters of a row that searching looks at
_SEARCHED = ("prompt", "negative_prompt", "tags", "note", "reason", "error", "status", "cost_source")


class _Rows:
    """A table's rows as plain values, whatever columns it has."""

    def __init__(self, frame: pd.DataFrame) -> None:
        from pixverse_nb.history import COLUMNS

        self.all = range(len(frame))
        names = [name for name in (*COLUMNS, "mismatch") if name in frame.columns]
        self._values = {name: list(typed(name, frame[name])) for name in names}
        self._keys = ids_of(frame) if has_ids(frame) else [None] * len(frame)
        quality = PARAMETERS["quality"].choices
        self._order = {str(name): at for at, name in enumerate(quality)}
        self.is_mixed = len({self.is_preview(at) for at in self.all}) > 1  # else it is said once

    def key(self, at: int) -> str:
        return self._keys[at] or ""

    def value(self, name: str, at: int) -> Any:
        values = self._values.get(name)
        found = None if values is None else values[at]
        return None if found is None or (pd.api.types.is_scalar(found) and pd.isna(found)) else found

    def text(self, name: str, at: int) -> str:
        """In one line."""
        return " ".join(str(self.value(name, at) or "").split())

    def whole(self, name: str, at: int) -> int | None:
        found = self.value(name, at)
        return None if found is None else int(found)

    def micros(self, name: str, at: int) -> int:
        """For sorting; what is missing comes before everything."""
        found = self.value(name, at)
        return -1 if found is None else round(float(found) * 1e6)

    def quality(self, at: int) -> int:
        return self._order.get(self.text("quality", at), -1)

    def words(self, at: int) -> str:
        return " ".join([self.key(at), *(self.text(name, at) for name in _SEARCHED)])

    def prompt_cell(self, at: int) -> Html:
        state, error = self.text("status", at), self.text("error", at)
        pretended = self.is_mixed and self.is_preview(at)
        return looks.prompt_cell(self.text("prompt", at), state, error, is_preview=pretended)

    def is_preview(self, at: int) -> bool:
        return self.text("service", at) == "preview" or self.text("cost_source", at) == "preview"

    def duration_cell(self, at: int) -> Html:
        asked = self.value("duration", at)
        return looks.text_cell("–" if asked is None else f"{asked} s", is_quiet=asked is None)

    def latency_cell(self, at: int) -> Html:
        seconds = self.value("latency_s", at)
        return looks.text_cell("–" if seconds is None else f"{seconds:,.1f} s", is_quiet=seconds is None)

    def cost_cell(self, at: int) -> Html:
        usd = self.value("cost_usd", at)
        source = self.text("cost_source", at)
        nobody_knows = usd is None and self.text("status", at) in {"completed", "unknown"}
        return looks.cost_cell(usd, source or ("none" if nobody_knows else ""))

    def created_cell(self, at: int) -> Html:
        moment = self.value("created_at", at)
        return looks.text_cell("–" if moment is None else f"{moment:%d %b %Y %H:%M}", is_quiet=moment is None)

    def created(self, at: int) -> int:
        moment = self.value("created_at", at)
        return -1 if moment is None else int(moment.timestamp() * 1000)


def _differences(frame: pd.DataFrame) -> list[str]:
    """Of each row, the parameters in which not all rows are alike; those with a column of their own left out."""
    words: list[list[str]] = [[] for _ in range(len(frame))]
    labels = {name: parameter.label for name, parameter in PARAMETERS.items()}
    for name in (*PARAMETERS, "take", "extra", "image_sha256"):
        if name in _NAMED or name not in frame.columns:
            continue
        texts = [_said(name, value) for value in typed(name, frame[name])]
        if len(set(texts)) > 1:
            label = labels.get(name, {"take": "Take", "extra": "Extra"}.get(name, "Picture"))
            for row, text in zip(words, texts, strict=True):
                if text:
                    row.append(f"{label} {text}")
    return [" · ".join(row) for row in words]


def _said(name: str, value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    if str(value) in {"True", "False"}:
        return "on" if value else "off"
    text = " ".join(str(value).split())
    text = text[:10] if name == "image_sha256" else text
    unit = PARAMETERS[name].unit if name in PARAMETERS else None
    return f"{text} {unit}" if unit else text


# ---- the posters ---------------------------------------------------------------------------------------------------


def _stills(frame: pd.DataFrame, clips: Clips | None) -> dict[int, bytes]:
    """Small stills of the first rows, by their place."""
    if clips is None or not has_ids(frame):
        return {}
    part = frame.iloc[:POSTERS]
    places = typed("video_path", part["video_path"]) if "video_path" in part.columns else [None] * len(part)

    def still(key: str | None, place: object) -> bytes | None:
        path = clips.home / place if isinstance(place, str) else None
        return None if key is None else clips.thumbnail(key, path, height=_STILL_PX)

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # of a clip that nobody has looked at yet a frame is decoded
        found = list(pool.map(still, ids_of(part), places))
    return {at: jpeg for at, jpeg in enumerate(found) if jpeg is not None}


def _remarks(frame: pd.DataFrame, clips: Clips | None) -> list[str]:
    """What is to be said of the table itself."""
    remarks = []
    sources = frame["service"] if "service" in frame.columns else frame.get("cost_source", pd.Series(dtype="string"))
    if len(sources) and bool((sources.iloc[:ROWS] == "preview").fillna(False).all()):
        remarks.append("All of these are the preview engine's: their money is pretended.")
    if len(frame) > ROWS:
        remarks.append(f"The first {ROWS:,} of {len(frame):,} rows can be chosen from: filter or sort the frame first.")
    if clips is None:
        remarks.append("No posters: this table does not know its studio; df.pixverse.of(studio).table() has them.")
    elif len(frame) > POSTERS:
        remarks.append(f"The first {POSTERS} rows have posters.")
    return remarks
