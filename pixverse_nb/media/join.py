"""Clips joined into one film: packet by packet where their streams allow it, else encoded anew, once.

Pictures follow each other exactly: each clip begins where the pictures of the one before end. AAC sound comes in
packets of about 21 ms, and a player counts them; so packets follow each other without gap or overlap, and at each joint
as many are left out or put in as bring the sound nearest to its picture: at most half a packet off, never adding up.
What a clip's encoder put before its first sound ("priming") is left out behind the first clip.

A clip that goes on from the last frame of another shows that frame once more: nothing can be taken out of a compressed
stream without encoding it anew, so it stays, 1/24 s of standing still.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pixverse_nb.errors import ClipError

from .partial import _FORBIDDEN, _FULL, disk_trouble
from .probe import _first_frame, opened, probe

COPIED, ENCODED = "stream copy", "re-encoded"

_MARK = "joined by pixverse_nb: "
_PICTURE = ("codec", "size", "shape of pixels", "turn", "encoder settings", "frame rate")
_SOUND = ("sound", "codec of the sound", "sample rate", "channels", "encoder settings of the sound")
_UNSHOWN = {"encoder settings", "encoder settings of the sound"}  # bytes say nothing to people
_MOST_TICKS = 10_000_000  # a track's clock, ticks a second, that every player keeps
_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: the settings stand in the file's index, as MP4 has them
_DISK = _FULL | _FORBIDDEN


@dataclass(frozen=True)
class Joined:
    """How a film was joined.

    Attributes
    ----------
    how : str
        "stream copy": every picture is the clips' own, bit by bit; or "re-encoded".
    reason : str
        Why it was encoded anew; else empty.
    """

    how: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.how}: {self.reason}" if self.reason else self.how


@dataclass(frozen=True)
class Track:
    """A track's packets.

    Attributes
    ----------
    kind : dict
        What must be equal for packets to follow each other, by its name.
    base : Fraction
        Of its ticks, s.
    pts : list of int
        Ticks, in the order of the file.
    end : Fraction
        Where the packet that is shown last ends, s.
    step : Fraction
        How long most packets are, s.
    """

    kind: Mapping[str, Any]
    base: Fraction
    pts: list[int]
    end: Fraction
    step: Fraction


@dataclass(frozen=True)
class Clip:
    """A clip as it was looked at before joining; times in its file's own clock, s."""

    path: Path
    picture: Track
    sound: Track | None

    @property
    def start(self) -> Fraction:
        """When its first picture is shown."""
        return min(self.picture.pts) * self.picture.base

    @property
    def length(self) -> Fraction:
        """How long its pictures are shown."""
        return self.picture.end - self.start


class NotCopyable(Exception):
    """Packets cannot follow each other; says why."""


def join(paths: Sequence[Path], target: Path) -> Joined:
    """Write clips, one after the other, into one MP4, its index in front.

    Where size, rate, sound or the encoder's settings differ, all is encoded anew: with the first clip's size and rate,
    the others letterboxed and never distorted, with silence where a clip has no sound.

    Parameters
    ----------
    paths : sequence of Path
        One or more, in their order.
    target : Path
        Written anew; the caller moves it to its place, and removes it after an error.

    Raises
    ------
    ClipError
        When a clip is missing or broken, or the disk refuses.
    """
    clips = [look(path) for path in paths]
    if not clips:
        raise ClipError("there is no clip to join", remedy="Pass at least one.")
    try:
        try:
            _check_alike(clips)
            _copy(clips, target)
            _check_written(clips, target)
            return Joined(COPIED)
        except NotCopyable as why:
            from .recode import recode

            made = Joined(ENCODED, str(why))
            recode(clips, target, comment=_MARK + str(made))
            probe(target)
            return made
    except (OSError, ClipError) as error:  # FFmpeg's errors are OSErrors, too
        # What is written while a clip is open is told as the clip's; but no reading fills a disk.
        cause = error.__cause__ if isinstance(error, ClipError) else error
        if isinstance(cause, OSError) and cause.errno in (_FULL if cause is not error else _DISK):
            what, remedy = disk_trouble(cause, target.parent)
            raise ClipError(what, remedy=f"{remedy}, then join them again; the clips themselves are safe.") from error
        if isinstance(error, ClipError):
            raise
        raise ClipError(
            f"the clips could not be joined ({error.strerror or type(error).__name__})",
            remedy="The clips themselves are safe.",
        ) from error


