"""The gate: one refusal is enough for all jobs of a studio, and the account's limit is learned and kept."""

import heapq
import random
import threading
import time
from collections import deque
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from job_rig import PACE, WISH, assert_home, eventually, row_of
from PIL import Image
from scripted import Answer
from studio_rig import rigged, sends

import pixverse_nb as pv
from pixverse_nb import errors
from pixverse_nb.gate import STEP_S, Gate
from pixverse_nb.store.words import now_us

pytest_plugins = ["job_fixtures"]


# ---- by the clock ----------------------------------------------------------------------------------------------------


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def limited(reset_s=1.0):
    error = errors.RateLimited("too many requests", status_code=429)
    error.reset_s = reset_s
    return error


def pass_by(gate, key, error=None):
    """A request that was let through, and what came of it."""
    try:
        with gate.through(key):
            if error is not None:
                raise error
    except errors.PixverseError as raised:
        assert raised is error  # noqa: PT017  what a request raises goes on


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(clock):
    return Gate(clock)


class World:
    """A service that takes `limit` requests in any `window_s`, and many who want in, each with the gate before it.

    Attributes
    ----------
    refused : list of float
        The moments of the refusals.
    taken : list of float
        The moments of the others.
    """

    def __init__(self, limit, *, window_s=60.0, reset=None, threads=16, seed=1) -> None:
        self.clock, self.limit, self.window_s, self.reset, self.threads = Clock(), limit, window_s, reset, threads
        self.start = self.clock.now
        self.gate, self.dice = Gate(self.clock), random.Random(seed)
        self.refused, self.taken, self.looks, self.learned = [], [], 0, []
        self._window = deque()

    def run(self, jobs):
        """Let so many send; returns the seconds until the last of them was taken."""
        events = [(self.clock.now, number, f"job {number}", "look") for number in range(jobs)]
        heapq.heapify(events)
        busy = 0
        while events:
            self.clock.now, order, key, what = heapq.heappop(events)
            if what == "look" and busy >= self.threads:
                heapq.heappush(events, (self.clock.now + 0.05, order, key, "look"))
            elif what == "look":
                self.looks += 1
                pause = min(self.gate.ask(key), STEP_S)
                busy += pause == 0
                what = "look" if pause else "arrive"
                late = pause or self.dice.uniform(0.01, 0.2)
                heapq.heappush(events, (self.clock.now + late, order, key, what))
            elif what == "arrive":
                answer = self._answer()
                heapq.heappush(events, (self.clock.now + self.dice.uniform(0.01, 0.2), order, key, answer))
            else:
                busy -= 1
                pass_by(self.gate, key, None if what is True else limited(what))
                self.learned.append(self.gate.per_minute)
                if what is not True:
                    heapq.heappush(events, (self.clock.now + min(self.gate.turn(key), STEP_S), order, key, "look"))
        return self.clock.now - self.start

    def _answer(self):
        now = self.clock.now
        while self._window and self._window[0] <= now - self.window_s:
            self._window.popleft()
        if len(self._window) < self.limit:
            self._window.append(now)
            self.taken.append(now)
            return True
        self.refused.append(now)
        return max(self._window[0] + self.window_s - now, 0.5) if self.reset is None else self.reset


@pytest.mark.parametrize("limit", [1, 5, 50])
def test_the_limit_is_learned_from_one_burst_and_then_kept(limit):
    """Five a minute, as published: what was under way together is refused, and hardly anything after it."""
    world = World(limit)
    jobs = max(6 * limit, 30)
    took = world.run(jobs)
    assert len(world.taken) == jobs
    first = world.refused[0]
    assert sum(moment <= first + 1 for moment in world.refused) <= 16
    assert sum(moment > first + 1 for moment in world.refused) <= 1 + jobs // 20
    assert limit <= max(rate for rate in world.learned if rate) <= 2 * limit
    assert took < 1.25 * 60 * (jobs / limit - 1) + 10  # and little time is lost by it


def test_a_hundred_waiting_sends_are_not_a_hundred_refusals():
    """As they were when each job waited by itself: 100 times a minute for ten minutes."""
    world = World(10)
    world.run(100)
    assert len(world.refused) <= 16 + 4
    assert world.looks < 100 * 20  # looking costs nothing, but it does not spin either


