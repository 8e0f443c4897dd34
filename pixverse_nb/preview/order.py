"""What a request asks for: read from the body that was sent, validated by the same schema as everywhere else."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pixverse_nb.errors import InvalidParameter
from pixverse_nb.parameters import PARAMETERS, Value, check_parameters, with_defaults
from pixverse_nb.pricing import price

if TYPE_CHECKING:
    from .picture import Shot
    from .shelf import Shelf

SEEDS = 2**31
"""Seeds are 0 to SEEDS - 1 (document, parameter table)."""


@dataclass(frozen=True)
class Order:
    """A valid request for one clip.

    Attributes
    ----------
    parameters : dict
        Validated API parameters with their defaults.
    seed : int
        0 to 2147483647; drawn when the request left it open.
    cost_micros : int
        What it costs, in micro-dollars.
    asset : Path or None
        The uploaded picture to animate.
    """

    parameters: dict[str, Value]
    seed: int
    cost_micros: int
    asset: Path | None = None

    @property
    def key(self) -> str:
        """Equal keys show the same clip, seed included: it is drawn once."""
        seen = {**self._looks(), "asset": self.asset and self.asset.name}
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    def shot(self) -> Shot:
        """The order in the painter's words; the picture libraries are imported here, at the first clip."""
        from .picture import Shot

        return Shot(**self._looks(), image=self.asset.read_bytes() if self.asset else None)

    def _looks(self) -> dict[str, Any]:
        """The parameters that the picture or the sound hangs on."""
        given = self.parameters
        return {
            "prompt": given["prompt"],
            "negative_prompt": given.get("negative_prompt", ""),
            "duration": given["duration"],
            "quality": given["quality"],
            "aspect_ratio": given["aspect_ratio"],
            "motion_mode": given.get("motion_mode"),
            "audio": given["generate_audio_switch"],
            "seed": self.seed,
            "image_label": None if self.asset else given.get("image_url"),
        }


_DEEPEST = 64


def read_json(content: bytes) -> Any:
    """JSON as any reader can read it back: finite numbers, 64 levels at most; ValueError or RecursionError otherwise.

    What was sent is told again in the account history, so one odd body must not spoil everybody's list.
    """
    value = json.loads(content, parse_constant=_finite, parse_float=_finite)
    level, depth = [value], 0
    while level := [child for item in level for child in _children(item)]:
        depth += 1
        if depth >= _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _children(item: object) -> Iterable[object]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def read_order(body: Mapping[str, Any], shelf: Shelf) -> Order:
    """Read and validate a request body.

    Names that the schema does not know are let through without effect, as the service does with other models'
    parameters. An `image_url` that this engine does not serve itself is never fetched: the prompt's own scene is drawn
    in the picture's place, and says so.

    Raises
    ------
    InvalidParameter
        Naming the parameter, the value and what is allowed.
    """
    given = {name: body[name] for name in PARAMETERS if body.get(name) is not None}
    asset = _own_picture(given.get("image_url"), shelf)
    checked = check_parameters({**given, "image_url": None} if asset else given)
    full = with_defaults(checked)
    seed = int(full["seed"])
    return Order(full, random.randrange(SEEDS) if seed < 0 else seed, price(checked).expected_micros, asset)


def _own_picture(url: object, shelf: Shelf) -> Path | None:
    """The uploaded picture behind a URL of this engine; pictures are named by their content's hash."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    folder, _, name = parts.path.rpartition("/")
    if folder != "/assets":
        return None
    if asset := shelf.asset(name):
        return asset
    if parts.scheme == "http":  # only this engine hands out plain http, so it was ours and is gone
        raise InvalidParameter(f"image_url={url!r} could not be fetched: 404 Not Found", billed=False)
    return None