def how_joined(path: Path) -> Joined | None:
    """How a film was joined, as it says itself; None when that was not here. Raises ClipError when it is broken."""
    probe(path)
    with opened(path) as (container, _):
        said = container.metadata.get("comment", "")
    how, _, reason = said.removeprefix(_MARK).partition(": ")
    return Joined(how, reason) if said.startswith(_MARK) and how in {COPIED, ENCODED} else None


# ---- looking -------------------------------------------------------------------------------------------------------


def look(path: Path) -> Clip:
    """Look through a clip's packets; its first frame is decoded. Raises ClipError when it is missing or broken."""
    probe(path)
    with opened(path) as (container, video):
        turn = _first_frame(container, video).rotation
        container.seek(0)
        sound = next((s for s in container.streams.audio if s.codec_context is not None), None)
        streams: list[Any] = [video, sound] if sound else [video]
        found: dict[int, list[tuple[int, int]]] = {stream.index: [] for stream in streams}
        for packet in container.demux(*streams):
            if packet.size and packet.pts is not None:
                found[packet.stream.index].append((packet.pts, packet.duration or 0))
        picture = _track(video, found[video.index], _picture_kind(video, turn))
        if not picture.pts:
            raise ClipError(f"the clip {path} does not play: it has no frames", remedy="Choose another one.")
        heard = found[sound.index] if sound else []
        return Clip(path, picture, _track(sound, heard, _sound_kind(sound)) if heard else None)


def _track(stream: Any, packets: Sequence[tuple[int, int]], kind: Mapping[str, Any]) -> Track:
    base = Fraction(stream.time_base)
    lengths = Counter(length for _, length in packets if length)
    step = lengths.most_common(1)[0][0] * base if lengths else Fraction(0)
    end = sum(max(packets, default=(0, 0))) * base
    if "frame rate" in kind:
        kind = {**kind, "frame rate": round(float(1 / step), 2) if step else 0.0}
    return Track(kind, base, [pts for pts, _ in packets], end, step)


def _picture_kind(video: Any, turn: int) -> dict[str, Any]:
    context = video.codec_context
    shape = video.sample_aspect_ratio or 1
    size = f"{context.width}×{context.height}"
    codec = f"{context.name} {context.pix_fmt} {context.codec_tag}"
    return dict(zip(_PICTURE, (codec, size, str(shape), f"{turn}°", context.extradata, 0.0), strict=True))


def _sound_kind(sound: Any) -> dict[str, Any]:
    context = sound.codec_context
    facts = ("with sound", context.name, context.sample_rate, context.layout.name, context.extradata)
    return dict(zip(_SOUND, facts, strict=True))


def _check_alike(clips: Sequence[Clip]) -> None:
    first, *others = [{**c.picture.kind, **(c.sound.kind if c.sound else {"sound": "silent"})} for c in clips]
    for number, other in enumerate(others, 2):
        for name in (*_PICTURE, *_SOUND):
            one, two = first.get(name), other.get(name)
            if one != two:
                said = "" if name in _UNSHOWN else f": {two}, and {one} in the first"
                verb = "differ" if "settings" in name or name == "channels" else "differs"
                raise NotCopyable(f"the {name} of clip {number} {verb} from the first clip's{said}")


# ---- copying -------------------------------------------------------------------------------------------------------


