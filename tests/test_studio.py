"""The front desk: where key, base and home come from, what a picture becomes, and what is sent."""

import io
import json
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from studio_rig import KEY, PACE, rigged, sends, uploads

import pixverse_nb as pv
from pixverse_nb.segmind.client import Client

OTHER = "SG_fedcba9876543210"
SAMPLE = {
    "prompt": "A cinematic shot of a beautiful woman in a flowing red dress walking gracefully through a sunlit "
    "European street, golden hour lighting, smooth camera movement",
    "image_url": "https://segmind-resources.s3.amazonaws.com/input/pixverse-v6-input.png",
    "negative_prompt": "No sudden movements, no fast zooms, no distortion.",
    "duration": 5,
    "quality": "540p",
    "aspect_ratio": "16:9",
    "motion_mode": "normal",
    "generate_audio_switch": True,
    "thinking_type": "auto",
}


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        made.server()
        yield made


@pytest.fixture
def bodies(rig):
    """The bodies that reached the server, as its account history has them: oldest first."""

    def read(server=None):
        url = (server or rig.servers[0]).url
        query = {"sort_order": "asc", "per_page": 100}
        answer = requests.get(
            f"{url}/inference-request/request-history", params=query, headers={"x-api-key": KEY}, timeout=5
        )
        return [row["request_body"] for row in answer.json()["data"]]

    return read


# ---- arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argument",
    [{"api": "v3"}, {"api": None}, {"api": 2}, {"concurrency": 0}, {"concurrency": 257}, {"concurrency": True},
     {"concurrency": 1.5}, {"concurrency": "4"}, {"budget": "5"}, {"budget": -1}, {"base_url": "example.com"},
     {"base_url": "ftp://example.com"}, {"base_url": "https://user:word@example.com"}, {"base_url": "https://"},
     {"api_key": "SG_\n injected: header"}, {"api_key": "ключ"}, {"api_key": 5}],
    ids=str,
)  # fmt: skip
def test_arguments_that_cannot_be_used_are_refused_before_anything_is_made(tmp_path, argument):
    with pytest.raises(pv.InvalidParameter) as caught:
        pv.Studio(**{"api_key": KEY, "home": tmp_path / "home", **argument})
    assert caught.value.billed is False
    assert caught.value.remedy
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("url", ["http://8.8.8.8", "http://example.com", "http://api.segmind.com/v2"])
def test_plain_http_carries_no_key_across_a_network(tmp_path, url):
    with pytest.raises(pv.InvalidParameter, match="unencrypted"):
        pv.Studio(KEY, base_url=url, home=tmp_path / "home")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1", "http://192.168.1.2/v1", "https://8.8.8.8"]
)
def test_plain_http_is_for_this_machine_and_network(rig, url):
    assert rig.studio(base_url=url).is_preview is False


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_a_base_url_without_a_key_is_refused_for_a_preview_is_not_what_was_asked_for(tmp_path, monkeypatch, way):
    url = "https://proxy.example"
    if way == "environment":
        monkeypatch.setenv("PIXVERSE_NB_BASE_URL", url)
    with pytest.raises(pv.MissingKey) as caught:
        pv.Studio(home=tmp_path / "home", **({"base_url": url} if way == "argument" else {}))
    assert url in caught.value.what
    assert "SEGMIND_API_KEY" in caught.value.remedy
    assert caught.value.billed is False


def test_without_key_and_base_it_is_a_preview_and_says_so_loudly(rig, capsys):
    studio = rig.studio(api_key=None, base_url=None)
    assert studio.is_preview
    assert "preview engine" in repr(studio)
    said = capsys.readouterr().err
    assert said.startswith("PREVIEW: No API key was found")
    assert "nothing is billed" in said


# ---- the key -----------------------------------------------------------------------------------------------------


def sources(monkeypatch, *names):
    """Keys at some of the places, each another one; returns them by place."""
    keys = {"environment": "SG_environment", "colab": "SG_colab", "keyring": "SG_keyring"}
    if "environment" in names:
        monkeypatch.setenv("SEGMIND_API_KEY", f"  {keys['environment']}\n")
    if "colab" in names:
        google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
        colab.userdata = types.SimpleNamespace(get=lambda name: keys["colab"] if name == "SEGMIND_API_KEY" else None)
        google.colab = colab
        monkeypatch.setitem(sys.modules, "google", google)
        monkeypatch.setitem(sys.modules, "google.colab", colab)
    if "keyring" in names:
        ring = types.ModuleType("keyring")
        ring.get_password = lambda service, _: keys["keyring"] if service == "pixverse_nb" else None
        monkeypatch.setitem(sys.modules, "keyring", ring)
    return keys


