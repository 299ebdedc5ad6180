"""The extension that the kernel "Python 3 (nbagent)" begins with.

It is the magics, and an engine that warms beside the first cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbagent.jobs import warm

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Load nbagent as `%load_ext nbagent` does, and begin to warm the engine."""
    assert shell.extension_manager is not None  # it is loading us
    shell.extension_manager.load_extension("nbagent")
    warm.start()
