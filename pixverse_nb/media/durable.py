"""On the disk for good: what was synced here survives a power failure, as far as the system's fsync reaches."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

_EARLY_BYTES = 4 << 20
"""How much of a growing file may wait before it is written back: the last sync then has little left to do."""

_THREADS = 4
# File systems that have no such thing say so (FUSE, network shares, folders on some of them).
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_data_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # Windows and macOS have only the latter


def sync_beside(path: Path) -> Future[None]:
    """Sync a file on another thread.

    Returns
    -------
    Future
        Its result is None, or the OSError for which the content may be lost. Wait for it before the file is removed.
    """
    return _beside(_sync_file, path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive; raises OSError. On Windows the file system sees to that by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _synced(os.fsync, descriptor)
    finally:
        os.close(descriptor)


class WriteBack:
    """Brings a growing file to the disk while it grows, on another thread.

    The sync after a clip of 20 MB then takes 3 ms instead of 13 (SSD): less than the look into the clip beside it.

    Parameters
    ----------
    descriptor : int
        The open file. Call `wait` before it is closed.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = 0
        self._running: Future[None] | None = None

    def grown(self, size: int) -> None:
        """Say that `size` more bytes were written; raises the OSError of an earlier sync."""
        self._waiting += size
        if self._waiting < _EARLY_BYTES or (self._running is not None and not self._running.done()):
            return
        self.wait()
        self._waiting = 0
        self._running = _beside(_synced, _data_sync, self._descriptor)

    def wait(self) -> None:
        """Wait until nothing is under way; raises the OSError of the last sync: the system tells it only once."""
        running, self._running = self._running, None
        if running is not None:
            running.result()


def _sync_file(path: Path) -> None:
    # Windows syncs only what may be written; elsewhere a clip that another user of the home owns can be synced, too.
    with path.open("r+b" if os.name == "nt" else "rb") as file:
        _synced(os.fsync, file.fileno())


def _synced(sync: Callable[[int], None], descriptor: int) -> None:
    try:
        sync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise


def _beside(work: Callable[..., None], *arguments: object) -> Future[None]:
    try:
        return _threads().submit(work, *arguments)
    except RuntimeError:  # the interpreter is ending and takes no more work
        done: Future[None] = Future()
        try:
            work(*arguments)
        except OSError as error:
            done.set_exception(error)
        else:
            done.set_result(None)
        return done


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, "pixverse-sync")


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_threads.cache_clear)
