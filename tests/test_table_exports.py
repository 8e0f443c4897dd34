"""`df.pixverse.export`: tables, clips and pictures for elsewhere; nothing secret in them, nothing half-written."""

import csv
import json
import os
import re
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clips import make_clip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb.history import COLUMNS
from pixverse_nb.media import lettering
from pixverse_nb.media.sheet import FPS, Part, sheet_mp4, webp
from pixverse_nb.pricing import MICROS
from pixverse_nb.table import exports, folder
from pixverse_nb.table.public import REDACTIONS, public, redacted

KEY = "SG_fedcba9876543210"  # somebody's: the own one is not even taken
FORMULA = '=HYPERLINK("http://evil.example","click")'
HOSTILE = '<img src=x onerror="alert(1)">/../..\\CON: "NUL" *?|\u202e\x07 日本語 é'
SIGNED = "https://files.example/cat.png?X-Amz-Signature=abc123&X-Amz-Expires=60"
PROMPTS = ["a red cat", FORMULA, HOSTILE, "-1 degrees, a @home garden"]


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with rigged(tmp_path_factory.mktemp("studio") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def studio(rig):
    """Four clips with hostile words, and a failure."""
    made = rig.studio()
    for number, prompt in enumerate(PROMPTS):
        clip = made.generate(prompt, quality=("360p", "540p")[number % 2], extra={"style": f"{prompt} {KEY}"})
        made.annotate(clip.id, note=f"{prompt} {SIGNED}", rating=5)
    rig.servers[0].faults.add("job", "fail")
    with pytest.raises(pv.GenerationFailed):
        made.generate("a bird")
    return made


@pytest.fixture
def df(studio):
    frame = studio.history()
    assert len(frame) == 5
    return frame


@pytest.fixture
def clips(df):
    return df[df["status"] == "completed"]


def left_over(place: Path) -> list[str]:
    """What nobody asked for."""
    return [path.name for path in place.rglob("*") if path.name.endswith(".part") or path.name.startswith(".")]


@contextmanager
def full_disk(at: int):
    """No file may grow beyond so many bytes: a write fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# ---- what is asked for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["clips.xlsx", "clips.json", "clips.CSV2", "", 5, None])
def test_another_ending_is_refused_and_those_that_there_are_are_named(df, path):
    with pytest.raises(pv.InvalidParameter, match=r"names no format.*\.csv|is no path") as caught:
        df.pixverse.export(path)
    assert caught.value.billed is False


def test_a_file_that_is_there_is_replaced_only_when_that_is_said(df, tmp_path):
    there = tmp_path / "there.csv"
    there.write_text("precious")
    with pytest.raises(pv.InvalidParameter, match=r"is there already.*overwrite=True"):
        df.pixverse.export(there)
    assert there.read_text() == "precious"
    assert df.pixverse.export(there, overwrite=True) == there
    assert there.read_text(encoding="utf-8-sig").startswith("id,created_at,status,prompt,")
    assert df.pixverse.export(str(tmp_path / "new" / "deep.CSV")).is_file()


def test_the_homes_own_files_are_never_written_over(clips, rig):
    clip = Path(clips["video_path"].iloc[0])
    before = clip.read_bytes()
    for path in (clip, clip.with_name("x.webp"), clip.parent, rig.home / "posters"):
        with pytest.raises(pv.InvalidParameter, match="keeps its own files"):
            clips.pixverse.export(path, overwrite=True)
    assert clip.read_bytes() == before


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x/", "x.mp4", "x.webp"])
def test_a_place_that_cannot_be_written_is_one_clear_error_and_leaves_nothing(clips, tmp_path, name):
    blocked = tmp_path / "file"
    blocked.write_text("I am no folder")
    with pytest.raises(pv.ClipError, match=r"could not be (written|saved)|not writable"):
        clips.head(2).pixverse.export(f"{blocked}/{name}")
    assert blocked.read_text() == "I am no folder"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.mp4", "x.webp", "x/"])
def test_a_full_disk_is_one_clear_error_and_leaves_what_was_there(clips, tmp_path, name):
    target = tmp_path / "out" / name
    if not name.endswith("/"):
        target.parent.mkdir()
        target.write_text("before")
    many = pd.concat([clips] * 40) if name.endswith(("csv", "parquet")) else clips
    with full_disk(900), pytest.raises(pv.ClipError, match=r"disk is full|could not be saved"):
        many.pixverse.export(f"{tmp_path}/out/{name}", overwrite=True)
    if not name.endswith("/"):
        assert target.read_text() == "before"
    assert left_over(tmp_path) == []


# ---- CSV ---------------------------------------------------------------------------------------------------------


def test_csv_comes_back_with_the_same_measures_and_the_same_requests(df, studio, tmp_path):
    path = df.pixverse.export(tmp_path / "a.csv")
    again = pd.read_csv(path)
    assert list(again.columns) == ["id", *COLUMNS]
    assert list(again["id"]) == list(df.index)
    for measure in ("costs", "rejects", "latencies", "failures", "yields"):
        found, wanted = getattr(again.pixverse, measure)(), getattr(df.pixverse, measure)()
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted), obj=measure)
    plan = again.drop(columns="extra").pixverse.of(studio).rerun()  # there a key was taken out
    assert (plan.owned, plan.to_send) == (4, 1), "an apostrophe is no part of a prompt: nothing would be paid twice"


def test_no_cell_of_a_csv_is_a_formula(df, tmp_path):
    own = df.assign(**{"=own()": "@SUM(1)", "tab": "\t=1", "full": "＝1", "number": -5})
    with own.pixverse.export(tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    cells = [cell for row in rows for cell in row]
    assert f"'{FORMULA}" in cells
    assert "'=own()" in cells
    assert "-5" in cells, "a number stays one"
    starts = [
        cell for cell in cells if re.match(r"[=+\-@\t\r\n＝＋－＠]", cell) and not re.fullmatch(r"-\d+(\.\d+)?", cell)
    ]
    assert starts == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.sampled_from("'=+-@")).map(
            lambda text: f"x{text}" if not text.strip() else text
        ).flatmap(lambda text: st.sampled_from([text, f"={text}", f"'={text}", f"''-{text}"])),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_whatever_a_prompt_is_a_csv_gives_it_back(df, tmp_path, texts):
    frame = df.head(1).loc[[df.index[0]] * len(texts)].assign(prompt=pd.array(texts, dtype="string"))
    path = frame.pixverse.export(tmp_path / "a.csv", overwrite=True)
    missing = {name: [""] for name in COLUMNS if name != "prompt"}
    again = pd.read_csv(path, keep_default_na=False, na_values=missing, dtype={"prompt": object})  # "00" is no 0
    read = list(again.pixverse.yields("prompt").index)
    assert set(read) == set(texts)


def test_tables_of_no_row_and_of_any_shape(df, tmp_path):
    for number, frame in enumerate(
        (df.head(0), df.head(1), df[["prompt"]], df.set_index("quality", append=True), df.reset_index(),
         df.reset_index(drop=True), pd.concat([df, df]), df.assign(**{"5": 1, "mine": "x"})[["mine", "prompt", "5"]])
    ):  # fmt: skip
        for suffix in (".csv", ".parquet"):
            path = frame.pixverse.export(tmp_path / f"{number}{suffix}")
            read = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path).reset_index()
            assert len(read) == len(frame)
            if "prompt" in frame and "cost_usd" in frame and len(frame):
                assert list(read["prompt"]) != []
    assert list(pd.read_csv(tmp_path / "7.csv").columns) == ["id", "prompt", "mine", "5"], (
        "the history's, then one's own"
    )


# ---- Parquet -----------------------------------------------------------------------------------------------------


def test_parquet_keeps_the_types(df, tmp_path):
    frame = df.assign(mine=range(5))
    frame.attrs["axes"] = ["a secret"]
    read = pd.read_parquet(frame.pixverse.export(tmp_path / "a.parquet"))
    assert read.index.name == "id"
    assert read.attrs == {}
    expected = redacted(pd.DataFrame(frame))
    pd.testing.assert_frame_equal(read, expected, check_index_type=False)
    empty = pd.read_parquet(df.head(0).pixverse.export(tmp_path / "b.parquet"))
    assert dict(empty.dtypes.astype(str)) == dict(df.dtypes.astype(str))
    assert read.pixverse.costs().equals(df.pixverse.costs())


def test_parquet_without_its_package_says_what_to_install(df, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(pv.PixverseError, match=r"needs the package pyarrow.*pip install \"pixverse_nb\[parquet\]\""):
        df.pixverse.export(tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_parquet_cannot_hold_is_refused_in_words(df, tmp_path):
    with pytest.raises(pv.InvalidParameter, match="does not go into Parquet"):
        df.assign(mine=[1, "x", None, [2], {}]).pixverse.export(tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


# ---- what may be seen --------------------------------------------------------------------------------------------


def texts_of(place: Path) -> str:
    """All bytes that were written, as text."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return "\n".join(f"{path.name}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "clips/"])
