"""The notebook's variables, as a magic's text names them; nothing is ever evaluated."""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pixverse_nb.errors import InvalidImage, InvalidParameter
from pixverse_nb.generation import Generation
from pixverse_nb.studio import Studio
from pixverse_nb.table.origin import _STUDIOS

Namespace = Mapping[str, Any]

_FIELD = re.compile(r"([^\W\d]\w*)((?:\.\w+|\[[^\[\]]+\])*)")  # a name, then attributes and indexes
_WIDEST = 5000
_STEP = re.compile(r"\.(\w+)|\[([^\[\]]+)\]")


class _Expander(string.Formatter):
    """Format strings over the notebook's variables: plain names, attributes, indexing, conversions and formats."""

    def __init__(self, names: Namespace, what: str) -> None:
        self._names = names
        self._what = what
        self._field = ""  # the one that is being filled in

    def parse(self, format_string: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
        for part in super().parse(format_string):
            if part[1] is not None and (not part[1] or part[1].isdigit()):  # an argument's place, and there are none
                raise self._unknown(part[1], [])
            yield part

    def get_field(self, field_name: str, _args: Sequence[Any], _kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        self._field = field_name
        field = _FIELD.fullmatch(field_name)
        if field is None:
            raise self._unknown(field_name, [])
        first = field[1]
        if first not in self._names:
            raise self._unknown(field_name, near(first, self._names))
        value = self._names[first]
        for step in _STEP.finditer(field[2]):
            attribute, index = step.groups()
            if attribute and attribute.startswith("_"):
                raise self._trouble(field_name, "names with an underscore in front are not read")
            try:
                value = getattr(value, attribute) if attribute else value[_index(index)]
            except Exception as error:  # noqa: BLE001  whatever the notebook's own objects raise
                raise self._trouble(field_name, f"{type(error).__name__}: {error}") from None
        return value, first

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        try:
            return super().convert_field(value, conversion)
        except Exception as error:  # noqa: BLE001  as above
            raise self._trouble(f"{self._field}!{conversion}", f"{type(error).__name__}: {error}") from None

    def format_field(self, value: Any, format_spec: str) -> str:
        field = f"{self._field}:{format_spec}" if format_spec else self._field
        # Python would make a text of any width, and take all memory for it.
        if any(len(width) > 4 or int(width) > _WIDEST for width in re.findall(r"0*([1-9][0-9]*)", format_spec)):
            raise self._trouble(field, f"{_WIDEST:,} is the largest width, as long as a prompt may be")
        try:
            return str(super().format_field(value, format_spec))
        except Exception as error:  # noqa: BLE001  as above
            raise self._trouble(field, f"{type(error).__name__}: {error}") from None

    def _unknown(self, name: str, known: Sequence[str]) -> InvalidParameter:
        hint = f"Did you mean {' or '.join('{' + one + '}' for one in known)}? " if known else ""
        return InvalidParameter(
            f"{self._what} names {{{_short(name)}}}, which is no variable of the notebook",
            remedy=f"{hint}For a brace itself, write it twice: {{{{{_short(name)}}}}}.",
            billed=False,
        )

    def _trouble(self, name: str, why: str) -> InvalidParameter:
        return InvalidParameter(
            f"{{{_short(name)}}} in {self._what} cannot be filled in: {_short(why, 200)}",
            remedy="For a brace itself, write it twice: {{ or }}.",
            billed=False,
        )


def _index(text: str) -> int | str:
    """An index as it is written in a format string: a number, or a key as it stands."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def expand(text: str, names: Namespace, what: str) -> str:
    """Fill in `{name}`, as in an f-string of plain names; `{{` and `}}` are braces.

    Parameters
    ----------
    text : str
        What was written.
    names : mapping
        The notebook's variables.
    what : str
        What the text is, for messages, such as "the prompt".

    Raises
    ------
    InvalidParameter
        For a name that is not there, with near ones and how to write a brace.
    """
    if "{" not in text and "}" not in text:
        return text
    try:
        return _Expander(names, what).vformat(text, (), {})
    except InvalidParameter:
        raise
    except ValueError as error:  # a brace without its other half
        raise InvalidParameter(
            f"the braces in {what} are not in pairs ({str(error).rstrip('.')})",
            remedy="{name} stands for a variable; for a brace itself, write it twice: {{ or }}.",
            billed=False,
        ) from None


def near(name: str, names: Namespace) -> list[str]:
    """Up to two variables with a name like this one."""
    public = [one for one in names if not one.startswith("_")]
    by_case = [one for one in public if one.lower() == name.lower()]
    return by_case or difflib.get_close_matches(name, public, n=2, cutoff=0.6)


# ---- studios ---------------------------------------------------------------------------------------------------------


def studios(names: Namespace) -> dict[str, Studio]:
    """The notebook's studios by their variables, the newest last."""
    born = {id(ref()): number for number, ref in enumerate(list(_STUDIOS.values()))}
    found = {name: value for name, value in list(names.items()) if isinstance(value, Studio) and name[:1] != "_"}
    return dict(sorted(found.items(), key=lambda one: born.get(id(one[1]), -1)))


def studio_named(name: str, names: Namespace) -> Studio:
    """The studio of a variable.

    Raises
    ------
    InvalidParameter
        When there is no such variable, or it is something else.
    """
    value = names.get(name)
    if isinstance(value, Studio):
        return value
    there = ", ".join(studios(names))
    what = f"a {type(value).__name__}, not a Studio" if name in names else "no variable of the notebook"
    remedy = (
        f"Studios here are: {there}."
        if there
        else f"Make one: {name if name.isidentifier() else 'studio'} = pv.Studio()"
    )
    raise InvalidParameter(f"--studio {_short(name)!r} is {what}", remedy=remedy, billed=False)


# ---- pictures --------------------------------------------------------------------------------------------------------


def picture_named(text: str, names: Namespace) -> object:
    """What `--image` means: a variable of the notebook, with attributes and indexes, else a path or a URL.

    Raises
    ------
    InvalidImage
        When it is neither a variable nor a file.
    """
    if text.isidentifier() and text in names and not isinstance(names[text], ModuleType):
        return names[text]
    if "://" in text or text[:5].lower() == "data:" or _is_file(text):
        return text
    try:
        return _Expander(names, "--image").get_field(text, (), {})[0]
    except (InvalidParameter, ValueError):
        like = [one for one in near(text, names) if is_picture(names[one])]
        hint = f"Did you mean {' or '.join(like)}? " if like else ""
        raise InvalidImage(
            f"--image {_short(text)!r} is neither a variable of the notebook nor a file",
            remedy=f"{hint}Pass a variable that holds a picture or a generation, a path, or a URL.",
            billed=False,
        ) from None


def is_picture(value: object) -> bool:
    """Whether a variable is something to start a clip from, as far as its type tells; nothing is imported for it."""
    if isinstance(value, Generation):
        return value.status == "completed"
    if isinstance(value, bytes | bytearray | Path):
        return True
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(value).__mro__}
    return bool(kinds & {"PIL.Image", "numpy.ndarray"})


def named(names: Namespace, wanted: Callable[[object], bool]) -> list[str]:
    """The public variables that are wanted, in order of their names."""
    return sorted(name for name, value in list(names.items()) if name[:1] != "_" and wanted(value))


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
