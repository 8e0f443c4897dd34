"""A sweep's plan: how many clips, what they would cost and how long they would take; and its run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pixverse_nb import errors
from pixverse_nb.display.grid import GridView, grid_html, grid_text
from pixverse_nb.display.html import Html
from pixverse_nb.display.plan import PlanView, about, plan_html, plan_text
from pixverse_nb.display.shown import show
from pixverse_nb.generation import Generation
from pixverse_nb.parameters import PARAMETERS, check_count
from pixverse_nb.pricing import money, to_usd

from .awaited import beside
from .cells import Cell, Sheet
from .desk import AT_ONCE, FETCHED, NEW, OWNED, REFUSED, RUNNING, STANDINGS, Desk, Figures
from .grid import sides, view_of
from .run import Run
from .slot import Slot

if TYPE_CHECKING:
    import pandas as pd

    from pixverse_nb.history import History
    from pixverse_nb.studio import Studio

_MOST_AT_ONCE = 500


class Plan:
    """A sweep, priced before anything is sent.

    Shown in a notebook it is a table of what varies, what is there already, what the rest would cost and how long it
    would take; showing it sends nothing. The figures are those of the moment at which they are read.

    Attributes
    ----------
    stopped : PixverseError or None
        Why the last `run` stopped before its end, with what is missing; None when it did not.
    """

    def __init__(self, studio: Studio, sheet: Sheet) -> None:
        self.stopped: errors.PixverseError | None = None
        self._desk = Desk(studio)
        self._sheet = sheet
        self._made: dict[str, Generation] = {}  # by identity: what the runs of this plan brought
        self._missing: dict[str, str] = {}  # by identity: why it was not sent

    def __len__(self) -> int:
        return len(self._cells)

    @property
    def clips(self) -> int:
        """How many clips were asked for, each counted once."""
        return len(self._cells)

    @property
    def axes(self) -> dict[str, list[object]]:
        """What varies: name to its values."""
        return {name: list(values) for name, values in self._sheet.axes.items()}

    @property
    def owned(self) -> int:
        """How many are there already, at no cost."""
        return self._figures().count(OWNED)

    @property
    def to_fetch(self) -> int:
        """How many are yours, but their files have vanished: they are fetched again from the service, free."""
        return self._figures().count(FETCHED)

    @property
    def running(self) -> int:
        """How many are under way, here or in another kernel, or of unknown outcome: they are joined, not sent again."""
        return self._figures().count(RUNNING)

    @property
    def to_send(self) -> int:
        """How many `run` would send."""
        return self._figures().count(NEW)

    @property
    def refused(self) -> int:
        """How many moderation has refused before: only `run(refused=True)` sends them."""
        return self._figures().count(REFUSED)

    @property
    def expected_usd(self) -> float:
        """What those to send should cost, USD."""
        return self._figures().price.expected_usd

    @property
    def ceiling_usd(self) -> float:
        """What those to send cost at most, USD."""
        return self._figures().price.ceiling_usd

    @property
    def seconds(self) -> float:
        """How long a run should take, s: by what jobs took, 16 at once, and the account's rate limit."""
        return self._figures().seconds

    @property
    def room_usd(self) -> float | None:
        """What the budget's tightest cap has left, USD; None without a budget."""
        return to_usd(self._figures().room_micros)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a cell: its place on each axis, how it stands, and its estimate in USD."""
        import pandas as pd

        figures = self._figures()
        columns: dict[str, Any] = {name: _column(name, self._cells) for name in self._sheet.axes}
        columns["standing"] = pd.Categorical(figures.standings, categories=list(STANDINGS))
        free = [standing in {OWNED, FETCHED, RUNNING} for standing in figures.standings]
        priced = list(zip(free, figures.prices, strict=True))
        columns["estimate_usd"] = pd.array([0.0 if no else price.expected_usd for no, price in priced], dtype="Float64")
        columns["ceiling_usd"] = pd.array([0.0 if no else price.ceiling_usd for no, price in priced], dtype="Float64")
        made: pd.DataFrame = pd.DataFrame(columns, index=pd.RangeIndex(1, len(self) + 1, name="cell"))
        return made

    # ---- running it --------------------------------------------------------------------------------------------

    def run(self, at_once: int = AT_ONCE, *, refused: bool = False) -> History:
        """Send what is missing, show the progress live, and wait for all of it.

        What is there is not sent, what is under way is joined, and cells that failed are tried again. A cell that fails
        does not stop the others: a 400 or a 422 is about the one request, however often it comes. It stops sending when
        the budget or the account has no more, when the key or the model is refused, when three sends in a row are
        refused in the same words for a reason that is the account's (401, 402, 403, 406) or the address's (404, 405),
        when the service cannot be reached, or when you interrupt it. What still waits for its turn is then called back,
        unless another kernel or a call of your own asked for it, too; what is in flight is waited for. Run again, in
        this kernel or another, it sends only what is missing.

        Parameters
        ----------
        at_once : int
            How many jobs may be in flight, 1-500. The account's rate limit is kept whatever it says.
        refused : bool
            Whether to send cells that moderation has refused before; they will most likely be refused again.

        Returns
        -------
        pandas.DataFrame
            As `Studio.history`, one row a cell in plan order, with the axes as columns; cells that were not sent have
            no id and no status, and say why under `error`. See `stopped` for why it ended early.

        Raises
        ------
        InvalidParameter
            For an argument that cannot be used.
        WaitInterrupted
            A KeyboardInterrupt, when you interrupt the kernel; its `in_flight` lists the generations that go on.
        """
        slots, run = self._prepared(at_once, refused=refused)
        return self._carried_out(slots, run)

    async def run_async(self, at_once: int = AT_ONCE, *, refused: bool = False) -> History:
        """The same without blocking the event loop: `df = await plan.run_async()`.

        In a notebook the progress is shown; elsewhere nothing is printed. A task that is cancelled, or a cell that is
        interrupted, sends nothing more, and what is in flight goes on: run again, it picks that up. A loop that stands
        still for a second counts as left.

        Parameters
        ----------
        at_once : int
            How many jobs may be in flight, 1-500.
        refused : bool
            Whether to send cells that moderation has refused before.

        Returns
        -------
        pandas.DataFrame
            As `run` gives it.

        Raises
        ------
        InvalidParameter
            For an argument that cannot be used.
        """
        slots, run = self._prepared(at_once, refused=refused, is_quiet=True)
        return await beside(lambda: self._carried_out(slots, run), run.cancel)

    def _prepared(self, at_once: int, *, refused: bool, is_quiet: bool = False) -> tuple[list[Slot], Run]:
        at_once = check_count("at_once", at_once, _MOST_AT_ONCE)
        if not isinstance(refused, bool):
            raise errors.InvalidParameter(
                f"refused={refused!r} is not allowed", remedy="Pass True or False.", billed=False
            )
        slots = self._slots()
        below = partial(self._grid_of, slots)
        return slots, Run(self._desk, slots, at_once=at_once, refused=refused, below=below, is_quiet=is_quiet)

    def _carried_out(self, slots: list[Slot], run: Run) -> History:
        self.stopped = None
        try:
            run.carry_out()
        finally:
            self.stopped = run.stopped
            self._made = {s.cell.identity: s.generation for s in slots if s.generation is not None}
            self._missing = {s.cell.identity: s.why for s in slots if s.why}
        return self._history(slots)

    def _slots(self) -> list[Slot]:
        slots = [Slot(cell, s) for cell, s in zip(self._cells, self._desk.seconds(self._cells), strict=True)]
        for slot in slots:
            made = self._made.get(slot.cell.identity)
            if made is not None and self._desk.has_clip(made):
                slot.generation, slot.is_old = made, True
        return slots

    def _history(self, slots: Sequence[Slot]) -> History:
        from pixverse_nb.history import COLUMNS, frame

        from .forms import AXES

        prices = self._desk.prices(self._cells)
        rows = [
            slot.generation._row if slot.generation else _unsent(slot, price.expected_micros, price.ceiling_micros)
            for slot, price in zip(slots, prices, strict=True)
        ]
        made = frame(rows, self._desk.store, self._desk.clips)
        for place, name in enumerate(name for name in self._sheet.axes if name not in COLUMNS):
            made.insert(place, name, _column(name, self._cells))
        made.attrs[AXES] = list(self._sheet.axes)
        return made

    # ---- looking -----------------------------------------------------------------------------------------------

    def grid(self, x: str | None = None, y: str | None = None) -> None:
        """Show the clips side by side, as posters that play; without any cost.

        Parameters
        ----------
        x, y : str, optional
            The axes across and down; by default those with the most values. The others stack inside a cell.

        Raises
        ------
        UnknownParameter
            For a name that is no axis of this sweep.
        """
        view = self._grid(*sides(self._sheet.axes, x, y), self._made)
        show(str(grid_html(view)), grid_text(view))

    def _grid_of(self, slots: Sequence[Slot]) -> Html:
        """The grid under a run's progress."""
        made = {slot.cell.identity: slot.generation for slot in slots if slot.generation is not None}
        self._missing = {slot.cell.identity: slot.why for slot in slots if slot.why}
        return grid_html(self._grid(*sides(self._sheet.axes, None, None), made))

    def _grid(self, x: str | None, y: str | None, made: Mapping[str, Generation]) -> GridView:
        def found(cells: Sequence[Cell]) -> Mapping[str, Generation]:
            return {**self._desk.latest([cell for cell in cells if cell.identity not in made]), **made}

        return view_of(self._sheet.axes, self._cells, found, self._missing, self._desk.clips, x=x, y=y)

    @property
    def _cells(self) -> list[Cell]:
        return self._sheet.cells

    def _figures(self) -> Figures:
        return Figures.of(self._desk, self._cells)

    def _repr_html_(self) -> str:
        return str(plan_html(self._view()))

    def __repr__(self) -> str:
        return plan_text(self._view())

    def _view(self) -> PlanView:
        figures = self._figures()
        clips = "1 clip" if len(self) == 1 else f"{len(self):,} clips"
        axes = [(name, [str(v) for v in values if v is not None]) for name, values in self._sheet.axes.items()]
        to_send = figures.count(NEW)
        sends = f"plan.run() sends {to_send:,}" if to_send else "plan.run() sends nothing"
        if figures.fits < to_send:
            sends = "plan.run() sends what there is room for"
        return PlanView(
            title=f"A sweep of {clips}",
            axes=axes,
            figures=self._lines(figures),
            warnings=self._warnings(figures),
            foot=f"{sends}. Looking sends nothing.",
        )

    def _lines(self, figures: Figures) -> list[tuple[str, str, str]]:
        sizes = [len(values) for values in self._sheet.axes.values()]
        whole = " × ".join(map(str, sizes)) if len(sizes) > 1 and math.prod(sizes) == len(self) else ""
        twice = f"{self._sheet.duplicates:,} more asked for the same and count once" if self._sheet.duplicates else ""
        lines = [("clips", f"{len(self):,}", ", ".join(text for text in (whole, twice) if text))]
        for what, standing, remark in (
            ("owned", OWNED, "there already, at no cost"),
            ("to fetch again", FETCHED, "free: the files have vanished, and the service should still have them"),
            ("running", RUNNING, "under way or of unknown outcome: joined, not sent again"),
            ("refused", REFUSED, "by moderation before: only run(refused=True) sends them"),
        ):
            if count := figures.count(standing):
                lines.append((what, f"{count:,}", remark))
        price = figures.price
        lines.append(("to send", f"{figures.count(NEW):,}", ""))
        if figures.count(NEW):
            most = "" if price.ceiling_micros == price.expected_micros else f"at most {money(price.ceiling_usd)}, "
            word = "pretended by the preview, $0 billed" if self._desk.is_preview else f"from {price.source}"
            lines.append(("cost", money(price.expected_usd), f"{most}{word}"))
        if figures.seconds:
            limit = f", {int(figures.per_minute)} sends a minute" if figures.per_minute else ""
            lines.append(("time", about(figures.seconds), f"{AT_ONCE} at once{limit}"))
        if figures.caps:
            cap = figures.caps[0]
            remark = f"left of {money(to_usd(cap.cap_micros))} for {cap.scope}"
            lines.append(("budget", money(to_usd(figures.room_micros)), remark))
        return lines

    def _warnings(self, figures: Figures) -> list[str]:
        warnings = []
        to_send, room = figures.count(NEW), figures.room_micros
        if room is not None and figures.fits < to_send:
            missing = money(to_usd(figures.price.ceiling_micros - room))
            warnings.append(f"The budget has room for {figures.fits:,} of {to_send:,}: {missing} is missing.")
        elif self.stopped is not None and to_send:
            warnings.append(str(self.stopped)[:1].upper() + str(self.stopped)[1:])
        return warnings


def _unsent(slot: Slot, estimate_micros: int, ceiling_micros: int) -> dict[str, Any]:
    """A row for a cell that was not sent: what was asked for, and why there is nothing."""
    from pixverse_nb.store.schema import generations

    request = slot.cell.wish.request
    return {
        **dict.fromkeys(column.name for column in generations.columns),
        **request.parameters,
        "extra": json.dumps(request.extra) if request.extra else None,
        "take": request.take,
        "image_sha256": request.image_sha256,
        "estimate_micros": estimate_micros,
        "ceiling_micros": ceiling_micros,
        "error": slot.why or "not sent",
    }


def _column(name: str, cells: Sequence[Cell]) -> Any:
    """An axis as a column, of the history's type where it is a parameter."""
    import pandas as pd

    from pixverse_nb.history import COLUMNS

    dtype: Any = COLUMNS[name] if name in PARAMETERS or name == "take" else "string"
    values: list[Any] = [cell.place[name] for cell in cells]
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical(values, dtype=dtype)
    return pd.array([pd.NA if value is None else value for value in values], dtype=dtype)
