"""The front desk: everything hangs on the studio."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import errors
from .backend import find_backend
from .budget import Budget, Cap
from .display.frontend import in_notebook
from .display.html import el
from .display.notice import preview_notice, show_notice
from .engine import shared_engine
from .generation import Generation
from .generations import Generations
from .pace import Pace
from .parameters import check_count, check_takes, signed
from .paths import path_of
from .pricing import Estimate
from .request import Request
from .segmind.client import Credits
from .store.annotations import UNSET, Unset, checked
from .table.origin import remember
from .wishes import make_wish
from .workshop import Workshop

if TYPE_CHECKING:
    from .books import Desk
    from .history import History
    from .imports import Imported
    from .panel.panel import Panel
    from .player.player import Player
    from .reconcile import Reconciliation
    from .storyboard.board import Storyboard
    from .sweep.plan import Plan


class Studio(Workshop):
    """Sends generations, keeps their history, shows their clips.

    Parameters
    ----------
    api_key : str, optional
        Segmind's key. Else it comes from SEGMIND_API_KEY, a Colab secret or the keyring, in that order. With no key at
        all the studio runs on the embedded preview engine: rehearsal clips, drawn on this machine, nothing billed.
    base_url : str, optional
        Puts all of the service's hosts on one base, such as a `PreviewServer`'s url; else PIXVERSE_NB_BASE_URL.
    home : str or Path, optional
        Folder of the history and the clips; else PIXVERSE_NB_HOME, else ./pixverse_data.
    api : str
        "v2" submits, polls and fetches; "v1" is the document's one blocking call.
    budget : Budget or float, optional
        Caps on spending; a plain number is USD a day for everything that shares the home.
    concurrency : int
        How many requests, downloads and v1 calls may be under way at once, 1-256. Waiting jobs need none.
    pace : Pace, optional
        Time-outs, retries, polling.

    Raises
    ------
    InvalidParameter
        For an argument that cannot be used.
    MissingKey
        For a base URL without a key.
    HomeError
        When the home can be neither written nor read.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        home: str | Path | None = None,
        api: str = "v2",
        budget: Budget | float | None = None,
        concurrency: int = 16,
        pace: Pace | None = None,
    ) -> None:
        if api not in {"v1", "v2"}:
            raise errors.InvalidParameter(f"api={api!r} is not allowed", remedy="Pass 'v2' or 'v1'.", billed=False)
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or not 1 <= concurrency <= 256:
            raise errors.InvalidParameter(
                f"concurrency={concurrency!r} is not allowed", remedy="Pass a whole number from 1 to 256.", billed=False
            )
        for name, value, kind in (("home", home, str | os.PathLike), ("pace", pace, Pace)):
            if value is not None and not isinstance(value, kind):
                raise errors.InvalidParameter(
                    f"{name}={value!r} is not allowed", remedy="home is a path, pace a pv.Pace(...).", billed=False
                )
        wanted = home or os.environ.get("PIXVERSE_NB_HOME") or "pixverse_data"
        place = path_of(wanted, "home", example="'pixverse_data'")
        base_url = base_url or os.environ.get("PIXVERSE_NB_BASE_URL") or None
        pace = pace or Pace()
        backend = find_backend(api_key, base_url, shared_engine, pace, concurrency)
        super().__init__(backend, home=place, api=api, budget=Budget.of(budget), pace=pace, concurrency=concurrency)
        self._panel: Panel | None = None
        remember(self)
        if self.is_preview:
            show_notice(preview_notice(backend.remark))
        if self._store.read_only is not None:
            _say_read_only(str(self._store.read_only))
        else:
            self._follow_unfinished()
            self._runner.add(self._tidy)

    def __repr__(self) -> str:
        on = "the embedded preview engine" if self.is_preview else f"{self._backend.name}, {self.api}"
        return f"<Studio on {on}; home {self.home}>"

    # ---- sending -----------------------------------------------------------------------------------------------

    @overload
    def generate(self, prompt: str, *, takes: None = None, **parameters: Any) -> Generation: ...

    @overload
    def generate(self, prompt: str, *, takes: int, **parameters: Any) -> Generations: ...

    @signed
    def generate(
        self,
        prompt: str,
        *,
        image: object = None,
        take: int = 1,
        takes: int | None = None,
        reuse: bool = True,
        extra: Mapping[str, object] | None = None,
        **parameters: object,
    ) -> Generation | Generations:
        """Send a request, show its progress live, wait, and play the clip.

        A request that is identical to one whose clip is on the disk gives that clip back at $0.00, and one that is
        already under way is joined; `take=2` or `reuse=False` asks for a new one.

        Parameters
        ----------
        prompt : str
            What the clip should show, 1-5000 characters.
        image : path, URL, bytes, PIL image, array or Generation, optional
            A picture to start from (png, webp or jpg, under 20 MB, at most 4000 x 4000 px); of an earlier generation,
            its last frame. Local pictures are turned upright and uploaded once.
        take : int
            1 for the first clip of a request, 2 for another one, and so on.
        takes : int, optional
            1 to 100 clips at once, numbered from `take` on; all are sent or, where the budget has no room, none.
        reuse : bool
            False always sends.
        extra : dict, optional
            Names that the API's page does not list, sent as they are.
        **parameters
            The API's parameters, by its own names.

        Returns
        -------
        Generation
            Completed; with `takes` a list of them.

        Raises
        ------
        InvalidParameter, UnknownParameter, InvalidImage
            Before anything is sent.
        BudgetExceeded
            Before anything is sent.
        PixverseError
            What went wrong, whether it was billed, and what to do.
        """
        generation = self.submit(prompt, image=image, take=take, takes=takes, reuse=reuse, extra=extra, **parameters)
        if in_notebook():
            generation.show()
        return generation.wait()

    @overload
    def submit(self, prompt: str, *, takes: None = None, **parameters: Any) -> Generation: ...

    @overload
    def submit(self, prompt: str, *, takes: int, **parameters: Any) -> Generations: ...

    @signed
    def submit(
        self,
        prompt: str,
        *,
        image: object = None,
        take: int = 1,
        takes: int | None = None,
        reuse: bool = True,
        extra: Mapping[str, object] | None = None,
        **parameters: object,
    ) -> Generation | Generations:
        """Send a request and return at once; many can be under way.

        The `Generation` shows itself live, can be waited for with `wait()` and awaited with `await`.

        Parameters
        ----------
        prompt : str
            What the clip should show, 1-5000 characters.
        image : path, URL, bytes, PIL image, array or Generation, optional
            A picture to start from, as in `generate`.
        take : int
            1 for the first clip of a request, 2 for another one, and so on.
        takes : int, optional
            1 to 100 clips at once, numbered from `take` on; all are sent or, where the budget has no room, none.
        reuse : bool
            False always sends.
        extra : dict, optional
            Names that the API's page does not list, sent as they are.
        **parameters
            The API's parameters, by its own names.

        Returns
        -------
        Generation
            Under way, or completed when the clip is owned already; with `takes` a list of them.

        Raises
        ------
        InvalidParameter, UnknownParameter, InvalidImage
            Before anything is sent.
        BudgetExceeded
            Before anything is sent.
        """
        first, count = check_count("take", take), check_takes(1 if takes is None else takes)
        wishes = [
            make_wish(prompt, image=image, take=number, extra=extra, parameters=parameters)
            for number in range(first, first + count)
        ]
        generations = self._start(wishes, reuse=reuse)
        return generations[0] if takes is None else Generations(generations)

    @signed
    def sweep(
        self,
        requests: object = None,
        /,
        *,
        takes: int = 1,
        replace: Mapping[str, str | Sequence[str]] | None = None,
        **parameters: object,
    ) -> Plan:
        """Plan many clips at once, priced before anything is sent; `run()` sends what is missing.

        Every keyword that is given a list is an axis, and the sweep is their product, in the order of the keywords:
        `studio.sweep(prompt=["a cat", "a dog"], quality=["540p", "720p"], takes=3)`. A clip that you own, or that is
        under way, is not sent; so the same sweep, run again, sends only what is missing.

        Parameters
        ----------
        requests : list of dict, list of str, or DataFrame, optional
            Requests to start from: dicts of parameters (and `image`, `take`, `extra`), prompts, or a table with such
            columns, whose missing values are "not set". A slice of `studio.history()` is such a table. Keywords
            override them.
        takes : int
            So many clips of each, numbered from its `take` on.
        replace : dict, optional
            Text of the prompts to what may stand in its place: `{"red": ["blue", "green"]}` makes three prompts of one.
        **parameters
            The API's parameters, by its own names; and `image`, `take` and `extra` as in `generate`. Each takes a
            value, or a list of values.

        Returns
        -------
        Plan
            With counts, price, time and the budget's room. Nothing was sent.

        Raises
        ------
        InvalidParameter, UnknownParameter, InvalidImage
            Naming the cell, before anything is sent; also for an empty list, and for more than 10,000 cells.
        """
        from .sweep.cells import lay_out
        from .sweep.plan import Plan

        sheet = lay_out(requests, takes=takes, exchange=replace, given=parameters, home=self.home)
        self._refuse_key(cell.wish for cell in sheet.cells)
        return Plan(self, sheet)

    @signed
    def storyboard(self, shots: object, /, *, image: object = None, **parameters: object) -> Storyboard:
        """Plan a film of several shots, each starting from the last frame of the one before; priced first.

        `studio.storyboard(["a lighthouse at dusk", "the storm comes nearer"], duration=5)`. Nothing is sent before
        `run()`; run again, also in another kernel, it sends only what is missing.

        Parameters
        ----------
        shots : list of str or dict
            Prompts, or dicts of `prompt` and the API's parameters, `take` and `extra`, which go before the common ones.
            With `cut=True`, or a picture of its own (`image`, `image_url`), a shot does not go on from the one before.
            `take=2` makes another clip of one shot, and so new ones of all that go on from it.
        image : path, URL, bytes, PIL image, array or Generation, optional
            What the first shot starts from.
        **parameters
            The API's parameters, `take`, `extra` and `cut`, for all shots.

        Returns
        -------
        Storyboard
            A table of the shots with price, time and the budget's room; `run()` gives the film.

        Raises
        ------
        InvalidParameter, UnknownParameter, InvalidImage
            Naming the shot, before anything is sent.
        """
        from .storyboard.board import Storyboard
        from .storyboard.shots import lay_out

        laid_out = lay_out(shots, image=image, common=parameters)
        self._refuse_key(shot.wish for shot in laid_out)
        return Storyboard(self, laid_out)

    def resume(self) -> list[Generation]:
        """Take up every unfinished job of this service: by request id, else by the account's history.

        A new studio does so by itself; call it to see the jobs, to wait for them, or to try again after an error.
        Nothing is ever sent again.

        Returns
        -------
        list of Generation
            Oldest first; each can be shown and waited for.

        Raises
        ------
        HomeError
            When the history is open for reading only.
        """
        if self._store.read_only is not None:
            raise self._store.read_only
        self._store.take_in_rescued()
        return self._follow_unfinished()

    # ---- the panel ---------------------------------------------------------------------------------------------

    def panel(self) -> Panel:
        """The control panel: compose with the price on the button, the queue, the gallery, the history, settings.

        One for each studio. Shown again, as in a cell that is run again, it is built anew and keeps what was typed;
        `studio.panel().history` is the DataFrame of what its History tab shows.

        Returns
        -------
        Panel
            It displays itself; a saved notebook keeps a summary with posters for readers without a kernel.
        """
        from .panel.panel import Panel

        with self._starting:
            if self._panel is None:
                self._panel = Panel(self)
            return self._panel

    # ---- the account's history ---------------------------------------------------------------------------------

    def reconcile(self, since: str | datetime | None = None) -> Reconciliation:
        """Hold the history against the account's, put right what can be, and show what is left to do.

        Follows every unfinished job and looks for lost ones at once, fills in missing costs, fetches paid clips whose
        file is not on this disk while the service keeps them (7 days), and lists charges that no row explains, rows
        that the account does not know, and charges that differ. Free, and nothing is ever sent again by it.

        Parameters
        ----------
        since : str or datetime, optional
            From when on, at most 731 days ago; UTC unless a time zone is said. By default the last four weeks.

        Returns
        -------
        Reconciliation
            A table, grouped by what there is to do, with a line of code for each; `.findings` is the DataFrame.

        Raises
        ------
        InvalidParameter
            For a `since` that cannot be used.
        HomeError
            When the history is open for reading only.
        PixverseError
            When the account's history could not be read to its end; what was learned until then is kept.
        """
        from .reconcile import reconcile

        return reconcile(self._desk, since)

    def adopt(self, request_id: str) -> Generation:
        """Take a job of the account that no row here knows into this history, and fetch its clip; nothing is sent.

        A charge without a clip becomes a failed row that was billed, so that it counts.

        Parameters
        ----------
        request_id : str
            With or without dashes, as `reconcile` shows it.

        Returns
        -------
        Generation
            The new row, dated as the account dates the job, its cost the account's; or the row that has it already.

        Raises
        ------
        NotFound
            When the account does not know the request.
        InvalidParameter
            When it is no request id, or there is nothing to take over: it failed, or is another model's.
        PixverseError
            When it is most likely the job of a row here whose answer is still out.
        """
        from .adoption import adopt

        return adopt(self._desk, request_id)

    def write_off(self, id: str) -> Generation:
        """Close a row whose outcome is unknown, after one more look into the account's history.

        When the account knows the job after all, it is taken up instead. Else the row becomes `failed`, `billed`
        stays unknown, and what it kept reserved is free again; the same request may then be sent anew, by you.
        A job may reach the account's history late: leave it some minutes. One that the account still calls running can
        be written off from two hours after its send. One that is known to be billed keeps its reservation until the
        account tells the charge.

        Parameters
        ----------
        id : str
            Of the history.

        Returns
        -------
        Generation
            Failed, or taken up.

        Raises
        ------
        NotFound
            When the history holds no such row.
        InvalidParameter
            When its outcome is known, or another service's account has it.
        PixverseError
            When the account's history could not be asked: the row stays as it is.
        """
        from .adoption import write_off

        return write_off(self._desk, id)

    @property
    def _desk(self) -> Desk:
        from .books import Desk

        return Desk(self._bench, self._handle, self._follow, self._look, self.resume, self._has_clip)

    # ---- looking -----------------------------------------------------------------------------------------------

    def generation(self, id: str) -> Generation:
        """The generation with this id of the history; it can be shown and waited for.

        Parameters
        ----------
        id : str
            Of the history.

        Returns
        -------
        Generation
            As the history has it; an unfinished one is followed when it is waited for.

        Raises
        ------
        NotFound
            When the history holds no such row.
        """
        row = self._store.row(id)
        if row is None:
            raise errors.NotFound(
                f"the history holds no {id!r}",
                remedy=f"See studio.history().index. The home is {self.home}; pv.Studio(home=...) opens another one.",
            )
        return self._handle(row)

    def history(
        self,
        *,
        search: str | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        limit: int | None = None,
        **columns: object,
    ) -> History:
        """The table of everything that was tried, newest first.

        Parameters
        ----------
        search : str, optional
            Text that the prompt, a note, a tag or a reason contains, without regard to case.
        since, until : str or datetime, optional
            Range of `created_at`, the end left out; UTC unless a time zone is said.
        limit : int, optional
            At most so many rows, from 1.
        **columns
            A column's name with a value, a list of values (any of them), or None (missing):
            `status="completed"`, `quality=["720p", "1080p"]`.

        Returns
        -------
        pandas.DataFrame
            Indexed by `id`, with typed columns whose units are in their names; shows posters in a notebook.

        Raises
        ------
        UnknownParameter
            For a column that there is not; it names the nearest.
        InvalidParameter
            For a filter that cannot be used.
        """
        from .history import history

        return history(self._store, self._clips, search=search, since=since, until=until, limit=limit, columns=columns)

    def compare(self, *what: object) -> Player:
        """Two to nine clips on one clock, with what differs below each; rated, kept and marked while they play.

        Parameters
        ----------
        *what : Generation, str, DataFrame, or lists of them
            Clips: generations, ids of the history, or a slice of `studio.history()`.

        Returns
        -------
        Player
            It displays itself; a saved notebook keeps plain players for readers without a kernel.

        Raises
        ------
        InvalidParameter
            For fewer than two clips or more than nine, and for a generation that is not completed.
        NotFound
            For an id that the history does not hold.
        ClipError
            For a clip whose file is gone.
        """
        from .player.choice import rows_of
        from .player.player import Player

        return Player(self, rows_of(self._store, what, self.home))

    def annotate(
        self,
        id: str,
        *,
        starred: bool | Unset | None = UNSET,
        rating: int | Unset | None = UNSET,
        decision: str | Unset | None = UNSET,
        reason: str | Unset | None = UNSET,
        tags: str | Iterable[str] | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        mark_in_s: float | Unset | None = UNSET,
        mark_out_s: float | Unset | None = UNSET,
    ) -> None:
        """Write on a row of the history what you think of its clip; at once, and what is not given stays as it is.

        Parameters
        ----------
        id : str
            Of the history.
        starred : bool, optional
            A star to find it again by.
        rating : int, optional
            1-5, 5 the best.
        decision : str, optional
            "keep" or "reject".
        reason : str, optional
            Why it was rejected, up to 500 characters; another decision clears it.
        tags : str or list of str, optional
            All of its tags: a list, or text with commas; up to 30 of up to 40 characters, kept in lower case, sorted.
        note : str, optional
            Up to 5000 characters.
        mark_in_s, mark_out_s : float, optional
            Where the usable part starts and ends, seconds from the clip's start: 0 <= in < out <= its length.

        Raises
        ------
        InvalidParameter
            For a value that is not allowed; None clears.
        NotFound
            When the history holds no such row.
        HomeError
            When the history cannot be written.
        """
        given = {
            "starred": starred, "rating": rating, "decision": decision, "reason": reason, "tags": tags, "note": note,
            "mark_in_s": mark_in_s, "mark_out_s": mark_out_s,
        }  # fmt: skip
        if not isinstance(id, str):  # such as the missing id of a sweep's row
            raise errors.InvalidParameter(
                f"{str(id)[:80]!r} is no id of a generation",
                remedy="Rows that were not sent have none; studio.history() lists those that were.",
                billed=False,
            )
        self._store.annotate(id, checked(given))

    def inspect(self, *what: object) -> History:
        """Look at clips for black and frozen stretches and listen to their sound, where nobody did so yet.

        A clip is looked at by itself, in the background, right after it has come; one of an older version, or of a
        kernel that ended too soon, when it is opened in the player, reused, or now. Takes about a tenth of a clip's
        length. What was found is in `video_black_s`, `video_frozen_s`, `video_loudness_lufs` and `mismatch`.

        Parameters
        ----------
        *what : Generation, str, DataFrame, or lists of them
            Clips: generations, ids of the history, or a slice of `studio.history()`; nothing: the whole history.

        Returns
        -------
        pandas.DataFrame
            Their rows of the history, as they are now; of the whole history, those that were looked at just now.

        Raises
        ------
        InvalidParameter
            For what is no clip.
        NotFound
            For an id that the history does not hold.
        HomeError
            When the history cannot be written.
        """
        from .delivered import is_to_inspect
        from .player.choice import ids_in

        if self._store.read_only is not None:
            raise self._store.read_only
        ids = list(dict.fromkeys(ids_in(what))) if what else self._store.not_inspected()
        for row in [self.generation(key)._told_of_it() for key in ids] if what else map(self._store.row, ids):
            if row is not None and is_to_inspect(row):
                with contextlib.suppress(errors.ClipError):  # its file is gone, and may come back
                    self._inspections.look(row)
        return self.history(id=ids)

    def import_clips(self, folder: str | Path, *, recursive: bool = True) -> Imported:
        """Make rows of the history of clips that were saved with their tags (`Video.save`), and bring the clips home.

        Each becomes a completed row with its own id, dates, cost and remarks; its clip is measured anew. A row that is
        here already, by its id, its job or its clip, stays as it is: importing twice changes nothing. Nothing is sent
        and nothing is charged: what a clip cost stays on the day on which it was sent, so it counts against a cap for
        the whole home, but not against today's, unless it was sent today. What was sent under another home's cap counts
        there and here. From then on the same request is given from the imported clip at $0.00.

        Parameters
        ----------
        folder : str or Path
            Where the clips are (.mp4, .m4v, .mov), or one of them.
        recursive : bool
            Whether folders in it are searched, too.

        Returns
        -------
        Imported
            A table that says of each file what became of it; `.files` is the DataFrame, `.ids` the new rows.

        Raises
        ------
        InvalidParameter
            When there is no such folder.
        HomeError
            When the history cannot be written.
        """
        from .imports import import_clips

        return import_clips(self._store, self._clips, folder, recursive=recursive, arrived=self._inspections.add)

    def credits(self) -> Credits:
        """The account's balance in USD, asked from the service; free, and a check of the key.

        On the preview engine it is a pretended balance.

        Returns
        -------
        Credits
            What was paid in and what was given, USD.

        Raises
        ------
        AuthenticationError
            When the key is rejected.
        ServiceUnreachable
            When there is no connection.
        PixverseError
            For any other answer that is no balance.
        """
        return self._backend.client.credits()

    @signed
    def estimate(self, prompt: str = "…", *, takes: int = 1, **parameters: object) -> Estimate:
        """Price a request before it is sent; as `pv.estimate`, corrected by what this service charged before.

        Parameters
        ----------
        prompt : str
            It changes no price, and may be left out.
        takes : int
            For so many clips.
        **parameters
            The API's parameters, by its own names.

        Returns
        -------
        Estimate
            USD expected and at most, and where the figures come from.

        Raises
        ------
        InvalidParameter, UnknownParameter
            For what could not be sent.
        """
        request = Request.of({"prompt": prompt, **parameters})
        return self._quotes.price(request) * check_takes(takes)

    def spending(self) -> list[Cap]:
        """The budget's caps, with what counts against each.

        Returns
        -------
        list of Cap
            What is spent, reserved and left of each; empty without a budget.
        """
        return self.budget.caps(self._store.spent(self._backend.name, self._name))


def _say_read_only(why: str) -> None:
    words = f"{why} Until then this studio reads, and sends nothing."
    if in_notebook():
        show_notice((el("div", words), words))
    else:
        warnings.warn(words, stacklevel=3)
