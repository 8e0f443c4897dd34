"""What is told, and renewed, while a clip arrives."""

from __future__ import annotations

import time
from collections.abc import Callable

from .logs import Passing

_TELL_EVERY_S = 0.5


def arriving(
    tell: Callable[[str], None], renew: Callable[[], None], renew_every_s: float
) -> Callable[[int, int | None], None]:
    """A download's `on_progress`: tells the megabytes twice a second, and renews the job's lease in time.

    Parameters
    ----------
    tell : callable
        Called with words such as "1.2 of 3.4 MB".
    renew : callable
        Called every `renew_every_s` seconds; what it raises ends the download.
    renew_every_s : float
        Seconds, well under the lease's own.
    """
    told = renewed = time.monotonic()

    def progress(done: int, whole: int | None) -> None:
        nonlocal told, renewed
        now = time.monotonic()
        if now - told > _TELL_EVERY_S:
            told = now
            of = f" of {whole / 1e6:.1f}" if whole else ""
            tell(Passing(f"{done / 1e6:.1f}{of} MB"))
        if now - renewed > renew_every_s:
            renewed = now
            renew()

    return progress
