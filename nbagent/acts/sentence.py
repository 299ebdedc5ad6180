"""Grammar of short picture prompts: find and swap the subject, action and place.

English only, and small on purpose: "a red ball crosses the beach" is a subject, a verb
and the rest. Functions are pure; what does not fit returns the text unchanged or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nbagent.acts import wording
from nbagent.acts.verbs import finite, is_participle, is_verb, participle
from nbagent.acts.wording import ARTICLES, DETERMINERS, PREPOSITIONS, Word, words_of

_SIGNS: Final = ",.;"
_ONE: Final = frozenset({"a", "an", "the", "one", "this", "that"})
# A place behind these is where an action goes: it would lose its meaning without.
_DIRECTIONS: Final = frozenset(
    "across into onto up down through around along past".split()
)
_HOLDS: Final = frozenset({"and", "with", "wearing", "holding", "carrying"})


def tidy(text: str) -> str:
    """Repair spaces and commas after words were taken out."""
    words: list[str] = []
    for word in text.split():
        bare_word = word.lstrip(_SIGNS)
        sign = word[: len(word) - len(bare_word)][:1]
        if sign and words and words[-1][-1] not in _SIGNS:
            words[-1] += sign
        if bare_word:
            words.append(bare_word)
    while words and words[-1].strip(_SIGNS).lower() in ("and", "but", ""):
        words.pop()
    return " ".join(words).strip(f" {_SIGNS}")


def cut(text: str, span: tuple[int, int]) -> str:
    """Return the text without a span."""
    return tidy(f"{text[: span[0]]} {text[span[1] :]}")


def bare(noun: str) -> str:
    """Return a noun phrase without its article."""
    first, _, rest = noun.strip().partition(" ")
    is_lead = first.lower() in {*ARTICLES, "any", "all", "some", "that"}
    return rest.strip() if rest and is_lead else noun.strip()


def with_article(noun: str) -> str:
    """Put an article before the noun of a thing that has none and is one.

    >>> with_article("owl"), with_article("two cats"), with_article("sunflowers")
    ('an owl', 'two cats', 'sunflowers')
    """
    first = noun.split(maxsplit=1)[0].lower() if noun.split() else ""
    is_many = noun.endswith("s") and not noun.endswith("ss")
    if first in DETERMINERS or first.isdigit() or is_many or not noun.isascii():
        return noun
    return f"{_article(first)} {noun}"


def without_pronoun(text: str) -> tuple[str, bool]:
    """Return what a subject that goes on does, and whether it is one: "it rises"."""
    first, _, rest = text.removeprefix("and ").partition(" ")
    if first.lower() == "the" and rest.lower().startswith("same"):
        return rest[4:].strip(), True
    is_pronoun = first.lower() in ("it", "he", "she", "they")
    return (rest.strip() if is_pronoun else text), is_pronoun


def mentions(text: str, thing: str) -> bool:
    """Return whether a text names a thing, as singular or plural."""
    return _find(words_of(text), thing) is not None


def take_phrase(text: str, table: Mapping[str, str]) -> tuple[str, str | None]:
    """Take a phrase of a table out of a text; returns the rest, and how prompts have it."""
    for phrase, start, end in wording.named(text, table):
        if _is_free(text, start, end):
            return cut(text, (start, end)), phrase
    return text, None


def take_camera(text: str) -> tuple[str, tuple[str, ...]]:
    """Take a camera clause out: ", from above" or ", slow zoom in"."""
    if (found := wording.camera(text)) is None:
        return text, ()
    start = max(text.rfind(sign, 0, found[0]) for sign in _SIGNS) + 1
    ends = [text.find(sign, found[1]) for sign in _SIGNS]
    end = min((at for at in ends if at >= 0), default=len(text))
    lead = text[start : found[0]].split()
    is_clause = len(lead) <= 2 and not (lead and lead[0].lower() in DETERMINERS)
    if start and is_clause:
        return cut(text, (start, end)), (text[start:end].strip(),)
    # "a close-up of a bee", "a bee from above": only the camera words go.
    before, after = text[: found[0]].split(), text[found[1] :].split()
    while before and before[-1].lower() in {"a", "an", "in", "as", "with"}:
        before.pop()
    if after and after[0].lower() == "of":
        after = after[1:]
    return tidy(" ".join((*before, *after))), (text[slice(*found)],)


def take_light(text: str) -> tuple[str, str]:
    """Take a phrase of light out of a text: "in the warm light"."""
    if (found := wording.light(text)) is None:
        return text, ""
    return cut(text, found), text[slice(*found)]


def take_setting(text: str) -> tuple[str, str]:
    """Take the last place phrase out, unless the core would be empty or lose its verb."""
    for start, end in reversed(wording.places(text)):
        before, after = text[:start].split(), text[end:].lstrip()
        is_inside = after and after[0] not in _SIGNS and not after.startswith("and ")
        first = text[start:end].split()[0].lower()
        # "moves across the beach": the verb needs it.
        if is_inside or not before or first in _DIRECTIONS:
            continue
        if before[-1].lower() not in DETERMINERS:
            return cut(text, (start, end)), text[start:end]
    return text, ""


def without_sky(text: str) -> str:
    """Take the sky of one hour out of a text: "under a blue sky"."""
    found = wording.sky(text)
    return tidy(text) if found is None else cut(text, found)


def split_core(core: str) -> tuple[str, str, str]:
    """Split a core into subject, verb and rest; verb and rest may be empty.

    >>> split_core("a red ball crosses the beach")
    ('a red ball', 'crosses', 'the beach')
    """
    tokens = core.split()
    singular = bool(tokens) and tokens[0].lower() in _ONE
    for i, token in enumerate(tokens[1:], 1):
        word = token.lower().strip(_SIGNS)
        follows_of = tokens[i - 1].lower() in ("of", *DETERMINERS)
        if is_verb(word, singular=singular) and not follows_of:
            return " ".join(tokens[:i]), token, " ".join(tokens[i + 1 :])
        if token.endswith(",") and i < len(tokens) - 1:
            subject = " ".join(tokens[: i + 1]).rstrip(",")
            return subject, "", ", " + " ".join(tokens[i + 1 :])
        if word in PREPOSITIONS:
            return " ".join(tokens[:i]), "", " ".join(tokens[i:])
    return core, "", ""


def swap_subject(core: str, new: str, old: str | None) -> str | None:
    """Put another subject into a core and keep the action; None if `old` is not there."""
    if old and bare(old).lower() not in ("subject", "actor", "animal"):
        words = words_of(core)
        if (found := _find(words, bare(old))) is None:
            return None
        first, last = _phrase(words, *found)
        start, end = words[first].start, words[last - 1].end
        return tidy(f"{core[:start]}{new}{core[end:]}")
    subject, verb, rest = split_core(core)
    new_subject, new_verb, _ = split_core(new)
    if not subject or new_verb:  # "a seal clapping" brings its own action
        return new
    gap = "" if rest.startswith(",") else " "
    return tidy(f"{new_subject} {verb}".rstrip() + gap + rest)


def swap_action(core: str, action: str) -> str:
    """Give the subject of a core another action, in the verb form the core has."""
    subject, verb, _ = split_core(core)
    form = participle if not verb or is_participle(verb) else finite
    return tidy(f"{subject} {form(action)}")


def with_motion(core: str, said: str) -> str:
    """Let the subject of a still move as said; what names its own subject stands alone.

    >>> with_motion("a cat sitting", "jump"), with_motion("a cat", "the cat spins")
    ('a cat jumps', 'the cat spins')
    """
    if not said or said.split()[0].lower() in DETERMINERS:
        return said or core
    return f"{split_core(core)[0]} {finite(said)}"


def swap_place(core: str, setting: str, *, has_setting: bool) -> tuple[str, bool]:
    """Put a new place where the action names one ("crosses the beach").

    Returns:
        The core, and whether it now holds the place.
    """
    old = "" if has_setting else _place_of_action(core)
    if not old:
        return core, False
    if "background" in setting:
        # The action crosses a place that is gone, and the new one is no ground.
        return core.replace(old, "the picture"), False
    first, _, rest = setting.partition(" ")
    is_led = first.lower() in PREPOSITIONS and rest
    return core.replace(old, rest if is_led else setting), True


def place_in_action(core: str) -> str:
    """Return the place that an action names, with its preposition, or nothing.

    >>> place_in_action("a red ball crosses the beach")
    'on the beach'
    """
    place = _place_of_action(core)
    return wording.located(place) if place else ""


def recolor(text: str, thing: str | None, color: str, *, subject: bool) -> str | None:
    """Put a colour before a thing, or before the subject's noun; None if it is absent."""
    words = words_of(text)
    if thing:
        found = _find(words, thing)
    else:
        count = len(words_of(split_core(text)[0]))
        found = (count - 1, count) if subject and count else None
    if found is None:
        return None
    first, noun = _phrase(words, *found)[0], found[0]
    has_article = words[first].text in DETERMINERS
    kept = [
        word.text if word.text != color else ""
        for word in words[first + has_article : noun]
        if word.text not in {*wording.COLOURS, *wording.SHADES, "and"}
    ]
    said = [color, *kept]
    if has_article:
        word = words[first].text
        said.insert(0, _article(color) if word in ("a", "an") else word)
    return tidy(
        f"{text[: words[first].start]}{' '.join(said)} {text[words[noun].start :]}"
    )


