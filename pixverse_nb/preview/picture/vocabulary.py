"""What the preview engine's pictures can show, as words: each element and how people call it.

Matching is by whole words for scripts with spaces, and by part for Chinese and Japanese. A phrase of several words is
written with spaces. Frequent words of other languages that are not here are turned into English first (languages.py).
"""

from __future__ import annotations

from types import MappingProxyType

from .languages import plain
from .planes import Triple


def _table(rows: dict[str, str]) -> MappingProxyType[str, str]:
    """Word or phrase -> element, from element -> words separated by commas."""
    return MappingProxyType({plain(word.strip()): name for name, words in rows.items() for word in words.split(",")})


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


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
    "sea": "sea, ocean, waves, wave, surf, coast, coastal, coastline, seashore, seaside, shore, bay, tide, regatta, harbor, harbour, 海, 大海, 海洋, mer, meer",
    "beach": "beach, sand beach, tropical, island, palm, palms, palm tree, palm trees, 沙滩, 海滩, playa, plage",
    "lake": "lake, pond, river, reflection, reflections, lagoon, fjord, water, 湖, 河, lago, lac",
    "street": "street, alley, european street, cobblestone, cobblestones, boulevard, old town, village, market, cafe, "
              "paris, rome, venice, plaza, sidewalk, town, road, roads, highway, freeway, motorway, crosswalk, intersection, 街, 街道, calle",
    "city": "city, cityscape, skyline, skyscraper, skyscrapers, downtown, metropolis, urban, tokyo, new york, cyberpunk, "
            "neon, rooftop, traffic, manhattan, 城市, 都市, 东京, ciudad, ville, stadt",
    "forest": "forest, woods, woodland, jungle, pine, pines, redwood, trees, grove, rainforest, 森林, 树林, bosque, foret, wald",
    "desert": "desert, dune, dunes, sahara, sand, canyon, wasteland, savanna, savannah, 沙漠, desierto, wueste",
    "snow": "snowy, snowfield, arctic, antarctic, tundra, glacier, ice, iceberg, winter, frozen, 雪原, 雪山, 冰",
    "mountains": "mountain, mountains, peak, peaks, alps, alpine, himalaya, everest, summit, cliff, cliffs, ridge, volcano, "
                 "山, 高山, 山脉, montagne, berge",
    "moon": "on the moon, lunar, lunar surface, moonscape, moon surface, moon base, moon landing, moonwalk, moon's surface, 月球",
    "mars": "mars, on mars, martian, red planet, 火星",
    "space": "space, outer space, galaxy, nebula, cosmos, cosmic, planet, planets, saturn, jupiter, neptune, uranus, comet, orbit of, universe, asteroid, "
             "interstellar, 太空, 宇宙, 银河, espacio, espace, weltall",
    "underwater": "underwater, deep sea, coral, reef, coral reef, seabed, aquarium, submarine, submerged, 水下, 海底",
    "meadow": "meadow, field, fields, grass, grassland, prairie, hill, hills, garden, park, farm, countryside, valley, "
              "steppe, wheat, stadium, arena, football pitch, soccer field, 草原, 田野, 花园, prado, wiese",
    "studio": "room, living room, kitchen, library, office, ballroom, bedroom, bathroom, classroom, hallway, corridor, indoors, "
              "interior, bookshelf, bookshelves, bookcase, bookshop, bookstore, windowsill, workshop, laboratory, museum, gym, stage, photo studio, in a studio, boxing ring",
})  # fmt: skip

TRADES = (
    "actor, archer, architect, artist, astronomer, baker, bartender, blacksmith, boxer, builder, businessman, butcher, carpenter, chef, clown, conductor, "
    "cook, dentist, detective, diver, dj, doctor, drummer, engineer, explorer, farmer, firefighter, fisher, florist, gardener, guitarist, hiker, hunter, "
    "jockey, journalist, judge, juggler, lifeguard, magician, mechanic, miner, musician, ninja, officer, painter, photographer, pianist, pilot, pirate, "
    "player, plumber, police, potter, priest, rapper, rider, sailor, saxophonist, scientist, sculptor, shepherd, shopkeeper, singer, student, surgeon, "
    "swimmer, tailor, teacher, tourist, traveler, traveller, vampire, violinist, waiter, wanderer, welder, worker, wrestler, writer, zombie"
)
"""What people do; a woman may do it, too."""

