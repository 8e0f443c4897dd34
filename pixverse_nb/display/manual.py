"""A list of options: what each takes, its default, and what it is for."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from . import style
from .html import Html, el

_WIDTH = 100  # columns of the text


@dataclass(frozen=True)
class Entry:
    """One option; plain values, in words already.

    Attributes
    ----------
    usage : str
        How it is written, such as "--duration N".
    allowed : str
        What it takes, with its unit.
    default : str
        Empty when there is none.
    help : str
        What it is for.
    """

    usage: str
    allowed: str
    default: str
    help: str


@dataclass(frozen=True)
class Manual:
    """Ways to write it, and groups of options.

    Attributes
    ----------
    usages : sequence of (code, words)
        Whole lines, with what they do.
    groups : sequence of (title, entries)
        In the order in which they are shown.
    remarks : sequence of str
        What else there is to know.
    """

    usages: Sequence[tuple[str, str]]
    groups: Sequence[tuple[str, Sequence[Entry]]]
    remarks: Sequence[str]


def manual_text(manual: Manual) -> str:
    """For a terminal."""
    widest = max((len(code) for code, _ in manual.usages), default=0)
    lines = [f"{code:<{widest}}  {words}" for code, words in manual.usages]
    column = max((len(entry.usage) for _, entries in manual.groups for entry in entries), default=0) + 4
    for title, entries in manual.groups:
        lines += ["", title]
        for entry in entries:
            facts = "; ".join(fact for fact in (entry.allowed, entry.default and f"default {entry.default}") if fact)
            first, *rest = textwrap.wrap(f"{entry.help} [{facts}]" if facts else entry.help, _WIDTH - column)
            lines.append(f"  {entry.usage:<{column - 4}}  {first}")
            lines += [" " * column + more for more in rest]
    lines.append("")
    for remark in manual.remarks:
        lines += textwrap.wrap(remark, _WIDTH)
    return "\n".join(lines)


def manual_html(manual: Manual) -> Html:
    """For a notebook: tables that need no script."""
    usages = [_row(el("code", code), words) for code, words in manual.usages]
    parts: list[Html] = [_table(usages)]
    for title, entries in manual.groups:
        parts.append(el("div", title, style="font-size: 15px; font-weight: 600; margin: 12px 0 4px"))
        parts.append(_table([_row(el("code", entry.usage), entry.help, _facts(entry)) for entry in entries]))
    parts += [el("div", remark, style=f"color: {style.MUTED}; margin-top: 8px") for remark in manual.remarks]
    return el(
        "div",
        *parts,
        class_=f"pixverse-manual {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px; max-width: 820px",
    )


def _facts(entry: Entry) -> str:
    return "; ".join(fact for fact in (entry.allowed, entry.default and f"default {entry.default}") if fact)


def _table(rows: Sequence[Html]) -> Html:
    return el("table", el("tbody", *rows), style="border-collapse: collapse; border: none; margin: 0; width: 100%")


def _row(code: Html, words: str, facts: str = "") -> Html:
    look = "padding: 3px 12px 3px 0; border: none; vertical-align: baseline; text-align: left"
    return el(
        "tr",
        el("td", code, style=f"{look}; width: 34%; white-space: nowrap"),
        el("td", words, " " if facts else "", el("span", facts, style=f"color: {style.MUTED}"), style=look),
        style=f"background: transparent; border-bottom: 1px solid {style.LINE}",
    )
