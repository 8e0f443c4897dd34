"""A part of the form that opens and closes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from .fields import classed


class Fold:
    """A button, and below it what it shows and hides; closed at first.

    Not an `Accordion`: its headers are reached by mouse only, and a screen reader takes them for text.

    Parameters
    ----------
    closed, opened : str
        What the button says while it is closed, and while it is open.
    content : Widget
        What is shown and hidden.
    turned : callable, optional
        Called when it was opened or closed.
    """

    is_open = False

    def __init__(self, closed: str, opened: str, content: Any, turned: Callable[[], None] | None = None) -> None:
        self._words, self._content, self._turned = (closed, opened), content, turned
        self.button = classed(w.Button(), "pixverse-quiet", "pixverse-fold-button")
        self.box = classed(w.VBox([self.button, content]), "pixverse-fold")
        self.button.on_click(lambda _: self.turn(open=not self.is_open))
        self._show()

    def turn(self, *, open: bool) -> None:
        """Open or close it."""
        self.is_open = open
        self._show()
        if self._turned is not None:
            self._turned()

    def _show(self) -> None:
        self.button.description = self._words[self.is_open]
        self.button.icon = "chevron-down" if self.is_open else "chevron-right"
        self._content.layout.display = None if self.is_open else "none"
