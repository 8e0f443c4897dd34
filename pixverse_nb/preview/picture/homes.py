"""Where a scene takes place when its subject knows better than its words do, and the light of other worlds."""

from __future__ import annotations

from dataclasses import replace

from .palette import Light, mix
from .search import found
from .shot import Shot
from .vocabulary import PLACES
from .words import Scene, tokens

_HOMES = {
    "submarine": "underwater",
    "cup": "studio",
    "candle": "studio",
    "guitar": "studio",
    "dancer": "studio",
    "bear": "forest",
    "fox": "forest",
    "dragon": "mountains",
    "rainbow": "meadow",
    "child": "meadow",
    "soldier": "meadow",
    "crowd": "street",
    "bicycle": "street",
    "cyclist": "street",
}
_PASSED_BY = frozenset(["mars"])  # a name that one also reads in "a ship on its way to mars", out in space

_MOON = Light((0.70, 0.70, 0.72), (0.80, 0.80, 0.82), (0.84, 0.84, 0.86), (1.0, 0.99, 0.95), 0.45, 0.92, 0.85)
"""No air: the ground is bright, the sky is black all the same."""
_MARS = Light((0.56, 0.40, 0.31), (0.82, 0.60, 0.43), (0.95, 0.80, 0.62), (0.98, 0.95, 0.92), 0.42, 0.86, 0.42)
_MARS_LOW = Light((0.32, 0.24, 0.24), (0.62, 0.42, 0.34), (0.62, 0.68, 0.78), (0.80, 0.90, 1.0), 0.12, 0.52, 0.60)
"""At dusk and dawn the fine dust makes the light around the sun blue."""
_MARS_NIGHT = Light(
    (0.03, 0.02, 0.03), (0.09, 0.06, 0.06), (0.20, 0.13, 0.11), (0.95, 0.92, 0.88), 0.60, 0.30, 0.25, True
)


def settled(shot: Shot, scene: Scene) -> Scene:
    """The scene, moved to where its first subject belongs if the prompt names no place."""
    named = [key for _, key in found(PLACES, tokens(shot.prompt))]
    if scene.place == "space":
        # Planets and stars are named with them, but who stands on a world does not float.
        grounds = [PLACES[key] for key in named if PLACES[key] in {"moon", "mars"} and key not in _PASSED_BY]
        return replace(scene, place=grounds[0]) if grounds else scene
    if named or not scene.actors or scene.weather & {"snowfall"}:
        return scene
    home = _HOMES.get(scene.actors[0].kind)
    unwanted = {PLACES[key] for _, key in found(PLACES, tokens(shot.negative_prompt))}
    return scene if home is None or home in unwanted else replace(scene, place=home)


def lit(scene: Scene, light: Light) -> Light:
    """The light of the scene: another world has its own, which a tint still colours."""
    if scene.place == "moon":
        own = _MOON
    elif scene.place == "mars":
        own = _MARS_NIGHT if light.night else _MARS_LOW if scene.time in {"sunset", "dusk", "dawn"} else _MARS
    else:
        return light
    air = scene.sky or scene.tint
    if air is None:
        return own
    return replace(own, top=mix(own.top, air, 0.45), middle=mix(own.middle, air, 0.45), low=mix(own.low, air, 0.4))
