"""The panel's frame on the screen: its look, the header, alerts, and what a reader without a kernel sees."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from . import queue, style
from .html import Html, el, join

_BUTTON = ".pixverse-panel .jupyter-button"


def _tabs() -> str:
    """Flat tabs with one line under the open one; the two names are those of JupyterLab 4 and 3."""
    rules = []
    for kind in ("lm", "p"):
        bar = f".pixverse-panel .pixverse-right > .{kind}-TabBar"
        tab = f"{bar} .{kind}-TabBar-tab"
        rules.append(f"""
{bar} .{kind}-TabBar-content {{ border: none; border-bottom: 1px solid {style.LINE}; gap: 4px; min-height: 0;
  align-items: stretch; }}
{tab} {{ flex: 0 0 auto; min-width: 0; max-width: none; padding: 0 14px; line-height: 34px; min-height: 34px;
  border: none; background: transparent; color: {style.MUTED};
  margin: 0; transform: none; font-family: var(--jp-ui-font-family, inherit); }}
{tab}:hover:not(.{kind}-mod-current) {{ background: transparent; color: {style.INK}; }}
{tab}.{kind}-mod-current {{ background: transparent; color: {style.INK}; {style.HEAVY}; min-height: 34px;
  box-shadow: inset 0 -2px {style.ACCENT}; }}
{tab}.{kind}-mod-current::before {{ display: none; }}
{tab}:focus-visible {{ outline: 2px solid {style.ACCENT}; outline-offset: -2px; }}
""")
    return "".join(rules)


_CSS = f"""
.pixverse-panel {{ {style.FONT}; color: {style.INK}; overflow: visible; gap: 12px; padding: 2px 4px 8px; }}
.pixverse-panel .widget-html-content {{ line-height: 1.5; }}
.pixverse-panel > .widget-html, .pixverse-panel .pixverse-tab > .widget-html,
.pixverse-panel .pixverse-row > .widget-html, .pixverse-panel .pixverse-queue > .widget-html {{ margin: 0; }}
.pixverse-panel .pixverse-body {{ display: flex; flex-wrap: wrap; gap: 16px 28px; align-items: flex-start;
  overflow: visible; }}
.pixverse-panel .pixverse-left {{ flex: 1 1 380px; min-width: 0; gap: 8px; overflow: visible; margin: 0; }}
.pixverse-panel .pixverse-right {{ flex: 999 1 480px; min-width: 0; overflow: visible; margin: 0; }}
.pixverse-panel .pixverse-tab, .pixverse-panel .pixverse-queue {{ gap: 10px; overflow: visible; margin: 0; }}
.pixverse-panel .pixverse-right > .widget-tab-contents {{ overflow: visible; border: none; padding: 14px 0 0;
  background: transparent; color: inherit; }}
.pixverse-panel .pixverse-row {{ display: flex; flex-wrap: wrap; gap: 8px; align-items: center; overflow: visible;
  margin: 0; }}
.pixverse-panel .pixverse-wide {{ flex: 1 1 0; min-width: 0; }}
.pixverse-panel .pixverse-gone {{ display: none; }}
.pixverse-panel .pixverse-box {{ border: 1px solid {style.LINE}; border-radius: 8px; padding: 10px 12px; gap: 8px;
  overflow: visible; margin: 0; }}
.pixverse-panel .pixverse-box[popover] {{ width: min(980px, 94vw); max-height: 92vh; margin: auto; overflow: auto;
  border-radius: 12px; padding: 16px 18px; color: var(--jp-ui-font-color1, CanvasText);
  background: var(--jp-layout-color1, Canvas); box-shadow: 0 18px 60px rgba(0, 0, 0, 0.35); }}
.pixverse-panel .pixverse-box[popover]::backdrop {{ background: rgba(10, 12, 16, 0.5); }}
{_BUTTON}.pixverse-plain {{ background: transparent; border: 1px solid {style.LINE}; border-radius: 5px;
  color: {style.INK}; width: auto; height: 28px; line-height: 26px; padding: 0 10px; margin: 0; box-shadow: none; }}
{_BUTTON}.pixverse-plain:hover {{ border-color: {style.ACCENT}; }}
{_BUTTON}.pixverse-plain.mod-active {{ border-color: {style.ACCENT}; color: {style.ACCENT}; {style.HEAVY}; }}
{_BUTTON}:focus-visible, .pixverse-panel input:focus-visible, .pixverse-panel textarea:focus-visible,
.pixverse-panel select:focus-visible {{ outline: 2px solid {style.ACCENT}; outline-offset: 1px; }}
.pixverse-panel .widget-dropdown > select {{ background-repeat: no-repeat; padding-right: 24px;
  background-image: linear-gradient(45deg, transparent 50%, currentColor 50%),
    linear-gradient(-45deg, transparent 50%, currentColor 50%);
  background-position: right 13px center, right 8px center; background-size: 5px 5px; }}
