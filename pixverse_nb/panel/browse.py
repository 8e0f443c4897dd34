"""The History tab: everything that was ever tried, found, sorted and paged by the database."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pixverse_nb.display.browse import (
    FRAME_CODE,
    STALE,
    TAB,
    empty_html,
    hint_html,
    status_html,
    style_html,
    table_html,
    wrong_html,
)
from pixverse_nb.errors import InvalidParameter, PixverseError
from pixverse_nb.history import STATUSES, frame
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.pricing import to_micros
from pixverse_nb.store.pages import FIRST, MOST_COUNTED, Page, Place, Wanted

from .chores import in_words
from .copying import CopyButton
from .desk import Desk
from .lifecycle import close_all

if TYPE_CHECKING:
    import pandas as pd

    from pixverse_nb.studio import Studio

SORTS: Mapping[str, str] = {
    "Date": "id", "Cost": "cost_micros", "Time it took": "latency_s", "Rating": "rating", "Duration": "duration",
}  # fmt: skip
_ANY = "any"
_ORDERS = ("descending", "ascending")
_STILL_PX = 90
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Browse:
    """The history as a table with filters.

    Parameters
    ----------
    studio : Studio
        Whose history is shown.

    Attributes
    ----------
    box : ipywidgets.VBox
        To be displayed; it fills itself at the first `refresh`.
    """

    def __init__(self, studio: Studio) -> None:
        self._store = studio._store
        self._clips = studio._clips
        self._home = studio.home
        self._desk = Desk("pixverse-browse")
        self._lock = threading.Lock()
        self._place = FIRST
        self._number = 1
        self._page: Page | None = None
        self._stills: dict[str, bytes] = {}
        self._count = ""
        self._fields = self._make_fields()
        self._earlier = widgets.Button(description="Previous page", disabled=True)
        self._later = widgets.Button(description="Next page", disabled=True)
        self._reset = widgets.Button(description="Clear filters")
        self._status, self._wrong, self._table = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.box = self._assemble()
        for field in self._fields.values():
            field.observe(self._on_field, "value")
        self._earlier.on_click(lambda _: self._turn(back=True))
        self._later.on_click(lambda _: self._turn(back=False))
        self._reset.on_click(lambda _: self._clear())

    # ---- for the panel -----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the page anew; returns at once."""
        self._desk.run(self._show, "page")

    @property
    def frame(self) -> pd.DataFrame:
        """The DataFrame of what is shown: the page's rows, in its order, with all of the history's columns."""
        with self._lock:
            page = self._page
        if page is None:
            page = self._store.page(self._wanted(), **self._how())
        return frame(page.rows, self._store, self._clips)

    @property
    def filters(self) -> dict[str, Any]:
        """The fields' values by name; setting it fills them in."""
        return {name: field.value for name, field in self._fields.items()}

    @filters.setter
    def filters(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name in self._fields:
                self._fields[name].value = value

    def wait(self, timeout: float = 30.0) -> bool:
        """Wait until what was asked for is shown, at most so many seconds; whether it is."""
        return self._desk.wait(timeout)

    def close(self) -> None:
        """Take it off the screen for good."""
        self._desk.close()
        close_all(self.box)

    # ---- its widgets -------------------------------------------------------------------------------------------

    def _make_fields(self) -> dict[str, Any]:
        def text(words: str, hint: str) -> Any:
            return widgets.Text(description=words, placeholder=hint)

        def choice(words: str, options: Any) -> Any:
            return widgets.Dropdown(description=words, options=options)

        ratings = [(_ANY, 0), *((f"{n} or better" if n < 5 else "5", n) for n in range(1, 6))]
        return {
            "text": text("Search", "in prompts, tags, notes, reasons"),
            "status": choice("Status", [_ANY, *STATUSES]),
            "quality": choice("Quality", [_ANY, *PARAMETERS["quality"].choices]),
            "rating": choice("Rating", ratings),
            "since": text("From (UTC)", "2026-11-20"),
            "until": text("Until", "that day included"),
            "cost": text("Cost, $", "0.10-0.50, >0.2"),
            "sort": choice("Sort by", list(SORTS)),
            "order": choice("Order", list(_ORDERS)),
            "size": choice("Rows", [25, 50, 100]),
        }

    def _assemble(self) -> Any:
        for field in self._fields.values():
            field.add_class("pixverse-find")
        for button in (self._earlier, self._later, self._reset):
            button.add_class("pixverse-plain")
        days = [self._fields["since"], self._fields["until"]]
        together = widgets.Box(days).add_class("pixverse-days")
        finds = [together if field is days[0] else field for field in self._fields.values() if field is not days[1]]
        pager = widgets.Box([self._earlier, self._later, self._reset, self._status]).add_class("pixverse-pager")
        look = widgets.HTML(str(style_html()), layout={"display": "none"})
        self.as_frame = CopyButton(label="DataFrame in the next cell", text=FRAME_CODE, into_cell=True)
        onward = widgets.Box([self.as_frame, widgets.HTML(str(hint_html()))]).add_class("pixverse-pager")
        finds_box = widgets.Box(finds).add_class("pixverse-finds")
        return widgets.VBox([look, finds_box, self._wrong, self._table, pager, onward]).add_class(TAB)

    # ---- what happens ------------------------------------------------------------------------------------------

    def _on_field(self, _: object) -> None:
        with self._lock:
            self._place, self._number = FIRST, 1
        self.refresh()

    def _turn(self, *, back: bool) -> None:
        with self._lock:
            place = None if self._page is None else self._page.earlier if back else self._page.later
            if place is None:
                return
            self._place, self._number = place, max(self._number + (-1 if back else 1), 1)
        self.refresh()

    def _clear(self) -> None:
        for name, field in self._fields.items():
            if name not in {"sort", "order", "size"}:
                field.value = "" if isinstance(field, widgets.Text) else 0 if name == "rating" else _ANY

    def _how(self) -> dict[str, Any]:
        fields = self._fields
        with self._lock:
            place: Place = self._place
        down = fields["order"].value == _ORDERS[0]
        return {"place": place, "size": fields["size"].value, "sort": SORTS[fields["sort"].value], "descending": down}

    def _wanted(self) -> Wanted:
        fields = self._fields
        least, most = cost_range(fields["cost"].value)
        return Wanted(
            text=fields["text"].value.strip(),
            statuses=() if fields["status"].value == _ANY else (fields["status"].value,),
            qualities=() if fields["quality"].value == _ANY else (fields["quality"].value,),
            since_us=day_us("From", fields["since"].value),
            until_us=day_us("Until", fields["until"].value, end=True),
            least_micros=least,
            most_micros=most,
            least_rating=fields["rating"].value or None,
        )

    def _show(self) -> None:
        """On the worker's thread: read, draw, say."""
        try:
            wanted, how = self._wanted(), self._how()
            page = self._store.page(wanted, **how)
            whole = page.earlier is None and page.later is None
            number = len(page.rows) if whole else self._store.count(wanted)
        except Exception as error:  # noqa: BLE001  whatever it is, a person must see it
            self._say_wrong(error)
            return
        with self._lock:
            self._page = page
            if page.earlier is None:
                self._place, self._number = FIRST, 1
            position = self._number
        rows = [dict(row._mapping) for row in page.rows]
        stills = self._stills_of(rows)
        shown = table_html(rows, stills, sort=how["sort"], descending=how["descending"])
        _put(self._wrong, "")
        self._table.remove_class(STALE)
        _put(self._table, str(shown if rows else empty_html(filtered=wanted != Wanted())))
        self._earlier.disabled, self._later.disabled = page.earlier is None, page.later is None
        self._count = _count_words(number) + ("" if whole else f" · page {position}")
        _put(self._status, str(status_html(self._count)))

    def _say_wrong(self, error: Exception) -> None:
        """A search that cannot be done; what the one before found stays, and is called so."""
        words = f"{error.event}. {error.remedy or ''}" if isinstance(error, PixverseError) else in_words(error)
        _put(self._wrong, str(wrong_html(words.strip())))
        if self._count:
            self._table.add_class(STALE)
            _put(self._status, str(status_html(f"{self._count}, of the search before this one")))

    def _stills_of(self, rows: list[dict[str, Any]]) -> dict[str, bytes]:
        """Small stills of the rows that have a clip; those of the page before are kept."""
        stills = {}
        for row in rows:
            key = row["id"]
            jpeg = self._stills.get(key)
            if jpeg is None and row["video_path"] is not None:
                jpeg = self._clips.thumbnail(key, self._home / row["video_path"], height=_STILL_PX)
            if jpeg is not None:
                stills[key] = jpeg
        self._stills = stills
        return stills


def day_us(name: str, text: str, *, end: bool = False) -> int | None:
    """A day (UTC) as microseconds since 1970: where it begins, or where it ends; None for no text.

    Raises
    ------
    InvalidParameter
        For what is no day.
    """
    if not text.strip():
        return None
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=timezone.utc)
        since = day - _EPOCH + (_DAY if end else timedelta(0))
    except (ValueError, OverflowError):
        raise InvalidParameter(
            f"{name}: {text.strip()[:40]!r} is not a day", remedy="Write it as 2026-11-20.", billed=False
        ) from None
    return since // timedelta(microseconds=1)


