"""A plan keeps its promises: nothing is sent by looking, each cell at most once, and it stops and goes on cleanly."""

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest
from scripted import Answer, Scripted
from studio_rig import KEY, PACE, _clip, paint, rigged, sends
from test_display import Page, harmless

import pixverse_nb as pv
from pixverse_nb.display import frontend, live
from pixverse_nb.display import shown as shown_module
from pixverse_nb.display.plan import ProgressView, about, clock, progress_html
from pixverse_nb.store import leases
from pixverse_nb.sweep import run as run_module
from pixverse_nb.sweep.grid import PLAYERS, sides

HOSTILE = '"><img src=x onerror="alert(1)"><script>alert(2)</script>'
CEILING = 0.04375  # one second at 360p, with sound
SMALL = {"duration": 1, "quality": "360p"}
PROMPTS = [f"a cat, number {n}" for n in range(1, 7)]


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        yield made


def slow(shot, path):
    time.sleep(0.15)
    paint(shot, path)


def plan_of(studio, prompts=PROMPTS, **parameters):
    return studio.sweep(prompt=prompts, **SMALL, **parameters)


def statuses(frame):
    return list(frame["status"].astype("string").fillna("not sent"))


def limited(server, seconds, then=None):
    """All sends are refused until so many seconds from now; then they get another answer, or the usual one."""
    until = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    refused = Answer(429, {"error": "slow down"}, headers={"x-rate-limit-reset-at-utc": until.isoformat()})
    server.always("submit", lambda _hit: refused if datetime.now(timezone.utc) < until else then)


# ---- before anything is sent ---------------------------------------------------------------------------------------


def test_a_plan_is_priced_and_shown_and_nothing_is_sent(rig):
    server = rig.server()
    studio = rig.studio()
    studio.generate(PROMPTS[0], **SMALL)
    plan = plan_of(studio, takes=2)
    assert (len(plan), plan.clips, plan.owned, plan.running, plan.to_send, plan.refused) == (12, 12, 1, 0, 11, 0)
    assert plan.expected_usd == pytest.approx(11 * CEILING)
    assert plan.ceiling_usd == pytest.approx(11 * CEILING)
    assert plan.room_usd is None
    assert plan.seconds > 0
    frame = plan.frame
    assert list(frame.columns) == ["prompt", "take", "standing", "estimate_usd", "ceiling_usd"]
    assert list(frame["standing"]) == ["owned"] + ["to send"] * 11
    assert frame["estimate_usd"].sum() == pytest.approx(11 * CEILING)
    text, page = repr(plan), harmless_plan(plan)
    for word in ("12 clips", "prompt", "take", "owned", "to send", "11", "$0.481", "plan.run() sends 11"):
        assert word in text
        assert word in page.words
    assert sends(server) == 1, "only the one before the plan"


def harmless_plan(plan):
    page = Page(plan._repr_html_())
    assert {tag for tag, _ in page.tags} <= {"div", "table", "tbody", "tr", "td"}
    return page


def test_a_silent_clip_is_priced_as_a_range(rig):
    rig.server()
    plan = plan_of(rig.studio(), generate_audio_switch=False)
    assert plan.expected_usd < plan.ceiling_usd
    assert f"at most ${plan.ceiling_usd:.3f}" in repr(plan)


def test_the_figures_are_those_of_the_moment(rig):
    rig.server()
    studio = rig.studio()
    plan = plan_of(studio)
    assert plan.to_send == 6
    studio.generate(PROMPTS[2], **SMALL)
    assert (plan.to_send, plan.owned) == (5, 1)
    assert list(plan.frame["standing"]) == ["to send"] * 2 + ["owned"] + ["to send"] * 3


def test_a_plan_says_what_the_budget_has_room_for(rig):
    server = rig.server()
    plan = plan_of(rig.studio(budget=4.5 * CEILING))
    assert plan.room_usd == pytest.approx(4.5 * CEILING)
    assert "The budget has room for 4 of 6: $0.066 is missing." in repr(plan)
    assert "The budget has room for 4 of 6" in plan._repr_html_()
    assert "plan.run() sends what there is room for" in repr(plan)
    assert "has room for" not in repr(plan_of(rig.studio(budget=4.5 * CEILING), PROMPTS[:4]))
    assert sends(server) == 0


def test_the_time_follows_what_jobs_took_and_the_accounts_limit(rig, monkeypatch):
    rig.server()
    studio = rig.studio()
    plan = plan_of(studio)
    assert plan.seconds == 66, "the latency that the API's page shows, until there are jobs of one's own"
    monkeypatch.setattr(type(studio._bench.gate), "per_minute", property(lambda _self: 2.0))
    assert plan.seconds == 2 * 60 + 66
    assert "2 sends a minute" in repr(plan)
    studio.generate("a dog", **SMALL)
    assert plan.seconds == pytest.approx(120, abs=10)


def test_hostile_text_stays_text(rig, monkeypatch):
    """Values of an axis are other people's text: in the plan, the progress and the grid."""
    server = rig.server()
    server.faults.add("job", "fail", text=HOSTILE)
    plan = rig.studio().sweep(prompt=[HOSTILE, f"a {HOSTILE} cat"], replace={HOSTILE: ["<b>x</b>"]}, **SMALL)
    harmless_plan(plan)
    shown = shows(monkeypatch)
    plan.run(at_once=1)
    plan.grid()
    assert len(shown) == 2
    for bundle in shown.values():
        page = harmless(bundle["text/html"])
        assert any(tag == "video" for tag, _ in page.tags)
        assert "the generation failed" in page.words
        assert "onerror" in page.words
        assert "<b>x</b>" in page.words


