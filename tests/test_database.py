"""Opening a home: durable commits, locks, migrations, and homes that cannot be written."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import namedtuple
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from studio_rig import rigged, sends

import pixverse_nb as pv
from pixverse_nb.history import COLUMNS, history
from pixverse_nb.media.clips import Clips
from pixverse_nb.store import schema
from pixverse_nb.store.database import FILE, Database, _set_journal, network_file_system
from pixverse_nb.store.store import Store

ROOT = str(Path(pv.__file__).parent.parent)
ROW = {
    "id": "0" * 16, "service": "https://s.example", "api": "v2", "studio": "s", "status": "completed",
    "created_at": 1_000_000, "prompt": "an old one", "duration": 5, "quality": "540p", "take": 1, "identity": "i",
    "reserved_micros": 0,
}  # fmt: skip


def run(code, *args, **options):
    """A process of its own with the package on its path."""
    env = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def together(code, count, *args):
    """Processes that do the same at the same moment: each says "ready", and then waits for a line."""
    processes = [run("import sys\n" + code, *args) for _ in range(count)]
    for process in processes:
        assert process.stdout.readline().strip() == "ready"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * count, ended
    return [out.strip() for out, _ in ended]


FIRST_INDEXES = {"generations_by_identity", "generations_by_status", "generations_by_day", "generations_by_request"}
SINCE_THE_FIRST = ("account_micros", "family", "starred", "reason", "mark_in_s", "mark_out_s")


def old_file(home, *, without=(), version=1, rows=(ROW,)):
    """A history as an earlier version left it: without some columns."""
    home.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{home / FILE}")
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        if version == 1:  # before there was a ledger
            connection.exec_driver_sql("DROP TABLE ledger")
            for index in schema.generations.indexes:
                if index.name not in FIRST_INDEXES:
                    connection.exec_driver_sql(f"DROP INDEX {index.name}")
            for column in SINCE_THE_FIRST:
                connection.exec_driver_sql(f"ALTER TABLE generations DROP COLUMN {column}")
        for row in rows:
            connection.execute(schema.generations.insert().values(row))
        connection.execute(schema.versions.insert().values(version=version, applied_at=1))
        for name in without:
            connection.exec_driver_sql(f'ALTER TABLE generations DROP COLUMN "{name}"')
    engine.dispose()
    return home / FILE


def ask(path, sql):
    with sqlite3.connect(path) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def columns(path):
    return {row[1] for row in ask(path, "PRAGMA table_info(generations)")}


@pytest.fixture
def opened(tmp_path):
    """Opens databases and gives them back."""
    made = []

    def open_(home=tmp_path / "home", **options):
        made.append(Database(home, **options))
        return made[-1]

    yield open_
    for database in made:
        database.close()


# ---- commits and locks -------------------------------------------------------------------------------------------


def test_a_commit_is_on_disk_before_it_returns(opened):
    with opened().write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_write_shuts_other_writers_out_from_its_first_line(opened):
    first = opened()
    with first.write():
        other = sqlite3.connect(first.path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM generations").fetchone() == (0,)  # readers are not
        other.close()


COUNT = """
from pathlib import Path
from pixverse_nb.store.database import Database
database = Database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(60):
    with database.write() as connection:
        n = connection.exec_driver_sql("SELECT take FROM generations").scalar()
        connection.exec_driver_sql("UPDATE generations SET take = ?", (n + 1,))
"""


def test_four_processes_reading_then_writing_lose_nothing(tmp_path):
    path = old_file(tmp_path / "home")
    together(COUNT, 4, tmp_path / "home")
    assert ask(path, "SELECT take FROM generations") == [(1 + 4 * 60,)]


OPEN = """
from pathlib import Path
import pixverse_nb.store.store
from pixverse_nb.store.database import Database
print("ready", flush=True)
sys.stdin.readline()
for n in range(15):
    database = Database(Path(sys.argv[1]) / str(n))
    if database.read_only is not None:
        print(n, database.read_only)
    database.close()
