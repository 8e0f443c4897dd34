"""Lost answers: unknown, never sent again, looked for in the account's history, adopted once."""

import json
import threading
from datetime import datetime, timedelta, timezone

import pytest
from job_rig import APIS, CEILING, PACE, WISH, assert_home, outcome, row_of
from scripted import Answer

import pixverse_nb as pv
from pixverse_nb import lost
from pixverse_nb.store.store import Store

pytest_plugins = ["job_fixtures"]


LOST = {
    "502": (Answer(502, "<title>Bad Gateway</title>", {"Content-Type": "text/html", "x-request-id": "trace"}), 502),
    "503": (Answer(503, {"error": "busy"}), 503),
    "504": (Answer(504, "<html><title>Timeout</title>", {"Content-Type": "text/html"}), 504),
    "cut before the answer": (Answer(cut=-1), None),
    "cut in the body": (Answer(body={"request_id": "r-1", "status": "QUEUED"}, cut=10), 200),
    "garbage": (Answer(body="<html>Please wait", headers={"x-request-id": "trace"}), 200),
    "no request_id": (Answer(body={"status": "QUEUED"}), 200),
    "redirect": (Answer(307, headers={"Location": "/elsewhere"}), 307),
    "no answer in time": (None, None),
}  # fmt: skip


def lose(server, api, fault, *, runs):
    """Script the one POST; gives the HTTP status that the row must show, and lets a held answer go at the end."""
    answer, status = LOST[fault]
    release = threading.Event()
    if answer is None:
        answer = Answer(first=lambda _: release.wait(20), cut=-1)
    scripted = Answer(**{**vars(answer), "runs": runs})
    server.say("submit" if api == "v2" else "run", scripted)
    return status, release


@APIS
@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_is_unknown_and_never_sent_again(server, studio_at, api, fault):
    """Money stays reserved, the account's history is searched, a re-run joins: one POST, whatever happens."""
    status, release = lose(server, api, fault, runs=False)
    studio = studio_at(server.url, api=api)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.OutcomeUnknown
    assert error.billed is None
    assert "may be running and billed" in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["http_status"], row["reserved_micros"]) == ("unknown", status, CEILING)
    assert row["billed"] is None
    assert server.count("history") >= len(PACE.search_s)
    assert studio._store.spent(server.url, studio._name).home.total == CEILING

    again = studio.submit(**WISH)
    assert again.id == generation.id
    assert type(outcome(again)) is pv.OutcomeUnknown
    fresh = studio_at(server.url, api=api, budget=pv.Budget(per_home=0.3))
    assert [g.id for g in fresh.resume()] == [generation.id]
    with pytest.raises(pv.BudgetExceeded):
        fresh.submit("a dog")
    assert len(studio.history()) == 1
    assert server.count() == 1
    release.set()


@APIS
@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_is_found_in_the_accounts_history(server, studio_at, clip, api, fault):
    """By parameters and time: the job that ran nevertheless is adopted, its clip fetched, its cost settled."""
    _, release = lose(server, api, fault, runs=True)
    studio = studio_at(server.url, api=api)
    generation = studio.submit(**WISH, seed=7)
    assert_home(generation.wait(20), clip)
    release.set()
    assert (generation.cost_usd, generation.cost_source) == (0.28125, "account")
    assert generation.request_id == server.account[0]["request_id"]
    row = row_of(studio, generation)
    assert (row["billed"], row["reserved_micros"], row["error"]) == (True, 0, None)
    assert studio._store.spent(server.url, studio._name).home.total == CEILING
    assert server.count() == 1


