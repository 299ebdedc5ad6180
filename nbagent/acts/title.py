"""A title over the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.lettering import Lettering
from nbagent.acts.text import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Title(Lettering):
    """Put a title over it: large, at the top."""

    kind: ClassVar[str] = "title"
    of_text: ClassVar[Kind] = "title"
    summary: ClassVar[str] = "A title at the top of the clip."
    examples: ClassVar[tuple[str, ...]] = (
        'title "Sales tripled"',
        "make the title bigger",
    )
