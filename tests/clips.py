"""Real MP4 files for tests, made with PyAV: small pictures whose every frame is known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def grey_of(index: int) -> int:
    """The brightness of frame `index`: 16 levels apart by 8, so that neighbours are told apart after compression."""
    return 64 + 8 * (index % 16)


def make_clip(
    path: Path,
    *,
    width: int = 96,
    height: int = 64,
    frames: int = 24,
    fps: int = 24,
    audio: bool = True,
    faststart: bool = True,
    gop: int = 250,
    b_frames: int = 0,
    rotation: int = 0,
    noise: int = 0,
    container: str = "mp4",
    codec: str = "libx264",
) -> Path:
    """Write a clip whose frame `i` is flat grey of brightness `grey_of(i)`, with a white top left corner.

    `noise` (0-127) makes it large; `rotation` (degrees) is written as a display matrix; `gop` and `b_frames` shape the
    stream, for what depends on keyframes and on the order of frames.
    """
    movflags = {"movflags": "+faststart"} if faststart and container == "mp4" else {}
    with av.open(str(path), "w", format=container, options=movflags) as out:
        video: Any = out.add_stream(codec, rate=fps)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.gop_size = gop
        video.codec_context.thread_count = 1
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "crf": "10", "bf": str(b_frames), "threads": "1"}
            if b_frames:
                video.options = {"preset": "veryfast", "crf": "10", "bf": str(b_frames), "threads": "1"}
        if rotation:
            video.set_display_rotation(rotation)
        sound: Any = out.add_stream("aac" if container == "mp4" else "libopus", rate=48000) if audio else None
        generator = np.random.default_rng(1)
        for index in range(frames):
            picture = np.full((height, width, 3), grey_of(index), np.uint8)
            if noise:
                picture = picture + generator.integers(0, noise, picture.shape, dtype=np.uint8)
            picture[: height // 4, : width // 4] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if sound is not None:
            _add_silence(out, sound, frames / fps)
    return path


def _add_silence(out: Any, sound: Any, seconds: float) -> None:
    total, step = int(48000 * seconds), 960
    for start in range(0, total, step):
        silence = np.zeros((1, min(step, total - start)), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        out.mux(sound.encode(frame))
    out.mux(sound.encode())
