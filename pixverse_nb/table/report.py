"""`df.pixverse.report`: one page that works from a file, written at once or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pixverse_nb.display.frontend import relative_link
from pixverse_nb.display.report import GENERATOR, page_html, written_html
from pixverse_nb.errors import ClipError
from pixverse_nb.media.partial import disk_trouble
from pixverse_nb.mishaps import outside
from pixverse_nb.paths import path_of
from pixverse_nb.player.choice import ids_in

from .columns import ids_of, refused
from .exports import _check_place
from .folder import name_of
from .public import checked_redact, redacted
from .report_media import Media
from .report_page import Draft, best_of

if TYPE_CHECKING:
    from .door import Door

CLIPS = ("beside", "embed", "none")
MOST_ROWS = 500
"""Rows of one page: what a browser shows without effort. Figures and pictures are of all."""

_SMALL_PX = {"beside": 256, "embed": 256, "none": 480}  # where they are all there is, they are larger
_FEWEST, _MOST = 2, 9  # clips of the player
_HEAD_BYTES = 2000  # a page says within them what made it
_LISTED = re.compile(rb'<script type="application/json" id="rep-data">(.*?)</script>', re.DOTALL)
_OUR_FILE = re.compile(r"[^/\\]*_[0-9a-z]{16}\.mp4")


@dataclass(frozen=True)
class Report(os.PathLike[str]):
    """A report that was written; `open`, `Path` and the like take it as its path.

    Attributes
    ----------
    path : Path
        The page.
    folder : Path or None
        Where the clips lie beside it; both belong together.
    size_bytes, clips_bytes : int
        Of the page, and of the folder.
    notes : tuple of str
        What a reader is told on the page: what is missing, what was left out.
    """

    path: Path
    folder: Path | None
    size_bytes: int
    clips_bytes: int
    notes: tuple[str, ...]

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return "\n".join([f"{self.path} · {self._sizes()}", *self.notes])

    def _repr_html_(self) -> str:
        return str(written_html(self.path.name, relative_link(self.path), self._sizes(), self.notes))

    def _sizes(self) -> str:
        beside = (
            "" if self.folder is None else f", with {self.clips_bytes / 1e6:,.1f} MB of clips in {self.folder.name}/"
        )
        return f"{self.size_bytes / 1e6:,.1f} MB{beside}"


def report(
    frame: pd.DataFrame,
    door: Callable[[], Door],
    path: str | os.PathLike[str],
    *,
    title: str | None,
    clips: str,
    redact: str | Iterable[str],
    limit_mb: float,
    compare: object,
    overwrite: bool,
) -> Report:
    """See `Accessor.report`."""
    words = checked_redact(redact)
    limit = _limit(limit_mb)
    if clips not in CLIPS:
        raise refused(f"clips={clips!r} is not allowed", f"There are {', '.join(map(repr, CLIPS))}.")
    if title is not None and not isinstance(title, str):
        raise refused(f"title={title!r} is no text", 'Pass text, such as title="Lighthouses".')
    target = _target(path)
    keys = ids_of(frame)
    ids = [key for key in dict.fromkeys(keys) if key is not None]
    open_door = door()
    rows = open_door.rows(ids)
    table = open_door.table(rows)
    _check_place(target.parent, table)
    old = _replaceable(target, overwrite=overwrite)
    shown = rows[:MOST_ROWS]
    if words and clips == "beside":
        old |= _check_alone(_place_of(target), old, {f"{name_of(row, words)}.mp4" for row in shown})
    with _beside(target) as folder, closing(Media(open_door, shown, folder, words, _SMALL_PX[clips])) as media:
        media.start_stills()
        best, best_words = best_of(media.present, _chosen(compare, media))
        if clips == "beside" and media.present:
            media.start_copies(folder / "clips")
        if clips != "embed":
            media.start_smalls()
        draft = Draft(rows, table, redacted(table, words), words, title, unsent=sum(key is None for key in keys))
        draft.measure(open_door)
        media.finish_copies()
        _pack(media, draft, clips, limit, best)
        page = draft.page(media, best, f"{target.stem}_clips", best_words)
        (folder / "page.html").write_text(page_html(page, _player()), encoding="utf-8", errors="replace", newline="\n")
        made = _published(folder, target, old)
    if draft.left_out:
        warnings.warn(" ".join(draft.left_out), UserWarning, stacklevel=outside())
    size = sum(file.stat().st_size for file in made.iterdir()) if made is not None else 0
    return Report(target, made, target.stat().st_size, size, tuple(page.notes))


def _pack(media: Media, draft: Draft, clips: str, limit: int, best: Sequence[str]) -> None:
    """Stills first, then what plays, as far as the limit allows; what it does not allow is said."""
    size = _bytes_of(draft, media, best)
    if size > limit:
        draft.drop_pictures(limit)
        size = _bytes_of(draft, media, best)
    if size > limit:
        draft.say_over(size, limit)
    room = media.pack_stills(limit - size)
    draft.say_limit(
        limit, stills=sum(1 for one in media.carried.values() if one.poster is None and one.path is not None)
    )
    if clips == "embed":
        order = [*best, *(row["id"] for row in media.present if row["id"] not in best)]
        room = media.pack_wholes(room, order)
        without = sum(one.whole is None and one.path is not None for one in media.carried.values())
        draft.say_limit(limit, wholes=without - media.lost)
        media.start_smalls()
    left_out, failed = media.pack_smalls(room)
    draft.say_limit(limit, smalls=left_out)
    draft.say_failed(failed)
    if clips == "none" and media.present:
        draft.say("The clips themselves are not here: this page holds small silent copies.")


def _bytes_of(draft: Draft, media: Media, best: Sequence[str]) -> int:
    return len(page_html(draft.page(media, best, ""), _player()).encode("utf-8", "replace"))


def _limit(limit_mb: object) -> int:
    if isinstance(limit_mb, bool) or not isinstance(limit_mb, int | float) or not 0 < limit_mb < math.inf:
        raise refused(f"limit_mb={limit_mb!r} is not allowed", "Pass megabytes, above 0.")
    return int(limit_mb * 1e6)


def _chosen(compare: object, media: Media) -> list[str]:
    """The clips that somebody wants the player to begin with; none for the best rated."""
    if compare is None:
        return []
    chosen = list(dict.fromkeys(ids_in(compare)))
    there = {row["id"] for row in media.present}
    for key in chosen:
        if key not in there:
            raise refused(f"{key[:40]!r} is no clip of this report", "Pass ids of df.index whose clips are there.")
    if not _FEWEST <= len(chosen) <= _MOST:
        raise refused(
            f"compare names {len(chosen)} clips; {_FEWEST} to {_MOST} are compared", "Pass some ids of df.index."
        )
    return chosen


def _player() -> str:
    from pixverse_nb.player.player import MODULE

    return MODULE.read_text(encoding="utf-8")


# ---- the place -----------------------------------------------------------------------------------------------------


def _target(path: str | os.PathLike[str]) -> Path:
    target = path_of(path, "path", example="'report.html'")
    if target.suffix == "" and target.name:
        target = target.with_name(f"{target.name}.html")
    if target.suffix.lower() not in {".html", ".htm"}:
        raise refused(f"{target.name!r} is no name of a page", 'Pass one that ends with ".html".')
    if target.is_dir():
        raise refused(f"{target} is a folder", "Choose another name.")
    return target


def _replaceable(target: Path, *, overwrite: bool) -> set[str]:
    """The files that an older report of that name has beside it; an error for a page that is something else."""
    if not target.exists():
        return set()
    try:
        with target.open("rb") as file:
            ours = f'content="{GENERATOR}"'.encode() in file.read(_HEAD_BYTES)
            found = _LISTED.search(file.read()) if ours else None
    except OSError as error:
        raise _unwritten(error, target) from error
    if not ours and not overwrite:
        raise refused(
            f"{target} is there already, and it is no report",
            "Choose another name, or pass overwrite=True to replace it.",
        )
    if found is None:
        return set()
    with suppress(ValueError, TypeError, AttributeError):
        return {name for name in json.loads(found[1]).get("files", ()) if _OUR_FILE.fullmatch(name)}
    return set()


def _place_of(target: Path) -> Path:
    return target.with_name(f"{target.stem}_clips")


def _check_alone(place: Path, old: set[str], names: set[str]) -> set[str]:
    """The files there that are replaced, or go; an error for clips that no page lists, in which all may still stand."""
    there = {one.name for one in place.iterdir() if _OUR_FILE.fullmatch(one.name)} if place.is_dir() else set()
    if others := there - old - names:
        raise refused(
            f"{place} has {len(others):,} clips of an earlier report, which would stay beside the redacted ones",
            "Choose another name, or remove that folder.",
        )
    return there


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder on the same disk to make everything in; it is gone afterwards."""
    folder = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        yield folder
    except OSError as error:
        raise _unwritten(error, target) from error
    except ClipError as error:  # a copy that found the disk full speaks of a folder that is gone
        error.what = error.what.replace(str(folder), str(target.parent))
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unwritten(error: OSError, target: Path) -> ClipError:
    what, remedy = disk_trouble(error, target)
    return ClipError(f"no report was written: {what}", remedy=f"{remedy}, or choose another place.")


def _published(folder: Path, target: Path, old: set[str]) -> Path | None:
    """Move clips and page to their places; what an older report of that name had, and this has not, goes.

    A clip is called by its id, so that an older page plays what it did until the new one is there.
    """
    place = _place_of(target)
    clips = sorted((folder / "clips").iterdir()) if (folder / "clips").is_dir() else []
    is_new, added = not place.exists(), []
    try:
        if clips:
            place.mkdir(exist_ok=True)
        for clip in clips:
            if not (place / clip.name).exists():
                added.append(place / clip.name)
            clip.replace(place / clip.name)
        (folder / "page.html").replace(target)
    except OSError:
        for clip in added:
            clip.unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):
                place.rmdir()
        raise
    for name in old - {clip.name for clip in clips}:
        with suppress(OSError):
            (place / name).unlink()
    if old and not clips:
        with suppress(OSError):  # somebody's own files may be in it
            place.rmdir()
    return place if clips else None
