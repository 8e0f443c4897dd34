"""The panel on ipywidgets 7.7.1, Colab's: its handlers' own tests, in a process that has that version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OLD = Path(sys.prefix) / "ipywidgets7"  # where `make test` puts it, beside the version of the environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.mark.skipif(not (OLD.is_dir() or os.environ.get("CI")), reason="no ipywidgets 7 here; make test installs it")
def test_the_panels_handlers_work_on_ipywidgets_7():
    """All that is tested without a browser on the newest version holds on the oldest one."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env["PYTHONPATH"] = str(OLD)
    version = [sys.executable, "-c", "import ipywidgets; print(ipywidgets.__version__)"]
    assert subprocess.run(version, env=env, check=True, capture_output=True, text=True).stdout == "7.7.1\n"
    files = sorted(str(path) for path in TESTS.glob("test_panel*.py"))
    assert len(files) >= 7
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, env=env, cwd=TESTS.parent, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
