"""Patterns of the values that turns state, in five languages. Data for `slots` only."""

from __future__ import annotations

import re
from typing import Final

from nbagent.conversation.numbers import NUMBER
from nbagent.conversation.plan import Action

_I: Final = re.IGNORECASE
MAKES: Final = frozenset(
    {"generate_video", "generate_image", "animate_image", "storyboard"}
)

NO_THINGS: Final = frozenset(
    {"loop", "trim", "extend", "length", "speed", "undo", "seed"}
)
_MORE: Final = (
    r"(?:more|extra|further|additional|another|full|whole|weitere|mehr|más|zusätzliche)"
)
SECONDS: Final = re.compile(
    rf"(?<![\d:])(?P<n>(?!\d{{3,}}s){NUMBER})[\s-]*(?:{_MORE}\s+)?"
    r"(?P<unit>seconds?|secs?|s(?![\w'’])|segundos?|Sekunden?|sekündig\w*|초(?![가-힣]*[상안])|秒钟|秒|"
    r"minutes?|mins?(?!\w)|minutos?|Minuten?|분(?!\w*의)|分钟)",
    _I,
)
HALF_SECOND: Final = re.compile(r"\bhalf (?:a )?(second|minute)\b|半秒", _I)
# A moment in the clip, or seconds that are dropped, are no duration.
MOMENT: Final = re.compile(
    r"(?:\b(?:at|around|from|until|till|between|after|past|every|in the first|bei|nach|"
    r"a los|tras|alle|cada)\s+(?:the\s+|second\s+)?|\bsecond\s+|第\s*)$",
    _I,
)
DROPPED: Final = re.compile(
    r"\b(?:drop|cut|remove|delete|trim|lose|chop|skip|shave|snip|take|strip|quita|corta|"
    r"elimina|recorta|schneide?|entferne?|kürze?|weg)\b[^,;.]*$|(?:去掉|剪掉|删掉|删除)[^，。]*$",
    _I,
)
KEPT: Final = re.compile(r"\b(?:down to|to|auf|a|keep|only|just)\s*(?:just\s+)?$", _I)
DROPPED_KO: Final = re.compile(r"^[^,]*(?:잘라|빼|없애|제거|지워|삭제)")
WEG_DE: Final = re.compile(
    r"^[^,;.]*\b(?:weg|raus|abschneiden|wegschneiden|entfernen)\b"
)

FPS: Final = re.compile(
    r"(?<!\d)(?P<n>\d+)\s*-?(?:fps|frames?(?:\s+(?:per|a|/)\s*(?:second|sec|s))|"
    r"fotogramas por segundo|Bilder(?:n)? (?:pro|je) Sekunde|帧每秒|帧/秒|프레임)"
    r"|(?:초당|每秒)\s*(?P<m>\d+)\s*(?:프레임|帧)",
    _I,
)
ASPECT: Final = re.compile(r"(?<![\d:])(\d{1,2})\s?[:：]\s?(\d{1,2})(?![\d:])")
SIZE: Final = re.compile(
    r"(?<!\d)(\d{2,4})\s?(?:x|×|by|\*|mal|por)\s?(\d{2,4})(?!\d)", _I
)
_FRAME: Final = (
    r"(?:\s+(?:video|clip|format|version|versión|mode|orientation|crop|cut|one|"
    r"aspect(?: ratio)?|frame|shape|ratio|gif|image|picture|animation|loop|for)\b"
    r"|\s*(?:please|now|bitte|instead|too)?\s*(?:[,.;!?]|$))"
)
ASPECT_WORDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
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
SEED: Final = re.compile(
    r"(?:\b(?:seed|semilla)|시드|种子)(?:\s*(?:is|of|to|value|number|nr\.?|wert|를|는|값|"
    r"改成|改为|用|设为|=|:))*\s*#?(\d+)",
    _I,
)

