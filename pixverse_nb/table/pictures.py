"""`df.pixverse.pictures()`: what a table says, drawn; the figures are those of the measures."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pixverse_nb.display.pictures import PictureView, picture_html, picture_text, pictures_html
from pixverse_nb.errors import ClipError
from pixverse_nb.media.partial import disk_trouble
from pixverse_nb.parameters import unknown_parameter

from .canvas import Drawn, Sheet, written
from .columns import check_plain, has_ids, ids_of, refused

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pixverse_nb.media.clips import Clips

NAMES = ("costs", "latencies", "tradeoff", "failures", "yields")
"""The pictures that there are."""

THUMBNAIL_PX = 96
"""The height of a poster below a point."""

Thumbnail = Callable[[str], "bytes | None"]
_FORMS = ("png", "svg", "pdf")
_OF_MONEY = ("costs", "tradeoff")


class Picture:
    """One picture; it shows itself in a notebook, without script and without any file beside.

    Attributes
    ----------
    name : str
        Which one; see `NAMES`.
    figure : matplotlib.figure.Figure
        To change, or to put into a page of one's own. It belongs to no pyplot.
    words : str
        All that it shows, in words.
    """

    def __init__(self, name: str, drawn: Drawn) -> None:
        self.name = name
        self.words = drawn.words
        self._drawn = drawn
        self._sheet = drawn.sheet or _sentence(drawn)
        self._middle: bytes | None = None

    def __repr__(self) -> str:
        return f"<Picture {self.name!r}: {self._drawn.lead or self.words}>"

    @property
    def figure(self) -> Figure:
        """The matplotlib figure, title and notes included."""
        made: Figure = self._sheet.figure
        return made

    def png(self) -> bytes:
        """The whole picture as a PNG, title and notes included.

        Returns
        -------
        bytes
            At twice its size, 1480 px wide, on a transparent ground.
        """
        return written(self._sheet.figure, "png")

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file; one that is there is replaced.

        Parameters
        ----------
        path : str or Path
            Ending in .png, .svg or .pdf.

        Returns
        -------
        Path
            Where it lies now.

        Raises
        ------
        InvalidParameter
            For another ending.
        ClipError
            When the disk is full or not writable; nothing is left behind.
        """
        place = Path(path)
        form = place.suffix.lower().removeprefix(".")
        if form not in _FORMS:
            raise refused(f"{place.name!r} is no picture's name", "End it in .png, .svg or .pdf.")
        data = written(self._sheet.figure, form)
        temporary = place.parent / f"{uuid.uuid4().hex}.part"
        try:
            temporary.write_bytes(data)
            temporary.replace(place)
        except OSError as error:
            what, remedy = disk_trouble(error, place)
            raise ClipError(what, remedy=f"{remedy}, or choose another folder.", billed=False) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        return place

    def html(self) -> str:
        """The picture for a notebook or a page.

        Returns
        -------
        str
            HTML that needs nothing else.
        """
        return str(picture_html(self._view()))

    def _view(self) -> PictureView:
        drawn = self._drawn
        if drawn.sheet is not None and self._middle is None:
            self._middle = drawn.sheet.middle()
        lead = drawn.lead or drawn.words
        return PictureView(
            self.name, drawn.title, lead, drawn.words, drawn.notes, self._middle, self._sheet.size, drawn.spots
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.html(), "image/png": self.png(), "text/plain": picture_text(self._view())}


class Pictures(Sequence[Picture]):
    """Pictures one below another, side by side on a wide page; by place or by name: `pictures["costs"]`."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._pictures = tuple(pictures)

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return Pictures(self._pictures[at])
        if isinstance(at, str):
            there = {picture.name: picture for picture in self._pictures}
            if at not in there:
                raise unknown_parameter(at, there, "a picture that is here")
            return there[at]
        return self._pictures[at]

    def __repr__(self) -> str:
        return f"<Pictures: {', '.join(picture.name for picture in self._pictures) or 'none'}>"

    def html(self) -> str:
        """All of them for a notebook or a page.

        Returns
        -------
        str
            HTML that needs nothing else.
        """
        return str(pictures_html([picture._view() for picture in self._pictures]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        text = "\n\n".join(picture_text(picture._view()) for picture in self._pictures)
        return {"text/html": self.html(), "text/plain": text}


def pictures_of(
    frame: pd.DataFrame,
    names: Sequence[str] = (),
    thumbnail: Thumbnail | None = None,
    *,
    redact_prompts: bool = False,
    redact_costs: bool = False,
) -> Pictures:
    """Draw pictures of a table of the history.

    Parameters
    ----------
    frame : DataFrame
        Its rows.
    names : sequence of str
        Which of `NAMES`; all when none is given.
    thumbnail : callable, optional
        Gives a small JPEG of a row's id, or None. Without it, no point of "tradeoff" says more.
    redact_prompts, redact_costs : bool
        Leave out what was asked for; what it cost. Of pictures of money, nothing is left: they are left out of all, and
        a sentence where they were asked for.

    Raises
    ------
    UnknownParameter
        For a name that is none of `NAMES`; it names the nearest.
    InvalidParameter
        For a table that lacks columns; it names them.
    """
    check_plain(frame)
    for name in names:
        if name not in NAMES:
            raise unknown_parameter(str(name), NAMES, "a picture")
    chosen = tuple(dict.fromkeys(names)) or tuple(n for n in NAMES if not (redact_costs and n in _OF_MONEY))
    made = []
    for name in chosen:
        if redact_costs and name in _OF_MONEY:
            drawn = Drawn({"costs": "Costs"}.get(name, "Cost against latency"), "", "Costs are left out here.")
        else:
            drawn = _draw(name, frame, thumbnail, redact_prompts=redact_prompts, redact_costs=redact_costs)
        made.append(Picture(name, drawn))
    return Pictures(made)


def thumbnails_of(frame: pd.DataFrame, clips: Clips | None) -> Thumbnail | None:
    """Small posters of a table's rows; None where nobody knows where its clips are."""
    if clips is None or not has_ids(frame):
        return None
    known = frame["video_path"] if "video_path" in frame.columns else [None] * len(frame)
    places = dict(zip(ids_of(frame), known, strict=True))

    def thumbnail(key: str) -> bytes | None:
        place = places.get(key)
        path = clips.home / place if isinstance(place, str) else None  # in a table from a file, within the home
        return clips.thumbnail(key, path, height=THUMBNAIL_PX)

    return thumbnail


def _draw(
    name: str, frame: pd.DataFrame, thumbnail: Thumbnail | None, *, redact_prompts: bool, redact_costs: bool
) -> Drawn:
    from . import drawn_money, drawn_rows

    if name == "costs":
        return drawn_money.costs(frame)
    if name == "latencies":
        return drawn_rows.latencies(frame)
    if name == "tradeoff":
        return drawn_money.tradeoff(frame, thumbnail, redact_prompts=redact_prompts)
    if name == "failures":
        return drawn_rows.failures(frame, redact_costs=redact_costs)
    return drawn_rows.yields(frame, redact_prompts=redact_prompts, redact_costs=redact_costs)


def _sentence(drawn: Drawn) -> Sheet:
    """What stands in a file where there is nothing to draw."""
    return Sheet(drawn.title, drawn.words, 8, drawn.notes)
