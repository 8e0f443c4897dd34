"""The magic's help, made from the schema."""

from __future__ import annotations

from pixverse_nb.display.manual import Entry, Manual

from .options import OPTIONS, SINGLE, Option, describe

_USAGES = (
    ("%pixverse a short prompt --duration 5", "one line: the words are the prompt"),
    ("%%pixverse --duration 5 --as clip", "a cell: its body is the prompt"),
)
_REMARKS = (
    (
        "{name} stands for a variable of the notebook, in the prompt and in values: {hero}, {shot.light}, {lights[0]}, "
        "{price:.2f}. For a brace itself, write it twice. Nothing is evaluated."
    ),
    (
        "--generate_audio_switch and --generate-audio-switch are the same. Quotes hold a value with spaces together. "
        "-- ends the options."
    ),
)


def manual() -> Manual:
    """Every option with its range, unit, default and help."""
    return Manual(
        _USAGES,
        [
            ("The request", [_entry(o) for o in OPTIONS.values() if o.of_api and not o.parameter.generic]),
            ("This cell", [_entry(o) for o in OPTIONS.values() if not o.of_api]),
            ("Advanced", [_entry(o) for o in OPTIONS.values() if o.parameter.generic]),
        ],
        _REMARKS,
    )


def _entry(option: Option) -> Entry:
    parameter = option.parameter
    if option.is_switch:
        off = "" if option.name in SINGLE else f", --no-{option.flag[2:]}"
        return Entry(option.flag + off, "", {True: "on", False: "off", None: ""}[parameter.default], parameter.help)  # type: ignore[index]
    default = "" if parameter.default is None else str(parameter.default)
    return Entry(f"{option.flag} {option.value}", describe(option), default, parameter.help)
