"""Which record of the account's history is a lost job's: ours, and nobody else's."""

import json
import threading
import time
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from client_rig import PACE, client_of
from scripted import Answer

import pixverse_nb as pv
from pixverse_nb import lost
from pixverse_nb.lost import Listing, days_around, find_job, find_lost, same_inputs
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
    backend = SimpleNamespace(client=client)
    bench = SimpleNamespace(backend=backend, store=store, pace=PACE, listing=Listing())
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


# ---- one listing for all ---------------------------------------------------------------------------------------------

DAYS = (date(2026, 11, 20), date(2026, 11, 24))


def looks(listing, client, count, **options):
    """So many looks at the same moment, and what each got: rows or an error."""
    at_once, got = threading.Barrier(count), []

    def look():
        at_once.wait(5)
        try:
            got.append(listing.rows(client, *DAYS, **options))
        except pv.PixverseError as error:
            got.append(error)

    threads = [threading.Thread(target=look) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(got) == count
    return got


def test_looks_at_about_the_same_time_share_one_request(server, client):
    server.record(WISH)
    got = looks(Listing(), client, 12, shared_s=2.0)
    assert {row.request_id for rows in got for row in rows} == {server.account[0]["request_id"]}
    assert server.count("history") == 1


def test_one_request_is_under_way_at_a_time(server, client):
    """Whoever asks for the very latest gets a listing that began after it came, but never a second one beside it."""
    under_way, most = [0], [0]

    def count(_hit):
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        time.sleep(0.03)
        under_way[0] -= 1

    server.always("history", Answer(body={"data": []}, first=count))
    assert looks(Listing(), client, 8) == [[]] * 8
    assert most == [1]
    assert 1 <= server.count("history") <= 3  # those who waited for the first one share the second


def test_a_listing_that_began_too_long_ago_serves_nobody(server, client):
    listing = Listing()
    assert listing.rows(client, *DAYS, shared_s=0.05) == []
    server.record(WISH)
    assert listing.rows(client, *DAYS, shared_s=60.0) == []
    time.sleep(0.06)
    assert len(listing.rows(client, *DAYS, shared_s=0.05)) == 1
    server.record(WISH)
    assert len(listing.rows(client, *DAYS)) == 2  # as good as new is not enough where the account itself is asked


def test_a_look_that_comes_late_does_not_take_the_listing_that_it_waited_for(server, client):
    """It began before the job that this look is about was there."""
    listing, began, release = Listing(), threading.Event(), threading.Event()
    stale = Answer(body={"data": []}, first=lambda _: (began.set(), release.wait(5)))
    server.say("history", stale)
    first = threading.Thread(target=lambda: listing.rows(client, *DAYS, shared_s=0.05))
    first.start()
    assert began.wait(5)
    time.sleep(0.06)
    server.record(WISH)
    threading.Timer(0.05, release.set).start()
    assert len(listing.rows(client, *DAYS, shared_s=0.05)) == 1
    first.join(5)
    assert server.count("history") == 2


def test_other_days_or_another_client_are_listed_anew(server, client):
    listing, day = Listing(), timedelta(days=1)
    listing.rows(client, *DAYS, shared_s=60)
    listing.rows(client, DAYS[0] + day, DAYS[1] - day, shared_s=60)
    assert server.count("history") == 1
    listing.rows(client, DAYS[0] - day, DAYS[1], shared_s=60)
    listing.rows(client, DAYS[0], DAYS[1] + day, shared_s=60)
    assert server.count("history") == 3
    other = client_of(server.url)
    listing.rows(other, *DAYS, shared_s=60)
    other._session.close()
    assert server.count("history") == 4


def test_a_failure_is_told_to_those_who_waited_for_it_and_to_nobody_later(server, client):
    listing = Listing()
    refused = Answer(401, {"error": "Invalid API key"}, first=lambda _: time.sleep(0.1))
    server.say("history", refused)
    got = looks(listing, client, 6, shared_s=2.0)
    assert [type(error) for error in got] == [pv.AuthenticationError] * 6
    assert len(set(map(id, got))) == 6  # each job writes its own words on it
    assert server.count("history") == 1
    assert listing.rows(client, *DAYS, shared_s=60) == []


def test_what_came_before_a_failure_is_handed_over(server, client):
    """Rows are de-duplicated by ids without dashes and case."""
    rows = [{"request_id": f"R-{n}", "model_status": "COMPLETED", "request_body": WISH} for n in range(99)]
    server.say("history", Answer(body={"data": [*rows, {**rows[0], "request_id": "r0"}]}), Answer(403, {"error": "no"}))
    had = []
    with pytest.raises(pv.PermissionDenied):
        Listing().rows(client, *DAYS, into=had)
    assert [row.request_id for row in had] == [f"R-{n}" for n in range(99)]


def test_days_with_more_rows_than_a_listing_holds_are_listed_in_parts(client, monkeypatch):
    monkeypatch.setattr(lost, "_MOST_ROWS", 3)
    asked = []

    def account_rows(first, last):
        asked.append((first, last))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return iter([record(f"{day}", 0) for day in reversed(days)][:3])

    monkeypatch.setattr(client, "account_rows", account_rows)
    rows = Listing().rows(client, date(2026, 11, 1), date(2026, 11, 8))
    assert {row.request_id for row in rows} == {f"2026-11-0{n}" for n in range(1, 9)}
    assert len(rows) == 8


def test_the_days_around_a_send_hold_it_whatever_the_time_zone_and_are_those_of_its_week():
    today = datetime.now(timezone.utc).date()
    for ago in range(40):
        sent = today - timedelta(days=ago)
        first, last = days_around(sent)
        assert first <= sent - timedelta(days=1)
        assert sent + timedelta(days=2) <= last <= today + timedelta(days=2)
        assert (last - first).days <= 30
    weeks = {days_around(date(2026, 3, 1) + timedelta(days=n)) for n in range(28)}
    assert len(weeks) <= 5


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
