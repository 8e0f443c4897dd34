"""What only looking at a whole clip tells: where it is black, where the picture stands still, and how loud it is.

One pass: every frame is decoded once, made small, and handed to FFmpeg's own blackdetect and freezedetect; the sound
goes to ebur128. One frame is held at a time, so memory does not grow with the clip. Measured on a clip of 5 s: 0.25 s
at 540p, 0.75 s at 1080p.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pixverse_nb.errors import ClipError

from .probe import duration_of, opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.filter.graph import Graph
    from av.video.stream import VideoStream

BLACK_S, FROZEN_S = 0.5, 1.0
"""Seconds: shorter stretches are cuts, blinks and pauses, and are not counted."""

SILENT_LUFS = -70.0
"""The absolute gate of EBU R 128: what is no louder is silence, and has no other figure."""

Stretch = tuple[float, float]
"""Start and end, seconds from the clip's start."""

_SMALL = 320  # px: the long side of the picture that is looked at
_BLACK = "d=0.04:pic_th=0.98:pix_th=0.10"
# Two measures of standing still. The fine one is broken by each keyframe, which redraws the same picture a little
# differently; the coarse one is not, but overlooks what is small and moves. Frozen is what both call so.
_COARSE, _FINE = "n=-45dB:d=0.5", "n=-60dB:d=0.1"
_BLOCK_S = 0.4  # ebur128 measures blocks of so many seconds: a shorter sound has no loudness
_STARTS = {"black": "lavfi.black_start", "frozen": "lavfi.freezedetect.freeze_start"}
_LOUDNESS = "lavfi.r128.I"
_ENDS = {"black": "lavfi.black_end", "frozen": "lavfi.freezedetect.freeze_end"}


@dataclass(frozen=True)
class Inspection:
    """What was found in a clip.

    Attributes
    ----------
    black, frozen : sequence of (float, float)
        Stretches longer than `BLACK_S` and `FROZEN_S`, start and end in seconds from the clip's start; what is black is
        not called frozen, too.
    loudness_lufs : float or None
        Integrated loudness by EBU R 128, LUFS, from `SILENT_LUFS` (silence) up; None without sound, and for less than
        0.4 s of it.
    """

    black: Sequence[Stretch]
    frozen: Sequence[Stretch]
    loudness_lufs: float | None

    @property
    def black_s(self) -> float:
        """Seconds that are black, in all."""
        return _total(self.black)

    @property
    def frozen_s(self) -> float:
        """Seconds in which the picture stands still, in all, without those that are black."""
        return _total(self.frozen)

    @property
    def is_silent(self) -> bool:
        """Whether there is a sound track on which nothing can be heard."""
        return self.loudness_lufs is not None and self.loudness_lufs <= SILENT_LUFS


def inspect(path: Path) -> Inspection:
    """Look at every frame of a clip and listen to all of its sound.

    Raises
    ------
    ClipError
        When it is missing, does not play, or cannot be looked at to its end.
    """
    # The filters write what they find into files: not every PyAV shows what they hang on the frames.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, opened(path) as (container, video):
        eye, ear = _Eye(video, Path(folder)), _Ear(Path(folder))
        for kind, frame in _frames(container, video):
            if kind == "video":
                eye.look(frame)
            else:
                ear.hear(frame)
        if not eye.seen:
            raise ClipError(f"no frame of {path} can be decoded")
        black, frozen = eye.found(duration_of(container, video))
        return Inspection(black, frozen, ear.loudness)


def _frames(container: InputContainer, video: VideoStream) -> Iterator[tuple[str, Any]]:
    """All frames of picture and sound, in the file's order; what does not decode is passed over."""
    import av

    tracks: list[Any] = [video, *(one for one in container.streams.audio[:1] if _has_decoder(one))]
    for packet in container.demux(*tracks):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            yield packet.stream.type, frame


def _has_decoder(track: Any) -> bool:
    return getattr(track, "codec_context", None) is not None


class _Eye:
    """Watches the pictures go by."""

    def __init__(self, video: VideoStream, folder: Path) -> None:
        self._video = video
        self._notes = folder / "black-and-coarse", folder / "fine"
        self._start = float((video.start_time or 0) * (video.time_base or 1))
        self._graph: Graph | None = None
        self._black, self._coarse, self._fine = _Stretches("black"), _Stretches("frozen"), _Stretches("frozen")
        self.seen = 0
        self._frame_s = 0.0
        self._last = self._start

    def _begin(self, frame: Any) -> None:
        """Lay the pipes, for pictures such as the first one."""
        from av.filter import Graph

        share = min(1.0, _SMALL / max(frame.width, frame.height))
        width, height = (max(2 * round(side * share / 2), 2) for side in (frame.width, frame.height))
        self._graph = graph = Graph()
        self._source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._video.time_base
        )
        small = graph.add("scale", f"w={width}:h={height}:flags=fast_bilinear")
        both = graph.add("split")
        detectors = (("blackdetect", _BLACK), ("freezedetect", _COARSE), ("freezedetect", _FINE))
        black, coarse, fine = (graph.add(name, how) for name, how in detectors)
        self._sinks = [graph.add("buffersink") for _ in range(2)]
        written = [graph.add("metadata", mode="print", direct="1", file=str(place)) for place in self._notes]
        for one, other in ((self._source, small), (small, both), (both, black), (black, coarse)):
            one.link_to(other)
        both.link_to(fine, 1)
        for found, note, sink in zip((coarse, fine), written, self._sinks, strict=True):
            found.link_to(note)
            note.link_to(sink)
        graph.configure()

    def look(self, frame: Any) -> None:
        if frame.pts is None:  # without a moment it has no place
            return
        if self._graph is None:
            self._begin(frame)
        self.seen += 1
        moment = float(frame.time)
        self._frame_s = max(self._frame_s, moment - self._last)
        self._last = moment
        self._source.push(frame)
        for sink in self._sinks:
            _drain(sink)

    def found(self, length_s: float) -> tuple[list[Stretch], list[Stretch]]:
        """What was black and what stood still, seconds from the start."""
        for place, kinds in zip(self._notes, ((self._black, self._coarse), (self._fine,)), strict=True):
            for told in _noted(place):
                for stretches in kinds:
                    stretches.note(told)
        end = max(self._start + length_s, self._last)
        black, coarse, fine = (
            [(start - self._start, stop - self._start) for start, stop in stretches.until(end)]
            for stretches in (self._black, self._coarse, self._fine)
        )
        # A keyframe between two stretches takes the place of one frame.
        frozen = _without(_shared(coarse, _merged(fine, 1.5 * self._frame_s)), black)
        return _longer(black, BLACK_S), _longer(frozen, FROZEN_S)


