"""Downloads over real HTTP on loopback: every way in which a server or a network can misbehave."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import os
import re
import socket
import struct
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clips import make_clip

from pixverse_nb.errors import ClipError
from pixverse_nb.media import addresses, download, partial, transfer
from pixverse_nb.media.clips import Clips
from pixverse_nb.media.download import Downloader

BODY = os.urandom(3_000_000)
ETAG = '"version-1"'


class Handler(http.server.BaseHTTPRequestHandler):
    """Asks the test's script what to do, and notes what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        self.server.script(self, sum(1 for _, path, _ in self.server.requests if path == self.path))

    do_HEAD = do_GET  # noqa: N815 - the base class asks for this name

    def log_message(self, *_args):
        pass

    def head(self, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def whole(self, body=BODY, **headers):
        self.head(Content_Length=len(body), **headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self):
        """Break the connection as a network does: with a reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def ranged(self, cut_after=None, body=BODY, etag=ETAG):
        """Serve as a storage host does: ranges, ETag; `cut_after` bytes the connection breaks."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.headers.get("If-Range") == etag else 0
        if start:
            where = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.head(206, Content_Length=len(body) - start, Content_Range=where, ETag=etag)
        else:
            self.head(200, Content_Length=len(body), ETag=etag)
        if cut_after is None:
            self.wfile.write(body[start:])
        else:
            self.wfile.write(body[start : start + cut_after])
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_args):  # the client leaves on purpose
        pass


@pytest.fixture
def serve():
    """Start a server that does what `script(handler, n)` says at the n-th request for a path."""
    running = []

    def start(script, address="127.0.0.1"):
        server = Server((address, 0), Handler)
        server.script, server.requests = script, []
        server.url = f"http://{address}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transfer, "FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(transfer, "LONGEST_PAUSE_S", 0.02)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def downloader():
    one = Downloader(allow_private=True, connect_s=2, read_s=2, attempts=4)
    yield one
    one.close()


@pytest.fixture
def clips(tmp_path):
    return Clips(tmp_path / "home")


def arrived(received, body=BODY) -> bool:
    assert received.size_bytes == len(body)
    assert received.sha256 == hashlib.sha256(body).hexdigest()
    return received.path.read_bytes() == body


def left_behind(clips: Clips) -> list[Path]:
    return [p for p in clips.home.rglob("*") if p.is_file()]


# --- the plain way


