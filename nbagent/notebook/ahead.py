"""What the first turn needs is imported while the user is still typing it."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from nbagent.errors import NbagentError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def warm_once(shell: InteractiveShell) -> Any:
    """Return what begins to import once the cell that loads nbagent has ended."""

    def ahead() -> None:
        # What a thread prints, a kernel shows in whatever cell runs then. What fails
        # here fails again in the turn that needs it, and there it is said.
        with contextlib.suppress(Exception):
            _import_all()

    def warm(*_: object) -> None:
        shell.events.unregister("post_run_cell", warm)
        # The registry imports its own files: begun in two threads, each would wait for
        # the other.
        import nbagent.acts  # noqa: F401

        threading.Thread(target=ahead, name="nbagent-warm", daemon=True).start()

    return warm


def _import_all() -> None:
    """Pay for the first turn's imports, the reader's weights and the model's hash."""
    import nbagent.conversation.session
    import nbagent.jobs.engine
    import nbagent.notebook.player  # noqa: F401  imported for the cache
    from nbagent.language import read
    from nbagent.language.state import State
    from nbagent.models.cards import model_card
    from nbagent.settings import Settings

    read("hello", State())
    with contextlib.suppress(NbagentError):  # the turn that needs it will say so
        model_card(Settings.from_env().model)
