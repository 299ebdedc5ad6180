"""What a plan is about, looked up in the ledger and the notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbagent import media
from nbagent.acts.add import Add
from nbagent.acts.base import Act, Region, Span
from nbagent.acts.blend import Blend
from nbagent.acts.grid import Grid
from nbagent.acts.join import Join
from nbagent.acts.match import Match
from nbagent.acts.plan import Plan
from nbagent.charts.pace import check_size
from nbagent.conversation import masks, pictures
from nbagent.conversation import shot as shots
from nbagent.conversation.ground import Ground, find_ground
from nbagent.conversation.operations import Film
from nbagent.conversation.pictures import Seen
from nbagent.errors import SpecError, UnknownClip
from nbagent.language.state import SHOWN, State
from nbagent.ledger import Artifact, Ledger
from nbagent.take import Take

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Planed:
    """A picture that a camera may move over.

    Attributes:
        source: Its digest in the store, or the id of a take.
        height: Rows of pixels.
        width: Columns of pixels.
        model: What drew it; empty for a picture from elsewhere.
        is_cut: Whether any of it is transparent.
        is_here: Whether it is there: a take may still be rendered.
    """

    source: str
    height: int
    width: int
    model: str = ""
    is_cut: bool = False
    is_here: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a plan is about, looked up.

    Attributes:
        parent: The take that is refined or set in motion.
        clip: Its clip as it plays, if it was rendered.
        ground: What lies below it: where it is rendered from, and its layers.
        others: The takes that the parent is blended into, or joined with.
        pictures: What is set in motion, in order: each a picture's digest in the
            store, or the id of the take that it is the first frame of.
        film: Frames that are set in motion anew, instead of pictures.
        shapes: Height and width of each picture, or of the film.
        planes: What a camera may move over: the pictures, or those of the parent's move.
        palette: The colours that the parent's are brought to, if they are.
        mask: Digest of a picture that is white where the parent is made anew; empty
            if the turn is about all of it.
        step: How many steps of the parent's run stay as they were, before it takes
            another course; None if it does not.
        whole: The join that the parent is, or was cut from.
        scenes: What `whole` joins, each as the source of its own change.
        board: The latest storyboard, if the parent is one of its scenes.
        board_scenes: What `board` joins.
        earlier: The scene of the latest clip, for a new one that names nobody.
        notes: What the user should know of values of the notebook.
    """

    parent: Take | None = None
    clip: Artifact | None = None
    ground: Ground | None = None
    others: tuple[Take, ...] = ()
    pictures: tuple[str, ...] = ()
    film: Film | None = None
    shapes: tuple[tuple[int, int], ...] = ()
    planes: tuple[Planed, ...] = ()
    palette: tuple[float, ...] = ()
    mask: str = ""
    step: int | None = None
    whole: Take | None = None
    scenes: tuple[Sources, ...] = ()
    board: Take | None = None
    board_scenes: tuple[Take, ...] = ()
    earlier: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def clip_s(self) -> float | None:
        """Seconds of the parent's clip as it plays."""
        return self.clip.duration_s if self.clip else None


def find_sources(
    plan: Plan,
    state: State,
    *,
    ledger: Ledger,
    named: Callable[[str], Take],
    values: Mapping[str, object],
    target: Take | None,
    mask: str = "",
) -> Sources:
    """Look up the takes and the picture that a plan is about.

    Args:
        plan: With an intent that renders.
        state: What the turn was read against.
        ledger: The store; a picture of the notebook is put there.
        named: Returns the take of a clip's name.
        values: The notebook's variables, by name; looked at only if named.
        target: A take that the turn is about, whatever its words say.
        mask: Digest of a mask that is given beside the words.

    Raises:
        SpecError: If it is not clear what is meant, or it is not there.
    """

    def meant(name: str) -> Take:
        """Return the take of a clip: by its name, its variable's, or its own id."""
        if name.startswith("b2:"):
            return ledger.take(name)
        return named(_ref(name, state))

    parent = target or _parent(plan, state, named)
    seen = {} if target else _seen(plan, state, values)
    notes = _notes(seen, plan)
    if len(plan.targets) == len(seen) == 1:
        (frames,) = (one.frames for one in seen.values())
        if len(frames) > 1:
            return Sources(film=_film(frames, ledger), notes=notes)
    if target is not None and plan.intent == "animate_image":
        stills: tuple[str, ...] = (target.id,)
    else:
        stills = _stills(plan, state, ledger, named, seen)
    if parent is None:
        return Sources(
            earlier=_earlier(plan, state, named), pictures=stills, notes=notes
        )
    clip = ledger.artifact(parent.id)
    if parent.is_brought and parent.media == "video" and plan.frame is None:
        stills = ()  # a film of one's own is set in motion anew, all of it
    whole = _joined(parent, ledger)
    boards = [clip.ref for clip in state.clips if clip.kind == "storyboard"]
    board = named(boards[-1]) if boards else None
    if board is not None and parent.id not in board.parents:
        board = None
    return Sources(
        parent=parent,
        clip=clip,
        ground=find_ground(parent, ledger),
        others=_others(plan, parent, meant),
        pictures=stills,
        palette=_palette(plan, parent, ledger, meant),
        mask=mask or _mask(plan, clip, ledger),
        whole=whole,
        scenes=tuple(
            Sources(parent=scene, ground=find_ground(scene, ledger))
            for scene in _parents(whole, ledger)
        ),
        board=board,
        board_scenes=_parents(board, ledger),
        notes=notes,
    )


