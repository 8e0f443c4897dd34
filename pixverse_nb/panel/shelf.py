"""The gallery: every clip of the home, newest first, a page at a time; plays, rates, and hands on what to do next."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import sqlalchemy as sa

from pixverse_nb.display.shelf import CSS, card_of, remarks_of
from pixverse_nb.errors import NotFound, PixverseError
from pixverse_nb.pricing import Estimate
from pixverse_nb.request import Request
from pixverse_nb.rows import request_of
from pixverse_nb.store.annotations import COLUMNS
from pixverse_nb.store.pages import FIRST, MOST_COUNTED, Page, Wanted

from .clip_stream import gone, pieces
from .desk import Desk
from .lifecycle import close_all

if TYPE_CHECKING:
    from pixverse_nb.studio import Studio

Action = Callable[..., object]

ACTIONS = ("use", "take", "continue", "finalise", "compare", "code", "save")
"""What a card asks for; the panel does it."""

SHOWS: Mapping[str, dict[str, Any]] = {
    "all": {},
    "starred": {"starred": True},
    "kept": {"decision": "keep"},
    "rejected": {"decision": "reject"},
}
"""The filter's buttons, and what each asks of the history."""

PAGE = 24
"""Clips on a page."""

_POSTER_PX = 160  # high: a quarter of a still decodes in half the time, and is sharp enough on a card of 250 px
_POSTERS_KEPT = 240  # of about 10 KB each
_POSTERS_AT_ONCE = 8
_MOST_COMPARED = 9
_FINAL = "1080p"
_LONGEST_SEARCH = 5000


class _Window(anywidget.AnyWidget):  # type: ignore[misc]
    """What the browser draws. It keeps no state: pages, posters and clips come as messages, when they are asked for."""

    _esm = Path(__file__).with_name("shelf.js").read_text(encoding="utf-8")
    _css = CSS


