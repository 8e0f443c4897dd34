"""Caps on spending: counted by the ceiling, across threads and kernels, and settled with the truth."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from studio_rig import KEY, rigged, sends

import pixverse_nb as pv

CLIP = 0.28125  # 5 s of 540p with sound, USD: the ceiling of a silent one, too
SILENT = 0.21875


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


def sent(rig):
    return sends(rig.servers[0])


def set_back(studio, days):
    """Everything so far happened some days ago."""
    back = "UPDATE generations SET created_at = created_at - :us, sent_at = sent_at - :us"
    with studio._store._db.write() as connection:
        connection.exec_driver_sql(back, {"us": days * 86_400_000_000})


@pytest.mark.parametrize("cap", ["per_studio", "per_day", "per_home"])
def test_over_a_cap_nothing_is_sent_and_the_message_has_the_figures(rig, cap):
    studio = rig.studio(budget=pv.Budget(**{cap: 2 * CLIP}))
    studio.generate("one")
    studio.generate("two")  # up to the cap, and not a cent below it
    with pytest.raises(pv.BudgetExceeded) as caught:
        studio.generate("three")
    assert sent(rig) == 2
    assert len(studio.history()) == 2
    scope = {"per_studio": "this studio", "per_day": "today", "per_home": "this home"}[cap]
    for word in (scope, "is $0.562", "$0.562 is spent", "$0.000 is reserved", "may cost $0.281"):
        assert word in caught.value.what
    assert f"pv.Budget({cap}=...)" in caught.value.remedy
    assert caught.value.billed is False


def test_a_plain_number_is_usd_a_day(rig):
    assert rig.studio(budget=0.5).budget == pv.Budget(per_day=0.5)
    assert rig.studio().budget == pv.Budget()


def test_what_each_cap_counts(rig):
    first = rig.studio()
    first.generate("one")
    with pytest.raises(pv.BudgetExceeded):
        rig.studio(budget=pv.Budget(per_day=CLIP)).generate("two")
    assert rig.studio(budget=pv.Budget(per_studio=CLIP)).generate("two").status == "completed"
    set_back(first, 2)
    assert rig.studio(budget=pv.Budget(per_day=CLIP)).generate("three").status == "completed"
    with pytest.raises(pv.BudgetExceeded):
        rig.studio(budget=pv.Budget(per_home=3 * CLIP)).generate("four")
    assert sent(rig) == 3


def test_the_ceiling_is_reserved_and_the_reported_cost_settles_it(rig):
    studio = rig.studio(budget=SILENT + CLIP)
    with pytest.raises(pv.BudgetExceeded):
        rig.studio(budget=SILENT).generate("a", generate_audio_switch=False)  # it may be billed as if it had sound
    studio.generate("a", generate_audio_switch=False)
    assert studio.generate("b").status == "completed"  # room, since the first one cost less than its ceiling
    assert sent(rig) == 2
    spent = studio._store.spent(studio._backend.name, studio._name)
    assert spent.home.total == round((SILENT + CLIP) * 1e6)


def test_a_failure_gives_its_reservation_back(rig):
    studio = rig.studio(budget=CLIP)
    rig.servers[0].faults.add("job", "fail")
    with pytest.raises(pv.GenerationFailed):
        studio.generate("a")
    rig.servers[0].faults.add("submit", status=400)
    with pytest.raises(pv.BadRequest):
        studio.generate("b")
    assert studio.generate("c").status == "completed"
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("d")


def test_an_unknown_outcome_keeps_its_reservation(rig):
    studio = rig.studio(budget=CLIP)
    rig.servers[0].faults.add("submit", status=503)
    with pytest.raises(pv.OutcomeUnknown):
        studio.generate("a")
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("b")
    assert sent(rig) == 1


def test_a_clip_whose_cost_nobody_told_keeps_its_reservation(rig):
    studio = rig.studio(budget=CLIP)
    rig.servers[0].faults.add("job", "no-metrics")
    assert studio.generate("a").cost_usd is None
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("b")


def test_a_reused_clip_needs_no_budget(rig):
    studio = rig.studio(budget=CLIP)
    studio.generate("a")
    assert studio.generate("a").cost_usd == 0
    assert rig.studio(budget=0).generate("a").cost_usd == 0
    assert sent(rig) == 1


def test_a_budget_of_nothing_sends_nothing(rig):
    with pytest.raises(pv.BudgetExceeded, match=r"\$0\.000"):
        rig.studio(budget=0).generate("a")
    assert sent(rig) == 0


def test_preview_and_real_money_are_counted_apart(rig):
    studio = rig.studio(budget=pv.Budget(per_home=CLIP, per_day=CLIP))
    studio.generate("a")
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET service = 'preview', cost_source = 'preview'")
    assert studio.generate("b").status == "completed"
    assert studio._store.spent("preview", "").home.total == round(CLIP * 1e6)
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("c")


def test_threads_that_race_for_the_last_dollar_never_exceed_the_cap(rig):
    studios = [rig.studio(budget=pv.Budget(per_home=3 * CLIP + 0.1)) for _ in range(2)]
    barrier, outcomes = threading.Barrier(16), []

    def ask(n):
        barrier.wait()
        try:
            outcomes.append(studios[n % 2].submit(f"clip {n}").wait(30).status)
        except pv.BudgetExceeded:
            outcomes.append("over")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent(rig) == 3
    assert sorted(outcomes) == ["completed"] * 3 + ["over"] * 13


RACE = """
import sys
import pixverse_nb as pv
url, home, name = sys.argv[1:]
pace = pv.Pace(poll_s=(0.005, 0.05))
studio = pv.Studio(sys.stdin.readline().strip(), base_url=url, home=home, budget=pv.Budget(per_home=1.5), pace=pace)
print("ready", flush=True)
sys.stdin.readline()
done = []
for n in range(8):
    try:
        done.append(studio.submit(f"{name} {n}"))
    except pv.BudgetExceeded:
        pass
