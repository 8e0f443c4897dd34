"""When to ask next: rarely at first, from what earlier jobs took, then closely."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

TYPICAL_S = 66.0
"""The latency that the API's page shows, s; used until there are jobs of one's own."""


def expectation(recent_s: Sequence[float]) -> float | None:
    """The median of what earlier jobs of the kind took, in seconds; None without any."""
    return statistics.median(recent_s) if recent_s else None


def next_poll(elapsed_s: float, expected_s: float, shortest_s: float, longest_s: float) -> float:
    """Seconds to wait before the next status request; the first one comes at once.

    A body is only validated after queueing, so a bad one shows early: the first pauses grow from a fortieth of the
    expected time, doubling. When two thirds of it are over, every twentieth: that keeps the wait beyond the true
    finish near 3% of the job.

    Parameters
    ----------
    elapsed_s : float
        Since the send.
    expected_s : float
        What the job should take in all.
    shortest_s, longest_s : float
        Bounds of the answer.
    """
    near = expected_s * 2 / 3
    if elapsed_s < near:
        pause = min(max(elapsed_s, expected_s / 40), near - elapsed_s)
    else:  # the later a job is, the more rarely it is asked after
        pause = max(expected_s, elapsed_s) / 20
    return min(max(pause, shortest_s), longest_s)
