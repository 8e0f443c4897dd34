"""Ambience that suits the words: looped textures, events at moments of their own, and slow pads, mixed second by second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .encode import RATE, Samples
from .world import World

_LOOP = 4  # s: textures repeat without a seam after this time
_FADE = 0.6  # s
_POINTS = 400  # of a slow wave, per second
_APART = np.array([[0.0], [0.7]])  # by how much the right side's slow waves are ahead
_KEPT = 12  # textures, of 2 MB each: the next clips begin them elsewhere
Clock = NDArray[np.float64]
Voice = Callable[[Clock], Samples]
"""Seconds since the start (n,) -> stereo samples (2, n)."""


def sound(world: World) -> Iterator[Samples]:
    """One second of stereo at 48 kHz after the other, float32 (2, 48000) within -1..1; fades in and out."""
    voices = _voices(world)
    total = world.shot.duration
    for second in range(total):
        clock = second + np.arange(RATE) / RATE
        mixed = np.zeros((2, RATE), np.float32)
        for level, voice in voices:
            mixed += level * voice(clock)
        edge = np.clip(np.minimum(clock, total - clock) / min(_FADE, total / 4), 0, 1)
        # What is louder is driven harder into the soft limit; what is quieter is turned down behind it.
        loud = world.scene.loudness
        limited = np.tanh(mixed * (1.1 * max(loud, 1.0))) * (0.85 * min(loud, 1.0))
        yield (limited * np.sin(edge * np.pi / 2) ** 2).astype(np.float32)


def layers(world: World) -> dict[str, float]:
    """Which voices are heard and how loud: from the place, the weather, the subjects and the words for sounds."""
    scene = world.scene
    kinds = [actor.kind for actor in scene.actors]
    mix: dict[str, float] = dict(_PLACES.get(scene.place, {"pad": 0.5}))
    if scene.place == "studio" and kinds[:1] == ["candle"]:
        mix = {"pad": 0.14, "fire": 0.05}  # a small flame in a still room
    if scene.place in {"meadow", "forest"} and world.light.night:
        mix = {"crickets": 0.35, "wind": 0.25}
    for kind in scene.weather:
        for voice, level in _WEATHER.get(kind, {}).items():
            mix[voice] = max(mix.get(voice, 0.0), level)
    for word in scene.sounds:
        voice, level = _WORDS[word]
        mix[voice] = max(mix.get(voice, 0.0), level)
    for kind in kinds:
        for voice, level in _ACTORS.get(kind, {}).items():
            mix[voice] = max(mix.get(voice, 0.0), level)
    for word in scene.unheard:
        mix.pop(_WORDS[word][0], None)
    return mix or {"wind": 0.15}  # a track was asked for, and something is always in the air


_PLACES: dict[str, dict[str, float]] = {
    "sea": {"sea": 0.8}, "beach": {"sea": 0.7, "birds": 0.08}, "lake": {"lapping": 0.4, "wind": 0.2, "birds": 0.12},
    "city": {"hum": 0.6, "traffic": 0.25}, "street": {"crowd": 0.28, "hum": 0.2, "birds": 0.06}, "forest": {"birds": 0.35, "wind": 0.2},
    "desert": {"wind": 0.6}, "snow": {"wind": 0.55}, "mountains": {"wind": 0.5, "birds": 0.06}, "space": {"drone": 0.7},
    "underwater": {"deep": 0.7}, "meadow": {"birds": 0.28, "wind": 0.22}, "studio": {"pad": 0.5}, "dream": {"pad": 0.55},
    "moon": {"drone": 0.12}, "mars": {"wind": 0.45},
}  # fmt: skip
_WEATHER = {"rain": {"rain": 0.6}, "storm": {"rain": 0.65, "thunder": 0.8, "wind": 0.5}, "wind": {"wind": 0.45}, "fireflies": {"crickets": 0.25},
            "aurora": {"pad": 0.4}, "stars": {"pad": 0.25}, "petals": {"pad": 0.3}, "fog": {"wind": 0.25},
            "fireworks": {"bangs": 0.8}, "eruption": {"roar": 0.4}}  # fmt: skip
_WORDS = {
    "crowd": ("crowd", 0.5),
    "traffic": ("traffic", 0.5),
    "fire": ("fire", 0.6),
    "music": ("pad", 0.55),
    "engine": ("engine", 0.35),
}
_ACTORS = {"car": {"engine": 0.30}, "train": {"engine": 0.5}, "rocket": {"roar": 0.8}, "plane": {"engine": 0.25}, "campfire": {"fire": 0.6},
           "ship": {"sea": 0.5}, "ufo": {"drone": 0.4}, "robot": {"drone": 0.15}, "product": {"pad": 0.5}, "balloon": {"wind": 0.3},
           "waterfall": {"falls": 0.8}, "volcano": {"roar": 0.5, "fire": 0.3}, "crowd": {"crowd": 0.5}, "submarine": {"hum": 0.5}, "dragon": {"growl": 0.8, "fire": 0.3}}  # fmt: skip


def _voices(world: World) -> list[tuple[float, Voice]]:
    return [(level, _MAKERS[name](world)) for name, level in sorted(layers(world).items())]


def texture(rng: np.random.Generator, low: float, high: float, tilt: float) -> Samples:
    """Stereo noise that loops: a band from `low` to `high` Hz whose power falls by `tilt` per octave-like step; rms 0.3."""
    count = _LOOP * RATE
    frequency = np.fft.rfftfreq(count, 1 / RATE).astype(np.float32)
    frequency[0] = 1.0
    under, over = (low / frequency) ** 2, (frequency / high) ** 2
    shape = frequency**-tilt / (1 + under * under * under) / (1 + over * over * over)
    angles = rng.random((2, len(frequency)), dtype=np.float32) * np.float32(2 * np.pi)
    parts = np.empty(angles.shape, np.complex64)
    np.multiply(np.cos(angles), shape, out=parts.real)
    np.multiply(np.sin(angles), shape, out=parts.imag)
    parts[1] = np.float32(0.55) * parts[0] + np.float32(0.83) * parts[1]  # the two sides know of each other
    wave = np.fft.irfft(parts, count)
    level: Samples = (wave * (0.3 / wave.std())).astype(np.float32)
    return level


@lru_cache(maxsize=_KEPT)
def _endless(name: str, low: float, high: float, tilt: float) -> Samples:
    """The texture of this name, the same in every clip, and its first second once more: any second of it is one piece."""
    wave = texture(np.random.default_rng(list(name.encode())), low, high, tilt)
    long: Samples = np.concatenate([wave, wave[:, :RATE]], axis=1)
    return long


def _swelling(
    world: World, name: str, band: tuple[float, float, float], rates: tuple[float, ...], floor: float
) -> Voice:
    """Noise in a band whose loudness comes and goes in slow waves, each side a little apart."""
    rng = world.dice(f"sound {name}")
    wave = _endless(name, *band)
    begins = int(rng.integers(_LOOP * RATE))
    phases = rng.random(len(rates)) * 2 * np.pi
    along = np.arange(RATE // _POINTS, dtype=np.float32) / np.float32(RATE // _POINTS)

    def voice(clock: Clock) -> Samples:
        # Slow waves: a few hundred points of a second say all of them, with straight lines in between.
        coarse = clock[0] + np.arange(_POINTS + 1) / _POINTS
        waves = [np.sin(2 * np.pi * r * coarse + p + _APART) for r, p in zip(rates, phases, strict=True)]
        swell = (floor + (1 - floor) * (0.5 + 0.5 * np.mean(waves, axis=0)) ** 2).astype(np.float32)
        lines = swell[:, :-1, None] + np.diff(swell)[:, :, None] * along
        start = (begins + round(float(clock[0]) * RATE)) % (_LOOP * RATE)
        heard: Samples = wave[:, start : start + RATE] * lines.reshape(2, RATE)
        return heard

    return voice


@dataclass(frozen=True)
class Event:
    """A short sound: when (s), how long (s), where (0 left to 1 right), and two numbers of its own."""

    at: float
    long: float
    side: float
    a: float
    b: float


def _events(
    world: World,
    name: str,
    per_second: float,
    long: tuple[float, float],
    shape: Callable[[Clock, Event], NDArray[np.float64]],
) -> Voice:
    """Sounds at random moments; `shape` gives samples from the seconds since the event's start."""
    rng = world.dice(f"events {name}")
    count = max(2, round(per_second * world.shot.duration))
    events = [
        Event(
            float(rng.random() * world.shot.duration),
            float(long[0] + (long[1] - long[0]) * rng.random()),
            *(float(v) for v in rng.random(3)),
        )
        for _ in range(count)
    ]

    def voice(clock: Clock) -> Samples:
        out = np.zeros((2, len(clock)), np.float32)
        for event in events:
            if event.at > clock[-1] or event.at + event.long < clock[0]:
                continue
            first, past = np.searchsorted(clock, (event.at, event.at + event.long))
            # Rounding must not take it past its end: some shapes know nothing there.
            wave = shape(np.minimum(clock[first:past] - event.at, event.long), event).astype(np.float32)
            out[0, first:past] += wave * np.float32((1 - event.side) ** 0.5)
            out[1, first:past] += wave * np.float32(event.side**0.5)
        return out

    return voice


