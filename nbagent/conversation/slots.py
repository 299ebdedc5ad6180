"""Values that a turn states outright: seconds, fps, sizes, counts, styles, "no text".

Patterns only, in English, Korean, Chinese, Spanish and German. Which of the values
count depends on the intent: "how do I make a 5 second gif?" states none.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from nbagent.conversation.numbers import NUMBER, to_number
from nbagent.conversation.plan import Action, EditKind, Intent, Slots

_I: Final = re.IGNORECASE
_MAKES: Final = frozenset(
    {"generate_video", "generate_image", "animate_image", "storyboard"}
)

_MORE: Final = (
    r"(?:more|extra|further|additional|another|full|whole|weitere|mehr|más|zusätzliche)"
)
_SECONDS: Final = re.compile(
    rf"(?P<n>{NUMBER})[\s-]*(?:{_MORE}\s+)?"
    r"(?P<unit>seconds?|secs?|s(?![\w'’])|segundos?|Sekunden?|sekündig\w*|초|秒钟|秒|"
    r"minutes?|mins?(?!\w)|minutos?|Minuten?|분(?!\w*의)|分钟)",
    _I,
)
_HALF_SECOND: Final = re.compile(r"\bhalf (?:a )?(second|minute)\b|半秒", _I)
# A moment in the clip, or seconds that are dropped, are no duration.
_MOMENT: Final = re.compile(
    r"(?:\b(?:at|around|from|until|till|between|after|past|every|in the first|bei|nach|"
    r"a los|tras|alle|cada)\s+(?:the\s+|second\s+)?|\bsecond\s+|第\s*)$",
    _I,
)
_DROPPED: Final = re.compile(
    r"\b(?:drop|cut|remove|delete|trim|lose|chop|skip|shave|snip|take|strip|quita|corta|"
    r"elimina|recorta|schneide?|entferne?|kürze?|weg)\b[^,;.]*$|(?:去掉|剪掉|删掉|删除)[^，。]*$",
    _I,
)
_KEPT: Final = re.compile(r"\b(?:down to|to|auf|a|keep|only|just)\s*(?:just\s+)?$", _I)
_DROPPED_KO: Final = re.compile(r"^[^,]*(?:잘라|빼|없애|제거|지워|삭제)")
_WEG_DE: Final = re.compile(r"^[^,;.]*\b(?:weg|raus|abschneiden|wegschneiden|entfernen)\b")

_FPS: Final = re.compile(
    rf"(?P<n>\d+)\s*-?(?:fps|frames?(?:\s+(?:per|a|/)\s*(?:second|sec|s))|"
    r"fotogramas por segundo|Bilder(?:n)? (?:pro|je) Sekunde|帧每秒|帧/秒|프레임)"
    rf"|(?:초당|每秒)\s*(?P<m>\d+)\s*(?:프레임|帧)",
    _I,
)
_ASPECT: Final = re.compile(r"(?<![\d:])(\d{1,2})\s?[:：]\s?(\d{1,2})(?![\d:])")
_SIZE: Final = re.compile(r"(?<!\d)(\d{2,4})\s?(?:x|×|by|\*|mal|por)\s?(\d{2,4})(?!\d)", _I)
_FRAME: Final = (
    r"(?:\s+(?:video|clip|format|version|versión|mode|orientation|crop|cut|one|"
    r"aspect(?: ratio)?|frame|shape|ratio|gif|image|picture|animation|loop|for)\b"
    r"|\s*(?:please|now|bitte|instead|too)?\s*(?:[,.;!?]|$))"
)
_ASPECT_WORDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "9:16",
        re.compile(
            rf"\b(?:vertical(?:ly)?|upright){_FRAME}|\bportrait (?:format|mode|orientation|"
            r"version|video|aspect)|\b(?:en|formato) vertical\b|hochformat|hochkant|"
            r"세로|竖屏|竖版|竖着|竖的|竖向",
            _I,
        ),
    ),
    (
        "1:1",
        re.compile(
            rf"(?:\b(?:make|as|in|to|into|it|be|a|version|crop|,|^)\s+(?:\w+ )?|^)"
            rf"(?:perfectly )?square{_FRAME}|\bsquare (?:version|format|video|clip|crop|"
            r"aspect|image|picture)|\bcuadrad[oa]\b|quadratisch|정사각|방형|正方形|方形",
            _I,
        ),
    ),
    (
        "16:9",
        re.compile(
            r"\bwidescreen\b|\blandscape (?:format|mode|orientation|version|video|aspect)|"
            r"\bhorizontal (?:format|version|video|clip|orientation)|"
            r"\b(?:en|formato) (?:horizontal|apaisado|panorámico)|querformat|breitbild|"
            r"가로\s?(?:영상|화면|비율|형|버전|로)|와이드|横屏|横版|宽屏",
            _I,
        ),
    ),
)
_SEED: Final = re.compile(
    r"(?:\b(?:seed|semilla)|시드|种子)(?:\s*(?:is|of|to|value|number|nr\.?|wert|를|는|값|"
    r"改成|改为|用|设为|=|:))*\s*#?(\d+)",
    _I,
)

_VERSION_NOUN: Final = (
    r"(?:takes?|versions?|variations?|variants?|options?|alternatives?|attempts?|tries|"
    r"clips?|videos?|samples?|different (?:ones|clips|videos|takes|versions)|examples?|"
    r"gifs?|images?|pictures?|animations?|stills?|drafts?|candidates?|"
    r"versiones|variantes|tomas|opciones|vídeos|imágenes|"
    r"Varianten?|Versionen|Bilder|Entwürfe|Fassungen|Anläufe|Takes)"
)
_COUNT: Final = re.compile(
    rf"(?P<n>{NUMBER})\s+(?:(?:more|other|new|different|short|quick|separate|alternative|"
    rf"verschiedene|neue|weitere|kurze|distint[oa]s|nuevas|diferentes|little|small|slightly)"
    rf"\s+){{0,3}}{_VERSION_NOUN}\b",
    _I,
)
_COUNT_CJK: Final = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:가지|개의?|편의?|种|个|版|段|条|张|장)\s*(?:不同的?|다른|서로 다른)?\s*"
    r"(?:버전|영상|비디오|클립|변형|테이크|版本|视频|短片|变体|方案|图|이미지|그림)?"
)
_COUNT_KO: Final = re.compile(
    rf"(?:버전|영상|비디오|클립|변형|테이크|이미지|그림)\s*(?:을|를)?\s*(?P<n>{NUMBER})\s*(?:가지|개|편|장)"
)
_SCENE_NOUN: Final = (
    r"(?:scenes?|shots?|panels?|parts?|acts?|chapters?|frames?|beats?|steps?|moments?|"
    r"stages?|episodes?|escenas?|planos?|viñetas?|partes?|Szenen?|Einstellungen|Teilen?|"
    r"Akten?|Bildern?|Kapiteln?)"
)
_SCENES: Final = re.compile(
    rf"(?P<n>{NUMBER})[\s-]+(?:(?:short|quick|connected|linked|different|kurze|separate|"
    rf"consecutive|related|little|matching)\s+)?{_SCENE_NOUN}\b",
    _I,
)
_SCENES_CJK: Final = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:개의?|个|幕|컷|장면|场|格|막|镜)\s*(?:장면|场景|镜头|画面|컷|分镜)?"
)

_FACTOR: Final[tuple[tuple[re.Pattern[str], float], ...]] = (
    (re.compile(r"\bhalf(?:[- ]the)?[- ]?(?:the )?(?:speed|as fast|pace|tempo)|\b(?:at|by) "
                r"half\b|(?:a )?mitad de (?:la )?velocidad|halbe[rns]?\w*\s*"
                r"(?:geschwindigkeit|tempo)|halb so schnell|절반\s*속도|반\s*속도|속도를? "
                r"(?:절반|반)|半速|一半(?:的)?速度|速度减半|(?:twice|doppelt) (?:as|so) "
                r"(?:slow|langsam)|el doble de lent|0[.,]5\s?x", _I), 0.5),
    (re.compile(r"\b(?:a )?quarter (?:of the )?(?:speed|pace)|viertel der geschwindigkeit|"
                r"四分之一速", _I), 0.25),
    (re.compile(r"\b(?:twice|double)[- ](?:as fast|the speed|the pace|speed|pace|quick)|"
                r"\btwice as (?:fast|quick)|\bdoubl\w+ the (?:speed|pace)|el doble de "
                r"(?:rápid|veloc)|doble (?:de )?velocidad|doppelt so schnell|"
                r"doppelte[rmns]?\w* (?:geschwindigkeit|tempo)|두\s?배|两倍|二倍|加倍|"
                r"velocidad doble|speed(?:ed)? (?:it )?up by (?:two|2)\b", _I), 2.0),
    (re.compile(r"\b(?:triple|thrice)[- ](?:the )?(?:speed|pace)|three times (?:as fast|"
                r"faster|the speed)|el triple|dreimal so schnell|dreifache|세\s?배|三倍", _I), 3.0),
    (re.compile(r"four times (?:as fast|faster|the speed)|viermal so schnell|네\s?배|四倍",
                _I), 4.0),
)
_TIMES: Final = re.compile(
    r"(\d+(?:[.,]\d+)?)\s?(?:x|×|times|mal|veces|배|倍)(?![\w])(?!\s*\d)", _I
)
_PERCENT: Final = re.compile(
    r"(\d+)\s?(?:%|percent|prozent|por ciento|퍼센트)\s*(?P<d>slower|faster|langsamer|"
    r"schneller|más lent\w|más rápid\w|느리게|빠르게)?",
    _I,
)
_SLOWER: Final = re.compile(
    r"\bslow|\bcalm(?:er)? (?:pace|tempo)|less (?:fast|rushed|hurried|quick)|too fast|"
    r"\bleisurely|rápido|not so fast|take its time|langsam|zeitlupe|gemächlich|"
    r"zu schnell|nicht so schnell|lent[oai]|despacio|cámara lenta|느리|느린|천천히|슬로|"
    r"慢|(?:drag|stretch) (?:it|this) out",
    _I,
)
_FASTER: Final = re.compile(
    r"\bfast(?:er)?\b|\bquick|\bspeed (?:it |this |that |the \w+ |things |\w+ )?up|\bhurry|"
    r"\bbrisk|\brapid|\bsnapp|\bpick up the pace|time-?lapse|too slow|less slow|schneller|"
    r"zeitraffer|tempo rauf|zu langsam|flotter|rápid|aceler|veloz|빠르|빨리|速く|快|加速",
    _I,
)

_FINAL: Final = re.compile(
    r"\b(?:final|full|high(?:est)?|best|top|max(?:imum)?|production|proper|better|good|"
    r"finished)[- ](?:quality|version|render|cut|res(?:olution)?)\b|\bfinal\b|\bfinali[sz]e|"
    r"\bin (?:hd|hq|full hd|4k|high (?:quality|resolution|res|def\w*))\b|\b(?:hd|hq)\b|"
    r"\brender it properly|\bfull render|high-?res|\bcalidad (?:final|alta|máxima|completa)|"
    r"\b(?:alta|máxima|mejor) calidad|versión final|definitiv|"
    r"(?:beste|hohe|volle|höchste|finale|end)[rn]?\s?(?:qualität|fassung|version)|endgültig|"
    r"최종|고화질|고품질|最终|高清|高质量|最高质量|成品|正式版",
    _I,
)
_PREVIEW: Final = re.compile(
    r"\b(?:preview|draft|rough(?: cut| version| pass)?|low[- ](?:quality|res\w*)|"
    r"lowest quality|quick[- ](?:look|and[- ]dirty|test|pass|render)|test render|"
    r"proof of concept|scratch version|borrador|vista previa|previsualización|baja calidad|"
    r"calidad baja|entwurf|vorschau|rohfassung|niedrige[r]? qualität)\b|"
    r"미리\s?보기|초안|저화질|프리뷰|预览|草稿|草图版|低质量|低画质",
    _I,
)
_LOOPS: Final = re.compile(
    r"\bloop(?:s|ed|ing|able)?\b|\bseamless(?:ly)? (?:repeat|loop)|\bendless(?:ly)?\b(?= loop"
    r"| clip| video)|\bbucle|schleife|endlos|무한 ?반복|반복(?:되는|하는|재생)|루프|循环",
    _I,
)
_FORMAT: Final = re.compile(r"(?<![\w])\.?(gif|mp4|webm)s?(?![a-z])", _I)

_ACTIONS: Final[tuple[tuple[Action, re.Pattern[str]], ...]] = (
    ("status", re.compile(
        r"\b(?:status|progress|how far|how (?:much|long) (?:longer|more|left|until|till|is "
        r"left|remains|will)|eta\b|is (?:it|the \w+|that|c\w*\d+|\w+) (?:done|ready|finished|"
        r"still|there|stuck|running)|are we there|done yet|ready yet|finished yet|"
        r"still (?:running|rendering|working|going)|what'?s (?:running|rendering|going on "
        r"with|the queue|in the queue|taking)|when (?:will|is)|almost (?:done|there)|"
        r"percent(?:age)?|queue|any (?:news|update)|update on|how('?s| is) (?:it|the|that|"
        r"my) \w*\s?\w*\s?(?:going|coming|doing|coming along)|cuánto (?:falta|queda|tarda)|"
        r"cómo va|ya está|estado|wie weit|fertig\b|wie lange (?:noch|dauert)|"
        r"fortschritt|stand der)|얼마나 (?:남|걸|됐|진행)|진행|상태|언제 (?:끝|다)|다 됐|"
        r"끝났|进度|好了吗|还要多久|完成了(?:吗|没)|多久|状态|到哪", _I)),
    ("pause", re.compile(
        r"\bpaus|\bhold (?:on|it|that|off|the (?:render|job))|\bsuspend|\bwait\b|put .{0,30}on hold|"
        r"anhalten|unterbrich|일시\s?(?:정지|중지)|잠깐\s?멈|멈춰|暂停|detén un momento|"
        r"halte .* (?:an|kurz)|freeze the (?:job|render)|take a break", _I)),
    ("delete", re.compile(
        r"\bdelete|\bremove|\bdiscard|\bthrow (?:it |that |this |\w+ )*(?:away|out)|\btrash|"
        r"\bget rid of|\berase|\bclear|\bwipe|\bbin\b|\bborra|elimina|lösch|entfern|wirf|삭제|지워|"
        r"없애|删除|删掉|删了", _I)),
    ("export", re.compile(r"\bexport|exportier|내보내|导出|输出", _I)),
    ("share", re.compile(
        r"\bshare|\bsend\b|\blink (?:to|for|i can)|\bpost (?:it|this|that)|\bpublish|\bupload|"
        r"\bemail|\bcompart|envía|teile?\b|teilen|schick|veröffentlich|공유|보내|分享|发给|"
        r"发送|give .* a link", _I)),
    ("save", re.compile(
        r"\bsave|\bdownload|\bstore|\bkeep (?:it|this|that) (?:as|on|in)|\bwrite (?:it|this|"
        r"that|\w+) to|\bguarda|descarga|speicher|sicher\b|abspeichern|herunterladen|저장|"
        r"다운로드|내려받|保存|下载|存(?:成|为|下|到|一下)", _I)),
    ("cancel", re.compile(
        r"\bcancel|\bstop|\babort|\bkill|\bquit|\bnever ?mind|\bforget (?:it|about)|\bcall it "
        r"off|\bhalt\b|\binterrupt|\bend (?:the|this|that) (?:job|render)|drop (?:the|that|this) "
        r"(?:job|render)|\bpara\b|detén|cancela|interrumpe|abbrech|brich|stopp|abbruch|"
        r"취소|중단|그만|중지|정지|取消|停|终止|别(?:渲染|生成|做)了|hör auf", _I)),
)

_LIST_END: Final = r"(?=\s*(?:[,.;!?，。；、]|$|\bbut\b|\bplease\b|\bin the\b|\bat\b|\bfor\b|\bwith\b))"
_NEGATIVE: Final = re.compile(
    r"\b(?:with no|no|without(?: any| the)?|w/o|avoid(?:ing)?|leave out(?: the| any)?|"
    r"exclud(?:e|ing)|skip the|free of|don'?t (?:show|include|add|put|use|want(?: any)?|have)"
    r"(?: any| the)?|do not (?:show|include|add|put|use)(?: any| the)?|"
    r"sin|nada de|evita|ohne|keine?n?|nicht mit)\s+(?P<x>[^\W\d_][^,.;!?:]{0,60}?)" + _LIST_END,
    _I,
)
_NOT_A_THING: Final = re.compile(
    r"^(?:longer|more(?: than)?|less|need|idea|matter|problem|worries|rush|hurry|that|it|this|"
    r"thanks|one|way|doubt|clue|change|changes|moving|making|losing|going|having|touching|"
    r"using|cutting|que|the (?:first|last|original)|embargo|sound why|wait)\b",
    _I,
)
_NEGATIVE_KO: Final = re.compile(
    r"(?P<x>[가-힣A-Za-z]+(?:(?:이?나|하고|와|과|,)\s*[가-힣A-Za-z]+)*?)(?:은|는|이|가|을|를)?\s*"
    r"(?:없이|없는|없게|빼고|넣지|제외)"
)
_NEGATIVE_ZH: Final = re.compile(
    r"(?:不要(?:有|出现|加)?|没有|不带|不含|无(?!法|限|声)|别(?:有|出现|加))(?P<x>[一-鿿]{1,8}?)"
    r"(?=[，。,、；和或的]|$)"
)
_SPLIT_LIST: Final = re.compile(
    r"\s*(?:,|\band\b|\bor\b|\bnor\b|&|\by\b|\bni\b|\bund\b|\boder\b|、|和|或|이?나|하고|와\s|과\s)\s*", _I
)

_STYLE_NAMES: Final = (
    r"water ?colou?rs?(?: painting)?|oil[- ]paint(?:ing|ed)?|oils|pixel[- ]art|8-?bit|16-?bit|"
    r"anime|manga|cartoon|claymation|clay|stop[- ]motion|lego|origami|paper[- ]?cut(?:-?out)?|"
    r"pencil[- ](?:sketch|drawing)|charcoal|ink(?: drawing| wash)?|line[- ]art|sketch|comic(?:"
    r" book)?|noir|film noir|black[- ]and[- ]white|monochrome|sepia|vintage|retro|vhs|"
    r"cyberpunk|steampunk|vaporwave|synthwave|low[- ]poly|isometric|3d render|cinematic|"
    r"photo-?realistic|realistic|hyper-?realistic|impressionist|surreal(?:ist)?|cubist|"
    r"minimalist|flat design|pop[- ]art|art deco|art nouveau|ukiyo-e|stained glass|"
    r"documentary|hand-?drawn|neon|felt|embroider(?:y|ed)|mosaic|crayons?|chalk|woodcut|"
    r"linocut|silhouette|gouache|pastels?|ghibli|storybook|blueprint|infrared|risograph|"
    r"acuarela|óleo|dibujos animados|plastilina|aquarell|ölgemälde|zeichentrick|knete|"
    r"scherenschnitt|bleistiftzeichnung|schwarz-?weiß|blanco y negro"
)
_STYLE_CJK: Final = re.compile(
    r"(?P<x>수채화|유화|애니메이션|애니|만화|픽셀 ?아트|점토|클레이|흑백|종이접기|연필 ?스케치|"
    r"[가-힣]{2,6}(?=\s?(?:스타일|풍으로|화풍|풍의|느낌))|"
    r"水彩|油画|动漫|卡通|像素|水墨|黏土|剪纸|黑白|素描|赛博朋克|[一-鿿]{2,6}(?=风格))"
    r"\s?(?:스타일|풍|화풍|风格|画)?"
)
_STYLE_OF: Final = re.compile(
    r"\b(?:in|with) (?:the |an? )?style of (?P<a>[^,.;]+?)(?= please|[,.;]|$)|"
    r"\b(?:in|with|as|to|for) (?:an? |the )?(?P<b>[\w' -]{3,40}?)[- ](?:style|look|aesthetic)\b|"
    r"\bal? estilo (?:de )?(?:una? |la |el )?(?P<c>[^,.;]+)|"
    r"\bim (?:stil (?:eine[rs]|von|des|der) )(?P<d>[^,.;]+)|"
    r"\bim (?P<e>[\w-]+?)-?stil\b",
    _I,
)
_STYLE_TAG: Final = re.compile(
    rf"(?:^|,|;|\bin|\bas|\bas an?|\ben|\bals|\bin an?)\s+(?P<x>{_STYLE_NAMES})"
    r"(?:[- ](?:style|look|aesthetic|animation))?(?=\s*(?:[,.;]|$|please|bitte|and\b|with\b))",
    _I,
)
_RESTYLE: Final[tuple[re.Pattern[str], ...]] = (
    _STYLE_OF,
    re.compile(
        r"\b(?:(?:as|like)(?: if)?(?: it were| it was)?(?: an?| the| something from| from)?|"
        r"look(?:s|ing)? like(?: an?| the)?|turn(?:ed)? (?:\w+ )*?into(?: an?)?|"
        r"(?:make|render|draw|paint|redo|do|turn|give|convert|change|switch) (?:it|this|that|"
        r"them|everything|the (?:whole )?(?:clip|video|thing|style|one))(?: \w+ one)?"
        r"(?: (?:look|feel))?(?: (?:more|all|fully|to|like|as|in|into))*(?: an?)?|"
        r"(?:in|into|to|en|como|als|wie)(?: an?| una?| the)?)\s+(?P<x>[^,.;!?]+?)"
        r"(?:[- ](?:style|look|aesthetic|version))?(?= please|\bbitte| this time| now| instead|"
        r"[,.;!?]|$)",
        _I,
    ),
    re.compile(rf"(?P<x>{_STYLE_NAMES})", _I),
    re.compile(r"^(?P<x>[\w' -]{3,30}?)(?:[- ](?:style|look|version))?$", _I),
)
_ARTICLE: Final = re.compile(
    r"^(?:an?|the|some|any|una?|el|la|los|las|ein(?:e[rns]?)?|de[rnms]|die|das|more|like)\s+", _I
)


def parse_slots(
    text: str, intent: Intent, edits: tuple[tuple[EditKind, str], ...] = ()
) -> Slots:
    """Read the values that a turn states.

    Args:
        text: The turn.
        intent: What the turn was found to ask for.
        edits: For `refine`, the kinds found with the words of each.

    >>> parse_slots("two takes of a cat, 5 seconds, 9:16, no text", "generate_video")
    {'duration_s': 5, 'aspect': '9:16', 'count': 2, 'negative': ['text']}
    """
    slots = Slots()
    if intent in ("chat", "analyze", "describe"):
        return slots
    kinds = {kind for kind, _ in edits}
    if intent == "control":
        return _control_slots(text)
    _number_slots(text, kinds, slots)
    if intent in _MAKES or "seed" in kinds:
        _count_slots(text, intent, slots)
    for quality, pattern in (("preview", _PREVIEW), ("final", _FINAL)):
        if pattern.search(text) and (intent != "refine" or "quality" in kinds):
            slots["quality"] = "preview" if quality == "preview" else "final"
            break
    if intent in _MAKES and _LOOPS.search(text):
        slots["loop"] = True
    if (found := _FORMAT.search(text)) and "." + found[1] not in text.split():
        slots["format"] = _format(found[1])
    if style := _style(text, intent, edits):
        slots["style"] = style
    if "speed" in kinds and (speed := _speed(text, edits)) is not None:
        slots["speed"] = speed
    if negative := parse_negative(text):
        slots["negative"] = negative
    return slots


def parse_duration(text: str, *, dropped: bool = False) -> float | None:
    """Read a number of seconds; with `dropped`, also one that is to be cut away."""
    for found in _SECONDS.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        if _MOMENT.search(before):
            continue
        cut = _DROPPED.search(before) or _DROPPED_KO.search(after)
        cut = cut or _WEG_DE.search(after)
        if cut and not dropped and not _KEPT.search(before):
            continue
        minutes = found["unit"].lower().startswith(("min", "분", "分"))
        return to_number(found["n"]) * (60 if minutes else 1)
    if found := _HALF_SECOND.search(text):
        return 30 if found[1] == "minute" else 0.5
    return None


def parse_speed(text: str) -> float | Literal["slower", "faster"] | None:
    """Read a factor, or only its direction."""
    for pattern, factor in _FACTOR:
        if pattern.search(text):
            return factor
    if found := _PERCENT.search(text):
        share = int(found[1]) / 100
        direction = (found["d"] or "").lower()
        if direction:
            slow = direction.startswith(("slow", "langsam", "más lent", "느리"))
            return round(1 - share if slow else 1 + share, 3)
        if re.search(r"speed|tempo|velocidad|geschwindigkeit|속도", text, _I):
            return share
    if found := _TIMES.search(text):
        factor = to_number(found[1])
        slow = re.search(r"slow|langsam|lent|느리|느린|慢", text, _I)
        return 1 / factor if slow and factor > 1 else float(factor)
    if re.search(r"too fast|not so fast|zu schnell|demasiado rápid|너무 빨|太快", text, _I):
        return "slower"
    if re.search(r"too slow|zu langsam|demasiado lent|너무 느|太慢", text, _I):
        return "faster"
    if _SLOWER.search(text) and not re.search(r"rápid", text, _I):
        return "slower"
    return "faster" if _FASTER.search(text) else None


def parse_negative(text: str) -> list[str]:
    """List what is to be left out: "no text, without people" gives both."""
    things: list[str] = []
    for pattern in (_NEGATIVE, _NEGATIVE_KO, _NEGATIVE_ZH):
        for found in pattern.finditer(text):
            for thing in _SPLIT_LIST.split(found["x"].strip()):
                word = _ARTICLE.sub("", thing.strip())
                if word and not _NOT_A_THING.match(word):
                    things.append(word)
    return list(dict.fromkeys(things))


def without_values(text: str) -> str:
    """Return a turn without its stated seconds, fps, sizes, counts and negatives."""
    lead = r"(?:,?\s*\b(?:for|in|at|of|about|lasting|that lasts|und|and|with)\s+)?"
    nouns = r"(?:[\s-]*(?:long|in length|duration|each))?"
    patterns = (
        _FPS.pattern,
        _SECONDS.pattern.replace("?P<n>", "?:").replace("?P<unit>", "?:"),
        _SIZE.pattern,
        _ASPECT.pattern,
        _NEGATIVE.pattern.replace("?P<x>", "?:"),
        r"\bseed(?: of| is|=| number)?\s*\d+",
        r"\b(?:final|full|high|best|draft|preview|low)[ -]quality\b",
        rf"\b{NUMBER}\s+(?:different )?(?:takes|versions|variations|options)\b(?: of)?",
        r"(?:(?:^|,)\s*|(?<=\ba )|\bin )(?:vertical|square|widescreen|seamless loop|looping|looped|as a"
        r" loop)\b(?: format)?(?=\s*(?:,|$|video|clip|version|gif))",
        r"\bas an? (?:gif|mp4|webm)\b",
    )
    for pattern in patterns:
        plain = re.sub(r"\?P<\w+>", "?:", pattern)
        text = re.sub(lead + f"(?:{plain})" + nouns, "", text, flags=_I)
    return text


def parse_action(text: str) -> Action | None:
    """Read which control act a turn asks for."""
    return next((act for act, pattern in _ACTIONS if pattern.search(text)), None)


def _control_slots(text: str) -> Slots:
    slots = Slots()
    if action := parse_action(text):
        slots["action"] = action
    if found := _FORMAT.search(text):
        slots["format"] = _format(found[1])
    if "action" not in slots and "format" in slots:
        slots["action"] = "export"
    return slots


def _format(word: str) -> Literal["gif", "mp4", "webm"]:
    word = word.lower()
    return "gif" if word == "gif" else "webm" if word == "webm" else "mp4"


def _number_slots(text: str, kinds: set[EditKind], slots: Slots) -> None:
    if found := _FPS.search(text):
        slots["fps"] = int(found["n"] or found["m"])
        text = text.replace(found[0], " ")
    if (seconds := parse_duration(text)) is not None:
        slots["duration_s"] = seconds
    if found := _SIZE.search(text):
        slots["size"] = f"{found[1]}x{found[2]}"
    elif aspect := parse_aspect(text):
        slots["aspect"] = aspect
    if found := _SEED.search(text):
        slots["seed"] = int(found[1])


def parse_aspect(text: str) -> str | None:
    """Read "9:16", or a word such as vertical or square."""
    if found := _ASPECT.search(text):
        return f"{int(found[1])}:{int(found[2])}"
    return next((ratio for ratio, words in _ASPECT_WORDS if words.search(text)), None)


def _count_slots(text: str, intent: Intent, slots: Slots) -> None:
    if intent == "storyboard":
        if found := _SCENES.search(text) or _SCENES_CJK.search(text):
            slots["scenes"] = int(to_number(found["n"]))
        return
    found = _COUNT.search(text) or _COUNT_KO.search(text) or _COUNT_CJK.search(text)
    if found and (count := int(to_number(found["n"]))) > 1:
        slots["count"] = count


def _style(
    text: str, intent: Intent, edits: tuple[tuple[EditKind, str], ...]
) -> str | None:
    for kind, words in edits:
        if kind == "restyle":
            return parse_style(words)
    if intent not in _MAKES:
        return None
    for pattern in (_STYLE_OF, _STYLE_TAG):
        if found := pattern.search(text):
            return _clean_style(found)
    found = _STYLE_CJK.search(text)
    return found["x"] if found and found[0] != found["x"] else None


def parse_style(words: str) -> str | None:
    """Read the style that a restyle names."""
    if found := _STYLE_CJK.search(words):
        return found["x"]
    for pattern in _RESTYLE:
        if (found := pattern.search(words)) and (style := _clean_style(found)):
            return style
    return None


def _clean_style(found: re.Match[str]) -> str:
    style = next(group for group in found.groups() if group).strip()
    while _ARTICLE.match(style):
        style = _ARTICLE.sub("", style)
    return style


def _speed(
    text: str, edits: tuple[tuple[EditKind, str], ...]
) -> float | Literal["slower", "faster"] | None:
    for kind, words in edits:
        if kind == "speed" and (speed := parse_speed(words)) is not None:
            return speed
    return parse_speed(text)
