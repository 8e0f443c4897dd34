"""The client against a scripted server: every fault of segmind.md on every call."""

import socket
import ssl
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from client_rig import BODY, FREE, PACE, PAID, SINGLE, client_of
from job_rig import free_port
from scripted import KEY, Answer, Scripted

from pixverse_nb import errors

pytest_plugins = ["job_fixtures"]


# ---- answered refusals -----------------------------------------------------------------------------------------------

CODES = {
    400: errors.BadRequest, 401: errors.AuthenticationError, 402: errors.InsufficientCredits,
    403: errors.PermissionDenied, 404: errors.NotFound, 405: errors.WrongMethod, 406: errors.RejectedValue,
    408: errors.ServiceError, 410: errors.ModelRetired, 413: errors.ServiceError, 422: errors.GenerationFailed,
    429: errors.RateLimited, 500: errors.ServerError,
}  # fmt: skip
FORMS = {
    "json": ({"error": "the widget broke"}, "application/json"),
    "text": ("the widget broke", "text/plain"),
    "html": ("<!doctype html><title>the widget broke</title><p>sorry", "text/html"),
}


# A page says nothing of its own: then 406 means what the document says, "Insufficient Credits".
MEANT = {(406, "html"): errors.InsufficientCredits}


def answered(status, form):
    body, kind = FORMS[form]
    return Answer(status, body, {"Content-Type": kind})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("route", PAID)
def test_a_refused_send_is_unbilled_and_sent_once(server, client, route, status, form):
    """Contract, Status codes: an answered 4xx or 500 queues nothing, whatever form its body has."""
    server.say(route, answered(status, form))
    kind = MEANT.get((status, form), CODES[status])
    with pytest.raises(kind, match="the widget broke") as caught:
        PAID[route](client)
    assert type(caught.value) is kind
    assert (caught.value.billed, caught.value.status_code) == (False, status)
    assert "Nothing was billed." in str(caught.value)
    assert caught.value.remedy
    assert server.count() == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("You have exhausted your quota", errors.InsufficientCredits),
        ({"error": "Payment required"}, errors.InsufficientCredits),
        ("<html><body><h1>406 Not Acceptable</h1></body></html>", errors.InsufficientCredits),
        ("<html><body>no heading</body></html>", errors.InsufficientCredits),
        ("Not Acceptable", errors.InsufficientCredits),
        ("", errors.InsufficientCredits),
        ("<title>Content-Type text/html is not accepted</title>", errors.UnsupportedType),
        ("<title>The team's spending limit is reached</title>", errors.SpendingLimit),
        ("<title>Invalid value for duration</title>", errors.RejectedValue),
        ({"error": "duration must be at most 15"}, errors.RejectedValue),
    ],
)
def test_a_406_means_credits_unless_it_says_otherwise(server, client, body, kind):
    """The document gives 406 one meaning, "Insufficient Credits"; the others are known by their text only."""
    server.say("submit", Answer(406, body, {"Content-Type": "text/html"}))
    with pytest.raises(kind) as caught:
        PAID["submit"](client)
    assert type(caught.value) is kind
    assert caught.value.billed is False
    assert server.count() == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [s for s in CODES if s not in {404, 429, 500}])
@pytest.mark.parametrize("route", FREE)
def test_a_refused_free_request_is_not_repeated(server, client, route, status, form):
    server.always(route, answered(status, form))
    with pytest.raises(MEANT.get((status, form), CODES[status]), match="the widget broke"):
        FREE[route](client)
    assert server.count(route) == 1


