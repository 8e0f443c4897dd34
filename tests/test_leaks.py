"""What leaves the house holds no secret and nothing that was to be left out: every byte that was written is searched.

The home is the worst there can be: its clips came with tags that an older version, or somebody else, had written.
"""

import base64
import os
import re
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from clips import make_clip
from studio_rig import KEY, rigged

import pixverse_nb as pv
from pixverse_nb.media.bare import bare, has_words
from pixverse_nb.media.tags import write
from pixverse_nb.plain import cleaned, scrubbed
from pixverse_nb.provenance import row_of, story_of, titles_of

SECRET = "SG_feedfacefeedface"
SIGNED = "https://user:pa55w0rd@bucket.example/x.mp4?X-Amz-Signature=deadbeef#access_token=FRAGSECRET"
SECRETS = ("feedface", "pa55w0rd", "deadbeef", "FRAGSECRET", KEY)
PROMPT = f"a red fox {SECRET} at {SIGNED} end"
WORDS = "the walrus was here"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a clip of its own and an imported one, whose tags and rows are full of secrets."""
    place = tmp_path_factory.mktemp("leaks")
    with rigged(place / "one") as rig, pytest.MonkeyPatch.context() as patch:
        studio = rig.studio()
        own = studio.generate(PROMPT, duration=5, quality="360p", extra={"style": SIGNED}, negative_prompt=SECRET)
        studio.annotate(own.id, note=f"{WORDS} {SIGNED} {SECRET}", tags=[SECRET], rating=5, decision="keep")
        row = studio._store.row(own.id)
        patch.setattr("pixverse_nb.provenance.scrubbed", lambda text: text)
        patch.setattr("pixverse_nb.provenance._unsigned", lambda text: text)
        patch.setattr("pixverse_nb.media.tags.scrubbed", lambda text: text)
        with av.open(str(own.video.path)) as plain, av.open(str(place / "told.mp4"), "w") as told:
            told.metadata.update({"artist": f"{WORDS} {SECRET} {SIGNED}"})  # not ours, and kept as the service's are
            streams = {stream.index: told.add_stream_from_template(stream) for stream in plain.streams}
            for packet in plain.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    told.mux(packet)
        (place / "out").mkdir()
        write(place / "told.mp4", place / "out/told.mp4", story=story_of(row), **titles_of(row))
    assert all(name in found(place / "out", SECRETS[:-1]) for name in SECRETS[:-1]), "the test would search in vain"
    with rigged(place / "two") as rig:
        studio = rig.studio()
        studio.import_clips(place / "out")
        studio.generate("a plain lighthouse", duration=5, quality="360p")
        assert len(studio.history()) == 2
        assert SECRET in studio.history()["prompt"].str.cat()
        yield studio


def told_by(source, target, *, cover=False, subtitles=False, artist="", **on_tracks):
    """A copy of a clip with what others put in: words on its tracks, a cover, subtitles."""
    with av.open(str(source)) as plain, av.open(str(target), "w", format="mp4") as out:
        out.metadata.update({"artist": artist} if artist else {})
        streams = {stream.index: out.add_stream_from_template(stream) for stream in plain.streams}
        for stream in streams.values():
            stream.metadata.update(on_tracks)
        picture, words = None, None
        if cover:
            picture = out.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        if subtitles:
            words = out.add_stream("mov_text")
            if not hasattr(words.codec_context, "subtitle_header"):
                pytest.skip("this PyAV cannot write subtitles")
            words.codec_context.subtitle_header = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n[Events]\n"
        for packet in plain.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
        if picture is not None:
            out.mux(picture.encode(av.VideoFrame(64, 64, "yuvj420p")))
            out.mux(picture.encode())
        if words is not None:
            said = f"{WORDS} {SECRET}".encode()
            packet = av.Packet(len(said).to_bytes(2, "big") + said)
            packet.stream, packet.pts, packet.dts, packet.duration = words, 0, 0, 1000
            packet.time_base = Fraction(1, 1000)
            out.mux(packet)


@pytest.fixture(autouse=True)
def _plain(request, monkeypatch):
    """Pictures take seconds: they are searched once."""
    if "[beside]" not in request.node.name:
        monkeypatch.setattr("pixverse_nb.table.report_page.Draft._drawn", lambda *_: [])


def found(place, words):
    """Which of some words stand in the bytes of what was written, in base64 too, or in its names."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    assert files
    everything = b"\n".join(path.name.encode() + b"\n" + path.read_bytes() for path in files)
    inner = re.findall(rb"base64,([A-Za-z0-9+/=]+)", everything)
    everything += b"\n".join(base64.b64decode(part) for part in inner)
    return [word for word in words if word.lower().encode() in everything.lower()]