@dataclass
class _Part:
    """A clip's sound in the film: which packets, from which of the film's packets on; silent packets behind it."""

    first: int
    count: int
    place: int
    pads: int = 0


def _copy(clips: Sequence[Clip], target: Path) -> None:
    import av

    clock = math.lcm(*(clip.picture.base.denominator for clip in clips))
    if clock > _MOST_TICKS:
        raise NotCopyable("the clips' clocks do not fit together")
    starts = _starts(clips)
    parts, pad = _sound_parts(clips, starts)
    origin, step = _origin(clips[0]), clips[0].sound.step if clips[0].sound else Fraction(0)
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    try:
        with av.open(str(target.absolute()), "w", format="mp4", options=options) as out:
            out.metadata["comment"] = _MARK + COPIED
            tracks: list[Any] = []
            for clip, own, part in zip(clips, _moments(clips, starts), parts, strict=True):
                with opened(clip.path) as (container, video):
                    sound = container.streams.audio[0] if clip.sound else None
                    if not tracks:
                        sources: list[Any] = [video, sound] if sound else [video]
                        tracks = [out.add_stream_from_template(source, opaque=True) for source in sources]
                        tracks[0].time_base = Fraction(1, clock)
                    moved = [(packet, tracks[0]) for packet in _pictures(container, video, clock, own)]
                    if sound is not None and part is not None:
                        container.seek(0)
                        sounds = _sounds(container, sound, part, origin, step, pad)
                        moved += [(packet, tracks[1]) for packet in sounds]
                    for packet, track in sorted(moved, key=lambda one: one[0].dts * one[0].time_base):
                        packet.stream = track
                        out.mux(packet)
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise NotCopyable(f"their packets cannot be copied ({type(error).__name__})") from error
    except av.FFmpegError as error:
        if error.errno in _DISK:
            raise
        raise NotCopyable(f"their packets cannot be copied ({error.strerror or type(error).__name__})") from error


def _starts(clips: Sequence[Clip]) -> list[Fraction]:
    """When each clip's first picture is shown in the film, s."""
    return [Fraction(0), *itertools.accumulate(clip.length for clip in clips[:-1])]


def _moments(clips: Sequence[Clip], starts: Sequence[Fraction]) -> list[list[tuple[Fraction, Fraction]]]:
    """When each picture is shown and decoded in the film, s, in the order of the files.

    Pictures are decoded in the order in which they are stored. That one takes the time of another at a joint, as the
    clips' own figures may have it, no decoder would take; so they are decoded at the moments at which pictures are
    shown, as much earlier as their order asks for.
    """
    shown = [[p * c.picture.base - c.start + at for p in c.picture.pts] for c, at in zip(clips, starts, strict=True)]
    flat = [moment for clip in shown for moment in clip]
    ranks = {moment: rank for rank, moment in enumerate(sorted(flat))}
    if len(ranks) < len(flat):
        raise NotCopyable("two pictures are shown at one moment")
    early = max(number - ranks[moment] for number, moment in enumerate(flat))
    before = [-n * (clips[0].picture.step or clips[0].picture.base) for n in range(early, 0, -1)]
    decoded = iter([*before, *ranks])
    return [[(moment, next(decoded)) for moment in clip] for clip in shown]


def _pictures(container: Any, video: Any, clock: int, moments: Iterable[tuple[Fraction, Fraction]]) -> Iterator[Any]:
    found = (packet for packet in container.demux(video) if packet.size and packet.pts is not None)
    for packet, (shown, decoded) in zip(found, moments, strict=True):
        yield _placed(packet, Fraction(1, clock), shown, decoded, (packet.duration or 0) * packet.time_base)


def _placed(packet: Any, base: Fraction, pts: Fraction, dts: Fraction, length: Fraction) -> Any:
    packet.time_base = base
    packet.pts, packet.dts, packet.duration = round(pts / base), round(dts / base), round(length / base)
    return packet