@pytest.mark.parametrize(
    ("ask", "where"),
    [
        (lambda studio: studio.submit(f"my key is {KEY}, ok"), "prompt"),
        (lambda studio: studio.generate("a cat", negative_prompt=KEY), "negative_prompt"),
        (lambda studio: studio.submit("a cat", takes=3, extra={"auth": [{"as": f"Bearer {KEY}"}]}), "auth"),
        (lambda studio: studio.submit("a cat", image_url=f"https://a.example/b.png?key={KEY}"), "image_url"),
        (lambda studio: studio.sweep(prompt=["a cat", f"a dog {KEY}"]), "prompt"),
        (lambda studio: studio.storyboard(["a cat", f"a dog {KEY}"]), "prompt"),
    ],
)
def test_a_request_that_holds_the_key_is_refused_before_anything_is_written_or_shown(rig, capfd, ask, where):
    """It would stand in the history, in the notebook's cards and tables, and in every report."""
    studio = rig.studio()
    with pytest.raises(pv.InvalidParameter, match=f"{where} holds this studio's API key") as caught:
        ask(studio)
    assert KEY not in str(caught.value) + "".join(capfd.readouterr())
    assert len(studio.history()) == sends(rig.servers[0]) == 0
    assert not any(KEY.encode() in path.read_bytes() for path in rig.home.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("there", "first"),
    [(["environment", "colab", "keyring"], "environment"), (["colab", "keyring"], "colab"), (["keyring"], "keyring")],
)
def test_the_key_comes_from_argument_environment_colab_and_keyring_in_this_order(rig, monkeypatch, there, first):
    keys = sources(monkeypatch, *there)
    assert rig.studio()._backend.client.key.reveal() == KEY  # the argument, before all others
    found = rig.studio(api_key=None)._backend
    assert found.client.key.reveal() == keys[first]
    word = {"environment": "SEGMIND_API_KEY", "colab": "a Colab secret", "keyring": "the keyring"}[first]
    assert found.key.source == word


def test_a_colab_secret_that_may_not_be_read_and_a_locked_keyring_are_no_key(rig, monkeypatch):
    sources(monkeypatch, "colab", "keyring")

    def locked(*_):
        raise RuntimeError("locked")

    monkeypatch.setattr(sys.modules["google.colab"].userdata, "get", locked)
    monkeypatch.setattr(sys.modules["keyring"], "get_password", locked)
    assert rig.studio(api_key=None, base_url=None).is_preview


def test_the_key_shows_nowhere(rig):
    studio = rig.studio()
    done = studio.generate("a cat")
    rig.servers[0].faults.add("submit", status=401, text=f"the key {KEY} was rejected")
    failed = studio.submit("a dog")
    with pytest.raises(pv.AuthenticationError) as caught:
        failed.wait(20)
    shown = [
        repr(studio),
        repr(vars(studio)),
        repr(done),
        str(caught.value),
        repr(caught.value.__dict__),
        repr(studio._backend.client),
    ]
    shown += [studio.history().to_csv(), studio.history()._repr_html_(), str(failed._repr_mimebundle_())]
    assert not [text for text in shown if KEY in text]
    studio._store._db.close()
    for path in rig.home.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


def test_a_rejected_key_is_told_from_the_balance(rig):
    strict = rig.server(keys=[OTHER])
    with pytest.raises(pv.AuthenticationError) as caught:
        rig.studio(strict).credits()
    assert caught.value.status_code == 401
    assert float(rig.studio(strict, api_key=OTHER).credits()) == pytest.approx(100.0)


# ---- home and base -----------------------------------------------------------------------------------------------


def test_home_and_base_come_from_the_environment_unless_they_are_said(rig, monkeypatch, tmp_path):
    monkeypatch.setenv("PIXVERSE_NB_HOME", str(tmp_path / "from_environment"))
    monkeypatch.setenv("PIXVERSE_NB_BASE_URL", rig.servers[0].url + "/v1/")
    studio = rig.studio(base_url=None, home=None)
    assert studio.home == tmp_path / "from_environment"
    assert studio.generate("a cat").video.path.is_relative_to(studio.home)
    assert sends(rig.servers[0]) == 1
    assert rig.studio(home=tmp_path / "said").home == tmp_path / "said"
    monkeypatch.delenv("PIXVERSE_NB_HOME")
    assert rig.studio(home=None).home == Path.cwd() / "pixverse_data"


