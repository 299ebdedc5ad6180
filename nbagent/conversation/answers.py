"""Answers in words, from what is recorded; nothing is rendered and nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nbagent.acts import act_of
from nbagent.acts.plan import Intent, Plan, Topic
from nbagent.acts.text import texts_of
from nbagent.conversation.offered import label
from nbagent.ledger import Artifact, ClipRow, JobRow, Ledger
from nbagent.take import Take, words

_CAMERA: Final = "a camera move over a picture, made without a model"
_CHART: Final = "a chart, drawn exactly and without a model"


def facts(name: str, take: Take, artifact: Artifact | None, parent: str | None) -> str:
    """Describe a clip in one line that is the same on every run."""
    if artifact is None:
        length = f"{_count(take.num_frames)}, not rendered"
    elif artifact.num_frames == 1:
        length = _count(1)
    else:
        length = f"{_count(artifact.num_frames)}, {artifact.duration_s:.1f} s"
        length += f" at {artifact.fps:g} fps"
    parts = [
        f"{name}: {take.prompt}",
        f"{length}, {take.width}x{take.height}",
        _made_by(take),
    ]
    if take.step_cache:
        parts.append(f"step cache {take.caching}")
    if effects := ", ".join((*_effect(take), *map(str, texts_of(take)))):
        parts.append(effects)
    if take.parents and take.operation != "open":
        how = "" if take.strength is None else f", strength {take.strength:g}"
        origin = parent or "a clip that was replaced"
        parts.append(f"from {origin} ({words.did(take.operation)}{how})")
    return " | ".join(parts)


def _made_by(take: Take) -> str:
    """Say what made a clip's frames."""
    if take.operation == "open":
        return f"opened from {take.request}"
    if drawn := _drawn(take):
        return drawn
    return (
        f"seed {take.seed}, {take.model}, {take.num_inference_steps} steps"
        f" ({take.quality}), guidance {take.guidance_scale:g}"
    )


def _drawn(take: Take) -> str:
    """Say what drew a clip that no model made; nothing of others."""
    if take.move is not None:
        return _CAMERA
    return "" if take.chart is None else _CHART


def fact(topic: Topic, name: str, take: Take, artifact: Artifact | None) -> str:
    """Say one thing that is recorded of a clip, in a sentence."""
    frames, fps = take.num_frames, take.fps
    size = f"{take.width}x{take.height}"
    if artifact is not None:
        frames, fps = artifact.num_frames, artifact.fps
        size = f"{artifact.width}x{artifact.height}"
    length = f"{frames / fps:.1f} s: {_count(frames)} at {fps:g} fps."
    if artifact is None:
        length += " It has not been rendered yet."
    if frames == 1:
        length = "no time: it is a still."
    sentences: dict[Topic, str] = {
        "seed": f"{name} has the seed {take.seed}.",
        "length": f"{name} lasts {length}",
        "fps": f"{name} plays at {fps:g} frames a second.",
        "size": f"{name} is {size} pixels (width x height).",
        "prompt": f"{name} was rendered from the prompt {take.prompt!r}.",
        "model": f"{name} was made by the model {take.model}.",
        "steps": (
            f"{name} took {take.num_inference_steps} steps ({take.quality}),"
            f" guidance {take.guidance_scale:g}."
        ),
        "request": f"For {name} you said {take.request!r}.",
    }
    if take.move is not None and topic in ("model", "seed", "steps"):
        return f"{name} is {_CAMERA}, so it has no {topic}: {take.move.says()}."
    if take.chart is not None and topic in ("model", "seed", "steps"):
        return f"{name} is {_CHART}, so it has no {topic}: {take.prompt}."
    if take.operation == "open" and topic in ("model", "seed", "steps"):
        return (
            f"{name} was opened from the file {take.request}, which does not"
            f" record its {topic}."
        )
    return sentences[topic]


def called(rows: Sequence[ClipRow], ledger: Ledger) -> str:
    """Say which clips there are, and what each shows."""
    lines = [
        f"{row.name}{f', called {row.alias}' if row.alias else ''}:"
        f" {ledger.take(row.take_id).prompt}"
        for row in rows
    ]
    return "\n".join(lines) or "There are no clips yet."