def test_nothing_secret_is_in_an_export(clips, rig, tmp_path, name):
    text = texts_of(clips.pixverse.export(tmp_path / "out" / name if name[-1] != "/" else f"{tmp_path}/out/{name}"))
    assert KEY not in text
    assert "X-Amz-Signature" not in text
    assert "https://files.example/cat.png" in text, "the address itself is"
    if name == "clips/":
        assert str(rig.home) not in text


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "clips/"])
def test_prompts_and_costs_are_left_out_on_request(clips, tmp_path, name):
    target = f"{tmp_path}/out/{name}"
    text = texts_of(clips.assign(mine=clips["prompt"] + "!").pixverse.export(target, redact=REDACTIONS))
    for prompt in PROMPTS:
        assert prompt not in text
        assert json.dumps(prompt, ensure_ascii=False)[1:-1] not in text
    assert "HYPERLINK" not in text
    assert "prompt 1" in text
    assert "prompt 4" in text
    assert "_usd" not in text
    assert "cost_source" not in text


def test_rows_of_one_prompt_are_still_known_as_such(df):
    frame = pd.concat([df, df.head(2)]).assign(mine=lambda f: "about " + f["prompt"], other="x")
    safe = redacted(frame, "prompts")
    assert type(safe) is type(frame)
    assert list(safe.index) == list(frame.index)
    assert list(safe["prompt"]) == ["prompt 1", "prompt 2", "prompt 3", "prompt 4", "prompt 5", "prompt 1", "prompt 2"]
    assert list(safe.columns) == list(COLUMNS), "what a table's own columns hold nobody knows"
    assert safe["note"].isna().all()
    assert safe["extra"].isna().all()
    assert not safe["error"].fillna("").str.contains(":").any()
    assert safe.dtypes[list(COLUMNS)].equals(df.dtypes)
    assert list(frame["prompt"][:5]) == list(df["prompt"]), "the table itself stays"
    by_prompt = frame.set_index("prompt", append=True)
    assert set(redacted(by_prompt, ["prompts"]).index.get_level_values("prompt")) == set(safe["prompt"])
    assert list(public(by_prompt, "prompts")["prompt"]) == list(safe["prompt"])
    pd.testing.assert_series_equal(safe.pixverse.costs()["sum_usd"], frame.pixverse.costs()["sum_usd"])


