"""The tables.

Moments are whole microseconds since 1970 (UTC), money whole micro-dollars, so that both are exact and sort quickly.
The request's columns are made from the parameter schema: a new parameter becomes a new column by itself.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pixverse_nb.parameters import PARAMETERS

DAY_US = 86_400_000_000
"""Microseconds in a day."""

PREVIEW = "preview"
"""The service of rows that the embedded preview engine draws: their money is pretended."""

PLAIN_ID = "replace(lower(request_id), '-', '')"
"""SQL for a request id as ids are compared (`segmind.answers.normalise`): whether the account writes dashes is open."""

CHARGE = "max(cost_micros, coalesce(account_micros, cost_micros))"
"""SQL for what a row was charged, as the ledger counts it: as reported or as the account says, the higher one."""

metadata = sa.MetaData()

_TYPES: dict[type, Any] = {
    str: sa.Text, int: sa.Integer, float: sa.Float, bool: sa.Boolean,
}  # fmt: skip

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("service", sa.Text, nullable=False),  # "preview", or the API's base URL
    sa.Column("engine", sa.Text),  # base URL of the preview engine that drew it
    sa.Column("api", sa.String(2), nullable=False),
    sa.Column("studio", sa.Text, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("sent_at", sa.BigInteger),  # committed before the POST: without it, nothing can have been sent
    sa.Column("completed_at", sa.BigInteger),
    *(sa.Column(p.name, _TYPES[p.python_type]) for p in PARAMETERS.values()),
    sa.Column("extra", sa.Text),
    sa.Column("take", sa.Integer, nullable=False),
    sa.Column("image_sha256", sa.String(64)),
    sa.Column("image_path", sa.Text),  # relative to the home
    sa.Column("sent_image_url", sa.Text),
    sa.Column("identity", sa.String(64), nullable=False),
    sa.Column("family", sa.String(64)),  # the identity without the take
    sa.Column("request_id", sa.Text),
    sa.Column("taken_request", sa.Text),  # normalised: found for this row, and another one's after all
    sa.Column("estimate_micros", sa.BigInteger),
    sa.Column("ceiling_micros", sa.BigInteger),
    sa.Column("reserved_micros", sa.BigInteger, nullable=False),
    sa.Column("cost_micros", sa.BigInteger),
    sa.Column("cost_source", sa.String(12)),
    sa.Column("account_micros", sa.BigInteger),  # what the account's history says, where that is another figure
    sa.Column("latency_s", sa.Float),
    sa.Column("queue_s", sa.Float),
    sa.Column("inference_s", sa.Float),
    sa.Column("download_s", sa.Float),
    sa.Column("seed_used", sa.BigInteger),
    sa.Column("output_url", sa.Text),
    sa.Column("video_path", sa.Text),  # relative to the home
    sa.Column("video_sha256", sa.String(64)),
    sa.Column("video_duration_s", sa.Float),
    sa.Column("video_width_px", sa.Integer),
    sa.Column("video_height_px", sa.Integer),
    sa.Column("video_fps", sa.Float),
    sa.Column("video_bytes", sa.BigInteger),
    sa.Column("video_has_audio", sa.Boolean),
    sa.Column("inspected_at", sa.BigInteger),  # without it, nobody looked for black, frozen or silent stretches
    sa.Column("video_black_s", sa.Float),
    sa.Column("video_frozen_s", sa.Float),
    sa.Column("video_loudness_lufs", sa.Float),
    sa.Column("mismatch", sa.Text),  # in what the clip differs from what was asked for, in words
    sa.Column("error", sa.Text),
    sa.Column("error_kind", sa.Text),
    sa.Column("error_detail", sa.Text),
    sa.Column("remedy", sa.Text),
    sa.Column("http_status", sa.Integer),
    sa.Column("billed", sa.Boolean),
    sa.Column("reused_from", sa.String(16)),
    sa.Column("saved_micros", sa.BigInteger),
    sa.Column("starred", sa.Boolean),
    sa.Column("rating", sa.Integer),
    sa.Column("decision", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("tags", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("mark_in_s", sa.Float),  # the usable part, seconds from the clip's start
    sa.Column("mark_out_s", sa.Float),
    sa.Column("asked_by", sa.Text),  # the call, or the studio whose sweeps, that alone wants it; else missing
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", sa.BigInteger),
    sa.Index("generations_by_identity", "service", "identity"),
    sa.Index("generations_by_status", "service", "status"),
    sa.Index("generations_by_day", "service", "created_at"),
    sa.Index("generations_by_request", "request_id"),
    sa.Index("generations_by_plain_request", sa.text(PLAIN_ID)),
    sa.Index("generations_by_moment", "created_at", "id"),
    # Partial and computed indexes serve a query only where its words are the same: see ledger.py and statements.py.
    sa.Index("generations_by_family", "family", "id"),
    sa.Index("generations_by_reservation", "created_at", sqlite_where=sa.text("reserved_micros > 0")),
    sa.Index(
        "generations_by_charge",
        "service",
        "quality",
        sa.text("coalesce(generate_audio_switch, 1)"),
        "id",
        sqlite_where=sa.text(f"{CHARGE} > 0"),
    ),
    # For pages (pages.py): rows that lack the value are not in them, so that a new row costs none of these a write.
    sa.Index("generations_by_cost", "cost_micros", "id", sqlite_where=sa.text("cost_micros IS NOT NULL")),
    sa.Index("generations_by_latency", "latency_s", "id", sqlite_where=sa.text("latency_s IS NOT NULL")),
    sa.Index("generations_by_star", "starred", "id", sqlite_where=sa.text("starred = 1")),
    sa.Index("generations_by_rating", "rating", "id", sqlite_where=sa.text("rating IS NOT NULL")),
    sa.Index("generations_by_decision", "decision", "id", sqlite_where=sa.text("decision IS NOT NULL")),
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("pretended", sa.Integer, primary_key=True),  # 1 for the preview engine's money
    sa.Column("studio", sa.Text, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),  # days since 1970, UTC, of `created_at`
    sa.Column("charged_micros", sa.BigInteger, nullable=False),
    sa.Column("reserved_micros", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("image_sha256", sa.String(64), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("uploaded_at", sa.BigInteger, nullable=False),
    sa.Column("checked_at", sa.BigInteger, nullable=False),
)

versions = sa.Table(
    "schema_versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("applied_at", sa.BigInteger, nullable=False),
)
