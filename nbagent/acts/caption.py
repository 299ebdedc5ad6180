"""A caption over the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.lettering import Lettering
from nbagent.acts.text import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption(Lettering):
    """Put a caption over it: small, at the bottom."""

    kind: ClassVar[str] = "caption"
    of_text: ClassVar[Kind] = "caption"
    summary: ClassVar[str] = "A caption at the bottom of the clip."
    examples: ClassVar[tuple[str, ...]] = (
        'caption "Source: ECB"',
        "remove the caption",
    )
