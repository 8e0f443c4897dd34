"""When to ask next: rarely at first, from what earlier jobs took, then closely; at most 15 times a minute."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

TYPICAL_S = 66.0
"""The latency that the API's page shows, s; used until there are jobs of one's own."""

MOST_A_MINUTE = 15
"""Status requests of one job within any 60 s. Jobs of less than 20 s, as the preview engine's, may have more."""

_MINUTE_S = 60.0
_SHORT_S = 20.0
_EARLIER = 0.85  # of the typical time: the page has shown 58, 66 and 86 s
_BELOW = 0.92  # of the shortest of those that there were
_FEW = 4  # fewer jobs than this do not tell how short one can be
_CLOSELY = 21  # pauses near the end are so many-th parts of the time that has passed: half of one is 2.4%
_SPARED = 2  # the last requests of a minute are spread


def expectation(recent_s: Sequence[float]) -> float | None:
    """The median of what earlier jobs of the kind took, in seconds; None without any."""
    return statistics.median(recent_s) if recent_s else None


def soonest(recent_s: Sequence[float], typical_s: float = TYPICAL_S) -> float:
    """From when a job may well be finished, in seconds after the send.

    Parameters
    ----------
    recent_s : sequence of float
        What earlier jobs of the kind took, s.
    typical_s : float
        What jobs take, s, as long as there are too few of one's own.
    """
    guess = _EARLIER * typical_s
    shortest = _BELOW * min(recent_s, default=guess)
    return min(shortest, guess) if 0 < len(recent_s) < _FEW else (shortest if recent_s else guess)


def next_poll(polled_s: Sequence[float], soonest_s: float, shortest_s: float, longest_s: float) -> float:
    """Seconds to wait before the next status request; the first one comes at once.

    A body is only validated after queueing, so a bad one shows early: the first pauses double. From the soonest end on,
    a pause is a share of the time that has passed: so the wait beyond the true finish is a share of the job, whatever
    jobs turn out to take (2.4% in the mean at the service's pace). Pauses vary by a tenth, so that jobs sent together
    do not ask together.

    Parameters
    ----------
    polled_s : sequence of float
        When this job was asked after so far, in seconds after the send; the last is now. The newest 15 are enough.
    soonest_s : float
        From when it may well be finished, s.
    shortest_s, longest_s : float
        Bounds of the answer, s. They come before everything else.
    """
    now = polled_s[-1]
    left = MOST_A_MINUTE - sum(moment > now - _MINUTE_S for moment in polled_s) if soonest_s >= _SHORT_S else _SPARED
    if now < soonest_s:
        first = max(soonest_s / 32, min(1.7, soonest_s / 6))
        pause = min(max(now, first), max(soonest_s - now, first))
    else:
        pause = now / _CLOSELY * max(1.0, _SPARED / max(left, 1))
    pause *= random.uniform(0.9, 1.1)  # noqa: S311
    if left <= 0:
        pause = max(pause, polled_s[-MOST_A_MINUTE] + _MINUTE_S - now)
    return min(max(pause, shortest_s), longest_s)
