"""`df.pixverse`: the contract of the accessor, on a studio with real clips."""

import copy
import gc
import io
import pickle
import re
import subprocess
import sys
import time

import pandas as pd
import pytest
from PIL import Image
from studio_rig import PACE, rigged, sends

import pixverse_nb as pv
from pixverse_nb.history import COLUMNS, History
from pixverse_nb.player.player import Player
from pixverse_nb.store import schema
from pixverse_nb.store.annotations import COLUMNS as PEOPLES
from pixverse_nb.store.ids import new_id
from pixverse_nb.table.accessor import Accessor
from pixverse_nb.table.shown import Differences, Measures

HOSTILE = '<img src=x onerror="alert(1)">&amp;</td><script>alert(2)</script>'
GONE = r"df\.pixverse\.of\(studio\)"


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with rigged(tmp_path_factory.mktemp("studio") / "home") as made:
        made.server()
        yield made


@pytest.fixture(scope="module")
def studio(rig, tmp_path_factory):
    """Four clips, one of them hostile in words, one from a picture, and a failure."""
    made = rig.studio()
    picture = tmp_path_factory.mktemp("pictures") / "cat.png"
    Image.new("RGB", (64, 48), "red").save(picture)
    made.generate("a red cat", quality="360p", seed=3)
    made.generate("a blue cat", quality="540p", generate_audio_switch=False)
    made.generate(HOSTILE, quality="360p", extra={"style": HOSTILE})
    made.generate("a red cat", quality="540p", image=picture)
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


@pytest.fixture
def clips(df):
    return df[df["status"] == "completed"]


def csv(frame):
    return pd.read_csv(io.StringIO(frame.to_csv()))


# Ways of a table that keep the ids and, by pandas' own means, the studio.
KEPT = {
    "itself": lambda df: df,
    "filtered": lambda df: df[df["quality"].notna()],
    "sorted": lambda df: df.sort_values("prompt"),
    "narrow": lambda df: df[["prompt", "cost_usd"]],
    "own column": lambda df: df.assign(mine=1),
    "reset": lambda df: df.reset_index(),
    "concatenated": lambda df: pd.concat([df[:2], df[2:]]),
    "merged": lambda df: df.reset_index().merge(pd.DataFrame({"duration": [5], "z": [1]}), on="duration"),
    "joined": lambda df: df.join(pd.DataFrame({"z": 1}, index=df.index)),
    "levels": lambda df: df.set_index("quality", append=True),
    "copied": copy.deepcopy,
}


# ---- the contract ------------------------------------------------------------------------------------------------


def test_it_is_registered_with_the_history_and_importing_stays_cheap():
    code = (
        "import sys, pixverse_nb; assert 'pandas' not in sys.modules; import pandas as pd\n"
        "assert not hasattr(pd.DataFrame, 'pixverse'); import pixverse_nb.history\n"
        "print(type(pd.DataFrame().pixverse).__name__, 'ipywidgets' in sys.modules, 'av' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Accessor", "False", "False"]


def test_a_file_that_was_read_has_it_as_soon_as_there_is_a_studio(tmp_path):
    code = (
        "import pandas as pd, pixverse_nb as pv\n"
        f"studio = pv.Studio('SG_0123456789abcdef', base_url='http://127.0.0.1:9', home={str(tmp_path / 'h')!r})\n"
        "print(type(pd.DataFrame().pixverse).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Accessor"]


@pytest.mark.parametrize("way", KEPT)
def test_whatever_kept_the_ids_keeps_what_can_be_done_with_it(df, way, capsys):
    frame = KEPT[way](df)
    tools = frame.pixverse
    assert isinstance(tools, Accessor)
    assert "its studio is known" in repr(tools)
    tools.play(1)
    assert "The first 1 clips of 5 rows" in capsys.readouterr().out
    tools.grid()
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert isinstance(tools.compare(*df.index[1:3]), Player)
    assert tools.rerun().clips == 5
    assert tools.rerun(quality="1080p").to_send >= 4
    assert str(tools.code(0)).startswith("studio.generate(")
    assert isinstance(tools.diff(), Differences)
    assert list(tools.rate(4)["rating"]) == [4] * 5


