"""What `%load_ext nbagent` answers in a notebook, and begins there.

One quiet line; and a process beside the kernel, which starts the engine while the user
is still typing. It imports next to nothing.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_LINES: Final = (
    ("nbagent is ready. Type ", "%agent a red ball crosses the beach"),
    (" to make a clip, or run ", "%nbagent start"),
    (" for examples, ", "%nbagent panel"),
    (" to chat, ", "%nbagent help"),
    (" for the commands.", ""),
)


def welcome(shell: InteractiveShell) -> None:
    """Say what to type, and begin to warm the engine; a terminal gets neither."""
    if not hasattr(shell, "kernel"):
        return
    from IPython.display import publish_display_data

    from nbagent.jobs import warm

    said = "".join(f"{escape(text)}{_code(code)}" for text, code in _LINES)
    publish_display_data(
        {
            "text/plain": "".join(map("".join, _LINES)),
            "text/html": f'<div style="font-size:12px;opacity:.75">{said}</div>',
        }
    )
    warm.start()


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else ""
