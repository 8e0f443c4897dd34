"""One job's life: from a journalled wish to a clip on disk, a step at a time.

Every step reads the row, speaks to the outside world at most once, and commits what it learned before it returns. So a
process may die between or inside any two lines, and the next one goes on from the row:

submitting, not sent   nothing left the machine: closed as failed, unbilled
submitting, sent       the answer is lost: unknown
queued, processing     followed by its request id
downloading            fetched from its URL
unknown                looked for in the account's history; never sent again
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from . import errors, mishaps
from .lost import find_lost, fresh_url
from .media.clips import Received
from .pictures import uploaded_url
from .polling import TYPICAL_S, expectation, next_poll
from .progress import arriving
from .rows import NO_ERROR, columns_of, error_of, reported, request_of, words_of
from .segmind.answers import Accounting, AccountRow, normalise
from .segmind.client import Client, Delivery, is_transient
from .store import leases
from .store.schema import PREVIEW
from .store.store import LeaseLost, Row, is_ahead, now_us
from .workbench import Workbench

_SEARCH_WHILE_PENDING_S = 5.0
_SEAL_AGAIN_S = 15.0
_FETCHES = 3
_ROUNDED_S = 5.0  # how far the account's history may round a moment down
_FILE_LIFE_S = 7 * 86400.0  # contract, The two ways in


class Stalled(Exception):
    """A job that cannot go on for now, though nothing is lost; `error` says why."""

    def __init__(self, error: errors.PixverseError) -> None:
        super().__init__(str(error))
        self.error = error


class Job:
    """Walks one row through its states.

    Parameters
    ----------
    row : dict
        The row, leased to `bench.owner` when `fresh`.
    bench : Workbench
        Store, clips, service, pace.
    tell : callable
        Called with (row, note) after every change; the note is a passing remark such as "trying again".
    fresh : bool
        True for a row that this process just opened and that is still to be sent.
    """

    def __init__(self, row: Row, bench: Workbench, tell: Callable[[Row, str | None], None], *, fresh: bool) -> None:
        self.row = row
        self.bench = bench
        self._tell = tell
        self._mine = fresh
        self._sent: float | None = None  # monotonic moment of the send, when it was this process's
        self._troubles = 0
        self._looks = 0
        self._limits = 0
        self._fetches = 0
        self._seals = 0
        self._expected: float | None = None

    # ---- the walk ----------------------------------------------------------------------------------------------

    def step(self) -> float | None:
        """Do the next thing; returns the seconds until the one after it, or None when the job has ended here.

        Raises
        ------
        Stalled
            When it cannot go on for now.
        """
        try:
            if not self._mine:
                return self._watch()
            if self._orphaned and not self.ended:
                return self._engine_ended()
            return self._walked(self._steps[self.row["status"]](self))
        except LeaseLost:
            leases.let_go(self.bench.owner, self.row["id"])
            self._mine = False
            return 0.0
        except Stalled:
            self._let_go()
            raise
        except errors.PixverseError as error:
            self._let_go()
            raise self._stall(error) from None
        except Exception:
            self._let_go()
            raise

    def _walked(self, pause: float | None) -> float | None:
        if pause is None:
            leases.let_go(self.bench.owner, self.row["id"])
        return pause

    def _watch(self) -> float | None:
        """Follow a row that another kernel works on, and take it over when that kernel has gone."""
        claimed = self.bench.store.claim(self.row["id"], self.bench.owner, self.bench.pace.lease_s)
        if claimed is not None:
            # Where the history could not be written, what this process still knows may be all there is.
            ahead = is_ahead(self.row, claimed)
            lease = {name: claimed[name] for name in ("lease_owner", "lease_until")}
            self.row, self._mine = ({**self.row, **lease} if ahead else claimed), True
            return self._adopt()
        self.row = self.bench.store.row(self.row["id"]) or self.row
        self._tell(self.row, "another kernel follows it")
        return None if self.ended else 1.0

    @property
    def ended(self) -> bool:
        """Whether the row is completed or failed."""
        return self.row["status"] in {"completed", "failed"}

    def _adopt(self) -> float | None:
        """Take up a row whose process is gone."""
        row = self.row
        if self._orphaned:
            return self._engine_ended()
        if row["status"] == "submitting" and row["sent_at"] is None:
            return self._fail(mishaps.never_sent())
        if row["status"] == "submitting":
            return self._lose(errors.OutcomeUnknown("the kernel ended while this was being sent"))
        if row["status"] in {"queued", "processing"} and not row["request_id"]:
            return self._lose(errors.OutcomeUnknown("the history holds no request id for this job"))
        self._tell(row, "taken up again")
        return 0.0

    @property
    def _orphaned(self) -> bool:
        """Whether the preview engine that has this job is gone; asked before anything could start another one."""
        row = self.row
        return bool(row["service"] == PREVIEW and row["sent_at"] and row["engine"] != self.bench.backend.engine)

    def _engine_ended(self) -> float | None:
        return self._fail(mishaps.engine_ended())

    # ---- send --------------------------------------------------------------------------------------------------

    def _send(self) -> float | None:
        try:
            url = uploaded_url(self.row, self.bench)
            if url is not None:
                self._write(sent_image_url=url)
            body = request_of(self.row).body(url)
            client = self.bench.backend.client
            # From here on the job may exist: committed before the POST, so that a killed process knows it.
            blocking = self.row["api"] == "v1"
            lease = self.bench.pace.lease_s + (self.bench.pace.run_read_s if blocking else 0)
            self._write(lease_s=lease, strict=True, sent_at=now_us(), engine=self.bench.backend.engine)
            self._sent = time.monotonic()
            if blocking:
                return self._run(client, body)
            request_id = client.submit(body)
            self._write(force=True, status="queued", request_id=request_id)
            self.bench.store.disown(request_id, self.row["id"])
        except errors.RateLimited as error:
            # Answered, and nothing was queued: the one case in which a send is repeated by itself.
            # A reset that lies in the past, as by a wrong clock, must not turn into hammering: the pauses grow.
            self._limits += 1
            pause = max(error.reset_s, min(0.5 * 2.0 ** min(self._limits - 1, 10), 60.0))
            self._write(lease_s=self.bench.pace.lease_s + pause, sent_at=None)
            until = datetime.now().astimezone() + timedelta(seconds=pause)
            self._tell(self.row, f"rate limited; sending at {until:%H:%M:%S}")
            return pause
        except errors.OutcomeUnknown as error:
            return self._lose(error)
        except errors.PixverseError as error:
            return self._fail(error)
        return 0.0

    def _run(self, client: Client, body: dict[str, Any]) -> float | None:
        with client.run(body) as delivery:
            known = reported(self.row, delivery.accounting)
            self._write(force=True, status="downloading", billed=True, output_url=delivery.url, **known)
            if known.get("request_id"):
                self.bench.store.disown(known["request_id"], self.row["id"])
            if delivery.chunks is None:
                return 0.0
            try:
                return self._receive(delivery)
            except errors.OutcomeUnknown as error:
                error.billed = True
                return self._lose(error)
            except errors.ClipError as error:
                return self._lose(mishaps.did_not_arrive(error))

    def _receive(self, delivery: Delivery) -> float | None:
        started = time.monotonic()
        chunks = delivery.chunks or iter(())
        received = self.bench.clips.receive(chunks, expected_bytes=delivery.expected_bytes)
        return self._finish(received, time.monotonic() - started)

    # ---- follow ------------------------------------------------------------------------------------------------

    def _poll(self) -> float | None:
        client = self.bench.backend.client
        try:
            progress = client.status(self.row["request_id"])
            if progress.status == "completed":
                return self._collect(client, progress.accounting)
        except errors.GenerationFailed as error:
            return self._fail(error)
        except errors.NotFound as error:
            return self._forgotten(error)
        except errors.PixverseError as error:
            return self._trouble(error)
        self._troubles = 0
        if progress.status == "failed":
            return self._fail(mishaps.failed(progress.error, self.row["request_id"]), progress.accounting)
        if progress.status != self.row["status"]:
            self._write(status=progress.status)
        return next_poll(self.elapsed_s, self.expected_s or TYPICAL_S, *self.bench.pace.poll_s)

    def _collect(self, client: Client, told: Accounting) -> float | None:
        try:
            url, accounting = client.result(self.row["request_id"])
        except errors.BadAnswer as error:
            if self._troubles < self.bench.pace.attempts:
                raise
            return self._lose(mishaps.nowhere(error))
        known = {**reported(self.row, told), **reported(self.row, accounting)}
        self._write(status="downloading", output_url=url, billed=True, **known)
        return 0.0

    def _trouble(self, error: errors.PixverseError) -> float | None:
        """A free request failed: the job itself goes on, so ask again, ever more rarely."""
        if self._orphaned:
            return self._engine_ended()
        if not is_transient(error) and not isinstance(error, errors.BadAnswer | errors.ClipError):
            raise self._stall(error)
        self._troubles += 1
        self._tell(self.row, f"{error.what}; trying again")
        pause = min(self.bench.pace.retry_s * 2.0 ** min(self._troubles, 10), 30.0) * random.uniform(0.5, 1.0)  # noqa: S311
        return max(pause, error.reset_s) if isinstance(error, errors.RateLimited) else pause

    def _stall(self, error: errors.PixverseError) -> Stalled:
        """The job cannot be followed for now; what a free request was answered says nothing about its bill."""
        error.billed, error.request_id = self.row["billed"], self.row["request_id"]
        error.remedy = f"{error.remedy or ''} The job itself goes on; studio.resume() takes it up again.".strip()
        return Stalled(error)

    def _forgotten(self, error: errors.PixverseError) -> float | None:
        """404 for a request: too early, or its record of about an hour has expired."""
        if self.elapsed_s < 30.0 and self._troubles < self.bench.pace.attempts:
            return self._trouble(errors.BadAnswer(error.what))
        return self._lose(mishaps.forgotten(error))

    @property
    def elapsed_s(self) -> float:
        """Seconds since the send."""
        if self._sent is not None:
            return time.monotonic() - self._sent
        return max(now_us() - (self.row["sent_at"] or now_us()), 0) / 1e6

    @property
    def expected_s(self) -> float | None:
        """What jobs of this kind took, in seconds; None before the first one."""
        if self._expected is None:
            row = self.row
            recent = self.bench.store.recent_seconds(row["service"], row["quality"], row["duration"])
            self._expected = expectation(recent) or (2.0 if row["service"] == PREVIEW else TYPICAL_S)
        return self._expected

    # ---- bring home --------------------------------------------------------------------------------------------

    def _fetch(self) -> float | None:
        if not self.row["output_url"]:  # killed while a v1 answer's bytes were arriving
            return self._lose(errors.OutcomeUnknown("the kernel ended while the clip was arriving", billed=True))
        started = time.monotonic()
        backend, clips = self.bench.backend, self.bench.clips
        try:
            received = backend.downloader.fetch(self.row["output_url"], clips, on_progress=self._progress())
            return self._finish(received, time.monotonic() - started)
        except errors.ClipError as error:
            if self._orphaned:
                return self._engine_ended()
            return self._refresh(error) if error.status_code in {403, 404, 410} else self._fetch_again(error)

    def _fetch_again(self, error: errors.ClipError) -> float | None:
        """The clip could not be fetched: a few tries, then it waits for a person; a paid clip is not given up."""
        self._fetches += 1
        if self._fetches < _FETCHES:
            return self._trouble(error)
        error.billed = self.row["billed"]
        self._write(**words_of(error))
        raise Stalled(error)

    def _progress(self) -> Callable[[int, int | None], None]:
        return arriving(lambda note: self._tell(self.row, note), self._write, self.bench.pace.lease_s / 3)

    def _refresh(self, gone: errors.ClipError) -> float | None:
        """The clip's URL is dead: ask for another one, by request id, then in the account's history."""
        fresh = None
        with contextlib.suppress(errors.PixverseError):  # then the old one is tried again, later
            fresh = fresh_url(self.row, self.bench)
        if fresh is not None:
            self._write(output_url=fresh)
            if self._fetches == 0:
                self._fetches = 1
                return 0.0
        # A young file that is not there may be on its way to the host that serves it.
        if now_us() - (self.row["sent_at"] or 0) < _FILE_LIFE_S * 1e6:
            return self._fetch_again(gone)
        return self._fail(mishaps.gone_for_good(gone, self.row["billed"]))

    def _finish(self, received: Received, download_s: float) -> float | None:
        path, facts = self.bench.clips.keep(received)
        latency = None if self._sent is None else time.monotonic() - self._sent
        cost = self.row["cost_micros"]
        self._write(
            force=True,  # the clip is on the disk, whoever else may have been looking for it
            status="completed",
            completed_at=now_us(),
            billed=self.row["service"] != PREVIEW,
            reserved_micros=0 if cost is not None else self.row["reserved_micros"],
            latency_s=latency,
            download_s=download_s,
            video_path=path.relative_to(self.bench.store.home).as_posix(),
            video_sha256=received.sha256,
            http_status=None,
            **columns_of(facts),
            **NO_ERROR,
        )
        return self._sealed()

    # ---- lost answers ------------------------------------------------------------------------------------------

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

    def _search(self) -> float | None:
        found: AccountRow | None = None
        try:
            found = find_lost(self.row, self.bench)
        except errors.PixverseError as error:
            if not is_transient(error):
                raise self._stall(error) from None
            self._tell(self.row, f"{error.what}; looking again")
        if found is not None and self._rivalled(found):
            found = None
        if found is not None and self._take(found):
            return 0.0
        if found is not None and found.status == "PENDING":
            self._tell(self.row, "found in the account's history: it is still running")
            return _SEARCH_WHILE_PENDING_S
        self._looks += 1
        if self._looks > len(self.bench.pace.search_s):
            raise Stalled(error_of(self.row) or errors.OutcomeUnknown("the answer to the send was lost"))
        self._tell(self.row, "the answer was lost: looking for the job in the account's history")
        return self.bench.pace.search_s[self._looks - 1]

    def _rivalled(self, found: AccountRow) -> bool:
        """Whether the record may be another send's of the same request, whose answer is still out."""
        if self.row["request_id"]:
            return False
        rival = self.bench.store.rival(self.row)
        if rival is None or found.created_at is None:
            return rival is not None
        ahead_s = self.bench.backend.client.clock_offset_s  # of the service's clock before ours
        return found.created_at.timestamp() - ahead_s + _ROUNDED_S >= rival / 1e6

    def _take(self, found: AccountRow) -> bool:
        """Act on what the account's history says; False when it says nothing final."""
        if normalise(found.request_id) != normalise(self.row["request_id"] or ""):
            if not self.bench.store.claim_request(self.row["id"], found.request_id):
                return False
            self._write(request_id=found.request_id)
        if found.status == "FAILED":
            self._fail(
                mishaps.failed(found.error, found.request_id), Accounting(cost_micros=found.cost_micros), "account"
            )
            return True
        if found.status == "COMPLETED" and found.url:
            source = PREVIEW if self.row["service"] == PREVIEW else "account"
            cost: dict[str, Any] = {}
            if found.cost_micros is not None:
                cost = {"cost_micros": found.cost_micros, "cost_source": source, "reserved_micros": 0}
            self._write(status="downloading", output_url=found.url, billed=True, **cost)
            return True
        return False

    # ---- writing it down ---------------------------------------------------------------------------------------

    def _fail(
        self, error: errors.PixverseError, accounting: Accounting | None = None, source: str = "reported"
    ) -> float | None:
        """Close the row; a failure that the service charged for is billed, whatever its documents say."""
        accounting = accounting or error.accounting
        bill = reported(self.row, accounting, source) if accounting and accounting.cost_micros else {}
        billed = bool(error.billed or bill)
        error.billed = billed
        kept = self.row["reserved_micros"] if billed and self.row["cost_micros"] is None else 0
        self._write(
            **{
                "status": "failed",
                "completed_at": now_us(),
                "billed": billed,
                "reserved_micros": kept,
                "http_status": error.status_code,
                **bill,
                # On v2 an id in an error's header is a proxy's own, and before the send there is no job at all.
                "request_id": self.row["request_id"] or (error.request_id if self._may_name(error) else None),
                **words_of(error),
            }
        )
        return self._sealed()

    def _may_name(self, error: errors.PixverseError) -> bool:
        return error.request_id is not None and self.row["api"] == "v1" and self.row["sent_at"] is not None

    def _sealed(self) -> float | None:
        """None when the job's end is in the history; else it is in an emergency file, and is written again later."""
        with contextlib.suppress(Exception):
            stored = self.bench.store.row(self.row["id"])
            if stored is None or stored["status"] == self.row["status"]:
                return None
        self._seals += 1
        return _SEAL_AGAIN_S * 2.0 ** min(self._seals - 1, 5)

    def _seal(self) -> float | None:
        self._write(force=True)
        return self._sealed()

    def _write(
        self, *, lease_s: float | None = None, strict: bool = False, force: bool = False, **changes: Any
    ) -> None:
        lease = self.bench.pace.lease_s if lease_s is None else lease_s
        store, owner = self.bench.store, self.bench.owner
        self.row = store.journal(self.row, owner, lease, strict=strict, force=force, **changes)
        self._tell(self.row, None)

    def _let_go(self) -> None:
        self._mine = False
        with contextlib.suppress(Exception):
            self.bench.store.release(self.row["id"], self.bench.owner)

    _steps: dict[str, Callable[[Job], float | None]] = {  # noqa: RUF012  a dispatch table, never changed
        "submitting": _send,
        "queued": _poll,
        "processing": _poll,
        "downloading": _fetch,
        "unknown": _search,
        "completed": _seal,
        "failed": _seal,
    }
