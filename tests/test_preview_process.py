"""The preview engine under load, at its end, and as a process of its own."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from preview_stage import CLIP_BYTES, HISTORY, KEY, MODEL, PIXEL, V1, Caller, paint, stage, upload

from pixverse_nb.errors import InvalidParameter, PixverseError
from pixverse_nb.preview import PreviewServer
from pixverse_nb.preview.__main__ import main


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


# Crowds, and the end


def test_two_hundred_at_once(serve):
    """Holds 200 concurrent requests: every one sends, polls and fetches, and none is lost, refused or doubled."""
    server, call = serve(balance=1000)
    together = threading.Barrier(200)

    def one(seed):
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
        try:
            headers = {"x-api-key": KEY, "Content-Type": "application/json"}
            together.wait()
            connection.request("POST", MODEL, f'{{"prompt": "a cat", "seed": {seed}}}', headers)
            job = json.load(connection.getresponse())
            while True:
                connection.request("GET", f"/v2/requests/{job['request_id']}", headers=headers)
                result = json.load(connection.getresponse())
                if result["status"] == "COMPLETED":
                    break
                time.sleep(0.05)
            connection.request("GET", urlsplit(result["output"]).path)
            return job["request_id"], len(connection.getresponse().read())
        finally:
            connection.close()

    with ThreadPoolExecutor(200) as crowd:
        outcomes = list(crowd.map(one, range(200)))
    assert len({job for job, _ in outcomes}) == 200
    assert {size for _, size in outcomes} == {CLIP_BYTES}
    assert call.get(HISTORY).json()["total"] == 200
    assert sum(r.method == "POST" for r in server.requests) == 200


def test_closing_ends_jobs_threads_and_the_folder(serve, tmp_path, monkeypatch):
    """A clean close: a v1 caller is told or cut off, not left hanging; the temporary folder goes, threads too."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    free, begun = threading.Event(), threading.Event()

    def slow(shot, path):
        begun.set()
        free.wait(10)
        paint(shot, path)

    server, call = serve(render=slow)
    assert len(list(tmp_path.iterdir())) == 1
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(call.post, V1, {"prompt": "a cat"})
        assert begun.wait(10)
        server.close(patience_s=0.1)
        error = waiting.exception(timeout=5)
        assert isinstance(error, requests.ConnectionError) or waiting.result().status_code == 422
    free.set()
    assert list(tmp_path.iterdir()) == []
    server.close()
    with pytest.raises(PixverseError, match="not running"):
        _ = server.url
    deadline = time.monotonic() + 5
    while any(t.name.startswith("preview-") for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [t.name for t in threading.enumerate() if t.name.startswith("preview-")] == []


def test_a_kept_folder_serves_again(serve, tmp_path):
    """With folder=, pictures and clips outlive the engine: a new one finds the upload and does not draw twice."""
    first, call = serve(folder=tmp_path)
    (url,) = upload(call, PIXEL).json()["file_urls"]
    name = urlsplit(url).path
    clip = requests.get(call.finished(call.submit(image_url=url, seed=1)).json()["output"], timeout=10).content
    first.close()
    second, call = serve(folder=tmp_path, render=lambda *_: pytest.fail("drawn twice"))
    result = call.finished(call.submit(image_url=second.url + name, seed=1)).json()
    assert requests.get(result["output"], timeout=10).content == clip


def test_bad_settings_are_refused():
    """Each by its own name, with what is allowed: not a number, without end, below and above."""
    nan, inf = float("nan"), float("inf")
    for name, values in {
        "port": (-1, 65536, 80.5), "workers": (0, 257, 1.5, True), "rate_limit": (0, -1, 2.5),
        "pace": (-1, nan, inf, "1"),
        "balance": (-1, nan, inf), "free_credits": (-1, nan, inf), "rate_window_s": (-1, nan, inf),
        "record_life_s": (-1, nan), "file_life_s": (-1, nan), "history_lag_s": (-1, nan),
        "keys": ([""], ["two words"], "two words"),
    }.items():  # fmt: skip
        for value in values:
            with pytest.raises(InvalidParameter, match=name):
                PreviewServer(**{name: value})
    assert PreviewServer(record_life_s=inf, file_life_s=inf, rate_limit=1, pace=1000) is not None


def test_what_a_notebook_gets_wrong_about_an_engine_is_one_sentence():
    """`PreviewServer` is a public name: its errors are of the toolkit's tree, without a stack of frames."""
    with PreviewServer() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(InvalidParameter, match=f"cannot listen on 127.0.0.1:{port}"):
            PreviewServer(port).start()
        with pytest.raises(InvalidParameter, match="'nonsense'"):
            server.faults.add("nonsense", status=503)
        with pytest.raises(InvalidParameter, match="banana"):
            server.faults.add("submit", "banana")
    from pixverse_nb.preview import RenderError

    assert issubclass(RenderError, ValueError)


# The process


ROOT = Path(__file__).parents[1]


def start_process(*options, stdin=subprocess.PIPE):
    process = subprocess.Popen(
        [sys.executable, "-m", "pixverse_nb.preview", *options],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    return process, process.stdout.readline().strip()


def end(process):
    """Its exit code and everything else that it said."""
    try:
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    return process.returncode, out, err


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_the_process_prints_its_url_and_stops_on_a_signal(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process, url = start_process("--balance", "7", "--fault", "credits:503,text=on the command line", stdin=None)
    try:
        assert re.fullmatch(r"http://127[.]0[.]0[.]1:\d+", url)
        with requests.Session() as session:
            session.headers["x-api-key"] = KEY
            assert "on the command line" in session.get(f"{url}/v1/get-user-credits", timeout=10).text
            assert session.get(f"{url}/v1/get-user-credits", timeout=10).json()["credits"] == 7
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(name)
    finally:
        assert end(process) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_operator_reads_why_a_clip_failed(tmp_path):
    """The client hears of the disk without the path, and the process says all of it on stderr."""
    process, url = start_process("--folder", str(tmp_path / "kept"), stdin=None)
    caller = Caller(url)
    try:
        shutil.rmtree(tmp_path / "kept" / "clips")
        failed = caller.finished(caller.submit(duration=1, quality="360p")).json()["error"]
        process.send_signal(signal.SIGTERM)
    finally:
        caller.session.close()
        code, _, told = end(process)
    assert failed == "The clip could not be written: No such file or directory"
    assert code == 0
    assert "could not be drawn" in told
    assert f"{tmp_path}" in told


def test_the_process_outlives_an_interrupt_of_its_kernel():
    """Interrupting a cell signals the kernel's whole process group: the engine that goes with the kernel stays."""
    process, url = start_process("--until-stdin-closes")
    process.send_signal(signal.SIGINT)
    assert requests.get(url, timeout=10).status_code == 200
    process.stdin.close()
    process.stdin = None
    assert end(process)[0] == 0


def test_the_process_ends_with_whoever_holds_its_input():
    """A kernel that dies takes its engine along: the end of standard input is the end, clips in the making included."""
    process, url = start_process("--until-stdin-closes")
    call = Caller(url)
    jobs = [call.submit(duration=15, quality="1080p", seed=seed) for seed in range(3)]
    deadline = time.monotonic() + 10
    while (state := call.get(f"/v2/requests/{jobs[0]}/status").json()["status"]) == "QUEUED":
        assert time.monotonic() < deadline
    call.session.close()
    process.stdin.close()
    process.stdin = None
    begun = time.monotonic()
    assert end(process)[0] == 0
    assert state == "PROCESSING", "or nothing was tested"
    assert time.monotonic() - begun < 3


def answers(url):
    try:
        return requests.get(url, timeout=10).status_code == 200
    except requests.RequestException:  # also an answer that is cut in the middle
        return False


@pytest.mark.kill
def test_the_process_dies_with_a_killed_parent():
    """kill -9 of a kernel leaves no engine behind."""
    program = (
        "import subprocess, sys, time;"
        "engine = [sys.executable, '-m', 'pixverse_nb.preview', '--until-stdin-closes'];"
        "subprocess.Popen(engine, stdin=subprocess.PIPE);"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with parent:
        url = parent.stdout.readline().strip()
        assert answers(url)
        parent.kill()
    deadline = time.monotonic() + 5
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(url)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities are a matter of POSIX")
def test_the_process_steps_back():
    """A notebook stays responsive beside it: the engine lowers its own priority."""
    process, _ = start_process("--until-stdin-closes", "--nice", "7")
    try:
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 7
    finally:
        assert end(process)[0] == 0


def test_command_line_errors_are_words(capsys, tmp_path, monkeypatch):
    """Exit code 2 and one sentence that names the option and what is allowed; never a traceback."""
    for name in ("signal.signal", "os.nice"):  # this process stays as it is
        monkeypatch.setattr(f"pixverse_nb.preview.__main__.{name}", lambda *_: 0)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    wrong = {
        "--fault=nonsense": "AT:KIND", "--fault=submit:explode": "no fault", "--fault=nowhere:503": "strikes at",
        "--fault=submit:503,times=0": "times", "--fault=submit:503,seconds=nan": "seconds", "--fault=submit:²": "²",
        "--fault=submit:cut,size=-1": "size", "--fault=download:503,queued=yes": "queued",
        "--fault=status:delay": "seconds", "--fault=submit:cut,text=words": "text", "--fault=upload:json": "submit",
        "--port=x": "invalid int", "--port=99999": "0 to 65535", "--port=-1": "0 to 65535", "--rate-limit=0": "from 1",
        "--rate-window=-1": "rate_window",
        "--pace=-1": "0 to 1,000", "--pace=nan": "pace", "--pace=inf": "pace", "--workers=0": "1 to 256",
        "--balance=nan": "balance", "--balance=inf": "balance", "--record-life=-5": "record_life", "--nice=99": "nice",
        "--file-life=nan": "file_life", "--file-life=x": "invalid float", "--history-lag=-1": "history_lag",
        "--expiry=3": "unrecognized", "--key=": "key", f"--folder={blocked}": "cannot keep clips",
    }  # fmt: skip
    for option, word in wrong.items():
        with pytest.raises(SystemExit) as ended:
            main([option])
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, ""), option
        (sentence,) = [line for line in err.splitlines() if line.startswith("python -m pixverse_nb.preview: error: ")]
        assert word in sentence, option
    code, out, err = end(start_process("--port", "99999")[0])
    assert (code, out, "0 to 65535" in err, "Traceback" in err) == (2, "", True, False)
    with PreviewServer(render=paint) as server:
        code, _, err = end(start_process("--port", server.url.rpartition(":")[2])[0])
        assert (code, "cannot listen" in err) == (1, True)


def test_a_rate_window_on_the_command_line():
    """What Python can set, the command line can: the reset lies within the window that was given."""
    process, url = start_process("--until-stdin-closes", "--rate-limit", "1", "--rate-window", "900")
    try:
        call = Caller(url)
        assert call.post(MODEL, {}).status_code == 200
        refused = call.post(MODEL, {})
        assert refused.status_code == 429
        reset = datetime.fromisoformat(refused.headers["x-rate-limit-reset-at-utc"].replace("Z", "+00:00"))
        assert 60 < (reset - datetime.now(timezone.utc)).total_seconds() <= 900
        call.session.close()
    finally:
        assert end(process)[0] == 0


def test_importing_the_engine_is_cheap():
    """Importing it loads no picture library, and no part of the client."""
    program = (
        "import sys, pixverse_nb.preview, pixverse_nb.preview.__main__;"
        "heavy = {'numpy', 'av', 'PIL', 'pandas', 'requests', 'sqlalchemy'};"
        "print(*(n for n in sys.modules if n in heavy or n.startswith('pixverse_nb.')))"
    )
    names = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    allowed = re.compile(r"pixverse_nb[.](preview|parameters|pricing|errors)([.].*)?")
    assert names
    assert [name for name in names if not allowed.fullmatch(name) or ".picture" in name] == []