def changes(first: str, one: Take, second: str, other: Take) -> str:
    """Say what differs between two takes, by their recorded values."""
    rows = [f"  {line}" for line in _differences(one, other)]
    if one.prompt != other.prompt:
        rows.insert(0, f"  prompt: {one.prompt!r} -> {other.prompt!r}")
    before_effects, after_effects = ", ".join(_effect(one)), ", ".join(_effect(other))
    if before_effects != after_effects:
        rows.append(f"  effects: {before_effects or 'none'} -> {after_effects}")
    before_texts, after_texts = ", ".join(_texts(one)), ", ".join(_texts(other))
    if before_texts != after_texts:
        rows.append(f"  texts: {before_texts or 'none'} -> {after_texts or 'none'}")
    if one.move != other.move:
        moves = (take.move.says() if take.move else "none" for take in (one, other))
        rows.append(f"  camera: {' -> '.join(moves)}")
    if not rows:
        return f"{first} and {second} are the same take."
    return f"From {first} to {second}:\n" + "\n".join(rows)


def edge(parent: Take, take: Take) -> list[str]:
    """Say in a few words each what became different from a parent to its child."""
    before, after = _parts(parent.prompt), _parts(take.prompt)
    said = [f"+ {part}" for part in after if part not in before]
    said += [f"\N{MINUS SIGN} {part}" for part in before if part not in after]
    # A re-cut is of the parent's frames as they are; what is made anew is re-cut again.
    had = [] if take.operation == "derive" else _effect(parent)
    said += [effect for effect in _effect(take) if effect not in had]
    mine, theirs = _texts(take), _texts(parent)
    said += [text for text in mine if text not in theirs]
    gone = {*map(str, texts_of(parent))} - {*map(str, texts_of(take))}
    said += [f"\N{MINUS SIGN} {text}" for text in sorted(gone)]
    said += [
        line.replace("->", "\N{RIGHTWARDS ARROW}")
        for line in _differences(parent, take)
    ]
    if take.operation == "inpaint":
        said.append("in a part")
    return said or [words.did(take.operation)]


def changed(parent: Take, take: Take) -> list[str]:
    """Say for a clip's card what is different from its parent; no seeds, no sizes."""
    if take.seed != parent.seed and take.prompt == parent.prompt:
        return ["another seed"]
    told = {f"{name}:" for name in ("seed", "frames", "width", "height", "steps")}
    said = [line for line in edge(parent, take) if not line.startswith((*told,))]
    return [] if said == [words.did(take.operation)] else said


def details(
    take: Take,
    artifact: Artifact | None,
    parents: Sequence[str],
    expected_s: float | None = None,
) -> list[tuple[str, str]]:
    """Return all that is recorded of a take as labels and values; empty ones too."""
    made_from = [*parents, words.did(take.operation)] if parents else []
    if take.strength is not None:
        made_from.append(f"strength {take.strength:g}")
    rendered = "" if artifact is None else took(artifact, expected_s)
    frames, fps, size = take.num_frames, take.fps, f"{take.width}×{take.height}"
    if artifact is not None:
        frames, fps = artifact.num_frames, artifact.fps
        size = f"{artifact.width}×{artifact.height}"
    read, scores = (artifact.seen, artifact.scores) if artifact else ({}, {})
    return [
        ("You said", take.request),
        ("Prompt", take.prompt),
        ("Negative prompt", take.negative_prompt),
        ("Made from", ", ".join(made_from)),
        ("Effects", ", ".join(_effect(take))),
        ("Texts", "; ".join(_texts(take))),
        *_run(take),
        ("Step cache", str(take.caching) if take.step_cache else ""),
        ("Size", f"{size}, {_count(frames)}" + f", {fps:g} fps" * (frames > 1)),
        ("Rendered in", rendered),
        ("Read in it", ", ".join(f"{k} {v}" for k, v in read.items())),
        ("Scores", ", ".join(f"{k} {v:.2f}" for k, v in scores.items())),
        ("File", "" if artifact is None else f"{artifact.size_bytes / 1e3:,.0f} kB"),
        ("Take", take.id),
    ]


def _run(take: Take) -> list[tuple[str, str]]:
    """Return what is recorded of how a model rendered a take, or how it was drawn."""
    if take.move is not None:
        return [("Camera", take.move.says()), ("Quality", take.quality)]
    if take.chart is not None:
        return [("Data", take.chart.called), ("Quality", take.quality)]
    return [
        ("Model", f"{take.model} ({take.model_revision})"),
        ("Seed", str(take.seed)),
        ("Steps", f"{take.num_inference_steps} ({take.quality})"),
        ("Guidance", f"{take.guidance_scale:g}"),
    ]


def _count(num_frames: int) -> str:
    return "a still" if num_frames == 1 else f"{num_frames} frames"


