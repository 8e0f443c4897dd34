"""What was delivered, held against what was asked for: each difference with its reason, in words.

What a person set, or the service documents, was "asked for"; what is only likely was "expected" (contract, Parameters:
the sizes of the qualities, and that a clip made from a picture has the picture's own shape).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import ClipError
from .lost import ADOPTED
from .parameters import PARAMETERS, with_defaults
from .request import Request
from .rows import facts_of, request_of
from .store.words import Row, now_us

if TYPE_CHECKING:
    from .media.clips import Clips
    from .media.inspect import Inspection, Stretch
    from .media.probe import Facts

LONG_SIDES: Mapping[str, int] = {"360p": 640, "540p": 1024, "720p": 1280, "1080p": 1920}
"""px (contract, Parameters: likely)."""

FRAMES_OFF, LEAST_OFF_S = 2, 0.1
"""How far a clip may be from its duration: two frames, and at least a tenth of a second."""

PIXELS_OFF = 16
"""How far a side may be from the expected one, px: encoders like multiples of 16."""

USUAL_FPS = (15, 61)
"""Frames a second; no page says how many there are, and beyond these a clip looks odd."""

_MOST_STRETCHES = 3
_PARTS = "; "


def mismatches(
    request: Request,
    facts: Facts,
    inspection: Inspection | None = None,
    *,
    image_size: tuple[int, int] | None = None,
    unknown: Collection[str] = (),
) -> list[str]:
    """In what a clip differs from its request; empty when all is as asked for.

    Parameters
    ----------
    request : Request
        What was asked for.
    facts : Facts
        What was measured.
    inspection : Inspection, optional
        What was seen and heard in it; without it nothing is said of black or frozen stretches and of silence.
    image_size : tuple of int, optional
        Of the picture that it starts from, px.
    unknown : collection of str
        Parameters of which nobody knows what was asked for.
    """
    asked = with_defaults(request.parameters)
    found = [
        None if "duration" in unknown else _duration(asked["duration"], facts),
        *_picture(request, facts, image_size, unknown),
        _rate(facts),
        _sound(request, facts, inspection),
    ]
    if inspection is not None:
        found.append(_stretches("black", inspection.black))
        found.append(_stretches("the picture stands still", inspection.frozen))
    return [one for one in found if one is not None]


def _duration(asked: Any, facts: Facts) -> str | None:
    off = max(FRAMES_OFF / facts.fps if facts.fps > 0 else 0.0, LEAST_OFF_S)
    if abs(facts.duration_s - asked) <= off + 1e-6:
        return None
    return f"lasts {facts.duration_s:.3g} s, {asked:g} s were asked for"


# ---- the picture -------------------------------------------------------------------------------------------------


def _picture(
    request: Request, facts: Facts, image_size: tuple[int, int] | None, unknown: Collection[str]
) -> list[str | None]:
    given = request.parameters
    sides = {name: given[name] for name in ("width", "height") if name in given}
    if sides:  # of the page's generic table: whether this model heeds them nobody knows
        if all(getattr(facts, name) == value for name, value in sides.items()):
            return []
        wish = " and ".join(f"{name}={value}" for name, value in sides.items())
        return [f"is {_size(facts)}, {wish} px was expected (the model may not heed it)"]
    long = None if "quality" in unknown else _long_side(str(given["quality"]), facts)
    return [long, _shape(request, facts, image_size)]


def _long_side(quality: str, facts: Facts) -> str | None:
    expected, found = LONG_SIDES.get(quality), max(facts.width, facts.height)
    if expected is None or abs(found - expected) <= PIXELS_OFF:
        return None
    return f"is {_size(facts)}, a long side of {expected} px was expected of {quality}"


def _shape(request: Request, facts: Facts, image_size: tuple[int, int] | None) -> str | None:
    given = request.parameters
    if request.image_sha256 is not None or "image_url" in given:
        if image_size is None or _has_shape(facts, *image_size):
            return None
        own = _ratio(*image_size)
        return f"has the shape {_ratio(facts.width, facts.height)}, the picture's own, {own}, was expected"
    wish = str(given.get("aspect_ratio", PARAMETERS["aspect_ratio"].default))
    across, _, down = wish.partition(":")
    if _has_shape(facts, int(across), int(down)):
        return None
    how = "was asked for" if "aspect_ratio" in given else "is the default"
    return f"has the shape {_ratio(facts.width, facts.height)}, {wish} {how}"


def _has_shape(facts: Facts, across: int, down: int) -> bool:
    """Whether a clip has a shape, to what encoders round its short side."""
    if facts.width >= facts.height:
        return abs(facts.height - facts.width * down / across) <= PIXELS_OFF
    return abs(facts.width - facts.height * across / down) <= PIXELS_OFF


def _ratio(width: int, height: int) -> str:
    """A shape by its usual name, else as a number: 1.85:1."""
    for name in PARAMETERS["aspect_ratio"].choices:
        across, _, down = name.partition(":")
        if abs(width / height / (int(across) / int(down)) - 1) < 0.03:
            return name
    return f"{width / height:.2f}:1" if width >= height else f"1:{height / width:.2f}"


def _size(facts: Facts) -> str:
    return f"{facts.width}×{facts.height} px"


def _rate(facts: Facts) -> str | None:
    least, most = USUAL_FPS
    if least <= facts.fps <= most:
        return None
    return f"has {facts.fps:.3g} frames a second, {least} to {most} were expected" if facts.fps else None


# ---- sound, and what is in the pictures --------------------------------------------------------------------------


def _sound(request: Request, facts: Facts, inspection: Inspection | None) -> str | None:
    wanted = request.parameters.get("generate_audio_switch")
    silent = inspection is not None and inspection.is_silent
    if wanted is False:
        return "has sound, none was asked for" if facts.has_audio and not silent else None
    how = "though sound was asked for" if wanted else "though sound is on by default"
    if not facts.has_audio:
        return f"has no sound, {how}"
    return f"its sound track is silent, {how}" if silent else None


def _stretches(what: str, found: Sequence[Stretch]) -> str | None:
    if not found:
        return None
    places = [f"{end - start:.1f} s from {start:.1f} s" for start, end in found[:_MOST_STRETCHES]]
    more = f" and {len(found) - _MOST_STRETCHES} more" if len(found) > _MOST_STRETCHES else ""
    return f"{what} for {', '.join(places)}{more}"


# ---- of a row ----------------------------------------------------------------------------------------------------


def columns_as_asked(row: Row, clips: Clips, facts: Facts) -> dict[str, Any]:
    """What a clip that has just come is told to differ in, as columns; it was not looked at yet, and they say so."""
    try:
        told = _told(row, clips, facts, None)
    except Exception:  # noqa: BLE001  it is only said of a clip that was paid for; a job must not fail for it
        told = None
    return {**NOT_INSPECTED, "mismatch": told}


def columns_inspected(row: Row, clips: Clips) -> dict[str, Any]:
    """Look at a row's clip from its start to its end; what was found, as columns.

    A clip that cannot be looked at gets that as its finding. One whose file is gone gets none: it may come back.

    Raises
    ------
    ClipError
        When the file is gone.
    """
    from .media.inspect import inspect

    path, facts = clips.home / row["video_path"], facts_of(row)
    try:
        seen = inspect(path)
    except Exception as error:  # noqa: BLE001  libraries have many ways to fail on an odd clip, and none is the job's
        if not path.is_file():
            raise ClipError(f"the clip {path} is not there any more") from None
        words = _told(row, clips, facts, None)
        failed = f"could not be looked at for black, frozen or silent stretches ({type(error).__name__})"
        return {**NOT_INSPECTED, "inspected_at": now_us(), "mismatch": _PARTS.join(filter(None, (words, failed)))}
    return {
        "inspected_at": now_us(),
        "video_black_s": seen.black_s,
        "video_frozen_s": seen.frozen_s,
        "video_loudness_lufs": seen.loudness_lufs,
        "mismatch": _told(row, clips, facts, seen),
    }


FINDINGS: Sequence[str] = ("inspected_at", "video_black_s", "video_frozen_s", "video_loudness_lufs", "mismatch")
"""The columns that say how a clip is."""

NOT_INSPECTED: Mapping[str, Any] = dict.fromkeys(name for name in FINDINGS if name != "mismatch")
"""Those of a clip that nobody has looked at."""


def is_to_inspect(row: Mapping[str, Any]) -> bool:
    """Whether a row has a clip that was not looked at yet."""
    return row["status"] == "completed" and row["video_path"] is not None and row["inspected_at"] is None


def _told(row: Row, clips: Clips, facts: Facts, seen: Inspection | None) -> str | None:
    # A job that was taken over from an account that did not tell its inputs: the defaults stand in the row.
    unknown = ("duration", "quality") if row["studio"] == ADOPTED and row["estimate_micros"] is None else ()
    size = clips.picture_size(row["image_path"]) if row["image_path"] else None
    return _PARTS.join(mismatches(request_of(row), facts, seen, image_size=size, unknown=unknown)) or None
