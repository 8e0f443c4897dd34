"""The figures of a report, from the accessor's own measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pixverse_nb.display.report import Figures

from . import measures

_MOST = 12  # rows of a table
_WORDS = {
    "is_preview": "Made by", "made": "Sent", "finished": "Finished", "failed": "Failed", "kept": "Kept",
    "rejected": "Rejected", "undecided": "Undecided", "video_s": "Video", "usable_s": "Usable", "sum_usd": "Cost",
    "per_usable_second_usd": "Per usable second", "prompt": "Prompt", "quality": "Quality", "duration": "Duration",
    "aspect_ratio": "Aspect ratio", "generate_audio_switch": "Sound asked for", "motion_mode": "Motion", "take": "Take",
    "reason": "Reason", "clips": "Clips", "kind": "What happened", "http_status": "HTTP status", "rows": "How often",
    "billed": "Billed", "maybe_billed": "Maybe billed",
}  # fmt: skip
_YIELDS = (
    "made",
    "finished",
    "failed",
    "kept",
    "rejected",
    "undecided",
    "video_s",
    "usable_s",
    "sum_usd",
    "per_usable_second_usd",
)
_COUNTED = ("made", "finished", "failed", "kept", "rejected", "undecided")
_REJECTS = ("clips", "video_s", "sum_usd")
_FAILURES = ("kind", "http_status", "rows", "billed", "maybe_billed", "sum_usd")
_SETTINGS = ("quality", "duration", "aspect_ratio", "generate_audio_switch", "motion_mode")
_MOST_SETTINGS = 3
_UNKNOWN = "Costs that nobody knows are not in the sums."
_USABLE = (
    "Usable is what lies between a clip's marks, all of it where there are none, and nothing of a rejected clip; "
    "the price is what was charged, failures too, over those seconds."
)


def costs_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Sums of real money, and of pretended money; each there only when there is any row of it."""
    table = measures.costs(frame)
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def figures_of(frame: pd.DataFrame, sums: Sequence[dict[str, Any]], *, costs: bool) -> list[tuple[str, str, str]]:
    """What stands large at the head: label, value, and a word below."""
    made = measures.yields(frame, None)
    total = {name: int(made[name].sum()) for name in _COUNTED}
    reused = sum(one["reused"] for one in sums)
    video = sum(one["video_s"] or 0 for one in sums)
    usable = sum(one["usable_s"] or 0 for one in sums)
    others = [
        (total["failed"], "failed"),
        (total["made"] - total["finished"] - total["failed"], "unfinished"),
        (reused, "reused"),
    ]
    figures = [("Clips", f"{total['finished']:,}", _joined(others))]
    if video:
        judged = [(total["kept"], "kept"), (total["rejected"], "rejected"), (total["undecided"], "never judged")]
        said = _joined(judged)
        figures.append(
            ("Video", f"{video:,.0f} s", " · ".join(part for part in (f"{usable:,.0f} s usable", said) if part))
        )
    for one in sums if costs else ():
        figures.append(_money(one))
        if one["per_usable_second_usd"] is not None and not one["is_preview"]:
            figures.append(
                ("Per usable second", f"${one['per_usable_second_usd']:,.3f}", "all charges over usable video")
            )
    return figures + _waits(frame)


def _money(one: dict[str, Any]) -> tuple[str, str, str]:
    unknown = f"{one['unknown_costs']:,} unknown" if one["unknown_costs"] else ""
    saved = f"${one['saved_usd']:,.2f} saved by reuse" if one["saved_usd"] else ""
    value = "unknown" if one["sum_usd"] is None else f"${one['sum_usd']:,.2f}"
    if one["is_preview"]:
        price = one["per_usable_second_usd"]
        second = "" if price is None else f"${price:,.3f} a usable second"
        return "Pretended cost", value, " · ".join(part for part in ("nothing was billed", second, unknown) if part)
    return "Cost", value, " · ".join(part for part in (unknown, saved) if part)


def _waits(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    """How long clips took, from the send to the file; of the service, or where it made none, of the preview engine."""
    table = measures.latencies(frame, None)
    whole = table[(table["stage"] == "whole") & (table["n"] > 0)].sort_values("is_preview")
    if whole.empty:
        return []
    row = {name: _plain(value) for name, value in whole.iloc[0].items()}
    few = ", of few clips" if row["small_sample"] else ""
    return [("Took, median", f"{row['p50_s']:,.1f} s", f"9 in 10 within {row['p90_s']:,.1f} s{few}")]


def tables_of(frame: pd.DataFrame, *, costs: bool, prompts: bool) -> list[Figures]:
    """Yield and price by prompt and by setting, what was rejected, what failed."""
    settings = [name for name in _SETTINGS if len(frame[name].unique()) > 1][:_MOST_SETTINGS] or ["quality"]
    notes = [_USABLE] if costs else []
    made = [
        _table("What came of it, by prompt", measures.yields(frame, "prompt"), ["prompt"], _YIELDS, costs, []),
        _table("What came of it, by setting", measures.yields(frame, settings), settings, _YIELDS, costs, notes),
        _table("What was rejected, by reason", measures.rejects(frame), ["reason"], _REJECTS, costs, []),
        _table("What failed", measures.failures(frame), [], _FAILURES, costs, []),
    ]
    alone = len(made[0].rows) < 2 and prompts  # one prompt: the setting's table says the same
    return made[1:] if alone and len(made[1].rows) > 1 else [made[0], *made[2:]] if len(made[1].rows) < 2 else made


def _table(
    title: str, table: pd.DataFrame, groups: Sequence[str], names: Sequence[str], costs: bool, notes: Sequence[str]
) -> Figures:
    """One table: the dearest, or the longest, first; columns that say nothing are left out."""
    flat = table.reset_index() if groups else table
    order = [name for name in ("sum_usd", "video_s", "rows") if name in flat.columns]
    if groups[:1] == ["prompt"]:
        flat = flat.sort_values(order[0] if costs else order[-1], ascending=False, kind="stable", na_position="last")
    both = len(flat["is_preview"].unique()) > 1
    wanted = [*groups, *(["is_preview"] if both else []), *names]
    shown = [
        name
        for name in wanted
        if (costs or name not in _OF_MONEY) and (name in groups or name in _ALWAYS or _says(flat[name]))
    ]
    rows = [[_plain(flat[name].iloc[at]) for name in shown] for at in range(min(len(flat), _MOST))]
    said = list(notes)
    if len(flat) > _MOST:
        said.append(f"The first {_MOST} of {len(flat):,}.")
    if costs and "unknown_costs" in flat.columns and int(flat["unknown_costs"].sum()):
        said.append(_UNKNOWN)
    return Figures(title, [(name, _WORDS.get(name, name)) for name in shown], rows, said)


_OF_MONEY = ("sum_usd", "per_usable_second_usd", "unknown_costs", "billed", "maybe_billed")
_ALWAYS = ("made", "finished", "reason", "clips", "kind", "rows", "is_preview")


def _says(column: Any) -> bool:
    """Whether there is anything in a column of figures but zeros and gaps."""
    return bool(column.notna().any() and (column.fillna(0) != 0).any())


def _joined(parts: Sequence[tuple[int, str]]) -> str:
    return " · ".join(f"{count:,} {word}" for count, word in parts if count)


def _plain(value: Any) -> Any:
    """A value of Python's own; None for a missing one."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    item = getattr(value, "item", None)
    return item() if callable(item) else value
