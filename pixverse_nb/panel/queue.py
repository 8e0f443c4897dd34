"""The jobs under way: one line each, kept up to date from one thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pixverse_nb.display.queue import heading_html, quiet_html, status_html

from .chores import Chore, Chores, in_words
from .lifecycle import close_all, focus
from .line import Line
from .sending import send_again
from .ticker import Ticker

if TYPE_CHECKING:
    from pixverse_nb.generation import Generation
    from pixverse_nb.studio import Studio

_MOST_LINES = 40  # a line is six widgets; what does not fit is counted, and moves up

Ended = Callable[["list[Generation]"], None]


class Queue:
    """The queue of a panel.

    Parameters
    ----------
    studio : Studio
        Whose unfinished jobs it shows from the start.

    Attributes
    ----------
    box : ipywidgets.VBox
        The widget.
    on_begun : list of callable
        Called after the studio was asked for something, by whatever cell, or its budget was set; from any thread.
    on_ended : list of callable
        Called with the generations that have ended since the last time; from the ticker's thread.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.RLock()
        self._lines: list[Line] = []
        self._beyond: list[Generation] = []  # for those there is no line yet
        self._arrived: deque[Generation] = deque()  # begun by whatever cell; the ticker's thread takes them in
        self._head = widgets.HTML().add_class("pixverse-wide")
        self._status = widgets.HTML(status_html(""))
        self._list = widgets.VBox().add_class("pixverse-lines")
        self._aside = widgets.ToggleButton(value=False, description="Not watched (0)").add_class("pixverse-plain")
        self._clear = widgets.Button(description="Clear what has ended").add_class("pixverse-plain")
        top = widgets.HBox([self._head, self._aside, self._clear]).add_class("pixverse-row")
        self._more = widgets.HTML()
        self.box = widgets.VBox([top, self._list, self._more, self._status])
        self.box.add_class("pixverse-queue")
        self._stirred = False  # something has changed that the money's words speak of
        self.on_begun: list[Callable[[], None]] = []
        self.on_ended: list[Ended] = []
        self.chores = Chores(self.say)
        self._ticker = Ticker(self._tick)
        self._aside.observe(lambda _: self._arrange(), "value")
        self._clear.on_click(lambda _: self._clear_ended())
        self._take_up()
        studio._watchers.add(self)

    # ---- what people do ----------------------------------------------------------------------------------------

    def add(self, generation: Generation) -> None:
        """Watch a job; what was watched before and is completed makes room."""
        self.add_all([generation])

    def add_all(self, generations: Sequence[Generation]) -> None:
        """Watch several jobs."""
        with self._lock:
            self._drop([line for line in self._lines if line.hidden or line.status == "completed"])
            arrived = self._take_arrived()
            self._beyond += self._unknown([*generations, *arrived])
            self._fill()
            self._arrange()
        self._tell_begun(arrived)
        self._ticker.start()

    def begun(self, generations: Sequence[Generation]) -> None:
        """Take in, soon, what the studio was asked for by whatever cell."""
        self._arrived.extend(generations)
        self._stirred = True
        self._ticker.start()

    def say(self, text: str) -> None:
        """Say a word that a screen reader repeats."""
        _put(self._status, status_html(text))

    def settle(self) -> None:
        """Wait until what the buttons started is done, and show the newest state."""
        self.chores.settle()
        self._tick()

    def close(self) -> None:
        """Stop watching, and give all widgets back; the jobs go on."""
        self._studio._watchers.discard(self)
        self._ticker.stop()
        with self._lock:
            self.on_begun.clear()
            self.on_ended.clear()
            for line in self._lines:
                line.close()
            close_all(self.box)

    @property
    def generations(self) -> list[Generation]:
        """All that is watched, oldest first."""
        with self._lock:
            return [line.generation for line in self._lines if not line.hidden] + list(self._beyond)

    @property
    def running(self) -> int:
        """How many have not ended, watched or not."""
        with self._lock:
            return len(self._beyond) + sum(not (line.ended or line.hidden) for line in self._lines)

    def _take_up(self) -> None:
        """The unfinished jobs of this service: the studio follows them already."""
        studio = self._studio
        rows = studio._store.unfinished(studio._backend.name)
        self.add_all([studio._handle(row) for row in rows])

    def _stop(self, line: Line) -> None:
        line.aside = True
        prompt = line.generation.request.prompt[:60]
        billed = "" if self._studio.is_preview else " and still billed"
        self.say(f"No longer watched: “{prompt}” is still running{billed}.")
        self._arrange()
        self._refocus(line)

    def _resume(self, line: Line) -> None:
        line.aside = False
        self._chore(line, lambda: self._pick_up(line.generation))

    def _pick_up(self, generation: Generation) -> None:
        if generation.status == "unknown":
            self._studio._look(generation, fresh=True)
        else:
            self._studio._follow(generation)

    def _retry(self, line: Line) -> None:
        if not line.retried:
            line.retried = True  # one click is one job
            self._chore(line, lambda: self._send_again(line))

    def _send_again(self, line: Line) -> None:
        try:
            generations, warning = send_again(self._studio, line.generation)
        except Exception:
            line.retried = False
            raise
        line.hidden = True
        self.add_all(generations)
        self.say(f"Sent anew. {warning}")

    def _chore(self, line: Line, chore: Chore) -> None:
        """Do it beside the handler; what goes wrong stands in the line."""
        line.trouble = None

        def told() -> None:
            try:
                chore()
            except Exception as error:  # noqa: BLE001  whatever it was: a person must read it
                line.trouble = in_words(error)
            line.refresh_words()
            self._arrange()
            self._ticker.start()

        self.chores.run(told)
        self._arrange()

    def _dismiss(self, line: Line) -> None:
        line.hidden = True
        self._arrange()
        self._refocus(line)

    def _clear_ended(self) -> None:
        with self._lock:
            self._drop([line for line in self._lines if line.hidden or line.ended])
            self._fill()
            self._arrange()

    def _refocus(self, gone: Line) -> None:
        """The focus of the keyboard must not fall out of the panel with a line."""
        with self._lock:
            seen = [line for line in self._lines if line.is_seen(self._aside.value) or line is gone]
            place = seen.index(gone) if gone in seen else 0
            others = [line for line in (*seen[place + 1 :], *reversed(seen[:place])) if line is not gone]
            target: Any = others[0].first_button if others else self._aside
        focus(target)

    # ---- keeping it up to date ---------------------------------------------------------------------------------

    def _unknown(self, generations: Sequence[Generation]) -> list[Generation]:
        known = {line.generation.id for line in self._lines} | {one.id for one in self._beyond}
        return list({one.id: one for one in generations if one.id not in known}.values())

    def _take_arrived(self) -> list[Generation]:
        return [self._arrived.popleft() for _ in range(len(self._arrived))]

    def _tell_begun(self, arrived: Sequence[Generation]) -> None:
        if arrived or self._stirred:
            self._stirred = False
            for callback in list(self.on_begun):
                callback()

    def _tick(self) -> bool:
        with self._lock:
            arrived = self._take_arrived()
            self._beyond += self._unknown(arrived)
            ended = [line.generation for line in self._lines if line.refresh()]
            ended += [one for one in self._beyond if one.ended]
            self._beyond = [one for one in self._beyond if not one.ended]
            self._fill()
            self._arrange()
            waiting = bool(self._beyond) or any(not line.ended for line in self._lines)
        self._tell_begun(arrived)
        if ended:
            self.say(_told(ended))
            for callback in list(self.on_ended):
                callback(ended)
        return waiting

    def _fill(self) -> None:
        """Lines for those that have none yet; new ones stand below, so that no line before them is drawn anew."""
        room = _MOST_LINES - sum(not line.hidden for line in self._lines)
        new = [self._line(one) for one in self._beyond[: max(room, 0)]]
        if new:
            self._beyond = self._beyond[len(new) :]
            self._lines += new
            self._list.children = [line.box for line in self._lines]

    def _line(self, generation: Generation) -> Line:
        line = Line(self._studio, generation)
        line.stop.on_click(lambda _: self._stop(line))
        line.resume.on_click(lambda _: self._resume(line))
        line.retry.on_click(lambda _: self._retry(line))
        line.dismiss.on_click(lambda _: self._dismiss(line))
        return line

    def _drop(self, lines: Sequence[Line]) -> None:
        gone = set(map(id, lines))
        if gone:
            self._lines = [line for line in self._lines if id(line) not in gone]
            self._list.children = [line.box for line in self._lines]
            for line in lines:
                line.close()

    def _arrange(self) -> None:
        """Show what is to be seen, and count the rest."""
        with self._lock:
            aside = sum(line.aside and not line.hidden for line in self._lines)
            if not aside and self._aside.value:
                self._aside.value = False
            for line in self._lines:
                line.arrange(line.is_seen(self._aside.value))
            running = self.running
            done = sum(line.ended and not line.hidden for line in self._lines)
            _put(self._aside, f"Not watched ({aside})", "description")
            _gone(self._aside, not aside)
            _gone(self._clear, not done)
            _gone(self._more, not self._beyond)
            beyond = len(self._beyond)
            _put(self._more, quiet_html(f"and {beyond} more, not shown" if beyond else ""))
            nothing = "nothing is running" if not self._lines or not (running or done) else ""
            _put(self._head, heading_html("Queue", f"{running} running" if running else nothing))


def _told(ended: Sequence[Generation]) -> str:
    if len(ended) == 1:
        one = ended[0]
        prompt = " ".join(one.request.prompt.split())[:60]
        return f"{one.status.capitalize()}: “{prompt}”."
    completed = sum(one.status == "completed" for one in ended)
    failed = len(ended) - completed
    return f"{completed} completed" + (f", {failed} failed." if failed else ".")


def _put(widget: Any, value: str, trait: str = "value") -> None:
    """Set a trait only when it is another value: what is the same is not sent and not drawn anew."""
    if getattr(widget, trait) != value:
        setattr(widget, trait, str(value))


def _gone(widget: Any, gone: bool) -> None:
    (widget.add_class if gone else widget.remove_class)("pixverse-gone")
