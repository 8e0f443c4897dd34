"""The runner: many jobs on a few threads, none of them held back by another."""

import threading

import pytest
from job_rig import eventually

from pixverse_nb.runner import Runner


def test_a_long_step_holds_no_other_back():
    """Two steps that come while one thread is idle: it takes one, and another thread is found for the other."""
    runner = Runner(4)
    first = threading.Event()
    runner.add(first.set)
    assert first.wait(5)
    eventually(lambda: runner._waiting == 1)
    release, started = threading.Event(), threading.Barrier(4, timeout=5)

    def long():
        started.wait()
        release.wait(5)

    with runner._change:  # the idle thread cannot wake between the two
        runner.add(long)
        runner.add(long)
        runner.add(long, delay_s=0.01)
    started.wait()  # all three run at once
    release.set()


def test_steps_are_called_when_they_are_due_and_an_error_ends_only_its_own(caplog):
    runner = Runner(1)
    order, done = [], threading.Event()
    pauses = iter([0.02, None])

    def again():
        order.append("again")
        return next(pauses)

    def bad():
        order.append("bad")
        raise ValueError("a bug")

    with runner._change:
        runner.add(again)
        runner.add(bad, delay_s=0.01)
        runner.add(done.set, delay_s=0.05)
    assert done.wait(5)
    assert order == ["again", "bad", "again"]
    assert "a step failed" in caplog.text


def test_idle_threads_go_away(monkeypatch):
    monkeypatch.setattr("pixverse_nb.runner._IDLE_S", 0.02)
    runner = Runner(8)
    for _ in range(8):
        runner.add(lambda: None)
    eventually(lambda: runner._threads == 0)
    done = threading.Event()
    runner.add(done.set)
    assert done.wait(5)


def test_a_machine_without_threads_to_spare_loses_no_step(monkeypatch):
    """A thread that cannot be started is one fewer, not a lost job."""
    runner = Runner(4)
    done = [threading.Event() for _ in range(3)]
    real = threading.Thread.start

    def refuse(thread):
        if thread.name == "pixverse-job" and runner._threads:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with runner._change:
        for event in done:
            runner.add(event.set)
    assert all(event.wait(5) for event in done)
    assert runner._threads == 1


def test_a_machine_without_any_thread_says_so(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError):
        Runner(4).add(print)


def test_an_earlier_step_is_called_before_the_one_that_is_waited_for():
    """One thread waits for the first due time; what comes later and is due sooner wakes it."""
    runner = Runner(2)
    order, done = [], threading.Event()
    runner.add(lambda: done.set() or order.append("later"), delay_s=0.3)
    eventually(lambda: runner._waiting == 1)
    runner.add(lambda: order.append("sooner"), delay_s=0.02)
    assert done.wait(5)
    assert order == ["sooner", "later"]


def test_hundreds_of_waiting_steps_wake_one_thread_each_time():
    """Not every idle one: after a burst that needed all threads, one of them watches the clock."""
    runner = Runner(8)
    together, calls, wakes = threading.Barrier(8, timeout=5), [], []
    for _ in range(8):
        runner.add(lambda: together.wait(5) < 0 or None)
    eventually(lambda: runner._waiting == runner._threads == 8)
    real = runner._wait
    runner._wait = lambda pause: (wakes.append(1), real(pause))

    def step():
        calls.append(1)
        return 0.05 if len(calls) < 500 else None

    for _ in range(100):
        runner.add(step, delay_s=0.05)
    eventually(lambda: len(calls) >= 500)
    assert len(wakes) < 3 * len(calls)


def test_idle_threads_go_away_while_jobs_wait(monkeypatch):
    """A burst's threads are not kept for as long as the last job takes."""
    monkeypatch.setattr("pixverse_nb.runner._IDLE_S", 0.05)
    runner = Runner(8)
    together, done = threading.Barrier(8, timeout=5), threading.Event()
    for _ in range(8):
        runner.add(lambda: together.wait(5) < 0 or None)
    runner.add(done.set, delay_s=1.0)
    eventually(lambda: runner._threads == 1, 0.9)
    assert done.wait(5)


@pytest.mark.parametrize("threads", [1, 3])
def test_no_step_is_lost_or_called_twice_at_once(threads):
    """Hundreds of steps that come back at odd times, added from many threads."""
    runner, lock = Runner(threads), threading.Lock()
    left, busy, wrong = dict.fromkeys(range(300), 5), set(), []

    def make(name):
        def step():
            with lock:
                wrong.extend([name] if name in busy else [])
                busy.add(name)
            with lock:
                busy.discard(name)
                left[name] -= 1
                return (name % 7) / 500 if left[name] else None

        return step

    adders = [threading.Thread(target=lambda n=n: [runner.add(make(k)) for k in range(n, 300, 4)]) for n in range(4)]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    eventually(lambda: not any(left.values()))
    assert wrong == []
    assert runner._threads <= threads
