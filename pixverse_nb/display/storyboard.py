"""A storyboard on the screen: its shots, one a line, under its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pixverse_nb.plain import shortened

from . import style
from .html import Html, el, join
from .plan import STATES, PlanView, plan_html, plan_text

_COLUMNS = ("", "shot", "settings", "starts from", "", "cost")
_OTHER = {"owned": style.GOOD, "to fetch again": style.GOOD, "running": style.ACCENT, "refused before": style.BAD}


@dataclass(frozen=True)
class Line:
    """One shot; plain values, in words already.

    Attributes
    ----------
    number : int
        From 1.
    prompt, settings, start : str
        What is asked for, and what it starts from.
    standing : str
        How it stands: owned, to be sent, or a word of a run's states.
    cost : str
        What it should cost, and at most.
    """

    number: int
    prompt: str
    settings: str
    start: str
    standing: str
    cost: str


@dataclass(frozen=True)
class StoryView:
    """A storyboard: its figures, as a plan's, and its shots."""

    plan: PlanView
    lines: Sequence[Line]


def story_html(view: StoryView) -> Html:
    """The storyboard as HTML that needs no script."""
    return join(plan_html(view.plan), lines_html(view.lines))


def lines_html(lines: Sequence[Line]) -> Html:
    """The shots as a table."""
    row = "background: transparent; border: none"
    head = el("tr", *(_cell(name, at, head=True) for at, name in enumerate(_COLUMNS)), style=row)
    body = [
        el("tr", *(_cell(text, at, colour=_colour(line) if at == 4 else None) for at, text in enumerate(_texts(line))),
           style=row)
        for line in lines
    ]  # fmt: skip
    table = el("table", el("tbody", head, *body), style="border-collapse: collapse; border: none; margin: 0")
    look = f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px; overflow-x: auto; max-width: 860px"
    return el("div", table, class_=f"pixverse-story {style.PLAIN}", style=look)


def story_text(view: StoryView) -> str:
    """The storyboard for a terminal."""
    rows = [
        f"  {line.number:>3}  {shortened(line.prompt, 48)} · {line.settings} · from {shortened(line.start, 40)} · "
        f"{line.standing} · {line.cost}"
        for line in view.lines
    ]
    title, *rest = plan_text(view.plan).split("\n")
    return "\n".join([title, *rows, *rest])


def _texts(line: Line) -> tuple[str, ...]:
    prompt = line.prompt if len(line.prompt) <= 160 else line.prompt[:159] + "…"
    start = line.start if len(line.start) <= 60 else line.start[:59] + "…"
    return str(line.number), prompt, line.settings, start, line.standing, line.cost


def _colour(line: Line) -> str:
    known = {word: colour for _, word, colour, _ in STATES.values()} | _OTHER
    return known.get(line.standing, style.INK)


_WIDTHS = (24, 280, 130, 130, 150, 120)  # px


def _cell(text: str, at: int, *, head: bool = False, colour: str | None = None) -> Html:
    tint = colour or (style.MUTED if head or at in {0, 2, 3} else style.INK)
    look = (
        f"padding: 3px 14px 3px 0; border: none; border-bottom: 1px solid {style.LINE}; background: transparent; "
        f"vertical-align: baseline; text-align: left; white-space: normal; overflow-wrap: anywhere; color: {tint}; "
        f"max-width: {_WIDTHS[at]}px; font-weight: 400; {style.FIGURES}"
    )
    return el("th" if head else "td", text, dir="auto", style=look)
