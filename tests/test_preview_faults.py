"""The preview engine's fault script, over plain HTTP: each fault does what it says, once, and leaves no trace."""

import http.client
import time
import tracemalloc
from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest
import requests
from preview_stage import CLIP_BYTES, HISTORY, KEY, MODEL, V1, paint, stage

from pixverse_nb.preview.faults import KINDS, MODERATION

CODES = (400, 401, 402, 403, 404, 405, 406, 410, 422, 429, 500, 502, 503, 504)


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


def jobs(call):
    """How many jobs the account has, whatever the answers said."""
    return call.get(HISTORY).json()["total"]


def output(call, **body):
    return call.finished(call.submit(**body)).json()["output"]


# Each code, each form


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("path", [MODEL, V1])
def test_every_status_code_has_its_body_shape(engine, code, path):
    """Contract, Status codes: JSON; 406 plain text; 405, 502, 504 HTML; nothing is queued, and the next send works."""
    server, call = engine
    server.faults.add("submit", status=code, text="these <words>")
    answer = call.post(path, {"prompt": "a cat"})
    assert answer.status_code == code
    kind = answer.headers["Content-Type"].partition(";")[0]
    if code == 406:
        assert (kind, answer.text) == ("text/plain", "these <words>")
    elif code in {405, 502, 504}:
        assert kind == "text/html"
        assert "these &lt;words&gt;" in answer.text
    else:
        assert (kind, answer.json()["error"]) == ("application/json", "these <words>")
    assert ("x-rate-limit-reset-at-utc" in answer.headers) == (code == 429)
    assert jobs(call) == 0
    assert call.post(path, {"prompt": "a cat"}).status_code == 200
    assert server.faults.pending == []


@pytest.mark.parametrize("code", CODES)
def test_every_status_code_has_words_of_its_own(engine, code):
    """Without text, the service's usual words: never an empty body."""
    server, call = engine
    server.faults.add("credits", status=code)
    assert len(call.get("/v1/get-user-credits").text) > 10


def test_429_says_when(engine):
    """The seconds of a 429 are the time to its reset, not a delay."""
    server, call = engine
    server.faults.add("submit", status=429, seconds=30)
    begun = time.monotonic()
    reset = call.post(MODEL, {"prompt": "a"}).headers["x-rate-limit-reset-at-utc"]
    assert time.monotonic() - begun < 5
    moment = datetime.fromisoformat(reset.replace("Z", "+00:00"))
    assert (moment - datetime.now(timezone.utc)).total_seconds() == pytest.approx(30, abs=5)


@pytest.mark.parametrize(
    ("at", "path"),
    [("status", "/v2/requests/{job}/status"), ("result", "/v2/requests/{job}"), ("history", HISTORY),
     ("history", HISTORY + "/{job}"), ("credits", "/v1/get-user-credits"), ("download", "{file}")],
)  # fmt: skip
def test_faults_strike_where_they_are_told_to(engine, at, path):
    """Each exchange has its own faults; others pass by untouched."""
    server, call = engine
    job = call.submit()
    file = urlsplit(call.finished(job).json()["output"]).path
    server.faults.add(at, status=503)
    elsewhere = "/v1/get-user-credits" if at != "credits" else HISTORY
    assert call.get(elsewhere).status_code == 200
    path = path.format(job=job, file=file)
    assert [call.get(path).status_code for _ in range(2)] == [503, 200]


def test_upload_faults(engine):
    server, call = engine
    server.faults.add("upload", status=500)
    body = {"data_urls": ["data:image/png;base64,AAAA"]}
    assert [call.post("/upload-asset", body).status_code for _ in range(2)] == [500, 200]


# Lost answers


@pytest.mark.parametrize("path", [MODEL, V1])
@pytest.mark.parametrize("queued", [False, True])
def test_a_lost_answer(engine, path, queued):
    """The connection is reset before a byte of the answer: with `queued` the job runs and is billed nevertheless."""
    server, call = engine
    server.faults.add("submit", "cut", queued=queued)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        call.post(path, {"prompt": "a cat"})
    rows = call.get(HISTORY).json()["data"]
    assert len(rows) == queued
    for row in rows:
        assert call.finished(row["request_id"]).json()["status"] == "COMPLETED"
    assert (call.get("/v1/get-user-credits").json()["credits"] < 100) == queued


@pytest.mark.parametrize("code", [502, 503, 504])
def test_a_gateway_error_although_queued(engine, code):
    """Contract: ambiguous on a submit, the job may be running and billed."""
    server, call = engine
    server.faults.add("submit", status=code, queued=True)
    assert call.post(V1, {"prompt": "a cat"}).status_code == code
    assert jobs(call) == 1


