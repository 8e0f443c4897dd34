"""Comparing: which clips are meant, what differs between them, and what is said of them comes into the history."""

import io
import json
import re
import time
from html import unescape
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from clips import grey_of, make_clip
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from studio_rig import rigged

from pixverse_nb.display.costs import words_html
from pixverse_nb.display.player import module_html, mount_html
from pixverse_nb.errors import ClipError, InvalidParameter, NotFound
from pixverse_nb.media.strip import filmstrip
from pixverse_nb.player import player as module
from pixverse_nb.player.choice import ids_in
from pixverse_nb.player.differences import facts_of, in_short, is_changed, word_differences
from pixverse_nb.player.player import MODULE, Player
from pixverse_nb.player.sheet import data_of, strip_of
from pixverse_nb.store import schema

EVIL = '<img src=x onerror="document.title=1"></script><script>document.title=1</script>'


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with rigged(tmp_path_factory.mktemp("player") / "home") as rig:
        yield rig


@pytest.fixture(scope="module")
def studio(rig):
    return rig.studio()


@pytest.fixture(scope="module")
def clips(studio):
    wishes = [("a red fox", "360p"), ("a grey fox, running", "540p"), (EVIL, "360p")]
    made = [studio.submit(prompt, duration=1, quality=quality) for prompt, quality in wishes]
    return [one.wait() for one in made]


@pytest.fixture
def player(studio, clips):
    made = studio.compare(*clips)
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append((content, buffers))
    yield made
    made.close()


def said(player, what):
    assert player.settle()
    return [content for content, _ in player.sent if content["say"] == what]


def hear(player, **content):
    player._heard(player, content, [])
    assert player.settle()


# ---- words -------------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(["a", "red", "Fox", "fox,", " ", "  ", "\n", "狐狸", "の", "don't", "—", "<b>", "🦊", "ß", "é"]),
    max_size=30,
).map("".join)


@given(TEXTS, TEXTS)
def test_kept_and_inserted_words_are_the_new_text_and_kept_and_deleted_ones_the_old(old, new):
    pieces = word_differences(old, new)
    assert "".join(text for kind, text in pieces if kind in {"same", "ins"}) == new
    assert "".join(text for kind, text in pieces if kind in {"same", "del"}) == old
    assert all(text for _, text in pieces)
    assert is_changed(pieces) == (old != new)


@given(TEXTS, TEXTS)
def test_neighbours_are_of_different_kinds_and_what_goes_stands_before_what_comes(old, new):
    kinds = [kind for kind, _ in word_differences(old, new)]
    assert all(pair in {("same", "del"), ("same", "ins"), ("del", "ins"), ("del", "same"), ("ins", "same")}
               for pair in pairwise(kinds))  # fmt: skip


def test_words_are_the_unit_and_in_chinese_characters():
    assert word_differences("a red fox in snow", "a grey fox in snow") == [
        ("same", "a "), ("del", "red "), ("ins", "grey "), ("same", "fox in snow"),
    ]  # fmt: skip
    assert word_differences("红色的气球", "蓝色的气球") == [("del", "红"), ("ins", "蓝"), ("same", "色的气球")]
    assert word_differences("don't run", "don't walk")[0] == ("same", "don't ")


def test_a_sign_between_two_changes_belongs_to_both():
    assert word_differences("dusk, storm at sea", "dawn, calm at sea") == [
        ("del", "dusk, storm "), ("ins", "dawn, calm "), ("same", "at sea"),
    ]  # fmt: skip


def test_long_stretches_that_are_the_same_are_cut_but_never_a_change():
    old = "word " * 400 + "red " + "word " * 400
    pieces = word_differences(old, old.replace("red", "grey"))
    short = in_short(pieces)
    assert [p for p in short if p[0] in {"ins", "del"}] == [p for p in pieces if p[0] in {"ins", "del"}]
    assert sum(len(text) for _, text in short) < 300
    assert [kind for kind, _ in short] == ["gap", "same", "del", "ins", "same", "gap"]
    assert in_short(word_differences("a b", "a c")) == word_differences("a b", "a c")


def test_the_longest_prompts_differ_in_time():
    words = np.random.default_rng(1).choice(["fox", "snow", "red,", "in", "a", "slow", "pan"], (2, 1000))
    old, new = (" ".join(row)[:5000] for row in words)
    start = time.perf_counter()
    word_differences(old, new)
    assert time.perf_counter() - start < 2.0


