"""A plan as a language model writes it down, and the plan that becomes of it.

What can be written follows from the registry of acts, and each act checks itself. None
of the user's words is read here: the model has read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from nbagent.acts import ACTS, act_from_json
from nbagent.acts.base import Act
from nbagent.acts.lettering import Lettering
from nbagent.acts.plan import MAKES, Action, Control, Format, Intent, Plan, Topic
from nbagent.acts.plan import Settings as Stated
from nbagent.conversation.llm_context import THIS_PLOT
from nbagent.language import grammar
from nbagent.language.state import SHOWN, State

_WORDS_CHARS: Final = 300
_NAMES: Final = 16
_SHAPE: Final = r"^\d{1,4}(\.\d{1,3})?:\d{1,4}(\.\d{1,3})?$"  # "16:9", "2.39:1"
# Every text is bounded: a small model may write the same word without end.
Name = Annotated[str, Field(max_length=80)]
Words = Annotated[str, Field(max_length=_WORDS_CHARS)]


def _shape(act: type[Act]) -> dict[str, Any]:
    """Return an act's schema, bounded, and without what `acts_told` says."""
    schema = act.schema()
    return {
        "type": "object",
        "properties": {
            name: _bounded(name, one) for name, one in schema["properties"].items()
        },
        "required": schema["required"],
        "additionalProperties": False,
    }