def took(artifact: Artifact, expected_s: float | None) -> str:
    """Say how long a clip took, and was expected to take."""
    expected = f", expected {expected_s:.1f} s" if expected_s else ""
    return f"{artifact.seconds_rendered:.1f} s{expected}"


def _parts(prompt: str) -> list[str]:
    return [part.strip() for part in prompt.split(",") if part.strip()]


def _differences(one: Take, other: Take) -> list[str]:
    """Say which recorded values differ, but for the prompt and the effects."""
    return [
        f"{label}: {getattr(one, key)!r} -> {getattr(other, key)!r}"
        for label, key in (
            ("negative prompt", "negative_prompt"),
            ("model", "model"),
            ("seed", "seed"),
            ("frames", "num_frames"),
            ("width", "width"),
            ("height", "height"),
            ("steps", "num_inference_steps"),
            ("guidance", "guidance_scale"),
            ("step cache", "caching"),
        )
        if getattr(one, key) != getattr(other, key)
    ]


def _texts(take: Take) -> list[str]:
    return [text.says() for text in texts_of(take)]


def _effect(take: Take) -> list[str]:
    return [act_of(effect).says() for effect in take.effects]


def status(
    jobs: Sequence[JobRow], names: Mapping[str, str], others: Mapping[str, int]
) -> str:
    """Say what is being rendered, oldest first.

    Args:
        jobs: The unfinished jobs of the conversation.
        names: Of its clips, by their takes.
        others: How many are unfinished in other conversations; '' stands for none.
    """
    lines = []
    for job in jobs:
        at = f" step {job.step} of {job.num_steps}" if job.num_steps else ""
        name = names.get(job.take_id, "a replaced clip")
        lines.append(f"{name}: {job.state}{at} ({job.id}, {job.lane})")
    for conversation, count in others.items():
        clips = f"{count} clip" if count == 1 else f"{count} clips"
        lines.append(
            f"{clips} in the conversation {conversation!r}: %nbagent conversation"
            f" {conversation} switches to it"
            if conversation
            else f"{clips} outside any conversation"
        )
    return "\n".join(lines) or "nothing is being rendered"


_DOES: Final[dict[Intent, str]] = {
    "generate_video": "a new clip",
    "generate_image": "a still picture",
    "animate_image": "a picture set in motion",
    "describe": "an answer from the records",
    "analyze": "an answer from your data",
    "chat": "an answer in words",
    "control": "stop, status or save",
    "ask": "unclear: I will ask you",
    "unsupported": "not possible yet",
}


def does(plan: Plan, takes: Sequence[Take]) -> str:
    """Say in a few words what a turn would do."""
    if plan.intent == "storyboard":
        return f"{len(takes) - 1} scenes, joined" if takes else "several scenes"
    if plan.intent == "control" and plan.control:
        return " ".join((plan.control.action, *plan.targets))
    if plan.intent == "ask" and plan.offers:
        *few, last = map(label, plan.offers)
        return f"asks: {', '.join(few)} or {last}?" if few else f"asks: {last}?"
    if plan.intent != "refine":
        return _DOES[plan.intent]
    names = " and ".join(plan.targets) or "it"
    said = words.changes(takes[0].operation if takes else "remix", names)
    return f"{said}, at once" if takes and takes[0].is_recut else said


def preview(takes: Sequence[Take], notes: Sequence[str], seconds: float | None) -> str:
    """Say what would be rendered (`--dry-run`); nothing is."""
    lines = []
    for take in takes:
        how = "" if take.strength is None else f" at strength {take.strength:g}"
        does = words.does(take.operation, "it")
        lines.append(f"would {does}{how}: {take.prompt}")
        if take.negative_prompt:
            lines.append(f"  without: {take.negative_prompt}")
        how = f"{take.model}, seed {take.seed}"
        run = f"{take.num_inference_steps} steps, guidance {take.guidance_scale:g}"
        if drawn := _drawn(take):
            how, run = drawn, take.quality
        lines.append(
            f"  {how}, {_count(take.num_frames)}, {take.width}x{take.height},"
            + f" {take.fps:g} fps," * (take.num_frames > 1)
            + f" {run}"
        )
        if take.step_cache:
            lines.append(f"  step cache {take.caching}")
        if effects := ", ".join((*_effect(take), *_texts(take))):
            lines.append(f"  then {effects}")
    lines += [f"  note: {note}" for note in notes]
    if seconds is None:
        lines.append(
            "  time: not known yet, nothing of this size has been rendered here"
        )
    else:
        lines.append(f"  time: about {seconds:.1f} s, going by the last ones")
    return "\n".join(lines)
