"""A storyboard's clips as one film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pixverse_nb.display import style
from pixverse_nb.display.card import Card, card_html, card_text
from pixverse_nb.display.frontend import in_notebook, source_of
from pixverse_nb.errors import ClipError
from pixverse_nb.generation import Generation
from pixverse_nb.media.clips import Clips
from pixverse_nb.media.probe import probe
from pixverse_nb.media.reels import Reels
from pixverse_nb.store.schema import PREVIEW
from pixverse_nb.terminal import screen
from pixverse_nb.video import Video


@dataclass(frozen=True)
class Film(Video):
    """Clips joined into one; plays inline like any clip.

    A shot that goes on from the last frame of the one before begins with about that frame, so it is shown twice: as the
    end of one clip and as the start of the next, for streams are copied, not cut.

    Attributes
    ----------
    joined : str
        "stream copy": every picture is the clips' own, bit by bit; or "re-encoded: " and why.
    shots : int
        How many clips it is made of.
    """

    joined: str = ""
    shots: int = 1
    _is_preview: bool = field(repr=False, compare=False, default=False)

    @property
    def facts(self) -> list[str]:
        """What the film is, in a few words; all measured but the last."""
        return [*super().facts, self.joined.partition(":")[0]]

    def _tell(self) -> None:
        """In a script or a terminal: write what it is and where it lies to standard error."""
        if not in_notebook():
            screen.lines([["film", f"{self.shots} shot{'' if self.shots == 1 else 's'}", *self.facts], str(self.path)])

    def _present(self) -> None:
        if not self.path.is_file():
            raise ClipError(
                f"the film's file is gone: {self.path}", remedy="Run the storyboard again: its clips are kept."
            )

    def _bundle(self, embed: bool | None) -> dict[str, str]:
        preview = "PREVIEW · drawn on this machine, not by PixVerse"
        card = Card(
            id=self._id,
            status="completed",
            prompt=self._title,
            facts=self.facts,
            size=(self.width, self.height),
            note=self.joined if ":" in self.joined else None,
            labels=[(preview, style.WARN)] if self._is_preview else (),
            source=source_of(self.path, embed),
            poster=self.poster,
        )
        return {"text/html": card_html(card), "text/plain": card_text(card)}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle(None)


def film_of(generations: Sequence[Generation], reels: Reels, clips: Clips) -> Film:
    """Join clips that are there; raises ClipError when one is broken, or the disk refuses."""
    videos = [one.video for one in generations]
    path, joined = reels.film([video.path for video in videos if video is not None])
    facts = probe(path)
    count = len(videos)
    words = " → ".join(" ".join(one.request.prompt.split())[:60] for one in generations)
    return Film(
        path=path,
        width=facts.width,
        height=facts.height,
        duration_s=facts.duration_s,
        fps=facts.fps,
        has_audio=facts.has_audio,
        size_bytes=facts.size_bytes,
        _clips=clips,
        _id=f"film-{path.stem[:16]}",
        _title=f"A film of {count} shot{'' if count == 1 else 's'}: {words}",
        joined=str(joined),
        shots=count,
        _is_preview=any(one._row["service"] == PREVIEW for one in generations),
    )
