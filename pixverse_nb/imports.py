"""A history made anew from clips that tell of themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from . import errors
from .delivered import columns_as_asked
from .display.imported import Line, imported_html, imported_text
from .media import tags
from .media.clips import Clips
from .media.partial import CHUNK_BYTES
from .media.probe import probe_in_turn
from .paths import path_of
from .provenance import row_of
from .rows import columns_of
from .store.annotations import within
from .store.schema import generations
from .store.store import Store
from .store.words import Row

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".mp4", ".m4v", ".mov")
OUTCOMES = ("imported", "known", "untold", "refused")
"""A new row; a row that was here already; a clip without tags of ours; one whose tags or file cannot be used."""


@dataclass(frozen=True)
class Read:
    """What became of one file.

    Attributes
    ----------
    path : Path
        The file.
    outcome : str
        One of `OUTCOMES`.
    id : str or None
        The row of the history.
    prompt : str
        Its prompt, where it is known.
    why : str
        In words; empty for an imported one.
    """

    path: Path
    outcome: str
    id: str | None = None
    prompt: str = ""
    why: str = ""


class Imported:
    """What an import brought; see `Studio.import_clips`. Displayed it is a table.

    Attributes
    ----------
    imported, known, untold, refused : int
        How many files became rows, were here already, tell nothing, and could not be used.
    """

    def __init__(self, folder: Path, read: Sequence[Read]) -> None:
        self._folder, self._read = folder, read
        self.imported, self.known, self.untold, self.refused = (
            sum(one.outcome == outcome for one in read) for outcome in OUTCOMES
        )

    @property
    def ids(self) -> list[str]:
        """The rows that were made, in the order of the files."""
        return [one.id for one in self._read if one.outcome == "imported" and one.id is not None]

    @property
    def files(self) -> pd.DataFrame:
        """A line for each file: `file` (within the folder), `outcome`, `id`, `prompt`, `why`."""
        import pandas as pd

        lines = [(self._name(one), one.outcome, one.id, one.prompt, one.why) for one in self._read]
        made: pd.DataFrame = pd.DataFrame(lines, columns=["file", "outcome", "id", "prompt", "why"], dtype="string")
        return made

    def __len__(self) -> int:
        return len(self._read)

    def __repr__(self) -> str:
        return imported_text(self._headline(), self._lines())

    def _repr_html_(self) -> str:
        return str(imported_html(self._headline(), self._lines()))

    def _name(self, one: Read) -> str:
        name = one.path.relative_to(self._folder).as_posix() if one.path != self._folder else one.path.name
        return name.encode("utf-8", "replace").decode("utf-8")  # a name of bytes that are no text

    def _lines(self) -> list[Line]:
        return [Line(self._name(one), one.outcome, one.id or "", one.prompt, one.why) for one in self._read]

    def _headline(self) -> str:
        if not self._read:
            return "No clips were found"
        made = f"{self.imported:,} clip{'' if self.imported == 1 else 's'} imported"
        parts = [made, f"{self.known:,} known already"] if self.known else [made]
        parts += [f"{self.untold:,} without our tags"] if self.untold else []
        parts += [f"{self.refused:,} could not be used"] if self.refused else []
        return ", ".join(parts)


def import_clips(
    store: Store, clips: Clips, folder: object, *, recursive: bool, arrived: Callable[[str], None]
) -> Imported:
    """See `Studio.import_clips`."""
    if store.read_only is not None:
        raise store.read_only
    place = _folder(folder)
    if not isinstance(recursive, bool):
        raise errors.InvalidParameter(f"recursive={recursive!r} is not True or False", billed=False)
    clips.check_writable()
    told = [_told(path) for path in sorted(_files(place, clips, recursive=recursive))]
    # The paid one before its copies: it is the one that must not be missing.
    order = sorted(range(len(told)), key=lambda n: _is_copy(told[n]))
    read: dict[int, Read] = {}
    for number in order:
        one = told[number]
        read[number] = one if isinstance(one, Read) else _take(store, clips, *one)
        if read[number].outcome == "imported":
            arrived(str(read[number].id))
    return Imported(place, [read[number] for number in range(len(told))])


def _folder(folder: object) -> Path:
    place = path_of(folder, "folder", example="'clips/'")
    if not place.exists():
        raise errors.InvalidParameter(f"{place} is not there", remedy="Pass a folder, or a file.", billed=False)
    return place


def _files(place: Path, clips: Clips, *, recursive: bool) -> Iterator[Path]:
    if place.is_file():
        yield place
        return

    def unreadable(error: OSError) -> None:
        if error.filename is not None and Path(error.filename) == place:  # a folder in it may vanish meanwhile
            why = error.strerror or type(error).__name__
            raise errors.InvalidParameter(
                f"{place} cannot be read ({why})", remedy="Look at its permissions.", billed=False
            ) from None

    folders = os.walk(place, onerror=unreadable)
    for path in (Path(at) / name for at, _, names in (folders if recursive else islice(folders, 1)) for name in names):
        # The home's own clips are as they were delivered, and tell nothing.
        if path.suffix.lower() in ENDINGS and path.parent != clips.clips.absolute() and path.is_file():
            yield path


def _is_copy(told: Read | tuple[Path, Row]) -> bool:
    return not isinstance(told, Read) and told[1]["reused_from"] is not None


def _told(path: Path) -> Read | tuple[Path, Row]:
    """What a file tells, as a row; or why it tells nothing that can be believed."""
    try:
        story = tags.read(path)
        if story is None:
            return Read(path, "untold", why="it has no tags of pixverse_nb")
        return path, row_of(story)
    except errors.PixverseError as error:
        return Read(path, "refused", why=error.what.replace(str(path), "it").replace("the clip it", "it"))
    except Exception as error:  # noqa: BLE001  a file from anywhere may break in any way; the others are read all the same
        return Read(path, "refused", why=f"its tags cannot be read ({error})"[:300])


def _take(store: Store, clips: Clips, path: Path, row: Row) -> Read:
    """Bring a clip home and write its row down."""
    prompt, delivered = row["prompt"], [row["video_sha256"]] if row["video_sha256"] else []
    known = store.known_as(row, delivered)
    if known is not None:
        return Read(path, "known", known, prompt, _as_known(known, row))
    try:
        marks = within(row, probe_in_turn(path).duration_s)  # before anything is copied
        with path.open("rb") as file:
            received = clips.receive(iter(lambda: file.read(CHUNK_BYTES), b""))
        place, facts = clips.keep(received)
        row = {
            **dict.fromkeys(generations.columns.keys()),
            **row,
            **columns_of(facts),
            "video_path": place.relative_to(clips.home).as_posix(),
            "video_sha256": received.sha256,
            "image_path": None,
        }
        row |= {**columns_as_asked(row, clips, facts), **marks}
        known = store.import_row(row, [*delivered, received.sha256])
    except OSError as error:
        return Read(path, "refused", None, prompt, f"it cannot be read ({error.strerror or error})")
    except errors.HomeError:
        raise
    except errors.PixverseError as error:
        return Read(path, "refused", None, prompt, error.what)
    if known is not None:
        return Read(path, "known", known, prompt, _as_known(known, row))
    return Read(path, "imported", row["id"], prompt)


def _as_known(known: str, row: Row) -> str:
    return "it is in the history" if known == row["id"] else f"its clip is in the history, as {known}"