SUBJECTS = _table({
    "woman": "woman, women, girl, lady, she, queen, princess, bride, mother, grandmother, actress, witch, geisha, female, nurse, mermaid, "
             "女人, 女孩, 少女, 美女, mujer, femme, frau",
    "man": "man, men, guy, he, king, prince, person, figure, hero, warrior, samurai, knight, father, grandfather, gentleman, monk, wizard, male, groom, cowboy, "
           f"{TRADES},  男人, 人, hombre, homme",
    "runner": "runner, running man, jogger, athlete, sprinter, footballer, football player, soccer player, basketball player, skater",
    "surfer": "surfer, surfing",
    "skier": "skier, skiing, snowboarder, snowboarding",
    "astronaut": "astronaut, spaceman, cosmonaut, 宇航员, astronauta",
    "robot": "robot, android, cyborg, mech, droid, 机器人",
    "cat": "cat, kitten, kitty, tabby, panther, leopard, tiger, lioness, cheetah, puma, jaguar, lynx, 猫, 老虎, gato, katze",
    "lion": "lion, 狮子",
    "dog": "dog, puppy, wolf, rabbit, sheep, corgi, retriever, husky, hound, coyote, 狗, 小狗, 狼, perro, chien, hund",
    "bear": "bear, polar bear, grizzly, grizzly bear, brown bear, black bear, 熊",
    "panda": "panda, giant panda, 熊猫",
    "camel": "camel, dromedary, 骆驼",
    "penguin": "penguin, 企鹅",
    "frog": "frog, toad, 青蛙",
    "horse": "horse, stallion, pony, unicorn, mare, zebra, cow, horses, 马, caballo, cheval, pferd",
    "deer": "deer, stag, elk, moose, antelope, gazelle, reindeer, 鹿, ciervo, cerf, hirsch",
    "elephant": "elephant, elephants, mammoth, 大象, elefante",
    "bird": "bird, birds, seagull, seagulls, eagle, hawk, owl, crow, crows, raven, swan, duck, heron, parrot, dove, "
            "phoenix, flock, geese, goose, hummingbird, sparrow, robin, pigeon, pelican, stork, flamingo, peacock, kingfisher, falcon, magpie, "
            "woodpecker, rooster, chicken, 鸟, 鹰, pajaro, oiseau, vogel",
    "butterfly": "butterfly, butterflies, moth, 蝴蝶, mariposa, papillon",
    "shark": "shark, 鲨鱼",
    "fish": "fish, fishes, koi, school of fish, dolphin, dolphins, 鱼, poisson",
    "whale": "whale, whales, orca, humpback, 鲸, 鲸鱼",
    "jellyfish": "jellyfish, jellyfishes, 水母",
    "turtle": "turtle, tortoise, 海龟",
    "car": "car, cars, taxi, vehicle, convertible, truck, van, bus, sports car, race car, 汽车, 车, coche, voiture, auto",
    "ship": "ship, sailboat, boat, yacht, sails, sailing, sail, galleon, vessel, pirate ship, canoe, ferry, 船, 帆船, barco, bateau, schiff",
    "train": "train, locomotive, tram, railway, subway, 火车, tren",
    "plane": "plane, airplane, aeroplane, aircraft, jet, glider, 飞机, avion, flugzeug",
    "rocket": "rocket, launch, spacecraft, spaceship, starship, space shuttle, 火箭, 飞船, cohete",
    "ufo": "ufo, flying saucer, alien ship, alien",
    "balloon": "balloon, balloons, hot air balloon, hot air balloons, airship, zeppelin, 热气球, globo, montgolfiere",
    "lantern": "lantern, lanterns, paper lanterns, sky lanterns, lamps, 灯笼, 天灯",
    "lighthouse": "lighthouse, beacon, 灯塔, phare, leuchtturm",
    "castle": "castle, palace, fortress, temple, cathedral, tower, ruins, pagoda, 城堡, 寺庙, castillo, chateau",
    "house": "house, cabin, cottage, hut, barn, home, chalet, 房子, 小屋, casa, maison, haus",
    "windmill": "windmill, windmills, wind turbine, wind turbines, 风车",
    "tree": "tree, oak, lone tree, cherry tree, willow, bonsai, sakura, cherry blossom, 树, 樱花, arbol, arbre, baum",
    "flower": "flower, flowers, rose, roses, tulip, tulips, sunflower, sunflowers, daisy, lotus, poppy, poppies, lavender, "
              "bouquet, blossom, blossoms, 花, 玫瑰, flor, flores, fleur, fleurs, blume",
    "campfire": "campfire, bonfire, fire, flames, flame, fireplace, burning, blaze, 火, 篝火, fuego, feu, feuer",
    "crowd": "people, stadium, football match, soccer match, crowd, crowds, audience, pedestrians, villagers, spectators, passers-by, parade, couple, lovers, family, friends, 人群, 人们",
    "child": "child, baby, babies, infant, kid, children, kids, boy, boys, toddler, schoolchildren, little girl, little girls, little boy, 孩子, 小孩, 男孩",
    "dancer": "dancer, dancers, ballerina, ballerinas, ballet dancer, ballet dancers, 舞者",
    "soldier": "soldier, soldiers, army, troops, infantry, 士兵",
    "fox": "fox, foxes, vixen, 狐, 狐狸",
    "dragon": "dragon, dragons, wyvern, 龙, 龍",
    "submarine": "submarine, submarines, u-boat, 潜艇",
    "bicycle": "bicycle, bicycles, bike, bikes, 自行车",
    "cyclist": "cyclist, cyclists, bike rider, motorcycle, motorbike, motorcyclist, biker, scooter, moped",
    "umbrella": "umbrella, parasol, 伞, 雨伞",
    "volcano": "volcano, volcanoes, lava, eruption, 火山",
    "waterfall": "waterfall, cascade, cataract, niagara falls, 瀑布",
    "guitar": "guitar, guitars, ukulele, 吉他",
    "candle": "candle, candles, candlelight, candlelit, 蜡烛",
    "cup": "cup, cups, mug, mugs, coffee, tea, teacup, espresso, cappuccino, latte, 咖啡, 茶",
    "rainbow": "rainbow, rainbows, 彩虹",
    "product": "bottle, perfume, product, wristwatch, phone, sneaker, shoe, crystal, diamond, sphere, orb, cube",
})  # fmt: skip