HOW = [{"clips": "beside"}, {"clips": "embed"}, {"clips": "none"}]


@pytest.mark.parametrize("how", HOW, ids=[one["clips"] for one in HOW])
def test_no_secret_is_in_a_report_or_in_its_clips(home, tmp_path, how):
    title = f"Foxes {SECRET} {SIGNED}"
    report = home.history().pixverse.report(tmp_path / "out/fox.html", title=title, **how)
    assert found(tmp_path / "out", SECRETS) == []
    assert found(tmp_path / "out", ["a red fox", "a plain lighthouse"]) == ["a red fox", "a plain lighthouse"]
    if how["clips"] == "beside":
        assert len(list(report.folder.iterdir())) == 2


@pytest.mark.parametrize("how", HOW, ids=[one["clips"] for one in HOW])
def test_what_is_to_be_left_out_of_a_report_is_not_in_its_clips_either(home, tmp_path, how):
    home.history().pixverse.report(tmp_path / "out/name.html", redact=["prompts", "costs"], **how)
    assert found(tmp_path / "out", [*SECRETS, "a red fox", "a plain", WORDS, "cost_micros", "$0."]) == []


def test_an_exported_folder_holds_no_secret(home, tmp_path):
    home.history().pixverse.export(f"{tmp_path}/out/")
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 2
    assert found(tmp_path / "out", SECRETS) == []
    assert any("a-red-fox-key" in path.name for path in (tmp_path / "out").iterdir())


def test_a_redacted_folder_holds_nothing_that_was_to_be_left_out(home, tmp_path):
    home.history().pixverse.export(f"{tmp_path}/out/", redact=["prompts", "costs"])
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 2
    assert found(tmp_path / "out", [*SECRETS, "red fox", "red-fox", "plain lighthouse", WORDS, "_usd", "micros"]) == []


def test_a_clip_that_cannot_be_freed_of_its_tags_is_left_out_and_that_is_said(home, tmp_path, capsys, monkeypatch):
    df = home.history()
    damaged = [home.generation(key).video.path for key in df.index]

    def broken(source, target):
        if source in damaged:
            raise pv.ClipError("it is broken", billed=False)
        bare(source, target)

    monkeypatch.setattr("pixverse_nb.table.folder.bare", broken)
    with pytest.raises(pv.ClipError, match="cannot be copied without the tags"):
        df.pixverse.export(f"{tmp_path}/none/", redact="prompts")
    assert list((tmp_path / "none").iterdir()) == []
    damaged.pop()
    df.pixverse.export(f"{tmp_path}/out/", redact="prompts")
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert "One clip cannot be copied without the tags, left out" in capsys.readouterr().out
    report = df.pixverse.report(tmp_path / "name.html", redact="prompts")
    assert len(list(report.folder.iterdir())) == 1
    assert "One clip could not be copied without what is to be left out, and is not here." in report.notes


def test_save_tells_no_secret_and_the_story_still_names_the_same_request(home, tmp_path):
    df = home.history()
    key = df.index[df["prompt"].str.contains("red fox")][0]
    place = home.generation(key).video.save(tmp_path / "out.mp4")
    assert found(place, SECRETS) == []
    assert found(place, ["a red fox", WORDS]) == ["a red fox", WORDS]
    row = home._store.row(key)
    back = row_of(story_of(row))
    assert (back["identity"], back["family"]) == (row["identity"], row["family"])


