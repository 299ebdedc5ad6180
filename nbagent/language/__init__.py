"""Words to plan: the reading of a turn, and the words of the languages it reads.

>>> read("a red ball crosses the beach", State()).intent
'generate_video'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nbagent.acts.plan import Intent, Plan
    from nbagent.language.state import State

SURE: Final = 0.55
"""The confidence from which a reading is carried out without asking anybody else."""


def read(words: str, state: State, *, as_intent: Intent | None = None) -> Plan:
    """Return what a turn asks for; the first one loads the reader.

    Args:
        words: The turn, as it was typed.
        state: The clips, variables and turns that it is read against.
        as_intent: What the user says it is, having been asked.
    """
    from nbagent.language.reader import reader

    return reader().read(words, state, as_intent)
