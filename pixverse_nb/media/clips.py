"""The clip library of a home: the one door to the disk for media.

    home/clips/<sha256>.mp4       every clip, under its content's hash, byte for byte as it came
    home/images/<sha256>.png ...  every picture that was sent
    home/posters/<id>.jpg         stills for the history; made on demand, safe to delete
    home/vscode/<sha256>.mp4      copies whose sound VS Code plays; the same (`sound.py`)

No folder's name starts with a dot: Jupyter's file server does not serve hidden ones.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pixverse_nb.errors import ClipError

from .boxes import FETCH_AGAIN
from .durable import sync_beside, sync_folder
from .partial import CHUNK_BYTES, Partial, Received, disk_error, disk_trouble
from .probe import Facts, probe_in_turn
from .sound import FOLDER

if TYPE_CHECKING:
    from .images import Picture

__all__ = ["Clips", "Received"]

_PARTIAL = ".part"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_TRIAL_BYTES = 4096  # a full disk still takes an empty file
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


class Clips:
    """The media of one home; safe to use from many threads and processes at once.

    Parameters
    ----------
    home : Path
        The folder of history and clips. Folders in it are made at the first write.
    """

    def __init__(self, home: Path) -> None:
        self.home = Path(home)
        self.clips = self.home / "clips"
        self.images = self.home / "images"
        self.posters = self.home / "posters"
        self.vscode = self.home / FOLDER

    def begin(self) -> Partial:
        """Open a new temporary file among the clips; the caller finishes or discards it."""
        return Partial(_temporary(self.clips))

    def receive(self, chunks: Iterable[bytes], *, expected_bytes: int | None = None) -> Received:
        """Stream a file in, hashing as it goes; memory stays flat whatever its size.

        Parameters
        ----------
        chunks : iterable of bytes
            The content in pieces; 256 KB each is fastest (`CHUNK_BYTES`).
        expected_bytes : int, optional
            How long it must be, bytes.

        Raises
        ------
        ClipError
            When the disk is full or not writable, or the length is another. What `chunks` itself raises passes through.
            Either way nothing is left behind.
        """
        partial = self.begin()
        try:
            for chunk in chunks:
                partial.write(chunk)
            _check_length(partial.size, expected_bytes)
            return partial.finish()
        except BaseException:
            partial.discard()
            raise

    def keep(self, received: Received) -> tuple[Path, Facts]:
        """Check that a received file is a whole, playable clip, and move it to its place.

        A clip that is there already, and intact, stays as it is. When this returns, the clip survives a power failure,
        so that a journal may say that it is home.

        Raises
        ------
        ClipError
            When it is not such a clip, or the disk refuses. The temporary file is gone then.
        """
        place = self.clips / f"{received.sha256}.mp4"
        syncing = sync_beside(received.path)  # while the clip is looked at
        try:
            facts = probe_in_turn(received.path)
            if _intact(place, received):
                sync_beside(place).result()  # nobody knows who brought it there, and how
            else:
                syncing.result()
                received.path.replace(place)
            for folder in (self.clips, self.home):  # the clip's name, and that of a folder that was just made
                sync_folder(folder)
        except ClipError as error:
            # It names the temporary file, which is gone by the time that anyone reads this.
            error.what = error.what.replace(str(received.path), str(place))
            raise
        except OSError as error:
            raise disk_error(error, place) from error
        finally:
            wait([syncing])  # Windows removes no open file
            with suppress(OSError):
                received.path.unlink(missing_ok=True)
        return place, facts

    def check_writable(self) -> None:
        """Make sure that a clip could be stored, by writing a small file; for before anything is sent.

        Raises
        ------
        ClipError
            When the disk is full or not writable. Nothing was billed, so here another home is a remedy too.
        """
        try:
            with _written(self.clips, bytes(_TRIAL_BYTES)):
                pass
        except OSError as error:
            what, remedy = disk_trouble(error, self.clips)
            raise ClipError(
                f"no clip could be stored: {what}",
                remedy=f"{remedy}, or choose another folder with pv.Studio(home=...).",
                billed=False,
            ) from error

    def keep_picture(self, picture: Picture) -> Path:
        """Store a picture under its content's hash, once; a file that has changed since is put right.

        Raises
        ------
        ClipError
            When the disk is full or not writable.
        """
        place = self.images / f"{picture.sha256}{picture.suffix}"
        try:
            if not place.is_file() or place.read_bytes() != picture.data:
                _write(place, picture.data)
        except OSError as error:
            raise disk_error(error, place) from error
        return place

    def picture_size(self, place: str) -> tuple[int, int] | None:
        """Width and height of a stored picture, px, by its path in the home; None when it cannot be read."""
        from PIL import Image

        with suppress(Exception), Image.open(self.home / place) as picture:  # Pillow has many ways to fail
            size: tuple[int, int] = picture.size
            return size
        return None

    def poster(self, id: str, clip: Path) -> bytes | None:
        """Give the still of a history row, as a JPEG, and store it for the next time.

        Never raises: a history must show even when its clips are gone. None when there is no stored still and the clip
        is missing or does not play. Where the disk is full or read-only the still is made, but not stored.
        """
        from .frames import poster

        if not _PLAIN_NAME.fullmatch(id):
            return None
        place = self.posters / f"{id}.jpg"
        with suppress(OSError):
            stored = place.read_bytes()
            if stored.startswith(_JPEG_START) and stored.endswith(_JPEG_END):
                return stored
        try:
            made = poster(Path(clip))
        except Exception:  # noqa: BLE001 - Pillow and PyAV have many ways to fail on a broken file
            return None
        with suppress(OSError):
            _write(place, made)
        return made

    def thumbnail(self, id: str, clip: Path | None, *, height: int = 108) -> bytes | None:
        """A small JPEG of a history row, `height` px high; None when there is no still of it."""
        from .frames import shrink

        still = self.poster(id, clip or self.clips / "none")
        return None if still is None else shrink(still, height)

    def sweep_partial(self, older_than_s: float = 86400) -> int:
        """Remove temporary files that a killed process left behind.

        Parameters
        ----------
        older_than_s : float
            Only files that were last written more than this many seconds ago; another kernel may be writing the rest.

        Returns
        -------
        int
            How many were removed.
        """
        limit = time.time() - older_than_s
        removed = 0
        for folder in (self.clips, self.images, self.posters, self.vscode):
            for path in folder.glob(f"*{_PARTIAL}"):
                with suppress(OSError):
                    if path.stat().st_mtime <= limit:
                        path.unlink()
                        removed += 1
        return removed


def _check_length(size: int, expected: int | None) -> None:
    if expected is not None and size != expected:
        raise ClipError(f"the clip arrived with {size:,} of {expected:,} bytes", remedy=FETCH_AGAIN)


def _temporary(folder: Path) -> Path:
    # Not `tempfile`: its files are private to their owner, and clips are served and shared.
    return folder / f"{uuid.uuid4().hex}{_PARTIAL}"


def _write(place: Path, data: bytes) -> None:
    """Write a small file at once or not at all."""
    with _written(place.parent, data) as temporary:
        temporary.replace(place)


@contextmanager
def _written(folder: Path, data: bytes) -> Iterator[Path]:
    """A temporary file in a folder, which is made; it is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(folder)
    try:
        temporary.write_bytes(data)
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _intact(place: Path, received: Received) -> bool:
    """Whether the very same content is in place already; it is read, for a disk may have damaged it since."""
    try:
        if place.stat().st_size != received.size_bytes:
            return False
        digest = hashlib.sha256()
        with place.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == received.sha256