def test_a_home_keeps_its_place_when_the_folder_changes(rig, monkeypatch, tmp_path):
    studio = rig.studio(home="here")
    done = studio.generate("a cat")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert done.video.path.is_file()
    assert studio.home == tmp_path / "here"


# ---- sending -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_the_documents_sample_runs_word_for_word(rig, bodies, api):
    data = json.loads(json.dumps(SAMPLE))
    done = rig.studio(api=api).generate(**data)
    assert bodies() == [SAMPLE]
    assert done.status == "completed"
    assert done.video.path.is_file()
    assert (done.video.width, done.video.height) == (96, 64)
    assert done.cost_usd == pytest.approx(0.28125)
    assert done.cost_source == "reported"
    assert done.latency_s > 0
    assert done.error is None
    (post,) = [r.path for r in rig.servers[0].requests if r.method == "POST"]
    assert post == f"/{api}/pixverse-v6"


def test_only_what_was_said_is_sent(rig, bodies):
    rig.studio().generate("a cat", extra={"style": "clay"})
    assert bodies() == [{"prompt": "a cat", "duration": 5, "quality": "540p", "style": "clay"}]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ({"prompt": ""}, pv.InvalidParameter),
        ({"prompt": "x" * 5001}, pv.InvalidParameter),
        ({"prompt": 5}, pv.InvalidParameter),
        ({"prompt": "x", "duration": 16}, pv.InvalidParameter),
        ({"prompt": "x", "qualty": "540p"}, pv.UnknownParameter),
        ({"prompt": "x", "take": 0}, pv.InvalidParameter),
        ({"prompt": "x", "take": 10**30}, pv.InvalidParameter),
        ({"prompt": "x", "extra": {"seed": 1}}, pv.InvalidParameter),
        ({"prompt": "x", "extra": {"a": "\ud800"}}, pv.InvalidParameter),
        ({"prompt": "x", "image": "nowhere.png"}, pv.InvalidImage),
        ({"prompt": "x", "image": b"no picture"}, pv.InvalidImage),
        ({"prompt": "x", "image": 5}, pv.InvalidImage),
        ({"prompt": "x", "image": "http://a.example/b.png"}, pv.InvalidParameter),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_refused_before_anything_is_sent_or_written(rig, call, error):
    studio = rig.studio()
    for way in (studio.generate, studio.submit):
        with pytest.raises(error) as caught:
            way(**call)
        assert caught.value.billed is False
    assert rig.servers[0].requests == []
    assert len(studio.history()) == 0


# ---- pictures ----------------------------------------------------------------------------------------------------


@pytest.fixture
def array():
    """96 x 64 px that compress badly, so that nothing small is mistaken for them."""
    return np.random.default_rng(3).integers(0, 255, (64, 96, 3), dtype=np.uint8)


@pytest.fixture
def png(array):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def fetched(url):
    return requests.get(url, timeout=5).content


def test_every_kind_of_picture_is_uploaded_and_its_url_sent(rig, bodies, array, png, tmp_path):
    studio = rig.studio()
    (tmp_path / "a picture.png").write_bytes(png)
    kinds = [tmp_path / "a picture.png", "a picture.png", png, bytearray(png), Image.fromarray(array), array]
    for n, image in enumerate(kinds):
        done = studio.generate(f"cell {n}", image=image)
        body = bodies()[-1]
        assert body["prompt"] == f"cell {n}"
        assert body["image_url"].startswith(rig.servers[0].url + "/assets/")
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(fetched(body["image_url"])))), array)
        assert done.request.image_sha256
        assert "image_url" not in done.request.parameters
    assert fetched(bodies()[0]["image_url"]) == png  # a file goes byte for byte
    assert sends(rig.servers[0]) == len(kinds)
    # By content: the file's bytes once, and once the same pixels encoded by us (the image and the array).
    assert uploads(rig.servers[0]) == len({body["image_url"] for body in bodies()}) <= 2


def test_a_picture_is_uploaded_once_per_content_for_all_kernels_of_a_home(rig, bodies, png):
    rig.studio().generate("one", image=png)
    rig.studio().generate("two", image=bytes(png))
    assert uploads(rig.servers[0]) == 1
    assert bodies()[0]["image_url"] == bodies()[1]["image_url"]
    other = rig.server()
    rig.studio(other).generate("one", image=png)
    assert uploads(other) == 1  # another service has pictures of its own