"""


def test_kernels_may_open_a_new_home_at_the_same_moment(tmp_path):
    assert together(OPEN, 3, tmp_path / "homes") == ["", "", ""]
    assert len(list((tmp_path / "homes").glob(f"*/{FILE}"))) == 15


def test_a_journal_mode_that_is_locked_at_once_is_tried_again():
    """SQLite waits for locks, but not where two openers of a new file hold each other up."""

    class Connection:
        def execute(self, sql):
            asked.append(sql)
            if troubles:
                raise sqlite3.OperationalError(troubles.pop())

    asked: list[str] = []
    troubles = ["database is locked", "database is locked"]
    _set_journal(Connection(), "WAL")
    assert asked == ["PRAGMA journal_mode=WAL"] * 3
    troubles.append("attempt to write a readonly database")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        _set_journal(Connection(), "WAL")


# ---- the file goes away ------------------------------------------------------------------------------------------


def test_a_history_deleted_under_a_running_kernel_begins_anew(tmp_path):
    home = tmp_path / "home"
    with rigged(home) as rig:
        studio = rig.studio()
        studio.generate("before")
        for path in home.glob(f"{FILE}*"):
            path.unlink()
        assert list(studio.history()["prompt"]) == []
        studio.generate("after")
        assert ask(home / FILE, "SELECT prompt FROM generations") == [("after",)]
        assert list(rig.studio().history()["prompt"]) == ["after"]


def test_a_job_whose_history_is_deleted_while_it_runs_writes_itself_down_again(tmp_path):
    home = tmp_path / "home"
    with rigged(home) as rig:
        studio = rig.studio()
        rig.servers[0].faults.add("status", "delay", seconds=0.5)
        running = studio.submit("a cat")
        deadline = time.monotonic() + 10
        while running.status == "submitting" and time.monotonic() < deadline:
            time.sleep(0.005)
        assert running.status in {"queued", "processing"}
        for path in home.glob(f"{FILE}*"):
            path.unlink()
        assert running.wait(20).status == "completed"
        table = rig.studio().history()
        assert list(table["status"]) == ["completed"]
        assert table.index[0] == running.id
        assert sends(rig.servers[0]) == 1


def test_a_history_put_in_the_place_of_another_is_the_one_that_counts(tmp_path, opened):
    database = opened()
    other = old_file(tmp_path / "backup", without=["scheduler"])
    other.replace(database.path)
    for suffix in ("-wal", "-shm"):
        database.path.with_name(FILE + suffix).unlink(missing_ok=True)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT prompt, scheduler FROM generations").all() == [("an old one", None)]


# ---- migrations --------------------------------------------------------------------------------------------------


def step(sql):
    return lambda connection: connection.exec_driver_sql(sql)


STEPS = (
    step("CREATE TABLE shelves (name TEXT)"),
    step("UPDATE generations SET note = 'upgraded' WHERE note IS NULL"),
)


def test_an_older_file_is_upgraded_by_its_steps_with_a_backup(tmp_path, opened):
    path = old_file(tmp_path / "home")
    assert opened(steps=STEPS).read_only is None
    assert ask(path, "SELECT prompt, note FROM generations") == [("an old one", "upgraded")]
    assert ask(path, "SELECT max(version) FROM schema_versions") == [(3,)]
    backup = path.with_name(f"{FILE}.schema-1.bak")
    assert ask(backup, "SELECT prompt, note FROM generations") == [("an old one", None)]
    assert ask(backup, "SELECT max(version) FROM schema_versions") == [(1,)]


def test_only_the_steps_that_are_missing_are_taken(tmp_path, opened):
    path = old_file(tmp_path / "home", version=2)
    opened(steps=STEPS)
    assert ask(path, "SELECT name FROM sqlite_master WHERE name = 'shelves'") == []
    assert ask(path, "SELECT note FROM generations") == [("upgraded",)]


def test_a_step_that_fails_leaves_the_old_file_as_it_was(tmp_path, opened):
    path = old_file(tmp_path / "home", without=["note"])

    def broken(connection):
        connection.exec_driver_sql("CREATE TABLE half_done (x)")
        raise RuntimeError("a bug in a step")

    with pytest.raises(RuntimeError, match="a bug in a step"):
        opened(steps=[STEPS[0], broken])
    assert ask(path, "SELECT name FROM sqlite_master WHERE name IN ('shelves', 'half_done')") == []
    assert ask(path, "SELECT max(version) FROM schema_versions") == [(1,)]
    assert "note" not in columns(path)
    assert ask(path, "SELECT prompt FROM generations") == [("an old one",)]


def test_a_missing_column_is_added_by_itself_with_a_backup(tmp_path, opened):
    path = old_file(tmp_path / "home", without=["scheduler", "tags"])
    assert opened().read_only is None
    assert {"scheduler", "tags"} <= columns(path)
    assert ask(path, "SELECT prompt, scheduler, tags FROM generations") == [("an old one", None, None)]
    assert not {"scheduler", "tags"} & columns(path.with_name(f"{FILE}.schema-1.bak"))


def test_a_history_of_the_first_schema_can_be_written_and_has_its_ledger(tmp_path):
    """Found by a reader: the ledger was made from columns that such a file does not have yet."""
    old_file(tmp_path / "home", rows=[{**ROW, "cost_micros": 250_000}])
    store = Store(tmp_path / "home")
    assert store.read_only is None
    assert store.spent(ROW["service"], ROW["studio"]).home.charged == 250_000
    store.close()


def test_a_file_that_is_up_to_date_is_left_alone(tmp_path, opened):
    opened()
    opened()
    assert not list((tmp_path / "home").glob("*.bak*"))


UPGRADE = """
from pathlib import Path
from pixverse_nb.store.database import Database
add = lambda connection: connection.exec_driver_sql("UPDATE generations SET take = take + 1")
print("ready", flush=True)
sys.stdin.readline()
database = Database(Path(sys.argv[1]), [add])
assert database.read_only is None, database.read_only
database.close()
"""


def test_processes_that_open_an_old_file_at_once_upgrade_it_once_and_keep_the_old_copy(tmp_path):
    path = old_file(tmp_path / "home", without=["scheduler"])
    together(UPGRADE, 3, tmp_path / "home")
    assert ask(path, "SELECT take, scheduler FROM generations") == [(2, None)]
    backup = path.with_name(f"{FILE}.schema-1.bak")
    assert "scheduler" not in columns(backup)
    assert [p.name for p in (tmp_path / "home").glob("*.bak*")] == [backup.name]


def test_the_copy_is_made_under_the_lock_that_the_upgrade_holds(tmp_path, opened, monkeypatch):
    path = old_file(tmp_path / "home")
    real = Database._back_up

    def watched(self, version):
        other = sqlite3.connect(path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        real(self, version)

    monkeypatch.setattr(Database, "_back_up", watched)
    opened(steps=STEPS)
    assert path.with_name(f"{FILE}.schema-1.bak").exists()


# ---- newer, unwritable, damaged ----------------------------------------------------------------------------------


def test_a_newer_history_opens_for_reading_and_sends_nothing(tmp_path):
    home = tmp_path / "home"
    with rigged(home) as rig:
        rig.studio().generate("a cat")
        with sqlite3.connect(home / FILE) as connection:
            connection.execute("INSERT INTO schema_versions VALUES (99, 1)")
            connection.execute("ALTER TABLE generations ADD COLUMN mood TEXT")
        connection.close()
        with pytest.warns(UserWarning, match="newer pixverse_nb"):
            studio = rig.studio()
        assert list(studio.history()["prompt"]) == ["a cat"]
        assert studio.generation(studio.history().index[0]).video.path.is_file()
        before = sends(rig.servers[0])
        assert before == 1
        for attempt in (lambda: studio.generate("a dog"), lambda: studio.submit("a cat"), studio.resume):
            with pytest.raises(pv.NewerHistory) as caught:
                attempt()
            assert "update pixverse_nb" in caught.value.remedy
            assert caught.value.billed is False
        assert sends(rig.servers[0]) == before


AS_NOBODY = """
import os, sys, warnings
from pathlib import Path
from pixverse_nb import HomeError
from pixverse_nb.media.clips import Clips
from pixverse_nb.history import history
from pixverse_nb.store.store import Store
if os.getuid() == 0:
    os.setuid(65534)