def test_the_labels_of_a_sheet_show_no_secret(home):
    from pixverse_nb.table import exports
    from pixverse_nb.table.door import Door

    door = Door(home)
    parts = exports._parts(door, door.rows(list(home.history().index)), frozenset())
    assert [part.title for part in parts if any(secret in part.title for secret in SECRETS)] == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (SIGNED, "https://bucket.example/x.mp4"),
        ("https://a.example/#access_token=FRAGSECRET", "https://a.example/"),
        ("x_SG_1234567890abcdef", "x_[key]"),
        ("KEY=sg_1234567890abcdef", "KEY=[key]"),
        ("'SG_1234567890abcdef'", "'[key]'"),
        ("https://u:p@ss@a.example/p?q=1#top", "https://a.example/p?q=1#top"),
        ("FTP://u:p@a.example", "FTP://a.example"),
        ("a message: msg_lighthouse at a.example", "a message: msg_lighthouse at a.example"),
        ("see https://a.example/p?page=2#top, please", "see https://a.example/p?page=2#top, please"),
        # an address that is cut in two by what stands in it
        ("https://a.example/it's.mp4?X-Amz-Signature=deadbeef", "https://a.example/it's.mp4?X-Amz-Signature=[key]"),
        ("https://a.example/<b>.mp4?sig=deadbeef&w=2", "https://a.example/<b>.mp4?sig=[key]&w=2"),
        ('https://a.example/"b.mp4?token=deadbeef', 'https://a.example/"b.mp4?token=[key]'),
        ("https://u:pa'ss<w>@a.example/x", "https://a.example/x"),
        # an address without its beginning
        ("a.example/x.mp4?X-Amz-Credential=AKIAFEED/1", "a.example/x.mp4?X-Amz-Credential=[key]"),
        ("//u:pa55@a.example/x?sig=deadbeef", "//a.example/x"),
        ("x%3FX-Amz-Signature%3Ddeadbeef", "x%3FX-Amz-Signature%3D[key]"),
        # keys where a look at the letter before does not help, and of other shapes
        ("key%3DSG_abcdefghij", "key%3D[key]"),
        ("one\nSG_abcdefghij", "one\n[key]"),
        (r'{"a": "one\nSG_abcdefghij"}', r'{"a": "one\n[key]"}'),
        ("xSG_1234567890abcdef", "x[key]"),
        ("SG_abc-defg_1", "[key]"),
        ("Authorization: Bearer deadbeef", "Authorization: Bearer [key]"),
        ("curl -H 'x-api-key: deadbeef'", "curl -H 'x-api-key: [key]'"),
        ("Bearer abc123.def", "Bearer [key]"),
        ("api_key=deadbeef", "api_key=[key]"),
        ('{"api_key": "deadbeef", "style": "x"}', '{"api_key": "[key]", "style": "x"}'),
        # words of prompts
        ("the ring bearer carries a lamp", "the ring bearer carries a lamp"),
        ("a token of love, the secret garden: password or not", "a token of love, the secret garden: password or not"),
        ("design=lighthouse, author=Anna", "design=lighthouse, author=Anna"),
        ("a sign that says 1+1=2 // 50% off", "a sign that says 1+1=2 // 50% off"),
    ],
)
def test_what_is_secret_goes_and_what_is_not_stays(text, left):
    assert scrubbed(text) == left
    assert scrubbed(left) == left


def test_a_long_text_is_searched_in_no_time():
    for part in ("a", "key", "sig=", "bearer ", "//a", "a.b+", "token ", "a@"):
        text = f"://{part * (200_000 // len(part))} SG_"
        assert len(scrubbed(text)) > 2  # of quadratic time it would take minutes


def test_values_of_any_kind_are_cleaned_and_clean_ones_are_left_alone():
    dirty = {
        SECRET: [SIGNED, {"token": "abc", "n": 1.5}],
        "a": (b"x " + SECRET.encode(), np.array([SECRET])),
        "n": None,
    }
    clean = cleaned(dirty)
    assert clean == {
        "[key]": ["https://bucket.example/x.mp4", {"token": "[key]", "n": 1.5}], "a": ["x [key]", ["[key]"]], "n": None,
    }  # fmt: skip
    assert cleaned(Path("/x") / SECRET) == f"{os.sep}x{os.sep}[key]"
    for value in (clean["a"][1], {"a": [1, "b", (2.5, None)]}, {1, 2}, np.arange(3), pd.Timestamp(0), "x", 5):
        assert cleaned(value) is value


