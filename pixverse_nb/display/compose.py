"""The form on the screen: its look, counts, troubles, the picture, and the line below the button."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from pixverse_nb.parameters import PARAMETERS

from . import style
from .html import Html, el

_FORM = ".pixverse-panel .pixverse-compose"
_FIELD = "var(--jp-border-color1, rgba(128, 128, 128, 0.5))"
_ON = "var(--jp-brand-color3, rgba(79, 107, 237, 0.22))"
_HELD = f"color-mix(in srgb, {style.ACCENT} 16%, transparent)"
_THUMB = (96, 58)  # px, at most; so much height is kept free, that nothing moves when there is a picture
_AROUND = 330  # px: what is above and below the fields of a panel that begins at the notebook's upper edge
_FADE = 18  # px: where there are more fields than can be seen, the last one fades out
_SIDE = 128  # px: the buttons beside the picture's fields

_CSS = f"""
{_FORM} {{ gap: 10px; overflow: visible; }}
{_FORM} > .pixverse-asked > * {{ flex: 0 0 auto; }}
{_FORM} .widget-box, {_FORM} .widget-vbox, {_FORM} .widget-hbox {{ overflow: visible; }}
{_FORM} > .pixverse-asked {{ gap: 14px; margin: 0 -4px; padding: 2px 4px {_FADE}px; overflow: hidden auto;
  flex: 0 0 auto; max-height: max(400px, calc(100vh - {_AROUND}px)); scrollbar-width: thin;
  scrollbar-color: {style.LINE} transparent;
  -webkit-mask-image: linear-gradient(#000 calc(100% - {_FADE}px), transparent);
  mask-image: linear-gradient(#000 calc(100% - {_FADE}px), transparent); }}
{_FORM} .pixverse-field {{ gap: 2px; margin: 0; }}
{_FORM} .pixverse-field > * {{ margin: 0; width: auto; }}
{_FORM} .pixverse-above {{ flex-direction: column; align-items: stretch; height: auto; width: auto; margin: 0; }}
{_FORM} .pixverse-above > .widget-label {{ width: auto; max-width: none; text-align: left; height: auto; padding: 0;
  line-height: 1.5; margin: 0 0 3px; font-weight: 600; font-size: 12px; color: {style.INK}; overflow: visible; }}
{_FORM} .pixverse-above textarea, {_FORM} .pixverse-above input[type=text],
{_FORM} .pixverse-above input[type=number], {_FORM} .pixverse-above select {{
  width: 100%; box-sizing: border-box; border: 1px solid {_FIELD}; border-radius: 5px; margin: 0; max-width: none; }}
{_FORM} .pixverse-above select, {_FORM} .pixverse-above input {{ flex: 0 0 auto; height: 30px; }}
{_FORM} .pixverse-above textarea {{ font-family: var(--jp-ui-font-family, system-ui, sans-serif); padding: 7px 9px;
  line-height: 1.45; resize: vertical; min-height: 52px; }}
{_FORM} textarea, {_FORM} input[type=text] {{ unicode-bidi: plaintext; text-align: start; }}
{_FORM} textarea::placeholder, {_FORM} input::placeholder {{ color: {style.MUTED}; opacity: 0.8; }}
{_FORM} .pixverse-pair {{ display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px 16px;
  align-items: start; margin: 0; }}
{_FORM} .pixverse-grid2 {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr));
  gap: 14px 16px; margin: 0; align-items: start; }}

{_FORM} .pixverse-chips {{ gap: 6px; margin: 0; }}
{_FORM} .pixverse-group {{ gap: 8px; margin: 0; align-items: baseline; }}
{_FORM} .pixverse-group > .widget-html {{ flex: 0 0 52px; margin: 0; }}
{_FORM} .pixverse-chiprow {{ flex-wrap: wrap; gap: 5px; margin: 0; flex: 1 1 0; min-width: 0; }}
{_FORM} .pixverse-chip {{ margin: 0; width: auto; height: auto; position: relative; flex: 0 0 auto; }}
{_FORM} .pixverse-chip label {{ display: block; width: auto; height: auto; max-width: none; margin: 0; padding: 0 9px;
  border: 1px solid {style.LINE}; border-radius: 11px; font-size: 12px; line-height: 20px; cursor: pointer;
  color: {style.INK}; overflow: visible; }}
{_FORM} .pixverse-chip label:hover {{ border-color: {style.ACCENT}; }}
{_FORM} .pixverse-chip label:has(input:checked) {{ background: {_ON}; background: {_HELD};
  border-color: {style.ACCENT}; {style.HEAVY}; }}
{_FORM} .pixverse-chip input {{ position: absolute; inset: 0; opacity: 0; margin: 0; width: 100%; height: 100%;
  cursor: pointer; }}

{_FORM} .pixverse-segments .widget-radio-box {{ display: flex; flex-flow: row wrap; gap: 5px; padding: 0;
  margin: 0 !important; overflow: visible; }}
{_FORM} .pixverse-segments .widget-radio-box label {{ position: relative; display: flex; flex: 1 1 auto; gap: 2px;
  align-items: center; justify-content: center; flex-direction: column; min-width: 34px; height: auto; margin: 0;
  padding: 3px 6px; border: 1px solid {style.LINE}; border-radius: 5px; font-size: 12px; line-height: 18px;
  cursor: pointer; width: auto; {style.FIGURES}; }}
{_FORM} .pixverse-segments label:hover {{ border-color: {style.ACCENT}; }}
{_FORM} .pixverse-segments label:has(input:checked) {{ background: {_ON}; background: {_HELD};
  border-color: {style.ACCENT}; {style.HEAVY}; }}
{_FORM} .pixverse-segments input {{ position: absolute; inset: 0; opacity: 0; margin: 0; width: 100%; height: 100%;
  cursor: pointer; }}
{_FORM} .pixverse-shapes .widget-radio-box label {{ flex: 1 1 0; padding: 4px 2px 2px; }}
{_FORM} .pixverse-shapes .widget-radio-box label::before {{ content: ""; border: 1.5px solid currentColor;
  border-radius: 2px; opacity: 0.75; margin: auto; box-sizing: border-box; }}
{_FORM} .pixverse-idle .widget-radio-box {{ opacity: 0.5; }}
{_FORM} label:has(input:focus-visible) {{ outline: 2px solid {style.ACCENT}; outline-offset: 1px; }}
@supports not selector(:has(a)) {{
  {_FORM} .pixverse-chip input, {_FORM} .pixverse-segments input {{ position: static; opacity: 1; width: auto;
    height: auto; margin: 0 4px 0 0; }}
}}

{_FORM} .pixverse-switch {{ margin: 21px 0 0; height: 30px; display: flex; justify-content: flex-start; }}
{_FORM} .pixverse-switch label {{ display: flex; align-items: center; gap: 6px; width: auto; height: 30px; padding: 0;
  margin: 0; }}
{_FORM} .pixverse-switch input {{ margin: 0; }}
{_FORM} .pixverse-picture {{ gap: 4px; margin: 0; }}
{_FORM} .pixverse-picture > * {{ margin: 0; width: auto; }}
{_FORM} .pixverse-ways {{ display: flex; gap: 8px; align-items: end; margin: 0 0 4px; }}
{_FORM} .pixverse-ways > .pixverse-above {{ flex: 1 1 0; min-width: 0; }}
{_FORM} .pixverse-ways > .jupyter-button.pixverse-quiet {{ flex: 0 0 auto; min-width: {_SIDE}px; height: 30px;
  line-height: 28px; }}
{_FORM} .pixverse-seen {{ min-height: {_THUMB[1]}px; }}
{_FORM} .pixverse-shape {{ position: relative; margin: 0; }}
{_FORM} .pixverse-shape > .widget-html {{ position: absolute; right: 0; top: 6px; margin: 0; }}
{_FORM} .pixverse-shown {{ gap: 12px; align-items: center; margin: 0; }}
{_FORM} .pixverse-shown > .widget-html {{ flex: 1 1 0; min-width: 0; margin: 0; }}
{_FORM} .pixverse-shown > .widget-html > .widget-html-content {{ flex: 1 1 0; min-width: 0; }}
{_FORM} .jupyter-button.pixverse-quiet {{ width: auto; margin: 0; padding: 0 10px; background: transparent;
  border: 1px solid {style.LINE}; border-radius: 5px; color: {style.INK}; height: 26px; line-height: 24px; }}
{_FORM} .jupyter-button.pixverse-quiet:hover {{ border-color: {style.ACCENT}; }}
{_FORM} .jupyter-button.pixverse-go {{ width: 100%; height: 40px; line-height: 40px; margin: 0; border: 0;
  border-radius: 6px; font-size: 15px; font-weight: 600; {style.FIGURES}; }}
{_FORM} .jupyter-button.pixverse-go:disabled {{ opacity: 1; background: {style.SUNKEN}; color: {style.MUTED}; }}
{_FORM} .pixverse-send {{ gap: 6px; margin: 0; padding: 10px 0 0; border-top: 1px solid {style.LINE}; }}
{_FORM} .pixverse-send > * {{ margin: 0; width: auto; }}
{_FORM} .pixverse-fold, {_FORM} .pixverse-more {{ gap: 10px; margin: 0; }}
{_FORM} .pixverse-more .widget-html, {_FORM} .pixverse-more > .widget-box {{ margin: 0; }}
{_FORM} .jupyter-button.pixverse-fold-button {{ align-self: flex-start; border-color: transparent; padding: 0 8px 0 0;
  color: {style.MUTED}; font-weight: 600; font-size: 12px; }}
{_FORM} .jupyter-button.pixverse-fold-button:hover {{ color: {style.INK}; border-color: transparent; }}
{_FORM} .pixverse-code .pixverse-above textarea {{ font-family: var(--jp-code-font-family, monospace);
  font-size: 12px; direction: ltr; unicode-bidi: isolate; text-align: left; white-space: pre-wrap;
  overflow-wrap: anywhere; field-sizing: content; max-height: 420px; }}
{_FORM} .pixverse-code {{ gap: 6px; }}
{_FORM} .pixverse-field-seed {{ grid-column: 1 / -1; }}
{_FORM} .pixverse-more > .pixverse-apart {{ margin: 8px 0 0; }}
"""


UPLOAD_CSS = f"""
.pixverse-upload {{ flex: 0 0 auto; }}
.pixverse-upload .pxu-button {{ box-sizing: border-box; font: inherit; {style.FONT}; {style.FIGURES}; margin: 0;
  padding: 0 12px; height: 30px; min-width: {_SIDE}px; line-height: 28px; border: 1px solid {_FIELD};
  border-radius: 5px; background: transparent; color: {style.INK}; cursor: pointer; white-space: nowrap; }}
.pixverse-upload .pxu-button:hover, .pixverse-upload.is-over .pxu-button {{ border-color: {style.ACCENT}; }}
.pixverse-upload.is-over .pxu-button {{ background: {_ON}; border-style: dashed; }}
.pixverse-upload .pxu-button:focus-visible {{ outline: 2px solid {style.ACCENT}; outline-offset: 1px; }}
"""
"""For the button through which a picture comes."""


def _drawn(shapes: Sequence[str]) -> str:
    """A rectangle of each shape, drawn before its words; all cover about the same area."""
    rules = []
    for number, shape in enumerate(shapes, 1):
        across, down = (int(part) for part in shape.split(":"))
        width, height = 17 * (across / down) ** 0.5, 17 * (down / across) ** 0.5
        place = f"{_FORM} .pixverse-shapes .widget-radio-box label:nth-of-type({number})::before"
        rules.append(f"{place} {{ width: {width:.0f}px; height: {height:.0f}px; }}")
    return "\n".join(rules)


CSS = _CSS + _drawn(PARAMETERS["aspect_ratio"].choices)
"""The form's rules, all below `.pixverse-panel`."""


def heading_html(text: str) -> Html:
    """What a group of controls is called."""
    return el("div", text, style=f"{style.FONT}; font-size: 12px; font-weight: 600; color: {style.INK}")


def help_html(text: str) -> Html:
    """A sentence of help below a field."""
    return el("div", text, class_=style.PLAIN, style=f"{_small(style.MUTED)}; overflow-wrap: anywhere")


def count_html(length: int, limit: int) -> Html:
    """How much of a text's room is used."""
    over = length > limit
    look = f"{_small(style.BAD if over else style.MUTED)}; {style.FIGURES}; text-align: right"
    return el("div", f"{length} / {limit}", style=look + ("; font-weight: 600" if over else ""))


def effect_html(text: str) -> Html:
    """What a picture does to the shape, beside the heading of the shapes; no element at all for nothing."""
    return el("div", text, role="status", class_=style.PLAIN, style=_small(style.MUTED)) if text else Html()


def trouble_html(text: str) -> Html:
    """What is wrong with a field, said at once."""
    return el("div", text, role="alert", class_=style.PLAIN, style=f"{_small(style.BAD)}; overflow-wrap: anywhere")


def note_html(text: str) -> Html:
    """A word about what was done; no element at all for nothing."""
    if not text:
        return Html()
    look = f"{_small(style.INK)}; border-left: 3px solid {style.WARN}; padding-left: 10px; overflow-wrap: anywhere"
    return el("div", text, role="status", class_=style.PLAIN, style=look)


@dataclass(frozen=True)
class Shown:
    """The picture to start from; plain values.

    Attributes
    ----------
    source : str
        Where it comes from.
    facts : sequence of str
        The clip that it is from, its size: a line each.
    thumbnail : bytes or None
        A small JPEG.
    address : str or None
        Where the browser may fetch it itself, https.
    """

    source: str
    facts: Sequence[str]
    thumbnail: bytes | None = field(default=None, repr=False)
    address: str | None = None


def picture_html(shown: Shown) -> Html:
    """The picture, small, and what it means: three lines at most, that fit beside it."""
    most = 3 - min(len(shown.facts), 2)
    lines = [
        el("div", shown.source, dir="auto", title=shown.source, style=f"font-weight: 500; {_clamped(most)}"),
        *(el("div", fact, style=f"{_small(style.MUTED)}; {style.FIGURES}") for fact in shown.facts),
    ]
    words = el("div", *lines, role="status", style="min-width: 0; flex: 1 1 0")
    look = f"{style.FONT}; color: {style.INK}; display: flex; gap: 12px; align-items: center"
    return el("div", _thumb(shown), words, class_=style.PLAIN, style=look)


@dataclass(frozen=True)
class Bar:
    """A budget: shares of the cap that are gone and that this would take, 0-1."""

    gone: float
    this: float


def line_html(parts: Sequence[str], bar: Bar | None, warning: str = "") -> Html:
    """Ceiling, expected wait and budget, and below them a thin bar."""
    # A line is broken between its parts, never inside of one.
    unbroken = [el("span", part, style="white-space: nowrap") for part in parts]
    spaced = [piece for part in unbroken for piece in (" · ", part)][1:]
    words = el("div", *spaced, style=f"{_small(style.MUTED)}; {style.FIGURES}; text-align: center")
    alarm = el("div", warning, style=f"{_small(style.BAD)}; text-align: center") if warning else None
    return el("div", words, None if bar is None else _bar(bar), alarm, role="status", class_=style.PLAIN)


def reason_html(text: str, *, is_wrong: bool) -> Html:
    """Why the button cannot be pressed; its line is kept free, so that nothing jumps."""
    colour = style.BAD if is_wrong else style.MUTED
    look = f"{_small(colour)}; min-height: 18px; text-align: center; overflow-wrap: anywhere"
    return el("div", text, role="status", class_=style.PLAIN, style=look)


def _clamped(lines: int) -> str:
    return (
        f"display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: {lines}; overflow: hidden; "
        "overflow-wrap: anywhere; line-height: 1.4"
    )


def _small(colour: str) -> str:
    return f"{style.FONT}; font-size: 12px; color: {colour}"


def _thumb(shown: Shown) -> Html | None:
    src = shown.address
    if shown.thumbnail is not None:
        src = "data:image/jpeg;base64," + base64.b64encode(shown.thumbnail).decode()
    if src is None:
        return None
    look = (
        f"display: block; max-width: {_THUMB[0]}px; max-height: {_THUMB[1]}px; min-width: 40px; min-height: 40px; "
        f"border-radius: 5px; margin: 0; background: {style.SUNKEN}; object-fit: contain; flex: 0 0 auto"
    )
    return el("img", src=src, alt="", referrerpolicy="no-referrer", style=look)


def _bar(bar: Bar) -> Html:
    gone = min(max(bar.gone, 0.0), 1.0)
    this = min(max(bar.this, 0.0), 1.0 - gone)
    over = bar.gone + bar.this > 1
    fills = (
        el("div", style=f"width: {gone:.1%}; background: {style.MUTED}; opacity: 0.6"),
        el("div", style=f"width: {this:.1%}; background: {style.BAD if over else style.ACCENT}"),
    )
    look = "display: flex; height: 3px; margin: 5px 0 0; border-radius: 2px; overflow: hidden"
    return el("div", *fills, style=f"{look}; background: {style.LINE}")
