"""The gallery on the screen: what a card says, and how it looks. The elements are made in panel/shelf.js."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from pixverse_nb.media.inspect import SILENT_LUFS

from . import style

_KINDS = {"preview": "warn", "reused": "good"}
_PARAMETERS = (
    ("negative_prompt", "Without"), ("aspect_ratio", "Aspect ratio"), ("motion_mode", "Motion"),
    ("thinking_type", "Thinking"), ("seed", "Seed"), ("width", "Width"), ("height", "Height"), ("steps", "Steps"),
    ("guidance_scale", "Guidance scale"), ("scheduler", "Scheduler"), ("image_url", "Image"), ("extra", "Extra"),
)  # fmt: skip


def card_of(row: Mapping[str, Any], *, gone: str | None, finalise: str | None) -> dict[str, Any]:
    """What a card says of a row: plain values; every text is shown as text.

    Parameters
    ----------
    row : mapping
        A completed row of the history.
    gone : str or None
        Why there is no clip to play.
    finalise : str or None
        The words on the button that makes it again at full size, with the price.
    """
    labels = [name for name, so in (("preview", row["service"] == "preview"), ("reused", row["reused_from"])) if so]
    return {
        "id": row["id"],
        "prompt": row["prompt"],
        "facts": " · ".join(_facts(row)),
        "when": _when(row["created_at"]),
        "flag": row["mismatch"] or "",
        "pills": [{"text": name.upper(), "kind": _KINDS[name]} for name in labels],
        "details": [list(pair) for pair in _details(row)],
        "gone": gone,
        "finalise": finalise,
        **remarks_of(row),
    }


def remarks_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What people have written on a row, as a card has it."""
    return {
        "starred": bool(row["starred"]),
        "rating": row["rating"],
        "decision": row["decision"],
        **{name: row[name] or "" for name in ("reason", "tags", "note")},
    }


def cost_words(row: Mapping[str, Any]) -> str:
    """What a clip cost, and by whose word; nothing is made up."""
    micros, source = row["cost_micros"], row["cost_source"]
    if source == "reused":
        return "$0, reused"
    if micros is None:
        return "cost unknown" if row["status"] == "completed" else "–"
    return f"${micros / 1e6:,.3f}" + (" pretended" if source == "preview" else "")


def seconds_words(seconds: float | None) -> str:
    """A wait in words; nothing for one that nobody measured."""
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def _facts(row: Mapping[str, Any]) -> list[str]:
    facts = [row["quality"], f"{row['video_duration_s'] or row['duration']:.3g} s", cost_words(row)]
    if row["latency_s"] is not None:
        facts.append(f"took {seconds_words(row['latency_s'])}")
    return facts


def _details(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    size = f"{row['video_width_px']}×{row['video_height_px']} px, {row['video_fps']:g} fps" if row["video_fps"] else ""
    told = [
        ("Quality", row["quality"]),
        ("Duration", f"{row['duration']} s"),
        ("Length", f"{row['video_duration_s']:.3g} s" if row["video_duration_s"] is not None else ""),
        ("Picture", size),
        ("Sound", {True: "yes", False: "silent", None: ""}[row["video_has_audio"]]),
        ("Cost", cost_words(row)),
        ("Took", seconds_words(row["latency_s"])),
        ("Take", str(row["take"])),
        *((words, "" if row[name] is None else str(row[name])) for name, words in _PARAMETERS),
        ("Picture sent", row["image_path"] or ""),
        ("Loudness", _loudness(row["video_loudness_lufs"])),
        ("Not as asked", row["mismatch"] or ""),
        ("Reused from", row["reused_from"] or ""),
        ("Made", _when(row["created_at"])),
        ("Id", row["id"]),
    ]
    return [(label, text) for label, text in told if text]


def _loudness(lufs: float | None) -> str:
    if lufs is None:
        return ""
    return "silence" if lufs <= SILENT_LUFS else f"{lufs:.1f} LUFS"


def _when(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros / 1e6, timezone.utc):%d %b %Y, %H:%M} UTC"