def without(core: str, thing: str) -> str:
    """Take a thing out of a core: "a cat and a dog" without dog is "a cat"."""
    words = words_of(core)
    if (found := _find(words, thing)) is None:
        return core
    first, last = _phrase(words, *found)
    if first and words[first - 1].text in _HOLDS:
        return tidy(core[: words[first - 1].start] + core[words[last - 1].end :])
    if last < len(words) and words[last].text == "and":
        return tidy(core[: words[first].start] + core[words[last].end :])
    return core


def _is_free(text: str, start: int, end: int) -> bool:
    """Return whether a phrase stands by itself: not "a night owl", not "the rain dance"."""
    phrase, after = text[start:end].lower(), text[end:].lstrip()
    follows = after.split(maxsplit=1)[0].lower().strip(_SIGNS) if after else ""
    if after[:1].isalpha() and follows not in PREPOSITIONS | {"and"}:
        return phrase.endswith(("ly", "ing"))
    before = text[:start].split()
    # "in the blue night", "a snowy winter": the words around belong to it.
    is_alone = " " not in phrase and before
    return not (is_alone and before[-1].lower() in DETERMINERS | PREPOSITIONS | {"of"})


def _place_of_action(core: str) -> str:
    """Return the place that the rest of an action names: "the beach"; empty for none."""
    _, verb, rest = split_core(core)
    words = words_of(rest)
    for at, word in enumerate(words):
        if not verb or word.text not in ARTICLES:
            continue
        for place in (at + 1, at + 2):
            if count := wording.run(words, place, wording.PLACES):
                return rest[word.start : words[place + count - 1].end]
    return ""


def _find(words: list[Word], thing: str) -> tuple[int, int] | None:
    """Return the words that name a thing: the index of the first, and after the last."""
    wanted = [word.text for word in words_of(thing)]
    if not wanted:
        return None
    last = wanted[-1]
    one = last[:-1] if last.endswith("s") and len(last) > 3 else last
    forms = {one, f"{one}s", f"{one}es"}
    for at in range(len(words) - len(wanted) + 1):
        said = [word.text for word in words[at : at + len(wanted)]]
        if said[:-1] == wanted[:-1] and said[-1] in forms:
            return at, at + len(wanted)
    return None


def _phrase(words: list[Word], first: int, last: int) -> tuple[int, int]:
    """Widen the words of a noun to its article, over up to three adjectives."""
    for at in range(first - 1, max(first - 5, -1), -1):
        if words[at].text in DETERMINERS:
            return at, last
        if words[at].text in PREPOSITIONS or is_verb(words[at].text, singular=False):
            break
    return first, last


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"
