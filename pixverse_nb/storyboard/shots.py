"""From what a storyboard asks for to its shots: each one checked. Nothing leaves the machine here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixverse_nb import errors
from pixverse_nb.generation import Generation
from pixverse_nb.parameters import unknown_parameter, with_defaults
from pixverse_nb.sweep.cells import Cell
from pixverse_nb.sweep.forms import FIELDS, refused, short
from pixverse_nb.wishes import Wish, make_wish

MOST_SHOTS = 200
"""A storyboard has at most so many shots."""

_PICTURES = ("image", "image_url")
_UNSEEN = "0" * 64  # stands for the hash of a picture that is not there yet; such a request is never sent


@dataclass(frozen=True)
class Shot:
    """One shot as it was asked for.

    Attributes
    ----------
    number : int
        From 1.
    follows : bool
        Whether it starts from the last frame of the shot before.
    wish : Wish
        Validated; of one that follows, with a picture that is not there yet.
    start : str
        What it starts from, in words.
    """

    number: int
    follows: bool
    wish: Wish
    start: str

    @property
    def cell(self) -> Cell:
        """What stands for it in a run; of one that follows, only to be counted and priced."""
        return self._cell(self.wish)

    def after(self, frame: bytes) -> Cell:
        """What is asked for when the last frame of the shot before is there."""
        request = self.wish.request
        picture = make_wish("…", image=frame, parameters={}).picture
        return self._cell(Wish(replace(request, image_sha256=picture.sha256 if picture else None), picture))

    def _cell(self, wish: Wish) -> Cell:
        return Cell(wish, wish.request.identity, {"shot": f"shot {self.number}"})

    @property
    def prompt(self) -> str:
        """Its prompt."""
        return self.wish.request.prompt

    @property
    def duration_s(self) -> int:
        """How long it is asked to be, s."""
        return int(self.wish.request.parameters["duration"])

    @property
    def settings(self) -> str:
        """For example "5 s · 540p · sound · take 2"."""
        request = self.wish.request
        full = with_defaults(request.parameters)
        said = [f"{full['duration']} s", str(full["quality"]), "sound" if full["generate_audio_switch"] else "silent"]
        return " · ".join([*said, *([f"take {request.take}"] if request.take > 1 else [])])


def lay_out(shots: object, *, image: object, common: Mapping[str, object]) -> list[Shot]:
    """Turn what was asked for into checked shots; see `Studio.storyboard` for the arguments and the errors."""
    _check_names(common)
    shared = {name: value for name, value in common.items() if name != "image_url"}
    made: list[Shot] = []
    for number, given in enumerate(_listed(shots), 1):
        fields = {"prompt": given} if isinstance(given, str) else given
        if not isinstance(fields, Mapping):
            raise refused(f"shot {number}: {short(given)} is not a shot", "Pass its prompt, or a dict with `prompt`.")
        try:
            _check_names(fields)
            own = {name: value for name, value in {**shared, **fields}.items() if value is not None}
            if number == 1 and not own.keys() & set(_PICTURES):
                begin = {"image": image, "image_url": common.get("image_url")}
                own |= {name: value for name, value in begin.items() if value is not None}
            made.append(_shot(number, own))
        except errors.PixverseError as error:
            error.what = f"shot {number}: {error.what}"
            raise
    return made


def chains_of(shots: Iterable[Shot]) -> list[list[Shot]]:
    """The shots, those that follow each other together."""
    chains: list[list[Shot]] = []
    for shot in shots:
        if shot.follows:
            chains[-1].append(shot)
        else:
            chains.append([shot])
    return chains


def same_as(shots: Iterable[Shot]) -> dict[int, int]:
    """Of a shot that is the same clip as an earlier one, their numbers: the same words, after the same shots."""
    first: dict[tuple[str, ...], int] = {}
    same: dict[int, int] = {}
    for chain in chains_of(shots):
        key: tuple[str, ...] = ()
        for shot in chain:
            key = (*key, shot.cell.identity)
            if first.setdefault(key, shot.number) != shot.number:
                same[shot.number] = first[key]
    return same


def _listed(shots: object) -> list[Any]:
    if isinstance(shots, str | bytes | Mapping | set | frozenset) or not isinstance(shots, Iterable):
        raise refused(f"shots={short(shots)} is not a list", "Pass a list of prompts, or of dicts with `prompt`.")
    listed = [shot for shot, _ in zip(shots, range(MOST_SHOTS + 1), strict=False)]
    if not 1 <= len(listed) <= MOST_SHOTS:
        count = "no shots" if not listed else f"more than {MOST_SHOTS} shots"
        raise refused(f"this storyboard has {count}", f"Pass 1 to {MOST_SHOTS}.")
    return listed


def _check_names(given: Mapping[Any, object]) -> None:
    for name in given:
        if name in {"takes", "reuse"}:
            raise refused(f"a storyboard has no {name}", "For another clip of a shot, give that shot take=2.")
        if name not in {*FIELDS, "cut"}:
            raise unknown_parameter(str(name), (*FIELDS, "cut"))


def _shot(number: int, fields: dict[str, Any]) -> Shot:
    image, cut = fields.pop("image", None), fields.pop("cut", None)
    if cut is not None and not isinstance(cut, bool):
        raise refused(
            f"cut={short(cut)} is not allowed", "Pass True for a shot that does not go on from the one before."
        )
    pictured = image is not None or fields.get("image_url") is not None
    if cut is False and (pictured or number == 1):
        raise refused(
            "cut=False is not possible here", "The first shot, and one with a picture, has nothing to go on from."
        )
    prompt, take, extra = fields.pop("prompt", None), fields.pop("take", 1), fields.pop("extra", None)
    wish = make_wish(prompt, image=image, take=take, extra=extra, parameters=fields)
    follows = not (pictured or cut or number == 1)
    if follows:
        wish = Wish(replace(wish.request, image_sha256=_UNSEEN))
    return Shot(number, follows, wish, _start(number, image, fields.get("image_url"), follows=follows))


def _start(number: int, image: object, url: object, *, follows: bool) -> str:
    if follows:
        return f"last frame of shot {number - 1}"
    if isinstance(image, Generation):
        return f"last frame of {image.id}"
    if isinstance(image, str | Path) and not str(image).startswith("data:"):
        return str(image) if str(image).startswith("http") else Path(image).name
    return "a picture" if image is not None else str(url) if url is not None else "its words"
