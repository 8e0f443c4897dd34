"""A supplied picture in motion: Ken Burns and a little parallax."""

from __future__ import annotations

import numpy as np
from PIL import Image

from . import noise
from .planes import Floats, Plate, converted, coverage
from .shot import open_image
from .unmark import unmarked
from .world import Item, Still, World

_FAR, _NEAR = 0.65, 1.0  # depths of the picture's back and, at most, of what is likely to stand in front
_APART = 0.008  # of the frame: what moves farther from the same thing behind it is seen twice


def photo(world: World, image: bytes) -> list[Item]:
    """The picture on two plates: all of it, and its lower middle, which moves a little more.

    Raises
    ------
    RenderError
        When the image cannot be read.
    """
    depth = _in_front(world)
    mx, my = (max(margins) for margins in zip(world.reach(_FAR), world.reach(depth), strict=True))
    width, height = world.width + 2 * mx, world.height + 2 * my
    planes = converted(_cover(unmarked(open_image(image)), width, height))
    across: Floats = (np.arange(width, dtype=np.float32) - mx) / np.float32(world.width) - np.float32(0.5)
    down: Floats = ((np.arange(height, dtype=np.float32) - my) / np.float32(world.height))[:, None]
    near = np.exp(-((across / 0.34) ** 2)) * noise.smoothstep(0.15, 0.60, down)
    near = np.maximum(near, noise.smoothstep(0.70, 1.0, down))
    return [
        Still(Plate(planes, None, -mx, -my, _FAR)),
        Still(Plate(planes, coverage(near), -mx, -my, depth)),
    ]


def _in_front(world: World) -> float:
    """The depth of what stands in front: as near as it can be without leaving what shows through behind it."""
    rows = world.track.rows
    way = max(float(np.abs(rows[:, 2] + rows[:, 5]).max()), float(np.abs(rows[:, 3]).max()), 1e-6)
    return _FAR + min(_NEAR - _FAR, _APART / way)


def _cover(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture scaled to cover (width, height), its middle kept."""
    scale = max(width / picture.width, height / picture.height)
    # Rounding must not push the box over the picture's edge: Pillow refuses it there.
    left = max((picture.width - width / scale) / 2, 0.0)
    top = max((picture.height - height / scale) / 2, 0.0)
    box = (left, top, min(left + width / scale, picture.width), min(top + height / scale, picture.height))
    return picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
