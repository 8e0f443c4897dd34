"""Clips that do not fit together, encoded anew as one: the first one's size and rate, letterboxed, silence for gaps.

Pictures are counted, and the sound is cut to them, so that both stay together whatever the clips' own lengths are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .frames import _HD_LINES, _UNSPECIFIED
from .probe import opened

if TYPE_CHECKING:
    from .join import Clip

_CRF = "16"  # x264's scale: a difference that one does not see
_SOUND_BITS = 192_000  # a second
_MOST_RATE, _USUAL_RATE = 120, 24  # frames a second
_TURNS = {90: "transpose=2", 180: "hflip,vflip", 270: "transpose=1"}  # counter-clockwise, as the display matrix counts


def recode(clips: Sequence[Clip], target: Path, *, comment: str) -> None:
    """Write clips as one MP4 of H.264 and AAC; raises ClipError for a broken one, OSError where the disk refuses.

    Parameters
    ----------
    clips : sequence of Clip
        As `join.look` saw them.
    target : Path
        Written anew.
    comment : str
        A tag.
    """
    import av

    sound = next((clip.sound.kind for clip in clips if clip.sound), None)
    with av.open(str(target.absolute()), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        out.metadata["comment"] = comment
        film = _Film(out, clips[0], sound)
        for clip in clips:
            film.add(clip)
        film.close()


class _Film:
    """A film that grows, clip by clip."""

    def __init__(self, out: Any, first: Clip, sound: Any) -> None:
        self._out = out
        self._rate = _rate_of(first)
        with opened(first.path) as (container, _):
            frame = next(container.decode(video=0))
            turned = frame.rotation % 180 != 0
            shape = Fraction(container.streams.video[0].sample_aspect_ratio or 1)
            wide, high = max(round(frame.width * shape), 2), frame.height
            self._size = (high, wide) if turned else (wide, high)
            self._matrix = _matrix_of(frame)
        self._size = (self._size[0] // 2 * 2, self._size[1] // 2 * 2)
        self._video: Any = out.add_stream("libx264", rate=self._rate)
        self._video.width, self._video.height = self._size
        self._video.pix_fmt = "yuv420p"
        self._video.options = {"crf": _CRF, "preset": "veryfast"}
        self._video.codec_context.thread_count = 0  # as many as there are cores
        self._video.codec_context.colorspace = {"bt709": 1, "bt601": 6}[self._matrix]
        self._frames = self._samples = 0
        self._sound: Any = None
        if sound is not None:
            self._sound_rate, self._layout = sound["sample rate"], sound["channels"]
            self._sound = out.add_stream("aac", rate=self._sound_rate, layout=self._layout)
            self._sound.bit_rate = _SOUND_BITS

    def add(self, clip: Clip) -> None:
        """Write one clip's pictures, then the sound up to where they end."""
        begins = self._frames
        with opened(clip.path) as (container, video):
            for picture in self._pictures(container, video, clip):
                picture.pts, picture.time_base, picture.pict_type = self._frames, 1 / self._rate, 0
                self._out.mux(self._video.encode(picture))
                self._frames += 1
        if self._sound is not None:
            until = round(self._frames / self._rate * self._sound_rate)
            offset = round(begins / self._rate * self._sound_rate)
            self._add_sound(clip, offset, until)

    def close(self) -> None:
        """Write what the encoders still hold."""
        for track in (self._video, self._sound):
            if track is not None:
                self._out.mux(track.encode())

    # ---- pictures --------------------------------------------------------------------------------------------------

    def _pictures(self, container: Any, video: Any, clip: Clip) -> Iterator[Any]:
        """Each picture as often as it is shown at the film's rate, letterboxed."""
        graph, shown, latest = None, 0, None
        whole = max(round(clip.length * self._rate), 1)
        for frame in container.decode(video):
            if graph is None:
                graph = self._graph(video, frame)
            if frame.pts is not None and latest is not None:
                since = frame.pts * Fraction(frame.time_base) - clip.start
                until = min(max(round(since * self._rate), shown), whole)
                yield from _repeated(graph, latest, until - shown)
                shown = until
            latest = frame
        if latest is not None:
            yield from _repeated(graph, latest, whole - shown)

    def _graph(self, video: Any, frame: Any) -> Any:
        import av

        wide, high = self._size
        matrix = f"in_color_matrix={_matrix_of(frame)}:out_color_matrix={self._matrix}"
        steps = [
            "scale=trunc(iw*sar/2)*2:ih,setsar=1" if video.sample_aspect_ratio not in {None, 0, 1} else "",
            _TURNS.get(frame.rotation % 360, ""),
            f"scale={wide}:{high}:force_original_aspect_ratio=decrease:flags=bicubic:{matrix}",
            f"format=yuv420p,pad={wide}:{high}:-1:-1:black,setsar=1",
        ]
        graph = av.filter.Graph()
        last: Any = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(frame.time_base)
        )
        for step in ",".join(text for text in steps if text).split(","):
            name, _, arguments = step.partition("=")
            node = graph.add(name, arguments) if arguments else graph.add(name)
            last.link_to(node)
            last = node
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph

    # ---- sound -----------------------------------------------------------------------------------------------------

    def _add_sound(self, clip: Clip, offset: int, until: int) -> None:
        """A clip's samples from `offset` to `until`, counted in the film; what is missing is silence."""
        if clip.sound is not None:
            with opened(clip.path) as (container, _):
                for first, samples in self._decoded(container, clip):
                    at = offset + first
                    self._write(None, at - self._samples)
                    skip = self._samples - at
                    self._write(samples[:, max(skip, 0) : max(until - at, 0)], None)
        self._write(None, until - self._samples)

    def _decoded(self, container: Any, clip: Clip) -> Iterator[tuple[int, Any]]:
        """Samples, and where they start, from the clip's first picture on."""
        import av

        resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self._sound_rate)
        at: int | None = None
        for frame in [*container.decode(audio=0), None]:
            if frame is not None and at is None and frame.pts is not None:
                at = round((frame.pts * Fraction(frame.time_base) - clip.start) * self._sound_rate)
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray()
                yield at or 0, samples
                at = (at or 0) + samples.shape[1]

    def _write(self, samples: Any, silent: int | None) -> None:
        import av
        import numpy as np

        if samples is None:
            samples = np.zeros((len(av.AudioLayout(self._layout).channels), max(silent or 0, 0)), np.float32)
        for start in range(0, samples.shape[1], self._sound_rate):  # a second at a time
            piece = np.ascontiguousarray(samples[:, start : start + self._sound_rate])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = (
                self._sound_rate,
                self._samples,
                Fraction(1, self._sound_rate),
            )
            self._out.mux(self._sound.encode(frame))
            self._samples += piece.shape[1]


def _repeated(graph: Any, frame: Any, times: int) -> Iterator[Any]:
    for _ in range(times):
        frame.pts = None
        graph.push(frame)
        yield graph.pull()


def _rate_of(clip: Clip) -> Fraction:
    """Frames a second that most of its pictures have."""
    rate = 1 / clip.picture.step if clip.picture.step else Fraction(_USUAL_RATE)
    return rate.limit_denominator(1001) if rate <= _MOST_RATE else Fraction(_USUAL_RATE)


def _matrix_of(frame: Any) -> str:
    """By which matrix a player turns a frame into RGB; as browsers take one that does not say."""
    if frame.colorspace == _UNSPECIFIED:
        return "bt709" if min(frame.width, frame.height) >= _HD_LINES else "bt601"
    return "bt709" if frame.colorspace == 1 else "bt601"
