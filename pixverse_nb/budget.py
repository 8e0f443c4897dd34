"""Caps on spending, in USD, that hold across kernels."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from .errors import BudgetExceeded, InvalidParameter
from .pricing import MICROS, PRICES, Estimate, money, to_micros, to_usd
from .request import Request
from .store.ledger import Spent

_SCOPES = {"per_studio": "this studio", "per_day": "today (UTC)", "per_home": "this home"}


@dataclass(frozen=True)
class Budget:
    """How much may be spent, in USD; None is no cap.

    Charges count, and the ceiling of everything that is in flight or whose outcome is unknown. A preview engine's
    pretended costs have an account of their own.

    Attributes
    ----------
    per_studio : float or None
        Since this `Studio` was made.
    per_day : float or None
        Since midnight UTC, for everything that shares the home.
    per_home : float or None
        For everything that the home ever held.

    Raises
    ------
    InvalidParameter
        For a cap that is not a number of at least 0.
    """

    per_studio: float | None = None
    per_day: float | None = None
    per_home: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            cap = getattr(self, field.name)
            number = isinstance(cap, numbers.Real) and not isinstance(cap, bool)
            if cap is not None and not (number and 0 <= cap < math.inf):
                raise InvalidParameter(
                    f"{field.name}={cap!r} is not a budget", remedy="Pass USD from 0, or None for no cap.", billed=False
                )

    @classmethod
    def of(cls, value: Budget | float | None) -> Budget:
        """What a studio's `budget=` means.

        Parameters
        ----------
        value : Budget, float or None
            A budget, a plain number of USD a day, or None for no cap.

        Returns
        -------
        Budget
            The same, as a budget.

        Raises
        ------
        InvalidParameter
            For what is not a number of at least 0.
        """
        return value if isinstance(value, Budget) else cls(per_day=value)

    def caps(self, spent: Spent) -> list[Cap]:
        """The caps that are set, with what counts against each.

        Parameters
        ----------
        spent : Spent
            By the ledger: of this studio, of today, of the whole home.

        Returns
        -------
        list of Cap
            In the order of the attributes.
        """
        counted = {"per_studio": spent.studio, "per_day": spent.day, "per_home": spent.home}
        return [
            Cap(name, to_micros(getattr(self, name)), tally.charged, tally.reserved)
            for name, tally in counted.items()
            if getattr(self, name) is not None
        ]

    def admit(self, spent: Spent, price: Estimate, what_fits: Callable[[int], str | None]) -> None:
        """Raise BudgetExceeded when a cap has no room for the ceiling.

        Parameters
        ----------
        spent : Spent
            What counts already.
        price : Estimate
            Of everything that is about to be sent.
        what_fits : callable
            Says in words what so many micro-dollars would buy instead; None for nothing.

        Raises
        ------
        BudgetExceeded
            With the figures, and what would fit.
        """
        tightest = min(self.caps(spent), key=lambda cap: cap.room_micros, default=None)
        if tightest is not None and price.ceiling_micros > tightest.room_micros:
            raise _exceeded(tightest, price, what_fits(max(tightest.room_micros, 0)), self.raised(tightest.name))

    def raised(self, name: str) -> str:
        """The code that raises one cap and keeps the others.

        Parameters
        ----------
        name : str
            per_studio, per_day or per_home.

        Returns
        -------
        str
            For example "pv.Budget(per_day=1, per_home=...)".
        """
        caps = {one.name: getattr(self, one.name) for one in fields(self)}
        words = [f"{key}={'...' if key == name else cap}" for key, cap in caps.items() if cap is not None]
        return f"pv.Budget({', '.join(words)})"


@dataclass(frozen=True)
class Cap:
    """One cap and what counts against it.

    Attributes
    ----------
    name : str
        per_studio, per_day or per_home.
    cap_micros, charged_micros, reserved_micros : int
        Micro-dollars: the cap, what was charged, and what is reserved for jobs in flight or of unknown outcome.
    """

    name: str
    cap_micros: int
    charged_micros: int
    reserved_micros: int

    @property
    def room_micros(self) -> int:
        """What is left; below zero where a charge was higher than its ceiling."""
        return self.cap_micros - self.charged_micros - self.reserved_micros

    @property
    def room_usd(self) -> float:
        """What is left, USD."""
        return self.room_micros / MICROS

    @property
    def scope(self) -> str:
        """What it is for, in words."""
        return _SCOPES[self.name]

    def __str__(self) -> str:
        """For example "$5.00 for today (UTC): $1.200 spent, $0.281 reserved, $3.519 left"."""
        figures = (self.cap_micros, self.charged_micros, self.reserved_micros, max(self.room_micros, 0))
        cap, charged, reserved, room = (money(to_usd(micros)) for micros in figures)
        return f"{cap} for {self.scope}: {charged} spent, {reserved} reserved, {room} left"


def _exceeded(cap: Cap, price: Estimate, fits: str | None, raised: str) -> BudgetExceeded:
    clips = "this clip" if price.clips == 1 else f"these {price.clips} clips"
    instead = f"It has room for {fits}" if fits else "It has no room for any clip"
    error = BudgetExceeded(
        f"the budget for {cap.scope} is {money(to_usd(cap.cap_micros))}: {money(to_usd(cap.charged_micros))} is spent, "
        f"{money(to_usd(cap.reserved_micros))} is reserved for jobs in flight or of unknown outcome, and {clips} may "
        f"cost {money(price.ceiling_usd)}",
        billed=False,
        remedy=f"{instead}; or raise the cap: studio.budget = {raised}.",
    )
    error.cap_usd, error.spent_usd = to_usd(cap.cap_micros), to_usd(cap.charged_micros)
    error.reserved_usd, error.needed_usd = to_usd(cap.reserved_micros), price.ceiling_usd
    return error


def what_fits(request: Request, clips: int, room_micros: int, price: Callable[[Request], Estimate]) -> str | None:
    """What a sum would buy instead of some clips of a request, for example "540p for 5 s"; None for nothing.

    Fewer of the same, the same duration at a lower quality, the same quality for fewer seconds, or the longest clip at
    the lowest quality: the first that fits. With `extra` a clip may cost whatever the model costs at most: where
    nothing fits, the same is asked of the request without it.
    """
    one = price(request)
    if one.ceiling_micros * (fewer := min(room_micros // max(one.ceiling_micros, 1), clips - 1)) > 0:
        return f"{fewer} of them ({money(one.ceiling_usd * fewer)})"
    quality, duration = str(request.parameters["quality"]), int(request.parameters["duration"])
    lower = list(PRICES)[: list(PRICES).index(quality)][::-1]
    shorter = range(duration - 1, 0, -1)
    tries = [(q, duration) for q in lower] + [(quality, s) for s in shorter] + [(q, s) for q in lower for s in shorter]
    for q, s in tries:
        other = replace(request, parameters={**request.parameters, "quality": q, "duration": s})
        ceiling = price(other).ceiling_micros * clips
        if ceiling <= room_micros:
            return f"{q} for {s} s ({money(to_usd(ceiling))})"
    return _fits_without_extra(request, clips, room_micros, price) if request.extra else None


def _fits_without_extra(
    request: Request, clips: int, room_micros: int, price: Callable[[Request], Estimate]
) -> str | None:
    bare = replace(request, extra={})
    ceiling = price(bare).ceiling_micros * clips
    if ceiling <= room_micros:
        return f"the same without extra ({money(to_usd(ceiling))})"
    fits = what_fits(bare, clips, room_micros, price)
    return None if fits is None else f"{fits}, without extra"
