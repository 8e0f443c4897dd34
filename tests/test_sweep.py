"""What a sweep asks for, form by form: the right cells, each clip once, and every mistake named before a send."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from studio_rig import rigged, sends, uploads

import pixverse_nb as pv
from pixverse_nb.sweep.cells import lay_out
from pixverse_nb.sweep.desk import lasting

HOSTILE = '"><img src=x onerror="alert(1)"><script>alert(2)</script>'
NOWHERE = Path("nowhere")


def sheet(requests=None, *, takes=1, replace=None, home=NOWHERE, **parameters):
    return lay_out(requests, takes=takes, exchange=replace, given=parameters, home=home)


def asked(made, *names):
    """What each cell asks for, by some of its parameters."""
    found = []
    for cell in made.cells:
        request = cell.wish.request
        full = {**request.parameters, "take": request.take, "extra": request.extra, "image": request.image_sha256}
        found.append(tuple(full.get(name) for name in names) if len(names) > 1 else full.get(names[0]))
    return found


def refusal(kind=pv.InvalidParameter, **form):
    requests = form.pop("requests", None)
    with pytest.raises(kind) as caught:
        sheet(requests, **form)
    assert caught.value.billed is False
    return str(caught.value)


# ---- grids ---------------------------------------------------------------------------------------------------------


def test_lists_make_a_grid_in_the_order_of_the_keywords_and_takes_come_last():
    made = sheet(quality=["360p", "540p"], prompt=["a cat", "a dog"], duration=3, takes=2)
    assert asked(made, "quality", "prompt", "take") == list(
        itertools.product(["360p", "540p"], ["a cat", "a dog"], [1, 2])
    )
    assert asked(made, "duration") == [3] * 8
    assert made.axes == {"quality": ["360p", "540p"], "prompt": ["a cat", "a dog"], "take": [1, 2]}
    assert made.cells[3].place == {"quality": "360p", "prompt": "a dog", "take": 2}
    assert made.duplicates == 0


@given(
    prompts=st.lists(st.text("abc ", min_size=1, max_size=4).filter(str.strip), min_size=1, max_size=4, unique=True),
    qualities=st.lists(st.sampled_from(["360p", "540p", "720p", "1080p"]), min_size=1, max_size=4, unique=True),
    durations=st.lists(st.integers(1, 15), min_size=1, max_size=3, unique=True),
    seeds=st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
    takes=st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_the_cells_of_a_grid_are_the_product_of_its_lists(prompts, qualities, durations, seeds, takes):
    made = sheet(prompt=prompts, quality=tuple(qualities), duration=np.array(durations), seed=iter(seeds), takes=takes)
    whole = list(itertools.product(prompts, qualities, durations, seeds, range(1, takes + 1)))
    assert asked(made, "prompt", "quality", "duration", "seed", "take") == whole
    assert len({cell.identity for cell in made.cells}) == len(whole)
    assert math.prod(map(len, made.axes.values())) == len(whole)


@pytest.mark.parametrize(
    "durations",
    [[2, 4], (2, 4), np.array([2, 4]), pd.Series([2, 4]), range(2, 6, 2), (n for n in (2, 4)), pd.Index([2, 4])],
    ids=lambda value: type(value).__name__,
)
def test_whatever_holds_values_is_a_list(durations):
    assert asked(sheet(prompt="a cat", duration=durations), "duration") == [2, 4]


def test_a_text_a_dict_and_an_array_of_one_are_one_value():
    made = sheet(prompt="a cat", extra={"style": ["clay", "ink"]}, duration=np.array(4))
    assert asked(made, "prompt", "duration", "extra") == [("a cat", 4, {"style": ["clay", "ink"]})]
    assert made.axes == {}
    assert asked(sheet(prompt="a cat", extra=[{"style": "clay"}, None]), "extra") == [{"style": "clay"}, {}]


def test_what_is_asked_for_twice_counts_once():
    made = sheet(prompt=["a cat", "a cat", "a dog"], seed=[-1, None])  # -1 is what is meant when nothing is said
    assert asked(made, "prompt") == ["a cat", "a dog"]
    assert made.duplicates == 4


# ---- exchanged words -----------------------------------------------------------------------------------------------


def test_words_of_the_prompt_are_exchanged_the_original_first():
    made = sheet(prompt="a red car, red sky", replace={"red": ["blue", "green"]})
    assert asked(made, "prompt") == ["a red car, red sky", "a blue car, blue sky", "a green car, green sky"]
    assert made.axes == {"red": ["red", "blue", "green"]}


def test_what_one_exchange_puts_in_another_does_not_take_out():
    made = sheet(prompt="red on blue", replace={"red": "blue", "blue": "red"})
    assert asked(made, "prompt") == ["red on blue", "red on red", "blue on blue", "blue on red"]


def test_an_exchange_leaves_prompts_alone_that_do_not_have_the_text():
    made = sheet(prompt=["a red car", "a dog"], replace={"red": ["blue"]}, takes=2)
    assert asked(made, "prompt", "take") == [
        ("a red car", 1), ("a red car", 2), ("a blue car", 1), ("a blue car", 2), ("a dog", 1), ("a dog", 2),
    ]  # fmt: skip
    assert made.duplicates == 0
    assert made.cells[-1].place == {"prompt": "a dog", "red": None, "take": 2}


def test_an_exchanged_text_that_is_a_column_gets_a_column_of_its_own():
    assert list(sheet(prompt="the status of a cat", replace={"status": "pose"}).axes) == ["replace status"]


@pytest.mark.parametrize("replace", [{"red": 1}, {"red": []}, {"": "x"}, {1: "x"}, ["red"], "red", {"red": ["x", 2]}])
def test_an_exchange_that_is_not_text_is_refused(replace):
    assert "replace" in refusal(prompt="a red car", replace=replace)


def test_a_text_that_is_in_no_prompt_is_named():
    said = refusal(prompt=["a red car", "a dog"], replace={"red": "blue", "Dog": "cat"})
    assert "'Dog'" in said
    assert "in no prompt" in said


# ---- lists and tables ----------------------------------------------------------------------------------------------


def test_a_list_of_requests_is_taken_as_it_is_and_keywords_make_it_a_grid():
    requests = [{"prompt": "a cat", "duration": 2}, {"prompt": "a dog", "quality": "360p", "take": 4}, "a hen"]
    assert asked(sheet(requests), "prompt", "duration", "quality", "take") == [
        ("a cat", 2, "540p", 1), ("a dog", 5, "360p", 4), ("a hen", 5, "540p", 1),
    ]  # fmt: skip
    made = sheet(requests, quality=["720p", "1080p"], takes=2)
    assert asked(made, "prompt", "quality", "take") == [
        (prompt, quality, first + shift)
        for prompt, first in (("a cat", 1), ("a dog", 4), ("a hen", 1))
        for quality in ("720p", "1080p")
        for shift in (0, 1)
    ]


def test_a_table_is_a_list_of_requests_and_what_is_missing_is_not_set():
    table = pd.DataFrame(
        {
            "prompt": ["a cat", "a dog", "a hen"],
            "duration": [2, None, 3],  # floats, as pandas has it
            "seed": pd.array([pd.NA, 7, pd.NA], dtype="Int64"),
            "generate_audio_switch": [True, False, None],
            "extra": [{"style": "ink"}, '{"style": "clay"}', None],
            "take": [1, 2, None],
        }
    )
    made = sheet(table)
    assert asked(made, "prompt", "duration", "seed", "generate_audio_switch", "extra", "take") == [
        ("a cat", 2, None, True, {"style": "ink"}, 1),
        ("a dog", 5, 7, False, {"style": "clay"}, 2),
        ("a hen", 3, None, None, {}, 1),
    ]


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "Float32", "Float64", object])
def test_a_narrow_float_is_the_number_that_was_written(kind):
    """float32's 7.3 is 7.300000190734863 to Python: another clip, paid for again."""
    wide = sheet(prompt="a cat", guidance_scale=7.3).cells[0].identity
    column = pd.Series([np.float32(7.3)] if kind is object else [7.3], dtype=kind)
    table = pd.DataFrame({"prompt": ["a cat"], "guidance_scale": column})
    assert [cell.identity for cell in sheet(table).cells] == [wide]
    assert [cell.identity for cell in sheet(prompt="a cat", guidance_scale=column).cells] == [wide]
    if kind is not object:
        assert [cell.identity for cell in sheet(prompt="a cat", guidance_scale=column.array[0]).cells] == [wide]


