"""What a player is given: of each clip what it is, what differs and what people said of it, as plain values."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pixverse_nb.media.strip import filmstrip
from pixverse_nb.store.words import Row

from .differences import facts_of, in_short, is_changed, word_differences

NAMES = "ABCDEFGHI"

_STRIP_SHAPE = 12 * 16 / 9  # width by height

_REMARKS = ("rating", "decision", "reason", "mark_in_s", "mark_out_s")


def data_of(
    rows: Sequence[Row],
    *,
    still: Callable[[Row], bytes | None],
    source: Callable[[Row], str | None] = lambda _: None,
    strip: Callable[[Row], bytes | None] = lambda _: None,
) -> dict[str, Any]:
    """What player.js is given, ready for JSON; the first clip is the one that the others are held against.

    Parameters
    ----------
    rows : sequence of rows
        Two to nine completed rows of the history.
    still, strip : callable
        A JPEG of a frame, a JPEG of many side by side; or None.
    source : callable
        The clip's address; None where its bytes come another way.
    """
    first = rows[0]["prompt"]
    is_one = all(row["prompt"] == first for row in rows)
    same, each = facts_of(rows)
    return {
        "prompt": first if is_one else "",
        "same": [list(pair) for pair in same],
        "clips": [
            {
                "id": row["id"],
                "name": name,
                "src": source(row),
                "poster": as_uri(still(row)),
                "strip": as_uri(strip(row)),
                "prompt": row["prompt"],
                "words": [] if is_one else words_of(first, row["prompt"], alone=row is rows[0]),
                "facts": [list(pair) for pair in facts],
                "flag": row["mismatch"] or "",
                "fps": row["video_fps"],
                "duration": row["video_duration_s"],
                "width": row["video_width_px"],
                "height": row["video_height_px"],
                "sound": bool(row["video_has_audio"]),
                **remarks_of(row),
            }
            for name, row, facts in zip(NAMES, rows, each, strict=False)
        ],
    }


def words_of(first: str, prompt: str, *, alone: bool) -> list[list[str]]:
    """A prompt beside the first one: the first one is told as it is, of another what differs."""
    if alone:
        return [["same", prompt]]
    pieces = word_differences(first, prompt)
    return [list(piece) for piece in in_short(pieces)] if is_changed(pieces) else [["same", "the same prompt as A"]]


def remarks_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What people have said of a clip, as a player has it."""
    return {name: row[name] for name in _REMARKS} | {"reason": row["reason"] or ""}


def strip_of(row: Row, path: Path) -> bytes:
    """A clip's filmstrip, of as many frames as make strips of one shape: 12 of 16:9, 30 of 9:16.

    Raises
    ------
    ClipError
        When the clip is missing or no frame can be decoded.
    """
    shape = row["video_width_px"] / row["video_height_px"]
    return filmstrip(path, frames=min(max(round(_STRIP_SHAPE / shape), 8), 30))


def as_uri(jpeg: bytes | None) -> str:
    """A picture as an address that needs no file; empty for none."""
    return "" if jpeg is None else "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