# ---- facts -------------------------------------------------------------------------------------------------------


def test_below_each_stands_only_what_differs_with_cost_and_latency(studio, clips):
    rows = [studio._store.row(one.id) for one in clips[:2]]
    same, each = facts_of(rows)
    assert [dict(facts)["Quality"] for facts in each] == ["360p", "540p"]
    assert all({"Cost", "Took"} <= set(dict(facts)) for facts in each)
    assert "Duration" not in dict(each[0])
    assert dict(same)["Duration"] == "1 s"
    assert "Steps" not in dict(same), "nobody chose it"


def test_a_default_that_one_said_is_no_difference_and_an_extra_is_one(studio, clips):
    row = studio._store.row(clips[0].id)
    assert "Aspect ratio" not in dict(facts_of([row, {**row, "aspect_ratio": "16:9"}])[1][0])
    _, each = facts_of([row, {**row, "aspect_ratio": "1:1", "extra": json.dumps({"style": EVIL}), "take": 2}])
    assert (dict(each[0])["Aspect ratio"], dict(each[1])["Aspect ratio"]) == ("16:9", "1:1")
    assert (dict(each[0])["extra style"], dict(each[1])["extra style"]) == ("–", EVIL)
    assert (dict(each[0])["Take"], dict(each[1])["Take"]) == ("1", "2")


def test_what_came_otherwise_than_asked_is_said(studio, clips):
    row = studio._store.row(clips[0].id)
    told = facts_of([row, {**row, "video_duration_s": 3.0, "video_has_audio": False, "video_fps": 30.0}])[1]
    assert dict(told[1])["Length"] == "3.00 s"
    assert dict(told[1])["Sound"] == "silent"
    assert dict(told[1])["Frame rate"] == "30 fps"


def test_a_prompt_that_all_share_stands_once(studio, clips):
    rows = [studio._store.row(clips[0].id)] * 2
    data = data_of(rows, still=lambda _: None)
    assert data["prompt"] == "a red fox"
    assert [clip["words"] for clip in data["clips"]] == [[], []]
    data = data_of([studio._store.row(one.id) for one in clips], still=lambda _: b"jpeg")
    assert data["prompt"] == ""
    assert ["ins", "grey "] in data["clips"][1]["words"]
    assert [clip["name"] for clip in data["clips"]] == ["A", "B", "C"]
    json.dumps(data, allow_nan=False)


# ---- which clips -------------------------------------------------------------------------------------------------


def test_generations_ids_slices_and_lists_of_them(studio, clips):
    ids = [one.id for one in clips]
    table = studio.history(id=ids).sort_index()
    for what in (
        clips, [clips], ids, [tuple(ids)], [table], [table.index], [table["prompt"]], [table.reset_index()],
        [table.reset_index()["id"]], [clips[0], [ids[1]], table.iloc[2]], [iter(ids)], [*clips, *ids],
        [np.array(ids)],
    ):  # fmt: skip
        made = studio.compare(*what)
        assert made.ids == tuple(ids)
        made.close()
    backwards = studio.compare(*reversed(ids))
    assert list(backwards.history.index) == ids[::-1]
    backwards.close()


def test_what_cannot_be_compared_is_said(studio, clips):
    for what, words in (
        ([], "no clip was given, but 2 to 9"), ([clips[0]], "1 clip was given"),
        ([clips[0], clips[0].id], "1 clip was given"),
        ([[f"x{n}" for n in range(10)]], "10 clips were given"), ([clips[0], 5], "5 is no clip"),
        ([None], "None is no clip"), ([b"ab"], "is no clip"), ([{"a": 1}], "is no clip"),
        ([studio.history().reset_index(drop=True)], "the table has no ids"),
    ):  # fmt: skip
        with pytest.raises(InvalidParameter, match=words):
            studio.compare(*what)
    with pytest.raises(NotFound, match="holds no 'nothing'"):
        studio.compare(clips[0], "nothing")


def test_a_table_with_the_ids_in_a_level_of_its_index_is_compared(studio, clips):
    table = studio.history(id=[clip.id for clip in clips[:2]]).set_index("quality", append=True)
    ids = list(table.index.get_level_values("id"))
    assert list(ids_in(table)) == list(ids_in(table["prompt"])) == ids
    assert list(ids_in(table.swaplevel().iloc[1])) == ids[1:]
    assert studio.compare(table) is not None


