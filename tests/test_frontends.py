"""Front ends other than JupyterLab and Notebook 7.

For real: nbconvert with and without execution, papermill, nbclient, Chromium. By imitation of what is known of them:
VS Code and Colab, which cannot be run here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import av
import IPython
import nbformat
import pytest
from clips import make_clip
from studio_rig import KEY, rigged, sends

import pixverse_nb as pv
from pixverse_nb.display import frontend
from pixverse_nb.display.frontend import front_end, source_of, unattended
from pixverse_nb.media.sound import with_sound_for_vscode

lab = pytest.importorskip("lab")
no_chromium = pytest.mark.skipif(lab.CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium here")

VS_CODE_CELL = "vscode-notebook-cell:/home/me/book.ipynb#W2sZmlsZQ%3D%3D"
LAB_CELL = "3fa2b4e0-9a51-4c38-8d6e-6f0b4c1f1f60"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch):
    """No front end's marks from the shell that runs the tests."""
    for name in [name for name in os.environ if name.startswith(("VSCODE_", "VOILA_"))] + ["SERVER_SOFTWARE"]:
        monkeypatch.delenv(name, raising=False)


def shell_of(monkeypatch, *, cell=None, stdin=True, **namespace):
    """A kernel whose cell was run by such a request."""
    metadata = {} if cell is None else {"cellId": cell}
    request = {"header": {"msg_type": "execute_request"}, "metadata": metadata, "content": {"allow_stdin": stdin}}
    shell = types.SimpleNamespace(kernel=object(), user_ns=namespace, get_parent=lambda: request)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    return shell


