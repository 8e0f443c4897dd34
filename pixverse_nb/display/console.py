"""Standard error, wherever it leads."""

from __future__ import annotations

import contextlib
import shutil
import sys
import textwrap

_ASCII = str.maketrans(
    {"○": "o", "◐": "*", "◑": "*", "●": "*", "✕": "x", "·": "-", "…": "...", "“": '"', "”": '"', "×": "x", "█": "#",
     "░": ".", "–": "-"}
)  # fmt: skip


def paragraph(text: str) -> None:
    """Write a text of some length: broken between words in a terminal, a line of its own anywhere else."""
    with contextlib.suppress(AttributeError, ValueError):  # no console, or one that is closed
        if sys.stderr.isatty():
            text = textwrap.fill(text, max(shutil.get_terminal_size().columns - 1, 20), break_on_hyphens=False)
    write(f"{text}\n")


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