def test_unfinished_failed_and_vanished_clips_are_named(rig, studio, clips):
    row = studio._store.row(clips[0].id)
    with studio._store._db.write() as connection:
        for key, status in (("failed0000000000", "failed"), ("queued0000000000", "queued")):
            copy = {**row, "id": key, "status": status, "video_path": None, "reserved_micros": 0, "cost_micros": None}
            connection.execute(schema.generations.insert().values({**copy, "service": "other"}))
    with pytest.raises(InvalidParameter, match=r"failed0000000000 has no clip to compare: it is failed.*Leave it out"):
        studio.compare(clips[0], "failed0000000000")
    with pytest.raises(InvalidParameter, match=r"it is queued.*wait"):
        studio.compare(clips[0], "queued0000000000")
    path = rig.home / studio._store.row(clips[1].id)["video_path"]
    hidden = path.with_suffix(".away")
    path.rename(hidden)
    try:
        with pytest.raises(ClipError, match=f"the file of {clips[1].id} is gone"):
            studio.compare(clips)
    finally:
        hidden.rename(path)


# ---- marks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def marked(studio, clips):
    key = clips[0].id
    studio.annotate(key, mark_in_s=None, mark_out_s=None)
    return key


def marks(studio, key):
    row = studio.history(id=key).iloc[0]
    return [None if row[name] is pd.NA else float(row[name]) for name in ("mark_in_s", "mark_out_s")]


def test_marks_are_written_and_read_as_seconds(studio, marked):
    length = studio._store.row(marked)["video_duration_s"]
    studio.annotate(marked, mark_in_s=0, mark_out_s=np.float32(0.25))
    assert marks(studio, marked) == [0.0, 0.25]
    studio.annotate(marked, mark_out_s=length)
    studio.annotate(marked, mark_in_s=length / 2)
    assert marks(studio, marked) == [length / 2, length]
    studio.annotate(marked, rating=3)
    studio.annotate(marked, mark_in_s=None)
    assert marks(studio, marked) == [None, length]
    studio.annotate(marked, mark_out_s=length + 0.001)  # a player's last frame ends a little later
    assert marks(studio, marked) == [None, length]
    assert [str(studio.history()[name].dtype) for name in ("mark_in_s", "mark_out_s")] == ["Float64"] * 2
    assert list(studio.history(mark_out_s=length).index) == [marked]


def test_marks_outside_the_clip_or_turned_round_are_refused_and_nothing_is_written(studio, marked):
    length = studio._store.row(marked)["video_duration_s"]
    studio.annotate(marked, mark_in_s=0.1, mark_out_s=0.3)
    for wrong in (
        {"mark_in_s": -0.1}, {"mark_in_s": 0.3}, {"mark_in_s": 0.4}, {"mark_out_s": 0.1}, {"mark_out_s": 0.05},
        {"mark_out_s": length + 0.1}, {"mark_in_s": length, "mark_out_s": None}, {"mark_in_s": float("nan")},
        {"mark_in_s": float("inf")}, {"mark_in_s": True}, {"mark_in_s": "0.1"}, {"mark_in_s": None, "mark_out_s": 0},
        {"mark_in_s": length + 1, "mark_out_s": length + 2},
    ):  # fmt: skip
        with pytest.raises(InvalidParameter, match="mark_"):
            studio.annotate(marked, rating=1, **wrong)
        assert marks(studio, marked) == [0.1, 0.3], wrong
    assert studio.history(id=marked)["rating"].iloc[0] is not np.int64(1)


def test_a_row_without_a_clip_takes_no_marks(studio, clips):
    row = studio._store.row(clips[0].id)
    bare = {**row, "id": "bare000000000000", "status": "failed", "video_duration_s": None, "video_path": None}
    bare |= {"mark_in_s": None, "mark_out_s": None}
    with studio._store._db.write() as connection:
        connection.execute(schema.generations.insert().values({**bare, "cost_micros": None, "reserved_micros": 0}))
    with pytest.raises(InvalidParameter, match="no clip"):
        studio.annotate("bare000000000000", mark_in_s=0.1)
    studio.annotate("bare000000000000", mark_in_s=None, rating=2)


# ---- the widget --------------------------------------------------------------------------------------------------