# ---- who is looking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "cell", "namespace", "who"),
    [
        ({}, None, {}, "jupyter"),
        ({"JPY_SESSION_NAME": "/home/me/book.ipynb"}, LAB_CELL, {}, "jupyter"),
        ({"VSCODE_PID": "7"}, None, {}, "vscode"),
        ({"VSCODE_CWD": "/"}, None, {}, "vscode"),  # in a container there is no VSCODE_PID (holoviz/panel 5200)
        ({"VSCODE_NLS_CONFIG": "{}"}, None, {}, "vscode"),
        ({}, None, {"__vsc_ipynb_file__": "/home/me/book.ipynb"}, "vscode"),
        ({}, VS_CODE_CELL, {}, "vscode"),
        ({}, VS_CODE_CELL.replace("cell:", "cell-remote://ssh/"), {}, "vscode"),
        # VS Code shows a kernel of a Jupyter server; a Jupyter server was started in VS Code's terminal.
        ({"JPY_SESSION_NAME": "book-jvsc-1.ipynb"}, VS_CODE_CELL, {}, "vscode"),
        ({"JPY_SESSION_NAME": "/home/me/book.ipynb", "VSCODE_PID": "7"}, LAB_CELL, {}, "jupyter"),
        ({"JPY_SESSION_NAME": "/home/me/book.ipynb", "VSCODE_PID": "7"}, None, {}, "jupyter"),
        ({"SERVER_SOFTWARE": "voila/0.5.13"}, None, {}, "voila"),
        ({"VOILA_REQUEST_URL": "http://127.0.0.1:8866/"}, None, {}, "voila"),
        ({"SERVER_SOFTWARE": "nginx"}, None, {}, "jupyter"),
    ],
)
def test_who_is_looking(monkeypatch, environment, cell, namespace, who):
    """By what each front end is known to leave in the environment, the namespace and the request."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shell_of(monkeypatch, cell=cell, **namespace)
    assert front_end() == who
    assert frontend.needs_embedding() is (who != "jupyter")


def test_nobody_is_at_the_screen_only_when_no_input_is_asked_for_and_no_cell_is_named(monkeypatch):
    """Every front end keeps its widgets; what nbclient runs is left to readers without a kernel."""
    shell_of(monkeypatch, stdin=False)
    assert unattended()
    for known in ({"stdin": True}, {"stdin": False, "cell": LAB_CELL}, {"stdin": False, "cell": VS_CODE_CELL}):
        shell_of(monkeypatch, **known)
        assert not unattended()
    shell_of(monkeypatch, stdin=False)
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")  # runs notebooks by nbclient, for people who look
    assert not unattended()
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    assert not unattended()


# ---- VS Code -----------------------------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "home" / "clips"
    folder.mkdir(parents=True)
    return make_clip(folder / "ab.mp4", frames=48, b_frames=2)


def tracks(path):
    with av.open(str(path)) as container:
        return [stream.codec_context.name for stream in container.streams]


def pictures(path):
    """Every packet of the video track: when it is shown, and its bytes."""
    with av.open(str(path)) as container:
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(container.streams.video[0]) if p.size]


def test_the_copy_for_vscode_has_the_same_pictures_and_sound_that_it_plays(clip):
    """Pictures packet by packet, sound as MP3 of the same length; the clip in the home is not touched."""
    before = clip.read_bytes(), clip.stat().st_mtime_ns
    copy = with_sound_for_vscode(clip)
    assert copy == clip.parent.parent / "vscode" / clip.name
    assert tracks(clip) == ["h264", "aac"]
    assert tracks(copy) in (["h264", "mp3float"], ["h264", "mp3"])
    assert pictures(copy) == pictures(clip)
    with av.open(str(copy)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert heard == pytest.approx(2.0, abs=0.06)
    assert (clip.read_bytes(), clip.stat().st_mtime_ns) == before
    made = copy.stat().st_mtime_ns
    assert with_sound_for_vscode(clip) == copy
    assert copy.stat().st_mtime_ns == made, "it is made once"
    assert [path.name for path in copy.parent.iterdir()] == [copy.name], "nothing is left behind"


def test_what_needs_no_copy_or_cannot_have_one_is_played_as_it_is(clip, tmp_path):
    silent = make_clip(clip.with_name("silent.mp4"), audio=False)
    broken = clip.with_name("broken.mp4")
    broken.write_bytes(clip.read_bytes()[:900])
    playing = shutil.copy(with_sound_for_vscode(clip), clip.with_name("playing.mp4"))
    for path in (silent, broken, Path(playing), clip.with_name("none.mp4")):
        assert with_sound_for_vscode(path) == path
    assert [path.name for path in (tmp_path / "home" / "vscode").iterdir()] == [clip.name]


def test_in_a_home_that_cannot_be_written_the_copy_goes_elsewhere(clip):
    (clip.parent.parent / "vscode").write_text("in the way")
    copy = with_sound_for_vscode(clip)
    assert clip.parent.parent not in copy.parents
    assert "mp3" in tracks(copy)[1]
    assert with_sound_for_vscode(clip) == copy
    other = clip.parent.parent.parent / "other" / "clips" / clip.name
    other.parent.mkdir(parents=True)
    (other.parent.parent / "vscode").write_text("in the way")
    other.write_bytes(b"0123456789")
    assert with_sound_for_vscode(other) == other, "another home's clip of the same name is another clip"


def test_vscode_gets_the_copy_embedded_and_jupyter_a_link(clip, monkeypatch):
    """Chosen by itself, with the limit as ever; the panel's and the player's stream carry the copy, too."""
    from pixverse_nb.panel.clip_stream import pieces

    assert source_of(clip, None).src == "home/clips/ab.mp4"
    assert b"".join(piece.data for piece in pieces(clip, 0)) == clip.read_bytes()
    shell_of(monkeypatch, cell=VS_CODE_CELL)
    copy = with_sound_for_vscode(clip).read_bytes()
    assert copy != clip.read_bytes()
    assert source_of(clip, None).src == "data:video/mp4;base64," + base64.b64encode(copy).decode()
    assert b"".join(piece.data for piece in pieces(clip, 0)) == copy
    monkeypatch.setattr(frontend, "EMBED_LIMIT", clip.stat().st_size - 1)
    source = source_of(clip, None)
    assert source.src is None
    assert str(clip) in source.note


HEARD = """async which => {
  const video = document.querySelectorAll('video')[which];
  await video.play();
  while (video.currentTime < 0.3) await new Promise(again => setTimeout(again, 20));
  return [video.webkitAudioDecodedByteCount, video.webkitVideoDecodedByteCount];
}"""


@pytest.fixture(scope="module")
def chromium():
    with lab.browser() as chromium:
        yield chromium


@pytest.mark.browser
@no_chromium
def test_the_embedded_copy_is_seen_and_heard(chromium, clip, monkeypatch):
    """H.264 with MP3 in an MP4 in a data URI: what VS Code is known to play; a silent clip has no such count."""
    shell_of(monkeypatch, cell=VS_CODE_CELL)
    silent = make_clip(clip.with_name("silent.mp4"), frames=48, audio=False)
    page = chromium.new_page()
    page.set_content("".join(f'<video src="{source_of(path, None).src}"></video>' for path in (clip, silent)))
    sound, picture = page.evaluate(HEARD, 0)
    assert sound > 0
    assert picture > 0
    assert page.evaluate(HEARD, 1)[0] == 0
    page.close()


@pytest.mark.slow
@pytest.mark.browser
@no_chromium
def test_pages_of_nbconvert_play_their_clips_from_the_files_beside_them(chromium, pages):
    """Executed by nbconvert, saved by nbclient without widget state, made by papermill: all play, from file://."""
    for name in ("executed.html", "saved.html", "papermill.html"):
        page = chromium.new_page()
        wrong = []
        page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
        page.goto((pages / name).as_uri(), wait_until="domcontentloaded")
        page.wait_for_function(
            "() => { const all = [...document.querySelectorAll('video')];"
            " return all.length >= 3 && all.every(v => v.videoWidth > 0); }",
            timeout=30_000,
        )
        for which in range(page.locator("video").count()):
            assert page.evaluate(HEARD, which)[1] > 0
        text = page.inner_text("body")
        assert "Traceback" not in text
        assert "studio.compare" in text
        assert not wrong
        page.close()


