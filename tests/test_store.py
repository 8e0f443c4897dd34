"""The journal: ids, leases, emergency files, and what one transaction decides."""

import json
import os
import platform
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from types import SimpleNamespace

import psutil
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import pixverse_nb as pv
from pixverse_nb.store import ids, leases
from pixverse_nb.store.database import FILE
from pixverse_nb.store.opening import Shelf
from pixverse_nb.store.store import LeaseLost, Store
from pixverse_nb.store.words import DISOWNED, now_us

WISH = {
    "service": "https://s.example", "api": "v2", "studio": "s1", "status": "submitting", "prompt": "a cat",
    "duration": 5, "quality": "540p", "take": 1, "identity": "i" * 64, "estimate_micros": 281_250,
    "ceiling_micros": 281_250, "reserved_micros": 281_250,
}  # fmt: skip


def wish(store, *, reuse=True, owner="me", has_clip=lambda _: True, admit=lambda _: None, **changes):
    shelf = Shelf(has_clip, lambda _: False)
    (opened,) = store.open_all(
        [{**WISH, **changes}], reuse=reuse, owner=owner, lease_s=60, shelf=shelf, admit=lambda spent, _: admit(spent)
    )
    return opened


def finish(store, row, **changes):
    done = {"status": "completed", "reserved_micros": 0, "cost_micros": 281_250, "cost_source": "reported"}
    return store.journal(row, row["lease_owner"], 60, **{**done, "video_path": "clips/a.mp4", **changes})


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def stores(home):
    """Opens stores of one home, as several kernels do, and gives them back."""
    made = []

    def open_():
        made.append(Store(home))
        return made[-1]

    yield open_
    for store in made:
        store.close()


@pytest.fixture
def store(stores):
    return stores()


def gone():
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


# ---- ids ---------------------------------------------------------------------------------------------------------


@given(st.integers(2, 300))
def test_ids_made_one_after_the_other_sort_so_and_are_all_different(count):
    made = [ids.new_id() for _ in range(count)]
    assert made == sorted(set(made))
    assert all(len(made_id) == 16 and made_id.isalnum() and made_id == made_id.lower() for made_id in made)


def test_ids_made_by_many_threads_at_once_are_all_different():
    made = []
    threads = [threading.Thread(target=lambda: made.extend([ids.new_id() for _ in range(500)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001  made aware below
def test_ids_sort_by_time_and_tell_it(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=timezone.utc)
    millis = round(moment.timestamp() * 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "_last", [0])
        patch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: millis * 1_000_000))
        one = ids.new_id()
        patch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: (millis + 1) * 1_000_000))
        assert one < ids.new_id()
    assert abs((ids.moment_of(one) - moment).total_seconds()) < 0.001


def test_a_clock_that_is_set_back_does_not_turn_the_order(monkeypatch):
    monkeypatch.setattr(ids, "_last", list(ids._last))
    first = ids.new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    assert ids.new_id() > first


# ---- leases ------------------------------------------------------------------------------------------------------


def owner_of(pid, *, node=None, started=None):
    born = f"{psutil.Process().create_time():.2f}" if started is None else started
    return f"{node or platform.node()}/{pid}/{born}/abcd"


def test_a_living_process_keeps_its_job_however_old_the_lease():
    owner = owner_of(os.getppid(), started=f"{psutil.Process(os.getppid()).create_time():.2f}")
    assert not leases.is_free(owner, "job", 0, now_us())


def test_of_our_own_process_a_job_belongs_to_the_runner_that_works_on_it():
    """A job that nobody works on any more is free at once, though its kernel lives."""
    owner = leases.new_owner()
    leases.hold(owner, "job")
    assert not leases.is_free(owner, "job", 0, now_us())
    assert leases.is_free(owner, "another", now_us() + 10**12, now_us())
    leases.let_go(owner, "job")
    assert leases.is_free(owner, "job", now_us() + 10**12, now_us())


def test_a_dead_process_loses_its_job_at_once():
    assert leases.is_free(owner_of(gone()), "job", now_us() + 10**12, now_us())
    assert leases.is_free(None, "job", None, now_us())


def test_a_process_number_that_was_given_out_again_is_not_the_process():
    assert leases.is_free(owner_of(os.getpid(), started="12.34"), "job", now_us() + 10**12, now_us())


def test_a_killed_process_that_nobody_has_waited_for_is_dead():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = owner_of(process.pid, started=f"{psutil.Process(process.pid).create_time():.2f}")
    assert not leases.is_free(owner, "job", 0, now_us())
    process.kill()
    deadline = time.monotonic() + 10
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        os.sched_yield()
    assert leases.is_free(owner, "job", now_us() + 10**12, now_us())
    process.communicate()


