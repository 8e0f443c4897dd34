"""Standard error and standard output, wherever they lead."""

from __future__ import annotations

import contextlib
import shutil
import sys
import textwrap
from typing import TextIO

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
        sys.stderr.write(_for(sys.stderr, text))
        sys.stderr.flush()


def answer(text: str) -> None:
    """Print what was asked for to standard output; a sign that cannot be shown there gets another one for it."""
    if sys.stdout is not None:
        print(_for(sys.stdout, text))  # noqa: T201  shown where it was asked for


def _for(stream: TextIO, text: str) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        pass
    return text
