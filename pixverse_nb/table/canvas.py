"""A sheet to draw on: matplotlib without its global state, in greys and an accent that are read on light and on dark.

Places are CSS pixels from the upper left corner of the sheet's middle. Above it stands the title, below it the notes;
a page shows the middle alone, and says the rest in its own type.
"""

from __future__ import annotations

import io
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pixverse_nb.display.pictures import Spot

WIDTH = 740
"""px: what a notebook's cell has."""

# In the middle between paper and night: at least 3.9:1 on white, on #111111 and on #212121, JupyterLab's own.
GREY, ACCENT = "#7d7d7d", "#4f6bed"
LINE, FILL = (0.5, 0.5, 0.5, 0.35), (0.5, 0.5, 0.5, 0.28)

_PX = 100  # to the inch
_HEAD, _NOTE, _LETTERS = 46, 16, 118  # px above the middle, px a line of notes, letters in it
_FONT = "DejaVu Sans"  # matplotlib brings it along
# What is installed of these draws what that one lacks: Linux's, macOS's, Windows'.
_OTHERS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Naskh Arabic", "Noto Sans Arabic",
    "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai",
    "WenQuanYi Micro Hei", "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Geeza Pro", "Arial Unicode MS",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Segoe UI", "Nirmala UI", "Leelawadee UI",
)  # fmt: skip
_LACKING = "\u25a1"  # in the place of a letter that no font has


@dataclass(frozen=True)
class Drawn:
    """What came of drawing: `words` says all that the sheet shows; without a sheet, why there is nothing to show."""

    title: str
    lead: str
    words: str
    notes: Sequence[str] = ()
    sheet: Sheet | None = None
    spots: Sequence[Spot] = ()


class Sheet:
    """A figure with a title above its middle, and notes below.

    Parameters
    ----------
    title, lead : str
        What it is of, and the line below.
    height : int
        Of the middle, px.
    notes : sequence of str
        What is to be known of it.
    """

    def __init__(self, title: str, lead: str, height: int, notes: Sequence[str] = ()) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        lines = [line for note in notes for line in textwrap.wrap(shown(note, 600), _LETTERS)]
        self.size = (WIDTH, height)
        self._foot = _NOTE * len(lines) + (10 if lines else 0)
        whole = _HEAD + height + self._foot
        self.figure = Figure(figsize=(WIDTH / _PX, whole / _PX), dpi=_PX, facecolor="none", edgecolor="none")
        self.figure.set_layout_engine("none")
        self.canvas = FigureCanvasAgg(self.figure)
        self.text(0, -30, title, size=14, weight="bold")
        self.text(0, -11, lead)
        for at, line in enumerate(lines):
            self.text(0, height + 14 + _NOTE * at, line)

    def axes(self, left: float, top: float, width: float, height: float) -> Any:
        """A place to plot in, with a fine line at its foot and nothing else."""
        whole = _HEAD + self.size[1] + self._foot
        bottom = whole - _HEAD - top - height
        place = (left / WIDTH, bottom / whole, width / WIDTH, height / whole)
        made = self.figure.add_axes(place, facecolor="none", axisbelow=True)
        made.grid(visible=False, which="both")
        made.margins(0)
        for side, spine in made.spines.items():
            spine.set(visible=side == "bottom", color=LINE, linewidth=0.8)
        made.set_axisbelow(True)
        return made

    def text(
        self, x: float, y: float, text: str, *, size: float = 11.5, align: str = "left", weight: str = "normal"
    ) -> Any:
        """Words at a place of the middle, their middle on that height."""
        whole = _HEAD + self.size[1] + self._foot
        look = {"color": GREY, **type_of(text, size, weight)}
        at = (x / WIDTH, (whole - _HEAD - y) / whole)
        return self.figure.text(at[0], at[1], drawable(text), ha=align, va="center", **look)

    def place(self, axes: Any, x: Any, y: Any) -> Any:
        """Where points of a plot lie, in percent of the middle; an array of (left, top)."""
        import numpy as np

        spots = axes.transData.transform(np.column_stack([x, y]))
        whole = _HEAD + self.size[1] + self._foot
        left, top = spots[:, 0] / WIDTH, (whole - spots[:, 1] - _HEAD) / self.size[1]
        return np.column_stack([left, top]) * 100

    def middle(self) -> bytes:
        """The middle alone, as a PNG at twice the size."""
        from matplotlib.transforms import Bbox

        box = Bbox.from_bounds(0, self._foot / _PX, WIDTH / _PX, self.size[1] / _PX)
        return written(self.figure, "png", box)


