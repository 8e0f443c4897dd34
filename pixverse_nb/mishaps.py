"""What can happen to a job, in words: the errors that no answer of the service brings by itself."""

from __future__ import annotations

import json
import sys

from . import errors
from .segmind.refusals import refusal
from .store.ids import moment_of
from .store.opening import Opened
from .store.schema import PREVIEW
from .store.words import FILE_LIFE_US, Row, now_us

_WITHDRAWN = "withdrawn before it was sent: "
_LOOKED_FOR = "studio.resume() looks for it in the account's history."


def never_sent() -> errors.ServiceError:
    """The kernel ended first."""
    return errors.ServiceError(
        "the kernel ended before this was sent", billed=False, remedy="Run the cell again to send it."
    )


def withdrawn(why: str = "the sweep was interrupted") -> errors.ServiceError:
    """Who asked for it does not want it any more."""
    return errors.ServiceError(_WITHDRAWN + why, billed=False, remedy="Run the sweep or the cell again to send it.")


def was_withdrawn(row: Row) -> bool:
    """Whether a row was closed so."""
    return bool(row["status"] == "failed" and row["sent_at"] is None and (row["error"] or "").startswith(_WITHDRAWN))


def engine_ended() -> errors.ServiceError:
    """A preview's clips end with the engine that draws them."""
    return errors.ServiceError(
        "the preview engine that was drawing this clip has ended",
        billed=False,
        remedy="Run the cell again; the preview costs nothing.",
    )


def failed(text: str | None, request_id: str | None) -> errors.PixverseError:
    """A job that the service reports as FAILED, by its text."""
    error = refusal(422, json.dumps({"error": text or ""}))
    error.request_id = request_id
    return error


def forgotten(error: errors.PixverseError) -> errors.OutcomeUnknown:
    """404 for a request that was accepted."""
    return errors.OutcomeUnknown(
        "the service has forgotten this request (records live about an hour)",
        status_code=error.status_code,
        remedy=_LOOKED_FOR,
    )


def nowhere(error: errors.BadAnswer) -> errors.OutcomeUnknown:
    """COMPLETED, time and again without an address."""
    return errors.OutcomeUnknown(
        f"the clip is finished, but the service does not say where it is ({error.what})",
        billed=True,
        remedy=_LOOKED_FOR,
    )


def did_not_arrive(error: errors.ClipError) -> errors.OutcomeUnknown:
    """A billed v1 answer whose clip did not reach the disk whole."""
    return errors.OutcomeUnknown(
        error.what, status_code=200, billed=True, remedy="studio.resume() fetches the clip by the account's history."
    )


def gone_for_good(error: errors.ClipError, billed: bool | None) -> errors.ClipError:
    """The file is older than the service keeps files."""
    return errors.ClipError(
        "the service no longer has this clip (files live 7 days)",
        status_code=error.status_code,
        billed=billed,
        remedy="Send it again with reuse=False if you still want it.",
    )


def refused_before(row: Row, id: str) -> str:
    """That the same request was refused: said before it is sent again.

    It names the new row: Python shows a warning of the same words in the same place only once.
    """
    said = row["error_detail"] or row["error"]
    return (
        f"moderation refused this very request on {moment_of(row['id']):%d %B} ({said}); it is sent again as {id}, "
        "and will most likely be refused again. Reword the prompt or change the picture."
    )


def outside() -> int:
    """The `stacklevel` at which a warning, raised by the caller of this, points to the first line that is not ours."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "pixverse_nb":
        level, frame = level + 1, frame.f_back
    return level


def origin_of(opened: Opened) -> str | None:
    """What a person should know about where a clip comes from; None when there is nothing to say."""
    if opened.kind == "fetched":
        return "its file had vanished from the disk: fetched again from the service, at no cost"
    if opened.vanished is not None:
        return (
            f"the clip of {opened.vanished['id']} is the same one, but its file has vanished from the disk and "
            f"{_why_away(opened.vanished)}: this is a new one"
        )
    return None


def _why_away(row: Row) -> str:
    """Why a clip whose file has vanished cannot be fetched again."""
    if row["service"] == PREVIEW:
        return "the preview engine that drew it has ended"
    if row["video_path"] is None:
        return "the service has it no more"  # it was asked
    if now_us() - (row["completed_at"] or 0) >= FILE_LIFE_US:
        return "the service keeps files for 7 days"
    return "nothing here says where the service has it"
