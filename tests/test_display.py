"""Everything that is shown: escaped, of a steady size, and playable where it is looked at."""

import base64
import errno
import io
import json
import os
import sys
import tempfile
import types
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import IPython.display
import pytest
from hypothesis import given
from hypothesis import strategies as st
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb.display import frontend, live
from pixverse_nb.display.card import Card, card_html, card_text
from pixverse_nb.display.frontend import Source, relative_link, source_of
from pixverse_nb.display.html import Html, el, join
from pixverse_nb.display.notice import PREVIEW_WORDS, preview_notice, show_notice

HOSTILE = '"><img src=x onerror="alert(1)">\'</figure><script>alert(2)</script>&lt;'
STATUSES = ["submitting", "queued", "processing", "downloading", "completed", "failed", "unknown"]
TAGS = {"figure", "figcaption", "video", "div", "span", "table", "thead", "tbody", "tr", "th", "td", "code", "img"}


class Page(HTMLParser):
    """What a browser would make of it: tags, attributes and text."""

    def __init__(self, markup) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.words = ""
        self.feed(str(markup))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data

    def the(self, tag) -> dict:
        (found,) = (attributes for name, attributes in self.tags if name == tag)
        return found


def harmless(markup) -> Page:
    """Nothing in it but our own elements: no script, no handler, no picture from elsewhere."""
    page = Page(markup)
    for tag, attributes in page.tags:
        assert tag in TAGS
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "img":
            assert attributes["src"].startswith("data:image/jpeg;base64,")
    return page


def card(status="processing", **changes):
    return Card(
        **{"id": "0123", "status": status, "prompt": "a cat", "facts": ["540p"], "size": (1024, 576), **changes}
    )


# ---- the one escape ----------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_out_of_an_element_as_it_went_in(text, attribute):
    page = Page(el("div", text, title=attribute))
    assert page.words == text
    assert page.tags == [("div", {"title": attribute})]


@given(st.lists(st.text("<>&\"'a /=imgonerror"), max_size=5))
def test_only_elements_are_markup(texts):
    built = join(*texts, el("b", *texts))
    assert [tag for tag, _ in Page(built).tags] == ["b"]
    assert isinstance(built, Html)
    escaped = join(built + "<i>")  # markup with something added is a text like any other
    assert [tag for tag, _ in Page(escaped).tags] == []


def test_attributes_that_say_nothing_are_left_out():
    assert el("video", controls=True, src=None, muted=False, class_="a", data_x=0) == (
        '<video controls class="a" data-x="0"></video>'
    )
    assert el("img", src="a") == '<img src="a">'


# ---- cards -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
def test_a_card_of_every_status_says_it_in_words_and_takes_hostile_text(status):
    hostile = card(
        status, prompt=HOSTILE, facts=[HOSTILE, "b"], clock=HOSTILE, note=HOSTILE, error=HOSTILE,
        labels=[(HOSTILE, "red")], source=Source(HOSTILE, HOSTILE), poster=b"jpeg",
    )  # fmt: skip
    page = harmless(card_html(hostile))
    assert page.words.count(HOSTILE) == 5  # prompt, fact, note, error, label
    assert page.the("video")["src"] == HOSTILE
    word = {"submitting": "sending", "processing": "drawing", "unknown": "outcome unknown"}.get(status, status)
    plain = card(status, clock="0:12 of about 1:06")
    if status != "completed":
        assert word in Page(card_html(plain)).words
        assert Page(card_html(plain)).the("figure")
    assert word in card_text(plain)
    assert "0:12 of about 1:06" in card_text(plain)


def test_a_player_holds_what_survives_an_untrusted_notebook():
    shown = card("completed", source=Source("a/b.mp4"), poster=b"\xff\xd8jpeg")
    video = harmless(card_html(shown)).the("video")
    assert video["src"] == "a/b.mp4"  # on <video> itself: JupyterLab strips it from <source>
    assert base64.b64decode(video["poster"].partition("base64,")[2]) == b"\xff\xd8jpeg"
    assert set(video) == {"controls", "preload", "src", "poster", "width", "height", "title", "style"}
    assert video["preload"] == "metadata"


