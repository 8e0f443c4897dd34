"""Following a job: through blips, a rejected key, expired records, failures, and answers without an address."""

import pytest
from job_rig import CEILING, PACE, WISH, assert_home, outcome, row_of
from scripted import Answer

import pixverse_nb as pv

pytest_plugins = ["job_fixtures"]


BLIPS = {
    "500": Answer(500, {"error": "oops"}),
    "502": Answer(502, "<html>", {"Content-Type": "text/html"}),
    "503": Answer(503, {"error": "busy"}),
    "504": Answer(504, "<html>", {"Content-Type": "text/html"}),
    "cut": Answer(cut=-1),
    "cut in the body": Answer(body={"status": "COMPLETED", "output": "https://x"}, cut=12),
    "garbage": Answer(body="<html>Please wait"),
    "a word nobody knows": Answer(body={"status": "DREAMING"}),
    "429": Answer(429, {"error": "slow"}, {"x-rate-limit-reset-at-utc": "2020-01-01T00:00:00Z"}),
    "early 404": Answer(404, {"error": "not found"}),
    "redirect": Answer(302, headers={"Location": "/elsewhere"}),
}


@pytest.mark.parametrize("route", ["status", "result"])
@pytest.mark.parametrize("blip", BLIPS)
def test_a_job_is_followed_through_blips(server, studio, clip, route, blip):
    """The job goes on whatever a free request was answered; the journal keeps its word meanwhile."""
    server.say(route, BLIPS[blip])
    generation = studio.submit(**WISH)
    assert_home(generation.wait(20), clip)
    assert server.count(route) >= 2
    assert (server.count(), server.count("history", "record")) == (1, 0)


def test_a_job_is_followed_through_more_blips_than_a_request_is_tried(server, studio, clip):
    server.say("status", *[Answer(cut=-1)] * (PACE.attempts + 3))
    assert_home(studio.submit(**WISH).wait(20), clip)


def test_states_are_journalled_as_they_come(server, studio, clip):
    server.say("status", Answer(body={"status": "QUEUED"}))
    seen = []
    server.say(
        "status",
        lambda _: (seen.append(row_of(studio, generation)["status"]), Answer(body={"status": "PROCESSING"}))[1],
    )
    server.say(
        "status", lambda _: (seen.append(row_of(studio, generation)["status"]), Answer(body={"status": "COMPLETED"}))[1]
    )
    server.say("clip", lambda _: (seen.append(row_of(studio, generation)["status"]), Answer(body=clip))[1])
    generation = studio.submit(**WISH)
    generation.wait(20)
    assert seen == ["queued", "processing", "downloading"]


def test_a_key_that_is_rejected_while_polling_stalls_the_job(server, studio, studio_at, clip):
    """It goes on at the service: nothing is failed, the error says so, and another key picks it up."""
    server.always("status", Answer(401, {"error": "Invalid API key"}))
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.AuthenticationError
    assert "The job itself goes on" in error.remedy
    assert error.billed is None
    assert generation.status == "queued"
    server.always("status", Answer(body={"status": "COMPLETED"}))
    (resumed,) = studio_at(server.url).resume()
    assert_home(resumed.wait(20), clip)
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


@pytest.mark.parametrize("known_as", ["its id", "its id without dashes"])
def test_a_request_that_has_expired_is_found_in_the_accounts_history(server, studio, clip, known_as):
    """404 after the hour: the account knows requests of any age, with or without dashes."""
    server.always("status", Answer(404, {"error": "not found"}))

    def submitted(hit):
        request_id = server.record(hit.json)
        if known_as != "its id":
            server.account[0]["request_id"] = request_id.replace("-", "").upper()
            server.record(hit.json)  # a twin whose id is another
        return Answer(body={"request_id": request_id}, runs=False)

    server.say("submit", submitted)
    generation = studio.submit(**WISH)
    assert_home(generation.wait(20), clip)
    assert generation.request_id.startswith("00000001")
    assert generation.cost_source == "account"
    assert server.count() == 1


def test_a_request_that_nobody_knows_any_more_stays_unknown(server, studio):
    """The id decides: a twin's job in the account is not taken for it."""
    server.always("status", Answer(404, {"error": "not found"}))
    server.say("submit", Answer(body={"request_id": "forgotten"}))
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.OutcomeUnknown
    assert "forgotten" in str(error)
    assert (generation.status, generation.request_id) == ("unknown", "forgotten")
    assert row_of(studio, generation)["reserved_micros"] == CEILING


FAILURES = {
    "status 422": ("status", Answer(422, {"status": "FAILED", "error": "the GPU fell over"})),
    "status 200": ("status", Answer(body={"status": "FAILED", "error": "the GPU fell over"})),
    "status 422, text": ("status", Answer(422, "the GPU fell over", {"Content-Type": "text/plain"})),
    "result 422": ("result", Answer(422, {"status": "FAILED", "error": "the GPU fell over"})),
    "half a character": ("status", Answer(422, '{"status": "FAILED", "error": "the GPU fell over \\ud83d"}')),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_job_is_closed_unbilled(server, studio, failure):
    route, answer = FAILURES[failure]
    server.always(route, answer)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.GenerationFailed
    assert "the GPU fell over" in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["reserved_micros"], row["http_status"]) == ("failed", False, 0, 422)
    assert row["request_id"] == server.account[0]["request_id"]
    assert server.count() == 1


def test_moderation_while_polling(server, studio):
    server.always("status", Answer(422, "Refused by content moderation", {"Content-Type": "text/plain"}))
    assert type(outcome(studio.submit(**WISH))) is pv.ModerationRefused


def test_a_finished_job_without_a_url_is_asked_again(server, studio, clip):
    server.say("result", Answer(body={"status": "COMPLETED", "output": None}), Answer(body={"status": "PROCESSING"}))
    assert_home(studio.submit(**WISH).wait(20), clip)
    assert server.count("history", "record") == 0


def test_a_finished_job_that_never_names_its_clip_is_found_in_the_history(server, studio, clip):
    server.always("result", Answer(body={"status": "COMPLETED", "output": []}))
    assert_home(studio.submit(**WISH).wait(20), clip)
    assert server.count("record") >= 1


def test_a_finished_job_without_any_address_ends_as_unknown_and_resumes(server, studio, clip):
    """It never hangs, and is never given up: billed, its money reserved, and found as soon as somebody says where."""
    server.always("result", Answer(body={"status": "COMPLETED"}))
    server.say(
        "submit", lambda hit: Answer(body={"request_id": server.record(hit.json, generation_url=None)}, runs=False)
    )
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.OutcomeUnknown
    assert error.billed is True
    assert "does not say where" in str(error)
    assert generation.status == "unknown"
    server.account[0]["generation_url"] = server.file_url
    (resumed,) = studio.resume()
    assert_home(resumed.wait(20), clip)
    assert server.count() == 1
