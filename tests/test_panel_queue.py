"""The panel's queue: a click returns at once, every job has its line, and what a button says is true."""

from __future__ import annotations

import contextlib
import time

import pytest
from panel_rig import Easel, click, registry, until, values
from PIL import Image
from studio_rig import rigged, sends

import pixverse_nb as pv
from pixverse_nb import errors
from pixverse_nb.panel.chores import Chores
from pixverse_nb.panel.pricetag import wait_words
from pixverse_nb.panel.queue import Queue
from pixverse_nb.panel.sending import send
from pixverse_nb.panel.ticker import Ticker
from pixverse_nb.store.words import now_us

pytestmark = pytest.mark.filterwarnings("ignore:.*ipykernel.comm.Comm.*:DeprecationWarning")  # ipywidgets 7
EVIL = '<img src=x onerror="document.title=1">'


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as rig:
        yield rig


@pytest.fixture
def easel():
    easel = Easel()
    yield easel
    easel.ready.set()


@pytest.fixture
def queue_of():
    made = []

    def make(studio):
        queue = Queue(studio)
        made.append(queue)
        return queue

    yield make
    for queue in made:
        queue.close()


def words(queue):
    return [line._words.value for line in queue._lines if line._shown]


def names(line):
    return [button.description for button in line._buttons.children]


def test_each_job_has_a_line_from_the_click_to_its_clip(rig, easel, queue_of):
    """Its state in words, its prompt as text, its cost; the callback tells what ended, once."""
    studio = rig.studio(rig.server(render=easel))
    queue = queue_of(studio)
    ended = []
    queue.on_ended.append(ended.extend)
    generations, warning = send(studio, values(prompt=EVIL, takes=2))
    queue.add_all(generations)
    assert warning == ""
    assert len(words(queue)) == 2
    assert "<img src=x" not in "".join(words(queue))
    assert "&lt;img src=x" in words(queue)[0]
    assert "2 running" in queue._head.value
    assert names(queue._lines[0]) == ["Stop waiting · still billed"]
    easel.ready.set()
    until(lambda: len(ended) == 2)
    assert {one.id for one in ended} == {one.id for one in generations}
    assert all("completed" in text and "reported" in text for text in words(queue))
    assert 'role="status"' in queue._status.value
    assert 'aria-live="polite"' in queue._status.value
    assert "ompleted" in queue._status.value
    assert names(queue._lines[0]) == ["Dismiss"]


def test_a_click_is_always_a_new_take_and_two_kernels_never_share(rig):
    """The first free take numbers are sent, and sent in any case; nothing is reused or joined."""
    server = rig.server()
    studio, other = rig.studio(server), rig.studio(server)
    first, _ = send(studio, values())
    second, _ = send(other, values())
    both, _ = send(studio, values(takes=2))
    assert [one.request.take for one in (*first, *second, *both)] == [1, 2, 3, 4]
    for one in (*first, *second, *both):
        one.wait()
    assert sends(server) == 4
    studio.submit(**values(), take=5).wait()
    assert send(studio, values())[0][0].request.take == 6
    assert len({one.id for one in (*first, *second, *both)}) == 4


def test_takes_are_sent_all_or_none(rig):
    """A budget with room for two of three sends none, and says what would fit."""
    server = rig.server()
    studio = rig.studio(server, budget=0.1)
    with pytest.raises(errors.BudgetExceeded, match="room for 2 of them"):
        send(studio, values(takes=3))
    assert sends(server) == 0


def test_a_take_whose_job_failed_is_free_again(rig):
    """A failed job stands for nothing: its number is the next take's."""
    server = rig.server()
    studio = rig.studio(server)
    server.faults.add("job", "fail", skip=1)
    first, second = send(studio, values(takes=2))[0]
    for one in (first, second):
        with contextlib.suppress(errors.GenerationFailed):
            one.wait()
    assert {first.status, second.status} == {"completed", "failed"}
    failed = next(one for one in (first, second) if one.status == "failed")
    assert studio._next_takes(first.request, 3) == [failed.request.take, 3, 4]


