"""How a clip is made from another, in words for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "generate": ("generate", "made anew"),
    "remix": ("change {}", "changed"),
    "derive": ("re-cut {}", "re-cut"),
    "animate": ("set {} in motion", "set in motion"),
    "blend": ("blend {}", "blended"),
    "join": ("join {}", "joined"),
    "grid": ("put {} side by side", "side by side"),
    "extend": ("extend {}", "extended"),
    "inpaint": ("change a part of {}", "a part changed"),
    "reframe": ("show more around {}", "with more around it"),
    "loop": ("loop {}", "looped"),
    "upscale": ("enlarge {}", "enlarged"),
    "redirect": ("change {} from a step on", "changed from a step on"),
    "camera": ("move a camera", "a camera moves"),
    "chart": ("draw", "drawn"),
    "open": ("open", "opened"),
}
_OF_WHAT: Final = {"animate": "a picture", "blend": "clips"}


def does(operation: str, names: str) -> str:
    """Say what is to be done with clips.

    >>> does("inpaint", "c1")
    'change a part of c1'
    """
    return _WORDS[operation][0].format(names)


def changes(operation: str, names: str) -> str:
    """Say the same of a turn that asks for a change, however that is made."""
    is_of_clips = "{}" in _WORDS[operation][0]
    return does(operation if is_of_clips else "remix", names)


def can(operation: str) -> str:
    """Say the same of what a model can or cannot do.

    >>> can("animate")
    'set a picture in motion'
    """
    return does(operation, _OF_WHAT.get(operation, "a clip"))


def did(operation: str) -> str:
    """Say what became of the clip that one was made from.

    >>> did("inpaint")
    'a part changed'
    """
    return _WORDS[operation][1]
