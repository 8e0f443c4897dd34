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

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from . import errors, mishaps
from .fetch import Fetch
from .gate import STEP_S
from .pictures import uploaded_url
from .polling import MOST_A_MINUTE, Outlook, next_poll, outlook, until_room
from .rows import reported, request_of, words_of
from .segmind.answers import Accounting
from .segmind.client import Client, Delivery
from .store import leases
from .store.schema import PREVIEW
from .store.store import LeaseLost, is_ahead
from .store.words import Row, now_us
from .workbench import Workbench
from .workpiece import Stalled


class Job(Fetch):
    """Walks one row through its states; `Workpiece` says what it is made of."""

    def __init__(self, row: Row, bench: Workbench, tell: Callable[[Row, str | None], None], *, fresh: bool) -> None:
        super().__init__(row, bench, tell, fresh=fresh)
        self._ahead: Outlook | None = None
        self._polled: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._remark: str | None = None
        self.elsewhere = False  # another kernel works on it
        self.recalled: errors.ServiceError | None = None  # why it should not be sent any more

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
        elif not self.ended:
            # Most steps learn nothing and write nothing: the lease is renewed when half of it is over.
            least_s = pause + self.bench.pace.lease_s / 2
            if (self.row["lease_until"] or 0) < now_us() + least_s * 1e6:
                store, lease_s = self.bench.store, pause + self.bench.pace.lease_s
                self.row = store.journal(self.row, self.bench.owner, lease_s)  # no news: the remark stays on the screen
        return pause

    def _watch(self) -> float | None:
        """Follow a row that another kernel works on, and take it over when that kernel has gone."""
        claimed = self.bench.store.claim(self.row["id"], self.bench.owner, self.bench.pace.lease_s)
        self.elsewhere = claimed is None
        if claimed is not None:
            # Where the history could not be written, what this process still knows may be all there is.
            ahead = is_ahead(self.row, claimed) and claimed["taken_request"] is None
            lease = {name: claimed[name] for name in ("lease_owner", "lease_until")}
            self.row, self._mine = ({**self.row, **lease} if ahead else claimed), True
            return self._adopt()
        self.row = self.bench.store.row(self.row["id"]) or self.row
        self._tell(self.row, None if self.ended else "another kernel follows it")
        return None if self.ended else 1.0

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

    # ---- send --------------------------------------------------------------------------------------------------

    def _send(self) -> float | None:
        if self.recalled is not None:
            return self._withdraw(self.recalled)
        pause = self.bench.gate.ask(self.row["id"])
        return self._limited(pause) if pause > 0 else self._post()

    def _withdraw(self, why: errors.ServiceError) -> float | None:
        """Not send it after all, unless somebody else asked for it, too."""
        self.recalled = None
        store, key = self.bench.store, self.row["id"]
        store.withdraw(self.row["service"], self.row["asked_by"], words_of(why), lambda row: bool(row["id"] == key))
        row = store.row(key)
        if row is None or row["status"] == "submitting":
            return 0.0
        self.row = row
        self.bench.gate.leave(key)
        self._tell(row, None)
        return None

    def _post(self) -> float | None:
        try:
            url = self._picture_url()
            if url is not None:
                self._write(sent_image_url=url)
            body = request_of(self.row).body(url)
            client = self.bench.backend.client
            # From here on the job may exist: committed before the POST, so that a killed process knows it. Whoever
            # withdraws the row at the same moment has taken the lease away, or comes too late.
            blocking = self.row["api"] == "v1"
            lease = self.bench.pace.lease_s + (self.bench.pace.run_read_s if blocking else 0)
            self._write(lease_s=lease, strict=True, sent_at=now_us(), engine=self.bench.backend.engine)
            self._sent = time.monotonic()
            if blocking:
                with self.bench.gate.through(self.row["id"]):
                    return self._run(client, body)
            with self.bench.gate.through(self.row["id"]):
                request_id = client.submit(body)
            self._write(force=True, status="queued", request_id=request_id)
        except errors.RateLimited as error:
            # Answered, and nothing was queued: the one case in which a send is repeated by itself.
            if self.row["sent_at"] is None:  # it was the picture's upload
                return self._limited(error.reset_s)
            self._write(sent_at=None)
            return 0.0 if self.recalled is not None else self._limited(self.bench.gate.turn(self.row["id"]))
        except errors.OutcomeUnknown as error:
            return self._lose(error)
        except errors.PixverseError as error:
            return self._fail(error)
        finally:
            self.bench.gate.give_back(self.row["id"])
        return 0.0

    def _limited(self, pause: float) -> float:
        """Wait for the turn, without asking the service; it is looked at again within a minute."""
        until = datetime.now().astimezone() + timedelta(seconds=pause)
        remark = f"rate limited; sending at {until:%H:%M:%S}"
        if remark != self._remark:
            self._remark = remark
            self._tell(self.row, remark)
        return min(pause, STEP_S)

    def _picture_url(self) -> str | None:
        """Where the row's picture lies for the service; None without one. RateLimited when it is not the time."""
        asks, key = self.bench.asks, self.row["id"]
        if self.row["image_sha256"] is None:
            return None
        if (pause := asks.ask(key)) > 0:
            limited = errors.RateLimited("the service takes no requests for now", billed=False)
            limited.reset_s = pause
            raise limited
        with asks.through(key):
            return uploaded_url(self.row, self.bench)

    def _run(self, client: Client, body: dict[str, Any]) -> float | None:
        with client.run(body) as delivery:
            known = reported(self.row, delivery.accounting)
            self._write(force=True, status="downloading", billed=True, output_url=delivery.url, **known)
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
        client = self.bench.backend.client  # first: asking for it may start the preview engine
        # Whatever called for this step, a try after trouble too: a full minute is full.
        full = until_room(self._polled, self.elapsed_s, self.ahead, self.bench.pace.poll_s[1])
        pause = full or self.bench.asks.ask(self.row["id"])
        return min(pause, STEP_S) if pause > 0 else self._look_after(client)

    def _look_after(self, client: Client) -> float | None:
        self._polled.append(self.elapsed_s)
        try:
            with self.bench.asks.through(self.row["id"]):
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
        return next_poll(self._polled, self.ahead, *self.bench.pace.poll_s)

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

    def _forgotten(self, error: errors.PixverseError) -> float | None:
        """404 for a request: too early, or its record of about an hour has expired."""
        if self.elapsed_s < 30.0 and self._troubles < self.bench.pace.attempts:
            return self._trouble(errors.BadAnswer(error.what, detail=error.detail))
        return self._lose(mishaps.forgotten(error))

    @property
    def ahead(self) -> Outlook:
        """When the job may end, by what jobs of this kind took; looked up once."""
        if self._ahead is None:
            row = self.row
            recent = self.bench.store.recent_seconds(row["service"], row["quality"], row["duration"])
            self._ahead = outlook(recent, preview=row["service"] == PREVIEW)
        return self._ahead

    _steps: dict[str, Callable[[Job], float | None]] = {  # noqa: RUF012  a dispatch table, never changed
        "submitting": _send,
        "queued": _poll,
        "processing": _poll,
        "downloading": Fetch.fetch,
        "unknown": Fetch.search,
        "completed": Fetch.seal,
        "failed": Fetch.seal,
    }
