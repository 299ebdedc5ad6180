"""Words of one edit -> its arguments: what colour, which place, how many seconds.

The router has found the kind; this reads the rest. An empty result means that only
the kind was understood: the shot then takes the clause in as the user wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from nbagent.conversation import lexicon
from nbagent.conversation.canvas import read_canvas, wants_detail
from nbagent.conversation.numbers import NUMBER, to_number
from nbagent.conversation.plan import EditKind, Slots
from nbagent.conversation.slots import (
    parse_aspect,
    parse_duration,
    parse_speed,
    parse_style,
)

Args = dict[str, Any]
_I: Final = re.IGNORECASE

# Words around a request that are not part of the picture.
_POLITE: Final = re.compile(
    r"^(?:(?:ok(?:ay)?|great|nice|cool|good|perfect|hmm+|well|now|and|but|so|then|also|"
    r"please|actually|this time|next|finally|could you|can you|would you|"
    r"would it be possible to|could (?:we|it)(?: have| be)?|i(?:'d| would) (?:like|love|want|prefer)(?: it| to see it| to)?|i want(?: it| to)?|"
    r"let'?s|maybe|perhaps|just|try(?: it)?|how about|what about|what if)\b[\s,]*)+|"
    r"(?:[\s,]*\b(?:please|instead|now|this time|too|as well|thanks|thank you|though|"
    r"if you can|if possible|bitte|por favor))+\s*[.!?]*$",
    _I,
)
_IT: Final = (
    r"(?:it|this|that|them|him|her|the (?:clip|video|picture|image|scene|shot|one))"
)
_REFERENCE: Final = re.compile(
    r"^(?:(?:like|same as|as in)\s+)?(?:@?c(?:lip)?\s?\d+|the (?:same|first|second|third|last|"
    r"previous) (?:one|clip|video)|the same(?: thing)?|(?:do )?the same|same(?: clip| thing| "
    r"shot)?|the (?:original|latest|newest)|the (?:[\w-]+ ){1,3}(?:one|clip|video|version|"
    r"take)|(?:the )?same seed|this|that|it)\s*,?\s*(?:but|again but|only|except)\s+",
    _I,
)


def clean_clause(text: str) -> str:
    """Strip politeness, "now" and "instead" from a clause.

    >>> clean_clause("ok, now from above please")
    'from above'
    """
    text = text.strip(" \t\n,.;!?")
    while (shorter := _POLITE.sub("", text).strip(" ,.;!?")) != text:
        text = shorter
    return text


def read_edit(kind: EditKind, text: str, slots: Slots) -> Args:
    """Read the arguments of an edit from its words.

    >>> read_edit("recolor", "paint the horse black", {})
    {'color': 'black', 'thing': 'horse'}
    >>> read_edit("trim", "drop the last second", {})
    {'drop': 'last', 'seconds': 1}
    """
    clause = _REFERENCE.sub("", clean_clause(text))
    return _READERS[kind](clean_clause(clause), slots)


def _restyle(text: str, _: Slots) -> Args:
    style = parse_style(text)
    if style is None or (lexicon.is_cjk(style) and not lexicon.STYLES.get(style)):
        return {}
    return {"style": lexicon.STYLES.get(style.lower(), style)}


def _recolor(text: str, _: Slots) -> Args:
    # "blue instead of red", "not red but blue": the colour to get, not the one to lose.
    wanted = re.sub(
        r"\b(?:instead of|rather than|not|from|statt|en vez de)\s+(?:the\s+|a\s+)?\w+",
        "",
        text,
    )
    exact = lexicon.COLOUR_WORD.findall(wanted)
    color = exact[-1].lower() if exact else lexicon.first(lexicon.COLOURS, wanted)
    if color is None:
        return {}
    thing = re.search(
        r"\b(?:the|his|her|its|their)\s+((?:(?!to\b|into\b|in\b|a\b)[\w-]+\s+){0,2}?[\w-]+)"
        r"(?=\s+(?:to|into|in|a|be|should|is|all|look|turn|"
        + color.split()[0]
        + r")\b)",
        wanted,
        _I,
    )
    args: Args = {"color": color}
    if thing and not re.fullmatch(
        r"clip|video|colou?r|whole (?:thing|clip)|one", thing[1]
    ):
        args["thing"] = _drop_colour(thing[1].lower())
    elif nouns := lexicon.english_nouns(text):
        args["thing"] = nouns[0]
    elif (noun := re.match(rf"(?:a |an )?{color} ([\w-]+)$", wanted, _I)) and noun[
        1
    ] not in (
        "one",
        "version",
    ):
        args["thing"] = noun[1].lower()
    return args


def _drop_colour(words: str) -> str:
    return lexicon.COLOUR_WORD.sub("", words).strip()


# "Without the fox, an owl instead" removes nothing: something else is there.
_IN_ITS_PLACE: Final = re.compile(
    r"^(?:without|no|not|lose|remove|drop)\s+(?:the |any |an? )?(?P<old>[\w' -]+?),\s*"
    r"(?:but |and )?(?:use |with |show )?(?P<new>an? [\w' -]+?)(?:\s+instead)?$",
    _I,
)
_SWAPS: Final[tuple[re.Pattern[str], ...]] = (
    re.compile(
        r"\b(?:swap|switch|exchange)(?: out)? (?:the |that )?(?P<old>.+?) (?:for|with|to) "
        r"(?P<new>.+)",
        _I,
    ),
    re.compile(
        r"\b(?:replace|substitute) (?:the |that )?(?P<old>.+?) (?:with|by|for) (?P<new>.+)",
        _I,
    ),
    re.compile(
        r"\b(?:turn|change|transform|make|convert) (?:the |that )?(?P<old>.+?) (?:in)?to "
        r"(?P<new>.+)",
        _I,
    ),
    re.compile(
        r"\b(?:use |have |put |show |with |make it |but )*(?P<new>.+?) "
        r"(?:instead of|rather than|in place of) (?:the |an? )?(?P<old>.+)",
        _I,
    ),
    re.compile(r"\bmake the (?P<old>[\w-]+) (?P<new>an? .+)", _I),
    re.compile(
        r"\bthe (?P<old>[\w-]+) (?:should|could|must) be(?:come)? (?P<new>an? .+)", _I
    ),
    re.compile(
        rf"\b(?:make|let) {_IT} (?:be )?(?P<new>(?:an?|two|three|four|five) .+)"
        r"|\b(?:use|have|show|try)\s+(?P<new2>.+)",
        _I,
    ),
    re.compile(
        r"^(?:but )?(?:with |for |it'?s |be )?(?P<new>(?:an?|two|three) [\w' -]+)$", _I
    ),
)
_ADD: Final = re.compile(
    r"\b(?:add|include|insert|place|throw in|bring in)\s+(?P<a>.+)|"
    rf"\b(?:give|put|dress) (?:{_IT}|the [\w-]+) (?P<b>(?:on |in |with )?(?:an?|some|two|three|the)"
    r" .+)|\bput (?P<c>(?:an?|some|two|three) .+)|\bwith (?P<d>.+)|"
    r"(?:is|be|are) (?:wearing|holding|carrying) .+",
    _I,
)
_REMOVE: Final = re.compile(
    r"\b(?:remove|delete|take (?:out|away)|get rid of|lose|drop|erase|hide|without|no more|no)"
    r"\s+(?:the |that |any |all )?(?P<x>.+)|\btake (?:the |that )(?P<y>.+?) (?:out|away|off)",
    _I,
)


# "A cube, not a ball": what is to go, said last.
_NOT_OLD: Final = re.compile(
    r"[,\s]+(?:and )?not (?:the |an? )?(?P<old>[\w-]+(?: [\w-]+)?)$", _I
)


def _replace_subject(text: str, slots: Slots) -> Args:
    if (found := _NOT_OLD.search(text)) and found.start():
        args = _replace_subject(text[: found.start()], slots)
        return {"old": found["old"], **args} if "new" in args else args
    if found := _IN_ITS_PLACE.match(text):
        return {"old": found["old"], "new": found["new"]}
    if (found := _REMOVE.search(text)) and not re.search(
        r"\badd\b|instead of", text, _I
    ):
        thing = (found["x"] or found["y"]).strip()
        return {"remove": re.sub(r"\s+(?:from|in|on) .*$", "", thing)}
    for pattern in _SWAPS:
        if found := pattern.search(text):
            groups = found.groupdict()
            new = clean_clause(groups.get("new") or groups.get("new2") or "")
            old = (groups.get("old") or "").strip()
            args = {"new": _article(new)}
            if old and not re.fullmatch(_IT, old, _I):
                args["old"] = old
            return args
    if found := _ADD.search(text):
        added = next((g for g in found.groups() if g), found[0])
        return {"add": re.sub(r"^(?:with|on|in) ", "", added)}
    nouns = lexicon.english_nouns(text)
    if len(nouns) > 1:
        return {"old": nouns[0], "new": _article(nouns[-1])}
    return {"new": _article(nouns[0])} if nouns else {}


def _article(noun: str) -> str:
    if re.match(
        r"(?:an?|the|two|three|four|five|six|some|many|several|his|her|my|\d+)\b", noun
    ):
        return noun
    if re.search(r"[^s]s$", noun):
        return noun
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _background(text: str, _: Slots) -> Args:
    args: Args = {}
    rest = text
    for name, table in (("time", lexicon.TIMES), ("weather", lexicon.WEATHER)):
        for phrase, words in table:
            if found := words.search(rest):
                args[name] = phrase
                rest = rest.replace(found[0], " ")
                break
    plain = re.search(
        rf"\b(?:(?:on|against|in front of|with)\s+)?(?:an?\s+)?(?:plain\s+)?"
        rf"({lexicon.COLOUR_WORD.pattern})\s+(?:background|backdrop)",
        rest,
        _I,
    )
    coloured = re.search(
        rf"\bbackground\s+(?:\w+ )?({lexicon.COLOUR_WORD.pattern})", rest, _I
    )
    if colour := plain or coloured:
        args["setting"] = f"on a plain {colour[1].lower()} background"
    elif "setting" not in args and (setting := _place(rest)):
        args["setting"] = setting
    if not args and (extra := re.search(r"\b(with .+)", text, _I)):
        args["extra"] = extra[1]
    return args


def _place(text: str) -> str | None:
    if found := lexicon.PLACE_PHRASE.search(text):
        return re.sub(
            r"^(?:into|onto)", lambda m: m[0][:2].lower(), found[0].strip(), flags=_I
        )
    to = re.search(
        r"\b(?:background|location|setting|scene|place)\s+(?:to|into|should be|be|is|with|by)\s+"
        r"(?P<x>.+)|\bmove (?:it|everything|the \w+) to (?P<y>.+)",
        text,
        _I,
    )
    if to:
        return lexicon.located(to["x"] or to["y"])
    if named := lexicon.first(lexicon.PLACES, text):
        return named
    if source := re.search(
        rf"\bfrom ((?:the|an?) (?:[\w-]+ )?{lexicon.PLACE_NOUN.pattern})\b", text, _I
    ):
        return lexicon.located(source[1])
    if found := re.search(
        rf"\b(?:an?|the) (?:[\w-]+ )?{lexicon.PLACE_NOUN.pattern}$", text, _I
    ):
        return lexicon.located(found[0])
    if re.fullmatch(lexicon.PLACE_NOUN.pattern, text, _I):
        return lexicon.located(text)
    return None


_LET: Final = re.compile(
    rf"\b(?:let|make|have|get) (?:{_IT}|the [\w-]+|everyone|everything|both)\s+(?:to\s+)?"
    r"(?P<x>.+)|\b(?:it|he|she|they|the [\w-]+) (?:should|could|must|has to|needs to|can|"
    r"ought to) (?:be )?(?P<y>.+)|\bi want (?:it|the [\w-]+) to (?P<z>.+)|"
    r"^(?P<w>[a-z]+ing\b.*)",
    _I,
)
_REVERSE: Final = re.compile(
    r"\bbackwards?\b|\brevers|\brewind|al revés|hacia atrás|rückwärts|거꾸로|역재생|倒放|倒着|反向",
    _I,
)
_THEN: Final = re.compile(
    r"\b(?:at the (?:end|bottom|top|finish)|then|afterwards|eventually|and stop|finally)\b",
    _I,
)


def _motion(text: str, _: Slots) -> Args:
    if _REVERSE.search(text):
        return {"reverse": True}
    if found := _LET.search(text):
        action = next(g for g in found.groups() if g)
        if re.match(r"(?:more|less|move (?:more|less))\b", action, _I):
            return {}
        return {"action": action.strip(), "then": bool(_THEN.search(text))}
    if verb := lexicon.first(lexicon.MOTIONS, text):
        return {"action": verb, "then": False}
    return {}


def _speed(text: str, slots: Slots) -> Args:
    speed = parse_speed(text) or slots.get("speed")
    if isinstance(speed, (int, float)):
        return {"factor": float(speed)}
    # Without a stated factor one step is a factor of two, as on a player's own control.
    return {"factor": 0.5 if speed == "slower" else 2.0} if speed else {}


def _seconds(text: str, slots: Slots) -> float | None:
    seconds = parse_duration(text, dropped=True)
    return seconds if seconds is not None else slots.get("duration_s")


def _extend(text: str, slots: Slots) -> Args:
    start = re.search(
        r"\b(?:before|beginning|start|front|earlier|lead-?in)\b|앞에|前面", text, _I
    )
    args: Args = {"end": "start" if start else "end"}
    if (seconds := _seconds(text, slots)) is not None:
        args["seconds"] = seconds
    return args


def _length(text: str, slots: Slots) -> Args:
    if (seconds := _seconds(text, slots)) is not None:
        return {"seconds": seconds}
    if re.search(
        r"\btwice as long|\bdouble the (?:length|duration)|두 배|两倍|doppelt so lang",
        text,
        _I,
    ):
        return {"factor": 2.0}
    if re.search(
        r"\bhalf (?:as long|the (?:length|duration))|halb so lang|절반|一半", text, _I
    ):
        return {"factor": 0.5}
    if re.search(r"\bshort|corto|kürzer|짧|短", text, _I):
        return {"factor": 0.5}
    return {"factor": 2.0} if re.search(r"\blong|largo|länger|길|长", text, _I) else {}


def _loop(text: str, _: Slots) -> Args:
    return {"loop": True} | ({"seamless": True} if _SEAMLESS.search(text) else {})


_SEAMLESS: Final = re.compile(
    r"\bseamless|\bsmooth|\bperfect|\bendless|\binfinite|"
    r"\b(?:no|without(?: an?| any)?)\s+(?:visible\s+)?(?:seam|jump|cut|jerk|break)|"
    r"\bnahtlos|\bsin (?:corte|salto)|이음새|매끄럽|无缝",
    _I,
)
_SPAN: Final = re.compile(
    rf"(?:from|between)\s+({NUMBER})\s?s?(?:ec\w*)?\s+(?:to|and|until)\s+({NUMBER})|"
    rf"\b({NUMBER})\s?s?\s?(?:-|–|to)\s?({NUMBER})\s?s(?:ec\w*)?\b",
    _I,
)
_FIRST: Final = re.compile(
    r"\b(?:first|beginning|start|opening|intro|front|primer\w*|principio|inicio|erste[nr]?|"
    r"anfang)\b|처음|앞|前|开头",
    _I,
)
_KEEP: Final = re.compile(
    r"\b(?:keep|only|just|down to|leave|use|need|want|conserva|deja|solo|sólo|behalte?|nur|"
    r"quédate)\b|만\s|남기|남겨|保留|只",
    _I,
)


def _trim(text: str, slots: Slots) -> Args:
    if found := _SPAN.search(text):
        start, end = (to_number(g) for g in found.groups() if g)
        return (
            {"start": start, "end": end}
            if _KEEP.search(text) or start
            else {
                "drop": "first",
                "seconds": end,
            }
        )
    seconds = _seconds(text, slots)
    half = re.search(
        r"\b(?:first|second|last) half\b(?! (?:a )?(?:second|minute))", text, _I
    )
    if seconds is None and not half:
        if not re.search(r"second\b|segundo\b|sekunde\b|초|秒", text, _I):
            return {}
        seconds = 1
    side = "first" if _FIRST.search(text) else "last"
    if (
        seconds is not None
        and _KEEP.search(text)
        and not re.search(r"\blast|últim|letzt", text, _I)
    ):
        side = "first"
    args: Args = {"keep" if _KEEP.search(text) else "drop": side}
    return {**args, "half": True} if half else {**args, "seconds": seconds}


# "No zoom, pan instead": what the camera is to do no more is no part of what it does.
_NOT_CAMERA: Final = re.compile(
    r"\b(?:no(?: more)?|not|without|instead of|rather than|don'?t|stop)\s+(?:the\s+|an?\s+|"
    r"to\s+)?(?:zoom|pan|tilt|dolly|orbit)(?:s|ming|ning|ing)?\b(?:\s+(?:in|out)\b)?",
    _I,
)


def _camera(text: str, _: Slots) -> Args:
    if lexicon.is_cjk(text):
        return {}
    text = _NOT_CAMERA.sub("", text).strip(" ,;") or text
    found = re.sub(
        rf"^(?:(?:show|film|shoot|see|view|make|do|use|have|try|give) (?:{_IT}|me|the \w+)?\s*)+"
        r"(?:be )?|^(?:as |in |with )?(?:an? )(?=.*(?:shot|view|angle))|^with (?:an? )?",
        "",
        text,
        flags=_I,
    )
    return {"camera": found.strip()} if found.strip() else {}


def _aspect(text: str, slots: Slots) -> Args:
    if canvas := read_canvas(text):
        return {"upscale" if wants_detail(text) else "canvas": canvas}
    if size := slots.get("size"):
        return {"size": size}
    aspect = parse_aspect(text) or slots.get("aspect")
    return {"aspect": aspect} if aspect else {}


def _quality(_: str, slots: Slots) -> Args:
    return {"quality": "draft" if slots.get("quality") == "preview" else "final"}


def _seed(_: str, slots: Slots) -> Args:
    return {"seed": slots["seed"]} if "seed" in slots else {"new_seed": True}


_READERS: Final[Mapping[EditKind, Callable[[str, Slots], Args]]] = {
    "restyle": _restyle,
    "recolor": _recolor,
    "replace_subject": _replace_subject,
    "change_background": _background,
    "change_motion": _motion,
    "speed": _speed,
    "extend": _extend,
    "length": _length,
    "trim": _trim,
    "loop": _loop,
    "camera": _camera,
    "aspect": _aspect,
    "quality": _quality,
    "seed": _seed,
    "blend": lambda _, __: {"blend": True},
    "undo": lambda _, __: {"undo": True},
}