_VERSION_NOUN: Final = (
    r"(?:takes?|versions?|variations?|variants?|options?|alternatives?|attempts?|tries|"
    r"clips?|videos?|samples?|different (?:ones|clips|videos|takes|versions)|examples?|"
    r"gifs?|images?|pictures?|photos?|drawings?|posters?|more of (?:those|these|them|it)|more\b|animations?|stills?|drafts?|candidates?|"
    r"versiones|variantes|tomas|opciones|vídeos|imágenes|"
    r"Varianten?|Versionen|Bilder|Entwürfe|Fassungen|Anläufe|Takes)"
)
COUNT: Final = re.compile(
    rf"(?P<n>{NUMBER})\s+(?:(?:more|other|new|different|short|quick|separate|alternative|"
    rf"verschiedene|neue|weitere|kurze|distint[oa]s|nuevas|diferentes|little|small|slightly)"
    rf"\s+){{0,3}}{_VERSION_NOUN}\b",
    _I,
)
COUNT_CJK: Final = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:가지|개의?|편의?|种|个|版|段|条|张|장)\s*(?:不同的?|다른|서로 다른)?\s*"
    r"(?:버전|영상|비디오|클립|변형|테이크|版本|视频|短片|变体|方案|图|이미지|그림)?"
)
COUNT_KO: Final = re.compile(
    rf"(?:버전|영상|비디오|클립|변형|테이크|이미지|그림)\s*(?:을|를)?\s*(?P<n>{NUMBER})\s*(?:가지|개|편|장)"
)
_SCENE_NOUN: Final = (
    r"(?:scenes?|shots?|panels?|parts?|acts?|chapters?|frames?|beats?|steps?|moments?|"
    r"stages?|episodes?|escenas?|planos?|viñetas?|partes?|Szenen?|Einstellungen|Teilen?|"
    r"Akten?|Bildern?|Kapiteln?)"
)
SCENES: Final = re.compile(
    rf"(?P<n>{NUMBER})[\s-]+(?:(?:short|quick|connected|linked|different|kurze|separate|"
    rf"consecutive|related|little|matching)\s+)?{_SCENE_NOUN}\b",
    _I,
)
SCENES_CJK: Final = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:개의?|个|幕|컷|장면|场|格|막|镜)\s*(?:장면|场景|镜头|画面|컷|分镜)?"
)

FACTOR: Final[tuple[tuple[re.Pattern[str], float], ...]] = (
    (
        re.compile(
            r"\bhalf(?:[- ]the)?[- ]?(?:the )?(?:speed|as fast|pace|tempo)|\b(?:at|by) "
            r"half\b|(?:a )?mitad de (?:la )?velocidad|halbe[rns]?\w*\s*"
            r"(?:geschwindigkeit|tempo)|halb so schnell|절반\s*속도|반\s*속도|속도를? "
            r"(?:절반|반)|半速|一半(?:的)?速度|速度减半|(?:twice|doppelt) (?:as|so) "
            r"(?:slow|langsam)|el doble de lent|0[.,]5\s?x",
            _I,
        ),
        0.5,
    ),
    (
        re.compile(
            r"\b(?:a )?quarter (?:of the )?(?:speed|pace)|viertel der geschwindigkeit|"
            r"四分之一速",
            _I,
        ),
        0.25,
    ),
    (
        re.compile(
            r"\b(?:twice|double)[- ](?:as fast|the speed|the pace|speed|pace|quick)|"
            r"\btwice as (?:fast|quick)|\bdoubl\w+ the (?:speed|pace)|el doble de "
            r"(?:rápid|veloc)|doble (?:de )?velocidad|doppelt so schnell|"
            r"doppelte[rmns]?\w* (?:geschwindigkeit|tempo)|두\s?배|两倍|二倍|加倍|"
            r"velocidad doble|speed(?:ed)? (?:it )?up by (?:two|2)\b",
            _I,
        ),
        2.0,
    ),
    (
        re.compile(
            r"\b(?:triple|thrice)[- ](?:the )?(?:speed|pace)|three times (?:as fast|"
            r"faster|the speed)|el triple|dreimal so schnell|dreifache|세\s?배|三倍",
            _I,
        ),
        3.0,
    ),
    (
        re.compile(
            r"four times (?:as fast|faster|the speed)|viermal so schnell|네\s?배|四倍",
            _I,
        ),
        4.0,
    ),
)
TIMES: Final = re.compile(
    r"(?<!\d)(\d+(?:[.,]\d+)?)\s?(?:x|×|times|mal|veces|배|倍)(?![\w])(?!\s*\d)", _I
)
PERCENT: Final = re.compile(
    r"(?<!\d)(\d+)\s?(?:%|percent|prozent|por ciento|퍼센트)\s*(?P<d>slower|faster|langsamer|"
    r"schneller|más lent\w|más rápid\w|느리게|빠르게)?",
    _I,
)
SLOWER: Final = re.compile(
    r"\bslow|\brushed|\bfrantic|\bhectic|\bhasty|\bease|\bcalm(?:er)? (?:pace|tempo)|less (?:fast|rushed|hurried|quick)|too fast|"
    r"\bleisurely|rápido|not so fast|take its time|langsam|zeitlupe|gemächlich|"
    r"zu schnell|nicht so schnell|lent[oai]|despacio|cámara lenta|느리|느린|천천히|슬로|"
    r"慢|(?:drag|stretch) (?:it|this) out",
    _I,
)
FASTER: Final = re.compile(
    r"\bfast(?:er)?\b|\bsluggish|\bquick|\bspeed (?:it |this |that |the \w+ |things |\w+ )?up|\bhurry|"
    r"\bbrisk|\brapid|\bsnapp|\bpick up the pace|time-?lapse|too slow|less slow|schneller|"
    r"zeitraffer|tempo rauf|zu langsam|flotter|rápid|aceler|veloz|빠르|빨리|速く|快|加速",
    _I,
)

