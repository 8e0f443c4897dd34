"""Light: the colours of sky, sun and distance for a time of day, shifted by moods, colour words and chance."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .planes import Floats, Triple
from .shot import Shot, dice
from .words import Scene


@dataclass(frozen=True)
class Light:
    """The light of a scene; colours are sRGB triples in 0-1.

    Attributes
    ----------
    top, middle, low : triple
        The sky from zenith to horizon.
    sun : triple
        Colour of sun or moon and of what they touch.
    height : float
        Sun above the horizon as a share of the sky's height, 0-1.
    level : float
        How strongly the land is lit, 0-1.
    glow : float
        Strength of the light around the sun, 0-1.
    """

    top: Triple
    middle: Triple
    low: Triple
    sun: Triple
    height: float
    level: float
    glow: float
    night: bool = False


_LIGHTS = {
    "day": Light((0.13, 0.40, 0.78), (0.40, 0.66, 0.92), (0.80, 0.90, 0.96), (1.0, 0.97, 0.88), 0.80, 1.0, 0.35),
    "golden": Light((0.38, 0.55, 0.74), (0.95, 0.78, 0.56), (1.0, 0.85, 0.55), (1.0, 0.84, 0.50), 0.24, 0.85, 0.85),
    "sunset": Light((0.17, 0.14, 0.38), (0.80, 0.31, 0.36), (1.0, 0.56, 0.24), (1.0, 0.66, 0.30), 0.10, 0.55, 0.95),
    "dawn": Light((0.30, 0.38, 0.62), (0.84, 0.66, 0.72), (1.0, 0.83, 0.68), (1.0, 0.86, 0.72), 0.13, 0.65, 0.75),
    "dusk": Light((0.07, 0.09, 0.25), (0.28, 0.22, 0.46), (0.80, 0.43, 0.42), (1.0, 0.70, 0.52), 0.02, 0.34, 0.60),
    "night": Light(
        (0.012, 0.022, 0.065), (0.035, 0.070, 0.16), (0.10, 0.15, 0.26), (0.90, 0.93, 1.0), 0.66, 0.24, 0.34, True
    ),
    "overcast": Light((0.42, 0.47, 0.54), (0.60, 0.65, 0.70), (0.78, 0.80, 0.82), (0.92, 0.92, 0.92), 0.60, 0.60, 0.12),
}


def mix(a: Triple, b: Triple, part: float) -> Triple:
    """`a` with `part` (0-1) of `b`."""
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part)


def scaled(colour: Triple, by: float) -> Triple:
    """Brighter or darker, kept in 0-1."""
    return (min(colour[0] * by, 1.0), min(colour[1] * by, 1.0), min(colour[2] * by, 1.0))


def turned(colour: Triple, hue: float, saturation: float = 1.0) -> Triple:
    """Hue moved by `hue` (in turns), saturation multiplied."""
    h, s, v = colorsys.rgb_to_hsv(*(min(max(c, 0.0), 1.0) for c in colour))
    return colorsys.hsv_to_rgb((h + hue) % 1.0, min(s * saturation, 1.0), v)


def light_of(shot: Shot, scene: Scene) -> Light:
    """The light of a scene: its time of day, its moods, its tint, and a touch that is this prompt's own."""
    light = _LIGHTS[scene.time]
    rng = dice(shot, "light")
    if scene.place == "dream":
        return _accented(_mooded(_dream(rng, scene), scene), scene)
    if light.night and scene.place == "forest":  # under the trees a true night would show nothing at all
        light = replace(light, middle=scaled(light.middle, 1.7), low=scaled(light.low, 1.7), level=0.42)
    hue = float(rng.normal()) * 0.010
    light = _recoloured(light, lambda colour: turned(colour, hue, 1.0 + float(scene.time != "overcast") * 0.04))
    light = replace(light, height=light.height * (0.85 + 0.3 * float(rng.random())))
    if scene.weather & {"rain", "storm"} and scene.time != "overcast":
        light = _recoloured(light, lambda c: mix(turned(c, 0, 0.7), (0.16, 0.18, 0.22), 0.35))
    if "storm" in scene.weather:
        light = _recoloured(light, lambda c: scaled(c, 0.6))
    light = _mooded(light, scene)
    if scene.tint is not None:
        tint = scene.tint
        light = _recoloured(light, lambda c: mix(c, washed(tint, c), 0.55))
    if scene.sky is not None:
        light = _skied(light, scene.sky)
    light = _accented(light, scene)
    # What covers the land is thrown back a little by the air above it.
    return replace(light, low=dyed(light.low, scene.ground, 0.30), middle=dyed(light.middle, scene.ground, 0.14))


def _mooded(light: Light, scene: Scene) -> Light:
    for mood in sorted(scene.moods & set(_MOODS)):
        light = _MOODS[mood](light)
    return light


def _accented(light: Light, scene: Scene) -> Light:
    """The second of two colours where the light is: the sun, and the sky above the horizon."""
    accent = scene.accent
    if accent is None:
        return light
    low, sun = (mix(c, washed(accent, c), 0.75) for c in (light.low, light.sun))
    return replace(light, low=low, sun=sun, glow=max(light.glow, 0.6))


