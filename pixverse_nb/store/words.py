"""Words about rows that the rooms of the store share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]

UNFINISHED = ("submitting", "queued", "processing", "downloading", "unknown")

CLIP_COLUMNS: Sequence[str] = (
    "request_id", "seed_used", "output_url", "sent_image_url", "video_path", "video_sha256", "video_duration_s",
    "video_width_px", "video_height_px", "video_fps", "video_bytes", "video_has_audio", "engine",
    "inspected_at", "video_black_s", "video_frozen_s", "video_loudness_lufs", "mismatch",
)  # fmt: skip

DISOWNED = "the job that was found in the account's history for this one was another send's"
"""What a row says whose request turned out to be another send's."""

UNFAILED = dict.fromkeys(("completed_at", "http_status", "error", "error_kind", "error_detail", "remedy"))
"""What is known of a failure, for a row that is one no longer."""

FILE_LIFE_US = 7 * 86_400_000_000
"""How long the service keeps a clip, microseconds (contract, The two ways in)."""


def now_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000
