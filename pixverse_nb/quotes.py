"""Prices as a studio knows them: the table, corrected by what the service charged."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache

from .parameters import with_defaults
from .pricing import Charges, Estimate, learned
from .request import Request
from .store.store import Store

_Ask = Callable[[str, str | None, bool, bool], Charges]


class Quotes:
    """Prices of requests on one service.

    Parameters
    ----------
    store : Store
        Whose charges are learned from.
    service : str
        Only its own charges count.
    """

    def __init__(self, store: Store, service: str) -> None:
        self._store = store
        self._service = service

    def price(self, request: Request) -> Estimate:
        """The estimate for one clip of a request."""
        return _corrected(request, self._charges)

    def all(self, requests: list[Request]) -> list[Estimate]:
        """The estimates for many; each kind's charges are looked up once."""
        charges = lru_cache(maxsize=None)(self._charges)
        return [_corrected(request, charges) for request in requests]

    def _charges(self, quality: str, extra: str | None, audio: bool, image: bool) -> Charges:
        return self._store.charges(self._service, quality, extra, audio=audio, image=image)


def _corrected(request: Request, charges: _Ask) -> Estimate:
    full = with_defaults(request.parameters)
    extra = json.dumps(request.extra, sort_keys=True) if request.extra else None
    kind = (str(full["quality"]), extra)
    audio = bool(full["generate_audio_switch"])
    image = request.image_sha256 is not None or full.get("image_url") is not None
    with_audio = () if audio else charges(*kind, True, image)
    return learned(request.estimate, int(full["duration"]), charges(*kind, audio, image), with_audio)
