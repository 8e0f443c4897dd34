"""What is wrong with the address of a picture, in words, before anything is sent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pixverse_nb import errors
from pixverse_nb.media.addresses import is_loopback, is_public
from pixverse_nb.parameters import PARAMETERS

_ADDRESS = re.compile(r"https?:|[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_HERE = "Use https; for a picture on this machine write its path: it is uploaded."


def is_address(source: object) -> bool:
    """Whether it is an address, a good one or not, and no path: `C:/a.png` is a path."""
    return isinstance(source, str) and _ADDRESS.match(source) is not None


def wrong_address(address: str) -> str | None:
    """Why the service could not open it; None when nothing speaks against it. Never repeats what was typed."""
    scheme = address.partition(":")[0].lower()
    if scheme == "file":
        return "For a picture on this machine write the path alone, without file://: it is uploaded."
    if scheme == "http":
        return _HERE
    if scheme != "https":
        return f"A picture's address begins with https://, not {scheme[:20]}://."
    if any(letter.isspace() for letter in address):
        return "There is a space in the address; write %20 in its place."
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "The address cannot be read: look at its brackets and its port."
    return _wrong_host(host, known=parts.username is not None or parts.password is not None) or _refused(address)


def _wrong_host(host: str | None, *, known: bool) -> str | None:
    if not host:
        return "The address names no host: it is like https://example.org/picture.png."
    if known:
        return "A name or password in the address would be sent and kept: use one that is open without it."
    if is_loopback(host):
        return f"Under this address only this machine finds the picture, not the service. {_HERE}"
    if _is_figures(host) and not is_public(host):
        return f"This address lies in a private network, where the service finds nothing. {_HERE}"
    return None


def _is_figures(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _refused(address: str) -> str | None:
    """What else the schema has against it."""
    try:
        PARAMETERS["image_url"].check(address)
    except errors.InvalidParameter as error:
        return error.remedy or f"{error.event}."
    return None
