"""The account that every accepted key belongs to: its balance and its jobs.

One engine is one account, whichever key is used, so that no key need be remembered.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING

from pixverse_nb.pricing import MICROS, to_micros

if TYPE_CHECKING:
    from .jobs import Job


class Account:
    """Money and jobs; safe from every thread.

    Parameters
    ----------
    balance, free_credits : float
        USD at the start; free credits are spent first.
    record_life_s : float
        Seconds after its end during which a request can be polled (the service: 1 hour).
    """

    def __init__(self, balance: float, free_credits: float, record_life_s: float) -> None:
        self._lock = threading.Lock()
        self._paid = to_micros(balance)
        self._free = to_micros(free_credits)
        self._reserved = 0
        self._record_life_s = record_life_s
        self._jobs: dict[str, Job] = {}

    def balance(self) -> dict[str, float]:
        """The balance in USD, as the service words it."""
        with self._lock:
            return {"credits": self._paid / MICROS, "free-credits": self._free / MICROS}

    def open(self, job: Job) -> bool:
        """Take a job into the books, its price reserved; False, and nothing taken, when the balance is too low."""
        price = job.order.cost_micros if job.order else 0
        with self._lock:
            if price > self._paid + self._free - self._reserved:
                return False
            self._reserved += price
            self._jobs[job.id] = job
        return True

    def settle(self, job: Job) -> None:
        """Charge a job that has ended; one that failed costs nothing (Segmind bills only for HTTP 200)."""
        price = job.order.cost_micros if job.order else 0
        with self._lock:
            self._reserved -= price
            told = job.quirk("cost")
            charge = to_micros(told.usd) if told else price
            charge = charge if job.error is None else 0
            from_free = min(charge, self._free)
            self._free -= from_free
            self._paid -= charge - from_free
            job.charge_micros = charge
            job.remaining_micros = self._paid + self._free

    def find(self, request_id: str) -> Job | None:
        """A job of any age; ids are the same with and without dashes."""
        try:
            plain = str(uuid.UUID(request_id))
        except ValueError:
            return None
        with self._lock:
            return self._jobs.get(plain)

    def poll(self, request_id: str) -> Job | None:
        """A job whose record is still alive; one that waits or works outlives any patience."""
        job = self.find(request_id)
        over = job is not None and job.ended is not None and time.monotonic() - job.ended >= self._record_life_s
        return None if over else job

    def jobs(self) -> list[Job]:
        """Every job, oldest first."""
        with self._lock:
            return list(self._jobs.values())
