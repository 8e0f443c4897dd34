"""Studios on real preview servers whose clips are one real MP4, and a count of what was sent to them."""

import hashlib
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from clips import make_clip

import pixverse_nb as pv
from pixverse_nb.store.database import FILE
from pixverse_nb.store.ledger import FROM_ROWS

KEY = "SG_0123456789abcdef"
PACE = pv.Pace(
    connect_s=5,
    read_s=10,
    submit_read_s=10,
    run_read_s=20,
    attempts=3,
    retry_s=0.01,
    poll_s=(0.005, 0.05),
    search_s=(0.01, 0.01),
    lease_s=60,
)


@cache
def _clip() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return make_clip(Path(folder) / "clip.mp4", frames=12).read_bytes()


def paint(shot, path):
    """A real clip; a box at its end, which players skip, makes each shot's file another one."""
    mark = hashlib.sha256(repr(shot).encode()).digest()
    path.write_bytes(_clip() + (8 + len(mark)).to_bytes(4, "big") + b"free" + mark)


def sends(server) -> int:
    """How many generations were asked for: the POSTs that cost money."""
    return sum(r.method == "POST" and r.path.endswith("/pixverse-v6") for r in server.requests)


def uploads(server) -> int:
    """How many pictures were uploaded."""
    return sum(r.method == "POST" and r.path == "/upload-asset" for r in server.requests)


def ledger_of(home: Path) -> tuple[list, list]:
    """What a home's ledger holds, and what it must hold by its rows; places without money left out."""
    with closing(sqlite3.connect(home / FILE)) as connection:
        kept = connection.execute("SELECT * FROM ledger ORDER BY 1, 2, 3").fetchall()
        summed = connection.execute(f"SELECT * FROM ({FROM_ROWS}) ORDER BY 1, 2, 3").fetchall()  # noqa: S608
    return [[row for row in rows if any(row[3:])] for rows in (kept, summed)]


class Rig:
    """Servers and studios that are closed together."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.servers: list[pv.PreviewServer] = []
        self.studios: list[pv.Studio] = []

    def server(self, **settings) -> pv.PreviewServer:
        server = pv.PreviewServer(**{"render": paint, **settings}).start()
        self.servers.append(server)
        return server

    def studio(self, server=None, **settings) -> pv.Studio:
        """A studio on a server (the first one, started if need be), in the rig's home."""
        server = server or (self.servers[0] if self.servers else self.server())
        given = {"api_key": KEY, "base_url": server.url, "home": self.home, "pace": PACE, **settings}
        studio = pv.Studio(**given)
        self.studios.append(studio)
        return studio


@contextmanager
def rigged(home: Path):
    rig = Rig(home)
    try:
        yield rig
    finally:
        for server in rig.servers:
            server.close()
        for studio in rig.studios:
            studio._store.close()
        if rig.studios and (home / FILE).is_file():
            with suppress(sqlite3.DatabaseError):  # damaged on purpose
                kept, summed = ledger_of(home)
                assert kept == summed  # whatever a test did: the ledger equals the rows
        shutil.rmtree(home, ignore_errors=True)
