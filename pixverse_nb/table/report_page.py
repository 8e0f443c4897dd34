"""What a report says: its head, its rows, its figures, and what the player is given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from pixverse_nb.display import style
from pixverse_nb.display.html import Html
from pixverse_nb.display.report import Line, Page
from pixverse_nb.display.shelf import cost_words, seconds_words
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.plain import scrubbed
from pixverse_nb.player.differences import facts_of
from pixverse_nb.player.sheet import data_of
from pixverse_nb.rows import request_of
from pixverse_nb.store.schema import PREVIEW
from pixverse_nb.store.words import Row

from . import measures
from .public import MONEY
from .report_figures import costs_of, figures_of, tables_of
from .report_media import Carried, Media, size_of

if TYPE_CHECKING:
    from .door import Door

_FEWEST = 2  # clips that can be compared
_TICKED = 4  # clips that the player begins with: more of them are small
_PLAYED = ("video_duration_s", "video_width_px", "video_height_px", "video_fps")  # what the player must know
_LONGEST = 160  # characters of a setting


class Draft:
    """A report as it comes together; everything in it may be seen by others.

    Parameters
    ----------
    rows : sequence of rows
        All of the table's, each once.
    table, safe : DataFrame
        The same as a table of the history, and with what is to be left out gone.
    redact : frozenset of str
        What is left out.
    title : str or None
        The page's own; None for one that counts the clips.
    unsent : int
        Rows of the table that were never sent.

    Attributes
    ----------
    left_out : list of str
        What the limit left out, in words.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        table: pd.DataFrame,
        safe: pd.DataFrame,
        redact: frozenset[str],
        title: str | None,
        *,
        unsent: int,
    ) -> None:
        self._redact, self._unsent = redact, unsent
        # Costs are needed to tell what is unknown; they leave with the figures that show them.
        self._measurable = safe.assign(**{name: table[name] for name in MONEY})
        self.rows = seen_rows(rows, safe, costs="costs" not in redact)
        self.now = datetime.now(timezone.utc)
        clips = sum(row["status"] == "completed" for row in rows)
        self.title = scrubbed(title or "") or (f"{clips:,} clip{'' if clips == 1 else 's'}" if rows else "No clips")
        self.left_out: list[str] = []
        self._troubles: list[str] = []
        self._is_over = False
        self._measured: tuple[list[Any], list[Any], list[Html]] = ([], [], [])

    def measure(self, door: Door) -> None:
        """Figures, tables and pictures; of all rows."""
        if not self.rows:
            return
        frame = self._measurable
        has_costs = "costs" not in self._redact
        sums = costs_of(frame)
        self._measured = (
            figures_of(frame, sums, costs=has_costs),
            tables_of(frame, costs=has_costs, prompts="prompts" not in self._redact),
            self._drawn(frame, door),
        )

    def _drawn(self, frame: pd.DataFrame, door: Door) -> list[Html]:
        from .pictures import pictures_of, thumbnails_of

        # Prompts have their stand-ins already: numbered once, "prompt 2" is the same one on the whole page.
        costs = "costs" in self._redact
        drawn = pictures_of(frame, (), thumbnails_of(frame, door.clips), redact_costs=costs)
        any_failed = len(measures.failures(frame)) > 0
        return [Html(one.html()) for one in drawn if any_failed or one.name != "failures"]

    # ---- words to the reader -----------------------------------------------------------------------------------

    def drop_pictures(self, limit: int) -> None:
        """Leave the pictures out: without them, the rows and figures may keep the limit."""
        figures, tables, pictures = self._measured
        if pictures:
            self._measured = (figures, tables, [])
            self.left_out.append(f"The pictures were left out: with them the page is over {_megabytes(limit)}.")

    def say_over(self, size: int, limit: int) -> None:
        """Say that the page is larger than it may be, whatever is left out."""
        self._is_over = True
        self.left_out.append(
            f"The page has {size / 1e6:.2f} MB, over {_megabytes(limit)}: its words and its player are never left out."
        )

    def say_limit(self, limit: int, *, stills: int = 0, wholes: int = 0, smalls: int = 0) -> None:
        """Say what the limit left out; nothing for nothing."""
        for count, what in ((stills, "stills"), (wholes, "clips"), (smalls, "small copies")):
            if count:
                words = f"{count:,} {what} were" if count > 1 else f"1 {_ONE[what]} was"
                why = "there is no room" if self._is_over else "the page stays within"
                self.left_out.append(f"{words} left out: {why}{' in' * self._is_over} {_megabytes(limit)}.")

    def say(self, words: str) -> None:
        """Tell the reader."""
        self._troubles.append(words)

    def say_failed(self, count: int) -> None:
        """Say of how many clips no small copy could be made."""
        if count:
            self._troubles.append(f"Of {_clips(count)} no small copy could be made: {_it(count)} not play.")

    def _notes(self, media: Media, folder: str) -> list[str]:
        notes = []
        services = {row["service"] == PREVIEW for row in self.rows}
        if True in services:
            which = "These clips were" if services == {True} else "The clips with the label PREVIEW were"
            money = "" if "costs" in self._redact else ": their costs are pretended, and nothing was billed"
            notes.append(f"{which} drawn by the embedded preview engine{money}.")
        files = {one.file for one in media.carried.values() if one.file}
        if files:
            notes.append(f"The clips lie beside this page in the folder “{folder}”: keep both together.")
        notes += self._missing(media)
        if "prompts" in self._redact and True in services:
            notes.append("The preview engine writes the prompt into its pictures: there it can still be read.")
        if self._redact:
            what = " and ".join(sorted(self._redact))
            notes.append(f"Left out on purpose: {what}. What the pictures themselves show is not changed.")
        if len(self.rows) > len(media.rows):
            notes.append(
                f"The first {len(media.rows):,} of {len(self.rows):,} rows are listed; the figures are of all."
            )
        if self._unsent:
            notes.append(f"{_rows(self._unsent)} of the table {'was' if self._unsent == 1 else 'were'} never sent.")
        return [*notes, *self.left_out, *self._troubles]

    def _missing(self, media: Media) -> list[str]:
        gone = sum(row["status"] == "completed" and media.carried[row["id"]].path is None for row in media.rows)
        notes = [f"The file{' of one clip is' if gone == 1 else f's of {gone:,} clips are'} gone."] if gone else []
        if media.lost:
            without = "could not be copied without what is to be left out"
            notes.append(f"{_clips(media.lost).capitalize()} {without}, and {_is(media.lost)} not here.")
        return notes

    # ---- the page ----------------------------------------------------------------------------------------------

    def page(self, media: Media, best: Sequence[str], folder: str, best_words: str = "The best rated") -> Page:
        """The page with all that the media hold now.

        Parameters
        ----------
        media : Media
            Of the rows that are listed.
        best : sequence of str
            The clips that the player begins with.
        folder : str
            Name of the folder beside the page.
        best_words : str
            What the first ones are called.
        """
        listed = self.rows[: len(media.rows)]
        settings = [_settings(row) for row in listed]
        same = (
            [pair for pair in settings[0].items() if all(pair in one.items() for one in settings)]
            if settings[1:]
            else []
        )
        common = dict(same)
        playable = [row for row in listed if media.carried[row["id"]].path is not None and _is_measured(row)]
        ticked = {row["id"]: row["id"] in best for row in playable} if len(playable) > 1 else {}
        lines = [
            _line(number, row, [text for name, text in one.items() if name not in common],
                  media.carried[row["id"]], folder, ticked, costs="costs" not in self._redact)
            for number, (row, one) in enumerate(zip(listed, settings, strict=True), 1)
        ]  # fmt: skip
        figures, tables, pictures = self._measured
        return Page(
            title=self.title,
            about=self._about(),
            figures=figures,
            notes=self._notes(media, folder),
            same=f"All: {' · '.join(common.values())}" if common else "",
            lines=lines,
            pictures=pictures,
            tables=tables,
            data=_data(playable, media.carried, folder, best, self._redact),
            has_costs="costs" not in self._redact,
            best_words=best_words,
        )

    def _about(self) -> list[str]:
        days = sorted(row["created_at"] for row in self.rows)
        about = [f"Report of {self.now:%d %B %Y, %H:%M} UTC".replace(" 0", " ")]
        if days:
            first, last = (f"{_moment(day):%d %B %Y}".lstrip("0") for day in (days[0], days[-1]))
            about.append(f"clips of {first}" if first == last else f"clips of {first} to {last}")
        drawn = [row["service"] == PREVIEW for row in self.rows]
        if not drawn or not all(drawn):
            about.append("PixVerse V6 on Segmind")
        if any(drawn):
            about.append("pixverse_nb's preview engine")
        return about


