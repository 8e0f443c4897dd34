"""What an import brought, on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import style
from .html import Html, el

_CELL = f"padding: 3px 10px 3px 0; border-bottom: 1px solid {style.LINE}; vertical-align: top; text-align: left"
_MOST = 40  # lines; the frame has them all
_SIGNS = {
    "imported": ("✓", "imported", style.GOOD),
    "known": ("=", "known already", style.MUTED),
    "untold": ("–", "no tags", style.MUTED),
    "refused": ("!", "not used", style.WARN),
}
_URGENT = ("refused", "untold", "imported", "known")  # what a person has to look at comes first


@dataclass(frozen=True)
class Line:
    """One file, in words."""

    file: str
    outcome: str
    key: str
    prompt: str
    why: str


def imported_html(headline: str, lines: Sequence[Line]) -> Html:
    """The files as HTML that needs no script and no trust."""
    shown = _in_order(lines)[:_MOST]
    look = f"{style.FONT}; border-collapse: collapse; border: none; margin: 2px 0 0; color: inherit"
    table = el("table", el("tbody", *(_row(line) for line in shown)), style=look) if shown else None
    return el(
        "div",
        el("div", headline, role="status", style="font-weight: 600"),
        el("div", table, style="overflow-x: auto") if table else None,
        el("div", _more(lines), style=f"color: {style.MUTED}; font-size: 12px; margin-top: 6px"),
        class_=f"pixverse-imported {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px",
    )


def imported_text(headline: str, lines: Sequence[Line]) -> str:
    """The files for a terminal."""
    told = [headline]
    for line in _in_order(lines)[:_MOST]:
        sign, word, _ = _SIGNS[line.outcome]
        facts = (f"{sign} {word}", line.file, line.key, f"“{_short(line.prompt, 40)}”" if line.prompt else "", line.why)
        told.append("  " + " · ".join(_one_line(fact) for fact in facts if fact))
    return "\n".join([*told, *([_more(lines)] if _more(lines) else [])])


def _in_order(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: _URGENT.index(line.outcome))


def _more(lines: Sequence[Line]) -> str:
    return f"and {len(lines) - _MOST:,} more in .files" if len(lines) > _MOST else ""


def _row(line: Line) -> Html:
    sign, word, colour = _SIGNS[line.outcome]
    state = el("span", f"{sign} {word}", style=f"color: {colour}; white-space: nowrap")
    key = el("code", line.key, style="font-size: 11px; white-space: nowrap; background: none; padding: 0")
    wide = "min-width: 140px; max-width: 360px; overflow-wrap: anywhere"
    file, why = el("div", line.file, style=wide), el("div", line.why, style=wide)
    prompt = el("div", _short(line.prompt, 80), dir="auto", style=wide)
    return el("tr", *(el("td", cell, style=_CELL) for cell in (state, file, key, prompt, why)))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _one_line(text: str) -> str:
    """Other people's text on one line; it must not steer the terminal that it is printed in."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
