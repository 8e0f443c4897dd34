"""The picture to start from: an upload, a path or URL, or a clip's last frame; looked at on a worker thread."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import ipywidgets as w

from pixverse_nb import errors
from pixverse_nb.display.compose import Shown, help_html, picture_html, trouble_html
from pixverse_nb.generation import Generation
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.store.pages import Wanted

from .addresses import is_address, wrong_address
from .fields import classed, folded, hint, put
from .upload import Upload

if TYPE_CHECKING:
    from pixverse_nb.media.images import Picture
    from pixverse_nb.studio import Studio

_LIMITS = "png, jpg or webp, up to 20 MB and 4000 × 4000 px. A file can be dropped on the button, too."
_NO_CLIP = ""
_NEWEST = 30  # clips to choose from; the gallery has them all
_TITLE = 60  # characters of a prompt that name a clip
_ACCEPT = ".png,.jpg,.jpeg,.webp"
_THUMB_PX = 192  # twice its size on the page
_NEAR = 0.02  # so close to a named shape that it is called by its name


@dataclass(frozen=True)
class _Look:
    """What was seen of a picture."""

    width: int
    height: int
    thumbnail: bytes
    size: int
    sha256: str


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
        self._clips: list[tuple[str, str]] = []  # the newest, as they are offered
        self.upload = Upload(lambda name, content: self.load(content, name), self._refuse, _ACCEPT)
        self.place = classed(
            w.Text(description="Picture: path or https URL", continuous_update=False, placeholder="none"),
            "pixverse-above",
        )
        self.clip = classed(
            w.Dropdown(description="Or the last frame of a clip", options=[("none", _NO_CLIP)]), "pixverse-above"
        )
        self.remove = classed(w.Button(description="Remove picture", disabled=True), "pixverse-quiet")
        self._shown = classed(w.HTML(help_html(_LIMITS)), "pixverse-seen")
        self._trouble = folded(w.HTML())
        hint(self.place, PARAMETERS["image_url"].help)
        ways = [[self.place, self.upload.box], [self.clip, self.remove]]
        rows = [classed(w.HBox(way), "pixverse-ways") for way in ways]
        self.box = classed(w.VBox([*rows, self._trouble, self._shown]), "pixverse-picture")
        self.refresh()
        self.place.observe(self._on_place, "value")
        self.clip.observe(self._on_clip, "value")
        self.remove.on_click(lambda _: self.load(None))

    # ---- what it holds -----------------------------------------------------------------------------------------

    @property
    def is_set(self) -> bool:
        """Whether there is a picture, good or bad."""
        return self._source is not None

    @property
    def sha256(self) -> str | None:
        """The hash of a picture that was looked at, as a request has it."""
        return None if self._look is None else self._look.sha256

    @property
    def effect(self) -> str:
        """What it does to the clip's shape; empty without one."""
        if not self.is_set or self._problem is not None:
            return ""
        shape = "" if self._look is None else f", {shape_of(self._look.width, self._look.height)}"
        return f"follows the picture{shape}; this is ignored"

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
        return {"image_url": source} if is_address(source) else {"image": source}

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
            self._show_source()
            if is_address(source):
                self._problem = wrong_address(str(source))
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

    def refresh(self) -> None:
        """Offer the newest clips, such as after one has come home."""
        store = self._studio._store
        try:
            rows = [row._mapping for row in store.page(Wanted(clips=True), size=_NEWEST).rows]
        except Exception:  # noqa: BLE001  a history that cannot be read is said elsewhere; every other way is open
            return
        with self._lock:
            self._clips = [(f"{_title(row['prompt'])} · {row['id'][-4:]}", row["id"]) for row in rows]
            self._show_source()

    # ---- what people do ----------------------------------------------------------------------------------------

    def _on_clip(self, change: Any) -> None:
        if self._quiet:
            return
        try:
            self.load(None if change["new"] == _NO_CLIP else self._studio.generation(change["new"]))
        except Exception as error:  # noqa: BLE001  whatever it is: it is said at the field
            self._refuse(str(error))

    def _refuse(self, words: str) -> None:
        with self._lock:
            stays = " The picture below stays." if self.is_set else ""
            self._remark = words + stays
            self._show()

    def _on_place(self, change: Any) -> None:
        if not self._quiet:
            self.load(change["new"].strip() or None)

    def _show_source(self) -> None:
        """Bring the two fields in line with the picture; neither of them is asked."""
        source, listed = self._source, [("none", _NO_CLIP), *self._clips]
        key = source.id if isinstance(source, Generation) else _NO_CLIP
        if isinstance(source, Generation) and key not in dict(self._clips).values():
            listed.insert(1, (f"{_title(source.request.prompt)} · {key[-4:]}", key))
        self._quiet = True
        try:
            put(self.place, os.fsdecode(source) if _is_place(source) else "")
            if list(self.clip.options) != listed:
                self.clip.options = listed
            if self.clip.value != key:
                self.clip.value = key
        finally:
            self._quiet = False

    # ---- looking -----------------------------------------------------------------------------------------------

    def _examine(self, number: int, source: object) -> None:
        """On a worker thread: look at a picture, and keep what has no place on the disk yet."""
        look, kept, problem = None, source, None
        try:
            picture = _loaded(source)
            thumbnail = picture.thumbnail(_THUMB_PX)
            look = _Look(picture.width, picture.height, thumbnail, len(picture.data), picture.sha256)
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
        if isinstance(source, Generation) or _is_place(source):
            return source
        return str(self._studio._clips.keep_picture(picture))

    # ---- showing -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        words = self._problem or self._remark
        put(self._trouble, trouble_html(words) if words else "")
        # A wrong address is not repeated: it may hold a password.
        nothing = not self.is_set or (self._problem is not None and is_address(self._source))
        put(self._shown, help_html(_LIMITS) if nothing else picture_html(self._view()))
        self.remove.disabled = not self.is_set

    def _view(self) -> Shown:
        source, look = self._source, self._look
        facts = [f"last frame of {source.id}"] if isinstance(source, Generation) else []
        if self._problem is not None:
            return Shown(self._words(), facts)
        if look is not None:
            facts.append(f"{look.width} × {look.height} px · {size_words(look.size)}")
            return Shown(self._words(), facts, look.thumbnail)
        if is_address(source):
            return Shown(self._words(), ["its size is not known here"], address=str(source))
        return Shown(self._words(), [*facts, "looking at it …"])

    def _words(self) -> str:
        source = self._source
        if isinstance(source, Generation):
            return _title(source.request.prompt)
        if self._name:
            return self._name
        return os.fsdecode(source) if _is_place(source) else "a picture"


def size_words(size: int) -> str:
    """A file's size: "64 KB", "1.2 MB"."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{max(round(size / 1e3), 1)} KB"


def _title(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _TITLE else line[: _TITLE - 1] + "…"


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


def _is_place(source: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether it is a path or an address."""
    return isinstance(source, str | os.PathLike) and not _is_data(source)


def _is_data(source: object) -> bool:
    return isinstance(source, str) and source[:5].lower() == "data:"
