"""The key: in the x-api-key header of the service's own addresses, and nowhere else."""

import logging
import pickle
import traceback

import pytest
from client_rig import BODY, CLIP, FREE, PAID, run
from scripted import KEY, Answer, Scripted

from pixverse_nb import errors
from pixverse_nb.segmind.service import Service

pytest_plugins = ["job_fixtures"]


ECHO = f"the key {KEY} is not welcome"
ECHOES = {
    "json": Answer(403, {"error": ECHO}, {"x-request-id": KEY}),
    "text": Answer(406, ECHO, {"Content-Type": "text/plain"}),
    "html": Answer(405, f"<html><title>{ECHO}</title>", {"Content-Type": "text/html"}),
    "gateway": Answer(503, {"error": ECHO}, {"x-request-id": KEY}),
    "garbage": Answer(body=ECHO, headers={"x-request-id": KEY}),
    "unknown status": Answer(body={"status": KEY, "request_id": ""}),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("route", [*PAID, *FREE])
def test_a_server_that_echoes_the_key_gets_it_into_no_error(server, client, route, echo, caplog):
    """Message, repr, attributes, pickle, log: none of them holds the key."""
    caplog.set_level(logging.DEBUG)
    server.always(route, ECHOES[echo])
    try:
        error = {**PAID, **FREE}[route](client) and None
    except errors.PixverseError as raised:
        error = raised
    assert error is not None or echo == "unknown status"
    seen = [str(error), repr(error), repr(error and vars(error)), repr(pickle.dumps(error))]
    seen += ["".join(traceback.format_exception(error))] if error else []
    seen += [caplog.text, repr(client), repr(client.key), repr(client.service)]
    assert server.hits[0].headers["x-api-key"] == KEY
    assert KEY not in " ".join(seen)


def test_the_accounting_of_an_echo_holds_no_key(server, client):
    headers = {"Content-Type": "video/mp4", "x-request-id": KEY}
    server.say("run", Answer(body=CLIP, headers=headers))
    assert KEY not in repr(run(client)[0])
    server.say("submit", Answer(body={"request_id": KEY}))
    assert client.submit(BODY) == "[key]"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("route", FREE)
def test_no_redirect_is_followed_with_the_key(server, client, route, status):
    with Scripted() as other:
        server.always(route, Answer(status, headers={"Location": f"{other.url}/elsewhere"}))
        with pytest.raises(errors.BadAnswer, match="the key is not sent there"):
            FREE[route](client)
        assert other.hits == []
        assert server.count(route) == 1


def test_a_key_and_a_client_are_not_pickled(client):
    for thing in (client.key, client):
        with pytest.raises(TypeError):
            pickle.dumps(thing)


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8",
        "ftp://x",
        "https://u:p@x.com",
        "https://x.com?a=1",
        "nonsense",
        "https://[",
        "http://h:99999",
        "https://:p@x.com",
        "https://@x.com",
    ],
)
def test_an_address_that_would_expose_the_key_is_refused(url):
    with pytest.raises(errors.InvalidParameter) as caught:
        Service.at(url)
    assert caught.value.billed is False


def test_the_live_service_is_three_hosts_and_a_base_url_is_one():
    live = Service.at(None)
    assert (live.v1, live.v2) == (
        "https://api.segmind.com/v1/pixverse-v6",
        "https://api.segmind.com/v2/pixverse-v6",
    )
    assert live.upload == "https://workflows-api.segmind.com/upload-asset"
    assert live.history == "https://api.spotprod.segmind.com/inference-request/request-history"
    based = Service.at(" http://127.0.0.1:8000/v1/ ")
    assert {based.api, based.uploads, based.account} == {"http://127.0.0.1:8000"}
    assert based.is_private
    assert based.is_loopback


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("https://API.segmind.com:443/", "https://api.segmind.com"),
        ("HTTPS://api.Segmind.com/v2", "https://api.segmind.com"),
        ("HTTP://LocalHost:80", "http://localhost"),
        ("http://127.0.0.1:8000/Under/", "http://127.0.0.1:8000/Under"),
        ("http://127.0.0.1:443", "http://127.0.0.1:443"),
        ("https://127.0.0.1:80", "https://127.0.0.1:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[FE80::1]:443/", "https://[fe80::1]"),
    ],
)
def test_one_address_has_one_name(written, name):
    """History and budget go by the name: case and a default port must not make a second service of it."""
    assert Service.at(written).api == name
    assert Service.at(Service.at(written).api) == Service.at(written)


def test_the_live_service_written_out_has_the_default_services_name():
    assert Service.at("https://API.segmind.com:443/").api == Service.at(None).api
