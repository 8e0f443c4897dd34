"""A supplied picture in motion: Ken Burns and a little parallax; and a card for one that was not fetched."""

from __future__ import annotations

import colorsys
import hashlib

import numpy as np
from PIL import Image, ImageDraw

from . import noise, slate
from .planes import Floats, Plate, converted, coverage
from .shot import Shot, open_image
from .world import Item, Still, World

_FAR, _NEAR = 0.65, 1.0  # depths of the picture's back and of what is likely to stand in front


def has_picture(shot: Shot) -> bool:
    """Whether the shot animates a picture instead of a scene of its own."""
    return shot.image is not None or shot.image_label is not None


def photo(world: World) -> list[Item]:
    """The picture on two plates: all of it, and its lower middle, which moves a little more.

    Raises
    ------
    RenderError
        When the image cannot be read.
    """
    shot = world.shot
    if shot.image is not None:
        picture = open_image(shot.image)
    else:
        picture = stand_in(shot.image_label or "", world.width, world.height)
    mx, my = world.reach(_NEAR)
    width, height = world.width + 2 * mx, world.height + 2 * my
    planes = converted(_cover(picture, width, height))
    across: Floats = (np.arange(width, dtype=np.float32) - mx) / np.float32(world.width) - np.float32(0.5)
    down: Floats = ((np.arange(height, dtype=np.float32) - my) / np.float32(world.height))[:, None]
    near = np.exp(-((across / 0.34) ** 2)) * noise.smoothstep(0.15, 0.60, down)
    near = np.maximum(near, noise.smoothstep(0.70, 1.0, down))
    return [
        Still(Plate(planes, None, -mx, -my, _FAR)),
        Still(Plate(planes, coverage(near), -mx, -my, _NEAR)),
    ]


def _cover(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture scaled to cover (width, height), its middle kept."""
    scale = max(width / picture.width, height / picture.height)
    # Rounding must not push the box over the picture's edge: Pillow refuses it there.
    left = max((picture.width - width / scale) / 2, 0.0)
    top = max((picture.height - height / scale) / 2, 0.0)
    box = (left, top, min(left + width / scale, picture.width), min(top + height / scale, picture.height))
    return picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def stand_in(label: str, width: int, height: int) -> Image.Image:
    """A card in colours made from the address, with a drawn frame and the address itself."""
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).digest()
    hue = digest[0] / 256
    top = colorsys.hsv_to_rgb(hue, 0.55, 0.34)
    low = colorsys.hsv_to_rgb((hue + 0.12 + digest[1] / 1500) % 1, 0.45, 0.80)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    glow = np.exp(-((np.linspace(-1, 1, width, dtype=np.float32)[None, :, None] / 0.9) ** 2)) * 0.10
    rgb = np.asarray(top, np.float32) * (1 - rows) + np.asarray(low, np.float32) * rows + glow
    image = Image.fromarray((np.clip(rgb, 0, 1) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image, "RGBA")
    unit = min(width, height)
    cx, cy, half = width / 2, height * 0.40, unit * 0.17
    draw.rounded_rectangle(
        [cx - half * 1.3, cy - half, cx + half * 1.3, cy + half],
        radius=int(unit * 0.02),
        fill=(255, 255, 255, 38),
        outline=(255, 255, 255, 220),
        width=max(2, unit // 140),
    )
    sun = cx + half * (0.5 if digest[2] % 2 else -0.6)
    draw.ellipse([sun - half * 0.2, cy - half * 0.6, sun + half * 0.2, cy - half * 0.2], fill=(255, 255, 255, 220))
    peak = digest[3] / 255 * 0.5
    draw.polygon(
        [
            (cx - half * 1.15, cy + half * 0.85),
            (cx - half * (0.7 - peak), cy - half * 0.2),
            (cx + half * 0.05, cy + half * 0.85),
        ],
        fill=(255, 255, 255, 190),
    )
    draw.polygon(
        [
            (cx - half * 0.35, cy + half * 0.85),
            (cx + half * (0.2 + peak), cy + half * 0.05),
            (cx + half * 1.15, cy + half * 0.85),
        ],
        fill=(255, 255, 255, 150),
    )
    size = max(10, round(unit * 0.036))
    lines = ["a picture at this address, not fetched:", *slate.wrapped(label, size, width * 0.8, 3)]
    for n, line in enumerate(lines):
        shown = (255, 255, 255, 180 if n == 0 else 240)
        slate.write(draw, (cx - slate.width_of(line, size) / 2, cy + half * 1.35 + n * size * 1.4), line, size, shown)
    return image
