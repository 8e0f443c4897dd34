"""When the next status request comes: seldom enough for the service, soon enough for the person."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixverse_nb.pace import Pace
from pixverse_nb.polling import MOST_A_MINUTE, TYPICAL_S, expectation, next_poll, soonest

SHORTEST, LONGEST = Pace().poll_s
dice = random.Random(7)  # noqa: S311


def polls(takes_s, soonest_s):
    """Moments at which a job is asked after, the last of them being the one that finds it finished."""
    moments = [0.0]
    while moments[-1] < takes_s:
        moments.append(moments[-1] + next_poll(moments, soonest_s, SHORTEST, LONGEST))
        assert len(moments) < 2000
    return moments


def busiest_minute(moments):
    return max(sum(start <= m < start + 60 for m in moments) for start in moments)


def service():
    """What jobs take at the service's own pace, as the preview engine draws it: a queue, then inference; 60-90 s."""
    return dice.triangular(2, 12, 4) + dice.triangular(58, 78, 62)


def crowded():
    """Three jobs in ten meet a full queue."""
    return service() if dice.random() < 0.7 else service() + dice.gauss(55, 10)


KINDS = {
    "tight": lambda: dice.gauss(66, 1),
    "the service's pace": service,
    "60 to 90 s, all alike": lambda: dice.uniform(60, 90),
    "two humps": crowded,
    "minutes": lambda: dice.uniform(150, 260),
}


@pytest.mark.parametrize("earlier", [0, 1, 3, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_wait_beyond_the_finish_is_under_three_percent(kind, earlier):
    """Whatever jobs take, with any number of earlier ones to go by, none included; at 15 requests a minute at most."""
    shares, most = [], 0
    for _ in range(1500):
        takes = KINDS[kind]()
        moments = polls(takes, soonest([KINDS[kind]() for _ in range(earlier)]))
        shares.append((moments[-1] - takes) / takes)
        most = max(most, busiest_minute(moments))
    assert 0.01 < statistics.mean(shares) < 0.03
    assert most <= MOST_A_MINUTE


@given(takes=st.floats(1, 900), from_s=st.floats(20, 300))
def test_never_more_than_fifteen_requests_in_a_minute(takes, from_s):
    """However wrong the expectation is: published limits are as low as fifty a minute for everything."""
    assert busiest_minute(polls(takes, from_s)) <= MOST_A_MINUTE == 15


@given(
    polled=st.lists(st.floats(0, 1e6), min_size=1, max_size=15),
    from_s=st.floats(0.01, 1e5),
    shortest=st.floats(0.001, 5),
    span=st.floats(0, 100),
)
def test_every_pause_is_within_its_bounds(polled, from_s, shortest, span):
    """Also when the clock that tells how old a job is was set back meanwhile."""
    assert shortest <= next_poll(polled, from_s, shortest, shortest + span) <= shortest + span


@given(late=st.floats(60, 1e4), from_s=st.floats(20, 60))
def test_a_late_job_is_asked_after_ever_more_rarely(late, from_s):
    """A pause is a share of the time that has passed."""
    assert min(late / 24, LONGEST) <= next_poll([late], from_s, SHORTEST, LONGEST) <= late / 19


def test_jobs_that_were_sent_together_do_not_ask_together():
    assert len({next_poll([70.0], 56, SHORTEST, LONGEST) for _ in range(50)}) > 40


def test_a_bad_body_shows_early():
    """A body is validated only after queueing: a failure within seconds is seen within seconds."""
    assert polls(1.0, soonest([]))[-1] <= 2
    assert polls(4.0, soonest([]))[-1] <= 8


def test_a_job_of_seconds_is_asked_after_within_a_second():
    """The preview engine's: it is on this machine, and nobody's limit is touched."""
    shares = [polls(takes, soonest([], 2.0))[-1] - takes for takes in (1.2, 2.0, 3.1, 4.4, 9.0) for _ in range(20)]
    assert statistics.mean(shares) < 0.25
    assert max(shares) < 0.8


def test_the_expectation_is_the_median_of_earlier_jobs():
    assert expectation([60, 61, 500]) == 61
    assert expectation([]) is None


def test_a_few_long_jobs_do_not_make_the_next_one_wait():
    """One job of 200 s says little about how short one can be; twenty of them do."""
    assert soonest([200]) == soonest([]) < TYPICAL_S
    assert 150 < soonest([200] * 20) < 200
    assert soonest([30]) < 30
