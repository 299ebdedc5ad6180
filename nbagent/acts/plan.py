"""The plan: what one turn asks for, as a typed value.

The line in a cell, the panel, a language model and Python all arrive at it, and after it
is made nobody reads the user's words again. Plain data: nothing here reads a turn, and
nothing here knows how a clip is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypedDict, get_args

from nbagent.acts.aspect import Aspect
from nbagent.acts.base import Act
from nbagent.acts.camera import Camera
from nbagent.acts.fps import Fps
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.quality import Quality
from nbagent.acts.remove import Remove
from nbagent.acts.reseed import Reseed
from nbagent.acts.restyle import Restyle

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
    "unsupported",
]
Action = Literal[
    "cancel",
    "keep",
    "pause",
    "resume",
    "status",
    "save",
    "export",
    "share",
    "delete",
    "rename",
]
Format = Literal["gif", "mp4", "webm", "png", "webp", "html", "json"]
Topic = Literal[
    "all",
    "seed",
    "length",
    "fps",
    "size",
    "prompt",
    "model",
    "steps",
    "request",
    "origin",
    "changes",
    "reason",
    "took",
    "names",
]
"""What of a clip a question is about: `changes` between two, the `reason` of one."""
Talk = Literal["greeting", "thanks", "help", "other"]

INTENTS: tuple[Intent, ...] = get_args(Intent)
ACTIONS: tuple[Action, ...] = get_args(Action)
MAKES: frozenset[Intent] = frozenset(
    {"generate_video", "generate_image", "animate_image", "storyboard"}
)
"""Intents that always cost device time."""


# What a setting is as an act: one way for both.
_AS_ACTS: Final[Mapping[str, Callable[[Any], Act]]] = {
    "style": lambda value: Restyle(style=value),
    "camera": lambda value: Camera(camera=value),
    "duration_s": lambda value: Length(duration_s=value),
    "aspect": lambda value: Aspect(aspect=value),
    "quality": lambda value: Quality(quality=value),
    "seed": lambda value: Reseed(seed=value),
    "fps": lambda value: Fps(fps=value),
    "loop": lambda _: Loop(),
}


class Settings(TypedDict, total=False):
    """Values that the turn states; a key is there only if the turn says it."""

    duration_s: float
    fps: float
    aspect: str
    width: int
    height: int
    count: int
    style: str
    negative: tuple[str, ...]
    seed: int
    quality: Literal["draft", "final"]
    loop: bool
    camera: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """An act on what runs or on files.

    Attributes:
        action: What is done.
        format: Of the file that is written.
        name: A new name, or a file's.
        is_all: Whether all that run are meant, whatever the plan's targets are.
    """

    action: Action
    format: Format | None = None
    name: str | None = None
    is_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the likely readings of an unclear turn, to be offered as a button.

    Attributes:
        intent: What the turn is read as if it is chosen.
        says: What would be done then, in a few words: "change c1: at night".
    """

    intent: Intent
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """That a plan is a language model's, which acts only with the user's yes.

    Attributes:
        by: The model's name.
        draft: What it wrote down, to be carried out after a yes without being asked
            again.
        beyond: What the plan does that the reader does not read in the user's words:
            `render`, or control acts.
    """

    by: str
    draft: Mapping[str, object]
    beyond: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a turn asks for.

    Attributes:
        intent: One of eleven.
        targets: The clips and variables that the turn is about, in the order in which
            they are used.
        acts: For `refine`, in the order of the turn.
        settings: Values stated in the turn.
        prompt: The picture's words, without the request around them: "make a 5
            second video of a cat, 9:16" gives "a cat". For `animate_image`, how it moves.
        scenes: For `storyboard`, what each shows, as far as they are told.
        keep: What is to stay as it is, in the user's words.
        frame: The frame that is changed or set in motion, as in `@c2[10]`; the first
            is 0.
        step: The step of the clip's own run after which it takes another course;
            0 is the one that runs now.
        control: For `control`, what is done at once.
        then: Done after the plan: "final, and save it" has a save.
        what: For `unsupported`, what was asked; beside another intent, what of the turn
            cannot be done and is left out.
        topics: For `describe`, what is asked of the clips.
        talk: For `chat`, which kind of talk it is.
        unread: Words that fit no act and are left out; they are said before anything
            runs.
        mentions: The names behind an `@`, in the turn's order.
        unknown: Those of them that nothing has. For `ask`, it is asked what is meant by
            them; otherwise they stay in the words as they were typed.
        confidence: 0..1, how often a reading of this kind was right on turns of people
            whom the reader does not know.
        readings: For `ask`, the likely readings, best first.
        consents: For `ask`, the answers that are waited for, if the turn is clear and
            only takes long.
        offers: For `ask`, the actors of pocket that might stand in for a subject that it
            cannot draw; beside another intent, those that one was chosen of.
        guesses: Words that name no column, and the columns that they might mean, the
            likeliest first.
        took: Words that were taken for a column, that column, and others that they
            might mean.
        choosers: The cells that said who was chosen, so that they do when they are run
            again; nothing for a button.
        proposal: Set if a language model read the turn.
    """

    intent: Intent
    targets: tuple[str, ...] = ()
    acts: tuple[Act, ...] = ()
    settings: Settings = field(default_factory=Settings)
    prompt: str = ""
    scenes: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    frame: int | None = None
    step: int | None = None
    control: Control | None = None
    then: tuple[Control, ...] = ()
    what: str = ""
    topics: tuple[Topic, ...] = ()
    talk: Talk = "other"
    unread: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    confidence: float = 1.0
    readings: tuple[Choice, ...] = ()
    consents: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    guesses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    took: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    choosers: tuple[str, ...] = ()
    proposal: Proposal | None = None

    @property
    def makes(self) -> bool:
        """Whether it asks for clips, be they rendered or only cut anew."""
        return self.intent == "refine" or self.needs_device

    @property
    def asked(self) -> tuple[Act, ...]:
        """The acts, and the settings that none of them says, as acts.

        Raises:
            SpecError: If a setting cannot be.
        """
        said = {act.kind for act in self.acts}
        settings: Mapping[str, Any] = self.settings
        stated = (make(settings[n]) for n, make in _AS_ACTS.items() if n in settings)
        more = [act for act in stated if act.kind not in said]
        more += [Remove(what=thing) for thing in settings.get("negative", ())]
        if not (self.acts or more) and settings.get("count", 1) > 1:
            more = [Reseed(count=settings["count"])]  # "three versions of it"
        return (*self.acts, *more)

    @property
    def needs_device(self) -> bool:
        """Whether acting on the plan costs device time."""
        if self.intent != "refine":
            return self.intent in MAKES
        is_sized = bool({"width", "height"} & self.settings.keys())
        return is_sized or any(act.cost == "diffusion" for act in self.asked)
