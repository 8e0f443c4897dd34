"""kill -9 at every step of a job, of a real process; then a new studio takes it up. One paid POST at most.

The child is a plain script with a studio. Where the step is one of the network's, the server kills it; where it is one
of the child's own, the child kills itself with the same signal, between two lines that nothing can come between.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from clips import make_clip
from scripted import KEY, Answer, Scripted
from studio_rig import ledger_of

import pixverse_nb as pv

pytestmark = pytest.mark.kill

PACE = {
    "connect_s": 5, "read_s": 5, "submit_read_s": 20, "run_read_s": 20, "attempts": 3, "retry_s": 0.01,
    "poll_s": (0.005, 0.02), "search_s": (0.02, 0.05), "lease_s": 60,
}  # fmt: skip
WISH = {"prompt": "a cat", "duration": 1, "quality": "360p"}
CEILING = 43_750

CHILD = """
import json, os, signal, sys
spec = json.loads(sys.argv[1])
import pixverse_nb as pv
from pixverse_nb import job
from pixverse_nb.media.clips import Clips
from pixverse_nb.segmind.client import Client
from pixverse_nb.store.store import Store

def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def dies_after(real):
    return lambda *args, **kwargs: (real(*args, **kwargs), die())

def dies_at(status, written):
    real = Store.journal
    def journal(self, row, owner, lease_s, **changes):
        if changes.get("status") != status:
            return real(self, row, owner, lease_s, **changes)
        if written:
            real(self, row, owner, lease_s, **changes)
        die()
    return journal

step = spec["die"]
if step == "before the row":
    Store.open_all = die
elif step == "before the commit":
    from pixverse_nb.store import leases
    leases.hold = die  # the last thing inside the transaction that reserves the money
elif step == "after the row":
    job.Job._picture_url = die
elif step == "before the POST":
    Client._paid = die
elif step == "kept":
    Clips.keep = dies_after(Clips.keep)
elif step.startswith("journal "):
    Store.journal = dies_at(step.removeprefix("journal "), written=False)
elif step.startswith("journalled "):
    Store.journal = dies_at(step.removeprefix("journalled "), written=True)

studio = pv.Studio(spec["key"], base_url=spec["url"], home=spec["home"], api=spec["api"], pace=pv.Pace(**spec["pace"]))
generation = studio.submit(image=spec["image"], **spec["wish"])
generation.wait()
print(generation.status)
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(
        tmp_path_factory.mktemp("clip") / "clip.mp4", width=320, height=240, frames=24, noise=60
    ).read_bytes()


@pytest.fixture
def server(clip):
    with Scripted(clip) as scripted:
        yield scripted


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


