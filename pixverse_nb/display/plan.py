"""A sweep on the screen: its plan before anything is sent, and its progress while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import style
from .html import Html, el, join

# State -> (icon, word, colour, whether the square is filled).
STATES: Mapping[str, tuple[str, str, str, bool]] = {
    "waiting": ("", "waiting", style.LINE, False),
    "sending": ("", "sending", style.ACCENT, False),
    "running": ("", "drawing", style.ACCENT, True),
    "done": ("✓", "done", style.GOOD, True),
    "reused": ("✓", "reused, nothing sent", style.GOOD, False),
    "failed": ("✕", "failed", style.BAD, True),
    "unknown": ("?", "outcome unknown", style.WARN, False),
    "not sent": ("", "not sent", style.MUTED, False),
}

SQUARES = 600
"""Cells beyond that are gathered, several a square."""

_WORST_FIRST = ("failed", "unknown", "running", "sending", "not sent", "waiting", "done", "reused")
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")
_WIDTH = "max-width: 640px; box-sizing: border-box"


@dataclass(frozen=True)
class PlanView:
    """What a plan shows; plain values, in words already.

    Attributes
    ----------
    title : str
        How many clips.
    axes : sequence of (name, values)
        What varies.
    figures : sequence of (what, figure, remark)
        Counts, money, time.
    warnings : sequence of str
        What a person should see before running it.
    foot : str
        What to do next.
    """

    title: str
    axes: Sequence[tuple[str, Sequence[str]]]
    figures: Sequence[tuple[str, str, str]]
    warnings: Sequence[str]
    foot: str


def plan_html(view: PlanView) -> Html:
    """The plan as a small table."""
    axes = [_line(name, f"{len(values):,}", _listed(values, 96)) for name, values in view.axes]
    figures = [_line(*figure, strong=not index) for index, figure in enumerate(view.figures)]
    rule = el("tr", el("td", "", colspan=3, style=f"padding: 3px 0; border: none; {_RULE}"), style=_ROW)
    body = [*axes, *([rule] if axes else []), *figures]
    return el(
        "div",
        el("div", view.title, style="font-size: 15px; font-weight: 600; margin-bottom: 4px"),
        el("table", el("tbody", *body), style="border-collapse: collapse; border: none; margin: 0; width: 100%"),
        *(_warning(text) for text in view.warnings),
        el("div", view.foot, style=f"color: {style.MUTED}; margin-top: 8px"),
        class_=f"pixverse-plan {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px; {_WIDTH}",
    )


def plan_text(view: PlanView) -> str:
    """The plan for a terminal."""
    lines = [(name, f"{len(values):,}", _listed(values, 60)) for name, values in view.axes] + list(view.figures)
    names, figures = (max((len(line[i]) for line in lines), default=0) for i in (0, 1))
    rows = [f"  {what:<{names}}  {figure:>{figures}}  {remark}".rstrip() for what, figure, remark in lines]
    warnings = [f"! {text}" for text in view.warnings]
    return "\n".join(line.translate(_CONTROLS) for line in [view.title, *rows, *warnings, view.foot])


_RULE = f"border-bottom: 1px solid {style.LINE}"
_ROW = "background: transparent; border: none"


def _line(what: str, figure: str, remark: str, *, strong: bool = False) -> Html:
    cell = "padding: 2px 0; border: none; vertical-align: baseline; text-align: left"
    weight = "; font-weight: 600" if strong else ""
    name = f"{cell}; color: {style.MUTED}; width: 110px; max-width: 180px; overflow-wrap: anywhere"
    return el(
        "tr",
        el("td", what, dir="auto", style=name),
        el("td", figure, style=f"{cell}; text-align: right; white-space: nowrap; {style.FIGURES}; width: 76px{weight}"),
        el("td", remark, dir="auto", style=f"{cell}; padding-left: 14px; overflow-wrap: anywhere; {style.FIGURES}"),
        style=_ROW,
    )


def _listed(values: Sequence[str], room: int) -> str:
    """As many of the values as fit on a line or two; of many, the first ones and the last."""
    few = len(values) <= 8
    picked = list(values if few else [*values[:5], "…", values[-1]])
    most = max(room // len(picked), 12) if picked else 0
    texts = [" ".join(value.split()) for value in picked]
    return " · ".join(text if len(text) <= most else text[: most - 1] + "…" for text in texts)


def _warning(text: str) -> Html:
    look = f"border-left: 3px solid {style.WARN}; padding: 2px 0 2px 12px; margin-top: 8px; overflow-wrap: anywhere"
    return el("div", text, role="note", style=look)


# ---- progress ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProgressView:
    """What a run shows; plain values.

    Attributes
    ----------
    cells : sequence of (state, words)
        In plan order, with a state of `STATES`; of more than `SQUARES` cells, the words are not shown.
    elapsed, left : str
        Clock times; `left` is empty when nobody can tell, or when all has ended.
    money : str
        What it cost so far.
    note : str
        A passing remark, such as a rate limit that is waited for, or why it stopped.
    is_stopped : bool
        Whether `note` says why it stopped before its end.
    below : Html or None
        What is shown under it, when it has ended.
    """

    cells: Sequence[tuple[str, str]]
    elapsed: str
    left: str
    money: str
    note: str = ""
    is_stopped: bool = False
    below: Html | None = field(default=None, repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """How many cells are in each state."""
        counts = dict.fromkeys(STATES, 0)
        for state, _ in self.cells:
            counts[state] += 1
        return counts

    @property
    def headline(self) -> str:
        """For example "7 of 12 clips"."""
        counts = self.counts
        clips = "clip" if len(self.cells) == 1 else "clips"
        return f"{counts['done'] + counts['reused']:,} of {len(self.cells):,} {clips}"


def progress_html(view: ProgressView) -> Html:
    """Headline, bar, squares, counts and a remark: each has its place from the first moment on."""
    facts = [view.elapsed, view.left and f"about {view.left} left", view.money]
    head = el(
        "div",
        el("span", view.headline, style="font-size: 15px; font-weight: 600"),
        el("span", "  " + " · ".join(fact for fact in facts if fact), style=f"color: {style.MUTED}; {_PRE}"),
        style=f"{style.FIGURES}; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; line-height: 24px",
    )
    edge = style.WARN if view.is_stopped else "transparent"
    note = el(
        "div",
        view.note or "\u00a0",
        style=f"color: {style.INK if view.is_stopped else style.MUTED}; border-left: 3px solid {edge}; "
        f"padding-left: {12 if view.is_stopped else 0}px; margin-left: {0 if view.is_stopped else -3}px; "
        "overflow-wrap: anywhere; min-height: 20px; margin-top: 4px",
    )
    top = el("div", head, _bar(view), _squares(view.cells), _legend(view), note, style=_WIDTH)
    return el(
        "div",
        top,
        view.below,
        class_=f"pixverse-sweep {style.PLAIN}",
        style=f"{style.FONT}; color: {style.INK}; margin: 4px 0 12px",
    )


_PRE = "white-space: pre"


def _bar(view: ProgressView) -> Html:
    whole = max(len(view.cells), 1)
    counts = view.counts
    parts = (("done", style.GOOD, "1"), ("failed", style.BAD, "1"), ("running", style.ACCENT, "0.45"))
    totals = {"done": counts["done"] + counts["reused"], "failed": counts["failed"] + counts["unknown"]}
    totals["running"] = counts["running"]
    fills = [
        el("div", style=f"width: {totals[name] / whole:.2%}; height: 4px; background: {colour}; opacity: {opacity}")
        for name, colour, opacity in parts
        if totals[name]
    ]
    look = f"display: flex; height: 4px; margin: 4px 0 8px; border-radius: 2px; overflow: hidden; background: {_TRACK}"
    return el("div", *fills, style=look)


_TRACK = "var(--jp-border-color2, rgba(128, 128, 128, 0.25))"
_SQUARE = (
    "display: inline-block; box-sizing: border-box; width: 14px; height: 14px; margin: 0 3px 3px 0; "
    "border-radius: 3px; font-size: 9px; font-weight: 700; line-height: 12px; text-align: center; "
    "vertical-align: top; cursor: default; "
)


def _squares(cells: Sequence[tuple[str, str]]) -> Html:
    size = -(-len(cells) // SQUARES) or 1
    groups = [(start + 1, cells[start : start + size]) for start in range(0, len(cells), size)]
    squares = [_square(*group[0], at) if len(group) == 1 else _gathered(at, group) for at, group in groups]
    return el("div", *squares, style="line-height: 0; margin-right: -3px")


def _square(state: str, title: str, at: object) -> Html:
    icon, _, colour, filled = STATES[state]
    ink = "var(--jp-ui-inverse-font-color1, #fafafa)" if filled else colour
    back = colour if filled else "transparent"
    return el(
        "span",
        icon,
        title=f"{at} · {title[:300]}",
        style=f"{_SQUARE}border: 1px solid {colour}; background: {back}; color: {ink}",
    )


def _gathered(at: int, group: Sequence[tuple[str, str]]) -> Html:
    states = [state for state, _ in group]
    worst = next(state for state in _WORST_FIRST if state in states)
    said = ", ".join(f"{states.count(s)} {STATES[s][1]}" for s in STATES if s in states)
    return _square(worst, said, f"{at}–{at + len(group) - 1}")


_LEGEND = ("done", "running", "waiting", "reused", "sending", "failed", "unknown", "not sent")


def _legend(view: ProgressView) -> Html:
    counts = view.counts
    always = {"done", "running", "waiting"} if view.left else set()  # no place changes while it runs
    shown = [state for state in _LEGEND if counts[state] or state in always]
    parts = []
    for state in shown:
        icon, word, colour, filled = STATES[state]
        mark = icon or ("■" if filled else "□")
        tint = style.MUTED if state == "waiting" else colour
        parts += [el("span", mark, style=f"color: {tint}; font-weight: 700"), f" {counts[state]:,} {word}   "]
    look = f"color: {style.MUTED}; {style.FIGURES}; white-space: pre-wrap; margin-top: 5px"
    return el("div", join(*parts), role="status", style=look)


def progress_parts(view: ProgressView, what: str = "sweep") -> list[str]:
    """A line for a terminal, most important first; `what` is what runs."""
    counts = view.counts
    said = [f"{counts[state]:,} {STATES[state][1]}" for state in STATES if counts[state] and state != "done"]
    parts = [view.headline, *said, view.elapsed, view.left and f"about {view.left} left", view.money, view.note]
    first, *others = (part.translate(_CONTROLS) for part in parts if part)
    return [f"{what}: {first}", *others]


def progress_text(view: ProgressView, what: str = "sweep") -> str:
    """The same as one text."""
    return " · ".join(progress_parts(view, what))


def clock(seconds: float) -> str:
    """A time as a clock has it: 0:42, 12:05, 1:02:03."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def about(seconds: float) -> str:
    """A time as one says it: "about 40 s", "about 4 min", "about 2.5 h"."""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
