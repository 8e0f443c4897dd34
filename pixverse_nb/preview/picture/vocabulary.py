"""What the preview engine's pictures can show, as words: each element and how people call it.

Matching is by whole words for scripts with spaces, and by part for Chinese and Japanese. A phrase of several words is
written with spaces.
"""

from __future__ import annotations

from types import MappingProxyType

from .planes import Triple


def _table(rows: dict[str, str]) -> MappingProxyType[str, str]:
    """Word or phrase -> element, from element -> words separated by commas."""
    return MappingProxyType({word.strip(): name for name, words in rows.items() for word in words.split(",")})


TIMES = _table({
    "night": "night, midnight, moonlight, moonlit, moon, starry, nighttime, nocturnal, 夜, 夜晚, 月, noche, nuit, nacht",
    "dusk": "dusk, twilight, blue hour, nightfall, evening, 黄昏, 傍晚",
    "sunset": "sunset, sundown, setting sun, 日落, 夕阳, atardecer, coucher de soleil, sonnenuntergang",
    "golden": "golden hour, golden light, sunlit, golden, warm light, late afternoon, backlit, magic hour",
    "dawn": "dawn, sunrise, daybreak, early morning, morning, 日出, 清晨, amanecer, aube",
    "overcast": "overcast, cloudy, gray sky, grey sky, gloomy, dreary, moody, bleak, 阴天",
    "day": "day, noon, midday, sunny, bright, daylight, clear sky, blue sky, summer, afternoon, 白天, 晴天",
})  # fmt: skip

PLACES = _table({
    "sea": "sea, ocean, waves, wave, surf, coast, seaside, shore, bay, tide, regatta, harbor, harbour, 海, 大海, 海洋, mar, mer, meer",
    "beach": "beach, sand beach, tropical, island, palm, palms, palm tree, palm trees, 沙滩, 海滩, playa, plage, strand",
    "lake": "lake, pond, river, reflection, reflections, lagoon, fjord, water, 湖, 河, lago, lac",
    "street": "street, alley, european street, cobblestone, cobblestones, boulevard, old town, village, market, cafe, "
              "paris, rome, venice, plaza, sidewalk, town, 街, 街道, calle, rue",
    "city": "city, cityscape, skyline, skyscraper, skyscrapers, downtown, metropolis, urban, tokyo, new york, cyberpunk, "
            "neon, rooftop, traffic, manhattan, 城市, 都市, 东京, ciudad, ville, stadt",
    "forest": "forest, woods, woodland, jungle, pine, pines, redwood, trees, grove, rainforest, 森林, 树林, bosque, foret, wald",
    "desert": "desert, dune, dunes, sahara, sand, canyon, mars, martian, wasteland, savanna, savannah, 沙漠, desierto, wueste",
    "snow": "snowy, snowfield, arctic, antarctic, tundra, glacier, ice, iceberg, winter, frozen, 雪原, 雪山, 冰",
    "mountains": "mountain, mountains, peak, peaks, alps, alpine, himalaya, everest, summit, cliff, cliffs, ridge, volcano, "
                 "山, 高山, 山脉, montana, montagne, berge",
    "space": "space, outer space, galaxy, nebula, cosmos, cosmic, planet, planets, orbit of, universe, asteroid, "
             "interstellar, 太空, 宇宙, 银河, espacio, espace, weltall",
    "underwater": "underwater, deep sea, coral, reef, coral reef, seabed, aquarium, submarine, submerged, 水下, 海底",
    "meadow": "meadow, field, fields, grass, grassland, prairie, hill, hills, garden, park, farm, countryside, valley, "
              "steppe, wheat, 草原, 田野, 花园, prado, wiese",
})  # fmt: skip

