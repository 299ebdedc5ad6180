"""A turn and its state as hashed features for the router's linear heads.

Words, letter groups, hand-written flags and facts of the state, each hashed with
CRC-32 (the same in every process) into one table of weights.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from nbagent.conversation import lexicon, references, variables
from nbagent.conversation.state import State

Sparse = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]

_I: Final = re.IGNORECASE
# Beyond this a turn only repeats itself to a bag of words, and costs time.
_MAX_CHARS: Final = 1200
_WORD: Final = re.compile(r"[a-z0-9äöüßáéíóúñ@:'’]+|[가-힣]+|[一-鿿]|[?!]")

_FLAGS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    # Turns are lower case by then; ignoring case would cost twice the time.
    (name, re.compile(pattern))
    for name, pattern in (
        ("ends?", r"[?？]\s*$"),
        ("wh", r"^(?:so |and |but |ok |hey |hi )*(?:what|which|who|when|where|why|how|whose)\b"),
        ("aux", r"^(?:is|are|was|were|do|does|did|has|have|should|will|am)\b"),
        ("can", r"^(?:can|could|would|will) (?:you|we|i)\b"),
        ("why", r"\bwhy\b|왜|为什么|por qué|warum|wieso"),
        ("howmany", r"\bhow (?:many|much|often|big|large|high|long|old)\b|몇|얼마|多少|几个|cuánt|wie viele?"),
        ("explain", r"\b(?:explain|tell me (?:about|how|why|what)|what(?:'s| is| are) (?:an? |the "
                    r"difference)|define|meaning of|how (?:do|does|can|could|would|should|to|come))\b"
                    r"|설명|뭐야|무엇|어떻게|解释|什么是|怎么|如何|explica|cómo|qué es|erklär|was ist|wie (?:funktion|kann|mach)"),
        ("thanks", r"\b(?:thank|thanks|thx|cheers|awesome|nice work|well done|good job|hello|hi|hey|"
                   r"bye)\b|고마|감사|谢谢|gracias|danke"),
        ("data", r"\b(?:average|mean|median|sum|total|max(?:imum)?|min(?:imum)?|count|correlat\w*|"
                 r"outliers?|missing|nan|null|duplicates?|rows?|columns?|distribution|trend|group by|"
                 r"std|variance|histogram|percent\w*|highest|lowest|most|least|top \d+|data|dataset|"
                 r"statistics?|stats|summar\w*|overview|unique|types?|shape|sort\w*|biggest|largest)\b"
                 r"|평균|합계|최대|최소|데이터|평균|平均|总|最大|最小|数据|promedio|media de|datos|suma|"
                 r"durchschnitt|summe|daten|mittelwert"),
        ("video", r"\b(?:videos?|clips?|movies?|animations?|footage|film|vídeos?|filmchen)\b|영상|비디오|"
                  r"클립|동영상|视频|短片|动画|影片"),
        ("still", r"\b(?:images?|pictures?|photos?|photographs?|stills?|drawings?|sketch(?:es)?|"
                  r"paintings?|posters?|illustrations?|icons?|logos?|portraits?|wallpapers?|thumbnails?|"
                  r"still frame|imagen|foto|dibujo|bild|zeichnung|foto|póster)\b|그림|이미지|사진|图片|图像|照片|插画|海报|画一"),
        ("animate", r"\b(?:animat\w+|bring .* to life|come alive|move|moving|in motion|grow|anima\w*|"
                    r"animier\w*|belebe?)\b|움직|애니메이|动起来|动画"),
        ("scenes", r"\b(?:scenes?|storyboards?|sequence|story|shots|panels?|acts|chapters?|escenas?|"
                   r"szenen?|historia|geschichte|episodes?)\b|장면|스토리|이야기|컷|场景|故事|分镜|镜头"),
        ("thenlist", r"(?:\bthen\b|->|→|;|\bfinally\b|:.+,.+,|다음|然后|luego|dann)"),
        ("make", r"\b(?:make|create|generate|produce|render|show|draw|give|film|i want|i need|i'd (?:like|"
                 r"love)|let me see|can i (?:see|get|have)|crea|genera|haz|muestra|quiero|erstell|mach|"
                 r"zeig|erzeug)\w*\b|만들|보여|그려|생성|做|生成|制作|创建|来一|画"),
        ("an_ing", r"\b(?:a|an|two|three|some|the) (?:[\w-]+ ){1,4}?\w+ing\b"),
        ("article0", r"^(?:an?|two|three|some|un|una|ein|eine)\b"),
        ("it", r"\b(?:it|this|that|them|him|her|lo|la|es|ihn|sie)\b|이거|이걸|그거|그걸|它|这个|那个"),
        ("its", r"\b(?:its|his|the)\b"),
        ("instead", r"\b(?:instead|rather|swap|replace|switch|exchange|en vez|statt)\b|대신|바꿔|换|代替"),
        ("now", r"\b(?:now|again|more|less|same|but|version|another|other|still|ahora|otra|jetzt|noch|"
                r"nochmal)\b|다시|더|이번|再|更|现在"),
        ("er", r"\b\w{3,}er\b"),
        ("color", "|".join(p.pattern for _, p in lexicon.COLOURS)),
        ("time", "|".join(p.pattern for _, p in lexicon.TIMES)),
        ("weather", "|".join(p.pattern for _, p in lexicon.WEATHER)),
        ("place", lexicon.PLACE_PHRASE.pattern),
        ("placeko", "|".join(p.pattern for _, p in lexicon.PLACES)),
        ("bg", r"\bbackground|\bbackdrop|\bsky\b|배경|背景|fondo|hintergrund|\bsetting\b"),
        ("camera", lexicon.CAMERA.pattern + r"|\bcamera\b|\bangle\b|\bshot\b|카메라|镜头|cámara|kamera"
                   r"|줌|클로즈업|拉近|推近|特写|俯"),
        ("style", r"\bstyle|\blook(?:s)? like\b|estilo|\bstil\b|스타일|풍|화풍|风格|水彩|油画|动漫"
                  r"|watercolou?r|anime|claymation|sketch|pixel|cartoon|oil paint|noir|lego"
                  r"|origami|black and white|comic|수채|acuarela|aquarell|zeichentrick|cut-?out"),
        ("speed", r"\b(?:slow\w*|fast\w*|speed\w*|quick\w*|tempo|pace|timelapse|langsam\w*|schnell\w*|"
                  r"lent\w+|rápid\w+|velocidad|zeitlupe)\b|느리|빠르|빨리|천천히|속도|慢|快|速"),
        ("secs", r"\b(?:seconds?|secs?|\d+s|minutes?|segundos?|sekunden?)\b|초|秒"),
        ("long", r"\b(?:longer|shorter|length|duration|long|short|länger|kürzer|larg[oa]|cort[oa])\b|길|짧|长|短"),
        ("extend", r"\b(?:extend|continue|carry on|keep going|go on|what happens (?:next|after)|"
                   r"prolong|add .* seconds?|more seconds|verlänger|weiter|alarga|continúa)\w*\b|이어|연장|계속|延长|继续|接着"),
        ("trim", r"\b(?:trim|cut|crop|drop|keep|chop|shorten|remove|schneid\w*|recort\w*|cort\w+|quita)\b"
                 r"|잘라|자르|剪|截|去掉"),
        ("loop", r"\b(?:loop\w*|seamless\w*|endless\w*|bucle|schleife|repeat\w*)\b|반복|루프|循环"),
        ("aspect", r"\d\s?:\s?\d|\d{2,4}\s?x\s?\d{2,4}|\b(?:vertical|square|portrait|landscape|widescreen|"
                   r"aspect|resolution|pixels?|cuadrad\w|hochformat|quadratisch|querformat)\b|세로|가로|정사각|竖|横|方形"),
        ("quality", r"\b(?:final|quality|draft|preview|hd|rough|high[- ]res\w*|calidad|qualität|entwurf|"
                    r"vorschau|render)\b|화질|품질|최종|초안|高清|质量|画质|草稿|预览"),
        ("seed", r"\b(?:seed|another (?:one|take|version|try)|again|dice|reroll|re-roll|different take|"
                 r"try (?:again|once more)|semilla|otra vez|nochmal|noch (?:ein|mal)\w*|anderer)\b|시드|다시|다른 버전|种子|再来|重新|换一"),
        ("blend", r"\b(?:blend|morph|merge|join|combine|dissolve|transition|stitch|crossfade|mix|"
                  r"überblend\w*|verbind\w*|mezcla|une|combina|fusiona)\w*\b|합쳐|섞|이어 ?붙|融合|合并|过渡|连接|拼"),
        ("undo", r"\b(?:undo|revert|go back|back to|previous version|restore|return to|was better|liked "
                 r"(?:the )?|rückgängig|zurück|deshaz|vuelve|volver)\b|되돌|돌아가|취소해 ?줘|이전|撤销|回到|恢复|还原"),
        ("cancel", r"\b(?:cancel|stop|abort|kill|halt|nevermind|never mind|cancela|para|detén|abbrechen|"
                   r"stopp|brich)\b|취소|중단|멈|그만|取消|停|终止"),
        ("status", r"\b(?:status|progress|done|ready|finished|how far|how long (?:left|more|until)|eta|"
                   r"fertig|falta|queue)\b|진행|얼마나|됐어|상태|进度|好了|多久|完成"),
        ("save", r"\b(?:save|export|download|share|send|delete|upload|guarda|exporta|descarga|comparte|"
                 r"borra|speicher\w*|exportier\w*|teil\w*|lösch\w*)\b|저장|내보내|공유|삭제|다운|보내|保存|导出|下载|分享|删"),
        ("gif", r"\b(?:gif|mp4|webm)\b"),
        ("neg", r"\b(?:don'?t|do not|not|no|without|never|sin|no quiero|nicht|kein\w*|ohne|avoid)\b|말고|없이|지 ?마|않|不|别|没"),
        ("notwant", r"\b(?:don'?t|do not|no need|not) (?:need|want|make|render|generate|create|to|asking)\b"
                    r"|만들지|필요 ?없|不要(?:做|生成|视频)|不需要|不用|no (?:hagas|necesito|quiero)|kein (?:video|bild)|"
                    r"(?:just|only) (?:tell|explain|answer|words|text|describe)"),
        ("describe", r"\b(?:resolution|fps|frames? rate|how (?:long|many frames|many seconds)|what (?:seed|"
                     r"style|prompt|settings|colou?r|size|changed|happens|is in|does it|do you see|'s in)|"
                     r"describe|settings|differ\w*|compare|made from|which (?:one|of|clip|take)|prompt|parent)\b"
                     r"|차이|설정|해상도|뭐가|무슨|어떤|设置|分辨率|区别|什么|diferencia|unterschied|beschreib|describ"),
        ("motion", r"\b(?:let|make) (?:it|him|her|them|the \w+) (?!a |an |more |look|\w+er\b|black|white|"
                   r"red|blue|green|in |into |at |\d|loop|square|vertical|final|last)\w+"),
        ("with", r"^(?:but |and |now |ok |same )*(?:with|in|at|as|on|from|without|no|more|less)\b"),
        ("add", r"\b(?:add|remove|give|put|take out|take away|get rid|wear\w*|include|hat|añade|quita|"
                r"füge?|entfern\w*|hinzu)\b|추가|넣어|빼|없애|加|添|去掉|移除"),
        ("count", r"\b(?:two|three|four|five|\d) (?:\w+ )?(?:takes?|versions?|variations?|options?|variants?)\b"),
        ("howto", r"\b(?:how (?:do|can|would|should|to)|what(?:'s| is) the (?:best|difference)|is it possible|"
                  r"do i need|should i|which (?:\w+ )?(?:is|are|works?) (?:best|better)|recommend|advice|tips?)\b"),
        ("about", r"\b(?:codecs?|ffmpeg|youtube|premiere|diffusion|model|gpu|cuda|python|pandas|library|"
                  r"hollywood|director|filmmak\w+|editing|bitrate|h\.?26\d|software|app|license|copyright)\b"),
    )
)  # fmt: skip


def clean(text: str) -> str:
    """Normalise a turn: compatibility forms, one space, no controls, bounded length."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text[:20_000])).strip()


