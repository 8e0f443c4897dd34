"""What a report carries: stills, small clips, the clips themselves; in the page as far as its limit allows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pixverse_nb.errors import ClipError, PixverseError
from pixverse_nb.media.bare import bare
from pixverse_nb.media.miniature import miniature
from pixverse_nb.player.sheet import as_uri, strip_of
from pixverse_nb.store.words import Row

from .folder import copy_of, is_told, name_of

if TYPE_CHECKING:
    from pixverse_nb.video import Video

    from .door import Door

_AROUND_BYTES = 600  # what stands around each in the page, at most

STILL_PX = 216
"""Height of a still, px: twice of what it has on the page."""


@dataclass
class Carried:
    """What the page carries of one clip.

    Attributes
    ----------
    path : Path or None
        Its file; None when it has none, or it is gone.
    poster, small, whole : bytes or None
        A still, a small copy, the clip itself; None where left out.
    small_fps : float
        Frames a second of the small copy.
    strip : str
        The filmstrip, as an address; empty for none.
    file : str
        The name of its copy beside the page; empty for none.
    """

    path: Path | None
    poster: bytes | None = field(default=None, repr=False)
    small: bytes | None = field(default=None, repr=False)
    small_fps: float = 0.0
    strip: str = field(default="", repr=False)
    whole: bytes | None = field(default=None, repr=False)
    file: str = ""


class Media:
    """Makes small copies on threads, while something else is done, and packs what there is room for.

    Parameters
    ----------
    door : Door
        To the clips.
    rows : sequence of rows
        Of the page, in its order.
    folder : Path
        An empty folder for what is made.
    redact : frozenset of str
        What is left out.
    small_px : int
        The longer side of a small copy.

    Attributes
    ----------
    carried : dict
        By the row's id, what the page carries of it.
    present : list of rows
        Those whose clip is there.
    lost : int
        Clips that could not be copied for other eyes.
    """

    def __init__(self, door: Door, rows: Sequence[Row], folder: Path, redact: frozenset[str], small_px: int) -> None:
        self._door, self._folder, self._redact, self._small_px = door, folder, redact, small_px
        self.rows = rows
        self.carried = {row["id"]: Carried(_path_of(door, row)) for row in rows}
        self.present = [row for row in rows if self.carried[row["id"]].path is not None]
        self._row = {row["id"]: row for row in rows}
        self._pool = ThreadPoolExecutor(min(os.cpu_count() or 1, 4), "pixverse-report")
        self._stills: dict[str, Future[bytes | None]] = {}
        self._smalls: dict[str, Future[tuple[float, str]]] = {}
        self.lost = 0
        self._copies: dict[Path, tuple[str, Future[bool]]] = {}

    def close(self) -> None:
        """Stop what is still being made."""
        self._pool.shutdown(cancel_futures=True)

    # ---- making ------------------------------------------------------------------------------------------------

    def start_stills(self) -> None:
        """Begin with the stills."""
        clips = self._door.clips
        for row in self.rows:
            path = self.carried[row["id"]].path
            self._stills[row["id"]] = self._pool.submit(clips.thumbnail, row["id"], path, height=STILL_PX)

    def start_smalls(self) -> None:
        """Begin with the small copies, where the page does not have the clip itself; they wait on the disk."""
        for row in self.present:
            work = self._make_small if self.carried[row["id"]].whole is None else self._strip
            self._smalls[row["id"]] = self._pool.submit(work, row)

    def _make_small(self, row: Row) -> tuple[float, str]:
        fps = miniature(self._clip_of(row), self._small_of(row), width=self._small_px)
        with suppress(PixverseError):
            return fps, as_uri(strip_of(row, self._small_of(row)))
        return fps, ""

    def _strip(self, row: Row) -> tuple[float, str]:
        return 0.0, as_uri(strip_of(row, self._clip_of(row)))

    def _clip_of(self, row: Row) -> Path:
        path = self.carried[row["id"]].path
        return path if path is not None else self._door.clips.clips / "none"

    def _small_of(self, row: Row) -> Path:
        return self._folder / f"{row['id']}.small.mp4"

    def start_copies(self, folder: Path) -> None:
        """Begin to copy the clips into a new folder, each file once."""
        folder.mkdir()
        for row in self.present:
            path = self._clip_of(row)
            if path not in self._copies:
                name = f"{name_of(row, self._redact)}.mp4"
                video = self._door.handle(row).video
                self._copies[path] = name, self._pool.submit(self._copy, video, row, folder / name)

    def finish_copies(self) -> None:
        """Wait for the copies; in `Carried.file` is what each is called."""
        for row in self.present:
            carried = self.carried[row["id"]]
            name, copied = self._copies.get(self._clip_of(row), ("", None))
            carried.file = name if copied is not None and copied.result() else ""
            self.lost += copied is not None and not carried.file

    def _copy(self, video: Video | None, row: Row, target: Path) -> bool:
        return video is not None and copy_of(video, row, target, self._redact)

    # ---- packing -----------------------------------------------------------------------------------------------

    def pack_stills(self, room: int) -> int:
        """Put stills into the page, as many as there is room for; gives the room that is left, bytes."""
        for row in self.rows:
            still = self._stills[row["id"]].result()
            if still is not None and inside(still) <= room:
                self.carried[row["id"]].poster = still
                room -= inside(still)
        return room

    def pack_wholes(self, room: int, order: Iterable[str]) -> int:
        """Put whole clips into the page, in this order of their ids, as many as there is room for."""
        for key in order:
            carried = self.carried[key]
            if carried.path is None or inside_bytes(size_of(carried.path)) > room:
                continue
            whole = self._whole(carried.path, self._row[key])
            self.lost += whole is None
            if whole is not None and inside(whole) <= room:
                carried.whole = whole
                room -= inside(whole)
        return room

    def _whole(self, path: Path, row: Row) -> bytes | None:
        """A clip as it was delivered; or without its tags, when in them may stand what nobody else is to read."""
        target = self._folder / f"{row['id']}.bare.mp4"
        try:
            if not self._redact and not is_told(path, row):
                return path.read_bytes()
            bare(path, target)
            return target.read_bytes()
        except (ClipError, FileNotFoundError):  # damaged, or gone since
            return None
        finally:
            target.unlink(missing_ok=True)

    def pack_smalls(self, room: int) -> tuple[int, int]:
        """Put in small copies and filmstrips; gives how many were left out for want of room, and how many failed."""
        left_out = failed = 0
        for row in self.present:
            carried, made = self.carried[row["id"]], self._smalls[row["id"]]
            if left_out:  # the first that does not fit ends it, and what was not made yet need not be
                made.cancel()
                left_out += carried.whole is None
                continue
            try:
                fps, strip = made.result()
            except PixverseError:  # a damaged clip: its row is there, and what is left of it
                failed += carried.whole is None
                continue
            data = None if carried.whole is not None else self._small_of(row).read_bytes()
            size = len(strip) + (0 if data is None else inside(data))
            if size > room:
                left_out += data is not None
                continue
            carried.small, carried.small_fps, carried.strip = data, fps, strip
            room -= size
        return left_out, failed


def size_of(path: Path) -> int:
    """A file's size, bytes; 0 when it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def inside(data: bytes) -> int:
    """How much a page grows by it, bytes: base64 takes a third more."""
    return inside_bytes(len(data))


def inside_bytes(size: int) -> int:
    """The same of a size."""
    return (size + 2) // 3 * 4 + _AROUND_BYTES


def _path_of(door: Door, row: Row) -> Path | None:
    if row["status"] != "completed" or row["video_path"] is None:
        return None
    path: Path = door.home / row["video_path"]
    return path if path.is_file() else None
