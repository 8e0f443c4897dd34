"""Progress in scripts, terminals and the logs of CI: on standard error, so that what is piped stays clean.

A terminal has one line that is written over; anything else gets a line at a change of state, at most every two seconds,
and a sign of life every half minute. A clip that has ended gets its own line, with its path, either way. A notebook
shows all of that by itself and gets nothing from here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import textwrap
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .display import console
from .display.card import _STATES
from .display.frontend import in_notebook
from .plain import cells, cut, harmless, one_line

_LINE_EVERY_S = 2.0
_ALIVE_EVERY_S = 30.0
_BAR = 16  # columns
_PROMPT = 60  # columns
_FEWEST = 12  # columns: fewer of a prompt say nothing


@dataclass(frozen=True)
class Look:
    """What a terminal shows of a generation; plain values, in words already.

    Attributes
    ----------
    status : str
        As in the history.
    prompt : str
        Anybody's text.
    clock : str
        The time that has passed, while it runs.
    share : float or None
        Share of the expected time that has passed, 0-1; None when nobody knows.
    money : str
        Estimated, charged, or what is known.
    facts : sequence of str
        What there is to say of it when it has ended.
    notes : sequence of str
        Lines of their own, such as where the clip lies.
    """

    status: str
    prompt: str
    clock: str = ""
    share: float | None = None
    money: str = ""
    facts: Sequence[str] = ()
    notes: Sequence[str] = ()


class Followed(Protocol):
    """Whatever can be waited for here."""

    @property
    def _open(self) -> bool: ...

    def _look(self) -> Look: ...

    def _was_printed(self) -> None: ...


def running_parts(look: Look) -> list[str]:
    """The state of one that runs, most important first: the end is what a narrow terminal leaves out."""
    icon, word, _ = _STATES.get(look.status, ("", look.status, ""))
    filled = None if look.share is None else round(min(max(look.share, 0.0), 1.0) * _BAR)
    bar = "" if filled is None else "█" * filled + "░" * (_BAR - filled)
    state = " ".join(part for part in (icon, word, bar) if part)
    return [state, look.clock, look.money, _prompt_of(look)]


def ended_parts(look: Look) -> list[str]:
    """One that has ended, or cannot go on for now."""
    icon, word, _ = _STATES.get(look.status, ("", look.status, ""))
    return [f"{icon} {word}".strip(), *look.facts, _prompt_of(look)]


def _prompt_of(look: Look) -> str:
    return f"“{cut(one_line(look.prompt), _PROMPT)}”"


def crowd_parts(looks: Sequence[Look]) -> list[str]:
    """Several that run, counted by state."""
    counts = Counter(_STATES.get(look.status, ("", look.status, ""))[1] for look in looks)
    longest = max(looks, key=lambda look: (len(look.clock), look.clock))
    return [f"◐ {len(looks)} clips: " + ", ".join(f"{n} {word}" for word, n in counts.items()), longest.clock]


def fitted(parts: Sequence[str], width: int) -> str:
    """As many parts as fit into so many columns, each of them whole.

    Only a prompt, which stands in quotes, and what comes first are cut: half a price would be a wrong one.
    """
    line = ""
    for part in map(one_line, filter(None, parts)):
        longer = f"{line} · {part}" if line else part
        if cells(longer) <= width:
            line = longer
        elif not line or (part.startswith("“") and width - cells(line) >= _FEWEST):
            return cut(longer, width)
    return line


def text_of(look: Look) -> str:
    """A generation as it stands, for whoever prints it."""
    parts = ended_parts(look) if look.facts else running_parts(look)
    return "\n  ".join([_joined(parts), *(harmless(note) for note in look.notes)])


class Screen:
    """Standard error as it is at the moment: a terminal whose last line may be written over, or something else."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._live = ""  # the line that is to be written over
        self._told: tuple[object, float] = (None, 0.0)  # what was told last where nothing can be written over, and when

    @property
    def is_live(self) -> bool:
        """Whether a line can be written over."""
        try:
            return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        except (AttributeError, ValueError):  # a program without a console, or one that has closed it
            return False

    @property
    def width(self) -> int:
        """Columns that a line may take."""
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
        except (AttributeError, ValueError, OSError):
            columns = 0
        return max((columns or shutil.get_terminal_size().columns) - 1, 20)  # the last column would begin a new line

    def lines(self, lines: Sequence[Sequence[str] | str], live: Sequence[str] = (), *, news: object = None) -> None:
        """Write lines that stay, and then the one that is written over.

        Parameters
        ----------
        lines : sequence of parts, or of str
            Each part is joined to the next by a dot, and moved to a new line where the terminal is too narrow; a text
            such as a path is indented and never cut.
        live : parts
            Of the line that is written over, as many as fit, whole; where nothing can be written over, it is told when
            `news` is new, or now and then.
        news : object
            What makes the live line worth a line of its own.
        """
        with self._lock:
            text = "".join(f"{line}\n" for parts in lines for line in self._filled(parts))
            if self.is_live:
                line = fitted(live, self.width)
                if text or line != self._live:
                    clear = f"\r{' ' * cells(self._live)}\r" if self._live else ""
                    console.write(clear + text + line)
                self._live = line
            else:
                now = time.monotonic()
                told, at = self._told
                if live and ((news != told and now - at >= _LINE_EVERY_S) or now - at >= _ALIVE_EVERY_S):
                    text += _joined(live) + "\n"
                    self._told = (news, now)
                console.write(text)

    def rest(self) -> None:
        """Leave the line that is written over where it is, and go on below it."""
        with self._lock:
            if self._live:
                console.write("\n")
            self._live, self._told = "", (None, 0.0)

    def _filled(self, parts: Sequence[str] | str) -> list[str]:
        """As many parts on a line as fit; a log gets them on one."""
        if isinstance(parts, str):
            return [f"  {harmless(parts)}"]
        known = [one_line(part) for part in parts if part]
        if not self.is_live or not known:
            return [" · ".join(known)]
        lines = [""]
        for part in known:
            longer = f"{lines[-1]} · {part}" if lines[-1] else part
            if cells(longer) <= self.width:
                lines[-1] = longer
            else:
                indent = "  " if lines[-1] else ""
                lines += textwrap.wrap(
                    part, self.width, initial_indent=indent, subsequent_indent="  ", break_on_hyphens=False
                )
        return lines if lines[0] else lines[1:]