def test_a_file_arrives_with_progress_and_without_anything_that_identifies_the_user(
    serve, downloader, clips, monkeypatch, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password SECRET")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(lambda h, _n: h.whole(Set_Cookie="session=SECRET; Path=/"))
    seen = []
    url = server.url.replace("http://", "http://me:SECRET@")
    assert arrived(downloader.fetch(url + "/a.mp4", clips, on_progress=lambda done, total: seen.append((done, total))))
    assert arrived(downloader.fetch(server.url + "/b.mp4", clips))
    assert seen == sorted(seen)
    assert seen[-1] == (len(BODY), len(BODY))
    for _, _, headers in server.requests:
        assert "SECRET" not in str(headers)
        assert not {"authorization", "cookie", "x-api-key"} & {name.lower() for name in headers}
        assert headers["Accept-Encoding"] == "identity"


def test_a_real_clip_goes_all_the_way(serve, downloader, clips, tmp_path):
    data = make_clip(tmp_path / "c.mp4").read_bytes()
    server = serve(lambda h, _n: h.whole(data))
    path, facts = clips.keep(downloader.fetch(server.url + "/c.mp4", clips))
    assert path.read_bytes() == data
    assert facts.width == 96


def test_without_a_length_and_in_chunks(serve, downloader, clips):
    def script(h, _n):
        if h.path == "/chunked":
            h.head(Transfer_Encoding="chunked")
            for start in range(0, len(BODY), 700_001):
                piece = BODY[start : start + 700_001]
                h.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            h.wfile.write(b"0\r\n\r\n")
        else:
            h.head(Connection="close")
            h.wfile.write(BODY)

    server = serve(script)
    totals = set()
    for path in ("/chunked", "/until-close"):
        assert arrived(downloader.fetch(server.url + path, clips, on_progress=lambda _d, total: totals.add(total)))
    assert totals == {None}


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_an_encoding_that_nobody_asked_for_is_undone(serve, downloader, clips, encoding):
    import zlib

    packed = zlib.compress(BODY) if encoding == "deflate" else gzip.compress(BODY, 1)
    server = serve(lambda h, _n: h.whole(packed, Content_Encoding=encoding))
    assert arrived(downloader.fetch(server.url, clips))


def test_a_gzip_bomb_is_stopped_with_flat_memory(serve, downloader, clips, monkeypatch):
    monkeypatch.setattr(partial, "MAX_BYTES", 60_000_000)
    bomb = gzip.compress(bytes(200_000_000), 9)
    server = serve(lambda h, _n: h.whole(bomb, Content_Encoding="gzip"))
    tracemalloc.start()
    with pytest.raises(ClipError, match="larger than"):
        downloader.fetch(server.url, clips)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000
    assert left_behind(clips) == []


def test_an_unknown_encoding_is_refused_at_once(serve, downloader, clips):
    server = serve(lambda h, _n: h.whole(b"x", Content_Encoding="br"))
    with pytest.raises(ClipError, match="encoding 'br'"):
        downloader.fetch(server.url, clips)
    assert len(server.requests) == 1


# --- cuts


def test_a_cut_connection_goes_on_where_it_broke(serve, downloader, clips):
    """Cut seven times, more often than there are attempts: each brought something new, so none was in vain."""
    piece = 2_000_000
    body = os.urandom(15_000_000)
    server = serve(lambda h, _n: h.ranged(piece, body))
    assert arrived(downloader.fetch(server.url, clips), body)
    starts = [int(headers["Range"][6:-1]) for _, _, headers in server.requests if "Range" in headers]
    assert starts == [piece * n for n in range(1, 8)]
    assert all(headers["If-Range"] == ETAG for _, _, headers in server.requests if "Range" in headers)


@pytest.mark.parametrize("etag", [None, 'W/"weak"', "unquoted"])
def test_without_a_strong_etag_it_starts_again(serve, downloader, clips, etag):
    def script(h, n):
        headers = {"ETag": etag} if etag else {}
        h.head(Content_Length=len(BODY), **headers)
        h.wfile.write(BODY if n == 3 else BODY[: 500_000 * n])
        h.close_connection = True

    server = serve(script)
    assert arrived(downloader.fetch(server.url, clips))
    assert [("Range" in headers) for _, _, headers in server.requests] == [False] * 3


def test_a_file_that_changed_in_between_is_fetched_anew(serve, downloader, clips):
    other = os.urandom(2_500_000)

    def script(h, n):
        if n == 1:
            h.ranged(1_000_000)
        else:
            h.ranged(body=other, etag='"version-2"')

    server = serve(script)
    assert arrived(downloader.fetch(server.url, clips), other)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Range": "bytes 5-2999999/3000000"},
        {"Content_Range": "bytes 1000000-2999999/*"},
        {"Content_Range": "bytes 1000000-2999999/9999999"},
        {"Content_Range": "rubbish"},
        {},
        {"Content_Range": "bytes 1000000-2999999/3000000", "ETag": '"version-2"'},
    ],
)
def test_a_part_that_was_not_asked_for_is_not_believed(serve, downloader, clips, headers):
    def script(h, n):
        if n == 1:
            h.ranged(1_000_000)
        elif n == 2:
            h.head(206, Content_Length=2_000_000, **headers)
            h.wfile.write(bytes(2_000_000))
        else:
            h.ranged()

    server = serve(script)
    assert arrived(downloader.fetch(server.url, clips))
    assert "Range" not in server.requests[2][2]


