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
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import errors
from .backend import find_backend
from .budget import Budget
from .display.frontend import in_notebook
from .display.notice import preview_notice, show_notice
from .engine import shared_engine
from .generation import Generation
from .job import Job, Stalled
from .media.clips import Clips
from .media.images import Picture, load_picture
from .pace import Pace
from .parameters import PARAMETERS, signed, unknown_parameter
from .polling import TYPICAL_S, expectation
from .pricing import Estimate, estimate
from .request import Request
from .runner import Runner
from .segmind.client import Credits
from .store import leases
from .store.schema import PREVIEW
from .store.store import Row, Store
from .workbench import Workbench

if TYPE_CHECKING:
    from .history import History

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
        self._runner = Runner(concurrency)
        self._bench = Workbench(self._store, self._clips, self._backend, pace, leases.new_owner())
        self._starting = threading.RLock()
        self._generations: weakref.WeakValueDictionary[str, Generation] = weakref.WeakValueDictionary()
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

    @signed
    def generate(
        self,
        prompt: str,
        *,
        image: object = None,
        take: int = 1,
        reuse: bool = True,
        extra: Mapping[str, object] | None = None,
        **parameters: object,
    ) -> Generation:
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
        reuse : bool
            False always sends.
        extra : dict, optional
            Names that the API's page does not list, sent as they are.
        **parameters
            The API's parameters, by its own names.

        Returns
        -------
        Generation
            Completed.

        Raises
        ------
        InvalidParameter, UnknownParameter, InvalidImage
            Before anything is sent.
        BudgetExceeded
            Before anything is sent.
        PixverseError
            What went wrong, whether it was billed, and what to do.
        """
        generation = self.submit(prompt, image=image, take=take, reuse=reuse, extra=extra, **parameters)
        if in_notebook():
            generation.show()
        return generation.wait()

    @signed
    def submit(
        self,
        prompt: str,
        *,
        image: object = None,
        take: int = 1,
        reuse: bool = True,
        extra: Mapping[str, object] | None = None,
        **parameters: object,
    ) -> Generation:
        """Send a request and return at once; many can be under way. Arguments and errors as in `generate`.

        The `Generation` shows itself live, can be waited for with `wait()` and awaited with `await`.
        """
        if not isinstance(reuse, bool):
            raise errors.InvalidParameter(
                f"reuse={reuse!r} is not allowed", remedy="Pass True, or False to send in any case.", billed=False
            )
        for name in parameters:
            if name not in PARAMETERS:
                raise unknown_parameter(name, (*PARAMETERS, "image", "take", "reuse", "extra"))
        picture, parameters = self._picture(image, parameters)
        request = Request.of(
            {"prompt": prompt, **parameters},
            image_sha256=picture.sha256 if picture else None,
            take=take,
            extra=extra,
        )
        self._check_room()
        image_path = self._clips.keep_picture(picture) if picture else None
        # As one: else a thread that joins the new row could take it for one whose kernel ended before it was sent.
        with self._starting:
            opened = self._store.open(
                self._new_row(request, image_path),
                reuse=reuse,
                owner=self._bench.owner,
                lease_s=_UNSENT_LEASE_S,
                has_clip=self._has_clip,
                admit=(lambda spent: self.budget.admit(spent, request.estimate)) if self.budget != Budget() else None,
            )
            try:
                generation = self._handle(opened.row)
                if opened.kind != "reused":
                    self._follow(generation, fresh=opened.kind == "new")
            except BaseException:  # interrupted before anybody works on it: whoever wants it may take it up
                if opened.kind == "new":  # a joined job is another handle's, and goes on
                    leases.let_go(self._bench.owner, opened.row["id"])
                raise
        return generation

    def _picture(self, image: object, parameters: dict[str, object]) -> tuple[Picture | None, dict[str, object]]:
        if image is None:
            return None, parameters
        if parameters.get("image_url") is not None:
            raise errors.InvalidImage("both image and image_url are given", remedy="Pass one of them.", billed=False)
        if isinstance(image, Generation):
            return load_picture(_clip_of(image).last_frame()), parameters
        if isinstance(image, str) and image.partition(":")[0].lower() in {"http", "https"}:
            return None, {**parameters, "image_url": image}
        return load_picture(image), parameters

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

    def _new_row(self, request: Request, image_path: Path | None) -> Row:
        price = request.estimate
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
        if os.getpid() != self._process:
            raise errors.PixverseError(
                "this studio was made in another process, before a fork",
                remedy="Make a pv.Studio() of its own in this one.",
                billed=False,
            )
        with self._starting:
            if not generation._start_following():  # noqa: SLF001  the studio and its handles are one piece
                return
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

        self._runner.add(step)

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
        """Price a request before it is sent; see `pv.estimate`."""
        return estimate(prompt, takes=takes, **parameters)


def _clip_of(generation: Generation) -> Any:
    video = generation.video
    if video is None:
        raise errors.InvalidImage(
            f"generation {generation.id} has no last frame: it is {generation.status}",
            remedy="Call its wait() first.",
            billed=False,
        )
    return video
