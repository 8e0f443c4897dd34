"""One field of the form for each parameter of the schema, whatever its kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import ipywidgets as w

from pixverse_nb.display.compose import count_html, help_html, trouble_html
from pixverse_nb.errors import InvalidParameter
from pixverse_nb.parameters import Parameter

NOT_SENT = ""
"""What a choice that is left to the service holds; no choice of the API is empty."""

_LONG = 300  # characters: a text that may be longer gets a box of several lines and a count
_SHAPE = re.compile(r"\d+:\d+")
_WHOLE = re.compile(r"[+-]?\d{1,4000}")  # Python itself reads 1_0 as ten, and of more digits nothing


class Field:
    """A control with its parameter: what it holds as the API's value, and what is wrong with it.

    Left alone it is not set, and coming back to where it started is being left alone. What was loaded comes out as it
    went in, until somebody changes it.

    Parameters
    ----------
    parameter : Parameter
        Whose field it is.
    explained : bool
        Whether the help text stands below it.
    main : bool
        Whether it shows what the service does by itself as its own value; else that is "not sent".

    Attributes
    ----------
    box : Widget
        The control with everything that belongs to it.
    control : Widget
        The control alone.
    """

    def __init__(self, parameter: Parameter, *, explained: bool = False, main: bool = False) -> None:
        self.parameter = parameter
        self.control, self._read, self._write = _control(parameter, main=main)
        self._kept: tuple[Any, object] = (self.control.value, None)
        self._touched = False
        self._trouble = folded(w.HTML())
        self._count = w.HTML() if isinstance(self.control, w.Textarea) else None
        hint(self.control, parameter.help)
        below = [self._count] if self._count is not None else []
        below += [self._trouble]
        below += [w.HTML(help_html(_help(parameter)))] if explained else []
        self.box = classed(w.VBox([self.control, *below]), "pixverse-field", f"pixverse-field-{parameter.name}")
        self.control.observe(self._on_touch, "value")
        self.show()

    @property
    def value(self) -> object:
        """What the control holds, as it would be sent; None when it is not set. Not checked."""
        raw, (start, kept) = self.control.value, self._kept
        return kept if raw == start else self._read(raw)

    @property
    def problem(self) -> str | None:
        """What is wrong with it, in words; None when nothing is."""
        value = self.value
        if value is None and not self.parameter.required:
            return None
        try:
            self.parameter.check("" if value is None else value)
        except InvalidParameter as error:
            return _words(self.parameter, error)
        return None

    @property
    def is_waiting(self) -> bool:
        """Whether it must be filled in and nobody has tried yet: that is no mistake."""
        return self.parameter.required and not self._touched and not self.control.value

    def load(self, value: object) -> None:
        """Set it; None is "not set". Raises ValueError when the control cannot hold the value."""
        raw = self._write(value)
        self._kept = (raw, value)
        self.control.value = raw
        self._touched = bool(raw)
        self.show()

    def show(self) -> None:
        """Show the count, and what is wrong."""
        if self._count is not None:
            put(self._count, count_html(len(self.control.value), int(self.parameter.high or 0)))
        problem = None if self.is_waiting else self.problem
        put(self._trouble, trouble_html(problem) if problem else "")

    def on_change(self, call: Callable[[], None]) -> None:
        """Have something called whenever the control changes."""
        self.control.observe(lambda _: call(), "value")

    def _on_touch(self, _: object) -> None:
        self._touched = True
        self.show()


# ---- controls by kind ------------------------------------------------------------------------------------------

_Parts = tuple[Any, Callable[[Any], object], Callable[[object], Any]]


def _control(parameter: Parameter, *, main: bool) -> _Parts:
    """The control, how its state is read as a value, and how a value is written into it."""
    shown = main and parameter.default is not None
    if parameter.kind == "choice":
        return _choice(parameter, shown=shown)
    if parameter.kind == "boolean":
        return _boolean(parameter, shown=shown)
    if parameter.kind in {"integer", "number"}:
        return _figure(parameter, shown=shown)
    return _text(parameter)


def _choice(parameter: Parameter, *, shown: bool) -> _Parts:
    def write(value: object) -> str:
        if value is not None and value not in parameter.choices:
            raise ValueError(value)
        return str(value) if value is not None else start

    start = str(parameter.default) if shown else NOT_SENT
    if shown:
        control = w.RadioButtons(options=parameter.choices, value=start, description=parameter.label)
        drawn = all(_SHAPE.fullmatch(choice) for choice in parameter.choices)
        classed(control, "pixverse-above", "pixverse-segments", *(["pixverse-shapes"] if drawn else []))
    else:
        control = _dropdown(parameter, [(choice, choice) for choice in parameter.choices])
    return control, lambda raw: None if raw == NOT_SENT else raw, write


def _boolean(parameter: Parameter, *, shown: bool) -> _Parts:
    def write(value: object) -> object:
        if value is not None and type(value).__name__ not in {"bool", "bool_"}:
            raise ValueError(value)
        return bool(value) if value is not None else start

    start = bool(parameter.default) if shown else NOT_SENT
    if shown:
        control = classed(
            w.Checkbox(value=start, description=parameter.label, indent=False, layout=w.Layout(width="auto")),
            "pixverse-switch",
        )
    else:
        control = _dropdown(parameter, [("yes", True), ("no", False)])
    return control, lambda raw: None if raw == NOT_SENT else raw, write


def _figure(parameter: Parameter, *, shown: bool) -> _Parts:
    # Not a field for numbers: those turn 16 into 15, and "2.5" or an emptied one into whatever, and the price with it.
    def read(raw: str) -> object:
        text = raw.strip()
        if not text and not shown:
            return None
        try:
            return _number(text, parameter)
        except ValueError:
            return text  # the schema says what is wrong with it

    start = str(parameter.default) if shown else ""
    control = _line(parameter)
    control.value = start
    if shown:
        control.placeholder = ""
        classed(control, "pixverse-step")
    return control, read, lambda value: start if value is None else str(value)


def _number(text: str, parameter: Parameter) -> float:
    if parameter.kind == "integer":
        if not _WHOLE.fullmatch(text):
            raise ValueError(text)
        return int(text)
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _text(parameter: Parameter) -> _Parts:
    if (parameter.high or 0) > _LONG and parameter.kind == "string":
        rows = 5 if parameter.required else 2
        # Without `placeholder` for what need not be filled in: an empty box is calm.
        example = "A lighthouse in a storm, waves breaking over the rocks" if parameter.name == "prompt" else ""
        control = w.Textarea(description=parameter.label, placeholder=example, rows=rows, continuous_update=True)
        classed(control, "pixverse-above")
    else:
        control = _line(parameter)
    return control, lambda raw: raw or None, lambda value: "" if value is None else _as_text(value)


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004  one error for all that a control cannot hold
    return value


def _line(parameter: Parameter) -> Any:
    by_itself = "not sent" if parameter.default is None else f"not sent · {parameter.default}"
    return classed(w.Text(description=_label(parameter), placeholder=by_itself), "pixverse-above")


def _dropdown(parameter: Parameter, options: list[tuple[str, object]]) -> Any:
    by_itself = "not sent" if parameter.default is None else f"not sent · {parameter.default}"
    listed = [(by_itself, NOT_SENT), *options]
    return classed(w.Dropdown(options=listed, value=NOT_SENT, description=parameter.label), "pixverse-above")


# ---- words -----------------------------------------------------------------------------------------------------


def _label(parameter: Parameter) -> str:
    return f"{parameter.label} ({parameter.unit})" if parameter.unit else parameter.label


def _help(parameter: Parameter) -> str:
    bounded = parameter.kind in {"integer", "number"}
    return f"{parameter.help} {parameter.allowed[0].upper()}{parameter.allowed[1:]}." if bounded else parameter.help


def _words(parameter: Parameter, error: InvalidParameter) -> str:
    """The error as it reads beside its field: there, name and value need not be repeated."""
    remedy = error.remedy or ""
    return f"Not allowed: use {parameter.allowed}." if remedy.startswith("Pass ") else remedy


# ---- small habits of widgets -----------------------------------------------------------------------------------


def classed(widget: Any, *names: str) -> Any:
    """The widget, with CSS classes."""
    for name in names:
        widget.add_class(name)
    return widget


def hint(widget: Any, text: str) -> None:
    """Set the words that appear when the mouse rests on it; the trait's name changed with ipywidgets 8."""
    setattr(widget, "tooltip" if widget.has_trait("tooltip") else "description_tooltip", text)


def folded(widget: Any) -> Any:
    """The widget, taking no place as long as it is empty."""
    widget.layout.display = None if widget.value else "none"
    widget.observe(lambda change: setattr(widget.layout, "display", None if change["new"] else "none"), "value")
    return widget


def put(widget: Any, value: str) -> None:
    """Set its value where it is another one: what does not change does not flicker."""
    if widget.value != value:
        widget.value = str(value)
