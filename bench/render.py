"""How fast the preview engine draws and encodes, in multiples of real time, in a process of its own; started by run.py.

`python bench/render.py speed QUALITY` prints JSON by prompt: `one` clip of 5 s with sound, `two` at once on the threads
that the engine itself would use, and `encoding` of the same frames, ready in memory and without sound.
`python bench/render.py memory QUALITY SECONDS` prints the most resident memory that one clip ever took, in bytes.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import memory

from pixverse_nb.preview.picture import Shot, encode, render
from pixverse_nb.preview.picture.planes import Frame
from pixverse_nb.preview.picture.shot import FPS
from pixverse_nb.preview.picture.stage import frames
from pixverse_nb.preview.picture.world import World

PROMPTS = (
    (  # the API page's own
        "A cinematic shot of a beautiful woman in a flowing red dress walking gracefully through a sunlit European "
        "street, golden hour lighting, smooth camera movement"
    ),
    "A neon street at night in the rain",
    "A misty forest with birds",
    "The sea at sunset",
    "A cat with a tree and flowers",
)
SECONDS = 5  # of a clip
READY = 2  # s of it that wait in memory to be encoded: at 1080p a second takes 75 MB
ROUNDS = 3  # the better one counts: the machine may have had other things to do


def main() -> None:
    what, quality, *rest = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-render-") as folder:
        if what == "memory":
            render(Shot(PROMPTS[0], duration=int(rest[0]), quality=quality), Path(folder) / "clip.mp4")
            print(memory.peak())
        else:
            print(json.dumps(_speed(quality, Path(folder))))


def _speed(quality: str, folder: Path) -> dict[str, dict[str, float]]:
    render(Shot("warm up", duration=1, quality=quality), folder / "warm.mp4")  # imports and fonts
    found: dict[str, dict[str, float]] = {"one": {}, "two": {}, "encoding": {}}
    with ThreadPoolExecutor(2) as pool:
        for prompt in PROMPTS:
            shots = [Shot(prompt, duration=SECONDS, quality=quality, seed=seed) for seed in (1, 2)]
            paths = [folder / f"{shot.seed}.mp4" for shot in shots]
            world = World.of(shots[0])
            ready = [_copy(frame) for frame in itertools.islice(frames(world), READY * FPS)]
            found["one"][prompt] = SECONDS / _best(lambda s=shots, p=paths: render(s[0], p[0]))
            found["two"][prompt] = 2 * SECONDS / _best(lambda s=shots, p=paths: list(pool.map(render, s, p)))
            found["encoding"][prompt] = READY / _best(
                lambda r=ready, w=world, p=paths: encode.write(p[0], w.size, r, None)
            )
    return found


def _copy(frame: Frame) -> Frame:
    return Frame(*(plane.copy() for plane in frame.planes))


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
