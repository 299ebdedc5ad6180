"""The extension that the kernel "Python 3 (nbagent)" begins with.

It is the magics, and an engine that warms beside the first cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbagent.jobs import warm
from nbagent.notebook.magics import load

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Load nbagent, and begin to warm the engine.

    Not by the shell's extension manager: a notebook's own `%load_ext nbagent` would be
    told that it is loaded already.
    """
    load(shell)
    warm.start()
