"""Grammar of short picture prompts: find and swap the subject, action and place.

English only, and small on purpose: "a red ball crosses the beach" is a subject, a verb
and the rest. Functions are pure; what does not fit returns the text unchanged or None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from nbagent.acts import wording

_I: Final = re.IGNORECASE
_DETERMINERS: Final = frozenset(
    "a an the one two three four five six seven eight nine ten some several many his her "
    "its their my our this that these those every each".split()
)
_PREPOSITIONS: Final = frozenset(
    "in on at over under by near above below among along against inside outside behind "
    "between through across into onto around down up from with towards toward to off past "
    "beneath beside underwater as while during before after".split()
)
# Nouns that look like verbs ("-ing", "-s"), and verbs that look like nouns.
_NOT_VERBS: Final = frozenset(
    "king ring wing spring ceiling building painting string thing evening morning glass "
    "grass dress class bus cactus canvas lens tennis chess moss princess compass octopus "
    "walrus platypus hippopotamus rhinoceros iris circus waitress actress bass brass kiss "
    "wedding viking clothing earring railing lightning duckling sibling lasagnas paris jeans "
    "flying".split()
)
_IRREGULAR: Final = {"lie": "lying", "die": "dying", "tie": "tying", "be": "being"}
_DOUBLED: Final = frozenset(
    "run swim spin hop skip jog sit hit flip drop stop wag nod clap tap step trip rub hum "
    "drum chat drip grin grab hug pop rip scrub slip snap strut swap trot whip wrap zip dig "
    "get let put set cut shut begin flap plod shrug skid skim slam stir".split()
)


# "animate it", "make the photo", "let it": a request, and what it is about.
_ANIMATE: Final = re.compile(
    r"^(?:please\s+)?(?:(?:animate|bring|let|make|set|have)\s+)?"
    r"(?:(?:the|my|this|that)\s+(?:photo|picture|image|plot|chart|graph|diagram|figure|"
    r"drawing)(?:\s+above)?|it|this)\b",
    _I,
)
_CONJUNCTION: Final = re.compile(
    r"^[:,\s]*(?:(?:so that|such that|so|that|and|where|with)\b)?\s*(?:(?:it|they)\b)?",
    _I,
)


def tidy(text: str) -> str:
    """Repair spaces and commas after words were taken out."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;])", r"\1", text)
    text = re.sub(r"([,;])(?:\s*[,;])+", r"\1", text)
    text = re.sub(r"\b(?:and|but|,)\s*$", "", text.strip())
    return text.strip(" ,.;")


def cut(text: str, span: tuple[int, int]) -> str:
    """Return the text without a span."""
    return tidy(text[: span[0]] + " " + text[span[1] :])


def bare(noun: str) -> str:
    """Return a noun phrase without its article."""
    return re.sub(r"^(?:an?|the|any|all|some|that)\s+", "", noun.strip(), flags=_I)


def without_pronoun(text: str) -> tuple[str, bool]:
    """Return what a subject that goes on does, and whether it is one: "it rises"."""
    first, _, rest = text.removeprefix("and ").partition(" ")
    if first.lower() == "the" and rest.lower().startswith("same"):
        return rest[4:].strip(), True
    is_pronoun = first.lower() in ("it", "he", "she", "they")
    return (rest.strip() if is_pronoun else text), is_pronoun


def mentions(text: str, thing: str) -> bool:
    """Return whether a text names a thing, as singular or plural."""
    return _find(text, thing) is not None


def take_phrase(text: str, table: Mapping[str, str]) -> tuple[str, str | None]:
    """Take a phrase of a table out of a text; returns the rest, and how prompts have it."""
    for phrase, found in wording.find(text, table):
        if _is_free(text, found):
            return cut(text, found.span()), phrase
    return text, None


