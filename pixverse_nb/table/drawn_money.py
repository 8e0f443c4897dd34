"""Pictures of money: what was spent when and on which quality, and what a clip cost against how long it took."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from pixverse_nb.display.pictures import Spot
from pixverse_nb.pricing import MICROS
from pixverse_nb.store.schema import DAY_US

from . import measures
from .canvas import ACCENT, FILL, GREY, WIDTH, Drawn, Sheet, scale, shown, ticks, usd
from .drawn_rows import _in, _small, bars
from .tally import NEEDS, Tally

PREVIEW_BAND = "Preview engine: pretended money, nothing was billed"
_BILLED = {False: "billed", True: "priced"}  # by whether it was the preview engine
_SPOTS = 100  # newest clips with a poster
_AT_ONCE = 4  # posters
_MOMENTS = 2000  # of a line; a page has fewer pixels
_LEFT = 62  # px: for the words of an upright axis
_HOUR_US = DAY_US // 24
# Up to so many days, a bar is: its name, and numpy's unit.
_BINS = ((2, "hour", "h"), (100, "day", "D"), (730, "week", "W"), (10**9, "month", "M"))
# From an axis' least mark to the next, for numpy's dates.
_STEPS = (
    ("h", 1), ("h", 3), ("h", 6), ("h", 12), ("D", 1), ("D", 2), ("D", 7), ("D", 14), ("M", 1), ("M", 3), ("M", 6),
    ("Y", 1), ("Y", 2), ("Y", 5),
)  # fmt: skip
_MOST_MARKS = 6

Thumbnail = Callable[[str], bytes | None]


def costs(frame: pd.DataFrame) -> Drawn:
    """Money over time, and by quality."""
    import numpy as np

    title = "Costs"
    whole = measures.costs(frame)
    by_quality = measures.costs(frame, "quality").reset_index()
    tally = Tally(frame, None, (*NEEDS, "created_at", "quality"))
    tally.add_money()
    own = tally.rows[tally.rows["is_own"]]
    unknown = int(whole["unknown_costs"].sum())
    known = own[own["known"]]
    notes = [f"Cost unknown: {_in('row', unknown)}, left out here and never counted as $0."] if unknown else []
    if not len(known):
        return Drawn(title, "", "Nothing has a known cost yet." if len(own) else "Nothing was sent.", notes)
    dated = known[known["created_at"].notna()]
    if len(dated) < len(known):
        notes.append(f"When it was is unknown: {_in('row', len(known) - len(dated))}, by quality only.")
    bands = [flag for flag in (False, True) if bool((known["is_preview"] == flag).any())]
    names = {False: "charged", True: "pretended by the preview engine"}
    totals = {
        bool(row["is_preview"]): (float(row["sum_usd"]), int(row["billed_clips"]))
        for row in whole[whole["sum_usd"].notna()].to_dict("records")
    }
    lead = "; ".join(f"{usd(totals[flag][0])} {names[flag]}, {totals[flag][1]:,} {_BILLED[flag]}" for flag in bands)
    band = 22 if len(bands) > 1 or bands[0] else 0
    height = 262 + band
    sheet = Sheet(title, lead, height * len(bands), notes)
    words = []
    for at, flag in enumerate(bands):
        part = dated[dated["is_preview"] == flag]
        moments = part["created_at"].to_numpy(dtype="datetime64[us]").astype("int64")
        amounts = part["micros"].to_numpy(dtype="int64")
        order = np.argsort(moments, kind="stable")
        top = height * at
        if band:
            sheet.text(0, top + 8, PREVIEW_BAND if flag else "The service: real money", weight="bold")
        colour = GREY if flag else ACCENT
        if len(moments):
            words.append(_over_time(sheet, top + band, moments[order], amounts[order], colour))
        words.append(_by_quality(sheet, top + band, by_quality[by_quality["is_preview"] == flag], colour))
    return Drawn(title, lead, " ".join([lead + ".", *words]), notes, sheet)


def _over_time(sheet: Sheet, top: int, moments: Any, amounts: Any, colour: Any) -> str:
    """The sum as it grew, and bars a day (or what is fitting) below."""
    import numpy as np

    days = (moments[-1] - moments[0]) / DAY_US
    _, name, unit = next(row for row in _BINS if days <= row[0])
    starts, ends, found = _binned(moments, unit)
    sums = np.zeros(len(starts), dtype="int64")
    np.add.at(sums, found, amounts)
    span = (int(starts[0]), int(ends[-1]))
    width = 436
    line = sheet.axes(_LEFT, top + 20, width, 118)
    grown = np.cumsum(amounts)
    at = np.arange(len(moments))
    if len(at) > _MOMENTS:  # the last of each moment's pixel: there the sum is exact
        edges = np.linspace(moments[0], moments[-1], _MOMENTS)
        at = np.unique(np.searchsorted(moments, edges, side="right") - 1)
    xs = np.concatenate([[span[0]], moments[at], [span[1]]])
    ys = np.concatenate([[0], grown[at], grown[-1:]]) / MICROS
    line.plot(xs, ys, drawstyle="steps-post", color=colour, linewidth=1.8, linestyle="-", marker="", label="sum")
    below = sheet.axes(_LEFT, top + 168, width, 62)
    inset = (ends - starts) * 0.06
    below.bar(
        starts + inset, sums / MICROS, width=ends - starts - 2 * inset, align="edge", color=colour, alpha=0.75,
        linewidth=0,
    )  # fmt: skip
    places, labels, caption = _dates(*span)
    for axes, most, count in ((line, ys[-1], 4), (below, sums.max() / MICROS, 2)):
        marks = scale(float(most), count)
        axes.set(xlim=span, ylim=(0, max(marks[-1], most)))
        ticks(axes.yaxis, marks, _prices(marks), grid=True)
        ticks(axes.xaxis, places, labels if axes is below else [""] * len(places))
    sheet.text(_LEFT, top + 8, f"sum: {usd(float(ys[-1]))}")
    sheet.text(_LEFT, top + 154, f"per {name}")
    sheet.text(_LEFT + width, top + 154, caption, size=10.5, align="right")
    most = int(sums.argmax())
    when = _day(int(starts[most]), hours=unit == "h")
    first, last = _day(int(moments[0])), _day(int(moments[-1]))
    return (
        f"The sum grows to {usd(float(ys[-1]))} from {first} to {last} (UTC); "
        f"most in the {name} of {when}: {usd(sums[most] / MICROS)}."
    )


def _by_quality(sheet: Sheet, top: int, table: pd.DataFrame, colour: Any) -> str:
    part = table[table["sum_usd"].notna()]
    names = ["not said" if pd.isna(name) else str(name) for name in part["quality"]]
    sums = [float(v) for v in part["sum_usd"]]
    counts = [int(v) for v in part["billed_clips"]]
    billed = _BILLED[bool(part["is_preview"].all())]
    left, high = 586, 30
    sheet.text(left - 50, top + 8, "by quality")
    axes = sheet.axes(left, top + 20, 76, high * len(names))
    axes.set(xlim=(0, max(sums) or 1.0), ylim=(len(names), 0))
    axes.spines["bottom"].set_visible(False)
    ticks(axes.xaxis, [], [])
    ticks(axes.yaxis, [], [])
    bars(axes, sums, FILL if colour == GREY else colour, 0.5)
    for at, (name, amount, count) in enumerate(zip(names, sums, counts, strict=True)):
        middle = top + 20 + high * (at + 0.5)
        sheet.text(left - 6, middle, name, align="right")
        sheet.text(WIDTH, middle - 6, usd(amount), align="right")
        sheet.text(WIDTH, middle + 7, f"{count:,} {billed}", size=9.5, align="right")
    pairs = zip(names, sums, counts, strict=True)
    return "By quality: " + ", ".join(f"{name} {usd(v)} ({n:,} {billed})" for name, v, n in pairs) + "."


def tradeoff(frame: pd.DataFrame, thumbnail: Thumbnail | None = None, *, redact_prompts: bool = False) -> Drawn:
    """Cost against latency, one point a clip."""
    title = "Cost against latency"
    names = [name for name in ("prompt", "duration", "quality") if name in frame.columns]
    tally = Tally(frame, None, (*NEEDS, "latency_s", *names))
    tally.add_money()
    clips = tally.rows[tally.rows["is_clip"]]
    unknown, unmeasured = int((~clips["known"]).sum()), int(clips["latency_s"].isna().sum())
    notes = [f"Cost unknown: {_in('clip', unknown)}, not drawn."] if unknown else []
    notes += [f"Latency unknown: {_in('clip', unmeasured)}, not drawn."] if unmeasured else []
    points = clips[clips["known"] & clips["latency_s"].notna()].copy()
    if not len(points):
        return Drawn(title, "", "There is no finished clip whose cost and latency are known.", notes)
    points["usd"] = points["micros"].astype("float64") / MICROS
    points["s"] = points["latency_s"].astype("float64")
    points = points.sort_values("id", ascending=False, kind="stable")  # ids go by time
    pointed = points[points["id"].notna()].head(_SPOTS)
    if thumbnail is not None and len(points) > len(pointed) > 0:
        notes.append(f"The newest {len(pointed):,} of {len(points):,} clips show their posters when pointed at.")
    bands = [flag for flag in (False, True) if bool((points["is_preview"] == flag).any())]
    lead = f"one point a clip: {_in('clip', len(points))}{_small(len(points))}"
    band = 24 if len(bands) > 1 or bands[0] else 0
    height = 282 + band
    sheet = Sheet(title, lead, height * len(bands), notes)
    spots: list[Spot] = []
    words = []
    for at, flag in enumerate(bands):
        part = points[points["is_preview"] == flag]
        if band:
            sheet.text(0, height * at + 8, PREVIEW_BAND if flag else "The service: real money", weight="bold")
        axes = _cloud(sheet, height * at + band, part, GREY if flag else ACCENT)
        chosen = pointed[pointed["is_preview"] == flag]
        if thumbnail is not None and len(chosen):
            places = sheet.place(axes, chosen["s"], chosen["usd"])
            with ThreadPoolExecutor(_AT_ONCE) as pool:  # of a clip that nobody has looked at yet a frame is decoded
                stills = list(pool.map(thumbnail, chosen["id"]))
            for (left, top), row, still in zip(places, chosen.to_dict("records"), stills, strict=True):
                name = "" if redact_prompts else shown(_word(row.get("prompt")), 90)
                spots.append(Spot(float(left), float(top), name, _facts(row), still))
        low, high = part["usd"].min(), part["usd"].max()
        words.append(
            f"{'Preview engine, pretended' if flag else 'Service'}: {_in('clip', len(part))} at {usd(low)} to "
            f"{usd(high)}, in {part['s'].min():,.1f} to {part['s'].max():,.1f} s; median {usd(part['usd'].median())} "
            f"and {part['s'].median():,.1f} s."
        )
    return Drawn(title, lead, " ".join(words), notes, sheet, spots)


def _cloud(sheet: Sheet, top: int, part: pd.DataFrame, colour: Any) -> Any:
    """The points, with the settings' names at the height of what they cost."""
    many = len(part)
    axes = sheet.axes(_LEFT, top + 18, WIDTH - _LEFT - 104, 218)
    alpha, size = (0.7, 6) if many <= 500 else (0.35, 4.5) if many <= 5000 else (0.12, 3)
    axes.plot(
        part["s"].to_numpy(), part["usd"].to_numpy(), linestyle="none", marker="o", markersize=size,
        markeredgewidth=0, color=colour, alpha=alpha, clip_on=False, rasterized=many > 2000, label="clips",
    )  # fmt: skip
    across, up = scale(float(part["s"].max()), 6), scale(float(part["usd"].max()), 5)
    axes.set(xlim=(0, across[-1]), ylim=(0, up[-1]))
    ticks(axes.xaxis, across, [f"{mark:,.12g}" for mark in across])
    ticks(axes.yaxis, up, _prices(up), grid=True)
    sheet.text(_LEFT, top + 4, "cost of a clip")
    sheet.text(WIDTH - 104, top + 266, "seconds from the send to the file on disk", align="right")
    if {"duration", "quality"} <= set(part.columns):
        levels = part.groupby(["duration", "quality"], observed=True)["usd"].agg(["median", "size"])
        taken: list[float] = []
        for (duration, quality), (cost, _) in levels.sort_values("size", ascending=False, kind="stable").iterrows():
            y = top + 18 + 218 * (1 - cost / up[-1])
            if all(abs(y - other) >= 13 for other in taken):  # px
                taken.append(y)
                sheet.text(WIDTH - 96, y, f"{quality} · {int(duration)} s", size=10.5)
    return axes


