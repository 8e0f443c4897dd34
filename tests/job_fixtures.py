"""Fixtures for the tests of the client and of jobs: a scripted server, and studios and clients on it.

The modules that need them name this one in `pytest_plugins`.
"""

import pytest
from client_rig import client_of
from clips import make_clip
from job_rig import PACE
from scripted import KEY, Scripted

import pixverse_nb as pv
from pixverse_nb import search, workpiece
from pixverse_nb.engine import Engine
from pixverse_nb.media import transfer


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=24).read_bytes()


@pytest.fixture
def short_pauses(monkeypatch):
    """The pauses that no `Pace` sets."""
    monkeypatch.setattr(transfer, "FIRST_PAUSE_S", 0.004)
    monkeypatch.setattr(search, "_SEARCH_WHILE_PENDING_S", 0.02)
    monkeypatch.setattr(workpiece, "_SEAL_AGAIN_S", 0.05)


@pytest.fixture
def server(clip):
    with Scripted(clip) as scripted:
        yield scripted


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def studio_at(home, short_pauses):  # noqa: ARG001  it is there for its effect
    """Opens studios; at the end their jobs are left alone and their files closed."""
    opened = []

    def open_studio(url, **options):
        studio = pv.Studio(**{"api_key": KEY, "base_url": url, "home": home, "pace": PACE, **options})
        opened.append(studio)
        return studio

    yield open_studio
    for studio in opened:
        with studio._runner._change:
            studio._runner._heap.clear()
        studio._store.close()


@pytest.fixture
def studio(server, studio_at):
    return studio_at(server.url)


@pytest.fixture
def preview(clip):
    """The preview engine, for what needs a file server with ranges."""
    with pv.PreviewServer(render=lambda _, path: path.write_bytes(clip)) as engine:
        yield engine


@pytest.fixture
def engine(monkeypatch):
    made = Engine()
    monkeypatch.setattr("pixverse_nb.studio.shared_engine", made)
    yield made
    if made._process is not None:
        made._process.kill()
        made._process.wait()
        made._process.stdin.close()
        made._process.stdout.close()


@pytest.fixture
def client(server):
    client = client_of(server.url)
    yield client
    client._session.close()
