"""Lettering: the honest mark in the corner, the prompt as a slate, and a word on a picture that was not fetched.

Text is drawn with Pillow. Fonts that are common on Linux, macOS and Windows are used where they exist, by script;
Pillow's own font otherwise. A character that no font has is left out: a missing letter never stops a clip.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from .planes import Floats, Plate, painted

Font: TypeAlias = "ImageFont.FreeTypeFont | ImageFont.ImageFont"

_PLAIN = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "Helvetica.ttc",
)
_BY_SCRIPT = {
    "CJK": ("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "PingFang.ttc", "msyh.ttc", "wqy-microhei.ttc"),
    "HIRAGANA": ("NotoSansCJK-Regular.ttc", "PingFang.ttc", "msyh.ttc"),
    "KATAKANA": ("NotoSansCJK-Regular.ttc", "PingFang.ttc", "msyh.ttc"),
    "HANGUL": ("NotoSansCJK-Regular.ttc", "AppleSDGothicNeo.ttc", "malgun.ttf"),
    "DEVANAGARI": ("NotoSansDevanagari-Regular.ttf",),
    "BENGALI": ("NotoSansBengali-Regular.ttf",),
    "THAI": ("NotoSansThai-Regular.ttf", "NotoSansThaiLooped-Regular.ttf"),
    "TAMIL": ("NotoSansTamil-Regular.ttf",),
}  # fmt: skip
_WITH_CJK = (("\u3000", "\u33ff"), ("\ufe30", "\ufe4f"), ("\uff00", "\uffef"))
"""What CJK fonts alone have, whatever it is called: punctuation, long vowels, forms of full and of half width."""
_UNDRAWN = {"So", "Cs", "Co", "Cn", "Cc", "Cf"}  # emoji and what has no shape
_CLOSING = {"Po", "Pe", "Pf"}  # what no line begins with
_LONGEST = 220  # characters of a prompt that a slate shows


@lru_cache(maxsize=64)
def font(script: str, size: int) -> Font:
    """A font for a script at a size in px; Pillow's own when the machine has none."""
    for name in (*_BY_SCRIPT.get(script, ()), *_PLAIN):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    try:
        return ImageFont.load_default(size)
    except (TypeError, ImportError):  # Pillow before 10.1, or built without FreeType: one size only
        return ImageFont.load_default()


def _script(char: str) -> str:
    """The script a character belongs to, where it needs a font of its own."""
    name = unicodedata.name(char, "").split(" ")[0]
    if name in _BY_SCRIPT:
        return name
    return "CJK" if any(first <= char <= last for first, last in _WITH_CJK) else ""


def _runs(text: str) -> list[tuple[str, str]]:
    """The text as (script, part), neighbours of one script together."""
    runs: list[tuple[str, str]] = []
    for char in text:
        script = _script(char)
        if runs and (runs[-1][0] == script or not char.strip()):
            runs[-1] = (runs[-1][0], runs[-1][1] + char)
        else:
            runs.append((script, char))
    return runs


def _drawable(text: str) -> str:
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _UNDRAWN)


def width_of(text: str, size: int) -> float:
    """How wide a line of text is, px."""
    return sum(_length(font(script, size), part) for script, part in _runs(text))


def _length(face: Font, part: str) -> float:
    try:
        return float(face.getlength(part))
    except (UnicodeEncodeError, OSError, ValueError):
        return float(face.getlength(part.encode("latin-1", "replace").decode("latin-1")))


def write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, fill: object) -> None:
    """Draw one line of text with its top left corner at `place`."""
    x, y = place
    way = _way(text)
    for script, part in _runs(text):
        face = font(script, size)
        try:
            draw.text((x, y), part, font=face, fill=fill, direction=way)  # type: ignore[arg-type]
        except (UnicodeEncodeError, OSError, ValueError):
            draw.text((x, y), part.encode("latin-1", "replace").decode("latin-1"), font=face, fill=fill)  # type: ignore[arg-type]
        x += _length(face, part)


def _way(text: str) -> str | None:
    """The direction in which a line's parts follow each other: from the left as soon as one of them is read so.

    Left to itself, a line that begins with Arabic would turn the words of other scripts round each other.
    """
    mixed = any(unicodedata.bidirectional(char) == "L" for char in text)
    return "ltr" if mixed and features.check("raqm") else None


