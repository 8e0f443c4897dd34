"""Prices, waits and budget at typing speed: what the database says is kept until somebody says that it has changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pixverse_nb import parameters as schema
from pixverse_nb.display.compose import Bar
from pixverse_nb.parameters import Value
from pixverse_nb.polling import TYPICAL_S, expectation
from pixverse_nb.pricing import MICROS, Estimate, money
from pixverse_nb.request import Request

if TYPE_CHECKING:
    from pixverse_nb.budget import Cap
    from pixverse_nb.studio import Studio

T = TypeVar("T")

_TEXTS = ("string", "url")


@dataclass(frozen=True)
class Quote:
    """What is said about a wish before the click.

    Attributes
    ----------
    button : str
        The words on the button.
    parts : list of str
        The line below it.
    bar : Bar or None
        The tightest budget.
    warning : str
        That the budget has no room; empty when it has.
    """

    button: str
    parts: list[str]
    bar: Bar | None
    warning: str


class PriceTag:
    """What wishes cost here.

    Parameters
    ----------
    studio : Studio
        Whose charges, latencies and budget count.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.Lock()
        self._prices: dict[object, Estimate] = {}
        self._waits: dict[object, float | None] = {}
        self._caps: list[Cap] | None = None
        self._budget: object = None

    def forget(self) -> None:
        """Ask the database again: something was reserved or charged, or has ended."""
        with self._lock:
            self._prices, self._waits, self._caps = {}, {}, None

    def quote(self, parameters: Mapping[str, Value], extra: Mapping[str, Any], takes: int) -> Quote:
        """Price validated parameters, sent so many times."""
        with self._lock:
            price = self._price(parameters, extra) * takes
            wait = self._wait(str(parameters["quality"]), int(parameters["duration"]))
            cap = min(self._limits(), key=lambda cap: cap.room_micros, default=None)
        many = f" {takes}" if takes != 1 else ""
        if self._studio.is_preview:
            button = f"Generate{many} · preview, $0"
            parts = [f"at most {money(price.ceiling_usd)} on the service"]
        else:
            button = f"Generate{many} · {short(price.expected_usd)}"
            parts = [f"at most {money(price.ceiling_usd)}"]
        parts += [wait_words(wait, "about ")] if wait else []
        if cap is None:
            return Quote(button, parts, None, "")
        left = max(cap.room_micros, 0) / MICROS
        parts.append(f"budget {short(left)} of {short(cap.cap_micros / MICROS)} left")
        over = price.ceiling_micros > cap.room_micros
        warning = f"The budget for {cap.scope} has no room for this: {short(left)} left." if over else ""
        whole = max(cap.cap_micros, 1)
        return Quote(button, parts, Bar(1 - left * MICROS / whole, price.ceiling_micros / whole), warning)

    def _price(self, parameters: Mapping[str, Value], extra: Mapping[str, Any]) -> Estimate:
        # Whatever is not a text may matter to a price; texts would be another key with every letter.
        plain = {name: value for name, value in parameters.items() if schema.PARAMETERS[name].kind not in _TEXTS}
        key = (*plain.items(), json.dumps(extra, sort_keys=True) if extra else "")
        if key not in self._prices:
            request = Request.of({"prompt": "…", **plain}, extra=extra)
            quotes = self._studio._quotes
            self._prices[key] = _told(lambda: quotes.price(request), request.estimate)
        return self._prices[key]

    def _wait(self, quality: str, duration: int) -> float | None:
        if (quality, duration) not in self._waits:
            store, service = self._studio._store, self._studio._backend.name
            none: list[float] = []
            recent = _told(lambda: store.recent_seconds(service, quality, duration), none)
            self._waits[quality, duration] = expectation(recent) or (None if self._studio.is_preview else TYPICAL_S)
        return self._waits[quality, duration]

    def _limits(self) -> list[Cap]:
        budget = self._studio.budget  # the settings may put another one in its place
        if self._caps is None or budget is not self._budget:
            none: list[Cap] = []
            self._budget, self._caps = budget, _told(self._studio.spending, none)
        return self._caps


def _told(ask: Callable[[], T], otherwise: T) -> T:
    """What the history says; a history that cannot be read keeps no price from the button."""
    try:
        return ask()
    except Exception:  # noqa: BLE001  whatever it is: the studio says it when something is sent
        return otherwise


def short(usd: float) -> str:
    """USD in cents, as a button says it; below a cent as exactly as elsewhere."""
    return f"${usd:,.2f}" if usd >= 0.01 or usd == 0 else money(usd)


def wait_words(seconds: float, about: str = "") -> str:
    """A wait as people say it: "under 1 s", "1:06"; `about` goes before what is a figure."""
    return f"{about}{span(round(seconds))}" if seconds >= 1 else "under 1 s"


def span(seconds: float) -> str:
    """A span of time as a clock shows it: 0:05, 1:06, 1:00:00."""
    whole = max(int(seconds), 0)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
