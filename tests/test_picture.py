"""The preview engine's picture and sound, looked at and listened to (issue 3, "The picture")."""

from __future__ import annotations

import io
import itertools
import pickle
import subprocess
import sys
import tracemalloc

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.preview.picture import (
    RenderError,
    Shot,
    camera,
    cast,
    city,
    frame_size,
    lens,
    photo,
    render,
    sky,
    slate,
    unmark,
    words,
)
from pixverse_nb.preview.picture.encode import RATE
from pixverse_nb.preview.picture.planes import Frame
from pixverse_nb.preview.picture.sound import Event, _chirp, _growl, layers, sound
from pixverse_nb.preview.picture.stage import frames
from pixverse_nb.preview.picture.vocabulary import MOVES, PLACES, SUBJECTS, WEATHERS
from pixverse_nb.preview.picture.water import Water
from pixverse_nb.preview.picture.words import Move, read
from pixverse_nb.preview.picture.world import World

WOMAN = (
    "A cinematic shot of a beautiful woman in a flowing red dress walking gracefully through a sunlit European street, "
    "golden hour lighting, smooth camera movement"
)
SIZES = {  # long side by quality (contract, Parameters), short side to the nearest even number
    ("16:9", "360p"): (640, 360), ("16:9", "540p"): (1024, 576), ("16:9", "720p"): (1280, 720),
    ("16:9", "1080p"): (1920, 1080), ("4:3", "360p"): (640, 480), ("1:1", "540p"): (1024, 1024),
    ("3:4", "720p"): (960, 1280), ("9:16", "1080p"): (1080, 1920), ("2:3", "540p"): (682, 1024),
    ("3:2", "720p"): (1280, 854), ("21:9", "1080p"): (1920, 822), ("21:9", "360p"): (640, 274),
}  # fmt: skip


def small(prompt, **more):
    return Shot(prompt, **{"duration": 1, "quality": "360p", "audio": False, "seed": 5, **more})


def picture(shot, numbers=(14,)):
    """Frames as drawn, before the encoder: float arrays (3, h, w) with chroma at luma size, by number."""
    wanted = {}
    for number, frame in enumerate(frames(World.of(shot))):
        if number in numbers:
            wanted[number] = full(frame)
        if number >= max(numbers):
            break
    return [wanted[n] for n in numbers]


def full(frame: Frame):
    return np.stack([frame.y.astype(float), *(p.repeat(2, 0).repeat(2, 1).astype(float) for p in (frame.u, frame.v))])


def red(yuv):
    """How red a picture is: V above neutral, less U above neutral."""
    return float((yuv[2] - 128).mean() - (yuv[1] - 128).mean())


def png(width=120, height=80, kind="PNG"):
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x * y) % 255], -1).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The document's own sample prompt, two seconds with sound, encoded."""
    path = tmp_path_factory.mktemp("clip") / "woman.mp4"
    render(Shot(WOMAN, duration=2, quality="360p", seed=3), path)
    return path


# The file


def test_the_file_is_what_the_service_sends(clip):
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height, video.average_rate) == (640, 360, 24)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48_000, 2)
        assert sum(1 for _ in container.decode(video=0)) == 48
    with av.open(str(clip)) as container:
        assert container.duration == pytest.approx(2_000_000, abs=60_000)
        stamps = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert stamps[0] == 0
    assert {b - a for a, b in itertools.pairwise(stamps)} == {stamps[1]}


def test_the_index_comes_first_and_nothing_is_left_behind(clip):
    data = clip.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert [p.name for p in clip.parent.iterdir()] == ["woman.mp4"]