def test_stop_waiting_hides_the_line_and_the_job_goes_on(rig, easel, queue_of):
    """It says that it is still running and still billed; the not watched ones can be seen and taken back."""
    studio = rig.studio(rig.server(render=easel))
    queue = queue_of(studio)
    (generation,), _ = send(studio, values())
    queue.add(generation)
    line = queue._lines[0]
    click(line.stop)
    assert not line._shown
    assert queue._aside.description == "Not watched (1)"
    assert "pixverse-gone" not in queue._aside._dom_classes
    assert "still running and still billed" in queue._status.value
    queue._aside.value = True
    assert line._shown
    assert names(line) == ["Resume"]
    click(line.resume)
    queue.settle()
    assert names(line) == ["Stop waiting · still billed"]
    assert queue._aside.description == "Not watched (0)"
    assert "pixverse-gone" in queue._aside._dom_classes
    easel.ready.set()
    generation.wait()


def test_one_that_is_not_watched_comes_back_when_it_has_ended(rig, easel, queue_of):
    """What ended is told, whoever had stopped waiting for it."""
    studio = rig.studio(rig.server(render=easel))
    queue = queue_of(studio)
    (generation,), _ = send(studio, values())
    queue.add(generation)
    click(queue._lines[0].stop)
    easel.ready.set()
    generation.wait()
    until(lambda: queue._lines[0]._shown)
    assert names(queue._lines[0]) == ["Dismiss"]


def test_a_failed_job_says_why_and_retry_sends_it_anew_at_the_price_on_the_button(rig, queue_of):
    """The reason and its remedy stand in the line; one click is one job, even when it is clicked twice."""
    server = rig.server()
    studio = rig.studio(server)
    server.faults.add("job", "fail", text="the painter fell ill")
    queue = queue_of(studio)
    (generation,), _ = send(studio, values())
    queue.add(generation)
    until(lambda: names(queue._lines[0]) == ["Retry · $0.04", "Dismiss"])
    assert 'role="alert"' in words(queue)[0]
    assert "the painter fell ill" in words(queue)[0]
    assert "Nothing was billed" in words(queue)[0]
    for _ in range(2):
        click(queue._lines[0].retry)
    queue.settle()
    (new,) = queue.generations
    assert new.id != generation.id
    assert new.request == generation.request
    new.wait()
    assert sends(server) == 2


def test_a_retry_sends_the_same_picture(rig, queue_of, tmp_path):
    """The copy that the home kept is sent again: the very same request."""
    server = rig.server()
    studio = rig.studio(server)
    picture = tmp_path / "fox.png"
    Image.new("RGB", (320, 320), "orange").save(picture)
    server.faults.add("job", "fail")
    queue = queue_of(studio)
    (generation,), _ = send(studio, values(image=str(picture)))
    queue.add(generation)
    picture.unlink()
    until(lambda: generation.ended)
    queue.settle()
    click(queue._lines[0].retry)
    queue.settle()
    (new,) = queue.generations
    assert new.request == generation.request
    assert new.wait().video is not None


def test_what_a_retry_cannot_do_stands_in_its_line(rig, queue_of):
    """A budget without room: the line says so, nothing is sent, and the button is there again."""
    server = rig.server()
    studio = rig.studio(server)
    server.faults.add("job", "fail")
    queue = queue_of(studio)
    (generation,), _ = send(studio, values())
    queue.add(generation)
    until(lambda: generation.ended)
    queue.settle()
    studio.budget = pv.Budget(per_home=0.01)
    click(queue._lines[0].retry)
    queue.settle()
    assert "the budget for this home is $0.010" in words(queue)[0]
    assert names(queue._lines[0]) == ["Retry · $0.04", "Dismiss"]
    assert sends(server) == 1


def test_moderation_that_refused_it_before_is_said(rig):
    """Sent again it is, for a person asked for it; the words come back instead of going to a log."""
    server = rig.server()
    studio = rig.studio(server)
    server.faults.add("job", "moderation")
    (one,), warning = send(studio, values())
    assert warning == ""
    with pytest.raises(errors.ModerationRefused):
        one.wait()
    _, warning = send(studio, values())
    assert "moderation refused this very request" in warning


