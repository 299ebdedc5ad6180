"""The recipe as text inside a media file: written small, read back as untrusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from nbagent.errors import MediaError, SpecError

MAX_RECIPE_BYTES = 1 << 20


def recipe_text(recipe: Mapping[str, Any]) -> str:
    """Return a recipe as ASCII JSON, which every container carries unchanged."""
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    if len(text) > MAX_RECIPE_BYTES:
        raise SpecError(
            f"the recipe is {len(text)} bytes, more than {MAX_RECIPE_BYTES}:"
            " shorten the prompt"
        )
    return text


def recipe_from(text: str | None, path: Path) -> dict[str, Any] | None:
    """Return the recipe in a file's comment; None if the comment is not ours.

    Raises:
        MediaError: If it is ours and damaged.
    """
    if text is None or '"recipe_version"' not in text[:MAX_RECIPE_BYTES]:
        return None
    try:
        if len(text) > MAX_RECIPE_BYTES:
            raise ValueError(f"{len(text)} bytes")
        recipe = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MediaError(
            f"the recipe in {path} is damaged ({error}): its frames can be read, but"
            " it cannot be rendered again"
        ) from error
    if isinstance(recipe, dict) and "recipe_version" in recipe:
        return recipe
    return None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
