"""The form: a wish, checked and priced as it is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from pixverse_nb import parameters
from pixverse_nb.display import compose as html
from pixverse_nb.errors import InvalidParameter, PixverseError
from pixverse_nb.parameters import Parameter, check_extra
from pixverse_nb.request import Request

from .chips import Chips
from .code import code_of
from .copying import CopyButton
from .desk import Desk
from .fields import Field, classed, folded, put
from .fold import Fold
from .pictures_field import PictureField
from .pricetag import PriceTag
from .sending import next_take

if TYPE_CHECKING:
    from pixverse_nb.generation import Generation
    from pixverse_nb.studio import Studio

Values = dict[str, Any]

_MAIN = ("prompt", "negative_prompt", "duration", "quality", "aspect_ratio", "generate_audio_switch")
"""What stands in the open; every other parameter has its place in the advanced fold."""

_TAKES = Parameter(
    "takes", "integer", "Takes", "So many clips of the same request at once: all are sent, or none.", "", default=1,
    low=1, high=20, always_sent=True,
)  # fmt: skip
_DOUBLE_S = 0.4  # the same again within so many seconds is a double click: one take is meant
_CODE_S = 0.15  # the call that does the same asks the database: it comes when the typing pauses
_UNASKED = ("take", "reuse")  # a click in the panel is always a new take


class Compose:
    """The form of the panel.

    Parameters
    ----------
    studio : Studio
        Whose prices, waits and budget count, and whose home keeps uploads.
    on_generate : callable
        Called with `values()` on a click, and only while they are valid. What it raises is shown below the button.

    Attributes
    ----------
    box : Widget
        The form.
    fields : dict
        The field of each parameter but `image_url`, which is `picture`'s; and of "takes".
    """

    def __init__(self, studio: Studio, on_generate: Callable[[Values], object]) -> None:
        self._on_generate = on_generate
        self._lock = threading.RLock()
        self._loading = False
        self._extra: dict[str, Any] = {}
        self._clicked: tuple[Values, float] = ({}, 0.0)
        self._before: Values | None = None  # what was typed, as long as something else is in its place
        self._running = 0
        self._studio = studio
        self._tag = PriceTag(studio)
        self._coding = Desk("pixverse-code", _CODE_S)
        schema = [p for p in parameters.PARAMETERS.values() if p.name != "image_url"]
        self.fields = {p.name: Field(p, main=p.name in _MAIN, explained=p.name not in _MAIN) for p in schema}
        self.fields["takes"] = Field(_TAKES, main=True)
        self.picture = PictureField(studio, self._update)
        self.chips = Chips(lambda: str(self.fields["prompt"].control.value), self._write_prompt)
        self.button = classed(w.Button(button_style="primary"), "pixverse-go")
        self._line, self._reason = w.HTML(), w.HTML()
        self._note = folded(w.HTML())
        self._undo = classed(w.Button(description="Bring back what was typed"), "pixverse-quiet")
        self._undo.layout.display = "none"
        self._drop_extra = classed(w.Button(description="Leave it out"), "pixverse-quiet")
        self._extra_words = w.HTML()
        self._extra_row = classed(w.HBox([self._extra_words, self._drop_extra]), "pixverse-shown")
        self._extra_row.layout.display = "none"
        self.code = classed(
            w.Textarea(description="The call that does the same", rows=7, continuous_update=False), "pixverse-above"
        )
        self.advanced = Fold("Show advanced settings", "Hide advanced settings", self._advanced())
        self.copy = CopyButton()
        call = classed(w.VBox([self.code, self.copy]), "pixverse-code")
        self.as_code = Fold("Copy as code", "Hide the code", call, self._update)
        self._effect = w.HTML()
        self.box = self._laid_out()
        for field in self.fields.values():
            field.on_change(self._typed)
        self.fields["prompt"].on_change(self.chips.follow)
        self.button.on_click(lambda _: self._click())
        self._drop_extra.on_click(lambda _: self._set_extra({}))
        self._undo.on_click(lambda _: self._bring_back())
        self._update()
        self._taken = self.values()  # what nobody has typed

    @property
    def ranges(self) -> dict[str, tuple[int, int]]:
        """Least and most of the whole numbers that stand in the open, by name."""
        shown = [self.fields[name].parameter for name in (*_MAIN, "takes") if name in self.fields]
        return {p.name: (int(p.low or 0), int(p.high or 0)) for p in shown if p.kind == "integer"}

    def close(self) -> None:
        """Do nothing more beside the handlers."""
        self._coding.close()

    def settle(self) -> None:
        """Wait until the picture has been looked at, and the code is that of what is shown."""
        self.picture.settle()
        self._coding.wait()

    # ---- what it holds -----------------------------------------------------------------------------------------

    def values(self) -> Values:
        """What is asked for, as arguments of `Studio.submit`, and "takes".

        What is always sent, and what was set; also while something is wrong with it, so that `load` brings back what
        was typed.
        """
        held: Values = {"prompt": self.fields["prompt"].control.value, **self.picture.values()}
        for name, field in self.fields.items():
            value = field.value
            if value is None and field.parameter.always_sent:
                value = field.parameter.default
            if value is not None:
                held[name] = value
        if self._extra:
            held["extra"] = dict(self._extra)
        return held

    def load(self, values: Mapping[str, Any]) -> None:
        """Set every field: what is missing is not set. What has no place here is said, never dropped in silence.

        Parameters
        ----------
        values : dict
            As `values()` gives them, or a request's parameters. A `take` is left out: a click is always a new one.
        """
        self.say(self._load(values))

    def kept(self) -> dict[str, Any]:
        """What it holds, and what was typed before something else was put in its place."""
        with self._lock:
            return {"values": self.values(), "taken": self._taken, "before": self._before}

    def take_in(self, kept: Mapping[str, Any]) -> None:
        """Be what another one was, by its `kept()`."""
        self.load(kept["values"])
        with self._lock:
            self._taken, self._before = kept["taken"], kept["before"]
        self._show_undo()

    def take_over(self, values: Mapping[str, Any], words: str) -> None:
        """Load what was chosen elsewhere, and say so; what was typed can be brought back."""
        with self._lock:
            held = self.values()
            if held != self._taken:
                self._before = held
            lost = self._load(values)
            self._taken = self.values()
        self._show_undo()
        self.say(f"{words} {lost}".strip())

    def _bring_back(self) -> None:
        """And keep what was typed since: pressed again, that comes back."""
        with self._lock:
            before, held = self._before, self.values()
            self._before = held if held != self._taken else None
        self._show_undo()
        if before:
            self.load(before)

    def _show_undo(self) -> None:
        self._undo.layout.display = None if self._before else "none"

    def _load(self, values: Mapping[str, Any]) -> str:
        """Set every field; gives words on what has no place here."""
        with self._lock:
            self._loading = True
            lost = []
            try:
                for name, field in self.fields.items():
                    lost += _loaded(field, values.get(name))
                image = values.get("image")
                self.picture.load(values.get("image_url") if image is None else image)
                self._extra, wrong = _checked_extra(values.get("extra"))
                lost += wrong
                known = {*self.fields, "image", "image_url", "extra", *_UNASKED}
                lost += [f"{n}={_brief(v)}: no such parameter" for n, v in values.items() if n not in known]
            finally:
                self._loading = False
        self._show_extra()
        self.chips.follow()
        self._update()
        return "Not taken over: " + "; ".join(lost) + "." if lost else ""

    def set_image_from(self, generation: Generation) -> None:
        """Go on from the last frame of an earlier clip; the other fields stay as they are."""
        with self._lock:
            typed = self.values() != self._taken
            self.picture.load(generation)
            if not typed:
                self._taken = self.values()

    def refresh_price(self) -> None:
        """Take in what was charged and reserved, how long it took, and which takes there are."""
        self._tag.forget()
        self._update()

    def show_running(self, number: int) -> None:
        """Say how many jobs are under way, beside the button: on a narrow page the queue is out of sight."""
        self._running = number
        self._update()

    def say(self, text: str) -> None:
        """A word below the button; "" for none."""
        put(self._note, html.note_html(text))

    @property
    def reason(self) -> str | None:
        """Why nothing can be sent as it stands, in words; None when it can."""
        found = self._reason_now()
        return None if found is None else found[0]

    def _reason_now(self) -> tuple[str, bool] | None:
        """The reason, and whether it is a mistake."""
        if self.fields["prompt"].is_waiting:
            return "Write a prompt first.", False
        for field in self.fields.values():
            problem = field.problem
            if problem is not None:
                return f"{field.parameter.label}: {problem}", True
        return self.picture.reason

    # ---- what people do ----------------------------------------------------------------------------------------

    def _click(self) -> None:
        with self._lock:
            if self.reason is not None:  # the click was faster than the button's state
                self._update()
                return
            values = self.values()
            again = values == self._clicked[0] and time.monotonic() - self._clicked[1] < _DOUBLE_S
            self._clicked = values, time.monotonic()
        if again:
            self.say("A double click sends once. Click again for another take.")
            return
        self.say("")
        try:
            self._on_generate(dict(values))
        except PixverseError as error:
            self.say(str(error))
        except Exception as error:  # noqa: BLE001  a handler's errors would vanish
            self.say(f"{type(error).__name__}: {error}")
        with self._lock:
            self._clicked = values, time.monotonic()  # the second click may have waited behind a slow handler

    def _typed(self) -> None:
        if not self._loading:
            self.say("")  # it was about what stood here before
        self._update()

    def _write_prompt(self, text: str) -> None:
        self.fields["prompt"].control.value = text

    def _set_extra(self, extra: dict[str, Any]) -> None:
        self._extra = extra
        self._show_extra()
        self._update()

    # ---- showing -----------------------------------------------------------------------------------------------

    def _update(self) -> None:
        """Bring button and price up to date, and soon the code; called at every keystroke, from any thread."""
        with self._lock:
            if self._loading:
                return
            reason = self._reason_now()
            self._show_price()
            running = f"{self._running:,} running · see the queue" if self._running else ""
            words, is_wrong = reason or (running, False)
            put(self._reason, html.reason_html(words, is_wrong=is_wrong))
            if self.button.disabled != (reason is not None):
                self.button.disabled = reason is not None
            shape = self.fields.get("aspect_ratio")
            if shape is not None:
                (shape.control.add_class if self.picture.is_set else shape.control.remove_class)("pixverse-idle")
                put(self._effect, html.effect_html(self.picture.effect))
        if self.as_code.is_open:
            self._coding.run(self._show_code, "code")

    def _show_price(self) -> None:
        held = self.values()
        takes, extra = held.pop("takes"), held.pop("extra", {})
        held.pop("image", None)
        held["prompt"] = "…"  # a wrong text changes no price
        try:
            _TAKES.check(takes)
            quote = self._tag.quote(parameters.check_parameters(held), extra, takes)
        except InvalidParameter:
            words, line = "Generate", html.line_html(["no price as long as something is wrong"], None)
        else:
            words, line = quote.button, html.line_html(quote.parts, quote.bar, quote.warning)
        if self.button.description != words:
            self.button.description = words
        put(self._line, line)

    def _show_code(self) -> None:
        code = self._as_code()
        self.code.rows = min(max(code.count("\n") + 2, 3), 18)
        put(self.code, code)
        self.copy.text = code

    def _as_code(self) -> str:
        """The call that sends what a click would, its take numbers included."""
        with self._lock:
            held, is_right, sha256 = self.values(), self.reason is None, self.picture.sha256
        try:
            if is_right:
                held["take"] = self._take(held, sha256)
            return code_of(held)
        except PixverseError as error:
            return f"# {error.event}."
        except Exception as error:  # noqa: BLE001  whatever the history does: it is said in the code's place
            return f"# {type(error).__name__}: {error}"

    def _take(self, held: Mapping[str, Any], sha256: str | None) -> int:
        own = {"image", "extra", "takes"}
        given = {name: value for name, value in held.items() if name not in own}
        request = Request.of(given, image_sha256=sha256, extra=held.get("extra"))
        return next_take(self._studio, request, held["takes"])

    def _show_extra(self) -> None:
        told = ", ".join(f"{name}={_brief(value)}" for name, value in self._extra.items())
        put(self._extra_words, html.help_html(f"Also sent, though the API's page does not list it: {told}"))
        self._extra_row.layout.display = None if self._extra else "none"

    # ---- laying out --------------------------------------------------------------------------------------------

    def _laid_out(self) -> Any:
        box = {name: field.box for name, field in self.fields.items()}
        figures = [box[name] for name in ("duration", "takes", "generate_audio_switch") if name in box]
        asked = [
            classed(w.VBox([box["prompt"], self.chips.box]), "pixverse-field"),
            box["negative_prompt"],
            self.picture.box,
            classed(w.Box(figures), "pixverse-pair"),
            box["quality"],
            classed(w.VBox([box["aspect_ratio"], self._effect]), "pixverse-shape"),
            self.advanced.box,
        ]
        send = [self.button, self._line, self._extra_row, self._reason, self._note, self._undo]
        # What is asked for scrolls by itself where the screen is low: the button stays in sight, and covers nothing.
        parts = [
            classed(w.VBox(asked), "pixverse-asked"), classed(w.VBox(send), "pixverse-send"), self.as_code.box
        ]  # fmt: skip
        return classed(w.VBox(parts), "pixverse-compose")

    def _advanced(self) -> Any:
        rest = [f for f in self.fields.values() if f.parameter.name not in _MAIN and f.parameter is not _TAKES]
        own = [field.box for field in rest if not field.parameter.generic]
        generic = [field.box for field in rest if field.parameter.generic]
        words = "From the page's generic table, made for pictures; what V6 does with these no page says."
        parts = [
            classed(w.Box(own), "pixverse-grid2"),
            classed(
                w.VBox([w.HTML(html.heading_html("Generic parameters")), w.HTML(html.help_html(words))]),
                "pixverse-apart",
            ),
            classed(w.Box(generic), "pixverse-grid2"),
        ]
        return classed(w.VBox(parts if generic else parts[:1]), "pixverse-more")


def _loaded(field: Field, value: object) -> list[str]:
    """Set a field; what it cannot hold is left at its start, and told."""
    name = field.parameter.name
    try:
        field.load(value)
    except (ValueError, TypeError):
        field.load(None)
        return [f"{name}={_brief(value)}: {name} is {field.parameter.allowed}"]
    return []


def _checked_extra(extra: Any) -> tuple[dict[str, Any], list[str]]:
    try:
        return check_extra(extra), []
    except InvalidParameter as error:
        return {}, [error.event]


def _brief(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:50] + "…"
