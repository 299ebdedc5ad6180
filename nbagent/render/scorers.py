"""Who looks at a finished clip: how far it shows what was asked, and what is in it.

A scorer is found by the model that rendered the clip: one that somebody installed, by an
entry point of the group `nbagent.render.scorers`, before those that ship. It is others' code on
the way to a clip that is done, so it can cost that clip nothing: one that raises, answers
nonsense or takes too long is told of in a line, and not asked again in this worker.

    [project.entry-points."nbagent.render.scorers"]
    faces = "my_package:FaceScorer"
"""

from __future__ import annotations

import copy
import logging
import pkgutil
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from nbagent.errors import NbagentError
from nbagent.settings import Settings

T = TypeVar("T")
Frames = npt.NDArray[np.uint8]
Scored = tuple[Mapping[str, float], Mapping[str, str]]

GROUP: Final = "nbagent.render.scorers"
ANY: Final = "*"
RIGHT: Final = 0.5
"""From this score on an aspect is as it was asked."""

# pocket's takes some 10 ms, CLIP a second on a CPU; weights are loaded at the first clip.
_LIMIT_S: Final = 10.0
_FIRST_LIMIT_S: Final = 60.0
_MOST: Final = 64  # aspects
_LONGEST: Final = 80  # characters of one

_log = logging.getLogger(__name__)


class Scorer(Protocol):
    """Reads clips of some models; what an entry point names makes one, without arguments."""

    @property
    def models(self) -> Collection[str]:
        """Whose clips it reads: names as of `--model`, without LoRAs; `*` is any."""
        ...

    def score(self, frames: Frames, shot: Mapping[str, Any]) -> Scored:
        """Return how far a clip shows what was asked, and what was read in it.

        Args:
            frames: (F, H, W, 3) uint8, as the model made them: before effects, and not
                to be written to.
            shot: The take's shot, and beside its fields the `prompt`.

        Returns:
            Scores by aspect, 0..1, and words by aspect; either may be empty.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at a clip has shown.

    Attributes:
        scores: How far it shows what was asked, by aspect, 0..1.
        seen: What was read in it.
        note: What the user should know: that a scorer failed.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def is_right(self) -> bool:
        """Whether nothing that was asked was found to be missing."""
        return all(score >= RIGHT for score in self.scores.values())

    @property
    def rank(self) -> tuple[int, float]:
        """The better of two clips of one shot has more: aspects first, then scores.

        One that could not be read is no better than one that was.
        """
        values = self.scores.values()
        missing = sum(score < RIGHT for score in values) if values else _MOST
        return -missing, sum(values)

    def joined(self, seam: float | None) -> Look:
        """Return the same with how smoothly the clip goes on, 0..1, if it was read."""
        if seam is None or not self.scores:
            return self
        return replace(self, scores={**self.scores, "seam": seam})


class Scorers:
    """A worker's scorers, each asked until it fails.

    Args:
        makers: What makes each, by name; those that win first.
        limit_s: How long one may take.
        first_limit_s: How long it may take to be made, and the first time.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[], Scorer]],
        *,
        limit_s: float = _LIMIT_S,
        first_limit_s: float = _FIRST_LIMIT_S,
    ) -> None:
        self._entries = [_Entry(name, make) for name, make in makers.items()]
        self._limit_s = limit_s
        self._first_limit_s = first_limit_s
        self._guard = threading.Lock()  # jobs end in several threads

    @classmethod
    def found(cls, settings: Settings) -> Self:
        """Return those that are installed here, then those that ship."""
        if not settings.looks:
            return cls({})
        makers: dict[str, Callable[[], Scorer]] = {
            one.name: partial(_installed, one)
            for one in sorted(entry_points(group=GROUP), key=lambda one: one.name)
        }
        # Both stand on torch: only a worker makes them.
        makers.setdefault(
            "pocket", partial(_named, "nbagent.pocket.scorer:PocketScorer")
        )
        if model := settings.clip_model:
            clip = "nbagent.render.clip_score:ClipScorer"
            makers.setdefault("CLIP", partial(_named, clip, model))
        return cls(makers)

    def look(self, model: str, frames: Frames, shot: Mapping[str, Any]) -> Look:
        """Look at a clip; never raises, and ends in bounded time.

        Args:
            model: That rendered it, without LoRAs.
            frames: (F, H, W, 3) uint8, before effects.
            shot: The take's shot, with its `prompt`.
        """
        notes: list[str] = []
        seen = frames.view()
        seen.flags.writeable = False  # neither may change what is shown and recorded
        shot = copy.deepcopy(dict(shot))
        with self._guard:
            for entry in self._entries:
                if entry.has_failed:
                    continue
                limit_s = self._limit_s if entry.has_answered else self._first_limit_s
                try:
                    found = _within(limit_s, partial(entry.look, model, seen, shot))
                except Exception as error:  # noqa: BLE001  others' code: one line
                    notes.append(entry.fail(error))
                    continue
                if found is not None:
                    entry.has_answered = True
                    return Look(scores=found[0], seen=found[1], note="; ".join(notes))
        return Look(note="; ".join(notes))