# ---- nbconvert, nbclient, papermill ------------------------------------------------------------------------------

BOOK = (
    "prompt, seconds = 'a cat', 1",
    "import pixverse_nb as pv\nstudio = pv.Studio(home='home')",
    "a = studio.generate(prompt, duration=seconds)",
    "b = studio.submit(prompt + ' and a dog', duration=1).wait()",
    "studio.history()",
    "studio.compare(a, b)",
    "studio.panel()",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The book, run by each of them for real, in real kernels."""
    folder = tmp_path_factory.mktemp("book") / "my book"
    folder.mkdir()
    book = lab.write_notebook(folder / "book.ipynb", *BOOK)
    written = json.loads(book.read_text(encoding="utf-8"))
    written["cells"][0]["metadata"] = {"tags": ["parameters"]}
    book.write_text(json.dumps(written), encoding="utf-8")
    with rigged(tmp_path_factory.mktemp("unused")) as rig:
        env = {
            **{name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"},
            "SEGMIND_API_KEY": KEY,
            "PIXVERSE_NB_BASE_URL": rig.server().url,
        }
        run(
            folder,
            env,
            ("nbconvert", "--to", "html", "--execute", "book.ipynb", "--output", "executed.html"),
            ("papermill", "book.ipynb", "papermill.ipynb", "-p", "prompt", "a horse <b>", "-p", "seconds", "2"),
        )
        # As papermill saved it, but for the widgets' state: a reader's page must not need it.
        saved = nbformat.read(folder / "papermill.ipynb", as_version=4)
        saved.metadata.pop("widgets", None)
        nbformat.write(saved, folder / "saved.ipynb")
        run(folder, env, ("nbconvert", "--to", "html", "papermill.ipynb", "saved.ipynb"))
    return folder


def run(folder, env, *commands):
    """Run them side by side, to their ends."""
    started = [
        subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    for process in started:
        _, words = process.communicate(timeout=150)
        assert process.returncode == 0, words[-3000:]


@pytest.mark.parametrize("name", ["executed.html", "saved.html", "papermill.html"])
def test_a_page_holds_posters_and_players_and_no_error(pages, name):
    """Relative links beside posters in the page itself; three players twice, as the comparison is of plain players."""
    html = (pages / name).read_text(encoding="utf-8")
    links = re.findall(r'<video[^>]* src="(home/clips/[0-9a-f]{64}\.mp4)"', html)
    assert len(links) == 3
    assert all((pages / link).is_file() for link in links)
    assert html.count('poster="data:image/jpeg;base64,') >= 3
    assert "pixverse-compare" in html, "the comparison needs no widget"
    assert "pixverse-history" in html
    assert "The control panel needs a running kernel" in html
    assert "Traceback" not in html
    assert KEY not in html
    assert KEY[3:] not in html


def test_papermill_puts_its_parameters_in_and_nothing_floods_the_notebook(pages):
    """The injected prompt is what was sent, markup and all; two outputs a cell at most, live lines are replaced."""
    book = nbformat.read(pages / "papermill.ipynb", as_version=4)
    outputs = [(cell, output) for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in book.cells)
    assert not [output for _, output in outputs if output.output_type in {"error", "stream"}]
    assert all(len(cell.outputs) <= 2 for cell in book.cells if cell.cell_type == "code")
    shown = [str(output["data"].get("text/html")) for _, output in outputs]
    assert any("a horse &lt;b&gt;" in html and "<video" in html for html in shown)
    player = next(output["data"] for _, output in outputs if "pixverse-compare" in str(output["data"].get("text/html")))
    assert "application/vnd.jupyter.widget-view+json" not in player


# ---- Colab -------------------------------------------------------------------------------------------------------


class Colab:
    """What is known of Colab's modules, from their source (googlecolab/colabtools, google/colab)."""

    def __init__(self, monkeypatch) -> None:
        self.asked, self.enabled, self.secrets, self.trouble = [], [], {}, None
        root, colab = types.ModuleType("google"), types.ModuleType("google.colab")
        errors, userdata = types.ModuleType("google.colab.errors"), types.ModuleType("google.colab.userdata")
        output = types.ModuleType("google.colab.output")
        errors.Error = type("Error", (Exception,), {})
        words = {
            "NotebookAccessError": (Exception, "Notebook does not have access to secret {}"),
            "SecretNotFoundError": (errors.Error, "Secret {} does not exist."),
            "TimeoutException": (errors.Error, "Requesting secret {} timed out."),
        }
        for name, (base, text) in words.items():
            kind = type(name, (base,), {})
            kind.__init__ = lambda self, key, base=base, text=text: base.__init__(self, text.format(key))
            setattr(userdata, name, kind)
        userdata.get = self.get
        self.userdata = userdata
        output._widgets = types.SimpleNamespace(_installed_url=None)
        output.enable_custom_widget_manager = self.enable
        self.output = output
        root.colab, colab.userdata, colab.output, colab.errors = colab, userdata, output, errors
        for module in (root, colab, errors, userdata, output):
            monkeypatch.setitem(sys.modules, module.__name__, module)

    def enable(self):
        """The real one also has displayed widgets carry the address, but not results of cells."""
        self.enabled.append(True)
        self.output._widgets._installed_url = "https://widgets.example/manager.js"

    def get(self, key):
        self.asked.append(key)
        if self.trouble is not None:
            raise self.trouble
        if key not in self.secrets:
            raise self.userdata.SecretNotFoundError(key)
        payload, access = self.secrets[key]
        if not access:
            raise self.userdata.NotebookAccessError(key)
        return payload


@pytest.fixture
def colab(monkeypatch):
    import anywidget._util as anywidget

    anywidget.enable_custom_widget_manager_once.cache_clear()  # else once a process
    yield Colab(monkeypatch)
    anywidget.enable_custom_widget_manager_once.cache_clear()


def test_in_colab_the_key_comes_from_its_secrets(colab, tmp_path):
    colab.secrets["SEGMIND_API_KEY"] = (f" {KEY}\n", True)
    with rigged(tmp_path / "home") as rig:
        studio = rig.studio(api_key=None)
        assert not studio.is_preview
        assert studio._backend.key.source == "a Colab secret"
        studio.generate("a cat")
        assert sends(rig.servers[0]) == 1
    assert colab.asked == ["SEGMIND_API_KEY"], "asked once: Colab may ask the person each time"


def test_a_key_of_ones_own_is_not_looked_for_in_colab(colab, tmp_path, monkeypatch):
    with rigged(tmp_path / "home") as rig:
        rig.studio()
        monkeypatch.setenv("SEGMIND_API_KEY", KEY)
        rig.studio(api_key=None)
    assert colab.asked == []


COLAB_WORDS = {
    "SecretNotFoundError": "add a secret named SEGMIND_API_KEY under the key icon",
    "NotebookAccessError": "this notebook may not read it: switch its notebook access on",
    "TimeoutException": "Colab did not answer in time",
    "ValueError": "Colab's secrets could not be read (ValueError); set SEGMIND_API_KEY instead.",
    "empty": "Colab's secret SEGMIND_API_KEY is empty.",
}


@pytest.mark.parametrize("trouble", COLAB_WORDS)
def test_what_colab_says_of_the_secret_is_one_sentence_beside_the_preview(colab, tmp_path, capsys, trouble):
    """A preview runs, and says why it is one; with a base URL, the error says it."""
    if trouble == "empty":
        colab.secrets["SEGMIND_API_KEY"] = ("  ", True)
    elif trouble == "NotebookAccessError":
        colab.secrets["SEGMIND_API_KEY"] = (KEY, False)
    elif trouble != "SecretNotFoundError":
        colab.trouble = getattr(colab.userdata, trouble, ValueError)("SEGMIND_API_KEY")
    studio = pv.Studio(home=tmp_path / "home")
    said = capsys.readouterr().err
    assert studio.is_preview
    assert said.startswith("PREVIEW: ")
    assert COLAB_WORDS[trouble] in said
    assert "Traceback" not in said
    with pytest.raises(pv.MissingKey) as caught:
        pv.Studio(home=tmp_path / "home", base_url="http://127.0.0.1:9")
    assert COLAB_WORDS[trouble] in str(caught.value)


def test_a_secret_that_is_no_key_says_where_it_came_from(colab, tmp_path):
    colab.secrets["SEGMIND_API_KEY"] = ("my key", True)
    with pytest.raises(pv.InvalidParameter, match="the API key from a Colab secret is not a key") as caught:
        pv.Studio(home=tmp_path / "home")
    assert "my key" not in str(caught.value)


def test_outside_of_colab_nothing_is_said_of_it(tmp_path, capsys):
    pv.Studio(home=tmp_path / "home")
    assert "Colab" not in capsys.readouterr().err


def test_in_colab_clips_are_embedded_and_widgets_are_let_in(colab, tmp_path):
    """Colab shows widgets of others only after `enable_custom_widget_manager()`; anywidget calls it, once."""
    with rigged(tmp_path / "home") as rig:
        studio = rig.studio()
        first, second = studio.generate("a cat"), studio.generate("a dog")
        html = first._repr_mimebundle_()["text/html"]
        embedded = re.search(r'<video[^>]* src="data:video/mp4;base64,([^"]+)"', html)
        sent = hashlib.sha256(base64.b64decode(embedded[1])).hexdigest()
        assert sent == first.video.path.stem, "the clip itself: Colab plays AAC"
        assert not colab.enabled
        player = studio.compare(first, second)
        assert colab.enabled == [True]
        bundle, metadata = player._repr_mimebundle_()
        view = "application/vnd.jupyter.widget-view+json"
        assert view in bundle
        assert metadata[view]["colab"]["custom_widget_manager"]["url"] == "https://widgets.example/manager.js"
        studio.panel()
        assert colab.enabled == [True]
        player.close()
