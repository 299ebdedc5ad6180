"""The torch side: pipelines, the seam, the worker's job loop.

Importing this package tells at once, in one line, when the renderer's packages are
not installed; a missing one would otherwise show minutes later as a `NameError` in
the middle of a pipeline. It imports none of them itself.
"""

from importlib.util import find_spec

from nbagent.errors import MissingExtra

# Everything that a pipeline needs at call time; ftfy and sentencepiece are imported
# by diffusers and transformers only where a prompt is cleaned and cut into tokens.
_PACKAGES = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "safetensors",
    "ftfy",
    "sentencepiece",
)


def check_extra() -> None:
    """Make sure that the packages of `nbagent[local]` are there.

    Raises:
        MissingExtra: If one is not, with the line that installs it.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"rendering here needs {', '.join(missing)}, which is not installed:"
            " pip install 'nbagent[local]'"
        )


check_extra()
