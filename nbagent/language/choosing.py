"""Which of a few offered actors a turn chooses, if it is that and nothing else.

>>> chosen("ein Kuchen", ("red ball", "cake"), State())
'cake'
>>> chosen("a cake in the snow", ("red ball", "cake"), State()) is None
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nbagent.acts.plan import Action, Plan
from nbagent.acts.remove import Remove
from nbagent.language import SURE, read
from nbagent.language.found import unmarked
from nbagent.language.scene_labels import NOUNS
from nbagent.language.scenes import encoder, read_scene
from nbagent.language.state import State
from nbagent.pocket import vocabulary

# What a short turn may be read as that is no choice: "save the cake". Others ("go with
# the house") are ways to choose.
_ELSE: Final[frozenset[Action]] = frozenset(
    {"delete", "save", "export", "share", "rename", "status", "cancel"}
)
_TALK: Final = 0.9  # "what is a cake?" is; a bare noun is less surely talk

_LITTLE: Final = 0.1
_ALONE: Final = 5


def chosen(words: str, offered: Sequence[str], state: State) -> str | None:
    """Return the actor that words choose; of a shape they may name another colour.

    Args:
        words: In any language of the reader.
        offered: Actors of pocket's world.
        state: What a turn of these words would be read against.
    """
    said = " ".join(words.casefold().replace("-", " ").split())
    if said in offered:
        return said
    reading = read_scene(words) if said else None
    if reading is None or reading.factors.keys() - {"actor"}:
        return None
    actor = reading.factors.get("actor") or _likeliest(words)
    nouns = {vocabulary.colour_and_noun(one)[1]: one for one in offered}
    colour, noun = vocabulary.colour_and_noun(actor)
    if noun not in nouns or _says_else(read(words, state)):
        return None
    return actor if colour or noun not in vocabulary.SHAPES else nouns[noun]


def _likeliest(words: str) -> str:
    """Return the one noun that words may name; nothing if there are several, or none.

    After a question a little is enough: of "ein Kuchen" a cake has .19 and all other
    actors under .01, of "a teapot" none has as much.
    """
    shares = encoder().scores(unmarked(words)).shares["actor"][1 : 1 + len(NOUNS)]
    *_, second, first = np.argsort(shares)
    is_it = shares[first] > _LITTLE and shares[first] > _ALONE * shares[second]
    return NOUNS[first] if is_it else ""


def _says_else(plan: Plan) -> bool:
    if plan.control is not None and plan.control.action in _ELSE:
        return plan.confidence >= SURE
    if plan.intent in ("chat", "describe"):
        return plan.confidence >= _TALK
    return any(isinstance(act, Remove) for act in plan.acts)
