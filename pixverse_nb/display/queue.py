"""The panel's queue on the screen: one line a job, and what has just ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import style
from .card import _STATES
from .html import Html, el

CSS = f"""
.pixverse-panel .pixverse-lines {{ overflow: visible; margin: 0; }}
.pixverse-panel .pixverse-lines > .pixverse-line {{ display: flex; flex-wrap: wrap; align-items: flex-start;
  gap: 6px 12px; padding: 8px 0; margin: 0; border-top: 1px solid {style.LINE}; overflow: visible; }}
.pixverse-panel .pixverse-lines > .pixverse-hidden {{ display: none; }}
.pixverse-panel .pixverse-line > .widget-html {{ flex: 1 1 300px; min-width: 0; margin: 0; display: block; }}
.pixverse-panel .pixverse-line .widget-html-content {{ min-width: 0; overflow: hidden; }}
.pixverse-panel .pixverse-line-buttons {{ flex: 0 0 auto; display: flex; flex-wrap: wrap; gap: 6px; margin: 0;
  overflow: visible; }}
.pixverse-panel .pixverse-one {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.pixverse-panel .pixverse-queue > .widget-html {{ display: block; }}
.pixverse-panel .pixverse-queue .widget-html-content {{ min-width: 0; }}
"""


@dataclass(frozen=True)
class Line:
    """What a line of the queue tells; plain values, in words already.

    Attributes
    ----------
    status : str
        Of the history, or "stalled".
    clock : str
        Elapsed and expected remaining time.
    progress : float or None
        Share of the expected time that has passed, 0-1.
    facts : sequence of str
        Quality, duration, cost or estimate, id.
    note, error : str or None
        A passing remark; what went wrong, with its remedy.
    """

    status: str
    prompt: str
    clock: str = ""
    progress: float | None = None
    facts: Sequence[str] = ()
    note: str | None = None
    error: str | None = None


def line_html(line: Line) -> Html:
    """A line: state and time, the prompt, its facts, and what went wrong."""
    icon, word, colour = _STATES.get(line.status, ("‖", "cannot go on for now", style.WARN))
    state = el(
        "div",
        el("span", f"{icon} {word}", style=f"color: {colour}; font-weight: 600"),
        el("span", line.clock, style=f"color: {style.MUTED}; {style.FIGURES}") if line.clock else None,
        style="display: flex; gap: 10px; flex-wrap: wrap",
    )
    prompt = " ".join(line.prompt.split())
    shown = prompt if len(prompt) <= 300 else prompt[:299] + "…"
    return el(
        "div",
        state,
        el("div", shown, dir="auto", title=prompt[:1000], class_="pixverse-one", style=f"color: {style.INK}"),
        _bar(line.progress, colour),
        el("div", " · ".join(line.facts), style=f"color: {style.MUTED}; font-size: 12px; {style.FIGURES}"),
        el("div", line.note, style=f"color: {style.MUTED}; overflow-wrap: anywhere") if line.note else None,
        el("div", line.error, role="alert", style=f"color: {style.BAD}; overflow-wrap: anywhere")
        if line.error
        else None,
        class_=style.PLAIN,
        style=f"{style.FONT}; color: {style.INK}; min-width: 0",
    )


def _bar(share: float | None, colour: str) -> Html | None:
    if share is None:
        return None
    fill = f"width: {min(max(share, 0.02), 1.0):.0%}; height: 100%; border-radius: 2px; background: {colour}"
    return el(
        "div",
        el("div", style=fill),
        style=f"height: 3px; margin: 4px 0; max-width: 420px; border-radius: 2px; background: {style.LINE}",
    )


def heading_html(text: str, more: str = "") -> Html:
    """A section's heading with a few quiet words beside it."""
    return el(
        "div",
        el("span", text, role="heading", aria_level="3", style="font-size: 14px; font-weight: 600"),
        el("span", more, style=f"color: {style.MUTED}; {style.FIGURES}"),
        class_=style.PLAIN,
        style=f"{style.FONT}; color: {style.INK}; display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap",
    )


def quiet_html(text: str) -> Html:
    """Quiet words; no element at all for none."""
    return el("div", text, class_=style.PLAIN, style=f"{style.FONT}; color: {style.MUTED}") if text else Html()


def status_html(text: str) -> Html:
    """What a screen reader says when it changes: the last thing that ended, or was done. One line, always kept free."""
    return el(
        "div",
        text,
        role="status",
        aria_live="polite",
        class_=f"{style.PLAIN} pixverse-one",
        style=f"{style.FONT}; color: {style.MUTED}; min-height: 20px",
    )
