"""When the next status request comes: seldom enough for the service, soon enough for the person."""

import bisect
import dataclasses
import math
import random
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from job_rig import PACE, WISH, assert_home
from scripted import Answer

from pixverse_nb import polling
from pixverse_nb.errors import InvalidParameter
from pixverse_nb.pace import Pace
from pixverse_nb.polling import MOST_A_MINUTE, Outlook, expectation, next_poll, outlook, until_room

pytest_plugins = ["job_fixtures"]

SHORTEST, LONGEST = Pace().poll_s
NETWORK_S = 0.03
dice = random.Random(7)


def polls(takes_s, ahead):
    """Moments at which a job is asked after, the last of them being the one that finds it finished."""
    moments = [0.05]
    while moments[-1] < takes_s:
        moments.append(moments[-1] + next_poll(moments[-15:], ahead, SHORTEST, LONGEST) + NETWORK_S)
        assert len(moments) < 2000
    return moments


def waits(kind, earlier, count=1500):
    """(what it took, how much later it was noticed) of so many jobs of a kind, each with a history of its own."""
    random.seed(7)  # the pauses are drawn from it
    jobs = []
    for _ in range(count):
        takes = max(kind(), 1)
        moments = polls(takes, outlook([max(kind(), 1) for _ in range(earlier)]))
        assert busiest_minute(moments) <= MOST_A_MINUTE
        jobs.append((takes, moments[-1] - takes))
    return jobs


def shares(jobs):
    return [late / takes for takes, late in jobs]


def busiest_minute(moments):
    return max(sum(start <= m < start + 60 for m in moments) for start in moments)


def service():
    """What jobs take at the service's own pace, as the preview engine draws it: a queue, then inference; 60-90 s."""
    return dice.triangular(2, 12, 4) + dice.triangular(58, 78, 62)


def crowded():
    """Three jobs in ten meet a full queue."""
    return service() if dice.random() < 0.7 else service() + dice.gauss(55, 10)


def about(typical, spread):
    return lambda: typical * dice.lognormvariate(0, spread)


LONG = {
    "60 s exactly": lambda: 60.0,
    "65 s exactly": lambda: 65.0,
    "tight": lambda: dice.gauss(66, 1),
    "the service's pace": service,
    "60 to 67 s, all alike": lambda: dice.uniform(60, 67),
    "58 to 86 s, all alike": lambda: dice.uniform(58, 86),
    "two humps": crowded,
    "two humps far apart": lambda: dice.gauss(75, 3) if dice.random() < 0.7 else dice.gauss(300, 20),
    "100 to 140 s": lambda: dice.uniform(100, 140),
    "minutes": lambda: dice.uniform(150, 260),
    "60 to 600 s, all alike": lambda: dice.uniform(60, 600),
    "lognormal 0.3 about 66 s": about(66, 0.3),
    "lognormal 0.5 about 66 s": about(66, 0.5),
    "lognormal 0.3 about 120 s": about(120, 0.3),
    "lognormal 0.5 about 250 s": about(250, 0.5),
}
SHORT = {
    "15 to 25 s": lambda: dice.uniform(15, 25),
    "35 to 45 s": lambda: dice.uniform(35, 45),
    "20 to 60 s": lambda: dice.uniform(20, 60),
    "lognormal 0.3 about 40 s": about(40, 0.3),
    "lognormal 0.5 about 66 s": about(66, 0.5),
    "30 s, or 150": lambda: dice.gauss(30, 1) if dice.random() < 0.7 else dice.gauss(150, 5),
}


@pytest.mark.parametrize("earlier", [0, 1, 8, 20])
@pytest.mark.parametrize("kind", LONG)
def test_a_job_of_a_minute_or_more_is_noticed_within_three_percent(kind, earlier):
    """In the mean, whatever jobs take and however many there were, none included; at 15 requests a minute at most."""
    found = shares(job for job in waits(LONG[kind], earlier) if job[0] >= 60)
    assert len(found) > 500
    assert 0.01 < statistics.mean(found) < 0.03


def test_no_length_of_a_minute_or_more_is_unlucky():
    """Without earlier jobs: under 3% for each half second by itself, and not only over all of them."""
    random.seed(7)
    runs = [polls(130, outlook([])) for _ in range(1500)]
    for takes in (half / 2 for half in range(120, 260)):
        found = [(moments[bisect.bisect_left(moments, takes)] - takes) / takes for moments in runs]
        assert statistics.mean(found) < 0.03, takes
        assert max(found) < 0.09, takes


