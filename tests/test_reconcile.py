"""Reconciling: what the account's history tells is put right, the rest is said; nothing is ever sent by it."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest
from job_rig import PACE, WISH, assert_home, eventually, outcome, row_of
from scripted import KEY, Answer
from studio_rig import paint

import pixverse_nb as pv
import pixverse_nb.lost
from pixverse_nb import books, reconcile
from pixverse_nb.runner import Runner
from pixverse_nb.store import schema
from pixverse_nb.store.store import Store

pytest_plugins = ["job_fixtures"]

DTYPES = {
    "kind": "string", "id": "string", "request_id": "string", "prompt": "string", "cost_usd": "Float64",
    "at": "datetime64[us, UTC]", "what": "string", "action": "string",
}  # fmt: skip
SLEEPY = pv.Pace(**{**vars(PACE), "search_s": (60.0, 60.0)})


def ago(**span):
    return (datetime.now(timezone.utc) - timedelta(**span)).isoformat()


def lost(server, studio, *, runs=False, **wish):
    """A generation whose answer was lost, and that has given up looking for its job."""
    server.say("submit", Answer(503, {"error": "busy"}, runs=runs))
    generation = studio.submit(**{**WISH, **wish})
    assert type(outcome(generation)) is pv.OutcomeUnknown
    return generation


def kinds(told):
    return list(told.findings["kind"])


def only(told, kind):
    (found,) = told.findings[told.findings["kind"] == kind].to_dict("records")
    return found


def run(action, studio):
    """What a person does with the line of code that a finding offers."""
    return eval(action, {"studio": studio})  # noqa: S307


def is_home(generation, clip):
    """Its clip is on the disk; others may be arriving beside it."""
    return generation.wait(20).video.path.read_bytes() == clip


def settled(monkeypatch):
    """As if every row were older than the ten minutes in which the account may not know it yet."""
    monkeypatch.setattr(books, "_SETTLING_US", -1)


# ---- all is well -----------------------------------------------------------------------------------------------------


def test_two_histories_that_agree_are_well_and_nothing_is_sent(server, studio):
    for prompt in ("a cat", "a dog"):
        studio.generate(prompt)
    told = studio.reconcile()
    assert repr(told).startswith("All is well: 2 rows and the account's 2 agree, $0.562")
    assert "All is well" in told._repr_html_()
    assert (told.account_usd, told.history_usd, told.adopted) == (0.5625, 0.5625, [])
    assert (told.since.utcoffset(), told.checked_at.utcoffset()) == (timedelta(0), timedelta(0))
    assert (server.count(), server.count("history")) == (2, 1)


def test_the_findings_are_typed_also_when_there_are_none(server, studio):
    empty = studio.reconcile().findings
    assert empty.empty
    server.record(WISH)
    one = studio.reconcile().findings
    for frame in (empty, one):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert len(one) == 1


def test_the_preview_engine_is_reconciled_alike_and_its_money_is_said_to_be_pretended(engine, home):
    assert engine is not None
    studio = pv.Studio(home=home, pace=PACE)
    studio.generate("a cat", duration=1, quality="360p")
    told = studio.reconcile()
    assert "All is well: 1 row and the account's 1 agree, $0.044" in repr(told)
    assert "pretended" in repr(told)
    assert told.is_preview
    with engine._process as process:
        process.kill()
    after = studio.reconcile()  # a new engine's account knows nothing of the old one's clips, and need not
    assert after.findings.empty
    studio._store.close()


# ---- lost jobs -------------------------------------------------------------------------------------------------------


def test_a_lost_job_that_sleeps_between_its_looks_looks_at_once(server, studio_at, clip):
    """A minute's pause is over the moment that a person asks; one POST, one row."""
    studio = studio_at(server.url, pace=SLEEPY)
    server.say("history", Answer(body={"data": []}))
    server.say("submit", Answer(503, {"error": "busy"}, runs=True))
    generation = studio.submit(**WISH)
    server.wait_for("history")
    eventually(lambda: generation._remark and "looking" in generation._remark)
    began = time.monotonic()
    told = studio.reconcile()
    assert time.monotonic() - began < 10
    assert told.adopted == [generation.id]
    assert only(told, "adopted")["request_id"] == server.account[0]["request_id"]
    assert_home(generation.wait(20), clip)
    assert (generation.cost_usd, generation.cost_source) == (0.28125, "account")
    assert (server.count(), len(studio.history())) == (1, 1)


