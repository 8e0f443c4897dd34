"""Completion of the magic's options, of their values, and of the notebook's variables, in every IPython from 7.34 on.

Newer ones (8.6) take a matcher that may keep others silent; in older ones there is only a hook.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pixverse_nb.generation import Generation
from pixverse_nb.generations import Generations
from pixverse_nb.parameters import Parameter
from pixverse_nb.studio import Studio

from .names import Namespace, is_picture, named
from .options import OPTIONS, SINGLE, Option

_CALL = re.compile(r"^\s*(?:[\w.\[\]'\", ]+=\s*)?%{1,2}pixverse[ \t]")
_HOOK = r"^\s*(?:[\w.\[\]'\", ]+=\s*)?%{1,2}pixverse[ \t]"
_IDENTIFIER = "pixverse_nb"
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
_MOST_VALUES = 20  # of a range that is offered number by number


def install(shell: Any) -> None:
    """Have a shell complete the magic; once, however often it is asked."""
    remove(shell)
    try:
        from IPython.core.completer import context_matcher
    except ImportError:  # before 8.6
        shell.set_hook("complete_command", _for_hook(shell), re_key=_HOOK)
        return
    shell.Completer.custom_matchers.append(context_matcher(identifier=_IDENTIFIER)(_for_matcher(shell)))


def remove(shell: Any) -> None:
    """Leave a shell's completer as it was."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", "") != _IDENTIFIER]
    hooks = shell.strdispatchers.get("complete_command")
    if hooks is not None:
        hooks.regexs.pop(re.compile(_HOOK), None)


def candidates(before: str, names: Namespace) -> list[str] | None:
    """What may stand where the cursor is.

    Parameters
    ----------
    before : str
        The line up to the cursor.
    names : mapping
        The notebook's variables.

    Returns
    -------
    list of str or None
        Whole words, each with what is written of it already; None when the line is none of the magic's.
    """
    call = _CALL.match(before)
    if call is None:
        return None
    *earlier, word = re.split(r"[ \t]+", before[call.end() :])
    brace = word.rfind("{")
    if brace >= 0 and "}" not in word[brace:]:
        return [word[: brace + 1] + name for name in named(names, lambda _: True) if name.startswith(word[brace + 1 :])]
    return _starting(word, _words(earlier, word, names))


def _words(earlier: list[str], word: str, names: Namespace) -> Iterable[str]:
    """All that may stand behind the earlier words in the place of this one."""
    if word.startswith("--") and "=" in word:
        flag, _, begun = word.partition("=")
        return (f"{flag}={value}" for value in _values(_option(flag), begun, names))
    last = _option(earlier[-1]) if earlier else None
    if last is not None and not last.is_switch:
        return _values(last, word, names)
    switched = ["true", "false"] if last is not None and last.name not in SINGLE else []
    return switched if word and not word.startswith("-") else _flags(earlier)


def _option(word: str) -> Option | None:
    return OPTIONS.get(word[2:].replace("-", "_")) if word.startswith("--") else None


def _flags(earlier: Iterable[str]) -> list[str]:
    """Every option that is not on the line yet."""
    given = {word.partition("=")[0].removeprefix("--").removeprefix("no-").replace("-", "_") for word in earlier}
    flags = []
    for option in OPTIONS.values():
        if option.name not in given:
            flags.append(option.flag)
            if option.is_switch and option.name not in SINGLE:
                flags.append(f"--no-{option.flag[2:]}")
    return flags


def _values(option: Option | None, begun: str, names: Namespace) -> list[str]:
    if option is None:
        return []
    if option.name == "image":
        return [*named(names, is_picture), *_pictures(begun)]
    if option.name == "studio":
        return named(names, lambda value: isinstance(value, Studio))
    if option.name == "as":  # never nothing: IPython would offer all of Python's names
        return [*named(names, lambda value: isinstance(value, Generation | Generations)), begun or "clip"]
    return _typical(option.parameter)


def _typical(parameter: Parameter) -> list[str]:
    """All values where they are few, else the default."""
    if parameter.kind == "boolean":
        return ["true", "false"]
    low, high = parameter.low, parameter.high
    if parameter.kind == "integer" and low is not None and high is not None and high - low <= _MOST_VALUES:
        return [str(number) for number in range(int(low), int(high) + 1)]
    return list(parameter.choices) or ([] if parameter.default is None else [str(parameter.default)])


def _pictures(begun: str) -> list[str]:
    """Files and folders that a path may go on with."""
    folder, _, _ = begun.rpartition("/")
    start = f"{folder}/" if "/" in begun else ""
    try:
        found = sorted(Path(start or ".").expanduser().iterdir())
        return [
            f"{start}{one.name}{'/' if one.is_dir() else ''}"
            for one in found
            if not one.name.startswith(".")
            and not re.search(r"\s", one.name)
            and (one.is_dir() or one.suffix.lower() in _SUFFIXES)
        ]
    except (OSError, ValueError, RuntimeError):
        return []


def _starting(word: str, all_of_them: Iterable[str]) -> list[str]:
    """Those that begin as the word does; an option goes on with underscores, and a value with its quotation mark."""
    if word[:1] in {'"', "'"}:
        all_of_them = (f"{word[0]}{one}{word[0]}" for one in all_of_them)
    if word.startswith("--") and "_" in word.partition("=")[0]:
        all_of_them = ("--" + one[2:].replace("-", "_") for one in all_of_them)
    return [one for one in all_of_them if one.startswith(word)]


# ---- the two doors ---------------------------------------------------------------------------------------------------


def _matches(before: str, token: str, names: Namespace) -> list[str] | None:
    """Candidates in the completer's own terms: its word may begin later, such as behind a colon."""
    found = candidates(before, names)
    if found is None:
        return None
    word = re.split(r"[ \t]+", before)[-1]
    offset = len(word) - len(token) if word.endswith(token) else 0
    return [one[offset:] for one in found]


def _for_matcher(shell: Any) -> Any:
    def pixverse_matcher(context: Any) -> dict[str, Any]:
        from IPython.core.completer import SimpleCompletion

        before = context.line_with_cursor[: context.cursor_position]
        found = _matches(before, context.token, shell.user_ns)
        return {
            "completions": [SimpleCompletion(text=one, type="option") for one in found or []],
            "matched_fragment": context.token,
            "suppress": found is not None,  # the words of a prompt are no Python, whatever it makes of them
            "ordered": True,
        }

    return pixverse_matcher


def _for_hook(shell: Any) -> Any:
    def pixverse_hook(_shell: Any, event: Any) -> list[str]:
        return _matches(event.text_until_cursor, event.symbol, shell.user_ns) or []

    return pixverse_hook
