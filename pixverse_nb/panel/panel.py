"""The panel: its parts in one frame, what the gallery's buttons do, and what stays when the kernel has gone."""

from __future__ import annotations

import secrets
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pixverse_nb.display.compose import CSS as COMPOSE
from pixverse_nb.display.frontend import in_notebook, shell
from pixverse_nb.display.panel import Header, alert_html, header_html, style_html
from pixverse_nb.pricing import MICROS

from .actions import Actions
from .browse import Browse
from .chores import Chores, in_words
from .compose import Compose
from .keys import Keys
from .lifecycle import close_all, focus
from .pricetag import short
from .queue import Queue
from .sending import Values, send
from .settings import Settings
from .shelf import Shelf
from .summary import Summary
from .ticker import Ticker

if TYPE_CHECKING:
    import pandas as pd

    from pixverse_nb.budget import Cap
    from pixverse_nb.generation import Generation
    from pixverse_nb.studio import Studio

_ASK_EVERY_S = 30.0
_LOOK_EVERY_S = 2.0  # other studios and kernels on the same home spend, too; a look takes 0.2 ms
_TABS = ("Queue and gallery", "History", "Settings")

_NOTHING = "<span></span>"
"""In the place of the widget where there is none: the summary stands beside it."""

_shown: weakref.WeakValueDictionary[str, Panel] = weakref.WeakValueDictionary()
"""The panels on the screen, by their cell: a cell that is run again has one."""


