"""The history on the screen: a table with posters; every cell is text."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import style
from .html import Html, el, join

if TYPE_CHECKING:
    import pandas as pd

# What a person compares; the frame itself has every column.
_SHOWN = (
    "prompt", "duration", "quality", "latency_s", "cost_usd", "cost_source", "status", "error", "mismatch", "take",
    "created_at",
)  # fmt: skip
_SELDOM = {"error", "mismatch"}  # shown where there is one
_CELL = f"padding: 4px 8px; border-bottom: 1px solid {style.LINE}; vertical-align: middle"


def table_html(
    frame: pd.DataFrame, known: Iterable[str], thumbnail: Callable[[str], bytes | None], *, rows: int
) -> Html:
    """The newest rows of a history frame, with their posters.

    A frame that still has all the history's columns shows those that people compare; a narrower one shows all it has.
    """
    whole = set(known) <= set(frame.columns)
    names = [n for n in _SHOWN if n not in _SELDOM or frame[n].notna().any()] if whole else list(frame.columns)
    head = el("tr", *(_head(name) for name in ("", "id", *map(str, names))))
    shown = frame.iloc[:rows]
    body = [
        _row(str(key), [_cell(name, value) for name, value in zip(names, values, strict=True)], thumbnail(str(key)))
        for key, *values in shown[names].itertuples()
    ]
    table = el("table", el("thead", head), el("tbody", *body), style="border-collapse: collapse; border: none")
    return el(
        "div",
        el("div", table, style="overflow-x: auto"),
        el("div", _foot(frame, len(shown), len(names)), style=f"color: {style.MUTED}; margin-top: 6px"),
        class_=f"pixverse-history {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}",
    )


def _head(name: str) -> Html:
    return el(
        "th", name, style=f"{_CELL}; text-align: left; font-weight: 600; white-space: nowrap; color: {style.MUTED}"
    )


def _row(id: str, cells: list[Html], thumbnail: bytes | None) -> Html:
    picture: Html | str = ""
    if thumbnail is not None:
        src = "data:image/jpeg;base64," + base64.b64encode(thumbnail).decode()
        look = "display: block; height: 54px; width: auto; max-width: none; margin: 0; border-radius: 4px"
        picture = el("img", src=src, alt="", style=look)
    key = el("code", id, style="font-size: 11px")
    first = [el("td", picture, style=f"{_CELL}; min-width: 30px"), el("td", key, style=_CELL)]
    return el("tr", *first, *cells)


def _cell(label: object, value: Any) -> Html:
    name = str(label)  # people name columns of their own by anything
    text, right = _text(name, value)
    align = "right" if right else "left"
    wide = "min-width: 200px; max-width: 420px; overflow-wrap: anywhere" if name in {"prompt", *_SELDOM} else ""
    return el(
        "td",
        text,
        dir="auto" if name == "prompt" else None,
        style=f"{_CELL}; text-align: {align}; {style.FIGURES}; {wide}",
    )


def _text(name: str, value: Any) -> tuple[str, bool]:
    if str(value) in {"None", "<NA>", "NaT", "nan"} and not isinstance(value, str):
        return "–", False
    if name.endswith("_at") and hasattr(value, "strftime"):
        return f"{value:%d %b %H:%M:%S}", False
    if isinstance(value, bool | str):
        text = str(value)
        return (text if len(text) <= 160 else text[:159] + "…"), False
    if isinstance(value, float):
        return (f"{value:.3f}" if name.endswith("_usd") else f"{value:.1f}"), True
    return str(value), True


def _foot(frame: pd.DataFrame, shown: int, names: int) -> Html:
    count = f"{len(frame):,} row" + ("" if len(frame) == 1 else "s")
    parts = [count if shown == len(frame) else f"the first {shown} of {count}"]
    if names < len(frame.columns):
        parts.append(f"{names} of {len(frame.columns)} columns shown")
    if {"cost_usd", "cost_source"} <= set(frame.columns):
        real = frame["cost_usd"][frame["cost_source"].isin(["reported", "account"])]
        unknown = (
            int((frame["cost_usd"].isna() & (frame["status"] != "failed")).sum()) if "status" in frame.columns else 0
        )
        parts.append(f"${real.sum():,.3f} charged" + (f", {unknown} with unknown cost" if unknown else ""))
        pretended = frame["cost_usd"][frame["cost_source"] == "preview"].sum()
        if pretended:
            parts.append(f"${pretended:,.3f} pretended by the preview")
    return join(" · ".join(parts))
