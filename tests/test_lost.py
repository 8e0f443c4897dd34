"""Which record of the account's history is a lost job's: ours, and nobody else's."""

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from client_rig import PACE
from scripted import Answer

from pixverse_nb.lost import find_job, find_lost, same_inputs
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.segmind.answers import AccountRow

pytest_plugins = ["job_fixtures"]

WISH = {"prompt": "a cat", "duration": 5, "quality": "540p"}
SENT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=timezone.utc)
# Every parameter with two values that ask for different clips, neither of them its default.
TWO = {
    "prompt": ("a cat", "a Cat"),
    "image_url": ("https://a.example/1.png", "https://a.example/2.png"),
    "negative_prompt": ("dogs", "birds"),
    "duration": (6, 7),
    "quality": ("360p", "720p"),
    "aspect_ratio": ("4:3", "1:1"),
    "motion_mode": ("normal", "fast"),
    "generate_audio_switch": (False, True),
    "thinking_type": ("disabled", "enabled"),
    "seed": (5, 6),
    "width": (256, 257),
    "height": (256, 257),
    "steps": (24, 26),
    "guidance_scale": (7.0, 8.0),
    "scheduler": ("PNDM", "LMSDiscrete"),
}
FULL = {name: values[0] for name, values in TWO.items()}
DRAWN = {"seed"}  # one that was not sent may be recorded as whatever was drawn


def record(request_id, after_s, body=None, **changes):
    created = None if after_s is None else SENT + timedelta(seconds=after_s)
    told = {"model": "pixverse-v6", "status": "COMPLETED", "cost_micros": 1, "url": None, "error": None}
    told |= {"body": WISH if body is None else body, "latency_s": None, **changes}
    return AccountRow(request_id=request_id, created_at=created, **told)


def found(*rows, sent=WISH, claimed=(), span_s=90.0):
    row = find_job(rows, sent, round(SENT.timestamp() * 1e6), set(claimed), span_s)
    return row and row.request_id


# ---- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [-300, -61])
def test_a_job_of_minutes_before_the_send_is_another_homes(after_s):
    """It was adopted once, and the job that was paid for never looked for."""
    assert found(record("theirs", after_s)) is None
    assert found(record("theirs", after_s), record("ours", 20)) == "ours"


@pytest.mark.parametrize("after_s", [-59, -6])
def test_a_job_of_just_before_the_send_counts_only_when_nothing_else_does(after_s):
    assert found(record("early", after_s)) == "early"
    for later in (0.5, 300):
        assert found(record("early", after_s), record("ours", later)) == "ours"


@pytest.mark.parametrize("order", [1, -1])
def test_the_nearest_job_from_the_send_on_is_taken(order):
    rows = [record("near", 3), record("far", 40), record("farther", 200), record("before", -20)][::order]
    assert found(*rows) == "near"


def test_clocks_that_differ_by_a_moment_do_not_make_a_job_an_earlier_one():
    assert found(record("ours", -2), record("next", 30)) == "ours"


def test_a_blocking_call_may_be_recorded_at_its_end():
    assert found(record("ours", 850), span_s=900) == "ours"
    assert found(record("next day", 86_400), span_s=900) is None


def test_a_job_that_another_row_has_is_left_to_it():
    """Ids are compared without dashes and case."""
    assert found(record("AB-1", 1), record("second", 9), claimed={"ab1"}) == "second"


def test_records_without_a_time_count_only_where_no_record_has_one():
    assert found(record("undated", None)) == "undated"
    assert found(record("undated", None), record("other", 3, {"prompt": "a dog"})) is None
    assert found(record("undated", None), record("ours", 30)) == "ours"


def test_of_two_jobs_the_one_without_a_seed_of_its_own_comes_first():
    """Ours was sent without one: a recorded seed may be the drawn one, or that of another request."""
    assert found(record("seeded", 1, {**WISH, "seed": 9}), record("ours", 8)) == "ours"
    assert found(record("drawn", 1, {**WISH, "seed": 9})) == "drawn"


# ---- the service's clock ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset_s", [-600, 0, 600])
def test_a_job_is_found_by_the_services_own_clock(server, client, monkeypatch, offset_s):
    """Their `Date` header tells how far the clocks differ: a record's time is read by theirs."""
    now = datetime.now(timezone.utc)
    theirs = now + timedelta(seconds=offset_s)
    text = theirs.strftime("%a, %d %b %Y %H:%M:%S GMT")
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", lambda *_: text)
    ours = server.record(WISH, created_at=(theirs + timedelta(seconds=1)).isoformat())
    server.record(WISH, created_at=(theirs - timedelta(seconds=300)).isoformat())
    server.record(WISH, created_at=(theirs + timedelta(seconds=60)).isoformat())
    row = dict.fromkeys((*PARAMETERS, "request_id", "sent_image_url", "image_sha256", "extra"))
    row |= {**WISH, "take": 1, "api": "v2", "sent_at": round(now.timestamp() * 1e6)}
    store = SimpleNamespace(claimed_requests=set)
    bench = SimpleNamespace(backend=SimpleNamespace(client=client), store=store, pace=PACE)
    assert find_lost(row, bench).request_id == ours
    assert client.clock_offset_s == pytest.approx(offset_s, abs=3)


