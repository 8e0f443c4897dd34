"""What a sweep asks of its studio: what stands where, what it costs, how long it takes, and to begin."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pixverse_nb.budget import Budget, Cap
from pixverse_nb.generation import Generation
from pixverse_nb.media.clips import Clips
from pixverse_nb.polling import TYPICAL_S, expectation
from pixverse_nb.pricing import Estimate
from pixverse_nb.store.store import Store

from .cells import Cell

if TYPE_CHECKING:
    from pixverse_nb.studio import Studio

AT_ONCE = 16
"""Jobs of a sweep in flight at once, unless said otherwise."""

OWNED, FETCHED, RUNNING, REFUSED, NEW = "owned", "to fetch again", "running", "refused before", "to send"
BLOCKED = "not sent"  # of a film that cannot be made
SAME = "the same clip as another shot"
WORDS = {"reused": OWNED, "fetched": FETCHED, "joined": RUNNING, "refused": REFUSED, "new": NEW, "blocked": BLOCKED,
         "same": SAME}  # fmt: skip
"""By what `Desk.start` would make of a cell."""

STANDINGS = (OWNED, FETCHED, RUNNING, NEW, REFUSED)
"""How a cell can stand, in words."""

_PREVIEW_S = 2.0  # a preview clip's time before there is one


class Desk:
    """The side of a studio that a sweep sees.

    Parameters
    ----------
    studio : Studio
        Which sends, and whose home holds the clips.
    """

    # The studio's own rooms are opened here and nowhere else.

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    @property
    def store(self) -> Store:
        """The history."""
        return self._studio._store

    @property
    def clips(self) -> Clips:
        """The clips."""
        return self._studio._clips

    @property
    def home(self) -> Path:
        """The home."""
        return self._studio.home

    @property
    def is_preview(self) -> bool:
        """Whether money is pretended."""
        return self._studio.is_preview

    @property
    def per_minute(self) -> float | None:
        """How many sends a minute the account takes, as far as that was learned."""
        return self._studio._bench.gate.per_minute

    def start(self, cells: Sequence[Cell]) -> list[tuple[Generation, str]]:
        """Begin cells, all of them or none, and say what became of each; raises what `submit` raises.

        It was "reused", "joined" or "fetched" again, or it is "new": only then money is spent by this call.
        """
        return self._studio._begin([cell.wish for cell in cells], asked_by=self._studio._name)

    def withdraw(self, cells: Sequence[Cell], why: str) -> set[str]:
        """Close what was not sent yet of these cells, and only this studio's sweeps asked for; gives the rows' ids."""
        mine = {cell.identity for cell in cells}
        return self._studio._withdraw(self._studio._name, why, lambda row: row["identity"] in mine)

    def kinds(self, cells: Sequence[Cell]) -> list[str]:
        """What `start` would make of each: "reused", "joined", "fetched", "refused" (new, refused before), "new"."""
        studio = self._studio
        requests = [cell.wish.request for cell in cells]
        return studio._store.standing(studio._backend.name, requests, studio._shelf)

    def has_clip(self, generation: Generation) -> bool:
        """Whether its clip is on the disk."""
        return generation.status == "completed" and self._studio._has_clip(generation._row)

    def latest(self, cells: Sequence[Cell]) -> dict[str, Generation]:
        """Of each cell that was ever tried, the best attempt: with a clip, else the newest."""
        studio, best = self._studio, dict[str, Generation]()
        if not cells:
            return best
        wanted = {"service": studio._backend.name, "identity": [cell.identity for cell in cells]}
        for row in reversed(studio._store.select(wanted)):
            known = best.get(row.identity)
            if known is None or not self.has_clip(known):
                best[row.identity] = studio._handle(dict(row._mapping))
        return best

    def prices(self, cells: Sequence[Cell]) -> list[Estimate]:
        """What each would cost, as far as charges have taught."""
        return self._studio._quotes.all([cell.wish.request for cell in cells])

    @property
    def budget(self) -> Budget:
        """The budget itself."""
        return self._studio.budget

    def caps(self) -> list[Cap]:
        """The budget's caps, the tightest first; empty without a budget."""
        return sorted(self._studio.spending(), key=lambda cap: cap.room_micros)

    def balance_usd(self) -> float:
        """The account's balance, USD; asks the service."""
        return self._studio.credits().total_usd

    def seconds(self, cells: Sequence[Cell]) -> list[float]:
        """What the job of each should take, from what earlier ones took."""
        service = self._studio._backend.name

        @cache
        def expected(quality: str, duration: int) -> float:
            typical = _PREVIEW_S if self.is_preview else TYPICAL_S
            return expectation(self.store.recent_seconds(service, quality, duration)) or typical

        requests = [cell.wish.request.parameters for cell in cells]
        return [expected(str(given["quality"]), int(given["duration"])) for given in requests]


