"""A fast stand-in for the service, on loopback, in a process of its own: `python bench/servers.py FOLDER V1_MB V2_MB`.

It prints its URL and ends when its standard input closes. v1 answers with a clip of V1_MB megabytes; a v2 job is done
at once and its clip has V2_MB. Every answer is another file, as it is in life: 16 bytes behind the last box differ.

    POST /v1/<model>               the clip itself
    POST /v2/<model>               a request id; /v2/requests/<id>[/status] answer COMPLETED
    GET  /files/<megabytes>.mp4    a clip of that size
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_LARGEST_DRAWN_MB = 20  # a clip of 15 s at 1080p; no clip of the service is larger
_SMALL = 5_000_000  # bytes: below it, 5 s at 540p
_FPS, _BLOCK = 24, 16
_TAIL = 16


def make_clip(folder: Path, megabytes: int) -> Path:
    """A real MP4 (H.264) of just so many megabytes, at a bit rate to match."""
    path = folder / f"{megabytes}.mp4"
    if path.exists():
        return path
    partial = path.with_suffix(".part")
    size = megabytes * 1_000_000 - _TAIL
    if megabytes > _LARGEST_DRAWN_MB:
        partial.write_bytes(make_clip(folder, _LARGEST_DRAWN_MB).read_bytes())
    else:
        _draw(partial, size)
    missing = size - partial.stat().st_size
    if missing < 8:
        msg = f"the encoder made {-missing:,} bytes too many"
        raise RuntimeError(msg)
    with partial.open("ab") as file:  # an empty box fills it up
        file.write(missing.to_bytes(4, "big") + b"free")
        file.truncate(size)
    return partial.rename(path)


def _draw(path: Path, size: int) -> None:
    """Blocks that change all the time: they take as many bits as they are given, and not many seconds to code."""
    import av
    import numpy as np

    noise = np.random.default_rng(0)
    seconds, width, height = (15, 1920, 1080) if size > _SMALL else (5, 1024, 576)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", _FPS, options={"preset": "ultrafast", "g": "120"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = int(size * 8 * 0.75 / seconds)
        stream.codec_context.thread_type = "AUTO"  # one slice a picture, as in other people's clips
        for _ in range(seconds * _FPS):
            blocks = noise.integers(0, 256, (height // _BLOCK + 1, width // _BLOCK + 1, 3), dtype=np.uint8)
            picture = blocks.repeat(_BLOCK, axis=0)[:height].repeat(_BLOCK, axis=1)[:, :width]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))


@contextlib.contextmanager
def running(folder: Path, v1_mb: int, v2_mb: int) -> Iterator[str]:
    """A server in a process of its own, whose URL is given; it ends with the block."""
    for megabytes in (v1_mb, v2_mb):
        make_clip(folder, megabytes)
    command = [sys.executable, __file__, str(folder), str(v1_mb), str(v2_mb)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            msg = "the server has no pipes"
            raise RuntimeError(msg)
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder: Path, v1_mb: int, v2_mb: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.v1_mb, self.v2_mb = v1_mb, v2_mb
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/v1/"):
            self._clip(self.server.v1_mb)
        else:
            request_id = secrets.token_hex(16)
            place = f"{self.server.url}/v2/requests/{request_id}"
            urls = {"poll_url": f"{place}/status", "status_url": f"{place}/status", "response_url": place}
            self._json({"request_id": request_id, "status": "QUEUED", **urls})

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "files":
            self._clip(int(parts[1].partition(".")[0]))
            return
        body: dict[str, object] = {
            "request_id": parts[2],
            "status": "COMPLETED",
            "metrics": {"cost": 0.28125, "inference_time": 0.0},
        }
        if parts[-1] != "status":
            url = f"{self.server.url}/files/{self.server.v2_mb}.mp4"
            body |= {"output": url, "video": {"url": url, "content_type": "video/mp4"}, "seed": 1}
        self._json(body)

    def _json(self, body: object) -> None:
        text = json.dumps(body).encode()
        self._head("application/json", len(text), text)

    def _clip(self, megabytes: int) -> None:
        path = self.server.folder / f"{megabytes}.mp4"
        size = path.stat().st_size
        self._head("video/mp4", size + _TAIL, b"")
        with path.open("rb") as file:
            self.connection.sendfile(file)
        self.wfile.write(_TAIL.to_bytes(4, "big") + b"free" + secrets.token_bytes(_TAIL - 8))

    def _head(self, kind: str, length: int, body: bytes) -> None:
        lines = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nx-cost: 0.28125\r\n"
        self.wfile.write(f"{lines}x-request-id: {secrets.token_hex(16)}\r\n\r\n".encode() + body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the table is the only output."""


def main() -> None:
    server = _Server(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.url, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
