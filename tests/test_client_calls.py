"""The client's calls when the service answers properly, in every shape that the contract leaves open."""

import gc
from datetime import date

import pytest
from client_rig import BODY, CLIP, run
from scripted import KEY, Answer

from pixverse_nb import errors
from pixverse_nb.segmind.client import Credits

pytest_plugins = ["job_fixtures"]


# ---- generations and balance -----------------------------------------------------------------------------------------


def test_a_submit_is_the_documents_json_under_the_key_header(server, client):
    assert client.submit({**BODY, "prompt": "Nächte über Kōbe 🌊"})
    (hit,) = server.hits
    assert hit.json == {**BODY, "prompt": "Nächte über Kōbe 🌊"}
    assert hit.headers["content-type"] == "application/json"
    assert hit.headers["x-api-key"] == KEY
    assert "authorization" not in hit.headers
    assert KEY not in hit.path + hit.query + hit.body.decode()


@pytest.mark.parametrize("kind", ["video/mp4", "application/octet-stream", "text/html", "application/json", ""])
def test_a_v1_clip_is_known_by_its_bytes(server, client, kind):
    """Branch on Content-Type, and survive a wrong one: a paid clip is not thrown away for a header."""
    headers = {"x-cost": "0.28125", "x-request-id": "r-7", "x-generation-time": "61", "x-seed-value": "5"}
    server.say("run", Answer(body=CLIP, headers={"Content-Type": kind, **headers}))
    delivery, clip = run(client)
    assert clip == CLIP
    assert delivery.expected_bytes == len(CLIP)
    accounting = delivery.accounting
    assert (accounting.cost_micros, accounting.request_id, accounting.inference_s) == (281_250, "r-7", 61.0)
    assert accounting.seed == 5
    assert server.hits[0].path == "/v1/pixverse-v6"


@pytest.mark.parametrize("kind", ["application/json", "video/mp4", "text/plain"])
def test_a_v1_answer_may_be_json_with_a_url(server, client, kind):
    """The document's sample calls `.json()`: the accounting may then be in the body or in the headers."""
    body = {"request_id": "r-8", "video": {"url": server.file_url}, "metrics": {"cost": 0.5, "queue_time": 2}}
    server.say("run", Answer(body=body, headers={"Content-Type": kind, "x-cost": "0.25"}))
    delivery, _ = run(client)
    assert (delivery.chunks, delivery.url) == (None, server.file_url)
    accounting = delivery.accounting
    assert (accounting.cost_micros, accounting.queue_s, accounting.request_id) == (250_000, 2.0, "r-8")


