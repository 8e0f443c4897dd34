"""A storyboard: shots that go on from each other, priced before anything is sent; its run, and its film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pixverse_nb import errors
from pixverse_nb.display.html import Html
from pixverse_nb.display.plan import STATES, PlanView, about
from pixverse_nb.display.storyboard import Line, StoryView, lines_html, story_html, story_text
from pixverse_nb.generation import Generation
from pixverse_nb.generations import Generations
from pixverse_nb.media.reels import Reels
from pixverse_nb.parameters import with_defaults
from pixverse_nb.pricing import Estimate, money, to_usd
from pixverse_nb.sweep.awaited import beside
from pixverse_nb.sweep.cells import Cell
from pixverse_nb.sweep.desk import BLOCKED, FETCHED, NEW, OWNED, REFUSED, RUNNING, WORDS, Figures
from pixverse_nb.sweep.run import SweepInterrupted
from pixverse_nb.sweep.slot import Slot

from .film import Film, film_of
from .shooting import DONE, FREE, Set, Shooting
from .shots import Shot, chains_of, same_as

if TYPE_CHECKING:
    from pixverse_nb.studio import Studio


@dataclass(frozen=True)
class _Stand:
    """How a shot stands: as `Desk.kinds` says it, or behind another one, whose clip is not there yet."""

    number: int
    kind: str
    behind: Shot | None = None
    behind_kind: str = ""
    stop: int = 0  # the shot that moderation refused before, where that keeps this one from being sent
    same: int = 0  # the shot whose clip it is, too
    status: str = ""  # of the job, where there is one under way

    @property
    def words(self) -> str:
        if self.stop:
            return f"{BLOCKED}: shot {self.stop} was refused before"
        if self.same:
            return f"the same clip as shot {self.same}"
        if self.behind is None:
            return _UNDER_WAY.get(self.status, (WORDS[self.kind], ""))[0]
        number = self.behind.number
        if self.behind_kind == "fetched":
            return f"known once shot {number} is fetched"
        if self.behind.wish.request.take > 1:
            return f"to send: goes on from another take of shot {number}"
        return f"{NEW}, after shot {self.number - 1}"

    @property
    def is_unseen(self) -> bool:
        """Whether it counts as to be sent, and may be owned after all."""
        return self.behind is not None and self.kind == "new"


_UNDER_WAY = {"unknown": ("outcome unknown", "reserved"), "downloading": ("made, to be fetched", "billed")}
"""Of a job that nobody follows at the moment: how it stands, and its money."""


class Storyboard:
    """Shots that go on from each other by their last frames, priced before anything is sent; `run()` makes the film.

    Shown in a notebook it is a table of its shots: what is there already, what the rest would cost and how long it
    would take; showing it sends nothing. The figures are those of the moment at which they are read.

    Attributes
    ----------
    clips : Generations
        What `run` brought, in the shots' order; after one that failed, only what is there.
    film : Film or None
        The clips as one, when all of them are there.
    """

    def __init__(self, studio: Studio, shots: Sequence[Shot]) -> None:
        self.clips = Generations()
        self.film: Film | None = None
        self._desk = Set(studio)
        self._reels = Reels(studio.home)
        self._shots = list(shots)
        self._made: dict[str, Generation] = {}  # by identity: what the runs of this storyboard brought

    def __len__(self) -> int:
        return len(self._shots)

    @property
    def duration_s(self) -> int:
        """How long the film is asked to be, s."""
        return sum(shot.duration_s for shot in self._shots)

    @property
    def owned(self) -> int:
        """How many shots are there already, at no cost."""
        return self._figures()[0].count(OWNED)

    @property
    def to_send(self) -> int:
        """How many shots `run` would send, as far as it is known: all that come after one that is not there count."""
        return self._figures()[0].count(NEW)

    @property
    def expected_usd(self) -> float:
        """What those to send should cost, USD."""
        return self._figures()[0].price.expected_usd

    @property
    def ceiling_usd(self) -> float:
        """What those to send cost at most, USD."""
        return self._figures()[0].price.ceiling_usd

    @property
    def seconds(self) -> float:
        """How long a run should take, s: the shots of a chain one after the other, chains side by side."""
        return self._figures()[0].seconds

    # ---- running it ------------------------------------------------------------------------------------------------

    def run(self, *, refused: bool = False) -> Film:
        """Send what is missing, shot after shot, show the progress live, and join the clips into one film.

        A shot is sent when the one before is there, for it starts from its last frame; chains that do not go on from
        each other run at once. Nothing is sent unless the budget has room for the ceiling of all that is missing. What
        is there is not sent: after an interruption, an error or a restart of the kernel, the same storyboard, run
        again, sends only what is missing. A shot that fails ends its chain; other chains go on to their ends, and the
        clips are kept.

        The film is joined without encoding anew where the clips' streams allow it, and kept in the home under `films`.

        Parameters
        ----------
        refused : bool
            Whether to send shots that moderation has refused before; they will most likely be refused again.

        Returns
        -------
        Film
            It plays when displayed; also `.film`.

        Raises
        ------
        BudgetExceeded
            When there is no room for everything that is missing: before anything is sent, with what would fit.
        PixverseError
            Why the first shot that failed did, after all chains have ended; or why all stopped.
        ClipError
            When the film cannot be written: its clips are kept, and running again joins them.
        WaitInterrupted
            A KeyboardInterrupt, when you interrupt the kernel; its `in_flight` lists the generations that go on.
        """
        film = self._carried_out(self._prepared(refused=refused))
        film._tell()
        return film

    async def run_async(self, *, refused: bool = False) -> Film:
        """The same without blocking the event loop: `film = await board.run_async()`.

        In a notebook the progress is shown; elsewhere nothing is printed. A task that is cancelled, or a cell that is
        interrupted, sends nothing more, and what is in flight goes on: run again, it picks that up. A loop that stands
        still for a second counts as left.

        Parameters
        ----------
        refused : bool
            Whether to send shots that moderation has refused before.

        Returns
        -------
        Film
            As `run` gives it.

        Raises
        ------
        PixverseError
            As `run` does.
        """
        shooting = self._prepared(refused=refused, is_quiet=True)
        return await beside(lambda: self._carried_out(shooting), shooting.cancel)

    def _prepared(self, *, refused: bool, is_quiet: bool = False) -> Shooting:
        if not isinstance(refused, bool):
            raise errors.InvalidParameter(
                f"refused={refused!r} is not allowed", remedy="Pass True or False.", billed=False
            )
        return Shooting(
            self._desk,
            chains_of(self._shots),
            self._reels,
            made=self._made,
            refused=refused,
            below=self._table,
            is_quiet=is_quiet,
        )

    def _carried_out(self, shooting: Shooting) -> Film:
        self.film = None
        try:
            shooting.carry_out()
        finally:
            done = [slot for slot in shooting.slots if slot.state in DONE and slot.generation is not None]
            self._made |= {slot.cell.identity: slot.generation for slot in done if slot.generation is not None}
            self.clips = Generations(slot.generation for slot in done if slot.generation is not None)
        if (trouble := shooting.stopped or shooting.trouble) is not None:
            raise trouble
        self.film = self._joined()
        return self.film

    def _joined(self) -> Film:
        """The film; an interruption says what it leaves."""
        try:
            return film_of(self.clips, self._reels, self._desk.clips)
        except KeyboardInterrupt:
            raise SweepInterrupted(
                f"you interrupted the storyboard while its film was joined: all {len(self)} clips are there. "
                "Run it again to join them."
            ) from None

    # ---- looking ---------------------------------------------------------------------------------------------------

    def _stands(self) -> tuple[list[_Stand], list[Cell]]:
        """How each shot stands, and its request as far as it is known."""
        stands: list[_Stand] = []
        cells: list[Cell] = []
        for chain in chains_of(self._shots):
            cell, behind, behind_kind = chain[0].cell, None, ""
            for shot, after in zip(chain, [*chain[1:], None], strict=True):
                kind = "new" if behind else self._desk.kinds([cell])[0]
                status = self._desk.latest([cell])[cell.identity].status if kind == "joined" else ""
                stands.append(_Stand(shot.number, kind, behind, behind_kind, status=status))
                cells.append(cell)
                if after is None:
                    continue
                following = None if behind else self._following(cell, kind, after)
                if following is None and behind is None:
                    behind, behind_kind = shot, kind
                cell = following or after.cell
        stop = next((stand.number for stand in stands if stand.kind == "refused"), None)
        if stop is not None:  # nothing is sent of a film that cannot be made
            return [replace(one, kind="blocked", stop=stop) if one.kind == "new" else one for one in stands], cells
        same = same_as(self._shots)
        return [
            replace(one, kind="same", same=same[one.number]) if one.kind == "new" and one.number in same else one
            for one in stands
        ], cells

    def _following(self, cell: Cell, kind: str, after: Shot) -> Cell | None:
        """The request of the next shot, when the clip that it starts from is there."""
        made = self._desk.latest([cell]).get(cell.identity) if kind in FREE else None
        if made is None or made.video is None:
            return None
        try:
            return after.after(self._reels.last_frame(made.video.path))
        except errors.PixverseError:  # a damaged clip: the run says so
            return None

    def _figures(self) -> tuple[Figures, list[_Stand]]:
        stands, cells = self._stands()
        kinds = [stand.kind for stand in stands]
        each = dict(
            zip((shot.number for shot in self._shots), zip(self._desk.seconds(cells), kinds, strict=True), strict=True)
        )
        chains = [[each[shot.number] for shot in chain] for chain in chains_of(self._shots)]
        seconds = max(sum(s for s, kind in chain if kind in {"new", "joined"}) for chain in chains)
        return Figures(kinds, self._desk.prices(cells), self._desk.caps(), seconds, self._desk.per_minute), stands

    def _repr_html_(self) -> str:
        return str(story_html(self._view()))

    def __repr__(self) -> str:
        return story_text(self._view())

    def _view(self) -> StoryView:
        figures, stands = self._figures()
        to_send = figures.count(NEW)
        fits = figures.fits >= to_send
        most = "at most " if any(stand.is_unseen and stand.behind_kind != "new" for stand in stands) else ""
        sends = f"run() sends {most}{to_send:,}" if to_send and fits else "run() sends nothing"
        joins = "" if to_send or figures.count(REFUSED) else ", and joins the film"
        plan = PlanView(
            title=f"A film of {len(self)} shot{'' if len(self) == 1 else 's'}, {self.duration_s} s",
            axes=(),
            figures=self._totals(figures),
            warnings=self._warnings(figures, stands),
            foot=f"{sends}{joins}. Looking sends nothing.",
        )
        money_of = zip(self._shots, stands, figures.prices, strict=True)
        return StoryView(plan, [_line(shot, stand.words, _cost(stand, price)) for shot, stand, price in money_of])

    def _totals(self, figures: Figures) -> list[tuple[str, str, str]]:
        lines = [("shots", f"{len(self):,}", f"{self.duration_s} s in all")]
        there = [(what, figures.count(what)) for what in (OWNED, FETCHED, RUNNING, REFUSED, BLOCKED)]
        lines += [(what, f"{count:,}", "") for what, count in there if count]
        price = figures.price
        lines.append((NEW, f"{figures.count(NEW):,}", ""))
        if figures.count(NEW):
            most = "" if price.ceiling_micros == price.expected_micros else f"at most {money(price.ceiling_usd)}, "
            source = "pretended by the preview, $0 billed" if self._desk.is_preview else f"from {price.source}"
            lines.append(("cost", money(price.expected_usd), most + source))
        if figures.seconds:
            lines.append(("time", about(figures.seconds), "one after the other; chains side by side"))
        if figures.caps:
            cap = figures.caps[0]
            room = money(to_usd(figures.room_micros))
            lines.append(("budget", room, f"left of {money(to_usd(cap.cap_micros))} for {cap.scope}"))
        return lines

    def _warnings(self, figures: Figures, stands: Sequence[_Stand]) -> list[str]:
        warnings = []
        to_send, room = figures.count(NEW), figures.room_micros
        if room is not None and figures.fits < to_send:
            missing = money(to_usd(figures.price.ceiling_micros - room))
            warnings.append(f"The budget has room for {figures.fits:,} of {to_send:,}: {missing} is missing.")
        if figures.count(REFUSED):
            needed = [
                price.ceiling_usd
                for price, kind in zip(figures.prices, figures.kinds, strict=True)
                if kind in {"refused", "blocked"}
            ]
            short = room is not None and sum(needed) * 1e6 > room
            but = f", and the budget has {money(to_usd(room))} left" if short else ""
            warnings.append(
                "Moderation refused a shot before: change its words. "
                f"run(refused=True) sends {len(needed)} all the same, at most {money(sum(needed))}{but}."
            )
        warnings += [
            f"Shot {number}: its aspect_ratio is ignored, for its clip takes the shape of the frame it starts from."
            for number in self._misshapen()
        ]
        if any(stand.is_unseen for stand in stands):
            warnings.append(
                "A shot after one that is not there starts from a picture that nobody has seen yet. It counts as to be "
                "sent; whether you own it after all shows only when that picture is there."
            )
        return warnings

    def _misshapen(self) -> list[int]:
        """The shots that ask for another shape than the one they go on from has; the service follows the picture."""
        found = []
        for chain in chains_of(self._shots):
            shape = with_defaults(chain[0].wish.request.parameters)["aspect_ratio"]
            found += [s.number for s in chain[1:] if s.wish.request.parameters.get("aspect_ratio", shape) != shape]
        return found

    def _table(self, slots: Sequence[Slot]) -> Html:
        """The shots of a run."""
        return lines_html([_line(s, _state(slot), _paid(slot)) for s, slot in zip(self._shots, slots, strict=True)])


def _line(shot: Shot, standing: str, cost: str) -> Line:
    return Line(shot.number, shot.prompt, shot.settings, shot.start, standing, cost)


def _cost(stand: _Stand, price: Estimate) -> str:
    if stand.kind in {"reused", "fetched", "same"}:
        return money(0.0)
    if stand.kind == "joined":
        return f"{money(price.expected_usd)}, {_UNDER_WAY.get(stand.status, ('', 'under way'))[1]}"
    most = "" if price.ceiling_micros == price.expected_micros else f", at most {money(price.ceiling_usd)}"
    return f"{money(price.expected_usd)}{most}"


def _state(slot: Slot) -> str:
    if slot.state == "not sent":
        return slot.why
    error = slot.generation.error if slot.generation is not None and slot.state == "failed" else None
    return f"failed: {error.event}" if error is not None else STATES[slot.state][1]


def _paid(slot: Slot) -> str:
    made = slot.generation
    if made is None or not made.ended:
        return ""
    return (
        money(made.cost_usd)
        if made.cost_usd is not None or made.status == "completed"
        else "not billed"
        if (made._row["billed"] is False)
        else "–"
    )