def test_costs_go_with_their_columns_and_amounts(df):
    frame = df.assign(my_usd=1.0, cost_usd_x=2.0, error="it would cost $0.281 more", costume="red")
    safe = redacted(frame, ("costs",))
    gone = {"cost_usd", "cost_source", "estimate_usd", "ceiling_usd", "saved_usd", "my_usd", "cost_usd_x", "costume"}
    assert set(frame.columns) - set(safe.columns) == gone
    assert "0.281" not in safe["error"].iloc[0]
    assert "costume" in redacted(frame), "where nothing is to be left out, one's own columns stay"
    with pytest.raises(pv.InvalidParameter, match="lacks cost_usd"):
        safe.pixverse.costs()


HIDDEN = ("feedface", "deadbeef", "pa55w0rd")
DIRTY = "SG_feedfacefeedface at https://u:pa55w0rd@files.example/it's.mp4?X-Amz-Signature=deadbeef"


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_nothing_secret_is_in_columns_of_any_kind_or_in_their_names(df, tmp_path, name):
    kinds = {
        "kind": pd.Categorical([f"{DIRTY} {at}" for at in range(5)]),
        "unused": pd.Categorical(["x"] * 5, categories=["x", DIRTY]),
        "list": [[DIRTY]] * 5,
        "dict": [{"a": [DIRTY], "token": "deadbeef"}] * 5,
        "arrow": pd.array([[DIRTY]] * 5, dtype=pd.ArrowDtype(pa.list_(pa.string()))),
        "array": [np.array([DIRTY])] * 5,
        "bytes": [DIRTY.encode()] * 5,
        DIRTY: 1,
        f"x{DIRTY}": 2,
        f"{DIRTY}#": 3,
    }
    frame = df.assign(**kinds, note=pd.Categorical([DIRTY] * 5))
    frame = frame.set_index(pd.Index(pd.Categorical([DIRTY] * 5), name=f"level {DIRTY}"), append=True)
    text = texts_of(frame.pixverse.export(tmp_path / name))
    assert not [word for word in HIDDEN if word in text]
    read = pd.read_csv(tmp_path / name) if name == "a.csv" else pd.read_parquet(tmp_path / name)
    assert set(kinds) - set(read.columns) == {name for name in kinds if "SG_" in name}
    assert len(read.columns) == len(public(df).columns) + len(kinds) + 1 - (name == "a.parquet")
    assert read["list"].astype(str).str.contains("[key] at https://files.example/it", regex=False).all()
    for own in ("unused", "kind"):
        pd.testing.assert_series_equal(
            redacted(df.assign(own=pd.Categorical(list("abcab"))))["own"], pd.Series(
                pd.Categorical(list("abcab")), index=df.index, name="own"), obj=own)  # fmt: skip


