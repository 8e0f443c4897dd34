"""The embedded preview engine: a process of its own, so that the kernel stays free while clips are drawn.

To everything else it is a base URL. It lives as long as this process: its standard input is a pipe that closes with us.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from .errors import ServiceUnreachable
from .segmind.key import ENVIRONMENT

_START_S = 60.0


class Engine:
    """Starts `python -m pixverse_nb.preview` on first use, and again after it ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._url = ""

    @property
    def alive(self) -> bool:
        """Whether the engine runs, or has not been needed yet."""
        return self._process is None or self._process.poll() is None

    @property
    def running_url(self) -> str | None:
        """Base URL of the running engine; None when there is none."""
        return self._url if self._process is not None and self._process.poll() is None else None

    def url(self) -> str:
        """Base URL of the engine, started if need be.

        Raises
        ------
        ServiceUnreachable
            When it does not start, with the last words it wrote.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            return self._url

    def _start(self) -> None:
        package = os.fspath(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
        try:
            with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
                self._process = process = subprocess.Popen(
                    [sys.executable, "-m", "pixverse_nb.preview", "--port", "0", "--until-stdin-closes"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=words,
                    text=True,
                    env={**{k: v for k, v in os.environ.items() if k != ENVIRONMENT}, "PYTHONPATH": path},
                    # Ctrl-C and Kernel > Interrupt are meant for the notebook, not for the engine.
                    start_new_session=True,
                )
                line = _first_line(process.stdout)
                if not line.startswith("http"):
                    process.kill()
                    process.communicate()  # until it is gone, and its pipes with it
                    raise _not_started(line or _last_line(words))
        except OSError as error:  # no Python, no memory, no temporary folder
            raise _not_started(str(error)) from None
        self._url = line
        atexit.register(self.stop)

    def stop(self) -> None:
        """End the engine; its jobs end with it."""
        process, self._process = self._process, None
        if process is not None:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()  # the end of its input is the engine's sign to leave
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


def _not_started(why: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"the preview engine did not start: {why or 'no answer'}",
        billed=False,
        remedy="Run python -m pixverse_nb.preview to see why.",
    )


def _last_line(words: IO[str]) -> str:
    """What it died of: of a traceback, the line that names the error."""
    words.seek(0)
    lines = [line.strip() for line in words.read().splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""


def _first_line(stream: IO[str] | None) -> str:
    lines: queue.Queue[str] = queue.Queue()
    if stream is not None:
        threading.Thread(target=lambda: lines.put(stream.readline().strip()), daemon=True).start()
    try:
        return lines.get(timeout=_START_S)
    except queue.Empty:
        return ""


shared_engine = Engine()
"""One engine serves all studios of a process."""
