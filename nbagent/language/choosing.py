"""Which of a few offered actors a turn chooses, if it is that and nothing else.

>>> chosen("ein Kuchen", ("red ball", "cake"), State())
'cake'
>>> chosen("a cake in the snow", ("red ball", "cake"), State()) is None
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nbagent.acts.plan import Action, Plan
from nbagent.acts.remove import Remove
from nbagent.language import SURE, read
from nbagent.language.pictures import translate
from nbagent.language.scenes import read_scene
from nbagent.language.state import State
from nbagent.pocket import vocabulary

# What a short turn may be read as that is no choice: "save the cake". Others ("go with
# the house") are ways to choose.
_ELSE: Final[frozenset[Action]] = frozenset(
    {"delete", "save", "export", "share", "rename", "status", "cancel"}
)
_TALK: Final = 0.9  # "what is a cake?" is; a bare noun is less surely talk


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
    listed = translate(words)  # of one noun the lists are surer than the encoder
    english = listed.english if listed and not listed.lost else words
    factors = read_scene(english).factors if said else {}
    if factors.keys() != {"actor"}:
        return None
    actor = factors["actor"]
    nouns = {vocabulary.colour_and_noun(one)[1]: one for one in offered}
    colour, noun = vocabulary.colour_and_noun(actor)
    if noun not in nouns or _says_else(read(words, state)):
        return None
    return actor if colour or noun not in vocabulary.SHAPES else nouns[noun]


def _says_else(plan: Plan) -> bool:
    if plan.control is not None and plan.control.action in _ELSE:
        return plan.confidence >= SURE
    if plan.intent in ("chat", "describe"):
        return plan.confidence >= _TALK
    return any(isinstance(act, Remove) for act in plan.acts)