def test_the_browser_gets_what_it_asks_for(player, clips):
    hear(player, ask="data")
    (data,) = (content["data"] for content in said(player, "data"))
    assert [clip["id"] for clip in data["clips"]] == [one.id for one in clips]
    assert all(clip["poster"].startswith("data:image/jpeg;base64,") and clip["src"] is None for clip in data["clips"])
    assert [content["id"] for content in said(player, "strip")] == [one.id for one in clips]
    hear(player, ask="clip", id=clips[1].id, ticket="t", start=0)
    sent = [(content, buffers) for content, buffers in player.sent if content["say"] == "clip"]
    assert b"".join(bytes(b) for _, buffers in sent for b in buffers) == clips[1].video.path.read_bytes()
    assert sent[-1][0]["last"]


def test_what_the_browser_says_is_written_and_answered(studio, player, clips):
    key = clips[2].id
    hear(player, ask="annotate", id=key, changes={"rating": 5, "decision": "reject", "reason": EVIL, "mark_out_s": 0.2})
    row = studio.history(id=key).iloc[0]
    assert [row[name] for name in ("rating", "decision", "reason", "mark_out_s")] == [5, "reject", EVIL, 0.2]
    assert said(player, "remarks") == [
        {"say": "remarks", "id": key, "remarks": {
            "rating": 5, "decision": "reject", "reason": EVIL, "mark_in_s": None, "mark_out_s": 0.2}},
    ]  # fmt: skip
    hear(player, ask="annotate", id=key, changes={"rating": 6})
    assert "rating=6 is not allowed" in said(player, "wrong")[0]["text"]


def test_the_browser_is_not_trusted(studio, player, clips):
    before = studio._store.row(clips[0].id)
    other = studio.submit("another clip", duration=1).wait()
    for content in (
        "words", None, {"ask": "annotate", "id": other.id, "changes": {"rating": 1}},
        {"ask": "annotate", "id": clips[0].id, "changes": {"cost_micros": 0, "id": "x", "status": "failed"}},
        {"ask": "annotate", "id": clips[0].id, "changes": [1]}, {"ask": "annotate", "id": ["x"]},
        {"ask": "clip", "id": other.id, "ticket": "t"}, {"ask": "nonsense"},
    ):  # fmt: skip
        player._heard(player, content, [])
    assert player.settle()
    assert studio._store.row(clips[0].id) == before
    assert studio._store.row(other.id)["rating"] is None
    assert not said(player, "clip")
    hear(player, ask="clip", id=clips[0].id, ticket="t", start="0")
    assert said(player, "noclip")[0]["ticket"] == "t"


def test_a_clip_that_vanishes_later_is_said_where_it_would_be(player, clips):
    path = clips[0].video.path
    hidden = path.with_suffix(".away")
    path.rename(hidden)
    try:
        hear(player, ask="clip", id=clips[0].id, ticket="t", start=0)
        assert "gone" in said(player, "noclip")[0]["text"]
        assert "gone" in player._repr_mimebundle_()["text/html"]
    finally:
        hidden.rename(path)


def test_without_a_kernel_plain_players_stand_there_and_hostile_text_is_text(player):
    bundle = player._repr_mimebundle_()
    html = bundle["text/html"]
    assert html.count("<video ") == 3
    assert "<source" not in html
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "<ins" in html
    assert "<del" in html
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "\x1b" not in bundle["text/plain"]
    assert bundle["text/plain"].splitlines()[-1].startswith("C · ")


