"""What is said in the clip, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.lettering import Lettering
from nbagent.acts.text import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitle(Lettering):
    """Put a timed subtitle over it, or beside it as a track."""

    kind: ClassVar[str] = "subtitle"
    of_text: ClassVar[Kind] = "subtitle"
    summary: ClassVar[str] = (
        "A timed subtitle at the bottom, drawn or as a track in the file."
    )
    examples: ClassVar[tuple[str, ...]] = ('subtitle "Good morning" from 1 s to 3 s',)
