"""Lettering on pictures: one line of text in whatever script, with the fonts that the machine has."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

    Font: TypeAlias = "ImageFont.FreeTypeFont | ImageFont.ImageFont"

# Fonts that are common on Linux, macOS and Windows.
_PLAIN = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc",
)  # fmt: skip
_WIDE = ("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "PingFang.ttc", "msyh.ttc", "wqy-microhei.ttc")
_BY_SCRIPT = {
    "CJK": _WIDE, "HIRAGANA": _WIDE, "KATAKANA": _WIDE, "IDEOGRAPHIC": _WIDE, "FULLWIDTH": _WIDE,
    "HANGUL": ("NotoSansCJK-Regular.ttc", "AppleSDGothicNeo.ttc", "malgun.ttf"),
    **{script: (f"NotoSans{script.capitalize()}-Regular.ttf",) for script in (
        "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "THAI", "TAMIL", "TELUGU", "KHMER", "GEORGIAN", "ARMENIAN")},
}  # fmt: skip
_UNDRAWN = frozenset({"So", "Cs", "Co", "Cn", "Cc", "Cf"})  # emoji and what has no shape


def drawable(text: str) -> str:
    """A text in one line, without what no font has a shape for."""
    shown = "".join(" " if char.isspace() else char for char in text if _is_drawn(char))
    return " ".join(shown.split())


def _is_drawn(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _UNDRAWN


def width_of(text: str, size: int) -> float:
    """How wide a line is at a size, px."""
    return sum(_length(_font(script, size), part) for script, part in _runs(text))


def shortened(text: str, size: int, room: float) -> str:
    """A text in one line of at most `room` px, with an ellipsis where it is longer."""
    shown = drawable(text)
    if width_of(shown, size) <= room:
        return shown
    fits, over = 0, len(shown)
    while over - fits > 1:
        middle = (fits + over) // 2
        if width_of(f"{shown[:middle].rstrip()}…", size) <= room:
            fits = middle
        else:
            over = middle
    return f"{shown[:fits].rstrip()}…" if fits else ""


def write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, fill: Any) -> float:
    """Draw a line from `place`, the left end of what its letters stand on; where it ends, px."""
    x, y = place
    for script, part in _runs(text):
        face = _font(script, size)
        try:
            # Fonts differ in how far above their letters they begin.
            draw.text((x, y), part, font=face, fill=fill, anchor="ls")
        except (UnicodeEncodeError, OSError, ValueError):  # Pillow's own small font has Latin letters only
            draw.text((x, y - size), _latin(part), font=face, fill=fill)
        x += _length(face, part)
    return x


@lru_cache(maxsize=64)
def _font(script: str, size: int) -> Font:
    """A font for a script; Pillow's own where the machine has none."""
    from PIL import ImageFont

    for name in (*_BY_SCRIPT.get(script, ()), *_PLAIN):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    try:
        return ImageFont.load_default(size)
    except (TypeError, ImportError):  # Pillow before 10.1, or built without FreeType: one size only
        return ImageFont.load_default()


def _length(face: Font, part: str) -> float:
    try:
        return float(face.getlength(part))
    except (UnicodeEncodeError, OSError, ValueError):
        return float(face.getlength(_latin(part)))


def _latin(part: str) -> str:
    return part.encode("latin-1", "replace").decode("latin-1")


def _runs(text: str) -> list[tuple[str, str]]:
    """The text as (script, part), neighbours of one script together."""
    runs: list[tuple[str, str]] = []
    for char in text:
        name = unicodedata.name(char, "").split(" ")[0]
        script = name if name in _BY_SCRIPT else ""
        if runs and (runs[-1][0] == script or not char.strip()):
            runs[-1] = (runs[-1][0], runs[-1][1] + char)
        else:
            runs.append((script, char))
    return runs
