"""How the history serves 1,000,000 rows, and 100,000 of them as a DataFrame: `python bench/history.py [rows]`.

Prints a table with its bounds and ends with 1 when one is broken. `pandas.read_sql` on the bare table is the peer of
the whole one, run in turns with ours.
"""

from __future__ import annotations

import functools
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
for name in ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME"):
    os.environ.pop(name, None)
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

import psutil
from gallery import row_of, timed  # the environment comes first
from run import Line, _environment, report

import pixverse_nb as pv
from pixverse_nb.store.database import FILE

ROWS = 1_000_000
WHOLE = 100_000
BOUND_MS = 20.0
_AT_ONCE = 20_000
_TURNS = 3


def main() -> int:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    if "whole" in sys.argv:
        return whole(Path(sys.argv[-1]))
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-history-") as folder:
        return report(measure(Path(folder), *(numbers or [ROWS])), as_json="json" in sys.argv)


def fill(home: Path, rows: int) -> pv.Studio:
    """Rows by bulk SQL, without any clip."""
    studio = pv.Studio(home=home)
    wild = random.Random(2)
    with sqlite3.connect(home / FILE) as connection:
        names = list(row_of(0, wild))
        statement = f"INSERT INTO generations ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        for start in range(0, rows, _AT_ONCE):
            some = (row_of(number, wild) for number in range(start, min(start + _AT_ONCE, rows)))
            connection.executemany(statement, ([row[name] for name in names] for row in some))
    connection.close()
    return studio


def measure(folder: Path, rows: int = ROWS) -> Iterator[Line]:
    small, large = folder / "small", folder / "large"
    fill(small, min(rows, WHOLE))
    yield frames(small, min(rows, WHOLE))
    studio = fill(large, rows)
    for words, filters in FILTERS.items():
        told = f"history: 50 rows out of {rows:,}, {words}"
        yield Line(told, "ms", timed(functools.partial(fifty, studio, **filters)), below=BOUND_MS)
    lost = functools.partial(studio.history, search="zeppelin")
    yield Line("  with a word that none has, so all are read", "ms", timed(lost))
    yield from memory(large, rows)


FILTERS: dict[str, dict[str, Any]] = {
    "the newest": {},
    "completed, at 720p": {"status": "completed", "quality": "720p"},
    "rated 5": {"rating": 5},
    "starred": {"starred": True},
    "with a word in the prompt": {"search": "lighthouse"},
    "of one day": {"since": "2026-08-01", "until": "2026-08-02"},
    "of two lengths, kept, with sound": {"duration": [5, 8], "decision": "keep", "generate_audio_switch": True},
}


def fifty(studio: pv.Studio, **filters: Any) -> None:
    found = len(studio.history(**filters, limit=50))
    if found != 50:
        msg = f"{found} rows for {filters}"
        raise RuntimeError(msg)


def frames(home: Path, rows: int) -> Line:
    """The whole table as a DataFrame, in turns with pandas' own way."""
    import pandas as pd
    import sqlalchemy as sa

    studio = pv.Studio(home=home)
    engine = sa.create_engine(f"sqlite:///{home / FILE}")

    def ours() -> int:
        return len(studio.history())

    def peer() -> int:
        return len(pd.read_sql("SELECT * FROM generations ORDER BY id DESC", engine))

    taken: dict[Any, list[float]] = {ours: [], peer: []}
    for _ in range(_TURNS):
        for work, times in taken.items():
            start = time.perf_counter()
            if work() != rows:
                raise RuntimeError
            times.append(time.perf_counter() - start)
    mine, theirs = (statistics.median(times) for times in taken.values())
    return Line(f"history: {rows:,} rows as a DataFrame; pandas.read_sql", "s", mine, theirs, most=1)


def memory(home: Path, rows: int) -> Iterator[Line]:
    """Read whole in a process of its own: what it took at its highest, and what stays when it is done."""
    told = subprocess.run(
        [sys.executable, __file__, "whole", str(home)], check=True, capture_output=True, text=True, env=_environment()
    ).stdout
    peak, stays, table = json.loads(told.splitlines()[-1])
    yield Line(f"history: {rows:,} rows, memory at its highest; when done", "MB", peak, stays, most=1.1)
    yield Line("  the same, over what pandas says that the table takes", "MB", peak, table)


def whole(home: Path) -> int:
    studio = pv.Studio(home=home)
    studio.history(limit=1000)
    me = psutil.Process()
    before = me.memory_info().rss
    frame = studio.history()
    stays = me.memory_info().rss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    table = int(frame.memory_usage(deep=True).sum())
    print(json.dumps([(peak - before) / 1e6, (stays - before) / 1e6, table / 1e6]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
