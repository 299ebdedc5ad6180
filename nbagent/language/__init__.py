"""Words to plan: the reading of a turn, and the words of the languages it reads.

>>> read("a red ball crosses the beach", State()).intent
'generate_video'
"""

from nbagent.acts.plan import Intent, Plan
from nbagent.language.reader import SURE, reader
from nbagent.language.state import State

__all__ = ["SURE", "read"]


def read(words: str, state: State, *, as_intent: Intent | None = None) -> Plan:
    """Return what a turn asks for.

    Args:
        words: The turn, as it was typed.
        state: The clips, variables and turns that it is read against.
        as_intent: What the user says it is, having been asked.
    """
    return reader().read(words, state, as_intent)
