"""What lifts a box above the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets


class _Lift(anywidget.AnyWidget):  # type: ignore[misc]
    """Lies, unseen, in the box that it lifts."""

    _esm = Path(__file__).with_name("overlay.js").read_text(encoding="utf-8")
    title = traitlets.Unicode("").tag(sync=True)


def lift(closed: Callable[[], None]) -> _Lift:
    """A widget that shows the `.pixverse-box` that it is put into above the page, as a dialog called `title`.

    Parameters
    ----------
    closed : callable
        Called when a person has closed it, by Escape or by a click beside it.
    """
    made = _Lift()
    made.on_msg(lambda _, content, __: closed() if content == {"say": "closed"} else None)
    return made
