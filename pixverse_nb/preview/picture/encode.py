"""Frames and sound into a finished MP4, one at a time, so that memory does not grow with the clip."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from .lens import planes_of
from .planes import Frame
from .shot import FPS
from .world import World

Samples = NDArray[np.float32]

RATE = 48_000
"""Sound samples per second."""

# ultrafast leaves the deblocking out; soft skies need it. A keyframe every second makes seeking and posters quick.
# Packing the bits tightly (CABAC) would add two fifths to the encoder's time and save a sixth of the file.
_X264 = f"deblock=0,0:ref=1:cabac=0:keyint={FPS}:min-keyint={FPS}:stitchable=1"
# A constant quantiser: judging each frame and block, as crf and adaptive quantisation do, takes a fifth of the
# encoder's time. What a scene needs is known before it is drawn.
_USUAL, _DARK, _WET = 22, 20, 26
_FALLS = frozenset({"rain", "storm", "snowfall"})
# Noise too faint for 16 bits, so that no band of the sound is empty: of pads, whose upper bands are, the encoder cannot
# spend the bits that it may, and tries again and again, which takes it twice as long as noise does.
_WHISPER = 2e-5


def fineness(world: World) -> int:
    """The quantiser that suits a scene: 20 (fine) to 26 (coarse).

    Streaks and flakes are new in every frame, are the dearest thing to encode, and hide what is coarse; dark gradients
    show each step, unless fireworks light them.
    """
    weather = world.scene.weather
    if weather & _FALLS:
        return _WET
    return _DARK if world.light.night and "fireworks" not in weather else _USUAL


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A temporary file in the same folder that becomes `path` when all went well, and vanishes otherwise."""
    handle, name = tempfile.mkstemp(prefix=".rendering-", suffix=".mp4", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write(
    path: Path,
    size: tuple[int, int],
    frames: Iterable[Frame],
    sound: Iterator[Samples] | None,
    quantiser: int = _USUAL,
) -> None:
    """Encode to `path`: H.264 yuv420p at 24 frames per second, AAC stereo at 48 kHz, faststart.

    Parameters
    ----------
    path : Path
        Where the finished file appears, all at once; its folder must exist.
    size : tuple of int
        Even width and height in px.
    frames : iterable of Frame
        Each is copied before the next is asked for.
    sound : iterator of arrays or None
        Float32 (2, 48000) blocks in -1..1, one for every 24 frames; None for a clip without a sound track.
    quantiser : int
        How coarse the picture may be: 0 (exact) to 51; see `fineness`.
    """
    with (
        _beside(path) as temporary,
        av.open(
            str(temporary), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        ) as container,
    ):
        video = _video_stream(container, size, quantiser)
        picture = av.VideoFrame(*size, "yuv420p")
        voice = None if sound is None else _sound_stream(container)
        for number, frame in enumerate(frames):
            if voice is not None and sound is not None and number % FPS == 0:
                container.mux(voice.encode(_sound_frame(next(sound), number // FPS)))
            _copy(frame, picture, number)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if voice is not None:
            container.mux(voice.encode(None))


def _video_stream(container: OutputContainer, size: tuple[int, int], quantiser: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=FPS)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, FPS)
    # One thread: the same bytes every time, and two clips at once share two cores fairly.
    stream.thread_count = 1
    stream.options = {"preset": "ultrafast", "qp": str(quantiser), "threads": "1", "x264-params": _X264}
    context = stream.codec_context
    context.time_base = Fraction(1, FPS)
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1  # video levels
    return stream


def _sound_stream(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=RATE, layout="stereo")
    stream.bit_rate = 128_000
    stream.options = {"aac_coder": "fast"}  # three times the speed
    return stream


def _sound_frame(block: Samples, second: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(block + _whisper(), format="fltp", layout="stereo")
    frame.sample_rate = RATE
    frame.time_base = Fraction(1, RATE)
    frame.pts = second * RATE
    return frame


@lru_cache(maxsize=1)
def _whisper() -> Samples:
    """One second of noise that nobody hears."""
    noise: Samples = np.random.default_rng(7).standard_normal((2, RATE), np.float32)
    noise *= np.float32(_WHISPER)
    return noise


def _copy(frame: Frame, picture: av.VideoFrame, number: int) -> None:
    """Fill the one picture that every frame is encoded from: the encoder has copied it when it returns."""
    for target, source in zip(planes_of(picture), frame.planes, strict=True):
        target[...] = source
    picture.pts = number
    picture.time_base = Fraction(1, FPS)
