"""Every error nbagent raises on purpose.

    NbagentError
    ├── SpecError            the user's mistake: fix the words or the option
    │   ├── UnknownClip      a clip or variable name that does not exist
    │   └── Unsettled        words with several meanings: the user is asked which
    │       └── UnknownColumn    a column that the table does not have
    ├── Cancelled            the user stopped it; what was rendered is kept
    └── EngineError          a failure that is not the user's mistake
        ├── MissingExtra     an optional package is not installed
        ├── DownloadFailed   a model cannot be fetched from the hub
        ├── JobFailed        the renderer reported an error for this take
        ├── WorkerLost       the worker or the engine host died and did not come back
        ├── StoreError       the `.nbagent` folder cannot be read or written
        └── MediaError       a media file is damaged or of an unknown kind

A message has three parts on one line: what happened, the value, what to do next.
Anything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

_OFFERED: Final = 4  # columns


class NbagentError(Exception):
    """The base of all errors that nbagent raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its own traceback: ours is the one line, and
        # the cell still fails, so Run All and papermill stop here.
        return [f"{type(self).__name__}: {self}"]


class SpecError(NbagentError, ValueError):
    """The request cannot be done as it is; the message says what to change."""


class UnknownClip(SpecError):
    """A turn names a clip or variable that does not exist."""


class Unsettled(SpecError):
    """Words with several meanings, one of which the user can choose.

    Attributes:
        words: What was said.
        nearest: What it might mean, the likeliest first.
        question: What the user is asked.
        how: How to answer it.
    """

    def __init__(
        self, words: str, nearest: Sequence[str], question: str, how: str
    ) -> None:
        """Say all of it in one line, as where nobody can be asked."""
        self.words, self.nearest = words, tuple(nearest)
        self.question, self.how = question, how
        super().__init__(f"{question} {how}")


class UnknownColumn(Unsettled):
    """A column that the table does not have."""

    def __init__(self, words: str, columns: Sequence[str], told: str = "") -> None:
        """Take a table's columns, the likeliest first, and how they are told."""
        few = [*columns[:_OFFERED]]
        told = told or (
            f"choose from {', '.join(few[:-1])}{' or ' * (len(few) > 1)}{few[-1]}"
        )
        first = few[0] if few else "NAME"
        super().__init__(
            words,
            few,
            f"there is no column {words!r:.60}: {told}.",
            f"Say which, like {first!r}, or begin the turn with --column"
            f" {shlex.quote(f'{words:.60}={first}')}.",
        )


class Cancelled(NbagentError):
    """The user stopped the job; its checkpoint stays on disk."""


class EngineError(NbagentError):
    """Something failed that is not the fault of the request."""


class MissingExtra(EngineError):
    """A package of an optional extra is needed and not installed."""


class DownloadFailed(EngineError):
    """A model cannot be downloaded: no network, space or permission, or no such model."""


class JobFailed(EngineError):
    """The renderer reported an error for this take."""


class WorkerLost(EngineError):
    """The worker process or the engine host died too often to continue."""


class StoreError(EngineError):
    """The store folder cannot be read or written."""


class MediaError(EngineError):
    """A media file is damaged, or of a kind that nbagent cannot read."""