def _is_free(text: str, found: re.Match[str]) -> bool:
    """Return whether a phrase stands by itself: not "a night owl", not "the rain dance"."""
    phrase, after = found[0].strip().lower(), text[found.end() :].lstrip()
    follows = after.split(maxsplit=1)[0].lower() if after else ""
    if follows and follows[0].isalpha() and follows not in _PREPOSITIONS | {"and"}:
        return phrase.endswith(("ly", "ing"))
    before = re.search(r"([a-z'-]+)\s*$", text[: found.start()], _I)
    # "in the blue night", "a snowy winter": the words around belong to it.
    alone = " " not in phrase
    return not (alone and before and before[1].lower() in _DETERMINERS | _PREPOSITIONS)


def take_camera(text: str) -> tuple[str, tuple[str, ...]]:
    """Take a camera clause out: ", from above" or ", close-up"."""
    if not (found := wording.CAMERA.search(text)):
        return text, ()
    if found[0].lower() in ("pan", "pans", "macro") and found.start() > 0:
        if not text[: found.start()].rstrip().endswith(","):
            return text, ()
    clause = re.search(r"[^,;.]*$", text[: found.start()])
    start = clause.start() if clause else found.start()
    end = found.end() + len(re.match(r"[^,;.]*", text[found.end() :])[0])  # type: ignore[index]  # always matches
    lead = text[start : found.start()].strip()
    if start == 0 or lead:
        # "a close-up of a bee", "a bee from above": only the camera words go.
        rest = (
            text[: found.start()] + " " + re.sub(r"^\s*of\b", "", text[found.end() :])
        )
        rest = re.sub(r"\b(?:an?|in|as an?|with an?)\s+(?=\s|$|an? |the )", " ", rest)
        return tidy(rest), (found[0],)
    return cut(text, (start, end)), (text[start:end].strip(),)


def take_setting(text: str) -> tuple[str, str]:
    """Take the last place phrase out, unless the core would be empty or lose its verb."""
    for found in reversed(list(wording.PLACE_PHRASE.finditer(text))):
        rest = text[found.end() :].lstrip()
        if found.start() == 0 or (
            rest and rest[0] not in ",.;" and not rest.startswith("and ")
        ):
            continue
        before = text[: found.start()].split()
        # "moves across the beach", "rises from the sea", "moves towards": the verb needs it.
        if re.match(
            r"(?:across|into|onto|up|down|through|around|along|past)\b", found[0], _I
        ):
            continue
        if not before or before[-1].lower() in _DETERMINERS:
            continue
        return cut(text, found.span()), found[0].strip()
    return text, ""


def split_core(core: str) -> tuple[str, str, str]:
    """Split a core into subject, verb and rest; verb and rest may be empty.

    >>> split_core("a red ball crosses the beach")
    ('a red ball', 'crosses', 'the beach')
    """
    tokens = core.split()
    singular = bool(tokens) and tokens[0].lower() in (
        "a",
        "an",
        "the",
        "one",
        "this",
        "that",
    )
    for i, token in enumerate(tokens):
        word = token.lower().strip(",.;")
        if i == 0:
            continue
        follows_of = tokens[i - 1].lower() in ("of", *_DETERMINERS)
        if _is_verb(word, singular=singular) and not follows_of:
            rest = " ".join(tokens[i + 1 :])
            return " ".join(tokens[:i]), token, rest
        if token.endswith(",") and i < len(tokens) - 1:
            return (
                " ".join(tokens[: i + 1]).rstrip(","),
                "",
                ", " + " ".join(tokens[i + 1 :]),
            )
        if word in _PREPOSITIONS:
            return " ".join(tokens[:i]), "", " ".join(tokens[i:])
    return core, "", ""


def _is_verb(word: str, *, singular: bool) -> bool:
    if word in _NOT_VERBS:
        return False
    if word.endswith("ing") and len(word) > 4:
        return True
    return (
        singular
        and len(word) > 3
        and word.endswith("s")
        and not word.endswith(("ss", "us"))
    )