class Shelf:
    """The gallery of a studio.

    Parameters
    ----------
    studio : Studio
        Whose history is shown.
    size : int
        Clips on a page.

    Attributes
    ----------
    box : widget
        To be displayed.
    """

    def __init__(self, studio: Studio, *, size: int = PAGE) -> None:
        self._studio = studio
        self._store = studio._store
        self._clips = studio._clips
        self._size = size
        self._lock = threading.Lock()
        self._filter = {"show": "all", "text": ""}
        self._place = FIRST
        self._number = 1
        self._page: Page | None = None
        self._serial = 0
        self._posters: OrderedDict[str, str] = OrderedDict()
        self._listeners: list[Action] = []
        self._desk = Desk("pixverse-shelf")
        self._stream = Desk("pixverse-clips")
        self.box = _Window()
        self.box.on_msg(self._heard)

    # ---- for the panel -----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the page anew, such as after a clip has come home; cards that stay go on playing."""
        self._desk.run(self._send_page, "page")

    def on_action(self, listener: Action) -> None:
        """Have `listener(action, id, **more)` called for what is asked of a clip: `ACTIONS`.

        "compare" comes with `ids`, two to nine. What it raises is shown on the card.
        """
        self._listeners.append(listener)

    @property
    def filters(self) -> dict[str, str]:
        """What is shown: `show`, one of `SHOWS`, and `text` to be found. Setting it shows the first page of that."""
        with self._lock:
            return dict(self._filter)

    @filters.setter
    def filters(self, values: Mapping[str, str]) -> None:
        self._turn("first", values)

    def wait(self, timeout: float = 30.0) -> bool:
        """Wait until everything that was asked for is sent, at most so many seconds; whether it is."""
        return self._desk.wait(timeout) and self._stream.wait(timeout)

    def close(self) -> None:
        """Take it off the screen for good."""
        self._desk.close()
        self._stream.close()
        close_all(self.box)

    # ---- messages from the browser -----------------------------------------------------------------------------

    def _heard(self, _: object, content: object, __: object) -> None:
        """Called on a kernel's thread, perhaps beside a busy cell: hands over and returns."""
        if not isinstance(content, dict):
            return
        key = content["id"] if isinstance(content.get("id"), str) else ""
        match content.get("ask"):
            case "page":
                self._turn(content.get("go"), content)
            case "annotate":
                self._desk.run(lambda: self._guard(key, lambda: self._annotate(key, content.get("changes"))))
            case "still":
                self._desk.run(lambda: self._guard(key, lambda: self._send_still(key)))
            case "clip":
                self._stream.run(lambda: self._send_clip(key, content), ("clip", str(content.get("ticket"))))
            case "action":
                self._guard(key, lambda: self._act(content.get("action"), key, content.get("ids")))

    def _guard(self, id: str, work: Callable[[], object]) -> None:
        """Errors have a place: the card that was touched."""
        try:
            work()
        except PixverseError as error:
            self._say("wrong", id=id, text=str(error))
        except Exception as error:  # noqa: BLE001  whatever it is, a person must see it
            self._say("wrong", id=id, text=f"{type(error).__name__}: {error}")

    def _say(self, what: str, buffers: list[bytes] | None = None, **content: object) -> None:
        self.box.send({"say": what, **content}, buffers)

    # ---- pages -------------------------------------------------------------------------------------------------

    def _turn(self, go: object, asked: Mapping[str, Any]) -> None:
        with self._lock:
            show, text = asked.get("show", self._filter["show"]), asked.get("text", self._filter["text"])
            wish = {"show": show if show in SHOWS else "all", "text": str(text).strip()[:_LONGEST_SEARCH]}
            page = self._page
            if wish != self._filter or go == "first":
                self._filter, self._place, self._number = wish, FIRST, 1
            elif page is not None and go == "earlier" and page.earlier is not None:
                self._place, self._number = page.earlier, max(self._number - 1, 1)
            elif page is not None and go == "later" and page.later is not None:
                self._place, self._number = page.later, self._number + 1
        self.refresh()

    def _send_page(self) -> None:
        with self._lock:
            self._serial += 1
            serial, place, asked = self._serial, self._place, dict(self._filter)
        wanted = Wanted(text=asked["text"], clips=True, **SHOWS[asked["show"]])
        try:
            page = self._store.page(wanted, place=place, size=self._size)
            cards = self._cards([dict(row._mapping) for row in page.rows])
            whole = page.earlier is None and page.later is None
            number = len(cards) if whole else self._store.count(wanted)
        except Exception as error:  # noqa: BLE001  whatever it is, a person must see it
            self._say("nopage", text=f"The history could not be read: {error}")
            return
        with self._lock:
            self._page = page
            if page.earlier is None:
                self._place, self._number = FIRST, 1
            position = self._number
        ids = [card["id"] for card in cards]
        self._say(
            "page",
            cards=cards,
            earlier=page.earlier is not None,
            later=page.later is not None,
            count=_count_words(number),
            number=position,
            posters={key: self._posters[key] for key in ids if key in self._posters},
            show=asked["show"],
            text=asked["text"],
        )
        self._send_posters([dict(row._mapping) for row in page.rows], serial)

    def _cards(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        prices = self._final_prices(rows)
        cards = []
        for row in rows:
            path = self._path_of(row)
            why = None if path.is_file() else str(gone(path))
            cards.append(card_of(row, gone=why, finalise=prices.get(row["id"])))
        return cards

    def _final_prices(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """What each would cost at full size, by id; clips that have it already are left out."""
        wishes = {row["id"]: _at_full_size(request_of(dict(row))) for row in rows if row["quality"] != _FINAL}
        prices = self._studio._quotes.all(list(wishes.values()))
        return {key: self._final_words(price) for key, price in zip(wishes, prices, strict=True)}

    def _final_words(self, price: Estimate) -> str:
        money = "preview, $0" if self._studio.is_preview else f"${price.expected_usd:.2f}"
        return f"Finalise at {_FINAL} · {money}"

    def _send_posters(self, rows: list[dict[str, Any]], serial: int) -> None:
        """Small stills, a few at a time; a page that is no longer looked at needs none."""
        lacking = [row for row in rows if row["id"] not in self._posters]
        for start in range(0, len(lacking), _POSTERS_AT_ONCE):
            with self._lock:
                if serial != self._serial:
                    return
            some = {row["id"]: self._poster(row) for row in lacking[start : start + _POSTERS_AT_ONCE]}
            self._say("posters", posters=some)

    def _poster(self, row: Mapping[str, Any]) -> str:
        """A still as a data URI; empty when there is none."""
        key = str(row["id"])
        try:
            jpeg = self._clips.thumbnail(key, self._path_of(row), height=_POSTER_PX)
        except Exception:  # noqa: BLE001  a broken still is no reason to show no page
            jpeg = None
        if jpeg is None:
            return ""
        self._posters[key] = _as_uri(jpeg)
        while len(self._posters) > _POSTERS_KEPT:
            self._posters.popitem(last=False)
        return self._posters[key]

    def _path_of(self, row: Mapping[str, Any]) -> Path:
        return self._studio.home / str(row["video_path"])

    # ---- cards -------------------------------------------------------------------------------------------------

    def _annotate(self, id: str, changes: object) -> None:
        given = changes if isinstance(changes, dict) else {}
        # Words that are not ours are left out: the browser is no place to trust.
        self._studio.annotate(id, **{name: value for name, value in given.items() if name in COLUMNS})
        row = self._store.row(id)
        if row is not None:
            self._say("card", id=id, remarks=remarks_of(row))

    def _send_still(self, id: str) -> None:
        """A clip's still at its full size, for who looks at it alone."""
        row = self._store.row(id)
        still = None if row is None or row["video_path"] is None else self._clips.poster(id, self._path_of(row))
        if still is not None:
            self._say("still", id=id, source=_as_uri(still))

    def _send_clip(self, id: str, asked: Mapping[str, Any]) -> None:
        ticket, start = str(asked.get("ticket")), asked.get("start", 0)
        try:
            row = self._store.row(id)
            if row is None or row["video_path"] is None or not isinstance(start, int) or start < 0:
                raise NotFound(f"the history holds no clip {id!r}")
            for piece in pieces(self._path_of(row), start):
                said = {"at": piece.at, "total": piece.total, "last": piece.last}
                self._say("clip", [piece.data], id=id, ticket=ticket, **said)
        except (PixverseError, sa.exc.SQLAlchemyError, OSError) as error:
            self._say("noclip", id=id, ticket=ticket, text=str(error))

    def _act(self, action: object, key: str, ids: object) -> None:
        if action not in ACTIONS:
            return
        more: dict[str, object] = {}
        if action == "compare":
            several = [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []
            if len(several) < 2:
                return
            key, more = several[0], {"ids": several[:_MOST_COMPARED]}
        for listener in list(self._listeners):
            listener(action, key, **more)


def _at_full_size(request: Request) -> Request:
    return Request({**request.parameters, "quality": _FINAL}, request.image_sha256, request.take, request.extra)


def _as_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _count_words(number: int) -> str:
    if number > MOST_COUNTED:
        return f"{MOST_COUNTED:,}+ clips"
    return f"{number:,} clip{'' if number == 1 else 's'}"
