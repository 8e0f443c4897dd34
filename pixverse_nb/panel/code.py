"""Settings as the call that does the same."""

from __future__ import annotations

import os
import textwrap
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pixverse_nb import parameters
from pixverse_nb.errors import InvalidImage, InvalidParameter
from pixverse_nb.generation import Generation

_WIDTH = 79  # columns of a line
_PIECE = 42  # columns of a piece of a long text: as many as the form shows without a break of its own
_QUIET = {"take": 1, "takes": 1, "reuse": True}
"""What means the same when nothing is said."""


def code_of(values: Mapping[str, object]) -> str:
    """The shortest `studio.generate(...)` call that sends exactly this.

    Parameters
    ----------
    values : dict
        Arguments of `Studio.submit`: `prompt`, `image`, the API's parameters, `extra`, `take`, `takes`, `reuse`. What
        is None, and what would be sent or meant anyway, is left out.

    Raises
    ------
    InvalidImage
        For a picture that is only in memory: it has no place that code could name.
    """
    given = {name: value for name, value in values.items() if value is not None and not _is_said_anyway(name, value)}
    prompt = _plain("prompt", given.pop("prompt", ""))
    arguments = [f"{name}={_written(name, given[name])}" for name in _in_order(given)]
    line = f"studio.generate({', '.join([repr(prompt), *arguments])})"
    if _columns(line) <= _WIDTH:
        return line
    pieces = _pieces(prompt) if isinstance(prompt, str) else [repr(prompt)]
    lines = ["studio.generate(", *(f"    {piece}" for piece in pieces)]
    lines[-1] += ","
    return "\n".join([*lines, *(f"    {argument}," for argument in arguments), ")"])


def _is_said_anyway(name: str, value: object) -> bool:
    parameter = parameters.PARAMETERS.get(name)
    if parameter is not None:
        return parameter.always_sent and not parameter.required and _plain(name, value) == parameter.default
    return name in _QUIET and value == _QUIET[name] and isinstance(value, type(_QUIET[name]))


def _in_order(given: Mapping[str, object]) -> list[str]:
    """Names in the order of the form, the picture first."""
    known = ["image", *parameters.PARAMETERS, "extra", "take", "takes", "reuse"]
    return [name for name in known if name in given] + [name for name in given if name not in known]


def _plain(name: str, value: object) -> object:
    """The value as Python's own type: numpy's and an enum's members have other reprs."""
    parameter = parameters.PARAMETERS.get(name)
    try:
        return value if parameter is None else parameter.check(value)
    except InvalidParameter:
        return value


def _written(name: str, value: object) -> str:
    if name != "image":
        return repr(_plain(name, value))
    if isinstance(value, Generation):
        return f'studio.generation("{value.id}")'
    if isinstance(value, str) and value.partition(":")[0].lower() in {"http", "https"}:
        return repr(value)
    if isinstance(value, str | os.PathLike) and str(value)[:5].lower() != "data:":
        return repr(_near(os.fsdecode(value)))
    raise InvalidImage(
        "a picture that is only in memory has no place that code could name",
        remedy="Save it to a file and use its path.",
        billed=False,
    )


def _near(name: str) -> str:
    """The path from the current folder where it lies in there, so that the line runs on another machine, too."""
    path = Path(name)
    return path.relative_to(Path.cwd()).as_posix() if path.is_absolute() and path.is_relative_to(Path.cwd()) else name


def _pieces(text: str) -> list[str]:
    """A long string as literals one below the other, broken between words; joined they are the text again."""
    wrapper = textwrap.TextWrapper(
        width=_PIECE, expand_tabs=False, replace_whitespace=False, drop_whitespace=False,
        break_on_hyphens=False, break_long_words=True,
    )  # fmt: skip
    pieces: list[Any] = [piece for line in text.splitlines(keepends=True) for piece in wrapper.wrap(line) or [line]]
    return [repr(part) for piece in pieces for part in _halves(piece)] or [repr(text)]


def _halves(piece: str) -> list[str]:
    """The piece, in two where its characters are wide ones and it would be wider than a line."""
    middle = len(piece) // 2
    return [piece] if _columns(piece) <= _PIECE else [*_halves(piece[:middle]), *_halves(piece[middle:])]


def _columns(text: str) -> int:
    """How wide it is in a font of equal widths: Chinese, Japanese and Korean characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
