"""What a saved notebook shows of the panel where no kernel runs: counts, money, posters of the newest clips."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixverse_nb.display.panel import Still, summary_html
from pixverse_nb.pricing import money, to_usd
from pixverse_nb.store.pages import MOST_COUNTED, Wanted
from pixverse_nb.store.words import UNFINISHED, Row

if TYPE_CHECKING:
    from pixverse_nb.studio import Studio

_STILLS = 8
_HEIGHT_PX = 108


class Summary:
    """The summary of a home, as an output that is kept up to date.

    Parameters
    ----------
    studio : Studio
        Whose clips.
    class_ : str
        A class that only this summary has; the living panel hides it by that.
    """

    def __init__(self, studio: Studio, class_: str) -> None:
        self._studio = studio
        self._class = class_
        self._handle: Any = None
        self._last = ""

    def show(self) -> None:
        """Display it in the current cell."""
        from IPython.display import display

        self._last = self.html()
        self._handle = display(self._bundle(), raw=True, display_id=True)

    def refresh(self) -> None:
        """Bring what was displayed up to date."""
        told = self.html()
        if self._handle is not None and told != self._last:
            self._last = told
            with contextlib.suppress(Exception):  # a front end that has gone away is no trouble of the jobs
                self._handle.update(self._bundle(), raw=True)

    def html(self) -> str:
        """As HTML that needs no script and no kernel."""
        return str(summary_html(self._facts(), [self._still(row) for row in self._newest()], class_=self._class))

    def text(self) -> str:
        """As a line."""
        return " · ".join(("PixVerse panel", *self._facts()))

    def _bundle(self) -> dict[str, str]:
        return {"text/html": self._last, "text/plain": self.text()}

    def _newest(self) -> list[Row]:
        store = self._studio._store
        return [dict(row._mapping) for row in store.page(Wanted(clips=True), size=_STILLS).rows]

    def _facts(self) -> list[str]:
        studio = self._studio
        store = studio._store
        counts = {
            "clip": store.count(Wanted(clips=True)),
            "running": store.count(Wanted(statuses=UNFINISHED)),
            "failed": store.count(Wanted(statuses=("failed",))),
        }
        spent = store.spent(studio._backend.name, studio._name).home
        pretended = " pretended by the preview" if studio.is_preview else " charged"
        told = [_counted(number, name) for name, number in counts.items() if number or name == "clip"]
        return [*told, f"{money(to_usd(spent.charged))}{pretended}"]

    def _still(self, row: Row) -> Still:
        place = None if row["video_path"] is None else Path(self._studio.home / row["video_path"])
        poster = self._studio._clips.thumbnail(row["id"], place, height=_HEIGHT_PX)
        cost = money(to_usd(row["cost_micros"]))
        facts = [row["quality"], f"{row['duration']} s", cost]
        return Still(poster, row["prompt"], " · ".join(facts))


def _counted(number: int, name: str) -> str:
    shown = f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"
    return f"{shown} {name}" + ("s" if name == "clip" and number != 1 else "")