def test_a_table_without_ids_says_so_and_what_to_do(df):
    lost = df.reset_index(drop=True)
    for call in (
        lost.pixverse.play, lost.pixverse.compare, lost.pixverse.grid, lost.pixverse.diff, lost.pixverse.rerun,
        lost.pixverse.code, lambda: lost.pixverse.rate(5), lost.pixverse.keep, lost.pixverse.reject,
        lambda: lost.pixverse.tag("x"), lambda: lost.pixverse.note("x"),
    ):  # fmt: skip
        with pytest.raises(pv.InvalidParameter, match=r"lost the ids.*reset_index\(\)") as caught:
            call()
        assert caught.value.billed is False
    assert isinstance(lost.pixverse.costs(), Measures), "measures need columns alone"
    with pytest.raises(pv.InvalidParameter, match="lost the ids"):
        pd.DataFrame(df).reset_index(drop=True).pixverse.play()


def test_a_table_from_a_file_is_measured_by_itself_and_played_with_a_studio(df, studio, capsys):
    for plain in (csv(df), csv(df).set_index("id"), pd.DataFrame(df).astype(object)):
        assert isinstance(plain.pixverse.costs("quality"), Measures)
        assert list(plain.pixverse.diff().index) == list(df.index)
        for call in (
            plain.pixverse.play,
            plain.pixverse.rerun,
            plain.pixverse.grid,
            lambda p=plain: p.pixverse.rate(3),
        ):
            with pytest.raises(pv.InvalidParameter, match="does not know its studio.*" + GONE):
                call()
        tools = plain.pixverse.of(studio)
        tools.play(2)
        assert "The first 2 clips" in capsys.readouterr().out
        assert tools.rerun().clips == 5
        assert (tools.rerun().owned, tools.rerun().to_send) == (4, 1), "the same requests, types and all"
        rated = tools.rate(2)
        assert isinstance(rated, History)
        assert list(rated["rating"]) == [2] * 5
        assert rated.pixverse.costs().equals(df.pixverse.costs())
        rated.pixverse.play(1)  # what comes back knows its studio
    with pytest.raises(pv.InvalidParameter, match="str is not a studio"):
        df.pixverse.of("studio")


def test_a_table_does_not_keep_its_studio_alive_and_says_when_it_is_gone(rig, df, studio):
    mayfly = pv.Studio("SG_0123456789abcdef", base_url=rig.servers[0].url, home=rig.home, pace=PACE)
    frame = mayfly.history()
    frame.pixverse.rerun()
    mayfly._store.close()
    del mayfly
    deadline = time.monotonic() + 30  # a worker that has just done its first chore may still hold it
    while "without a studio" not in repr(frame.pixverse) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.05)
    with pytest.raises(pv.InvalidParameter, match="a studio that is gone.*" + GONE):
        frame.pixverse.play()
    assert frame.pixverse.of(studio).rerun().clips == 5
    assert frame.pixverse.costs().equals(df.pixverse.costs())


def test_a_table_can_be_pickled_and_then_knows_no_studio(df, studio):
    df.pixverse.costs()
    again = pickle.loads(pickle.dumps(df))  # noqa: S301  our own
    assert isinstance(again, History)
    pd.testing.assert_frame_equal(again, df)
    with pytest.raises(pv.InvalidParameter, match=GONE):
        again.pixverse.play()
    assert again.pixverse.of(studio).rerun().clips == 5


def test_rows_of_another_home_are_named(df, rig, tmp_path):
    with rigged(tmp_path / "other") as other:
        stranger = other.studio(rig.servers[0])
        for call in (
            df.pixverse.of(stranger).play, df.pixverse.of(stranger).grid, df.pixverse.of(stranger).code,
            lambda: df.pixverse.of(stranger).rate(1),
        ):  # fmt: skip
            with pytest.raises(pv.NotFound, match=df.index[0]):
                call()


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_no_row_and_of_one(df, rows, capsys):
    frame = df[df["prompt"] == ("a blue cat" if rows else "nothing")]
    tools = frame.pixverse
    assert len(frame) == rows
    for found in (tools.costs(), tools.rejects(), tools.latencies(), tools.failures(), tools.yields(), tools.diff()):
        assert "<table" in found._repr_html_()
    assert list(tools.diff().columns) == []
    assert "Nothing differs" in tools.diff()._repr_html_()
    with pytest.raises(pv.InvalidParameter, match="2 to 9 clips"):
        tools.compare()
    for written in (tools.rate(5), tools.tag("x"), tools.keep(), tools.reject("y"), tools.note("z")):
        assert list(written.columns) == list(COLUMNS)
        assert written.dtypes.equals(df.dtypes)
        assert len(written) == rows
    if rows:
        tools.play()
        tools.grid()
        assert "a blue cat" in capsys.readouterr().out
        assert tools.rerun().owned == 1
        return
    for call in (tools.play, tools.grid, tools.rerun, tools.code):
        with pytest.raises(pv.InvalidParameter, match=r"nothing to|0 rows"):
            call()