def swap_subject(core: str, new: str, old: str | None) -> str | None:
    """Put another subject into a core and keep the action; None if `old` is not there."""
    if old:
        if not (span := _find(core, bare(old))):
            return (
                None
                if bare(old).lower() not in ("subject", "actor", "animal")
                else (swap_subject(core, new, None))
            )
        start, end = _phrase_span(core, span)
        return tidy(core[:start] + new + core[end:])
    subject, verb, rest = split_core(core)
    if not subject:
        return new
    new_subject, new_verb, _ = split_core(new)
    if new_verb:
        # "a seal clapping" brings its own action.
        return new
    return tidy(
        " ".join(filter(None, (new_subject, verb)))
        + (rest if rest.startswith(",") else f" {rest}")
    )


def swap_action(core: str, action: str) -> str:
    """Give the subject of a core another action, in the verb form the core has."""
    subject, verb, _ = split_core(core)
    form = participle if not verb or verb.endswith("ing") else finite
    return tidy(f"{subject} {form(action)}")


def motion_words(text: str) -> str:
    """Return how a picture is to move, without the request around it.

    >>> motion_words("animate @fig so that the bars grow")
    'the bars grow'
    >>> motion_words("animate this plot so that a star moves right")
    'a star moves right'
    >>> motion_words("let c1 move to the left")
    'move to the left'
    """
    text = re.sub(r"@\w+(?:\[[^\]]*\])?|\bc\d+\b", " it ", text)
    text = re.sub(r"\b(?:to life|(?:in|into) motion)\b", " ", text, flags=_I)
    text = _ANIMATE.sub("", tidy(text))
    return tidy(_CONJUNCTION.sub("", tidy(text)))


def with_motion(core: str, said: str) -> str:
    """Let the subject of a still move as said; what names its own subject stands alone.

    >>> with_motion("a cat sitting", "jump"), with_motion("a cat", "the cat spins")
    ('a cat jumps', 'the cat spins')
    """
    if not said or said.split()[0].lower() in _DETERMINERS:
        return said or core
    return f"{split_core(core)[0]} {finite(said)}"


def with_article(noun: str) -> str:
    """Put an article before the noun of a thing that has none and is one.

    >>> with_article("owl"), with_article("two cats"), with_article("sunflowers")
    ('an owl', 'two cats', 'sunflowers')
    """
    first = noun.split(maxsplit=1)[0].lower() if noun.split() else ""
    is_many = noun.endswith("s") and not noun.endswith("ss")
    if first in _DETERMINERS or first.isdigit() or is_many or not noun.isascii():
        return noun
    return f"{'an' if first[:1] in 'aeiou' else 'a'} {noun}"


def without_sky(text: str) -> str:
    """Take the sky of one hour out of a text: "under a blue sky"."""
    return tidy(wording.SKY.sub("", text))


def swap_place(core: str, setting: str, *, has_setting: bool) -> tuple[str, bool]:
    """Put a new place where the action names one ("crosses the beach").

    Returns:
        The core, and whether it now holds the place.
    """
    if has_setting:
        return core, False
    _, verb, rest = split_core(core)
    found = re.search(
        rf"\b(?:the|an?)\s+(?:[\w-]+\s+)?{wording.PLACE_NOUN.pattern}\b", rest, _I
    )
    noun = re.sub(r"^[a-z]+\s+(?=(?:the|an?)\b)|^in\s+", "", setting, flags=_I)
    if not verb or not found or "background" in setting:
        if found and verb:
            # The action crosses a place that is gone, and the new one is no ground.
            core = core.replace(found[0], "the picture")
        return core, False
    return core.replace(found[0], noun), True


def place_in_action(core: str) -> str:
    """Return the place that an action names, with its preposition, or nothing.

    >>> place_in_action("a red ball crosses the beach")
    'on the beach'
    """
    _, verb, rest = split_core(core)
    found = re.search(
        rf"\b(?:the|an?)\s+(?:[\w-]+\s+)?{wording.PLACE_NOUN.pattern}\b", rest, _I
    )
    return wording.located(found[0]) if verb and found else ""


