"""A job whose answer was lost: looked for in the account's history, and never sent again."""

from __future__ import annotations

import time
from typing import Any

from . import errors, lost, mishaps
from .lost import ADOPTED, find_lost
from .pricing import to_usd
from .rows import error_of, reported, words_of
from .segmind.answers import AccountRow, normalise
from .segmind.client import is_transient
from .store.account import charge_of
from .store.schema import PREVIEW
from .store.words import now_us
from .workpiece import Stalled, Workpiece

_SEARCH_WHILE_PENDING_S = 5.0
_ROUNDED_S = 5.0  # how far the account's history may round a moment down


class Search(Workpiece):
    """Looks for the job of a row in the account's history."""

    _looks = 0
    _asked = _fresh = False
    giving_up: object | None = None
    """Set while a person wants the row closed if the next look finds nothing."""
    looked_at: float | None = None
    """Monotonic moment at which the last look that is over began."""
    running_since: int | None = None
    """Since when the account calls it running, microseconds since 1970, by the last look that found it."""

    def _lose(self, error: errors.OutcomeUnknown) -> float | None:
        """Write down that the answer was lost; the money stays reserved and the account's history is searched."""
        if self._orphaned:
            return self._engine_ended()
        # On v2 an id in an error's header is a proxy's own: the job's id comes in the answer's body.
        known = self.row["request_id"] or (error.request_id if self.row["api"] == "v1" else None)
        billed = error.billed if error.billed is not None else self.row["billed"]
        bill = reported(self.row, error.accounting) if error.accounting else {}
        told = {**bill, "request_id": known, "billed": billed, "http_status": error.status_code}
        self._write(status="unknown", **told, **words_of(error))
        self._looks = 0
        return 0.0

    def ask_to_look(self, *, fresh: bool = False, give_up: bool = False) -> None:
        """Have the next look not count.

        Parameters
        ----------
        fresh : bool
            Whether it asks the account itself, however young the last listing is.
        give_up : bool
            Whether the row is closed when it finds nothing; `giving_up` until then, which may be withdrawn.
        """
        self._asked, self._fresh, self.giving_up = True, fresh or give_up, object() if give_up else None

    def search(self) -> float | None:
        """Look once; seconds until the next step, None when the job has ended."""
        if self.row["studio"] == ADOPTED and not self.row["request_id"]:
            return self._fail(lost.anothers())
        began, last = time.monotonic(), self.giving_up
        self.running_since = None
        try:
            pause = self._look_once(last)
        finally:
            self.giving_up = None if self.giving_up is last else self.giving_up
        self.looked_at = began  # not where it stalled: that is told in its own way
        return pause

    def _look_once(self, last: object | None) -> float | None:
        asked, fresh = self._asked, self._fresh
        self._asked = self._fresh = False
        found = self._look(fresh=fresh, last=last is not None)
        pause = None if found is None else self._act_on(found, last=last is not None)
        if pause is not None:
            return pause
        if last is None or self.giving_up is not last:
            return self._look_later(counted=not asked)
        if found is None:
            return self._write_off("the account's history did not know it")
        if self.running_since is not None:
            return self._write_off(f"the account called it running since {lost.clock(self.running_since)}")
        self.ask_to_look(give_up=True)  # what was found became another row's just now: there may be more
        return 0.0

    def _look(self, *, fresh: bool, last: bool) -> AccountRow | None:
        """The account's record of the job; None when there is none, or none that is surely its own."""
        try:
            found = find_lost(self.row, self.bench, now=fresh)
        except errors.PixverseError as error:
            if last or not is_transient(error):
                raise self._stall(error) from None
            self._tell(self.row, f"{error.what}; looking again")
            return None
        if found is None or not self._rivalled(found):
            return found
        if last:
            raise Stalled(lost.doubtful())
        return None

    def _act_on(self, found: AccountRow, *, last: bool) -> float | None:
        """Seconds until the next step; None when the record is another row's, or says nothing that leads on."""
        if self._take(found):
            return 0.0
        if normalise(found.request_id) != normalise(self.row["request_id"] or ""):
            return None
        if found.status == "PENDING":
            return self._wait_for(found, last=last)
        if last:  # finished, but nobody says where: nothing to write off
            raise self._stalled()
        return None

    def _wait_for(self, found: AccountRow, *, last: bool) -> float | None:
        """Seconds until the next look at a job that runs; None when it may be written off."""
        sent_us = self.row["sent_at"]
        self.running_since = lost.recorded_at(found, self.bench) or sent_us
        if last and now_us() >= sent_us + lost.STUCK_US:
            return None
        if now_us() >= sent_us + lost.LONG_US:
            raise Stalled(lost.still_running(self.running_since, sent_us))
        self._tell(self.row, "found in the account's history: it is still running")
        return _SEARCH_WHILE_PENDING_S

    def _look_later(self, *, counted: bool) -> float:
        self._looks += counted
        pauses = self.bench.pace.search_s
        if self._looks > len(pauses) or not pauses:
            raise self._stalled()
        self._tell(self.row, "the answer was lost: looking for the job in the account's history")
        return pauses[max(self._looks - 1, 0)]

    def _stalled(self) -> Stalled:
        return Stalled(error_of(self.row) or errors.OutcomeUnknown("the answer to the send was lost"))

    def _write_off(self, why: str) -> float | None:
        """Close the row because a person says so; what it kept reserved is free unless it is known to be billed."""
        kept = self.row["reserved_micros"] if self.row["billed"] and self.row["cost_micros"] is None else 0
        words = words_of(lost.written_off(why, to_usd(kept) if kept else None))
        self._write(status="failed", completed_at=now_us(), reserved_micros=kept, **words)
        return self._sealed()

    def _rivalled(self, found: AccountRow) -> bool:
        """Whether the record may be another send's of the same request, whose answer is still out."""
        rivals = [] if self.row["request_id"] else self.bench.store.rivals(self.row)
        moment = lost.recorded_at(found, self.bench)
        if moment is None:
            return bool(rivals)
        pace = self.bench.pace
        latest_us = (max(pace.submit_read_s, pace.run_read_s) + lost.LATE_S) * 1e6
        return any(-_ROUNDED_S * 1e6 <= moment - sent <= latest_us for sent in rivals)

    def _take(self, found: AccountRow) -> bool:
        """Act on what the account's history says; False when it says nothing final."""
        if normalise(found.request_id) != normalise(self.row["request_id"] or ""):
            guess = words_of(lost.taken_up())  # in one transaction: a guess must never pass for what was told
            if not self.bench.store.claim_request(self.row["id"], found.request_id, **guess):
                return False
            self._write(request_id=found.request_id, **guess)
        if found.status == "FAILED" and self._is_guess:
            self._write(request_id=None, **words_of(lost.given_back()))
        elif found.status == "FAILED":
            if found.cost_micros:
                self._write(**self._charge(found))
            error = mishaps.failed(found.error, found.request_id)
            error.billed = bool(self.row["cost_micros"])
            self._fail(error)
            return True
        elif found.status == "COMPLETED" and found.url:
            self._write(status="downloading", output_url=found.url, billed=True, **self._charge(found))
            return True
        return False

    @property
    def _is_guess(self) -> bool:
        """Whether the row's request was found by parameters and time, and not told by the answer to its send."""
        return bool(self.row["error"] == lost.taken_up().event)

    def _charge(self, found: AccountRow) -> dict[str, Any]:
        """The account's charge as columns; beside the one that was reported, where that is known."""
        source = PREVIEW if self.row["service"] == PREVIEW else "account"
        return charge_of(self.row, found.cost_micros, source)
