"""The picture to start from: an upload, a path or URL, or a clip's last frame; looked at on a worker thread."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from pixverse_nb import errors
from pixverse_nb.display.compose import Shown, help_html, picture_html, trouble_html
from pixverse_nb.generation import Generation
from pixverse_nb.parameters import PARAMETERS

from .fields import classed, folded, hint, put
from .upload import Upload

if TYPE_CHECKING:
    from pixverse_nb.media.images import Picture
    from pixverse_nb.studio import Studio

_LIMITS = "png, jpg or webp, up to 20 MB and 4000 × 4000 px. A file can be dropped on the button, too."
_ACCEPT = ".png,.jpg,.jpeg,.webp"
_THUMB_PX = 192  # twice its size on the page
_NEAR = 0.02  # so close to a named shape that it is called by its name


@dataclass(frozen=True)
class _Look:
    """What was seen of a picture."""

    width: int
    height: int
    thumbnail: bytes
    megabytes: float


class PictureField:
    """Chooses a picture and says what it does.

    Parameters
    ----------
    studio : Studio
        Whose home keeps what is uploaded.
    changed : callable
        Called after every change, from any thread.
    """

    def __init__(self, studio: Studio, changed: Callable[[], None]) -> None:
        self._studio, self._changed = studio, changed
        self._lock = threading.RLock()
        self._number = 0  # of the picture: a slow look at an earlier one comes too late
        self._source: object = None
        self._name = ""
        self._look: _Look | None = None
        self._problem: str | None = None
        self._remark = ""  # on a file that did not come: the picture before it stays
        self._is_looking = False
        self._looking: threading.Thread | None = None
        self._quiet = False
        self.upload = Upload(lambda name, content: self.load(content, name), self._refuse, _ACCEPT)
        self.place = classed(
            w.Text(description="Picture: path or https URL", continuous_update=False, placeholder="none"),
            "pixverse-above",
        )
        self.remove = classed(w.Button(description="Remove picture"), "pixverse-quiet")
        self._shown = w.HTML()
        self._row = classed(w.HBox([self._shown, self.remove]), "pixverse-shown")
        self._row.layout.display = "none"
        self._trouble = folded(w.HTML())
        hint(self.place, PARAMETERS["image_url"].help)
        ways = classed(w.HBox([self.place, self.upload.box]), "pixverse-ways")
        limits = w.HTML(help_html(_LIMITS))
        self.box = classed(w.VBox([ways, limits, self._trouble, self._row]), "pixverse-picture")
        self.place.observe(self._on_place, "value")
        self.remove.on_click(lambda _: self.load(None))

    # ---- what it holds -----------------------------------------------------------------------------------------

    @property
    def is_set(self) -> bool:
        """Whether there is a picture, good or bad."""
        return self._source is not None

    @property
    def reason(self) -> tuple[str, bool] | None:
        """Why nothing can be sent with it, in words, and whether that is a mistake; None when it can."""
        with self._lock:  # as one: the worker may be turning the one into the other
            if self._is_looking:
                return "Looking at the picture …", False
            return None if self._problem is None else ("Picture: see above what is wrong with it.", True)

    def values(self) -> dict[str, object]:
        """The picture as arguments of `Studio.submit`: `image`, `image_url`, or nothing."""
        source = self._source
        if source is None:
            return {}
        return {"image_url": source} if _is_url(source) else {"image": source}

    def load(self, source: object, name: str = "") -> None:
        """Take a picture in any form that `Studio.submit` takes, or None for no picture; returns at once.

        Parameters
        ----------
        source : object
            A picture.
        name : str
            What it was called where it came from.
        """
        with self._lock:
            self._number += 1
            self._source, self._name, self._look, self._problem, self._is_looking = source, name, None, None, False
            self._remark = ""
            self._show_place(source)
            if _is_url(source):
                self._problem = _wrong_url(source)
            elif source is not None:
                self._is_looking = True
                self._looking = threading.Thread(
                    target=self._examine, args=(self._number, source), name="pixverse-picture", daemon=True
                )
                self._looking.start()
            self._show()
        self._changed()

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until the picture has been looked at, at most `timeout` s."""
        with self._lock:
            looking = self._looking
        if looking is not None:
            looking.join(timeout)

    # ---- what people do ----------------------------------------------------------------------------------------

    def _refuse(self, words: str) -> None:
        with self._lock:
            stays = " The picture below stays." if self.is_set else ""
            self._remark = words + stays
            self._show()

    def _on_place(self, change: Any) -> None:
        if not self._quiet:
            self.load(change["new"].strip() or None)

    def _show_place(self, source: object) -> None:
        shown = os.fsdecode(source) if isinstance(source, str | os.PathLike) and not _is_data(source) else ""
        self._quiet = True
        try:
            put(self.place, shown)
        finally:
            self._quiet = False

    # ---- looking -----------------------------------------------------------------------------------------------

    def _examine(self, number: int, source: object) -> None:
        """On a worker thread: look at a picture, and keep what has no place on the disk yet."""
        look, kept, problem = None, source, None
        try:
            picture = _loaded(source)
            look = _Look(picture.width, picture.height, picture.thumbnail(_THUMB_PX), len(picture.data) / 1e6)
            kept = self._kept(source, picture)
        except errors.PixverseError as error:
            problem = " ".join(part for part in (f"{error.event}.", error.remedy) if part)
        except Exception as error:  # noqa: BLE001  whatever a picture does: it is said at the field
            problem = f"It cannot be read ({type(error).__name__}: {error})."
        with self._lock:
            if number != self._number:
                return
            self._source, self._look, self._problem, self._is_looking = kept, look, problem, False
            self._show()
        self._changed()

    def _kept(self, source: object, picture: Picture) -> object:
        if isinstance(source, Generation) or (isinstance(source, str | os.PathLike) and not _is_data(source)):
            return source
        return str(self._studio._clips.keep_picture(picture))

    # ---- showing -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        words = self._problem or self._remark
        put(self._trouble, trouble_html(words) if words else "")
        put(self._shown, picture_html(self._view()) if self.is_set else "")
        self._row.layout.display = None if self.is_set else "none"

    def _view(self) -> Shown:
        source, look = self._source, self._look
        if self._problem is not None:
            return Shown(self._words(), "", "")
        if look is not None:
            size = f"{look.width} × {look.height} px · {look.megabytes:.1f} MB"
            effect = f"output follows the image, {shape_of(look.width, look.height)}; aspect_ratio is ignored"
            return Shown(self._words(), size, effect, look.thumbnail)
        if _is_url(source):
            told = "its size is not known here"
            return Shown(self._words(), told, "output follows the image; aspect_ratio is ignored", address=str(source))
        return Shown(self._words(), "looking at it …", "")

    def _words(self) -> str:
        source = self._source
        if isinstance(source, Generation):
            return f"last frame of {source.id} · {source.request.prompt[:80]}"
        if self._name:
            return self._name
        return os.fsdecode(source) if isinstance(source, str | os.PathLike) and not _is_data(source) else "a picture"


