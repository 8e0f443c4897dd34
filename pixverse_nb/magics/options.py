"""The magic's options: the schema's parameters and a few of its own, and how a line is read."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pixverse_nb.errors import InvalidParameter
from pixverse_nb.parameters import MOST_TAKES, PARAMETERS, Parameter, unknown_parameter

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_TOKEN = re.compile(r"\S+")
_BOOLEANS = {"true": True, "false": False}
_DASHES = "-–—‐‑"  # what editors and pages make of two hyphens
_MOST_COUNT = 2147483647


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    parameter : Parameter
        Its name, kind, range, default and help.
    value : str
        What stands for its value in the help; empty for a flag.
    of_api : bool
        Whether it is a parameter of the API.
    """

    parameter: Parameter
    value: str = ""
    of_api: bool = False

    @property
    def name(self) -> str:
        """As the API and Python write it: with underscores."""
        return self.parameter.name

    @property
    def flag(self) -> str:
        """As people type it."""
        return "--" + self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether it may stand without a value, and has a `--no-` form."""
        return self.parameter.kind == "boolean"


def _own(name: str, kind: str, help: str, *, value: str = "", **more: int | bool) -> Option:
    return Option(Parameter(name, kind, name, help, "", **more), value)  # type: ignore[arg-type]


_ALL = (
    *(
        Option(p, {"choice": "CHOICE", "integer": "N", "number": "X", "url": "URL"}.get(p.kind, "TEXT"), of_api=True)
        for p in PARAMETERS.values()
        if p.name != "prompt"
    ),
    _own("image", "string", "A picture to start from: a variable of the notebook, a path or a URL.", value="IMAGE"),
    _own("take", "integer", "Another clip of the same request.", value="N", low=1, high=_MOST_COUNT, default=1),
    _own("takes", "integer", "So many clips at once.", value="N", low=1, high=MOST_TAKES),
    _own("reuse", "boolean", "Whether a clip that is there already is given back, at no cost.", default=True),
    _own("as", "string", "The variable that the generation is bound to.", value="NAME"),
    _own("studio", "string", "The studio's variable; else the newest studio of the notebook.", value="NAME"),
    _own("submit", "boolean", "Return at once; the clip appears when it is there."),
    _own("estimate", "boolean", "Only tell the price; nothing is sent."),
    _own("help", "boolean", "Show this."),
)

OPTIONS: Mapping[str, Option] = MappingProxyType({option.name: option for option in _ALL})
"""Every option by its name, in the order of the help."""

SINGLE = frozenset({"submit", "estimate", "help"})
"""Flags that only stand alone."""


@dataclass
class Wanted:
    """A line, read.

    Attributes
    ----------
    prompt : str
        What is left of the line.
    given : dict
        Texts by option, as they were written; True or False for a flag.
    """

    prompt: str = ""
    given: dict[str, str | bool] = field(default_factory=dict)


def read(line: str, *, is_cell: bool) -> Wanted:
    """Read a magic's line.

    Parameters
    ----------
    line : str
        What stands behind the magic's name.
    is_cell : bool
        Whether the prompt is the cell's body, so that the line may hold options only.

    Raises
    ------
    UnknownParameter, InvalidParameter
        Naming the option, and what to write.
    """
    wanted, words, rest = Wanted(), [], _tokens(line)
    while rest:
        token = rest.pop(0)
        if token == "--":  # noqa: S105  the end of the options
            words += rest
            break
        if token.startswith("--"):
            _take_option(token, rest, wanted)
        else:
            _check_word(token)
            words.append(token)
    wanted.prompt = _unquoted(words[0]) if len(words) == 1 else " ".join(words)
    if is_cell and words:
        raise _refused(
            f"{shown(wanted.prompt)} is neither an option nor an option's value",
            "In a cell the prompt is the cell's body; put a value that has spaces in quotes.",
        )
    return wanted


def _take_option(token: str, rest: list[str], wanted: Wanted) -> None:
    written, has_value, value = token.partition("=")
    option, is_on = find(written)
    if option.name in wanted.given:
        raise _refused(f"{option.flag} is given twice", "Leave one of them out.")
    if option.is_switch:
        wanted.given[option.name] = _switched(option, is_on, value if has_value else None, rest)
    elif has_value:
        wanted.given[option.name] = _unquoted(value)
    elif not rest or rest[0].startswith("--"):
        raise _refused(f"{option.flag} has no value", f"Write {option.flag} {option.value}: {describe(option)}.")
    else:
        wanted.given[option.name] = _unquoted(rest.pop(0))


def _switched(option: Option, is_on: bool, value: str | None, rest: list[str]) -> bool:
    if option.name in SINGLE or not is_on:
        if value is not None:
            raise _refused(f"{option.flag} takes no value", "Leave it out.")
        return is_on
    if value is not None:
        return _BOOLEANS[value.lower()] if value.lower() in _BOOLEANS else bool(option.parameter.check(value))
    return _BOOLEANS[rest.pop(0).lower()] if rest and rest[0].lower() in _BOOLEANS else True


def find(written: str) -> tuple[Option, bool]:
    """The option that `--some-name`, `--some_name` or `--no-some-name` is, and whether it is switched on."""
    name = written[2:].replace("-", "_")
    if name in OPTIONS:
        return OPTIONS[name], True
    off = OPTIONS.get(name.removeprefix("no_"))
    if off is not None and name.startswith("no_") and off.is_switch and off.name not in SINGLE:
        return off, False
    begun = [one for one in OPTIONS if name and one.startswith(name.lower())]
    near = begun[:1] or difflib.get_close_matches(name.lower(), OPTIONS, n=1, cutoff=0.6)
    hint = f"Did you mean {OPTIONS[near[0]].flag}?" if near else "%pixverse --help lists them."
    error = unknown_parameter(name, OPTIONS, "an option of the magic")
    error.what = f"{shown(written)} is not an option of %pixverse"
    error.remedy = f"{hint} In a prompt, write -- before words that begin with dashes."
    raise error


def _check_word(token: str) -> None:
    """A word of a prompt that looks like a slip: it would be paid for as a prompt."""
    name = token.lstrip(_DASHES).partition("=")[0].replace("-", "_")
    if token[0] in _DASHES and name in OPTIONS:
        raise _refused(
            f"{shown(token)} is not an option of %pixverse", f"Write {OPTIONS[name].flag}, with two hyphens."
        )


# ---- values ----------------------------------------------------------------------------------------------------------


def value_of(option: Option, text: str) -> object:
    """The text as the option's kind of value, checked by the schema.

    Raises
    ------
    InvalidParameter
        As the schema says it.
    """
    parameter = option.parameter
    value: object = text
    if parameter.kind == "integer" and _WHOLE.fullmatch(text):
        value = int(text)
    elif parameter.kind == "number":
        value = _number(text)
    return parameter.check(value) if option.of_api or option.name in {"take", "takes"} else value


def check_name(text: str) -> str:
    """The name of a variable, for `--as`."""
    if not text.isidentifier() or keyword.iskeyword(text):
        raise _refused(f"--as {shown(text)} is no name of a variable", "Write a plain one, such as --as clip.")
    return text


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def describe(option: Option) -> str:
    """The allowed values in words."""
    own: Mapping[str, Callable[[], str]] = {
        "image": lambda: "a variable, a path or a URL",
        "as": lambda: "a variable's name",
        "studio": lambda: "a variable's name",
        "take": lambda: "a whole number from 1",
    }
    return own[option.name]() if option.name in own else option.parameter.allowed


def shown(text: str) -> str:
    """A text for a message."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


# ---- words -----------------------------------------------------------------------------------------------------------


def _tokens(line: str) -> list[str]:
    """The words of a line, with their quotes; quotes hold words together where a value begins with them.

    An apostrophe within a word, or one that is never closed, is a sign like any other: prompts are prose.
    """
    tokens, at = [], 0
    while (found := _TOKEN.search(line, at)) is not None:
        start, end = found.span()
        value = re.match(r"--[\w-]+=", found.group())
        opening = start + (value.end() if value else 0)
        if opening < end and line[opening] in "\"'":
            closing = re.compile(re.escape(line[opening]) + r"(?=\s|$)").search(line, opening + 1)
            end = closing.end() if closing else end
        tokens.append(line[start:end])
        at = end
    return tokens


def _unquoted(token: str) -> str:
    is_quoted = len(token) >= 2 and token[0] in "\"'" and token[-1] == token[0]
    return token[1:-1] if is_quoted else token


def _refused(what: str, remedy: str) -> InvalidParameter:
    return InvalidParameter(what, remedy=remedy, billed=False)
