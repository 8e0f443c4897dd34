"""Bringing the clip home: cuts, damage, dead addresses, private ones, a full disk."""

import errno
import json
import time

import pytest
from job_rig import APIS, CEILING, WISH, assert_home, eventually, outcome, posts, row_of
from scripted import Answer

import pixverse_nb as pv
from pixverse_nb import fetch
from pixverse_nb.media import partial, transfer
from pixverse_nb.progress import arriving
from pixverse_nb.store import schema
from pixverse_nb.workpiece import Workpiece

pytest_plugins = ["job_fixtures"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut", "times": 2},
        {"kind": "corrupt"},
        {"kind": "length"},
        {"kind": "length", "size": -1000},
        {"kind": "garbage"},
        {"status": 503, "times": 2},
        {"status": 429},
        {"status": 404},
        {"status": 403},
    ],
)
def test_a_download_survives(preview, studio_at, clip, fault):
    """Cuts are taken up again; what arrives damaged, short or too early is fetched once more; one POST."""
    preview.faults.add("download", **fault)
    assert_home(studio_at(preview.url).generate(**WISH), clip)
    assert preview.faults.pending == []
    assert posts(preview) == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "corrupt"}, {"kind": "garbage"}, {"status": 500}, {"status": 404}, {"kind": "cut", "size": 0}]
)
def test_a_clip_that_cannot_be_fetched_now_can_be_fetched_later(preview, studio_at, clip, fault):
    """Never failed, never sent again: the job waits, and says that it was billed."""
    preview.faults.add("download", times=None, **fault)
    studio = studio_at(preview.url)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.ClipError
    assert error.billed is True
    assert error.remedy
    assert generation.status == "downloading"
    assert not list((studio.home / "clips").glob("*"))
    preview.faults.clear()
    (resumed,) = studio.resume()
    assert_home(resumed.wait(20), clip)
    assert posts(preview) == 1


@pytest.mark.parametrize("by", ["result", "account"])
def test_a_dead_url_is_refreshed(server, studio, clip, by):
    dead = f"{server.url}/files/dead.mp4"
    server.say("clip", Answer(404, "gone", {"Content-Type": "text/plain"}))
    server.say("result", lambda _: Answer(body=server.finished(output=dead)))
    if by == "account":
        server.always("result", Answer(body=server.finished(output=dead)))
    assert_home(studio.submit(**WISH).wait(20), clip)
    assert server.count("record") == (by == "account")
    assert [hit.path for hit in server.got("clip")] == ["/files/dead.mp4", "/files/clip.mp4"]
    assert server.count() == 1


def test_addresses_that_change_and_are_all_dead_end_in_a_stall(server, studio):
    """A URL signed anew each time must not make a circle."""
    count = iter(range(1000))
    server.always("clip", Answer(404, "gone"))
    server.say("result", *[lambda _: Answer(body=server.finished(output=f"{server.file_url}?n={next(count)}"))] * 50)
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.ClipError
    assert generation.status == "downloading"
    assert server.count("clip") <= 5


def test_a_clip_that_is_gone_for_good_is_failed_and_billed(server, studio, monkeypatch):
    """After the seven days: closed, and the money is not called unbilled."""
    monkeypatch.setattr(fetch, "FILE_LIFE_US", 0)
    server.always("clip", Answer(410, "gone"))
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert (type(error), error.billed, error.status_code) == (pv.ClipError, True, 410)
    assert "7 days" in str(error)
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["cost_micros"]) == ("failed", True, CEILING)


@pytest.mark.parametrize(("gone", "life_us"), [(404, fetch.FILE_LIFE_US), (410, fetch.FILE_LIFE_US), (403, 0)])
def test_a_vanished_clip_that_the_service_has_no_more_is_told_once_and_then_made_anew(
    server, studio, clip, monkeypatch, gone, life_us
):
    """It stayed `downloading` for ever: an error in each cell, no completed clip for the history, joined by sweeps."""
    first = studio.generate(**WISH)
    first.video.path.unlink()
    monkeypatch.setattr(fetch, "FILE_LIFE_US", life_us)
    server.always("clip", Answer(gone, {"error": "no"}))
    if life_us:  # young: only a service that does not know it any more has it no more
        server.always("result", Answer(404, {"error": "not found"}))
        server.account.clear()
    generation = studio.submit(**WISH)
    outcome(generation)
    assert (generation.id, generation.status, generation.video) == (first.id, "completed", None)
    assert type(generation.error) is pv.ClipError
    assert "neither this disk nor the service" in str(generation.error)
    assert "Generate it again: it will be a new clip." in str(generation.error)
    row = row_of(studio, first)
    assert (row["cost_micros"], row["reserved_micros"]) == (CEILING, 0)
    assert (row["video_path"], row["output_url"]) == (None, None)
    assert len(studio.history(status="completed")) == 1
    assert server.count() == 1
    server._scripts.clear()
    anew = studio.generate(**WISH)
    assert_home(anew, clip)
    assert "this is a new one" in anew._note()
    assert anew.id != first.id
    assert server.count() == 2


