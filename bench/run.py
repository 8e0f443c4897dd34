"""The promises about speed and size, measured: `python bench/run.py [names]`.

Prints one table and ends with 1 when a bound is broken. Ours and the peer run in turns in one process, against the same
server, and their medians are compared: ratios travel from machine to machine, absolute figures do not.

    v1        a clip of 20 MB through v1 to disk, journal and probe included, against the API page's bare script
    v2        submit, follow and fetch a clip of 1 MB, against the official SDK and a download
    memory    50 downloads of 50 MB at once
    import    `import pixverse_nb` against `import requests`, and in a kernel that has its libraries loaded
    looking   a look into a clip of 5 s at 720p, and its poster
    render    clips drawn and encoded by the preview engine, in multiples of real time, beside encoding alone
    polling   jobs at the service's own pace: how soon their ends are noticed and how often they are asked after,
              against asking every second; and 500 of them in flight at once (3 minutes)
    panel     building the panel, and a keystroke in it, beside as many bare widgets
    gallery   opening a page of the gallery and of the History tab on a history of 100,000 rows
    history   50 rows out of 1,000,000, all of them as a DataFrame, and 100,000 against `pandas.read_sql` (3 minutes)
    report    a page of 24 clips for others, with everything that is in it, beside writing the same bytes
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import servers

if TYPE_CHECKING:
    from pixverse_nb import Studio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

KEY = "SG_0123456789abcdef"
PROMPT = "A lighthouse in a storm, slow dolly in"
DATA = {"prompt": PROMPT, "duration": 5, "quality": "540p"}
CLIPS = Path(tempfile.gettempdir()) / "pixverse_nb-bench"
ROUNDS = 25
_WHAT = 60  # width of the table's first column


@dataclass(frozen=True)
class Line:
    """One line of the table: `ours` (against `peer`) must be at most `most`, at least `least`, or stay `below`; or it
    only informs."""

    what: str
    unit: str
    ours: float
    peer: float | None = None
    most: float | None = None
    below: float | None = None
    least: float | None = None

    @property
    def measured(self) -> float:
        return self.ours if self.peer is None else self.ours / self.peer

    @property
    def ok(self) -> bool:
        return (
            (self.most is None or self.measured <= self.most)
            and (self.least is None or self.measured >= self.least)
            and (self.below is None or self.measured < self.below)
        )

    def __str__(self) -> str:
        ours = f"{self.ours:.1f} {self.unit}"
        peer = ratio = bound = verdict = ""
        unit = f" {self.unit}"
        if self.peer is not None:
            peer, ratio, unit = f"{self.peer:.1f} {self.unit}", f"{self.measured:.2f}", ""
        limits = {"<=": self.most, ">=": self.least, "<": self.below}
        for sign, limit in limits.items():
            if limit is not None:
                bound, verdict = f"{sign} {limit:g}{unit}", "ok" if self.ok else "BROKEN"
        return f"{self.what:<{_WHAT}}{ours:>12}{peer:>12}{ratio:>8}{bound:>12}  {verdict}"


def v1(folder: Path) -> Iterator[Line]:
    import requests

    import pixverse_nb as pv

    with servers.running(CLIPS, 20, 1) as url:
        studio = pv.Studio(KEY, base_url=url, home=folder / "home", api="v1")
        headers = {"x-api-key": KEY, "Content-Type": "application/json"}
        place = folder / "bare.mp4"

        def ours() -> Path:
            return clip_of(studio)

        def bare() -> Path:
            response = requests.post(f"{url}/v1/pixverse-v6", headers=headers, json=DATA)
            with open(place, "wb") as file:  # noqa: PTH123  as such scripts are written
                file.write(response.content)
            return place

        yield Line(
            "v1, 20 MB to disk, in the history; the page's bare script", "ms", *in_turns(ours, bare, 20), most=0.8
        )


def v2(folder: Path) -> Iterator[Line]:
    import requests
    from segmind import SegmindClient

    import pixverse_nb as pv

    with servers.running(CLIPS, 20, 1) as url:
        home, place = folder / "home", folder / "sdk.mp4"

        def ours() -> Path:
            return clip_of(pv.Studio(KEY, base_url=url, home=home))

        def sdk(client: SegmindClient) -> Path:
            output = client.run("pixverse-v6", **DATA)["output"]
            place.write_bytes(requests.get(output).content)
            return place

        def new() -> Path:
            return sdk(SegmindClient(KEY, f"{url}/v1"))

        yield Line(
            "v2, 1 MB to disk, in the history; the SDK's run, a download", "ms", *in_turns(ours, new, 1), below=1
        )
        studio, client = pv.Studio(KEY, base_url=url, home=home), SegmindClient(KEY, f"{url}/v1")
        kept = in_turns(lambda: clip_of(studio), lambda: sdk(client), 1)
        # Not a promise: on loopback the journal, the hash and the look into the clip outweigh four small requests.
        yield Line("  the same, studio and SDK client made beforehand", "ms", *kept)


def memory(folder: Path) -> Iterator[Line]:
    with servers.running(CLIPS, 50, 50) as url:
        for way in ("downloader", "studio"):
            home = folder / way
            growth = int(python(str(ROOT / "bench" / "memory.py"), way, url, "50", "50", str(home)))
            for clip in (home / "clips").iterdir():
                clip.unlink()
            yield Line(f"growth of memory, 50 downloads of 50 MB at once, {way}", "MB", growth / 1e6, below=100)


def imports(_: Path) -> Iterator[Line]:
    def fresh(name: str, before: str = "") -> float:
        line = f"{before}\nimport time; start = time.perf_counter(); import {name}; print(time.perf_counter() - start)"
        return float(python("-c", line)) * 1000

    taken = [(fresh("pixverse_nb"), fresh("requests")) for _ in range(9)]
    ours, peer = (statistics.median(times) for times in zip(*taken, strict=True))
    yield Line("import pixverse_nb; import requests", "ms", ours, peer, most=0.3)
    kernel = "import IPython, ipykernel.kernelapp, pandas, requests"
    running = statistics.median(fresh("pixverse_nb", kernel) for _ in range(5))
    yield Line("import pixverse_nb in a running kernel", "ms", running, most=5)


def render(_: Path) -> Iterator[Line]:
    script = str(ROOT / "bench" / "render.py")
    cores = os.cpu_count() or 1
    for quality, least in (("540p", 3.0), ("1080p", 1.5)):
        found = json.loads(python(script, "speed", quality))
        one, two, encoding = (list(found[name].values()) for name in ("one", "two", "encoding"))
        slowest = min(found["one"], key=found["one"].get)
        yield Line(
            f"one clip of 5 s at {quality}, median of {len(one)} prompts", "x", statistics.median(one), least=least
        )
        yield Line(f"  the slowest: {slowest[:40]}", "x", min(one), least=least)
        # Both cores at work; a machine with one has nothing to promise.
        pair = 2 * least if cores > 1 else None
        yield Line(f"two at once at {quality}, together, median", "x", statistics.median(two), least=pair)
        yield Line("  the slowest two", "x", min(two), least=pair)
        yield Line(f"  encoding alone at {quality}, frames ready, median", "x", statistics.median(encoding))
    peaks: dict[str, list[float]] = {"15": [], "3": []}
    for seconds in [*peaks] * 3:
        peaks[seconds].append(int(python(script, "memory", "1080p", seconds)) / 1e6)
    long, short = (statistics.median(found) for found in peaks.values())
    yield Line("peak of memory, zooming for 15 s at 1080p; for 3 s", "MB", long, short, most=1.15)


def looking(folder: Path) -> Iterator[Line]:
    from pixverse_nb.media import frames, probe
    from pixverse_nb.preview.picture import Shot
    from pixverse_nb.preview.picture import render as draw

    clip, sparse = folder / "clip.mp4", folder / "sparse.mp4"
    draw(Shot(PROMPT, duration=5, quality="720p"), clip)
    _with_one_keyframe(clip, sparse)
    for path in (clip, sparse):
        facts = probe.probe(path)
        if (facts.width, facts.height, round(facts.duration_s)) != (1280, 720, 5):
            msg = f"this is no clip of 5 s at 720p: {facts}"
            raise RuntimeError(msg)

    def both(path: Path) -> int:
        return probe.probe(path).size_bytes + len(frames.poster(path))

    yield Line("probe and poster of a clip of 5 s at 720p", "ms", _taken(lambda: both(clip)), below=100)
    yield Line("  the probe alone", "ms", _taken(lambda: probe.probe(clip).size_bytes))
    yield Line("  both, with no keyframe but the first", "ms", _taken(lambda: both(sparse)), below=100)


def _with_one_keyframe(clip: Path, place: Path) -> None:
    """The same pictures as x264 codes them when nobody asks for keyframes."""
    import av

    with av.open(str(clip)) as source, av.open(str(place), "w", options={"movflags": "+faststart"}) as out:
        video = source.streams.video[0]
        coded = out.add_stream("libx264", video.average_rate, options={"preset": "veryfast", "sc_threshold": "0"})
        coded.width, coded.height, coded.pix_fmt = video.width, video.height, "yuv420p"
        coded.codec_context.gop_size = 250
        for number, frame in enumerate(source.decode(video)):
            frame.pts, frame.time_base, frame.pict_type = number, 1 / video.average_rate, 0
            out.mux(coded.encode(frame))
        out.mux(coded.encode(None))


def _taken(work: Callable[[], int]) -> float:
    """How long something takes, ms: the median of many times, and once for nothing before."""
    taken = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken[1:])


def polling(folder: Path) -> Iterator[Line]:
    few, many = 50, 500
    with ThreadPoolExecutor(2) as pool:  # they sleep nearly all of the time
        at_once = [pool.submit(_at_the_services_pace, way, few, folder / way) for way in ("ours", "peer")]
        (ours, seen), (peer, peer_seen) = (run.result() for run in at_once)
    what = f"{few} jobs of {ours['job_s']:.0f} s"
    yield Line(f"{what}: from their true end to the clip on disk", "%", 100 * ours["wait"], below=3)
    yield Line("  the same of a peer that asks every second", "%", 100 * peer["wait"])
    busiest = seen["busiest_minute"]
    yield Line("status requests in any job's busiest minute", "", busiest, most=15)
    yield Line("  against the peer's", "", busiest, peer_seen["busiest_minute"], most=0.27)
    crowd, crowd_seen = _at_the_services_pace("ours", many, folder / "crowd")
    yield Line(f"{many} jobs in flight: from their true end to the clip on disk", "%", 100 * crowd["wait"], below=3)
    yield Line("  threads that work on them", "", crowd["threads"], most=16)
    yield Line("  the time of one core, while they wait", "%", 100 * crowd["busy"], below=25)
    all_of_it = peer_seen["busiest_per_s"] * many / few
    yield Line(
        "  a second at the server; the peer's few, times ten", "", crowd_seen["busiest_per_s"], all_of_it, most=0.5
    )
    growths = crowd["growth"] / 1e6, ours["growth"] / 1e6
    yield Line(f"  growth of memory, {many} in flight; {few} in flight", "MB", *growths, most=1.6)


def panel(_: Path) -> Iterator[Line]:
    yield from _told("panel.py")


def gallery(_: Path) -> Iterator[Line]:
    yield from _told("gallery.py")


def history(_: Path) -> Iterator[Line]:
    yield from _told("history.py")


def report_page(_: Path) -> Iterator[Line]:
    yield from _told("report.py")


def _told(script: str) -> Iterator[Line]:
    """The lines of a script that measures in a process of its own: widgets and a history stay in memory."""
    for line in json.loads(python(str(ROOT / "bench" / script), "json")):
        yield Line(**line)


def _at_the_services_pace(way: str, count: int, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """What `count` jobs measured, and what their server saw: each was sent just once, and they all came home."""
    script = str(ROOT / "bench" / "polling.py")
    command = [sys.executable, script, "server", "1"]
    with subprocess.Popen(
        command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        url = server.stdout.readline().strip() if server.stdout else ""
        found = json.loads(python(script, way, url, str(count), str(folder)))
        seen = json.loads(server.communicate()[0])
    if seen["posts"] != count:
        msg = f"{count} jobs were to be sent; the server saw {seen['posts']} sends"
        raise RuntimeError(msg)
    return found, seen


MEASURES: dict[str, Callable[[Path], Iterator[Line]]] = {
    "v1": v1,
    "v2": v2,
    "memory": memory,
    "import": imports,
    "looking": looking,
    "render": render,
    "polling": polling,
    "panel": panel,
    "gallery": gallery,
    "history": history,
    "report": report_page,
}


def in_turns(ours: Callable[[], Path], peer: Callable[[], Path], megabytes: int) -> tuple[float, float]:
    """Medians of both, in ms, each run once for nothing and then `ROUNDS` times in turns; every file is checked."""
    taken: dict[Callable[[], Path], list[float]] = {ours: [], peer: []}
    for number in range(ROUNDS + 1):
        for run in (ours, peer) if number % 2 else (peer, ours):
            gc.collect()
            start = time.perf_counter()
            path = run()
            passed = time.perf_counter() - start
            if path.stat().st_size != megabytes * 1_000_000:
                msg = f"{path} has {path.stat().st_size:,} bytes"
                raise RuntimeError(msg)
            path.unlink()
            if number:
                taken[run].append(passed * 1000)
    return statistics.median(taken[ours]), statistics.median(taken[peer])


def clip_of(studio: Studio) -> Path:
    """The file of a clip that was just sent for, and is there."""
    video = studio.submit(PROMPT, duration=5, quality="540p", reuse=False).wait().video
    if video is None:
        msg = "the clip is missing"
        raise RuntimeError(msg)
    return video.path


def python(*arguments: str) -> str:
    """What a fresh interpreter prints, with this checkout on its path."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=_environment(), stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        print(f"There is no {', '.join(unknown)}; choose from {', '.join(MEASURES)}.", file=sys.stderr)
        return 2
    CLIPS.mkdir(exist_ok=True)
    return report(_measured(names or list(MEASURES)))


def _measured(names: list[str]) -> Iterator[Line]:
    for name in names:
        with tempfile.TemporaryDirectory(prefix="pixverse_nb-bench-") as folder:
            yield from MEASURES[name](Path(folder))


def report(lines: Iterable[Line], *, as_json: bool = False) -> int:
    """Print lines as they come, as a table or as JSON at the end; 1 when a bound is broken, else 0."""
    if as_json:
        print(json.dumps([asdict(line) for line in lines]))
        return 0
    print(f"{'what; the peer':<{_WHAT}}{'ours':>12}{'peer':>12}{'ratio':>8}{'bound':>12}")
    broken = 0
    for line in lines:
        print(line, flush=True)
        broken += not line.ok
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