def recolor(text: str, thing: str | None, color: str, *, subject: bool) -> str | None:
    """Put a colour before a thing, or before the subject's noun; None if it is absent."""
    if thing:
        if not (span := _find(text, thing)):
            return None
        start, end = span
    else:
        if not subject or not text:
            return None
        np, _, _ = split_core(text)
        end = len(np)
        start = end - len(np.split()[-1])
    head = re.sub(
        rf"(?:{wording.COLOUR_WORD.pattern})(?:\s+and\s+(?:{wording.COLOUR_WORD.pattern}))?"
        r"\s+((?:[\w-]+\s+)?)$",
        r"\1",
        text[:start],
        flags=_I,
    )
    kept = re.search(r"((?:(?!an?\b|the\b|\W)[\w-]+\s+)*)$", head)
    at = kept.start() if kept and _has_article(head) else len(head)
    changed = f"{head[:at]}{color} {head[at:]}{text[start:end]}{text[end:]}"
    return _fix_articles(tidy(changed))


def _has_article(head: str) -> bool:
    """Return whether the words just before a noun begin with a determiner."""
    found = re.search(r"(?:^|[\s,])(\w+)\s+(?:[\w-]+\s+)?$", head)
    return bool(found and found[1].lower() in _DETERMINERS)


def without(core: str, thing: str) -> str:
    """Take a thing out of a core: "a cat and a dog" without dog is "a cat"."""
    if not (span := _find(core, thing)):
        return core
    start, end = _phrase_span(core, span)
    joined = re.search(
        r"(?:\s*,?\s*\b(?:and|with|wearing|holding|carrying)\s+)$", core[:start]
    )
    if joined:
        return tidy(core[: joined.start()] + core[end:])
    if found := re.match(r"\s+and\s+", core[end:]):
        return tidy(core[:start] + core[end + found.end() :])
    return core


def _find(text: str, thing: str) -> tuple[int, int] | None:
    stem = re.escape(re.sub(r"(?<=\w\w)s$", "", thing.strip().lower()))
    found = re.search(rf"\b{stem}(?:e?s)?\b", text, _I)
    return found.span() if found else None


def _phrase_span(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Widen the span of a noun to its article and adjectives."""
    lead = re.search(
        rf"\b(?:{'|'.join(_DETERMINERS)})\s+(?:[\w-]+\s+){{0,2}}$", text[: span[0]], _I
    )
    return (lead.start() if lead else span[0]), span[1]


def _fix_articles(text: str) -> str:
    text = re.sub(r"\b(a)(?=\s+[aeiou])", r"\1n", text, flags=_I)
    return re.sub(r"\b(a)n(?=\s+[^aeiou\s])", r"\1", text, flags=_I)


def finite(action: str) -> str:
    """Return an action in the third person: "jump over a log" -> "jumps over a log"."""
    verb, _, rest = action.partition(" ")
    if verb.endswith("ing") and len(verb) > 4:
        return action
    if verb.endswith("s") and not verb.endswith("ss"):
        return action
    if re.search(r"[^aeiou]y$", verb):
        verb = f"{verb[:-1]}ies"
    elif re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        verb += "es"
    else:
        verb += "s"
    return f"{verb} {rest}".strip()


def participle(action: str) -> str:
    """Return an action as a participle: "spin twice" -> "spinning twice"."""
    verb, _, rest = action.partition(" ")
    if verb.endswith("ing") and len(verb) > 4:
        return action
    if verb in _IRREGULAR:
        verb = _IRREGULAR[verb]
    elif verb in _DOUBLED:
        verb = f"{verb}{verb[-1]}ing"
    elif re.search(r"[^aeoy]e$", verb):
        verb = f"{verb[:-1]}ing"
    else:
        verb += "ing"
    return f"{verb} {rest}".strip()
