"""Time-outs, retries and how often to ask: one frozen value, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


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
