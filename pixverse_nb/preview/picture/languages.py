"""Frequent words of other languages, and the English words that the vocabulary knows them by.

Latin words are written as people write them and compared without accents, so a word that would then be English ("chat",
"see", "mare", "cane", "rot") stands here only with its article or in a longer phrase, or not at all. Chinese and
Japanese words are searched by part, the longest first: 海豚 is a dolphin and no sea.
"""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

_LAST_LATIN_MARK = 0x036F  # the marks after it make other letters (ka, ga) and stay


def plain(text: str) -> str:
    """Lower case without accents; kana and hangul keep the marks that make them other letters."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in apart if not (unicodedata.combining(c) and ord(c) <= _LAST_LATIN_MARK))
    return unicodedata.normalize("NFC", kept)


def is_eastern(text: str) -> bool:
    """Whether the text is, or begins with, a script that is written without spaces."""
    return ord(text[0]) > 0x2E80  # where the CJK blocks begin


def _table(rows: dict[str, str]) -> MappingProxyType[str, str]:
    """Foreign word or phrase -> English words, from English words -> foreign ones separated by commas."""
    return MappingProxyType({plain(word.strip()): name for name, words in rows.items() for word in words.split(",")})


NOUNS = _table({
    # subjects
    "fox": "fuchs, renard, volpe, raposa, un zorro, zorro rojo, zorros, 狐狸, 狐, きつね, キツネ",
    "dog": "hund, hunde, chien, chienne, perro, perra, un cane, il cane, cachorro, cão, 狗, 小狗, 犬, 子犬, いぬ, イヌ",
    "cat": "katze, katzen, le chat, un chat, du chat, chats noirs, chaton, gato, gata, gatto, gatta, gatti, 猫, 猫咪, 貓, ねこ, ネコ, 子猫",
    "black cat": "gato negro, gatto nero, chat noir", "black dog": "perro negro", "black horse": "caballo negro",
    "wolf": "loup, lobo, lupo, 狼, オオカミ", "rabbit": "hase, lapin, conejo, coniglio, coelho, 兔子, 兔, うさぎ, ウサギ",
    "bear": "ein bär, un ours, un oso, el oso, un orso, urso, 熊",
    "lion": "ein löwe, der löwe, un leon, el león, leão, 狮子, un leone, il leone, ライオン", "tiger": "tigre, 老虎, 虎",
    "horse": "pferd, pferde, cheval, chevaux, caballo, cavallo, cavalli, cavalo, 馬, 马",
    "deer": "hirsch, reh, cerf, ciervo, cervo, veado, 鹿", "elephant": "elefant, elefante, 大象, ゾウ",
    "bird": "vogel, vögel, oiseau, pájaro, uccello, pássaro, 鸟, 鳥, 小鸟", "birds": "oiseaux, uccelli",
    "eagle": "ein adler, der adler, aigle, águila, aquila, 鹰, 鷹", "butterfly": "schmetterling, papillon, mariposa, farfalla, borboleta, 蝴蝶, 蝶",
    "fish": "fisch, fische, poisson, pesce, pesci, peixe, un pez, el pez, peces, 鱼, 魚", "dolphin": "delfin, dauphin, golfinho, 海豚, イルカ",
    "whale": "walfisch, baleine, ballena, balena, baleia, 鲸, 鲸鱼, 鯨, クジラ", "turtle": "schildkröte, tortue, tortuga, tartaruga, 海龟, 亀",
    "jellyfish": "qualle, quallen, méduse, une méduse, una medusa, água-viva, 水母, クラゲ",
    "dragon": "drache, drachen, drago, dragão, 龙, 龍, 竜", "woman": "frau, femme, mujer, una donna, la donna, mulher, 女人, 女性, 女",
    "girl": "mädchen, fille, fillette, chica, ragazza, menina, 女孩, 少女, 女の子", "boy": "ein junge, der junge, garçon, muchacho, ragazzo, menino, 男孩, 男の子",
    "man": "ein mann, der mann, homme, hombre, uomo, homem, 男人, 男性, 男", "child": "enfant, un niño, una niña, bambino, bambina, criança, 孩子, 子供, 子ども",
    "people": "menschen, leute, gente, pessoas, personnes, 人们, 人々, 人類", "crowd": "menschenmenge, foule, multitud, folla, multidão, 人群",
    "robot": "roboter, 机器人, 機器人, ロボット", "astronaut": "astronaute, astronauta, 宇航员, 宇宙飛行士",
    "flower": "blume, fleur, fiore, 花, 花朵", "flowers": "blumen, fleurs, flores, fiori",
    "tree": "baum, arbre, árbol, albero, árvore, 树, 樹", "trees": "木々, bäume, arbres, árboles, alberi, árvores",
    "cherry blossom": "kirschblüte, kirschblüten, 樱花, 桜", "sailboat": "segelboot, voilier, velero, veleiro, barca a vela, 帆船, ヨット",
    "ship": "schiff, bateau, bateaux, barco, una nave, la nave, una barca, navio, 船", "train": "zug, tren, treno, trem, 火车, 火車, 電車, 列车",
    "car": "voiture, coche, carro, 汽车, 车, 車, 自動車", "plane": "flugzeug, avion, avión, aereo, avião, 飞机, 飛機, 飛行機",
    "zebra": "斑马", "bicycle": "fahrrad, bicicleta, bicicletta, vélo, 自行车, 自転車", "rocket": "rakete, fusée, cohete, razzo, foguete, 火箭, ロケット", "lighthouse": "leuchtturm, phare, un faro, el faro, il faro, farol, 灯塔, 燈塔, 灯台",
    "castle": "schloss, château, castillo, castello, castelo, 城堡, お城, 城", "house": "haus, häuser, maison, casa, 房子",
    "balloon": "heißluftballon, montgolfière, globo aerostático, mongolfiera, 热气球, 気球", "candle": "kerze, une bougie, la bougie, 蜡烛",
    "rainbow": "regenbogen, arc-en-ciel, arcoíris, arcobaleno, arco-íris, 彩虹, 虹", "submarine": "u-boot, sous-marin, submarino, sottomarino, 潜水艇, 潜艇",
    "dress": "kleid, vestido, vestito, 裙子, 连衣裙, ドレス", "fire": "feuer, feu, fuego, fuoco, fogo, 火",
    # places
    "sea": "meer, ozean, océan, océano, oceano, el mar, del mar, al mar, o mar, do mar, no mar, no oceano, mar azul, la mer, il mare, sul mare, del mare, al mare, 海, 大海, 海洋, 海边, 海辺",
    "beach": "am strand, der strand, den strand, plage, playa, spiaggia, praia, 沙滩, 海滩, 海滨, 砂浜, 浜辺, ビーチ", "island": "insel, île, isla, isola, ilha, 岛, 島",
    "lake": "am see, der see, lac, lago, 湖", "river": "fluss, rivière, fleuve, un río, el río, fiume, 河, 小川",
    "forest": "wald, wälder, forêt, bosque, foresta, bosco, floresta, 森林, 树林, 森",
    "mountains": "berge, gebirge, montagne, montagnes, la montaña, una montaña, montañas nevadas, montanha, montanhas, montagna, 山, 高山, 山脉",
    "volcano": "vulkan, volcan, volcán, vulcano, vulcão, 火山", "desert": "wüste, désert, desierto, deserto, 沙漠, 砂漠",
    "city": "stadt, großstadt, ville, ciudad, città, cidade, 城市, 都市, 都会, 香港, 上海, 北京, 东京, 東京",
    "street": "straße, strassen, la rue, une rue, les rues, calle, strada, rua, 街, 街道, 马路, 道路, 通り",
    "village": "dorf, pueblo, villaggio, aldeia, 村庄, 村", "meadow": "wiese, pradera, prato, 草原, 草地, 野原", "field": "feld, campo, 田野, 畑",
    "garden": "garten, jardin, jardín, giardino, jardim, 花园, 庭", "space": "weltall, weltraum, espace, espacio, espaço, spazio, 太空, 宇宙, 银河, 小川",
    "underwater": "unterwasser, unter wasser, sous eau, bajo el agua, 水下, 水中, 海底, 海中", "water": "wasser, 湖水, 水面, agua, acqua, água", "planet": "星球", "style": "风格", "landscape": "风景", "soon": "马上", "rome": "罗马", "sky": "himmel, ciel, cielo, céu, 天空",
    "full moon night": "月夜", "night sky": "夜空", "blue sky": "青空", "moon": "mond, 月亮, 月", "harbor": "hafen, 港口",
    # weather and time
    "rain": "regen, pluie, lluvia, pioggia, chuva, 雨, 下雨", "snow": "schnee, neige, nieve, neve, 雪, 下雪", "ice": "eis, glace, hielo, ghiaccio, gelo, 冰, 氷",
    "fog": "nebel, brouillard, brume, niebla, nebbia, neblina, névoa, 雾, 霧", "storm": "sturm, gewitter, orage, tempête, tormenta, tempesta, tempestade, temporale, 暴风雨, 嵐, 雷",
    "clouds": "wolken, nuages, nubes, nuvole, nuvens, 云, 雲", "wind": "le vent, du vent, viento, vento, 风, 風", "stars": "sterne, étoiles, estrellas, stelle, estrelas, 星, 星星",
    "starry": "sternenhimmel, 星空", "aurora": "nordlichter, polarlicht, polarlichter, aurores boréales, 极光, オーロラ", "fireworks": "feuerwerk, feux artifice, 烟花, 花火",
    "autumn": "herbst, automne, otoño, autunno, outono, 秋天, 秋, 紅葉", "spring": "frühling, printemps, primavera, 春天",
    "winter": "hiver, invierno, inverno, 冬天, 冬", "summer": "sommer, été, verano, 夏天, 夏",
    "sparks": "火花", "dark": "黑暗", "night": "黑夜, nacht, nachts, nuit, noche, notte, noite, medianoche, mitternacht, minuit, 夜, 夜晚, 晚上, 真夜中", "full moon": "vollmond, pleine lune, luna llena, luna piena, lua cheia, 满月, 満月",
    "sunset": "sonnenuntergang, coucher de soleil, coucher du soleil, puesta de sol, atardecer, tramonto, pôr do sol, 日落, 夕阳, 夕陽, 夕日, 夕焼け",
    "sunrise": "sonnenaufgang, lever de soleil, lever du soleil, amanecer, amanhecer, 日出, 日の出", "dawn": "morgendämmerung, aube, 清晨, 早晨, 朝日",
    "dusk": "dämmerung, abenddämmerung, crépuscule, anochecer, crepuscolo, entardecer, 黄昏, 傍晚, 夕暮れ, 夕方", "evening": "abend, am abend, soir, di sera",
    "morning": "am morgen, matin, por la mañana, mattina, manhã", "noon": "mittag, mittags, mediodía, mezzogiorno, meio-dia, 正午", "sunny": "sonnig, sonnenschein, ensoleillé, soleado, soleggiato, ensolarado, 晴天, 晴れ",
})  # fmt: skip
"""What is seen."""

COLOURS = _table({
    "red": "eine rote, die rote, roter, rotes, roten, rotem, rouge, rouges, rojo, roja, rojos, rosso, rossa, rosse, vermelho, vermelha, 红, 红色, 紅, 赤, 赤い",
    "blue": "blau, blaue, blauer, blaues, blauen, bleu, bleue, bleus, bleues, azul, azules, azuis, blu, azzurro, azzurra, 蓝, 蓝色, 藍, 青い",
    "green": "grün, grüne, grüner, grünes, grünen, verte, vertes, verde, verdes, 绿, 绿色, 緑, 綠",
    "yellow": "gelb, gelbe, gelber, gelbes, gelben, jaune, jaunes, amarilla, amarillas, amarelo, amarela, gialla, 黄, 黄色, 黄色い",
    "white": "weiß, weiße, weißer, weißes, weißen, blanche, blanches, blanco, blancos, blancas, bianco, branco, branca, 白, 白色, 白い",
    "black": "schwarz, schwarze, schwarzer, schwarzes, schwarzen, noire, noires, negra, negras, nera, preto, preta, 黑, 黑色, 黒, 黒い",
    "purple": "violett, violetter, violettes, morado, morada, roxo, roxa, 紫, 紫色",
    "orange": "naranja, arancione, laranja, 橙, 橙色, オレンジ", "pink": "rosafarben, rosarot, 粉, 粉色, 粉红, ピンク", "gray": "grau, graue, grauer, graues, grauen, gris, grise, grigio, grigia, cinza, 灰色",
    "brown": "braune, brauner, braunes, braunen, marrón, marrone, marrom, 棕色, 茶色", "golden": "goldene, goldener, goldenes, goldenen, dorée, dorées, dorada, doradas, dorato, dorata, dourado, dourada, 金色",
})  # fmt: skip
"""In the languages of the south these come after what they colour."""

MANNERS = _table({
    "without": "ohne, sans, senza, 没有, 不要", "no": "kein, keine, keinen, pas de", "slowly": "langsam, lentement, lentamente, lento, lenta, 慢, 缓慢, ゆっくり",
    "fast": "schnell, schneller, rapide, rapido, rápida, 快, 快速, 速い", "from": "从", "to": "到", "left": "nach links, vers la gauche, izquierda, sinistra, esquerda, 左",
    "right": "nach rechts, vers la droite, à droite, derecha, destra, 右", "pan": "schwenk, kameraschwenk, panoramique, paneo, panoramica, 平移, 摇镜",
    "push in": "推近, 推进, 镜头推", "pull out": "拉远, 镜头拉", "zoom": "zoomt, 变焦, ズーム", "orbit": "环绕", "drone": "drohne, 无人机, 航拍", "tracking": "跟拍", "handheld": "手持",
    "static camera": "statische kamera, feste kamera, plan fixe, cámara fija, camera fissa, câmera fixa, 固定镜头, 静止镜头",
    "silent": "stumm, lautlos, silencieux, silencieuse, silencioso, silenciosa, silenzioso, silenziosa, 无声, 静音, 無音", "silence": "stille, silencio, silenzio, silêncio, 寂静",
    "quiet": "leise, ruhig, tranquille, tranquilo, tranquila, 安静, 静か", "happy": "fröhlich, heureux, heureuse, feliz, felice, 快乐, 開心",
    "sad": "traurig, triste, 悲伤, 悲しい", "market": "le marché, un marché, mercado, mercato, 市场, 市場",
})  # fmt: skip
"""How it is seen and heard."""

_LONGEST = 3  # words in a phrase
_BEFORE = ("eine ", "die ", "rot", "blau", "grun", "gelb", "weiss", "schwarz", "violett", "grau", "braun", "golden")
"""How colours begin that stand before their noun although it is not English: the German ones."""
_ALL = MappingProxyType({**NOUNS, **COLOURS, **MANNERS})
EASTERN = frozenset(word for word in _ALL if is_eastern(word))
"""What is searched by part."""


def in_english(words: list[str]) -> list[str]:
    """The same words, those of the table in English; a colour of the south comes before its noun, as English has it."""
    out: list[str] = []
    at = 0
    noun = 0  # how many words of English the noun has that ends here
    while at < len(words):
        key, length = _known(words, at)
        if key is None:
            out.append(words[at])
            noun = 0
        else:
            english = _ALL[key].split()
            behind = noun if key in COLOURS and not key.startswith(_BEFORE) else 0
            out[len(out) - behind : len(out) - behind] = english
            noun = len(english) if key in NOUNS and not is_eastern(key) else 0
        at += length
    return out


def _known(words: list[str], at: int) -> tuple[str | None, int]:
    """The longest phrase of the table that begins at a place, and its number of words (1 when there is none)."""
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        phrase = " ".join(words[at : at + length])
        for key in (phrase, phrase.removesuffix("s")):
            if key in _ALL:
                return key, length
    return None, 1