@pytest.mark.parametrize("route", FREE)
def test_404_of_a_free_request(server, client, route):
    """404 is a forgotten request on the polling addresses, nothing in the account's, and a wrong address elsewhere."""
    server.always(route, answered(404, "html"))
    if route == "record":
        assert client.account_row("r-1") is None
        return
    with pytest.raises(errors.RequestExpired if route in SINGLE else errors.NotFound) as caught:
        FREE[route](client)
    if route in SINGLE:
        assert caught.value.request_id == "r-1"
        assert "about an hour" in caught.value.what


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [502, 503, 504, 501, 520])
@pytest.mark.parametrize("route", PAID)
def test_a_gateway_error_on_a_send_is_unknown(server, client, route, status, form):
    """Contract: ambiguous on a submit, the job may be running and billed; it is never sent again."""
    server.say(route, answered(status, form))
    with pytest.raises(errors.OutcomeUnknown, match="the widget broke") as caught:
        PAID[route](client)
    assert (caught.value.billed, caught.value.status_code) == (None, status)
    assert "may be running and billed" in str(caught.value)
    assert "account's history" in caught.value.remedy
    assert server.count() == 1


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("route", PAID)
def test_a_redirected_send_is_unknown_and_not_followed(server, client, route, status):
    with Scripted() as other:
        server.say(route, Answer(status, headers={"Location": f"{other.url}/v2/pixverse-v6"}))
        with pytest.raises(errors.OutcomeUnknown) as caught:
            PAID[route](client)
        assert caught.value.status_code == status
        assert (server.count(), other.hits) == (1, [])


# ---- answers that break ----------------------------------------------------------------------------------------------

