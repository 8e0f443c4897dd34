"""Records for `logging`: what they say of jobs and of the network, and that they hold no secret."""

import itertools
import json
import logging
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from PIL import Image
from scripted import Answer, Scripted
from studio_rig import KEY, rigged

import pixverse_nb as pv
from pixverse_nb import logs
from pixverse_nb.preview import records

SMALL = {"duration": 1, "quality": "360p"}
SIGNATURE = "X-Amz-Signature=5ec7e7" + "0" * 58
SECRET_WORDS = "and at the very end a name that nobody else is to read"
PROMPT = "A lighthouse in a storm, slow dolly in, golden light, " + SECRET_WORDS


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


@pytest.fixture
def signed(monkeypatch):
    """The service's files have signed addresses, as those of a storage host have."""
    plain = records.file_url
    monkeypatch.setattr(
        records, "file_url", lambda job, base: (url := plain(job, base)) and f"{url}?X-Amz-Expires=60&{SIGNATURE}"
    )


def told(caplog, name, level=0) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name.startswith(name) and r.levelno >= level]


# ---- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_whole_generate_logs_no_key_no_signature_and_no_whole_prompt(rig, caplog, api):
    """With the root logger at DEBUG, urllib3 and everything else included."""
    caplog.set_level(logging.DEBUG)
    server = rig.server(v1_json=True)
    studio = rig.studio(server, api=api)
    made = studio.generate(PROMPT, image=Image.new("RGB", (64, 64), "red"), **SMALL)
    studio.credits()
    assert made.status == "completed"
    assert SIGNATURE in made._row["output_url"]  # it was there to be told
    names = {record.name for record in caplog.records}
    assert {"urllib3.connectionpool", "pixverse_nb.network", "pixverse_nb.jobs"} <= names
    assert any("/files/" in text for text in told(caplog, "urllib3"))
    everything = "\n".join(
        logging.Formatter("%(name)s %(message)s").format(record) + repr(record.args) + repr(record.exc_info)
        for record in caplog.records
    )
    for secret in (KEY, KEY[3:], SIGNATURE, "X-Amz", SECRET_WORDS, "base64"):
        assert secret not in everything


@pytest.mark.usefixtures("signed")
def test_what_goes_wrong_logs_no_secret_either(rig, caplog):
    caplog.set_level(logging.DEBUG)
    server = rig.servers[0]
    server.faults.add("status", status=500, text=f"bad {KEY} https://files.example/a.mp4?{SIGNATURE}")
    server.faults.add("download", status=503, times=2)
    rig.studio().generate(PROMPT, **SMALL)
    server.faults.add("submit", status=400, text=f"{KEY} https://files.example/a.mp4?{SIGNATURE}")
    with pytest.raises(pv.BadRequest):
        rig.studio().generate("another", **SMALL)
    everything = "\n".join(record.getMessage() for record in caplog.records)
    assert "the service did not accept the request (400)" in everything
    for secret in (KEY, SIGNATURE, "X-Amz", SECRET_WORDS, "files.example"):
        assert secret not in everything