.pixverse-panel .pixverse-plainfield {{ display: flex; flex-direction: column; align-items: stretch; height: auto;
  width: 150px; margin: 0; overflow: visible; }}
.pixverse-panel .pixverse-plainfield.pixverse-wide {{ width: auto; }}
.pixverse-panel .pixverse-plainfield > .widget-label {{ width: auto; max-width: none; height: auto; padding: 0;
  margin: 0 0 3px; line-height: 1.5; text-align: left; font-weight: 600; font-size: 12px; color: {style.INK}; }}
.pixverse-panel .pixverse-plainfield input, .pixverse-panel .pixverse-plainfield textarea {{
  width: 100%; box-sizing: border-box; margin: 0; max-width: none; border: 1px solid {style.LINE};
  border-radius: 5px; }}
.pixverse-panel .pixverse-plainfield textarea {{ font-family: var(--jp-code-font-family, monospace);
  font-size: 12px; padding: 7px 9px; direction: ltr; unicode-bidi: isolate; text-align: left; white-space: pre-wrap;
  overflow-wrap: anywhere; field-sizing: content; max-height: 60vh; }}
.pixverse-panel .pixverse-days {{ grid-column: span 2; display: grid; gap: 8px 12px; margin: 0; overflow: visible;
  grid-template-columns: 1fr 1fr; }}
.pixverse-panel .pixverse-finds .pixverse-days > .pixverse-find {{ grid-column: auto; min-width: 0; }}
.pixverse-panel .pixverse-settings {{ gap: 12px; max-width: 720px; }}
.pixverse-panel .pixverse-low {{ align-items: flex-end; gap: 10px 12px; }}
""" + _tabs()


COPY_CSS = f"""
.pixverse-copy {{ display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; {style.FONT}; }}
.pixverse-copy .pxc-button {{ box-sizing: border-box; font: inherit; margin: 0; padding: 0 10px; height: 28px;
  line-height: 26px; border: 1px solid {style.LINE}; border-radius: 5px; background: transparent; color: {style.INK};
  cursor: pointer; white-space: nowrap; }}
.pixverse-copy .pxc-button:hover {{ border-color: {style.ACCENT}; }}
.pixverse-copy .pxc-button:focus-visible {{ outline: 2px solid {style.ACCENT}; outline-offset: 1px; }}
.pixverse-copy span {{ color: {style.MUTED}; }}
"""
"""For the buttons that copy."""


def style_html(*more: str, hide: str) -> Html:
    """The panel's one style element; `hide` is the class of the summary that stands in for a panel that is gone."""
    return el("style", Html("\n".join((_CSS, queue.CSS, *more, f".{hide} {{ display: none; }}"))))


@dataclass(frozen=True)
class Header:
    """What stands above the panel; plain values.

    Attributes
    ----------
    service : str
        The service's host; empty on the preview engine.
    balance : str
        In words; empty while it is not known.
    budget : str
        The tightest cap in words; empty without one.
    spent : float or None
        Share of the cap that is spent or reserved, 0-1; None without a cap.
    """

    service: str
    balance: str = ""
    budget: str = ""
    spent: float | None = None


def header_html(header: Header) -> Html:
    """Name, where it runs, balance and budget."""
    where = (
        el("span", header.service, style=style.pill(style.MUTED))
        if header.service
        else join(
            el("span", "PREVIEW", style=style.pill(style.WARN)),
            el("span", " drawn on this machine; nothing is billed", style=f"color: {style.MUTED}"),
        )
    )
    muted = f"color: {style.MUTED}; {style.FIGURES}"
    return el(
        "div",
        el("span", "PixVerse", role="heading", aria_level="2", style="font-size: 17px; font-weight: 600"),
        el("span", where),
        el("span", style="flex: 1 1 0"),
        el("span", header.balance, style=muted) if header.balance else None,
        _budget(header, muted) if header.budget else None,
        class_=style.PLAIN,
        style=f"{style.FONT}; color: {style.INK}; display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center",
    )


def _budget(header: Header, look: str) -> Html:
    meter = None if header.spent is None else _meter(header.spent)
    return el("span", header.budget, meter, style=f"{look}; display: inline-flex; gap: 4px 10px; align-items: center")


