"""Opening a home's database: where it may lie, how it is locked, and what happens when it cannot be written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakValueDictionary

import psutil
import sqlalchemy as sa

from pixverse_nb.errors import HomeError, NewerHistory
from pixverse_nb.home import unusable
from pixverse_nb.logs import ENGINE

from . import ledger, migrations, schema

FILE = "history.sqlite3"
_BUSY_S = 30.0
# Our own mark: SQLAlchemy's AUTOCOMMIT resets the driver at every use, for a third of a millisecond.
_READING = {"reading": True}
_NETWORK = (
    "nfs", "cifs", "smb", "afp", "9p", "fuse.sshfs", "fuse.rclone", "fuse.drive", "fuse.s3fs", "fuse.gcsfuse",
    "glusterfs", "ceph", "lustre", "beegfs", "gpfs",
)  # fmt: skip


_engines: WeakValueDictionary[tuple[str, str, int], sa.Engine] = WeakValueDictionary()
_engines_lock = threading.Lock()


class Database:
    """A SQLite history, through SQLAlchemy; several kernels may have it open.

    Writes are short `BEGIN IMMEDIATE` transactions, and a commit is on disk before it returns (WAL, synchronous=FULL).

    Parameters
    ----------
    home : Path
        The folder; made when it does not exist.
    steps : sequence of callables, optional
        For tests: other migrations than our own.

    Attributes
    ----------
    read_only : HomeError or None
        Why nothing can be written, when the history could only be opened for reading.

    Raises
    ------
    HomeError
        When the folder cannot be made or written and holds no history that could at least be read.
    """

    def __init__(self, home: Path, steps: Sequence[migrations.Migration] = migrations.MIGRATIONS) -> None:
        self.path = home / FILE
        self.read_only: HomeError | None = None
        self._steps = steps
        self._lock = threading.Lock()
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._engine = self._writing_engine()
            self._prepare()
            self._file = self._identity()
        except (OSError, sa.exc.DatabaseError, sqlite3.Error) as error:
            self._fall_back(home, error)
        except NewerHistory as error:
            self._engine.dispose()
            self._engine, self.read_only = self._reading_engine(), error

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One short transaction that sees the newest state and shuts other writers out; commits at the end.

        Raises
        ------
        HomeError
            When the history is open for reading only.
        """
        if self.read_only is not None:
            raise self.read_only
        self._follow_file()
        with self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading; it locks nobody out."""
        if self.read_only is None:
            self._follow_file()
        with self._connected() as connection:
            yield connection

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        with self._engine.connect() as connection:
            yield connection.execution_options(**_READING)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _follow_file(self) -> None:
        """Go on with the file that lies there now.

        A history that is deleted or replaced under a running kernel would else be written on, out of everybody's sight,
        until the kernel ends.
        """
        if self._identity() == self._file:
            return
        with self._lock:
            if self._identity() != self._file:
                self._engine.dispose()
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._prepare()
                self._file = self._identity()

    def close(self) -> None:
        """Give the file back."""
        self._engine.dispose()

    def _writing_engine(self) -> sa.Engine:
        network = network_file_system(self.path.parent)
        if network:
            warnings.warn(
                f"The history {self.path} lies on a network file system ({network}), whose locks are not reliable: "
                "use it from one kernel at a time, or pass home=... on a local disk.",
                stacklevel=5,
            )
        # WAL needs memory shared between processes, which no network file system has.
        journal = "DELETE" if network else "WAL"
        # A cell that makes a studio, run again, makes another one: what the first one has compiled serves both.
        key = (os.fspath(self.path), journal, os.getpid())
        with _engines_lock:
            engine = _engines.get(key)
            if engine is None:
                engine = _engines[key] = self._new_engine(journal)
            return engine

    def _new_engine(self, journal: str) -> sa.Engine:
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=os.fspath(self.path)),
            connect_args={"timeout": _BUSY_S, "check_same_thread": False},
            pool_size=8,
            max_overflow=64,
            logging_name=ENGINE,
            hide_parameters=True,  # prompts and signed addresses are nothing for logs and stack traces
        )

        @sa.event.listens_for(engine, "connect")
        def _connected(connection: sqlite3.Connection, _record: Any) -> None:
            try:
                _set_up(connection)
            except BaseException:
                connection.close()  # the pool has not taken it yet
                raise

        def _set_up(connection: sqlite3.Connection) -> None:
            connection.isolation_level = None  # the driver's own BEGIN is deferred, and loses updates (measured)
            _set_journal(connection, journal)
            connection.execute("PRAGMA synchronous=FULL")

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            if not connection.get_execution_options().get("reading"):
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine

    def _prepare(self) -> None:
        newest = migrations.FIRST + len(self._steps)
        with self._connected() as connection:
            found = migrations.version_of(connection)
            if found == newest and not migrations.missing_columns(connection):
                # A write of nothing is how an unwritable history shows before a clip is paid for: the lock alone is
                # given to those, too, who may only read.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.execute(schema.versions.delete().where(schema.versions.c.version < 0))
                connection.exec_driver_sql("ROLLBACK")
                return
        if found > newest:
            raise NewerHistory(
                f"the history {self.path} was written by a newer pixverse_nb (schema {found}, this one knows {newest})",
                remedy="It is open for reading; to generate, update pixverse_nb or pass another home=...",
                billed=False,
            )
        with self._engine.begin() as connection:
            # Looked at again under the lock: another kernel may just have upgraded it, and a copy made after that
            # would take the place of the copy of the old one.
            found = migrations.version_of(connection)
            if found and (found < newest or migrations.missing_columns(connection)):
                self._back_up(found)
            migrations.upgrade(connection, self._steps)

    def _back_up(self, version: int) -> None:
        copy = self.path.with_name(f"{FILE}.schema-{version}.bak")
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        with (
            contextlib.closing(sqlite3.connect(self.path)) as source,
            contextlib.closing(sqlite3.connect(partial)) as to,
        ):
            source.backup(to)
        partial.replace(copy)

    def _fall_back(self, home: Path, error: Exception) -> None:
        cause = self._trouble(home, error)
        if hasattr(self, "_engine"):
            self._engine.dispose()
        try:
            self._engine = self._reading_engine()
            with self._connected() as connection:
                migrations.version_of(connection)
                connection.execute(sa.select(schema.generations).limit(1))
        except (OSError, sa.exc.SQLAlchemyError, sqlite3.Error):
            if hasattr(self, "_engine"):
                self._engine.dispose()
            raise cause from None
        self.read_only = cause

    def _trouble(self, home: Path, error: Exception) -> HomeError:
        """Why the history cannot be written, and what to do: its place is at fault, or the file itself."""
        original = getattr(error, "orig", None) or error
        # SQLite reports a broken file as the plain class: its place and its locks are OperationalErrors.
        if type(original) is sqlite3.DatabaseError:
            return HomeError(
                f"the history {self.path} is damaged: {original}",
                remedy="Move it aside and keep it: the clips in the home are untouched, and a new history is begun. "
                f"A copy from before an upgrade, if there was one, is called {FILE}.schema-*.bak.",
                billed=False,
            )
        return unusable(home, original)

    def _reading_engine(self) -> sa.Engine:
        # An unwritable folder cannot hold the files that WAL needs: then the file is read as it stands, unless the
        # kernel that writes it has put them there.
        shared = self.path.with_name(f"{FILE}-shm")
        options = "mode=ro" if os.access(self.path.parent, os.W_OK) or shared.exists() else "mode=ro&immutable=1"
        address = f"file:{quote(os.fspath(self.path))}?{options}"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(address, uri=True, timeout=_BUSY_S, check_same_thread=False)
            try:
                _fill_in(connection)
            except BaseException:
                connection.close()
                raise
            return connection

        return sa.create_engine(
            "sqlite://", creator=connect, poolclass=sa.QueuePool, hide_parameters=True, logging_name=ENGINE
        )


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Set the journal mode; SQLite does not wait for other openers of a new file by itself."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode={mode}")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _fill_in(connection: sqlite3.Connection) -> None:
    """Show a history that cannot be upgraded with the columns that it lacks, empty."""
    table = schema.generations.name
    present = {row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")}
    lacking = [column.name for column in schema.generations.columns if column.name not in present]
    if present and lacking:
        # A temporary view hides the table of the same name; the names come from our own schema.
        empty = ", ".join(f'NULL AS "{name}"' for name in lacking)
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT *, {empty} FROM main.{table}")  # noqa: S608
    if present and not connection.execute("PRAGMA main.table_info(ledger)").fetchall():
        connection.execute(f"CREATE TEMP VIEW ledger AS {ledger.FROM_ROWS}")


def network_file_system(folder: Path) -> str | None:
    """The type of the network file system that a folder lies on; None for a local disk."""
    folder = folder.resolve()
    best = ("", "")
    with contextlib.suppress(OSError, psutil.Error):
        for part in psutil.disk_partitions(all=True):
            inside = folder == Path(part.mountpoint) or Path(part.mountpoint) in folder.parents
            if inside and len(part.mountpoint) >= len(best[0]):
                best = (part.mountpoint, part.fstype.lower())
    return best[1] if best[1].startswith(_NETWORK) else None