@pytest.mark.parametrize("dtype", ["float32", "Float32"])
def test_narrow_columns_keep_their_whole_numbers_and_what_is_missing(dtype):
    table = pd.DataFrame({"prompt": ["a cat", "a dog"], "duration": pd.Series([2, None], dtype=dtype)})
    assert asked(sheet(table), "duration") == [2, 5]


@pytest.mark.parametrize(
    ("column", "meant"),
    [([1, 0], [True, False]), ([1.0, np.nan], [True, None]), ([np.True_, None], [True, None]),
     (pd.array([0, pd.NA], dtype="Int64"), [False, None])],
    ids=["whole", "floats", "objects", "nullable"],
)  # fmt: skip
def test_a_switch_in_a_table_may_be_a_number(column, meant):
    table = pd.DataFrame({"prompt": ["a cat", "a dog"], "generate_audio_switch": column})
    assert asked(sheet(table), "generate_audio_switch") == meant
    with pytest.raises(pv.InvalidParameter, match="generate_audio_switch=2"):
        sheet(table.assign(generate_audio_switch=[2, 0]))


def test_a_column_that_nobody_knows_is_named_with_the_nearest():
    said = refusal(pv.UnknownParameter, requests=pd.DataFrame({"prompt": ["a cat"], "qualty": ["360p"]}))
    assert "'qualty'" in said
    assert "Did you mean 'quality'?" in said


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