# ---- looking -----------------------------------------------------------------------------------------------------


def test_play_passes_over_what_has_no_clip_and_says_so(df, capsys):
    df.pixverse.play()
    out = capsys.readouterr().out
    assert out.count("completed ·") == 4
    assert "1 row of 5 without a clip." in out
    with pytest.raises(pv.InvalidParameter, match="none has a clip"):
        df[df["status"] == "failed"].pixverse.play()


@pytest.mark.parametrize("n", [0, -1, True, 1.5, "6", 61])
def test_how_many_are_played_is_checked(df, n):
    with pytest.raises(pv.InvalidParameter, match="n="):
        df.pixverse.play(n)


def test_in_a_notebook_players_and_grid_are_html(clips, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **_: shown.append(bundle["text/html"]))
    for name in ("pixverse_nb.generations", "pixverse_nb.display.shown", "pixverse_nb.display.live"):
        monkeypatch.setattr(f"{name}.in_notebook", lambda: True)
    clips.pixverse.play(3)
    assert shown[0].count("<video") == 3
    assert "The first 3 clips of 4 rows" in shown[1]
    clips.pixverse.grid("quality", "prompt")
    assert shown[2].count("<video") == 4
    for html in shown:
        assert "<script" not in html
        assert "<img src=x" not in html


def test_compare_takes_the_whole_of_a_small_table_or_rows_of_it(df, clips):
    assert clips.pixverse.compare().ids == tuple(clips.index)
    assert pd.concat([clips[:2], clips[:2]]).pixverse.compare().ids == tuple(clips.index[:2])
    two = clips.index[[3, 0]]
    assert clips.pixverse.compare(*two).ids == tuple(two)
    with pytest.raises(pv.InvalidParameter, match="no row of this table"):
        clips[:2].pixverse.compare(clips.index[0], clips.index[3])
    with pytest.raises(pv.InvalidParameter):
        clips.pixverse.compare(clips.index[0])
    with pytest.raises(pv.InvalidParameter, match="failed"):
        df.pixverse.compare()


def test_a_generation_is_a_row_to_compare(clips, studio):
    one, two = (studio.generation(key) for key in clips.index[:2])
    assert clips.pixverse.compare(one, two).ids == (one.id, two.id)


def test_a_grid_goes_by_any_two_columns(df, clips, studio, capsys):
    clips.assign(mine=["x", "y", "x", "y"]).pixverse.grid("mine", "quality")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" · ")[0] for line in lines].count("360p") == 2
    assert all(line.split(" · ")[1] in {"x", "y"} for line in lines)
    studio.annotate(clips.index[0], rating=5)
    studio.history(status="completed").pixverse.grid(x="rating")
    assert capsys.readouterr().out.count("–") >= 3
    with pytest.raises(pv.UnknownParameter, match="Did you mean 'quality'"):
        df.pixverse.grid("qualty")
    with pytest.raises(pv.InvalidParameter, match="both across and down"):
        df.pixverse.grid("quality", "quality")


def test_a_grid_is_cut_at_its_end_and_says_so(rig, tmp_path, capsys):
    with rigged(tmp_path / "home") as own:
        studio = own.studio(rig.servers[0])
        row = {
            "service": studio._backend.name, "api": "v2", "studio": "s", "status": "failed", "prompt": "a cat",
            "duration": 5, "quality": "540p", "take": 1, "identity": "i", "reserved_micros": 0, "error": HOSTILE,
        }  # fmt: skip
        with studio._store._db.write() as connection:
            rows = [{**row, "id": new_id(), "created_at": n} for n in range(310)]
            connection.execute(schema.generations.insert(), rows)
        frame = studio.history()
        pd.concat([frame, frame]).pixverse.grid()
        assert "The first 300 of 310 cells are shown" in capsys.readouterr().out
        assert len(pd.concat([frame, frame]).pixverse.tag("x")) == 620
        assert set(studio.history()["tags"]) == {"x"}


def test_diff_shows_only_what_differs_and_prompts_word_by_word(df):
    cats = df[df["prompt"].str.contains("cat$")].sort_index()
    found = cats.pixverse.diff()
    assert list(found.index) == list(cats.index)
    assert list(found["prompt"]) == ["a red cat", "a [-red -]{+blue +}cat", "a red cat"]
    assert {"prompt", "quality", "seed", "image_sha256", "cost_usd"} <= set(found.columns)
    assert not {"duration", "status", "take", "created_at", "video_path", "request_id", "api"} & set(found.columns)
    html = found._repr_html_()
    assert "<del" in html
    assert "<ins" in html
    assert html.count("<ins") == 1
    assert list(found[["quality"]].columns) == ["quality"]
    assert "<ins" in found[["prompt"]].iloc[1:]._repr_html_(), "a slice keeps the words"
    assert found.T._repr_html_()