SUBJECTS = _table({
    "woman": "woman, girl, lady, she, queen, princess, ballerina, dancer, bride, mother, actress, witch, geisha, female, "
             "女人, 女孩, 少女, 美女, mujer, femme, frau",
    "man": "man, boy, guy, he, king, prince, person, people, figure, hero, warrior, samurai, knight, detective, father, chef, "
           "hiker, traveler, traveller, monk, wizard, soldier, male, child, kid, 男人, 男孩, 人, hombre, homme, mann",
    "runner": "runner, running man, jogger, athlete, sprinter, footballer, skater",
    "astronaut": "astronaut, spaceman, cosmonaut, 宇航员, astronauta",
    "robot": "robot, android, cyborg, mech, droid, 机器人",
    "cat": "cat, kitten, kitty, tabby, panther, leopard, tiger, lion, lioness, cheetah, 猫, 老虎, 狮子, gato, katze",
    "dog": "dog, puppy, wolf, fox, bear, rabbit, sheep, corgi, retriever, husky, hound, coyote, 狗, 小狗, 狼, perro, chien, hund",
    "horse": "horse, stallion, pony, unicorn, mare, zebra, camel, cow, horses, 马, caballo, cheval, pferd",
    "deer": "deer, stag, elk, moose, antelope, gazelle, reindeer, 鹿, ciervo, cerf, hirsch",
    "elephant": "elephant, elephants, mammoth, 大象, elefante",
    "bird": "bird, birds, seagull, seagulls, eagle, hawk, owl, crow, crows, raven, swan, duck, heron, parrot, dove, "
            "phoenix, dragon, flock, geese, 鸟, 鹰, 龙, pajaro, oiseau, vogel",
    "butterfly": "butterfly, butterflies, moth, 蝴蝶, mariposa, papillon",
    "fish": "fish, fishes, shark, koi, school of fish, dolphin, dolphins, 鱼, pez, poisson",
    "whale": "whale, whales, orca, humpback, 鲸, 鲸鱼",
    "jellyfish": "jellyfish, medusa, jellyfishes, 水母",
    "turtle": "turtle, tortoise, 海龟",
    "car": "car, cars, taxi, vehicle, convertible, truck, van, bus, sports car, race car, 汽车, 车, coche, voiture, auto",
    "ship": "ship, sailboat, boat, yacht, sailing, sail, galleon, vessel, pirate ship, canoe, ferry, 船, 帆船, barco, bateau, schiff",
    "train": "train, locomotive, tram, railway, subway, 火车, tren",
    "plane": "plane, airplane, aeroplane, aircraft, jet, glider, 飞机, avion, flugzeug",
    "rocket": "rocket, launch, spacecraft, spaceship, starship, space shuttle, 火箭, 飞船, cohete",
    "ufo": "ufo, flying saucer, alien ship, alien",
    "balloon": "balloon, balloons, hot air balloon, hot air balloons, airship, zeppelin, 热气球, globo, montgolfiere",
    "lantern": "lantern, lanterns, paper lanterns, sky lanterns, lamps, candles, candle, 灯笼, 天灯",
    "lighthouse": "lighthouse, beacon, 灯塔, faro, phare, leuchtturm",
    "castle": "castle, palace, fortress, temple, cathedral, tower, ruins, pagoda, 城堡, 寺庙, castillo, chateau",
    "house": "house, cabin, cottage, hut, barn, home, chalet, 房子, 小屋, casa, maison, haus",
    "windmill": "windmill, windmills, wind turbine, wind turbines, 风车",
    "tree": "tree, oak, lone tree, cherry tree, willow, bonsai, sakura, cherry blossom, 树, 樱花, arbol, arbre, baum",
    "flower": "flower, flowers, rose, roses, tulip, tulips, sunflower, sunflowers, daisy, lotus, poppy, poppies, lavender, "
              "bouquet, blossom, blossoms, 花, 玫瑰, flor, flores, fleur, fleurs, blume",
    "campfire": "campfire, bonfire, fire, flames, flame, fireplace, burning, blaze, 火, 篝火, fuego, feu, feuer",
    "product": "bottle, perfume, product, wristwatch, phone, sneaker, shoe, cup, coffee, crystal, diamond, sphere, orb, cube",
})  # fmt: skip

