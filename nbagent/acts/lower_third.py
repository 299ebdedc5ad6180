"""Who speaks, in the lower third of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.lettering import Lettering
from nbagent.acts.text import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerThird(Lettering):
    """Name who is seen: a name, and a line below it, on a plate at the lower left."""

    kind: ClassVar[str] = "lower_third"
    of_text: ClassVar[Kind] = "lower third"
    summary: ClassVar[str] = "Who speaks: a name, and a line below it, on a plate."
    examples: ClassVar[tuple[str, ...]] = ('lower third "Ada Lovelace" "Engineer"',)
