"""Which clips are meant: generations, ids, slices of the history, lists of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixverse_nb.errors import ClipError, InvalidParameter, NotFound
from pixverse_nb.generation import Generation
from pixverse_nb.store.ids import is_id
from pixverse_nb.store.words import Row

if TYPE_CHECKING:
    from pixverse_nb.store.store import Store

FEWEST, MOST = 2, 9
_HOW = "Pass generations, ids of the history, or a slice of studio.history()."


def rows_of(store: Store, what: Iterable[object], home: Path) -> list[Row]:
    """The rows of what was passed to `Studio.compare`, in its order; one that is named twice is there once.

    Raises
    ------
    InvalidParameter
        For fewer than two or more than nine, for what names no clip, and for one that is not completed.
    NotFound
        For an id that the history does not hold.
    ClipError
        For a clip whose file is gone.
    """
    ids = list(dict.fromkeys(ids_in(what)))
    if not FEWEST <= len(ids) <= MOST:
        many = "no clip was given" if not ids else f"{len(ids):,} clip{'s were' if len(ids) > 1 else ' was'} given"
        remedy = _HOW if len(ids) < FEWEST else "Choose some of them, such as frame.head(9)."
        raise InvalidParameter(
            f"{many}, but {FEWEST} to {MOST} different ones are compared", remedy=remedy, billed=False
        )
    return [_checked(store, key, home) for key in ids]


def _checked(store: Store, id: str, home: Path) -> Row:
    row = store.row(id)
    if row is None:
        raise NotFound(f"the history of {home} holds no {id!r}", remedy="See studio.history().index.")
    if row["status"] != "completed" or row["video_path"] is None:
        ended = row["status"] in {"failed", "completed"}
        remedy = "Leave it out." if ended else f"Wait for it: studio.generation({id!r}).wait()."
        raise InvalidParameter(f"{id} has no clip to compare: it is {row['status']}", remedy=remedy, billed=False)
    path = home / row["video_path"]
    if not path.is_file():
        raise ClipError(
            f"the file of {id} is gone: {path}",
            remedy="Put it back, or generate the same request again to get it; or leave it out.",
        )
    return row


def ids_in(what: object) -> Iterator[str]:
    """The ids in generations, ids, slices of the history, and lists of them; InvalidParameter for anything else."""
    if isinstance(what, Generation):
        yield what.id
    elif isinstance(what, str):
        yield str(what)  # of numpy's own kind, too
    elif _is_table(what):
        yield from _ids_of_table(what)
    elif isinstance(what, Iterable) and not isinstance(what, bytes | Mapping):
        for one in what:
            yield from ids_in(one)
    else:
        raise _unknown(what)


def _is_table(what: object) -> bool:
    """Whether it is a DataFrame or a Series; pandas is not imported for the question."""
    return hasattr(what, "index") and hasattr(what, "iloc")


def _ids_of_table(table: Any) -> Iterator[str]:
    """The ids of a slice of the history: its index; after reset_index a column; of one row, its name."""
    if "id" in table.index.names:  # the index itself, or a level of it
        found = list(table.index.get_level_values("id"))
    elif "id" in getattr(table, "columns", ()):
        found = list(table["id"])
    elif isinstance(getattr(table, "name", None), tuple) and "status" in table.index:  # one row, of an index in levels
        found = [one for one in table.name if isinstance(one, str) and is_id(one)][:1]
    elif isinstance(getattr(table, "name", None), str) and "status" in table.index:
        found = [table.name]
    elif getattr(table, "name", None) == "id":
        found = list(table)
    else:
        raise InvalidParameter(
            "the table has no ids", remedy='Keep the history\'s index "id", or a column of that name.', billed=False
        )
    for one in found:
        if not isinstance(one, str):
            raise _unknown(one)
        yield str(one)


def _unknown(what: object) -> InvalidParameter:
    shown = repr(what)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return InvalidParameter(f"{shown} is no clip", remedy=_HOW, billed=False)