_ONE = {"stills": "still", "clips": "clip", "small copies": "small copy"}


def _megabytes(limit: int) -> str:
    return f"{limit / 1e6:g} MB (limit_mb)"


def _clips(count: int) -> str:
    return "one clip" if count == 1 else f"{count:,} clips"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _it(count: int) -> str:
    return "it does" if count == 1 else "they do"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def seen_rows(rows: Sequence[Row], safe: pd.DataFrame, *, costs: bool) -> list[Row]:
    """Rows of the history with the texts of a table that may be seen by others."""
    texts = {
        name: [None if value is None or value is pd.NA or not isinstance(value, str) else value for value in safe[name]]
        for name in safe.columns
        if rows and name in rows[0] and name != "video_path" and pd.api.types.is_string_dtype(safe[name].dtype)
    }
    made = []
    for at, row in enumerate(rows):
        seen = {**row, **{name: values[at] for name, values in texts.items()}}
        if not costs:
            seen |= {name: None for name in row if name.endswith("_micros")} | {"cost_source": None}
        # Whose service it was, and not where it lies.
        seen["service"] = PREVIEW if row["service"] == PREVIEW else "the service"
        made.append(seen)
    return made


def best_of(rows: Sequence[Row], chosen: Sequence[str]) -> tuple[list[str], str]:
    """What the player begins with, and what to call it.

    What was chosen; else the clips that people kept or rated, the best of them, and no others; where there are no two
    of these, the table's first.
    """
    if chosen:
        return list(chosen), "The chosen ones"

    def rank(row: Row) -> tuple[bool, int]:
        return (row["decision"] == "keep", row["rating"] or 0)

    there = [row for row in rows if _is_measured(row)]
    liked = [row for row in there if row["decision"] != "reject" and rank(row) > (False, 0)]
    if len(liked) < _FEWEST:
        first = [row for row in there if row["decision"] != "reject"]
        first = first if len(first) >= _FEWEST else there
        return [row["id"] for row in first[:_TICKED]], f"The first {len(first[:_TICKED])}"
    best = {row["id"] for row in sorted(liked, key=rank, reverse=True)[:_TICKED]}  # stable: else the table's order
    words = "The best rated" if any(row["rating"] for row in liked) else "The kept ones"
    return [row["id"] for row in rows if row["id"] in best], words