def test_looks_that_a_person_asks_for_do_not_use_up_the_jobs_own(server, studio_at):
    studio = studio_at(server.url, pace=SLEEPY)
    server.say("submit", Answer(503, {"error": "busy"}))
    generation = studio.submit(**WISH)
    server.wait_for("history")
    for _ in range(5):
        studio.reconcile()
    assert generation._followed
    assert generation._stall is None
    assert server.count() == 1


def test_a_job_that_gave_up_looking_is_found_by_its_parameters(server, studio, clip):
    """Ids with or without dashes, model, parameters and time decide; its neighbours stay strangers."""
    generation = lost(server, studio)
    ours = server.record(WISH).replace("-", "").upper()
    server.account[0]["request_id"] = ours
    server.record({**WISH, "prompt": "a dog"})
    server.record(WISH, created_at=ago(hours=3))
    told = studio.reconcile()
    assert told.adopted == [generation.id]
    assert_home(generation.wait(20), clip)
    assert generation.request_id == ours
    assert kinds(told) == ["unexplained", "unexplained", "adopted"]
    assert server.count() == 1


def test_two_lost_twins_never_share_a_request(server, studio):
    pair = [lost(server, studio, take=take) for take in (1, 2)]
    server.record(WISH)
    told = studio.reconcile()
    assert len(told.adopted) == 1
    eventually(lambda: sorted(g.status for g in pair) == ["completed", "unknown"])
    server.record(WISH)
    assert len(studio.reconcile().adopted) == 1
    eventually(lambda: {g.status for g in pair} == {"completed"})
    assert {g.request_id for g in pair} == {row["request_id"] for row in server.account}
    assert server.count() == 2


def test_many_lost_jobs_of_a_new_studio_share_one_listing(server, studio_at, clip):
    """A hundred rows once listed the account's history a hundred times."""
    first = studio_at(server.url)
    server.always("submit", Answer(503, {"error": "busy"}))
    for generation in [first.submit(f"cat {n}") for n in range(31)]:
        outcome(generation)
    for n in range(31):
        server.record({**WISH, "prompt": f"cat {n}"})
    before = server.count("history")
    second = studio_at(server.url, pace=pv.Pace(**{**vars(PACE), "search_s": (2.0,)}))
    assert all(is_home(generation, clip) for generation in second.resume())
    assert server.count("history") == before + 1
    assert server.count() == 31
    assert second.reconcile().agreed == 31


def test_a_row_that_the_account_does_not_know_is_listed_with_what_it_keeps_reserved(server, studio, monkeypatch):
    generation = lost(server, studio)
    young = studio.reconcile()  # it may come yet
    found = only(young, "unknown")
    assert "s ago; the account may not list it yet: wait, from" in found["what"]
    assert "$0.281 stays reserved" in found["what"]
    assert found["action"] == f'studio.generation("{generation.id}").wait()'
    assert "All is well" not in repr(young)
    settled(monkeypatch)
    studio.generate("a dog")
    server.account.clear()
    told = studio.reconcile()
    assert kinds(told) == ["unknown", "missing"]
    found = only(told, "unknown")
    assert (found["id"], found["action"]) == (generation.id, f'studio.write_off("{generation.id}")')
    assert "$0.281 stays reserved" in found["what"]
    assert pd.isna(found["cost_usd"])
    assert only(told, "missing")["prompt"] == "a dog"
    assert "2 to look at" in repr(told)


