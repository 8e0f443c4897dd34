"""The grid of a sweep: which axis goes down, which across, and what stands in each place."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

from pixverse_nb import errors
from pixverse_nb.display.frontend import EMBED_LIMIT, Source, needs_embedding, relative_link, source_of
from pixverse_nb.display.grid import GridView, Tile
from pixverse_nb.generation import Generation, expected_size
from pixverse_nb.media.clips import Clips
from pixverse_nb.pricing import money
from pixverse_nb.store.schema import PREVIEW

from .cells import Cell

PLAYERS = 60
"""Clips that play in a grid; more of them would slow a page down."""

SHOWN = 300
"""Cells that a grid shows at most."""

_PLAYER_PX, _STILL_PX = 216, 144  # heights of stills
_TAKE = "take"

Axes = Mapping[str, Sequence[object]]


def sides(axes: Axes, x: str | None, y: str | None) -> tuple[str | None, str | None]:
    """The axes across and down: those that were asked for, else those with the most values; takes stack, if they can.

    Raises
    ------
    UnknownParameter
        For a name that is no axis; it names the nearest.
    """
    for name in (x, y):
        if name is not None and name not in axes:
            near = difflib.get_close_matches(str(name), axes, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(axes) or 'none'}."
            raise errors.UnknownParameter(f"{name!r} is not an axis of this sweep", remedy=hint, billed=False)
    if x is not None and x == y:
        raise errors.InvalidParameter(f"{x!r} cannot go both across and down", remedy="Pass another one.", billed=False)
    free = sorted((name for name in axes if name not in {x, y}), key=lambda name: (name == _TAKE, -len(axes[name])))
    if x is None and y is None:
        return (free[1], free[0]) if len(free) > 1 else (None, None)
    if y is None:
        return x, free[0] if free else None
    return (x or (free[0] if free else None)), y


def view_of(
    axes: Axes,
    cells: Sequence[Cell],
    found: Callable[[Sequence[Cell]], Mapping[str, Generation]],
    missing: Mapping[str, str],
    clips: Clips,
    *,
    x: str | None,
    y: str | None,
) -> GridView:
    """What a grid shows.

    Parameters
    ----------
    axes, cells
        Of the sweep.
    found : callable
        Gives the generations of cells, by identity.
    missing : mapping
        Identity to why there is none.
    clips : Clips
        For the stills.
    x, y : str or None
        Across and down, from `sides`; both None for tiles that follow each other.
    """
    shown = cells[:SHOWN]
    made, stills = found(shown), _Stage(clips)
    columns = _present(axes, shown, x)
    rows = _present(axes, shown, y)
    tiles: dict[tuple[int, int], list[Tile]] = {}
    for cell in shown:
        place = (
            0 if y is None else rows.index(cell.place[y]),
            0 if x is None else columns.index(cell.place[x]),
        )
        name = cell.name_without({x, y})
        tile = stills.tile(cell, name, made.get(cell.identity), missing.get(cell.identity, "not sent"))
        tiles.setdefault(place, []).append(tile)
    across = [] if x is None and y is None else [_word(value) for value in columns] if x is not None else [""]
    down = [_word(value) for value in rows] if y is not None else [""]
    return GridView((y or "", x or ""), down, across, tiles, stills.note(len(cells)))


def _present(axes: Axes, cells: Sequence[Cell], axis: str | None) -> list[object]:
    """The values of an axis that these cells have, in its order."""
    if axis is None:
        return []
    here = {cell.place[axis] for cell in cells}
    return [value for value in axes[axis] if value in here]


def _word(value: object) -> str:
    return "–" if value is None else str(value)


class _Stage:
    """Makes tiles, and counts the players."""

    def __init__(self, clips: Clips) -> None:
        self._clips = clips
        self._players = 0
        self._stills = 0
        self._embeds = needs_embedding()
        self._embedded = 0

    def tile(self, cell: Cell, name: str, made: Generation | None, why: str) -> Tile:
        request = cell.wish.request
        if made is None:
            size = expected_size({"aspect_ratio": None, **request.parameters})
            return Tile(name, request.prompt, "", why, is_bad=False, size=size)
        video = made.video
        if video is None:
            error = made.error
            words = error.event if error is not None else f"{made.status} …"
            size = expected_size(made._row)
            return Tile(name, request.prompt, "", words, is_bad=error is not None, size=size)
        source = self._source(made)
        height = _STILL_PX if source is None else _PLAYER_PX
        poster = self._clips.thumbnail(made.id, video.path, height=height)
        gone = "" if video.path.is_file() else f"The clip's file is gone: {video.path}"
        size = (video.width, video.height)
        return Tile(name, request.prompt, _caption(made), gone, bool(gone), size, source, poster)

    def _source(self, made: Generation) -> Source | None:
        """What to play, while there may be more players."""
        video = made.video
        if video is None or not video.path.is_file():
            return None
        embeds = self._embeds or relative_link(video.path) is None
        if self._players >= PLAYERS or (embeds and self._embedded + video.size_bytes > EMBED_LIMIT):
            self._stills += 1
            return None
        self._players += 1
        self._embedded += video.size_bytes if embeds else 0
        return source_of(video.path, embeds)

    def note(self, cells: int) -> str:
        """What is not as one might expect."""
        parts = []
        if self._stills:
            parts.append(
                f"{self._players} clips play here; the other {self._stills} are stills, to keep the page light"
            )
        if cells > SHOWN:
            parts.append(f"the first {SHOWN} of {cells:,} cells are shown; studio.history() has all")
        text = "; ".join(parts)
        return text[:1].upper() + text[1:] + ("." if text else "")


def _caption(made: Generation) -> str:
    row = made._row
    if row["reused_from"]:
        return "$0.000, reused"
    cost = "cost not reported" if made.cost_usd is None else money(made.cost_usd)
    pretended = " pretended" if row["service"] == PREVIEW and made.cost_usd is not None else ""
    seconds = "" if made.latency_s is None else f" · {made.latency_s:.1f} s"
    return f"{cost}{pretended}{seconds}"
