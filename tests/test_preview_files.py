"""Files of the preview engine: uploads, clips, ranges, and how long they live."""

import hashlib
import io
import os
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests
from preview_stage import HISTORY, MODEL, PIXEL, V1, paint, stage, upload


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


def test_uploads_are_served_by_content_and_drawn_from(serve):
    """upload-asset answers file_urls, the same for the same content; as image_url they are read from the disk."""
    shots = []
    server, call = serve(render=lambda shot, path: (shots.append(shot), paint(shot, path)))
    answer = upload(call, PIXEL, b"another")
    assert answer.status_code == 200
    first, second = answer.json()["file_urls"]
    assert first == f"{server.url}/assets/{hashlib.sha256(PIXEL).hexdigest()}.png"
    assert upload(call, PIXEL).json()["file_urls"] == [first]
    served = requests.get(first, timeout=10)
    assert (served.content, served.headers["Content-Type"]) == (PIXEL, "image/png")
    assert call.finished(call.submit(image_url=first)).json()["status"] == "COMPLETED"
    assert call.finished(call.submit(image_url=second)).json()["status"] == "COMPLETED"
    assert [(shot.image, shot.image_label) for shot in shots] == [(PIXEL, None), (b"another", None)]
    gone = first.replace(hashlib.sha256(PIXEL).hexdigest(), "0" * 64)
    assert "404" in call.finished(call.submit(image_url=gone)).json()["error"]


@pytest.mark.parametrize(
    "body",
    [{}, {"data_urls": "x"}, {"data_urls": []}, {"data_urls": [1]}, {"data_urls": ["https://example.com/a.png"]},
     {"data_urls": ["data:image/png;base64,@@@"]}, {"data_urls": ["data:image/png;base64,"]}],
)  # fmt: skip
def test_bad_uploads_are_400(engine, body):
    _, call = engine
    assert call.post("/upload-asset", body).status_code == 400


def test_an_upload_cannot_run_script_from_the_engines_origin(engine):
    """Whatever is uploaded as HTML or SVG is served as bytes, sandboxed; a path leads nowhere else."""
    server, call = engine
    (url,) = upload(call, b"<script>alert(1)</script>", kind="text/html").json()["file_urls"]
    served = requests.get(url, timeout=10)
    assert served.headers["Content-Type"] == "application/octet-stream"
    assert (served.headers["X-Content-Type-Options"], served.headers["Content-Security-Policy"]) == (
        "nosniff",
        "sandbox",
    )
    for path in ("/assets/..%2Fclips", "/assets/%2e%2e/%2e%2e/etc/passwd", "/files/..%2f..%2fetc"):
        assert requests.get(server.url + path, timeout=10).status_code == 404


