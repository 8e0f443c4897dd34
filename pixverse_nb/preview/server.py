"""The preview engine as an HTTP server."""

from __future__ import annotations

import logging
import math
import re
import shutil
import socket
import socketserver
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pixverse_nb.errors import InvalidParameter, PixverseError

from . import intake, wire
from .desk import KEY, Call, Desk, Settings
from .faults import FaultScript
from .jobs import Render
from .replies import Refusal, Reply, error

_log = logging.getLogger(__name__)

_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?")
_UPLOAD_LIMIT = 32 * 2**20
_BODY_LIMIT = 2**20
_LOGGED = 100_000


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidParameter(f"{name}={value!r} is not allowed: {name} is a whole number from {low} to {high}")


def _check_range(name: str, value: Any, high: float, unit: str = "") -> None:
    if not isinstance(value, (int, float)) or not 0 <= value <= high:  # not a number is not allowed either
        raise InvalidParameter(
            f"{name}={value!r} is not allowed: {name} is 0 {f'to {high:,.0f}' if high < math.inf else 'or more'}{unit}"
        )


class LoggedRequest(NamedTuple):
    """A request that came in; the key itself is never kept.

    Attributes
    ----------
    method, path : str
        For example POST and /v2/pixverse-v6.
    at : float
        Unix time, s.
    keyed : bool
        Whether it carried an x-api-key header.
    """

    method: str
    path: str
    at: float
    keyed: bool