@pytest.mark.parametrize("size", [(1024, 576), (576, 1024), (640, 640), (1920, 823), (1, 4000), (4000, 1)])
def test_the_place_is_as_large_before_the_clip_is_there_as_after(size):
    waiting = Page(card_html(card(size=size)))
    playing = Page(card_html(card("completed", size=size, source=Source("a.mp4")))).the("video")
    boxes = [
        attributes["style"] for tag, attributes in waiting.tags if tag == "div" and "height: " in attributes["style"]
    ]
    assert f"max-width: {playing['width']}px; height: {playing['height']}px" in boxes[0]
    assert 200 <= int(playing["width"]) <= 640
    assert 112 <= int(playing["height"]) <= 480


@pytest.mark.parametrize(("progress", "width"), [(0.0, "2%"), (0.5, "50%"), (7.0, "100%"), (None, None)])
def test_the_bar_shows_the_share_of_the_expected_time(progress, width):
    fills = [
        a["style"]
        for tag, a in Page(card_html(card(progress=progress))).tags
        if a.get("style", "").startswith("width: ")
    ]
    fills = [style for style in fills if "background" in style]
    bars = [style.split(";")[0].removeprefix("width: ") for style in fills if "height: 100%" in style]
    assert bars == ([] if width is None else [width])


def test_a_word_instead_of_a_player_when_there_is_nothing_to_play():
    page = harmless(card_html(card("completed", source=Source(None, f"gone: {HOSTILE}"))))
    assert f"gone: {HOSTILE}" in page.words
    assert "video" not in {tag for tag, _ in page.tags}


def test_long_prompts_are_cut_and_right_to_left_ones_read_from_the_right():
    page = harmless(card_html(card(prompt="م" * 5000)))
    assert len(page.words) < 400
    assert {"dir": "auto"}.items() <= next(a for _, a in page.tags if "dir" in a).items()


def test_a_text_card_is_short_and_cannot_steer_the_terminal():
    shown = card("failed", prompt="\x1b[2Ja\x07\r\nb" + "c" * 100, error="bad\x1b]0;title\x07", facts=["540p", "5 s"])
    text = card_text(shown)
    assert not [c for c in text.replace("\n", "") if ord(c) < 32 or 127 <= ord(c) < 160]
    assert "540p · 5 s" in text
    assert len(text.splitlines()[0]) < 120
    assert card_text(card(prompt="👩🏽‍🚀 猫")).count("👩🏽‍🚀 猫") == 1  # joiners are text, not controls


# ---- generations and videos --------------------------------------------------------------------------------------


def test_a_generation_escapes_what_others_wrote(tmp_path):
    with rigged(tmp_path / "home") as rig:
        studio = rig.studio()
        done = studio.generate(HOSTILE)
        page = harmless(done._repr_mimebundle_()["text/html"])
        assert HOSTILE in page.words
        assert page.the("video")["title"] == HOSTILE
        harmless(done.video._repr_mimebundle_()["text/html"])
        rig.servers[0].faults.add("job", "fail", text=HOSTILE)
        failed = studio.submit(HOSTILE + "!")
        with pytest.raises(pv.GenerationFailed):
            failed.wait(20)
        page = harmless(failed._repr_mimebundle_()["text/html"])
        assert page.words.count("<script>") >= 2  # the prompt and the service's own words
        assert "Nothing was billed." in page.words
        done.video.path.unlink()
        assert "file is gone" in harmless(studio.generation(done.id)._repr_mimebundle_()["text/html"]).words


# ---- links and embedding -----------------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "pixverse_data" / "clips" / "ab.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0123456789")
    return path


EMBEDDED = "data:video/mp4;base64," + base64.b64encode(b"0123456789").decode()


def test_a_clip_below_the_notebook_is_a_relative_link(clip):
    assert source_of(clip, None) == Source("pixverse_data/clips/ab.mp4")
    assert source_of(clip, False) == Source("pixverse_data/clips/ab.mp4")
    assert source_of(clip, True) == Source(EMBEDDED)


