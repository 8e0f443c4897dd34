"""Who works on a job after something went wrong: nothing that was learned is lost, and nothing is found twice."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
import warnings

import pytest
import sqlalchemy as sa
from job_rig import CEILING, PACE, WISH, answered, assert_home, eventually, outcome, row_of
from PIL import Image
from scripted import Answer

import pixverse_nb as pv
from pixverse_nb.store import schema
from pixverse_nb.store import store as store_module
from pixverse_nb.store.opening import Shelf
from pixverse_nb.store.words import now_us

pytest_plugins = ["job_fixtures"]

_g = schema.generations
NO_CLIPS = Shelf(lambda _: False, lambda _: False)


class Broken:
    """A database that takes nothing while `broken` is set."""

    def __init__(self, monkeypatch, store) -> None:
        self.broken = False
        real = store._db.write

        def write():
            if self.broken:
                raise sa.exc.OperationalError("COMMIT", {}, Exception("disk full"))
            return real()

        monkeypatch.setattr(store._db, "write", write)


def test_resume_takes_in_what_a_failing_database_could_not_take(server, studio, clip, monkeypatch):
    """The emergency file beside the history is the truth: resume() goes on from it and never destroys it."""
    database = Broken(monkeypatch, studio._store)

    def accepted(hit):
        database.broken = True
        return Answer(body={"request_id": server.record(hit.json), "status": "QUEUED"}, runs=False)

    server.always("history", Answer(500, "down"))
    server.always("record", Answer(500, "down"))
    server.say("submit", accepted)
    server.always("clip", Answer(404))
    generation = studio.submit(**WISH)
    assert type(outcome(generation)) is pv.ClipError
    assert row_of(studio, generation)["request_id"] is None, "the history could not take it"
    assert list((studio.home / "rescue").glob("*.json")), "an emergency file did"
    database.broken = False
    server.always("clip", Answer(body=clip, headers={"Content-Type": "video/mp4"}))
    (resumed,) = studio.resume()
    assert_home(resumed.wait(20), clip)
    row = row_of(studio, generation)
    assert (row["request_id"], row["cost_micros"]) == (generation.request_id, CEILING)
    assert server.count("submit") == 1
    assert not list((studio.home / "rescue").glob("*.json"))


def test_a_new_studio_of_the_same_kernel_takes_up_what_nobody_works_on(server, studio, studio_at, monkeypatch):
    """A cell interrupted between the row and its job leaves no row that everybody waits for and nobody works on."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(studio, "_follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        studio.submit(**WISH)
    another = studio_at(server.url)
    eventually(lambda: not another._store.unfinished(server.url))
    (row,) = another.history().itertuples()
    assert row.status == "failed"
    assert not row.billed
    assert another.generate(**WISH).status == "completed"
    assert server.count("submit") == 1


@pytest.mark.parametrize("told", ["status", "result"])
def test_the_cost_is_taken_wherever_the_service_reports_it(server, studio, told):
    """`metrics` stand in the status answer, the result, or both."""
    metrics = {"cost": 0.31, "queue_time": 1.5, "inference_time": 2.5}
    bare = {"request_id": "r-1", "status": "COMPLETED", "output": server.file_url}
    server.say("submit", Answer(body={"request_id": "r-1", "status": "QUEUED"}))
    server.always("status", Answer(body={**bare, **({"metrics": metrics} if told == "status" else {})}))
    server.always("result", Answer(body={**bare, **({"metrics": metrics} if told == "result" else {})}))
    generation = studio.generate(**WISH)
    row = row_of(studio, generation)
    assert (row["cost_micros"], row["cost_source"], row["reserved_micros"]) == (310_000, "reported", 0)
    assert (row["queue_s"], row["inference_s"]) == (1.5, 2.5)


def test_a_failure_that_was_charged_says_so(server, studio):
    """FAILED is unbilled by the documents; a cost that is reported all the same is written down, never dropped."""
    server.say("submit", Answer(body={"request_id": "r-1", "status": "QUEUED"}))
    failed = {"request_id": "r-1", "status": "FAILED", "error": "it broke", "metrics": {"cost": 0.3}}
    server.always("status", Answer(422, failed))
    generation = studio.submit(**WISH)
    error = outcome(generation)
    assert type(error) is pv.GenerationFailed
    assert error.billed is True
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["cost_micros"]) == ("failed", True, 300_000)