class PreviewServer:
    """The preview engine: Segmind's protocol on loopback, with clips that it draws itself and that cost nothing.

    Any client can be pointed at `url`; all of the service's hosts are on this one base. Use it as a context manager, or
    call `start` and `close`.

    Parameters
    ----------
    port : int
        0 takes a free one.
    host : str
        The address to listen on. Keep it on loopback: whoever reaches it may use it.
    keys : collection of str, optional
        The API keys that are accepted; None accepts every key.
    balance, free_credits : float
        The account's balance at the start, in USD; it goes down as clips are completed. A submit that it does not
        cover is answered as each way in does it: 402 on v2, 406 on v1.
    record_life_s, file_life_s : float
        Seconds after its end for which a request can be polled and its file fetched (the service: an hour, seven days).
    history_lag_s : float
        Seconds until a request appears in the account history, 0 or more.
    rate_limit : int, optional
        Submits that are accepted within `rate_window_s`, 1 or more; None accepts all of them.
    rate_window_s : float
        Seconds in which `rate_limit` is counted, 0 to 86400.
    pace : float
        0 is as fast as it draws, 1 the service's own pace of 60-90 s a clip; any factor from 0 to 1000.
    workers : int
        Clips that are drawn at once, 1 to 256: one in this process, the others each in a process beside it.
    v1_json : bool
        Whether v1 answers JSON with a URL instead of the clip's bytes.
    folder : path, optional
        Where pictures and clips are kept from run to run; None is a temporary folder, removed at the end.
    render : callable, optional
        `render(shot, path)` draws a clip in the place of the engine's own painter. The words of a
        `pixverse_nb.preview.RenderError` are told to the client; any other error is logged, and the client is told a
        plain sentence.

    Raises
    ------
    InvalidParameter
        Naming the setting, its value and what is allowed.

    Examples
    --------
    >>> import urllib.request
    >>> with PreviewServer() as server:
    ...     urllib.request.urlopen(server.url).status
    200
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        keys: Collection[str] | None = None,
        balance: float = 100.0,
        free_credits: float = 0.0,
        record_life_s: float = 3600.0,
        file_life_s: float = 7 * 86400.0,
        history_lag_s: float = 0.0,
        rate_limit: int | None = None,
        rate_window_s: float = 60.0,
        pace: float = 0.0,
        workers: int = 2,
        v1_json: bool = False,
        folder: str | Path | None = None,
        render: Render | None = None,
    ) -> None:
        _check_whole("port", port, 0, 65535)
        _check_whole("workers", workers, 1, 256)
        if rate_limit is not None:
            _check_whole("rate_limit", rate_limit, 1, 1_000_000)
        _check_range("pace", pace, 1000)
        _check_range("balance", balance, 1e9, " USD")
        _check_range("free_credits", free_credits, 1e9, " USD")
        _check_range("rate_window_s", rate_window_s, 86400, " s")
        for name, life in (
            ("record_life_s", record_life_s),
            ("file_life_s", file_life_s),
            ("history_lag_s", history_lag_s),
        ):
            _check_range(name, life, math.inf, " s")
        keys = [keys] if isinstance(keys, str) else keys
        for key in keys or ():
            if not KEY.fullmatch(key):
                raise InvalidParameter("keys: a key is 1 to 256 ASCII characters without spaces")
        self.faults = FaultScript()
        self._settings = Settings(
            keys=None if keys is None else frozenset(keys),
            balance=balance,
            free_credits=free_credits,
            record_life_s=record_life_s,
            file_life_s=file_life_s,
            history_lag_s=history_lag_s,
            rate_limit=rate_limit,
            rate_window_s=rate_window_s,
            pace=pace,
            workers=workers,
            v1_json=v1_json,
            render=render,
        )
        self._address = (host, port)
        self._folder = folder
        self._http: _Server | None = None
        self._tidy: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return f"PreviewServer({self.url if self._http else 'not running'})"

    def __enter__(self) -> PreviewServer:  # noqa: PYI034  Self came with Python 3.11
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end; PixverseError when it is not running."""
        return self._running().base

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests that came in since the start, oldest first (the latest 100,000)."""
        return self._running().log()

    def start(self) -> PreviewServer:
        """Listen; returns at once.

        Returns
        -------
        PreviewServer
            Itself, running.

        Raises
        ------
        InvalidParameter
            When the port is taken, or the folder cannot be used.
        """
        if self._http is None:
            host, port = self._address
            try:
                http = _Server(self._address)
            except OSError as error:
                raise InvalidParameter(
                    f"cannot listen on {host}:{port}: {error.strerror or error}",
                    remedy="port=0 finds a free one; host=127.0.0.1 is this machine.",
                ) from None
            try:
                http.serve(Desk(self._settings, self._place(http), self.faults))
            except BaseException as error:
                http.server_close()
                if not isinstance(error, OSError):
                    raise
                raise InvalidParameter(
                    f"cannot keep clips in {self._folder or tempfile.gettempdir()}: {error.strerror or error}",
                    remedy="Pass another folder.",
                ) from None
            self._http = http
        return self

    def close(self, *, patience_s: float = 5.0) -> None:
        """Stop listening, end every job, and remove the temporary folder; a second call does nothing.

        Parameters
        ----------
        patience_s : float
            Seconds to wait for clips that are being drawn: a drawing cannot be interrupted, only left behind.
        """
        if self._http is None:
            return
        self._http.close(patience_s)
        self._http = None
        if self._tidy is not None:
            self._tidy()

    def _place(self, http: _Server) -> Path:
        """The folder to work in; a temporary one goes with the process, too, when nobody calls close."""
        if self._folder is not None:
            return Path(self._folder)
        folder = Path(tempfile.mkdtemp(prefix="pixverse-preview-"))
        self._tidy = weakref.finalize(http, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _running(self) -> _Server:
        if self._http is None:
            raise PixverseError(
                "the preview engine is not running", remedy="Call start(), or use it in a with statement."
            )
        return self._http


class _Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True
    block_on_close = False
    desk: Desk

    def __init__(self, address: tuple[str, int]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._seen: deque[LoggedRequest] = deque(maxlen=_LOGGED)
        self._lock = threading.Lock()
        self._connections: set[Any] = set()
        self.uploads = intake.Cloakroom()
        super().__init__(address, _Handler)

    @property
    def base(self) -> str:
        host, port = self.server_address[:2]
        host = str(host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def server_bind(self) -> None:
        """Bind without asking the name server for this host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def serve(self, desk: Desk) -> None:
        self.desk = desk
        threading.Thread(target=self.serve_forever, args=(0.1,), name="preview-server", daemon=True).start()

    def close(self, patience_s: float) -> None:
        self.shutdown()
        self.server_close()
        self.desk.close(patience_s)
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            self._hang_up(connection)

    def note(self, request: LoggedRequest) -> None:
        with self._lock:
            self._seen.append(request)

    def log(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._seen)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that go away."""
        del request, client_address
        _log.debug("a connection ended badly", exc_info=True)

    @staticmethod
    def _hang_up(connection: socket.socket) -> None:
        """Wake a thread that waits for a client's next request; it closes the connection itself."""
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "PixversePreview"
    disable_nagle_algorithm = True
    timeout = 600  # s without a byte from a client that keeps its connection
    server: _Server
    _unread = False  # a body that was refused is still on its way

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: a notebook is no place for an access log."""

    def serve(self) -> None:
        """Read a request, answer it; whatever breaks in between is a 500, and the server lives on."""
        desk = self.server.desk
        try:
            wire.send(self, self._answer(desk), desk.pause)
            if self._unread:
                self.connection.shutdown(socket.SHUT_WR)
                intake.drain(self)
        except OSError:
            self.close_connection = True  # the client has gone, or the engine is closing

    def __getattr__(self, name: str) -> Any:
        """Every verb comes to the desk, also one that nobody has heard of: it answers in the service's own way."""
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What cannot be read as HTTP is a 400 of the service's kind, not a page of the standard library's."""
        del explain
        self.close_connection = True
        self.request_version = self.protocol_version  # unknown as yet, and the older one has no status line
        self.headers = self.MessageClass()
        wire.send(self, error(int(code), message), self.server.desk.pause)

    def _answer(self, desk: Desk) -> Reply:
        try:
            path = unquote(urlsplit(self.path).path)
        except ValueError:
            self.close_connection = True
            return error(400, "Invalid address")
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._unread = True
        self.server.note(LoggedRequest(self.command, path, time.time(), "x-api-key" in headers))
        try:
            with self.server.uploads.room(self, _BODY_LIMIT):
                body = self._body(_UPLOAD_LIMIT if path == "/upload-asset" else _BODY_LIMIT)
                return self._told(desk, path, headers, body)
        except Refusal as refusal:
            return refusal.reply

    def _told(self, desk: Desk, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """The desk's answer; what fails here, a full disk too, is the engine's trouble: the client is still there."""
        try:
            query = dict(parse_qsl(urlsplit(self.path).query))
            return desk.answer(Call(self.command, path, self.path, query, headers, body, self._base()))
        except Exception:  # noqa: BLE001  logged, answered, and the next request is served
            _log.exception("the preview engine could not answer %s %s", self.command, path)
            return error(500)

    def _body(self, limit: int) -> bytes:
        body = intake.body(self, limit)
        self._unread = False
        return body

    def _base(self) -> str:
        """This engine as the client calls it, so that the URLs in an answer lead back the same way."""
        host = self.headers.get("Host", "")
        return f"http://{host}" if _HOST.fullmatch(host) else self.server.base
