"""`python -m pixverse_nb.preview.picture`: draws what is asked for on standard input, for `preview.painters`.

Orders (a shot and a path) and answers (None or an exception) are pickles. It ends when its orders end.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path

from . import RenderError, Shot, render


def main() -> None:
    """Draw until nobody is there to ask for more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            shot, path = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started this one
            answers.write(pickle.dumps(_trouble(shot, path)))
            answers.flush()


def _trouble(shot: Shot, path: Path) -> Exception | None:
    """What went wrong, as an exception that can be told to another process."""
    try:
        render(shot, path)
    except RenderError as error:
        return RenderError(str(error))
    except Exception as error:  # noqa: BLE001  told with its stack; who asked logs it
        if isinstance(error, OSError) and error.strerror:
            return OSError(error.errno, error.strerror)
        return RuntimeError(traceback.format_exc())
    return None


if __name__ == "__main__":
    main()
