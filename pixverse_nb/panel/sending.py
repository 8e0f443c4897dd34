"""From what a form holds to jobs under way, and back: a click is always a new take."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pixverse_nb.errors import InvalidImage, ModerationWarning
from pixverse_nb.parameters import check_takes
from pixverse_nb.wishes import Wish, make_wish

if TYPE_CHECKING:
    from pixverse_nb.generation import Generation
    from pixverse_nb.request import Request
    from pixverse_nb.studio import Studio

Values = dict[str, Any]
"""Keyword arguments of `Studio.submit`, and "takes"."""

_OWN = ("prompt", "image", "extra", "take", "takes", "reuse")
_warned = threading.Lock()  # Python keeps one list of warning filters for all threads


def send(studio: Studio, values: Mapping[str, Any]) -> tuple[list[Generation], str]:
    """Send new takes, all of them or none.

    Parameters
    ----------
    studio : Studio
        Where to.
    values : mapping
        What the form holds; `takes` says how many.

    Returns
    -------
    (list of Generation, str)
        The jobs, and a word of warning: that moderation refused the very same before; else empty.

    Raises
    ------
    PixverseError
        Before anything is sent.
    """
    parameters = {name: value for name, value in values.items() if name not in _OWN}
    takes = check_takes(values.get("takes") or 1)
    wish = make_wish(values.get("prompt"), image=values.get("image"), extra=values.get("extra"), parameters=parameters)
    return _send(studio, wish, takes)


def send_again(studio: Studio, generation: Generation) -> tuple[list[Generation], str]:
    """Send what a job asked for as a new one; returns and raises as `send`."""
    request = generation.request
    values = values_of(generation)
    picture = None
    if request.image_sha256 is not None:
        picture = make_wish("…", image=values.get("image"), parameters={}).picture
        if picture is None or picture.sha256 != request.image_sha256:
            raise InvalidImage(
                f"the picture of generation {generation.id} is no longer what it was",
                remedy="Choose it again in the form.",
                billed=False,
            )
    return _send(studio, Wish(request, picture), 1)


def _send(studio: Studio, wish: Wish, takes: int) -> tuple[list[Generation], str]:
    numbers = studio._next_takes(wish.request, takes)
    wishes = [replace(wish, request=replace(wish.request, take=number)) for number in numbers]
    with _warned, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ModerationWarning)
        generations = studio._start(wishes, reuse=False)
    words = [str(one.message) for one in said if issubclass(one.category, ModerationWarning)]
    return generations, words[0] if words else ""


def next_take(studio: Studio, request: Request, count: int) -> int:
    """The take number from which on so many of a request are free; what a click sends, as one call can say it."""
    asked = count
    while True:
        free = studio._next_takes(request, asked)
        first = free[asked - count]
        if free[-1] - first == count - 1:
            return first
        asked += 1


def values_of(generation: Generation) -> Values:
    """What a job asked for, as the form holds it; a local picture by the copy that the home keeps of it."""
    request, image_path = generation.request, generation._row["image_path"]
    values: Values = {**request.parameters, "takes": 1}
    if image_path is not None:
        values["image"] = str(generation._home / image_path)
    if request.extra:
        values["extra"] = request.extra
    return values


def differing(generations: Sequence[Generation]) -> list[tuple[str, list[str]]]:
    """The settings in which jobs differ: name, and each one's value in words."""
    told = []
    for generation in generations:
        request = generation.request
        picture = {"image": request.image_sha256[:12]} if request.image_sha256 else {}
        told.append({**request.parameters, **request.extra, **picture, "take": request.take})
    names = list(dict.fromkeys(name for one in told for name in one))
    rows = [(name, [str(one.get(name, "–")) for one in told]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