def test_a_lost_job_does_not_take_the_request_of_one_that_was_sent_again(server, studio_at):
    """What the account records while a second send is out may be the second one's: the first one waits."""
    studio = studio_at(server.url, pace=pv.Pace(**{**vars(PACE), "submit_read_s": 10.0}))
    server.say("submit", Answer(504))
    first = studio.submit(**WISH)
    eventually(lambda: row_of(studio, first)["status"] == "unknown")
    looked = []

    def second(hit):
        request_id = server.record(hit.json)
        before = server.count("history")
        studio.resume()
        eventually(lambda: server.count("history") > before + 1)
        looked.append(row_of(studio, first)["request_id"])
        return Answer(body={"request_id": request_id, "status": "QUEUED"}, runs=False)

    outcome(first)
    server.say("submit", second)
    resent = studio.generate(**WISH, reuse=False)
    assert looked == [None]
    outcome(first)
    assert first.status == "unknown"
    assert first.cost_usd is None
    assert resent.status == "completed"


def test_an_answer_takes_its_request_back_from_a_row_that_found_it(studio):
    """One request, one row: the answer says whose it is, and the other one's money is reserved again."""
    row = {
        **WISH, "service": studio._backend.name, "api": "v2", "studio": "s",
        "status": "completed", "take": 1, "identity": "i", "request_id": "aabb", "cost_micros": 9,
        "cost_source": "account",
        "ceiling_micros": CEILING, "reserved_micros": 0, "video_path": "clips/x.mp4",
    }  # fmt: skip
    (opened,) = studio._store.open_all([row], reuse=False, owner="a/1/2/x", lease_s=1, shelf=NO_CLIPS, admit=None)
    thief = opened.row
    answered(studio, "AA-BB")
    row = studio._store.row(thief["id"])
    assert (row["status"], row["request_id"], row["cost_micros"]) == ("unknown", None, None)
    assert row["reserved_micros"] == CEILING
    assert row["video_path"] is None


def test_a_home_has_one_budget_whatever_the_address(server, studio_at):
    """`per_day` counts everything that shares the home, not only what went to the same spelling of the service."""
    studio_at(server.url, budget=0.30).generate(**WISH)
    other = studio_at(server.url.replace("127.0.0.1", "localhost"), budget=0.30)
    with pytest.raises(pv.BudgetExceeded):
        other.submit(**WISH)
    assert server.count("submit") == 1


def test_old_reservations_do_not_shut_the_days_that_follow(studio):
    """A clip whose cost was never told, and an outcome that stays unknown, belong to the day they were sent on."""
    week = 7 * 86_400_000_000
    for status in ("completed", "unknown"):
        row = {
            **WISH, "service": studio._backend.name, "api": "v2", "studio": "s", "status": status, "take": 1,
            "identity": status, "ceiling_micros": CEILING, "reserved_micros": CEILING,
            "created_at": now_us() - week,
        }  # fmt: skip
        studio._store.open_all([row], reuse=False, owner="a/1/2/x", lease_s=1, shelf=NO_CLIPS, admit=None)
    spent = studio._store.spent(studio._backend.name, "s")
    assert (spent.day.total, spent.home.total) == (0, 2 * CEILING)