def test_a_clip_without_words_is_known_as_such(tmp_path):
    assert not has_words(make_clip(tmp_path / "plain.mp4", frames=4))
    for name, value in (("handler_name", WORDS), ("language", "eng")):
        told_by(tmp_path / "plain.mp4", tmp_path / f"{name}.mp4", **{name: value})
        assert has_words(tmp_path / f"{name}.mp4") == (value == WORDS), name
    told_by(tmp_path / "plain.mp4", tmp_path / "cover.mp4", cover=True)
    assert has_words(tmp_path / "cover.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    with pytest.raises(pv.ClipError):
        has_words(tmp_path / "broken.mp4")


# ---- what others have written into a clip --------------------------------------------------------------------------


@pytest.fixture(params=["tracks", "subtitles"])
def others(request, tmp_path):
    """A home with an imported clip whose row says nothing secret, and whose file does."""
    with rigged(tmp_path / "one") as rig:
        saved = rig.studio().generate("a plain lighthouse", duration=5, quality="360p").video.save(tmp_path / "a.mp4")
    how = {"subtitles": True} if request.param == "subtitles" else {"handler_name": f"{WORDS} {SECRET}"}
    with rigged(tmp_path / "two") as rig:
        studio = rig.studio()
        studio.import_clips(saved)
        clip = studio.generation(studio.history().index[0]).video.path
        told_by(clip, tmp_path / "told.mp4", artist=f"{WORDS} {SIGNED}", **how)
        shutil.copyfile(tmp_path / "told.mp4", clip)
        assert found(clip, [WORDS, SECRET]) == [WORDS, SECRET]
        yield studio


@pytest.mark.filterwarnings("error")
def test_what_others_wrote_into_a_clip_is_in_no_copy_of_it(others, tmp_path):
    df = others.history()
    df.pixverse.export(f"{tmp_path}/folder/")
    assert len(list((tmp_path / "folder").glob("*.mp4"))) == 1
    assert found(tmp_path / "folder", SECRETS) == []
    for clips in ("beside", "embed"):
        df.pixverse.report(tmp_path / clips / "name.html", clips=clips)
        assert found(tmp_path / clips, SECRETS) == []
        df.pixverse.report(tmp_path / f"{clips} less/name.html", clips=clips, redact=["prompts", "costs"])
        assert found(tmp_path / f"{clips} less", [*SECRETS, WORDS, "lighthouse"]) == []


def test_a_clip_is_saved_without_the_secrets_that_others_put_on_its_tracks(tmp_path):
    make_clip(tmp_path / "a.mp4", frames=4)
    told_by(tmp_path / "a.mp4", tmp_path / "b.mp4", handler_name=f"{WORDS} {SECRET}", artist=SIGNED)
    write(tmp_path / "b.mp4", tmp_path / "c.mp4", story={}, title="t", description="d", comment="c")
    assert found(tmp_path / "b.mp4", [SECRET, WORDS]) == [SECRET, WORDS]
    assert found(tmp_path / "c.mp4", [*SECRETS, WORDS]) == [WORDS]


def test_a_bare_clip_has_its_pictures_and_its_sound_and_no_cover(tmp_path):
    make_clip(tmp_path / "a.mp4", frames=4)
    told_by(tmp_path / "a.mp4", tmp_path / "b.mp4", cover=True, subtitles=True, artist=WORDS)
    bare(tmp_path / "b.mp4", tmp_path / "c.mp4")
    kinds = []
    for name in "bc":
        with av.open(str(tmp_path / f"{name}.mp4")) as clip:
            kinds.append(sorted(stream.type for stream in clip.streams))
    assert kinds == [["audio", "subtitle", "video", "video"], ["audio", "video"]]
    assert found(tmp_path / "c.mp4", [*SECRETS, WORDS]) == []


# ---- what is to be left out ----------------------------------------------------------------------------------------

PARTS = ("walrus", "limping", "海象")


@pytest.fixture(scope="module")
def walrus(tmp_path_factory):
    """Parts of a prompt wherever people write."""
    with rigged(tmp_path_factory.mktemp("walrus") / "home") as rig:
        studio = rig.studio()
        url = "https://pictures.example/limping-walrus.png"
        one = studio.generate("a limping walrus 海象在这里", duration=5, quality="360p", image_url=url)
        two = studio.generate("a plain lighthouse", duration=5, quality="540p", negative_prompt="no walrus")
        studio.annotate(one.id, decision="reject", reason="the walrus has legs, for $0.281", tags=["海象", "night"])
        studio.annotate(two.id, decision="reject", reason="flicker, for 0.28 USD", tags=["night"], note="no walrus")
        yield studio


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "clips/", "beside.html", "embed.html"])
def test_no_part_of_a_prompt_is_in_what_was_redacted(walrus, tmp_path, name):
    df = walrus.history()
    if name.endswith(".html"):
        df.pixverse.report(tmp_path / "out" / name, clips=name[:-5], redact=["prompts", "costs"])
    else:
        (tmp_path / "out").mkdir()
        df.pixverse.export(f"{tmp_path}/out/{name}", redact=["prompts", "costs"])
    assert found(tmp_path / "out", [*PARTS, "lighthouse", "$0.", "0.28 USD", "_usd", "micros"]) == []
    assert found(tmp_path / "out", ["flicker", "prompt 2"]) == ["flicker", "prompt 2"], "what says nothing of it stays"


