"""The preview engine's protocol, over plain HTTP: what segmind.md promises is what a client gets.

Clips are stand-ins here: the painter has its own tests, and one test below puts the two together.
"""

import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
import requests
from preview_stage import HISTORY, KEY, MODEL, V1, paint, stage

from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.preview.jobs import pace_of
from pixverse_nb.preview.order import Order


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


# v2


def test_v2_from_submit_to_file(engine):
    """Contract, v2 in full: every field of the three answers, and a file that needs no key."""
    server, call = engine
    sent = call.post(MODEL, {"prompt": "a cat", "duration": 3, "quality": "720p", "seed": 7}).json()
    request_id = sent["request_id"]
    assert sent == {
        "request_id": str(uuid.UUID(request_id)),
        "status": "QUEUED",
        "poll_url": f"{server.url}/v1/requests/{request_id}",
        "status_url": f"{server.url}/v2/requests/{request_id}/status",
        "response_url": f"{server.url}/v2/requests/{request_id}",
    }
    result = call.finished(request_id)
    assert result.status_code == 200
    body = result.json()
    file_id = body["output"].removeprefix(f"{server.url}/files/").removesuffix(".mp4")
    clip = requests.get(body["output"], timeout=10)
    assert body["video"] == {
        "url": body["output"],
        "content_type": "video/mp4",
        "file_name": f"{file_id}.mp4",
        "file_size": len(clip.content),
    }
    assert (clip.headers["Content-Type"], clip.content[4:8]) == ("video/mp4", b"ftyp")
    assert body["seed"] == 7
    metrics = body["metrics"]
    assert set(metrics) == {"cost", "remaining_credits", "inference_time", "queue_time", "total_time", "retry_count"}
    assert metrics["cost"] == pytest.approx(3 * 0.075)
    assert metrics["remaining_credits"] == pytest.approx(100 - 3 * 0.075)
    assert metrics["total_time"] == pytest.approx(metrics["queue_time"] + metrics["inference_time"], abs=0.002)
    status = call.get(f"/v2/requests/{request_id}/status")
    assert status.json() == {
        key: body[key] for key in ("status", "request_id", "status_url", "response_url", "metrics")
    }
    assert call.get(f"/v1/requests/{request_id}").json() == body
    assert call.get(f"/v2/requests/{uuid.UUID(request_id).hex}").json() == body, "ids match with and without dashes"


def test_states_pass_in_order(serve):
    """QUEUED while the painters are busy, PROCESSING while drawing, COMPLETED after; metrics only at the end."""
    free, begun = threading.Event(), threading.Event()

    def slow(shot, path):
        begun.set()
        assert free.wait(10)
        paint(shot, path)

    _, call = serve(render=slow, workers=1)
    first, second = call.submit(seed=1), call.submit(seed=2)
    assert begun.wait(10)
    answers = {job: call.get(f"/v2/requests/{job}/status").json() for job in (first, second)}
    assert [answers[job]["status"] for job in (first, second)] == ["PROCESSING", "QUEUED"]
    assert answers[first]["metrics"] == {}
    assert call.get(f"/v2/requests/{first}").json()["status"] == "PROCESSING"
    assert [row["model_status"] for row in call.get(HISTORY).json()["data"]] == ["PENDING", "PENDING"]
    free.set()
    assert call.finished(second).json()["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("body", "word"),
    [({"duration": 99}, "duration"), ({"quality": "8k"}, "quality"), ({"prompt": ""}, "prompt"),
     ({"seed": True}, "seed"), ({"image_url": "http://elsewhere.example/a.png"}, "image_url"),
     ({"image_url": "data:image/png;base64,AAAA"}, "image_url")],
)  # fmt: skip
def test_bad_bodies_fail_after_queueing_on_v2_and_at_once_on_v1(engine, body, word):
    """Contract: v2 validates after queueing, FAILED under 422, unbilled; v1 answers 400."""
    _, call = engine
    failed = call.finished(call.submit(**body))
    assert failed.status_code == 422
    assert failed.json()["status"] == "FAILED"
    assert word in failed.json()["error"]
    refused = call.post(V1, {"prompt": "a cat", **body})
    assert refused.status_code == 400
    assert word in refused.json()["error"]
    assert call.get("/v1/get-user-credits").json()["credits"] == 100
    assert [row["model_status"] for row in call.get(HISTORY).json()["data"]] == ["FAILED"]


