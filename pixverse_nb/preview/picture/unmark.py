"""A clip that goes on from a clip: the mark that the last frame brings along would wander beside the new one."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from .planes import Floats
from .slate import badge

_LETTERS = 0.5  # of coverage: from there on it is a letter, not its shade
_ALIKE = 0.6  # correlation of what stands there with the mark: half of it, or another word, has less
_LEAST = 20.0  # of 255: how much lighter the letters are than their shade, if they are letters


def unmarked(picture: Image.Image) -> Image.Image:
    """The picture without the mark of a clip of its size; as it is when there is none.

    Parameters
    ----------
    picture : PIL.Image
        RGB, of any size.
    """
    if min(picture.size) < 2 * 9:
        return picture
    mark, x, y = badge(*picture.size)
    box = (x, y, x + mark.width, y + mark.height)
    if x < 0 or box[3] > picture.height:
        return picture
    drawn = np.asarray(mark, np.float32)
    seen = np.asarray(picture.crop(box), np.float32)
    cover: Floats = drawn[..., 3] / np.float32(255)
    letters = cover > _LETTERS
    if not _is_marked(seen.mean(axis=2), cover, letters):
        return picture
    # What lies under the shade shines through; what lies under the letters is taken from beside them.
    through = np.float32(1) - cover[..., None]
    under: Floats = np.clip((seen - cover[..., None] * drawn[..., :3]) / through, 0, 255)
    clean = picture.copy()
    clean.paste(_filled(under, ~_grown(letters)), box[:2])
    return clean


def _is_marked(light: Floats, cover: Floats, letters: np.ndarray) -> bool:
    shade = ~_grown(letters) & (cover > 0)
    if light[letters].mean() - light[shade].mean() < _LEAST:
        return False
    inside = letters | shade
    return bool(np.corrcoef(light[inside], letters[inside])[0, 1] > _ALIKE)


def _grown(letters: np.ndarray) -> np.ndarray:
    """Letters with their soft edges, which coding has spread."""
    wider = Image.fromarray(letters.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(3))
    return np.asarray(wider) > 0


def _filled(under: Floats, known: np.ndarray) -> Image.Image:
    """The known pixels as they are, the others as the mean of those around them."""
    softly = ImageFilter.GaussianBlur(max(2.0, under.shape[0] * 0.12))
    there = np.where(known[..., None], under, 0)
    light = np.asarray(Image.fromarray(there.astype(np.uint8)).filter(softly), np.float32)
    weight = np.asarray(Image.fromarray(known.astype(np.uint8) * 255).filter(softly), np.float32) / 255
    around = light / np.maximum(weight, 1 / 255)[..., None]
    return Image.fromarray(np.where(known[..., None], under, around).clip(0, 255).astype(np.uint8))
