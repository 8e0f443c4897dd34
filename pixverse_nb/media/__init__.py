"""Pictures and clips: everything that touches a media file, on disk or on its way there.

    images     a picture to start from, checked before anything is sent
    probe      what is in a clip: size, length, frame rate, sound
    boxes      whether an MP4 file is whole
    frames     a poster, the last frame
    partial    a file that is being received
    durable    on the disk for good
    clips      the library of a home: the one door to the disk for media
    addresses  which addresses may be asked for a file
    download   a file from the network, without a key
    transfer   one file's way through several attempts

The names below are loaded when they are first used: importing this package loads neither PyAV, Pillow, numpy nor
requests.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clips import Clips
    from .download import Downloader
    from .frames import last_frame, poster
    from .images import Picture, load_picture
    from .partial import Received
    from .probe import Facts

__all__ = ["Clips", "Downloader", "Facts", "Picture", "Received", "last_frame", "load_picture", "poster"]

# The function `probe` is missing: as an attribute of this package, the name is its module's.
_HOME = {
    "Clips": "clips", "Downloader": "download", "Facts": "probe", "Picture": "images",
    "load_picture": "images", "Received": "partial", "last_frame": "frames", "poster": "frames",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