def test_a_failed_drawing_fails_its_job_and_nothing_else(engine):
    """A render that fails is FAILED with its text, unbilled, and the server lives on."""
    _, call = engine
    failed = call.finished(call.submit(prompt="unpaintable"))
    assert (failed.status_code, failed.json()["error"]) == (422, "the easel fell over")
    v1 = call.post(V1, {"prompt": "unpaintable"})
    assert (v1.status_code, v1.json()["error"]) == (422, "the easel fell over")
    assert call.finished(call.submit()).json()["status"] == "COMPLETED"


def test_seeds(engine):
    """Same request and seed, same bytes; another seed, other bytes; none or -1 is random and reported."""
    _, call = engine

    def clip(**body):
        result = call.finished(call.submit(**body)).json()
        return result["seed"], requests.get(result["output"], timeout=10).content

    assert clip(seed=5) == clip(seed=5)
    assert clip(seed=5)[1] != clip(seed=6)[1]
    assert clip(seed=5)[1] != clip(seed=5, prompt="a dog")[1]
    drawn = {clip()[0], clip(seed=-1)[0], clip()[0]}
    assert len(drawn) == 3
    assert all(0 <= seed < 2**31 for seed in drawn)


def test_the_same_order_is_drawn_once_and_never_replaced(serve):
    """Even a painter that never repeats itself gives one clip for one order, two at a time or not."""
    strokes = iter(range(100))
    _, call = serve(render=lambda shot, path: path.write_bytes(b"%d" % next(strokes)))  # noqa: ARG005
    jobs = [call.submit(seed=5) for _ in range(8)]
    clips = {requests.get(call.finished(job).json()["output"], timeout=10).content for job in jobs}
    assert len(clips) == 1


# v1


def test_v1_blocks_and_answers_bytes_with_accounting(engine):
    """Contract: raw video/mp4 and the five headers."""
    _, call = engine
    answer = call.post(V1, {"prompt": "a cat", "generate_audio_switch": False, "seed": 9})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"
    assert float(answer.headers["x-cost"]) == pytest.approx(5 * 0.04375)
    assert float(answer.headers["x-remaining-credits"]) == pytest.approx(100 - 5 * 0.04375)
    assert float(answer.headers["x-generation-time"]) >= 0
    assert answer.headers["x-seed-value"] == "9"
    row = call.get(f"{HISTORY}/{answer.headers['x-request-id']}").json()
    assert requests.get(row["generation_url"], timeout=10).content == answer.content


def test_v1_can_answer_json(serve):
    """The document's sample calls .json(): the other shape of v1, by option."""
    _, call = serve(v1_json=True)
    answer = call.post(V1, {"prompt": "a cat"})
    assert answer.headers["Content-Type"] == "application/json"
    assert requests.get(answer.json()["output"], timeout=10).content[4:8] == b"ftyp"


def test_the_documents_sample_runs_offline(serve):
    """The sample body, word for word: its picture is on another host and is never fetched, only its URL is shown."""
    shots = []
    _, call = serve(render=lambda shot, path: (shots.append(shot), paint(shot, path)))
    url = "https://segmind-resources.s3.amazonaws.com/input/pixverse-v6-input.png"
    data = {
        "prompt": "A cinematic shot of a beautiful woman in a flowing red dress walking gracefully",
        "image_url": url, "negative_prompt": "No sudden movements", "duration": 5, "quality": "540p",
        "aspect_ratio": "16:9", "motion_mode": "normal", "generate_audio_switch": True, "thinking_type": "auto",
    }  # fmt: skip
    assert call.post(V1, data).status_code == 200
    assert (shots[0].image, shots[0].image_label) == (None, url)


