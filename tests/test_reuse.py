"""A notebook gets re-run; money must not be."""

import asyncio
import contextlib
import threading
import warnings

import pytest
from studio_rig import PACE, rigged, sends

import pixverse_nb as pv

CELLS = [
    {"prompt": "a lighthouse in a storm"},
    {"prompt": "a lighthouse in a storm", "quality": "720p", "seed": 7},
    {"prompt": "a lighthouse in a storm", "take": 2},
    {"prompt": "a cat", "duration": 8, "extra": {"style": "anime"}},
]


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


def sent(rig):
    return sends(rig.servers[0])


def test_an_identical_request_gives_the_clip_at_no_cost_and_sends_nothing(rig):
    studio = rig.studio()
    first = studio.generate("a cat", duration=5)
    again = studio.generate("a cat", quality="540p", seed=-1, aspect_ratio="16:9", take=1)  # defaults, said
    assert sent(rig) == 1
    assert again.id != first.id
    assert (again.status, again.cost_usd, again.cost_source) == ("completed", 0.0, "reused")
    assert again.reused_from == first.id
    assert again.video.path == first.video.path
    row = studio.history(id=again.id).iloc[0]
    assert row["saved_usd"] == first.cost_usd == pytest.approx(0.28125)
    assert row["reused_from"] == first.id
    text = again._repr_mimebundle_()["text/plain"]
    for word in (f"reused {first.id} from", "saved $0.281", "take=2 or reuse=False for a new one", "$0.000"):
        assert word in text


@pytest.mark.parametrize(
    "change",
    [{"take": 2}, {"reuse": False}, {"seed": 1}, {"prompt": "A cat"}, {"duration": 6}, {"negative_prompt": "rain"},
     {"generate_audio_switch": False}, {"extra": {"style": "clay"}}, {"image_url": "https://a.example/b.png"}],
    ids=str,
)  # fmt: skip
def test_whatever_differs_is_sent(rig, change):
    studio = rig.studio()
    studio.generate("a cat")
    other = studio.generate(**{"prompt": "a cat", **change})
    assert sent(rig) == 2
    assert other.reused_from is None


def test_a_reused_clip_of_a_reused_clip_names_the_one_that_was_paid_for(rig):
    studio = rig.studio()
    first = studio.generate("a cat")
    assert [studio.generate("a cat").reused_from for _ in range(3)] == [first.id] * 3
    assert sent(rig) == 1


def test_another_service_does_not_reuse(rig):
    rig.studio().generate("a cat")
    other = rig.server()
    assert rig.studio(other).generate("a cat").reused_from is None
    assert (sent(rig), sends(other)) == (1, 1)


def test_v1_and_v2_share_their_clips(rig):
    first = rig.studio(api="v1").generate("a cat")
    assert rig.studio(api="v2").generate("a cat").reused_from == first.id
    assert sent(rig) == 1


# ---- files that vanished -----------------------------------------------------------------------------------------


def test_a_clip_whose_file_has_vanished_is_fetched_again_and_says_so(rig):
    studio = rig.studio()
    first = studio.generate("a cat")
    whole, latency, done = first.video.path.read_bytes(), first.latency_s, studio.history().iloc[0]["completed_at"]
    first.video.path.unlink()
    again = studio.generate("a cat")
    assert again.id == first.id  # the very clip that was paid for, not another one
    assert again.video.path.read_bytes() == whole
    assert "vanished from the disk: fetched again from the service, at no cost" in str(again._bundle(None))
    assert sent(rig) == 1
    row = studio.history().iloc[0]
    assert (row["status"], row["cost_usd"], row["latency_s"], row["completed_at"]) == (
        "completed", pytest.approx(0.28125), latency, done,
    )  # fmt: skip
    assert studio.generate("a cat").reused_from == first.id


