"""The notebooks that people open: committed clean, and they run top to bottom with no key."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def run(path: Path):
    """Execute a notebook in its own folder, as nbconvert does; no widget state is stored."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, store_widget_state=False, resources={"metadata": {"path": str(path.parent)}}
    )
    return client.execute()


def html_of(notebook) -> list[str]:
    return [
        str(output["data"]["text/html"])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_carries_no_outputs_and_no_widget_state(path):
    """What is committed is what was written: nothing that a run leaves behind."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    assert all(
        cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code"
    )


def test_the_quickstart_runs_with_no_key_and_sends_nothing_the_second_time(tmp_path):
    """Restart-and-run-all of a finished notebook gives every clip back at no cost."""
    path = Path(shutil.copy(NOTEBOOKS[0], tmp_path))
    first = html_of(run(path))
    players = [html for html in first if "<video" in html]
    assert len(players) == 5
    assert all(re.search(r'<video[^>]* src="pixverse_data/clips/[0-9a-f]{64}\.mp4"', html) for html in players)
    assert all("PREVIEW" in html for html in players), "a preview says so on every clip"
    assert sum("REUSED" in html for html in players) == 1
    again = [html for html in html_of(run(path)) if "<video" in html]
    assert len(again) == 5
    assert all("REUSED" in html for html in again)
    assert len(list((tmp_path / "pixverse_data" / "clips").glob("*.mp4"))) == 5
