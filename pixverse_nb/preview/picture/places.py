"""Which parts make which place, from back to front; subjects stand between the far parts and the near ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .city import skyline, street
from .crag import crag
from .deep import space, studio, underwater
from .land import far_hills, ground, ridge, trees
from .near import grass, orbs, palms, shore
from .palette import dyed, mix, turned
from .planes import Triple, yuv_of
from .rooms import room
from .sky import sky
from .vocabulary import STANDING
from .water import Water
from .words import tokens
from .world import Item, Setting, Still, World

GREEN: Triple = (0.30, 0.46, 0.18)
_AUTUMN_ROWS: tuple[Triple, ...] = ((0.84, 0.60, 0.20), (0.80, 0.40, 0.12), (0.56, 0.20, 0.09))
AUTUMN: Triple = (0.62, 0.36, 0.12)
SAND: Triple = (0.86, 0.64, 0.40)
SNOW: Triple = (0.92, 0.95, 1.0)
ROCK: Triple = (0.36, 0.36, 0.40)


_JUNGLE = frozenset(["jungle", "jungles", "rainforest", "rainforests"])


def build(world: World) -> Setting:
    """The place of this scene."""
    return _BUILDERS[world.scene.place](world)


def _land(world: World, colour: Triple, share: float = 0.9) -> Triple:
    """A colour of the ground, as the words would have it: a red desert, a forest in blue."""
    return dyed(dyed(colour, world.scene.tint, 0.5 * share), world.scene.ground, share)


def _leaf(world: World) -> Triple:
    return _land(world, AUTUMN if "leaves" in world.scene.weather else GREEN)


def _water(world: World, rough: float) -> Water:
    """Water that mirrors less, and shows its own colour more, when the words give it one."""
    water = Water.of(world, rough=rough)
    tint = world.scene.water or world.scene.tint
    if tint is None:
        return water
    named = world.scene.water is not None
    light = world.light
    at = np.linspace(0, 1, len(water.deep), dtype=np.float32)[:, None]
    far, near = (dyed(mix(light.middle, light.low, part), tint, 0.85) for part in (0.7, 0.0))
    level = 0.45 + 0.4 * light.level
    own = (np.asarray(far) * (1 - at) + np.asarray(near) * at) * level
    clear = (water.clear * (0.40 if named else 0.75)).astype(water.clear.dtype)
    return replace(water, clear=clear, deep=yuv_of(own.astype(np.float32)))


def _meadow(world: World) -> Setting:
    green = _leaf(world)
    return Setting(
        [
            *sky(world),
            *far_hills(world, green),
            Still(trees(world, "edge", foot=world.horizon / world.height + 0.01, tall=0.07, count=34, leafy=True,
                        colour=mix(green, (0.10, 0.20, 0.10), 0.4), distance=0.42, depth=0.45, ragged=0.006)),
            Still(ground(world, "grass", near=green, far=mix(green, (0.75, 0.72, 0.35), 0.4), grain=22)),
        ],
        [grass(world, green)],
    )  # fmt: skip


def _mountains(world: World) -> Setting:
    base = world.horizon / world.height
    return Setting(
        [
            *sky(world),
            Still(ridge(world, "giants", base=base, rise=0.58, cells=3.0, colour=_land(world, (0.36, 0.40, 0.50)), distance=0.62, depth=0.08,
                        roughness=0.56, power=1.25, crest=SNOW, crest_share=0.42)),
            Still(ridge(world, "range", base=base + 0.02, rise=0.30, cells=4.5, colour=_land(world, (0.28, 0.32, 0.38)), distance=0.44, depth=0.20,
                        roughness=0.54, crest=SNOW, crest_share=0.22)),
            Still(ridge(world, "foothills", base=base + 0.04, rise=0.15, cells=5.0, colour=_land(world, (0.16, 0.24, 0.18)), distance=0.28, depth=0.38)),
            Still(trees(world, "firs", foot=base + 0.06, tall=0.10, count=46, colour=_land(world, (0.10, 0.18, 0.12), 0.7), distance=0.16, depth=0.55)),
            Still(ground(world, "alp", near=_land(world, (0.26, 0.36, 0.16)), far=_land(world, (0.30, 0.38, 0.20)), from_row=int((base + 0.09) * world.height))),
        ],
    )  # fmt: skip


def _lake(world: World) -> Setting:
    base = world.horizon / world.height
    return Setting(
        [
            *sky(world),
            Still(ridge(world, "giants", base=base, rise=0.30, cells=3.2, colour=(0.30, 0.36, 0.46), distance=0.60, depth=0.08,
                        roughness=0.55, power=1.2, crest=SNOW, crest_share=0.25)),
            Still(ridge(world, "range", base=base + 0.005, rise=0.14, cells=4.5, colour=mix(_leaf(world), (0.15, 0.22, 0.2), 0.6),
                        distance=0.40, depth=0.18)),
            Still(trees(world, "shore", foot=base - 0.003, tall=0.075, count=60, colour=(0.10, 0.17, 0.12), distance=0.18, depth=0.25,
                        ragged=0.004)),
            _water(world, 0.12),
            *_headland(world),
            *_bank(world, mix(_leaf(world), (0.16, 0.14, 0.10), 0.6)),
        ],
        feet=0.90,
    )  # fmt: skip


def _sea(world: World) -> Setting:
    base = world.horizon / world.height
    items: list[Item] = [*sky(world)]
    if world.dice("isle").random() < 0.6:
        items.append(
            Still(
                ridge(
                    world,
                    "isle",
                    base=base,
                    rise=0.06,
                    cells=1.6,
                    colour=(0.30, 0.34, 0.40),
                    distance=0.66,
                    depth=0.10,
                    power=2.2,
                )
            )
        )
    rough = 1.0 if world.scene.weather & {"storm", "wind"} else 0.55
    return Setting([*items, _water(world, rough), *_headland(world)])


def _headland(world: World) -> list[Item]:
    """The rock by the water that the words speak of, with grass on its back."""
    top = world.headland
    if top is None:
        return []
    stone = _land(world, ROCK)
    return [Still(crag(world, top, colour=stone, crest=mix(stone, _leaf(world), 0.7)))]


def _bank(world: World, colour: Triple) -> list[Item]:
    """Firm ground before the water, when somebody stands there."""
    return [shore(world, colour)] if any(actor.kind in STANDING for actor in world.scene.actors) else []


def _coast(world: World) -> Setting:
    place = _sea(world)
    return Setting([*place.behind, *_bank(world, _land(world, ROCK if world.scene.cliff else SAND))], feet=0.90)


def _beach(world: World) -> Setting:
    place = _sea(world)
    return Setting([*place.behind, shore(world, _land(world, SAND))], [palms(world)], feet=0.90)


def _forest(world: World) -> Setting:
    base = world.horizon / world.height
    leafy = "leaves" in world.scene.weather
    if not _JUNGLE.isdisjoint(tokens(world.shot.prompt)):
        return _jungle(world)
    green = _land(world, mix(GREEN, (0.08, 0.22, 0.12), 0.75))
    shades: tuple[Triple, ...] = _AUTUMN_ROWS if leafy else (green,) * 3
    if leafy:
        shades = tuple(_land(world, shade, 0.6) for shade in shades)
    rows = (
        (0.62, 0.52 if leafy else 0.66, 30, 0.12),
        (0.66, 0.34 if leafy else 0.50, 20, 0.30),
        (0.78, 0.16 if leafy else 0.32, 13, 0.52),
    )
    behind: list[Item] = [*sky(world)]
    for n, (tall, distance, count, depth) in enumerate(rows):
        row = trees(world, f"row {n}", foot=base + 0.02 + 0.03 * n, tall=tall * 0.95, count=count // (2 if leafy else 1),
                    colour=shades[n], distance=distance, depth=depth, leafy=leafy)  # fmt: skip
        behind.append(Still(row))
    floor = _land(world, mix(shades[1], (0.42, 0.26, 0.12), 0.55), 0.6)
    far = mix(floor, shades[0], 0.5)
    behind.append(
        Still(ground(world, "floor", near=floor, far=far, grain=26, from_row=int((base + 0.10) * world.height)))
    )
    front = trees(world, "front", foot=1.10, tall=1.25, count=7, colour=(0.05, 0.08, 0.05), distance=0.02, depth=1.35,
                  leafy=leafy, gap=0.66)  # fmt: skip
    return Setting(behind, [Still(front)], feet=0.90)


def _jungle(world: World) -> Setting:
    """Broad crowns close together, with palms before them and among them."""
    base = world.horizon / world.height
    green = _land(world, mix(GREEN, (0.06, 0.30, 0.10), 0.6))
    floor = mix(green, (0.10, 0.12, 0.05), 0.55)
    rows = ((0.60, 0.30, 22, 0.14), (0.50, 0.14, 14, 0.34))
    behind: list[Item] = [*sky(world)]
    for n, (tall, distance, count, depth) in enumerate(rows):
        row = trees(world, f"row {n}", foot=base + 0.03 + 0.04 * n, tall=tall, count=count, colour=green,
                    distance=distance, depth=depth, leafy=True)  # fmt: skip
        behind.append(Still(row))
    behind.append(
        Still(ground(world, "floor", near=floor, far=green, grain=26, from_row=int((base + 0.08) * world.height)))
    )
    return Setting([*behind, palms(world, behind=True)], [palms(world)], feet=0.90)


def _desert(world: World) -> Setting:
    base = world.horizon / world.height
    sand = _land(world, SAND)
    items: list[Item] = [*sky(world)]
    for n, (rise, distance, depth, cells) in enumerate(
        ((0.10, 0.62, 0.10, 2.0), (0.14, 0.40, 0.25, 1.6), (0.16, 0.20, 0.50, 1.2))
    ):
        items.append(Still(ridge(world, f"dune {n}", base=base + 0.05 * n + 0.02, rise=rise, cells=cells, colour=turned(sand, -0.004 * n),
                                 distance=distance, depth=depth, roughness=0.26)))  # fmt: skip
    items.append(
        Still(ground(world, "sand", near=sand, far=sand, grain=12, from_row=int((base + 0.15) * world.height)))
    )
    return Setting(items)


def _snow(world: World) -> Setting:
    base = world.horizon / world.height
    snow = _land(world, SNOW, 0.75)
    return Setting(
        [
            *sky(world),
            Still(ridge(world, "giants", base=base, rise=0.50, cells=3.0, colour=_land(world, (0.42, 0.47, 0.58)), distance=0.55, depth=0.08,
                        roughness=0.56, power=1.2, crest=snow, crest_share=0.8)),
            Still(ridge(world, "white", base=base + 0.03, rise=0.12, cells=3.0, colour=snow, distance=0.35, depth=0.22, roughness=0.35)),
            Still(trees(world, "firs", foot=base + 0.05, tall=0.16, count=34, colour=(0.20, 0.28, 0.30), distance=0.28, depth=0.42)),
            Still(ground(world, "snow", near=snow, far=snow, grain=9, from_row=int((base + 0.07) * world.height))),
        ],
    )  # fmt: skip


def _city(world: World) -> Setting:
    return skyline(world)


def _street(world: World) -> Setting:
    return street(world)


def _space(world: World) -> Setting:
    return Setting(space(world), feet=0.80)


def _underwater(world: World) -> Setting:
    return Setting(underwater(world), feet=0.62)


def _studio(world: World) -> Setting:
    return Setting(room(world) or studio(world), feet=0.80)


def _dream(world: World) -> Setting:
    """Nothing was recognised: hills and orbs in colours that only this text has."""
    base = world.horizon / world.height
    rng = world.dice("dream")
    scene = world.scene
    named = scene.tint or scene.sky or scene.ground or scene.water
    astray = 0.06 if named is None else 0.01  # turns of hue
    items: list[Item] = [*sky(world)]
    count = int(rng.integers(3, 6))
    for n in range(count):
        part = n / count
        colour = turned(mix(world.light.top, world.light.middle, 0.6 - 0.4 * part), float(rng.normal()) * astray)
        items.append(Still(ridge(
            world, f"dream {n}", base=base + 0.06 * n, rise=0.10 + 0.26 * float(rng.random()), cells=1.0 + 3.0 * float(rng.random()),
            colour=colour, distance=0.66 * (1 - part), depth=0.10 + 0.7 * part, roughness=0.25 + 0.3 * float(rng.random()),
        )))  # fmt: skip
    of_orbs = 0.10 if named is None else 0.012
    items.insert(1 + count // 2, orbs(world, astray=of_orbs))
    return Setting(items, [orbs(world, near=True, astray=of_orbs)])


_BUILDERS = {
    "meadow": _meadow, "mountains": _mountains, "lake": _lake, "sea": _coast, "beach": _beach, "forest": _forest,
    "desert": _desert, "snow": _snow, "city": _city, "street": _street, "space": _space, "underwater": _underwater,
    "studio": _studio, "dream": _dream,
}  # fmt: skip