WEATHERS = _table({
    "rain": "rain, raining, rainy, drizzle, downpour, monsoon, wet, 雨, 下雨, lluvia, pluie, regen",
    "snowfall": "snow, snowing, snowfall, snowflakes, blizzard, snowstorm, 雪, 下雪, nieve, neige, schnee",
    "fog": "fog, mist, misty, foggy, haze, hazy, smoke, smoky, steam, 雾, niebla, brume, nebel",
    "storm": "storm, stormy, thunder, lightning, thunderstorm, tempest, hurricane, 暴风雨, 闪电, tormenta, orage",
    "leaves": "leaves, autumn, fall foliage, falling leaves, foliage, autumnal, 落叶, 秋, otono, automne, herbst",
    "petals": "petals, cherry blossom, cherry blossoms, sakura, blossoms, spring, confetti, 花瓣, 樱花",
    "fireflies": "fireflies, firefly, magic, magical, fairy, glowing particles, enchanted, sparkle, sparkles, fairytale, 萤火虫",
    "sparks": "sparks, embers, ember, fire, campfire, bonfire, explosion, lava, volcano, fireworks, 烟花",
    "stars": "stars, starry, milky way, starlight, constellations, 星, 星空, estrellas, etoiles, sterne",
    "aurora": "aurora, northern lights, aurora borealis, 极光",
    "clouds": "clouds, cloud, cloudy, cumulus, 云, nubes, nuages, wolken",
    "wind": "wind, windy, breeze, flowing, gust, billowing, 风, viento, vent",
    "bubbles": "bubbles, bubble, champagne, 气泡",
    "dust": "dust, dusty, sandstorm, pollen, particles, sunbeams, light rays, god rays, 尘",
})  # fmt: skip

MOODS = _table({
    "neon": "neon, cyberpunk, synthwave, vaporwave, futuristic, retrowave, 霓虹, 赛博朋克",
    "noir": "noir, black and white, monochrome, film noir, grayscale, 黑白",
    "warm": "warm, cozy, cosy, romantic, nostalgic, honey",
    "cold": "cold, icy, chilly, sci-fi, clinical",
    "pastel": "pastel, dreamy, soft, watercolor, watercolour, ghibli, anime, gentle, kawaii",
    "vivid": "vivid, vibrant, colorful, colourful, saturated, psychedelic, rainbow",
    "vintage": "vintage, sepia, retro, old film, super 8, film grain",
    "dark": "dark, horror, spooky, ominous, eerie, sinister, haunted, gothic",
})  # fmt: skip

COLOURS: dict[str, Triple] = {
    "red": (0.80, 0.08, 0.10), "crimson": (0.70, 0.05, 0.14), "scarlet": (0.86, 0.10, 0.06), "orange": (0.95, 0.48, 0.08),
    "amber": (0.98, 0.66, 0.12), "yellow": (0.97, 0.83, 0.16), "gold": (0.93, 0.74, 0.24), "green": (0.16, 0.58, 0.24),
    "emerald": (0.05, 0.55, 0.36), "olive": (0.45, 0.47, 0.16), "teal": (0.06, 0.52, 0.54), "turquoise": (0.14, 0.72, 0.70),
    "cyan": (0.10, 0.76, 0.86), "blue": (0.12, 0.32, 0.80), "navy": (0.06, 0.12, 0.38), "indigo": (0.25, 0.16, 0.62),
    "purple": (0.50, 0.18, 0.68), "violet": (0.54, 0.26, 0.80), "magenta": (0.86, 0.14, 0.60), "pink": (0.96, 0.52, 0.68),
    "white": (0.95, 0.95, 0.93), "black": (0.06, 0.06, 0.07), "gray": (0.48, 0.49, 0.51), "grey": (0.48, 0.49, 0.51),
    "silver": (0.74, 0.76, 0.79), "brown": (0.42, 0.26, 0.15), "beige": (0.85, 0.77, 0.62),
    "红": (0.80, 0.08, 0.10), "蓝": (0.12, 0.32, 0.80), "绿": (0.16, 0.58, 0.24), "黄": (0.97, 0.83, 0.16),
    "紫": (0.50, 0.18, 0.68), "白": (0.95, 0.95, 0.93), "黑": (0.06, 0.06, 0.07), "粉": (0.96, 0.52, 0.68),
    "rojo": (0.80, 0.08, 0.10), "roja": (0.80, 0.08, 0.10), "rouge": (0.80, 0.08, 0.10), "rot": (0.80, 0.08, 0.10),
    "azul": (0.12, 0.32, 0.80), "bleu": (0.12, 0.32, 0.80), "blau": (0.12, 0.32, 0.80), "verde": (0.16, 0.58, 0.24),
}  # fmt: skip