def _earlier(
    plan: Plan, state: State, named: Callable[[str], Take]
) -> Mapping[str, str]:
    """Return the scene of the latest clip: "now it bounces" may be read as a new one."""
    if plan.intent != "generate_video" or state.latest is None:
        return {}
    return shots.from_json(named(state.latest.ref).shot).scene


def _parent(plan: Plan, state: State, named: Callable[[str], Take]) -> Take | None:
    name = _ref(plan.targets[0], state) if plan.targets else None
    if plan.intent == "animate_image":
        return named(name) if name and state.clip(name) else None
    if plan.intent != "refine":
        return None
    if name is None:
        raise SpecError(
            "it is not clear which clip to change: name it, like 'c1, slower'"
        )
    if state.clip(name) is None:
        known = ", ".join(clip.ref for clip in state.clips) or "none yet"
        raise UnknownClip(f"no clip is called {name!r}: there are {known}")
    return named(name)


def _stills(
    plan: Plan,
    state: State,
    ledger: Ledger,
    named: Callable[[str], Take],
    seen: Mapping[str, Seen],
) -> tuple[str, ...]:
    """Return the pictures that are set in motion; those of the notebook are stored."""
    if plan.intent != "animate_image":
        return ()
    found = []
    for name in plan.targets or ("",):
        ref = _ref(name, state)
        if state.clip(ref) and plan.frame is not None:
            drawn = _frame(named(ref), plan.frame, ledger)
            found.append(ledger.put_file(media.png(drawn), ".png"))
        elif state.clip(ref):
            found.append(named(ref).id)
        elif name in seen:
            drawn = seen[name].first
            height, width = drawn.shape[:2]
            check_size(height, width, f"@{name}")
            if drawn.shape[2] == 4 and not drawn[..., 3].any():
                raise SpecError(
                    f"@{name} is fully transparent: name a picture that shows something"
                )
            found.append(ledger.put_file(media.png(drawn), ".png"))
        elif name == SHOWN:
            raise SpecError(
                "no cell has shown a plot yet: show one, or name it, like 'animate"
                " @fig'"
            )
        else:
            raise SpecError(
                "it is not clear which picture to set in motion: name it, like"
                " 'animate @photo'"
            )
    return tuple(found)


def _seen(plan: Plan, state: State, values: Mapping[str, object]) -> dict[str, Seen]:
    """Read the values of the notebook that a plan sets in motion."""
    if plan.intent != "animate_image":
        return {}
    clips = {v.name for v in state.variables if v.ref}
    return {
        name: pictures.read(name, values[name])
        for name in plan.targets
        if name in values and name not in clips and state.clip(name) is None
    }


def _notes(seen: Mapping[str, Seen], plan: Plan) -> tuple[str, ...]:
    """Say what of the notebook's values is left out."""
    notes = [one.note for one in seen.values() if one.note]
    if len(plan.targets) > 1:
        notes += [
            f"Uses the first of @{name}'s {len(one.frames)} frames."
            for name, one in seen.items()
            if len(one.frames) > 1
        ]
    return tuple(notes)


def _film(frames: NDArray[np.uint8], ledger: Ledger) -> Film:
    """Store frames of the notebook that are set in motion anew."""
    height, width = (side - side % 2 for side in frames.shape[1:3])
    with media.scratch_folder("the film") as folder:
        path = folder / "film.mp4"
        media.write_video(path, frames[:, :height, :width], 8, None)
        return Film(source=ledger.put_file(path, ".mp4"), num_frames=len(frames))


