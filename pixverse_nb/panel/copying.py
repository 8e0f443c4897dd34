"""A button that copies a text, or runs it in the next cell."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from pixverse_nb.display.panel import COPY_CSS


class CopyButton(anywidget.AnyWidget):  # type: ignore[misc]
    """The button; the browser does it alone, also while the kernel is busy.

    Attributes
    ----------
    label : str
        What it says.
    text : str
        What it copies.
    into_cell : bool
        Whether it writes the text into a new cell below the panel and runs it, where the front end has buttons for
        that on the page (JupyterLab, Notebook 7); elsewhere it copies, and says so.
    """

    _esm = Path(__file__).with_name("copying.js").read_text(encoding="utf-8")
    _css = COPY_CSS
    label = traitlets.Unicode("Copy").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    into_cell = traitlets.Bool(default_value=False).tag(sync=True)
