"""`python -m pixverse_nb.preview`: the preview engine as a process of its own."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from pixverse_nb.errors import InvalidParameter

from . import faults
from .server import PreviewServer

_PATIENCE_S = 0.2  # the process ends with its drawings, so there is no reason to wait for them


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes or, if so asked, until standard input closes; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        server = _server(options)
    except ValueError as wrong:
        parser.error(str(wrong))
    for fault in options.fault:
        server.faults.include(fault)
    logging.basicConfig(level=logging.WARNING)  # on stderr: why a clip could not be drawn is for the operator to read
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # A notebook's Interrupt reaches every process of its kernel's group: an engine that ends with its kernel stays.
    signal.signal(signal.SIGINT, signal.SIG_IGN if options.until_stdin_closes else lambda *_: stop.set())
    if hasattr(os, "nice"):
        os.nice(options.nice)
    try:
        server.start()
    except InvalidParameter as wrong:
        if wrong.what.startswith("cannot keep"):
            parser.error(str(wrong))
        sys.stderr.write(f"{wrong}\n")
        return 1
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    if options.until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True).start()
    while not stop.wait(3600):  # a wait without a limit would not let signals through on Windows
        pass
    server.close(patience_s=_PATIENCE_S)
    return 0


def _server(options: argparse.Namespace) -> PreviewServer:
    return PreviewServer(
        options.port,
        host=options.host,
        keys=options.key,
        balance=options.balance,
        free_credits=options.free_credits,
        record_life_s=options.record_life,
        file_life_s=options.file_life,
        history_lag_s=options.history_lag,
        rate_limit=options.rate_limit,
        rate_window_s=options.rate_window,
        pace=options.pace,
        workers=options.workers,
        v1_json=options.v1_json,
        folder=options.folder,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pixverse_nb.preview",
        description="Serve the PixVerse preview engine: Segmind's protocol, clips of its own, nothing billed. "
        "Prints its URL when it is ready.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--host", default="127.0.0.1", help="address to listen on; whoever reaches it may use it")
    add("--key", action="append", metavar="KEY", help="accept only this API key; may be repeated")
    add("--balance", type=float, default=100.0, metavar="USD", help="balance at the start")
    add("--free-credits", type=float, default=0.0, metavar="USD", help="free credits at the start")
    add(
        "--record-life",
        type=float,
        default=3600.0,
        metavar="S",
        help="seconds after its end for which a request can be polled",
    )
    add("--file-life", type=float, default=7 * 86400.0, metavar="S", help="seconds for which a clip can be fetched")
    add("--history-lag", type=float, default=0.0, metavar="S", help="seconds until the account history shows a request")
    add("--rate-limit", type=int, metavar="N", help="accept so many submits within the rate window")
    add("--rate-window", type=float, default=60.0, metavar="S", help="seconds for which a submit counts")
    add("--pace", type=float, default=0.0, metavar="FACTOR", help="0: as fast as it draws; 1: the service's own pace")
    add("--workers", type=int, default=2, metavar="N", help="clips that are drawn at once")
    add("--v1-json", action="store_true", help="v1 answers JSON with a URL instead of bytes")
    add("--folder", help="keep pictures and clips here, from run to run")
    add(
        "--nice",
        type=int,
        choices=range(20),
        default=10,
        metavar="N",
        help="how far to step back behind other programs, 0 to 19",
    )
    add(
        "--until-stdin-closes",
        action="store_true",
        help="end when standard input ends, with whoever holds it; Interrupt is then ignored",
    )
    add("--fault", action="append", type=_fault, default=[], metavar="AT:KIND[,name=value]...",
        help="a fault to play, such as submit:503,queued=yes or download:cut,times=2; may be repeated. "
        "See help(pixverse_nb.preview.faults)")  # fmt: skip
    return parser


def _fault(spec: str) -> faults.Fault:
    try:
        return faults.parse(spec)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _watch_stdin(stop: threading.Event) -> None:
    """Set `stop` at the end of standard input: the parent has closed it, or has died."""
    try:
        while os.read(0, 65536):
            pass
    except OSError:
        pass  # an input that cannot be read has nobody at its other end
    stop.set()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A drawing that is under way must not hold the process back, nor run into the interpreter's own end.
    os._exit(code)
