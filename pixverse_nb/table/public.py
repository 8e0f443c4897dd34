"""What of a table may leave the house: without secrets, and on request without prompts or costs.

What is left out on request is so by a list of what may stay: the history's own columns, each known for what it holds.
A table's own columns may hold anything (a prompt cut short, a cost under another name), and go.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pixverse_nb.plain import cleaned, scrubbed

from .columns import check_plain, refused

REDACTIONS = ("prompts", "costs")
"""What can be left out on request."""

MONEY = ("estimate_usd", "ceiling_usd", "cost_usd", "cost_source", "saved_usd")
"""The history's columns of money."""

_PROMPTS = ("prompt", "negative_prompt")
_QUOTING = ("extra", "note")  # people write their prompts there, too
_IN_WORDS = ("reason", "tags", "image_url")  # short words of people, which may repeat some of a prompt's
_AMOUNTS = ("error", "note", "reason", "tags")
_AMOUNT = re.compile(
    r"[$€£]\s?\d[\d.,]*|\bUSD\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:[$€£]|USD\b|dollars?\b|cents?\b)", re.IGNORECASE
)
# Words of three letters and more; of scripts that put no blanks between words, each character.
_SIGNS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]{{3,}}")
_QUOTED = re.compile(r": |(?<!\w)[\"'“‘«`]")  # before it stand our own words, behind it the service's
_SHORTEST = 4  # characters of a prompt that is looked for as a whole


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
    """A table for other eyes; the same rows, and the same columns but for those that are to be left out.

    In any case keys and the signatures of signed addresses are taken out of every text, of the columns' names, and of
    what lists and mappings hold, and the paths of the home and of the person's own folder out of `error`; `video_path`
    is where the clip lies within the home.

    Parameters
    ----------
    frame : DataFrame
        Rows of the history. The table's own columns and levels stay only when nothing is left out: nobody knows what
        they hold. `own_columns` names them.
    redact : str or iterable of str
        "prompts": a stand-in in the place of each different prompt, "prompt 1", "prompt 2", ..., so that rows of one
        prompt are still known as such; `extra`, `note` and the service's own words in `error` are gone, and so are
        `reason`, `tags` and `image_url` where they share a word with a prompt of the table, or it has no prompts.
        "costs": columns of money are left out (an empty one would say that nobody knows the cost), and amounts in words
        are.

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
    hidden = _hidden(frame, words)
    made: pd.DataFrame = frame.drop(columns=[name for name in frame.columns if name in hidden])
    eyes = _Eyes(frame, words)
    for name in list(made.columns):
        made[name] = eyes.column(name, made[name])
    made.index = _index(frame.index, hidden, eyes)
    made.columns = pd.Index(_named(made.columns))
    return made


def own_columns(frame: pd.DataFrame) -> list[Any]:
    """The columns and levels that the history's table lacks."""
    from pixverse_nb.history import COLUMNS

    levels = [name for name in frame.index.names if name is not None]
    return [name for name in (*levels, *frame.columns) if name != "id" and name not in COLUMNS]


def _hidden(frame: pd.DataFrame, words: frozenset[str]) -> set[Any]:
    return {*(own_columns(frame) if words else ()), *(MONEY if "costs" in words else ())}


def public(frame: pd.DataFrame, redact: str | Iterable[str] = ()) -> pd.DataFrame:
    """The same flat, for a file: `id` first, the history's columns in its order, then the table's own.

    Levels of the index that have a name become columns; an index without one is left out.
    """
    from pixverse_nb.history import COLUMNS

    safe = redacted(frame, redact)
    gone = {None, *_hidden(frame, checked_redact(redact))}
    names = enumerate(safe.index.names)
    levels = {name: safe.index.get_level_values(number) for number, name in names if name not in gone}
    parts: dict[Any, Any] = {name: pd.Series(values).array for name, values in levels.items()}
    parts |= {name: safe[name].array for name in safe.columns}
    order = [name for name in ("id", *COLUMNS) if name in parts]
    order += [name for name in parts if name not in order]
    made: pd.DataFrame = pd.DataFrame(
        {name: parts[name] for name in order}, index=pd.RangeIndex(len(safe)), columns=pd.Index(order)
    )
    return made


def holds_text(column: Any) -> bool:
    """Whether a text may stand in it: also in its categories, in lists, in anything that pandas does not know."""
    dtype, kinds = column.dtype, pd.api.types
    return not (
        kinds.is_numeric_dtype(dtype)
        or kinds.is_bool_dtype(dtype)
        or kinds.is_datetime64_any_dtype(dtype)
        or kinds.is_timedelta64_dtype(dtype)
    )


