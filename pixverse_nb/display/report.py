"""A report: one page that needs nothing but itself, and perhaps the clips beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import style
from .costs import figure
from .html import Html, el, join

_HERE = Path(__file__).parent
GENERATOR = "pixverse_nb report"
"""What a page says that it was made by: such a page may be replaced by a newer one."""

_STILL_PX = 192  # the longer side of a still on the page
_LONG = 320  # characters: a longer prompt scrolls in its place, and the keyboard must reach it
_POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
    "media-src 'self' file: data:; base-uri 'none'; form-action 'none'"
)
_DECIDED = {"keep": ("✓ kept", style.GOOD), "reject": ("✕ rejected", style.BAD)}


@dataclass(frozen=True)
class Line:
    """One row of the report, as plain values; empty ones are left out.

    Attributes
    ----------
    settings, marks : sequence of str
        What was asked for; tags, and the like.
    labels : sequence of (text, colour)
        Small labels: preview, reused.
    trouble : str
        Why there is no clip; `is_bad` for an error.
    size : tuple of int
        Width and height, px.
    poster, small, whole : bytes or None
        A JPEG; a small MP4; the whole clip, to be put into the page.
    link, link_words : str
        Where the clip lies, relative to the page, and what to call it.
    is_ticked : bool or None
        Whether the player begins with it; None where it cannot be chosen.
    """

    id: str
    number: int
    prompt: str
    settings: Sequence[str]
    when: str
    cost: str
    took: str
    rating: int | None = None
    decision: str | None = None
    reason: str = ""
    usable: str = ""
    tags: Sequence[str] = ()
    note: str = ""
    mismatch: str = ""
    labels: Sequence[tuple[str, str]] = ()
    trouble: str = ""
    is_bad: bool = False
    size: tuple[int, int] = (16, 9)
    link: str = ""
    link_words: str = ""
    is_ticked: bool | None = None
    poster: bytes | None = field(default=None, repr=False)
    small: bytes | None = field(default=None, repr=False)
    whole: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Figures:
    """A table of figures: columns as (name, words), rows of plain values, and words below."""

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """A report, as plain values.

    Attributes
    ----------
    about : sequence of str
        When it was made, and of what.
    figures : sequence of (label, value, words)
        What stands large at the head.
    notes : sequence of str
        What a reader must know: what is missing, what was left out.
    same : str
        What all rows have in common.
    data : mapping
        For the script: the clips of the player.
    has_costs : bool
        Whether the table has such a column.
    best_words : str
        What the clips are called that the player begins with.
    """

    title: str
    about: Sequence[str]
    figures: Sequence[tuple[str, str, str]]
    notes: Sequence[str]
    same: str
    lines: Sequence[Line]
    pictures: Sequence[Html]
    tables: Sequence[Figures]
    data: Mapping[str, Any]
    has_costs: bool
    best_words: str = "The best rated"


def page_html(page: Page, player: str) -> Html:
    """The whole page.

    Parameters
    ----------
    page : Page
        What it says.
    player : str
        The text of player.js.

    Raises
    ------
    ValueError
        When the script's text would end its own element.
    """
    script = f"{player}\n{(_HERE / 'report.js').read_text(encoding='utf-8')}"
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("the script's text would end its element")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="generator", content=GENERATOR),
        # Nothing but this script runs, and nothing is fetched but clips that lie beside the page.
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY.format(digest=digest)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", page.title),
        el("style", Html((_HERE / "report.css").read_text(encoding="utf-8"))),
    )
    body = el("body", _main(page), _data(page), el("script", Html(script), type="module"))
    return Html(f"<!doctype html>\n{el('html', head, body, lang='en')}\n")


def _data(page: Page) -> Html | None:
    """What the script is given. In a script element nothing is escaped; "<" written so cannot end it."""
    if not page.data.get("clips"):
        return None
    block = json.dumps(page.data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return el("script", Html(block), type="application/json", id="rep-data")


def _main(page: Page) -> Html:
    return el(
        "main",
        _head(page),
        _notes(page.notes),
        _compare(page),
        _clips(page),
        _pictures(page.pictures),
        *(_figures(one) for one in page.tables if one.rows),
        class_=style.PLAIN,
    )


def _head(page: Page) -> Html:
    told = [
        el("div", el("dt", label), el("dd", value), el("dd", words, class_="rep-words") if words else None)
        for label, value, words in page.figures
    ]
    about = [el("span", words) for words in page.about]
    return el(
        "header",
        el("h1", page.title, dir="auto"),
        el("p", *about, class_="rep-about"),
        el("dl", *told, class_="rep-figures") if told else None,
    )


def _notes(notes: Sequence[str]) -> Html | None:
    if not notes:
        return None
    return el("ul", *(el("li", note) for note in notes), class_="rep-notes", aria_label="Notes")


def _compare(page: Page) -> Html | None:
    """The player's place; the script shows it."""
    if sum(line.is_ticked is not None for line in page.lines) < 2:
        return None
    bar = el(
        "p",
        el("span", class_="rep-many", role="status"),
        el("button", page.best_words, type="button", class_="rep-best"),
        el("button", "None", type="button", class_="rep-none"),
        class_="rep-bar",
    )
    return el(
        "section",
        el("h2", "Side by side", id="rep-player"),
        bar,
        el("div", class_="rep-player"),
        class_="rep-compare",
        hidden=True,
        aria_labelledby="rep-player",
    )