def _chirp(since: Clock, event: Event) -> Clock:
    """A bird's phrase: a few quick sweeps."""
    notes = 2 + int(event.a * 4)
    part = since / event.long * notes % 1.0
    bend = np.pi * (1 + event.a)
    # Cycles of a pitch that bends by 700 Hz: its integral, for a phrase may begin in one second and end in the next.
    cycles = ((2300 + 2600 * event.b) * part + 700 * (1 - np.cos(part * bend)) / bend) * (event.long / notes)
    wave: Clock = np.sin(2 * np.pi * cycles) * np.sin(np.pi * part) ** 2 * np.sin(np.pi * since / event.long)
    return wave


def _cricket(since: Clock, event: Event) -> NDArray[np.float64]:
    wave: Clock = (
        np.sin(2 * np.pi * (4100 + 500 * event.a) * since)
        * np.clip(np.sin(2 * np.pi * 31 * since), 0, 1)
        * np.sin(np.pi * since / event.long) ** 2
        * 0.5
    )
    return wave


def _crack(since: Clock, event: Event) -> NDArray[np.float64]:
    pitch = 900 + 2600 * event.a
    wave: Clock = (
        np.sin(2 * np.pi * pitch * since * (1 + 3 * since))
        * np.exp(-since * (180 + 400 * event.b))
        * (0.4 + 0.9 * event.b)
    )
    return wave