def _is_measured(row: Row) -> bool:
    return all(row[name] for name in _PLAYED)


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, timezone.utc)


# ---- a row ---------------------------------------------------------------------------------------------------------


def _settings(row: Row) -> dict[str, str]:
    """What was asked for and delivered, by name, in words; what nobody set is left out."""
    request = request_of(row)
    told = {"quality": str(row["quality"]), "duration": f"{row['duration']:g} s"}
    if row["status"] == "completed" and row["video_width_px"]:
        told["size"] = f"{row['video_width_px']}×{row['video_height_px']}"
        told["sound"] = "with sound" if row["video_has_audio"] else "silent"
    for name, value in request.parameters.items():
        if name not in {"prompt", "quality", "duration", "generate_audio_switch"}:
            told[name] = f"{PARAMETERS[name].label} {_text(value, PARAMETERS[name].unit)}"
    told |= {f"extra {name}": f"{name} {_text(value, None)}" for name, value in request.extra.items()}
    if row["image_sha256"]:
        told["image"] = f"from picture {row['image_sha256'][:8]}"
    if row["take"] != 1:
        told["take"] = f"take {row['take']}"
    return told


def _text(value: object, unit: str | None) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = f"{plain} {unit}" if unit else plain
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


_PAIRS = ("quality", "duration", "size", "sound")  # said in one line


