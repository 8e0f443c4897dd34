"""Which fault strikes which call, over plain HTTP: none is accepted and ignored, and v1's own bytes are a download."""

import time

import pytest
import requests
from clips import make_clip
from job_rig import PACE, posts
from preview_stage import CLIP_BYTES, HISTORY, KEY, MODEL, V1, stage

import pixverse_nb as pv


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


def v1(call, *faults, **options):
    return call.post(V1, {"prompt": "a cat", "seed": 3, "preview_fault": list(faults)}, **options)


def fresh(call):
    """A new v1 answer without a fault of its own."""
    return call.post(V1, {"prompt": "a cat", "seed": 3}).content


# v1's own bytes


@pytest.mark.parametrize("scripted", [False, True])
def test_a_corrupt_v1_clip(engine, scripted):
    """The right length, type and beginning, wrong bytes; asked for with the request, or by the engine's script."""
    server, call = engine
    whole = fresh(call)
    if scripted:
        server.faults.add("download", "corrupt")
    answer = v1(call, *([] if scripted else ["download:corrupt"]))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert (len(answer.content), answer.content[:64]) == (CLIP_BYTES, whole[:64])
    assert answer.content != whole
    assert float(answer.headers["x-cost"]) > 0, "it was billed all the same"
    assert fresh(call) == whole
    assert server.faults.pending == []