def _meter(share: float) -> Html:
    colour = style.BAD if share >= 1 else style.WARN if share >= 0.8 else style.ACCENT
    fill = f"width: {min(max(share, 0.0), 1.0):.0%}; height: 100%; border-radius: 2px; background: {colour}"
    box = f"display: inline-block; width: 120px; height: 4px; border-radius: 2px; background: {style.LINE}"
    return el("span", el("span", style=f"display: block; {fill}"), style=box)


def alert_html(text: str) -> Html:
    """What went wrong, said at once; no element at all for nothing."""
    if not text:
        return Html()
    look = (
        f"{style.FONT}; color: {style.BAD}; border-left: 3px solid {style.BAD}; padding: 4px 12px; "
        "overflow-wrap: anywhere"
    )
    return el("div", text, role="alert", class_=style.PLAIN, style=look)


def facts_html(facts: Sequence[tuple[str, str]]) -> Html:
    """Names and values, one pair a line."""
    rows = [
        el(
            "div",
            el("span", name, style=f"color: {style.MUTED}; flex: 0 0 84px"),
            el("span", value, style=f"overflow-wrap: anywhere; min-width: 0; {style.FIGURES}"),
            style="display: flex; gap: 12px",
        )
        for name, value in facts
    ]
    look = f"{style.FONT}; color: {style.INK}; display: flex; flex-direction: column; gap: 2px"
    return el("div", *rows, class_=style.PLAIN, style=look)


@dataclass(frozen=True)
class Still:
    """A clip as a still: a JPEG or None, what it shows, and a few facts."""

    poster: bytes | None
    prompt: str
    facts: str


def summary_html(facts: Sequence[str], stills: Sequence[Still], *, class_: str) -> Html:
    """What a saved notebook shows where no kernel runs: counts, money, and the newest clips' posters."""
    name = el("span", "PixVerse", style="font-size: 17px; font-weight: 600")
    words = el("span", " · ".join(facts), style=f"color: {style.MUTED}; {style.FIGURES}")
    hint = "The control panel needs a running kernel: run its cell."
    return el(
        "div",
        el("div", name, "  ", words, style="margin-bottom: 8px"),
        el("div", *(_figure(still) for still in stills), style="display: flex; flex-wrap: wrap"),
        el("div", hint, style=f"color: {style.MUTED}; font-size: 12px"),
        class_=f"{class_} {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}",
    )


def compare_html(stills: Sequence[Still], differing: Sequence[tuple[str, Sequence[str]]]) -> Html:
    """Clips beside each other, with only what differs."""
    cell = f"padding: 3px 10px; border-bottom: 1px solid {style.LINE}; text-align: left; vertical-align: top"
    rows = [
        el(
            "tr",
            el("th", name, scope="row", style=f"{cell}; color: {style.MUTED}; font-weight: 500"),
            *(el("td", value, dir="auto", style=f"{cell}; overflow-wrap: anywhere") for value in values),
        )
        for name, values in differing
    ]
    table = el("table", el("tbody", *rows), style="border-collapse: collapse; margin-top: 8px; max-width: 100%")
    same = el("div", "They were asked for with the same settings.", style=f"color: {style.MUTED}; margin-top: 8px")
    return el(
        "div",
        el("div", *(_figure(still) for still in stills), style="display: flex; flex-wrap: wrap"),
        table if rows else same,
        class_=style.PLAIN,
        style=f"{style.FONT}; color: {style.INK}",
    )


def _figure(still: Still) -> Html:
    box = "display: block; height: 108px; border-radius: 6px; margin: 0"
    picture = (
        el("div", style=f"{box}; width: 192px; background: {style.SUNKEN}")
        if still.poster is None
        else el(
            "img",
            src="data:image/jpeg;base64," + base64.b64encode(still.poster).decode(),
            alt=still.prompt[:200],
            style=f"{box}; width: auto; max-width: none",
        )
    )
    prompt = still.prompt if len(still.prompt) <= 60 else still.prompt[:59] + "…"
    return el(
        "figure",
        picture,
        el(
            "figcaption",
            el("div", prompt, dir="auto", style="overflow-wrap: anywhere"),
            el("div", still.facts, style=f"color: {style.MUTED}; {style.FIGURES}"),
            style=f"font-size: 12px; color: {style.INK}; max-width: 192px; margin-top: 4px",
        ),
        style="margin: 0 12px 12px 0; max-width: 240px",  # a notebook's sanitiser drops `gap`
    )
