"""Caps on spending, in USD, that hold across kernels."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, fields

from .errors import BudgetExceeded, InvalidParameter
from .pricing import Estimate, money, to_micros, to_usd
from .store.store import Spent

_SCOPES = {"per_studio": "this studio", "per_day": "today (UTC)", "per_home": "this home"}


@dataclass(frozen=True)
class Budget:
    """How much may be spent, in USD; None is no cap.

    Charges count, and the ceiling of everything that is in flight or whose outcome is unknown. A preview engine's
    pretended costs have an account of their own.

    Parameters
    ----------
    per_studio : float, optional
        Since this `Studio` was made.
    per_day : float, optional
        Since midnight UTC, for everything that shares the home.
    per_home : float, optional
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
        """A budget, a plain number of USD a day, or None for no cap."""
        return value if isinstance(value, Budget) else cls(per_day=value)

    def admit(self, spent: Spent, estimate: Estimate) -> None:
        """Raise BudgetExceeded when a cap has no room for the estimate's ceiling."""
        counted = {"per_studio": spent.studio, "per_day": spent.day, "per_home": spent.home}
        for name, micros in counted.items():
            cap = getattr(self, name)
            if cap is not None and micros + estimate.ceiling_micros > to_micros(cap):
                room = max(to_micros(cap) - micros, 0)
                raise BudgetExceeded(
                    f"the budget for {_SCOPES[name]} is {money(cap)}: {money(to_usd(micros))} is spent or reserved, "
                    f"and this clip may cost {money(estimate.ceiling_usd)}",
                    billed=False,
                    remedy=f"Ask for a clip of at most {money(to_usd(room))}, or raise budget=pv.Budget({name}=...).",
                )