def _bounded(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    shape = {key: value for key, value in schema.items() if key != "description"}
    text = {"type": "string", "maxLength": _WORDS_CHARS}
    if shape.get("type") == ["array", "string"]:  # a part: as values, or in words
        count = 4 if name == "region" else 2
        values = {"type": "array", "items": {"type": "number"}}
        return {"anyOf": [{**values, "minItems": count, "maxItems": count}, text]}
    if shape.get("type") == "array":  # of names
        return {**shape, "items": text, "maxItems": _NAMES}
    return shape | text if shape.get("type") == "string" else shape


ActDraft = Annotated[
    dict[str, Any], WithJsonSchema({"anyOf": [_shape(act) for act in ACTS.values()]})
]

_ANYWHERE: Final[frozenset[Intent]] = frozenset({"ask", "chat", "unsupported"})
"""Intents that come to an answer, whatever else a draft says."""

_LETTERED: Final = frozenset(
    kind for kind, act in ACTS.items() if issubclass(act, Lettering)
)
"""Acts that a new clip may have too: texts over it."""

_PARTS: Final[Mapping[str, Callable[[str], object]]] = {
    "span": grammar.span,
    "keep": grammar.span,
    "region": grammar.region,
}
_CROPPED: Final = ("region", "crop")  # elsewhere it is only where the act is done


class SettingsDraft(BaseModel):
    """Values that the turn states. Leave out every one that it does not."""

    model_config = ConfigDict(extra="forbid")

    duration_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    fps: Annotated[float, Field(ge=1, le=240)] | None = None
    aspect: Annotated[str, Field(pattern=_SHAPE)] | None = None
    width: Annotated[int, Field(ge=1, le=16384)] | None = None
    height: Annotated[int, Field(ge=1, le=16384)] | None = None
    count: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None, description="How many takes or variants."
    )
    style: Words | None = None
    negative: Annotated[list[Name], Field(max_length=16)] | None = Field(
        default=None, description="What to leave out, without 'no'."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    quality: Literal["draft", "final"] | None = None
    loop: bool | None = None
    camera: Words | None = None


class ControlDraft(BaseModel):
    """Something that is done on what runs or on files."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    format: Format | None = None
    name: Name | None = Field(default=None, description="A new name, or a file's.")


class PlanDraft(BaseModel):
    """What the turn asks for. Leave out every value that the turn does not state."""

    model_config = ConfigDict(extra="forbid")

    intent: Intent
    targets: Annotated[list[Name], Field(max_length=_NAMES)] = Field(
        default=[],
        description="Names, from the lists, of the clips and variables that the turn is"
        " about, in the order in which they are used. A change without words for its clip"
        " is of the latest one.",
    )
    acts: Annotated[list[ActDraft], Field(max_length=12)] = Field(
        default=[],
        description="For refine: the changes, in the turn's order. A new clip may have"
        " texts over it.",
    )
    settings: SettingsDraft = Field(
        default=SettingsDraft(),
        description="For what is made or changed: length, rate, shape, size, how many,"
        " style, what to leave out, seed, quality, loop, camera.",
    )
    prompt: Annotated[str, Field(max_length=1500)] = Field(
        default="",
        description="For what is made anew: the turn's words for the picture and its"
        " motion, without the asking around them and without what settings hold.",
    )
    scenes: Annotated[list[Words], Field(max_length=64)] = Field(
        default=[], description="For storyboard: what each scene shows, if it is told."
    )
    keep: Annotated[list[Words], Field(max_length=12)] = Field(
        default=[], description="What the turn asks to stay as it is."
    )
    frame: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="The frame that is meant, as in c2[10]; the first is 0.",
    )
    step: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="For a change of a clip while it is being made: the step after which"
        " it takes another course; 0 is the one that runs now.",
    )
    action: Action | None = Field(
        default=None, description="For control: what is done."
    )
    format: Format | None = Field(default=None, description="For control: of the file.")
    name: Name | None = Field(
        default=None, description="For control: a new name, or a file's."
    )
    everything: bool = Field(
        default=False, description="For control: all that runs is meant."
    )
    then: Annotated[list[ControlDraft], Field(max_length=4)] = Field(
        default=[], description="Done after it: 'at night, and save it' has a save."
    )
    topics: Annotated[list[Topic], Field(max_length=4)] = Field(
        default=[], description="For describe: what of the clip is asked."
    )
    what: Words = Field(
        default="",
        description="For unsupported: the turn's words for what nbagent does not do;"
        " beside another intent, for what of the turn is left out.",
    )


def fields_told() -> str:
    """Return a line for each part of a plan: not every server shows a model its schema."""
    fields = PlanDraft.model_fields.items()
    return "\n".join(
        f"- {name}: {one.description}" for name, one in fields if one.description
    )


def acts_told() -> str:
    """Return a line for each act: its arguments, what it does, what one says for it."""
    return "\n".join(map(_told, ACTS.values()))


def _told(act: type[Act]) -> str:
    schema = act.schema()
    arguments = "; ".join(
        f"{name}{'' if name in schema['required'] else '?'}: {one['description']}"
        for name, one in schema["properties"].items()
        if name not in ("act", "span", "region") or (name, act.kind) == _CROPPED
    )
    said = "', '".join(act.examples)
    return f"- {act.kind} ({arguments}): {act.summary} '{said}'"


def to_plan(draft: PlanDraft, state: State) -> Plan:
    """Return the plan of a draft.

    Args:
        draft: What the model wrote.
        state: What the turn was read against.

    Raises:
        ValueError: If the draft names what is not there, lacks what its intent needs,
            or has an act that cannot be; the line says which, for the model to mend.
    """
    targets = tuple(map(_name, draft.targets))
    if draft.intent in _ANYWHERE:
        known = tuple(name for name in targets if name in _names(state))
        return Plan(intent=draft.intent, targets=known, what=draft.what)
    _check(draft)
    acts = tuple(_placed(act_from_json(act)) for act in draft.acts)
    for name in (*targets, *(name for act in acts for name in _others(act))):
        if name not in _names(state):
            there = ", ".join(_names(state)).replace(SHOWN, THIS_PLOT) or "nothing"
            raise ValueError(f"nothing is called {name!r}: choose from {there}")
    if draft.intent == "refine" and not targets:
        if state.latest is None:
            raise ValueError("refine needs an existing clip: there are none yet")
        targets = (state.latest.ref,)
    return Plan(
        intent=draft.intent,
        targets=targets,
        acts=acts,
        settings=_stated(draft.settings),
        prompt=draft.prompt.strip(),
        scenes=tuple(draft.scenes),
        keep=tuple(draft.keep),
        frame=draft.frame,
        step=draft.step,
        control=_control(draft),
        then=tuple(Control(**one.model_dump()) for one in draft.then),
        topics=tuple(draft.topics),
        what=draft.what,
    )


def _check(draft: PlanDraft) -> None:
    """Refuse an intent without what it needs."""
    if draft.intent in MAKES - {"animate_image"}:
        if not draft.prompt.strip() and not draft.scenes:
            raise ValueError(f"{draft.intent} needs a prompt")
    if draft.intent == "animate_image" and not draft.targets:
        raise ValueError("animate_image needs the picture in targets")
    if draft.intent == "refine" and not draft.acts:
        raise ValueError("refine needs acts")
    others = [act for act in draft.acts if act.get("act") not in _LETTERED]
    is_made = draft.intent in MAKES and not others
    if draft.acts and not (draft.intent == "refine" or is_made):
        raise ValueError(f"acts belong to refine, not to {draft.intent}")
    if draft.intent == "control" and draft.action is None:
        raise ValueError("control needs an action")


def _name(told: str) -> str:
    """Return a name as the state has it, where it is written as the outline tells it."""
    return SHOWN if told == THIS_PLOT else told.removeprefix("@")


def _names(state: State) -> tuple[str, ...]:
    clips = (name for clip in state.clips for name in clip.names)
    return (*clips, *(variable.name for variable in state.variables))


def _placed(act: Act) -> Act:
    """Return an act with its parts as values, where they are words that name one."""
    parts: dict[str, Any] = {}
    for name, read in _PARTS.items():
        words = getattr(act, name, None)
        if isinstance(words, str) and (value := read(words)) is not None:
            parts[name] = value
    return replace(act, **parts)


def _others(act: Act) -> Iterator[str]:
    """Return the clips and variables that an act brings in."""
    for place in ("others", "other", "to"):
        value = getattr(act, place, ())
        yield from filter(None, (value,) if isinstance(value, str) else value)


def _control(draft: PlanDraft) -> Control | None:
    if draft.action is None or draft.intent != "control":
        return None
    return Control(
        action=draft.action,
        format=draft.format,
        name=draft.name,
        is_all=draft.everything,
    )


def _stated(settings: SettingsDraft) -> Stated:
    values = settings.model_dump(exclude_none=True)
    if "negative" in values:
        values["negative"] = tuple(values["negative"])
    return cast(Stated, values)
