"""The front desk: everything hangs on the studio."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import threading
import warnings
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import errors
from .backend import find_backend
from .budget import Budget, Cap, what_fits
from .display.frontend import in_notebook
from .display.notice import preview_notice, show_notice
from .engine import shared_engine
from .generation import Generation
from .generations import Generations
from .job import Job
from .media.clips import Clips
from .mishaps import origin_of, refused_before
from .pace import Pace
from .parameters import check_count, signed
from .polling import TYPICAL_S, expectation
from .pricing import Estimate
from .quotes import Quotes
from .request import Request
from .rows import request_of
from .runner import Runner, Step
from .segmind.client import Credits
from .store import leases
from .store.annotations import UNSET, Unset, checked
from .store.ledger import Spent
from .store.opening import Opened, Shelf
from .store.schema import PREVIEW
from .store.store import Store
from .store.words import FILE_LIFE_US, Row, now_us
from .wishes import Wish, make_wish
from .workbench import Workbench
from .workpiece import Stalled

if TYPE_CHECKING:
    from .books import Desk
    from .history import History
    from .panel.panel import Panel
    from .reconcile import Reconciliation
    from .sweep.plan import Plan

_UNSENT_LEASE_S = 86_400.0  # a wish may wait for its turn as long as its kernel lives
_ROOM_BYTES = 200_000_000  # a clip of 15 s at 1080p and then some


class Studio:
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
        self.api = api
        self.budget = Budget.of(budget)
        self.home = Path(home or os.environ.get("PIXVERSE_NB_HOME") or "pixverse_data").expanduser().absolute()
        base_url = base_url or os.environ.get("PIXVERSE_NB_BASE_URL") or None
        pace = pace or Pace()
        self._backend = find_backend(api_key, base_url, shared_engine, pace, concurrency)
        self._name = secrets.token_hex(8)
        self._process = os.getpid()
        self._store = Store(self.home)
        self._clips = Clips(self.home)
        self._quotes = Quotes(self._store, self._backend.name)
        self._runner = Runner(concurrency)
        self._bench = Workbench(self._store, self._clips, self._backend, pace, leases.new_owner())
        self._starting = threading.RLock()
        self._panel: Panel | None = None
        self._generations: weakref.WeakValueDictionary[str, Generation] = weakref.WeakValueDictionary()
        # Of the jobs that are followed here; the runner keeps them alive as long as there is something to do.
        self._jobs: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._steps: weakref.WeakValueDictionary[str, Step] = weakref.WeakValueDictionary()
        if self.is_preview:
            show_notice(preview_notice())
        if self._store.read_only is not None:
            warnings.warn(str(self._store.read_only), stacklevel=2)
        else:
            self._follow_unfinished()
            self._runner.add(self._tidy)

    def _tidy(self) -> None:
        """Remove what killed downloads left behind."""
        self._clips.sweep_partial()

    def __repr__(self) -> str:
        on = "the embedded preview engine" if self.is_preview else f"{self._backend.name}, {self.api}"
        return f"<Studio on {on}; home {self.home}>"

    @property
    def is_preview(self) -> bool:
        """Whether it runs on the embedded preview engine."""
        return self._backend.name == PREVIEW

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
            So many clips at once, numbered from `take` on; all are sent or, where the budget has no room, none.
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
        """Send a request and return at once; many can be under way. Arguments and errors as in `generate`.

        The `Generation` shows itself live, can be waited for with `wait()` and awaited with `await`.
        """
        first, count = check_count("take", take), check_count("takes", 1 if takes is None else takes)
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

        return Plan(self, lay_out(requests, takes=takes, exchange=replace, given=parameters, home=self.home))

    def _start(self, wishes: Sequence[Wish], *, reuse: bool = True) -> list[Generation]:
        """Begin them all or none: reused, joined, fetched again, or sent."""
        if not isinstance(reuse, bool):
            raise errors.InvalidParameter(
                f"reuse={reuse!r} is not allowed", remedy="Pass True, or False to send in any case.", billed=False
            )
        self._check_room()
        prices = self._quotes.all([wish.request for wish in wishes])
        rows = [self._new_row(wish, price) for wish, price in zip(wishes, prices, strict=True)]
        # As one: else a thread that joins the new row could take it for one whose kernel ended before it was sent.
        with self._starting:
            opened = self._store.open_all(
                rows,
                reuse=reuse,
                owner=self._bench.owner,
                lease_s=_UNSENT_LEASE_S,
                shelf=self._shelf,
                admit=None if self.budget == Budget() else self._admit,
            )
            working: set[str] = set()
            try:
                return [self._take_on(one, working) for one in opened]
            except BaseException:  # interrupted before anybody works on them: whoever wants them may take them up
                for one in opened:
                    if one.kind in {"new", "fetched"} and one.row["id"] not in working:
                        leases.let_go(self._bench.owner, one.row["id"])
                raise

    def _next_takes(self, request: Request, count: int) -> list[int]:
        """The first take numbers of a request that no clip and no job stands for: what a click means by a new take."""
        free: list[int] = []
        first = 1
        while len(free) < count:
            numbers = range(first, first + max(count, 16))
            identities = [replace(request, take=number).identity for number in numbers]
            standing = self._store.standing(self._backend.name, identities, self._shelf)
            free += [n for n, kind in zip(numbers, standing, strict=True) if kind in {"new", "refused"}]
            first = numbers.stop
        return free[:count]

    def _take_on(self, opened: Opened, working: set[str]) -> Generation:
        generation = self._handle(opened.row)
        if opened.kind == "fetched":  # a handle that somebody holds thinks that it has ended
            generation._news(opened.row, None, followed=False)  # noqa: SLF001
        if opened.refused is not None:
            warnings.warn(refused_before(opened.refused), errors.ModerationWarning, stacklevel=5)
        generation._origin = origin_of(opened)  # noqa: SLF001  the studio and its handles are one piece
        if opened.kind != "reused":
            self._follow(generation, fresh=opened.kind in {"new", "fetched"})
            working.add(opened.row["id"])
        return generation

    def _admit(self, spent: Spent, new: Sequence[Row]) -> None:
        """Ask the budget about new rows."""
        requests = [request_of(row) for row in new]
        prices = [Estimate(row["estimate_micros"], row["ceiling_micros"]) for row in new]
        price = sum(prices[1:], prices[0])
        self.budget.admit(spent, price, lambda room: what_fits(requests[0], len(new), room, self._quotes.price))

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self._has_clip, self._can_fetch)

    def _check_room(self) -> None:
        if self._store.read_only is not None:
            raise self._store.read_only
        self._clips.check_writable()
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self.home).free
            if free < _ROOM_BYTES:
                raise errors.HomeError(
                    f"the disk of {self.home} has {free / 1e6:.0f} MB left; sending needs {_ROOM_BYTES / 1e6:.0f} MB",
                    remedy="Free some space or pass another home=...",
                    billed=False,
                )

    def _new_row(self, wish: Wish, price: Estimate) -> Row:
        request = wish.request
        image_path = self._clips.keep_picture(wish.picture) if wish.picture else None
        return {
            "service": self._backend.name,
            "api": self.api,
            "studio": self._name,
            "status": "submitting",
            **request.parameters,
            "extra": json.dumps(request.extra) if request.extra else None,
            "take": request.take,
            "image_sha256": request.image_sha256,
            "image_path": image_path.relative_to(self.home).as_posix() if image_path else None,
            "identity": request.identity,
            "estimate_micros": price.expected_micros,
            "ceiling_micros": price.ceiling_micros,
            "reserved_micros": price.ceiling_micros,
        }

    def _has_clip(self, row: Row) -> bool:
        try:
            return bool((self.home / row["video_path"]).stat().st_size == row["video_bytes"])
        except (OSError, TypeError):
            return False

    def _can_fetch(self, row: Row) -> bool:
        """Whether the service may still have a clip; a preview's clips end with the engine that drew them."""
        lives = self._backend.engine is not None and row["engine"] == self._backend.engine
        young = now_us() - (row["completed_at"] or 0) < FILE_LIFE_US
        return bool((row["output_url"] or row["request_id"]) and young and (lives or not self.is_preview))

    # ---- following ---------------------------------------------------------------------------------------------

    def _handle(self, row: Row) -> Generation:
        """The one handle of a row in this studio."""
        with self._starting:
            known = self._generations.get(row["id"])
            if known is not None:
                return known
            recent = self._store.recent_seconds(row["service"], row["quality"], row["duration"])
            expected = expectation(recent) or (None if self.is_preview else TYPICAL_S)
            generation = Generation(row, clips=self._clips, home=self.home, follow=self._follow, expected_s=expected)
            return self._generations.setdefault(row["id"], generation)

    def _follow(self, generation: Generation, *, fresh: bool = False) -> None:
        with self._starting:
            step = self._step_of(generation, fresh=fresh)
        if step is not None:
            self._runner.add(step)

    def _step_of(self, generation: Generation, *, fresh: bool = False) -> Step | None:
        """What follows a generation from now on; None when something does already, or when it has ended."""
        if os.getpid() != self._process:
            raise errors.PixverseError(
                "this studio was made in another process, before a fork",
                remedy="Make a pv.Studio() of its own in this one.",
                billed=False,
            )
        if not generation._start_following():  # noqa: SLF001  the studio and its handles are one piece
            return None
        job = Job(generation._row, self._bench, generation._news, fresh=fresh)  # noqa: SLF001

        def step() -> float | None:
            try:
                return job.step()
            except Stalled as stalled:
                generation._news(job.row, None, stall=stalled.error, followed=False)  # noqa: SLF001
            except Exception as error:
                trouble = errors.PixverseError(
                    f"the job could not go on ({type(error).__name__}: {error})",
                    request_id=job.row["request_id"],
                    remedy="Nothing is lost: studio.resume() takes it up again.",
                )
                generation._news(job.row, None, stall=trouble, followed=False)  # noqa: SLF001
                raise
            return None

        self._jobs[generation.id], self._steps[generation.id] = job, step
        return step

    def _look(self, generation: Generation, *, fresh: bool = False, give_up: bool = False) -> Job | None:
        """Have a job whose answer was lost look into the account's history at once; None when it has ended."""
        with self._starting:
            new = self._step_of(generation)
            job, step = self._jobs.get(generation.id), self._steps.get(generation.id)
            if job is None or step is None:
                return None
            job.ask_to_look(fresh=fresh, give_up=give_up)
        if new is not None:
            self._runner.add(new)
        else:
            self._runner.hurry(step)
        return job

    def _follow_unfinished(self) -> list[Generation]:
        with self._starting:
            generations = [self._handle(row) for row in self._store.unfinished(self._backend.name)]
        for generation in generations:
            self._follow(generation)
        return generations

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
        A job may reach the account's history late: leave it some minutes.

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
        """The generation with this id of the history; NotFound when there is none."""
        row = self._store.row(id)
        if row is None:
            raise errors.NotFound(f"the history holds no {id!r}", remedy="See studio.history().index.")
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
            Text that the prompt, a note or a tag contains, without regard to case.
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
        }  # fmt: skip
        self._store.annotate(id, checked(given))

    def credits(self) -> Credits:
        """The account's balance in USD, asked from the service; free, and a check of the key.

        On the preview engine it is a pretended balance.

        Raises
        ------
        AuthenticationError
            When the key is rejected.
        ServiceUnreachable
            When there is no connection.
        """
        return self._backend.client.credits()

    @signed
    def estimate(self, prompt: str = "…", *, takes: int = 1, **parameters: object) -> Estimate:
        """Price a request before it is sent; as `pv.estimate`, corrected by what this service charged before."""
        request = Request.of({"prompt": prompt, **parameters})
        return self._quotes.price(request) * check_count("takes", takes)

    def spending(self) -> list[Cap]:
        """The budget's caps with what is spent, reserved and left of each; empty without a budget."""
        return self.budget.caps(self._store.spent(self._backend.name, self._name))