def test_a_slice_of_the_history_is_a_table_whose_pictures_are_at_home(rig, tmp_path):
    """`studio.sweep(best, quality="1080p")`: the same requests, pictures included, at another quality."""
    studio = rig.studio()
    path = tmp_path / "cat.png"
    Image.new("RGB", (64, 48), "red").save(path)
    studio.generate("a cat", image=path, quality="360p", extra={"style": "ink"})
    studio.generate("a dog", quality="360p", seed=3)
    path.unlink()
    best = studio.history(quality="360p")
    assert studio.sweep(best).owned == 2, "as it stands it is what is there already"
    plan = studio.sweep(best, quality="1080p")
    assert (plan.clips, plan.to_send) == (2, 2)
    frame = plan.run()
    assert list(frame["quality"]) == ["1080p"] * 2
    assert list(frame["prompt"]) == list(best["prompt"])
    assert list(frame["image_sha256"].fillna("")) == list(best["image_sha256"].fillna(""))
    assert list(frame["extra"].fillna("")) == ["", '{"style": "ink"}']
    assert uploads(rig.servers[0]) == 1
    again = studio.sweep(frame)
    assert (again.owned, again.to_send) == (2, 0), "its results are a table, too"


def test_results_with_columns_of_their_own_are_a_table_again(rig):
    studio = rig.studio()
    frame = studio.sweep(prompt="a red cat", replace={"red": ["blue"]}, quality="360p").run()
    assert list(frame["red"]) == ["red", "blue"]
    plan = studio.sweep(frame[frame["red"] == "blue"], duration=[1, 5])
    assert (plan.clips, plan.owned) == (2, 1)


def test_a_picture_that_has_left_the_home_is_named(rig, tmp_path):
    studio = rig.studio()
    Image.new("RGB", (64, 48), "red").save(tmp_path / "cat.png")
    studio.generate("a cat", image=tmp_path / "cat.png")
    for kept in (rig.home / "images").iterdir():
        kept.unlink()
    with pytest.raises(pv.InvalidImage, match=r"cell 1.*not in the home any more"):
        studio.sweep(studio.history())
    assert studio.sweep(studio.history(), image="https://a.example/b.png").to_send == 1


def test_a_picture_that_has_changed_in_the_home_is_not_sent_in_anothers_place(rig, tmp_path):
    """The history says by content hash which picture it was; a file of that name is no proof."""
    studio = rig.studio()
    Image.new("RGB", (64, 48), "red").save(tmp_path / "cat.png")
    studio.generate("a dog", quality="360p")
    studio.generate("a cat", image=tmp_path / "cat.png", quality="360p")
    (kept,) = (rig.home / "images").iterdir()
    Image.new("RGB", (64, 48), "blue").save(kept)
    with pytest.raises(pv.InvalidImage, match=r"cell 1.*has changed in the home"):
        studio.sweep(studio.history(), quality="1080p")
    assert sends(rig.servers[0]) == 2


def test_a_kept_picture_that_has_changed_is_put_right_by_its_content(rig, tmp_path):
    studio = rig.studio()
    Image.new("RGB", (64, 48), "red").save(tmp_path / "cat.png")
    studio.generate("a cat", image=tmp_path / "cat.png")
    (kept,) = (rig.home / "images").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(bytes(len(whole)))
    studio.generate("a dog", image=tmp_path / "cat.png")
    assert kept.read_bytes() == whole, "of the same size, and yet another one"


# ---- pictures ------------------------------------------------------------------------------------------------------


