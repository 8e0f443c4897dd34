"""The ledger equals the rows at all times, whatever happens to them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from studio_rig import ledger_of

from pixverse_nb.store import ledger, schema, statements
from pixverse_nb.store.ledger import Tally
from pixverse_nb.store.opening import Shelf
from pixverse_nb.store.store import LeaseLost, Store
from pixverse_nb.store.words import now_us

_g = schema.generations
MONEY = st.none() | st.integers(0, 3_000_000)
SERVICES = st.sampled_from(["https://s.example", "https://t.example", "preview"])
STATUSES = st.sampled_from(["queued", "processing", "downloading", "unknown", "failed", "completed"])
DAYS = st.integers(0, 3)


def wish(service, studio, identity, ceiling, days=0):
    return {
        "service": service, "api": "v2", "studio": studio, "status": "submitting", "prompt": "a cat", "duration": 5,
        "quality": "540p", "take": 1, "identity": identity, "estimate_micros": ceiling, "ceiling_micros": ceiling,
        "reserved_micros": ceiling, "created_at": now_us() - days * schema.DAY_US,
    }  # fmt: skip


class Machine(RuleBasedStateMachine):
    """Rows are opened, worked on, disowned, written by people, changed by hand and deleted, in any order."""

    home = None
    rows = Bundle("rows")

    def __init__(self) -> None:
        super().__init__()
        for path in self.home.glob("history*"):
            path.unlink()
        self.store = Store(self.home)

    @rule(
        target=rows,
        service=SERVICES,
        studio=st.sampled_from("ab"),
        ceiling=st.integers(0, 3_000_000),
        days=DAYS,
        identity=st.sampled_from("xyz"),
        reuse=st.booleans(),
        has=st.booleans(),
        can=st.booleans(),
        refused=st.booleans(),
    )
    def open(self, service, studio, ceiling, days, identity, reuse, has, can, refused):
        def admit(_spent, _new):
            if refused:
                raise ZeroDivisionError

        shelf = Shelf(lambda _: has, lambda _: can)
        try:
            (opened,) = self.store.open_all(
                [wish(service, studio, identity, ceiling, days)],
                reuse=reuse, owner="me", lease_s=60, shelf=shelf, admit=admit,
            )  # fmt: skip
        except ZeroDivisionError:
            return None
        return opened.row

    @rule(row=rows, status=STATUSES, cost=MONEY, keep=st.booleans(), force=st.booleans())
    def step(self, row, status, cost, keep, force):
        if row is None:
            return
        changes = {"status": status, "cost_micros": cost} | ({} if keep else {"reserved_micros": 0})
        with contextlib.suppress(LeaseLost):
            row.update(self.store.journal(row, "me", 60, force=force, **changes))

    @rule(row=rows, request=st.sampled_from(["r1", "r2"]))
    def find(self, row, request):
        if row is not None:
            self.store.claim_request(row["id"], request)

    @rule(row=rows, request=st.sampled_from(["r1", "R-2"]))
    def be_told(self, row, request):
        """The answer to its send: the request is taken from any other row."""
        if row is not None:
            with contextlib.suppress(LeaseLost):
                row.update(self.store.journal(row, "me", 60, force=True, status="queued", request_id=request))

    @rule(row=rows, cost=MONEY, service=SERVICES, days=DAYS)
    def by_hand(self, row, cost, service, days):
        """Somebody opens the file with another program."""
        if row is not None:
            with self.store._db.write() as connection:
                moved = {"created_at": now_us() - days * schema.DAY_US}
                where = _g.c.id == row["id"]
                connection.execute(_g.update().where(where).values(cost_micros=cost, service=service, **moved))

    @rule(row=rows)
    def delete(self, row):
        if row is not None:
            with self.store._db.write() as connection:
                connection.execute(_g.delete().where(_g.c.id == row["id"]))

    @invariant()
    def the_ledger_equals_the_rows(self):
        kept, summed = ledger_of(self.home)
        assert kept == summed

    @invariant()
    def what_counts_is_what_the_rows_say(self):
        with self.store._db.read() as connection:
            rows = connection.execute(_g.select()).mappings().all()
        for service in ("https://s.example", "preview"):
            mine = [r for r in rows if (r["service"] == "preview") == (service == "preview")]
            spent = self.store.spent(service, "a")
            assert spent.home == tally(mine)
            assert spent.studio == tally([r for r in mine if r["studio"] == "a"])
            today = now_us() // schema.DAY_US
            of_day = [r for r in mine if r["created_at"] // schema.DAY_US == today]
            open_still = [
                r for r in mine if r["created_at"] // schema.DAY_US < today
                and (r["status"] in {"submitting", "queued", "processing", "downloading"}
                     or (r["status"] == "unknown" and r["created_at"] // schema.DAY_US == today - 1))
            ]  # fmt: skip
            assert spent.day == Tally(tally(of_day).charged, tally(of_day).reserved + tally(open_still).reserved)

    def teardown(self):
        self.store.close()


def tally(rows):
    return Tally(sum(r["cost_micros"] or 0 for r in rows), sum(r["reserved_micros"] for r in rows))


def test_whatever_happens_to_the_rows_the_ledger_equals_them(tmp_path):
    Machine.home = tmp_path
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=60, stateful_step_count=25, deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )  # fmt: skip


def test_a_ledger_that_is_not_kept_is_noticed(tmp_path):
    """The invariant can fail: without a trigger it does."""
    store = Store(tmp_path)
    with store._db.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_on_insert")
    no_clips = Shelf(lambda _: False, lambda _: False)
    store.open_all([wish("s", "a", "x", 5)], reuse=True, owner="me", lease_s=60, shelf=no_clips, admit=None)
    kept, summed = ledger_of(tmp_path)
    assert kept != summed
    store.close()


@pytest.mark.parametrize(
    ("statement", "place"), [(ledger._SPENT, "ledger"), (ledger._EARLIER, "generations_by_reservation")]
)
def test_a_cap_is_checked_without_reading_the_rows(tmp_path, statement, place):
    """Of 100,000 clips only those that still reserve something are looked at."""
    store = Store(tmp_path)
    asked = statement.params(pretended=0, studio="a", today=1, midnight=1)
    with store._db.read() as connection:
        text = str(asked.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    assert [place in step[3] for step in plan] == [True]
    store.close()


def test_learned_prices_are_found_by_their_index(tmp_path):
    store = Store(tmp_path)
    asked = statements.CHARGES.params(service="s", quality="540p", audio=1, extra=None, image=False)
    with store._db.read() as connection:
        text = str(asked.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        (step,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    assert "generations_by_charge (service=? AND quality=? AND <expr>=?)" in step[3]
    store.close()
