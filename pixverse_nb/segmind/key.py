"""The API key: where it comes from, and how it never shows."""

from __future__ import annotations

import os
import sys
from typing import Any

from pixverse_nb.errors import InvalidParameter

ENVIRONMENT = "SEGMIND_API_KEY"
KEYRING_SERVICE = "pixverse_nb"


class Key:
    """A key that can be used but not seen: its repr, its pickle and every message show only where it came from.

    Parameters
    ----------
    text : str
        The key; Segmind's look like "SG_" and 16 hex digits.
    source : str
        Where it was found, in words.

    Raises
    ------
    InvalidParameter
        When the text cannot be an HTTP header; the message does not repeat it.
    """

    __slots__ = ("_text", "source")

    def __init__(self, text: str, source: str) -> None:
        plain = text.strip() if isinstance(text, str) else ""
        if not plain or not plain.isascii() or not plain.isprintable() or " " in plain:
            raise InvalidParameter(
                f"the API key from {source} is not a key: it is empty or holds characters that no key has",
                remedy="Copy it again from Segmind's console; it looks like SG_ and 16 hex digits.",
                billed=False,
            )
        self._text = plain
        self.source = source

    def reveal(self) -> str:
        """The key itself, for the one header that carries it."""
        return self._text

    def scrub(self, text: str) -> str:
        """`text` without the key, for anything that may repeat it."""
        return text.replace(self._text, "[key]")

    def __repr__(self) -> str:
        return f"<key from {self.source}>"

    def __reduce__(self) -> tuple[Any, ...]:
        msg = "a key is not pickled: the other process finds its own"
        raise TypeError(msg)


def find_key(argument: str | None) -> Key | None:
    """The key from the argument, the environment, a Colab secret or the keyring, in that order; None without one."""
    if argument:
        return Key(argument, "the api_key argument")
    if os.environ.get(ENVIRONMENT, "").strip():
        return Key(os.environ[ENVIRONMENT], ENVIRONMENT)
    for source, look in (("a Colab secret", _colab_secret), ("the keyring", _keyring)):
        text = look()
        if text:
            return Key(text, source)
    return None


def _colab_secret() -> str | None:
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import userdata

        return str(userdata.get(ENVIRONMENT) or "") or None
    except Exception:  # noqa: BLE001  Colab raises errors of its own for a missing secret or a refused access
        return None


def _keyring() -> str | None:
    try:
        import keyring

        text: str | None = keyring.get_password(KEYRING_SERVICE, ENVIRONMENT)
    except Exception:  # noqa: BLE001  not installed, no back end, or locked: all mean "no key here"
        return None
    return text
