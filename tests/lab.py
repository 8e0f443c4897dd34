"""JupyterLab and Notebook 7 as a person has them: a real server, a real kernel, a real Chromium.

Cells are run through the application's own commands: clicking through menus hangs now and then (notebook facts).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required"
)


@contextmanager
def lab_server(root: Path, state: Path, **environment: str):
    """`jupyter lab` on loopback, serving `root`, with settings and trust of its own in `state`; gives its URL.

    Notebook 7 is an extension of the same server: what it shows is at /notebooks.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("config", "data", "runtime"):
        (state / name).mkdir(parents=True, exist_ok=True)
    quiet = state / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True, exist_ok=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    env = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
        **environment,
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root",
        "--IdentityProvider.token=", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={root}",
    ]  # fmt: skip
    with (state / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for_server(url, process, state)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait_for_server(url, process, state):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            requests.get(f"{url}/api/status", timeout=2)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((state / "server.log").read_text()[-4000:])


@contextmanager
def browser():
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        here = {name: value for name, value in os.environ.items() if name != "TMPDIR"}  # a socket's path must be short
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=_FLAGS.split(), env=here)
        yield chromium
        chromium.close()


SHOTS = Path(os.environ.get("PIXVERSE_NB_SHOTS", ""))
"""A folder to put screenshots in, to look at them."""


def shoot(page, name: str) -> None:
    """A screenshot, where screenshots are wanted."""
    if SHOTS.name:
        page.screenshot(path=SHOTS / f"{name}.png")


FRONT_ENDS = {"JupyterLab": "/lab/tree/{name}?reset", "Notebook 7": "/notebooks/{name}"}
"""Where each shows a notebook."""


class Notebook:
    """A notebook open in a front end, JupyterLab unless another one is asked for."""

    def __init__(
        self, chromium, url: str, name: str, *, kernel: bool = True, theme: str = "light", front: str = "JupyterLab"
    ) -> None:
        self.page = chromium.new_page(viewport={"width": 1280, "height": 1000}, color_scheme=theme)
        self.page.goto(url + FRONT_ENDS[front].format(name=name))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        if kernel:
            self.page.wait_for_function(
                "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
                timeout=60_000,
            )

    def command(self, name: str) -> None:
        """Execute one of the application's commands and wait until it is done."""
        self.page.evaluate("name => window.jupyterapp.commands.execute(name).then(() => null)", name)

    def run_all(self) -> None:
        """Run every cell; returns when the last one has ended."""
        self.command("notebook:run-all-cells")

    def start_all(self) -> None:
        """Run every cell; returns at once."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def ask(self, *lines: str) -> str:
        """What these lines of Python print in the notebook's kernel; no cell runs, and the focus stays where it is."""
        return self.page.evaluate(
            """async code => {
              const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
              const future = kernel.requestExecute({code, store_history: false});
              let said = '';
              future.onIOPub = ({header, content}) => {
                if (header.msg_type === 'stream') said += content.text;
                if (header.msg_type === 'error') said += `${content.ename}: ${content.evalue}`;
              };
              await future.done;
              return said;
            }""",
            "\n".join(lines),
        )

    def run(self, source: str) -> None:
        """Run this in the last cell, whose output it replaces."""
        self.page.evaluate(
            """source => {
              const panel = window.jupyterapp.shell.currentWidget.content;
              panel.activeCellIndex = panel.widgets.length - 1;
              panel.activeCell.model.sharedModel.setSource(source);
              return window.jupyterapp.commands.execute('notebook:run-cell').then(() => null);
            }""",
            source,
        )

    def cells(self) -> list[list[str]]:
        """The notebook's cells, whether they are drawn or not: type and source."""
        return self.page.evaluate(
            "() => [...window.jupyterapp.shell.currentWidget.content.model.cells]"
            ".map(c => [c.type, c.sharedModel.source])"
        )

    def save(self) -> None:
        """Save to disk."""
        self.command("docmanager:save")

    def videos(self) -> list[dict[str, object]]:
        """What each player on the page has loaded, once all have."""
        # JupyterLab draws cells that are out of sight only when they come into it.
        from playwright.sync_api import Error

        for cell in self.page.query_selector_all(".jp-Notebook .jp-Cell"):
            with suppress(Error):  # one that was replaced meanwhile has been in sight
                cell.scroll_into_view_if_needed()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-Notebook video')].every(v => v.videoWidth > 0)", timeout=20_000
        )
        return self.page.evaluate(
            "() => [...document.querySelectorAll('.jp-Notebook video')].map(v => ({width: v.videoWidth, "
            "height: v.videoHeight, duration: v.duration, poster: v.poster.slice(0, 23), src: v.getAttribute('src')}))"
        )

    def plays(self, index: int = 0) -> float:
        """Play a clip until its time has moved; the time that it reached, s."""
        self.page.evaluate(
            "i => { const v = document.querySelectorAll('.jp-Notebook video')[i]; v.muted = true; return v.play(); }",
            index,
        )
        self.page.wait_for_function(
            "i => document.querySelectorAll('.jp-Notebook video')[i].currentTime > 0.3", arg=index, timeout=20_000
        )
        return self.page.evaluate("i => document.querySelectorAll('.jp-Notebook video')[i].currentTime", index)

    def text(self) -> str:
        """All that can be read on the page."""
        return self.page.inner_text(".jp-Notebook")


def write_notebook(path: Path, *cells: str, kernel: str = "python3") -> Path:
    """A notebook with these code cells."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    written = {
        "cells": [{**cell, "id": f"c{i}", "source": text} for i, text in enumerate(cells)],
        "metadata": {"kernelspec": {"display_name": kernel, "language": "python", "name": kernel}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(written), encoding="utf-8")
    return path
