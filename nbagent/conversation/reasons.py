"""Why a clip looks as it does: the turns that led to it, and what they changed.

Read from the lineage and measured on the frames; no language model is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbagent import media
from nbagent.conversation import answers
from nbagent.ledger import Ledger
from nbagent.media.drift import Drift
from nbagent.take import Take


def path(one: Take, other: Take, ledger: Ledger) -> tuple[Take, ...]:
    """Return the takes from one to a descendant of it, both included; else nothing."""
    way = [other]
    while way[-1].id != one.id:
        if not way[-1].parents:
            return ()
        way.append(ledger.take(way[-1].parents[0]))
    return tuple(reversed(way))


def told(way: Sequence[Take], names: Mapping[str, str]) -> str:
    """Say by which turns the first of some takes became the last."""
    steps = [
        f"{names.get(take.id, 'a clip that was replaced')} ({take.request!r})"
        for take in way[1:]
    ]
    return f"by {', then '.join(steps)}"


def why(name: str, take: Take, ledger: Ledger, names: Mapping[str, str]) -> str:
    """Say what made a clip look other than the one it came from."""
    if not take.parents:
        return (
            f"{name} was made from scratch: its prompt, its seed {take.seed} and"
            f" {take.model} alone decide what it looks like."
        )
    parent = ledger.take(take.parents[0])
    before = names.get(parent.id, "its parent")
    lines = [f"{name} was made from {before} {told((parent, take), names)}."]
    if seen := _seen(take, parent, ledger):
        lines.append(f"Measured, it is {seen} than {before}.")
    lines.append(answers.changes(before, parent, name, take))
    if take.seed == parent.seed:
        lines.append(f"The seed is the same, {take.seed}.")
    return "\n".join(lines)


def _seen(take: Take, parent: Take, ledger: Ledger) -> str:
    """Say how the frames of two takes differ in the large; empty if they do not."""
    frames = []
    for one in (take, parent):
        artifact = ledger.artifact(one.id)
        if artifact is None:
            return ""
        file = ledger.path(artifact.video or artifact.poster)
        frames.append((media.read_video(file)[0], artifact.duration_s))
    (mine, seconds), (theirs, seconds_before) = frames
    measured: Drift = media.drift(mine, theirs)
    said = [str(measured)] if str(measured) else []
    if abs(seconds - seconds_before) > 0.05:
        longer = "longer" if seconds > seconds_before else "shorter"
        said.append(f"{abs(seconds - seconds_before):.1f} s {longer}")
    return ", ".join(said)