def test_no_cell_of_a_csv_is_a_formula_whatever_its_kind(df, tmp_path):
    own = df.assign(
        kind=pd.Categorical(["=1+1", "@x", "a", "-1", "+1"]), path=[Path("=1+1")] * 5, mixed=["=1", -5, None, 2.5, True]
    )
    with own.pixverse.export(tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["'=1+1", "'@x", "a", "'-1", "'+1"]
    assert {row["path"] for row in rows} == {"'=1+1"}
    assert [row["mixed"] for row in rows] == ["'=1", "-5", "", "2.5", "True"]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_redacted_table_has_no_column_that_might_tell_it_under_another_name(df, tmp_path, name, capsys):
    plain = pd.DataFrame(df)
    frame = plain.assign(prompt_2=plain["prompt"], cost_usd_2=plain["cost_usd"])
    frame = frame.assign(
        usd_per_second=0.28125, short=frame["prompt"].str[2:7], words=frame["prompt"].str.split(), all=7.28125,
        label=pd.Categorical(frame["prompt"]), **{f"about {PROMPTS[0]}": 1, "n": {"a": PROMPTS[0]}},
    ).set_index(["prompt_2", "short"], append=True)  # fmt: skip
    text = texts_of(frame.pixverse.export(tmp_path / name, redact=REDACTIONS))
    assert not [word for word in (PROMPTS[0], "HYPERLINK", "red c", "28125", "usd_per", "cost_usd") if word in text]
    assert "prompt 1" in text
    said = capsys.readouterr().out
    assert "Left out of a redacted table: prompt_2, short, cost_usd_2, usd_per_second, words and 4 more" in said
    prompts = df.assign(prompt=pd.Categorical(df["prompt"]), tags=pd.Categorical(df["prompt"]))
    safe = redacted(prompts, "prompts")
    assert list(safe["prompt"]) == [f"prompt {at}" for at in range(1, 6)]
    assert safe["tags"].isna().all()
    without = public(df.assign(tags="red").set_index("cost_usd", append=True)[["tags", "rating"]], REDACTIONS)
    assert list(without.columns) == ["id", "rating", "tags"]
    assert without["tags"].isna().all(), "nobody knows whether it is of a prompt"
    nested = redacted(df.assign(prompt=[[text] for text in df["prompt"]]), "prompts")
    assert list(nested["prompt"]) == list(safe["prompt"])


def test_an_error_that_quotes_a_prompt_does_not_in_a_redacted_table(df):
    said = ['prompt="a red fox" is refused', "refused: a red fox", "the job of “a red fox” failed", "it's gone", None]
    safe = redacted(df.assign(error=pd.array(said, dtype="string")), "prompts")
    assert list(safe["error"].fillna("")) == ["prompt=", "refused", "the job of", "it's gone", ""]


def test_places_of_a_person_are_not_in_errors(df, rig):
    frame = df.assign(error=f"{rig.home}/clips is not writable, {Path.home()}/x neither")
    assert str(rig.home) not in redacted(frame)["error"].iloc[0]
    assert "is not writable" in redacted(frame)["error"].iloc[0]


@pytest.mark.parametrize("redact", ["prompt", ["costs", "secrets"], 5, [None]])
def test_another_word_is_refused(df, redact, tmp_path):
    with pytest.raises(pv.InvalidParameter, match="nothing that can be left out"):
        df.pixverse.export(tmp_path / "a.csv", redact=redact)


# ---- a folder ----------------------------------------------------------------------------------------------------


def test_a_folder_has_each_clip_under_a_readable_name_with_its_row_beside_it(df, clips, tmp_path, capsys):
    place = df.pixverse.export(tmp_path / "clips")
    assert place == tmp_path / "clips"
    assert "1 row of 5 without a clip." in capsys.readouterr().out
    found = sorted(path.name for path in place.iterdir())
    assert len(found) == 8
    for key, row in clips.iterrows():
        film = next(path for path in place.glob(f"*{key}.mp4"))
        told = json.loads(film.with_suffix(".json").read_text(encoding="utf-8"))
        assert told["id"] == key
        assert told["file"] == film.name
        assert told["rating"] == 5
        assert told["negative_prompt"] is None
        assert told["cost_usd"] == pytest.approx(row["cost_usd"])
        assert "video_path" not in told
        assert pd.Timestamp(told["created_at"]) == row["created_at"]
        assert film.name.startswith(f"{row['created_at']:%Y%m%d-%H%M%S}_")
        assert f"_{row['quality']}-5s_" in film.name
        with av.open(str(film)) as container:
            assert len(list(container.decode(video=0))) == 12
    assert left_over(place) == []
    assert df.pixverse.export(f"{place}/") == place, "again: the same names"
    assert sorted(path.name for path in place.iterdir()) == found


def test_a_folder_of_clips_makes_the_history_again_without_what_is_secret(rig, clips, tmp_path):
    """Found by a reader: a clip whose row held a key went without any tags, and no history could have it back."""
    place = clips.pixverse.export(tmp_path / "clips")
    other = rig.studio(home=tmp_path / "other")
    assert set(other.import_clips(place).ids) == set(clips.index)
    again = other.history().loc[clips.index]
    assert list(again["prompt"]) == list(clips["prompt"])
    assert list(again["rating"]) == [5] * len(clips)
    assert "SG_" not in "".join(map(str, again[["note", "extra"]].to_numpy().ravel()))
    assert "Signature" not in "".join(again["note"])


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("A red cat, at dawn!", "a-red-cat-at-dawn"),
        ("con", "con"),
        (HOSTILE, "img-src-x-onerror-alert-1-con-nul-日本語-é"),
        ("e\u0301te\u0301", "été"),
        ("夜の東京" * 40, ("夜の東京" * 5)),
        ("word " * 100, "-".join(["word"] * 12)),
        ("🦊 ... //", ""),
        ("\u202egnp.exe", "gnp-exe"),
    ],
)
def test_names_are_names_everywhere(prompt, words):
    row = {"id": "06h0a36e17mmnv01", "created_at": 0, "prompt": prompt, "quality": "540p", "duration": 5, "take": 1}
    name = folder.name_of(row)
    assert name == "_".join(part for part in ("19700101-000000", words, "540p-5s", row["id"]) if part)
    assert folder.name_of({**row, "take": 2}) == name.replace("540p-5s", "540p-5s-take2")
    assert folder.name_of(row, frozenset({"prompts"})) == "19700101-000000_540p-5s_06h0a36e17mmnv01"


