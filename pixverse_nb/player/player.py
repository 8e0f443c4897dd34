"""The player in a notebook: a widget whose clips come as messages, and what stands there when no kernel runs."""

from __future__ import annotations

import contextlib
import secrets
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import sqlalchemy as sa

from pixverse_nb.delivered import is_to_inspect
from pixverse_nb.display.frontend import (
    EMBED_LIMIT,
    WIDGET_VIEW,
    Source,
    in_notebook,
    needs_embedding,
    shell,
    source_of,
    unattended,
    widget_metadata,
)
from pixverse_nb.display.player import (
    Shown,
    said_words,
    static_html,
    static_text,
    verdicts_html,
    verdicts_text,
)
from pixverse_nb.errors import NotFound, PixverseError
from pixverse_nb.panel.clip_stream import pieces
from pixverse_nb.panel.desk import Desk
from pixverse_nb.store.annotations import COLUMNS
from pixverse_nb.store.words import Row

from .sheet import as_uri, data_of, remarks_of, strip_of

if TYPE_CHECKING:
    import pandas as pd

    from pixverse_nb.studio import Studio

MODULE = Path(__file__).with_name("player.js")
"""The one module, for the widget and for exported pages alike."""

_STILL_PX = 300  # high: it is seen until the clip has come
_shown: dict[str, tuple[int, weakref.WeakSet[Any]]] = {}
"""Cell -> its last run, and the players that it showed."""