def test_every_parameter_is_accepted_and_reaches_the_painter(serve):
    """All fifteen names of the schema are valid together, and what the picture hangs on arrives."""
    shots = []
    _, call = serve(render=lambda shot, path: (shots.append(shot), paint(shot, path)))
    body = {
        "prompt": "a cat", "image_url": "https://example.com/a.png", "negative_prompt": "no rain", "duration": 15,
        "quality": "1080p", "aspect_ratio": "21:9", "motion_mode": "fast", "generate_audio_switch": False,
        "thinking_type": "enabled", "seed": 2147483647, "width": 256, "height": 1024, "steps": 100,
        "guidance_scale": 20, "scheduler": "PNDM",
    }  # fmt: skip
    assert set(body) == set(PARAMETERS)
    assert call.finished(call.submit(**body, style="unknown names have no effect")).json()["status"] == "COMPLETED"
    shot = shots[0]
    assert (shot.prompt, shot.negative_prompt, shot.duration, shot.quality) == ("a cat", "no rain", 15, "1080p")
    assert (shot.aspect_ratio, shot.motion_mode, shot.audio, shot.seed) == ("21:9", "fast", False, 2147483647)


# Who may


@pytest.mark.parametrize(
    ("verb", "path"),
    [("POST", MODEL), ("POST", V1), ("GET", "/v2/requests/x"), ("GET", "/v2/requests/x/status"),
     ("GET", "/v1/get-user-credits"), ("GET", HISTORY), ("GET", HISTORY + "/x"), ("POST", "/upload-asset")],
)  # fmt: skip
def test_keys(serve, verb, path):
    """Contract: 401 in two texts, missing and rejected; a Bearer token is refused; nothing is queued."""
    server, call = serve(keys=[KEY])
    url = server.url + path

    def ask(**headers):
        answer = requests.request(verb, url, headers=headers, json={"prompt": "a cat"}, timeout=10)
        assert answer.status_code == 401
        return answer.json()["error"]

    assert ask() == ask(authorization=f"Bearer {KEY}")
    assert "Missing" in ask()
    assert "Invalid" in ask(**{"x-api-key": "SG_ffffffffffffffff"})
    assert call.get(HISTORY).json()["total"] == 0


def test_any_key_is_accepted_when_none_is_named(engine):
    """Rehearsals need no real key; one that no header could carry sensibly is still rejected."""
    server, _ = engine
    url = f"{server.url}/v1/get-user-credits"
    assert requests.get(url, headers={"x-api-key": "rehearsal"}, timeout=10).status_code == 200
    assert requests.get(url, headers={"x-api-key": "two words"}, timeout=10).status_code == 401


def test_the_log_says_whether_there_was_a_key_and_never_which(engine):
    """Tests count POSTs and keys in the log; the key itself is nowhere in it."""
    server, call = engine
    result = call.finished(call.submit()).json()
    requests.get(result["output"], timeout=10).close()
    log = server.requests
    assert [(r.method, r.path, r.keyed) for r in log if r.method == "POST"] == [("POST", MODEL, True)]
    assert [r.keyed for r in log if r.path.startswith("/files/")] == [False]
    assert KEY not in repr(log)
    assert log[0].at == pytest.approx(time.time(), abs=30)


