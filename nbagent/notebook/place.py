"""Where this kernel is: its notebook, its folder, and what tells it from other kernels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nbagent.notebook.config import NbAgent
from nbagent.notebook.names import ClipNames
from nbagent.notebook.namespace import Namespace

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.conversation.session import Session
    from nbagent.settings import Settings


class Kernel:
    """A shell of IPython, in a notebook or a terminal."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.namespace = Namespace(shell)
        self._names = ClipNames(shell, self.namespace.clips)
        self.config = NbAgent(parent=shell)
        # IPython says a list of shells; it is of whatever can be configured.
        self._configurables: list[Any] = cast("list[Any]", shell.configurables)
        self._configurables.append(self.config)
        self._shell = shell
        self._turn = (-1, 0)  # which cell said one last, and how many it has said

    @property
    def count(self) -> int:
        """Which of the cells this is; the same as long as one runs."""
        return self._shell.execution_count

    def settings(self) -> Settings:
        """Return the settings of this kernel, wherever its cells have gone meanwhile."""
        from nbagent.settings import Settings

        told = self._shell.user_ns.get("__vsc_ipynb_file__")  # what VS Code says
        return Settings.from_env(
            self.config.env(),
            notebook=told if isinstance(told, str) and told else None,
            folder=Path(self._shell.starting_dir),
            kernel=_name(self._shell),
        )

    def opened(self, session: Session) -> None:
        """Let `%config NbAgent` and the conversation have the same settings."""
        self.config.attach(session)

    def has_front_end(self) -> bool:
        """Whether a page has sent the running cell; a console or a runner names none."""
        return self._cell() is not None

    def cell_id(self) -> str | None:
        """Name the running cell, and which of its `%agent` lines this is."""
        cell_id = self._cell()
        if cell_id is None:
            return None
        count, nth = self._turn
        nth = nth + 1 if count == self.count else 0
        self._turn = (self.count, nth)
        return f"{cell_id}#{nth}"

    def _cell(self) -> str | None:
        get_parent = getattr(self._shell, "get_parent", None)
        metadata = get_parent().get("metadata", {}) if get_parent else {}
        found: str | None = metadata.get("cellId")
        return found

    def bind(self, session: Session) -> str:
        """Make the clips that there are names in Python; return what is to be said."""
        return self._names.bind(session)

    def push(self, values: Mapping[str, Any]) -> None:
        """Give the user variables."""
        self._shell.push(dict(values))

    def close(self) -> None:
        """Look at what cells show no more."""
        self._names.close()
        self.namespace.close()
        self._configurables.remove(self.config)


def _name(shell: InteractiveShell) -> str | None:
    """Return what is this kernel's alone, and stays when it is restarted."""
    app = getattr(getattr(shell, "kernel", None), "parent", None)
    name = Path(getattr(app, "connection_file", "")).stem.removeprefix("kernel-")
    # Started by hand it is named after its process, whose number others will have.
    return None if name == str(os.getpid()) else name[:12] or None
