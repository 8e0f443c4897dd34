"""What of a table may leave the house: without secrets, and on request without prompts or costs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pixverse_nb.plain import scrubbed

from .columns import check_plain, refused

REDACTIONS = ("prompts", "costs")
"""What can be left out on request."""

_PROMPTS = re.compile(r"(negative_)?prompt(_[xy])?")  # a merge of two tables calls them prompt_x and prompt_y
_QUOTING = ("extra", "note")  # people write their prompts there, too
_COSTS = re.compile(r"(.*_)?(usd|cost|costs|price|cost_source)(_[xy])?")
_AMOUNT = re.compile(r"\$\s?\d[\d.,]*")


def checked_redact(redact: str | Iterable[str]) -> frozenset[str]:
    """What is to be left out.

    Raises
    ------
    InvalidParameter
        For another word than those of `REDACTIONS`; it names the nearest.
    """
    given = [redact] if isinstance(redact, str) else list(redact) if isinstance(redact, Iterable) else [redact]
    for word in given:
        if word not in REDACTIONS:
            near = difflib.get_close_matches(str(word), REDACTIONS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {' and '.join(map(repr, REDACTIONS))}."
            raise refused(f"redact={word!r} is nothing that can be left out", hint)
    return frozenset(given)


def redacted(frame: pd.DataFrame, redact: str | Iterable[str] = ()) -> pd.DataFrame:
    """A table for other eyes; the same rows, and the same columns but for costs that are to be left out.

    In any case keys and the signatures of signed addresses are taken out of every text, and the paths of the home and
    of the person's own folder out of `error`; `video_path` is where the clip lies within the home.

    Parameters
    ----------
    frame : DataFrame
        Rows of the history; columns of the table's own are treated alike.
    redact : str or iterable of str
        "prompts": a stand-in in the place of each different prompt, "prompt 1", "prompt 2", ..., so that rows of one
        prompt are still known as such; `extra`, `note` and the service's own words in `error` are gone, and so is
        every other text that holds the row's prompt. "costs": columns of money are left out (an empty one would say
        that nobody knows the cost), and amounts in `error` are.

    Returns
    -------
    DataFrame
        A new one, of the frame's class.

    Raises
    ------
    InvalidParameter
        For another word, and for columns in levels or two of one name.
    """
    words = checked_redact(redact)
    check_plain(frame)
    made: pd.DataFrame = frame.copy()
    prompts = _texts_of(frame, _PROMPTS) if "prompts" in words else []
    private = _private_places(frame)
    for name in list(made.columns):
        made[name] = _public(str(name), made[name], words, prompts, private)
    if "costs" in words:
        made = made.drop(columns=[name for name in made.columns if _COSTS.fullmatch(str(name))])
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name != "id":
        made.index = _index(frame.index, words, prompts, private)
    return made


def public(frame: pd.DataFrame, redact: str | Iterable[str] = ()) -> pd.DataFrame:
    """The same flat, for a file: `id` first, the history's columns in its order, then the table's own.

    Levels of the index that have a name become columns; an index without one is left out.
    """
    from pixverse_nb.history import COLUMNS

    safe = redacted(frame, redact)
    names = enumerate(safe.index.names)
    levels = {name: safe.index.get_level_values(number) for number, name in names if name is not None}
    parts: dict[Any, Any] = {name: pd.Series(values).array for name, values in levels.items()}
    parts |= {name: safe[name].array for name in safe.columns}
    order = [name for name in ("id", *COLUMNS) if name in parts]
    order += [name for name in parts if name not in order]
    made: pd.DataFrame = pd.DataFrame(
        {name: parts[name] for name in order}, index=pd.RangeIndex(len(safe)), columns=pd.Index(order)
    )
    return made


def is_public(row: Mapping[str, Any]) -> bool:
    """Whether no text of a row holds a key or a signed address; columns that the history's table lacks are passed over.

    Parameters
    ----------
    row : mapping
        A row of the store.
    """
    from pixverse_nb.history import COLUMNS

    texts = [row[name] for name in COLUMNS if isinstance(row.get(name), str)]
    return all(scrubbed(text) == text for text in texts)


def _public(name: str, column: Any, words: frozenset[str], prompts: list[Any], private: list[str]) -> Any:
    """One column as it may be seen."""
    if "prompts" in words and _PROMPTS.fullmatch(name):
        return _stand_ins(column, "negative prompt" if name.startswith("neg") else "prompt")
    if not _holds_text(column):
        return column
    if "prompts" in words:
        if name in _QUOTING:
            return _each(column, lambda _: None)
        if name == "error":  # before the first colon stand our own words, behind it the service's
            column = _each(column, lambda text: text.split(": ", 1)[0])
        column = _without(column, prompts)
    if name == "video_path":
        return _each(column, _within)
    if name == "error":
        column = _each(column, lambda text: _placeless(text, private))
        column = _each(column, lambda text: _AMOUNT.sub("$…", text)) if "costs" in words else column
    return _each(column, scrubbed)


def _index(index: Any, words: frozenset[str], prompts: list[Any], private: list[str]) -> Any:
    """An index whose levels may be seen."""
    levels = []
    for number, name in enumerate(index.names):
        values = pd.Series(index.get_level_values(number))
        shown = values if name == "id" else _public(str(name), values, words, prompts, private)
        hidden = "costs" in words and name is not None and _COSTS.fullmatch(str(name))
        levels.append(pd.Series([None] * len(values)) if hidden else shown)
    if isinstance(index, pd.MultiIndex):
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    return pd.Index(levels[0], name=index.name) if index.name is not None else index


def _texts_of(frame: pd.DataFrame, pattern: re.Pattern[str]) -> list[Any]:
    """Each row's prompts, column by column, in lower case."""
    found: list[Any] = [frame[name] for name in frame.columns if pattern.fullmatch(str(name))]
    levels = enumerate(frame.index.names)
    found += [frame.index.get_level_values(number) for number, name in levels if pattern.fullmatch(str(name))]
    return [[value.strip().casefold() if isinstance(value, str) else "" for value in column] for column in found]