def test_a_refused_send_is_not_missed_in_the_account(server, studio, monkeypatch):
    settled(monkeypatch)
    server.say("submit", Answer(400, {"error": "no"}))
    outcome(studio.submit(**WISH))
    assert kinds(studio.reconcile()) == []


def test_a_send_whose_answer_is_still_out_is_no_stranger(server, studio):
    """Its record is in the account before its id is here: neither a stranger nor a lost job."""
    sent, release = threading.Event(), threading.Event()

    def slow(hit):
        server.record(hit.json)
        sent.set()
        release.wait(0.3)
        return Answer(body={"request_id": server.account[0]["request_id"], "status": "QUEUED"}, runs=False)

    server.say("submit", slow)
    generation = studio.submit(**WISH)
    assert sent.wait(5)
    assert kinds(studio.reconcile()) == []
    release.set()
    generation.wait(20)
    assert (server.count(), len(studio.history())) == (1, 1)


# ---- costs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_missing_cost_is_filled_in_and_its_reservation_released(server, studio_at, clip, api):
    """On v1 without an id in its headers, the request is found by its parameters and time."""
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    server.say("run", Answer(body=clip, headers={"Content-Type": "video/mp4"}))
    studio = studio_at(server.url, api=api)
    generation = studio.generate(**WISH)
    assert generation.cost_usd is None
    told = studio.reconcile()
    row = row_of(studio, generation)
    assert (row["cost_micros"], row["cost_source"], row["reserved_micros"]) == (281_250, "account", 0)
    assert row["request_id"] == server.account[0]["request_id"]
    assert only(told, "filled")["cost_usd"] == 0.28125
    assert (told.account_usd, told.history_usd) == (0.28125, 0.28125)
    home = studio._store.spent(server.url, studio._name).home
    assert (home.charged, home.reserved) == (281_250, 0)
    assert kinds(studio.reconcile()) == []


def test_a_reported_cost_stays_and_the_accounts_other_one_is_told(server, studio):
    generation = studio.generate(**WISH)
    server.account[0]["credits_deduction"] = 0.5
    told = studio.reconcile()
    row = row_of(studio, generation)
    assert (row["cost_micros"], row["cost_source"]) == (281_250, "reported")
    found = only(told, "differs")
    assert (found["cost_usd"], found["id"]) == (0.28125, generation.id)
    assert "$0.281 here, $0.500 by the account: budgets and estimates count the higher one" in found["what"]
    assert (told.account_usd, told.history_usd) == (0.5, 0.28125)
    assert row["account_micros"] == 500_000
    assert studio._store.spent(server.url, studio._name).home.charged == 500_000
    assert studio.estimate(**WISH).expected_usd == 0.5
    assert kinds(studio.reconcile()) == ["differs"]
    server.account[0]["credits_deduction"] = 0.28125  # put right by the service
    assert kinds(studio.reconcile()) == []
    assert row_of(studio, generation)["account_micros"] is None
    assert studio._store.spent(server.url, studio._name).home.charged == 281_250


def test_charges_that_were_reported_as_nothing_count_for_the_cap_once_the_account_told_them(server, studio_at):
    studio = studio_at(server.url, budget=pv.Budget(per_home=0.7))
    server.say("result", *[lambda _: Answer(body=server.finished(metrics={"cost": 0}))] * 2)
    for n in range(2):
        studio.generate(f"cat {n}", duration=5, quality="540p")
    studio.reconcile()
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("one more", duration=5, quality="540p")
    assert server.count() == 2


def test_a_handle_that_somebody_holds_learns_the_cost_that_was_filled_in(server, studio):
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    generation = studio.generate(**WISH)
    studio.reconcile()
    assert (generation.cost_usd, generation.cost_source) == (0.28125, "account")


def test_the_charge_of_a_request_with_several_records_is_the_highest_one(server, studio):
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    generation = studio.generate(**WISH)
    plain = generation.request_id.replace("-", "").upper()
    server.account.insert(0, {**server.account[0], "request_id": plain, "credits_deduction": 0})
    told = studio.reconcile()
    assert (kinds(told), told.account_usd) == (["filled"], 0.28125)
    assert row_of(studio, generation)["cost_micros"] == 281_250


