"""What the words of a prompt do to picture and sound: colours, moods, camera, loudness, other languages (issue 3)."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from pixverse_nb.preview.picture import Shot, camera
from pixverse_nb.preview.picture.cast import perform
from pixverse_nb.preview.picture.languages import COLOURS as FOREIGN_COLOURS
from pixverse_nb.preview.picture.languages import MANNERS, NOUNS, in_english
from pixverse_nb.preview.picture.sound import layers, sound
from pixverse_nb.preview.picture.stage import frames
from pixverse_nb.preview.picture.vocabulary import COLOURS, MOODS, PLACES, SUBJECTS, TIMES, WEATHERS
from pixverse_nb.preview.picture.words import Move, read, tokens
from pixverse_nb.preview.picture.world import Setting, World


def shot(prompt, **more):
    return Shot(prompt, **{"duration": 1, "quality": "360p", "audio": False, "seed": 5, **more})


def seen(prompt, rows=slice(None), **more):
    """Mean (luma, u, v) of a frame after the slate, the chroma about 0."""
    for number, frame in enumerate(frames(World.of(shot(prompt, **more)))):
        if number == 13:
            half = slice(*(None if n is None else n // 2 for n in (rows.start, rows.stop)))
            return float(frame.y[rows].mean()), *(float(p[half].mean()) - 128 for p in (frame.u, frame.v))
    raise AssertionError("a clip is at least a second long")


def chroma(colour):
    """The direction of a colour in (u, v), of length 1."""
    r, g, b = COLOURS[colour]
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    way = np.array([(b - luma) / 1.8556, (r - luma) / 1.5748])
    return way / np.hypot(*way)


# Colours

PAINTS = ("red", "green", "blue", "purple", "golden")
WHERE = {
    "sea": "sea", "beach": "beach", "lake": "lake", "street": "street", "city": "city", "forest": "forest",
    "desert": "desert", "snow": "snowfield", "mountains": "mountain", "space": "galaxy", "underwater": "reef",
    "meadow": "meadow", "dream": "gribbish",
}  # fmt: skip


@pytest.mark.parametrize("place", WHERE)
def test_a_colour_word_colours_every_place(place):
    """Promise: tinted by the prompt's words: each moves the mean of the frame, and in the direction of its hue."""
    by_day = "by day" if place != "dream" else ""
    plain = np.array(seen(f"a wide {WHERE[place]} {by_day}, static")[1:])
    for paint in PAINTS:
        prompt = f"a {paint} {WHERE[place]} {by_day}, static"
        assert read(shot(prompt)).place == place
        moved = np.array(seen(prompt)[1:]) - plain
        along = float(moved @ chroma(paint))
        assert along > 4, paint
        assert along > 0.55 * np.hypot(*moved), paint


@pytest.mark.parametrize(
    ("prompt", "part", "colour"),
    [
        ("a red lake sky", "sky", "red"), ("a green lake", "water", "green"), ("golden desert", "ground", "golden"),
        ("a purple sea", "water", "purple"), ("a lake, the sky is red", "sky", "red"),
        ("the sea turns green", "water", "green"),
        ("a mountain under a violet night sky", "sky", "violet"), ("a blue mountain lake", "water", "blue"),
        ("a teal and orange sunset over the sea", "sky", "teal"), ("a city in purple light", "tint", "purple"),
        ("red galaxy", "tint", "red"), ("a purple city", "tint", "purple"),
        ("black sand on a beach", "ground", "black"),
    ],
)  # fmt: skip
def test_a_colour_goes_where_the_word_points(prompt, part, colour):
    scene = read(shot(prompt))
    given = {name: getattr(scene, name) for name in ("tint", "sky", "water", "ground")}
    assert given.pop(part) == COLOURS[colour]
    assert set(given.values()) == {None}