try:
    store = Store(Path(sys.argv[1]))
except HomeError as error:
    print("refused", error)
else:
    table = history(store, Clips(store.home), columns={})
    print("read", list(table["prompt"]), table["note"].isna().all(), store.read_only, flush=True)
    if sys.stdin.readline():
        print(list(history(store, Clips(store.home), columns={})["prompt"]))
"""


def as_nobody(home):
    out, err = run(AS_NOBODY, home).communicate(timeout=60)
    assert not err, err
    return out


@pytest.fixture
def public(tmp_path):
    """A folder that everybody may look into: pytest's own are not, and other sessions share those above them."""
    above = [tmp_path, *tmp_path.parents]
    shut = [n for n, folder in enumerate(above) if not folder.stat().st_mode & 0o001]
    folder = Path(tempfile.mkdtemp(dir=above[max(shut, default=0) + 1]))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_home_that_cannot_be_made_says_so_and_what_to_do(public):
    shut = public / "shut"
    shut.mkdir(mode=0o555)
    out = as_nobody(shut / "home")
    assert out.startswith("refused the home ")
    assert "cannot be written" in out
    assert "PIXVERSE_NB_HOME" in out


def test_a_home_that_cannot_be_written_can_be_read(public):
    home = public / "home"
    store = Store(home)
    with store._db.write() as connection:
        connection.execute(schema.generations.insert().values(ROW))
    store.close()
    assert not (home / f"{FILE}-wal").exists()
    (home / FILE).chmod(0o444)
    home.chmod(0o555)
    out = as_nobody(home)
    assert out.startswith("read ['an old one'] True the home")
    assert "cannot be written" in out