def test_a_v1_clip_that_breaks_off_is_unknown(server, client):
    headers = {"Content-Type": "video/mp4", "x-request-id": "r-9"}
    server.say("run", Answer(body=CLIP, headers=headers, cut=len(CLIP) // 2))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        run(client)
    assert (caught.value.status_code, caught.value.request_id) == (200, "r-9")


def test_a_v1_json_without_a_url_keeps_its_request_id(server, client):
    server.say("run", Answer(body={"request_id": "r-10", "status": "QUEUED"}))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        run(client)
    assert caught.value.request_id == "r-10"


def test_a_failed_job_arrives_under_422(server, client):
    """Contract: FAILED comes under HTTP 422; with moderation as text only."""
    server.say("status", Answer(422, {"status": "FAILED", "error": "the GPU fell over"}))
    server.say("status", Answer(422, "Refused by content moderation", {"Content-Type": "text/plain"}))
    server.say("status", Answer(422, [1, 2]))
    with pytest.raises(errors.GenerationFailed, match="GPU"):
        client.status("r-1")
    with pytest.raises(errors.ModerationRefused, match="Refused by content moderation"):
        client.status("r-1")
    with pytest.raises(errors.GenerationFailed):
        client.status("r-1")


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING"])
def test_a_result_that_is_not_finished_has_no_clip(server, client, status):
    """Some address in an unfinished body is not the clip's."""
    server.say("result", Answer(body={"status": status, "preview": server.file_url}))
    with pytest.raises(errors.BadAnswer):
        client.result("r-1")


def test_ids_are_quoted(server, client):
    server.say("status", Answer(404))
    with pytest.raises(errors.RequestExpired):
        client.status("../v1/get-user-credits?x=")
    assert server.hits[0].path == "/v2/requests/..%2Fv1%2Fget-user-credits%3Fx%3D/status"


@pytest.mark.parametrize(
    ("body", "balance"),
    [({"credits": 0.0, "free-credits": 0.018}, Credits(0.0, 0.018)), ({"credits": -2.5}, Credits(-2.5, 0.0))],
)
def test_the_balance(server, client, body, balance):
    server.say("credits", Answer(body=body))
    assert client.credits() == balance
    assert "$" in str(balance)


def test_an_answer_without_a_balance_is_not_a_balance_of_zero(server, client):
    server.always("credits", Answer(body={"hello": 1}))
    with pytest.raises(errors.BadAnswer, match="no balance"):
        client.credits()


# ---- the account's history -------------------------------------------------------------------------------------------


def test_the_history_is_read_page_by_page(server, client):
    """One record per output: all are given, for the charge may stand on any; this model, at most 31 days."""
    rows = [{"request_id": f"r-{n // 2}", "model_name": "pixverse-v6"} for n in range(235)]

    def page(hit):
        number = int(dict(part.split("=") for part in hit.query.split("&"))["page"])
        return Answer(body={"data": rows[(number - 1) * 100 : number * 100]})

    server.say("history", page, page, page)
    found = list(client.account_rows(date(2026, 1, 1), date(2026, 11, 23)))
    assert [row.request_id for row in found] == [f"r-{n // 2}" for n in range(235)]
    queries = [dict(part.split("=") for part in hit.query.split("&")) for hit in server.got("history")]
    assert [q["page"] for q in queries] == ["1", "2", "3"]
    assert {(q["per_page"], q["model_name"], q["from_date"], q["to_date"]) for q in queries} == {
        ("100", "pixverse-v6", "2026-01-01", "2026-01-31")
    }


def test_a_service_that_caps_its_pages_lower_is_read_to_the_end(server, client):
    """Else a lost job further down would be called unknown to the account."""
    rows = [{"request_id": f"r-{n}"} for n in range(45)]
    server.say("history", *(Answer(body={"data": rows[at : at + 20]}) for at in (0, 20, 40)))
    assert len(list(client.account_rows(date(2026, 11, 1), date(2026, 11, 2)))) == 45


def test_a_history_that_repeats_its_last_page_ends(server, client):
    server.always("history", Answer(body={"data": [{"request_id": f"r-{n}"} for n in range(100)]}))
    assert len(list(client.account_rows(date(2026, 11, 1), date(2026, 11, 2)))) == 200  # twice
    assert server.count("history") == 2


@pytest.mark.parametrize("wrap", [lambda r: r, lambda r: {"data": r}, lambda r: [r], lambda r: {"data": [r]}])
def test_a_single_request_of_the_history(server, client, wrap):
    """Open: how it is wrapped, and whether its id carries dashes; another request's row is not taken for it."""
    row = {"request_id": "R1", "model_name": "pixverse-v6", "model_status": "COMPLETED"}
    server.always("record", Answer(body=wrap(row)))
    assert client.account_row("r-1").request_id == "R1"
    assert client.account_row("r-2") is None


# ---- connections -----------------------------------------------------------------------------------------------------


def test_connections_are_given_back(server, client):
    """A paid request's own connection is closed with it, whatever becomes of it."""
    server.say("submit", Answer(500, {"error": "x"}), Answer(body="garbage"), Answer(cut=-1))
    for _ in range(3):
        with pytest.raises(errors.PixverseError):
            client.submit(BODY)
    client.submit(BODY)
    gc.collect()  # an open socket would be an unraisable ResourceWarning here, which fails a test
    assert server.count() == 4
