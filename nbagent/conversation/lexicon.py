"""Words of pictures: times, weather, places, colours, cameras; and their translations.

Pure data and look-ups, shared by edits, shots and references. The English phrase of an
entry is what a prompt gets; the other languages are only heard.
"""

from __future__ import annotations

import re
from typing import Final

_I: Final = re.IGNORECASE


def phrases(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Read a table of `canonical phrase = pattern` lines."""
    rows = (line.split(" = ") for line in table.strip().splitlines())
    return tuple((name.strip(), re.compile(words.strip(), _I)) for name, words in rows)


# canonical phrase = what it is heard in. First match wins.
TIMES: Final = phrases(
    r"""
at midnight = \bat midnight\b|\bmidnight\b|medianoche|mitternacht|자정|午夜
at sunset = \b(?:at |during |in (?:the )?)?(?:sunset|sundown|golden hour)\b|\b(?:al )?atardecer|puesta de sol|sonnenuntergang|일몰|해\s?질|노을|日落|夕阳|落日
at dawn = \b(?:at |during )?(?:dawn|daybreak)\b|\bamanecer\b|morgengrauen|morgendämmerung|새벽|黎明|拂晓
at sunrise = \b(?:at |during )?sunrise\b|sonnenaufgang|salida del sol|일출|日出
at dusk = \b(?:at |in the )?(?:dusk|twilight)\b|\bcrepúsculo|abenddämmerung|\bdämmerung|황혼|黄昏|傍晚
in the evening = \bin the evening\b|\bmake it evening\b|\bevening light\b|\bam abend\b|\babends\b|저녁
in the morning = \b(?:early )?in the (?:early )?morning\b|\bmake it morning\b|\bmorning light\b|\bpor la mañana|\bam morgen\b|\bmorgens\b|아침|早晨|早上|清晨
at noon = \bat (?:noon|midday)\b|\b(?:midday|noon)\b|mediodía|\bmittags?\b|정오|한낮|中午|正午
by day = \b(?:by|during the|in) day(?:time|light)?\b|\bin (?:broad |bright )?daylight\b|\bin the daytime\b|\bdaytime\b|\bto (?:the )?day\b|\bde día\b|\bbei tag\b|\btagsüber\b|낮(?:으로|에|이)|白天
at night = \b(?:(?:at|by|in the|into|during the|to) )?night(?:-?time)?s?\b|\bin the dark\b|\bafter dark\b|\bde noche\b|\bpor la noche\b|\bnachts\b|\bbei nacht\b|\bin der nacht\b|\bnacht\b|밤|夜晚|晚上|夜里|夜间|夜景|黑夜
"""
)
WEATHER: Final = phrases(
    r"""
in a thunderstorm = \b(?:in a |during a |with a )?thunder-?storm\b|\bgewitter|tormenta|뇌우|천둥|雷雨|雷暴
in a storm = \b(?:in a |during a |in the )?storm(?:y)?(?: weather)?\b|\bsturm\b|폭풍|暴风
in a blizzard = \b(?:in a )?(?:blizzard|snow-?storm)\b|schneesturm|ventisca|눈보라|暴风雪
snowing = \b(?:it'?s |let it |make it |start(?:s)? |while )?snow(?:ing|s|fall|y weather)\b|\b(?:let|make) it snow\b|\bfalling snow\b|\bsnow falling\b|nevando|\bschneit|schneefall|schneien|눈이? (?:오|내리)|下雪
in the rain = \b(?:in (?:the )?(?:heavy |pouring |light )?)?rain(?:ing|y|fall|s)?(?: weather)?\b|\bbajo la lluvia|lloviendo|lluvia|\bim regen|\bregnet|\bregen\b|비가? (?:오|내리)|빗속|비 오|下雨|雨中|雨天
in fog = \b(?:in (?:the |thick |dense |a )?)?(?:fog|mist|haze)(?:gy|y)?\b|\bfoggy\b|\bmisty\b|niebla|\bnebel|neblig|안개|雾
on a windy day = \bwindy\b|\bstrong wind\b|\bventoso|\bwindig|바람이? (?:부|불)|刮风|大风
under an overcast sky = \bovercast\b|\bcloudy\b|nublado|bewölkt|흐린|阴天|多云
in bright sunshine = \bsunny\b|\b(?:bright )?sunshine\b|soleado|sonnig|sonnenschein|맑은|햇살|晴天|阳光
in winter = \b(?:in (?:the )?)?winter(?:time|y)?\b|\binvierno|겨울|冬天|冬季
in autumn = \b(?:in (?:the )?)?(?:autumn|fall colou?rs)\b|otoño|\bherbst|가을|秋天
in spring = \bin (?:the )?spring(?:time)?\b|\bprimavera|\bfrühling|봄|春天
in summer = \b(?:in (?:the )?)?summer(?:time)?\b|\bverano|\bsommer|여름|夏天
"""
)
COLOURS: Final = phrases(
    r"""
red = \bred\b|\broj[oa]s?\b|\brot(?:e[rnsm]?)?\b|빨간|빨강|붉은|红
orange = \borange\b|\bnaranjas?\b|주황|오렌지색|橙
yellow = \byellow\b|\bamarill[oa]s?\b|\bgelb(?:e[rnsm]?)?\b|노란|노랑|黄
green = \bgreen\b|\bverdes?\b|\bgrün(?:e[rnsm]?)?\b|초록|녹색|绿
blue = \bblue\b|\bazul(?:es)?\b|\bblau(?:e[rnsm]?)?\b|파란|파랑|푸른|蓝
purple = \bpurple\b|\bviolet\b|\bmorad[oa]s?\b|\blila\b|\bviolett(?:e[rnsm]?)?\b|보라|紫
pink = \bpink\b|\brosas?\b|\brosa(?:farben)?\b|분홍|핑크|粉
white = \bwhite\b|\bblanc[oa]s?\b|\bweiß(?:e[rnsm]?)?\b|흰|하얀|하양|白
black = \bblack\b|\bnegr[oa]s?\b|\bschwarz(?:e[rnsm]?)?\b|검은|검정|까만|黑
grey = \bgr[ea]y\b|\bgris(?:es)?\b|\bgrau(?:e[rnsm]?)?\b|회색|灰
brown = \bbrown\b|\bmarr[oó]n\b|\bbraun(?:e[rnsm]?)?\b|갈색|棕|褐
golden = \bgold(?:en)?\b|\bdorad[oa]s?\b|\bgolden(?:e[rnsm]?)?\b|금색|황금|金色
silver = \bsilver\b|\bplatead[oa]s?\b|\bsilbern(?:e[rnsm]?)?\b|은색|银色
turquoise = \bturquoise\b|\bteal\b|\bturquesa\b|\btürkis\b|청록|青绿
crimson = \bcrimson\b|\bscarlet\b
copper = \bcopper\b|\bbronze\b
"""
)
# English colour words as they stand in a prompt, for putting another in their place.
COLOUR_WORD: Final = re.compile(
    r"\b(?:(?:light|dark|bright|deep|pale|neon)[ -])?(?:red|orange|yellow|green|blue|purple|"
    r"violet|pink|white|black|gr[ea]y|brown|gold(?:en)?|silver|turquoise|teal|crimson|"
    r"scarlet|copper|bronze|beige|cyan|magenta|navy|maroon|lilac)\b",
    _I,
)
PLACES: Final = phrases(
    r"""
on the beach = 해변|바닷가|沙滩|海滩|海边|\bplaya\b|\bstrand\b
in the city = 도시|城市|\bciudad\b|\bstadt\b
in the forest = 숲|森林|\bbosque\b|\bwald\b
in the desert = 사막|沙漠|\bdesierto\b|\bwüste\b
in space = 우주|太空|宇宙|\bespacio\b|\bweltraum\b|\bweltall\b
in the snow = 눈밭|눈 속|雪地|\bnieve\b|\bschnee\b
on the sea = 바다|海上|\bmar\b|\bmeer\b
in the meadow = 초원|들판|草地|草原|\bprado\b|\bwiese\b
on the moon = 달에서|달 위|月球|\bla luna\b|\bdem mond\b
underwater = 물속|바닷속|水下|海底|bajo el agua|unter wasser
in the mountains = 산에서|산속|山里|山上|\bmontañas?\b|\bbergen\b
"""
)
PLACE_NOUN: Final = re.compile(
    r"(?:sea|ocean|water|beach|shore|coast|meadow|field|grass|desert|dunes?|snow|city|town|"
    r"street|road|forest|woods|jungle|space|sky|river|lake|pond|pool|waterfall|stream|bay|"
    r"harbou?r|port|pier|island|mountains?|hills?|hillside|hilltop|valley|canyon|cave|cliffs?|"
    r"garden|park|playground|farm|barn|village|square|market|bridge|station|airport|rooftop|"
    r"roof|room|kitchen|bedroom|bathroom|living room|office|library|classroom|school|museum|"
    r"castle|church|temple|palace|ruins|factory|workshop|studio|stage|theat(?:er|re)|stadium|"
    r"arena|court|moon|mars|planet|earth|galaxy|stars|clouds?|alley|highway|motorway|track|"
    r"backyard|yard|lawn|prairie|savannah?|steppe|tundra|swamp|marsh|rainforest|glacier|"
    r"iceberg|ice|countryside|landscape|background|backdrop|table|desk|shelf|windowsill|"
    r"window|wall|floor|bench|couch|sofa|bed|tokyo|paris|london|venice|new york|times square|"
    r"subway|train|bus|ship|boat deck|aquarium|greenhouse|vineyard|orchard|bakery|café|cafe|"
    r"restaurant|bar|diner|shop|mall|gym|hallway|corridor|tunnel|attic|cellar|basement|"
    r"spaceship|space station|lava|volcano|reef|seabed|seafloor|lagoon|fjord|lakeside|"
    r"riverbank|trees|flowers|tulips|sunflowers|sand)",
    _I,
)
_PREPOSITION: Final = (
    r"(?:in front of|on top of|in the middle of|at the edge of|at the foot of|next to|in|on|"
    r"at|over|under|by|near|above|below|among|along|against|inside|outside|beneath|beside|"
    r"behind|between|through|across|into|onto|around|down|up)"
)
# A place phrase: preposition, up to four words, a known noun of place.
PLACE_PHRASE: Final = re.compile(
    rf"\b(?:{_PREPOSITION}\s+(?:(?!and\b|with\b)[\w'-]+\s+){{0,4}}?{PLACE_NOUN.pattern}\b"
    r"(?:\s+of\s+(?:the\s+|a\s+)?[\w-]+)?|underwater|indoors|outdoors)",
    _I,
)
PACE: Final = phrases(
    r"""
very slowly = \bvery slowly\b
slowly = \bslowly\b|\bin slow[- ]motion\b|\bslow[- ]motion\b|\bslow-mo\b|\bgently\b|천천히|缓慢地?|慢慢地?|lentamente|\blangsam\b
very fast = \bvery (?:fast|quickly)\b
fast = \bfast\b(?! food)|\bquickly\b|\brapidly\b|\bat high speed\b|\bat full speed\b|빠르게|快速地?|rápidamente|\bschnell\b
"""
)
CAMERA: Final = re.compile(
    r"\b(?:zoom\w*|pan(?:s|ning)?|tilt\w*|dolly\w*|orbit\w*|tracking|close-?ups?|"
    r"(?:extreme |medium )?(?:wide|long|establishing|drone|aerial|low[- ]angle|high[- ]angle|"
    r"over[- ]the[- ]shoulder|top[- ]down|bird'?s[- ]eye|worm'?s[- ]eye|hand-?held|macro|"
    r"first[- ]person|pov|static|steady|fisheye|tracking|overhead|crane)(?:[- ]"
    r"(?:shot|view|angle|camera|lens|perspective|cam))|(?:seen |shot |filmed |viewed )?from "
    r"(?:the )?(?:above|below|side|behind|front|top|ground|air|far away|afar|a distance|up "
    r"close)|handheld|bird'?s[- ]eye|macro)\b",
    _I,
)
LIGHT: Final = re.compile(
    r"\b(?:in|with|under|by) (?:[\w-]+ ){0,2}(?:light|lighting|glow|candlelight|moonlight|"
    r"sunlight|spotlight|backlight|lamplight|shadows|neon lights?|silhouette)\b|\bbacklit\b",
    _I,
)
# Sky words that belong to one time of day: they go when another time comes.
SKY: Final = re.compile(
    r"\b(?:under|beneath|against|with|in) (?:a |an |the )?(?:[\w-]+ )?(?:blue|clear|sunny|"
    r"starry|night|sunset|morning|evening|dark|red|orange|pink|golden) sky\b",
    _I,
)
# Foreign names of styles, as they are said in English.
STYLES: Final = {
    "수채화": "watercolour",
    "水彩": "watercolour",
    "acuarela": "watercolour",
    "aquarell": "watercolour",
    "유화": "oil painting",
    "油画": "oil painting",
    "óleo": "oil painting",
    "ölgemälde": "oil painting",
    "애니메이션": "anime",
    "애니": "anime",
    "动漫": "anime",
    "만화": "cartoon",
    "卡通": "cartoon",
    "dibujos animados": "cartoon",
    "zeichentrick": "cartoon",
    "픽셀 아트": "pixel art",
    "像素": "pixel art",
    "점토": "clay",
    "클레이": "clay",
    "黏土": "clay",
    "plastilina": "clay",
    "knete": "clay",
    "흑백": "black and white",
    "黑白": "black and white",
    "blanco y negro": "black and white",
    "schwarzweiß": "black and white",
    "수묵화": "ink wash",
    "水墨": "ink wash",
    "剪纸": "paper cut-out",
    "素描": "pencil sketch",
}
# Foreign verbs of motion, as they are said in English.
MOTIONS: Final = phrases(
    r"""
jump = 점프|뛰어오르|뛰게|跳起|跳跃|跳|\bsalt[ea]|\bspring(?:en|t)\b|hüpf
fly = 날게|날아|飞|\bvuel[ea]|\bflieg
run = 달리|跑|\bcorr[ae]|\brenn|\blauf
dance = 춤|跳舞|\bbail[ea]|\btanz
spin = 돌게|회전|旋转|转圈|\bgir[ea]|\bdreh
swim = 헤엄|游|\bnad[ea]|\bschwimm
bounce = 튀|弹|\brebot[ea]|\bspring auf und ab
wave = 손을? 흔|挥手|\bsalud[ea]|\bwink
sleep = 자게|잠|睡|\bduerm|\bschlaf
"""
)
_NOUNS: Final = """
cat = 고양이 猫 gato katze | dog = 강아지 개 狗 perro hund | horse = 말 马 caballo pferd
penguin = 펭귄 企鹅 pingüino pinguin | seal = 물개 海豹 foca robbe | bird = 새 鸟 pájaro vogel
fish = 물고기 鱼 pez fisch | rabbit = 토끼 兔子 conejo hase | fox = 여우 狐狸 zorro fuchs
bear = 곰 熊 oso bär | panda = 판다 熊猫 panda panda | duck = 오리 鸭子 pato ente
frog = 개구리 青蛙 rana frosch | lion = 사자 狮子 león löwe | tiger = 호랑이 老虎 tigre tiger
elephant = 코끼리 大象 elefante elefant | whale = 고래 鲸鱼 ballena wal | owl = 부엉이 猫头鹰 búho eule
lantern = 등불 灯笼 farol laterne | lantern = 랜턴 河灯 linterna lampion | kite = 연 风筝 cometa drachen
windmill = 풍차 风车 molino windmühle | volcano = 화산 火山 volcán vulkan | boat = 배 船 barco boot
car = 자동차 汽车 coche auto | train = 기차 火车 tren zug | rocket = 로켓 火箭 cohete rakete
robot = 로봇 机器人 robot roboter | ball = 공 球 pelota ball | star = 별 星星 estrella stern
heart = 하트 爱心 corazón herz | tree = 나무 树 árbol baum | flower = 꽃 花 flor blume
house = 집 房子 casa haus | balloon = 풍선 气球 globo ballon | moon = 달 月亮 luna mond
butterfly = 나비 蝴蝶 mariposa schmetterling | dragon = 용 龙 dragón drache | bee = 꿀벌 蜜蜂 abeja biene
fisherman = 어부 渔夫 pescador fischer | child = 아이 孩子 niño kind | woman = 여자 女人 mujer frau
man = 남자 男人 hombre mann | snowman = 눈사람 雪人 muñeco schneemann | cube = 큐브 方块 cubo würfel
"""


def _translations() -> dict[str, str]:
    pairs = (entry.split(" = ") for entry in _NOUNS.replace("\n", "|").split("|"))
    return {
        word: pair[0].strip()
        for pair in pairs
        if len(pair) == 2
        for word in pair[1].split()
    }


# Foreign noun -> English, so that "펭귄" finds the caption "a penguin".
NOUNS: Final = _translations()
_CJK: Final = re.compile(r"[぀-ヿ一-鿿가-힣]")


def first(table: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str | None:
    """Return the canonical phrase of the first entry heard in the text."""
    return next((name for name, words in table if words.search(text)), None)


def is_cjk(text: str) -> bool:
    """Return whether the text has Korean, Chinese or Japanese letters."""
    return bool(_CJK.search(text))


def english_nouns(text: str) -> list[str]:
    """List the English of the foreign nouns in a text, in order.

    >>> english_nouns("펭귄을 더 빠르게"), english_nouns("der Hund")
    (['penguin'], ['dog'])
    """
    low = text.lower()
    if is_cjk(low):
        # Single letters ("말", "개") are parts of too many other words.
        found = [(low.find(w), e) for w, e in NOUNS.items() if len(w) > 1 and w in low]
        found += [
            (m.start(), NOUNS[m[1]])
            for m in re.finditer(
                r"(?:^|\s)([말개연배공용곰새달])(?=[을를이가은는의과와도 ])", low
            )
        ]
        found += [(low.find(w), NOUNS[w]) for w in "猫狗马鸟鱼熊船球树花龙" if w in low]
        return list(dict.fromkeys(e for _, e in sorted(found)))
    return [NOUNS[w] for w in re.findall(r"\w+", low) if w in NOUNS]


def located(place: str) -> str:
    """Put the usual preposition before a place."""
    place = place.strip()
    if re.match(r"(?:in|on|at|under|over|by|near)\b", place, _I):
        return place
    on = re.search(
        r"\b(?:beach|sea|ocean|moon|mars|meadow|street|bridge|roof\w*|stage)$",
        place,
        _I,
    )
    if not re.match(r"(?:an?|the|outer)\b", place, _I) and place.lower() != "space":
        place = f"the {place}"
    return f"{'on' if on else 'in'} {place}"