def test_a_v1_clip_that_breaks_off_is_billed_and_fetched_by_the_history(server, studio_at, clip):
    headers = {"Content-Type": "video/mp4", "x-cost": "0.2", "x-request-id": "00000001-0000-4000-8000-00000000000a"}
    server.say("run", Answer(body=clip, headers=headers, cut=len(clip) // 2))
    generation = studio_at(server.url, api="v1").submit(**WISH)
    assert_home(generation.wait(20), clip)
    assert server.count("record") == 1
    assert server.count() == 1


def test_a_v1_clip_that_does_not_play_is_looked_for_in_the_history(server, studio_at, clip):
    server.say("run", Answer(body=clip[:400] + bytes(len(clip) - 400), headers={"Content-Type": "video/mp4"}))
    generation = studio_at(server.url, api="v1").submit(**WISH)
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


def test_two_lost_twins_never_adopt_the_same_job(server, studio):
    """Two identical unknown rows, one job in the account: one row gets it, the other waits for its own."""
    server.say("submit", Answer(503, {"error": "busy"}, runs=True), Answer(503, {"error": "busy"}))
    one, two = (studio.submit(**WISH, reuse=False) for _ in range(2))
    errors = [outcome(one), outcome(two)]
    assert sorted(g.status for g in (one, two)) == ["completed", "unknown"]
    assert [type(e) for e in errors if e] == [pv.OutcomeUnknown]
    server.record(WISH)
    for generation in studio.resume():
        generation.wait(20)
    assert {one.status, two.status} == {"completed"}
    assert {one.request_id, two.request_id} == {row["request_id"] for row in server.account}
    assert server.count() == 2


def test_two_lost_twins_that_look_at_the_same_moment_do_not_share_a_job(server, studio, monkeypatch):
    """Both see the job free; the history's own transaction decides who gets it."""
    both, real = threading.Barrier(2, timeout=10), Store.claimed_requests
    looks = iter(range(1000))

    def together(store):
        claimed = real(store)
        if next(looks) < 2:
            both.wait()
        return claimed

    monkeypatch.setattr(Store, "claimed_requests", together)
    server.say("submit", Answer(503, {"error": "busy"}, runs=True), Answer(503, {"error": "busy"}))
    pair = [studio.submit(**WISH, reuse=False) for _ in range(2)]
    for generation in pair:
        outcome(generation)
    assert next(looks) > 2
    assert sorted(g.status for g in pair) == ["completed", "unknown"]
    assert {g.request_id for g in pair} == {None, server.account[0]["request_id"]}
    assert server.count() == 2


def test_the_job_of_another_row_is_not_adopted(server, studio):
    """A finished twin's request id is taken; a lost take of the same parameters must not be given its clip."""
    first = studio.generate(**WISH)
    server.say("submit", Answer(503, {"error": "busy"}))
    second = studio.submit(**WISH, take=2)
    assert type(outcome(second)) is pv.OutcomeUnknown
    assert first.request_id is not None
    assert second.request_id is None


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": (datetime.now(timezone.utc) - timedelta(hours=3)).isoformat()},
        {"created_at": (datetime.now(timezone.utc) + timedelta(hours=3)).isoformat()},
        {"model_name": "kling-3"},
        {"request_body": {**WISH, "prompt": "a dog"}},
        {"request_body": {**WISH, "generate_audio_switch": False}},
        {"request_body": None},
    ],
)
def test_a_job_of_other_parameters_or_of_another_time_is_not_adopted(server, studio, changes):
    server.record(WISH, **changes)
    server.say("submit", Answer(504, {"error": "slow"}))
    assert type(outcome(studio.submit(**WISH))) is pv.OutcomeUnknown
    assert server.count("history") >= 1


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(WISH),
        {**WISH, "seed": -1, "aspect_ratio": "16:9", "generate_audio_switch": True},
        {**WISH, "duration": "5", "generate_audio_switch": "true", "image_url": None},
        {**WISH, "prompt": "a cat ", "webhook": None, "api": "v2"},
    ],
)
def test_a_job_is_known_however_its_inputs_are_kept(server, studio, clip, body):
    """Open: whether request_body is byte-equal. Defaults may be filled in, text may be JSON, numbers may be text."""
    server.record(body)
    server.say("submit", Answer(504, {"error": "slow"}))
    assert_home(studio.submit(**WISH).wait(20), clip)
    assert server.count() == 1


def test_the_earliest_of_several_jobs_is_adopted(server, studio):
    now = datetime.now(timezone.utc)
    early = server.record(WISH, created_at=now.isoformat())
    server.record(WISH, created_at=(now + timedelta(seconds=5)).isoformat())
    server.say("submit", Answer(504, {"error": "slow"}))
    assert studio.submit(**WISH).wait(20).request_id == early


FAILED = {"model_status": "FAILED", "error": "internal", "generation_url": None, "credits_deduction": 0}


