"""A file from the network: without a key, without cookies, and only from where a clip may come from."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pixverse_nb import logs
from pixverse_nb.errors import ClipError

from .addresses import check_hop, check_peer, check_url, is_loopback, shown
from .transfer import GONE, Again, Transfer, gone

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from .clips import Clips
    from .partial import Received

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that have arrived, and the bytes that are expected (None when the server does not say)."""

_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 5
_ALIVE_READ_S = 10.0


class _CheckedHTTP(HTTPConnection):
    """Looks at the address it is connected to before anything is sent."""

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), f"http://{self.host}")


class _CheckedHTTPS(HTTPSConnection):
    """Looks at the address it is connected to before TLS begins."""

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), f"https://{self.host}")


def _checked(sock: socket.socket, url: str) -> socket.socket:
    try:
        check_peer(sock, url)
    except BaseException:
        sock.close()
        raise
    return sock


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHTTPS


class _CheckedAdapter(HTTPAdapter):
    """Connects to public addresses only. A proxy is connected to freely: it has its own pools, and its own rules."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class Downloader:
    """Fetches files; one for all threads of a studio.

    Built on requests' adapter rather than its session: an adapter has no cookie jar, reads no .netrc and follows no
    redirects by itself, so nothing that identifies the user can slip out.

    Parameters
    ----------
    allow_private : bool
        Whether addresses of this machine and of private networks may be asked; only when the service itself is on one.
    connect_s, read_s : float
        Time-outs, s: to connect, and between two pieces. A transfer of less than 1 KB/s over `read_s` is cut, too.
    attempts : int
        How often in a row an attempt may fail without bringing anything new.
    pool : int
        How many connections are kept; at least the number of threads that fetch at once.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        connect_s: float = 10,
        read_s: float = 60,
        attempts: int = 6,
        pool: int = 64,
    ) -> None:
        self.allow_private = allow_private
        self.connect_s = connect_s
        self.read_s = read_s
        self.attempts = attempts
        self.closed = threading.Event()
        adapter = HTTPAdapter if allow_private else _CheckedAdapter
        self._adapter = adapter(pool_connections=pool, pool_maxsize=pool)

    def fetch(self, url: str, clips: Clips, *, on_progress: Progress | None = None) -> Received:
        """Stream a file into the clip library; a cut connection is taken up where it broke off.

        Parameters
        ----------
        url : str
            An http or https address; up to five redirects are followed, each of them checked.
        clips : Clips
            Where it goes; the caller keeps it from there.
        on_progress : callable, optional
            Called on this thread with the bytes so far and the bytes expected (or None). What it raises ends the fetch.

        Raises
        ------
        ClipError
            When it cannot be had, saying why; `status_code` is set when the server answered. Nothing is left on disk.
        """
        partial = clips.begin()
        try:
            Transfer(self, url, partial, on_progress).run()
            return partial.finish()
        except BaseException:
            partial.discard()
            raise

    def alive(self, url: str) -> bool | None:
        """Ask whether a file is still there, without fetching it.

        Returns
        -------
        bool or None
            True; False when the server says that it is gone (403, 404, 410); None when that cannot be told.
        """
        try:
            with self.asked("HEAD", url, {}, read_s=min(self.read_s, _ALIVE_READ_S)) as response:
                status = response.status_code
        except (ClipError, Again):
            return None
        return (
            True if requests.codes.ok <= status < requests.codes.multiple_choices else False if gone(status) else None
        )

    def close(self) -> None:
        """Close all connections; fetches that are under way end with a ClipError."""
        self.closed.set()
        self._adapter.close()

    @contextmanager
    def asked(
        self, method: str, url: str, headers: dict[str, str], *, read_s: float | None = None
    ) -> Iterator[requests.Response]:
        """Ask, following redirects by hand; the body is still to be read.

        Raises
        ------
        ClipError
            When an address on the way is refused.
        Again
            When there was no answer, but there may be one next time.
        """
        response = self._ask(method, url, headers, read_s)
        try:
            for _ in range(_MAX_REDIRECTS):
                after = _redirect(response)
                if after is None:
                    break
                check_hop(response.url, after, allow_private=self.allow_private)
                response.close()
                response = self._ask(method, after, headers, read_s)
            else:
                if _redirect(response) is not None:
                    raise ClipError(f"{shown(url)} redirects more than {_MAX_REDIRECTS} times", remedy=GONE)
            yield response
        finally:
            response.close()

    def _ask(self, method: str, url: str, headers: dict[str, str], read_s: float | None) -> requests.Response:
        own = {"User-Agent": "pixverse_nb", "Accept": "*/*", "Accept-Encoding": "identity"}
        try:
            # The empty `auth` keeps a name and password in the URL from being sent on.
            request = requests.Request(method, url, headers={**own, **headers}, auth=lambda r: r).prepare()
        except (requests.RequestException, ValueError) as error:
            raise ClipError(f"{shown(url)!r} is not an address that can be fetched ({error})") from error
        target = str(request.url)
        host = check_url(target, allow_private=self.allow_private)
        try:
            with logs.asking(method, target) as answer:
                response = self._adapter.send(
                    request,
                    stream=True,
                    timeout=(self.connect_s, self.read_s if read_s is None else read_s),
                    verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
                    proxies={} if is_loopback(host) else get_environ_proxies(target),
                )
                answer["status"] = response.status_code
                return response
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise ClipError(f"{shown(url)!r} is not an address that can be fetched ({error})") from error
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                remedy = "Where a company's proxy signs certificates, name its own in REQUESTS_CA_BUNDLE."
                raise ClipError(f"the certificate of {host} is not trusted", remedy=remedy) from error
            raise Again(f"no secure connection to {host}") from error
        except (requests.RequestException, OSError) as error:
            raise Again(f"no answer from {host} ({type(error).__name__})") from error


def _redirect(response: requests.Response) -> str | None:
    """Where an answer sends us on to, if it does."""
    location = response.headers.get("Location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    try:
        return urljoin(response.url, location)
    except ValueError as error:
        raise ClipError(f"{shown(response.url)} redirects to something unreadable", remedy=GONE) from error
