"""Below the client: connections that know whether they were made, and bodies that are read in pieces.

Whether a paid POST may have reached the service decides about money, so it is not read from the words of an error: the
connection itself tells whether it ever stood, TLS and a proxy's tunnel included.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pixverse_nb import errors

if TYPE_CHECKING:
    from .key import Key

_JSON_LIMIT = 8 << 20  # bytes: no JSON answer of the service comes near it
_CHUNK = 1 << 18  # bytes: 87% of a raw socket's speed


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ConnectTimeout, "no connection could be made in time"),
    (requests.exceptions.Timeout, "no answer in time"),
    (requests.exceptions.SSLError, "the encrypted connection failed"),
    (requests.exceptions.ProxyError, "no connection could be made through the proxy"),
    (urllib3.exceptions.NewConnectionError, "no connection could be made"),
    (ValueError, "the address or the proxy cannot be used"),
)
"""Errors of requests, or what lies below them, and what they say to a person; the first that fits."""


class Header(requests.auth.AuthBase):
    """Puts the key on a request at the last moment, so that it stands in no session, repr or log."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["x-api-key"] = self._key.reveal()
        return request


class PaidAdapter(HTTPAdapter):
    """Makes the one connection of a paid request, and remembers how far it came."""

    def __init__(self) -> None:
        self._begun = False
        self._stood = False
        super().__init__(max_retries=0)

    def never_sent(self, error: OSError) -> bool:
        """Whether nothing can have reached the service, given the error that ended the request."""
        if self._stood:
            return False
        # An address or a proxy that cannot be used at all is a ValueError of requests', raised before any connection.
        early = isinstance(error, requests.exceptions.ConnectTimeout | ValueError)
        early = early or (type(error) is OSError and not self._begun)  # certificates that cannot be found
        cause = getattr(error.args[0], "reason", None) if error.args else None
        return self._begun or early or isinstance(cause, urllib3.exceptions.NewConnectionError)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As ever, with watched connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._watched()

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """As ever, with watched connections; those through SOCKS are of a kind of their own."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not str(proxy).lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._watched()
        return manager

    def _watched(self) -> dict[str, Any]:
        adapter = self

        class Plain(HTTPConnection):
            def connect(self) -> None:
                adapter._begun = True
                super().connect()
                adapter._stood = True

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                adapter._begun = True
                super().connect()
                adapter._stood = True

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        return {"http": PlainPool, "https": SecurePool}


class Cut(Exception):
    """An answer's body broke off, or did not end in time."""


class Deadline(io.RawIOBase):
    """Bounds how long a body may take as a whole: a read time-out alone lets one trickle in for ever.

    It stands between http.client and the connection's buffer, and looks at the clock each time bytes are asked for. So
    it is kept to within one read time-out, whatever the body's coding, and without another thread.

    Parameters
    ----------
    response : requests.Response
        Streamed, its headers read and its body not.
    seconds : float
        From now to the body's end, s; then reading raises Cut.
    """

    def __init__(self, response: requests.Response, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        answer: Any = getattr(response.raw, "_original_response", None)
        self._source: Any = getattr(answer, "fp", None)  # None for a body of no bytes
        if self._source is not None:
            answer.fp = io.BufferedReader(self)

    def lift(self) -> None:
        """Let the rest of the body take its time."""
        self._until = float("inf")

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Whatever has arrived; raises Cut after the deadline."""
        if time.monotonic() > self._until:
            raise Cut("the answer did not end in time")
        count: int = self._source.readinto1(buffer)
        return count

    def close(self) -> None:
        """Close the connection's buffer with this."""
        if self._source is not None:
            self._source.close()
        super().close()


def reason(error: Exception) -> str:
    """Why there was no answer, in a few words that repeat nothing of the request."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    for kind, words in _REASONS:
        if isinstance(error, kind) or isinstance(cause, kind):
            return words
    if type(error) is OSError and "certificate" in str(error):
        return "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names certificates that are not there"
    return "the connection was cut"


def stream(response: requests.Response) -> Iterator[bytes]:
    """The body in pieces of 256 KB; raises Cut when it ends before its announced length."""
    expected, received = content_length(response), 0
    try:
        for chunk in response.iter_content(_CHUNK):
            received += len(chunk)
            yield chunk
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Cut(reason(error)) from None
    if expected is not None and received < expected:
        raise Cut("the connection was cut")


def bounded(chunks: Iterator[bytes]) -> str:
    """A whole body as text; raises BadAnswer when it is far too long, and Cut as `stream` does."""
    text = bytearray()
    for chunk in chunks:
        text += chunk
        if len(text) > _JSON_LIMIT:
            raise errors.BadAnswer(f"the answer is longer than {_JSON_LIMIT >> 20} MB of JSON")
    return text.decode("utf-8", "replace")


def content_length(response: requests.Response) -> int | None:
    """How many bytes the body has, where the headers say so; None for an encoded one."""
    text = response.headers.get("content-length", "")
    plain = response.headers.get("content-encoding", "identity") == "identity"
    return int(text) if text.isascii() and text.isdigit() and plain else None


def again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """The body from its beginning, when its first piece was already looked at."""
    yield first
    yield from rest
