"""The messages between a player in the browser and its kernel: the single source.

State flows from kernel to view as traits (`PlayerState`), and only the kernel writes
it. Everything a view wants is a request with an id of its own, and every request gets
exactly one reply that carries the id back; bytes travel beside a reply as its buffer.
What a player asks about other clips is in `desk_wire`, the panel's own messages are in
`panel_wire`. The TypeScript of all is printed, never written by hand:

    python -m nbagent.notebook.wire > js/src/wire.ts

Nothing here sends or receives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, cast

from nbagent.errors import SpecError
from nbagent.take import UNFINISHED, JobState, Phase, Progress, Quality, Take

TurnState = Literal["thinking", "running", "done", "failed", "cancelled"]

MAX_ID_CHARS = 64


class TakeView(TypedDict):
    """One take as a view sees it; numbers of frames and pixels are the finished clip's.

    `has_draft` says that `get_clip` gives its draft until the clip is done. `parent` is
    the clip that it was made from, `changes` what became different from that, both
    empty for something new. `is_scene` says that a film of the same turn shows it.
    """

    name: str
    state: JobState
    phase: Phase | None
    step: int
    num_steps: int
    elapsed_s: float
    eta_s: float | None
    message: str
    has_draft: bool
    fps: float
    num_frames: int
    width: int
    height: int
    prompt: str
    seed: int
    model: str
    quality: Quality
    parent: str
    changes: list[str]
    is_scene: bool


class PlayerState(TypedDict):
    """The kernel-owned traits of one player: one turn with its takes.

    `own_id` is the player's model; `follow_ups` are those of the players whose turns were
    said in this one.
    """

    own_id: str
    request: str
    note: str
    turn_state: TurnState
    takes: list[TakeView]
    follow_ups: list[str]


class GetClip(TypedDict):
    """Ask for the finished mp4 of a take."""

    type: Literal["get_clip"]
    id: str
    index: int


class GetPreview(TypedDict):
    """Ask for the latest preview of a take that is being denoised."""

    type: Literal["get_preview"]
    id: str
    index: int


class Cancel(TypedDict):
    """Ask to stop one take, or all of the turn with `index` null."""

    type: Literal["cancel"]
    id: str
    index: int | None


class Keep(TypedDict):
    """Ask to end a take early, with the clip as it looks then."""

    type: Literal["keep"]
    id: str
    index: int


class Pause(TypedDict):
    """Ask to halt a take after its step, until it is resumed."""

    type: Literal["pause"]
    id: str
    index: int


class Resume(TypedDict):
    """Ask to let a paused take go on where it was."""

    type: Literal["resume"]
    id: str
    index: int


class ClipReply(TypedDict):
    """The mp4 is the first buffer."""

    type: Literal["clip"]
    id: str


class PreviewReply(TypedDict):
    """An animated webp is the first buffer; no buffer says there is none yet."""

    type: Literal["preview"]
    id: str


class CancelReply(TypedDict):
    """The wish was passed on; the take's state says when it has stopped."""

    type: Literal["cancelling"]
    id: str


class KeepReply(TypedDict):
    """The step that runs is the last one; the take's state says when it is done."""

    type: Literal["keeping"]
    id: str


class PauseReply(TypedDict):
    """The wish was passed on; the take's state says when it is paused."""

    type: Literal["pausing"]
    id: str


class ResumeReply(TypedDict):
    """It is queued again; the take's state says when it runs."""

    type: Literal["resuming"]
    id: str


class ErrorReply(TypedDict):
    """Why the request with this id was not answered otherwise."""

    type: Literal["error"]
    id: str
    message: str


class InsertCell(TypedDict):
    """Have the page insert a cell below the player's own; nobody has asked for it."""

    type: Literal["insert_cell"]
    source: str
    data: dict[str, str]


Request = GetClip | GetPreview | Cancel | Keep | Pause | Resume
Reply = (
    ClipReply
    | PreviewReply
    | CancelReply
    | KeepReply
    | PauseReply
    | ResumeReply
    | ErrorReply
)


def take_view(
    name: str,
    take: Take,
    *,
    parent: str = "",
    changes: Sequence[str] = (),
    is_scene: bool = False,
) -> TakeView:
    """Describe a take that was just queued; see `TakeView`."""
    return TakeView(
        name=name,
        state="queued",
        phase=None,
        step=0,
        num_steps=take.num_inference_steps,
        elapsed_s=0.0,
        eta_s=None,
        message="",
        has_draft=False,
        fps=take.fps,
        num_frames=take.num_frames,
        width=take.width,
        height=take.height,
        prompt=take.prompt,
        seed=take.seed,
        model=take.model,
        quality=take.quality,
        parent=parent,
        changes=list(changes),
        is_scene=is_scene,
    )


def progress_fields(progress: Progress) -> dict[str, Any]:
    """Return the fields of a `TakeView` that a progress report changes."""
    fields = progress.to_json()
    del fields["job"]
    return fields


def turn_state_of(takes: Sequence[TakeView]) -> TurnState:
    """Return the state of a turn, which follows from its takes."""
    states = {take["state"] for take in takes}
    if not states:
        return "thinking"
    if states & {*UNFINISHED}:
        return "running"
    for state in ("done", "cancelled"):
        if state in states:
            return state
    return "failed"


def parse_request(content: object, num_takes: int) -> Request:
    """Check an untrusted message by hand and return it as a request.

    Raises:
        SpecError: If it is not a request, or names a take that is not there.
    """
    if not isinstance(content, Mapping):
        raise SpecError(f"a message is an object, not {type(content).__name__}")
    kind, index = content.get("type"), content.get("index")
    if kind not in KINDS:
        raise SpecError(f"unknown message {short(kind)}: reload the page")
    all_takes = kind == "cancel" and index is None
    # bool is an int to Python, and True would be the second take.
    is_take = type(index) is int and 0 <= index < num_takes
    if not (all_takes or is_take):
        raise SpecError(f"there is no take {short(index)}: this turn has {num_takes}")
    request = {"type": kind, "id": request_id(content), "index": index}
    return cast(Request, request)


def request_id(content: object) -> str:
    """Return the id of a message, to answer even one that is otherwise wrong.

    Raises:
        SpecError: If there is no usable id, so that nobody could hear a reply.
    """
    value = content.get("id") if isinstance(content, Mapping) else None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS:
        raise SpecError(f"a message needs a short text id, not {short(value)}")
    return value


KINDS = ("get_clip", "get_preview", "cancel", "keep", "pause", "resume")


def short(value: object) -> str:
    """Return what was sent, short enough for one line."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


if __name__ == "__main__":
    from nbagent.notebook.typescript import main

    main()
