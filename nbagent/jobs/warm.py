"""Has the engine start and load its model before anybody asks for a clip.

    python -m nbagent.jobs.warm

In a process of its own: the kernel that wants this goes on as if nothing were, and
distributed is not imported there. It leaves when the model is loaded; the engine host
leaves too if no kernel comes within its grace, so that what is never used holds no
memory.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading


def start() -> None:
    """Begin to warm the engine; returns at once."""
    process = subprocess.Popen(
        # -P: the notebook's folder may hold a file named like a module.
        [sys.executable, "-P", "-m", "nbagent.jobs.warm"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # not for the stop button
    )
    threading.Thread(target=process.wait, name="nbagent-reap", daemon=True).start()


def main() -> None:
    """Start the engine host, or find it, and load the model in its workers."""
    # Here, and not above: a kernel that only starts this imports none of it.
    from nbagent.errors import NbagentError
    from nbagent.models.machine import missing_packages
    from nbagent.settings import Settings

    settings = Settings.from_env()
    if not settings.warms or settings.engine or missing_packages():
        return  # a cluster is not ours to fill
    from nbagent.jobs.dask_client import Link  # brings distributed

    # The first clip meets the same trouble, and tells it.
    with contextlib.suppress(NbagentError):
        link = Link.connect(settings, None)
        link.warm(settings.model)
        link.close()


if __name__ == "__main__":
    main()
