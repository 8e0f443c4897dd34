"""What leaves the house holds no secret and nothing that was to be left out: every byte that was written is searched.

The home is the worst there can be: its clips came with tags that an older version, or somebody else, had written.
"""

import base64
import re

import av
import pytest
from clips import make_clip
from studio_rig import KEY, rigged

import pixverse_nb as pv
from pixverse_nb.media.tags import write
from pixverse_nb.plain import scrubbed
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
    def broken(*_):
        raise pv.ClipError("it is broken", billed=False)

    monkeypatch.setattr("pixverse_nb.table.folder.bare", broken)
    df = home.history()
    df.pixverse.export(f"{tmp_path}/out/")  # the plain row needs no such copy
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert "One clip cannot be copied without the tags, left out" in capsys.readouterr().out
    with pytest.raises(pv.ClipError, match="cannot be copied without the tags"):
        df.pixverse.export(f"{tmp_path}/none/", redact="prompts")
    assert list((tmp_path / "none").iterdir()) == []
    report = df.pixverse.report(tmp_path / "name.html")
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
    ],
)
def test_what_is_secret_goes_and_what_is_not_stays(text, left):
    assert scrubbed(text) == left
    assert scrubbed(left) == left


def test_a_long_text_is_searched_in_no_time():
    text = f"://{'a' * 200_000} SG_"
    assert scrubbed(text) == text


def test_a_clip_without_words_is_known_as_such(tmp_path):
    from pixverse_nb.media.bare import has_words

    assert not has_words(make_clip(tmp_path / "plain.mp4", frames=4))
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    with pytest.raises(pv.ClipError):
        has_words(tmp_path / "broken.mp4")
