"""Who draws: this process, one clip at a time; a clip that comes meanwhile is drawn by a process beside it.

On two threads they would share one interpreter, and wait for each other at each of their thousands of small steps.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from .picture import Shot

_PACKAGE = __package__ or ""
_ROOT = str(Path(__file__).resolve().parents[2])  # the folder that the package lies in

_log = logging.getLogger(__name__)


class Painters:
    """Draws shots; for many threads at once.

    A process beside this one is started when it is first needed and kept for the next clip; it ends when this process
    ends, however it ends.
    """

    def __init__(self) -> None:
        self._here = threading.Lock()  # held while this process draws
        self._lock = threading.Lock()
        self._idle: list[_Beside] = []
        self._all: set[_Beside] = set()
        self._closed = False

    def draw(self, shot: Shot, path: Path) -> None:
        """Draw and encode one clip, as `picture.render` does.

        Raises
        ------
        RenderError, OSError
            As `picture.render`.
        """
        if self._here.acquire(blocking=False):
            try:
                return _draw_here(shot, path)
            finally:
                self._here.release()
        try:
            return self._draw_beside(shot, path)
        except _GoneError as gone:
            self._check_open()
            _log.warning("the process that draws beside this one ended (%s); its clip is drawn here", gone)
        with self._here:
            self._check_open()
            return _draw_here(shot, path)

    def close(self, patience_s: float) -> None:
        """End the processes, those that draw after `patience_s` seconds at the most."""
        with self._lock:
            self._closed = True
            ending = list(self._all)
        deadline = time.monotonic() + patience_s
        for painter in ending:
            painter.end(deadline)

    def _check_open(self) -> None:
        if self._closed:
            raise _GoneError("the engine was closed")

    def _draw_beside(self, shot: Shot, path: Path) -> None:
        painter = self._free()
        try:
            trouble = painter.draw(shot, path)
        except BaseException:  # Ctrl-C, too: its answer would be taken for the next clip's
            with self._lock:
                self._all.discard(painter)
            painter.end(0.0)
            raise
        with self._lock:
            self._idle.append(painter)
        if trouble is not None:
            raise trouble

    def _free(self) -> _Beside:
        with self._lock:
            self._check_open()
            while self._idle:
                painter = self._idle.pop()
                if painter.lives():
                    return painter
                self._all.discard(painter)
                painter.end(0.0)
            painter = _Beside()
            self._all.add(painter)
            return painter


def _draw_here(shot: Shot, path: Path) -> None:
    from .picture import render  # the picture libraries, with the first clip

    render(shot, path)


def _environment() -> dict[str, str]:
    """This process's own without its key, and with the modules that it can import, this package above all."""
    found = {name: value for name, value in os.environ.items() if name != "SEGMIND_API_KEY"}
    found["PYTHONPATH"] = os.pathsep.join([*([] if _ROOT in sys.path else [_ROOT]), *filter(None, sys.path)])
    return {**found, "PYTHONSAFEPATH": "1"}  # and none that happens to lie in the folder it is started in


class _GoneError(Exception):
    """The process beside this one is not there, or no longer."""


class _Beside:
    """A process that draws one clip after the other."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{_PACKAGE}.picture"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # Ctrl-C in a terminal is meant for who waits, not for who draws
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # as much for Windows
            )
        except OSError as error:
            raise _GoneError(f"it could not be started: {error.strerror}") from None
        self._orders = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)

    def lives(self) -> bool:
        return self._process.poll() is None

    def draw(self, shot: Shot, path: Path) -> Exception | None:
        """Have a clip drawn; what went wrong with it."""
        try:
            pickle.dump((shot, path.absolute()), self._orders)
            self._orders.flush()
            return cast("Exception | None", pickle.load(self._answers))  # noqa: S301  our own process says it
        except Exception as error:  # noqa: BLE001  half an answer, or none
            raise _GoneError(f"exit code {self._process.poll()}, {type(error).__name__}") from None

    def end(self, deadline: float) -> None:
        """Let it finish until `deadline` by the monotonic clock, then kill it."""
        with contextlib.suppress(OSError):  # an order that it did not take
            self._orders.close()  # the end of its orders is its own end
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
