"""Variables that turns named, kept with the conversation for a kernel without them."""

from __future__ import annotations

import io
from collections.abc import Container, Mapping
from dataclasses import replace

from nbagent.acts.plan import INTENTS, Choice, Intent, Plan
from nbagent.conversation.attachments import MAX_CHARS
from nbagent.conversation.clip import Clip
from nbagent.conversation.record import Record, is_number
from nbagent.conversation.reply import Reply
from nbagent.errors import SpecError, UnknownClip
from nbagent.language.state import SHOWN, State, Variable
from nbagent.ledger import Turn, VariableRow


def remember(
    record: Record,
    reply: Reply,
    variables: tuple[Variable, ...],
    values: Mapping[str, object],
) -> None:
    """Record what the variables were that a turn named, and all that hold clips."""
    named = {*reply.plan.mentions, *reply.plan.targets}
    pictures: dict[str, str] = {}
    if reply.plan.intent == "animate_image" and reply.takes:
        sources = (hold.source for hold in reply.takes[0].holds)
        pictures = dict(zip(reply.plan.targets, sources, strict=False))
    known = record.ledger.variables.of(record.conversation)
    for variable in variables:
        name = variable.name
        if name.startswith("_") or not (name in named or variable.ref):
            continue
        before = known.get(name)
        content = pictures.get(name) or _kept(record, variable, values.get(name))
        what = (variable.type, variable.summary)
        if content is None and before and (before.type, before.summary) == what:
            content = before.kept  # this turn had no use for its picture
        row = VariableRow(
            name=name,
            type=variable.type,
            summary=variable.summary,
            kept=content,
            turn_id=reply.turn_id,
        )
        if before is None or before != replace(row, turn_id=before.turn_id):
            record.ledger.variables.put(record.conversation, row)


def check_variables(record: Record, plan: Plan, known: Container[str]) -> None:
    """Refuse a turn that names a variable which this kernel has no more.

    Args:
        record: Of the conversation.
        plan: Of the turn.
        known: The names that stand for something now.

    Raises:
        UnknownClip: With what the variable was, and how it comes back.
    """
    missing = [name for name in plan.mentions if name not in known]
    rows = record.ledger.variables.of(record.conversation) if missing else {}
    for name in missing:
        if row := rows.get(name):
            raise UnknownClip(f"@{name} is gone: {_was(row)}; {_how(row)}")


def check_clips(plan: Plan, state: State) -> None:
    """Refuse a turn about a clip that is not there, rather than take another.

    Raises:
        UnknownClip: With the clips that there are.
    """
    known = {name.casefold() for clip in state.clips for name in clip.names}
    known |= {variable.name.casefold() for variable in state.variables} | {SHOWN}
    for name in (*plan.targets, *filter(is_number, plan.mentions)):
        if name.casefold() not in known:
            there = ", ".join(clip.ref for clip in state.clips)
            have = f"there are {there}" if there else "make a clip first"
            raise UnknownClip(f"no clip is called {name!r} here: {have}")


def asked(turn: Turn) -> Plan:
    """Return what a turn asked back, as far as its answers go; the store may be anybody's."""
    plan = turn.plan or {}
    said = plan.get("readings")
    readings = tuple(
        Choice(intent=one["intent"], says=str(one.get("says", "")))
        for one in (said if isinstance(said, list) else ())
        if isinstance(one, Mapping) and one.get("intent") in INTENTS
    )
    intent: Intent = "ask" if plan.get("intent") == "ask" else "chat"
    return Plan(
        intent=intent,
        readings=readings,
        targets=_names(plan.get("targets")),
        unknown=_names(plan.get("unknown")),
    )


def shown(turn: Turn) -> tuple[str, ...]:
    """Return the clips that a turn showed again: it asked for them, or for an undo."""
    plan = turn.plan or {}
    is_asked = plan.get("intent") == "describe" and not plan.get("topics")
    if turn.error or not (is_asked or is_step(turn)):
        return ()
    return () if "dry_run" in turn.options else _names(plan.get("targets"))


def is_step(turn: Turn) -> bool:
    """Return whether a turn undid or redid something: said again, it does that again."""
    acts = (turn.plan or {}).get("acts")
    first = acts[0] if isinstance(acts, list) and len(acts) == 1 else None
    is_back = isinstance(first, Mapping) and first.get("act") in ("undo", "redo")
    return is_back and bool(turn.answer) and "dry_run" not in turn.options


def gone(record: Record, known: Container[str]) -> list[str]:
    """Tell which variables that turns named are gone, and how each comes back."""
    rows = record.ledger.variables.of(record.conversation).values()
    return [
        f"@{row.name}: {_was(row)}; {_how(row)}"
        for row in rows
        if row.name not in known
    ]


def rebuild(record: Record, name: str) -> object:
    """Return a variable's value as the conversation kept it.

    Raises:
        SpecError: If no turn named it, or nothing of it was kept.
    """
    row = record.ledger.variables.of(record.conversation).get(name)
    if row is None:
        raise SpecError(
            f"no turn of this conversation named @{name}, so nothing of it was kept"
        )
    if row.kept is None:
        raise SpecError(f"@{name} cannot be rebuilt: {_was(row)}; {_how(row)}")
    if row.type == "Clip":
        called = record.names().get(row.kept, name)
        return Clip(record.ledger, record.ledger.take(row.kept), called)
    path = record.ledger.path(row.kept)
    if path.suffix == ".mp4":
        from nbagent.media import read_video

        return read_video(path)[0]
    content = path.read_bytes()
    if row.type == "str":
        return content.decode()
    from PIL import Image

    with Image.open(io.BytesIO(content)) as picture:
        return picture.copy()


def _names(said: object) -> tuple[str, ...]:
    return tuple(map(str, said)) if isinstance(said, list | tuple) else ()


def _kept(record: Record, variable: Variable, value: object) -> str | None:
    if variable.ref:
        return record.names_to_takes().get(variable.ref)
    if type(value) is str and len(value) <= MAX_CHARS:
        return record.ledger.put_file(value.encode(), ".txt")
    return None


def _was(row: VariableRow) -> str:
    summary = " ".join(row.summary.split())[:80]
    return f"it was a {row.type}" + (f" ({summary})" if summary else "")


def _how(row: VariableRow) -> str:
    if row.kept is None:
        return "run the cell that made it again"
    used = "frames that were" if row.kept.endswith(".mp4") else "picture that was"
    what = {"Clip": "", "str": ""}.get(row.type, f" as the {used} used")
    return f"%nbagent rebuild {row.name} brings it back{what}"
