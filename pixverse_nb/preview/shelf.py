"""What lies on the disk: uploaded pictures by their content, clips by what they show."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import os
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "heic": "image/heic",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "bin": "application/octet-stream",
}
"""Content types by the extension that a stored file gets; what is not listed is stored as `bin`."""

_EXTENSIONS = {kind: extension for extension, kind in TYPES.items()} | {"image/jpg": "jpg"}  # as many write it
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)
_ASSET = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,5}")


def is_clip(path: Path) -> bool:
    """Whether there is a file with anything in it."""
    try:
        return path.is_file() and path.stat().st_size > 0
    except FileNotFoundError:  # deleted in between
        return False


class Shelf:
    """Pictures and clips of one engine; safe from every thread.

    Parameters
    ----------
    folder : Path
        Where they lie; made when missing. Clips that an earlier run left are deleted once they are older than `life_s`.
    life_s : float
        Seconds after which a clip's URL answers 404 and its file is deleted (the service: 7 days).
    """

    def __init__(self, folder: Path, life_s: float) -> None:
        self._assets = folder / "assets"
        self._clips = folder / "clips"
        self._life_s = life_s
        self._lock = threading.Lock()
        self._urls: dict[str, tuple[Path, str]] = {}
        self._expiry: deque[tuple[float, str]] = deque()  # one life for all, so it is in order of expiry
        self._shown_until: dict[Path, float] = {}
        for part in (self._assets, self._clips):
            part.mkdir(parents=True, exist_ok=True)
        self._sweep_leftovers()

    def keep_asset(self, data_url: str) -> str:
        """Store an upload; returns its file name, `<sha256>.<extension>`.

        Raises
        ------
        ValueError
            When it is not a data URL in base64.
        """
        head = _DATA_URL.match(data_url)
        if head is None:
            raise ValueError("not a data URL such as data:image/png;base64,...")
        try:
            content = base64.b64decode(data_url[head.end() :], validate=True)
        except binascii.Error as broken:
            raise ValueError(f"not base64 ({broken})") from None
        if not content:
            raise ValueError("an empty file")
        name = f"{hashlib.sha256(content).hexdigest()}.{_EXTENSIONS.get((head[1] or '').lower(), 'bin')}"
        if not (self._assets / name).exists():
            part = self._assets / f"{secrets.token_hex(8)}.part"
            part.write_bytes(content)
            part.replace(self._assets / name)
        return name

    def asset(self, name: str) -> Path | None:
        """An upload by its file name; None when there is no such upload."""
        path = self._assets / name
        return path if _ASSET.fullmatch(name) and path.is_file() else None

    def drawn(self, key: str) -> Path | None:
        """The clip that was drawn for this key before, if it is still there; it stays until it is published."""
        path = self._clips / f"{key}.mp4"
        with self._lock:
            if not is_clip(path):
                return None
            self._shown_until[path] = math.inf
            return path

    def easel(self) -> Path:
        """A new path, beside the clips, to draw at."""
        return self._clips / f"drawing-{secrets.token_hex(8)}.mp4"

    def keep_clip(self, key: str, drawing: Path) -> Path:
        """Put a drawing in its place; the first one for a key stays, so that the same order gives the same bytes."""
        with self._lock:
            path = self._clips / f"{key}.mp4"
            if is_clip(path):
                drawing.unlink()
            else:
                drawing.replace(path)
            self._shown_until[path] = math.inf
            return path

    def publish(self, clip: Path, job_id: str) -> str:
        """Give a clip a new URL's id, which works without a key for the shelf's life."""
        file_id = secrets.token_hex(16)
        until = time.monotonic() + self._life_s
        with suppress(OSError):
            os.utime(clip)  # a later run, or another engine on this folder, counts its life from here
        with self._lock:
            self._sweep()
            self._urls[file_id] = (clip, job_id)
            self._expiry.append((until, file_id))
            self._shown_until[clip] = until
        return file_id

    def clip(self, file_id: str) -> tuple[Path, str] | None:
        """The clip behind a URL's id and the job that it belongs to; None once its life is over."""
        with self._lock:
            self._sweep()
            return self._urls.get(file_id)

    def _sweep_leftovers(self) -> None:
        """Delete what an earlier run left and whose life is over, its unfinished drawings included."""
        now = time.time()
        for path in self._clips.glob("*.mp4"):
            with suppress(OSError):  # somebody else's, open there, or gone already
                if now - path.stat().st_mtime > self._life_s:
                    path.unlink()

    def _sweep(self) -> None:
        """Forget URLs whose life is over, and clips that have none left."""
        now = time.monotonic()
        while self._expiry and self._expiry[0][0] <= now:
            clip, _ = self._urls.pop(self._expiry.popleft()[1])
            if self._shown_until.get(clip, 0.0) <= now:
                self._shown_until.pop(clip, None)
                clip.unlink(missing_ok=True)