def typed(text: str, state: State) -> str:
    """Put a word for its type in the place of each notebook name and clip.

    "turn train into ..." must not be about trains if `train` holds a clip.
    """
    parts, end = [], 0
    for start, stop, variable in references.names_in(text, state):
        if start < end:
            continue
        kind = "clipvar" if variable.type == "Clip" else "datavar"
        kind = "picvar" if variable.is_picture else kind
        parts += [text[end:start], f" {kind} "]
        end = stop
    text = "".join([*parts, text[end:]])
    text = re.sub(
        r"@?\b(?:clip|c|clip )\d+\b(?:\[[^\]]*\])?", " clipref ", text, flags=_I
    )
    for clip in state.clips:
        if len(clip.ref) > 2 and clip.ref in text:
            text = text.replace(clip.ref, " clipref ")
    return clean(text)


def state_flags(state: State) -> list[str]:
    """List what the state offers: clips, pictures, data, a running job."""
    flags: list[str] = []
    clips, latest = state.clips, state.latest
    if clips:
        flags += ["clips", "many" if len(clips) > 1 else "one"]
    else:
        flags.append("noclip")
    if latest:
        flags += [f"latest_{latest.kind}", f"latest_{latest.status}"]
    if any(c.is_active for c in clips):
        flags.append("active")
    if any(c.kind == "image" for c in clips):
        flags.append("image")
    if any(v.is_picture for v in state.variables):
        flags.append("picture")
    if any(v.is_data for v in state.variables):
        flags.append("data")
    if not state.variables and not clips:
        flags.append("empty")
    if any(v.type == "Clip" for v in state.variables):
        flags.append("clipvar")
    return flags


