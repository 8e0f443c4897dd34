"""Run the notebooks on the preview engine, and keep of what they show what a page without scripts can show.

`python docs/make_notebooks.py [names]`. A reader of a committed notebook, on GitHub for one, has no kernel, no script
and no video: players become stills with their captions; tables, pictures and text stay, widget state and paths go.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
_KEPT = ("text/html", "image/png", "image/jpeg", "text/plain")
_PLAYER = re.compile(r"<video[^>]*?>(?:.*?</video>)?", re.DOTALL)
_STILL = re.compile(r'poster="(data:image/jpeg;base64,[^"]+)"')
_JPEG = re.compile(r'data:image/jpeg;base64,([^"]+)')
_LINK = re.compile(r'<a [^>]*href="(?!https?:|#)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)  # to a file that a reader has not
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_MOST_PX, _QUALITY = 420, 72


def main() -> None:
    """All of them, or those that are named."""
    for name in ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME"):
        os.environ.pop(name, None)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    wanted = [NOTEBOOKS / f"{name}.ipynb" for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-notebooks-") as folder:
        for path in wanted:
            run(path, Path(folder))


def run(path: Path, folder: Path) -> None:
    """Execute a notebook elsewhere, and write back what a reader needs."""
    notebook = nbformat.read(shutil.copy(path, folder), as_version=4)
    client = NotebookClient(
        notebook, timeout=300, store_widget_state=False, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"c{number:02d}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [kept for output in cell.outputs if (kept := readable(output, str(folder)))]
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    nbformat.write(notebook, path)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")  # noqa: T201  says what it has written


def readable(output: Any, folder: str) -> Any:
    """An output for those who have no kernel; None for what only matters while it runs."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    if output.output_type == "error":
        raise RuntimeError(output.evalue)
    data = {kind: output.data[kind] for kind in _KEPT if kind in output.data}
    if "text/html" in data:
        shown = _JPEG.sub(smaller, _PLAYER.sub(still, data["text/html"]))
        data = {"text/html": _LINK.sub(r"\1", _STYLE.sub("", shown))}
    data = {kind: text.replace(folder + os.sep, "").replace(folder, "") for kind, text in data.items()}
    if data.get("text/html", "x").strip() in {"", "<span></span>"}:
        return None
    output = nbformat.v4.new_output(output.output_type, data=data)
    if output.output_type == "execute_result":
        output.execution_count = None
    return output


def still(found: re.Match[str]) -> str:
    """The poster in the place of its player."""
    poster = _STILL.search(found[0])
    return f'<img alt="a still of the clip" src="{poster[1]}">' if poster else ""


def smaller(found: re.Match[str]) -> str:
    """A still as a page needs it."""
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as picture:
        picture.thumbnail((_MOST_PX, _MOST_PX))
        made = io.BytesIO()
        picture.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(made.getvalue()).decode()}"


if __name__ == "__main__":
    main()
