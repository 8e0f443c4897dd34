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