class Child:
    """A process with one job; what a kill leaves of it is up to the next studio."""

    def __init__(self, server, home, api, die="", image=None) -> None:
        self.process = None
        spec = {"key": KEY, "url": server.url, "home": str(home), "api": api, "die": die, "wish": WISH, "pace": PACE}
        package = Path(pv.__file__).parent.parent
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps({**spec, "image": image})],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(package)},
        )

    def kill(self, _hit=None):
        """Kill it, and wait until it is gone."""
        self.process.kill()
        self.process.wait(20)

    def end(self):
        """Its exit code and what it printed."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode in {0, -signal.SIGKILL}, err.decode()
        return self.process.returncode, out.decode().strip()


@contextmanager
def child_of(server, home, api, **options):
    child = Child(server, home, api, **options)
    try:
        yield child
    finally:
        child.kill()
        child.process.stdout.close()
        child.process.stderr.close()


@contextmanager
def studio_at(server, home, api="v2"):
    studio = pv.Studio(KEY, base_url=server.url, home=home, api=api, pace=pv.Pace(**PACE))
    try:
        yield studio
    finally:
        with studio._runner._change:
            studio._runner._heap.clear()
        studio._store.close()


# Step -> (how the child dies there, or at which request the server kills it; how the job ends; POSTs that went out)
STEPS = {
    "v2": {
        "before the row": ("before the row", None, 0),
        "reserved, not committed": ("before the commit", None, 0),
        "after the row, before the upload": ("after the row", "failed", 0),
        "during the upload": ("upload", "failed", 0),
        "after sent_at, before the POST": ("before the POST", "unknown", 0),
        "POST received, not answered": ("submit", "completed", 1),
        "answered, not journalled": ("journal queued", "completed", 1),
        "between polls": ("status", "completed", 1),
        "COMPLETED seen, not journalled": ("journal downloading", "completed", 1),
        "COMPLETED journalled, not fetched": ("journalled downloading", "completed", 1),
        "mid-download": ("clip halfway", "completed", 1),
        "clip in place, not journalled": ("kept", "completed", 1),
        "about to journal the end": ("journal completed", "completed", 1),
    },
    "v1": {
        "before the row": ("before the row", None, 0),
        "during the upload": ("upload", "failed", 0),
        "after sent_at, before the POST": ("before the POST", "unknown", 0),
        "while waiting": ("run", "completed", 1),
        "answer begun, not journalled": ("journal downloading", "completed", 1),
        "answer begun and journalled": ("journalled downloading", "completed", 1),
        "mid-body": ("run halfway", "completed", 1),
        "clip in place, not journalled": ("kept", "completed", 1),
    },
}
KILLERS = {"upload", "submit", "run", "status", "clip"}  # the requests at which the server kills
CASES = [(api, name) for api, steps in STEPS.items() for name in steps]


def script_kill(server, die, killer):
    """Have the server kill the child at one of its requests, which has been received and has its effect."""
    route, _, when = die.partition(" ")
    usual = {"run": {"Content-Type": "video/mp4"}, "clip": {"Content-Type": "video/mp4"}}
    if route not in KILLERS:
        return
    if when:
        server.say(route, Answer(body=server.clip, headers=usual[route], halfway=killer))
    else:
        server.say(route, Answer(first=killer, cut=-1, runs=route in {"submit", "run"}))


@pytest.mark.parametrize(("api", "step"), CASES, ids=[f"{api}: {step}" for api, step in CASES])
def test_killed_at_any_step_a_job_is_taken_up_and_never_sent_twice(server, home, tmp_path, api, step):
    """The journal: killed at any point, the next studio resumes it, and the POSTs that cost money are at most one."""
    die, ends, posts = STEPS[api][step]
    picture = None
    if die == "upload":
        from PIL import Image

        picture = str(tmp_path / "picture.png")
        Image.new("RGB", (64, 48), "red").save(picture)
    killed = threading.Event()

    def killer(_hit):
        child.kill()
        killed.set()

    script_kill(server, die, killer)
    with child_of(server, home, api, die=die, image=picture) as child:
        code, printed = child.end()
    assert (code, printed) == (-signal.SIGKILL, ""), f"it did not die at {step}"
    assert killed.wait(10) if die.split()[0] in KILLERS else not killed.is_set()
    assert server.count() == posts
    counted = counted_money(home)
    assert counted >= CEILING if ends else counted == 0  # what a killed job may cost is never free again by itself

    with studio_at(server, home, api) as studio:
        generations = studio.resume()
        for generation in generations:
            with pytest.raises(pv.PixverseError) if ends != "completed" else _quietly():
                generation.wait(30)
        rows = [dict(row._mapping) for row in studio._store.select({})]
        assert [row["status"] for row in rows] == ([ends] if ends else [])
        if ends == "completed":
            assert (home / rows[0]["video_path"]).read_bytes() == server.clip
            assert rows[0]["billed"] is True
            again = studio.generate(**WISH)
            assert again.reused_from == rows[0]["id"]
        if ends == "failed":
            assert (rows[0]["billed"], rows[0]["reserved_micros"]) == (False, 0)
        if ends == "unknown":  # nobody can know that nothing was sent
            assert (rows[0]["billed"], rows[0]["reserved_micros"]) == (None, CEILING)
        assert studio.resume() == [g for g in generations if ends == "unknown"]
        settled = {"completed": rows[0]["cost_micros"] or CEILING, "unknown": CEILING} if rows else {}
    assert server.count() == posts
    assert counted_money(home) == settled.get(ends, 0)


def counted_money(home):
    """Micro-dollars in a home's ledger, which must be what its rows hold."""
    kept, summed = ledger_of(home)
    assert kept == summed
    return sum(charged + reserved for *_place, charged, reserved in kept)


@contextmanager
def _quietly():
    yield


def test_a_second_kernel_follows_and_takes_over_when_the_first_is_killed(server, home, clip):
    """Two processes on one home: the same cell in the second joins the first one's job; one POST in all."""
    server.state = "PROCESSING"
    with child_of(server, home, "v2") as child:
        server.wait_for("status", 2, timeout=60)
        with studio_at(server, home) as studio:
            joined = studio.submit(**WISH)
            with pytest.raises(pv.WaitTimeout):
                joined.wait(0.2)
            assert joined._remark == "another kernel follows it"
            assert len(studio.history()) == 1
            child.kill()
            server.state = "COMPLETED"
            assert joined.wait(30).video.path.read_bytes() == clip
    assert server.count() == 1


def test_a_second_kernel_sees_the_first_one_finish(server, home, clip):
    server.state = "PROCESSING"
    with child_of(server, home, "v2") as child:
        server.wait_for("status", 2, timeout=60)
        with studio_at(server, home) as studio:
            joined = studio.submit(**WISH)
            server.state = "COMPLETED"
            assert child.end() == (0, "completed")
            assert joined.wait(30).video.path.read_bytes() == clip
            assert joined.latency_s is not None  # measured by the one that sent it
    assert server.count("submit") == 1
    assert server.count("clip") == 1


def test_a_killed_kernels_emergency_file_is_taken_in(server, home, clip):
    """The history could not be written after the send, then the process was gone: the next store takes the job in."""
    server.state = "PROCESSING"
    with studio_at(server, home):
        pass  # the tables
    with closing(sqlite3.connect(home / "history.sqlite3", isolation_level=None)) as database:
        database.execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON generations WHEN NEW.status != 'submitting' "
            "BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )
        with child_of(server, home, "v2") as child:
            server.wait_for("status", 2, timeout=60)
            child.kill()
        database.execute("DROP TRIGGER broken")
    (kept,) = (home / "rescue").glob("*.json")
    request_id = json.loads(kept.read_text())["request_id"]
    assert request_id == server.account[0]["request_id"]
    server.state = "COMPLETED"
    with studio_at(server, home) as studio:
        (resumed,) = studio.resume()
        assert resumed.request_id == request_id
        assert resumed.wait(30).video.path.read_bytes() == clip
        assert list((home / "rescue").glob("*.json")) == []
    assert server.count("history", "record") == 0
    assert server.count() == 1
