"""Clips of files and of other conversations: sources like any other, by their variables.

    >>> film = Clip.open("holiday.mp4")
    >>> %agent @film at night

What is built on one needs a take: its own if this store has it, else one that says that it
was opened, with its frames in the store, and no model. That one descends from the take that
the file's recipe tells, which has no clip for it: what a file holds answers for no take.
Where that can be rendered here, a change begins from it, as it would at home.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from nbagent import media
from nbagent.acts.plan import Plan
from nbagent.conversation.clip import Clip
from nbagent.conversation.model_choice import card_here
from nbagent.conversation.record import Record
from nbagent.conversation.reply import Reply
from nbagent.errors import SpecError
from nbagent.ledger import Artifact, Ledger
from nbagent.take import TEXTS, Hold, Take

_MOST_STEPS: Final = 1000  # as many as a turn may state

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


def begun(plan: Plan, clips: Mapping[str, Clip]) -> Plan:
    """Return a plan of a new clip that names an opened one as a plan that begins with it.

    What stands behind an @ is never left out.
    """
    named = tuple(name for name in plan.mentions if name in clips)
    if not named or plan.intent not in ("generate_video", "generate_image"):
        return plan
    return replace(plan, intent="animate_image", targets=named)


def check_act(plan: Plan, clips: Mapping[str, Clip]) -> None:
    """Refuse an act on a clip of elsewhere: it is none of this conversation.

    Raises:
        SpecError: With what does it.
    """
    kind = (plan.control.format if plan.control else None) or "mp4"
    for name in plan.targets:
        if name in clips:
            what = (
                "is an opened file, not a clip of"
                if clips[name].is_opened
                else "is a clip from another conversation, not one of"
            )
            raise SpecError(
                f"@{name} {what} this conversation: write it to a file with"
                f" {name}.save('{name}.{kind}')"
            )


def first_named(reply: Reply, record: Record) -> tuple[str, ...]:
    """Return the takes of the films that a turn is the first to use, in their order."""
    made = (*reply.parts, *reply.takes)
    built_on = dict.fromkeys(one for t in made for one in (*t.parents, *t.needs))
    named, ledger = record.names(), record.ledger
    return tuple(
        take_id
        for take_id in built_on
        if take_id not in named
        and ledger.has_take(take_id)
        and ledger.take(take_id).operation == "open"
    )


class Brought:
    """Takes of clips that are of no conversation here, each stored once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._takes: weakref.WeakKeyDictionary[Clip, Take] = weakref.WeakKeyDictionary()

    def known(self, clip: Clip) -> Take | None:
        """Return the take of such a clip, if it was asked for before."""
        return self._takes.get(clip)

    def take(self, clip: Clip) -> Take:
        """Return the take of such a clip; its frames are in the store then."""
        own = None if clip.is_opened else clip.take
        known = own or self._takes.get(clip)
        if known is None or self._ledger.artifact(known.id) is None:
            known = self._takes[clip] = _stored(clip, self._ledger)
        return known


def _stored(clip: Clip, ledger: Ledger) -> Take:
    frames = _even(clip.frames)
    num_frames, height, width = frames.shape[:3]
    if num_frames == 1:
        content = poster = ledger.put_file(media.png(frames[0]), ".png")
        video = None
    else:
        with media.scratch_folder("the film") as folder:
            path = folder / "clip.mp4"
            media.write_video(path, frames, clip.fps, None)
            content = video = ledger.put_file(path, ".mp4")
        poster = ledger.put_file(media.poster_jpeg(frames), ".jpg")
    origin = clip.take
    for known in (*clip.made_of, *(() if origin is None else (origin,))):
        ledger.add_take(known)  # by its content: it can pass for no other
    take = Take(
        operation="open",
        media="video" if video else "image",
        model="",
        model_revision="",
        prompt=clip.prompt,
        request=clip.path.name if clip.is_opened else clip.name,
        # What is drawn on its frames is of them now.
        shot={"core": ""} if origin is None else origin.bare.shot,
        seed=clip.seed or 0,
        num_frames=num_frames,
        height=height,
        width=width,
        fps=clip.fps,
        num_inference_steps=1,
        guidance_scale=0.0,
        holds=(Hold(source=content, num_frames=num_frames),),
        parents=(origin.id,) if origin is not None and clip.is_whole else (),
    )
    ledger.add_take(take)
    artifact = Artifact(
        video=video,
        poster=poster,
        latents=None,
        num_frames=num_frames,
        fps=clip.fps,
        height=height,
        width=width,
        duration_s=num_frames / clip.fps,
        size_bytes=ledger.path(content).stat().st_size,
        seconds_rendered=0.0,
    )
    ledger.put_artifact(take.id, artifact)
    return take


def home_of(take: Take, ledger: Ledger) -> Take | None:
    """Return the take that an opened clip was made as, if it can be rendered here.

    What was cut of it is, at home, the same take with effects on its frames.
    """
    while take.operation == "derive" and take.is_brought:
        take = ledger.take(take.parents[0])
    if take.operation != "open" or not take.parents:
        return None
    origin = ledger.take(take.parents[0])
    while origin.operation == "derive" and ledger.has_take(origin.parents[0]):
        origin = ledger.take(origin.parents[0])
    return origin if _replays(origin, ledger) else None


def with_letters(take: Take, ledger: Ledger) -> Mapping[str, Any]:
    """Return the shot of an opened clip with the texts that are drawn on its frames."""
    opened = take
    while opened.operation == "derive" and opened.is_brought:
        opened = ledger.take(opened.parents[0])
    origin = ledger.take(opened.parents[0]) if opened.parents else opened
    if not origin.is_lettered:
        return take.shot
    return {**take.shot, TEXTS: [*origin.shot[TEXTS], *take.shot.get(TEXTS, ())]}


def _replays(take: Take, ledger: Ledger) -> bool:
    """Return whether a take is here, or can be rendered from its recipe; it may be hostile."""
    artifact = ledger.artifact(take.id)
    if artifact is not None:
        return artifact.latents is not None
    if take.is_recut or take.operation == "redirect":
        return False
    if take.num_inference_steps > _MOST_STEPS:
        return False
    try:
        card, _ = card_here(take.model)
        if card is None or card.revision != take.model_revision:
            return False
        card.check(take.num_frames, take.height, take.width)
        card.check_take(take)
    except SpecError:
        return False
    takes = {need for need in take.needs if ledger.has_take(need)}
    files = take.needs - takes
    return all(ledger.has_file(one) for one in files) and all(
        _replays(ledger.take(one), ledger) for one in takes
    )


def _even(frames: Frames) -> Frames:
    """Repeat the last row or column of a film with an odd side: mp4 can hold none."""
    if len(frames) == 1:
        return frames
    odd = [(0, side % 2) for side in frames.shape[1:3]]
    if not any(more for _, more in odd):
        return frames
    import numpy as np

    return np.pad(frames, ((0, 0), *odd, (0, 0)), mode="edge")