def test_a_part_of_a_request_for_the_whole_is_refused(serve, downloader, clips):
    server = serve(lambda h, _n: h.head(206, Content_Length=0, Content_Range="bytes 0-9/10"))
    with pytest.raises(ClipError, match="another part"):
        downloader.fetch(server.url, clips)


def test_a_range_that_the_server_cannot_give_starts_again(serve, downloader, clips):
    def script(h, n):
        if n == 1:
            h.ranged(1_000_000)
        elif n == 2:
            h.head(416, Content_Length=0)
        else:
            h.ranged()

    server = serve(script)
    assert arrived(downloader.fetch(server.url, clips))
    assert ["Range" in headers for _, _, headers in server.requests] == [False, True, False]


@pytest.mark.parametrize("way", ["reset", "chunked", "garbage", "nothing", "gzip", "half a head", "too short"])
def test_whatever_breaks_is_tried_again(serve, downloader, clips, way):
    def script(h, n):
        if n >= 3:
            h.whole()
        elif way == "reset":
            h.head(Content_Length=len(BODY))
            h.wfile.write(BODY[:600_000])
            h.cut()
        elif way == "chunked":
            h.head(Transfer_Encoding="chunked")
            h.wfile.write(b"%x\r\n" % 700_000 + BODY[:600_000])
            h.close_connection = True
        elif way == "garbage":
            h.wfile.write(b"\x00\xff this is not HTTP\r\n\r\n")
            h.close_connection = True
        elif way == "nothing":
            h.cut()
        elif way == "gzip":
            h.whole(gzip.compress(BODY)[:-20] + bytes(20), Content_Encoding="gzip")
        elif way == "half a head":
            h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            h.close_connection = True
        else:
            h.head(Content_Length=len(BODY))
            h.wfile.write(BODY[:-1])
            h.close_connection = True

    server = serve(script)
    assert arrived(downloader.fetch(server.url, clips))
    assert len(server.requests) == 3


def test_chunks_without_an_end_are_a_cut_each_time_and_leave_nothing(serve, downloader, clips):
    def script(h, _n):
        h.head(Transfer_Encoding="chunked")
        h.wfile.write(b"5\r\nhello\r\n")
        h.close_connection = True

    server = serve(script)
    with pytest.raises(ClipError, match=r"cut.*tried 4 times.*resume"):
        downloader.fetch(server.url, clips)
    assert len(server.requests) == 4
    assert left_behind(clips) == []


def test_an_endless_body_is_stopped_at_the_limit(serve, downloader, clips, monkeypatch):
    monkeypatch.setattr(partial, "MAX_BYTES", 4_000_000)

    def script(h, _n):
        h.head(Connection="close")
        while True:
            h.wfile.write(bytes(500_000))

    server = serve(script)
    with pytest.raises(ClipError, match="larger than"):
        downloader.fetch(server.url, clips)
    assert len(server.requests) == 1
    assert left_behind(clips) == []


def test_a_length_beyond_the_limit_is_refused_before_the_body(serve, downloader, clips):
    server = serve(lambda h, _n: h.head(Content_Length=5 << 30))
    with pytest.raises(ClipError, match=r"5\.4 GB"):
        downloader.fetch(server.url, clips)
    assert left_behind(clips) == []


def test_a_silent_server_and_a_trickle_are_both_cut(serve, clips):
    impatient = Downloader(allow_private=True, connect_s=1, read_s=0.3, attempts=2)
    done = threading.Event()

    def script(h, _n):
        h.head(Content_Length=len(BODY))
        while h.path == "/trickle" and not done.is_set():
            h.wfile.write(b"x")  # never silent for as long as the time-out
            time.sleep(0.05)
        done.wait(5)

    server = serve(script)
    for path, says in (("/silent", "cut"), ("/trickle", r"only \d+ bytes came in")):
        start = time.monotonic()
        with pytest.raises(ClipError, match=says):
            impatient.fetch(server.url + path, clips)
        assert time.monotonic() - start < 4
    done.set()
    impatient.close()
    assert left_behind(clips) == []


