"""The History tab on the screen: a page of the history as a table, and a word below it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from . import style
from .html import Html, el, join
from .shelf import cost_words, seconds_words

_UNSEEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)"  # but read aloud
_CELL = f"padding: 5px 8px; border: none; border-bottom: 1px solid {style.LINE}; vertical-align: middle"
_FLAT = "background: none; text-align: start"
# Column of the database or of our own -> its heading; the ones that are figures stand on the right.
_HEADS: Mapping[str, str] = {
    "poster": "Still", "id": "Made (UTC)", "prompt": "Prompt", "status": "Status", "duration": "Duration",
    "cost_micros": "Cost", "latency_s": "Took", "rating": "Rating", "remarks": "Remarks",
}  # fmt: skip
_FIGURES = ("duration", "cost_micros", "latency_s")
_STATES = {"completed": ("●", style.GOOD), "failed": ("✕", style.BAD), "unknown": ("?", style.WARN)}
_LONGEST = 600  # characters; the page shows three lines of them


TAB = "pixverse-browse-tab"
"""The class of the tab's box; the look below is for what is in it."""

STALE = "pixverse-stale"
"""The class of a table that an earlier search has found."""

FRAME_CODE = "studio.panel().history"
"""What gives the table that is shown as a DataFrame."""

_CSS = f"""
.{TAB} {{ overflow: visible; }}
.{TAB} .pixverse-finds {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 8px 12px;
  overflow: visible; margin: 2px 2px 6px; }}
.{TAB} .pixverse-find {{ display: flex; flex-direction: column; align-items: stretch; width: auto; height: auto;
  margin: 0; overflow: visible; }}
.{TAB} .pixverse-find:first-child {{ grid-column: span 2; }}
.{TAB} .pixverse-find > .widget-label {{ width: auto; max-width: none; height: auto; padding: 0; margin: 0 0 3px;
  line-height: 1.5; text-align: start; font-weight: 600; font-size: 12px; color: {style.INK}; }}
.{TAB} .pixverse-find input, .{TAB} .pixverse-find select {{ flex: 0 0 auto; width: 100%; height: 30px; margin: 0;
  box-sizing: border-box; max-width: none; border: 1px solid {style.LINE}; border-radius: 5px; }}
.{TAB} .pixverse-find input {{ unicode-bidi: plaintext; text-align: start; }}
.{TAB} .pixverse-find input::placeholder {{ color: {style.MUTED}; opacity: 0.8; }}
.{TAB} .pixverse-pager {{ display: flex; flex-flow: row wrap; align-items: center; gap: 8px; margin: 10px 2px 2px;
  overflow: visible; }}
.{TAB} .widget-html, .{TAB} .widget-html-content {{ min-width: 0; max-width: 100%; }}
.{TAB} .pixverse-browse tbody tr:hover {{ background: {style.SUNKEN} !important; }}
.{TAB} .pixverse-clamp {{ display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden;
  overflow-wrap: anywhere; }}
.{TAB} .{STALE} {{ opacity: 0.45; }}
"""


def style_html() -> Html:
    """The tab's own look, as an element; it holds nobody's text."""
    return Html(f"<style>{_CSS}</style>")


def table_html(rows: Sequence[Mapping[str, Any]], stills: Mapping[str, bytes], *, sort: str, descending: bool) -> Html:
    """Rows of the history as a table that a keyboard can scroll; every text in it is text."""
    order = "descending" if descending else "ascending"
    head = [_head(name, text, order if name == sort else None) for name, text in _HEADS.items()]
    body = [_row(row, stills.get(row["id"])) for row in rows]
    caption = el("caption", "The history, a page of it", style=_UNSEEN)
    table = el(
        "table",
        caption,
        el("thead", el("tr", *head, style=_FLAT)),
        el("tbody", *body),
        style="border-collapse: collapse; border: none; width: 100%; margin: 0; font-size: 12.5px",
    )
    return el(
        "div",
        table,
        class_=f"pixverse-browse {style.PLAIN}",
        role="region",
        aria_label="History",
        tabindex=0,
        style=f"{style.FONT}; color: {style.INK}; overflow-x: auto; position: relative",
    )


def empty_html(*, filtered: bool) -> Html:
    """What stands there when there is no row."""
    words = "Nothing in the history matches." if filtered else "The history is empty: every attempt will be a row here."
    look = f"padding: 36px 12px; text-align: center; border: 1px dashed {style.LINE}; border-radius: 10px"
    return el("div", words, style=f"{style.FONT}; color: {style.MUTED}; {look}")


def status_html(text: str) -> Html:
    """How many there are, said to a screen reader when it changes."""
    look = f"{style.FONT}; color: {style.MUTED}; {style.FIGURES}; min-height: 20px"
    return el("div", text, role="status", aria_live="polite", style=look)


