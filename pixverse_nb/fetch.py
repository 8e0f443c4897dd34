"""A finished clip on its way to the disk."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable

from . import errors, mishaps
from .delivered import columns_as_asked
from .lost import address_of, find_lost, nowhere_left
from .media.clips import Received
from .progress import arriving
from .rows import NO_ERROR, columns_of, words_of
from .search import Search
from .segmind.client import is_transient
from .store.schema import PREVIEW
from .store.words import FILE_LIFE_US, now_us
from .workpiece import Stalled

_FETCHES = 3
_LATE_US = 3_600_000_000  # how late a job may appear in the account's history (contract, Other endpoints: open)
_FORBIDDEN = 403  # of an address that was signed for a while: the file may be there
_BUSY = (429, 503)
_BUSY_FOR_S = 3600.0
"""How long a job waits for a host that says again and again that it is busy, s, before it waits for a person."""


class Fetch(Search):
    """Brings the clip of a row home."""

    _troubles = 0
    _fetches = 0
    _busy_since: float | None = None

    def fetch(self) -> float | None:
        """Fetch the clip from its address; seconds until the next step, None when the job has ended."""
        if not self.row["output_url"]:
            return self._ask_where()
        started = time.monotonic()
        backend, clips = self.bench.backend, self.bench.clips
        try:
            received = backend.downloader.fetch(self.row["output_url"], clips, on_progress=self._progress())
            return self._finish(received, time.monotonic() - started)
        except errors.ClipError as error:
            if self._orphaned:
                return self._engine_ended()
            return self._refresh(error) if error.status_code in {403, 404, 410} else self._fetch_again(error)

    def _ask_where(self) -> float | None:
        """A v1 answer was the clip itself, without an address: ask the account for one."""
        if self.row["completed_at"] is None:  # killed while the bytes were arriving
            return self._lose(errors.OutcomeUnknown("the kernel ended while the clip was arriving", billed=True))
        try:
            found = find_lost(self.row, self.bench)
        except errors.PixverseError as error:
            return self._fetch_again(error)
        has = found is not None and found.status == "COMPLETED" and found.url is not None
        if found is not None and has and self._take(found):
            return 0.0
        if now_us() - (self.row["sent_at"] or 0) < _LATE_US:  # the account may not list it yet
            return self._fetch_again(errors.ClipError("the account's history does not name the clip yet"))
        return self._give_up(None)

    def _engine_ended(self) -> float | None:
        """A preview whose file had vanished was completed all the same."""
        return super()._engine_ended() if self.row["completed_at"] is None else self._give_up(None)

    def _give_up(self, status_code: int | None) -> float | None:
        """The clip was here, and is nowhere any more: completed it remains, without a file, and the money is spent."""
        cost = self.row["cost_micros"]
        self._write(
            status="completed",
            video_path=None,
            output_url=None,
            reserved_micros=0 if cost is not None else self.row["reserved_micros"],
            http_status=status_code,
            **words_of(nowhere_left(status_code, self.row["billed"])),
        )
        return self._sealed()

    def _fetch_again(self, error: errors.PixverseError) -> float | None:
        """The clip could not be fetched: a few tries, then it waits for a person; a paid clip is not given up.

        A host that is busy says nothing about the clip: it is asked again for an hour, as late as it says.
        """
        if error.status_code in _BUSY and self._is_patient():
            after_s = (error.after_s or 0.0) if isinstance(error, errors.ClipError) else 0.0
            return max(self._trouble(error) or 0.0, min(after_s, _BUSY_FOR_S))
        self._fetches += 1
        if self._fetches < _FETCHES:
            return self._trouble(error)
        error.billed = self.row["billed"]
        self._write(**words_of(error))
        raise Stalled(error)

    def _is_patient(self) -> bool:
        now = time.monotonic()
        self._busy_since = now if self._busy_since is None else self._busy_since
        return now - self._busy_since < _BUSY_FOR_S

    def _progress(self) -> Callable[[int, int | None], None]:
        return arriving(lambda note: self._tell(self.row, note), self._write, self.bench.pace.lease_s / 3)

    def _refresh(self, gone: errors.ClipError) -> float | None:
        """The clip's URL is dead: ask for another one, by request id, then in the account's history.

        A clip that was here once is given up when the service does not know it, or when it is too old. As long as the
        service names an address, or nobody could be asked, it may still come.
        """
        named, told = None, False
        with contextlib.suppress(errors.PixverseError):  # then the old one is tried again, later
            named, told = address_of(self.row, self.bench), True
        if named is not None and named != self.row["output_url"]:
            self._write(output_url=named)
            if self._fetches == 0:
                self._fetches = 1
                return 0.0
        old = now_us() - (self.row["sent_at"] or 0) >= FILE_LIFE_US
        was_here = self.row["completed_at"] is not None
        if was_here and told and named is None and not old and self.row["api"] == "v1":
            self._write(output_url=None)  # an answer without an id, or with a proxy's: the account knows it by another
            return 0.0
        if was_here and (old or (told and named is None and gone.status_code != _FORBIDDEN)):
            self._fetches += 1  # one refusal may be a blip of the host's
            return self._trouble(gone) if self._fetches < _FETCHES else self._give_up(gone.status_code)
        # A young file that is not there may be on its way to the host that serves it.
        if not old:
            return self._fetch_again(gone)
        return self._fail(mishaps.gone_for_good(gone, self.row["billed"]))

    def _finish(self, received: Received, download_s: float) -> float | None:
        path, facts = self.bench.clips.keep(received)
        latency = self.row["latency_s"] if self._sent is None else time.monotonic() - self._sent
        cost = self.row["cost_micros"]
        same = self.row["inspected_at"] is not None and self.row["video_sha256"] == received.sha256
        self._write(
            force=True,  # the clip is on the disk, whoever else may have been looking for it
            status="completed",
            completed_at=self.row["completed_at"] or now_us(),  # one whose file had vanished was completed long ago
            billed=self.row["service"] != PREVIEW,
            reserved_micros=0 if cost is not None else self.row["reserved_micros"],
            latency_s=latency,
            download_s=download_s,
            video_path=path.relative_to(self.bench.store.home).as_posix(),
            video_sha256=received.sha256,
            http_status=None,
            **columns_of(facts),
            **({} if same else columns_as_asked(self.row, self.bench.clips, facts)),  # fetched again, it is as it was
            **NO_ERROR,
        )
        return self._sealed()

    def _trouble(self, error: errors.PixverseError) -> float | None:
        """A free request failed: the job itself goes on, so ask again, ever more rarely."""
        if self._orphaned:
            return self._engine_ended()
        if not is_transient(error) and not isinstance(error, errors.BadAnswer | errors.ClipError):
            raise self._stall(error)
        self._troubles += 1
        self._tell(self.row, f"{error.what}; trying again")
        pause = min(self.bench.pace.retry_s * 2.0 ** min(self._troubles, 10), 30.0) * random.uniform(0.5, 1.0)
        return max(pause, error.reset_s) if isinstance(error, errors.RateLimited) else pause
