"""Taking a job of the account into the history, and writing a row off: one row a request, and nothing is sent."""

import threading

import pytest
from job_rig import CEILING, PACE, WISH, answered, assert_home, outcome, row_of
from scripted import Answer

import pixverse_nb as pv
import pixverse_nb.lost
from pixverse_nb import adoption
from pixverse_nb.adoption import request_of_body
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.pricing import HIGHEST_MICROS
from pixverse_nb.store import leases

pytest_plugins = ["job_fixtures"]


def lost(server, studio, *, runs=False, **wish):
    server.say("submit", Answer(503, {"error": "busy"}, runs=runs))
    generation = studio.submit(**{**WISH, **wish})
    assert type(outcome(generation)) is pv.OutcomeUnknown
    return generation


# ---- adopting --------------------------------------------------------------------------------------------------------


def test_a_job_of_another_home_becomes_a_row_with_its_clip_and_its_cost(server, studio, studio_at, tmp_path, clip):
    theirs = studio_at(server.url, home=tmp_path / "other").generate("a fox", duration=3, seed=7, extra={"style": "x"})
    ours = studio.adopt(theirs.request_id)
    assert_home(ours.wait(20), clip)
    assert (ours.cost_usd, ours.cost_source, ours.request_id) == (0.28125, "account", theirs.request_id)
    assert ours.request == theirs.request
    row = row_of(studio, ours)
    assert (row["billed"], row["reserved_micros"], row["duration"]) == (True, 0, 3)
    spent = studio._store.spent(server.url, studio._name)
    assert (spent.studio.total, spent.home.charged) == (0, 281_250)  # no cap of this studio's, but the home's
    assert studio.reconcile().findings.empty
    again = studio.generate("a fox", duration=3, seed=7, extra={"style": "x"})
    assert again.reused_from == ours.id
    assert server.count() == 1


def test_adopting_twice_is_one_row_however_the_id_is_written(server, studio):
    request_id = server.record(WISH)
    first = studio.adopt(request_id)
    first.wait(20)
    for written in (request_id, request_id.replace("-", "").upper(), f" {request_id} "):
        assert studio.adopt(written).id == first.id
    assert len(studio.history()) == 1
    assert server.count() == 0


def test_two_kernels_that_adopt_at_once_make_one_row(server, studio_at, clip):
    request_id = server.record(WISH)
    studios = [studio_at(server.url) for _ in range(4)]
    at_once, adopted = threading.Barrier(4), []

    def run(studio):
        at_once.wait(5)
        adopted.append(studio.adopt(request_id))

    threads = [threading.Thread(target=run, args=(studio,)) for studio in studios]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({generation.id for generation in adopted}) == 1
    assert len(adopted) == 4
    for generation in adopted:
        assert generation.wait(20).video.path.read_bytes() == clip
    assert len(studios[0].history()) == 1
    assert server.count("clip") == 1


def test_a_job_that_still_runs_is_followed_to_its_end(server, studio, clip):
    request_id = server.record(WISH, model_status="PENDING", generation_url=None, credits_deduction=None)
    server.state = "PROCESSING"
    generation = studio.adopt(request_id)
    server.wait_for("status", 2)
    assert row_of(studio, generation)["reserved_micros"] == CEILING
    server.state = "COMPLETED"
    assert_home(generation.wait(20), clip)
    assert (generation.cost_source, row_of(studio, generation)["reserved_micros"]) == ("reported", 0)
    assert server.count() == 0


def test_a_request_that_the_account_does_not_know_is_not_found(server, studio):
    with pytest.raises(pv.NotFound, match="knows no request 'r-9'"):
        studio.adopt("r-9")
    assert studio.history().empty
    assert server.count() == 0


