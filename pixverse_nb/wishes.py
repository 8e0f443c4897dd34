"""From what a person asks for to a checked request with its picture; nothing leaves the machine here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import errors
from .generation import Generation
from .parameters import PARAMETERS, unknown_parameter
from .request import Request

if TYPE_CHECKING:
    from .media.images import Picture

OWN = ("image", "take", "takes", "reuse", "extra")
"""Names beside the API's that `generate` and `submit` take."""


@dataclass(frozen=True)
class Wish:
    """A request that may be sent.

    Attributes
    ----------
    request : Request
        Validated and frozen.
    picture : Picture or None
        The local picture to upload.
    """

    request: Request
    picture: Picture | None = None


def make_wish(
    prompt: object,
    *,
    image: object = None,
    take: int = 1,
    extra: Mapping[str, object] | None = None,
    parameters: Mapping[str, object],
) -> Wish:
    """Check everything; see `Studio.generate` for the arguments and the errors."""
    for name in parameters:
        if name not in PARAMETERS:
            raise unknown_parameter(name, (*PARAMETERS, *OWN))
    picture, given = _picture(image, dict(parameters))
    sha256 = picture.sha256 if picture else None
    return Wish(Request.of({"prompt": prompt, **given}, image_sha256=sha256, take=take, extra=extra), picture)


def _picture(image: object, parameters: dict[str, object]) -> tuple[Picture | None, dict[str, object]]:
    from .media.images import load_picture

    if image is None:
        return None, parameters
    if parameters.get("image_url") is not None:
        raise errors.InvalidImage("both image and image_url are given", remedy="Pass one of them.", billed=False)
    if isinstance(image, Generation):
        return load_picture(_clip_of(image).last_frame()), parameters
    if isinstance(image, str) and image.partition(":")[0].lower() in {"http", "https"}:
        return None, {**parameters, "image_url": image}
    return load_picture(image), parameters


def _clip_of(generation: Generation) -> Any:
    video = generation.video
    if video is None:
        raise errors.InvalidImage(
            f"generation {generation.id} has no last frame: it is {generation.status}",
            remedy="Call its wait() first.",
            billed=False,
        )
    return video