def test_charges_of_other_models_are_no_business_of_this_history(server, studio):
    server.record({"prompt": "x"}, model_name="sdxl", credits_deduction=0.01)
    told = studio.reconcile()
    assert (kinds(told), told.account_usd) == ([], 0)


def test_a_paid_clip_whose_row_failed_here_is_brought_home(server, studio, clip):
    """The last poll said FAILED, the account has it finished and charged: reconciling called all that well."""
    server.say("status", Answer(422, {"status": "FAILED", "error": "worker lost"}))
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.GenerationFailed
    told = studio.reconcile()
    assert only(told, "expiring")["id"] == generation.id
    assert_home(generation.wait(20), clip)
    row = row_of(studio, generation)
    assert (row["cost_micros"], row["cost_source"], row["billed"], row["error"]) == (281_250, "account", True, None)
    assert kinds(studio.reconcile()) == []
    assert studio.generate(**WISH).reused_from == generation.id
    assert server.count() == 1


@pytest.mark.parametrize("cost", [0.28125, None])
def test_a_row_that_was_written_off_and_turns_up_in_the_account_is_brought_home(server, studio_at, clip, cost):
    studio = studio_at(server.url, api="v1")
    server.say("run", Answer(504, {"error": "gateway"}, {"x-request-id": "own-1"}))
    generation = studio.submit(**WISH)
    outcome(generation)
    studio.write_off(generation.id)
    server.record(WISH, request_id="own-1", credits_deduction=cost, created_at=None)
    assert only(studio.reconcile(), "expiring")["id"] == generation.id
    assert_home(generation.wait(20), clip)
    home = studio._store.spent(server.url, studio._name).home
    assert (home.charged, home.reserved) == ((281_250, 0) if cost else (0, 281_250))
    assert server.count() == 1


def test_a_clip_that_neither_disk_nor_service_has_is_not_asked_for_time_and_again(server, studio):
    generation = studio.generate(**WISH)
    generation.video.path.unlink()
    server.always("clip", Answer(404, {"error": "no"}))
    server.always("result", Answer(404, {"error": "not found"}))
    server.account[0]["generation_url"] = None
    studio.reconcile()
    outcome(generation)
    assert generation.status == "completed"
    asked = server.count("clip")
    assert kinds(studio.reconcile()) == []
    assert server.count("clip") == asked


def test_a_job_that_is_called_running_for_hours_is_listed_with_what_can_be_done(server, studio, monkeypatch):
    settled(monkeypatch)
    generation = lost(server, studio)
    server.record(WISH, model_status="PENDING", generation_url=None)
    assert kinds(studio.reconcile()) == ["unknown", "adopted"]
    found = only(studio.reconcile(), "unknown")
    assert "the account says that it is still running, since" in found["what"]
    assert found["action"] == f'studio.generation("{generation.id}").wait()'
    monkeypatch.setattr(books, "STUCK_US", -1)
    monkeypatch.setattr(pixverse_nb.lost, "STUCK_US", -1)
    found = only(studio.reconcile(), "unknown")
    assert found["action"] == f'studio.write_off("{generation.id}")'
    assert run(found["action"], studio).status == "failed"
    assert server.count() == 1


def test_a_failed_record_that_is_like_a_lost_row_is_mentioned(server, studio, monkeypatch):
    settled(monkeypatch)
    generation = lost(server, studio)
    server.record(WISH, model_status="FAILED", error="too odd", generation_url=None, credits_deduction=0)
    found = only(studio.reconcile(), "unknown")
    assert "one like it that failed (too odd), which may be another one" in found["what"]
    assert run(found["action"], studio).id == generation.id
    assert row_of(studio, generation)["request_id"] is None
    assert server.count() == 1


