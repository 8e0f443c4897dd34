"""From what a sweep asks for to its cells: each one checked, each clip once. Nothing leaves the machine here."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixverse_nb import errors
from pixverse_nb.generation import Generation
from pixverse_nb.parameters import PARAMETERS, check_count
from pixverse_nb.wishes import Wish, make_wish

from .forms import FIELDS, Fields, check_size, exchanges_of, known, refused, rows_of, short, values_of

_PICTURES = ("image", "image_url", "image_sha256")


@dataclass(frozen=True)
class Cell:
    """One clip that a sweep asks for.

    Attributes
    ----------
    wish : Wish
        The validated request.
    identity : str
        Equal identities ask for the same clip.
    place : dict
        Its value on each axis; None where it has none.
    """

    wish: Wish
    identity: str
    place: dict[str, object]

    @property
    def name(self) -> str:
        """Its place in words, for example "720p, take 2"; the prompt comes last, for it is long."""
        return self.name_without(())

    def name_without(self, axes: Container[str | None]) -> str:
        """The same, without some of the axes."""
        said = [(axis, value) for axis, value in self.place.items() if axis not in axes and value is not None]
        said.sort(key=lambda one: one[0] == "prompt")
        return ", ".join(str(value) if _is_plain(axis) else f"{axis} {value}" for axis, value in said)


@dataclass(frozen=True)
class Sheet:
    """What was asked for.

    Attributes
    ----------
    axes : dict
        Name to the distinct values, in the order in which they were given; only what varies is an axis.
    cells : list of Cell
        Each clip once.
    duplicates : int
        How many cells asked for a clip that another one asks for, too.
    """

    axes: dict[str, list[object]]
    cells: list[Cell]
    duplicates: int


@dataclass(frozen=True)
class _Draft:
    """A cell before it is checked; `words` says what stands in the place of which text of its prompt."""

    fields: Fields
    words: dict[str, str]
    name: str


def _is_plain(axis: str) -> bool:
    """Whether a value of this axis says by itself what it is: a prompt, 720p, 16:9, a word that was exchanged."""
    return axis in {"prompt", "quality", "aspect_ratio", "image"} or axis not in FIELDS


def lay_out(requests: object, *, takes: object, exchange: object, given: Mapping[str, object], home: Path) -> Sheet:
    """Turn what was asked for into checked cells; see `Studio.sweep` for the arguments and the errors."""
    count = check_count("takes", takes)
    lists = {name: values_of(name, value) for name, value in known(given).items()}
    overridden = set(lists) | (set(_PICTURES) if {"image", "image_url"} & set(lists) else set())
    rows = [{name: v for name, v in row.items() if name not in overridden} for row in rows_of(requests)]
    words = exchanges_of(exchange)
    check_size(len(rows) * math.prod(map(len, lists.values())) * count)
    return _sheet(list(_drafts(rows, lists, words, count)), words, _Pictures(home))


def _drafts(
    rows: list[Fields], lists: Mapping[str, list[Any]], words: Mapping[str, list[str]], takes: int
) -> Iterator[_Draft]:
    varied = [name for name, values in lists.items() if len(values) > 1]
    combined = [
        (number, {**row, **dict(zip(lists, values, strict=True))})
        for number, row in enumerate(rows, 1)
        for values in itertools.product(*lists.values())
    ]
    prompts = [prompt if isinstance(prompt := fields.get("prompt"), str) else "" for _, fields in combined]
    for text in words:
        if not any(text in prompt for prompt in prompts):
            raise refused(f"replace={text!r}: the text is in no prompt", "Check its spelling; case matters.")
    present = [{text: words[text] for text in words if text in prompt} for prompt in prompts]
    check_size(sum(math.prod(map(len, choices.values())) for choices in present) * takes)
    for (number, fields), choices in zip(combined, present, strict=True):
        for chosen, shift in itertools.product(itertools.product(*choices.values()), range(takes)):
            here = dict(zip(choices, chosen, strict=True))
            said = {"request": number} if len(rows) > 1 else {}
            said |= {name: fields[name] for name in varied} | here
            yield _Draft(_shifted(fields, shift), here, _described(said))


def _shifted(fields: Fields, shift: int) -> Fields:
    """The same for a later take; a first take that is wrong is refused where all else is checked."""
    return {**fields, "take": check_count("take", fields.get("take", 1)) + shift} if shift else fields


def _described(said: Mapping[str, object]) -> str:
    return f" ({', '.join(f'{name}={short(value)}' for name, value in said.items())})" if said else ""


def _sheet(drafts: list[_Draft], words: Mapping[str, list[str]], pictures: _Pictures) -> Sheet:
    cells: dict[str, Cell] = {}
    column = {text: f"replace {text}" if text in _reserved() else text for text in words}
    for number, draft in enumerate(drafts, 1):
        try:
            wish, picture = _checked(draft, pictures)
        except errors.PixverseError as error:
            error.what = f"cell {number}{draft.name}: {error.what}"
            raise
        request = wish.request
        place: dict[str, object] = {name: request.parameters.get(name) for name in PARAMETERS}
        place["prompt"] = str(draft.fields["prompt"])  # the words that are exchanged in it have axes of their own
        place |= {"image": picture, "extra": json.dumps(request.extra, sort_keys=True) if request.extra else None}
        place |= {column[text]: draft.words.get(text) for text in words} | {"take": request.take}
        cell = Cell(wish, request.identity, place)
        cells.setdefault(cell.identity, cell)
    axes = _axes(list(cells.values()), drafts)
    kept = [replace(cell, place={name: cell.place[name] for name in axes}) for cell in cells.values()]
    return Sheet(axes, kept, len(drafts) - len(kept))


def _reserved() -> set[str]:
    from pixverse_nb.history import COLUMNS

    return {*COLUMNS, *FIELDS, "id"}


def _axes(cells: list[Cell], drafts: list[_Draft]) -> dict[str, list[object]]:
    """What varies, in the order in which it was said; exchanged words after it, takes last."""
    said = dict.fromkeys(name for draft in drafts for name in draft.fields if name in cells[0].place)
    said.pop("take", None)
    said |= dict.fromkeys(name for name in cells[0].place if name not in FIELDS)
    values = {name: list(dict.fromkeys(cell.place[name] for cell in cells)) for name in (*said, "image", "take")}
    return {name: distinct for name, distinct in values.items() if len(distinct) > 1}


def _checked(draft: _Draft, pictures: _Pictures) -> tuple[Wish, str | None]:
    """The wish, and what its picture is called."""
    fields = dict(draft.fields)
    image, sha256 = fields.pop("image", None), fields.pop("image_sha256", None)
    if draft.words:
        fields["prompt"] = _exchanged(fields["prompt"], draft.words)
    prompt, take, extra = fields.pop("prompt", None), fields.pop("take", None), fields.pop("extra", None)
    given: dict[str, Any] = {"take": 1 if take is None else take, "extra": extra}
    if image is None and sha256 is not None and fields.get("image_url") is None:
        image = pictures.at_home(sha256)
    if image is None or fields.get("image_url") is not None:  # both: refused by the one who knows how
        return make_wish(prompt, image=image, **given, parameters=fields), None
    picture, label = pictures.of(image)
    if picture.picture is None:
        return make_wish(prompt, **given, parameters={**fields, "image_url": label}), label
    wish = make_wish(prompt, **given, parameters=fields)
    return Wish(replace(wish.request, image_sha256=picture.picture.sha256), picture.picture), label


def _exchanged(prompt: str, words: Mapping[str, str]) -> str:
    """All at once: what one exchange puts in is not taken out by another; the longer text wins."""
    pattern = "|".join(re.escape(text) for text in sorted(words, key=len, reverse=True))
    return re.sub(pattern, lambda found: words[found[0]], prompt)


class _Pictures:
    """Each picture of a sweep is read and checked once, and has a name of its own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[object, tuple[Wish, str]] = {}
        self._whose: dict[str, str] = {}  # label -> content hash

    def of(self, image: object) -> tuple[Wish, str]:
        """A wish with the picture or its URL, and the picture's label; `image` must stay alive."""
        key = image if isinstance(image, str | Path) else id(image)
        if key not in self._known:
            wish = make_wish("…", image=image, parameters={})
            self._known[key] = (wish, self._label(image, wish))
        return self._known[key]

    def at_home(self, sha256: str) -> Path:
        """The file of a picture that the history knows."""
        found = sorted((self._home / "images").glob(f"{sha256}.*")) if re.fullmatch("[0-9a-f]{64}", sha256) else []
        if not found:
            raise errors.InvalidImage(
                f"the picture {short(sha256[:12])} is not in the home any more",
                remedy=f"Pass image=..., or put it back into {self._home / 'images'}.",
                billed=False,
            )
        picture = self.of(found[0])[0].picture
        if picture is None or picture.sha256 != sha256:
            raise errors.InvalidImage(
                f"the picture {short(sha256[:12])} of this row has changed in the home: {found[0].name} is another one",
                remedy="Pass image=..., with the picture that is meant.",
                billed=False,
            )
        return found[0]

    def _label(self, image: object, wish: Wish) -> str:
        if wish.picture is None:
            return str(wish.request.parameters["image_url"])
        sha256 = wish.picture.sha256
        label = sha256[:8]
        if isinstance(image, Generation):
            label = image.id
        elif isinstance(image, str | Path) and not str(image).startswith("data:") and Path(image).stem != sha256:
            label = Path(image).name
        return label if self._whose.setdefault(label, sha256) == sha256 else f"{label} ({sha256[:8]})"