@pytest.mark.parametrize(
    "prompt",
    ["a woman in a red dress by the sea", "women in red dresses in a meadow", "men in green coats and blue scarves",
    "children with yellow umbrellas in a street", "a cat with green eyes in a garden", "a red car in a street",
    "golden hour at sea",
     "a beach in golden light", "a man in blue jeans in a city", "a red and gold lantern over a lake", "a lake"],
)  # fmt: skip
def test_the_colour_of_a_thing_tints_nothing_else(prompt):
    scene = read(shot(prompt))
    assert (scene.tint, scene.sky, scene.water, scene.ground) == (None,) * 4


def test_a_coloured_subject_stands_in_a_place_of_another_colour():
    scene = read(shot("a black horse in a red desert under a green sky"))
    assert scene.actors[0].colour == COLOURS["black"]
    assert (scene.ground, scene.sky) == (COLOURS["red"], COLOURS["green"])
    assert [actor.colour for actor in read(shot("a red car chasing a dog")).actors] == [COLOURS["red"], None]


def test_a_red_sky_is_red_above_and_a_green_lake_below():
    above, below = slice(40, 150), slice(230, 300)
    sky = [np.array(seen(f"a {word} lake by day, static", above)[1:]) for word in ("wide", "green")]
    water = [np.array(seen(f"a {word} lake by day, static", below)[1:]) for word in ("wide", "green")]
    assert (water[1] - water[0]) @ chroma("green") > 16
    assert (sky[1] - sky[0]) @ chroma("green") < 8
    sky = [np.array(seen(f"a {word} lake sky by day, static", above)[1:]) for word in ("wide", "red")]
    assert (sky[1] - sky[0]) @ chroma("red") > 15


def test_colours_in_a_list_and_on_people():
    balloons = read(shot("red, blue and yellow balloons over a lake"))
    assert balloons.actors[0].colour in {COLOURS[c] for c in ("red", "blue", "yellow")}
    assert (balloons.tint, balloons.water) == (None, None)
    for worn in ("dresses", "gowns", "scarves"):
        women = read(shot(f"women in red {worn} in a meadow"))
        assert [(actor.kind, actor.colour) for actor in women.actors] == [("woman", COLOURS["red"])]
    man = read(shot("a man in black, a blue sea behind him"))
    assert man.actors[0].colour == COLOURS["black"]
    assert (man.tint, man.water) == (None, COLOURS["blue"])


def test_golden_things_can_be_seen_at_noon():
    assert read(shot("a golden desert at noon")).time == "day"
    assert read(shot("a golden desert")).time == "golden"


# Dreams: nothing but a colour or a mood is understood


def hue_of(prompt, **more):
    """Mean hue, degrees, of the frame's mean colour."""
    y, u, v = seen(prompt, **more)
    luma = (y - 16) / 219
    r, b = luma + 1.5748 * v / 224, luma + 1.8556 * u / 224
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return 360 * colorsys.rgb_to_hsv(*(min(max(c, 0.0), 1.0) for c in (r, g, b)))[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("prompt", "hue"),
    [("something crimson", 350), ("a blue thing", 225), ("green gribbish", 135), ("purple haste", 280)],
)
def test_a_dream_has_the_colour_of_its_word(prompt, hue, seed):
    assert read(shot(prompt)).place == "dream"
    away = (hue_of(prompt, seed=seed) - hue + 180) % 360 - 180
    assert abs(away) < 28


@pytest.mark.parametrize("seed", range(3))
def test_a_melancholy_dream_is_dim_and_a_dark_one_dark(seed):
    sad, plain = (seen(f"a blue {word} thing", seed=seed) for word in ("melancholy", "qwerty"))
    assert sad[0] < 0.85 * plain[0]
    assert sad[1] > 4  # blue still
    assert seen("something sinister", seed=seed)[0] < 0.8 * seen("something qwerty", seed=seed)[0]
    assert 185 < hue_of("melancholy", seed=seed) < 260
    assert 10 < hue_of("something nostalgic", seed=seed) < 70


def test_dreams_without_colours_still_differ():
    hues = [hue_of(text) for text in ("qwerty zxcv", "brillig slithy", "gimble wabe", "mome raths")]
    assert max(hues) - min(hues) > 30