def _in_a_child(studio, pipe):
    try:
        studio.submit(**WISH)
    except pv.PixverseError as error:
        pipe.send(str(error))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_studio_from_before_a_fork_says_so(studio):
    """A forked child has no threads of its own: a clear error instead of a job that hangs."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_in_a_child, args=(studio, there))
    child.start()
    assert here.poll(20)
    assert "made in another process" in here.recv()
    child.join(10)


@pytest.mark.parametrize("options", [{"reuse": "no"}, {"reuse": 2}, {"reuse": None}])
def test_what_decides_about_money_is_checked(studio, server, options):
    """reuse='no' must not mean yes."""
    with pytest.raises(pv.InvalidParameter, match="reuse="):
        studio.submit(**WISH, **options)
    assert server.count("submit") == 0


@pytest.mark.parametrize("options", [{"pace": 5}, {"home": 5}])
def test_an_argument_of_the_wrong_kind_is_named(studio_at, server, options):
    with pytest.raises(pv.InvalidParameter, match=f"{next(iter(options))}=5"):
        studio_at(server.url, **options)


def test_a_reset_in_the_past_is_no_reason_to_hammer(server, studio):
    """The pauses between two sends grow, whatever the clocks say."""
    past = {"x-rate-limit-reset-at-utc": "2020-01-01T00:00:00Z"}
    server.say("submit", *(Answer(429, {"error": "slow down"}, past) for _ in range(3)))
    started = time.monotonic()
    assert studio.submit(**WISH).wait(30).status == "completed"
    assert time.monotonic() - started > 0.5 + 1.0 + 2.0 - 0.1
    assert server.count("submit") == 4


def test_a_failed_upload_says_that_it_was_the_picture(server, studio):
    """No generation was sent, so nothing but the upload is to blame, and no job has an id."""
    server.always("upload", Answer(400, {"error": "nope"}, {"x-request-id": "UP-1"}))
    generation = studio.submit(**WISH, image=Image.new("RGB", (64, 64)))
    error = outcome(generation)
    assert "the picture could not be uploaded" in str(error)
    assert error.billed is False
    assert "https URL" in error.remedy
    assert row_of(studio, generation)["request_id"] is None
    assert server.count() == 0


@pytest.mark.parametrize(("status", "remedy"), [(401, "The key came from the api_key argument"), (402, "Top up")])
def test_an_upload_that_the_account_refuses_says_what_helps_the_account(server, studio, status, remedy):
    """Another picture, or an address of one, would be refused, too."""
    server.always("upload", Answer(status, {"error": "nope"}))
    error = outcome(studio.submit(**WISH, image=Image.new("RGB", (64, 64))))
    assert "the picture could not be uploaded" in str(error)
    assert "No generation was sent. " in error.remedy
    assert remedy in error.remedy
    assert "image_url" not in error.remedy
    assert server.count() == 0


@pytest.mark.parametrize("timeout", ["x", float("nan")])
def test_a_wait_that_is_no_time_is_refused(studio, timeout):
    with pytest.raises(pv.InvalidParameter, match="timeout="):
        studio.generate(**WISH).wait(timeout)


@pytest.mark.parametrize("search", [5, b"x", "\ud800", "x" * 100_000])
def test_a_search_that_is_no_text_is_refused(studio, search):
    with pytest.raises(pv.InvalidParameter, match="search="):
        studio.history(search=search)


@pytest.mark.parametrize("spelled", [str.upper, lambda text: text.replace("-", ""), str])
def test_an_answer_takes_its_request_back_however_it_is_spelled_and_who_holds_the_row_is_told(
    server, studio, studio_at, spelled
):
    """Two rows had one paid job, and a handle went on to give a clip that was another's."""
    found = studio.generate(**WISH)
    elsewhere = studio_at(server.url).generation(found.id)
    assert elsewhere.wait(20).status == "completed"
    answered(studio, spelled(found.request_id))
    assert (found.status, found.video, found.cost_usd) == ("unknown", None, None)
    assert row_of(studio, found)["reserved_micros"] == CEILING
    for handle in (found, elsewhere):
        error = outcome(handle)
        assert type(error) is pv.OutcomeUnknown, "it looks for its own job again"
        assert "another send's" in str(error)
    assert server.count("history") >= 1
    assert server.count() == 1


def test_an_answers_request_and_what_it_takes_away_are_written_together(studio, monkeypatch):
    """Killed between the two, both rows had the job and its cost."""
    found = studio.generate(**WISH)

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "_disown", dies)
    with pytest.raises(KeyboardInterrupt):
        answered(studio, found.request_id)
    with studio._store._db.read() as connection:
        having = connection.execute(sa.select(_g.c.id).where(_g.c.request_id == found.request_id)).scalars().all()
    assert having == [found.id]


