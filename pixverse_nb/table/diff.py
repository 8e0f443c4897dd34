"""What differs between rows of the history, prompts word by word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

from pixverse_nb.parameters import PARAMETERS

from .columns import ids_of
from .shown import Differences, Piece

_NOISE = frozenset({
    "id", "created_at", "completed_at", "request_id", "video_path", "video_bytes", "reused_from",
})  # fmt: skip
"""Columns that differ between any two clips and say nothing about them."""

_TEXTS = ("prompt", "negative_prompt")
_MOST_TEXTS = 200  # different prompts that are compared word by word; of more nobody reads the words
_SIGNS = {"ins": "{+%s+}", "del": "[-%s-]"}


def diff(frame: pd.DataFrame) -> Differences:
    """See `Accessor.diff`."""
    keys = pd.Index(pd.array(ids_of(frame), dtype="string"), name="id")
    names = [name for name in frame.columns if str(name) not in _NOISE and _differs(frame[name])]
    asked = [*PARAMETERS, "extra", "take", "image_sha256"]
    names.sort(key=lambda name: asked.index(name) if name in asked else len(asked))
    made: Differences = Differences({name: frame[name].array for name in names}, index=keys, columns=pd.Index(names))
    pieces: dict[tuple[str, str], Sequence[Piece]] = {}
    for name in _TEXTS:
        if name in names:
            _in_words(made, name, pieces)
    made._pieces = pieces
    return made


def _differs(column: Any) -> bool:
    try:
        return not bool(column.duplicated()[1:].all())
    except TypeError:  # lists and the like have no hash
        return len({repr(value) for value in column}) > 1


def _in_words(made: Differences, name: str, pieces: dict[tuple[str, str], Sequence[Piece]]) -> None:
    """Each text beside the first row's."""
    from pixverse_nb.player.differences import word_differences

    texts = ["" if pd.isna(text) else str(text) for text in made[name]]
    if len(set(texts)) > _MOST_TEXTS:
        return
    first = texts[0]

    @cache
    def against(text: str) -> tuple[Piece, ...]:
        return tuple(word_differences(first, text))

    for key, text in zip(made.index, texts, strict=True):
        if isinstance(key, str):
            pieces[key, name] = against(text) if text != first else (("same", text),)
    marked = ["".join(_SIGNS.get(kind, "%s") % part for kind, part in against(text)) for text in texts]
    shown = [first if text == first else words for text, words in zip(texts, marked, strict=True)]
    empty = [not text and pd.isna(value) and not first for text, value in zip(texts, made[name], strict=True)]
    cells = [pd.NA if none else words for none, words in zip(empty, shown, strict=True)]
    made[name] = pd.array(cells, dtype="string")
