"""`%load_ext pixverse_nb`: the magics themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from pixverse_nb.display import console
from pixverse_nb.display.frontend import in_notebook
from pixverse_nb.display.html import el
from pixverse_nb.display.manual import manual_html, manual_text
from pixverse_nb.display.notice import show_notice
from pixverse_nb.display.shown import show
from pixverse_nb.errors import InvalidParameter
from pixverse_nb.generation import Generation
from pixverse_nb.generations import Generations
from pixverse_nb.pricing import Estimate
from pixverse_nb.studio import Studio
from pixverse_nb.wishes import Wish, make_wish

from . import completion
from .manual import manual
from .names import expand, picture_named, studio_named, studios
from .options import OPTIONS, Wanted, check_name, read, value_of

_NAME = "pixverse"
_FREE_NAMES = ("studio", "pixverse_studio")


def load(shell: Any) -> None:
    """Give a shell `%pixverse` and `%%pixverse`, and their completion."""
    from IPython.core.magic import no_var_expand

    magic = Magic(shell)

    def pixverse(line: str, cell: str | None = None) -> Generation | Generations | None:
        return magic.run(line, cell)

    pixverse.__doc__ = manual_text(manual())
    # IPython's own filling in would evaluate what stands in braces.
    shell.register_magic_function(no_var_expand(pixverse), "line_cell", _NAME)
    completion.install(shell)
    if _with_a_body not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_with_a_body)


def unload(shell: Any) -> None:
    """Take them away again."""
    completion.remove(shell)
    if _with_a_body in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(_with_a_body)
    for kind in shell.magics_manager.magics.values():
        kind.pop(_NAME, None)


def _with_a_body(lines: list[str]) -> list[str]:
    """Our cell with at least an empty line in it: without one, IPython has words of its own."""
    mine = len(lines) == 1 and lines[0].split(maxsplit=1)[:1] == [f"%%{_NAME}"] and lines[0].startswith("%%")
    return [lines[0].rstrip("\n") + "\n", "\n"] if mine else lines


class Magic:
    """What `%pixverse` does in one shell.

    Parameters
    ----------
    shell : InteractiveShell
        Its variables are what `{name}`, `--image`, `--studio` and `--as` speak of.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._made: Studio | None = None

    def run(self, line: str, cell: str | None) -> Generation | Generations | None:
        """Carry out a line or a cell; returns what was sent.

        Raises
        ------
        PixverseError
            In one sentence, which IPython shows without a stack.
        WaitInterrupted
            When the kernel is interrupted; the job goes on.
        """
        wanted = read(line, is_cell=cell is not None)
        if wanted.given.get("help"):
            _show_help()
            return None
        values = self._values(wanted)
        written = wanted.prompt if cell is None else cell.replace("\r\n", "\n")  # whoever saved the notebook, and where
        prompt = expand(written, self._names, "the prompt").strip()
        if not prompt:
            raise InvalidParameter(
                "there is no prompt",
                remedy="Write it behind %pixverse, or as the body of a %%pixverse cell; %pixverse --help shows more.",
                billed=False,
            )
        if values.pop("estimate", False):
            self._estimate(prompt, values)
            return None
        return self._send(prompt, values)

    # ---- reading -----------------------------------------------------------------------------------------------

    @property
    def _names(self) -> dict[str, Any]:
        names: dict[str, Any] = self._shell.user_ns
        return names

    def _values(self, wanted: Wanted) -> dict[str, Any]:
        """The options' values, filled in from the notebook and checked."""
        values: dict[str, Any] = {}
        for name, given in wanted.given.items():
            option = OPTIONS[name]
            if isinstance(given, bool):
                values[name] = given
                continue
            text = expand(given, self._names, option.flag)
            if name == "image":
                values[name] = picture_named(text, self._names)
            elif name == "as":
                values[name] = self._free_name(text)
            elif name == "studio":
                values[name] = studio_named(text, self._names)
            else:
                values[name] = value_of(option, text)
        return values

    def _free_name(self, text: str) -> str:
        name = check_name(text)
        there = self._names.get(name)
        if isinstance(there, Studio | ModuleType):
            kind = "the notebook's studio" if isinstance(there, Studio) else "a module"
            raise InvalidParameter(f"--as {name} would replace {kind}", remedy="Choose another name.", billed=False)
        return name

    # ---- doing -------------------------------------------------------------------------------------------------

    def _send(self, prompt: str, values: Mapping[str, Any]) -> Generation | Generations:
        given = dict(values)
        name, waits = given.pop("as", None), not given.pop("submit", False)
        studio = given.pop("studio", None) or self._studio()
        generation: Generation | Generations = studio.submit(prompt, **given)
        if name is not None:  # before the wait, which may be interrupted or fail
            self._names[name] = generation
        if in_notebook():
            generation.show()
        return generation.wait() if waits else generation

    def _estimate(self, prompt: str, values: Mapping[str, Any]) -> None:
        """Tell the price by what is known: with a studio, by its charges, and what is there already."""
        given = {name: value for name, value in values.items() if name not in {"as", "submit", "studio"}}
        first, reuse = given.pop("take", 1), given.pop("reuse", True)
        count, image = given.pop("takes", 1), given.pop("image", None)
        wishes = [make_wish(prompt, image=image, take=take, parameters=given) for take in range(first, first + count)]
        studio = values.get("studio") or self._newest()
        console.answer(_priced(wishes, studio, reuse=reuse))

    def _newest(self) -> Studio | None:
        there = studios(self._names)
        return there[list(there)[-1]] if there else self._made

    def _studio(self) -> Studio:
        """The notebook's only studio, its newest, or a new one; which, it says where there was a choice."""
        there = studios(self._names)
        if there:
            name = list(there)[-1]
            if len({id(studio) for studio in there.values()}) > 1:
                _say(f"Sent by {name}, the newest of the studios {', '.join(there)}; --studio NAME takes another.")
            return there[name]
        if self._made is None:
            self._made = Studio()
            free = [name for name in _FREE_NAMES if name not in self._names]
            if free:
                self._names[free[0]] = self._made
            place = f"{free[0]} = pv.Studio()" if free else "pv.Studio()"
            _say(f"There was no studio here, so one was made: {place}, with its history in {self._made.home}")
        return self._made


def _priced(wishes: list[Wish], studio: Studio | None, *, reuse: bool) -> str:
    requests = [wish.request for wish in wishes]
    prices = [one.estimate for one in requests] if studio is None else studio._quotes.all(requests)
    there = 0
    if studio is not None and reuse:
        standing = studio._store.standing(studio._backend.name, requests, studio._shelf)
        free = [kind not in {"new", "refused"} for kind in standing]
        there, prices = sum(free), [price for price, is_free in zip(prices, free, strict=True) if not is_free]
    owned = "" if not there else f"{there} of {len(wishes)} is there already or under way, at no cost. "
    if not prices:
        return owned + "Nothing would be sent."
    total: Estimate = sum(prices[1:], prices[0])
    pretended = "; pretended by the preview, $0 billed" if studio is not None and studio.is_preview else ""
    return f"{owned}{total}{pretended}. Nothing was sent."


def _show_help() -> None:
    said = manual()
    show(str(manual_html(said)), manual_text(said))


def _say(text: str) -> None:
    show_notice((el("div", text), text))
