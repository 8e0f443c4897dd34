"""`%pixverse` and `%%pixverse`: options from the schema, the notebook's variables, completion, errors in a sentence."""

import asyncio
import io
import os
import re
import threading
import warnings

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image
from studio_rig import KEY, PACE, paint, rigged, sends, uploads
from traitlets.config import Config

import pixverse_nb as pv
from pixverse_nb.display.html import Html
from pixverse_nb.display.manual import manual_html, manual_text
from pixverse_nb.magics.completion import candidates
from pixverse_nb.magics.manual import manual
from pixverse_nb.magics.options import OPTIONS, read
from pixverse_nb.parameters import PARAMETERS

SMALL = "--duration 1 --quality 360p"


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


@pytest.fixture
def shell(tmp_path):
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=config, ipython_dir=str(tmp_path / "ipython"))
    made.run_line_magic("load_ext", "pixverse_nb")
    yield made
    made.run_line_magic("unload_ext", "pixverse_nb")
    InteractiveShell.clear_instance()


@pytest.fixture
def here(rig, shell):
    """The shell, with a studio in its namespace."""
    shell.user_ns["studio"] = rig.studio()
    return shell


def run(shell, code):
    """Run a cell; raises what it raised."""
    result = shell.run_cell(code)
    result.raise_error()
    return result.result