FINAL: Final = re.compile(
    r"\b(?:final|full|high(?:est)?|best|top|max(?:imum)?|production|proper|better|good|"
    r"finished)[- ](?:quality|version|render|cut|res(?:olution)?)\b|\bfinal\b|\bfinali[sz]e|"
    r"\bin (?:hd|hq|full hd|4k|high (?:quality|resolution|res|def\w*))\b|\b(?:hd|hq)\b|"
    r"\brender it properly|\bfull render|high-?res|\bcalidad (?:final|alta|máxima|completa)|"
    r"\b(?:alta|máxima|mejor) calidad|versión final|definitiv|"
    r"(?:beste|hohe|volle|höchste|finale|end)[rn]?\s?(?:qualität|fassung|version)|endgültig|"
    r"최종|고화질|고품질|最终|高清|高质量|最高质量|成品|正式版",
    _I,
)
PREVIEW: Final = re.compile(
    r"\b(?:preview|draft|rough(?: cut| version| pass)?|low[- ](?:quality|res\w*)|"
    r"lowest quality|quick[- ](?:look|and[- ]dirty|test|pass|render)|test render|"
    r"proof of concept|scratch version|borrador|vista previa|previsualización|baja calidad|"
    r"calidad baja|entwurf|vorschau|rohfassung|niedrige[r]? qualität)\b|"
    r"미리\s?보기|초안|저화질|프리뷰|预览|草稿|草图版|低质量|低画质",
    _I,
)
LOOPS: Final = re.compile(
    r"\bloop(?:s|ed|ing|able)?\b|\bseamless(?:ly)? (?:repeat|loop)|\bendless(?:ly)?\b(?= loop"
    r"| clip| video)|\bbucle|schleife|endlos|무한 ?반복|반복(?:되는|하는|재생)|루프|循环",
    _I,
)
FORMAT: Final = re.compile(r"(?<![A-Za-z])\.?(gif|mp4|webm)s?(?![a-z])", _I)