@settings(max_examples=80)
@given(st.text(max_size=300))
def test_no_name_is_too_long_or_forbidden(prompt):
    row = {"id": "0" * 16, "created_at": 1, "prompt": prompt, "quality": "1080p", "duration": 15, "take": 12}
    name = folder.name_of(row)
    assert len(f"{name}.json".encode()) <= 140
    assert not re.search(r'[\x00-\x20<>:"/\\|?*#%&\x7f]|[. ]$', name)
    assert name.startswith("19700101-"), "no name that Windows keeps for itself"


def test_a_clip_whose_file_is_gone_is_told_of_and_the_others_are_there(rig, tmp_path, capsys):
    with rigged(tmp_path / "home") as own:
        studio = own.studio(rig.servers[0])
        keys = [studio.generate(prompt).id for prompt in ("one", "two")]
        studio.generation(keys[0]).video.path.unlink()
        frame = studio.history(id=keys)
        place = frame.pixverse.export(tmp_path / "out")
        assert len(list(place.iterdir())) == 2
        assert f"The files of 1 of 2 clips are gone: {keys[0]}." in capsys.readouterr().out
        sheet = frame.pixverse.export(tmp_path / "out.mp4")
        assert sheet.stat().st_size > 0
        assert f"1 of 2 clips could not be shown, gone or not playable: {keys[0]}." in capsys.readouterr().out
        gone = frame.loc[[keys[0]]]
        for name in ("gone/", "gone.webp"):
            with pytest.raises(pv.ClipError, match=r"gone|does not play"):
                gone.pixverse.export(f"{tmp_path}/{name}")
        assert not list(tmp_path.glob("gone*.webp"))


