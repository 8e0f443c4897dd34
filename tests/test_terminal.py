"""Scripts and terminals: progress on standard error, paths, and nothing that steers the terminal."""

import asyncio
import io
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
import types
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from studio_rig import KEY, paint, rigged, sends

import pixverse_nb as pv
from pixverse_nb import generation as generation_module
from pixverse_nb import terminal
from pixverse_nb.display import console, notice
from pixverse_nb.display.card import Card, card_text
from pixverse_nb.plain import cells, cut, harmless, one_line, shortened

SMALL = {"duration": 1, "quality": "360p"}
HOSTILE = (
    "a cat \x1b[31mred\x1b[2J\x1b]0;title\x07 \x1b]8;;http://evil\x1b\\link\x9b1m \u202egnp\u2066\r\n"
    "back\x08\x7f\u2028end"
)


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


class Terminal(io.StringIO):
    """A terminal: what was written, and what a person sees at the end."""

    encoding = "utf-8"

    def isatty(self):
        return True

    @property
    def seen(self) -> list[str]:
        lines, line, at = [], "", 0
        for char in self.getvalue():
            if char == "\n":
                lines.append(line.rstrip())
                line, at = "", 0
            elif char == "\r":
                at = 0
            else:
                line, at = line[:at] + char + line[at + 1 :], at + 1
        return [*lines, line.rstrip()]


@pytest.fixture
def tty(monkeypatch):
    made = Terminal()
    for module in (terminal, console):  # pytest puts its own into the real one
        monkeypatch.setattr(module, "sys", types.SimpleNamespace(stderr=made))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    return made


def gated():
    """A painter that waits for its gate."""
    gate = threading.Event()

    def draw(shot, path):
        gate.wait(20)
        paint(shot, path)

    return gate, draw


# ---- a log -----------------------------------------------------------------------------------------------------------


def test_without_a_terminal_there_are_lines_on_standard_error_and_nothing_on_standard_output(rig, capsys):
    generation = rig.studio().generate("a lighthouse", **SMALL)
    out, err = capsys.readouterr()
    assert out == ""
    first, *_, last, path = err.splitlines()
    assert first.startswith("○ sending · 0:00")
    assert "estimated · “a lighthouse”" in first
    assert last.startswith("● completed · 360p · ")
    assert "reported" in last
    assert generation.id in last
    assert path == f"  {generation.video.path}"
    assert "\r" not in err


