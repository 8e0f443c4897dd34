"""The one schema: what it takes, what it refuses and in which words."""

import enum
import inspect
import json
import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import pixverse_nb as pv
from pixverse_nb.history import COLUMNS
from pixverse_nb.parameters import PARAMETERS, check_count, check_extra, check_parameters, with_defaults
from pixverse_nb.store import schema

DOCUMENT = """{
    "prompt": "A cinematic shot of a beautiful woman in a flowing red dress walking gracefully through a sunlit European street, golden hour lighting, smooth camera movement",
    "image_url": "https://segmind-resources.s3.amazonaws.com/input/pixverse-v6-input.png",
    "negative_prompt": "No sudden movements, no fast zooms, no distortion.",
    "duration": 5,
    "quality": "540p",
    "aspect_ratio": "16:9",
    "motion_mode": "normal",
    "generate_audio_switch": true,
    "thinking_type": "auto"
}"""  # noqa: E501  the document's own words
SAMPLE = json.loads(DOCUMENT)

FIFTEEN = {
    "prompt", "image_url", "negative_prompt", "duration", "quality", "aspect_ratio", "motion_mode",
    "generate_audio_switch", "thinking_type", "seed", "width", "height", "steps", "guidance_scale", "scheduler",
}  # fmt: skip
# From the document and segmind.md, written down a second time on purpose.
RANGES = {
    "duration": (1, 15), "seed": (-1, 2147483647), "width": (256, 1024), "height": (256, 1024), "steps": (1, 100),
}  # fmt: skip
CHOICES = {
    "quality": ["360p", "540p", "720p", "1080p"],
    "aspect_ratio": ["16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"],
    "motion_mode": ["normal", "fast"],
    "thinking_type": ["auto", "enabled", "disabled"],
    "scheduler": ["DDIM", "PNDM", "LMSDiscrete", "DPMSolverMultistep", "EulerAncestralDiscrete"],
}
DEFAULTS = {
    "duration": 5, "quality": "540p", "aspect_ratio": "16:9", "generate_audio_switch": True, "seed": -1, "width": 512,
    "height": 512, "steps": 25, "guidance_scale": 7.5, "scheduler": "DDIM",
}  # fmt: skip


def refused(name, value):
    """The error for a value, which must name the parameter, the value and what is allowed, and bill nothing."""
    with pytest.raises(pv.InvalidParameter) as caught:
        check_parameters({"prompt": "a cat", name: value})
    error = caught.value
    assert name in error.what
    assert PARAMETERS[name].allowed in error.what
    assert error.remedy
    assert error.billed is False
    assert isinstance(error, ValueError)
    return error


def test_the_schema_holds_the_fifteen_parameters_of_the_document():
    assert set(PARAMETERS) == FIFTEEN
    assert {p.name: p.default for p in PARAMETERS.values() if p.default is not None} == DEFAULTS
    assert {p.name for p in PARAMETERS.values() if p.generic} == {
        "width", "height", "steps", "guidance_scale", "scheduler",
    }  # fmt: skip
    for parameter in PARAMETERS.values():
        assert parameter.label
        assert parameter.help
        assert parameter.source


def test_the_documents_sample_body_passes_word_for_word():
    assert pv.Request.of(SAMPLE).body() == SAMPLE
    assert list(pv.Request.of(SAMPLE).body()) == list(SAMPLE)


def test_only_prompt_duration_and_quality_are_sent_when_nothing_is_set():
    assert check_parameters({"prompt": "a cat"}) == {"prompt": "a cat", "duration": 5, "quality": "540p"}
    nothing = dict.fromkeys(FIFTEEN - {"prompt"})
    assert pv.Request.of({"prompt": "a cat", **nothing}).body() == {"prompt": "a cat", "duration": 5, "quality": "540p"}


