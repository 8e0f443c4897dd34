"""Emergency files: what a job wants to write while its database cannot be written.

One small JSON file a job, beside the history or, when that folder is the trouble, in the system's temporary folder. The
next store that opens the home takes them in.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Rescue:
    """The emergency files of one home.

    Parameters
    ----------
    home : Path
        The home whose database may fail.
    """

    def __init__(self, home: Path) -> None:
        mark = hashlib.sha256(os.fspath(home.resolve()).encode()).hexdigest()[:16]
        self._folders = (home / "rescue", Path(tempfile.gettempdir()) / f"pixverse_nb-rescue-{mark}")

    def save(self, row: Mapping[str, Any]) -> Path:
        """Write a job's whole row; raises OSError only when no place on this machine takes it."""
        trouble: OSError | None = None
        for folder in self._folders:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                path, partial = folder / f"{row['id']}.json", folder / f"{row['id']}.partial"
                with partial.open("w", encoding="utf-8") as file:
                    json.dump(dict(row), file)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(path)
            except OSError as error:
                trouble = error
            else:
                return path
        raise trouble or OSError("no place for an emergency file")

    def waiting(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The files and the rows in them; unreadable ones are left where they are."""
        for folder in self._folders:
            for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
                with contextlib.suppress(OSError, ValueError):
                    row = json.loads(path.read_text(encoding="utf-8"))
                    if isinstance(row, dict) and row.get("id") == path.stem:
                        yield path, row

    def drop(self, id: str) -> None:
        """Remove a job's file, if there is one."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                (folder / f"{id}.json").unlink(missing_ok=True)