def test_what_is_said_after_it_was_shown_stands_in_the_saved_notebook(studio, player, clips, monkeypatch):
    outputs = []  # of the cell: as a saved notebook has them

    class Handle:
        def __init__(self, at) -> None:
            self.at = at

        def update(self, bundle, *, raw):
            assert raw
            outputs[self.at] = bundle

    def display(bundle, *, raw, display_id):
        assert raw
        assert display_id
        outputs.append(bundle)
        return Handle(len(outputs) - 1)

    monkeypatch.setattr(module, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    for one in clips:
        studio.annotate(one.id, rating=None, decision=None, mark_in_s=None, mark_out_s=None)
    outputs.append(player._repr_mimebundle_())
    assert [bundle["text/plain"] for bundle in outputs[:1]] == [""]
    hear(player, ask="annotate", id=clips[1].id, changes={"decision": "reject", "reason": EVIL})
    hear(player, ask="annotate", id=clips[0].id, changes={"rating": 2})
    html = "".join(bundle["text/html"] for bundle in outputs)
    assert "rated 2 of 5" in html
    assert "rejected: &lt;img src=x" in html
    assert "<script" not in html
    assert "\x1b" not in outputs[0]["text/plain"]
    assert outputs[0]["text/plain"].startswith("A rated 2 of 5 · B rejected: ")
    # Said in one place: what is there twice could differ.
    assert "rated 2" not in player._bundle()["text/html"]
    hear(player, ask="data")
    (data,) = (content["data"] for content in said(player, "data"))
    assert f'class="{data["hides"]} ' in outputs[0]["text/html"], "the living player hides it"


def test_outside_of_a_notebook_the_captions_say_it(studio, player, clips):
    studio.annotate(clips[0].id, rating=3)
    assert "rated 3 of 5" in player._repr_mimebundle_()["text/html"]


def test_its_state_holds_no_clip_and_no_key(player):
    state = {name: value for name, value in player.get_state().items() if name not in {"_esm", "_css"}}
    assert len(str(state)) < 2000
    assert "SG_" not in str(state)


def test_a_cell_that_is_run_again_closes_its_player(studio, clips, monkeypatch):
    runs = iter([("cell", 1), ("cell", 1), ("other", 2), ("cell", 3)])
    monkeypatch.setattr(module, "_this_run", lambda: next(runs))
    first, beside, elsewhere, again = (studio.compare(clips) for _ in range(4))
    for one in (first, beside, elsewhere, again):
        one._repr_mimebundle_()
    assert [one.comm is None for one in (first, beside, elsewhere, again)] == [True, True, False, False]
    for one in (elsewhere, again):
        one.close()


def test_compare_says_what_it_is(studio, clips):
    made = studio.compare(clips)
    assert isinstance(made, Player)
    assert repr(made) == f"<Player of {', '.join(one.id for one in clips)}>"
    made.close()


# ---- the page and the strip --------------------------------------------------------------------------------------


def test_words_that_went_and_came_stand_apart_in_a_table_of_differences():
    pieces = word_differences("a slow pan at dawn", "a lighthouse at dusk")
    table = words_html(["id", "prompt"], [["x", "a lighthouse at dusk"]], lambda *_: pieces)
    plain = unescape(re.sub(r"<[^>]+>", "", str(table)))
    assert "slow pan lighthouse" in plain
    assert "dawn dusk" in plain
    assert not re.search(r"\s</(ins|del)>", str(table)), "blanks are not marked"


def test_a_page_holds_text_that_cannot_end_its_script():
    data = {"clips": [], "prompt": f"{EVIL}<!-- \u2028", "same": []}
    html = mount_html(data)
    assert html.count("</script") == 1
    block = html.partition(">")[2].partition(">")[2].partition("</script")[0]
    assert json.loads(block) == data
    assert "mountPlayer(place" in module_html(MODULE.read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="script"):
        module_html("'</SCRIPT>'")


def test_the_module_fetches_nothing():
    text = MODULE.read_text(encoding="utf-8")
    assert not [word for word in ("http:", "https:", "import ", "innerHTML", "fetch(", "eval(") if word in text]


@pytest.mark.parametrize(
    "kind", [{}, {"rotation": 90}, {"frames": 1}, {"frames": 7, "fps": 5}, {"b_frames": 2, "frames": 48}]
)
def test_a_filmstrip_holds_frames_from_start_to_end(tmp_path, kind):
    path = make_clip(tmp_path / "clip.mp4", **kind)
    strip = Image.open(io.BytesIO(filmstrip(path, frames=6, height=40)))
    assert strip.height == 40
    across = 40 * (64 / 96 if kind.get("rotation") else 96 / 64)
    assert strip.width == 6 * round(across)
    count = kind.get("frames", 24)
    for cell in range(6):
        shown = strip.getpixel((int((cell + 0.5) * strip.width / 6), 30))[0]
        expected = int((cell + 0.5) / 6 * count)
        near = {grey_of(min(max(expected + step, 0), count - 1)) for step in (-1, 0, 1)}
        assert min(abs(shown - grey) for grey in near) <= 5, cell


def test_a_tall_clip_has_more_frames_in_a_strip_of_the_same_shape(tmp_path):
    wide, tall = ({"video_width_px": w, "video_height_px": h} for w, h in ((96, 64), (64, 96)))
    strips = [
        Image.open(io.BytesIO(strip_of(row, make_clip(tmp_path / "clip.mp4", width=w, height=h))))
        for row, w, h in ((wide, 96, 64), (tall, 64, 96))
    ]
    assert strips[0].width == pytest.approx(strips[1].width, rel=0.1)


def test_a_filmstrip_of_no_clip_is_an_error(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no clip")
    with pytest.raises(ClipError):
        filmstrip(tmp_path / "clip.mp4")
