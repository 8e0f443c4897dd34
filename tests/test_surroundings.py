"""Bad surroundings: in a notebook each is one clear sentence that says what to do, and no stack of frames.

One real kernel runs every cell, as nbclient does for nbconvert and papermill; what it shows is looked at.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from studio_rig import KEY, PACE, rigged

import pixverse_nb as pv
from pixverse_nb.engine import Engine
from pixverse_nb.home import unusable

ROOT = Path(__file__).parent.parent

START = """
import os, resource, shutil, socket
import pandas, IPython.display
import pixverse_nb as pv
quick = pv.Pace(attempts=1, retry_s=0.01, search_s=(0.01, 0.01))
"""
HOME = """
studio = pv.Studio({key!r}, base_url={url!r}, home='home', pace=quick)
a, b = studio.generate('a cat'), studio.generate('a dog')
studio.inspect(a, b)
studio.compare(a, b)._repr_mimebundle_()
studio.history()
"""
FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))"
FREE = "resource.setrlimit(resource.RLIMIT_FSIZE, 2 * resource.getrlimit(resource.RLIMIT_FSIZE)[1:])"
DEAF = """
def no_names(*_, **__):
    raise socket.gaierror(-3, 'Temporary failure in name resolution')
kept, socket.getaddrinfo = socket.getaddrinfo, no_names
far = pv.Studio({key!r}, base_url='https://service.invalid', home='far', pace=quick)
"""
READ_ONLY = """
for folder, _, files in os.walk({home!r}):
    for name in files:
        os.chmod(os.path.join(folder, name), 0o444)
    os.chmod(folder, 0o555)
if os.getuid() == 0:  # whom permissions do not concern
    os.setuid(65534)