def intent_features(
    text: str, state: State, bits: int, known: frozenset[int] = frozenset()
) -> Sparse:
    """Hash a whole turn and its state, for the head of the intents.

    `known` are the hashes of words that frame requests; all others are content, and
    only their shape should count.
    """
    said = typed(text, state)[:_MAX_CHARS].lower()
    tokens = _WORD.findall(said)
    facts = state_flags(state)
    where = "c" if "clips" in facts else "p" if "picture" in facts else "n"
    where += "d" if "data" in facts else ""
    grams = _word_grams(tokens) + [f"{where[0]}|{t}" for t in tokens[:40]]
    flags = _flags(said)
    captions = min(references.caption_matches(text, state), 3)
    columns = min(variables.data_matches(text, state), 3)
    flags += [f"cap{captions}", f"col{columns}", f"len{_length(len(tokens))}"]
    shapes = _shapes(tokens, known)
    content = sum(s.startswith("X") for s in shapes)
    flags += [f"content{min(content, 6)}", f"frame{_length(len(tokens) - content)}"]
    frames = [f"{where[0]}|{g}" for g in _shape_grams(shapes)] + _shape_grams(shapes)
    if tokens:
        flags += [f"first_{tokens[0]}", f"last_{tokens[-1]}"]
    crossed = [f"{where}&{f}" for f in flags]
    crossed += [f"col{min(columns, 1)}&{f}" for f in flags if "data" in facts]
    crossed += [f"S_{f}" for f in facts]
    crossed += [f"active&{f}" for f in flags if "active" in facts]
    return _hashed(
        (
            (grams, 1.0),
            (frames, 1.0),
            (_letters(said), 0.6),
            (flags, 0.8),
            (crossed, 0.8),
        ),
        bits,
    )