class _Ear:
    """Listens to the sound go by; a track that cannot be measured is as good as none."""

    def __init__(self, folder: Path) -> None:
        self._graph: Graph | None = None
        self._heard_s = 0.0
        self._notes = folder / "loudness"

    def hear(self, frame: Any) -> None:
        import av

        try:
            if self._graph is None:
                self._begin(frame)
            self._source.push(frame)
            self._heard_s += frame.samples / frame.sample_rate
            _drain(self._sink)
        except (av.FFmpegError, ValueError, ZeroDivisionError):  # a format that changes on the way
            self._heard_s = -math.inf

    def _begin(self, frame: Any) -> None:
        from av.filter import Graph

        self._graph = Graph()
        self._source = self._graph.add_abuffer(
            sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout, time_base=frame.time_base
        )
        meter = self._graph.add("ebur128", "metadata=1")
        self._sink = self._graph.add("abuffersink")
        self._source.link_to(meter)
        note = self._graph.add("ametadata", mode="print", direct="1", key=_LOUDNESS, file=str(self._notes))
        meter.link_to(note)
        note.link_to(self._sink)
        self._graph.configure()

    @property
    def loudness(self) -> float | None:
        told = [float(one[_LOUDNESS]) for one in _noted(self._notes) if _LOUDNESS in one]
        if not told or self._heard_s < _BLOCK_S:
            return None
        return max(told[-1], SILENT_LUFS) if math.isfinite(told[-1]) else SILENT_LUFS


def _drain(sink: Any) -> None:
    """Have the frames go through to the filters' end, where nobody needs them."""
    while True:
        try:
            sink.pull()
        except (BlockingIOError, EOFError):  # the next one needs another frame
            return


def _noted(place: Path) -> Iterator[dict[str, str]]:
    """What the filters have written of each frame, in their order."""
    if not place.exists():
        return
    told: dict[str, str] = {}
    for line in place.read_text("utf-8", "replace").splitlines():
        name, sign, value = line.partition("=")
        if not sign and told:  # the next frame's head
            yield told
            told = {}
        elif sign:
            told[name] = value
    if told:
        yield told


class _Stretches:
    """Starts and ends as a filter writes them on frames."""

    def __init__(self, kind: str) -> None:
        self._start_name, self._end_name = _STARTS[kind], _ENDS[kind]
        self._done: list[Stretch] = []
        self._open: float | None = None

    def note(self, metadata: Any) -> None:
        end, start = metadata.get(self._end_name), metadata.get(self._start_name)
        if start is not None and end is not None and float(start) < float(end):  # began and ended on this very frame
            self._done.append((float(start), float(end)))
            self._open = None
            return
        if end is not None and self._open is not None:
            self._done.append((self._open, float(end)))
            self._open = None
        if start is not None:
            self._open = float(start)

    def until(self, end: float) -> list[Stretch]:
        """All of them; one that is open lasts to the clip's end."""
        return self._done if self._open is None else [*self._done, (self._open, max(end, self._open))]


def _merged(stretches: Sequence[Stretch], gap_s: float) -> list[Stretch]:
    """Stretches in order, those with no more than a gap between them as one."""
    joined: list[Stretch] = []
    for start, end in stretches:
        if joined and start - joined[-1][1] <= gap_s:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _shared(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """Where both are."""
    both = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return [(start, end) for start, end in both if start < end]


def _without(stretches: Sequence[Stretch], others: Sequence[Stretch]) -> list[Stretch]:
    """What is left of stretches where others are taken away."""
    left = list(stretches)
    for start, end in others:
        left = [
            piece for a, b in left for piece in ((a, min(b, start)), (max(a, end), b)) if piece[0] < piece[1]
        ]  # fmt: skip
    return left


def _longer(stretches: Sequence[Stretch], least_s: float) -> list[Stretch]:
    return [(round(start, 3), round(end, 3)) for start, end in stretches if end - start > least_s]


def _total(stretches: Sequence[Stretch]) -> float:
    return round(sum(end - start for start, end in stretches), 3)
