"""What a connected language model may look at, when one line each is not enough.

Each view only reads, and only what the turn names: a picture of the notebook with @, a
clip by its name. Its docstring and its arguments are what the model is told of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.conversation.attachments import MAX_CHARS, attach
from nbagent.conversation.clip import Clip
from nbagent.conversation.llm import View
from nbagent.conversation.pictures import picture
from nbagent.conversation.record import Record
from nbagent.errors import SpecError
from nbagent.media import png, scaled
from nbagent.take import Take

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FRAMES: Final = 4  # of a clip: enough to see a motion, about 1000 tokens
_SIDE: Final = 512  # pixels, of the longer side; a small picture is sent as it is


_NAMES: Final = ("recipe", "lineage", "look")


def allowed(function: View) -> View:
    """Return a function of the user as a view: what it returns is told within a budget.

    Raises:
        SpecError: If it has no name of its own or no docstring for the model to read.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if not name.isidentifier() or name in _NAMES:
        raise SpecError(
            f"{name!r} cannot be the name of a tool: call the function something"
            f" other than {', '.join(_NAMES)}"
        )
    if not (function.__doc__ or "").strip():
        raise SpecError(
            f"{name} has no docstring: write one that says what it does, as the"
            " model reads it"
        )

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> str:
        return attach(name, function(*args, **kwargs)).text

    return call


def views(
    record: Record,
    clip: Callable[[str], Clip],
    named: Collection[str],
    values: Mapping[str, object],
) -> tuple[View, ...]:
    """Return the views of one turn.

    Args:
        record: The conversation.
        clip: Finds a clip by its name.
        named: The clips that the turn names.
        values: The variables that the turn names with @, and no others, by name.
    """

    def recipe(name: str) -> str:
        """Say how a clip was made: words, model, seed, steps, size, and from what.

        Args:
            name: A clip's name, such as c1.
        """
        return _told(record.facts(name), (record.take(name),))

    def lineage(name: str) -> str:
        """Say through which clips a clip came about, and what changed on the way.

        Args:
            name: A clip's name, such as c1.
        """
        take = record.take(name)
        return _told(record.lineage(name), (*record.ledger.ancestors(take.id), take))

    def look(name: str) -> list[bytes]:
        """See a picture or figure of the notebook, or four moments of a clip in order.

        Only what the user's turn names: else ask the user to name it.

        Args:
            name: A clip's name, such as c1, that of a picture variable, or `this plot`.
        """
        frames = _frames(name.removeprefix("@"))
        at = np.unique(np.linspace(0, len(frames) - 1, _FRAMES).round().astype(int))
        _, height, width, _ = frames.shape
        share = min(1.0, _SIDE / max(height, width))
        size = max(1, round(height * share)), max(1, round(width * share))
        return [png(frame) for frame in scaled(frames[at], *size)]

    def _frames(name: str) -> NDArray[np.uint8]:
        value = values.get(name)
        if isinstance(value, Clip):
            return value.frames
        if value is not None:
            return picture(name, value)[None]
        if name in named:
            return clip(name).frames
        raise SpecError(
            f"the turn does not name {name!r}, so it is not shown: ask the user to name"
            " it, a clip like c1 and a variable like @photo"
        )

    return recipe, lineage, look


def _told(text: str, takes: Iterable[Take]) -> str:
    """Return what is told of takes: models by name, not by the folders they lie in."""
    for model in {take.model for take in takes}:
        text = text.replace(model, "+".join(map(_named, model.split("+"))))
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:MAX_CHARS]}... cut: it has {len(text):,} characters"


def _named(part: str) -> str:
    return PurePath(part).name if part.startswith(("/", "~", ".")) else part
