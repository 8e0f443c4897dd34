"""A job among accidents: a key that is echoed, a history that fails, a bug, an engine that ends."""

import json
import logging
import sqlite3
import time
from contextlib import closing, contextmanager

from job_rig import APIS, WISH, assert_home, eventually, outcome, row_of
from scripted import KEY, Answer, Scripted

import pixverse_nb as pv
from pixverse_nb import job as jobs

pytest_plugins = ["job_fixtures"]


# ---- the key ---------------------------------------------------------------------------------------------------------


def key_in_files(folder):
    return [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@APIS
def test_the_key_is_in_no_file_no_log_no_repr(server, studio_at, api, caplog, capsys):
    """A server that repeats the key wherever it can; clips and redirects on another host that keeps its own log."""
    caplog.set_level(logging.DEBUG)
    with Scripted(server.clip) as other:
        server.say("status", Answer(302, headers={"Location": f"{other.url}/v2/requests/x/status"}))
        server.say("status", Answer(500, {"error": f"key {KEY}"}), Answer(body=f"<html>{KEY}"))
        server.say("result", Answer(body=server.finished(output=other.file_url, note=KEY, request_id=KEY)))
        server.say("run", Answer(body={"output": other.file_url}, headers={"x-request-id": KEY}))
        studio = studio_at(server.url, api=api)
        done = studio.generate(**WISH)
        server.always("submit", Answer(500, {"error": f"your key is {KEY}"}, {"x-request-id": KEY}))
        server.always("run", Answer(503, f"your key is {KEY}", {"x-request-id": KEY}))
        failed = studio.submit("a dog")
        error = outcome(failed)
        assert "[key]" in str(error)
        assert [hit.route for hit in other.hits] == ["clip"]
        assert all("x-api-key" not in hit.headers and KEY not in str(hit) for hit in other.hits)
    assert all(hit.headers["x-api-key"] == KEY for hit in server.hits)
    assert all(KEY not in hit.path + hit.query for hit in server.hits)
    seen = [repr(x) for x in (studio, done, failed, error, studio._backend.client, done.request, studio.history())]
    seen += [str(error), studio.history().to_csv(), str(done._bundle(None)), str(failed._bundle(None))]
    studio._store.close()
    assert KEY not in " ".join(seen) + caplog.text + "".join(capsys.readouterr())
    assert key_in_files(studio.home) == []


# ---- the database ----------------------------------------------------------------------------------------------------


@contextmanager
def broken_history(home, when):
    """The history's writes fail, for every process, as on a full disk."""
    fails = "BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
    with closing(sqlite3.connect(home / "history.sqlite3", isolation_level=None)) as database:
        database.execute(f"CREATE TRIGGER broken BEFORE UPDATE ON generations WHEN {when} {fails}")
        yield
        database.execute("DROP TRIGGER broken")


def healed(studio, generation, status):
    """Wait until the history says what the job knows, and no emergency file is left."""
    eventually(
        lambda: row_of(studio, generation)["status"] == status and not list((studio.home / "rescue").glob("*.json"))
    )


@APIS
def test_a_history_that_fails_before_the_send_sends_nothing(server, studio_at, home, api):
    studio = studio_at(server.url, api=api)
    with broken_history(home, "true"):
        generation = studio.submit(**WISH)
        error = outcome(generation)
        assert type(error) is pv.HomeError
        assert (error.billed, generation.status) == (False, "failed")
        assert "disk I/O error" in str(error)
        assert server.count() == 0
    healed(studio, generation, "failed")
    assert_home(studio.generate(**WISH), server.clip)  # repaired: the same cell sends
    assert server.count() == 1


@APIS
def test_a_history_that_fails_after_the_send_does_not_lose_the_clip(server, studio_at, home, api, caplog):
    """The job goes on beside an emergency file, and is written down when the history takes it again."""
    studio = studio_at(server.url, api=api)
    with broken_history(home, "NEW.status != 'submitting'"):
        generation = studio.generate(**WISH)
        assert_home(generation, server.clip)
        (kept,) = (home / "rescue").glob("*.json")
        row = json.loads(kept.read_text())
        assert (row["status"], row["request_id"]) == ("completed", generation.request_id)
        assert KEY not in kept.read_text()
        assert "the history could not be written" in caplog.text
        assert row_of(studio, generation)["status"] == "submitting"
    healed(studio, generation, "completed")
    assert row_of(studio, generation)["video_path"] == row["video_path"]
    assert server.count() == 1


def test_an_error_nobody_foresaw_leaves_the_job_to_be_taken_up(server, studio_at, monkeypatch, caplog):
    """A bug is no reason to lose a paid clip: the job is let go, and a new studio in the same kernel goes on."""
    real = jobs.Job._steps["queued"]

    def bug(_job):
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(jobs.Job._steps, "queued", bug)
    error = outcome(studio_at(server.url).submit(**WISH))
    assert "ZeroDivisionError" in str(error)
    eventually(lambda: "a step failed" in caplog.text)
    monkeypatch.setitem(jobs.Job._steps, "queued", real)
    (resumed,) = studio_at(server.url).resume()
    assert_home(resumed.wait(20), server.clip)
    assert server.count() == 1


# ---- the preview engine ----------------------------------------------------------------------------------------------


def test_a_job_ends_with_its_preview_engine(studio_at, engine):
    """Failed, unbilled, in plain words, at once; a new engine that another job starts is not asked for it."""
    studio = studio_at(None, api_key=None)
    slow = {"extra": {"preview_fault": "job:fail,seconds=60"}, "duration": 1, "quality": "360p"}
    first, second = (studio.submit(prompt, **slow) for prompt in ("a cat", "a dog"))
    eventually(lambda: "submitting" not in {first.status, second.status}, 30)
    started = time.monotonic()
    old = engine._process
    old.kill()
    old.wait()
    third = studio.submit("a bird", duration=1, quality="360p", extra={"preview_fault": "job:fail,text=as asked"})
    for generation in (first, second):
        error = outcome(generation)
        assert "preview engine" in str(error)
        assert "ended" in str(error)
        assert error.billed is False
        assert row_of(studio, generation)["status"] == "failed"
    assert "as asked" in str(outcome(third))
    assert time.monotonic() - started < 20
    old.stdin.close()
    old.stdout.close()
