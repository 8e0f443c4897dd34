"""Two clips at once: the second one is drawn by a process beside this one, and only the clock can tell."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import pixverse_nb as pv
from pixverse_nb.preview import picture
from pixverse_nb.preview.painters import Painters
from pixverse_nb.preview.picture import RenderError, Shot, render

FOX, SEA = (Shot(prompt, duration=1, quality="360p", seed=3) for prompt in ("a red fox in rain", "the sea at sunset"))


def beside() -> list[psutil.Process]:
    """The processes that draw for this one."""
    found = []
    for child in psutil.Process().children():
        try:
            if "pixverse_nb.preview.picture" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture
def painters():
    made = Painters()
    yield made
    made.close(0.0)
    assert beside() == []


@contextmanager
def busy(painters):
    """While this process draws something that takes its time."""
    assert painters._here.acquire(timeout=10)
    try:
        yield
    finally:
        painters._here.release()


def test_a_clip_alone_needs_no_process(painters, tmp_path):
    """Nothing is started for who draws one clip after the other."""
    for shot in (FOX, SEA):
        painters.draw(shot, tmp_path / "clip.mp4")
    assert beside() == []


def test_both_ways_give_the_same_bytes(painters, tmp_path):
    """Deterministic, whoever draws; in a folder whose name trips up careless code."""
    folder = tmp_path / "my clips #1 ü"
    folder.mkdir()
    render(FOX, folder / "here.mp4")
    with busy(painters):
        painters.draw(FOX, folder / "beside.mp4")
        assert len(beside()) == 1
        painters.draw(SEA, folder / "another.mp4")
        assert len(beside()) == 1, "it is kept for the next one"
    assert (folder / "here.mp4").read_bytes() == (folder / "beside.mp4").read_bytes()
    assert (folder / "another.mp4").read_bytes() != (folder / "here.mp4").read_bytes()


def test_two_at_once_on_the_engine_need_one_process_and_leave_none(tmp_path):
    """The engine's workers share this process and one beside it; closed, it leaves nothing behind."""
    with pv.PreviewServer() as server:
        studio = pv.Studio(api_key="SG_0123456789", base_url=server.url, home=tmp_path / "home")
        seen = set()
        made = [studio.submit("a red fox in rain", duration=3, quality="360p", take=take) for take in (1, 2, 3, 4)]
        while not all(one.status in {"completed", "failed"} for one in made):
            seen.update(child.pid for child in beside())
            time.sleep(0.01)
        assert [one.wait().status for one in made] == ["completed"] * 4
        assert len(seen) == 1
    assert beside() == []


def test_trouble_is_told_as_if_it_were_here(painters, tmp_path):
    """The client hears a picture's trouble, and a disk's, in the same words."""
    broken = Shot("a fox", duration=1, quality="360p", image=b"no picture")
    with pytest.raises(RenderError) as here:
        render(broken, tmp_path / "clip.mp4")
    with busy(painters):
        with pytest.raises(RenderError) as there:
            painters.draw(broken, tmp_path / "clip.mp4")
        assert str(there.value) == str(here.value)
        with pytest.raises(FileNotFoundError, match="No such file"):
            painters.draw(FOX, tmp_path / "nowhere" / "clip.mp4")
        with pytest.raises(RuntimeError, match=r"(?s)Traceback.*TypeError"):
            painters.draw(replace(FOX, duration="abc"), tmp_path / "clip.mp4")
        painters.draw(FOX, tmp_path / "clip.mp4")
        assert len(beside()) == 1, "none of it ended the process"


def test_one_that_is_killed_costs_no_clip(painters, tmp_path, caplog, monkeypatch):
    """Its clip is drawn here, and the next one may have a new process."""
    with busy(painters):
        painters.draw(SEA, tmp_path / "first.mp4")
    (child,) = beside()
    drawn_here = threading.Event()
    with ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING):
        with busy(painters):
            drawing = pool.submit(painters.draw, Shot("the sea", duration=15, quality="1080p"), tmp_path / "long.mp4")
            while not list(tmp_path.glob(".rendering-*")):
                time.sleep(0.01)
            monkeypatch.setattr(picture, "render", lambda *_: drawn_here.set())  # it would take its time
            child.kill()
            assert not drawn_here.wait(0.5), "one at a time here, too"
        drawing.result(30)
    assert drawn_here.is_set()
    monkeypatch.undo()
    assert "its clip is drawn here" in caplog.text
    with busy(painters):
        painters.draw(FOX, tmp_path / "next.mp4")
        assert [one.pid for one in beside()] != [child.pid]


def test_without_another_process_all_is_drawn_here(painters, tmp_path, monkeypatch, caplog):
    """A machine that starts no processes draws one clip after the other."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    held = threading.Event()

    def hold():
        with busy(painters):
            held.set()
            time.sleep(0.2)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert held.wait(10)
        painters.draw(FOX, tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").stat().st_size > 1000
    assert "could not be started" in caplog.text


def test_it_knows_no_key_and_the_modules_that_this_process_knows(painters, tmp_path, monkeypatch):
    """A package that was imported from anywhere is found there, whatever lies where the notebook is."""
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_0123456789")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "more modules")])
    (tmp_path / "random.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with busy(painters):
        painters.draw(FOX, Path("clip.mp4"))
    assert (tmp_path / "clip.mp4").stat().st_size > 1000
    (child,) = beside()
    environment = child.environ()
    assert "SEGMIND_API_KEY" not in environment
    known = environment["PYTHONPATH"].split(os.pathsep)
    assert {str(Path(pv.__file__).parent.parent), str(tmp_path / "more modules")} <= set(known)


def test_nothing_is_drawn_beside_once_closed(painters, tmp_path):
    """A clip that comes too late starts no process."""
    painters.close(0.0)
    with busy(painters), ThreadPoolExecutor(1) as pool:
        late = pool.submit(painters.draw, FOX, tmp_path / "late.mp4")
        time.sleep(0.1)
        assert beside() == []
        painters._here.release()
        with pytest.raises(Exception, match="closed"):
            late.result(10)
        assert painters._here.acquire(timeout=10)
    assert not (tmp_path / "late.mp4").exists()


def test_closing_in_the_middle_of_a_clip_does_not_hang(tmp_path):
    """The process is ended, and whoever waited for its clip is told."""
    painters = Painters()
    with ThreadPoolExecutor(1) as pool, busy(painters):
        drawing = pool.submit(painters.draw, Shot("the sea", duration=15, quality="1080p"), tmp_path / "long.mp4")
        while not list(tmp_path.glob(".rendering-*")):
            time.sleep(0.01)
        painters.close(0.1)
        with pytest.raises(Exception, match="closed"):
            drawing.result(10)
    assert beside() == []


@pytest.mark.kill
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_ends_when_its_kernel_is_killed(tmp_path):
    """Nothing outlives a kernel that was killed; Ctrl-C, which goes to all of a terminal's processes, ends none."""
    script = tmp_path / "kernel.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(pv.__file__).parent.parent)!r})\n"
        "from pathlib import Path\n"
        "from pixverse_nb.preview.painters import Painters\n"
        "from pixverse_nb.preview.picture import Shot\n"
        "painters = Painters()\n"
        "painters._here.acquire()\n"
        "painters.draw(Shot('a fox', duration=1, quality='360p'), Path('clip.mp4'))\n"
        "print('drawn', flush=True)\n"
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, cwd=tmp_path) as kernel:
        assert kernel.stdout.readline() == b"drawn\n"
        (child,) = psutil.Process(kernel.pid).children()
        child.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert child.is_running()
        kernel.kill()
    child.wait(10)