def edit_features(
    text: str, state: State, bits: int, known: frozenset[int] = frozenset()
) -> Sparse:
    """Hash one clause of a turn, for the head of the edit kinds."""
    said = typed(text, state)[:400].lower()
    tokens = _WORD.findall(said)
    flags = [*_flags(said), f"len{_length(len(tokens))}"]
    if tokens:
        flags += [f"first_{tokens[0]}", f"last_{tokens[-1]}"]
    frames = _shape_grams(_shapes(tokens, known))
    return _hashed(
        (
            (_word_grams(tokens), 1.0),
            (frames, 1.0),
            (_letters(said), 0.6),
            (flags, 0.8),
        ),
        bits,
    )


def _flags(said: str) -> list[str]:
    return [f"F_{name}" for name, pattern in _FLAGS if pattern.search(said)]


def word_hash(word: str) -> int:
    """Return the hash that `known` holds of a word."""
    return zlib.crc32(word.encode())


def _shapes(tokens: list[str], known: frozenset[int]) -> list[str]:
    """Put "X" with its ending in the place of each content word."""
    shapes: list[str] = []
    for token in tokens:
        if word_hash(token) in known or not token[0].isalpha():
            shapes.append("9" if token[0].isdigit() else token)
            continue
        ending = next((e for e in ("ing", "ly", "ed", "s") if token.endswith(e)), "")
        shapes.append("X" + ending)
    return shapes


def _shape_grams(shapes: list[str]) -> list[str]:
    # A run of content words is one: "a big red fire engine" is "a X".
    merged = [
        s
        for s, before in zip(shapes, ["", *shapes], strict=False)
        if s != "X" or before != "X"
    ]
    merged = ["^", *merged[:60], "$"]
    return [
        "s_" + "_".join(merged[i : i + n])
        for n in (2, 3, 4)
        for i in range(len(merged) - n + 1)
    ]


def _length(count: int) -> str:
    return next((str(n) for n in (1, 2, 3, 5, 8, 13, 21, 34) if count <= n), "more")


def _word_grams(tokens: list[str]) -> list[str]:
    pairs = [f"{a}_{b}" for a, b in pairwise(tokens)]
    triples = [
        f"{a}_{b}_{c}" for a, b, c in zip(tokens, tokens[1:], tokens[2:], strict=False)
    ]
    return [f"w_{t}" for t in tokens] + pairs + triples[:60]


def _letters(said: str) -> list[str]:
    """Letter groups inside words: 3 and 4 letters, and pairs for CJK."""
    grams: list[str] = []
    for word in re.findall(r"[^\W_]+", said)[:120]:
        if lexicon.is_cjk(word):
            grams += [
                word[i : i + n] for n in (1, 2, 3) for i in range(len(word) - n + 1)
            ]
            continue
        padded = f"<{word}>"
        grams += [
            padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1)
        ]
    return ["l" + g for g in grams]


def _hashed(groups: Iterable[tuple[list[str], float]], bits: int) -> Sparse:
    """Hash groups of features; each group has the same total length, however long."""
    mask = (1 << bits) - 1
    indices: list[int] = []
    values: list[float] = []
    for names, scale in groups:
        unique = list(dict.fromkeys(names))
        weight = scale * 4.0 / max(4.0, len(unique)) ** 0.5
        for name in unique:
            indices.append(zlib.crc32(name.encode()) & mask)
            values.append(weight)
    return np.array(indices, dtype=np.int32), np.array(values, dtype=np.float32)
