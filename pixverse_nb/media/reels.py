"""What is made of the clips of a home: films, and the frames that other clips go on from.

    home/films/<hash of its clips>.mp4    clips joined into one; safe to delete, made again from the clips
    home/frames/<clip's sha256>.png       a clip's last frame, as it was sent

A last frame is kept because a request is known by its picture's bytes: another version of a decoder or a compressor
might write others, and a film that is there would be sent, and paid for, once more.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pixverse_nb.errors import ClipError

from .boxes import FETCH_AGAIN, REPLACE
from .clips import _temporary
from .durable import sync_beside, sync_folder
from .join import Joined, how_joined, join
from .partial import disk_trouble

_STALE_S = 86_400.0  # what a killed process left; another kernel may be writing the rest


class Reels:
    """The films of one home; safe to use from many threads and processes at once.

    Parameters
    ----------
    home : Path
        The folder of history and clips. Folders in it are made at the first write.
    """

    def __init__(self, home: Path) -> None:
        self.films = home / "films"
        self.frames = home / "frames"

    def last_frame(self, clip: Path) -> bytes:
        """A clip's last frame as a PNG, the same bytes each time; `clip` is named by its content's hash.

        Raises
        ------
        ClipError
            When the clip is missing, or its end cannot be decoded.
        """
        from PIL.Image import open as open_picture

        from .frames import last_frame
        from .images import load_picture

        place = self.frames / f"{clip.stem}.png"
        with suppress(OSError, SyntaxError, ValueError):  # not there yet, or damaged
            kept = place.read_bytes()
            with open_picture(io.BytesIO(kept)) as picture:
                picture.verify()
            return kept
        made = load_picture(last_frame(clip)).data
        with suppress(OSError):  # a home that cannot be written is met where something is sent
            _put(place, lambda temporary: temporary.write_bytes(made))
        return made

    def film(self, clips: Sequence[Path]) -> tuple[Path, Joined]:
        """The clips, each named by its content's hash, as one; made once.

        Raises
        ------
        ClipError
            When a clip is missing or broken, or the disk is full or not writable: nothing is left behind then.
        """
        name = hashlib.sha256("\n".join(clip.stem for clip in clips).encode()).hexdigest()
        place = self.films / f"{name}.mp4"
        with suppress(ClipError):  # not there yet, or damaged
            known = how_joined(place)
            if known is not None:
                return place, known
        for number, clip in enumerate(clips, 1):
            _check_end(clip, f"shot {number} of {len(clips)}")
        made: list[Joined] = []
        try:
            _put(place, lambda temporary: made.append(join(clips, temporary)))
        except ClipError as error:
            error.remedy = REPLACE if error.remedy == FETCH_AGAIN else error.remedy
            raise
        except OSError as error:
            what, remedy = disk_trouble(error, place)
            raise ClipError(what, remedy=f"{remedy}, then run it again: its clips are kept.", billed=False) from error
        return place, made[0]


def _check_end(clip: Path, name: str) -> None:
    """A damaged clip would be copied as it is; what names it is said with the reason."""
    from .frames import last_frame

    try:
        last_frame(clip)
    except ClipError as error:
        error.what = f"{name}: {error.what}"
        raise


def _put(place: Path, write: Callable[[Path], object]) -> None:
    """Write a file at once or not at all, and for good."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _tidy(place.parent)
    temporary = _temporary(place.parent)
    try:
        write(temporary)
        sync_beside(temporary).result()
        temporary.replace(place)
        sync_folder(place.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    limit = time.time() - _STALE_S
    for left in folder.glob("*.part"):
        with suppress(OSError):
            if left.stat().st_mtime <= limit:
                left.unlink()
