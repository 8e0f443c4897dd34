"""Looking for a table's words and phrases in a prompt."""

from __future__ import annotations

from collections.abc import Mapping

_LONGEST = 3  # words in a phrase

STOPS = frozenset([
    ".", ",", ";", ":", "!", "?", "with", "without", "in", "on", "at", "over", "under", "by", "and", "or", "but",
    "from", "to", "into", "as", "while", "near", "behind", "before", "after", "through", "across", "beside", "above",
    "below", "the", "a", "an", "is", "are", "was", "were",
])  # fmt: skip
"""What ends the run of words that belong together: "a red | lake sky | at night"."""


def found(table: Mapping[str, object], words: list[str]) -> list[tuple[int, str]]:
    """Every (position, key) of a table in the words, longest phrases first wins, in reading order."""
    hits: list[tuple[int, str]] = []
    at = 0
    while at < len(words):
        step = 1
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            key = phrase if phrase in table else phrase.removesuffix("s")
            if key in table:
                hits.append((at, key))
                step = length
                break
        at += step
    return hits


def elements(table: Mapping[str, str], words: list[str]) -> set[str]:
    """The elements that the words name."""
    return {table[key] for _, key in found(table, words)}
