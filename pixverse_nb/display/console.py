"""Standard error, wherever it leads."""

from __future__ import annotations

import contextlib
import sys

_ASCII = str.maketrans(
    {"○": "o", "◐": "*", "◑": "*", "●": "*", "✕": "x", "·": "-", "…": "...", "“": '"', "”": '"', "×": "x", "█": "#",
     "░": ".", "–": "-"}
)  # fmt: skip


def write(text: str) -> None:
    """Write at once; a console that cannot show a sign gets another one for it."""
    if not text or sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):  # closed, or its other end is gone
        try:
            text.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            text = text.translate(_ASCII)
        except LookupError:
            pass
        sys.stderr.write(text)
        sys.stderr.flush()