def shows(monkeypatch):
    """As in a notebook: what stands in each output now, by its id."""
    shown, number = {}, itertools.count()

    class Handle:
        def __init__(self, bundle) -> None:
            self.id = next(number)
            shown[self.id] = bundle

        def update(self, bundle, **_raw):
            shown[self.id] = bundle

    monkeypatch.setattr("IPython.display.display", lambda bundle, **_how: Handle(bundle))
    for module in (frontend, live, run_module, shown_module):
        monkeypatch.setattr(module, "in_notebook", lambda: True)
    return shown


# ---- running -------------------------------------------------------------------------------------------------------


def test_a_run_sends_each_cell_once_and_gives_its_row_in_the_plans_order(rig, capsys):
    server = rig.server(workers=4)
    studio = rig.studio()
    frame = studio.sweep(prompt=["a red cat", "a dog"], takes=2, replace={"red": ["blue"]}, **SMALL).run()
    assert sends(server) == 6
    assert statuses(frame) == ["completed"] * 6
    assert list(frame["prompt"]) == ["a red cat"] * 2 + ["a blue cat"] * 2 + ["a dog"] * 2
    assert list(frame["red"].fillna("–")) == ["red", "red", "blue", "blue", "–", "–"]
    assert list(frame["take"]) == [1, 2] * 3
    assert frame["cost_usd"].sum() == pytest.approx(6 * CEILING)
    assert set(frame.index) == set(studio.history().index)
    assert list(frame.dtypes.drop("red")) == list(studio.history().dtypes)
    assert frame["video_path"].map(lambda path: Path(path).is_file()).all()
    assert "<table" in frame._repr_html_()
    assert capsys.readouterr().err.splitlines()[-1].startswith("sweep: 6 of 6 clips · ")


