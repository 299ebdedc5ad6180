"""Going on after a clip, or leading up to it, window by window; pure, as `operations` are."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from nbagent.conversation import shot as shots
from nbagent.conversation.operations import Playing, paced, shown
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard
from nbagent.take import Fit, Hold, Take

_MAX_WINDOWS: Final = 16  # an hour on a large model


def extend(
    take: Take,
    parent: Take,
    clip: Playing,
    card: ModelCard,
    *,
    seconds: float,
    at_start: bool = False,
    fit: Fit = "whole",
) -> tuple[list[Take], list[str]]:
    """Go on after a clip, or lead up to it; the clip itself stays as it is.

    The model sees a quarter of a clip of the parent in each window; what lies further
    away is put back untouched, so a clip may grow to any length.

    Args:
        take: Of the whole shot.
        parent: What is extended.
        clip: The parent as it plays.
        card: Of the model that will render.
        seconds: How much is added, as the parent plays.
        at_start: Whether it is added before the clip.
        fit: How a film of another shape comes into the frame.

    Returns:
        The takes, each of which extends the one before, and what to know of them.

    Raises:
        SpecError: If that takes more than 16 windows.
    """
    if (clip.height, clip.width) != (take.height, take.width) and not parent.is_brought:
        raise SpecError(
            f"this clip was cropped or resized to {clip.width}x{clip.height}:"
            " extend the clip that it was made from"
        )
    wanted = max(1, round(seconds * clip.fps))
    at_its_pace = paced(clip, card)
    length, takes = clip.num_frames, list[Take]()
    while (left := clip.num_frames + wanted - length) > 0:
        seen = min(length, card.overlap)
        num_frames = min(
            card.nearest(seen + left)[-1],
            max(card.nearest(card.window_frames)[0], card.nearest(seen + 1)[-1]),
        )
        hold = Hold(
            source=parent.id,
            start=length - seen,
            num_frames=seen,
            fit=shown(fit, parent),
        )
        if at_start:
            hold = replace(hold, start=0, at=num_frames - seen)
        length += num_frames - seen
        shot = shots.from_json(take.shot)
        shot = replace(
            shot, duration_s=length / card.fps, effects=at_its_pace, texts=()
        )
        parent = replace(
            take,
            operation="extend",
            shot=shots.to_json(shot),
            num_frames=num_frames,
            strength=None,
            holds=(hold,),
            effects=at_its_pace,
            parents=(parent.id,),
        )
        takes.append(parent)
        if len(takes) > _MAX_WINDOWS:
            raise SpecError(
                f"{seconds:g} s is more than {_MAX_WINDOWS} windows of {card.name}: ask"
                f" for up to {(length - clip.num_frames) / clip.fps:.0f} s at a time"
            )
    effects = at_its_pace + take.effects
    texts = shots.from_json(take.shot).texts
    shot = replace(shots.from_json(takes[-1].shot), effects=effects, texts=texts)
    takes[-1] = replace(takes[-1], shot=shots.to_json(shot), effects=effects)
    added = length - clip.num_frames
    notes = []
    if added != wanted:
        notes = [
            f"Adds {added} frames ({added / clip.fps:.2f} s) instead of {wanted}:"
            f" {card.name} adds frames in fixed numbers."
        ]
    return takes, notes