def _frame(take: Take, index: int, ledger: Ledger) -> NDArray[np.uint8]:
    """Return one frame (H, W, 3) of a clip as it plays."""
    clip = ledger.bare(take.id)
    if clip is None:
        raise SpecError("taking a frame needs a finished clip: wait until it is done")
    _check_frame(index, clip)
    frames = media.read_video(ledger.path(clip.video or clip.poster))[0]
    picture: NDArray[np.uint8] = frames[index]
    return picture


def _check_frame(index: int, clip: Artifact) -> None:
    if index >= clip.num_frames:
        raise SpecError(
            f"there is no frame {index}: the clip has {clip.num_frames}, 0 to"
            f" {clip.num_frames - 1}"
        )


def _mask(plan: Plan, clip: Artifact | None, ledger: Ledger) -> str:
    """Put the mask of the part that a turn is about into the store; empty for none."""
    if plan.intent != "refine":
        return ""
    region, span = _part(plan)
    if (region, span, plan.frame) == (None, None, None):
        return ""
    if clip is None:
        raise SpecError("changing a part needs a finished clip: wait until it is done")
    within = None if span is None else span.seconds(clip.duration_s)
    if plan.frame is not None:
        _check_frame(plan.frame, clip)
        within = (plan.frame / clip.fps, (plan.frame + 1) / clip.fps)
    return masks.keep(masks.of_part(region, within, clip), ledger)


def _part(plan: Plan) -> tuple[Region | None, Span | None]:
    """Return the part of a clip that the acts of a plan make anew, all of them the same.

    Raises:
        SpecError: If they differ, or words name no part.
    """
    found: tuple[Region | None, Span | None] | None = None
    for act in plan.acts:
        if act.cost != "diffusion" or not act.parts:
            continue  # acts on finished frames see to their own parts
        part = _known(act)
        if found is not None and part != found:
            raise SpecError(
                f"'{act.says()}' is about a different part than what came before"
                " it, and a turn changes one part: ask for one after the other"
            )
        found = part
    return found or (None, None)


def _known(act: Act) -> tuple[Region | None, Span | None]:
    """Return the part of an act; of something added, words only say where it is."""
    region, span = act.region, act.span
    if isinstance(act, Add) and isinstance(region, str):
        region = None
    for words in (region, span):
        if isinstance(words, str):
            raise SpecError(
                f"{words!r:.60} is not a part that I can find: name one like the"
                " left half, the top right corner, the last second or 1 s to 2 s,"
                " or draw it in the player"
            )
    assert not isinstance(region, str)
    assert not isinstance(span, str)
    return region, span


def _palette(
    plan: Plan, parent: Take, ledger: Ledger, meant: Callable[[str], Take]
) -> tuple[float, ...]:
    """Return the colours of the clip that a plan matches, the lineage's first if unnamed."""
    match = next((act for act in plan.acts if isinstance(act, Match)), None)
    if match is None:
        return ()
    first = next(iter(ledger.ancestors(parent.id)), parent)
    source = meant(match.other) if match.other else first
    artifact = ledger.bare(source.id)
    if artifact is None:
        raise SpecError(
            "the clip to match is not rendered yet: wait until it is done, or name"
            " a different one"
        )
    file = ledger.path(artifact.video or artifact.poster)
    return media.palette(media.read_video(file)[0])


def _joined(take: Take, ledger: Ledger) -> Take | None:
    """Return the joined clips that a take is, or was cut from; None for other takes."""
    while take.operation == "derive":
        take = ledger.take(take.parents[0])
    return take if take.is_joined else None


def _parents(take: Take | None, ledger: Ledger) -> tuple[Take, ...]:
    return tuple(map(ledger.take, take.parents)) if take else ()


def _others(plan: Plan, parent: Take, meant: Callable[[str], Take]) -> tuple[Take, ...]:
    """Return the takes that the parent is blended into, or shown with, in order."""
    for act in plan.acts:
        if isinstance(act, Blend | Join | Grid):
            found = (meant(name) for name in act.others)
            return tuple(take for take in found if take != parent)
    return ()


def _ref(name: str, state: State) -> str:
    """Return the clip that a variable holds, or the name itself."""
    return next((v.ref for v in state.variables if v.name == name and v.ref), name)
