"""`df.pixverse`: a table of the history, played, compared, measured, rated and made again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pixverse_nb.display.grid import grid_html, grid_text
from pixverse_nb.display.shown import show
from pixverse_nb.generation import Generation
from pixverse_nb.generations import Generations
from pixverse_nb.parameters import check_count
from pixverse_nb.store.annotations import checked
from pixverse_nb.store.words import Row

from . import measures
from .calls import Code, call_of
from .columns import distinct_ids, ids_of, refused
from .diff import diff
from .door import Door
from .grid import grid_of
from .origin import studio_of
from .shown import Differences, Measures, in_rows, say

if TYPE_CHECKING:
    from pixverse_nb.history import History
    from pixverse_nb.media.clips import Clips
    from pixverse_nb.player.player import Player
    from pixverse_nb.studio import Studio
    from pixverse_nb.sweep.plan import Plan

    from .chooser import Chooser
    from .pictures import Pictures
    from .report import Report

_MOST_PLAYERS = 60
_FEWEST, _MOST = 2, 9  # clips of one comparison


class Accessor:
    """What can be done with a table of the history: any slice, sort, merge or concatenation that kept the ids.

    The id is the index named `id` (a level of it will do), or a column `id`. Measures need columns alone, so that they
    work on a table that was read back from a file, too; a row that stands in the table twice counts once (in each
    group). What plays, writes or sends needs the studio that the table came from: `df.pixverse.of(studio)` says which.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._given: Studio | None = None

    def __repr__(self) -> str:
        known = "its studio is known" if (self._given or studio_of(self._frame)) is not None else "without a studio"
        return f"<df.pixverse of {len(self._frame):,} rows; {known}>"

    def of(self, studio: Studio) -> Accessor:
        """The same with a studio, for a table that was read from a file or has outlived its own.

        Parameters
        ----------
        studio : Studio
            Whose home holds the rows.

        Returns
        -------
        Accessor
            With all of its methods: `df.pixverse.of(studio).play()`.

        Raises
        ------
        InvalidParameter
            For what is no studio.
        """
        from pixverse_nb.studio import Studio

        if not isinstance(studio, Studio):
            raise refused(f"{type(studio).__name__} is not a studio", "Pass a pv.Studio(...).")
        made = Accessor(self._frame)
        made._given = studio
        return made

    # ---- looking -----------------------------------------------------------------------------------------------

    def play(self, n: int = 6) -> None:
        """Show the players of the first clips, with their captions.

        Parameters
        ----------
        n : int
            At most so many, 1-60; rows without a clip are passed over.

        Raises
        ------
        InvalidParameter
            For another `n`, and for a table without any clip.
        """
        if check_count("n", n) > _MOST_PLAYERS:
            raise refused(f"n={n} is not allowed; allowed: 1 to {_MOST_PLAYERS}", "Choose with df.head() or a filter.")
        door, ids = self._door(), distinct_ids(self._frame)
        playable: list[Row] = []
        seen = 0
        while len(playable) <= n and seen < len(ids):
            some = door.rows(ids[seen : seen + _MOST_PLAYERS])
            playable += [row for row in some if row["status"] == "completed" and row["video_path"] is not None]
            seen += len(some)
        if not playable:
            raise refused(f"there is nothing to play: of {in_rows(len(ids))} none has a clip", "Choose other rows.")
        Generations(door.handle(row) for row in playable[:n]).show()
        if len(playable) > n:
            more = min(len(ids), 2 * n, _MOST_PLAYERS)
            say(f"The first {n} clips of {in_rows(len(ids))}; df.pixverse.play({more}) plays more.")
        elif len(playable) < len(ids):
            say(f"{in_rows(len(ids) - len(playable))} of {len(ids):,} without a clip.")

    def compare(self, *ids: str | Generation) -> Player:
        """Two to nine clips on one clock, with what differs; see `Studio.compare`.

        Parameters
        ----------
        *ids : str or Generation
            Which rows; all of a table of two to nine clips when none is given.

        Returns
        -------
        Player
            It displays itself.

        Raises
        ------
        InvalidParameter
            For another number of clips, and for an id that is not in this table.
        PixverseError
            As `Studio.compare`.
        """
        there = distinct_ids(self._frame)
        chosen = [one.id if isinstance(one, Generation) else one for one in ids]
        for key in chosen:
            if key not in there:
                raise refused(f"{key!r} is no row of this table", "Pass ids of df.index.")
        if not chosen and not _FEWEST <= len(there) <= _MOST:
            raise refused(
                f"this table has {in_rows(len(there))}; {_FEWEST} to {_MOST} clips are compared",
                "Choose some: df.head(4).pixverse.compare(), or df.pixverse.compare(id, id).",
            )
        return self._door().studio.compare(*(chosen or there))

    def grid(self, x: str | None = None, y: str | None = None) -> None:
        """Show the clips side by side, by two of the table's columns; without any cost.

        Parameters
        ----------
        x, y : str, optional
            Columns whose values go across and down; any that the table has. By default the parameters with the most
            values. What else differs stacks inside a place.

        Raises
        ------
        UnknownParameter
            For a name that is no column; it names the nearest.
        InvalidParameter
            For a table without rows, and for one column in both directions.
        """
        door = self._door()
        if not distinct_ids(self._frame):
            raise refused("there is nothing to show: the table has no rows of the history", "Choose other rows.")
        view = grid_of(self._frame, door, x, y)
        show(str(grid_html(view)), grid_text(view))

    def diff(self) -> Differences:
        """Only the columns that differ between the rows; prompts word by word.

        Returns
        -------
        DataFrame
            One row a row, by id, parameters first. A prompt stands beside the first row's: `[-what went-]` and
            `{+what came+}`; in a notebook struck through and underlined. (With over 200 different prompts they stand
            as they are.) Moments, paths and request ids are left out: they differ between any two clips.

        Raises
        ------
        InvalidParameter
            For a table that has lost its ids.
        """
        return diff(self._frame)

    def table(self) -> Chooser:
        """A table to look and to choose from: posters, sorting, searching, pages; tick the rows that you want.

        `chosen = df.pixverse.table()`, and in the next cell `chosen.selected.pixverse.compare()`.

        Returns
        -------
        Chooser
            It shows itself; `.selected` is a DataFrame of the ticked rows. Without a kernel it is the table as it
            stands in any notebook. The first 5,000 rows can be chosen from, the first 200 have posters; sorting is by
            value, and a search finds words of the whole prompt, of tags, notes and errors.

        Raises
        ------
        InvalidParameter
            For a table whose columns hold what the history's cannot.
        """
        from .chooser import Chooser

        return Chooser(self._table_of_its_own(), self._clips())

    # ---- measuring ---------------------------------------------------------------------------------------------

    def costs(self, by: str | Sequence[str] | None = None) -> Measures:
        """What the clips cost: in all, by the clip, by the second, and by the second that can be used.

        Parameters
        ----------
        by : str or list of str, optional
            Columns of the table to group by; none sums everything.

        Returns
        -------
        DataFrame
            One row a group (its index), and where there is both, one for the preview engine's pretended money beside
            the one for real money (`is_preview`). Columns:

            - `clips`: finished ones; `reused`: copies at no cost, whose seconds are not counted again (nor at all in
              a table without the clip that they were taken from);
            - `billed_clips`: rows that were charged, with or without a clip; `unknown_costs`: rows whose cost nobody
              knows (yet). Sums are of the known ones; where there is none, they are missing, never 0;
            - `sum_usd`; `mean_usd`, of a billed one; `per_second_usd`, of finished video; `per_usable_second_usd`;
            - `video_s`, measured; `usable_s`, see `yields`;
            - `rejected`, `rejected_usd`: clips that were rejected, and what they cost (by reason: `rejects`);
            - `saved_usd`: what the reused ones would have cost.

            A price by the second takes all that is known to be charged, failures too, over the seconds of the same
            rows; it is missing when there are none.

        Raises
        ------
        UnknownParameter
            For a `by` that is no column; it names the nearest.
        InvalidParameter
            For a table that lacks columns; it names them.
        """
        return measures.costs(self._frame, by)

    def rejects(self) -> Measures:
        """What rejected clips cost, by the reason that was given.

        Returns
        -------
        DataFrame
            One row a reason, the dearest first: `clips`, `sum_usd` (of known costs), `unknown_costs`, `video_s`; the
            preview engine's pretended money apart (`is_preview`).

        Raises
        ------
        InvalidParameter
            For a table that lacks columns; it names them.
        """
        return measures.rejects(self._frame)

    def latencies(self, by: str | Sequence[str] | None = ("duration", "quality")) -> Measures:
        """How long finished clips took, by stage; reused ones are left out.

        Parameters
        ----------
        by : str or list of str, optional
            Columns of the table to group by.

        Returns
        -------
        DataFrame
            One row a group and `stage`: queue and inference (as the service reported them), download, and whole (from
            the send to the file on disk, measured). `n` values; `p50_s`, `p90_s`, `p99_s` in seconds, between two
            values by proportion; `small_sample` where n < 20. The preview engine's apart (`is_preview`).

        Raises
        ------
        UnknownParameter, InvalidParameter
            As `costs`.
        """
        return measures.latencies(self._frame, by)

    def failures(self) -> Measures:
        """What failed, by kind, the most frequent first.

        Returns
        -------
        DataFrame
            One row a `kind` (the error without the service's own words) and `http_status`: how many `rows`, how many
            of them `billed` and `maybe_billed` (nobody knows), what they cost (`sum_usd`, of known costs), the last
            one's moment (`last_at`, UTC) and its words (`example`). Rows whose outcome is unknown are among them.

        Raises
        ------
        InvalidParameter
            For a table that lacks columns; it names them.
        """
        return measures.failures(self._frame)

    def yields(self, by: str | Sequence[str] | None = "prompt") -> Measures:
        """What came of what was sent: per prompt, or per setting.

        Parameters
        ----------
        by : str or list of str, optional
            Columns of the table to group by.

        Returns
        -------
        DataFrame
            One row a group: `made` (sent), `finished`, `failed` (the rest is under way, or of unknown outcome), `kept`,
            `rejected`, `undecided`, `video_s`, `usable_s`, `sum_usd` (of known costs; `unknown_costs` are the others),
            and `per_usable_second_usd`, the price of what can be used.

            Seconds that can be used: none of a rejected clip; of any other one what lies between its marks, to its
            start and end where there is none. So an unmarked clip that was not rejected counts whole, kept or not. A
            reused copy counts as the clip that it was taken from, and what was said of it as said of that.

        Raises
        ------
        UnknownParameter, InvalidParameter
            As `costs`.
        """
        return measures.yields(self._frame, by)

    def pictures(self, *names: str) -> Pictures:
        """Draw what the measures say, for the eye.

        Parameters
        ----------
        *names : str
            Which, all when none is given: "costs" (over time, and by quality), "latencies" (every clip, with p50, p90
            and p99, by stage), "tradeoff" (cost against latency; a point shows its poster when pointed at),
            "failures" (by kind), "yields" (made, finished, kept and usable, by prompt and by setting).

        Returns
        -------
        Pictures
            They show themselves, also in a saved notebook without a kernel. Each has `.figure` (matplotlib's),
            `.png()`, `.save(path)` for .png, .svg and .pdf, and `.words`. What nobody knows is counted and said, never
            drawn as 0; the preview engine's pretended money stands apart; days are UTC.

        Raises
        ------
        UnknownParameter
            For a name that is no picture; it names the nearest.
        InvalidParameter
            For a table that lacks columns; it names them.
        """
        from .pictures import pictures_of, thumbnails_of

        return pictures_of(self._frame, names, thumbnails_of(self._frame, self._clips()))

    # ---- making it again ---------------------------------------------------------------------------------------

    def rerun(self, **changes: Any) -> Plan:
        """Plan the same requests again, with changes; priced first, and nothing is sent before `run()`.

        `best.pixverse.rerun(quality="1080p")`. The table's own values count; parameters whose columns it lacks are
        the history's. Clips that you own are not sent: for new ones ask for another `take`.

        Parameters
        ----------
        **changes
            As in `Studio.sweep`: parameters with a value or a list of values, `image`, `take`, `takes`, `replace`.

        Returns
        -------
        Plan
            With counts, price, time and the budget's room. Nothing was sent.

        Raises
        ------
        InvalidParameter, UnknownParameter, InvalidImage
            As `Studio.sweep`; also for a table without rows.
        """
        door = self._door()
        return door.studio.sweep(door.requests(self._frame), **changes)

    def code(self, i: int = 0) -> Code:
        """The call that asks for a row's clip; run as it stands it gives back the clip that you own, at $0.00.

        Parameters
        ----------
        i : int
            The row's place, from 0; from the end when negative.

        Returns
        -------
        str
            Python that runs as it stands; a notebook shows it as code.

        Raises
        ------
        InvalidParameter
            For a place that the table does not have.
        """
        keys = ids_of(self._frame)
        if isinstance(i, bool) or not hasattr(i, "__index__") or not -len(keys) <= i < len(keys):
            raise refused(f"i={i!r} is no row of this table, which has {in_rows(len(keys))}", "Pass a place, from 0.")
        key = keys[i]
        if key is None:
            raise refused(f"row {i} was not sent: it has no id", "Choose another row.")
        door = self._door()
        return call_of(door, door.rows([key])[0])

    # ---- elsewhere ---------------------------------------------------------------------------------------------

    def export(
        self, path: str | os.PathLike[str], *, redact: str | Iterable[str] = (), overwrite: bool = False
    ) -> Path:
        """Write it for elsewhere; the path's ending says what.

        - `.csv`: `id` first, the history's columns in its order, then the table's own; UTF-8. A text that a spreadsheet
          would take for a formula has an apostrophe before it (`rerun` and `by=` take it off again).
          `pd.read_csv(path).pixverse` measures as this table does.
        - `.parquet`: the same with its types, by pyarrow (`pip install "pixverse_nb[parquet]"`).
        - a folder (no ending, a slash at the end, or one that is there): each clip under a name made of time (UTC),
          the prompt's words, settings and id, as `Video.save` writes it, and its row beside it as JSON. A clip whose
          file is gone is told of. Files of the same name, which carry the same id, are replaced.
        - `.mp4`: a labelled contact sheet, 2 to 25 clips playing at once; 24 frames per second, at most 1920 x 1080 px.
          A clip that ends early stands still on its last frame. There is no sound.
        - `.webp`: a moving picture of one clip, or of up to 25 the sheet, at most 3 MB: from 640 px (a sheet: 1024) and
          12 frames per second, size, rate and quality go down until it is so small.

        Keys, signatures of addresses and the private columns of the store are in none of them.

        Parameters
        ----------
        path : str or path
            Where to; folders on the way are made.
        redact : str or iterable of str
            "prompts": each different prompt becomes "prompt 1", "prompt 2", ...; texts that may repeat one are gone.
            "costs": columns and labels of money are left out. With either, only the history's own columns are written:
            what others of the table hold cannot be known.
        overwrite : bool
            Replace a file that is there; else that is an error.

        Returns
        -------
        Path
            Where it is. It was written at once or, when an error is raised, not at all.

        Raises
        ------
        InvalidParameter
            For another ending, a file that is there, no clips or too many for a sheet, and a table without a studio
            where clips are asked for.
        ClipError
            When the place cannot be written, and when none of the clips is there.
        PixverseError
            For a `.parquet` without pyarrow.
        """
        from .exports import export

        return export(self._frame, self._door, path, redact, overwrite=overwrite)

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        title: str | None = None,
        clips: str = "beside",
        redact: str | Iterable[str] = (),
        limit_mb: float = 25,
        compare: Any = None,
        overwrite: bool = False,
    ) -> Report:
        """Write one page for others: the clips, what was said of them, the player, pictures and figures.

        It works from a file without any network, and holds no key, no signed address and no path of this machine. Small
        silent copies of the clips are in the page. Only its own script runs in it; without script everything but the
        player is there.

        Parameters
        ----------
        path : str or path
            The page, ending with `.html`; folders on the way are made.
        title : str, optional
            By default it says how many clips there are.
        clips : str
            "beside": the clips lie in a folder beside the page, `name_clips/`, under names that people can read; both
            can be moved together. "embed": they are in the page. "none": only the small copies are.
        redact : str or iterable of str
            "prompts" and "costs", as `export`, everywhere: in texts, pictures, the player, file names, and in the
            clips' own tags; only the history's own columns are told. What a clip shows stays as it is.
        limit_mb : float
            What the page may take, MB, above 0. Small copies that do not fit are left out first, then embedded clips,
            then stills; the page and a warning say so.
        compare : generations, ids or rows, optional
            The two to nine clips that the player begins with; by default the best rated. A reader ticks others.
        overwrite : bool
            Replace a file that is there. An older report is replaced anyway, so that a notebook can be run again.

        Returns
        -------
        Report
            Its path, which `open` and `Path` take it for; shown, a link.

        Raises
        ------
        InvalidParameter
            For another value, a file that is there and is no report, and a table without ids or studio.
        ClipError
            When the place cannot be written. Nothing is left behind then, and an older report stays.
        """
        from .report import report

        given = {"title": title, "clips": clips, "redact": redact, "limit_mb": limit_mb, "compare": compare}
        return report(self._frame, self._door, path, **given, overwrite=overwrite)

    # ---- writing -----------------------------------------------------------------------------------------------

    def rate(self, n: int | None) -> History:
        """Rate all of the table's clips.

        Parameters
        ----------
        n : int or None
            1-5, 5 the best; None clears.

        Returns
        -------
        DataFrame
            The same rows and columns as the history has them now; as of all methods that write. All rows are written
            in one transaction, or none.

        Raises
        ------
        InvalidParameter
            For a value that is not allowed, and for rows without an id.
        NotFound
            For rows that the history does not hold.
        HomeError
            When the history cannot be written.
        """
        return self._write({"rating": n})

    def tag(self, *tags: str) -> History:
        """Add tags to what each row has.

        Parameters
        ----------
        *tags : str
            One or more, of up to 40 characters, kept in lower case; up to 30 a row.

        Returns
        -------
        DataFrame
            As `rate`.

        Raises
        ------
        InvalidParameter
            For no tag, and for more or longer ones.
        PixverseError
            As `rate`.
        """
        if not tags:
            raise refused("no tag was given", 'Pass some: df.pixverse.tag("night", "keeper").')
        new = checked({"tags": list(tags)})["tags"] or ""

        def add(row: Row) -> Mapping[str, Any]:
            return checked({"tags": f"{row['tags'] or ''}, {new}"})

        return self._write({"tags": None}, add)

    def keep(self) -> History:
        """Decide to keep all of the table's clips.

        Returns
        -------
        DataFrame
            As `rate`.

        Raises
        ------
        PixverseError
            As `rate`.
        """
        return self._write({"decision": "keep"})

    def reject(self, reason: str | None = None) -> History:
        """Reject all of the table's clips.

        Parameters
        ----------
        reason : str, optional
            Why, up to 500 characters.

        Returns
        -------
        DataFrame
            As `rate`.

        Raises
        ------
        PixverseError
            As `rate`.
        """
        return self._write({"decision": "reject", "reason": reason})

    def note(self, text: str | None) -> History:
        """Write a note on each row, in the place of what stood there.

        Parameters
        ----------
        text : str or None
            Up to 5000 characters; None clears.

        Returns
        -------
        DataFrame
            As `rate`.

        Raises
        ------
        PixverseError
            As `rate`.
        """
        return self._write({"note": text})

    def _write(self, given: Mapping[str, object], change: Any = None) -> History:
        door, keys = self._door(), ids_of(self._frame)
        changes = checked(given)
        unsent = sum(key is None for key in keys)
        if unsent:
            raise refused(
                f"{in_rows(unsent)} of this table {'was' if unsent == 1 else 'were'} not sent: nothing is there",
                'Leave them out: df[df["status"].notna()].',
            )
        door.write(list(dict.fromkeys(key for key in keys if key is not None)), change or (lambda _: changes))
        return door.refreshed(self._frame, tuple(changes))

    def _clips(self) -> Clips | None:
        """Where posters come from; None for a table that does not know."""
        clips: Clips | None = self._given._clips if self._given is not None else getattr(self._frame, "_clips", None)
        return clips

    def _table_of_its_own(self) -> pd.DataFrame:
        """A copy that nobody else changes; it knows the studio that this one was given."""
        from pixverse_nb.history import History

        made: pd.DataFrame = self._frame.copy()
        if self._given is not None:
            given: History = History(made).__finalize__(made)
            given._clips = self._given._clips
            made = given
        return made

    def _door(self) -> Door:
        studio = self._given or studio_of(self._frame)
        if studio is None:
            ids_of(self._frame)  # what is missing in the table first
            had = getattr(self._frame, "_clips", None) is not None
            what = "came from a studio that is gone" if had else "does not know its studio"
            raise refused(f"this table {what}", "Say which: df.pixverse.of(studio), then the same call.")
        return Door(studio)