ACTIONS: Final[tuple[tuple[Action, re.Pattern[str]], ...]] = (
    (
        "status",
        re.compile(
            r"\b(?:status|progress|how far|much longer|how much of (?:it|that|this)|how (?:is|are) .* (?:getting|coming)|how's .* (?:getting|coming|going|doing)|getting on|how (?:much|long) (?:longer|more|left|until|till|is "
            r"left|remains|will)|eta\b|is (?:it|the \w+|that|c\w*\d+|\w+) (?:done|ready|finished|"
            r"still|there|stuck|running)|are we there|done yet|ready yet|finished yet|"
            r"still (?:running|rendering|working|going)|what'?s (?:running|rendering|going on "
            r"with|the queue|in the queue|taking)|when (?:will|is)|almost (?:done|there)|"
            r"percent(?:age)?|queue|any (?:news|update)|update on|how('?s| is) (?:it|the|that|"
            r"my) \w*\s?\w*\s?(?:going|coming|doing|coming along)|cuánto (?:falta|queda|tarda)|"
            r"cómo va|ya está|estado|wie weit|fertig\b|wie lange (?:noch|dauert)|"
            r"fortschritt|stand der)|얼마나 (?:남|걸|됐|진행)|진행|상태|언제 (?:끝|다)|다 됐|"
            r"끝났|进度|好了吗|还要多久|完成了(?:吗|没)|多久|状态|到哪|到多少|多少了",
            _I,
        ),
    ),
    (
        "pause",
        re.compile(
            r"\bpaus|\bfreeze|\bhold (?:on|it|that|off|the (?:render|job))|\bsuspend|\bwait\b|put .{0,30}on hold|"
            r"anhalten|unterbrich|일시\s?(?:정지|중지)|잠깐\s?멈|멈춰|暂停|detén un momento|"
            r"halte .* (?:an|kurz)|freeze the (?:job|render)|take a break",
            _I,
        ),
    ),
    (
        "delete",
        re.compile(
            r"\bdelete|\bremove|\bdrop (?:the|that|this|it)\b(?! job| render)|\bdiscard|\bthrow (?:it |that |this |\w+ )*(?:away|out)|\btrash|"
            r"\bget rid of|\berase|\bclear|\bwipe|\bbin\b|\bborra|elimina|lösch|entfern|wirf|삭제|지워|"
            r"없애|删除|删掉|删了",
            _I,
        ),
    ),
    ("export", re.compile(r"\bexport|exportier|내보내|导出|输出", _I)),
    (
        "share",
        re.compile(
            r"\bshare|\bsend\b|\blink (?:to|for|i can)|\bpost (?:it|this|that)|\bpublish|\bupload|"
            r"\bemail|\bcompart|envía|teile?\b|teilen|schick|veröffentlich|공유|보내|分享|发给|"
            r"发送|give .* a link",
            _I,
        ),
    ),
    (
        "save",
        re.compile(
            r"\bsave|\bdownload|\bstore|\b(?:on|in|to)(?:to)? (?:the |my )?(?:downloads|folder|disk|drive|desktop)|\bguárda|\bdescárga|\bkeep (?:it|this|that) (?:as|on|in)|\bwrite (?:it|this|"
            r"that|\w+) to|\bguarda|descarga|speicher|sicher\b|abspeichern|herunterladen|저장|"
            r"다운로드|내려받|保存|下载|存(?:成|为|下|到|一下)",
            _I,
        ),
    ),
    (
        "cancel",
        re.compile(
            r"\bcancel|\bstop|\babort|\bkill|\bquit|\bnever ?mind|\bforget (?:it|about)|\bcall it "
            r"off|\bhalt\b|\binterrupt|\bend (?:the|this|that) (?:job|render)|drop (?:the|that|this) "
            r"(?:job|render)|\bpara\b|detén|cancela|interrumpe|abbrech|brich|stopp|abbruch|"
            r"취소|중단|그만|중지|정지|取消|停|终止|别(?:渲染|生成|做)了|hör auf",
            _I,
        ),
    ),
)

