"""How long the gallery and the History tab take on a history of 100,000 rows: `python bench/gallery.py [rows]`.

Prints a table with its bounds and ends with 1 when one is broken.
"Open" is everything that happens in the kernel from the browser's request until cards, prices and posters of a page of
24 are handed to the widget's channel; posters are read from files that were made before, none is in memory yet.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
for name in ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME"):
    os.environ.pop(name, None)
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

from run import Line, report  # the environment comes first

import pixverse_nb as pv
from pixverse_nb.panel.browse import Browse
from pixverse_nb.panel.shelf import Shelf
from pixverse_nb.preview.picture import Shot, render
from pixverse_nb.store.database import FILE
from pixverse_nb.store.pages import Place, Wanted

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
WORDS = ("lighthouse", "storm", "slow", "dolly", "balloon", "snow", "street", "night", "rain", "neon", "fog", "drone")
START_MS = 1_780_000_000_000
BOUND_MS = 150.0
ROUNDS = 7
ROWS = 100_000
PAGE = 24


def main() -> int:
    rows = next((int(word) for word in sys.argv[1:] if word.isdigit()), ROWS)
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-gallery-") as folder:
        studio = pv.Studio(home=Path(folder) / "home")
        fill(studio, rows)
        return report(measure(studio, rows), as_json="json" in sys.argv)


def fill(studio: pv.Studio, rows: int) -> None:
    """Rows by bulk SQL; the newest and the oldest hundred have a clip's file and a poster that was made before."""
    home = studio.home
    render(Shot("a lighthouse", duration=1, quality="360p"), home / "clip.mp4")
    clip = (home / "clip.mp4").read_bytes()
    (home / "clips").mkdir(exist_ok=True)
    made, wild = [], random.Random(1)
    for number in range(rows):
        made.append(row_of(number, wild))
        if number < 100 or number >= rows - 100:
            (home / made[-1]["video_path"]).write_bytes(clip)
    first = studio._clips.poster(made[0]["id"], home / "clip.mp4")
    if first is None:
        msg = "no poster could be made"
        raise RuntimeError(msg)
    for row in (*made[:100], *made[-100:]):
        shutil.copy(home / "posters" / f"{made[0]['id']}.jpg", home / "posters" / f"{row['id']}.again")
        (home / "posters" / f"{row['id']}.again").replace(home / "posters" / f"{row['id']}.jpg")
    names = list(made[0])
    with sqlite3.connect(home / FILE) as connection:
        holes = ", ".join("?" * len(names))
        values = ([row[name] for name in names] for row in made)
        connection.executemany(f"INSERT INTO generations ({', '.join(names)}) VALUES ({holes})", values)
    connection.close()


def row_of(number: int, wild: random.Random) -> dict[str, Any]:
    """A row as a year of work leaves it."""
    moment = START_MS + number * 60_000
    key = moment << 32 | wild.getrandbits(32)
    sha256 = f"{wild.getrandbits(256):064x}"
    audio = wild.choice([None, True, False])
    return {
        "id": "".join(ALPHABET[key >> shift & 31] for shift in range(75, -1, -5)),
        "service": "https://api.segmind.com", "api": "v2", "studio": "bench", "status": "completed",
        "created_at": moment * 1000, "sent_at": moment * 1000, "completed_at": moment * 1000 + 60_000_000,
        "prompt": " ".join(wild.choices(WORDS, k=20)), "duration": wild.randint(1, 15),
        "quality": wild.choice(["360p", "540p", "720p"]), "generate_audio_switch": audio, "take": 1,
        "identity": sha256, "request_id": sha256[:32], "estimate_micros": 281_250, "ceiling_micros": 281_250,
        "reserved_micros": 0, "cost_micros": wild.randint(40_000, 2_000_000), "cost_source": "reported",
        "latency_s": wild.uniform(20, 120), "output_url": f"https://images.segmind.com/outputs/{sha256}.mp4",
        "video_path": f"clips/{sha256}.mp4", "video_sha256": sha256, "video_duration_s": 5.0, "video_width_px": 1024,
        "video_height_px": 576, "video_fps": 24.0, "video_bytes": 1_000_000, "video_has_audio": True,
        "starred": wild.random() < 0.01 or None, "rating": wild.choice([None] * 30 + [1, 2, 3, 4, 5]),
        "decision": wild.choice([None] * 30 + ["keep", "reject"]),
    }  # fmt: skip


