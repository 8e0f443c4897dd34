"""Pictures that are read row by row: how long clips took, what failed, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from . import measures
from .canvas import ACCENT, FILL, GREY, LINE, WIDTH, Drawn, Sheet, scale, shown, ticks, usd
from .measures import SMALL_SAMPLE, STAGES
from .tally import Tally

PRETENDED = "Rows marked “preview” are the preview engine's: their money is pretended, their times are its own."
_GAP, _TITLE, _AXIS = 12, 26, 30  # px
_GROUPS, _KINDS, _PROMPTS = 6, 10, 10  # rows at most
_POINTS = 300  # in a row; of more values, so many at even ranks

Column = tuple[str, int, Sequence[str]]  # head, width in px, a text a row


def latencies(frame: pd.DataFrame) -> Drawn:
    """How long finished clips took, stage by stage."""
    title = "Latencies"
    by = ("duration", "quality")
    table = measures.latencies(frame, by).reset_index()
    table = table[table["n"] > 0]
    if not len(table):
        return Drawn(title, "", "There is no finished clip whose time was measured.")
    table["key"] = [_key(*values) for values in zip(*(table[n] for n in (*by, "is_preview")), strict=True)]
    sizes = table.groupby("key", sort=False)["n"].max().sort_values(ascending=False, kind="stable")
    chosen = set(sizes.index[:_GROUPS])
    points = _seconds(frame, by)
    stages = [stage for stage in STAGES if (table["stage"] == stage).any()]
    parts = {stage: table[(table["stage"] == stage) & table["key"].isin(chosen)] for stage in stages}
    parts = {stage: part for stage, part in parts.items() if len(part)}
    notes = ["Dots are clips; ● p50, ○ p90, | p99, between two values by proportion."]
    if len(sizes) > len(chosen):
        notes.append(f"The {len(chosen)} largest of {len(sizes)} groups; df.pixverse.latencies() has all.")
    if bool(table["is_preview"].any()):
        notes.append(PRETENDED)
    high = 24
    height = sum(_TITLE + high * len(part) + _AXIS for part in parts.values())
    lead = "seconds, by stage; by the length asked for and quality"
    sheet = Sheet(title, lead, height, notes)
    top, words = 0, []
    for stage, part in parts.items():
        words += _stage(sheet, top, stage, part, points, high)
        top += _TITLE + high * len(part) + _AXIS
    return Drawn(title, lead, "; ".join(words) + ".", notes, sheet)


def _stage(sheet: Sheet, top: int, stage: str, part: pd.DataFrame, points: dict[Any, Any], high: int) -> list[str]:
    """One stage's rows; gives them in words."""
    import numpy as np

    labels = [_setting(*row) for row in part[["duration", "quality", "is_preview"]].itertuples(index=False, name=None)]
    counts = [int(n) for n in part["n"]]
    sizes = [f"n={n}: small sample" if n < SMALL_SAMPLE else f"n={n:,}" for n in counts]
    figures = {name: [float(v) for v in part[f"{name}_s"]] for name in ("p50", "p90", "p99")}
    columns: list[Column] = [("", 122, sizes), *((name, 52, [_s(v) for v in vs]) for name, vs in figures.items())]
    sheet.text(0, top + 12, {"whole": "send to file on disk"}.get(stage, stage), weight="bold")
    values = [points.get((stage, key), np.array([])) for key in part["key"]]
    most = max([*(v.max() for v in values if len(v)), *figures["p99"]])
    axes = rows(sheet, top + _TITLE, 150, labels, columns, high, most=most)
    for at, some in enumerate(values):
        if len(some) > _POINTS:
            some = some[np.linspace(0, len(some) - 1, _POINTS).round().astype(int)]  # noqa: PLW2901  sorted
        shift = (np.arange(len(some)) * 0.618 % 1 - 0.5) * 0.5  # spread evenly, the same each time
        axes.plot(
            some, at + 0.5 + shift, linestyle="none", marker="o", markersize=2.6, markeredgewidth=0, color=GREY,
            alpha=0.45, rasterized=True, label="clips",
        )  # fmt: skip
    where = np.arange(len(labels)) + 0.5
    plain = {"linestyle": "none", "markeredgecolor": ACCENT, "markeredgewidth": 1.4, "clip_on": False}
    axes.plot(figures["p99"], where, marker="|", markersize=9, label="p99", **plain)
    axes.plot(figures["p90"], where, marker="o", markersize=5, markerfacecolor="none", label="p90", **plain)
    axes.plot(figures["p50"], where, marker="o", markersize=6, markerfacecolor=ACCENT, label="p50", **plain)
    return [
        f"{stage}, {label}: p50 {_s(a)} s, p90 {_s(b)} s, p99 {_s(c)} s, {size}"
        for label, size, a, b, c in zip(labels, sizes, *figures.values(), strict=True)
    ]