@pytest.mark.parametrize("name", RANGES)
@given(data=st.data())
def test_every_whole_number_inside_its_range_passes_and_every_other_is_refused(name, data):
    low, high = RANGES[name]
    inside = data.draw(st.integers(low, high))
    assert check_parameters({"prompt": "x", name: inside})[name] == inside
    outside = data.draw(st.integers(max_value=low - 1) | st.integers(min_value=high + 1))
    error = refused(name, outside)
    assert f"{low:g} to {high}" in error.what
    if len(str(outside)) < 60:
        assert str(outside) in error.what


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("edge", [0, 1])
def test_both_ends_of_a_range_belong_to_it(name, edge):
    value, beyond = RANGES[name][edge], RANGES[name][edge] + (1 if edge else -1)
    assert check_parameters({"prompt": "x", name: value})[name] == value
    refused(name, beyond)


@given(st.floats(1, 20))
def test_every_guidance_scale_from_1_to_20_passes_unchanged(value):
    assert check_parameters({"prompt": "x", "guidance_scale": value})["guidance_scale"] == value


@given(st.floats(max_value=1, exclude_max=True) | st.floats(min_value=20, exclude_min=True) | st.just(float("nan")))
def test_every_other_guidance_scale_is_refused(value):
    refused("guidance_scale", value)


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**5000], ids=["huge", "tiny", "unprintable"])
@pytest.mark.parametrize("name", ["duration", "guidance_scale"])
def test_numbers_beyond_all_floats_are_refused_like_any_other(name, value):
    assert name in str(refused(name, value))


@pytest.mark.parametrize("name", CHOICES)
@given(data=st.data())
def test_choices_take_their_values_and_nothing_else(name, data):
    for choice in CHOICES[name]:
        assert check_parameters({"prompt": "x", name: choice})[name] == choice
    other = data.draw(st.text() | st.integers() | st.booleans() | st.none().map(lambda _: ["720p"]))
    assume(other not in CHOICES[name])
    refused(name, other)


def test_a_misspelt_choice_names_the_nearest():
    assert "'1080p'" in refused("quality", "1080").remedy
    assert "'EulerAncestralDiscrete'" in refused("scheduler", "euler_ancestral_discrete").remedy


@pytest.mark.parametrize("name", [*RANGES, "guidance_scale"])
@pytest.mark.parametrize("value", [True, False, "5", [5], {}, 5j, b"5"])
def test_a_bool_or_a_text_is_not_a_number(name, value):
    refused(name, value)


@pytest.mark.parametrize("name", RANGES)
def test_a_fraction_is_not_a_whole_number(name):
    refused(name, 5.5)
    refused(name, 300.0)


@pytest.mark.parametrize("value", [1, 0, "true", "yes", [], 1.0, np.int64(1)])
def test_only_true_and_false_are_booleans(value):
    refused("generate_audio_switch", value)


def test_numpys_scalars_become_plain_values_that_json_takes():
    given_ = {
        "duration": np.int64(8),
        "guidance_scale": np.float32(2.5),
        "generate_audio_switch": np.bool_(False),
        "quality": np.str_("720p"),
        "prompt": np.str_("a cat"),
        "seed": np.uint8(7),
    }
    body = pv.Request.of(given_).body()
    plain = {"prompt": "a cat", "duration": 8, "quality": "720p", "generate_audio_switch": False, "seed": 7}
    assert body == {**plain, "guidance_scale": 2.5}
    assert {type(value) for value in body.values()} == {str, int, float, bool}
    assert json.loads(json.dumps(body)) == body


def test_a_member_of_a_text_enum_counts_by_its_value():
    class Quality(str, enum.Enum):
        HIGH = "1080p"

    checked = check_parameters({"prompt": "x", "quality": Quality.HIGH})
    assert checked["quality"] == "1080p"
    assert type(checked["quality"]) is str


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=300))
def test_prompts_of_any_script_pass_unchanged(prompt):
    assume(prompt.strip())
    assert check_parameters({"prompt": prompt})["prompt"] == prompt


