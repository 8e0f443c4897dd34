"""What ipywidgets leaves to others: giving widgets back, and where the keyboard is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import ipywidgets as widgets


def close_all(root: Any) -> None:
    """Close a widget with everything below it, its layouts and styles too; closing twice does no harm.

    ipywidgets keeps every widget alive until it is closed.
    """
    for widget in list(_below(root, set())):
        with contextlib.suppress(Exception):  # one that cannot be closed must not keep the others alive
            widget.close()


def _below(widget: Any, seen: set[int]) -> Iterator[Any]:
    if not isinstance(widget, widgets.Widget) or id(widget) in seen:
        return
    seen.add(id(widget))
    for name in widget.keys:
        with contextlib.suppress(Exception):  # a trait that has no value
            value = getattr(widget, name)
            for one in value if isinstance(value, tuple | list) else (value,):
                yield from _below(one, seen)
    yield widget


def focus(widget: Any) -> None:
    """Move the keyboard's focus to a widget, and the widget into sight; ipywidgets 7 cannot."""
    move = getattr(widget, "focus", None)
    if callable(move):
        move()
