"""What the words ask of a scene is what its frames show: two of a kind, a clear sky, no colour, an orbit (issue 3)."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, features

from pixverse_nb.preview.picture import RenderError, Shot, photo, slate
from pixverse_nb.preview.picture.cast import perform
from pixverse_nb.preview.picture.deep import space
from pixverse_nb.preview.picture.shot import open_image
from pixverse_nb.preview.picture.sky import sky
from pixverse_nb.preview.picture.stage import frames
from pixverse_nb.preview.picture.troupe import parts
from pixverse_nb.preview.picture.vocabulary import COLOURS
from pixverse_nb.preview.picture.words import Move, read
from pixverse_nb.preview.picture.world import Setting, Still, World


def shot(prompt, **more):
    return Shot(prompt, **{"duration": 1, "quality": "360p", "audio": False, "seed": 5, **more})


def seen(prompt, number=14, **more):
    """Luma, u and v of one frame, as floats."""
    return next(
        tuple(plane.astype(float) for plane in frame.planes)
        for n, frame in enumerate(frames(World.of(shot(prompt, **more))))
        if n == number
    )


def picture(image, kind="PNG"):
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


# A supplied picture


@pytest.mark.parametrize(
    "way", ["fast orbit left", "fast orbit right", "fast crane up", "fast truck left, orbit right"]
)
def test_a_picture_covers_the_frame_under_every_move(way):
    """No smear and no black strip at the edges: each plate reaches as far as the camera goes."""
    white = picture(Image.new("RGB", (640, 360), "white"))
    world = World.of(shot(way, image=white, duration=15))
    for item in photo.photo(world, white):
        plate = item.plate
        for number in range(0, world.shot.frames, 12):
            dx, dy = world.track.pose(number).shift(plate.depth, world.width, world.height)
            assert plate.x + dx <= 0
            assert plate.y + dy <= 0
            assert plate.x + plate.planes[0].shape[1] + dx >= world.width
            assert plate.y + plate.planes[0].shape[0] + dy >= world.height


@pytest.mark.parametrize("way", ["fast orbit left", "fast truck right", "fast crane up", "static"])
def test_a_picture_is_not_seen_twice(way):
    """What stands in front leaves what shows through behind it by at most a hundredth of the frame; it still moves."""
    white = picture(Image.new("RGB", (640, 360), "white"))
    world = World.of(shot(way, image=white, duration=15))
    far, near = (item.plate.depth for item in photo.photo(world, white))
    assert near > far
    poses = [world.track.pose(number) for number in range(0, world.shot.frames, 12)]
    apart = [np.subtract(pose.shift(near, 1000, 1000), pose.shift(far, 1000, 1000)) for pose in poses]
    assert np.abs(apart).max() <= 10
    assert way == "static" or np.ptp([pose.shift(far, 1000, 1000) for pose in poses]) > 50


def test_a_picture_of_20_mb_is_refused():
    with pytest.raises(RenderError, match=r"the image is too large: 22\.2 MB, under 20 MB"):
        open_image(bytes(22_200_000))
    with pytest.raises(RenderError, match="cannot be read"):
        open_image(bytes(19_999_999))


def test_a_picture_that_is_all_but_a_line_is_refused():
    for size in ((1000, 1), (1, 1000), (1010, 100)):
        with pytest.raises(RenderError, match=rf"too narrow: {size[0]} x {size[1]} px, at most 10 times"):
            open_image(picture(Image.new("RGB", size)))
    assert open_image(picture(Image.new("RGB", (1000, 100)))).size == (1000, 100)


# Who is in it


@pytest.mark.parametrize(
    ("prompt", "cast"),
    [
        ("A man in a red shirt and a woman in a blue dress", [("man", "red"), ("woman", "blue")]),
        ("A woman in a blue dress and a man in a red shirt", [("woman", "blue"), ("man", "red")]),
        ("a man and a woman in a red dress", [("man", None), ("woman", "red")]),
        ("A woman and a man dance; she wears a red dress", [("woman", "red"), ("man", None)]),
        ("in a red dress, a woman walks", [("woman", "red")]),
        ("a woman in red and a woman in blue", [("woman", "red"), ("woman", "blue")]),
        ("a woman in a red dress; she has a blue scarf", [("woman", "blue")]),
        ("A red car and a blue car", [("car", "red"), ("car", "blue")]),
        ("A black cat and a white cat", [("cat", "black"), ("cat", "white")]),
        ("a red car; the red car stops", [("car", "red")]),
    ],
)
def test_everybody_has_the_colour_that_is_said_of_them(prompt, cast):
    colours = {None: None, **COLOURS}
    assert [(actor.kind, actor.colour) for actor in read(shot(prompt)).actors] == [(k, colours[c]) for k, c in cast]


def test_two_of_a_kind_are_drawn_and_counted_for_themselves():
    one = shot("two red cars and a blue car in a desert")
    world = World.of(one)
    assert [part.asked for part in parts(one, world.scene)] == [2, None]
    _, near = perform(world, Setting([]))
    assert len(near) == 3
    _, u, v = seen("a red car and a blue car in a desert by day, static")
    assert v.max() > 165
    assert u.max() > 165


# The sky


@pytest.mark.parametrize(
    ("prompt", "denied"),
    [("a beach by day", "clouds"), ("a beach by day, cloudless", ""), ("a beach by day, no clouds", ""),
     ("a beach by day under a clear sky", ""), ("a beach by day", "overcast"), ("a beach by day, clear skies", "")],
)  # fmt: skip
def test_a_clear_sky_has_no_clouds(prompt, denied):
    world = World.of(shot(f"{prompt}, static", negative_prompt=denied))
    assert "clouds" in world.scene.refused
    assert drifting(world) == 0
    assert drifting(World.of(shot("a beach by day, static"))) == 1


def drifting(world):
    """How many layers of clouds the sky has."""
    return sum(isinstance(item, Still) and item.plate.drift != 0 for item in sky(world))


@pytest.mark.parametrize("prompt", ["clouds in a clear sky over a beach", "a beach in the rain", "a cloudy beach"])
def test_clouds_that_are_asked_for_come(prompt):
    assert "clouds" not in read(shot(prompt)).refused


# No colour


@pytest.mark.parametrize(
    "prompt",
    ["a city at night with neon signs, black and white", "a woman in a red dress, film noir",
     "monochrome autumn forest", "a black and white photo of a red car at sunset"],
)  # fmt: skip
def test_black_and_white_knows_no_colour(prompt):
    _, u, v = seen(prompt)
    assert np.abs(u - 128).max() <= 3  # the mark, half see-through
    assert np.abs(v - 128).max() <= 3


@pytest.mark.parametrize("prompt", ["a black and white cat in a green meadow", "a black and white striped zebra"])
def test_a_black_and_white_animal_lives_in_colour(prompt):
    assert "noir" not in read(shot(prompt)).moods


def test_teal_and_orange_are_both_there():
    """The shadows in the first colour, the light in the second."""
    _, _, v = seen("a teal and orange sunset over the sea, static")
    assert v[:30].mean() < 126
    assert v[90:100].mean() > 134
    assert read(shot("a city by day, teal and orange color grading")).accent == COLOURS["orange"]
    assert read(shot("a black and white city")).accent is None


# The camera


@pytest.mark.parametrize(
    ("prompt", "speed"),
    [("a slow car, fast zoom out", 1.6), ("a fast car on a road, slow pan left", 0.6), ("a fast car", 1.6),
     ("a swift horse and a quick dog. The camera slowly pans", 0.6), ("slow motion of a dancer", 0.5)],
)  # fmt: skip
def test_a_slow_car_does_not_slow_the_camera(prompt, speed):
    assert read(shot(prompt)).speed == pytest.approx(speed)


@pytest.mark.parametrize("kind", ["castle", "house", "lighthouse"])
@pytest.mark.parametrize("where", ["in a meadow", "on a cliff by the sea"])
def test_an_orbit_goes_round_what_stands_far(kind, where):
    """It stays where it is while what is nearer goes one way and what is farther the other."""
    world = World.of(shot(f"orbit around a {kind} {where}", duration=5))
    far, _ = perform(world, Setting([]))
    (subject,) = (one for one in far if hasattr(one, "role"))
    first, last = world.track.pose(0), world.track.pose(119)

    def moved(depth):
        return last.shift(depth, 1000, 1000)[0] - first.shift(depth, 1000, 1000)[0]

    assert abs(moved(subject.depth)) < 2
    assert moved(0.0) * moved(1.2) < 0
    assert min(abs(moved(0.0)), abs(moved(1.2))) > 60


@pytest.mark.parametrize(
    ("prompt", "move"),
    [("orbit clockwise around a castle", Move("orbit", "left")),
     ("orbit counterclockwise around a castle", Move("orbit", "right")),
     ("camera orbits anti-clockwise", Move("orbit", "right")), ("clockwise orbit of a house", Move("orbit", "left")),
     ("the camera pans clockwise", Move("pan", "right"))],
)  # fmt: skip
def test_clockwise_is_a_way(prompt, move):
    assert read(shot(prompt)).moves == (move,)


@pytest.mark.parametrize(
    "prompt", ["A crane bird by a lake", "a white crane", "cranes flying over a lake", "two crane birds"]
)
def test_a_crane_may_be_a_bird(prompt):
    scene = read(shot(prompt))
    assert (scene.moves, [actor.kind for actor in scene.actors]) == ((), ["bird"])


def test_a_crane_may_be_a_camera():
    assert read(shot("crane shot of a castle, crane down")).moves == (Move("crane", "down"),)


# Places


def test_saturn_has_rings():
    shapes = []
    for word in ("a planet", "Saturn", "a ringed planet"):
        full, _ = space(World.of(shot(f"{word} in deep space")))[1].plate.alpha
        solid = full > 60
        shapes.append(np.ptp(np.nonzero(solid.any(0))[0]) / np.ptp(np.nonzero(solid.any(1))[0]))
    assert shapes[0] == pytest.approx(1, abs=0.1)
    assert min(shapes[1:]) > 1.5


@pytest.mark.parametrize("prompt", ["a palm jungle", "a jungle with palm trees", "a tropical jungle island"])
def test_palms_grow_in_a_jungle(prompt):
    assert read(shot(prompt)).place == "forest"
    woods, _, _ = seen("a forest by day, static")
    jungle, _, _ = seen("a jungle by day, static")
    assert np.abs(woods - jungle).mean() > 8


def test_a_library_has_books_and_a_windowsill_a_window():
    """Books: many upright edges along the wall; a window: the sky's own blue above the floor."""
    paper, _, _ = seen("a photo studio, static")
    books, _, _ = seen("a library, static")
    edges = [(np.abs(np.diff(one[80:240], axis=1)) > 20).mean() for one in (paper, books)]
    assert edges[0] < 0.01
    assert edges[1] > 0.05
    by_day, by_night = (
        seen(f"a windowsill {time}, static")[0][60:140, 220:420].mean() for time in ("by day", "at night")
    )
    assert by_day > by_night + 60


# The slate


def lettered(text, size=24):
    image = Image.new("L", (600, 48))
    slate.write(ImageDraw.Draw(image), (4, 4), text, size, 255)
    return image


@pytest.mark.skipif(not features.check("raqm"), reason="without raqm nothing is turned round")
def test_a_line_that_begins_with_arabic_keeps_its_order():
    """Arabic is read from the right; the Latin after it stands to its right all the same, as it was written."""
    line = lettered("\u0633\u0641\u064a\u0646\u0629 in a storm")
    end = lettered("storm").getbbox()
    left, _, right, _ = line.getbbox()
    tail = line.crop((right - (end[2] - end[0]), 0, right, 48))
    word = lettered("storm").crop((end[0], 0, end[2], 48))
    assert np.asarray(ImageChops.difference(tail, word), float).mean() < 6
    assert left < 12
    alone = lettered("\u0633\u0641\u064a\u0646\u0629 \u0634\u0631\u0627\u0639\u064a\u0629")
    assert alone.getbbox() is not None
