"""How an answer leaves: whole, in ranges, or as badly as a fault wants it."""

from __future__ import annotations

import io
import os
import re
import socket
import struct
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import BinaryIO

from .replies import CUT_HALFWAY, RESET, Reply

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_DAMAGE = bytes(value ^ 0x55 for value in range(256))
_RANGED = frozenset({"GET", "HEAD"})
_DRIPS = 50
_PIECE = 2**16  # bytes of a spoilt answer that are in memory at once

Pause = Callable[[float], bool]
"""Waits so many seconds; True when the engine is closing."""


def send(handler: BaseHTTPRequestHandler, reply: Reply, pause: Pause) -> None:
    """Send an answer over the handler's connection; ConnectionError when the client has gone."""
    if reply.cut_after == RESET:
        _reset(handler)
        return
    size = reply.body.stat().st_size if isinstance(reply.body, Path) else len(reply.body)
    first, count = _span(handler, reply, size)
    cut = count // 2 if reply.cut_after == CUT_HALFWAY else reply.cut_after
    if cut is not None or reply.length_error:
        handler.close_connection = True
    _send_head(handler, reply, count + reply.length_error)
    if handler.command != "HEAD":
        _send_body(handler, reply, first, count if cut is None else min(cut, count), pause)


def _send_head(handler: BaseHTTPRequestHandler, reply: Reply, length: int) -> None:
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(max(length, 0)))
    if isinstance(reply.body, Path) and handler.command in _RANGED:
        handler.send_header("Accept-Ranges", "bytes")
    if handler.close_connection:
        handler.send_header("Connection", "close")
    handler.end_headers()


def _span(handler: BaseHTTPRequestHandler, reply: Reply, size: int) -> tuple[int, int]:
    """First byte and number of bytes to send; a range that was asked for changes the answer's status and headers."""
    asked = _RANGE.fullmatch(handler.headers.get("Range", "").strip())
    stale = handler.headers.get("If-Range", "") not in {"", reply.headers.get("ETag", "")}
    partial = reply.status == 200 and isinstance(reply.body, Path) and handler.command in _RANGED
    if not partial or stale or asked is None or not any(asked.groups()):
        return 0, size
    low, high = asked.groups()
    first = int(low) if low else max(size - int(high), 0)
    last = min(int(high), size - 1) if low and high else size - 1
    if first > last:
        reply.status, reply.body = 416, b""
        reply.headers["Content-Range"] = f"bytes */{size}"
        return 0, 0
    reply.status = 206
    reply.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return first, last - first + 1


def _send_body(handler: BaseHTTPRequestHandler, reply: Reply, first: int, count: int, pause: Pause) -> None:
    if isinstance(reply.body, Path) and not (reply.corrupt or reply.drip_s):
        with reply.body.open("rb") as file:
            if count:
                handler.connection.sendfile(file, first, count)
        return
    step = max(1, -(-count // _DRIPS)) if reply.drip_s else count
    with reply.body.open("rb") if isinstance(reply.body, Path) else io.BytesIO(reply.body) as source:
        good = source.seek(0, os.SEEK_END) // 4 if reply.corrupt else None
        source.seek(first)
        for left in range(count, 0, -max(step, 1)):
            for piece in _pieces(source, min(step, left), good):
                handler.wfile.write(piece)
            if reply.drip_s and pause(reply.drip_s / _DRIPS):
                handler.close_connection = True
                return


def _pieces(source: BinaryIO, count: int, good: int | None) -> Iterator[bytes]:
    """The next `count` bytes, damaged from the place `good` on; in pieces, for many answers leave at once."""
    while count > 0:
        at = source.tell()
        piece = source.read(min(_PIECE, count))
        if not piece:  # the file is shorter than it was
            return
        count -= len(piece)
        sound = len(piece) if good is None else min(max(good - at, 0), len(piece))
        yield piece[:sound] + piece[sound:].translate(_DAMAGE)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Close so that the client sees a reset, not a tidy end; the reader must let go of the socket first."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.connection.close()