# ---- the clips -----------------------------------------------------------------------------------------------------


def _clips(page: Page) -> Html:
    if not page.lines:
        return el("p", "There is nothing in this report: the table had no rows.", class_="rep-empty")
    heads = ["", "", "Prompt", "Settings", *(["Cost"] if page.has_costs else []), "Took", "Verdict"]
    hidden = {0: "Compare", 1: "Clip"}
    cells = [
        el(
            "th",
            el("span", hidden[at], class_="rep-hidden") if at in hidden else head,
            scope="col",
            class_=_COLUMNS[at],
        )
        for at, head in zip([0, 1, 2, 3, *([4] if page.has_costs else []), 5, 6], heads, strict=True)
    ]
    return el(
        "section",
        el("h2", "Clips", id="rep-clips"),
        el("p", page.same, class_="rep-same", dir="auto") if page.same else None,
        el(
            "table",
            el("thead", el("tr", *cells)),
            el("tbody", *(_row(line, costs=page.has_costs) for line in page.lines)),
            class_="rep-clips",
            aria_labelledby="rep-clips",
        ),
    )


_COLUMNS = ("rep-tick", "rep-still", "rep-say", "rep-set", "rep-num", "rep-num", "rep-verdict")


def _row(line: Line, *, costs: bool) -> Html:
    cost = el("td", line.cost, class_="rep-num", data_label="Cost") if costs else None
    return el(
        "tr",
        el("td", _tick(line), class_="rep-tick"),
        el("td", _still(line), class_="rep-still"),
        el("td", *_said(line), class_="rep-say"),
        el("td", *_set(line), class_="rep-set"),
        cost,
        el("td", line.took, class_="rep-num", data_label="Took"),
        el("td", *_verdict(line), class_="rep-verdict"),
    )


def _tick(line: Line) -> Html:
    number = el("span", str(line.number), class_="rep-number")
    if line.is_ticked is None:
        return number
    tick = el(
        "label",
        el(
            "input", type="checkbox", value=line.id, checked=line.is_ticked, autocomplete="off",
            aria_label=f"Compare clip {line.number}: {line.prompt[:80]}",
        ),
        el("span", class_="rep-letter", aria_hidden="true"),
    )  # fmt: skip
    return join(number, tick)


def _still(line: Line) -> Html:
    scale = min(_STILL_PX / line.size[0], _STILL_PX / line.size[1])
    shape = f"width: {max(round(line.size[0] * scale), 60)}px; aspect-ratio: {line.size[0]} / {line.size[1]}"
    poster = None if line.poster is None else _uri("image/jpeg", line.poster)
    name = f"Clip {line.number}: {line.prompt[:200]}"
    video = line.whole if line.whole is not None else line.small
    if video is not None:
        kind = {"data_whole": line.id} if line.whole is not None else {"data_small": line.id}
        shown = el(
            "video", controls=True, muted=line.whole is None, loop=line.whole is None, playsinline=True, preload="none",
            src=_uri("video/mp4", video), poster=poster, aria_label=name, style=shape, data_still=line.id, **kind,
        )  # fmt: skip
    elif poster is not None:
        shown = el("img", src=poster, alt=name, style=shape, data_still=line.id)
    else:
        words = "no clip" if line.trouble else "left out of the page"
        shown = el("div", words, class_="rep-none-there", style=shape)
    under: list[Html | str] = []
    if line.link:
        under += [el("a", line.link_words, href=line.link, aria_label=f"{line.link_words}, clip {line.number}"), " "]
    under += [el("span", text, style=style.pill(colour)) for text, colour in line.labels]
    return join(shown, el("div", *under, class_="rep-under") if under else None)


