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
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET created_at = created_at - ?", (days * 86_400_000_000,))


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
    for word in (scope, "is $0.562", "$0.562 is spent or reserved", "may cost $0.281"):
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
    assert spent.home == round((SILENT + CLIP) * 1e6)


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
    assert studio._store.spent("preview", "").home == round(CLIP * 1e6)
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