@pytest.mark.parametrize("earlier", [0, 1, 8, 20])
@pytest.mark.parametrize("kind", SHORT)
def test_a_shorter_job_is_noticed_about_as_soon_as_fifteen_a_minute_allow(kind, earlier):
    """They allow 2 s, evenly spread."""
    late = [late for takes, late in waits(SHORT[kind], earlier) if takes < 60]
    assert len(late) > 500
    assert statistics.mean(late) < 2.9


@pytest.mark.parametrize("typical", [12, 20, 40])
def test_short_jobs_that_are_much_alike_are_noticed_closely(typical):
    """Eight of them tell when the next one ends, and the minute's requests go there."""
    found = shares(waits(lambda: dice.uniform(0.95, 1.05) * typical, 8))
    assert statistics.mean(found) < 0.03


@pytest.mark.parametrize("takes", [15, 30, 50])
def test_a_job_that_ends_before_any_did_is_noticed_all_the_same(takes):
    assert max(polls(takes, outlook([200.0] * 20))[-1] - takes for _ in range(200)) < 11


@given(takes=st.floats(1, 900), recent=st.lists(st.floats(0.5, 900), max_size=20), trouble=st.lists(st.floats(0, 70)))
def test_never_more_than_fifteen_requests_in_a_minute(takes, recent, trouble):
    """However wrong the expectation is, a kind of 10 s whose next job takes 200 s included; whatever else made it ask.

    Published limits are as low as fifty a minute for everything.
    """
    ahead, moments = outlook(recent), []
    for pause in trouble:  # steps that no answer of next_poll led to
        now = (moments[-1] if moments else 0.0) + pause
        moments.append(now + until_room(moments[-15:], now, ahead, LONGEST))
    moments = moments or [0.0]
    while moments[-1] < takes:
        moments.append(moments[-1] + next_poll(moments[-15:], ahead, SHORTEST, LONGEST))
    assert busiest_minute(moments) <= MOST_A_MINUTE == 15


def test_a_kind_of_ten_seconds_may_have_a_job_of_two_hundred():
    """It was 44 requests in its first minute."""
    for _ in range(200):
        moments = polls(200, outlook([10.0] * 20))
        assert busiest_minute(moments) <= 15
        assert moments[-1] - 200 < 0.09 * 200


@pytest.mark.parametrize("typical", [10, 20, 30, 40])
def test_the_first_long_job_of_a_short_kind_waits_for_half_a_minute_at_most(typical):
    """The minute's requests went where the others had ended; that is the price, and it is bounded."""
    random.seed(7)
    runs = [polls(130, outlook([0.95 * typical] * 10 + [1.05 * typical] * 10)) for _ in range(300)]
    for takes in range(int(1.2 * typical), 130):
        late = statistics.mean(moments[bisect.bisect_left(moments, takes)] - takes for moments in runs)
        assert late < (30 if takes < 60 else 0.105 * takes if takes < 105 else 0.033 * takes), takes


@given(
    polled=st.lists(st.floats(0, 1e6), min_size=1, max_size=15),
    soonest=st.floats(0.01, 1e5),
    span_of_ends=st.floats(0, 1e5),
    shortest=st.floats(0.001, 5),
    span=st.floats(0, 100),
)
def test_every_pause_is_within_its_bounds(polled, soonest, span_of_ends, shortest, span):
    """Also when the clock that tells how old a job is was set back meanwhile; a full minute alone adds to them."""
    ahead, longest = Outlook(soonest, soonest + span_of_ends), shortest + span
    pause = next_poll(polled, ahead, shortest, longest)
    room = until_room(polled, polled[-1], ahead, longest)
    assert 0 <= room <= 61
    assert max(shortest, room) <= pause <= max(longest, room)


def test_who_sets_a_longest_pause_below_four_seconds_asks_more_often():
    """A studio of one's own server, say: its pace comes before the fifteen."""
    moments = [float(second) for second in range(15)]
    assert until_room(moments, 14, outlook([]), 4) == 47
    assert until_room(moments, 14, outlook([]), 3.9) == 0
    assert next_poll(moments, outlook([]), 0.01, 0.5) <= 0.5


