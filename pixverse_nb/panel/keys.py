"""What the panel's controls lack in every ipywidgets: names of groups, arrow keys that are their own."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class Keys(anywidget.AnyWidget):  # type: ignore[misc]
    """Lies, unseen, in the panel.

    Attributes
    ----------
    ranges : dict
        Least and most of each field in which the arrow keys step, by the parameter's name.
    """

    _esm = Path(__file__).with_name("keys.js").read_text(encoding="utf-8")
    ranges = traitlets.Dict().tag(sync=True)
