"""How soon a finished job is noticed, how often it is asked after, and what hundreds in flight cost; started by run.py.

`python bench/polling.py server PACE` is the preview engine at the service's pace (1: 60-90 s a job); its clips are all
one small MP4. It prints its URL; when its standard input closes it prints what it saw, as JSON, and ends.
`python bench/polling.py ours|peer URL JOBS FOLDER` sends so many jobs at once and brings their clips home, then prints
JSON; the peer is a thread a job that asks every second, as scripts do.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import memory
import psutil
import requests

import pixverse_nb as pv
from pixverse_nb.preview.picture import Shot, render

KEY = "SG_0123456789abcdef"
HEADERS = {"x-api-key": KEY}
EVERY_S = 1.0  # the peer's pause
DATA = {"duration": 5, "quality": "540p"}


def main() -> None:
    what, *rest = sys.argv[1:]
    {"server": _server, "ours": _ours, "peer": _peer}[what](*rest)


# ---- the server ------------------------------------------------------------------------------------------------------


def _server(pace: str) -> None:
    with TemporaryDirectory(prefix="pixverse_nb-polling-") as folder:
        clip = Path(folder) / "clip.mp4"
        render(Shot("a lighthouse", duration=1, quality="360p"), clip)
        content = clip.read_bytes()

        def copy(shot: Shot, path: Path) -> None:
            """The one clip; a box at its end, which players skip, makes each shot's file another one."""
            mark = hashlib.sha256(repr(shot).encode()).digest()
            path.write_bytes(content + (8 + len(mark)).to_bytes(4, "big") + b"free" + mark)

        with pv.PreviewServer(pace=float(pace), render=copy, balance=10_000.0) as server:
            print(server.url, flush=True)
            sys.stdin.read()
            print(json.dumps(_seen(server)))


def _seen(server: pv.PreviewServer) -> dict[str, float]:
    """What came: sends, and status requests: the busiest minute of any job, the busiest ten seconds of all."""
    polls: dict[str, list[float]] = defaultdict(list)
    posts = []
    for call in server.requests:
        if call.path.endswith("/status"):
            polls[call.path].append(call.at)
        elif call.method == "POST":
            posts.append(call.at)
    together = [at for moments in polls.values() for at in moments]
    return {
        "posts": len(posts),
        "sending_s": max(posts) - min(posts),
        "busiest_minute": max(busiest(moments, 60) for moments in polls.values()),
        "busiest_per_s": busiest(together, 10) / 10,
    }


def busiest(moments: list[float], window_s: float) -> int:
    """The most moments within any window of so many seconds."""
    moments, most, first = sorted(moments), 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


# ---- the clients -----------------------------------------------------------------------------------------------------


def _ours(url: str, count: str, folder: str) -> None:
    studio = pv.Studio(KEY, base_url=url, home=Path(folder))
    process, before = psutil.Process(), psutil.Process().memory_info().rss
    jobs = [studio.submit(_prompt(number), **DATA) for number in range(int(count))]
    while any(job.status == "submitting" for job in jobs):
        time.sleep(0.1)
    start, spent, most_threads = time.monotonic(), sum(process.cpu_times()[:2]), 0
    while time.monotonic() - start < 30 and not any(job.ended for job in jobs):
        most_threads = max(most_threads, sum(t.name == "pixverse-job" for t in threading.enumerate()))
        time.sleep(0.25)
    busy = (sum(process.cpu_times()[:2]) - spent) / (time.monotonic() - start)
    home = {}
    for job in jobs:
        job.wait()
        home[str(job.request_id)] = float(studio._store.row(job.id)["completed_at"]) / 1e6
    growth = memory.peak() - before
    print(json.dumps({**_waits(url, home, int(count)), "growth": growth, "threads": most_threads, "busy": busy}))


def _peer(url: str, count: str, folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)

    def bring_home(number: int) -> tuple[str, float]:
        with requests.Session() as session:
            session.headers.update(HEADERS)
            body = {"prompt": _prompt(number), **DATA}
            request_id = session.post(f"{url}/v2/pixverse-v6", json=body).json()["request_id"]
            place = f"{url}/v2/requests/{request_id}"
            while session.get(f"{place}/status").json()["status"] != "COMPLETED":
                time.sleep(EVERY_S)
            clip = requests.get(session.get(place).json()["output"]).content
            (Path(folder) / f"{number}.mp4").write_bytes(clip)
            return request_id, time.time()

    with ThreadPoolExecutor(int(count)) as pool:
        home = dict(pool.map(bring_home, range(int(count))))
    print(json.dumps(_waits(url, home, int(count))))


def _prompt(number: int) -> str:
    return f"A lighthouse in a storm, wave {number}"


def _waits(url: str, home: dict[str, float], count: int) -> dict[str, float]:
    """How long the clips came home after their jobs' true ends, by the account's history, as shares of the jobs."""
    shares, lengths = [], []
    for page in range(1, 2 + count // 100):
        query: dict[str, Any] = {"page": page, "per_page": 100}
        history = requests.get(f"{url}/inference-request/request-history", params=query, headers=HEADERS).json()
        for row in history["data"]:
            ended = datetime.fromisoformat(row["model_updated"].replace("Z", "+00:00")).timestamp()
            length = row["latency_ms"] / 1000
            lengths.append(length)
            shares.append((home[row["request_id"]] - ended) / length)
    if len(shares) != count:
        msg = f"{count} jobs were sent, and the account knows {len(shares)}"
        raise RuntimeError(msg)
    return {"wait": statistics.mean(shares), "worst": max(shares), "job_s": statistics.mean(lengths)}


if __name__ == "__main__":
    main()