@pytest.mark.parametrize("request_id", [None, 5, "", " - ", "x" * 201])
def test_what_is_no_request_id_is_refused_before_anything_is_asked(server, studio, request_id):
    with pytest.raises(pv.InvalidParameter, match="not a request id"):
        studio.adopt(request_id)
    assert server.hits == []


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"model_status": "FAILED", "error": "too odd", "credits_deduction": 0}, pv.InvalidParameter, "too odd"),
        ({"model_name": "kling-3"}, pv.InvalidParameter, "kling-3"),
        ({"generation_url": None, "credits_deduction": None}, pv.BadAnswer, "where its clip is"),
    ],
)
def test_what_cannot_be_taken_over_says_why_and_makes_no_row(server, studio, changes, kind, words):
    with pytest.raises(kind, match=words):
        studio.adopt(server.record(WISH, **changes))
    assert studio.history().empty


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"model_status": "FAILED", "error": "too odd"}, "too odd"), ({"generation_url": None}, "where its clip is")],
)
def test_a_charge_without_a_clip_becomes_a_failed_row_that_counts(server, studio, changes, words):
    """It stood in every reconciliation, and no budget knew of it."""
    request_id = server.record(WISH, **changes)
    assert run_action(studio)
    row = studio._store.rows_of_requests([request_id])[request_id.replace("-", "")]
    assert (row["status"], row["billed"], row["cost_micros"], row["reserved_micros"]) == ("failed", True, 281_250, 0)
    assert words in row["error"] + str(row["error_detail"])
    assert studio._store.spent(server.url, studio._name).home.charged == 281_250
    assert studio.reconcile().findings.empty
    assert server.count() == 0


def run_action(studio):
    """Do what the one finding says."""
    (action,) = studio.reconcile().findings["action"]
    return eval(action, {"studio": studio})  # noqa: S307


@pytest.mark.parametrize("body", [None, {"prompt": "a cat"}, {**WISH, "duration": 99}])
def test_a_job_whose_length_or_quality_was_not_recorded_teaches_no_price(server, studio, body):
    before = studio.estimate(**WISH)
    generation = studio.adopt(server.record(body, credits_deduction=2.15625)).wait(20)
    assert generation.cost_usd == 2.15625
    assert row_of(studio, generation)["estimate_micros"] is None
    assert studio.estimate(**WISH) == before
    assert studio._store.spent(server.url, studio._name).home.charged == 2_156_250


def test_a_running_job_of_an_unknown_length_reserves_the_models_highest_price(server, studio):
    server.state = "PROCESSING"
    generation = studio.adopt(server.record(None, model_status="PENDING", generation_url=None, credits_deduction=None))
    assert row_of(studio, generation)["reserved_micros"] == HIGHEST_MICROS
    assert "queued" in repr(generation) or "processing" in repr(generation)


def test_adopting_what_failed_here_and_is_finished_there_brings_its_clip_home(server, studio, clip):
    server.say("status", Answer(422, {"status": "FAILED", "error": "worker lost"}))
    generation = studio.submit(**WISH)
    outcome(generation)
    assert generation.status == "failed"
    adopted = studio.adopt(generation.request_id)
    assert adopted is generation
    assert_home(adopted.wait(20), clip)
    assert (adopted.cost_usd, adopted.cost_source, len(studio.history())) == (0.28125, "account", 1)
    assert studio.generate(**WISH).reused_from == generation.id
    assert server.count() == 1


def test_a_job_that_a_lost_row_of_ours_sent_is_given_to_that_row(server, studio, clip):
    """A row of its own would leave the lost one unknown, its money reserved for ever."""
    generation = lost(server, studio)
    request_id = server.record(WISH)
    assert studio.adopt(request_id).id == generation.id
    assert_home(generation.wait(20), clip)
    assert len(studio.history()) == 1
    assert studio._store.spent(server.url, studio._name).home.total == 281_250
    assert server.count() == 1


def test_a_job_whose_send_is_still_out_is_left_to_it(server, studio):
    sent, release = threading.Event(), threading.Event()

    def slow(hit):
        request_id = server.record(hit.json)
        sent.set()
        release.wait(5)
        return Answer(body={"request_id": request_id, "status": "QUEUED"}, runs=False)

    server.say("submit", slow)
    patient = pv.Pace(**{**vars(PACE), "submit_read_s": 10.0})
    object.__setattr__(studio._backend.client, "pace", patient)
    generation = studio.submit(**WISH)
    assert sent.wait(5)
    with pytest.raises(pv.PixverseError, match=f"most likely that of generation {generation.id}"):
        studio.adopt(server.account[0]["request_id"])
    release.set()
    generation.wait(20)
    assert len(studio.history()) == 1


