"""How an older history becomes a newer one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from . import ledger
from .schema import generations, metadata, uploads, versions

Migration = Callable[[sa.Connection], None]

FIRST = 1
"""The version of the first release."""

MIGRATIONS: Sequence[Migration] = (ledger.begin,)
"""Steps from the first version on, the first one from 1 to 2. New columns need none, see `missing_columns`."""


def version_of(connection: sa.Connection) -> int:
    """The version that a database was brought to; 0 for an empty one."""
    if not sa.inspect(connection).has_table(versions.name):
        return 0
    return int(connection.scalar(sa.select(sa.func.max(versions.c.version))) or 0)


def missing_columns(connection: sa.Connection) -> list[sa.Column[object]]:
    """Columns of ours that the database does not have yet, such as those of a new parameter."""
    inspector = sa.inspect(connection)
    missing: list[sa.Column[object]] = []
    for table in (generations, uploads):
        if inspector.has_table(table.name):
            there = {column["name"] for column in inspector.get_columns(table.name)}
            missing += [column for column in table.columns if column.name not in there]
    return missing


def upgrade(connection: sa.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest version, inside the caller's transaction."""
    current, newest = version_of(connection), FIRST + len(migrations)
    if current == 0:
        metadata.create_all(connection)
        ledger.install(connection)
        steps: Sequence[Migration] = ()
    else:
        steps = migrations[current - FIRST :]
    for column in missing_columns(connection):  # first: the steps may speak of them
        kind = column.type.compile(connection.dialect)
        # The names come from our own schema, never from a user.
        connection.exec_driver_sql(f'ALTER TABLE {column.table.name} ADD COLUMN "{column.name}" {kind}')
    for step in steps:
        step(connection)
    for index in sorted(generations.indexes, key=lambda index: str(index.name)):
        connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    if current < newest:
        connection.execute(versions.insert().values(version=newest, applied_at=time.time_ns() // 1000))
