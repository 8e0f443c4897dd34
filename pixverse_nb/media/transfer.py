"""One file's way through several attempts: what is retried, where it goes on, and when it is whole."""

from __future__ import annotations

import http.client
import random
import re
import time
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type, sleep_using_event
from urllib3.exceptions import HTTPError

from pixverse_nb import logs
from pixverse_nb.errors import ClipError

from . import partial as partials
from .addresses import shown
from .boxes import FETCH_AGAIN
from .partial import CHUNK_BYTES

if TYPE_CHECKING:
    import requests

    from .download import Downloader, Progress
    from .partial import Partial

GONE = "Ask the service for a fresh address with studio.resume(); it keeps an output for 7 days."

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
"""Between two attempts, s; doubled each time, with up to half a second of jitter."""

_LEAST_BYTES_PER_S = 1024
_PIECE_BYTES = CHUNK_BYTES // 2  # a network seldom has more ready; with fifty clips at once, each holds a few pieces
_PROGRESS_BYTES = 1 << 20  # an attempt that brought this much more was not in vain
_LONGEST_RETRY_AFTER_S = 60.0
_OK, _PARTIAL, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_EARLY = 200, 206, 403, 404, 410, 425
_REQUEST_TIMEOUT, _BAD_RANGE, _TOO_MANY, _SERVER_ERROR = 408, 416, 429, 500


