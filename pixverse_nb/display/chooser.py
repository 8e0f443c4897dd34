"""The table to choose from: what its cells say and how it looks. It is drawn by itables (DataTables) in the browser.

Every cell is an element that was made here; itables is told to take cells as HTML, and escapes nothing itself.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from . import style
from .html import Html, el, join

POSTER_PX = 48
"""How high a poster is."""

_PAGE = 10  # rows
_SHORT = 90  # characters of a prompt; all of it stands in the tooltip
_NARROW = 64  # characters of other texts
_LONGEST = 300  # characters of a tooltip
_STATES = {"keep": ("✓ kept", style.GOOD), "reject": ("✕ rejected", style.BAD)}
_QUIET = f"color: {style.MUTED}"


def poster_cell(jpeg: bytes | None, prompt: str, id: str) -> Html:
    """The box to tick and the still beside it, which ticks it too; an empty place where there is no still.

    Its class is one that DataTables knows; only a click on the box itself chooses the row (see `options_of`), so that
    what a screen reader says of the box is so.
    """
    short = prompt if len(prompt) <= _SHORT else prompt[: _SHORT - 1] + "…"
    box = el("input", type="checkbox", class_="dt-select-checkbox", aria_label=" ".join(["choose", short or id]))
    if jpeg is None:
        return el("label", box, el("span", class_="pxc-none"))
    src = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    return el("label", box, el("img", src=src, alt="", height=POSTER_PX))


def prompt_cell(text: str, state: str, error: str, *, is_preview: bool) -> Html:
    """A prompt in short, in full as a tooltip; and a word where there is no clip."""
    short = text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
    full = text if len(text) <= _LONGEST * 4 else text[: _LONGEST * 4] + "…"
    look = f"{style.pill(style.WARN)}; margin-inline-start: 6px; white-space: nowrap"
    pill = el("span", "PREVIEW", style=look) if is_preview else None
    lines = [el("div", short, pill, dir="auto", title=full if full != short else None)]
    if state and state != "completed":
        shown = error if len(error) <= _SHORT else error[: _SHORT - 1] + "…"
        words = f"{state}: {shown}" if shown else state
        colour = style.BAD if state == "failed" else style.WARN
        lines.append(el("div", words, title=error[:_LONGEST] or None, style=f"color: {colour}; font-size: 12px"))
    return join(*lines)


def text_cell(text: str, *, is_quiet: bool = False, warns: bool = False) -> Html:
    """A text of a few words; more of it as a tooltip."""
    short = text if len(text) <= _NARROW else text[: _NARROW - 1] + "…"
    look = _QUIET if is_quiet else f"color: {style.WARN}" if warns else None
    sign = "⚠ " if warns and text else ""
    return el(
        "span", sign + short, dir="auto", title=text[: _LONGEST * 4] if text != short else None, style=look
    )  # fmt: skip


def words_cell(text: str) -> Html:
    """What a row is found by; it is never seen."""
    return el("span", text)


def cost_cell(usd: float | None, source: str) -> Html:
    """What it cost, and by whose word; an unknown cost is never 0."""
    if source == "reused":
        return join("$0", " ", el("span", "reused", style=_QUIET))
    if usd is None:
        return el("span", "unknown" if source else "–", style=_QUIET)
    words = {"preview": "pretended", "account": "account"}.get(source)
    return join(f"${usd:,.3f}", *((" ", el("span", words, style=_QUIET)) if words else ()))


def rating_cell(rating: int | None) -> Html:
    """Of five."""
    if rating is None:
        return el("span", "–", style=_QUIET)
    return el("span", f"{rating} ★", aria_label=f"{rating} of 5", role="img", class_="pxc-stars")


def decision_cell(decision: str, reason: str) -> Html:
    """Kept or rejected, in words and a sign; why, below."""
    words, colour = _STATES.get(decision, (decision or "–", style.MUTED))
    shown = reason if len(reason) <= _NARROW else reason[: _NARROW - 1] + "…"
    return join(
        el("span", words, style=f"color: {colour}"),
        el("div", shown, dir="auto", title=reason[: _LONGEST * 4], style=f"{_QUIET}; font-size: 12px")
        if shown
        else None,
    )


def options_of(heads: Sequence[str], orders: Mapping[str, int], hidden: Sequence[int], *, rows: int) -> dict[str, Any]:
    """What DataTables is told: plain values, no script.

    Parameters
    ----------
    heads : sequence of str
        The columns' names in their order.
    orders : mapping
        A column's name to the hidden column that it is sorted by.
    hidden : sequence of int
        Columns that are not shown.
    rows : int
        How many rows there are.
    """
    at = {head: number for number, head in enumerate(heads)}
    definitions: list[dict[str, Any]] = [{"targets": list(hidden), "visible": False}]
    definitions += [{"targets": [at[head]], "orderData": [by], "type": "num"} for head, by in orders.items()]
    for head in heads:
        if at[head] not in hidden:
            definitions.append(
                {"targets": [at[head]], "className": f"pxc-{head.lower().replace(' ', '-') or 'poster'}"}
            )
    definitions.append({"targets": [0], "orderable": False, "searchable": False})
    definitions.append({"targets": list(orders.values()), "searchable": False})
    pages = rows > _PAGE
    return {
        "columnDefs": definitions,
        "select": {"style": "multi", "selector": "td.pxc-poster input", "headerCheckbox": False},
        "layout": {
            "topStart": "info",
            "topEnd": "search",
            "bottomStart": "pageLength" if pages else None,
            "bottomEnd": "paging" if pages else None,
        },
        "pageLength": _PAGE,
        "lengthMenu": [_PAGE, 25, 100],
        "order": [],
        "autoWidth": False,
        "classes": f"compact pixverse-chooser {style.PLAIN}",
        "style": "width: 100%; table-layout: auto; margin: 0",
        "language": {
            "search": "Search",
            "lengthMenu": "_MENU_ on a page",
            "info": "_START_–_END_ of _TOTAL_",
            "infoFiltered": "(of _MAX_)",
            "infoEmpty": "0 rows",
            "emptyTable": "no rows",
            "zeroRecords": "nothing is found",
            "select": {"rows": {"_": "%d chosen", "0": "none chosen", "1": "1 chosen"}},
        },
    }


def remarks_html(words: Sequence[str]) -> Html:
    """The lines below the table."""
    return el(
        "div",
        *(el("div", text) for text in words),
        class_=style.PLAIN,
        style=f"{style.FONT}; color: {style.MUTED}; margin: 4px 0 8px",
    )


_ME = ".itables_anywidget"
_TABLE = f"{_ME} table.dataTable.pixverse-chooser"
_BOX = f"{_TABLE} input.dt-select-checkbox"
_AROUND = f"{_ME} .dt-container"
CSS = f"""
{_ME} {{
  --dt-html-background: transparent; background: transparent !important; {style.FONT}; color: {style.INK};
  padding: 2px 2px 6px; overflow-x: auto; }}
{_TABLE} {{ {style.FONT}; color: {style.INK}; border-collapse: collapse; border: none; }}
{_TABLE} > thead > tr > th {{
  text-align: left; font-weight: 600; color: {style.MUTED}; border-bottom: 1px solid {style.LINE};
  padding: 4px 13px 4px 5px; white-space: nowrap; background: transparent; font-size: 12px; }}
{_TABLE} > thead > tr > th .dt-column-order {{ right: 2px !important; }}
{_TABLE} > tbody > tr, {_TABLE} > tbody > tr > td {{ background: transparent; }}
{_TABLE} > tbody > tr > td {{
  text-align: left; vertical-align: middle; padding: 5px; border: none; white-space: normal;
  border-bottom: 1px solid {style.LINE}; line-height: 18px; {style.FIGURES}; }}
{_TABLE} > tbody > tr:hover > td {{ background: {style.SUNKEN}; }}
{_TABLE} > tbody > tr.selected > td {{
  color: inherit; box-shadow: none !important; background: color-mix(in srgb, {style.ACCENT} 13%, transparent); }}
{_TABLE} > tbody > tr.selected > td:first-child {{ box-shadow: inset 3px 0 {style.ACCENT} !important; }}
{_TABLE} td.pxc-poster {{ width: 1px; }}
{_TABLE} td.pxc-poster label {{ display: flex; align-items: center; gap: 9px; margin: 0 0 0 4px; cursor: pointer; }}
{_BOX} {{
  appearance: none; -webkit-appearance: none; flex: none; position: relative; display: inline-block; width: 16px;
  height: 16px; margin: 0; border: 1.5px solid {style.MUTED}; border-radius: 4px; background: transparent;
  cursor: pointer; }}
{_BOX}::before, {_BOX}::after {{ content: none !important; }}
{_TABLE} > tbody > tr.selected input.dt-select-checkbox {{
  background: {style.ACCENT}; border-color: {style.ACCENT}; }}
{_TABLE} > tbody > tr.selected input.dt-select-checkbox::after {{
  content: "" !important; position: absolute; left: 4px; top: 0; width: 5px; height: 10px; margin: 0; border: solid;
  border-color: var(--jp-layout-color1, #f6f7f9); border-width: 0 2px 2px 0; background: none;
  transform: rotate(45deg); }}
{_TABLE} td.pxc-poster img {{
  display: block; height: {POSTER_PX}px; width: auto; max-width: none; margin: 0; border-radius: 4px; }}
{_TABLE} .pxc-none {{
  display: block; width: {POSTER_PX * 16 // 9}px; height: {POSTER_PX}px; border-radius: 4px;
  border: 1px dashed {style.LINE}; box-sizing: border-box; }}
{_TABLE} td.pxc-prompt {{ min-width: 130px; max-width: 340px; overflow-wrap: anywhere; }}
{_TABLE} td.pxc-what-differs, {_TABLE} td.pxc-mismatch, {_TABLE} td.pxc-decision {{
  min-width: 66px; max-width: 190px; overflow-wrap: anywhere; font-size: 12px; }}
{_TABLE} td.pxc-what-differs, {_TABLE} td.pxc-created {{ color: {style.MUTED}; }}
{_TABLE} td.pxc-duration, {_TABLE} td.pxc-latency, {_TABLE} td.pxc-rating {{ white-space: nowrap; }}
{_TABLE} td.pxc-created {{ font-size: 12px; min-width: 60px; }}
{_TABLE} .pxc-stars {{ color: {style.WARN}; }}
{_AROUND}, {_AROUND} .dt-info, {_AROUND} .dt-length, {_AROUND} .dt-search {{ color: {style.MUTED}; }}
{_AROUND} div.dt-layout-row {{ margin: 4px 0; }}
{_AROUND} .dt-search input, {_AROUND} .dt-length select {{
  font: inherit; color: {style.INK}; background: var(--jp-layout-color1, transparent); border: 1px solid {style.LINE};
  border-radius: 6px; padding: 3px 8px; margin: 0 6px; }}
{_AROUND} .dt-length select option {{ background: var(--jp-layout-color1, Canvas); }}
{_AROUND} .select-info {{ margin-left: 12px; color: {style.ACCENT}; }}
{_AROUND} .dt-paging .dt-paging-button {{
  color: {style.INK} !important; border: 1px solid transparent !important; background: none !important;
  border-radius: 6px; min-width: 0; padding: 2px 8px; }}
{_AROUND} .dt-paging .dt-paging-button.current {{ border-color: {style.ACCENT} !important; }}
{_AROUND} .dt-paging .dt-paging-button:hover:not(.disabled) {{ border-color: {style.LINE} !important; }}
{_AROUND} .dt-paging .dt-paging-button.disabled {{ color: {style.MUTED} !important; opacity: 0.5; }}
{_ME} :focus-visible {{ outline: 2px solid {style.ACCENT} !important; outline-offset: 1px; }}
"""