def test_links_start_at_the_notebooks_own_folder(clip, tmp_path, monkeypatch):
    (tmp_path / "books").mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "books" / "one.ipynb"))
    assert relative_link(clip) == "../pixverse_data/clips/ab.mp4"
    monkeypatch.setenv("JPY_SESSION_NAME", "a-session-without-a-path")
    assert relative_link(clip) == "pixverse_data/clips/ab.mp4"


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b", "a%20b", "a:b", 'a"><img src=x onerror=1>', "é猫", "..."])
def test_whatever_a_folder_is_called_its_link_is_one_path(tmp_path, name):
    path = tmp_path / name / "ab.mp4"
    path.parent.mkdir()
    path.write_bytes(b"x")
    link = relative_link(path)
    if name.startswith("."):
        assert link is None
        return
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote(parts.path) == f"{name}/ab.mp4"
    assert not set(link) & set(" <>\"'")


@pytest.mark.parametrize("folder", [".hidden", "a/.hidden/b"])
def test_hidden_folders_are_not_served_so_their_clips_are_embedded(tmp_path, folder):
    path = tmp_path / folder / "ab.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0123456789")
    assert relative_link(path) is None
    assert source_of(path, None) == Source(EMBEDDED)
    assert source_of(path, False).src == path.as_uri()


def test_a_notebook_inside_a_hidden_folder_still_links(tmp_path, monkeypatch):
    (tmp_path / ".work").mkdir()
    monkeypatch.chdir(tmp_path / ".work")
    path = tmp_path / ".work" / "ab.mp4"
    path.write_bytes(b"x")
    assert relative_link(path) == "ab.mp4"


def test_a_folder_that_is_a_link_to_another_disk_is_served_as_it_stands(tmp_path, monkeypatch):
    far = tmp_path / ".far" / "data"
    far.mkdir(parents=True)
    (far / "ab.mp4").write_bytes(b"x")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "pixverse_data").symlink_to(far)
    monkeypatch.chdir(tmp_path / "book")
    assert relative_link(Path.cwd() / "pixverse_data" / "ab.mp4") == "pixverse_data/ab.mp4"


def test_with_nothing_but_the_root_in_common_the_clip_is_embedded(clip, monkeypatch):
    monkeypatch.chdir("/usr")
    if os.path.commonpath(["/usr", clip.resolve()]) != "/":
        pytest.skip("the temporary folder lies in /usr")
    assert relative_link(clip) is None
    assert source_of(clip, None) == Source(EMBEDDED)


def test_with_nothing_but_the_temporary_folder_in_common_the_clip_is_embedded(clip, tmp_path, monkeypatch):
    """Notebook 08 works in a temporary home: its page, built elsewhere below that folder, outlives the clips."""
    (tmp_path / "site").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path / "site")
    assert relative_link(clip) is None
    monkeypatch.chdir(tmp_path)
    assert relative_link(clip) == "pixverse_data/clips/ab.mp4", "a notebook and its home, both of them temporary"


def test_above_the_servers_root_the_clip_is_embedded(clip, tmp_path, monkeypatch):
    """A home beside the folder that Jupyter serves: the link would lead to nothing."""
    from jupyter_core import paths

    served = tmp_path / "served"
    served.mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(served / "book.ipynb"))
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    monkeypatch.setattr(paths, "jupyter_runtime_dir", lambda: str(tmp_path))
    assert relative_link(clip) is not None, "nobody says where the root is"
    told = tmp_path / "jpserver-4711.json"
    told.write_text(json.dumps({"root_dir": str(served)}))
    assert relative_link(clip) is None
    assert source_of(clip, None).src.startswith("data:video/mp4;base64,")
    told.write_text(json.dumps({"root_dir": str(tmp_path)}))
    assert relative_link(clip) == f"../{clip.relative_to(tmp_path).as_posix()}"
    told.write_text("{")
    assert relative_link(clip) is not None