@pytest.mark.parametrize(
    "prompt",
    [
        "夜の灯台、嵐",
        "منارة في عاصفة",
        "маяк в бурю",
        "👩🏽‍🚀 on 🌕",
        "e\u0301tude",
        "<b>'\"&",
        "line\nbreak",
        "x" * 5000,
    ],
)
def test_scripts_emoji_and_the_longest_prompt_pass(prompt):
    assert pv.Request.of({"prompt": prompt}).body()["prompt"] == prompt


@pytest.mark.parametrize("prompt", ["", " ", "\n\t\u3000", "x" * 5001, 5, 5.0, True, b"a cat", ["a cat"], {"a": 1}])
def test_empty_over_long_and_non_string_prompts_are_refused(prompt):
    refused("prompt", prompt)


def test_an_over_long_prompt_says_by_how_much_and_does_not_repeat_itself():
    error = refused("prompt", "x" * 5012)
    assert "12 characters" in error.remedy
    assert len(str(error)) < 400


@pytest.mark.parametrize("prompt", ["half \ud83d a pair", "\udc00", "a\x00b"])
def test_what_cannot_be_sent_as_text_is_refused_before_it_is(prompt):
    assert str(refused("prompt", prompt)).encode("utf-8")  # and the message itself can be shown


def test_a_missing_prompt_is_refused():
    for given_ in ({}, {"prompt": None}):
        with pytest.raises(pv.InvalidParameter, match="prompt is missing"):
            check_parameters(given_)


def test_a_negative_prompt_has_2048_characters():
    assert check_parameters({"prompt": "x", "negative_prompt": "n" * 2048})
    refused("negative_prompt", "n" * 2049)


@pytest.mark.parametrize("url", ["https://a.example/b.png", "HTTPS://a.example/", "https://[2001:db8::1]/x.png?y=1#z"])
def test_https_urls_pass(url):
    assert check_parameters({"prompt": "x", "image_url": url})["image_url"] == url


@pytest.mark.parametrize(
    "url",
    ["http://a.example/b.png", "ftp://a/b", "b.png", "/b.png", "https://", "https:///b", "https://a b/c", "", "https://[1/",
     "https://a.example/\n", "data:image/png;base64,AAAA", "https://a/" + "b" * 2048, "javascript:alert(1)", 5],
)  # fmt: skip
def test_everything_else_is_no_image_url(url):
    refused("image_url", url)


def test_an_http_address_is_told_both_ways_out():
    error = refused("image_url", "http://a.example/b.png")
    assert error.remedy == "Use https; for a local file pass image=path: it is uploaded for you."


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("promt", "prompt"),
        ("aspectratio", "aspect_ratio"),
        ("Duration", "duration"),
        ("generate_audio", "generate_audio_switch"),
        ("negativ_prompt", "negative_prompt"),
        ("guidance", "guidance_scale"),
        ("sede", "seed"),
    ],
)
def test_a_misspelt_name_is_a_type_error_that_names_the_nearest(wrong, right):
    with pytest.raises(pv.UnknownParameter) as caught:
        check_parameters({"prompt": "x", wrong: 5})
    assert isinstance(caught.value, TypeError)
    assert repr(wrong) in caught.value.what
    assert f"Did you mean {right!r}" in caught.value.remedy
    assert "extra={...}" in caught.value.remedy


def test_a_name_like_no_other_lists_all_that_are_known():
    with pytest.raises(pv.UnknownParameter) as caught:
        check_parameters({"prompt": "x", "qqqq": 5})
    assert all(name in caught.value.remedy for name in FIFTEEN)


def test_extra_is_sent_as_it_is():
    extra = {"style": "anime", "generate_multi_clip_switch": True, "nested": {"π": [1, None, "é"]}}
    body = pv.Request.of({"prompt": "x"}, extra=extra).body()
    assert {name: body[name] for name in extra} == extra


