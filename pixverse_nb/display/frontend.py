"""Which front end is looking, and how a clip reaches it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

EMBED_LIMIT = 12_000_000
"""Bytes: a larger clip is not put into a notebook unless `embed=True`; as base64 it takes a third more."""


@dataclass(frozen=True)
class Source:
    """What goes into a player: an address or None, and a word to the reader when there is something to say."""

    src: str | None
    note: str | None = None


def shell() -> Any:
    """The running IPython shell; None outside of one. IPython is not imported for the question."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def in_notebook() -> bool:
    """Whether a kernel is running, so that rich outputs are shown and can be updated."""
    return getattr(shell(), "kernel", None) is not None


def front_end() -> str:
    """Who shows what is displayed: "vscode", "colab", "voila", or "jupyter" for everything else.

    Voila and Colab say so in the kernel's surroundings. VS Code names the cell by an address of its own in each request
    ("vscode-notebook-cell:..."), puts the notebook's path into the namespace, and starts its own kernels with VSCODE_*
    (microsoft/vscode-jupyter 7380, holoviz/panel 5200). A Jupyter server names its sessions, also where it was started
    in VS Code's terminal.
    """
    if "google.colab" in sys.modules:
        return "colab"
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila/") or "VOILA_REQUEST_URL" in os.environ:
        return "voila"
    cell = _asking_cell()
    if cell:
        return "vscode" if cell.startswith("vscode-") else "jupyter"
    session = "JPY_SESSION_NAME" in os.environ
    told = any(name in os.environ for name in ("VSCODE_PID", "VSCODE_CWD", "VSCODE_NLS_CONFIG")) and not session
    return "vscode" if told or "__vsc_ipynb_file__" in getattr(shell(), "user_ns", {}) else "jupyter"


def _asking_cell() -> str:
    """What the front end calls the cell that is being run; empty where it does not say."""
    return str(_request("metadata").get("cellId") or "")


def _request(part: str) -> dict[str, Any]:
    """A part of the message that runs the cell; empty without a kernel, and before anything has been run."""
    with contextlib.suppress(AttributeError, LookupError, TypeError):
        return dict(shell().get_parent()[part])
    return {}


def unattended() -> bool:
    """Whether the notebook is run with nobody at the screen, by nbclient: nbconvert --execute, papermill, tests.

    What it leaves behind is read without a kernel, so a widget there is an empty place. It asks for no input and names
    no cell; front ends do both, and Voila, which runs notebooks so, too, tells who it is.
    """
    asks = _request("content").get("allow_stdin")
    return asks is False and not _asking_cell() and front_end() == "jupyter"


WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def widget_metadata() -> dict[str, Any]:
    """What must stand beside a widget in a cell's result; empty but in Colab.

    There widgets that are not ipywidgets' own are drawn by a manager that anywidget enables, and whose address each
    output has to carry. Colab adds it to what is displayed, not to results (googlecolab/colabtools, output/_widgets).
    """
    widgets: Any = getattr(sys.modules.get("google.colab.output"), "_widgets", None)
    url = getattr(widgets, "_installed_url", None)
    return {WIDGET_VIEW: {"colab": {"custom_widget_manager": {"url": url}}}} if url else {}


def needs_embedding() -> bool:
    """Whether the front end shows no local files (notebook facts, "Inline video").

    Voila could, but serves pictures only, unless it is started with a `file_allowlist` that says more.
    """
    return front_end() != "jupyter"


def file_for(path: Path) -> Path:
    """The file to hand to a player here: in VS Code one whose sound plays there, else the clip itself."""
    if front_end() != "vscode":
        return path
    from pixverse_nb.media.sound import with_sound_for_vscode

    return with_sound_for_vscode(path)


def notebook_folder() -> Path:
    """The folder of the running notebook, where relative links start; else the working directory."""
    name = os.environ.get("JPY_SESSION_NAME", "")
    folder = Path(name).parent
    return folder if name and folder.is_absolute() and folder.is_dir() else Path.cwd()


def source_of(path: Path, embed: bool | None) -> Source:
    """How to play a clip here: by a relative link, or embedded as a data URI.

    Parameters
    ----------
    path : Path
        The clip.
    embed : bool or None
        True embeds, False links, None decides: a link where it works, else embedding up to `EMBED_LIMIT`.
    """
    if not path.is_file():
        return Source(None, f"The clip's file is gone: {path}")
    link = relative_link(path)
    if embed is False or (embed is None and link is not None and not needs_embedding()):
        return Source(link or path.as_uri())
    size = path.stat().st_size
    if embed is None and size > EMBED_LIMIT:
        return Source(
            None,
            f"This clip is {size / 1e6:.1f} MB, over the {EMBED_LIMIT / 1e6:.0f} MB that are embedded by themselves. "
            f"It lies at {path}; show(embed=True) embeds it all the same.",
        )
    return Source("data:video/mp4;base64," + base64.b64encode(file_for(path).read_bytes()).decode())


def _server_root() -> Path | None:
    """The folder above which this kernel's Jupyter server serves nothing; None where nobody says."""
    try:
        from jupyter_core.paths import jupyter_runtime_dir

        told = Path(jupyter_runtime_dir()) / f"jpserver-{os.environ['JPY_PARENT_PID']}.json"
        return Path(json.loads(told.read_text(encoding="utf-8"))["root_dir"])
    except (ImportError, KeyError, OSError, TypeError, ValueError):
        return None


def relative_link(path: Path) -> str | None:
    """The path as a URL relative to the notebook; None where a notebook server could not serve it."""
    start, target = notebook_folder(), path.absolute()
    if start not in target.parents:  # else a link into the folder, such as to a larger disk, is served as it stands
        start, target = start.resolve(), target.resolve()
    try:
        relative = Path(os.path.relpath(target, start))
    except ValueError:  # another drive
        return None
    shared = Path(os.path.commonpath([start, target]))
    hidden = any(part.startswith(".") and part != ".." for part in relative.parts)
    root = _server_root()
    if root is not None and root not in target.parents and root.resolve() not in target.resolve().parents:
        return None
    if hidden or shared == Path(shared.anchor):
        return None
    if shared == Path(tempfile.gettempdir()).resolve() != start:
        return None  # the home is temporary: the page outlives it
    return quote(relative.as_posix())