# The camera


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("pan from left to right", [Move("pan", "right")]),
        ("pan from right to left", [Move("pan", "left")]),
        ("camera pans from the left side to the right side of a street", [Move("pan", "right")]),
        ("a left to right pan over hills", [Move("pan", "right")]),
        ("from right to left the camera pans", [Move("pan", "left")]),
        ("pan left to right", [Move("pan", "right")]),
        ("pan from the left", [Move("pan", "right")]),
        ("pan to the left", [Move("pan", "left")]),
        ("slow dolly left to right", [Move("track", "right")]),
        ("dolly left past a house", [Move("track", "left")]),
        ("pan up", [Move("tilt", "up")]),
        ("the camera pans down to a lake", [Move("tilt", "down")]),
        ("tilt from the ground up to the sky", [Move("tilt", "up")]),
        ("camera pans left then right", [Move("pan", "left")]),
        ("camera pans left then pans right", [Move("pan", "left")]),
        ("camera pans left then tracks right", [Move("pan", "left")]),
        ("camera pans left, then zooms in", [Move("pan", "left"), Move("zoom", "in")]),
        ("pan right while zooming out", [Move("pan", "right"), Move("zoom", "out")]),
        ("zoom in toward the tree on the left", [Move("zoom", "in")]),
        ("the camera moves from left to right", [Move("track", "right")]),
        ("the camera moves closer", [Move("dolly", "in")]),
        ("the camera pulls back from a castle", [Move("dolly", "out")]),
        ("the camera moves up", [Move("crane", "up")]),
        ("tracking shot following a man into a house", [Move("track", "")]),
        ("镜头从左到右平移", [Move("pan", "right")]),
        ("推近一只猫", [Move("dolly", "in")]),
        ("zoom in without panning", [Move("zoom", "in")]),
        ("a meadow without zoom", []),
        ("no zooming, panning or tilting", []),
        ("no zoom, pan left", [Move("pan", "left")]),
        ("no camera movement", [Move("static")]),
        ("a lake, no movement", [Move("static")]),
        ("a lake. The camera does not move.", [Move("static")]),
        ("the camera stays perfectly still", [Move("static")]),
        ("pan left, no motion blur", [Move("pan", "left")]),
    ],
)  # fmt: skip
def test_camera_phrases(prompt, moves):
    assert list(read(shot(prompt)).moves) == moves


def rows(prompt, **more):
    one = shot(prompt, **more)
    return camera.plan(one, read(one)).rows


def test_a_pan_from_left_to_right_moves_to_the_right():
    assert np.ptp(rows("pan from left to right")[:, 0]) > 0.02
    assert np.all(np.diff(rows("pan from left to right")[:, 0]) > 0)
    assert np.all(np.diff(rows("pan from right to left")[:, 0]) < 0)
    assert np.all(np.diff(rows("pan up")[:, 1]) < 0)
    assert np.all(np.diff(rows("pan down")[:, 1]) > 0)


@pytest.mark.parametrize(
    "prompt",
    ["static shot of a lake", "a lake, locked off", "locked-off handheld camera", "a lake, no camera movement",
    "static, zoom in",
     "static tracking shot"],
)  # fmt: skip
def test_a_static_camera_does_not_move(prompt):
    one = shot(prompt, duration=5)
    track = camera.plan(one, read(one))
    assert np.ptp(track.rows, axis=0).max() == 0
    assert not track.follows


def test_camera_movement_in_the_negative_prompt_stills_it_and_blur_does_not():
    assert read(shot("pan left", negative_prompt="blur, camera movement")).moves == (Move("static"),)
    assert read(shot("pan left", negative_prompt="motion blur, noise")).moves == (Move("pan", "left"),)


@pytest.mark.parametrize("duration", [1, 5, 15])
@pytest.mark.parametrize(("move", "column"), [("pan left", 0), ("tilt up", 1), ("tracking shot", 2), ("zoom in", 4)])
def test_slow_and_fast_scale_a_move_of_any_length(move, column, duration):
    slow, normal, fast = (
        float(np.ptp(rows(f"{word} {move}", duration=duration)[:, column])) for word in ("slow", "plain", "fast")
    )
    assert slow < 0.75 * normal
    assert fast > 1.4 * normal