class Board:
    """What is being waited for in this process, told on one screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._lock = threading.RLock()
        self._waiting: Counter[Any] = Counter()  # several may wait for one
        self._announced: weakref.WeakSet[Any] = weakref.WeakSet()

    @contextlib.contextmanager
    def following(self, *generations: Followed) -> Iterator[Callable[[], None]]:
        """While they are waited for; gives what is to be called now and then, and at every change."""
        if in_notebook():
            yield lambda: None
            return
        with self._lock:
            self._waiting.update(generations)
            for one in generations:
                if one._open:  # it may have ended before: its clip is fetched again, and it ends once more
                    self._announced.discard(one)
        try:
            self.tell()
            yield self.tell
        finally:
            self.tell()
            with self._lock:
                self._waiting.subtract(generations)
                self._waiting = +self._waiting
                if not self._waiting:
                    self._screen.rest()

    def tell(self) -> None:
        """Show how things stand now; what cannot be shown is no reason to lose a job."""
        with self._lock, contextlib.suppress(Exception):
            ended = [one for one in self._waiting if not one._open and one not in self._announced]
            self._announced.update(ended)
            for one in ended:
                one._was_printed()
            running = [one._look() for one in self._waiting if one._open]
            lines: list[Sequence[str]] = []
            for look in [one._look() for one in ended]:
                lines += [ended_parts(look), *look.notes]
            parts = [] if not running else running_parts(running[0]) if len(running) == 1 else crowd_parts(running)
            self._screen.lines(lines, parts, news=Counter(look.status for look in running))


def _joined(parts: Sequence[str]) -> str:
    return " · ".join(one_line(part) for part in parts if part)


screen = Screen()
"""The process's own standard error."""

board = Board(screen)
"""What the process waits for."""

following = board.following
