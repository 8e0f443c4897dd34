"""Which addresses may be asked for a file.

An answer's URL is someone else's text: it must not make this machine ask its own services, or those of its network. So
only public addresses are asked, unless the service itself is a private one (the preview engine, a test).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from pixverse_nb.errors import ClipError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is reached


def shown(url: str) -> str:
    """Shorten a URL for a message: without its query, where signatures are, and without a user's name."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        text = f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
    except ValueError:
        text = url.partition("?")[0]
    return text if len(text) <= 200 else text[:200] + "…"


def check_url(url: str, *, allow_private: bool) -> str:
    """Give the host of a URL that may be asked, as far as its text tells.

    Raises
    ------
    ClipError
        When it is not http(s), has no host, or names this machine or a private address.
    """
    try:
        parts = parse_url(url)  # the parser that makes the connection: two parsers may see two hosts
    except (LocationParseError, ValueError) as error:
        raise ClipError(f"{shown(url)!r} is not an address that can be fetched") from error
    host = (parts.host or "").strip("[]").lower()
    if parts.scheme not in {"http", "https"} or not host:
        raise ClipError(f"{shown(url)!r} is not an http or https address; nothing else is fetched")
    if not allow_private:
        address = _literal(host)
        if is_local_name(host) or (address is not None and not is_public(address)):
            raise refused(url, host)
    return host


def check_hop(before: str, after: str, *, allow_private: bool) -> None:
    """Refuse a redirect from https to http, where anyone on the way could replace the clip."""
    if before.lower().startswith("https:") and not after.lower().startswith("https:") and not allow_private:
        raise ClipError(f"{shown(before)} redirects to the unprotected {shown(after)}; that is not followed")


def refused(url: str, address: str) -> ClipError:
    """The error for an address of this machine or a private network."""
    return ClipError(
        f"{shown(url)} leads to {address}, which is not a public address; nothing was fetched",
        remedy="Only a service that is itself on such an address (base_url=...) may name others.",
    )


def is_local_name(host: str) -> bool:
    """Whether a name means this machine by definition (RFC 6761)."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def is_loopback(host: str) -> bool:
    """Whether a host, as text, is this machine."""
    address = _literal(host.strip("[]"))
    return is_local_name(host) or (address is not None and any(a.is_loopback for a in _meant(address)))


def is_public(address: Address | str) -> bool:
    """Whether an address is one of the open internet.

    IPv6 addresses that carry an IPv4 address (mapped, 6to4, Teredo, NAT64) are public when both are.
    """
    if isinstance(address, str):
        try:
            address = ipaddress.ip_address(address)
        except ValueError:
            return False
    return all(_is_plainly_public(meant) for meant in _meant(address))


def check_peer(sock: socket.socket, url: str) -> None:
    """Check the address that a socket is really connected to: a name may have resolved to another one than before.

    Raises
    ------
    ClipError
        When it is not public.
    """
    address = str(sock.getpeername()[0])
    if not is_public(address):
        raise refused(url, address)


def _meant(address: Address) -> Iterator[Address]:
    """Yield the address that is really reached, and those that it carries."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _is_plainly_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_multicast
        or address.is_unspecified
    )


def _literal(host: str) -> Address | None:
    """The address that a host is, when it is not a name: also the old spellings, 127.1, 0x7f000001 and 2130706433."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError, ValueError):
        return None