def _s(seconds: float) -> str:
    """Seconds in words; below one, two digits that say something."""
    return f"{seconds:,.1f}" if seconds >= 1 or seconds == 0 else f"{seconds:.2g}"


def _seconds(frame: pd.DataFrame, by: Sequence[str]) -> dict[Any, Any]:
    """The clips' sorted seconds by stage and group: those that `measures.latencies` measures."""
    import numpy as np

    tally = Tally(frame, list(by), ("status", "service", "reused_from", *STAGES.values()))
    clips = tally.rows[tally.rows["is_clip"]]
    groups = clips.groupby([*tally.keys, "is_preview"], dropna=False, observed=True, sort=False)
    found = {}
    for values, group in groups[list(STAGES.values())]:
        for stage, column in STAGES.items():
            found[stage, _key(*values)] = np.sort(group[column].dropna().to_numpy(dtype="float64"))
    return found


def failures(frame: pd.DataFrame, *, redact_costs: bool = False) -> Drawn:
    """What failed, by kind."""
    title = "Failures"
    table = measures.failures(frame)
    sent = int(measures.yields(frame, None)["made"].sum())
    many = int(table["rows"].sum())
    if not many:
        return Drawn(title, "", "Nothing was sent." if not sent else f"Nothing failed: {_in('row', sent)} sent.")
    part = table.head(_KINDS)
    labels = [
        shown(str(kind), 28 if pretended else 38)
        + ("" if code is pd.NA else f" ({code})")
        + (" · preview" if pretended else "")
        for kind, code, pretended in zip(part["kind"], part["http_status"], part["is_preview"], strict=True)
    ]
    counts = {name: [int(v) for v in part[name]] for name in ("rows", "billed", "maybe_billed")}
    costs = ["unknown" if v is pd.NA else usd(float(v)) for v in part["sum_usd"]]
    columns: list[Column] = [
        ("rows", 48, [f"{n:,}" for n in counts["rows"]]), ("billed", 50, [f"{n:,}" for n in counts["billed"]]),
        ("maybe", 50, [f"{n:,}" for n in counts["maybe_billed"]]),
    ]  # fmt: skip
    if not redact_costs:
        columns.append(("known cost", 82, costs))
    notes = ["Blue: billed; dark grey: maybe billed, nobody knows; light grey: not billed."]
    if len(table) > len(part):
        notes.append(f"The {len(part)} most frequent of {len(table)} kinds; df.pixverse.failures() has all.")
    if bool(table["is_preview"].any()):
        notes.append(PRETENDED)
    lead = f"{many:,} of {_in('row', sent)} failed, or nobody knows what became of them{_small(sent)}"
    high = 26
    sheet = Sheet(title, lead, _TITLE + high * len(part) + _AXIS, notes)
    axes = rows(sheet, _TITLE, 262, labels, columns, high, most=max(counts["rows"]), unit="rows")
    billed, maybe = counts["billed"], counts["maybe_billed"]
    bars(axes, counts["rows"], FILL, 0.5)
    bars(axes, [a + b for a, b in zip(billed, maybe, strict=True)], GREY, 0.5)
    bars(axes, billed, ACCENT, 0.5)
    words = [
        f"{label}: {_in('row', n)}, {b} billed, {m} maybe" + f", known cost {cost}" * (not redact_costs)
        for label, n, b, m, cost in zip(labels, *counts.values(), costs, strict=True)
    ]
    return Drawn(title, lead, "; ".join(words) + ".", notes, sheet)


def yields(frame: pd.DataFrame, *, redact_prompts: bool = False, redact_costs: bool = False) -> Drawn:
    """What came of what was sent, by prompt and by setting."""
    title = "Yields"
    whole = measures.yields(frame, None)
    made = int(whole["made"].sum())
    if not made:
        return Drawn(title, "", "Nothing was sent.")
    tables = {}
    for head, by in (("prompt", "prompt"), ("setting", ("duration", "quality"))):
        table = measures.yields(frame, by).reset_index()
        table = table[table["made"] > 0].sort_values("made", ascending=False, kind="stable")
        tables[head] = table
    parts = {head: table.head(_PROMPTS) for head, table in tables.items()}
    notes = ["Broad: made; narrow grey on it: finished; blue: kept. Usable: not rejected, and between the marks."]
    for head, table in tables.items():
        if len(table) > _PROMPTS:
            notes.append(f"The {_PROMPTS} {head}s with the most of {len(table):,}; df.pixverse.yields() has all.")
    unknown = int(whole["unknown_costs"].sum())
    if unknown and not redact_costs:
        notes.append(f"Cost unknown: {_in('row', unknown)}; prices are of the known costs alone.")
    if bool(whole["is_preview"].any()):
        notes.append(PRETENDED)
    total = {name: int(whole[name].sum()) for name in ("finished", "kept")}
    lead = (
        f"{made:,} made, {total['finished']:,} finished, {total['kept']:,} kept; "
        f"{float(whole['usable_s'].sum()):,.1f} s usable{_small(made)}"
    )
    high = 24
    sheet = Sheet(title, lead, sum(_TITLE + high * len(part) + _AXIS for part in parts.values()), notes)
    top, words = 0, []
    for head, part in parts.items():
        if head == "prompt":
            labels = _prompts(part, hidden=redact_prompts)
        else:
            keys = part[["duration", "quality", "is_preview"]].itertuples(index=False, name=None)
            labels = [_setting(*key) for key in keys]
        sheet.text(0, top + 12, f"by {head}", weight="bold")
        words += _yield_rows(sheet, top, part, labels, high, priced=not redact_costs)
        top += _TITLE + high * len(part) + _AXIS
    return Drawn(title, lead, "; ".join(words) + ".", notes, sheet)


