"""What keeps the notebook's shortcuts away from the panel's tabs."""

from __future__ import annotations

from pathlib import Path

import anywidget


class Keys(anywidget.AnyWidget):  # type: ignore[misc]
    """Lies, unseen, in the panel."""

    _esm = Path(__file__).with_name("keys.js").read_text(encoding="utf-8")
