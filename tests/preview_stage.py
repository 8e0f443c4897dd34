"""What the tests of the preview engine stand on: engines with a stand-in painter, and somebody who calls them."""

import base64
import hashlib
import time
from contextlib import contextmanager

import requests

from pixverse_nb.preview import PreviewServer
from pixverse_nb.preview.picture import RenderError

KEY = "SG_0123456789abcdef"
MODEL = "/v2/pixverse-v6"
V1 = "/v1/pixverse-v6"
HISTORY = "/inference-request/request-history"
CLIP_BYTES = 12 + 32 * 6400
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def paint(shot, path):
    """A stand-in for a clip: 200 kB that hang on everything in the shot."""
    if "unpaintable" in shot.prompt:
        raise RenderError("the easel fell over")
    path.write_bytes(b"\x00\x00\x00\x18ftypisom" + hashlib.sha256(repr(shot).encode()).digest() * 6400)


class Caller:
    """Requests to one engine, with a key."""

    def __init__(self, url, key=KEY) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["x-api-key"] = key

    def get(self, path, **options):
        return self.session.get(self.url + path, timeout=10, **options)

    def post(self, path, body, **options):
        return self.session.post(self.url + path, json=body, timeout=10, **options)

    def submit(self, **body):
        answer = self.post(MODEL, {"prompt": "a cat", **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["request_id"]

    def finished(self, request_id):
        """The result, COMPLETED or FAILED, once there is one."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            answer = self.get(f"/v2/requests/{request_id}")
            if answer.json()["status"] in {"COMPLETED", "FAILED"}:
                return answer
            time.sleep(0.01)
        raise AssertionError(f"{request_id} never ended")


def upload(call, *contents, kind="image/png"):
    urls = [f"data:{kind};base64,{base64.b64encode(content).decode()}" for content in contents]
    return call.post("/upload-asset", {"data_urls": urls})


@contextmanager
def stage():
    """Start engines with any settings; they, and the sessions to them, are closed at the end."""
    opened = []

    def start(**settings):
        server = PreviewServer(**{"render": paint, **settings}).start()
        caller = Caller(server.url)
        opened.append((server, caller))
        return server, caller

    try:
        yield start
    finally:
        for server, caller in opened:
            caller.session.close()
            server.close()