def test_a_cost_that_came_meanwhile_is_not_written_over(server, studio):
    """Only a row whose cost is still missing when it is written is touched; unfinished rows are their jobs' own."""
    store = studio._store
    generation = studio.generate(**WISH)
    plain = generation.request_id.replace("-", "")
    assert store.fill_costs(server.url, {plain: 999}, "account") == []
    assert generation.cost_usd == 0.28125
    running = lost(server, studio, prompt="a dog")
    assert store.claim_request(running.id, "r-2")
    assert store.fill_costs(server.url, {"r2": 999}, "account") == []
    assert row_of(studio, running)["cost_micros"] is None


@pytest.mark.parametrize(("cost", "filled"), [(None, False), (0.0, False), (0.2, True)])
def test_a_failure_costs_nothing_unless_the_account_says_so(server, studio, cost, filled):
    server.say("status", Answer(422, {"status": "FAILED", "error": "broke"}))
    generation = studio.submit(**WISH)
    outcome(generation)
    server.account[0].update(model_status="FAILED", credits_deduction=cost)
    assert kinds(studio.reconcile()) == (["filled"] if filled else [])
    row = row_of(studio, generation)
    assert (row["cost_micros"], row["billed"]) == ((200_000, True) if filled else (None, False))


def test_two_rows_that_have_one_job_are_listed_and_nothing_is_called_well(server, studio):
    """However the ids are spelled: the sums differed by a clip, and "All is well" stood above them."""
    one, two = studio.generate("a cat"), studio.generate("a dog")
    with studio._store._db.write() as connection:
        spelled = one.request_id.replace("-", "").upper()
        where = schema.generations.c.id == two.id
        connection.execute(schema.generations.update().where(where).values(request_id=spelled))
    del server.account[0]
    told = studio.reconcile()
    assert kinds(told) == ["doubled", "doubled"]
    found = told.findings.set_index("id")["what"]
    assert two.id in found[one.id]
    assert one.id in found[two.id]
    assert "All is well" not in repr(told)
    assert (told.account_usd, told.history_usd) == (0.28125, 0.5625)


def test_sums_that_differ_are_not_called_well(server, studio):
    """The account does not list a clip of just now: nothing to do, but it is not settled either."""
    studio.generate("a cat")
    server.account.clear()
    told = studio.reconcile()
    assert kinds(told) == []
    assert repr(told).startswith("The sums differ: the account's sum is $0.000, this history's $0.281")


def test_estimates_learn_from_the_charge_that_counts(server, studio):
    """Reported as nothing, and charged by the account: the budget counted $0.90, the next estimate said $0.281."""
    server.say("result", lambda _: Answer(body=server.finished(metrics={"cost": 0})))
    studio.generate(**WISH)
    server.account[0]["credits_deduction"] = 0.9
    assert "budgets and estimates count the higher one" in only(studio.reconcile(), "differs")["what"]
    assert studio._store.spent(server.url, studio._name).home.charged == 900_000
    assert studio.estimate(**WISH).expected_usd == 0.9


# ---- clips about to expire -------------------------------------------------------------------------------------------


def test_paid_clips_whose_file_vanished_are_fetched_again_the_most_urgent_first(server, studio, clip):
    """Free, into the same row; a clip that the service has no more is left alone."""
    generations = [studio.generate(f"cat {n}") for n in range(3)]
    generations[0].video.path.unlink()  # the same bytes, so the same file, for all three
    latency = generations[1].latency_s
    for generation, days in zip(generations, (1, 6, 8), strict=True):
        record = next(r for r in server.account if r["request_id"] == generation.request_id)
        record["created_at"] = ago(days=days)
    told = studio.reconcile()
    first, second = told.findings[told.findings["kind"] == "expiring"].to_dict("records")
    assert (first["id"], second["id"]) == (generations[1].id, generations[0].id)
    assert "24 hours" in first["what"]
    assert first["at"].to_pydatetime() == pytest.approx(
        datetime.now(timezone.utc) + timedelta(days=1), abs=timedelta(seconds=20)
    )
    assert is_home(run(first["action"], studio), clip)
    assert is_home(generations[0], clip)
    assert generations[1].latency_s == latency
    assert (generations[1].cost_usd, generations[1].cost_source) == (0.28125, "reported")
    assert kinds(studio.reconcile()) == []
    assert (server.count(), len(studio.history())) == (3, 3)


