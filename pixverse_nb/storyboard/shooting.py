"""A storyboard's run: shots one after the other, chains side by side; first what costs nothing, then the rest."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from pixverse_nb import errors
from pixverse_nb.display.html import Html
from pixverse_nb.display.plan import ProgressView, progress_html, progress_text
from pixverse_nb.generation import Generation
from pixverse_nb.media.reels import Reels
from pixverse_nb.pricing import Estimate, money, to_usd
from pixverse_nb.sweep.desk import Desk
from pixverse_nb.sweep.run import Run, SweepInterrupted
from pixverse_nb.sweep.slot import Slot
from pixverse_nb.terminal import ended_parts

from .shots import Shot, same_as

FREE = frozenset({"reused", "fetched"})
"""What a shot may be that brings its clip at no cost: there, or to be fetched again."""

DONE = frozenset({"done", "reused"})
"""States of a slot whose clip is there."""

_AGAIN = "What is done is kept: run it again, and only what is missing is sent."


def _remedy(error: errors.PixverseError, number: int) -> str:
    if isinstance(error, errors.OutcomeUnknown):
        return (
            "What is done is kept. Run it again in a while: it is looked for in the account's history, and not sent. "
            f"To send it all the same, by your own decision: take=2 for shot {number}."
        )
    again = "" if isinstance(error, errors.ModerationRefused) else _AGAIN
    return f"{error.remedy or ''} {again}".strip()


class Set(Desk):
    """What a storyboard asks of its studio."""

    def admit(self, prices: Sequence[Estimate]) -> None:
        """Make sure that the budget has room for all of these; else BudgetExceeded, with how many of them would fit."""
        if not prices:
            return
        studio = self._studio
        spent = studio._store.spent(studio._backend.name, studio._name)
        studio.budget.admit(spent, sum(prices[1:], prices[0]), lambda room: _first_of(prices, room))


def _first_of(prices: Sequence[Estimate], room_micros: int) -> str | None:
    """How many of the first shots a sum would buy, in words; None for none."""
    needed = 0
    for count, price in enumerate(prices):
        if needed + price.ceiling_micros > room_micros:
            first = "the first of them" if count == 1 else f"the first {count} of them"
            return f"{first} ({money(to_usd(needed))})" if count else None
        needed += price.ceiling_micros
    return None


class Shooting(Run):
    """One run of a storyboard.

    Parameters
    ----------
    desk : Set
        Where clips are asked for.
    chains : sequence of sequence of Shot
        The shots, those that go on from each other together.
    reels : Reels
        Keeps last frames.
    made : mapping
        By identity: what an earlier run of the same storyboard brought.
    refused : bool
        Whether shots that moderation has refused before are sent again.
    below : callable
        Gives the table of shots to show under the progress, from their slots.
    is_quiet : bool
        Whether it is awaited: then nothing is printed in a terminal.
    """

    what = "storyboard"

    def __init__(
        self,
        desk: Set,
        chains: Sequence[Sequence[Shot]],
        reels: Reels,
        *,
        made: Mapping[str, Generation],
        refused: bool,
        below: Callable[[Sequence[Slot]], Html],
        is_quiet: bool = False,
    ) -> None:
        self._shots = [shot for chain in chains for shot in chain]
        cells = [shot.cell for shot in self._shots]
        slots = [Slot(cell, seconds) for cell, seconds in zip(cells, desk.seconds(cells), strict=True)]
        super().__init__(desk, slots, at_once=len(chains), refused=refused, below=lambda: None, is_quiet=is_quiet)
        self._set, self._reels, self._made, self._table = desk, reels, made, below
        self._next = {
            id(one): (after, shot) for (one, after), shot in zip(pairwise(slots), self._shots[1:], strict=True)
        }
        self._is_free = True  # nothing that may cost money is begun yet
        self._held: list[Slot] = []
        self._printed: set[int] = set()  # by the slot's id(): those whose ends stand in the terminal
        self._troubles: dict[int, errors.PixverseError] = {}  # by the slot's id(): why it cannot even be asked for

    # ---- the order of things ---------------------------------------------------------------------------------------

    def _line_up(self) -> None:
        """First what is there, to its end; then, before anything is sent, whether the rest can be."""
        for slot, shot in zip(self.slots, self._shots, strict=True):
            if not shot.follows:
                self._take_in(slot)
        self._walk()
        try:
            self._check()
        except errors.PixverseError as error:
            self.stopped = error
            raise
        self._is_free = False
        self._pending.extend(self._held)

    def _check(self) -> None:
        if (trouble := self.stopped or self.trouble) is not None:
            raise trouble
        same = same_as(self._shots)
        waiting = [
            slot
            for slot, shot in zip(self.slots, self._shots, strict=True)
            if slot.generation is None and shot.number not in same
        ]
        held = dict(zip(map(id, self._held), self._desk.kinds([slot.cell for slot in self._held]), strict=True))
        to_send = [slot.cell for slot in waiting if held.get(id(slot)) != "joined"]
        self._set.admit(self._desk.prices(to_send))

    def _take_in(self, slot: Slot) -> None:
        """A shot whose request is known: it is there, or waits for its turn."""
        made = self._made.get(slot.cell.identity)
        if made is not None and self._desk.has_clip(made):
            slot.generation, slot.is_old = made, True
            self._go_on(slot)
            return
        kind = self._desk.kinds([slot.cell])[0]
        if kind == "refused" and not self._refused:
            slot.why = "moderation refused it before"
            remedy = "Change its words, or run(refused=True) sends it again."
            self._troubles[id(slot)] = errors.ModerationRefused(slot.why, remedy=remedy, billed=False)
        elif self._is_free and kind not in FREE:
            self._held.append(slot)
        else:
            self._pending.append(slot)

    def _go_on(self, slot: Slot) -> None:
        """From a clip that is there to the shot that starts from its last frame."""
        after, shot = self._next.get(id(slot), (None, None))
        video = slot.generation.video if slot.generation is not None else None
        if after is None or shot is None or video is None or not shot.follows:
            return
        try:
            after.cell = shot.after(self._reels.last_frame(video.path))
        except errors.PixverseError as error:
            after.why, self._troubles[id(after)] = f"not sent: {error.what}", error
            return
        self._take_in(after)

    def _retire(self) -> None:
        before = list(self._open)
        super()._retire()
        for slot in before:
            if slot not in self._open and slot.state in DONE:
                self._go_on(slot)

    # ---- what went wrong -------------------------------------------------------------------------------------------

    @property
    def trouble(self) -> errors.PixverseError | None:
        """Why a shot was not made, the first one's, told as the storyboard's; None when none failed."""
        for number, slot in enumerate(self.slots, 1):
            error = self._troubles.get(id(slot))
            if error is None and slot.generation is not None and not slot.is_open and slot.state not in DONE:
                error = slot.generation.error or errors.ClipError("its clip is not there")
            if error is not None:
                told = copy.copy(error)
                told.what = f"shot {number} of {len(self.slots)}: {error.what}"
                told.remedy = _remedy(error, number)
                return told
        return None

    def _explain(self, reason: errors.PixverseError) -> None:
        super()._explain(reason)
        if self.stopped is not None:
            self.stopped.what = _said(self.stopped.what)

    def _close(self) -> None:
        """What was not sent waits for nothing any more."""
        for before, slot in zip([None, *self.slots], self.slots, strict=False):
            if slot.generation is not None or slot.why:
                continue
            if isinstance(self.stopped, errors.BudgetExceeded):
                slot.why = "not sent: the budget has no room for all that is missing"
            elif before is not None and id(before) in self._next and self._next[id(before)][1].follows:
                slot.why = f"not sent: shot {self.slots.index(before) + 1} is not there"
            else:
                slot.why = "not sent"

    def _interrupt(self) -> SweepInterrupted:
        error = super()._interrupt()
        self._interrupted = _said(self._interrupted)
        told = SweepInterrupted(self._interrupted)
        told.in_flight = error.in_flight
        for slot in self.slots:
            slot.why = _said(slot.why)
        return told

    def _call_back(self, why: str) -> None:
        super()._call_back(_said(why))

    # ---- telling ---------------------------------------------------------------------------------------------------

    def _view(self, below: Html | None = None) -> ProgressView:
        return replace(super()._view(below), below=self._table(self.slots))

    def _bundle(self) -> tuple[dict[str, str], bool]:
        _, ended = super()._bundle()
        view = self._view()
        return {"text/html": str(progress_html(view)), "text/plain": progress_text(view, self.what)}, ended

    def _news(self) -> list[Sequence[str] | str]:
        """A line for each shot that has ended, with its clip's path below."""
        lines: list[Sequence[str] | str] = []
        for number, slot in enumerate(self.slots, 1):
            if slot.generation is None or slot.is_open or id(slot) in self._printed:
                continue
            self._printed.add(id(slot))
            look = slot.generation._look()
            lines += [[f"shot {number}", *ended_parts(look)], *look.notes]
        return lines


def _said(text: str) -> str:
    """A sweep's words about itself, as a storyboard's."""
    return text.replace("the sweep", "the storyboard", 1)
