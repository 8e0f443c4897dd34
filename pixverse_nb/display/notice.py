"""Short words to the reader: shown in a notebook, written to standard error elsewhere."""

from __future__ import annotations

from . import console, style
from .frontend import in_notebook
from .html import Html, el

PREVIEW_WORDS = (
    "No API key was found, so this studio runs on the embedded preview engine: clips are drawn on this machine, "
    "not by PixVerse, costs are pretended, and nothing is billed. "
    "With SEGMIND_API_KEY set, the same cells send to Segmind."
)


def preview_notice(remark: str | None = None) -> tuple[Html, str]:
    """That the studio only rehearses, and what is to be said of the key: as HTML and as text."""
    words = f"{PREVIEW_WORDS} {remark}" if remark else PREVIEW_WORDS
    box = (
        f"{style.FONT}; color: {style.INK}; border-left: 3px solid {style.WARN}; padding: 6px 12px; margin: 4px 0; "
        "max-width: 640px; box-sizing: border-box"
    )
    label = el("span", "PREVIEW", style=style.pill(style.WARN))
    return el("div", label, " ", words, class_=style.PLAIN, style=box), f"PREVIEW: {words}"


def show_notice(notice: tuple[Html, str]) -> None:
    """Show it where a person will see it."""
    markup, text = notice
    if in_notebook():
        from IPython.display import display

        display({"text/html": str(markup), "text/plain": text}, raw=True)
    else:
        console.paragraph(text)
