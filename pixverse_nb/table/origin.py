"""Which studio a table came from, without keeping that studio alive."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pixverse_nb.media.clips import Clips
    from pixverse_nb.studio import Studio

# A frame of the history carries its studio's clips, through slices, merges and pickles; a clip library that was
# unpickled is another one, so that a frame from a file knows no studio.
_STUDIOS: weakref.WeakKeyDictionary[Clips, weakref.ref[Studio]] = weakref.WeakKeyDictionary()


def remember(studio: Studio) -> None:
    """Have the tables of a studio find it again, as long as it lives."""
    _STUDIOS[studio._clips] = weakref.ref(studio)
    if "pandas" in sys.modules:  # a table that was read from a file has its accessor before any history was asked for
        import pixverse_nb.history  # noqa: F401


def studio_of(frame: Any) -> Studio | None:
    """The studio that a table came from; None when it is gone, or never was one."""
    clips = getattr(frame, "_clips", None)
    found = None if clips is None else _STUDIOS.get(clips)
    return None if found is None else found()
