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
_PNG = re.compile(r'data:image/png;base64,([^"]+)')
_LINK = re.compile(r'<a [^>]*href="(?!https?:|#)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)  # to a file that a reader has not
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_MOST_PX, _QUALITY = 420, 72
_MANY, _MANY_PX, _MANY_QUALITY = 8, 208, 64  # so many stills in one output stand in a grid, where each is small
_COLOURS = 24  # of a drawn picture: lines, letters and a few fills


def main() -> None:
    """All of them, or those that are named."""
    for name in ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME"):
        os.environ.pop(name, None)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    wanted = [NOTEBOOKS / f"{name}.ipynb" for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-notebooks-") as folder:
        for path in wanted:  # each in a folder of its own: what it shows is not to depend on the others
            own = Path(folder) / path.stem
            own.mkdir()
            run(path, own)


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
        shown = _PLAYER.sub(still, data["text/html"])
        many = len(_JPEG.findall(shown)) >= _MANY
        size = (_MANY_PX, _MANY_QUALITY) if many else (_MOST_PX, _QUALITY)
        shown = _PNG.sub(plainer, _JPEG.sub(lambda found: smaller(found, *size), shown))
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


def smaller(found: re.Match[str], most_px: int, quality: int) -> str:
    """A still as a page needs it."""
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as picture:
        picture.thumbnail((most_px, most_px))
        return _address(picture, "jpeg", quality=quality)


def plainer(found: re.Match[str]) -> str:
    """A drawn picture as a page needs it: as wide as its place, half of what it has, and with few colours."""
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as picture:
        made = _address(picture.convert("RGBA").reduce(2).quantize(_COLOURS, Image.Quantize.FASTOCTREE), "png")
    return min(made, found[0], key=len)


def _address(picture: Image.Image, kind: str, **settings: int) -> str:
    made = io.BytesIO()
    picture.save(made, kind, optimize=True, **settings)
    return f"data:image/{kind};base64,{base64.b64encode(made.getvalue()).decode()}"


if __name__ == "__main__":
    main()
