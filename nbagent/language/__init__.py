"""Words to plan: the reading of a turn, and the words of the languages it reads."""

from typing import Final

SURE: Final[float] = 0.55
"""The confidence from which a reading is carried out without asking anybody else."""