def test_a_failed_render_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")

    def broken(world):
        yield from list(frames(world))[:2]
        raise RuntimeError("stop")

    monkeypatch.setattr("pixverse_nb.preview.picture.stage.frames", broken)
    with pytest.raises(RuntimeError, match="stop"):
        render(small("a hill"), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_sound_is_there_or_not(clip, tmp_path):
    silent = tmp_path / "silent.mp4"
    render(small("waves on the sea"), silent)
    with av.open(str(silent)) as container:
        assert not container.streams.audio
    with av.open(str(clip)) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert samples.shape[1] / 48_000 == pytest.approx(2, abs=0.06)
    assert 0.005 < np.sqrt((samples**2).mean()) < 0.5
    assert np.abs(samples).max() <= 1.0


def test_a_keyframe_every_second(clip):
    """Seeking and posters are quick."""
    with av.open(str(clip)) as container:
        keys = [packet.pts * packet.time_base for packet in container.demux(video=0) if packet.is_keyframe]
    assert keys == [0, 1]


def test_rain_does_not_swell_the_file(tmp_path):
    """Streaks that are new in every frame are the dearest thing to encode: 5 s at 540p stay below some 3 MB."""
    render(Shot("a neon street at night in the rain", duration=1, audio=False, seed=1), tmp_path / "rain.mp4")
    assert (tmp_path / "rain.mp4").stat().st_size < 3_400_000 / 5


# Sizes


@pytest.mark.parametrize(("ratio", "quality"), SIZES)
def test_sizes_are_exact(ratio, quality):
    assert frame_size(Shot("x", aspect_ratio=ratio, quality=quality)) == SIZES[ratio, quality]


def test_every_size_is_even_and_of_its_ratio():
    for ratio in PARAMETERS["aspect_ratio"].choices:
        for quality in PARAMETERS["quality"].choices:
            width, height = frame_size(Shot("x", aspect_ratio=ratio, quality=quality))
            a, b = map(int, ratio.split(":"))
            assert width % 2 == height % 2 == 0
            assert max(width, height) == {"360p": 640, "540p": 1024, "720p": 1280, "1080p": 1920}[quality]
            assert width / height == pytest.approx(a / b, rel=0.01)


@pytest.mark.parametrize("ratio", ["9:16", "1:1", "21:9"])
def test_other_shapes_are_drawn_and_encoded(ratio, tmp_path):
    shot = small("a ship on the sea at sunset", aspect_ratio=ratio)
    render(shot, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == frame_size(shot)
        assert sum(1 for _ in container.decode(video=0)) == 24


# The same and the other


def test_the_same_shot_repeats_byte_for_byte_in_another_process(clip, tmp_path):
    script = (
        "import sys; from pathlib import Path; from pixverse_nb.preview.picture import Shot, render;"
        "render(Shot(sys.argv[1], duration=2, quality='360p', seed=3), Path(sys.argv[2]))"
    )
    other = tmp_path / "again.mp4"
    subprocess.run(
        [sys.executable, "-c", script, WOMAN, str(other)], check=True, env={"PYTHONHASHSEED": "77", "PATH": ""}
    )
    assert other.read_bytes() == clip.read_bytes()


@pytest.mark.parametrize("other", [{"seed": 6}, {"prompt": "a snowy hill with two trees"}])
def test_another_seed_or_prompt_is_another_picture(other):
    base = {"prompt": "a green hill with a tree", "seed": 5}
    (a,), (b,) = picture(small(**base)), picture(small(**{**base, **other}))
    assert np.abs(a[0] - b[0]).mean() > 4


def test_unknown_words_still_make_a_picture_of_their_own():
    pictures = [picture(small(text))[0] for text in ("qwerty zxcv", "brillig slithy", "你好吗", "مرحبا", "🦄🦄")]
    assert all(read(small(text)).place == "dream" for text in ("qwerty zxcv", "مرحبا"))
    for n, a in enumerate(pictures):
        assert a[0].std() > 8
        for b in pictures[:n]:
            assert np.abs(a - b).mean() > 4


def test_a_shot_can_be_pickled():
    shot = small("a", image=png())
    assert pickle.loads(pickle.dumps(shot)) == shot  # noqa: S301 - our own bytes


# What the words say


def test_night_is_darker_than_noon():
    (night,), (noon,) = (picture(small(f"a meadow at {time}")) for time in ("midnight", "noon"))
    assert night[0].mean() + 40 < noon[0].mean()


def test_sunset_is_redder_than_noon():
    (sunset,), (noon,) = (picture(small(f"the sea at {time}")) for time in ("sunset", "noon"))
    assert red(sunset) > red(noon) + 15


@pytest.mark.parametrize("seed", range(6))
def test_a_green_meadow_lies_in_daylight(seed):
    assert read(small("a horse galloping in a green meadow", seed=seed)).time == "day"
    assert read(small("a green meadow at dusk", seed=seed)).time == "dusk"


def test_a_forest_at_night_is_dark_and_still_seen():
    (night,), (noon,) = (picture(small(f"a forest at {time}, static")) for time in ("midnight", "noon"))
    assert night[0].mean() + 30 < noon[0].mean()
    assert np.percentile(night[0], 75) > 36  # black is 16


def test_a_colour_word_colours_the_dress():
    (r,), (b,) = (picture(small(f"a woman in a {colour} dress in a snowy street")) for colour in ("red", "blue"))
    for channel, (own, other) in {2: (r, b), 1: (b, r)}.items():  # V is redness, U is blueness
        assert np.mean(own[channel] > 165) > 0.01  # the dress
        assert np.mean(other[channel] > 165) < 0.002


@pytest.mark.parametrize(
    ("prompt", "place", "kinds"),
    [
        (WOMAN, "street", ["woman"]),
        ("A sailboat and a whale on the ocean", "sea", ["ship", "whale"]),
        ("an astronaut", "space", ["astronaut"]),
        ("two dogs and a cat in the forest", "forest", ["dog", "cat"]),
        ("Neon skyline, a robot", "city", ["robot"]),
        ("une femme dans la forêt", "forest", ["woman"]),
        ("一只猫在海边", "sea", ["cat"]),
        ("a bottle of perfume", "studio", ["product"]),
        ("A lighthouse on a cliff at night above a calm sea", "sea", ["lighthouse"]),
        ("a house on a hill by the lake", "lake", ["house"]),
        ("a castle on a mountain over a harbour", "sea", ["castle"]),
        ("mountains and cliffs, a tropical volcano", "mountains", ["volcano"]),
        ("a garden by the lake", "meadow", []),
    ],
)
def test_words_become_places_and_subjects(prompt, place, kinds):
    scene = read(small(prompt))
    assert (scene.place, [actor.kind for actor in scene.actors]) == (place, kinds)


def test_every_element_of_the_vocabulary_is_drawn():
    """One frame of each place, subject and weather: nothing in the tables is without a picture."""
    prompts = [f"{word} by day, still" for word in _one_word_each(PLACES)]
    prompts += [f"a {word} in a meadow by day" for word in _one_word_each(SUBJECTS)]
    prompts += [f"{word} over a meadow by day" for word in _one_word_each(WEATHERS)]
    plain = picture(small("a meadow by day", seed=1))[0]
    assert len(prompts) > 55
    for prompt in prompts:
        drawn = picture(small(prompt, seed=1))[0]
        assert drawn.shape == plain.shape
        if "meadow by day" not in prompt or prompt.startswith("a "):
            assert np.abs(drawn[0] - plain[0]).max() > 20, prompt


def _one_word_each(table):
    return list({name: word for word, name in reversed(list(table.items()))}.values())


def test_the_negative_prompt_removes():
    assert "rain" in read(small("a street in the rain")).weather
    assert "rain" not in read(small("a street in the rain", negative_prompt="no rain")).weather
    assert "rain" not in read(small("a street without rain")).weather
    assert read(small("a cat and a dog in a park", negative_prompt="dog")).actors == (words.Actor("cat"),)
    seed = {"prompt": "a street by night in the rain, static camera"}
    a, b = picture(small(**seed), (13, 14))
    c, d = picture(small(**seed, negative_prompt="rain"), (13, 14))
    assert np.abs(a[0] - b[0]).mean() > 3 * np.abs(c[0] - d[0]).mean()


def test_the_negative_prompt_calms():
    wild = read(small("fast zoom in on a car, handheld"))
    calm = read(
        small("fast zoom in on a car, handheld", negative_prompt="No sudden movements, no fast zooms, no shaky camera.")
    )
    assert Move("zoom", "in") in calm.moves
    assert calm.speed < 0.8
    assert wild.speed > 1.2
    assert "handheld" in {m.kind for m in wild.moves}
    assert "handheld" not in {m.kind for m in calm.moves}


def test_motion_mode_fast_moves_more():
    normal, fast = (camera.plan(s, read(s)) for s in (small("pan left", motion_mode=m) for m in ("normal", "fast")))
    assert np.ptp(fast.rows[:, 0]) > 1.4 * np.ptp(normal.rows[:, 0])


# Motion


def test_motion_exists_and_static_has_less():
    a, b = picture(small("mountains by day, pan right"), (13, 20))
    c, d = picture(small("mountains by day, static camera"), (13, 20))
    still, moving = np.abs(c[0] - d[0]).mean(), np.abs(a[0] - b[0]).mean()
    assert moving > 1.5 * still
    assert moving > 1.0
    assert still > 0.0  # clouds go on


def _slid(a, b):
    """By how many px the skyline of `b` lies to the right of that of `a`."""
    band_a, band_b = a[0][150:260, 80:-80], b[0][150:260]
    band_a = band_a - band_a.mean()
    scores = {}
    for shift in range(-60, 61):
        other = band_b[:, 80 + shift : band_b.shape[1] - 80 + shift]
        scores[shift] = float((band_a * (other - other.mean())).mean() / (other.std() + 1e-9))
    return max(scores, key=scores.get)


@pytest.mark.parametrize(("way", "sign"), [("right", -1), ("left", 1)])
def test_a_pan_moves_the_picture_the_other_way(way, sign):
    a, b = picture(small(f"snowy mountains by day, camera pans {way}"), (13, 22))
    assert sign * _slid(a, b) > 5


def test_zooming_in_enlarges_and_out_shrinks():
    for way, grows in (("in", True), ("out", False)):
        shot = small(f"zoom {way} on a house", duration=2)
        track = camera.plan(shot, read(shot))
        assert (track.pose(47).zoom > track.pose(0).zoom) is grows
        assert min(track.pose(n).zoom for n in range(48)) >= 1.0


@settings(max_examples=300, deadline=None)
@given(
    drawn=st.integers(20, 1000).map(lambda n: 2 * n),
    part=st.sampled_from([1.0, 0.8, 0.75, 0.6]),
    zoom=st.floats(1, 1.7),
    centre=st.sampled_from([0.5, 0.55]),
)
def test_the_lens_keeps_its_centre_and_never_leaves_the_drawing(drawn, part, zoom, centre):
    """Enlarging in whole pixels loses no motion: what it misses is handed back as a nudge of under a pixel or so."""
    shown = 2 * round(drawn / part / 2)
    it = lens.cut(drawn, shown, zoom, centre)
    assert it.start % 2 == it.length % 2 == it.skip % 2 == 0
    assert it.start >= 0
    assert it.start + it.length <= drawn
    assert 0 <= it.skip <= it.grown - shown
    assert abs(it.nudge) <= 1.01
    scale = it.grown / it.length
    # A point drawn at the centre, and nudged, is shown at the centre.
    assert (centre * drawn + it.nudge - it.start) * scale - it.skip == pytest.approx(centre * shown, abs=1e-6)
    assert abs(scale / (zoom * shown / drawn) - 1) * shown / 2 <= 1.01  # px at the edges


def test_a_slow_zoom_glides():
    """From frame to frame the picture grows evenly, though its parts are laid to half a pixel."""
    board = np.zeros((360, 640, 3), np.uint8)
    board[:, 100:104] = board[:, 536:540] = 255
    out = io.BytesIO()
    Image.fromarray(board).save(out, "PNG")
    shot = small("slow zoom in", image=out.getvalue(), duration=2)
    seen = picture(shot, tuple(range(14, 40)))
    columns = np.arange(320)
    gaps = []
    for one in seen:
        left, right = one[0][100:260, :320].mean(0) - 16, one[0][100:260, 320:].mean(0) - 16
        left, right = np.clip(left - 20, 0, None), np.clip(right - 20, 0, None)
        gaps.append(320 + (right * columns).sum() / right.sum() - (left * columns).sum() / left.sum())
    steps = np.diff(gaps)
    assert gaps[-1] > gaps[0] + 5
    assert steps.min() > -1
    assert steps.max() < 2.5


@pytest.mark.parametrize("kind", sorted(set(MOVES.values())))
def test_every_camera_word_is_heeded(kind):
    word = next(word for word, name in MOVES.items() if name == kind)
    shot = small(f"{word} of a hill", duration=3)
    plain = small("of a hill", duration=3)
    assert kind in {move.kind for move in read(shot).moves}
    assert not np.array_equal(camera.plan(shot, read(shot)).rows, camera.plan(plain, read(plain)).rows)
    if kind == "static":
        assert np.ptp(camera.plan(shot, read(shot)).rows, axis=0).max() == 0


def test_the_slate_is_gone_after_half_a_second():
    first, last = picture(small("a meadow at noon, static"), (0, 13))
    low = np.s_[0, 300:, 40:-40]
    assert (first[low] > 200).sum() > 100  # white letters
    assert (last[low] > 200).sum() < (first[low] > 200).sum() / 4


# Sound


def _heard(prompt, seconds=3):
    world = World.of(small(prompt, duration=seconds, audio=True))
    return np.concatenate(list(sound(world)), axis=1), layers(world)


def test_a_slate_has_a_font_for_cjk_punctuation():
    """Commas, brackets, long vowels and forms of full and half width are drawn with the letters about them."""
    runs = slate._runs("猫\u3001\u300c犬\u300d\u3002コ\u30fcヒ\u30fc\uff01\uff8a\u301c and")
    assert [part.strip() for script, part in runs if not script] == ["and"]
    assert slate._runs("a “cat”…") == [("", "a “cat”…")]
    lines = slate.wrapped("猫" * 4 + "\u3001" + "犬" * 4, 20, slate.width_of("猫" * 4, 20) + 1, 9)
    assert [line[0] for line in lines] == ["猫", "猫", "犬"], "no line begins with a comma"


@pytest.mark.parametrize("words", ["fast tracking shot", "pan right", "fast pan left", "orbit shot", "truck left"])
@pytest.mark.parametrize("ratio", ["16:9", "9:16"])
def test_a_street_stays_a_street_however_the_camera_moves(words, ratio):
    """Houses up to both edges, no gap between their rows, and the street's end in sight, all the way."""
    world = World.of(small(f"a street in Rome at noon, {words}", duration=10, aspect_ratio=ratio))
    setting = city.street(world)
    houses = [item.plate for item in setting.behind if item.plate.alpha is not None][-3:]
    row = world.horizon + 4
    for number in (0, world.shot.frames // 2, world.shot.frames - 1):
        pose = world.track.pose(number)
        seen = np.zeros(world.width, bool)
        for plate in houses:
            dx, _ = pose.shift(plate.depth, world.width, world.height)
            line = plate.alpha[0][round(row - plate.y)] > 128
            left = round(plate.x + dx)
            across = np.arange(world.width) - left
            inside = (across >= 0) & (across < len(line))
            seen[inside] |= line[across[inside]]
        free = np.flatnonzero(~seen)
        assert 0 < len(free) < 0.25 * world.width
        assert np.ptp(free) + 1 == len(free), "one opening, at the street's end"
        assert 0.1 < free.mean() / world.width < 0.9


@pytest.mark.parametrize("prompt", ["a woman walks in the city", "a crowd in the city at night"])
def test_nobody_walks_on_the_citys_water(prompt):
    """Whoever stands there has a quay under the feet; without anybody the water comes to the edge."""
    world = World.of(small(prompt))
    setting = city.skyline(world)
    quay = setting.behind[-1].plate
    _, near = cast.perform(world, setting)
    people = [one for one in near if isinstance(one, cast.Performer)]
    assert people
    assert min(one.place[1] for one in people) * world.height >= quay.y
    assert isinstance(city.skyline(World.of(small("a city"))).behind[-1], Water)


@pytest.mark.parametrize("light", ["at sunset", "at night", "at dawn"])
def test_no_sun_or_moon_shines_through_a_storm(light, monkeypatch):
    """Under a clear sky there is a disc; under storm clouds, or when all is overcast, there is none."""

    def dome(prompt):
        return sky.sky(World.of(small(prompt)))[0].plate.planes[0].astype(int)

    prompts = {f"the sea {light}": True, f"a storm at sea {light}": False, "the sea under an overcast sky": False}
    drawn = [dome(prompt) for prompt in prompts]
    monkeypatch.setattr(sky, "_disc", lambda *_: None)
    bare = [dome(prompt) for prompt in prompts]
    assert [bool((a != b).any()) for a, b in zip(drawn, bare, strict=True)] == list(prompts.values())


def test_sound_suits_the_words():
    sea, sea_layers = _heard("waves of the sea")
    city, city_layers = _heard("a city skyline by night")
    assert "sea" in sea_layers
    assert "sea" not in city_layers
    for wave in (sea, city):
        assert wave.shape == (2, 3 * RATE)
        assert np.sqrt((wave**2).mean()) > 0.01
        assert np.abs(wave).max() <= 1.0
        assert np.abs(wave[:, :20]).max() < 0.01  # fades in
        assert np.abs(wave[:, -20:]).max() < 0.01  # and out
        assert np.abs(wave[0] - wave[1]).max() > 0.01  # stereo
    assert _brightness(sea) > 1.5 * _brightness(city)


def _brightness(wave):
    """The middle of the spectrum, Hz."""
    power = np.abs(np.fft.rfft(wave[0])) ** 2
    return float((power * np.fft.rfftfreq(wave.shape[1], 1 / RATE)).sum() / power.sum())


@pytest.mark.parametrize(
    ("prompt", "voice"),
    [("rain", "rain"), ("wind over dunes", "wind"), ("a crowd at a market", "crowd"), ("birds in the forest", "birds"),
     ("a campfire", "fire"), ("an astronaut in space", "drone"), ("a melody, dreamy", "pad"),
     ("thunderstorm", "thunder"), ("a steam train", "engine"), ("an astronaut on the moon", "drone"),
     ("a rover on mars", "wind"), ("an audience", "crowd"), ("a submarine", "hum"), ("a dragon", "growl"),
     ("a dragon", "fire")],
)  # fmt: skip
def test_words_have_their_sound(prompt, voice):
    assert voice in layers(World.of(small(prompt)))


def test_no_sound_has_a_seam_between_seconds():
    for prompt in ("waves of the sea", "dreamy melody", "an astronaut in space", "a car in the city"):
        wave, _ = _heard(prompt, 4)
        steps = np.abs(np.diff(wave[0, RATE : 3 * RATE]))
        assert steps[RATE - 1] <= np.percentile(steps, 99.95)


@pytest.mark.parametrize("shape", [_chirp, _growl])
def test_a_voice_goes_on_from_one_second_into_the_next(shape):
    """In two halves, as two blocks ask for it, it is what it is in one."""
    event = Event(0.0, 0.8, 0.5, 0.37, 0.61)
    clock = np.arange(int(0.8 * RATE)) / RATE
    halves = [shape(part, event) for part in np.split(clock, 2)]
    assert np.abs(shape(clock, event)).max() > 0.1
    np.testing.assert_allclose(np.concatenate(halves), shape(clock, event), atol=1e-9)


def test_still_places_are_quieter_than_others():
    def rms(prompt):
        wave, _ = _heard(prompt)
        return float(np.sqrt((wave**2).mean()))

    assert rms("an astronaut on the moon") < 0.35 * rms("an astronaut in space")
    assert rms("a candle") < 0.5 * rms("a guitar")
    assert min(rms("an astronaut on the moon"), rms("a candle")) > 0.002


# Pictures


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_gives_its_shape_and_its_colours(kind):
    shot = small("slow zoom in", image=png(300, 400, kind), aspect_ratio="16:9")
    assert frame_size(shot) == (480, 640)
    a, b = picture(shot, (13, 23))
    assert a[2][:, -100:].mean() > a[2][:, :100].mean() + 20  # red grows to the right, as in the image
    assert np.abs(a[0] - b[0]).mean() > 0.5


def test_an_image_follows_the_camera():
    shots = [small(f"pan {way}", image=png(640, 360)) for way in ("left", "right")]
    (a, b), (c, d) = (picture(shot, (13, 22)) for shot in shots)
    middle = np.s_[2, 100:250, 150:450]
    assert (b[middle] - a[middle]).mean() < -1 < 1 < (d[middle] - c[middle]).mean()


def test_a_picture_that_was_not_fetched_leaves_the_prompts_own_scene_and_says_so():
    """An address is never fetched: prompt and aspect ratio are heeded, and a small label tells, for the whole clip."""
    address = {"image_label": "https://example.com/a.png", "aspect_ratio": "9:16"}
    for prompt in ("a lighthouse at night", "a meadow at noon"):
        own, told = (picture(small(prompt, **more), (3, 20)) for more in ({"aspect_ratio": "9:16"}, address))
        assert told[0].shape == (3, 640, 360)
        for plain, labelled in zip(own, told, strict=True):
            changed = np.argwhere(np.abs(labelled - plain).max(0) > 0)
            assert 100 < len(changed) < 0.02 * plain[0].size
            assert (changed.max(0) < (40, 240)).all(), "in the upper left corner only"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, png()[:200], png(200, 200, "JPEG")[:300]]
)
def test_a_bad_image_is_a_render_error(data, tmp_path):
    with pytest.raises(RenderError, match="image"):
        render(small("x", image=data), tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_transparent_grey_and_thin_images_are_taken():
    for mode, size in (("RGBA", (64, 64)), ("L", (64, 64)), ("P", (64, 64)), ("RGB", (1000, 100)), ("RGB", (1, 1))):
        out = io.BytesIO()
        Image.new(mode, size).save(out, "PNG")
        shot = small("x", image=out.getvalue())
        width, height = frame_size(shot)
        assert width % 2 == height % 2 == 0
        assert picture(shot, (0,))[0].shape == (3, height, width)


# Everything else


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(prompt=st.text(min_size=1, max_size=200), negative=st.text(max_size=60), seed=st.integers(0, 2**31 - 1))
def test_any_text_gives_a_picture(prompt, negative, seed):
    shot = small(prompt, negative_prompt=negative, seed=seed)
    first, last = picture(shot, (0, 13))
    assert first[0].std() > 3
    assert last[0].std() > 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted({*PLACES, *SUBJECTS, *WEATHERS, *MOVES, "no", "red", ",", "left"})), max_size=12)
)
def test_any_words_give_a_scene(chosen):
    scene = read(small(" ".join(chosen) or "x"))
    assert len(scene.actors) <= 3
    assert 0.3 <= scene.speed <= 3


