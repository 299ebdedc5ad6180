"""What the conversation knows when a turn arrives: variables, and earlier turns.

Variables are described by the names of their types, so that no data package is
imported to look at one. Values are never kept, only a one-line summary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nbagent.acts.text import texts_of
from nbagent.conversation.clip import Clip
from nbagent.conversation.kinds import described
from nbagent.conversation.pictures import Shown
from nbagent.language.state import ClipInfo, State, Variable
from nbagent.ledger import ClipRow, JobRow, Ledger

_MAX_VARIABLES = 200  # a long notebook holds more, but nobody names them all
_MAX_COLUMNS = 100
# Packages whose values have a `shape` that costs nothing and says only how large.
_MEASURED = frozenset({"jax", "numpy", "pandas", "polars", "pyarrow", "torch"})


def variables(namespace: Mapping[str, Any]) -> tuple[Variable, ...]:
    """Describe the variables of a notebook that a turn may name, newest last."""
    found = []
    for name, value in list(namespace.items()):
        is_hidden = name.startswith("_") and not isinstance(value, Shown)
        if is_hidden or name in {
            "In",
            "Out",
            "exit",
            "quit",
        }:
            continue
        described = _describe(name, value)
        if described is not None:
            found.append(replace(described, size=_size(value)))
    return tuple(found[-_MAX_VARIABLES:])


def state(
    ledger: Ledger,
    conversation: str,
    *,
    before: int | None,
    variables: tuple[Variable, ...],
) -> State:
    """Build what the brain sees: the conversation before a position.

    Args:
        ledger: The store.
        conversation: Name of the conversation.
        before: Position of the turn that is being answered; a re-run cell sees only
            what stood above it. None is the end.
        variables: The notebook's variables, described.
    """
    turns = [
        turn
        for turn in ledger.turns.of(conversation)
        if before is None or turn.position < before
    ]
    rows_of: dict[int, list[ClipRow]] = {}
    names: dict[str, str] = {}
    for row in ledger.clips(conversation):
        rows_of.setdefault(row.turn_id, []).append(row)
        names.setdefault(row.take_id, row.name)
    jobs = {job.take_id: job for job in ledger.jobs.find(conversation)}
    clips = []
    for turn in turns:
        rows = rows_of.get(turn.id, [])
        made = [r for r in rows if ledger.take(r.take_id).operation != "open"]
        for row in rows:
            info = _clip_info(ledger, row, jobs.get(row.take_id), names)
            is_one_of = row in made and len(made) > 1
            group = f"turn{turn.id}" if is_one_of else None
            clips.append(replace(info, user=turn.text, group=group))
    return State(
        variables=variables,
        clips=tuple(clips),
        turns=tuple(turn.text for turn in turns if "dry_run" not in turn.options),
    )


def _describe(name: str, value: object) -> Variable | None:
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    if isinstance(value, Clip):
        return Variable(name=name, type="Clip", summary=value.prompt)
    if isinstance(value, Shown):
        kind_shown = "Figure" if value.is_figure else "PIL.Image"
        return Variable(name=name, type=kind_shown, summary="shown by the last cell")
    if kind.__name__ == "DataFrame" and home in {"pandas", "polars"}:
        columns = tuple(str(c) for c in list(value.columns)[:_MAX_COLUMNS])  # type: ignore[attr-defined]  # by type name
        rows, width = value.shape  # type: ignore[attr-defined]  # by type name
        summary = f"{rows} rows x {width} columns: {', '.join(columns[:8])}"
        return Variable(name=name, type="DataFrame", summary=summary, columns=columns)
    if kind.__name__ == "ndarray" and home == "numpy":
        shape = "x".join(str(n) for n in value.shape)  # type: ignore[attr-defined]  # by type name
        return Variable(name=name, type="ndarray", summary=f"array {shape}")
    if kind.__name__ == "Figure" and home in {"matplotlib", "plotly"}:
        return Variable(name=name, type="Figure", summary=_title(value))
    if kind.__name__ == "Axes" and home == "matplotlib":
        return Variable(name=name, type="Axes", summary=_title(value))
    if home == "PIL" and hasattr(value, "size"):
        width, height = value.size
        return Variable(name=name, type="PIL.Image", summary=f"{width}x{height} image")
    if kind is str:
        return Variable(name=name, type="str", summary=str(value)[:80])
    if kind is list:
        return Variable(name=name, type="list", summary=f"{_length(value)} items")
    return described(name, value)


def _size(value: Any) -> str:
    """Return how much there is of a value, and nothing of what it says.

    Of types that are known to answer: a class of the user's own is not asked.
    """
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    if kind in (str, bytes, list, tuple, dict, set, frozenset):
        what = "character" if kind is str else "byte" if kind is bytes else "item"
        return f"{len(value):,} {what}" + "s" * (len(value) != 1)
    shape = getattr(value, "shape", None) if home in _MEASURED else None
    if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
        return " x ".join(f"{n:,}" for n in shape)
    if home == "PIL" and hasattr(value, "size"):
        return f"{value.width} x {value.height} pixels"
    return ""


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _title(value: object) -> str:
    axes: Iterable[Any] = getattr(value, "axes", None) or [value]
    if not isinstance(axes, list):
        axes = [value]
    for axis in axes:
        title = getattr(axis, "get_title", str)()
        if isinstance(title, str) and title:
            return title[:80]
    return "figure"


def _clip_info(
    ledger: Ledger, row: ClipRow, job: JobRow | None, names: Mapping[str, str]
) -> ClipInfo:
    take = ledger.take(row.take_id)
    artifact = ledger.artifact(row.take_id)
    frames, fps = (
        (artifact.num_frames, artifact.fps) if artifact else (take.num_frames, take.fps)
    )
    status = "done" if artifact else (job.state if job else "queued")
    is_board = take.operation == "join"
    style = take.shot.get("style")
    return ClipInfo(
        ref=row.name,
        kind="storyboard" if is_board else take.media,
        scenes=tuple(names.get(p, "") for p in take.parents) if is_board else (),
        caption=take.prompt,
        duration_s=frames / fps,
        fps=fps,
        seed=take.seed,
        style=style if isinstance(style, str) else None,  # a recipe may be anybody's
        quality=take.quality,
        parent=names.get(take.parents[0]) if take.parents else None,
        status=status,
        progress=job.step / job.num_steps if job and job.num_steps else None,
        error=job.message if job and status == "failed" else None,
        alias=row.alias,
        texts=tuple(text.kind.replace(" ", "_") for text in texts_of(take)),
        is_lettered=take.operation == "derive"
        and not take.effects
        and take.is_lettered,
        chart=take.chart,
    )