def test_no_more_than_at_once_are_in_flight(rig):
    server = rig.server(workers=8, render=slow)
    studio, most = rig.studio(), []
    run_over = threading.Event()

    def watch():
        while not run_over.wait(0.005):
            most.append(len(studio._store.unfinished(studio._backend.name)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    frame = plan_of(studio).run(at_once=2)
    run_over.set()
    watcher.join()
    assert statuses(frame) == ["completed"] * 6
    assert sends(server) == 6
    assert max(most) == 2


@pytest.mark.parametrize("at_once", [0, 501, True, 1.5, "2"])
def test_a_number_of_jobs_that_cannot_be_is_refused(rig, at_once):
    rig.server()
    with pytest.raises(pv.InvalidParameter, match=r"at_once|run"):
        plan_of(rig.studio()).run(at_once)


def test_a_cell_that_fails_does_not_stop_the_others_and_is_tried_again(rig):
    server = rig.server()
    server.faults.add("job", "fail", text="the GPU fell over", skip=1, times=2)
    plan = plan_of(rig.studio())
    frame = plan.run(at_once=1)
    assert statuses(frame) == ["completed", "failed", "failed", "completed", "completed", "completed"]
    assert plan.stopped is None
    assert "the GPU fell over" in frame["error"].iloc[1]
    assert (plan.owned, plan.to_send) == (4, 2)
    before = list(frame.index)
    frame = plan.run()
    assert statuses(frame) == ["completed"] * 6
    assert sends(server) == 8
    assert [key for key in before if key in frame.index] == [before[0], *before[3:]], "those that ended are not touched"
    assert len(plan.run()) == 6
    assert sends(server) == 8


def test_the_same_sweep_in_another_studio_reuses_all_and_sends_nothing(rig):
    server = rig.server()
    first = plan_of(rig.studio()).run()
    frame = plan_of(rig.studio()).run()
    assert sends(server) == 6
    assert list(frame["reused_from"]) == list(first.index)
    assert frame["cost_usd"].sum() == 0


def test_a_clip_whose_file_has_vanished_is_made_good(rig):
    server = rig.server()
    plan = plan_of(rig.studio())
    frame = plan.run()
    Path(frame["video_path"].iloc[3]).unlink()
    frame = plan.run()
    assert statuses(frame) == ["completed"] * 6
    assert Path(frame["video_path"].iloc[3]).is_file()
    assert sends(server) == 6, "the service still had it"


def test_a_vanished_clip_is_planned_as_fetched_again_and_costs_the_run_nothing(rig, capsys):
    server = rig.server()
    studio = rig.studio()
    plan = plan_of(studio)
    Path(plan.run()["video_path"].iloc[3]).unlink()
    assert (plan.owned, plan.to_fetch, plan.running, plan.to_send, plan.expected_usd) == (5, 1, 0, 0, 0)
    assert list(plan.frame["standing"])[3] == "to fetch again"
    assert plan.frame["ceiling_usd"].sum() == 0
    assert re.search(r"to fetch again +1  free", repr(plan))
    assert "plan.run() sends nothing" in repr(plan)
    capsys.readouterr()
    frame = plan_of(studio).run()
    assert statuses(frame) == ["completed"] * 6
    assert frame["cost_usd"].sum() == pytest.approx(CEILING), "the row keeps what it cost once"
    assert "$0.000 in this run" in capsys.readouterr().err
    assert sends(server) == 6


def test_what_others_asked_for_is_not_the_runs_money(rig, capsys):
    server = rig.server(workers=4, render=slow)
    studio = rig.studio()
    asked = [studio.submit(prompt, **SMALL) for prompt in PROMPTS[:4]]
    plan = plan_of(studio)
    assert plan.running == 4
    capsys.readouterr()
    assert statuses(plan.run()) == ["completed"] * 6
    assert f"${2 * CEILING:.3f} in this run" in capsys.readouterr().err
    assert sum(one.cost_usd for one in asked) == pytest.approx(4 * CEILING)
    assert sends(server) == 6


def test_a_rate_limit_pauses_and_fails_no_cell(rig):
    server = rig.server(rate_limit=2, rate_window_s=1.0, workers=4)
    studio = rig.studio()
    plan = plan_of(studio)
    began = time.monotonic()
    frame = plan.run()
    assert statuses(frame) == ["completed"] * 6
    assert plan.stopped is None
    assert time.monotonic() - began > 1
    accepted = frame["request_id"].nunique()
    assert accepted == 6
    assert sends(server) < 6 + 8, "those that wait do not ask again and again"


# ---- stopping ------------------------------------------------------------------------------------------------------


def test_it_stops_at_the_budget_and_goes_on_when_there_is_more(rig):
    server = rig.server()
    plan = plan_of(rig.studio(budget=pv.Budget(per_day=4.5 * CEILING)))
    frame = plan.run(at_once=3)
    assert sends(server) == 4
    assert statuses(frame) == ["completed"] * 4 + ["not sent"] * 2
    assert frame.index.isna().tolist() == [False] * 4 + [True] * 2
    assert frame["error"].iloc[5] == "not sent: the budget for today (UTC) has no room for it"
    assert list(frame["prompt"]) == PROMPTS
    assert isinstance(plan.stopped, pv.BudgetExceeded)
    for word in ("2 of 6 clips were not made", "$0.087", "$0.022 left", "$0.066 is missing", "per_day"):
        assert word in str(plan.stopped)
    assert plan.stopped.billed is None
    assert plan.stopped.needed_usd == pytest.approx(2 * CEILING)
    assert "<NA>" in frame._repr_html_() or "–" in frame._repr_html_()
    raised = plan_of(rig.studio(budget=pv.Budget(per_day=6 * CEILING)))
    assert statuses(raised.run()) == ["completed"] * 6
    assert raised.stopped is None
    assert sends(server) == 6


def test_what_a_job_leaves_of_its_reservation_is_there_for_the_next_one(rig):
    """Ceilings are reserved, charges are lower: a sweep that can be paid for is not stopped by its own reservations."""
    server = rig.server()
    plan = plan_of(rig.studio(budget=7 * 0.03125), generate_audio_switch=False)
    server.faults.add("job", "fail", times=2)
    assert plan.ceiling_usd > plan.room_usd
    frame = plan.run()
    assert statuses(frame).count("completed") == 4
    assert plan.stopped is None
    assert sends(server) == 6


def test_what_costs_nothing_comes_although_the_budget_is_empty(rig):
    server = rig.server()
    studio = rig.studio()
    for prompt in PROMPTS[4:]:
        studio.generate(prompt, **SMALL)
    plan = plan_of(rig.studio(budget=0))
    assert statuses(plan.run()) == ["not sent"] * 4 + ["completed"] * 2
    assert isinstance(plan.stopped, pv.BudgetExceeded)
    assert sends(server) == 2


def test_it_stops_when_the_credits_run_out_with_the_balance_and_what_is_missing(rig):
    server = rig.server(balance=2.5 * CEILING)
    plan = plan_of(rig.studio())
    frame = plan.run(at_once=1)
    assert statuses(frame) == ["completed"] * 2 + ["failed"] + ["not sent"] * 3
    assert sends(server) == 3, "one was refused, and no other was tried"
    assert isinstance(plan.stopped, pv.InsufficientCredits)
    for word in ("not enough credits", "4 of 6 clips", "the balance is $0.022", "$0.153 is missing"):
        assert word in str(plan.stopped)
    assert "credits" in frame["error"].iloc[2]
    assert (frame["billed"].iloc[2], plan.to_send) == (False, 4)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [(401, None, pv.AuthenticationError), (403, None, pv.PermissionDenied), (410, None, pv.ModelRetired)],
)
def test_it_stops_when_nothing_would_be_taken(rig, status, text, kind):
    server = rig.server()
    server.faults.add("submit", status=status, text=text, skip=1, times=None)
    plan = plan_of(rig.studio())
    frame = plan.run(at_once=1)
    assert statuses(frame) == ["completed", "failed"] + ["not sent"] * 4
    assert type(plan.stopped) is kind
    assert "5 of 6 clips were not made, which may cost $0.219" in str(plan.stopped)
    assert sends(server) == 2


@pytest.mark.parametrize(("status", "kind"), [(401, pv.AuthenticationError), (403, pv.PermissionDenied)])
def test_what_was_on_its_way_counts_as_not_made_when_the_key_is_dead(rig, status, kind):
    rig.server().faults.add("submit", status=status, times=None)
    plan = plan_of(rig.studio(), PROMPTS[:2])
    assert set(statuses(plan.run())) <= {"failed", "not sent"}
    assert type(plan.stopped) is kind
    assert "2 of 2 clips were not made, which may cost $0.087" in str(plan.stopped)


def test_a_402_that_the_balance_does_not_explain_is_told_with_the_balance(rig):
    rig.server(balance=50.0).faults.add("submit", status=402, times=None)
    plan = plan_of(rig.studio(), PROMPTS[:2])
    plan.run(at_once=1)
    assert "all the same the balance is $50.000" in str(plan.stopped)
    assert "is missing;" not in str(plan.stopped)
    assert "$0.000" not in str(plan.stopped)


@pytest.mark.parametrize(
    "text",
    ["<html><body><h1>406 Not Acceptable</h1></body></html>", "You have exhausted your quota", "Payment required", ""],
)
def test_a_406_that_does_not_say_credits_stops_it_too(rig, text):
    """The document's own meaning of 406 is "Insufficient Credits"."""
    server = rig.server()
    server.faults.add("submit", status=406, text=text, times=None)
    plan = rig.studio().sweep(prompt=[f"a cat, number {n}" for n in range(60)], **SMALL)
    frame = plan.run(at_once=4)
    assert isinstance(plan.stopped, pv.InsufficientCredits)
    assert "60 of 60 clips were not made" in str(plan.stopped)
    assert "the balance is $" in str(plan.stopped)
    assert 1 <= sends(server) <= 4
    assert statuses(frame).count("not sent") >= 56


@pytest.mark.parametrize("status", [404, 406])
def test_it_stops_when_three_clips_in_a_row_are_refused_alike(rig, status):
    server = rig.server()
    server.faults.add("submit", status=status, text="the widget broke", skip=1, times=None)
    plan = plan_of(rig.studio())
    frame = plan.run(at_once=1)
    assert statuses(frame) == ["completed"] + ["failed"] * 3 + ["not sent"] * 2
    assert sends(server) == 4
    for word in ("3 clips in a row were refused alike", "the widget broke", "5 of 6 clips were not made"):
        assert word in str(plan.stopped)
    assert plan.stopped.status_code == status
    server.faults.clear()
    assert statuses(plan.run()) == ["completed"] * 6
    assert plan.stopped is None
    assert sends(server) == 9


def test_refusals_that_differ_or_that_accepted_clips_interrupt_do_not_stop_it(tmp_path):
    said = ["one", "one", None, "one", "one", "two", "one", "one", None, "one"]
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE)
        answers = [Answer(406, {"error": f"no such value: {text}"}) if text else lambda _hit: None for text in said]
        server.say("submit", *answers)
        plan = plan_of(studio, [f"a cat, number {n}" for n in range(len(said))])
        frame = plan.run(at_once=1)
        assert statuses(frame) == ["failed" if text else "completed" for text in said]
        assert plan.stopped is None
        assert server.count() == len(said)
        studio._store.close()


