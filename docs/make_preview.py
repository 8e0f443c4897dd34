"""Draw docs/preview.jpg, what the preview engine makes of a dozen prompts: `python docs/make_preview.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
from PIL import Image

from pixverse_nb.preview.picture import Shot, render

PROMPTS = (
    "A woman in a flowing red dress walks through a sunlit European street, golden hour",
    "Sailboat on a calm sea at sunset, slow pan",
    "An astronaut on the moon",
    "A misty pine forest at dawn, birds, crane up",
    "A fox in a snowy forest",
    "Underwater coral reef with a submarine, sunbeams",
    "A dragon over a castle, storm",
    "Children playing in a meadow, rainbow",
    "A lighthouse on a cliff at dusk above a calm sea",
    "Neon city street in the rain at night, handheld",
    "A herd of elephants in the savanna at sunset",
    "A guitar on a stage",
)
TILE = (480, 270)
COLUMNS = 3


def still(prompt: str, folder: Path) -> Image.Image:
    """The frame at 1.25 s, after the slate."""
    clip = folder / "clip.mp4"
    render(Shot(prompt, duration=2, quality="540p", seed=5), clip)
    with av.open(str(clip)) as container:
        frame = [frame for frame, _ in zip(container.decode(video=0), range(31), strict=False)][30]
        return frame.to_image().resize(TILE)


def main() -> None:
    """Draw them all."""
    rows = -(-len(PROMPTS) // COLUMNS)
    sheet = Image.new("RGB", (TILE[0] * COLUMNS, TILE[1] * rows))
    with tempfile.TemporaryDirectory() as folder:
        for index, prompt in enumerate(PROMPTS):
            place = (index % COLUMNS * TILE[0], index // COLUMNS * TILE[1])
            sheet.paste(still(prompt, Path(folder)), place)
    sheet.save(Path(__file__).with_name("preview.jpg"), quality=86)


if __name__ == "__main__":
    main()