def measure(studio: pv.Studio, rows: int) -> Iterator[Line]:
    gallery = Gallery(studio)
    among = f"of {rows:,} rows"
    newest = timed(gallery.newest, gallery.cool)
    yield Line(f"gallery: the newest page of 24 {among}, with posters", "ms", newest, below=BOUND_MS)
    yield Line("  bytes of video sent with it", "B", gallery.bytes, most=0)
    yield Line("  words and posters sent with it", "KB", gallery.words / 1000)
    yield Line("gallery: the oldest page of 24", "ms", timed(gallery.oldest, gallery.cool), below=BOUND_MS)
    starred = page(studio, Wanted(starred=True, clips=True))
    yield Line("  the starred ones, 1 of 100: a page of 24", "ms", starred, most=10)
    yield Line("  a page of 24, newest first", "ms", page(studio, Wanted(clips=True)), most=10)
    for sort in ("cost_micros", "latency_s", "rating"):
        yield Line(f"  a page of 24 sorted by {sort}", "ms", page(studio, Wanted(), sort=sort), most=10)
    yield Line("  by duration, which has no index", "ms", page(studio, Wanted(), sort="duration"))
    yield Line("  a search that finds nothing, so reads it all", "ms", page(studio, Wanted(text="zeppelin")))
    browse = Browse(studio)

    def show() -> None:
        browse._stills.clear()
        browse.refresh()
        browse.wait()

    yield Line("History tab: a page of 25, stills included", "ms", timed(show), below=BOUND_MS)


class Gallery:
    """The gallery, with a channel that only counts."""

    def __init__(self, studio: pv.Studio) -> None:
        self.shelf, self.studio = Shelf(studio), studio
        self.shelf.box.send = self._hear
        self.said: list[dict[str, Any]] = []
        self.bytes = 0

    @property
    def words(self) -> int:
        return sum(len(json.dumps(content)) for content in self.said)

    def cool(self) -> None:
        """Nothing in memory; the place is the end, where the oldest clips have files."""
        self.shelf._posters.clear()
        rows = self.studio._store.page(Wanted(clips=True), size=PAGE + 1, descending=False).rows
        self.shelf._place = Place((rows[-1].id, rows[-1].id))
        self.said.clear()
        self.bytes = 0

    def newest(self) -> None:
        self._ask(go="first")

    def oldest(self) -> None:
        self._ask(go="same")

    def _ask(self, **content: object) -> None:
        self.shelf.box._handle_custom_msg({"ask": "page", **content}, [])
        done = self.shelf.wait()
        cards = [card for content in self.said for card in content.get("cards", [])]
        stills = [uri for content in self.said for uri in content.get("posters", {}).values() if uri]
        if not done or len(cards) != PAGE or len(stills) != PAGE:
            msg = f"{len(cards)} cards and {len(stills)} posters came"
            raise RuntimeError(msg)

    def _hear(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.said.append(content)
        self.bytes += sum(len(buffer) for buffer in buffers or ())


def page(studio: pv.Studio, wanted: Any, **how: Any) -> float:
    return timed(lambda: studio._store.page(wanted, size=PAGE, **how))


def timed(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Milliseconds, the median of some runs after one for nothing."""
    taken = []
    for _ in range(ROUNDS + 1):
        before()
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken[1:])


if __name__ == "__main__":
    sys.exit(main())