def test_a_log_gets_changes_seldom_and_a_sign_of_life(monkeypatch, capsys):
    """However often a state changes, a line every two seconds; and one every half minute when nothing does."""
    now = [100.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    screen = terminal.Screen()
    for number in range(100):  # ten seconds of changes
        screen.lines([], [f"state {number}"], news=number)
        now[0] += 0.1
    assert len(capsys.readouterr().err.splitlines()) == 5
    screen.lines([["an end"]], ["state 100"], news=100)
    assert capsys.readouterr().err.startswith("an end\n")  # that is told at once
    now[0] += 2.0
    screen.lines([], ["state 100"], news=100)
    capsys.readouterr()
    for _ in range(100):  # a hundred quiet seconds
        now[0] += 1.0
        screen.lines([], ["state 100"], news=100)
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_script_prints_what_it_prints_and_the_rest_goes_to_standard_error(rig, tmp_path):
    """What is piped stays clean, and a failure is one sentence of ours at the end of Python's own stack."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, pixverse_nb as pv\n"
        f"studio = pv.Studio({KEY!r}, base_url=sys.argv[1], home=sys.argv[2])\n"
        "print(studio.submit('a dog', duration=1, quality='360p').wait().video.path)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), rig.servers[0].url, str(rig.home)],
        capture_output=True, text=True, encoding="utf-8", check=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    (path,) = done.stdout.splitlines()
    assert path.endswith(".mp4")
    assert done.stderr.splitlines()[-1] == f"  {path}"


# ---- a terminal ------------------------------------------------------------------------------------------------------


def test_a_terminal_has_one_line_that_is_written_over_and_only_the_end_stays(rig, tty):
    generation = rig.studio().generate("a lighthouse", **SMALL)
    assert tty.getvalue().count("\r") >= 2
    assert tty.seen[0].startswith("● completed · 360p")
    assert tty.seen[-2:] == [f"  {generation.video.path}", ""]
    assert not any("sending" in line for line in tty.seen)


def test_a_notice_is_broken_between_words(tty, monkeypatch):
    monkeypatch.setattr(notice, "in_notebook", lambda: False)
    monkeypatch.setenv("COLUMNS", "40")
    shown = notice.preview_notice()
    notice.show_notice(shown)
    lines = tty.getvalue().splitlines()
    assert max(map(len, lines)) <= 39
    assert " ".join(lines) == shown[1]


def test_the_line_is_never_wider_than_the_terminal(rig, tty, monkeypatch):
    """A line that wraps could not be written over: not for a long prompt, not for wide characters."""
    monkeypatch.setenv("COLUMNS", "40")
    rig.studio().generate("灯台の嵐 " * 40, **SMALL)
    lives = [piece for line in tty.getvalue().split("\n") for piece in line.split("\r")[:-1]]  # the rest stays
    assert 30 <= max(map(cells, lives)) <= 39
    assert "灯台の嵐" in tty.getvalue()


def test_what_stays_is_broken_between_words(tty, monkeypatch):
    """At the end of a clip too: no terminal has to break it, which it would do inside a word."""
    monkeypatch.setenv("COLUMNS", "40")
    preview = "PREVIEW · drawn on this machine, not by PixVerse"
    times = "14.1 s in all (queue 0.5, drawing 12.2, download 0.1 s)"
    terminal.Screen().lines([["● completed", preview, "540p", times], [preview]])
    lines = tty.getvalue().splitlines()
    assert max(map(cells, lines)) <= 39
    said = " ".join(line.strip() for line in lines)
    assert said == f"● completed {preview} · 540p {times} {preview}"


@pytest.mark.parametrize("width", [20, 30, 38, 45, 60, 80, 200])
def test_what_does_not_fit_is_left_out_whole(width):
    """Half a price would be a wrong one; only a prompt, in its quotes, is cut."""
    parts = [
        "◐ drawing",
        "0:12",
        "$0.044 pretended by the preview, $0 billed",
        "“A lighthouse in a storm, slow dolly in”",
    ]
    line = terminal.fitted(parts, width)
    assert cells(line) <= width
    said = line.split(" · ")
    assert said[0] == parts[0]
    assert all(one in parts or (one.startswith("“A light") and one.endswith("…")) for one in said)
    assert (parts[2] in said) == (width >= 80)
    assert terminal.fitted(["a word that is too long"], 10) == "a word th…"


def test_a_runs_line_leaves_parts_out_whole_too(rig, tty, monkeypatch):
    """A sweep's: its money is told whole or not at all."""
    monkeypatch.setenv("COLUMNS", "42")
    gate, draw = gated()
    plan = rig.studio(rig.server(render=draw)).sweep(prompt=["a cat", "a dog"], **SMALL)
    run = threading.Thread(target=plan.run)
    run.start()
    deadline = time.monotonic() + 10
    while "drawing" not in tty.seen[-1] and time.monotonic() < deadline:
        time.sleep(0.02)
    live = tty.seen[-1]
    gate.set()
    run.join(20)
    assert live.startswith("sweep: 0 of 2 clips · ")
    assert "…" not in live
    assert "sweep: 2 of 2 clips" in "\n".join(tty.seen)


def test_several_are_counted_on_one_line_and_each_end_gets_its_own(rig, tty):
    gate, draw = gated()
    studio = rig.studio(rig.server(render=draw))
    generations = studio.submit("takes", takes=3, **SMALL)
    threads = [threading.Thread(target=one.wait) for one in generations]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while "3 clips: " not in tty.seen[-1] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert tty.seen[-1].startswith("◐ 3 clips: ")
    gate.set()
    for thread in threads:
        thread.join(20)
    assert {line for line in tty.seen if ".mp4" in line} == {f"  {one.video.path}" for one in generations}
    assert sum("● completed" in line for line in tty.seen) == 3
    assert tty.seen[-1] == ""


def test_an_interrupted_wait_leaves_the_line_and_says_that_the_job_goes_on(rig, tty, monkeypatch):
    gate, draw = gated()
    generation = rig.studio(rig.server(render=draw)).submit("a cat", **SMALL)
    monkeypatch.setattr(generation._change, "wait", lambda _s: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(pv.WaitInterrupted, match=r"the job goes on\. Run the cell again to pick it up"):
        generation.wait()
    monkeypatch.undo()
    assert tty.getvalue().endswith("\n")
    gate.set()
    assert generation.wait().status == "completed"
    assert sends(rig.servers[-1]) == 1


def test_a_timeout_leaves_the_line_too(rig, tty):
    gate, draw = gated()
    generation = rig.studio(rig.server(render=draw)).submit("a cat", **SMALL)
    with pytest.raises(pv.WaitTimeout):
        generation.wait(0.2)
    assert tty.getvalue().endswith("\n")
    assert "“a cat”" in tty.seen[-2]
    gate.set()
    generation.wait()


def test_the_end_is_told_once(rig, capsys):
    generation = rig.studio().generate("a cat", **SMALL)
    capsys.readouterr()
    generation.wait()
    assert capsys.readouterr() == ("", "")
    generation.show()  # asked for
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == f"  {generation.video.path}"
    assert err == ""


def test_shown_in_a_script_it_is_text_and_no_html(rig, capsys):
    gate, draw = gated()
    generation = rig.studio(rig.server(render=draw)).submit(HOSTILE.replace("\x00", ""), **SMALL)
    generation.show()
    out = capsys.readouterr().out
    assert "<" not in out
    assert "a cat red" in out
    assert clean(out)
    gate.set()
    generation.wait()


def test_a_player_shown_in_a_script_is_its_line_and_its_path(rig, capsys):
    """Found by a reader: it printed the page of the player, 30 kB of it."""
    studio = rig.studio()
    clip, film = studio.generate("a cat", **SMALL), studio.storyboard(["a cat", "a dog"], **SMALL).run()
    capsys.readouterr()
    for shown in (clip.video, film):
        shown.show()
        line, *_, path = said = capsys.readouterr().out.splitlines()
        assert line.startswith("● completed · “")
        assert len(said) <= 3, "a remark may stand between them"
        assert path == f"  {shown.path}"


def test_a_reused_clip_says_so_with_its_path(rig, capsys):
    studio = rig.studio()
    first = studio.generate("a cat", **SMALL)
    capsys.readouterr()
    studio.generate("a cat", **SMALL)
    line, why, path = capsys.readouterr().err.splitlines()
    assert "REUSED" in line
    assert "$0.000" in line
    assert f"reused {first.id}" in why
    assert path == f"  {first.video.path}"


def test_a_clip_that_is_fetched_again_ends_once_more(rig, capsys):
    """Found by a reader: the last that a script heard of it was "downloading"."""
    studio = rig.studio()
    clip = studio.generate("a cat", **SMALL)
    clip.video.path.unlink()
    capsys.readouterr()
    studio.generate("a cat", **SMALL)
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("● completed") for line in said)
    assert said[-1] == f"  {clip.video.path}"
    assert sends(rig.servers[0]) == 1


def test_a_failure_gets_its_line_and_is_raised(rig, capsys):
    rig.servers[0].faults.add("submit", status=400, text="no such thing")
    with pytest.raises(pv.BadRequest):
        rig.studio().generate("a cat", **SMALL)
    assert capsys.readouterr().err.splitlines()[-1].startswith("✕ failed · 360p · 1 s · not billed · ")


# ---- what cannot be relied on ----------------------------------------------------------------------------------------


def clean(text: str) -> bool:
    """Whether nothing in it steers a terminal."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text if c not in "\r\n")


@pytest.mark.parametrize("is_tty", [False, True])
def test_hostile_prompts_and_answers_do_not_steer_the_terminal(rig, tty, monkeypatch, is_tty):
    if not is_tty:
        monkeypatch.setattr(tty, "isatty", lambda: False)
    server, studio = rig.servers[0], rig.studio()
    studio.generate(HOSTILE, **SMALL)
    server.faults.add("submit", status=400, text=HOSTILE)
    with pytest.raises(pv.BadRequest):
        studio.generate("another " + HOSTILE, **SMALL)
    written = tty.getvalue()
    assert "a cat red" in written
    assert clean(written)
    assert "title" not in written
    assert "evil" not in written
    assert "\r" not in written or is_tty


def test_a_console_that_knows_only_ascii_gets_ascii(rig, monkeypatch):
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stderr", plain)
    rig.studio().generate("a cat", **SMALL)
    said = plain.buffer.getvalue().decode("ascii")
    assert "* completed - 360p" in said
    assert '"a cat"' in said
    assert ".mp4" in said


def test_what_is_asked_for_is_ascii_too_where_nothing_else_can_be_shown(rig, monkeypatch):
    """Found by a reader: `show()` broke down at the first dot."""
    studio = rig.studio()
    clip, plan = studio.generate("猫 a cat", **SMALL), studio.sweep(prompt=["猫"], **SMALL)
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stdout", plain)
    for show in (clip.show, clip.video.show, plan.grid, pv.Generations([clip]).show):
        show()
    said = plain.buffer.getvalue().decode("ascii")
    assert "* completed - 360p" in said
    assert said.count("\\u732b a cat") == 3


@pytest.mark.parametrize("broken", ["none", "closed", "raises"])
def test_a_broken_standard_error_is_no_reason_to_lose_a_job(rig, monkeypatch, broken):
    class Raises(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    made = {"none": None, "closed": io.StringIO(), "raises": Raises()}[broken]
    if broken == "closed":
        made.close()
    monkeypatch.setattr(sys, "stderr", made)
    assert rig.studio().generate("a cat", **SMALL).status == "completed"


def test_a_reader_that_is_slow_does_not_hold_up_the_job(rig, monkeypatch):
    """The job's threads must never wait for whoever reads standard error."""
    free = threading.Event()

    class Slow(io.StringIO):
        def write(self, _text):
            free.wait(10)
            return 0

    monkeypatch.setattr(sys, "stderr", Slow())
    generation = rig.studio().submit("a cat", **SMALL)
    waiter = threading.Thread(target=generation.wait)
    waiter.start()
    deadline = time.monotonic() + 8
    while generation.status != "completed" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert generation.status == "completed"
    assert waiter.is_alive()
    free.set()
    waiter.join(10)


def test_a_notebook_gets_nothing_from_here(rig, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "in_notebook", lambda: True)
    rig.studio().submit("a cat", **SMALL).wait()
    assert capsys.readouterr() == ("", "")


# ---- sweeps ----------------------------------------------------------------------------------------------------------


def test_a_sweep_in_a_terminal_is_one_line(rig, tty):
    rig.studio().sweep(prompt=["a cat", "a dog"], **SMALL).run()
    lines = [line for line in tty.seen if line]
    assert lines[0].startswith("sweep: 2 of 2 clips · ")
    assert "clips in" in " ".join(lines)
    assert "sending" not in " ".join(lines)
    assert "sending" in tty.getvalue()


# ---- async code ------------------------------------------------------------------------------------------------------


def test_awaitables_gather_and_print_nothing(rig, capsys):
    studio = rig.studio()

    async def main():
        return await asyncio.gather(*(studio.submit(f"cat {n}", **SMALL) for n in range(5)))

    made = asyncio.run(main())
    assert [one.status for one in made] == ["completed"] * 5
    assert sends(rig.servers[0]) == 5
    assert capsys.readouterr() == ("", "")


def test_a_cancelled_await_leaves_the_job_going_on(rig):
    """Cancelling a task, or a time-out around it, ends the waiting only: the job is not sent again."""
    gate, draw = gated()
    generation = rig.studio(rig.server(render=draw)).submit("a cat", **SMALL)

    async def hasty():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_task(generation), 0.2)
        task = asyncio.ensure_future(_task(generation))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not generation._wakers
        gate.set()
        return await generation

    assert asyncio.run(hasty()).status == "completed"
    assert sends(rig.servers[-1]) == 1