_AMOUNT = r"\$?\s*(\d{1,7}(?:\.\d*)?|\.\d+)"
_RANGE = re.compile(rf"\s*{_AMOUNT}\s*(?:-|–|to|\.\.)\s*{_AMOUNT}\s*")
_BOUND = re.compile(rf"\s*(<=|>=|<|>|≤|≥)?\s*{_AMOUNT}\s*")


def cost_range(text: str) -> tuple[int | None, int | None]:
    """Least and most cost, micro-dollars, both in: "0.1-0.5", ">0.2", "<1", or one amount to a tenth of a cent.

    Raises
    ------
    InvalidParameter
        For what is none of these.
    """
    if not text.strip():
        return None, None
    both, one = _RANGE.fullmatch(text), _BOUND.fullmatch(text)
    if both:
        low, high = sorted(to_micros(float(amount)) for amount in both.groups())
        return low, high
    if one is None:
        raise InvalidParameter(
            f"Cost: {text.strip()[:40]!r} is no amount", remedy="Write 0.10-0.50, >0.2 or <1, in USD.", billed=False
        )
    micros = to_micros(float(one[2]))
    return {
        "<": (None, micros - 1), "<=": (None, micros), "≤": (None, micros),
        ">": (micros + 1, None), ">=": (micros, None), "≥": (micros, None),
    }.get(one[1] or "", (micros - 500, micros + 500))  # fmt: skip


def _put(widget: Any, value: str) -> None:
    """Set only what differs: nothing flickers, and a screen reader hears it once."""
    if widget.value != value:
        widget.value = value


def _count_words(number: int) -> str:
    if number > MOST_COUNTED:
        return f"{MOST_COUNTED:,}+ rows"
    return f"{number:,} row{'' if number == 1 else 's'}"