def test_diff_of_hostile_and_of_many_prompts(df):
    html = df.pixverse.diff()._repr_html_()
    assert "<img src=x" not in html
    assert "<script" not in html
    assert "alert(1)" in html
    many = pd.DataFrame({"prompt": [f"a cat {n} {HOSTILE}" for n in range(300)]})
    many.index = pd.Index([f"{n:016d}" for n in range(300)], name="id")
    assert list(many.pixverse.diff()["prompt"]) == list(many["prompt"]), "as they are"
    assert "<script" not in many.pixverse.diff()._repr_html_()
    odd = df.assign(mine=[[n] for n in range(5)], none=pd.NA, same="x")
    assert "mine" in odd.pixverse.diff()
    assert not {"none", "same"} & set(odd.pixverse.diff().columns)
    missing = many[:2].assign(prompt=[None, "a cat"])
    assert list(missing.pixverse.diff()["prompt"].fillna("–")) == ["–", "{+a cat+}"]


# ---- making it again ---------------------------------------------------------------------------------------------


def test_rerun_is_priced_first_and_sends_nothing_by_itself(rig, df, clips):
    before = sends(rig.servers[0])
    assert (clips.pixverse.rerun().owned, clips.pixverse.rerun().to_send) == (4, 0)
    plan = clips.pixverse.rerun(quality="1080p")
    assert isinstance(plan, pv.Plan)
    assert plan.to_send == 4
    assert plan.expected_usd > 0
    assert clips.pixverse.rerun(takes=3).clips == 12
    assert clips.pixverse.rerun(replace={"red": "green"}).clips == 6
    narrow = clips[["cost_usd"]].pixverse.rerun()
    assert (narrow.owned, narrow.clips) == (4, 4), "columns that it lacks are the history's: pictures and extras, too"
    edited = clips.assign(duration=8, mine="x").pixverse.rerun()
    assert edited.to_send == 4, "the table's own values count"
    assert {cell.wish.request.parameters["duration"] for cell in edited._cells} == {8}
    with pytest.raises(pv.UnknownParameter, match="quality"):
        clips.pixverse.rerun(qualty="1080p")
    with pytest.raises(pv.InvalidParameter, match="10,000"):
        pd.concat([df] * 2001).pixverse.rerun()
    assert sends(rig.servers[0]) == before


def test_the_results_of_a_sweep_are_such_a_table(rig, tmp_path):
    with rigged(tmp_path / "home") as own:
        studio = own.studio(rig.servers[0])
        results = studio.sweep(prompt="a red hen", replace={"red": ["blue"]}, quality="360p").run()
        assert results.pixverse.rerun(duration=3).to_send == 2
        rated = results.pixverse.rate(5)
        assert list(rated["red"]) == ["red", "blue"]
        assert "red" in rated._repr_html_()
        assert rated.attrs == results.attrs
        assert results.pixverse.costs("red")["clips"].tolist() == [1, 1]


def test_cells_that_were_not_sent_are_passed_over_or_named(rig, tmp_path):
    with rigged(tmp_path / "home") as own:
        frugal = own.studio(rig.servers[0], budget=pv.Budget(per_home=0.3))
        results = frugal.sweep(prompt=["a hen", "a cow", "a pig"], quality="360p").run(at_once=1)
        assert results.index.isna().sum() == 2
        assert results.pixverse.costs()["clips"].tolist() == [1]
        assert len(results.pixverse.diff()) == 3
        assert results.pixverse.rerun().clips == 3
        with pytest.raises(pv.InvalidParameter, match="2 rows of this table were not sent"):
            results.pixverse.rate(5)
        sent = results[results["status"].notna()]
        assert sent.pixverse.rate(5)["rating"].tolist() == [5]
        with pytest.raises(pv.InvalidParameter, match="was not sent"):
            results.pixverse.code(2)


