"""Draw docs/animation.webp, the README's six seconds of the preview engine: `python docs/make_animation.py`."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path

import av
from PIL import Image, ImageDraw

from pixverse_nb.media.lettering import write
from pixverse_nb.preview.picture import Shot, render
from pixverse_nb.preview.picture.shot import FPS

PROMPTS = (
    "Sailboat on a calm sea at sunset, slow pan",
    "A dragon over a castle, storm",
    "Underwater coral reef with a submarine, sunbeams",
    "A woman in a flowing red dress walks through a sunlit European street, golden hour",
)
SIZE = (640, 360)  # px of a picture
BAR = 34  # px: below it, the line that makes the clip
SKIPPED = 16  # frames: the slate that opens a preview clip
SHOWN, BLENDED = 37, 8  # frames of each scene, 24 a second; of them, so many while it comes out of the one before
QUALITY = 60  # of 100: with two of three pictures, below 1 MB
GROUND, INK, NAME = (22, 24, 28), (206, 145, 120), (220, 220, 170)


def scene(prompt: str, folder: Path) -> list[Image.Image]:
    """One prompt's pictures, with the line of code below."""
    clip = folder / "clip.mp4"
    render(Shot(prompt, duration=3, quality="540p", seed=5), clip)
    with av.open(str(clip)) as container:
        frames = islice(container.decode(video=0), SKIPPED, SKIPPED + SHOWN + BLENDED)
        return [captioned(frame.to_image().resize(SIZE, Image.Resampling.LANCZOS), prompt) for frame in frames]


def captioned(picture: Image.Image, prompt: str) -> Image.Image:
    """A picture above the call that asks for it."""
    whole = Image.new("RGB", (SIZE[0], SIZE[1] + BAR), GROUND)
    whole.paste(picture)
    draw, line, size = ImageDraw.Draw(whole), SIZE[1] + 22, 12
    x = write(draw, (14, line), "studio.generate(", size, NAME)
    x = write(draw, (x, line), f'"{prompt}"', size, INK)
    write(draw, (x, line), ")", size, NAME)
    return whole


def film(scenes: list[list[Image.Image]]) -> list[Image.Image]:
    """The scenes one after the other, each turning into the next, the last into the first."""
    pictures = []
    for number, now in enumerate(scenes):
        before = scenes[number - 1]
        for index in range(SHOWN):
            share = (index + 1) / (BLENDED + 1)
            pictures.append(Image.blend(before[SHOWN + index], now[index], share) if share < 1 else now[index])
    return pictures[BLENDED:] + pictures[:BLENDED]  # so that the first one, which also stands for all, is no blend


def main() -> None:
    """Draw and write it."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = film([scene(prompt, Path(folder)) for prompt in PROMPTS])
    target = Path(__file__).with_name("animation.webp")
    kept = [(number, one) for number, one in enumerate(pictures) if number % 3 != 1]  # the one before stays for two
    lasting_ms = [(2 if number % 3 == 0 else 1) * 1000 // FPS for number, _ in kept]
    first, *others = (one for _, one in kept)
    first.save(target, save_all=True, append_images=others, duration=lasting_ms, loop=0, quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
