"""What a model's name means: its folder, its files, where the hub keeps it.

A name is `pocket`, a short one of the catalogue, a folder or a hub id, with LoRAs and
GGUF files behind plus signs. Nothing is downloaded here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from nbagent.errors import SpecError
from nbagent.models import hub
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.ggufs import is_gguf
from nbagent.models.index import DENOISERS
from nbagent.models.loras import is_lora
from nbagent.pocket import WEIGHTS


def split_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the model that a name begins with, and the files behind its plus signs.

    Folders and files may have plus signs of their own: the model is the longest
    beginning that is a folder, and a file goes on to its suffix.
    """
    pieces = name.split("+")
    lengths = range(len(pieces), 1, -1)
    start = next((n for n in lengths if _folder("+".join(pieces[:n]))), 1)
    files, part = [], list[str]()
    for piece in pieces[start:]:
        part.append(piece)
        text = "+".join(part)
        if is_lora(text) or is_gguf(text):
            files.append(text)
            part = []
    if part:
        files.append("+".join(part))
    return "+".join(pieces[:start]), tuple(files)


def find_folder(name: str, commit: str | None = None) -> Path:
    """Return the folder that holds a model; nothing is downloaded.

    Args:
        name: Of the model, LoRAs aside.
        commit: Of the hub's repository; None is the one that the name means.

    Raises:
        SpecError: If there is none, with the line that says how to get it.
    """
    if name == "pocket":
        folder = WEIGHTS
        advice = "reinstall nbagent, whose wheel carries the weights"
    elif own := _folder(name):
        folder = own
        advice = "name a folder saved by a diffusers pipeline"
    else:
        model = hub.hub_model(name)
        if model is None:
            raise SpecError(
                f"no model is called {name!r}: use pocket, {', '.join(CATALOGUE)}, a"
                " folder, or owner/name"
            )
        folder = model.folder(commit)
        terms = f" (licence: {model.licence})" if model.licence else ""
        branch = f" --revision {model.revision}" if model.revision else ""
        advice = f"download it first with: hf download {model.repo}{branch}{terms}"
    if not (folder / "model_index.json").is_file():
        raise SpecError(f"no model at {name!r} (no model_index.json): {advice}")
    return folder


def is_here(name: str) -> bool:
    """Return whether a model is on this machine, with all of its weights."""
    try:
        find_folder(split_name(name)[0])
    except SpecError:
        return False
    model = on_hub(name)
    return model is None or hub.is_whole(model)


def on_hub(name: str) -> hub.HubModel | None:
    """Return the hub's model that a name means, which is no folder and not pocket."""
    base, files = split_name(name)
    if base == "pocket" or _folder(base):
        return None
    model = hub.hub_model(base)
    if model is None or not any(map(is_gguf, files)):
        return model
    return replace(model, without=frozenset(DENOISERS))


def hub_commit(revision: str) -> str | None:
    """Return the hub's commit in the revision of a card or a take; None without one."""
    found = re.fullmatch(r"hub:([0-9a-f]{40})(\+.*)?", revision)
    return found[1] if found else None


def _folder(name: str) -> Path | None:
    """Return the folder that a name is the path of, if it is one."""
    try:
        folder = Path(name).expanduser().absolute()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # far too long; the home of nobody
        return None