@given(late=st.floats(60, 1e4), recent=st.lists(st.floats(1, 1e4), max_size=20))
def test_a_late_job_is_asked_after_ever_more_rarely(late, recent):
    """A pause is a share of the time that has passed, and never more than 6% of it."""
    pause = next_poll([late], outlook(recent), SHORTEST, LONGEST)
    assert min(late * 0.0399, LONGEST) <= pause <= late * 0.0601


def test_jobs_that_were_sent_together_do_not_ask_together():
    assert len({next_poll([70.0], outlook([]), SHORTEST, LONGEST) for _ in range(50)}) > 40


@pytest.mark.parametrize("recent", [[], [66.0] * 20, [300.0] * 20])
def test_a_bad_body_shows_early(recent):
    """A body is validated only after queueing: a failure within seconds is seen within seconds."""
    assert polls(1.0, outlook(recent))[-1] <= 2.6
    assert polls(4.0, outlook(recent))[-1] <= 8


def test_a_preview_of_seconds_is_asked_after_within_a_second():
    """Its engine is on this machine, and nobody's limit is touched."""
    ahead = outlook([], preview=True)
    late = [polls(takes, ahead)[-1] - takes for takes in (1.2, 2.0, 3.1, 4.4, 9.0) for _ in range(20)]
    assert statistics.mean(late) < 0.25
    assert max(late) < 0.8


@given(takes=st.floats(20, 300), recent=st.lists(st.floats(0.5, 300), max_size=20))
def test_a_long_preview_keeps_to_fifteen_from_its_twentieth_second_on(takes, recent):
    counted = [moment for moment in polls(takes, outlook(recent, preview=True)) if moment >= 20]
    assert busiest_minute(counted) <= MOST_A_MINUTE


def test_the_expectation_is_the_median_of_earlier_jobs():
    assert expectation([60, 61, 500]) == 61
    assert expectation([]) is None


def test_a_few_jobs_tell_nothing_about_the_next_one():
    """Seven of 200 s do not say how short one can be; and no number of them makes one wait past a minute."""
    assert outlook([200] * 7) == outlook([]) == Outlook(10, math.inf)
    assert outlook([200] * 8).soonest_s == 57
    assert outlook([30] * 8) == (pytest.approx(25.5), pytest.approx(34.5), 0)


@pytest.mark.parametrize("trouble", [0, 6])
def test_a_jobs_own_requests_keep_to_fifteen_a_minute(server, studio_at, clip, monkeypatch, trouble):
    """On the wire, with a minute of 0.6 s: tries after trouble count, and one send is all there is."""
    monkeypatch.setattr(polling, "_WINDOW_S", 0.7)
    monkeypatch.setattr(polling, "_FROM_S", 0.001)
    monkeypatch.setattr(polling, "_EVENLY_S", 0.001)
    moments = []

    def answer(status, body):
        return Answer(status, body, first=lambda _: moments.append(time.monotonic()))

    busy, waiting = answer(503, {"error": "busy"}), answer(200, {"status": "PROCESSING"})
    server.say("status", *[waiting] * 12, *[busy] * trouble, *[waiting] * 12)
    pace = dataclasses.replace(PACE, attempts=1, poll_s=(0.001, 4.0))
    assert_home(studio_at(server.url, pace=pace).submit(**WISH).wait(60), clip)
    assert server.count("status") == len(moments) + 1 == 25 + trouble
    assert max(sum(start <= m < start + 0.6 for m in moments) for start in moments) <= 15
    assert server.count() == 1


@pytest.mark.parametrize(
    "given",
    [
        {"attempts": 0}, {"attempts": True}, {"attempts": 2.5}, {"poll_s": (30.0, 1.0)}, {"poll_s": 3.0},
        {"read_s": "a"}, {"read_s": 0}, {"submit_read_s": -1}, {"run_read_s": float("nan")}, {"lease_s": float("inf")},
        {"search_s": ()}, {"retry_s": -0.1}, {"connect_s": None},
    ],
)  # fmt: skip
def test_a_pace_that_cannot_be_kept_is_refused_at_once(given):
    """It would come up in the middle of a job, after its send."""
    (name,) = given
    with pytest.raises(InvalidParameter, match=f"{name}="):
        Pace(**given)
    assert Pace(retry_s=0, search_s=[1, 2]).retry_s == 0
