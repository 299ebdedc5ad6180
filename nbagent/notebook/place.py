"""Where this kernel is: its notebook, its folder, and what tells it from other kernels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nbagent.settings import Settings

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def settings(shell: InteractiveShell) -> Settings:
    """Return the settings of this kernel, wherever its cells have gone meanwhile."""
    told = shell.user_ns.get("__vsc_ipynb_file__")  # what VS Code says
    return Settings.from_env(
        notebook=told if isinstance(told, str) and told else None,
        folder=Path(shell.starting_dir),
        kernel=_kernel(shell),
    )


def _kernel(shell: InteractiveShell) -> str | None:
    """Return what is this kernel's alone, and stays when it is restarted."""
    app = getattr(getattr(shell, "kernel", None), "parent", None)
    name = Path(getattr(app, "connection_file", "")).stem.removeprefix("kernel-")
    # Started by hand it is named after its process, whose number others will have.
    return None if name == str(os.getpid()) else name[:12] or None
