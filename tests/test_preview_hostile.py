"""The preview engine against the odd, the broken and the hostile, on the bare socket: it answers, and it lives on."""

import http.client
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from preview_stage import HISTORY, KEY, MODEL, PIXEL, V1, Caller, paint, stage, upload

from pixverse_nb.preview import intake, jobs
from pixverse_nb.preview.intake import Cloakroom
from pixverse_nb.preview.picture import RenderError
from pixverse_nb.preview.shelf import Shelf


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


def raw(server, *pieces, pause_s=0.0):
    """Send bytes; the status, the headers and the body of the answer, None when there was none."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        for piece in pieces:
            try:
                sock.sendall(piece)
            except OSError:
                break
            time.sleep(pause_s)
        answer = http.client.HTTPResponse(sock)
        try:
            answer.begin()
        except (http.client.BadStatusLine, ConnectionError):
            return None
        return answer.status, answer.headers, answer.read()


def head(path=MODEL, verb="POST", **headers):
    lines = {"Host": "x", "x-api-key": KEY, "Content-Type": "application/json"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return "\r\n".join([f"{verb} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in lines.items()), "", ""]).encode()


def well(call):
    assert call.get("/v1/get-user-credits").status_code == 200


# A painter that breaks


@pytest.mark.parametrize(
    "blow", [SystemExit(3), KeyboardInterrupt(), MemoryError(), GeneratorExit(), BaseException("x")]
)
def test_whatever_a_drawing_raises_fails_its_job_only(serve, caplog, blow):
    """FAILED under 422 and unbilled, v1 told as well, and with one painter the next job is drawn."""

    def breaking(shot, path):
        if shot.prompt == "break":
            raise blow
        paint(shot, path)

    _, call = serve(render=breaking, workers=1)
    for _ in range(2):
        failed = call.finished(call.submit(prompt="break"))
        assert (failed.status_code, failed.json()["error"]) == (422, jobs.UNFORESEEN)
    v1 = call.post(V1, {"prompt": "break"})
    assert (v1.status_code, v1.json()["error"]) == (422, jobs.UNFORESEEN)
    assert call.finished(call.submit(prompt="mend")).json()["status"] == "COMPLETED"
    assert call.get("/v1/get-user-credits").json()["credits"] == pytest.approx(100 - 0.28125)
    assert type(blow).__name__ in caplog.text


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (RenderError, "the image cannot be read"),
        (RuntimeError, jobs.UNFORESEEN),
        (OSError, "The clip could not be written: No such file or directory"),
    ],
)
def test_only_words_meant_for_people_leave_the_server(serve, caplog, trouble, words, tmp_path):
    """A text that nobody wrote for clients holds paths: it goes to the log, in full, and a sentence to the client.

    A disk that is full or gone is told in the system's words.
    """

    def breaking(_, path):
        if trouble is OSError:
            path.open("rb")
        raise trouble("the image cannot be read" if trouble is RenderError else f"nothing at '{path}'")

    _, call = serve(render=breaking, folder=tmp_path)
    with caplog.at_level(logging.DEBUG, "pixverse_nb.preview"):
        job = call.submit()
        failed = call.finished(job)
        v1 = call.post(V1, {"prompt": "a cat"})
    assert failed.json()["error"] == v1.json()["error"] == words
    told = failed.text + v1.text + call.get(HISTORY).text + str(v1.headers)
    assert str(tmp_path) not in told
    assert "Errno" not in told
    assert job in caplog.text
    assert trouble is RenderError or f"'{tmp_path}" in caplog.text


def test_an_upload_that_cannot_be_stored_is_a_500_in_the_log(engine, caplog, monkeypatch):
    """The client, who is still there, hears of it, and the connection goes on."""
    _, call = engine
    with monkeypatch.context() as full:
        full.setattr("pathlib.Path.write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        answer = upload(call, PIXEL)
    assert (answer.status_code, answer.json()["error"]) == (500, "Internal server error")
    assert "No space left" in caplog.text
    assert upload(call, PIXEL).status_code == 200


def test_large_uploads_wait_for_each_other(engine, monkeypatch):
    """Each body is bounded, and so is what they take together: four at once, others wait, a small one does not."""
    server, call = engine
    begun, go = threading.Semaphore(0), threading.Event()
    keep = Shelf.keep_asset

    def slow(shelf, data_url):
        if len(data_url) > 2**20:
            begun.release()
            go.wait(10)
        return keep(shelf, data_url)

    monkeypatch.setattr(Shelf, "keep_asset", slow)
    with ThreadPoolExecutor(6) as crowd:
        sent = [crowd.submit(upload, Caller(server.url), bytes([n]) * 2**20) for n in range(6)]
        assert all(begun.acquire(timeout=10) for _ in range(4))
        assert not begun.acquire(timeout=0.5)
        assert upload(call, PIXEL).status_code == 200
        go.set()
        assert [one.result().status_code for one in sent] == [200] * 6


def test_who_waits_too_long_with_a_large_body_is_told(serve, monkeypatch):
    monkeypatch.setattr("pixverse_nb.preview.server.intake.Cloakroom", lambda: Cloakroom(0))
    monkeypatch.setattr("pixverse_nb.preview.intake.PLACE_S", 0.1)
    _, call = serve()
    assert upload(call, b"x" * 2**20).status_code == 503
    assert upload(call, PIXEL).status_code == 200


def test_a_disk_that_fails_at_the_end_leaves_nobody_waiting(serve, monkeypatch):
    """Also what breaks after the drawing ends the job, on the painters' threads and on the clock's."""
    for pace in (0, 0.001):
        _, call = serve(pace=pace, workers=1)
        with monkeypatch.context() as broken:
            broken.setattr("pixverse_nb.preview.shelf.Shelf.publish", lambda *_: 1 / 0)
            assert call.finished(call.submit()).json()["error"] == jobs.UNFORESEEN
        assert call.finished(call.submit()).json()["status"] == "COMPLETED"


# Requests that are hardly HTTP


@pytest.mark.parametrize(
    ("line", "status"),
    [(b"GET http://[ HTTP/1.1\r\n\r\n", 400), (b"hello\r\n\r\n", 400), (b"GET / HTTP/9.9\r\n\r\n", 505),
     (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414), (b"GET / HTTP/x\r\n\r\n", 400),
     (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: v\r\n" % n for n in range(200)) + b"\r\n", 431),
     (b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000 + b"\r\n\r\n", 431)],
)  # fmt: skip
def test_what_is_not_http_is_answered_in_json(engine, line, status):
    """In the service's shape, not with a page of the standard library's; then the connection ends."""
    server, call = engine
    code, headers, body = raw(server, line)
    assert (code, headers["Content-Type"], headers["Connection"]) == (status, "application/json", "close")
    assert json.loads(body)["error"]
    well(call)


def test_head_is_get_without_a_body(engine):
    """The same status and headers, on every address that can be read."""
    server, call = engine
    job = call.submit()
    file = urlsplit(call.finished(job).json()["output"]).path
    for path in ("/", "/v1/get-user-credits", HISTORY, f"{HISTORY}/{job}", f"/v2/requests/{job}", file, "/nowhere",
                 f"/v2/requests/{job}/status", "/v2/requests/none"):  # fmt: skip
        got, bare = call.get(path), call.session.head(server.url + path, timeout=10)
        assert bare.content == b""
        assert bare.status_code == got.status_code
        for name in ("Content-Type", "Content-Length"):
            assert bare.headers[name] == got.headers[name], path


# Bodies


def test_a_body_that_is_too_long_is_refused_before_it_has_come(engine):
    """413 at once: a client that waits for an answer before it sends on is not left hanging."""
    server, call = engine
    begun = time.monotonic()
    code, headers, body = raw(server, head(Content_Length=2**20 + 1))
    assert time.monotonic() - begun < 2
    assert (code, headers["Connection"]) == (413, "close")
    assert "1 MB" in json.loads(body)["error"]
    assert raw(server, head(Content_Length=10**14))[0] == 413
    well(call)


def test_a_client_that_sends_on_hears_the_refusal(engine):
    """Not a reset: 20 MB too much are read and thrown away."""
    server, _ = engine
    answer = requests.post(server.url + MODEL, data=b"x" * 20 * 2**20, headers={"x-api-key": KEY}, timeout=10)
    assert answer.status_code == 413


def test_a_slow_body_is_given_up(engine, monkeypatch):
    """A byte now and then does not hold a thread for hours: 408 at the end of its time, however lively it looks."""
    server, call = engine
    monkeypatch.setattr(intake.body, "__defaults__", (0.5,))
    begun = time.monotonic()
    code, headers, body = raw(server, head(Content_Length=100), *[b"x"] * 8, pause_s=0.1)
    assert 0.4 < time.monotonic() - begun < 3
    assert (code, headers["Connection"]) == (408, "close")
    assert "0.5 s" in json.loads(body)["error"]
    assert raw(server, head(Content_Length=100))[0] == 408, "nothing came at all"
    content = b'{"prompt": "a cat"}'
    assert raw(server, head(Content_Length=len(content)), content[:5], content[5:], pause_s=0.1)[0] == 200
    assert call.get(HISTORY).json()["total"] == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Transfer_Encoding": "chunked"}, 411), ({"Transfer_Encoding": "chunked", "Content_Length": "5"}, 411),
     ({"Content_Length": "-1"}, 400), ({"Content_Length": "five"}, 400), ({"Content_Length": "+5"}, 400),
     ({"Content_Length": "5, 5"}, 400), ({"Content_Length": "9" * 20}, 400), ({}, 400)],
)  # fmt: skip
def test_a_length_that_is_not_said_or_said_badly(engine, headers, status):
    server, call = engine
    code, told, body = raw(server, head(**headers), b"5\r\nhello\r\n0\r\n\r\n" if headers else b"")
    assert code == status
    assert json.loads(body)["error"]
    assert told["Connection"] == ("close" if headers else None)
    assert call.get(HISTORY).json()["total"] == 0


def test_two_lengths_that_differ_are_refused(engine):
    server, _ = engine
    twice = head(Content_Length=5).replace(b"\r\n\r\n", b"\r\ncontent-length: 6\r\n\r\n")
    assert raw(server, twice, b"hello")[0] == 400


def test_a_length_that_is_wrong(engine):
    """Too long: the client leaves, nothing is queued. Too short: what is over is no request, and is said to be none."""
    server, call = engine
    content = b'{"prompt": "a cat"}'
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        sock.sendall(head(Content_Length=len(content) + 9) + content)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(9) == b""
    assert call.get(HISTORY).json()["total"] == 0
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        sock.sendall(head(Content_Length=len(content) - 1) + content + b"\r\n")
        text = b"".join(iter(lambda: sock.recv(65536), b""))
    assert text.count(b"HTTP/1.1 400") == 2
    assert b"<html" not in text.lower()
    assert call.get(HISTORY).json()["total"] == 0
    well(call)


@pytest.mark.parametrize("path", [MODEL, V1])
@pytest.mark.parametrize(
    "body",
    [b'{"prompt": "a", "guidance_scale": NaN}', b'{"prompt": "a", "x": -Infinity}', b'{"prompt": "a", "x": 1e999}',
     b'{"prompt": "a", "x": ' + b"[" * 500 + b"]" * 500 + b"}", b"[" * 100_000, b'{"x":' * 200 + b"1" + b"}" * 200,
     b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_json_that_could_not_be_told_again_is_refused(engine, path, body):
    """Inputs are in the account history as sent: what no strict reader could read must not get there."""
    server, call = engine
    headers = {"Content-Type": "application/json"}
    answer = call.session.post(server.url + path, data=body, headers=headers, timeout=10)
    assert answer.status_code == 400
    assert "Invalid JSON" in answer.json()["error"]
    assert call.get(HISTORY).json()["total"] == 0


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\U0001f600 \u202e", "</script>", "e\u0301" * 400])
def test_any_text_can_be_told_again(engine, text):
    """One odd prompt does not take the whole account's history away: half a surrogate pair, NUL, all of it."""
    _, call = engine
    job = call.submit(prompt=text, note=text)
    state = call.finished(job).json()["status"]
    assert state == ("FAILED" if text in "\ud800\x00" else "COMPLETED")
    (row,) = call.get(HISTORY).json()["data"]
    assert row["request_body"] == {"prompt": text, "note": text} == call.get(f"{HISTORY}/{job}").json()["request_body"]


@pytest.mark.parametrize(
    "query",
    ["to_date=0001-01-03", "from_date=0001-01-01", "to_date=9999-12-31&from_date=0001-01-01", "page=%ff", "page=-1",
     "per_page=0", "page=1e3", "from_date=%00", "status=completed", "sort_by=1;drop", "page=99999999999999999999"],
)  # fmt: skip
def test_odd_queries_are_a_400(engine, query):
    _, call = engine
    answer = call.get(f"{HISTORY}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]


# Crowds


def test_two_hundred_blocking_calls_at_once(serve):
    """200 calls of v1, all waiting together for one painter, and all answered with a whole clip."""
    server, call = serve(balance=1000, workers=1)
    together = threading.Barrier(200)
    sizes = []

    def one(seed):
        together.wait()
        body = {"prompt": "a cat", "seed": seed}
        answer = requests.post(server.url + V1, json=body, headers={"x-api-key": KEY}, timeout=60)
        sizes.append((answer.status_code, len(answer.content)))

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sizes) == 200
    assert len(set(sizes)) == 1
    assert sizes[0][0] == 200
    assert call.get("/v1/get-user-credits").json()["credits"] == pytest.approx(1000 - 200 * 0.28125)