BROKEN = {
    "cut before the answer": Answer(cut=-1),
    "cut in the body": Answer(body={"request_id": "r-1", "status": "QUEUED"}, cut=20),
    "shorter than announced": Answer(body={"request_id": "r-1"}, length=900),
    "garbage": Answer(body="<html>Please wait"),
    "empty": Answer(body=""),
    "no request_id": Answer(body={"status": "QUEUED"}),
    "request_id null": Answer(body={"request_id": None}),
    "a list": Answer(body=[1]),
    "brackets": Answer(body="[" * 200_000),
    "endless": Answer(body=b"1" * (9 << 20)),
    "202": Answer(202, body=""),
    "not gzip": Answer(body="plain", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("route", PAID)
def test_a_broken_answer_to_a_send_is_unknown(server, client, route, fault):
    """Whatever is not a clear answer may be a running job: unknown, with the status where there was one."""
    server.say(route, BROKEN[fault])
    with pytest.raises(errors.OutcomeUnknown) as caught:
        PAID[route](client)
    assert caught.value.billed is None
    assert caught.value.status_code == (None if fault == "cut before the answer" else BROKEN[fault].status)
    assert str(caught.value).count("was lost") == 1
    assert server.count() == 1


@pytest.mark.parametrize("route", PAID)
def test_a_send_that_is_not_answered_in_time_is_unknown(server, client, route):
    release = threading.Event()
    server.say(route, Answer(first=lambda _: release.wait(10), cut=-1))
    with pytest.raises(errors.OutcomeUnknown, match="no answer in time") as caught:
        PAID[route](client)
    release.set()
    assert caught.value.status_code is None
    assert server.count() == 1


BLIPS = {
    "500": Answer(500, {"error": "oops"}),
    "502 in HTML": answered(502, "html"),
    "503": answered(503, "json"),
    "504": answered(504, "html"),
    "429": Answer(429, {"error": "slow down"}, {"Retry-After": "0"}),
    "cut": Answer(cut=-1),
    "cut in the body": Answer(body={"status": "COMPLETED", "credits": 1, "data": []}, cut=9),
    "shorter": Answer(body={"status": "COMPLETED"}, length=900),
    "garbage": Answer(body="<html>Please wait"),
}


@pytest.mark.parametrize("blip", BLIPS)
@pytest.mark.parametrize("route", [r for r in FREE if r not in SINGLE])
def test_free_requests_are_repeated_through_blips(server, client, route, blip):
    server.record(BODY)
    server.say(route, BLIPS[blip])
    FREE[route](client)
    assert server.count(route) == 2


@pytest.mark.parametrize("blip", [b for b in BLIPS if b != "429"])
@pytest.mark.parametrize("route", FREE)
def test_free_requests_are_repeated_a_bounded_number_of_times(server, client, route, blip):
    """`attempts`; then one error of the tree, which a job takes as a reason to ask again later."""
    server.always(route, BLIPS[blip])
    with pytest.raises((errors.ServerError, errors.ServiceUnreachable, errors.BadAnswer)):
        FREE[route](client)
    assert server.count(route) == (1 if route in SINGLE else PACE.attempts)


@pytest.mark.parametrize("write", [datetime.isoformat, lambda m: str(m.timestamp())])
def test_429_waits_for_the_reset(server, client, write):
    """x-rate-limit-reset-at-utc, ISO 8601 or an epoch; nothing was queued, so asking again is safe."""
    reset = datetime.now(timezone.utc) + timedelta(seconds=1)
    server.say("credits", Answer(429, {"error": "slow"}, {"x-rate-limit-reset-at-utc": write(reset)}))
    client.credits()
    assert datetime.now(timezone.utc) >= reset - timedelta(seconds=0.05)
    server.say("submit", Answer(429, {"error": "slow"}, {"x-rate-limit-reset-at-utc": write(reset)}))
    with pytest.raises(errors.RateLimited) as caught:
        client.submit(BODY)
    assert caught.value.reset_s == 0.5
    assert caught.value.billed is False


# ---- no connection ---------------------------------------------------------------------------------------------------


def assert_nothing_was_sent(client):
    for send in PAID.values():
        with pytest.raises(errors.ServiceUnreachable, match="nothing was sent") as caught:
            send(client)
        assert (caught.value.billed, caught.value.status_code) == (False, None)
        assert "Nothing was billed." in str(caught.value)


def test_a_refused_connection_means_that_nothing_was_sent():
    assert_nothing_was_sent(client_of(f"http://127.0.0.1:{free_port()}"))


def test_an_unknown_host_means_that_nothing_was_sent():
    assert_nothing_was_sent(client_of("https://api.segmind.invalid"))


def test_a_connection_that_is_not_made_in_time_means_that_nothing_was_sent(monkeypatch):
    def never(*_args, **_kwargs):
        raise TimeoutError

    monkeypatch.setattr("urllib3.util.connection.create_connection", never)
    assert_nothing_was_sent(client_of("https://127.0.0.1"))


@pytest.fixture
def no_tls():
    """A listener whose TLS handshake always fails: it has no certificate to show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with closing(connection):
                    try:
                        context.wrap_socket(connection, server_side=True)
                    except (ssl.SSLError, OSError):
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_failed_handshake_means_that_nothing_was_sent(no_tls):
    """The connection itself says that it never stood, whatever OpenSSL calls the reason."""
    assert_nothing_was_sent(client_of(f"https://127.0.0.1:{no_tls}"))


def test_a_server_that_speaks_no_tls_means_that_nothing_was_sent(server):
    """The plain server answers the handshake with a 400: no request came through."""
    assert_nothing_was_sent(client_of(server.url.replace("http:", "https:")))
    assert server.hits == []


def test_a_proxy_that_refuses_the_tunnel_means_that_nothing_was_sent(server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    assert_nothing_was_sent(client_of("https://api.segmind.invalid"))
    assert server.count() == 0


def test_a_proxy_that_cannot_be_used_means_that_nothing_was_sent(monkeypatch):
    """SOCKS without its package, or without a server: an error before any connection."""
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://127.0.0.1:{free_port()}")
    assert_nothing_was_sent(client_of("https://api.segmind.invalid"))


def test_a_proxy_that_swallows_the_connection_means_that_nothing_was_sent(server, monkeypatch):
    """The tunnel is part of the connection: a CONNECT that is not answered properly carries no request."""
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.always("other", Answer(cut=-1))
    assert_nothing_was_sent(client_of("https://api.segmind.invalid"))
    assert {hit.method for hit in server.hits} == {"CONNECT"}
    assert all(KEY not in str(hit) for hit in server.hits)