def _bubble(since: Clock, event: Event) -> NDArray[np.float64]:
    wave: Clock = (
        np.sin(2 * np.pi * (260 + 500 * event.a) * since * (1 + 1.5 * since / event.long))
        * np.sin(np.pi * since / event.long) ** 2
        * 0.5
    )
    return wave


def _horn(since: Clock, event: Event) -> NDArray[np.float64]:
    base = 310 + 140 * event.a
    wave = sum(np.sin(2 * np.pi * base * k * ratio * since) / k for k in (1, 2, 3) for ratio in (1.0, 1.26))
    return np.asarray(wave) * np.sin(np.pi * since / event.long) ** 0.5 * 0.08


def _boom(since: Clock, event: Event) -> NDArray[np.float64]:
    grumble = sum(np.sin(2 * np.pi * f * since + 5 * event.a * k) for k, f in enumerate((31, 43, 58, 77, 96)))
    rough = np.sin(2 * np.pi * 11 * since + event.b) * 0.4 + 0.6
    return np.asarray(grumble) * rough * np.exp(-since * 1.6) * np.clip(since * 20, 0, 1) * 0.35


def _bang(since: Clock, event: Event) -> NDArray[np.float64]:
    """A firework's thud, and its crackle."""
    rattle = np.sin(since * 310) ** 2
    rattle *= rattle
    thud = np.sin(2 * np.pi * (70 + 30 * event.a) * since * np.exp(-since * 2)) * np.exp(-since * 9)
    crackle = (
        np.sin(2 * np.pi * (1900 + 900 * event.b) * since * (1 + 5 * since)) * (rattle * rattle) * np.exp(-since * 3.5)
    )
    return np.asarray(thud + 0.22 * crackle) * np.clip(since * 200, 0, 1)