def test_an_end_that_is_written_down_is_not_written_again_over_what_came_after(studio, monkeypatch):
    """Its clip may vanish, and be fetched again, before the job has looked whether its end arrived."""
    real, pauses = Workpiece._sealed, []

    def late(self):
        with studio._store._db.write() as connection:
            connection.execute(schema.generations.update().values(status="downloading"))
        pauses.append(real(self))
        return pauses[-1]

    monkeypatch.setattr(Workpiece, "_sealed", late)
    studio.generate(**WISH)
    eventually(lambda: pauses)
    assert pauses == [None]


def test_a_vanished_clip_whose_address_cannot_be_asked_for_waits(server, studio, clip):
    """What could not be asked proves nothing: nobody is told to pay again."""
    first = studio.generate(**WISH)
    first.video.path.unlink()
    server.always("clip", Answer(404, {"error": "no"}))
    server.always("result", Answer(500, {"error": "inside"}))
    server.always("record", Answer(500, {"error": "inside"}))
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.ClipError
    assert generation.status == "downloading"
    server._scripts.clear()
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


def test_a_vanished_v1_clip_comes_from_the_account_and_keeps_its_reported_charge(server, studio_at, clip, monkeypatch):
    """Its answer was the clip, without an address. The account's other charge stands beside the reported one."""
    studio = studio_at(server.url, api="v1")
    first = studio.generate(**WISH)
    first.video.path.unlink()
    server.account[0]["credits_deduction"] = 0.0
    said, journal = [], studio._store.journal

    def listened(*known, **changes):
        said.append(changes.get("status"))
        return journal(*known, **changes)

    monkeypatch.setattr(studio._store, "journal", listened)
    generation = studio.generate(**WISH)
    assert_home(generation, clip)
    row = row_of(studio, generation)
    assert (row["cost_micros"], row["cost_source"], row["account_micros"]) == (CEILING, "reported", 0)
    assert studio._store.spent(server.url, studio._name).home.charged == CEILING
    assert "completed" in said
    assert "unknown" not in said
    assert server.count() == 1


def test_a_vanished_v1_clip_that_the_account_does_not_know_remains_completed(server, studio_at):
    studio = studio_at(server.url, api="v1")
    first = studio.generate(**WISH)
    first.video.path.unlink()
    server.account.clear()
    assert isinstance(outcome(studio.submit(**WISH)), pv.ClipError)
    assert row_of(studio, first)["video_path"] is not None, "young: the account may list it late"
    with studio._store._db.write() as connection:
        connection.exec_driver_sql("UPDATE generations SET sent_at = sent_at - 7200000000")
    generation = studio_at(server.url, api="v1").submit(**WISH)
    outcome(generation)
    row = row_of(studio, generation)
    assert (row["status"], row["video_path"], row["cost_micros"], row["billed"]) == ("completed", None, CEILING, True)
    assert "Generate it again" in str(generation.error)
    assert server.count() == 1


def test_private_addresses_are_for_private_services_only(studio_at, server):
    """The output URL is other people's text: a public service must not make this machine ask its own network."""
    assert studio_at(server.url)._backend.downloader.allow_private is True
    public = studio_at("https://api.segmind.invalid")._backend.downloader
    assert public.allow_private is False
    for url in ("http://169.254.169.254/clip.mp4", server.file_url, "http://localhost/c.mp4", "file:///etc/passwd"):
        with pytest.raises(pv.ClipError):
            public.fetch(url, studio_at(server.url)._clips)
    assert server.count("clip") == 0


@APIS
def test_a_full_disk_loses_nothing(server, studio_at, clip, api, monkeypatch):
    """The clip is paid for: when there is room again it is fetched, and not sent again."""
    real = partial.Partial.write

    def full(self, _chunk):
        raise partial.disk_error(OSError(errno.ENOSPC, "No space left on device"), self.path)

    monkeypatch.setattr(partial.Partial, "write", full)
    studio = studio_at(server.url, api=api)
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.ClipError
    assert "disk is full" in str(error)
    assert error.billed is True
    assert generation.status == "downloading"
    assert not list((studio.home / "clips").glob("*"))
    monkeypatch.setattr(partial.Partial, "write", real)
    (resumed,) = studio_at(server.url, api=api).resume()
    assert_home(resumed.wait(20), clip)
    assert server.count() == 1


def test_a_long_download_is_told_and_keeps_its_lease(monkeypatch):
    """Megabytes for the person, and a lease that does not run out under a slow line."""
    monkeypatch.setattr("pixverse_nb.progress._TELL_EVERY_S", -1.0)
    told, renewed = [], []
    progress = arriving(told.append, lambda: renewed.append(1), renew_every_s=-1.0)
    progress(1_500_000, 3_000_000)
    progress(2_000_000, None)
    assert told == ["1.5 of 3.0 MB", "2.0 MB"]
    assert len(renewed) == 2
    quiet = arriving(told.append, lambda: renewed.append(1), renew_every_s=60.0)
    quiet(1, 2)
    assert len(renewed) == 2