reader = pv.Studio({key!r}, base_url={url!r}, home={home!r}, pace=quick)
"""

# Name: the cell, the error's class, and what its one sentence holds.
ERRORS = {
    "a file in the place of the home": (
        "pv.Studio(home='taken')",
        "HomeError",
        ["taken cannot be written: it is a file, not a folder", "Move it aside, or pass home=..."],
    ),
    "a home below a file": (
        "pv.Studio(home='taken/below')",
        "HomeError",
        ["cannot be written: taken on the way to it is a file", "PIXVERSE_NB_HOME"],
    ),
    "a home of nobody": (
        "pv.Studio(home='~nobody-at-all/x')",
        "InvalidParameter",
        ["home='~nobody-at-all/x': ~nobody-at-all is no user's folder here", "Write the whole path"],
    ),
    "a home that is no path": ("pv.Studio(home='a\\0b')", "InvalidParameter", ["home='a\\x00b' is no path"]),
    "a dead key": (
        "dead.generate('a cat')",
        "AuthenticationError",
        [
            "the API key was rejected",
            "Nothing was billed",
            "Segmind's console",
            "The key came from the api_key argument.",
        ],
    ),
    "a dead key, asked for the balance": ("dead.credits()", "AuthenticationError", ["rejected", "Segmind's console"]),
    "a dead key, awaited": ("await dead.submit('a fox')", "AuthenticationError", ["rejected", "Segmind's console"]),
    "no connection": (
        "lone.generate('a cat')",
        "ServiceUnreachable",
        ["no connection could be made, so nothing was sent", "Nothing was billed", "a server on this machine"],
    ),
    "no connection, asked for the balance": ("lone.credits()", "ServiceUnreachable", ["no connection could be made."]),
    "no connection, reconciled": ("lone.reconcile()", "ServiceUnreachable", ["no connection could be made."]),
    "no name server": (
        "far.generate('a cat')",
        "ServiceUnreachable",
        ["service.invalid", "nothing was sent", "Check the network"],
    ),
    "no name server, adopting": ("far.adopt('a' * 32)", "ServiceUnreachable", ["service.invalid could not be reached"]),
    "another home": (
        "studio.generation('06h0af6safp7bsda')",
        "NotFound",
        ["holds no '06h0af6safp7bsda'", "The home is ", "pv.Studio(home=...) opens another one"],
    ),
    "another home, compared": ("studio.compare(a, '06h0af6safp7bsda')", "NotFound", ["holds no '06h0af6safp7bsda'"]),
    "a clip that is gone, saved": ("gone.video.save('x.mp4')", "ClipError", ["the clip's file is gone", "Put it back"]),
    "a clip that is gone, continued": ("gone.video.last_frame()", "ClipError", ["file is gone", "Put it back"]),
    "a clip that is gone, compared": ("studio.compare(gone, b)", "ClipError", ["is gone", "leave it out"]),
    "a full disk": (
        "studio.generate('a horse')",
        "ClipError",
        ["the disk is full", "Nothing was billed", "Free some space"],
    ),
    "a full disk, annotated": (
        "studio.annotate(b.id, note='x' * 5000)",
        "HomeError",
        ["the history could not be written", "then try again"],
    ),
    "a full disk, saved": (
        "b.video.save('y.mp4')",
        "ClipError",
        ["could not be saved to ", "y.mp4: ", "the clip itself is safe"],
    ),
    "a full disk, a new home": ("pv.Studio(home='new')", "HomeError", ["cannot be written", "home=..."]),
    "only for reading": (
        "reader.generate('a goat')",
        "HomeError",
        ["cannot be written: ", "you may not write ", "Nothing was billed", "home=..."],
    ),
    "only for reading, annotated": ("reader.annotate(b.id, rating=3)", "HomeError", ["cannot be written"]),
    "only for reading, taken up": ("reader.resume()", "HomeError", ["cannot be written"]),
    "only for reading, reconciled": ("reader.reconcile()", "HomeError", ["cannot be written"]),
    "only for reading, a folder in it": ("pv.Studio(home='{home}/below')", "HomeError", ["cannot be written"]),
}

# Name: the cell, and what is shown; nothing is an error.
SHOWN = {
    "a clip that is gone": ("gone.video", ["The clip's file is gone: "]),
    "a clip that is gone, in the history": ("studio.history()", ["2 rows"]),
    "a clip that is gone, in the panel": ("studio.panel()", ["2 clips"]),
    "a sweep with a dead key": (
        "dead.sweep(prompt=['x', 'y']).run(); None",
        ["The sweep stopped: the API key was rejected"],
    ),
    "a sweep without a connection": ("lone.sweep(prompt=['x', 'y']).run(); None", ["no connection could be made"]),
    "the history of a home for reading": ("reader.history()", ["a dog"]),
    "a clip of a home for reading": ("reader.generation(b.id)", ["<video"]),
    "the panel of a home for reading": ("reader.panel()", ["clips"]),
}


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """A folder that everybody may look into: pytest's own are not, and other sessions share those above them."""
    base = tmp_path_factory.mktemp("shut")
    above = [base, *base.parents]
    shut = [n for n, folder in enumerate(above) if not folder.stat().st_mode & 0o001]
    folder = Path(tempfile.mkdtemp(dir=above[max(shut, default=0) + 1]))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(OSError):
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def shut_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def cells(tmp_path_factory, public):
    """Every cell's outputs, by its name."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "taken").write_text("a file")
    script = []

    def add(source, name=None):
        script.append((name, source))

    def take(*words, table=ERRORS):
        for name, (source, *_) in table.items():
            if any(name.startswith(word) for word in words):
                add(source.format(home=public / "home"), name)

    with rigged(tmp_path_factory.mktemp("unused")) as rig:
        url, shut = rig.server().url, rig.server(keys=[]).url
        add(START + HOME.format(key=KEY, url=url))
        add(f"dead = pv.Studio({KEY!r}, base_url={shut!r}, home='dead', pace=quick)")
        add(f"lone = pv.Studio({KEY!r}, base_url='http://127.0.0.1:{shut_port()}', home='lone', pace=quick)")
        take("a file in", "a home below", "a home of", "a home that", "a dead key", "no connection", "another home")
        take("a sweep", table=SHOWN)
        add(DEAF.format(key=KEY))
        take("no name server")
        add("socket.getaddrinfo = kept")
        add(f"shutil.copytree('home', {str(public / 'home')!r})")
        add("os.remove(a.video.path); shutil.rmtree('home/posters'); gone = studio.generation(a.id)")
        take("a clip that is gone")
        take("a clip that is gone", table=SHOWN)
        add(FULL)
        take("a full disk")
        add(FREE)
        add(READ_ONLY.format(key=KEY, url=url, home=str(public / "home")), "the warning")
        take("only for reading")
        take("the history of", "a clip of", "the panel of", table=SHOWN)
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for _, source in script])
        client = NotebookClient(
            book, timeout=90, allow_errors=True, store_widget_state=False, resources={"metadata": {"path": str(folder)}}
        )
        client.execute(env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"})
    outputs = {name: cell.outputs for (name, _), cell in zip(script, book.cells, strict=True)}
    prepared = [cell for (name, _), cell in zip(script, book.cells, strict=True) if name is None]
    assert not [output for cell in prepared for output in cell.outputs if output.output_type == "error"]
    return outputs


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files, no users")
@pytest.mark.parametrize("name", ERRORS)
def test_it_is_one_clear_sentence_and_no_stack_of_frames(cells, name):
    """What happened, whether it was billed where that is a question, and what to do."""
    _, kind, words = ERRORS[name]
    errors = [output for output in cells[name] if output.output_type == "error"]
    assert [output.ename for output in errors] == [kind]
    assert len(errors[0].traceback) == 1
    said = errors[0].traceback[0]
    assert said.startswith(f"{kind}: ")
    assert "\n" not in said
    assert "Traceback" not in said
    for word in words:
        assert word in said
    assert KEY not in str(cells[name])


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files, no users")
@pytest.mark.parametrize("name", SHOWN)
def test_what_can_still_be_shown_is_shown(cells, name):
    """A clip whose file is gone, a home for reading, a sweep that stopped: no error, and words that say so."""
    assert not [output for output in cells[name] if output.output_type == "error"]
    text = " ".join(str(output.get("data", {})) for output in cells[name])
    for word in SHOWN[name][1]:
        assert word in text
    assert "Traceback" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="no users")
def test_a_home_for_reading_only_is_a_warning_that_says_what_to_do(cells):
    """It opens, so that its clips can be looked at."""
    said = " ".join(output.data["text/plain"] for output in cells["the warning"] if "data" in output)
    assert "cannot be written" in said
    assert "PIXVERSE_NB_HOME" in said
    assert not [output for output in cells["the warning"] if output.output_type == "error"]


def told_of(home: Path, error: BaseException) -> str:
    """The one sentence about a home: no number of an error, the home's path once, and what helps."""
    said = str(unusable(home, error))
    assert said.startswith(f"the home {home} cannot be written: ")
    assert "Errno" not in said
    assert said.count(str(home)) == 1
    assert said.endswith("pass home=... (or set PIXVERSE_NB_HOME) to a folder that is writable.")
    return said.removeprefix(f"the home {home} cannot be written: ").partition(", or pass home")[0]