def test_memory_does_not_grow_with_the_duration():
    def peak(seconds):
        shot = small("a static meadow by day", duration=seconds)
        tracemalloc.start()
        for _ in frames(World.of(shot)):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(8) < 1.25 * peak(1)


# ---- a clip that goes on from a clip ---------------------------------------------------------------------------------


def slope(width, height, light=(0.1, 0.9)):
    """A picture that grows lighter from corner to corner, as a sky does."""
    ramp = np.linspace(*light, width)[None, :] * 0.7 + np.linspace(*light, height)[:, None] * 0.3
    return Image.fromarray((ramp[..., None] * (255, 230, 200)).astype(np.uint8))


def marked(image, shift=(0, 0)):
    drawn, x, y = slate.badge(*image.size)
    image = image.convert("RGBA")
    image.alpha_composite(drawn, (x + shift[0], y + shift[1]))
    return image.convert("RGB")


@pytest.mark.parametrize("light", [(0.0, 0.1), (0.1, 0.9), (0.9, 0.2), (0.97, 1.0)])
@pytest.mark.parametrize("size", list(SIZES.values()))
def test_the_mark_of_the_clip_before_is_taken_out(size, light):
    """Else a film of five shots would have five of them, wandering one behind the other."""
    plain = slope(*size, light)
    clean = unmark.unmarked(marked(plain))
    assert clean.size == size
    off = np.abs(np.asarray(clean, float) - np.asarray(plain, float))
    assert off.max() < 32
    assert off.mean() < 0.05


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1), st.sampled_from(["noise", "slope", "moved"])
)
def test_a_picture_without_the_mark_stays_as_it_is(width, height, seed, kind):
    made = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(made) if kind == "noise" else slope(width, height)
    if kind == "moved" and min(width, height) > 100:
        image = marked(image, (-40, 20))
    assert unmark.unmarked(image) is image