def test_on_another_drive_the_clip_is_embedded(clip, monkeypatch):
    def other_drive(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    assert source_of(clip, None) == Source(EMBEDDED)


@pytest.mark.parametrize("front_end", ["vscode", "colab"])
def test_front_ends_that_show_no_local_files_get_the_clip_itself(clip, monkeypatch, front_end):
    if front_end == "vscode":
        monkeypatch.setenv("VSCODE_PID", "7")
    else:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert source_of(clip, None) == Source(EMBEDDED)
    assert source_of(clip, False) == Source("pixverse_data/clips/ab.mp4")


def test_a_terminal_of_vscode_that_runs_jupyter_is_not_vscode(clip, monkeypatch):
    monkeypatch.setenv("VSCODE_PID", "7")
    monkeypatch.setenv("JPY_SESSION_NAME", str(clip.parent.parent.parent / "one.ipynb"))
    assert source_of(clip, None) == Source("pixverse_data/clips/ab.mp4")


def test_over_the_limit_a_clip_is_embedded_only_when_asked(clip, monkeypatch):
    monkeypatch.setenv("VSCODE_PID", "7")
    monkeypatch.setattr(frontend, "EMBED_LIMIT", 9)
    source = source_of(clip, None)
    assert source.src is None
    for word in ("MB", str(clip), "show(embed=True)"):
        assert word in source.note
    assert source_of(clip, True) == Source(EMBEDDED)
    monkeypatch.setattr(frontend, "EMBED_LIMIT", 10)
    assert source_of(clip, None) == Source(EMBEDDED)


def test_a_clip_that_is_gone_says_so(tmp_path):
    source = source_of(tmp_path / "none.mp4", None)
    assert source.src is None
    assert str(tmp_path / "none.mp4") in source.note


# ---- live lines and notices --------------------------------------------------------------------------------------


@pytest.fixture
def kernel(monkeypatch):
    """A running kernel, as far as the toolkit can see; gives what was displayed and every update."""
    shown = []

    class Handle:
        def update(self, bundle, raw):
            assert raw
            shown.append(bundle)

    def display(bundle, raw=False, display_id=None):
        assert raw
        shown.append(bundle)
        return Handle() if display_id else None

    class Echo:
        """What shows a cell's last value."""

        def __call__(self, value) -> None:
            value._ipython_display_()

    shell = types.SimpleNamespace(kernel=object(), execution_count=1, displayhook=Echo())
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", display)
    return shown


def test_a_live_line_is_updated_only_when_it_looks_different(kernel):
    states = iter([({"text/plain": "a"}, False), ({"text/plain": "a"}, False), ({"text/plain": "b"}, True)])
    line = live.Live(lambda: next(states))
    line.show()
    live._ticker._lives.discard(line)  # by hand, not by the clock
    assert line.refresh() is False
    assert line.refresh() is True
    assert kernel == [{"text/plain": "a"}, {"text/plain": "b"}]


def test_a_generation_shows_its_states_and_ends_as_a_player(kernel, tmp_path):
    with rigged(tmp_path / "home") as rig:
        studio = rig.studio()
        rig.servers[0].faults.add("status", "delay", seconds=0.2)
        done = studio.generate(HOSTILE)
        pages = [harmless(bundle["text/html"]) for bundle in kernel]
        assert len(pages) >= 2
        assert "sending" in pages[0].words or "queued" in pages[0].words
        assert "about 1:06" in pages[0].words  # the page's typical latency, while there are no jobs of one's own
        assert pages[-1].the("video")["src"].endswith(".mp4")
        assert "$0.281 reported" in pages[-1].words
        before = len(kernel)
        IPython.get_ipython().displayhook(done)  # the last line of the same cell: it is there already
        assert len(kernel) == before
        done._ipython_display_()  # display(done) is meant, and shows it once more
        assert len(kernel) == before + 1


def test_the_preview_is_announced_in_the_notebook_and_on_standard_error(kernel, monkeypatch, capsys):
    markup, text = preview_notice()
    assert harmless(markup).words.endswith(PREVIEW_WORDS)
    show_notice((markup, text))
    assert kernel == [{"text/html": str(markup), "text/plain": text}]
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    show_notice((markup, text))
    assert capsys.readouterr().err == text + "\n"
    assert len(kernel) == 1


class Full(io.StringIO):
    """A log on a full disk."""

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [lambda: None, closed, Full], ids=["none", "closed", "full"])
def test_where_nothing_can_be_written_a_notice_costs_nothing(monkeypatch, stream):
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream())
        show_notice(preview_notice())