def test_a_url_is_sent_as_it_is(rig, bodies):
    rig.studio().generate("a cat", image="https://a.example/b.png?c=1")
    assert bodies()[0]["image_url"] == "https://a.example/b.png?c=1"
    assert uploads(rig.servers[0]) == 0


def test_an_earlier_generation_goes_on_from_its_last_frame(rig, bodies):
    studio = rig.studio()
    first = studio.generate("a cat")
    second = studio.generate("it jumps", image=first)
    sent = Image.open(io.BytesIO(fetched(bodies()[1]["image_url"])))
    assert np.array_equal(np.asarray(sent.convert("RGB")), np.asarray(first.video.last_frame()))
    assert second.request.image_sha256
    third = studio.generate("it lands", image=first)
    assert third.request.image_sha256 == second.request.image_sha256
    assert uploads(rig.servers[0]) == 1


def test_a_generation_without_a_clip_has_no_last_frame(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("job", "fail")
    failed = studio.submit("a cat")
    with pytest.raises(pv.GenerationFailed):
        failed.wait(20)
    with pytest.raises(pv.InvalidImage, match="it is failed"):
        studio.generate("on", image=failed)


def test_image_and_image_url_together_are_refused(rig, png):
    studio = rig.studio()
    with pytest.raises(pv.InvalidImage, match="both image and image_url"):
        studio.generate("a cat", image=png, image_url="https://a.example/b.png")
    assert studio.generate("a cat", image=png, image_url=None).status == "completed"


def test_the_same_picture_is_the_same_request_and_another_one_is_not(rig, array, png):
    studio = rig.studio()
    first = studio.generate("a cat", image=png)
    assert studio.generate("a cat", image=bytes(png)).reused_from == first.id
    assert studio.generate("a cat", image=255 - array).reused_from is None
    assert studio.generate("a cat").reused_from is None
    assert sends(rig.servers[0]) == 3


# ---- looking -----------------------------------------------------------------------------------------------------


def test_credits_are_the_accounts(rig):
    server = rig.server(balance=12.5, free_credits=0.25)
    credits_ = rig.studio(server).credits()
    assert (credits_.paid_usd, credits_.free_usd, float(credits_)) == (12.5, 0.25, 12.75)
    assert str(credits_) == "$12.750 ($12.500 paid, $0.250 free)"
    rig.studio(server).generate("a cat")
    assert float(rig.studio(server).credits()) == pytest.approx(12.75 - 0.28125)


def test_the_studios_estimate_is_the_packages_and_asks_nobody(rig):
    studio = rig.studio()
    assert studio.estimate("x", duration=15, quality="1080p", takes=3) == pv.estimate(
        duration=15, quality="1080p", takes=3
    )
    assert rig.servers[0].requests == []


def test_a_generation_is_found_by_its_id_also_after_a_restart(rig):
    done = rig.studio().generate("a cat", seed=7)
    studio = rig.studio()
    again = studio.generation(done.id)
    assert studio.generation(done.id) is again
    assert again.request == done.request
    assert again.video == done.video
    assert (again.status, again.cost_usd, again.request_id) == (done.status, done.cost_usd, done.request_id)
    with pytest.raises(pv.NotFound, match="nothing-like-it"):
        studio.generation("nothing-like-it")


def test_another_studio_takes_up_what_is_unfinished_and_sends_nothing(rig):
    studio = rig.studio()
    rig.servers[0].faults.add("status", "delay", seconds=0.3)
    pending = studio.submit("a cat")
    other = rig.studio()
    (same,) = other.resume()
    assert same.id == pending.id
    assert same.wait(20).video == pending.wait(20).video
    assert other.resume() == []
    assert sends(rig.servers[0]) == 1


def test_a_full_disk_sends_nothing(rig, monkeypatch):
    studio = rig.studio()
    monkeypatch.setattr("shutil.disk_usage", lambda _: types.SimpleNamespace(free=1_000_000))
    with pytest.raises(pv.HomeError, match="1 MB left"):
        studio.generate("a cat")
    assert rig.servers[0].requests == []


def test_a_studio_warns_of_nothing(rig):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        rig.studio(pace=PACE)
    assert [str(w.message) for w in seen] == []
    assert isinstance(rig.studios[0]._backend.client, Client)