@pytest.mark.parametrize("status", [400, 422])
def test_what_is_about_one_request_never_stops_it(tmp_path, status):
    """Three bad prompts in a row, and the good ones after them were not sent."""
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE)
        server.say("submit", *[Answer(status, {"error": "this prompt is too odd"})] * 4)
        plan = plan_of(studio)
        assert statuses(plan.run(at_once=1)) == ["failed"] * 4 + ["completed"] * 2
        assert plan.stopped is None
        studio._store.close()


def test_what_was_begun_when_the_credits_ran_out_is_called_back(tmp_path):
    """200 in flight at once: each was sent although the first answer said that there is no credit."""
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE, budget=pv.Budget(per_home=50))
        server.always("submit", Answer(406, {"error": "Insufficient credits"}))
        plan = plan_of(studio, [f"a cat, number {n}" for n in range(200)])
        frame = plan.run(at_once=200)
        assert isinstance(plan.stopped, pv.InsufficientCredits)
        assert "200 of 200 clips were not made" in str(plan.stopped)
        assert server.count() < 60
        assert statuses(frame).count("failed") == server.count()
        assert studio.spending()[0].reserved_micros == 0
        studio._store.close()


def test_what_waits_at_the_gate_when_the_credits_run_out_is_called_back(tmp_path):
    """Under a rate limit they went out one by one for minutes, to be refused."""
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE, budget=pv.Budget(per_home=5))
        limited(server, 1.0, then=Answer(406, {"error": "Insufficient credits"}))
        plan = plan_of(studio)
        frame = plan.run()
        assert isinstance(plan.stopped, pv.InsufficientCredits)
        assert 1 <= statuses(frame).count("failed") < 6
        assert studio.spending()[0].reserved_micros == 0
        studio._store.close()


def test_an_unknown_outcome_is_never_sent_again(rig):
    server = rig.server()
    server.faults.add("submit", status=503, times=1)
    plan = plan_of(rig.studio())
    frame = plan.run(at_once=1)
    assert statuses(frame) == ["unknown"] + ["completed"] * 5
    assert (plan.running, plan.to_send) == (1, 0)
    assert statuses(plan.run()) == ["unknown"] + ["completed"] * 5
    assert sends(server) == 6


def test_what_moderation_refused_is_sent_again_only_when_asked(rig):
    server = rig.server()
    server.faults.add("job", "moderation", skip=2, times=1)
    plan = plan_of(rig.studio())
    assert statuses(plan.run(at_once=1))[2] == "failed"
    assert (plan.refused, plan.to_send, plan.owned) == (1, 0, 5)
    assert plan.expected_usd == 0
    assert list(plan.frame["standing"])[2] == "refused before"
    assert "run(refused=True)" in repr(plan)
    frame = plan.run()
    assert statuses(frame) == ["completed"] * 2 + ["not sent"] + ["completed"] * 3
    assert "moderation refused it before" in frame["error"].iloc[2]
    assert sends(server) == 6
    with pytest.warns(match="moderation refused this very request"):
        frame = plan.run(refused=True)
    assert statuses(frame) == ["completed"] * 6
    assert sends(server) == 7


# ---- interrupted, killed, side by side -----------------------------------------------------------------------------


def test_without_a_network_it_stops_after_the_first_and_says_that_nothing_was_sent(tmp_path, capsys):
    """Not a hundred failures one by one: one sentence, and the rest waits for the network."""
    with rigged(tmp_path / "home") as rig:
        server = rig.server()
        studio = rig.studio(pace=replace(PACE, attempts=1))
        plan = studio.sweep(prompt=[f"cat {n}" for n in range(100)], **SMALL)
        server.close()
        frame = plan.run()
        assert statuses(frame).count("failed") <= 20
        assert statuses(frame).count("not sent") >= 80
        for word in (
            "the sweep stopped: ", "no connection could be made, so nothing was sent", "100 of 100 clips were not made",
            "a server on this machine", "run it again: only what is missing is sent",
        ):  # fmt: skip
            assert word in str(plan.stopped)
        assert str(plan.stopped).count("nothing was sent") == 1
        assert isinstance(plan.stopped, pv.ServiceUnreachable)
        assert "no connection could be made" in capsys.readouterr().err.splitlines()[-1]
        assert set(frame["cost_usd"].isna()) == {True}
        again = rig.studio(rig.server()).sweep(prompt=[f"cat {n}" for n in range(100)], **SMALL)
        assert again.to_send == 100