def _growl(since: Clock, event: Event) -> NDArray[np.float64]:
    """A beast's roar: a rough low voice that rises, breaks and falls."""
    part = since / event.long
    # Three quarters of its pitch at both ends, half as much again in the middle.
    angle = 2 * np.pi * (52 + 26 * event.a) * event.long * (0.75 * part + 0.6 * (1 - np.cos(np.pi * part)) / np.pi)
    throat = sum(np.sin(k * angle + 0.7 * k * k) / k**0.7 for k in range(1, 12))
    rough = 0.55 + 0.45 * np.sin(2 * np.pi * (23 + 9 * event.b) * since + 2.0 * np.sin(2 * np.pi * 3.1 * since))
    wave: Clock = np.asarray(throat) * rough * np.sin(np.pi * part) ** 0.8 * 0.22
    return wave


def _both(*parts: tuple[float, Voice]) -> Voice:
    def voice(clock: Clock) -> Samples:
        mixed: Samples = np.sum([level * part(clock) for level, part in parts], axis=0, dtype=np.float32)
        return mixed

    return voice


_SCALES = ((0, 3, 7, 10, 14), (0, 4, 7, 11, 14), (0, 5, 7, 12, 16))


def _sine(cycles: Clock) -> NDArray[np.float32]:
    """A sine by its count of cycles: only the fraction goes into short, quick numbers."""
    wave: NDArray[np.float32] = np.sin((cycles - np.floor(cycles)).astype(np.float32) * np.float32(2 * np.pi))
    return wave


def _pad(world: World) -> Voice:
    """A slow chord progression of soft, slightly detuned tones, in a key of the prompt's own."""
    rng = world.dice("pad")
    root = 110.0 * 2 ** (int(rng.integers(0, 12)) / 12)
    dark = world.light.night or world.scene.moods & {"dark", "noir", "cold"}
    scale = _SCALES[0 if dark else int(rng.integers(1, 3))]
    steps = [int(n) for n in rng.choice((0, -4, 3, 5, -2), 4)]
    long = 3.0

    def voice(clock: Clock) -> Samples:
        out = np.zeros((2, len(clock)), np.float32)
        for number in range(int(clock[0] / long) - 1, int(clock[-1] / long) + 1):
            if number < 0:
                continue
            since = clock - number * long
            swell = np.clip(since / 0.9, 0, 1) * np.clip((long + 1.6 - since) / 1.6, 0, 1)
            swell[since < 0] = 0
            swell = swell.astype(np.float32)
            for n, note in enumerate(scale):
                pitch = root * 2 ** ((note + steps[number % len(steps)]) / 12)
                for side, detune in enumerate((0.9985, 1.0015)):
                    cycles = pitch * detune * clock
                    tone = _sine(cycles) + np.float32(0.25) * _sine(2 * cycles + n / (2 * np.pi))
                    out[side] += tone * (swell * np.float32(0.16 / (1 + 0.25 * n)))
        return out

    return voice


def _drone(world: World) -> Voice:
    """Low beating tones, and a far shimmer."""
    rng = world.dice("drone")
    base = 42 + 20 * float(rng.random())
    parts = [
        (base * k * (1 + 0.004 * float(rng.normal())), 0.5 / k, float(rng.random()) * 6.28)
        for k in (1, 1.5, 2, 3, 4.02, 6)
    ]

    def voice(clock: Clock) -> Samples:
        sides = [
            sum(
                level * np.sin(2 * np.pi * f * clock * (1 + 0.0012 * side) + p) * (0.7 + 0.3 * np.sin(0.5 * clock + p))
                for f, level, p in parts
            )
            for side in (0, 1)
        ]
        return (np.stack([np.asarray(s) for s in sides]) * 0.45).astype(np.float32)

    return voice