def test_a_clip_whose_download_was_given_up_is_fetched_again(server, studio, clip):
    server.always("clip", Answer(500, {"error": "no"}))
    server.always("head", Answer(500))
    generation = studio.submit(**WISH)
    assert isinstance(outcome(generation), pv.ClipError)
    assert generation.status == "downloading"
    found = only(studio.reconcile(), "expiring")
    assert found["id"] == generation.id
    server._scripts.clear()
    outcome(generation)
    studio.reconcile()
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


# ---- charges that nobody here explains -------------------------------------------------------------------------------


def test_charges_of_another_home_are_listed_each_with_a_line_that_takes_it_over(server, studio, studio_at, tmp_path):
    other = studio_at(server.url, home=tmp_path / "other")
    theirs = other.generate("a fox")
    server.record({**WISH, "prompt": "still running"}, model_status="PENDING", generation_url=None)
    server.record({**WISH, "prompt": "refused"}, model_status="FAILED", credits_deduction=0, generation_url=None)
    server.record({**WISH, "prompt": "long ago"}, created_at=ago(days=20))
    server.record({**WISH, "prompt": "too long ago"}, created_at=ago(days=40))
    told = studio.reconcile()
    assert kinds(told) == ["unexplained"] * 3
    assert set(told.findings["prompt"]) == {"a fox", "still running", "long ago"}
    assert told.account_usd == pytest.approx(3 * 0.28125)
    assert told.history_usd == 0
    found = told.findings[told.findings["prompt"] == "a fox"].iloc[0]
    assert (found["cost_usd"], found["request_id"]) == (0.28125, theirs.request_id)
    assert pd.isna(found["id"])
    adopted = run(found["action"], studio).wait(20)
    assert adopted.video.path.is_file()
    assert "a fox" not in set(studio.reconcile().findings["prompt"])
    assert server.count() == 1


def test_other_peoples_text_is_shown_as_text_and_never_run(server, studio):
    """Prompts and ids come from elsewhere: no markup, no terminal codes, no code in a line that is to be copied."""
    evil = '<img src=x onerror=alert(1)>\x1b[31m"); raise SystemExit("'
    server.record({**WISH, "prompt": evil}, request_id=evil)
    told = studio.reconcile()
    markup = told._repr_html_()
    assert "<img" not in markup
    assert "&lt;img" in markup
    assert "\x1b" not in repr(told)
    with pytest.raises(pv.NotFound, match="img"):
        run(only(told, "unexplained")["action"], studio)


# ---- the window ------------------------------------------------------------------------------------------------------


def test_no_query_spans_more_than_31_days_and_all_days_are_asked_for(server, studio):
    studio.reconcile(since=datetime.now(timezone.utc) - timedelta(days=100))
    asked = []
    for hit in server.got("history"):
        query = dict(pair.split("=") for pair in hit.query.split("&"))
        asked.append((date.fromisoformat(query["from_date"]), date.fromisoformat(query["to_date"])))
    today = datetime.now(timezone.utc).date()
    assert len(asked) == 4
    assert all((last - first).days <= 30 for first, last in asked)
    days = {first + timedelta(days=n) for first, last in asked for n in range((last - first).days + 1)}
    assert days >= {today - timedelta(days=n) for n in range(101)}
    assert sum((last - first).days + 1 for first, last in asked) == len(days)


def test_what_was_sent_before_is_left_out(server, studio, monkeypatch):
    settled(monkeypatch)
    studio.generate(**WISH)
    server.account.clear()
    later = studio.reconcile(since=datetime.now(timezone.utc) - timedelta(seconds=0.001))
    assert (kinds(later), later.history_usd) == ([], 0)
    assert kinds(studio.reconcile(since=ago(hours=1))) == ["missing"]


