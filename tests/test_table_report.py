"""`df.pixverse.report`: one page that holds together, tells no secrets, and is written at once or not at all."""

import base64
import errno
import json
import os
import re
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import av
import pytest
from clips import make_clip
from studio_rig import KEY, rigged

import pixverse_nb as pv
from pixverse_nb.media.bare import bare
from pixverse_nb.media.miniature import miniature
from pixverse_nb.media.probe import probe
from pixverse_nb.store.annotations import COLUMNS as PEOPLES
from pixverse_nb.store.database import FILE
from pixverse_nb.table.report import Report
from pixverse_nb.table.report_page import Draft, best_of

EVIL = '<img src=x onerror="document.title=1"></script><script>document.title=1</script>&amp;'
SIGNED = "https://pictures.example/cat.png?X-Amz-Signature=0123abcd"


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with rigged(tmp_path_factory.mktemp("report") / "home") as made:
        made.server()
        yield made


@pytest.fixture(scope="module")
def studio(rig):
    """Four clips, one hostile in words, one from a signed address; and a failure."""
    made = rig.studio()
    made.generate("a secret lighthouse", duration=5, quality="360p")
    made.generate("a secret lighthouse", duration=5, quality="540p")
    made.generate(EVIL, duration=6, quality="360p", negative_prompt=EVIL, extra={"style": EVIL})
    made.generate("a cat", duration=5, quality="360p", image_url=SIGNED)
    rig.servers[0].faults.add("job", "fail")
    with pytest.raises(pv.GenerationFailed):
        made.generate("a bird")
    return made


@pytest.fixture
def df(studio):
    """The history, and afterwards nothing that anybody has written."""
    frame = studio.history()
    assert len(frame) == 5
    yield frame
    for key in frame.index:
        studio.annotate(key, **dict.fromkeys(PEOPLES))


@pytest.fixture(autouse=True)
def _plain(request, monkeypatch):
    """Figures and pictures take seconds in all: they are there in tests that are named for them."""
    name = request.node.name
    if "pictures" not in name:
        monkeypatch.setattr(Draft, "_drawn", lambda *_: [])
        if "figures" not in name:
            monkeypatch.setattr(Draft, "measure", lambda *_: None)


