"""A finished clip: a file on the disk with its facts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .display.card import Card, card_html, card_text
from .display.frontend import source_of
from .errors import ClipError
from .media.clips import Clips

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

    @property
    def poster(self) -> bytes | None:
        """A JPEG of a frame, at most 640 px wide; None when the file has vanished."""
        return self._clips.poster(self._id, self.path)

    @property
    def facts(self) -> list[str]:
        """What the clip is, in a few words; all measured."""
        sound = "sound" if self.has_audio else "silent"
        size = f"{self.width}×{self.height}"
        return [f"{self.duration_s:.1f} s", size, f"{self.fps:g} fps", sound, f"{self.size_bytes / 1e6:.1f} MB"]

    def save(self, path: str | Path) -> Path:
        """Copy the clip, byte for byte.

        Parameters
        ----------
        path : str or Path
            A file, or an existing folder to put it in.

        Returns
        -------
        Path
            Where it lies now.

        Raises
        ------
        ClipError
            When the clip has vanished, or the target cannot be written.
        """
        target = Path(path).expanduser()
        if target.is_dir():
            target /= f"{self._id}.mp4"
        self._present()
        partial = target.with_name(target.name + ".partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path, partial)
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise ClipError(
                f"the clip could not be saved to {target}: {error.strerror or error}",
                remedy=f"Choose another place; the clip itself is safe at {self.path}.",
            ) from None
        return target

    def last_frame(self) -> Image:
        """The last frame as a PIL image (RGB), for a clip that goes on from it.

        Raises
        ------
        ClipError
            When the file has vanished or cannot be decoded.
        """
        from .media.frames import last_frame

        self._present()
        return last_frame(self.path)

    def show(self, *, embed: bool | None = None) -> None:
        """Display the player.

        Parameters
        ----------
        embed : bool, optional
            True puts the clip into the notebook whatever its size, False only links to the file; by default it is
            linked where the front end can follow the link, else embedded up to 12 MB.
        """
        from IPython.display import display

        display(self._bundle(embed), raw=True)

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
        )
        return {"text/html": card_html(card), "text/plain": card_text(card)}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002
        return self._bundle(None)
