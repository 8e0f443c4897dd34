"""The player on the screen where no script of ours runs; and how a page of its own gets one that does.

Its elements, and its look, are made in player/player.js.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import style
from .card import FLAG, flag_html
from .frontend import Source
from .html import Html, el, join

_WIDTHS = {2: 400, 3: 270, 4: 400}  # clips -> a picture's width, px, at most; a page is about 830 wide
_NARROW = 270
_TALLEST = 360  # px
_MARKS = {"ins": f"text-decoration: none; font-weight: 600; border-bottom: 2px solid {style.GOOD}",
          "del": f"color: {style.MUTED}; text-decoration: line-through"}  # fmt: skip
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")  # must not steer a terminal


@dataclass(frozen=True)
class Shown:
    """One clip, as plain values.

    Attributes
    ----------
    words : sequence of (kind, text)
        Its prompt beside the first one's: "same", "ins", "del", "gap".
    facts : sequence of (label, text)
        What differs.
    said : str
        What people said of it.
    flag : str
        In what it differs from what was asked for; empty when it does not.
    size : tuple of int
        Width and height, px.
    poster : bytes or None
        JPEG.
    """

    name: str
    prompt: str
    words: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    said: str
    size: tuple[int, int]
    source: Source
    poster: bytes | None
    flag: str = ""

    @classmethod
    def of(cls, clip: Mapping[str, Any], source: Source, poster: bytes | None) -> Shown:
        """From what the script is given of a clip."""
        return cls(
            name=clip["name"], prompt=clip["prompt"], words=clip["words"], facts=clip["facts"], said=said_words(clip),
            size=(clip["width"] or 16, clip["height"] or 9), source=source, poster=poster,
            flag=clip["flag"],
        )  # fmt: skip


def said_words(clip: Mapping[str, Any]) -> str:
    """What people said of a clip, in a line."""
    start, end = clip["mark_in_s"], clip["mark_out_s"]
    reason = f": {clip['reason']}" if clip["reason"] else ""
    parts = [
        f"rated {clip['rating']} of 5" if clip["rating"] else "",
        {"keep": "kept", "reject": f"rejected{reason}"}.get(clip["decision"] or "", ""),
        "" if start is end is None else f"usable {start or 0:.2f} to {clip['duration'] if end is None else end:.2f} s",
    ]
    return " · ".join(part for part in parts if part)


def static_html(clips: Sequence[Shown], prompt: str, same: Sequence[tuple[str, str]]) -> Html:
    """Plain players side by side with their captions: no script, no widget, no trust."""
    width = _WIDTHS.get(len(clips), _NARROW)
    place = f"display: inline-block; vertical-align: top; width: {width}px; max-width: 100%; margin: 0 14px 14px 0"
    muted = f"color: {style.MUTED}; font-size: 12px; {style.FIGURES}"
    common = " · ".join(f"{label} {text}" for label, text in same)
    return el(
        "div",
        el("div", prompt, dir="auto", style="font-weight: 500; overflow-wrap: anywhere") if prompt else None,
        el("div", common, dir="auto", style=f"{muted}; margin-bottom: 6px") if common else None,
        *(el("div", _picture(clip, width), _caption(clip), style=place) for clip in clips),
        class_=f"pixverse-compare {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}",
    )


def _picture(clip: Shown, width: int) -> Html:
    scale = min(width / clip.size[0], _TALLEST / clip.size[1])
    across, down = max(round(clip.size[0] * scale), 90), max(round(clip.size[1] * scale), 60)
    look = f"display: block; max-width: 100%; height: auto; border-radius: 6px; background: {style.SUNKEN}; margin: 0"
    poster = None if clip.poster is None else "data:image/jpeg;base64," + base64.b64encode(clip.poster).decode()
    title = clip.prompt[:200]
    if clip.source.src is not None:
        return el(
            "video", controls=True, preload="metadata", src=clip.source.src, poster=poster, width=across, height=down,
            title=title, style=look,
        )  # fmt: skip
    still = el("img", src=poster, alt="", width=across, title=title, style=look) if poster else None
    words = el("div", clip.source.note or "no clip", style=f"color: {style.MUTED}; font-size: 12px")
    return join(still, words)


def _caption(clip: Shown) -> Html:
    facts = " · ".join(f"{label} {text}" for label, text in clip.facts)
    words = [part for kind, text in clip.words for part in word_html(kind, text)]
    return el(
        "div",
        el("div", el("b", clip.name), f" {clip.said}" if clip.said else None, style="margin-top: 3px"),
        el("div", *words, dir="auto", style="overflow-wrap: anywhere") if words else None,
        flag_html(clip.flag) if clip.flag else None,
        el("div", facts, dir="auto", style=f"color: {style.MUTED}; font-size: 12px; {style.FIGURES}"),
    )


def word_html(kind: str, text: str) -> tuple[Html | str, ...]:
    """A piece of a text beside another one, of a kind "same", "ins", "del" or "gap".

    What came is underlined, what went is struck through; the blank after a change is not marked, and what went is apart
    from what came.
    """
    if kind not in _MARKS:
        return (text,)
    word = text.rstrip()
    return el(kind, word, style=_MARKS[kind]), text[len(word) :] or (" " if kind == "del" else "")


def verdicts_html(said: Sequence[tuple[str, str]], *, class_: str) -> Html:
    """What people said of each clip, a line each; it follows what is said in a player that is shown beside it.

    Parameters
    ----------
    said : sequence of (name, words)
        Clips of which something was said; with none it is an empty place.
    class_ : str
        Of this alone: the living player hides it by that.
    """
    lines = [el("div", el("b", name), f" {words}", dir="auto") for name, words in said]
    look = f"{style.FONT}; color: {style.INK}; overflow-wrap: anywhere"
    return el("div", *lines, class_=f"{class_} {style.PLAIN}", style=look)


def verdicts_text(said: Sequence[tuple[str, str]]) -> str:
    """The same for a terminal."""
    return " · ".join(f"{name} {words}" for name, words in said).translate(_CONTROLS)


def static_text(clips: Sequence[Shown], prompt: str, same: Sequence[tuple[str, str]]) -> str:
    """The same for a terminal: a line a clip."""
    short = " ".join(prompt.split())
    lines = [short if len(short) <= 100 else short[:99] + "…", " · ".join(f"{label} {text}" for label, text in same)]
    signs = {"ins": "{+%s+}", "del": "[-%s-]"}
    for clip in clips:
        words = "".join(signs.get(kind, "%s") % text for kind, text in clip.words)
        facts = [f"{label} {text}" for label, text in clip.facts]
        facts += [f"{FLAG} {clip.flag}"] if clip.flag else []
        lines.append(" · ".join(part for part in (clip.name, clip.said, " ".join(words.split()), *facts) if part))
    return "\n".join(line.translate(_CONTROLS) for line in lines if line)


def mount_html(data: Mapping[str, Any]) -> Html:
    """A place for a player on a page of its own: `module_html` puts one into each."""
    # In a script element nothing is escaped; "<" written so cannot end it.
    block = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return el("div", el("script", Html(block), type="application/json"), class_=f"pixverse-mount {style.PLAIN}")


def module_html(module: str) -> Html:
    """The script of a page with players: the text of player.js, and what mounts one in each place.

    Raises
    ------
    ValueError
        When the text would end its own element.
    """
    if "</script" in module.lower() or "<!--" in module:
        raise ValueError("the module's text would end its script element")
    mount = (
        'for (const place of document.querySelectorAll(".pixverse-mount"))\n'
        '  mountPlayer(place, JSON.parse(place.querySelector("script").textContent));\n'
    )
    return el("script", Html(f"{module}\n{mount}"), type="module")