# Sound


def heard(prompt, **more):
    """The loudness (rms) of two seconds, and the peak."""
    wave = np.concatenate(list(sound(World.of(shot(prompt, audio=True, duration=2, **more)))), axis=1)
    return float(np.sqrt((wave.astype(float) ** 2).mean())), float(np.abs(wave).max())


@pytest.mark.parametrize("place", ["waves on the sea", "a city street", "rain in a forest", "gribbish"])
def test_the_words_set_the_loudness(place):
    plain, _ = heard(place)
    for word in ("silent", "no sound", "in silence"):
        level, _ = heard(f"{place}, {word}")
        assert 0 < level < 0.06 * plain
    for word in ("quiet", "hushed"):
        level, _ = heard(f"{place}, {word}")
        assert 0.1 * plain < level < 0.6 * plain
    for word in ("loud", "roaring", "thunderous"):
        level, peak = heard(f"{place}, {word}")
        assert level > 1.2 * plain
        assert peak < 0.9  # nothing is clipped


def test_loudness_that_is_denied():
    assert read(shot("a lake, not silent")).loudness == 1
    assert read(shot("a street, no loud sounds")).loudness < 0.5
    assert read(shot("a street", negative_prompt="loud, sound")).loudness < 0.1
    assert read(shot("a street", negative_prompt="noise, grain")).loudness == 1  # of the picture
    assert read(shot("no sound effects, just a lake")).loudness == 1


def test_no_music_leaves_no_pad_and_still_a_sound():
    assert "pad" in layers(World.of(shot("gribbish")))
    without = World.of(shot("gribbish, no music", audio=True))
    assert "pad" not in layers(without)
    assert max(float(np.abs(second).max()) for second in sound(without)) > 0.001


# Other languages


@pytest.mark.parametrize(
    ("prompt", "place", "kinds"),
    [
        ("Ein Hund im Schnee", "snow", ["dog"]), ("eine Katze am See", "lake", ["cat"]),
        ("Regen in der Stadt bei Nacht", "city", []), ("Pferde auf der Wiese", "meadow", ["horse"]),
        ("un chat dans la forêt", "forest", ["cat"]), ("un chien sur la plage", "beach", ["dog"]),
        ("une ville sous la pluie", "city", []), ("un voilier sur l\u2019océan", "sea", ["ship"]),
        ("un gato y un perro en la montaña", "mountains", ["cat", "dog"]), ("una mujer en el mar", "sea", ["woman"]),
        ("un cavallo nel deserto", "desert", ["horse"]), ("una donna nella foresta", "forest", ["woman"]),
        ("um cachorro na praia", "beach", ["dog"]), ("um navio no oceano", "sea", ["ship"]),
        ("一只狗在森林里", "forest", ["dog"]), ("雪の中の猫", "snow", ["cat"]), ("海豚", "underwater", ["fish"]),
        ("机器人在城市", "city", ["robot"]), ("森の中の馬", "forest", ["horse"]), ("火车穿过沙漠", "desert", ["train"]),
    ],
)  # fmt: skip
def test_other_languages_are_understood(prompt, place, kinds):
    scene = read(shot(prompt))
    assert (scene.place, [actor.kind for actor in scene.actors]) == (place, kinds)


@pytest.mark.parametrize("word", ["Fuchs", "renard", "volpe", "raposa", "狐狸", "狐", "キツネ"])
def test_a_fox_is_a_fox_in_every_language(word):
    assert tokens(word) == ["fox"]
    assert read(shot(word)).actors == read(shot("fox")).actors