@pytest.mark.parametrize("node", ["other-machine", "a/b/c"])
def test_of_another_machine_only_the_lease_is_known(node):
    owner = owner_of(os.getpid(), node=node)
    assert not leases.is_free(owner, "job", now_us() + 1_000_000, now_us())
    assert leases.is_free(owner, "job", now_us() - 1, now_us())
    assert leases.is_free(owner, "job", None, now_us())


def test_of_a_process_that_may_not_be_looked_at_only_the_lease_is_known(monkeypatch):
    owner = leases.new_owner()

    def forbidden(pid):
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", forbidden)
    assert not leases.is_free(owner, "job", now_us() + 1_000_000, now_us())
    assert leases.is_free(owner, "job", now_us() - 1, now_us())


def test_one_job_has_one_worker(stores):
    one, two = stores(), stores()
    dead, alive, other = owner_of(gone()), leases.new_owner(), leases.new_owner()
    row = wish(one, owner=dead).row
    assert two.claim(row["id"], alive, 60)["lease_owner"] == alive
    assert one.claim(row["id"], other, 60) is None
    assert two.claim(row["id"], alive, 60) is not None
    with pytest.raises(LeaseLost):
        one.journal(row, dead, 60, status="queued")
    assert one.row(row["id"])["status"] == "submitting"
    one.release(row["id"], other)  # not its own: nothing happens
    assert one.claim(row["id"], other, 60) is None
    two.release(row["id"], alive)
    assert one.claim(row["id"], other, 60)["lease_owner"] == other


def test_what_only_this_process_knows_is_written_even_without_the_lease(stores):
    one = stores()
    row = wish(one, owner=owner_of(gone())).row
    one.claim(row["id"], leases.new_owner(), 60)
    one.journal(row, row["lease_owner"], 60, force=True, status="queued", request_id="r-1")
    assert one.row(row["id"])["request_id"] == "r-1"


def test_an_ended_job_is_nobodys(store):
    row = wish(store, owner=leases.new_owner()).row
    ended = finish(store, row)
    assert ended["lease_owner"] is None
    assert store.row(row["id"])["lease_owner"] is None
    assert store.claim(row["id"], leases.new_owner(), 60) is None
    assert store.unfinished(WISH["service"]) == []


def test_steps_of_a_job_leave_what_people_wrote_alone(store):
    row = wish(store).row
    with store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET note = 'nice', rating = 5, tags = 'a b', decision = 'keep'")
    finish(store, row)
    kept = store.row(row["id"])
    assert (kept["status"], kept["note"], kept["rating"], kept["tags"], kept["decision"]) == (
        "completed", "nice", 5, "a b", "keep",
    )  # fmt: skip


# ---- one decision in one transaction -----------------------------------------------------------------------------


def test_the_same_wish_is_joined_while_it_runs_and_reused_when_it_is_done(store):
    first = wish(store)
    assert first.kind == "new"
    assert wish(store, owner="other").row["id"] == first.row["id"]
    assert wish(store, owner="other").kind == "joined"
    finish(store, first.row)
    again = wish(store)
    assert (again.kind, again.row["reused_from"], again.row["saved_micros"]) == ("reused", first.row["id"], 281_250)
    assert (again.row["cost_micros"], again.row["cost_source"], again.row["billed"]) == (0, "reused", False)
    third = wish(store)  # names the row that was paid for, not its copy
    assert third.row["reused_from"] == first.row["id"]


@pytest.mark.parametrize("change", [{"service": "https://t.example"}, {"identity": "j" * 64}])
def test_another_service_or_identity_is_another_wish(store, change):
    finish(store, wish(store).row)
    assert wish(store, **change).kind == "new"


def test_a_clip_that_is_gone_is_not_reused(store):
    finish(store, wish(store).row)
    assert wish(store, has_clip=lambda _: False).kind == "new"
    assert wish(store, reuse=False).kind == "new"


def test_a_failed_wish_is_neither_joined_nor_reused(store):
    finish(store, wish(store).row, status="failed", cost_micros=None)
    assert wish(store).kind == "new"


def test_a_refused_wish_leaves_no_row(store):
    def admit(_):
        raise pv.BudgetExceeded("no")

    with pytest.raises(pv.BudgetExceeded):
        wish(store, admit=admit)
    assert store.select({}) == []


def test_a_request_id_belongs_to_one_row(store):
    one, two = wish(store).row, wish(store, identity="j" * 64).row
    plain = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert store.claim_request(one["id"], plain)
    assert not store.claim_request(two["id"], plain.replace("-", "").upper())
    assert store.claim_request(one["id"], plain)
    assert store.claimed_requests() == {plain}


