"""Text made harmless: it must not steer what it is printed in, and must not tell a secret to others."""

from __future__ import annotations

import re
import unicodedata

# Whole control sequences, so that nothing is left of "ESC [ 3 1 m" but a space.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, clearing
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and the like: titles, links
    r"|\x1b[ -/]*[0-~]?"
)
_JOINERS = "\u200c\u200d"  # invisible, but words of some scripts and some emoji need them
_KEY = re.compile(r"(?<![0-9A-Za-z])SG_[0-9A-Za-z]{6,}", re.IGNORECASE)  # in a longer word, too: x_SG_..., KEY=sg_...
_URL = re.compile(
    r"([a-z][a-z0-9+.-]{1,15}://)([^\s\"'<>/?#]*@)?([^\s\"'<>?#]*)(\?[^\s\"'<>#]*)?(#[^\s\"'<>]*)?", re.IGNORECASE
)
_SIGNING = re.compile(
    r"(sign|sig=|token|key|secret|credential|policy|password|auth|expires|x-amz|x-goog)", re.IGNORECASE
)
_SUSPECT = re.compile(r"SG_|://", re.IGNORECASE)
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, direction marks, half surrogates, line and paragraph ends


def harmless(text: str) -> str:
    """The text with a space for each control sequence and character; white space stays as it is, as in a path."""
    return "".join(
        " " if unicodedata.category(char) in _STEERING and char not in _JOINERS else char
        for char in _SEQUENCES.sub(" ", text)
    )


def one_line(text: str) -> str:
    """The text as one line: control sequences and characters gone, white space gathered."""
    return " ".join(harmless(text).split())


def shortened(text: str, most: int) -> str:
    """One line of at most so many characters; an ellipsis says that there was more."""
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def scrubbed(text: str) -> str:
    """The text without keys of Segmind, and without what in an address may be a secret.

    Of an address, user and password go, and a query or a fragment that signs it; everything else stays.
    """
    return _KEY.sub("[key]", _URL.sub(_unsigned, text)) if _SUSPECT.search(text) else text


def _unsigned(found: re.Match[str]) -> str:
    scheme, _, place, *rest = found.groups()
    return f"{scheme}{place}" + "".join(part for part in rest if part is not None and not _SIGNING.search(part))


def cells(text: str) -> int:
    """How many columns of a terminal a line takes: East Asian wide characters take two, accents none."""
    return sum(_cells_of(char) for char in text)


def cut(text: str, most: int) -> str:
    """As much of a line as fits into so many columns, an ellipsis at its end when something is missing."""
    if cells(text) <= most:
        return text
    room, kept = max(most - 1, 0), []
    for char in text:
        room -= _cells_of(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"[:most]


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS or char == "\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
