"""Time-outs, retries and how often to ask: one frozen value, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .errors import InvalidParameter

_LONGEST_S = 7 * 86400.0


@dataclass(frozen=True)
class Pace:
    """How patient the toolkit is. The defaults suit clips that take about a minute.

    Attributes
    ----------
    connect_s, read_s : float
        Time-outs of free requests, s: to connect, and between two bytes of the answer. A whole JSON answer may take
        twice the read time-out of its call after its headers, so that none can trickle for ever.
    submit_read_s : float
        How long a v2 submit may take to answer, s; it only queues.
    run_read_s : float
        How long the blocking v1 call may take to answer, s; it draws the whole clip.
    attempts : int
        How often a free request is tried.
    retry_s : float
        First pause between two tries, s; it doubles, with jitter.
    poll_s : tuple of float
        Shortest and longest pause between two status requests, s. A job of the service is asked after at most 15 times
        in any 60 s, even when that takes a longer pause; only a longest one of less than 4 s asks for more than that.
    search_s : tuple of float
        Pauses between two looks into the account's history for a job whose answer was lost, s.
    lease_s : float
        How long another machine waits before it takes over a job whose kernel went silent, s. A job that waits is
        written down again when less than half of it is left.

    Raises
    ------
    InvalidParameter
        For what is no number of seconds up to a week (only pauses may be 0), and for `attempts` that are not 1 to 100.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    submit_read_s: float = 90.0
    run_read_s: float = 900.0
    attempts: int = 5
    retry_s: float = 0.5
    poll_s: tuple[float, float] = (0.1, 30.0)
    search_s: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
    lease_s: float = 300.0

    def __post_init__(self) -> None:
        """Check what was given: a bad figure would come up after a send, in the middle of a job."""
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or not 1 <= self.attempts <= 100:
            raise _refused("attempts", self.attempts, "a whole number from 1 to 100")
        for name in (field.name for field in fields(self) if field.type == "float"):
            pause = name == "retry_s"
            if not _is_seconds(getattr(self, name), pause=pause):
                raise _refused(name, getattr(self, name), "a number of seconds, up to a week")
        low_high = self.poll_s
        if not (_are_pauses(low_high) and len(low_high) == 2 and low_high[0] <= low_high[1]):
            raise _refused("poll_s", low_high, "a shortest and a longest pause, in seconds, such as (0.1, 30.0)")
        if not _are_pauses(self.search_s):
            raise _refused("search_s", self.search_s, "pauses in seconds, such as (2.0, 5.0)")


def _is_seconds(value: object, *, pause: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return (0 if pause else 1e-6) <= value <= _LONGEST_S  # which no NaN is


def _are_pauses(value: object) -> bool:
    return isinstance(value, (tuple, list)) and bool(value) and all(_is_seconds(one, pause=True) for one in value)


def _refused(name: str, value: object, allowed: str) -> InvalidParameter:
    return InvalidParameter(f"Pace: {name}={value!r} is not allowed", remedy=f"{name} is {allowed}.", billed=False)
