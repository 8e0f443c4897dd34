"""Which front end is looking, and how a clip reaches it."""

from __future__ import annotations

import base64
import os
import sys
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


def needs_embedding() -> bool:
    """Whether the front end shows no local files: VS Code and Colab (notebook facts, "Inline video")."""
    vscode = any(name in os.environ for name in ("VSCODE_PID", "VSCODE_CWD", "VSCODE_NLS_CONFIG"))
    return "google.colab" in sys.modules or (vscode and "JPY_SESSION_NAME" not in os.environ)


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
    return Source("data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode())


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
    if hidden or shared == Path(shared.anchor):
        return None
    return quote(relative.as_posix())