def test_what_jobs_took_comes_from_jobs_of_the_kind(store):
    for seconds, quality, duration in ((10.0, "540p", 5), (20.0, "1080p", 5), (30.0, "540p", 15), (40.0, "540p", 2)):
        row = wish(store, reuse=False, quality=quality, duration=duration).row
        finish(store, row, latency_s=seconds + 1, download_s=1.0)
    assert store.recent_seconds(WISH["service"], "540p", 6) == [10.0]
    assert store.recent_seconds("elsewhere", "540p", 6) == []


# ---- emergency files ---------------------------------------------------------------------------------------------


def broken(store):
    """The database fails from now on, as a full disk or a dead mount does."""
    engine = sa.create_engine("sqlite:////nowhere/at/all.sqlite3")
    store._db._engine.dispose()
    store._db._engine = engine


def files(home):
    return sorted((home / "rescue").glob("*"))


def test_a_job_in_flight_outlives_its_database(stores, home):
    store = stores()
    row = wish(store, owner=owner_of(gone())).row
    broken(store)
    row = store.journal(row, row["lease_owner"], 60, status="queued", request_id="r-7")
    assert (row["status"], row["request_id"]) == ("queued", "r-7")
    assert [path.stem for path in files(home)] == [row["id"]]
    taken_in = stores().row(row["id"])
    assert (taken_in["status"], taken_in["request_id"]) == ("queued", "r-7")
    assert files(home) == []


def test_before_a_send_a_database_that_fails_is_an_error_and_nothing_is_kept_aside(stores, home):
    store = stores()
    row = wish(store).row
    broken(store)
    with pytest.raises(pv.HomeError, match="could not be written") as caught:
        store.journal(row, "me", 60, strict=True, sent_at=now_us())
    assert caught.value.billed is False
    assert "nothing was sent" in caught.value.remedy
    assert files(home) == []


def test_a_wish_to_a_database_that_fails_is_a_home_error(store):
    broken(store)
    with pytest.raises(pv.HomeError, match="could not be written"):
        wish(store)


def test_a_paid_job_survives_the_loss_of_the_whole_database_file(stores, home):
    store = stores()
    row = wish(store, owner=owner_of(gone())).row
    broken(store)
    store.journal(row, row["lease_owner"], 60, status="downloading", request_id="r-8", output_url="https://x/y.mp4")
    for path in home.glob(f"{FILE}*"):
        path.unlink()
    back = stores().row(row["id"])
    assert (back["status"], back["request_id"], back["prompt"]) == ("downloading", "r-8", "a cat")
    assert back["lease_owner"] is None
    assert back["reserved_micros"] == WISH["reserved_micros"]


def test_an_unwritable_home_sends_the_emergency_file_to_the_temporary_folder(stores, home, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    store = stores()
    row = wish(store, owner=owner_of(gone())).row
    broken(store)
    (home / "rescue").write_text("a file in the folder's place")
    store.journal(row, row["lease_owner"], 60, status="queued", request_id="r-9")
    (aside,) = (tmp_path / "tmp").glob("pixverse_nb-rescue-*/*.json")
    assert aside.parent.stat().st_mode & 0o077 == 0  # prompts are nobody else's business
    assert stores().row(row["id"])["request_id"] == "r-9"
    assert not aside.exists()


def test_the_step_that_works_again_drops_the_file(stores, home):
    store = stores()
    row = wish(store, owner=leases.new_owner()).row
    working = store._db._engine
    broken(store)
    row = store.journal(row, row["lease_owner"], 60, status="queued", request_id="r-1")
    assert files(home)
    store._db._engine = working
    store.journal(row, row["lease_owner"], 60, status="processing")
    assert files(home) == []
    assert store.row(row["id"])["request_id"] == "r-1"  # what only reached the file is made good


def test_the_file_of_a_living_process_is_left_to_it(stores, home):
    store = stores()
    row = wish(store, owner=leases.new_owner()).row
    broken(store)
    store.journal(row, row["lease_owner"], 60, status="queued", request_id="r-1")
    assert stores().row(row["id"])["status"] == "submitting"
    assert files(home)


def test_an_ended_row_is_not_turned_back(stores, home):
    store = stores()
    row = wish(store, owner=owner_of(gone())).row
    (home / "rescue").mkdir()
    (home / "rescue" / f"{row['id']}.json").write_text(json.dumps({**row, "status": "queued"}))
    finish(store, row)
    assert stores().row(row["id"])["status"] == "completed"
    assert files(home) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"id": "someone-else"}', '{"id": "0000000000000001"}',
                '{"id": "0000000000000001", "status": {"a": 1}}', "\x00\xff"],
)  # fmt: skip
def test_a_broken_emergency_file_locks_nobody_out_and_stays(stores, home, content):
    stores()
    (home / "rescue").mkdir()
    path = home / "rescue" / "0000000000000001.json"
    path.write_text(content, encoding="latin-1")
    assert stores().select({}) == []
    assert path.exists()