@pytest.mark.parametrize(
    ("prompt", "element", "time"),
    [("Regen", "rain", "overcast"), ("la pluie la nuit", "rain", "night"), ("lluvia de noche", "rain", "night"),
     ("neige", "snowfall", "overcast"), ("雨の夜", "rain", "night"), ("雪", "snowfall", "overcast"),
     ("Nebel", "fog", "overcast"),
     ("pioggia al tramonto", "rain", "sunset"), ("chuva", "rain", "overcast"),
     ("nieve al amanecer", "snowfall", "dawn")],
)  # fmt: skip
def test_weather_and_time_in_other_languages(prompt, element, time):
    scene = read(shot(prompt))
    assert element in scene.weather
    assert scene.time == time


def test_colours_of_the_south_follow_their_noun():
    assert read(shot("un gato negro y un coche rojo")).actors == read(shot("a black cat and a red car")).actors
    assert read(shot("ein roter Ballon, eine Katze")).actors[-1].colour is None
    assert read(shot("el mar azul")).water == COLOURS["blue"]
    assert read(shot("红色的车")).actors[0].colour == COLOURS["red"]


@pytest.mark.parametrize(
    "prompt",
    ["let us chat", "I see it", "we rot away", "a comic strand", "the mar of it", "an air vent", "a kind man",
    "a walking cane",
     "sin and gift", "a statue of Medusa", "der Bar", "rue the day", "hands on midi keys", "in the nave",
     "a bottle of eau",
     "el nino", "a gauche remark", "it marches on", "a bougie bar", "boot", "fast"],
)  # fmt: skip
def test_no_english_word_is_taken_for_a_foreign_one(prompt):
    plain = prompt.casefold().split()
    assert in_english(plain) == plain
    kinds = {actor.kind for actor in read(shot(prompt)).actors} - {"man", "product"}
    assert not kinds
    assert not read(shot(prompt)).weather


def test_every_foreign_word_leads_to_something():
    """Promise: no dead rows: each English side is a word that some table knows, or helps to read the others."""
    tables = (PLACES, SUBJECTS, TIMES, WEATHERS, MOODS, COLOURS)
    known = {word for table in tables for key in table for word in key.split()}
    lone = {"style", "landscape", "soon", "sky", "dress", "full"}
    for english in {*NOUNS.values(), *FOREIGN_COLOURS.values()}:
        words = english.split()
        assert all(w in known or w.removesuffix("s") in known or w in lone for w in words), english
    assert set(MANNERS.values()) >= {"left", "right", "slowly", "fast", "silent", "pan"}


# What a reader means


@pytest.mark.parametrize(
    ("prompt", "way"),
    [
        ("A slow tracking shot of a house, the camera moves to the left", "left"),
        ("crane shot of a castle, crane down", "down"),
        ("Zoom shot: zoom out", "out"), ("pans across the city, pan left", "left"),
        ("A tracking shot follows a dog to the left", "left"),
    ],
)  # fmt: skip
def test_of_two_mentions_of_a_move_the_one_with_a_direction_counts(prompt, way):
    (move,) = read(shot(prompt)).moves
    assert move.way == way


def test_a_negation_ends_where_something_else_begins():
    assert read(shot("a beach without people at sunset")).time == "sunset"
    assert "rain" in read(shot("an empty road, no people in rain")).weather
    assert read(shot("a lake with no boat under the stars")).weather == {"stars"}
    assert "rain" not in read(shot("a street, not in the rain")).weather


def test_possessives_are_the_thing_itself_except_in_set_phrases():
    assert [a.kind for a in read(shot("A woman's face")).actors] == ["woman"]
    assert read(shot("a woman's red dress")).actors[0].colour == COLOURS["red"]
    assert read(shot("the dogs' ball")).actors[0].kind == "dog"
    assert read(shot("bird's eye view of a forest")).moves[0].kind == "crane"
    assert not read(shot("bird's eye view of a forest")).actors
    assert read(shot("the moon's surface")).place == "moon"


def test_sails_are_one_ship_and_have_their_own_colour():
    scene = read(shot("A blue sailboat with purple sails on a turquoise lake"))
    (ship,) = scene.actors
    assert (ship.kind, ship.colour, ship.trim) == ("ship", COLOURS["blue"], COLOURS["purple"])
    assert scene.water == COLOURS["turquoise"]