def test_a_network_that_goes_stops_it_for_a_cell_or_two_as_well(tmp_path):
    """The last ones: there are no three of them, and all the same it does not end quietly."""
    with rigged(tmp_path / "home") as rig:
        server = rig.server()
        studio = rig.studio(pace=replace(PACE, attempts=1))
        studio.generate("a cat", **SMALL)
        server.close()
        plan = studio.sweep(prompt=["a cat", "a dog", "a fox"], **SMALL)
        assert statuses(plan.run()) == ["completed", "failed", "failed"]
        assert "2 of 3 clips were not made" in str(plan.stopped)


def test_what_is_owned_is_not_called_missing_where_nothing_can_be_given_again(rig, monkeypatch):
    """In a home that is only read, a sweep of owned clips stops; it named a price for what is there."""
    rig.server()
    plan_of(rig.studio()).run()
    studio = rig.studio()
    plan = plan_of(studio)
    assert (plan.owned, plan.to_send) == (6, 0)

    def refuse(*_args, **_more):
        raise pv.HomeError("the home cannot be written")

    monkeypatch.setattr(studio, "_begin", refuse)
    plan.run()
    assert "no clip is missing: studio.history() has them" in str(plan.stopped)
    assert "may cost" not in str(plan.stopped)


# ---- awaited -------------------------------------------------------------------------------------------------------


def test_a_run_is_awaited_while_the_event_loop_goes_on(rig, capsys):
    """On the caller's own loop; it prints nothing, as an awaited generation."""
    server = rig.server(render=slow, workers=2)
    plan = plan_of(rig.studio())

    async def main():
        loops, ticks = asyncio.get_running_loop(), 0
        run = asyncio.ensure_future(plan.run_async(at_once=2))
        while not run.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert asyncio.get_running_loop() is loops
        return run.result(), ticks

    frame, ticks = asyncio.run(main())
    assert statuses(frame) == ["completed"] * 6
    assert sends(server) == 6
    assert ticks > 10
    assert "sweep: " not in capsys.readouterr().err


def test_two_runs_are_awaited_together(rig):
    server = rig.server(render=slow, workers=2)
    studio = rig.studio()
    plans = [studio.sweep(prompt=[f"{what} {n}" for n in range(2)], **SMALL) for what in ("cat", "dog")]

    async def main():
        return await asyncio.gather(*(plan.run_async() for plan in plans))

    assert [statuses(frame) for frame in asyncio.run(main())] == [["completed"] * 2] * 2
    assert sends(server) == 4


def test_an_awaited_run_that_is_cancelled_sends_nothing_more(rig):
    """Like an interruption: what is in flight goes on, and the next run sends only what is missing."""
    server = rig.server(render=slow, workers=1)
    studio = rig.studio()
    plan = plan_of(studio)

    async def main():
        run = asyncio.ensure_future(plan.run_async(at_once=2))
        while sends(server) < 2:  # noqa: ASYNC110  the server counts, and has no event
            await asyncio.sleep(0.01)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        return sends(server)

    sent = asyncio.run(main())
    time.sleep(0.8)
    assert sends(server) == sent <= 3
    assert statuses(plan.run()) == ["completed"] * 6
    assert sends(server) == 6


def test_what_a_run_refuses_is_raised_where_it_is_awaited(rig):
    plan = plan_of(rig.studio())

    async def main():
        await plan.run_async(at_once=0)

    with pytest.raises(pv.InvalidParameter, match="at_once"):
        asyncio.run(main())


def test_interrupting_stops_sending_and_what_is_in_flight_goes_on(rig, monkeypatch):
    server = rig.server(render=slow, workers=1)
    studio = rig.studio()
    plan = plan_of(studio)
    real = threading.Event.wait

    def interrupted(self, timeout=None):
        if self is current._changed and sends(server) >= 2:
            raise KeyboardInterrupt
        return real(self, timeout)

    made = run_module.Run.__init__

    def remember(self, *args, **kwargs):
        nonlocal current
        made(self, *args, **kwargs)
        current = self

    current = None
    monkeypatch.setattr(run_module.Run, "__init__", remember)
    monkeypatch.setattr(threading.Event, "wait", interrupted)
    with pytest.raises(pv.WaitInterrupted) as caught:
        plan.run(at_once=2)
    monkeypatch.undo()
    assert len(caught.value.in_flight) == 2
    assert "2 are in flight and go on" in str(caught.value)
    assert "4 were not sent" in str(caught.value)
    for generation in caught.value.in_flight:
        assert generation.wait(20).status == "completed"
    assert sends(server) == 2
    assert (plan.owned, plan.to_send) == (2, 4)
    frame = plan.run()
    assert statuses(frame) == ["completed"] * 6
    assert sends(server) == 6


def test_a_second_interruption_does_not_cut_the_first_one_short(rig, monkeypatch):
    """What is in flight is told all the same, and nothing more is sent."""
    server = rig.server(render=slow, workers=1)
    plan = plan_of(rig.studio())
    real = run_module.Desk.withdraw

    def impatient(*args):
        signal.raise_signal(signal.SIGINT)
        return real(*args)

    monkeypatch.setattr(run_module.Desk, "withdraw", impatient)
    interrupt_when(lambda: sends(server) == 2)
    with pytest.raises(pv.WaitInterrupted, match="4 were not sent") as caught:
        plan.run(at_once=2)
    for generation in caught.value.in_flight:
        generation.wait(20)
    assert sends(server) == 2


def interrupt_when(ready):
    """A real Ctrl-C, as soon as something is so."""

    def wait():
        deadline = time.monotonic() + 20
        while not ready():
            if time.monotonic() > deadline:
                return
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def accepted(studio):
    rows = studio.history(reused_from=None)  # a reused row names the request that was paid for before
    return int(rows["request_id"].notna().sum())


