"""The gate before the service: one for all jobs of a studio, so that one refusal is enough for all of them."""

from __future__ import annotations

import contextlib
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from .errors import RateLimited, ServiceError

STEP_S = 60.0
"""The longest that anybody should wait before looking again, s."""

_MINUTE_S = 60.0
_FIRST_PAUSE_S = 0.5
_SILENT_S = 5.0  # a refusal comes at once: whoever has had no answer for so long was let in
_FORGET_S = 1800.0
_SURELY_S = 45.0  # no rounding and no delay makes more than this of a minute's difference
_MARGIN_S = 0.3  # the service's minute ends a little after ours
_SPREAD_S = 0.05  # between two that wait for the same opening
_ALL_WELL = 64  # so many at once were let in again that nothing is left of the refusal
_LATE_S = 10.0  # whoever has not come so long after the turn has gone away


class Gate:
    """Lets the requests of one kind through at the speed that the service takes.

    The first 429 closes the gate until the reset; whoever comes meanwhile waits without asking the service. When it
    opens, one goes first, and each time one is let in, twice as many may be out. How many the service took in the last
    minute is remembered and kept to, unless the reset says that it counts by something shorter than minutes; the figure
    grows by 2% a minute, doubles in half an hour, and is then forgotten.

    It only counts; it neither sends nor sleeps. Safe to use from many threads.

    Parameters
    ----------
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._line: dict[str, float] = {}  # who waits, in the order they came, and when they will look again
        self._out: dict[str, float] = {}  # who is under way, and since when
        self._let_in: deque[float] = deque()  # the moments of the last minute
        self._opens_at = -math.inf
        self._closed_at = -math.inf
        self._at_once: int | None = None  # how many may be out together since a refusal; None is no bound
        self._refusals = 0  # in a row
        self._since = 0  # how many were let in since the last refusal
        self._last_time = 0  # how many that were between the two before; 0 when nobody knows
        self._limit: int | None = None
        self._learned_at = 0.0

    @property
    def per_minute(self) -> float | None:
        """How many requests a minute the service takes, as far as it was learned; None while nobody was refused."""
        with self._lock:
            return self._per_minute(self._clock())

    # ---- asking ------------------------------------------------------------------------------------------------

    def ask(self, key: str) -> float:
        """Ask to go through; 0 takes a place, which `through` or `give_back` returns.

        Parameters
        ----------
        key : str
            Who asks; the place in the line is kept by it.

        Returns
        -------
        float
            0, or the seconds until it should be its turn. That is no promise: look again after `STEP_S` at most.
        """
        with self._lock:
            now = self._clock()
            pause = self._queue(key, now)
            if pause <= 0:
                self._out[key] = now
            return pause

    def turn(self, key: str) -> float:
        """Seconds until it is this one's turn, as far as can be told; it waits in the line, and takes no place."""
        with self._lock:
            return self._queue(key, self._clock())

    @contextlib.contextmanager
    def through(self, key: str) -> Iterator[None]:
        """The request itself, after `ask` gave 0: a 429 closes the gate, any other answer keeps it open."""
        try:
            yield
        except RateLimited as error:
            self._refuse(key, error.reset_s)
            raise
        except ServiceError as error:
            if error.status_code is not None and error.status_code < 500:
                self._admit(key)
            raise
        else:
            self._admit(key)
        finally:
            self.give_back(key)

    def give_back(self, key: str) -> None:
        """Give back a place that was taken and, perhaps, never used; a second time does nothing."""
        with self._lock:
            self._out.pop(key, None)

    def leave(self, key: str) -> None:
        """Wait no more: those behind move up."""
        with self._lock:
            self._line.pop(key, None)

    def _queue(self, key: str, now: float) -> float:
        self._tidy(now)
        ahead = self._ahead(key)
        if now >= self._opens_at and ahead < self._room(now):
            self._line.pop(key, None)
            return 0.0
        pause = max(self._turn_at(ahead, now) - now, 0.02)
        self._line[key] = now + min(pause, STEP_S)
        return pause

    def _ahead(self, key: str) -> int:
        """How many wait before this one; a newcomer is the last."""
        return next((place for place, waiting in enumerate(self._line) if waiting == key), len(self._line))

    def _room(self, now: float) -> float:
        """How many may go right now."""
        together = math.inf if self._at_once is None else self._at_once - len(self._out)
        if self._at_once == 1:  # the service itself said when to come: the first one finds out
            return together
        if 0 < self._last_time <= self._since + len(self._out) and now < self._opens_at + _MINUTE_S:
            together = 1 - len(self._out)  # it is about to close again: one at a time
        limit = self._per_minute(now)
        return together if limit is None else min(together, int(limit) - len(self._let_in) - len(self._out))

    def _turn_at(self, ahead: int, now: float) -> float:
        """When it should be the turn of one that has so many before it."""
        opens = max(now, self._opens_at)
        limit = self._per_minute(now)
        if limit is None:
            late = 0 if now < self._opens_at else 1  # all who may go are out: a moment later one of them is back
            return opens + _SPREAD_S * (ahead + late)
        whole = int(limit)
        taken = sorted(t for t in (*self._let_in, *self._out.values()) if t + _MINUTE_S > opens)[-whole:]
        later = ahead - (whole - len(taken))
        if later < 0:
            return opens + (0.0 if now < self._opens_at else _SPREAD_S) + _SPREAD_S * ahead
        rounds, place = divmod(later, whole)
        ends = taken[place] if place < len(taken) else opens
        return max(ends + _MINUTE_S * (rounds + 1), opens) + _MARGIN_S

    # ---- learning ----------------------------------------------------------------------------------------------

    def _admit(self, key: str) -> None:
        with self._lock:
            now = self._clock()
            since = self._out.pop(key, None)
            if since is not None:  # else it was silent for so long that it has been counted
                self._count(since, now)

    def _count(self, since: float, now: float) -> None:
        self._let_in.append(now)
        self._forget_old(now)
        if since < self._closed_at:  # under way with the one that was refused: the limit is higher than it seemed
            self._last_time += 1
            if self._learned_at == self._closed_at:
                self._limit = max(self._limit or 0, len(self._let_in))
            return
        self._refusals = 0
        self._since += 1
        if self._at_once is not None:
            self._at_once = self._at_once * 2 if self._at_once < _ALL_WELL else None
        if (limit := self._per_minute(now)) is not None and sum(t > now - _SURELY_S for t in self._let_in) > limit:
            self._limit = None  # more than that in less than a minute: the limit is not one by the minute

    def _refuse(self, key: str, reset_s: float) -> None:
        with self._lock:
            now = self._clock()
            since = self._out.pop(key, now)
            self._forget_old(now)
            self._at_once = 1
            if since < self._closed_at:  # it went out before the gate closed: no news
                self._opens_at = max(self._opens_at, now + reset_s)
                return
            self._refusals += 1
            self._last_time, self._since = self._since or self._last_time, 0
            oldest = self._let_in[0] if self._let_in else now
            # A reset that comes sooner than a minute after the oldest is not about a minute's sends, or not about ours
            # alone; unless it was wrong, and the one who came after it was refused again.
            if now + reset_s >= oldest + _SURELY_S or self._refusals > 1:
                self._limit, self._learned_at = len(self._let_in) or self._limit, now
            # A reset that lies in the past, as by a wrong clock, must not turn into hammering: the pauses grow.
            pause = max(reset_s, min(_FIRST_PAUSE_S * 2.0 ** min(self._refusals - 1, 10), STEP_S))
            # Other kernels wait for the same moment.
            pause += random.uniform(0, min(pause / 20, 2.0))
            self._closed_at, self._opens_at = now, max(self._opens_at, now + pause)

    def _per_minute(self, now: float) -> float | None:
        if self._limit is None or now - self._learned_at > _FORGET_S:
            return None
        return float(self._limit * 2 ** ((now - self._learned_at) / _FORGET_S))

    # ---- what is over ------------------------------------------------------------------------------------------

    def _tidy(self, now: float) -> None:
        self._forget_old(now)
        for key in [key for key, since in self._out.items() if since < now - _SILENT_S]:
            self._count(self._out.pop(key), now)
        for key in [key for key, due in self._line.items() if due < now - _LATE_S]:
            del self._line[key]

    def _forget_old(self, now: float) -> None:
        while self._let_in and self._let_in[0] <= now - _MINUTE_S:
            self._let_in.popleft()