def test_rate_limit(serve):
    """429 with the time of the reset, from which sending again works; polls are not limited."""
    _, call = serve(rate_limit=2, rate_window_s=1.0)
    assert [call.post(MODEL, {"prompt": "a cat"}).status_code for _ in range(2)] == [200, 200]
    refused = call.post(MODEL, {"prompt": "a cat"})
    assert refused.status_code == 429
    reset = datetime.fromisoformat(refused.headers["x-rate-limit-reset-at-utc"].replace("Z", "+00:00"))
    wait = (reset - datetime.now(timezone.utc)).total_seconds()
    assert 0 < wait <= 1
    assert call.get("/v1/get-user-credits").status_code == 200
    time.sleep(wait + 0.01)
    assert call.post(MODEL, {"prompt": "a cat"}).status_code == 200
    assert call.get(HISTORY).json()["total"] == 3, "the refused send was not queued"


# Money


def test_the_balance_goes_down_free_credits_first(serve):
    """Only completed clips cost; what is in flight is reserved, so the balance is never overdrawn."""
    _, call = serve(balance=0.3, free_credits=0.1)
    call.finished(call.submit(prompt="unpaintable"))
    assert call.get("/v1/get-user-credits").json() == {"credits": 0.3, "free-credits": 0.1}
    call.finished(call.submit())  # 5 s of 540p with sound: $0.28125
    assert call.get("/v1/get-user-credits").json() == {"credits": pytest.approx(0.11875), "free-credits": 0.0}
    for path, status, kind in ((MODEL, 402, "application/json"), (V1, 406, "text/plain")):  # contract, Status codes
        refused = call.post(path, {"prompt": "a cat"})
        assert refused.status_code == status
        assert refused.headers["Content-Type"].startswith(kind)
        assert "Insufficient credits" in refused.text
    assert call.get("/v1/get-user-credits").json()["credits"] == pytest.approx(0.11875)
    assert call.finished(call.submit(duration=1, quality="360p")).json()["status"] == "COMPLETED"


def test_the_balance_is_not_overdrawn_by_a_crowd(serve):
    """Twenty sends before anything is drawn, money for three: three jobs, to the cent."""
    free = threading.Event()
    _, call = serve(balance=3 * 0.28125, render=lambda shot, path: (free.wait(10), paint(shot, path)))
    with ThreadPoolExecutor(20) as crowd:
        codes = Counter(crowd.map(lambda seed: call.post(MODEL, {"prompt": "a", "seed": seed}).status_code, range(20)))
    assert call.get("/v1/get-user-credits").json()["credits"] == pytest.approx(3 * 0.28125), "billed at the end only"
    free.set()
    assert codes == {200: 3, 402: 17}
    for row in call.get(HISTORY).json()["data"]:
        call.finished(row["request_id"])
    assert call.get("/v1/get-user-credits").json()["credits"] == 0


# Addresses and bodies


@pytest.mark.parametrize("path", ["/v1/another-model", "/v2/another-model", "/nowhere", "/files/zz.mp4"])
def test_unknown_addresses_are_404_in_json(engine, path):
    _, call = engine
    answer = call.post(path, {"prompt": "a cat"})
    assert (answer.status_code, "not found" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    ("verb", "path", "allow"),
    [("GET", MODEL, "POST"), ("HEAD", V1, "POST"), ("PUT", V1, "POST"), ("PATCH", MODEL, "POST"),
     ("DELETE", HISTORY, "GET, HEAD"), ("OPTIONS", V1, "POST"), ("TRACE", V1, "POST"), ("FOO", MODEL, "POST"),
     ("PROPFIND", "/v2/requests/x/status", "GET, HEAD"), ("foo", "/upload-asset", "POST"), ("POST", "/", "GET, HEAD")],
)  # fmt: skip
def test_a_wrong_verb_is_405_in_html(engine, verb, path, allow):
    """Contract: 405 is HTML, for verbs that nobody has heard of as well; the connection goes on."""
    server, call = engine
    answer = call.session.request(verb, server.url + path, timeout=10)
    assert answer.status_code == 405
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Allow"] == allow
    assert answer.headers["Server"].startswith("PixversePreview")
    assert ("<h1>" in answer.text) == (verb != "HEAD")
    assert call.get("/v1/get-user-credits").status_code == 200


