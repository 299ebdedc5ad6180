"""`model_index.json`: which classes a pipeline is put together from.

A folder may come from anybody. Loading it imports the library that each component names,
so only classes of diffusers, transformers and pocket are taken, and no folder that brings
code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nbagent.errors import SpecError

# `ltx2` and `cosmos` are what diffusers calls its own folders of these; the last one is
# the package of Cosmos' guard, which its family names as needed (`nbagent.models.families`).
_LIBRARIES: Final = frozenset(
    {
        *("diffusers", "transformers", "ltx2", "cosmos", "cosmos_guardrail"),
        "nbagent.pocket.vae",
    }
)
# Neither private nor of a module, and no pipeline, which has an index of its own.
_CLASS: Final = re.compile(r"(?!\w*Pipeline)[A-Z]\w*", re.ASCII)
_COMPONENT: Final = re.compile(r"[a-z]\w*", re.ASCII)
# What has a loader import a file that lies in the folder.
_CODE_KEYS: Final = ("auto_map", "custom_pipeline", "custom_pipelines")
# What a pipeline calls its denoisers, in the order of its loop.
DENOISERS: Final = ("transformer", "transformer_2", "unet")


def components(index: Mapping[str, Any]) -> dict[str, str]:
    """Return the library of each component that a pipeline has."""
    return {
        name: kind[0]
        for name, kind in index.items()
        if isinstance(kind, list) and kind and isinstance(kind[0], str)
    }


def denoiser_names(index: Mapping[str, Any]) -> list[str]:
    """Return the names of a pipeline's denoisers, in the order of its loop."""
    return [name for name in DENOISERS if name in components(index)]


def check_index(model: str, index: Mapping[str, Any]) -> None:
    """Refuse a pipeline of anything but diffusers' and transformers' own classes.

    Raises:
        SpecError: With the component that is none.
    """
    for name, library in components(index).items():
        kind = index[name][1:]
        is_known = library in _LIBRARIES and len(kind) == 1 and isinstance(kind[0], str)
        if not (is_known and _CLASS.fullmatch(kind[0]) and _COMPONENT.fullmatch(name)):
            said = ".".join(map(str, index[name]))
            raise SpecError(
                f"{model} needs {said[:80]} for its {name[:40]}, and nbagent only"
                " imports classes of diffusers and transformers: use a different"
                " model"
            )


def check_folder(model: str, folder: Path, index: Mapping[str, Any]) -> None:
    """Refuse a folder that brings code with a component, whether it would run or not.

    Raises:
        SpecError: With the file.
    """
    for name in components(index):
        for file in sorted((folder / name).glob("*")):
            if file.suffix == ".py" or _names_code(file):
                raise SpecError(
                    f"{model} brings its own code ({name}/{file.name}), which"
                    " nbagent does not run: use a different model, or remove that"
                    " file"
                )


def _names_code(file: Path) -> bool:
    if not file.name.endswith("config.json"):
        return False
    try:
        config = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False  # who needs the file tells that it is damaged
    return isinstance(config, dict) and any(config.get(key) for key in _CODE_KEYS)
