"""A local picture is uploaded once per content, however many jobs want it at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from pixverse_nb import pictures
from pixverse_nb.errors import ServiceUnreachable
from pixverse_nb.media.clips import Clips
from pixverse_nb.media.images import load_picture
from pixverse_nb.pictures import uploaded_url
from pixverse_nb.store.store import Store

JOBS = 10


class Host:
    """A service that takes pictures, slowly; the first `failures` uploads do not arrive."""

    name = "service"
    engine = None

    def __init__(self, failures: int = 0) -> None:
        self.client = self.downloader = self
        self.uploads: list[str] = []
        self.asked = 0
        self.failures = failures
        self.gone = False
        self._lock = threading.Lock()

    def upload(self, data_uri: str) -> str:
        with self._lock:
            self.uploads.append(data_uri)
            number = len(self.uploads)
        time.sleep(0.05)
        if number <= self.failures:
            raise ServiceUnreachable("no connection")
        return f"https://host/{number}.png"

    def alive(self, _url: str) -> bool:
        with self._lock:
            self.asked += 1
        time.sleep(0.05)
        return not self.gone


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "home")
    yield store
    store.close()


def wish(store, grey=0):
    """A row with a picture of its own brightness."""
    picture = load_picture(np.full((4, 4), grey, np.uint8))
    place = Clips(store.home).keep_picture(picture)
    return {"image_sha256": picture.sha256, "image_path": str(place.relative_to(store.home))}


def at_once(rows, bench) -> list[str]:
    """The URLs of rows whose jobs ask in the same moment."""
    start = threading.Barrier(len(rows))

    def job(row):
        start.wait()
        try:
            return uploaded_url(row, bench)
        except ServiceUnreachable:
            return "failed"

    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(job, rows))


def test_many_jobs_at_once_upload_one_picture_once(store):
    host = Host()
    urls = at_once([wish(store)] * JOBS, SimpleNamespace(store=store, backend=host))
    assert urls == ["https://host/1.png"] * JOBS
    assert len(host.uploads) == 1


def test_different_pictures_do_not_wait_for_each_other(store):
    host = Host()
    start = time.monotonic()
    urls = at_once([wish(store, grey) for grey in range(JOBS)], SimpleNamespace(store=store, backend=host))
    assert len(set(urls)) == len(host.uploads) == JOBS
    assert time.monotonic() - start < JOBS * 0.05, "one after the other would take longer"


def test_another_service_has_pictures_of_its_own(store):
    hosts = Host(), Host()
    hosts[1].name = "another"
    for host in hosts:
        uploaded_url(wish(store), SimpleNamespace(store=store, backend=host))
    assert [len(host.uploads) for host in hosts] == [1, 1]


def test_an_upload_that_fails_is_made_by_the_next_job(store):
    host = Host(failures=1)
    urls = at_once([wish(store)] * JOBS, SimpleNamespace(store=store, backend=host))
    assert sorted(urls) == ["failed", *["https://host/2.png"] * (JOBS - 1)]
    assert len(host.uploads) == 2


@pytest.mark.parametrize("gone", [False, True])
def test_an_old_url_is_asked_after_once_and_replaced_once(store, monkeypatch, gone):
    host = Host()
    bench = SimpleNamespace(store=store, backend=host)
    row = wish(store)
    assert uploaded_url(row, bench) == "https://host/1.png"
    later = pictures.now_us() + 2 * 3_600_000_000
    monkeypatch.setattr(pictures, "now_us", lambda: later)
    monkeypatch.setattr("pixverse_nb.store.reading.now_us", lambda: later)
    host.gone = gone
    assert at_once([row] * JOBS, bench) == [f"https://host/{1 + gone}.png"] * JOBS
    assert host.asked == 1
    assert len(host.uploads) == 1 + gone


def test_no_lock_stays_behind(store):
    uploaded_url(wish(store), SimpleNamespace(store=store, backend=Host()))
    assert len(pictures._locks) == 0


def test_a_row_without_a_picture_has_no_url(store):
    assert uploaded_url({"image_sha256": None}, SimpleNamespace(store=store, backend=Host())) is None