# ---- uploads -----------------------------------------------------------------------------------------------------


def test_uploads_are_remembered_by_service_and_content(store):
    assert store.upload("s", "a" * 64) is None
    store.keep_upload("s", "a" * 64, "https://x/1.png")
    url, seen = store.upload("s", "a" * 64)
    assert url == "https://x/1.png"
    assert abs(seen - now_us()) < 10_000_000
    store.keep_upload("s", "a" * 64, "https://x/2.png")
    assert store.upload("s", "a" * 64)[0] == "https://x/2.png"
    assert store.upload("t", "a" * 64) is None
    assert store.upload("s", "b" * 64) is None


def test_what_is_in_flight_since_yesterday_counts_today(stores):
    """The day's budget holds the ceiling of everything in flight, whenever it was sent, but not yesterday's charges."""
    store = stores()
    yesterday = {"created_at": now_us() - 86_400_000_000}
    wish(store, **yesterday, reserved_micros=700)
    wish(store, **yesterday, reuse=False, status="completed", reserved_micros=0, cost_micros=90)
    spent = store.spent(WISH["service"], "another studio")
    assert spent.day.total == 700
    assert spent.home.total == 790


def test_only_what_is_told_of_the_request_that_was_taken_away_is_refused(store):
    """A row whose job was another's still takes the answer to its own send."""
    thief, owner = wish(store, owner="me").row, wish(store, reuse=False, owner="me").row
    assert store.claim_request(thief["id"], "aa-bb")
    known = store.row(thief["id"])
    store.journal(owner, "me", 60, force=True, status="queued", request_id="AABB")
    assert (store.row(thief["id"])["request_id"], store.row(thief["id"])["error"]) == (None, DISOWNED)
    with pytest.raises(LeaseLost):
        store.journal(known, "me", 60, force=True, status="completed")
    store.journal({**known, "request_id": None}, "me", 60, force=True, status="queued", request_id="cc")
    assert (store.row(thief["id"])["request_id"], store.row(thief["id"])["status"]) == ("cc", "queued")


def test_a_late_end_of_a_job_that_was_taken_away_overwrites_nothing_that_was_found_since(store):
    """A kernel still fetches what the row had found; meanwhile it was another's, and the row's own job is found."""
    thief, owner = wish(store, owner="me").row, wish(store, reuse=False, owner="me").row
    assert store.claim_request(thief["id"], "aa-bb")
    known = store.row(thief["id"])
    store.journal(owner, "me", 60, force=True, status="queued", request_id="aabb")
    assert store.claim(thief["id"], "you", 60)["request_id"] is None
    assert store.claim_request(thief["id"], "cc", error=None, error_kind=None, error_detail=None)
    with pytest.raises(LeaseLost):
        store.journal(known, "me", 60, force=True, status="completed", cost_micros=43_750)
    assert store.row(thief["id"])["request_id"] == "cc"
    assert store.row(owner["id"])["request_id"] == "aabb"


def test_what_is_asked_for_by_others_too_is_not_withdrawn(store):
    """Looked at in the transaction that withdraws, whoever joined in whatever process."""
    words = {"error": "not wanted any more"}
    rows = [wish(store, identity=name, asked_by="me").row for name in ("alone", "shared", "again", "sent")]
    assert wish(store, identity="shared", asked_by="you").kind == "joined"
    assert wish(store, identity="again", asked_by="me").kind == "joined"
    store.journal(rows[3], rows[3]["lease_owner"], 60, sent_at=1)
    store.withdraw(WISH["service"], "me", words)
    found = [store.row(row["id"]) for row in rows]
    assert [row["status"] for row in found] == ["failed", "submitting", "failed", "submitting"]
    assert [row["reserved_micros"] == 0 for row in found] == [True, False, True, False]
    with pytest.raises(LeaseLost):  # who was about to send it learns it before the send
        store.journal(rows[0], rows[0]["lease_owner"], 60, strict=True, sent_at=2)
    store.journal(rows[1], rows[1]["lease_owner"], 60, status="submitting")
    assert store.row(rows[1]["id"])["asked_by"] is None, "a job's steps do not make it one's own again"
    store.withdraw(WISH["service"], None, words)
    assert store.row(rows[1]["id"])["status"] == "submitting"
