"""A cell in a run, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from pixverse_nb import errors
from pixverse_nb.display.plan import STATES
from pixverse_nb.generation import Generation
from pixverse_nb.mishaps import was_withdrawn

from .cells import Cell

_ABOUT_ALL = frozenset({401, 402, 403, 404, 405, 406, 410})


@dataclass(eq=False)
class Slot:
    """A cell and what became of it in this run.

    Attributes
    ----------
    is_old : bool
        Whether an earlier run of the plan made it.
    is_new : bool
        Whether this run had it sent: its money is this run's.
    is_second : bool
        Whether it was begun again, for who was to send it did not.
    why : str
        Why it was not sent, when it was not.
    """

    cell: Cell
    expected_s: float
    generation: Generation | None = None
    is_old: bool = False
    is_new: bool = False
    is_second: bool = False
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether its job is under way."""
        return self.generation is not None and self.generation._open

    @property
    def state(self) -> str:
        """One of `display.plan.STATES`."""
        made = self.generation
        if made is None:
            return "not sent" if self.why else "waiting"
        if made.status == "completed":
            there = made._row["video_path"] is not None
            return ("reused" if made.reused_from else "done") if there else "failed"
        if made.status == "failed" or (made.status == "downloading" and not self.is_open):
            return "failed"  # the clip is made, and could not be fetched
        if not self.is_open or made.status == "unknown":
            return "unknown"
        return "sending" if made.status == "submitting" else "running"

    @property
    def refusal(self) -> errors.PixverseError | None:
        """Why its send came to nothing, when that holds for other sends, too.

        Such as the account, the key, the address, or the network. A 400 or a 422 is about the one request.
        """
        made = self.generation
        error = made.error if made is not None and self.is_new and made.status == "failed" else None
        if isinstance(error, errors.ServiceUnreachable):
            return error
        # A 500 is the service's own trouble, and may be over for the next cell.
        answered = isinstance(error, errors.ServiceError) and error.status_code in _ABOUT_ALL
        return error if answered and not isinstance(error, errors.GenerationFailed) else None

    @property
    def taken_us(self) -> int:
        """When it was sent, if the service is known to have accepted it, microseconds since 1970; else 0."""
        if not self.is_new or self.generation is None or self.refusal is not None:
            return 0
        row = self.generation._row
        accepted = row["request_id"] is not None or row["status"] in {"completed", "failed"}
        return (row["sent_at"] or 0) if accepted else 0

    @property
    def words(self) -> str:
        """Which cell it is, its state, and a remark."""
        state, made = self.state, self.generation
        remark = self.why
        if made is not None:
            remark = made.error.event if made.error is not None and state in {"failed", "unknown"} else self.remark
        name = self.cell.name or self.cell.wish.request.prompt[:60]
        return f"{name}: {STATES[state][1]}" + (f" ({remark})" if remark else "")

    @property
    def remark(self) -> str:
        """A passing remark of its job."""
        return (self.generation._remark or "") if self.generation is not None else ""

    @property
    def was_left(self) -> bool:
        """Whether who was to send it did not: that kernel ended, or a sweep that wanted it, too, called it back."""
        if self.generation is None or self.is_old:
            return False
        row = self.generation._row
        unsent = row["status"] == "failed" and row["sent_at"] is None and row["http_status"] is None
        return bool(unsent and not self.is_new) or was_withdrawn(row)
