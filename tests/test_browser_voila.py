"""The panel as an app: a real Voila server as it comes, a real kernel, a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("voila")
lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]
APP = (
    "import pixverse_nb as pv\nstudio = pv.Studio(home='clips')",
    "studio.generate('a red balloon over snow', duration=1, quality='360p')",
    "studio.panel()",
)


@contextmanager
def voila_server(notebook: Path, state: Path):
    """`voila name.ipynb` with no setting but its port; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("config", "data", "runtime"):
        (state / name).mkdir(parents=True, exist_ok=True)
    env = {
        **{name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"},
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    command = [sys.executable, "-m", "voila", notebook.name, "--no-browser", f"--port={port}"]
    with (state / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=notebook.parent)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(port, process, state)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(port, process, state):
    """Until it listens: asking for the page would run the notebook."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError((state / "server.log").read_text()[-4000:])


MOVING = """which => {
  const video = document.querySelector(which);
  if (!video || !video.videoWidth) return false;
  if (video.paused) { video.muted = true; video.play(); }
  return video.currentTime > 0.2;
}"""


def test_the_panel_is_an_app_and_its_clips_play_with_nothing_configured(chromium, tmp_path):
    """From the page's opening to a clip that plays: no flag, no allow-list, no code on the screen."""
    notebook = lab.write_notebook(tmp_path / "app.ipynb", *APP)
    with voila_server(notebook, tmp_path / "state") as url:
        page = chromium.new_page(viewport={"width": 1280, "height": 1300})
        missed = []
        page.on("response", lambda answer: missed.append(answer.url) if answer.status == 404 else None)
        page.goto(url)
        page.wait_for_selector(".pixverse-panel", timeout=90_000)
        assert page.locator(".jp-CodeCell .jp-InputArea:visible").count() == 0
        # The clip of the cell above the panel: Voila serves no file, so it is embedded.
        page.wait_for_function(MOVING, arg=".pixverse-card video", timeout=30_000)
        assert page.locator(".pixverse-card video").first.get_attribute("src").startswith("data:video/mp4;base64,")
        # One made in the app, played in its gallery.
        page.get_by_role("textbox", name="Prompt", exact=True).fill("a lighthouse in a storm")
        page.get_by_role("radio", name="360p").or_(page.get_by_role("button", name="360p")).first.click()
        page.get_by_role("button", name="Generate").click()
        card = page.locator(".pxs-card", has_text="a lighthouse in a storm")
        card.wait_for(timeout=60_000)
        card.locator(".pxs-play").click()
        page.wait_for_function(MOVING, arg=".pxs-card video", timeout=30_000)
        lab.shoot(page, "voila")
        assert not [address for address in missed if ".mp4" in address]
        page.close()
    assert len(list((tmp_path / "clips" / "clips").glob("*.mp4"))) == 2
