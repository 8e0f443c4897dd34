"""One job's line in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pixverse_nb.display import queue as display
from pixverse_nb.store.words import now_us

from .lifecycle import close_all
from .pricetag import short, span, wait_words

if TYPE_CHECKING:
    from pixverse_nb.generation import Generation
    from pixverse_nb.studio import Studio


class Line:
    """A line: what a job is at, and what one can do about it.

    Attributes
    ----------
    aside : bool
        Whether a person has stopped waiting for it; it goes on.
    hidden : bool
        Whether it was dismissed.
    retried : bool
        Whether its request was sent anew.
    trouble : str or None
        Why a button could not do what it says.
    """

    def __init__(self, studio: Studio, generation: Generation) -> None:
        self._studio = studio
        self.generation = generation
        self.aside = self.hidden = self.retried = False
        self.ended = generation.ended
        billed = "running" if studio.is_preview else "billed"
        self.stop = _button(f"Stop waiting · still {billed}", "It only leaves this list: the job goes on by itself.")
        self.resume = _button("Resume", "Watch it, and take it up again where it stands.")
        self.retry = _button("Retry", "Send the same request as a new job.")
        self.dismiss = _button("Dismiss", "Take the line away; the history keeps it.")
        self._words = widgets.HTML()
        self._price: str | None = None
        self.trouble: str | None = None
        self._buttons = widgets.HBox().add_class("pixverse-line-buttons")
        self.box = widgets.HBox([self._words, self._buttons]).add_class("pixverse-line")
        self._shown = True
        self.refresh()
        self.arrange(True)

    @property
    def status(self) -> str:
        """The generation's."""
        return self.generation.status

    @property
    def first_button(self) -> Any:
        """Where the keyboard's focus may go."""
        return self._buttons.children[0] if self._buttons.children else None

    def refresh(self) -> bool:
        """Show the newest state; returns whether the job has ended since the last time."""
        generation = self.generation
        ended = generation.ended
        self.refresh_words()
        if generation.status == "failed" and self._price is None:
            self._price = self._retry_price()
            self.retry.description = f"Retry · {self._price}"
        new, self.ended = ended and not self.ended, ended
        return new

    def refresh_words(self) -> None:
        """Write the newest state, where it reads differently."""
        words = display.line_html(self._told())
        if self._words.value != words:
            self._words.value = str(words)

    def arrange(self, seen: bool) -> None:
        """Show the buttons that fit, and the line or not; a hidden one keeps its widgets: no other is drawn anew."""
        buttons = self._fitting()
        if self._buttons.children != buttons:
            self._buttons.children = buttons
        if seen != self._shown:
            self._shown = seen
            (self.box.remove_class if seen else self.box.add_class)("pixverse-hidden")

    def is_seen(self, with_aside: bool) -> bool:
        """Whether it is to be seen, with those that are not watched or without."""
        return not self.hidden and (with_aside or not self.aside or self.ended)

    def close(self) -> None:
        """Give its widgets back, those that are not shown now too."""
        for widget in (self.box, self.stop, self.resume, self.retry, self.dismiss):
            close_all(widget)

    def _fitting(self) -> tuple[Any, ...]:
        generation = self.generation
        if generation.status == "failed":
            return (self.dismiss,) if self.retried else (self.retry, self.dismiss)
        if generation.ended:
            return (self.dismiss,)
        stuck = generation._stall is not None or generation.status == "unknown"
        if self.aside:
            return (self.resume,)
        return (self.resume, self.stop) if stuck else (self.stop,)

    def _retry_price(self) -> str:
        if self._studio.is_preview:
            return "preview, $0"
        return short(self._studio._quotes.price(self.generation.request).expected_usd)

    def _told(self) -> display.Line:
        generation = self.generation
        stalled = generation._stall is not None
        error = generation.error if generation.status != "completed" else None
        request = generation.request
        facts = [
            str(request.parameters["quality"]),
            f"{request.parameters['duration']} s",
            *([f"take {request.take}"] if request.take > 1 else []),
            generation._money(),
        ]
        return display.Line(
            status="stalled" if stalled else generation.status,
            prompt=request.prompt,
            clock="" if stalled else self._clock(),
            progress=None if stalled or generation.ended else generation._progress(),
            facts=facts,
            note=None if generation.ended else generation._note(),
            error=self.trouble or (None if error is None else str(error)),
        )

    def _clock(self) -> str:
        generation = self.generation
        row = generation._row
        if generation.ended:
            return f"in {wait_words(float(row['latency_s']))}" if row["latency_s"] is not None else ""
        passed = (now_us() - (row["sent_at"] or row["created_at"])) / 1e6
        expected = generation._expected_s
        if expected is None or row["sent_at"] is None or generation.status == "unknown":
            return span(passed)
        left = expected - passed
        if left > 0:
            after = f"about {span(left)} left" if left >= 1 else "under 1 s left"
        else:
            after = f"longer than the usual {span(expected)}" if expected >= 1 else "longer than usual"
        return f"{span(passed)} · {after}"


def _button(description: str, tooltip: str) -> Any:
    return widgets.Button(description=description, tooltip=tooltip).add_class("pixverse-plain")