@pytest.mark.parametrize(("spec", "size"), [("download:cut", CLIP_BYTES // 2), ("download:cut,size=1000", 1000)])
def test_a_cut_v1_clip(engine, spec, size):
    """The whole length is announced and less comes; the job is done and in the history."""
    _, call = engine
    answer = v1(call, spec, stream=True)
    assert int(answer.headers["Content-Length"]) == CLIP_BYTES
    pieces = []
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        pieces.extend(answer.iter_content(1))
    assert len(pieces) == size
    assert call.get(f"{HISTORY}/{answer.headers['x-request-id']}").json()["model_status"] == "COMPLETED"


def test_a_v1_clip_that_drips_or_comes_late(engine):
    _, call = engine
    whole = fresh(call)
    for spec in ("download:drip,seconds=0.4", "download:delay,seconds=0.4"):
        begun = time.monotonic()
        assert v1(call, spec).content == whole
        assert time.monotonic() - begun >= 0.38, spec


def test_a_v1_clip_of_another_length_than_said(engine):
    _, call = engine
    assert len(v1(call, "download:length,size=-1000").content) == CLIP_BYTES - 1000
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        v1(call, "download:length")


def test_v1s_bytes_count_as_one_download(engine):
    """times=2 spoils the answer and then the file that the history leads to; skip=1 the file alone."""
    _, call = engine
    whole = fresh(call)
    for spec, spoilt in (("download:corrupt,times=2", True), ("download:corrupt,skip=1", False)):
        answer = v1(call, spec)
        url = call.get(f"{HISTORY}/{answer.headers['x-request-id']}").json()["generation_url"]
        assert (answer.content != whole) == spoilt
        assert requests.get(url, timeout=10).content != whole
        assert requests.get(url, timeout=10).content == whole


# No fault is accepted and ignored


@pytest.mark.parametrize(
    ("path", "faults", "allowed"),
    [
        (V1, "status:500", "submit, download, history, job"),
        (V1, "result:500", "submit, download, history, job"),
        (V1, "credits:500", "submit, download, history, job"),
        (V1, "upload:500", "submit, download, history, job"),
        (V1, "download:503", "cut, corrupt, drip, length and delay, or submit:status,queued=yes"),
        (V1, "download:garbage", "cut, corrupt, drip, length and delay, or submit:garbage,queued=yes"),
        (V1, "download:redirect", "cut, corrupt, drip, length and delay"),
        (V1, "job:output,shape=list", "submit:json"),
        (V1, ["submit:corrupt", "download:cut"], "one fault"),
        (MODEL, "credits:500", "submit, status, result, download, history, job"),
        (MODEL, "upload:cut", "submit, status, result, download, history, job"),
        (MODEL, "submit:json", "allowed on v1"),
        (MODEL, ["submit:503", "submit:502"], "one submit fault"),
        (MODEL, "submit:503,skip=1", "skip"),
        (MODEL, "job:fail,skip=1", "skip"),
        (MODEL, ["submit:503", "job:fail"], "queued=yes"),
        (MODEL, ["submit:cut", "download:cut"], "queued=yes"),
        (MODEL, ["job:fail", "job:moderation"], "one end"),
        (MODEL, ["job:fail", "download:cut"], "leaves no clip"),
        (MODEL, ["job:moderation", "job:output"], "leaves no clip"),
    ],
)
@pytest.mark.parametrize("how", ["body", "header"])
def test_a_fault_that_cannot_strike_its_submit_is_a_400(engine, path, faults, allowed, how):
    """The answer names what is allowed; nothing is queued, nothing billed."""
    _, call = engine
    specs = [faults] if isinstance(faults, str) else faults
    if how == "body":
        answer = call.post(path, {"prompt": "a cat", "preview_fault": specs})
    else:
        answer = call.post(path, {"prompt": "a cat"}, headers={"x-preview-fault": "|".join(specs)})
    assert answer.status_code == 400
    assert allowed in answer.json()["error"]
    assert call.get(HISTORY).json()["total"] == 0


@pytest.mark.parametrize(
    ("path", "fault", "allowed"),
    [("/v1/get-user-credits", "history:500", "credits faults"), (HISTORY, "credits:500", "history faults"),
     ("/v2/requests/x", "status:500", "result faults"), ("/v2/requests/x/status", "job:fail", "status faults"),
     ("/files/abc.mp4", "submit:500", "download faults"), ("/", "credits:500", "no fault"),
     ("/assets/x.png", "download:cut", "no fault"), ("/v1/get-user-credits", "credits:500,skip=1", "skip"),
     ("/v1/get-user-credits", "credits:500|credits:503", "one credits fault")],
)  # fmt: skip
def test_a_fault_that_cannot_strike_its_exchange_is_a_400(engine, path, fault, allowed):
    _, call = engine
    answer = call.get(path, headers={"x-preview-fault": fault})
    assert answer.status_code == 400
    assert allowed in answer.json()["error"]


def test_faults_that_fit_are_taken(engine):
    """The other side of the refusals: what can strike is accepted, also what strikes only after a lost answer."""
    _, call = engine
    assert v1(call, "submit:503,queued=yes", "result:502", "download:404", "job:output,shape=list").status_code == 503
    job = call.get(HISTORY).json()["data"][0]["request_id"]
    assert call.get(f"/v2/requests/{job}").status_code == 502
    output = call.finished(job).json()["output"]
    assert [requests.get(output[0], timeout=10).status_code for _ in range(2)] == [404, 200]
    answer = v1(call, "submit:json", "job:output,shape=object", "download:503")
    assert requests.get(answer.json()["output"]["url"], timeout=10).status_code == 503
    job = call.submit(preview_fault=["history:500", "status:cut,size=3,skip=1"])
    assert [call.get(f"{HISTORY}/{job}").status_code for _ in range(2)] == [500, 200]
    call.submit(preview_fault=[])


def test_a_scripts_faults_wait_for_a_call_that_they_fit(engine):
    """json waits for v1, output and a download's 503 for an answer that has a URL; nothing is used up in vain."""
    server, call = engine
    server.faults.add("submit", "json")
    call.finished(call.submit())
    assert [fault.kind for fault in server.faults.pending] == ["json"]
    assert fresh(call)[:1] == b"{"
    server.faults.add("download", status=503)
    server.faults.add("job", "output", shape="list")
    assert fresh(call)[4:8] == b"ftyp"
    assert len(server.faults.pending) == 2
    (url,) = call.finished(call.submit()).json()["output"]
    assert requests.get(url, timeout=10).status_code == 503
    assert server.faults.pending == []


def test_a_fault_also_strikes_a_refusal(engine):
    """A delay or a cut does not depend on what the answer would have been."""
    server, call = engine
    server.faults.add("result", "delay", seconds=0.3)
    begun = time.monotonic()
    assert call.get("/v2/requests/none").status_code == 404
    assert time.monotonic() - begun >= 0.3
    server.faults.add("submit", "length", size=9)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call.post(V1, {"prompt": ""})


def test_a_job_that_is_to_fail_does_so_whatever_was_sent(engine):
    _, call = engine
    job = call.submit(duration=99, preview_fault="job:fail,text=as asked")
    assert call.finished(job).json()["error"] == "as asked"


# The client


@pytest.mark.parametrize("how", ["setting", "fault", "bytes"])
def test_the_toolkit_takes_v1_in_bytes_and_in_json(serve, tmp_path, how):
    """Contract, The two ways in: branch on Content-Type. The client's v1 against the engine's, either way."""
    clip = make_clip(tmp_path / "clip.mp4", frames=24).read_bytes()
    server, _ = serve(render=lambda _, path: path.write_bytes(clip), v1_json=how == "setting")
    studio = pv.Studio(api_key=KEY, base_url=server.url, home=tmp_path / "home", api="v1", pace=PACE)
    extra = {"preview_fault": "submit:json"} if how == "fault" else {}
    generation = studio.generate("a cat", extra=extra)
    assert generation.video.path.read_bytes() == clip
    assert generation.cost_usd == pytest.approx(0.28125)
    assert posts(server) == 1
    fetched = sum(request.path.startswith("/files/") for request in server.requests)
    assert fetched == (how != "bytes"), "JSON leads to a download, bytes do not"
    studio._store.close()