WEATHERS = _table({
    "rain": "rain, raining, rainy, drizzle, downpour, monsoon, wet, 雨, 下雨, lluvia, pluie, regen",
    "snowfall": "snow, snowing, snowfall, snowflakes, blizzard, snowstorm, 雪, 下雪, nieve, neige, schnee",
    "fog": "fog, mist, misty, foggy, haze, hazy, smoke, smoky, steam, 雾, niebla, brume, nebel",
    "storm": "storm, stormy, thunder, lightning, thunderstorm, tempest, hurricane, 暴风雨, 闪电, tormenta, orage",
    "leaves": "leaves, autumn, fall foliage, falling leaves, foliage, autumnal, 落叶, 秋, otono, automne, herbst",
    "petals": "petals, cherry blossom, cherry blossoms, sakura, blossoms, spring, confetti, 花瓣, 樱花",
    "fireflies": "fireflies, firefly, magic, magical, fairy, glowing particles, enchanted, sparkle, sparkles, fairytale, 萤火虫",
    "sparks": "sparks, embers, ember, fire, campfire, bonfire, explosion",
    "eruption": "volcano, volcanoes, lava, magma, eruption, erupting, erupts, 火山",
    "fireworks": "fireworks, firework, 烟花",
    "stars": "stars, starry, milky way, starlight, constellations, 星, 星空, estrellas, etoiles, sterne",
    "aurora": "aurora, northern lights, aurora borealis, 极光",
    "clouds": "clouds, cloud, cloudy, cumulus, 云, nubes, nuages, wolken",
    "wind": "wind, windy, breeze, flowing, gust, billowing, 风, viento",
    "bubbles": "bubbles, bubble, champagne, 气泡",
    "sandstorm": "sandstorm",
    "dust": "dust, dusty, pollen, particles, sunbeams, light rays, god rays, 尘",
})  # fmt: skip

