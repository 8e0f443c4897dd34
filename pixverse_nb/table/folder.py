"""A folder of clips with names that people can read, each with its row beside it as JSON."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pixverse_nb.errors import ClipError
from pixverse_nb.media.aside import make_folder, set_aside
from pixverse_nb.media.bare import bare
from pixverse_nb.plain import scrubbed
from pixverse_nb.store.words import Row

from .columns import refused
from .public import is_public, public
from .shown import in_rows, say

if TYPE_CHECKING:
    from pixverse_nb.video import Video

    from .door import Door

_WORDS_BYTES = 60  # of the prompt's words, UTF-8: whole names stay below 120, and 143 is the least that systems take
_NAMED = 3  # missing ones that are named


def export_folder(door: Door, ids: Sequence[str], folder: Path, redact: frozenset[str]) -> Path:
    """Copy the clips; what has none, or none any more, is told of.

    Raises
    ------
    InvalidParameter
        When no row has a clip.
    ClipError
        When the folder cannot be written. Every file in it is whole.
    """
    rows = door.rows(ids)
    with_clip = [row for row in rows if row["status"] == "completed" and row["video_path"] is not None]
    if not with_clip:
        raise refused(f"there is nothing to export: of {in_rows(len(ids))} none has a clip", "Choose other rows.")
    make_folder(folder)
    table = public(door.table(with_clip), redact)
    missing: list[str] = []
    kept_back: list[str] = []
    for at, row in enumerate(with_clip):
        name = name_of(row, redact)
        video = door.handle(row).video
        if video is None or not video.path.is_file():
            missing.append(str(row["id"]))
            continue
        if not copy_of(video, row, folder / f"{name}.mp4", redact):
            kept_back.append(str(row["id"]))
            continue
        _write_json(folder / f"{name}.json", _plain_row(table, at) | {"file": f"{name}.mp4"})
    _tell(len(rows), len(with_clip), missing, kept_back)
    return folder


def name_of(row: Row, redact: frozenset[str] = frozenset()) -> str:
    """A file's name without its suffix: time (UTC), words of the prompt, settings, id.

    Letters and digits of every script stay, everything else becomes a dash: it is a name on Windows too, and in an
    address it needs no quoting but that of its letters.
    """
    moment = datetime.fromtimestamp(row["created_at"] / 1e6, timezone.utc)
    words = "" if "prompts" in redact else _slug(scrubbed(str(row["prompt"])))
    take = f"-take{row['take']}" if row["take"] != 1 else ""
    parts = [f"{moment:%Y%m%d-%H%M%S}", words, f"{row['quality']}-{row['duration']}s{take}", str(row["id"])]
    return "_".join(part for part in parts if part)


def _slug(text: str) -> str:
    """The first words of a text."""
    kept = "".join(
        char if unicodedata.category(char)[0] in "LNM" else " " for char in unicodedata.normalize("NFC", text)
    )
    slug = ""
    for word in kept.lower().split():
        longer = f"{slug}-{word}" if slug else word
        if len(longer.encode("utf-8", "ignore")) > _WORDS_BYTES:
            # Of scripts without blanks the first word may be all there is.
            return slug or word.encode("utf-8", "ignore")[:_WORDS_BYTES].decode("utf-8", "ignore")
        slug = longer
    return slug


def copy_of(video: Video, row: Row, target: Path, redact: frozenset[str]) -> bool:
    """Copy a clip for other eyes; whether it could be: a damaged one may not come free of its tags.

    What is left out of the row is not in the clip's tags either. An imported clip brings tags of its own.
    """
    if not redact and is_public(row):
        video.save(target)
        return True
    try:
        with set_aside(target) as temporary, _told_apart():
            bare(video.path, temporary)
    except _Damaged:
        return False
    return True


class _Damaged(Exception):
    """A clip that cannot be copied without its tags."""


@contextmanager
def _told_apart() -> Iterator[None]:
    """A clip that cannot be read is something else than a place that cannot be written to."""
    try:
        yield
    except ClipError as error:
        raise _Damaged from error


def _plain_row(table: pd.DataFrame, at: int) -> dict[str, Any]:
    """A row ready for JSON: missing values are null, moments ISO 8601; where the home lies is left out."""
    row = {str(name): table[name].iloc[at] for name in table.columns if name != "video_path"}
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _write_json(target: Path, row: dict[str, Any]) -> None:
    text = json.dumps(row, ensure_ascii=False, indent=2, allow_nan=False)
    with set_aside(target) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8", errors="replace")


def _clips(count: int) -> str:
    return "one clip" if count == 1 else f"{count:,} clips"


def _tell(rows: int, clips: int, missing: Sequence[str], kept_back: Sequence[str]) -> None:
    """What is not in the folder; nothing when all is."""
    if len(missing) == clips:
        raise ClipError(
            f"no clip could be exported: the files of all {clips:,} are gone",
            remedy="Put them back, or run the same requests again to get them.",
        )
    if len(missing) + len(kept_back) == clips:
        raise ClipError(
            f"no clip could be exported: {_clips(len(kept_back))} cannot be copied without the tags, and of "
            f"{len(missing):,} the files are gone",
            remedy="Export other rows, or nothing redacted.",
        )
    said = []
    if rows > clips:
        said.append(f"{in_rows(rows - clips)} of {rows:,} without a clip.")
    if missing:
        named = ", ".join(missing[:_NAMED]) + (" and more" if len(missing) > _NAMED else "")
        said.append(f"The files of {len(missing):,} of {clips:,} clips are gone: {named}.")
    if kept_back:
        named = ", ".join(kept_back[:_NAMED]) + (" and more" if len(kept_back) > _NAMED else "")
        said.append(f"{_clips(len(kept_back)).capitalize()} cannot be copied without the tags, left out: {named}.")
    if said:
        say(" ".join(said))
