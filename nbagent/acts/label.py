"""Labels on the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.lettering import Lettering
from nbagent.acts.text import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Lettering):
    """Put a label on it, at a place or a point; there can be several."""

    kind: ClassVar[str] = "label"
    of_text: ClassVar[Kind] = "label"
    is_single: ClassVar[bool] = False
    summary: ClassVar[str] = "A label at any place in the clip; there may be several."
    examples: ClassVar[tuple[str, ...]] = ('label "Berlin" at the top right',)