_LIST_END: Final = r"(?=\s*(?:[,.;!?，。；、]|$|\bbut\b|\bplease\b|\bin the\b|\bat\b|\bfor\b|\bwith\b|this time|now\b|anymore|at all))"
NEGATIVE: Final = re.compile(
    r"\b(?:with no|no|without(?: any| the)?|w/o|avoid(?:ing)?|leave out(?: the| any)?|"
    r"exclud(?:e|ing)|free of|don'?t (?:show|include|add|put|use|want(?: any)?|have)"
    r"(?: any| the)?|do not (?:show|include|add|put|use)(?: any| the)?|"
    r"sin|nada de|evita|ohne|keine?n?|nicht mit)\s+(?P<x>[^\W\d_][^,.;!?:]{0,60}?)"
    + _LIST_END,
    _I,
)
NOT_A_THING: Final = re.compile(
    r"^(?:longer|more(?: than)?|less|need|idea|matter|problem|worries|rush|hurry|that|it|this|"
    r"thanks|one|way|doubt|clue|change|changes|moving|making|losing|going|having|touching|"
    r"using|cutting|stills?|videos?|clips?|explanations?|pictures?|images?|animations?|que|the (?:first|last|original)|embargo|sound why|wait)\b",
    _I,
)
# Bounded, and each way of reading a list only one: a long turn must not cost its square.
_WORD: Final = "[가-힣A-Za-z]{1,40}"
_AND_KO: Final = "(?:(?<=[가-힣A-Za-z][나와과])|(?<=[가-힣A-Za-z]하고))"
NEGATIVE_KO: Final = re.compile(
    rf"(?P<x>{_WORD}(?:(?:,\s*|{_AND_KO}\s+){_WORD}){{0,8}}?)(?:은|는|이|가|을|를)?\s*"
    r"(?:없이|없는|없게|빼고|넣지|제외)"
)
NEGATIVE_ZH: Final = re.compile(
    r"(?:不要(?:有|出现|加)?|没有|不带|不含|无(?!法|限|声)|别(?:有|出现|加))(?P<x>[一-鿿]{1,8}?)"
    r"(?=[，。,、；和或的]|$)"
)
SPLIT_LIST: Final = re.compile(
    r"\s*(?:,|\band\b|\bor\b|\bnor\b|&|\by\b|\bni\b|\bund\b|\boder\b|、|和|或|이?나|하고|와\s|과\s)\s*",
    _I,
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
STYLE_CJK: Final = re.compile(
    r"(?P<x>수채화|유화|애니메이션|애니|만화|픽셀 ?아트|점토|클레이|흑백|종이접기|연필 ?스케치|"
    r"[가-힣]{2,6}(?=\s?(?:스타일|풍으로|화풍|풍의|느낌))|"
    r"水彩|油画|动漫|卡通|像素|水墨|黏土|剪纸|黑白|素描|赛博朋克|[一-鿿]{2,6}(?=风格))"
    r"\s?(?:스타일|풍|화풍|风格|画)?"
)
STYLE_OF: Final = re.compile(
    r"\b(?:in|with) (?:the |an? )?style of (?P<a>[^,.;]+?)(?= please|[,.;]|$)|"
    r"\b(?:in|with|as|to|for) (?:an? |the )?(?P<b>[\w' -]{3,40}?)[- ](?:style|look|aesthetic)\b|"
    r"\bal? estilo (?:de )?(?:una? |la |el )?(?P<c>[^,.;]+)|"
    r"\bim (?:stil (?:eine[rs]|von|des|der) )(?P<d>[^,.;]+)|"
    r"\bim (?P<e>[\w-]+?)-?stil\b",
    _I,
)
STYLE_TAG: Final = re.compile(
    rf"(?:^|,|;|\bin|\bas|\bas an?|\ben|\bals|\bin an?)\s+(?P<x>{_STYLE_NAMES})"
    r"(?:[- ](?:style|look|aesthetic|animation))?(?=\s*(?:[,.;]|$|please|bitte|and\b|with\b))",
    _I,
)
RESTYLE: Final[tuple[re.Pattern[str], ...]] = (
    STYLE_OF,
    re.compile(
        r"\b(?:feel|look|charm|mood) of (?:an? |the )?(?P<x>[^,.;!?]+)|"
        r"\b(?:give|apply|use|add|try)(?: (?:it|this|that|them|the \w+))? (?:an? |the )?"
        r"(?P<y>[\w' -]+?) (?:look|feel|style|effect|aesthetic)\b(?! of)",
        _I,
    ),
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
ARTICLE: Final = re.compile(
    r"^(?:an?|the|some|any|una?|el|la|los|las|ein(?:e[rns]?)?|de[rnms]|die|das|more|like)\s+",
    _I,
)
