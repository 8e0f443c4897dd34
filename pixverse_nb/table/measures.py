"""What clips cost, how long they took, what failed, and what came of them; each as a table of its own."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pixverse_nb.pricing import MICROS

from .shown import Measures
from .tally import NEEDS, Tally, ratio

SMALL_SAMPLE = 20
"""With fewer values than that, a p90 is one of the two slowest and a p99 the slowest."""

STAGES = {"queue": "queue_s", "inference": "inference_s", "download": "download_s", "whole": "latency_s"}
"""The stages of a job, and the columns that hold their seconds; "whole" is from the send to the file on disk."""

_COUNT, _FIGURE, _FLAG = "Int64", "Float64", "boolean"
_Types = dict[str, Any]

COSTS: _Types = {
    "is_preview": _FLAG, "clips": _COUNT, "reused": _COUNT, "billed_clips": _COUNT, "unknown_costs": _COUNT,
    "sum_usd": _FIGURE, "mean_usd": _FIGURE, "video_s": _FIGURE, "per_second_usd": _FIGURE, "usable_s": _FIGURE,
    "per_usable_second_usd": _FIGURE, "rejected": _COUNT, "rejected_usd": _FIGURE, "saved_usd": _FIGURE,
}  # fmt: skip
REJECTS: _Types = {
    "is_preview": _FLAG, "clips": _COUNT, "unknown_costs": _COUNT, "sum_usd": _FIGURE, "video_s": _FIGURE,
}  # fmt: skip
LATENCIES: _Types = {
    "stage": pd.CategoricalDtype(list(STAGES), ordered=True), "is_preview": _FLAG, "n": _COUNT, "p50_s": _FIGURE,
    "p90_s": _FIGURE, "p99_s": _FIGURE, "small_sample": _FLAG,
}  # fmt: skip
FAILURES: _Types = {
    "kind": "string", "http_status": _COUNT, "is_preview": _FLAG, "rows": _COUNT, "billed": _COUNT,
    "maybe_billed": _COUNT, "sum_usd": _FIGURE, "last_at": "datetime64[us, UTC]", "example": "string",
}  # fmt: skip
YIELDS: _Types = {
    "is_preview": _FLAG, "sum_usd": _FIGURE, "per_usable_second_usd": _FIGURE, "usable_s": _FIGURE, "video_s": _FIGURE,
    "made": _COUNT, "finished": _COUNT, "failed": _COUNT, "kept": _COUNT, "rejected": _COUNT, "undecided": _COUNT,
    "unknown_costs": _COUNT,
}  # fmt: skip


def costs(frame: pd.DataFrame, by: object = None) -> Measures:
    """See `Accessor.costs`."""
    tally = _priced(frame, by)
    rows = tally.rows
    rows["one_reused"] = rows["is_copy"]
    rows["one_billed"] = (rows["micros"] > 0).fillna(False)
    sums = _sums(tally, ["is_clip", "one_reused", "one_billed", "one_rejected"])
    sums["clips"], sums["reused"], sums["billed_clips"] = sums["is_clip"], sums["one_reused"], sums["one_billed"]
    sums["mean_usd"] = ratio(sums["micros"], sums["one_billed"], 1 / MICROS)
    sums["per_second_usd"] = ratio(sums["paid"], sums["video_paid"])
    sums["rejected"] = sums["one_rejected"]
    sums["rejected_usd"] = _known_or_missing(sums, "rejected_micros", "rejected_known", "rejected_unknown")
    sums["saved_usd"] = sums["saved"] / MICROS
    return _measures(tally.labelled(sums, COSTS))


def rejects(frame: pd.DataFrame) -> Measures:
    """See `Accessor.rejects`."""
    tally = _priced(frame, None)
    rows = tally.rows
    chosen = rows[rows["one_rejected"]].copy()
    chosen["reason"] = chosen["reason"].fillna("no reason given")
    reasons = tally.only(chosen, "reason")
    sums = _sums(reasons, ["is_clip"])
    sums["clips"] = sums["is_clip"]
    made = reasons.labelled(sums, REJECTS)
    return _measures(made.sort_values(["sum_usd", "clips"], ascending=False, kind="stable"))


def yields(frame: pd.DataFrame, by: object = "prompt") -> Measures:
    """See `Accessor.yields`."""
    tally = _priced(frame, by)
    rows = tally.rows
    rows["one_failed"] = rows["is_own"] & (rows["status"] == "failed")
    rows["one_kept"] = rows["is_clip"] & (rows["decision"] == "keep").fillna(False)
    rows["one_undecided"] = rows["is_clip"] & rows["decision"].isna()
    sums = _sums(tally, ["is_own", "is_clip", "one_failed", "one_kept", "one_rejected", "one_undecided"])
    names = {"made": "is_own", "finished": "is_clip", **{name: f"one_{name}" for name in ("failed", "kept")}}
    names |= {name: f"one_{name}" for name in ("rejected", "undecided")}
    for name, source in names.items():
        sums[name] = sums[source]
    return _measures(tally.labelled(sums, YIELDS))


def latencies(frame: pd.DataFrame, by: object = ("duration", "quality")) -> Measures:
    """See `Accessor.latencies`."""
    tally = Tally(frame, by, ("status", "service", "reused_from", *STAGES.values()))
    clips = tally.rows[tally.rows["is_clip"]]
    parts = []
    for stage, column in STAGES.items():
        part = clips.assign(stage=stage, seconds=clips[column].astype("Float64"))
        parts.append(part[["stage", "seconds", "is_preview", *tally.keys]])
    long = pd.concat(parts, ignore_index=True)
    long["stage"] = long["stage"].astype(LATENCIES["stage"])
    found = tally.grouped(long, "stage")["seconds"]
    table = pd.DataFrame({"n": found.count()})
    for share, name in ((0.5, "p50_s"), (0.9, "p90_s"), (0.99, "p99_s")):
        table[name] = found.quantile(share)
    table["small_sample"] = table["n"] < SMALL_SAMPLE
    return _measures(tally.labelled(table, LATENCIES, "stage"))


def failures(frame: pd.DataFrame) -> Measures:
    """See `Accessor.failures`."""
    tally = Tally(frame, None, (*NEEDS, "error", "http_status", "created_at"))
    tally.add_money()
    rows = tally.rows[tally.rows["is_own"] & tally.rows["status"].isin(["failed", "unknown"])].copy()
    # The error's event is what happened, and after a colon the service's own words.
    rows["kind"] = rows["error"].fillna("no words").str.split(": ", n=1).str[0].astype("string")
    rows["one_billed"] = rows["billed"].fillna(False)
    rows["one_maybe"] = rows["billed"].isna()
    rows = rows.sort_values("created_at", ascending=False, kind="stable")
    found = tally.grouped(rows, "kind", "http_status")
    table = found[["one_billed", "one_maybe", "micros", "known", "unknown"]].sum()
    table["rows"] = found.size()
    table["billed"], table["maybe_billed"] = table["one_billed"], table["one_maybe"]
    table["sum_usd"] = _known_or_missing(table, "micros", "known", "unknown")
    table["last_at"] = found["created_at"].max()
    table["example"] = found["error"].first()
    made = tally.labelled(table, FAILURES, "kind", "http_status")
    return _measures(made.sort_values("rows", ascending=False, kind="stable", ignore_index=True))


def _measures(table: pd.DataFrame) -> Measures:
    made: Measures = Measures(table)
    return made


def _priced(frame: pd.DataFrame, by: object) -> Tally:
    """Rows with their money and their seconds."""
    tally = Tally(frame, by)
    tally.add_money()
    tally.add_seconds()
    rows = tally.rows
    rows["one_rejected"] = rows["is_clip"] & (rows["decision"] == "reject").fillna(False)
    # A price by the second holds money against seconds of the same rows: none whose cost or length nobody knows.
    both = rows["known"] & rows["video"].notna()
    for name, source in (("paid", "micros"), ("video_paid", "video"), ("usable_paid", "usable")):
        rows[name] = rows[source].where(both, 0)
    for name in ("micros", "known", "unknown"):
        rows[f"rejected_{name}"] = rows[name].where(rows["one_rejected"], 0 if name == "micros" else False)
    return tally


_ADDED = (
    "micros", "known", "unknown", "saved", "video", "usable", "paid", "video_paid", "usable_paid", "rejected_micros",
    "rejected_known", "rejected_unknown",
)  # fmt: skip


def _sums(tally: Tally, counted: list[str]) -> pd.DataFrame:
    """Each group's sums, and what all money tables have in common."""
    tally.rows[counted] = tally.rows[counted].astype("boolean")
    sums: pd.DataFrame = tally.grouped()[list(dict.fromkeys([*counted, *_ADDED]))].sum()
    sums["sum_usd"] = _known_or_missing(sums, "micros", "known", "unknown")
    sums["unknown_costs"] = sums["unknown"]
    sums["video_s"], sums["usable_s"] = sums["video"] / MICROS, sums["usable"] / MICROS
    sums["per_usable_second_usd"] = ratio(sums["paid"], sums["usable_paid"])
    return sums


def _known_or_missing(sums: pd.DataFrame, micros: str, known: str, unknown: str) -> Any:
    """USD; missing where something was charged, maybe, and nobody knows any of it."""
    nobody = (sums[known].astype("Int64") == 0) & (sums[unknown].astype("Int64") > 0)
    return (sums[micros] / MICROS).astype("Float64").mask(nobody.fillna(False), pd.NA)
