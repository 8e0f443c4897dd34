"""The tables, and how an older database becomes a newer one.

Moments are whole microseconds since 1970 (UTC), money whole micro-dollars, so that both are exact and sort quickly.
The request's columns are made from the parameter schema: a new parameter becomes a new column by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from pixverse_nb.parameters import PARAMETERS

VERSION = 1

PREVIEW = "preview"
"""The service of rows that the embedded preview engine draws: their money is pretended."""

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
    sa.Column("request_id", sa.Text),
    sa.Column("estimate_micros", sa.BigInteger),
    sa.Column("ceiling_micros", sa.BigInteger),
    sa.Column("reserved_micros", sa.BigInteger, nullable=False),
    sa.Column("cost_micros", sa.BigInteger),
    sa.Column("cost_source", sa.String(12)),
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
    sa.Column("error", sa.Text),
    sa.Column("error_kind", sa.Text),
    sa.Column("error_detail", sa.Text),
    sa.Column("remedy", sa.Text),
    sa.Column("http_status", sa.Integer),
    sa.Column("billed", sa.Boolean),
    sa.Column("reused_from", sa.String(16)),
    sa.Column("saved_micros", sa.BigInteger),
    sa.Column("rating", sa.Integer),
    sa.Column("decision", sa.Text),
    sa.Column("tags", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", sa.BigInteger),
    sa.Index("generations_by_identity", "service", "identity"),
    sa.Index("generations_by_status", "service", "status"),
    sa.Index("generations_by_day", "service", "created_at"),
    sa.Index("generations_by_request", "request_id"),
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

Migration = Callable[[sa.Connection], None]

MIGRATIONS: Sequence[Migration] = ()
"""Steps from version 1 on, in order: the first one leads from 1 to 2. Columns need none, see `missing_columns`."""


def version_of(connection: sa.Connection) -> int:
    """The version that a database was brought to; 0 for an empty one."""
    if not sa.inspect(connection).has_table(versions.name):
        return 0
    return int(connection.scalar(sa.select(sa.func.max(versions.c.version))) or 0)


def missing_columns(connection: sa.Connection) -> list[sa.Column[object]]:
    """Columns of ours that the database does not have yet, such as those of a new parameter."""
    inspector = sa.inspect(connection)
    return [
        column
        for table in (generations, uploads)
        if inspector.has_table(table.name)
        for column in table.columns
        if column.name not in {c["name"] for c in inspector.get_columns(table.name)}
    ]


def upgrade(connection: sa.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest version, inside the caller's transaction."""
    current, newest = version_of(connection), VERSION + len(migrations)
    if current == 0:
        metadata.create_all(connection)
        steps: Sequence[Migration] = ()
    else:
        steps = migrations[current - VERSION :]
    for step in steps:
        step(connection)
    for column in missing_columns(connection):
        kind = column.type.compile(connection.dialect)
        # The names come from our own schema, never from a user.
        connection.exec_driver_sql(f'ALTER TABLE {column.table.name} ADD COLUMN "{column.name}" {kind}')
    if current < newest:
        connection.execute(versions.insert().values(version=newest, applied_at=time.time_ns() // 1000))