def test_garbage_and_a_late_answer_although_queued(engine):
    server, call = engine
    server.faults.add("submit", "garbage", queued=True)
    answer = call.post(MODEL, {"prompt": "a cat"})
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    server.faults.add("submit", "cut", queued=True, seconds=5)
    with pytest.raises(requests.ReadTimeout):
        call.session.post(server.url + MODEL, json={"prompt": "a"}, timeout=0.3)
    assert jobs(call) == 2


def test_a_cut_poll(engine):
    """A reset, then half an answer, then a whole one."""
    server, call = engine
    job = call.submit()
    server.faults.add("status", "cut")
    server.faults.add("status", "cut", size=20)
    path = f"/v2/requests/{job}/status"
    with pytest.raises(requests.ConnectionError):
        call.get(path)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        call.get(path)
    assert call.get(path).json()["request_id"] == job


# Downloads


def fetch(url, **headers):
    """Status, headers and whatever came of the body, also when it was cut off."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path, headers=headers)
        answer = connection.getresponse()
        try:
            body = answer.read()
        except http.client.IncompleteRead as broken:
            body = broken.partial
        return answer, body
    finally:
        connection.close()


def test_a_cut_download_can_be_taken_up(engine):
    """Halfway by default, or after `size` bytes; the rest is there for who asks for it."""
    server, call = engine
    url = output(call)
    _, whole = fetch(url)
    server.faults.add("download", "cut")
    answer, half = fetch(url)
    assert (int(answer.headers["Content-Length"]), half) == (CLIP_BYTES, whole[: CLIP_BYTES // 2])
    server.faults.add("download", "cut", size=1000)
    answer, more = fetch(url, Range=f"bytes={len(half)}-")
    assert (answer.status, len(more)) == (206, 1000)
    _, rest = fetch(url, Range=f"bytes={len(half) + len(more)}-")
    assert half + more + rest == whole


def test_a_corrupt_download(engine):
    """The right length and type, a good beginning, wrong bytes; also for a v1 answer."""
    server, call = engine
    url = output(call, seed=3)
    _, whole = fetch(url)
    server.faults.add("download", "corrupt")
    answer, spoilt = fetch(url)
    assert (answer.status, len(spoilt), spoilt[:64]) == (200, len(whole), whole[:64])
    assert sum(a != b for a, b in zip(spoilt, whole, strict=True)) > len(whole) / 2
    server.faults.add("submit", "corrupt")
    assert call.post(V1, {"prompt": "a cat", "seed": 3}).content == spoilt
    assert fetch(url)[1] == whole


def test_a_slow_drip(engine):
    """Everything arrives, spread over the time: the first bytes long before the last."""
    server, call = engine
    url = output(call)
    server.faults.add("download", "drip", seconds=0.5)
    begun = time.monotonic()
    with requests.get(url, stream=True, timeout=10) as answer:
        pieces = [(time.monotonic() - begun, len(piece)) for piece in answer.iter_content(1000)]
    assert sum(size for _, size in pieces) == CLIP_BYTES
    assert pieces[0][0] < 0.25
    assert 0.45 < pieces[-1][0] < 5


@pytest.mark.parametrize("kind", ["drip", "corrupt"])
def test_a_spoilt_download_is_never_whole_in_memory(serve, kind):
    """Many at once must not take as many clips' worth of memory: a file leaves in pieces, damaged in the same place."""
    size, part = 24 * 2**20, 1_000_003
    server, call = serve(render=lambda _, path: path.write_bytes(bytes(size)))
    url = output(call)
    server.faults.add("download", kind, times=None, **({"seconds": 0.1} if kind == "drip" else {}))
    tracemalloc.start()
    try:
        with requests.get(url, stream=True, timeout=10) as answer:
            got = [(len(piece), set(piece)) for piece in answer.iter_content(2**16)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(length for length, _ in got) == size
    assert peak < size / 4
    good, bad = {0}, {0x55} if kind == "corrupt" else {0}
    assert (got[0][1], got[-1][1]) == (good, bad)
    for first, expected in ((size // 4 - part, good), (size // 4, bad), (size // 2, bad)):
        answer, body = fetch(url, Range=f"bytes={first}-{first + part - 1}")
        assert (answer.status, len(body), set(body)) == (206, part, expected)


@pytest.mark.parametrize("size", [1000, -1000])
def test_a_wrong_content_length(engine, size):
    """Too long: the body ends before it should; too short: bytes are missing from what the client reads."""
    server, call = engine
    url = output(call)
    server.faults.add("download", "length", size=size)
    answer, body = fetch(url)
    assert int(answer.headers["Content-Length"]) == CLIP_BYTES + size
    assert len(body) == CLIP_BYTES + min(size, 0)
    assert fetch(url)[1][: len(body)] == body, "the next download is whole again"


def test_a_garbage_download(engine):
    server, call = engine
    url = output(call)
    server.faults.add("download", "garbage")
    answer, body = fetch(url)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert b"<title>" in body


@pytest.mark.parametrize("status", [None, 301, 302, 308])
def test_a_redirect_to_another_host(engine, status):
    """The default leads back here under another name, so that the log shows whether a key came along."""
    server, call = engine
    server.faults.add("credits", "redirect", **({"status": status} if status else {}))
    answer = call.get("/v1/get-user-credits", allow_redirects=False)
    assert answer.status_code == (status or 307)
    target = urlsplit(answer.headers["Location"])
    assert (target.hostname, target.port, target.path) == (
        "localhost",
        urlsplit(server.url).port,
        "/v1/get-user-credits",
    )
    seen = len(server.requests)
    requests.get(answer.headers["Location"], timeout=10).close()
    assert [(r.path, r.keyed) for r in server.requests[seen:]] == [("/v1/get-user-credits", False)]
    server.faults.add("download", "redirect", url="http://elsewhere.example/x.mp4")
    answer = requests.get(output(call), allow_redirects=False, timeout=10)
    assert answer.headers["Location"] == "http://elsewhere.example/x.mp4"


def test_a_late_answer(engine):
    server, call = engine
    server.faults.add("credits", "delay", seconds=0.3)
    begun = time.monotonic()
    assert call.get("/v1/get-user-credits").status_code == 200
    assert time.monotonic() - begun >= 0.3


# Jobs


def test_failed_after_n_seconds(engine):
    """PROCESSING until then, FAILED under 422 with the text after, and unbilled."""
    server, call = engine
    server.faults.add("job", "fail", seconds=0.4, text="the GPU, sadly, fell over")
    begun = time.monotonic()
    job = call.submit()
    time.sleep(0.1)
    assert call.get(f"/v2/requests/{job}/status").json()["status"] == "PROCESSING"
    failed = call.finished(job)
    assert time.monotonic() - begun >= 0.4
    assert (failed.status_code, failed.json()["error"]) == (422, "the GPU, sadly, fell over")
    assert call.get(f"/v2/requests/{job}/status").status_code == 422
    assert call.get(f"{HISTORY}/{job}").json()["credits_deduction"] == 0
    assert call.get("/v1/get-user-credits").json()["credits"] == 100


def test_moderation(engine):
    """Contract: content moderation arrives as a 422, told by its text only; on v1 and v2."""
    server, call = engine
    server.faults.add("job", "moderation", times=2)
    assert call.finished(call.submit()).json()["error"] == MODERATION
    answer = call.post(V1, {"prompt": "a cat"})
    assert (answer.status_code, answer.json()["error"]) == (422, MODERATION)


def test_missing_metrics_and_cost(engine):
    """An absent cost is absent, in body and headers alike; the balance tells it all the same."""
    server, call = engine
    server.faults.add("job", "no-cost", times=2)
    metrics = call.finished(call.submit()).json()["metrics"]
    assert "inference_time" in metrics
    assert not {"cost", "remaining_credits"} & set(metrics)
    headers = call.post(V1, {"prompt": "a cat"}).headers
    assert "x-generation-time" in headers
    assert not {"x-cost", "x-remaining-credits"} & set(headers)
    server.faults.add("job", "no-metrics", times=2)
    assert "metrics" not in call.finished(call.submit()).json()
    headers = call.post(V1, {"prompt": "a cat"}).headers
    assert not {"x-cost", "x-remaining-credits", "x-generation-time"} & set(headers)
    assert call.get("/v1/get-user-credits").json()["credits"] == pytest.approx(100 - 4 * 0.28125)


@pytest.mark.parametrize("shape", ["list", "object", "nested"])
def test_outputs_of_other_shapes(engine, shape):
    """Contract: output is a URL string; tolerate a list, an object, nesting. The URL inside works."""
    server, call = engine
    server.faults.add("job", "output", shape=shape)
    body = call.finished(call.submit()).json()
    assert "video" not in body
    match body["output"]:
        case [str() as url]:
            found = "list"
        case {"url": str() as url}:
            found = "object"
        case {"result": {"videos": [{"video": {"url": url}}]}}:
            found = "nested"
    assert (found, len(fetch(url)[1])) == (shape, CLIP_BYTES)


def test_a_private_output_url(engine):
    """Link-local by default: an address that no client may fetch."""
    server, call = engine
    server.faults.add("job", "output", shape="private")
    body = call.finished(call.submit()).json()
    assert body["output"] == body["video"]["url"] == "http://169.254.169.254/clip.mp4"
    server.faults.add("job", "output", shape="private", url="http://10.0.0.1/x.mp4")
    assert output(call) == "http://10.0.0.1/x.mp4"


def test_v1_in_json_once(engine):
    server, call = engine
    server.faults.add("submit", "json")
    kinds = [call.post(V1, {"prompt": "a cat"}).headers["Content-Type"] for _ in range(2)]
    assert kinds == ["application/json", "video/mp4"]


# Per request


def test_a_requests_own_faults_strike_it_alone(engine):
    """The body's field: a submit's faults stay with its job, later ones too; others notice nothing."""
    _, call = engine
    bystander = call.submit()
    mine = call.submit(preview_fault=["status:502,times=2", "download:cut,size=10", "job:no-cost"])
    call.finished(bystander)
    polls = [[call.get(f"/v2/requests/{job}/status").status_code for _ in range(3)] for job in (bystander, mine)]
    assert polls == [[200, 200, 200], [502, 502, 200]]
    body = call.finished(mine).json()
    assert "cost" not in body["metrics"]
    assert [len(fetch(body["output"])[1]) for _ in range(2)] == [10, CLIP_BYTES]
    assert call.get(f"{HISTORY}/{mine}").json()["request_body"]["preview_fault"][0] == "status:502,times=2"


def test_a_submits_own_fault_in_body_or_header(engine):
    """A single spec in the body, or in the header of any request; the picture does not hang on it."""
    server, call = engine
    assert call.post(V1, {"prompt": "a cat", "preview_fault": "submit:504,queued=yes"}).status_code == 504
    assert jobs(call) == 1
    headers = {"x-preview-fault": "submit:403,queued=yes | job:fail"}
    assert call.post(MODEL, {"prompt": "a cat"}, headers=headers).status_code == 403
    assert jobs(call) == 2
    assert call.finished(call.get(HISTORY).json()["data"][0]["request_id"]).status_code == 422
    assert call.get("/v1/get-user-credits", headers={"x-preview-fault": "credits:500"}).status_code == 500
    assert call.get("/v1/get-user-credits").status_code == 200
    plain, faulty = call.submit(seed=1), call.submit(seed=1, preview_fault="status:500")
    clips = {fetch(call.finished(job).json()["output"])[1] for job in (plain, faulty)}
    assert len(clips) == 1
    assert server.faults.pending == []


def test_words_in_a_header_arrive_as_they_were_written(engine):
    """UTF-8 over plain HTTP, a `|` among the words."""
    _, call = engine
    header = "submit:403,text=Prüfung | 审核".encode()
    answer = call.post(MODEL, {"prompt": "a cat"}, headers={"x-preview-fault": header})
    assert (answer.status_code, answer.json()["error"]) == (403, "Prüfung | 审核")


@pytest.mark.parametrize("fault", ["nonsense", 7, ["submit:999"], {"at": "submit"}, "job:cut", "submit:fail"])
def test_a_fault_that_cannot_be_is_a_400(engine, fault):
    """A rehearsal with a misspelt fault must not run as if it had none."""
    _, call = engine
    answer = call.post(MODEL, {"prompt": "a cat", "preview_fault": fault})
    assert answer.status_code == 400
    assert "fault" in answer.json()["error"]
    assert jobs(call) == 0


def test_bad_keys_meet_no_faults(serve):
    """A stranger does not use up the script."""
    server, call = serve(keys=[KEY])
    server.faults.add("credits", status=500)
    headers = {"x-api-key": "SG_ffffffffffffffff"}
    assert requests.get(f"{server.url}/v1/get-user-credits", headers=headers, timeout=10).status_code == 401
    assert call.get("/v1/get-user-credits").status_code == 500


def test_every_kind_can_strike(serve):
    """No dead options: each kind, wherever it can strike, changes what a client sees."""
    quiet = {"drip", "delay", "json"}  # seen in time or on v1 only: tested above
    for kind, places in KINDS.items():
        if kind in quiet or "job" in places:
            continue
        for at in sorted(places):
            server, call = serve(render=paint)
            job = call.submit()
            file = urlsplit(call.finished(job).json()["output"]).path
            url = {"status": f"/v2/requests/{job}/status", "result": f"/v2/requests/{job}", "history": HISTORY,
                   "credits": "/v1/get-user-credits", "download": file}  # fmt: skip
            server.faults.add(at, **({"status": 500} if kind == "status" else {"kind": kind}))

            def ask(at=at, call=call, url=url):
                try:
                    if at == "submit":
                        answer = call.post(V1, {"prompt": "a cat", "seed": 1}, allow_redirects=False)
                    elif at == "upload":
                        answer = call.post(
                            "/upload-asset", {"data_urls": ["data:image/png;base64,AAAA"]}, allow_redirects=False
                        )
                    else:
                        answer = call.get(url[at], allow_redirects=False)
                except requests.RequestException as broken:
                    return type(broken).__name__
                return answer.status_code, answer.headers["Content-Length"], answer.content

            assert ask() != ask(), (kind, at)
