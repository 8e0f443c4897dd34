"""The API key: where it comes from, and how it never shows."""

from __future__ import annotations

import json
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

    def is_in(self, value: object) -> bool:
        """Whether it stands anywhere in a JSON value."""
        return json.dumps(self._text)[1:-1] in json.dumps(value)

    def __repr__(self) -> str:
        return f"<key from {self.source}>"

    def __reduce__(self) -> tuple[Any, ...]:
        msg = "a key is not pickled: the other process finds its own"
        raise TypeError(msg)


def find_key(argument: str | None) -> tuple[Key | None, str | None]:
    """The key from the argument, the environment, a Colab secret or the keyring, in that order.

    Returns
    -------
    tuple of (Key or None, str or None)
        And, when there is none but there might be one: a sentence that says where, and what to do.

    Raises
    ------
    InvalidParameter
        When what was found cannot be a key.
    """
    if argument:
        return Key(argument, "the api_key argument"), None
    if os.environ.get(ENVIRONMENT, "").strip():
        return Key(os.environ[ENVIRONMENT], ENVIRONMENT), None
    text, remark = _colab_secret()
    if text:
        return Key(text, "a Colab secret"), None
    text = _keyring()
    return (Key(text, "the keyring"), None) if text else (None, remark)


_ADD = (
    f"In Colab, add a secret named {ENVIRONMENT} under the key icon on the left, "
    "switch its notebook access on, and run this cell again."
)
_COLAB = {
    "SecretNotFoundError": _ADD,
    "NotebookAccessError": f"Colab has a secret named {ENVIRONMENT}, but this notebook may not read it: "
    "switch its notebook access on under the key icon on the left, and run this cell again.",
    "TimeoutException": f"Colab did not answer in time when it was asked for the secret {ENVIRONMENT}: "
    "keep the notebook's page open and run this cell again.",
}
"""What Colab's errors mean, by name; older versions lack some (googlecolab/colabtools, google/colab/userdata)."""


def _colab_secret() -> tuple[str | None, str | None]:
    """The secret, or why there is none; neither outside of Colab."""
    if "google.colab" not in sys.modules:
        return None, None
    try:
        from google.colab import userdata

        text = str(userdata.get(ENVIRONMENT) or "").strip()
    except Exception as error:  # noqa: BLE001  whatever it is: there is no key from here
        other = f"Colab's secrets could not be read ({type(error).__name__}); set {ENVIRONMENT} instead."
        return None, _COLAB.get(type(error).__name__, other)
    return (text, None) if text else (None, f"Colab's secret {ENVIRONMENT} is empty. {_ADD}")


def _keyring() -> str | None:
    try:
        import keyring

        text: str | None = keyring.get_password(KEYRING_SERVICE, ENVIRONMENT)
    except Exception:  # noqa: BLE001  not installed, no back end, or locked: all mean "no key here"
        return None
    return text
