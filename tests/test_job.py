"""A job on a server that does what it is told: what was reported, what a refused send costs, waiting.

Every test counts the paid POSTs: that count is the promise.
"""

import asyncio
import signal
import sys
import threading
import time
import traceback
from datetime import datetime, timedelta, timezone

import pytest
from job_rig import APIS, CEILING, WISH, assert_home, free_port, outcome, row_of
from PIL import Image
from scripted import Answer

import pixverse_nb as pv
from pixverse_nb.runner import Runner

pytest_plugins = ["job_fixtures"]


# ---- the way it should go --------------------------------------------------------------------------------------------


@APIS
def test_a_job_that_goes_well(server, studio_at, clip, api):
    """One POST; cost, parts of the latency and request id as the service reported them, nothing reserved any more."""
    studio = studio_at(server.url, api=api)
    generation = studio.generate(**WISH)
    assert_home(generation, clip)
    assert (generation.cost_usd, generation.cost_source) == (0.28125, "reported")
    assert generation.request_id == server.account[0]["request_id"]
    row = row_of(studio, generation)
    assert (row["reserved_micros"], row["billed"], row["inference_s"]) == (0, True, 60.5)
    assert row["queue_s"] == (1.5 if api == "v2" else None)
    assert 0 < row["download_s"] < row["latency_s"]
    assert server.count() == 1
    assert server.got("submit" if api == "v2" else "run")[0].json == WISH


@APIS
def test_an_absent_cost_is_missing_not_zero_and_stays_reserved(server, studio_at, clip, api):
    server.say("result", lambda _: Answer(body=server.finished(metrics=None)))
    server.say("run", Answer(body=clip, headers={"Content-Type": "video/mp4"}))
    studio = studio_at(server.url, api=api)
    generation = studio.generate(**WISH)
    assert (generation.cost_usd, generation.cost_source) == (None, None)
    assert row_of(studio, generation)["reserved_micros"] == CEILING
    assert studio.history()["cost_usd"].isna().all()


@pytest.mark.parametrize("cost", [10**400, 1e30, "lots", -4])
def test_an_absurd_cost_does_not_lose_the_clip(server, studio, clip, cost):
    """A figure that no database takes is no cost; the clip comes home all the same."""
    server.say("result", lambda _: Answer(body=server.finished(metrics={"cost": cost}, seed=cost)))
    generation = studio.generate(**WISH)
    assert_home(generation, clip)
    assert generation.cost_usd is None


def test_v1_json_with_a_url_is_fetched(server, studio_at, clip):
    server.say("run", lambda _: Answer(body={"video": {"url": server.file_url}}, headers={"x-cost": "0.25"}))
    generation = studio_at(server.url, api="v1").generate(**WISH)
    assert_home(generation, clip)
    assert generation.cost_usd == 0.25
    assert server.count("clip") == 1


# ---- refused sends ---------------------------------------------------------------------------------------------------


@APIS
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 406, 410, 422, 500])
def test_a_refused_send_fails_unbilled_and_is_never_repeated(server, studio_at, api, status):
    """Product, Outcomes of a send: answered 4xx and 500 are `failed`, unbilled, never sent again by themselves."""
    server.always("submit" if api == "v2" else "run", Answer(status, {"error": "the words of the service"}))
    studio = studio_at(server.url, api=api)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert (error.status_code, error.billed) == (status, False)
    assert "the words of the service" in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["http_status"], row["reserved_micros"]) == ("failed", False, status, 0)
    again = studio.generation(generation.id).error
    assert (type(again), str(again)) == (type(error), str(error))
    assert studio_at(server.url, api=api).resume() == []
    assert server.count() == 1
    assert server.count("history", "record") == 0


@pytest.fixture
def news(monkeypatch):
    """Every row and remark that jobs report."""
    told, real = [], pv.Generation._news

    def news(self, row, remark, **options):
        told.append((row, remark))
        real(self, row, remark, **options)

    monkeypatch.setattr(pv.Generation, "_news", news)
    return told


@APIS
@pytest.mark.parametrize("write", [datetime.isoformat, lambda m: str(m.timestamp())])
def test_429_waits_for_the_reset_and_sends_again(server, studio_at, news, api, write):
    """The one send that is repeated by itself: a 429 says that nothing was queued."""
    reset = datetime.now(timezone.utc) + timedelta(seconds=0.7)
    came = []

    def limited(_hit):
        came.append(time.time())
        return Answer(429, {"error": "slow down"}, {"x-rate-limit-reset-at-utc": write(reset)})

    server.say("submit" if api == "v2" else "run", limited)
    studio = studio_at(server.url, api=api)
    assert_home(studio.submit(**WISH).wait(20), server.clip)
    (waiting,) = (row for row, remark in news if "rate limited; sending at" in (remark or ""))
    assert (waiting["status"], waiting["sent_at"], waiting["reserved_micros"]) == ("submitting", None, CEILING)
    assert time.time() >= reset.timestamp() - 0.1
    assert (len(came), server.count(), len(server.account)) == (1, 2, 1)


@APIS
@pytest.mark.parametrize("where", ["refused", "no such host", "no TLS"])
def test_without_a_connection_nothing_was_sent(server, studio_at, api, where):
    address = {
        "refused": f"http://127.0.0.1:{free_port()}",
        "no such host": "https://api.segmind.invalid",
        "no TLS": server.url.replace("http:", "https:"),
    }[where]
    studio = studio_at(address, api=api)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.ServiceUnreachable
    assert "nothing was sent" in str(error)
    assert "Nothing was billed." in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["reserved_micros"], row["http_status"]) == ("failed", False, 0, None)
    assert server.hits == []


