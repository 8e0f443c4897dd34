"""Settings as code: the shortest call that sends exactly the same."""

import ast
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studio_rig import rigged
from test_panel_compose import REQUESTS, png

from pixverse_nb.errors import InvalidImage
from pixverse_nb.panel.code import code_of
from pixverse_nb.panel.compose import Compose
from pixverse_nb.wishes import make_wish

pytestmark = pytest.mark.filterwarnings("ignore:The `ipykernel.comm.Comm` class:DeprecationWarning")  # ipywidgets 7's


class Recorder:
    """A studio that writes down what it is asked for."""

    def __init__(self, studio=None) -> None:
        self.studio, self.asked = studio, []

    def generate(self, prompt, *, image=None, take=1, takes=None, reuse=True, extra=None, **parameters):
        wish = make_wish(prompt, image=image, take=take, extra=extra, parameters=parameters)
        self.asked.append((wish.request, takes, reuse))

    def generation(self, id):
        return self.studio.generation(id)


def run(code, studio=None):
    recorder = Recorder(studio)
    exec(code, {"studio": recorder})  # noqa: S102  that is what people do with it
    (asked,) = recorder.asked
    return asked


def test_what_is_sent_anyway_is_left_out():
    given = {"prompt": "A cat", "duration": 5, "quality": "540p", "takes": 1, "seed": None, "take": 1, "reuse": True}
    assert code_of(given) == "studio.generate('A cat')"


def test_a_short_call_is_one_line_in_the_order_of_the_form():
    given = {"takes": 3, "quality": "1080p", "duration": 8, "prompt": 'It\'s "new"'}
    assert code_of(given) == "studio.generate('It\\'s \"new\"', duration=8, quality='1080p', takes=3)"


def test_a_default_that_would_not_be_sent_stays_for_the_body_would_be_another():
    assert "seed=-1" in code_of({"prompt": "A", "seed": -1})
    assert run(code_of({"prompt": "A", "seed": -1}))[0].parameters["seed"] == -1


def test_a_long_prompt_is_broken_between_words():
    prompt = "A cinematic shot of a woman in a flowing red dress, walking through a sunlit street. " * 5
    code = code_of({"prompt": prompt, "duration": 8})
    assert max(len(line) for line in code.splitlines()) <= 79
    pieces = [line.strip() for line in code.splitlines()[1:-2]]
    assert all(one.endswith(" '") or other.startswith("' ") for one, other in pairwise(pieces))
    assert run(code)[0].prompt == prompt


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=900))
def test_any_prompt_survives(prompt):
    call = ast.parse(code_of({"prompt": prompt})).body[0].value
    assert ast.literal_eval(call.args[0]) == prompt


@settings(max_examples=60, deadline=None)
@given(REQUESTS, st.integers(1, 5), st.booleans())
def test_running_the_code_is_the_same_request(values, take, reuse):
    code = code_of({**values, "take": take, "reuse": reuse})
    request, takes, reused = run(code)
    given = dict(values)
    meant = make_wish(given.pop("prompt"), extra=given.pop("extra", None), take=take, parameters=given).request
    assert request.identity == meant.identity
    assert request.body() == meant.body()
    assert (takes, reused) == (None, reuse)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_forms_own_code_is_what_it_sends(form, data):
    values = data.draw(REQUESTS)
    form.load({**values, "takes": 2})
    form.as_code.turn(open=True)
    form.settle()
    request, takes, _ = run(form.code.value)
    given = dict(values)
    meant = make_wish(given.pop("prompt"), extra=given.pop("extra", None), parameters=given).request
    assert request.identity == meant.identity
    assert takes == 2


def test_the_forms_code_names_the_take_that_a_click_would_send(form):
    """Run before the click it sends what the click would; run after it, it gives that clip. Gaps are not filled."""
    studio = form._studio
    wanted = {"prompt": "a red fox", "duration": 1, "quality": "360p"}
    form.load(wanted)
    form.as_code.turn(open=True)
    form.settle()
    assert "take" not in form.code.value
    studio.submit(**wanted).wait()
    studio.submit(**wanted, take=3).wait()
    form.refresh_price()
    form.settle()
    assert form.code.value.endswith("take=2)")
    assert form.copy.text == form.code.value
    form.fields["takes"].control.value = "2"
    form.settle()
    assert "take=4, takes=2" in form.code.value
    form.picture.load(png(40, 30), "p.png")
    form.settle()
    assert "take=" not in form.code.value, "with a picture it is another request"
    form.picture.load(None)
    form.fields["takes"].control.value = "1"
    form.settle()
    (request, *_) = run(form.code.value)
    sent = studio.submit(**wanted, take=2)
    assert sent.reused_from is None
    assert request.identity == sent.request.identity
    form.fields["duration"].control.value = "99"
    form.settle()
    assert "duration=99" in form.code.value, "what is wrong is shown as it is"


def test_numpys_values_are_written_as_pythons():
    given = {"prompt": "A", "seed": np.int64(3), "guidance_scale": np.float32(2.5), "generate_audio_switch": np.True_}
    assert code_of(given) == "studio.generate('A', generate_audio_switch=True, seed=3, guidance_scale=2.5)"


def test_pictures_by_path_by_url_and_by_generation(rig, tmp_path):
    studio = rig.studio()
    (tmp_path / "p.png").write_bytes(png())
    assert code_of({"prompt": "A", "image": tmp_path / "p.png"}) == "studio.generate('A', image='p.png')"
    outside = tmp_path.parent / "elsewhere.png"
    (call,) = ast.parse(code_of({"prompt": "A", "image": str(outside)})).body
    assert ast.literal_eval(call.value.keywords[0].value) == str(outside)
    url = "https://example.org/a.png"
    assert run(code_of({"prompt": "A", "image": url}))[0].parameters["image_url"] == url
    clip = studio.submit("a cat", duration=1).wait(60)
    code = code_of({"prompt": "on", "image": clip})
    assert code == f"studio.generate('on', image=studio.generation(\"{clip.id}\"))"
    assert run(code, studio)[0].identity == make_wish("on", image=clip, parameters={}).request.identity


def test_an_upload_is_saved_first_so_that_code_can_name_it(form):
    form.load({"prompt": "it moves"})
    form.picture.load(png(40, 30), "p.png")
    form.picture.settle()
    form.as_code.turn(open=True)
    form.settle()
    assert "image='home/images/" in form.code.value  # below the notebook's folder: runs on another machine, too
    meant = make_wish("it moves", image=png(40, 30), parameters={}).request
    assert run(form.code.value)[0].identity == meant.identity


def test_a_picture_in_memory_has_no_place_in_code():
    for picture in (b"bytes", "data:image/png;base64,AAAA", np.zeros((2, 2))):
        with pytest.raises(InvalidImage, match="only in memory"):
            code_of({"prompt": "A", "image": picture})


def test_a_name_that_nobody_knows_is_written_too():
    assert code_of({"prompt": "A", "foo": 1}) == "studio.generate('A', foo=1)"


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as rig:
        yield rig


@pytest.fixture
def form(rig):
    return Compose(rig.studio(), lambda _: None)
