"""What is awaited hears an interruption as soon as what blocks does, and says what it left."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from panel_rig import Easel, until
from studio_rig import KEY, PACE, rigged, sends
from test_plan import interrupt_when

import pixverse_nb as pv

SMALL = {"duration": 1, "quality": "360p"}
SWEEP = "studio.sweep(prompt=['a', 'b', 'c'], duration=1, quality='360p')"
BOARD = "studio.storyboard(['a', 'b', 'c'], duration=1, quality='360p')"


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        yield made


@pytest.fixture
def easel():
    easel = Easel()
    yield easel
    easel.ready.set()


# What is interrupted while its first job is drawn; what may have been sent by then; what is said.
AWAITED = {
    "a sweep": (
        f"await {SWEEP}.run_async(at_once=1)",
        1,
        "the sweep: 0 of 3 clips are there, 1 is in flight and goes on, 2 were not sent. Run it again to go on.",
    ),
    "a film": (
        f"await {BOARD}.run_async()",
        1,
        "the storyboard: 0 of 3 clips are there, 1 is in flight and goes on, 2 were not sent. Run it again to go on.",
    ),
    "a clip": ("await studio.submit('a cat')", 1, "the job goes on. Run the cell again to pick it up."),
    "takes": (
        "await studio.submit('a cat', takes=2)",
        2,
        "you stopped waiting for 2 generations, which go on. Run the cell again to pick them up.",
    ),
}


@pytest.mark.parametrize("what", AWAITED)
def test_in_a_kernel_what_is_awaited_stops_at_once_and_sends_nothing_more(rig, kernel, easel, what):
    """ipykernel's interruption wakes no loop: a sweep went on to its end, and every clip was paid for."""
    code, sent, said = AWAITED[what]
    server = rig.server(render=easel)
    setup = (
        "import pixverse_nb as pv\n"
        f"studio = pv.Studio({KEY!r}, base_url={server.url!r}, home={str(rig.home)!r}, pace=pv.{PACE!r})"
    )
    reply, outputs = kernel.execute(setup)
    assert reply["status"] == "ok", outputs
    interrupted_at = []

    def interrupt():
        until(lambda: sends(server) == sent)
        time.sleep(0.3)
        interrupted_at.append(time.monotonic())
        kernel.interrupt()

    threading.Thread(target=interrupt, daemon=True).start()
    reply, outputs = kernel.execute(code)
    assert time.monotonic() - interrupted_at[0] < 5, "the easel waits for a minute"
    assert reply["ename"] == "CancelledError"
    assert reply["evalue"].endswith(said)
    assert len(reply["traceback"]) == 1, "one sentence, and no stack of frames"
    easel.ready.set()
    reply, outputs = kernel.execute("import time; time.sleep(1.5); print(studio.history()['status'].tolist())")
    assert outputs[-1][1]["text"] == f"{['completed'] * sent}\n"
    assert sends(server) == sent


@pytest.mark.parametrize("what", ["a sweep", "a film"])
def test_ctrl_c_that_leaves_the_loop_standing_stops_the_run(rig, easel, what):
    """In a terminal's IPython Ctrl-C leaves the loop, and the task is never told. Later cells are not disturbed."""
    server = rig.server(render=easel)
    studio = rig.studio()
    sweep = studio.sweep(prompt=["a", "b", "c"], **SMALL)
    run = sweep.run_async(at_once=1) if what == "a sweep" else studio.storyboard(["a", "b", "c"], **SMALL).run_async()
    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(run)
        interrupt_when(lambda: sends(server) == 1)
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(task)
        assert not task.done()
        time.sleep(2)
        easel.ready.set()
        until(lambda: list(studio.history()["status"]) == ["completed"])
        time.sleep(1)
        assert sends(server) == 1, "nothing more left the machine"
        loop.run_until_complete(asyncio.sleep(0.2))
        assert task.cancelled()
    finally:
        loop.close()


def test_a_loop_that_rests_for_a_moment_stops_nothing(rig, easel):
    """A script may run its loop piece by piece."""
    server = rig.server(render=easel)
    plan = rig.studio().sweep(prompt=["a", "b"], **SMALL)
    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(plan.run_async(at_once=1))
        for _ in range(4):
            loop.run_until_complete(asyncio.sleep(0.3))
            time.sleep(0.4)
        easel.ready.set()
        assert len(loop.run_until_complete(task)) == 2
    finally:
        loop.close()
    assert sends(server) == 2


def test_waiting_again_takes_the_word_back_that_nobody_waits(rig, easel):
    rig.server(render=easel)
    clip = rig.studio().submit("a cat", **SMALL)

    async def briefly():
        await asyncio.wait_for(clip, 0.3)

    with pytest.raises(TimeoutError if issubclass(asyncio.TimeoutError, TimeoutError) else asyncio.TimeoutError):
        asyncio.run(briefly())
    assert "You stopped waiting" in clip._repr_mimebundle_()["text/plain"]
    with pytest.raises(pv.WaitTimeout):
        clip.wait(0.1)
    assert "You stopped waiting" not in clip._repr_mimebundle_()["text/plain"]
    easel.ready.set()
    assert clip.wait(20).status == "completed"