def test_a_date_that_cannot_be_now_is_no_clock(server, client, monkeypatch):
    """A cache's old answer, or a date that is days off, would move every record out of reach."""
    client.credits()
    known = client.clock_offset_s
    assert known == pytest.approx(0, abs=3)
    hour = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    for text, headers in [
        (hour, {"Age": "5"}),
        ("Fri, 31 Dec 9999 23:59:59 GMT", {}),
        ("Sun, 22 Nov 2020 10:00:00 GMT", {}),
        ("nonsense", {}),
    ]:
        monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", lambda *_, text=text: text)
        server.say("credits", Answer(body={"credits": 1}, headers=headers))
        client.credits()
        assert client.clock_offset_s == known
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", lambda *_: hour)
    client.credits()
    assert client.clock_offset_s == pytest.approx(3600, abs=3)


# ---- inputs ----------------------------------------------------------------------------------------------------------


def test_the_two_values_cover_the_schema():
    assert set(TWO) == set(PARAMETERS)


@pytest.mark.parametrize("name", TWO)
def test_requests_that_differ_in_one_parameter_never_match(name):
    """Another value, on either side; said by one and not by the other."""
    one, other = {**WISH, name: TWO[name][0]}, {**WISH, name: TWO[name][1]}
    assert same_inputs(one, one)
    assert same_inputs(other, other)
    assert not same_inputs(one, other)
    assert not same_inputs(other, one)
    changed = {**FULL, name: TWO[name][1]}
    assert same_inputs(FULL, FULL)
    assert not same_inputs(FULL, changed)
    assert not same_inputs(changed, FULL)


@pytest.mark.parametrize("name", [n for n in TWO if n != "prompt"])
def test_a_value_that_only_one_side_said_is_a_difference(name):
    """Neither value may pass for "not set", unless it is what the service fills in by itself."""
    bare = {n: v for n, v in FULL.items() if n != name}
    for value in TWO[name]:
        filled_in = value in (PARAMETERS[name].default, "normal")
        assert same_inputs(bare, {**bare, name: value}) is (filled_in or name in DRAWN)
        assert same_inputs({**bare, name: value}, bare) is (value == PARAMETERS[name].default)


def test_what_the_service_may_fill_in_is_no_difference():
    """Documented defaults, the sample body's values, a drawn seed, empty text, names that the schema does not know."""
    defaults = {p.name: p.default for p in PARAMETERS.values() if p.default is not None}
    for filled in (
        defaults,
        {"motion_mode": "normal", "thinking_type": "auto"},
        {"seed": 123_456},
        {"negative_prompt": "", "image_url": None, "scheduler": ""},
        {"webhook": None, "api": "v2", "user": {"id": 7}},
    ):
        assert same_inputs(WISH, {**WISH, **filled})
        assert same_inputs({**WISH, "seed": -1}, {**WISH, **filled})


def test_a_seed_that_was_sent_is_compared():
    assert same_inputs({**WISH, "seed": 0}, {**WISH, "seed": "0"})
    assert not same_inputs({**WISH, "seed": 0}, WISH)
    assert not same_inputs({**WISH, "seed": 0}, {**WISH, "seed": 1})


def test_extra_names_that_were_sent_are_compared():
    sent = {**WISH, "style": "anime", "nested": {"a": [1]}}
    assert same_inputs(sent, {**sent, "webhook": "x"})
    assert not same_inputs(sent, {**sent, "style": "clay"})
    assert not same_inputs(sent, {**sent, "nested": {"a": [2]}})
    assert not same_inputs(sent, WISH)


def test_empty_text_that_was_sent_is_not_set():
    assert same_inputs({**WISH, "negative_prompt": ""}, WISH)
    assert not same_inputs({**WISH, "negative_prompt": ""}, {**WISH, "negative_prompt": "dogs"})


@pytest.mark.parametrize("name", ["inputs", "input", "body", "data", "parameters"])
def test_a_body_in_one_wrapper_is_opened(name):
    assert same_inputs(WISH, {"model": "pixverse-v6", name: WISH})
    assert not same_inputs(WISH, {name: {**WISH, "duration": 6}})
    assert not same_inputs(WISH, {name: {name: WISH}})
    assert not same_inputs(WISH, {**WISH, "prompt": "a dog", name: WISH})


def test_every_value_may_be_kept_as_text():
    assert same_inputs(FULL, {name: str(value) for name, value in FULL.items()})
    assert same_inputs(FULL, {name: json.dumps(v) if isinstance(v, bool) else v for name, v in FULL.items()})
    assert not same_inputs({**WISH, "duration": 5}, {**WISH, "duration": "5 s"})


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"duration": 5}, {"inputs": None}, {"inputs": {}}])
def test_a_record_without_its_inputs_is_nobodys(body):
    assert not same_inputs(WISH, body)