def _stand_ins(column: Any, word: str) -> Any:
    numbers: dict[str, str] = {}
    return _each(column, lambda text: numbers.setdefault(text, f"{word} {len(numbers) + 1}"))


def _without(column: Any, prompts: list[Any]) -> Any:
    """Without the values that hold a prompt of their own row."""
    values = column.astype(object).tolist()  # as they are, but at once: an Arrow column gives them one by one
    hidden = [
        isinstance(value, str) and any(said[at] and said[at] in value.casefold() for said in prompts)
        for at, value in enumerate(values)
    ]
    return _rebuilt(column, [None if hide else v for hide, v in zip(hidden, values, strict=True)], any(hidden))


def _private_places(frame: pd.DataFrame) -> list[str]:
    """Folders that say who a person is: the home of the clips, and the person's own."""
    clips = getattr(frame, "_clips", None)
    places = [str(clips.home)] if clips is not None else []
    try:
        places.append(str(Path.home()))
    except RuntimeError:  # a system without such a thing
        return places
    return places


def _within(path: str) -> str:
    """A clip's path within the home, where it lies in a folder of its own; nothing of where the home is."""
    place = Path(path)
    return f"{place.parent.name}/{place.name}" if place.parent.name == "clips" else place.name


def _placeless(text: str, places: list[str]) -> str:
    for place in places:
        if len(place) > 1:  # a person whose folder is the root has none of their own
            text = text.replace(place, "~")
    return text


def _holds_text(column: Any) -> bool:
    dtype = column.dtype
    return bool(pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype))


def _each(column: Any, change: Callable[[str], str | None]) -> Any:
    """A column whose texts are changed, in its own type; everything else stays."""
    values = column.astype(object).tolist()
    changed = [change(value) if isinstance(value, str) else value for value in values]
    return _rebuilt(column, changed, any(new is not old for new, old in zip(changed, values, strict=True)))


def _rebuilt(column: Any, values: list[Any], is_changed: bool) -> Any:
    if not is_changed:
        return column
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_object_dtype(dtype):
        return pd.Series(values, index=column.index, dtype=object)
    return pd.Series(pd.array([pd.NA if v is None else v for v in values], dtype=dtype), index=column.index)