def test_a_redacted_folder_is_not_made_where_an_earlier_one_would_stay_beside_it(walrus, tmp_path):
    df = walrus.history()
    place = df.pixverse.export(f"{tmp_path}/out/")
    before = sorted(path.name for path in place.iterdir())
    with pytest.raises(pv.InvalidParameter, match=r"4 files of an earlier export.*new folder"):
        df.pixverse.export(place, redact="prompts")
    assert sorted(path.name for path in place.iterdir()) == before
    df.pixverse.export(place, redact="costs")  # all of them are replaced: their names are the same
    assert found(place, ["_usd", "micros"]) == []
    with pytest.raises(pv.InvalidParameter, match="2 files of an earlier export"):
        df.head(1).pixverse.export(place, redact="costs")
    df.pixverse.export(f"{tmp_path}/new/", redact="prompts")
    (tmp_path / "new/mine.txt").write_text("x")
    df.pixverse.export(f"{tmp_path}/new/", redact=["prompts", "costs"])
    assert len(list((tmp_path / "new").iterdir())) == 5


def test_a_clip_that_is_left_out_is_not_there_from_an_earlier_export_either(walrus, tmp_path, monkeypatch):
    df = walrus.history()
    df.pixverse.export(f"{tmp_path}/out/")

    def broken(source, target):
        if source.name in str(df["video_path"].iloc[0]):
            raise pv.ClipError("it is broken", billed=False)
        bare(source, target)

    monkeypatch.setattr("pixverse_nb.table.folder.bare", broken)
    df.pixverse.export(f"{tmp_path}/out/", redact="costs")
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert found(tmp_path / "out", ["_usd", "micros"]) == []


def test_a_redacted_report_is_not_made_where_clips_of_another_would_stay_beside_it(walrus, tmp_path):
    df = walrus.history()
    report = df.pixverse.report(tmp_path / "name.html")
    df.pixverse.report(tmp_path / "name.html", redact="prompts")  # those that the older page lists go
    assert len(list(report.folder.iterdir())) == 2
    assert found(report.folder, ["walrus", "lighthouse"]) == []
    df.pixverse.report(tmp_path / "name.html")
    Path(report).unlink()
    with pytest.raises(pv.InvalidParameter, match=r"2 clips of an earlier report.*remove that folder"):
        df.pixverse.report(tmp_path / "name.html", redact="prompts")
    assert not Path(report).exists()
    df.pixverse.report(tmp_path / "name.html", clips="embed", redact="prompts")


def test_what_could_not_be_exported_is_said_in_words_that_fit(walrus, tmp_path, monkeypatch):
    def broken(*_):
        raise pv.ClipError("it is broken", billed=False)

    monkeypatch.setattr("pixverse_nb.table.folder.bare", broken)
    with pytest.raises(pv.ClipError, match=r"2 clips cannot be copied without the tags\. Export other") as caught:
        walrus.history().pixverse.export(f"{tmp_path}/out/", redact="prompts")
    assert "tags=False" in str(caught.value.remedy)
