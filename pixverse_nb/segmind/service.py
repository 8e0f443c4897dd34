"""Where the service lives: three hosts, or one base URL for all of them."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from pixverse_nb.errors import InvalidParameter
from pixverse_nb.parameters import MODEL

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LIVE = ("https://api.segmind.com", "https://workflows-api.segmind.com", "https://api.spotprod.segmind.com")


@dataclass(frozen=True)
class Service:
    """The service's addresses (contract, "The two ways in" and "Other endpoints").

    Attributes
    ----------
    api, uploads, account : str
        Base URLs without a trailing slash.
    """

    api: str
    uploads: str
    account: str

    @classmethod
    def at(cls, base_url: str | None) -> Service:
        """The live service, or everything on `base_url`.

        One address has one name here, for history and budget go by it: scheme and host in lower case, no default port.

        Raises
        ------
        InvalidParameter
            When `base_url` is not an http(s) URL, or would carry the key unencrypted across a network.
        """
        if base_url is None:
            return cls(*_LIVE)
        base = base_url.strip().rstrip("/")
        for version in ("/v1", "/v2"):
            base = base.removesuffix(version)
        try:
            parts = urlsplit(base)
            host, port = parts.hostname, parts.port
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        plain = parts.scheme in _DEFAULT_PORTS and "@" not in parts.netloc and not parts.query and not parts.fragment
        if not plain or not host:
            raise InvalidParameter(
                f"base_url={base_url!r} is not a plain http(s) URL",
                remedy="Pass something like https://api.segmind.com, or a PreviewServer's url.",
                billed=False,
            )
        name = f"[{host}]" if ":" in host else host
        default = port is None or port == _DEFAULT_PORTS[parts.scheme]
        base = f"{parts.scheme}://{name}{'' if default else f':{port}'}{parts.path}"
        service = cls(base, base, base)
        if parts.scheme == "http" and not service.is_private:
            raise InvalidParameter(
                f"base_url={base_url!r} would send the key unencrypted across the network",
                remedy="Use https; plain http is only for a server on this machine or network.",
                billed=False,
            )
        return service

    @property
    def is_private(self) -> bool:
        """Whether the API lies on this machine or a private network."""
        host = urlsplit(self.api).hostname or ""
        try:
            addresses = [host] if _is_address(host) else [str(a[4][0]) for a in socket.getaddrinfo(host, None)]
        except OSError:
            return False
        return any(not ipaddress.ip_address(a.partition("%")[0]).is_global for a in addresses)

    @property
    def is_loopback(self) -> bool:
        """Whether the API lies on this machine; environment proxies are then left aside."""
        host = urlsplit(self.api).hostname or ""
        return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)

    @property
    def v1(self) -> str:
        """The document's own endpoint: one blocking POST."""
        return f"{self.api}/v1/{MODEL}"

    @property
    def v2(self) -> str:
        """Submit to the queue."""
        return f"{self.api}/v2/{MODEL}"

    @property
    def requests(self) -> str:
        """Under which /{id}/status and /{id} lie."""
        return f"{self.api}/v2/requests"

    @property
    def credits(self) -> str:
        """The balance."""
        return f"{self.api}/v1/get-user-credits"

    @property
    def upload(self) -> str:
        """Where pictures go."""
        return f"{self.uploads}/upload-asset"

    @property
    def history(self) -> str:
        """The account's own list of requests."""
        return f"{self.account}/inference-request/request-history"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