@pytest.mark.parametrize(
    "extra",
    [{"duration": 5}, {"prompt": "x"}, {5: 1}, {"a": object()}, {"a": float("nan")}, {"a": b"x"}, {"a": "\ud800"},
     {"\ud800": 1}, ["style"], "style", 5],
)  # fmt: skip
def test_extra_that_is_not_extra_or_not_json_is_refused(extra):
    with pytest.raises(pv.InvalidParameter) as caught:
        check_extra(extra)
    assert caught.value.billed is False
    assert str(caught.value).encode()


def test_an_extra_name_that_is_no_string_is_called_that():
    """Not "has a place of its own", which sends the reader the wrong way."""
    with pytest.raises(pv.InvalidParameter, match="names must be strings") as caught:
        check_extra({1: 2})
    assert "place of its own" not in str(caught.value)
    assert "extra={'name': value}" in caught.value.remedy


def test_extra_that_holds_itself_is_refused():
    loop: dict = {}
    loop["again"] = loop
    with pytest.raises(pv.InvalidParameter, match="not JSON"):
        check_extra(loop)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None, 2**31, 10**30])
def test_a_take_is_a_whole_number_from_1_that_the_history_can_hold(value):
    with pytest.raises(pv.InvalidParameter, match="take"):
        check_count("take", value)
    assert check_count("take", np.int32(3)) == 3


@given(st.sets(st.sampled_from(sorted(DEFAULTS))))
def test_defaults_fill_what_is_not_set_and_change_nothing_that_is(names):
    chosen = {"duration": 7, "quality": "1080p", "aspect_ratio": "1:1", "generate_audio_switch": False, "seed": 3,
              "width": 300, "height": 300, "steps": 9, "guidance_scale": 2.0, "scheduler": "PNDM"}  # fmt: skip
    given_ = {name: chosen[name] for name in names}
    assert with_defaults(given_) == {**DEFAULTS, **given_}


@pytest.mark.parametrize("function", [pv.Studio.generate, pv.Studio.submit, pv.Studio.estimate])
def test_signature_and_help_are_made_from_the_schema(function):
    signature = inspect.signature(function)
    assert set(signature.parameters) >= FIFTEEN
    for parameter in PARAMETERS.values():
        shown = signature.parameters[parameter.name]
        optional = parameter.name != "prompt"
        assert shown.annotation in ({parameter.python_type | None} if optional else {"str", str})
        assert f"{parameter.name} : {parameter.allowed}" in function.__doc__
        assert parameter.help in function.__doc__
    assert "default 540p" in function.__doc__


def test_every_parameter_is_a_column_of_database_and_table():
    for parameter in PARAMETERS.values():
        assert parameter.name in COLUMNS
        assert schema.generations.c[parameter.name].type.python_type is parameter.python_type


ADDED = string.Template("""
import dataclasses, inspect, sys, types
import pixverse_nb.parameters as p
new = p.Parameter("camera", "choice", "Camera", "How it moves.", "test", choices=("pan", "zoom"))
p.PARAMETERS = types.MappingProxyType({**p.PARAMETERS, "camera": new})
import pixverse_nb as pv
from pixverse_nb.history import COLUMNS
from pixverse_nb.store import schema
assert "camera" in schema.generations.c and COLUMNS["camera"] == "string"
assert "camera" in inspect.signature(pv.Studio.generate).parameters
assert "camera : one of pan, zoom" in pv.Studio.generate.__doc__
assert pv.Request.of({"prompt": "x", "camera": "pan"}).body()["camera"] == "pan"
try:
    pv.Request.of({"prompt": "x", "camera": "tilt"})
except pv.InvalidParameter as error:
    print(error)
""")


def test_an_added_parameter_is_a_check_a_column_and_an_option_by_one_entry():
    root = Path(pv.__file__).parent.parent
    code = f"import sys; sys.path.insert(0, {str(root)!r})\n" + ADDED.substitute()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "camera='tilt' is not allowed: camera is one of pan, zoom" in done.stdout, done.stderr
