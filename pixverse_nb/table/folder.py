"""A folder of clips with names that people can read, each with its row beside it as JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pixverse_nb.errors import ClipError
from pixverse_nb.media.aside import make_folder, set_aside
from pixverse_nb.media.bare import bare, has_words
from pixverse_nb.media.tags import NotTaggable, write
from pixverse_nb.plain import scrubbed
from pixverse_nb.provenance import IMPORTED, story_of, titles_of
from pixverse_nb.store.words import Row

from .columns import refused
from .public import public
from .shown import in_rows, say

if TYPE_CHECKING:
    from pixverse_nb.video import Video

    from .door import Door

_WORDS_BYTES = 60  # of the prompt's words, UTF-8: whole names stay below 120, and 143 is the least that systems take
_NAMED = 3  # missing ones that are named
_OUR_FILE = re.compile(r"\d{8}-\d{6}_.*_[0-9a-z]{16}\.(mp4|json)")  # what `name_of` calls them


def export_folder(door: Door, ids: Sequence[str], folder: Path, redact: frozenset[str]) -> Path:
    """Copy the clips; what has none, or none any more, is told of.

    Raises
    ------
    InvalidParameter
        When no row has a clip; and when something is to be left out, and the folder has other clips of an earlier
        export, in which it may still stand.
    ClipError
        When the folder cannot be written. Every file in it is whole.
    """
    rows = door.rows(ids)
    with_clip = [row for row in rows if row["status"] == "completed" and row["video_path"] is not None]
    if not with_clip:
        raise refused(f"there is nothing to export: of {in_rows(len(ids))} none has a clip", "Choose other rows.")
    videos = [door.handle(row).video for row in with_clip]
    there = [video is not None and video.path.is_file() for video in videos]
    if redact:
        _check_alone(folder, {name_of(row, redact) for row, is_there in zip(with_clip, there, strict=True) if is_there})
    make_folder(folder)
    table = public(door.table(with_clip), redact)
    missing: list[str] = []
    kept_back: list[str] = []
    for at, (row, video) in enumerate(zip(with_clip, videos, strict=True)):
        name = name_of(row, redact)
        if video is None or not there[at]:
            missing.append(str(row["id"]))
            continue
        if not copy_of(video, row, folder / f"{name}.mp4", redact):
            kept_back.append(str(row["id"]))
            for kind in ("mp4", "json"):  # of an earlier export, which may have left nothing out
                with suppress(OSError):
                    (folder / f"{name}.{kind}").unlink()
            continue
        _write_json(folder / f"{name}.json", _plain_row(table, at) | {"file": f"{name}.mp4"})
    _tell(len(rows), len(with_clip), missing, kept_back)
    return folder


def _check_alone(folder: Path, names: set[str]) -> None:
    """Refuse a folder with clips that would not be replaced: they go where the others go, and nothing left them out."""
    found = folder.iterdir() if folder.is_dir() else ()
    others = sorted(one.name for one in found if _OUR_FILE.fullmatch(one.name) and one.stem not in names)
    if others:
        raise refused(
            f"{folder} has {len(others):,} files of an earlier export, which would stay beside the redacted ones",
            "Choose a new folder, or empty this one.",
        )


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

    What is left out of the row is not in the clip's tags either. A clip that others have written tags into is never
    copied as it is: in tags of our own, or none.
    """
    try:
        if not redact and not is_told(video.path, row):
            video.save(target)
            return True
        with set_aside(target) as temporary, _told_apart():
            if redact or not _retold(video.path, temporary, row):
                bare(video.path, temporary)
    except _Damaged:
        return False
    return True


def is_told(path: Path, row: Row) -> bool:
    """Whether others may have written into a clip's file; a damaged one of our own is as the service delivered it."""
    if row["studio"] == IMPORTED:
        return True
    try:
        return has_words(path)
    except ClipError:
        return False


def _retold(source: Path, target: Path, row: Row) -> bool:
    """Whether a copy could be made whose tags are ours, and of others' what is no secret."""
    try:
        write(source, target, story=story_of(row), **titles_of(row))
    except NotTaggable:
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


def _files(count: int) -> str:
    return "the file of one is" if count == 1 else f"the files of {count:,} are"


def _tell(rows: int, clips: int, missing: Sequence[str], kept_back: Sequence[str]) -> None:
    """What is not in the folder; nothing when all is."""
    if len(missing) == clips:
        raise ClipError(
            f"no clip could be exported: {_files(clips)} gone",
            remedy="Put them back, or run the same requests again to get them.",
        )
    if len(missing) + len(kept_back) == clips:
        gone = f", and {_files(len(missing))} gone" if missing else ""
        raise ClipError(
            f"no clip could be exported: {_clips(len(kept_back))} cannot be copied without the tags{gone}",
            remedy="Export other rows, or save a clip as it is: studio.generation(id).video.save(path, tags=False).",
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
