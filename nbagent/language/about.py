"""Which clips and variables a turn is about, and which are put beside those.

What is named is meant; where nothing is named, the encoder says what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.acts.plan import Intent
from nbagent.language.candidates import Candidate
from nbagent.language.encoder import Scores
from nbagent.language.grammar import Found
from nbagent.language.layers import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

LISTS: Final = frozenset({"join", "grid", "blend"})
BESIDE: Final = LISTS | {"match", "undo"}
"""Acts that have other clips beside the one they change."""
_OF_NOTHING: Final = frozenset({"generate_video", "generate_image"})
"""What makes something new, and is about what it names alone."""
_NONE: Final = 0.8  # from here a turn is about nothing
_SEVERAL: Final = 0.85  # from here it is about this too
_ALL: Final = 0.9  # the same, of a change that joins nothing
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class About:
    """What a turn may be about, as it was scored, and what it names.

    Attributes:
        scores: Of the encoder.
        candidates: What was scored.
        named: The clips that the turn names, in its order.
    """

    scores: Scores
    candidates: tuple[Candidate, ...]
    named: tuple[str, ...]

    @classmethod
    def of(
        cls,
        scores: Scores,
        candidates: Sequence[Candidate],
        found: Sequence[Found],
        scenes: Sequence[str] = (),
    ) -> About:
        """Return it with the clips that the grammar found named.

        Args:
            scores: Of the encoder.
            candidates: What was scored.
            found: What the grammar found.
            scenes: The clips of the storyboard that was made last, in order.
        """
        refs = {c.ref for c in candidates} | {c.clip for c in candidates if c.clip}
        said = [_name(one, scenes) for one in found]
        named = dict.fromkeys(name for name in said if name in refs)
        return cls(scores, tuple(candidates), tuple(named))

    def beside(self, kind: str) -> dict[str, Any]:
        """Return the clips that an act has beside the one it changes."""
        if kind not in BESIDE or not self.candidates:
            return {}
        if kind == "undo":
            names = self._likely(self.scores.beside)
            return {"to": names[0]} if names else {}
        names = list(self.named[1:]) or self._likely(self.scores.beside)
        if len(self.named) == 1 and kind in ("match", "blend"):
            names = [self.named[0]]  # "colours like c2", "morph it into c3"
        if not names and kind in LISTS:
            names = self._likely(self.scores.members)[1:]
        names = names or self._likeliest()
        if not names:
            return {}
        return {"with": names if kind in ("join", "grid") else names[0]}

    def targets(
        self, intent: Intent, acts: Sequence[dict[str, Any]]
    ) -> tuple[str, ...]:
        """Return what a turn is about: one thing, unless it clearly speaks of several."""
        if not self.candidates or (intent in _OF_NOTHING and not self.named):
            return ()
        beside = {
            name
            for act in acts
            if act["act"] in BESIDE
            for name in _names(act.get("with", act.get("to")))
        }
        own = [name for name in self.named if name not in beside]
        if own and intent == "refine":
            return (own[0],)
        if len(own) > 1 and intent in ("describe", "control", "animate_image"):
            return tuple(own)
        first, members = softmax(self.scores.first), _sigmoid(self.scores.members)
        both = first[1:] + members
        refs = [c.ref for c in self.candidates]
        if intent == "refine":
            both = both - 2 * np.array([ref in beside for ref in refs], np.float32)
        best = int(both.argmax())
        is_none = first[0] > _NONE and members[best] < 1 - _NONE
        if is_none and intent != "refine":
            return ()
        lists = any(act["act"] in LISTS for act in acts)
        clear = _SEVERAL if lists or intent != "refine" else _ALL
        several = [i for i, share in enumerate(members) if share > clear]
        if len(several) < _PAIR or best not in several:
            return (refs[best],)
        rest = [refs[i] for i in several[::-1] if refs[i] not in (refs[best], *beside)]
        return (refs[best], *rest)

    def _likeliest(self) -> list[str]:
        """Return the clip that is the likeliest beside the one that is meant first."""
        if len(self.candidates) < _PAIR:
            return []
        beside = self.scores.beside.copy()
        beside[int(self.scores.first[1:].argmax())] = -np.inf
        return [self.candidates[int(beside.argmax())].ref]

    def _likely(self, logits: NDArray[np.float32]) -> list[str]:
        """Return the candidates that are likelier than not, oldest first."""
        pairs = zip(self.candidates, logits, strict=True)
        return [one.ref for one, logit in pairs if logit > 0][::-1]


def _name(found: Found, scenes: Sequence[str]) -> str | None:
    """Return the name of the clip or variable that the grammar found."""
    if found.kind == "scene":
        index = found.value - 1
        return scenes[index] if 0 <= index < len(scenes) else None
    if found.kind == "mention":
        name: str = found.value[0]
        return name
    if found.kind == "clip":
        return found.value if isinstance(found.value, str) else f"c{found.value}"
    return None


def _names(value: Any) -> Iterable[str]:
    return [value] if isinstance(value, str) else value or ()


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = np.float32(1) / (np.float32(1) + np.exp(-x))
    return shares
