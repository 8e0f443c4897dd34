"""What a table says of clips: figures, with a word where one is pretended, unknown, or of too few to tell.

And what differs between rows: words that came are underlined, words that went are struck through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import style
from .html import Html, el, join
from .player import word_html

_CELL = f"padding: 3px 7px; border-bottom: 1px solid {style.LINE}; vertical-align: top; background: transparent"
_LONGEST, _SHORT = 160, 24  # characters in a cell, and in one that is not broken
_BREAK = Html("<wbr>")
_PROSE = ("prompt", "negative_prompt", "reason", "kind", "example", "error")  # columns of whole sentences
_PREVIEW_WORDS = "Money of the preview engine is pretended: nothing was billed."
_SMALL_WORDS = "of fewer than 20 values: there p90 and p99 say little more than the slowest one."

Pieces = Sequence[tuple[str, str]]


def measures_html(
    heads: Sequence[str], rows: Sequence[Sequence[Any]], noted: Mapping[str, int], silent: Sequence[str] = ()
) -> Html:
    """Figures as HTML that needs no script and no trust.

    Parameters
    ----------
    heads : sequence of str
        The columns' names, units in them.
    rows : sequence of rows
        Plain values, None or pandas' NA for missing ones.
    noted : mapping
        How many rows there are ("rows"), and how many things need a word: "unknown_costs", "small_sample",
        "is_preview".
    silent : sequence of str
        Columns that are not shown, since all of their figures are 0.
    """
    shown = [at for at, head in enumerate(heads) if head != "small_sample" or "n" not in heads]  # said beside n
    body = [el("tr", *(_cell(heads[at], row[at], row, heads) for at in shown)) for row in rows]
    table = el(
        "table",
        el("thead", el("tr", *(_head(heads[at]) for at in shown))),
        el("tbody", *body),
        style="border-collapse: collapse; border: none; margin: 0",
    )
    count = noted.get("rows", len(rows))
    parts = [f"the first {len(rows)} of {count:,} rows" if count > len(rows) else "", *notes_of(noted)]
    parts.append(f"0 throughout: {', '.join(silent)}." if silent else "")
    notes = [el("div", part) for part in (*parts, "" if rows else "no rows") if part]
    return el(
        "div",
        el("div", table, style="overflow-x: auto"),
        el("div", *notes, style=f"color: {style.MUTED}; margin-top: 6px; max-width: 700px") if notes else None,
        class_=f"pixverse-measures {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px",
    )


def notes_of(noted: Mapping[str, int]) -> list[str]:
    """The words below a table of figures."""
    words = []
    if unknown := noted.get("unknown_costs", 0):
        words.append(f"unknown: {unknown:,}. Sums and prices are of the known costs alone.")
    if few := noted.get("small_sample", 0):
        words.append(f"{few:,} small sample{'s' if few > 1 else ''}, {_SMALL_WORDS}")
    if noted.get("is_preview", 0):
        words.append(_PREVIEW_WORDS)
    return words


def remark_html(text: str) -> Html:
    """A line to the reader below something that was shown."""
    return el("div", text, class_=style.PLAIN, style=f"{style.FONT}; color: {style.MUTED}; margin: 0 0 8px")


def _head(name: str) -> Html:
    look = f"text-align: left; font-weight: 600; color: {style.MUTED}; vertical-align: bottom"
    words = ["made by"] if name == "is_preview" else name.split("_")
    inside = [piece for word in words for piece in ("_", _BREAK, word)][2:]  # the name stays what one types
    return el("th", *inside, style=f"{_CELL}; {look}")


def _cell(head: str, value: Any, row: Sequence[Any], heads: Sequence[str]) -> Html:
    text, right = figure(head, value)
    inside: Html | str = text
    if head == "n" and "small_sample" in heads and _is_true(row[heads.index("small_sample")]):
        inside = join(text, " ", el("span", "small sample", style=style.pill(style.WARN)))
    elif head == "is_preview" and _is_true(value):
        inside = el("span", text, style=style.pill(style.WARN))
    align = "right" if right else "left"
    wide = "; white-space: nowrap"
    if not right and (head in _PROSE or len(text) > _SHORT):
        wide = "; min-width: 150px; max-width: 380px; overflow-wrap: anywhere"
    plain = None if right else "auto"
    return el("td", inside, dir=plain, style=f"{_CELL}; text-align: {align}; {style.FIGURES}{wide}")


def figure(head: str, value: Any) -> tuple[str, bool]:
    """A value in words, and whether it is a figure; by what its column's name says of its unit."""
    if not isinstance(value, str) and str(value) in {"None", "<NA>", "NaT", "nan"}:
        return "–", head.endswith(("_usd", "_s"))
    if head == "is_preview" and str(value) in {"True", "False"}:
        return ("PREVIEW" if _is_true(value) else "the service"), False
    if hasattr(value, "strftime"):
        return f"{value:%d %b %Y %H:%M}", False
    if isinstance(value, float):
        shown = f"${value:,.4f}" if head.startswith("per_") else f"${value:,.3f}"
        return (shown if head.endswith("_usd") else f"{value:,.1f}"), True
    text = str(value)
    is_figure = hasattr(value, "__index__") and text not in {"True", "False"}
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"), is_figure


def _is_true(value: Any) -> bool:
    return str(value) == "True"


def words_html(
    heads: Sequence[str], rows: Sequence[Sequence[Any]], pieces: Callable[[str, int], Pieces | None]
) -> Html:
    """Rows and what differs between them, as HTML that needs no script and no trust.

    Parameters
    ----------
    heads : sequence of str
        The columns' names; the first is the rows' own.
    rows : sequence of rows
        Plain values, the row's id first.
    pieces : callable
        Gives of a row's id and a column's place the text in pieces of "same", "ins", "del"; None for a plain value.
    """
    head = [
        el("th", name, style=f"{_CELL}; text-align: left; font-weight: 600; color: {style.MUTED}") for name in heads
    ]
    body = [el("tr", *_differing(heads, row, pieces)) for row in rows]
    table = el("table", el("thead", el("tr", *head)), el("tbody", *body), style="border-collapse: collapse; margin: 0")
    nothing = el("div", "Nothing differs.", style=f"color: {style.MUTED}") if len(heads) < 2 or not rows else None
    return el(
        "div",
        el("div", table, style="overflow-x: auto"),
        nothing,
        class_=f"pixverse-differences {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px",
    )


def _differing(heads: Sequence[str], row: Sequence[Any], pieces: Callable[[str, int], Pieces | None]) -> list[Html]:
    key, *values = row
    cells = [el("td", el("code", str(key), style="font-size: 11px; background: none"), style=_CELL)]
    for at, value in enumerate(values):
        found = pieces(str(key), at)
        text, right = figure(heads[at + 1], value)
        inside = [piece for kind, part in found or () for piece in word_html(kind, part)]
        wide = "min-width: 200px; max-width: 460px; overflow-wrap: anywhere" if found else ""
        align = "right" if right and not found else "left"
        plain = text if found is None else None
        look = f"{_CELL}; text-align: {align}; {style.FIGURES}; {wide}"
        cells.append(el("td", plain, *inside, dir="auto", style=look))
    return cells
