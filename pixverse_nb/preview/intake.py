"""How a request's body comes in: bounded in size and in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from .replies import Refusal

BODY_S = 60.0
"""Seconds within which a whole body must have come."""

PLACE_S = 60.0
"""Seconds that a large body waits for its place."""

_DRAIN = 256 * 2**20
_DRAIN_S = 10.0
_PIECE = 2**16


class Cloakroom:
    """Room in memory for large bodies: a few at once, for each lies there several times over while it is unpacked."""

    def __init__(self, places: int = 4) -> None:
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def room(self, handler: BaseHTTPRequestHandler, small: int) -> Iterator[None]:
        """Room for the request's body, from before it is read until it is answered; the others wait their turn.

        Parameters
        ----------
        handler : BaseHTTPRequestHandler
            With its headers read.
        small : int
            Bytes up to which a body needs no place of its own.

        Raises
        ------
        Refusal
            503 when no place came free within `PLACE_S` seconds; the connection ends after that answer.
        """
        said = handler.headers.get("Content-Length", "")
        large = said.isascii() and said.isdigit() and int(said[:15]) > small
        if large and not self._places.acquire(timeout=PLACE_S):
            handler.close_connection = True
            raise Refusal(503, "Too many large uploads at once: send it again")
        try:
            yield
        finally:
            if large:
                self._places.release()


def body(handler: BaseHTTPRequestHandler, limit: int, patience_s: float = BODY_S) -> bytes:
    """The request's body.

    Parameters
    ----------
    handler : BaseHTTPRequestHandler
        With its headers read.
    limit : int
        Bytes, at most.
    patience_s : float
        Seconds for the whole of it.

    Raises
    ------
    Refusal
        411 when its length is not said, 400 when it is said badly, 413 when it is too long, 408 when it is too slow.
        The connection ends after that answer, for the rest of the body may still be on its way.
    ConnectionError
        When the client leaves before the end of it.
    """
    try:
        length = _length(handler, limit)
        return _read(handler, length, patience_s) if length else b""
    except Refusal:
        handler.close_connection = True
        raise


def drain(handler: BaseHTTPRequestHandler) -> None:
    """Read on, within reason, after an early answer: a client that is still sending would lose it to a reset."""
    deadline = time.monotonic() + _DRAIN_S
    left = _DRAIN
    try:
        while left > 0 and (wait := deadline - time.monotonic()) > 0:
            handler.connection.settimeout(min(wait, 2.0))
            piece = handler.rfile.read1(_PIECE)
            if not piece:
                return
            left -= len(piece)
    except OSError:
        return


def _length(handler: BaseHTTPRequestHandler, limit: int) -> int:
    if "Transfer-Encoding" in handler.headers:
        raise Refusal(411, "Send a Content-Length")
    said = set(handler.headers.get_all("Content-Length", ["0"]))
    text = said.pop()
    if said or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Refusal(400, "Invalid Content-Length")
    if int(text) > limit:
        raise Refusal(413, f"The request body is too large: at most {limit // 2**20} MB")
    return int(text)


def _read(handler: BaseHTTPRequestHandler, length: int, patience_s: float) -> bytes:
    usual = handler.connection.gettimeout()
    deadline = time.monotonic() + patience_s
    content = bytearray()
    try:
        while len(content) < length:
            handler.connection.settimeout(max(deadline - time.monotonic(), 0.001))
            piece = handler.rfile.read1(min(length - len(content), _PIECE))
            if not piece:
                raise ConnectionResetError("the client left in the middle of its request")
            content += piece
    except TimeoutError:
        raise Refusal(408, f"The request body did not arrive within {patience_s:g} s") from None
    finally:
        handler.connection.settimeout(usual)
    return bytes(content)
