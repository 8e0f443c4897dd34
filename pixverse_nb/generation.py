"""A generation: the handle that a person holds, whether its job runs here, elsewhere, or ended long ago."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from . import logs
from .delivered import FINDINGS, LONG_SIDES, is_to_inspect
from .display import console, style
from .display.card import Card, card_html, card_text
from .display.frontend import in_notebook, shell, source_of
from .display.live import Live
from .errors import InvalidParameter, PixverseError, WaitInterrupted, WaitTimeout
from .interrupts import explain, heard
from .media.clips import Clips
from .pricing import SAME_MICROS, Estimate, money, to_usd
from .request import Request
from .rows import error_of, request_of
from .store.ids import moment_of
from .store.schema import PREVIEW
from .store.words import Row, now_us
from .terminal import Look, following, text_of
from .video import Video

_LEFT = "You stopped waiting; the job goes on. Run the cell again, or wait() for it, to pick it up."


class Generation:
    """One wish for a clip, and what became of it.

    Displayed in a notebook it shows itself live and becomes the player when the clip is there. It can be awaited.
    Waiting may be interrupted at any time: the job goes on, and `wait()` picks it up again.
    """

    def __init__(
        self,
        row: Row,
        *,
        clips: Clips,
        home: Path,
        follow: Callable[[Generation], None],
        expected_s: float | None,
        read: Callable[[str], Row | None],
    ) -> None:
        self._row = row
        self._clips = clips
        self._home = home
        self._follow = follow
        self._expected_s = expected_s
        self._read = read
        self._change = threading.Condition()
        self._followed = False
        self._stall: PixverseError | None = None
        self._told = False
        self._remark: str | None = None
        self._origin: str | None = None
        self._wakers: list[Callable[[], None]] = []
        self._lives: list[Live] = []
        self._expects_look = False  # its clip will be looked at here: what shows it may have to change once more
        self._shown_in: object = None

    # ---- what it is --------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Its id in the history; ids sort by time."""
        return str(self._row["id"])

    @property
    def status(self) -> str:
        """submitting, queued, processing, downloading, completed, failed or unknown."""
        return str(self._row["status"])

    @property
    def request(self) -> Request:
        """What was asked for."""
        return request_of(self._row)

    @property
    def request_id(self) -> str | None:
        """The service's id of the job, once known."""
        return self._text("request_id")

    @property
    def estimate(self) -> Estimate:
        """What it should cost, as it was estimated before the send; see `cost_usd` for what it did."""
        table = self.request.estimate
        expected, ceiling = self._row["estimate_micros"], self._row["ceiling_micros"]
        known = expected is None or (table.expected_micros, table.ceiling_micros) == (expected, ceiling)
        return table if known else Estimate(expected, ceiling, source="charges before it")

    @property
    def cost_usd(self) -> float | None:
        """What the service charged, in USD, as it reported; None while nobody knows, never 0 for unknown."""
        return to_usd(self._row["cost_micros"])

    @property
    def cost_source(self) -> str | None:
        """reported, account, reused or preview (a pretended cost); None when nothing is known."""
        return self._text("cost_source")

    @property
    def latency_s(self) -> float | None:
        """Seconds from the send to the file on disk, measured; None for a job that another process sent."""
        value = self._row["latency_s"]
        return None if value is None else float(value)

    @property
    def reused_from(self) -> str | None:
        """Id of the generation whose clip this is, when it was reused at no cost."""
        return self._text("reused_from")

    @property
    def error(self) -> PixverseError | None:
        """What went wrong, if something did."""
        return self._stall or error_of(self._row)

    @property
    def video(self) -> Video | None:
        """The clip; None until it is completed."""
        row = self._row
        if row["status"] != "completed" or row["video_path"] is None:
            return None
        return Video(
            path=self._home / row["video_path"],
            width=row["video_width_px"],
            height=row["video_height_px"],
            duration_s=row["video_duration_s"],
            fps=row["video_fps"],
            has_audio=bool(row["video_has_audio"]),
            size_bytes=row["video_bytes"],
            _clips=self._clips,
            _id=row["id"],
            _title=row["prompt"],
            mismatch=row["mismatch"],
            _told=self._told_of_it,
        )

    def _told_of_it(self) -> Row:
        """The row as the history has it now, with what people have said of it since."""
        with contextlib.suppress(Exception):
            return self._read(self.id) or self._row
        return self._row

    @property
    def ended(self) -> bool:
        """Whether it is completed or failed."""
        return self.status in {"completed", "failed"}

    # ---- waiting -----------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> Generation:
        """Wait for the clip.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; None waits as long as it takes.

        Returns
        -------
        Generation
            Itself, completed.

        Raises
        ------
        PixverseError
            What went wrong with the job.
        WaitTimeout
            When the time is over; the job goes on.
        WaitInterrupted
            A KeyboardInterrupt, when you interrupt the kernel; the job goes on.
        """
        if timeout is not None and not (isinstance(timeout, int | float) and timeout == timeout):  # noqa: PLR0124  NaN
            raise InvalidParameter(
                f"timeout={timeout!r} is not allowed", remedy="Pass seconds, or None to wait as long as it takes."
            )
        self._pick_up()
        try:
            with following(self) as tell:
                self._stand_by(timeout, tell)
        except KeyboardInterrupt:
            raise WaitInterrupted(self._was_left()) from None
        return self._outcome()

    def _was_left(self) -> str:
        """Nobody waits any more: say so where it is shown; the sentence for who has stopped."""
        if self._open:
            self._remark = _LEFT
            self._refresh()
        return f"you stopped waiting for generation {self.id}; the job goes on. Run the cell again to pick it up."

    def _stand_by(self, timeout: float | None, tell: Callable[[], None]) -> None:
        """Until it has ended or cannot go on; `tell` is called at every change, at least once a second."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._open:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise WaitTimeout(
                    f"generation {self.id} is still {self.status} after {timeout:g} s",
                    request_id=self.request_id,
                    remedy="It goes on by itself; wait() again picks it up.",
                )
            seen = self._row, self._remark
            tell()  # without the lock: who reads standard error may be slow, and the job is not to wait for them
            with self._change:
                if self._open and seen == (self._row, self._remark):
                    # A wait without an end cannot be interrupted on every system.
                    self._change.wait(1.0 if left is None else min(left, 1.0))

    def __await__(self) -> Generator[Any, None, Generation]:
        """Wait without blocking the event loop; raises what `wait` raises.

        It prints nothing. A task that is cancelled stops waiting, and the job goes on.
        """
        return self._awaited().__await__()

    async def _awaited(self) -> Generation:
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(woken.set)

        with self._change:
            self._wakers.append(wake)
        try:
            self._pick_up()
            with heard(loop):
                while self._open:
                    woken.clear()
                    if self._open:
                        await woken.wait()
        except asyncio.CancelledError as cancelled:
            explain(cancelled, self._was_left())
            raise
        finally:
            with self._change:
                self._wakers.remove(wake)
        return self._outcome()

    @property
    def _open(self) -> bool:
        return not self.ended and self._stall is None

    def _pick_up(self) -> None:
        """Follow the job again, unless it has stalled and nobody was told why yet.

        One that had ended may be open again: its job was another send's, or its clip is fetched once more.
        """
        if self._remark == _LEFT:
            self._remark = None
            self._refresh()
        if self.ended:
            self._renew(self._told_of_it())
        if self._stall is None or self._told:
            self._follow(self)

    def _outcome(self) -> Generation:
        self._refresh()
        error = self.error
        if self.video is None and error is not None:
            self._told = True
            raise error
        return self

    def _start_following(self) -> bool:
        """Whether a job should be started for it: once, and only while it is unfinished."""
        with self._change:
            if self.ended or self._followed:
                return False
            self._followed, self._stall, self._told = True, None, False
            return True

    def _renew(self, row: Row) -> None:
        """Take the row as the history has it now, unless a job here knows more."""
        with self._change:
            if not self._followed and self._stall is None:
                self._row = row

    # ---- news from the job -------------------------------------------------------------------------------------

    def _news(self, row: Row, remark: str | None, *, stall: PixverseError | None = None, followed: bool = True) -> None:
        """Called from worker threads: the row after a step, a passing remark, and why it cannot go on."""
        self._log(row, remark, stall)
        with self._change:
            self._row, self._remark, self._stall = row, remark, stall
            self._followed = followed and not self.ended
            self._change.notify_all()
            wakers = list(self._wakers)
        for wake in wakers:
            wake()
        if not self._open:
            self._refresh()

    def _looked_at(self, row: Row) -> None:
        """The clip was looked at: what shows it learns what was found."""
        with self._change:
            self._expects_look = False
            if self._row["video_sha256"] == row["video_sha256"]:
                self._row = {**self._row, **{name: row[name] for name in FINDINGS}}
        self._refresh()

    @property
    def _is_final(self) -> bool:
        """Whether nothing of it will look different any more."""
        return not self._open and not (self._expects_look and is_to_inspect(self._row))

    def _log(self, row: Row, remark: str | None, stall: PixverseError | None) -> None:
        logs.moved(self._row, row)
        if remark is not None and remark != self._remark:
            logs.remarked(row, remark)
        if stall is not None:
            logs.stalled(row, stall)

    # ---- showing itself ----------------------------------------------------------------------------------------

    def show(self, *, embed: bool | None = None) -> None:
        """Display it, live until it has ended. Outside a notebook its line is printed.

        Parameters
        ----------
        embed : bool, optional
            Whether the clip is put into the notebook, as in `Video.show`.
        """
        if not in_notebook():
            console.answer(text_of(self._look()))
            return
        live = Live(lambda: (self._bundle(embed), not self._open))
        self._lives.append(live)
        self._shown_in = _this_cell()
        live.show()

    def _refresh(self) -> None:
        for live in list(self._lives):
            with contextlib.suppress(Exception):  # a front end that has gone away is no reason to lose a job
                if live.refresh() and self._is_final:
                    self._lives.remove(live)

    def _ipython_display_(self) -> None:
        # generate() has shown it already when it is also the last line of its cell; an explicit display() is meant.
        if not (_is_echo() and self._shown_in is not None and self._shown_in == _this_cell()):
            self.show()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle(None)

    def _bundle(self, embed: bool | None) -> dict[str, str]:
        card = self._card(embed)
        return {"text/html": str(card_html(card)), "text/plain": card_text(card)}

    def __repr__(self) -> str:
        return f"<Generation {self.id} {self.status} {self.request.prompt[:40]!r}>"

    def _card(self, embed: bool | None) -> Card:
        row = self._row
        video = self.video
        error = self.error
        return Card(
            id=self.id,
            status=self.status,
            prompt=row["prompt"],
            facts=self._facts(video),
            size=(video.width, video.height) if video else expected_size(row),
            clock=self._clock(),
            progress=self._progress(),
            note=self._note(),
            error=str(error) if error is not None and video is None else None,
            labels=self._labels(),
            flag=video.mismatch if video else None,
            source=source_of(video.path, embed) if video else None,
            poster=video.poster if video else None,
        )

    def _was_printed(self) -> None:
        """Its end stands in the terminal: the echo of the same cell would say it again."""
        self._shown_in = _this_cell()

    def _look(self) -> Look:
        """What a terminal shows of it."""
        ended, video = not self._open, self.video
        return Look(
            status=self.status,
            prompt=self._row["prompt"],
            clock=self._clock(),
            share=self._progress(),
            money=self._money(),
            facts=[*(text for text, _ in self._labels()), *self._facts(video)] if ended else (),
            notes=[note for note in (self._note(), str(video.path) if video else None) if note] if ended else (),
        )

    def _facts(self, video: Video | None) -> list[str]:
        row = self._row
        facts = [row["quality"], *(video.facts if video else [f"{row['duration']} s"])]
        return [*facts, *self._times(), self._money(), f"id {self.id}"]

    def _times(self) -> list[str]:
        row = self._row
        named = (("queue_s", "queue"), ("inference_s", "drawing"), ("download_s", "download"))
        parts = [f"{name} {row[column]:.1f}" for column, name in named if row[column] is not None]
        if row["reused_from"] or not (parts or row["latency_s"]):
            return []
        whole = "" if row["latency_s"] is None else f"{row['latency_s']:.1f} s in all"
        return [f"{whole} ({', '.join(parts)} s)" if whole and parts else whole or f"{', '.join(parts)} s"]

    def _money(self) -> str:
        row = self._row
        cost = to_usd(row["cost_micros"])
        if row["cost_source"] == PREVIEW:
            return f"{money(cost)} pretended by the preview, $0 billed"
        if row["cost_source"] == "reused":
            return "$0.000, reused"
        if cost is not None:
            told = f"{money(cost)} {'reported' if row['cost_source'] == 'reported' else 'by the account history'}"
            return told + (f", {money(self.estimate.expected_usd)} was estimated" if self._is_surprising else "")
        if self.status == "failed" and row["billed"] is False:
            return "not billed"
        expected, ceiling = money(to_usd(row["estimate_micros"])), money(to_usd(row["ceiling_micros"]))
        most = "" if expected == ceiling else f", at most {ceiling}"
        ends = {"completed": "; not reported", "failed": "; whether it was billed nobody told"}
        return f"{expected} estimated{most}" + ends.get(self.status, "")

    @property
    def _is_surprising(self) -> bool:
        """Whether the charge is another one than was estimated; a tenth of a cent is rounding."""
        cost, expected = self._row["cost_micros"], self._row["estimate_micros"]
        known = cost is not None and expected is not None and self.status == "completed"
        return known and abs(cost - expected) > SAME_MICROS

    def _labels(self) -> list[tuple[str, str]]:
        row = self._row
        labels = []
        if row["service"] == PREVIEW:
            labels.append(("PREVIEW · drawn on this machine, not by PixVerse", style.WARN))
        if row["reused_from"]:
            labels.append(("REUSED", style.GOOD))
        return labels

    def _note(self) -> str | None:
        row = self._row
        if row["reused_from"] and self.status == "completed":
            day = moment_of(row["reused_from"])
            saved = f"saved {money(to_usd(row['saved_micros']))}" + (
                " (pretended)" if row["service"] == PREVIEW else ""
            )
            new = f"take={row['take'] + 1} or reuse=False for a new one"
            return f"reused {row['reused_from']} from {day.day} {day:%B}; {saved}; {new}"
        return self._origin if self.ended else self._remark or self._origin

    def _clock(self) -> str:
        row = self._row
        if self.ended or self._stall:
            return ""
        passed = (now_us() - (row["sent_at"] or row["created_at"])) / 1e6
        expected = f" of about {_clock(self._expected_s)}" if self._expected_s else ""
        return f"{_clock(passed)}{expected}"

    def _progress(self) -> float | None:
        if self._expected_s is None or self._row["sent_at"] is None:
            return None
        passed = (now_us() - int(self._row["sent_at"])) / 1e6
        return min(passed / self._expected_s, 0.98)

    def _text(self, column: str) -> str | None:
        value = self._row[column]
        return None if value is None else str(value)


def expected_size(row: Row) -> tuple[int, int]:
    """The picture's size that a request asks for, px; an image's own shape is not known here."""
    across, down = (int(part) for part in (row["aspect_ratio"] or "16:9").split(":"))
    long_side = LONG_SIDES[row["quality"]]
    return round(long_side * min(across / down, 1)), round(long_side * min(down / across, 1))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _this_cell() -> object:
    return getattr(shell(), "execution_count", None)


def _is_echo() -> bool:
    """Whether a cell's last value is being displayed, rather than what somebody passed to display()."""
    hook = getattr(shell(), "displayhook", None)
    frame = sys._getframe(1)
    while hook is not None and frame is not None:
        if frame.f_locals.get("self") is hook:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
