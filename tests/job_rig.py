"""What the tests of a job share: its pace, its wish, and a few words about outcomes."""

import socket
import time
from contextlib import closing

import pytest

import pixverse_nb as pv
from pixverse_nb.store.opening import Shelf

PACE = pv.Pace(
    connect_s=2,
    read_s=2,
    submit_read_s=0.4,
    run_read_s=0.4,
    attempts=3,
    retry_s=0.004,
    poll_s=(0.004, 0.02),
    search_s=(0.01, 0.02),
    lease_s=60,
)
WISH = {"prompt": "a cat", "duration": 5, "quality": "540p"}
CEILING = 281_250
APIS = pytest.mark.parametrize("api", ["v2", "v1"])


def answered(studio, request_id):
    """The row of another send, whose answer has just told that a request is its own; it has failed since."""
    row = {
        **WISH, "service": studio._backend.name, "api": "v2", "studio": "s", "status": "submitting", "take": 1,
        "identity": "another", "ceiling_micros": CEILING, "reserved_micros": CEILING,
    }  # fmt: skip
    shelf, owner = Shelf(lambda _: False, lambda _: False), "node/1/2/x"
    (opened,) = studio._store.open_all([row], reuse=False, owner=owner, lease_s=60, shelf=shelf, admit=None)
    told = studio._store.journal(opened.row, owner, 60, force=True, status="queued", request_id=request_id)
    return studio._store.journal(told, owner, 60, status="failed", reserved_micros=0)


def row_of(studio, generation):
    return studio._store.row(generation.id)


def outcome(generation, timeout=20):
    """The error a wait ends with; None for a clip."""
    try:
        generation.wait(timeout)
    except pv.WaitTimeout:
        raise
    except pv.PixverseError as error:
        return error
    return None


def assert_home(generation, clip):
    """The clip is on the disk, byte for byte, and the row says so."""
    assert generation.status == "completed"
    assert generation.video.path.read_bytes() == clip
    assert generation.video.duration_s == pytest.approx(1.0, abs=0.1)
    assert generation.error is None
    assert not list(generation.video.path.parent.glob("*.part"))


def eventually(true, timeout=10):
    """Wait for a state."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.003)


def posts(engine):
    return sum(r.method == "POST" and r.path.endswith("/pixverse-v6") for r in engine.requests)


def free_port():
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
