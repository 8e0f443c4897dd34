"""A request: frozen, picklable, and the same in every process."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pixverse_nb as pv

BASE = {"prompt": "a cat", "duration": 5, "quality": "540p"}
DEFAULTS = {
    "aspect_ratio": "16:9", "generate_audio_switch": True, "seed": -1, "width": 512, "height": 512, "steps": 25,
    "guidance_scale": 7.5, "scheduler": "DDIM",
}  # fmt: skip
OTHER = {
    "prompt": "a dog", "image_url": "https://a.example/b.png", "negative_prompt": "rain", "duration": 6,
    "quality": "720p", "aspect_ratio": "1:1", "motion_mode": "normal", "generate_audio_switch": False,
    "thinking_type": "auto", "seed": 0, "width": 300, "height": 300, "steps": 9, "guidance_scale": 2.0,
    "scheduler": "PNDM",
}  # fmt: skip


def identity(**changes):
    return pv.Request.of({**BASE, **changes}).identity


@given(st.sets(st.sampled_from(sorted(DEFAULTS))))
def test_saying_a_default_is_the_same_as_saying_nothing(names):
    assert identity(**{name: DEFAULTS[name] for name in names}) == identity()


@given(st.permutations(sorted(OTHER)))
def test_the_order_of_parameters_does_not_matter(order):
    request = pv.Request.of({name: OTHER[name] for name in order})
    assert request == pv.Request.of(OTHER)
    assert request.identity == pv.Request.of(OTHER).identity
    assert list(request.parameters) == list(OTHER)  # and they are sent in the schema's


@pytest.mark.parametrize("name", OTHER)
def test_every_single_parameter_matters(name):
    assert identity(**{name: OTHER[name]}) != identity()


def test_picture_take_and_extra_matter():
    made = [
        pv.Request.of(BASE),
        pv.Request.of(BASE, image_sha256="a" * 64),
        pv.Request.of(BASE, image_sha256="b" * 64),
        pv.Request.of(BASE, take=2),
        pv.Request.of(BASE, extra={"style": "anime"}),
        pv.Request.of(BASE, extra={"style": "clay"}),
    ]
    assert len({request.identity for request in made}) == len(made)
    assert pv.Request.of(BASE, extra={"a": 1, "b": 2}).identity == pv.Request.of(BASE, extra={"b": 2, "a": 1}).identity
    assert pv.Request.of(BASE, extra={}).identity == pv.Request.of(BASE, take=1).identity


def test_a_whole_and_a_fractional_number_of_the_same_value_are_the_same():
    assert identity(guidance_scale=7) == identity(guidance_scale=7.0)


@given(st.text(min_size=1).filter(lambda t: t.strip() and "\x00" not in t and t.isprintable()))
def test_it_survives_pickle(prompt):
    request = pv.Request.of({**OTHER, "prompt": prompt}, take=3, extra={"style": prompt}, image_sha256="c" * 64)
    again = pickle.loads(pickle.dumps(request))  # noqa: S301  our own
    assert again == request
    assert again.identity == request.identity
    assert again.body("https://x.example/y.png")["image_url"] == "https://x.example/y.png"


def test_it_cannot_be_assigned_to():
    with pytest.raises(AttributeError):
        pv.Request.of(BASE).take = 2


def test_what_the_caller_changes_later_does_not_change_the_request():
    parameters, extra = dict(BASE), {"deep": [1]}
    request = pv.Request.of(parameters, extra=extra)
    before = request.identity
    parameters["prompt"] = "a dog"
    extra["deep"].append(2)
    assert request.identity == before
    assert request.body() == {**BASE, "deep": [1]}


def test_identity_is_the_same_in_every_process():
    code = (
        "import pixverse_nb as pv; print(pv.Request.of({'prompt': 'é 🦀', 'seed': 7, 'quality': '720p'}, "
        "extra={'b': 1, 'a': {'y': 1, 'x': 2}}, take=2, image_sha256='d' * 64).identity)"
    )
    root = str(Path(pv.__file__).parent.parent)
    seen = set()
    for seed in ("0", "1", "4242"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root, "PYTHONUTF8": "1"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        seen.add(done.stdout.strip())
    here = pv.Request.of(
        {"prompt": "é 🦀", "seed": 7, "quality": "720p"},
        extra={"b": 1, "a": {"y": 1, "x": 2}},
        take=2,
        image_sha256="d" * 64,
    ).identity
    assert seen == {here}


def test_the_estimate_hangs_on_the_request():
    assert pv.Request.of({**BASE, "quality": "1080p"}).estimate == pv.estimate(quality="1080p")


@pytest.mark.parametrize("take", [0, -1, True, 1.5, "2", 10**30])
def test_a_bad_take_is_refused(take):
    with pytest.raises(pv.InvalidParameter, match="take"):
        pv.Request.of(BASE, take=take)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"extra": {"style": 1}}, {"extra": {"style": 1.0}}),
        ({"extra": {"style": {"x": [2.0, True]}}}, {"extra": {"style": {"x": (2, True)}}}),
        ({"negative_prompt": ""}, {}),
    ],
)
def test_what_means_the_same_is_the_same_request(one, other):
    first, second = (
        pv.Request.of({**BASE, **{n: v for n, v in said.items() if n != "extra"}}, extra=said.get("extra"))
        for said in (one, other)
    )
    assert (first.identity, first.family) == (second.identity, second.family)


@pytest.mark.parametrize("one", [True, "1", 1.5, [1]])
def test_what_only_looks_alike_is_another_request(one):
    assert pv.Request.of(BASE, extra={"x": one}).identity != pv.Request.of(BASE, extra={"x": 1}).identity