def _said(line: Line) -> list[Html]:
    long = len(line.prompt) > _LONG
    parts = [
        el(
            "div", line.prompt, dir="auto", class_="rep-prompt", tabindex="0" if long else None,
            role="group" if long else None, aria_label="Prompt" if long else None,
        )
    ]  # fmt: skip
    if line.trouble:
        parts.append(el("div", line.trouble, dir="auto", class_="rep-bad" if line.is_bad else "rep-muted"))
    if line.mismatch:
        parts.append(el("div", el("b", "⚠ Not as asked: "), line.mismatch, dir="auto", class_="rep-flag"))
    if line.note:
        parts.append(el("div", line.note, dir="auto", class_="rep-note"))
    if line.tags:
        parts.append(el("ul", *(el("li", tag, dir="auto") for tag in line.tags), class_="rep-tags", aria_label="Tags"))
    return parts


def _set(line: Line) -> list[Html]:
    parts = [el("div", text, dir="auto") for text in line.settings]
    parts.append(el("div", line.when, class_="rep-muted"))
    parts.append(el("code", line.id))
    return parts


def _verdict(line: Line) -> list[Html]:
    parts = []
    if line.rating:
        stars = "★" * line.rating + "☆" * (5 - line.rating)
        parts.append(el("div", stars, role="img", aria_label=f"rated {line.rating} of 5", class_="rep-stars"))
    if line.decision in _DECIDED:
        words, colour = _DECIDED[line.decision]
        parts.append(el("div", words, style=f"color: {colour}; font-weight: 600"))
    parts += [el("div", text, dir="auto", class_="rep-muted") for text in (line.reason, line.usable) if text]
    return parts


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


# ---- figures -------------------------------------------------------------------------------------------------------


def _pictures(pictures: Sequence[Html]) -> Html | None:
    if not pictures:
        return None
    shown = [el("div", markup, class_="rep-picture") for markup in pictures]
    return el(
        "section", el("h2", "In pictures", id="rep-pictures"), el("div", *shown, class_="rep-pictures"),
        aria_labelledby="rep-pictures",
    )  # fmt: skip


def _figures(one: Figures) -> Html:
    head = [el("th", words, scope="col", class_=_align(name)) for name, words in one.columns]
    body = [
        el(
            "tr",
            *(
                _figure(name, value, first=not at)
                for at, ((name, _), value) in enumerate(zip(one.columns, row, strict=True))
            ),
        )
        for row in one.rows
    ]
    table = el("table", el("thead", el("tr", *head)), el("tbody", *body), class_="rep-table")
    return el(
        "section",
        el("h2", one.title),
        el("div", table, class_="rep-scroll", tabindex="0", role="group", aria_label=one.title),
        *(el("p", note, class_="rep-muted") for note in one.notes),
    )


_TEXTS = ("prompt", "quality", "reason", "kind", "is_preview", "aspect_ratio", "motion_mode")


def _align(name: str) -> str:
    return "rep-text" if name in _TEXTS else "rep-num"


def _figure(name: str, value: Any, *, first: bool) -> Html:
    text, _ = figure(name, value)
    if (name.endswith("_s") or name == "duration") and text != "–":
        text = f"{text} s"
    if name != "is_preview":
        text = {"True": "yes", "False": "no"}.get(text, text)
    inside: Html | str = text
    if name == "is_preview" and str(value) == "True":
        inside = el("span", text, style=style.pill(style.WARN))
    tag = "th" if first else "td"
    return el(tag, inside, dir="auto", scope="row" if first else None, class_=_align(name))


def written_html(name: str, link: str | None, size: str, notes: Sequence[str]) -> Html:
    """A report that was written, for the notebook: a link to it, how large it is, and what its reader is told."""
    shown = (
        el("b", name)
        if link is None
        else el("a", name, href=link, target="_blank", rel="noopener", style="font-weight: 600")
    )
    told = [el("div", note, style=f"color: {style.MUTED}; font-size: 12px") for note in notes]
    return el(
        "div",
        el(
            "div", shown, el("span", f"  {size}", style=f"color: {style.MUTED}; white-space: pre-wrap; {style.FIGURES}")
        ),
        *told,
        class_=f"pixverse-report {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 8px; max-width: 700px",
    )