def wrapped(text: str, size: int, room: float, most: int) -> list[str]:
    """The text in at most `most` lines of `room` px, an ellipsis at the end when it is longer."""
    shown = _drawable(text[:_LONGEST]).strip()
    lines: list[str] = [""]
    for word in _words(shown):
        if lines[-1] and width_of(lines[-1] + word, size) > room:
            lines.append("")
        lines[-1] = (lines[-1] + word).lstrip()
        while width_of(lines[-1], size) > room and len(lines[-1]) > 1:  # one endless word
            cut = max(1, int(len(lines[-1]) * room / width_of(lines[-1], size)))
            lines[-1:] = [lines[-1][:cut], lines[-1][cut:]]
    if len(lines) > most or len(text) > _LONGEST:
        lines = lines[:most]
        lines[-1] = lines[-1].rstrip()[: max(1, len(lines[-1]) - 2)] + "…"
    return [line for line in lines if line.strip()]


def _words(text: str) -> list[str]:
    """Pieces that a line may be broken between: words with their space, single CJK characters."""
    pieces: list[str] = []
    for char in text:
        joins = pieces and not pieces[-1].endswith(" ") and not _script(char) and not _script(pieces[-1][-1])
        if joins or (pieces and _script(char) and unicodedata.category(char) in _CLOSING):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _plate(image: Image.Image, x: int, y: int) -> Plate:
    pixels = np.asarray(image, np.float32) / 255.0
    rgb: Floats = np.ascontiguousarray(pixels[..., :3])
    return painted(rgb, np.ascontiguousarray(pixels[..., 3]), x=x // 2 * 2, y=y // 2 * 2)


def mark(width: int, height: int) -> Plate:
    """The word PREVIEW in the upper right corner, small and see-through."""
    return _plate(*badge(width, height))


def badge(width: int, height: int) -> tuple[Image.Image, int, int]:
    """The mark of a clip of this size (RGBA), and the pixel at which it begins."""
    drawn, size = _badge("PREVIEW", width, height)
    return drawn, (width - drawn.width - size) // 2 * 2, size // 2 * 2


def unfetched(width: int, height: int) -> Plate:
    """What is said in the upper left corner when an address was given for a picture, which is never fetched."""
    drawn, size = _badge("PICTURE NOT FETCHED", width, height)
    return _plate(drawn, size, size)


def _badge(text: str, width: int, height: int) -> tuple[Image.Image, int]:
    """A few spaced letters on a rounded shade, for a clip of this size; and how high they are, px."""
    size = max(9, round(min(width, height) * 0.026))
    pad = round(size * 0.55)
    spacing = size * 0.16
    long = sum(width_of(c, size) + spacing for c in text) - spacing
    w, h = 2 * int((long + 2 * pad) / 2 + 1), 2 * int(size * 1.9 / 2)
    image = Image.new("RGBA", (w, h), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle([0, 0, w - 1, h - 1], radius=h // 2, fill=(10, 12, 16, 84))
    x = float(pad)
    for char in text:
        write(draw, (x, h / 2 - size * 0.60), char, size, (255, 255, 255, 190))
        x += width_of(char, size) + spacing
    return image, size


def slate(prompt: str, width: int, height: int) -> Plate | None:
    """The prompt as a lower third; None when nothing of it can be drawn."""
    size = max(11, round(min(width, height) * 0.036))
    lines = wrapped(prompt, size, width * 0.84, 3)
    if not lines:
        return None
    pad = size
    h = 2 * int((len(lines) * size * 1.35 + 2 * pad) / 2 + 1)
    image = Image.new("RGBA", (width, h), (0, 0, 0, 0))
    shade = np.zeros((h, width, 4), np.uint8)
    shade[..., 3] = (np.minimum(np.arange(h) / pad, 1.0) * 130).astype(np.uint8)[:, None]
    image = Image.fromarray(shade)
    draw = ImageDraw.Draw(image)
    draw.rectangle([width * 0.05, pad, width * 0.05 + max(2, size // 8), h - pad], fill=(255, 255, 255, 220))
    for n, line in enumerate(lines):
        write(draw, (width * 0.05 + size * 0.6, pad + n * size * 1.35), line, size, (255, 255, 255, 240))
    return _plate(image, 0, height - h)
