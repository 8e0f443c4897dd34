"""The Settings tab: where the key came from, balance, budget, home, and what runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pixverse_nb.budget import Budget
from pixverse_nb.display.panel import alert_html, facts_html
from pixverse_nb.display.queue import heading_html, quiet_html, status_html
from pixverse_nb.errors import InvalidParameter
from pixverse_nb.segmind.key import ENVIRONMENT, KEYRING_SERVICE, Key

from .chores import Chores, in_words

if TYPE_CHECKING:
    from pixverse_nb.studio import Studio

_CAPS = {"per_day": "Per day, USD", "per_studio": "This studio, USD", "per_home": "This home, USD"}


class Settings:
    """The settings of a panel.

    Parameters
    ----------
    studio : Studio
        Whose.
    on_change : callable, optional
        Called when balance or budget are new; from any thread.

    Attributes
    ----------
    box : ipywidgets.VBox
        The widget.
    balance : str
        In words; empty while nobody has asked.
    """

    def __init__(self, studio: Studio, on_change: Callable[[], None] | None = None) -> None:
        self._studio = studio
        self._on_change = on_change or (lambda: None)
        self._asking = Chores(self._balance_failed)
        self._keeping = Chores(self._key_failed)
        self._entered: Key | None = None
        self._lock = threading.Lock()
        self.balance = ""
        self.box = widgets.VBox([*self._about(), *self._money(), *self._another_key()]).add_class("pixverse-tab")
        self.box.add_class("pixverse-settings")
        self.refresh()

    # ---- what it shows -----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the newest figures; asks nobody."""
        studio = self._studio
        caps = studio.spending()
        self._facts.value = str(facts_html(self._where()))
        self._caps.value = str(facts_html([(cap.scope, str(cap)) for cap in caps]) if caps else quiet_html("No cap."))

    def ask_balance(self) -> None:
        """Ask the service for the balance, beside everything else; free."""
        self._balance.value = str(status_html("asking…"))
        self._asking.run(self._ask)

    def settle(self) -> None:
        """Wait until what the buttons started is done."""
        self._asking.settle()
        self._keeping.settle()

    def _where(self) -> list[tuple[str, str]]:
        studio = self._studio
        backend = studio._backend
        runs = (
            "the embedded preview engine: clips are drawn on this machine, not by PixVerse, and nothing is billed"
            if studio.is_preview
            else f"{backend.name}, {studio.api}"
        )
        return [
            ("Runs on", runs),
            ("Key", f"from {backend.key.source}" if backend.key else "none was found, so the preview engine runs"),
            ("Home", str(studio.home)),
            ("At once", f"{studio._runner._most} requests and downloads"),
        ]

    def _about(self) -> list[Any]:
        self._facts = widgets.HTML()
        return [widgets.HTML(heading_html("Where it runs")), self._facts]

    # ---- money -------------------------------------------------------------------------------------------------

    def _money(self) -> list[Any]:
        self._balance = widgets.HTML(status_html("not asked yet"))
        self.ask = widgets.Button(description="Refresh balance").add_class("pixverse-plain")
        self.ask.on_click(lambda _: self.ask_balance())
        self._caps = widgets.HTML()
        self.cap_fields = {name: widgets.Text(description=label) for name, label in _CAPS.items()}
        for name, field in self.cap_fields.items():
            field.add_class("pixverse-plainfield")
            field.placeholder = "no cap"
            cap = getattr(self._studio.budget, name)
            field.value = "" if cap is None else f"{cap:.6f}".rstrip("0").rstrip(".")
        self.set_budget = widgets.Button(description="Set budget").add_class("pixverse-plain")
        self.set_budget.on_click(lambda _: self._set_budget())
        self._budget_words = widgets.HTML()
        note = "Empty is no cap. It holds for this studio until the kernel ends; pv.Studio(budget=...) makes it last."
        return [
            widgets.HTML(heading_html("Balance")),
            widgets.HBox([self._balance, self.ask]).add_class("pixverse-row"),
            widgets.HTML(heading_html("Budget")),
            self._caps,
            _row([*self.cap_fields.values(), self.set_budget]),
            widgets.HTML(quiet_html(note)),
            self._budget_words,
        ]

    def _ask(self) -> None:
        told = str(self._studio.credits())
        self.balance = "" if self._studio.is_preview else f"balance {told.partition(' (')[0]}"
        self._balance.value = str(status_html(f"{told}, pretended" if self._studio.is_preview else told))
        self._on_change()

    def _balance_failed(self, text: str) -> None:
        self.balance = "balance not known"
        self._balance.value = str(alert_html(text))
        self._on_change()

    def _set_budget(self) -> None:
        try:
            self._studio.budget = Budget(**{name: _usd(name, field.value) for name, field in self.cap_fields.items()})
        except InvalidParameter as error:
            self._budget_words.value = str(alert_html(str(error)))
            return
        capped = any(getattr(self._studio.budget, field.name) is not None for field in fields(Budget))
        self._budget_words.value = str(status_html("The budget is set." if capped else "There is no cap now."))
        self.refresh()
        self._on_change()

    # ---- another key -------------------------------------------------------------------------------------------

    def _another_key(self) -> list[Any]:
        # Not sent at each keystroke, and taken out of the widget the moment it arrives.
        self.key = widgets.Password(description="Another key", continuous_update=False, placeholder="SG_…")
        self.key.add_class("pixverse-plainfield")
        self.key.observe(lambda change: self._take_key(change["new"]), "value")
        self.keep = widgets.Button(description="Keep it in the keyring").add_class("pixverse-plain")
        self.keep.on_click(lambda _: self._keeping.run(self._keep))
        self._key_words = widgets.HTML()
        note = (
            "This studio goes on with the key that it has. A new pv.Studio() looks for one in SEGMIND_API_KEY, "
            "a Colab secret and the keyring; pv.Studio(api_key=...) takes one directly."
        )
        return [
            widgets.HTML(heading_html("Key")),
            _row([self.key, self.keep]),
            widgets.HTML(quiet_html(note)),
            self._key_words,
        ]

    def _take_key(self, text: str) -> None:
        if not text:
            return
        self.key.value = ""
        try:
            taken = Key(text, "the panel")
        except InvalidParameter as error:
            self._key_failed(str(error))
            return
        with self._lock:
            self._entered = taken
        self._key_words.value = str(status_html("Taken, and out of the page again. It is not kept yet."))

    def _keep(self) -> None:
        with self._lock:
            key, self._entered = self._entered, None
        if key is None:
            self._key_failed("Enter a key first.")
            return
        try:
            import keyring

            keyring.set_password(KEYRING_SERVICE, ENVIRONMENT, key.reveal())
            kept = keyring.get_password(KEYRING_SERVICE, ENVIRONMENT) == key.reveal()
        except Exception as error:  # noqa: BLE001  not installed, no back end, or locked
            self._key_failed(f"The keyring could not take it ({key.scrub(in_words(error))}). {_ELSE}")
            return
        if not kept:
            self._key_failed(f"There is no keyring on this machine. {_ELSE}")
            return
        self._key_words.value = str(status_html("It is in the keyring. Make a new pv.Studio() to use it."))

    def _key_failed(self, text: str) -> None:
        self._key_words.value = str(alert_html(text))


_AMOUNT = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")

_ELSE = f"Set {ENVIRONMENT} before Jupyter starts, or pass pv.Studio(api_key=...); the key was not kept anywhere."


def _row(parts: list[Any]) -> Any:
    """Fields, whose labels stand above them, in a line with their button."""
    return widgets.HBox(parts).add_class("pixverse-row").add_class("pixverse-low")


def _usd(name: str, text: str) -> float | None:
    """An amount as typed; a comma is refused, since 0,50 is half a dollar to some and 050 to others."""
    plain = text.strip().removeprefix("$").strip()
    if not plain:
        return None
    if not _AMOUNT.fullmatch(plain):
        raise InvalidParameter(
            f"{name}={text.strip()[:40]!r} is not a budget",
            remedy="Write USD in figures and with a point, such as 5 or 2.50, or nothing.",
            billed=False,
        )
    return float(plain)
