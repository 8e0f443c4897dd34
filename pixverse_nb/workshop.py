"""Behind the front desk: wishes become rows, rows become jobs that are followed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from . import errors, logs
from .budget import Budget, what_fits
from .delivered import is_to_inspect
from .generation import Generation
from .inspections import Inspections
from .interrupts import whole
from .job import Job
from .media.clips import Clips
from .mishaps import origin_of, outside, refused_before, was_withdrawn, withdrawn
from .pace import Pace
from .polling import TYPICAL_S, expectation
from .pricing import Estimate
from .quotes import Quotes
from .request import Request
from .rows import request_of, words_of
from .runner import Runner, Step
from .store import leases
from .store.ids import new_id
from .store.ledger import Spent
from .store.opening import Opened, Shelf
from .store.schema import PREVIEW
from .store.store import Store
from .store.words import FILE_LIFE_US, Row, now_us
from .wishes import Wish
from .workbench import Backend, Workbench
from .workpiece import Stalled

_UNSENT_LEASE_S = 86_400.0  # a wish may wait for its turn as long as its kernel lives
_CLOSING_S = 2.0  # how long the answers to sends that are out are waited for when the rest is withdrawn
_ROOM_BYTES = 200_000_000  # a clip of 15 s at 1080p and then some


class Watcher(Protocol):
    """Whoever wants to know what is begun: a panel shows what other cells asked for, too."""

    def begun(self, generations: Sequence[Generation]) -> None:
        """Called on the thread that asked for them, or that set the budget (then there are none): notes it, returns."""


class Workshop:
    """What a studio works with, and how it begins and follows jobs.

    Parameters
    ----------
    backend : Backend
        The service or the preview engine.
    home : Path
        Folder of the history and the clips.
    api : str
        "v1" or "v2".
    budget : Budget
        Caps on spending.
    pace : Pace
        Time-outs, retries, polling.
    concurrency : int
        The most requests, downloads and v1 calls at once.
    """

    def __init__(self, backend: Backend, *, home: Path, api: str, budget: Budget, pace: Pace, concurrency: int) -> None:
        self.api = api
        self._budget = budget
        self.home = home
        self._backend = backend
        self._name = secrets.token_hex(8)
        self._process = os.getpid()
        self._store = Store(self.home, self._changed)
        self._clips = Clips(self.home)
        self._quotes = Quotes(self._store, self._backend.name)
        self._runner = Runner(concurrency)
        self._bench = Workbench(self._store, self._clips, self._backend, pace, leases.new_owner())
        self._inspections = Inspections(self._store, self._clips, self._looked_at)
        self._starting = threading.RLock()
        self._generations: weakref.WeakValueDictionary[str, Generation] = weakref.WeakValueDictionary()
        # Of the jobs that are followed here; the runner keeps them alive as long as there is something to do.
        self._jobs: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._steps: weakref.WeakValueDictionary[str, Step] = weakref.WeakValueDictionary()
        self._watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()

    @property
    def budget(self) -> Budget:
        """The caps on spending; set it to a `Budget`, a plain number of USD a day, or None for no cap."""
        return self._budget

    @budget.setter
    def budget(self, value: Budget | float | None) -> None:
        self._budget = Budget.of(value)
        self._tell_begun([])

    @property
    def is_preview(self) -> bool:
        """Whether it runs on the embedded preview engine."""
        return self._backend.name == PREVIEW

    def _tidy(self) -> None:
        """Remove what killed downloads left behind."""
        self._clips.sweep_partial()

    # ---- beginning ---------------------------------------------------------------------------------------------

    def _start(self, wishes: Sequence[Wish], *, reuse: bool = True) -> list[Generation]:
        """Begin them all or none: reused, joined, fetched again, or sent."""
        return [generation for generation, _ in self._begin(wishes, reuse=reuse)]

    def _begin(
        self, wishes: Sequence[Wish], *, reuse: bool = True, asked_by: str | None = None
    ) -> list[tuple[Generation, str]]:
        """The same, and what became of each: "reused", "joined", "fetched" or "new".

        `asked_by` is who may withdraw what is not sent yet, as long as nobody else asks for it: this call alone, unless
        it is said. An interrupted call withdraws what it asked for.
        """
        if not isinstance(reuse, bool):
            raise errors.InvalidParameter(
                f"reuse={reuse!r} is not allowed", remedy="Pass True, or False to send in any case.", billed=False
            )
        self._refuse_key(wishes)
        self._check_room()
        prices = self._quotes.all([wish.request for wish in wishes])
        own = asked_by or new_id()
        rows = [{**self._new_row(wish, price), "asked_by": own} for wish, price in zip(wishes, prices, strict=True)]
        for key, refused in self._store.refused_before(rows, reuse=reuse, shelf=self._shelf).items():
            # Before anything is written: where warnings are errors, nothing is begun.
            warnings.warn(refused_before(refused, key), errors.ModerationWarning, stacklevel=outside())
        try:
            begun = whole(lambda: self._open(rows, reuse=reuse))
        except (errors.BudgetExceeded, errors.HomeError):  # nothing was written
            raise
        except BaseException:  # whatever was written by then, whether or not that was told
            keys = {row["id"] for row in rows}
            whole(lambda: self._withdraw(own, "its call was interrupted", lambda row: row["id"] in keys))
            raise
        self._tell_begun([generation for generation, _ in begun])
        return begun

    def _tell_begun(self, generations: Sequence[Generation]) -> None:
        for watcher in list(self._watchers):
            watcher.begun(generations)

    def _open(self, rows: Sequence[Row], *, reuse: bool) -> list[tuple[Generation, str]]:
        """Write wishes down and follow what came of them."""
        # As one: else a thread that joins the new row could take it for one whose kernel ended before it was sent.
        with self._starting:
            opened = self._store.open_all(
                rows,
                reuse=reuse,
                owner=self._bench.owner,
                lease_s=_UNSENT_LEASE_S,
                shelf=self._shelf,
                admit=None if self.budget == Budget() else self._admit,
            )
            working: set[str] = set()
            try:
                begun = [(self._take_on(one, working), one.kind) for one in opened]
            except BaseException:
                for one in opened:  # what nobody works on, whoever wants it may take up
                    if one.kind in {"new", "fetched"} and one.row["id"] not in working:
                        with contextlib.suppress(Exception):
                            self._store.release(one.row["id"], self._bench.owner)
                raise
        return begun

    def _next_takes(self, request: Request, count: int) -> list[int]:
        """The first take numbers of a request that no clip and no job stands for: what a click means by a new take."""
        free: list[int] = []
        first = 1
        while len(free) < count:
            numbers = range(first, first + max(count, 16))
            takes = [replace(request, take=number) for number in numbers]
            standing = self._store.standing(self._backend.name, takes, self._shelf)
            free += [n for n, kind in zip(numbers, standing, strict=True) if kind in {"new", "refused"}]
            first = numbers.stop
        return free[:count]

    def _take_on(self, opened: Opened, working: set[str]) -> Generation:
        generation = self._handle(opened.row)
        logs.begun(opened.row, opened.kind)
        if opened.kind == "fetched":  # a handle that somebody holds thinks that it has ended
            generation._news(opened.row, None, followed=False)
        generation._origin = origin_of(opened)
        if opened.kind == "joined" and (job := self._jobs.get(generation.id)) is not None:
            job.recalled = None  # somebody wants it after all
        if opened.kind == "reused" and is_to_inspect(opened.row):  # of an older version, or not looked at in time
            self._inspections.add(opened.row["id"])
        if opened.kind != "reused":
            self._follow(generation, fresh=opened.kind in {"new", "fetched"})
            working.add(opened.row["id"])
        return generation

    def _admit(self, spent: Spent, new: Sequence[Row]) -> None:
        """Ask the budget about new rows."""
        requests = [request_of(row) for row in new]
        prices = [Estimate(row["estimate_micros"], row["ceiling_micros"]) for row in new]
        price = sum(prices[1:], prices[0])
        self.budget.admit(spent, price, lambda room: what_fits(requests[0], len(new), room, self._quotes.price))

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self._has_clip, self._can_fetch)

    def _refuse_key(self, wishes: Iterable[Wish]) -> None:
        """Before anything is written or shown: what is asked for stands in the history, in tables and in reports."""
        key = self._backend.key
        if key is None:
            return
        for wish in wishes:
            held = [name for name, value in wish.request.body().items() if key.is_in({name: value})]
            if held:
                raise errors.InvalidParameter(
                    f"{held[0]} holds this studio's API key",
                    remedy="Take it out: what is asked for stands in the history and in all that is made of it.",
                    billed=False,
                )

    def _check_room(self) -> None:
        if self._store.read_only is not None:
            raise self._store.read_only
        self._clips.check_writable()
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self.home).free
            if free < _ROOM_BYTES:
                raise errors.HomeError(
                    f"the disk of {self.home} has {free / 1e6:.0f} MB left; sending needs {_ROOM_BYTES / 1e6:.0f} MB",
                    remedy="Free some space or pass another home=...",
                    billed=False,
                )

    def _new_row(self, wish: Wish, price: Estimate) -> Row:
        request = wish.request
        image_path = self._clips.keep_picture(wish.picture) if wish.picture else None
        return {
            "id": new_id(),
            "service": self._backend.name,
            "api": self.api,
            "studio": self._name,
            "status": "submitting",
            **request.parameters,
            "extra": json.dumps(request.extra, sort_keys=True) if request.extra else None,
            "take": request.take,
            "image_sha256": request.image_sha256,
            "image_path": image_path.relative_to(self.home).as_posix() if image_path else None,
            "identity": request.identity,
            "family": request.family,
            "estimate_micros": price.expected_micros,
            "ceiling_micros": price.ceiling_micros,
            "reserved_micros": price.ceiling_micros,
        }

    def _has_clip(self, row: Row) -> bool:
        try:
            return bool((self.home / row["video_path"]).stat().st_size == row["video_bytes"])
        except (OSError, TypeError):
            return False

    def _can_fetch(self, row: Row) -> bool:
        """Whether the service may still have a clip; a preview's clips end with the engine that drew them."""
        lives = self._backend.engine is not None and row["engine"] == self._backend.engine
        young = now_us() - (row["completed_at"] or 0) < FILE_LIFE_US
        kept = row["video_path"] is not None  # else it was asked for again, and the service had it no more
        # An answer of v1 may have been the clip alone, without an address or an id: the account knows it all the same.
        named = row["output_url"] or row["request_id"] or (row["api"] == "v1" and row["sent_at"])
        return bool(kept and named and young and (lives or not self.is_preview))

    # ---- following ---------------------------------------------------------------------------------------------

    def _handle(self, row: Row) -> Generation:
        """The one handle of a row in this studio."""
        with self._starting:
            known = self._generations.get(row["id"])
            if known is not None:
                known._renew(row)
                return known
            recent = self._store.recent_seconds(row["service"], row["quality"], row["duration"])
            expected = expectation(recent) or (None if self.is_preview else TYPICAL_S)
            generation = Generation(
                row, clips=self._clips, home=self.home, follow=self._follow, expected_s=expected, read=self._store.row
            )
            return self._generations.setdefault(row["id"], generation)

    def _follow(self, generation: Generation, *, fresh: bool = False) -> None:
        with self._starting:
            step = self._step_of(generation, fresh=fresh)
        if step is not None:
            self._runner.add(step)

    def _step_of(self, generation: Generation, *, fresh: bool = False) -> Step | None:
        """What follows a generation from now on; None when something does already, or when it has ended."""
        if os.getpid() != self._process:
            raise errors.PixverseError(
                "this studio was made in another process, before a fork",
                remedy="Make a pv.Studio() of its own in this one.",
                billed=False,
            )
        if not generation._start_following():
            return None
        job = Job(generation._row, self._bench, generation._news, fresh=fresh)

        def step() -> float | None:
            try:
                return self._stepped(job)
            except Stalled as stalled:
                generation._news(job.row, None, stall=stalled.error, followed=False)
            except Exception as error:
                trouble = errors.PixverseError(
                    f"the job could not go on ({type(error).__name__}: {error})",
                    request_id=job.row["request_id"],
                    remedy="Nothing is lost: studio.resume() takes it up again.",
                )
                generation._news(job.row, None, stall=trouble, followed=False)
                raise
            return None

        generation._expects_look = True
        self._jobs[generation.id], self._steps[generation.id] = job, step
        return step

    def _stepped(self, job: Job) -> float | None:
        """A job's next step; once its clip is home, somebody looks at it, later and apart from all jobs."""
        pause = job.step()
        if pause is None and not job.elsewhere and is_to_inspect(job.row):
            self._inspections.add(job.row["id"])
        return pause

    def _look(self, generation: Generation, *, fresh: bool = False, give_up: bool = False) -> Job | None:
        """Have a job whose answer was lost look into the account's history at once; None when it has ended."""
        with self._starting:
            new = self._step_of(generation)
            job, step = self._jobs.get(generation.id), self._steps.get(generation.id)
            if job is None or step is None:
                return None
            job.ask_to_look(fresh=fresh, give_up=give_up)
        if new is not None:
            self._runner.add(new)
        else:
            self._runner.hurry(step)
        return job

    def _withdraw(self, asked_by: str, why: str, of: Callable[[Row], bool]) -> set[str]:
        """Close what was not sent yet, so that it never is; gives the ids.

        What somebody else asked for, too, stays theirs. One in the middle of its send goes on, unless the service
        refuses it with a 429: then it is closed, too. That is waited for, for a moment: what is closed when this
        returns reserves no money any more.
        """
        words, now = withdrawn(why), new_id()  # ids sort by time: what another sweep begins from here on is its own
        leaving = {
            one.id: one
            for one in list(self._generations.values())
            if one.status == "submitting" and one._row["asked_by"] == asked_by and of(one._row)
        }
        for key in leaving:
            if (job := self._jobs.get(key)) is not None:
                job.recalled = words

        def close() -> set[str]:
            with contextlib.suppress(errors.HomeError):  # then nothing is sent, either: that is committed before
                self._store.withdraw(
                    self._backend.name, asked_by, words_of(words), lambda row: row["id"] < now and of(row)
                )
            return self._closed(leaving.values())

        closed = close()
        deadline = time.monotonic() + _CLOSING_S
        for generation in leaving.values():
            with generation._change:
                while generation.id not in closed and self._is_going_out(generation):
                    if (left := deadline - time.monotonic()) <= 0:
                        break
                    generation._change.wait(left)
        return closed if closed >= leaving.keys() else closed | close()

    def _closed(self, generations: Iterable[Generation]) -> set[str]:
        """Which of them were withdrawn, as the history says; their handles and jobs learn it."""
        closed = set()
        for generation in generations:
            row = self._store.row(generation.id)
            if row is not None and was_withdrawn(row):
                closed.add(generation.id)
                if not generation.ended:
                    generation._news(row, None, followed=False)
            if (step := self._steps.get(generation.id)) is not None:
                self._runner.hurry(step)
        return closed

    @staticmethod
    def _is_going_out(generation: Generation) -> bool:
        return generation.status == "submitting" and generation._row["sent_at"] is not None

    def _changed(self, ids: Sequence[str]) -> None:
        """Rows that had ended are other ones now: whoever holds them must not believe what they said."""
        for key in ids:
            generation, row = self._generations.get(key), self._store.row(key)
            if generation is not None and row is not None and generation.ended:
                generation._news(row, None, followed=False)

    def _looked_at(self, row: Row) -> None:
        """A clip was looked at: whoever shows it may have something to add."""
        generation = self._generations.get(row["id"])
        if generation is not None:
            generation._looked_at(row)

    def _follow_unfinished(self) -> list[Generation]:
        with self._starting:
            generations = [self._handle(row) for row in self._store.unfinished(self._backend.name)]
        for generation in generations:
            self._follow(generation)
        return generations
