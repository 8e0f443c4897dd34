"""What an answer says about money reaches the caller, though the answer is an error."""

import pickle

import pytest
from client_rig import BODY, CLIP, run
from scripted import Answer

from pixverse_nb import errors

pytest_plugins = ["job_fixtures"]

METRICS = {"cost": 0.3, "queue_time": 1.5, "inference_time": 60}
REPORT = {"x-cost": "0.31", "x-request-id": "r-9", "x-generation-time": "61", "x-seed-value": "7"}


def lost(server, client, answer):
    server.say("run", answer)
    with pytest.raises(errors.OutcomeUnknown) as caught:
        run(client)
    return caught.value


@pytest.mark.parametrize("cut", [0, 100, len(CLIP) // 2])
def test_a_v1_clip_that_breaks_off_anywhere_keeps_its_bill(server, client, cut):
    """The 200's headers told the cost, whether or not a first piece of the clip arrived."""
    error = lost(server, client, Answer(body=CLIP, headers={"Content-Type": "video/mp4", **REPORT}, cut=cut))
    assert error.billed is True
    told = error.accounting
    assert (told.cost_micros, told.request_id, told.inference_s, told.seed) == (310_000, "r-9", 61.0, 7)
    assert "It was billed." in str(error)
    assert pickle.loads(pickle.dumps(error)).accounting == told  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    ("headers", "billed"),
    [
        ({"Content-Type": "video/mp4"}, True),
        ({"Content-Type": "Video/MP4"}, True),
        ({"Content-Type": "application/octet-stream", "x-cost": "0.31"}, True),
        ({"Content-Type": "application/json", "x-cost": "nonsense"}, True),
        ({"Content-Type": "application/json"}, None),
    ],
)
def test_a_lost_v1_200_is_billed_when_it_was_a_video_or_named_a_cost(server, client, headers, billed):
    error = lost(server, client, Answer(body=CLIP, headers=headers, cut=100))
    assert error.billed is billed
    assert error.accounting.cost_micros == (310_000 if headers.get("x-cost") == "0.31" else None)


def test_a_v1_json_that_names_a_cost_and_no_clip_is_billed(server, client):
    error = lost(server, client, Answer(body={"request_id": "r-8", "metrics": METRICS}))
    assert (error.billed, error.accounting.cost_micros, error.accounting.queue_s) == (True, 300_000, 1.5)


CALLS = {
    "submit": lambda c: c.submit(BODY),
    "run": run,
    "status": lambda c: c.status("r-1"),
    "result": lambda c: c.result("r-1"),
}


@pytest.mark.parametrize("cost", [0.3, 0, None])
@pytest.mark.parametrize("route", CALLS)
def test_a_failure_under_422_says_what_it_cost(server, client, route, cost):
    """What is reported is the truth: a failed job with a cost was billed, without one it was not."""
    server.say(route, Answer(422, {"status": "FAILED", "error": "boom", "metrics": {**METRICS, "cost": cost}}))
    with pytest.raises(errors.GenerationFailed, match="boom") as caught:
        CALLS[route](client)
    error = caught.value
    assert error.accounting.cost_micros == (None if cost is None else round(cost * 1e6))
    assert error.accounting.queue_s == 1.5
    assert error.billed is bool(cost)


def test_a_failure_under_422_may_name_its_cost_in_a_header(server, client):
    server.say("run", Answer(422, "nsfw content", REPORT))
    with pytest.raises(errors.ModerationRefused) as caught:
        run(client)
    assert (caught.value.billed, caught.value.accounting.cost_micros) == (True, 310_000)


@pytest.mark.parametrize(("metrics", "billed"), [(None, False), ({"cost": 0}, False), (METRICS, True)])
@pytest.mark.parametrize("status", [200, 422])
def test_a_job_that_failed_after_all_is_a_failure_of_the_result(server, client, status, metrics, billed):
    """COMPLETED, then the result says FAILED: that is final, under whatever status it comes."""
    body = {"status": "FAILED", "error": "nsfw content", "preview": server.file_url, "metrics": metrics}
    server.say("result", Answer(status, body))
    with pytest.raises(errors.ModerationRefused, match="nsfw content") as caught:
        client.result("r-1")
    assert caught.value.billed is billed


def test_other_errors_report_nothing(server, client):
    server.say("status", Answer(500, {"error": "x", "metrics": METRICS}))
    with pytest.raises(errors.ServerError) as caught:
        client.status("r-1")
    assert (caught.value.accounting, caught.value.billed) == (None, False)
