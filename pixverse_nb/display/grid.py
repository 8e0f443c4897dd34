"""The clips of a sweep, side by side: rows by one axis, columns by another; posters that play."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import style
from .frontend import Source
from .html import Html, el

_WIDTHS = {1: 340, 2: 320, 3: 220}  # columns -> a picture's width on the page, px, at most; a page is about 830 wide
_NARROW, _ALONE = 200, 260  # with more columns, and without any
_TALLEST = 320  # px
_ONE_LINE = "white-space: nowrap; overflow: hidden; text-overflow: ellipsis"

_CELL = "padding: 0 14px 14px 0; border: none; vertical-align: top; text-align: left; background: transparent"


@dataclass(frozen=True)
class Tile:
    """One clip, or its place; plain values.

    Attributes
    ----------
    name : str
        Which one it is: what neither its row nor its column says.
    prompt : str
        For the tooltip.
    caption : str
        What it cost, and how long it took.
    words : str
        Why there is no clip; empty when there is one.
    is_bad : bool
        Whether `words` is an error.
    size : tuple of int
        The picture's width and height, px.
    source : Source or None
        What to play; None for a poster only.
    poster : bytes or None
        JPEG.
    """

    name: str
    prompt: str
    caption: str
    words: str
    is_bad: bool
    size: tuple[int, int]
    source: Source | None = None
    poster: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class GridView:
    """Tiles by row and column; both empty for tiles that simply follow each other.

    Attributes
    ----------
    axes : tuple of str
        What the rows and the columns are called.
    rows, columns : sequence of str
        Their values.
    tiles : dict
        (row, column) to the tiles there, one below the other.
    note : str
        A word to the reader.
    """

    axes: tuple[str, str]
    rows: Sequence[str]
    columns: Sequence[str]
    tiles: Mapping[tuple[int, int], Sequence[Tile]]
    note: str = ""


def grid_html(view: GridView) -> Html:
    """The grid as HTML that needs no script, no widget and no kernel."""
    width = _WIDTHS.get(len(view.columns), _NARROW) if view.columns else _ALONE
    inside = _table(view, width) if view.columns else _flow(view.tiles.get((0, 0), ()), width)
    note = el("div", view.note, style=f"color: {style.MUTED}; margin-top: 2px") if view.note else None
    return el(
        "div",
        el("div", inside, style="overflow-x: auto"),
        note,
        class_=f"pixverse-grid {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 12px 0",
    )


def _table(view: GridView, width: int) -> Html:
    down, across = view.axes
    corner = f"{down} ↓  {across} →" if down else across
    plain = "border: none; background: transparent"
    head = el("tr", _head(corner, _SIDE, muted=True), *(_head(column, width) for column in view.columns), style=plain)
    body = [
        el(
            "tr",
            _head(name, _SIDE),
            *(
                el("td", *(_tile(tile, width) for tile in view.tiles.get((r, c), ())), style=_CELL)
                for c in range(len(view.columns))
            ),
            style=plain,
        )
        for r, name in enumerate(view.rows)
    ]
    look = "border-collapse: collapse; border: none; margin: 0; table-layout: auto"
    return el("table", el("thead", head, style=plain), el("tbody", *body), style=look)


_SIDE = 130  # px: the column of the rows' names


def _head(text: str, width: int, *, muted: bool = False) -> Html:
    shown = text if len(text) <= 160 else text[:159] + "…"
    pale = f"color: {style.MUTED}; font-weight: 400; font-size: 12px" if muted else "font-weight: 600"
    return el(
        "th",
        el("div", shown, dir="auto", title=text if shown != text else None, style="overflow-wrap: anywhere"),
        style=f"{_CELL}; padding-bottom: 6px; white-space: normal; min-width: 90px; max-width: {width}px; {pale}",
    )


def _flow(tiles: Sequence[Tile], width: int) -> Html:
    place = f"display: inline-block; vertical-align: top; width: {width}px; margin: 0 14px 14px 0"
    return el("div", *(el("div", _tile(tile, width), style=place) for tile in tiles))


def _tile(tile: Tile, width: int) -> Html:
    # Each line has its place whatever it says, so that clips of one row stand on one line.
    across, down = _shape(tile.size, width)
    muted = f"color: {style.MUTED}; font-size: 12px; line-height: 18px; {style.FIGURES}; {_ONE_LINE}"
    name = el("div", tile.name, dir="auto", title=tile.name, style=f"{muted}; margin-top: 2px") if tile.name else None
    return el(
        "div",
        _stage(tile, across, down),
        name,
        el("div", tile.caption or "\u00a0", style=muted),
        style=f"width: {width}px; max-width: {width}px; margin-bottom: 8px",
    )


def _shape(size: tuple[int, int], width: int) -> tuple[int, int]:
    scale = min(width / size[0], _TALLEST / size[1])
    return max(round(size[0] * scale), 90), max(round(size[1] * scale), 60)


def _stage(tile: Tile, width: int, height: int) -> Html:
    look = f"display: block; width: {width}px; height: {height}px; border-radius: 5px; margin: 0; max-width: none"
    poster = None if tile.poster is None else "data:image/jpeg;base64," + base64.b64encode(tile.poster).decode()
    if tile.source is not None and tile.source.src is not None and not tile.words:
        return el(
            "video", controls=True, preload="none", src=tile.source.src, poster=poster, width=width, height=height,
            title=tile.prompt[:200], style=f"{look}; background: {style.SUNKEN}; object-fit: contain",
        )  # fmt: skip
    if poster is not None and not tile.words:
        return el("img", src=poster, alt="", title=tile.prompt[:200], style=f"{look}; object-fit: contain")
    colour = style.BAD if tile.is_bad else style.MUTED
    words = tile.words or (tile.source.note if tile.source and tile.source.note else "no clip")
    shown = words if len(words) <= 150 else words[:149] + "…"
    ground = f"background: {style.SUNKEN}" if tile.is_bad else f"border: 1px dashed {style.LINE}"
    box = f"{look}; {ground}; overflow: hidden; box-sizing: border-box; padding: 8px 10px"
    return el(
        "div",
        el("div", shown, title=words[:600], style=f"color: {colour}; font-size: 12px; line-height: 1.35"),
        style=f"{box}; overflow-wrap: anywhere",
    )


def grid_text(view: GridView) -> str:
    """The grid for a terminal: a line a clip."""
    lines = []
    for (r, c), tiles in view.tiles.items():
        place = [text for text in (view.rows[r], view.columns[c] if view.columns else "") if text]
        lines += [" · ".join([*place, *(text for text in (t.name, t.words or t.caption) if text)]) for t in tiles]
    text = "\n".join(" ".join(line.split()) for line in [*lines, view.note] if line)
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)