def _prices(marks: list[float]) -> list[str]:
    whole = all(mark == round(mark) for mark in marks)
    return [f"${mark:,.0f}" if whole else usd(mark) for mark in marks]


def _facts(row: dict[Any, Any]) -> str:
    setting = [_word(row.get("quality")), f"{row['duration']} s" if _word(row.get("duration")) else ""]
    cost = usd(row["usd"]) + (" pretended" if row["is_preview"] else "")
    return " · ".join(part for part in (cost, f"took {row['s']:,.1f} s", *setting) if part)


def _word(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _binned(moments: Any, unit: str) -> tuple[Any, Any, Any]:
    """Bins in microseconds, from the first to the last with something in it, and each moment's place among them."""
    import numpy as np

    shift = 3 * DAY_US if unit == "W" else 0  # 1970 began on a Thursday, a week begins on Monday
    counted = (moments + shift).astype("datetime64[us]").astype(f"datetime64[{unit}]").astype("int64")
    distinct, found = np.unique(counted, return_inverse=True)

    def edge(numbers: Any) -> Any:
        dates = numbers.astype(f"datetime64[{unit}]").astype("datetime64[us]")
        return dates.astype("int64") - shift

    return edge(distinct), edge(distinct + 1), found


def _dates(start: int, end: int) -> tuple[list[int], list[str], str]:
    """Marks of a time axis in microseconds, their words, and the axis' own: its zone and, once, the year."""
    import numpy as np

    for unit, step in _STEPS:
        lowest = np.array([start], dtype="datetime64[us]").astype(f"datetime64[{unit}]").astype("int64")[0]
        highest = np.array([end], dtype="datetime64[us]").astype(f"datetime64[{unit}]").astype("int64")[0]
        if (highest - lowest) // step + 1 > _MOST_MARKS and (unit, step) != _STEPS[-1]:
            continue
        numbers = np.arange(lowest - lowest % step, highest + 1, step)
        marks = numbers.astype(f"datetime64[{unit}]").astype("datetime64[us]").astype("int64")
        marks = marks[(marks >= start) & (marks <= end)]
        break
    moments = [pd.Timestamp(int(mark), unit="us") for mark in marks]
    many_years = pd.Timestamp(start, unit="us").year != pd.Timestamp(end - 1, unit="us").year
    if unit == "h":
        words = [f"{m:%H:%M}" for m in moments]
        return list(marks), words, f"UTC, {_day(start)}"
    form = {"D": "{0.day} {0:%b}", "M": "{0:%b} {0:%Y}" if many_years else "{0:%b}", "Y": "{0:%Y}"}[unit]
    words = [form.format(m) for m in moments]
    return list(marks), words, "UTC" if unit == "Y" else f"UTC, {_years(start, end - 1)}"


def _years(start: int, end: int) -> str:
    first, last = (pd.Timestamp(at, unit="us").year for at in (start, end))
    return f"{first}" if first == last else f"{first} to {last}"


def _day(micros: int, *, hours: bool = False) -> str:
    moment = pd.Timestamp(micros, unit="us")
    return f"{moment.day} {moment:%b %Y}" + (f", {moment:%H:%M}" if hours else "")