@pytest.mark.parametrize("negative", ["red", "red dress", "crimson"])
def test_a_colour_in_the_negative_prompt_is_nowhere(negative):
    scene = read(shot("a woman in a red dress under a red sky by a blue sea", negative_prompt=negative))
    assert scene.actors[0].colour is None
    assert scene.sky is None
    assert scene.water == COLOURS["blue"]


def test_a_car_without_a_colour_is_not_red_when_red_is_not_wanted():
    def red(negative):
        (car,) = perform(World.of(shot("a car in a meadow at noon", negative_prompt=negative)), Setting([]))[1]
        return car.tones.main[0] / sum(car.tones.main)

    assert red("") > 0.6
    assert red("red") < 0.4


@pytest.mark.parametrize(
    ("prompt", "kinds"),
    [
        ("A man leaves the house", ["man", "house"]), ("The train leaves the station", ["train"]),
        ("A woman waves goodbye", ["woman"]), ("The sun rose over the hills", []),
        ("a chef with a frying pan", ["man"]),
        ("a jet black horse", ["horse"]), ("a red rose", ["flower"]),
    ],
)  # fmt: skip
def test_verbs_and_kitchenware_are_no_leaves_waves_roses_or_pans(prompt, kinds):
    scene = read(shot(prompt))
    assert [actor.kind for actor in scene.actors] == kinds
    assert not scene.weather
    assert not scene.moves
    assert scene.place not in {"sea", "beach"}


def test_words_that_only_look_like_another():
    assert not read(shot("aurora borealis overhead")).moves
    assert read(shot("overhead shot of a city")).moves[0].kind == "crane"
    assert read(shot("a jet black horse")).actors[0].colour == COLOURS["black"]
    assert "petals" not in read(shot("a hot spring in Iceland")).weather
    assert "leaves" in read(shot("falling leaves in a park")).weather
    for storm in ("a dust storm on mars", "a storm on mars", "a sandstorm in the desert", "a sand storm in the desert"):
        weather = read(shot(storm)).weather
        assert "dust" in weather
        assert not weather & {"rain", "storm"}


def test_a_colour_whose_noun_is_unknown_colours_nothing_else():
    scene = read(shot("A blue dog chasing a green ball"))
    assert scene.actors[0].colour == COLOURS["blue"]
    assert (scene.tint, scene.sky, scene.water, scene.ground) == (None, None, None, None)


@pytest.mark.parametrize(
    ("prompt", "kind", "place"),
    [
        ("a hummingbird", "bird", None), ("a violinist", "man", None), ("a nurse", "woman", None),
        ("a female chef", "woman", None),
        ("a baby", "child", None), ("a motorcycle", "cyclist", "street"), ("a polar bear on ice", "bear", "snow"),
        ("a penguin", "penguin", "snow"), ("a shark", "shark", "underwater"), ("a spaceship", "rocket", "space"),
        ("a spaceship approaching Saturn", "rocket", "space"), ("a man in a kitchen", "man", "studio"),
        ("a car on a coastal highway", "car", "sea"), ("a car on a road", "car", "street"),
        ("a car on a desert road", "car", "desert"),
        ("a football match in a stadium", "crowd", "meadow"),
    ],
)  # fmt: skip
def test_more_subjects_and_where_they_are(prompt, kind, place):
    scene = World.of(shot(prompt)).scene
    assert [actor.kind for actor in scene.actors] == [kind]
    assert place is None or scene.place == place


def test_a_launch_is_not_in_space():
    assert read(shot("a rocket launch at dawn")).place != "space"


def test_a_prompt_without_a_time_of_day_is_not_dark():
    for prompt in ("A tiger in a jungle", "a panda", "a fox", "a man in a forest"):
        for seed in (1, 5):
            assert seen(prompt, aspect_ratio="9:16", seed=seed)[0] > 52


def test_a_waterfall_sounds_like_water():
    assert layers(World.of(shot("a waterfall in a jungle")))["falls"] > 0.5
    assert "falls" not in layers(World.of(shot("a jungle")))
