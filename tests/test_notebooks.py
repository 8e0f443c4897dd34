"""The notebooks that people open: committed for reading, and they run top to bottom with no key."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

_NEEDS_A_KERNEL = re.compile(r"<(script|video|iframe|style|link)\b|widget-view|javascript:", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w.:/])/(tmp|home|root|Users|work|var|private)/")


def run(path: Path):
    """Execute a notebook in its own folder, as nbconvert does; no widget state is stored."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, store_widget_state=False, resources={"metadata": {"path": str(path.parent)}}
    )
    return client.execute()


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def html_of(notebook) -> list[str]:
    return [
        str(output["data"]["text/html"])
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]


SAME_TWICE = {"06": ("costs(", "latencies(", "yields(", "groupby("), "07": ("decision",)}
"""Cells, by what stands in them, that show the same whether their clips were made just now or given back."""


def told(notebook, names) -> list[str]:
    """What the cells with these words show, as text."""
    cells = [cell for cell in code_cells(notebook) if any(name in cell.source for name in names)]
    return [str(output["data"]["text/plain"]) for cell in cells for output in cell.outputs if "data" in output]


def sent(folder: Path) -> tuple[int, float]:
    """How many clips were sent, and what the price table says of them, USD."""
    place = folder / "pixverse_data" / "history.sqlite3"
    if not place.exists():
        return 0, 0.0
    with closing(sqlite3.connect(place)) as connection:
        count, micros = connection.execute(
            "SELECT count(*), total(estimate_micros) FROM generations WHERE sent_at IS NOT NULL AND reused_from IS NULL"
        ).fetchone()
    return count, micros / 1e6


def test_the_examples_are_there():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(1, 9)]


@each
def test_a_committed_notebook_keeps_what_a_reader_without_a_kernel_needs_and_nothing_else(path):
    """Stills, tables and text; no script, no player, no widget state, no path of somebody's machine, no error."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in code_cells(notebook):
        assert cell.execution_count is None
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            assert set(output.get("data", {})) <= {"text/html", "image/png", "image/jpeg", "text/plain"}
            shown = str(output.get("text", "")) + "".join(map(str, output.get("data", {}).values()))
            assert not _NEEDS_A_KERNEL.search(shown)
            assert not _PATH.search(shown)
    assert path.stat().st_size < 300_000
    assert "What it costs." in notebook.cells[0].source


@each
def test_a_committed_notebook_reads_well_without_scripts(path):
    """Its stills stand in it: what a page such as GitHub's shows."""
    shown = html_of(nbformat.read(path, as_version=4))
    assert any("<img" in html and "data:image/" in html for html in shown)
    assert any("<table" in html or "pixverse" in html for html in shown)


@each
def test_it_runs_with_no_key_at_the_price_it_says_and_sends_nothing_the_second_time(path, tmp_path):
    """Restart-and-run-all of a finished notebook gives every clip back at no cost."""
    there = Path(shutil.copy(path, tmp_path))
    finished = run(there)
    first = html_of(finished)
    assert any("<video" in html for html in first)
    players = [html for html in first if "<video" in html]
    links = re.findall(r'<video[^>]* src="([^"]+)"', "".join(players))
    assert (
        all(re.fullmatch(r"pixverse_data/(?:clips|films)/[0-9a-f]{64}\.mp4", link) for link in links)
        or "08" in path.stem
    )
    assert all("PREVIEW" in html for html in players) or path.stem[:2] not in {"01", "03"}, "a preview says so"
    count, price = sent(tmp_path)
    said = re.search(
        r"about \$(\d+\.\d\d) in all|Nothing: \$(0\.00)", nbformat.read(path, as_version=4).cells[0].source
    )
    assert said is not None
    assert abs(float(said[1] or said[2]) - price) <= 0.01
    assert (count == 0) == path.stem.startswith("08")
    if path.stem.startswith("08"):  # it works in a home and on an engine of its own, and these are new each time
        assert [one for one in tmp_path.iterdir() if one.name.startswith("tmp") and one.is_dir()] == [], (
            "they are removed"
        )
        return
    second = run(there)
    assert sent(tmp_path)[0] == count, "nothing was sent"
    assert any("<video" in html for html in html_of(second))
    if path.stem[:2] in SAME_TWICE:
        names = SAME_TWICE[path.stem[:2]]
        assert told(second, names) == told(finished, names), "it tells the same story"
    if path.stem.startswith("07"):
        assert sorted(one.suffix for one in (tmp_path / "best_takes").iterdir()) == [".json", ".mp4"], "once"