def written(figure: Any, form: str, box: Any = None) -> bytes:
    """A figure as a file: png at twice the size, svg or pdf; the ground is transparent."""
    from matplotlib.transforms import Bbox

    width, height = figure.get_size_inches()
    whole = Bbox.from_bounds(0, 0, width, height)
    out = io.BytesIO()
    figure.savefig(
        out, format=form, dpi=2 * _PX, bbox_inches=whole if box is None else box, pad_inches=0, transparent=True
    )
    return out.getvalue()


def ticks(axis: Any, places: Sequence[float], labels: Sequence[str], *, grid: bool = False) -> None:
    """Have these ticks on an axis, and no others."""
    look = {"color": GREY, **type_of("", 10.5)}
    axis.set_ticks(list(places), labels=[drawable(label) for label in labels], **look)
    axis.set_ticks([], minor=True)
    axis.set_tick_params(which="both", length=0, pad=4)
    if grid:
        axis.grid(visible=True, color=LINE, linewidth=0.5, linestyle="-", alpha=0.5)


def scale(most: float, count: int = 5) -> list[float]:
    """Round values from 0 to at least `most`."""
    from matplotlib.ticker import MaxNLocator

    top = most if most > 0 else 1.0
    found = [float(v) for v in MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top) if v >= 0]
    return found if len(found) > 1 else [0.0, top]


def type_of(text: str, size: float, weight: str = "normal") -> dict[str, Any]:
    """How words are set: px, no formulas whatever stands in them, and fonts that have their letters."""
    from matplotlib.font_manager import FontProperties

    families = _families(text)
    properties = FontProperties(family=families, style="normal", variant="normal", weight=weight, stretch="normal")
    properties.set_size(size * 72 / _PX)
    return {"fontproperties": properties, "usetex": False, "parse_math": False}


def drawable(text: str) -> str:
    """The text without letters that no installed font has, which would be a warning each."""
    known = [_letters(name) for name in _families(text)]
    return "".join(c if any(ord(c) in letters for letters in known) else _LACKING for c in text)


def shown(text: str, length: int) -> str:
    """One line of other people's text, shortened; controls and marks of direction left out."""
    plain = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    kept = "".join(c for c in plain if unicodedata.category(c) not in {"Cc", "Cf"} and c != "\ufe0f")
    if _wide(kept) <= length:
        return kept
    while _wide(kept) > length - 1:
        kept = kept[: min(len(kept) - 1, length)]
    return kept.rstrip() + "…"


def usd(amount: float) -> str:
    """Money on an axis or beside a bar: as exact as it has to be."""
    if amount == 0:
        return "$0"
    exact = 0 if amount >= 1000 else 2 if amount >= 1 else 3
    text = f"${amount:,.{exact}f}"
    return text.rstrip("0").ljust(text.index(".") + 3, "0") if exact == 3 else text


def _wide(text: str) -> int:
    """How many letters' place a text takes; Chinese, Japanese and Korean ones take two."""
    return len(text) + sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)


@lru_cache(maxsize=512)
def _families(text: str) -> list[str]:
    """The fonts that it takes to draw a text, the plain one first."""
    missing = {ord(c) for c in text} - _letters(_FONT)
    found = [_FONT]
    for name in _OTHERS if missing else ():
        if missing & _letters(name):
            found.append(name)
            missing -= _letters(name)
    return found


@lru_cache(maxsize=64)
def _letters(name: str) -> frozenset[int]:
    """The letters of a font; none when it is not installed."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    if name not in _installed():
        return frozenset()
    try:
        path = font_manager.findfont(font_manager.FontProperties(family=[name]), fallback_to_default=False)
        return frozenset(FT2Font(path).get_charmap())
    except (ValueError, OSError, RuntimeError):  # it was removed since the list was made
        return frozenset()


@lru_cache(maxsize=1)
def _installed() -> frozenset[str]:
    from matplotlib import font_manager

    return frozenset(font.name for font in font_manager.fontManager.ttflist)