def complete(shell, before):
    """By the old way, which terminals' plugins and Emacs still go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return shell.complete("", before, len(before))


def said(shell, capsys, code) -> str:
    """What a failing cell shows."""
    capsys.readouterr()
    result = shell.run_cell(code)
    assert not result.success
    return "".join(capsys.readouterr())


# ---- reading a line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "prompt", "given"),
    [
        ("a short prompt --duration 1", "a short prompt", {"duration": "1"}),
        ("--duration 1 a short prompt", "a short prompt", {"duration": "1"}),
        ("--duration=1 --quality=720p a cat", "a cat", {"duration": "1", "quality": "720p"}),
        ("a cat's dream -- --odd words", "a cat's dream --odd words", {}),
        ("'tis night --seed -1", "'tis night", {"seed": "-1"}),
        ('"a quoted prompt" --as clip', "a quoted prompt", {"as": "clip"}),
        ('say "hello" twice', 'say "hello" twice', {}),
        ('a cat --negative-prompt "no rain, no snow"', "a cat", {"negative_prompt": "no rain, no snow"}),
        ('a cat --negative_prompt="no rain" slow', "a cat slow", {"negative_prompt": "no rain"}),
        ("--generate_audio_switch a cat", "a cat", {"generate_audio_switch": True}),
        ("--generate-audio-switch false a cat", "a cat", {"generate_audio_switch": False}),
        ("--generate-audio-switch=TRUE a cat", "a cat", {"generate_audio_switch": True}),
        ("--no-generate-audio-switch on a hill", "on a hill", {"generate_audio_switch": False}),
        ("--no-generate_audio_switch a", "a", {"generate_audio_switch": False}),
        ("--no-reuse --submit --estimate a", "a", {"reuse": False, "submit": True, "estimate": True}),
        ("a - b – c -5 degrees", "a - b – c -5 degrees", {}),
        ("", "", {}),
    ],
)
def test_a_line_is_read_as_it_is_meant(line, prompt, given):
    wanted = read(line, is_cell=False)
    assert (wanted.prompt, wanted.given) == (prompt, given)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--durtion 5", "'--durtion' is not an option of %pixverse. Nothing was billed. Did you mean --duration?"),
        ("--zebra 5", "%pixverse --help lists them"),
        ("a cat -duration 5", "Write --duration, with two hyphens"),
        ("a cat —duration 5", "Write --duration, with two hyphens"),
        (
            "--duration",
            "--duration has no value. Nothing was billed. Write --duration N: a whole number from 1 to 15 s",
        ),
        ("--duration --quality 720p", "--duration has no value"),
        ("--duration 5 --duration 6", "--duration is given twice"),
        ("--reuse --no-reuse", "--reuse is given twice"),
        ("--no-submit", "'--no-submit' is not an option"),
        ("--submit=yes", "--submit takes no value"),
        ("--no-reuse=true", "--reuse takes no value"),
        ("--reuse=maybe", "reuse='maybe' is not allowed: reuse is True or False"),
        ("--no-duration", "is not an option"),
    ],
)
def test_a_slip_is_one_clear_sentence(line, words):
    with pytest.raises(pv.InvalidParameter) as caught:
        read(line, is_cell=False)
    assert words in str(caught.value)
    assert caught.value.billed is False


def test_every_parameter_is_an_option_in_both_spellings():
    for name, parameter in PARAMETERS.items():
        if name == "prompt":
            continue
        for flag in (f"--{name}", f"--{name.replace('_', '-')}"):
            given = read(flag if parameter.kind == "boolean" else f"{flag} x", is_cell=True).given
            assert set(given) == {name}


def test_the_help_is_the_schemas(here, capsys):
    run(here, "%pixverse --help")
    out = capsys.readouterr().out
    flat = " ".join(out.split())
    for option in OPTIONS.values():
        assert option.flag in out
        assert " ".join(option.parameter.help.split()) in flat
    assert "a whole number from 1 to 15 s; default 5" in flat
    assert max(map(len, out.splitlines())) <= 100
    page = manual_html(manual())
    assert isinstance(page, Html)
    assert page.count("<tr") == len(OPTIONS) + 2
    assert manual_text(manual()) in here.find_line_magic("pixverse").__doc__


# ---- sending ---------------------------------------------------------------------------------------------------------


def test_a_cell_sends_its_body_with_the_lines_options(rig, here):
    run(here, f"%%pixverse {SMALL} --as clip --no-generate-audio-switch --seed -1\nA cat's dream,\nslow dolly in\n")
    clip = here.user_ns["clip"]
    assert clip.status == "completed"
    assert clip.request.parameters == {
        "prompt": "A cat's dream,\nslow dolly in", "duration": 1, "quality": "360p",
        "generate_audio_switch": False, "seed": -1,
    }  # fmt: skip
    assert sends(rig.servers[0]) == 1


def test_a_line_is_a_value_too(rig, here):
    run(here, f"clip = %pixverse a short prompt {SMALL}")
    assert here.user_ns["clip"].request.prompt == "a short prompt"
    again = run(here, f"%pixverse a short prompt {SMALL}")
    assert again.reused_from == here.user_ns["clip"].id
    assert run(here, f"%pixverse a short prompt {SMALL} --no-reuse").reused_from is None
    assert run(here, f"%pixverse a short prompt {SMALL} --take 2").request.take == 2
    assert sends(rig.servers[0]) == 3


def test_takes_are_a_list(here):
    run(here, f"%pixverse a cat {SMALL} --takes 3 --as cats")
    assert [one.request.take for one in here.user_ns["cats"]] == [1, 2, 3]
    assert isinstance(here.user_ns["cats"], pv.Generations)


def test_in_a_terminal_takes_are_told_once(here, capsys):
    """Each one's end while they are waited for, and not by the cell's echo again; of what was not, the echo tells."""
    takes = run(here, f"%pixverse a cat {SMALL} --takes 2")
    told = "".join(capsys.readouterr())
    assert [told.count(take.id) for take in takes] == [told.count(str(take.video.path)) for take in takes] == [1, 1]
    here.execution_count += 1  # the next cell
    run(here, "_")
    assert all(take.id in capsys.readouterr().out for take in takes[:1])


def test_submit_returns_at_once(rig, here):
    gate = threading.Event()

    def draw(shot, path):
        gate.wait(20)
        paint(shot, path)

    here.user_ns["studio"] = rig.studio(rig.server(render=draw))
    run(here, f"%pixverse a cat {SMALL} --submit --as clip")
    assert here.user_ns["clip"].status != "completed"
    gate.set()
    assert here.user_ns["clip"].wait().status == "completed"


def test_what_was_sent_is_bound_before_it_ends(rig, here, monkeypatch):
    """An interrupt leaves the job going on, with the usual sentence, and its handle in the notebook."""
    monkeypatch.setattr(pv.Generation, "_stand_by", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    result = here.run_cell(f"%%pixverse {SMALL} --as clip\na cat")
    assert isinstance(result.error_in_exec, pv.WaitInterrupted)
    assert "the job goes on. Run the cell again to pick it up." in str(result.error_in_exec)
    monkeypatch.undo()
    assert here.user_ns["clip"].wait().status == "completed"
    assert sends(rig.servers[0]) == 1


def test_line_ends_of_another_system_make_no_other_clip(rig, here):
    """A notebook that Windows has saved: the same words are the same request, and are paid once."""
    clip = run(here, f"%%pixverse {SMALL}\na cat,\nslow dolly in")
    same = run(here, f"%%pixverse {SMALL}\r\na cat,\r\nslow dolly in\r\n")
    assert same.reused_from == clip.id
    assert sends(rig.servers[0]) == 1


def test_an_estimate_sends_nothing_and_knows_what_is_there(rig, here, capsys):
    run(here, f"%pixverse --estimate a cat {SMALL}")
    assert capsys.readouterr().out == "$0.044, estimated from the price table of 2026-11. Nothing was sent.\n"
    run(here, f"%pixverse a cat {SMALL}")
    capsys.readouterr()
    run(here, f"%%pixverse --estimate {SMALL} --takes 3\na cat")
    assert capsys.readouterr().out.startswith("1 of 3 is there already or under way, at no cost. $0.087")
    run(here, f"%pixverse --estimate a cat {SMALL} --no-reuse")
    assert capsys.readouterr().out.startswith("$0.044")
    assert sends(rig.servers[0]) == 1


def test_an_estimate_needs_no_studio(shell, capsys, tmp_path):
    run(shell, "%pixverse --estimate a cat --duration 5 --quality 540p")
    assert capsys.readouterr().out.startswith("$0.281")
    assert not any(isinstance(value, pv.Studio) for value in shell.user_ns.values())
    assert not (tmp_path / "pixverse_data").exists()


# ---- which studio ----------------------------------------------------------------------------------------------------


def test_the_newest_studio_is_taken_and_named_where_there_is_a_choice(rig, here, capsys):
    run(here, f"%pixverse a cat {SMALL}")
    assert "--studio" not in capsys.readouterr().err
    here.user_ns["alpha"] = rig.studio(rig.server(), home=rig.home / "second")
    run(here, f"%pixverse a dog {SMALL}")
    assert "Sent by alpha, the newest of the studios studio, alpha" in capsys.readouterr().err
    assert [sends(server) for server in rig.servers] == [1, 1]
    run(here, f"%pixverse a hen {SMALL} --studio studio")
    assert [sends(server) for server in rig.servers] == [2, 1]


def test_without_a_studio_one_is_made_once_and_says_so(rig, shell, capsys, monkeypatch):
    monkeypatch.setenv("SEGMIND_API_KEY", KEY)
    monkeypatch.setenv("PIXVERSE_NB_BASE_URL", rig.servers[0].url)
    shell.user_ns["studio"] = "taken"
    run(shell, f"%pixverse a cat {SMALL}")
    assert "pixverse_studio = pv.Studio()" in capsys.readouterr().err
    made = shell.user_ns["pixverse_studio"]
    rig.studios.append(made)
    run(shell, f"%pixverse a dog {SMALL}")
    assert "so one was made" not in capsys.readouterr().err
    assert len(made.history()) == 2


# ---- the notebook's variables ----------------------------------------------------------------------------------------


class Light:
    colour = "amber"


def test_variables_are_filled_in_and_nothing_is_evaluated(here):
    here.user_ns.update(mood="calm {not again}", light=Light(), lights=["red", "blue"], by={"sea": "waves"}, s=1, x=2.5)
    run(here, "%%pixverse --as clip --duration {s} --quality 360p --negative-prompt '{lights[1]} rain'\n"
              "{mood} {light.colour} {lights[0]!r} {by[sea]} {x:.2f} {{brace}} {s:>{s}}")  # fmt: skip
    asked = here.user_ns["clip"].request
    assert asked.prompt == "calm {not again} amber 'red' waves 2.50 {brace} 1"
    assert asked.parameters["negative_prompt"] == "blue rain"
    assert asked.parameters["duration"] == 1


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a {moood} cat", "the prompt names {moood}, which is no variable of the notebook. Nothing was"),
        ("a {moood} cat", "mean {mood}? For a brace itself, write it twice: {{moood}}."),
        ("a {} cat", "the prompt names {}, which is no variable"),
        ("a {0} cat", "is no variable"),
        ("a {1+1} cat", "{1+1}, which is no variable"),
        ("a {print(1)} cat", "which is no variable"),
        ("a {mood.nothing} cat", "{mood.nothing} in the prompt cannot be filled in: AttributeError"),
        ("a {mood[99]} cat", "IndexError"),
        ("a {mood.__class__} cat", "names with an underscore in front are not read"),
        ("a {mood:.2f} cat", "ValueError"),
        ("a { cat", "the braces in the prompt are not in pairs"),
        ("a } cat", "For a brace itself, write it twice".lower()),
    ],
)  # fmt: skip
def test_a_brace_that_means_nothing_is_one_clear_sentence(rig, here, capsys, prompt, words):
    here.user_ns["mood"] = "calm"
    shown = said(here, capsys, f"%%pixverse {SMALL}\n{prompt}")
    assert words in shown
    assert shown.startswith("InvalidParameter: ")
    assert len(shown.strip().splitlines()) == 1
    assert sends(rig.servers[0]) == 0


@pytest.mark.parametrize("kind", ["pillow", "bytes", "array", "generation", "path variable", "path", "item"])
def test_an_image_is_a_variable_or_a_path(rig, here, tmp_path, kind):
    picture = Image.new("RGB", (64, 64), "red")
    picture.save(tmp_path / "photo one.png")
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    run(here, f"clip = %pixverse first {SMALL}")
    here.user_ns.update(
        pillow=picture, data=encoded.getvalue(), array=np.zeros((64, 64, 3), np.uint8),
        path=tmp_path / "photo one.png", shots={"a": picture},
    )  # fmt: skip
    name = {"pillow": "pillow", "bytes": "data", "array": "array", "generation": "clip", "path variable": "path",
            "path": "'photo one.png'", "item": "shots[a]"}[kind]  # fmt: skip
    assert run(here, f"%pixverse next {SMALL} --image {name}").request.image_sha256
    assert uploads(rig.servers[0]) == 1


def test_an_image_url_goes_as_it_is(here):
    made = run(here, f"%pixverse next {SMALL} --image https://pictures.example/a.png")
    assert made.request.parameters["image_url"] == "https://pictures.example/a.png"


class Bad:
    """A variable that breaks when it is printed."""

    def __str__(self) -> str:
        return str(1 / 0)

    __repr__ = __str__


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%pixverse a {0} cat", "the prompt names {0}, which is no variable"),
        ("%pixverse a {} cat", "the prompt names {}, which is no variable"),
        ("%pixverse a cat --duration 99", "duration=99 is not allowed: duration is a whole number from 1 to 15 s"),
        ("%pixverse a cat --duration five", "duration='five' is not allowed"),
        ("%pixverse a cat --duration 1e400", "duration='1e400' is not allowed"),
        ("%pixverse a cat --guidance-scale nan", "guidance_scale=nan is not allowed"),
        ("%pixverse a cat --quality 720", "Did you mean '720p'?"),
        ("%pixverse a cat --takes 0", "takes=0 is not allowed"),
        ("%pixverse a cat --dur 3", "Did you mean --duration?"),
        ("%pixverse a {bad} cat", "{bad} in the prompt cannot be filled in: ZeroDivisionError"),
        ("%pixverse a {bad!r} cat", "{bad!r} in the prompt cannot be filled in: ZeroDivisionError"),
        ("%pixverse a {studio!x} cat", "{studio!x} in the prompt cannot be filled in: ValueError"),
        ("%pixverse a {studio:x} cat", "{studio:x} in the prompt cannot be filled in: TypeError"),
        ("%pixverse a cat --takes 2026", "takes=2026 is not allowed"),
        ("%pixverse --estimate --takes 2147483647 a cat", "takes=2147483647 is not allowed"),
        ("%pixverse a {studio:10000000000} cat", "5,000 is the largest width"),
        ("%pixverse a {studio:>9999999999999999999999} cat", "5,000 is the largest width"),
        ("%pixverse a cat --take some", "take='some' is not allowed"),
        ("%pixverse a cat --image nowhere.png", "--image 'nowhere.png' is neither a variable of the notebook nor"),
        ("%pixverse a cat --image hera", "Did you mean hero?"),
        ("%pixverse a cat --image studio", "Studio is not a picture"),
        ("%pixverse a cat --as studio", "--as studio would replace the notebook's studio"),
        ("%pixverse a cat --as os", "--as os would replace a module"),
        ("%pixverse a cat --as a.b", "--as 'a.b' is no name of a variable"),
        ("%pixverse a cat --as class", "is no name of a variable"),
        ("%pixverse a cat --studio hero", "a Image, not a Studio. Nothing was billed. Studios here are: studio."),
        ("%pixverse a cat --studio nobody", "--studio 'nobody' is no variable"),
        ("%pixverse", "there is no prompt"),
        ("%%pixverse --duration 1\n  \n", "there is no prompt"),
        ("%%pixverse", "there is no prompt"),
        ("%%pixverse\n", "there is no prompt"),
        ("\n%%pixverse --duration 1", "there is no prompt"),
        ("%%pixverse --durration 1\n", "Did you mean --duration?"),
        ("%%pixverse a cat --duration 1\nbody", "'a cat' is neither an option nor an option's value"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_one_sentence_without_a_stack(rig, here, capsys, cell, words):
    here.user_ns.update(hero=Image.new("RGB", (8, 8)), os=os, bad=Bad())
    shown = said(here, capsys, cell)
    assert words in shown
    assert len(shown.strip().splitlines()) == 1
    assert re.match(r"(InvalidParameter|UnknownParameter|InvalidImage): ", shown)
    assert sends(rig.servers[0]) == 0


def test_the_services_refusal_is_one_sentence_too(rig, here, capsys):
    rig.servers[0].faults.add("submit", status=401)
    shown = said(here, capsys, f"%pixverse a cat {SMALL} --as clip").splitlines()
    assert sum(line.startswith("AuthenticationError: ") for line in shown) == 1
    assert not any("Traceback" in line or "File " in line for line in shown)
    assert here.user_ns["clip"].status == "failed"


# ---- completion ------------------------------------------------------------------------------------------------------


COMPLETIONS = [
    ("%pixverse --du", ["--duration"]),
    ("%%pixverse --du", ["--duration"]),
    ("clip = %pixverse a cat --du", ["--duration"]),
    ("%pixverse --generate_", ["--generate_audio_switch"]),
    ("%pixverse --no-", ["--no-generate-audio-switch", "--no-reuse"]),
    ("%pixverse --quality ", ["360p", "540p", "720p", "1080p"]),
    ("%pixverse --quality 7", ["720p"]),
    ('%pixverse --quality "', ['360p"', '540p"', '720p"', '1080p"']),
    ("%pixverse --quality=7", ["720p"]),
    ("%pixverse --aspect-ratio 16:", ["9"]),
    ("%pixverse --duration 1", ["1", "10", "11", "12", "13", "14", "15"]),
    ("%pixverse --steps ", ["25"]),
    ("%pixverse --reuse f", ["false"]),
    ("%pixverse --image her", ["hero"]),
    ("%pixverse --image pho", ["photo.png"]),
    ("%pixverse --image pics/", ["pics/b.jpg"]),
    ("%pixverse --studio ", ["studio"]),
    ("%pixverse a {moo", ["mood"]),
]


@pytest.mark.parametrize(("before", "expected"), COMPLETIONS)
def test_options_values_and_variables_complete(here, tmp_path, before, expected):
    """By both of IPython's ways to ask, the second being the kernel's."""
    (tmp_path / "pics").mkdir()
    for name in ("photo.png", "notes.txt", "pics/b.jpg"):
        (tmp_path / name).touch()
    here.user_ns.update(hero=Image.new("RGB", (8, 8)), mood="calm")
    text, matches = complete(here, before)
    assert sorted(matches) == sorted(expected)
    with provisionalcompleter():
        found = [(one.text, one.start, one.end) for one in here.Completer.completions(before, len(before))]
    if not hasattr(here.Completer, "_jedi_matcher"):  # before 8.6 nothing can keep Jedi silent
        found = [one for one in found if one[0] in expected]
    assert sorted(one[0] for one in found) == sorted(expected)
    for match, start, end in found:
        assert (before[:start] + match).startswith(before[: len(before) - len(text)])
        assert end == len(before)


def test_in_a_cell_only_its_first_line_has_options(here):
    code = "%%pixverse --du\nthe body --du"
    with provisionalcompleter():
        assert [one.text for one in here.Completer.completions(code, 15)] == ["--duration"]
        assert "--duration" not in [one.text for one in here.Completer.completions(code, len(code))]


def test_other_lines_complete_as_ever(here):
    assert candidates("%matplotlib --l", {}) is None
    assert candidates("pixverse --l", {}) is None
    assert complete(here, "%loa")[1][:1] == ["%load"]


def test_a_name_is_offered_for_the_clip_and_no_word_of_pythons(here):
    """With nothing to offer, IPython would list all that Python knows."""
    run(here, f"%pixverse a cat {SMALL} --as storm")
    assert candidates("%pixverse --as ", here.user_ns) == ["storm", "clip"]
    assert candidates("%pixverse --as st", here.user_ns) == ["storm", "st"]
    assert candidates("%pixverse --as ocean", {}) == ["ocean"]


def test_an_option_is_offered_once():
    given = "%pixverse --duration 5 --no-reuse a cat --"
    offered = candidates(given, {})
    assert "--quality" in offered
    assert not {"--duration", "--reuse", "--no-reuse"} & set(offered)


def test_loading_again_and_unloading_leave_nothing_double_and_nothing_behind(here):
    before = complete(here, "%pixverse --q")[1]
    for _ in range(3):
        here.run_line_magic("reload_ext", "pixverse_nb")
    assert complete(here, "%pixverse --q")[1] == before == ["--quality"]
    assert run(here, f"%pixverse a cat {SMALL}").status == "completed"
    here.run_line_magic("unload_ext", "pixverse_nb")
    assert complete(here, "%pixverse --q")[1] == []
    assert here.find_line_magic("pixverse") is None
    assert here.find_cell_magic("pixverse") is None
    assert not [one for one in here.input_transformers_cleanup if one.__module__.startswith("pixverse_nb")]
    here.run_line_magic("load_ext", "pixverse_nb")


# ---- a real kernel ---------------------------------------------------------------------------------------------------


def test_in_a_kernel_a_cell_shows_its_player_and_completes_and_can_be_interrupted(rig, kernel):
    """The whole way through ipykernel: load, send, show, complete, fail in a sentence, interrupt, pick up again."""
    gate = threading.Event()

    def draw(shot, path):
        gate.wait(30 if shot.prompt == "slow" else 0)
        paint(shot, path)

    server = rig.server(render=draw)
    setup = (
        f"import pixverse_nb as pv, warnings\n%load_ext pixverse_nb\n"
        f"studio = pv.Studio({KEY!r}, base_url={server.url!r}, home={str(rig.home)!r}, pace=pv.{PACE!r})"
    )
    reply, outputs = kernel.execute(setup)
    assert reply["status"] == "ok", outputs

    reply, outputs = kernel.execute(f"%%pixverse {SMALL} --as clip\na cat")
    assert reply["status"] == "ok", outputs
    assert [kind for kind, _ in outputs].count("display_data") == 1
    assert not any(kind in {"stream", "execute_result"} for kind, _ in outputs)  # no terminal's lines, no echo
    assert "<video" in outputs[-1][1]["data"]["text/html"]

    for code, expected in (("%%pixverse --qual\na cat", "--quality"), ("%pixverse --image cl", "clip")):
        line = code.partition("\n")[0]
        kernel.client.complete(code, len(line))
        content = kernel.client.get_shell_msg(timeout=20)["content"]
        assert expected in content["matches"]
        assert line[: content["cursor_start"]] + expected == line[: line.rindex(" ") + 1] + expected

    reply, outputs = kernel.execute("%pixverse a cat --duration 99")
    assert reply["ename"] == "InvalidParameter"
    assert len(reply["traceback"]) == 1
    assert outputs[-1][1]["traceback"] == reply["traceback"]

    interrupt = threading.Timer(1, kernel.interrupt)
    reply, outputs = kernel.execute(f"%%pixverse {SMALL} --as later\nslow", started=interrupt.start)
    assert reply["ename"] == "WaitInterrupted", outputs
    assert len(reply["traceback"]) == 1
    assert "the job goes on. Run the cell again to pick it up." in reply["traceback"][0]
    gate.set()
    before = sends(server)
    reply, outputs = kernel.execute(f"%%pixverse {SMALL}\nslow")
    assert reply["status"] == "ok", outputs
    assert sends(server) == before == 2

    reply, outputs = kernel.execute("%pixverse --help")
    assert "<table" in outputs[0][1]["data"]["text/html"]


def test_a_cell_can_be_awaited_beside_the_magic(here):
    """`--submit` gives a generation that async code awaits."""
    made = run(here, f"%pixverse a cat {SMALL} --submit")

    async def main():
        return await made

    assert asyncio.run(main()).status == "completed"