@pytest.mark.slow
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_what_waits_for_a_rate_limit_is_not_sent_after_an_interruption(rig, api):
    """Jobs that a 429 keeps waiting have cost nothing yet: Ctrl-C calls them back, and frees what they reserved."""
    server = rig.server(rate_limit=2, rate_window_s=3.0, workers=4)
    studio = rig.studio(budget=5, api=api)
    plan = plan_of(studio, [*PROMPTS, "a dog", "a hen"])

    def resting():
        """No POST is on its way: each of the others has had its 429, or waits for its turn."""
        before = sends(server)
        time.sleep(0.3)
        return accepted(studio) == 2 and len(studio.history()) == 8 and sends(server) == before

    interrupt_when(resting)
    with pytest.raises(pv.WaitInterrupted) as caught:
        plan.run()
    sent, there = sends(server), accepted(studio)
    assert there == 2
    assert len(caught.value.in_flight) <= 2
    assert f"{len(caught.value.in_flight)} are in flight" in str(caught.value)
    assert "6 were not sent" in str(caught.value)
    back = studio.history(status="failed")
    assert len(back) == 6
    assert set(back["error"]) == {"withdrawn before it was sent: the sweep was interrupted"}
    assert not back["billed"].any()
    assert {row["sent_at"] for row in map(studio._store.row, back.index)} == {None}
    for generation in caught.value.in_flight:
        generation.wait(20)
    assert studio.spending()[0].reserved_micros == 0
    time.sleep(4)
    assert (sends(server), accepted(studio)) == (sent, 2), "not one more left the machine"
    assert (plan.owned, plan.to_send) == (2, 6)
    assert statuses(plan.run()) == ["completed"] * 8
    assert accepted(studio) == 8


def test_what_a_person_asked_for_too_is_not_called_back(rig):
    """Found by a reader: an interrupted sweep closed a clip that somebody had submitted by hand."""
    rig.server(rate_limit=2, rate_window_s=3.0, workers=4)
    studio, mine = rig.studio(), []
    plan = plan_of(studio)

    def joined():
        waiting = [one for one in list(studio._generations.values()) if one.status == "submitting"]
        if accepted(studio) >= 2 and waiting and not mine:
            mine.append(studio.submit(waiting[0].request.prompt, **SMALL))
        return bool(mine)

    interrupt_when(joined)
    with pytest.raises(pv.WaitInterrupted):
        plan.run()
    assert mine[0].wait(20).status == "completed"
    assert accepted(studio) <= 4, "the others were called back"


def test_another_sweep_that_waits_for_the_same_clips_sends_them_itself(rig):
    """What one sweep called back, another one that had joined it still wants."""
    rig.server(rate_limit=2, rate_window_s=3.0, workers=4)
    studio = rig.studio()
    one, two, frames = plan_of(studio), plan_of(studio), []
    other = threading.Thread(target=lambda: frames.append(two.run()))

    def joined():
        if accepted(studio) < 2:
            return False
        if other.ident is None:
            other.start()
        return sum(len(handle._wakers) == 2 for handle in list(studio._generations.values())) >= 4

    interrupt_when(joined)
    with pytest.raises(pv.WaitInterrupted):
        one.run()
    other.join(30)
    assert statuses(frames[0]) == ["completed"] * 6
    assert two.stopped is None
    assert accepted(studio) == 6


@pytest.mark.parametrize("answer", ["accepted", "429"])
def test_what_is_in_the_middle_of_its_send_goes_on_unless_it_is_refused(tmp_path, answer):
    """Nobody can call a POST back: its answer decides. A 429 queued nothing, so it is not sent a second time."""
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE)
        plan = plan_of(studio, PROMPTS[:1])
        go_on = threading.Event()
        refused = Answer(429, {"error": "slow down"}, headers={"Retry-After": "1"})
        held = replace(refused, first=lambda _hit: go_on.wait(20))
        server.say("submit", held if answer == "429" else lambda _hit: (go_on.wait(20), None)[1])
        interrupt_when(lambda: server.count() == 1)
        with pytest.raises(
            pv.WaitInterrupted, match=r"1 is in flight and goes on .1 of them on the way out., 0 were not"
        ):
            plan.run()
        (generation,) = studio._generations.values()
        go_on.set()
        if answer == "429":
            with pytest.raises(pv.ServiceError, match="withdrawn before it was sent"):
                generation.wait(20)
        else:
            assert generation.wait(20).status == "completed"
        time.sleep(1.5)
        assert server.count() == 1
        assert statuses(plan.run()) == ["completed"]
        assert server.count() == (2 if answer == "429" else 1)
        studio._store.close()


def test_what_another_kernel_asked_for_too_is_not_called_back(tmp_path):
    """The one who had joined it got no clip: another one's sweep had been interrupted."""
    with Scripted(_clip()) as server:
        one, other = (pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE) for _ in range(2))
        limited(server, 1.5)
        plan, joined = plan_of(one, PROMPTS[:2]), []

        def has_joined():
            if server.count() and len(one.history()) == 2 and not joined:
                joined.append(other.submit(PROMPTS[0], **SMALL))
            return bool(joined)

        interrupt_when(has_joined)
        with pytest.raises(pv.WaitInterrupted, match="1 was not sent"):
            plan.run()
        assert joined[0].wait(20).status == "completed"
        sent = [hit.json["prompt"] for hit in server.got("submit")]
        assert sent[-1] == PROMPTS[0]
        assert len(server.account) == 1, "the other one was called back"
        for studio in (one, other):
            studio._store.close()