MOODS = _table({
    "neon": "neon, cyberpunk, synthwave, vaporwave, futuristic, retrowave, 霓虹, 赛博朋克",
    "noir": "noir, black and white, monochrome, film noir, grayscale, 黑白",
    "warm": "warm, cozy, cosy, romantic, nostalgic, honey",
    "cold": "cold, icy, chilly, sci-fi, clinical",
    "pastel": "pastel, dreamy, soft, watercolor, watercolour, ghibli, anime, gentle, kawaii",
    "vivid": "vivid, vibrant, colorful, colourful, saturated, psychedelic, rainbow",
    "vintage": "vintage, sepia, retro, old film, super 8, film grain",
    "dark": "dark, horror, spooky, ominous, eerie, sinister, haunted, gothic, darkness, shadowy",
    "sad": "sad, sadness, melancholy, melancholic, sorrow, sorrowful, mournful, lonely, loneliness, wistful, somber, sombre, grief, forlorn",
    "joyful": "joyful, joy, happy, happiness, cheerful, playful, festive, uplifting",
})  # fmt: skip

COLOURS: dict[str, Triple] = {
    "red": (0.80, 0.08, 0.10), "crimson": (0.70, 0.05, 0.14), "scarlet": (0.86, 0.10, 0.06), "orange": (0.95, 0.48, 0.08),
    "amber": (0.98, 0.66, 0.12), "yellow": (0.97, 0.83, 0.16), "gold": (0.93, 0.74, 0.24), "golden": (0.93, 0.74, 0.24),
    "green": (0.16, 0.58, 0.24), "emerald": (0.05, 0.55, 0.36), "olive": (0.45, 0.47, 0.16), "teal": (0.06, 0.52, 0.54), "turquoise": (0.14, 0.72, 0.70),
    "cyan": (0.10, 0.76, 0.86), "blue": (0.12, 0.32, 0.80), "navy": (0.06, 0.12, 0.38), "indigo": (0.25, 0.16, 0.62),
    "purple": (0.50, 0.18, 0.68), "violet": (0.54, 0.26, 0.80), "magenta": (0.86, 0.14, 0.60), "pink": (0.96, 0.52, 0.68),
    "white": (0.95, 0.95, 0.93), "black": (0.06, 0.06, 0.07), "gray": (0.48, 0.49, 0.51), "grey": (0.48, 0.49, 0.51),
    "silver": (0.74, 0.76, 0.79), "brown": (0.42, 0.26, 0.15), "beige": (0.85, 0.77, 0.62),
    "maroon": (0.44, 0.06, 0.12), "burgundy": (0.46, 0.04, 0.16), "ruby": (0.74, 0.04, 0.22), "copper": (0.72, 0.40, 0.22),
    "bronze": (0.66, 0.46, 0.22), "lime": (0.62, 0.86, 0.16), "jade": (0.10, 0.62, 0.44), "azure": (0.14, 0.52, 0.92),
    "cobalt": (0.06, 0.24, 0.70), "sapphire": (0.08, 0.22, 0.66), "lilac": (0.74, 0.58, 0.86), "ivory": (0.95, 0.92, 0.82),
}  # fmt: skip

