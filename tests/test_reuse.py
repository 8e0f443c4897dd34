"""A notebook gets re-run; money must not be."""

import threading

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


def test_a_clip_whose_file_is_gone_is_sent_for_again(rig):
    studio = rig.studio()
    studio.generate("a cat").video.path.unlink()
    assert studio.generate("a cat").reused_from is None
    assert sent(rig) == 2
    assert studio.generate("a cat").reused_from is not None


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