def test_a_shot_that_goes_on_from_a_frame_has_one_mark(tmp_path):
    """Through the coder, and moved by the camera: nothing light is left beside the new mark."""
    first = tmp_path / "first.mp4"
    render(small("a night sky", seed=3), first)
    with av.open(str(first)) as clip:
        last = list(clip.decode(video=0))[-1].to_image()
    drawn, x, y = slate.badge(*last.size)
    corner = np.s_[: y + 2 * drawn.height, x - drawn.width :]

    def drawn_from(image):
        out = io.BytesIO()
        image.save(out, "PNG")
        return picture(small("slow pan left", image=out.getvalue()))[0][0][corner]

    mark = drawn_from(Image.new("RGB", last.size))
    assert (mark > 80).sum() > 50
    assert ((drawn_from(last) > 80) & ~(mark > 60)).sum() < 5


@pytest.mark.parametrize(
    "size", [(1920, 1080), (1280, 720), (960, 540), (1000, 1000), (800, 600), (640, 480), (333, 777)]
)
def test_no_size_of_a_picture_breaks_the_moves(size):
    """Whatever the picture's size and the camera's reach, the crop stays inside the picture."""
    picture = Image.new("RGB", size, "teal")
    for width in range(640, 700):
        for height in (360, 361, 377, 401):
            assert photo._cover(picture, width, height).size == (width, height)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_a_picture_that_the_service_does_not_take_is_refused(kind):
    """A rehearsal must not pass where the paid call would fail."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, kind)
    with pytest.raises(RenderError):
        frame_size(Shot("a cat", image=out.getvalue()))
