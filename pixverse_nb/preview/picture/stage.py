"""The stage: builds a scene once and draws its frames, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import cast, glow, offworld, photo, places, slate
from .lens import Lens
from .planes import Bytes, Frame, Plate, dithered, lay
from .weather import weather
from .world import Item, World

_SLATE = 0.5  # s


def frames(world: World) -> Iterator[Frame]:
    """Every frame of the clip; each is overwritten by the next, so copy what you keep."""
    items = _items(world)
    below = _vignette(world)
    least = below + np.uint8(16)
    grey = "noir" in world.scene.moods  # black and white knows no red dress and no neon
    marks = [slate.mark(*world.size)]
    if world.shot.image_label is not None:
        marks.append(slate.unfetched(*world.size))
    title = slate.slate(world.shot.prompt, *world.size)
    canvas = Frame.black(world.width, world.height)
    lens = Lens((world.width, world.height), world.size)
    for number in range(world.shot.frames):
        pose = world.track.pose(number)
        across, down = cuts = lens.cuts(pose.zoom)
        nudged = pose.nudged(across.nudge / world.width, down.nudge / world.height)
        for item in items:
            item.draw(canvas, nudged)
        shown = lens.through(canvas, cuts)
        np.maximum(shown.y, least, out=shown.y)
        np.subtract(shown.y, below, out=shown.y)
        if grey:
            shown.uv.fill(128)
        for mark in marks:
            lay(shown, mark)
        if title is not None and pose.seconds < _SLATE:
            lay(shown, _faded(title, min(1.0, (_SLATE - pose.seconds) / 0.15)))
        yield shown


def _items(world: World) -> list[Item]:
    """Everything that is drawn, from back to front."""
    if world.shot.image is not None:
        return [*photo.photo(world, world.shot.image), *weather(world)]
    setting = (offworld if world.scene.place in offworld.BUILDERS else places).build(world)
    far, near = cast.perform(world, setting)
    return [*glow.with_bow(world, setting.behind), *far, *near, *setting.before, *weather(world)]


def _vignette(world: World) -> Bytes:
    """How many levels darker each pixel becomes toward the corners."""
    width, height = world.size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    away = np.clip((x * x + y * y - 0.55) / 1.45, 0, 1)
    deep: Bytes = dithered((away**1.3 * 34 + 1).astype(np.float32)) - np.uint8(1)
    return deep


def _faded(plate: Plate, share: float) -> Plate:
    """The same plate, more see-through."""
    if share >= 1.0 or plate.alpha is None:
        return plate
    part = int(share * 256)
    full, half = ((cover.astype(np.uint16) * part >> 8).astype(np.uint8) for cover in plate.alpha)
    return Plate(plate.planes, (full, half), plate.x, plate.y)