MOVES = _table({
    "pan": "pan, pans, panning, whip pan, sweeping",
    "tilt": "tilt, tilts, tilting",
    "dolly": "dolly, dollies, dollying, push in, push, pushing in, pushes, pull back, pull out, pull away, pulls back, pulls out, pulls away, "
             "pulling back, pushes in, dolly zoom, moves forward, moves closer, moves back, flythrough, fly through, fpv, 推, 拉",
    "zoom": "zoom, zooms, zooming, crash zoom",
    "orbit": "orbit, orbits, orbiting, arc shot, arc, circling, circles around, revolve, rotating around, 360",
    "crane": "crane, cranes, crane shot, jib, boom, drone, aerial, rises above, pedestal, bird's eye, overhead shot, overhead view, overhead camera, overhead angle, from overhead, camera rises, camera descends",
    "track": "track, tracks, tracking, tracking shot, follow, follows, following, truck, trucking, dolly left, dolly right, slide, slides, slider, "
             "camera moves, camera moving, camera glides, camera gliding, camera travels, camera drifts",
    "handheld": "handheld, hand-held, hand held camera, hand held shot, shaky, shaky cam, documentary, vlog",
    "static": "static, static camera, static shot, still camera, still shot, locked off, locked-off, locked camera, locked shot, "
              "tripod, fixed camera, fixed shot, stationary, motionless camera",
})  # fmt: skip

DIRECTIONS = _table({
    "left": "left, leftward, leftwards",
    "right": "right, rightward, rightwards",
    "up": "up, upward, upwards, rises, rising, ascending, upwardly, 上",
    "down": "down, downward, downwards, descending, descends, lowers, 下",
    "in": "in, into, inward, closer, forward, forwards, toward, towards, 近, 推",
    "out": "out, outward, back, backward, backwards, away, reveal, 远, 拉",
    "clockwise": "clockwise",
    "counterclockwise": "counterclockwise, counter-clockwise, anticlockwise, anti-clockwise",
})  # fmt: skip

WAYS = MappingProxyType({
    "pan": ("left", "right", "up", "down", "clockwise", "counterclockwise"), "tilt": ("up", "down"), "crane": ("up", "down"),
    "orbit": ("left", "right", "clockwise", "counterclockwise"),
    "track": ("left", "right", "up", "down", "in", "out"), "zoom": ("in", "out"), "dolly": ("in", "out", "left", "right"),
})  # fmt: skip
"""The directions that mean something to a move: one zooms in, toward what is on the left."""

SPEEDS = MappingProxyType({
    "very slow": 0.4, "slow": 0.6, "slowly": 0.6, "gentle": 0.7, "gently": 0.7, "subtle": 0.5, "smooth": 0.85, "calm": 0.7,
    "slow motion": 0.5, "fast": 1.6, "faster": 1.8, "very fast": 2.0, "slower": 0.5, "swift": 1.6, "swiftly": 1.6, "quick": 1.5, "quickly": 1.5, "rapid": 1.7, "rapidly": 1.7, "dynamic": 1.4,
    "whip": 1.9, "crash": 1.9, "sudden": 1.8, "fast-paced": 1.6, "energetic": 1.5,
})  # fmt: skip

SOUNDS = _table({
    "crowd": "crowd, market, festival, concert, stadium, cafe, party, people, restaurant, 人群",
    "traffic": "traffic, car, cars, taxi, highway, bus, truck",
    "fire": "fire, campfire, bonfire, fireplace, flames, burning",
    "music": "music, song, piano, melody, dancing, dancer, ballerina, romantic, cinematic, epic, dreamy, orchestra, 音乐",
    "engine": "engine, train, plane, airplane, rocket, race, motorcycle, helicopter, jet, launch",
})  # fmt: skip

LOUDNESS = MappingProxyType({
    **dict.fromkeys(("silent", "silently", "silence", "soundless", "soundlessly", "noiseless", "mute", "muted", "inaudible"), 0.02),
    **dict.fromkeys(("quiet", "quietly", "quietness", "hushed", "hush", "whisper", "whispering", "muffled", "faint sound", "soft sound"), 0.3),
    **dict.fromkeys(("loud", "loudly", "noisy", "roaring", "roar", "thunderous", "deafening", "blaring", "booming", "ear-splitting"), 2.2),
})  # fmt: skip
"""How loud a word makes the sound; 1 is usual, 0.02 next to nothing."""