def wrong_html(text: str) -> Html:
    """Why a filter cannot be used; empty when it can."""
    look = f"{style.FONT}; color: {style.BAD}; overflow-wrap: anywhere"
    return el("div", text, role="alert", style=look) if text else Html("")


def hint_html() -> Html:
    """How to go on with what is shown."""
    words = join(el("code", FRAME_CODE, style="font-size: 12px"), " is the table that is shown here.")
    return el("div", words, style=f"{style.FONT}; color: {style.MUTED}; font-size: 12px")


def _head(name: str, text: str, order: str | None) -> Html:
    arrow = {"descending": " ↓", "ascending": " ↑"}.get(order or "", "")
    shown: tuple[Html | str, ...] = (text, el("span", arrow, aria_hidden="true")) if arrow else (text,)
    colour = style.ACCENT if order else style.MUTED
    side = "end" if name in _FIGURES else "start"
    look = f"{_CELL}; text-align: {side}; font-weight: 600; white-space: nowrap; color: {colour}"
    return el("th", *shown, scope="col", aria_sort=order, style=look)


def _row(row: Mapping[str, Any], still: bytes | None) -> Html:
    made = datetime.fromtimestamp(row["created_at"] / 1e6, timezone.utc)
    stamp = join(f"{made:%d %b %Y}", el("br"), el("span", f"{made:%H:%M:%S}", style=f"color: {style.MUTED}"))
    return el(
        "tr",
        _cell(_still(still)),
        _cell(stamp, more="white-space: nowrap"),
        _cell(_prompt(row), dir="auto", more="min-width: 150px; max-width: 380px; overflow-wrap: anywhere"),
        _cell(_status(row["status"]), more="white-space: nowrap"),
        _cell(_over(f"{row['duration']} s", row["quality"]), side="end"),
        _cell(_cost(row), side="end"),
        _cell(seconds_words(row["latency_s"]) or "–", side="end"),
        _cell(_rating(row["rating"]), more="white-space: nowrap"),
        _cell(_remarks(row), dir="auto", more="min-width: 90px; max-width: 220px; overflow-wrap: anywhere"),
        style=_FLAT,
    )


def _cell(inside: Html | str, *, side: str = "start", dir: str | None = None, more: str = "") -> Html:
    nowrap = "white-space: nowrap" if side == "end" else ""
    return el("td", inside, dir=dir, style=f"{_CELL}; text-align: {side}; {style.FIGURES}; {nowrap}; {more}")


def _still(jpeg: bytes | None) -> Html:
    box = f"display: block; width: 80px; height: 45px; border-radius: 4px; background: {style.SUNKEN}; margin: 0"
    if jpeg is None:
        return el("span", style=box)
    src = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    return el("img", src=src, alt="", style=f"{box}; object-fit: contain; max-width: none")


def _prompt(row: Mapping[str, Any]) -> Html:
    error = _clamped(row["error"], style=f"color: {style.BAD}; font-size: 12px") if row["error"] else None
    key = el("div", row["id"], dir="ltr", style=f"font-size: 11px; color: {style.MUTED}")
    return join(_clamped(row["prompt"], dir="auto"), error, key)


def _status(status: str) -> Html:
    icon, colour = _STATES.get(status, ("○", style.ACCENT))
    return join(el("span", icon, aria_hidden="true", style=f"color: {colour}"), f" {status}")


def _cost(row: Mapping[str, Any]) -> Html:
    amount, _, word = cost_words(row).partition(" ")
    return _over(amount.rstrip(","), word)


def _over(figure: str, word: str) -> Html:
    return join(figure, el("div", word, style=f"color: {style.MUTED}; font-size: 11px") if word else None)


def _rating(rating: int | None) -> Html | str:
    if rating is None:
        return "–"
    stars = el("span", "★" * rating, aria_hidden="true", style=f"color: {style.ACCENT}; letter-spacing: 1px")
    return join(stars, el("span", f"{rating} of 5", style=_UNSEEN))


def _remarks(row: Mapping[str, Any]) -> Html:
    decision = {"keep": "kept", "reject": "rejected"}.get(row["decision"] or "", "")
    words = f"{decision}: {row['reason']}" if decision and row["reason"] else decision
    parts = ["starred" if row["starred"] else "", words, row["tags"] or "", row["note"] or ""]
    return _clamped(" · ".join(part for part in parts if part))


def _clamped(text: str, **more: str) -> Html:
    """Three lines of a text, in whatever script; all of it where the mouse rests on it."""
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return el("div", shown, class_="pixverse-clamp", title=shown, **more)