class _Entry:
    """One scorer: made when the first clip is there, and left alone once it failed."""

    def __init__(self, name: str, make: Callable[[], Scorer]) -> None:
        self.name = name
        self.has_answered = False
        self.has_failed = False
        self._make = make
        self._made: Scorer | None = None

    def look(
        self, model: str, frames: Frames, shot: Mapping[str, Any]
    ) -> Scored | None:
        """Return what it says of a clip; None if it reads no clips of that model."""
        if self._made is None:
            self._made = self._make()
        if not {ANY, model}.intersection(self._made.models):
            return None
        return _checked(self._made.score(frames, shot))

    def fail(self, error: Exception) -> str:
        """Ask it no more; return what to say of that."""
        self.has_failed = True
        self._made = None
        _log.error("scorer %s failed", self.name, exc_info=error)
        kind = (
            "" if isinstance(error, _TooLong | NbagentError) else type(error).__name__
        )
        why = ": ".join(filter(None, [kind, " ".join(str(error).split())[:120]]))
        return (
            f"the scorer {self.name:.40} failed ({why}): clips go without it until"
            " the engine restarts"
        )


class _TooLong(Exception):
    """A scorer was not done in time."""


def _within(limit_s: float, call: Callable[[], T]) -> T:
    """Call something in a thread of its own, which is left behind if it takes longer.

    Raises:
        _TooLong: If it does.
        Exception: What it raised.
    """
    ended: Future[T] = Future()

    def run() -> None:
        try:
            ended.set_result(call())
        except Exception as error:  # noqa: BLE001  raised again by who waits
            ended.set_exception(error)
        except BaseException as error:  # noqa: BLE001  it would end a worker
            ended.set_exception(RuntimeError(type(error).__name__))

    threading.Thread(target=run, name="nbagent scorer", daemon=True).start()
    if not wait([ended], limit_s).done:
        raise _TooLong(f"no result after {limit_s:g} s")
    return ended.result()


def _checked(said: object) -> Scored:
    """Return what a scorer said, as plain numbers and words.

    Raises:
        ValueError: If it is anything else.
    """
    if not (isinstance(said, tuple) and len(said) == 2):
        raise ValueError(f"it said {said!r:.60}, not (scores, seen)")
    scores, seen = said
    for part in said:
        if not isinstance(part, Mapping) or len(part) > _MOST:
            raise ValueError(f"{part!r:.60} is no mapping of up to {_MOST} aspects")
        if not all(isinstance(key, str) and len(key) <= _LONGEST for key in part):
            raise ValueError(f"an aspect of {list(part)!r:.60} is no short word")
    for aspect, score in scores.items():
        if not (isinstance(score, int | float | np.number) and 0 <= score <= 1):
            raise ValueError(f"its score of {aspect} is {score!r:.40}: use 0 to 1")
    for aspect, word in seen.items():
        if not (isinstance(word, str) and len(word) <= _LONGEST):
            raise ValueError(f"its {aspect} is {word!r:.40}: use a short word")
    return {k: round(float(v), 4) for k, v in scores.items()}, dict(seen)


def _installed(entry: EntryPoint) -> Any:
    return entry.load()()


def _named(name: str, *arguments: str) -> Any:
    return pkgutil.resolve_name(name)(*arguments)