for generation in done:
    generation.wait(30)
print(len(done))
"""


def test_kernels_that_race_for_the_last_dollar_never_exceed_the_cap(rig):
    env = {**os.environ, "PYTHONPATH": str(Path(pv.__file__).parent.parent)}
    command = [sys.executable, "-c", RACE, rig.servers[0].url, str(rig.home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    kernels = [subprocess.Popen([*command, name], env=env, **pipes) for name in ("red", "blue")]
    for kernel in kernels:
        kernel.stdin.write(KEY + "\n")
        kernel.stdin.flush()
    for kernel in kernels:
        assert kernel.stdout.readline().strip() == "ready", kernel.communicate()
    for kernel in kernels:
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    ended = [kernel.communicate(timeout=60) for kernel in kernels]
    assert [kernel.returncode for kernel in kernels] == [0, 0], ended
    assert sum(int(out) for out, _ in ended) == int(1.5 / CLIP) == 5
    assert sent(rig) == 5


@pytest.mark.parametrize("cap", [-1, -0.01, float("nan"), float("inf"), "5", True, [5], 5j])
@pytest.mark.parametrize("name", ["per_studio", "per_day", "per_home"])
def test_what_is_no_amount_is_refused(name, cap):
    with pytest.raises(pv.InvalidParameter, match=name) as caught:
        pv.Budget(**{name: cap})
    assert caught.value.billed is False
    assert caught.value.remedy


@pytest.mark.parametrize("cap", [0, 0.5, 10**400, np.float32(1.5), np.int64(2)])
def test_any_amount_is_a_cap(cap):
    budget = pv.Budget(per_day=cap)
    assert budget.per_day == cap


def test_a_bad_budget_makes_no_studio(tmp_path):
    with pytest.raises(pv.InvalidParameter):
        pv.Studio(KEY, home=tmp_path / "home", budget="5 dollars")
    assert not (tmp_path / "home").exists()


# ---- what the message says ---------------------------------------------------------------------------------------


def test_the_error_has_the_figures_as_numbers(rig):
    studio = rig.studio(budget=pv.Budget(per_home=0.5))
    studio.generate("one")
    with pytest.raises(pv.BudgetExceeded) as caught:
        studio.generate("two")
    error = caught.value
    figures = (error.cap_usd, error.spent_usd, error.reserved_usd, error.needed_usd)
    assert figures == (0.5, pytest.approx(CLIP), 0.0, pytest.approx(CLIP))


def test_what_is_reserved_is_told_apart_from_what_is_spent(rig):
    studio = rig.studio(budget=pv.Budget(per_home=2.2 * CLIP))
    studio.generate("one")
    rig.servers[0].faults.add("submit", status=503)
    with pytest.raises(pv.OutcomeUnknown):
        studio.generate("two")
    with pytest.raises(pv.BudgetExceeded) as caught:
        studio.generate("three")
    assert "$0.281 is spent, $0.281 is reserved" in caught.value.what
    (cap,) = studio.spending()
    assert (cap.charged_micros, cap.reserved_micros) == (281_250, 281_250)
    assert cap.room_usd == pytest.approx(0.2 * CLIP)
    assert str(cap) == "$0.619 for this home: $0.281 spent, $0.281 reserved, $0.056 left"
    assert rig.studio().spending() == []


@pytest.mark.parametrize(
    ("cap", "asked", "instead"),
    [
        (0.5, {"quality": "1080p", "duration": 5}, "room for 720p for 5 s ($0.375)"),
        (0.3, {"quality": "1080p", "duration": 5}, "room for 540p for 5 s ($0.281)"),
        (0.1, {"quality": "540p", "duration": 5}, "room for 540p for 1 s ($0.056)"),
        (0.12, {"quality": "360p", "duration": 5}, "room for 360p for 2 s ($0.087)"),
        (0.05, {"quality": "1080p", "duration": 15}, "room for 360p for 1 s ($0.044)"),
        (0.01, {"quality": "360p", "duration": 1}, "no room for any clip"),
    ],
)  # fmt: skip
def test_the_remedy_says_what_could_be_afforded_instead(rig, cap, asked, instead):
    studio = rig.studio(budget=cap)
    with pytest.raises(pv.BudgetExceeded) as caught:
        studio.generate("a", **asked)
    assert instead in caught.value.remedy
    if instead.startswith("room for "):  # and it is true
        quality, _, seconds = instead.removeprefix("room for ").split()[:3]
        assert studio.generate("a", quality=quality, duration=int(seconds)).status == "completed"


def test_names_that_the_page_does_not_list_may_cost_the_model_s_highest_price(rig):
    """What they add to the price nobody can know."""
    studio = rig.studio(budget=2.0)
    with pytest.raises(pv.BudgetExceeded, match=r"may cost \$2\.156"):
        studio.generate("a", duration=1, quality="360p", extra={"style": "clay"})
    assert sent(rig) == 0
    assert rig.studio(budget=2.2).generate("a", duration=1, quality="360p", extra={"style": "clay"}).cost_usd == 0.04375


# ---- prices are learned ------------------------------------------------------------------------------------------


def test_a_charge_that_differs_from_the_table_is_shown_and_used_for_the_next_estimate(rig):
    studio = rig.studio(budget=pv.Budget(per_home=1.0))
    rig.servers[0].faults.add("job", "cost", usd=0.4)
    first = studio.generate("a")
    assert "$0.400 reported, $0.281 was estimated" in str(first._bundle(None))
    estimate = studio.estimate(duration=10)
    assert (estimate.expected_usd, estimate.ceiling_usd) == (0.8, 0.8)
    assert "a charge of" in str(estimate)
    assert "the table says $0.562" in str(estimate)
    assert pv.estimate(duration=10).expected_usd == 0.5625  # the table is the table
    assert studio.estimate(quality="720p").expected_usd == 0.375  # and another kind another kind
    with pytest.raises(pv.BudgetExceeded, match=r"may cost \$0\.800"):
        studio.generate("b", duration=10)
    second = studio.submit("b")
    assert second.estimate.expected_usd == 0.4
    assert second.wait(20).cost_usd == pytest.approx(CLIP)
    assert studio.estimate().expected_usd == CLIP  # the newest charge counts


def test_a_charge_below_the_table_lowers_what_is_expected_but_not_the_ceiling(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "cost", usd=0.1)
    studio.generate("a")
    estimate = studio.estimate()
    assert (estimate.expected_usd, estimate.ceiling_usd) == (0.1, CLIP)


def test_silent_clips_that_are_billed_with_sound_are_expected_to_be(rig):
    """Contract, Price: whether Segmind does so is open; the first charge tells."""
    studio = rig.studio()
    rig.servers[0].faults.add("job", "cost", usd=CLIP)
    studio.generate("a", generate_audio_switch=False)
    assert studio.estimate(generate_audio_switch=False).expected_usd == CLIP


def test_what_another_service_charges_teaches_nothing(rig):
    rig.servers[0].faults.add("job", "cost", usd=0.4)
    rig.studio().generate("a")
    assert rig.studio(rig.server()).estimate().expected_usd == CLIP
    assert rig.studio().estimate().expected_usd == 0.4  # in another studio of the home, it does


def test_a_charge_above_the_ceiling_counts_as_it_is(rig):
    studio = rig.studio(budget=0.5)
    rig.servers[0].faults.add("job", "cost", usd=0.75)
    studio.generate("a")
    (cap,) = studio.spending()
    assert (cap.charged_micros, cap.room_usd) == (750_000, -0.25)
    with pytest.raises(pv.BudgetExceeded, match=r"\$0\.750 is spent"):
        studio.generate("b", duration=1, quality="360p")


def test_a_high_charge_is_not_forgotten_after_a_cheap_one(rig):
    """Found by a reader: the cap was overrun by what was known before."""
    studio = rig.studio(budget=pv.Budget(per_home=2.0))
    rig.servers[0].faults.add("job", "cost", usd=1.0)
    studio.generate("a")
    studio.generate("b")  # at the table's price
    assert (studio.estimate().expected_usd, studio.estimate().ceiling_usd) == (CLIP, 1.0)
    with pytest.raises(pv.BudgetExceeded, match=r"may cost \$1\.000"):
        studio.generate("c")


def test_clips_from_a_picture_have_a_price_of_their_own(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "cost", usd=1.0)
    studio.generate("a", image=np.zeros((64, 64, 3), np.uint8))
    assert studio.estimate().ceiling_usd == CLIP
    assert studio.submit("b", image=np.ones((64, 64, 3), np.uint8)).estimate.expected_usd == 1.0


def test_what_the_account_charged_counts_where_it_is_more(rig):
    studio = rig.studio(budget=pv.Budget(per_home=0.6))
    studio.generate("a")
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET account_micros = 500000")
    (cap,) = studio.spending()
    assert cap.charged_micros == 500_000
    assert studio.estimate().expected_usd == 0.5
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("b")


def test_a_clip_counts_for_the_day_on_which_it_was_sent(rig):
    """It may have waited for its turn over midnight."""
    studio = rig.studio(budget=2 * CLIP)
    studio.generate("a")
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET created_at = created_at - 86400000000")
    assert studio.spending()[0].charged_micros == 281_250


def test_a_clock_that_was_set_back_does_not_open_the_cap(rig):
    studio = rig.studio(budget=CLIP)
    studio.generate("a")
    set_back(studio, -1)
    with pytest.raises(pv.BudgetExceeded):
        studio.generate("b")


def test_of_two_caps_the_tighter_one_says_what_fits(rig):
    studio = rig.studio(budget=pv.Budget(per_studio=0.3, per_home=0.05))
    with pytest.raises(pv.BudgetExceeded, match="this home") as caught:
        studio.generate("a", takes=2)
    assert "room for 360p for 1 s" not in caught.value.remedy  # two of them do not fit
    assert "no room" in caught.value.remedy


def test_the_budget_can_be_changed_as_the_error_says(rig):
    studio = rig.studio(budget=0.1)
    with pytest.raises(pv.BudgetExceeded, match=r"studio\.budget = pv\.Budget\(per_day=\.\.\.\)"):
        studio.generate("a")
    studio.budget = 3
    assert studio.budget == pv.Budget(per_day=3)
    assert studio.generate("a").status == "completed"
    with pytest.raises(pv.InvalidParameter):
        studio.budget = "much"


def test_a_charge_of_nothing_is_shown_and_a_copy_of_it_saves_nothing(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "cost", usd=0)
    assert "$0.000 reported, $0.281 was estimated" in str(studio.generate("a")._bundle(None))
    assert studio.history(id=studio.generate("a").id).iloc[0]["saved_usd"] == 0


def test_the_remedy_keeps_the_other_caps(rig):
    """Who followed it had no other cap any more."""
    studio = rig.studio(budget=pv.Budget(per_day=1, per_home=0.1))
    with pytest.raises(pv.BudgetExceeded) as caught:
        studio.submit("a cat")
    assert "studio.budget = pv.Budget(per_day=1, per_home=...)" in caught.value.remedy
    plan = studio.sweep(prompt=["a cat", "a dog"])
    plan.run()
    assert "budget=pv.Budget(per_day=1, per_home=...)" in plan.stopped.remedy


@pytest.mark.parametrize(
    ("cap", "instead"),
    [(0.3, "room for the same without extra ($0.281)"), (0.2, "room for 540p for 3 s ($0.169), without extra")],
)
def test_what_a_request_with_extra_could_do_without_it_is_said(rig, cap, instead):
    """A name that nobody knows may cost what the model costs at most: "no room for any clip" was untrue."""
    with pytest.raises(pv.BudgetExceeded) as caught:
        rig.studio(budget=cap).submit("a cat", duration=5, quality="540p", extra={"style": "x"})
    assert instead in caught.value.remedy
