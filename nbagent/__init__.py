"""Video generation as a conversation inside a notebook.

    %load_ext nbagent
    %agent a red ball crosses the beach at sunset
    %agent slower, and at night

In a plain Python process, `clip = nbagent.say("a red ball crosses the beach")` does the
same.

Nothing heavy is imported here: the extension, and each name below, load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.conversation.clip import Clip
    from nbagent.errors import Cancelled, EngineError, NbagentError, SpecError
    from nbagent.notebook.animating import animate
    from nbagent.notebook.saying import say, tool
    from nbagent.settings import Settings

__version__ = "0.1.0"

_HOMES = {
    "Cancelled": "nbagent.errors",
    "Clip": "nbagent.conversation.clip",
    "EngineError": "nbagent.errors",
    "NbagentError": "nbagent.errors",
    "Settings": "nbagent.settings",
    "SpecError": "nbagent.errors",
    "animate": "nbagent.notebook.animating",
    "say": "nbagent.notebook.saying",
    "tool": "nbagent.notebook.saying",
}

__all__ = [
    "Cancelled",
    "Clip",
    "EngineError",
    "NbagentError",
    "Settings",
    "SpecError",
    "__version__",
    "animate",
    "load_ipython_extension",
    "say",
    "tool",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nbagent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register `%agent`, `%%agent` and `%nbagent` (`%load_ext nbagent`)."""
    from nbagent.notebook.magics import begin

    begin(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove the magics and close what they opened (`%unload_ext nbagent`)."""
    from nbagent.notebook.magics import unload

    unload(shell)