def _yield_rows(sheet: Sheet, top: int, part: pd.DataFrame, labels: list[str], high: int, *, priced: bool) -> list[str]:
    names = ("made", "finished", "kept")
    counts = {name: [int(v) for v in part[name]] for name in names}
    usable = ["unknown" if v is pd.NA else f"{float(v):,.1f} s" for v in part["usable_s"]]
    prices = ["–" if v is pd.NA else f"${float(v):,.3f}" for v in part["per_usable_second_usd"]]
    columns: list[Column] = [(name, 56, [f"{n:,}" for n in counts[name]]) for name in names]
    columns.append(("usable", 72, usable))
    if priced:
        columns.append(("per usable s", 84, prices))
    axes = rows(sheet, top + _TITLE, 236, labels, columns, high, most=max(counts["made"]), unit="clips")
    for name, colour, thick in (("made", FILL, 0.62), ("finished", GREY, 0.38), ("kept", ACCENT, 0.38)):
        bars(axes, counts[name], colour, thick)
    return [
        f"{label}: {a} made, {b} finished, {c} kept, {seconds} usable" + (f", {price} per usable second" * priced)
        for label, a, b, c, seconds, price in zip(labels, *counts.values(), usable, prices, strict=True)
    ]


def rows(
    sheet: Sheet, top: int, left: int, labels: Sequence[str], columns: Sequence[Column], high: int, *, most: float,
    unit: str = "s",
) -> Any:  # fmt: skip
    """Rows of a label, a place to draw in, and columns of figures at the right; gives the place.

    A row's middle is at its number and a half; the scale goes from 0 to at least `most`.
    """
    right = sum(width for _, width, _ in columns)
    axes = sheet.axes(left, top, WIDTH - left - right - _GAP, high * len(labels))
    marks = scale(most, 4)
    if unit != "s":
        marks = [mark for mark in marks if mark == round(mark)]
    top_mark = next((mark for mark in marks if mark >= most and mark > 0), most)
    axes.set(xlim=(0, top_mark), ylim=(len(labels), 0))
    words = [f"{mark:,.12g}" for mark in marks]
    unit = unit.removesuffix("s") if words[-1] == "1" and unit != "s" else unit
    ticks(axes.xaxis, marks, [*words[:-1], f"{words[-1]} {unit}"], grid=True)
    ticks(axes.yaxis, [], [])
    for at, label in enumerate(labels):
        sheet.text(0, top + high * (at + 0.5), label)
    edge = WIDTH - right
    for head, width, texts in columns:
        edge += width
        sheet.text(edge, top - 14, head, size=10.5, align="right")
        for at, text in enumerate(texts):
            sheet.text(edge, top + high * (at + 0.5), text, align="right")
    return axes


def bars(axes: Any, values: Sequence[float], colour: Any, thick: float) -> None:
    """Lying bars, one a row."""
    places = [at + 0.5 for at in range(len(values))]
    axes.barh(places, list(values), height=thick, color=colour, linewidth=0, edgecolor=LINE)


def _prompts(part: pd.DataFrame, *, hidden: bool) -> list[str]:
    names = {key: f"prompt {at + 1}" for at, key in enumerate(dict.fromkeys(_text(v) for v in part["prompt"]))}
    return [
        (names[_text(key)] if hidden else shown(_text(key), 23 if pretended else 34) or "(nothing)")
        + (" · preview" if pretended else "")
        for key, pretended in zip(part["prompt"], part["is_preview"], strict=True)
    ]


def _text(value: Any) -> str:
    return "(no prompt)" if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124  NaN


def _key(*values: Any) -> tuple[str, ...]:
    """Values that may be missing as something that is equal to itself."""
    return tuple(str(value) for value in values)


def _setting(duration: Any, quality: Any, pretended: Any) -> str:
    length = "length ?" if pd.isna(duration) else f"{int(duration)} s"
    return f"{length} · {'quality ?' if pd.isna(quality) else quality}" + (" · preview" if pretended else "")


def _small(count: int) -> str:
    return f" · n={count}: small sample" if count < SMALL_SAMPLE else ""


def _in(word: str, count: int) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"