def _engine(world: World) -> Voice:
    """A motor: harmonics of a wavering low tone."""
    rng = world.dice("engine")
    base = 46 + 26 * float(rng.random())
    hiss = _swelling(world, "engine", (120, 900, 0.6), (0.4,), 0.5)

    def voice(clock: Clock) -> Samples:
        angle = 2 * np.pi * base * clock + 0.8 * np.sin(2 * np.pi * 0.31 * clock)
        tone = sum(np.sin(k * angle + 0.4 * k * k) / k for k in range(1, 8)) * (
            0.8 + 0.2 * np.sin(2 * np.pi * 9 * clock)
        )
        return (0.35 * np.asarray(tone)[None, :] + 0.8 * hiss(clock)).astype(np.float32)

    return voice


_MAKERS: dict[str, Callable[[World], Voice]] = {
    "sea": lambda w: _both((1.3, _swelling(w, "surf", (60, 5200, 0.55), (0.13, 0.21), 0.10)), (0.4, _swelling(w, "deep", (30, 240, 0.4), (0.07,), 0.5))),
    "lapping": lambda w: _both((0.7, _swelling(w, "lap", (250, 2600, 0.5), (0.55, 0.83), 0.1)), (0.25, _events(w, "lap", 2.0, (0.05, 0.12), _bubble))),
    "wind": lambda w: _both((1.0, _swelling(w, "wind", (90, 900, 0.7), (0.11, 0.29), 0.15)), (0.4, _swelling(w, "whistle", (500, 1500, 0.2), (0.17, 0.37), 0.0))),
    "rain": lambda w: _both((0.9, _swelling(w, "rain", (900, 9500, 0.25), (0.09,), 0.75)), (0.25, _events(w, "drops", 26, (0.01, 0.04), _crack))),
    "falls": lambda w: _both((1.0, _swelling(w, "falls", (180, 6500, 0.45), (0.10, 0.17), 0.85)), (0.4, _swelling(w, "plunge", (40, 320, 0.5), (0.3,), 0.7))),
    "bangs": lambda w: _events(w, "bangs", 1.6, (0.5, 1.1), _bang),
    "thunder": lambda w: _events(w, "thunder", 0.35, (2.2, 3.6), _boom),
    "birds": lambda w: _both((0.8, _events(w, "birds", 1.5, (0.25, 0.8), _chirp)), (0.2, _swelling(w, "leaves", (900, 4200, 0.4), (0.23,), 0.3))),
    "crickets": lambda w: _both((0.5, _events(w, "crickets", 3.0, (0.3, 0.9), _cricket)), (0.2, _swelling(w, "night", (200, 1600, 0.8), (0.1,), 0.6))),
    "hum": lambda w: _both((1.0, _swelling(w, "hum", (35, 320, 0.8), (0.08, 0.19), 0.6)), (0.25, _swelling(w, "air", (300, 2400, 0.7), (0.13,), 0.5))),
    "traffic": lambda w: _both((1.0, _swelling(w, "pass", (100, 1300, 0.5), (0.22, 0.35), 0.05)), (0.5, _events(w, "horns", 0.35, (0.25, 0.7), _horn))),
    "crowd": lambda w: _both((0.8, _swelling(w, "voices", (220, 2100, 0.5), (2.3, 3.7, 5.1), 0.25)), (0.5, _swelling(w, "room", (150, 900, 0.6), (0.5, 1.3), 0.4))),
    "fire": lambda w: _both((0.6, _swelling(w, "fire", (60, 700, 0.7), (1.1, 2.3), 0.4)), (0.9, _events(w, "cracks", 14, (0.01, 0.05), _crack))),
    "deep": lambda w: _both((1.0, _swelling(w, "deep", (25, 260, 0.7), (0.12, 0.2), 0.5)), (0.35, _events(w, "bubbles", 4, (0.05, 0.16), _bubble))),
    "roar": lambda w: _swelling(w, "roar", (25, 1600, 0.5), (0.9, 6.0), 0.7),
    "growl": lambda w: _both((1.0, _events(w, "growl", 0.4, (1.3, 2.1), _growl)), (0.25, _swelling(w, "breath", (80, 700, 0.6), (0.3, 0.7), 0.1))),
    "pad": _pad, "drone": _drone, "engine": _engine,
}  # fmt: skip
