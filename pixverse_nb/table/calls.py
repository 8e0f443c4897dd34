"""The call that asks for a row's clip."""

from __future__ import annotations

import json

from pixverse_nb.errors import PixverseError
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.store.words import Row

from .door import Door


class Code(str):
    """A line of code, or several; shown as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def call_of(door: Door, row: Row) -> Code:
    """The shortest call; PixverseError where the row's picture was never kept here."""
    from pixverse_nb.panel.code import code_of

    return Code(code_of(_arguments(door, row)))


def _arguments(door: Door, row: Row) -> dict[str, object]:
    """The arguments of `Studio.generate` that ask for a row's clip."""
    given: dict[str, object] = {name: row[name] for name in PARAMETERS}
    if row["image_sha256"] is not None:
        if row["image_path"] is None:
            raise PixverseError(
                "the picture of this row was never kept here", remedy="Pass image=... yourself.", billed=False
            )
        given |= {"image": door.home / row["image_path"], "image_url": None}
    return given | {"extra": json.loads(row["extra"]) if row["extra"] else None, "take": row["take"]}
