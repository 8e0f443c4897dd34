"""The local history held against the account's, on the screen: what there is to do, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import style
from .html import Html, el

_CELL = f"padding: 3px 10px 3px 0; border-bottom: 1px solid {style.LINE}; vertical-align: top; text-align: left"
_SMALL = "font-size: 11px; white-space: nowrap; background: none; padding: 0"
_MOST = 20  # lines of one kind; the frame has them all


@dataclass(frozen=True)
class Line:
    """One finding; everything in words already, empty where there is nothing to say.

    Attributes
    ----------
    key : str
        The row's id, else the beginning of the request's.
    action : str
        One line of code.
    """

    key: str
    prompt: str
    cost: str
    at: str
    what: str
    action: str


@dataclass(frozen=True)
class Section:
    """The findings of one kind, under a title that says what they have in common."""

    title: str
    lines: Sequence[Line]
    urgent: bool


def reconciled_html(headline: str, sections: Sequence[Section], foot: str) -> Html:
    """The findings as HTML that needs no script and no trust."""
    urgent = any(section.urgent for section in sections)
    sign, colour = ("!", style.WARN) if urgent else ("✓", style.GOOD)
    head = el(
        "div",
        el("span", sign, " ", style=f"color: {colour}; font-weight: 600"),
        el("span", headline, style="font-weight: 600"),
        role="status",
    )
    return el(
        "div",
        head,
        *(_section(section) for section in sections),
        el("div", foot, style=f"color: {style.MUTED}; font-size: 12px; margin-top: 6px; {style.FIGURES}"),
        class_=f"pixverse-reconciled {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px",
    )


def reconciled_text(headline: str, sections: Sequence[Section], foot: str) -> str:
    """The findings for a terminal."""
    parts = [headline]
    for section in sections:
        parts.append(f"\n{section.title} ({len(section.lines)})")
        for line in section.lines[:_MOST]:
            facts = (line.key, line.at, line.cost, f"“{_short(line.prompt, 40)}”" if line.prompt else "", line.what)
            parts.append("  " + " · ".join(_one_line(fact) for fact in facts if fact))
            if line.action:
                parts.append(f"      {_one_line(line.action)}")
        if len(section.lines) > _MOST:
            parts.append(f"  and {_more(section)}")
    return "\n".join([*parts, "", foot])


def _section(section: Section) -> Html:
    colour = style.WARN if section.urgent else style.MUTED
    title = el("div", f"{section.title} ({len(section.lines)})", style=f"color: {colour}; font-weight: 600")
    rows = [_row(line) for line in section.lines[:_MOST]]
    look = f"{style.FONT}; border-collapse: collapse; border: none; margin: 2px 0 0; color: inherit"
    table = el("table", el("tbody", *rows), style=look)
    more = el("div", f"and {_more(section)}", style=f"color: {style.MUTED}") if len(section.lines) > _MOST else None
    return el("div", title, el("div", table, style="overflow-x: auto"), more, style="margin-top: 10px")


def _row(line: Line) -> Html:
    wide = "min-width: 180px; max-width: 420px; overflow-wrap: anywhere"
    prompt = el("div", _short(line.prompt, 80), dir="auto", style=wide)
    action = el("div", el("code", line.action, style=_SMALL)) if line.action else None
    what = el("div", el("div", line.what), action, style=wide)
    at, cost = (el("span", text, style="white-space: nowrap") for text in (line.at, line.cost))
    cells = (el("code", line.key, style=_SMALL), at, cost, prompt, what)
    return el("tr", *(el("td", cell, style=f"{_CELL}; {style.FIGURES}") for cell in cells))


def _more(section: Section) -> str:
    return f"{len(section.lines) - _MOST} more in .findings"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _one_line(text: str) -> str:
    """Other people's text on one line; it must not steer the terminal that it is printed in."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