@dataclass(frozen=True)
class Figures:
    """A sweep as it stands at one moment.

    Attributes
    ----------
    kinds : list of str
        Of each cell what `Desk.start` would make of it.
    prices : list of Estimate
        Of each cell, whether it is to be sent or not.
    caps : list of Cap
        The tightest first.
    seconds : float
        How long a run would take, s.
    per_minute : float or None
        Sends a minute that the account takes.
    """

    kinds: list[str]
    prices: list[Estimate]
    caps: list[Cap]
    seconds: float
    per_minute: float | None

    @classmethod
    def of(cls, desk: Desk, cells: Sequence[Cell]) -> Figures:
        """The figures right now."""
        kinds = desk.kinds(cells)
        jobs = [s for s, kind in zip(desk.seconds(cells), kinds, strict=True) if kind in {"new", "joined"}]
        limit = desk.per_minute
        return cls(kinds, desk.prices(cells), desk.caps(), lasting(jobs, AT_ONCE, limit), limit)

    @property
    def standings(self) -> list[str]:
        """Of each cell, in words."""
        return [WORDS[kind] for kind in self.kinds]

    def count(self, standing: str) -> int:
        """How many cells stand so."""
        return self.standings.count(standing)

    @property
    def price(self) -> Estimate:
        """Of everything that is to be sent."""
        to_send = self._to_send
        return sum(to_send[1:], to_send[0]) if to_send else Estimate(0, 0, 0)

    @property
    def _to_send(self) -> list[Estimate]:
        return [price for price, kind in zip(self.prices, self.kinds, strict=True) if kind == "new"]

    @property
    def room_micros(self) -> int | None:
        """What the tightest cap has left, micro-dollars; None without a budget."""
        return max(self.caps[0].room_micros, 0) if self.caps else None

    @property
    def fits(self) -> int:
        """How many of those to send the budget has room for, in their order, each with its ceiling."""
        room = self.room_micros
        if room is None:
            return len(self._to_send)
        for count, price in enumerate(self._to_send):
            room -= price.ceiling_micros
            if room < 0:
                return count
        return len(self._to_send)


def lasting(jobs: Sequence[float], at_once: int, per_minute: float | None, *, started: int = 0) -> float:
    """How long jobs take together, s.

    Parameters
    ----------
    jobs : sequence of float
        What each takes, s, in the order in which they start.
    at_once : int
        How many may be in flight.
    per_minute : float or None
        How many may start in a minute; None is no limit.
    started : int
        How many of them, the first ones, are under way already.
    """
    whole = None if per_minute is None else max(int(per_minute), 1)
    ends = [0.0] * min(at_once, len(jobs))
    for number, seconds in enumerate(jobs):
        opens = 0.0 if whole is None else 60.0 * (max(number - started, 0) // whole)
        heapq.heapreplace(ends, max(ends[0], opens) + seconds)
    return max(ends, default=0.0)