def _skied(light: Light, tint: Triple) -> Light:
    """A sky of this colour; the sun keeps most of its own."""
    coloured = _recoloured(light, lambda c: mix(c, washed(tint, c), 0.72))
    return replace(coloured, sun=mix(light.sun, coloured.sun, 0.4))


def washed(tint: Triple, colour: Triple) -> Triple:
    """The tint, about as bright as a colour: nearer to its own brightness where the colour is brighter."""
    bright, own = brightness(colour), max(brightness(tint), 0.02)
    share = 0.5 if own > 0.2 else 0.75  # of black and navy nothing is left when they are bright
    wanted = bright if bright < own else (1 - share) * bright + share * own
    strong = scaled(tint, min(wanted / own, 1.0 / max(tint)))
    # A colour that cannot be brighter becomes paler, and keeps its hue.
    pale = max(wanted - brightness(strong), 0.0) / max(1.0 - brightness(strong), 1e-6)
    return mix(strong, (1.0, 1.0, 1.0), pale)


def brightness(colour: Triple) -> float:
    """How bright a colour looks, 0-1."""
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def dyed(colour: Triple, tint: Triple | None, share: float = 0.75) -> Triple:
    """A thing's colour with `share` (0-1) of a tint at its own brightness; unchanged without a tint."""
    return colour if tint is None else mix(colour, washed(tint, colour), share)


def _recoloured(light: Light, change: Callable[[Triple], Triple]) -> Light:
    return replace(
        light, top=change(light.top), middle=change(light.middle), low=change(light.low), sun=change(light.sun)
    )


def _neon(light: Light) -> Light:
    return replace(
        light,
        top=mix(light.top, (0.06, 0.01, 0.16), 0.7),
        middle=mix(light.middle, (0.35, 0.05, 0.45), 0.6),
        low=mix(light.low, (0.95, 0.22, 0.62), 0.6),
    )


def _dream(rng: np.random.Generator, scene: Scene) -> Light:
    """A sky that no one has seen: related hues from a colour that the words name, from their mood, or by chance."""
    hue, spread, saturation, bright = float(rng.random()), 0.10, 1.0, 1.0
    moods = [_MOOD_HUES[mood] for mood in sorted(scene.moods) if mood in _MOOD_HUES]
    tint = scene.tint or scene.sky or scene.ground or scene.water
    if tint is not None:
        named, saturation, value = colorsys.rgb_to_hsv(*tint)
        # The hues stay about the named one, and the eye does not take red for orange.
        hue, spread = named + 0.02 * (hue - 0.5) - 0.015, 0.015
        saturation, bright = min(saturation * 1.25, 1.25), 0.35 + 0.65 * value
    elif moods:
        hue, spread = moods[0] + 0.06 * (hue - 0.5) - 0.03, 0.03

    def shade(step: int, strong: float, value: float) -> Triple:
        return colorsys.hsv_to_rgb((hue + step * spread) % 1.0, min(strong * saturation, 1.0), value * bright)

    low = shade(2, 0.40 if tint is None else 0.62, 0.98)
    return Light(shade(0, 0.72, 0.30), shade(1, 0.55, 0.72), low, mix(low, (1.0, 1.0, 0.95), 0.6), 0.28, 0.6, 0.8)


_MOOD_HUES = {"warm": 0.08, "vintage": 0.10, "joyful": 0.13, "cold": 0.56, "sad": 0.61, "neon": 0.83}
"""The hue of a dream by its mood, in turns."""

_MOODS: dict[str, Callable[[Light], Light]] = {
    "neon": _neon,
    "noir": lambda light: _recoloured(light, lambda c: turned(c, 0, 0.06)),
    "warm": lambda light: _recoloured(light, lambda c: mix(c, washed((1.0, 0.74, 0.42), c), 0.25)),
    "cold": lambda light: _recoloured(light, lambda c: mix(c, washed((0.55, 0.78, 1.0), c), 0.35)),
    "pastel": lambda light: _recoloured(light, lambda c: mix(turned(c, 0, 0.75), (1.0, 0.95, 0.95), 0.22)),
    "vivid": lambda light: _recoloured(light, lambda c: turned(c, 0, 1.35)),
    "vintage": lambda light: _recoloured(light, lambda c: mix(c, washed((0.86, 0.68, 0.44), c), 0.5)),
    "dark": lambda light: replace(_recoloured(light, lambda c: scaled(c, 0.55)), level=light.level * 0.6),
    "sad": lambda light: replace(
        _recoloured(light, lambda c: scaled(mix(turned(c, 0, 0.8), washed((0.36, 0.46, 0.62), c), 0.25), 0.62)),
        level=light.level * 0.7,
        glow=light.glow * 0.6,
    ),
    "joyful": lambda light: _recoloured(light, lambda c: scaled(turned(c, 0, 1.15), 1.08)),
}


def gradient(stops: list[tuple[float, Triple]], at: Floats) -> Floats:
    """Colours (..., 3) along sorted (place, colour) stops, smoothly."""
    places = [place for place, _ in stops]
    channels = [np.interp(at, places, [colour[i] for _, colour in stops]) for i in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)
