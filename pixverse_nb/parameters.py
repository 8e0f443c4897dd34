"""The one schema: every parameter of the PixVerse V6 endpoint, said once.

Validation, the helper's signature, the panel's form, the history's columns and the preview engine's checks are all made
from `PARAMETERS`. Adding a parameter is one entry here.

Sources: "document" is the API's own page, "contract" what Segmind's other public pages and PixVerse's own add.
"""

from __future__ import annotations

import difflib
import inspect
import json
import math
import numbers
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from .errors import InvalidParameter, UnknownParameter

MODEL = "pixverse-v6"
MOST_TAKES = 100

Value = str | int | float | bool
Kind = Literal["string", "url", "choice", "integer", "number", "boolean"]
_PYTHON_TYPES: dict[str, type] = {
    "string": str, "url": str, "choice": str, "integer": int, "number": float, "boolean": bool,
}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One parameter of the API.

    Attributes
    ----------
    name : str
        The API's own name, used everywhere: keyword, column, form field.
    kind : str
        What values it takes: string, url, choice, integer, number or boolean.
    label, help, source : str
        What a person reads: a short name, a sentence, and where the fact comes from.
    default : value or None
        What the service uses when the parameter is not sent; None when no page says.
    unit : str or None
        The unit of a numeric value ("s", "px"); None when it has none.
    low, high : float or None
        Inclusive range: of the value when numeric, of the length in characters when it is a string.
    choices : tuple of str
        The allowed values of a choice, in the order a person expects.
    always_sent : bool
        Sent even when the user did not set it (the price hangs on it).
    generic : bool
        From the page's generic image table: accepted and validated, shown under "advanced".
    """

    name: str
    kind: Kind
    label: str
    help: str
    source: str
    default: Value | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    always_sent: bool = False
    required: bool = False
    generic: bool = False

    @property
    def python_type(self) -> type:
        """The Python type of a valid value."""
        return _PYTHON_TYPES[self.kind]

    @property
    def allowed(self) -> str:
        """The allowed values in words, for messages and help."""
        unit = f" {self.unit}" if self.unit else ""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "boolean":
            return "True or False"
        if self.kind == "url":
            return "a public https URL"
        if self.kind == "string":
            least = "" if self.low is None else f"{self.low:g} to "
            return f"text of {least or 'at most '}{self.high:g} characters"
        noun = "a whole number" if self.kind == "integer" else "a number"
        return f"{noun} from {self.low:g} to {self.high:.10g}{unit}"

    def check(self, value: object) -> Value:
        """Return `value` as the API wants it.

        Raises
        ------
        InvalidParameter
            Naming the parameter, the value, what is allowed and what to do.
        """
        return _CHECKS[self.kind](self, value)

    def refuse(self, value: object, remedy: str | None = None) -> InvalidParameter:
        """The error for a value that is not allowed."""
        try:
            shown = repr(value)
        except ValueError:  # a whole number of thousands of digits has no text
            shown = f"<a {type(value).__name__} too long to show>"
        if len(shown) > 80:
            shown = shown[:60] + f"… ({len(shown):,} characters)"
        return InvalidParameter(
            f"{self.name}={shown} is not allowed: {self.name} is {self.allowed}",
            remedy=remedy or f"Pass {self.name} as {self.allowed}.",
            billed=False,
        )


def _check_text(parameter: Parameter, value: object) -> str:
    if not isinstance(value, str):
        raise parameter.refuse(value, f"Pass {parameter.name} as a string, not {type(value).__name__}.")
    text = str.__str__(value)  # the text itself: str() of an enum's member is the member's name
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise parameter.refuse(value, f"Character {error.start} is half of a surrogate pair; remove it.") from None
    if "\x00" in text:
        raise parameter.refuse(value, "Remove the NUL character.")
    if parameter.low and not text.strip():
        raise parameter.refuse(value, f"Write something: {parameter.name} must not be empty.")
    if parameter.high is not None and len(text) > parameter.high:
        over = len(text) - int(parameter.high)
        raise parameter.refuse(value, f"Shorten it by {over:,} character{'s'[: over - 1]}.")
    return text


def _check_url(parameter: Parameter, value: object) -> str:
    text = _check_text(parameter, value)
    if text.startswith("data:"):
        raise parameter.refuse(value, "Pass the picture as image=...: it is uploaded and its https URL is sent.")
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme != "https" or not host or any(c.isspace() or ord(c) < 32 for c in text):
        raise parameter.refuse(value, "Use https; for a local file pass image=path: it is uploaded for you.")
    return text


def _check_choice(parameter: Parameter, value: object) -> str:
    if isinstance(value, str) and value in parameter.choices:
        return str.__str__(value)
    near = difflib.get_close_matches(str(value).lower(), parameter.choices, n=1, cutoff=0.5)
    raise parameter.refuse(value, f"Did you mean {near[0]!r}?" if near else None)


def _check_boolean(parameter: Parameter, value: object) -> bool:
    # numpy's bool is not a bool; it is recognised by its name so that numpy need not be imported.
    if isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}:
        return bool(value)
    raise parameter.refuse(value)


def _check_integer(parameter: Parameter, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise parameter.refuse(value)
    return int(_in_range(parameter, value, int(value)))


def _check_number(parameter: Parameter, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise parameter.refuse(value)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        number = math.inf
    if not math.isfinite(number):
        raise parameter.refuse(value)
    return _in_range(parameter, value, number)


def _in_range(parameter: Parameter, value: object, number: float) -> float:
    low, high = parameter.low, parameter.high
    if (low is not None and number < low) or (high is not None and number > high):
        raise parameter.refuse(value)
    return number


_CHECKS: dict[str, Callable[[Parameter, object], Value]] = {
    "string": _check_text,
    "url": _check_url,
    "choice": _check_choice,
    "boolean": _check_boolean,
    "integer": _check_integer,
    "number": _check_number,
}

_GENERIC = "document, parameter table (the page's generic image template)"

_ALL = (
    Parameter(
        "prompt", "string", "Prompt", "What the clip should show.",
        "document (required); PixVerse's limit of 1-5000 characters", low=1, high=5000,
        required=True, always_sent=True,
    ),
    Parameter(
        "image_url", "url", "Image URL",
        "A picture to start from (png, webp or jpg, under 20 MB, at most 4000 x 4000 px). "
        "The clip then follows the picture's shape, and aspect_ratio is ignored.",
        "document, sample body; contract, Parameters", high=2048,
    ),
    Parameter(
        "negative_prompt", "string", "Negative prompt", "What the clip should not show.",
        "document; PixVerse's limit of 2048 characters", high=2048,
    ),
    Parameter(
        "duration", "integer", "Duration", "Length of the clip; the price grows with it.",
        "document, sample body; contract, Parameters", default=5, unit="s", low=1, high=15, always_sent=True,
    ),
    Parameter(
        "quality", "choice", "Quality", "Size of the picture: its long side is 640, 1024, 1280 or 1920 px.",
        "document, sample body; contract, Parameters", default="540p",
        choices=("360p", "540p", "720p", "1080p"), always_sent=True,
    ),
    Parameter(
        "aspect_ratio", "choice", "Aspect ratio", "Shape of the picture; ignored when there is an image.",
        "document, sample body; contract, Parameters", default="16:9",
        choices=("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"),
    ),
    Parameter(
        "motion_mode", "choice", "Motion mode",
        "How much moves. V6 is said to support only 'normal'; 'fast' is from older models.",
        "document, sample body; contract, Parameters", choices=("normal", "fast"),
    ),
    Parameter(
        "generate_audio_switch", "boolean", "Audio", "Whether the clip has sound; sound costs more.",
        "document, sample body; contract, Parameters", default=True,
    ),
    Parameter(
        "thinking_type", "choice", "Thinking", "Whether the model may rewrite the prompt before drawing.",
        "document, sample body; contract, Parameters", choices=("auto", "enabled", "disabled"),
    ),
    Parameter(
        "seed", "integer", "Seed",
        "-1 is random. PixVerse records it but it does not reproduce a V6 clip: a label, not a promise.",
        "document, parameter table; contract, Parameters", default=-1, low=-1, high=2147483647,
    ),
    Parameter(
        "width", "integer", "Width", "Width of the picture.", _GENERIC,
        default=512, unit="px", low=256, high=1024, generic=True,
    ),
    Parameter(
        "height", "integer", "Height", "Height of the picture.", _GENERIC,
        default=512, unit="px", low=256, high=1024, generic=True,
    ),
    Parameter(
        "steps", "integer", "Steps", "Number of denoising steps.", _GENERIC,
        default=25, low=1, high=100, generic=True,
    ),
    Parameter(
        "guidance_scale", "number", "Guidance scale", "How closely the prompt is followed.", _GENERIC,
        default=7.5, low=1, high=20, generic=True,
    ),
    Parameter(
        "scheduler", "choice", "Scheduler", "Sampling scheduler.", _GENERIC, default="DDIM",
        choices=("DDIM", "PNDM", "LMSDiscrete", "DPMSolverMultistep", "EulerAncestralDiscrete"), generic=True,
    ),
)  # fmt: skip

PARAMETERS: Mapping[str, Parameter] = MappingProxyType({p.name: p for p in _ALL})
"""Every parameter by its API name, in the order of the form."""


def check_parameters(given: Mapping[str, object]) -> dict[str, Value]:
    """Validate what the user gave; None means "not set".

    Returns
    -------
    dict
        The parameters to send, in schema order: what was set, and `prompt`, `duration` and `quality` always.

    Raises
    ------
    UnknownParameter
        For a name that the API does not have; it names the nearest known one.
    InvalidParameter
        For a value out of range, or a missing prompt.
    """
    for name in given:
        if name not in PARAMETERS:
            raise unknown_parameter(name)
    checked: dict[str, Value] = {}
    for name, parameter in PARAMETERS.items():
        value = given.get(name)
        if value is None and parameter.required:
            raise InvalidParameter(f"{name} is missing", remedy=f"Pass {parameter.allowed}.", billed=False)
        if value is None and parameter.always_sent:
            value = parameter.default
        if value is not None:
            checked[name] = parameter.check(value)
    return checked


def check_extra(extra: Mapping[str, object] | None) -> dict[str, Any]:
    """Validate `extra`: names that the schema does not know, sent as they are.

    Raises
    ------
    InvalidParameter
        When it is not a dict, a name is not a string or belongs to the schema, or a value is not JSON.
    """
    if extra is not None and not isinstance(extra, Mapping):
        raise InvalidParameter(f"extra={extra!r} is not a dict", remedy="Pass extra={'name': value}.", billed=False)
    extra = dict(extra or {})
    for name in extra:
        if not isinstance(name, str):
            raise InvalidParameter(
                f"extra has the name {name!r}, but names must be strings",
                remedy="Pass extra={'name': value}.",
                billed=False,
            )
        if name in PARAMETERS:
            raise InvalidParameter(
                f"extra has {name!r}, which has a place of its own",
                remedy=f"Pass {name}=... directly, so that it is checked.",
                billed=False,
            )
    try:
        # As UTF-8, so that half of a surrogate pair is found here and not while the request is sent.
        copy: dict[str, Any] = json.loads(json.dumps(extra, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameter(
            f"extra={extra!r} is not JSON ({error})", remedy="Use strings, numbers, lists and dicts.", billed=False
        ) from None
    return copy


def check_count(name: str, value: object, most: int = 2147483647) -> int:
    """A whole number from 1 to the most, such as a take; InvalidParameter for anything else."""
    return _check_integer(Parameter(name, "integer", name, "", "", low=1, high=most), value)


def check_takes(value: object) -> int:
    """How many clips of one request at once, 1 to 100: a slip of the hand is not to cost thousands; a sweep may."""
    return check_count("takes", value, MOST_TAKES)


def unknown_parameter(name: str, known: Iterable[str] = PARAMETERS, what: str | None = None) -> UnknownParameter:
    """The error for a name that nobody knows, with the nearest known one; `what` says what it is not."""
    known = list(known)
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."
    if what is None:
        what = f"a parameter of {MODEL}"
        hint += " To send a name that the API's page does not list, use extra={...}."
    return UnknownParameter(f"{name!r} is not {what}", remedy=hint, billed=False)


def with_defaults(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """The same parameters with every documented default filled in: what the service will understand."""
    full = {p.name: p.default for p in PARAMETERS.values() if p.default is not None}
    return {**full, **parameters}


F = TypeVar("F", bound=Callable[..., Any])


def signed(function: F) -> F:
    """Give `function(prompt, *, ..., **parameters)` a signature and help made from the schema.

    So that Tab completes every parameter, and `?` shows range, default and unit.
    """
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    taken = {p.name for p in own}
    from_schema = [
        inspect.Parameter(p.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=p.python_type | None)
        for p in PARAMETERS.values()
        if p.name not in taken
    ]
    function.__signature__ = signature.replace(parameters=[*own, *from_schema])  # type: ignore[attr-defined]
    lines = ["", "API parameters (None: not sent)", "-------------------------------"]
    for p in PARAMETERS.values():
        default = "" if p.default is None else f", default {p.default}"
        lines += [f"{p.name} : {p.allowed}{default}", f"    {p.help}"]
    function.__doc__ = inspect.cleandoc(function.__doc__ or "") + "\n" + "\n".join(lines) + "\n"
    return function