# --- statuses


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 204, 304, 300])
def test_a_refusal_fails_at_once(serve, downloader, clips, status):
    server = serve(lambda h, _n: h.head(status, Content_Length=0))
    with pytest.raises(ClipError, match=f"{status}.*studio.resume") as caught:
        downloader.fetch(server.url + "/c.mp4?Signature=SECRET", clips)
    assert caught.value.status_code == status
    assert "SECRET" not in str(caught.value)
    assert len(server.requests) == 1
    assert left_behind(clips) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_or_broken_server_is_tried_again(serve, downloader, clips, status):
    server = serve(lambda h, n: h.whole() if n == 3 else h.head(status, Content_Length=0))
    assert arrived(downloader.fetch(server.url, clips))
    always = serve(lambda h, _n: h.head(status, Content_Length=0))
    with pytest.raises(ClipError, match=f"{status}.*tried 4 times") as caught:
        downloader.fetch(always.url, clips)
    assert caught.value.status_code == status
    assert len(always.requests) == 4


def test_retry_after_is_heeded(serve, downloader, clips):
    server = serve(lambda h, n: h.whole(b"x") if n == 2 else h.head(429, Content_Length=0, Retry_After=1))
    start = time.monotonic()
    downloader.fetch(server.url, clips)
    assert 0.95 <= time.monotonic() - start < 3


def test_nobody_there(downloader, clips):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/c.mp4"
    with pytest.raises(ClipError, match=r"no answer from 127\.0\.0\.1") as caught:
        downloader.fetch(url, clips)
    assert caught.value.status_code is None


def test_alive_asks_without_fetching(serve, downloader):
    answers = {"/ok": 200, "/gone": 410, "/none": 404, "/expired": 403, "/broken": 500, "/verb": 405}
    server = serve(lambda h, _n: h.head(answers[h.path], Content_Length=0))
    assert [downloader.alive(server.url + path) for path in answers] == [True, False, False, False, None, None]
    assert {method for method, _, _ in server.requests} == {"HEAD"}
    assert downloader.alive("ftp://example.org/x") is None
    assert downloader.alive("http://127.0.0.1:1/x") is None
    assert len(server.requests) == len(answers), "nothing is tried twice"


# --- redirects and addresses


def test_redirects_are_followed_and_counted(serve, downloader, clips):
    def script(h, _n):
        left = int(h.path[1:])
        if left:
            h.head((301, 302, 303, 307, 308)[left % 5], Location=f"/{left - 1}", Content_Length=0)
        else:
            h.whole()

    server = serve(script)
    assert arrived(downloader.fetch(server.url + "/5", clips))
    assert downloader.alive(server.url + "/5") is True
    with pytest.raises(ClipError, match="redirects more than 5 times"):
        downloader.fetch(server.url + "/6", clips)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://h/x", "gopher://h/x", "//[", "javascript:x"])
def test_a_redirect_to_something_else_is_not_followed(serve, downloader, clips, target):
    server = serve(lambda h, _n: h.head(302, Location=target, Content_Length=0))
    with pytest.raises(ClipError):
        downloader.fetch(server.url, clips)
    assert len(server.requests) == 1
    assert left_behind(clips) == []


def test_an_endless_redirect_body_is_not_read(serve, downloader, clips):
    def script(h, _n):
        if h.path == "/c":
            return h.whole()
        h.head(302, Location="/c", Connection="close")
        while True:
            h.wfile.write(bytes(100_000))

    assert arrived(downloader.fetch(serve(script).url, clips))


@pytest.mark.parametrize(
    "url", ["", "c.mp4", "file:///etc/passwd", "data:video/mp4;base64,AA", "http://", "http://[::1", "http://a b/"]
)
def test_only_http_addresses_are_fetched(downloader, clips, url):
    with pytest.raises(ClipError):
        downloader.fetch(url, clips)
    assert left_behind(clips) == []


