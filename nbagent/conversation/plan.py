"""The plan: what one turn asks for, as a typed value.

The router makes it, the session acts on it, the evaluation compares it. Plain data:
nothing here reads a turn, and nothing here knows how a clip is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

Intent = Literal[
    "generate_video",
    "generate_image",
    "refine",
    "animate_image",
    "storyboard",
    "describe",
    "analyze",
    "chat",
    "control",
    "ask",
]
EditKind = Literal[
    "restyle",
    "recolor",
    "replace_subject",
    "change_background",
    "change_motion",
    "speed",
    "extend",
    "length",
    "trim",
    "loop",
    "camera",
    "aspect",
    "quality",
    "seed",
    "blend",
    "undo",
]
Action = Literal["cancel", "pause", "status", "save", "export", "share", "delete"]

INTENTS: tuple[Intent, ...] = get_args(Intent)
EDIT_KINDS: tuple[EditKind, ...] = get_args(EditKind)

# Edits that a finished clip takes without any diffusion. `speed` retimes, `undo`
# shows a clip that exists; the rest need new frames or new pixels.
FREE_EDITS: frozenset[EditKind] = frozenset({"speed", "trim", "loop", "undo"})


class Slots(TypedDict, total=False):
    """Values that the turn states; a key is there only if the turn says it."""

    duration_s: float
    fps: int
    aspect: str
    size: str
    count: int
    style: str
    negative: list[str]
    seed: int
    speed: float | str
    quality: Literal["preview", "final"]
    loop: bool
    scenes: int
    action: Action
    format: Literal["gif", "mp4", "webm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change that the turn asks of a clip.

    Attributes:
        kind: What the change is about.
        text: The user's own words for it.
        args: Values read from the words, by field of the shot or of the effect;
            empty if the words were not understood beyond their kind.
    """

    kind: EditKind
    text: str
    args: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """That a plan is a language model's, which acts only with the user's yes.

    Attributes:
        by: The model's name.
        draft: What it wrote down, to be carried out after a yes without being asked
            again.
        beyond: What the plan does that the router does not read in the user's words:
            `render`, or control acts.
    """

    by: str
    draft: Mapping[str, object]
    beyond: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a turn asks for.

    Attributes:
        intent: One of ten.
        target: The clip or variable that the turn is about, several, or None.
        edits: For `refine`, in the order of the turn.
        slots: Values stated in the turn.
        prompt: The picture's words, without the request around them: "make a 5
            second video of a cat, 9:16" gives "a cat".
        region: The part of the frame that is changed: left, top, right and bottom as
            shares of it, 0..1.
        span: The seconds that are changed, as in `@c2[1s:2s]`; the end may be open,
            and a negative start counts from the end.
        frame: The frame that is changed or set in motion, as in `@c2[10]`; the first
            is 0.
        step: The step of the clip's own run after which it takes another course;
            0 is the one that runs now.
        unparsed: Clauses that were taken in as the user's own words.
        confidence: 0..1, the router's belief in `intent`.
        readings: For `ask`, the likely intents, best first.
        consents: For `ask`, the answers that are waited for, if the turn is clear and
            only takes long.
        then: Control acts to do after the plan: "final, and save it" has `save`.
        unknown: Names behind an `@` that nothing has. For `ask`, it is asked what is
            meant by them; otherwise they stay in the words as they were typed.
        proposal: Set if a language model read the turn.
    """

    intent: Intent
    target: str | tuple[str, ...] | None = None
    edits: tuple[Edit, ...] = ()
    slots: Slots = field(default_factory=Slots)
    prompt: str = ""
    region: tuple[float, float, float, float] | None = None
    span: tuple[float, float | None] | None = None
    frame: int | None = None
    step: int | None = None
    unparsed: tuple[str, ...] = ()
    confidence: float = 1.0
    readings: tuple[Intent, ...] = ()
    consents: tuple[str, ...] = ()
    then: tuple[Action, ...] = ()
    unknown: tuple[str, ...] = ()
    proposal: Proposal | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """All targets as a tuple, none as an empty one."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def makes(self) -> bool:
        """Whether it asks for clips, be they rendered or only cut anew."""
        return self.intent == "refine" or self.needs_device

    @property
    def needs_device(self) -> bool:
        """Whether acting on the plan costs device time."""
        if self.intent == "refine":
            return any(edit.kind not in FREE_EDITS for edit in self.edits)
        return self.intent in (
            "generate_video",
            "generate_image",
            "animate_image",
            "storyboard",
        )