# ---- bad surroundings ------------------------------------------------------------------------------------------------

KEY = "SG_0123456789abcdef"
FIRST = """
import os, pathlib
import pixverse_nb as pv
pv.Studio  # imported before: this Python may lie where only its user may look
pathlib.Path('shut').mkdir()
os.chmod('shut', 0o555)
os.environ['PIXVERSE_NB_HOME'] = str(pathlib.Path('shut/home').absolute())
if os.getuid() == 0:  # whom permissions do not concern
    os.chmod('.', 0o777)
    os.setuid(65534)
"""
# Name: the error of a notebook that sends by itself, and what its one sentence holds.
SURROUNDINGS = {
    "another home that is a file": ("HomeError", ["it is a file, not a folder", "pass home=... (or set"]),
    "no write access": ("HomeError", ["cannot be written: ", "you may not write ", "pass home=..."]),
    "a dead key": ("AuthenticationError", ["the API key was rejected", "Nothing was billed."]),
    "no network": ("ServiceUnreachable", ["no connection could be made", "Nothing was billed."]),
}  # fmt: skip
NEVER_FAIL = {"08"}  # it works on an engine and in a home of its own
WITH_A_SWEEP = {"05", "06"}  # a sweep that stops says so in its place; the notebook goes no further


@pytest.fixture
def public(tmp_path):
    """A folder that everybody may look into: pytest's own are not."""
    folder = Path(tempfile.mkdtemp(dir=next(one for one in tmp_path.parents if one.stat().st_mode & 0o005 == 0o005)))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shut():
    """An engine that refuses every key."""
    import pixverse_nb as pv

    with pv.PreviewServer(keys=[]) as server:
        yield server.url


@pytest.mark.skipif(sys.platform == "win32", reason="no users")
@pytest.mark.parametrize("around", SURROUNDINGS)
@each
def test_opened_in_bad_surroundings_it_is_one_clear_sentence_and_no_stack_of_frames(path, around, shut, public):
    """Where it cannot go on, a person reads what happened and what to do, and nothing else."""
    (public / "taken").write_text("a file")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}"
    given = {
        "another home that is a file": {"PIXVERSE_NB_HOME": str(public / "taken")},
        "no write access": {},
        "a dead key": {"SEGMIND_API_KEY": KEY, "PIXVERSE_NB_BASE_URL": shut},
        "no network": {"SEGMIND_API_KEY": KEY, "PIXVERSE_NB_BASE_URL": nowhere},
    }[around]
    notebook = nbformat.read(path, as_version=4)
    if around == "no write access" and path.stem[:2] not in NEVER_FAIL:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST))
    where = {"metadata": {"path": str(public)}}
    client = NotebookClient(notebook, timeout=120, store_widget_state=False, resources=where)
    with contextlib.suppress(CellExecutionError):  # a person runs the cells until one of them fails
        client.execute(env={**os.environ, **given})
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    said = [output for output in outputs if output.output_type == "error"]
    shown = str([output.get("data", output.get("text")) for output in outputs])
    assert KEY not in str(outputs)
    assert "Traceback" not in shown
    kind, words = SURROUNDINGS[around]
    number = path.stem[:2]
    if number in NEVER_FAIL:
        assert said == []
    elif number in WITH_A_SWEEP and kind != "HomeError":
        assert "The sweep stopped: " in shown
        assert words[0] in shown
        assert [(error.ename, len(error.traceback)) for error in said] == [(kind, 1)]
        assert words[0] in said[0].traceback[0]
    else:
        assert [(error.ename, len(error.traceback)) for error in said] == [(kind, 1)]
        assert "\n" not in said[0].traceback[0]
        for word in words:
            assert word in said[0].traceback[0]
    if around == "a dead key" and said:
        assert "The key came from SEGMIND_API_KEY." in said[0].traceback[0]
