"""A table for elsewhere: CSV, Parquet, a folder of clips, a contact sheet, an animated picture."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pixverse_nb.errors import ClipError, PixverseError
from pixverse_nb.media.aside import set_aside
from pixverse_nb.paths import path_of
from pixverse_nb.plain import scrubbed, shortened
from pixverse_nb.store.words import Row

from .columns import FORMULA, distinct_ids, refused
from .public import checked_redact, holds_text, own_columns, public
from .shown import in_rows, say

if TYPE_CHECKING:
    from .door import Door

MOST_CLIPS = 25
"""Clips of one sheet: more of them nobody can tell apart."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXY"
_FORMULA = re.compile(rf"'*{FORMULA}")
_NAMED = 5  # columns that are named
_OURS = ("clips", "images", "posters")  # the home's own folders


def export(
    frame: pd.DataFrame,
    door: Callable[[], Door],
    path: str | os.PathLike[str],
    redact: str | Iterable[str],
    *,
    overwrite: bool,
) -> Path:
    """See `Accessor.export`."""
    words = checked_redact(redact)
    target, kind = _target(path)
    if kind == "folder":
        from .folder import export_folder

        _check_place(target, frame)
        return export_folder(door(), distinct_ids(frame), target, words)
    _check_place(target.parent, frame)
    if target.exists() and not overwrite:
        raise refused(f"{target} is there already", "Choose another name, or pass overwrite=True to replace it.")
    if kind in {".mp4", ".webp"}:
        _write_sheet(door(), distinct_ids(frame), target, words)
    else:
        table = public(frame, words)
        with set_aside(target) as temporary:
            (_write_csv if kind == ".csv" else _write_parquet)(table, temporary)
        if words and (own := [shortened(scrubbed(str(name)), 40) for name in own_columns(frame)]):
            more = f" and {len(own) - _NAMED:,} more" if len(own) > _NAMED else ""
            say(f"Left out of a redacted table: {', '.join(own[:_NAMED])}{more}. It has the history's columns only.")
    return target


_KINDS = {
    ".csv": "a table",
    ".parquet": "a table with its types",
    ".mp4": "a contact sheet",
    ".webp": "a moving picture",
}


def _target(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Where to, and what is asked for: a suffix, or "folder"."""
    target, text = path_of(path, "path", example="'clips.csv' or 'clips/'"), os.fspath(path)
    if target.is_dir() or text.endswith(("/", os.sep)):
        return target, "folder"
    suffix = target.suffix.lower()
    if suffix in _KINDS:
        return target, suffix
    if not suffix:
        return target, "folder"
    known = ", ".join(f"{name} ({what})" for name, what in _KINDS.items())
    raise refused(f"{text!r} names no format", f"There are {known}, and a folder of clips: end its name with a slash.")


def _check_place(folder: Path, frame: pd.DataFrame) -> None:
    """The home's own files are not written over: its clips are there once."""
    clips = getattr(frame, "_clips", None)
    if clips is not None and folder.resolve() in {(clips.home / name).resolve() for name in _OURS}:
        raise refused(f"{folder} is where the home keeps its own files", "Choose another folder.")


# ---- tables --------------------------------------------------------------------------------------------------------


def _write_csv(table: pd.DataFrame, place: Path) -> None:
    """UTF-8 with its mark, without which spreadsheets misread it; pandas takes it as it is.

    Lines end as the format's standard wants it, and so a text with either sign of a line's end has quotes around it.
    """
    safe = table.copy()
    for name in safe.columns:
        if holds_text(safe[name]):
            safe[name] = pd.Series([_plain(value) for value in safe[name].astype(object).tolist()], dtype=object)
    safe.columns = pd.Index([_plain(str(name)) for name in safe.columns])
    safe.to_csv(place, index=False, encoding="utf-8-sig", errors="replace", lineterminator="\r\n")


def _plain(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula: with an apostrophe before it, which `typed` takes off again."""
    if value is None or isinstance(value, Number) or value is pd.NA or value is pd.NaT:
        return value
    return f"'{value}" if _FORMULA.match(str(value)) else value


def _write_parquet(table: pd.DataFrame, place: Path) -> None:
    try:
        import pyarrow as pa
    except ImportError:
        raise PixverseError(
            "Parquet needs the package pyarrow, which is not installed",
            remedy='Run pip install "pixverse_nb[parquet]", or export a .csv.',
            billed=False,
        ) from None
    indexed = table.set_index("id") if "id" in table.columns else table
    indexed.columns = indexed.columns.map(str)
    try:
        indexed.to_parquet(place, engine="pyarrow", index="id" in table.columns)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        said = str(error).splitlines()[-1][:200] if str(error) else type(error).__name__
        raise refused(
            f"a column of this table does not go into Parquet: {said}",
            "Make text of it: frame[name].astype(str), or leave it out.",
        ) from None


# ---- pictures ------------------------------------------------------------------------------------------------------


def _write_sheet(door: Door, ids: Sequence[str], target: Path, words: frozenset[str]) -> None:
    from pixverse_nb.media.sheet import sheet_mp4, webp

    rows = [row for row in door.rows(ids) if row["status"] == "completed" and row["video_path"] is not None]
    fewest = 1 if target.suffix.lower() == ".webp" else 2
    if not fewest <= len(rows) <= MOST_CLIPS:
        raise refused(
            f"this table has {len(rows):,} clip{'' if len(rows) == 1 else 's'}; a sheet shows {fewest} to {MOST_CLIPS}",
            "Export one clip as .webp, or save it: studio.generation(id).video.save(path)."
            if len(rows) == 1
            else f"Choose some: df.head({MOST_CLIPS}).pixverse.export(...)."
            if rows
            else "Choose rows with a clip.",
        )
    parts = _parts(door, rows, words)
    try:
        with set_aside(target) as temporary:
            dark = (sheet_mp4 if fewest == 2 else webp)(temporary, parts)
    except ClipError as error:
        error.billed = None
        raise
    if len(rows) < len(ids):
        say(f"{in_rows(len(ids) - len(rows))} of {len(ids):,} without a clip: not on the sheet.")
    if dark:
        gone = ", ".join(row["id"] for row, part in zip(rows, parts, strict=True) if part in dark)
        say(f"{len(dark)} of {len(rows)} clips could not be shown, gone or not playable: {gone}.")


def _parts(door: Door, rows: Sequence[Row], words: frozenset[str]) -> list[Any]:
    from pixverse_nb.display.shelf import cost_words
    from pixverse_nb.media.sheet import Part

    parts = []
    for letter, row in zip(LETTERS, rows, strict=False):
        facts = [row["quality"], f"{row['duration']} s", "" if "costs" in words else cost_words(row)]
        facts.append("preview" if row["service"] == "preview" and "costs" in words else "")
        parts.append(
            Part(
                path=door.home / row["video_path"],
                size=(row["video_width_px"] or 16, row["video_height_px"] or 9),
                letter=letter,
                title="" if "prompts" in words else scrubbed(row["prompt"]),
                facts=" · ".join(fact for fact in facts if fact),
            )
        )
    return parts