def refusal(home: Path) -> Exception:
    """What opening a home stumbles over, as the system and SQLite tell it."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(home / "history.sqlite3")) as connection:
            connection.execute("CREATE TABLE x (y)")
    except (OSError, sqlite3.Error) as error:
        return error
    raise AssertionError(f"{home} can be used")


def test_a_home_that_cannot_be_is_told_by_what_is_in_the_way(tmp_path):
    """Files, links and names; what the system calls them is not what helps."""
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "away").symlink_to(tmp_path / "nowhere")
    (tmp_path / "odd" / "history.sqlite3").mkdir(parents=True)
    nothing = ". Nothing was billed. "
    for name, words in {
        "taken": f"it is a file, not a folder{nothing}Move it aside",
        "taken/below": f"taken on the way to it is a file, not a folder{nothing}Move the file aside",
        "away": f"it is a link to a place that is not there{nothing}Mend the link",
        "odd": f"its history.sqlite3 is a folder, not a file{nothing}Move that aside",
        "x" * 300: f"file name too long{nothing}Look at the folder and its disk",
    }.items():
        assert told_of(tmp_path / name, refusal(tmp_path / name)) == words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left", "x"), "the disk is full. Nothing was billed. Free some space"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full. Nothing was billed. Free some space"),
        (OSError(errno.EROFS, "x"), "its disk is mounted for reading only. Nothing was billed. Mount it for writing"),
        (
            sqlite3.OperationalError("database is locked"),
            "another program keeps its history locked. Nothing was billed. Close that program",
        ),
        (OSError(errno.EIO, "Input/output error", "x"),
         "input/output error. Nothing was billed. Look at the folder and its disk"),
    ],
)  # fmt: skip
def test_a_disk_that_refuses_is_told_by_why(tmp_path, error, words):
    """Full, read-only, locked, broken: each with what helps there."""
    assert told_of(tmp_path, error) == words


OTHERS = """
import os, sys
import pixverse_nb as pv
pv.Studio(home="before")  # so that everything is imported: this Python may lie where only root may look
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for home in sys.argv[1:]:
    try:
        print(pv.Studio(home=home)._store.read_only)
    except pv.HomeError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root becomes somebody else")
