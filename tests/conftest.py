"""What every test stands on: no test touches the user's own files, key or network."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start what runs in the background without it
sys.path.insert(0, str(Path(__file__).parent))  # the tests' own small tools: clips, scripted servers


def pytest_collection_modifyitems(items):
    """The longest files first, so that no worker is left alone with one of them at the end."""
    slow = {"test_browser_panel": 0, "test_notebooks": 1, "test_docs": 2}
    items.sort(key=lambda item: slow.get(item.path.stem, 3 if item.get_closest_marker("browser") else 4))


def pytest_terminal_summary(terminalreporter):
    """Why a test was tried again: what passed the second time would not say what it failed of."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first try of {report.nodeid}", sep="_")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-12:]))


@pytest.fixture(autouse=True)
def _isolated(tmp_path, monkeypatch):
    """An empty home, no key from anywhere, no proxy, a working folder of its own."""
    for name in ("SEGMIND_API_KEY", "PIXVERSE_NB_BASE_URL", "PIXVERSE_NB_HOME", "JPY_SESSION_NAME", "VSCODE_PID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch):
    """Names are resolved on this machine only: a test that reaches out fails at once."""
    real = socket.getaddrinfo

    def local(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name in {None, "", "localhost"} or name.replace(".", "").isdigit() or ":" in name:
            return real(host, *args, **kwargs)
        raise socket.gaierror(f"{name}: tests stay on this machine")

    monkeypatch.setattr(socket, "getaddrinfo", local)


@pytest.fixture(scope="module")
def chromium():
    """One browser for a file's tests. No longer: while it is open, an event loop runs in this thread."""
    import lab

    with lab.browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def kernel():
    """One kernel for a file's tests."""
    import kernel_rig

    with kernel_rig.started() as kernel:
        yield kernel
