"""Row ids: short, time-ordered, and safe in file names and URLs."""

from __future__ import annotations

import re
import secrets
import threading
import time
from datetime import datetime, timezone

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_ID = re.compile(f"[{_ALPHABET}]{{16}}")
_lock = threading.Lock()
_last = [0]


def new_id() -> str:
    """Sixteen characters: 48 bits of milliseconds since 1970, then 32 random bits.

    Ids made in one process sort in the order they were made; across processes, by the millisecond.
    """
    with _lock:
        moment = max(time.time_ns() // 1_000_000 << 32 | secrets.randbits(32), _last[0] + 1)
        _last[0] = moment
    return "".join(_ALPHABET[moment >> shift & 31] for shift in range(75, -1, -5))


def moment_of(id: str) -> datetime:
    """When an id was made, UTC."""
    number = 0
    for letter in id:
        number = number << 5 | _ALPHABET.index(letter)
    return datetime.fromtimestamp((number >> 32) / 1000, timezone.utc)


def is_id(text: str) -> bool:
    """Whether it is an id as `new_id` makes them."""
    return _ID.fullmatch(text) is not None
