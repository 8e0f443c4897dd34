"""The ledger: what each studio spent and keeps reserved, by day; kept by the database itself.

Triggers write it in the same transaction as the row that the money belongs to, whichever program changes the row. So it
equals the rows at all times, and a cap is checked without summing a history of 100,000 clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from .schema import DAY_US, PREVIEW, ledger
from .schema import generations as _g


@dataclass(frozen=True)
class Tally:
    """Micro-dollars charged (reported, or by the account where that is more), and reserved for what is not known."""

    charged: int
    reserved: int

    @property
    def total(self) -> int:
        """What counts against a cap."""
        return self.charged + self.reserved


@dataclass(frozen=True)
class Spent:
    """What counts against budgets: of one studio, of today (UTC), of the whole home."""

    studio: Tally
    day: Tally
    home: Tally


def spent(connection: sa.Connection, service: str, studio: str, now_us: int) -> Spent:
    """What counts right now; a preview engine's pretended money has an account of its own."""
    today = now_us // DAY_US
    given = {"pretended": int(service == PREVIEW), "studio": studio, "today": today, "midnight": today * DAY_US}
    sums = [int(value) for value in connection.execute(_SPENT, given).one()]
    # What is in flight since yesterday is charged today; an outcome that stays unknown counts for a day and a night.
    earlier = int(connection.scalar(_EARLIER, given) or 0)
    return Spent(Tally(*sums[:2]), Tally(sums[2], sums[3] + earlier), Tally(*sums[4:]))


def _sums(condition: sa.ColumnElement[bool]) -> list[sa.ColumnElement[int]]:
    counted = (ledger.c.charged_micros, ledger.c.reserved_micros)
    return [sa.func.coalesce(sa.func.sum(sa.case((condition, column), else_=0)), 0) for column in counted]


_SPENT = sa.select(
    *_sums(ledger.c.studio == sa.bindparam("studio")),
    # Days to come count, too: a clock that was set back must not open the cap.
    *_sums(ledger.c.day >= sa.bindparam("today", type_=sa.Integer)),
    *_sums(sa.true()),
).where(ledger.c.pretended == sa.bindparam("pretended", type_=sa.Integer))

# A clip counts for the day on which it was sent, however long it waited for its turn.
_day_of = sa.func.coalesce(_g.c.sent_at, _g.c.created_at)
_midnight = sa.bindparam("midnight", type_=sa.BigInteger)
_EARLIER = sa.select(sa.func.sum(_g.c.reserved_micros)).where(
    _g.c.reserved_micros > sa.literal_column("0"),  # as the partial index has it
    _day_of < _midnight,
    sa.case((_g.c.service == PREVIEW, 1), else_=0) == sa.bindparam("pretended", type_=sa.Integer),
    sa.or_(
        _g.c.status.in_(("submitting", "queued", "processing", "downloading")),
        sa.and_(_g.c.status == "unknown", _day_of >= _midnight - DAY_US),
    ),
)

_MONEY = "service, studio, created_at, sent_at, cost_micros, account_micros, reserved_micros"


def _charged(row: str) -> str:
    """SQL for what a row was charged: as reported or as the account says, the higher one."""
    return f"max(coalesce({row}cost_micros, 0), coalesce({row}account_micros, 0))"


def _day(row: str) -> str:
    return f"coalesce({row}sent_at, {row}created_at) / {DAY_US}"


def _entry(row: str, sign: str) -> str:
    """SQL that adds a row's money to its place in the ledger, or takes it away."""
    # The words come from here alone, never from a user.
    return (
        "INSERT INTO ledger (pretended, studio, day, charged_micros, reserved_micros) "
        f"SELECT {row}.service = '{PREVIEW}', {row}.studio, {_day(row + '.')}, "
        f"{sign}{_charged(row + '.')}, {sign}{row}.reserved_micros "
        f"WHERE {_charged(row + '.')} <> 0 OR {row}.reserved_micros <> 0 "
        "ON CONFLICT (pretended, studio, day) DO UPDATE SET "
        "charged_micros = charged_micros + excluded.charged_micros, "
        "reserved_micros = reserved_micros + excluded.reserved_micros;"
    )


_CHANGED = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _MONEY.split(", "))
_TRIGGERS = {
    "ledger_on_insert": f"AFTER INSERT ON generations BEGIN {_entry('NEW', '')} END",
    "ledger_on_delete": f"AFTER DELETE ON generations BEGIN {_entry('OLD', '-')} END",
    "ledger_on_update": (
        f"AFTER UPDATE OF {_MONEY} ON generations WHEN {_CHANGED} BEGIN {_entry('OLD', '-')} {_entry('NEW', '')} END"
    ),
}


def install(connection: sa.Connection) -> None:
    """Have the database keep the ledger from now on."""
    for name, body in _TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")


def begin(connection: sa.Connection) -> None:
    """Give an older history its ledger, made from its rows (schema 1 to 2)."""
    ledger.create(connection)
    connection.exec_driver_sql(f"INSERT INTO ledger {FROM_ROWS}")
    install(connection)


FROM_ROWS = (
    f"SELECT service = '{PREVIEW}' AS pretended, studio, {_day('')} AS day, "  # noqa: S608  our own words
    f"sum({_charged('')}) AS charged_micros, sum(reserved_micros) AS reserved_micros "
    "FROM generations GROUP BY 1, 2, 3"
)
"""SQL for what the ledger must hold; also stands in for it where an older history can only be read."""
