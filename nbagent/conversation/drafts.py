"""A plan as a language model writes it down, and the plan that becomes of it.

The model says what a turn asks for in plain English, whatever language and words the
user chose; the arguments of its edits are then read by the same readers as the user's
own words. So nothing that a model invents reaches a clip unread, and an edit that
nobody understood is kept as a clause, as always.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import BaseModel, Field

from nbagent.conversation.edits import read_edit
from nbagent.conversation.parts import take_part
from nbagent.conversation.plan import Action, Edit, EditKind, Intent, Plan, Slots
from nbagent.conversation.references import names_in, resolve, shown_picture
from nbagent.conversation.state import State

_MAKES: frozenset[Intent] = frozenset(
    {"generate_video", "generate_image", "storyboard"}
)

# Every text is bounded: a small model may write the same word without end.
Name = Annotated[str, Field(max_length=80)]
Words = Annotated[str, Field(max_length=300)]


class EditDraft(BaseModel):
    """One change that the turn asks of a clip."""

    kind: EditKind
    words: Words = Field(
        description="This change alone, as a short English imperative: 'make the boat"
        " red', 'put it in the desert, at night', 'twice as fast', 'two more seconds'."
    )
    scene: Annotated[str, Field(max_length=600)] = Field(
        default="",
        description="Only for replace_subject, where such words cannot say it (counts,"
        " one of several, a text to translate): who does what in the changed picture,"
        " in English and without the place: 'two small balloons float'.",
    )


class PlanDraft(BaseModel):
    """What the turn asks for. Leave out every value that the turn does not state."""

    intent: Intent
    targets: Annotated[list[Name], Field(max_length=8)] = Field(
        default=[], description="Names, from the lists, of what the turn is about."
    )
    prompt: Annotated[str, Field(max_length=1500)] = Field(
        default="",
        description="For what is made anew: the picture in English, without the"
        " request around it. A storyboard's scenes are separated by semicolons.",
    )
    edits: Annotated[list[EditDraft], Field(max_length=12)] = Field(
        default=[], description="For refine: the changes, in the turn's order."
    )
    duration_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    fps: Annotated[int, Field(ge=1, le=240)] | None = None
    aspect: Annotated[str, Field(pattern=r"^\d{1,4}:\d{1,4}$")] | None = None
    size: Annotated[str, Field(pattern=r"^\d{1,5}x\d{1,5}$")] | None = None
    count: Annotated[int, Field(ge=1, le=64)] | None = None
    scenes: Annotated[int, Field(ge=2, le=64)] | None = None
    style: Words | None = None
    negative: Annotated[list[Name], Field(max_length=16)] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    speed: Annotated[float, Field(gt=0, le=100)] | None = None
    quality: Literal["preview", "final"] | None = None
    loop: bool | None = None
    action: Action | None = None
    format: Literal["gif", "mp4", "webm"] | None = None
    then: Annotated[list[Action], Field(max_length=4)] = Field(
        default=[], description="Acts after the change: 'final, and save it' has save."
    )


def to_plan(draft: PlanDraft, words: str, state: State) -> Plan:
    """Return the plan of a draft.

    A target that is a variable holds only if the user's own words name it: what is
    looked at in the notebook is not the model's to choose.

    Args:
        draft: What the model wrote.
        words: The user's turn, which a target that the draft leaves out is found in.
        state: What the turn was read against.

    Raises:
        ValueError: If the draft names what is not there or lacks what its intent
            needs; the line says which, for the model to mend.
    """
    clips = {clip.ref for clip in state.clips}
    unknown = [t for t in draft.targets if t not in clips | _variables(state)]
    if unknown:
        known = ", ".join(sorted(clips | _variables(state))) or "nothing"
        raise ValueError(f"nothing is called {unknown[0]!r}: there is {known}")
    if draft.intent in _MAKES and not draft.prompt.strip():
        raise ValueError(f"{draft.intent} needs a prompt")
    if draft.intent == "refine" and not (clips and draft.edits):
        raise ValueError("a refine needs a clip that is there, and edits")
    slots = _slots(draft)
    pairs = [(edit, *take_part(edit.words)) for edit in draft.edits]
    edits = tuple(_edit(edit, text, slots) for edit, text, _ in pairs)
    parts = [part for _, _, part in pairs]
    own = {variable.name for _, _, variable in names_in(words, state)}
    own |= {shown_picture(words, state) or ""}
    targets = tuple(name for name in draft.targets if name in clips | own)
    target = (
        resolve(words, draft.intent, [e.kind for e in edits], state)
        if not targets
        else targets[0]
        if len(targets) == 1
        else targets
    )
    return Plan(
        intent=draft.intent,
        target=target,
        edits=edits,
        slots=slots,
        prompt=draft.prompt.strip(),
        region=next((part.region for part in parts if part.region), None),
        span=next((part.span for part in parts if part.span), None),
        unparsed=tuple(edit.text for edit in edits if not edit.args),
        then=tuple(draft.then),
    )


def _edit(edit: EditDraft, text: str, slots: Slots) -> Edit:
    if edit.kind == "replace_subject" and edit.scene.strip():
        return Edit(kind=edit.kind, text=edit.words, args={"core": edit.scene.strip()})
    return Edit(kind=edit.kind, text=text, args=read_edit(edit.kind, text, slots))


def _slots(draft: PlanDraft) -> Slots:
    names = set(Slots.__annotations__)
    return cast(Slots, draft.model_dump(include=names, exclude_none=True))


def _variables(state: State) -> set[str]:
    return {variable.name for variable in state.variables}
