"""A small HTTP server that answers what a test tells it to, and counts what came.

It speaks just enough of Segmind's protocol to carry a job through when nothing is scripted; every exchange can be
scripted to go wrong. What it does with a connection (cuts, resets) it does on the socket, as a real network would.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "SG_0123456789abcdef"
PAID = ("submit", "run")

_ROUTES = (
    ("submit", "POST", r"/v2/pixverse-v6"),
    ("run", "POST", r"/v1/pixverse-v6"),
    ("status", "GET", r"/v2/requests/[^/]+/status"),
    ("result", "GET", r"/v2/requests/[^/]+"),
    ("upload", "POST", r"/upload-asset"),
    ("credits", "GET", r"/v1/get-user-credits"),
    ("record", "GET", r"/inference-request/request-history/[^/]+"),
    ("history", "GET", r"/inference-request/request-history"),
    ("clip", "GET", r"/files/.*"),
    ("head", "HEAD", r"/files/.*"),
)


@dataclass
class Answer:
    """What a request gets.

    Attributes
    ----------
    status, body, headers
        The answer; a body that is not text or bytes is sent as JSON.
    cut : int or None
        Bytes of the body after which the connection is reset; -1 resets it before the answer begins.
    first : callable
        Called with the `Hit` before anything is sent: to kill a process, to wait for a test.
    halfway : callable
        Called with the `Hit` once half the body is out.
    runs : bool or None
        For a paid POST: whether a job comes of it. None: when the status is 200.
    length : int or None
        A Content-Length other than the true one.
    """

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    first: Callable[[Hit], object] | None = None
    halfway: Callable[[Hit], object] | None = None
    runs: bool | None = None
    length: int | None = None

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        body, headers = self.body, {"Content-Type": "application/json", **self.headers}
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return body, headers


@dataclass
class Hit:
    """A request that came in."""

    route: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Scripted:
    """The server; a context manager.

    Attributes
    ----------
    hits : list of Hit
        Everything that came, oldest first.
    account : list of dict
        The account's history, newest first; a paid POST that runs adds its row.
    clip : bytes
        What `/files/...` serves.
    """

    def __init__(self, clip: bytes = b"") -> None:
        self.clip = clip
        self.hits: list[Hit] = []
        self.account: list[dict[str, Any]] = []
        self.state = "COMPLETED"
        self._scripts: dict[str, list[Answer | Callable[[Hit], Answer]]] = defaultdict(list)
        self._change = threading.Condition()
        self._jobs = 0
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)

    def __enter__(self) -> Scripted:  # noqa: PYI034  Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def file_url(self) -> str:
        return f"{self.url}/files/clip.mp4"

    # ---- scripting

    def say(self, route: str, *answers: Answer | Callable[[Hit], Answer]) -> None:
        """Add answers to a route: each is given once, then the usual one."""
        with self._change:
            self._scripts[route].extend(answers)

    def always(self, route: str, answer: Answer) -> None:
        """Give a route one answer for good, after what `say` added."""
        with self._change:
            self._scripts[f"{route} always"] = [answer]

    # ---- looking

    def count(self, *routes: str) -> int:
        """How many requests came to these routes; to the paid ones when none is named."""
        with self._change:
            return sum(hit.route in (routes or PAID) for hit in self.hits)

    def got(self, route: str) -> list[Hit]:
        with self._change:
            return [hit for hit in self.hits if hit.route == route]

    def wait_for(self, route: str, count: int = 1, timeout: float = 20) -> None:
        """Wait until so many requests came to a route."""
        deadline = time.monotonic() + timeout
        with self._change:
            while sum(hit.route == route for hit in self.hits) < count:
                assert self._change.wait(deadline - time.monotonic()), f"no request number {count} to {route}"

    # ---- the usual answers

    def answer(self, hit: Hit) -> Answer:
        with self._change:
            self.hits.append(hit)
            script = self._scripts[hit.route] or self._scripts[f"{hit.route} always"]
            chosen = script.pop(0) if self._scripts[hit.route] else next(iter(script), None)
            self._change.notify_all()
        answer = chosen(hit) if callable(chosen) else chosen
        runs = hit.route in PAID and (answer is None or (answer.status == 200 if answer.runs is None else answer.runs))
        request_id = self.record(hit.json) if runs else None
        return answer or self._usual(hit, request_id)

    def record(self, body: Any, **changes: Any) -> str:
        """Add a job to the account's history; its request id."""
        with self._change:
            self._jobs += 1
            request_id = f"{self._jobs:08d}-0000-4000-8000-00000000000a"
            self.account.insert(0, {
                "request_id": request_id,
                "model_name": "pixverse-v6",
                "model_status": "COMPLETED",
                "credits_deduction": 0.28125,
                "request_body": body,
                "generation_url": self.file_url,
                "created_at": datetime.now(timezone.utc).isoformat(),
                "error": None,
                **changes,
            })  # fmt: skip
        return request_id

    def _usual(self, hit: Hit, request_id: str | None) -> Answer:
        asked = hit.path.removesuffix("/status").rsplit("/", 1)[-1]
        row = next((r for r in self.account if r["request_id"] == asked), None)
        video = {"Content-Type": "video/mp4"}
        answers = {
            "submit": Answer(
                body={"request_id": request_id, "status": "QUEUED", "poll_url": f"{self.url}/elsewhere"},
            ),
            "run": Answer(
                body=self.clip,
                headers={**video, "x-cost": "0.28125", "x-request-id": str(request_id), "x-generation-time": "60.5"},
            ),
            "status": Answer(body={"request_id": asked, "status": self.state}),
            "result": Answer(body=self.finished(asked)),
            "upload": Answer(body={"file_urls": [f"{self.url}/files/picture.png"]}),
            "credits": Answer(body={"credits": 10.0, "free-credits": 0.018}),
            "history": Answer(body={"data": self.account, "total": len(self.account)}),
            "record": Answer(body=row) if row else Answer(404, {"error": "not found"}),
            "clip": Answer(body=self.clip, headers=video),
            "head": Answer(headers=video),
        }
        return answers.get(hit.route) or Answer(404, {"error": "no such route"})

    def finished(self, request_id: str = "r", **changes: Any) -> dict[str, Any]:
        """A v2 result."""
        metrics = {"cost": 0.28125, "remaining_credits": 9.7, "inference_time": 60.5, "queue_time": 1.5}
        body = {"request_id": request_id, "status": "COMPLETED", "output": self.file_url, "metrics": metrics}
        return {**body, **changes}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], scripted: Scripted) -> None:
        self.scripted = scripted
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what these tests are about."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Tests read `hits`."""

    def serve(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        route = next((n for n, m, p in _ROUTES if m == self.command and re.fullmatch(p, path)), "other")
        headers = {name.lower(): value for name, value in self.headers.items()}
        hit = Hit(route, self.command, path, query, headers, body)
        answer = self.server.scripted.answer(hit)
        if answer.first:
            answer.first(hit)
        if answer.cut == -1:
            self.reset()
            return
        try:
            self.send(answer, hit)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_HEAD = do_CONNECT = serve  # noqa: N815

    def send(self, answer: Answer, hit: Hit) -> None:
        body, headers = answer.encoded()
        self.send_response(answer.status)
        headers.setdefault("Content-Length", str(len(body) if answer.length is None else answer.length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if answer.cut is not None:
            self.wfile.write(body[: answer.cut])
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        if answer.halfway:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            answer.halfway(hit)
            body = body[len(body) // 2 :]
        self.wfile.write(body)
        if answer.length is not None:
            self.close_connection = True

    def reset(self) -> None:
        """End the connection with a reset instead of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