class _Eyes:
    """Others' eyes: what they may see of each column.

    Parameters
    ----------
    frame : DataFrame
        The whole table, whose prompts are not to be found elsewhere in it.
    words : frozenset of str
        What is left out.
    """

    def __init__(self, frame: pd.DataFrame, words: frozenset[str]) -> None:
        self._words = words
        self._private = _private_places(frame)
        self._prompts = _prompts_of(frame) if "prompts" in words else []
        distinct = {text for prompts in self._prompts for text in prompts}
        self._said: set[str] = set().union(*map(_words_in, distinct))

    def column(self, name: Any, column: Any) -> Any:
        """A column as it may be seen."""
        if "prompts" in self._words and name in _PROMPTS:
            return _stand_ins(column, name.replace("_", " "))
        if not holds_text(column):
            return column
        if "prompts" in self._words:
            if name in _QUOTING:
                return _each(column, lambda _: None)
            if name in _IN_WORDS:
                column = _each(column, self._unshared)
            if name == "error":
                column = _each(column, lambda text: _QUOTED.split(str(text), maxsplit=1)[0].rstrip())
            column = _without(column, self._prompts)
        if name == "video_path":
            return _each(column, lambda path: scrubbed(_within(str(path))))
        if name == "error":
            column = _each(column, lambda text: _placeless(str(text), self._private))
        if "costs" in self._words and name in _AMOUNTS:
            column = _each(column, lambda text: _AMOUNT.sub("$…", str(text)))
        return _each(column, cleaned)

    def _unshared(self, value: Any) -> Any:
        """A text that shares no word with a prompt; none where the table does not say what the prompts are."""
        return value if self._prompts and not self._said & _words_in(str(value)) else None


def _index(index: Any, hidden: set[Any], eyes: _Eyes) -> Any:
    """An index whose levels may be seen; what is hidden of it is empty."""
    levels, is_same = [], True
    for number, name in enumerate(index.names):
        values = pd.Series(index.get_level_values(number))
        shown = pd.Series([None] * len(values)) if name in hidden else eyes.column(name, values)
        is_same = is_same and shown is values
        levels.append(shown)
    names = _named(index.names)
    if is_same and names == list(index.names):
        return index
    if isinstance(index, pd.MultiIndex):
        return pd.MultiIndex.from_arrays(levels, names=names)
    return pd.Index(levels[0], name=names[0])


def _named(names: Iterable[Any]) -> list[Any]:
    """Names without a secret, none twice."""
    given, made = list(names), []
    for name in given:
        shown = base = cleaned(name)
        number = 2
        while shown is not name and (shown in made or shown in given):
            shown, number = f"{base} {number}", number + 1
        made.append(shown)
    return made


def _prompts_of(frame: pd.DataFrame) -> list[list[str]]:
    """Each row's prompts, column by column, in lower case; also those of what a merge made of the columns."""
    levels = enumerate(frame.index.names)
    found: list[Any] = [frame[name] for name in frame.columns if _is_prompt(name)]
    found += [frame.index.get_level_values(number) for number, name in levels if _is_prompt(name)]
    return [
        ["" if _is_missing(value) else str(value).strip().casefold() for value in one.astype(object).tolist()]
        for one in found
    ]


def _is_prompt(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(_PROMPTS)


def _words_in(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _stand_ins(column: Any, word: str) -> Any:
    numbers: dict[str, str] = {}
    return _each(column, lambda text: numbers.setdefault(str(text), f"{word} {len(numbers) + 1}"))


def _without(column: Any, prompts: list[list[str]]) -> Any:
    """Without the values that hold a prompt of their own row."""
    values = column.astype(object).tolist()  # as they are, but at once: an Arrow column gives them one by one
    hidden = [
        isinstance(value, str) and any(len(said[at]) >= _SHORTEST and said[at] in value.casefold() for said in prompts)
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


def _each(column: Any, change: Callable[[Any], Any]) -> Any:
    """A column whose values are changed, in its own type; what is missing stays so."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        kinds = dict.fromkeys([*column.dropna().unique(), *column.cat.categories])  # a file has those of no row, too
        known = {kind: change(kind) for kind in kinds}
        if all(new is old for old, new in known.items()):
            return column
        return _rebuilt(column, [known.get(value) for value in column.astype(object).tolist()], is_changed=True)
    values = column.astype(object).tolist()
    changed = [value if _is_missing(value) else change(value) for value in values]
    return _rebuilt(column, changed, any(new is not old for new, old in zip(changed, values, strict=True)))


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)  # noqa: PLR0124


def _rebuilt(column: Any, values: list[Any], is_changed: bool) -> Any:
    """The column with other values, in its own type where that is one of texts."""
    if not is_changed:
        return column
    dtype = column.dtype
    if pd.api.types.is_string_dtype(dtype) and not pd.api.types.is_object_dtype(dtype):
        texts = pd.array([pd.NA if _is_missing(value) else value for value in values], dtype=dtype)
        return pd.Series(texts, index=column.index)
    return pd.Series(values, index=column.index, dtype=object)