def test_without_clips_or_studio_there_is_nothing_to_export(df, tmp_path):
    for name in ("x/", "x.mp4", "x.webp"):
        with pytest.raises(pv.InvalidParameter, match=r"nothing to export|0 clips"):
            df[df["status"] == "failed"].pixverse.export(f"{tmp_path}/{name}")
        with pytest.raises(pv.InvalidParameter, match="does not know its studio"):
            pd.DataFrame(df).pixverse.export(f"{tmp_path}/{name}")
    with pytest.raises(pv.InvalidParameter, match=r"1 clip; a sheet shows 2 to 25.*webp"):
        df[df["prompt"] == "a red cat"].pixverse.export(tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []


# ---- sheets ------------------------------------------------------------------------------------------------------


def frames_of(path: Path) -> list:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def part(path, letter="A", **clip) -> Part:
    make_clip(path, **clip)
    return Part(path, (clip.get("width", 96), clip.get("height", 64)), letter, "a prompt of some words", "540p · $0.2")


def test_a_sheet_plays_all_at_once_and_a_short_one_holds_its_last_frame(tmp_path):
    parts = [part(tmp_path / "a.mp4", "A", frames=12), part(tmp_path / "b.mp4", "B", frames=48, fps=48)]
    parts.append(part(tmp_path / "c.mp4", "C", frames=60, fps=30, width=64, height=96, rotation=0))
    out = tmp_path / "sheet.mp4"
    assert sheet_mp4(out, parts) == []
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        video = container.streams.video[0]
        assert video.average_rate == FPS
        assert (video.width % 2, video.height % 2) == (0, 0)
        assert float(video.duration * video.time_base) == pytest.approx(2.0, abs=1 / 24)
    frames = frames_of(out)
    assert len(frames) == 48
    show = [Part(p.path, p.size, p.letter) for p in parts]
    from pixverse_nb.media.sheet import _Show

    plan = _Show(show, 1920, FPS)._plan
    corners = [plan.corner(at) for at in range(3)]
    places = [(x + plan.room[0] // 3, y + plan.room[1] - 8) for x, y in corners]

    def grey(moment, at):
        x, y = places[at]
        return float(frames[moment][y - 2 : y + 3, x - 2 : x + 3].mean())

    assert grey(5, 0) == pytest.approx(64 + 8 * 5, abs=5), "its own frame at each moment"
    assert grey(47, 0) == pytest.approx(64 + 8 * 11, abs=5), "then it stands still"
    assert grey(5, 1) == pytest.approx(64 + 8 * 10, abs=5), "48 frames a second: every other one"
    assert grey(23, 1) == grey(40, 1) or abs(grey(23, 1) - grey(40, 1)) < 12
    labels = frames[0][plan.corner(0)[1] + plan.room[1] :][: plan.label]
    assert labels.max() > 180, "there are letters below"


@pytest.mark.parametrize("count", [2, 5, 25])
def test_any_number_of_clips_fits(tmp_path, count):
    one = part(tmp_path / "a.mp4", frames=2)
    out = tmp_path / "sheet.mp4"
    sheet_mp4(out, [one] * count)
    frames = frames_of(out)
    assert len(frames) == 2
    assert frames[0].shape[0] <= 1080
    assert frames[0].shape[1] <= 1920


def test_a_clip_that_does_not_play_has_its_place_with_a_word(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip")
    parts = [part(tmp_path / "a.mp4", frames=3), Part(broken, (96, 64), "B"), Part(tmp_path / "gone.mp4", (96, 64))]
    assert sheet_mp4(tmp_path / "out.mp4", parts) == parts[1:]
    assert len(frames_of(tmp_path / "out.mp4")) == 3
    with pytest.raises(pv.ClipError, match="none of the clips plays"):
        sheet_mp4(tmp_path / "none.mp4", parts[1:])


def test_a_sheet_holds_one_frame_of_each_clip(tmp_path):
    code = (
        "import collections, resource, sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[1])\n"
        "from clips import make_clip\nfrom pixverse_nb.media.sheet import _Show, Part\n"
        "def run(n):\n"
        "    clip = make_clip(Path(sys.argv[2]) / f'{n}.mp4', width=640, height=360, frames=n, audio=False)\n"
        "    collections.deque(_Show([Part(clip, (640, 360), 'A')] * 4, 640, 24).pictures(), maxlen=0)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "run(20); few = run(30); print(run(110) - few)"
    )
    tests = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, tests, str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=Path(pv.__file__).parent.parent,
    )  # fmt: skip
    assert int(done.stdout) < 40_000, "KB; 80 more frames of four clips would be 110,000 KB"


def test_an_export_is_a_labelled_sheet_and_a_moving_picture(df, clips, tmp_path, capsys):
    sheet = df.pixverse.export(tmp_path / "a.mp4")
    assert "1 row of 5 without a clip: not on the sheet." in capsys.readouterr().out
    assert len(frames_of(sheet)) == 12
    bare = df.pixverse.export(tmp_path / "b.mp4", redact=REDACTIONS)
    assert np.abs(frames_of(sheet)[0].astype(int) - frames_of(bare)[0]).max() > 60, "other labels"
    with pytest.raises(pv.InvalidParameter, match="2 to 25"):
        pd.concat([clips] * 10).assign(id=lambda f: f.index)[:1].pixverse.export(tmp_path / "c.mp4")
    with Image.open(clips.head(1).pixverse.export(tmp_path / "one.webp")) as one:
        assert one.is_animated
        assert one.size == (96, 64), "not enlarged, and no label"
        assert one.info["loop"] == 0
    with Image.open(clips.pixverse.export(tmp_path / "many.WEBP")) as many:
        assert many.is_animated
        assert many.n_frames > 1


def test_labels_say_no_more_than_they_may(df):
    rows = [row for row in exports_rows(df) if row["status"] == "completed"]
    door = df.pixverse._door()
    plain = exports._parts(door, rows, frozenset())
    assert [one.letter for one in plain] == list("ABCD")
    assert {one.title for one in plain} == set(PROMPTS)
    assert all("$" in one.facts for one in plain)
    bare = exports._parts(door, rows, frozenset(REDACTIONS))
    assert {one.title for one in bare} == {""}
    assert not any("$" in one.facts for one in bare)


def exports_rows(df):
    return df.pixverse._door().rows(list(df.index))


def test_a_moving_picture_is_small_whatever_it_shows(tmp_path):
    noisy = part(tmp_path / "noise.mp4", frames=60, width=320, height=240, noise=120)
    out = tmp_path / "a.webp"
    assert webp(out, [noisy], most_bytes=250_000) == []
    assert 0 < out.stat().st_size <= 250_000
    with Image.open(out) as image:
        assert image.is_animated
        assert image.size[0] < 320


@pytest.mark.parametrize("text", ["a red cat", "قطة حمراء", "夜の東京", "\U0001f98a\ud800", "", "x" * 400, "a\nb\tc"])
def test_lettering_fits_and_never_stops_a_sheet(text):
    shown = lettering.shortened(text, 16, 200)
    assert lettering.width_of(shown, 16) <= 200
    assert "\n" not in shown
    from PIL import ImageDraw

    lettering.write(ImageDraw.Draw(Image.new("RGB", (240, 40))), (4, 30), shown, 16, (255, 255, 255))


def test_what_is_exported_is_what_was_paid(clips, tmp_path):
    told = pd.read_csv(clips.pixverse.export(tmp_path / "a.csv"))
    assert list((told["cost_usd"] * MICROS).round().astype(int)) == list(
        (clips["cost_usd"] * MICROS).round().astype(int)
    )
    assert os.fspath(tmp_path / "a.csv")
