"""Cards side by side: takes of one request."""

from __future__ import annotations

from collections.abc import Sequence

from .html import Html, el

_WIDTHS = (340, 260)  # px: of up to two, and of more; a page is about 830 wide


def width_of(cards: int) -> int:
    """How wide each of so many cards is, px, at most."""
    return _WIDTHS[cards > 2]


def row_html(cards: Sequence[Html]) -> Html:
    """As many in a row as the page is wide; the rest follows below."""
    width = width_of(len(cards))
    place = f"display: inline-block; vertical-align: top; width: {width}px; max-width: 100%; margin: 0 16px 0 0"
    return el("div", *(el("div", card, style=place) for card in cards), class_="pixverse-row")