@pytest.mark.parametrize("after_s", [-30, 0, 300])
def test_a_failed_record_that_is_like_it_closes_no_lost_job(server, studio, after_s):
    """It is an earlier try's or another home's: ours is billed, and its record comes late. It was paid twice once."""

    def refused(hit):
        created = datetime.now(timezone.utc) + timedelta(seconds=after_s)
        server.record(hit.json, **FAILED, created_at=created.isoformat())
        return Answer(500, {"error": "internal"})

    server.say("submit", refused, Answer(504, {"error": "gateway"}))
    assert outcome(studio.submit(**WISH)).billed is False
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.OutcomeUnknown
    row = row_of(studio, generation)
    assert (row["status"], row["request_id"], row["reserved_micros"]) == ("unknown", None, CEILING)
    late = server.record(WISH)
    again = studio.generate(**WISH)
    assert (again.id, again.request_id, again.cost_usd) == (generation.id, late, 0.28125)
    assert server.count() == 2


def test_a_guess_that_fails_later_is_given_back(server, studio):
    """A running job was taken for ours, by its parameters; then it fails: the row stays open for the billed one."""
    server.record(WISH, **{**FAILED, "model_status": "PENDING", "credits_deduction": None})
    server.say("submit", Answer(504, {"error": "gateway"}))
    generation = studio.submit(**WISH)
    server.wait_for("record")
    server.account[0].update(FAILED)
    error = outcome(generation)
    assert type(error) is pv.OutcomeUnknown
    assert "may be another one's" in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["request_id"], row["reserved_micros"]) == ("unknown", None, CEILING)
    late = server.record(WISH)
    assert studio.generate(**WISH).request_id == late
    assert server.count() == 1


def test_a_v1_job_that_failed_by_its_own_id_is_closed(server, studio_at):
    server.record(WISH, request_id="own-1", **{**FAILED, "error": "Refused by content moderation"})
    server.say("run", Answer(504, {"error": "gateway"}, {"x-request-id": "own-1"}))
    studio = studio_at(server.url, api="v1")
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.ModerationRefused
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["reserved_micros"]) == ("failed", False, 0)


def test_a_job_that_runs_for_more_than_an_hour_is_no_longer_waited_for(server, studio_at, monkeypatch):
    """A sweep's run ends, and says since when; the money stays reserved."""
    monkeypatch.setattr(lost, "LONG_US", 0)
    server.record(WISH, **{**FAILED, "model_status": "PENDING"})
    server.say("submit", Answer(504, {"error": "gateway"}))
    studio = studio_at(server.url)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    since = datetime.now(timezone.utc).strftime("%d %b")
    assert f"the account says that it is still running, since {since}" in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["reserved_micros"]) == ("unknown", CEILING)
    studio.sweep(prompt=[WISH["prompt"]], duration=5, quality="540p").run()
    assert server.count() == 1


def test_of_several_records_of_one_request_the_charge_and_the_address_count_wherever_they_stand(server, studio, clip):
    """The account has one for each output; the first one listed was taken as it was."""
    server.say("submit", Answer(504, {"error": "gateway"}, runs=True))
    server.say("history", Answer(body={"data": []}))
    written = {**WISH}
    generation = studio.submit(**WISH)
    server.wait_for("submit")
    first = server.account[0]
    server.account[:] = [
        {**first, "model_status": "PENDING", "credits_deduction": None, "generation_url": None},
        {**first, "request_id": first["request_id"].replace("-", "").upper(), "request_body": written},
    ]
    assert_home(generation.wait(20), clip)
    assert generation.cost_usd == 0.28125
    assert server.count() == 1


def test_a_lost_job_that_still_runs_is_waited_for(server, studio, clip):
    request_id = server.record(WISH, model_status="PENDING", generation_url=None)
    server.say("submit", Answer(503, {"error": "busy"}))
    generation = studio.submit(**WISH)
    server.wait_for("record", 3)
    assert (generation.status, generation.request_id) == ("unknown", request_id)
    server.account[0].update(model_status="COMPLETED", generation_url=server.file_url)
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


def test_a_history_that_fails_for_a_while_is_asked_again(server, studio, clip):
    server.say("submit", Answer(503, {"error": "busy"}, runs=True))
    server.say("history", *[Answer(502, "<html>")] * PACE.attempts, Answer(body={"data": []}))
    assert_home(studio.submit(**WISH).wait(20), clip)


def test_a_history_that_rejects_the_key_stalls_the_search_and_says_so(server, studio, clip):
    server.say("submit", Answer(503, {"error": "busy"}, runs=True))
    server.say("history", Answer(401, {"error": "Invalid API key"}))
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.AuthenticationError
    assert generation.status == "unknown"
    assert_home(generation.wait(20), clip)  # the second wait picks it up again
