"""Film vocabulary at a press: words that go into the prompt and out of it again. The prompt is the truth."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import ipywidgets as w

from pixverse_nb.display.compose import heading_html

from .fields import classed

VOCABULARY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Camera": ("slow dolly in", "pull back", "pan right", "crane up", "orbit shot", "tracking shot", "handheld"),
        "Light": ("golden hour", "blue hour", "soft window light", "backlit", "candlelight", "neon glow"),
        "Mood": ("dreamlike", "serene", "joyful", "melancholic", "tense", "epic"),
    }
)
"""Words by group; none contains another."""

_ENDS = tuple(",;:.!?…、，。；：！？،؛؟")  # after these no comma is needed


class Chips:
    """Three groups of words that can be pressed.

    Parameters
    ----------
    read, write : callable
        Give and set the prompt.

    Attributes
    ----------
    box : Widget
        All groups.
    chips : dict
        The checkbox of each phrase.
    """

    def __init__(self, read: Callable[[], str], write: Callable[[str], None]) -> None:
        self._read, self._write = read, write
        # A checkbox, for a toggle button does not tell a screen reader whether it is pressed.
        self.chips = {
            phrase: classed(
                w.Checkbox(description=phrase, indent=False, layout=w.Layout(width="auto")), "pixverse-chip"
            )
            for phrases in VOCABULARY.values()
            for phrase in phrases
        }
        for phrase, chip in self.chips.items():
            chip.observe(lambda change, phrase=phrase: self._press(phrase, on=change["new"]), "value")
        groups = [self._group(name, phrases) for name, phrases in VOCABULARY.items()]
        self.box = classed(w.VBox(groups), "pixverse-chips")

    def _group(self, name: str, phrases: Sequence[str]) -> Any:
        row = classed(w.HBox([self.chips[phrase] for phrase in phrases]), "pixverse-chiprow")
        return classed(w.HBox([w.HTML(heading_html(name)), row]), "pixverse-group")

    def follow(self) -> None:
        """Press those whose words are in the prompt, and no others."""
        prompt = self._read()
        for phrase, chip in self.chips.items():
            held = holds(prompt, phrase)
            if chip.value != held:
                chip.value = held

    def _press(self, phrase: str, *, on: bool) -> None:
        prompt = self._read()
        if on != holds(prompt, phrase):  # else it only followed the prompt
            self._write(added(prompt, phrase) if on else removed(prompt, phrase))


def holds(prompt: str, phrase: str) -> bool:
    """Whether the prompt has the phrase, as words of its own and in any case."""
    return phrase.lower() in prompt.lower() and _words(phrase).search(prompt) is not None


def added(prompt: str, phrase: str) -> str:
    """The prompt with the phrase at its end, after a comma."""
    if not prompt.strip():
        return phrase
    body = prompt.rstrip()
    return f"{body} {phrase}" if body.endswith(_ENDS) else f"{body}, {phrase}"


def removed(prompt: str, phrase: str) -> str:
    """The prompt without the phrase, wherever it stands, and without the comma that it leaves behind."""
    while (found := _words(phrase).search(prompt)) is not None:
        before, after = prompt[: found.start()], prompt[found.end() :]
        if (comma := re.search(r"\s*,\s*$", before)) is not None:
            prompt = before[: comma.start()] + after
        elif not before.strip():
            prompt = re.sub(r"^\s*,?\s*", "", after)
        else:
            prompt = before.rstrip(" ") + after
    return prompt


def _words(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)