PRIVATE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "0.0.0.0",
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[2002:7f00:1::]",
    "[64:ff9b::a00:1]", "[2001:db8::1]", "127.0.0.1.",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused_by_their_text(clips, host, monkeypatch):
    def no_network(*_args, **_kwargs):
        raise AssertionError("something was asked")

    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    closed_in = Downloader(allow_private=False)
    for scheme in ("http", "https"):
        with pytest.raises(ClipError, match="not a public address"):
            closed_in.fetch(f"{scheme}://{host}:8080/c.mp4", clips)
        assert closed_in.alive(f"{scheme}://{host}/c.mp4") is None
    closed_in.close()


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_public_addresses_are_public(address):
    assert addresses.is_public(address)


def pretend(monkeypatch, names: dict[str, str], public: set[str] = frozenset()) -> None:
    """Let names resolve to loopback addresses, and some of these count as public."""
    real_lookup, real_public = socket.getaddrinfo, addresses.is_public
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: real_lookup(names.get(host, host), *a, **k))
    monkeypatch.setattr(addresses, "is_public", lambda a: str(a) in public or real_public(a))


def test_a_public_name_that_leads_to_a_private_address_is_never_asked(serve, clips, monkeypatch):
    """DNS rebinding: the name looks fine, and the address it is connected to decides, before a byte is sent."""
    server = serve(lambda h, _n: h.whole())
    pretend(monkeypatch, {"clips.example": "127.0.0.1"})
    closed_in = Downloader(allow_private=False, attempts=3)
    for scheme in ("http", "https"):
        with pytest.raises(ClipError, match=r"leads to 127\.0\.0\.1"):
            closed_in.fetch(f"{scheme}://clips.example:{server.server_port}/c.mp4", clips)
    closed_in.close()
    time.sleep(0.05)
    assert server.requests == []
    assert left_behind(clips) == []


def test_a_redirect_from_a_public_to_a_private_address_is_refused(serve, clips, monkeypatch):
    inner = serve(lambda h, _n: h.whole(b"inner secrets"))
    targets = {
        "/literal": f"{inner.url}/c.mp4",
        "/name": f"http://rebound.example:{inner.server_port}/c.mp4",
        "/protocol-relative": f"//127.0.0.1:{inner.server_port}/c.mp4",
        "/metadata": "http://169.254.169.254/latest/meta-data/",
    }
    outer = serve(
        lambda h, _n: h.whole() if h.path == "/ok" else h.head(302, Location=targets[h.path], Content_Length=0),
        "127.0.0.2",
    )
    pretend(monkeypatch, {"clips.example": "127.0.0.2", "rebound.example": "127.0.0.1"}, public={"127.0.0.2"})
    closed_in = Downloader(allow_private=False)
    base = f"http://clips.example:{outer.server_port}"
    assert arrived(closed_in.fetch(base + "/ok", clips)), "a public address is asked"
    for path in targets:
        with pytest.raises(ClipError, match="not a public address"):
            closed_in.fetch(base + path, clips)
    closed_in.close()
    assert inner.requests == []


def test_a_redirect_from_https_to_http_is_refused_unless_the_service_is_private():
    with pytest.raises(ClipError, match="unprotected"):
        addresses.check_hop("https://a.example/x", "http://a.example/x", allow_private=False)
    addresses.check_hop("https://a.example/x", "http://a.example/x", allow_private=True)
    addresses.check_hop("https://a.example/x", "https://b.example/x", allow_private=False)
    addresses.check_hop("http://a.example/x", "http://b.example/x", allow_private=False)


def test_the_hop_check_is_made_on_every_redirect(serve, downloader, clips, monkeypatch):
    hops = []
    monkeypatch.setattr(download, "check_hop", lambda before, after, **_k: hops.append((before, after)))
    server = serve(lambda h, _n: h.whole() if h.path == "/2" else h.head(302, Location="/2", Content_Length=0))
    downloader.fetch(server.url + "/1", clips)
    assert hops == [(server.url + "/1", server.url + "/2")]


