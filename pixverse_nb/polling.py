"""When to ask next: seldom enough for the service, soon enough for the person.

The promise, for a job of the service at the usual pace:

- never more than 15 status requests within any 60 s, whatever happens;
- a job of 60 s or more is noticed 2.5% of its length after its end in the mean, and less than 3% for every length;
- a shorter one 2.5 s after its end in the mean, where 15 a minute evenly spread allow 2 s: the rest finds a refusal
  within seconds, and pays for the minute after. When the last eight or more of the kind were within 5% of their mean,
  their like is noticed within 3% again. One that ends sooner than any before is noticed within 11 s.

All of that holds with any history and with none, but for one price: where eight or more of a kind took less than a
minute and were alike, the minute's requests go where they ended. One that takes much longer may then wait until the
minute is over (30 s at the worst), and until its 105th second 10% of its length. The preview engine's first 20 s do not
count against the 15, for it is on this machine.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

TYPICAL_S = 66.0
"""The latency that the API's page shows, s; what a clip is said to take until there are jobs of one's own."""

MOST_A_MINUTE = 15
"""Status requests of one job within any 60 s."""

_WINDOW_S = 61.0  # a minute, and what the network may bring two requests closer together
_CLOSELY = 20  # pauses are so many-th parts of the time that has passed: half of one is 2.5%
_CLOSELY_FROM_S = 57.0  # from here on those are fewer than 15 a minute by themselves
_EVENLY_S = 4.8  # before: 60 s / 15, and some for the first few and for what follows
_SELDOM_S = 9.0  # and before it is expected
_FROM_S = 10.0  # without earlier jobs
_EARLIER, _LATER = 0.85, 1.15  # than any of the earlier jobs
_FEW = 8  # fewer jobs than this tell nothing about the next one
_PREVIEW_S = 2.0  # what the preview engine takes for a short clip
_PREVIEW_FREE_S = 20.0


class Outlook(NamedTuple):
    """When a job may end, in seconds after its send.

    Attributes
    ----------
    soonest_s, latest_s : float
        It is likely to end between these, s; the latter is infinite when nobody knows.
    free_s : float
        Status requests before this age are not counted, s.
    """

    soonest_s: float
    latest_s: float = math.inf
    free_s: float = 0.0


def expectation(recent_s: Sequence[float]) -> float | None:
    """The median of what earlier jobs of the kind took, in seconds; None without any."""
    return statistics.median(recent_s) if recent_s else None


def outlook(recent_s: Sequence[float], *, preview: bool = False) -> Outlook:
    """When the next job of a kind may end, by what earlier ones took, s; with fewer than eight, as if there were none.

    Parameters
    ----------
    recent_s : sequence of float
        What earlier jobs of the kind took, s.
    preview : bool
        Whether it is the preview engine's.
    """
    free_s = _PREVIEW_FREE_S if preview else 0.0
    if len(recent_s) < _FEW:
        return Outlook(_EARLIER * _PREVIEW_S if preview else _FROM_S, free_s=free_s)
    return Outlook(min(_EARLIER * min(recent_s), _CLOSELY_FROM_S), _LATER * max(recent_s), free_s)


def next_poll(polled_s: Sequence[float], ahead: Outlook, shortest_s: float, longest_s: float) -> float:
    """Seconds to wait before the next status request; the first one comes at once.

    A body is only validated after queueing, so a bad one shows early: at first each pause trebles. From the soonest end
    on, a pause is a share of the time that has passed; but in the first minute that would be too often, and what is
    left of the minute's requests is spread until the latest end. Pauses vary by a fifth, so that jobs sent together do
    not ask together.

    Parameters
    ----------
    polled_s : sequence of float
        When this job was asked after so far, in seconds after the send; the last is now. The newest 15 are enough.
    ahead : Outlook
        When it may end.
    shortest_s, longest_s : float
        Bounds of the answer, s; only a minute that is full makes it longer, see `until_room`.
    """
    now = polled_s[-1]
    if now < ahead.soonest_s:
        first = max(ahead.soonest_s / 32, min(1.7, ahead.soonest_s / 6))
        pause = min(max(2 * now, first), max(ahead.soonest_s - now, first), _SELDOM_S)
    else:
        pause = now / _CLOSELY
        if ahead.free_s <= now < _CLOSELY_FROM_S:
            pause = max(pause, _evenly(ahead.latest_s - now, MOST_A_MINUTE - len(_counted(polled_s, now, ahead))))
    pause *= random.uniform(0.8, 1.2)
    return max(min(max(pause, shortest_s), longest_s), until_room(polled_s, now, ahead, longest_s))


def until_room(polled_s: Sequence[float], now_s: float, ahead: Outlook, longest_s: float) -> float:
    """Seconds until one more status request is no more than 15 within 60 s; 0 when it may come now.

    A longest pause of less than 4 s is a wish for more than 15 a minute, and is granted.
    """
    counted = _counted(polled_s, now_s, ahead)
    if longest_s * MOST_A_MINUTE < 60 or len(counted) < MOST_A_MINUTE:
        return 0.0
    # A clock that was set back leaves moments that are still to come.
    return min(max(counted[-MOST_A_MINUTE] + _WINDOW_S - now_s, 0.0), _WINDOW_S)


def _counted(polled_s: Sequence[float], now_s: float, ahead: Outlook) -> list[float]:
    """The requests of the minute up to now."""
    return [moment for moment in polled_s if moment > now_s - _WINDOW_S and moment >= ahead.free_s]


def _evenly(until_latest_s: float, left: int) -> float:
    """A pause that makes the requests that are left, but one, last until the latest end."""
    return min(until_latest_s / max(left - 1, 1), _EVENLY_S) if until_latest_s > 0 else _EVENLY_S
