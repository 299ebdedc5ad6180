"""Values that a turn states outright: seconds, fps, sizes, counts, styles, "no text".

Patterns only, in English, Korean, Chinese, Spanish and German. Which of the values
count depends on the intent: "how do I make a 5 second gif?" states none.
"""

from __future__ import annotations

import difflib
import re
from typing import Final, Literal

from nbagent.conversation import slot_patterns as p
from nbagent.conversation.numbers import NUMBER, to_number
from nbagent.conversation.plan import Action, EditKind, Intent, Slots

_I: Final = re.IGNORECASE


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
    _number_slots(text, slots)
    if intent in p.MAKES or "seed" in kinds:
        _count_slots(text, intent, slots)
    if intent != "refine" or "quality" in kinds:
        _quality_slot(text, slots)
    if intent in p.MAKES and p.LOOPS.search(text):
        slots["loop"] = True
    _format_slot(text, slots)
    if style := _style(text, intent, edits):
        slots["style"] = style
    speed = _speed(text, edits) if "speed" in kinds else None
    if speed is not None:
        slots["speed"] = speed
    if intent == "refine":
        # "loop without a seam", "without the last second": about the clip, not in it.
        text = ", ".join(words for kind, words in edits if kind not in p.NO_THINGS)
    if negative := parse_negative(text):
        slots["negative"] = negative
    return slots


def parse_duration(text: str, *, dropped: bool = False) -> float | None:
    """Read a number of seconds; with `dropped`, also one that is to be cut away."""
    for found in p.SECONDS.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        if p.MOMENT.search(before):
            continue
        cut = p.DROPPED.search(before) or p.DROPPED_KO.search(after)
        cut = cut or p.WEG_DE.search(after)
        if cut and not dropped and not p.KEPT.search(before):
            continue
        minutes = found["unit"].lower().startswith(("min", "분", "分"))
        return to_number(found["n"]) * (60 if minutes else 1)
    if half := p.HALF_SECOND.search(text):
        cut = p.DROPPED.search(text[: half.start()])
        if dropped or not cut or p.KEPT.search(text[: half.start()]):
            return 30 if half[1] == "minute" else 0.5
    return None


def parse_speed(text: str) -> float | Literal["slower", "faster"] | None:
    """Read a factor, or only its direction."""
    for pattern, factor in p.FACTOR:
        if pattern.search(text):
            return factor
    if found := p.PERCENT.search(text):
        share = int(found[1]) / 100
        direction = (found["d"] or "").lower()
        if direction:
            slow = direction.startswith(("slow", "langsam", "más lent", "느리"))
            return round(1 - share if slow else 1 + share, 3)
        if re.search(r"speed|tempo|velocidad|geschwindigkeit|속도", text, _I):
            return share
    if found := p.TIMES.search(text):
        factor = to_number(found[1])
        slow = re.search(r"slow|langsam|lent|느리|느린|慢", text, _I)
        return 1 / factor if slow and factor > 1 else float(factor)
    if re.search(
        r"too fast|not so fast|zu schnell|demasiado rápid|너무 빨|太快", text, _I
    ):
        return "slower"
    if re.search(r"too slow|zu langsam|demasiado lent|너무 느|太慢", text, _I):
        return "faster"
    if p.SLOWER.search(text) and not re.search(r"rápid", text, _I):
        return "slower"
    return "faster" if p.FASTER.search(text) else None


def parse_negative(text: str) -> list[str]:
    """List what is to be left out: "no text, without people" gives both."""
    things: list[str] = []
    for pattern in (p.NEGATIVE, p.NEGATIVE_KO, p.NEGATIVE_ZH):
        for found in pattern.finditer(text):
            for thing in p.SPLIT_LIST.split(found["x"].strip()):
                word = p.ARTICLE.sub("", thing.strip())
                if word and not p.NOT_A_THING.match(word):
                    things.append(word)
    return list(dict.fromkeys(things))