CSS = f"""
.pixverse-shelf {{ {style.FONT}; color: {style.INK}; container-type: inline-size; min-width: 0; }}
.pixverse-shelf *, .pixverse-shelf *::before {{ box-sizing: border-box; }}
.pixverse-shelf [hidden] {{ display: none !important; }}
.pixverse-shelf button, .pixverse-shelf input, .pixverse-shelf textarea {{ font: inherit; color: inherit; margin: 0; }}
.pixverse-shelf button {{
  background: transparent; border: 1px solid {style.LINE}; border-radius: 6px; padding: 3px 10px; line-height: 18px;
  cursor: pointer; white-space: nowrap; }}
.pixverse-shelf button:hover:not([aria-disabled=true]) {{ border-color: {style.ACCENT}; color: {style.ACCENT}; }}
.pixverse-shelf button[aria-pressed=true] {{
  border-color: {style.ACCENT}; color: {style.ACCENT}; background: color-mix(in srgb, {style.ACCENT} 12%, transparent);
  {style.HEAVY}; }}
.pixverse-shelf button[aria-disabled=true] {{ opacity: 0.45; cursor: default; }}
.pixverse-shelf :focus-visible {{ outline: 2px solid {style.ACCENT}; outline-offset: 2px; }}
.pixverse-shelf input[type=text], .pixverse-shelf input[type=search], .pixverse-shelf textarea {{
  background: var(--jp-layout-color1, transparent); border: 1px solid {style.LINE}; border-radius: 6px;
  padding: 3px 8px; line-height: 18px; min-width: 0; width: 100%; }}
.pixverse-shelf textarea {{ resize: vertical; min-height: 62px; }}

.pxs-bar {{ display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; margin: 2px 2px 12px; }}
.pxs-group {{ display: flex; gap: 4px; }}
.pxs-find {{ flex: 1 1 160px; max-width: 320px; }}
.pxs-count {{ color: {style.MUTED}; {style.FIGURES}; margin-left: auto; min-height: 20px; }}
.pxs-list {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(252px, 100%), 1fr)); gap: 14px;
  padding: 2px; margin: 0; transition: opacity 0.15s 0.15s; }}
.pxs-list[aria-busy=true] {{ opacity: 0.55; }}
.pxs-card {{
  display: flex; flex-direction: column; gap: 7px; padding: 8px; border: 1px solid {style.LINE}; border-radius: 10px;
  background: var(--jp-layout-color1, transparent); min-width: 0; }}
.pxs-card.is-rejected .pxs-stage img {{ opacity: 0.35; filter: grayscale(1); }}
.pxs-card.is-kept {{ border-color: {style.ACCENT}; }}
.pxs-stage {{
  position: relative; aspect-ratio: 16 / 9; border-radius: 6px; overflow: hidden; background: {style.SUNKEN}; }}
.pxs-stage img, .pxs-stage video {{
  position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; margin: 0; max-width: none; }}
.pxs-stage video {{ opacity: 0; }}
.pxs-stage video.is-shown {{ opacity: 1; background: {style.SUNKEN}; }}
.pixverse-shelf button.pxs-play {{
  position: absolute; inset: 0; width: 100%; border: none; border-radius: 6px; background: transparent; padding: 8px;
  display: flex; align-items: flex-end; justify-content: flex-start; }}
.pixverse-shelf .pxs-play:focus-visible {{ outline-offset: -3px; }}
.pxs-disc {{
  display: inline-flex; align-items: center; justify-content: center; width: 34px; height: 34px; border-radius: 50%;
  background: rgba(20, 22, 26, 0.62); color: #f4f5f7; font-size: 13px; padding-left: 3px;
  transition: transform 0.12s; }}
.pxs-play:hover .pxs-disc {{ transform: scale(1.08); background: {style.ACCENT}; }}
.pxs-over {{ position: absolute; left: 6px; top: 6px; display: flex; gap: 4px; pointer-events: none; }}
.pxs-pill {{
  border-radius: 9px; padding: 0 7px; font-size: 10.5px; line-height: 17px; font-weight: 600; letter-spacing: 0.04em;
  color: #f4f5f7; background: rgba(20, 22, 26, 0.72); }}
.pxs-pill.warn::before, .pxs-pill.good::before {{
  content: ""; display: inline-block; width: 6px; height: 6px; border-radius: 50%; margin-right: 5px;
  vertical-align: 1px; background: {style.WARN}; }}
.pxs-pill.good::before {{ background: {style.GOOD}; }}
.pixverse-shelf button.pxs-star {{
  position: absolute; right: 6px; top: 6px; border: none; padding: 0; width: 28px; height: 28px; border-radius: 50%;
  background: rgba(20, 22, 26, 0.62); color: #f4f5f7; font-size: 15px; line-height: 28px; }}
.pixverse-shelf button.pxs-star:hover {{ color: #ffd76a; }}
.pixverse-shelf button.pxs-star[aria-pressed=true] {{ color: #ffd76a; background: rgba(20, 22, 26, 0.78); }}
.pxs-word {{
  position: absolute; left: 6px; right: 6px; bottom: 6px; border-radius: 6px; padding: 5px 9px; font-size: 12px;
  background: rgba(20, 22, 26, 0.82); color: #f4f5f7; overflow-wrap: anywhere; max-height: 70%; overflow-y: auto; }}
.pxs-word.bad {{ border-left: 3px solid {style.BAD}; }}
.pxs-word:empty {{ display: none; }}
.pxs-prompt {{
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; min-height: 39px;
  line-height: 19.5px; font-weight: 500; overflow-wrap: anywhere; text-align: start; }}
.pxs-facts {{ color: {style.MUTED}; font-size: 12px; line-height: 17px; {style.FIGURES}; }}
.pxs-flag {{ color: {style.MUTED}; font-size: 12px; line-height: 17px; overflow-wrap: anywhere; }}
.pxs-flag b {{ color: {style.WARN}; font-weight: 600; }}
.pxs-flag:empty {{ display: none; }}
.pxs-meta {{
  color: {style.MUTED}; font-size: 12px; line-height: 17px; min-height: 17px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }}
.pxs-row {{ display: flex; flex-wrap: wrap; gap: 6px; align-items: center; justify-content: space-between; }}
.pxs-row.is-first {{ margin-top: auto; }}
.pxs-rate {{ display: inline-flex; }}
.pixverse-shelf .pxs-rate button {{
  border-radius: 0; padding: 3px 0; width: 23px; margin-left: -1px; color: {style.MUTED}; {style.FIGURES}; }}
.pixverse-shelf .pxs-rate button:first-child {{ border-radius: 6px 0 0 6px; margin-left: 0; }}
.pixverse-shelf .pxs-rate button:last-child {{ border-radius: 0 6px 6px 0; }}
.pixverse-shelf .pxs-rate button.is-lit {{
  color: {style.ACCENT}; background: color-mix(in srgb, {style.ACCENT} 14%, transparent); }}
.pixverse-shelf .pxs-rate button:focus-visible {{ position: relative; z-index: 1; }}
.pixverse-shelf .pxs-reject[aria-pressed=true] {{
  border-color: {style.BAD}; color: {style.BAD}; background: color-mix(in srgb, {style.BAD} 10%, transparent); }}
.pxs-pick {{ display: inline-flex; gap: 6px; align-items: center; color: {style.MUTED}; cursor: pointer; }}
.pxs-pick input {{ accent-color: {style.ACCENT}; }}
.pxs-why {{
  position: absolute; left: 0; right: 0; bottom: 0; padding: 8px; display: flex; gap: 6px; align-items: end;
  background: var(--jp-layout-color1, Canvas); border-top: 1px solid {style.LINE}; }}
.pxs-why label {{ flex: 1; font-size: 12px; color: {style.MUTED}; }}
.pxs-foot {{ display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 14px 2px 4px; }}
.pxs-keys {{ color: {style.MUTED}; font-size: 12px; margin-left: auto; }}
.pxs-keys kbd {{
  font: inherit; border: 1px solid {style.LINE}; border-radius: 4px; padding: 0 5px; background: {style.SUNKEN};
  box-shadow: none; color: inherit; }}
.pxs-empty {{
  grid-column: 1 / -1; padding: 44px 16px; text-align: center; color: {style.MUTED}; border: 1px dashed {style.LINE};
  border-radius: 10px; }}
.pxs-hidden {{
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }}

.pixverse-shelf dialog {{
  {style.FONT}; color: var(--jp-ui-font-color1, CanvasText); background: var(--jp-layout-color1, Canvas);
  border: 1px solid {style.LINE}; border-radius: 12px; padding: 0; width: min(980px, 94vw); max-height: 92vh;
  box-shadow: 0 18px 60px rgba(0, 0, 0, 0.35); }}
.pixverse-shelf dialog::backdrop {{ background: rgba(10, 12, 16, 0.5); }}
.pxs-sheet {{ display: grid; grid-template-columns: minmax(0, 1.45fr) minmax(270px, 1fr); gap: 20px; padding: 18px; }}
@media (max-width: 760px) {{ .pxs-sheet {{ grid-template-columns: minmax(0, 1fr); }} }}
.pxs-side {{ display: flex; flex-direction: column; gap: 12px; min-width: 0; }}
.pxs-sheet h3 {{ margin: 0; font-size: 13px; font-weight: 600; color: {style.MUTED}; }}
.pxs-sheet .pxs-prompt {{
  display: block; min-height: 0; max-height: 160px; overflow-y: auto; font-size: 14px; line-height: 21px; }}
.pixverse-shelf .pxs-facts-table {{ display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 3px 14px;
  margin: 0; }}
.pixverse-shelf .pxs-facts-table dt {{ display: block; color: {style.MUTED}; font-weight: 400; float: none;
  width: auto; margin: 0; padding: 0; }}
.pixverse-shelf .pxs-facts-table dd {{ display: block; float: none; margin: 0; padding: 0; width: auto;
  overflow-wrap: anywhere; {style.FIGURES}; }}
.pxs-field {{ display: flex; flex-direction: column; gap: 3px; color: {style.MUTED}; font-size: 12px; }}
.pixverse-shelf .pxs-field input, .pixverse-shelf .pxs-field textarea {{
  font-size: 13px; color: var(--jp-ui-font-color1, inherit); }}
.pxs-actions {{ display: flex; flex-wrap: wrap; gap: 6px; }}
.pxs-said {{ min-height: 20px; font-size: 12px; color: {style.MUTED}; overflow-wrap: anywhere; }}
.pxs-said.bad {{ color: {style.BAD}; }}
@media (prefers-reduced-motion: reduce) {{ .pixverse-shelf * {{ transition: none !important; }} }}
"""
"""For the gallery alone: every rule is below its own classes."""
