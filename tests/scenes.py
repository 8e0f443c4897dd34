"""Real MP4 files whose pictures move, stand still or are black, with a sound of known loudness."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 48000


def film(
    path: Path,
    parts,
    *,
    size=(160, 96),
    fps=24,
    gop=24,
    crf=23,
    moments=None,
    amplitude=None,
    tone_s=None,
    container="mp4",
) -> Path:
    """Write a clip of (kind, seconds) parts: "moves", "still", "black", "crawls" (something small moves).

    `amplitude` is that of a 1 kHz tone on one channel, 0 for digital silence, None for no sound track. `moments` are
    the frames' own times in s, for a clip whose frame rate varies.
    """
    kinds = [kind for kind, seconds in parts for _ in range(round(seconds * fps))]
    with av.open(str(path), "w", format=container) as out:
        video = out.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.gop_size = gop
        video.options = {"preset": "ultrafast", "crf": str(crf), "threads": "1"}
        base = Fraction(1, 12288)
        if moments is not None:
            video.codec_context.time_base = base
        sound = out.add_stream("aac", rate=RATE, layout="mono") if amplitude is not None else None
        shown = 0
        for number, kind in enumerate(kinds):
            shown = shown if kind == "still" else number
            frame = av.VideoFrame.from_ndarray(_picture(kind, shown, *size), format="rgb24")
            moment = number / fps if moments is None else moments[number]
            frame.time_base = Fraction(1, fps) if moments is None else base
            frame.pts = number if moments is None else round(moment / base)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if sound is not None:
            _tone(out, sound, len(kinds) / fps if tone_s is None else tone_s, amplitude)
    return path


def _picture(kind, number, width, height):
    if kind == "black":
        return np.zeros((height, width, 3), np.uint8)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    turn = 0 if kind == "crawls" else 5 * number
    grey = (96 + 60 * np.sin((across + turn) / 9) + 30 * np.cos((down - turn) / 7)).astype(np.uint8)
    picture = np.stack([grey, grey // 2 + 40, 200 - grey // 2], axis=-1)
    if kind == "crawls":
        start = number % (width - 16)
        picture[40:52, start : start + 12] = 250
    return picture


def _tone(out, stream, seconds, amplitude):
    total, step = int(RATE * seconds), 1024
    wave = amplitude * np.sin(2 * np.pi * 1000 * np.arange(total) / RATE).astype(np.float32)
    for start in range(0, total, step):
        piece = np.ascontiguousarray(wave[None, start : start + step])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        out.mux(stream.encode(frame))
    out.mux(stream.encode())