PARTS = _table({
    "sky": "sky, skies, cloud, clouds, sunset, sunrise, dawn, dusk, twilight, horizon, heaven, heavens, fog, mist, haze, smoke, aurora, "
           "northern lights, stars, moon, sun, starlight, moonlight",
    "water": "water, waters, sea, ocean, lake, pond, river, lagoon, wave, waves, surf, tide, bay, fjord, shallows",
    "ground": "ground, soil, earth, land, desert, sand, sands, dune, dunes, canyon, beach, island, grass, grassland, meadow, field, fields, "
              "prairie, steppe, hill, hills, valley, garden, park, countryside, wheat, savanna, savannah, mountain, mountains, peak, peaks, "
              "alps, cliff, cliffs, ridge, rock, rocks, volcano, forest, woods, woodland, jungle, pine, pines, rainforest, grove, trees, "
              "foliage, leaves, snow, snowfield, ice, glacier, iceberg, tundra, moss",
})  # fmt: skip
"""What a colour before it (or a copula behind it) tints."""

TRIFLES = _set(
    "eye eyes hair lips lipstick skin fur feather feathers wing wings scale scales mane beard teeth nails jeans trousers pants shorts "
    "shoe shoes boots hat hats cap caps gloves socks tie ties ribbon ribbons belt belts helmet helmets backpack backpacks "
    "beards manes sign signs flag flags door doors roof roofs wine tea hour"
)
"""Small things: their colour is theirs, and tints nothing."""

LIGHTS = _set(
    "light lights lighting glow glows tone tones tint hue hues palette grading grade colour colours color colors haze atmosphere mood "
    "filter shades background backdrop world scene scenery style landscape theme accents ambience night air lit tinted toned world"
)
"""A colour before one of these is the whole picture's."""

COPULAS = _set("is are was were turns turned turning turn becomes glows glowing shines looks painted dyed of")

GARMENTS = _set(
    "dress dresses gown gowns coat coats jacket jackets shirt shirts skirt skirts suit suits cloak cloaks cape capes robe robes "
    "kimono kimonos hoodie hoodies sweater sweaters raincoat raincoats scarf scarves scarfs uniform uniforms "
    "blouse blouses tunic tunics sari saris t-shirt t-shirts tracksuit tracksuits outfit outfits costume costumes clothes"
)
"""A colour before one of these dresses the person."""

HEIGHTS = _set(
    "cliff cliffs clifftop cliffside rock rocks rocky crag crags bluff headland hill hills hilltop mountain mountains ridge 悬崖"
)
"""On these something stands above the water."""

NEGATIONS = frozenset(["no", "not", "without", "never", "avoid", "none", "minus", "doesn't", "don't", "isn't"])

FAR_OFF = frozenset({"castle", "house", "windmill", "lighthouse", "tree", "train", "volcano", "waterfall"})
"""They stand in the landscape, behind the place's own ground."""
FLYERS = frozenset({"bird", "dragon", "butterfly", "plane", "ufo", "balloon", "lantern"})
SWIMMERS = frozenset({"submarine", "fish", "shark", "whale", "jellyfish", "turtle"})
WALKERS = frozenset(
    {
        "bear",
        "panda",
        "lion",
        "camel",
        "penguin",
        "frog",
        "rider",
        "surfer",
        "skier",
        "woman",
        "man",
        "child",
        "dancer",
        "soldier",
        "crowd",
        "runner",
        "astronaut",
        "robot",
        "cat",
        "dog",
        "fox",
        "horse",
        "deer",
        "elephant",
    }
)
PEOPLE = frozenset(
    {
        "woman",
        "man",
        "child",
        "dancer",
        "soldier",
        "crowd",
        "cyclist",
        "runner",
        "astronaut",
        "surfer",
        "skier",
        "rider",
    }
)
STANDING = WALKERS | {
    "umbrella",
    "bicycle",
    "cyclist",
    "cup",
    "candle",
    "guitar",
    "car",
    "campfire",
    "flower",
    "product",
}
