"""A file on its way in: written, hashed and counted as its pieces arrive."""

from __future__ import annotations

import errno
import hashlib
import os
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pixverse_nb.errors import ClipError

from .durable import WriteBack

CHUNK_BYTES = 1 << 18
"""How much is read from a connection at once: 256 KB reach 87% of a raw socket's speed, 64 KB 63%, 8 KB 36%."""

MAX_BYTES = 2 << 30
"""The largest file that is taken, 2 GiB: two hundred times a clip of 15 s at 1080p."""

_HASHED_AT_ONCE = 1 << 20  # bytes
_threads = threading.BoundedSemaphore(os.cpu_count() or 1)
_HASHED_BESIDE = 2  # pieces that the thread may hold: one at work, one waiting

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class Received:
    """A file that arrived whole and waits in a temporary place.

    Attributes
    ----------
    path : Path
        Where it is now.
    sha256 : str
        Hash of its content, 64 hex digits.
    size_bytes : int
        Its size, bytes.
    """

    path: Path
    sha256: str
    size_bytes: int


def disk_error(error: OSError, path: Path) -> ClipError:
    """Say what is wrong with the disk, where, and what to do.

    The paid job belongs to this home's history: another home would not know of it, so the remedy is to mend this one.
    """
    what, remedy = disk_trouble(error, path)
    return ClipError(what, remedy=f"{remedy}, then call studio.resume().")


def disk_trouble(error: OSError, path: Path) -> tuple[str, str]:
    """What is wrong with the disk, and the start of a sentence about what helps.

    Not the error's own text: it may name a temporary file, which is gone by the time that anyone reads it.
    """
    why = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return f"the disk is full; {path} could not be written", "Free some space"
    if error.errno in _FORBIDDEN:
        return f"{path} is not writable ({why})", "Make it writable"
    return f"{path} could not be written ({why})", "Look at the disk"


class Partial:
    """A temporary file that grows, its hash and its size.

    Not for several threads at once. What is large is written back to the disk as it comes, so that the sync before it
    is moved to its place (`Clips.keep`) is short; only that one makes it survive a power failure.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = _Hasher()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only what is larger than the buffer goes to the disk without being copied once more.
            self._file = path.open("xb", buffering=CHUNK_BYTES // 4)
        except OSError as error:
            raise disk_error(error, path.parent) from error
        self._write_back = WriteBack(self._file.fileno())

    def write(self, chunk: bytes) -> None:
        """Append a piece.

        Raises
        ------
        ClipError
            When the disk is full or not writable, or the file grows beyond 2 GiB.
        """
        if self.size + len(chunk) > MAX_BYTES:
            raise ClipError(f"the file is larger than {MAX_BYTES / 2**30:g} GiB, which no clip is")
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
            self._write_back.grown(len(chunk))
        except OSError as error:
            raise disk_error(error, self.path.parent) from error
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget everything that was written."""
        if not self.size:
            return
        self._hash.digest()
        self._hash = _Hasher()
        try:
            self._write_back.wait()
            self._file.seek(0)
            self._file.truncate()
        except OSError as error:
            raise disk_error(error, self.path.parent) from error
        self.size = 0

    def finish(self) -> Received:
        """Close the file and say what it is."""
        try:
            self._write_back.wait()
            self._file.close()  # the last pieces are still in the buffer
        except OSError as error:
            raise disk_error(error, self.path.parent) from error
        return Received(self.path, self._hash.digest(), self.size)

    def discard(self) -> None:
        """Close and remove the file, whatever state it is in."""
        self._hash.digest()
        with suppress(OSError):
            self._write_back.wait()  # its thread works on the open file
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink()


class _Hasher:
    """SHA-256 on a thread of its own: hashlib releases the GIL, so hashing costs no time beside reading and writing.

    A 20 MB clip comes home a fifth faster so. One piece may wait, which bounds the memory to half a megabyte. The first
    megabyte is hashed on the spot: starting a thread and handing pieces over takes longer. So is all of it while every
    core has such a thread already: more of them would only hold memory.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        # Two simple queues, one for pieces and one for the room that there is: a bounded one takes three times as long.
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._at_once = _HASHED_AT_ONCE

    def update(self, chunk: bytes) -> None:
        # A piece that its owner may overwrite is copied; bytes never change.
        piece = chunk if type(chunk) is bytes else bytes(chunk)
        if self._at_once > 0 or not (self._thread or _threads.acquire(blocking=False)):
            self._at_once -= len(piece)
            self._hash.update(piece)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="pixverse-sha256", daemon=True)
            self._thread.start()
            for _ in range(_HASHED_BESIDE):
                self._room.put(None)
        self._room.get()
        self._pieces.put(piece)

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._hash.update(piece)
            self._room.put(None)

    def digest(self) -> str:
        """Wait for the thread, end it, and give the hash; may be called again."""
        if self._thread is not None:
            self._pieces.put(None)
            self._thread.join()
            self._thread = None
            _threads.release()
        return self._hash.hexdigest()