def _sound_parts(clips: Sequence[Clip], starts: Sequence[Fraction]) -> tuple[list[_Part | None], bytes]:
    """Which packets of each clip's sound are in the film, and where; and a silent one, where one is needed."""
    first = clips[0].sound
    if first is None:
        return [None] * len(clips), b""
    parts: list[_Part] = []
    origin = _origin(clips[0])
    for clip, start in zip(clips, starts, strict=True):
        track = clip.sound
        if track is None or not _is_even(track):
            raise NotCopyable("the packets of the sound do not follow each other evenly")
        rel = [pts * track.base - clip.start for pts in track.pts]
        skipped = sum(at + track.step <= 0 for at in rel) if parts else 0
        if skipped == len(rel):
            raise NotCopyable("the sound of a clip ends before its first picture")
        if parts:
            _bring_near(parts[-1], round((start + rel[skipped] - origin) / first.step))
        place = parts[-1].place + parts[-1].count + parts[-1].pads if parts else 0
        parts.append(_Part(skipped, len(rel) - skipped, place))
    return [*parts], _silence(first) if any(part.pads for part in parts) else b""


def _origin(clip: Clip) -> Fraction:
    """When the film's first packet of sound is played, s; before its first picture, where it holds priming."""
    return clip.sound.pts[0] * clip.sound.base - clip.start if clip.sound else Fraction(0)


def _is_even(track: Track) -> bool:
    """Whether its packets are AAC, each as long as the others, without gaps."""
    if track.kind["codec of the sound"] != "aac" or not track.step:
        return False
    step = track.step / track.base
    return all(abs(pts - track.pts[0] - n * step) <= step / 4 for n, pts in enumerate(track.pts))


def _bring_near(part: _Part, wanted: int) -> None:
    """Cut or lengthen a clip's sound, so that the next one's starts at a place, counted in packets."""
    end = part.place + part.count
    if wanted <= part.place:
        raise NotCopyable("the sound of a clip is too short")
    part.count -= max(end - wanted, 0)
    part.pads = max(wanted - end, 0)


def _sounds(container: Any, sound: Any, part: _Part, origin: Fraction, step: Fraction, pad: bytes) -> Iterator[Any]:
    """A clip's packets of sound, and silent ones behind them, each in its place; the caller sets their track."""
    import av

    found = (packet for packet in container.demux(sound) if packet.size and packet.pts is not None)
    kept: list[Any] = list(itertools.islice(found, part.first, part.first + part.count))
    kept += [av.Packet(pad) for _ in range(part.pads)]
    base = Fraction(1, sound.codec_context.sample_rate)
    for place, packet in enumerate(kept, part.place):
        at = origin + place * step
        yield _placed(packet, base, at, at, step)


def _silence(sound: Track) -> bytes:
    """A packet of silence, as the sound's own encoder would write it."""
    import av

    rate, layout = sound.kind["sample rate"], sound.kind["channels"]
    encoder: Any = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
    encoder.time_base = Fraction(1, rate)
    encoder.flags |= _GLOBAL_HEADER
    packets: list[bytes] = []
    for number in range(4):  # the first ones hold how the encoder begins
        frame = av.AudioFrame(format="fltp", layout=layout, samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = rate, number * 1024, Fraction(1, rate)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    if encoder.extradata != sound.kind["encoder settings of the sound"] or not packets:
        raise NotCopyable("the sound of a clip is shorter than its pictures, and silence cannot be put behind it")
    return packets[-1]


def _check_written(clips: Sequence[Clip], target: Path) -> None:
    """Hold what was written against what was meant: every picture at its moment."""
    film = look(target)
    meant = [shown for clip in _moments(clips, _starts(clips)) for shown, _ in clip]
    found = [pts * film.picture.base - film.start for pts in film.picture.pts]
    if found != meant or (film.sound is None) != (clips[0].sound is None):
        raise NotCopyable("their packets would be shown at other moments")