@pytest.mark.filterwarnings("ignore::pixverse_nb.ModerationWarning")
def test_whoever_repeats_a_prompt_the_records_hold_its_beginning_alone(rig, caplog):
    """With every logger at DEBUG, SQLAlchemy's included: answers that quote the prompt, and the history's own rows."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "sqlalchemy")
    server, studio = rig.servers[0], rig.studio()
    echoes = (PROMPT, PROMPT[20:], PROMPT.upper(), quote(PROMPT), PROMPT.replace(" ", ""), json.dumps(PROMPT)[1:-1])
    for echo, status in zip(echoes, itertools.cycle((400, 422, 406)), strict=False):
        server.faults.add("submit", status=status, text=f"Rejected: {echo}!")
        with pytest.raises(pv.PixverseError, match="Rejected: "):
            studio.generate(PROMPT, negative_prompt=SECRET_WORDS + PROMPT, **SMALL)
    with Scripted() as other:
        other.always("submit", Answer(200, PROMPT[25:], runs=False))
        with pytest.raises(pv.OutcomeUnknown, match=r"the answer is not JSON\): 'slow dolly"):
            rig.studio(other).generate(PROMPT, **SMALL)
    studio.sweep(prompt=[PROMPT, PROMPT + " again"], **SMALL).run()
    board = studio.storyboard([PROMPT, f"{PROMPT} later"], **SMALL)
    board.run()
    made = studio.history(status="completed")
    made.pixverse.report("report.html")
    made.pixverse.export("clips/")
    rig.studio(home=rig.home / "other").import_clips("clips/")
    repr((board, studio.panel(), studio.compare(*made.index[:2]), made._repr_html_()))
    names = {record.name for record in caplog.records}
    assert {"pixverse_nb.jobs", "sqlalchemy.engine.Engine.pixverse_nb"} <= names
    everything = "\n".join(f"{r.name} {r.getMessage()} {r.args!r} {r.exc_info!r}" for r in caplog.records)
    assert "A lighthouse in a storm, slow dolly in,…" in everything
    for secret in (SECRET_WORDS, "golden light"):
        for spelt in (secret, secret.upper(), quote(secret), secret.replace(" ", "")):
            assert spelt not in everything


def test_a_key_of_somebodys_in_a_prompt_is_not_told(rig, caplog):
    """The studio's own is refused; another one's beginning would stand among the first characters."""
    caplog.set_level(logging.DEBUG)
    rig.studio().generate("SG_00112233aabbccdd is what it says", **SMALL)
    assert "'[key] is what it says'" in told(caplog, "pixverse_nb.jobs")[0]
    assert "00112233" not in "\n".join(told(caplog, "pixverse_nb"))


def test_other_peoples_records_of_urllib3_stay_as_they_are(rig, caplog):
    caplog.set_level(logging.DEBUG)
    requests.get(f"{rig.servers[0].url}/v1/get-user-credits?mine=1", timeout=5)
    assert any("mine=1" in text for text in told(caplog, "urllib3"))


def test_addresses_lose_their_queries_and_keep_the_rest():
    assert logs.without_query("https://me:word@a.example:8443/b/c.mp4?sig=1#x") == "https://a.example:8443/b/c.mp4"
    assert logs.without_queries("see https://a.example/b?sig=1 and c?d") == "see https://a.example/b?… and c?d"
    assert logs._redacted("/b?sig=1 HTTP") == "/b?… HTTP"
    assert logs._redacted(7) == 7


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_each_state_of_a_job_is_told_with_its_ids_and_its_cost(rig, caplog):
    caplog.set_level(logging.INFO)
    studio = rig.studio()
    made = studio.generate(PROMPT, **SMALL)
    begun, *states = told(caplog, "pixverse_nb.jobs")
    assert begun == (f"{made.id} new: 1 s at 360p, take 1, at most $0.044, 'A lighthouse in a storm, slow dolly in,…'")
    assert all(text.startswith(f"{made.id} ") for text in states)
    assert states[0] == f"{made.id} submitting -> queued, request {made.request_id}"
    assert f"-> completed, request {made.request_id}, cost ${made.cost_usd:.3f} (reported)" in states[-1]
    assert states[-1].endswith("s in all")
    assert {r.levelno for r in caplog.records if r.name == "pixverse_nb.jobs"} == {logging.INFO}
    caplog.clear()
    again = studio.generate(PROMPT, **SMALL)
    assert told(caplog, "pixverse_nb.jobs")[0].startswith(f"{again.id} reused: ")


def test_sends_and_answers_are_told_at_debug_with_method_path_status_and_seconds(rig, caplog):
    caplog.set_level(logging.DEBUG, "pixverse_nb")
    made = rig.studio().generate("a cat", **SMALL)
    url = rig.servers[0].url
    said = told(caplog, "pixverse_nb.network")
    assert said[0] == f"POST {url}/v2/pixverse-v6"
    assert said[1].startswith(f"POST {url}/v2/pixverse-v6: 200 in 0.") or ": 202 in 0." in said[1]
    assert any(text.startswith(f"GET {url}/v2/requests/{made.request_id}/status: 200 in ") for text in said)
    assert any("/files/" in text and ": 200 in " in text for text in said)
    assert not told(caplog, "pixverse_nb.network", logging.INFO)


def test_no_connection_is_told_without_the_words_of_the_error(rig, caplog):
    caplog.set_level(logging.DEBUG, "pixverse_nb")
    studio = rig.studio()
    rig.servers[0].close()
    with pytest.raises(pv.ServiceUnreachable):
        studio.generate("a cat", **SMALL)
    assert any("ConnectionError after " in text for text in told(caplog, "pixverse_nb.network"))


def test_pauses_and_tries_after_trouble_are_warnings(rig, caplog):
    caplog.set_level(logging.WARNING)
    server, studio = rig.servers[0], rig.studio()
    server.faults.add("status", status=500)
    server.faults.add("download", status=503)
    server.faults.add("credits", status=500)
    made = studio.generate("a cat", **SMALL)
    studio.credits()
    jobs, network = told(caplog, "pixverse_nb.jobs"), told(caplog, "pixverse_nb.network")
    assert any(text.startswith(made.id) and text.endswith("; trying again") for text in jobs)
    assert sum("trying again in " in text for text in network) == 2


def test_a_rate_limit_is_a_warning(rig, caplog):
    caplog.set_level(logging.WARNING)
    server = rig.server(rate_limit=1, rate_window_s=1.0)
    rig.studio(server).generate("cats", takes=2, **SMALL)
    assert any("rate limited; sending at " in text for text in told(caplog, "pixverse_nb.jobs"))


def test_a_failure_is_a_warning_that_says_whether_it_was_billed(rig, caplog):
    caplog.set_level(logging.INFO)
    rig.servers[0].faults.add("submit", status=400, text="no\nsuch\x1b[31m thing")
    with pytest.raises(pv.BadRequest):
        rig.studio().generate("a cat", **SMALL)
    (text,) = told(caplog, "pixverse_nb.jobs", logging.WARNING)
    assert "submitting -> failed, not billed, the service did not accept the request (400)" in text
    assert "no such thing" not in text, "a service's words may repeat the prompt"


def test_nobodys_text_begins_a_record_of_its_own(rig, caplog):
    caplog.set_level(logging.DEBUG)
    rig.studio().generate("a cat\nINFO forged\x1b[2J record", **SMALL)
    texts = told(caplog, "pixverse_nb")
    assert "'a cat INFO forged record'" in texts[0]
    assert not any("\n" in text or "\x1b" in text for text in texts)


# ---- a library's manners ---------------------------------------------------------------------------------------------


def test_no_handler_is_set_up_and_nothing_is_printed_by_itself():
    code = (
        "import logging, pixverse_nb as pv, importlib\n"
        "importlib.reload(pv)\n"
        "log = logging.getLogger('pixverse_nb')\n"
        "print([type(h).__name__ for h in log.handlers], log.level, log.propagate, logging.getLogger().handlers)\n"
        "logging.getLogger('pixverse_nb.jobs').warning('unheard')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(pv.__file__).parent.parent
    )
    assert done.stdout == "['NullHandler'] 0 True []\n"
    assert done.stderr == ""
