"""Frames that were made, with what is done to them last: effects, then the texts over them.

The frames below the texts are stored too, as the take without them: what is made of a clip
is never made of its letters, and a text can change when no model is there any more.
"""

from __future__ import annotations

from typing import Any

from nbagent.acts import apply_effects
from nbagent.acts.text import texts_of
from nbagent.artifacts import store_frames
from nbagent.ledger import Artifact, Ledger
from nbagent.media.frames import Frames
from nbagent.take import Take


def store_clip(
    ledger: Ledger, take: Take, frames: Frames, fps: float, **facts: Any
) -> Artifact:
    """Write a take's files and record them.

    Args:
        ledger: The store.
        take: What the frames were made from.
        frames: (F, H, W, 3) uint8, before its effects; texts may be drawn into them.
        fps: Their rate.
        facts: What else is recorded (see `nbagent.artifacts.store_frames`).

    Raises:
        SpecError: If an effect or a text does not fit them.
    """
    shown, fps = apply_effects(frames, fps, take.effects)
    if not take.is_lettered:
        return store_frames(ledger, take, shown, fps, **facts)
    # It loads fonts, which most clips need none of.
    from nbagent.charts.lettering import cues, lettered  # noqa: PLC0415

    texts, below = texts_of(take), take.bare
    # Of a text alone, what lies below it is its parent's clip, and there already.
    if take.operation != "derive" or take.effects:
        ledger.add_take(below)
        if ledger.artifact(below.id) is None:
            store_frames(ledger, below, shown, fps, **facts)
    written = cues(texts, len(shown) / fps)
    shown = lettered(shown, fps, texts)
    return store_frames(ledger, take, shown, fps, cues=written, **facts)
