"""What the buttons of a clip in the gallery do; none of them spends money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pixverse_nb.display.panel import Still, compare_html
from pixverse_nb.display.queue import heading_html, status_html
from pixverse_nb.errors import ClipError, InvalidParameter
from pixverse_nb.paths import path_of
from pixverse_nb.pricing import money

from .chores import Chores
from .code import code_of
from .copying import CopyButton
from .lifecycle import close_all
from .overlay import lift
from .sending import Values, differing, values_of

if TYPE_CHECKING:
    from pixverse_nb.generation import Generation
    from pixverse_nb.studio import Studio

_POSTER_PX = 108


class Actions:
    """The actions, and the place where code, comparison and "save as" appear.

    Parameters
    ----------
    studio : Studio
        Whose clips.
    load : callable
        Puts values into the form, says words beside them, and puts the keyboard's focus on its button.
    go_on : callable
        Sets the form's picture alone: a clip's last frame.

    Attributes
    ----------
    box : ipywidgets.VBox
        The place.
    """

    def __init__(
        self, studio: Studio, load: Callable[[Values, str], None], go_on: Callable[[Generation], None]
    ) -> None:
        self._studio = studio
        self._load = load
        self._go_on = go_on
        self._saving = Chores(self._put_words)
        self._words = widgets.HTML()
        self._title = widgets.HTML().add_class("pixverse-wide")
        self._away = widgets.Button(description="Close").add_class("pixverse-plain")
        self._away.on_click(lambda _: self.clear())
        self._head = widgets.HBox([self._title, self._away]).add_class("pixverse-row")
        self._lift = lift(self.clear)
        self._inside: list[Any] = []
        self.box = widgets.VBox([]).add_class("pixverse-box")
        self.clear()

    def do(self, action: str, id: str, **more: Any) -> None:
        """Do one: use, take, continue, finalise, compare, code or save; `ids` are the clips to compare.

        Raises
        ------
        PixverseError
            When it cannot be done; the panel says why.
        """
        if action == "compare":
            self._compare([self._studio.generation(one) for one in more.get("ids") or [id]])
            return
        does = {
            "use": self._use, "take": self._take, "continue": self._continue, "finalise": self._finalise,
            "code": self._code, "save": self._save,
        }.get(action)  # fmt: skip
        if does is None:
            raise InvalidParameter(f"there is no action {action!r}", billed=False)
        does(self._studio.generation(id))

    def clear(self) -> None:
        """Take away what was shown."""
        inside, self._inside = self._inside, []
        self.box.children = ()
        self.box.add_class("pixverse-gone")
        for widget in inside:
            close_all(widget)

    def close(self) -> None:
        """Give all widgets back."""
        self.clear()
        for widget in (self.box, self._head, self._words, self._lift):
            close_all(widget)

    # ---- into the form -----------------------------------------------------------------------------------------

    def _use(self, generation: Generation) -> None:
        self._load(values_of(generation), "Its settings are in the form.")

    def _take(self, generation: Generation) -> None:
        self._load(values_of(generation), "Its settings are in the form; Generate sends a new take.")

    def _continue(self, generation: Generation) -> None:
        if generation.video is None:
            raise ClipError(f"generation {generation.id} has no clip to go on from", remedy="Choose another one.")
        self._go_on(generation)

    def _finalise(self, generation: Generation) -> None:
        self._load({**values_of(generation), "quality": "1080p"}, "Its settings are in the form, at 1080p.")

    # ---- above the gallery ------------------------------------------------------------------------------------

    def _code(self, generation: Generation) -> None:
        code = code_of({**values_of(generation), "take": generation.request.take})
        text = widgets.Textarea(value=code, description="Code", rows=min(code.count("\n") + 2, 18))
        text.add_class("pixverse-plainfield").add_class("pixverse-wide")
        self._show("Copy as code", widgets.VBox([text, CopyButton(text=code)]).add_class("pixverse-tab"))

    def _save(self, generation: Generation) -> None:
        path = widgets.Text(value=f"{generation.id}.mp4", description="Save as")
        path.add_class("pixverse-plainfield").add_class("pixverse-wide")
        save = widgets.Button(description="Save the clip").add_class("pixverse-plain")
        save.on_click(lambda _: self._saving.run(lambda: self._copy(generation, path.value)))
        self._show("Save as", widgets.HBox([path, save]).add_class("pixverse-row").add_class("pixverse-low"))

    def _copy(self, generation: Generation, place: str) -> None:
        video = generation.video
        if video is None:
            raise ClipError(f"generation {generation.id} has no clip")
        if not place.strip():
            raise InvalidParameter("no place was given", remedy="Write a file's name or a folder.", billed=False)
        target = path_of(place.strip(), "path", example="'clip.mp4'")
        if target.is_file():
            raise ClipError(f"{target} exists already", remedy="Choose another name.")
        self._put_words(f"Saved to {video.save(target).absolute()}")

    def _compare(self, generations: Sequence[Generation]) -> None:
        if len(generations) < 2:
            raise InvalidParameter("one clip cannot be compared", remedy="Select two or more.", billed=False)
        compare = getattr(self._studio, "compare", None)
        if compare is None:
            stills = [self._still(one) for one in generations]
            self._show("Compare", widgets.HTML(compare_html(stills, differing(generations))))
            return
        shown = compare(*generations)
        if not isinstance(shown, widgets.Widget):
            place = widgets.Output()
            place.append_display_data(shown)
            shown = place
        self._show("Compare", shown)

    def _still(self, generation: Generation) -> Still:
        video = generation.video
        poster = self._studio._clips.thumbnail(generation.id, None if video is None else video.path, height=_POSTER_PX)
        facts = [f"{generation.latency_s:.1f} s"] if generation.latency_s is not None else []
        return Still(poster, generation.request.prompt, " · ".join([generation.id, money(generation.cost_usd), *facts]))

    def _show(self, title: str, content: Any) -> None:
        self.clear()
        self._put_words("")
        self._title.value = str(heading_html(title))
        self._inside = [content]
        self._lift.title = title
        self.box.children = [self._head, content, self._words, self._lift]
        self.box.remove_class("pixverse-gone")

    def _put_words(self, text: str) -> None:
        self._words.value = str(status_html(text))
