"""What a clip costs before it is sent: one dated table, in whole micro-dollars.

Inside the toolkit money is an integer number of micro-dollars (1 USD = 1,000,000), so that sums are exact; people see
USD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from types import MappingProxyType

from .parameters import Value, check_parameters, check_takes, signed, with_defaults

MICROS = 1_000_000
"""Micro-dollars in a dollar."""

PRICES_AS_OF = "2026-11"
"""When the table below was last held against public sources."""

# PixVerse's V6 credits per second of video (silent, with audio), at $0.00625 a credit: they agree across resellers and
# reproduce both ends of the range that the API's page advertises, $0.044 to $2.16 (contract, Price; likely).
_CREDIT_MICROS = 6_250
_CREDITS_PER_SECOND = {"360p": (5, 7), "540p": (7, 9), "720p": (9, 12), "1080p": (18, 23)}

PRICES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {quality: (s * _CREDIT_MICROS, a * _CREDIT_MICROS) for quality, (s, a) in _CREDITS_PER_SECOND.items()}
)
"""Micro-dollars per second of video by quality: (silent, with audio)."""

HIGHEST_MICROS = 15 * PRICES["1080p"][1]
"""What the model's dearest clip costs, micro-dollars: the ceiling where nobody can know the price."""

TABLE = f"the price table of {PRICES_AS_OF}"
"""Where an estimate comes from, in words."""

SAME_MICROS = 1_000
"""A charge that differs by no more is the estimate's own, told in tenths of a cent."""


def to_usd(micros: int | None) -> float | None:
    """Micro-dollars as USD; None stays None, for an absent cost is never zero."""
    return None if micros is None else micros / MICROS


def to_micros(usd: float) -> int:
    """USD as the nearest whole micro-dollar."""
    return round(usd * MICROS)


def money(usd: float | None) -> str:
    """USD as people read it, to a tenth of a cent; a dash when it is not known."""
    return "–" if usd is None else f"${usd:,.3f}"


@dataclass(frozen=True)
class Estimate:
    """What a request should cost, before it is sent.

    An estimate, never a charge: the service says what it took only afterwards. Silent clips may be billed at the rate
    with audio (contract, Price; open), so there are two figures, and budgets count the ceiling.

    Attributes
    ----------
    expected_micros, ceiling_micros : int
        Micro-dollars expected, and at most.
    clips : int
        How many clips the figures are for.
    source : str
        Where the figures come from: the price table, or what clips of the kind were charged.
    """

    expected_micros: int
    ceiling_micros: int
    clips: int = 1
    source: str = TABLE

    @property
    def expected_usd(self) -> float:
        """USD that is expected."""
        return self.expected_micros / MICROS

    @property
    def ceiling_usd(self) -> float:
        """USD at most: the rate with audio."""
        return self.ceiling_micros / MICROS

    def __add__(self, other: Estimate) -> Estimate:
        """The price of both."""
        return Estimate(
            self.expected_micros + other.expected_micros,
            self.ceiling_micros + other.ceiling_micros,
            self.clips + other.clips,
            self.source if self.source == other.source else f"{TABLE} and charges since",
        )

    def __mul__(self, count: int) -> Estimate:
        """The price of so many of them."""
        return Estimate(self.expected_micros * count, self.ceiling_micros * count, self.clips * count, self.source)

    def __str__(self) -> str:
        """For example "$0.219 (at most $0.281), estimated from the price table of 2026-11"."""
        text = money(self.expected_usd)
        if self.ceiling_micros != self.expected_micros:
            text += f" (at most {money(self.ceiling_usd)})"
        if self.clips != 1:
            text += f" for {self.clips} clips"
        return f"{text}, estimated from {self.source}"


def price(parameters: Mapping[str, Value], *, unlisted: bool = False) -> Estimate:
    """The table's estimate for parameters that were already validated.

    With `unlisted`, names go along that the API's page does not list: what they add nobody can know, so the ceiling is
    the model's highest price.
    """
    full = with_defaults(parameters)
    silent, audio = PRICES[str(full["quality"])]
    seconds = int(full["duration"])
    rate = audio if full["generate_audio_switch"] else silent
    return Estimate(seconds * rate, HIGHEST_MICROS if unlisted else seconds * audio)


Charges = Sequence[tuple[int, int, "int | None"]]
"""Duration (s), charge (micro-dollars) and moment (microseconds since 1970) of clips of a kind, newest first."""


def learned(table: Estimate, seconds: int, charges: Charges, with_audio: Charges = ()) -> Estimate:
    """The estimate, corrected by what clips of the kind were charged.

    The newest charge for the same duration says what is expected, else the newest one by the second; one that is the
    table's own to a tenth of a cent changes nothing. The ceiling is the highest of the table and of all these charges,
    those of clips with audio included: a cheap clip is no promise.

    Parameters
    ----------
    table : Estimate
        For one clip, from the table.
    seconds : int
        The clip's duration, s.
    charges : sequence
        Of clips of the same kind.
    with_audio : sequence
        Of the same clips with sound, for a silent one: it may be billed at their rate (contract, Price; open).
    """
    known = [charge for charge in charges if charge[0]]
    ceilings = [_scaled(charge, seconds) for charge in (*known, *with_audio) if charge[0]]
    highest = max([c for c in ceilings if c > table.ceiling_micros + SAME_MICROS], default=table.ceiling_micros)
    decisive = next((c for c in known if c[0] == seconds), known[0] if known else None)
    expected = table.expected_micros if decisive is None else _scaled(decisive, seconds)
    if decisive is None or abs(expected - table.expected_micros) <= SAME_MICROS:
        return replace(table, ceiling_micros=highest)
    at_us = decisive[2]
    day = "" if at_us is None else f" of {datetime.fromtimestamp(at_us / 1e6, timezone.utc):%d %B}".replace(" 0", " ")
    source = f"a charge{day} (the table says {money(table.expected_usd)})"
    return Estimate(expected, max(expected, highest), source=source)


def _scaled(charge: tuple[int, int, int | None], seconds: int) -> int:
    """A charge by the second, for so many seconds, rounded up."""
    return -(-charge[1] * seconds // charge[0])


@signed
def estimate(prompt: str = "…", *, takes: int = 1, **parameters: object) -> Estimate:
    """Price a request before it is sent; nothing leaves the machine.

    Parameters
    ----------
    prompt : str, optional
        Does not change the price.
    takes : int
        How many clips, 1 or more.
    **parameters
        The API's parameters; `duration` (1-15 s), `quality` and `generate_audio_switch` make the price.

    Returns
    -------
    Estimate
        Expected and ceiling, in USD.

    Raises
    ------
    InvalidParameter, UnknownParameter
        As `Studio.generate` would.

    Examples
    --------
    >>> estimate(duration=5, quality="540p").expected_usd
    0.28125
    >>> estimate(duration=5, quality="540p", generate_audio_switch=False).ceiling_usd
    0.28125
    """
    one = price(check_parameters({"prompt": prompt, **parameters}))
    return one * check_takes(takes)
