"""Text made harmless: it must not steer what it is printed in, and must not tell a secret to others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

# Whole control sequences, so that nothing is left of "ESC [ 3 1 m" but a space.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, clearing
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and the like: titles, links
    r"|\x1b[ -/]*[0-~]?"
)
_JOINERS = "\u200c\u200d"  # invisible, but words of some scripts and some emoji need them
_KEY = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-F]{2})|(?<=\\[nrtbf]))SG_[0-9A-Za-z_-]{6,}"  # in a longer word, too: x_SG_...
    r"|SG_(?=[A-Za-z_-]*[0-9])[0-9A-Za-z_-]{6,}|(?-i:SG_)[0-9A-Za-z]{12,}",
    re.IGNORECASE,
)
_URL = re.compile(
    r"((?:[a-z][a-z0-9+.-]{1,15}:)?//)([^\s\"/?#]*@)?([^\s\"'<>?#]*)(\?[^\s\"'<>#]*)?(#[^\s\"'<>]*)?", re.IGNORECASE
)
_SIGNING = re.compile(
    r"(sign|sig=|token|key|secret|credential|policy|password|auth|expires|x-amz|x-goog)", re.IGNORECASE
)
_NAME = (
    r"(?:signature|token|secret|credentials?|passw(?:or)?d|(?:api|access|secret|private)[-_]?key(?:[-_]?id)?"
    r"|key[-_]pair[-_]id|authorization|(?<![a-z])(?:sig|policy|auth))"
)
# Where an address does not look like one, or nothing does: name=value, "name": value, and two headers.
_NAMED = re.compile(
    rf"((?:{_NAME}(?:\\?[\"']\s*[:=]\s*|=|%3D)\\?[\"']?|(?:api[-_]?key|authorization)\s*:\s*[\"']?)(?:(?:bearer|basic)\s+)?"
    r"|\bbearer +(?=\S{0,40}[0-9]|\S{20}))([^\s&\"'<>,;\\]{4,})",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(rf"{_NAME}\s*\Z", re.IGNORECASE)
_NAMING = ("=", ":", "%3", "earer ", "EARER ")  # one of them is in all that `_NAMED` finds: texts are many
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
    """The text without keys, and without what in an address may be a secret.

    Of an address, user and password go, and a query or a fragment that signs it; everything else stays. A value that
    its name calls a secret (`api_key=...`, `"token": "..."`, `Authorization: Bearer ...`) goes wherever it stands.
    """
    if "//" in text:
        text = _URL.sub(_unsigned, text)
    if any(sign in text for sign in _NAMING):
        text = _NAMED.sub(r"\1[key]", text)
    return _KEY.sub("[key]", text) if "G_" in text or "g_" in text else text


def cleaned(value: Any, change: Callable[[str], str] = scrubbed) -> Any:
    """The same for a value of any kind: each text in lists and mappings, too; the value itself where nothing goes.

    Parameters
    ----------
    value : object
        Anything; what is no text, number or collection is taken by what it prints as.
    change : callable
        What is done to a text.
    """
    if isinstance(value, str):
        changed = change(value)
        return value if changed == value else changed
    if value is None or isinstance(value, Number):
        return value
    if isinstance(value, Mapping):
        pairs = [(cleaned(name, change), _called(name, one, change)) for name, one in value.items()]
        is_same = all(a is b and c is d for (a, c), (b, d) in zip(pairs, value.items(), strict=True))
        return value if is_same else dict(pairs)
    parts = value.tolist() if hasattr(value, "tolist") else value  # an array
    if isinstance(parts, list | tuple | set | frozenset):
        made = [cleaned(one, change) for one in parts]
        return value if all(new is old for new, old in zip(made, parts, strict=True)) else made
    text = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    changed = change(text)
    return value if changed == text else changed


def _called(name: Any, value: Any, change: Callable[[str], str]) -> Any:
    is_secret = isinstance(name, str) and isinstance(value, str) and _SECRET_NAME.search(name)
    return "[key]" if is_secret else cleaned(value, change)


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