def test_ranges_and_head(engine):
    """A cut download can be taken up: 206 for a range, 416 beyond the end, the whole for another version's."""
    _, call = engine
    url = call.finished(call.submit()).json()["output"]
    whole = requests.get(url, timeout=10)
    clip, size, etag = whole.content, len(whole.content), whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    head = requests.head(url, timeout=10)
    assert (head.status_code, int(head.headers["Content-Length"]), head.content) == (200, size, b"")

    def part(asked, **headers):
        return requests.get(url, headers={"Range": asked, **headers}, timeout=10)

    for asked, expected in (("bytes=10-19", clip[10:20]), (f"bytes={size - 5}-", clip[-5:]), ("bytes=-7", clip[-7:])):
        answer = part(asked)
        assert (answer.status_code, answer.content) == (206, expected)
    assert part("bytes=10-19").headers["Content-Range"] == f"bytes 10-19/{size}"
    assert part("bytes=10-19", **{"If-Range": etag}).status_code == 206
    assert part("bytes=10-19", **{"If-Range": '"older"'}).content == clip
    beyond = part(f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert part("bytes=0-1,5-6").content == clip
    assert part("lines=1-2").content == clip


def test_records_and_files_expire(serve, tmp_path):
    """Contract: after the hour all three poll URLs answer 404, after seven days the file; the history remains."""
    _, call = serve(record_life_s=0.3, file_life_s=0.6, folder=tmp_path)
    sent = call.post(MODEL, {"prompt": "a cat"}).json()
    polls = [urlsplit(sent[name]).path for name in ("poll_url", "status_url", "response_url")]
    url = call.finished(sent["request_id"]).json()["output"]
    assert [call.get(path).status_code for path in polls] == [200, 200, 200]
    time.sleep(0.3)
    assert [call.get(path).status_code for path in polls] == [404, 404, 404]
    assert requests.get(url, timeout=10).status_code == 200
    time.sleep(0.4)
    assert requests.get(url, timeout=10).status_code == 404
    assert list(tmp_path.rglob("*.mp4")) == [], "an expired clip leaves the disk"
    assert call.get(f"{HISTORY}/{sent['request_id']}").json()["model_status"] == "COMPLETED"


def test_lives_are_an_hour_and_seven_days(serve, monkeypatch):
    """Contract: records live about an hour, files seven days; those are the defaults, by the engine's own clock."""
    ahead = [0.0]
    clock = time.monotonic
    monkeypatch.setattr("pixverse_nb.preview.account.time.monotonic", lambda: clock() + ahead[0])
    _, call = serve()
    job = call.submit()
    url = call.finished(job).json()["output"]
    told = []
    for ahead[0] in (3590, 3610, 7 * 86400 - 10, 7 * 86400 + 10):
        poll, file = call.get(f"/v2/requests/{job}"), requests.get(url, timeout=10)
        told.append((poll.status_code, file.status_code))
    assert told == [(200, 200), (404, 200), (404, 200), (404, 404)]
    assert call.get(f"{HISTORY}/{job}").status_code == 200, "of any age"


def test_a_record_lives_from_the_end_of_its_job(serve):
    """A job that takes longer than a record lives can be polled while it runs, and for that life afterwards."""
    go = threading.Event()
    _, call = serve(record_life_s=0.5, render=lambda shot, path: (go.wait(10), paint(shot, path)))
    job = call.submit()
    time.sleep(0.7)
    assert call.get(f"/v2/requests/{job}/status").status_code == 200
    go.set()
    assert call.finished(job).json()["status"] == "COMPLETED"
    time.sleep(0.6)
    assert call.get(f"/v2/requests/{job}/status").status_code == 404


@pytest.mark.parametrize("kind", ["image/jpg", "image/jpeg", "IMAGE/JPG"])
def test_a_jpg_by_any_name_is_a_jpg(engine, kind):
    _, call = engine
    (url,) = upload(call, b"a picture", kind=kind).json()["file_urls"]
    assert url.endswith(".jpg")
    assert requests.get(url, timeout=10).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("draw", [lambda _, path: path.write_bytes(b""), lambda *_: None])
def test_a_missing_or_empty_drawing_fails_its_job(serve, draw):
    """A painter that leaves nothing is a FAILED job with words, on v2 and v1, never a clip of 0 bytes."""
    _, call = serve(render=draw, balance=1.0)
    failed = call.finished(call.submit())
    assert (failed.status_code, failed.json()["status"]) == (422, "FAILED")
    assert "no clip" in failed.json()["error"]
    assert call.post(V1, {"prompt": "a cat"}).status_code == 422
    assert call.get("/v1/get-user-credits").json()["credits"] == 1.0


def test_clips_of_an_earlier_run_are_swept_when_their_life_is_over(serve, tmp_path):
    """A folder that is kept from run to run does not fill up; younger clips stay, and so do uploads."""
    life = 3600.0
    _, call = serve(folder=tmp_path, file_life_s=life)
    call.finished(call.submit(seed=1)), call.finished(call.submit(seed=2))
    upload(call, PIXEL)
    old, young = sorted((tmp_path / "clips").glob("*.mp4"))
    (left,) = (tmp_path / "assets").iterdir()
    unfinished = tmp_path / "clips" / ".rendering-x.mp4"
    unfinished.write_bytes(b"half")
    for path, age in ((old, life + 5), (unfinished, life + 5), (left, life + 5), (young, life - 60)):
        os.utime(path, (time.time() - age, time.time() - age))
    serve(folder=tmp_path, file_life_s=life)
    assert list((tmp_path / "clips").iterdir()) == [young]
    assert left.exists()


def test_a_clip_that_is_shown_again_lives_from_then_on(serve, tmp_path):
    """Drawn by an earlier run and asked for in this one, it is not swept from under its new URL."""
    _, call = serve(folder=tmp_path)
    call.finished(call.submit(seed=1))
    (clip,) = (tmp_path / "clips").iterdir()
    os.utime(clip, (1e9, 1e9))
    url = call.finished(call.submit(seed=1)).json()["output"]
    serve(folder=tmp_path)
    assert requests.get(url, timeout=10).status_code == 200


def test_a_real_clip_from_request_to_frames(serve):
    """The engine's own painter behind the protocol: exact size, frames and sound, and the same bytes on v1 and v2."""
    import av

    _, call = serve(render=None)
    body = {"prompt": "a red balloon over the sea at sunset", "duration": 1, "quality": "360p", "seed": 3}
    result = call.finished(call.submit(**body)).json()
    assert result["status"] == "COMPLETED", result
    clip = requests.get(result["output"], timeout=10).content
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, len(container.streams.audio)) == (640, 360, 1)
        assert sum(1 for _ in container.decode(video=0)) == 24
    assert call.post(V1, body).content == clip
    (picture,) = upload(call, b"not a picture").json()["file_urls"]
    failed = call.finished(call.submit(**body, image_url=picture))
    assert failed.status_code == 422
    assert len(failed.json()["error"]) > 10
