"""What a person sees in JupyterLab, looked at in a real Chromium."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

lab = pytest.importorskip("lab")

if lab.CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine; .ci/run installs it", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
QUICKSTART = Path(__file__).parent.parent / "notebooks" / "01_quickstart.ipynb"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server's root with a name that URLs trip over."""
    root = tmp_path_factory.mktemp("lab") / "my clips #1 ü"
    root.mkdir()
    return root


@pytest.fixture(scope="module")
def url(place, tmp_path_factory):
    with lab.lab_server(
        place, tmp_path_factory.mktemp("state"), PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring"
    ) as url:
        yield url


def test_the_quickstart_runs_plays_and_stays_readable_without_a_kernel(chromium, place, url, tmp_path):
    """A newcomer runs the quickstart and sees clips play; saved, they play for a reader without kernel or trust."""
    shutil.copy(QUICKSTART, place)
    notebook = lab.Notebook(chromium, url, QUICKSTART.name)
    notebook.start_all()
    notebook.page.wait_for_selector(".pixverse-card [role=status]", timeout=60_000)  # the live line, while it is drawn
    # In one step: the live line is replaced twice a second, and an element in hand may be gone.
    notebook.page.evaluate("() => document.querySelector('.pixverse-card')?.scrollIntoView()")
    lab.shoot(notebook.page, "quickstart-live")
    notebook.page.wait_for_function(
        "() => document.querySelectorAll('.jp-Notebook .pixverse-history').length >= 3", timeout=180_000
    )
    notebook.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'", timeout=120_000
    )
    players = notebook.videos()
    assert len(players) == 5
    assert all(p["width"] == 1024 and p["poster"] == "data:image/jpeg;base64," for p in players)
    assert all("/files/" in p["src"] for p in players), "clips are linked, never embedded"
    assert notebook.plays(0) > 0.3
    assert "reused" in notebook.text()
    lab.shoot(notebook.page, "quickstart-played")
    notebook.save()
    assert (place / QUICKSTART.name).stat().st_size < 1_500_000
    notebook.page.close()

    # Reopened elsewhere: no kernel of that name, and a server that does not trust the notebook.
    saved = json.loads((place / QUICKSTART.name).read_text(encoding="utf-8"))
    saved["metadata"] = {"kernelspec": {"display_name": "gone", "language": "gone", "name": "gone"}}
    (place / "reader.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    with lab.lab_server(place, tmp_path / "another") as other:
        reader = lab.Notebook(chromium, other, "reader.ipynb", kernel=False)
        reader.page.locator(".jp-Dialog-button:has-text('No Kernel')").click(timeout=30_000)
        assert [p["width"] for p in reader.videos()] == [1024] * 5
        assert reader.plays(0) > 0.3
        assert "Error" not in reader.text()
        lab.shoot(reader.page, "reader-untrusted")
        reader.page.close()


def test_a_submitted_clip_appears_in_its_cell_after_the_cell_has_ended(chromium, place, url):
    """submit() returns at once; the live line becomes the player by itself, and it is saved so."""
    lab.write_notebook(
        place / "submit.ipynb",
        "import pixverse_nb as pv\nstudio = pv.Studio(home='pixverse_submit')",
        "g = studio.submit('a red balloon over snow', duration=2, quality='360p')\ng",
        "print('the kernel is free:', g.status)",
    )
    notebook = lab.Notebook(chromium, url, "submit.ipynb")
    notebook.run_all()
    assert "the kernel is free: " in notebook.text()
    notebook.page.wait_for_selector(".jp-Notebook video", timeout=60_000)
    assert [p["width"] for p in notebook.videos()] == [640]
    assert notebook.plays() > 0.3
    notebook.save()
    assert "<video" in (place / "submit.ipynb").read_text(encoding="utf-8")
    notebook.page.close()


def test_interrupting_a_wait_is_clean_and_running_the_cell_again_picks_the_job_up(chromium, place, url):
    """Kernel > Interrupt ends the wait, not the job; the same cell run again sends nothing new."""
    lab.write_notebook(
        place / "interrupt.ipynb",
        "import pixverse_nb as pv\nstudio = pv.Studio(home='pixverse_interrupt')",
        "g = studio.generate('a ship at sea, slow pan', duration=15, quality='1080p')",
        "print('rows:', len(studio.history()), g.status)",
    )
    notebook = lab.Notebook(chromium, url, "interrupt.ipynb")
    notebook.start_all()
    notebook.page.wait_for_selector(".pixverse-card [role=status]:has-text('drawing')", timeout=60_000)
    notebook.command("notebook:interrupt-kernel")
    notebook.page.wait_for_selector("text=You stopped waiting", timeout=20_000)
    notebook.page.wait_for_selector("text=WaitInterrupted: you stopped waiting", timeout=20_000)
    assert "Traceback" not in notebook.text(), "one clear sentence, no stack of frames"
    lab.shoot(notebook.page, "interrupted")
    notebook.run_all()
    notebook.page.wait_for_selector("text=rows: 1 completed", timeout=120_000)
    notebook.page.close()


def test_hostile_text_does_not_run(chromium, place, url):
    """A prompt that is markup is shown as text, in the card and in the table, dark theme or light."""
    lab.write_notebook(
        place / "hostile.ipynb",
        "import pixverse_nb as pv\nstudio = pv.Studio(home='pixverse_hostile')\n"
        "evil = '<img src=x onerror=\"document.title=1234567\"><script>document.title=1234567</script>'\n"
        "g = studio.generate(evil, duration=1, quality='360p')",
        "studio.history()",
    )
    notebook = lab.Notebook(chromium, url, "hostile.ipynb", theme="dark")
    notebook.run_all()
    notebook.page.wait_for_selector(".jp-Notebook .pixverse-history", timeout=60_000)
    assert "<img src=x onerror" in notebook.text()
    assert "1234567" not in notebook.page.title()
    lab.shoot(notebook.page, "hostile")
    notebook.page.close()
