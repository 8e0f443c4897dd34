"""A button through which a picture comes from the browser, in pieces, so that its size is no trap.

ipywidgets' own `FileUpload` sends a file as one message: above 10 MB the server cuts the connection, the file never
arrives, and the widget is dead from then on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from pixverse_nb.display.compose import UPLOAD_CSS
from pixverse_nb.media.images import MAX_BYTES

_LONGEST_NAME = 255


class _Button(anywidget.AnyWidget):  # type: ignore[misc]
    """What the browser draws; the bytes come as messages and are never part of its state."""

    _esm = Path(__file__).with_name("upload.js").read_text(encoding="utf-8")
    _css = UPLOAD_CSS
    accept = traitlets.Unicode("").tag(sync=True)
    limit = traitlets.Int(MAX_BYTES).tag(sync=True)


class Upload:
    """The button.

    Parameters
    ----------
    taken : callable
        Called with a file's name and its bytes, once they are all here.
    refused : callable
        Called with words about a file that did not come, and why.
    accept : str
        What the browser's dialog offers, such as ".png,.jpg".

    Attributes
    ----------
    box : widget
        To be displayed.
    """

    def __init__(self, taken: Callable[[str, bytes], None], refused: Callable[[str], None], accept: str = "") -> None:
        self._taken, self._refused = taken, refused
        self._lock = threading.Lock()
        self._ticket: object = None
        self._held = bytearray()
        self.box = _Button(accept=accept)
        self.box.on_msg(self._heard)

    def _heard(self, _: object, content: object, buffers: Any) -> None:
        """Called on a kernel's thread; the browser is no place to trust."""
        if not isinstance(content, dict):
            return
        name = str(content.get("name"))[:_LONGEST_NAME]
        match content.get("say"):
            case "large":
                self._too_large(name, content.get("bytes"))
            case "unread":
                self._refused(f"{name} could not be read.")
            case "piece" if buffers and isinstance(content.get("total"), int):
                self._piece(name, content, bytes(buffers[0]))

    def _too_large(self, name: str, size: object) -> None:
        told = f"has {size / 1e6:.1f} MB" if isinstance(size, int) else "is too large"
        self._refused(f"{name} {told}; a picture must be under {MAX_BYTES // 1_000_000} MB.")

    def _piece(self, name: str, told: dict[str, Any], data: bytes) -> None:
        whole, ticket, at, total = None, told.get("ticket"), told.get("at"), told["total"]
        if total >= MAX_BYTES:
            self._too_large(name, total)
            return
        with self._lock:
            if at == 0:
                self._ticket, self._held = ticket, bytearray()
            if ticket != self._ticket or at != len(self._held):
                return  # of a file that was given up
            if not data or len(self._held) + len(data) > total:
                self._ticket, self._held = None, bytearray()
                return
            self._held += data
            here = len(self._held)
            if here == total:
                whole, self._held, self._ticket = bytes(self._held), bytearray(), None
        self.box.send({"ticket": ticket, "next": here})
        if whole is not None:
            self._taken(name, whole)