MOVES = _table({
    "pan": "pan, pans, panning, whip pan, sweeping",
    "tilt": "tilt, tilts, tilting",
    "dolly": "dolly, dollies, push in, push, pull back, pull out, pushes in, dolly zoom, moves forward, flythrough, fly through, "
             "fpv, 推, 拉",
    "zoom": "zoom, zooms, zooming, crash zoom, 变焦",
    "orbit": "orbit, orbits, orbiting, arc shot, arc, circling, circles around, revolve, rotating around, 360, 环绕",
    "crane": "crane, crane shot, jib, boom, drone, aerial, rises above, pedestal, bird's eye, overhead, 航拍",
    "track": "track, tracking, tracking shot, follow, follows, following, truck, trucking, dolly left, dolly right, slide, slider, 跟拍",
    "handheld": "handheld, hand held, hand-held, shaky, shaky cam, documentary, vlog",
    "static": "static, static camera, still camera, locked off, locked-off, tripod, fixed camera, stationary, static shot, no camera movement",
})  # fmt: skip

DIRECTIONS = _table({
    "left": "left, leftward, leftwards, 左",
    "right": "right, rightward, rightwards, 右",
    "up": "up, upward, upwards, rises, rising, ascending, 上",
    "down": "down, downward, downwards, descending, lowers, 下",
    "in": "in, into, inward, closer, forward, forwards, toward, towards",
    "out": "out, outward, back, backward, backwards, away, reveal",
})  # fmt: skip

SPEEDS = MappingProxyType({
    "very slow": 0.4, "slow": 0.6, "slowly": 0.6, "gentle": 0.7, "gently": 0.7, "subtle": 0.5, "smooth": 0.85, "calm": 0.7,
    "slow motion": 0.5, "fast": 1.6, "quick": 1.5, "quickly": 1.5, "rapid": 1.7, "rapidly": 1.7, "dynamic": 1.4,
    "whip": 1.9, "crash": 1.9, "sudden": 1.8, "fast-paced": 1.6, "energetic": 1.5, "慢": 0.6, "快": 1.6,
})  # fmt: skip

SOUNDS = _table({
    "crowd": "crowd, market, festival, concert, stadium, cafe, party, people, restaurant, 人群",
    "traffic": "traffic, car, cars, taxi, highway, bus, truck",
    "fire": "fire, campfire, bonfire, fireplace, flames, burning",
    "music": "music, song, piano, melody, dancing, dancer, ballerina, romantic, cinematic, epic, dreamy, orchestra, 音乐",
    "engine": "engine, train, plane, airplane, rocket, race, motorcycle, helicopter, jet, launch",
})  # fmt: skip

GARMENTS = frozenset(
    [
        "dress",
        "gown",
        "coat",
        "jacket",
        "shirt",
        "skirt",
        "suit",
        "cloak",
        "cape",
        "robe",
        "kimono",
        "hoodie",
        "sweater",
        "raincoat",
        "scarf",
        "uniform",
        "umbrella",
    ]
)
"""A colour before one of these dresses the person."""

NEGATIONS = frozenset(["no", "not", "without", "never", "avoid", "none", "minus"])

FLYERS = frozenset({"bird", "butterfly", "plane", "ufo", "balloon", "lantern"})
SWIMMERS = frozenset({"fish", "whale", "jellyfish", "turtle"})
WALKERS = frozenset({"woman", "man", "runner", "astronaut", "robot", "cat", "dog", "horse", "deer", "elephant"})
PEOPLE = frozenset({"woman", "man", "runner", "astronaut"})
STANDING = WALKERS | {"car", "campfire", "flower", "product"}
