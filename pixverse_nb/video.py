"""A finished clip: a file on the disk with its facts."""

from __future__ import annotations

import contextlib
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .display.card import Card, card_html, card_text
from .display.frontend import in_notebook, source_of
from .display.shown import show
from .errors import ClipError
from .media.clips import Clips
from .mishaps import outside
from .paths import path_of
from .provenance import story_of, titles_of
from .store.words import Row

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Video:
    """A clip on the disk, byte for byte as the service delivered it.

    Attributes
    ----------
    path : Path
        The MP4 file, named by the hash of its content.
    width, height : int
        px, as shown.
    duration_s, fps : float
        Length in seconds, frames a second.
    has_audio : bool
        Whether it has a sound track.
    size_bytes : int
        Size of the file.
    mismatch : str or None
        In what it differs from what was asked for, in words; None when all is as asked for, as far as it was looked at.
    """

    path: Path
    width: int
    height: int
    duration_s: float
    fps: float
    has_audio: bool
    size_bytes: int
    _clips: Clips = field(repr=False, compare=False)
    _id: str = field(repr=False, compare=False)
    _title: str = field(repr=False, compare=False, default="")
    mismatch: str | None = field(compare=False, default=None)
    _told: Callable[[], Row] | None = field(repr=False, compare=False, default=None)

    @property
    def poster(self) -> bytes | None:
        """A JPEG of a frame, at most 640 px wide; None when there was none before the file vanished."""
        return self._clips.poster(self._id, self.path)

    @property
    def facts(self) -> list[str]:
        """What the clip is, in a few words; all measured."""
        sound = "sound" if self.has_audio else "silent"
        size = f"{self.width}×{self.height}"
        return [f"{self.duration_s:.1f} s", size, f"{self.fps:g} fps", sound, f"{self.size_bytes / 1e6:.1f} MB"]

    def save(self, path: str | Path, *, tags: bool = True) -> Path:
        """Copy the clip, with its prompt, parameters, ids, cost, and what was said of it, in its tags.

        Pictures and sound stay as they are, packet by packet; the clip in the home stays byte for byte as delivered.
        `studio.import_clips` makes rows of the history of such files. No key, no signed address and no path of the
        home is told.

        Parameters
        ----------
        path : str or Path
            A file, or an existing folder to put it in.
        tags : bool
            False copies byte for byte. A clip that cannot be given tags is copied so, too, with a warning.

        Returns
        -------
        Path
            Where it lies now.

        Raises
        ------
        InvalidParameter
            For what is no path.
        ClipError
            When the clip has vanished, or the target cannot be written.
        """
        target = path_of(path, "path", example="'clip.mp4'")
        if target.is_dir():
            target /= f"{self._id}.mp4"
        self._present()
        partial = target.with_name(target.name + ".partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not (tags and self._told is not None and self._copy_tagged(partial)):
                shutil.copyfile(self.path, partial)
            partial.replace(target)
        except OSError as error:
            raise ClipError(
                f"the clip could not be saved to {target}: {error.strerror or error}",
                remedy=f"Choose another place; the clip itself is safe at {self.path}.",
            ) from None
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        return target

    def _copy_tagged(self, target: Path) -> bool:
        """Whether the copy with tags could be made."""
        from .media.tags import NotTaggable, write

        row = self._told() if self._told is not None else {}
        try:
            write(self.path, target, story=story_of(row), **titles_of(row))
        except NotTaggable as error:
            warnings.warn(f"The clip {self._id} is saved byte for byte, without tags: {error}.", stacklevel=outside())
            return False
        return True

    def last_frame(self) -> Image:
        """The last frame, for a clip that goes on from it.

        Returns
        -------
        PIL.Image.Image
            RGB, in the clip's own size.

        Raises
        ------
        ClipError
            When the file has vanished or cannot be decoded.
        """
        from .media.frames import last_frame

        self._present()
        return last_frame(self.path)

    def show(self, *, embed: bool | None = None) -> None:
        """Display the player. Outside a notebook its line and its path are printed.

        Parameters
        ----------
        embed : bool, optional
            True puts the clip into the notebook whatever its size, False only links to the file; by default it is
            linked where the front end can follow the link, else embedded up to 12 MB.
        """
        shown = self._bundle(embed)
        show(shown["text/html"], shown["text/plain"] if in_notebook() else f"{shown['text/plain']}\n  {self.path}")

    def _present(self) -> None:
        if not self.path.is_file():
            raise ClipError(
                f"the clip's file is gone: {self.path}",
                remedy="Put it back, or run studio.generate(...) with the same request to get it again.",
            )

    def _bundle(self, embed: bool | None) -> dict[str, str]:
        card = Card(
            id=self._id,
            status="completed",
            prompt=self._title,
            facts=self.facts,
            size=(self.width, self.height),
            source=source_of(self.path, embed),
            poster=self.poster,
            flag=self.mismatch,
        )
        return {"text/html": card_html(card), "text/plain": card_text(card)}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle(None)