def test_one_that_fails_ends_the_gathering_and_the_others_go_on(rig):
    rig.servers[0].faults.add("submit", status=400)
    studio = rig.studio()
    made = [studio.submit(f"cat {n}", **SMALL) for n in range(3)]

    async def main():
        with pytest.raises(pv.BadRequest):
            await asyncio.gather(*(_task(one) for one in made))
        return await asyncio.gather(*(_task(one) for one in made), return_exceptions=True)

    ends = asyncio.run(main())
    assert sorted(type(end).__name__ for end in ends) == ["BadRequest", "Generation", "Generation"]


async def _task(generation):
    return await generation


# ---- words -----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_one_line_is_one_line_that_steers_nothing(text):
    line = one_line(text)
    assert "\n" not in line
    assert clean(line.replace("\u200d", "").replace("\u200c", ""))
    assert one_line(line) == line
    assert len(harmless(text).splitlines()) <= 1


@given(st.text(), st.integers(1, 60))
def test_what_is_cut_fits(text, most):
    line = one_line(text)
    assert cells(cut(line, most)) <= most
    assert len(shortened(text, most)) <= most
    if cells(line) <= most:
        assert cut(line, most) == line


def test_a_path_keeps_its_spaces():
    assert harmless("/home/my  clips/a.mp4") == "/home/my  clips/a.mp4"
    assert textwrap.dedent(harmless("  /x")) == "/x"


def test_the_figures_of_a_look_are_its_own():
    look = terminal.Look("processing", "p", clock="0:10", share=0.5, money="$1.000 estimated")
    assert terminal.running_parts(look) == ["◐ drawing ████████░░░░░░░░", "0:10", "$1.000 estimated", "“p”"]
    assert re.fullmatch(r"◐ 2 clips: 2 drawing", terminal.crowd_parts([look, look])[0])
    assert generation_module.text_of(look) == "◐ drawing ████████░░░░░░░░ · 0:10 · $1.000 estimated · “p”"


def test_a_cards_text_is_harmless_lines_as_well():
    """What a notebook keeps for those who read it in a terminal."""
    text = card_text(Card("id", "completed", HOSTILE, [HOSTILE], (16, 9), note=HOSTILE, error=HOSTILE, flag=HOSTILE))
    assert len(text.split("\n")) == 4
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in text.replace("\n", ""))