@pytest.mark.parametrize("since", ["yesterday-ish", 5, "2001-01-01", "2999-01-01"])
def test_a_since_that_cannot_be_used_is_refused_before_anything_is_asked(server, studio, since):
    with pytest.raises(pv.InvalidParameter, match="since"):
        studio.reconcile(since=since)
    assert server.count("history") == 0


# ---- two kernels, kills, failures ------------------------------------------------------------------------------------


def test_two_kernels_that_reconcile_at_once_double_nothing(server, studio_at, clip):
    """Lost jobs, missing costs and vanished clips, by two studios of one home at the same moment."""
    one = studio_at(server.url)
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    kept = one.generate("a cat")
    unknown = [lost(server, one, prompt=f"lost {n}") for n in range(4)]
    for n in range(4):
        server.record({**WISH, "prompt": f"lost {n}"})
    kept.video.path.unlink()
    two = studio_at(server.url)
    both, told = threading.Barrier(2), []

    def meanwhile(studio):
        both.wait(5)
        told.append(studio.reconcile())

    threads = [threading.Thread(target=meanwhile, args=(studio,)) for studio in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == 2
    assert all(is_home(generation, clip) for generation in (kept, *unknown))
    history = one.history()
    assert len(history) == 5
    assert history["request_id"].nunique() == 5
    assert history["cost_usd"].sum() == pytest.approx(5 * 0.28125)
    home = one._store.spent(server.url, one._name).home
    assert (home.charged, home.reserved) == (5 * 281_250, 0)
    assert server.count() == 5


CHILD = """
import os, signal, sys
import pixverse_nb as pv
from pixverse_nb.store.store import Store
url, home, key, step, call = sys.argv[1:]

def dies(real, after):
    def call(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    return call

name, _, when = step.partition(" ")
setattr(Store, name, dies(getattr(Store, name), when == "after"))
studio = pv.Studio(key, base_url=url, home=home, pace=pv.Pace(search_s=(0.01, 0.02), retry_s=0.01))
eval(call)
"""


def killed(server, home, step, call):
    """A kernel that is killed at a step of a call."""
    command = [sys.executable, "-c", CHILD, server.url, str(home), KEY, step, call]
    root = str(Path(pv.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr


@pytest.mark.kill
@pytest.mark.parametrize("step", [f"{n} {w}" for n in ("fill_costs", "reopen", "claim_request") for w in ("", "after")])
def test_a_kill_in_the_middle_is_finished_by_the_next_one(server, studio_at, clip, home, step):
    studio = studio_at(server.url)
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    kept = studio.generate("a cat")
    unknown = lost(server, studio, prompt="lost")
    server.record({**WISH, "prompt": "lost"})
    kept.video.path.unlink()
    killed(server, home, step.strip(), "studio.reconcile()")
    after = studio_at(server.url)
    after.reconcile()
    for generation in (kept, unknown):
        assert is_home(after.generation(generation.id), clip)
    assert sorted(after.history()["cost_usd"]) == [0.28125, 0.28125]
    assert after.history()["request_id"].nunique() == 2
    home_spent = after._store.spent(server.url, after._name).home
    assert (home_spent.charged, home_spent.reserved) == (2 * 281_250, 0)
    assert kinds(after.reconcile()) == []
    assert server.count() == 2


@pytest.mark.kill
def test_a_kill_right_after_a_job_was_taken_over_leaves_one_row_that_comes_home(server, studio_at, clip, home):
    request_id = server.record(WISH)
    killed(server, home, "take_over after", f"studio.adopt('{request_id}')")
    after = studio_at(server.url)
    adopted = after.adopt(request_id)
    assert is_home(adopted, clip)
    assert (len(after.history()), adopted.cost_usd) == (1, 0.28125)
    assert server.count() == 0


def test_only_a_completed_row_of_its_own_is_opened_again_and_only_once(server, studio):
    """What runs is its job's, what failed stays so, and of two kernels one fetches."""
    done, failed = studio.generate(**WISH), lost(server, studio, prompt="a dog")
    copy = studio.generate(**WISH)
    assert copy.reused_from == done.id
    studio.write_off(failed.id)
    store = studio._store
    assert [store.reopen(g.id, server.file_url) for g in (failed, copy)] == [None, None]
    assert store.reopen(done.id, server.file_url, status="failed") is None
    assert store.reopen(done.id, server.file_url)["status"] == "downloading"
    assert store.claim(done.id, "node/1/2/3", 60)
    assert store.reopen(done.id, server.file_url) is None
    assert row_of(studio, done)["lease_owner"] == "node/1/2/3"


FAILURES = {
    "500": ([Answer(500, {"error": "inside"})] * PACE.attempts, pv.ServerError),
    "cut": ([Answer(body={"data": []}, cut=5)] * PACE.attempts, pv.ServiceUnreachable),
    "401": ([Answer(401, {"error": "Invalid API key"})], pv.AuthenticationError),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_a_service_that_fails_in_the_middle_is_one_error_and_what_was_learned_is_kept(server, studio, failure):
    """The first of two pages tells a cost, the second one never comes."""
    answers, kind = FAILURES[failure]
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    generation = studio.generate(**WISH)
    fillers = [{**server.account[0], "request_id": f"f-{n}", "request_body": {"prompt": "x"}} for n in range(99)]
    server.say("history", Answer(body={"data": [server.account[0], *fillers]}), *answers)
    with pytest.raises(kind, match="kept; run it again"):
        studio.reconcile()
    assert row_of(studio, generation)["cost_source"] == "account"
    assert kinds(studio.reconcile()) == []
    assert server.count() == 1


def test_a_history_that_is_open_for_reading_only_is_left_alone(server, studio, monkeypatch):
    refusal = pv.HomeError("it is read-only")
    monkeypatch.setattr(Store, "read_only", refusal)
    for call in (studio.reconcile, lambda: studio.adopt("r-1"), lambda: studio.write_off("x")):
        with pytest.raises(pv.HomeError, match="read-only"):
            call()
    assert server.count("history", "record") == 0


def test_many_findings_are_shown_in_part_and_counted(server, studio):
    for n in range(25):
        server.record({**WISH, "prompt": f"cat {n}"})
    told = studio.reconcile()
    assert len(told.findings) == 25
    for text in (repr(told), told._repr_html_()):
        assert "5 more in .findings" in text
        assert text.count("studio.adopt(") == 20


def test_the_value_is_frozen(server, studio):
    assert server
    told = studio.reconcile()
    with pytest.raises(AttributeError):
        told.adopted = []
    assert isinstance(told, reconcile.Reconciliation)


# ---- a step that is hurried ------------------------------------------------------------------------------------------


def test_a_hurried_step_comes_at_once_whether_it_waits_or_is_being_called():
    runner = Runner(2)
    calls, inside, release = [], threading.Event(), threading.Event()

    def step():
        calls.append(time.monotonic())
        if len(calls) == 2:
            inside.set()
            release.wait(5)
        return 60.0 if len(calls) < 3 else None

    runner.add(step)
    eventually(lambda: len(calls) == 1 and runner._heap)
    runner.hurry(step)
    assert inside.wait(5)
    runner.hurry(step)  # while it is being called
    release.set()
    eventually(lambda: len(calls) == 3)
    eventually(lambda: not runner._heap)
    runner.hurry(step)
    runner.add(lambda: None)
    assert len(calls) == 3


def test_the_preview_server_is_reconciled_over_http(home):
    with pv.PreviewServer(render=paint) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=home, pace=PACE)
        server.faults.add("job", "no-cost")
        generation = studio.generate("a cat")
        generation.video.path.unlink()
        told = studio.reconcile()
        assert kinds(told) == ["expiring", "filled"]
        assert generation.wait(20).video.path.is_file()
        assert studio.generation(generation.id).cost_source == "account"
        assert kinds(studio.reconcile()) == []
        posts = [r for r in server.requests if r.method == "POST"]
        assert len(posts) == 1
        studio._store.close()
