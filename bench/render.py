"""How fast the preview engine draws and encodes, in multiples of real time, in a process of its own, for run.py.

`python bench/render.py speed QUALITY` prints JSON: `one` clip of 5 s with sound, by prompt; `two` different ones at
once, as the engine draws them, by pair; and `encoding` of the same frames, ready in memory and without sound, by
prompt. The dear ones are there on purpose, and paired with each other: rain and snow are new in every frame, and a
moving camera leaves nothing where it was.
`python bench/render.py memory QUALITY SECONDS` prints the most resident memory that one clip ever took, in bytes, in
this process or in the one beside it; its camera zooms, which wants another size for every frame.
"""

from __future__ import annotations

import io
import itertools
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import memory
import numpy as np
from PIL import Image

from pixverse_nb.preview.painters import Painters
from pixverse_nb.preview.picture import Shot, encode, render
from pixverse_nb.preview.picture.planes import Frame
from pixverse_nb.preview.picture.shot import FPS
from pixverse_nb.preview.picture.stage import frames
from pixverse_nb.preview.picture.world import World

PICTURE = "picture: "  # prompts that begin so animate a supplied one
PROMPTS = (  # neighbours are drawn at once: first and second, third and fourth, ...
    (  # the API page's own
        "A cinematic shot of a beautiful woman in a flowing red dress walking gracefully through a sunlit European "
        "street, golden hour lighting, smooth camera movement"
    ),
    "A misty forest with birds, orbit shot",
    "A crowd of people with umbrellas in the rain, street, handheld",
    "Forest in the rain, slow dolly in, deer and birds",
    "Storm at sea with lightning, orbit around a ship",
    "A neon city at night in the rain, pan right",
    "Snow falling on mountains, fast zoom in, a wolf running",
    PICTURE + "handheld push in, heavy rain",
    "The sea at sunset, crane up",
    PICTURE + "slow pan left",
    "A herd of elephants in the savanna at sunset",
    "Three candles",
    "A dragon flying over a castle in front of an erupting volcano",
    "Fireworks and lanterns over a lake with ten boats at night",
)
ZOOM = "A lighthouse in a storm, slow dolly in"
SECONDS = 5  # of a clip
READY = 2  # s of it that wait in memory to be encoded: at 1080p a second takes 75 MB
ROUNDS = 3  # the better one counts: the machine may have had other things to do


def main() -> None:
    what, quality, *rest = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-render-") as folder:
        if what == "memory":
            print(_memory(Shot(ZOOM, duration=int(rest[0]), quality=quality, seed=1), Path(folder)))
        else:
            print(json.dumps(_speed(quality, Path(folder))))


def _memory(shot: Shot, folder: Path) -> int:
    with _two_at_once() as draw:
        draw([shot, shot], [folder / "here.mp4", folder / "beside.mp4"])
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # and what this process had as it started that one
    return max(memory.peak(), beside * (1 if sys.platform == "darwin" else 1024))


@contextmanager
def _two_at_once() -> Iterator[Callable[[list[Shot], list[Path]], object]]:
    painters = Painters()
    with ThreadPoolExecutor(2) as pool:
        yield lambda shots, paths: list(pool.map(painters.draw, shots, paths))
    painters.close(2.0)


def _speed(quality: str, folder: Path) -> dict[str, dict[str, float]]:
    render(Shot("warm up", duration=1, quality=quality), folder / "warm.mp4")  # imports and fonts
    found: dict[str, dict[str, float]] = {"one": {}, "two": {}, "encoding": {}}
    shots = {prompt: _shot(prompt, quality) for prompt in PROMPTS}
    path, *others = (folder / f"{n}.mp4" for n in range(3))
    for prompt, shot in shots.items():
        world = World.of(shot)
        ready = [_copy(frame) for frame in itertools.islice(frames(world), READY * FPS)]
        found["one"][prompt] = SECONDS / _best(lambda s=shot: render(s, path))
        found["encoding"][prompt] = READY / _best(
            lambda r=ready, w=world: encode.write(path, w.size, r, None, encode.fineness(w))
        )
    with _two_at_once() as draw:
        draw([Shot("warm up", duration=1, quality=quality)] * 2, others)  # the other process starts
        for pair in zip(PROMPTS[::2], PROMPTS[1::2], strict=True):
            both = [shots[prompt] for prompt in pair]
            name = " + ".join(prompt[:30] for prompt in pair)
            found["two"][name] = 2 * SECONDS / _best(lambda b=both: draw(b, others))
    return found


def _shot(prompt: str, quality: str) -> Shot:
    words = prompt.removeprefix(PICTURE)
    return Shot(words, duration=SECONDS, quality=quality, seed=1, image=None if words == prompt else _picture())


def _picture() -> bytes:
    """A JPEG of 1600 x 900 px with detail of every size, as a photograph has it."""
    rng = np.random.default_rng(1)
    sizes = ((16, 9), (64, 36), (256, 144), (1600, 900))
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (h, w, 3), np.uint8)).resize((1600, 900)), np.float32)
        for w, h in sizes
    ]
    mixed = sum(layer * share for layer, share in zip(layers, (0.55, 0.27, 0.13, 0.05), strict=True))
    file = io.BytesIO()
    Image.fromarray(np.asarray(mixed, np.float32).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _copy(frame: Frame) -> Frame:
    return Frame(frame.y.copy(), frame.uv.copy())


def _best(work: Callable[[], object]) -> float:
    """Seconds by the clock on the wall."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


if __name__ == "__main__":
    main()