def test_a_reset_that_lies_in_the_past_makes_the_pauses_grow():
    """Half a second at first, then doubling, as long as the service refuses; never much more than a minute."""
    clock, pauses = Clock(), []
    gate = Gate(clock)
    for _ in range(12):
        while (pause := gate.ask("a")) > 0:
            clock.now += pause
            pauses[-1] += pause
        pass_by(gate, "a", limited(0.5))
        pauses.append(0.0)
    assert pauses[:8] == pytest.approx([0.5, 1, 2, 4, 8, 16, 32, 60], rel=0.06)
    assert max(pauses) < 63


def test_a_reset_that_is_wrong_is_found_out_by_the_second_refusal():
    """The service takes five a minute, but says each time to come again in half a second."""
    world = World(5, reset=0.5)
    world.run(30)
    assert len(world.refused) <= 16 + 3
    assert max(rate for rate in world.learned if rate) < 8


def test_a_limit_by_the_second_is_not_taken_for_one_by_the_minute():
    """Its reset says so; each time one finds out that it is reached, and no more."""
    world = World(5, window_s=1.0)
    assert world.run(100) < 60  # at five a minute it would take twenty minutes
    assert len(world.refused) < 16 + 100 / 5 + 5
    assert len(world.taken) == 100


@given(limit=st.integers(1, 30), jobs=st.integers(1, 80), seed=st.integers(0, 99), window=st.sampled_from([2.0, 60.0]))
@settings(max_examples=60, deadline=None)
def test_everybody_gets_in_once_whatever_the_limit(limit, jobs, seed, window):
    world = World(limit, window_s=window, seed=seed)
    world.run(jobs)
    assert len(world.taken) == jobs
    assert not world.gate._line
    assert not world.gate._out


def test_after_the_reset_one_goes_first_then_two_then_four(gate, clock):
    assert gate.ask("a") == 0
    pass_by(gate, "a", limited(10))
    assert 10 <= gate.ask("b") < 10.6
    clock.now += 11
    assert gate.ask("b") == 0
    assert all(gate.ask(key) > 0 for key in "cdefg")
    pass_by(gate, "b")
    assert [gate.ask(key) == 0 for key in "cdefg"] == [True, True, False, False, False]
    pass_by(gate, "c")
    assert [gate.ask(key) == 0 for key in "efg"] == [True, True, True]


def test_one_who_never_comes_back_holds_up_nobody_for_long(gate, clock):
    """A job that was let go while it waited, at the head of the line."""
    assert gate.ask("a") == 0
    pass_by(gate, "a", limited(1))
    gate.ask("gone")
    gate.ask("b")
    waited = clock.now
    while (pause := gate.ask("b")) > 0:
        clock.now += pause
    assert clock.now - waited < 20


def test_one_who_says_nothing_for_seconds_was_let_in(gate, clock):
    """v1 answers after a minute, but refuses at once: its silence must not hold the others up."""
    assert gate.ask("a") == 0
    pass_by(gate, "a", limited(1))
    clock.now += 2
    assert gate.ask("blocking") == 0
    assert gate.ask("b") > 0
    clock.now += 6
    assert [gate.ask(key) == 0 for key in "bcd"] == [True, True, False]


def test_each_is_told_when_it_will_be_its_turn(gate, clock):
    """With five a minute the eleventh in the line waits for the third minute: a note that is true."""
    for key in "abcde":
        assert gate.ask(key) == 0
        pass_by(gate, key)
    assert gate.ask("f") == 0
    pass_by(gate, "f", limited(60))
    turns = [gate.ask(f"job {number}") for number in range(15)]
    assert turns == sorted(turns)
    minutes = [round(turn / 60) for turn in turns]
    assert minutes == [1] * 5 + [2] * 5 + [3] * 5
    clock.now += 30
    assert gate.ask("job 14") == pytest.approx(turns[14] - 30, abs=1)


@pytest.mark.parametrize("error", [errors.ServiceUnreachable("x"), errors.OutcomeUnknown("x"), errors.BadAnswer("x")])
def test_what_is_no_answer_about_the_rate_gives_its_place_back(gate, error):
    gate.ask("a")
    pass_by(gate, "a", error)
    assert not gate._out
    assert gate.per_minute is None
    assert gate.ask("a") == 0


def test_nothing_is_learned_where_nothing_was_sent(gate):
    """Somebody else uses up the account: that says nothing about the limit."""
    gate.ask("a")
    pass_by(gate, "a", limited(5))
    assert gate.per_minute is None