def test_bodies_that_cannot_be_read(engine):
    """A wrong Content-Type is 406 in plain text; what is no JSON object is 400; nothing is queued."""
    server, call = engine
    for path in (MODEL, V1):
        typed = call.session.post(server.url + path, data="prompt=a", timeout=10)
        assert (typed.status_code, "Content-Type" in typed.text) == (406, True)
        headers = {"Content-Type": "application/json"}
        for body in (b"{", b"[]", b'"text"', b"\xff", b""):
            assert call.session.post(server.url + path, data=body, headers=headers, timeout=10).status_code == 400
    assert call.get(HISTORY).json()["total"] == 0


def test_bodies_are_bounded(engine):
    """1 MB for a generation, 32 MB for an upload, then 413; a body of unsaid length is 411; the server lives on."""
    server, call = engine
    long = {"prompt": "a" * 2**20}
    assert call.post(MODEL, long).status_code == 413
    assert call.post("/upload-asset", {"data_urls": ["data:image/png;base64," + "A" * 33 * 2**20]}).status_code == 413
    assert call.session.post(server.url + MODEL, data=iter([b"{}"]), timeout=10).status_code == 411
    assert call.get("/v1/get-user-credits").status_code == 200


def test_urls_lead_back_the_way_the_client_came(engine):
    """A client that says localhost gets localhost URLs, so that its key stays on the host it chose."""
    server, _ = engine
    base = server.url.replace("127.0.0.1", "localhost")
    with requests.Session() as session:
        sent = session.post(base + MODEL, json={"prompt": "a"}, headers={"x-api-key": KEY}, timeout=10).json()
        assert sent["status_url"].startswith(base + "/")
        odd = session.get(server.url + "/", headers={"Host": "evil.example/<script>"}, timeout=10)
        assert server.url in odd.text
        assert "script" not in odd.text


def test_a_blunder_of_the_engine_is_a_500_and_the_next_request_is_served(engine, monkeypatch, caplog):
    """Whatever breaks inside is logged and answered in the service's way; the server lives on."""
    _, call = engine
    with monkeypatch.context() as broken:
        broken.setattr("pixverse_nb.preview.records.history", lambda *_: 1 / 0)
        answer = call.get(HISTORY)
    assert (answer.status_code, answer.json()["error"]) == (500, "Internal server error")
    assert "ZeroDivisionError" in caplog.text
    assert call.get(HISTORY).status_code == 200


# Pace


def test_the_services_pace_is_60_to_90_seconds_and_any_factor_of_it():
    """Drawn from the order's seed: repeatable, spread out, and scaled by the factor."""
    orders = [Order({"prompt": "a", "duration": 5, "quality": "540p", "aspect_ratio": "16:9",
                     "generate_audio_switch": True}, seed, 0) for seed in range(200)]  # fmt: skip
    totals = [sum(pace_of(order, 1.0)) for order in orders]
    assert all(60 <= total <= 90 for total in totals)
    assert max(totals) - min(totals) > 15
    assert totals == [sum(pace_of(order, 1.0)) for order in orders]
    assert sum(pace_of(orders[0], 0.5)) == pytest.approx(totals[0] / 2)
    assert pace_of(orders[0], 0.0) == (0, 0)


def test_a_paced_job_waits_then_works_then_ends(serve):
    """At a hundredth of the pace, a job is queued and processed for as long as it was drawn, and says so."""
    _, call = serve(pace=0.01)
    started = time.monotonic()
    job = call.submit(seed=1)
    assert call.get(f"/v2/requests/{job}/status").json()["status"] == "QUEUED"
    seen = set()
    while (state := call.get(f"/v2/requests/{job}/status").json())["status"] != "COMPLETED":
        seen.add(state["status"])
    elapsed = time.monotonic() - started
    assert "PROCESSING" in seen
    assert 0.6 <= state["metrics"]["total_time"] <= elapsed + 0.01
    assert 0.02 <= state["metrics"]["queue_time"] <= 0.2