def test_a_row_that_took_over_what_turned_out_to_be_another_sends_is_closed(server, studio):
    """Its request is taken from it by the answer; it has nothing to look for, and keeps nothing reserved."""
    request_id = server.record(WISH)
    adopted = studio.adopt(request_id)
    adopted.wait(20)
    answered(studio, request_id)
    assert (adopted.status, adopted.video) == ("unknown", None), "who holds it is told"
    (again,) = studio.resume()
    assert again.id == adopted.id
    assert "another row's" in str(outcome(again))
    row = row_of(studio, again)
    assert (row["status"], row["billed"], row["reserved_micros"], row["cost_micros"]) == ("failed", False, 0, None)
    assert server.count() == 0


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_of_a_recorded_body_becomes_its_column(name):
    values = {"string": "words", "url": "https://a.example/1.png", "integer": 6, "number": 7.5, "boolean": False}
    parameter = PARAMETERS[name]
    value = parameter.choices[-1] if parameter.kind == "choice" else values[parameter.kind]
    value = 300 if name in {"width", "height"} else value
    for written in (value, str(value) if parameter.kind != "boolean" else "false"):
        request = request_of_body({"inputs": {**WISH, name: written}})
        assert request.parameters[name] == value
        assert request.extra == {}


def test_what_the_schema_does_not_take_is_kept_as_extra():
    body = {**WISH, "duration": 20, "seed": "lots", "image_url": "http://a.example/1.png", "style": "x", "n": None}
    request = request_of_body(body)
    assert request.parameters == {"prompt": "a cat", "duration": 5, "quality": "540p"}
    assert request.extra == {"duration": 20, "seed": "lots", "image_url": "http://a.example/1.png", "style": "x"}
    assert request.body() == {name: value for name, value in body.items() if value is not None}


def test_a_job_whose_inputs_were_not_recorded_is_taken_in_all_the_same(server, studio, clip):
    generation = studio.adopt(server.record(None))
    assert_home(generation.wait(20), clip)
    assert (generation.request.prompt, generation.cost_usd) == ("", 0.28125)
    assert "completed" in repr(generation)
    assert generation._repr_mimebundle_()["text/html"]
    assert len(studio.history()) == 1


# ---- writing off -----------------------------------------------------------------------------------------------------


def test_a_row_that_is_written_off_is_failed_its_money_free_and_the_cell_sends_anew(server, studio, clip):
    generation = lost(server, studio)
    looks = server.count("history")
    closed = studio.write_off(generation.id)
    assert closed is generation
    assert server.count("history") == looks + 1
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["reserved_micros"], row["lease_owner"]) == ("failed", None, 0, None)
    assert row["error"] == "you wrote it off: the account's history did not know it"
    assert "may be running and billed" in str(closed.error)
    assert studio._store.spent(server.url, studio._name).home.total == 0
    assert server.count() == 1
    anew = studio.generate(**WISH)
    assert anew.id != generation.id
    assert_home(anew, clip)
    assert server.count() == 2


def test_a_job_that_sleeps_between_its_looks_can_be_written_off(server, studio_at):
    studio = studio_at(server.url, pace=pv.Pace(**{**vars(PACE), "search_s": (60.0,)}))
    server.say("submit", Answer(503, {"error": "busy"}))
    generation = studio.submit(**WISH)
    server.wait_for("history")
    assert studio.write_off(generation.id).status == "failed"
    assert studio.resume() == []


def test_a_job_that_the_last_look_finds_is_taken_up_instead(server, studio, clip):
    generation = lost(server, studio)
    server.record(WISH)
    assert studio.write_off(generation.id) is generation
    assert_home(generation.wait(20), clip)
    assert (generation.cost_usd, server.count()) == (0.28125, 1)


def test_a_job_that_is_found_running_is_not_written_off(server, studio, clip):
    generation = lost(server, studio)
    server.record(WISH, model_status="PENDING", generation_url=None)
    assert studio.write_off(generation.id).request_id == server.account[0]["request_id"]
    row = row_of(studio, generation)
    assert (row["status"], row["reserved_micros"]) == ("unknown", CEILING)
    server.account[0].update(model_status="COMPLETED", generation_url=server.file_url)
    assert_home(generation.wait(20), clip)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([Answer(500, {"error": "inside"})] * PACE.attempts, pv.ServerError),
        ([Answer(cut=-1)] * PACE.attempts, pv.ServiceUnreachable),
        ([Answer(401, {"error": "Invalid API key"})], pv.AuthenticationError),
    ],
)
def test_a_row_stays_as_it_is_when_the_account_cannot_be_asked(server, studio, answers, kind):
    generation = lost(server, studio)
    server.say("history", *answers)
    with pytest.raises(kind):
        studio.write_off(generation.id)
    row = row_of(studio, generation)
    assert (row["status"], row["reserved_micros"]) == ("unknown", CEILING)
    assert studio.write_off(generation.id).status == "failed"
    assert server.count() == 1


