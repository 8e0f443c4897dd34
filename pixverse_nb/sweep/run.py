"""A plan's run: sends within bounds, follows every cell, and stops cleanly."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from pixverse_nb import errors
from pixverse_nb.display.frontend import in_notebook
from pixverse_nb.display.html import Html
from pixverse_nb.display.live import Live
from pixverse_nb.display.plan import SQUARES, ProgressView, clock, progress_html, progress_parts, progress_text
from pixverse_nb.generation import Generation
from pixverse_nb.interrupts import whole
from pixverse_nb.pricing import money
from pixverse_nb.store.words import now_us
from pixverse_nb.terminal import screen

from .desk import Desk, lasting
from .slot import Slot

_TOGETHER = 50  # clips that are reused are begun so many at a time: each transaction is short for other kernels
_LINE_EVERY_S = 5.0
_FATAL = (
    errors.InsufficientCredits, errors.SpendingLimit, errors.AuthenticationError, errors.PermissionDenied,
    errors.ModelRetired,
)  # fmt: skip
_ALIKE = 3  # so many sends in a row, refused with the same words: the others would be, too
_EXACT_S = 10.0  # below that, a clock of whole seconds would say 0:00 of what took half a one
_REFUSED = "moderation refused it before"
_STOPPED, _INTERRUPTED = "the sweep stopped", "the sweep was interrupted"


class SweepInterrupted(errors.WaitInterrupted):
    """You interrupted a sweep: nothing more is sent, and what is in flight goes on.

    Attributes
    ----------
    in_flight : list of Generation
        What goes on; each can be waited for.
    """

    in_flight: Sequence[Generation] = ()


class Run:
    """One run, from the first cell to the last answer.

    Parameters
    ----------
    desk : Desk
        Where clips are asked for.
    slots : sequence of Slot
        The cells, in plan order; those with a generation are done already.
    at_once : int
        Jobs in flight at most.
    refused : bool
        Whether cells that moderation has refused before are sent again.
    below : callable
        Gives the grid to show under the progress when all has ended.
    is_quiet : bool
        Whether it is awaited: then nothing is printed in a terminal.
    """

    what = "sweep"
    """What it calls itself in a terminal."""

    def __init__(
        self,
        desk: Desk,
        slots: Sequence[Slot],
        *,
        at_once: int,
        refused: bool,
        below: Callable[[], Html | None],
        is_quiet: bool = False,
    ) -> None:
        self.slots = slots
        self.stopped: errors.PixverseError | None = None
        self._desk = desk
        self._at_once = at_once
        self._refused = refused
        self._below = below
        self._is_quiet = is_quiet
        self._is_cancelled = False
        self._pending: deque[Slot] = deque()
        self._open: list[Slot] = []
        self._changed = threading.Event()
        self._refusals: list[tuple[int, errors.PixverseError]] = []  # when, and how, since the last send was accepted
        self._taken_us = 0  # when the last one that was accepted and has ended was sent
        self._full: errors.BudgetExceeded | None = None  # no room for the next one, unless a job in flight frees some
        self._began = time.monotonic()
        self._took_s: float | None = None
        self._interrupted = ""
        self._called_back = False
        self._told_at = self._began
        self._live = Live(self._bundle)

    def carry_out(self) -> None:
        """Send and follow until all has ended, or nothing more can be sent.

        Raises
        ------
        SweepInterrupted
            At a KeyboardInterrupt, or when it was cancelled; what is in flight goes on.
        """
        if in_notebook():
            self._live.show()
        try:
            self._line_up()
            self._walk()
        except KeyboardInterrupt:
            told: list[SweepInterrupted] = []
            while not told:
                with contextlib.suppress(KeyboardInterrupt):  # a second one: the first is being seen to
                    whole(lambda: told.append(self._interrupt()))
            raise told[0] from None
        finally:
            self._took_s = time.monotonic() - self._began
            for slot in self._open:
                self._unhook(slot)
            self._close()
            self._tell(last=True)

    def cancel(self) -> None:
        """End soon, as at a KeyboardInterrupt; for any thread."""
        self._is_cancelled = True
        self._changed.set()

    # ---- the walk ----------------------------------------------------------------------------------------------

    def _line_up(self) -> None:
        """What costs nothing comes first, so that no budget stands before it."""
        todo = [slot for slot in self.slots if slot.generation is None]
        by_kind: dict[str, list[Slot]] = {}
        for slot, kind in zip(todo, self._desk.kinds([slot.cell for slot in todo]), strict=True):
            if kind == "refused" and not self._refused:
                slot.why = f"{_REFUSED}; run(refused=True) sends it again"
            else:
                by_kind.setdefault("new" if kind == "refused" else kind, []).append(slot)
        reused = by_kind.get("reused", [])
        for start in range(0, len(reused), _TOGETHER):
            together = reused[start : start + _TOGETHER]
            if not self._begin(together):  # a clip has vanished since: one by one, they meet what stands in the way
                self.stopped = self._full = None
                self._pending.extend(together)
        self._pending.extend(slot for kind in ("joined", "fetched", "new") for slot in by_kind.get(kind, []))

    def _walk(self) -> None:
        while True:
            self._changed.clear()
            if self._is_cancelled:
                raise KeyboardInterrupt
            self._retire()
            if self.stopped is not None and not self._called_back:
                self._call_back(_STOPPED)
            if not self._fill():
                continue
            if not self._open and (not self._pending or self.stopped):
                break
            self._tell()
            self._changed.wait(1.0)  # a wait without an end cannot be interrupted on every system
        if self.stopped is not None:
            self._explain(self.stopped)

    def _retire(self) -> None:
        ended = [slot for slot in self._open if not slot.is_open]
        if not ended:
            return
        self._full = None  # what an ended job leaves of its reservation is there for the next one
        self._open = [slot for slot in self._open if slot not in ended]
        for slot in ended:
            self._unhook(slot)
            made = slot.generation
            if made is None:
                continue
            if slot.was_left and (not slot.is_second or self.stopped):
                slot.generation, slot.is_new, slot.is_second = None, False, True
                self._pending.append(slot)
            elif isinstance(made.error, _FATAL) and made.status != "completed":
                self.stopped = self.stopped or made.error
            self._taken_us = max(self._taken_us, slot.taken_us)
            if (refusal := slot.refusal) is not None:
                self._refusals.append((made._row["sent_at"] or made._row["completed_at"], refusal))
        self._heed_refusals()

    def _heed_refusals(self) -> None:
        """Stop when the last sends were refused alike, and none was accepted between them."""
        taken = max((slot.taken_us for slot in self._open), default=0)
        self._refusals = sorted(
            ((sent, error) for sent, error in self._refusals if sent > max(taken, self._taken_us)),
            key=lambda one: one[0],
        )
        last = [error for _, error in self._refusals[-_ALIKE:]]
        alike = len({(type(error), error.status_code, error.detail) for error in last}) == 1
        if alike and isinstance(last[-1], errors.ServiceUnreachable):
            if len(last) == _ALIKE or not (self._pending or self._open):
                self.stopped = self.stopped or last[-1]
        elif alike and len(last) == _ALIKE:
            refused = copy.copy(last[-1])
            refused.what = f"{_ALIKE} clips in a row were refused alike ({refused.what})"
            self.stopped = self.stopped or refused

    def _fill(self) -> bool:
        """Begin what there is room for; False when a job has news before all of that was begun."""
        while self._pending and len(self._open) < self._at_once and self.stopped is None and self._full is None:
            slot = self._pending.popleft()
            if not self._begin([slot]):
                self._pending.appendleft(slot)
                return True
            if self._changed.is_set():  # what has ended may stop all the others
                return False
        return True

    def _begin(self, slots: Sequence[Slot]) -> bool:
        """Start cells together; False when it was not to be."""
        return whole(lambda: self._start(slots))

    def _start(self, slots: Sequence[Slot]) -> bool:
        try:
            made = self._desk.start([slot.cell for slot in slots])
        except errors.BudgetExceeded as error:
            if self._open:
                self._full = error
            else:
                self.stopped = error
            return False
        except errors.PixverseError as error:
            self.stopped = error
            return False
        for slot, (generation, kind) in zip(slots, made, strict=True):
            slot.generation, slot.is_new = generation, kind == "new"
            self._open.append(slot)
            with generation._change:
                generation._wakers.append(self._changed.set)
            if not slot.is_open:
                self._changed.set()
        return True

    def _unhook(self, slot: Slot) -> None:
        if slot.generation is not None:
            with slot.generation._change, contextlib.suppress(ValueError):
                slot.generation._wakers.remove(self._changed.set)

    def _close(self) -> None:
        """All has ended."""

    # ---- stopping ----------------------------------------------------------------------------------------------

    def _explain(self, reason: errors.PixverseError) -> None:
        """Say what was not sent and what is missing."""
        left = [slot for slot in self.slots if (slot.generation is None and not slot.why) or slot.refusal is not None]
        kinds = self._desk.kinds([slot.cell for slot in left])  # in a home that is only read, nothing is given again
        left = [slot for slot, kind in zip(left, kinds, strict=True) if kind != "reused" or slot.refusal is not None]
        needed = sum(price.ceiling_micros for price in self._desk.prices([slot.cell for slot in left])) / 1e6
        stopped = copy.copy(reason)
        why = reason.what
        were = "was" if len(left) == 1 else "were"
        count = f"{len(left)} of {len(self.slots)} clips {were} not made, which may cost {money(needed)}"
        if not left:
            count = "no clip is missing: studio.history() has them"
        if isinstance(reason, errors.BudgetExceeded):
            cap = self._desk.caps()[0]
            room = max(cap.room_usd, 0.0)
            why = f"the budget for {cap.scope} has no room for it"
            stopped.what = (
                f"the sweep stopped at the budget for {cap.scope}: {count}; it has {money(room)} left, so "
                f"{money(max(needed - room, 0.0))} is missing"
            )
            raised = self._desk.budget.raised(cap.name)
            stopped.remedy = f"Raise budget={raised}; then run it again: only what is missing is sent."
            stopped.needed_usd = needed  # type: ignore[attr-defined]
        elif isinstance(reason, errors.InsufficientCredits):
            stopped.what = f"the sweep stopped: {reason.what}. {count}; {self._balance(needed)}"
            stopped.remedy = "Top up the account, then run it again: only what is missing is sent."
        else:
            stopped.what = f"the sweep stopped: {reason.event}. {count}"
            stopped.remedy = f"{reason.remedy or ''} Then run it again: only what is missing is sent.".strip()
            stopped.detail = None
        stopped.billed = None  # what was billed, each cell's row says
        for slot in self._pending:
            slot.why = f"not sent: {why}"
        self.stopped = stopped

    def _balance(self, needed: float) -> str:
        try:
            balance = self._desk.balance_usd()
        except errors.PixverseError:
            return "the service does not tell the balance"
        if balance >= needed:
            return f"all the same the balance is {money(balance)}: what else runs on the account may have reserved it"
        return f"the balance is {money(balance)}, so {money(needed - balance)} is missing"

    def _interrupt(self) -> SweepInterrupted:
        self._open = [slot for slot in self._open if slot.is_open]
        self._call_back(_INTERRUPTED)
        unsent = sum(slot.state == "sending" for slot in self._open)
        there = sum(slot.state in {"done", "reused"} for slot in self.slots)
        waiting = f" ({unsent} of them on the way out)" if unsent else ""
        flying, left = len(self._open), len(self._pending)
        self._interrupted = (
            f"you interrupted the sweep: {there} of {len(self.slots)} clips {'is' if there == 1 else 'are'} there, "
            f"{flying} {'is in flight and goes' if flying == 1 else 'are in flight and go'} on{waiting}, "
            f"{left} {'was' if left == 1 else 'were'} not sent. Run it again to go on."
        )
        for slot in self._pending:
            slot.why = f"not sent: {_INTERRUPTED}"
        error = SweepInterrupted(self._interrupted)
        error.in_flight = [slot.generation for slot in self._open if slot.generation is not None]
        return error

    def _call_back(self, why: str) -> None:
        """Have what only this studio's sweeps asked for, and what still waits for its turn, not be sent.

        By the cells, not by what this run knows to have begun: it may have been interrupted just after a beginning.
        """
        self._called_back = True
        back = self._desk.withdraw([slot.cell for slot in self.slots if not slot.is_old], why)
        for slot in [slot for slot in self._open if slot.generation is not None and slot.generation.id in back]:
            self._unhook(slot)
            self._open.remove(slot)
            slot.generation, slot.is_new = None, False
        self._pending = deque(slot for slot in self.slots if slot.generation is None and not slot.why)

    # ---- telling -----------------------------------------------------------------------------------------------

    def _tell(self, *, last: bool = False) -> None:
        if in_notebook():
            if last:  # before that, the ticker sees to it
                with contextlib.suppress(Exception):  # a front end that has gone away is no reason to lose a sweep
                    self._live.refresh()
            return
        if self._is_quiet:
            return
        parts, news = progress_parts(self._view(), self.what), self._news()
        if last:
            screen.lines([*news, [*parts, f"clips in {self._desk.clips.clips}"]])
            screen.rest()
        elif screen.is_live:
            screen.lines(news, parts)
        elif time.monotonic() - self._told_at > _LINE_EVERY_S:
            self._told_at = time.monotonic()
            screen.lines([*news, parts])
        else:
            screen.lines(news)

    def _news(self) -> list[Sequence[str] | str]:
        """Lines of their own for a terminal, each told once; a sweep has too many clips for that."""
        return []

    def _bundle(self) -> tuple[dict[str, str], bool]:
        ended = self._took_s is not None and not any(slot.is_open for slot in self.slots)
        view = self._view(self._below() if ended else None)
        return {"text/html": str(progress_html(view)), "text/plain": progress_text(view)}, ended

    def _view(self, below: Html | None = None) -> ProgressView:
        slots = list(self.slots)
        passed = self._took_s if self._took_s is not None else time.monotonic() - self._began
        return ProgressView(
            cells=[(slot.state, slot.words if len(slots) <= SQUARES else "") for slot in slots],
            elapsed=clock(passed) if self._took_s is None or passed >= _EXACT_S else f"{max(passed, 0.1):.1f} s",
            left=self._left(slots) if self._took_s is None else "",
            money=self._money(slots),
            note=self._note(slots),
            is_stopped=bool(self.stopped or self._interrupted),
            below=below,
        )

    def _left(self, slots: Sequence[Slot]) -> str:
        """How long it will take from now on; by what the cells of this run took, once there are some."""
        new = [slot for slot in slots if not slot.is_old]
        done = [(s.generation.latency_s, s.expected_s) for s in new if s.state == "done" and s.generation is not None]
        known = [(took, expected) for took, expected in done if took is not None]
        factor = sum(took for took, _ in known) / sum(expected for _, expected in known) if known else 1.0
        running, waiting = [], []
        for slot in new:
            expected, made = slot.expected_s * factor, slot.generation
            if slot.state == "running" and made is not None:
                sent_us = made._row["sent_at"] or now_us()
                running.append(max(expected - (now_us() - sent_us) / 1e6, expected / 10))
            elif slot.state in {"waiting", "sending"}:
                waiting.append(expected)
        left = lasting([*running, *waiting], self._at_once, self._desk.per_minute, started=len(running))
        ended = len(new) - len(running) - len(waiting)
        if ended >= self._at_once:  # what the network and this machine manage, too
            left = max(left, (time.monotonic() - self._began) / ended * len(waiting))
        return clock(left + 0.5) if left else ""

    def _money(self, slots: Sequence[Slot]) -> str:
        made = [slot.generation for slot in slots if slot.generation is not None and slot.is_new]
        spent = sum(one.cost_usd or 0.0 for one in made)
        silent = sum(one.status == "completed" and one.cost_usd is None for one in made)
        word = " pretended" if self._desk.is_preview else ""
        return f"{money(spent)}{word} {'in this run' if self._took_s is not None else 'so far'}" + (
            f", {silent} not reported" if silent else ""
        )

    def _note(self, slots: Sequence[Slot]) -> str:
        if self._interrupted:
            return self._interrupted[:1].upper() + self._interrupted[1:]
        if self.stopped is not None:
            return str(self.stopped)[:1].upper() + str(self.stopped)[1:]
        if self._full is not None:
            return "The budget has no room for the next one; a clip that ends may leave some."
        refused = sum(slot.why.startswith(_REFUSED) for slot in slots)
        if self._took_s is not None and refused:
            were, them = ("was", "it") if refused == 1 else ("were", "them")
            return f"{refused} {were} refused by moderation before and not sent; run(refused=True) sends {them} again."
        return next((slot.remark for slot in list(self._open) if slot.state == "sending" and slot.remark), "")