class Panel:
    """The control panel of a studio; see `Studio.panel`.

    Parameters
    ----------
    studio : Studio
        Whose.

    Attributes
    ----------
    root : ipywidgets.VBox
        All of it.
    compose, queue, shelf, browse, settings
        Its parts.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._lock = threading.RLock()
        self._token = f"pixverse-summary-{secrets.token_hex(6)}"
        self._summary = Summary(studio, self._token)
        self._displayed = self._closed = False
        self._build({})

    @property
    def history(self) -> pd.DataFrame:
        """The DataFrame of what the History tab shows."""
        frame: pd.DataFrame = self.browse.frame
        return frame

    # ---- its life ----------------------------------------------------------------------------------------------

    def _build(self, kept: Mapping[str, Any]) -> None:
        studio = self.studio
        self._asked = time.monotonic()
        self._caps: list[Cap] = []
        self._looking = Ticker(self._look, _LOOK_EVERY_S, "pixverse-caps")
        self._sending = Chores(self._refused)
        self._chores = Chores(self.alarm)
        self._style = widgets.HTML(style_html(COMPOSE, hide=self._token))
        self._header = widgets.HTML()
        self._alarm_words = widgets.HTML()
        self._alarm_away = widgets.Button(description="Dismiss").add_class("pixverse-plain")
        self._alarm_away.on_click(lambda _: self.alarm(""))
        self._alarm = widgets.HBox([self._alarm_words, self._alarm_away]).add_class("pixverse-row")
        self.queue = Queue(studio)
        self.queue.on_begun.append(self._on_begun)
        self.queue.on_ended.append(self._on_ended)
        self.compose = Compose(studio, self._generate)
        self.shelf = Shelf(studio)
        self.browse = Browse(studio)
        self.settings = Settings(studio, self._on_settings)
        self.actions = Actions(studio, self._load, self._go_on)
        self.shelf.on_action(self._act)
        self.root = self._assemble()
        self.root.add_class("pixverse-panel")
        self.alarm("")
        self._refresh_header()
        self._show_running()
        self._take_in(kept)
        self._displayed = self._closed = False
        if not studio.is_preview:
            self.settings.ask_balance()

    def _assemble(self) -> Any:
        left = widgets.VBox([self.compose.box]).add_class("pixverse-left")
        clips = widgets.VBox([self.queue.box, self.actions.box, self.shelf.box]).add_class("pixverse-tab")
        self.tabs = widgets.Tab([clips, self.browse.box, self.settings.box]).add_class("pixverse-right")
        for number, title in enumerate(_TABS):
            self.tabs.set_title(number, title)
        self.tabs.selected_index = 0
        self.tabs.observe(self._on_tab, "selected_index")
        body = widgets.Box([left, self.tabs]).add_class("pixverse-body")
        keys = Keys(ranges=self.compose.ranges).add_class("pixverse-gone")
        return widgets.VBox([self._style, self._header, self._alarm, body, keys])

    def _kept(self) -> dict[str, Any]:
        """What a person has typed and chosen."""
        return {
            "compose": self.compose.kept(),
            "tab": self.tabs.selected_index,
            "filters": {name: _filters(getattr(self, name)) for name in ("shelf", "browse")},
        }

    def _take_in(self, kept: Mapping[str, Any]) -> None:
        if kept.get("compose"):
            self.compose.take_in(kept["compose"])
        for name, filters in kept.get("filters", {}).items():
            part = getattr(self, name)
            if filters is not None and hasattr(part, "filters"):
                part.filters = filters
        self.tabs.selected_index = kept.get("tab", 0)

    def close(self) -> None:
        """Take it off the screen; jobs go on, and `studio.panel()` shows it again."""
        with self._lock:
            self._closed = True
            self._looking.stop()
            for part in (self.queue, self.compose, self.shelf, self.browse, self.settings, self.actions):
                close = getattr(part, "close", None)
                if callable(close):
                    close()
            close_all(self.root)
            for part in (self.compose, self.queue, self.shelf, self.browse, self.settings, self.actions):
                close_all(part.box)

    def settle(self) -> None:
        """Wait until what was clicked is done."""
        for chores in (self._sending, self._chores):
            chores.settle()
        self.compose.settle()
        self.settings.settle()
        self.queue.settle()

    # ---- showing itself ----------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if in_notebook():
            self._prepare()
            # The widget, and beside it the summary, hidden as long as the widget is there: an output of its own, so
            # that it can follow what happens without drawing the widget anew.
            display(self._bundle(_NOTHING), raw=True)
            self._summary.show()
        else:
            display(self._repr_mimebundle_(), raw=True)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return self._bundle(str(self._summary.html()))

    def _bundle(self, html: str) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/html": html, "text/plain": self._summary.text()}
        if not self._closed:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.root.model_id}
            bundle["application/vnd.jupyter.widget-view+json"] = view
        return bundle

    def __repr__(self) -> str:
        return f"<Panel of {self.studio!r}>"

    def _prepare(self) -> None:
        """Build it anew where it was shown before, here or by the studio that this cell had before."""
        with self._lock:
            place = _this_cell() or f"{self.studio.home} {self.studio._backend.name}"
            before = _shown.get(place)
            stale = self._displayed or self._closed
            kept = self._kept() if stale else {}
            if before is not None and before is not self:
                kept = kept or before._kept()
                before.close()
            if stale or kept:
                self.close()
                self._build(kept)
            _shown[place] = self
            self._displayed = True
            self._watch_caps()

    # ---- what happens ------------------------------------------------------------------------------------------

    def alarm(self, text: str) -> None:
        """Say what went wrong where it is seen, until it is dismissed; empty takes it away."""
        self._alarm_words.value = str(alert_html(text))
        (self._alarm.remove_class if text else self._alarm.add_class)("pixverse-gone")

    def _generate(self, values: Values) -> None:
        self._sending.run(lambda: self._send(values))

    def _send(self, values: Values) -> None:
        generations, warning = send(self.studio, values)
        self.compose.say(warning)
        self.queue.add_all(generations)
        self.queue.say("Sent." if len(generations) == 1 else f"{len(generations)} takes sent.")

    def _refused(self, text: str) -> None:
        """Nothing was sent: why stands under the button."""
        self.compose.say(text)

    def _act(self, action: str, id: Any = None, **more: Any) -> None:
        self.queue.say("")  # what was done before is no longer the news
        self._chores.run(lambda: self.actions.do(action, id, **more))

    def _load(self, values: Values, words: str) -> None:
        self.compose.take_over(values, words)
        focus(self.compose.button)

    def _go_on(self, generation: Generation) -> None:
        self.compose.set_image_from(generation)
        self.compose.say("The clip goes on from that last frame; everything else is as it was.")
        focus(self.compose.button)

    def _on_tab(self, change: Mapping[str, Any]) -> None:
        refresh = {0: self.shelf.refresh, 1: self.browse.refresh, 2: self.settings.refresh}.get(change["new"])
        if refresh is not None:
            self._chores.run(refresh)

    def _on_begun(self) -> None:
        self._refresh(*self._money)
        self._watch_caps()

    def _on_ended(self, _: list[Generation]) -> None:
        if not self.studio.is_preview and self._is_quiet():
            self.settings.ask_balance()
        self._refresh(self.shelf.refresh, self.browse.refresh, self.compose.picture.refresh, *self._money)

    def _is_quiet(self) -> bool:
        """Whether to ask for the balance now: when all have ended, and every half minute while others run."""
        now = time.monotonic()
        quiet = now - self._asked > _ASK_EVERY_S or all(one.ended for one in self.queue.generations)
        if quiet:
            self._asked = now
        return quiet

    def _on_settings(self) -> None:
        self._refresh(self._refresh_header, self.compose.refresh_price)
        self._watch_caps()

    def _watch_caps(self) -> None:
        """Look now and then at what others spend, as long as the panel is on the screen and there is a cap."""
        if self._displayed and not self._closed:
            self._looking.start()

    def _look(self) -> bool:
        """Take in what others have spent; whether to look again."""
        caps = self.studio.spending()
        if caps != self._caps:
            self._refresh(self.settings.refresh, self._refresh_header, self.compose.refresh_price)
        return bool(caps) and not self._closed

    @property
    def _money(self) -> tuple[Callable[[], object], ...]:
        """What is to be done when something was spent or reserved, by whatever cell."""
        return (
            self.settings.refresh, self._refresh_header, self._show_running, self.compose.refresh_price,
            self._refresh_summary,
        )  # fmt: skip

    def _refresh(self, *steps: Callable[[], object]) -> None:
        for step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001  one part must not keep the others from the news
                self.alarm(in_words(error))

    def _show_running(self) -> None:
        self.compose.show_running(self.queue.running)

    def _refresh_summary(self) -> None:
        if self._displayed and not self._closed:
            self._summary.refresh()

    def _refresh_header(self) -> None:
        studio = self.studio
        self._caps = studio.spending()
        cap = min(self._caps, key=lambda cap: cap.room_micros, default=None)
        words, share = "", None
        if cap is not None:
            room, whole = short(max(cap.room_micros, 0) / MICROS), short(cap.cap_micros / MICROS)
            words = f"budget {room} of {whole} left, {cap.scope}"
            share = 1 - cap.room_micros / cap.cap_micros if cap.cap_micros else 1.0
        host = "" if studio.is_preview else _host(studio._backend.name)
        told = str(header_html(Header(host, self.settings.balance, words, share)))
        if self._header.value != told:
            self._header.value = told


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url


def _filters(part: Any) -> Any:
    return getattr(part, "filters", None)


def _this_cell() -> str:
    """The cell that is being run, as the front end names it; empty where it does not."""
    kernel = getattr(shell(), "kernel", None)
    try:
        parent = kernel.get_parent("shell")  # type: ignore[union-attr]
        return str(parent["metadata"].get("cellId") or "")
    except Exception:  # noqa: BLE001  kernels differ, and none is bound to say it
        return ""
