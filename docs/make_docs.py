"""Build the documentation as build/docs: `make docs`, or `python docs/make_docs.py`.

The pages are the README, docs/*.md, the notebooks as they run on the preview engine, a reference made from the
docstrings and the schema (`reference.py`), CONTRIBUTING and the CHANGELOG. They are laid out in build/docs-source as
they lie in the repository, so that every link of theirs leads to its page, and Sphinx makes the site of that. The site
needs no network, and neither has it anything from one.

A notebook runs once: what it showed is kept in build/docs-notebooks until it or the package changes. `--as-committed`
shows the notebooks as they lie in the repository instead, which takes seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from sphinx.cmd.build import main as sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))
from reference import pages  # noqa: E402

TIMEOUT_S = 300  # of one cell
AT_ONCE = 2
_LINK = re.compile(r'(?<=[ \n])(src|href)="(?![a-z]+:|[#/])([^"?#]+)"')
_MAP = """
```{{toctree}}
:hidden:
:caption: Guide

docs/guide
docs/safety
docs/front_ends
```

```{{toctree}}
:hidden:
:caption: Notebooks

{guide}
```

```{{toctree}}
:hidden:
:caption: Reference

{reference}
```

```{{toctree}}
:hidden:
:caption: The project

CONTRIBUTING
CHANGELOG
```
"""


def main() -> int:
    """Lay the pages out, and make the site; the exit code is Sphinx's own."""
    options = _options()
    source = options.target.with_name(options.target.name + "-source")
    notebooks = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    for old in (source, options.target):
        shutil.rmtree(old, ignore_errors=True)
    lay_out(source, notebooks)
    if not options.as_committed:
        kept = options.target.with_name(options.target.name + "-notebooks")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda path: show(path, run(path, kept), source, options.target), notebooks))
    arguments = ["-b", "html", "-c", str(DOCS), "-W", "--keep-going", "--quiet", "-d", str(source / ".doctrees")]
    return int(sphinx([*arguments, str(source), str(options.target)]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--as-committed", action="store_true", help="do not run the notebooks")
    parser.add_argument("--target", type=Path, default=ROOT / "build" / "docs", help="the site's folder")
    return parser.parse_args()


def lay_out(source: Path, notebooks: list[Path]) -> None:
    """The pages, placed as in the repository."""
    (source / "docs").mkdir(parents=True)
    (source / "notebooks").mkdir()
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, source)
    for path in DOCS.iterdir():
        if path.suffix in {".md", ".png", ".jpg", ".webp"}:
            shutil.copy(path, source / "docs")
    for path in notebooks:
        (source / "notebooks" / path.name).write_text(_with_links(path.read_text(encoding="utf-8")), encoding="utf-8")
    reference = pages()
    for name, text in reference.items():
        place = source / "reference" / f"{name}.md"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    readme = _with_links((ROOT / "README.md").read_text(encoding="utf-8"))
    guide = "\n".join(f"notebooks/{path.stem}" for path in notebooks)
    where = _MAP.format(guide=guide, reference="\n".join(f"reference/{name}" for name in reference))
    (source / "index.md").write_text(f"{readme}\n{where}", encoding="utf-8")


def _with_links(text: str) -> str:
    """The README is the site's first page."""
    return text.replace("](../README.md", "](../index.md").replace("](README.md", "](index.md")


# ---- the notebooks, as they run ------------------------------------------------------------------------------------


def run(path: Path, kept: Path) -> Path:
    """The folder where a notebook has run, with what it left behind; from an earlier time if nothing has changed."""
    state = hashlib.sha256(path.read_bytes())
    for file in sorted((ROOT / "pixverse_nb").rglob("*")):
        if file.is_file() and file.suffix in {".py", ".css", ".js"}:
            state.update(file.read_bytes())
    folder = kept / f"{path.stem}-{state.hexdigest()[:16]}"
    if not (folder / path.name).is_file():
        for old in kept.glob(f"{path.stem}-*"):
            shutil.rmtree(old, ignore_errors=True)
        folder.mkdir(parents=True)
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT_S,
            store_widget_state=False,
            resources=resources,
            extra_arguments=["--log-level=ERROR"],  # a kernel on loopback warns of the network each time
        )
        client.execute(env=_without_key())
        nbformat.write(notebook, folder / path.name)  # type: ignore[no-untyped-call]
    return folder


def _without_key() -> dict[str, str]:
    """Documentation must never spend money: it runs without any key, whatever the shell or the keyring hold."""
    mine = ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    return {**kept, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def show(path: Path, folder: Path, source: Path, target: Path) -> None:
    """Put what a notebook showed in its page's place, and the clips that it plays beside the page."""
    notebook = nbformat.read(folder / path.name, as_version=4)  # type: ignore[no-untyped-call]
    beside = target / "notebooks" / path.stem

    def carried(found: re.Match[str]) -> str:
        name, link = found[1], found[2]
        file = folder / link
        if not file.is_file():
            return found[0]
        (beside / link).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, beside / link)
        clips = file.with_name(f"{file.stem}_clips")
        if file.suffix == ".html" and clips.is_dir():  # a report's
            shutil.copytree(clips, (beside / link).with_name(clips.name), dirs_exist_ok=True)
        return f'{name}="{path.stem}/{link}"'

    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = _LINK.sub(carried, data["text/html"])
            if "text/plain" in data:
                data["text/plain"] = data["text/plain"].replace(f"{folder}{os.sep}", "")
    written = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    (source / "notebooks" / path.name).write_text(_with_links(written), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