def test_a_found_job_of_which_nobody_says_where_the_clip_is_is_not_written_off(server, studio):
    generation = lost(server, studio)
    server.record(WISH, generation_url=None)
    with pytest.raises(pv.OutcomeUnknown):
        studio.write_off(generation.id)
    row = row_of(studio, generation)
    assert (row["status"], row["request_id"]) == ("unknown", server.account[0]["request_id"])


def test_a_row_that_another_kernel_works_on_is_left_to_it(server, studio):
    generation = lost(server, studio)
    other = leases.new_owner()
    assert studio._store.claim(generation.id, other, 60)
    with pytest.raises(pv.PixverseError, match="another kernel"):
        studio.write_off(generation.id)
    studio._store.release(generation.id, other)
    assert row_of(studio, generation)["status"] == "unknown"


def test_a_job_that_is_called_running_for_ever_can_be_written_off_after_two_hours(server, studio, monkeypatch):
    """It could not be resolved at all, and "has not answered" was not true."""
    generation = lost(server, studio)
    server.record(WISH, model_status="PENDING", generation_url=None)
    studio.write_off(generation.id)
    with pytest.raises(pv.OutcomeUnknown, match=r"says that it is still running, since .*can be written off") as told:
        studio.write_off(generation.id)
    assert "has not answered" not in str(told.value)
    monkeypatch.setattr(pixverse_nb.lost, "STUCK_US", 0)
    closed = studio.write_off(generation.id)
    row = row_of(studio, closed)
    assert (row["status"], row["billed"], row["reserved_micros"]) == ("failed", None, 0)
    assert "called it running since" in row["error"]
    assert server.count() == 1


def test_a_row_that_is_known_to_be_billed_keeps_its_reservation_and_says_so(server, studio_at, clip):
    studio = studio_at(server.url, api="v1")
    server.say("run", Answer(body=clip, headers={"Content-Type": "video/mp4"}, cut=100, runs=False))
    generation = studio.submit(**WISH)
    assert outcome(generation).billed is True
    studio.write_off(generation.id)
    row = row_of(studio, generation)
    assert (row["status"], row["billed"], row["reserved_micros"]) == ("failed", True, CEILING)
    assert "$0.281 stays reserved" in str(generation.error)


@pytest.mark.parametrize("id", [["a"], None, 5])
def test_what_is_no_id_cannot_be_written_off(studio, id):
    with pytest.raises(pv.InvalidParameter, match="not an id of the history"):
        studio.write_off(id)


def test_only_an_unknown_row_can_be_written_off(server, studio):
    done = studio.generate(**WISH)
    with pytest.raises(pv.InvalidParameter, match="is completed: only one whose outcome is unknown"):
        studio.write_off(done.id)
    with pytest.raises(pv.NotFound, match="holds no 'nothing'"):
        studio.write_off("nothing")
    closed = lost(server, studio, prompt="a dog")
    studio.write_off(closed.id)
    with pytest.raises(pv.InvalidParameter, match="is failed"):
        studio.write_off(closed.id)


def test_a_row_of_another_service_is_for_a_studio_there(server, studio, studio_at):
    generation = lost(server, studio)
    elsewhere = studio_at(server.url + "/mirror")
    with pytest.raises(pv.InvalidParameter, match="was sent to"):
        elsewhere.write_off(generation.id)


def test_a_service_that_never_answers_leaves_the_row_open(server, studio, monkeypatch):
    generation = lost(server, studio)
    release = threading.Event()
    monkeypatch.setattr(adoption, "LOOKS_S", 0.05)
    server.say("history", Answer(body={"data": []}, first=lambda _: release.wait(10)))
    with pytest.raises(pv.WaitTimeout, match="stays unknown"):
        studio.write_off(generation.id)
    release.set()
    assert type(outcome(generation)) is pv.OutcomeUnknown  # nobody is waiting any more: it is not closed
    assert row_of(studio, generation)["status"] == "unknown"
