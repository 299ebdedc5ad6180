"""What a pipeline's loop lets the hook do, read from its source."""

from __future__ import annotations

import functools
import inspect
import re
from dataclasses import dataclass
from typing import Any

# Image-to-video loops that step all latents but those of the picture, or that put the
# picture's back at their head.
_KEEPS_FIRST = re.compile(r"latents\[:, (:, )?1:|\] = condition\[")

_DRAWS = re.compile(r"torch\.randn?\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What a pipeline's loop lets the hook do, as its source says.

    Attributes:
        has_gate: It reads `interrupt` at the head of each step.
        has_callback: It calls back after each step.
        sets_up: It prepares in its first step what the others need, so that a job
            which starts later runs that step too, and throws its result away.
        keeps_first: It may leave the latents of its first frame, a picture's, as they
            are, clean from the first step on.
        draws: It calls torch for noise on the device that it runs on.
    """

    has_gate: bool
    has_callback: bool
    sets_up: bool
    keeps_first: bool
    draws: bool


@functools.cache
def loop_of(kind: Any) -> Loop:
    """Read a pipeline class's loop."""
    source = inspect.getsource(kind.__call__)
    takes_picture = "image" in inspect.signature(kind.__call__).parameters
    return Loop(
        has_gate="self.interrupt" in source,
        has_callback="callback_on_step_end(" in source,
        sets_up="if i == 0" in source,
        draws=_DRAWS.search(source) is not None,
        keeps_first=takes_picture and _KEEPS_FIRST.search(source) is not None,
    )