def test_a_home_of_another_user_and_one_without_write_access_say_whose_they_are(public, tmp_path):
    """A shared machine: the owner is named, for it is who to ask."""
    theirs, mine = public / "theirs", public / "mine"
    theirs.mkdir()
    mine.mkdir()
    (theirs / "history.sqlite3").touch()
    os.chown(mine, 65534, 65534)
    mine.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OTHERS, str(theirs), str(theirs / "below"), str(mine)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(public)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ours, below, shut = done.stdout.splitlines()
    owner = f"belongs to the user {Path('/').owner()!r}, and you may not write there. Nothing was billed. Ask for"
    assert f"the home {theirs} cannot be written: it {owner} the right to write, or pass home=..." in ours
    assert f"the home {theirs / 'below'} cannot be written: theirs on the way to it {owner}" in below
    assert f"the home {mine} cannot be written: you may not write into it. Nothing was billed. Make it" in shut


def test_in_plain_python_the_traceback_stays(tmp_path):
    """Who runs a script wants to see the line; the sentence ends it."""
    (tmp_path / "taken").write_text("a file")
    script = "import pixverse_nb as pv\npv.Studio(home='taken')"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last)")
    assert "pixverse_nb.errors.HomeError: the home " in done.stderr.splitlines()[-1]


def test_certificates_that_are_not_there_are_no_network(tmp_path, monkeypatch):
    """requests raises a plain OSError before it connects: nothing was sent, so nothing stays reserved."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    pace = pv.Pace(attempts=1)
    with rigged(tmp_path / "home") as rig:
        studio = pv.Studio(KEY, base_url="https://service.example", home=tmp_path / "home", budget=1.0, pace=pace)
        rig.studios.append(studio)
        with pytest.raises(
            pv.ServiceUnreachable, match=r"REQUESTS_CA_BUNDLE .* not there, so nothing was sent"
        ) as caught:
            studio.generate("a cat")
        assert caught.value.billed is False
        assert studio.spending()[0].room_usd == pytest.approx(1.0)
        with pytest.raises(pv.ServiceUnreachable, match="REQUESTS_CA_BUNDLE"):
            studio.credits()


def test_a_proxy_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{shut_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    with rigged(tmp_path / "home") as rig:
        studio = pv.Studio(KEY, base_url="http://192.168.1.1", home=tmp_path / "home", pace=PACE)
        rig.studios.append(studio)
        with pytest.raises(pv.ServiceUnreachable, match="through the proxy, so nothing was sent"):
            studio.generate("a cat")


DYING = """#!{python}
def inner():
    raise MemoryError('no memory for the engine')
inner()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_an_engine_that_cannot_start_says_why_in_a_line(tmp_path, monkeypatch):
    """No program, or one that dies of a traceback: of which the last line is told."""
    program = tmp_path / "engine"
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(pv.ServiceUnreachable, match=r"did not start: .*No such file or directory"):
        Engine().url()
    program.write_text(DYING.format(python=os.path.realpath(sys._base_executable)))
    program.chmod(0o755)
    with pytest.raises(pv.ServiceUnreachable) as caught:
        Engine().url()
    assert caught.value.what == "the preview engine did not start: MemoryError: no memory for the engine"
    assert "\n" not in str(caught.value)