def test_loopback_ignores_the_environment_s_proxy_and_other_hosts_use_it(serve, downloader, clips, monkeypatch):
    server = serve(lambda h, _n: h.whole())
    proxy = serve(lambda h, _n: h.whole(b"by proxy"))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert arrived(downloader.fetch(server.url, clips))
    assert proxy.requests == []
    closed_in = Downloader(allow_private=False)
    assert arrived(closed_in.fetch("http://clips.example/c.mp4", clips), b"by proxy")
    assert proxy.requests[0][1] == "http://clips.example/c.mp4"
    with pytest.raises(ClipError, match="not a public address"):
        closed_in.fetch("http://10.0.0.1/c.mp4", clips)
    assert len(proxy.requests) == 1
    closed_in.close()


# --- the machine


def test_a_full_disk_ends_the_fetch_at_once_and_says_so(serve, downloader, clips, monkeypatch):
    def full(self, _chunk):
        raise partial.disk_error(OSError(28, "No space left on device"), self.path)

    server = serve(lambda h, _n: h.whole())
    monkeypatch.setattr(partial.Partial, "write", full)
    with pytest.raises(ClipError, match="disk is full"):
        downloader.fetch(server.url, clips)
    assert len(server.requests) == 1
    assert left_behind(clips) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RuntimeError])
def test_an_interrupt_or_an_error_in_the_progress_ends_the_fetch_cleanly(serve, downloader, clips, error):
    def stop(_done, _total):
        raise error

    server = serve(lambda h, _n: h.whole())
    before = threading.active_count()
    with pytest.raises(error):
        downloader.fetch(server.url, clips, on_progress=stop)
    assert left_behind(clips) == []
    assert len(server.requests) == 1
    assert not [t for t in threading.enumerate() if t.name == "pixverse-sha256"], before


def test_closing_ends_what_is_under_way(serve, clips, monkeypatch):
    """Both a fetch that waits for its next attempt and one that is being fed."""
    monkeypatch.setattr(transfer, "FIRST_PAUSE_S", 60)
    monkeypatch.setattr(transfer, "LONGEST_PAUSE_S", 60)
    asked = threading.Semaphore(0)

    def script(h, _n):
        asked.release()
        if h.path == "/busy":
            return h.head(503, Content_Length=0)
        h.head(Content_Length=1 << 30)
        while True:
            h.wfile.write(bytes(10_000))
            time.sleep(0.01)

    server = serve(script)
    closing = Downloader(allow_private=True)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(closing.fetch, server.url + path, clips) for path in ("/busy", "/long")]
        for _ in waiting:
            asked.acquire(timeout=5)
        time.sleep(0.1)
        start = time.monotonic()
        closing.close()
        for one in waiting:
            with pytest.raises(ClipError):
                one.result(timeout=5)
    assert time.monotonic() - start < 3
    assert left_behind(clips) == []


def test_memory_stays_flat_for_200_mb(serve, downloader, clips):
    piece = bytes(1 << 20)

    def script(h, _n):
        h.head(Content_Length=200 << 20)
        for _ in range(200):
            h.wfile.write(piece)

    server = serve(script)
    tracemalloc.start()
    received = downloader.fetch(server.url, clips)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received.size_bytes == 200 << 20
    assert peak < 6_000_000


def test_fifty_at_once(serve, downloader, clips):
    server = serve(lambda h, _n: h.ranged(2_000_000))
    with ThreadPoolExecutor(50) as pool:
        received = list(pool.map(lambda n: downloader.fetch(f"{server.url}/{n}", clips), range(50)))
    assert {one.sha256 for one in received} == {hashlib.sha256(BODY).hexdigest()}
    assert len({one.path for one in received}) == 50
