"""Pictures of a table on the screen: an image that says in words what it shows, and what lies under its points.

The points are shown by the style sheet alone, without any script. An untrusted notebook loses that sheet, and keeps
`hidden` and the image: there they stay hidden, and the picture is an image with a title.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import style
from .html import Html, el, join

_LONGEST = 1500  # characters of an image's words: a screen reader reads them all
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")  # must not steer a terminal


@dataclass(frozen=True)
class Spot:
    """A place on a picture that says more when it is pointed at.

    Attributes
    ----------
    left, top : float
        Where, in percent of the picture's width and height, 0-100.
    name : str
        What it is; may be empty.
    facts : str
        Its figures.
    poster : bytes or None
        A small JPEG.
    """

    left: float
    top: float
    name: str
    facts: str
    poster: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PictureView:
    """A picture as plain values.

    Attributes
    ----------
    title, lead : str
        What it is of, and the line below.
    words : str
        All that it shows, for those who do not see it.
    notes : sequence of str
        What is to be known of it.
    png : bytes or None
        The image, at twice the size; None where there is nothing to draw.
    size : tuple of int
        Its width and height on the page, px.
    spots : sequence of Spot
    """

    name: str
    title: str
    lead: str
    words: str
    notes: Sequence[str]
    png: bytes | None = field(repr=False)
    size: tuple[int, int]
    spots: Sequence[Spot] = ()


def picture_html(view: PictureView) -> Html:
    """A picture as HTML that needs no script, no file and no trust."""
    muted = f"color: {style.MUTED}; font-size: 12px"
    return el(
        "figure",
        el("div", view.title, style="font-weight: 600; font-size: 14px"),
        el("div", view.lead, style=f"{muted}; {style.FIGURES}; margin-bottom: 4px") if view.lead else None,
        _image(view),
        *(el("div", note, style=f"{muted}; max-width: {view.size[0]}px") for note in view.notes),
        class_=f"pixverse-picture {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 22px; padding: 0; max-width: {view.size[0]}px",
    )


def pictures_html(views: Sequence[PictureView]) -> Html:
    """Pictures one below another, or side by side where the page is wide."""
    width = max((view.size[0] for view in views), default=0)
    across = f"repeat(auto-fit, minmax(min({width}px, 100%), 1fr))"
    return el(
        "div",
        *(picture_html(view) for view in views),
        class_=f"pixverse-pictures {style.PLAIN}",
        style=f"display: grid; grid-template-columns: {across}; column-gap: 36px; align-items: start",
    )


def picture_text(view: PictureView) -> str:
    """A picture for a terminal."""
    lines = [" · ".join(part for part in (view.title, view.lead) if part), view.words, *view.notes]
    return "\n".join(line.translate(_CONTROLS) for line in lines if line)


def _image(view: PictureView) -> Html | None:
    if view.png is None:
        return None
    words = view.words if len(view.words) <= _LONGEST else view.words[: _LONGEST - 1] + "…"
    image = el(
        "img",
        src="data:image/png;base64," + base64.b64encode(view.png).decode(),
        alt=f"{view.title}. {words}",
        title=view.title,
        width=view.size[0],
        style="display: block; width: 100%; height: auto; margin: 0; max-width: none",
    )
    if not view.spots:
        return el("div", image, style=f"max-width: {view.size[0]}px")
    # Inside a style element nothing is escaped, and nothing of it came from elsewhere.
    dots = el("div", *(_dot(spot) for spot in view.spots), class_="pxp-dots", hidden=True)
    return el(
        "div",
        el("style", Html(CSS)),
        el("div", image, dots, class_="pxp-frame", style=f"max-width: {view.size[0]}px"),
    )


def _dot(spot: Spot) -> Html:
    # Links without an address: of what can be reached by the keyboard, the sanitiser keeps no other.
    side = "pxp-left" if spot.left > 62 else "pxp-right"
    end = "pxp-up" if spot.top > 50 else "pxp-down"
    still = None
    if spot.poster is not None:
        still = el("img", src="data:image/jpeg;base64," + base64.b64encode(spot.poster).decode(), alt="")
    return el(
        "a",
        el(
            "span",
            still,
            el("span", spot.name, dir="auto", class_="pxp-name") if spot.name else None,
            el("span", spot.facts, class_="pxp-facts"),
            class_=f"pxp-pop {side} {end}",
        ),
        class_="pxp-dot",
        tabindex=0,
        style=f"left: {spot.left:.2f}%; top: {spot.top:.2f}%",
    )


CSS = join(
    Html(f"""
.pixverse-picture .pxp-frame {{ position: relative; }}
.pixverse-picture .pxp-dots[hidden] {{ display: block !important; }}
.pixverse-picture a.pxp-dot {{
  position: absolute; width: 14px; height: 14px; margin: -7px 0 0 -7px; border-radius: 50%; cursor: default;
  color: inherit; text-decoration: none; }}
.pixverse-picture a.pxp-dot:hover, .pixverse-picture a.pxp-dot:focus {{
  outline: 2px solid {style.ACCENT}; outline-offset: -1px; z-index: 3; }}
.pixverse-picture .pxp-pop {{
  display: none; position: absolute; width: 184px; padding: 7px; border-radius: 8px; pointer-events: none;
  background: var(--jp-layout-color1, Canvas); color: var(--jp-ui-font-color1, CanvasText);
  border: 1px solid {style.LINE}; box-shadow: 0 6px 22px rgba(20, 22, 26, 0.28); line-height: 16px; }}
.pixverse-picture a.pxp-dot:hover > .pxp-pop, .pixverse-picture a.pxp-dot:focus > .pxp-pop {{ display: block; }}
.pixverse-picture .pxp-left {{ right: 18px; }}
.pixverse-picture .pxp-right {{ left: 18px; }}
.pixverse-picture .pxp-up {{ bottom: -12px; }}
.pixverse-picture .pxp-down {{ top: -12px; }}
.pixverse-picture .pxp-pop img {{
  display: block; width: 100%; max-width: none; max-height: 130px; object-fit: contain; border-radius: 5px;
  margin: 0 0 5px; background: {style.SUNKEN}; }}
.pixverse-picture .pxp-name {{
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; font-size: 12px;
  font-weight: 500; overflow-wrap: anywhere; }}
.pixverse-picture .pxp-facts {{ display: block; color: {style.MUTED}; font-size: 11.5px; {style.FIGURES}; }}
""")
)
"""For the pictures alone: every rule is below their own class."""
