"""When the next status request comes: seldom enough for the service, soon enough for the person."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixverse_nb.pace import Pace
from pixverse_nb.polling import TYPICAL_S, expectation, next_poll

SHORTEST, LONGEST = Pace().poll_s


def polls(takes_s, expected_s):
    """Moments at which a job is asked after, the last of them being the one that finds it finished."""
    moments = [0.0]
    while moments[-1] < takes_s:
        moments.append(moments[-1] + next_poll(moments[-1], expected_s, SHORTEST, LONGEST))
        assert len(moments) < 2000
    return moments


@given(
    elapsed=st.floats(0, 1e6),
    expected=st.floats(0.01, 1e5),
    shortest=st.floats(0.001, 5),
    span=st.floats(0, 100),
)
def test_every_pause_is_within_its_bounds(elapsed, expected, shortest, span):
    assert shortest <= next_poll(elapsed, expected, shortest, shortest + span) <= shortest + span


@given(takes=st.floats(0.1, 600), expected=st.floats(20, 300))
def test_never_more_than_fifteen_requests_in_a_minute(takes, expected):
    """However wrong the expectation is: published limits are as low as five a minute for submits, fifty in all."""
    moments = polls(takes, expected)
    for index, moment in enumerate(moments):
        inside = [m for m in moments[index:] if m < moment + 60]
        assert len(inside) <= max(15, 20 * 60 / expected)


def test_a_typical_job_is_asked_after_at_most_fifteen_times_a_minute():
    """66 s, as the API's page shows, with nothing known before."""
    moments = polls(66, TYPICAL_S)
    busiest = max(sum(start <= m < start + 60 for m in moments) for start in moments)
    assert 5 <= busiest <= 15


@pytest.mark.parametrize("expected", [30, 58, 66, 86, 180])
def test_the_mean_wait_beyond_the_finish_is_a_few_percent(expected):
    """Jobs around the expectation: under 3% of the job is spent not knowing that it is done."""
    dice = random.Random(7)  # noqa: S311
    shares = []
    for _ in range(400):
        takes = dice.uniform(0.75, 1.35) * expected
        shares.append((polls(takes, expected)[-1] - takes) / takes)
    assert 0 < statistics.mean(shares) < 0.03
    assert max(shares) < 0.08


def test_a_bad_body_shows_early():
    """A body is validated only after queueing: a failure within seconds is seen within seconds."""
    assert polls(1.0, 66)[-1] <= 2
    assert polls(4.0, 66)[-1] <= 8


def test_the_expectation_is_the_median_of_earlier_jobs():
    assert expectation([60, 61, 500]) == 61
    assert expectation([]) is None