def without_values(text: str) -> str:
    """Return a turn without its stated seconds, fps, sizes, counts and negatives."""
    lead = r"(?:,?\s*\b(?:for|in|at|of|about|lasting|that lasts|und|and|with)\s+)?"
    nouns = r"(?:[\s-]*(?:long|in length|duration|each))?"
    patterns = (
        p.FPS.pattern,
        p.SECONDS.pattern.replace("?P<n>", "?:").replace("?P<unit>", "?:"),
        p.SIZE.pattern,
        p.ASPECT.pattern,
        p.NEGATIVE.pattern.replace("?P<x>", "?:"),
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
    return next((act for act, pattern in p.ACTIONS if pattern.search(text)), None)


def _control_slots(text: str) -> Slots:
    slots = Slots()
    if action := parse_action(text):
        slots["action"] = action
    _format_slot(text, slots)
    if "action" not in slots and "format" in slots:
        slots["action"] = "export"
    return slots


def _format_slot(text: str, slots: Slots) -> None:
    if found := p.FORMAT.search(text):
        word = found[1].lower()
        slots["format"] = (
            "gif" if word == "gif" else "webm" if word == "webm" else "mp4"
        )


def _number_slots(text: str, slots: Slots) -> None:
    if found := p.FPS.search(text):
        slots["fps"] = int(found["n"] or found["m"])
        text = text.replace(found[0], " ")
    if (seconds := parse_duration(text)) is not None:
        slots["duration_s"] = seconds
    if size := p.SIZE.search(text):
        slots["size"] = f"{size[1]}x{size[2]}"
    elif aspect := parse_aspect(text):
        slots["aspect"] = aspect
    if seed := p.SEED.search(text):
        slots["seed"] = int(seed[1])


def _quality_slot(text: str, slots: Slots) -> None:
    if p.PREVIEW.search(text):
        slots["quality"] = "preview"
    elif p.FINAL.search(text):
        slots["quality"] = "final"


def parse_aspect(text: str) -> str | None:
    """Read "9:16", or a word such as vertical or square."""
    if found := p.ASPECT.search(text):
        return f"{int(found[1])}:{int(found[2])}"
    return next((ratio for ratio, words in p.ASPECT_WORDS if words.search(text)), None)


def _count_slots(text: str, intent: Intent, slots: Slots) -> None:
    if intent == "storyboard":
        if found := p.SCENES.search(text) or p.SCENES_CJK.search(text):
            slots["scenes"] = int(to_number(found["n"]))
        return
    found = p.COUNT.search(text) or p.COUNT_KO.search(text) or p.COUNT_CJK.search(text)
    if found and (count := int(to_number(found["n"]))) > 1:
        slots["count"] = count


def _style(
    text: str, intent: Intent, edits: tuple[tuple[EditKind, str], ...]
) -> str | None:
    for kind, words in edits:
        if kind == "restyle":
            return parse_style(words)
    if intent not in p.MAKES:
        return None
    for pattern in (p.STYLE_OF, p.STYLE_TAG):
        if found := pattern.search(text):
            return _clean_style(found)
    found = p.STYLE_CJK.search(text)
    return found["x"] if found and found[0] != found["x"] else None


def parse_style(words: str) -> str | None:
    """Read the style that a restyle names."""
    if found := p.STYLE_CJK.search(words):
        return found["x"]
    for pattern in p.RESTYLE:
        if (found := pattern.search(words)) and (style := _clean_style(found)):
            return style
    return None


def _clean_style(found: re.Match[str]) -> str:
    style = next(group for group in found.groups() if group).strip()
    while p.ARTICLE.match(style):
        style = p.ARTICLE.sub("", style)
    return style


def _speed(
    text: str, edits: tuple[tuple[EditKind, str], ...]
) -> float | Literal["slower", "faster"] | None:
    for kind, words in edits:
        if kind == "speed" and (speed := parse_speed(words)) is not None:
            return speed
    if (speed := parse_speed(text)) is not None:
        return speed
    for word in text.lower().split():
        if close := difflib.get_close_matches(
            word, ("slower", "faster", "quicker"), 1, 0.75
        ):
            return "slower" if close[0] == "slower" else "faster"
    return None