def test_what_a_failing_database_did_not_take_is_taken_away_later(studio, monkeypatch):
    """The answer came while the history could not be written: its request is still its own."""
    found = studio.generate(**WISH)
    database = Broken(monkeypatch, studio._store)
    row = {
        **WISH, "service": studio._backend.name, "api": "v2", "studio": "s", "status": "submitting", "take": 1,
        "identity": "another", "ceiling_micros": CEILING, "reserved_micros": CEILING,
    }  # fmt: skip
    (opened,) = studio._store.open_all([row], reuse=False, owner="node/1/2/x", lease_s=60, shelf=NO_CLIPS, admit=None)
    database.broken = True
    told = studio._store.journal(opened.row, "node/1/2/x", 60, force=True, status="queued", request_id=found.request_id)
    database.broken = False
    assert row_of(studio, found)["request_id"] == found.request_id
    studio._store.journal(told, "node/1/2/x", 60, status="processing")
    assert (row_of(studio, found)["status"], row_of(studio, found)["request_id"]) == ("unknown", None)
    assert studio._store.row(told["id"])["request_id"] is not None


@pytest.mark.parametrize("take", [1, 2])
def test_a_lost_job_does_not_take_the_request_of_an_earlier_send_that_is_still_out(server, studio_at, take):
    """Whichever take it is: the bodies are the same, and the account's job may be either one's."""
    studio = studio_at(server.url, pace=pv.Pace(**{**vars(PACE), "submit_read_s": 10.0}))
    go = threading.Event()
    accepted = {"request_id": "00000001-0000-4000-8000-00000000000a", "status": "QUEUED"}
    server.say("submit", Answer(body=accepted, first=lambda _: go.wait(10), runs=True), Answer(504))
    early = studio.submit(**WISH)
    server.wait_for("submit")
    late = studio.submit(**WISH, take=take, reuse=False)
    assert type(outcome(late)) is pv.OutcomeUnknown
    assert late.request_id is None
    go.set()
    assert early.wait(20).request_id == accepted["request_id"]
    assert type(outcome(late)) is pv.OutcomeUnknown
    assert server.count() == 2


# ---- interrupted while it begins -----------------------------------------------------------------------------------


def nothing_is_left(studio):
    """No row waits for nobody, and no money is reserved."""
    assert not studio._store.unfinished(studio._backend.name)
    assert studio._store.spent(studio._backend.name, studio._name).home.reserved == 0


@pytest.mark.parametrize("takes", [1, 3])
def test_an_interruption_as_the_commit_returns_leaves_nothing_reserved(server, studio, studio_at, monkeypatch, takes):
    """The rows were written, and who wrote them never learned it: they waited as long as the kernel lived."""
    real = studio._store.open_all

    def cut(*given, **how):
        real(*given, **how)
        raise KeyboardInterrupt

    monkeypatch.setattr(studio._store, "open_all", cut)
    with pytest.raises(KeyboardInterrupt):
        studio.submit(**WISH, takes=takes)
    nothing_is_left(studio)
    history = studio.history()
    assert set(history["status"]) == {"failed"}
    assert not history["billed"].any()
    assert "withdrawn before it was sent" in history["error"].iloc[0]
    assert studio_at(server.url).generate(**WISH).status == "completed"
    assert server.count() == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that was just opened
def test_interruptions_at_any_moment_strand_nothing(studio):
    """Real signals, wherever they come: what is there afterwards has a job, or is closed."""
    studio.generate(**WISH)

    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    interrupted = 0
    try:
        for n in range(120):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002 + n * 0.0001)
                studio.submit(f"a cat, number {n}")
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted > 10
    eventually(lambda: not studio._store.unfinished(studio._backend.name), 30)
    nothing_is_left(studio)


def test_where_warnings_are_errors_nothing_is_begun(server, studio):
    """The warning came after the rows were written: they kept their money reserved, and everybody waited for them."""
    server.say("status", Answer(422, {"status": "FAILED", "error": "Content moderation: refused"}))
    assert type(outcome(studio.submit(**WISH))) is pv.ModerationRefused
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(pv.ModerationWarning):
            studio.submit(**WISH, takes=3)
    assert len(studio.history()) == 1
    nothing_is_left(studio)
    assert server.count() == 1
