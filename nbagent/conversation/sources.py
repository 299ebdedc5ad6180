"""What a plan is about, looked up in the ledger and the notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nbagent import media
from nbagent.conversation import pictures
from nbagent.conversation.compose import Sources
from nbagent.conversation.plan import Plan
from nbagent.conversation.state import State
from nbagent.errors import SpecError, UnknownClip
from nbagent.ledger import Ledger
from nbagent.take import Take


def find_sources(
    plan: Plan,
    state: State,
    *,
    ledger: Ledger,
    named: Callable[[str], Take],
    values: Mapping[str, object],
    target: Take | None,
) -> Sources:
    """Look up the takes and the picture that a plan is about.

    Args:
        plan: With an intent that renders.
        state: What the turn was read against.
        ledger: The store; a picture of the notebook is put there.
        named: Returns the take of a clip's name.
        values: The notebook's variables, by name; looked at only if named.
        target: A take that the turn is about, whatever its words say.

    Raises:
        SpecError: If it is not clear what is meant, or it is not there.
    """
    parent = target or _parent(plan, state, named)
    if parent is None:
        return Sources(picture=_picture(plan, ledger, values))
    rendered = ledger.artifact(parent.id)
    whole = _joined(parent, ledger)
    boards = [clip.ref for clip in state.clips if clip.kind == "storyboard"]
    board = named(boards[-1]) if boards else None
    if board is not None and parent.id not in board.parents:
        board = None
    return Sources(
        parent=parent,
        clip_s=rendered.duration_s if rendered else None,
        others=_blended(plan, named),
        picture=parent.id if plan.intent == "animate_image" else None,
        whole=whole,
        scenes=_parents(whole, ledger),
        board=board,
        board_scenes=_parents(board, ledger),
    )


def _parent(plan: Plan, state: State, named: Callable[[str], Take]) -> Take | None:
    name = plan.targets[0] if plan.targets else None
    name = next((v.ref for v in state.variables if v.name == name and v.ref), name)
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


def _picture(plan: Plan, ledger: Ledger, values: Mapping[str, object]) -> str | None:
    """Put the picture that is set in motion into the store; return its digest."""
    if plan.intent != "animate_image":
        return None
    name = plan.targets[0] if plan.targets else None
    if name is None or name not in values:
        raise SpecError(
            "it is not clear which picture to set in motion: name it, like"
            " 'animate @photo'"
        )
    return ledger.put_file(media.png(pictures.picture(name, values[name])), ".png")


def _joined(take: Take, ledger: Ledger) -> Take | None:
    """Return the join that a take is, or was cut from; None for other takes."""
    while take.operation == "derive":
        take = ledger.take(take.parents[0])
    return take if take.operation == "join" else None


def _parents(take: Take | None, ledger: Ledger) -> tuple[Take, ...]:
    return tuple(map(ledger.take, take.parents)) if take else ()


def _blended(plan: Plan, named: Callable[[str], Take]) -> tuple[Take, ...]:
    """Return the takes that a blend leads to, none where nothing is blended."""
    if not any(edit.kind == "blend" for edit in plan.edits):
        return ()
    if len(plan.targets) < 2:
        raise SpecError("a blend needs two clips: name both, like 'blend c1 and c2'")
    return tuple(map(named, plan.targets[1:]))