@pytest.mark.parametrize("names", [{}, {"x-request-id": "a-proxys-own"}], ids=["no id", "a proxy's id"])
@pytest.mark.parametrize("form", ["clip", "address"])
def test_a_vanished_v1_clip_whose_answer_named_no_request_is_found_in_the_account(server, studio_at, clip, names, form):
    """It was paid for twice, and the reason was untrue: nobody had asked the service for it."""
    headers = {"Content-Type": "video/mp4", "x-cost": "0.28125", **names}
    body = clip if form == "clip" else json.dumps({"output": server.file_url})
    server.say("run", Answer(body=body, headers=headers if form == "clip" else {**names, "x-cost": "0.28125"}))
    studio = studio_at(server.url, api="v1")
    first = studio.generate(**WISH)
    first.video.path.unlink()
    server.always("result", Answer(404, {"error": "not found"}))
    if form == "address":
        server.say("clip", Answer(404, {"error": "not found"}))
    plan = studio.sweep(prompt=[WISH["prompt"]], duration=5, quality="540p")
    assert (plan.to_fetch, plan.to_send) == (1, 0)
    again = studio.generate(**WISH)
    assert again.id == first.id
    assert_home(again, clip)
    assert "fetched again from the service, at no cost" in again._origin
    assert server.count() == 1


def test_a_blip_of_the_files_host_does_not_give_a_paid_clip_up(server, studio, clip):
    """Three 404s within two seconds, though the account names the clip: the next cell paid for it again."""
    first = studio.generate(**WISH)
    first.video.path.unlink()
    server.say("clip", *[Answer(404, {"error": "not found"})] * 3)
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.ClipError
    row = row_of(studio, first)
    assert (row["status"], row["output_url"]) == ("downloading", server.file_url)
    assert row["video_path"] is not None
    again = studio.generate(**WISH)
    assert again.id == first.id
    assert_home(again, clip)
    assert server.count() == 1


def test_a_clip_that_was_given_up_comes_home_once_the_account_names_it_again(server, studio, clip):
    generation = studio.generate(**WISH)
    generation.video.path.unlink()
    url = server.account[0]["generation_url"]
    server.account[0]["generation_url"] = None
    server.always("result", Answer(404, {"error": "not found"}))
    server.always("clip", Answer(404, {"error": "not found"}))
    assert type(outcome(studio.submit(**WISH))) is pv.ClipError
    assert row_of(studio, generation)["video_path"] is None
    server._scripts.clear()
    server.account[0]["generation_url"] = url
    told = studio.reconcile()
    assert list(told.findings["kind"]) == ["expiring"]
    assert_home(generation.wait(20), clip)
    assert server.count() == 1


def test_a_busy_host_of_the_file_is_waited_for(server, studio):
    """429 and 503 say nothing about the clip: a sweep's cell ended with an error, though it was paid for."""
    busy = [Answer(429, {"error": "slow down"}), Answer(503, {"error": "busy"})] * 9
    server.say("clip", *busy)
    plan = studio.sweep(prompt=[WISH["prompt"]], duration=5, quality="540p")
    assert list(plan.run()["status"]) == ["completed"]
    assert plan.stopped is None
    assert server.count("clip") == len(busy) + 1


def test_a_busy_host_is_asked_again_when_it_says_and_not_for_ever(server, studio, clip, monkeypatch):
    asked = studio._backend.downloader.attempts  # by one fetch
    server.say("clip", *[Answer(429, {"error": "slow down"}, {"Retry-After": "1"})] * asked)
    monkeypatch.setattr(transfer, "_LONGEST_RETRY_AFTER_S", 0.01)
    started = time.monotonic()
    assert_home(studio.generate(**WISH), clip)
    assert time.monotonic() - started >= 1.0
    monkeypatch.setattr(fetch, "_BUSY_FOR_S", 0.05)
    server.always("clip", Answer(429, {"error": "slow down"}))
    generation = studio.submit("a dog")
    assert type(outcome(generation)) is pv.ClipError
    assert generation.status == "downloading"


def test_copies_follow_the_new_file_of_a_clip_that_was_fetched_again(server, studio, clip):
    """The service gave other bytes: its copies named a file that nobody has any more."""
    first = studio.generate(**WISH)
    copy = studio.generate(**WISH)
    assert copy.reused_from == first.id
    first.video.path.unlink()
    server.clip = clip + (16).to_bytes(4, "big") + b"free" + b"12345678"
    again = studio.generate(**WISH)
    assert again.id == first.id
    assert_home(again, server.clip)
    assert_home(copy, server.clip)
    assert row_of(studio, copy)["video_path"] == row_of(studio, first)["video_path"]
    assert server.count() == 1