def test_code_gives_the_clip_back_at_no_cost(rig, df, studio):
    before = sends(rig.servers[0])
    for place in range(5):
        if df["status"].iloc[place] != "completed":
            continue
        code = df.pixverse.code(place)
        assert repr(code) == str(code)
        made = eval(code, {"studio": studio})  # noqa: S307  the code under test
        assert made.reused_from == df.index[place]
        with studio._store._db.write() as connection:  # the copy is not of the other tests' concern
            connection.exec_driver_sql("DELETE FROM generations WHERE id = ?", (made.id,))
    assert sends(rig.servers[0]) == before
    assert df.pixverse.code(-1) == df.pixverse.code(4)
    for place in (5, -6, True, "0", 0.0, None):
        with pytest.raises(pv.InvalidParameter, match="i="):
            df.pixverse.code(place)


# ---- writing -----------------------------------------------------------------------------------------------------


def test_all_rows_are_written_and_the_table_comes_back_refreshed(df, studio):
    view = df.sort_values("prompt")[["prompt", "rating", "cost_usd"]].assign(mine=range(5))
    rated = view.pixverse.rate(4)
    assert list(rated.index) == list(view.index)
    assert list(rated.columns) == ["prompt", "rating", "cost_usd", "mine"]
    assert list(rated["rating"]) == [4] * 5
    assert view["rating"].isna().all(), "the table itself stays as it was"
    noted = view.pixverse.note(HOSTILE)
    assert list(noted.columns) == [*view.columns, "note"]
    now = studio.history()
    assert set(now["rating"]) == {4}
    assert set(now["note"]) == {HOSTILE}
    assert df.pixverse.note(None)["note"].isna().all()
    assert df.pixverse.rate(None)["rating"].isna().all()
    whole = df.pixverse.keep()
    assert whole.dtypes.equals(df.dtypes)
    assert set(whole["decision"]) == {"keep"}


def test_tags_are_added_to_what_each_row_has(df, studio):
    studio.annotate(df.index[0], tags="sea")
    tagged = df.pixverse.tag("Night", "b", "night")
    assert list(tagged["tags"]) == ["b, night, sea", *["b, night"] * 4]
    assert tagged.pixverse.tag("c")["tags"].iloc[0] == "b, c, night, sea"
    with pytest.raises(pv.InvalidParameter, match="no tag was given"):
        df.pixverse.tag()


def test_a_reject_has_its_reason_and_a_keep_takes_it_away(df):
    rejected = df.pixverse.reject("hands")
    assert set(rejected["decision"]) == {"reject"}
    assert set(rejected["reason"]) == {"hands"}
    assert df.pixverse.keep()["reason"].isna().all()
    assert df.pixverse.reject()["reason"].isna().all()


def test_all_are_written_or_none(df, studio):
    studio.annotate(df.index[-1], tags=[f"t{n}" for n in range(30)])
    with pytest.raises(pv.InvalidParameter, match="at most 30 tags"):
        df.pixverse.tag("one too many")
    assert studio.history()["tags"].notna().sum() == 1
    stranger = pd.concat([df, df[:1].rename(index=lambda _: "0" * 16)])
    with pytest.raises(pv.NotFound, match="0" * 16):
        stranger.pixverse.rate(5)
    assert studio.history()["rating"].isna().all()


@pytest.mark.parametrize(
    "call",
    [
        lambda tools: tools.rate(6),
        lambda tools: tools.rate("5"),
        lambda tools: tools.rate(True),
        lambda tools: tools.tag("a,b"),
        lambda tools: tools.tag(5),
        lambda tools: tools.reject("x" * 501),
        lambda tools: tools.note("x" * 5001),
    ],
)
def test_what_is_not_allowed_is_refused_before_anything_is_written(df, studio, call):
    with pytest.raises(pv.InvalidParameter, match="not allowed"):
        call(df.pixverse)
    now = studio.history()
    assert now[list(PEOPLES)].isna().all(axis=None)


def test_one_transaction_writes_all(df, studio, monkeypatch):
    writes = []
    real = studio._store._db.write
    monkeypatch.setattr(studio._store._db, "write", lambda: writes.append(1) or real())
    pd.concat([df, df]).pixverse.rate(3)
    assert len(writes) == 1


def test_a_history_that_cannot_be_written_says_so(df, studio):
    with studio._store._db.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON generations BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
    try:
        with pytest.raises(pv.HomeError, match="disk full"):
            df.pixverse.rate(1)
    finally:
        with studio._store._db.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER full")


def test_every_public_method_says_what_it_does_and_what_it_raises():
    names = [name for name in vars(Accessor) if not name.startswith("_")]
    assert len(names) == 21
    for name in names:
        doc = getattr(Accessor, name).__doc__
        assert doc, name
        assert "Raises" in doc or "Else as `rate`" in doc or re.search("as `", doc), name