def _in_lines(row: Row, texts: Sequence[str]) -> list[str]:
    known = {text for name, text in _settings(row).items() if name in _PAIRS}
    short = " · ".join(text for text in texts if text in known)
    return [text for text in (short, *(text for text in texts if text not in known)) if text]


def _line(
    number: int,
    row: Row,
    texts: Sequence[str],
    carried: Carried,
    folder: str,
    ticked: Mapping[str, bool],
    *,
    costs: bool,
) -> Line:
    labels = [("PREVIEW", style.WARN)] if row["service"] == PREVIEW else []
    labels += [("REUSED", style.GOOD)] if row["reused_from"] else []
    trouble, is_bad = _trouble(row, carried)
    start, end = row["mark_in_s"], row["mark_out_s"]
    length = row["video_duration_s"] or 0.0
    whole = start is None and end is None
    size = size_of(carried.path) if carried.file and carried.path is not None else 0
    return Line(
        id=row["id"],
        number=number,
        prompt=row["prompt"] or "",
        settings=_in_lines(row, texts),
        when=f"{_moment(row['created_at']):%d %b %Y, %H:%M} UTC".lstrip("0"),
        cost=cost_words(row) if costs else "",
        took=seconds_words(row["latency_s"]) or "–",
        rating=row["rating"],
        decision=row["decision"],
        reason=row["reason"] or "",
        usable="" if whole else f"usable {start or 0.0:.2f}–{length if end is None else end:.2f} s",
        tags=[tag for tag in (part.strip() for part in (row["tags"] or "").split(",")) if tag],
        note=row["note"] or "",
        mismatch=row.get("mismatch") or "",
        labels=labels,
        trouble=trouble,
        is_bad=is_bad,
        size=(row["video_width_px"] or 16, row["video_height_px"] or 9),
        link=_link(folder, carried.file),
        link_words=f"Clip, {size / 1e6:.1f} MB" if carried.file else "",
        is_ticked=ticked.get(row["id"]),
        poster=carried.poster,
        small=carried.small,
        whole=carried.whole,
    )


def _trouble(row: Row, carried: Carried) -> tuple[str, bool]:
    """Why there is no clip; and whether that is an error."""
    if row["status"] == "completed":
        return ("" if carried.path is not None else "The clip's file is gone: it is not in this report."), False
    if row["status"] == "failed":
        return f"Failed: {row['error'] or 'nobody knows why'}", True
    return (
        "Outcome unknown: the answer was lost." if row["status"] == "unknown" else f"No clip yet: {row['status']}."
    ), False


def _link(folder: str, name: str) -> str:
    """Relative, so that both can move; quoted, as a name may hold letters of any script."""
    return f"./{quote(folder)}/{quote(name)}" if name else ""


# ---- the player ----------------------------------------------------------------------------------------------------


def _data(
    rows: Sequence[Row], carried: Mapping[str, Carried], folder: str, best: Sequence[str], redact: frozenset[str]
) -> dict[str, Any]:
    """What report.js is given: of each clip what the player needs, and what not all clips have in common."""
    if not rows:
        return {}
    same, each = facts_of(rows)
    clips = []
    for row, facts in zip(rows, each, strict=True):
        own = carried[row["id"]]
        clip = data_of([row], still=lambda _: None)["clips"][0]
        clip |= {
            "src": _link(folder, own.file) or None,
            "strip": own.strip,
            "small_fps": own.small_fps,
            "facts": [[label, text] for label, text in facts if label != "Cost" or "costs" not in redact],
        }
        del clip["poster"], clip["words"]  # they stand on the page, or depend on the choice
        clips.append(clip)
    files = sorted({own.file for own in carried.values() if own.file})
    return {
        "clips": clips,
        "same": [list(pair) for pair in same],
        "best": list(best),
        "files": files,
        "stand_ins": "prompts" in redact,
    }
