"""What is asked of the picture half: one validated shot, its size, and the error when it cannot be drawn."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FPS = 24
"""Frames per second of every clip."""

LONG_SIDE = {"360p": 640, "540p": 1024, "720p": 1280, "1080p": 1920}
"""Long side in px by quality (contract, Parameters; likely)."""

# A picture with more pixels than this is a bomb or a mistake; the API's own limit is 4000 x 4000.
_LONGEST_SIDE = 4000  # px, the contract's own limit
_HEAVIEST = 20_000_000  # bytes; the contract's "under 20 MB"
_SLIMMEST = 10  # times as long as wide: of more than that the encoder's smallest frame would show a part, or a smear
_NARROWEST = 64  # px: the encoder, and eyes, want at least this much


class RenderError(ValueError):
    """A shot that cannot be drawn; its text is meant for people and holds no paths."""


@dataclass(frozen=True)
class Shot:
    """One clip to draw; the values were validated by the caller. Picklable.

    Attributes
    ----------
    prompt, negative_prompt : str
        Any text in any script.
    duration : int
        Seconds, 1-15.
    quality : str
        360p, 540p, 720p or 1080p: a long side of 640, 1024, 1280 or 1920 px.
    aspect_ratio : str
        Width:height; not used when there is an `image`.
    motion_mode : str or None
        "fast" moves more; anything else is normal.
    audio : bool
        Whether the clip has a sound track.
    seed : int
        0-2147483647, already resolved.
    image : bytes or None
        A png, webp or jpg to animate.
    image_label : str or None
        The address of a picture that was not fetched: a labelled stand-in is drawn for it.
    """

    prompt: str
    negative_prompt: str = ""
    duration: int = 5
    quality: str = "540p"
    aspect_ratio: str = "16:9"
    motion_mode: str | None = None
    audio: bool = True
    seed: int = 0
    image: bytes | None = None
    image_label: str | None = None

    @property
    def frames(self) -> int:
        """How many frames the clip has."""
        return self.duration * FPS


def dice(shot: Shot, purpose: str) -> np.random.Generator:
    """Randomness that hangs on prompt, seed and purpose only; the same in every process."""
    text = f"{shot.prompt}\0{shot.seed}\0{purpose}".encode("utf-8", "surrogatepass")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest()[:8], "big"))


@lru_cache(maxsize=2)
def open_image(data: bytes) -> Image.Image:
    """Decode a supplied picture to RGB, upright.

    Raises
    ------
    RenderError
        When it is not a picture, is cut, is of another type than png, webp or jpg, has 20 MB or more, is larger than
        4000 x 4000 px, or more than 10 times as long as wide.
    """
    if len(data) >= _HEAVIEST:
        raise RenderError(f"the image is too large: {len(data) / 1e6:.1f} MB, under 20 MB")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "WEBP", "JPEG")) as opened:
            if max(opened.size) > _LONGEST_SIDE:
                raise RenderError(  # noqa: TRY301 - the size is known only once it is open
                    f"the image is too large: {opened.width} x {opened.height} px, at most 4000 x 4000"
                )
            if max(opened.size) > _SLIMMEST * min(opened.size):
                raise RenderError(  # noqa: TRY301
                    f"the image is too narrow: {opened.width} x {opened.height} px, at most {_SLIMMEST} times as long "
                    "as wide"
                )
            upright = ImageOps.exif_transpose(opened)
            flat = Image.new("RGBA", upright.size, (24, 24, 28, 255))
            flat.alpha_composite(upright.convert("RGBA"))
            return flat.convert("RGB")
    except RenderError:
        raise
    except UnidentifiedImageError:
        raise RenderError(f"the image cannot be read: {len(data):,} bytes that are no png, webp or jpg") from None
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise many kinds for broken files
        raise RenderError(f"the image cannot be read: {type(error).__name__}: {error}") from None


def frame_size(shot: Shot) -> tuple[int, int]:
    """Exact (width, height) of the clip in px, both even.

    The long side follows the quality; the short side the image's own shape, or the aspect ratio when there is none.

    Raises
    ------
    RenderError
        When the image cannot be read.
    """
    if shot.image is not None:
        wide, high = open_image(shot.image).size
    else:
        wide, high = cast("tuple[int, int]", tuple(int(n) for n in shot.aspect_ratio.split(":")))
    long = LONG_SIDE[shot.quality]
    short = max(_NARROWEST, 2 * round(long * min(wide, high) / max(wide, high) / 2))
    return (long, short) if wide >= high else (short, long)