def test_another_kernel_fetches_a_vanished_clip_too(rig):
    first = rig.studio().generate("a cat")
    first.video.path.unlink()
    assert rig.studio().generate("a cat").id == first.id
    assert sent(rig) == 1


def test_two_threads_that_miss_the_same_file_fetch_it_once(rig):
    studio = rig.studio()
    studio.generate("a cat").video.path.unlink()
    before = len(rig.servers[0].requests)
    rig.servers[0].faults.add("download", "delay", seconds=0.2)
    both = [studio.submit("a cat"), studio.submit("a cat")]
    assert both[0].wait(20) is both[1].wait(20)
    assert sum(r.path.endswith(".mp4") for r in rig.servers[0].requests[before:]) == 1


def test_a_vanished_clip_that_the_service_has_no_more_is_asked_for_anew_and_says_so(rig):
    """Files live seven days: after that only a new clip helps, and nobody should wonder why it costs."""
    studio = rig.studio()
    first = studio.generate("a cat")
    first.video.path.unlink()
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET completed_at = completed_at - 8 * 86400000000")
    again = studio.generate("a cat")
    assert again.id != first.id
    assert f"the clip of {first.id} is the same one, but its file has vanished" in str(again._bundle(None))
    assert sent(rig) == 2


def test_a_vanished_clip_that_cannot_be_fetched_is_not_paid_for_twice_by_itself(rig):
    """Only a person who was told sends it again."""
    studio = rig.studio()
    studio.generate("a cat").video.path.unlink()
    rig.servers[0].faults.add("download", status=404, times=20)
    with pytest.raises(pv.ClipError):
        studio.generate("a cat")
    assert sent(rig) == 1


def test_why_a_vanished_clip_is_made_anew_is_true(rig):
    """Nobody asked the service for a clip that is older than it keeps them."""
    studio = rig.studio()
    first = studio.generate("a cat")
    first.video.path.unlink()
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET completed_at = completed_at - 8 * 86400000000")
    again = studio.generate("a cat")
    assert "the service keeps files for 7 days: this is a new one" in again._origin


# ---- several takes -----------------------------------------------------------------------------------------------


def test_takes_are_so_many_clips_and_run_again_they_are_the_same_ones(rig):
    studio = rig.studio()
    three = studio.generate("a cat", takes=3)
    assert [g.request.take for g in three] == [1, 2, 3]
    assert [g.status for g in three] == ["completed"] * 3
    assert sent(rig) == 3
    again = studio.submit("a cat", takes=4).wait(20)
    assert [g.reused_from for g in again] == [*(g.id for g in three), None]
    assert sent(rig) == 4
    assert studio.generate("a cat", take=5, takes=1)[0].request.take == 5


def test_takes_are_sent_all_or_not_at_all(rig):
    studio = rig.studio(budget=1.0)
    with pytest.raises(pv.BudgetExceeded, match=r"these 4 clips may cost \$1\.125") as caught:
        studio.generate("a cat", takes=4)
    assert "room for 3 of them ($0.844)" in caught.value.remedy
    assert sent(rig) == 0
    assert len(studio.history()) == 0
    studio.generate("a cat", takes=3)
    assert sent(rig) == 3


def test_one_failing_take_is_told_and_does_not_stop_the_others(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "fail")
    three = studio.submit("a cat", takes=3)
    with pytest.raises(pv.GenerationFailed):
        three.wait(20)
    assert sorted(g.status for g in three) == ["completed", "completed", "failed"]


def test_takes_can_be_awaited(rig):
    async def both():
        return await rig.studio().submit("a cat", takes=2)

    assert [g.status for g in asyncio.run(both())] == ["completed", "completed"]


@pytest.mark.parametrize("takes", [0, -1, 1.5, True, "2"])
def test_a_number_of_takes_that_is_none_is_refused(rig, takes):
    with pytest.raises(pv.InvalidParameter, match="takes="):
        rig.studio().generate("a cat", takes=takes)
    assert sent(rig) == 0


