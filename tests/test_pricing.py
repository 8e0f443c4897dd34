"""What a clip costs before it is sent."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pixverse_nb as pv
from pixverse_nb.pricing import SAME_MICROS, TABLE, learned, money, price, to_micros, to_usd

# USD per second, silent and with audio: segmind.md, Price, written down a second time on purpose.
RATES = {
    "360p": ("0.03125", "0.04375"),
    "540p": ("0.04375", "0.05625"),
    "720p": ("0.05625", "0.07500"),
    "1080p": ("0.11250", "0.14375"),
}


@pytest.mark.parametrize("seconds", range(1, 16))
@pytest.mark.parametrize("quality", RATES)
@pytest.mark.parametrize("audio", [False, True])
def test_every_cell_of_the_table_times_every_duration(quality, seconds, audio):
    estimate = pv.estimate(duration=seconds, quality=quality, generate_audio_switch=audio)
    silent_micros, audio_micros = (round(float(cell) * 1e6) for cell in RATES[quality])
    assert estimate.expected_micros == seconds * (audio_micros if audio else silent_micros)
    assert estimate.ceiling_micros == seconds * audio_micros  # silent clips may be billed as if they had sound


def test_both_ends_of_the_advertised_range():
    assert pv.estimate(duration=1, quality="360p").expected_usd == pytest.approx(0.04375)
    assert money(pv.estimate(duration=1, quality="360p").expected_usd) == "$0.044"
    assert pv.estimate(duration=15, quality="1080p").expected_usd == pytest.approx(2.15625)


def test_what_is_not_said_is_priced_at_its_default_with_sound():
    assert pv.estimate("a cat") == pv.estimate(duration=5, quality="540p", generate_audio_switch=True)


@given(
    st.integers(1, 15), st.sampled_from(sorted(RATES)), st.booleans(), st.integers(1, 100)
)  # fmt: skip
def test_takes_multiply_and_nothing_is_ever_free(duration, quality, audio, takes):
    settings = {"duration": duration, "quality": quality, "generate_audio_switch": audio}
    one, many = pv.estimate(**settings), pv.estimate(takes=takes, **settings)
    assert 0 < one.expected_micros <= one.ceiling_micros
    assert (many.expected_micros, many.ceiling_micros) == (one.expected_micros * takes, one.ceiling_micros * takes)
    assert many.clips == takes


@pytest.mark.parametrize("takes", [0, 101, 2026, 2**31, True, "3"])
def test_no_more_takes_than_a_hand_means(takes):
    with pytest.raises(pv.InvalidParameter, match=r"takes=.* is not allowed.* from 1 to 100"):
        pv.estimate(takes=takes)


def test_estimates_add_up():
    a, b = pv.estimate(quality="360p"), pv.estimate(quality="1080p", generate_audio_switch=False)
    assert (a + b).expected_micros == a.expected_micros + b.expected_micros
    assert (a + b).ceiling_micros == a.ceiling_micros + b.ceiling_micros
    assert (a + b).clips == 2


def test_an_estimate_says_that_it_is_one_and_of_when():
    text = str(pv.estimate(generate_audio_switch=False, takes=2))
    assert text == "$0.438 (at most $0.562) for 2 clips, estimated from the price table of 2026-11"
    assert "at most" not in str(pv.estimate())


def test_bad_requests_have_no_price():
    with pytest.raises(pv.InvalidParameter, match="duration=16"):
        pv.estimate(duration=16)
    with pytest.raises(pv.UnknownParameter, match="durations"):
        pv.estimate(durations=5)
    with pytest.raises(pv.InvalidParameter, match="takes=0"):
        pv.estimate(takes=0)


def test_an_absent_cost_is_never_zero():
    assert to_usd(None) is None
    assert money(None) == "–"
    assert to_usd(0) == 0.0


@given(st.integers(0, 10**12))
def test_micro_dollars_survive_the_way_to_dollars_and_back(micros):
    assert to_micros(to_usd(micros)) == micros


# ---- learned -----------------------------------------------------------------------------------------------------

DAY = 1_795_300_000_000_000  # a day in November 2026, microseconds


def _table(seconds, quality="540p"):
    return price({"prompt": "a", "duration": seconds, "quality": quality})


def test_without_charges_the_table_stands():
    assert learned(_table(5), 5, []) == _table(5)


@given(st.integers(1, 15), st.integers(1, 15), st.integers(1, 5_000_000))
def test_a_charge_for_another_duration_counts_by_the_second_rounded_up(seconds, other, micros):
    made = learned(_table(seconds), seconds, [(other, micros, DAY)])
    exact = Fraction(micros * seconds, other)
    if made != _table(seconds):
        assert 0 <= made.expected_micros - exact < 1
    else:
        assert abs(exact - _table(seconds).expected_micros) <= SAME_MICROS
    assert made.ceiling_micros >= max(made.expected_micros, _table(seconds).ceiling_micros)


@given(st.lists(st.tuples(st.integers(1, 15), st.integers(1, 3_000_000), st.none()), max_size=8), st.integers(1, 15))
def test_no_charge_for_a_kind_is_above_the_next_ceiling(charges, seconds):
    """Whatever came first: a cheap clip is no promise."""
    ceiling = learned(_table(seconds), seconds, charges).ceiling_micros
    for duration, micros, _ in charges:
        assert ceiling + SAME_MICROS >= micros * seconds / duration


def test_a_silent_clip_may_cost_what_one_with_sound_did():
    silent = price({"prompt": "a", "duration": 5, "quality": "540p", "generate_audio_switch": False})
    assert learned(silent, 5, [], [(5, 1_000_000, DAY)]).ceiling_micros == 1_000_000


def test_the_same_duration_counts_before_a_newer_one_of_another():
    assert learned(_table(5), 5, [(10, 900_000, DAY), (5, 400_000, None)]).expected_micros == 400_000


def test_rounding_by_the_service_is_no_other_price():
    assert learned(_table(5), 5, [(5, 281_000, DAY)]) == _table(5)
    assert learned(_table(5), 5, [(5, 282_251, DAY)]).expected_micros == 282_251


def test_estimates_of_several_sources_say_so():
    both = learned(_table(5), 5, [(5, 400_000, DAY)]) + _table(5)
    assert both.source == f"{TABLE} and charges since"
    assert (both.expected_micros, both.clips) == (681_250, 2)
