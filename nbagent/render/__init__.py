"""The torch side: pipelines, the hook, the worker's job loop.

Importing this package tells at once, in one line, when the renderer's packages are
not installed; a missing one would otherwise show minutes later as a `NameError` in
the middle of a pipeline. It imports none of them itself.
"""

from nbagent.errors import MissingExtra
from nbagent.models.machine import missing_packages


def check_extra() -> None:
    """Make sure that the packages of `nbagent[local]` are there.

    Raises:
        MissingExtra: If one is not, with the line that installs it.
    """
    if missing := missing_packages():
        raise MissingExtra(
            f"rendering here needs {', '.join(missing)}, which is not installed:"
            " pip install 'nbagent[local]'"
        )


check_extra()