# ---- refused before ----------------------------------------------------------------------------------------------


def test_what_moderation_refused_warns_before_it_is_sent_again(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "moderation", times=1)
    with pytest.raises(pv.ModerationRefused) as caught:
        studio.generate("a cat")
    assert caught.value.detail.rstrip(".") in studio.history().iloc[0]["error"]
    with pytest.warns(UserWarning, match="moderation refused this very request"):
        studio.generate("a cat")
    assert sent(rig) == 2
    studio.generate("a cat", take=2)  # it was drawn since: no warning, which would be an error here


def test_a_refusal_is_said_each_time_in_whatever_take_and_after_other_errors(rig):
    """Found by a reader: Python shows the same warning of the same line once, and a 500 in between hid the refusal."""
    studio = rig.studio()
    rig.servers[0].faults.add("job", "moderation", times=None)
    with pytest.raises(pv.ModerationRefused):
        studio.generate("a cat")
    for again in ({}, {}, {"take": 2}):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("default")
            with pytest.raises(pv.ModerationRefused):
                studio.generate("a cat", **again)
        assert [w.category for w in said] == [pv.ModerationWarning]
        assert said[0].filename == __file__
    rig.servers[0].faults.clear()
    rig.servers[0].faults.add("submit", status=500)
    for _ in range(2):
        with pytest.warns(pv.ModerationWarning), contextlib.suppress(pv.ServerError):
            studio.generate("a cat")


def test_a_failed_request_is_sent_again(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "fail")
    with pytest.raises(pv.GenerationFailed):
        studio.generate("a cat")
    assert studio.generate("a cat").status == "completed"
    assert sent(rig) == 2


def test_two_threads_that_ask_for_the_same_at_once_share_one_job(rig):
    studio, other = rig.studio(), rig.studio()
    rig.servers[0].faults.add("status", "delay", seconds=0.3)  # it is under way while the others come
    barrier = threading.Barrier(6)
    made = []

    def ask(desk):
        barrier.wait()
        made.append(desk.submit("a cat").wait(20))

    threads = [threading.Thread(target=ask, args=(desk,)) for desk in (studio, other) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent(rig) == 1
    assert len({generation.id for generation in made}) == 1
    assert len(studio.history()) == 1
    assert made[0].status == "completed"


def test_whoever_joins_a_job_does_not_take_it_from_the_one_who_is_about_to_send_it(rig, monkeypatch):
    """Between the row and the start of its job, another thread of the same studio asks for the same."""
    studio, joined = rig.studio(), threading.Event()
    real = studio._follow

    def follow(generation, *, fresh=False):
        if fresh:
            joined.wait(0.5)
        real(generation, fresh=fresh)
        if not fresh:
            joined.set()

    monkeypatch.setattr(studio, "_follow", follow)
    made = []
    threads = [threading.Thread(target=lambda: made.append(studio.submit("a cat"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {generation.wait(20).status for generation in made} == {"completed"}
    assert len(studio.history()) == 1
    assert sent(rig) == 1


def test_a_request_whose_outcome_is_unknown_is_not_sent_again_by_itself(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("submit", status=503)
    with pytest.raises(pv.OutcomeUnknown):
        studio.generate("a cat")
    with pytest.raises(pv.OutcomeUnknown):
        studio.generate("a cat")
    assert sent(rig) == 1
    assert studio.generate("a cat", reuse=False).status == "completed"  # a person's decision
    assert sent(rig) == 2


def test_restart_and_run_all_of_a_finished_notebook_sends_nothing(rig):
    first = [rig.studio().generate(**cell).video.path for cell in CELLS]
    assert sent(rig) == len(CELLS)
    again = [rig.studio(pace=PACE).generate(**cell) for cell in CELLS]
    assert sent(rig) == len(CELLS)
    assert [generation.video.path for generation in again] == first
    assert sum(generation.cost_usd for generation in again) == 0