def test_a_run_that_joined_its_own_sweeps_job_calls_it_back(tmp_path):
    """Interrupted while its send was out, run again, refused by a 429, interrupted again: it was sent later."""
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE)
        go_on = threading.Event()
        refused = Answer(429, {"error": "slow down"}, headers={"Retry-After": "1"}, first=lambda _: go_on.wait(20))
        server.say("submit", refused)
        interrupt_when(lambda: server.count() == 1)
        with pytest.raises(pv.WaitInterrupted):
            plan_of(studio, PROMPTS[:1]).run()
        (generation,) = studio._generations.values()

        def waits_again():
            if not go_on.is_set() and len(generation._wakers) == 1:
                go_on.set()
            return go_on.is_set() and "rate limited" in (generation._remark or "")

        interrupt_when(waits_again)
        with pytest.raises(pv.WaitInterrupted, match="0 are in flight"):
            plan_of(studio, PROMPTS[:1]).run()
        assert studio._store.row(generation.id)["status"] == "failed"
        time.sleep(2)
        assert server.count() == 1
        studio._store.close()


def test_an_interruption_just_after_a_cell_began_calls_it_back(tmp_path):
    """The run had not noted it yet: it said that one is in flight and two were not sent, and two were."""
    with Scripted(_clip()) as server:
        studio = pv.Studio(KEY, base_url=server.url, home=tmp_path, pace=PACE)
        limited(server, 1.5)
        plan = plan_of(studio, PROMPTS[:3])
        real, begun = plan._desk.start, []

        def start(cells):
            begun.append(real(cells))
            if len(begun) == 2:
                server.wait_for("submit")
                raise KeyboardInterrupt
            return begun[-1]

        plan._desk.start = start
        with pytest.raises(pv.WaitInterrupted, match="0 are in flight and go on, 3 were not sent"):
            plan.run()
        assert set(studio.history()["status"]) == {"failed"}
        before = server.count()
        time.sleep(2)
        assert server.count() == before
        assert server.account == []
        studio._store.close()


CHILD = """
import json, sys
spec = json.loads(sys.argv[1])
import pixverse_nb as pv
studio = pv.Studio(spec["key"], base_url=spec["url"], home=spec["home"], pace=pv.Pace(**spec["pace"]))
plan = studio.sweep(prompt=spec["prompts"], duration=1, quality="360p")
input()
frame = plan.run(at_once=spec["at_once"])
print(json.dumps([None if status != status else status for status in frame["status"].astype(object)]))
"""


@contextmanager
def child_of(rig, prompts, at_once=3):
    pace = {name: getattr(PACE, name) for name in PACE.__dataclass_fields__}
    spec = {"key": KEY, "url": rig.servers[0].url, "home": str(rig.home), "pace": pace, "at_once": at_once}
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps({**spec, "prompts": prompts})],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(pv.__file__).parent.parent)},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


@pytest.mark.kill
@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_sweep_that_is_killed_half_way_sends_only_what_is_missing(rig, after):
    """kill -9 of the kernel; the same sweep in a new one: each cell was asked for once at most."""
    server = rig.server(render=slow, workers=2)
    prompts = [f"a hen, number {n}" for n in range(10)]
    with child_of(rig, prompts) as child:
        child.stdin.write("\n")
        child.stdin.flush()
        deadline = time.monotonic() + 60
        while sends(server) < after and time.monotonic() < deadline:
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.wait(20)
    sent = sends(server)
    assert after <= sent < 10
    studio = rig.studio()
    plan = studio.sweep(prompt=prompts, **SMALL)
    assert plan.to_send <= 10 - sent + 1
    frame = plan.run(at_once=3)
    if "unknown" in statuses(frame):
        frame = plan.run()  # looks for it once more
    assert sends(server) <= 10
    today = datetime.now(timezone.utc).date()
    jobs = {row.request_id for row in studio._backend.client.account_rows(today - timedelta(1), today + timedelta(1))}
    # A POST that the kill cut off, or came just before, is no job; nobody can know that, so it stays unknown.
    assert statuses(frame).count("unknown") == 10 - len(jobs) <= 3
    assert set(frame["request_id"].dropna()) == jobs
    assert statuses(frame).count("completed") == len(jobs)


@pytest.mark.kill
def test_two_kernels_that_run_the_same_plan_at_once_send_each_cell_once(rig):
    server = rig.server(render=slow, workers=2)
    with child_of(rig, PROMPTS) as one, child_of(rig, PROMPTS) as two:
        for child in (one, two):
            child.stdin.write("\n")
            child.stdin.flush()
        for child in (one, two):
            out, err = child.communicate(timeout=60)
            assert child.returncode == 0, err
            assert json.loads(out) == ["completed"] * 6
    assert sends(server) == 6


def test_a_cell_that_a_dead_kernel_never_sent_is_sent_by_this_one(rig):
    """The row was written, its kernel ended before the send: the run that joins it finds that out, and sends it."""
    server = rig.server()
    studio = rig.studio()
    plan = plan_of(studio)
    wish = plan._cells[0].wish
    left = {**studio._new_row(wish, studio._quotes.price(wish.request)), "studio": "another"}
    (opened,) = studio._store.open_all(
        [left], reuse=True, owner=(owner := leases.new_owner()), lease_s=60, shelf=studio._shelf, admit=None
    )
    studio._store.release(opened.row["id"], owner)
    assert (plan.running, plan.to_send) == (1, 5)
    frame = plan.run()
    assert statuses(frame) == ["completed"] * 6
    assert sends(server) == 6


# ---- on the screen -------------------------------------------------------------------------------------------------