class Again(Exception):
    """This attempt failed; another may not."""

    def __init__(self, what: str, *, status_code: int | None = None, after_s: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.status_code = status_code
        self.after_s = after_s


def gone(status: int) -> bool:
    """Whether a status says that the file is not to be had any more; storage hosts answer 403 for what expired."""
    return status in {_FORBIDDEN, _NOT_FOUND, _GONE}


class Transfer:
    """Fetches one URL into one temporary file.

    Goes on by Range and If-Range where the server names its version of the file (a strong ETag), else starts again.
    """

    def __init__(self, downloader: Downloader, url: str, partial: Partial, on_progress: Progress | None) -> None:
        self._downloader = downloader
        self._url = url
        self._partial = partial
        self._report = on_progress or (lambda _done, _total: None)
        self._etag: str | None = None
        self._total: int | None = None
        self._furthest = 0
        self._in_vain = 0

    def run(self) -> None:
        """Try until the file is whole.

        Raises
        ------
        ClipError
            When the server refuses, or `attempts` in a row brought nothing new.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Again),
            stop=lambda _state: self._in_vain >= self._downloader.attempts or self._downloader.closed.is_set(),
            wait=self._pause,
            before_sleep=logs.retrying,
            sleep=sleep_using_event(self._downloader.closed),
            reraise=True,
        )
        try:
            retrying(self._attempt)
        except Again as last:
            times = "once" if self._in_vain == 1 else f"{self._in_vain} times"
            error = ClipError(
                f"{shown(self._url)} could not be fetched: {last.what} (tried {times})",
                status_code=last.status_code,
                remedy=FETCH_AGAIN,
            )
            error.after_s = last.after_s
            raise error from last

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Again) and error.after_s is not None:
            return min(error.after_s, _LONGEST_RETRY_AFTER_S)
        # Doubled by failures in a row only: a long transfer that breaks now and then goes on quickly each time.
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** max(0, self._in_vain - 1))
        return pause + random.uniform(0, FIRST_PAUSE_S)

    def _attempt(self) -> None:
        if self._downloader.closed.is_set():
            raise ClipError("the studio was closed before the clip was fetched", remedy=FETCH_AGAIN)
        try:
            offset = self._partial.size if self._etag else 0
            headers = {"Range": f"bytes={offset}-", "If-Range": str(self._etag)} if offset else {}
            with self._downloader.asked("GET", self._url, headers) as response:
                self._begin(response, offset)
                self._copy(response)
        except Again:
            new = self._partial.size - self._furthest
            self._furthest = max(self._furthest, self._partial.size)
            self._in_vain = 0 if new >= _PROGRESS_BYTES else self._in_vain + 1
            raise

    def _begin(self, response: requests.Response, offset: int) -> None:
        """Look at the answer's head, and make the file ready for its body."""
        status = response.status_code
        if status not in {_OK, _PARTIAL}:
            raise self._refusal(response)
        etag = response.headers.get("ETag", "")
        if status == _PARTIAL:
            start, total = _content_range(response)
            if not offset or start != offset or total != self._total or etag not in {"", self._etag}:
                self._etag = None  # the next attempt asks for the whole file
                raise Again("the server sent another part than it was asked for", status_code=status)
            return
        self._partial.restart()
        plain = _encoding(response) == "identity"
        self._total = _length(response) if plain else None
        self._etag = etag if plain and self._total is not None and re.fullmatch(r'"[^"\r\n]*"', etag) else None
        if self._total is not None and self._total > partials.MAX_BYTES:
            raise ClipError(
                f"{shown(self._url)} has {self._total / 1e9:,.1f} GB, which no clip has", status_code=status
            )

    def _refusal(self, response: requests.Response) -> ClipError | Again:
        status = response.status_code
        if status == _BAD_RANGE:
            self._etag = None
        if status >= _SERVER_ERROR or status in {_REQUEST_TIMEOUT, _BAD_RANGE, _TOO_EARLY, _TOO_MANY}:
            after = response.headers.get("Retry-After", "")
            seconds = float(after) if after.isascii() and after.isdigit() else None
            return Again(f"the server answered {status}", status_code=status, after_s=seconds)
        what = "is not there (any more)" if gone(status) else "is refused"
        return ClipError(f"{shown(self._url)} {what}: the server answered {status}", status_code=status, remedy=GONE)

    def _copy(self, response: requests.Response) -> None:
        """Bring the body to the disk, and hold its length against what was announced."""
        encoding, announced, arrived = _encoding(response), _length(response), 0
        decode = _decoder(encoding)
        for piece in self._pieces(response.raw):
            arrived += len(piece)
            for chunk in decode(piece):
                self._partial.write(chunk)
            self._report(self._partial.size, self._total)
        if announced is not None and arrived != announced:
            raise Again(f"the connection was cut after {arrived:,} of {announced:,} bytes")
        if not self._partial.size:  # also what a connection that was cut within the answer's head looks like
            raise Again("the answer was empty", status_code=response.status_code)
        if self._total is not None and self._partial.size != self._total:
            raise Again(f"{self._partial.size:,} of {self._total:,} bytes arrived")

    def _pieces(self, raw: Any) -> Iterator[bytes]:
        """Read the body as it comes, at most 128 KB at once, and cut it when it only trickles."""
        # read1 gives what is there; read would wait for a whole piece, for days when someone sends a byte a second.
        # urllib3 1.26 does not hand it on, but what it wraps has it.
        read = getattr(raw, "read1", None) or raw._fp.read1
        window_start, window_bytes, window_s = time.monotonic(), 0, self._downloader.read_s
        while True:
            try:
                piece = read(_PIECE_BYTES)
            except (HTTPError, http.client.HTTPException, OSError, ValueError, AttributeError) as error:
                # The last two are a connection that close() took away from under the read.
                raise Again(f"the connection was cut ({type(error).__name__})") from error
            if not piece:
                return
            yield piece
            if self._downloader.closed.is_set():
                raise ClipError("the studio was closed while the clip was fetched", remedy=FETCH_AGAIN)
            window_bytes += len(piece)
            passed = time.monotonic() - window_start
            if passed >= window_s:
                if window_bytes < _LEAST_BYTES_PER_S * passed:
                    raise Again(f"only {window_bytes:,} bytes came in {passed:.0f} s")
                window_start, window_bytes = time.monotonic(), 0


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _content_range(response: requests.Response) -> tuple[int, int] | tuple[None, None]:
    match = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", response.headers.get("Content-Range", ""), re.ASCII)
    return (int(match[1]), int(match[2])) if match else (None, None)


def _encoding(response: requests.Response) -> str:
    return response.headers.get("Content-Encoding", "identity").strip().lower() or "identity"


def _decoder(encoding: str) -> Any:
    """What turns wire bytes into the file's, in pieces of bounded size: a few bytes of gzip can mean gigabytes.

    Nobody asked for an encoding, yet storage hosts give what they were given.
    """
    if encoding == "identity":
        return lambda piece: (piece,)
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise ClipError(f"the server sent the clip in the encoding {encoding[:40]!r}, which was not asked for")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by its header

    def inflate(piece: bytes) -> Iterator[bytes]:
        try:
            while piece:
                yield inflater.decompress(piece, CHUNK_BYTES)
                piece = inflater.unconsumed_tail
        except zlib.error as error:
            raise Again(f"the server sent broken {encoding} ({error})") from error

    return inflate