def test_an_unwritable_home_of_an_older_version_shows_its_missing_columns_empty(public):
    home = public / "home"
    old_file(home, without=["note", "scheduler"]).chmod(0o444)
    home.chmod(0o555)
    assert as_nobody(home).startswith("read ['an old one'] True")


def test_an_unwritable_home_that_a_kernel_is_writing_shows_its_newest_rows(public):
    home = public / "home"
    store = Store(home)  # stays open: its newest rows are in the write-ahead log
    with store._db.write() as connection:
        connection.execute(schema.generations.insert().values(ROW))
    assert (home / f"{FILE}-wal").stat().st_size > 0
    for path in home.iterdir():
        path.chmod(0o444)
    home.chmod(0o555)
    reader = run(AS_NOBODY, home)
    first = reader.stdout.readline()
    assert first.startswith("read ['an old one'] True the home")
    assert "cannot be written" in first
    with store._db.write() as connection:  # whoever may write goes on writing, and the reader sees it
        connection.execute(schema.generations.insert().values({**ROW, "id": "1" * 16, "prompt": "a new one"}))
    out, err = reader.communicate("again\n", timeout=60)
    assert (out.strip(), err) == ("['a new one', 'an old one']", "")
    home.chmod(0o755)
    store.close()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_place_of_the_home_is_a_home_error(tmp_path, place):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(pv.HomeError) as caught:
        pv.Studio(home=tmp_path / place)
    assert "cannot be written" in caught.value.what
    assert "home=..." in caught.value.remedy
    assert caught.value.billed is False


@pytest.mark.parametrize(
    "content", [b"this is not a database, but a text " * 50, b"SQLite format 3\x00" + b"\x07" * 5000]
)
def test_a_damaged_file_is_a_home_error_that_keeps_it(tmp_path, content):
    home = tmp_path / "home"
    home.mkdir()
    (home / FILE).write_bytes(content)
    with pytest.raises(pv.HomeError) as caught:
        Store(home)
    assert "is damaged" in caught.value.what
    assert "Move it aside" in caught.value.remedy
    assert (home / FILE).read_bytes() == content


def test_a_history_that_stays_locked_is_a_home_error_and_nothing_is_sent(tmp_path, monkeypatch):
    monkeypatch.setattr("pixverse_nb.store.database._BUSY_S", 0.05)
    with rigged(tmp_path / "home") as rig:
        studio = rig.studio()
        other = sqlite3.connect(tmp_path / "home" / FILE)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(pv.HomeError, match="could not be written") as caught:
            studio.generate("a cat")
        other.rollback()
        other.close()
        assert caught.value.billed is False
        assert sends(rig.servers[0]) == 0
        assert studio.generate("a cat").status == "completed"


# ---- network file systems ----------------------------------------------------------------------------------------

Part = namedtuple("Part", "mountpoint fstype")  # noqa: PYI024  psutil's own, shortened


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smbfs", "fuse.sshfs", "9p", "lustre"])
def test_a_network_file_system_gets_a_word_and_a_journal_that_works_there(tmp_path, monkeypatch, opened, kind):
    mounts = [Part("/", "ext4"), Part(str(tmp_path), kind), Part(str(tmp_path / "elsewhere"), "ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    assert network_file_system(tmp_path / "home") == kind
    with pytest.warns(UserWarning, match=f"network file system \\({kind}\\).*one kernel at a time"):
        database = opened()
    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_local_disk_inside_a_network_mount_is_local(tmp_path, monkeypatch):
    mounts = [Part("/", "nfs"), Part(str(tmp_path), "xfs")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    assert network_file_system(tmp_path) is None
    assert network_file_system(tmp_path.parent) == "nfs"


def test_threads_share_one_database(opened):
    database = opened()
    with database.write() as connection:
        connection.execute(schema.generations.insert().values({**ROW, "take": 0}))

    def count():
        for _ in range(20):
            with database.write() as connection:
                n = connection.exec_driver_sql("SELECT take FROM generations").scalar()
                connection.exec_driver_sql("UPDATE generations SET take = ?", (n + 1,))

    threads = [threading.Thread(target=count) for _ in range(6)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 30
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT take FROM generations").scalar() == 120


def test_a_new_history_has_the_tables_columns(tmp_path):
    store = Store(tmp_path / "home")
    assert list(history(store, Clips(store.home), columns={}).columns) == list(COLUMNS)
    store.close()