# ---- pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path):
    place = tmp_path / "picture.png"
    Image.new("RGB", (320, 240), "red").save(place)
    return place


def test_a_picture_is_uploaded_once_and_its_url_sent(server, studio, picture):
    """Uploads cannot be deleted: the same content is uploaded once, for every take and every generation."""
    for take in (1, 2):
        studio.generate(**WISH, image=picture, take=take)
    assert server.count("upload") == 1
    (upload,) = server.got("upload")
    assert upload.json["data_urls"][0].startswith("data:image/png;base64,")
    assert {hit.json["image_url"] for hit in server.got("submit")} == {f"{server.url}/files/picture.png"}


def test_a_picture_whose_url_has_died_is_uploaded_anew(server, studio, picture, monkeypatch):
    """It is asked after when it was last seen long ago; being used does not count as being seen."""
    studio.generate(**WISH, image=picture)
    seen = studio._store.upload(server.url, studio._store.select({})[0].image_sha256)
    studio.generate(**WISH, image=picture, take=2)
    assert studio._store.upload(server.url, studio._store.select({})[0].image_sha256) == seen
    monkeypatch.setattr("pixverse_nb.pictures._TRUSTED_S", 0.0)
    studio.generate(**WISH, image=picture, take=3)
    assert server.count("upload") == 1
    server.always("head", Answer(404))
    server.say("upload", Answer(body={"urls": [f"{server.url}/files/anew.png"]}))
    studio.generate(**WISH, image=picture, take=4)
    assert server.count("upload") == 2
    assert server.got("submit")[-1].json["image_url"] == f"{server.url}/files/anew.png"


def test_an_upload_that_fails_fails_the_job_before_anything_is_sent(server, studio, picture):
    server.always("upload", Answer(413, {"error": "too large"}))
    generation = studio.submit(**WISH, image=picture)
    error = outcome(generation)
    assert (error.status_code, error.billed, generation.status) == (413, False, "failed")
    assert server.count() == 0


# ---- waiting ---------------------------------------------------------------------------------------------------------


def test_an_interrupt_leaves_the_job_running(server, studio, clip):
    """Kernel > Interrupt while waiting: the wait ends, the job does not, and waiting again picks it up."""
    server.state = "PROCESSING"
    main = threading.main_thread().ident
    server.say("status", Answer(body={"status": "PROCESSING"}))
    server.say("status", lambda _: (signal.pthread_kill(main, signal.SIGINT), Answer(body={"status": "PROCESSING"}))[1])
    generation = studio.submit(**WISH)
    with pytest.raises(KeyboardInterrupt):
        generation.wait(20)
    assert generation.status == "processing"
    server.state = "COMPLETED"
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


def test_a_wait_that_is_over_leaves_the_job_running(server, studio, clip):
    server.state = "PROCESSING"
    generation = studio.submit(**WISH)
    with pytest.raises(pv.WaitTimeout, match="still") as caught:
        generation.wait(0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.billed is None
    server.state = "COMPLETED"
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


def test_generations_can_be_awaited(server, studio, clip):
    """Several at once, without blocking the loop; the same errors as `wait`, and a cancelled await loses nothing."""
    server.state = "PROCESSING"

    async def together():
        good = [studio.submit(f"cat {n}") for n in range(3)]
        ticks = 0
        waiting = asyncio.gather(*good)
        while not waiting.done():
            await asyncio.sleep(0.01)
            ticks += 1
            if ticks == 5:
                server.state = "COMPLETED"
        return good, ticks, await waiting

    good, ticks, done = asyncio.run(together())
    assert done == good
    assert ticks >= 5
    for generation in good:
        assert_home(generation, clip)

    server.say("submit", Answer(402, {"error": "no credits"}))

    async def refused():
        await studio.submit("a dog")

    with pytest.raises(pv.InsufficientCredits, match="no credits"):
        asyncio.run(refused())

    server.state = "PROCESSING"
    later = studio.submit("a bird")

    async def impatient():
        await asyncio.wait_for(_awaited(later), 0.05)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(impatient())
    server.state = "COMPLETED"
    assert_home(later.wait(20), clip)


async def _awaited(generation):
    return await generation


def workers(runner):
    """The threads that work for this runner; other tests' studios may have theirs."""
    stacks = {
        thread: [frame for frame, _ in traceback.walk_stack(top)] for thread, top in sys._current_frames().items()
    }
    work = Runner._work.__code__
    return {
        thread
        for thread, stack in stacks.items()
        if any(f.f_code is work and f.f_locals["self"] is runner for f in stack)
    }


@pytest.mark.slow
def test_two_hundred_jobs_in_flight_need_a_few_threads(server, studio_at):
    """Waiting jobs need none: the number of threads is the concurrency, whatever the number of jobs."""
    server.state = "PROCESSING"
    studio = studio_at(server.url, concurrency=6)
    generations = [studio.submit(f"cat {n}") for n in range(200)]
    server.wait_for("submit", 200, timeout=60)
    server.wait_for("status", server.count("status") + 100, timeout=60)
    assert 1 <= len(workers(studio._runner)) <= 6
    server.state = "FAILED"
    for generation in generations:
        assert type(outcome(generation, 60)) is pv.GenerationFailed
    assert len(workers(studio._runner)) <= 6
    assert server.count() == 200