def test_pictures_are_an_axis_and_each_is_read_once(tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder, colour in zip(folders, ("red", "blue"), strict=True):
        folder.mkdir()
        Image.new("RGB", (64, 48), colour).save(folder / "cat.png")
    paths = [folder / "cat.png" for folder in folders]
    made = sheet(prompt="a cat", image=[*paths, "https://a.example/c.png"], quality=["360p", "540p"])
    pictures = [cell.wish.picture for cell in made.cells]
    assert pictures[0] is pictures[1]
    assert pictures[2] is pictures[3]
    assert pictures[4] is None
    sha = pictures[2].sha256
    assert made.axes["image"] == ["cat.png", f"cat.png ({sha[:8]})", "https://a.example/c.png"]
    assert asked(made, "image_url")[4:] == ["https://a.example/c.png"] * 2
    assert asked(made, "image")[:4] == [pictures[0].sha256] * 2 + [sha] * 2


def test_an_array_is_one_picture_not_a_list():
    made = sheet(prompt="a cat", image=np.zeros((48, 64, 3), np.uint8))
    assert len(made.cells) == 1
    assert made.cells[0].wish.picture.width == 64


# ---- mistakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"prompt": []}, ["prompt=[]", "empty"]),
        ({"requests": []}, ["empty"]),
        ({"requests": pd.DataFrame({"prompt": []})}, ["no rows"]),
        ({"prompt": "a cat", "takes": 0}, ["takes=0"]),
        ({"prompt": "a cat", "takes": True}, ["takes=True"]),
        ({"prompt": ["a cat", "a dog"], "quality": ["540p", "1080"]}, ["cell 2", "quality='1080'", "1080p"]),
        ({"prompt": "a cat", "duration": [5, 16]}, ["cell 2 (duration=16)", "1 to 15"]),
        ({"quality": ["360p", "540p"]}, ["cell 1", "prompt is missing"]),
        ({"requests": [{"prompt": "a cat"}, {"prompt": "a dog", "seed": "x"}]}, ["cell 2 (request=2)", "seed='x'"]),
        ({"requests": [{"prompt": "a cat", "qualty": "360p"}]}, ["request 1", "'qualty'", "'quality'"]),
        ({"prompt": "a cat", "qualty": ["360p"]}, ["'qualty'", "'quality'"]),
        ({"prompt": "a cat", "reuse": False}, ["always reuses", "takes=3"]),
        ({"prompt": {"a cat", "a dog"}}, ["prompt=", "no order"]),
        ({"requests": 7}, ["7 is not a request"]),
        ({"requests": [7]}, ["7 is not a request"]),
        ({"prompt": "a cat", "image": ["nowhere.png"]}, ["cell 1", "nowhere.png"]),
        ({"prompt": "a cat", "image_url": "https://a.example/b.png", "image": b"x"}, ["cell 1", "both"]),
        ({"prompt": [HOSTILE, ""]}, ["cell 2", "empty"]),
        ({"prompt": ["a cat", ["a dog"]]}, ["cell 2", "prompt=['a dog']"]),
        ({"prompt": "a cat", "duration": [5, 10**5000]}, ["cell 2", "duration"]),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_is_named_before_anything_is_sent(form, words):
    said = refusal(**form)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "form",
    [{"seed": range(10_001)}, {"seed": range(101), "duration": range(1, 16), "takes": 7},
     {"seed": itertools.count()}, {"takes": 10_001},
     {"replace": {word: [str(n) for n in range(20)] for word in ("a", "c", "t", "m", "o")}}],
    ids=["a list", "a product", "without end", "takes", "exchanges"],
)  # fmt: skip
def test_more_than_ten_thousand_cells_are_nobodys_wish(form):
    assert "10,000 are allowed" in refusal(prompt="a cat in moss", **form)


def test_ten_thousand_cells_are_allowed():
    assert len(sheet(prompt=[f"cat {n}" for n in range(100)], seed=range(100)).cells) == 10_000


def test_a_mistake_in_the_last_cell_sends_nothing(rig):
    studio = rig.studio()
    with pytest.raises(pv.InvalidParameter, match="cell 3"):
        studio.sweep(prompt=["a cat", "a dog", "x" * 5001])
    assert sends(rig.servers[0]) == 0
    assert len(studio.history()) == 0


# ---- time ----------------------------------------------------------------------------------------------------------


def test_time_counts_what_runs_together_and_what_may_start_in_a_minute():
    assert lasting([], 16, None) == 0
    assert lasting([60.0] * 16, 16, None) == 60
    assert lasting([60.0] * 17, 16, None) == 120
    assert lasting([10.0] * 4, 1, None) == 40
    assert lasting([10.0] * 12, 16, 5.0) == 2 * 60 + 10  # five at once, then five a minute later, then two
    assert lasting([10.0] * 12, 16, 5.0, started=5) == 60 + 10