def test_a_stalled_job_can_be_resumed(rig, queue_of):
    """A key that is refused stalls it; its line says why, and Resume goes on where it stood."""
    server = rig.server()
    studio = rig.studio(server)
    server.faults.add("status", status=401, times=1)
    queue = queue_of(studio)
    (generation,), _ = send(studio, values())
    queue.add(generation)
    until(lambda: names(queue._lines[0]) == ["Resume", "Stop waiting · still billed"])
    assert 'role="alert"' in words(queue)[0]
    click(queue._lines[0].resume)
    queue.settle()
    until(lambda: generation.status == "completed")
    assert sends(server) == 1


def test_unfinished_jobs_of_an_earlier_kernel_are_there_from_the_start(rig, easel, queue_of):
    """A new studio resumes them, and its queue shows them."""
    server = rig.server(render=easel)
    generation = rig.studio(server).submit(**values())
    until(lambda: generation.status in {"queued", "processing"})
    queue = queue_of(rig.studio(server))
    assert [one.id for one in queue.generations] == [generation.id]
    easel.ready.set()
    generation.wait()
    until(lambda: "completed" in words(queue)[0])
    assert sends(server) == 1


def test_what_other_cells_ask_for_is_in_the_queue_too(rig, easel, queue_of):
    """A job of `studio.submit`, and the end of one that was reused: a panel that is shown knows of both, once."""
    server = rig.server(render=easel)
    studio = rig.studio(server)
    queue = queue_of(studio)
    told = []
    queue.on_ended.append(told.extend)
    generation = studio.submit(**values())
    until(lambda: [one.id for one in queue.generations] == [generation.id])
    easel.ready.set()
    generation.wait()
    until(lambda: [one.id for one in told] == [generation.id])
    again = studio.submit(**values())
    assert again.reused_from == generation.id
    until(lambda: [one.id for one in told] == [generation.id, again.id])
    assert sends(server) == 1


@pytest.mark.parametrize(
    ("passed", "expected", "words"),
    [(0, 0.4, "0:00 · under 1 s left"), (5, 0.4, "0:05 · longer than usual"),
     (5, 3, "0:05 · longer than the usual 0:03"), (5, 66, "0:05 · about 1:00 left"), (3700, None, "1:01:40")],
)  # fmt: skip
def test_the_clock_promises_no_0_00(rig, easel, queue_of, passed, expected, words):
    """A wait that is too short for a clock is called so, before the job and after it."""
    studio = rig.studio(rig.server(render=easel))
    queue = queue_of(studio)
    queue.add(generation := studio.submit(**values()))
    until(lambda: generation._row["sent_at"] is not None)
    generation._expected_s = expected
    generation._row = {**generation._row, "sent_at": now_us() - int(passed * 1e6 + 2e5)}
    assert queue._lines[0]._clock() == words
    assert [wait_words(s, "about ") for s in (0.2, 1.4, 66)] == ["under 1 s", "about 0:01", "about 1:06"]
    easel.ready.set()
    generation.wait()
    generation._row = {**generation._row, "latency_s": 0.3}
    assert queue._lines[0]._clock() == "in under 1 s"


def test_a_budget_that_a_cell_sets_is_told_too(rig, queue_of):
    """The bar and the button's words speak of it."""
    studio = rig.studio(rig.server())
    queue, told = queue_of(studio), []
    queue.on_begun.append(lambda: told.append(studio.budget.per_day))
    studio.budget = 3.0
    until(lambda: told == [3.0])


def test_a_closed_queue_is_told_nothing(rig, easel):
    studio = rig.studio(rig.server(render=easel))
    queue = Queue(studio)
    queue.close()
    assert len(studio._watchers) == 0
    easel.ready.set()
    studio.submit(**values()).wait()
    assert queue._lines == []