def shape_of(width: int, height: int) -> str:
    """A picture's shape in words: "3:4", or "about 3:4", or "1.46:1" where no named shape is near."""
    across, down = width // math.gcd(width, height), height // math.gcd(width, height)
    if max(across, down) <= 21:
        return f"{across}:{down}"
    for choice in PARAMETERS["aspect_ratio"].choices:
        wide, high = (int(part) for part in choice.split(":"))
        if abs(width / height / (wide / high) - 1) <= _NEAR:
            return f"about {choice}"
    return f"{width / height:.2f}:1" if width >= height else f"1:{height / width:.2f}"


def _loaded(source: object) -> Picture:
    from pixverse_nb.media.images import load_picture

    if not isinstance(source, Generation):
        return load_picture(source)
    video = source.video
    if video is None:
        raise errors.InvalidImage(
            f"generation {source.id} has no last frame: it is {source.status}", remedy="Wait for its clip first."
        )
    return load_picture(video.last_frame())


def _is_url(source: object) -> bool:
    return isinstance(source, str) and source.partition(":")[0].lower() in {"http", "https"}


def _is_data(source: object) -> bool:
    return isinstance(source, str) and source[:5].lower() == "data:"


def _wrong_url(url: object) -> str | None:
    try:
        PARAMETERS["image_url"].check(url)
    except errors.InvalidParameter as error:
        return f"{error.event}. {error.remedy or ''}".strip()
    return None
