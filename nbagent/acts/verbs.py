"""Forms of English verbs, as prompts need them."""

from __future__ import annotations

from typing import Final

_IRREGULAR: Final = {"lie": "lying", "die": "dying", "tie": "tying", "be": "being"}
_DOUBLED: Final = frozenset(
    "run swim spin hop skip jog sit hit flip drop stop wag nod clap tap step trip rub hum"
    " drum chat drip grin grab hug pop rip scrub slip snap strut swap trot whip wrap zip dig"
    " get let put set cut shut begin flap plod shrug skid skim slam stir".split()
)
# Nouns that look like verbs ("-ing", "-s").
_NOUNS: Final = frozenset(
    "king ring wing spring ceiling building painting string thing evening morning glass"
    " grass dress class bus cactus canvas lens tennis chess moss princess compass octopus"
    " walrus platypus hippopotamus rhinoceros iris circus waitress actress bass brass kiss"
    " wedding viking clothing earring railing lightning duckling sibling lasagnas paris jeans"
    " flying".split()
)


def is_verb(word: str, *, singular: bool) -> bool:
    """Return whether a word looks like a verb in the form that prompts have.

    Args:
        word: In small letters.
        singular: Whether its subject is one, so that an "-s" tells.
    """
    if word in _NOUNS:
        return False
    if is_participle(word):
        return True
    is_third = word.endswith("s") and not word.endswith(("ss", "us"))
    return singular and len(word) > 3 and is_third


def is_participle(word: str) -> bool:
    """Return whether a word looks like one: "running"."""
    return word.endswith("ing") and len(word) > 4


def finite(action: str) -> str:
    """Return an action in the third person: "jump over a log" -> "jumps over a log"."""
    verb, _, rest = action.partition(" ")
    is_third = verb.endswith("s") and not verb.endswith("ss")
    if is_participle(verb) or is_third or not verb.isascii() or not verb:
        return action
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        verb = f"{verb[:-1]}ies"
    else:
        verb += "es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"
    return f"{verb} {rest}".strip()


def participle(action: str) -> str:
    """Return an action as a participle: "spin twice" -> "spinning twice"."""
    verb, _, rest = action.partition(" ")
    if is_participle(verb) or not verb.isascii() or not verb:
        return action
    if verb in _IRREGULAR:
        verb = _IRREGULAR[verb]
    elif verb in _DOUBLED:
        verb = f"{verb}{verb[-1]}ing"
    elif verb.endswith("e") and verb[-2:-1] not in "aeoy":
        verb = f"{verb[:-1]}ing"
    else:
        verb += "ing"
    return f"{verb} {rest}".strip()