def test_nothing_is_drawn_anew_that_reads_the_same(rig, queue_of):
    """Ticks that learn nothing set no trait; a new line leaves those before it in place."""
    studio = rig.studio(rig.server())
    queue = queue_of(studio)
    (one,), _ = send(studio, values())
    queue.add(one)
    one.wait()
    queue.settle()
    changes = []
    for widget in (queue._head, queue._status, queue._list, queue._more, queue._lines[0]._words):
        widget.observe(changes.append)
    for _ in range(3):
        queue._tick()
    assert changes == []


def test_a_new_line_leaves_those_before_it_in_place(rig, easel, queue_of):
    """The front end draws anew whatever stands after a change: so new lines stand below, and hidden ones stay."""
    studio = rig.studio(rig.server(render=easel))
    queue = queue_of(studio)
    queue.add_all(send(studio, values(takes=2))[0])
    boxes = queue._list.children
    click(queue._lines[0].stop)
    assert queue._list.children == boxes
    queue.add_all(send(studio, values())[0])
    assert queue._list.children[:2] == boxes


def test_hundreds_of_jobs_have_a_bounded_number_of_lines(rig, easel, queue_of):
    """What has no line is counted, and moves up when there is room."""
    studio = rig.studio(rig.server(render=easel), concurrency=4)
    queue = queue_of(studio)
    generations, _ = send(studio, values(takes=60))
    queue.add_all(generations)
    assert len(queue._lines) == 40
    assert "20 more" in queue._more.value
    assert len(queue.generations) == 60
    assert "60 running" in queue._head.value
    easel.ready.set()
    for one in generations:
        one.wait()
    queue.settle()
    click(queue._clear)
    assert queue._lines == []


def test_closed_widgets_are_given_back(rig):
    """Nothing of a queue stays in the registry: not its lines, their buttons, layouts or styles."""
    studio = rig.studio(rig.server())
    before = registry()
    queue = Queue(studio)
    generations, _ = send(studio, values(takes=2))
    queue.add_all(generations)
    for one in generations:
        one.wait()
    queue.settle()
    click(queue._lines[0].dismiss)
    queue.close()
    assert registry() == before


def test_chores_keep_their_order_and_their_errors_have_a_place():
    """One after the other; an error is told in words, and the next one is done all the same."""
    told, done = [], []
    chores = Chores(told.append)

    def fail():
        raise errors.InvalidParameter("no such thing", remedy="Do otherwise.", billed=False)

    for chore in (lambda: done.append(1), fail, lambda: 1 / 0, lambda: done.append(2)):
        chores.run(chore)
    chores.settle()
    assert done == [1, 2]
    assert told[0] == "no such thing. Nothing was billed. Do otherwise."
    assert told[1].startswith("ZeroDivisionError")


def test_the_ticker_stops_when_nothing_moves_and_starts_again(monkeypatch):
    """No thread is left behind an idle panel; a tick that fails does not stop it."""
    monkeypatch.setattr("pixverse_nb.panel.ticker.TICK_S", 0.01)
    ticks = []

    def tick():
        ticks.append(1)
        if len(ticks) == 2:
            raise RuntimeError
        return len(ticks) not in {3, 5}

    ticker = Ticker(tick)
    ticker.start()
    until(lambda: len(ticks) == 3 and not ticker._running)
    ticker.start()
    until(lambda: len(ticks) == 5 and not ticker._running)
    ticker.stop()
    ticker.start()
    assert not ticker._running


def test_a_job_whose_answer_was_lost_is_looked_for_and_never_sent_again(rig, queue_of):
    """Its line says that it may be billed; Resume looks into the account's history at once."""
    lag_s = 0.5
    server = rig.server(history_lag_s=lag_s)
    studio = rig.studio(server)
    server.faults.add("submit", "cut", queued=True)
    queue = queue_of(studio)
    (generation,), _ = send(studio, values())
    queue.add(generation)
    until(lambda: generation.status == "unknown")
    queue.settle()
    assert "outcome unknown" in words(queue)[0]
    assert "may be running and billed" in words(queue)[0]
    assert names(queue._lines[0]) == ["Resume", "Stop waiting · still billed"]
    time.sleep(lag_s)  # the account's history has it only now
    click(queue._lines[0].resume)
    queue.settle()
    until(lambda: generation.status == "completed")
    assert sends(server) == 1
