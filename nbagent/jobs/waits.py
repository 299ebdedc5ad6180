"""What the first clip of a cold machine waits for, and how long that usually takes here.

Starting the engine and loading a model are timed whenever they happen, and the last few
times are kept in the user's own folder: what is said next time was measured here.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from nbagent.errors import EngineError
from nbagent.models.names import split_name
from nbagent.system import private
from nbagent.take import Job, Progress

ENGINE: Final = "engine"
_KEPT: Final = 5  # of each thing that is waited for
_NAMED: Final = 50  # models whose times are kept
_LEAST_S: Final = 1.0  # what takes less was there already
_ADVICE: Final = "remove it, it only holds how long things took"


class Waits:
    """The waits of one kernel, with the memory of those before.

    Args:
        folder: Where that memory is: the user's own, which outlives the engine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._began: dict[str, tuple[str, float]] = {}

    def begin(self, key: str, what: str) -> None:
        """Begin to time something, unless it is being timed; the key says which."""
        self._began.setdefault(key, (what, time.monotonic()))

    def waits(self, key: str) -> bool:
        """Return whether something is waited for now."""
        return key in self._began

    def end(self, key: str) -> None:
        """It is there: keep how long it took."""
        what, since = self._began.pop(key, ("", 0.0))
        took_s = time.monotonic() - since
        if what and took_s >= _LEAST_S:
            self._keep(what, took_s)

    def drop(self, key: str) -> None:
        """It came to nothing, or took what says nothing of the next time."""
        self._began.pop(key, None)

    def usual(self, what: str) -> str:
        """Say how long something usually takes here; nothing before the first time."""
        took = self._times().get(what)
        if not took:
            return ""
        seconds = max(1, round(statistics.median(took)))
        if seconds < 90:
            return f"usually {seconds} s here"
        return f"usually {round(seconds / 60)} min here"

    def engine(self) -> str:
        """Say that the engine starts."""
        return ", ".join(filter(None, ("starting the engine", self.usual(ENGINE))))

    def told(self, job: Job, word: Progress) -> Progress:
        """Return what a job says, with how long it will take if it loads its model."""
        is_loading = word.state == "running" and word.phase == "load"
        if not is_loading:
            self.end(job.id)
            return word
        if word.message:  # a download, or another engine: it has its own measure
            self.drop(job.id)
            return word
        what = f"load {split_name(job.take.model)[0]}"
        self.begin(job.id, what)
        return replace(word, message=self.usual(what))

    def _times(self) -> dict[str, list[float]]:
        try:
            with private.opened(self._folder, _ADVICE) as place:
                said = json.loads(private.read(place, self._file, _ADVICE))
        except (OSError, ValueError, EngineError):
            return {}
        if not isinstance(said, Mapping):
            return {}
        return {
            str(what): [float(one) for one in took if isinstance(one, int | float)]
            for what, took in said.items()
            if isinstance(took, list)
        }

    def _keep(self, what: str, took_s: float) -> None:
        times = self._times()
        took = [*times.pop(what, []), round(took_s, 1)][-_KEPT:]
        times = dict(list(times.items())[-_NAMED:]) | {what: took}
        # Without a place to keep it, nothing is said next time; no clip fails for it.
        with contextlib.suppress(OSError, EngineError):
            private.make_folder(self._folder, _ADVICE)
            with private.opened(self._folder, _ADVICE) as place:
                data = json.dumps(times).encode()
                private.replace(place, self._file, data, _ADVICE)

    @property
    def _file(self) -> Path:
        return self._folder / "waits.json"