class Player(anywidget.AnyWidget):  # type: ignore[misc]
    """Clips on one clock; see `Studio.compare`.

    Attributes
    ----------
    ids : tuple of str
        Of the clips, in their order: A, B, ...
    """

    _esm = MODULE.read_text(encoding="utf-8")
    _ipython_display_ = None  # ipywidgets 7 would show itself without what stands there when no kernel runs

    def __init__(self, studio: Studio, rows: Sequence[Row]) -> None:
        super().__init__()
        self.ids = tuple(str(row["id"]) for row in rows)
        self._studio = studio
        self._strips: dict[str, str] = {}
        self._desk = Desk("pixverse-player")
        self._stream = Desk("pixverse-player-clips")
        self._looks = Desk("pixverse-player-looks")
        self._token = f"pixverse-verdicts-{secrets.token_hex(6)}"
        self._beside: list[Any] = []  # handles of what follows the verdicts, one for each time that it was shown
        self._known = self._rows()
        self.on_msg(self._heard)

    @property
    def history(self) -> pd.DataFrame:
        """The clips' rows of the history, as they are now; in the player's order."""
        frame: pd.DataFrame = self._studio.history(id=list(self.ids)).loc[list(self.ids)]
        return frame

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until everything that was asked for is done.

        Parameters
        ----------
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it is done.
        """
        return all(desk.wait(timeout) for desk in (self._desk, self._stream, self._looks))

    def close(self) -> None:
        """Take it off the screen for good."""
        for desk in (getattr(self, name, None) for name in ("_desk", "_stream", "_looks")):
            if desk is not None:  # ipywidgets closes what it could not make
                desk.close()
        super().close()

    # ---- messages from the browser -----------------------------------------------------------------------------

    def _heard(self, _: object, content: object, __: object) -> None:
        """Called on a kernel's thread, perhaps beside a busy cell: hands over and returns."""
        if not isinstance(content, dict):
            return
        key = content.get("id")
        match content.get("ask"):
            case "data":
                self._desk.run(self._send_data, "data")
                self._desk.run(self._send_strips, "strips")
                self._looks.run(self._send_flags, "flags")
            case "annotate" if key in self.ids:
                self._desk.run(lambda: self._guard(str(key), lambda: self._annotate(str(key), content.get("changes"))))
            case "clip" if key in self.ids:
                self._stream.run(lambda: self._send_clip(str(key), content), ("clip", str(content.get("ticket"))))

    def _guard(self, id: str, work: Callable[[], object]) -> None:
        """Errors have a place: below the clip that was touched."""
        try:
            work()
        except PixverseError as error:
            self._say("wrong", id=id, text=str(error))
        except Exception as error:  # noqa: BLE001  whatever it is, a person must see it
            self._say("wrong", id=id, text=f"{type(error).__name__}: {error}")

    def _say(self, what: str, buffers: list[bytes] | None = None, **content: object) -> None:
        self.send({"say": what, **content}, buffers)

    def _rows(self) -> list[Row]:
        rows = [self._studio._store.row(key) for key in self.ids]
        return [row for row in rows if row is not None]

    def _send_data(self) -> None:
        with contextlib.suppress(PixverseError, sa.exc.SQLAlchemyError, OSError):
            self._known = self._rows()  # else as it was when the player was made
        self._say("data", data=data_of(self._known, still=self._still) | {"hides": self._token})

    def _still(self, row: Row) -> bytes | None:
        return self._studio._clips.thumbnail(row["id"], self._path_of(row), height=_STILL_PX)

    def _send_strips(self) -> None:
        for row in self._known:
            key = row["id"]
            if key not in self._strips:
                try:
                    self._strips[key] = as_uri(strip_of(row, self._path_of(row)))
                except Exception:  # noqa: BLE001  a strip that cannot be made is no reason to show no player
                    self._strips[key] = ""
            if self._strips[key]:
                self._say("strip", id=key, source=self._strips[key])

    def _send_flags(self) -> None:
        """Look at the clips that nobody has looked at yet, and tell what was found."""
        for row in self._known:
            if is_to_inspect(row):
                with contextlib.suppress(PixverseError, sa.exc.SQLAlchemyError, OSError):
                    found = self._studio._inspections.look(row)
                    self._say("flag", id=row["id"], text=found["mismatch"] or "")

    def _annotate(self, id: str, changes: object) -> None:
        given: Mapping[str, Any] = changes if isinstance(changes, dict) else {}
        # Words that are not ours are left out: the browser is no place to trust.
        self._studio.annotate(id, **{name: value for name, value in given.items() if name in COLUMNS})
        row = self._studio._store.row(id)
        if row is not None:
            self._say("remarks", id=id, remarks=remarks_of(row))
            self._follow()

    def _send_clip(self, id: str, asked: Mapping[str, Any]) -> None:
        ticket, start = str(asked.get("ticket")), asked.get("start", 0)
        try:
            row = self._studio._store.row(id)
            if row is None or row["video_path"] is None or not isinstance(start, int) or start < 0:
                raise NotFound(f"the history holds no clip {id!r}")
            for piece in pieces(self._path_of(row), start):
                said = {"at": piece.at, "total": piece.total, "last": piece.last}
                self._say("clip", [piece.data], id=id, ticket=ticket, **said)
        except (PixverseError, sa.exc.SQLAlchemyError, OSError) as error:
            self._say("noclip", id=id, ticket=ticket, text=str(error))

    def _path_of(self, row: Row) -> Path:
        return self._studio.home / str(row["video_path"])

    # ---- showing itself ----------------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = self._bundle(), widget_metadata()
        return (bundle, metadata) if metadata else bundle

    def _bundle(self) -> dict[str, Any]:
        with contextlib.suppress(PixverseError, sa.exc.SQLAlchemyError, OSError):
            self._known = self._rows()
        data = data_of(self._known, still=lambda _: None)
        shown = [
            Shown.of(clip, source, self._still(row))
            for clip, row, source in zip(data["clips"], self._known, self._sources(), strict=True)
        ]
        lives = self.comm is not None and not unattended()  # else it was closed, or nobody could use it
        if lives and self._verdicts_beside():
            shown = [replace(one, said="") for one in shown]
        bundle: dict[str, Any] = {
            "text/html": str(static_html(shown, data["prompt"], data["same"])),
            "text/plain": static_text(shown, data["prompt"], data["same"]),
        }
        if lives:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            bundle[WIDGET_VIEW] = view
            self._take_the_place()
        return bundle

    def _verdicts_beside(self) -> bool:
        """Show what was said of the clips in an output of its own: so a saved notebook has what is said later, too.

        The widget is not drawn anew for it, which would stop what plays; it hides that output as long as it is there.
        """
        if not in_notebook():
            return False
        from IPython.display import display

        handle = display(self._verdicts(), raw=True, display_id=True)
        if handle is not None:
            self._beside.append(handle)
        return handle is not None

    def _follow(self) -> None:
        """Bring what a saved notebook will say up to date."""
        if self._beside:
            self._known = self._rows()
            for handle in self._beside:
                with contextlib.suppress(Exception):  # a front end that has gone away is no trouble of a rating
                    handle.update(self._verdicts(), raw=True)

    def _verdicts(self) -> dict[str, str]:
        clips = data_of(self._known, still=lambda _: None)["clips"]
        said = [(clip["name"], words) for clip in clips if (words := said_words(clip))]
        return {"text/html": str(verdicts_html(said, class_=self._token)), "text/plain": verdicts_text(said)}

    def _sources(self) -> list[Source]:
        """How to play each where no kernel runs: clips that would have to be embedded are, up to a limit for all."""
        paths = [self._path_of(row) for row in self._known]
        size = sum(path.stat().st_size for path in paths if path.is_file())
        if needs_embedding() and size > EMBED_LIMIT:
            return [Source(None, f"The clip lies at {path}") for path in paths]
        return [source_of(path, None) for path in paths]

    def _take_the_place(self) -> None:
        """Close what this cell showed when it ran before: ipywidgets keeps every widget alive until it is closed."""
        cell, run = _this_run()
        if not cell:
            return
        before = _shown.get(cell)
        if before is None or before[0] != run:
            _shown[cell] = (run, weakref.WeakSet([self]))
            for player in list(before[1]) if before else ():
                if player is not self:
                    player.close()
        else:
            before[1].add(self)

    def __repr__(self) -> str:
        return f"<Player of {', '.join(self.ids)}>"


def _this_run() -> tuple[str, int]:
    """The cell that is being run, as the front end names it, and which run it is; empty where nobody says."""
    here = shell()
    try:
        parent = here.kernel.get_parent("shell")
        return str(parent["metadata"].get("cellId") or ""), int(here.execution_count)
    except Exception:  # noqa: BLE001  kernels differ, and none is bound to say it
        return "", 0