class Seen(HTMLParser):
    """What a page loads, links to and says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads, self.links, self.tags, self.words, self.styles = [], [], [], [], []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self._inside = tag
        self.tags.append((tag, dict(attributes)))
        for name, value in attributes:
            if name in {"src", "poster", "srcset", "data", "action", "background", "xlink:href"} or (
                name == "href" and tag != "a"
            ):
                self.loads.append(value)
            elif name == "href":
                self.links.append(value)
            elif name == "style":
                self.styles.append(value)

    def handle_data(self, data):
        (self.styles if self._inside == "style" else self.words if self._inside != "script" else []).append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def seen(report):
    return Seen(Path(report).read_text(encoding="utf-8"))


def data_of(report):
    found = re.search(r'id="rep-data">(.*?)</script>', Path(report).read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(found[1])


def left_over(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


# ---- one page ----------------------------------------------------------------------------------------------------


def test_a_page_loads_nothing_but_itself_and_runs_nothing_but_its_script(df, tmp_path):
    report = df.pixverse.report(tmp_path / "name.html", title=EVIL)
    page = seen(report)
    assert len(page.loads) >= 8, "stills and small clips of four"
    assert all(load.startswith("data:") for load in page.loads)
    assert not any("http" in look or "url(" in look for look in page.styles)
    assert not any("//" in link or link.startswith("/") for link in page.links)
    policy = next(tag["content"] for name, tag in page.tags if name == "meta" and "http-equiv" in tag)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert not [name for _, tag in page.tags for name in tag if name.startswith("on")]
    assert {tag.get("type") for name, tag in page.tags if name == "script"} == {"module", "application/json"}


def test_a_page_says_of_every_row_what_was_asked_for_paid_and_said(df, studio, tmp_path):
    key = df.index[1]
    studio.annotate(key, rating=4, tags=["night", EVIL[:30]], note=EVIL, mark_in_s=0.1)
    studio.annotate(df.index[2], decision="reject", reason=EVIL)
    report = df.pixverse.report(tmp_path / "name.html")
    text, page = seen(report).text, Path(report).read_text(encoding="utf-8")
    for words in ("a secret lighthouse", "a cat", EVIL, "night", "rejected", "360p", "540p", "Failed:"):
        assert words in text
    assert all(key in text for key in df.index)
    assert "★★★★☆" in text
    assert "usable 0.10" in text
    assert EVIL not in page
    assert "<img src=x" not in page
    assert all("<" not in block for block in re.findall(r'json" id="rep-data">(.*?)</script>', page, re.DOTALL))


def test_what_is_not_as_asked_is_flagged(df, studio, tmp_path):
    with sqlite3.connect(studio.home / FILE) as connection:
        connection.execute("UPDATE generations SET mismatch = ? WHERE id = ?", (f"asked {EVIL}", df.index[1]))
    connection.close()
    page = seen(df.pixverse.report(tmp_path / "name.html"))
    with sqlite3.connect(studio.home / FILE) as connection:
        connection.execute("UPDATE generations SET mismatch = NULL")
    connection.close()
    assert f"⚠ Not as asked: asked {EVIL}" in page.text


def test_pictures_and_figures_are_those_of_the_accessor(df, tmp_path):
    page = seen(df.pixverse.report(tmp_path / "name.html"))
    costs = df.pixverse.costs().iloc[0]
    assert f"${costs['sum_usd']:,.2f}" in page.text
    assert "Pretended cost" not in page.text
    assert "Per usable second" in page.text
    assert [tag for name, tag in page.tags if name == "img" and tag["src"].startswith("data:image/png")]
    assert "In pictures" in page.text


def test_figures_of_pretended_money_stand_apart_from_real_money(df, studio, tmp_path):
    with sqlite3.connect(studio.home / FILE) as connection:
        told = ("preview", "preview", df.index[1])
        connection.execute("UPDATE generations SET service = ?, cost_source = ? WHERE id = ?", told)
    connection.close()
    now = studio.history()
    text = seen(now.pixverse.report(tmp_path / "name.html")).text
    sums = now.pixverse.costs().set_index("is_preview")["sum_usd"]
    with sqlite3.connect(studio.home / FILE) as connection:
        told = (df.loc[df.index[1], "service"], df.loc[df.index[1], "cost_source"], df.index[1])
        connection.execute("UPDATE generations SET service = ?, cost_source = ? WHERE id = ?", told)
    connection.close()
    assert f"Pretended cost ${sums[True]:,.2f} nothing was billed" in text
    assert f"Cost ${sums[False]:,.2f} Per usable second" in text
    assert "PREVIEW were drawn by the embedded preview engine" in text


def test_clips_lie_beside_the_page_under_readable_names_and_move_with_it(df, tmp_path):
    report = df.pixverse.report(tmp_path / "my report.html")
    links = seen(report).links
    assert len(links) == 4
    assert all(link.startswith("./my%20report_clips/") for link in links)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in (report.path, report.folder):
        path.rename(moved / path.name)
    for link in links:
        assert probe(moved / unquote(link)).duration_s > 0
    assert any("a-secret-lighthouse" in link for link in links)
    assert left_over(tmp_path) == []


def packets_of(path):
    with av.open(str(path)) as clip:
        return [bytes(packet) for packet in clip.demux() if packet.size]


def test_embedded_clips_are_in_the_page_byte_for_byte(df, tmp_path):
    report = df.pixverse.report(tmp_path / "name.html", clips="embed")
    assert (report.folder, list(tmp_path.iterdir())) == (None, [report.path])
    wholes = {
        tag["data-whole"]: tag["src"] for name, tag in seen(report).tags if name == "video" and "data-whole" in tag
    }
    assert len(wholes) == 4
    for key, uri in wholes.items():
        clip = base64.b64decode(uri.partition(",")[2])
        if df.loc[key, "prompt"] == "a cat":  # its row holds a signed address: packet for packet, and without tags
            (tmp_path / "cat.mp4").write_bytes(clip)
            assert packets_of(tmp_path / "cat.mp4") == packets_of(df.loc[key, "video_path"])
        else:
            assert clip == Path(df.loc[key, "video_path"]).read_bytes()


def test_without_clips_the_page_has_small_silent_ones_and_says_so(df, tmp_path):
    report = df.pixverse.report(tmp_path / "name.html", clips="none")
    assert list(tmp_path.iterdir()) == [report.path]
    page = seen(report)
    small = [tag["src"] for name, tag in page.tags if name == "video"]
    (tmp_path / "small.mp4").write_bytes(base64.b64decode(small[0].partition(",")[2]))
    assert not probe(tmp_path / "small.mp4").has_audio
    assert "small silent copies" in page.text
    assert all(clip["src"] is None for clip in data_of(report)["clips"])


def test_a_report_is_a_path_and_shows_a_link(df, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = df.pixverse.report("out/my report")
    assert isinstance(report, Report)
    assert Path(report) == Path(str(report)) == tmp_path / "out" / "my report.html"
    assert Path(report).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert 'href="out/my%20report.html"' in report._repr_html_()
    assert f"{report.size_bytes / 1e6:,.1f} MB" in repr(report)
    assert report.clips_bytes == sum(path.stat().st_size for path in report.folder.iterdir())


# ---- what others must not see ------------------------------------------------------------------------------------


def test_redacted_pictures_words_names_and_clips_hold_no_prompt_and_no_cost(df, studio, tmp_path):
    studio.annotate(df.index[-1], note="like a secret lighthouse", tags=["a secret lighthouse"])
    report = df.pixverse.report(tmp_path / "name.html", redact=("prompts", "costs"))
    page = Path(report).read_text(encoding="utf-8")
    shown = re.sub(r"data:[a-z/0-9]+;base64,[A-Za-z0-9+/=]+", "", page).split('<script type="module">')[0]
    for word in ("secret", "lighthouse", "a cat", "onerror", "$0", "$1", "cost_", "Cost"):
        assert word not in shown.replace("Left out on purpose: costs", ""), word
    assert "prompt 1" in shown
    names = sorted(path.name for path in report.folder.iterdir())
    assert len(names) == 4
    assert not [name for name in names if "secret" in name or "cat" in name]
    for path in report.folder.iterdir():
        assert b"secret" not in path.read_bytes()
    assert all("Cost" not in dict(clip["facts"]) for clip in data_of(report)["clips"])


def test_what_was_not_redacted_is_in_the_clips_own_tags_and_what_was_is_not(df, tmp_path):
    def tags(report):
        found = []
        for path in report.folder.iterdir():
            with av.open(str(path)) as clip:
                found.append(json.dumps(dict(clip.metadata)))
        return found

    open_ones = tags(df.pixverse.report(tmp_path / "open.html"))
    assert sum("secret lighthouse" in one for one in open_ones) == 2
    for words in ("prompts", "costs"):
        closed = tags(df.pixverse.report(tmp_path / f"{words}.html", redact=words))
        assert not [one for one in closed if "secret" in one or "cost" in one]


def test_a_clip_that_came_with_tags_loses_them_in_a_redacted_report(tmp_path):
    make_clip(tmp_path / "plain.mp4", frames=12, b_frames=2)
    with av.open(str(tmp_path / "plain.mp4")) as plain, av.open(str(tmp_path / "told.mp4"), "w") as told:
        told.metadata.update({"title": "a secret lighthouse", "comment": "$0.281"})
        streams = {stream.index: told.add_stream_from_template(stream) for stream in plain.streams}
        for packet in plain.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                told.mux(packet)
    assert b"secret" in (tmp_path / "told.mp4").read_bytes()
    bare(tmp_path / "told.mp4", tmp_path / "bare.mp4")
    assert b"secret" not in (tmp_path / "bare.mp4").read_bytes()
    packets = []
    for name in ("told.mp4", "bare.mp4"):
        with av.open(str(tmp_path / name)) as clip:
            packets.append([bytes(packet) for packet in clip.demux() if packet.size])
    assert packets[0] == packets[1]


def test_a_redacted_prompt_has_one_number_on_the_whole_page_in_pictures_too(df, tmp_path):
    prompts = ["a cat", "a secret lighthouse", "a secret lighthouse"]
    asked = df.loc[[*df.index[df["prompt"] == "a cat"], *df.index[df["prompt"] == "a secret lighthouse"]]]
    assert list(asked["prompt"]) == prompts
    report = asked.pixverse.report(tmp_path / "name.html", redact="prompts")
    page, text = Path(report).read_text(encoding="utf-8"), seen(report).text
    # In the picture the one with the most rows comes first, and is the second of the table all the same.
    assert "prompt 2: 2 made" in page
    assert "prompt 1: 1 made" in page
    assert "prompt 1: 2 made" not in page
    assert text.index("prompt 1") < text.index("prompt 2")


def test_pictures_are_left_out_before_the_limit_is_given_up(df, tmp_path):
    full = df.pixverse.report(tmp_path / "full.html", clips="none")
    bare_bytes = full.size_bytes - sum(map(len, re.findall(r"base64,[A-Za-z0-9+/=]+", Path(full).read_text())))
    limit = (bare_bytes + 4000) / 1e6
    with pytest.warns(UserWarning, match="The pictures were left out"):
        part = df.pixverse.report(tmp_path / "part.html", clips="none", limit_mb=limit)
    assert part.size_bytes <= limit * 1e6
    assert "In pictures" not in seen(part).text
    assert "stays within" in seen(part).text


def test_no_key_no_signature_and_no_place_of_this_machine_is_in_a_page(df, studio, tmp_path):
    with sqlite3.connect(studio.home / FILE) as connection:
        words = f"{KEY} refused: {studio.home}/clips/x.mp4 at {SIGNED}"
        connection.execute("UPDATE generations SET error = ? WHERE status = 'failed'", (words,))
    connection.close()
    report = df.pixverse.report(tmp_path / "name.html")
    page, clips = Path(report).read_bytes(), b"".join(path.read_bytes() for path in report.folder.iterdir())
    for secret in (KEY, str(studio.home), "X-Amz-Signature", "0123abcd", str(Path.home()) + os.sep):
        assert secret.encode() not in page + clips, secret
    assert b"127.0.0.1" not in page
    assert "[key] refused" in seen(report).text


# ---- how large ---------------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_left_out_small_copies_first_and_said(df, tmp_path):
    full = df.pixverse.report(tmp_path / "full.html")
    limit = (full.size_bytes - 1000) / 1e6
    with pytest.warns(UserWarning, match=r"small cop.* left out: the page stays within .* MB \(limit_mb\)"):
        part = df.pixverse.report(tmp_path / "part.html", limit_mb=limit)
    assert part.size_bytes <= limit * 1e6
    page = seen(part)
    assert "left out: the page stays within" in page.text
    assert 0 < len([tag for name, tag in page.tags if name == "video"]) < 4
    assert len([1 for load in page.loads if load.startswith("data:image/jpeg")]) == 4, "stills stay"
    with pytest.warns(UserWarning, match="stills were left out"):
        least = df.pixverse.report(tmp_path / "least.html", limit_mb=0.001)
    words = seen(least).text
    assert "a secret lighthouse" in words, "words are never left out"
    assert f"The page has {least.size_bytes / 1e6:.2f} MB, over 0.001 MB (limit_mb)" in words
    assert "stays within" not in words, "it does not"


def test_embedded_clips_are_left_out_after_the_small_ones_the_best_last(df, studio, tmp_path):
    studio.annotate(df.index[-1], rating=5)
    full = df.pixverse.report(tmp_path / "full.html", clips="embed", compare=list(df.index[-2:]))
    with pytest.warns(UserWarning, match="left out"):
        part = df.pixverse.report(
            tmp_path / "part.html",
            clips="embed",
            limit_mb=(full.size_bytes - 12_000) / 1e6,
            compare=list(df.index[-2:]),
        )
    wholes = [tag["data-whole"] for name, tag in seen(part).tags if "data-whole" in tag]
    assert 0 < len(wholes) < 4
    assert set(df.index[-2:]) & set(wholes)


# ---- places ------------------------------------------------------------------------------------------------------


def test_an_older_report_is_replaced_with_its_clips_and_nothing_else_is_touched(df, tmp_path):
    first = df.pixverse.report(tmp_path / "name.html")
    (first.folder / "mine.mp4").write_bytes(b"mine")
    names = {path.name for path in first.folder.iterdir()}
    one = df[df["prompt"] == "a cat"].pixverse.report(tmp_path / "name.html", redact="prompts")
    now = {path.name for path in one.folder.iterdir()}
    assert "mine.mp4" in now
    assert len(now) == 2
    assert len(now & names) == 1, "its name has no prompt now"
    none = df.pixverse.report(tmp_path / "name.html", clips="none")
    assert none.folder is None
    assert [path.name for path in first.folder.iterdir()] == ["mine.mp4"]


def test_a_file_that_is_no_report_is_replaced_only_when_told(df, tmp_path):
    (tmp_path / "name.html").write_text("<p>mine</p>", encoding="utf-8")
    with pytest.raises(pv.InvalidParameter, match="overwrite=True"):
        df.pixverse.report(tmp_path / "name.html")
    assert (tmp_path / "name.html").read_text(encoding="utf-8") == "<p>mine</p>"
    assert "a cat" in seen(df.pixverse.report(tmp_path / "name.html", overwrite=True)).text


@pytest.mark.parametrize("step", ["page", "clips"])
def test_on_a_full_disk_there_is_one_error_and_the_older_report_stays(df, tmp_path, monkeypatch, step):
    df.pixverse.report(tmp_path / "name.html", redact="prompts")
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "page":
        monkeypatch.setattr(Path, "write_text", full)
    else:
        real = Path.replace
        monkeypatch.setattr(Path, "replace", lambda a, b: full() if str(b).endswith(".html") else real(a, b))
    with pytest.raises(pv.ClipError, match=r"no report was written: the disk is full; .*name\.html") as caught:
        df.pixverse.report(tmp_path / "name.html")
    assert ".part" not in str(caught.value)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before


def test_a_place_that_cannot_be_is_one_error(df, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(pv.ClipError, match="no report was written"):
        df.pixverse.report(tmp_path / "file" / "name.html")


# ---- tables of all kinds -----------------------------------------------------------------------------------------


def test_no_rows_make_a_page_that_says_so(df, tmp_path):
    page = seen(df.head(0).pixverse.report(tmp_path / "name.html"))
    assert "No clips" in page.text
    assert "the table had no rows" in page.text


def test_one_clip_needs_no_player_and_a_failure_alone_is_told_with_figures(df, tmp_path):
    one = seen(df[df["prompt"] == "a cat"].pixverse.report(tmp_path / "one.html"))
    assert "1 clip" in one.text
    assert not [tag for _, tag in one.tags if tag.get("type") == "checkbox"]
    failed = seen(df[df["status"] == "failed"].pixverse.report(tmp_path / "failed.html"))
    assert "0 clips" in failed.text
    assert "What failed" in failed.text
    assert not (tmp_path / "failed_clips").exists()


def test_a_clip_whose_file_is_gone_is_said_and_the_rest_is_there(df, tmp_path):
    gone = Path(df["video_path"].dropna().iloc[0])
    aside = gone.rename(gone.with_suffix(".aside"))
    try:
        report = df.pixverse.report(tmp_path / "name.html")
    finally:
        aside.rename(gone)
    text = seen(report).text
    assert "The file of one clip is gone." in text
    assert "it is not in this report" in text
    assert len(list(report.folder.iterdir())) == 3


def test_a_merged_sorted_or_doubled_table_is_each_row_once(df, tmp_path):
    import pandas as pd

    doubled = pd.concat([df, df]).sort_values("prompt").reset_index()
    page = seen(doubled.pixverse.report(tmp_path / "name.html"))
    assert len([tag for name, tag in page.tags if name == "video"]) == 4


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"clips": "inside"}, "'beside', 'embed', 'none'"),
        ({"redact": "prompt"}, "prompts"),
        ({"limit_mb": 0}, "limit_mb"),
        ({"limit_mb": "25"}, "limit_mb"),
        ({"title": 5}, "title"),
        ({"compare": ["nothing"]}, "nothing"),
        ({"path": "name.pdf"}, "name.pdf"),
        ({"path": 5}, "5"),
    ],
)
def test_what_is_not_allowed_is_refused_before_anything_is_written(df, tmp_path, monkeypatch, given, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pv.InvalidParameter, match=re.escape(words)):
        df.pixverse.report(**{"path": "name.html", **given})
    assert list(tmp_path.iterdir()) == []


def test_the_player_begins_with_what_was_chosen_else_with_the_best_rated(df, tmp_path):
    chosen = [df.index[4], df.index[1]]
    report = df.pixverse.report(tmp_path / "name.html", compare=chosen)
    assert set(data_of(report)["best"]) == set(chosen)
    ticked = {tag["value"] for _, tag in seen(report).tags if tag.get("type") == "checkbox" and "checked" in tag}
    assert ticked == set(chosen)
    plain = {"video_duration_s": 5.0, "video_width_px": 9, "video_height_px": 9, "video_fps": 24.0}
    rows = [
        {"id": key, "rating": rating, "decision": decision, **plain}
        for key, rating, decision in (
            ("a", 5, "reject"), ("b", None, None), ("c", 3, None), ("d", 1, "keep"), ("e", 4, None), ("f", 2, None),
        )
    ]  # fmt: skip
    assert best_of(rows, []) == (["c", "d", "e", "f"], "The best rated")
    assert best_of(rows[:4], []) == (["c", "d"], "The best rated"), "nobody rated b"
    assert best_of(rows[:2], []) == (["a", "b"], "The first 2"), "two are needed"
    assert best_of([row | {"rating": None} for row in rows], [])[1] == "The first 4"
    kept = [row | {"rating": None, "decision": "keep"} for row in rows]
    assert best_of(kept, []) == (["a", "b", "c", "d"], "The kept ones")
    assert best_of(rows, ["f", "a"]) == (["f", "a"], "The chosen ones")


# ---- small copies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_small_copy_is_small_silent_upright_and_as_long(tmp_path, rotation):
    make_clip(tmp_path / "clip.mp4", width=640, height=360, frames=48, fps=24, rotation=rotation, b_frames=2)
    fps = miniature(tmp_path / "clip.mp4", tmp_path / "small.mp4")
    facts = probe(tmp_path / "small.mp4")
    assert (facts.width, facts.height) == ((256, 144) if rotation == 0 else (144, 256))
    assert fps == 12
    assert facts.fps == pytest.approx(12, abs=0.1)
    assert facts.duration_s == pytest.approx(2.0, abs=0.1)
    assert not facts.has_audio
    with av.open(str(tmp_path / "small.mp4")) as small:
        frames = list(small.decode(video=0))
    assert len(frames) == 24
    assert float(frames[-1].time) == pytest.approx(46 / 24, abs=0.01)


def test_a_small_copy_is_never_larger_than_the_clip_and_a_broken_clip_is_an_error(tmp_path):
    make_clip(tmp_path / "clip.mp4", width=96, height=64, frames=1)
    miniature(tmp_path / "clip.mp4", tmp_path / "small.mp4")
    assert probe(tmp_path / "small.mp4").width == 96
    (tmp_path / "broken.mp4").write_bytes((tmp_path / "clip.mp4").read_bytes()[:300])
    with pytest.raises(pv.ClipError):
        miniature(tmp_path / "broken.mp4", tmp_path / "none.mp4")