def test_one_output_shows_the_progress_and_then_the_grid(rig, monkeypatch):
    server = rig.server(workers=4, render=slow)
    server.faults.add("job", "fail", text="the GPU fell over", times=1)
    shown = shows(monkeypatch)
    seen = []
    real = live._is_over

    def watched(one):
        over = real(one)
        seen.append(shown[0]["text/html"])
        return over

    monkeypatch.setattr(live, "_is_over", watched)
    monkeypatch.setattr(live, "_TICK_S", 0.02)
    plan = plan_of(rig.studio(), PROMPTS[:3], takes=2)
    plan.run(at_once=2)
    assert list(shown) == [0], "one output, replaced in place"
    assert len(set(seen)) > 3
    assert any("of 6 clips" in html and "left" in html and "1 drawing" in Page(html).words for html in seen)
    squares = [tag for tag, given in Page(seen[0]).tags if given.get("title")]
    assert len(squares) == 6
    page = harmless(shown[0]["text/html"])
    assert sum(tag == "video" for tag, _ in page.tags) == 5
    assert all(given["preload"] == "none" and given["poster"] for tag, given in page.tags if tag == "video")
    for word in ("5 of 6 clips", "5 done", "1 failed", "$0.219 in this run", "the GPU fell over", *PROMPTS[:3]):
        assert word in page.words


def test_thousands_of_cells_are_gathered_in_few_squares():
    states = ["done"] * 1500 + ["failed"] + ["waiting"] * 499
    view = ProgressView([(state, "") for state in states], "0:42", "1:02:03", "$65.625 so far", "rate limited")
    page = harmless(progress_html(view))
    squares = [given["title"] for tag, given in page.tags if given.get("title")]
    assert len(squares) == 500
    assert squares[0] == "1–4 · 4 done"
    assert squares[375] == "1501–1504 · 3 waiting, 1 failed"
    for word in ("1,500 of 2,000 clips", "about 1:02:03 left", "$65.625 so far", "499 waiting", "rate limited"):
        assert word in page.words


def test_times_are_told_as_one_says_them():
    assert [clock(s) for s in (0, 42.9, 725, 3723)] == ["0:00", "0:42", "12:05", "1:02:03"]
    assert [about(s) for s in (0.2, 40, 240, 9000)] == ["about 1 s", "about 40 s", "about 4 min", "about 2.5 h"]


def test_a_terminal_gets_a_line_now_and_then(rig, capsys, monkeypatch):
    monkeypatch.setattr(run_module, "_LINE_EVERY_S", 0.1)
    rig.server(render=slow, workers=1)
    plan_of(rig.studio()).run(at_once=2)
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 12
    assert all(line.startswith("sweep: ") for line in lines)
    assert re.search(r"about \d+:\d\d left", lines[0])


def test_a_grid_lays_axes_out_and_says_what_is_missing(rig, monkeypatch, capsys):
    rig.server()
    studio = rig.studio()
    plan = studio.sweep(prompt=["a cat", "a dog", "a hen"], quality=["360p", "540p"], duration=1, takes=2)
    studio.generate("a dog", duration=1, quality="540p")
    shown = shows(monkeypatch)
    plan.grid()
    page = harmless(shown[0]["text/html"])
    rows = page.words.split("quality →")[1]
    assert re.match(r"360p540p", rows), "prompts have the most values and go down, qualities across; takes stack"
    assert page.words.count("not sent") == 11
    assert sum(tag == "video" for tag, _ in page.tags) == 1
    plan.grid(x="take", y="quality")
    assert "quality ↓  take →" in harmless(shown[1]["text/html"]).words
    with pytest.raises(pv.UnknownParameter, match=r"'qualty' is not an axis.*Did you mean 'quality'"):
        plan.grid(x="qualty")
    with pytest.raises(pv.InvalidParameter, match="both across and down"):
        plan.grid(x="take", y="take")
    monkeypatch.undo()
    plan.grid()
    assert "a dog · 540p · take 1 · $0.056" in capsys.readouterr().out


def test_axes_find_their_sides():
    axes = {"quality": [1, 2], "take": [1, 2, 3, 4], "prompt": [1, 2, 3]}
    assert sides(axes, None, None) == ("quality", "prompt")
    assert sides({"prompt": [1, 2], "take": [1, 2, 3]}, None, None) == ("take", "prompt")
    assert sides({"prompt": [1, 2]}, None, None) == (None, None)
    assert sides(axes, "take", None) == ("take", "prompt")
    assert sides(axes, None, "take") == ("prompt", "take")
    assert sides({"prompt": [1, 2]}, "prompt", None) == ("prompt", None)


def test_a_large_grid_has_few_players_and_says_so(rig, monkeypatch):
    server = rig.server(workers=8)
    plan = rig.studio().sweep(prompt="a cat", seed=range(PLAYERS + 5), **SMALL)
    shown = shows(monkeypatch)
    plan.run(at_once=32)
    page = harmless(shown[0]["text/html"])
    kinds = [tag for tag, _ in page.tags]
    assert (kinds.count("video"), kinds.count("img")) == (PLAYERS, 5)
    assert "the other 5 are stills" in page.words
    assert sends(server) == PLAYERS + 5


def test_the_results_show_what_was_swept_over(rig):
    rig.server()
    frame = (
        rig.studio().sweep(prompt="a red cat", replace={"red": ["blue"]}, aspect_ratio=["1:1", "9:16"], **SMALL).run()
    )
    words = Page(frame._repr_html_()).words
    for word in ("red", "aspect_ratio", "9:16", "cost_usd", "completed"):
        assert word in words
    assert isinstance(frame, pd.DataFrame)


def test_takes_stand_side_by_side_in_one_output(rig, monkeypatch):
    """`generate(takes=3)` shows three cards in a row, live, and each becomes a player."""
    from pixverse_nb import generations

    rig.server(workers=4)
    shown = shows(monkeypatch)
    monkeypatch.setattr(generations, "in_notebook", lambda: True)
    takes = rig.studio().submit("a cat", takes=3, **SMALL)
    takes.show()
    takes.wait(20)
    (bundle,) = shown.values()
    page = harmless(bundle["text/html"])
    assert sum(tag == "video" for tag, _ in page.tags) == 3
    assert all(int(given["width"]) <= 260 for tag, given in page.tags if tag == "video")
