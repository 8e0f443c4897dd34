"""Between a row of the history and what it stands for: its request, its error, its clip, its bill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import errors
from .parameters import PARAMETERS
from .request import Request
from .segmind.answers import Accounting
from .store.schema import PREVIEW
from .store.words import Row

if TYPE_CHECKING:
    from .media.probe import Facts


def request_of(row: Row) -> Request:
    """The request that a row holds."""
    parameters = {name: row[name] for name in PARAMETERS if row[name] is not None}
    return Request(parameters, row["image_sha256"], row["take"], json.loads(row["extra"] or "{}"))


def error_of(row: Row) -> errors.PixverseError | None:
    """The error that a row holds, as it was raised; None when there is none."""
    if not row["error"]:
        return None
    kind = getattr(errors, row["error_kind"] or "", errors.PixverseError)
    error: errors.PixverseError = kind(
        row["error"],
        status_code=row["http_status"],
        detail=row["error_detail"],
        billed=row["billed"],
        remedy=row["remedy"],
        request_id=row["request_id"],
    )
    return error


def words_of(error: errors.PixverseError) -> dict[str, Any]:
    """An error as columns, for `error_of`."""
    return {
        "error": error.event,
        "error_kind": type(error).__name__,
        "error_detail": error.detail,
        "remedy": error.remedy,
    }


NO_ERROR: Mapping[str, Any] = dict.fromkeys(("error", "error_kind", "error_detail", "remedy"))
"""The columns of a row without an error."""


def columns_of(facts: Facts) -> dict[str, Any]:
    """What was measured of a clip, as columns."""
    return {
        "video_duration_s": facts.duration_s,
        "video_width_px": facts.width,
        "video_height_px": facts.height,
        "video_fps": facts.fps,
        "video_bytes": facts.size_bytes,
        "video_has_audio": facts.has_audio,
    }


def facts_of(row: Mapping[str, Any]) -> Facts:
    """What was measured of a completed row's clip."""
    from .media.probe import Facts

    return Facts(
        width=row["video_width_px"],
        height=row["video_height_px"],
        duration_s=row["video_duration_s"],
        fps=row["video_fps"],
        has_audio=bool(row["video_has_audio"]),
        size_bytes=row["video_bytes"],
    )


def reported(row: Row, accounting: Accounting, source: str = "reported") -> dict[str, Any]:
    """What the service reported of a job, as columns; nothing for what it did not report."""
    told = {
        "request_id": row["request_id"] or accounting.request_id,
        "queue_s": accounting.queue_s,
        "inference_s": accounting.inference_s,
        "seed_used": accounting.seed,
        "cost_micros": accounting.cost_micros,
    }
    columns = {name: value for name, value in told.items() if value is not None}
    if "cost_micros" in columns:
        columns |= {"cost_source": PREVIEW if row["service"] == PREVIEW else source, "reserved_micros": 0}
    return columns
