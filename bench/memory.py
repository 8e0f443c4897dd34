"""How much the memory of a process grows while many clips come home at once; started by run.py.

`python bench/memory.py downloader|studio URL CLIPS MEGABYTES FOLDER` prints the growth in bytes: the peak of the
process's resident memory less what it had before the first download.
"""

from __future__ import annotations

import resource
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

import pixverse_nb as pv
from pixverse_nb.media.clips import Clips
from pixverse_nb.media.download import Downloader


def main() -> None:
    way, url, count, megabytes, folder = sys.argv[1:]
    fetch = {"downloader": _downloader, "studio": _studio}[way]
    print(fetch(url, int(count), int(megabytes), Path(folder)))


def _downloader(url: str, count: int, megabytes: int, folder: Path) -> int:
    downloader, clips = Downloader(allow_private=True, pool=count), Clips(folder)
    before = psutil.Process().memory_info().rss
    together = threading.Barrier(count)

    def fetch(_: int) -> int:
        together.wait()
        return downloader.fetch(f"{url}/files/{megabytes}.mp4", clips).size_bytes

    with ThreadPoolExecutor(count) as pool:
        sizes = list(pool.map(fetch, range(count)))
    _check(sizes, count, megabytes)
    return peak() - before


def _studio(url: str, count: int, megabytes: int, folder: Path) -> int:
    studio = pv.Studio("SG_0123456789abcdef", base_url=url, home=folder, concurrency=count)
    before = psutil.Process().memory_info().rss
    under_way = [studio.submit(f"clip {number} of {megabytes} MB") for number in range(count)]
    clips = [generation.wait().video for generation in under_way]
    _check([clip.size_bytes for clip in clips if clip], count, megabytes)
    return peak() - before


def _check(sizes: list[int], count: int, megabytes: int) -> None:
    if sizes != [megabytes * 1_000_000] * count:
        msg = f"{count} clips of {megabytes} MB were asked for; these came: {sizes}"
        raise RuntimeError(msg)


def peak() -> int:
    """The most resident memory that this process ever had, bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux hands the parent's peak on in `ru_maxrss`; this figure is our own
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
