"""How long a report of 24 clips of 5 s at 540p takes: `python bench/report.py [clips]`.

Prints a table with its bounds and ends with 1 when one is broken. Nothing was prepared: stills, small copies and
filmstrips are made, clips are copied beside the page, figures and pictures are drawn. The peer writes the same bytes.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
for name in ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME"):
    os.environ.pop(name, None)
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

from gallery import row_of  # the environment comes first
from run import Line, report

import pixverse_nb as pv
from pixverse_nb.preview.picture import Shot, render
from pixverse_nb.store.database import FILE

CLIPS = 24
BOUND_S = 10.0
PROMPTS = ("a lighthouse in a storm", "a red fox in snow", "neon street in the rain", "a balloon over mountains")
_TURNS = 3


def main() -> int:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-report-") as folder:
        return report(measure(Path(folder), *numbers), as_json="json" in sys.argv)


def fill(home: Path, clips: int) -> pv.Studio:
    """Rows by bulk SQL, each with a clip of its own: a box at its end, which players skip, makes it another."""
    studio = pv.Studio(home=home)
    wild = random.Random(3)
    (home / "clips").mkdir(exist_ok=True)
    films = []
    for number, prompt in enumerate(PROMPTS):
        films.append(home / f"{number}.mp4")
        render(Shot(prompt, duration=5, quality="540p"), films[-1])
    rows = []
    for number in range(clips):
        film = films[number % len(films)]
        row = row_of(number, wild) | {"duration": 5, "quality": "540p", "prompt": PROMPTS[number % len(films)]}
        (home / row["video_path"]).write_bytes(film.read_bytes() + (16).to_bytes(4, "big") + b"free" + b"%08d" % number)
        rows.append(row)
    names = list(rows[0])
    with sqlite3.connect(home / FILE) as connection:
        statement = f"INSERT INTO generations ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        connection.executemany(statement, ([row[name] for name in names] for row in rows))
    connection.close()
    return studio


def measure(folder: Path, clips: int = CLIPS) -> Iterator[Line]:
    studio = fill(folder / "home", clips)
    history = studio.history()
    taken, written, size = [], [], 0
    for turn in range(_TURNS):
        shutil.rmtree(studio.home / "posters", ignore_errors=True)
        start = time.perf_counter()
        made = history.pixverse.report(folder / f"{turn}.html")
        taken.append(time.perf_counter() - start)
        files = [made.path, *(sorted(made.folder.iterdir()) if made.folder else [])]
        data = [path.read_bytes() for path in files]
        size = made.size_bytes
        if len(data) != clips + 1:
            msg = f"{len(data)} files were written"
            raise RuntimeError(msg)
        start = time.perf_counter()
        for number, content in enumerate(data):
            (folder / f"peer{number}").write_bytes(content)
        written.append(time.perf_counter() - start)
    what = f"report of {clips} clips of 5 s at 540p, nothing prepared"
    yield Line(what, "s", statistics.median(taken), below=BOUND_S)
    yield Line("  the same bytes, only written", "s", statistics.median(written))
    yield Line("  the page itself", "MB", size / 1e6, most=25)


if __name__ == "__main__":
    sys.exit(main())
