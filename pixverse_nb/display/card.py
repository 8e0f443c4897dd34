"""A generation on the screen: while it runs, when it has ended, and as a line for terminals."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from pixverse_nb.plain import harmless, one_line, shortened

from . import style
from .frontend import Source
from .html import Html, el, join

_STATES = {
    "submitting": ("○", "sending", style.ACCENT),
    "queued": ("○", "queued", style.ACCENT),
    "processing": ("◐", "drawing", style.ACCENT),
    "downloading": ("◑", "downloading", style.ACCENT),
    "completed": ("●", "completed", style.GOOD),
    "failed": ("✕", "failed", style.BAD),
    "unknown": ("?", "outcome unknown", style.WARN),
}


FLAG = "⚑ not as asked:"
"""Before the words in which a clip differs from what was asked for: colour alone would say nothing."""


@dataclass(frozen=True)
class Card:
    """What a generation shows; plain values, everything in words already.

    Attributes
    ----------
    facts : sequence of str
        Short facts for the line under the prompt.
    progress : float or None
        Share of the expected time that has passed, 0-1; None when nothing is known.
    size : tuple of int
        Width and height of the picture, px: the place is kept before the clip is there.
    labels : sequence of (text, colour)
        Small labels: preview, reused.
    flag : str or None
        In what the clip differs from what was asked for.
    """

    id: str
    status: str
    prompt: str
    facts: Sequence[str]
    size: tuple[int, int]
    clock: str = ""
    progress: float | None = None
    note: str | None = None
    error: str | None = None
    labels: Sequence[tuple[str, str]] = ()
    source: Source | None = None
    poster: bytes | None = None
    flag: str | None = None


def card_html(card: Card) -> Html:
    """The card as HTML that needs no script, no widget and no trust."""
    shape = _shape(card.size)
    stage = _player(card, shape) if card.source is not None else _stage(card, shape)
    return el(
        "figure",
        stage,
        el("figcaption", *_caption(card), style=f"{style.FONT}; color: {style.INK}; margin-top: 6px"),
        class_=f"pixverse-card {style.PLAIN}",
        style=f"margin: 4px 0 12px; padding: 0; max-width: {shape[0]}px",
    )


def card_text(card: Card) -> str:
    """The card for a terminal."""
    icon, word, _ = _STATES.get(card.status, ("", card.status, ""))
    prompt = shortened(card.prompt, 60)
    parts = [f"{icon} {word}", *(text for text, _ in card.labels), card.clock, f"“{prompt}”", *card.facts]
    flag = f"{FLAG} {card.flag}" if card.flag else None
    lines = [one_line(text) for text in (" · ".join(filter(None, parts)), card.error, flag, card.note) if text]
    lines += [harmless(card.source.note)] if card.source and card.source.note else []  # a path keeps its blanks
    return "\n  ".join(lines)


def _shape(size: tuple[int, int]) -> tuple[int, int]:
    """The player's size on the page: at most 640 px wide and 480 px high."""
    width, height = size
    scale = min(640 / width, 480 / height, 1.0)
    return max(round(width * scale), 200), max(round(height * scale), 112)


def _player(card: Card, shape: tuple[int, int]) -> Html:
    source = card.source
    if source is None or source.src is None:
        return _box(el("span", (source.note if source else None) or "no clip"), shape)
    poster = None if card.poster is None else "data:image/jpeg;base64," + base64.b64encode(card.poster).decode()
    # The address stands on <video> itself: in an untrusted notebook <source> loses it.
    return el(
        "video",
        controls=True,
        preload="metadata",
        src=source.src,
        poster=poster,
        width=shape[0],
        height=shape[1],
        title=card.prompt[:200],
        style=f"display: block; max-width: 100%; height: auto; border-radius: 6px; background: {style.SUNKEN}",
    )


def _stage(card: Card, shape: tuple[int, int]) -> Html:
    """The place where the clip will be: state, time, and a bar."""
    icon, word, colour = _STATES.get(card.status, ("", card.status, style.MUTED))
    state = el(
        "div",
        el("span", f"{icon} {word}", style=f"color: {colour}; font-weight: 600"),
        el("span", f"  {card.clock}", style=f"color: {style.MUTED}; {style.FIGURES}; white-space: pre-wrap"),
        role="status",
        style="font-size: 14px",
    )
    share = None if card.progress is None else f"{min(max(card.progress, 0.02), 1.0):.0%}"
    fill = el("div", style=f"width: {share}; height: 100%; border-radius: 2px; background: {colour}") if share else None
    bar = el(
        "div", fill, style=f"width: 60%; height: 3px; margin: 10px auto 0; border-radius: 2px; background: {style.LINE}"
    )
    if card.status == "failed":
        return _box(state, (shape[0], 56))
    return _box(join(state, bar), shape)


def _box(inside: Html, shape: tuple[int, int]) -> Html:
    return el(
        "div",
        el("div", inside, style="width: 100%; text-align: center; padding: 0 12px; box-sizing: border-box"),
        style=(
            f"{style.FONT}; color: {style.INK}; display: flex; align-items: center; width: 100%; "
            f"max-width: {shape[0]}px; height: {shape[1]}px; border-radius: 6px; background: {style.SUNKEN}"
        ),
    )


def _caption(card: Card) -> list[Html]:
    lines = []
    if card.labels:
        pills = [el("span", text, style=style.pill(colour)) for text, colour in card.labels]
        lines.append(el("div", *_spaced(pills), style="margin-bottom: 2px"))
    prompt = card.prompt if len(card.prompt) <= 280 else card.prompt[:279] + "…"
    lines.append(el("div", prompt, dir="auto", style="font-weight: 500; overflow-wrap: anywhere"))
    if card.error:
        lines.append(el("div", card.error, role="alert", style=f"color: {style.BAD}; overflow-wrap: anywhere"))
    if card.flag:
        lines.append(flag_html(card.flag))
    if card.note:
        lines.append(el("div", card.note, style=f"color: {style.MUTED}; overflow-wrap: anywhere"))
    facts = " · ".join(card.facts)
    lines.append(el("div", facts, style=f"color: {style.MUTED}; font-size: 12px; {style.FIGURES}"))
    return lines


def flag_html(text: str) -> Html:
    """A quiet flag: a clip is not as it was asked for."""
    return el(
        "div",
        el("span", FLAG, style=f"color: {style.WARN}; font-weight: 600"),
        f" {text}",
        class_="pixverse-flag",
        style=f"color: {style.MUTED}; overflow-wrap: anywhere",
    )


def _spaced(parts: Sequence[Html]) -> list[Html | str]:
    return [piece for part in parts for piece in (part, " ")]