def test_the_limit_is_forgotten_slowly(gate, clock):
    for key in "abcdefgh":
        assert gate.ask(key) == 0
        pass_by(gate, key)
    gate.ask("i")
    pass_by(gate, "i", limited(60))
    assert gate.per_minute == 8
    clock.now += 600
    assert 9.5 < gate.per_minute < 10.5
    clock.now += 1201
    assert gate.per_minute is None


# ---- over HTTP -------------------------------------------------------------------------------------------------------


def in_(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


class Turnstile:
    """Refuses sends until its reset, then takes them, slowly enough that two at once would be seen."""

    def __init__(self, server, seconds) -> None:
        self.opens, self.header = time.time() + seconds, in_(seconds)
        self.refused, self.came, self.together, self.most = [], [], 0, []
        self.lock, self.server = threading.Lock(), server

    def __call__(self, hit) -> Answer:
        with self.lock:
            if time.time() < self.opens:
                self.refused.append(time.time())
                return Answer(429, {"error": "slow down"}, {"x-rate-limit-reset-at-utc": self.header})
            self.together += 1
            self.came.append(time.time())
            self.most.append(self.together)
        time.sleep(0.03)
        with self.lock:
            self.together -= 1
        return Answer(body={"request_id": self.server.record(hit.json), "status": "QUEUED"}, runs=False)


def test_a_hundred_jobs_wait_for_one_reset_without_asking(server, studio_at):
    """Only what was under way at the first 429 is refused; then nothing comes before the reset, and one comes first."""
    turnstile = Turnstile(server, 4.0)
    server.say("submit", *[turnstile] * 200)
    studio = studio_at(server.url, concurrency=8)
    jobs = [studio.submit(f"cat {number}") for number in range(100)]
    eventually(lambda: all("rate limited; sending at" in (job._note() or "") for job in jobs))
    rows = [row_of(studio, job) for job in jobs]
    assert {(row["status"], row["sent_at"]) for row in rows} == {("submitting", None)}  # nobody is said to be sent
    assert time.time() < turnstile.opens
    for job in jobs:
        job.wait(60)
    assert len(turnstile.refused) <= 8
    assert max(turnstile.refused) < turnstile.refused[0] + 1.0
    assert turnstile.most[0] == 1
    assert turnstile.came[1] > turnstile.came[0] + 0.02  # the second one waited for the first one's answer
    assert len(turnstile.came) == 100
    assert server.count() == 100 + len(turnstile.refused)
    assert studio._bench.gate.per_minute is None  # nothing had been let in before


def test_the_rate_of_a_real_limit_is_learned(tmp_path):
    """An engine that takes five in a window: what it took is what the gate says."""
    with rigged(tmp_path) as rig:
        server = rig.server(rate_limit=5)
        studio = rig.studio(server, concurrency=1)
        jobs = [studio.submit(f"cat {number}") for number in range(6)]
        eventually(lambda: studio._bench.gate.per_minute is not None)
        assert 5 <= studio._bench.gate.per_minute < 5.1
        eventually(lambda: sum(job.status == "completed" for job in jobs) == 5)
        waiting = next(job for job in jobs if job.status == "submitting")
        assert "rate limited; sending at" in waiting._note()
        assert sends(server) == 6


def test_the_lease_of_a_waiting_job_does_not_run_out(server, studio_at, monkeypatch):
    """Another machine would take it for one whose kernel has gone; nor is it written down at each look."""
    pace = pv.Pace(**{**vars(PACE), "lease_s": 0.6})
    monkeypatch.setattr("pixverse_nb.job.STEP_S", 0.05)
    server.say("submit", *[Turnstile(server, 2.5)] * 20)
    studio = studio_at(server.url, pace=pace)
    job = studio.submit(**WISH)
    writes, real = [], studio._store.journal
    monkeypatch.setattr(studio._store, "journal", lambda *a, **k: (writes.append(k), real(*a, **k))[1])
    eventually(lambda: "rate limited" in (job._note() or ""))
    leases, until = set(), time.monotonic() + 1.8
    while time.monotonic() < until:
        row = row_of(studio, job)
        assert row["lease_until"] > now_us()
        leases.add(row["lease_until"])
        assert "rate limited" in (job._note() or "")  # a renewal does not wipe the note away
        time.sleep(0.01)
    assert 2 <= len(leases) <= 8
    assert_home(job.wait(20), server.clip)


def test_a_refused_poll_slows_every_job_of_the_studio(server, studio_at):
    """One 429 to a status request, and nobody asks before the reset."""
    server.always("status", Answer(body={"status": "PROCESSING"}))
    studio = studio_at(server.url)
    jobs = [studio.submit(f"cat {number}") for number in range(20)]
    server.wait_for("status", 60)
    moments = []
    reset = in_(1.5)

    def refuse(_hit):
        moments.append(time.monotonic())
        return Answer(429, {"error": "slow"}, {"x-rate-limit-reset-at-utc": reset})

    server.say("status", refuse)
    eventually(lambda: len(moments) == 1)
    time.sleep(0.2)  # what was under way is over
    before = server.count("status")
    time.sleep(0.9)
    assert server.count("status") == before
    server.always("status", Answer(body={"status": "COMPLETED"}))
    for job in jobs:
        job.wait(60)
    for job in jobs:
        assert_home(job, server.clip)
    assert server.count() == 20


def test_a_refused_upload_holds_no_thread_and_slows_the_polls(server, studio_at):
    """The picture waits for the reset like everything else, and nothing is sent meanwhile."""
    server.always("status", Answer(body={"status": "PROCESSING"}))
    server.say("upload", Answer(429, {"error": "slow"}, {"x-rate-limit-reset-at-utc": in_(2.0)}))
    studio = studio_at(server.url, concurrency=2)
    other = studio.submit("a dog")
    server.wait_for("status", 3)
    job = studio.submit(**WISH, image=Image.new("RGB", (64, 64)))
    eventually(lambda: "rate limited; sending at" in (job._note() or ""))
    time.sleep(0.1)
    before = server.count("status")
    time.sleep(0.5)
    assert (server.count("status"), server.count("upload"), server.count()) == (before, 1, 1)
    server.always("status", Answer(body={"status": "COMPLETED"}))
    job.wait(30), other.wait(30)
    for each in (job, other):
        assert_home(each, server.clip)
    assert (server.count("upload"), server.count()) == (2, 2)


def test_a_poll_that_learns_nothing_writes_nothing(server, studio_at, monkeypatch):
    server.always("status", Answer(body={"status": "PROCESSING"}))
    studio = studio_at(server.url)
    job = studio.submit(**WISH)
    eventually(lambda: job.status == "processing")
    writes, real = [], studio._store.journal
    monkeypatch.setattr(studio._store, "journal", lambda *a, **k: (writes.append(k), real(*a, **k))[1])
    seen = server.count("status")
    server.wait_for("status", seen + 40)
    assert writes == []
    server.always("status", Answer(body={"status": "COMPLETED"}))
    assert_home(job.wait(20), server.clip)


def test_the_lease_of_a_job_that_is_followed_is_renewed_in_time(server, studio_at):
    """An hour of PROCESSING is nothing new to the row, but its lease must last."""
    server.always("status", Answer(body={"status": "PROCESSING"}))
    studio = studio_at(server.url, pace=pv.Pace(**{**vars(PACE), "lease_s": 0.5}))
    job = studio.submit(**WISH)
    eventually(lambda: job.status == "processing")
    leases, until = set(), time.monotonic() + 1.5
    while time.monotonic() < until:
        row = row_of(studio, job)
        assert row["lease_until"] > now_us()
        leases.add(row["lease_until"])
        time.sleep(0.01)
    assert 2 <= len(leases) <= 9
    assert server.count("status") > 3 * len(leases)
    server.always("status", Answer(body={"status": "COMPLETED"}))
    assert_home(job.wait(20), server.clip)


@pytest.mark.slow
def test_two_hundred_in_flight_use_a_handful_of_threads(tmp_path):
    """All of them come home, each was sent once, and no job has a thread of its own."""
    with rigged(tmp_path) as rig:
        server = rig.server(pace=0.05)
        studio = rig.studio(server, concurrency=6)
        jobs = [studio.submit(f"cat {number}") for number in range(200)]
        most = 0
        while not all(job.ended for job in jobs):
            most = max(most, studio._runner._threads)
            time.sleep(0.02)
        assert all(job.wait(1).status == "completed" for job in jobs)
        assert 1 <= most <= 6
        assert sends(server) == 200
