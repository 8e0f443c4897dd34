"""Several generations that belong together: takes of one request, cells of a sweep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Any

from .display import console
from .display.card import card_html, card_text
from .display.frontend import in_notebook
from .display.html import Html
from .display.live import Live
from .display.row import row_html, width_of
from .errors import PixverseError, WaitInterrupted
from .generation import Generation, _is_echo, _this_cell
from .interrupts import explain
from .terminal import following


class Generations(list[Generation]):
    """A list of generations that can be shown, waited for and awaited together.

    Displayed in a notebook they stand side by side, live, and become players one by one.
    """

    def __init__(self, generations: Iterable[Generation] = ()) -> None:
        super().__init__(generations)
        self._shown_in: object = None

    def wait(self, timeout: float | None = None) -> Generations:
        """Wait until all have ended.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most for all of them.

        Returns
        -------
        Generations
            Itself, all completed.

        Raises
        ------
        PixverseError
            The first one's, after all have ended: the others' clips are in this list and in the history.
        WaitTimeout, WaitInterrupted
            As `Generation.wait`; the jobs go on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        first: PixverseError | None = None
        try:
            with following(*self):
                for generation in self:
                    try:
                        generation.wait(None if deadline is None else max(deadline - time.monotonic(), 0.0))
                    except TimeoutError:
                        raise
                    except PixverseError as error:
                        first = first or error
        except KeyboardInterrupt:
            raise WaitInterrupted(self._were_left()) from None
        if first is not None:
            raise first
        return self

    def __await__(self) -> Generator[Any, None, Generations]:
        """Wait without blocking the event loop; raises what `wait` raises."""
        return self._awaited().__await__()

    async def _awaited(self) -> Generations:
        try:
            ended = await asyncio.gather(*(_as_task(generation) for generation in self), return_exceptions=True)
        except asyncio.CancelledError as cancelled:
            explain(cancelled, self._were_left())
            raise
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome
        return self

    def _were_left(self) -> str:
        """Nobody waits for any of them any more; the sentence for who has stopped."""
        left = [generation for generation in self if generation._open]
        words = [generation._was_left() for generation in left]
        if len(left) == 1:
            return words[0]
        if not left:
            return f"you stopped waiting for {len(self)} generations, all of which have ended."
        there = len(self) - len(left)
        ended = f": {there} {'has' if there == 1 else 'have'} ended, and the other {len(left)}" if there else ", which"
        return f"you stopped waiting for {len(self)} generations{ended} go on. Run the cell again to pick them up."

    def show(self, *, embed: bool | None = None) -> None:
        """Display them side by side, live. Outside a notebook their lines are printed.

        Parameters
        ----------
        embed : bool, optional
            Whether the clips are put into the notebook, as in `Video.show`.
        """
        if not in_notebook():
            console.answer(self._text())
            return
        ended: dict[str, Html] = {}
        live = Live(lambda: self._bundle(embed, ended))
        for generation in self:  # each tells it its news, as it does to its own
            generation._lives.append(live)
        self._shown_in = _this_cell()
        live.show()

    def _bundle(self, embed: bool | None, ended: dict[str, Html]) -> tuple[dict[str, str], bool]:
        """What to show now, and whether it is the last; cards that have ended are made once."""
        over = not any(generation._open for generation in self)
        cards = []
        for generation in self:
            card = ended.get(generation.id)
            if card is None:
                done = generation.ended and generation._is_final
                card = _small_card(generation, embed, width_of(len(self)))
                if done:
                    ended[generation.id] = card
            cards.append(card)
        return {"text/html": str(row_html(cards)), "text/plain": self._text()}, over

    def _text(self) -> str:
        return "\n".join(card_text(generation._card(False)) for generation in self)

    def _ipython_display_(self) -> None:
        # generate() has shown them already when they are also the last line of its cell.
        if not (_is_echo() and self._was_shown_in(_this_cell())):
            self.show()

    def _was_shown_in(self, cell: object) -> bool:
        """Whether that cell has shown them; a terminal is told each one's end by itself."""
        if cell is None or self._shown_in == cell:
            return cell is not None
        return not in_notebook() and bool(self) and all(generation._shown_in == cell for generation in self)


def _small_card(generation: Generation, embed: bool | None, most: int) -> Html:
    card = generation._card(embed)
    width, height = card.size
    scale = min(most / width, 1.0)
    return card_html(replace(card, size=(round(width * scale), round(height * scale))))


async def _as_task(generation: Generation) -> Generation:
    return await generation
