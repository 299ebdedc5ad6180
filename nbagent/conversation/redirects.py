"""Words that change the course of a run: from which of its steps they hold.

>>> take_step("from step 5 on, at night")
('at night', 5)
>>> take_step("redirect c1 to a dog on the beach")
('c1, make it a dog on the beach', 0)
>>> take_step("a dog steps on the beach")
('a dog steps on the beach', None)
"""

from __future__ import annotations

import re
from typing import Final

_I: Final = re.IGNORECASE
_STEP: Final = re.compile(
    r"[\s,]*\b(?:from|after|at) step (?P<step>\d{1,4})\b(?: on(?:wards?)?\b)?[\s,:]*",
    _I,
)
_NOW: Final = re.compile(
    r"^(?:please )?redirect\b(?:\s+(?P<what>@?c\d+|it|this|that)\b)?"
    r"(?:\s+to(?:wards?)?\s+(?P<aim>.+)|\s*[,:]\s*(?P<change>.+)|\s*$)",
    _I | re.DOTALL,
)


def take_step(text: str) -> tuple[str, int | None]:
    """Split a turn into its words without the step, and the step they name.

    Returns:
        The words, and the last step, from 1, that is as before; 0 is the one that runs
        now, None says that the turn names none.
    """
    step: int | None = None
    if found := _STEP.search(text):
        step = int(found["step"])
        text = f"{text[: found.start()]} {text[found.end() :]}".strip()
    if found := _NOW.match(text):
        step = step or 0
        what = found["what"] or ""
        name = f"{what}, " if what.lower().strip("@").startswith("c") else ""
        aim, change = found["aim"], found["change"]
        text = name + (f"make it {aim}" if aim else change or "").strip()
    return text, step
