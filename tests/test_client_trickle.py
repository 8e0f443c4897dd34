"""Answers that trickle: each byte comes in time and the whole never would."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from contextlib import closing

import pytest
from client_rig import BODY, CLIP, FREE, PACE, PAID, client_of, run

from pixverse_nb import errors

LIMIT_S = 2 * PACE.read_s  # of a whole answer, after its headers
LATEST_S = LIMIT_S + 4 * PACE.read_s  # for slow machines; without a deadline these tests end at PATIENCE_S
PATIENCE_S = 12.0
JSON = b"Content-Type: application/json\r\n"


def plain(data):
    return data


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


FORMS = {
    "announced": (JSON + b"Content-Length: 5000\r\n", b'{"request_id": "r', plain),
    "until it closes": (JSON + b"Connection: close\r\n", b'{"request_id": "r', plain),
    "chunked": (JSON + b"Transfer-Encoding: chunked\r\n", chunk(b'{"request_id": "r'), chunk),
    "gzip": (JSON + b"Content-Encoding: gzip\r\nContent-Length: 5000\r\n", gzip.compress(b"{" * 90)[:15], plain),
}


class Trickler:
    """A server that sends its first bytes at once, then one every 50 ms for `seconds`."""

    def __init__(self, status, form, *, seconds=PATIENCE_S, last=b"") -> None:
        headers, self.first, self.wrap = form
        self.head = b"HTTP/1.1 %d X\r\n%s\r\n" % (status, headers)
        self.seconds, self.last = seconds, last
        self.left = threading.Event()  # a client hung up before the end
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with closing(connection):
                try:
                    self.answer(connection)
                except OSError:
                    self.left.set()

    def answer(self, connection):
        with connection.makefile("rb") as asked:  # to its end: closing on unread bytes would reset the connection
            head = iter(asked.readline, b"\r\n")
            length = sum(int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length"))
            asked.read(length)
        connection.sendall(self.head + self.first)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(0.05)
            connection.sendall(self.wrap(b" "))
        connection.sendall(self.last)

    def __enter__(self) -> Trickler:  # noqa: PYI034  Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def timed(call):
    """The error of a call and how long it took, s."""
    started = time.monotonic()
    with pytest.raises(errors.PixverseError) as caught:
        call()
    return caught.value, time.monotonic() - started


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("route", PAID)
def test_an_answer_to_a_send_that_trickles_is_unknown_in_time(route, form):
    """A whole answer has twice its read time-out; then the job may be running and billed."""
    with Trickler(200, FORMS[form]) as server:
        error, seconds = timed(lambda: PAID[route](client_of(server.url)))
        assert server.left.wait(5)  # the connection is given up with it
    assert type(error) is errors.OutcomeUnknown
    assert "did not end in time" in str(error)
    assert (error.status_code, error.billed) == (200, None)
    assert LIMIT_S * 0.9 < seconds < LATEST_S


@pytest.mark.parametrize("form", FORMS)
def test_a_free_answer_that_trickles_is_unreachable_in_time(form):
    with Trickler(200, FORMS[form]) as server:
        client = client_of(server.url)
        error, seconds = timed(lambda: FREE["status"](client))
        assert server.left.wait(5)
        client._session.close()
    assert type(error) is errors.ServiceUnreachable
    assert LIMIT_S * 0.9 < seconds < LATEST_S


def test_a_refusal_that_trickles_is_still_a_refusal():
    """Its status came with the headers: nothing was queued, though its words never end."""
    with Trickler(400, FORMS["chunked"]) as server:
        error, seconds = timed(lambda: client_of(server.url).submit(BODY))
    assert type(error) is errors.BadRequest
    assert error.billed is False
    assert seconds < LATEST_S


def test_a_clip_may_take_its_time():
    """The deadline is for JSON: a paid clip that keeps arriving is not cut off."""
    seconds = LIMIT_S * 1.5
    form = (b"Content-Type: video/mp4\r\nConnection: close\r\n", CLIP, plain)
    with Trickler(200, form, seconds=seconds, last=b"end") as server:
        started = time.monotonic()
        _, clip = run(client_of(server.url))
        assert time.monotonic() - started > seconds * 0.9
    assert clip.startswith(CLIP)
    assert clip.endswith(b" end")
